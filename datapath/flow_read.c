// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the flow tables: dumps, statistics, timeouts.  All of it is memory that the kernel's programs write to; no system call.
 */
#include <string.h>
#include <time.h>

#include "datapath/private.h"

#define NS_PER_S 1000000000ULL

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

uint64_t mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void flow_counts(const struct dp *dp, uint32_t flow, uint64_t *ret_packets, uint64_t *ret_bytes,
		 uint64_t *ret_used_ns)
{
	uint32_t n_stripes = dp->set_config.n_stripes;
	const struct skep_counter *c =
		MAP_ELEM(&dp->set, MAP_COUNTERS, struct skep_counter, (size_t)flow * n_stripes);

	*ret_packets = FLOW(dp, flow)->base_packets;
	*ret_bytes = FLOW(dp, flow)->base_bytes;
	*ret_used_ns = 0;
	for (uint32_t i = 0; i < n_stripes; i++) {
		*ret_packets += __atomic_load_n(&c[i].packets, __ATOMIC_RELAXED);
		*ret_bytes += __atomic_load_n(&c[i].bytes, __ATOMIC_RELAXED);
		if (c[i].used_ns > *ret_used_ns)
			*ret_used_ns = c[i].used_ns;
	}
}

/* Time since a packet hit the flow, or since it came if none did. */
static uint64_t idle_ns(const struct dp *dp, uint32_t flow, uint64_t used_ns)
{
	uint64_t mono = mono_ns(), age = boot_ns() - FLOW(dp, flow)->created_ns;
	uint64_t idle = mono > used_ns ? mono - used_ns : 0;

	return used_ns && idle < age ? idle : age;
}

void flow_describe(const struct dp *dp, uint32_t flow, struct flow_desc *ret)
{
	const struct skep_flow *f = FLOW(dp, flow);
	const struct subtable *s = flow_subtable(dp, flow);
	struct port_scope scope = { (struct dp *)(uintptr_t)dp, f->table / 256 };
	struct cell_ports ports = cell_ports(&scope);
	struct masked_key mk = { .mask = s->mask };
	uint64_t used_ns;

	ret->table_id = (uint8_t)(f->table % 256);
	ret->priority = f->priority;
	ret->idle_timeout = f->idle_timeout;
	ret->hard_timeout = f->hard_timeout;
	ret->flags = f->flags;
	ret->cookie = f->cookie;
	ret->duration_ns = boot_ns() - f->created_ns;
	flow_counts(dp, flow, &ret->n_packets, &ret->n_bytes, &used_ns);
	ret->idle_ns = idle_ns(dp, flow, used_ns);
	rule_key(dp, s, f->rule, &mk.key);
	keymap_decode(&mk, &ret->match);
	cells_to_instructions(CELL(dp, RULE(dp, f->rule)->cells), &ports, &ret->instructions);
}

/* --- Filters --- */

void flow_test_init(struct flow_test *t, const struct flow_filter *filter)
{
	t->filter = filter;
	keymap_encode(&filter->match, &t->mk);
}

bool flow_test_subtable(const struct flow_test *t, const struct subtable *s)
{
	for (unsigned int i = 0; i < SKEP_KEY_WORDS; i++) {
		if (t->mk.mask.w[i] & ~s->mask.w[i])
			return false;
	}
	return true;
}

static bool outputs_to(const struct dp *dp, uint32_t flow, uint32_t port)
{
	struct port_scope scope = { (struct dp *)(uintptr_t)dp, FLOW(dp, flow)->table / 256 };
	struct cell_ports ports = cell_ports(&scope);
	struct instructions in;

	cells_to_instructions(CELL(dp, RULE(dp, FLOW(dp, flow)->rule)->cells), &ports, &in);
	return instructions_output_to(&in, port);
}

static bool leads_to(const struct dp *dp, uint32_t flow, uint32_t group_id)
{
	uint32_t group = group_find(dp, FLOW(dp, flow)->table / 256, group_id);

	return group && cells_lead_to(CELL(dp, RULE(dp, FLOW(dp, flow)->rule)->cells), group);
}

bool flow_test_rest(const struct dp *dp, const struct flow_test *t, uint32_t flow)
{
	const struct flow_filter *filter = t->filter;
	const struct skep_flow *f = FLOW(dp, flow);

	if (filter->table_id != TABLE_NONE && f->table % 256 != filter->table_id)
		return false;
	if ((f->cookie ^ filter->cookie) & filter->cookie_mask)
		return false;
	if (filter->out_group != GROUP_ANY && !leads_to(dp, flow, filter->out_group))
		return false;
	return filter->out_port == PORT_ANY || outputs_to(dp, flow, filter->out_port);
}

