// SPDX-License-Identifier: Apache-2.0
/*
 * The action NORMAL and standalone bridges: learning, ageing, static entries, VLANs, the split horizon.  On each build
 * of the pipeline (harness.h).
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

#include "tests/datapath/harness.h"

enum { N_PORTS = 9 };
#define FDB_BYTES (FDB_REGION * sizeof(struct skep_fdb_bucket))

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 0xa }, mac_b[6] = { 2, 0, 0, 0, 0, 0xb };
static const uint8_t mac_c[6] = { 2, 0, 0, 0, 0, 0xc };
static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* A flow for all packets that outputs to 'ports'. */
static void add_flow(uint8_t table, const uint32_t *ports, unsigned int n, uint8_t goto_table)
{
	static struct flow_mod fm;

	fm = (struct flow_mod){ .table_id = table, .out_port = PORT_ANY, .out_group = GROUP_ANY };
	instructions_init(&fm.instructions);
	fm.instructions.goto_table = goto_table;
	fm.instructions.has_apply = true;
	fm.instructions.apply.n = n;
	for (unsigned int i = 0; i < n; i++)
		fm.instructions.apply.a[i] =
			(struct action){ .type = ACTION_OUTPUT, .output.port = ports[i] };
	assert_int_equal(dp_flow_mod(h.dp, h.bridge, &fm), 0);
	dp_commit(h.dp);
}

/* Ports 1 to 9, and the flow `actions=NORMAL`. */
static int setup(void **state)
{
	static const uint32_t normal = PORT_NORMAL;

	(void)state;
	harness_open();
	for (uint32_t port = 1; port <= N_PORTS; port++)
		harness_add_port(port);
	add_flow(0, &normal, 1, SKEP_NO_GOTO);
	/* The same in each run: which addresses share a bucket. */
	BRIDGE(h.dp, h.bridge)->fdb_seed = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	harness_close();
	return 0;
}

/* Of the tags that frames come with. */
static uint8_t tpid_high = 0x81, tpid_low;

static size_t make_frame(uint8_t *frame, const uint8_t *dst, const uint8_t *src, int tci)
{
	size_t len = 12;

	memset(frame, 0, 64);
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	if (tci >= 0) {
		frame[12] = tpid_high;
		frame[13] = tpid_low;
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

	harness_receive(port, frame, len);
}

static void receive(uint32_t port, const uint8_t *dst, const uint8_t *src)
{
	receive_tagged(port, dst, src, -1);
}

static bool went_to(uint32_t port)
{
	for (unsigned int i = 0; i < h.n_out; i++) {
		if (h.out[i].port == port)
			return true;
	}
	return false;
}

static void assert_only_to(uint32_t port)
{
	assert_int_equal(h.n_out, 1);
	assert_int_equal(h.out[0].port, port);
}

static void assert_flooded_from(uint32_t port)
{
	assert_int_equal(h.n_out, N_PORTS - 1);
	assert_false(went_to(port));
}

static uint64_t drops(enum skep_drop reason)
{
	uint64_t n;

	assert_non_null(dp_drop(h.dp, reason, &n));
	return n;
}

static struct skep_fdb_bucket *fdb_region(void)
{
	return MAP_ELEM(&h.dp->set, MAP_FDB, struct skep_fdb_bucket,
			BRIDGE(h.dp, h.bridge)->fdb_first);
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

	while (dp_fdb_next(h.dp, h.bridge, &cursor, ret)) {
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

	while (dp_fdb_next(h.dp, h.bridge, &cursor, &e))
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
	assert_int_equal(h.n_out, 0);
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
	dp_bridge_set_ageing(h.dp, h.bridge, 10);
	receive(1, broadcast, mac_a);
	pass(11);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
	dp_bridge_set_ageing(h.dp, h.bridge, 0);
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
	dp_port_del(h.dp, h.bridge, 1);
	assert_int_equal(count_entries(), 1);
	harness_add_port(1);
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
	dp_port_del(h.dp, h.bridge, 1);
	restore_fdb(before);
	assert_int_equal(count_entries(), 1);
	receive(2, mac_a, mac_b);
	assert_int_equal(h.n_out, N_PORTS - 2);
	harness_add_port(1);
	reclaim_all(h.dp);
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
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_c, 1), 0);
	dp_fdb_flush(h.dp, h.bridge, 1);
	assert_false(find(mac_a, 0, &e));
	assert_true(find(mac_b, 0, &e));
	dp_fdb_flush(h.dp, h.bridge, PORT_ANY);
	assert_int_equal(count_entries(), 1);
	assert_true(find(mac_c, 0, &e) && e.is_static);
}

static void a_port_that_is_down_gets_nothing(void **state)
{
	(void)state;
	receive(1, broadcast, mac_a);
	dp_port_set_config(h.dp, h.bridge, 1, SKEP_PC_PORT_DOWN);
	receive(2, mac_a, mac_b);
	assert_int_equal(h.n_out, 0);
	receive(2, broadcast, mac_b);
	assert_int_equal(h.n_out, N_PORTS - 2);
	assert_false(went_to(1));
}

