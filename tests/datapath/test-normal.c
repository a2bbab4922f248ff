// SPDX-License-Identifier: Apache-2.0
/*
 * The action NORMAL and standalone bridges: learning, ageing, static entries, VLANs, the split horizon.  On maps in memory, with the
 * host build of the pipeline.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datapath/private.h"

enum { N_PORTS = 9, OUT_MAX = 256 };

#define FDB_BYTES (FDB_REGION * sizeof(struct skep_fdb_bucket))

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 0xa }, mac_b[6] = { 2, 0, 0, 0, 0, 0xb };
static const uint8_t mac_c[6] = { 2, 0, 0, 0, 0, 0xc };
static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* What a packet became. */
static struct {
	struct dp *dp;
	uint32_t bridge;
	unsigned int n_out;
	struct {
		uint32_t port;
		int tci; /* of the outermost tag; -1: none */
		uint16_t tpid;
		size_t len;
	} out[OUT_MAX];
} t;

static void on_output(void *aux, uint32_t ofport, const uint8_t *frame, size_t len)
{
	uint16_t type = (uint16_t)(frame[12] << 8 | frame[13]);
	bool is_tagged = type == 0x8100 || type == 0x88a8;

	(void)aux;
	assert_true(t.n_out < OUT_MAX);
	t.out[t.n_out].port = ofport;
	t.out[t.n_out].tci = is_tagged ? frame[14] << 8 | frame[15] : -1;
	t.out[t.n_out].tpid = is_tagged ? type : 0;
	t.out[t.n_out++].len = len;
}

static void open_dp(void)
{
	struct dp_config config = {
		.attach = DP_ATTACH_NONE,
		.n_rules = 1024,
		.callbacks = { .output = on_output },
	};
	char err_buf[256];
	bool adopted;

	memset(&t, 0, sizeof(t));
	assert_int_equal(dp_open(&config, &t.dp, &adopted, err_buf, sizeof(err_buf)), 0);
	assert_int_equal(dp_bridge_add(t.dp, "br0", &t.bridge), 0);
}

static void add_port(uint32_t ofport)
{
	char err_buf[256];

	assert_int_equal(dp_port_add(t.dp, t.bridge, ofport, ofport + 10, err_buf, sizeof(err_buf)),
			 0);
}

static void add_flow(const uint32_t *ports, unsigned int n, uint8_t goto_table)
{
	static struct flow_mod fm;

	fm = (struct flow_mod){ .out_port = PORT_ANY, .out_group = GROUP_ANY };
	instructions_init(&fm.instructions);
	fm.instructions.goto_table = goto_table;
	fm.instructions.has_apply = true;
	fm.instructions.apply.n = n;
	for (unsigned int i = 0; i < n; i++)
		fm.instructions.apply.a[i] =
			(struct action){ .type = ACTION_OUTPUT, .output.port = ports[i] };
	assert_int_equal(dp_flow_mod(t.dp, t.bridge, &fm), 0);
	dp_commit(t.dp);
}

