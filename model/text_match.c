// SPDX-License-Identifier: Apache-2.0
/* Words of a match, and what they mean together; see text.h and text_private.h. */
#include "model/text_private.h"

#include <errno.h>
#include <string.h>

#define N_ELEMENTS(A) (sizeof(A) / sizeof((A)[0]))

static const struct {
	const char *name;
	uint16_t eth_type;
	int ip_proto; /* or -1 */
} shorthands[] = {
	{ "ip", 0x0800, -1 },	  { "ipv4", 0x0800, -1 }, { "ipv6", 0x86dd, -1 },
	{ "arp", 0x0806, -1 },	  { "rarp", 0x8035, -1 }, { "icmp", 0x0800, 1 },
	{ "tcp", 0x0800, 6 },	  { "udp", 0x0800, 17 },  { "sctp", 0x0800, 132 },
	{ "icmp6", 0x86dd, 58 },  { "tcp6", 0x86dd, 6 },  { "udp6", 0x86dd, 17 },
	{ "sctp6", 0x86dd, 132 }, { "mpls", 0x8847, -1 }, { "mplsm", 0x8848, -1 },
};

static const struct {
	const char *key;
	enum text_name name;
} aliases[] = {
	{ "dl_vlan", NAME_DL_VLAN },	 { "vlan_tci", NAME_VLAN_TCI },
	{ "nw_tos", NAME_NW_TOS },	 { "nw_src", NAME_NW_SRC },
	{ "ip_src", NAME_NW_SRC },	 { "nw_dst", NAME_NW_DST },
	{ "ip_dst", NAME_NW_DST },	 { "nw_proto", NAME_NW_PROTO },
	{ "ip_proto", NAME_NW_PROTO },	 { "tp_src", NAME_TP_SRC },
	{ "tp_dst", NAME_TP_DST },	 { "icmp_type", NAME_ICMP_TYPE },
	{ "icmp_code", NAME_ICMP_CODE }, { "nw_ttl", NAME_NW_TTL },
};

/* Words that ovs-ofctl knows and that mean nothing here yet, by their beginnings. */
static const char *const foreign[] = {
	"reg",	       "xreg",		"xxreg",     "ct_",	   "tun_",
	"nsh_",		"tcp_flags", "nw_frag",	   "ip_frag",  "pkt_mark",
	"conj_id",	"recirc_id", "dp_hash",	   "skb_",
	"packet_type", "actset_output", "igmp",	     "importance", "duration", "n_packets",
	"n_bytes",     "idle_age",	"hard_age",
};

static const char *const prereq_text[] = {
	[PREREQ_NONE] = "nothing",
	[PREREQ_VLAN] = "a VLAN tag (dl_vlan=VID, or vlan_vid=0x1000/0x1000 for any)",
	[PREREQ_IP] = "\"ip\" or \"ipv6\" (dl_type=0x0800 or 0x86dd)",
	[PREREQ_IPV4] = "\"ip\" (dl_type=0x0800)",
	[PREREQ_IPV6] = "\"ipv6\" (dl_type=0x86dd)",
	[PREREQ_ARP] = "\"arp\" (dl_type=0x0806)",
	[PREREQ_TCP] = "\"tcp\" (nw_proto=6) or \"tcp6\"",
	[PREREQ_UDP] = "\"udp\" (nw_proto=17) or \"udp6\"",
	[PREREQ_SCTP] = "\"sctp\" (nw_proto=132) or \"sctp6\"",
	[PREREQ_ICMPV4] = "\"icmp\" (ip,nw_proto=1)",
	[PREREQ_ICMPV6] = "\"icmp6\" (ipv6,nw_proto=58)",
	[PREREQ_ND] = "\"icmp6\" and icmp_type=135 or 136",
	[PREREQ_ND_SOL] = "\"icmp6\" and icmp_type=135",
	[PREREQ_ND_ADV] = "\"icmp6\" and icmp_type=136",
	[PREREQ_IN_PORT] = "in_port",
	[PREREQ_MPLS] = "\"mpls\" or \"mplsm\" (dl_type=0x8847 or 0x8848)",
	[PREREQ_PBB] = "dl_type=0x88e7",
};

