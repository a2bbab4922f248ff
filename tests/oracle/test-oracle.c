// SPDX-License-Identifier: Apache-2.0
/*
 * The oracle's pipeline and actions: docs/semantics.md from "Tables" on, with frames whose bytes, before and
 * after, are worked out by hand or (checksums) were made by scapy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/oracle/hex.h"
#include "tests/oracle/oracle_util.h"

#define UDP	 MACS "08004500001f00010000401166cb0a0000010a00000203e80035000b2356616263"
#define UDP_TTL1 MACS "08004500001f000100000111a5cb0a0000010a00000203e80035000b2356616263"
#define TCP6                                                                                        \
	MACS "86dd600000000016064020010db800000000000000000000000120010db80000000000000000"         \
	     "000000020001005000000007000000005002" "2000bb9a00007879"
#define NS                                                                                          \
	MACS "86dd6000000000203afffe800000000000000000000000000001ff0200000000000000000001ff000002" \
	     "87007a9700000000fe8000000000000000000000000000020101020000000001"
#define ARP MACS "0806000108000604000102000000" "00010a0000010000000000000a000002"

/* Tables. */

static void test_tables(void **state)
{
	(void)state;
	run(1, UDP);
	assert_int_equal(r.end, ORACLE_END_MISS);
	assert_int_equal(r.n_lookups[0], 1);
	assert_int_equal(r.n_matches[0], 0);

	rule(0, 0);
	output(apply(), PORT_CONTROLLER);
	add();
	rule(0, 10);
	match_set_u64(&fm.match, FIELD_ETH_TYPE, 0x0800);
	output(apply(), 2);
	add();
	rule(0, 20);
	match_set_u64(&fm.match, FIELD_ETH_TYPE, 0x0800);
	match_set_u64(&fm.match, FIELD_IP_PROTO, 6);
	output(apply(), 3);
	add();

	run(1, UDP);
	assert_int_equal(r.n_outputs, 1);
	expect_output(0, 2, UDP);
	assert_int_equal(r.n_hits, 1);
	assert_int_equal(r.hits[0].cookie, 10);
	assert_int_equal(r.hits[0].n_packets, 1);
	assert_int_equal(r.hits[0].n_bytes, 45);
	assert_int_equal(r.n_matches[0], 1);

	run(1, ARP);
	assert_int_equal(r.n_outputs, 1);
	expect_packet_in(0, ORACLE_NO_MATCH, 0, 0, 42);
	assert_int_equal(r.n_matches[0], 1);
}

static void test_add_replaces_and_delete_is_strict(void **state)
{
	(void)state;
	rule(0, 10);
	output(apply(), 2);
	add();
	rule(0, 10);
	fm.cookie = 99;
	output(apply(), 3);
	add();
	assert_int_equal(oracle_n_rules(o), 1);
	run(1, UDP);
	expect_output(0, 3, UDP);
	assert_int_equal(r.hits[0].cookie, 99);

	assert_false(oracle_del_strict(o, rule(0, 11)));
	assert_false(oracle_del_strict(o, rule(1, 10)));
	rule(0, 10);
	match_set_u64(&fm.match, FIELD_IN_PORT, 1);
	assert_false(oracle_del_strict(o, &fm));
	assert_true(oracle_del_strict(o, rule(0, 10)));
	assert_int_equal(oracle_n_rules(o), 0);
}

static void test_masks_and_metadata(void **state)
{
	struct field_value v = { { 10, 0, 0, 0 } }, mask = { { 255, 255, 255, 254 } };

	(void)state;
	rule(0, 1);
	fm.instructions.has_metadata = true;
	fm.instructions.metadata = 0x0f;
	fm.instructions.metadata_mask = 0xff;
	fm.instructions.goto_table = 3;
	add();
	rule(3, 1);
	match_set_u64(&fm.match, FIELD_METADATA, 0x0f);
	fm.instructions.has_metadata = true;
	fm.instructions.metadata = 0x31;
	fm.instructions.metadata_mask = 0xf1;
	fm.instructions.goto_table = 200;
	add();
	rule(200, 1);
	match_set_u64(&fm.match, FIELD_METADATA, 0x3f);
	match_set_u64(&fm.match, FIELD_IN_PORT, 1);
	match_set_u64(&fm.match, FIELD_ETH_TYPE, 0x0800);
	match_set(&fm.match, FIELD_IPV4_SRC, &v, &mask);
	output(apply(), PORT_CONTROLLER);
	add();

	run(1, UDP);
	assert_int_equal(r.n_outputs, 1);
	expect_packet_in(0, ORACLE_ACTION, 200, 200 * 0x10000 + 1, 45);
	assert_int_equal(r.outputs[0].metadata, 0x3f);
	assert_int_equal(r.outputs[0].in_port, 1);
	assert_int_equal(r.n_hits, 3);
	run(2, UDP);
	assert_int_equal(r.end, ORACLE_END_MISS);
	assert_int_equal(r.n_lookups[200], 1);
	assert_int_equal(r.n_matches[200], 0);
	assert_int_equal(r.n_lookups[4], 0);
}