/* Ports 1 to 9, and the flow `actions=NORMAL`. */
static int setup(void **state)
{
	static const uint32_t normal = PORT_NORMAL;

	(void)state;
	open_dp();
	for (uint32_t port = 1; port <= N_PORTS; port++)
		add_port(port);
	add_flow(&normal, 1, TABLE_NONE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dp_close(t.dp);
	return 0;
}

static size_t make_frame(uint8_t *frame, const uint8_t *dst, const uint8_t *src, int tci)
{
	size_t len = 12;

	memset(frame, 0, 64);
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	if (tci >= 0) {
		frame[12] = 0x81;
		frame[14] = (uint8_t)(tci >> 8);
		frame[15] = (uint8_t)tci;
		len = 16;
	}
	frame[len] = 0x88;
	frame[len + 1] = 0xb5;
	return 64;
}

/* A frame comes in at 'port'; 'tci' -1: without a tag. */
static void receive_tagged(uint32_t port, const uint8_t *dst, const uint8_t *src, int tci)
{
	uint8_t frame[64];
	size_t len = make_frame(frame, dst, src, tci);

	t.n_out = 0;
	assert_int_equal(dp_inject(t.dp, t.bridge, port, frame, len), 0);
}

static void receive(uint32_t port, const uint8_t *dst, const uint8_t *src)
{
	receive_tagged(port, dst, src, -1);
}

static bool went_to(uint32_t port)
{
	for (unsigned int i = 0; i < t.n_out; i++) {
		if (t.out[i].port == port)
			return true;
	}
	return false;
}

static void assert_only_to(uint32_t port)
{
	assert_int_equal(t.n_out, 1);
	assert_int_equal(t.out[0].port, port);
}

static void assert_flooded_from(uint32_t port)
{
	assert_int_equal(t.n_out, N_PORTS - 1);
	assert_false(went_to(port));
}

static uint64_t drops(enum skep_drop reason)
{
	uint64_t n;

	assert_non_null(dp_drop(t.dp, reason, &n));
	return n;
}

static struct skep_fdb_bucket *fdb_region(void)
{
	return MAP_ELEM(&t.dp->set, MAP_FDB, struct skep_fdb_bucket,
			BRIDGE(t.dp, t.bridge)->fdb_first);
}

static struct skep_fdb_bucket *save_fdb(void)
{
	struct skep_fdb_bucket *copy = malloc(FDB_BYTES);

	assert_non_null(copy);
	memcpy(copy, fdb_region(), FDB_BYTES);
	return copy;
}

static void restore_fdb(struct skep_fdb_bucket *copy)
{
	memcpy(fdb_region(), copy, FDB_BYTES);
	free(copy);
}

/* The clock goes on: every entry was seen so much earlier. */
static void pass(uint32_t seconds)
{
	for (uint32_t i = 0; i < FDB_REGION; i++) {
		for (unsigned int k = 0; k < SKEP_FDB_WAYS; k++)
			fdb_region()[i].e[k].value -= (uint64_t)seconds << 32;
	}
}

static bool find(const uint8_t mac[6], uint16_t vlan, struct dp_fdb_entry *ret)
{
	struct dp_cursor cursor = { 0 };

	while (dp_fdb_next(t.dp, t.bridge, &cursor, ret)) {
		if (!memcmp(ret->mac, mac, 6) && ret->vlan == vlan)
			return true;
	}
	return false;
}

static unsigned int count_entries(void)
{
	struct dp_cursor cursor = { 0 };
	struct dp_fdb_entry e;
	unsigned int n = 0;

	while (dp_fdb_next(t.dp, t.bridge, &cursor, &e))
		n++;
	return n;
}

/* --- Learning --- */

static void an_unknown_address_is_flooded_and_a_learned_one_is_not(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive(1, mac_b, mac_a);
	assert_flooded_from(1);
	receive(2, mac_a, mac_b);
	assert_only_to(1);
	receive(1, mac_b, mac_a);
	assert_only_to(2);
	assert_true(find(mac_a, 0, &e));
	assert_int_equal(e.ofport, 1);
	assert_false(e.is_static);
	assert_true(e.age <= 1);
}

static void broadcast_is_flooded_and_its_source_learned(void **state)
{
	(void)state;
	receive(3, broadcast, mac_a);
	assert_flooded_from(3);
	receive(4, mac_a, mac_b);
	assert_only_to(3);
}

static void a_multicast_source_is_not_learned(void **state)
{
	static const uint8_t multicast[6] = { 3, 0, 0, 0, 0, 0xa };

	(void)state;
	receive(1, mac_b, multicast);
	assert_flooded_from(1);
	assert_int_equal(count_entries(), 0);
}

static void an_address_moves_at_once(void **state)
{
	(void)state;
	receive(1, broadcast, mac_a);
	receive(2, broadcast, mac_a);
	receive(3, mac_a, mac_b);
	assert_only_to(2);
	assert_int_equal(count_entries(), 2);
}

static void a_packet_for_where_it_came_from_goes_nowhere(void **state)
{
	uint64_t n = drops(SKEP_DROP_SAME_PORT);

	(void)state;
	receive(1, broadcast, mac_a);
	receive(1, mac_a, mac_b);
	assert_int_equal(t.n_out, 0);
	assert_int_equal(drops(SKEP_DROP_SAME_PORT), n + 1);
}

static void an_address_that_is_not_heard_of_ages_out(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive(1, broadcast, mac_a);
	pass(298);
	receive(2, mac_a, mac_b);
	assert_only_to(1);
	assert_true(find(mac_a, 0, &e));
	assert_true(e.age >= 297 && e.age <= 300);
	pass(3);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
	assert_false(find(mac_a, 0, &e));
}

static void hearing_of_an_address_keeps_it(void **state)
{
	(void)state;
	receive(1, broadcast, mac_a);
	for (int i = 0; i < 5; i++) {
		pass(200);
		receive(1, broadcast, mac_a);
	}
	receive(2, mac_a, mac_b);
	assert_only_to(1);
}

static void the_ageing_time_can_be_changed_and_0_learns_nothing(void **state)
{
	(void)state;
	dp_bridge_set_ageing(t.dp, t.bridge, 10);
	receive(1, broadcast, mac_a);
	pass(11);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
	dp_bridge_set_ageing(t.dp, t.bridge, 0);
	receive(1, broadcast, mac_a);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
	assert_int_equal(count_entries(), 0);
}

/* Within a second the entry is not written: the cache line stays shared between CPUs. */
static void a_second_packet_within_the_second_stores_nothing(void **state)
{
	bool is_same = false;

	(void)state;
	/* The second may end in between: not five times in a row. */
	for (int i = 0; i < 5 && !is_same; i++) {
		struct skep_fdb_bucket *before;

		receive(1, broadcast, mac_a);
		before = save_fdb();
		receive(1, broadcast, mac_a);
		is_same = !memcmp(before, fdb_region(), FDB_BYTES);
		free(before);
	}
	assert_true(is_same);
}

/* --- Ports that come and go --- */

static void a_port_that_goes_takes_its_addresses_along(void **state)
{
	(void)state;
	receive(1, broadcast, mac_a);
	receive(2, broadcast, mac_b);
	dp_port_del(t.dp, t.bridge, 1);
	assert_int_equal(count_entries(), 1);
	add_port(1);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
}

/* A packet that was under way when its port went learns after that. */
static void what_is_learned_of_a_port_that_is_gone_is_not_believed(void **state)
{
	struct skep_fdb_bucket *before;
	struct dp_fdb_entry e;

	(void)state;
	receive(1, broadcast, mac_a);
	receive(2, broadcast, mac_b);
	before = save_fdb();
	dp_port_del(t.dp, t.bridge, 1);
	restore_fdb(before);
	assert_int_equal(count_entries(), 1);
	receive(2, mac_a, mac_b);
	assert_int_equal(t.n_out, N_PORTS - 2);
	add_port(1);
	reclaim_all(t.dp);
	assert_false(find(mac_a, 0, &e));
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
}

static void a_flush_forgets_what_was_learned_and_keeps_static_entries(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive(1, broadcast, mac_a);
	receive(2, broadcast, mac_b);
	assert_int_equal(dp_fdb_set(t.dp, t.bridge, 0, mac_c, 1), 0);
	dp_fdb_flush(t.dp, t.bridge, 1);
	assert_false(find(mac_a, 0, &e));
	assert_true(find(mac_b, 0, &e));
	dp_fdb_flush(t.dp, t.bridge, PORT_ANY);
	assert_int_equal(count_entries(), 1);
	assert_true(find(mac_c, 0, &e) && e.is_static);
}

static void a_port_that_is_down_gets_nothing(void **state)
{
	(void)state;
	receive(1, broadcast, mac_a);
	dp_port_set_config(t.dp, t.bridge, 1, SKEP_PC_PORT_DOWN);
	receive(2, mac_a, mac_b);
	assert_int_equal(t.n_out, 0);
	receive(2, broadcast, mac_b);
	assert_int_equal(t.n_out, N_PORTS - 2);
	assert_false(went_to(1));
}

/* --- Bridges --- */

static void a_bridge_that_comes_later_knows_nothing_of_an_earlier_one(void **state)
{
	(void)state;
	receive(1, broadcast, mac_a);
	dp_bridge_del(t.dp, t.bridge);
	assert_int_equal(dp_bridge_add(t.dp, "br1", &t.bridge), 0);
	assert_int_equal(dp_bridge_set_standalone(t.dp, t.bridge, true), 0);
	for (uint32_t port = 1; port <= N_PORTS; port++)
		add_port(port);
	assert_int_equal(count_entries(), 0);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
}

static void bridges_beyond_the_first_get_room_and_keep_what_is_learned(void **state)
{
	uint32_t bridges[20], n_grown = t.dp->n_grown;
	struct dp_fdb_entry e;
	char name[16];

	(void)state;
	receive(1, broadcast, mac_a);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "more%d", i);
		assert_int_equal(dp_bridge_add(t.dp, name, &bridges[i]), 0);
		assert_int_equal(dp_fdb_set(t.dp, bridges[i], 0, mac_b, 1), 0);
	}
	assert_true(t.dp->n_grown > n_grown);
	assert_true(find(mac_a, 0, &e));
	assert_int_equal(count_entries(), 1);
	receive(2, mac_a, mac_b);
	assert_only_to(1);
}

