// SPDX-License-Identifier: Apache-2.0
/* Reads a frame; see parse.h.  The order is that of docs/semantics.md. */
#include "tests/oracle/parse.h"

#include <string.h>

enum { TAGS_MAX = 8, EXTENSIONS_MAX = 8, ND_OPTIONS_MAX = 8 };

/* The field is the field_table[id].n_bytes bytes at 'at'. */
static void set(struct oracle_fields *f, const struct oracle_packet *pkt, enum field_id id,
		size_t at)
{
	memset(&f->value[id], 0, sizeof(f->value[id]));
	memcpy(f->value[id].b, pkt->b + at, field_table[id].n_bytes);
	f->at[id] = at;
	f->present |= 1ULL << id;
}

/* The field has the value 'v', some bits of the bytes from 'at' on. */
static void set_bits(struct oracle_fields *f, enum field_id id, size_t at, uint64_t v)
{
	f->value[id] = field_value_from_u64(id, v);
	f->at[id] = at;
	f->present |= 1ULL << id;
}

static void parse_arp(const struct oracle_packet *pkt, size_t at, struct oracle_fields *f)
{
	const uint8_t *arp = pkt->b + at;

	if (at + 28 > pkt->len)
		return;
	if (oracle_get16(arp) != 1 || oracle_get16(arp + 2) != 0x0800 || arp[4] != 6 || arp[5] != 4)
		return;
	set(f, pkt, FIELD_ARP_OP, at + 6);
	set(f, pkt, FIELD_ARP_SHA, at + 8);
	set(f, pkt, FIELD_ARP_SPA, at + 14);
	set(f, pkt, FIELD_ARP_THA, at + 18);
	set(f, pkt, FIELD_ARP_TPA, at + 24);
}

static void parse_nd(const struct oracle_packet *pkt, struct oracle_fields *f)
{
	uint8_t type = pkt->b[f->l4];
	uint8_t wanted = type == 135 ? 1 : 2;
	size_t at = f->l4 + 24;

	if (at > f->l4_end)
		return;
	set(f, pkt, FIELD_IPV6_ND_TARGET, f->l4 + 8);

	for (unsigned int i = 0; i < ND_OPTIONS_MAX; i++) {
		size_t size;

		if (at + 2 > f->l4_end)
			return;
		size = pkt->b[at + 1] * 8u;
		if (size == 0 || at + size > f->l4_end)
			return;
		if (pkt->b[at] == wanted && size == 8) {
			set(f, pkt, type == 135 ? FIELD_IPV6_ND_SLL : FIELD_IPV6_ND_TLL, at + 2);
			return;
		}
		at += size;
	}
}

static void parse_icmpv6(const struct oracle_packet *pkt, struct oracle_fields *f)
{
	uint8_t type = pkt->b[f->l4];
	uint8_t code = pkt->b[f->l4 + 1];

	set(f, pkt, FIELD_ICMPV6_TYPE, f->l4);
	set(f, pkt, FIELD_ICMPV6_CODE, f->l4 + 1);
	if ((type == 135 || type == 136) && code == 0)
		parse_nd(pkt, f);
}

/* True if 'n' bytes of layer 4 are there. */
static bool is_there(const struct oracle_fields *f, size_t n)
{
	return f->l4 + n <= f->l4_end;
}

/* Layer 4 of an unfragmented packet or a first fragment, from f->l4 to f->l4_end. */
static void parse_l4(const struct oracle_packet *pkt, uint8_t proto, struct oracle_fields *f)
{
	if (proto == 6 && is_there(f, 20)) {
		set(f, pkt, FIELD_TCP_SRC, f->l4);
		set(f, pkt, FIELD_TCP_DST, f->l4 + 2);
	} else if (proto == 17 && is_there(f, 8)) {
		set(f, pkt, FIELD_UDP_SRC, f->l4);
		set(f, pkt, FIELD_UDP_DST, f->l4 + 2);
	} else if (proto == 132 && is_there(f, 12)) {
		set(f, pkt, FIELD_SCTP_SRC, f->l4);
		set(f, pkt, FIELD_SCTP_DST, f->l4 + 2);
	} else if (f->is_ipv4 && proto == 1 && is_there(f, 8)) {
		set(f, pkt, FIELD_ICMPV4_TYPE, f->l4);
		set(f, pkt, FIELD_ICMPV4_CODE, f->l4 + 1);
	} else if (f->is_ipv6 && proto == 58 && is_there(f, 4)) {
		parse_icmpv6(pkt, f);
	} else {
		return;
	}
	f->has_l4 = true;
}

