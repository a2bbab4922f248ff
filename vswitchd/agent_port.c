// SPDX-License-Identifier: Apache-2.0
/* Ports: modification, description, statistics, status; see agent.h. */
#include <errno.h>
#include <string.h>

#include "mono.h"
#include "vswitchd/agent_private.h"

enum ofp_err agent_port_mod(struct session *s, const struct ofmsg *msg)
{
	const struct of_port_mod *pm = &msg->port_mod;
	struct port *port = bridge_find_port(s->agent->br, pm->port_no);
	struct of_port desc;
	int error;

	if (!port)
		return OFPPMFC_BAD_PORT;
	if (memcmp(port->mac, pm->hw_addr, sizeof(port->mac)) != 0)
		return OFPPMFC_BAD_HW_ADDR;
	port_describe(port, &desc);
	if (pm->advertise && pm->advertise != desc.advertised) {
		error = port_set_advertised(port, pm->advertise);
		if (error)
			return error == -EPERM ? OFPPMFC_EPERM : OFPPMFC_BAD_ADVERTISE;
	}
	error = port_set_config(port, pm->config, pm->mask);
	if (error) {
		log_limited(&s->error_limit, LOG_LVL_ERR, "bridge %s: port %s: port-mod: %s",
			    s->agent->br->name, port->name, strerror(-error));
		return OFPPMFC_EPERM;
	}
	return OFP_OK;
}

void agent_port_status(struct agent *agent, const struct of_port_status *ps)
{
	struct buf out = BUF_INIT;
	struct session *s;

	TAILQ_FOREACH (s, &agent->sessions, node)
		if (session_wants(s, s->async.port_status, ps->reason)) {
			of_port_status_encode(&out, 0, ps);
			session_send(s, &out);
		}
	buf_uninit(&out);
}

enum ofp_err agent_mp_port_desc(struct session *s, const struct ofmsg *msg)
{
	struct port *port = NULL;
	struct of_port desc;
	struct mp_writer w;

	mp_start(&w, &s->agent->sw->out, OFPMP_PORT_DESC, msg->xid);
	while ((port = bridge_next_port(s->agent->br, port))) {
		port_describe(port, &desc);
		of_port_desc_put(&w, &desc);
	}
	mp_finish(&w);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}

static uint64_t age_ns(const struct port *port)
{
	return mono_clock_ns() - port->since_ns;
}

/* Adds what the datapath counts and the interface does not; where there is no interface, it is all there is. */
static void add_own_stats(const struct port *port, const struct dp_port_stats *own,
			  struct nl_stats *n)
{
	if (port->type == CONF_SYSTEM && n->tx_packets == UINT64_MAX)
		return;
	if (port->type != CONF_SYSTEM)
		n->rx_packets = n->rx_bytes = n->tx_packets = n->tx_bytes = 0;
	n->rx_packets += own->rx_packets;
	n->rx_bytes += own->rx_bytes;
	n->tx_packets += own->tx_packets;
	n->tx_bytes += own->tx_bytes;
}

static void put_stats(struct mp_writer *w, const struct port *port)
{
	struct of_port_stats st;
	struct dp_port_stats own;
	struct nl_stats n;

	/* The device of a tunnel or a socket counts what all its ports do.  An interface that vanished a moment ago has counters that nobody keeps any
	 * more. */
	if (port->type != CONF_SYSTEM || nl_get_stats(port->br->sw->nl, port->ifindex, &n))
		memset(&n, 0xff, sizeof(n));
	if (dp_port_stats(port->br->sw->dp, port->br->number, port->ofport, &own))
		add_own_stats(port, &own, &n);
	st = (struct of_port_stats){
		.port_no = port->ofport,
		.rx_packets = n.rx_packets,
		.tx_packets = n.tx_packets,
		.rx_bytes = n.rx_bytes,
		.tx_bytes = n.tx_bytes,
		.rx_dropped = n.rx_dropped,
		.tx_dropped = n.tx_dropped,
		.rx_errors = n.rx_errors,
		.tx_errors = n.tx_errors,
		.rx_frame_err = n.rx_frame_err,
		.rx_over_err = n.rx_over_err,
		.rx_crc_err = n.rx_crc_err,
		.collisions = n.collisions,
		.duration_ns = age_ns(port),
	};
	of_port_stats_put(w, &st);
}

enum ofp_err agent_mp_port_stats(struct session *s, const struct ofmsg *msg)
{
	struct bridge *br = s->agent->br;
	uint32_t wanted = msg->mp.port_no;
	struct port *port = NULL;
	struct mp_writer w;

	if (wanted != PORT_ANY && !bridge_find_port(br, wanted))
		return OFPBRC_BAD_PORT;
	mp_start(&w, &s->agent->sw->out, OFPMP_PORT_STATS, msg->xid);
	while ((port = bridge_next_port(br, port)))
		if (wanted == PORT_ANY || wanted == port->ofport)
			put_stats(&w, port);
	mp_finish(&w);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}
