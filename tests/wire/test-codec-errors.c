// SPDX-License-Identifier: Apache-2.0
/*
 * The OpenFlow codecs: everything malformed gets its own error, and the error's message is right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/wire/codec_util.h"

/* Assembles a flow-mod in 'out' with a match of the TLVs 'oxm' and the instructions 'inst', both in
 * hex. */
static void build_flow_mod(struct buf *out, uint8_t command, uint8_t table_id, const char *oxm,
			   const char *inst)
{
	static uint8_t bytes[60000];
	size_t start = ofmsg_begin(out, OFPT_FLOW_MOD, XID), match, n;
	struct ofp_flow_mod w = { .command = command,
				  .table_id = table_id,
				  .out_port = 0xffffffff,
				  .out_group = 0xffffffff,
				  .buffer_id = 0xffffffff };

	buf_put(out, &w.cookie, sizeof(w) - sizeof(w.header));
	match = out->len;
	n = unhex(bytes, oxm);
	buf_put_be16(out, OFPMT_OXM);
	buf_put_be16(out, (uint16_t)(4 + n));
	buf_put(out, bytes, n);
	buf_pad8(out, match);
	buf_put(out, bytes, unhex(bytes, inst));
	ofmsg_end(out, start);
}

struct error_case {
	const char *title;
	const char *hex;
	enum ofp_err err;
};

#define ETH_IP	"80000a02 0800"
#define ETH_IP6 "80000a02 86dd"
#define TCP	"80001401 06"