/* --- Bridges --- */

static void a_bridge_that_comes_later_knows_nothing_of_an_earlier_one(void **state)
{
	(void)state;
	receive(1, broadcast, mac_a);
	dp_bridge_del(h.dp, h.bridge);
	assert_int_equal(dp_bridge_add(h.dp, "br1", &h.bridge), 0);
	assert_int_equal(dp_bridge_set_standalone(h.dp, h.bridge, true), 0);
	for (uint32_t port = 1; port <= N_PORTS; port++)
		harness_add_port(port);
	assert_int_equal(count_entries(), 0);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
}

static void bridges_beyond_the_first_get_room_and_keep_what_is_learned(void **state)
{
	uint32_t bridges[20], n_grown = h.dp->n_grown;
	struct dp_fdb_entry e;
	char name[16];

	(void)state;
	receive(1, broadcast, mac_a);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "more%d", i);
		assert_int_equal(dp_bridge_add(h.dp, name, &bridges[i]), 0);
		assert_int_equal(dp_fdb_set(h.dp, bridges[i], 0, mac_b, 1), 0);
	}
	assert_true(h.dp->n_grown > n_grown || h.dp->set.map[MAP_FDB].n > 20 * FDB_REGION);
	assert_true(find(mac_a, 0, &e));
	assert_int_equal(count_entries(), 1);
	receive(2, mac_a, mac_b);
	assert_only_to(1);
}

static void a_standalone_bridge_needs_no_flows(void **state)
{
	static const uint32_t other = 9;

	(void)state;
	add_flow(0, &other, 1, SKEP_NO_GOTO);
	receive(1, broadcast, mac_a);
	assert_only_to(9);
	assert_int_equal(dp_bridge_set_standalone(h.dp, h.bridge, true), 0);
	receive(1, broadcast, mac_a);
	assert_flooded_from(1);
	receive(2, mac_a, mac_b);
	assert_only_to(1);
	harness_add_port(30);
	receive(30, mac_b, mac_c);
	assert_only_to(2);
	assert_int_equal(dp_bridge_set_standalone(h.dp, h.bridge, false), 0);
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
	assert_int_equal(h.n_out, 0);
	receive(1, lldp, mac_a);
	assert_int_equal(h.n_out, 0);
	assert_int_equal(drops(SKEP_DROP_RESERVED), n + 2);
	assert_false(find(mac_a, 0, &e));
	receive(1, beyond, mac_a);
	assert_flooded_from(1);
	dp_bridge_set_forward_bpdu(h.dp, h.bridge, true);
	receive(1, stp, mac_a);
	assert_flooded_from(1);
}

/* --- Static entries --- */

static void traffic_does_not_change_a_static_entry(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_a, 3), 0);
	/* From elsewhere it is forwarded all the same, as Open vSwitch does. */
	receive(5, broadcast, mac_a);
	assert_flooded_from(5);
	pass(1000);
	receive(2, mac_a, mac_b);
	assert_only_to(3);
	assert_true(find(mac_a, 0, &e));
	assert_true(e.is_static);
	assert_int_equal(e.ofport, 3);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_a, 4), 0);
	receive(2, mac_a, mac_b);
	assert_only_to(4);
	assert_int_equal(dp_fdb_del(h.dp, h.bridge, 0, mac_a), 0);
	assert_int_equal(dp_fdb_del(h.dp, h.bridge, 0, mac_a), -ENOENT);
	receive(2, mac_a, mac_b);
	assert_flooded_from(2);
}

static void a_static_entry_replaces_a_learned_one(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive(1, broadcast, mac_a);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_a, 3), 0);
	assert_int_equal(count_entries(), 1);
	assert_true(find(mac_a, 0, &e) && e.is_static);
	receive(1, broadcast, mac_a);
	receive(2, mac_a, mac_b);
	assert_only_to(3);
}

static void a_static_entry_may_name_a_port_that_comes_later(void **state)
{
	(void)state;
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_a, 40), 0);
	receive(2, mac_a, mac_b);
	assert_int_equal(h.n_out, 0);
	harness_add_port(40);
	receive(2, mac_a, mac_b);
	assert_only_to(40);
}

static void bad_static_entries_are_refused(void **state)
{
	(void)state;
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, broadcast, 1), -EINVAL);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 4096, mac_a, 1), -EINVAL);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge + 5, 0, mac_a, 1), -EINVAL);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_a, 0), -EINVAL);
	assert_int_equal(count_entries(), 0);
}

/* --- The table is bounded, and fair --- */