const char *text_prereq(enum field_id field)
{
	return prereq_text[field_table[field].prereq];
}

bool text_find_name(struct text_span key, enum text_name *ret_name, enum field_id *ret_field)
{
	for (size_t i = 0; i < N_ELEMENTS(aliases); i++) {
		if (text_span_is(key, aliases[i].key)) {
			*ret_name = aliases[i].name;
			*ret_field = FIELD_IN_PORT;
			return true;
		}
	}
	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		if (field_is_known(id) && (text_span_is(key, field_table[id].name) ||
					   text_span_is(key, field_table[id].oxm_name))) {
			*ret_name = NAME_FIELD;
			*ret_field = (enum field_id)id;
			return true;
		}
	}
	return false;
}

/* Whether one letter more, less or other, or two that change places, make 'name' of 'key'. */
static bool is_one_off(struct text_span key, const char *name)
{
	size_t len = strlen(name), same = 0, ends = 0;

	while (same < key.len && same < len && key.p[same] == name[same])
		same++;
	while (ends < key.len - same && ends < len - same &&
	       key.p[key.len - 1 - ends] == name[len - 1 - ends])
		ends++;
	if (key.len == len)
		return same + ends + 1 >= len ||
		       (same + ends + 2 == len && key.p[same] == name[same + 1] &&
			key.p[same + 1] == name[same]);
	return key.len + 1 == len ? same + ends + 1 >= len
				  : len + 1 == key.len && same + ends >= len;
}

const char *text_near_name(struct text_span key)
{
	static const char *const others[] = { "actions",      "cookie",	  "hard_timeout",
					      "idle_timeout", "out_port", "out_group",
					      "priority",     "table" };

	for (size_t i = 0; i < N_ELEMENTS(others); i++) {
		if (is_one_off(key, others[i]))
			return others[i];
	}
	for (size_t i = 0; i < N_ELEMENTS(aliases); i++) {
		if (is_one_off(key, aliases[i].key))
			return aliases[i].key;
	}
	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		if (field_is_known(id) && is_one_off(key, field_table[id].name))
			return field_table[id].name;
		if (field_is_known(id) && is_one_off(key, field_table[id].oxm_name))
			return field_table[id].oxm_name;
	}
	return NULL;
}

static bool exact_is(const struct match *m, enum field_id id, uint64_t value)
{
	return match_is_exact(m, id) && field_value_to_u64(id, &m->value[id]) == value;
}

static int by_l4(const struct match *m, int tcp, int udp, int sctp)
{
	if (exact_is(m, FIELD_IP_PROTO, 6))
		return tcp;
	if (exact_is(m, FIELD_IP_PROTO, 17))
		return udp;
	return exact_is(m, FIELD_IP_PROTO, 132) ? sctp : -1;
}

int text_resolve_name(enum text_name name, enum field_id field, const struct match *m)
{
	bool is_arp = exact_is(m, FIELD_ETH_TYPE, 0x0806);
	bool is_icmp6 = exact_is(m, FIELD_IP_PROTO, 58);

	switch (name) {
	case NAME_FIELD:
		return (int)field;
	case NAME_DL_VLAN:
	case NAME_VLAN_TCI:
		return FIELD_VLAN_VID;
	case NAME_NW_TOS:
		return FIELD_IP_DSCP;
	case NAME_NW_SRC:
		return is_arp ? FIELD_ARP_SPA : FIELD_IPV4_SRC;
	case NAME_NW_DST:
		return is_arp ? FIELD_ARP_TPA : FIELD_IPV4_DST;
	case NAME_NW_PROTO:
		return is_arp ? FIELD_ARP_OP : FIELD_IP_PROTO;
	case NAME_TP_SRC:
		return by_l4(m, FIELD_TCP_SRC, FIELD_UDP_SRC, FIELD_SCTP_SRC);
	case NAME_TP_DST:
		return by_l4(m, FIELD_TCP_DST, FIELD_UDP_DST, FIELD_SCTP_DST);
	case NAME_ICMP_TYPE:
		return is_icmp6 ? FIELD_ICMPV6_TYPE : FIELD_ICMPV4_TYPE;
	case NAME_ICMP_CODE:
		return is_icmp6 ? FIELD_ICMPV6_CODE : FIELD_ICMPV4_CODE;
	case NAME_NW_TTL:
		break;
	}
	return -1;
}

