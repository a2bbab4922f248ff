// SPDX-License-Identifier: Apache-2.0
/*
 * Tables: statistics, features, table-mod (OF1.3.5 §7.3.5.4, §7.3.5.5, §7.3.3); see agent.h.
 *
 * A request for features with a body sets them.  It describes the whole pipeline: tables that it does not have are taken out, with their flows. What a
 * table gets may be more than what is asked for, so all that is left for a table that stays is its name: it can always do everything, and a request is refused if
 * it asks for more than that.  The request may come in several messages; nothing happens before the last one, and nothing at all if there is
 * anything wrong with any.  skepd does not keep the pipeline over its end: it begins with all tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/agent_private.h"

#define CONFIG_DEPRECATED 3u /* OFPTC_DEPRECATED_MASK */

/* A request to set features, as far as it has come. */
struct table_request {
	uint32_t xid;
	enum ofp_err err; /* one of its messages was refused: the rest is passed over */
	struct agent_tables tables;
};

void agent_tables_init(struct agent_tables *t)
{
	memset(t, 0, sizeof(*t));
	for (unsigned int i = 0; i < N_TABLES; i++) {
		t->is_there[i] = true;
		snprintf(t->name[i], sizeof(t->name[i]), "table%u", i);
	}
}

bool agent_has_table(const struct agent *agent, uint8_t table_id)
{
	return table_id <= TABLE_MAX && agent->tables.is_there[table_id];
}

uint8_t agent_n_tables(const struct agent *agent)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < N_TABLES; i++)
		n += agent->tables.is_there[i];
	return (uint8_t)n;
}

enum ofp_err agent_mp_table(struct session *s, const struct ofmsg *msg)
{
	struct mp_writer w;

	mp_start(&w, &s->agent->sw->out, OFPMP_TABLE, msg->xid);
	for (unsigned int i = 0; i < N_TABLES; i++) {
		struct dp_table_stats t;
		struct of_table_stats ts;

		if (!agent_has_table(s->agent, (uint8_t)i))
			continue;
		dp_table_stats(s->agent->sw->dp, s->agent->br->number, (uint8_t)i, &t);
		ts = (struct of_table_stats){
			.table_id = (uint8_t)i,
			.n_active = t.n_flows,
			.n_lookup = t.lookups,
			.n_matched = t.matches,
		};
		of_table_stats_put(&w, &ts);
	}
	mp_finish(&w);
	session_send(s, &s->agent->sw->out);
	return OFP_OK;
}

/* What table 'table_id' can do, in the pipeline 't'. */
static void describe(const struct agent *agent, const struct agent_tables *t, uint8_t table_id,
		     struct of_table_features *ret)
{
	of_table_features_init(ret, table_id,
			       agent->sw->paths.max_flows ? agent->sw->paths.max_flows :
							    SW_MAX_FLOWS_MAX);
	memcpy(ret->name, t->name[table_id], sizeof(ret->name));
	for (unsigned int i = 0; i < N_TABLES; i++)
		if (!t->is_there[i])
			ret->next_tables[i / 64] &= ~(1ULL << i % 64);
}

static void send_features(struct session *s, uint32_t xid)
{
	struct of_table_features tf;
	struct mp_writer w;

	mp_start(&w, &s->agent->sw->out, OFPMP_TABLE_FEATURES, xid);
	for (unsigned int i = 0; i < N_TABLES; i++) {
		if (!agent_has_table(s->agent, (uint8_t)i))
			continue;
		describe(s->agent, &s->agent->tables, (uint8_t)i, &tf);
		of_table_features_put(&w, &tf);
	}
	mp_finish(&w);
	session_send(s, &s->agent->sw->out);
}

/* Whether 'tf' asks for nothing but what the table can do. */
static enum ofp_err check_features(const struct agent *agent, const struct of_table_features *tf)
{
	struct agent_tables all;
	struct of_table_features can;

	if (tf->has_unknown_property)
		return OFPTFFC_BAD_TYPE;
	agent_tables_init(&all);
	describe(agent, &all, tf->table_id, &can);
	for (unsigned int i = 0; i < 4; i++)
		if (tf->next_tables[i] & ~can.next_tables[i])
			return OFPTFFC_BAD_ARGUMENT;
	if (tf->has_unknown_feature || tf->config & ~CONFIG_DEPRECATED ||
	    tf->max_entries > can.max_entries || tf->instructions & ~can.instructions ||
	    tf->write_actions & ~can.write_actions || tf->apply_actions & ~can.apply_actions ||
	    tf->match & ~can.match || tf->wildcards & ~can.match ||
	    tf->write_setfield & ~can.write_setfield || tf->apply_setfield & ~can.apply_setfield)
		return OFPTFFC_BAD_ARGUMENT;
	return OFP_OK;
}

