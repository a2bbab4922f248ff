// SPDX-License-Identifier: Apache-2.0
/*
 * The program in the kernel, with real interfaces; see harness.h.
 *
 * The process moves to a network namespace of its own, where each port is a veth pair with a capturing program on its egress
 * (capture.h).  A frame is sent to a port by its peer.  The process stays on one CPU, whose queue of received frames is in order: when a frame sent
 * after it, to a port of another bridge that may not receive, is counted as dropped, the frame has been dealt with.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cmocka.h>

#include "tests/datapath/capture_room.h"
#include "tests/datapath/harness.h"

#define N_PORTS  40
/* The port whose drops say how far the CPU is. */
#define SENTINEL (N_PORTS + 1)
#define WAIT_NS  2000000000ULL

static struct {
	struct capture_room room;
	uint32_t ifindex[SENTINEL + 1], peer[SENTINEL + 1];
} k;

const uint32_t harness_n_ports = N_PORTS;

static struct dp_config config(void)
{
	return (struct dp_config){ .pin_dir = k.room.pin_dir, .n_rules = 4096 };
}

static int run_command(const char *fmt, unsigned int arg)
{
	char command[256];

	snprintf(command, sizeof(command), fmt, arg, arg, arg, arg);
	return system(command) ? -EIO : 0; /* NOLINT: a test's own words */
}

/* One CPU, whose queue is in order. */
static int stay_here(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((unsigned int)sched_getcpu(), &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

static int make_interface(uint32_t ofport)
{
	char name[16];
	int err;

	err = run_command("ip link add p%u type veth peer name p%ux && ip link set p%u up && "
			  "ip link set p%ux up",
			  ofport);
	snprintf(name, sizeof(name), "p%u", ofport);
	k.ifindex[ofport] = if_nametoindex(name);
	snprintf(name, sizeof(name), "p%ux", ofport);
	k.peer[ofport] = if_nametoindex(name);
	return err ? err : capture_room_watch(&k.room, k.ifindex[ofport]);
}

bool harness_start(void)
{
	int err;

	if (geteuid()) {
		fprintf(stderr, "skipped: needs root, for BPF and a network namespace\n");
		return false;
	}
	err = stay_here();
	if (!err)
		err = capture_room_open(&k.room);
	if (!err)
		err = run_command("sysctl -qw net.ipv6.conf.default.disable_ipv6=1", 0);
	for (uint32_t i = 1; i <= SENTINEL && !err; i++)
		err = make_interface(i);
	if (err) {
		fprintf(stderr, "the kernel's harness: %s\n", strerror(-err));
		exit(1);
	}
	return true;
}

void harness_stop(void)
{
	char err_buf[256];

	dp_close(h.dp);
	if (dp_teardown(k.room.pin_dir, err_buf, sizeof(err_buf)))
		fprintf(stderr, "the kernel's harness: %s\n", err_buf);
	capture_room_close(&k.room);
}

static void open_dp(bool wants_adoption)
{
	struct dp_config c = config();
	char err_buf[2048];
	bool adopted;

	if (dp_open(&c, &h.dp, &adopted, err_buf, sizeof(err_buf)))
		fail_msg("%s", err_buf);
	assert_int_equal(adopted, wants_adoption);
}

static void add_port(uint32_t bridge, uint32_t ofport)
{
	char err_buf[256];

	if (dp_port_add(h.dp, bridge, ofport, k.ifindex[ofport], err_buf, sizeof(err_buf)))
		fail_msg("port %u: %s", ofport, err_buf);
}

/* Loading the program takes half a second: the datapath is that of all tests, with other bridges. */
static void open_first(void)
{
	uint32_t other;

	open_dp(false);
	assert_int_equal(dp_bridge_add(h.dp, "sentinel", &other), 0);
	add_port(other, SENTINEL);
	dp_port_set_config(h.dp, other, SENTINEL, SKEP_PC_NO_RECV);
}

void harness_open(void)
{
	if (!h.dp)
		open_first();
	assert_int_equal(dp_bridge_add(h.dp, "br0", &h.bridge), 0);
}

void harness_close(void)
{
	for (uint32_t i = 0; i < DP_BRIDGES_MAX; i++) {
		const char *name = dp_bridge_name(h.dp, i);

		if (name && strcmp(name, "sentinel"))
			dp_bridge_del(h.dp, i);
	}
}

bool harness_restart(void)
{
	dp_close(h.dp);
	open_dp(true);
	return true;
}

void harness_add_port(uint32_t ofport)
{
	add_port(h.bridge, ofport);
}

static uint32_t ofport_of(uint32_t ifindex)
{
	for (uint32_t i = 1; i <= N_PORTS; i++) {
		if (k.ifindex[i] == ifindex)
			return i;
	}
	return 0;
}

/* The frame as it would be on the wire. */
static void add_captured(const struct capture_frame *f)
{
	size_t len = f->len < CAPTURE_FRAME_MAX ? f->len : CAPTURE_FRAME_MAX;
	uint8_t frame[CAPTURE_FRAME_MAX + 8];

	memcpy(frame, f->bytes, len);
	if (f->vlan_present && len >= 12) {
		memmove(frame + 16, frame + 12, len - 12);
		memcpy(frame + 12, &f->vlan_proto, 2);
		frame[14] = (uint8_t)(f->vlan_tci >> 8);
		frame[15] = (uint8_t)f->vlan_tci;
		len += 4;
	}
	harness_add_out(ofport_of(f->ifindex), frame, len);
}

static void send_to(uint32_t ofport, const uint8_t *frame, size_t len)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)k.peer[ofport] };

	assert_int_equal(sendto(k.room.socket, frame, len, 0, (struct sockaddr *)&to, sizeof(to)), len);
}