void text_match_init(struct text_match *tm, struct match *match)
{
	tm->n = 0;
	tm->match = match;
	match_init(match);
}

/* Adds a value that several words may agree on: "tcp,nw_proto=6". */
static int set_agreed(struct text_match *tm, const struct text_input *in, const char *at,
		      enum field_id id, uint64_t value)
{
	if (match_has(tm->match, id) && !exact_is(tm->match, id, value)) {
		unsigned long long had = field_value_to_u64(id, &tm->match->value[id]);

		return text_fail(in, at, "this asks for %s=%#llx, an earlier word for %#llx",
				 field_table[id].name, (unsigned long long)value, had);
	}
	match_set_u64(tm->match, id, value);
	return 0;
}

static int add_shorthand(struct text_match *tm, const struct text_input *in,
			 const struct text_word *word)
{
	for (size_t i = 0; i < N_ELEMENTS(shorthands); i++) {
		int error;

		if (!text_span_is(word->key, shorthands[i].name))
			continue;
		if (word->delimiter)
			return text_fail(in, word->key.p, "%s takes no value", shorthands[i].name);
		error = set_agreed(tm, in, word->key.p, FIELD_ETH_TYPE, shorthands[i].eth_type);
		if (!error && shorthands[i].ip_proto >= 0)
			error = set_agreed(tm, in, word->key.p, FIELD_IP_PROTO,
					   (uint64_t)shorthands[i].ip_proto);
		return error ? error : 1;
	}
	return 0;
}

static int check_foreign(const struct text_input *in, const struct text_word *word)
{
	for (size_t i = 0; i < N_ELEMENTS(foreign); i++) {
		size_t n = strlen(foreign[i]);

		if (word->key.len >= n && !memcmp(word->key.p, foreign[i], n))
			return text_fail(in, word->key.p, "\"%.*s\" is not supported by skep",
					 (int)word->key.len, word->key.p);
	}
	return 0;
}

int text_match_add(struct text_match *tm, const struct text_input *in, const struct text_word *word)
{
	struct text_match_word *w;
	int error = add_shorthand(tm, in, word);

	if (error)
		return error;
	if (tm->n == TEXT_MATCH_WORDS_MAX)
		return text_fail(in, word->key.p, "too many words in a match");
	w = &tm->words[tm->n];
	if (!text_find_name(word->key, &w->name, &w->field))
		return check_foreign(in, word);
	if (w->name == NAME_NW_TTL)
		return text_fail(in, word->key.p, "nw_ttl cannot be matched in OpenFlow 1.3");
	if (!word->value.len || word->delimiter == '(')
		return text_fail(in, word->key.p, "%.*s needs a value: %.*s=VALUE",
				 (int)word->key.len, word->key.p, (int)word->key.len, word->key.p);
	w->word = *word;
	tm->n++;
	return 1;
}

