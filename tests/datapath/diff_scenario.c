// SPDX-License-Identifier: Apache-2.0
/* Scenarios; see diff.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tests/datapath/diff.h"

static const struct backend_port test_ports[] = {
	{ .ofport = 1 },
	{ .ofport = 2 },
	{ .ofport = 3 },
	{ .ofport = 4 },
	{ .ofport = 5 },
	{ .ofport = 6, .config = ORACLE_PORT_DOWN },
	{ .ofport = 7, .config = ORACLE_NO_FWD },
	{ .ofport = 8, .config = ORACLE_NO_RECV },
	{ .ofport = 9, .config = ORACLE_NO_PACKET_IN },
	{ .ofport = PORT_LOCAL },
};

_Static_assert(sizeof(test_ports) / sizeof(test_ports[0]) == DIFF_PORTS_MAX, "all are copied");

/* Which rules are in force: indices into diff_scenario.rules.  Of a failure also which packets, and changes of the table of
 * addresses, came before: indices into diff_scenario.steps, ascending. */
struct live {
	unsigned int n;
	unsigned int rule[DIFF_RULES_MAX];
	unsigned int n_before;
	unsigned int before[DIFF_STEPS_MAX];
	/* By number - 1: version + 1 of the group, meter; and the ports' configuration, where 'is_port_changed'. */
	unsigned int group[DIFF_GROUPS_MAX], meter[DIFF_METERS_MAX];
	bool is_port_changed[DIFF_PORTS_MAX];
	uint32_t port_config[DIFF_PORTS_MAX];
};

static void live_add(struct live *live, const struct diff_scenario *s, unsigned int rule)
{
	const struct flow_mod *fm = &s->rules[rule];

	for (unsigned int i = 0; i < live->n; i++) {
		const struct flow_mod *old = &s->rules[live->rule[i]];

		if (old->table_id == fm->table_id && old->priority == fm->priority &&
		    match_equal(&old->match, &fm->match)) {
			live->rule[i] = rule;
			return;
		}
	}
	live->rule[live->n++] = rule;
}

static void live_del(struct live *live, unsigned int rule)
{
	for (unsigned int i = 0; i < live->n; i++) {
		if (live->rule[i] == rule) {
			live->rule[i] = live->rule[--live->n];
			return;
		}
	}
}

static struct diff_step *add_step(struct diff_scenario *s, enum diff_step_type type)
{
	struct diff_step *step = &s->steps[s->n_steps++];

	memset(step, 0, sizeof(*step));
	step->type = type;
	return step;
}

static void make_add(struct diff_scenario *s, struct live *live, unsigned int rule)
{
	add_step(s, DIFF_ADD)->rule = rule;
	live_add(live, s, rule);
}

static void make_group(struct gen *g, struct diff_scenario *s, uint32_t group_id)
{
	if (s->n_groups == DIFF_GROUP_VERSIONS)
		return;
	gen_group(g, group_id, &s->groups[s->n_groups]);
	add_step(s, DIFF_GROUP)->rule = s->n_groups++;
}

static void make_meter(struct gen *g, struct diff_scenario *s, uint32_t meter_id)
{
	if (s->n_meters == DIFF_METER_VERSIONS)
		return;
	gen_meter(g, meter_id, &s->meters[s->n_meters]);
	add_step(s, DIFF_METER)->rule = s->n_meters++;
}

/* A port goes down or comes up again. */
static void make_port_change(struct gen *g, struct diff_scenario *s)
{
	struct diff_step *step = add_step(s, DIFF_PORT);

	step->rule = gen_below(g, s->config.n_ports);
	step->port_config = s->ports[step->rule].config;
	if (gen_chance(g, 50))
		step->port_config ^= ORACLE_PORT_DOWN;
}

/* What rules lead to is modified. */
static void make_other_change(struct gen *g, struct diff_scenario *s)
{
	uint32_t kind = gen_below(g, 3);

	if (kind == 0 && g->n_groups)
		make_group(g, s, 1 + gen_below(g, g->n_groups));
	else if (kind == 1 && g->n_meters)
		make_meter(g, s, 1 + gen_below(g, g->n_meters));
	else if (g->n_groups)
		make_port_change(g, s);
}