/* Makes address number 'i' of those in the bucket of 'mac' (VLAN 0). */
static void same_bucket(const uint8_t mac[6], uint32_t i, uint8_t ret[6])
{
	const struct skep_bridge *b = BRIDGE(h.dp, h.bridge);
	uint64_t want = 0, key;
	uint32_t bucket;

	for (unsigned int k = 0; k < 6; k++)
		want = want << 8 | mac[k];
	bucket = skep_fdb_hash(b->fdb_seed, want << 16) & b->fdb_mask;
	for (key = 0x020100000000;; key++) {
		if ((skep_fdb_hash(b->fdb_seed, key << 16) & b->fdb_mask) == bucket && !i--)
			break;
	}
	for (unsigned int k = 0; k < 6; k++)
		ret[k] = (uint8_t)(key >> (40 - 8 * k));
}

static void one_port_does_not_drive_out_the_addresses_of_others(void **state)
{
	struct dp_fdb_entry e;
	uint8_t mac[6];

	(void)state;
	receive(2, broadcast, mac_a);
	same_bucket(mac_a, 0, mac);
	receive(3, broadcast, mac);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_c, 4), 0);
	for (uint32_t i = 1; i < 40; i++) {
		same_bucket(mac_a, i, mac);
		receive(1, broadcast, mac);
	}
	assert_int_equal(count_entries(), SKEP_FDB_WAYS + 1);
	assert_true(find(mac_a, 0, &e));
	same_bucket(mac_a, 0, mac);
	assert_true(find(mac, 0, &e));
	same_bucket(mac_a, 39, mac);
	assert_true(find(mac, 0, &e)); /* the newest is there, too */
}

static void a_full_bucket_forgets_its_oldest(void **state)
{
	struct dp_fdb_entry e;
	uint8_t mac[6];

	(void)state;
	for (uint32_t i = 0; i < SKEP_FDB_WAYS; i++) {
		same_bucket(mac_a, i, mac);
		receive(1 + i, broadcast, mac);
		pass(2);
	}
	same_bucket(mac_a, 0, mac);
	receive(1, broadcast, mac);
	same_bucket(mac_a, SKEP_FDB_WAYS, mac);
	receive(9, broadcast, mac);
	assert_true(find(mac, 0, &e));
	same_bucket(mac_a, 0, mac);
	assert_true(find(mac, 0, &e));
	same_bucket(mac_a, 1, mac);
	assert_false(find(mac, 0, &e));
	assert_int_equal(count_entries(), SKEP_FDB_WAYS);
}

static void static_entries_leave_a_place_to_learn_in(void **state)
{
	struct dp_fdb_entry e;
	uint8_t mac[6];

	(void)state;
	for (uint32_t i = 0; i < SKEP_FDB_WAYS - 1; i++) {
		same_bucket(mac_a, i, mac);
		assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac, 1), 0);
	}
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_a, 1), -ENOSPC);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac, 2), 0);
	for (uint32_t i = 10; i < 20; i++) {
		same_bucket(mac_a, i, mac);
		receive(3, broadcast, mac);
		assert_true(find(mac, 0, &e));
	}
	assert_int_equal(count_entries(), SKEP_FDB_WAYS);
}

static void a_flood_of_random_addresses_stays_in_bounds(void **state)
{
	unsigned int n = harness_n_ports >= 100 ? 300000 : 5000;
	uint8_t mac[6] = { 2, 9 };
	struct dp_fdb_entry e;

	(void)state;
	for (uint8_t i = 0; i < 100; i++) {
		mac[5] = i;
		assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac, 2), 0);
	}
	receive(3, broadcast, mac_a);
	srandom(1);
	for (unsigned int i = 0; i < n; i++) {
		long r = random();
		uint8_t src[6] = { 2, (uint8_t)i, (uint8_t)(r >> 24), (uint8_t)(r >> 16),
				   (uint8_t)(r >> 8), (uint8_t)r };

		receive(1, mac_a, src);
		assert_only_to(3);
	}
	for (uint8_t i = 0; i < 100; i++) {
		mac[5] = i;
		assert_true(find(mac, 0, &e) && e.is_static);
	}
	assert_true(find(mac_a, 0, &e));
	assert_int_equal(e.ofport, 3);
	assert_true(count_entries() <= FDB_REGION * SKEP_FDB_WAYS);
}

static void ten_thousand_addresses_are_all_kept(void **state)
{
	(void)state;
	/* With some seeds a bucket gets a ninth. */
	for (uint32_t port = N_PORTS + 1; port <= harness_n_ports; port++)
		harness_add_port(port);
	receive(1, broadcast, mac_b);
	for (uint32_t i = 0; i < 10000; i++) {
		uint8_t src[6] = { 2, 7, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };

		receive(1 + i % harness_n_ports, mac_b, src);
	}
	assert_int_equal(count_entries(), 10001);
	for (uint32_t i = 0; i < 10000; i += 7) {
		uint8_t dst[6] = { 2, 7, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };

		receive(1 + (i + 1) % harness_n_ports, dst, mac_c);
		assert_only_to(1 + i % harness_n_ports);
	}
}

