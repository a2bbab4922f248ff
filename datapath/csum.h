/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finishing what the kernel left to the hardware.
 *
 * A packet that a host on this machine sent may come to the datapath with its TCP or UDP checksum unfinished (CHECKSUM_PARTIAL): the field holds the folded sum
 * of the pseudo-header.  While it stays in the kernel, whoever sends it out finishes it; a copy that goes to a controller, and comes
 * back in a packet-out, would never be.  BPF cannot see which packets these are, but the field tells: it equals that sum.
 * A finished packet whose right checksum happens to equal it is recomputed to the same value.
 */
#ifndef SKEP_DATAPATH_CSUM_H
#define SKEP_DATAPATH_CSUM_H 1

#include <stddef.h>
#include <stdint.h>

/* Finishes the checksum of the TCP or UDP packet in 'frame' (Ethernet, VLAN tags, I-TAGs, MPLS labels, IPv4 or IPv6 without extension headers) if it is unfinished and the packet is whole. */
void csum_finish(uint8_t *frame, size_t len);

#endif
