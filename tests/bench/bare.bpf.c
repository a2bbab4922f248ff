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

char LICENSE[] SEC("license") = "Dual BSD/GPL";
