// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The least that a program can do to forward: what the pipeline's cost is compared with. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 out_ifindex;

SEC("tc")
int bare(struct __sk_buff *skb)
{
	(void)skb;
	return (int)bpf_redirect(out_ifindex, 0);
}

SEC("tc")
int bare_peer(struct __sk_buff *skb)
{
	(void)skb;
	return (int)bpf_redirect_peer(out_ifindex, 0);
}

SEC("xdp")
int bare_xdp(struct xdp_md *xdp)
{
	(void)xdp;
	return (int)bpf_redirect(out_ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
