// SPDX-License-Identifier: Apache-2.0
/* Ports as text; see port_text.h. */
#include "utils/port_text.h"

#include "model/text.h"

struct bit_name {
	uint32_t bit;
	const char *name;
};

static const struct bit_name config_names[] = {
	{ OFPPC_PORT_DOWN, "PORT_DOWN" },
	{ OFPPC_NO_RECV, "NO_RECV" },
	{ OFPPC_NO_FWD, "NO_FWD" },
	{ OFPPC_NO_PACKET_IN, "NO_PACKET_IN" },
	{ 0, NULL },
};

static const struct bit_name state_names[] = {
	{ OFPPS_LINK_DOWN, "LINK_DOWN" },
	{ OFPPS_BLOCKED, "BLOCKED" },
	{ OFPPS_LIVE, "LIVE" },
	{ 0, NULL },
};

static const struct bit_name feature_names[] = {
	{ OFPPF_10MB_HD, "10MB-HD" },
	{ OFPPF_10MB_FD, "10MB-FD" },
	{ OFPPF_100MB_HD, "100MB-HD" },
	{ OFPPF_100MB_FD, "100MB-FD" },
	{ OFPPF_1GB_HD, "1GB-HD" },
	{ OFPPF_1GB_FD, "1GB-FD" },
	{ OFPPF_10GB_FD, "10GB-FD" },
	{ OFPPF_40GB_FD, "40GB-FD" },
	{ OFPPF_100GB_FD, "100GB-FD" },
	{ OFPPF_1TB_FD, "1TB-FD" },
	{ OFPPF_OTHER, "OTHER" },
	{ OFPPF_COPPER, "COPPER" },
	{ OFPPF_FIBER, "FIBER" },
	{ OFPPF_AUTONEG, "AUTO_NEG" },
	{ OFPPF_PAUSE, "AUTO_PAUSE" },
	{ OFPPF_PAUSE_ASYM, "AUTO_PAUSE_ASYM" },
	{ 0, NULL },
};

/* Writes the names of the bits of 'bits'; what has none as a number; "0" for nothing. */
static void put_bits(uint32_t bits, const struct bit_name *names, struct buf *out)
{
	const char *separator = "";

	if (!bits)
		buf_printf(out, "0");
	for (; names->name; names++) {
		if (!(bits & names->bit))
			continue;
		buf_printf(out, "%s%s", separator, names->name);
		separator = " ";
		bits &= ~names->bit;
	}
	if (bits)
		buf_printf(out, "%s0x%x", separator, bits);
}

static void put_features(const char *title, uint32_t bits, struct buf *out)
{
	if (!bits)
		return;
	buf_printf(out, "     %s", title);
	put_bits(bits, feature_names, out);
	buf_put_u8(out, '\n');
}

void port_text_desc(const struct of_port *port, struct buf *out)
{
	const uint8_t *a = port->hw_addr;

	buf_put_u8(out, ' ');
	text_format_port(port->port_no, NULL, out);
	buf_printf(out, "(%s): addr:%02x:%02x:%02x:%02x:%02x:%02x\n     config:     ", port->name,
		   a[0], a[1], a[2], a[3], a[4], a[5]);
	put_bits(port->config, config_names, out);
	buf_printf(out, "\n     state:      ");
	put_bits(port->state, state_names, out);
	buf_put_u8(out, '\n');
	put_features("current:    ", port->curr, out);
	put_features("advertised: ", port->advertised, out);
	put_features("supported:  ", port->supported, out);
	put_features("peer:       ", port->peer, out);
	buf_printf(out, "     speed: %u Mbps now, %u Mbps max\n", port->curr_speed / 1000,
		   port->max_speed / 1000);
}

static void put_counter(const char *name, uint64_t n, const char *end, struct buf *out)
{
	if (n == UINT64_MAX)
		buf_printf(out, "%s=?%s", name, end);
	else
		buf_printf(out, "%s=%llu%s", name, (unsigned long long)n, end);
}

void port_text_stats(const struct of_port_stats *s, const char *name, struct buf *out)
{
	struct buf port = BUF_INIT;

	if (name)
		buf_printf(&port, "%s", name);
	else
		text_format_port(s->port_no, NULL, &port);
	buf_printf(out, "  port %2s: rx ", buf_cstr(&port));
	buf_uninit(&port);
	put_counter("pkts", s->rx_packets, ", ", out);
	put_counter("bytes", s->rx_bytes, ", ", out);
	put_counter("drop", s->rx_dropped, ", ", out);
	put_counter("errs", s->rx_errors, ", ", out);
	put_counter("frame", s->rx_frame_err, ", ", out);
	put_counter("over", s->rx_over_err, ", ", out);
	put_counter("crc", s->rx_crc_err, "\n           tx ", out);
	put_counter("pkts", s->tx_packets, ", ", out);
	put_counter("bytes", s->tx_bytes, ", ", out);
	put_counter("drop", s->tx_dropped, ", ", out);
	put_counter("errs", s->tx_errors, ", ", out);
	put_counter("coll", s->collisions, "\n           duration=", out);
	text_format_duration(s->duration_ns, out);
	buf_put_u8(out, '\n');
}
