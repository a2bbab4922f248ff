// SPDX-License-Identifier: Apache-2.0
/* Packets between controllers and the datapath; see agent.h. */
#include <errno.h>
#include <string.h>

#include "vswitchd/agent_private.h"

#define FRAME_MIN 14 /* an Ethernet header */

enum ofp_err agent_packet_out(struct session *s, const struct ofmsg *msg)
{
	const struct of_packet_out *po = &msg->packet_out;
	struct sw *sw = s->agent->sw;
	/* ovs-ofctl's "none": a packet that came in nowhere. */
	uint32_t in_port = po->in_port == PORT_ANY ? PORT_CONTROLLER : po->in_port;
	enum ofp_err err;
	int error;

	if (po->buffer_id != BUFFER_NONE)
		return OFPBRC_BUFFER_UNKNOWN;
	if (po->data_len < FRAME_MIN)
		return OFPBRC_BAD_PACKET;
	err = agent_check_actions(s, po->actions.a, po->actions.n);
	if (err)
		return err;
	sw_commit(sw); /* the packet, and a barrier after it, see what was sent before, even if the packet-out fails */
	error = dp_packet_out(sw->dp, s->agent->br->number, in_port, &po->actions, po->data,
			      po->data_len);
	if (error == -E2BIG)
		return OFPBAC_TOO_MANY;
	if (error == -ESRCH)
		return OFPBAC_BAD_OUT_GROUP;
	if (error) /* as if it was lost on the wire: there is no error for it in OpenFlow */
		log_limited(&s->error_limit, LOG_LVL_WARN, "bridge %s: %s: packet-out: %s",
			    s->agent->br->name, of_conn_name(s->conn), strerror(-error));
	return OFP_OK;
}

void agent_packet_in(struct agent *agent, const struct dp_packet_in *pin)
{
	struct of_packet_in pi = {
		.buffer_id = BUFFER_NONE,
		.total_len = (uint16_t)(pin->total_len > UINT16_MAX ? UINT16_MAX : pin->total_len),
		.reason = pin->reason,
		.table_id = pin->table_id,
		.cookie = pin->cookie,
		.in_port = pin->in_port,
		.metadata = pin->metadata,
		.tunnel = pin->tunnel,
		.data = pin->frame,
		.data_len = pin->len,
	};
	struct buf out = BUF_INIT;
	struct session *s, *to;

	TAILQ_FOREACH (s, &agent->sessions, node) {
		if (!session_wants(s, s->async.packet_in, pin->reason))
			continue;
		to = agent_aux_choose(s, pin);
		if (of_conn_backlog(to->conn) > AGENT_PKTIN_BACKLOG) {
			agent->n_pktin_dropped++;
			log_limited(&agent->pktin_limit, LOG_LVL_WARN,
				    "bridge %s: %s does not read: packet-ins are dropped",
				    agent->br->name, of_conn_name(to->conn));
			continue;
		}
		if (!out.len)
			of_packet_in_encode(&out, 0, &pi);
		if (!buf_failed(&out))
			of_conn_send(to->conn, out.data, out.len);
	}
	buf_uninit(&out);
}
