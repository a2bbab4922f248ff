// SPDX-License-Identifier: Apache-2.0
/*
 * Flows to text, as Open vSwitch 3.1's ovs-ofctl writes them for OpenFlow 1.3; see text.h.
 *
 * Its order of fields is its own (the protocol first, then metadata, in_port, VLAN, Ethernet, IP,
 * ...), and several fields share a name there, so a match is written field by field and not by
 * walking the field table.
 */
#include "model/text_private.h"

#include <string.h>

enum { DEFAULT_PRIORITY = 32768 };

static const struct {
	uint16_t flag;
	const char *name;
} flag_names[] = {
	{ FLOW_SEND_FLOW_REM, "send_flow_rem" },  { FLOW_CHECK_OVERLAP, "check_overlap" },
	{ FLOW_RESET_COUNTS, "reset_counts" },	  { FLOW_NO_PKT_COUNTS, "no_packet_counts" },
	{ FLOW_NO_BYT_COUNTS, "no_byte_counts" },
};

/* A match being written: commas go between fields. */
struct match_writer {
	const struct match *match;
	const struct text_ports *ports;
	struct buf *out;
	size_t start;
};

static void put_comma(struct match_writer *w)
{
	if (w->out->len > w->start)
		buf_put_u8(w->out, ',');
}

static void put_word(struct match_writer *w, const char *word)
{
	put_comma(w);
	buf_puts(w->out, word);
}

/* Writes "NAME=VALUE" or "NAME=VALUE/MASK" if the match has the field. */
static void put_field(struct match_writer *w, enum field_id id, const char *name)
{
	if (!match_has(w->match, id))
		return;
	put_comma(w);
	buf_puts(w->out, name);
	buf_put_u8(w->out, '=');
	text_format_masked_field(w->match, id, w->ports, w->out);
}

/* The exact value of a protocol field, or -1. */
static int protocol(const struct match *m, enum field_id id)
{
	return match_is_exact(m, id) ? (int)field_value_to_u64(id, &m->value[id]) : -1;
}

/* The word that says 'eth_type' and 'ip_proto', or NULL. */
static const char *shorthand(int eth_type, int ip_proto, bool *ret_has_proto)
{
	static const struct {
		int eth_type;
		int ip_proto;
		const char *word;
	} words[] = {
		{ 0x0800, 1, "icmp" },	 { 0x0800, 6, "tcp" },	  { 0x0800, 17, "udp" },
		{ 0x0800, 132, "sctp" }, { 0x0800, -1, "ip" },	  { 0x86dd, 58, "icmp6" },
		{ 0x86dd, 6, "tcp6" },	 { 0x86dd, 17, "udp6" },  { 0x86dd, 132, "sctp6" },
		{ 0x86dd, -1, "ipv6" },	 { 0x0806, -1, "arp" },	  { 0x8035, -1, "rarp" },
		{ 0x8847, -1, "mpls" },	 { 0x8848, -1, "mplsm" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].eth_type != eth_type)
			continue;
		if (words[i].ip_proto == ip_proto || words[i].ip_proto < 0) {
			*ret_has_proto = words[i].ip_proto >= 0;
			return words[i].word;
		}
	}
	*ret_has_proto = false;
	return NULL;
}

static void put_vlan(struct match_writer *w)
{
	const struct match *m = w->match;
	unsigned int vid, vid_mask, pcp = 0, pcp_mask = 0;

	if (!match_has(m, FIELD_VLAN_VID))
		return;
	vid = (unsigned int)field_value_to_u64(FIELD_VLAN_VID, &m->value[FIELD_VLAN_VID]);
	vid_mask = (unsigned int)field_value_to_u64(FIELD_VLAN_VID, &m->mask[FIELD_VLAN_VID]);
	if (match_has(m, FIELD_VLAN_PCP)) {
		pcp = (unsigned int)field_value_to_u64(FIELD_VLAN_PCP, &m->value[FIELD_VLAN_PCP]);
		pcp_mask = 7;
	}
	put_comma(w);
	if (vid & OFPVID_PRESENT && vid_mask == 0x1fff) {
		buf_printf(w->out, "dl_vlan=%u", vid & 0xfff);
		if (pcp_mask)
			buf_printf(w->out, ",dl_vlan_pcp=%u", pcp);
	} else if (vid & OFPVID_PRESENT && vid_mask == OFPVID_PRESENT && pcp_mask) {
		buf_printf(w->out, "dl_vlan_pcp=%u", pcp);
	} else {
		buf_printf(w->out, "vlan_tci=0x%04x/0x%04x", vid | pcp << 13,
			   vid_mask | pcp_mask << 13);
	}
}