static void parse_ipv4(const struct oracle_packet *pkt, size_t at, struct oracle_fields *f)
{
	const uint8_t *ip = pkt->b + at;
	size_t header_len, total_len;
	uint16_t fragment;

	if (at + 20 > pkt->len || ip[0] >> 4 != 4)
		return;
	header_len = (ip[0] & 15) * 4u;
	total_len = oracle_get16(ip + 2);
	if (header_len < 20 || at + header_len > pkt->len || total_len < header_len)
		return;

	f->is_ipv4 = true;
	f->l3 = at;
	set_bits(f, FIELD_IP_DSCP, at + 1, ip[1] >> 2);
	set_bits(f, FIELD_IP_ECN, at + 1, ip[1] & 3);
	set(f, pkt, FIELD_IP_PROTO, at + 9);
	set(f, pkt, FIELD_IPV4_SRC, at + 12);
	set(f, pkt, FIELD_IPV4_DST, at + 16);

	fragment = oracle_get16(ip + 6);
	f->is_fragment = fragment & 0x3fff; /* more fragments, or an offset */
	if (fragment & 0x1fff)
		return;
	f->l4 = at + header_len;
	f->l4_end = at + total_len < pkt->len ? at + total_len : pkt->len;
	parse_l4(pkt, ip[9], f);
}

/* IPv6 extension headers: RFC 2460 §4.1, OF1.3.5 §7.2.3.7.  'number' is the next-header value. */
enum exthdr_bit {
	EXTHDR_NONEXT = 1 << 0,
	EXTHDR_ESP = 1 << 1,
	EXTHDR_AUTH = 1 << 2,
	EXTHDR_DEST = 1 << 3,
	EXTHDR_FRAG = 1 << 4,
	EXTHDR_ROUTER = 1 << 5,
	EXTHDR_HOP = 1 << 6,
	EXTHDR_UNREP = 1 << 7,
	EXTHDR_UNSEQ = 1 << 8,
};

/* The headers met so far. */
struct met {
	unsigned int n;
	uint8_t number[EXTENSIONS_MAX + 1];
};

static unsigned int count_met(const struct met *met, unsigned int before, uint8_t number)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < before; i++)
		n += met->number[i] == number;
	return n;
}

/* The place of header 'i' in the order that RFC 2460 recommends; 0 if it has none. */
static unsigned int preferred_place(const struct met *met, unsigned int i)
{
	switch (met->number[i]) {
	case 0:
		return 1;
	case 60:
		return count_met(met, i, 0) == i ? 2 : 7;
	case 43:
		return 3;
	case 44:
		return 4;
	case 51:
		return 5;
	case 50:
		return 6;
	default:
		return 0;
	}
}

static bool is_out_of_order(const struct met *met, unsigned int i)
{
	unsigned int place = preferred_place(met, i);

	if (place == 0)
		return false;
	for (unsigned int before = 0; before < i; before++) {
		if (preferred_place(met, before) > place)
			return true;
	}
	return false;
}

/* The bits for header 'i' alone. */
static unsigned int exthdr_bits(const struct met *met, unsigned int i)
{
	unsigned int n = count_met(met, i, met->number[i]), bits = 0;

	switch (met->number[i]) {
	case 0:
		bits = i == 0 ? EXTHDR_HOP : 0;
		break;
	case 43:
		bits = EXTHDR_ROUTER;
		break;
	case 44:
		bits = EXTHDR_FRAG;
		break;
	case 50:
		bits = EXTHDR_ESP;
		break;
	case 51:
		bits = EXTHDR_AUTH;
		break;
	case 60:
		bits = EXTHDR_DEST;
		break;
	case 59:
		return EXTHDR_NONEXT;
	default:
		return 0;
	}
	if (n >= (met->number[i] == 60 ? 2u : 1u))
		bits |= EXTHDR_UNREP;
	if (is_out_of_order(met, i))
		bits |= EXTHDR_UNSEQ;
	return bits;
}

static void meet(struct met *met, uint8_t number, struct oracle_fields *f)
{
	unsigned int bits = 0;

	met->number[met->n++] = number;
	for (unsigned int i = 0; i < met->n; i++)
		bits |= exthdr_bits(met, i);
	set_bits(f, FIELD_IPV6_EXTHDR, 0, bits);
}

static bool is_extension(uint8_t next)
{
	return next == 0 || next == 43 || next == 44 || next == 51 || next == 60;
}

static size_t extension_size(uint8_t type, uint8_t length)
{
	if (type == 44)
		return 8;
	if (type == 51)
		return (length + 2u) * 4;
	return (length + 1u) * 8;
}

/* Walks the extension headers from 'at' on; 'next_at' is where the type of the header at 'at' is
 * said. */
static void parse_ipv6_payload(const struct oracle_packet *pkt, size_t at, size_t next_at,
			       size_t end, struct oracle_fields *f)
{
	struct met met = { 0 };

	for (unsigned int n = 0;; n++) {
		uint8_t type = pkt->b[next_at];
		size_t size;

		set(f, pkt, FIELD_IP_PROTO, next_at);
		meet(&met, type, f);
		if (!is_extension(type)) {
			f->l4 = at;
			f->l4_end = end;
			parse_l4(pkt, type, f);
			return;
		}
		if (n == EXTENSIONS_MAX || at + 2 > end)
			return;
		size = extension_size(type, pkt->b[at + 1]);
		if (at + size > end)
			return;
		if (type == 44) {
			uint16_t fragment = oracle_get16(pkt->b + at + 2);

			if (fragment & 0xfff9) /* an offset, or more fragments */
				f->is_fragment = true;
			if (fragment & 0xfff8) {
				set(f, pkt, FIELD_IP_PROTO, at);
				return;
			}
		}
		next_at = at;
		at += size;
	}
}

