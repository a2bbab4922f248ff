// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath/private.h"
#include "tests/bench/bare.skel.h"
#include "tests/bench/testrun.h"

static struct bare_bpf *bare;

void testrun_die(const char *what, int err)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(err < 0 ? -err : err));
	exit(1);
}

/* The kernel's instructions on this thread; -1: the machine does not count them. */
static int counter_fd = -1;

static void open_counter(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_user = 1,
	};

	counter_fd = (int)syscall(__NR_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static uint64_t read_counter(void)
{
	uint64_t value;

	if (counter_fd < 0 || read(counter_fd, &value, sizeof(value)) != sizeof(value))
		return 0;
	return value;
}

bool testrun_counts(void)
{
	return counter_fd >= 0;
}

void testrun_begin(char *bpffs)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		testrun_die("unshare (root is needed)", errno);
	if (!mkdtemp(bpffs) || mount("bpf", bpffs, "bpf", 0, NULL))
		testrun_die(bpffs, errno);
	if (system("ip link add b1 type veth peer name b1x && ip link add b2 type veth peer name "
		   "b2x && "
		   "ip link set b1 up && ip link set b2 up && ip link set b1x up && ip link set "
		   "b2x up"))
		testrun_die("ip", EIO);
	open_counter();
	bare = bare_bpf__open();
	if (!bare)
		testrun_die("bare", errno);
	bare->rodata->out_ifindex = if_nametoindex("b2");
	if (bare_bpf__load(bare))
		testrun_die("bare", errno);
}

void testrun_end(const char *bpffs)
{
	bare_bpf__destroy(bare);
	umount2(bpffs, MNT_DETACH);
	rmdir(bpffs);
}

struct dp *testrun_dp(const char *bpffs, const char *name, struct dp_config config,
		      uint32_t *ret_bridge)
{
	char pin_dir[96], err_buf[2048] = "";
	struct dp *dp;
	bool adopted;
	int err;

	snprintf(pin_dir, sizeof(pin_dir), "%s/%s", bpffs, name);
	config.pin_dir = pin_dir;
	err = dp_open(&config, &dp, &adopted, err_buf, sizeof(err_buf));
	if (!err)
		err = dp_bridge_add(dp, "bench", ret_bridge);
	for (uint32_t i = 1; i <= 2 && !err; i++)
		err = dp_port_add(dp, *ret_bridge, i, if_nametoindex(i == 1 ? "b1" : "b2"), err_buf,
				  sizeof(err_buf));
	if (err)
		testrun_die(err_buf, err);
	return dp;
}

int testrun_bare(void)
{
	return bpf_program__fd(bare->progs.bare);
}

double testrun_packet(int prog_fd, const void *frame, size_t len, unsigned int repeat,
		      double *ret_instructions, uint32_t *ret_verdict)
{
	uint64_t before = read_counter();
	struct __sk_buff ctx = { .ifindex = if_nametoindex("b1") };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = (uint32_t)len,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = (int)repeat);

	if (bpf_prog_test_run_opts(prog_fd, &run))
		testrun_die("test run", errno);
	*ret_instructions = (double)(read_counter() - before) / repeat;
	*ret_verdict = run.retval;
	return run.duration;
}
