// SPDX-License-Identifier: Apache-2.0
/* Multipart requests (OF1.3.5 §7.3.5) but those of ports; see agent.h. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "config.h"
#include "vswitchd/agent_private.h"

static enum ofp_err mp_desc(struct session *s, const struct ofmsg *msg)
{
	struct of_desc desc;
	struct utsname u;

	memset(&desc, 0, sizeof(desc));
	memset(&u, 0, sizeof(u));
	uname(&u);
	snprintf(desc.mfr_desc, sizeof(desc.mfr_desc), "skep");
	snprintf(desc.hw_desc, sizeof(desc.hw_desc), "Linux eBPF");
	snprintf(desc.sw_desc, sizeof(desc.sw_desc), PACKAGE_VERSION);
	snprintf(desc.serial_num, sizeof(desc.serial_num), "None");
	snprintf(desc.dp_desc, sizeof(desc.dp_desc), "%s on %s, Linux %s, %s", s->agent->br->name,
		 u.nodename, u.release, dp_attach_name(s->agent->sw->dp));
	of_desc_reply_encode(&s->agent->sw->out, msg->xid, &desc);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}

static enum ofp_err mp_flow(struct session *s, const struct ofmsg *msg)
{
	uint8_t table = msg->mp.flow.table_id;

	if (table != TABLE_NONE && !agent_has_table(s->agent, table))
		return OFPBRC_BAD_TABLE_ID;
	agent_dump_new(s)->filter = msg->mp.flow;
	agent_dump_start(s, msg, agent_put_flow);
	return OFP_OK;
}

static enum ofp_err mp_aggregate(struct session *s, const struct ofmsg *msg)
{
	uint8_t table = msg->mp.flow.table_id;
	struct of_aggregate a;

	if (table != TABLE_NONE && !agent_has_table(s->agent, table))
		return OFPBRC_BAD_TABLE_ID;
	dp_flow_aggregate(s->agent->sw->dp, s->agent->br->number, &msg->mp.flow, &a.n_packets,
			  &a.n_bytes, &a.n_flows);
	of_aggregate_reply_encode(&s->agent->sw->out, msg->xid, &a);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}

static agent_handler *const handlers[] = {
	[OFPMP_DESC] = mp_desc,
	[OFPMP_FLOW] = mp_flow,
	[OFPMP_AGGREGATE] = mp_aggregate,
	[OFPMP_TABLE] = agent_mp_table,
	[OFPMP_PORT_STATS] = agent_mp_port_stats,
	[OFPMP_QUEUE] = agent_mp_queue,
	[OFPMP_GROUP] = agent_mp_group,
	[OFPMP_GROUP_DESC] = agent_mp_group_desc,
	[OFPMP_GROUP_FEATURES] = agent_mp_group_features,
	[OFPMP_METER] = agent_mp_meter,
	[OFPMP_METER_CONFIG] = agent_mp_meter_config,
	[OFPMP_METER_FEATURES] = agent_mp_meter_features,
	[OFPMP_TABLE_FEATURES] = agent_mp_table_features,
	[OFPMP_PORT_DESC] = agent_mp_port_desc,
};

enum ofp_err agent_multipart(struct session *s, const struct ofmsg *msg)
{
	uint16_t type = msg->mp.type;

	if (type >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[type])
		return OFPBRC_BAD_MULTIPART;
	sw_commit(s->agent->sw);
	return handlers[type](s, msg);
}
