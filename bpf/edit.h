/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Actions that change the packet, and the checksums that follow.
 *
 * An edit is planned, then executed: skep_plan_*() fill s->old and s->new (the bytes before and
 * after) and s->edit_*, or find that the packet lacks the field; skep_edit() changes bytes and
 * sums.  (In two steps, since a BPF program has 8 stack frames and no more.)  Which sums follow:
 *
 *   the IPv4 header's            SKEP_E_IPV4
 *   layer 4's, pseudo-header     SKEP_E_PSEUDO
 *   layer 4's, its own field     SKEP_E_L4; of SCTP the CRC32c
 *
 * The kernel may hold a sum over the whole packet (CHECKSUM_COMPLETE), or leave the layer-4 sum to
 * be done later (CHECKSUM_PARTIAL: TSO, checksum offload).  In the second case
 * bpf_l4_csum_replace() changes what the sum field holds, the pseudo-header's part, and nothing for
 * the protocol's own fields.  In the first:
 *
 *   IPv4 address    the header's sum makes up for it; layer 4's changes, and the helper takes that
 * into account IPv6 address    nothing makes up for it but layer 4's sum, which the helper takes
 * into account as if something had: so the address is stored as a change that is not made up for
 * ('recompute') own field       the sum that is updated makes up for it all others      'recompute'
 *
 * Edits of what decides what other fields mean (Ethernet type, protocol, ICMP type, tags) leave
 * s->stale SKEP_STALE_ALL, and the caller parses anew; after others presence and offsets stay
 * right, and the parse waits until a table wants the key.
 */
#ifndef SKEP_BPF_EDIT_H
#define SKEP_BPF_EDIT_H 1

#include "bpf/crc32c.h"
#include "bpf/parse.h"
#include "bpf/state.h"

/* OXM numbers of the fields that can be set, OF1.3.5 table 12. */
enum skep_field {
	SKEP_F_ETH_DST = 3,
	SKEP_F_ETH_SRC = 4,
	SKEP_F_ETH_TYPE = 5,
	SKEP_F_VLAN_VID = 6,
	SKEP_F_VLAN_PCP = 7,
	SKEP_F_IP_DSCP = 8,
	SKEP_F_IP_ECN = 9,
	SKEP_F_IP_PROTO = 10,
	SKEP_F_IPV4_SRC = 11,
	SKEP_F_IPV4_DST = 12,
	SKEP_F_TCP_SRC = 13,
	SKEP_F_TCP_DST = 14,
	SKEP_F_UDP_SRC = 15,
	SKEP_F_UDP_DST = 16,
	SKEP_F_SCTP_SRC = 17,
	SKEP_F_SCTP_DST = 18,
	SKEP_F_ICMPV4_TYPE = 19,
	SKEP_F_ICMPV4_CODE = 20,
	SKEP_F_ARP_OP = 21,
	SKEP_F_ARP_SPA = 22,
	SKEP_F_ARP_TPA = 23,
	SKEP_F_ARP_SHA = 24,
	SKEP_F_ARP_THA = 25,
	SKEP_F_IPV6_SRC = 26,
	SKEP_F_IPV6_DST = 27,
	SKEP_F_IPV6_FLABEL = 28,
	SKEP_F_ICMPV6_TYPE = 29,
	SKEP_F_ICMPV6_CODE = 30,
	SKEP_F_ND_TARGET = 31,
	SKEP_F_ND_SLL = 32,
	SKEP_F_ND_TLL = 33,
	SKEP_F_MPLS_LABEL = 34,
	SKEP_F_MPLS_TC = 35,
	SKEP_F_MPLS_BOS = 36,
	SKEP_F_PBB_ISID = 37,
	/* Of the tunnel that the packet goes by: in the key alone.  Their numbers are model/field.h's. */
	SKEP_F_TUN_ID = 38,
	SKEP_F_TUN_SRC = 48,
	SKEP_F_TUN_DST = 49,
	SKEP_F_TUN_IPV6_SRC = 50,
	SKEP_F_TUN_IPV6_DST = 51,
	SKEP_F_TUN_TOS = 52,
	SKEP_F_TUN_TTL = 53,
	SKEP_F_TUN_FLAGS = 54,
	SKEP_F_TUN_METADATA = 55, /* and the SKEP_TLVS - 1 that follow */
};