static void test_later_tables_match_the_changed_packet(void **state)
{
	(void)state;
	rule(0, 1);
	set_field(apply(), FIELD_ETH_DST, "0a0000000001");
	fm.instructions.goto_table = 1;
	add();
	rule(1, 1);
	match_set_u64(&fm.match, FIELD_ETH_DST, 0x0a0000000001);
	output(apply(), 2);
	add();
	run(1, MACS "88b5");
	expect_output(0, 2, "0a0000000001" "020000000001" "88b5");
	assert_int_equal(r.hits[1].n_bytes, 14);
}

/* The action set. */

static void test_set_is_executed_in_its_order(void **state)
{
	(void)state;
	/* Written in the wrong order: output, set-field, TTL, push, pop. */
	rule(0, 1);
	output(write_set(), 2);
	set_field(write_set(), FIELD_VLAN_VID, "1abc");
	add_action(write_set(), ACTION_SET_NW_TTL)->ttl = 9;
	add_action(write_set(), ACTION_DEC_NW_TTL);
	add_action(write_set(), ACTION_PUSH_VLAN)->ethertype = 0x88a8;
	add_action(write_set(), ACTION_POP_VLAN);
	add();
	/* The tag 5/3 goes, the new one has the copy of what is then outermost (none): 0, then the vid is set. */
	run(1, MACS "8100 6005 0800 4500001f00010000401166cb0a0000010a00000203e80035000b2356616263");
	assert_int_equal(r.n_outputs, 1);
	expect_output(0, 2, MACS "88a8 0abc 0800 4500001f0001000009119dcb0a0000010a00000203e80035000b2356616263");
}

static void test_set_keeps_the_last_of_each(void **state)
{
	(void)state;
	rule(0, 1);
	output(write_set(), 2);
	set_field(write_set(), FIELD_ETH_DST, "0a0000000001");
	set_field(write_set(), FIELD_ETH_SRC, "0a0000000002");
	fm.instructions.goto_table = 1;
	add();
	rule(1, 1);
	output(write_set(), 3);
	set_field(write_set(), FIELD_ETH_DST, "0a0000000003");
	add();
	run(1, MACS "88b5");
	assert_int_equal(r.n_outputs, 1);
	expect_output(0, 3, "0a0000000003 0a0000000002 88b5");

	/* clear comes before write, and after apply. */
	rule(1, 1);
	output(apply(), 4);
	fm.instructions.has_clear = true;
	output(write_set(), 5);
	add();
	run(1, MACS "88b5");
	assert_int_equal(r.n_outputs, 2);
	expect_output(0, 4, MACS "88b5");
	expect_output(1, 5, MACS "88b5");
}

static void test_set_without_output_or_after_a_miss(void **state)
{
	(void)state;
	rule(0, 1);
	output(apply(), 2);
	set_field(write_set(), FIELD_ETH_DST, "0a0000000001");
	add();
	run(1, UDP);
	assert_int_equal(r.n_outputs, 1);

	/* Still executed: its TTL may be invalid. */
	rule(0, 1);
	add_action(write_set(), ACTION_DEC_NW_TTL);
	add();
	run(1, UDP_TTL1);
	assert_int_equal(r.n_outputs, 1);
	expect_packet_in(0, ORACLE_INVALID_TTL, 0, ORACLE_NO_COOKIE, 45);

	/* A miss in table 1 executes no set. */
	rule(0, 1);
	output(apply(), 3);
	output(write_set(), 2);
	fm.instructions.goto_table = 1;
	add();
	run(1, UDP);
	assert_int_equal(r.n_outputs, 1);
	expect_output(0, 3, UDP);
	assert_int_equal(r.end, ORACLE_END_MISS);
}

/* Output. */