static const struct error_case match_cases[] = {
	{ "no fields", "", OFP_OK },
	{ "a class that is not OpenFlow's", "00010a02 0800", OFPBMC_BAD_FIELD },
	{ "an experimenter's field", "ffff0a08 4f4e4600 00000000", OFPBMC_BAD_FIELD },
	{ "in_phy_port without in_port", "80000204 00000001", OFPBMC_BAD_PREREQ },
	{ "mpls_label of IPv4", "80000a02 0800 80004404 00000001", OFPBMC_BAD_PREREQ },
	{ "mpls_label of 21 bits", "80000a02 8847 80004404 00100000", OFPBMC_BAD_VALUE },
	{ "mpls_label of 3 bytes", "80000a02 8847 80004403 000001", OFPBMC_BAD_LEN },
	{ "mpls_tc of 4 bits", "80000a02 8847 80004601 08", OFPBMC_BAD_VALUE },
	{ "mpls_bos with a mask", "80000a02 8847 80004902 0101", OFPBMC_BAD_MASK },
	{ "pbb_isid of MPLS", "80000a02 8847 80004a03 000001", OFPBMC_BAD_PREREQ },
	{ "pbb_isid outside its mask", "80000a02 88e7 80004b06 000001 fffffe", OFPBMC_BAD_WILDCARDS },
	{ "ipv6_exthdr of IPv4", "80000a02 0800 80004e02 0001", OFPBMC_BAD_PREREQ },
	{ "ipv6_exthdr of 10 bits", "80000a02 86dd 80004e02 0200", OFPBMC_BAD_VALUE },
	{ "field 127", "8000fe02 0000", OFPBMC_BAD_FIELD },
	{ "a field that is too short", "80000a01 08", OFPBMC_BAD_LEN },
	{ "a field that is too long", "80000a03 080000", OFPBMC_BAD_LEN },
	{ "a field of no length", "80000a00", OFPBMC_BAD_LEN },
	{ "a TLV that goes beyond the match", "80000604 0a00", OFPBMC_BAD_LEN },
	{ "half a TLV header", "8000", OFPBMC_BAD_LEN },
	{ "a masked field without its mask", "80000706 0a0000000000", OFPBMC_BAD_LEN },
	{ "a mask on in_port", "80000108 00000001 ffffffff", OFPBMC_BAD_MASK },
	{ "a mask on eth_type", "80000b04 0800 ffff", OFPBMC_BAD_MASK },
	{ "a value outside its mask", "8000070c 0a0000000001 ffffffffff00", OFPBMC_BAD_WILDCARDS },
	{ "a masked eth_dst", "8000070c 010000000000 010000000000", OFP_OK },
	{ "a metadata mask", "80000510 0000000000001200 000000000000ff00", OFP_OK },
	{ "ip_dscp 64", ETH_IP "80001001 40", OFPBMC_BAD_VALUE },
	{ "ip_ecn 4", ETH_IP "80001201 04", OFPBMC_BAD_VALUE },
	{ "vlan_pcp 8", "80000c02 1001 80000e01 08", OFPBMC_BAD_VALUE },
	{ "ipv6_flabel", ETH_IP6 "80003804 000fffff", OFP_OK },
	{ "ipv6_flabel of 3 bytes", ETH_IP6 "80003803 0fffff", OFPBMC_BAD_LEN },
	{ "ipv6_flabel with a mask of 32 bits", ETH_IP6 "80003908 000fffff ffffffff", OFP_OK },
	{ "ipv6_flabel of 25 bits", ETH_IP6 "80003804 01000000", OFPBMC_BAD_VALUE },
	{ "ipv6_flabel of 21 bits", ETH_IP6 "80003804 00100000", OFPBMC_BAD_VALUE },
	{ "vlan_vid of 14 bits", "80000c02 3001", OFPBMC_BAD_VALUE },
	{ "vlan_vid without OFPVID_PRESENT", "80000c02 0064", OFPBMC_BAD_VALUE },
	{ "vlan_vid OFPVID_NONE", "80000c02 0000", OFP_OK },
	{ "vlan_vid with a tag of any number", "80000d04 1000 1000", OFP_OK },
	{ "vlan_vid in part", "80000d04 1004 100f", OFP_OK },
	{ "vlan_vid that cannot be, masked", "80000d04 0004 100f", OFPBMC_BAD_VALUE },
	{ "vlan_vid with a mask beyond its width", "80000d04 1064 ffff", OFP_OK },
	{ "a field twice", "80000604 0a0000000001 80000606 0a0000000001", OFPBMC_BAD_LEN },
	{ "eth_dst twice", "80000606 0a0000000001 80000606 0a0000000001", OFPBMC_DUP_FIELD },
	{ "eth_dst twice, once with mask 0",
	  "8000070c 000000000000 000000000000 80000606 0a0000000001", OFPBMC_DUP_FIELD },
	{ "ipv4_src alone", "80001604 0a000001", OFPBMC_BAD_PREREQ },
	{ "ipv4_src alone with mask 0, which is as good as absent", "80001708 00000000 00000000",
	  OFP_OK },
	{ "ipv4_src for IPv6", ETH_IP6 "80001604 0a000001", OFPBMC_BAD_PREREQ },
	{ "ipv4_src before eth_type", "80001604 0a000001" ETH_IP, OFPBMC_BAD_PREREQ },
	{ "tcp_dst", ETH_IP TCP "80001c02 0050", OFP_OK },
	{ "tcp_dst over IPv6", ETH_IP6 TCP "80001c02 0050", OFP_OK },
	{ "tcp_dst without ip_proto", ETH_IP "80001c02 0050", OFPBMC_BAD_PREREQ },
	{ "udp_dst for TCP", ETH_IP TCP "80002002 0050", OFPBMC_BAD_PREREQ },
	{ "icmpv6_type over IPv4", ETH_IP "80001401 3a 80003a01 87", OFPBMC_BAD_PREREQ },
	{ "ipv6_nd_sll in an advertisement",
	  ETH_IP6 "80001401 3a 80003a01 88 80004006 0a0000000001", OFPBMC_BAD_PREREQ },
	{ "arp_op for IPv4", ETH_IP "80002a02 0001", OFPBMC_BAD_PREREQ },
	{ "vlan_pcp alone", "80000e01 03", OFPBMC_BAD_PREREQ },
	{ "vlan_pcp of untagged packets", "80000c02 0000 80000e01 03", OFPBMC_BAD_PREREQ },
	{ "vlan_pcp of tagged packets", "80000d04 1000 1000 80000e01 03", OFP_OK },
	{ "tunnel_id", "80004c08 0000000000000064", OFP_OK },
	{ "tunnel_id of 4 bytes", "80004c04 00000064", OFPBMC_BAD_LEN },
	{ "tunnel_id, masked", "80004d10 0000000000000060 00000000000000f0", OFP_OK },
	{ "tunnel_id, also as Nicira's", "80004c08 0000000000000064 00012008 0000000000000064",
	  OFPBMC_DUP_FIELD },
	{ "tun_src", "00013e04 c0000201", OFP_OK },
	{ "tun_dst, masked", "00014108 c0000200 ffffff00", OFP_OK },
	{ "tun_ipv6_src of 4 bytes", "0001da04 c0000201", OFPBMC_BAD_LEN },
	{ "tun_flags", "0001d002 000f", OFP_OK },
	{ "tun_flags beyond what there is", "0001d002 0010", OFPBMC_BAD_VALUE },
	{ "a field of Nicira's that is not here", "00010004 00000001", OFPBMC_BAD_FIELD },
	{ "tun_tos", "ffff0205 736b6570 10", OFP_OK },
	{ "tun_ttl, masked", "ffff0506 736b6570 40 f0", OFP_OK },
	{ "tun_ttl twice", "ffff0405 736b6570 40 ffff0405 736b6570 40", OFPBMC_DUP_FIELD },
	{ "tun_tos without its value", "ffff0204 736b6570", OFPBMC_BAD_LEN },
	{ "half an experimenter's id", "ffff0202 736b", OFPBMC_BAD_LEN },
	{ "a Geneve option of 8 bytes", "00015008 0000000011223344", OFP_OK },
	{ "of 3", "00015003 223344", OFP_OK },
	{ "of none, which is 0", "00015000", OFP_OK },
	{ "of none, masked", "00015100", OFPBMC_BAD_LEN },
	{ "of 9", "00015009 000000000011223344", OFPBMC_BAD_LEN },
	{ "of half a byte and half a mask", "00015103 112233", OFPBMC_BAD_LEN },
	{ "of 2 bytes, masked", "00015104 1200 ff00", OFP_OK },
	{ "of 2 bytes, with more than its mask", "00015104 1234 ff00", OFPBMC_BAD_WILDCARDS },
	{ "another experimenter's field", "ffff0205 00002320 10", OFPBMC_BAD_FIELD },
	{ "a field that our experimenter has not", "ffff0605 736b6570 10", OFPBMC_BAD_FIELD },
};

static void run_cases(const struct error_case *cases, size_t n, bool is_match)
{
	for (size_t i = 0; i < n; i++) {
		const struct error_case *c = &cases[i];
		struct buf b = BUF_INIT;

		build_flow_mod(&b, FLOW_ADD, 3, is_match ? c->hex : "", is_match ? "" : c->hex);
		assert_err(decode_built(&b), c->err, c->title);
		buf_uninit(&b);
	}
}

static void test_a_bad_match_gets_its_error(void **state)
{
	(void)state;
	run_cases(match_cases, sizeof(match_cases) / sizeof(match_cases[0]), true);
}

static void test_a_mask_of_zeros_leaves_the_field_out(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	build_flow_mod(&b, FLOW_ADD, 0, "8000070c 000000000000 000000000000", "");
	assert_err(decode_built(&b), OFP_OK, "mask 0");
	assert_int_equal(msg.flow_mod.match.present, 0);
	buf_uninit(&b);
}

