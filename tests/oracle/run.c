// SPDX-License-Identifier: Apache-2.0
/* The pipeline: what the switch does with a packet; see oracle.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/private.h"

/* The action set of OF1.3.5 §5.10. */
struct action_set {
	bool has[N_ACTION_TYPES]; /* but SET_FIELD */
	struct action action[N_ACTION_TYPES];
	uint64_t fields; /* bit per enum field_id */
	struct field_value value[N_FIELD_IDS];
};

/* On whose behalf an action is executed: what a packet-in says. */
struct cause {
	enum oracle_reason reason;
	uint64_t cookie;
	uint8_t table_id;
	bool is_packet_out;
};

/* One packet on its way. */
struct run {
	struct oracle *o;
	struct oracle_result *r;
	struct oracle_packet pkt;
	uint32_t in_port;
	uint64_t metadata;
	struct field_value tunnel[N_FIELD_IDS]; /* of the tunnel fields: of no tunnel until set */
	struct action_set set;
};

const char *const oracle_end_names[N_ORACLE_ENDS] = {
	[ORACLE_END_RUNT] = "runt",	    [ORACLE_END_PORT] = "port",
	[ORACLE_END_FRAGMENT] = "fragment", [ORACLE_END_MISS] = "miss",
	[ORACLE_END_TTL] = "invalid ttl",   [ORACLE_END_SET] = "action set",
	[ORACLE_END_LIST] = "action list",  [ORACLE_END_NORMAL] = "standalone",
	[ORACLE_END_METER] = "meter",
};

/* Output. */

static void send_to_controller(struct run *run, const struct cause *cause,
			       enum oracle_reason reason, uint16_t max_len)
{
	const struct port *in_port = oracle_find_port(run->o, run->in_port);
	struct oracle_output *out;

	if (reason == ORACLE_NO_MATCH && in_port && in_port->config & ORACLE_NO_PACKET_IN)
		return;
	out = oracle_result_add(run->r, ORACLE_TO_CONTROLLER, run->pkt.b, run->pkt.len);
	if (!out)
		return;
	out->reason = reason;
	out->max_len = max_len;
	out->table_id = cause->table_id;
	out->total_len = (uint32_t)run->pkt.len;
	out->in_port = run->in_port;
	out->cookie = cause->cookie;
	out->metadata = run->metadata;
#define X(FIELD, MEMBER) out->tunnel.MEMBER = run->tunnel[FIELD];
	TUNNEL_FIELDS(X)
#undef X
}

static void send_to_port(struct run *run, uint32_t ofport)
{
	const struct port *port = oracle_find_port(run->o, ofport);
	struct oracle_output *out;

	if (!port || port->config & (ORACLE_PORT_DOWN | ORACLE_NO_FWD))
		return;
	out = oracle_result_add(run->r, ORACLE_TO_PORT, run->pkt.b, run->pkt.len);
	if (out)
		out->port = ofport;
}

static void send_to_all(struct run *run)
{
	for (unsigned int i = 0; i < run->o->n_ports; i++) {
		uint32_t ofport = run->o->ports[i].ofport;

		if (ofport != run->in_port)
			send_to_port(run, ofport);
	}
}

/* NORMAL.  What it does to a packet's tag is for the copy that it sends. */

static void send_normal_to(const struct run *run, const struct port *port, uint16_t vlan)
{
	unsigned int n_before = run->r->n_outputs;
	struct run copy = *run;

	if (!oracle_vlan_send(&port->vlan, vlan, &copy.pkt)) {
		run->r->overflow = true;
		return;
	}
	send_to_port(&copy, port->ofport);
	if (run->r->n_outputs > n_before)
		run->r->outputs[n_before].is_normal = true;
}

static void send_normal(struct run *run)
{
	/* A packet-out may come from no port, as most do: it has its VLAN by its tag, and there is nothing to learn of it. */
	static const struct port no_port = { 0 };
	const struct port *in_port = oracle_find_port(run->o, run->in_port), *from = in_port;
	const uint8_t *dst = run->pkt.b, *src = run->pkt.b + 6;
	uint32_t known;
	uint16_t vlan;

	if (!from)
		from = &no_port;
	if (!oracle_vlan_received(&from->vlan, &run->pkt, &vlan))
		return;
	if (oracle_is_reserved(dst) && !run->o->forward_bpdu)
		return;
	if (in_port)
		oracle_fdb_learn(&run->o->fdb, src, vlan, run->in_port);
	known = oracle_fdb_find(&run->o->fdb, dst, vlan);
	for (unsigned int i = 0; i < run->o->n_ports; i++) {
		const struct port *port = &run->o->ports[i];

		if ((known && port->ofport != known) || port->ofport == run->in_port ||
		    !oracle_vlan_carried(&port->vlan, vlan) ||
		    (from->vlan.is_isolated && port->vlan.is_isolated))
			continue;
		send_normal_to(run, port, vlan);
	}
}