static void check_outputs(uint32_t in_port, uint32_t port, unsigned int n, const uint32_t *to)
{
	oracle_clear(o);
	rule(0, 1);
	output(apply(), port);
	add();
	run(in_port, UDP);
	assert_int_equal(r.n_outputs, n);
	for (unsigned int i = 0; i < n; i++)
		expect_output(i, to[i], UDP);
}

static void test_output_ports(void **state)
{
	static const uint32_t one[] = { 1 }, two[] = { 2 }, local[] = { PORT_LOCAL };
	static const uint32_t all1[] = { 2, 3, 4, 5, 8, 9, PORT_LOCAL };
	static const uint32_t all_local[] = { 1, 2, 3, 4, 5, 8, 9 };

	(void)state;
	check_outputs(1, 2, 1, two);
	check_outputs(1, 1, 0, NULL);
	check_outputs(1, PORT_IN_PORT, 1, one);
	check_outputs(1, PORT_LOCAL, 1, local);
	check_outputs(PORT_LOCAL, PORT_LOCAL, 0, NULL);
	check_outputs(PORT_LOCAL, PORT_IN_PORT, 1, local);
	check_outputs(1, 6, 0, NULL);
	check_outputs(1, 7, 0, NULL);
	check_outputs(1, 10, 0, NULL);
	check_outputs(7, PORT_IN_PORT, 0, NULL);
	check_outputs(1, PORT_TABLE, 0, NULL);
	check_outputs(1, PORT_NORMAL, 7, all1);
	check_outputs(1, PORT_ALL, 7, all1);
	check_outputs(1, PORT_FLOOD, 7, all1);
	check_outputs(PORT_LOCAL, PORT_ALL, 7, all_local);
}

static void test_receiving(void **state)
{
	(void)state;
	rule(0, 1);
	output(apply(), 2);
	output(apply(), PORT_CONTROLLER);
	add();
	run(6, UDP);
	assert_int_equal(r.n_outputs + r.n_lookups[0], 0);
	run(8, UDP);
	assert_int_equal(r.n_outputs + r.n_lookups[0], 0);
	run(33, UDP);
	assert_int_equal(r.n_outputs + r.n_lookups[0], 0);
	run(1, "02000000000202000000000188");
	assert_int_equal(r.end, ORACLE_END_RUNT);
	assert_int_equal(r.n_outputs + r.n_lookups[0], 0);
	run(7, UDP);
	assert_int_equal(r.n_outputs, 2);
	run(9, UDP); /* what a rule sends is no table miss */
	assert_int_equal(r.n_outputs, 2);
	expect_output(0, 2, UDP);
}

static void test_packet_in(void **state)
{
	(void)state;
	/* Of a copy as it is then, all of it whatever max_len says. */
	rule(0, 5);
	output(apply(), PORT_CONTROLLER);
	fm.instructions.apply.a[0].output.max_len = 20;
	add_action(apply(), ACTION_PUSH_VLAN)->ethertype = 0x8100;
	output(apply(), PORT_CONTROLLER);
	output(apply(), PORT_CONTROLLER);
	fm.instructions.apply.a[3].output.max_len = 0;
	add();
	run(1, UDP);
	assert_int_equal(r.n_outputs, 3);
	expect_packet_in(0, ORACLE_ACTION, 0, 5, 45);
	assert_int_equal(r.outputs[0].total_len, 45);
	expect_packet_in(1, ORACLE_ACTION, 0, 5, 49);
	expect_packet_in(2, ORACLE_ACTION, 0, 5, 49);
	assert_int_equal(r.outputs[2].total_len, 49);

	/* Priority 0 alone makes no table-miss rule, nor does matching all. */
	rule(0, 5);
	assert_true(oracle_del_strict(o, &fm));
	rule(0, 0);
	match_set_u64(&fm.match, FIELD_IN_PORT, 1);
	output(apply(), PORT_CONTROLLER);
	add();
	run(1, UDP);
	expect_packet_in(0, ORACLE_ACTION, 0, 0, 45);

	/* OFPPC_NO_PACKET_IN keeps table misses from the controllers, not what a rule sends there. */
	oracle_clear(o);
	rule(0, 0);
	output(apply(), PORT_CONTROLLER);
	add();
	run(1, UDP);
	expect_packet_in(0, ORACLE_NO_MATCH, 0, 0, 45);
	run(9, UDP);
	assert_int_equal(r.n_outputs, 0);
	rule(0, 1);
	output(apply(), PORT_CONTROLLER);
	add();
	run(9, UDP);
	expect_packet_in(0, ORACLE_ACTION, 0, 1, 45);

	/* The action set is no rule's. */
	oracle_clear(o);
	rule(0, 0);
	output(write_set(), PORT_CONTROLLER);
	add();
	run(1, UDP);
	expect_packet_in(0, ORACLE_ACTION, 0, ORACLE_NO_COOKIE, 45);
}