static void test_a_match_of_another_type_or_length_is_refused(void **state)
{
	struct buf b = BUF_INIT;
	const size_t match = sizeof(struct ofp_flow_mod);

	(void)state;
	build_flow_mod(&b, FLOW_ADD, 0, "", "");
	buf_set_be16(&b, match, OFPMT_STANDARD);
	assert_err(decode_built(&b), OFPBMC_BAD_TYPE, "standard");
	buf_set_be16(&b, match, OFPMT_OXM);
	buf_set_be16(&b, match + 2, 3);
	assert_err(decode_built(&b), OFPBMC_BAD_LEN, "3");
	buf_set_be16(&b, match + 2, 9);
	assert_err(decode_built(&b), OFPBMC_BAD_LEN, "9");
	buf_set_be16(&b, match + 2, 0xffff);
	assert_err(decode_built(&b), OFPBMC_BAD_LEN, "65535");
	buf_uninit(&b);
}

/* An instruction apply-actions, by its length in hex. */
#define APPLY(LEN)   "0004" LEN "00000000"
#define WRITE(LEN)   "0003" LEN "00000000"
#define OUTPUT(PORT) "00000010" PORT "ffff000000000000"

static const struct error_case instruction_cases[] = {
	{ "nothing", "", OFP_OK },
	{ "an empty list", APPLY("0008"), OFP_OK },
	{ "instruction 0", "0000000800000000", OFPBIC_UNKNOWN_INST },
	{ "instruction 7", "0007000800000000", OFPBIC_UNKNOWN_INST },
	{ "a meter", "0006000800000001", OFP_OK },
	{ "meter 0", "0006000800000000", OFPMMFC_INVALID_METER },
	{ "the last meter", "00060008ffff0000", OFP_OK },
	{ "the controller's meter", "00060008fffffffe", OFPMMFC_INVALID_METER },
	{ "a meter of 16 bytes", "00060010000000010000000000000000", OFPBIC_BAD_LEN },
	{ "two meters", "00060008000000010006000800000002", OFPBIC_DUP_INST },
	{ "an experimenter's", "ffff000800000001", OFPBIC_BAD_EXPERIMENTER },
	{ "a length of 0", "0004000000000000", OFPBIC_BAD_LEN },
	{ "a length of 12", "0004000c 00000000 00000000 00000000", OFPBIC_BAD_LEN },
	{ "a length beyond the message", "0004001000000000", OFPBIC_BAD_LEN },
	{ "half an instruction", "00040008", OFPBIC_BAD_LEN },
	{ "goto of 16 bytes", "00010010 04000000 0000000000000000", OFPBIC_BAD_LEN },
	{ "clear with actions", "00050018 00000000" OUTPUT("00000001"), OFPBIC_BAD_LEN },
	{ "goto ahead", "0001000804000000", OFP_OK },
	{ "goto itself", "0001000803000000", OFPBIC_BAD_TABLE_ID },
	{ "goto back", "0001000802000000", OFPBIC_BAD_TABLE_ID },
	{ "goto table 254", "00010008fe000000", OFPBIC_BAD_TABLE_ID },
	{ "goto table 255", "00010008ff000000", OFPBIC_BAD_TABLE_ID },
	{ "apply twice", APPLY("0008") APPLY("0008"), OFPBIC_DUP_INST },
	{ "output", APPLY("0018") OUTPUT("00000001"), OFP_OK },
	{ "output to the last port", APPLY("0018") OUTPUT("0000feff"), OFP_OK },
	{ "output to port 0", APPLY("0018") OUTPUT("00000000"), OFPBAC_BAD_OUT_PORT },
	{ "output beyond the last port", APPLY("0018") OUTPUT("0000ff00"), OFPBAC_BAD_OUT_PORT },
	{ "output to OFPP_MAX", APPLY("0018") OUTPUT("ffffff00"), OFPBAC_BAD_OUT_PORT },
	{ "output to an unnamed reserved port", APPLY("0018") OUTPUT("fffffff7"),
	  OFPBAC_BAD_OUT_PORT },
	{ "output to NORMAL", APPLY("0018") OUTPUT("fffffffa"), OFP_OK },
	{ "output to TABLE in a flow", APPLY("0018") OUTPUT("fffffff9"), OFPBAC_BAD_OUT_PORT },
	{ "output to ANY", APPLY("0018") OUTPUT("ffffffff"), OFPBAC_BAD_OUT_PORT },
	{ "output of 8 bytes", APPLY("0010") "0000000800000001", OFPBAC_BAD_LEN },
	{ "an action of no length", APPLY("0010") "0012000000000000", OFPBAC_BAD_LEN },
	{ "an action of 12 bytes", APPLY("0018") "0019000c 80000606 00000000 00000000",
	  OFPBAC_BAD_LEN },
	{ "an action beyond its instruction", APPLY("0010") "0000001000000001 0000000000000000",
	  OFPBAC_BAD_LEN },
	{ "pop_vlan of 16 bytes", APPLY("0018") "0012001000000000 0000000000000000",
	  OFPBAC_BAD_LEN },
	{ "action 1", APPLY("0010") "0001000800000000", OFPBAC_BAD_TYPE },
	{ "action 28", APPLY("0010") "001c000800000000", OFPBAC_BAD_TYPE },
	{ "action 10", APPLY("0010") "000a000800000000", OFPBAC_BAD_TYPE },
	{ "copy_ttl_out", APPLY("0010") "000b000800000000", OFP_OK },
	{ "copy_ttl_in", APPLY("0010") "000c000800000000", OFP_OK },
	{ "copy_ttl_in of 16 bytes", APPLY("0018") "000c001000000000 0000000000000000",
	  OFPBAC_BAD_LEN },
	{ "set_mpls_ttl", APPLY("0010") "000f000840000000", OFP_OK },
	{ "dec_mpls_ttl", APPLY("0010") "0010000800000000", OFP_OK },
	{ "push_mpls", APPLY("0010") "0013000888470000", OFP_OK },
	{ "push_mpls, multicast", APPLY("0010") "0013000888480000", OFP_OK },
	{ "push_mpls of VLAN's type", APPLY("0010") "0013000881000000", OFPBAC_BAD_ARGUMENT },
	{ "push_mpls of 16 bytes", APPLY("0018") "0013001088470000 0000000000000000",
	  OFPBAC_BAD_LEN },
	{ "pop_mpls", APPLY("0010") "0014000808000000", OFP_OK },
	{ "pop_mpls as what nobody knows", APPLY("0010") "00140008ffff0000", OFP_OK },
	{ "set_queue", APPLY("0010") "0015000800000001", OFP_OK },
	{ "set_queue OFPQ_ALL", APPLY("0010") "00150008ffffffff", OFPBAC_BAD_QUEUE },
	{ "push_pbb", APPLY("0010") "001a000888e70000", OFP_OK },
	{ "push_pbb of a service tag's type", APPLY("0010") "001a000888a80000",
	  OFPBAC_BAD_ARGUMENT },
	{ "pop_pbb", APPLY("0010") "001b000800000000", OFP_OK },
	{ "a group that cannot be", APPLY("0010") "00160008ffffff01", OFPBAC_BAD_OUT_GROUP },
	{ "group OFPG_ALL", APPLY("0010") "00160008fffffffc", OFPBAC_BAD_OUT_GROUP },
	{ "a group", APPLY("0010") "0016000800000001", OFP_OK },
	{ "the last group", APPLY("0010") "00160008ffffff00", OFP_OK },
	{ "a group of 16 bytes", APPLY("0018") "0016001000000001 0000000000000000",
	  OFPBAC_BAD_LEN },
	{ "an experimenter's action", APPLY("0010") "ffff000800002320", OFPBAC_BAD_EXPERIMENTER },
	{ "push_vlan 0x88a8", APPLY("0010") "0011000888a80000", OFP_OK },
	{ "push_vlan of another type", APPLY("0010") "0011000808000000", OFPBAC_BAD_ARGUMENT },
	{ "set eth_dst", APPLY("0018") "00190010 80000606 0a0000000001 0000", OFP_OK },
	{ "set tunnel_id, 8 bytes too long",
	  APPLY("0020") "00190018 80004c08 0000000000000064 0000000000000000", OFPBAC_BAD_SET_LEN },
	{ "set tunnel_id", APPLY("0018") "00190010 80004c08 0000000000000064", OFP_OK },
	{ "set tunnel_id as Nicira's", APPLY("0018") "00190010 00012008 0000000000000064", OFP_OK },
	{ "set tun_dst", APPLY("0018") "00190010 00014004 c0000202 00000000", OFP_OK },
	{ "set tun_ttl", APPLY("0018") "00190010 ffff0405 736b6570 40 000000", OFP_OK },
	{ "set tun_flags beyond what there is", APPLY("0018") "00190010 0001d002 0010 0000 00000000",
	  OFPBAC_BAD_SET_ARGUMENT },
	{ "set tun_ttl of another experimenter", APPLY("0018") "00190010 ffff0405 00002320 40 000000",
	  OFPBAC_BAD_SET_TYPE },
	{ "set in_port", APPLY("0018") "00190010 80000004 00000001 00000000", OFPBAC_BAD_SET_TYPE },
	{ "set metadata", APPLY("0018") "00190010 80000408 0000000000000001", OFPBAC_BAD_SET_TYPE },
	{ "set in_phy_port", APPLY("0018") "00190010 80000204 00000001 00000000",
	  OFPBAC_BAD_SET_TYPE },
	{ "set ipv6_exthdr", APPLY("0018") "00190010 80004e02 0001 000000000000",
	  OFPBAC_BAD_SET_TYPE },
	{ "set mpls_label of any packet", APPLY("0018") "00190010 80004404 00000001 00000000",
	  OFPBAC_MATCH_INCONSISTENT },
	{ "set with a mask", APPLY("0020") "00190018 8000070c 0a0000000001 ffffffffffff 00000000",
	  OFPBAC_BAD_SET_TYPE },
	{ "set eth_dst of 5 bytes", APPLY("0018") "00190010 80000605 0a00000000 000000",
	  OFPBAC_BAD_SET_LEN },
	{ "set with a TLV beyond the action", APPLY("0010") "00190008 80000606",
	  OFPBAC_BAD_SET_LEN },
	{ "set with 8 bytes too many",
	  APPLY("0020") "00190018 80000606 0a0000000001 0000 0000000000000000",
	  OFPBAC_BAD_SET_LEN },
	{ "set ip_dscp 64 in write-actions", WRITE("0018") "00190010 80001001 40 00000000000000",
	  OFPBAC_BAD_SET_ARGUMENT },
	{ "set vlan_vid 0x3001", WRITE("0018") "00190010 80000c02 3001 000000000000",
	  OFPBAC_BAD_SET_ARGUMENT },
	{ "set ipv4_src of any packet", APPLY("0018") "00190010 80001604 0a000001 00000000",
	  OFPBAC_MATCH_INCONSISTENT },
	{ "the same in write-actions", WRITE("0018") "00190010 80001604 0a000001 00000000",
	  OFP_OK },
	{ "set vlan_vid of any packet", APPLY("0018") "00190010 80000c02 1001 000000000000",
	  OFPBAC_MATCH_INCONSISTENT },
	{ "set vlan_vid after a push",
	  APPLY("0020") "0011000881000000"
			"00190010 80000c02 1001 000000000000",
	  OFP_OK },
	{ "set vlan_pcp after a push and a pop",
	  APPLY("0028") "0011000881000000"
			"0012000800000000"
			"00190010 80000e01 01 00000000000000",
	  OFPBAC_MATCH_INCONSISTENT },
	{ "set vlan_pcp after two pushes and a pop",
	  APPLY("0030") "0011000881000000"
			"0011000881000000"
			"0012000800000000"
			"00190010 80000e01 01 00000000000000",
	  OFP_OK },
	{ "set ipv4_src after eth_type",
	  APPLY("0028") "00190010 80000a02 0800 000000000000"
			"00190010 80001604 0a000001 00000000",
	  OFP_OK },
};

