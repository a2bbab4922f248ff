// SPDX-License-Identifier: Apache-2.0
/*
 * Ports that are not an interface of their own, on maps in memory: what is refused, what becomes of the others when one goes, and what
 * packet-outs do there.  What the kernel does with their packets is tests/net/test_tunnels.py's and test_dp_ports.py's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "datapath/private.h"

enum { DEVICE = 100, DEVICE2 = 101, IO = 102 };

static struct {
	struct dp *dp;
	uint32_t br[3];
	unsigned int n_out;
	uint32_t out[64];
} t;

static char err_buf[256];
#define ERR err_buf, sizeof(err_buf)

static const uint8_t frame[64] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };

static void on_output(void *aux, uint32_t ofport, const uint8_t *data, size_t len)
{
	(void)aux;
	assert_int_equal(len, sizeof(frame));
	assert_memory_equal(data, frame, len);
	t.out[t.n_out++ % 64] = ofport;
}

/* Bridges br0 to br2, with plain ports 1 and 2 each, two tunnel devices and an I/O device. */
static int setup(void **state)
{
	const struct dp_config config = {
		.attach = DP_ATTACH_NONE,
		.n_rules = 1024,
		.callbacks = { .output = on_output },
	};
	bool adopted;

	(void)state;
	memset(&t, 0, sizeof(t));
	assert_int_equal(dp_open(&config, &t.dp, &adopted, ERR), 0);
	for (uint32_t b = 0; b < 3; b++) {
		char name[] = { 'b', 'r', (char)('0' + b), 0 };

		assert_int_equal(dp_bridge_add(t.dp, name, &t.br[b]), 0);
		for (uint32_t port = 1; port <= 2; port++)
			assert_int_equal(dp_port_add(t.dp, t.br[b], port, 10 * (b + 1) + port, ERR),
					 0);
	}
	assert_int_equal(dp_device_add(t.dp, DP_DEVICE_TUNNEL, DEVICE, ERR), 0);
	assert_int_equal(dp_device_add(t.dp, DP_DEVICE_TUNNEL, DEVICE2, ERR), 0);
	assert_int_equal(dp_device_add(t.dp, DP_DEVICE_IO, IO, ERR), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dp_close(t.dp);
	return 0;
}

static struct dp_tunnel to(uint8_t last_byte, uint64_t key)
{
	return (struct dp_tunnel){ .remote = { 192, 0, 2, last_byte },
				   .key = key,
				   .out_key = key,
				   .has_key = true,
				   .is_local_any = true };
}

static int add_tunnel(uint32_t ofport, struct dp_tunnel tunnel)
{
	return dp_port_add_tunnel(t.dp, t.br[0], ofport, DEVICE, &tunnel, ERR);
}

/* A rule of table 0 that outputs what comes from 'in_port' (0: from any) to 'out'. */
static void add_flow(uint32_t bridge, uint32_t in_port, uint32_t out)
{
	static struct flow_mod fm;

	memset(&fm, 0, sizeof(fm));
	fm.command = FLOW_ADD;
	fm.priority = in_port ? 2 : 1;
	fm.buffer_id = BUFFER_NONE;
	fm.out_port = PORT_ANY;
	fm.out_group = GROUP_ANY;
	match_init(&fm.match);
	if (in_port)
		match_set_u64(&fm.match, FIELD_IN_PORT, in_port);
	instructions_init(&fm.instructions);
	fm.instructions.has_apply = true;
	fm.instructions.apply.n = 1;
	fm.instructions.apply.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = out };
	assert_int_equal(dp_flow_mod(t.dp, bridge, &fm), 0);
	dp_commit(t.dp);
}

static void packet_out(uint32_t bridge, uint32_t out)
{
	static struct action_list list;

	t.n_out = 0;
	list.n = 1;
	list.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = out };
	assert_int_equal(dp_packet_out(t.dp, bridge, PORT_CONTROLLER, &list, frame, sizeof(frame)),
			 0);
}

static uint64_t drops(const char *name)
{
	const char *at;
	uint64_t n;

	for (unsigned int i = 0; (at = dp_drop(t.dp, i, &n)); i++) {
		if (!strcmp(at, name))
			return n;
	}
	fail_msg("no drop reason %s", name);
	return 0;
}

static bool has_port(uint32_t bridge, uint32_t ofport, enum dp_port_kind kind)
{
	struct dp_port p;

	return dp_port_next(t.dp, bridge, ofport, &p) && p.ofport == ofport && p.kind == kind;
}

/* --- Tunnels --- */