/* Fields whose value is in a cell of its own. */
SKEP_INLINE _Bool skep_is_wide_field(__u32 field)
{
	return field == SKEP_F_IPV6_SRC || field == SKEP_F_IPV6_DST || field == SKEP_F_ND_TARGET ||
	       field == SKEP_F_TUN_IPV6_SRC || field == SKEP_F_TUN_IPV6_DST;
}

SKEP_INLINE _Bool skep_is_tunnel_field(__u32 field)
{
	return field == SKEP_F_TUN_ID || field >= SKEP_F_TUN_SRC;
}

/* What planning an edit ends with. */
enum skep_plan {
	SKEP_PLAN_ERROR = -1,
	SKEP_PLAN_NOTHING = 0, /* the packet lacks the field */
	SKEP_PLAN_EDIT = 1,
};

enum skep_edit_flags {
	SKEP_E_IPV4 = 1 << 0,
	SKEP_E_PSEUDO = 1 << 1,
	SKEP_E_L4 = 1 << 2,
};

SKEP_INLINE _Bool skep_has(const struct skep_state *s, __u8 present)
{
	return s->key.present & present;
}

SKEP_INLINE _Bool skep_is_type(const struct skep_state *s, __u16 type)
{
	return s->key.eth_type == bpf_htons(type);
}

SKEP_INLINE _Bool skep_is_ipv4(const struct skep_state *s)
{
	return skep_has(s, SKEP_HAS_IP) && skep_is_type(s, SKEP_TYPE_IPV4);
}

SKEP_INLINE _Bool skep_is_ipv6(const struct skep_state *s)
{
	return skep_has(s, SKEP_HAS_IP) && skep_is_type(s, SKEP_TYPE_IPV6);
}

SKEP_INLINE _Bool skep_is_l4(const struct skep_state *s, __u32 proto)
{
	return skep_has(s, SKEP_HAS_L4) && s->key.ip_proto == proto;
}

/* The sum of 16-bit words that the first 'len' bytes of s->new have more than those of s->old;
 * one's complement, unfolded. */
SKEP_INLINE __u32 skep_diff(const struct skep_state *s, __u32 len)
{
	__u32 sum = 0;

	for (__u32 i = 0; i < 8 && i < len / 2; i++) {
		__u32 old = skep_ld16(&s->old.b[i * 2]), new = skep_ld16(&s->new.b[i * 2]);

		sum += (~old & 0xffff) + new;
	}
	return sum;
}

/* An SCTP port is about to change.  Returns 0 or negative. */
SKEP_SUB int skep_edit_sctp(SKEP_CTX *ctx, struct skep_state *s)
{
	struct skep_bytes16 crc;
	__u32 delta;

	if (!s)
		return -1;
	crc.w[0] = crc.w[1] = 0;
	delta = skep_crc32c_delta(s->old.b[0] ^ s->new.b[0], s->old.b[1] ^ s->new.b[1],
				  s->l4_end - s->edit_ofs - 2);
	if (home_load(ctx, s->l4_ofs + 8, &crc, 4))
		return -1;
	/* It is transmitted with the low byte first (RFC 9260, appendix A). */
	crc.b[0] ^= (__u8)delta;
	crc.b[1] ^= (__u8)(delta >> 8);
	crc.b[2] ^= (__u8)(delta >> 16);
	crc.b[3] ^= (__u8)(delta >> 24);
	return home_store(ctx, s->l4_ofs + 8, &crc, 4, 1);
}

/* Where the checksum is in the layer-4 header; 0: there is none that SKEP_E_L4 (or SKEP_E_PSEUDO:
 * 'pseudo') changes. */
SKEP_INLINE __u32 skep_l4_csum_ofs(const struct skep_state *s, _Bool pseudo)
{
	if (!skep_has(s, SKEP_HAS_L4))
		return 0;
	switch (s->key.ip_proto) {
	case SKEP_P_TCP:
		return 16;
	case SKEP_P_UDP:
		return 6;
	case SKEP_P_ICMP:
		return pseudo ? 0 : 2;
	case SKEP_P_ICMPV6:
		return 2;
	default:
		return 0;
	}
}