/* Takes the tables of one message into 'rq'. */
static enum ofp_err take_tables(const struct agent *agent, struct table_request *rq,
				const struct of_multipart *mp)
{
	struct of_table_features tf;
	struct mp_iter it;

	mp_iter_init(&it, mp);
	while (of_table_features_next(&it, &tf)) {
		enum ofp_err err;

		if (tf.table_id > TABLE_MAX || rq->tables.is_there[tf.table_id])
			return OFPTFFC_BAD_TABLE;
		err = check_features(agent, &tf);
		if (err)
			return err;
		rq->tables.is_there[tf.table_id] = true;
		memcpy(rq->tables.name[tf.table_id], tf.name, sizeof(tf.name));
	}
	return it.err == OFPBRC_BAD_LEN ? OFPTFFC_BAD_LEN : it.err;
}

/* §7.3.5.5: no flow_removed is sent for the flows of a table that goes. */
static void empty_table(struct agent *agent, uint8_t table_id)
{
	struct flow_mod *fm = calloc(1, sizeof(*fm));

	if (!fm)
		return;
	fm->command = FLOW_DELETE;
	fm->table_id = table_id;
	fm->buffer_id = BUFFER_NONE;
	fm->out_port = PORT_ANY;
	fm->out_group = GROUP_ANY;
	match_init(&fm->match);
	instructions_init(&fm->instructions);
	agent->is_silent = true;
	dp_flow_mod(agent->sw->dp, agent->br->number, fm);
	agent->is_silent = false;
	free(fm);
}

static void set_tables(struct agent *agent, const struct agent_tables *t)
{
	for (unsigned int i = 0; i < N_TABLES; i++)
		if (agent->tables.is_there[i] && !t->is_there[i])
			empty_table(agent, (uint8_t)i);
	agent->tables = *t;
	dp_commit(agent->sw->dp);
}

void agent_table_request_drop(struct session *s)
{
	free(s->table_request);
	s->table_request = NULL;
}

/* The request that the message goes on with, or a new one.  A request that was never ended is forgotten for the next. */
static struct table_request *request_of(struct session *s, uint32_t xid)
{
	struct table_request *rq = s->table_request;

	if (rq && rq->xid == xid)
		return rq;
	free(rq);
	s->table_request = rq = calloc(1, sizeof(*rq));
	if (rq)
		rq->xid = xid;
	return rq;
}

static enum ofp_err set_features(struct session *s, const struct ofmsg *msg)
{
	struct table_request *rq = request_of(s, msg->xid);
	enum ofp_err err;

	if (!rq)
		return OFPBRC_MULTIPART_BUFFER_OVERFLOW;
	err = rq->err;
	if (!err)
		rq->err = take_tables(s->agent, rq, &msg->mp);
	/* One error for a request is enough. */
	if (!err && !rq->err && !msg->mp.more && !rq->tables.is_there[0])
		rq->err = OFPTFFC_BAD_TABLE; /* packets have to begin somewhere */
	err = err ? OFP_OK : rq->err;
	if (msg->mp.more)
		return err;
	if (!rq->err) {
		set_tables(s->agent, &rq->tables);
		send_features(s, msg->xid);
	}
	agent_table_request_drop(s);
	return err;
}

enum ofp_err agent_mp_table_features(struct session *s, const struct ofmsg *msg)
{
	bool is_under_way = s->table_request && s->table_request->xid == msg->xid;

	if (!msg->mp.body_len && !msg->mp.more && !is_under_way) {
		send_features(s, msg->xid);
		return OFP_OK;
	}
	if (session_main(s)->role == OFPCR_ROLE_SLAVE) /* §6.3.4 */
		return OFPBRC_IS_SLAVE;
	return set_features(s, msg);
}

/* The only thing that a table-mod may set means nothing in 1.3. */
enum ofp_err agent_table_mod(struct session *s, const struct ofmsg *msg)
{
	uint8_t table = msg->table_mod.table_id;

	return table != TABLE_NONE && !agent_has_table(s->agent, table) ? OFPTMFC_BAD_TABLE :
									  OFP_OK;
}
