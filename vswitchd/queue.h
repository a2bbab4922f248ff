/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queues of an interface, as its queueing discipline has them: queue N is the class 1:N+1 (hexadecimal), as with Open vSwitch's linux-htb, which
 * the action set_queue chooses by skb->priority.  skepd makes none.
 */
#ifndef SKEP_VSWITCHD_QUEUE_H
#define SKEP_VSWITCHD_QUEUE_H 1

#include <stdint.h>

struct queue {
	uint32_t queue_id;
	uint64_t min_rate, max_rate; /* bits/s; 0: none is set */
	uint64_t tx_bytes, tx_packets;
	uint64_t tx_errors; /* packets that were dropped for want of room */
};

struct queue_list {
	struct queue *q; /* ascending by queue_id; owned */
	unsigned int n;
};

/* Reads the queues of interface 'ifindex' (0: none has any), by a socket of its own: it is asked for rarely.  0 or a negative errno, '*ret' empty then. */
int queue_list_read(uint32_t ifindex, struct queue_list *ret);
void queue_list_uninit(struct queue_list *list);

#endif
