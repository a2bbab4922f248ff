/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tc home: how the pipeline reaches the packet and the maps in a tc program.
 *
 * Functions marked SKEP_SUB are verified one by one with unknown arguments, and so once, however
 * often they are called: that is what makes the program load at all on kernel 6.1.  Their pointer
 * arguments may be NULL to the verifier.
 *
 * Packet bytes are read where they are if they are linear, else by bpf_skb_load_bytes().  They are
 * only written by helpers, which take care of shared and nonlinear data.
 */
#ifndef SKEP_BPF_HOME_TC_H
#define SKEP_BPF_HOME_TC_H 1

#include <stddef.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "bpf/bytes.h"
#include "bpf/consts.h"
#include "bpf/maps.h"

#define SKEP_SUB    __attribute__((noinline))
#define SKEP_INLINE static __attribute__((always_inline)) inline
#define SKEP_CTX    struct __sk_buff

/* A number that user space wrote into the code: see consts.h. */
SKEP_INLINE __u64 home_const(const enum skep_const which)
{
	__u64 value;

	asm volatile("%0 = %1" : "=r"(value) : "i"(SKEP_CONST_MARK + which));
	return value;
}

/* --- The maps -----------------------------------------------------------------------------------
 */

#define SKEP_MAP(NAME, TYPE, MAP)                                                                  \
	SKEP_INLINE TYPE *home_##NAME(__u32 idx)                                                   \
	{                                                                                          \
		return bpf_map_lookup_elem(&MAP, &idx);                                            \
	}

/* Elements of global data: the verifier knows the constant, and so that an index below it is within the map.  The barriers keep one register
 * from the comparison to the address, keep from the compiler that the array is declared with one element, and keep it from making the address again and again. */
#define SKEP_DATA(NAME, TYPE, ARRAY, N)                                                            \
	SKEP_INLINE TYPE *home_##NAME(__u32 idx)                                                   \
	{                                                                                          \
		TYPE *elem = (TYPE *)ARRAY;                                                        \
		__u64 i = idx;                                                                     \
                                                                                                   \
		asm volatile("" : "+r"(i));                                                        \
		asm goto("if %0 >= %1 goto %l2"                                                    \
			 :                                                                         \
			 : "r"(i), "i"(SKEP_CONST_MARK + SKEP_C_##N)                               \
			 :                                                                         \
			 : beyond);                                                                \
		asm volatile("" : "+r"(i), "+r"(elem));                                            \
		elem += i;                                                                         \
		asm volatile("" : "+r"(elem));                                                     \
		if (!elem)                                                                         \
			__builtin_unreachable();                                                   \
		return elem;                                                                       \
	beyond:                                                                                    \
		asm volatile(""); /* a block of its own, from which the compiler jumps to where    \
				     NULL leads */                                                 \
		return NULL;                                                                       \
	}

SKEP_INLINE struct skep_if *home_if(__u32 idx)
{
	return &skep_ifs[idx & (SKEP_IFS - 1)];
}

SKEP_INLINE struct skep_table *home_table(__u32 idx)
{
	return &skep_tables[idx & (SKEP_TABLE_SLOTS - 1)];
}

SKEP_INLINE struct skep_bridge *home_bridge(__u32 idx)
{
	return &skep_bridges[idx & (SKEP_BRIDGES - 1)];
}

SKEP_INLINE struct skep_tunnel *home_tunnel(__u32 idx)
{
	return &skep_tunnels[idx & (SKEP_TUNNELS - 1)];
}

SKEP_INLINE struct skep_inject *home_inject(__u32 idx)
{
	return &skep_injects[idx & (SKEP_INJECTS - 1)];
}

SKEP_DATA(port, struct skep_port, skep_ports, N_PORTS)
/* The port that a rule's act outputs to; port 0, which has no interface, if the act is none. NULL:
 * it goes to a table, or all outputs are to be seen by tests. */
SKEP_DATA(act_port, struct skep_port, skep_ports, N_DIRECT)
SKEP_MAP(vlan_set, struct skep_vlan_set, skep_vlan_sets)
SKEP_DATA(fdb, struct skep_fdb_bucket, skep_fdb, N_FDB)
SKEP_DATA(subtable, struct skep_subtable, skep_subtables, N_SUBTABLES)
SKEP_DATA(prune, struct skep_prune, skep_prunes, N_PRUNES)
SKEP_DATA(bucket, __u32, skep_buckets, N_HEADS)
SKEP_DATA(rule, struct skep_rule, skep_rules, N_RULES)
SKEP_MAP(keyx, struct skep_keyx, skep_keyx)
SKEP_DATA(cell, struct skep_cell, skep_cells, N_CELLS)
/* Two that follow each other. */
SKEP_DATA(cell_pair, struct skep_cell, skep_cells, N_CELL_PAIRS)
SKEP_DATA(table_counter, struct skep_table_counter, skep_table_ctrs, N_TABLE_CTRS)
SKEP_DATA(port_counter, struct skep_port_counter, skep_port_ctrs, N_PORT_CTRS)
SKEP_DATA(counter_data, struct skep_counter, skep_counters_data, N_COUNTERS)
SKEP_MAP(counter_elem, struct skep_counter, skep_counters)

SKEP_INLINE struct skep_counter *home_counter(__u32 idx)
{
	struct skep_counter *ctr = home_counter_data(idx);

	return SKEP_LIKELY(ctr) ? ctr : home_counter_elem(idx);
}

SKEP_MAP(drop_counter, struct skep_drop_counter, skep_drops)
SKEP_DATA(cpu, struct skep_cpu_state, skep_cpu, N_CPU)
SKEP_MAP(pktin, struct skep_pktin, skep_pktin)
SKEP_MAP(group, struct skep_group, skep_groups)
SKEP_MAP(group_counter, struct skep_group_counter, skep_group_ctrs)
SKEP_MAP(meter, struct skep_meter, skep_meters)
SKEP_MAP(meter_conf, struct skep_meter_conf, skep_meter_confs)

/* This CPU's. */
SKEP_INLINE struct skep_record *home_record(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&skep_records, &cpu);
}

