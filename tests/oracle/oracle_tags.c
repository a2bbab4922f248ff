// SPDX-License-Identifier: Apache-2.0
/* The oracle's labels, I-TAGs and copied TTLs, with frames worked out by hand. */
#include "tests/oracle/hex.h"
#include "tests/oracle/oracle_util.h"

/* Of the same packet, with a TTL of 64 and of 1; checksums by scapy. */
#define IP_64 "4500001f00010000401166cb0a0000010a00000203e80035000b2356616263"
#define IP_1  "4500001f000100000111a5cb0a0000010a00000203e80035000b2356616263"
/* The fixed header of IPv6 with this hop limit and next header, and nothing in it. */
#define IP6(NEXT, HOPS) "600000000000" NEXT HOPS "0000000000000000000000000000000100000000000000000000000000000002"
#define CUSTOMER	"02000000000c 02000000000d"

static void test_push_mpls(void **state)
{
	(void)state;
	check_action(ACTION_PUSH_MPLS, 0x8847, MACS "0800" IP_64, MACS "8847 00000140" IP_64);
	check_action(ACTION_PUSH_MPLS, 0x8848, MACS "86dd" IP6("3b", "07"), MACS "8848 00000107" IP6("3b", "07"));
	check_action(ACTION_PUSH_MPLS, 0x8847, MACS "88b5 01", MACS "8847 00000100 01");
	/* Of a label: a copy, and not the last. */
	check_action(ACTION_PUSH_MPLS, 0x8847, MACS "8848 12345b07 01", MACS "8847 12345a07 12345b07 01");
	/* Behind all tags. */
	check_action(ACTION_PUSH_MPLS, 0x8847, MACS "88a8 0001 8100 0002 88b5 01", MACS "88a8 0001 8100 0002 8847 00000100 01");
	/* In SNAP; and where there is no type. */
	check_action(ACTION_PUSH_MPLS, 0x8847, MACS "0009 aaaa03000000 88b5 01", MACS "0009 aaaa03000000 8847 00000100 01");
	check_action(ACTION_PUSH_MPLS, 0x8847, MACS "0003 424203", MACS "0003 424203");
	/* A header that is not valid has no TTL. */
	check_action(ACTION_PUSH_MPLS, 0x8847, MACS "0800 65", MACS "8847 00000100 65");
}

static void test_pop_mpls(void **state)
{
	(void)state;
	check_action(ACTION_POP_MPLS, 0x0800, MACS "8847 00000140" IP_64, MACS "0800" IP_64);
	check_action(ACTION_POP_MPLS, 0x8847, MACS "8100 0002 8848 12345a07 12345b07 01", MACS "8100 0002 8847 12345b07 01");
	check_action(ACTION_POP_MPLS, 0x88b5, MACS "8847 00000040", MACS "88b5");
	check_action(ACTION_POP_MPLS, 0x88b5, MACS "8847 000000", MACS "8847 000000");
	check_action(ACTION_POP_MPLS, 0x88b5, MACS "88b6 00000140", MACS "88b6 00000140");
}

#define N40 "0102030405060708 0102030405060708 0102030405060708 0102030405060708 0102030405060708"

static void test_pops_leave_the_shortest_length(void **state)
{
	(void)state;
	/* 62, 60 and 59 bytes; and with the tag. */
	check_action(ACTION_POP_MPLS, 0x88b5, MACS "8847 00000140" N40 "aabbccdd", MACS "88b5" N40 "aabbccdd 0000");
	check_action(ACTION_POP_MPLS, 0x88b5, MACS "8847 00000140" N40 "aabb", MACS "88b5" N40 "aabb 00000000");
	check_action(ACTION_POP_MPLS, 0x88b5, MACS "8847 00000140" N40 "aa", MACS "88b5" N40 "aa");
	check_action(ACTION_POP_MPLS, 0x88b5, MACS "8100 0002 8847 00000140" N40 "aa", MACS "8100 0002 88b5" N40 "aa 00");
	check_action(ACTION_POP_PBB, 0, MACS "88e7 00000000" CUSTOMER "88b5" N40, CUSTOMER "88b5" N40 "000000000000");
}

