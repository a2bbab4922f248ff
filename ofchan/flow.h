/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows on the wire: modifications, removals, statistics (OF1.3.5 §7.3.4.1, §7.4.2, §7.3.5.2,
 * §7.3.5.3).
 */
#ifndef SKEP_OFCHAN_FLOW_H
#define SKEP_OFCHAN_FLOW_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/flow.h"
#include "ofchan/multipart.h"
#include "ofchan/ofp_err.h"

struct of_flow_removed {
	uint64_t cookie;
	uint16_t priority;
	enum flow_removed_reason reason;
	uint8_t table_id;
	uint64_t duration_ns;
	uint16_t idle_timeout; /* seconds */
	uint16_t hard_timeout;
	uint64_t n_packets;
	uint64_t n_bytes;
	struct match match;
};

struct of_aggregate {
	uint64_t n_packets;
	uint64_t n_bytes;
	uint32_t n_flows;
};

/* Decode a whole message of 'len' bytes; called by ofmsg_decode(). */
enum ofp_err of_flow_mod_decode(struct flow_mod *fm, const uint8_t *msg, size_t len);
enum ofp_err of_flow_removed_decode(struct of_flow_removed *fr, const uint8_t *msg, size_t len);
/* The body of an OFPMP_FLOW or OFPMP_AGGREGATE request. */
enum ofp_err of_flow_filter_decode(struct flow_filter *ff, const uint8_t *body, size_t len);

/* Append a whole message. */
void of_flow_mod_encode(struct buf *out, uint32_t xid, const struct flow_mod *fm);
void of_flow_removed_encode(struct buf *out, uint32_t xid, const struct of_flow_removed *fr);
/* 'type' is OFPMP_FLOW or OFPMP_AGGREGATE. */
void of_flow_request_encode(struct buf *out, uint32_t xid, uint16_t type,
			    const struct flow_filter *ff);
void of_aggregate_reply_encode(struct buf *out, uint32_t xid, const struct of_aggregate *a);

/* Appends a flow to an OFPMP_FLOW reply. */
void of_flow_stats_put(struct mp_writer *w, const struct flow_desc *flow);
/* Decodes the next flow of an OFPMP_FLOW reply; see struct mp_iter.  'idle_ns' is 0: 1.3 has no
 * place for it. */
bool of_flow_stats_next(struct mp_iter *it, struct flow_desc *ret_flow);
/* Decodes an OFPMP_AGGREGATE reply. */
enum ofp_err of_aggregate_decode(struct of_aggregate *a, const struct of_multipart *reply);

#endif