static enum oracle_end run_tables(struct run *run);

/* Output to TABLE: a copy of the packet goes its own way. */
static void send_to_table(const struct run *run)
{
	struct run *copy = oracle_check_memory(malloc(sizeof(*copy)));

	*copy = *run;
	copy->metadata = 0;
	memset(&copy->set, 0, sizeof(copy->set));
	run_tables(copy);
	free(copy);
}

static void output(struct run *run, const struct action *a, const struct cause *cause)
{
	uint32_t port = a->output.port;

	switch (port) {
	case PORT_CONTROLLER:
		send_to_controller(run, cause, cause->reason, a->output.max_len);
		break;
	case PORT_IN_PORT:
		send_to_port(run, run->in_port);
		break;
	case PORT_ALL:
	case PORT_FLOOD:
		send_to_all(run);
		break;
	case PORT_NORMAL:
		send_normal(run);
		break;
	case PORT_TABLE:
		if (cause->is_packet_out)
			send_to_table(run);
		break;
	default:
		if (port != run->in_port)
			send_to_port(run, port);
		break;
	}
}

static bool is_tunnel_field(enum field_id id)
{
	return id == FIELD_TUNNEL_ID || id >= FIELD_TUN_SRC;
}

/* Tunnel fields are no part of the frame. */
static void set_field(struct run *run, enum field_id id, const struct field_value *value)
{
	if (is_tunnel_field(id))
		run->tunnel[id] = *value;
	else
		oracle_set_field(&run->pkt, id, value);
}

static void execute_group(struct run *run, uint32_t group_id, uint8_t table_id);

/* The packet's TTL is not valid: that is told, and its processing ends. */
static bool bad_ttl(struct run *run, const struct cause *cause)
{
	send_to_controller(run, cause, ORACLE_INVALID_TTL, CONTROLLER_MAX_LEN_NO_BUFFER);
	return false;
}

/* Executes one action; false if the packet's processing ends with it (an invalid TTL). */
static bool execute(struct run *run, const struct action *a, const struct cause *cause)
{
	switch (a->type) {
	case ACTION_OUTPUT:
		output(run, a, cause);
		break;
	case ACTION_SET_FIELD:
		set_field(run, a->set_field.field, &a->set_field.value);
		break;
	case ACTION_PUSH_VLAN:
		if (!oracle_push_vlan(&run->pkt, a->ethertype))
			run->r->overflow = true;
		break;
	case ACTION_POP_VLAN:
		oracle_pop_vlan(&run->pkt);
		break;
	case ACTION_SET_NW_TTL:
		oracle_set_ttl(&run->pkt, a->ttl);
		break;
	case ACTION_DEC_NW_TTL:
		return oracle_dec_ttl(&run->pkt) || bad_ttl(run, cause);
	case ACTION_COPY_TTL_OUT:
		oracle_copy_ttl_out(&run->pkt);
		break;
	case ACTION_COPY_TTL_IN:
		oracle_copy_ttl_in(&run->pkt);
		break;
	case ACTION_SET_MPLS_TTL:
		oracle_set_mpls_ttl(&run->pkt, a->ttl);
		break;
	case ACTION_DEC_MPLS_TTL:
		return oracle_dec_mpls_ttl(&run->pkt) || bad_ttl(run, cause);
	case ACTION_PUSH_MPLS:
		if (!oracle_push_mpls(&run->pkt, a->ethertype))
			run->r->overflow = true;
		break;
	case ACTION_POP_MPLS:
		oracle_pop_mpls(&run->pkt, a->ethertype);
		break;
	case ACTION_PUSH_PBB:
		if (!oracle_push_pbb(&run->pkt, a->ethertype))
			run->r->overflow = true;
		break;
	case ACTION_POP_PBB:
		oracle_pop_pbb(&run->pkt);
		break;
	case ACTION_SET_QUEUE:
		break; /* for the port, and nothing that a packet shows */
	case ACTION_GROUP:
		execute_group(run, a->group_id, cause->table_id);
		break;
	case N_ACTION_TYPES:
		abort();
	}
	return true;
}

static bool execute_list(struct run *run, const struct action_list *list, const struct cause *cause)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (!execute(run, &list->a[i], cause))
			return false;
	}
	return true;
}

/* The action set. */

static void write_action(struct action_set *set, const struct action *a)
{
	if (a->type == ACTION_SET_FIELD) {
		set->fields |= 1ULL << a->set_field.field;
		set->value[a->set_field.field] = a->set_field.value;
		return;
	}
	set->has[a->type] = true;
	set->action[a->type] = *a;
}

