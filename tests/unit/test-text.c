// SPDX-License-Identifier: Apache-2.0
/*
 * Flow texts: what is printed is Open vSwitch's to the byte, what is printed is read back as it
 * was, and what is wrong is refused with the place and the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

/* Large, and one of each is enough. */
static struct flow_mod fm, fm2;

static uint64_t seed;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t rnd_below(uint64_t n)
{
	return rnd() % n;
}

static bool instructions_equal(const struct instructions *a, const struct instructions *b)
{
	return a->has_apply == b->has_apply && a->has_clear == b->has_clear &&
	       a->has_write == b->has_write && a->has_metadata == b->has_metadata &&
	       a->has_meter == b->has_meter && a->meter_id == b->meter_id &&
	       a->goto_table == b->goto_table && a->metadata == b->metadata &&
	       a->metadata_mask == b->metadata_mask && action_lists_equal(&a->apply, &b->apply) &&
	       action_lists_equal(&a->write, &b->write);
}

static bool flow_mod_equal(const struct flow_mod *a, const struct flow_mod *b)
{
	return a->cookie == b->cookie && a->cookie_mask == b->cookie_mask &&
	       a->command == b->command && a->table_id == b->table_id &&
	       a->idle_timeout == b->idle_timeout && a->hard_timeout == b->hard_timeout &&
	       a->priority == b->priority && a->out_port == b->out_port &&
	       a->out_group == b->out_group && a->flags == b->flags &&
	       match_equal(&a->match, &b->match) &&
	       instructions_equal(&a->instructions, &b->instructions);
}

static void parse(struct flow_mod *ret, enum flow_command command, const char *line)
{
	struct text_error e;

	if (text_parse_flow_mod(line, command, NULL, ret, &e))
		fail_msg("%s\ncolumn %u: %s", line, e.column, e.message);
}

static void format_dump_line(const struct flow_mod *mod, struct buf *out)
{
	static struct flow_desc desc;

	desc = (struct flow_desc){ .table_id = mod->table_id,
				   .priority = mod->priority,
				   .idle_timeout = mod->idle_timeout,
				   .hard_timeout = mod->hard_timeout,
				   .flags = mod->flags,
				   .cookie = mod->cookie,
				   .match = mod->match,
				   .instructions = mod->instructions };
	text_format_flow(&desc, NULL, out);
}

static FILE *open_golden(void)
{
	const char *dir = getenv("top_srcdir");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/unit/text-golden.txt", dir ? dir : ".");
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s cannot be opened", path);
	return f;
}

