// SPDX-License-Identifier: Apache-2.0
/* Roles, asynchronous configuration, and the small requests about the switch itself; see agent.h.
 */
#include "vswitchd/agent_private.h"

bool session_wants(const struct session *s, const uint32_t masks[2], unsigned int reason)
{
	bool is_slave = s->role == OFPCR_ROLE_SLAVE;

	if (s->channel && s->channel->auxiliary_id)
		return false; /* see agent_aux.c */
	if (s->is_service && !s->is_async_set && !s->miss_send_len)
		return false;
	return reason < 32 && masks[is_slave] >> reason & 1;
}

void session_set_role(struct session *s, uint32_t role)
{
	s->role = role;
	of_conn_set_role(s->conn, role == OFPCR_ROLE_MASTER  ? "master"
				  : role == OFPCR_ROLE_SLAVE ? "slave"
							     : "equal");
}

enum ofp_err agent_features(struct session *s, const struct ofmsg *msg)
{
	const struct of_features f = {
		.datapath_id = s->agent->br->datapath_id,
		.n_buffers = 0,
		.n_tables = agent_n_tables(s->agent),
		.auxiliary_id = s->channel ? s->channel->auxiliary_id : 0,
		.capabilities = OFPC_FLOW_STATS | OFPC_TABLE_STATS | OFPC_PORT_STATS |
				OFPC_GROUP_STATS | OFPC_QUEUE_STATS,
	};

	of_features_encode(&s->agent->sw->out, msg->xid, &f);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}

enum ofp_err agent_get_config(struct session *s, const struct ofmsg *msg)
{
	const struct of_switch_config c = {
		.flags = s->agent->is_frag_drop ? OFPC_FRAG_DROP : OFPC_FRAG_NORMAL,
		.miss_send_len = session_main(s)->miss_send_len,
	};

	of_config_encode(&s->agent->sw->out, OFPT_GET_CONFIG_REPLY, msg->xid, &c);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}

/* Fragments are the switch's and not for slaves to change; miss_send_len is each controller's own. */
enum ofp_err agent_set_config(struct session *s, const struct ofmsg *msg)
{
	struct agent *agent = s->agent;

	if (session_main(s)->role != OFPCR_ROLE_SLAVE) {
		agent->is_frag_drop = msg->config.flags == OFPC_FRAG_DROP;
		dp_bridge_set_frag_drop(agent->sw->dp, agent->br->number, agent->is_frag_drop);
	}
	session_main(s)->miss_send_len = msg->config.miss_send_len;
	return OFP_OK;
}

/* §6.3.6: a generation id that is behind the largest seen, in the circular order of 64 bits, is
 * stale. */
static bool is_stale(const struct agent *agent, uint64_t generation_id)
{
	return agent->has_generation_id && (int64_t)(generation_id - agent->generation_id) < 0;
}

enum ofp_err agent_role(struct session *s, const struct ofmsg *msg)
{
	struct agent *agent = s->agent;
	uint32_t role = msg->role.role;
	struct session *self = session_main(s), *other;
	struct of_role reply;

	if (role > OFPCR_ROLE_SLAVE)
		return OFPRRFC_BAD_ROLE;
	if (role == OFPCR_ROLE_MASTER || role == OFPCR_ROLE_SLAVE) {
		if (is_stale(agent, msg->role.generation_id))
			return OFPRRFC_STALE;
		agent->has_generation_id = true;
		agent->generation_id = msg->role.generation_id;
	}
	if (role == OFPCR_ROLE_MASTER)
		TAILQ_FOREACH (other, &agent->sessions, node)
			if (other != self && other->role == OFPCR_ROLE_MASTER)
				session_set_role(other, OFPCR_ROLE_SLAVE);
	if (role != OFPCR_ROLE_NOCHANGE)
		session_set_role(self, role);
	reply.role = self->role;
	reply.generation_id = agent->has_generation_id ? agent->generation_id : UINT64_MAX;
	of_role_encode(&agent->sw->out, OFPT_ROLE_REPLY, msg->xid, &reply);
	session_send(s, &agent->sw->out);
	return OFP_OK;
}

enum ofp_err agent_get_async(struct session *s, const struct ofmsg *msg)
{
	of_async_encode(&s->agent->sw->out, OFPT_GET_ASYNC_REPLY, msg->xid, &session_main(s)->async);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}

enum ofp_err agent_set_async(struct session *s, const struct ofmsg *msg)
{
	struct session *self = session_main(s);

	self->async = msg->async;
	self->is_async_set = true;
	return OFP_OK;
}

/* §6.2: when the reply is sent, everything before is done, for every packet. */
enum ofp_err agent_barrier(struct session *s, const struct ofmsg *msg)
{
	sw_commit(s->agent->sw);
	ofmsg_encode_empty(&s->agent->sw->out, OFPT_BARRIER_REPLY, msg->xid);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}
