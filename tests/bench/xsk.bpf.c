// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets to an AF_XDP socket: from XDP, which the kernel allows, and from tc, which it refuses (see bench-xsk.c, "try"). */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

SEC("xdp")
int xdp_to_socket(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS);
}

SEC("?tc")
int tc_redirect_map(struct __sk_buff *skb)
{
	return (int)bpf_redirect_map(&sockets, 0, 0);
}

SEC("?tc")
int tc_assign(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct bpf_sock *sk = bpf_map_lookup_elem(&sockets, &zero);

	return sk ? (int)bpf_sk_assign(skb, sk, 0) : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
