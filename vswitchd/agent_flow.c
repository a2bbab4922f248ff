// SPDX-License-Identifier: Apache-2.0
/* Flows: modifications, their place in a dump, and removals; see agent.h. */
#include <errno.h>
#include <string.h>

#include "vswitchd/agent_private.h"

/* A delete finds nothing by what is not there. */
static enum ofp_err check_options(const struct session *s, const struct flow_mod *fm)
{
	enum ofp_err err;

	if (fm->command == FLOW_DELETE || fm->command == FLOW_DELETE_STRICT)
		return OFP_OK;
	err = agent_check_match(s, &fm->match);
	if (!err)
		err = agent_check_actions(s, fm->instructions.apply.a, fm->instructions.apply.n);
	return err ? err
		   : agent_check_actions(s, fm->instructions.write.a, fm->instructions.write.n);
}

enum ofp_err agent_flow_mod(struct session *s, const struct ofmsg *msg)
{
	const struct flow_mod *fm = &msg->flow_mod;
	struct sw *sw = s->agent->sw;
	uint8_t next = fm->instructions.goto_table;
	enum ofp_err err;
	int error;

	if (fm->table_id != TABLE_NONE && !agent_has_table(s->agent, fm->table_id))
		return OFPFMFC_BAD_TABLE_ID;
	if (next != TABLE_NONE && !agent_has_table(s->agent, next))
		return OFPBIC_BAD_TABLE_ID;
	err = check_options(s, fm);
	if (err)
		return err;
	error = dp_flow_mod(sw->dp, s->agent->br->number, fm);
	switch (error) {
	case 0:
		sw->is_dirty = true;
		break;
	case -EEXIST:
		return OFPFMFC_OVERLAP;
	case -ENOSPC:
		return OFPFMFC_TABLE_FULL;
	case -E2BIG:
		return OFPBAC_TOO_MANY;
	case -ESRCH:
		return OFPBAC_BAD_OUT_GROUP;
	case -ENXIO:
		return OFPMMFC_UNKNOWN_METER;
	default:
		log_limited(&s->error_limit, LOG_LVL_ERR, "bridge %s: %s: flow-mod: %s",
			    s->agent->br->name, of_conn_name(s->conn), strerror(-error));
		return OFPFMFC_UNKNOWN;
	}
	/* §6.4: a buffer number is ignored by deletes.  For others, the flow is made; only the
	 * packet is not there. */
	if (fm->buffer_id != BUFFER_NONE && fm->command != FLOW_DELETE &&
	    fm->command != FLOW_DELETE_STRICT)
		return OFPBRC_BUFFER_UNKNOWN;
	return OFP_OK;
}

bool agent_put_flow(struct session *s)
{
	struct sw *sw = s->agent->sw;
	struct dump *d = &s->dump;

	if (!dp_flow_next(sw->dp, s->agent->br->number, &d->filter, &d->cursor, &sw->desc))
		return false;
	of_flow_stats_put(&d->writer, &sw->desc);
	return true;
}

void agent_flow_removed(struct agent *agent, const struct flow_desc *desc,
			enum flow_removed_reason reason)
{
	struct of_flow_removed fr = {
		.cookie = desc->cookie,
		.priority = desc->priority,
		.reason = reason,
		.table_id = desc->table_id,
		.duration_ns = desc->duration_ns,
		.idle_timeout = desc->idle_timeout,
		.hard_timeout = desc->hard_timeout,
		.n_packets = desc->n_packets,
		.n_bytes = desc->n_bytes,
		.match = desc->match,
	};
	struct buf out =
		BUF_INIT; /* sw->out may be in use: we are called from inside of a request */
	struct session *s;

	if (agent->is_silent)
		return;
	TAILQ_FOREACH (s, &agent->sessions, node)
		if (session_wants(s, s->async.flow_removed, reason)) {
			of_flow_removed_encode(&out, 0, &fr);
			session_send(s, &out);
		}
	buf_uninit(&out);
}
