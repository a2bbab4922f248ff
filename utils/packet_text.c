// SPDX-License-Identifier: Apache-2.0
/* What a packet is, in a line; see packet_text.h. */
#include "utils/packet_text.h"

#include <string.h>

struct cursor {
	const uint8_t *p;
	size_t len;
	struct match *match;
};

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)(p[0] << 8 | p[1]);
}

/* Adds field 'id' from the bytes at 'ofs'. */
static void take(struct cursor *c, enum field_id id, size_t ofs)
{
	struct field_value v = { { 0 } };

	memcpy(v.b, c->p + ofs, field_table[id].n_bytes);
	match_set(c->match, id, &v, NULL);
}

static void skip(struct cursor *c, size_t n)
{
	c->p += n;
	c->len -= n;
}

static void take_ports(struct cursor *c, size_t min_len, enum field_id src, enum field_id dst)
{
	if (c->len < min_len)
		return;
	take(c, src, 0);
	take(c, dst, 2);
}

static void take_icmpv6(struct cursor *c)
{
	if (c->len < 4)
		return;
	take(c, FIELD_ICMPV6_TYPE, 0);
	take(c, FIELD_ICMPV6_CODE, 1);
	if ((c->p[0] == 135 || c->p[0] == 136) && c->len >= 24)
		take(c, FIELD_IPV6_ND_TARGET, 8);
}

static void take_transport(struct cursor *c, unsigned int proto, bool is_v6)
{
	match_set_u64(c->match, FIELD_IP_PROTO, proto);
	if (proto == 6) {
		take_ports(c, 20, FIELD_TCP_SRC, FIELD_TCP_DST);
	} else if (proto == 17) {
		take_ports(c, 8, FIELD_UDP_SRC, FIELD_UDP_DST);
	} else if (proto == 132) {
		take_ports(c, 12, FIELD_SCTP_SRC, FIELD_SCTP_DST);
	} else if (proto == 58 && is_v6) {
		take_icmpv6(c);
	} else if (proto == 1 && !is_v6 && c->len >= 8) {
		take(c, FIELD_ICMPV4_TYPE, 0);
		take(c, FIELD_ICMPV4_CODE, 1);
	}
}

static void take_tos(struct cursor *c, unsigned int tos)
{
	match_set_u64(c->match, FIELD_IP_DSCP, tos >> 2);
	match_set_u64(c->match, FIELD_IP_ECN, tos & 3);
}

static void take_ipv4(struct cursor *c)
{
	unsigned int proto, ihl;

	if (c->len < 20 || c->p[0] >> 4 != 4)
		return;
	ihl = (c->p[0] & 15u) * 4;
	if (ihl < 20 || c->len < ihl)
		return;
	take(c, FIELD_IPV4_SRC, 12);
	take(c, FIELD_IPV4_DST, 16);
	take_tos(c, c->p[1]);
	proto = c->p[9];
	if (be16(c->p + 6) & 0x1fff) { /* a later fragment */
		match_set_u64(c->match, FIELD_IP_PROTO, proto);
		return;
	}
	skip(c, ihl);
	take_transport(c, proto, false);
}

static void take_ipv6(struct cursor *c)
{
	unsigned int proto;

	if (c->len < 40 || c->p[0] >> 4 != 6)
		return;
	take(c, FIELD_IPV6_SRC, 8);
	take(c, FIELD_IPV6_DST, 24);
	take_tos(c, be16(c->p) >> 4 & 0xff);
	match_set_u64(c->match, FIELD_IPV6_FLABEL, (c->p[1] & 15u) << 16 | be16(c->p + 2));
	proto = c->p[6];
	skip(c, 40);
	take_transport(c, proto, true);
}

static void take_arp(struct cursor *c)
{
	if (c->len < 28 || be16(c->p) != 1 || be16(c->p + 2) != 0x0800)
		return;
	take(c, FIELD_ARP_OP, 6);
	take(c, FIELD_ARP_SHA, 8);
	take(c, FIELD_ARP_SPA, 14);
	take(c, FIELD_ARP_THA, 18);
	take(c, FIELD_ARP_TPA, 24);
}

/* The outermost label. */
static void take_mpls(struct cursor *c)
{
	if (c->len < 4)
		return;
	match_set_u64(c->match, FIELD_MPLS_LABEL, be16(c->p) << 4 | c->p[2] >> 4);
	match_set_u64(c->match, FIELD_MPLS_TC, c->p[2] >> 1 & 7);
	match_set_u64(c->match, FIELD_MPLS_BOS, c->p[2] & 1);
}

/* An I-TAG: flags, I-SID, and the addresses of the inner frame. */
static void take_pbb(struct cursor *c)
{
	if (c->len >= 16)
		take(c, FIELD_PBB_ISID, 1);
}

static void take_vlans(struct cursor *c)
{
	bool is_outermost = true;

	while (c->len >= 6 && (be16(c->p) == 0x8100 || be16(c->p) == 0x88a8)) {
		if (is_outermost) {
			match_set_u64(c->match, FIELD_VLAN_VID,
				      OFPVID_PRESENT | (be16(c->p + 2) & 0xfff));
			match_set_u64(c->match, FIELD_VLAN_PCP, be16(c->p + 2) >> 13);
		}
		is_outermost = false;
		skip(c, 4);
	}
}

void packet_text_match(const uint8_t *data, size_t len, struct match *match)
{
	struct cursor c = { data, len, match };
	unsigned int type;

	match_init(match);
	if (len < 14)
		return;
	take(&c, FIELD_ETH_DST, 0);
	take(&c, FIELD_ETH_SRC, 6);
	skip(&c, 12);
	take_vlans(&c);
	type = be16(c.p);
	match_set_u64(match, FIELD_ETH_TYPE, type);
	skip(&c, 2);
	if (type == 0x0800)
		take_ipv4(&c);
	else if (type == 0x86dd)
		take_ipv6(&c);
	else if (type == 0x0806)
		take_arp(&c);
	else if (type == 0x8847 || type == 0x8848)
		take_mpls(&c);
	else if (type == 0x88e7)
		take_pbb(&c);
}