/* Updates the layer-4 checksum.  Returns 1 if it makes up for a change of the layer's own bytes, 0
 * if not, or negative. */
SKEP_INLINE int skep_edit_l4(SKEP_CTX *ctx, struct skep_state *s, __u32 diff)
{
	_Bool pseudo = s->edit_flags & SKEP_E_PSEUDO, is_udp = s->key.ip_proto == SKEP_P_UDP;
	__u32 at = skep_l4_csum_ofs(s, pseudo);
	struct skep_bytes16 sum;

	if (!at)
		return !pseudo && skep_is_l4(s, SKEP_P_SCTP) ? skep_edit_sctp(ctx, s) : 0;
	if (is_udp) {
		sum.w[0] = sum.w[1] = 0;
		if (home_load(ctx, s->l4_ofs + at, &sum, 2))
			return -1;
		if (!skep_ld16(sum.b))
			return 0;
	}
	return home_l4_csum(ctx, s->l4_ofs + at, diff, pseudo, is_udp) ? -1 : 1;
}

/* Executes the planned edit.  Returns 0 or negative. */
SKEP_SUB int skep_edit(SKEP_CTX *ctx, struct skep_state *s)
{
	_Bool recompute;
	__u32 flags;

	if (!s)
		return -1;
	flags = s->edit_flags;
	recompute = !(flags & SKEP_E_IPV4);
	if (flags) {
		__u32 diff = skep_diff(s, s->edit_len);

		if (flags & SKEP_E_IPV4 && home_l3_csum(ctx, s->edit_ip + 10u, diff))
			return -1;
		if (flags & (SKEP_E_PSEUDO | SKEP_E_L4)) {
			int done = skep_edit_l4(ctx, s, diff);

			if (done < 0)
				return -1;
			if (done && flags & SKEP_E_L4)
				recompute = 0;
		}
	}
	s->stale = SKEP_STALE_KEY;
	return home_store(ctx, s->edit_ofs, &s->new, s->edit_len,
			  recompute && s->edit_ofs >= home_head_len(s));
}

/* Plans a change of the 'len' bytes at 'ofs', and loads what is there.  Returns skep_plan. */
SKEP_INLINE int skep_plan(SKEP_CTX *ctx, struct skep_state *s, __u32 ofs, __u32 len, __u32 flags)
{
	s->edit_ofs = ofs;
	s->edit_len = len;
	s->edit_flags = flags;
	s->edit_ip = s->l3_ofs;
	return home_load(ctx, ofs, &s->old, len) ? SKEP_PLAN_ERROR : SKEP_PLAN_EDIT;
}

/* Plans to set the 'len' <= 4 bytes at 'ofs' to 'value' under 'mask', both of the width and in host
 * order. */
SKEP_INLINE int skep_plan_bits(SKEP_CTX *ctx, struct skep_state *s, __u32 ofs, __u32 len,
			       __u32 value, __u32 mask, __u32 flags)
{
	__u32 v, shift = 32 - len * 8;
	int plan = skep_plan(ctx, s, ofs, len, flags);

	v = bpf_ntohl(skep_ld32(s->old.b)) >> shift;
	v = ((v & ~mask) | (value & mask)) << shift;
	s->new.w[0] = SKEP_AT(bpf_htonl(v), 0, 4);
	return plan;
}

/* The outermost tag: in the frame; skep_set_tag() if in metadata. */
SKEP_INLINE int skep_plan_tci(SKEP_CTX *ctx, struct skep_state *s, __u32 value, __u32 mask)
{
	if (!s->tag_ofs)
		return SKEP_PLAN_NOTHING;
	return skep_plan_bits(ctx, s, s->tag_ofs, 2, value, mask, 0);
}