static uint64_t sentinel_drops(void)
{
	uint64_t n;

	dp_drop(h.dp, SKEP_DROP_PORT_RECV, &n);
	return n;
}

static void begin(void)
{
	h.n_out = 0;
	__atomic_store_n(&k.room.head->n, 0, __ATOMIC_SEQ_CST);
}

static void take_captured(void)
{
	uint32_t n = __atomic_load_n(&k.room.head->n, __ATOMIC_ACQUIRE);

	assert_true(n <= CAPTURE_MAX);
	for (uint32_t i = 0; i < n; i++)
		add_captured(&k.room.frames[i]);
}

void harness_receive(uint32_t ofport, const uint8_t *frame, size_t len)
{
	static const uint8_t sentinel[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	uint64_t before = sentinel_drops(), deadline = mono_ns() + WAIT_NS;

	begin();
	send_to(ofport, frame, len);
	send_to(SENTINEL, sentinel, sizeof(sentinel));
	while (sentinel_drops() == before) {
		assert_true(mono_ns() < deadline);
		sched_yield();
	}
	take_captured();
}

/* What it sends has passed the egress when the call returns. */
void harness_packet_out(uint32_t in_port, const struct action_list *actions, const uint8_t *frame,
			size_t len)
{
	begin();
	assert_int_equal(dp_packet_out(h.dp, h.bridge, in_port, actions, frame, len), 0);
	take_captured();
}

struct storm {
	pthread_t thread;
	uint32_t port;
	unsigned int n;
	uint8_t dst[6];
	unsigned int n_failed;
	bool is_done;
};

/* Runs the program directly: what it decides is not looked at. */
static void *run_storm(void *arg)
{
	struct storm *storm = arg;
	struct __sk_buff ctx = { .ifindex = k.ifindex[storm->port] };
	uint8_t frame[64] = { 0 };
	unsigned int seed = storm->port;
	cpu_set_t cpus;

	/* One CPU each, if there are so many. */
	CPU_ZERO(&cpus);
	CPU_SET(storm->port - 1, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	memcpy(frame, storm->dst, 6);
	frame[6] = 2;
	frame[12] = 0x88;
	frame[13] = 0xb5;
	for (unsigned int i = 0; i < storm->n; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
			    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1);

		frame[11] = (uint8_t)(rand_r(&seed) % 64);
		if (bpf_prog_test_run_opts(h.dp->set.prog_fd, &run))
			storm->n_failed++;
	}
	__atomic_store_n(&storm->is_done, true, __ATOMIC_RELEASE);
	return NULL;
}

bool harness_storm(unsigned int n, const uint8_t dst[6], void (*meanwhile)(void))
{
	struct storm storms[2] = { { .port = 1, .n = n }, { .port = 2, .n = n } };

	for (int i = 0; i < 2; i++) {
		memcpy(storms[i].dst, dst, 6);
		assert_int_equal(pthread_create(&storms[i].thread, NULL, run_storm, &storms[i]), 0);
	}
	while (!__atomic_load_n(&storms[0].is_done, __ATOMIC_ACQUIRE) ||
	       !__atomic_load_n(&storms[1].is_done, __ATOMIC_ACQUIRE)) {
		meanwhile();
		sched_yield();
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(storms[i].thread, NULL);
		assert_int_equal(storms[i].n_failed, 0);
	}
	return true;
}

struct racer {
	pthread_t thread;
	uint32_t port;
	unsigned int n;
	uint8_t frame[64];
	unsigned int n_ready, n_failed;
	const unsigned int *go; /* the round that is on */
};

static void *run_racer(void *arg)
{
	struct racer *r = arg;
	struct __sk_buff ctx = { .ifindex = k.ifindex[r->port] };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(r->port - 1, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (unsigned int i = 1; i <= r->n; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = r->frame,
			    .data_size_in = sizeof(r->frame), .ctx_in = &ctx,
			    .ctx_size_in = sizeof(ctx), .repeat = 1);

		__atomic_store_n(&r->n_ready, i, __ATOMIC_RELEASE);
		for (unsigned int spins = 0; __atomic_load_n(r->go, __ATOMIC_ACQUIRE) < i; spins++) {
			if (spins % 1024 == 1023)
				sched_yield();
		}
		if (bpf_prog_test_run_opts(h.dp->set.prog_fd, &run))
			r->n_failed++;
	}
	__atomic_store_n(&r->n_ready, r->n + 1, __ATOMIC_RELEASE);
	return NULL;
}

bool harness_race(unsigned int n, const uint8_t src[6], const uint8_t dst[6], void (*check)(void))
{
	struct racer racers[2] = { { .port = 1, .n = n }, { .port = 2, .n = n } };
	unsigned int go = 0;

	for (int i = 0; i < 2; i++) {
		racers[i].go = &go;
		memcpy(racers[i].frame, dst, 6);
		memcpy(racers[i].frame + 6, src, 6);
		racers[i].frame[12] = 0x88;
		racers[i].frame[13] = 0xb5;
		assert_int_equal(pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]), 0);
	}
	for (unsigned int round = 1; round <= n + 1; round++) {
		for (int i = 0; i < 2; i++) {
			while (__atomic_load_n(&racers[i].n_ready, __ATOMIC_ACQUIRE) < round)
				sched_yield();
		}
		if (round > 1)
			check();
		__atomic_store_n(&go, round, __ATOMIC_RELEASE);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_int_equal(racers[i].n_failed, 0);
	}
	return true;
}
