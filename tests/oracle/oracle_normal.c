// SPDX-License-Identifier: Apache-2.0
/* The oracle's NORMAL: docs/distributed.md, with frames worked out by hand. */
#include <string.h>

#include "tests/oracle/oracle_util.h"

/* NORMAL.  Frames are a destination, a source, a tag or none, and a type. */

#define ALL_STATIONS "ffffffffffff"
#define STATION_A    "02000000000a"
#define STATION_B    "02000000000b"
#define NO_TAG	     "88b5"
#define TAG_10	     "8100000a88b5"
#define TAG_20	     "8100001488b5"
#define PRIORITY_5   "8100a00088b5"

static void normal_everywhere(void)
{
	rule(0, 1);
	output(apply(), PORT_NORMAL);
	add();
}

static struct oracle_port_vlan vlan_mode(enum oracle_vlan_mode mode, uint16_t tag)
{
	return (struct oracle_port_vlan){ .mode = mode, .tag = tag };
}

static void set_vlan(uint32_t port, enum oracle_vlan_mode mode, uint16_t tag)
{
	struct oracle_port_vlan vlan = vlan_mode(mode, tag);

	oracle_set_vlan(o, port, &vlan);
}

/* Ports 1 to 5: access 10, access 20, trunk, native-tagged 10, native-untagged 10.  LOCAL and 9: access 30. */
static void set_vlans(void)
{
	set_vlan(1, ORACLE_VLAN_ACCESS, 10);
	set_vlan(2, ORACLE_VLAN_ACCESS, 20);
	set_vlan(4, ORACLE_VLAN_NATIVE_TAGGED, 10);
	set_vlan(5, ORACLE_VLAN_NATIVE_UNTAGGED, 10);
	set_vlan(PORT_LOCAL, ORACLE_VLAN_ACCESS, 30);
	set_vlan(8, ORACLE_VLAN_ACCESS, 30);
	set_vlan(9, ORACLE_VLAN_ACCESS, 30);
}

/* All but 6 and 7, which send nothing. */
static void expect_flood_from_1(const char *hex)
{
	static const uint32_t ports[] = { 2, 3, 4, 5, 8, 9, PORT_LOCAL };

	assert_int_equal(r.n_outputs, 7);
	for (unsigned int i = 0; i < 7; i++)
		expect_output(i, ports[i], hex);
}

static void test_normal_learns_and_floods(void **state)
{
	(void)state;
	normal_everywhere();
	run(1, STATION_B STATION_A NO_TAG);
	expect_flood_from_1(STATION_B STATION_A NO_TAG);
	run(2, STATION_A STATION_B NO_TAG);
	expect_only(1, STATION_A STATION_B NO_TAG);
	run(1, STATION_B STATION_A NO_TAG);
	expect_only(2, STATION_B STATION_A NO_TAG);
	run(1, ALL_STATIONS STATION_A NO_TAG);
	expect_flood_from_1(ALL_STATIONS STATION_A NO_TAG);
	/* A moves to port 3; then B asks from there, too. */
	run(3, STATION_B STATION_A NO_TAG);
	expect_only(2, STATION_B STATION_A NO_TAG);
	run(2, STATION_A STATION_B NO_TAG);
	expect_only(3, STATION_A STATION_B NO_TAG);
	run(3, STATION_A STATION_B NO_TAG);
	assert_int_equal(r.n_outputs, 0);
	/* A group's address as source teaches nothing. */
	run(4, STATION_A "030000000001" NO_TAG);
	expect_only(3, STATION_A "030000000001" NO_TAG);
	run(1, "030000000001" STATION_B NO_TAG);
	expect_flood_from_1("030000000001" STATION_B NO_TAG);
}

static void test_normal_keeps_static_entries_and_the_split_horizon(void **state)
{
	struct oracle_fdb_entry entry = { { 2, 0, 0, 0, 0, 0x0a }, 0, 5, true };
	struct oracle_port_vlan isolated = { .is_isolated = true };

	(void)state;
	normal_everywhere();
	oracle_fdb_set(o, &entry);
	run(1, STATION_B STATION_A NO_TAG);
	run(2, STATION_A STATION_B NO_TAG);
	expect_only(5, STATION_A STATION_B NO_TAG);

	oracle_set_vlan(o, 2, &isolated);
	oracle_set_vlan(o, 5, &isolated);
	oracle_set_vlan(o, 8, &isolated);
	run(2, STATION_A STATION_B NO_TAG);
	assert_int_equal(r.n_outputs, 0);
	run(2, ALL_STATIONS STATION_B NO_TAG);
	assert_int_equal(r.n_outputs, 5);
	expect_output(0, 1, ALL_STATIONS STATION_B NO_TAG);
	expect_output(1, 3, ALL_STATIONS STATION_B NO_TAG);
	expect_output(2, 4, ALL_STATIONS STATION_B NO_TAG);
	expect_output(3, 9, ALL_STATIONS STATION_B NO_TAG);
	run(1, STATION_A STATION_B NO_TAG);
	expect_only(5, STATION_A STATION_B NO_TAG);
}

/* Tells the only entry that there is. */
static void expect_known(uint16_t vlan, uint32_t port, bool is_static)
{
	struct oracle_fdb_entry e;

	assert_int_equal(oracle_fdb_dump(o, &e, 1), 1);
	assert_int_equal(e.vlan, vlan);
	assert_int_equal(e.ofport, port);
	assert_int_equal(e.is_static, is_static);
}