/* Set 'idx' of this CPU's. */
SKEP_INLINE struct skep_cache_set *home_cache(__u32 idx)
{
	__u32 i = bpf_get_smp_processor_id() * SKEP_CACHE_SETS + (idx & (SKEP_CACHE_SETS - 1));

	return bpf_map_lookup_elem(&skep_cache, &i);
}

SKEP_INLINE __u32 home_n_stripes(void)
{
	return (__u32)home_const(SKEP_C_N_STRIPES);
}

/* The element of stripe 'stripe' of what has 'idx' in a map that is striped. */
SKEP_INLINE __u32 home_striped(__u32 idx, __u32 stripe)
{
	__u64 i = idx;

	asm("%0 *= %1" : "+r"(i) : "i"(SKEP_CONST_MARK + SKEP_C_N_STRIPES));
	return (__u32)i + stripe;
}

SKEP_INLINE void home_add(__u64 *counter, __u64 n)
{
	if (home_const(SKEP_C_ATOMIC))
		__sync_fetch_and_add(counter, n);
	else
		*counter += n;
}

/* Two of one element. */
SKEP_INLINE void home_add2(__u64 *counter, __u64 n, __u64 *counter2, __u64 n2)
{
	if (home_const(SKEP_C_ATOMIC)) {
		__sync_fetch_and_add(counter, n);
		__sync_fetch_and_add(counter2, n2);
	} else {
		*counter += n;
		*counter2 += n2;
	}
}

/* Two of one element, and two of another. */
SKEP_INLINE void home_add4(__u64 *counter, __u64 n, __u64 *counter2, __u64 n2, __u64 *counter3,
			   __u64 n3, __u64 *counter4, __u64 n4)
{
	if (home_const(SKEP_C_ATOMIC)) {
		__sync_fetch_and_add(counter, n);
		__sync_fetch_and_add(counter2, n2);
		__sync_fetch_and_add(counter3, n3);
		__sync_fetch_and_add(counter4, n4);
	} else {
		*counter += n;
		*counter2 += n2;
		*counter3 += n3;
		*counter4 += n4;
	}
}

/* Coarse: for counters.  The coarse clock moves with jiffies, which are read without a call. */
SKEP_INLINE __u64 home_now(struct skep_state *s)
{
	__u64 tick = bpf_jiffies64();

	if (tick != s->now_tick) {
		s->now_tick = tick;
		s->now = bpf_ktime_get_coarse_ns();
	}
	return s->now;
}

SKEP_INLINE __u64 home_now_exact(void)
{
	return bpf_ktime_get_ns();
}

