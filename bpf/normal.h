/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The action NORMAL: a learning bridge with VLANs (docs/distributed.md).
 *
 * A packet belongs to one VLAN, found from its tag and the in_port's mode; 0 is that of packets without a tag on ports without
 * one of their own.  Addresses are learned per VLAN in the bridge's region of skep_fdb, which all CPUs and skepd write (abi.h says how).
 *
 * Ports differ in whether they want a tag, and so a flood has two passes at most: first the ports that take the packet as
 * it is, then, with the tag changed once, the others.  What follows NORMAL in the list finds the packet as it was before.
 */
#ifndef SKEP_BPF_NORMAL_H
#define SKEP_BPF_NORMAL_H 1

#include "bpf/edit.h"
#include "bpf/output.h"
#include "bpf/parse.h"
#include "bpf/state.h"

/* The packet's tag in relation to its VLAN: struct skep_state.tag. */
enum skep_tag {
	SKEP_TAG_NONE = 0,
	SKEP_TAG_VLAN = 1,  /* it is that of the VLAN */
	SKEP_TAG_OTHER = 2, /* priority tag: no port wants it so */
};

#define SKEP_VID 0x0fff
#define SKEP_PCP 0xe000

/* --- The table of addresses --- */

/* The address in word 2 or 3 of the key, as in a key of the table. */
SKEP_INLINE __u64 skep_fdb_key(__u64 word, __u32 vlan)
{
	return (bpf_be64_to_cpu(word) & ~0xffffULL) | (__u64)(vlan & SKEP_VID) << 4 | SKEP_FDB_USED;
}

SKEP_INLINE _Bool skep_is_multicast(__u64 fdb_key)
{
	return fdb_key >> 56 & 1;
}

SKEP_INLINE struct skep_fdb_bucket *skep_fdb_bucket(const struct skep_bridge *br, __u64 key)
{
	return home_fdb(SKEP_ONCE(br->fdb_first) + (skep_fdb_hash(br->fdb_seed, key) & br->fdb_mask));
}

/* Reads the clock.  It moves with ticks, and a division costs more than a look. */
SKEP_INLINE void skep_fdb_clock(struct skep_state *s)
{
	__u64 now = home_now(s);

	if (now == s->now_divided)
		return;
	s->now_divided = now;
	s->now_s = (__u32)(now / 1000000000u);
}

/* Seconds since an entry was seen; by another CPU's clock that may be a second in the future. */
SKEP_INLINE __s32 skep_fdb_age(const struct skep_state *s, __u64 value)
{
	return (__s32)(s->now_s - (__u32)(value >> 32));
}

/* Bit 31 beside the index of a port: the entry is static. */
#define SKEP_FDB_FOUND_STATIC (1u << 31)

/* Looks for s->fdb_key.  Returns the index of the port, or 0. */
SKEP_SUB __u32 skep_fdb_find(struct skep_state *s)
{
	const struct skep_bridge *br;
	struct skep_fdb_bucket *b;

	if (!s)
		return 0;
	br = home_bridge(s->bridge);
	b = br ? skep_fdb_bucket(br, s->fdb_key) : NULL;
	if (!b)
		return 0;
	for (int i = 0; i < SKEP_FDB_WAYS; i++) {
		__u64 key = SKEP_ONCE(b->e[i].key), value;

		if ((key & ~SKEP_FDB_STATIC) != s->fdb_key)
			continue;
		value = SKEP_ONCE(b->e[i].value);
		if (key & SKEP_FDB_STATIC)
			return (__u32)value | SKEP_FDB_FOUND_STATIC;
		return skep_fdb_age(s, value) < (__s32)br->fdb_ageing ? (__u32)value : 0;
	}
	return 0;
}

/* Which entry a new address of port 'port' takes: a free one, or its own oldest if it has half of them, or the oldest.
 * Negative: none, all are static. */