static void a_standalone_bridge_needs_no_flows(void **state)
{
	static const uint32_t drop_port = 9;

	(void)state;
	add_flow(&drop_port, 1, TABLE_NONE);
	receive(1, broadcast, mac_a);
	assert_only_to(9);
	assert_int_equal(dp_bridge_set_standalone(t.dp, t.bridge, true), 0);
	receive(1, broadcast, mac_a);
	assert_flooded_from(1);
	receive(2, mac_a, mac_b);
	assert_only_to(1);
	add_port(30);
	receive(30, mac_b, mac_c);
	assert_only_to(2);
	assert_int_equal(dp_bridge_set_standalone(t.dp, t.bridge, false), 0);
	receive(30, mac_b, mac_c);
	assert_only_to(9);
}

static void reserved_addresses_are_forwarded_only_if_the_bridge_says_so(void **state)
{
	static const uint8_t stp[6] = { 1, 0x80, 0xc2, 0, 0, 0 }, lldp[6] = { 1, 0x80, 0xc2, 0, 0, 0xe };
	static const uint8_t beyond[6] = { 1, 0x80, 0xc2, 0, 0, 0x10 };
	uint64_t n = drops(SKEP_DROP_RESERVED);
	struct dp_fdb_entry e;

	(void)state;
	receive(1, stp, mac_a);
	assert_int_equal(t.n_out, 0);
	receive(1, lldp, mac_a);
	assert_int_equal(t.n_out, 0);
	assert_int_equal(drops(SKEP_DROP_RESERVED), n + 2);
	assert_false(find(mac_a, 0, &e));
	receive(1, beyond, mac_a);
	assert_flooded_from(1);
	dp_bridge_set_forward_bpdu(t.dp, t.bridge, true);
	receive(1, stp, mac_a);
	assert_flooded_from(1);
}

