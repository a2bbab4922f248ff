// SPDX-License-Identifier: Apache-2.0
/*
 * How exact a meter's rate is: packets as fast as they come, on all CPUs at once, and what of them passed.
 *
 * Each CPU runs the program under BPF_PROG_TEST_RUN on a port of its own, without a pause, so the meter is contended as it can be and always
 * exceeded while the sources get their CPUs: the machine is shared, and the burst has to bridge the gaps (test-meter-rate has a clock without any).  What passed is what the meter counted less what its band did; beyond the burst, which is taken off, it must be rate times time.  The
 * clock is the kernel's own.
 *
 *   bench-meter [--seconds S] [--cpus N]     needs root; makes a network namespace of its own
 *
 * Ends with 1 if a rate is off by more than 2 %.
 */
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath/private.h"

enum { MAX_CPUS = 16, FRAME_MAX = 1514, BATCH = 2000 };

static const struct {
	const char *name;
	uint16_t flags;
	uint32_t rate;
	uint32_t len; /* of the frames */
} scenes[] = {
	{ "1 Mb/s, frames of 64", METER_KBPS, 1000, 64 },
	{ "1 Mb/s, frames of 1514", METER_KBPS, 1000, 1514 },
	{ "10 Mb/s, frames of 1514", METER_KBPS, 10000, 1514 },
	{ "100 Mb/s, frames of 1514", METER_KBPS, 100000, 1514 },
	{ "1 Gb/s, frames of 1514", METER_KBPS, 1000000, 1514 },
	{ "10 Gb/s, frames of 1514", METER_KBPS, 10000000, 1514 },
	{ "100 packets/s", METER_PKTPS, 100, 64 },
	{ "1,000 packets/s", METER_PKTPS, 1000, 64 },
	{ "10,000 packets/s", METER_PKTPS, 10000, 64 },
	{ "100,000 packets/s", METER_PKTPS, 100000, 64 },
	{ "1,000,000 packets/s", METER_PKTPS, 1000000, 64 },
};

static struct dp *dp;
static uint32_t bridge;
static unsigned int n_cpus;
static bool is_over;

static void die(const char *what, int err)
{
	fprintf(stderr, "bench-meter: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

/* --- Packets --- */

struct source {
	pthread_t thread;
	unsigned int cpu;
	uint32_t ifindex, len;
	uint64_t n;
};

static void *run_source(void *arg)
{
	static uint8_t frame[FRAME_MAX] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	struct source *src = arg;
	struct __sk_buff ctx = { .ifindex = src->ifindex };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(src->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = src->len,
			    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = BATCH);

		if (bpf_prog_test_run_opts(dp->set.prog_fd, &run))
			die("test run", errno);
		src->n += BATCH;
	}
	return NULL;
}

/* --- Meters --- */

static void make_meter(unsigned int scene)
{
	struct meter_mod mm = {
		.command = METER_ADD,
		.meter_id = 1,
		.flags = scenes[scene].flags,
		.n_bands = 1,
		.bands[0] = { BAND_DROP, scenes[scene].rate, 0, 0 },
	};
	static struct flow_mod fm;
	int err = dp_meter_mod(dp, bridge, &mm);

	if (err)
		die("meter", err);
	fm = (struct flow_mod){ .out_port = PORT_ANY, .out_group = GROUP_ANY };
	instructions_init(&fm.instructions);
	fm.instructions.has_meter = fm.instructions.has_apply = true;
	fm.instructions.meter_id = 1;
	fm.instructions.apply.n = 1;
	fm.instructions.apply.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = n_cpus + 1 };
	err = dp_flow_mod(dp, bridge, &fm);
	if (err)
		die("flow", err);
	dp_commit(dp);
}

/* What may pass at once beyond the rate, in packets or bytes: the bucket, and a packet that owes for itself. */
static double burst_of(unsigned int scene)
{
	const struct skep_meter *m = MAP_ELEM(&dp->set, MAP_METERS, struct skep_meter,
					      meter_find(dp, bridge, 1));
	const struct skep_band *band =
		MAP_ELEM(&dp->set, MAP_METER_CONFS, struct skep_meter_conf, m->conf)->band;
	double burst = (double)band->burst / (double)band->cost * (1 << (SKEP_METER_SHIFT - SKEP_TIME_SHIFT));
	double one = scenes[scene].flags & METER_PKTPS ? 1 : scenes[scene].len;

	return burst > one ? burst : one;
}

