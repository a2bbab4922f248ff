/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Labels (MPLS) and I-TAGs (PBB): pushed and popped.
 *
 * Both stand between the frame's addresses and what the frame carries, where the kernel has no helper that makes or takes room for
 * packets of every type: so room is made in front of the frame (home_grow()), or taken by what takes VLAN tags out behind
 * the addresses (home_cut_tags()), and the bytes in between move.  s->head is where the frame's new beginning is composed.
 */
#ifndef SKEP_BPF_LABELS_H
#define SKEP_BPF_LABELS_H 1

#include "bpf/edit.h"
#include "bpf/ttl.h"

#define SKEP_FRAME_MIN 60 /* bytes, without the FCS (IEEE 802.3) */

/* Where the Ethernet type behind all tags is: at most 52.  The mask is for the verifier. */
SKEP_INLINE __u32 skep_type_ofs(const struct skep_state *s)
{
	return s->type_ofs & 63;
}

SKEP_INLINE void skep_put_head16(struct skep_state *s, __u32 ofs, __u32 value)
{
	s->head[ofs] = (__u8)(value >> 8);
	s->head[ofs + 1] = (__u8)value;
}

/* Loads the addresses that are at 'ofs' into s->head. */
SKEP_INLINE int skep_load_addresses(SKEP_CTX *ctx, struct skep_state *s, __u32 ofs)
{
	return home_load_n(ctx, ofs, s->head, 12, 12);
}

/* Puts 4 * 'n' bytes for home_cut_tags() behind the addresses in s->head, and, behind those, what is between the addresses and the Ethernet type. */
SKEP_INLINE int skep_load_cut(SKEP_CTX *ctx, struct skep_state *s, const __u32 n)
{
	__u32 type_ofs = skep_type_ofs(s);

	for (__u32 i = 0; i < n; i++) {
		skep_put_head16(s, 12 + 4 * i, 0x8100);
		skep_put_head16(s, 14 + 4 * i, 0);
	}
	if (type_ofs <= 12)
		return 0;
	return home_load_n(ctx, 12, s->head + 12 + 4 * n, type_ofs - 12, 40);
}

/* Composes a new label stack entry in s->value. */
SKEP_INLINE int skep_new_lse(SKEP_CTX *ctx, struct skep_state *s)
{
	int ttl;

	s->value.w[0] = 0;
	if (skep_has(s, SKEP_HAS_MPLS)) {
		if (home_load(ctx, s->l3_ofs, &s->value, 4))
			return -1;
		s->value.b[2] &= 0xfe;
		return 0;
	}
	ttl = skep_get_ttl(ctx, s, 0);
	s->value.b[2] = 1;
	s->value.b[3] = (__u8)(ttl < 0 ? 0 : ttl);
	return 0;
}

SKEP_SUB int skep_push_mpls(SKEP_CTX *ctx, struct skep_state *s, __u32 type)
{
	__u32 ofs;

	if (!s)
		return -1;
	ofs = skep_type_ofs(s);
	if (!ofs)
		return 0;
	if (skep_new_lse(ctx, s) || home_load_n(ctx, 0, s->head, ofs, 52))
		return -1;
	skep_put_head16(s, ofs, type);
	for (__u32 i = 0; i < 4; i++)
		s->head[ofs + 2 + i] = s->value.b[i];
	s->stale = SKEP_STALE_ALL;
	if (home_grow(ctx, s, 4) || home_put_head(ctx, s, ofs + 6))
		return -1;
	/* What was there may have been the type of a tag that is cut off, which skb->protocol still says. */
	return ofs == 12 ? home_end_head(ctx, s, 0, 0) : 0;
}

/* A frame that had Ethernet's shortest length keeps it when a label or an I-TAG goes: taking those off is to send another frame, and who sends
 * one pads it.  Frames that were shorter, which only virtual devices carry, are left as they are. */
SKEP_INLINE int skep_pad(SKEP_CTX *ctx, __u32 wire_before)
{
	__u32 wire = home_wire_len(ctx);

	if (wire >= SKEP_FRAME_MIN || wire_before < SKEP_FRAME_MIN)
		return 0;
	return home_pad(ctx, SKEP_FRAME_MIN - wire);
}

SKEP_SUB int skep_pop_mpls(SKEP_CTX *ctx, struct skep_state *s, __u32 type)
{
	__be16 inner;
	__u32 ofs, wire;

	if (!s)
		return -1;
	if (!skep_has(s, SKEP_HAS_MPLS))
		return 0;
	ofs = skep_type_ofs(s);
	wire = home_wire_len(ctx);
	inner = home_inner_type(ctx);
	if (skep_load_addresses(ctx, s, 0) || skep_load_cut(ctx, s, 1))
		return -1;
	skep_put_head16(s, ofs + 4, type);
	s->stale = SKEP_STALE_ALL;
	if (home_put_head(ctx, s, ofs + 6) || home_cut_tags(ctx, s, 1) || skep_pad(ctx, wire))
		return -1;
	return skep_keep_type(ctx, s, inner);
}

/* Composes the TCI of a new I-TAG in s->value. */
SKEP_INLINE int skep_new_itag(SKEP_CTX *ctx, struct skep_state *s)
{
	int tci = skep_load_tci(ctx, s);

	s->value.w[0] = 0;
	if (tci < 0 || (skep_has(s, SKEP_HAS_PBB) && home_load(ctx, s->l3_ofs, &s->value, 4)))
		return -1;
	s->value.b[0] = (__u8)((tci & 0xe000) >> 8);
	return 0;
}

SKEP_SUB int skep_push_pbb(SKEP_CTX *ctx, struct skep_state *s, __u32 type)
{
	int had_tag;
	__be16 inner;

	if (!s || skep_new_itag(ctx, s) || skep_load_addresses(ctx, s, 0))
		return -1;
	skep_put_head16(s, 12, type);
	for (int i = 0; i < 4; i++)
		s->head[14 + i] = s->value.b[i];
	for (int i = 0; i < 12; i++)
		s->head[18 + i] = s->head[i];
	s->stale = SKEP_STALE_ALL;
	inner = home_inner_type(ctx);
	had_tag = home_tag_to_frame(ctx, s);
	if (had_tag < 0 || home_grow(ctx, s, 18) || home_put_head(ctx, s, 30))
		return -1;
	return home_end_head(ctx, s, had_tag, inner);
}

/* 18 bytes go, and tags are cut in fours: 2 bytes are added before. */
SKEP_SUB int skep_pop_pbb(SKEP_CTX *ctx, struct skep_state *s)
{
	__be16 inner;
	__u32 ofs, wire;

	if (!s)
		return -1;
	if (!skep_has(s, SKEP_HAS_PBB))
		return 0;
	ofs = skep_type_ofs(s);
	wire = home_wire_len(ctx);
	inner = home_inner_type(ctx);
	if (skep_load_addresses(ctx, s, ofs + 6) || skep_load_cut(ctx, s, 5))
		return -1;
	s->stale = SKEP_STALE_ALL;
	if (home_grow(ctx, s, 2) || home_put_head(ctx, s, ofs + 20) || home_cut_tags(ctx, s, 5) ||
	    skep_pad(ctx, wire))
		return -1;
	return skep_keep_type(ctx, s, inner);
}

#endif