/* Groups and meters, for rules to lead to. */
static void make_groups_and_meters(struct gen *g, struct diff_scenario *s)
{
	unsigned int n_groups = gen_chance(g, 50) ? 1 + gen_below(g, DIFF_GROUPS_MAX) : 0;
	unsigned int n_meters = gen_chance(g, 30) ? 1 + gen_below(g, DIFF_METERS_MAX) : 0;

	s->n_groups = s->n_meters = 0;
	while (g->n_groups < n_groups)
		make_group(g, s, ++g->n_groups);
	while (g->n_meters < n_meters)
		make_meter(g, s, ++g->n_meters);
}

/* Rules come, go and are replaced. */
static void make_change(struct gen *g, struct diff_scenario *s, struct live *live)
{
	unsigned int rule = live->n ? live->rule[gen_below(g, live->n)] : 0;
	uint32_t kind = gen_below(g, 3);

	if (kind == 0 && live->n) {
		add_step(s, DIFF_DEL)->rule = rule;
		live_del(live, rule);
	} else if (s->n_rules < DIFF_RULES_MAX) {
		if (kind == 1 && live->n) {
			gen_replacement(g, &s->tables, &s->rules[rule], &s->rules[s->n_rules]);
			s->n_rules++;
		} else {
			s->n_rules += gen_rules(g, &s->tables, s->frames, s->n_frames, s->rules,
						s->n_rules, 1);
		}
		if (s->n_rules > 0)
			make_add(s, live, s->n_rules - 1);
	}
}

static void make_packet(struct gen *g, struct diff_scenario *s)
{
	bool is_out = gen_chance(g, 6);
	struct diff_step *step = add_step(s, is_out ? DIFF_PACKET_OUT : DIFF_RUN);

	step->frame = gen_below(g, s->n_frames);
	step->in_port = gen_in_port(g);
	if (is_out) {
		step->list = gen_below(g, s->n_lists);
		if (gen_chance(g, 40))
			step->in_port = PORT_CONTROLLER;
		return;
	}
	/* The flow cache knows it then. */
	while (!s->config.no_cache && gen_chance(g, 50)) {
		struct diff_step *again = add_step(s, DIFF_RUN);

		again->frame = step->frame;
		again->in_port = step->in_port;
	}
}

/* The table of addresses is changed by hand. */
static void make_fdb_change(struct gen *g, struct diff_scenario *s)
{
	static const enum diff_step_type types[] = { DIFF_FDB_SET, DIFF_FDB_DEL, DIFF_FDB_DEL,
						     DIFF_FDB_FLUSH };
	struct diff_step *step = add_step(s, types[gen_below(g, 4)]);

	gen_fdb_entry(g, &step->entry);
	if (step->type == DIFF_FDB_FLUSH && gen_chance(g, 30))
		step->entry.ofport = PORT_ANY;
}

/* How many rules to begin with: a few, dozens, or now and then a crowd. */
static unsigned int n_wanted(struct gen *g)
{
	if (gen_chance(g, 1))
		return 200 + gen_below(g, 800);
	return 1 + gen_below(g, gen_chance(g, 40) ? 16 : 72);
}

/* A bridge that learns. */
static void make_normal(struct gen *g, struct diff_scenario *s)
{
	g->normal = 60;
	s->config.is_standalone = gen_chance(g, 30);
	s->config.forward_bpdu = gen_chance(g, 20);
	s->config.n_static = gen_below(g, DIFF_STATIC_MAX + 1);
	for (unsigned int i = 0; i < s->config.n_static; i++)
		gen_fdb_entry(g, &s->static_entries[i]);
	for (unsigned int i = 0; i < s->config.n_ports && gen_chance(g, 98); i++)
		gen_port_vlan(g, &s->ports[i].vlan);
	for (unsigned int i = 0; i < s->n_frames; i++)
		gen_bridged_frame(g, &s->frames[i]);
}