/* True if 1 <= *n <= max, and so that the verifier knows it: kernel 6.1 learns nothing from a
 * comparison with 0, and the compiler must not make another one of this. */
SKEP_INLINE _Bool skep_in_range(__u64 *n, __u64 max)
{
	__u64 m = *n - 1;

	asm volatile("" : "+r"(m));
	if (m >= max)
		return 0;
	asm volatile("" : "+r"(m));
	*n = m + 1;
	return 1;
}

/* --- Reading the packet --------------------------------------------------------------------------
 */

/* Reads of packet memory, which need not be aligned: as one load each, where memcpy() would make
 * bytes. */
#define skep_ld16(P) (*(const __u16 *)(P))
#define skep_ld32(P) (*(const __u32 *)(P))
#define skep_ld64(P) (*(const __u64 *)(P))

SKEP_INLINE __u32 home_len(SKEP_CTX *ctx)
{
	return ctx->len;
}

/* The linear part of the packet, good until the next edit. */
struct skep_win {
	const __u8 *data, *end;
};

SKEP_INLINE struct skep_win home_win(SKEP_CTX *ctx)
{
	struct skep_win w = {
		.data = (const __u8 *)(unsigned long)ctx->data,
		.end = (const __u8 *)(unsigned long)ctx->data_end,
	};

	return w;
}

/* True if the first 'len' bytes are at w->data. */
SKEP_INLINE _Bool home_is_linear(SKEP_CTX *ctx, const struct skep_win *w, __u32 len)
{
	(void)ctx;
	return w->data + len <= w->end;
}

/* The 'len' bytes at 'ofs' < 64k: in the packet, or else copied to 'buf'.  NULL: they are not
 * there. */
SKEP_INLINE const __u8 *home_hdr(SKEP_CTX *ctx, const struct skep_win *w, __u32 ofs,
				 const __u32 len, void *buf)
{
	const __u8 *p = w->data + ofs;

	asm volatile("" : "+r"(p)); /* one register for check and loads */
	if (p + len <= w->end)
		return p;
	return bpf_skb_load_bytes(ctx, ofs, buf, len) ? NULL : buf;
}

/* Copies 1 to 16 bytes into 'buf'. */
SKEP_INLINE int home_load(SKEP_CTX *ctx, __u32 ofs, struct skep_bytes16 *buf, __u32 len)
{
	__u64 n = len;

	if (!skep_in_range(&n, sizeof(*buf)))
		return -1;
	return (int)bpf_skb_load_bytes(ctx, ofs, buf, (__u32)n);
}

/* True if the outermost VLAN tag is in metadata, with its TCI in host order. */
SKEP_INLINE _Bool home_tag(SKEP_CTX *ctx, __u16 *tci)
{
	if (!ctx->vlan_present)
		return 0;
	*tci = (__u16)ctx->vlan_tci;
	return 1;
}

/* TPID and TCI, in host order, of the outermost tag, which is there. */
SKEP_INLINE int home_load_tag(SKEP_CTX *ctx, __u16 *ret_tpid, __u16 *ret_tci)
{
	__be16 tag[2];

	if (ctx->vlan_present) {
		*ret_tpid = bpf_ntohs((__u16)ctx->vlan_proto);
		*ret_tci = (__u16)ctx->vlan_tci;
		return 0;
	}
	if (bpf_skb_load_bytes(ctx, 12, tag, sizeof(tag)))
		return -1;
	*ret_tpid = bpf_ntohs(tag[0]);
	*ret_tci = bpf_ntohs(tag[1]);
	return 0;
}

/* --- Writing the packet
 * ---------------------------------------------------------------------------- */

/* Writes 1 to 16 bytes.  'recompute': no checksum of the packet makes up for the change, so a sum
 * over the whole packet (CHECKSUM_COMPLETE, which covers these bytes) has to follow. */
SKEP_INLINE int home_store(SKEP_CTX *ctx, __u32 ofs, struct skep_bytes16 *buf, __u32 len,
			   _Bool recompute)
{
	__u64 flags = BPF_F_INVALIDATE_HASH, n = len;

	if (!skep_in_range(&n, sizeof(*buf)))
		return -1;
	if (recompute)
		flags |= BPF_F_RECOMPUTE_CSUM;
	return (int)bpf_skb_store_bytes(ctx, ofs, buf, (__u32)n, flags);
}