static void a_tunnel_like_another_is_refused(void **state)
{
	struct dp_tunnel other;

	(void)state;
	assert_int_equal(add_tunnel(10, to(1, 7)), 0);
	assert_int_equal(add_tunnel(11, to(1, 7)), -EEXIST);
	assert_false(has_port(t.br[0], 11, DP_PORT_TUNNEL));
	assert_int_equal(add_tunnel(11, to(1, 8)), 0);
	assert_int_equal(add_tunnel(12, to(2, 7)), 0);
	assert_int_equal(add_tunnel(13, to(2, 1ULL << 32)), -EINVAL);
	other = to(1, 7);
	other.is_local_any = false;
	other.local[0] = 10;
	assert_int_equal(add_tunnel(13, other), 0);
	other = to(1, 0);
	other.is_key_flow = true;
	assert_int_equal(add_tunnel(14, other), 0);
	/* Another device is another tunnel. */
	other = to(1, 7);
	assert_int_equal(dp_port_add_tunnel(t.dp, t.br[0], 15, DEVICE2, &other, ERR), 0);
}

static void a_refused_change_leaves_the_tunnel_as_it_was(void **state)
{
	uint32_t idx, aux;

	(void)state;
	assert_int_equal(add_tunnel(10, to(1, 7)), 0);
	assert_int_equal(add_tunnel(11, to(1, 8)), 0);
	idx = port_find(t.dp, t.br[0], 11);
	aux = PORT(t.dp, idx)->aux;
	assert_int_equal(add_tunnel(11, to(1, 7)), -EEXIST);
	assert_int_equal(PORT(t.dp, idx)->aux, aux);
	assert_int_equal(TUNNEL(t.dp, aux)->port, idx);
	assert_int_equal(be64toh(TUNNEL(t.dp, aux)->id), 8);
}

static void a_changed_tunnel_gives_its_old_place_away(void **state)
{
	struct dp_tunnel tunnel = to(1, 7);

	(void)state;
	assert_int_equal(add_tunnel(10, tunnel), 0);
	assert_int_equal(add_tunnel(10, to(1, 8)), 0);
	assert_int_equal(add_tunnel(11, to(1, 7)), 0);
	/* What does not decide which packets it receives changes in place. */
	tunnel.is_df = true;
	tunnel.ttl = 9;
	assert_int_equal(add_tunnel(11, tunnel), 0);
	assert_int_equal(TUNNEL(t.dp, PORT(t.dp, port_find(t.dp, t.br[0], 11))->aux)->ttl, 9);
	assert_int_equal(dp_port_del(t.dp, t.br[0], 10), 0);
	assert_int_equal(add_tunnel(12, to(1, 8)), 0);
}

static void only_combinations_in_use_are_looked_for(void **state)
{
	struct dp_tunnel open = { .is_remote_flow = true, .is_key_flow = true, .is_out_key_flow = true, .is_local_any = true };

	(void)state;
	assert_int_equal(DP_HEAD(t.dp)->tunnel_modes, 0);
	assert_int_equal(add_tunnel(10, to(1, 7)), 0);
	assert_int_equal(add_tunnel(11, to(1, 8)), 0);
	assert_int_equal(DP_HEAD(t.dp)->tunnel_modes, 1 << 4);
	assert_int_equal(add_tunnel(12, open), 0);
	assert_int_equal(DP_HEAD(t.dp)->tunnel_modes, 1 << 4 | 1 << 7);
	dp_port_del(t.dp, t.br[0], 10);
	assert_int_equal(DP_HEAD(t.dp)->tunnel_modes, 1 << 4 | 1 << 7);
	assert_int_equal(add_tunnel(11, open), -EEXIST);
	dp_port_del(t.dp, t.br[0], 12);
	assert_int_equal(add_tunnel(11, open), 0);
	assert_int_equal(DP_HEAD(t.dp)->tunnel_modes, 1 << 7);
}

static void thousands_of_tunnels_find_room(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_equal(add_tunnel(10 + i, to((uint8_t)(i % 100), i / 100)), 0);
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_equal(dp_port_del(t.dp, t.br[0], 10 + i), 0);
	assert_int_equal(DP_HEAD(t.dp)->tunnel_modes, 0);
	for (uint32_t i = 0; i < SKEP_TUNNELS; i++)
		assert_int_equal(TUNNEL(t.dp, i)->port, 0);
}