static bool read_line(FILE *f, char *line, int size)
{
	if (!fgets(line, size, f))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static void a_dump_reads_as_open_vswitchs(void **state)
{
	static char given[8192], expected[8192];
	FILE *f = open_golden();
	unsigned int n = 0;

	(void)state;
	while (read_line(f, given, sizeof(given)) && read_line(f, expected, sizeof(expected))) {
		struct buf out = BUF_INIT;

		parse(&fm, FLOW_ADD, given);
		format_dump_line(&fm, &out);
		assert_string_equal(buf_cstr(&out), expected);
		buf_uninit(&out);
		n++;
	}
	fclose(f);
	assert_true(n > 300);
}

/* The part of a dump's line from the match on, with its words back in the form of a flow-mod. */
static void a_dumped_flow_can_be_added_again(void **state)
{
	static char given[8192], dumped[8192];
	FILE *f = open_golden();

	(void)state;
	while (read_line(f, given, sizeof(given)) && read_line(f, dumped, sizeof(dumped))) {
		char *counters = strstr(dumped, " n_packets="),
		     *rest = strstr(dumped, "n_bytes=0,");

		assert_non_null(counters);
		assert_non_null(rest);
		memset(counters, ' ', (size_t)(rest + 10 - counters));
		counters = strstr(dumped, "duration=0s,");
		memset(counters, ' ', strlen("duration=0s,"));
		parse(&fm, FLOW_ADD, given);
		parse(&fm2, FLOW_ADD, dumped);
		assert_true(flow_mod_equal(&fm, &fm2));
	}
	fclose(f);
}

/*
 * Random flows.
 */
static struct field_value random_value(enum field_id id)
{
	struct field_value v = { { 0 } }, exact = field_exact_mask(id);

	for (unsigned int i = 0; i < field_table[id].n_bytes; i++) {
		static const uint8_t some[] = { 0, 0, 1, 0x0a, 0x80, 0xff };

		v.b[i] = rnd_below(2) ? some[rnd_below(sizeof(some))] : (uint8_t)rnd();
		v.b[i] &= exact.b[i];
	}
	if (id == FIELD_TUN_FLAGS)
		v = field_value_from_u64(id, v.b[1] & FIELD_TUN_FLAGS_ALL);
	return v;
}

static struct field_value random_mask(enum field_id id)
{
	struct field_value m = { { 0 } };
	unsigned int bits = field_table[id].n_bits, n = 8 * field_table[id].n_bytes;

	if (rnd_below(2) || id == FIELD_TUN_FLAGS)
		return random_value(id);
	for (unsigned int i = 0; i < rnd_below(bits + 1); i++)
		m.b[(n - bits + i) / 8] |= (uint8_t)(0x80 >> (n - bits + i) % 8);
	return m;
}

static void add_random_field(struct match *m, enum field_id id)
{
	struct field_value v = random_value(id), mask = random_mask(id);

	if (id == FIELD_VLAN_VID) {
		if (!rnd_below(4)) {
			match_set_u64(m, id, 0);
			return;
		}
		v.b[0] |= 0x10;
		mask.b[0] |= 0x10;
	}
	match_set(m, id, &v, field_table[id].is_maskable && rnd_below(2) ? &mask : NULL);
}

/* Fields in ascending order, each with some probability if its prerequisites are there. */
static void random_match(struct match *m)
{
	static const uint16_t types[] = { 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806,
					  0x8035, 0x88cc, 0x8847, 0x8848, 0x88e7 };
	static const uint8_t protos[] = { 6, 17, 132, 1, 58, 58, 47 };

	match_init(m);
	if (rnd_below(4))
		match_set_u64(m, FIELD_ETH_TYPE,
			      types[rnd_below(sizeof(types) / sizeof(types[0]))]);
	if (match_prereq_ok(m, FIELD_IP_PROTO) && rnd_below(4))
		match_set_u64(m, FIELD_IP_PROTO, protos[rnd_below(sizeof(protos))]);
	if (match_prereq_ok(m, FIELD_ICMPV6_TYPE) && rnd_below(4))
		match_set_u64(m, FIELD_ICMPV6_TYPE, 134 + rnd_below(4));
	for (unsigned int i = 0; i < N_FIELD_IDS; i++) {
		enum field_id id = (enum field_id)i;

		if (field_is_known(i) && id != FIELD_ETH_TYPE && id != FIELD_IP_PROTO &&
		    id != FIELD_ICMPV6_TYPE && match_prereq_ok(m, id) && !rnd_below(3))
			add_random_field(m, id);
	}
}

static void random_action(struct action *a)
{
	static const uint32_t ports[] = { PORT_IN_PORT, PORT_TABLE,	 PORT_NORMAL, PORT_FLOOD,
					  PORT_ALL,	PORT_CONTROLLER, PORT_LOCAL };
	unsigned int id;

	a->type = (enum action_type)rnd_below(N_ACTION_TYPES);
	switch (a->type) {
	case ACTION_OUTPUT:
		a->output.port =
			rnd_below(2) ? ports[rnd_below(7)] : (uint32_t)(1 + rnd_below(PORT_NO_MAX));
		a->output.max_len = (uint16_t)rnd();
		break;
	case ACTION_SET_FIELD:
		do {
			id = (unsigned int)rnd_below(N_FIELD_IDS);
		} while (!field_is_known(id) || !field_table[id].is_settable);
		a->set_field.field = (enum field_id)id;
		a->set_field.value = random_value((enum field_id)id);
		if (id == FIELD_VLAN_VID)
			a->set_field.value.b[0] |= 0x10;
		break;
	case ACTION_PUSH_VLAN:
		a->ethertype = rnd_below(2) ? 0x8100 : 0x88a8;
		break;
	case ACTION_SET_NW_TTL:
		a->ttl = (uint8_t)rnd();
		break;
	case ACTION_SET_MPLS_TTL:
		a->ttl = (uint8_t)rnd();
		break;
	case ACTION_PUSH_MPLS:
		a->ethertype = rnd_below(2) ? 0x8847 : 0x8848;
		break;
	case ACTION_POP_MPLS:
		a->ethertype = (uint16_t)rnd();
		break;
	case ACTION_PUSH_PBB:
		a->ethertype = 0x88e7;
		break;
	case ACTION_SET_QUEUE:
		a->queue_id = (uint32_t)rnd_below(UINT32_MAX);
		break;
	case ACTION_GROUP:
		a->group_id = (uint32_t)rnd_below(0xffffff01u);
		break;
	case ACTION_POP_VLAN:
	case ACTION_DEC_NW_TTL:
	case ACTION_COPY_TTL_OUT:
	case ACTION_COPY_TTL_IN:
	case ACTION_DEC_MPLS_TTL:
	case ACTION_POP_PBB:
	case N_ACTION_TYPES:
		break;
	}
}

/* Apply-actions that the match allows: a set-field's prerequisites are checked. */
static void random_apply(const struct match *m, struct action_list *list)
{
	list->n = (unsigned int)rnd_below(5);
	for (unsigned int i = 0; i < list->n; i++) {
		struct action *a = &list->a[i];

		do {
			random_action(a);
		} while (a->type == ACTION_PUSH_VLAN || a->type == ACTION_POP_VLAN ||
			 (a->type == ACTION_SET_FIELD &&
			  (!match_prereq_ok(m, a->set_field.field) ||
			   (a->set_field.field == FIELD_VLAN_VID &&
			    !match_prereq_ok(m, FIELD_VLAN_PCP)) ||
			   a->set_field.field == FIELD_IPV6_ND_TARGET)));
	}
}

static void random_instructions(const struct match *m, uint8_t table, struct instructions *in)
{
	instructions_init(in);
	random_apply(m, &in->apply);
	in->has_apply = in->apply.n > 0;
	in->has_meter = !rnd_below(4);
	if (in->has_meter)
		in->meter_id = 1 + (uint32_t)rnd_below(METER_MAX);
	in->has_clear = !rnd_below(4);
	in->has_write = !rnd_below(4);
	if (in->has_write) {
		in->write.n = (unsigned int)rnd_below(4);
		for (unsigned int i = 0; i < in->write.n; i++)
			random_action(&in->write.a[i]);
	}
	in->has_metadata = !rnd_below(4);
	if (in->has_metadata) {
		in->metadata_mask = rnd_below(2) ? UINT64_MAX : rnd();
		in->metadata = rnd() & in->metadata_mask;
	}
	if (!rnd_below(3) && table < TABLE_MAX)
		in->goto_table = (uint8_t)(table + 1 + rnd_below((uint64_t)(TABLE_MAX - table)));
}

static void random_flow_mod(struct flow_mod *mod, enum flow_command command)
{
	bool is_delete = command == FLOW_DELETE || command == FLOW_DELETE_STRICT;
	bool is_add = command == FLOW_ADD;
	bool is_strict = is_add || command == FLOW_MODIFY_STRICT || command == FLOW_DELETE_STRICT;

	*mod = (struct flow_mod){ .command = command, .buffer_id = BUFFER_NONE };
	mod->table_id = (uint8_t)rnd_below(N_TABLES);
	mod->cookie_mask = is_add || rnd_below(2) ? 0 : rnd() | 1;
	mod->cookie = is_delete && !mod->cookie_mask ? 0 : rnd();
	mod->priority = is_strict && rnd_below(2) ? (uint16_t)rnd() : 32768;
	mod->out_port = is_delete && rnd_below(2) ? (uint32_t)(1 + rnd_below(9)) : PORT_ANY;
	mod->out_group = is_delete && rnd_below(2) ? (uint32_t)rnd() : GROUP_ANY;
	random_match(&mod->match);
	instructions_init(&mod->instructions);
	if (is_delete)
		return;
	mod->idle_timeout = rnd_below(2) ? (uint16_t)rnd() : 0;
	mod->hard_timeout = rnd_below(2) ? (uint16_t)rnd() : 0;
	mod->flags = (uint16_t)rnd_below(32);
	random_instructions(&mod->match, mod->table_id, &mod->instructions);
}

static void what_is_printed_is_read_back(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		struct buf out = BUF_INIT;
		struct text_error e;

		seed = 0x9e3779b97f4a7c15u * (i + 1);
		random_flow_mod(&fm, (enum flow_command)(i % 5));
		text_format_flow_mod(&fm, NULL, &out);
		if (text_parse_flow_mod(buf_cstr(&out), fm.command, NULL, &fm2, &e))
			fail_msg("case %u: %s\ncolumn %u: %s", i, buf_cstr(&out), e.column,
				 e.message);
		if (!flow_mod_equal(&fm, &fm2))
			fail_msg("case %u: %s: not the same", i, buf_cstr(&out));
		buf_uninit(&out);
	}
}

