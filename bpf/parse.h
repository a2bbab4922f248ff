/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the frame to the key: docs/semantics.md, "The header fields of a frame".
 *
 * Presence is decided by arithmetic on the frame's length; home_hdr() then gives the bytes wherever
 * they are.  What every packet has is parsed inline; VLAN tags in the frame, LLC, IPv6, ARP and
 * neighbour discovery are functions of their own.
 *
 * Words of the key whose fields the packet lacks are zero, so that equal packets have equal keys.
 */
#ifndef SKEP_BPF_PARSE_H
#define SKEP_BPF_PARSE_H 1

#include "bpf/state.h"

#define SKEP_ETH_HLEN  14
#define SKEP_MAX_TAGS  8
#define SKEP_MAX_EXT   8
#define SKEP_MAX_ND    8
#define SKEP_NO_TYPE   0x05ff
#define SKEP_TYPE_IPV4 0x0800
#define SKEP_TYPE_ARP  0x0806
#define SKEP_TYPE_IPV6 0x86dd
#define SKEP_TYPE_MPLS 0x8847
#define SKEP_TYPE_MPLS_MCAST 0x8848
#define SKEP_TYPE_PBB  0x88e7

#define SKEP_ITAG_LEN 16 /* behind 0x88e7: TCI, C-DA, C-SA */

enum skep_ipproto {
	SKEP_P_HOPOPTS = 0,
	SKEP_P_ICMP = 1,
	SKEP_P_TCP = 6,
	SKEP_P_UDP = 17,
	SKEP_P_ROUTING = 43,
	SKEP_P_FRAGMENT = 44,
	SKEP_P_ESP = 50,
	SKEP_P_AH = 51,
	SKEP_P_ICMPV6 = 58,
	SKEP_P_NONE = 59,
	SKEP_P_DSTOPTS = 60,
	SKEP_P_SCTP = 132,
};

/* OFPIEH_*, OF1.3.5 §7.2.3.7. */
enum skep_exthdr {
	SKEP_EXT_NONEXT = 1 << 0,
	SKEP_EXT_ESP = 1 << 1,
	SKEP_EXT_AUTH = 1 << 2,
	SKEP_EXT_DEST = 1 << 3,
	SKEP_EXT_FRAG = 1 << 4,
	SKEP_EXT_ROUTER = 1 << 5,
	SKEP_EXT_HOP = 1 << 6,
	SKEP_EXT_UNREP = 1 << 7,
	SKEP_EXT_UNSEQ = 1 << 8,
	SKEP_EXT_DEST2 = 1 << 9, /* ours: the second of two, that may be */
};

SKEP_INLINE _Bool skep_is_tpid(__be16 type)
{
	return type == SKEP_BE16(0x8100) || type == SKEP_BE16(0x88a8);
}

/* The VLAN tags in the frame, and LLC/SNAP: to the Ethernet type, in host order, and the start of
 * layer 3 in s->l3_ofs. In s->has_tag: whether there is a tag in metadata. */
SKEP_SUB int skep_parse_tags(SKEP_CTX *ctx, struct skep_state *s)
{
	struct skep_win w = home_win(ctx);
	__u32 ofs = 12, n_tags;
	const __u8 *p;

	if (!s)
		return SKEP_NO_TYPE;
	n_tags = s->has_tag;
	for (__u32 i = 0; i < SKEP_MAX_TAGS; i++) {
		p = home_hdr(ctx, &w, ofs, 2, s->buf);
		if (!p || !skep_is_tpid(skep_ld16(p)) || n_tags >= SKEP_MAX_TAGS ||
		    ofs + 6 > s->len)
			break;
		p = home_hdr(ctx, &w, ofs + 2, 2, s->buf);
		if (p && !s->has_tag) {
			s->has_tag = 1;
			s->tag_ofs = (__u16)(ofs + 2);
			s->key.vlan_tci =
				(skep_ld16(p) & SKEP_BE16(0xefff)) | SKEP_BE16(SKEP_VLAN_PRESENT);
		}
		n_tags++;
		ofs += 4;
	}
	s->type_ofs = (__u16)ofs;
	s->l3_ofs = (__u16)(ofs + 2);
	p = home_hdr(ctx, &w, ofs, 2, s->buf);
	if (p && bpf_ntohs(skep_ld16(p)) >= 0x600)
		return bpf_ntohs(skep_ld16(p));
	s->type_ofs = 0;
	if (ofs + 10 > s->len)
		return SKEP_NO_TYPE;
	p = home_hdr(ctx, &w, ofs + 2, 8, s->buf);
	if (!p || skep_ld32(p) != bpf_htonl(0xaaaa0300) || skep_ld16(p + 4) != 0)
		return SKEP_NO_TYPE;
	s->type_ofs = (__u16)(ofs + 8);
	s->l3_ofs = (__u16)(ofs + 10);
	return bpf_ntohs(skep_ld16(p + 6));
}