/* Add 'diff', a sum of 16-bit words, to what the checksum at 'ofs' is over. */
SKEP_INLINE int home_l3_csum(SKEP_CTX *ctx, __u32 ofs, __u32 diff)
{
	return (int)bpf_l3_csum_replace(ctx, ofs, 0, diff, 0);
}

/* 'pseudo': by way of the pseudo-header.  'zero_is_none': UDP's. */
SKEP_INLINE int home_l4_csum(SKEP_CTX *ctx, __u32 ofs, __u32 diff, _Bool pseudo, _Bool zero_is_none)
{
	return (int)bpf_l4_csum_replace(ctx, ofs, 0, diff,
					(pseudo ? BPF_F_PSEUDO_HDR : 0) |
						(zero_is_none ? BPF_F_MARK_MANGLED_0 : 0));
}

/* --- The frame's head ----------------------------------------------------------------------------
 *
 * Of a packet that it received, the kernel knows that it begins with an Ethernet header, and what skb->protocol is behind it; a sum over
 * the whole packet (CHECKSUM_COMPLETE) is over what is behind it.  Bytes that a helper pushes into the frame become part of that
 * header, with whatever is written there: the kernel goes on to see what it saw before, at the end of a longer header.  That is what makes segmentation
 * and checksum offload find IP beneath a label that we have pushed (the kernel's own MPLS offload wants header fields that no
 * helper sets).  'head_len' of the state keeps the length of that header; without SKEP_DIRTY_HEAD it is Ethernet's.
 */

#define HOME_TPID 0x8100

SKEP_INLINE __u32 home_head_len(const struct skep_state *s)
{
	return s->dirty & SKEP_DIRTY_HEAD ? s->head_len : 14;
}

/* Keeps 'head_len' after a helper changed the frame from 'before' bytes to what it has now.  (What takes bytes away from packets
 * without such a header leaves them an Ethernet header.) */
SKEP_INLINE void home_track_head(SKEP_CTX *ctx, struct skep_state *s, __u32 before)
{
	int len;

	if (ctx->len == before)
		return;
	len = (int)(home_head_len(s) + ctx->len - before);
	if (len > 14) {
		s->head_len = (__u16)len;
		s->dirty |= SKEP_DIRTY_HEAD;
	} else {
		s->dirty &= ~(__u32)SKEP_DIRTY_HEAD;
	}
}

/* The length on the wire. */
SKEP_INLINE __u32 home_wire_len(SKEP_CTX *ctx)
{
	return ctx->len + (ctx->vlan_present ? 4 : 0);
}

/* Bytes that each segment will have of what is segmented later; 0: it is one packet. */
SKEP_INLINE __u32 home_gso_size(SKEP_CTX *ctx)
{
	return ctx->gso_size;
}

SKEP_INLINE int home_push_vlan(SKEP_CTX *ctx, struct skep_state *s, __u16 tpid, __u16 tci)
{
	__u32 before = ctx->len;
	int err = (int)bpf_skb_vlan_push(ctx, bpf_htons(tpid), tci);

	home_track_head(ctx, s, before);
	return err;
}

/* Takes off the outermost tag, which is there. */
SKEP_INLINE int home_pop_vlan(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 wire = home_wire_len(ctx), before = ctx->len;

	/* It moves the next tag to metadata, and fails if what looks like one is cut off, having
	 * done its work. */
	bpf_skb_vlan_pop(ctx);
	home_track_head(ctx, s, before);
	return home_wire_len(ctx) + 4 == wire ? 0 : -1;
}

/* Changes the TCI of the tag in metadata. */
SKEP_INLINE int home_set_tag(SKEP_CTX *ctx, struct skep_state *s, __u16 tci)
{
	__u16 tpid = bpf_ntohs((__u16)ctx->vlan_proto);
	int err = home_pop_vlan(ctx, s);

	return err ? err : home_push_vlan(ctx, s, tpid, tci);
}

/* The Ethernet type was changed.  skb->protocol must follow, but cannot be written; popping a VLAN
 * tag out of the frame sets it, so push one there first. */
SKEP_INLINE int home_sync_type(SKEP_CTX *ctx, struct skep_state *s)
{
	_Bool extra = !ctx->vlan_present;

	if (extra && home_push_vlan(ctx, s, HOME_TPID, 0))
		return -1;
	if (home_push_vlan(ctx, s, HOME_TPID, 0))
		return -1;
	if (home_pop_vlan(ctx, s))
		return -1;
	return extra ? home_pop_vlan(ctx, s) : 0;
}