static void test_set_mpls(void **state)
{
	(void)state;
	check_set(FIELD_MPLS_LABEL, "0abcde", MACS "8100 0001 8847 12345b07 12345b07", MACS "8100 0001 8847 abcdeb07 12345b07");
	check_set(FIELD_MPLS_TC, "02", MACS "8847 12345b07", MACS "8847 12345507");
	check_set(FIELD_MPLS_BOS, "00", MACS "8847 12345b07", MACS "8847 12345a07");
	check_set(FIELD_MPLS_BOS, "01", MACS "8848 12345a07", MACS "8848 12345b07");
	check_set(FIELD_MPLS_TC, "02", MACS "8847 12345b", MACS "8847 12345b");
	check_set(FIELD_MPLS_TC, "02", MACS "88b5 12345b07", MACS "88b5 12345b07");
	check_action(ACTION_SET_MPLS_TTL, 9, MACS "8847 12345b07 12345b07", MACS "8847 12345b09 12345b07");
	check_action(ACTION_DEC_MPLS_TTL, 0, MACS "8847 12345b02 12345b07", MACS "8847 12345b01 12345b07");
	check_action(ACTION_DEC_MPLS_TTL, 0, MACS "88b5 12345b01", MACS "88b5 12345b01");
	/* Nothing beneath a label is changed. */
	check_action(ACTION_SET_NW_TTL, 1, MACS "8847 00000140" IP_64, MACS "8847 00000140" IP_64);
}

static void test_dec_mpls_ttl_of_1_is_invalid(void **state)
{
	static const char *const frames[] = { MACS "8847 12345b01", MACS "8847 12345b00" };

	(void)state;
	rule(0, 1);
	action(apply(), ACTION_DEC_MPLS_TTL, 0);
	output(apply(), 2);
	add();
	for (unsigned int i = 0; i < 2; i++) {
		run(1, frames[i]);
		assert_int_equal(r.n_outputs, 1);
		expect_packet_in(0, ORACLE_INVALID_TTL, 0, 1, 18);
		assert_int_equal(r.end, ORACLE_END_TTL);
	}
}

static void test_pbb(void **state)
{
	(void)state;
	check_action(ACTION_PUSH_PBB, 0x88e7, MACS "88b5 01", MACS "88e7 00000000" MACS "88b5 01");
	/* The priority of the tag, which goes inside; and the I-SID of an I-TAG. */
	check_action(ACTION_PUSH_PBB, 0x88e7, MACS "8100 b005 88b5", MACS "88e7 a0000000" MACS "8100 b005 88b5");
	check_action(ACTION_PUSH_PBB, 0x88e7, MACS "88e7 ffabcdef" CUSTOMER "88b5",
		     MACS "88e7 00abcdef" MACS "88e7 ffabcdef" CUSTOMER "88b5");
	check_action(ACTION_POP_PBB, 0, MACS "88e7 00abcdef" CUSTOMER "8100 0001 88b5 01", CUSTOMER "8100 0001 88b5 01");
	/* The B-TAG stays. */
	check_action(ACTION_POP_PBB, 0, MACS "88a8 000a 88e7 00abcdef" CUSTOMER "88b5 01", CUSTOMER "88a8 000a 88b5 01");
	check_action(ACTION_POP_PBB, 0, MACS "88e7 00abcdef" CUSTOMER "88", MACS "88e7 00abcdef" CUSTOMER "88");
	check_action(ACTION_POP_PBB, 0, MACS "88b5 00abcdef" CUSTOMER "88b5", MACS "88b5 00abcdef" CUSTOMER "88b5");
	check_set(FIELD_PBB_ISID, "012345", MACS "88a8 000a 88e7 ffabcdef" CUSTOMER "88b5", MACS "88a8 000a 88e7 ff012345" CUSTOMER "88b5");
	check_set(FIELD_PBB_ISID, "012345", MACS "88e7 ffabcdef" CUSTOMER "88", MACS "88e7 ffabcdef" CUSTOMER "88");
}