/* set-field. */

static void test_set_vlan_and_type(void **state)
{
	(void)state;
	check_set(FIELD_VLAN_VID, "1fff", MACS "8100 7001 88b5", MACS "8100 7fff 88b5");
	check_set(FIELD_VLAN_VID, "0002", MACS "8100 f001 8100 0001", MACS "8100 f002 8100 0001");
	check_set(FIELD_VLAN_VID, "1fff", MACS "88b5 0001", MACS "88b5 0001");
	check_set(FIELD_VLAN_VID, "1fff", MACS "8100 0001 88", MACS "8100 0001 88");
	check_set(FIELD_VLAN_PCP, "05", MACS "88a8 1234 88b5", MACS "88a8 b234 88b5");
	check_set(FIELD_VLAN_PCP, "05", MACS "88b5 1234", MACS "88b5 1234");
	check_set(FIELD_ETH_TYPE, "88b6", MACS "8100 0001 8100 0002 88b5", MACS "8100 0001 8100 0002 88b6");
	check_set(FIELD_ETH_TYPE, "88b6", MACS "0008 aaaa03000000 88b5", MACS "0008 aaaa03000000 88b6");
	check_set(FIELD_ETH_TYPE, "88b6", MACS "0008 424203000000 88b5", MACS "0008 424203000000 88b5");
	check_set(FIELD_ETH_TYPE, "88b6", MACS "8100 00", MACS "88b6 00");
	check_set(FIELD_ETH_SRC, "0a0b0c0d0e0f", MACS "88b5", "0200000000020a0b0c0d0e0f88b5");
}

static void test_set_ip(void **state)
{
	(void)state;
	/* By scapy. */
	check_set(FIELD_IPV4_SRC, "0a090807", UDP,
		  MACS "08004500001f0001000040115ebc0a0908070a00000203e80035000b1b47616263");
	check_set(FIELD_UDP_DST, "14e9", UDP,
		  MACS "08004500001f00010000401166cb0a0000010a00000203e814e9000b0ea2616263");
	check_set(FIELD_IP_DSCP, "2e", UDP,
		  MACS "080045b8001f00010000401166130a0000010a00000203e80035000b2356616263");
	check_set(FIELD_IP_ECN, "03", UDP,
		  MACS "08004503001f00010000401166c80a0000010a00000203e80035000b2356616263");
	/* 17 becomes 6: the header's checksum grows by 11, and so does UDP's. */
	check_set(FIELD_IP_PROTO, "06", UDP,
		  MACS "08004500001f00010000400666d60a0000010a00000203e80035000b2361616263");
	/* A later fragment: the header alone. */
	check_set(FIELD_IP_PROTO, "06",
		  MACS "08004500002000010002401166c80a0000010a000002696a6b6c6d6e6f7071727374",
		  MACS "08004500002000010002400666d30a0000010a000002696a6b6c6d6e6f7071727374");
	/* Of another layer 4, or another layer 3: nothing. */
	check_set(FIELD_TCP_DST, "14e9", UDP, UDP);
	check_set(FIELD_IPV6_FLABEL, "0abcde", UDP, UDP);
	check_set(FIELD_IPV4_SRC, "0a090807", TCP6, TCP6);
	/* A later fragment: the header alone. */
	check_set(FIELD_IPV4_SRC, "0a090807",
		  MACS "08004500002000010002401166c80a0000010a000002696a6b6c6d6e6f7071727374",
		  MACS "0800450000200001000240115eb9" "0a0908070a000002696a6b6c6d6e6f7071727374");
	/* Layer 4 not wholly there (7 bytes of UDP): the header alone. */
	check_set(FIELD_IPV4_SRC, "0a090807", MACS "08004500001f00010000401166cb0a0000010a00000203e80035000b23",
		  MACS "08004500001f0001000040115ebc0a0908070a00000203e80035000b23");
}