/* Bytes of layer 4 without which it is not there; 0: a protocol without fields. */
SKEP_INLINE __u32 skep_l4_need(__u32 proto, _Bool is_ipv6)
{
	switch (proto) {
	case SKEP_P_TCP:
		return 20;
	case SKEP_P_UDP:
		return 8;
	case SKEP_P_SCTP:
		return 12;
	case SKEP_P_ICMP:
		return is_ipv6 ? 0 : 8;
	case SKEP_P_ICMPV6:
		return is_ipv6 ? 4 : 0;
	default:
		return 0;
	}
}

/* Word 5 of the key for the layer 4 at 'ofs', which is no later fragment. */
SKEP_INLINE __u64 skep_parse_l4(SKEP_CTX *ctx, struct skep_state *s, const struct skep_win *w,
				__u32 ofs, __u32 proto, _Bool is_ipv6)
{
	__u32 need = skep_l4_need(proto, is_ipv6), ports;
	const __u8 *p;

	if (!need || ofs + need > s->l4_end)
		return 0;
	p = home_hdr(ctx, w, ofs, 4, s->buf);
	if (!p)
		return 0;
	ports = skep_ld32(p);
	if (proto == SKEP_P_ICMP || proto == SKEP_P_ICMPV6) /* be16 of each byte */
		return SKEP_AT(p[0], 5, 1) | SKEP_AT(p[1], 7, 1) | SKEP_AT(SKEP_HAS_L4, 2, 1);
	return SKEP_AT(ports, 4, 4) | SKEP_AT(SKEP_HAS_L4, 2, 1);
}

SKEP_INLINE void skep_parse_ipv4(SKEP_CTX *ctx, struct skep_state *s, const struct skep_win *w,
				 __u32 l3)
{
	__u32 hlen, total, avail = s->len - l3, frag;
	const __u8 *p;
	__u64 w5;

	if (l3 + 20 > s->len)
		return;
	p = home_hdr(ctx, w, l3, 20, s->buf);
	if (!p)
		return;
	hlen = (p[0] & 0xfu) * 4;
	total = bpf_ntohs(skep_ld16(p + 2));
	if (p[0] >> 4 != 4 || hlen < 20 || hlen > avail || total < hlen)
		return;
	s->l4_ofs = l3 + hlen;
	s->l4_end = l3 + (total < avail ? total : avail);
	s->proto_ofs = (__u16)(l3 + 9);
	s->w[4] = skep_ld64(p + 12);
	w5 = SKEP_AT(p[9], 0, 1) | SKEP_AT(p[1], 1, 1) | SKEP_AT(SKEP_HAS_IP, 2, 1);
	frag = bpf_ntohs(skep_ld16(p + 6)) & 0x3fff;
	if (frag)
		s->is_fragment = 1;
	if (!(frag & 0x1fff))
		w5 |= skep_parse_l4(ctx, s, w, l3 + hlen, p[9], 0);
	s->w[5] = w5;
}

SKEP_INLINE _Bool skep_is_ext(__u32 proto)
{
	return proto == SKEP_P_HOPOPTS || proto == SKEP_P_ROUTING || proto == SKEP_P_FRAGMENT ||
	       proto == SKEP_P_AH || proto == SKEP_P_DSTOPTS;
}

SKEP_INLINE __u32 skep_ext_len(__u32 proto, __u32 len_byte)
{
	if (proto == SKEP_P_FRAGMENT)
		return 8;
	return proto == SKEP_P_AH ? (len_byte + 2) * 4 : (len_byte + 1) * 8;
}