SKEP_SUB int skep_fdb_victim(struct skep_state *s, struct skep_fdb_bucket *b, __u32 port, __u32 ageing)
{
	int oldest = -1, own_oldest = -1, n_own = 0;
	__s32 age_oldest = -2, age_own = -2;

	if (!s || !b)
		return -1;
	for (int i = 0; i < SKEP_FDB_WAYS; i++) {
		__u64 key = SKEP_ONCE(b->e[i].key), value = SKEP_ONCE(b->e[i].value);
		__s32 age = skep_fdb_age(s, value);

		if (!key)
			return i;
		if (key & (SKEP_FDB_STATIC | SKEP_FDB_BUSY))
			continue;
		if (age >= (__s32)ageing)
			return i;
		if (age > age_oldest) {
			age_oldest = age;
			oldest = i;
		}
		if ((__u32)value != port)
			continue;
		n_own++;
		if (age > age_own) {
			age_own = age;
			own_oldest = i;
		}
	}
	return n_own >= SKEP_FDB_WAYS / 2 ? own_oldest : oldest;
}

/* Another CPU may have added the same address at the same time.  The one that looks last sees both, and whoever sees both clears the same of
 * them: the later in the bucket, unless the other is static. */
SKEP_INLINE void skep_fdb_settle(struct skep_fdb_bucket *b, __u32 own, __u64 key)
{
	for (__u32 i = 0; i < SKEP_FDB_WAYS; i++) {
		__u64 other = SKEP_ONCE(b->e[i].key);
		__u32 loser = other == key && i > own ? i : own;

		if (i == own || (other & ~SKEP_FDB_STATIC) != key)
			continue;
		__sync_val_compare_and_swap(&b->e[loser & (SKEP_FDB_WAYS - 1)].key, key, 0);
		return;
	}
}

/* Adds s->fdb_key, which is not there.  If others are faster, the next packet will do it. */
SKEP_INLINE void skep_fdb_add(struct skep_state *s, const struct skep_bridge *br,
			      struct skep_fdb_bucket *b, __u64 value)
{
	int found = skep_fdb_victim(s, b, s->in_port_idx, br->fdb_ageing);
	__u32 i = (__u32)found & (SKEP_FDB_WAYS - 1);
	__u64 old;

	if (found < 0)
		return;
	old = SKEP_ONCE(b->e[i].key);
	if (old & (SKEP_FDB_STATIC | SKEP_FDB_BUSY) ||
	    __sync_val_compare_and_swap(&b->e[i].key, old, SKEP_FDB_BUSY) != old)
		return;
	SKEP_ONCE_SET(b->e[i].value, value);
	__sync_val_compare_and_swap(&b->e[i].key, SKEP_FDB_BUSY, s->fdb_key);
	skep_fdb_settle(b, i, s->fdb_key);
}

/* Learns that s->fdb_key is behind the in_port. */
SKEP_SUB int skep_fdb_learn(struct skep_state *s)
{
	const struct skep_bridge *br;
	struct skep_fdb_bucket *b;
	__u64 value;

	if (!s)
		return 0;
	br = home_bridge(s->bridge);
	if (!br || !br->fdb_ageing)
		return 0;
	b = skep_fdb_bucket(br, s->fdb_key);
	if (!b)
		return 0;
	value = (__u64)s->now_s << 32 | s->in_port_idx;
	for (int i = 0; i < SKEP_FDB_WAYS; i++) {
		__u64 key = SKEP_ONCE(b->e[i].key), old;

		if ((key & ~SKEP_FDB_STATIC) != s->fdb_key)
			continue;
		old = SKEP_ONCE(b->e[i].value);
		if (key & SKEP_FDB_STATIC ||
		    ((__u32)old == s->in_port_idx && skep_fdb_age(s, old) <= 0))
			return 0;
		/* If the entry was replaced meanwhile, its value was too, and stays. */
		__sync_val_compare_and_swap(&b->e[i].value, old, value);
		return 0;
	}
	skep_fdb_add(s, br, b, value);
	return 0;
}

/* --- VLANs --- */

SKEP_INLINE _Bool skep_carries_vlan(const struct skep_port *port, __u32 vlan)
{
	const struct skep_vlan_set *set;
	__u32 flags = port->flags;

	if (flags & (SKEP_PF_ACCESS | SKEP_PF_NATIVE) && port->pvid == vlan)
		return 1;
	if (flags & SKEP_PF_ACCESS)
		return 0;
	if (!port->vlans)
		return 1;
	set = home_vlan_set(port->vlans);
	return set && set->w[vlan / 64 & 63] >> (vlan & 63) & 1;
}