static void parse_ipv6(const struct oracle_packet *pkt, size_t at, struct oracle_fields *f)
{
	const uint8_t *ip = pkt->b + at;
	size_t payload_len, end;

	if (at + 40 > pkt->len || ip[0] >> 4 != 6)
		return;
	f->is_ipv6 = true;
	f->l3 = at;
	set_bits(f, FIELD_IP_DSCP, at, oracle_get16(ip) >> 6 & 0x3f);
	set_bits(f, FIELD_IP_ECN, at + 1, ip[1] >> 4 & 3);
	set_bits(f, FIELD_IPV6_FLABEL, at + 1, (uint64_t)(ip[1] & 15) << 16 | oracle_get16(ip + 2));
	set(f, pkt, FIELD_IPV6_SRC, at + 8);
	set(f, pkt, FIELD_IPV6_DST, at + 24);

	payload_len = oracle_get16(ip + 4);
	end = pkt->len;
	if (payload_len != 0 && at + 40 + payload_len < end)
		end = at + 40 + payload_len;
	parse_ipv6_payload(pkt, at + 40, at + 6, end, f);
}

static bool is_tpid(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8;
}

/* The outermost label stack entry. */
static void parse_mpls(const struct oracle_packet *pkt, size_t at, struct oracle_fields *f)
{
	uint32_t word;

	if (at + 4 > pkt->len)
		return;
	word = (uint32_t)oracle_get16(pkt->b + at) << 16 | oracle_get16(pkt->b + at + 2);
	set_bits(f, FIELD_MPLS_LABEL, at, word >> 12);
	set_bits(f, FIELD_MPLS_TC, at + 2, word >> 9 & 7);
	set_bits(f, FIELD_MPLS_BOS, at + 2, word >> 8 & 1);
}

/* An I-TAG (IEEE 802.1Q §9.7): I-TCI, C-DA, C-SA; and the customer's type behind it. */
static void parse_pbb(const struct oracle_packet *pkt, size_t at, struct oracle_fields *f)
{
	if (at + 4 + 6 + 6 + 2 > pkt->len)
		return;
	set(f, pkt, FIELD_PBB_ISID, at + 1);
}

/* The tags and the type; returns where the payload begins. */
static size_t parse_ethernet(const struct oracle_packet *pkt, struct oracle_fields *f)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00 };
	size_t at = 12;

	set(f, pkt, FIELD_ETH_DST, 0);
	set(f, pkt, FIELD_ETH_SRC, 6);
	while (f->n_tags < TAGS_MAX && is_tpid(oracle_get16(pkt->b + at)) && at + 6 <= pkt->len) {
		f->n_tags++;
		at += 4;
	}
	set_bits(f, FIELD_VLAN_VID, 14, 0);
	if (f->n_tags) {
		uint16_t tci = oracle_get16(pkt->b + 14);

		set_bits(f, FIELD_VLAN_VID, 14, OFPVID_PRESENT | (tci & 0xfff));
		set_bits(f, FIELD_VLAN_PCP, 14, tci >> 13);
	}

	f->has_type = true;
	if (oracle_get16(pkt->b + at) < 0x600) {
		if (at + 10 > pkt->len || memcmp(pkt->b + at + 2, snap, sizeof(snap))) {
			f->has_type = false;
			set_bits(f, FIELD_ETH_TYPE, 0, 0x05ff);
			return pkt->len;
		}
		at += 8;
	}
	set(f, pkt, FIELD_ETH_TYPE, at);
	return at + 2;
}

static void fields_init(struct oracle_fields *f)
{
	f->present = 0;
	f->n_tags = 0;
	f->is_ipv4 = f->is_ipv6 = f->is_fragment = f->has_l4 = false;
	f->l3 = f->l4 = f->l4_end = 0;
}

bool oracle_parse_ip(const struct oracle_packet *pkt, unsigned int version, size_t at, struct oracle_fields *f)
{
	fields_init(f);
	if (version == 4)
		parse_ipv4(pkt, at, f);
	else if (version == 6)
		parse_ipv6(pkt, at, f);
	return f->is_ipv4 || f->is_ipv6;
}

void oracle_parse(const struct oracle_packet *pkt, struct oracle_fields *f)
{
	size_t at;

	fields_init(f);

	at = f->payload = parse_ethernet(pkt, f);
	if (!f->has_type)
		return;
	switch (field_value_to_u64(FIELD_ETH_TYPE, &f->value[FIELD_ETH_TYPE])) {
	case 0x0800:
		parse_ipv4(pkt, at, f);
		break;
	case 0x86dd:
		parse_ipv6(pkt, at, f);
		break;
	case 0x0806:
		parse_arp(pkt, at, f);
		break;
	case 0x8847:
	case 0x8848:
		parse_mpls(pkt, at, f);
		break;
	case 0x88e7:
		parse_pbb(pkt, at, f);
		break;
	default:
		break;
	}
}
