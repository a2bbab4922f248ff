// SPDX-License-Identifier: Apache-2.0
/* Queues: what they are, and what went through them (OF1.3.5 §7.3.6, §7.3.5.8); see agent.h. */
#include <errno.h>
#include <string.h>

#include "vswitchd/agent_private.h"
#include "vswitchd/queue.h"

/* The kernel does not say when a class was made: all ones in the seconds, as of any counter that is not kept (§7.3.5). */
#define UNKNOWN_DURATION (UINT32_MAX * 1000000000ULL + 999999999)

/* The port's queues.  Only an interface of its own has any; one that vanished a moment ago has none any more. */
static void read_queues(struct session *s, const struct port *port, struct queue_list *ret)
{
	int error = queue_list_read(port->device[0] ? 0 : port->ifindex, ret);

	if (error && error != -ENODEV)
		log_limited(&s->error_limit, LOG_LVL_ERR, "bridge %s: port %s: cannot read its queues: %s",
			    s->agent->br->name, port->name, strerror(-error));
}

/* 'rate' in 1/10 % of the port's speed, in kb/s.  Without a speed there is nothing that it could be a part of. */
static uint16_t in_permille(uint64_t rate, uint32_t speed)
{
	uint64_t permille;

	if (!rate || !speed)
		return OF_QUEUE_RATE_NONE;
	permille = (rate + speed / 2) / speed;
	return permille < 1000 ? (uint16_t)permille : 1000;
}

/* False if the reply is full. */
static bool put_configs(struct session *s, const struct port *port, size_t start)
{
	struct queue_list list;
	struct of_port desc;
	uint32_t speed;
	bool fits = true;

	read_queues(s, port, &list);
	port_describe(port, &desc);
	speed = desc.curr_speed ? desc.curr_speed : desc.max_speed;
	for (unsigned int i = 0; i < list.n && fits; i++) {
		struct of_queue q = {
			.port_no = port->ofport,
			.queue_id = list.q[i].queue_id,
			.min_rate = in_permille(list.q[i].min_rate, speed),
			.max_rate = in_permille(list.q[i].max_rate, speed),
		};

		fits = of_queue_config_put(&s->agent->sw->out, start, &q);
	}
	queue_list_uninit(&list);
	return fits;
}

/* OFPP_ANY asks for all ports. */
enum ofp_err agent_queue_get_config(struct session *s, const struct ofmsg *msg)
{
	uint32_t wanted = msg->queue_config_port;
	struct port *port = NULL;
	bool fits = true;
	size_t start;

	if (wanted != PORT_ANY && !bridge_find_port(s->agent->br, wanted))
		return OFPQOFC_BAD_PORT;
	start = of_queue_config_begin(&s->agent->sw->out, msg->xid, wanted);
	while (fits && (port = bridge_next_port(s->agent->br, port)))
		if (wanted == PORT_ANY || wanted == port->ofport)
			fits = put_configs(s, port, start);
	if (!fits)
		log_limited(&s->error_limit, LOG_LVL_WARN,
			    "bridge %s: there are more queues than fit into one OFPT_QUEUE_GET_CONFIG_REPLY",
			    s->agent->br->name);
	ofmsg_end(&s->agent->sw->out, start);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}

/* Puts the statistics of the queues that are wanted, and returns how many they are. */
static unsigned int put_stats(struct session *s, const struct port *port, uint32_t wanted,
			      struct mp_writer *w)
{
	struct queue_list list;
	unsigned int n = 0;

	read_queues(s, port, &list);
	for (unsigned int i = 0; i < list.n; i++) {
		struct of_queue_stats stats = {
			.port_no = port->ofport,
			.queue_id = list.q[i].queue_id,
			.tx_bytes = list.q[i].tx_bytes,
			.tx_packets = list.q[i].tx_packets,
			.tx_errors = list.q[i].tx_errors,
			.duration_ns = UNKNOWN_DURATION,
		};

		if (wanted != OFPQ_ALL && wanted != stats.queue_id)
			continue;
		of_queue_stats_put(w, &stats);
		n++;
	}
	queue_list_uninit(&list);
	return n;
}

/* A queue that is asked for by number must be there, at the port or, with OFPP_ANY, at some. */
enum ofp_err agent_mp_queue(struct session *s, const struct ofmsg *msg)
{
	uint32_t wanted = msg->mp.queue.port_no, queue_id = msg->mp.queue.queue_id;
	struct buf *out = &s->agent->sw->out;
	struct port *port = NULL;
	struct mp_writer w;
	unsigned int n = 0;

	if (wanted != PORT_ANY && !bridge_find_port(s->agent->br, wanted))
		return OFPQOFC_BAD_PORT;
	mp_start(&w, out, OFPMP_QUEUE, msg->xid);
	while ((port = bridge_next_port(s->agent->br, port)))
		if (wanted == PORT_ANY || wanted == port->ofport)
			n += put_stats(s, port, queue_id, &w);
	mp_finish(&w);
	if (!n && queue_id != OFPQ_ALL) {
		buf_reset(out);
		return OFPQOFC_BAD_QUEUE;
	}
	session_send(s, out);
	return OFP_OK;
}