static void test_bad_instructions_and_actions_get_their_error(void **state)
{
	(void)state;
	run_cases(instruction_cases, sizeof(instruction_cases) / sizeof(instruction_cases[0]),
		  false);
}

static void test_a_list_has_room_for_its_bound_and_not_more(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned int n = ACTIONS_MAX; n <= ACTIONS_MAX + 1; n++) {
		size_t start, inst;

		buf_reset(&b);
		build_flow_mod(&b, FLOW_ADD, 0, "", "");
		start = 0;
		inst = b.len;
		buf_put_be16(&b, OFPIT_APPLY_ACTIONS);
		buf_put_be16(&b, (uint16_t)(8 + 8 * n));
		buf_put_be32(&b, 0);
		for (unsigned int i = 0; i < n; i++) {
			buf_put_be16(&b, OFPAT_POP_VLAN);
			buf_put_be16(&b, 8);
			buf_put_be32(&b, 0);
		}
		assert_int_equal(b.len - inst, 8 + 8 * n);
		ofmsg_end(&b, start);
		assert_err(decode_built(&b), n <= ACTIONS_MAX ? OFP_OK : OFPBAC_TOO_MANY, "n");
	}
	buf_uninit(&b);
}

/* Features of table 0 with one property, in hex. */
static enum ofp_err read_features(const char *property, struct of_table_features *tf)
{
	static uint8_t bytes[256];
	const struct ofp_table_features head = { .table_id = 0 };
	struct buf b = BUF_INIT;
	struct mp_iter it;
	bool is_read;