void diff_scenario_make(struct diff_scenario *s, uint64_t seed)
{
	unsigned int n_packets, n_first;
	struct live live = { 0 };
	bool is_normal;
	struct gen g;

	gen_init(&g, seed);
	s->seed = seed;
	memcpy(s->ports, test_ports, sizeof(s->ports));
	s->config = (struct backend_config){ .ports = s->ports,
					     .n_ports = DIFF_PORTS_MAX,
					     .frag_drop = gen_chance(&g, 5),
					     .no_cache = seed >> 9 & 1,
					     .no_pruning = seed >> 10 & 1,
					     .static_entries = s->static_entries };
	s->n_steps = s->n_rules = 0;

	s->n_frames = 4 + gen_below(&g, DIFF_FRAMES_MAX - 3);
	for (unsigned int i = 0; i < s->n_frames; i++)
		gen_frame(&g, &s->frames[i]);
	is_normal = gen_chance(&g, 20);
	if (is_normal)
		make_normal(&g, s);
	make_groups_and_meters(&g, s);
	s->n_lists = DIFF_LISTS_MAX;
	for (unsigned int i = 0; i < s->n_lists; i++)
		gen_packet_out(&g, &s->lists[i]);

	gen_tables(&g, &s->tables);
	n_first = gen_rules(&g, &s->tables, s->frames, s->n_frames, s->rules, 0, n_wanted(&g));
	s->n_rules = n_first;
	for (unsigned int i = 0; i < n_first; i++)
		make_add(s, &live, i);

	n_packets = 2 * s->n_frames + gen_below(&g, 32);
	while (n_packets-- > 0) {
		make_packet(&g, s);
		if (gen_chance(&g, 15))
			make_change(&g, s, &live);
		if (gen_chance(&g, 6))
			make_other_change(&g, s);
		if (is_normal && gen_chance(&g, 5))
			make_fdb_change(&g, s);
	}
}

/* Running. */

/* Large, and one scenario runs at a time. */
static struct oracle_result expected, actual;
static struct diff_fdb expected_fdb, actual_fdb;

static int backend_error(const struct backend *b, const char *what, int error)
{
	fprintf(stderr, "diff: backend %s: %s: %s\n", b->name, what, strerror(-error));
	return error;
}

static int add_rule(struct oracle *o, const struct backend *b, const struct flow_mod *fm)
{
	int error = b->add(fm);

	if (error) {
		diff_print_rule(stderr, fm);
		return backend_error(b, "add", error);
	}
	oracle_add(o, fm);
	return 0;
}

static int del_rule(struct oracle *o, const struct backend *b, struct flow_mod *fm)
{
	int error;

	fm->command = FLOW_DELETE_STRICT;
	error = b->del_strict(fm);
	fm->command = FLOW_ADD;
	if (error) {
		diff_print_rule(stderr, fm);
		return backend_error(b, "del_strict", error);
	}
	oracle_del_strict(o, fm);
	return 0;
}

static int set_group(struct oracle *o, const struct backend *b, struct group_mod *gm)
{
	int error;

	gm->command = oracle_has_group(o, gm->group_id) ? GROUP_MODIFY : GROUP_ADD;
	error = b->group_mod(gm);
	if (error) {
		diff_print_group(stderr, gm);
		return backend_error(b, "group_mod", error);
	}
	oracle_group_mod(o, gm);
	return 0;
}

static int set_meter(struct oracle *o, const struct backend *b, struct meter_mod *mm)
{
	int error;

	mm->command = oracle_has_meter(o, mm->meter_id) ? METER_MODIFY : METER_ADD;
	error = b->meter_mod(mm);
	if (error) {
		diff_print_meter(stderr, mm);
		return backend_error(b, "meter_mod", error);
	}
	oracle_meter_mod(o, mm);
	return 0;
}

static int set_port(struct oracle *o, const struct backend *b, const struct backend_port *port, uint32_t config)
{
	int error = b->set_port(port->ofport, config);

	oracle_set_port_config(o, port->ofport, config);
	return error ? backend_error(b, "set_port", error) : 0;
}

static int change_fdb(struct oracle *o, const struct backend *b, const struct diff_step *step)
{
	const struct oracle_fdb_entry *e = &step->entry;
	int error = 0;

	switch (step->type) {
	case DIFF_FDB_SET:
		oracle_fdb_set(o, e);
		error = b->fdb_set(e);
		return error ? backend_error(b, "fdb_set", error) : 0;
	case DIFF_FDB_DEL:
		error = b->fdb_del(e->vlan, e->mac);
		if (error == (oracle_fdb_del(o, e->vlan, e->mac) ? 0 : -ENOENT))
			return 0;
		return backend_error(b, "fdb_del", error ? error : -EEXIST);
	default:
		oracle_fdb_flush(o, e->ofport);
		b->fdb_flush(e->ofport);
		return 0;
	}
}

