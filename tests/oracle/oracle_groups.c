// SPDX-License-Identifier: Apache-2.0
/* The oracle's groups and meters: docs/semantics.md, with frames worked out by hand. */
#include <string.h>

#include "tests/oracle/hex.h"
#include "tests/oracle/oracle_util.h"

#define FRAME	MACS "88b5 01"
#define CHANGED "0a0000000001 020000000001 88b5 01"

/* One group is made at a time: group(), its buckets, each with a list, then put(). */

static struct group_mod gm;
static struct bucket buckets[4];
static struct action_list lists[4];

static void group(uint32_t group_id, enum group_type type)
{
	gm = (struct group_mod){ .group_id = group_id, .type = type, .buckets = buckets };
}

static struct action_list *bucket(uint16_t weight, uint32_t watch_port, uint32_t watch_group)
{
	struct action_list *list = &lists[gm.n_buckets];

	buckets[gm.n_buckets++] = (struct bucket){
		.weight = weight, .watch_port = watch_port, .watch_group = watch_group, .actions = list->a
	};
	list->n = 0;
	return list;
}

static void put(void)
{
	for (unsigned int i = 0; i < gm.n_buckets; i++)
		buckets[i].n_actions = lists[i].n;
	oracle_group_mod(o, &gm);
}

static void rule_to_group(uint32_t group_id)
{
	rule(0, 1);
	action(apply(), ACTION_GROUP, group_id);
	add();
}

/* That a packet's way through the group, or bucket (-1: group), was counted so. */
static void expect_count(enum oracle_counter counter, uint32_t id, int part, uint64_t n_packets, uint64_t n_bytes)
{
	for (unsigned int i = 0; i < r.n_counts; i++) {
		if (r.counts[i].counter != counter || r.counts[i].id != id || r.counts[i].part != part)
			continue;
		assert_int_equal(r.counts[i].n_packets, n_packets);
		assert_int_equal(r.counts[i].n_bytes, n_bytes);
		return;
	}
	assert_int_equal(n_packets, 0);
}

static void test_each_bucket_has_a_copy(void **state)
{
	struct action_list *list;

	(void)state;
	group(1, GROUP_TYPE_ALL);
	/* Not in the order of an action set, in which it is executed. */
	list = bucket(0, PORT_ANY, GROUP_ANY);
	output(list, 2);
	set_field(list, FIELD_ETH_DST, "0a0000000001");
	action(list, ACTION_PUSH_VLAN, 0x8100);
	output(bucket(0, PORT_ANY, GROUP_ANY), 3);
	bucket(0, PORT_ANY, GROUP_ANY);
	put();
	rule(0, 1);
	action(apply(), ACTION_GROUP, 1);
	output(apply(), 4);
	add();
	run(1, FRAME);
	assert_int_equal(r.n_outputs, 3);
	expect_output(0, 2, "0a0000000001 020000000001 8100 0000 88b5 01");
	expect_output(1, 3, FRAME);
	expect_output(2, 4, FRAME);
	expect_count(ORACLE_GROUP, 1, -1, 1, 15);
	expect_count(ORACLE_GROUP, 1, 0, 1, 15);
	expect_count(ORACLE_GROUP, 1, 2, 1, 15);
}

static void test_a_group_takes_the_place_of_the_output(void **state)
{
	(void)state;
	group(1, GROUP_TYPE_INDIRECT);
	output(bucket(0, PORT_ANY, GROUP_ANY), 3);
	put();
	group(2, GROUP_TYPE_INDIRECT);
	output(bucket(0, PORT_ANY, GROUP_ANY), 4);
	action(&lists[0], ACTION_GROUP, 1);
	set_field(&lists[0], FIELD_ETH_DST, "0a0000000001");
	put();
	rule(0, 1);
	action(write_set(), ACTION_GROUP, 2);
	output(write_set(), 2);
	add();
	run(1, FRAME);
	expect_only(3, CHANGED);
	expect_count(ORACLE_GROUP, 1, -1, 1, 15);
	/* Without buckets, too. */
	group(2, GROUP_TYPE_ALL);
	put();
	run(1, FRAME);
	assert_int_equal(r.n_outputs, 0);
	expect_count(ORACLE_GROUP, 2, -1, 1, 15);
}