	buf_put(&b, &head, sizeof(head));
	buf_put(&b, bytes, unhex(bytes, property));
	buf_set_be16(&b, 0, (uint16_t)b.len);
	it = (struct mp_iter){ .p = b.data, .end = b.data + b.len };
	is_read = of_table_features_next(&it, tf);
	assert_int_equal(is_read, !it.err);
	buf_uninit(&b);
	return it.err;
}

static void test_properties_of_tables_that_are_not_known_are_noticed(void **state)
{
	static const struct {
		const char *title, *property;
		enum ofp_err err;
		bool has_unknown_property, has_unknown_feature;
	} cases[] = {
		{ "none", "", OFP_OK, false, false },
		{ "output and set-field", "0004000c 00000004 00190004 00000000", OFP_OK, false, false },
		{ "an experimenter's action", "0004000c ffff0008 00002320 00000000", OFP_OK, false,
		  true },
		{ "an action of length 0", "00040008 00000000", OFPTFFC_BAD_LEN, false, false },
		{ "an action beyond the property", "00040008 00000008", OFPTFFC_BAD_LEN, false, false },
		{ "half an action", "00040006 0000 0000", OFPTFFC_BAD_LEN, false, false },
		{ "a property of length 3", "0004000300000000", OFPTFFC_BAD_LEN, false, false },
		{ "a property beyond its table", "0004001000000004", OFPTFFC_BAD_LEN, false, false },
		{ "property 9, which there is not", "0009000400000000", OFP_OK, true, false },
		{ "an experimenter's property", "fffe000c 00002320 00000001 00000000", OFP_OK, true,
		  false },
		{ "eth_dst with a mask", "00080008 8000070c", OFP_OK, false, false },
		{ "eth_type with a mask", "00080008 80000b04", OFP_OK, false, true },
		{ "a field that there is not", "00080008 8000fe04", OFP_OK, false, true },
		{ "half a field", "00080006 8000 0000", OFPTFFC_BAD_LEN, false, false },
		{ "a property twice", "0004000400000000 0004000400000000", OFP_OK, false, true },
	};
	struct of_table_features tf;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum ofp_err err = read_features(cases[i].property, &tf);

		assert_err(err, cases[i].err, cases[i].title);
		if (err)
			continue;
		if (tf.has_unknown_property != cases[i].has_unknown_property ||
		    tf.has_unknown_feature != cases[i].has_unknown_feature)
			fail_msg("%s: %d %d", cases[i].title, tf.has_unknown_property,
				 tf.has_unknown_feature);
	}
}

/* The longest group-mod has 16 bytes of header, its description 24. */
static void test_a_group_is_no_longer_than_its_description_can_be(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t len = 65520; len <= 65528; len += 8) {
		size_t start, bucket = 0;

		buf_reset(&b);
		start = ofmsg_begin(&b, OFPT_GROUP_MOD, XID);
		buf_put_be32(&b, 0);
		buf_put_be32(&b, 1);
		for (unsigned int i = 0; b.len < len; i++) {
			if (i % 256 == 0) {
				bucket = b.len;
				buf_put_be32(&b, 0);
				buf_put_be32(&b, PORT_ANY);
				buf_put_be32(&b, GROUP_ANY);
				buf_put_be32(&b, 0);
			} else {
				buf_put_be32(&b, OFPAT_POP_VLAN << 16 | 8);
				buf_put_be32(&b, 0);
			}
			buf_set_be16(&b, bucket, (uint16_t)(b.len - bucket));
		}
		ofmsg_end(&b, start);
		assert_int_equal(b.len, len);
		assert_err(decode_built(&b), len == 65520 ? OFP_OK : OFPGMFC_OUT_OF_BUCKETS,
			   "length");
	}
	buf_uninit(&b);
}