/* --- Static entries --- */

static void traffic_does_not_change_a_static_entry(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	assert_int_equal(dp_fdb_set(t.dp, t.bridge, 0, mac_a, 3), 0);
	/* From elsewhere it is forwarded all the same, as Open vSwitch does. */
	receive(5, broadcast, mac_a);
	assert_flooded_from(5);
	pass(1000);
	receive(2, mac_a, mac_b);
	assert_only_to(3);
	assert_true(find(mac_a, 0, &e));
	assert_true(e.is_static);
	assert_int_equal(e.ofport, 3);
	assert_int_equal(dp_fdb_set(t.dp, t.bridge, 0, mac_a, 4), 0);
	receive(2, mac_a, mac_b);
	assert_only_to(4);
	assert_int_equal(dp_fdb_del(t.dp, t.bridge, 0, mac_a), 0);
	assert_int_equal(dp_fdb_del(t.dp, t.bridge, 0, mac_a), -ENOENT);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
}

static void a_static_entry_replaces_a_learned_one(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive(1, broadcast, mac_a);
	assert_int_equal(dp_fdb_set(t.dp, t.bridge, 0, mac_a, 3), 0);
	assert_int_equal(count_entries(), 1);
	assert_true(find(mac_a, 0, &e) && e.is_static);
	receive(1, broadcast, mac_a);
	receive(2, mac_a, mac_b);
	assert_only_to(3);
}

static void a_static_entry_may_name_a_port_that_comes_later(void **state)
{
	(void)state;
	assert_int_equal(dp_fdb_set(t.dp, t.bridge, 0, mac_a, 40), 0);
	receive(2, mac_a, mac_b);
	assert_int_equal(t.n_out, 0);
	add_port(40);
	receive(2, mac_a, mac_b);
	assert_only_to(40);
}

static void bad_static_entries_are_refused(void **state)
{
	(void)state;
	assert_int_equal(dp_fdb_set(t.dp, t.bridge, 0, broadcast, 1), -EINVAL);
	assert_int_equal(dp_fdb_set(t.dp, t.bridge, 4096, mac_a, 1), -EINVAL);
	assert_int_equal(dp_fdb_set(t.dp, t.bridge + 1, 0, mac_a, 1), -EINVAL);
	assert_int_equal(dp_fdb_set(t.dp, t.bridge, 0, mac_a, 0), -EINVAL);
	assert_int_equal(count_entries(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)
		TEST(an_unknown_address_is_flooded_and_a_learned_one_is_not),
		TEST(broadcast_is_flooded_and_its_source_learned),
		TEST(a_multicast_source_is_not_learned),
		TEST(an_address_moves_at_once),
		TEST(a_packet_for_where_it_came_from_goes_nowhere),
		TEST(an_address_that_is_not_heard_of_ages_out),
		TEST(hearing_of_an_address_keeps_it),
		TEST(the_ageing_time_can_be_changed_and_0_learns_nothing),
		TEST(a_second_packet_within_the_second_stores_nothing),
		TEST(a_port_that_goes_takes_its_addresses_along),
		TEST(what_is_learned_of_a_port_that_is_gone_is_not_believed),
		TEST(a_flush_forgets_what_was_learned_and_keeps_static_entries),
		TEST(a_port_that_is_down_gets_nothing),
		TEST(a_bridge_that_comes_later_knows_nothing_of_an_earlier_one),
		TEST(bridges_beyond_the_first_get_room_and_keep_what_is_learned),
		TEST(a_standalone_bridge_needs_no_flows),
		TEST(reserved_addresses_are_forwarded_only_if_the_bridge_says_so),
		TEST(traffic_does_not_change_a_static_entry),
		TEST(a_static_entry_replaces_a_learned_one),
		TEST(a_static_entry_may_name_a_port_that_comes_later),
		TEST(bad_static_entries_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