static void put_network(struct match_writer *w, bool has_proto)
{
	put_field(w, FIELD_IPV6_SRC, "ipv6_src");
	put_field(w, FIELD_IPV6_DST, "ipv6_dst");
	put_field(w, FIELD_IPV6_FLABEL, "ipv6_label");
	put_field(w, FIELD_ARP_SPA, "arp_spa");
	put_field(w, FIELD_ARP_TPA, "arp_tpa");
	put_field(w, FIELD_IPV4_SRC, "nw_src");
	put_field(w, FIELD_IPV4_DST, "nw_dst");
	put_field(w, FIELD_ARP_OP, "arp_op");
	if (!has_proto)
		put_field(w, FIELD_IP_PROTO, "nw_proto");
	put_field(w, FIELD_ARP_SHA, "arp_sha");
	put_field(w, FIELD_ARP_THA, "arp_tha");
	if (match_has(w->match, FIELD_IP_DSCP)) {
		put_comma(w);
		buf_printf(w->out, "nw_tos=%u", w->match->value[FIELD_IP_DSCP].b[0] << 2);
	}
	put_field(w, FIELD_IP_ECN, "nw_ecn");
}

static void put_transport(struct match_writer *w)
{
	put_field(w, FIELD_ICMPV4_TYPE, "icmp_type");
	put_field(w, FIELD_ICMPV4_CODE, "icmp_code");
	put_field(w, FIELD_ICMPV6_TYPE, "icmp_type");
	put_field(w, FIELD_ICMPV6_CODE, "icmp_code");
	put_field(w, FIELD_IPV6_ND_TARGET, "nd_target");
	put_field(w, FIELD_IPV6_ND_SLL, "nd_sll");
	put_field(w, FIELD_IPV6_ND_TLL, "nd_tll");
	put_field(w, FIELD_TCP_SRC, "tp_src");
	put_field(w, FIELD_TCP_DST, "tp_dst");
	put_field(w, FIELD_UDP_SRC, "tp_src");
	put_field(w, FIELD_UDP_DST, "tp_dst");
	put_field(w, FIELD_SCTP_SRC, "tp_src");
	put_field(w, FIELD_SCTP_DST, "tp_dst");
}

void text_format_match(const struct match *match, uint16_t priority, const struct text_ports *ports,
		       struct buf *out)
{
	struct match_writer w = { match, ports, out, out->len };
	bool has_proto;
	const char *word = shorthand(protocol(match, FIELD_ETH_TYPE),
				     protocol(match, FIELD_IP_PROTO), &has_proto);

	if (priority != DEFAULT_PRIORITY) {
		buf_puts(out, "priority=");
		buf_put_decimal(out, priority);
	}
	if (word)
		put_word(&w, word);
	for (unsigned int id = FIELD_TUNNEL_ID; id < N_FIELD_IDS; id++) {
		if (field_is_known(id) && id != FIELD_IPV6_EXTHDR)
			put_field(&w, (enum field_id)id, field_table[id].name);
	}
	put_field(&w, FIELD_METADATA, "metadata");
	put_field(&w, FIELD_IN_PORT, "in_port");
	put_field(&w, FIELD_IN_PHY_PORT, "in_phy_port");
	put_vlan(&w);
	put_field(&w, FIELD_ETH_SRC, "dl_src");
	put_field(&w, FIELD_ETH_DST, "dl_dst");
	if (!word)
		put_field(&w, FIELD_ETH_TYPE, "dl_type");
	put_network(&w, has_proto);
	put_transport(&w);
	put_field(&w, FIELD_IPV6_EXTHDR, "ipv6_exthdr");
	put_field(&w, FIELD_MPLS_LABEL, "mpls_label");
	put_field(&w, FIELD_MPLS_TC, "mpls_tc");
	put_field(&w, FIELD_MPLS_BOS, "mpls_bos");
	put_field(&w, FIELD_PBB_ISID, "pbb_isid");
}