/* skb->protocol, if it is IP's: the packet has an IP header right behind what is the MAC header to the kernel; else 0. */
SKEP_INLINE __be16 home_inner_type(SKEP_CTX *ctx)
{
	__be16 type = (__be16)ctx->protocol;

	return type == SKEP_BE16(0x0800) || type == SKEP_BE16(0x86dd) ? type : 0;
}

/* Has skb->protocol be 'inner' again, if that is not 0, after helpers set it to the frame's Ethernet type: what is in front of the IP header
 * is none of the kernel's business. */
SKEP_SUB int skep_keep_type(SKEP_CTX *ctx, struct skep_state *s, __u32 inner)
{
	__be16 type, fake = (__be16)inner;

	if (!s || !inner || ctx->protocol == inner)
		return 0;
	if (bpf_skb_load_bytes(ctx, 12, &type, sizeof(type)))
		return -1;
	if (type == SKEP_BE16(0x8100) || type == SKEP_BE16(0x88a8))
		return 0; /* helpers that take tags off want the truth */
	if (bpf_skb_store_bytes(ctx, 12, &fake, sizeof(fake), 0) || home_sync_type(ctx, s))
		return -1;
	return (int)bpf_skb_store_bytes(ctx, 12, &type, sizeof(type), 0);
}

/* Makes 'n' bytes of room in front of the frame.  (bpf_skb_adjust_room() makes it behind an Ethernet header that IP follows, and in no other frame.) */
SKEP_INLINE int home_grow(SKEP_CTX *ctx, struct skep_state *s, __u32 n)
{
	__u32 before = ctx->len;

	if (bpf_skb_change_head(ctx, n, 0))
		return -1;
	home_track_head(ctx, s, before);
	return 0;
}

/* Loads 1 to 'max' bytes into 'buf'. */
SKEP_INLINE int home_load_n(SKEP_CTX *ctx, __u32 ofs, void *buf, __u32 len, const __u32 max)
{
	__u64 n = len;

	if (!skep_in_range(&n, max))
		return -1;
	return (int)bpf_skb_load_bytes(ctx, ofs, buf, (__u32)n);
}

/* The first 'n' bytes of the frame are about to become s->head: has CHECKSUM_COMPLETE follow as far as it covers them.  (The
 * flag of bpf_skb_store_bytes() that does so takes all bytes for covered.) */
SKEP_SUB int skep_sum_head(SKEP_CTX *ctx, struct skep_state *s, __u32 n)
{
	__u32 covered, sum = 0;

	if (!s || home_load_n(ctx, 0, s->old_head, n, SKEP_HEAD_MAX))
		return -1;
	covered = home_head_len(s);
	for (__u32 i = 14; i < SKEP_HEAD_MAX && i < n; i += 2) {
		if (i >= covered)
			sum += (~(__u32)skep_ld16(&s->old_head[i]) & 0xffff) + skep_ld16(&s->head[i]);
	}
	bpf_csum_update(ctx, sum); /* fails if there is no such sum */
	return 0;
}

/* Writes the first 'n' bytes of s->head to the beginning of the frame. */
SKEP_INLINE int home_put_head(SKEP_CTX *ctx, struct skep_state *s, __u32 n)
{
	__u64 len = n;

	if (n > home_head_len(s) && skep_sum_head(ctx, s, n))
		return -1;
	if (!skep_in_range(&len, SKEP_HEAD_MAX))
		return -1;
	return (int)bpf_skb_store_bytes(ctx, 0, s->head, (__u32)len, BPF_F_INVALIDATE_HASH);
}

/* Takes out 4 * 'n' bytes behind the addresses, which the caller has made to look like VLAN tags: popping tags works on frames of every type, and of
 * all offloads.  A tag in metadata stays there. */
SKEP_INLINE int home_cut_tags(SKEP_CTX *ctx, struct skep_state *s, const __u32 n)
{
	__u32 wire = home_wire_len(ctx);
	__u16 tpid = HOME_TPID, tci = 0;
	_Bool has_tag = home_tag(ctx, &tci);

	if (has_tag)
		tpid = bpf_ntohs((__u16)ctx->vlan_proto);
	/* Tags are popped from the frame only if skb->protocol is VLAN's, which pushing two makes it.  The first is in the frame then, before
	 * the others, and the second in metadata. */
	else if (home_push_vlan(ctx, s, HOME_TPID, 0))
		return -1;
	if (home_push_vlan(ctx, s, HOME_TPID, 0))
		return -1;
	for (__u32 i = 0; i < n + 2; i++)
		home_pop_vlan(ctx, s);
	if (has_tag && home_push_vlan(ctx, s, tpid, tci))
		return -1;
	return home_wire_len(ctx) + 4 * n == wire ? 0 : -1;
}