/* Executes the action set, in the order of docs/semantics.md; false as execute(). */
static bool execute_set(struct run *run, uint8_t table_id)
{
	static const enum action_type order[] = {
		ACTION_COPY_TTL_IN, ACTION_POP_VLAN,	 ACTION_POP_PBB,     ACTION_POP_MPLS,
		ACTION_PUSH_MPLS,   ACTION_PUSH_PBB,	 ACTION_PUSH_VLAN,   ACTION_COPY_TTL_OUT,
		ACTION_DEC_MPLS_TTL, ACTION_DEC_NW_TTL, ACTION_SET_MPLS_TTL, ACTION_SET_NW_TTL,
		ACTION_SET_FIELD,   ACTION_SET_QUEUE,	 ACTION_GROUP,	     ACTION_OUTPUT,
	};
	const struct cause cause = { ORACLE_ACTION, ORACLE_NO_COOKIE, table_id, false };
	struct action_set *set = &run->set;

	if (set->has[ACTION_GROUP])
		set->has[ACTION_OUTPUT] = false;
	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (unsigned int id = 0; order[i] == ACTION_SET_FIELD && id < N_FIELD_IDS; id++) {
			if (set->fields >> id & 1)
				set_field(run, (enum field_id)id, &set->value[id]);
		}
		if (set->has[order[i]] && !execute(run, &set->action[order[i]], &cause))
			return false;
	}
	return true;
}

/* Groups. */

static void execute_bucket(const struct run *run, const struct group_mod *gm,
			   const struct bucket *bucket, uint8_t table_id)
{
	struct run *copy = oracle_check_memory(malloc(sizeof(*copy)));

	oracle_result_count(run->r, ORACLE_GROUP, gm->group_id, (int)(bucket - gm->buckets), 1,
			    run->pkt.len);
	*copy = *run;
	memset(&copy->set, 0, sizeof(copy->set));
	for (unsigned int i = 0; i < bucket->n_actions; i++)
		write_action(&copy->set, &bucket->actions[i]);
	execute_set(copy, table_id);
	free(copy);
}

static void execute_group(struct run *run, uint32_t group_id, uint8_t table_id)
{
	const struct group_mod *gm = oracle_find_group(run->o, group_id);
	const struct bucket *chosen = NULL;

	if (!gm)
		return;
	oracle_result_count(run->r, ORACLE_GROUP, group_id, -1, 1, run->pkt.len);
	if (gm->type == GROUP_TYPE_SELECT) {
		chosen = oracle_choose(run->o, gm, &run->pkt, run->r);
		if (chosen)
			execute_bucket(run, gm, chosen, table_id);
		return;
	}
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		if (gm->type == GROUP_TYPE_FF && !oracle_bucket_is_live(run->o, gm, &gm->buckets[i]))
			continue;
		execute_bucket(run, gm, &gm->buckets[i], table_id);
		if (gm->type == GROUP_TYPE_FF)
			return;
	}
}

/* The instruction; false if a band drops the packet. */
static bool execute_meter(struct run *run, uint32_t meter_id)
{
	struct oracle_meter *meter = oracle_meters_find(&run->o->meters, meter_id);
	struct band band;
	int number;

	if (!meter)
		return true;
	oracle_result_count(run->r, ORACLE_METER, meter_id, -1, 1, run->pkt.len);
	number = oracle_meter_act(meter, &band);
	if (meter->is_unknown)
		run->r->overflow = true;
	if (number < 0)
		return true;
	oracle_result_count(run->r, ORACLE_METER, meter_id, number, 1, run->pkt.len);
	if (band.type == BAND_DROP)
		return false;
	oracle_raise_drop_precedence(&run->pkt, band.prec_level);
	return true;
}

/* Tables. */

static bool matches(const struct match *m, const struct oracle_fields *f)
{
	enum field_id id;

	MATCH_FOR_EACH (m, id) {
		if (!oracle_fields_has(f, id))
			return false;
		for (unsigned int i = 0; i < field_table[id].n_bytes; i++) {
			if ((f->value[id].b[i] & m->mask[id].b[i]) != m->value[id].b[i])
				return false;
		}
	}
	return true;
}