/*
 * Errors.
 */
static const struct {
	const char *line;
	unsigned int column;
	const char *message; /* its beginning */
} bad_flows[] = {
	{ "", 1, "\"actions=\" is missing" },
	{ "ip,nw_dst=10.0.0.300,actions=drop", 11, "nw_dst: \"10.0.0.300\": not an IPv4 address" },
	{ "ip,nw_dst=10.0.0.3/33,actions=drop", 11,
	  "nw_dst: \"10.0.0.3/33\": the mask is neither a prefix length up to 32" },
	{ "ip,nw_dst=10.0.0.3/,actions=drop", 11, "nw_dst: \"10.0.0.3/\": the mask" },
	{ "ipv6,ipv6_src=1::2::3,actions=drop", 15, "ipv6_src: \"1::2::3\": not an IPv6 address" },
	{ "ipv6,ipv6_src=1::/129,actions=drop", 15, "ipv6_src: \"1::/129\": the mask" },
	{ "dl_src=00:11:22:33:44,actions=drop", 8, "dl_src: \"00:11:22:33:44\": not an Ethernet" },
	{ "dl_src=00:11:22:33:44:555,actions=drop", 8, "dl_src: \"00:11:22:33:44:555\": not an" },
	{ "dl_src=00:11:22:33:44:5g,actions=drop", 8, "dl_src: \"00:11:22:33:44:5g\": not an" },
	{ "priority=5,tcp_dst=80,actions=drop", 12, "tcp_dst needs \"tcp\" (nw_proto=6)" },
	{ "udp,tcp_dst=80,actions=drop", 5, "tcp_dst needs \"tcp\" (nw_proto=6)" },
	{ "tp_dst=80,actions=drop", 1, "tp_dst needs \"tcp\", \"udp\" or \"sctp\" in the match" },
	{ "nw_src=1.2.3.4,actions=drop", 1, "nw_src needs \"ip\" (dl_type=0x0800)" },
	{ "ipv6,nw_src=1.2.3.4,actions=drop", 6, "nw_src needs \"ip\" (dl_type=0x0800)" },
	{ "icmp6,nd_target=1::,actions=drop", 7, "nd_target needs \"icmp6\" and icmp_type=135" },
	{ "icmp6,icmp_type=136,nd_sll=0:0:0:0:0:1,actions=drop", 21, "nd_sll needs" },
	{ "ip,arp_op=1,actions=drop", 4, "arp_op needs \"arp\"" },
	{ "vlan_vid=0,vlan_pcp=1,actions=drop", 12, "vlan_pcp needs a VLAN tag" },
	{ "vlan_vid=5,actions=drop", 10, "vlan_vid: \"5\": lacks 0x1000" },
	{ "vlan_vid=5/15,actions=drop", 10, "vlan_vid: \"5/15\": its mask lacks 0x1000" },
	{ "vlan_vid=0x2000,actions=drop", 10, "vlan_vid: \"0x2000\": does not fit into 13 bits" },
	{ "dl_vlan=4096,actions=drop", 9, "dl_vlan: \"4096\": does not fit into 12 bits" },
	{ "vlan_tci=0x1000/0x3000,actions=drop", 10,
	  "vlan_tci: \"0x1000/0x3000\": a priority cannot be masked" },
	{ "dl_vlan=5,vlan_vid=0x1005,actions=drop", 11, "vlan_vid: this field is given twice" },
	{ "in_port=1,in_port=1,actions=drop", 11, "in_port: this field is given twice" },
	{ "tcp,udp,actions=drop", 5, "this asks for nw_proto=0x11, an earlier word for 0x6" },
	{ "tcp,nw_proto=17,actions=drop", 5, "this asks for nw_proto=0x11, an earlier word" },
	{ "dl_type=0x10000,actions=drop", 9, "dl_type: \"0x10000\": does not fit into 16 bits" },
	{ "dl_type=0x800/0xff,actions=drop", 9, "dl_type: \"0x800/0xff\": this field cannot be" },
	{ "tcp,tcp_dst=80/0xfff0,actions=drop", 13,
	  "tcp_dst: \"80/0xfff0\": this field cannot be" },
	{ "tcp,tcp_dst=99999,actions=drop", 13, "tcp_dst: \"99999\": does not fit into 16 bits" },
	{ "tcp,tcp_dst=8o,actions=drop", 13, "tcp_dst: \"8o\": not a number" },
	{ "tcp,tcp_dst=0x,actions=drop", 13, "tcp_dst: \"0x\": not a number" },
	{ "tcp,tcp_dst=,actions=drop", 5, "tcp_dst needs a value" },
	{ "tcp,tcp_dst,actions=drop", 5, "tcp_dst needs a value" },
	{ "tcp=5,actions=drop", 1, "tcp takes no value" },
	{ "ip,nw_tos=3,actions=drop", 11, "nw_tos: \"3\": its two low bits are nw_ecn's" },
	{ "metadata=0x10000000000000000,actions=drop", 10,
	  "metadata: \"0x10000000000000000\": does not fit into 64 bits" },
	{ "in_port=eth0,actions=drop", 9, "in_port: \"eth0\": not a port" },
	{ "tun_flags=+df+foo,actions=drop", 11, "tun_flags: \"+df+foo\": neither a number nor flags" },
	{ "tun_flags=+df-df,actions=drop", 11, "tun_flags: \"+df-df\": neither a number nor flags" },
	{ "tun_flags=+,actions=drop", 11, "tun_flags: \"+\": neither a number nor flags" },
	{ "tun_flags=df|foo,actions=drop", 11, "tun_flags: \"df|foo\": neither a number nor flags" },
	{ "tun_flags=df|,actions=drop", 11, "tun_flags: \"df|\": neither a number nor flags" },
	{ "tun_flags=16,actions=drop", 11, "tun_flags: \"16\": " },
	{ "tun_src=2001:db8::1,actions=drop", 9, "tun_src: \"2001:db8::1\": not an IPv4 address" },
	{ "tun_ttl=256,actions=drop", 9, "tun_ttl: \"256\": does not fit into 8 bits" },
	{ "tun_id=1,tunnel_id=1,actions=drop", 10, "tunnel_id: this field is given twice" },
	{ "tun_gbp_id=1,actions=drop", 1, "\"tun_gbp_id\" is not supported by skep" },
	{ "actions=set_tunnel", 9, "set_tunnel needs a value" },
	{ "actions=set_tunnel:1/1", 20, "set_tunnel: \"1/1\": a value that is set cannot have a mask" },
	{ "foo=1,actions=drop", 1, "unknown word \"foo\"" },
	{ "priority=1,in_prot=1,actions=drop", 12, "unknown word \"in_prot\"; is it \"in_port\"?" },
	{ "inport=1,actions=drop", 1, "unknown word \"inport\"; is it \"in_port\"?" },
	{ "in_porrt=1,actions=drop", 1, "unknown word \"in_porrt\"; is it \"in_port\"?" },
	{ "nw_dsr=1.2.3.4,actions=drop", 1, "unknown word \"nw_dsr\"; is it \"nw_dst\"?" },
	{ "tabel=1,actions=drop", 1, "unknown word \"tabel\"; is it \"table\"?" },
	{ "xn_port=1,actions=drop", 1, "unknown word \"xn_port\"; is it \"in_port\"?" },
	{ "inprot=1,actions=drop", 1, "unknown word \"inprot\"" },
	{ "in_port=1 foo actions=drop", 11, "unknown word \"foo\"" },
	{ "reg0=1,actions=drop", 1, "\"reg0\" is not supported by skep" },
	{ "importance=1,actions=drop", 1, "\"importance\" is not supported by skep" },
	{ "ip,nw_ttl=5,actions=drop", 4, "nw_ttl cannot be matched" },
	{ "table=254,actions=drop", 7, "table: \"254\": more than 253" },
	{ "table=-1,actions=drop", 7, "table: \"-1\": not a number" },
	{ "priority=65536,actions=drop", 10, "priority: \"65536\": more than 65535" },
	{ "idle_timeout=65536,actions=drop", 14, "idle_timeout: \"65536\": more than 65535" },
	{ "cookie=1/2,actions=drop", 8, "cookie: \"1/2\": a new flow's cookie cannot have a mask" },
	{ "out_port=1,actions=drop", 1, "out_port has no meaning here" },
	{ "send_flow_rem=1,actions=drop", 1, "send_flow_rem takes no value" },
	{ "actions=foo", 9, "\"foo\" is neither an action nor a port" },
	{ "actions=output", 9, "output needs a value" },
	{ "actions=output:", 9, "output needs a value" },
	{ "actions=output:0", 9, "output: nothing can be output to port 0" },
	{ "actions=output:65280", 9, "output: nothing can be output to port 65280" },
	{ "actions=output:ANY", 9, "output: nothing can be output to port" },
	{ "actions=LOCAL:5", 9, "LOCAL takes no value" },
	{ "actions=CONTROLLER:65536", 20, "CONTROLLER: \"65536\": more than 65535" },
	{ "actions=controller(max_len=5,foo=1)", 30, "controller(): \"foo\" is not supported" },
	{ "actions=controller(max_len=5", 19, "a parenthesis is not closed" },
	{ "actions=output:1)", 17, "a closing parenthesis without an opening one" },
	{ "actions=write_actions(output:1)x", 32, "something follows the closing parenthesis" },
	{ "actions=write_actions", 9, "write_actions is written write_actions(ACTIONS)" },
	{ "actions=write_actions(goto_table:3)", 23, "\"goto_table\" is neither an action" },
	{ "actions=output:1,drop", 18, "\"drop\" stands alone" },
	{ "actions=drop,output:1", 9, "\"drop\" stands alone" },
	{ "actions=goto_table:1,output:1", 22, "output: the order is meter, actions, clear_actions" },
	{ "actions=goto_table:1,goto_table:2", 22, "goto_table: the order is" },
	{ "actions=goto_table:254", 20, "goto_table: \"254\": more than 253" },
	{ "table=5,actions=goto_table:5", 17, "goto_table:5: tables only lead to later ones" },
	{ "actions=push_vlan:0x800", 19, "push_vlan: \"0x800\": a VLAN tag's type is" },
	{ "actions=pop_vlan:1", 9, "pop_vlan takes no value" },
	{ "actions=set_field:1.2.3.4->ip_src", 28, "ip_src: setting ipv4_src needs \"ip\"" },
	{ "actions=set_field:4097->vlan_vid", 25, "vlan_vid: setting vlan_vid needs a VLAN tag" },
	{ "dl_vlan=1,actions=set_field:5->vlan_vid", 29, "vlan_vid: \"5\": lacks 0x1000" },
	{ "tcp,actions=set_field:80->tp_dst,set_field:1->udp_src", 47, "udp_src: setting udp_src" },
	{ "actions=set_field:5->in_port", 22, "set_field: in_port cannot be set" },
	{ "actions=set_field:5->foo", 22, "set_field: \"foo\" is not a field" },
	{ "actions=set_field:5", 9, "set_field is written set_field:VALUE->FIELD" },
	{ "actions=set_field:->eth_dst", 9, "set_field is written set_field:VALUE->FIELD" },
	{ "actions=set_field:0:0:0:0:0:1/1:0:0:0:0:0->eth_dst", 19,
	  "eth_dst: \"0:0:0:0:0:1/1:0:0:0:0:0\": a value that is set cannot have a mask" },
	{ "ip,actions=set_field:64->ip_dscp", 22, "ip_dscp: \"64\": does not fit into 6 bits" },
	{ "actions=mod_tp_dst:5", 9, "mod_tp_dst needs \"tcp\", \"udp\" or \"sctp\"" },
	{ "actions=mod_vlan_vid:4096", 22, "mod_vlan_vid: \"4096\": more than 4095" },
	{ "actions=mod_dl_src:5", 20, "mod_dl_src: \"5\": not an Ethernet address" },
	{ "actions=learn(table=1)", 9, "the action \"learn\" is not supported by skep" },
	{ "actions=output:1,meter:2", 18, "meter: the order is meter, actions" },
	{ "in_phy_port=1,actions=drop", 1, "in_phy_port needs in_port in the match" },
	{ "in_port=1,in_phy_port=1.2.3.4,actions=drop", 23, "in_phy_port: \"1.2.3.4\": not a port" },
	{ "mpls_label=1,actions=drop", 1, "mpls_label needs \"mpls\" or \"mplsm\"" },
	{ "ip,mpls_bos=1,actions=drop", 4, "mpls_bos needs \"mpls\" or \"mplsm\"" },
	{ "mpls,mpls_label=0x100000,actions=drop", 17, "mpls_label: \"0x100000\": does not fit into 20 bits" },
	{ "mpls,mpls_tc=3/1,actions=drop", 14, "mpls_tc: \"3/1\": this field cannot be masked" },
	{ "mpls,pbb_isid=1,actions=drop", 6, "pbb_isid needs dl_type=0x88e7" },
	{ "ip,ipv6_exthdr=1,actions=drop", 4, "ipv6_exthdr needs \"ipv6\"" },
	{ "ipv6,ipv6_exthdr=512,actions=drop", 18, "ipv6_exthdr: \"512\": does not fit into 9 bits" },
	{ "ipv6,actions=set_field:1->ipv6_exthdr", 27, "set_field: ipv6_exthdr cannot be set" },
	{ "ip,actions=set_field:1->mpls_label", 25, "mpls_label: setting mpls_label needs \"mpls\"" },
	{ "actions=push_mpls:0x800", 19, "push_mpls: \"0x800\": a label's type is" },
	{ "actions=push_pbb:0x8847", 18, "push_pbb: \"0x8847\": an I-TAG's type is" },
	{ "actions=pop_mpls", 9, "pop_mpls needs a value" },
	{ "actions=pop_pbb:1", 9, "pop_pbb takes no value" },
	{ "actions=set_mpls_ttl:256", 22, "set_mpls_ttl: \"256\": more than 255" },
	{ "actions=set_queue:4294967295", 19, "set_queue: \"4294967295\": more than" },
	{ "actions=group:0xffffff01", 15, "group: \"0xffffff01\": more than" },
	{ "out_group=1,actions=drop", 1, "out_group has no meaning here" },
	{ "actions=meter:0", 15, "meter: \"0\": meters are numbered from 1" },
	{ "actions=resubmit(,1)", 9, "the action \"resubmit\" is not supported by skep" },
	{ "in_port=\"eth0,actions=drop", 9, "a quote without its closing quote" },
	{ "=5,actions=drop", 1, "\"=\" where a word should begin" },
	{ "),actions=drop", 1, "\")\" where a word should begin" },
};

