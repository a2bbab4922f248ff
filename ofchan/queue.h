/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues of ports on the wire: what they are (OF1.3.5 §7.2.2, §7.3.6) and what went through them (§7.3.5.8).
 *
 * OFPT_QUEUE_GET_CONFIG_REPLY is no multipart message: all queues of the request have to fit into it.
 */
#ifndef SKEP_OFCHAN_QUEUE_H
#define SKEP_OFCHAN_QUEUE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ofchan/multipart.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

#define OF_QUEUE_RATE_NONE 0xffff /* OFPQ_MIN_RATE_UNCFG, OFPQ_MAX_RATE_UNCFG */

/* A queue as its description has it. */
struct of_queue {
	uint32_t port_no;
	uint32_t queue_id;
	uint16_t min_rate; /* in 1/10 % of the port's speed; above 1000: disabled; OF_QUEUE_RATE_NONE: not said */
	uint16_t max_rate;
};

/* A decoded OFPT_QUEUE_GET_CONFIG_REPLY; the queues are inside the message. */
struct of_queue_config {
	uint32_t port_no; /* of the request; PORT_ANY: all ports */
	const uint8_t *queues;
	size_t queues_len;
};

void of_queue_config_request_encode(struct buf *out, uint32_t xid, uint32_t port_no);
/* Begins a reply, which ofmsg_end() ends. */
size_t of_queue_config_begin(struct buf *out, uint32_t xid, uint32_t port_no);
/* Appends a queue to the reply that began at 'start'.  False, and nothing is written, if the message is full. */
bool of_queue_config_put(struct buf *out, size_t start, const struct of_queue *queue);

enum ofp_err of_queue_config_decode(struct of_queue_config *qc, const uint8_t *msg, size_t len);
/* The walk through a reply's queues, as through the entries of a multipart reply. */
void of_queue_config_iter_init(struct mp_iter *it, const struct of_queue_config *qc);
bool of_queue_config_next(struct mp_iter *it, struct of_queue *ret);

struct of_queue_stats {
	uint32_t port_no;
	uint32_t queue_id;
	uint64_t tx_bytes; /* of each: UINT64_MAX if it is not counted */
	uint64_t tx_packets;
	uint64_t tx_errors; /* dropped because the queue was full */
	uint64_t duration_ns;
};

/* OFPMP_QUEUE: of one port or PORT_ANY, one queue or OFPQ_ALL. */
void of_queue_stats_request_encode(struct buf *out, uint32_t xid, uint32_t port_no, uint32_t queue_id);
void of_queue_stats_put(struct mp_writer *w, const struct of_queue_stats *stats);
bool of_queue_stats_next(struct mp_iter *it, struct of_queue_stats *ret);

#endif