/* Sets, deletes and forgets what the programs are learning: addresses 0 to 63. */
static void disturb(void)
{
	static unsigned int n;
	uint8_t mac[6] = { 2, 0, 0, 0, 0, (uint8_t)(n++ % 64) };

	if (mac[5] < 32)
		assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac, 3), 0);
	else
		dp_fdb_del(h.dp, h.bridge, 0, mac);
	if (n % 64 == 0)
		dp_fdb_flush(h.dp, h.bridge, n % 128 ? PORT_ANY : 1);
}

static void many_writers_leave_each_address_once_and_static_ones_alone(void **state)
{
	uint8_t mac[6] = { 2, 0, 0, 0, 0, 0 };
	struct dp_fdb_entry e;

	(void)state;
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, (const uint8_t[]){ 2, 1, 0, 0, 0, 0 }, 4), 0);
	/* All in a few buckets, so that they get into each other's way. */
	BRIDGE(h.dp, h.bridge)->fdb_mask = 15;
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, (const uint8_t[]){ 2, 1, 0, 0, 0, 0 }, 4), 0);
	if (!harness_storm(30000, (const uint8_t[]){ 2, 1, 0, 0, 0, 0 }, disturb))
		skip();
	for (uint32_t i = 0; i < 16; i++) {
		const struct skep_fdb_bucket *b = &fdb_region()[i];

		for (unsigned int k = 0; k < SKEP_FDB_WAYS; k++) {
			assert_int_equal(b->e[k].key & SKEP_FDB_BUSY, 0);
			for (unsigned int l = 0; l < k && b->e[k].key; l++)
				assert_true((b->e[k].key | SKEP_FDB_STATIC) !=
					    (b->e[l].key | SKEP_FDB_STATIC));
		}
	}
	for (mac[5] = 0; mac[5] < 32; mac[5]++) {
		assert_true(find(mac, 0, &e));
		assert_true(e.is_static);
		assert_int_equal(e.ofport, 3);
	}
	BRIDGE(h.dp, h.bridge)->fdb_mask = FDB_REGION - 1;
}

/* How often mac_c was not there, or more than once.  Asserted at the end: the threads look at the stack. */
static unsigned int n_not_once;

static void check_once(void)
{
	struct dp_cursor cursor = { 0 };
	struct dp_fdb_entry e;
	unsigned int n = 0;

	while (dp_fdb_next(h.dp, h.bridge, &cursor, &e))
		n += !memcmp(e.mac, mac_c, 6);
	n_not_once += n != 1;
	dp_fdb_flush(h.dp, h.bridge, PORT_ANY);
}

static void an_address_that_two_ports_send_from_at_once_is_learned_once(void **state)
{
	(void)state;
	BRIDGE(h.dp, h.bridge)->fdb_mask = 15;
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 0, mac_a, 4), 0);
	n_not_once = 0;
	if (!harness_race(5000, mac_c, mac_a, check_once))
		skip();
	assert_int_equal(n_not_once, 0);
	BRIDGE(h.dp, h.bridge)->fdb_mask = FDB_REGION - 1;
}

/* --- The split horizon --- */

static void nothing_goes_from_an_isolated_port_to_another(void **state)
{
	uint64_t n = drops(SKEP_DROP_SAME_PORT);

	(void)state;
	for (uint32_t port = 1; port <= 3; port++)
		assert_int_equal(dp_port_set_isolated(h.dp, h.bridge, port, true), 0);
	receive(1, broadcast, mac_a);
	assert_int_equal(h.n_out, N_PORTS - 3);
	assert_false(went_to(2) || went_to(3));
	receive(4, broadcast, mac_b);
	assert_flooded_from(4);
	receive(2, mac_a, mac_c);
	assert_int_equal(h.n_out, 0);
	assert_int_equal(drops(SKEP_DROP_SAME_PORT), n + 1);
	receive(4, mac_a, mac_b);
	assert_only_to(1);
	receive(1, mac_b, mac_a);
	assert_only_to(4);
	assert_int_equal(dp_port_set_isolated(h.dp, h.bridge, 2, false), 0);
	receive(2, mac_a, mac_c);
	assert_only_to(1);
}

/* --- VLANs --- */

static void set_vlan(uint32_t port, enum dp_vlan_mode mode, uint16_t pvid, const char *trunks)
{
	struct dp_port_vlan v = { .mode = mode, .pvid = pvid, .has_trunks = trunks != NULL };

	for (char *end; trunks && *trunks; trunks = *end ? end + 1 : end) {
		unsigned long vid = strtoul(trunks, &end, 10);

		v.trunks[vid / 64] |= 1ULL << vid % 64;
	}
	assert_int_equal(dp_port_set_vlan(h.dp, h.bridge, port, &v), 0);
}

struct port_mode {
	enum dp_vlan_mode mode;
	uint16_t pvid;
	const char *trunks; /* NULL: all */
};
#define ACCESS(N)     { DP_VLAN_ACCESS, N, NULL }
#define TRUNK         { DP_VLAN_TRUNK, 0, NULL }
#define TRUNKS(T)     { DP_VLAN_TRUNK, 0, T }
#define TAGGED(N, T)  { DP_VLAN_NATIVE_TAGGED, N, T }
#define UNTAGGED(N, T) { DP_VLAN_NATIVE_UNTAGGED, N, T }