/* Whether packets of the VLAN leave the port with a tag. */
SKEP_INLINE _Bool skep_wants_tag(const struct skep_port *port, __u32 vlan)
{
	__u32 flags = port->flags;

	if (!vlan || flags & SKEP_PF_ACCESS)
		return 0;
	return !(flags & SKEP_PF_NATIVE) || flags & SKEP_PF_TAGGED || port->pvid != vlan;
}

/* Finds the packet's VLAN.  False if the in_port does not carry it.  Without an in_port (CONTROLLER) it is the tag's. */
SKEP_INLINE _Bool skep_find_vlan(struct skep_state *s)
{
	const struct skep_port *port = s->in_port_idx ? home_port(s->in_port_idx) : NULL;
	__u32 tci = (__u32)bpf_ntohs(s->key.vlan_tci), vid = tci & SKEP_VID, flags = port ? port->flags : 0;

	s->in_flags = flags;
	if (flags & SKEP_PF_ACCESS && vid)
		return 0;
	s->vlan = (__u16)(flags & (SKEP_PF_ACCESS | SKEP_PF_NATIVE) && !vid ? port->pvid & SKEP_VID : vid);
	if (!(tci & SKEP_VLAN_PRESENT))
		s->tag = SKEP_TAG_NONE;
	else
		s->tag = vid ? SKEP_TAG_VLAN : SKEP_TAG_OTHER;
	return !port || skep_carries_vlan(port, s->vlan);
}

/* Gives the packet the VLAN's tag, or takes it off.  Nothing is pending.  Returns 0 or negative. */
SKEP_INLINE int skep_retag(SKEP_CTX *ctx, struct skep_state *s, _Bool wants_tag)
{
	__u32 tci = ((__u32)bpf_ntohs(s->key.vlan_tci) & SKEP_PCP) | s->vlan;

	s->stale = SKEP_STALE_ALL;
	if (s->tag != SKEP_TAG_NONE && home_pop_vlan(ctx, s))
		return -1;
	s->tag = wants_tag;
	return wants_tag ? home_push_vlan(ctx, s, 0x8100, (__u16)tci) : 0;
}

/* --- Where to --- */

/* True if nothing goes from the in_port to 'port', which has the index 'idx'. */
SKEP_INLINE _Bool skep_is_behind(const struct skep_state *s, const struct skep_port *port, __u32 idx)
{
	return idx == s->in_port_idx || s->in_flags & port->flags & SKEP_PF_ISOLATED;
}

/* Sends to port 'idx', which is to have the packet. */
SKEP_INLINE int skep_normal_send(SKEP_CTX *ctx, struct skep_state *s, const struct skep_port *port,
				 __u32 idx)
{
	_Bool wants_tag = skep_wants_tag(port, s->vlan);

	if (SKEP_UNLIKELY(s->tag != wants_tag)) {
		skep_flush(ctx, s);
		if (skep_retag(ctx, s, wants_tag))
			return skep_drop(s, SKEP_DROP_ACTION_FAILED);
	}
	skep_send(ctx, s, idx);
	return 0;
}

/* Goes on from port s->flood_next, for some ports: those that want the tag that this pass is for, s->flood_tagged. */
SKEP_SUB int skep_normal_flood_some(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!s)
		return 0;
	/* Few, since kernel 6.1's verifier walks each iteration in many ways. */
	for (int i = 0; i < 16; i++) {
		__u32 idx = s->flood_next;
		const struct skep_port *port = home_port(idx);

		if (!idx || !port) {
			s->flood_next = 0;
			return 0;
		}
		s->flood_next = SKEP_ONCE(port->next);
		if (!skep_may_send(port) || skep_is_behind(s, port, idx) ||
		    !skep_carries_vlan(port, s->vlan))
			continue;
		if (skep_wants_tag(port, s->vlan) == s->flood_tagged)
			skep_normal_send(ctx, s, port, idx);
		else
			s->flood_others = 1;
	}
	return 0;
}