/* Adds 'n' zero bytes at the end. */
SKEP_INLINE int home_pad(SKEP_CTX *ctx, __u32 n)
{
	return (int)bpf_skb_change_tail(ctx, ctx->len + n, 0);
}

/* Puts a tag that is in metadata into the frame.  Returns 1 if there was one, another, which home_end_head() takes away, being in its place; 0 or negative. */
SKEP_INLINE int home_tag_to_frame(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!ctx->vlan_present)
		return 0;
	return home_push_vlan(ctx, s, HOME_TPID, 0) ? -1 : 1;
}

/* A header was pushed before all tags.  skb->protocol must not be a tag's any more. */
SKEP_INLINE int home_end_head(SKEP_CTX *ctx, struct skep_state *s, _Bool had_tag, __be16 inner)
{
	__be16 type = (__be16)ctx->protocol;

	if (!had_tag && type != SKEP_BE16(0x8100) && type != SKEP_BE16(0x88a8))
		return 0;
	if (home_sync_type(ctx, s))
		return -1;
	if (had_tag && home_pop_vlan(ctx, s))
		return -1;
	return skep_keep_type(ctx, s, inner);
}

/* Queue N of a port is class 1:N+1 of its qdisc, as Open vSwitch has it; 1:0 would be the qdisc itself, and leaves the choice to it. */
SKEP_INLINE void home_set_queue(SKEP_CTX *ctx, __u32 queue)
{
	ctx->priority = queue < 0xffff ? 0x10000 + queue + 1 : 0;
}

/* --- Sending the packet
 * ---------------------------------------------------------------------------- */

/* An output waits until it is known whether it is the last. */
#define home_is_lazy 1

SKEP_INLINE __u32 home_mark(SKEP_CTX *ctx)
{
	return ctx->mark;
}

SKEP_INLINE void home_set_mark(SKEP_CTX *ctx, __u32 mark)
{
	ctx->mark = mark;
}

/* How many patch ports a copy had passed when it was made. */
SKEP_INLINE __u32 home_copy_hops(SKEP_CTX *ctx)
{
	return ctx->tc_index;
}

/* Sends a copy to a patch port: to the ingress of the LOCAL of the bridge behind it. */
SKEP_INLINE int home_copy_patch(SKEP_CTX *ctx, const struct skep_state *s, __u32 idx)
{
	__u32 mark = ctx->mark, tc_index = ctx->tc_index, peer, ifindex;
	const struct skep_port *port = home_port(idx);
	const struct skep_bridge *br;
	int err;

	peer = port ? port->aux : 0;
	port = home_port(peer);
	br = port ? home_bridge(port->bridge) : NULL;
	ifindex = br ? br->local_ifindex : 0;
	if (!peer || !ifindex || s->hops >= SKEP_HOPS_MAX)
		return -1;
	ctx->mark = SKEP_MARK_PATCH | (peer & ~SKEP_MARK_MASK);
	ctx->tc_index = s->hops + 1u;
	err = (int)bpf_clone_redirect(ctx, ifindex, BPF_F_INGRESS);
	ctx->mark = mark;
	ctx->tc_index = tc_index;
	return err ? -1 : 0; /* positive: LOCAL is down, or the CPU's backlog full */
}

/* Sends a copy to 'port'.  'ifindex' 0: it is a patch port. */
SKEP_INLINE int home_copy(SKEP_CTX *ctx, const struct skep_state *s, __u32 port, __u32 ifindex)
{
	if (SKEP_UNLIKELY(!ifindex))
		return home_copy_patch(ctx, s, port);
	return (int)bpf_clone_redirect(ctx, ifindex, 0);
}

/* --- Groups --------------------------------------------------------------------------------------
 */

SKEP_INLINE void home_count(__u64 *counter, __u64 n)
{
	__sync_fetch_and_add(counter, n);
}

#define HOME_IFF_UP	   1u
#define HOME_NOCARRIER_BIT 2 /* __LINK_STATE_NOCARRIER */