/* 1 if the tables of addresses differ, 0 if not. */
static int compare_fdbs(const struct oracle *o, const struct backend *b, char *why, size_t why_size)
{
	expected_fdb.n = oracle_fdb_dump(o, expected_fdb.entries, DIFF_FDB_MAX);
	actual_fdb.n = b->fdb_dump(actual_fdb.entries, DIFF_FDB_MAX);
	return !diff_fdbs_equal(&expected_fdb, &actual_fdb, why, why_size);
}

/* Of so many allowed results the backend's is looked for. */
enum { ALLOWED_MAX = 3000 };

static void run_oracle(struct oracle *o, const struct diff_scenario *s, const struct diff_step *step)
{
	const struct gen_frame *frame = &s->frames[step->frame];

	if (step->type == DIFF_PACKET_OUT)
		oracle_packet_out(o, step->in_port, &s->lists[step->list], frame->b, frame->len,
				  &expected);
	else
		oracle_run(o, step->in_port, frame->b, frame->len, &expected);
}

/* Whether the oracle, which has run, allows what is in 'actual': looks through its results until
 * one is. */
static bool find_result(struct oracle *o, const struct backend *b, const struct diff_scenario *s,
			const struct diff_step *step, char *why, size_t why_size)
{
	bool is_equal = diff_results_equal(&expected, &actual, b->flags, why, why_size);

	for (unsigned int n = 0;
	     !is_equal && !expected.overflow && n < ALLOWED_MAX && oracle_choose_again(o); n++) {
		run_oracle(o, s, step);
		is_equal = diff_results_equal(&expected, &actual, b->flags, why, why_size);
	}
	return is_equal;
}

/* Whether the result that was found is the only one that is equal: two flows of one packet may have
 * had each other's buckets, where what those did cannot be told apart.  Leaves the oracle with the
 * result that was found first. */
static bool is_only_result(struct oracle *o, const struct backend *b, const struct diff_scenario *s,
			   const struct diff_step *step)
{
	char why[256];
	bool is_only = true;
	unsigned int n = 0;

	if (oracle_n_choices(o) < 2)
		return true;
	for (; is_only && n < ALLOWED_MAX && oracle_choose_again(o); n++) {
		run_oracle(o, s, step);
		is_only = !diff_results_equal(&expected, &actual, b->flags, why, sizeof(why));
	}
	oracle_choose_anew(o);
	run_oracle(o, s, step);
	find_result(o, b, s, step, why, sizeof(why));
	return is_only && n < ALLOWED_MAX;
}

/* Sends the packet of 'step' both ways: 0 if the results are equal, 1 if not, or an error. */
static int run_packet(struct oracle *o, const struct backend *b,
		      const struct diff_scenario *s, const struct diff_step *step,
		      struct diff_stats *stats, char *why, size_t why_size)
{
	const struct gen_frame *frame = &s->frames[step->frame];
	bool is_out = step->type == DIFF_PACKET_OUT, is_equal;
	int error;

	if (is_out && !b->packet_out) {
		stats->n_skipped++;
		return 0;
	}
	run_oracle(o, s, step);
	oracle_result_init(&actual);
	error = is_out ? b->packet_out(step->in_port, &s->lists[step->list], frame->b, frame->len,
				       &actual)
		       : b->run(step->in_port, frame->b, frame->len, &actual);
	if (error)
		return backend_error(b, is_out ? "packet_out" : "run", error);
	is_equal = find_result(o, b, s, step, why, why_size);
	oracle_chosen(o, is_equal && !expected.overflow && is_only_result(o, b, s, step));
	/* Sent to the backend all the same: both have learned from it. */
	if (expected.overflow) {
		stats->n_skipped++;
		return 0;
	}

	stats->n_cases++;
	stats->n_ends[expected.end]++;
	stats->n_hits += expected.n_hits;
	stats->n_outputs += expected.n_outputs;
	for (unsigned int i = 0; i < expected.n_outputs; i++)
		stats->n_packet_ins += expected.outputs[i].kind == ORACLE_TO_CONTROLLER;
	return !is_equal;
}