static void a_wrong_flow_is_refused_with_place_and_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_flows) / sizeof(bad_flows[0]); i++) {
		const char *message = bad_flows[i].message;
		struct text_error e;

		if (!text_parse_flow_mod(bad_flows[i].line, FLOW_ADD, NULL, &fm, &e))
			fail_msg("%s: accepted", bad_flows[i].line);
		if (e.column != bad_flows[i].column || strncmp(e.message, message, strlen(message)))
			fail_msg("%s: column %u: %s", bad_flows[i].line, e.column, e.message);
	}
}

static void assert_refused(enum flow_command command, const char *line, const char *message)
{
	struct text_error e;

	assert_int_not_equal(text_parse_flow_mod(line, command, NULL, &fm, &e), 0);
	if (!strstr(e.message, message))
		fail_msg("%s: column %u: %s", line, e.column, e.message);
}

/* What ovs-ofctl cannot be asked: flags and fields that are skep's own. */
static void tunnel_words_are_printed_as_open_vswitch_would(void **state)
{
	static const struct {
		const char *given, *printed;
	} cases[] = {
		{ "tunnel_id=0x64,actions=normal", " tun_id=0x64 actions=NORMAL" },
		{ "tun_id=1/0xff,tun_dst=192.0.2.0/24,tun_ipv6_src=2001:db8::/32,actions=drop",
		  " tun_id=0x1/0xff,tun_dst=192.0.2.0/24,tun_ipv6_src=2001:db8::/32 actions=drop" },
		{ "tun_tos=16,tun_ttl=64/0xf0,actions=1", " tun_tos=16,tun_ttl=0x40/0xf0 actions=output:1" },
		{ "tun_flags=-csum+df,actions=1", " tun_flags=+df-csum actions=output:1" },
		{ "tun_flags=0x1/0x1,actions=1", " tun_flags=+oam actions=output:1" },
		{ "tun_flags=df|key,actions=1", " tun_flags=0xa actions=output:1" },
		{ "tun_flags=0,actions=1", " tun_flags=0 actions=output:1" },
		/* As Open vSwitch prints them while they are mapped. */
		{ "in_port=1,tun_id=5,tun_metadata0=0x1234,tun_metadata1=0x5/0xff,metadata=5,actions=set_field:0x7->tun_metadata0,"
		  "set_field:5->tun_metadata1,2",
		  " tun_id=0x5,tun_metadata0=0x1234,tun_metadata1=0x5/0xff,metadata=0x5,in_port=1 "
		  "actions=set_field:0x7->tun_metadata0,set_field:0x5->tun_metadata1,output:2" },
		{ "actions=set_tunnel:5,set_tunnel64:0x100000000,1",
		  " actions=set_field:0x5->tun_id,set_field:0x100000000->tun_id,output:1" },
		{ "actions=set_field:192.0.2.1->tun_src,set_field:9->tun_ttl,set_field:df->tun_flags,1",
		  " actions=set_field:192.0.2.1->tun_src,set_field:9->tun_ttl,set_field:0x2->tun_flags,"
		  "output:1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;
		const char *end;

		parse(&fm, FLOW_ADD, cases[i].given);
		format_dump_line(&fm, &out);
		end = strstr(buf_cstr(&out), "n_bytes=0,");
		assert_non_null(end);
		assert_string_equal(end + strlen("n_bytes=0,"), cases[i].printed);
		buf_uninit(&out);
	}
}

/* What Open vSwitch lacks. */
static void fields_and_actions_of_the_specification_alone(void **state)
{
	static const char *const lines[] = {
		"in_port=1,in_phy_port=2 actions=drop",
		"dl_type=0x88e7,pbb_isid=5 actions=set_field:6->pbb_isid,pop_pbb,output:1",
		"dl_type=0x88e7,pbb_isid=0x500/0xff00 actions=push_pbb:0x88e7",
		"ipv6,ipv6_exthdr=0x1 actions=copy_ttl_out,copy_ttl_in",
		"ipv6,ipv6_exthdr=0x100/0x108 actions=output:1",
		"mpls,mpls_bos=1 actions=set_field:0->mpls_bos,output:1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buf out = BUF_INIT;

		parse(&fm, FLOW_ADD, lines[i]);
		text_format_flow_mod(&fm, NULL, &out);
		assert_string_equal(buf_cstr(&out), lines[i]);
		buf_uninit(&out);
	}
}

static void commands_take_their_own_words(void **state)
{
	(void)state;
	assert_refused(FLOW_DELETE, "priority=5", "priority needs --strict");
	assert_refused(FLOW_MODIFY, "priority=5,actions=drop", "priority needs --strict");
	assert_refused(FLOW_DELETE, "actions=drop", "actions has no meaning here");
	assert_refused(FLOW_MODIFY, "in_port=1", "\"actions=\" is missing");
	assert_refused(FLOW_MODIFY, "out_port=1,actions=drop", "out_port has no meaning here");
	assert_refused(FLOW_DELETE_STRICT, "idle_timeout=1", "idle_timeout has no meaning here");

	parse(&fm, FLOW_DELETE, "");
	assert_int_equal(fm.table_id, TABLE_NONE);
	assert_int_equal(fm.match.present, 0);
	parse(&fm, FLOW_DELETE, "cookie=0x5/-1,out_port=LOCAL,table=3");
	assert_true(fm.cookie == 5 && fm.cookie_mask == UINT64_MAX);
	assert_int_equal(fm.out_port, PORT_LOCAL);
	assert_int_equal(fm.table_id, 3);
	parse(&fm, FLOW_DELETE_STRICT, "priority=7,cookie=5");
	assert_int_equal(fm.priority, 7);
	assert_true(fm.cookie_mask == UINT64_MAX);
	parse(&fm, FLOW_MODIFY, "cookie=5/7,actions=output:1");
	assert_true(fm.cookie == 5 && fm.cookie_mask == 7);
	parse(&fm, FLOW_MODIFY, "cookie=5,actions=output:1");
	assert_true(fm.cookie == 5 && !fm.cookie_mask);
}

static void a_filter_selects_by_table_cookie_port_and_match(void **state)
{
	static struct flow_filter filter;
	struct text_error e;

	(void)state;
	assert_int_equal(text_parse_filter("", NULL, &filter, &e), 0);
	assert_int_equal(filter.table_id, TABLE_NONE);
	assert_int_equal(filter.out_port, PORT_ANY);
	assert_true(!filter.cookie_mask);
	assert_int_equal(filter.out_group, GROUP_ANY);
	assert_int_equal(text_parse_filter("out_group=7", NULL, &filter, &e), 0);
	assert_int_equal(filter.out_group, 7);
	assert_int_equal(text_parse_filter("out_group=any", NULL, &filter, &e), 0);
	assert_int_equal(filter.out_group, GROUP_ANY);
	assert_int_not_equal(text_parse_filter("out_group=foo", NULL, &filter, &e), 0);
	assert_int_equal(text_parse_filter("table=3,tcp,cookie=4/6,out_port=9", NULL, &filter, &e),
			 0);
	assert_int_equal(filter.table_id, 3);
	assert_int_equal(filter.out_port, 9);
	assert_true(filter.cookie == 4 && filter.cookie_mask == 6);
	assert_true(match_has(&filter.match, FIELD_IP_PROTO));
	assert_int_not_equal(text_parse_filter("priority=3", NULL, &filter, &e), 0);
	assert_int_not_equal(text_parse_filter("in_port=1,actions=drop", NULL, &filter, &e), 0);
}

static bool port_by_name(void *aux, const char *name, uint32_t *ret_port)
{
	(void)aux;
	if (strcmp(name, "veth1"))
		return false;
	*ret_port = 17;
	return true;
}

static const char *port_by_number(void *aux, uint32_t port)
{
	(void)aux;
	return port == 17 ? "veth1" : NULL;
}

static void ports_have_names(void **state)
{
	const struct text_ports ports = { port_by_name, port_by_number, NULL };
	struct buf out = BUF_INIT;
	struct text_error e;

	(void)state;
	assert_int_equal(text_parse_flow_mod("in_port=veth1,actions=\"veth1\",output:veth1,5,local",
					     FLOW_ADD, &ports, &fm, &e),
			 0);
	text_format_flow_mod(&fm, &ports, &out);
	assert_string_equal(buf_cstr(&out),
			    "in_port=veth1 actions=output:veth1,output:veth1,output:5,LOCAL");
	buf_uninit(&out);
	assert_int_not_equal(
		text_parse_flow_mod("in_port=veth2,actions=drop", FLOW_ADD, &ports, &fm, &e), 0);
	assert_non_null(strstr(e.message, "not a port"));
}

static void a_packet_out_has_port_packet_and_actions(void **state)
{
	static const struct {
		const char *line, *message;
	} bad[] = {
		{ "", "\"packet=HEX\" is missing" },
		{ "packet=00000000000100000000000208", "13 bytes" },
		{ "packet=000000000001000000000002080", "not pairs of hexadecimal digits" },
		{ "packet=00000000000100000000000208zz", "not pairs of hexadecimal digits" },
		{ "packet=0000000000010000000000020800", "\"actions=\" is missing" },
		{ "in_port=eth9 packet=0000000000010000000000020800 actions=1", "not a port" },
		{ "foo=1", "unknown word \"foo\"" },
		{ "packet=0000000000010000000000020800 actions=goto_table:3", "neither an action" },
	};
	static struct text_packet_out po;
	struct text_error e;

	(void)state;
	assert_int_equal(text_parse_packet_out("in_port=3, packet=0000000000010000000000020800, "
					       "actions=dec_ttl,TABLE",
					       NULL, &po, &e),
			 0);
	assert_int_equal(po.in_port, 3);
	assert_int_equal(po.packet.len, 14);
	assert_int_equal(po.packet.data[12], 8);
	assert_int_equal(po.actions.n, 2);
	assert_int_equal(po.actions.a[1].output.port, PORT_TABLE);
	assert_int_equal(text_parse_packet_out("packet=0000000000010000000000020800 actions=1",
					       NULL, &po, &e),
			 0);
	assert_int_equal(po.in_port, PORT_CONTROLLER);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(text_parse_packet_out(bad[i].line, NULL, &po, &e), 0);
		if (!strstr(e.message, bad[i].message))
			fail_msg("%s: %s", bad[i].line, e.message);
	}
	buf_uninit(&po.packet);
}