/* Names in set_field are the specification's but for these. */
static const char *set_field_name(enum field_id id)
{
	switch (id) {
	case FIELD_IPV4_SRC:
		return "ip_src";
	case FIELD_IPV4_DST:
		return "ip_dst";
	case FIELD_IP_ECN:
	case FIELD_IP_PROTO:
	case FIELD_IPV6_FLABEL:
	case FIELD_ICMPV4_TYPE:
	case FIELD_ICMPV4_CODE:
	case FIELD_IPV6_ND_TARGET:
	case FIELD_IPV6_ND_SLL:
	case FIELD_IPV6_ND_TLL:
	case FIELD_TUNNEL_ID:
		return field_table[id].name;
	default:
		return field_table[id].oxm_name;
	}
}

/* A label that is set is not padded as one that is matched. */
static void put_set_value(enum field_id id, const struct field_value *value, struct buf *out)
{
	if (id == FIELD_IPV6_FLABEL)
		buf_printf(out, "%#llx", (unsigned long long)field_value_to_u64(id, value));
	else
		text_format_value(id, value, NULL, out);
}

static void put_output(const struct action *a, const struct text_ports *ports, struct buf *out)
{
	if (a->output.port == PORT_CONTROLLER) {
		buf_printf(out, "CONTROLLER:%u", a->output.max_len);
		return;
	}
	if (a->output.port < PORT_IN_PORT)
		buf_puts(out, "output:");
	text_format_port(a->output.port, ports, out);
}

static void put_action(const struct action *a, const struct text_ports *ports, struct buf *out)
{
	switch (a->type) {
	case ACTION_OUTPUT:
		put_output(a, ports, out);
		break;
	case ACTION_SET_FIELD:
		buf_puts(out, "set_field:");
		put_set_value(a->set_field.field, &a->set_field.value, out);
		buf_printf(out, "->%s", set_field_name(a->set_field.field));
		break;
	case ACTION_PUSH_VLAN:
		buf_printf(out, "push_vlan:0x%04x", a->ethertype);
		break;
	case ACTION_POP_VLAN:
		buf_puts(out, "pop_vlan");
		break;
	case ACTION_SET_NW_TTL:
		buf_printf(out, "mod_nw_ttl:%u", a->ttl);
		break;
	case ACTION_COPY_TTL_OUT:
		buf_puts(out, "copy_ttl_out");
		break;
	case ACTION_COPY_TTL_IN:
		buf_puts(out, "copy_ttl_in");
		break;
	case ACTION_SET_MPLS_TTL:
		buf_printf(out, "set_mpls_ttl(%u)", a->ttl);
		break;
	case ACTION_DEC_MPLS_TTL:
		buf_puts(out, "dec_mpls_ttl");
		break;
	case ACTION_PUSH_MPLS:
		buf_printf(out, "push_mpls:0x%04x", a->ethertype);
		break;
	case ACTION_POP_MPLS:
		buf_printf(out, "pop_mpls:0x%04x", a->ethertype);
		break;
	case ACTION_PUSH_PBB:
		buf_printf(out, "push_pbb:0x%04x", a->ethertype);
		break;
	case ACTION_POP_PBB:
		buf_puts(out, "pop_pbb");
		break;
	case ACTION_SET_QUEUE:
		buf_printf(out, "set_queue:%u", a->queue_id);
		break;
	case ACTION_GROUP:
		buf_printf(out, "group:%u", a->group_id);
		break;
	case ACTION_DEC_NW_TTL:
		buf_puts(out, "dec_ttl");
		break;
	case N_ACTION_TYPES:
		break;
	}
}

void text_put_actions(const struct action *actions, unsigned int n, const struct text_ports *ports,
		      struct buf *out)
{
	if (!n)
		buf_puts(out, "drop");
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			buf_put_u8(out, ',');
		put_action(&actions[i], ports, out);
	}
}

void text_format_actions(const struct action_list *list, const struct text_ports *ports,
			 struct buf *out)
{
	text_put_actions(list->a, list->n, ports, out);
}

void text_format_instructions(const struct instructions *in, const struct text_ports *ports,
			      struct buf *out)
{
	size_t start = out->len;