enum { NOTHING = -2, NO_TAG = -1, PCP5 = 5 << 13 };

static const struct vlan_case {
	struct port_mode in, out;
	int tci_in, tci_out;
} vlan_cases[] = {
	/* What belongs to which VLAN, and what is dropped at once. */
	{ TRUNK, TRUNK, NO_TAG, NO_TAG },
	{ TRUNK, TRUNK, 10, 10 },
	{ TRUNK, TRUNK, PCP5 | 10, PCP5 | 10 },
	{ TRUNK, TRUNK, PCP5, NO_TAG },
	{ TRUNKS("10,20"), TRUNK, 10, 10 },
	{ TRUNKS("10,20"), TRUNK, 11, NOTHING },
	{ TRUNKS("10,20"), TRUNK, NO_TAG, NOTHING },
	{ TRUNKS("0,10"), TRUNK, NO_TAG, NO_TAG },
	{ TRUNKS("4095"), TRUNK, 4095, 4095 },
	{ ACCESS(10), TRUNK, NO_TAG, 10 },
	{ ACCESS(10), TRUNK, 10, NOTHING },
	{ ACCESS(10), TRUNK, 20, NOTHING },
	{ ACCESS(10), TRUNK, 0, 10 },
	{ ACCESS(10), TRUNK, PCP5, PCP5 | 10 },
	{ ACCESS(0), TRUNK, NO_TAG, NO_TAG },
	{ TAGGED(10, NULL), TRUNK, NO_TAG, 10 },
	{ TAGGED(10, NULL), TRUNK, 10, 10 },
	{ TAGGED(10, NULL), TRUNK, PCP5, PCP5 | 10 },
	{ TAGGED(10, NULL), TRUNK, 20, 20 },
	{ TAGGED(10, "20"), TRUNK, NO_TAG, 10 },
	{ TAGGED(10, "20"), TRUNK, 10, 10 },
	{ TAGGED(10, "20"), TRUNK, 20, 20 },
	{ TAGGED(10, "20"), TRUNK, 30, NOTHING },
	{ UNTAGGED(10, NULL), TRUNK, NO_TAG, 10 },
	{ UNTAGGED(10, "20"), TRUNK, 10, 10 },
	{ UNTAGGED(10, "20"), TRUNK, 30, NOTHING },
	/* How it leaves. */
	{ ACCESS(10), ACCESS(10), NO_TAG, NO_TAG },
	{ ACCESS(10), ACCESS(20), NO_TAG, NOTHING },
	{ ACCESS(10), ACCESS(10), PCP5, NO_TAG },
	{ TRUNK, ACCESS(10), 10, NO_TAG },
	{ TRUNK, ACCESS(10), PCP5 | 10, NO_TAG },
	{ TRUNK, ACCESS(10), NO_TAG, NOTHING },
	{ TRUNK, ACCESS(0), NO_TAG, NO_TAG },
	{ TRUNK, TRUNKS("10"), 10, 10 },
	{ TRUNK, TRUNKS("10"), 20, NOTHING },
	{ TRUNK, TRUNKS("10"), NO_TAG, NOTHING },
	{ TRUNK, TAGGED(10, NULL), 10, 10 },
	{ TRUNK, TAGGED(10, NULL), NO_TAG, NO_TAG },
	{ TRUNK, TAGGED(10, "20"), 20, 20 },
	{ TRUNK, TAGGED(10, "20"), 30, NOTHING },
	{ TRUNK, UNTAGGED(10, NULL), 10, NO_TAG },
	{ TRUNK, UNTAGGED(10, NULL), 20, 20 },
	{ TRUNK, UNTAGGED(10, "20"), 10, NO_TAG },
	{ TRUNK, UNTAGGED(10, "20"), PCP5 | 20, PCP5 | 20 },
	{ UNTAGGED(10, NULL), UNTAGGED(20, NULL), NO_TAG, 10 },
	{ UNTAGGED(10, NULL), UNTAGGED(20, NULL), 20, NO_TAG },
	{ ACCESS(10), UNTAGGED(10, NULL), NO_TAG, NO_TAG },
	{ ACCESS(10), TAGGED(10, NULL), NO_TAG, 10 },
};

/* What left through port 2 must be what the case says. */
static void check_vlan_case(const struct vlan_case *c, const char *how)
{
	int tci = NOTHING;

	for (unsigned int i = 0; i < h.n_out; i++) {
		if (h.out[i].port == 2)
			tci = h.out[i].tci;
		assert_int_equal(h.out[i].len, c->tci_in < 0 ? (h.out[i].tci < 0 ? 64 : 68)
							     : (h.out[i].tci < 0 ? 60 : 64));
	}
	if (tci != c->tci_out)
		fail_msg("case %d, %s: TCI %d, not %d", (int)(c - vlan_cases), how, tci, c->tci_out);
}

