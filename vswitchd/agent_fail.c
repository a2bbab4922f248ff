// SPDX-License-Identifier: Apache-2.0
/*
 * The fail mode "standalone": what a bridge does without a controller; see agent.h.
 *
 * Controllers configured, none connected: the datapath's flag, under which all packets take NORMAL and the flows wait.  It is set when no controller has been
 * connected for AGENT_ALONE_MS, which gives one that restarts the time to come back and skepd, when it starts, the time to connect; until then the
 * datapath goes on as it was.  It is taken back at once when one is connected.
 *
 * No controllers configured: nobody will fill the tables, so a flow does it, if table 0 is empty: an ordinary flow, which people may replace.  It has a cookie of
 * its own, by which it is taken away when the fail mode or the controllers change.
 */
#include <stdlib.h>
#include <string.h>

#include "mono.h"
#include "vswitchd/agent_private.h"

#define NORMAL_COOKIE 0x736b65702d666d00u /* "skep-fm" */

static void set_standalone(struct agent *agent, bool is_on)
{
	int error;

	if (agent->is_fail_known && agent->is_alone == is_on)
		return;
	error = dp_bridge_set_standalone(agent->sw->dp, agent->br->number, is_on);
	if (error) {
		log_err("bridge %s: fail mode standalone: %s", agent->br->name, strerror(-error));
		return;
	}
	if (is_on)
		log_warn("bridge %s: no controller is connected: it is a learning switch until "
			 "one is",
			 agent->br->name);
	else if (agent->is_alone)
		log_info("bridge %s: it follows its flow tables again", agent->br->name);
	agent->is_alone = is_on;
	agent->is_fail_known = true;
}

static bool has_controller(const struct agent *agent)
{
	const struct session *s;

	TAILQ_FOREACH (s, &agent->sessions, node)
		if (!s->is_service)
			return true;
	return false;
}

void agent_fail_update(struct agent *agent)
{
	if (agent->is_ending)
		return;
	if (!agent->is_standalone || TAILQ_EMPTY(&agent->controllers) || has_controller(agent)) {
		agent->alone_since_ms = 0;
		set_standalone(agent, false);
	} else if (!agent->alone_since_ms) {
		agent->alone_since_ms = mono_clock_ms();
	} else if (mono_clock_ms() - agent->alone_since_ms >= AGENT_ALONE_MS) {
		set_standalone(agent, true);
	}
}

/* Adds the flow, or deletes it. */
static void change_normal_flow(struct agent *agent, bool is_add)
{
	struct flow_mod *fm = calloc(1, sizeof(*fm));
	int error;

	if (!fm)
		return;
	fm->command = is_add ? FLOW_ADD : FLOW_DELETE_STRICT;
	fm->cookie = NORMAL_COOKIE;
	fm->cookie_mask = UINT64_MAX;
	fm->buffer_id = BUFFER_NONE;
	fm->out_port = PORT_ANY;
	fm->out_group = GROUP_ANY;
	match_init(&fm->match);
	instructions_init(&fm->instructions);
	if (is_add) {
		fm->instructions.has_apply = true;
		fm->instructions.apply.n = 1;
		fm->instructions.apply.a[0] =
			(struct action){ .type = ACTION_OUTPUT, .output = { .port = PORT_NORMAL } };
	}
	error = dp_flow_mod(agent->sw->dp, agent->br->number, fm);
	if (error)
		log_err("bridge %s: the flow of fail mode standalone: %s", agent->br->name,
			strerror(-error));
	dp_commit(agent->sw->dp);
	free(fm);
}

void agent_fail_apply(struct agent *agent, const struct conf_bridge *conf)
{
	bool has_normal = conf->is_standalone && !conf->n_controllers;
	struct dp_table_stats stats;

	agent->is_standalone = conf->is_standalone;
	if (has_normal && !agent->has_normal) {
		dp_table_stats(agent->sw->dp, agent->br->number, 0, &stats);
		if (!stats.n_flows)
			change_normal_flow(agent, true);
	} else if (!has_normal && (agent->has_normal || !agent->is_fail_known)) {
		change_normal_flow(agent, false);
	}
	agent->has_normal = has_normal;
	agent_fail_update(agent);
}