struct shrink {
	struct diff_scenario *s;
	const struct backend *b;
	const struct diff_step *step;
	struct live *live;
	bool is_fdb; /* it is the tables of addresses that differ afterwards, and not the results */
	char *why;
	size_t why_size;
};

/* A packet, or a change of the addresses: as run_packet().  What rules are in force, *k->live says. */
static int run_again(const struct shrink *k, struct oracle *o, const struct diff_step *step)
{
	struct diff_stats ignored = { 0 };

	if (step->type < DIFF_RUN)
		return 0;
	if (step->type >= DIFF_FDB_SET)
		return change_fdb(o, k->b, step);
	return run_packet(o, k->b, k->s, step, &ignored, k->why, k->why_size);
}

/* Groups, meters and ports as they were at the step in question. */
static int restore(const struct shrink *k, struct oracle *o)
{
	int error = 0;

	for (unsigned int i = 0; i < DIFF_GROUPS_MAX && !error; i++) {
		if (k->live->group[i])
			error = set_group(o, k->b, &k->s->groups[k->live->group[i] - 1].gm);
	}
	for (unsigned int i = 0; i < DIFF_METERS_MAX && !error; i++) {
		if (k->live->meter[i])
			error = set_meter(o, k->b, &k->s->meters[k->live->meter[i] - 1]);
	}
	for (unsigned int i = 0; i < DIFF_PORTS_MAX && !error; i++) {
		if (k->live->is_port_changed[i])
			error = set_port(o, k->b, &k->s->ports[i], k->live->port_config[i]);
	}
	return error;
}

/* True if 'step' still differs, on a new switch with the rules in force after those before it that are left. */
static bool shrink_fails(const struct shrink *k)
{
	const struct diff_scenario *s = k->s;
	const struct live *live = k->live;
	struct oracle *o = backend_make_oracle(&s->config);
	int error = k->b->reset(&s->config);

	if (!error)
		error = restore(k, o);
	for (unsigned int i = 0; i < live->n && !error; i++)
		error = add_rule(o, k->b, &s->rules[live->rule[i]]);
	for (unsigned int i = 0; i < live->n_before && error >= 0; i++)
		error = run_again(k, o, &s->steps[live->before[i]]);
	if (error >= 0)
		error = run_again(k, o, k->step);
	if (error >= 0 && k->is_fdb)
		error = compare_fdbs(o, k->b, k->why, k->why_size);
	oracle_free(o);
	return error == 1;
}

/* Leaves out every action that can go. */
static void shrink_list(const struct shrink *k, struct action_list *list)
{
	for (unsigned int i = list->n; i-- > 0;) {
		struct action gone = list->a[i];

		memmove(&list->a[i], &list->a[i + 1], (list->n - i - 1) * sizeof(list->a[0]));
		list->n--;
		if (shrink_fails(k))
			continue;
		memmove(&list->a[i + 1], &list->a[i], (list->n - i) * sizeof(list->a[0]));
		list->a[i] = gone;
		list->n++;
	}
}

static void shrink_instructions(const struct shrink *k, struct instructions *in)
{
	bool *const flags[] = { &in->has_apply, &in->has_clear, &in->has_write, &in->has_metadata };

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!*flags[i])
			continue;
		*flags[i] = false;
		if (!shrink_fails(k))
			*flags[i] = true;
	}
	if (in->has_apply)
		shrink_list(k, &in->apply);
	if (in->has_write)
		shrink_list(k, &in->write);
}

/* Leaves out of 'list', which is part of *k->live, all that can go: first many at once, then one by one. */
static void shrink_indices(const struct shrink *k, unsigned int *list, unsigned int *n_list)
{
	for (unsigned int n = (*n_list + 1) / 2; n > 0; n /= 2) {
		for (unsigned int i = 0; i < *n_list;) {
			unsigned int gone = *n_list - i < n ? *n_list - i : n;
			struct live all = *k->live;

			*n_list -= gone;
			memmove(&list[i], &list[i + gone], (*n_list - i) * sizeof(list[0]));
			if (shrink_fails(k))
				continue;
			*k->live = all;
			i += gone;
		}
	}
}

