/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tunnels: from the outer header of a packet received to its port, and from the port to the outer
 * header of a packet sent.
 *
 * The kernel's tunnel device takes outer headers off and puts them on; what they hold is metadata
 * of the packet on both ways, s->outer here.  The rules see it in words 15 to 20 of the key, and
 * change it there.  Geneve options, s->option, are in words 23 to 31 that the bridge has a field
 * for.
 */
#ifndef SKEP_BPF_TUNNEL_H
#define SKEP_BPF_TUNNEL_H 1

#include "bpf/state.h"

/* What a packet is sent with if its port says nothing.  (0 would be just that to the kernel's
 * Geneve.) */
#define SKEP_TUNNEL_TTL 64

/* A combination of open things: SKEP_TUNNEL_MODE(). */
enum skep_tunnel_mode {
	SKEP_TM_KEY = SKEP_TUNNEL_MODE(SKEP_TF_KEY_FLOW),
	SKEP_TM_REMOTE = SKEP_TUNNEL_MODE(SKEP_TF_REMOTE_FLOW),
	SKEP_TM_LOCAL = SKEP_TUNNEL_MODE(SKEP_TF_LOCAL_ANY),
	SKEP_N_TUNNEL_MODES = 8,
};

/* True if 't' has these addresses.  Those of one family are not those of the other, if they say
 * anything. */
SKEP_INLINE _Bool skep_is_between(const struct skep_tunnel *t, const __u64 remote[2],
				  const __u64 local[2], __u32 is_ipv6)
{
	__u64 diff = (skep_ld64(t->remote) ^ remote[0]) | (skep_ld64(t->remote + 8) ^ remote[1]) |
		     (skep_ld64(t->local) ^ local[0]) | (skep_ld64(t->local + 8) ^ local[1]);
	const __u32 open = SKEP_TF_REMOTE_FLOW | SKEP_TF_LOCAL_ANY;

	return !diff && ((t->flags & open) == open || !(t->flags & SKEP_TF_IPV6) == !is_ipv6);
}

/* The port that leaves open what 'mode' says, for the packet from device 'ifindex' with outer
 * header s->outer; or 0. */
SKEP_SUB __u32 skep_probe_tunnel(struct skep_state *s, __u32 ifindex, __u32 mode)
{
	__u64 remote[2] = { 0, 0 }, local[2] = { 0, 0 }, id = 0;
	__u32 slot, is_ipv6;

	if (!s)
		return 0;
	is_ipv6 = s->outer.is_ipv6;
	if (!(mode & SKEP_TM_KEY))
		id = s->outer.id;
	if (!(mode & SKEP_TM_REMOTE)) {
		remote[0] = s->outer.remote[0];
		remote[1] = s->outer.remote[1];
	}
	if (!(mode & SKEP_TM_LOCAL)) {
		local[0] = s->outer.local[0];
		local[1] = s->outer.local[1];
	}
	slot = skep_tunnel_slot(ifindex, id, remote, local);
	for (__u32 i = 0; i < SKEP_TUNNEL_PROBES; i++) {
		const struct skep_tunnel *t = home_tunnel((slot + i) & (SKEP_TUNNELS - 1));
		__u32 port = t ? SKEP_ONCE(t->port) : 0;

		if (port && t->ifindex == ifindex && t->id == id &&
		    SKEP_TUNNEL_MODE(t->flags) == mode &&
		    skep_is_between(t, remote, local, is_ipv6))
			return port;
	}
	return 0;
}

/* The port of the packet that came from tunnel device 'ifindex', with s->outer filled; or 0. */
SKEP_INLINE __u32 skep_find_tunnel(SKEP_CTX *ctx, struct skep_state *s, __u32 ifindex)
{
	__u32 modes = home_tunnel_modes();

	if (home_get_outer(ctx, &s->outer))
		return 0;
	for (__u32 mode = 0; mode < SKEP_N_TUNNEL_MODES; mode++) {
		__u32 port = modes >> mode & 1 ? skep_probe_tunnel(s, ifindex, mode) : 0;

		if (port)
			return port;
	}
	return 0;
}