static const struct flow_mod *lookup(const struct run *run, uint8_t table_id)
{
	const struct flow_mod *best = NULL;
	struct oracle_fields f;

	oracle_parse(&run->pkt, &f);
	f.present |= 1ULL << FIELD_IN_PORT | 1ULL << FIELD_IN_PHY_PORT | 1ULL << FIELD_METADATA;
	f.value[FIELD_IN_PORT] = field_value_from_u64(FIELD_IN_PORT, run->in_port);
	f.value[FIELD_IN_PHY_PORT] = f.value[FIELD_IN_PORT];
	f.value[FIELD_METADATA] = field_value_from_u64(FIELD_METADATA, run->metadata);
	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		if (!field_is_known(id) || !is_tunnel_field((enum field_id)id))
			continue;
		f.present |= 1ULL << id;
		f.value[id] = run->tunnel[id];
	}

	for (unsigned int i = 0; i < run->o->n_rules; i++) {
		const struct flow_mod *rule = run->o->rules[i];

		if (rule->table_id == table_id && (!best || rule->priority > best->priority) &&
		    matches(&rule->match, &f))
			best = rule;
	}
	return best;
}

static enum oracle_end run_tables(struct run *run)
{
	size_t len_on_entry = run->pkt.len;
	uint8_t table_id = 0;

	if (run->o->is_standalone) {
		send_normal(run);
		return ORACLE_END_NORMAL;
	}
	for (;;) {
		const struct flow_mod *rule = lookup(run, table_id);
		const struct instructions *in;
		struct cause cause;

		run->r->n_lookups[table_id]++;
		if (!rule)
			return ORACLE_END_MISS;
		run->r->n_matches[table_id]++;
		oracle_result_hit(run->r, rule->cookie, 1, len_on_entry);

		in = &rule->instructions;
		cause.is_packet_out = false;
		cause.table_id = table_id;
		cause.cookie = rule->cookie;
		cause.reason = rule->priority == 0 && rule->match.present == 0 ? ORACLE_NO_MATCH
									       : ORACLE_ACTION;
		if (in->has_meter && !execute_meter(run, in->meter_id))
			return ORACLE_END_METER;
		if (in->has_apply && !execute_list(run, &in->apply, &cause))
			return ORACLE_END_TTL;
		if (in->has_clear)
			memset(&run->set, 0, sizeof(run->set));
		for (unsigned int i = 0; in->has_write && i < in->write.n; i++)
			write_action(&run->set, &in->write.a[i]);
		if (in->has_metadata)
			run->metadata = (run->metadata & ~in->metadata_mask) |
					(in->metadata & in->metadata_mask);
		if (in->goto_table == TABLE_NONE)
			return execute_set(run, table_id) ? ORACLE_END_SET : ORACLE_END_TTL;
		if (in->goto_table <= table_id)
			abort(); /* not a valid rule */
		table_id = in->goto_table;
	}
}

/* Entrances. */

static void run_init(struct run *run, struct oracle *o, uint32_t in_port,
		     const uint8_t *frame, size_t len, struct oracle_result *r)
{
	oracle_save(o);
	run->o = o;
	run->r = r;
	run->in_port = in_port;
	run->metadata = 0;
	memset(run->tunnel, 0, sizeof(run->tunnel));
	memset(&run->set, 0, sizeof(run->set));
	run->pkt.len = len;
	memcpy(run->pkt.b, frame, len);
}

void oracle_run(struct oracle *o, uint32_t in_port, const uint8_t *frame, size_t len,
		struct oracle_result *r)
{
	const struct port *port = oracle_find_port(o, in_port);
	struct oracle_fields f;
	struct run run;

	oracle_result_init(r);
	o->n_made = 0;
	if (len > ORACLE_FRAME_MAX) {
		r->overflow = true;
		return;
	}
	if (!port || port->config & (ORACLE_PORT_DOWN | ORACLE_NO_RECV)) {
		r->end = ORACLE_END_PORT;
		return;
	}
	if (len < 14) {
		r->end = ORACLE_END_RUNT;
		return;
	}
	run_init(&run, o, in_port, frame, len, r);
	oracle_parse(&run.pkt, &f);
	if (o->frag_drop && f.is_fragment) {
		r->end = ORACLE_END_FRAGMENT;
		return;
	}
	r->end = run_tables(&run);
}

void oracle_packet_out(struct oracle *o, uint32_t in_port, const struct action_list *list,
		       const uint8_t *frame, size_t len, struct oracle_result *r)
{
	const struct cause cause = { ORACLE_ACTION, ORACLE_NO_COOKIE, 0, true };
	struct run run;

	oracle_result_init(r);
	o->n_made = 0;
	if (len > ORACLE_FRAME_MAX) {
		r->overflow = true;
		return;
	}
	if (len < 14) {
		r->end = ORACLE_END_RUNT;
		return;
	}
	run_init(&run, o, in_port, frame, len, r);
	r->end = execute_list(&run, list, &cause) ? ORACLE_END_LIST : ORACLE_END_TTL;
}