static void test_fast_failover_takes_the_first_live_bucket(void **state)
{
	(void)state;
	group(1, GROUP_TYPE_FF);
	output(bucket(0, 6, GROUP_ANY), 2); /* PORT_DOWN */
	put();
	group(2, GROUP_TYPE_FF);
	output(bucket(0, 300, GROUP_ANY), 2);
	output(bucket(0, PORT_ANY, 1), 3);
	output(bucket(0, 7, GROUP_ANY), 4); /* NO_FWD */
	output(bucket(0, 2, GROUP_ANY), 5);
	put();
	rule_to_group(2);
	run(1, FRAME);
	expect_only(4, FRAME);
	expect_count(ORACLE_GROUP, 2, 2, 1, 15);
	oracle_set_port_config(o, 6, 0);
	run(1, FRAME);
	expect_only(3, FRAME);
	oracle_set_port_config(o, 6, ORACLE_PORT_DOWN);
	oracle_set_port_config(o, 7, ORACLE_PORT_DOWN);
	oracle_set_port_config(o, 2, ORACLE_PORT_DOWN);
	run(1, FRAME);
	assert_int_equal(r.n_outputs, 0);
}

static void test_select_takes_any_live_bucket_and_keeps_it(void **state)
{
	(void)state;
	group(1, GROUP_TYPE_SELECT);
	output(bucket(1, PORT_ANY, GROUP_ANY), 2);
	output(bucket(0, PORT_ANY, GROUP_ANY), 3);
	output(bucket(5, PORT_ANY, GROUP_ANY), 6); /* PORT_DOWN */
	output(bucket(1, PORT_ANY, GROUP_ANY), 4);
	put();
	rule_to_group(1);
	run(1, FRAME);
	expect_only(2, FRAME);
	assert_true(oracle_choose_again(o));
	run(1, FRAME);
	expect_only(4, FRAME);
	expect_count(ORACLE_GROUP, 1, 3, 1, 15);
	oracle_chosen(o, true);
	run(1, FRAME);
	expect_only(4, FRAME);
	assert_false(oracle_choose_again(o));
	/* Another flow has a choice, and so has this one when ports change. */
	run(1, CHANGED);
	expect_only(2, CHANGED);
	assert_true(oracle_choose_again(o));
	run(1, CHANGED);
	expect_only(4, CHANGED);
	assert_false(oracle_choose_again(o));
	oracle_set_port_config(o, 4, ORACLE_PORT_DOWN);
	run(1, FRAME);
	expect_only(2, FRAME);
	assert_false(oracle_choose_again(o));
}

static void test_two_choices_are_all_pairs(void **state)
{
	unsigned int n = 0;
	uint32_t seen = 0;

	(void)state;
	for (uint32_t id = 1; id <= 2; id++) {
		group(id, GROUP_TYPE_SELECT);
		output(bucket(1, PORT_ANY, GROUP_ANY), 2);
		output(bucket(1, PORT_ANY, GROUP_ANY), 3);
		put();
	}
	rule(0, 1);
	action(apply(), ACTION_GROUP, 1);
	action(apply(), ACTION_GROUP, 2);
	action(apply(), ACTION_GROUP, 1); /* the same flow: no choice */
	add();
	do {
		run(1, FRAME);
		assert_int_equal(r.n_outputs, 3);
		assert_int_equal(r.outputs[0].port, r.outputs[2].port);
		seen |= 1u << ((r.outputs[0].port - 2) * 2 + r.outputs[1].port - 2);
		n++;
	} while (oracle_choose_again(o));
	assert_int_equal(n, 4);
	assert_int_equal(seen, 15);
}

static void test_packet_ins_of_buckets(void **state)
{
	(void)state;
	group(1, GROUP_TYPE_ALL);
	action(bucket(0, PORT_ANY, GROUP_ANY), ACTION_DEC_MPLS_TTL, 0);
	output(&lists[0], 3);
	output(bucket(0, PORT_ANY, GROUP_ANY), PORT_CONTROLLER);
	put();
	/* A table-miss rule, which sends nothing directly. */
	rule(0, 0);
	fm.cookie = 77;
	action(apply(), ACTION_GROUP, 1);
	output(apply(), 2);
	add();
	run(1, MACS "8847 00000101 01");
	assert_int_equal(r.n_outputs, 3);
	expect_packet_in(0, ORACLE_INVALID_TTL, 0, ORACLE_NO_COOKIE, 19);
	expect_packet_in(1, ORACLE_ACTION, 0, ORACLE_NO_COOKIE, 19);
	expect_output(2, 2, MACS "8847 00000101 01");
}

