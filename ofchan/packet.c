// SPDX-License-Identifier: Apache-2.0
/* Packet-in and packet-out on the wire; see packet.h. */
#include "ofchan/packet.h"

#include <endian.h>

#include "model/flow.h"
#include "ofchan/action.h"
#include "ofchan/match.h"
#include "ofchan/message.h"
#include "ofchan/wire.h"

#define PACKET_IN_PAD  2 /* so that the IP header of the packet is aligned (§7.4.1) */
#define ETH_HEADER_LEN 14

/* Appends as much of a packet as the message that began at 'start' has room for. */
static void data_encode(struct buf *out, size_t start, const uint8_t *data, size_t len)
{
	size_t room = OFP_MAX_LENGTH - (out->len - start);

	buf_put(out, data, len < room ? len : room);
}

enum ofp_err of_packet_in_decode(struct of_packet_in *pi, const uint8_t *msg, size_t len)
{
	const struct ofp_packet_in *w = (const void *)msg;
	size_t ofs = sizeof(*w), match_size;
	enum ofp_err err;

	pi->buffer_id = be32toh(w->buffer_id);
	pi->total_len = be16toh(w->total_len);
	pi->reason = w->reason;
	pi->table_id = w->table_id;
	pi->cookie = be64toh(w->cookie);
	err = of_match_decode_packet_in(msg + ofs, len - ofs, &pi->in_port, &pi->metadata,
					&pi->tunnel, &match_size);
	if (err)
		return err;
	ofs += match_size + PACKET_IN_PAD;
	if (ofs > len)
		return OFPBRC_BAD_LEN;
	pi->data = msg + ofs;
	pi->data_len = len - ofs;
	return OFP_OK;
}

void of_packet_in_encode(struct buf *out, uint32_t xid, const struct of_packet_in *pi)
{
	size_t start = out->len;
	struct match m;
	struct ofp_packet_in w = {
		.header = wire_header(OFPT_PACKET_IN, sizeof(w), xid),
		.buffer_id = htobe32(pi->buffer_id),
		.total_len = htobe16(pi->total_len),
		.reason = pi->reason,
		.table_id = pi->table_id,
		.cookie = htobe64(pi->cookie),
	};

	match_init(&m);
	match_set_u64(&m, FIELD_IN_PORT, pi->in_port);
	if (pi->metadata)
		match_set_u64(&m, FIELD_METADATA, pi->metadata);
	tunnel_to_match(&pi->tunnel, &m);
	buf_put(out, &w, sizeof(w));
	of_match_encode(out, &m);
	buf_put_zeros(out, PACKET_IN_PAD);
	data_encode(out, start, pi->data, pi->data_len);
	ofmsg_end(out, start);
}

/* §7.3.7: a standard port, LOCAL or CONTROLLER.  ANY is what Open vSwitch's tools send for "none".
 */
static bool in_port_ok(uint32_t port)
{
	return (port >= 1 && port <= PORT_NO_MAX) || port == PORT_LOCAL ||
	       port == PORT_CONTROLLER || port == PORT_ANY;
}

enum ofp_err of_packet_out_decode(struct of_packet_out *po, const uint8_t *msg, size_t len)
{
	const struct ofp_packet_out *w = (const void *)msg;
	size_t ofs = sizeof(*w), actions_len = be16toh(w->actions_len);
	enum ofp_err err;

	if (actions_len > len - ofs)
		return OFPBRC_BAD_LEN;
	po->buffer_id = be32toh(w->buffer_id);
	po->in_port = be32toh(w->in_port);
	if (!in_port_ok(po->in_port))
		return OFPBRC_BAD_PORT;
	err = of_actions_decode(&po->actions, msg + ofs, actions_len, true);
	if (err)
		return err;
	ofs += actions_len;
	po->data = msg + ofs;
	po->data_len = len - ofs;
	/* With a buffer the packet is the buffer's; else it must be one. */
	if (po->buffer_id == BUFFER_NONE && po->data_len < ETH_HEADER_LEN)
		return OFPBRC_BAD_PACKET;
	return OFP_OK;
}

void of_packet_out_encode(struct buf *out, uint32_t xid, const struct of_packet_out *po)
{
	size_t start = out->len;
	struct ofp_packet_out w = {
		.header = wire_header(OFPT_PACKET_OUT, sizeof(w), xid),
		.buffer_id = htobe32(po->buffer_id),
		.in_port = htobe32(po->in_port),
	};

	buf_put(out, &w, sizeof(w));
	of_actions_encode(out, &po->actions);
	buf_set_be16(out, start + offsetof(struct ofp_packet_out, actions_len),
		     (uint16_t)(out->len - start - sizeof(w)));
	data_encode(out, start, po->data, po->data_len);
	ofmsg_end(out, start);
}