/* Fields that are bits of IP's first four bytes. */
SKEP_INLINE int skep_plan_ip_bits(SKEP_CTX *ctx, struct skep_state *s, __u32 field)
{
	_Bool is_dscp = field == SKEP_F_IP_DSCP;
	__u32 value = s->value.b[0], mask = is_dscp ? 0xfc : 0x03;

	if (field == SKEP_F_IPV6_FLABEL) {
		if (!skep_is_ipv6(s))
			return SKEP_PLAN_NOTHING;
		value = value << 16 | (__u32)s->value.b[1] << 8 | s->value.b[2];
		return skep_plan_bits(ctx, s, s->l3_ofs, 4, value, 0xfffff, 0);
	}
	if (!skep_has(s, SKEP_HAS_IP))
		return SKEP_PLAN_NOTHING;
	if (is_dscp)
		value <<= 2;
	if (skep_is_ipv4(s))
		return skep_plan_bits(ctx, s, s->l3_ofs, 2, value, mask, SKEP_E_IPV4);
	return skep_plan_bits(ctx, s, s->l3_ofs, 2, value << 4, mask << 4, 0);
}

SKEP_INLINE int skep_plan_ip_proto(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!skep_has(s, SKEP_HAS_IP))
		return SKEP_PLAN_NOTHING;
	if (skep_is_ipv4(s))
		return skep_plan_bits(ctx, s, s->l3_ofs + 8u, 2, s->value.b[0], 0xff,
				      SKEP_E_IPV4 | SKEP_E_PSEUDO);
	/* With the byte before it, since in the pseudo-header the number is the low byte of its
	 * word. */
	return skep_plan_bits(ctx, s, s->proto_ofs - 1u, 2, s->value.b[0], 0xff, SKEP_E_PSEUDO);
}

/* Fields that are bits of the outermost label stack entry. */
SKEP_INLINE int skep_plan_lse(SKEP_CTX *ctx, struct skep_state *s, __u32 field)
{
	__u32 value = s->value.b[0];

	if (!skep_has(s, SKEP_HAS_MPLS))
		return SKEP_PLAN_NOTHING;
	if (field == SKEP_F_MPLS_TC)
		return skep_plan_bits(ctx, s, s->l3_ofs, 4, value << 9, 7 << 9, 0);
	if (field == SKEP_F_MPLS_BOS)
		return skep_plan_bits(ctx, s, s->l3_ofs, 4, value << 8, 1 << 8, 0);
	value = value << 16 | (__u32)s->value.b[1] << 8 | s->value.b[2];
	return skep_plan_bits(ctx, s, s->l3_ofs, 4, value << 12, 0xfffff000, 0);
}

/* ICMP's type (high) and code (low) byte. */
SKEP_INLINE int skep_plan_icmp(SKEP_CTX *ctx, struct skep_state *s, __u32 proto, _Bool is_code)
{
	__u32 value = s->value.b[0];

	if (!skep_is_l4(s, proto))
		return SKEP_PLAN_NOTHING;
	return skep_plan_bits(ctx, s, s->l4_ofs, 2, is_code ? value : value << 8,
			      is_code ? 0xff : 0xff00, SKEP_E_L4);
}

/* Where a field of whole bytes is. */
struct skep_place {
	__u32 ofs;
	__u32 len; /* 0: the packet lacks the field */
	__u32 flags;
};

SKEP_INLINE struct skep_place skep_place(__u32 ofs, __u32 len, __u32 flags)
{
	struct skep_place place = { ofs, len, flags };

	return place;
}

SKEP_INLINE struct skep_place skep_place_ip(const struct skep_state *s, __u32 field)
{
	__u32 l3 = s->l3_ofs;

	if (field <= SKEP_F_IPV4_DST) {
		if (!skep_is_ipv4(s))
			return skep_place(0, 0, 0);
		return skep_place(l3 + (field == SKEP_F_IPV4_SRC ? 12 : 16), 4,
				  SKEP_E_IPV4 | SKEP_E_PSEUDO);
	}
	if (!skep_is_ipv6(s))
		return skep_place(0, 0, 0);
	return skep_place(l3 + (field == SKEP_F_IPV6_SRC ? 8 : 24), 16, SKEP_E_PSEUDO);
}