SKEP_INLINE _Bool skep_is_noted(__u32 proto)
{
	return skep_is_ext(proto) || proto == SKEP_P_ESP || proto == SKEP_P_NONE;
}

/* Its bit of ipv6_exthdr, and its place in RFC 2460's order (§4.1) from 0 on.  Destination options have two places, 1 and 6. */
SKEP_INLINE __u32 skep_ext_bit(__u32 proto, __u32 *rank)
{
	switch (proto) {
	case SKEP_P_HOPOPTS:
		*rank = 0;
		return SKEP_EXT_HOP;
	case SKEP_P_ROUTING:
		*rank = 2;
		return SKEP_EXT_ROUTER;
	case SKEP_P_FRAGMENT:
		*rank = 3;
		return SKEP_EXT_FRAG;
	case SKEP_P_AH:
		*rank = 4;
		return SKEP_EXT_AUTH;
	case SKEP_P_ESP:
		*rank = 5;
		return SKEP_EXT_ESP;
	default:
		*rank = *rank ? 6 : 1;
		return SKEP_EXT_DEST;
	}
}

/* Next-header value 'proto' was met. */
SKEP_INLINE void skep_note_ext(struct skep_state *s, __u32 proto)
{
	__u32 met = SKEP_ONCE(s->ext_met), last = SKEP_ONCE(s->ext_rank), bits = 0, rank = last, bit;
	__u32 flags = SKEP_ONCE(s->ext_flags);

	if (proto == SKEP_P_NONE) {
		SKEP_ONCE_SET(s->ext_flags, (__u16)(flags | SKEP_EXT_NONEXT));
		return;
	}
	bit = skep_ext_bit(proto, &rank);
	if (bit != SKEP_EXT_HOP || !met)
		bits = bit;
	if (met & bit && bit == SKEP_EXT_DEST)
		bit = SKEP_EXT_DEST2;
	if (met & bit)
		bits |= SKEP_EXT_UNREP;
	if (rank < last)
		bits |= SKEP_EXT_UNSEQ;
	else
		SKEP_ONCE_SET(s->ext_rank, (__u8)rank);
	SKEP_ONCE_SET(s->ext_met, (__u16)(met | bit));
	SKEP_ONCE_SET(s->ext_flags, (__u16)(flags | bits));
}

/* Makes ipv6_exthdr of the values that skep_parse_ext() met.  In a function of its own, and with what was met in memory (SKEP_ONCE) and not in registers, where
 * the verifier would know it: so it does not walk each order of headers with each length that they may have. */
SKEP_SUB int skep_note_exts(struct skep_state *s)
{
	if (!s)
		return 0;
	SKEP_ONCE_SET(s->ext_met, 0);
	SKEP_ONCE_SET(s->ext_rank, 0);
	SKEP_ONCE_SET(s->ext_flags, 0);
	for (__u32 i = 0; i <= SKEP_MAX_EXT && i < s->n_ext; i++) {
		if (skep_is_noted(s->ext[i]))
			skep_note_ext(s, s->ext[i]);
	}
	s->key.ipv6_exthdr = bpf_htons(SKEP_ONCE(s->ext_flags));
	return 0;
}

/* Skips the extension headers from s->l4_ofs on, the first of which is 'proto'.  Returns the
 * protocol that they end with.  s->l4_ofs is 0 then if there is no layer 4. */
SKEP_SUB int skep_parse_ext(SKEP_CTX *ctx, struct skep_state *s, __u32 proto)
{
	struct skep_win w = home_win(ctx);
	__u32 ofs;

	if (!s)
		return 0;
	ofs = s->l4_ofs & 0xff;
	s->l4_ofs = 0;
	s->n_ext = 0;
	for (__u32 i = 0; i < SKEP_MAX_EXT && skep_is_ext(proto); i++) {
		const __u8 *p;
		__u32 len;

		s->ext[i] = (__u8)proto;
		s->n_ext = (__u8)(i + 1);
		if (ofs + 8 > s->l4_end)
			return (int)proto;
		p = home_hdr(ctx, &w, ofs, 8, s->buf);
		if (!p)
			return (int)proto;
		len = skep_ext_len(proto, p[1]);
		if (ofs + len > s->l4_end)
			return (int)proto;
		s->proto_ofs = (__u16)ofs;
		if (proto == SKEP_P_FRAGMENT) {
			__u32 frag = bpf_ntohs(skep_ld16(p + 2));

			if (frag & 0xfff9)
				s->is_fragment = 1;
			if (frag & 0xfff8)
				return p[0];
		}
		proto = p[0];
		ofs += len;
	}
	if (!skep_is_ext(proto))
		s->l4_ofs = ofs;
	s->ext[s->n_ext & 15] = (__u8)proto;
	s->n_ext++;
	return (int)proto;
}