static void test_a_meter_has_room_for_its_bound_of_bands_and_not_more(void **state)
{
	struct meter_mod mm = { .command = METER_ADD, .flags = METER_KBPS, .meter_id = 1 };
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned int i = 0; i < METER_BANDS_MAX; i++)
		mm.bands[i] = (struct band){ .type = BAND_DROP, .rate = i + 1 };
	mm.n_bands = METER_BANDS_MAX;
	of_meter_mod_encode(&b, XID, &mm);
	assert_err(decode_built(&b), OFP_OK, "as many as there is room for");
	assert_int_equal(msg.meter_mod.n_bands, METER_BANDS_MAX);
	buf_put(&b, b.data + b.len - sizeof(struct ofp_meter_band), sizeof(struct ofp_meter_band));
	ofmsg_end(&b, 0);
	assert_err(decode_built(&b), OFPMMFC_OUT_OF_BANDS, "one more");
	buf_uninit(&b);
}

static void test_flow_mods_check_command_table_and_flags(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	build_flow_mod(&b, 5, 0, "", "");
	assert_err(decode_built(&b), OFPFMFC_BAD_COMMAND, "command 5");
	buf_reset(&b);
	build_flow_mod(&b, FLOW_ADD, 0xff, "", "");
	assert_err(decode_built(&b), OFPFMFC_BAD_TABLE_ID, "add to all tables");
	buf_reset(&b);
	build_flow_mod(&b, FLOW_MODIFY_STRICT, 0xff, "", "");
	assert_err(decode_built(&b), OFPFMFC_BAD_TABLE_ID, "modify in all tables");
	buf_reset(&b);
	build_flow_mod(&b, FLOW_DELETE, 0xff, "", "");
	assert_err(decode_built(&b), OFP_OK, "delete in all tables");
	buf_reset(&b);
	build_flow_mod(&b, FLOW_DELETE, 0xfe, "", "");
	assert_err(decode_built(&b), OFPFMFC_BAD_TABLE_ID, "table 254");
	buf_reset(&b);
	build_flow_mod(&b, FLOW_ADD, 0, "", "");
	buf_set_be16(&b, offsetof(struct ofp_flow_mod, flags), 0x20);
	assert_err(decode_built(&b), OFPFMFC_BAD_FLAGS, "flag 0x20");
	buf_uninit(&b);
}

