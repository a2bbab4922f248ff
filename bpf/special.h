/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ports that are more than an interface: tunnels, patch ports, sockets (abi.h, enum
 * skep_port_kind).
 *
 * They cost other packets nothing: a port of theirs has SKEP_PC_SPECIAL_IN or SKEP_PC_SPECIAL_OUT
 * among the bits that every packet's way looks at anyway, and only then these functions are called.
 *
 * Here is how a packet comes in by them; how it goes out is skep_send_special() in output.h.
 */
#ifndef SKEP_BPF_SPECIAL_H
#define SKEP_BPF_SPECIAL_H 1

#include "bpf/group.h"
#include "bpf/output.h"
#include "bpf/parse.h"
#include "bpf/state.h"
#include "bpf/tunnel.h"

/* Makes the packet one that port 'idx' received, of no tunnel.  Returns 0; -1: there is no such
 * port, or not of this kind. */
SKEP_INLINE int skep_enter_port(SKEP_CTX *ctx, struct skep_state *s, __u32 idx, __u32 kind)
{
	const struct skep_port *port = home_port(idx);

	if (!idx || !port || !port->ifindex || port->kind != kind)
		return -1;
	s->in_port_idx = idx;
	s->in_config = port->config;
	s->bridge = port->bridge;
	s->w[0] = SKEP_AT(port->ofport, 0, 4);
	s->key.in_phy_port = port->ofport;
	skep_count_rx(ctx, s, idx);
	return 0;
}

/* What its in_port, now known, and the bridge have to say to a packet.  Returns 0 if it goes on to
 * the tables. */
SKEP_INLINE int skep_check_entry(struct skep_state *s)
{
	if (s->in_config & (SKEP_PC_PORT_DOWN | SKEP_PC_NO_RECV)) {
		skep_drop_inline(s, SKEP_DROP_PORT_RECV);
		return 1;
	}
	return 0;
}

/* True if a fragment came to a bridge that takes none. */
SKEP_INLINE _Bool skep_is_unwanted_fragment(const struct skep_state *s)
{
	const struct skep_bridge *br = home_bridge(s->bridge);

	return br && br->flags & SKEP_BF_FRAG_DROP && s->stale != SKEP_KEY_ONLY && s->is_fragment;
}

/* The packet itself goes to a patch port (s->pending, s->pending_if is 0): makes it one received by
 * the port at the other end, with its key as it is.  Returns SKEP_GO, or SKEP_ABORT with nothing
 * pending. */
SKEP_SUB int skep_hop(SKEP_CTX *ctx, struct skep_state *s)
{
	const struct skep_port *port;
	__u32 peer;

	if (!s)
		return SKEP_ABORT;
	port = home_port(s->pending);
	peer = port ? SKEP_ONCE(port->aux) : 0;
	s->pending = 0;
	if (s->hops >= SKEP_HOPS_MAX) {
		skep_drop_inline(s, SKEP_DROP_HOPS);
		return SKEP_ABORT;
	}
	s->hops++;
	if (skep_enter_port(ctx, s, peer, SKEP_PORT_PATCH)) {
		skep_drop_inline(s, SKEP_DROP_PORT_FWD);
		return SKEP_ABORT;
	}
	skep_forget_tunnel(s);
	s->key.metadata = 0;
	s->has_set = 0;
	s->cache = 0;
	s->table = 0;
	s->frame_len = home_wire_len(ctx);
	if (skep_is_unwanted_fragment(s)) {
		skep_drop_inline(s, SKEP_DROP_FRAGMENT);
		return SKEP_ABORT;
	}
	return skep_check_entry(s) ? SKEP_ABORT : SKEP_GO;
}

#define SKEP_FORKED 2