static void test_set_ipv6(void **state)
{
	(void)state;
	/* By scapy. */
	check_set(FIELD_IPV6_DST, "fe8000000000000000000000abcd0001", TCP6,
		  MACS "86dd600000000016064020010db8000000000000000000000001"
		       "fe8000000000000000000000abcd0001"
		       "000100500000000700000000500220003f0600007879");
	check_set(FIELD_TCP_SRC, "ffff", TCP6,
		  MACS "86dd600000000016064020010db8000000000000000000000001"
		       "20010db8000000000000000000000002"
		       "ffff0050000000070000000050022000bb9b00007879");
	check_set(FIELD_IP_DSCP, "2e", TCP6,
		  MACS "86dd6b800000" "0016064020010db8000000000000000000000001"
		       "20010db8000000000000000000000002"
		       "00010050000000070000000050022000bb9a00007879");
	check_set(FIELD_IP_ECN, "01", TCP6,
		  MACS "86dd60100000" "0016064020010db8000000000000000000000001"
		       "20010db8000000000000000000000002"
		       "00010050000000070000000050022000bb9a00007879");
	check_set(FIELD_IPV6_FLABEL, "0abcde", TCP6,
		  MACS "86dd600abcde" "0016064020010db8000000000000000000000001"
		       "20010db8000000000000000000000002"
		       "00010050000000070000000050022000bb9a00007879");
	/* 6 becomes 17: TCP's checksum falls by 11. */
	check_set(FIELD_IP_PROTO, "11", TCP6,
		  MACS "86dd600000000016114020010db8000000000000000000000001"
		       "20010db8000000000000000000000002"
		       "00010050000000070000000050022000bb8f00007879");
	/* The protocol behind an extension header, with too little behind it for UDP. */
	check_set(FIELD_IP_PROTO, "3b",
		  MACS "86dd60000000000900400000000000000000000000000000000100000000000000000000000000000002"
		       "1100000000000000" "aa",
		  MACS "86dd60000000000900400000000000000000000000000000000100000000000000000000000000000002"
		       "3b00000000000000" "aa");
}

static void test_set_nd(void **state)
{
	(void)state;
	/* By scapy. */
	check_set(FIELD_IPV6_ND_TARGET, "20010db8000000000000000000000077", NS,
		  MACS "86dd6000000000203afffe800000000000000000000000000001ff0200000000000000000001ff000002"
		       "87004aea0000000020010db80000000000000000000000770101020000000001");
	check_set(FIELD_IPV6_ND_SLL, "0a0b0c0d0e0f", NS,
		  MACS "86dd6000000000203afffe800000000000000000000000000001ff0200000000000000000001ff000002"
		       "8700587100000000fe80000000000000000000000000000201010a0b0c0d0e0f");
	check_set(FIELD_IPV6_ND_TLL, "0a0b0c0d0e0f", NS, NS);
	/* With another code there is no target: the second set-field does nothing. */
	oracle_clear(o);
	rule(0, 1);
	set_field(apply(), FIELD_ICMPV6_CODE, "01");
	set_field(apply(), FIELD_IPV6_ND_TARGET, "20010db8000000000000000000000077");
	output(apply(), 2);
	add();
	run(1, NS);
	expect_output(0, 2,
		      MACS "86dd6000000000203afffe800000000000000000000000000001ff0200000000000000000001ff000002"
			   "87017a9600000000fe8000000000000000000000000000020101020000000001");
	/* A solicitation that becomes an advertisement has no sll, and no tll as the option is of type 1. */
	oracle_clear(o);
	rule(0, 1);
	set_field(apply(), FIELD_ICMPV6_TYPE, "88");
	set_field(apply(), FIELD_IPV6_ND_SLL, "0a0b0c0d0e0f");
	set_field(apply(), FIELD_IPV6_ND_TLL, "0a0b0c0d0e0f");
	output(apply(), 2);
	add();
	run(1, NS);
	expect_output(0, 2,
		      MACS "86dd6000000000203afffe800000000000000000000000000001ff0200000000000000000001ff000002"
			   "8800799700000000fe8000000000000000000000000000020101020000000001");
}