static void shrink(const struct shrink *k)
{
	struct live *live = k->live;

	shrink_indices(k, live->before, &live->n_before);
	shrink_indices(k, live->rule, &live->n);
	for (unsigned int i = 0; i < live->n; i++)
		shrink_instructions(k, &k->s->rules[live->rule[i]].instructions);
	if (k->step->type == DIFF_PACKET_OUT)
		shrink_list(k, &k->s->lists[k->step->list]);
}

static void print_step(const struct diff_scenario *s, const struct diff_step *step)
{
	switch (step->type) {
	case DIFF_GROUP:
		diff_print_group(stderr, &s->groups[step->rule].gm);
		return;
	case DIFF_METER:
		diff_print_meter(stderr, &s->meters[step->rule]);
		return;
	case DIFF_PORT:
		fprintf(stderr, "port 0x%" PRIx32 " has config 0x%" PRIx32 "\n", s->ports[step->rule].ofport,
			step->port_config);
		return;
	case DIFF_ADD:
	case DIFF_DEL:
		fprintf(stderr, step->type == DIFF_ADD ? "add\n" : "delete\n");
		diff_print_rule(stderr, &s->rules[step->rule]);
		return;
	case DIFF_RUN:
		fprintf(stderr, "packet received by port 0x%" PRIx32, step->in_port);
		break;
	case DIFF_PACKET_OUT:
		fprintf(stderr, "packet-out with in_port 0x%" PRIx32 ", actions ", step->in_port);
		diff_print_list(stderr, &s->lists[step->list]);
		break;
	case DIFF_FDB_SET:
	case DIFF_FDB_DEL:
		fprintf(stderr, step->type == DIFF_FDB_SET ? "fdb_set " : "fdb_del ");
		diff_print_fdb_entry(stderr, &step->entry);
		return;
	case DIFF_FDB_FLUSH:
		fprintf(stderr, "fdb_flush of port 0x%" PRIx32 "\n", step->entry.ofport);
		return;
	}
	fprintf(stderr, ", %zu bytes:\n  ", s->frames[step->frame].len);
	diff_print_frame(stderr, s->frames[step->frame].b, s->frames[step->frame].len);
}

static void print_fdb(const struct diff_fdb *fdb)
{
	for (unsigned int i = 0; i < fdb->n && i < DIFF_FDB_MAX; i++) {
		fprintf(stderr, "  ");
		diff_print_fdb_entry(stderr, &fdb->entries[i]);
	}
}

static void print_results(const struct shrink *k)
{
	fprintf(stderr, "expected (%s):\n", k->is_fdb ? "addresses" : oracle_end_names[expected.end]);
	if (k->is_fdb)
		print_fdb(&expected_fdb);
	else
		diff_print_result(stderr, &expected);
	fprintf(stderr, "actual:\n");
	if (k->is_fdb)
		print_fdb(&actual_fdb);
	else
		diff_print_result(stderr, &actual);
}

/* Notes all packets, and changes of addresses, before step number 'at'. */
static void packets_before(struct live *live, const struct diff_scenario *s, unsigned int at)
{
	for (unsigned int i = 0; i < at; i++) {
		if (s->steps[i].type >= DIFF_RUN)
			live->before[live->n_before++] = i;
	}
}

static void print_restored(const struct diff_scenario *s, const struct live *live)
{
	for (unsigned int i = 0; i < DIFF_GROUPS_MAX; i++) {
		if (live->group[i])
			diff_print_group(stderr, &s->groups[live->group[i] - 1].gm);
	}
	for (unsigned int i = 0; i < DIFF_METERS_MAX; i++) {
		if (live->meter[i])
			diff_print_meter(stderr, &s->meters[live->meter[i] - 1]);
	}
	for (unsigned int i = 0; i < DIFF_PORTS_MAX; i++) {
		if (live->is_port_changed[i])
			fprintf(stderr, "  port 0x%" PRIx32 " has config 0x%" PRIx32 "\n", s->ports[i].ofport,
				live->port_config[i]);
	}
}