bool flow_test(const struct dp *dp, const struct flow_test *t, uint32_t flow)
{
	const struct subtable *s = flow_subtable(dp, flow);

	return flow_test_subtable(t, s) && rule_agrees(dp, s, FLOW(dp, flow)->rule, &t->mk) &&
	       flow_test_rest(dp, t, flow);
}

static const struct flow_filter all_flows = {
	.table_id = TABLE_NONE,
	.out_port = PORT_ANY,
	.out_group = GROUP_ANY,
};

/* The next flow of the bridge that passes, from *next on; 0 at the end. */
static uint32_t next_flow(const struct dp *dp, uint32_t bridge, const struct flow_test *t,
			  uint32_t *next)
{
	while (*next < dp->flows.bump) {
		uint32_t flow = (*next)++;

		if (flow && FLOW(dp, flow)->rule && FLOW(dp, flow)->table / 256 == bridge &&
		    flow_test(dp, t, flow))
			return flow;
	}
	return 0;
}

bool dp_flow_next(const struct dp *dp, uint32_t bridge, const struct flow_filter *filter,
		  struct dp_cursor *cursor, struct flow_desc *ret)
{
	struct flow_test t;
	uint32_t flow;

	flow_test_init(&t, filter ? filter : &all_flows);
	flow = next_flow(dp, bridge, &t, &cursor->next);
	if (!flow)
		return false;
	flow_describe(dp, flow, ret);
	return true;
}

void dp_flow_aggregate(const struct dp *dp, uint32_t bridge, const struct flow_filter *filter,
		       uint64_t *ret_packets, uint64_t *ret_bytes, uint32_t *ret_flows)
{
	uint32_t next = 0, flow;
	struct flow_test t;

	flow_test_init(&t, filter ? filter : &all_flows);
	*ret_packets = *ret_bytes = 0;
	*ret_flows = 0;
	while ((flow = next_flow(dp, bridge, &t, &next))) {
		uint64_t packets, bytes, used_ns;

		flow_counts(dp, flow, &packets, &bytes, &used_ns);
		*ret_packets += packets;
		*ret_bytes += bytes;
		(*ret_flows)++;
	}
}

void dp_table_stats(const struct dp *dp, uint32_t bridge, uint8_t table,
		    struct dp_table_stats *ret)
{
	uint32_t n_stripes = dp->set_config.n_stripes, idx = bridge * 256 + table;
	const struct skep_table_counter *c = MAP_ELEM(
		&dp->set, MAP_TABLE_COUNTERS, struct skep_table_counter, (size_t)idx * n_stripes);

	*ret = (struct dp_table_stats){ .n_flows = dp->tables[idx].n_flows };
	for (uint32_t i = 0; i < n_stripes; i++) {
		ret->lookups += c[i].lookups;
		ret->matches += c[i].matches;
	}
}

/* --- Timeouts --- */

/* True if the flow is past a timeout, and which. */
static bool has_expired(const struct dp *dp, uint32_t flow, enum flow_removed_reason *ret_reason)
{
	const struct skep_flow *f = FLOW(dp, flow);
	uint64_t packets, bytes, used_ns;

	if (f->hard_timeout && boot_ns() - f->created_ns >= f->hard_timeout * NS_PER_S) {
		*ret_reason = FLOW_REMOVED_HARD_TIMEOUT;
		return true;
	}
	if (!f->idle_timeout)
		return false;
	flow_counts(dp, flow, &packets, &bytes, &used_ns);
	*ret_reason = FLOW_REMOVED_IDLE_TIMEOUT;
	return idle_ns(dp, flow, used_ns) >= f->idle_timeout * NS_PER_S;
}

void dp_expire(struct dp *dp)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < dp->n_timed; i++) {
		uint32_t flow = dp->timed[i];
		const struct skep_flow *f = FLOW(dp, flow);
		enum flow_removed_reason reason;

		if (f->rule && has_expired(dp, flow, &reason))
			flow_delete(dp, flow, reason);
		/* Those that are gone, however they went, leave the list. */
		f = FLOW(dp, flow);
		if (f->rule && (f->idle_timeout || f->hard_timeout))
			dp->timed[n++] = flow;
		else
			dp->is_timed[flow] = 0;
	}
	dp->n_timed = n;
	dp_commit(dp);
	reclaim_settle(dp);
}
