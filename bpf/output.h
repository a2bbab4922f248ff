/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where packets go: ports, controllers, or nowhere, which is counted.
 *
 * An output does not send.  It leaves the port in s->pending; the next output, or an action that
 * changes the packet, sends a copy to the pending port first (skep_flush()), and at the end the
 * packet itself goes there.  So a packet that goes to one port is never copied.
 */
#ifndef SKEP_BPF_OUTPUT_H
#define SKEP_BPF_OUTPUT_H 1

#include "bpf/meter.h"
#include "bpf/state.h"
#include "bpf/tunnel.h"

/* The one place where drops are counted. */
SKEP_INLINE int skep_drop_inline(struct skep_state *s, __u32 reason)
{
	struct skep_drop_counter *ctr;

	s->sent |= SKEP_SENT_COPY;
	ctr = home_drop_counter(home_striped(reason, s->stripe));
	if (ctr)
		home_add(&ctr->packets, 1);
	return 0;
}

SKEP_SUB int skep_drop(struct skep_state *s, __u32 reason)
{
	if (!s || reason >= SKEP_N_DROPS)
		return 0;
	return skep_drop_inline(s, reason);
}

/* Sends a copy to the pending port, if there is one. */
SKEP_INLINE void skep_flush_inline(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 port = s->pending;

	if (!port)
		return;
	s->pending = 0;
	s->sent |= SKEP_SENT_COPY;
	if (home_copy(ctx, s, port, s->pending_if & ~SKEP_WAY_PEER) < 0)
		skep_drop_inline(s, s->hops < SKEP_HOPS_MAX ? SKEP_DROP_PORT_FWD : SKEP_DROP_HOPS);
	if (s->dirty & SKEP_DIRTY_MARK) {
		home_set_mark(ctx, s->mark);
		s->dirty &= ~(__u32)SKEP_DIRTY_MARK;
	}
}

SKEP_SUB int skep_flush(SKEP_CTX *ctx, struct skep_state *s)
{
	if (s)
		skep_flush_inline(ctx, s);
	return 0;
}

/* Counts a packet at port 'idx', whose device does not. */
SKEP_INLINE void skep_count_rx(SKEP_CTX *ctx, const struct skep_state *s, __u32 idx)
{
	struct skep_port_counter *ctr = home_port_counter(home_striped(idx, s->stripe));

	if (ctr)
		home_add2(&ctr->rx_packets, 1, &ctr->rx_bytes, home_wire_len(ctx));
}

SKEP_INLINE void skep_count_tx(const struct skep_state *s, __u32 idx, __u64 len)
{
	struct skep_port_counter *ctr = home_port_counter(home_striped(idx, s->stripe));

	if (ctr)
		home_add2(&ctr->tx_packets, 1, &ctr->tx_bytes, len);
}

SKEP_INLINE _Bool skep_may_send(const struct skep_port *port)
{
	return port->ifindex && !(port->config & (SKEP_PC_PORT_DOWN | SKEP_PC_NO_FWD));
}

/* Makes 'skb' one for port 'idx', which is a special one.  Returns 0, or why not: enum skep_drop. */
SKEP_INLINE __u32 skep_prepare(SKEP_CTX *ctx, struct skep_state *s, __u32 idx,
			       const struct skep_port *port)
{
	switch (port->kind) {
	case SKEP_PORT_TUNNEL:
		return skep_set_outer(ctx, s, idx, port->aux, port->bridge) ? SKEP_DROP_TUNNEL : 0;
	case SKEP_PORT_SOCKET:
		s->mark = home_mark(ctx);
		s->dirty |= SKEP_DIRTY_MARK;
		home_set_mark(ctx, SKEP_MARK_SOCKET | idx);
		return 0;
	case SKEP_PORT_PATCH:
		return port->aux ? 0 : SKEP_DROP_PORT_FWD;
	default:
		return 0;
	}
}

/* Sends to a port with SKEP_PC_SPECIAL_OUT, or to one that may not send.  All in one function: it is the last but a few of the
 * 8 that may call each other. */
SKEP_SUB int skep_send_special(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	const struct skep_port *port = home_port(idx);
	__u32 reason;

	if (!s)
		return 0;
	if (!port || !skep_may_send(port))
		return skep_drop_inline(s, SKEP_DROP_PORT_FWD);
	skep_flush_inline(ctx, s);
	reason = skep_prepare(ctx, s, idx, port);
	if (reason)
		return skep_drop_inline(s, reason);
	/* A process sends to a tunnel by way of the kernel's program, which counts the packet. */
	if (port->kind >= SKEP_PORT_TUNNEL && (home_is_lazy || port->kind != SKEP_PORT_TUNNEL))
		skep_count_tx(s, idx, home_wire_len(ctx));
	s->pending = idx;
	s->pending_if = port->kind == SKEP_PORT_PATCH ? 0 : port->way;
	if (!home_is_lazy)
		skep_flush_inline(ctx, s);
	return 0;
}

SKEP_INLINE void skep_send(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	const struct skep_port *port = home_port(idx);
	__u32 way = SKEP_LIKELY(port) ? SKEP_ONCE(port->direct) : 0;

	if (SKEP_UNLIKELY(!way)) {
		skep_send_special(ctx, s, idx);
		return;
	}
	if (SKEP_UNLIKELY(s->pending))
		skep_flush(ctx, s);
	s->pending = idx;
	s->pending_if = way;
	if (!home_is_lazy)
		skep_flush(ctx, s);
}