/* Sets OFPVID_PRESENT and the given bits; what a word about tags comes to (table 13). */
static int set_vid(struct text_match *tm, const struct text_input *in, const struct text_word *word,
		   unsigned int value, unsigned int mask)
{
	struct field_value v, m;

	if (mask & OFPVID_PRESENT && !(value & OFPVID_PRESENT)) {
		if (value & mask)
			return text_fail_value(in, word,
					       "lacks 0x1000, which says that there is a tag: "
					       "write dl_vlan=%u or vlan_vid=%u",
					       value & 0xfff, value | OFPVID_PRESENT);
		match_set_u64(tm->match, FIELD_VLAN_VID, 0);
		return 0;
	}
	if (mask && !(mask & OFPVID_PRESENT))
		return text_fail_value(in, word,
				       "its mask lacks 0x1000, which says that there is a tag");
	v = field_value_from_u64(FIELD_VLAN_VID, value);
	m = field_value_from_u64(FIELD_VLAN_VID, mask);
	match_set(tm->match, FIELD_VLAN_VID, &v, &m);
	return 0;
}

static int set_vlan_tci(struct text_match *tm, const struct text_input *in,
			const struct text_word *word)
{
	unsigned int value, mask, pcp_mask;
	uint64_t v, m;
	int error = text_word_to_masked_u64(in, word, &v, &m);

	if (error)
		return error;
	if (m == UINT64_MAX)
		m = 0xffff;
	if (v > 0xffff || m > 0xffff)
		return text_fail_value(in, word, "does not fit into 16 bits");
	value = (unsigned int)v & (unsigned int)m;
	mask = (unsigned int)m;
	pcp_mask = mask >> 13;
	if (!(value & OFPVID_PRESENT) && value)
		return text_fail_value(in, word, "lacks 0x1000, which says that there is a tag");
	if (value & OFPVID_PRESENT && pcp_mask) {
		if (pcp_mask != 7)
			return text_fail_value(in, word,
					       "a priority cannot be masked in OpenFlow 1.3");
		if (match_has(tm->match, FIELD_VLAN_PCP))
			return text_fail_value(in, word, "the priority is given twice");
		match_set_u64(tm->match, FIELD_VLAN_PCP, value >> 13);
	}
	return set_vid(tm, in, word, value & 0x1fff, mask & 0x1fff);
}

static int set_dl_vlan(struct text_match *tm, const struct text_input *in,
		       const struct text_word *word)
{
	uint64_t vid, mask;
	int error = text_word_to_masked_u64(in, word, &vid, &mask);

	if (error)
		return error;
	if (vid == 0xffff && mask == UINT64_MAX)
		return set_vid(tm, in, word, 0, 0x1fff);
	if (mask == UINT64_MAX)
		mask = 0xfff;
	if (vid > 0xfff || mask > 0xfff)
		return text_fail_value(in, word, "does not fit into 12 bits (at most 4095)");
	return set_vid(tm, in, word, OFPVID_PRESENT | (unsigned int)vid,
		       OFPVID_PRESENT | (unsigned int)mask);
}

static int set_nw_tos(struct text_match *tm, const struct text_input *in,
		      const struct text_word *word)
{
	uint64_t tos;
	int error = text_word_to_u64(in, word, 0xff, &tos);

	if (error)
		return error;
	if (tos & 3)
		return text_fail_value(in, word, "its two low bits are nw_ecn's; give them there");
	match_set_u64(tm->match, FIELD_IP_DSCP, tos >> 2);
	return 0;
}

static int set_value(struct text_match *tm, const struct text_input *in,
		     const struct text_word *word, enum field_id id)
{
	struct field_value value, mask, exact = field_exact_mask(id), none = { { 0 } };
	int error = text_parse_value(in, word, word->value, id, &value, &mask);

	if (error)
		return error;
	if (id == FIELD_VLAN_VID)
		return set_vid(tm, in, word, (unsigned int)field_value_to_u64(id, &value),
			       (unsigned int)field_value_to_u64(id, &mask));
	if (!field_table[id].is_maskable && memcmp(&mask, &exact, sizeof(mask)) &&
	    memcmp(&mask, &none, sizeof(mask)))
		return text_fail_value(in, word, "this field cannot be masked in OpenFlow 1.3");
	match_set(tm->match, id, &value, &mask);
	return 0;
}

