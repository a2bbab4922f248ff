// SPDX-License-Identifier: Apache-2.0
/*
 * The shipped program under BPF_PROG_TEST_RUN; see backend_dp.h.
 *
 * The process moves to a network namespace of its own, makes a veth pair for each port, and puts a capturing program on the egress of
 * each (capture.h).  The datapath sends the last copy as a copy too (clone_last), since a test run does not execute a redirect.
 * A frame whose processing ends in a redirect is covered by the network tests.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tests/datapath/backend_dp.h"
#include "tests/datapath/capture_room.h"

/* Of so many tagged frames one comes by the wire: that takes a grace period. */
#define TAGGED_BY_WIRE 64

static struct {
	struct dp_backend b;
	struct capture_room room;
	bool has_ports;
	unsigned int n_tagged;
} k;

static int run_command(const char *fmt, const char *arg)
{
	char command[256];

	snprintf(command, sizeof(command), fmt, arg, arg);
	return system(command) ? -EIO : 0; /* NOLINT: a test's own words */
}

/* The device where copies of packets are worked on: a dummy, or a bridge without ports where there is none. */
static int make_io(void)
{
	char err_buf[256];
	int err = run_command("ip link add io type dummy 2>/dev/null || ip link add io type bridge", "");

	if (!err)
		err = run_command("ip link set io up", "");
	if (!err)
		err = dp_device_add(k.b.dp, DP_DEVICE_IO, if_nametoindex("io"), err_buf,
				    sizeof(err_buf));
	if (err)
		fprintf(stderr, "kernel: cannot make the I/O device: %s\n", strerror(-err));
	return err;
}

static int kernel_start(void)
{
	struct dp_config config = {
		.clone_last = true,
		.n_rules = 4096,
	};
	int err;

	if (geteuid()) {
		fprintf(stderr, "kernel: needs root, for BPF and a network namespace\n");
		return -EOPNOTSUPP;
	}
	err = capture_room_open(&k.room);
	if (!err)
		err = run_command("ip link set lo up", "");
	config.pin_dir = k.room.pin_dir;
	if (!err)
		err = dp_backend_open(&k.b, &config);
	if (!err)
		err = make_io();
	return err;
}

static void kernel_stop(void)
{
	char err_buf[256];

	if (k.b.dp) {
		dp_close(k.b.dp);
		dp_teardown(k.room.pin_dir, err_buf, sizeof(err_buf));
	}
	capture_room_close(&k.room);
}

static int make_port(uint32_t ofport)
{
	char name[16], err_buf[256];
	int err;

	snprintf(name, sizeof(name), "p%u", ofport == PORT_LOCAL ? 99999 : ofport);
	err = run_command("ip link add %s type veth peer name %sx && "
			  "sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
			  name);
	if (!err)
		err = run_command("ip link set %s up mtu 9000 && ip link set %sx up mtu 9000", name);
	if (!err)
		err = capture_room_watch(&k.room, if_nametoindex(name));
	if (!err)
		err = dp_port_add(k.b.dp, k.b.bridge, ofport, if_nametoindex(name), err_buf,
				  sizeof(err_buf));
	return err;
}

static int kernel_reset(const struct backend_config *config)
{
	for (unsigned int i = 0; i < config->n_ports && !k.has_ports; i++) {
		int err = make_port(config->ports[i].ofport);

		if (err) {
			fprintf(stderr, "kernel: cannot make port %u: %s\n", config->ports[i].ofport,
				strerror(-err));
			return err;
		}
		dp_port_set_live(k.b.dp, k.b.bridge, config->ports[i].ofport, true);
	}
	k.has_ports = true;
	return dp_backend_reset(&k.b, config);
}

static int kernel_flow_mod(const struct flow_mod *fm)
{
	return dp_backend_flow_mod(&k.b, fm);
}

static uint32_t ofport_of(uint32_t ifindex)
{
	struct dp_port p = { 0 };

	for (uint32_t n = 0; dp_port_next(k.b.dp, k.b.bridge, n, &p); n = p.ofport + 1) {
		if (p.ifindex == ifindex)
			return p.ofport;
	}
	return 0;
}

static uint32_t ifindex_of(uint32_t ofport)
{
	struct dp_port p;

	if (dp_port_next(k.b.dp, k.b.bridge, ofport, &p) && p.ofport == ofport)
		return p.ifindex;
	return 0;
}

/* The frame as it would be on the wire. */
static void add_captured(const struct capture_frame *f, struct oracle_result *r)
{
	uint8_t frame[CAPTURE_FRAME_MAX + 8];
	struct oracle_output *o;
	size_t len = f->len < CAPTURE_FRAME_MAX ? f->len : CAPTURE_FRAME_MAX;

	memcpy(frame, f->bytes, len);
	if (f->vlan_present && len >= 12) {
		memmove(frame + 16, frame + 12, len - 12);
		memcpy(frame + 12, &f->vlan_proto, 2);
		frame[14] = (uint8_t)(f->vlan_tci >> 8);
		frame[15] = (uint8_t)f->vlan_tci;
		len += 4;
	}
	o = oracle_result_add(r, ORACLE_TO_PORT, frame, len);
	if (o)
		o->port = ofport_of(f->ifindex);
}