/* Sends a packet of skepd's as element 'idx' of skep_injects says. */
SKEP_INLINE void skep_run_inject(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	const struct skep_inject *in = home_inject(idx);

	s->in_port_idx = 0; /* so that each port is another than the in_port */
	if (!in || idx >= SKEP_INJECTS || skep_parse(ctx, s)) {
		skep_drop_inline(s, SKEP_DROP_PORT_FWD);
		return;
	}
	s->dirty |= SKEP_DIRTY_TUNNEL | (in->set & SKEP_SET_TUN);
	s->key.tun_flags = in->tun_flags;
	s->key.tun_tos = in->tun_tos;
	s->key.tun_ttl = in->tun_ttl;
	for (int i = 0; i < 6; i++)
		s->w[15 + i] = in->tun[i];
	for (__u32 i = 0; i < SKEP_TLVS; i++)
		if (in->tun_opts >> i & 1)
			skep_put_option(s, i, in->tun_metadata[i]);
	skep_send(ctx, s, in->port);
	if (s->pending && !s->pending_if) {
		s->pending = 0; /* a patch port: skepd runs the other bridge itself */
		skep_drop_inline(s, SKEP_DROP_PORT_FWD);
	}
}

/* A packet leaves the I/O device.  Returns 0 if it is one that a socket port received, SKEP_FORKED if it has a list to execute.
 *
 * Whatever becomes of it, the packet is let pass: the device forgets it, and for its sender a drop
 * by the rules is no error of send(). */
SKEP_INLINE int skep_receive_io(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 mark = home_mark(ctx), idx = mark & ~SKEP_MARK_MASK;

	s->sent |= SKEP_SENT_PASS;
	switch (mark & SKEP_MARK_MASK) {
	case SKEP_MARK_SOCKET:
		s->sent |= SKEP_SENT_COPY;
		return 1;
	case SKEP_MARK_FORK:
		if (!skep_become_fork(ctx, s, idx))
			return SKEP_FORKED;
		skep_drop_inline(s, SKEP_DROP_FORK);
		return 1;
	case SKEP_MARK_INJECT:
		home_set_mark(ctx, 0);
		skep_run_inject(ctx, s, idx);
		return 1;
	case SKEP_MARK_FROM:
		home_set_mark(ctx, 0);
		if (!skep_enter_port(ctx, s, idx, SKEP_PORT_SOCKET))
			return 0;
		/* fall through */
	default:
		/* Of nobody's: the kernel's own multicast, for instance. */
		skep_drop_inline(s, SKEP_DROP_PORT_RECV);
		return 1;
	}
}

/* A packet came from a tunnel device.  Returns 0 if there is a port for it. */
SKEP_INLINE int skep_receive_tunnel(SKEP_CTX *ctx, struct skep_state *s, __u32 ifindex)
{
	if (skep_enter_port(ctx, s, skep_find_tunnel(ctx, s, ifindex), SKEP_PORT_TUNNEL)) {
		skep_drop_inline(s, SKEP_DROP_NO_TUNNEL);
		return 1;
	}
	skep_outer_to_key(s);
	if (s->outer.has_options && skep_take_options(ctx, s)) {
		skep_drop_inline(s, SKEP_DROP_OPTION);
		return 1;
	}
	return 0;
}

/* A packet came from LOCAL, or is a copy that a patch port of the bridge received. */
SKEP_INLINE int skep_receive_local(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 mark = home_mark(ctx), hops = home_copy_hops(ctx);

	if ((mark & SKEP_MARK_MASK) != SKEP_MARK_PATCH || !hops || hops > SKEP_HOPS_MAX)
		return 0;
	home_set_mark(ctx, 0);
	s->hops = (__u16)hops;
	if (!skep_enter_port(ctx, s, mark & ~SKEP_MARK_MASK, SKEP_PORT_PATCH))
		return 0;
	skep_drop_inline(s, SKEP_DROP_PORT_RECV);
	return 1;
}

/* The in_port may not receive, or it is a special one.  Returns 0 if the packet goes on to the
 * tables, with the in_port that it has now; SKEP_FORKED if it executes the list in s->list_*; else its end is decided. */
SKEP_SUB int skep_receive_special(SKEP_CTX *ctx, struct skep_state *s)
{
	const struct skep_port *port;
	int done = 0;

	if (!s)
		return 1;
	port = home_port(s->in_port_idx);
	if (!port)
		return 1;
	switch (port->kind) {
	case SKEP_PORT_TUNNEL_DEV:
		done = skep_receive_tunnel(ctx, s, port->ifindex);
		break;
	case SKEP_PORT_IO_DEV:
		done = skep_receive_io(ctx, s);
		break;
	case SKEP_PORT_LOCAL:
		done = skep_receive_local(ctx, s);
		break;
	default:
		break;
	}
	return done ? done : skep_check_entry(s);
}

#endif
