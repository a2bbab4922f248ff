// SPDX-License-Identifier: Apache-2.0
/*
 * The OpenFlow codecs: golden bytes of every message (golden.txt), round trips, the error for
 * everything malformed, replies in many messages, and every golden message cut short and with every
 * byte and length wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ofchan/action.h"
#include "ofchan/match.h"
#include "ofchan/message.h"
#include "tests/wire/reencode.h"

#define XID 0x12345678u

/* One of golden.txt's. */
struct golden {
	char name[40];
	enum ofmsg_direction dir;
	uint8_t *data;
	size_t len;
};

static struct golden goldens[128];
static size_t n_goldens;

/* Large, therefore not on the stack. */
static struct ofmsg msg, msg2;

static size_t unhex(uint8_t *out, const char *hex)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		unsigned int byte;

		if (*hex == ' ') {
			hex--;
			continue;
		}
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

static int load_goldens(void **state)
{
	const char *srcdir = getenv("top_srcdir");
	static char path[4096], line[70000], hex[65536];
	char side;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/wire/golden.txt", srcdir ? srcdir : ".");
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof(line), f)) {
		struct golden *g = &goldens[n_goldens];

		if (*line == '#')
			continue;
		if (sscanf(line, "%39s %c %65535s", g->name, &side, hex) != 3)
			return -1;
		g->dir = side == 'S' ? OFMSG_TO_SWITCH : OFMSG_TO_CONTROLLER;
		g->data = malloc(strlen(hex) / 2);
		assert_non_null(g->data);
		g->len = unhex(g->data, hex);
		n_goldens++;
	}
	fclose(f);
	return n_goldens ? 0 : -1;
}

static int free_goldens(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_goldens; i++)
		free(goldens[i].data);
	return 0;
}

static const struct golden *golden(const char *name)
{
	for (size_t i = 0; i < n_goldens; i++) {
		if (!strcmp(goldens[i].name, name))
			return &goldens[i];
	}
	fail_msg("no golden message %s", name);
	return NULL;
}

/* Decodes the golden message 'name' into 'msg'. */
static const struct ofmsg *decode_golden(const char *name)
{
	const struct golden *g = golden(name);

	assert_int_equal(ofmsg_decode(&msg, g->dir, g->data, g->len), OFP_OK);
	assert_int_equal(msg.xid, XID);
	return &msg;
}

static void assert_err(enum ofp_err got, enum ofp_err want, const char *title)
{
	const char *name = ofp_err_name(got);

	if (got != want)
		fail_msg("%s: %s (%#x), not %s", title, name ? name : "?", (unsigned int)got,
			 ofp_err_name(want));
}

static void assert_field(const struct match *m, enum field_id id, uint64_t value, uint64_t mask)
{
	assert_true(match_has(m, id));
	assert_int_equal(field_value_to_u64(id, &m->value[id]), value);
	assert_int_equal(field_value_to_u64(id, &m->mask[id]), mask);
}

/* Golden bytes. */

static void test_every_type_has_a_golden_message(void **state)
{
	(void)state;
	for (unsigned int type = 0; type < OFPT_N_TYPES; type++) {
		bool is_there = type == OFPT_EXPERIMENTER; /* always refused */

		for (size_t i = 0; i < n_goldens; i++)
			is_there |= goldens[i].data[1] == type;
		if (!is_there)
			fail_msg("none for %s", ofp_type_name((uint8_t)type));
	}
}

static void test_golden_messages_decode_and_encode_to_the_same_bytes(void **state)
{
	static const char *const not_kept[] = {"group_mod_add",
					       "group_mod_delete_all",
					       "meter_mod_add",
					       "meter_mod_delete_all",
					       "mp_queue",
					       "mp_group",
					       "mp_meter",
					       "mp_meter_config",
					       "mp_flow_reply_more",
					       "mp_group_features_reply",
					       "mp_meter_features_reply"};

	(void)state;
	for (size_t i = 0; i < n_goldens; i++) {
		const struct golden *g = &goldens[i];
		struct buf out = BUF_INIT;
		bool is_kept = true;

		for (size_t j = 0; j < sizeof(not_kept) / sizeof(not_kept[0]); j++)
			is_kept &= strcmp(g->name, not_kept[j]) != 0;
		assert_err(ofmsg_decode(&msg, g->dir, g->data, g->len), OFP_OK, g->name);
		assert_int_equal(reencode(&out, &msg), is_kept);
		if (is_kept && (out.len != g->len || memcmp(out.data, g->data, g->len)))
			fail_msg("%s changed", g->name);
		buf_uninit(&out);
	}
}

static void test_features_none_are_as_golden(void **state)
{
	const struct golden *g;
	struct buf out = BUF_INIT;

	(void)state;
	g = golden("mp_group_features_reply");
	of_group_features_none_encode(&out, XID);
	assert_int_equal(out.len, g->len);
	assert_memory_equal(out.data, g->data, g->len);
	buf_reset(&out);
	g = golden("mp_meter_features_reply");
	of_meter_features_none_encode(&out, XID);
	assert_int_equal(out.len, g->len);
	assert_memory_equal(out.data, g->data, g->len);
	buf_uninit(&out);
}

static void test_symmetric_messages_mean_what_they_say(void **state)
{
	const struct ofmsg *m;

	(void)state;
	m = decode_golden("hello");
	assert_true(m->hello.has_bitmap);
	assert_int_equal(m->hello.versions, 1 << 4);
	assert_false(decode_golden("hello_bare")->hello.has_bitmap);
	m = decode_golden("error");
	assert_int_equal(m->error.err, OFPBMC_BAD_PREREQ);
	assert_string_equal(of_error_name(&m->error), "OFPBMC_BAD_PREREQ");
	assert_int_equal(m->error.data_len, strlen("offending bytes"));
	m = decode_golden("error_experimenter");
	assert_int_equal(m->error.err, OFPBIC_DUP_INST);
	assert_int_equal(m->error.experimenter, 0x4f4e4600);
	assert_string_equal(of_error_name(&m->error), "OFPBIC_DUP_INST");
	m = decode_golden("echo_request");
	assert_memory_equal(m->echo.data, "ping", 4);
	m = decode_golden("role_request");
	assert_int_equal(m->role.role, OFPCR_ROLE_MASTER);
	assert_int_equal(m->role.generation_id, 7);
	m = decode_golden("set_async");
	assert_int_equal(m->async.packet_in[1], 2);
	assert_int_equal(m->async.flow_removed[0], 5);
}