static void test_deleting_a_group_deletes_its_rules(void **state)
{
	(void)state;
	group(1, GROUP_TYPE_ALL);
	put();
	rule_to_group(1);
	rule(0, 2);
	output(apply(), 2);
	add();
	gm.command = GROUP_DELETE;
	oracle_group_mod(o, &gm);
	assert_int_equal(oracle_n_rules(o), 1);
}

/* Meters. */

static void meter(unsigned int n, const struct band *bands)
{
	struct meter_mod mm = { .meter_id = 1, .flags = METER_PKTPS | METER_BURST, .n_bands = n };

	memcpy(mm.bands, bands, n * sizeof(bands[0]));
	oracle_meter_mod(o, &mm);
}

static void test_bands(void **state)
{
	const struct band bands[] = { { BAND_DSCP_REMARK, 1, 1, 1 }, { BAND_DROP, 2, 2, 0 } };

	(void)state;
	meter(2, bands);
	rule(0, 1);
	fm.instructions.has_meter = true;
	fm.instructions.meter_id = 1;
	output(apply(), 2);
	add();
	/* AF11 becomes AF12: 0x28 to 0x30; the checksum falls by 8. */
	run(1, MACS "0800 4528001400010000 40fd 65c2 0a000001 0a000002");
	expect_only(2, MACS "0800 4528001400010000 40fd 65c2 0a000001 0a000002");
	run(1, MACS "0800 4528001400010000 40fd 65c2 0a000001 0a000002");
	expect_only(2, MACS "0800 4530001400010000 40fd 65ba 0a000001 0a000002");
	expect_count(ORACLE_METER, 1, 0, 1, 34);
	run(1, FRAME);
	assert_int_equal(r.n_outputs, 0);
	assert_int_equal(r.end, ORACLE_END_METER);
	assert_int_equal(r.n_hits, 1);
	expect_count(ORACLE_METER, 1, -1, 1, 15);
	expect_count(ORACLE_METER, 1, 1, 1, 15);
	expect_count(ORACLE_METER, 1, 0, 0, 0);
	/* Made anew, it is full. */
	meter(2, bands);
	run(1, FRAME);
	expect_only(2, FRAME);
}

/* The DSCP after a band of 'levels'. */
static void check_remark(uint8_t levels, const char *before, const char *after)
{
	const struct band bands[] = { { BAND_DSCP_REMARK, 1, 0, levels } };

	oracle_clear(o);
	meter(1, bands);
	rule(0, 1);
	fm.instructions.has_meter = true;
	fm.instructions.meter_id = 1;
	output(apply(), 2);
	add();
	run(1, before);
	expect_only(2, after);
}

#define TC(BYTES) MACS "86dd 6" BYTES "00000 0000 3b 40 00000000000000000000000000000001 00000000000000000000000000000002"

static void test_remark(void **state)
{
	(void)state;
	check_remark(1, TC("2b"), TC("33")); /* AF11 (10) to AF12 (12), ECN stays */
	check_remark(2, TC("28"), TC("38"));
	check_remark(200, TC("90"), TC("98")); /* AF42 */
	check_remark(0, TC("28"), TC("28"));
	check_remark(1, TC("00"), TC("00"));
	/* The highest already: not even a checksum's other zero. */
	check_remark(1, MACS "0800 4578001400010000 40fd ffff 0a000001 0a000002", MACS "0800 4578001400010000 40fd ffff 0a000001 0a000002");
	check_remark(1, TC("20"), TC("20")); /* CS1 */
	check_remark(1, TC("b8"), TC("b8")); /* EF */
	check_remark(1, TC("2c"), TC("2c")); /* 11 */
	check_remark(1, TC("a8"), TC("a8")); /* 42: there is no AF51 */
	check_remark(1, MACS "8847 00000140 4528001400010000", MACS "8847 00000140 4528001400010000");
}

int run_groups_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_bucket_has_a_copy),
		TEST(test_a_group_takes_the_place_of_the_output),
		TEST(test_fast_failover_takes_the_first_live_bucket),
		TEST(test_select_takes_any_live_bucket_and_keeps_it),
		TEST(test_two_choices_are_all_pairs),
		TEST(test_packet_ins_of_buckets),
		TEST(test_deleting_a_group_deletes_its_rules),
		TEST(test_bands),
		TEST(test_remark),
	};

	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