/* True if the port's interface is up and has a carrier.  The address may be of a device that is gone: then what stands there has
 * another ifindex, but for a chance that only lasts until skepd hears of it. */
SKEP_INLINE _Bool home_link_up(const struct skep_port *port)
{
	__u64 dev = SKEP_ONCE(port->dev), state = 0;
	__u32 flags = 0, ifindex = 0;

	if (!home_const(SKEP_C_READ_DEV) || !dev)
		return port->is_live;
	if (bpf_probe_read_kernel(&ifindex, sizeof(ifindex), (void *)(dev + home_const(SKEP_C_DEV_IFINDEX))) ||
	    bpf_probe_read_kernel(&flags, sizeof(flags), (void *)(dev + home_const(SKEP_C_DEV_FLAGS))) ||
	    bpf_probe_read_kernel(&state, sizeof(state), (void *)(dev + home_const(SKEP_C_DEV_STATE))))
		return 0;
	return ifindex == port->ifindex && flags & HOME_IFF_UP && !(state >> HOME_NOCARRIER_BIT & 1);
}

/* Has a copy of the packet execute the list in s->fork_*, now.  Nonzero: there is none. */
SKEP_INLINE int home_fork(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 ifindex = SKEP_ONCE(skep_dp.io_ifindex);
	int err;

	if (!ifindex || s->level >= SKEP_STATES - 1)
		return -1;
	s->fork_mark = ctx->mark;
	ctx->mark = SKEP_MARK_FORK | s->level;
	err = (int)bpf_clone_redirect(ctx, ifindex, 0);
	ctx->mark = s->fork_mark;
	return err;
}

/* The state whose program waits for the copy that we are. */
SKEP_INLINE struct skep_state *home_fork_parent(__u32 level)
{
	struct skep_cpu_state *c = home_cpu(bpf_get_smp_processor_id());

	if (!c || level >= SKEP_STATES)
		return NULL;
	return &c->state[level & (SKEP_STATES - 1)];
}

/* --- Tunnels -------------------------------------------------------------------------------------
 */

#define HOME_NO_TUNNEL_KEY (1ULL << 4) /* BPF_F_NO_TUNNEL_KEY, of kernel 6.3 */

/* The kernel's bits of struct bpf_tunnel_key.tunnel_flags, network order there. */
#define HOME_TUN_CSUM 0x0001
#define HOME_TUN_KEY  0x0004
#define HOME_TUN_DF   0x0100
#define HOME_TUN_OAM  0x0200
#define HOME_TUN_GENEVE_OPT 0x0800

SKEP_INLINE __u32 home_tunnel_modes(void)
{
	return skep_dp.tunnel_modes;
}

SKEP_INLINE __u8 skep_outer_flags(__be16 kernel)
{
	__u32 flags = bpf_ntohs(kernel);

	return (flags & HOME_TUN_OAM ? SKEP_TUN_OAM : 0) | (flags & HOME_TUN_DF ? SKEP_TUN_DF : 0) |
	       (flags & HOME_TUN_CSUM ? SKEP_TUN_CSUM : 0) |
	       (flags & HOME_TUN_KEY ? SKEP_TUN_KEY : 0);
}

/* What the packet's outer header was.  Nonzero: it came from no tunnel. */
SKEP_INLINE int home_get_outer(SKEP_CTX *ctx, struct skep_outer *o)
{
	struct bpf_tunnel_key key;
	__u8 is_ipv6 = 0;

	if (bpf_skb_get_tunnel_key(ctx, &key, sizeof(key), BPF_F_TUNINFO_FLAGS)) {
		if (bpf_skb_get_tunnel_key(ctx, &key, sizeof(key),
					   BPF_F_TUNINFO_FLAGS | BPF_F_TUNINFO_IPV6))
			return -1;
		is_ipv6 = 1;
	}
	o->id = bpf_cpu_to_be64((__u64)key.tunnel_id);
	o->is_ipv6 = is_ipv6;
	o->tos = key.tunnel_tos;
	o->ttl = key.tunnel_ttl;
	o->flags = skep_outer_flags(key.tunnel_flags);
	o->has_options = !!(bpf_ntohs(key.tunnel_flags) & HOME_TUN_GENEVE_OPT);
	if (is_ipv6) {
		o->remote[0] = SKEP_AT(key.remote_ipv6[0], 0, 4) | SKEP_AT(key.remote_ipv6[1], 4, 4);
		o->remote[1] = SKEP_AT(key.remote_ipv6[2], 0, 4) | SKEP_AT(key.remote_ipv6[3], 4, 4);
		o->local[0] = SKEP_AT(key.local_ipv6[0], 0, 4) | SKEP_AT(key.local_ipv6[1], 4, 4);
		o->local[1] = SKEP_AT(key.local_ipv6[2], 0, 4) | SKEP_AT(key.local_ipv6[3], 4, 4);
	} else {
		o->remote[0] = SKEP_AT(bpf_htonl(key.remote_ipv4), 0, 4);
		o->local[0] = SKEP_AT(bpf_htonl(key.local_ipv4), 0, 4);
		o->remote[1] = o->local[1] = 0;
	}
	return 0;
}