static void packets_stay_in_their_vlan(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vlan_cases) / sizeof(vlan_cases[0]); i++) {
		const struct vlan_case *c = &vlan_cases[i];

		set_vlan(1, c->in.mode, c->in.pvid, c->in.trunks);
		set_vlan(2, c->out.mode, c->out.pvid, c->out.trunks);
		receive_tagged(1, broadcast, mac_a, c->tci_in);
		check_vlan_case(c, "flooded");
		for (uint16_t vid = 0; vid <= 30; vid += 10)
			assert_int_equal(dp_fdb_set(h.dp, h.bridge, vid, mac_b, 2), 0);
		assert_int_equal(dp_fdb_set(h.dp, h.bridge, 4095, mac_b, 2), 0);
		receive_tagged(1, mac_b, mac_a, c->tci_in);
		check_vlan_case(c, "to a known address");
		assert_true(h.n_out <= 1);
	}
}

static void a_packet_of_a_vlan_that_the_port_lacks_is_counted_and_teaches_nothing(void **state)
{
	uint64_t n = drops(SKEP_DROP_VLAN);

	(void)state;
	set_vlan(1, DP_VLAN_ACCESS, 10, NULL);
	receive_tagged(1, broadcast, mac_a, 20);
	assert_int_equal(h.n_out, 0);
	assert_int_equal(drops(SKEP_DROP_VLAN), n + 1);
	assert_int_equal(count_entries(), 0);
}

static void an_address_is_learned_in_each_vlan_for_itself(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive_tagged(1, broadcast, mac_a, 10);
	receive_tagged(2, broadcast, mac_a, 20);
	assert_true(find(mac_a, 10, &e) && e.ofport == 1);
	assert_true(find(mac_a, 20, &e) && e.ofport == 2);
	receive_tagged(3, mac_a, mac_b, 10);
	assert_only_to(1);
	receive_tagged(3, mac_a, mac_b, 20);
	assert_only_to(2);
	receive_tagged(3, mac_a, mac_b, 30);
	assert_flooded_from(3);
}

static int tci_at(uint32_t port)
{
	for (unsigned int i = 0; i < h.n_out; i++) {
		if (h.out[i].port == port)
			return h.out[i].tci;
	}
	return NOTHING;
}

/* Ports 3 and 4 with, 5 and 6 without a tag, 7 and 8 elsewhere. */
static void set_mixed_vlans(void)
{
	set_vlan(1, DP_VLAN_ACCESS, 10, NULL);
	set_vlan(4, DP_VLAN_NATIVE_TAGGED, 10, NULL);
	set_vlan(5, DP_VLAN_ACCESS, 10, NULL);
	set_vlan(6, DP_VLAN_NATIVE_UNTAGGED, 10, "20");
	set_vlan(7, DP_VLAN_ACCESS, 20, NULL);
	set_vlan(8, DP_VLAN_TRUNK, 0, "20");
	set_vlan(9, DP_VLAN_ACCESS, 99, NULL);
}

static void assert_mixed(uint32_t in_port, int tci)
{
	for (uint32_t port = 1; port <= 9; port++) {
		int want = port == in_port || port >= 7 ? NOTHING
			   : port >= 2 && port <= 4	? tci
							: NO_TAG;

		if (tci_at(port) != want)
			fail_msg("port %u: TCI %d, not %d", port, tci_at(port), want);
	}
}

static void a_flood_gives_each_port_the_tag_that_it_wants(void **state)
{
	(void)state;
	set_mixed_vlans();
	receive(1, broadcast, mac_a);
	assert_mixed(1, 10);
	assert_int_equal(h.n_out, 5);
	receive_tagged(2, broadcast, mac_a, PCP5 | 10);
	assert_mixed(2, PCP5 | 10);
	receive_tagged(1, broadcast, mac_a, PCP5);
	assert_mixed(1, PCP5 | 10);
	receive_tagged(6, broadcast, mac_a, 10);
	assert_mixed(6, 10);
}

static void what_follows_normal_finds_the_packet_as_it_was(void **state)
{
	static const uint32_t then_9[] = { PORT_NORMAL, 9 }, nine = 9;
	static const uint32_t nine_first[] = { 9, PORT_NORMAL };

	(void)state;
	set_mixed_vlans();
	for (int round = 0; round < 3; round++) {
		if (round == 0) {
			add_flow(0, then_9, 2, SKEP_NO_GOTO);
		} else if (round == 1) {
			add_flow(0, then_9, 1, 1);
			add_flow(1, &nine, 1, SKEP_NO_GOTO);
		} else {
			add_flow(0, nine_first, 2, SKEP_NO_GOTO);
		}
		receive(1, broadcast, mac_a);
		assert_int_equal(tci_at(9), NO_TAG);
		assert_int_equal(tci_at(3), 10);
		assert_int_equal(h.n_out, 6);
		receive_tagged(1, broadcast, mac_a, PCP5);
		assert_int_equal(tci_at(9), PCP5);
		assert_int_equal(tci_at(5), NO_TAG);
		assert_int_equal(tci_at(3), PCP5 | 10);
		receive_tagged(2, broadcast, mac_a, PCP5 | 10);
		assert_int_equal(tci_at(9), PCP5 | 10);
		assert_int_equal(tci_at(1), NO_TAG);
		receive_tagged(2, broadcast, mac_a, 0x1000 | 10);
		assert_int_equal(tci_at(9), 0x1000 | 10);
		assert_int_equal(tci_at(3), 0x1000 | 10);
	}
}