/* Output to port 'idx', which sends nothing back to the in_port. */
SKEP_INLINE void skep_output(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	if (SKEP_LIKELY(idx != s->in_port_idx))
		skep_send(ctx, s, idx);
}

/* Goes on from port s->flood_next, for some ports. */
SKEP_SUB int skep_flood_some(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!s)
		return 0;
	for (int i = 0; i < 64; i++) {
		__u32 idx = s->flood_next;
		const struct skep_port *port = home_port(idx);

		if (!idx || !port) {
			s->flood_next = 0;
			return 0;
		}
		s->flood_next = SKEP_ONCE(port->next);
		if (skep_may_send(port))
			skep_output(ctx, s, idx);
	}
	return 0;
}

SKEP_SUB int skep_flood(SKEP_CTX *ctx, struct skep_state *s)
{
	const struct skep_bridge *br;

	if (!s)
		return 0;
	br = home_bridge(s->bridge);
	if (!br)
		return 0;
	s->flood_next = SKEP_ONCE(br->first_port);
	for (int i = 0; i < SKEP_PORTS_MAX / 64 && s->flood_next; i++)
		skep_flood_some(ctx, s);
	if (s->flood_next)
		skep_drop(s, SKEP_DROP_BUG);
	return 0;
}

/* Takes a token from the bridge's bucket.  Tokens are time: each packet moves 'spent_until' on by
 * 1/rate seconds, and it may not be further in the future than 'burst' of them. */
SKEP_SUB int skep_take_token(struct skep_state *s)
{
	__u64 now, each, limit, old, until;
	const struct skep_bridge *br;
	struct skep_pktin *bucket;

	if (!s)
		return 0;
	br = home_bridge(s->bridge);
	bucket = home_pktin(s->bridge);
	if (!br || !bucket || !br->pktin_rate)
		return 1;
	each = 1000000000u / br->pktin_rate;
	limit = each * (br->pktin_burst ? br->pktin_burst : 1);
	now = home_now_exact();
	for (int i = 0; i < 4; i++) {
		old = SKEP_ONCE(bucket->spent_until);
		/* Beyond the limit it can only be by an older configuration. */
		until = old < now ? now : old > now + limit ? now + limit : old;
		if (until + each > now + limit)
			return 0;
		if (__sync_val_compare_and_swap(&bucket->spent_until, old, until + each) == old)
			return 1;
	}
	return 0; /* contended beyond reason: others took them */
}

/* What the bridge's meter of packets to the controllers says to one of 'len' bytes. */
SKEP_INLINE int skep_meter_packet_in(struct skep_state *s, __u32 len)
{
	const struct skep_bridge *br = home_bridge(s->bridge);

	if (SKEP_LIKELY(!br || !br->ctl_meter))
		return SKEP_METER_PASS;
	s->load_packets = 1;
	s->load_bytes = len;
	return skep_meter_take(s, br->ctl_meter);
}

/* Sends the packet to the controllers, all of it: 'max_len' is what the action asked for of a
 * packet that is kept, and none is (OF1.3.5 §6.1.2: a switch without buffers must send the full
 * packet). */
SKEP_SUB int skep_packet_in(SKEP_CTX *ctx, struct skep_state *s, __u32 reason, __u32 max_len)
{
	struct skep_record *rec;
	int verdict;
	__u32 len;

	if (!s || (reason == SKEP_R_NO_MATCH && s->in_config & SKEP_PC_NO_PACKET_IN))
		return 0;
	s->sent |= SKEP_SENT_COPY;
	len = home_wire_len(ctx);
	verdict = skep_meter_packet_in(s, len);
	if (verdict == SKEP_METER_DROP)
		return skep_drop(s, SKEP_DROP_METER);
	if (!skep_take_token(s))
		return skep_drop(s, SKEP_DROP_PKTIN_RATE);
	rec = home_record();
	if (!rec)
		return skep_drop(s, SKEP_DROP_BUG);
	rec->ev.bridge = s->bridge;
	rec->ev.in_port = s->key.in_port;
	rec->ev.total_len = len;
	rec->ev.len = len < 0xffff ? len : 0xffff;
	rec->ev.cookie = s->cookie;
	rec->ev.metadata = s->key.metadata;
	rec->ev.reason = (__u8)reason;
	rec->ev.table = (__u8)s->table;
	rec->ev.max_len = (__u16)max_len;
	rec->ev.remark = verdict == SKEP_METER_PASS ? 0 : (__u8)(verdict - SKEP_METER_REMARK);
	for (int i = 0; i < 6; i++)
		rec->ev.tun[i] = s->w[15 + i];
	rec->ev.tun_opts = s->key.tun_opts;
	for (int i = 0; i < SKEP_TLVS && s->key.tun_opts; i++)
		rec->ev.tun_metadata[i] = s->key.tun_metadata[i];
	if (home_event(ctx, rec))
		skep_drop(s, SKEP_DROP_PKTIN_RING);
	return 0;
}

#endif