/* Writes s->outer, that of a packet received, to the key. */
SKEP_INLINE void skep_outer_to_key(struct skep_state *s)
{
	const struct skep_outer *o = &s->outer;

	s->dirty |= SKEP_DIRTY_TUNNEL;
	s->w[0] = SKEP_AT(s->key.in_port, 0, 4) | SKEP_AT(bpf_htons(o->flags), 4, 2) |
		  SKEP_AT(o->tos, 6, 1) | SKEP_AT(o->ttl, 7, 1);
	s->w[15] = o->id;
	if (o->is_ipv6) {
		s->w[17] = o->remote[0];
		s->w[18] = o->remote[1];
		s->w[19] = o->local[0];
		s->w[20] = o->local[1];
	} else {
		s->w[16] = SKEP_AT(skep_ld32(o->remote), 0, 4) | SKEP_AT(skep_ld32(o->local), 4, 4);
	}
}

SKEP_INLINE void skep_clear_options(struct skep_state *s)
{
	for (__u32 i = 0; i <= SKEP_TLVS; i++)
		s->w[SKEP_OPTION_WORD + i] = 0;
}

/* The packet itself goes to a patch port, or the like: it is of no tunnel any more. */
SKEP_INLINE void skep_forget_tunnel(struct skep_state *s)
{
	if (!(s->dirty & SKEP_DIRTY_TUNNEL))
		return;
	if (s->dirty & SKEP_DIRTY_OPTIONS)
		skep_clear_options(s);
	s->dirty &= ~(__u32)(SKEP_DIRTY_TUNNEL | SKEP_DIRTY_OPTIONS | SKEP_SET_TUN);
	for (int i = 15; i < 21; i++)
		s->w[i] = 0;
}

/* 'i', which is no more than 'max' (a power of two - 1), so that the verifier knows it too: the
 * compiler would leave out a bitwise and that changes nothing. */
SKEP_INLINE __u64 skep_at_most(__u64 i, const __u64 max)
{
	asm volatile("" : "+r"(i));
	return i & max;
}

/* Gives option 'i' < SKEP_TLVS its value in the key, set by an action or found in the packet. */
SKEP_INLINE void skep_put_option(struct skep_state *s, __u32 i, __u64 value)
{
	s->dirty |= SKEP_DIRTY_TUNNEL | SKEP_DIRTY_OPTIONS;
	s->w[SKEP_OPTION_WORD + skep_at_most(i, SKEP_TLVS - 1)] = value;
	s->key.tun_opts |= (__u8)(1u << i);
}

/* --- Geneve options (RFC 8926 §3.5) --- */

/* Bits of a header's last byte: the length of the value, in words. */
#define SKEP_OPTION_LEN	     0x1f
#define SKEP_OPTION_CRITICAL 0x80 /* of the type */
#define SKEP_OPTIONS_BAD     (SKEP_OPTION_WORDS + 1)

SKEP_INLINE _Bool skep_is_option(const struct skep_tlv *known, const struct skep_tlv *option)
{
	return known->n_words && known->n_words == (option->n_words & SKEP_OPTION_LEN) &&
	       known->opt_class == option->opt_class && known->type == option->type;
}

/* Takes the option at word 'at' of s->option into the key, if the bridge has a field for it and has
 * not seen it yet.  Returns where the next one is, or SKEP_OPTIONS_BAD. */