static void a_service_tag_comes_back_as_one(void **state)
{
	static const uint32_t then_9[] = { PORT_NORMAL, 9 };

	(void)state;
	set_mixed_vlans();
	set_vlan(2, DP_VLAN_NATIVE_UNTAGGED, 10, NULL);
	set_vlan(3, DP_VLAN_ACCESS, 10, NULL);
	add_flow(0, then_9, 2, SKEP_NO_GOTO);
	tpid_high = 0x88;
	tpid_low = 0xa8;
	receive_tagged(6, broadcast, mac_a, 10);
	tpid_high = 0x81;
	tpid_low = 0;
	assert_int_equal(tci_at(9), 10);
	assert_int_equal(h.out[h.n_out - 1].port, 9);
	assert_int_equal(h.out[h.n_out - 1].tpid, 0x88a8);
	assert_int_equal(tci_at(1), NO_TAG);
	assert_int_equal(tci_at(4), 10);
}

static void a_port_whose_vlans_change_is_learned_anew(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive(1, broadcast, mac_a);
	receive(2, broadcast, mac_b);
	set_vlan(1, DP_VLAN_TRUNK, 0, NULL);
	assert_true(find(mac_a, 0, &e));
	set_vlan(1, DP_VLAN_ACCESS, 10, NULL);
	assert_false(find(mac_a, 0, &e));
	assert_true(find(mac_b, 0, &e));
}

static void bad_vlans_are_refused(void **state)
{
	const struct dp_port_vlan bad[] = {
		{ .mode = DP_VLAN_ACCESS, .pvid = 4096 },
		{ .mode = DP_VLAN_NATIVE_TAGGED, .pvid = 0 },
		{ .mode = DP_VLAN_NATIVE_UNTAGGED, .pvid = 4096 },
		{ .mode = (enum dp_vlan_mode)7 },
	};
	const struct dp_port_vlan good = { .mode = DP_VLAN_ACCESS, .pvid = 4095 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dp_port_set_vlan(h.dp, h.bridge, 1, &bad[i]), -EINVAL);
	assert_int_equal(dp_port_set_vlan(h.dp, h.bridge, 50, &good), -ENOENT);
	assert_int_equal(dp_port_set_isolated(h.dp, h.bridge, 50, true), -ENOENT);
	assert_int_equal(dp_port_set_vlan(h.dp, h.bridge, 1, &good), 0);
}

static void sets_of_vlans_are_used_again(void **state)
{
	uint32_t bump;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		set_vlan(1, DP_VLAN_TRUNK, 0, i % 2 ? "1,2" : "2,3");
		if (i % 10 == 0)
			reclaim_all(h.dp);
		if (i == 20)
			bump = h.dp->vlan_sets.bump;
	}
	assert_int_equal(h.dp->vlan_sets.bump, bump);
	dp_port_del(h.dp, h.bridge, 1);
	harness_add_port(1);
	receive_tagged(1, broadcast, mac_a, 77);
	assert_flooded_from(1);
}

static void more_sets_of_vlans_than_there_is_room_for_make_room(void **state)
{
	char trunks[16];

	(void)state;
	for (uint32_t port = N_PORTS + 1; port <= harness_n_ports; port++)
		harness_add_port(port);
	for (int round = 0; round < 3; round++) {
		for (uint32_t port = 1; port <= harness_n_ports; port++) {
			snprintf(trunks, sizeof(trunks), "%u", 100 + port + (uint32_t)round);
			set_vlan(port, DP_VLAN_TRUNK, 0, trunks);
		}
	}
	set_vlan(1, DP_VLAN_TRUNK, 0, NULL);
	for (uint32_t port = 2; port <= harness_n_ports; port++) {
		receive_tagged(1, broadcast, mac_a, (int)(102 + port));
		assert_only_to(port);
	}
}

/* --- Packet-outs --- */

static void packet_out(uint32_t in_port, const uint8_t *dst, const uint8_t *src, int tci)
{
	static struct action_list normal;
	uint8_t frame[64];
	size_t len = make_frame(frame, dst, src, tci);

	normal.n = 1;
	normal.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = PORT_NORMAL };
	harness_packet_out(in_port, &normal, frame, len);
}