static void kinds_do_not_take_each_others_numbers(void **state)
{
	(void)state;
	assert_int_equal(add_tunnel(1, to(1, 7)), -EBUSY);
	assert_int_equal(dp_port_add_patch(t.dp, t.br[0], 1, ERR), -EBUSY);
	assert_int_equal(dp_port_add_socket(t.dp, t.br[0], 1, ERR), -EBUSY);
	assert_int_equal(add_tunnel(10, to(1, 7)), 0);
	assert_int_equal(dp_port_add(t.dp, t.br[0], 10, 55, ERR), -EBUSY);
	assert_int_equal(dp_port_add(t.dp, t.br[0], 10, DEVICE, ERR), -EBUSY);
	assert_int_equal(dp_port_add(t.dp, t.br[0], 20, DEVICE, ERR), -EBUSY);
	assert_int_equal(dp_device_add(t.dp, DP_DEVICE_TUNNEL, 11, ERR), -EBUSY);
	assert_int_equal(dp_device_add(t.dp, DP_DEVICE_IO, 60, ERR), -EBUSY);
	assert_int_equal(dp_device_add(t.dp, DP_DEVICE_IO, DEVICE, ERR), -EBUSY);
	/* The number of a port that has gone is anybody's. */
	assert_int_equal(dp_port_del(t.dp, t.br[0], 10), 0);
	assert_int_equal(dp_port_add(t.dp, t.br[0], 10, 55, ERR), 0);
	assert_true(has_port(t.br[0], 10, DP_PORT_PLAIN));
}

static void a_device_takes_its_ports_with_it(void **state)
{
	enum dp_device kind;
	uint32_t at;

	(void)state;
	assert_int_equal(add_tunnel(10, to(1, 7)), 0);
	assert_int_equal(dp_port_add_socket(t.dp, t.br[1], 10, ERR), 0);
	assert_true(dp_device_next(t.dp, 0, &kind, &at));
	assert_int_equal(at, DEVICE);
	dp_device_del(t.dp, DEVICE);
	assert_true(dp_device_next(t.dp, 0, &kind, &at));
	assert_int_equal(at, DEVICE2);
	assert_true(dp_device_next(t.dp, DEVICE2 + 1, &kind, &at));
	assert_int_equal(kind, DP_DEVICE_IO);
	assert_false(has_port(t.br[0], 10, DP_PORT_TUNNEL));
	assert_true(has_port(t.br[1], 10, DP_PORT_SOCKET));
	assert_int_equal(add_tunnel(10, to(1, 7)), -ENODEV);
	assert_int_equal(dp_device_add(t.dp, DP_DEVICE_TUNNEL, DEVICE, ERR), 0);
	assert_int_equal(add_tunnel(10, to(1, 7)), 0);
	dp_device_del(t.dp, IO);
	assert_false(has_port(t.br[1], 10, DP_PORT_SOCKET));
	assert_int_equal(dp_port_add_socket(t.dp, t.br[1], 10, ERR), -ENODEV);
	assert_int_equal(dp_device_add(t.dp, DP_DEVICE_IO, 60, ERR), 0);
	assert_int_equal(dp_port_add_socket(t.dp, t.br[1], 10, ERR), 0);
}

/* --- Patch ports --- */

static void join(uint32_t a, uint32_t port_a, uint32_t b, uint32_t port_b)
{
	assert_int_equal(dp_port_add_patch(t.dp, t.br[a], port_a, ERR), 0);
	assert_int_equal(dp_port_add_patch(t.dp, t.br[b], port_b, ERR), 0);
	assert_int_equal(dp_patch_join(t.dp, t.br[a], port_a, t.br[b], port_b), 0);
}

static void a_packet_out_goes_through_patch_ports(void **state)
{
	(void)state;
	join(0, 7, 1, 7);
	join(1, 8, 2, 8);
	add_flow(t.br[1], 7, PORT_ALL);
	add_flow(t.br[2], 8, 2);
	packet_out(t.br[0], 7);
	assert_int_equal(t.n_out, 3);
	assert_int_equal(t.out[0], 1);
	assert_int_equal(t.out[1], 2);
	assert_int_equal(t.out[2], 2);
	/* By way of the tables, too. */
	add_flow(t.br[0], 1, 7);
	t.n_out = 0;
	assert_int_equal(dp_inject(t.dp, t.br[0], 1, frame, sizeof(frame)), 0);
	assert_int_equal(t.n_out, 3);
}