/* Words that say which protocol it is, before those whose meaning depends on it. */
static bool is_protocol(int id)
{
	return id == FIELD_ETH_TYPE || id == FIELD_IP_PROTO;
}

static int set_protocol(struct text_match *tm, const struct text_input *in,
			const struct text_word *word, enum field_id id)
{
	struct field_value value, mask;
	int error = text_parse_value(in, word, word->value, id, &value, &mask);
	struct field_value exact = field_exact_mask(id);

	if (error)
		return error;
	if (memcmp(&mask, &exact, sizeof(mask)))
		return text_fail_value(in, word, "this field cannot be masked in OpenFlow 1.3");
	return set_agreed(tm, in, word->key.p, id, field_value_to_u64(id, &value));
}

static int set_word(struct text_match *tm, const struct text_input *in,
		    const struct text_match_word *w)
{
	int id = text_resolve_name(w->name, w->field, tm->match);

	if (text_span_is(w->word.value, "*"))
		return 0;
	if (id < 0)
		return text_fail(in, w->word.key.p,
				 "%.*s needs \"tcp\", \"udp\" or \"sctp\" in the match",
				 (int)w->word.key.len, w->word.key.p);
	if (is_protocol(id))
		return 0;
	if (match_has(tm->match, (enum field_id)id))
		return text_fail(in, w->word.key.p, "%.*s: this field is given twice",
				 (int)w->word.key.len, w->word.key.p);
	switch (w->name) {
	case NAME_DL_VLAN:
		return set_dl_vlan(tm, in, &w->word);
	case NAME_VLAN_TCI:
		return set_vlan_tci(tm, in, &w->word);
	case NAME_NW_TOS:
		return set_nw_tos(tm, in, &w->word);
	default:
		return set_value(tm, in, &w->word, (enum field_id)id);
	}
}

static int check_prereqs(const struct text_match *tm, const struct text_input *in)
{
	for (unsigned int i = 0; i < tm->n; i++) {
		const struct text_match_word *w = &tm->words[i];
		int id = text_resolve_name(w->name, w->field, tm->match);

		if (id >= 0 && match_has(tm->match, (enum field_id)id) &&
		    !match_prereq_ok(tm->match, (enum field_id)id))
			return text_fail(in, w->word.key.p, "%.*s needs %s in the match",
					 (int)w->word.key.len, w->word.key.p,
					 text_prereq((enum field_id)id));
	}
	return 0;
}

int text_match_finish(struct text_match *tm, const struct text_input *in)
{
	static const enum field_id protocols[] = { FIELD_ETH_TYPE, FIELD_IP_PROTO };

	for (size_t k = 0; k < N_ELEMENTS(protocols); k++) {
		for (unsigned int i = 0; i < tm->n; i++) {
			const struct text_match_word *w = &tm->words[i];
			int error = 0;

			if (text_resolve_name(w->name, w->field, tm->match) == (int)protocols[k] &&
			    !text_span_is(w->word.value, "*"))
				error = set_protocol(tm, in, &w->word, protocols[k]);
			if (error)
				return error;
		}
	}
	for (unsigned int i = 0; i < tm->n; i++) {
		int error = set_word(tm, in, &tm->words[i]);

		if (error)
			return error;
	}
	/* A priority alone means a tag, with whatever VLAN id. */
	if (match_has(tm->match, FIELD_VLAN_PCP) && !match_has(tm->match, FIELD_VLAN_VID)) {
		struct field_value present = field_value_from_u64(FIELD_VLAN_VID, OFPVID_PRESENT);

		match_set(tm->match, FIELD_VLAN_VID, &present, &present);
	}
	return check_prereqs(tm, in);
}