SKEP_INLINE struct skep_place skep_place_port(const struct skep_state *s, __u32 field)
{
	__u32 proto = field <= SKEP_F_TCP_DST	? SKEP_P_TCP
		      : field <= SKEP_F_UDP_DST ? SKEP_P_UDP
						: SKEP_P_SCTP;

	if (!skep_is_l4(s, proto))
		return skep_place(0, 0, 0);
	/* Sources have odd numbers. */
	return skep_place(s->l4_ofs + (field % 2 ? 0 : 2), 2, SKEP_E_L4);
}

SKEP_INLINE struct skep_place skep_place_arp(const struct skep_state *s, __u32 field)
{
	__u32 l3 = s->l3_ofs;

	if (!skep_has(s, SKEP_HAS_ARP))
		return skep_place(0, 0, 0);
	switch (field) {
	case SKEP_F_ARP_OP:
		return skep_place(l3 + 6, 2, 0);
	case SKEP_F_ARP_SHA:
		return skep_place(l3 + 8, 6, 0);
	case SKEP_F_ARP_SPA:
		return skep_place(l3 + 14, 4, 0);
	case SKEP_F_ARP_THA:
		return skep_place(l3 + 18, 6, 0);
	default:
		return skep_place(l3 + 24, 4, 0);
	}
}

SKEP_INLINE struct skep_place skep_place_nd(const struct skep_state *s, __u32 field)
{
	if (field == SKEP_F_ND_TARGET && skep_has(s, SKEP_HAS_ND))
		return skep_place(s->l4_ofs + 8, 16, SKEP_E_L4);
	if ((field == SKEP_F_ND_SLL && skep_has(s, SKEP_HAS_SLL)) ||
	    (field == SKEP_F_ND_TLL && skep_has(s, SKEP_HAS_TLL)))
		return skep_place(s->nd_ofs, 6, SKEP_E_L4);
	return skep_place(0, 0, 0);
}

SKEP_INLINE struct skep_place skep_find_field(const struct skep_state *s, __u32 field)
{
	switch (field) {
	case SKEP_F_ETH_DST:
		return skep_place(0, 6, 0);
	case SKEP_F_ETH_SRC:
		return skep_place(6, 6, 0);
	case SKEP_F_ETH_TYPE:
		return skep_place(s->type_ofs, s->type_ofs ? 2 : 0, 0);
	case SKEP_F_PBB_ISID:
		return skep_place(s->l3_ofs + 1u, skep_has(s, SKEP_HAS_PBB) ? 3 : 0, 0);
	case SKEP_F_IPV4_SRC:
	case SKEP_F_IPV4_DST:
	case SKEP_F_IPV6_SRC:
	case SKEP_F_IPV6_DST:
		return skep_place_ip(s, field);
	case SKEP_F_TCP_SRC:
	case SKEP_F_TCP_DST:
	case SKEP_F_UDP_SRC:
	case SKEP_F_UDP_DST:
	case SKEP_F_SCTP_SRC:
	case SKEP_F_SCTP_DST:
		return skep_place_port(s, field);
	case SKEP_F_ARP_OP:
	case SKEP_F_ARP_SPA:
	case SKEP_F_ARP_TPA:
	case SKEP_F_ARP_SHA:
	case SKEP_F_ARP_THA:
		return skep_place_arp(s, field);
	case SKEP_F_ND_TARGET:
	case SKEP_F_ND_SLL:
	case SKEP_F_ND_TLL:
		return skep_place_nd(s, field);
	default:
		return skep_place(0, 0, 0);
	}
}

SKEP_INLINE int skep_plan_bytes(SKEP_CTX *ctx, struct skep_state *s, __u32 field)
{
	struct skep_place place = skep_find_field(s, field);

	if (!place.len)
		return SKEP_PLAN_NOTHING;
	s->new.w[0] = s->value.w[0];
	s->new.w[1] = s->value.w[1];
	return skep_plan(ctx, s, place.ofs, place.len, place.flags);
}

