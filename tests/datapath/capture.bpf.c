// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keeps the frames that leave through an interface, and lets none pass; see capture.h. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "tests/datapath/capture.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct capture_head);
} cap_head SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CAPTURE_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct capture_frame);
} cap_frames SEC(".maps");

SEC("tc")
int capture(struct __sk_buff *skb)
{
	__u32 zero = 0, idx, len = skb->len;
	struct capture_head *head = bpf_map_lookup_elem(&cap_head, &zero);
	struct capture_frame *f;
	__u64 n;

	if (!head)
		return TC_ACT_STOLEN;
	idx = head->n++;
	f = bpf_map_lookup_elem(&cap_frames, &idx);
	if (!f)
		return TC_ACT_STOLEN;
	f->ifindex = skb->ifindex;
	f->len = len;
	f->vlan_present = skb->vlan_present != 0;
	f->vlan_tci = (__u16)skb->vlan_tci;
	f->vlan_proto = (__u16)skb->vlan_proto;
	/* One bound after the other on one register, for the verifier of 6.1. */
	n = len;
	asm volatile("" : "+r"(n));
	if (n < 14)
		return TC_ACT_STOLEN;
	asm volatile("" : "+r"(n));
	if (n > CAPTURE_FRAME_MAX)
		n = CAPTURE_FRAME_MAX;
	asm volatile("" : "+r"(n));
	bpf_skb_load_bytes(skb, 0, f->bytes, (__u32)n);
	return TC_ACT_STOLEN;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