/* The neighbour discovery message at s->l4_ofs, whose ICMPv6 type is 'type': its fields, and their
 * bits of 'present'. */
SKEP_SUB int skep_parse_nd(SKEP_CTX *ctx, struct skep_state *s, __u32 type)
{
	__u32 ofs, wanted = type == 135 ? 1 : 2;
	struct skep_win w = home_win(ctx);
	const __u8 *p;

	if (!s)
		return 0;
	ofs = s->l4_ofs & 0x7fff;
	if (ofs + 24 > s->l4_end)
		return 0;
	p = home_hdr(ctx, &w, ofs + 8, 16, s->buf);
	if (!p)
		return 0;
	s->w[11] = skep_ld64(p);
	s->w[12] = skep_ld64(p + 8);
	ofs += 24;
	for (__u32 i = 0; i < SKEP_MAX_ND && ofs + 8 <= s->l4_end; i++) {
		p = home_hdr(ctx, &w, ofs, 8, s->buf);
		if (!p || !p[1] || ofs + p[1] * 8u > s->l4_end)
			break;
		if (p[0] == wanted && p[1] == 1) {
			s->nd_ofs = ofs + 2;
			s->w[type == 135 ? 13 : 14] =
				SKEP_AT(skep_ld32(p + 2), 0, 4) | SKEP_AT(skep_ld16(p + 6), 4, 2);
			return SKEP_HAS_ND | (type == 135 ? SKEP_HAS_SLL : SKEP_HAS_TLL);
		}
		ofs += p[1] * 8u;
	}
	return SKEP_HAS_ND;
}

SKEP_SUB int skep_parse_ipv6(SKEP_CTX *ctx, struct skep_state *s)
{
	struct skep_win w = home_win(ctx);
	__u32 l3, payload, avail, proto, tcfl, ports;
	const __u8 *p;
	__u64 w5;

	if (!s)
		return 0;
	l3 = s->l3_ofs & 0xff;
	if (l3 + 40 > s->len)
		return 0;
	p = home_hdr(ctx, &w, l3, 40, s->buf);
	if (!p || p[0] >> 4 != 6)
		return 0;
	tcfl = bpf_ntohl(skep_ld32(p));
	payload = bpf_ntohs(skep_ld16(p + 4));
	proto = p[6];
	s->dirty |= SKEP_DIRTY_WIDE;
	s->w[6] = skep_ld64(p + 8);
	s->w[7] = skep_ld64(p + 16);
	s->w[8] = skep_ld64(p + 24);
	s->w[9] = skep_ld64(p + 32);
	s->w[10] = SKEP_AT(bpf_htonl(tcfl & 0xfffff), 0, 4);
	avail = s->len - (l3 + 40);
	s->l4_ofs = l3 + 40;
	s->l4_end = l3 + 40 + (payload && payload < avail ? payload : avail);
	s->proto_ofs = (__u16)(l3 + 6);
	if (skep_is_noted(proto)) {
		proto = (__u32)skep_parse_ext(ctx, s, proto) & 0xff;
		skep_note_exts(s);
	}
	w5 = SKEP_AT(proto, 0, 1) | SKEP_AT(tcfl >> 20 & 0xff, 1, 1) | SKEP_AT(SKEP_HAS_IP, 2, 1);
	if (s->l4_ofs) {
		w = home_win(ctx);
		w5 |= skep_parse_l4(ctx, s, &w, s->l4_ofs & 0x7fff, proto, 1);
	}
	s->w[5] = w5;
	ports = (__u16)bpf_ntohs(s->key.tp_src);
	if (proto == SKEP_P_ICMPV6 && s->key.present & SKEP_HAS_L4 &&
	    (ports == 135 || ports == 136) && !s->key.tp_dst)
		s->w[5] = w5 | SKEP_AT(skep_parse_nd(ctx, s, ports) & 0xff, 2, 1);
	return 0;
}