/* Plans to set 'field' to s->value. */
SKEP_SUB int skep_plan_field(SKEP_CTX *ctx, struct skep_state *s, __u32 field)
{
	if (!s)
		return SKEP_PLAN_ERROR;
	switch (field) {
	case SKEP_F_VLAN_VID:
		return skep_plan_tci(ctx, s, bpf_ntohs(skep_ld16(s->value.b)), 0x0fff);
	case SKEP_F_VLAN_PCP:
		return skep_plan_tci(ctx, s, (__u32)s->value.b[0] << 13, 0xe000);
	case SKEP_F_IP_DSCP:
	case SKEP_F_IP_ECN:
	case SKEP_F_IPV6_FLABEL:
		return skep_plan_ip_bits(ctx, s, field);
	case SKEP_F_MPLS_LABEL:
	case SKEP_F_MPLS_TC:
	case SKEP_F_MPLS_BOS:
		return skep_plan_lse(ctx, s, field);
	case SKEP_F_IP_PROTO:
		return skep_plan_ip_proto(ctx, s);
	case SKEP_F_ICMPV4_TYPE:
	case SKEP_F_ICMPV4_CODE:
		return skep_plan_icmp(ctx, s, SKEP_P_ICMP, field == SKEP_F_ICMPV4_CODE);
	case SKEP_F_ICMPV6_TYPE:
	case SKEP_F_ICMPV6_CODE:
		return skep_plan_icmp(ctx, s, SKEP_P_ICMPV6, field == SKEP_F_ICMPV6_CODE);
	default:
		return skep_plan_bytes(ctx, s, field);
	}
}

/* True if 'field' decides what other fields the packet has. */
SKEP_INLINE _Bool skep_is_structural(__u32 field)
{
	return field == SKEP_F_ETH_TYPE || field == SKEP_F_IP_PROTO ||
	       field == SKEP_F_ICMPV4_TYPE || field == SKEP_F_ICMPV6_TYPE ||
	       field == SKEP_F_ICMPV6_CODE;
}

/* Sets the VLAN id or priority of a tag in metadata.  Returns 0 or negative. */
SKEP_SUB int skep_set_tag(SKEP_CTX *ctx, struct skep_state *s, __u32 field)
{
	__u32 value, mask;
	__u16 tci = 0;

	if (!s || !home_tag(ctx, &tci))
		return 0;
	if (field == SKEP_F_VLAN_VID) {
		value = bpf_ntohs(skep_ld16(s->value.b));
		mask = 0x0fff;
	} else {
		value = (__u32)s->value.b[0] << 13;
		mask = 0xe000;
	}
	s->stale = SKEP_STALE_ALL;
	return home_set_tag(ctx, s, (__u16)((tci & ~mask) | (value & mask)));
}

/* Sets 'field' to s->value, if the packet has it.  Returns 0 or negative. */
SKEP_INLINE int skep_set_field(SKEP_CTX *ctx, struct skep_state *s, __u32 field)
{
	int plan;

	if ((field == SKEP_F_VLAN_VID || field == SKEP_F_VLAN_PCP) && !s->tag_ofs)
		return skep_set_tag(ctx, s, field);
	plan = skep_plan_field(ctx, s, field);
	if (plan <= 0)
		return plan;
	if (skep_edit(ctx, s))
		return -1;
	if (skep_is_structural(field))
		s->stale = SKEP_STALE_ALL;
	return field == SKEP_F_ETH_TYPE ? home_sync_type(ctx, s) : 0;
}

/* The outermost tag's TCI, or 0; negative: error. */
SKEP_INLINE int skep_load_tci(SKEP_CTX *ctx, struct skep_state *s)
{
	__u16 tci = 0;

	if (s->tag_ofs) {
		if (home_load(ctx, s->tag_ofs, &s->old, 2))
			return -1;
		tci = bpf_ntohs(skep_ld16(s->old.b));
	} else if (s->has_tag) {
		home_tag(ctx, &tci);
	}
	return tci;
}

SKEP_SUB int skep_push_vlan(SKEP_CTX *ctx, struct skep_state *s, __u32 tpid)
{
	int tci;

	if (!s)
		return -1;
	tci = skep_load_tci(ctx, s);
	if (tci < 0)
		return -1;
	s->stale = SKEP_STALE_ALL;
	return home_push_vlan(ctx, s, (__u16)tpid, (__u16)tci);
}

SKEP_SUB int skep_pop_vlan(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!s)
		return -1;
	if (!s->has_tag)
		return 0;
	s->stale = SKEP_STALE_ALL;
	return home_pop_vlan(ctx, s);
}

#endif
