// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What skep began from, written afresh: hosts joined by tunnels, where the program at the tunnel's end finds the port from the tunnel key,
 * and the program at the port finds the tunnel key from the port.  Two maps, two programs, one lookup each way.
 *
 * The original sent with bpf_clone_redirect and dropped the packet itself; the same with bpf_redirect stands beside it.  Both attach to
 * ingress, of the port and of a collect-metadata VXLAN device, so nothing has to be marked against loops.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "tests/bench/seed.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct seed_tunnel);
	__type(value, __u32);
} tunnel_to_if SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct seed_tunnel);
} if_to_tunnel SEC(".maps");

const volatile __u32 tunnel_ifindex;

/* The least that bpf_skb_get_tunnel_key() and bpf_skb_set_tunnel_key() take: an id and an IPv4 address. */
#define KEY_SIZE offsetof(struct bpf_tunnel_key, remote_ipv6[1])

/* The port of a packet that came by a tunnel, or 0. */
static __always_inline __u32 find_port(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = {};
	struct seed_tunnel tunnel;
	__u32 *ifindex;

	if (bpf_skb_get_tunnel_key(skb, &key, KEY_SIZE, 0))
		return 0;
	tunnel.id = key.tunnel_id;
	tunnel.remote_ipv4 = key.remote_ipv4;
	ifindex = bpf_map_lookup_elem(&tunnel_to_if, &tunnel);
	return ifindex ? *ifindex : 0;
}

/* Gives the packet the tunnel key of the port that it came in by; false if that has none. */
static __always_inline _Bool set_tunnel(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = {};
	__u32 ifindex = skb->ifindex;
	struct seed_tunnel *tunnel = bpf_map_lookup_elem(&if_to_tunnel, &ifindex);

	if (!tunnel)
		return 0;
	key.tunnel_id = tunnel->id;
	key.remote_ipv4 = tunnel->remote_ipv4;
	return !bpf_skb_set_tunnel_key(skb, &key, KEY_SIZE, 0);
}

SEC("tc")
int from_tunnel_clone(struct __sk_buff *skb)
{
	__u32 ifindex = find_port(skb);

	if (ifindex)
		bpf_clone_redirect(skb, ifindex, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int from_port_clone(struct __sk_buff *skb)
{
	if (set_tunnel(skb))
		bpf_clone_redirect(skb, tunnel_ifindex, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int from_tunnel_redirect(struct __sk_buff *skb)
{
	__u32 ifindex = find_port(skb);

	return ifindex ? (int)bpf_redirect(ifindex, 0) : TC_ACT_SHOT;
}

SEC("tc")
int from_port_redirect(struct __sk_buff *skb)
{
	return set_tunnel(skb) ? (int)bpf_redirect(tunnel_ifindex, 0) : TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