static void test_copied_ttls(void **state)
{
	(void)state;
	check_action(ACTION_COPY_TTL_OUT, 0, MACS "8847 00000101" IP_64, MACS "8847 00000140" IP_64);
	check_action(ACTION_COPY_TTL_IN, 0, MACS "8847 00000101" IP_64, MACS "8847 00000101" IP_1);
	check_action(ACTION_COPY_TTL_OUT, 0, MACS "8847 00000101" IP6("3b", "07"), MACS "8847 00000107" IP6("3b", "07"));
	check_action(ACTION_COPY_TTL_IN, 0, MACS "8847 00000101" IP6("3b", "07"), MACS "8847 00000101" IP6("3b", "01"));
	/* From label to label. */
	check_action(ACTION_COPY_TTL_OUT, 0, MACS "8847 00000001 00001102", MACS "8847 00000002 00001102");
	check_action(ACTION_COPY_TTL_IN, 0, MACS "8847 00000001 00001102" IP_64, MACS "8847 00000001 00001101" IP_64);
	/* From IP to IP. */
	check_action(ACTION_COPY_TTL_OUT, 0, MACS "86dd" IP6("29", "07") IP6("3b", "09"), MACS "86dd" IP6("29", "09") IP6("3b", "09"));
	check_action(ACTION_COPY_TTL_IN, 0, MACS "86dd" IP6("04", "01") IP_64, MACS "86dd" IP6("04", "01") IP_1);
	check_action(ACTION_COPY_TTL_IN, 0, MACS "86dd" IP6("29", "01") IP_64, MACS "86dd" IP6("29", "01") IP_64);
	/* There are no two. */
	check_action(ACTION_COPY_TTL_OUT, 0, MACS "8847 00000001 000011", MACS "8847 00000001 000011");
	check_action(ACTION_COPY_TTL_OUT, 0, MACS "8847 00000101 35", MACS "8847 00000101 35");
	check_action(ACTION_COPY_TTL_OUT, 0, MACS "8847 00000101", MACS "8847 00000101");
	check_action(ACTION_COPY_TTL_IN, 0, MACS "0800" IP_64, MACS "0800" IP_64);
}

/* Written in the wrong order, each of them: MPLS, PBB and VLAN are pushed in this one, and popped the other way round. */
static void test_order_of_the_set(void **state)
{
	(void)state;
	rule(0, 1);
	output(write_set(), 2);
	action(write_set(), ACTION_PUSH_VLAN, 0x88a8);
	action(write_set(), ACTION_PUSH_PBB, 0x88e7);
	action(write_set(), ACTION_PUSH_MPLS, 0x8847);
	action(write_set(), ACTION_SET_QUEUE, 3);
	add();
	run(1, MACS "88b5 01");
	expect_only(2, MACS "88a8 0000 88e7 00000000" MACS "8847 00000100 01");

	rule(0, 1);
	output(write_set(), 2);
	action(write_set(), ACTION_POP_MPLS, 0x88b5);
	action(write_set(), ACTION_POP_PBB, 0);
	action(write_set(), ACTION_POP_VLAN, 0);
	add();
	run(1, MACS "88a8 0000 88e7 00000000" MACS "8847 00000100 01");
	expect_only(2, MACS "88b5 01");

	/* In, and after the push out; then one less; then set. */
	rule(0, 1);
	output(write_set(), 2);
	action(write_set(), ACTION_DEC_NW_TTL, 0);
	action(write_set(), ACTION_COPY_TTL_OUT, 0);
	action(write_set(), ACTION_PUSH_MPLS, 0x8847);
	action(write_set(), ACTION_DEC_MPLS_TTL, 0);
	action(write_set(), ACTION_COPY_TTL_IN, 0);
	add();
	run(1, MACS "8847 00000109 0000110a" IP_64);
	expect_only(2, MACS "8847 00000008 00000109 0000110a" IP_64);
	action(write_set(), ACTION_SET_MPLS_TTL, 77);
	add();
	run(1, MACS "8847 00000109 0000110a" IP_64);
	expect_only(2, MACS "8847 0000004d 00000109 0000110a" IP_64);
}

static void test_in_phy_port_is_in_port(void **state)
{
	(void)state;
	rule(0, 1);
	match_set_u64(&fm.match, FIELD_IN_PORT, 3);
	match_set_u64(&fm.match, FIELD_IN_PHY_PORT, 3);
	output(apply(), 2);
	add();
	run(3, MACS "88b5");
	expect_only(2, MACS "88b5");
	run(4, MACS "88b5");
	assert_int_equal(r.n_outputs, 0);
}

int run_tags_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_push_mpls),	    TEST(test_pop_mpls),
		TEST(test_pops_leave_the_shortest_length),
		TEST(test_set_mpls),	    TEST(test_dec_mpls_ttl_of_1_is_invalid),
		TEST(test_pbb),		    TEST(test_copied_ttls),
		TEST(test_order_of_the_set), TEST(test_in_phy_port_is_in_port),
	};

	return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
