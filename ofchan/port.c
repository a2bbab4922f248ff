// SPDX-License-Identifier: Apache-2.0
/* Ports on the wire; see port.h. */
#include "ofchan/port.h"

#include <endian.h>
#include <string.h>

#include "ofchan/message.h"
#include "ofchan/wire.h"

static void port_decode(struct of_port *port, const struct ofp_port *w)
{
	port->port_no = be32toh(w->port_no);
	memcpy(port->hw_addr, w->hw_addr, sizeof(port->hw_addr));
	memcpy(port->name, w->name, sizeof(port->name));
	port->name[sizeof(port->name) - 1] = '\0';
	port->config = be32toh(w->config);
	port->state = be32toh(w->state);
	port->curr = be32toh(w->curr);
	port->advertised = be32toh(w->advertised);
	port->supported = be32toh(w->supported);
	port->peer = be32toh(w->peer);
	port->curr_speed = be32toh(w->curr_speed);
	port->max_speed = be32toh(w->max_speed);
}

static struct ofp_port port_encode(const struct of_port *port)
{
	struct ofp_port w = {
		.port_no = htobe32(port->port_no),
		.config = htobe32(port->config),
		.state = htobe32(port->state),
		.curr = htobe32(port->curr),
		.advertised = htobe32(port->advertised),
		.supported = htobe32(port->supported),
		.peer = htobe32(port->peer),
		.curr_speed = htobe32(port->curr_speed),
		.max_speed = htobe32(port->max_speed),
	};

	memcpy(w.hw_addr, port->hw_addr, sizeof(w.hw_addr));
	/* What stands behind the name's end stays zero. */
	memcpy(w.name, port->name, strnlen(port->name, sizeof(w.name) - 1));
	return w;
}

enum ofp_err of_port_status_decode(struct of_port_status *ps, const uint8_t *msg, size_t len)
{
	const struct ofp_port_status *w = (const void *)msg;

	(void)len;
	ps->reason = w->reason;
	port_decode(&ps->port, &w->desc);
	return OFP_OK;
}

void of_port_status_encode(struct buf *out, uint32_t xid, const struct of_port_status *ps)
{
	struct ofp_port_status w = {
		.header = wire_header(OFPT_PORT_STATUS, sizeof(w), xid),
		.reason = ps->reason,
		.desc = port_encode(&ps->port),
	};

	buf_put(out, &w, sizeof(w));
}

enum ofp_err of_port_mod_decode(struct of_port_mod *pm, const uint8_t *msg, size_t len)
{
	const struct ofp_port_mod *w = (const void *)msg;

	(void)len;
	if (be32toh(w->mask) & ~(uint32_t)OFPPC_ALL)
		return OFPPMFC_BAD_CONFIG;
	if (be32toh(w->advertise) & ~(uint32_t)OFPPF_ALL)
		return OFPPMFC_BAD_ADVERTISE;
	pm->port_no = be32toh(w->port_no);
	memcpy(pm->hw_addr, w->hw_addr, sizeof(pm->hw_addr));
	pm->mask = be32toh(w->mask);
	pm->config = be32toh(w->config) & pm->mask;
	pm->advertise = be32toh(w->advertise);
	return OFP_OK;
}

void of_port_mod_encode(struct buf *out, uint32_t xid, const struct of_port_mod *pm)
{
	struct ofp_port_mod w = {
		.header = wire_header(OFPT_PORT_MOD, sizeof(w), xid),
		.port_no = htobe32(pm->port_no),
		.config = htobe32(pm->config),
		.mask = htobe32(pm->mask),
		.advertise = htobe32(pm->advertise),
	};

	memcpy(w.hw_addr, pm->hw_addr, sizeof(w.hw_addr));
	buf_put(out, &w, sizeof(w));
}

void of_port_stats_request_encode(struct buf *out, uint32_t xid, uint32_t port_no)
{
	struct {
		struct ofp_multipart mp;
		struct ofp_port_stats_request request;
	} OFP_PACKED w = {
		.mp = wire_multipart(OFPT_MULTIPART_REQUEST, OFPMP_PORT_STATS, sizeof(w), xid),
		.request.port_no = htobe32(port_no),
	};

	buf_put(out, &w, sizeof(w));
}

void of_port_desc_put(struct mp_writer *w, const struct of_port *port)
{
	struct ofp_port s = port_encode(port);

	mp_entry_begin(w);
	buf_put(w->out, &s, sizeof(s));
	mp_entry_end(w);
}

bool of_port_desc_next(struct mp_iter *it, struct of_port *ret_port)
{
	const struct ofp_port *s = mp_iter_take(it, sizeof(*s));

	if (!s)
		return false;
	port_decode(ret_port, s);
	return true;
}

void of_port_stats_put(struct mp_writer *w, const struct of_port_stats *stats)
{
	struct ofp_port_stats s = {
		.port_no = htobe32(stats->port_no),
		.rx_packets = htobe64(stats->rx_packets),
		.tx_packets = htobe64(stats->tx_packets),
		.rx_bytes = htobe64(stats->rx_bytes),
		.tx_bytes = htobe64(stats->tx_bytes),
		.rx_dropped = htobe64(stats->rx_dropped),
		.tx_dropped = htobe64(stats->tx_dropped),
		.rx_errors = htobe64(stats->rx_errors),
		.tx_errors = htobe64(stats->tx_errors),
		.rx_frame_err = htobe64(stats->rx_frame_err),
		.rx_over_err = htobe64(stats->rx_over_err),
		.rx_crc_err = htobe64(stats->rx_crc_err),
		.collisions = htobe64(stats->collisions),
		.duration_sec = wire_sec(stats->duration_ns),
		.duration_nsec = wire_nsec(stats->duration_ns),
	};

	mp_entry_begin(w);
	buf_put(w->out, &s, sizeof(s));
	mp_entry_end(w);
}

bool of_port_stats_next(struct mp_iter *it, struct of_port_stats *ret_stats)
{
	const struct ofp_port_stats *s = mp_iter_take(it, sizeof(*s));

	if (!s)
		return false;
	*ret_stats = (struct of_port_stats){
		.port_no = be32toh(s->port_no),
		.rx_packets = be64toh(s->rx_packets),
		.tx_packets = be64toh(s->tx_packets),
		.rx_bytes = be64toh(s->rx_bytes),
		.tx_bytes = be64toh(s->tx_bytes),
		.rx_dropped = be64toh(s->rx_dropped),
		.tx_dropped = be64toh(s->tx_dropped),
		.rx_errors = be64toh(s->rx_errors),
		.tx_errors = be64toh(s->tx_errors),
		.rx_frame_err = be64toh(s->rx_frame_err),
		.rx_over_err = be64toh(s->rx_over_err),
		.rx_crc_err = be64toh(s->rx_crc_err),
		.collisions = be64toh(s->collisions),
		.duration_ns = wire_duration(s->duration_sec, s->duration_nsec),
	};
	return true;
}
