/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the programs read whether a port's link is up: from the kernel's struct net_device, by bpf_probe_read_kernel(), so that no notification
 * has to arrive before a packet takes another bucket of a fast failover group.
 *
 * Where in it things are the kernel's BTF says; where it is a test run of a program of ten instructions, on a packet that is said to be of the
 * interface.  Both need CAP_PERFMON.  Where that is not to be had, the programs believe skep_port.is_live.
 */
#ifndef SKEP_DATAPATH_LINK_H
#define SKEP_DATAPATH_LINK_H 1

#include <stdbool.h>
#include <stdint.h>

struct link_layout {
	bool can_read;
	uint32_t flags, state, ifindex; /* offsets in struct net_device, in bytes */
};

/* The running kernel's; found out at the first call. */
const struct link_layout *link_layout(void);
/* The address of the struct net_device of interface 'ifindex' of this network namespace; 0: there is none, or it cannot be known. */
uint64_t link_address(uint32_t ifindex);

#endif