	if (in->has_meter)
		buf_printf(out, "meter:%u", in->meter_id);
	if (in->has_apply && in->apply.n) {
		if (in->has_meter)
			buf_put_u8(out, ',');
		text_put_actions(in->apply.a, in->apply.n, ports, out);
	}
	if (in->has_clear)
		buf_printf(out, "%sclear_actions", out->len > start ? "," : "");
	if (in->has_write) {
		buf_printf(out, "%swrite_actions(", out->len > start ? "," : "");
		text_format_actions(&in->write, ports, out);
		buf_put_u8(out, ')');
	}
	if (in->has_metadata) {
		buf_printf(out, "%swrite_metadata:%#llx", out->len > start ? "," : "",
			   (unsigned long long)in->metadata);
		if (in->metadata_mask != UINT64_MAX)
			buf_printf(out, "/%#llx", (unsigned long long)in->metadata_mask);
	}
	if (in->goto_table != TABLE_NONE)
		buf_printf(out, "%sgoto_table:%u", out->len > start ? "," : "", in->goto_table);
	if (out->len == start)
		buf_puts(out, "drop");
}

void text_format_flags(uint16_t flags, struct buf *out)
{
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		if (flags & flag_names[i].flag)
			buf_printf(out, "%s ", flag_names[i].name);
	}
}

void text_format_duration(uint64_t ns, struct buf *out)
{
	unsigned long long s = ns / 1000000000, rest = ns % 1000000000;

	buf_put_decimal(out, s);
	if (rest % 1000000)
		buf_printf(out, ".%09llu", rest);
	else if (rest)
		buf_printf(out, ".%03llu", rest / 1000000);
	buf_put_u8(out, 's');
}

static void put_match_and_actions(const struct match *match, uint16_t priority,
				  const struct instructions *in, const struct text_ports *ports,
				  struct buf *out)
{
	size_t start = out->len;

	text_format_match(match, priority, ports, out);
	if (out->len > start)
		buf_put_u8(out, ' ');
	buf_puts(out, "actions=");
	text_format_instructions(in, ports, out);
}

void text_format_flow(const struct flow_desc *flow, const struct text_ports *ports, struct buf *out)
{
	buf_printf(out, " cookie=0x%llx, duration=", (unsigned long long)flow->cookie);
	text_format_duration(flow->duration_ns, out);
	buf_puts(out, ", table=");
	buf_put_decimal(out, flow->table_id);
	buf_puts(out, ", n_packets=");
	buf_put_decimal(out, flow->n_packets);
	buf_puts(out, ", n_bytes=");
	buf_put_decimal(out, flow->n_bytes);
	buf_puts(out, ", ");
	if (flow->idle_timeout)
		buf_printf(out, "idle_timeout=%u, ", flow->idle_timeout);
	if (flow->hard_timeout)
		buf_printf(out, "hard_timeout=%u, ", flow->hard_timeout);
	text_format_flags(flow->flags, out);
	put_match_and_actions(&flow->match, flow->priority, &flow->instructions, ports, out);
}

static void put_delete_filter(const struct flow_mod *mod, const struct text_ports *ports,
			      struct buf *out)
{
	if (mod->out_port != PORT_ANY) {
		buf_puts(out, "out_port=");
		text_format_port(mod->out_port, ports, out);
		buf_put_u8(out, ',');
	}
	if (mod->out_group != GROUP_ANY)
		buf_printf(out, "out_group=%u,", mod->out_group);
}

static void put_cookie(const struct flow_mod *mod, struct buf *out)
{
	if (mod->cookie_mask)
		buf_printf(out, "cookie=0x%llx/0x%llx,", (unsigned long long)mod->cookie,
			   (unsigned long long)mod->cookie_mask);
	else if (mod->cookie)
		buf_printf(out, "cookie=0x%llx,", (unsigned long long)mod->cookie);
}

void text_format_flow_mod(const struct flow_mod *mod, const struct text_ports *ports,
			  struct buf *out)
{
	bool is_delete = mod->command == FLOW_DELETE || mod->command == FLOW_DELETE_STRICT;
	bool is_strict = mod->command != FLOW_MODIFY && mod->command != FLOW_DELETE;
	uint16_t priority = is_strict ? mod->priority : DEFAULT_PRIORITY;

	if (mod->table_id != (is_delete ? TABLE_NONE : 0))
		buf_printf(out, "table=%u,", mod->table_id);
	put_cookie(mod, out);
	if (is_delete) {
		put_delete_filter(mod, ports, out);
		text_format_match(&mod->match, priority, ports, out);
		return;
	}
	if (mod->idle_timeout)
		buf_printf(out, "idle_timeout=%u,", mod->idle_timeout);
	if (mod->hard_timeout)
		buf_printf(out, "hard_timeout=%u,", mod->hard_timeout);
	text_format_flags(mod->flags, out);
	put_match_and_actions(&mod->match, priority, &mod->instructions, ports, out);
}