SKEP_SUB int skep_parse_arp(SKEP_CTX *ctx, struct skep_state *s)
{
	struct skep_win w = home_win(ctx);
	const __u8 *p;
	__u32 l3;

	if (!s)
		return 0;
	l3 = s->l3_ofs & 0xff;
	if (l3 + 28 > s->len)
		return 0;
	p = home_hdr(ctx, &w, l3, 28, s->buf);
	if (!p || skep_ld32(p) != bpf_htonl(0x00010800) || skep_ld16(p + 4) != SKEP_BE16(0x0604))
		return 0;
	s->dirty |= SKEP_DIRTY_WIDE;
	s->w[5] = SKEP_AT(skep_ld16(p + 6), 4, 2) | SKEP_AT(SKEP_HAS_ARP, 2, 1);
	s->w[13] = SKEP_AT(skep_ld32(p + 8), 0, 4) | SKEP_AT(skep_ld16(p + 12), 4, 2);
	s->w[4] = SKEP_AT(skep_ld32(p + 14), 0, 4) | SKEP_AT(skep_ld32(p + 24), 4, 4);
	s->w[14] = SKEP_AT(skep_ld32(p + 18), 0, 4) | SKEP_AT(skep_ld16(p + 22), 4, 2);
	return 0;
}

/* The outermost label or the I-TAG, behind Ethernet type 'type'.  What is beneath is not looked at. */
SKEP_SUB int skep_parse_label(SKEP_CTX *ctx, struct skep_state *s, __u32 type)
{
	struct skep_win w = home_win(ctx);
	const __u8 *p;
	__u32 l3, word;

	if (!s)
		return 0;
	l3 = s->l3_ofs & 0xff;
	if (l3 + (type == SKEP_TYPE_PBB ? SKEP_ITAG_LEN + 2 : 4) > s->len)
		return 0;
	p = home_hdr(ctx, &w, l3, 4, s->buf);
	if (!p)
		return 0;
	word = bpf_ntohl(skep_ld32(p));
	s->dirty |= SKEP_DIRTY_WIDE;
	if (type == SKEP_TYPE_PBB) {
		s->w[21] = SKEP_AT(bpf_htonl(word << 8), 4, 4);
		s->w[5] = SKEP_AT(SKEP_HAS_PBB, 2, 1);
	} else {
		s->w[21] = SKEP_AT(bpf_htonl(word & ~0xffu), 0, 4);
		s->w[5] = SKEP_AT(SKEP_HAS_MPLS, 2, 1);
	}
	return 0;
}

SKEP_INLINE void skep_parse_clear_wide(struct skep_state *s)
{
	s->dirty &= ~(__u32)SKEP_DIRTY_WIDE;
	for (int i = 6; i < 15; i++)
		s->w[i] = 0;
	s->w[21] = 0;
	s->w[22] = SKEP_AT(s->key.in_phy_port, 0, 4);
}

SKEP_INLINE void skep_parse_clear(struct skep_state *s)
{
	s->type_ofs = 12;
	s->proto_ofs = 0;
	s->tag_ofs = 0;
	s->l3_ofs = SKEP_ETH_HLEN;
	s->l4_ofs = 0;
	s->l4_end = 0;
	s->nd_ofs = 0;
	s->is_fragment = 0;
	s->has_tag = 0;
	s->stale = SKEP_FRESH;
	if (s->dirty & SKEP_DIRTY_WIDE)
		skep_parse_clear_wide(s);
}

/* Parses the packet into words 2 to 14, 21 and 22 of the key and the offsets of 's'.  Nonzero: it has no
 * Ethernet header. */
