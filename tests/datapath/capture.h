/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the capturing program and the test share: the copies that left through the ports during one test run.
 *
 * bpf_clone_redirect() sends a copy through the egress of the port's interface before it returns, so a program there sees all copies
 * of a packet, in order, while BPF_PROG_TEST_RUN goes on; no socket, no waiting.
 */
#ifndef SKEP_TEST_CAPTURE_H
#define SKEP_TEST_CAPTURE_H 1

#include <linux/types.h>

#define CAPTURE_FRAME_MAX 4095
#define CAPTURE_MAX       256

struct capture_frame {
	__u32 ifindex;
	__u32 len; /* as kept in the skb, without a tag in metadata */
	__u16 vlan_present;
	__u16 vlan_tci;
	__u16 vlan_proto; /* network order */
	__u16 zero;
	__u8 bytes[CAPTURE_FRAME_MAX + 1];
};

struct capture_head {
	__u32 n; /* frames seen; those beyond CAPTURE_MAX are not kept */
	__u32 zero;
};

#endif