SKEP_INLINE void skep_normal_pass(SKEP_CTX *ctx, struct skep_state *s, const struct skep_bridge *br,
				  _Bool tagged)
{
	s->flood_tagged = tagged;
	s->flood_others = 0;
	s->flood_next = SKEP_ONCE(br->first_port);
	for (int i = 0; i < SKEP_PORTS_MAX / 16 && s->flood_next; i++)
		skep_normal_flood_some(ctx, s);
	if (s->flood_next)
		skep_drop(s, SKEP_DROP_BUG);
}

SKEP_INLINE void skep_normal_flood(SKEP_CTX *ctx, struct skep_state *s, const struct skep_bridge *br)
{
	_Bool tagged = s->tag == SKEP_TAG_VLAN;

	skep_normal_pass(ctx, s, br, tagged);
	if (s->flood_others)
		skep_normal_pass(ctx, s, br, !tagged);
}

/* Sends where s->fdb_key, the destination, is known to be.  False: that is nowhere. */
SKEP_INLINE _Bool skep_normal_known(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 found = skep_fdb_find(s), idx = found & ~SKEP_FDB_FOUND_STATIC;
	const struct skep_port *port = home_port(idx);

	/* What was learned of a port that is gone means nothing. */
	if (!idx || !port || (!port->ifindex && !(found & SKEP_FDB_FOUND_STATIC)))
		return 0;
	if (skep_is_behind(s, port, idx))
		skep_drop(s, SKEP_DROP_SAME_PORT);
	else if (!skep_carries_vlan(port, s->vlan))
		skep_drop(s, SKEP_DROP_VLAN);
	else
		skep_normal_send(ctx, s, port, idx);
	return 1;
}

/* Gives the packet the tag back that it came with, 'before', for the actions that follow. */
SKEP_INLINE int skep_normal_restore(SKEP_CTX *ctx, struct skep_state *s, __u32 tag_before)
{
	skep_flush(ctx, s);
	if (s->tag != SKEP_TAG_NONE && home_pop_vlan(ctx, s))
		return -1;
	if (tag_before != SKEP_TAG_NONE && home_push_vlan(ctx, s, s->tpid, s->tci))
		return -1;
	return skep_parse(ctx, s);
}

/* 01-80-C2-00-00-0X as destination. */
SKEP_INLINE _Bool skep_is_reserved(__u64 fdb_key)
{
	return fdb_key >> 20 == 0x0180c200000ULL;
}

/* Learns, and sends the packet where it belongs. */
SKEP_INLINE int skep_normal_forward(SKEP_CTX *ctx, struct skep_state *s)
{
	const struct skep_bridge *br = home_bridge(s->bridge);
	__u64 src, dst;

	if (!br)
		return 0;
	dst = skep_fdb_key(s->w[2], s->vlan);
	if (skep_is_reserved(dst) && !(br->flags & SKEP_BF_FORWARD_BPDU))
		return skep_drop(s, SKEP_DROP_RESERVED);
	if (SKEP_LIKELY(br->fdb_mask)) {
		skep_fdb_clock(s);
		src = skep_fdb_key(s->w[3], s->vlan);
		s->fdb_key = src;
		if (s->in_port_idx && !skep_is_multicast(src))
			skep_fdb_learn(s);
		s->fdb_key = dst;
		if (!skep_is_multicast(dst) && skep_normal_known(ctx, s))
			return 0;
	}
	skep_normal_flood(ctx, s, br);
	return 0;
}

/* The action.  'is_last': nothing looks at the packet after it.  Returns SKEP_GO, or SKEP_ABORT if the packet is spoilt. */
SKEP_SUB int skep_normal(SKEP_CTX *ctx, struct skep_state *s, _Bool is_last)
{
	__u32 tag_before;

	if (!s || (s->stale > SKEP_FRESH && skep_parse(ctx, s)))
		return SKEP_ABORT;
	if (!skep_find_vlan(s)) {
		skep_drop(s, SKEP_DROP_VLAN);
		return SKEP_GO;
	}
	tag_before = s->tag;
	if (tag_before != SKEP_TAG_NONE && !is_last && home_load_tag(ctx, &s->tpid, &s->tci))
		return SKEP_ABORT;
	skep_normal_forward(ctx, s);
	if (is_last || s->tag == tag_before || !skep_normal_restore(ctx, s, tag_before))
		return SKEP_GO;
	skep_drop(s, SKEP_DROP_ACTION_FAILED);
	return SKEP_ABORT;
}

#endif