static const struct error_case message_cases[] = {
	{ "an unknown type", "041e000800000001", OFPBRC_BAD_TYPE },
	{ "a reply sent to a switch", "0415000800000001", OFPBRC_BAD_TYPE },
	{ "a packet-in sent to a switch",
	  "040a0022 00000001 ffffffff 0000 00 00 0000000000000000 0001000400000000 0000",
	  OFPBRC_BAD_TYPE },
	{ "version 1", "0105000800000001", OFPBRC_BAD_VERSION },
	{ "version 6", "0605000800000001", OFPBRC_BAD_VERSION },
	{ "a hello of version 6", "0600000800000001", OFP_OK },
	{ "seven bytes", "04050008000000", OFPBRC_BAD_LEN },
	{ "a header that says more", "0405001000000001", OFPBRC_BAD_LEN },
	{ "a header that says less", "0405000000000001", OFPBRC_BAD_LEN },
	{ "a features request with a body", "0405001000000001 0000000000000000", OFPBRC_BAD_LEN },
	{ "a barrier with a body", "0414000c00000001 00000000", OFPBRC_BAD_LEN },
	{ "an experimenter's message", "04040010000000010000232100000000",
	  OFPBRC_BAD_EXPERIMENTER },
	{ "an experimenter's message cut short", "0404000c0000000100002320", OFPBRC_BAD_LEN },
	{ "a flow-mod cut in its match",
	  "040e0034 00000001 0000000000000000 0000000000000000 00000000 0000 0000 00000000 "
	  "00000000 "
	  "00000000 00000000 00010004",
	  OFPBRC_BAD_LEN },
	{ "set-config with reassembly", "0409000c00000001 0002 0080", OFPSCFC_BAD_FLAGS },
	{ "set-config with an unknown flag", "0409000c00000001 0004 0080", OFPSCFC_BAD_FLAGS },
	{ "role 4", "04180018 00000001 00000004 00000000 0000000000000000", OFPRRFC_BAD_ROLE },
	{ "port-mod of an unknown bit",
	  "04100028 00000001 00000001 00000000 000000000000 0000 00000002 00000002 00000000 "
	  "00000000",
	  OFPPMFC_BAD_CONFIG },
	{ "port-mod of an unknown feature",
	  "04100028 00000001 00000001 00000000 000000000000 0000 00000001 00000001 00010000 "
	  "00000000",
	  OFPPMFC_BAD_ADVERTISE },
	{ "table-mod of table 254", "04110010 00000001 fe000000 00000000", OFPTMFC_BAD_TABLE },
	{ "table-mod of an unknown bit", "04110010 00000001 00000000 00000004",
	  OFPTMFC_BAD_CONFIG },
	{ "packet-out from port 0",
	  "040d0026 00000001 ffffffff 00000000 0000 000000000000 0000000000000000000000000000",
	  OFPBRC_BAD_PORT },
	{ "packet-out of 13 bytes",
	  "040d0025 00000001 ffffffff fffffffd 0000 000000000000 00000000000000000000000000",
	  OFPBRC_BAD_PACKET },
	{ "packet-out with actions beyond its end",
	  "040d0018 00000001 ffffffff fffffffd 0008 000000000000", OFPBRC_BAD_LEN },
	{ "multipart type 14", "04120010 00000001 000e 0000 00000000", OFPBRC_BAD_MULTIPART },
	{ "an experimenter's multipart", "04120018 00000001 ffff 0000 00000000 00002320 00000000",
	  OFPBRC_BAD_EXPERIMENTER },
	{ "desc with a body", "04120018 00000001 0000 0000 00000000 0000000000000000",
	  OFPBRC_BAD_LEN },
	{ "port stats without a body", "04120010 00000001 0004 0000 00000000", OFPBRC_BAD_LEN },
	{ "a request that goes on", "04120010 00000001 0000 0001 00000000",
	  OFPBRC_MULTIPART_BUFFER_OVERFLOW },
	{ "flow stats of table 254",
	  "04120038 00000001 0001 0000 00000000 fe000000 ffffffff ffffffff 00000000 "
	  "0000000000000000 0000000000000000 0001000400000000",
	  OFPBRC_BAD_TABLE_ID },
	{ "flow stats with more behind the match",
	  "04120040 00000001 0001 0000 00000000 ff000000 ffffffff ffffffff 00000000 "
	  "0000000000000000 0000000000000000 0001000400000000 0000000000000000",
	  OFPBRC_BAD_LEN },
	{ "group command 3", "040f0010 00000001 0003 00 00 00000001", OFPGMFC_BAD_COMMAND },
	{ "group type 4", "040f0010 00000001 0000 04 00 00000001", OFPGMFC_BAD_TYPE },
	{ "adding all groups", "040f0010 00000001 0000 00 00 fffffffc", OFPGMFC_INVALID_GROUP },
	{ "a weight in a group of type all",
	  "040f0020 00000001 0000 00 00 00000001 00100002 ffffffff ffffffff 00000000",
	  OFPGMFC_INVALID_GROUP },
	{ "an indirect group without a bucket", "040f0010 00000001 0000 02 00 00000001",
	  OFPGMFC_INVALID_GROUP },
	{ "fast failover that watches nothing",
	  "040f0020 00000001 0000 03 00 00000001 00100000 ffffffff ffffffff 00000000",
	  OFPGMFC_BAD_WATCH },
	{ "fast failover that watches port 0",
	  "040f0020 00000001 0000 03 00 00000001 00100000 00000000 ffffffff 00000000",
	  OFPGMFC_BAD_WATCH },
	{ "a bucket cut short", "040f0018 00000001 0000 00 00 00000001 0010000000000000",
	  OFPGMFC_BAD_BUCKET },
	{ "a bucket of no length",
	  "040f0020 00000001 0000 00 00 00000001 00000000 00000000 00000000 00000000",
	  OFPGMFC_BAD_BUCKET },
	{ "meter command 3", "041d0010 00000001 0003 0000 00000001", OFPMMFC_BAD_COMMAND },
	{ "meter 0", "041d0010 00000001 0000 0001 00000000", OFPMMFC_INVALID_METER },
	{ "meter flag 0x10", "041d0010 00000001 0000 0010 00000001", OFPMMFC_BAD_FLAGS },
	{ "a band of no length",
	  "041d0020 00000001 0000 0001 00000001 00010000 00000000 00000000 00000000",
	  OFPBRC_BAD_LEN },
	{ "both kb/s and packets/s", "041d0010 00000001 0000 0003 00000001", OFPMMFC_BAD_FLAGS },
	{ "neither kb/s nor packets/s", "041d0010 00000001 0000 0000 00000001", OFP_OK },
	{ "adding all meters", "041d0010 00000001 0000 0001 ffffffff", OFPMMFC_INVALID_METER },
	{ "modifying all meters", "041d0010 00000001 0001 0001 ffffffff", OFPMMFC_INVALID_METER },
	{ "the last meter", "041d0010 00000001 0000 0001 ffff0000", OFP_OK },
	{ "a meter beyond the last", "041d0010 00000001 0000 0001 ffff0001", OFPMMFC_INVALID_METER },
	{ "the meter of the slow path", "041d0010 00000001 0000 0001 fffffffd", OFP_OK },
	{ "the controller's meter", "041d0010 00000001 0000 0001 fffffffe", OFP_OK },
	{ "a virtual meter that there is not", "041d0010 00000001 0000 0001 fffffffc",
	  OFPMMFC_INVALID_METER },
	{ "deleting meter 0", "041d0010 00000001 0002 0000 00000000", OFPMMFC_INVALID_METER },
	{ "deleting with flags that mean nothing", "041d0010 00000001 0002 ffff 00000001", OFP_OK },
	{ "a drop band", "041d0020 00000001 0000 0001 00000001 00010010 00000001 00000000 00000000",
	  OFP_OK },
	{ "a band of rate 0",
	  "041d0020 00000001 0000 0001 00000001 00010010 00000000 00000000 00000000",
	  OFPMMFC_BAD_RATE },
	{ "a band cut short", "041d001c 00000001 0000 0001 00000001 00010010 00000001 00000000",
	  OFPBRC_BAD_LEN },
	{ "a band of 24 bytes",
	  "041d0028 00000001 0000 0001 00000001 00010018 00000001 00000000 00000000 "
	  "0000000000000000",
	  OFPBRC_BAD_LEN },
	{ "an experimenter's band",
	  "041d0028 00000001 0000 0001 00000001 ffff0018 00000001 00000000 00002320 "
	  "0000000000000000",
	  OFPMMFC_BAD_BAND },
	{ "dscp_remark by 3",
	  "041d0020 00000001 0000 0001 00000001 00020010 00000001 00000000 03000000", OFP_OK },
	{ "dscp_remark by 4",
	  "041d0020 00000001 0000 0001 00000001 00020010 00000001 00000000 04000000",
	  OFPMMFC_BAD_BAND_VALUE },
	{ "band type 3", "041d0020 00000001 0000 0001 00000001 00030010 00000000 00000000 00000000",
	  OFPMMFC_BAD_BAND },
	{ "a hello with an element of no length", "0400001000000001 0001000000000010",
	  OFPBRC_BAD_LEN },
};