static void test_set_icmp_sctp_arp(void **state)
{
	(void)state;
	/* By scapy. */
	check_set(FIELD_ICMPV4_TYPE, "00", MACS "08004500001d00010000400166dd0a0000010a000002080086f40005000671",
		  MACS "08004500001d00010000400166dd0a0000010a00000200008ef40005000671");
	check_set(FIELD_SCTP_SRC, "1234",
		  MACS "08004500003400010000408466430a0000010a00000200070009" "0102030408dcc324"
		       "0000001400000001000000000000000064617461",
		  MACS "08004500003400010000408466430a0000010a00000212340009" "0102030452e5c7b3"
		       "0000001400000001000000000000000064617461");
	/* One that was wrong by 1 in its last byte stays so; padding does not count. */
	check_set(FIELD_SCTP_SRC, "1234",
		  MACS "08004500003400010000408466430a0000010a00000200070009" "0102030408dcc325"
		       "0000001400000001000000000000000064617461" "ffff",
		  MACS "08004500003400010000408466430a0000010a00000212340009" "0102030452e5c7b2"
		       "0000001400000001000000000000000064617461" "ffff");
	/* An IPv4 address is not in SCTP's checksum, nor in ICMP's. */
	check_set(FIELD_IPV4_SRC, "0a000003", MACS "08004500001d00010000400166dd0a0000010a000002080086f40005000671",
		  MACS "08004500001d00010000400166db0a0000030a000002080086f40005000671");

	check_set(FIELD_ARP_OP, "0002", ARP, MACS "080600010800060400020200000000010a0000010000000000000a000002");
	check_set(FIELD_ARP_SPA, "0b0c0d0e", ARP,
		  MACS "080600010800060400010200000000010b0c0d0e0000000000000a000002");
	check_set(FIELD_ARP_TPA, "0b0c0d0e", ARP,
		  MACS "080600010800060400010200000000010a0000010000000000000b0c0d0e");
	check_set(FIELD_ARP_SHA, "0a0b0c0d0e0f", ARP,
		  MACS "080600010800060400010a0b0c0d0e0f0a0000010000000000000a000002");
	check_set(FIELD_ARP_THA, "0a0b0c0d0e0f", ARP,
		  MACS "080600010800060400010200000000010a0000010a0b0c0d0e0f0a000002");
}

static void test_checksum_zeros(void **state)
{
	(void)state;
	/* No UDP checksum: none afterwards. */
	check_set(FIELD_UDP_SRC, "1111", MACS "08004500001f00010000401166cb0a0000010a00000203e80035000b0000616263",
		  MACS "08004500001f00010000401166cb0a0000010a00000211110035000b0000616263");
	/* 2356 falls by the 2356 that the port grows: 0000 is written ffff. */
	check_set(FIELD_UDP_SRC, "273e", UDP,
		  MACS "08004500001f00010000401166cb0a0000010a000002273e0035000bffff616263");
	/* IPv4's checksum has no such rule: 66cb falls by 66cb = the growth of the address. */
	check_set(FIELD_IPV4_SRC, "0a0066cc",
		  MACS "08004500001f0001000040ff66cb0a0000010a00000203e80035000b2356616263",
		  MACS "08004500001f0001000040ff00000a0066cc0a00000203e80035000b2356616263");
	/* A wrong one of ffff is the same as 0000, also if nothing changes. */
	check_set(FIELD_IP_DSCP, "00", MACS "08004500001f000100004011ffff0a0000010a00000203e80035000b2356616263",
		  MACS "08004500001f00010000401100000a0000010a00000203e80035000b2356616263");
	/* A wrong one stays wrong by the same: 66cb - 1 = 66ca, 5ebc - 1 = 5ebb. */
	check_set(FIELD_IPV4_SRC, "0a090807",
		  MACS "08004500001f00010000401166ca0a0000010a00000203e80035000b2355616263",
		  MACS "08004500001f0001000040115ebb0a0908070a00000203e80035000b1b46616263");
}

static void test_parsed_anew(void **state)
{
	(void)state;
	/* What becomes IPv4 can have its TTL decremented; what was UDP is TCP for the next action. */
	rule(0, 1);
	set_field(apply(), FIELD_ETH_TYPE, "0800");
	add_action(apply(), ACTION_DEC_NW_TTL);
	output(apply(), 2);
	add();
	run(1, MACS "88b54500001f00010000401166cb0a0000010a00000203e80035000b2356616263");
	expect_output(0, 2, MACS "08004500001f000100003f1167cb0a0000010a00000203e80035000b2356616263");

	oracle_clear(o);
	rule(0, 1);
	set_field(apply(), FIELD_IP_PROTO, "84");
	set_field(apply(), FIELD_UDP_SRC, "1111");
	set_field(apply(), FIELD_SCTP_DST, "0001");
	output(apply(), 2);
	add();
	/* UDP of 8 + 3 bytes is no SCTP: 12 are needed. 4011 -> 4084: the checksums fall by 73. */
	run(1, UDP);
	expect_output(0, 2, MACS "08004500001f00010000408466580a0000010a00000203e80035000b22e3616263");
}

/* TTL. */