/* Step number 'at' gave another result than expected, or, where 'is_fdb', other addresses. */
static void report(struct diff_scenario *s, const struct backend *b, struct live *live,
		   unsigned int at, bool is_fdb, char *why, size_t why_size)
{
	const struct diff_step *step = &s->steps[at];
	char first[200];
	const struct shrink k = { s, b, step, live, is_fdb, why, why_size };

	snprintf(first, sizeof(first), "%s", why);
	live->n_before = 0;
	if (!shrink_fails(&k))
		packets_before(live, s, at);
	if (!shrink_fails(&k)) {
		fprintf(stderr, "diff: backend %s, step %u: %s\n", b->name, at, first);
		fprintf(stderr, "It depends on what came before; all steps up to it:\n");
		for (unsigned int i = 0; i <= at; i++)
			print_step(s, &s->steps[i]);
		return;
	}
	shrink(&k);
	shrink_fails(&k); /* for its results */
	fprintf(stderr, "diff: backend %s, step %u: %s\n", b->name, at, first);
	fprintf(stderr, "Shrunk to %u rules%s: %s\n", live->n,
		s->config.frag_drop ? " (with OFPC_FRAG_DROP)" : "", why);
	diff_print_config(stderr, &s->config);
	print_restored(s, live);
	for (unsigned int i = 0; i < live->n; i++)
		diff_print_rule(stderr, &s->rules[live->rule[i]]);
	for (unsigned int i = 0; i < live->n_before; i++)
		print_step(s, &s->steps[live->before[i]]);
	print_step(s, step);
	print_results(&k);
}

static int run_step(struct diff_scenario *s, const struct backend *b, struct oracle *o,
		    struct live *live, const struct diff_step *step, struct diff_stats *stats,
		    char *why, size_t why_size)
{
	int error;

	switch (step->type) {
	case DIFF_ADD:
		error = add_rule(o, b, &s->rules[step->rule]);
		live_add(live, s, step->rule);
		return error;
	case DIFF_DEL:
		error = del_rule(o, b, &s->rules[step->rule]);
		live_del(live, step->rule);
		return error;
	case DIFF_GROUP:
		live->group[s->groups[step->rule].gm.group_id - 1] = step->rule + 1;
		return set_group(o, b, &s->groups[step->rule].gm);
	case DIFF_METER:
		live->meter[s->meters[step->rule].meter_id - 1] = step->rule + 1;
		return set_meter(o, b, &s->meters[step->rule]);
	case DIFF_PORT:
		live->is_port_changed[step->rule] = true;
		live->port_config[step->rule] = step->port_config;
		return set_port(o, b, &s->ports[step->rule], step->port_config);
	case DIFF_RUN:
	case DIFF_PACKET_OUT:
		return run_packet(o, b, s, step, stats, why, why_size);
	case DIFF_FDB_SET:
	case DIFF_FDB_DEL:
	case DIFF_FDB_FLUSH:
		return change_fdb(o, b, step);
	}
	return -EINVAL;
}

/* True if the tables of addresses are compared after step 'at' anyway: at the end, and before they are changed by hand, which could hide a
 * difference. */
static bool is_fdb_checked(const struct diff_scenario *s, unsigned int at)
{
	return at == s->n_steps - 1 || s->steps[at + 1].type >= DIFF_FDB_SET;
}

/* Runs all steps.  1 if there is a difference, which is reported.  The tables of addresses are compared after some steps, or each, to
 * know which one it was. */
static int run_steps(struct diff_scenario *s, const struct backend *b, bool after_each,
		     struct diff_stats *stats)
{
	struct oracle *o = backend_make_oracle(&s->config);
	struct live live = { 0 };
	bool is_fdb = false;
	char why[200] = "";
	int error;

	error = b->reset(&s->config);
	if (error)
		backend_error(b, "reset", error);
	for (unsigned int i = 0; i < s->n_steps && !error; i++) {
		error = run_step(s, b, o, &live, &s->steps[i], stats, why, sizeof(why));
		if (!error && (after_each || is_fdb_checked(s, i))) {
			error = compare_fdbs(o, b, why, sizeof(why));
			is_fdb = error;
		}
		if (error == 1 && (after_each || !is_fdb))
			report(s, b, &live, i, is_fdb, why, sizeof(why));
	}
	oracle_free(o);
	/* Should it not happen again, it is still a difference. */
	if (is_fdb && !after_each) {
		fprintf(stderr, "diff: backend %s: %s\n", b->name, why);
		run_steps(s, b, true, stats);
	}
	return error;
}

int diff_scenario_run(struct diff_scenario *s, const struct backend *b, struct diff_stats *stats)
{
	return run_steps(s, b, false, stats);
}