static void test_a_flow_mod_means_what_it_says(void **state)
{
	const struct flow_mod *fm = &decode_golden("flow_mod_tcp")->flow_mod;
	const struct match *m = &fm->match;

	(void)state;
	assert_int_equal(fm->cookie, 0xabcdef);
	assert_int_equal(fm->command, FLOW_ADD);
	assert_int_equal(fm->idle_timeout, 10);
	assert_int_equal(fm->hard_timeout, 20);
	assert_int_equal(fm->priority, 100);
	assert_int_equal(fm->flags, FLOW_SEND_FLOW_REM);
	assert_int_equal(__builtin_popcountll(m->present), 7);
	assert_field(m, FIELD_IN_PORT, 1, 0xffffffff);
	assert_field(m, FIELD_ETH_TYPE, 0x0800, 0xffff);
	assert_field(m, FIELD_IPV4_SRC, 0x0a000000, 0xff000000);
	assert_field(m, FIELD_IPV4_DST, 0x0a010203, 0xffffffff);
	assert_field(m, FIELD_TCP_DST, 80, 0xffff);
	assert_true(fm->instructions.has_apply);
	assert_false(fm->instructions.has_write);
	assert_int_equal(fm->instructions.goto_table, TABLE_NONE);
	assert_int_equal(fm->instructions.apply.n, 1);
	assert_int_equal(fm->instructions.apply.a[0].type, ACTION_OUTPUT);
	assert_int_equal(fm->instructions.apply.a[0].output.port, 2);
}

static void test_every_instruction_is_decoded(void **state)
{
	const struct instructions *in =
		&decode_golden("flow_mod_all_instructions")->flow_mod.instructions;

	(void)state;
	assert_true(in->has_apply && in->has_clear && in->has_write && in->has_metadata);
	assert_int_equal(in->apply.n, 3);
	assert_int_equal(in->apply.a[0].type, ACTION_DEC_NW_TTL);
	assert_int_equal(in->apply.a[1].ttl, 64);
	assert_int_equal(in->apply.a[2].set_field.field, FIELD_IPV6_DST);
	assert_int_equal(in->write.n, 2);
	assert_int_equal(in->write.a[0].set_field.field, FIELD_ETH_DST);
	assert_int_equal(in->write.a[0].set_field.value.b[5], 9);
	assert_int_equal(in->metadata, 0x5500);
	assert_int_equal(in->metadata_mask, 0xff00);
	assert_int_equal(in->goto_table, 9);
}

static void test_requests_and_packets_mean_what_they_say(void **state)
{
	const struct ofmsg *m;

	(void)state;
	m = decode_golden("mp_flow_filter");
	assert_int_equal(m->mp.type, OFPMP_FLOW);
	assert_int_equal(m->mp.flow.table_id, 2);
	assert_int_equal(m->mp.flow.out_port, 3);
	assert_int_equal(m->mp.flow.cookie_mask, 0xf0);
	assert_true(match_has(&m->mp.flow.match, FIELD_TCP_SRC));
	assert_int_equal(decode_golden("mp_port_stats")->mp.port_no, PORT_ANY);
	assert_int_equal(decode_golden("mp_queue")->mp.queue.queue_id, OFPQ_ALL);
	assert_int_equal(decode_golden("mp_group")->mp.group_id, OFPG_ALL);
	assert_int_equal(decode_golden("mp_meter")->mp.meter_id, OFPM_ALL);
	m = decode_golden("packet_out");
	assert_int_equal(m->packet_out.in_port, PORT_CONTROLLER);
	assert_int_equal(m->packet_out.actions.n, 2);
	assert_int_equal(m->packet_out.actions.a[0].output.port, PORT_TABLE);
	assert_int_equal(m->packet_out.data_len, 21);
	m = decode_golden("packet_in");
	assert_int_equal(m->packet_in.in_port, 5);
	assert_int_equal(m->packet_in.metadata, 0x77);
	assert_int_equal(m->packet_in.total_len, 1400);
	assert_int_equal(m->packet_in.data_len, 21);
	m = decode_golden("flow_removed");
	assert_int_equal(m->flow_removed.duration_ns, 12000000500);
	assert_int_equal(m->flow_removed.reason, FLOW_REMOVED_HARD_TIMEOUT);
	m = decode_golden("port_mod");
	assert_int_equal(m->port_mod.config, OFPPC_PORT_DOWN);
	assert_int_equal(m->port_mod.mask, OFPPC_PORT_DOWN | OFPPC_NO_FWD);
}

static void test_without_groups_and_meters_only_deleting_succeeds(void **state)
{
	(void)state;
	assert_int_equal(of_group_mod_refusal(&decode_golden("group_mod_add")->group_mod),
			 OFPGMFC_OUT_OF_GROUPS);
	assert_int_equal(msg.group_mod.n_buckets, 1);
	assert_int_equal(of_group_mod_refusal(&decode_golden("group_mod_delete_all")->group_mod),
			 OFP_OK);
	assert_int_equal(of_meter_mod_refusal(&decode_golden("meter_mod_add")->meter_mod),
			 OFPMMFC_OUT_OF_METERS);
	assert_int_equal(of_meter_mod_refusal(&decode_golden("meter_mod_delete_all")->meter_mod),
			 OFP_OK);
}

/* Errors. */

/* Assembles a flow-mod in 'out' with a match of the TLVs 'oxm' and the instructions 'inst', both in
 * hex. */