static void test_ttl(void **state)
{
	(void)state;
	check_action(ACTION_DEC_NW_TTL, 0, UDP,
		     MACS "08004500001f000100003f1167cb0a0000010a00000203e80035000b2356616263");
	check_action(ACTION_SET_NW_TTL, 0, UDP_TTL1,
		     MACS "08004500001f000100000011a6cb0a0000010a00000203e80035000b2356616263");
	check_action(ACTION_DEC_NW_TTL, 0, TCP6,
		     MACS "86dd600000000016063f20010db8000000000000000000000001"
			  "20010db8000000000000000000000002"
			  "00010050000000070000000050022000bb9a00007879");
	check_action(ACTION_SET_NW_TTL, 255, TCP6,
		     MACS "86dd60000000001606ff20010db8000000000000000000000001"
			  "20010db8000000000000000000000002"
			  "00010050000000070000000050022000bb9a00007879");
	check_action(ACTION_DEC_NW_TTL, 0, ARP, ARP);
	check_action(ACTION_SET_NW_TTL, 9, MACS "0800" "44", MACS "0800" "44");
}

static void test_invalid_ttl_ends_processing(void **state)
{
	(void)state;
	rule(0, 7);
	output(apply(), 2);
	set_field(apply(), FIELD_ETH_DST, "0a0000000001");
	add_action(apply(), ACTION_DEC_NW_TTL);
	output(apply(), 3);
	output(write_set(), 4);
	fm.instructions.goto_table = 1;
	add();
	run(1, UDP_TTL1);
	assert_int_equal(r.end, ORACLE_END_TTL);
	assert_int_equal(r.n_outputs, 2);
	expect_output(0, 2, UDP_TTL1);
	expect_packet_in(1, ORACLE_INVALID_TTL, 0, 7, 45);
	assert_int_equal(r.bytes[r.outputs[1].at], 0x0a);
	assert_int_equal(r.bytes[r.outputs[1].at + 22], 1);
	assert_int_equal(r.n_lookups[1], 0);
	run(9, UDP_TTL1);
	assert_int_equal(r.n_outputs, 2);
	/* 0 is as invalid as 1, 2 is not. */
	run(1, MACS "08004500001f000100000011a6cb0a0000010a00000203e80035000b2356616263");
	assert_int_equal(r.end, ORACLE_END_TTL);
	run(1, MACS "08004500001f000100000211a4cb0a0000010a00000203e80035000b2356616263");
	assert_int_equal(r.end, ORACLE_END_MISS);
	assert_int_equal(r.n_outputs, 2);
	expect_output(1, 3, "0a0000000001020000000001"
			    "08004500001f000100000111a5cb0a0000010a00000203e80035000b2356616263");
}

/* VLAN. */

static void test_push_and_pop(void **state)
{
	(void)state;
	check_action(ACTION_PUSH_VLAN, 0x8100, MACS "88b5 01", MACS "8100 0000 88b5 01");
	check_action(ACTION_PUSH_VLAN, 0x88a8, MACS "8100 7abc 88b5", MACS "88a8 7abc 8100 7abc 88b5");
	check_action(ACTION_PUSH_VLAN, 0x8100, MACS "0003 424203", MACS "8100 0000 0003 424203");
	check_action(ACTION_PUSH_VLAN, 0x8100, MACS "8100 7a", MACS "8100 0000 8100 7a");
	check_action(ACTION_POP_VLAN, 0, MACS "88a8 7abc 8100 0001 88b5", MACS "8100 0001 88b5");
	check_action(ACTION_POP_VLAN, 0, MACS "8100 7abc 88b5 01", MACS "88b5 01");
	check_action(ACTION_POP_VLAN, 0, MACS "88b5 01", MACS "88b5 01");
	check_action(ACTION_POP_VLAN, 0, MACS "8100 0000 88", MACS "8100 0000 88");
}

/* Packet-out. */

static void packet_out(uint32_t in_port, const char *hex)
{
	uint8_t frame[ORACLE_FRAME_MAX];
	size_t len = hex_decode(hex, frame, sizeof(frame));

	oracle_packet_out(o, in_port, apply(), frame, len, &r);
	assert_false(r.overflow);
}