/* Grows when a frame is dealt with: it comes to table 0, or is sent, or is dropped. */
static uint64_t count_seen(void)
{
	struct dp_table_stats st;
	uint64_t n, sum;

	dp_table_stats(k.b.dp, k.b.bridge, 0, &st);
	sum = st.lookups + *(volatile uint32_t *)&k.room.head->n;
	for (unsigned int i = 0; dp_drop(k.b.dp, i, &n); i++)
		sum += n;
	return sum;
}

/* Sends the frame to the port by its peer, and waits until the program has dealt with it.  The way for frames that
 * BPF_PROG_TEST_RUN refuses: those that end in the middle of the IP header that their type promises. */
static int run_by_wire(uint32_t in_port, const uint8_t *frame, size_t len)
{
	uint64_t seen = count_seen(), deadline = mono_ns() + 2000000000ULL;
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	char name[16];

	snprintf(name, sizeof(name), "p%ux", in_port == PORT_LOCAL ? 99999 : in_port);
	to.sll_ifindex = (int)if_nametoindex(name);
	if (sendto(k.room.socket, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	while (count_seen() == seen) {
		if (mono_ns() > deadline)
			return -ETIMEDOUT;
		sched_yield();
	}
	/* The counter is moved at the beginning; a grace period later the program has ended. */
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	return 0;
}

/* A frame whose tag the kernel takes into the skb's metadata when it is received, as it does not in a test run.  One that has no room for a type
 * behind the tag is dropped before it comes to a program. */
static bool is_tagged(const uint8_t *frame, size_t len)
{
	return len >= 20 && ((frame[12] == 0x81 && !frame[13]) || (frame[12] == 0x88 && frame[13] == 0xa8));
}

static int kernel_group_mod(const struct group_mod *gm)
{
	return dp_backend_group_mod(&k.b, gm);
}

static int kernel_meter_mod(const struct meter_mod *mm)
{
	return dp_backend_meter_mod(&k.b, mm);
}

static int kernel_set_port(uint32_t ofport, uint32_t config)
{
	return dp_backend_set_port(&k.b, ofport, config);
}

static int kernel_run(uint32_t in_port, const uint8_t *frame, size_t len, struct oracle_result *r)
{
	struct __sk_buff ctx = { .ifindex = ifindex_of(in_port) };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = (__u32)len,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1);
	int err = 0;

	dp_backend_begin(&k.b, r);
	k.room.head->n = 0;
	if (is_tagged(frame, len) && !(k.n_tagged++ % TAGGED_BY_WIRE))
		err = run_by_wire(in_port, frame, len);
	else if (bpf_prog_test_run_opts(k.b.dp->set.prog_fd, &run))
		err = errno == EINVAL ? run_by_wire(in_port, frame, len) : -errno;
	if (err)
		return err;
	for (uint32_t i = 0; i < k.room.head->n && i < CAPTURE_MAX; i++)
		add_captured(&k.room.frames[i], r);
	if (k.room.head->n > CAPTURE_MAX)
		r->overflow = true;
	dp_run(k.b.dp, 1000);
	dp_backend_end(&k.b, r);
	return 0;
}

static int kernel_fdb_set(const struct oracle_fdb_entry *entry)
{
	return dp_backend_fdb_set(&k.b, entry);
}

static int kernel_fdb_del(uint16_t vlan, const uint8_t mac[6])
{
	return dp_fdb_del(k.b.dp, k.b.bridge, vlan, mac);
}

static void kernel_fdb_flush(uint32_t ofport)
{
	dp_fdb_flush(k.b.dp, k.b.bridge, ofport);
}

static unsigned int kernel_fdb_dump(struct oracle_fdb_entry *ret, unsigned int size)
{
	return dp_backend_fdb_dump(&k.b, ret, size);
}

const struct backend backend_kernel = {
	.name = "kernel",
	.flags = BACKEND_UNORDERED,
	.start = kernel_start,
	.stop = kernel_stop,
	.reset = kernel_reset,
	.add = kernel_flow_mod,
	.del_strict = kernel_flow_mod,
	.group_mod = kernel_group_mod,
	.meter_mod = kernel_meter_mod,
	.set_port = kernel_set_port,
	.run = kernel_run,
	.fdb_set = kernel_fdb_set,
	.fdb_del = kernel_fdb_del,
	.fdb_flush = kernel_fdb_flush,
	.fdb_dump = kernel_fdb_dump,
};