static void a_packet_out_takes_normal_on_the_same_table(void **state)
{
	(void)state;
	receive(3, broadcast, mac_a);
	packet_out(PORT_CONTROLLER, mac_a, mac_b, -1);
	assert_only_to(3);
	assert_int_equal(count_entries(), 1);
	packet_out(5, broadcast, mac_c, -1);
	assert_flooded_from(5);
	receive(3, mac_c, mac_a);
	assert_only_to(5);
	packet_out(PORT_CONTROLLER, broadcast, mac_b, -1);
	assert_int_equal(h.n_out, N_PORTS);
}

static void a_packet_out_with_a_tag_is_of_that_vlan(void **state)
{
	(void)state;
	set_mixed_vlans();
	packet_out(PORT_CONTROLLER, broadcast, mac_a, 10);
	assert_int_equal(tci_at(1), NO_TAG);
	assert_int_equal(tci_at(2), 10);
	assert_int_equal(tci_at(8), NOTHING);
	assert_int_equal(h.n_out, 6);
}

static void a_packet_out_needs_no_flow_to_learn(void **state)
{
	uint32_t other;

	(void)state;
	assert_int_equal(dp_bridge_add(h.dp, "br1", &other), 0);
	assert_int_equal(BRIDGE(h.dp, other)->fdb_mask, 0);
	dp_bridge_del(h.dp, h.bridge);
	h.bridge = other;
	harness_add_port(1);
	harness_add_port(2);
	packet_out(1, broadcast, mac_a, -1);
	assert_only_to(2);
	packet_out(2, mac_a, mac_b, -1);
	assert_only_to(1);
}

/* --- Another process --- */

static void another_process_finds_all_as_it_was(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	set_mixed_vlans();
	receive(1, broadcast, mac_a);
	receive_tagged(2, broadcast, mac_b, 20);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 10, mac_c, 3), 0);
	if (!harness_restart())
		skip();
	assert_true(find(mac_a, 10, &e) && e.ofport == 1 && !e.is_static);
	assert_true(find(mac_c, 10, &e) && e.ofport == 3 && e.is_static);
	assert_int_equal(count_entries(), 3);
	receive_tagged(2, mac_a, mac_b, 10);
	assert_only_to(1);
	assert_int_equal(tci_at(1), NO_TAG);
	receive(1, broadcast, mac_a);
	assert_mixed(1, 10);
	/* Room is given out that is not in use. */
	assert_int_equal(dp_bridge_add(h.dp, "more", &(uint32_t){ 0 }), 0);
	set_vlan(5, DP_VLAN_TRUNK, 0, "30");
	set_vlan(6, DP_VLAN_TRUNK, 0, "31");
	receive_tagged(2, broadcast, mac_b, 20);
	assert_int_equal(tci_at(7), NO_TAG);
	assert_int_equal(tci_at(8), 20);
	assert_int_equal(tci_at(6), NOTHING);
}

static void a_standalone_bridge_stays_one_for_another_process(void **state)
{
	static const uint32_t other = 9;

	(void)state;
	add_flow(0, &other, 1, SKEP_NO_GOTO);
	assert_int_equal(dp_bridge_set_standalone(h.dp, h.bridge, true), 0);
	receive(1, broadcast, mac_a);
	if (!harness_restart())
		skip();
	receive(2, mac_a, mac_b);
	assert_only_to(1);
	assert_int_equal(dp_bridge_set_standalone(h.dp, h.bridge, false), 0);
	receive(2, mac_a, mac_b);
	assert_only_to(9);
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
		TEST(one_port_does_not_drive_out_the_addresses_of_others),
		TEST(a_full_bucket_forgets_its_oldest),
		TEST(static_entries_leave_a_place_to_learn_in),
		TEST(a_flood_of_random_addresses_stays_in_bounds),
		TEST(ten_thousand_addresses_are_all_kept),
		TEST(many_writers_leave_each_address_once_and_static_ones_alone),
		TEST(an_address_that_two_ports_send_from_at_once_is_learned_once),
		TEST(nothing_goes_from_an_isolated_port_to_another),
		TEST(packets_stay_in_their_vlan),
		TEST(a_packet_of_a_vlan_that_the_port_lacks_is_counted_and_teaches_nothing),
		TEST(an_address_is_learned_in_each_vlan_for_itself),
		TEST(a_flood_gives_each_port_the_tag_that_it_wants),
		TEST(what_follows_normal_finds_the_packet_as_it_was),
		TEST(a_service_tag_comes_back_as_one),
		TEST(a_port_whose_vlans_change_is_learned_anew),
		TEST(bad_vlans_are_refused),
		TEST(sets_of_vlans_are_used_again),
		TEST(more_sets_of_vlans_than_there_is_room_for_make_room),
		TEST(a_packet_out_takes_normal_on_the_same_table),
		TEST(a_packet_out_with_a_tag_is_of_that_vlan),
		TEST(a_packet_out_needs_no_flow_to_learn),
		TEST(another_process_finds_all_as_it_was),
		TEST(a_standalone_bridge_stays_one_for_another_process),
	};

	int ret;

	if (!harness_start())
		return 77;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	harness_stop();
	return ret;
}