static void test_packet_out(void **state)
{
	(void)state;
	rule(0, 3);
	set_field(apply(), FIELD_ETH_DST, "0a0000000001");
	output(apply(), PORT_IN_PORT);
	add();

	/* TABLE has a copy of its own; the length counted is that on entry. */
	rule(0, 0);
	output(apply(), 2);
	add_action(apply(), ACTION_PUSH_VLAN)->ethertype = 0x8100;
	output(apply(), PORT_TABLE);
	output(apply(), 1);
	output(apply(), 3);
	output(apply(), PORT_CONTROLLER);
	packet_out(1, MACS "88b5");
	assert_int_equal(r.end, ORACLE_END_LIST);
	assert_int_equal(r.n_outputs, 4);
	expect_output(0, 2, MACS "88b5");
	expect_output(1, 1, "0a0000000001 020000000001 8100 0000 88b5");
	expect_output(2, 3, MACS "8100 0000 88b5");
	expect_packet_in(3, ORACLE_ACTION, 0, ORACLE_NO_COOKIE, 18);
	assert_int_equal(r.n_hits, 1);
	assert_int_equal(r.hits[0].n_bytes, 18);

	/* A packet-out is not received, and CONTROLLER is no port to hairpin to. */
	packet_out(8, MACS "88b5");
	assert_int_equal(r.n_outputs, 5);
	packet_out(PORT_CONTROLLER, MACS "88b5");
	assert_int_equal(r.n_outputs, 4);
	expect_output(1, 1, MACS "8100 0000 88b5");
	assert_int_equal(r.outputs[3].in_port, PORT_CONTROLLER);
	packet_out(9, MACS "88b5");
	assert_int_equal(r.n_outputs, 5);
}

/* Fragments. */

static void test_frag_drop(void **state)
{
	static const char *const fragments[] = {
		MACS "08004500001c000120004011000000000000000000000035100000080000",
		MACS "08004500001c000120014011000000000000000000000035100000080000",
		MACS "08004500001c000100014011000000000000000000000035100000080000",
		MACS "86dd6000000000082c400000000000000000000000000000000100000000000000000000000000000002"
		     "3b00000100000007",
		MACS "86dd600000000008" "2c400000000000000000000000000000000100000000000000000000000000000002"
		     "3b00000800000007",
	};
	static const char *const others[] = {
		UDP,
		MACS "08004500001c000140004011000000000000000000000035100000080000",
		MACS "86dd600000000008" "2c400000000000000000000000000000000100000000000000000000000000000002"
		     "3b00000000000007",
		MACS "080065000014000120004011" "00000a0000010a000002",
	};

	(void)state;
	rule(0, 1);
	output(apply(), 2);
	add();
	for (unsigned int drop = 0; drop < 2; drop++) {
		oracle_set_frag_drop(o, drop);
		for (unsigned int i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++) {
			run(1, fragments[i]);
			assert_int_equal(r.n_outputs, !drop);
			assert_int_equal(r.n_lookups[0], !drop);
		}
		for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			run(1, others[i]);
			assert_int_equal(r.n_outputs, 1);
		}
	}
}

static void test_tunnel_fields_are_zero_until_set(void **state)
{
	(void)state;
	rule(0, 1);
	match_set_u64(&fm.match, FIELD_TUNNEL_ID, 0);
	set_field(apply(), FIELD_TUNNEL_ID, "0000000000000064");
	set_field(apply(), FIELD_TUN_IPV6_DST, "20010db8000000000000000000000001");
	fm.instructions.goto_table = 1;
	add();
	rule(1, 2);
	match_set_u64(&fm.match, FIELD_TUNNEL_ID, 0x64);
	match_set_u64(&fm.match, FIELD_TUN_DST, 0);
	output(apply(), 2);
	add();
	rule(1, 1);
	output(apply(), 3);
	add();
	run(1, UDP);
	expect_only(2, UDP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tables),
		TEST(test_add_replaces_and_delete_is_strict),
		TEST(test_masks_and_metadata),
		TEST(test_later_tables_match_the_changed_packet),
		TEST(test_set_is_executed_in_its_order),
		TEST(test_set_keeps_the_last_of_each),
		TEST(test_set_without_output_or_after_a_miss),
		TEST(test_output_ports),
		TEST(test_receiving),
		TEST(test_packet_in),
		TEST(test_set_vlan_and_type),
		TEST(test_set_ip),
		TEST(test_set_ipv6),
		TEST(test_set_nd),
		TEST(test_set_icmp_sctp_arp),
		TEST(test_checksum_zeros),
		TEST(test_parsed_anew),
		TEST(test_ttl),
		TEST(test_invalid_ttl_ends_processing),
		TEST(test_push_and_pop),
		TEST(test_packet_out),
		TEST(test_frag_drop),
		TEST(test_tunnel_fields_are_zero_until_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + run_normal_tests() + run_tags_tests() +
	       run_groups_tests();
}