static void build_flow_mod(struct buf *out, uint8_t command, uint8_t table_id, const char *oxm,
			   const char *inst)
{
	static uint8_t bytes[60000];
	size_t start = ofmsg_begin(out, OFPT_FLOW_MOD, XID), match, n;
	struct ofp_flow_mod w = {.command = command,
				 .table_id = table_id,
				 .out_port = 0xffffffff,
				 .out_group = 0xffffffff,
				 .buffer_id = 0xffffffff};

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

static enum ofp_err decode_built(const struct buf *b)
{
	/* A copy of exactly this size, for the sanitizers. */
	uint8_t *copy = malloc(b->len);
	enum ofp_err err;

	assert_non_null(copy);
	memcpy(copy, b->data, b->len);
	err = ofmsg_decode(&msg, OFMSG_TO_SWITCH, copy, b->len);
	free(copy);
	return err;
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
	{"no fields", "", OFP_OK},
	{"a class that is not OpenFlow's", "00010a02 0800", OFPBMC_BAD_FIELD},
	{"an experimenter's field", "ffff0a08 4f4e4600 00000000", OFPBMC_BAD_FIELD},
	{"in_phy_port, which skep has not", "80000204 00000001", OFPBMC_BAD_FIELD},
	{"mpls_label, which skep has not", "80000a02 8847 80004404 00000001", OFPBMC_BAD_FIELD},
	{"field 127", "8000fe02 0000", OFPBMC_BAD_FIELD},
	{"a field that is too short", "80000a01 08", OFPBMC_BAD_LEN},
	{"a field that is too long", "80000a03 080000", OFPBMC_BAD_LEN},
	{"a field of no length", "80000a00", OFPBMC_BAD_LEN},
	{"a TLV that goes beyond the match", "80000604 0a00", OFPBMC_BAD_LEN},
	{"half a TLV header", "8000", OFPBMC_BAD_LEN},
	{"a masked field without its mask", "80000706 0a0000000000", OFPBMC_BAD_LEN},
	{"a mask on in_port", "80000108 00000001 ffffffff", OFPBMC_BAD_MASK},
	{"a mask on eth_type", "80000b04 0800 ffff", OFPBMC_BAD_MASK},
	{"a value outside its mask", "8000070c 0a0000000001 ffffffffff00", OFPBMC_BAD_WILDCARDS},
	{"a masked eth_dst", "8000070c 010000000000 010000000000", OFP_OK},
	{"a metadata mask", "80000510 0000000000001200 000000000000ff00", OFP_OK},
	{"ip_dscp 64", ETH_IP "80001001 40", OFPBMC_BAD_VALUE},
	{"ip_ecn 4", ETH_IP "80001201 04", OFPBMC_BAD_VALUE},
	{"vlan_pcp 8", "80000c02 1001 80000e01 08", OFPBMC_BAD_VALUE},
	{"ipv6_flabel", ETH_IP6 "80003804 000fffff", OFP_OK},
	{"ipv6_flabel of 3 bytes", ETH_IP6 "80003803 0fffff", OFPBMC_BAD_LEN},
	{"ipv6_flabel with a mask of 32 bits", ETH_IP6 "80003908 000fffff ffffffff", OFP_OK},
	{"ipv6_flabel of 25 bits", ETH_IP6 "80003804 01000000", OFPBMC_BAD_VALUE},
	{"ipv6_flabel of 21 bits", ETH_IP6 "80003804 00100000", OFPBMC_BAD_VALUE},
	{"vlan_vid of 14 bits", "80000c02 3001", OFPBMC_BAD_VALUE},
	{"vlan_vid without OFPVID_PRESENT", "80000c02 0064", OFPBMC_BAD_VALUE},
	{"vlan_vid OFPVID_NONE", "80000c02 0000", OFP_OK},
	{"vlan_vid with a tag of any number", "80000d04 1000 1000", OFP_OK},
	{"vlan_vid in part", "80000d04 1004 100f", OFP_OK},
	{"vlan_vid that cannot be, masked", "80000d04 0004 100f", OFPBMC_BAD_VALUE},
	{"vlan_vid with a mask beyond its width", "80000d04 1064 ffff", OFP_OK},
	{"a field twice", "80000604 0a0000000001 80000606 0a0000000001", OFPBMC_BAD_LEN},
	{"eth_dst twice", "80000606 0a0000000001 80000606 0a0000000001", OFPBMC_DUP_FIELD},
	{"eth_dst twice, once with mask 0",
	 "8000070c 000000000000 000000000000 80000606 0a0000000001", OFPBMC_DUP_FIELD},
	{"ipv4_src alone", "80001604 0a000001", OFPBMC_BAD_PREREQ},
	{"ipv4_src alone with mask 0, which is as good as absent", "80001708 00000000 00000000",
	 OFP_OK},
	{"ipv4_src for IPv6", ETH_IP6 "80001604 0a000001", OFPBMC_BAD_PREREQ},
	{"ipv4_src before eth_type", "80001604 0a000001" ETH_IP, OFPBMC_BAD_PREREQ},
	{"tcp_dst", ETH_IP TCP "80001c02 0050", OFP_OK},
	{"tcp_dst over IPv6", ETH_IP6 TCP "80001c02 0050", OFP_OK},
	{"tcp_dst without ip_proto", ETH_IP "80001c02 0050", OFPBMC_BAD_PREREQ},
	{"udp_dst for TCP", ETH_IP TCP "80002002 0050", OFPBMC_BAD_PREREQ},
	{"icmpv6_type over IPv4", ETH_IP "80001401 3a 80003a01 87", OFPBMC_BAD_PREREQ},
	{"ipv6_nd_sll in an advertisement", ETH_IP6 "80001401 3a 80003a01 88 80004006 0a0000000001",
	 OFPBMC_BAD_PREREQ},
	{"arp_op for IPv4", ETH_IP "80002a02 0001", OFPBMC_BAD_PREREQ},
	{"vlan_pcp alone", "80000e01 03", OFPBMC_BAD_PREREQ},
	{"vlan_pcp of untagged packets", "80000c02 0000 80000e01 03", OFPBMC_BAD_PREREQ},
	{"vlan_pcp of tagged packets", "80000d04 1000 1000 80000e01 03", OFP_OK},
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
	{"nothing", "", OFP_OK},
	{"an empty list", APPLY("0008"), OFP_OK},
	{"instruction 0", "0000000800000000", OFPBIC_UNKNOWN_INST},
	{"instruction 7", "0007000800000000", OFPBIC_UNKNOWN_INST},
	{"a meter", "0006000800000001", OFPBIC_UNSUP_INST},
	{"an experimenter's", "ffff000800000001", OFPBIC_BAD_EXPERIMENTER},
	{"a length of 0", "0004000000000000", OFPBIC_BAD_LEN},
	{"a length of 12", "0004000c 00000000 00000000 00000000", OFPBIC_BAD_LEN},
	{"a length beyond the message", "0004001000000000", OFPBIC_BAD_LEN},
	{"half an instruction", "00040008", OFPBIC_BAD_LEN},
	{"goto of 16 bytes", "00010010 04000000 0000000000000000", OFPBIC_BAD_LEN},
	{"clear with actions", "00050018 00000000" OUTPUT("00000001"), OFPBIC_BAD_LEN},
	{"goto ahead", "0001000804000000", OFP_OK},
	{"goto itself", "0001000803000000", OFPBIC_BAD_TABLE_ID},
	{"goto back", "0001000802000000", OFPBIC_BAD_TABLE_ID},
	{"goto table 254", "00010008fe000000", OFPBIC_BAD_TABLE_ID},
	{"goto table 255", "00010008ff000000", OFPBIC_BAD_TABLE_ID},
	{"apply twice", APPLY("0008") APPLY("0008"), OFPBIC_DUP_INST},
	{"output", APPLY("0018") OUTPUT("00000001"), OFP_OK},
	{"output to the last port", APPLY("0018") OUTPUT("0000feff"), OFP_OK},
	{"output to port 0", APPLY("0018") OUTPUT("00000000"), OFPBAC_BAD_OUT_PORT},
	{"output beyond the last port", APPLY("0018") OUTPUT("0000ff00"), OFPBAC_BAD_OUT_PORT},
	{"output to OFPP_MAX", APPLY("0018") OUTPUT("ffffff00"), OFPBAC_BAD_OUT_PORT},
	{"output to an unnamed reserved port", APPLY("0018") OUTPUT("fffffff7"),
	 OFPBAC_BAD_OUT_PORT},
	{"output to NORMAL", APPLY("0018") OUTPUT("fffffffa"), OFPBAC_BAD_OUT_PORT},
	{"output to TABLE in a flow", APPLY("0018") OUTPUT("fffffff9"), OFPBAC_BAD_OUT_PORT},
	{"output to ANY", APPLY("0018") OUTPUT("ffffffff"), OFPBAC_BAD_OUT_PORT},
	{"output of 8 bytes", APPLY("0010") "0000000800000001", OFPBAC_BAD_LEN},
	{"an action of no length", APPLY("0010") "0012000000000000", OFPBAC_BAD_LEN},
	{"an action of 12 bytes", APPLY("0018") "0019000c 80000606 00000000 00000000",
	 OFPBAC_BAD_LEN},
	{"an action beyond its instruction", APPLY("0010") "0000001000000001 0000000000000000",
	 OFPBAC_BAD_LEN},
	{"pop_vlan of 16 bytes", APPLY("0018") "0012001000000000 0000000000000000", OFPBAC_BAD_LEN},
	{"action 1", APPLY("0010") "0001000800000000", OFPBAC_BAD_TYPE},
	{"action 28", APPLY("0010") "001c000800000000", OFPBAC_BAD_TYPE},
	{"copy_ttl_out", APPLY("0010") "000b000800000000", OFPBAC_BAD_TYPE},
	{"push_mpls", APPLY("0010") "0013000888470000", OFPBAC_BAD_TYPE},
	{"set_queue", APPLY("0010") "0015000800000001", OFPBAC_BAD_TYPE},
	{"push_pbb", APPLY("0010") "001a000888e70000", OFPBAC_BAD_TYPE},
	{"a group", APPLY("0010") "0016000800000001", OFPBAC_BAD_OUT_GROUP},
	{"an experimenter's action", APPLY("0010") "ffff000800002320", OFPBAC_BAD_EXPERIMENTER},
	{"push_vlan 0x88a8", APPLY("0010") "0011000888a80000", OFP_OK},
	{"push_vlan of another type", APPLY("0010") "0011000808000000", OFPBAC_BAD_ARGUMENT},
	{"set eth_dst", APPLY("0018") "00190010 80000606 0a0000000001 0000", OFP_OK},
	{"set in_port", APPLY("0018") "00190010 80000004 00000001 00000000", OFPBAC_BAD_SET_TYPE},
	{"set metadata", APPLY("0018") "00190010 80000408 0000000000000001", OFPBAC_BAD_SET_TYPE},
	{"set a field skep has not", APPLY("0018") "00190010 80004404 00000001 00000000",
	 OFPBAC_BAD_SET_TYPE},
	{"set with a mask", APPLY("0020") "00190018 8000070c 0a0000000001 ffffffffffff 00000000",
	 OFPBAC_BAD_SET_TYPE},
	{"set eth_dst of 5 bytes", APPLY("0018") "00190010 80000605 0a00000000 000000",
	 OFPBAC_BAD_SET_LEN},
	{"set with a TLV beyond the action", APPLY("0010") "00190008 80000606", OFPBAC_BAD_SET_LEN},
	{"set with 8 bytes too many",
	 APPLY("0020") "00190018 80000606 0a0000000001 0000 0000000000000000", OFPBAC_BAD_SET_LEN},
	{"set ip_dscp 64 in write-actions", WRITE("0018") "00190010 80001001 40 00000000000000",
	 OFPBAC_BAD_SET_ARGUMENT},
	{"set vlan_vid 0x3001", WRITE("0018") "00190010 80000c02 3001 000000000000",
	 OFPBAC_BAD_SET_ARGUMENT},
	{"set ipv4_src of any packet", APPLY("0018") "00190010 80001604 0a000001 00000000",
	 OFPBAC_MATCH_INCONSISTENT},
	{"the same in write-actions", WRITE("0018") "00190010 80001604 0a000001 00000000", OFP_OK},
	{"set vlan_vid of any packet", APPLY("0018") "00190010 80000c02 1001 000000000000",
	 OFPBAC_MATCH_INCONSISTENT},
	{"set vlan_vid after a push",
	 APPLY("0020") "0011000881000000"
		       "00190010 80000c02 1001 000000000000",
	 OFP_OK},
	{"set vlan_pcp after a push and a pop",
	 APPLY("0028") "0011000881000000"
		       "0012000800000000"
		       "00190010 80000e01 01 00000000000000",
	 OFPBAC_MATCH_INCONSISTENT},
	{"set vlan_pcp after two pushes and a pop",
	 APPLY("0030") "0011000881000000"
		       "0011000881000000"
		       "0012000800000000"
		       "00190010 80000e01 01 00000000000000",
	 OFP_OK},
	{"set ipv4_src after eth_type",
	 APPLY("0028") "00190010 80000a02 0800 000000000000"
		       "00190010 80001604 0a000001 00000000",
	 OFP_OK},
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
	{"an unknown type", "041e000800000001", OFPBRC_BAD_TYPE},
	{"a reply sent to a switch", "0415000800000001", OFPBRC_BAD_TYPE},
	{"a packet-in sent to a switch",
	 "040a0022 00000001 ffffffff 0000 00 00 0000000000000000 0001000400000000 0000",
	 OFPBRC_BAD_TYPE},
	{"version 1", "0105000800000001", OFPBRC_BAD_VERSION},
	{"version 6", "0605000800000001", OFPBRC_BAD_VERSION},
	{"a hello of version 6", "0600000800000001", OFP_OK},
	{"seven bytes", "04050008000000", OFPBRC_BAD_LEN},
	{"a header that says more", "0405001000000001", OFPBRC_BAD_LEN},
	{"a header that says less", "0405000000000001", OFPBRC_BAD_LEN},
	{"a features request with a body", "0405001000000001 0000000000000000", OFPBRC_BAD_LEN},
	{"a barrier with a body", "0414000c00000001 00000000", OFPBRC_BAD_LEN},
	{"an experimenter's message", "04040010000000010000232000000000", OFPBRC_BAD_EXPERIMENTER},
	{"an experimenter's message cut short", "0404000c0000000100002320", OFPBRC_BAD_LEN},
	{"a flow-mod cut in its match",
	 "040e0034 00000001 0000000000000000 0000000000000000 00000000 0000 0000 00000000 00000000 "
	 "00000000 00000000 00010004",
	 OFPBRC_BAD_LEN},
	{"set-config with reassembly", "0409000c00000001 0002 0080", OFPSCFC_BAD_FLAGS},
	{"set-config with an unknown flag", "0409000c00000001 0004 0080", OFPSCFC_BAD_FLAGS},
	{"role 4", "04180018 00000001 00000004 00000000 0000000000000000", OFPRRFC_BAD_ROLE},
	{"port-mod of an unknown bit",
	 "04100028 00000001 00000001 00000000 000000000000 0000 00000002 00000002 00000000 "
	 "00000000",
	 OFPPMFC_BAD_CONFIG},
	{"port-mod of an unknown feature",
	 "04100028 00000001 00000001 00000000 000000000000 0000 00000001 00000001 00010000 "
	 "00000000",
	 OFPPMFC_BAD_ADVERTISE},
	{"table-mod of table 254", "04110010 00000001 fe000000 00000000", OFPTMFC_BAD_TABLE},
	{"table-mod of an unknown bit", "04110010 00000001 00000000 00000004", OFPTMFC_BAD_CONFIG},
	{"packet-out from port 0",
	 "040d0026 00000001 ffffffff 00000000 0000 000000000000 0000000000000000000000000000",
	 OFPBRC_BAD_PORT},
	{"packet-out of 13 bytes",
	 "040d0025 00000001 ffffffff fffffffd 0000 000000000000 00000000000000000000000000",
	 OFPBRC_BAD_PACKET},
	{"packet-out with actions beyond its end",
	 "040d0018 00000001 ffffffff fffffffd 0008 000000000000", OFPBRC_BAD_LEN},
	{"multipart type 14", "04120010 00000001 000e 0000 00000000", OFPBRC_BAD_MULTIPART},
	{"an experimenter's multipart", "04120018 00000001 ffff 0000 00000000 00002320 00000000",
	 OFPBRC_BAD_EXPERIMENTER},
	{"desc with a body", "04120018 00000001 0000 0000 00000000 0000000000000000",
	 OFPBRC_BAD_LEN},
	{"port stats without a body", "04120010 00000001 0004 0000 00000000", OFPBRC_BAD_LEN},
	{"a request that goes on", "04120010 00000001 0000 0001 00000000",
	 OFPBRC_MULTIPART_BUFFER_OVERFLOW},
	{"table features to be set", "04120018 00000001 000c 0000 00000000 0000000000000000",
	 OFPTFFC_EPERM},
	{"flow stats of table 254",
	 "04120038 00000001 0001 0000 00000000 fe000000 ffffffff ffffffff 00000000 "
	 "0000000000000000 0000000000000000 0001000400000000",
	 OFPBRC_BAD_TABLE_ID},
	{"flow stats with more behind the match",
	 "04120040 00000001 0001 0000 00000000 ff000000 ffffffff ffffffff 00000000 "
	 "0000000000000000 0000000000000000 0001000400000000 0000000000000000",
	 OFPBRC_BAD_LEN},
	{"group command 3", "040f0010 00000001 0003 00 00 00000001", OFPGMFC_BAD_COMMAND},
	{"group type 4", "040f0010 00000001 0000 04 00 00000001", OFPGMFC_BAD_TYPE},
	{"adding all groups", "040f0010 00000001 0000 00 00 fffffffc", OFPGMFC_INVALID_GROUP},
	{"a bucket cut short", "040f0018 00000001 0000 00 00 00000001 0010000000000000",
	 OFPGMFC_BAD_BUCKET},
	{"a bucket of no length",
	 "040f0020 00000001 0000 00 00 00000001 00000000 00000000 00000000 00000000",
	 OFPGMFC_BAD_BUCKET},
	{"meter command 3", "041d0010 00000001 0003 0000 00000001", OFPMMFC_BAD_COMMAND},
	{"meter 0", "041d0010 00000001 0000 0001 00000000", OFPMMFC_INVALID_METER},
	{"meter flag 0x10", "041d0010 00000001 0000 0010 00000001", OFPMMFC_BAD_FLAGS},
	{"a band of no length",
	 "041d0020 00000001 0000 0001 00000001 00010000 00000000 00000000 00000000",
	 OFPBRC_BAD_LEN},
	{"band type 3", "041d0020 00000001 0000 0001 00000001 00030010 00000000 00000000 00000000",
	 OFPMMFC_BAD_BAND},
	{"a hello with an element of no length", "0400001000000001 0001000000000010",
	 OFPBRC_BAD_LEN},
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
	assert_string_equal(of_error_name(&msg.error), "OFPHFC_INCOMPATIBLE");
	assert_memory_equal(msg.error.data, "only 1.3", 8);
	buf_uninit(&b);
}

static void test_errors_have_names_and_numbers(void **state)
{
	struct of_error foreign = {.err = ofp_err_make(0xffff, 2600),
				   .type = 0xffff,
				   .code = 2600,
				   .experimenter = 0x2320};

	(void)state;
#define X(NAME, TYPE, CODE)                                                                        \
	assert_int_equal(ofp_err_make(OFPET_##TYPE, CODE), NAME);                                  \
	assert_int_equal(ofp_err_type(NAME), OFPET_##TYPE);                                        \
	assert_int_equal(ofp_err_code(NAME), CODE);                                                \
	assert_string_equal(ofp_err_name(NAME), #NAME);                                            \
	assert_int_equal(ofp_err_from_name(#NAME), NAME);
	OFP_ERR_TABLE(X)
#undef X
	assert_int_not_equal(OFPHFC_INCOMPATIBLE, OFP_OK);
	assert_null(ofp_err_name(ofp_err_make(1, 99)));
	assert_string_equal(ofp_err_type_name(4), "OFPET_BAD_MATCH");
	assert_null(ofp_err_type_name(14));
	assert_string_equal(ofp_type_name(OFPT_FLOW_MOD), "OFPT_FLOW_MOD");
	assert_null(ofp_type_name(30));
	assert_null(of_error_name(&foreign));
	assert_string_equal(of_multipart_type_name(OFPMP_PORT_DESC), "OFPMP_PORT_DESC");
	assert_null(of_multipart_type_name(14));
}

/* Replies in many messages. */

static void fill_flow(struct flow_desc *flow, unsigned int i)
{
	*flow = (struct flow_desc){
		.table_id = (uint8_t)(i % 254), .priority = (uint16_t)i, .cookie = i};
	match_init(&flow->match);
	match_set_u64(&flow->match, FIELD_IN_PORT, i + 1);
	instructions_init(&flow->instructions);
	flow->instructions.has_apply = true;
	/* Of various sizes, so that messages end at various places. */
	flow->instructions.apply.n = i % 7;
	for (unsigned int j = 0; j < i % 7; j++) {
		flow->instructions.apply.a[j].type = ACTION_OUTPUT;
		flow->instructions.apply.a[j].output.port = j + 1;
		flow->instructions.apply.a[j].output.max_len = 0;
	}
}

/* Reads messages of flows from 'p', of which the first is flow number '*n'; returns whether the
 * last has more to come. */
static bool read_flows(const uint8_t *p, size_t len, unsigned int *n)
{
	static struct flow_desc flow;
	bool more = true;

	while (len) {
		size_t msg_len = (size_t)(p[2] << 8 | p[3]);
		struct mp_iter it;

		assert_true(more);
		assert_true(msg_len <= len);
		assert_int_equal(ofmsg_decode(&msg, OFMSG_TO_CONTROLLER, p, msg_len), OFP_OK);
		assert_int_equal(msg.xid, XID);
		mp_iter_init(&it, &msg.mp);
		while (of_flow_stats_next(&it, &flow)) {
			assert_int_equal(flow.cookie, *n);
			assert_int_equal(flow.instructions.apply.n, *n % 7);
			++*n;
		}
		assert_int_equal(it.err, OFP_OK);
		more = msg.mp.more;
		p += msg_len;
		len -= msg_len;
	}
	return more;
}

static void test_a_long_reply_splits_itself(void **state)
{
	static struct flow_desc flow;
	struct buf b = BUF_INIT;
	struct mp_writer w;
	unsigned int n = 0;

	(void)state;
	mp_start(&w, &b, OFPMP_FLOW, XID);
	for (unsigned int i = 0; i < 5000; i++) {
		fill_flow(&flow, i);
		of_flow_stats_put(&w, &flow);
	}
	mp_finish(&w);
	assert_true(b.len > 3 * OFP_MAX_LENGTH);
	assert_false(read_flows(b.data, b.len, &n));
	assert_int_equal(n, 5000);
	buf_uninit(&b);
}

static void test_a_long_reply_can_be_sent_while_it_is_written(void **state)
{
	static struct flow_desc flow;
	struct buf b = BUF_INIT;
	struct mp_writer w;
	unsigned int n = 0;

	(void)state;
	mp_start(&w, &b, OFPMP_FLOW, XID);
	for (unsigned int i = 0; i < 5000; i++) {
		fill_flow(&flow, i);
		of_flow_stats_put(&w, &flow);
		if (mp_complete(&w)) {
			assert_true(read_flows(b.data, mp_complete(&w), &n));
			mp_drop_complete(&w);
			assert_int_equal(mp_complete(&w), 0);
		}
	}
	mp_finish(&w);
	assert_true(b.len <= OFP_MAX_LENGTH);
	assert_false(read_flows(b.data, b.len, &n));
	assert_int_equal(n, 5000);
	buf_uninit(&b);
}

static void test_an_empty_reply_is_one_message(void **state)
{
	struct buf b = BUF_INIT;
	struct mp_writer w;
	unsigned int n = 0;

	(void)state;
	mp_start(&w, &b, OFPMP_FLOW, XID);
	mp_finish(&w);
	assert_int_equal(b.len, 16);
	assert_false(read_flows(b.data, b.len, &n));
	assert_int_equal(n, 0);
	buf_uninit(&b);
}

static void test_table_features_say_what_the_decoder_takes(void **state)
{
	struct of_table_features tf, got;
	struct buf b = BUF_INIT;
	struct mp_writer w;
	struct mp_iter it;

	(void)state;
	for (unsigned int t = 0; t < N_TABLES; t++) {
		of_table_features_init(&tf, (uint8_t)t, 1000);
		buf_reset(&b);
		mp_start(&w, &b, OFPMP_TABLE_FEATURES, XID);
		of_table_features_put(&w, &tf);
		mp_finish(&w);
		assert_int_equal(ofmsg_decode(&msg, OFMSG_TO_CONTROLLER, b.data, b.len), OFP_OK);
		mp_iter_init(&it, &msg.mp);
		assert_true(of_table_features_next(&it, &got));
		assert_memory_equal(&tf, &got, sizeof(tf));
		assert_false(of_table_features_next(&it, &got));
		assert_int_equal(it.err, OFP_OK);
	}
	assert_false(tf.instructions & 1 << OFPIT_GOTO_TABLE);
	assert_true(tf.instructions & 1 << OFPIT_APPLY_ACTIONS);
	assert_true(tf.apply_actions & 1 << OFPAT_SET_FIELD);
	assert_false(tf.apply_actions & 1 << OFPAT_GROUP);
	buf_uninit(&b);
}

/* Random flow-mods. */

static uint64_t rng_state = 0x5ee0;

static uint64_t rng(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static struct field_value random_value(enum field_id id)
{
	struct field_value v = {{0}}, width = field_exact_mask(id);

	for (unsigned int i = 0; i < field_table[id].n_bytes; i++)
		v.b[i] = (uint8_t)rng() & width.b[i];
	return v;
}

/* A match that the specification allows: prerequisites chosen first, then fields that they admit.
 */
static void random_match(struct match *m)
{
	static const uint16_t eth_types[] = {0x0800, 0x86dd, 0x0806, 0x1234};
	static const uint8_t protos[] = {6, 17, 132, 1, 58, 99};

	match_init(m);
	if (rng() % 4)
		match_set_u64(m, FIELD_ETH_TYPE, eth_types[rng() % 4]);
	if (rng() % 2)
		match_set_u64(m, FIELD_VLAN_VID, OFPVID_PRESENT | rng() % 4096);
	if (match_prereq_ok(m, FIELD_IP_PROTO) && rng() % 4)
		match_set_u64(m, FIELD_IP_PROTO, protos[rng() % 6]);
	if (match_prereq_ok(m, FIELD_ICMPV6_TYPE) && rng() % 4)
		match_set_u64(m, FIELD_ICMPV6_TYPE, 134 + rng() % 3);
	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		struct field_value value, mask;

		if (!field_is_known(id) || match_has(m, id) || id == FIELD_VLAN_VID ||
		    !match_prereq_ok(m, id) || rng() % 2)
			continue;
		value = random_value(id);
		mask = random_value(id);
		match_set(m, id, &value, field_table[id].is_maskable && rng() % 2 ? &mask : NULL);
	}
}

static void random_actions(struct action_list *list, const struct match *m)
{
	unsigned int n = (unsigned int)(rng() % 10);

	for (list->n = 0; list->n < n; list->n++) {
		struct action *a = &list->a[list->n];

		*a = (struct action){.type = (enum action_type)(rng() % N_ACTION_TYPES)};
		if (a->type == ACTION_SET_FIELD) {
			do
				a->set_field.field = (enum field_id)(rng() % N_FIELD_IDS);
			while (!field_is_known(a->set_field.field) ||
			       !field_table[a->set_field.field].is_settable ||
			       a->set_field.field == FIELD_ETH_TYPE ||
			       a->set_field.field == FIELD_IP_PROTO ||
			       a->set_field.field == FIELD_ICMPV6_TYPE ||
			       a->set_field.field == FIELD_VLAN_VID ||
			       a->set_field.field == FIELD_VLAN_PCP ||
			       !match_prereq_ok(m, a->set_field.field));
			a->set_field.value = random_value(a->set_field.field);
		} else if (a->type == ACTION_OUTPUT) {
			a->output.port =
				rng() % 2 ? PORT_CONTROLLER : 1 + (uint32_t)(rng() % PORT_NO_MAX);
			a->output.max_len = (uint16_t)rng();
		} else if (a->type == ACTION_PUSH_VLAN) {
			a->ethertype = rng() % 2 ? 0x8100 : 0x88a8;
		} else if (a->type == ACTION_SET_NW_TTL) {
			a->ttl = (uint8_t)rng();
		}
	}
}

static void random_flow_mod(struct flow_mod *fm)
{
	struct instructions *in = &fm->instructions;

	*fm = (struct flow_mod){
		.command = FLOW_ADD,
		.cookie = rng(),
		.table_id = (uint8_t)(rng() % 200),
		.idle_timeout = (uint16_t)rng(),
		.hard_timeout = (uint16_t)rng(),
		.priority = (uint16_t)rng(),
		.buffer_id = (uint32_t)rng(),
		.out_port = PORT_ANY,
		.out_group = GROUP_ANY,
		.flags = rng() % 32,
	};
	random_match(&fm->match);
	instructions_init(in);
	in->has_apply = rng() % 2;
	in->has_clear = rng() % 2;
	in->has_write = rng() % 2;
	if (in->has_apply)
		random_actions(&in->apply, &fm->match);
	if (in->has_write)
		random_actions(&in->write, &fm->match);
	if (rng() % 2) {
		in->has_metadata = true;
		in->metadata_mask = rng();
		in->metadata = rng() & in->metadata_mask;
	}
	if (rng() % 2)
		in->goto_table = (uint8_t)(fm->table_id + 1 + rng() % 50);
}

static void assert_lists_equal(const struct action_list *a, const struct action_list *b)
{
	assert_int_equal(a->n, b->n);
	for (unsigned int i = 0; i < a->n; i++)
		assert_true(action_equal(&a->a[i], &b->a[i]));
}

static void assert_flow_mods_equal(const struct flow_mod *a, const struct flow_mod *b)
{
	const struct instructions *x = &a->instructions, *y = &b->instructions;

	assert_int_equal(a->cookie, b->cookie);
	assert_int_equal(a->command, b->command);
	assert_int_equal(a->table_id, b->table_id);
	assert_int_equal(a->idle_timeout, b->idle_timeout);
	assert_int_equal(a->hard_timeout, b->hard_timeout);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->buffer_id, b->buffer_id);
	assert_int_equal(a->flags, b->flags);
	assert_true(match_equal(&a->match, &b->match));
	assert_int_equal(x->has_apply, y->has_apply);
	assert_int_equal(x->has_clear, y->has_clear);
	assert_int_equal(x->has_write, y->has_write);
	assert_int_equal(x->has_metadata, y->has_metadata);
	assert_int_equal(x->goto_table, y->goto_table);
	assert_int_equal(x->metadata, y->metadata);
	assert_int_equal(x->metadata_mask, y->metadata_mask);
	assert_lists_equal(&x->apply, &y->apply);
	assert_lists_equal(&x->write, &y->write);
}

static void test_random_flow_mods_survive_the_wire(void **state)
{
	static struct flow_mod fm;
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		random_flow_mod(&fm);
		buf_reset(&b);
		of_flow_mod_encode(&b, XID, &fm);
		assert_err(decode_built(&b), OFP_OK, "random flow-mod");
		assert_flow_mods_equal(&fm, &msg.flow_mod);
	}
	buf_uninit(&b);
}

/* Malformed messages: an error, or a clean decode that encodes and decodes to itself; never a
 * crash. */

static void decode_any(enum ofmsg_direction dir, const uint8_t *data, size_t len)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	if (ofmsg_decode(&msg, dir, copy, len) || !reencode(&once, &msg))
		goto out;
	assert_false(buf_failed(&once));
	assert_int_equal(ofmsg_decode(&msg2, dir, once.data, once.len), OFP_OK);
	assert_true(reencode(&twice, &msg2));
	assert_int_equal(once.len, twice.len);
	assert_memory_equal(once.data, twice.data, once.len);
out:
	buf_uninit(&once);
	buf_uninit(&twice);
	free(copy);
}

static void test_truncated_messages_never_crash(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_goldens; i++) {
		const struct golden *g = &goldens[i];
		uint8_t *copy = malloc(g->len);

		assert_non_null(copy);
		memcpy(copy, g->data, g->len);
		for (size_t len = 0; len < g->len; len++) {
			/* Whose header tells the truth, and whose header does not. */
			assert_int_not_equal(ofmsg_decode(&msg, g->dir, g->data, len), OFP_OK);
			if (len >= 4) {
				copy[2] = (uint8_t)(len >> 8);
				copy[3] = (uint8_t)len;
			}
			decode_any(g->dir, copy, len);
		}
		free(copy);
	}
}

static void test_wrong_16_bit_numbers_never_crash(void **state)
{
	static const uint16_t values[] = {0, 1,	 2,  3,	 4,	 7,	 8,
					  9, 12, 16, 24, 0x7fff, 0xfff8, 0xffff};
	static const int deltas[] = {-16, -8, -1, 1, 4, 8, 16};

	(void)state;
	for (size_t i = 0; i < n_goldens; i++) {
		const struct golden *g = &goldens[i];
		uint8_t *copy = malloc(g->len);

		assert_non_null(copy);
		memcpy(copy, g->data, g->len);
		/* At each byte, as not each length is aligned. */
		for (size_t ofs = 0; ofs + 2 <= g->len; ofs++) {
			uint16_t old = (uint16_t)(copy[ofs] << 8 | copy[ofs + 1]);

			for (size_t k = 0; k < 14 + 7; k++) {
				uint16_t v = k < 14 ? values[k] : (uint16_t)(old + deltas[k - 14]);

				copy[ofs] = (uint8_t)(v >> 8);
				copy[ofs + 1] = (uint8_t)v;
				decode_any(g->dir, copy, g->len);
			}
			copy[ofs] = (uint8_t)(old >> 8);
			copy[ofs + 1] = (uint8_t)old;
		}
		free(copy);
	}
}

static void test_wrong_bytes_never_crash(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_goldens; i++) {
		const struct golden *g = &goldens[i];
		uint8_t *copy = malloc(g->len);

		assert_non_null(copy);
		memcpy(copy, g->data, g->len);
		for (size_t ofs = 0; ofs < g->len; ofs++) {
			for (unsigned int bit = 0; bit < 8; bit++) {
				copy[ofs] = g->data[ofs] ^ (uint8_t)(1u << bit);
				decode_any(g->dir, copy, g->len);
			}
			copy[ofs] = (uint8_t)rng();
			decode_any(g->dir, copy, g->len);
			copy[ofs] = g->data[ofs];
		}
		free(copy);
	}
}

static void test_messages_of_garbage_never_crash(void **state)
{
	static uint8_t bytes[512];

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		const struct golden *g = &goldens[rng() % n_goldens];
		size_t len = 8 + rng() % (sizeof(bytes) - 8), keep = rng() % g->len;

		for (size_t j = 0; j < len; j++)
			bytes[j] = rng() % 3 ? 0 : (uint8_t)rng();
		memcpy(bytes, g->data, keep < len ? keep : len);
		bytes[0] = OFP_VERSION_13;
		bytes[1] = g->data[1];
		bytes[2] = (uint8_t)(len >> 8);
		bytes[3] = (uint8_t)len;
		decode_any(g->dir, bytes, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_has_a_golden_message),
		cmocka_unit_test(test_golden_messages_decode_and_encode_to_the_same_bytes),
		cmocka_unit_test(test_features_none_are_as_golden),
		cmocka_unit_test(test_symmetric_messages_mean_what_they_say),
		cmocka_unit_test(test_a_flow_mod_means_what_it_says),
		cmocka_unit_test(test_every_instruction_is_decoded),
		cmocka_unit_test(test_requests_and_packets_mean_what_they_say),
		cmocka_unit_test(test_without_groups_and_meters_only_deleting_succeeds),
		cmocka_unit_test(test_a_bad_match_gets_its_error),
		cmocka_unit_test(test_a_mask_of_zeros_leaves_the_field_out),
		cmocka_unit_test(test_a_match_of_another_type_or_length_is_refused),
		cmocka_unit_test(test_bad_instructions_and_actions_get_their_error),
		cmocka_unit_test(test_a_list_has_room_for_its_bound_and_not_more),
		cmocka_unit_test(test_flow_mods_check_command_table_and_flags),
		cmocka_unit_test(test_bad_messages_get_their_error),
		cmocka_unit_test(test_an_error_carries_xid_and_64_bytes_of_the_request),
		cmocka_unit_test(test_errors_have_names_and_numbers),
		cmocka_unit_test(test_a_long_reply_splits_itself),
		cmocka_unit_test(test_a_long_reply_can_be_sent_while_it_is_written),
		cmocka_unit_test(test_an_empty_reply_is_one_message),
		cmocka_unit_test(test_table_features_say_what_the_decoder_takes),
		cmocka_unit_test(test_random_flow_mods_survive_the_wire),
		cmocka_unit_test(test_truncated_messages_never_crash),
		cmocka_unit_test(test_wrong_16_bit_numbers_never_crash),
		cmocka_unit_test(test_wrong_bytes_never_crash),
		cmocka_unit_test(test_messages_of_garbage_never_crash),
	};

	return cmocka_run_group_tests_name("codec", tests, load_goldens, free_goldens);
}