SKEP_SUB int skep_parse(SKEP_CTX *ctx, struct skep_state *s)
{
	struct skep_win w = home_win(ctx);
	__u32 type, l3 = SKEP_ETH_HLEN;
	__u64 src, dst;
	__u16 tci = 0;
	const __u8 *p;

	if (!s)
		return -1;
	s->len = home_len(ctx);
	if (s->len < SKEP_ETH_HLEN)
		return -1;
	if (s->stale == SKEP_STALE_ALL)
		s->cache = 0; /* what was cached is for a packet of the former shape */
	skep_parse_clear(s);
	s->w[4] = 0;
	s->w[5] = 0;
	s->has_tag = home_tag(ctx, &tci);
	if (s->has_tag)
		tci = (tci & 0xefff) | SKEP_VLAN_PRESENT;
	p = home_hdr(ctx, &w, 0, SKEP_ETH_HLEN, s->buf);
	if (!p)
		return -1;
	dst = skep_ld64(p) & SKEP_FIRST6;
	src = skep_ld64(p + 6) & SKEP_FIRST6;
	type = bpf_ntohs(skep_ld16(p + 12));
	s->key.vlan_tci = (__be16)bpf_htons(tci);
	if (skep_is_tpid((__be16)bpf_htons((__u16)type)) || type < 0x600) {
		type = (__u32)skep_parse_tags(ctx, s) & 0xffff;
		l3 = s->l3_ofs & 0xff;
		w = home_win(ctx);
		tci = (__u16)bpf_ntohs(s->key.vlan_tci);
	}
	s->w[2] = dst | SKEP_AT(bpf_htons((__u16)type), 6, 2);
	s->w[3] = src | SKEP_AT(bpf_htons(tci), 6, 2);
	if (type == SKEP_TYPE_IPV4)
		skep_parse_ipv4(ctx, s, &w, l3);
	else if (type == SKEP_TYPE_IPV6)
		skep_parse_ipv6(ctx, s);
	else if (type == SKEP_TYPE_ARP)
		skep_parse_arp(ctx, s);
	else if (type == SKEP_TYPE_MPLS || type == SKEP_TYPE_MPLS_MCAST || type == SKEP_TYPE_PBB)
		skep_parse_label(ctx, s, type);
	return 0;
}

/* Parses the most common packets, in line and at constant offsets: IPv4 without options and
 * fragmentation, TCP or UDP, in linear memory. Returns false with nothing done for all others,
 * which skep_parse() parses; the key is the same, but what only edits need is left out.  For a packet that has just begun. */
SKEP_INLINE _Bool skep_parse_common(SKEP_CTX *ctx, struct skep_state *s)
{
	struct skep_win w = home_win(ctx);
	const __u64 type = SKEP_AT(SKEP_BE16(SKEP_TYPE_IPV4), 6, 2);
	__be32 w12, w20; /* of the frame, from these bytes on */
	const __u8 *p = w.data;
	__u32 proto, total16;
	__u64 src, len;
	__u16 tci;

	if (SKEP_UNLIKELY(!home_is_linear(ctx, &w, SKEP_ETH_HLEN + 20 + 20)))
		return 0;
	w12 = skep_ld32(p + 12);
	w20 = skep_ld32(p + 20);
	if (SKEP_UNLIKELY((w12 & bpf_htonl(0xffffff00)) !=
				  bpf_htonl(SKEP_TYPE_IPV4 << 16 | 0x4500) ||
			  w20 & bpf_htonl(0x3fff0000)))
		return 0;
	proto = bpf_ntohl(w20) & 0xff;
	total16 = bpf_ntohl(skep_ld32(p + 16)); /* total length << 16, and more */
	if (SKEP_UNLIKELY(!(proto == SKEP_P_UDP && total16 >= 28u << 16) &&
			  !(proto == SKEP_P_TCP && total16 >= 40u << 16)))
		return 0;
	len = home_len(ctx);
	src = skep_ld64(p + 6) ^ type; /* without the type */
	if (SKEP_UNLIKELY(home_tag(ctx, &tci))) {
		src |= SKEP_AT(bpf_htons((tci & 0xefff) | SKEP_VLAN_PRESENT), 6, 2);
		len += 4;
	}
	s->frame_len = len;
	s->w[2] = (skep_ld64(p) & SKEP_FIRST6) | type;
	s->w[3] = src;
	s->w[4] = skep_ld64(p + 26);
	s->w[5] = SKEP_AT(proto, 0, 1) | SKEP_AT(bpf_ntohl(w12) & 0xff, 1, 1) |
		  SKEP_AT(SKEP_HAS_IP | SKEP_HAS_L4, 2, 1) | SKEP_AT(skep_ld32(p + 34), 4, 4);
	return 1;
}

#endif