static void test_bad_messages_get_their_error(void **state)
{
	static uint8_t bytes[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(message_cases) / sizeof(message_cases[0]); i++) {
		const struct error_case *c = &message_cases[i];
		struct buf b = BUF_INIT;

		buf_put(&b, bytes, unhex(bytes, c->hex));
		assert_err(decode_built(&b), c->err, c->title);
		buf_uninit(&b);
	}
}

static void test_an_error_carries_xid_and_64_bytes_of_the_request(void **state)
{
	const struct golden *g = golden("flow_mod_tcp");
	struct buf b = BUF_INIT;

	(void)state;
	of_error_encode(&b, OFPFMFC_TABLE_FULL, g->data, g->len);
	assert_int_equal(ofmsg_decode(&msg, OFMSG_TO_CONTROLLER, b.data, b.len), OFP_OK);
	assert_int_equal(msg.xid, XID);
	assert_int_equal(msg.error.err, OFPFMFC_TABLE_FULL);
	assert_int_equal(msg.error.data_len, 64);
	assert_memory_equal(msg.error.data, g->data, 64);
	buf_reset(&b);
	/* A short request is there as a whole; ONF's errors have their own form. */
	g = golden("barrier_request");
	of_error_encode(&b, OFPBIC_DUP_INST, g->data, g->len);
	assert_int_equal(ofmsg_decode(&msg, OFMSG_TO_CONTROLLER, b.data, b.len), OFP_OK);
	assert_int_equal(msg.error.err, OFPBIC_DUP_INST);
	assert_int_equal(msg.error.experimenter, 0x4f4e4600);
	assert_int_equal(msg.error.data_len, 8);
	buf_reset(&b);
	of_error_encode(&b, OFPBRC_BAD_LEN, g->data, 3);
	assert_int_equal(ofmsg_decode(&msg, OFMSG_TO_CONTROLLER, b.data, b.len), OFP_OK);
	assert_int_equal(msg.xid, 0);
	assert_int_equal(msg.error.data_len, 3);
	buf_reset(&b);
	of_hello_failed_encode(&b, 9, OFPHFC_INCOMPATIBLE, "only 1.3");
	assert_int_equal(ofmsg_decode(&msg, OFMSG_TO_CONTROLLER, b.data, b.len), OFP_OK);
	assert_string_equal(ofp_err_name(msg.error.err), "OFPHFC_INCOMPATIBLE");
	assert_memory_equal(msg.error.data, "only 1.3", 8);
	buf_uninit(&b);
}

static void test_errors_have_names_and_numbers(void **state)
{
	(void)state;
#define X(NAME, TYPE, CODE)                                                                        \
	assert_int_equal(ofp_err_make(OFPET_##TYPE, CODE, 0x4f4e4600), NAME);                      \
	assert_int_equal(ofp_err_type(NAME), OFPET_##TYPE);                                        \
	assert_int_equal(ofp_err_code(NAME), CODE);                                                \
	assert_string_equal(ofp_err_name(NAME), #NAME);                                            \
	assert_int_equal(ofp_err_from_name(#NAME), NAME);
	OFP_ERR_TABLE(X)
#undef X
#define X(NAME, CODE)                                                                              \
	assert_int_equal(ofp_err_make(0xffff, CODE, 0x2320), NAME);                                \
	assert_int_equal(ofp_err_type(NAME), 0xffff);                                              \
	assert_int_equal(ofp_err_code(NAME), CODE);                                                \
	assert_int_equal(ofp_err_experimenter(NAME), 0x2320);                                      \
	assert_string_equal(ofp_err_name(NAME), #NAME);                                            \
	assert_int_equal(ofp_err_from_name(#NAME), NAME);
	OFP_ERR_NX_TABLE(X)
#undef X
	assert_int_not_equal(OFPHFC_INCOMPATIBLE, OFP_OK);
	assert_null(ofp_err_name(ofp_err_make(1, 99, 0)));
	/* Neither somebody else's errors nor types that there are not have the names of ours. */
	assert_null(ofp_err_name(ofp_err_make(0xffff, 2600, 0x2320)));
	assert_null(ofp_err_name(ofp_err_make(0xffff, 16, 0x4f4e4600)));
	assert_null(ofp_err_name(ofp_err_make(0xffff, 2600, 7)));
	assert_null(ofp_err_name(ofp_err_make(0xfffd, 16, 0)));
	assert_null(ofp_err_name(ofp_err_make(0xfffe, 2600, 0)));
	assert_string_equal(ofp_err_type_name(4), "OFPET_BAD_MATCH");
	assert_null(ofp_err_type_name(14));
	assert_string_equal(ofp_type_name(OFPT_FLOW_MOD), "OFPT_FLOW_MOD");
	assert_null(ofp_type_name(30));
	assert_string_equal(of_multipart_type_name(OFPMP_PORT_DESC), "OFPMP_PORT_DESC");
	assert_null(of_multipart_type_name(14));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bad_match_gets_its_error),
		cmocka_unit_test(test_a_mask_of_zeros_leaves_the_field_out),
		cmocka_unit_test(test_a_match_of_another_type_or_length_is_refused),
		cmocka_unit_test(test_bad_instructions_and_actions_get_their_error),
		cmocka_unit_test(test_a_list_has_room_for_its_bound_and_not_more),
		cmocka_unit_test(test_properties_of_tables_that_are_not_known_are_noticed),
		cmocka_unit_test(test_a_group_is_no_longer_than_its_description_can_be),
		cmocka_unit_test(test_a_meter_has_room_for_its_bound_of_bands_and_not_more),
		cmocka_unit_test(test_flow_mods_check_command_table_and_flags),
		cmocka_unit_test(test_bad_messages_get_their_error),
		cmocka_unit_test(test_an_error_carries_xid_and_64_bytes_of_the_request),
		cmocka_unit_test(test_errors_have_names_and_numbers),
	};

	return cmocka_run_group_tests_name("codec errors", tests, load_goldens, free_goldens);
}
