/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TTLs: of the outermost header that has one, and of the next.
 *
 * A header with a TTL is a label stack entry, or a valid IPv4 or IPv6 header.  The outermost is the one that the parser found; the next, which only the
 * copying actions ask for, is looked for beneath it: docs/semantics.md, "copy_ttl_out".
 */
#ifndef SKEP_BPF_TTL_H
#define SKEP_BPF_TTL_H 1

#include "bpf/edit.h"

enum skep_ttl_kind {
	SKEP_TTL_NONE = 0,
	SKEP_TTL_MPLS,
	SKEP_TTL_IPV4,
	SKEP_TTL_IPV6,
};

enum { SKEP_P_IPV4 = 4, SKEP_P_IPV6 = 41 };

/* What the outermost header with a TTL is.  It begins at s->l3_ofs. */
SKEP_INLINE __u32 skep_ttl_kind(const struct skep_state *s)
{
	if (skep_has(s, SKEP_HAS_MPLS))
		return SKEP_TTL_MPLS;
	if (!skep_has(s, SKEP_HAS_IP))
		return SKEP_TTL_NONE;
	return skep_is_ipv4(s) ? SKEP_TTL_IPV4 : SKEP_TTL_IPV6;
}

/* The TTL of the header of 'kind' at 'ofs'; negative: there is none. */
SKEP_INLINE int skep_load_ttl(SKEP_CTX *ctx, struct skep_state *s, __u32 ofs, __u32 kind)
{
	ofs += kind == SKEP_TTL_MPLS ? 3 : kind == SKEP_TTL_IPV4 ? 8 : 7;
	return home_load(ctx, ofs, &s->old, 1) ? -1 : s->old.b[0];
}

SKEP_INLINE int skep_plan_ttl_at(SKEP_CTX *ctx, struct skep_state *s, __u32 ofs, __u32 kind, __u32 ttl)
{
	_Bool is_ipv4 = kind == SKEP_TTL_IPV4;
	int plan;

	plan = skep_plan_bits(ctx, s, ofs + (kind == SKEP_TTL_MPLS ? 2 : is_ipv4 ? 8 : 6), 2,
			      is_ipv4 ? ttl << 8 : ttl, is_ipv4 ? 0xff00 : 0xff,
			      is_ipv4 ? SKEP_E_IPV4 : 0);
	s->edit_ip = ofs;
	return plan;
}

/* The TTL of the outermost label, or of IP if it is the outermost; negative: there is none. */
SKEP_SUB int skep_get_ttl(SKEP_CTX *ctx, struct skep_state *s, _Bool is_mpls)
{
	__u32 kind;

	if (!s)
		return -1;
	kind = skep_ttl_kind(s);
	if (!kind || (kind == SKEP_TTL_MPLS) != is_mpls)
		return -1;
	return skep_load_ttl(ctx, s, s->l3_ofs, kind);
}

SKEP_SUB int skep_plan_ttl(SKEP_CTX *ctx, struct skep_state *s, __u32 ttl, _Bool is_mpls)
{
	__u32 kind;

	if (!s)
		return SKEP_PLAN_ERROR;
	kind = skep_ttl_kind(s);
	if (!kind || (kind == SKEP_TTL_MPLS) != is_mpls)
		return SKEP_PLAN_NOTHING;
	return skep_plan_ttl_at(ctx, s, s->l3_ofs, kind, ttl);
}

SKEP_INLINE int skep_set_ttl(SKEP_CTX *ctx, struct skep_state *s, __u32 ttl, _Bool is_mpls)
{
	int plan = skep_plan_ttl(ctx, s, ttl, is_mpls);

	return plan > 0 ? skep_edit(ctx, s) : plan;
}

/* What the IP header at 'ofs' is, in a frame or packet that ends at 'end'. */
SKEP_INLINE __u32 skep_ip_kind(SKEP_CTX *ctx, struct skep_state *s, __u32 ofs, __u32 end)
{
	__u32 hlen, total;

	if (ofs + 20 > end || home_load(ctx, ofs, &s->old, 4))
		return SKEP_TTL_NONE;
	if (s->old.b[0] >> 4 == 6)
		return ofs + 40 > end ? SKEP_TTL_NONE : SKEP_TTL_IPV6;
	hlen = (s->old.b[0] & 0xfu) * 4;
	total = (__u32)s->old.b[2] << 8 | s->old.b[3];
	if (s->old.b[0] >> 4 != 4 || hlen < 20 || ofs + hlen > end || total < hlen)
		return SKEP_TTL_NONE;
	return SKEP_TTL_IPV4;
}

/* Finds the header that is next to the outermost, which is of 'kind'.  Its place goes to s->next_ofs. */
SKEP_INLINE __u32 skep_next_kind(SKEP_CTX *ctx, struct skep_state *s, __u32 kind)
{
	__u32 l3 = s->l3_ofs, found;

	if (kind == SKEP_TTL_MPLS) {
		s->next_ofs = l3 + 4;
		if (home_load(ctx, l3, &s->old, 4))
			return SKEP_TTL_NONE;
		if (s->old.b[2] & 1)
			return skep_ip_kind(ctx, s, l3 + 4, s->len);
		return l3 + 8 > s->len ? SKEP_TTL_NONE : SKEP_TTL_MPLS;
	}
	s->next_ofs = s->l4_ofs;
	if (!s->l4_ofs || (s->key.ip_proto != SKEP_P_IPV4 && s->key.ip_proto != SKEP_P_IPV6))
		return SKEP_TTL_NONE;
	/* A later fragment of IPv6 has no l4_ofs. */
	if (kind == SKEP_TTL_IPV4 &&
	    (home_load(ctx, l3 + 6, &s->old, 2) || skep_ld16(s->old.b) & SKEP_BE16(0x1fff)))
		return SKEP_TTL_NONE;
	found = skep_ip_kind(ctx, s, s->l4_ofs, s->l4_end);
	return found == (s->key.ip_proto == SKEP_P_IPV4 ? SKEP_TTL_IPV4 : SKEP_TTL_IPV6) ? found
											 : SKEP_TTL_NONE;
}

/* Plans to copy the TTL of the next-to-outermost header to the outermost ('is_out'), or the other way. */
SKEP_SUB int skep_plan_copy_ttl(SKEP_CTX *ctx, struct skep_state *s, _Bool is_out)
{
	__u32 outer, next;
	int ttl;

	if (!s)
		return SKEP_PLAN_ERROR;
	outer = skep_ttl_kind(s);
	next = outer ? skep_next_kind(ctx, s, outer) : SKEP_TTL_NONE;
	if (!next)
		return SKEP_PLAN_NOTHING;
	if (is_out)
		ttl = skep_load_ttl(ctx, s, s->next_ofs, next);
	else
		ttl = skep_load_ttl(ctx, s, s->l3_ofs, outer);
	if (ttl < 0)
		return SKEP_PLAN_ERROR;
	return skep_plan_ttl_at(ctx, s, is_out ? s->l3_ofs : s->next_ofs, is_out ? outer : next, (__u32)ttl);
}

SKEP_INLINE int skep_copy_ttl(SKEP_CTX *ctx, struct skep_state *s, _Bool is_out)
{
	int plan = skep_plan_copy_ttl(ctx, s, is_out);

	return plan > 0 ? skep_edit(ctx, s) : plan;
}

#endif
