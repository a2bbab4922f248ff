// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tc program: at the ingress of every port. */
#include "bpf/home_tc.h"

#include "bpf/pipeline.h"

/* The port of interface 'ifindex' beyond the first slot, or 0. */
SKEP_SUB __u32 skep_probe_if(__u32 ifindex)
{
	for (__u32 i = 1; i < SKEP_IF_PROBES; i++) {
		const struct skep_if *e = home_if(ifindex + i);

		if (e->ifindex == ifindex)
			return e->port;
	}
	return 0;
}

SKEP_INLINE __u32 skep_find_port(__u32 ifindex)
{
	const struct skep_if *e = home_if(ifindex);

	if (SKEP_LIKELY(e->ifindex == ifindex))
		return e->port;
	return skep_probe_if(ifindex);
}

/* Packets that may follow each other's way from peer to peer before the next goes by the CPU's backlog: there is no end to the kernel's loop over
 * programs that redirect to peers, where two switches send a packet in a circle. */
#define PEER_HOPS 16

/* The end of a packet at a port whose interface has its other end in another network namespace (SKEP_WAY_PEER): if it is for the address there, it goes
 * on as received by that end, without the veth, its queue and the backlog.  The kernel takes such a packet for one to this host, so others cannot go this way.
 * Nor can those that the program met at the egress of the I/O device (SKEP_SENT_PASS): the helper is for ingress.  What the way through the
 * veth takes off is taken off here. */
SKEP_INLINE int send_to_peer(struct __sk_buff *skb, struct skep_state *s, __u32 idx,
			     const struct skep_port *port, __u32 ifindex, __u64 dst, __u64 len)
{
	__u32 hops = skb->tc_index;

	if (SKEP_UNLIKELY(SKEP_DIFF6(dst, SKEP_ONCE(port->peer_mac)) || hops >= PEER_HOPS)) {
		if (hops)
			skb->tc_index = 0;
		return (int)bpf_redirect(ifindex, 0);
	}
	skep_count_tx(s, idx, len);
	skb->tc_index = hops + 1;
	skb->mark = 0;
	skb->priority = 0;
	if (skb->pkt_type) /* PACKET_HOST */
		bpf_skb_change_type(skb, 0);
	return (int)bpf_redirect_peer(ifindex, 0);
}

/* The pending packet goes to a port with SKEP_WAY_PEER. */
SKEP_SUB int skep_finish_peer(struct __sk_buff *skb, struct skep_state *s)
{
	struct skep_win w = home_win(skb);
	const struct skep_port *port;
	__u32 ifindex;

	if (!s)
		return TC_ACT_SHOT;
	port = home_port(s->pending);
	ifindex = s->pending_if & ~SKEP_WAY_PEER;
	/* To the kernel a packet with a longer head is what is beneath the label or tag pushed:
	 * only a device on its way makes it look at the frame again. */
	if (!port || s->sent & SKEP_SENT_PASS || s->dirty & SKEP_DIRTY_HEAD ||
	    !home_is_linear(skb, &w, 8)) {
		skb->tc_index = 0;
		return (int)bpf_redirect(ifindex, 0);
	}
	return send_to_peer(skb, s, s->pending, port, ifindex, skep_ld64(w.data),
			    home_wire_len(skb));
}

static int home_send_now(struct __sk_buff *skb, struct skep_state *s, __u32 idx,
			 const struct skep_port *port, __u32 way)
{
	if (way & SKEP_WAY_PEER)
		return send_to_peer(skb, s, idx, port, way & ~SKEP_WAY_PEER, s->w[2], s->frame_len);
	return (int)bpf_redirect(way, 0);
}

/* Which way the packet goes is one bit of what skep_send() has put into s->pending_if, which is the
 * member of the port that it reads in any case: other packets pay for the test of that bit. */
static int home_finish(struct __sk_buff *skb, struct skep_state *s)
{
	if (SKEP_LIKELY(s->pending && !home_const(SKEP_C_CLONE_LAST))) {
		if (SKEP_UNLIKELY(s->pending_if & SKEP_WAY_PEER))
			return skep_finish_peer(skb, s);
		return (int)bpf_redirect(s->pending_if, 0);
	}
	if (s->pending)
		skep_flush(skb, s);
	else if (!(s->sent & SKEP_SENT_COPY))
		skep_drop(s, SKEP_DROP_NO_OUTPUT);
	return s->sent & SKEP_SENT_PASS ? TC_ACT_OK : TC_ACT_SHOT;
}

/* State of this CPU that is not in use, or NULL. */
SKEP_INLINE struct skep_state *skep_enter(struct skep_cpu_state *c)
{
	struct skep_state *s = &c->state[0];

	if (SKEP_UNLIKELY(s->busy)) {
		__u32 i;

		for (i = 1; i < SKEP_STATES && c->state[i].busy; i++)
			continue;
		if (i >= SKEP_STATES)
			return NULL;
		/* By way of memory, so that the verifier does not go through the program for each of them. */
		SKEP_ONCE_SET(c->level, i);
		i = SKEP_ONCE(c->level);
		s = &c->state[i & (SKEP_STATES - 1)];
		s->level = i;
	}
	asm volatile("" : "+r"(s)); /* one register from here on, not a base and an index */
	s->busy = 1;
	return s;
}

SEC("tc")
int skep_tc(struct __sk_buff *skb)
{
	__u32 cpu = bpf_get_smp_processor_id(), idx = skep_find_port(skb->ifindex);
	const struct skep_port *port;
	struct skep_cpu_state *c;
	struct skep_state *s;
	int ret;

	if (SKEP_UNLIKELY(!idx))
		return TC_ACT_UNSPEC;
	port = home_port(idx);
	if (SKEP_UNLIKELY(!port))
		return TC_ACT_UNSPEC;
	c = home_cpu(cpu);
	if (SKEP_UNLIKELY(!c))
		return TC_ACT_SHOT;
	s = skep_enter(c);
	if (SKEP_UNLIKELY(!s))
		return TC_ACT_SHOT;
	s->stripe = home_const(SKEP_C_ATOMIC) ? cpu % (home_n_stripes() - 1) : cpu;
	s->in_port_idx = idx;
	s->in_config = port->config;
	skep_begin(s, SKEP_ONCE(skep_dp.version), port->bridge, port->ofport);
	ret = skep_receive(skb, s);
	s->busy = 0;
	return ret;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
