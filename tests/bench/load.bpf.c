// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Both ends of bench-load: an XDP program that makes packets, and a tc program that counts and drops them. */
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 out_ifindex;
const volatile __u32 n_flows = 1;
const volatile __u32 n_addresses = 1; /* that the flows come from */
const volatile __u32 n_order;	      /* elements of 'order' in use; 0: by turns */
const volatile _Bool is_random;
const volatile _Bool has_strangers;    /* each second packet is of none of the flows: of another one, */
const volatile _Bool strangers_differ; /* or with a random address and ports */
const volatile __u32 first_address; /* host order */
const volatile __u32 head_sum;	    /* of the IP header's words with source address and checksum 0 */
__u32 order[65536];		    /* flows */
__u32 n_made;

/* Per CPU, so that counting costs nothing; user space adds them up. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} received SEC(".maps");

static __always_inline __u32 next_flow(void)
{
	__u32 n = n_made++;

	if (is_random)
		return bpf_get_prandom_u32() % n_flows;
	return n_order ? order[n & 65535] : n % n_flows;
}

/* Runs on "live frames" of BPF_PROG_TEST_RUN: pages that are used again and again, so only what varies is written. */
SEC("xdp")
int make(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	__u32 flow = next_flow(), address, sum, ports;
	_Bool is_stranger = has_strangers && n_made & 1;

	if ((void *)(udp + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	udp->source = bpf_htons((__u16)(1024 + flow / n_addresses));
	if (has_strangers)
		udp->dest = bpf_htons(9);
	if (is_stranger) {
		ports = strangers_differ ? bpf_get_prandom_u32() : 0x00070007;
		udp->source = (__be16)ports;
		udp->dest = (__be16)(ports >> 16);
	}
	if (n_addresses > 1 || has_strangers) {
		address = !is_stranger ? bpf_htonl(first_address + flow % n_addresses) : strangers_differ ? bpf_get_prandom_u32() : 0x07070707;
		sum = head_sum + (address >> 16) + (address & 0xffff);
		sum = (sum & 0xffff) + (sum >> 16);
		ip->saddr = address;
		ip->check = (__u16)~(sum + (sum >> 16));
	}
	return (int)bpf_redirect(out_ifindex, 0);
}

SEC("tc")
int sink(struct __sk_buff *skb)
{
	struct {
		struct ethhdr eth;
		struct iphdr ip;
		struct udphdr udp;
	} __attribute__((packed)) head; /* copied: what a packet socket's ring sent is not linear */
	__u32 zero = 0;
	__u64 *n;

	/* What else is on the way (neighbour discovery) goes on and is not counted. */
	if (bpf_skb_load_bytes(skb, 0, &head, sizeof(head)) || head.eth.h_proto != bpf_htons(ETH_P_IP) ||
	    head.ip.protocol != IPPROTO_UDP || head.udp.dest != bpf_htons(9))
		return TC_ACT_OK;
	n = bpf_map_lookup_elem(&received, &zero);
	if (n)
		*n += 1;
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