/* Copies the packet's Geneve options into the SKEP_OPTION_WORDS at 'option'.  Returns how many
 * words they are. */
SKEP_INLINE __u32 home_get_options(SKEP_CTX *ctx, __u32 *option)
{
	int len = (int)bpf_skb_get_tunnel_opt(ctx, option, SKEP_OPTION_WORDS * 4);

	return len < 0 ? 0 : (__u32)len / 4;
}

/* Attaches 'n' words of options to the packet, which has its outer header's fields. */
SKEP_INLINE int home_set_options(SKEP_CTX *ctx, __u32 *option, __u32 n)
{
	__u64 len = n * 4;

	if (!skep_in_range(&len, SKEP_TLVS * 12))
		return -1;
	return (int)bpf_skb_set_tunnel_opt(ctx, option, (__u32)len);
}

/* Attaches the outer header's fields to the packet, for the tunnel device that it goes to. */
SKEP_INLINE int home_set_outer(SKEP_CTX *ctx, const struct skep_outer *o)
{
	struct bpf_tunnel_key key;
	__u64 flags = 0;

	__builtin_memset(&key, 0, sizeof(key));
	key.tunnel_id = (__u32)bpf_be64_to_cpu(o->id);
	key.tunnel_tos = o->tos;
	key.tunnel_ttl = o->ttl;
	if (o->is_ipv6) {
		for (int i = 0; i < 4; i++) {
			key.remote_ipv6[i] = ((const __u32 *)o->remote)[i];
			key.local_ipv6[i] = ((const __u32 *)o->local)[i];
		}
		flags |= BPF_F_TUNINFO_IPV6;
	} else {
		key.remote_ipv4 = bpf_ntohl(*(const __u32 *)o->remote);
		key.local_ipv4 = bpf_ntohl(*(const __u32 *)o->local);
	}
	if (!(o->flags & SKEP_TUN_CSUM))
		flags |= BPF_F_ZERO_CSUM_TX;
	if (o->flags & SKEP_TUN_DF)
		flags |= BPF_F_DONT_FRAGMENT;
	if (!(o->flags & SKEP_TUN_KEY))
		flags |= HOME_NO_TUNNEL_KEY;
	return (int)bpf_skb_set_tunnel_key(ctx, &key, sizeof(key), flags);
}

/* Sends the record with the first rec->ev.len bytes of the frame. */
SKEP_INLINE int home_event(SKEP_CTX *ctx, struct skep_record *rec)
{
	__u64 len = rec->ev.len, n = len;

	if (ctx->vlan_present) {
		*(__be16 *)(rec->frame + 12) = (__be16)ctx->vlan_proto;
		*(__be16 *)(rec->frame + 14) = bpf_htons((__u16)ctx->vlan_tci);
		if (bpf_skb_load_bytes(ctx, 0, rec->frame, 12))
			return -1;
		n = len > 16 ? len - 16 : 0;
		if (skep_in_range(&n, SKEP_EVENT_FRAME_MAX - 16) &&
		    bpf_skb_load_bytes(ctx, 12, rec->frame + 16, (__u32)n))
			return -1;
	} else if (skep_in_range(&n, SKEP_EVENT_FRAME_MAX)) {
		if (bpf_skb_load_bytes(ctx, 0, rec->frame, (__u32)n))
			return -1;
	}
	n = sizeof(rec->ev) + len;
	if (!skep_in_range(&n, sizeof(*rec)))
		return -1;
	return (int)bpf_ringbuf_output(&skep_events, rec, n, 0);
}

/* SKEP_OP_TABLE is not for rules. */
#define home_run_tables(CTX, S) SKEP_GO

#endif