SKEP_SUB __u32 skep_take_option(struct skep_state *s, __u32 at)
{
	const struct skep_bridge *br;
	const struct skep_tlv *option;
	__u32 first, second, len;

	if (!s || at >= SKEP_OPTION_WORDS)
		return SKEP_OPTIONS_BAD;
	br = home_bridge(s->bridge);
	option = (const struct skep_tlv *)&s->option[skep_at_most(at, SKEP_OPTION_WORDS - 1)];
	len = option->n_words & SKEP_OPTION_LEN;
	if (!br || at + 1 + len > s->n_option)
		return SKEP_OPTIONS_BAD;
	first = s->option[skep_at_most(at + 1, SKEP_OPTION_WORDS - 1)];
	second = s->option[skep_at_most(at + 2, SKEP_OPTION_WORDS - 1)];
	for (__u32 i = 0; i < SKEP_TLVS; i++) {
		if (!skep_is_option(&br->tlv[i], option))
			continue;
		if (!(s->key.tun_opts >> i & 1))
			skep_put_option(s, i,
					len == 1 ? SKEP_AT(first, 4, 4)
						 : SKEP_AT(first, 0, 4) | SKEP_AT(second, 4, 4));
		return at + 1 + len;
	}
	return option->type & SKEP_OPTION_CRITICAL ? SKEP_OPTIONS_BAD : at + 1 + len;
}

/* Takes the options of a packet received into the key.  Nonzero: it is to be dropped. */
SKEP_INLINE int skep_take_options(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 at = 0;

	s->n_option = home_get_options(ctx, s->option);
	/* The shortest option is its header. */
	for (int i = 0; i < SKEP_OPTION_WORDS && at < s->n_option; i++)
		at = skep_take_option(s, at);
	return at >= SKEP_OPTIONS_BAD;
}

/* Attaches the options that the key has to a packet that a port of bridge 'bridge' sends.  Nonzero:
 * the kernel refuses them. */
SKEP_INLINE int skep_set_options(SKEP_CTX *ctx, struct skep_state *s, __u32 bridge)
{
	const struct skep_bridge *br = home_bridge(bridge);

	/* The count is in memory, where the verifier does not follow each of its values. */
	s->n_option = 0;
	for (__u32 i = 0; i < SKEP_TLVS && br; i++) {
		const struct skep_tlv *tlv = &br->tlv[i];
		const __be32 *value = (const __be32 *)&s->w[SKEP_OPTION_WORD + i];
		__u32 n = s->n_option, len = tlv->n_words;

		if (!len || !(s->key.tun_opts >> i & 1))
			continue;
		s->option[skep_at_most(n++, SKEP_OPTION_WORDS - 1)] = *(const __u32 *)tlv;
		if (len > 1)
			s->option[skep_at_most(n++, SKEP_OPTION_WORDS - 1)] = value[0];
		s->option[skep_at_most(n++, SKEP_OPTION_WORDS - 1)] = value[1];
		s->n_option = n;
	}
	return s->n_option ? home_set_options(ctx, s->option, s->n_option) : 0;
}

/* --- Sending --- */

/* The two bytes at 'ofs' of the IP header, as a number; negative: there is none. */
SKEP_INLINE int skep_inner(SKEP_CTX *ctx, struct skep_state *s, __u32 ofs)
{
	/* The common parser keeps no offsets; its packets have their IP header here. */
	__u32 l3 = s->stale == SKEP_KEY_ONLY ? 14 : s->l3_ofs;

	if (!(s->key.present & SKEP_HAS_IP) || home_load(ctx, l3 + ofs, &s->old, 2))
		return -1;
	return (s->old.b[0] << 8) | s->old.b[1];
}

SKEP_INLINE __u8 skep_outer_tos(SKEP_CTX *ctx, struct skep_state *s, const struct skep_tunnel *t)
{
	int two;

	if (s->dirty & SKEP_SET_TUN_TOS)
		return s->key.tun_tos;
	if (!(t->flags & SKEP_TF_TOS_INHERIT))
		return t->tos;
	two = skep_inner(ctx, s, 0);
	if (two < 0)
		return t->tos;
	return (__u8)(s->key.eth_type == SKEP_BE16(0x0800) ? two : two >> 4);
}