/* Returns by how much the rate is off. */
static double measure(unsigned int scene, double seconds)
{
	struct source sources[MAX_CPUS];
	struct meter_desc d;
	struct timespec pause = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
	double passed, wanted, took;
	uint64_t begin, n = 0;

	make_meter(scene);
	is_over = false;
	begin = mono_ns();
	for (unsigned int i = 0; i < n_cpus; i++) {
		sources[i] = (struct source){ .cpu = i, .len = scenes[scene].len };
		dp_port_next(dp, bridge, i + 1, &(struct dp_port){ 0 });
		sources[i].ifindex = if_nametoindex((char[]){ 'p', (char)('a' + i), 0 });
		if (pthread_create(&sources[i].thread, NULL, run_source, &sources[i]))
			die("thread", EAGAIN);
	}
	nanosleep(&pause, NULL);
	__atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < n_cpus; i++) {
		pthread_join(sources[i].thread, NULL);
		n += sources[i].n;
	}
	took = (double)(mono_ns() - begin) / 1e9;
	dp_meter_next(dp, bridge, 1, &d);
	if (scenes[scene].flags & METER_PKTPS) {
		passed = (double)(d.n_packets - d.band_stats[0].n_packets) - burst_of(scene);
		wanted = scenes[scene].rate * took;
	} else {
		passed = (double)(d.n_bytes - d.band_stats[0].n_bytes) - burst_of(scene);
		wanted = scenes[scene].rate * took * 125;
	}
	printf("%-32s offered %9.0f packets/s, passed %.5f of the rate\n", scenes[scene].name,
	       (double)n / took, passed / wanted);
	dp_meter_mod(dp, bridge, &(struct meter_mod){ .command = METER_DELETE, .meter_id = 1 });
	return passed / wanted - 1;
}

/* --- The room --- */

static void open_dp(const char *pin_dir)
{
	struct dp_config config = { .pin_dir = pin_dir };
	char err_buf[2048], command[128];
	bool adopted;

	if (dp_open(&config, &dp, &adopted, err_buf, sizeof(err_buf))) {
		fprintf(stderr, "bench-meter: %s\n", err_buf);
		exit(1);
	}
	dp_bridge_add(dp, "br0", &bridge);
	for (unsigned int i = 0; i <= n_cpus; i++) {
		char name[] = { 'p', (char)('a' + i), 0 };

		snprintf(command, sizeof(command), "ip link add %s type veth peer name %sx && ip link set %s up",
			 name, name, name);
		if (system(command) || /* NOLINT: our own words */
		    dp_port_add(dp, bridge, i + 1, if_nametoindex(name), err_buf, sizeof(err_buf)))
			die(name, EIO);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seconds", required_argument, NULL, 's' },
						 { "cpus", required_argument, NULL, 'c' },
						 { NULL, 0, NULL, 0 } };
	char bpffs[] = "/tmp/bench-meter-XXXXXX", pin_dir[64], err_buf[256];
	double seconds = 2, worst = 0;
	int opt;

	n_cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 's')
			seconds = atof(optarg);
		else if (opt == 'c')
			n_cpus = (unsigned int)atoi(optarg);
		else
			return 2;
	}
	if (!n_cpus || n_cpus > MAX_CPUS)
		n_cpus = MAX_CPUS;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !mkdtemp(bpffs) || mount("bpf", bpffs, "bpf", 0, NULL))
		die("network namespace and bpffs", errno);
	snprintf(pin_dir, sizeof(pin_dir), "%s/dp", bpffs);
	open_dp(pin_dir);
	printf("%u CPUs, %g s each\n", n_cpus, seconds);
	for (unsigned int i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		double off = measure(i, seconds);

		if (off < 0 ? -off > worst : off > worst)
			worst = off < 0 ? -off : off;
	}
	printf("worst: off by %.3f %%\n", worst * 100);
	dp_close(dp);
	dp_teardown(pin_dir, err_buf, sizeof(err_buf));
	umount(bpffs);
	rmdir(bpffs);
	return worst > 0.02;
}