static void joining_anew_parts_the_former_ends(void **state)
{
	(void)state;
	join(0, 7, 1, 7);
	join(0, 7, 2, 7);
	add_flow(t.br[1], 0, 1);
	add_flow(t.br[2], 0, 2);
	packet_out(t.br[0], 7);
	assert_int_equal(t.n_out, 1);
	assert_int_equal(t.out[0], 2);
	packet_out(t.br[1], 7);
	assert_int_equal(t.n_out, 0);
	assert_int_equal(drops("port_no_fwd"), 1);
	assert_int_equal(dp_port_del(t.dp, t.br[2], 7), 0);
	packet_out(t.br[0], 7);
	assert_int_equal(t.n_out, 0);
	assert_int_equal(dp_patch_join(t.dp, t.br[0], 7, t.br[2], 7), -ENOENT);
	assert_int_equal(dp_patch_join(t.dp, t.br[0], 7, t.br[0], 7), -EINVAL);
}

static void a_bridge_that_goes_parts_its_patch_ports(void **state)
{
	(void)state;
	join(0, 7, 1, 7);
	dp_bridge_del(t.dp, t.br[1]);
	packet_out(t.br[0], 7);
	assert_int_equal(t.n_out, 0);
	assert_int_equal(drops("port_no_fwd"), 1);
}

static void loops_of_patch_ports_end(void **state)
{
	(void)state;
	join(0, 7, 1, 7);
	join(0, 8, 1, 8);
	join(0, 9, 1, 9);
	add_flow(t.br[0], 0, PORT_ALL);
	add_flow(t.br[1], 0, PORT_ALL);
	packet_out(t.br[0], 7);
	assert_true(drops("port_no_fwd") + drops("patch_hops") > 0);
	/* 1,024 copies at most, of which each goes to two plain ports. */
	assert_true(t.n_out > 16 && t.n_out <= 2048);
	/* And the next packet starts afresh. */
	add_flow(t.br[1], 7, 1);
	packet_out(t.br[0], 7);
	assert_int_equal(t.n_out, 1);
}

static void local_takes_the_slow_way_only_beside_patch_ports(void **state)
{
	uint32_t local;

	(void)state;
	assert_int_equal(dp_port_add(t.dp, t.br[0], PORT_LOCAL, 77, ERR), 0);
	local = port_find(t.dp, t.br[0], PORT_LOCAL);
	assert_int_equal(BRIDGE(t.dp, t.br[0])->local_ifindex, 77);
	assert_int_equal(PORT(t.dp, local)->config, 0);
	join(0, 7, 1, 7);
	assert_int_equal(PORT(t.dp, local)->config, SKEP_PC_SPECIAL_IN);
	dp_port_set_config(t.dp, t.br[0], PORT_LOCAL, SKEP_PC_NO_FWD);
	assert_int_equal(PORT(t.dp, local)->config, SKEP_PC_SPECIAL_IN | SKEP_PC_NO_FWD);
	assert_int_equal(dp_port_del(t.dp, t.br[0], 7), 0);
	assert_int_equal(PORT(t.dp, local)->config, SKEP_PC_NO_FWD);
	assert_int_equal(dp_port_add_patch(t.dp, t.br[0], 7, ERR), 0);
	assert_int_equal(dp_port_del(t.dp, t.br[0], PORT_LOCAL), 0);
	assert_int_equal(BRIDGE(t.dp, t.br[0])->local_ifindex, 0);
	assert_int_equal(dp_port_add(t.dp, t.br[0], PORT_LOCAL, 78, ERR), 0);
	assert_int_equal(PORT(t.dp, local)->config, SKEP_PC_SPECIAL_IN);
}

static void packet_outs_reach_tunnels_and_sockets(void **state)
{
	(void)state;
	assert_int_equal(add_tunnel(10, to(1, 7)), 0);
	assert_int_equal(dp_port_add_socket(t.dp, t.br[0], 11, ERR), 0);
	packet_out(t.br[0], 10);
	assert_int_equal(t.n_out, 1);
	assert_int_equal(t.out[0], 10);
	packet_out(t.br[0], PORT_ALL);
	assert_int_equal(t.n_out, 4);
}

#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tunnel_like_another_is_refused),
		TEST(a_refused_change_leaves_the_tunnel_as_it_was),
		TEST(a_changed_tunnel_gives_its_old_place_away),
		TEST(only_combinations_in_use_are_looked_for),
		TEST(thousands_of_tunnels_find_room),
		TEST(kinds_do_not_take_each_others_numbers),
		TEST(a_device_takes_its_ports_with_it),
		TEST(a_packet_out_goes_through_patch_ports),
		TEST(joining_anew_parts_the_former_ends),
		TEST(a_bridge_that_goes_parts_its_patch_ports),
		TEST(loops_of_patch_ports_end),
		TEST(local_takes_the_slow_way_only_beside_patch_ports),
		TEST(packet_outs_reach_tunnels_and_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