SKEP_INLINE __u8 skep_outer_ttl(SKEP_CTX *ctx, struct skep_state *s, const struct skep_tunnel *t)
{
	__u8 ttl = t->ttl;
	int two;

	if (s->dirty & SKEP_SET_TUN_TTL) {
		ttl = s->key.tun_ttl;
	} else if (t->flags & SKEP_TF_TTL_INHERIT) {
		_Bool is_ipv4 = s->key.eth_type == SKEP_BE16(0x0800);

		two = skep_inner(ctx, s, is_ipv4 ? 8 : 6);
		if (two >= 0)
			ttl = (__u8)(is_ipv4 ? two >> 8 : two);
	}
	return ttl ? ttl : SKEP_TUNNEL_TTL;
}

SKEP_INLINE __u8 skep_flags_to_send(const struct skep_state *s, __u32 flags)
{
	__u8 ret =
		(flags & SKEP_TF_CSUM ? SKEP_TUN_CSUM : 0) | (flags & SKEP_TF_DF ? SKEP_TUN_DF : 0);

	if (s->dirty & SKEP_SET_TUN_FLAGS)
		ret = (__u8)bpf_ntohs(s->key.tun_flags);
	return ret | (flags & SKEP_TF_KEY ? SKEP_TUN_KEY : 0);
}

/* Where to: s->outer.is_ipv6 and remote.  Nonzero: the packet does not say. */
SKEP_INLINE int skep_outer_remote(struct skep_state *s, const struct skep_tunnel *t)
{
	struct skep_outer *o = &s->outer;

	if (!(t->flags & SKEP_TF_REMOTE_FLOW)) {
		o->is_ipv6 = !!(t->flags & SKEP_TF_IPV6);
		o->remote[0] = skep_ld64(t->remote);
		o->remote[1] = skep_ld64(t->remote + 8);
		return 0;
	}
	o->is_ipv6 = !s->key.tun_dst;
	o->remote[0] = o->is_ipv6 ? s->w[19] : SKEP_AT(s->key.tun_dst, 0, 4);
	o->remote[1] = o->is_ipv6 ? s->w[20] : 0;
	return o->remote[0] | o->remote[1] ? 0 : -1;
}

/* Where from: s->outer.local; 0: as the kernel chooses. */
SKEP_INLINE void skep_outer_local(struct skep_state *s, const struct skep_tunnel *t)
{
	struct skep_outer *o = &s->outer;

	o->local[0] = o->local[1] = 0;
	if (t->flags & SKEP_TF_LOCAL_FLOW) {
		o->local[0] = o->is_ipv6 ? s->w[17] : SKEP_AT(s->key.tun_src, 0, 4);
		o->local[1] = o->is_ipv6 ? s->w[18] : 0;
	} else if (!(t->flags & SKEP_TF_LOCAL_ANY) && !(t->flags & SKEP_TF_IPV6) == !o->is_ipv6) {
		o->local[0] = skep_ld64(t->local);
		o->local[1] = skep_ld64(t->local + 8);
	}
}

/* Gives the packet the outer header that tunnel port 'idx' of bridge 'bridge', element 'aux' of
 * skep_tunnels, sends with.  Nonzero: it cannot be sent. */
SKEP_INLINE int skep_set_outer(SKEP_CTX *ctx, struct skep_state *s, __u32 idx, __u32 aux,
			       __u32 bridge)
{
	const struct skep_tunnel *t = home_tunnel(aux);

	if (!t || SKEP_ONCE(t->port) != idx || skep_outer_remote(s, t))
		return -1;
	skep_outer_local(s, t);
	s->outer.id = t->flags & SKEP_TF_OUT_KEY_FLOW ? s->key.tun_id : t->out_id;
	s->outer.tos = skep_outer_tos(ctx, s, t);
	s->outer.ttl = skep_outer_ttl(ctx, s, t);
	s->outer.flags = skep_flags_to_send(s, t->flags);
	if (home_set_outer(ctx, &s->outer))
		return -1;
	return t->flags & SKEP_TF_OPTIONS && s->key.tun_opts ? skep_set_options(ctx, s, bridge) : 0;
}

#endif