static void test_normal_forgets(void **state)
{
	struct oracle_fdb_entry entry = { { 2, 0, 0, 0, 0, 0x0a }, 0, 5, true };

	(void)state;
	normal_everywhere();
	run(1, STATION_B STATION_A NO_TAG);
	expect_known(0, 1, false);
	oracle_fdb_flush(o, 2);
	expect_known(0, 1, false);
	oracle_fdb_flush(o, 1);
	assert_int_equal(oracle_fdb_dump(o, NULL, 0), 0);

	oracle_fdb_set(o, &entry);
	run(1, STATION_A STATION_B NO_TAG);
	assert_int_equal(oracle_fdb_dump(o, NULL, 0), 2);
	oracle_fdb_flush(o, PORT_ANY);
	expect_known(0, 5, true);
	assert_false(oracle_fdb_del(o, 1, entry.mac));
	assert_true(oracle_fdb_del(o, 0, entry.mac));
	assert_int_equal(oracle_fdb_dump(o, NULL, 0), 0);
}

static void test_normal_drops_reserved_addresses(void **state)
{
	(void)state;
	normal_everywhere();
	run(1, "0180c200000f" STATION_A NO_TAG);
	assert_int_equal(r.n_outputs, 0);
	run(2, STATION_A STATION_B NO_TAG); /* it taught nothing either */
	assert_int_equal(r.n_outputs, 7);
	run(1, "0180c2000010" STATION_A NO_TAG);
	expect_flood_from_1("0180c2000010" STATION_A NO_TAG);
	oracle_set_forward_bpdu(o, true);
	run(1, "0180c2000000" STATION_A NO_TAG);
	expect_flood_from_1("0180c2000000" STATION_A NO_TAG);
}

static void test_normal_and_vlans(void **state)
{
	struct oracle_port_vlan trunk = { .has_trunks = true, .trunks = { 1ULL << 20 } };

	(void)state;
	normal_everywhere();
	set_vlans();
	run(1, ALL_STATIONS STATION_A NO_TAG);
	assert_int_equal(r.n_outputs, 3);
	expect_output(0, 3, ALL_STATIONS STATION_A TAG_10);
	expect_output(1, 4, ALL_STATIONS STATION_A TAG_10);
	expect_output(2, 5, ALL_STATIONS STATION_A NO_TAG);
	run(5, STATION_A STATION_B NO_TAG);
	expect_only(1, STATION_A STATION_B NO_TAG);
	/* Known in VLAN 10 is not known in VLAN 20. */
	run(3, STATION_A STATION_B TAG_20);
	assert_int_equal(r.n_outputs, 3);
	expect_output(0, 2, STATION_A STATION_B NO_TAG);
	expect_output(1, 4, STATION_A STATION_B TAG_20);
	expect_output(2, 5, STATION_A STATION_B TAG_20);
	/* An access port takes no tag, be it of its own VLAN; a priority is none. */
	run(1, ALL_STATIONS STATION_A TAG_10);
	assert_int_equal(r.n_outputs, 0);
	run(1, ALL_STATIONS STATION_A PRIORITY_5);
	assert_int_equal(r.n_outputs, 3);
	expect_output(0, 3, ALL_STATIONS STATION_A "8100a00a88b5");
	expect_output(2, 5, ALL_STATIONS STATION_A NO_TAG);
	/* A trunk drops what it does not carry, VLAN 0 too. */
	oracle_set_vlan(o, 3, &trunk);
	run(3, ALL_STATIONS STATION_A NO_TAG);
	assert_int_equal(r.n_outputs, 0);
	run(3, ALL_STATIONS STATION_A TAG_10);
	assert_int_equal(r.n_outputs, 0);
	run(3, ALL_STATIONS STATION_A TAG_20);
	assert_int_equal(r.n_outputs, 3);
	run(1, ALL_STATIONS STATION_A NO_TAG);
	assert_int_equal(r.n_outputs, 2);
}

static void test_normal_leaves_the_packet_as_it_was(void **state)
{
	(void)state;
	rule(0, 1);
	output(apply(), PORT_NORMAL);
	set_field(apply(), FIELD_ETH_SRC, STATION_B);
	output(apply(), 2);
	add();
	set_vlans();
	run(1, STATION_B STATION_A NO_TAG);
	assert_int_equal(r.n_outputs, 4);
	expect_output(0, 3, STATION_B STATION_A TAG_10);
	expect_output(3, 2, STATION_B STATION_B NO_TAG);
}

static void test_a_standalone_bridge_takes_normal_and_no_tables(void **state)
{
	(void)state;
	rule(0, 1);
	output(apply(), 5);
	add();
	oracle_set_standalone(o, true);
	run(1, STATION_B STATION_A NO_TAG);
	expect_flood_from_1(STATION_B STATION_A NO_TAG);
	assert_int_equal(r.n_hits, 0);
	assert_int_equal(r.n_lookups[0], 0);
	oracle_set_standalone(o, false);
	run(1, STATION_B STATION_A NO_TAG);
	expect_only(5, STATION_B STATION_A NO_TAG);
}

int run_normal_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_normal_learns_and_floods),
		TEST(test_normal_keeps_static_entries_and_the_split_horizon),
		TEST(test_normal_forgets),
		TEST(test_normal_drops_reserved_addresses),
		TEST(test_normal_and_vlans),
		TEST(test_normal_leaves_the_packet_as_it_was),
		TEST(test_a_standalone_bridge_takes_normal_and_no_tables),
	};

	return cmocka_run_group_tests_name("normal", tests, NULL, NULL);
}
