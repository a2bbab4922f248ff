/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports on the wire: description, status, modification, statistics, queues (OF1.3.5 §7.2.1, §7.4.3,
 * §7.3.4.3, §7.3.5.6, §7.3.5.7, §7.3.6).
 */
#ifndef SKEP_OFCHAN_PORT_H
#define SKEP_OFCHAN_PORT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ofchan/multipart.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

struct of_port {
	uint32_t port_no;
	uint8_t hw_addr[6];
	char name[16];	 /* always ends with NUL */
	uint32_t config; /* enum ofp_port_config */
	uint32_t state;	 /* enum ofp_port_state */
	uint32_t curr;	 /* enum ofp_port_features, as the three below */
	uint32_t advertised;
	uint32_t supported;
	uint32_t peer;
	uint32_t curr_speed; /* kb/s */
	uint32_t max_speed;
};

struct of_port_status {
	uint8_t reason; /* enum ofp_port_reason */
	struct of_port port;
};

struct of_port_mod {
	uint32_t port_no;
	uint8_t hw_addr[6];
	uint32_t config; /* has no bit outside 'mask' after decoding */
	uint32_t mask;
	uint32_t advertise;
};

/* A counter that is not kept is UINT64_MAX (§7.3.5). */
struct of_port_stats {
	uint32_t port_no;
	uint64_t rx_packets;
	uint64_t tx_packets;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint64_t rx_dropped;
	uint64_t tx_dropped;
	uint64_t rx_errors;
	uint64_t tx_errors;
	uint64_t rx_frame_err;
	uint64_t rx_over_err;
	uint64_t rx_crc_err;
	uint64_t collisions;
	uint64_t duration_ns; /* since the port was added */
};

/* Decode a whole message; called by ofmsg_decode().  A port-mod with bits that 1.3 does not have is
 * refused with OFPPMFC_BAD_CONFIG or OFPPMFC_BAD_ADVERTISE; whether the port exists is the caller's
 * to say. */
enum ofp_err of_port_status_decode(struct of_port_status *ps, const uint8_t *msg, size_t len);
enum ofp_err of_port_mod_decode(struct of_port_mod *pm, const uint8_t *msg, size_t len);

/* Append a whole message. */
void of_port_status_encode(struct buf *out, uint32_t xid, const struct of_port_status *ps);
void of_port_mod_encode(struct buf *out, uint32_t xid, const struct of_port_mod *pm);
void of_port_stats_request_encode(struct buf *out, uint32_t xid, uint32_t port_no);

/* Append an entry to an OFPMP_PORT_DESC or OFPMP_PORT_STATS reply, and read the next one. */
void of_port_desc_put(struct mp_writer *w, const struct of_port *port);
bool of_port_desc_next(struct mp_iter *it, struct of_port *ret_port);
void of_port_stats_put(struct mp_writer *w, const struct of_port_stats *stats);
bool of_port_stats_next(struct mp_iter *it, struct of_port_stats *ret_stats);

#endif
