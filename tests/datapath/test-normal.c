// SPDX-License-Identifier: Apache-2.0
/*
 * The action NORMAL and standalone bridges: learning, ageing, static entries, the split horizon; VLANs are in normal_vlan.c.  On each
 * build of the pipeline (harness.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/datapath/normal_util.h"

#define FDB_BYTES (FDB_REGION * sizeof(struct skep_fdb_bucket))

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

static unsigned int n_disturbed;

/* Sets, deletes and forgets what the programs are learning: addresses 0 to 63. */
static void disturb(void)
{
	unsigned int n = n_disturbed + 1;
	uint8_t mac[6] = { 2, 0, 0, 0, 0, (uint8_t)(n_disturbed++ % 64) };

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
	while (n_disturbed < 64) /* this thread had little of the time */
		disturb();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};
	int ret;

	if (!harness_start())
		return 77;
	ret = cmocka_run_group_tests(tests, NULL, NULL) + run_vlan_tests();
	harness_stop();
	return ret;
}
