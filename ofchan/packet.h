/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet-in and packet-out on the wire (OF1.3.5 §7.4.1, §7.3.7).
 */
#ifndef SKEP_OFCHAN_PACKET_H
#define SKEP_OFCHAN_PACKET_H 1

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/action.h"
#include "model/tunnel.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

struct of_packet_in {
	uint32_t buffer_id; /* BUFFER_NONE: skep keeps no packets */
	uint16_t total_len; /* of the packet; 'data' may hold less */
	uint8_t reason;	    /* enum ofp_packet_in_reason */
	uint8_t table_id;
	uint64_t cookie;
	uint32_t in_port;
	uint64_t metadata;   /* goes into the match unless 0, as §7.4.1 allows */
	struct tunnel_fields tunnel; /* the same */
	const uint8_t *data; /* not owned; after decoding: inside the message */
	size_t data_len;
};

struct of_packet_out {
	uint32_t buffer_id;
	uint32_t in_port; /* a port, PORT_LOCAL, PORT_CONTROLLER or PORT_ANY (as Open vSwitch's
			     tools send) */
	struct action_list actions;
	const uint8_t *data; /* as in struct of_packet_in */
	size_t data_len;
};

/* Decode a whole message; called by ofmsg_decode(). */
enum ofp_err of_packet_in_decode(struct of_packet_in *pi, const uint8_t *msg, size_t len);
enum ofp_err of_packet_out_decode(struct of_packet_out *po, const uint8_t *msg, size_t len);

/* Append a whole message.  The data is cut where the message would get too long. */
void of_packet_in_encode(struct buf *out, uint32_t xid, const struct of_packet_in *pi);
void of_packet_out_encode(struct buf *out, uint32_t xid, const struct of_packet_out *po);

#endif