/* Whatever is done to a line, the answer is a flow or an error, and the column is in the line. */
static void a_damaged_line_never_crashes(void **state)
{
	static const char alphabet[] = ",=:()\"/->. \tactionsdrop0x19f";
	static char given[8192], unused[8192];
	FILE *f = open_golden();
	unsigned int line = 0;

	(void)state;
	while (read_line(f, given, sizeof(given)) && read_line(f, unused, sizeof(unused))) {
		size_t len = strlen(given);

		seed = 0x9e3779b97f4a7c15u * ++line;
		for (unsigned int k = 0; k < 100; k++) {
			char *copy = strdup(given); /* its end is guarded under ASan */
			struct text_error e = { .column = 1 };

			assert_non_null(copy);
			for (uint64_t n = 1 + rnd_below(4); n; n--)
				copy[rnd_below(len)] = alphabet[rnd_below(sizeof(alphabet) - 1)];
			if (rnd_below(4) == 0)
				copy[rnd_below(len)] = '\0';
			if (text_parse_flow_mod(copy, FLOW_ADD, NULL, &fm, &e))
				assert_true(e.column >= 1 && e.column <= strlen(copy) + 1);
			free(copy);
		}
	}
	fclose(f);
}

static void durations_have_as_many_digits_as_they_need(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	text_format_duration(4000000000, &out);
	text_format_duration(4020000000, &out);
	text_format_duration(4020000001, &out);
	assert_string_equal(buf_cstr(&out), "4s4.020s4.020000001s");
	buf_uninit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_reads_as_open_vswitchs),
		cmocka_unit_test(a_dumped_flow_can_be_added_again),
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(a_wrong_flow_is_refused_with_place_and_reason),
		cmocka_unit_test(tunnel_words_are_printed_as_open_vswitch_would),
		cmocka_unit_test(fields_and_actions_of_the_specification_alone),
		cmocka_unit_test(commands_take_their_own_words),
		cmocka_unit_test(a_filter_selects_by_table_cookie_port_and_match),
		cmocka_unit_test(ports_have_names),
		cmocka_unit_test(a_packet_out_has_port_packet_and_actions),
		cmocka_unit_test(a_damaged_line_never_crashes),
		cmocka_unit_test(durations_have_as_many_digits_as_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
