// SPDX-License-Identifier: Apache-2.0
/* Scenarios; see diff.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tests/datapath/diff.h"

static const struct backend_port test_ports[] = {
	{ 1, 0 },
	{ 2, 0 },
	{ 3, 0 },
	{ 4, 0 },
	{ 5, 0 },
	{ 6, ORACLE_PORT_DOWN },
	{ 7, ORACLE_NO_FWD },
	{ 8, ORACLE_NO_RECV },
	{ 9, ORACLE_NO_PACKET_IN },
	{ PORT_LOCAL, 0 },
};

enum { N_TEST_PORTS = sizeof(test_ports) / sizeof(test_ports[0]) };

/* Which rules are in force; indices into diff_scenario.rules. */
struct live {
	unsigned int n;
	unsigned int rule[DIFF_RULES_MAX];
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
	}
}

/* How many rules to begin with: a few, dozens, or now and then a crowd. */
static unsigned int n_wanted(struct gen *g)
{
	if (gen_chance(g, 1))
		return 200 + gen_below(g, 800);
	return 1 + gen_below(g, gen_chance(g, 40) ? 16 : 72);
}

void diff_scenario_make(struct diff_scenario *s, uint64_t seed)
{
	unsigned int n_packets, n_first;
	struct live live = { 0 };
	struct gen g;

	gen_init(&g, seed);
	s->seed = seed;
	s->config.ports = test_ports;
	s->config.n_ports = N_TEST_PORTS;
	s->config.frag_drop = gen_chance(&g, 5);
	s->n_steps = s->n_rules = 0;

	s->n_frames = 4 + gen_below(&g, DIFF_FRAMES_MAX - 3);
	for (unsigned int i = 0; i < s->n_frames; i++)
		gen_frame(&g, &s->frames[i]);
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
	}
}

/* Running. */

/* Large, and one scenario runs at a time. */
static struct oracle_result expected, actual;

static struct oracle *make_oracle(const struct diff_scenario *s)
{
	struct oracle *o = oracle_new();

	for (unsigned int i = 0; i < s->config.n_ports; i++)
		oracle_set_port(o, s->config.ports[i].ofport, s->config.ports[i].config, true);
	oracle_set_frag_drop(o, s->config.frag_drop);
	return o;
}

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

/* Sends the packet of 'step' both ways: 0 if the results are equal, 1 if not, or an error. */
static int run_packet(const struct oracle *o, const struct backend *b,
		      const struct diff_scenario *s, const struct diff_step *step,
		      struct diff_stats *stats, char *why, size_t why_size)
{
	const struct gen_frame *frame = &s->frames[step->frame];
	bool is_out = step->type == DIFF_PACKET_OUT;
	int error;

	if (is_out)
		oracle_packet_out(o, step->in_port, &s->lists[step->list], frame->b, frame->len,
				  &expected);
	else
		oracle_run(o, step->in_port, frame->b, frame->len, &expected);
	if (expected.overflow || (is_out && !b->packet_out)) {
		stats->n_skipped++;
		return 0;
	}
	oracle_result_init(&actual);
	error = is_out ? b->packet_out(step->in_port, &s->lists[step->list], frame->b, frame->len,
				       &actual)
		       : b->run(step->in_port, frame->b, frame->len, &actual);
	if (error)
		return backend_error(b, is_out ? "packet_out" : "run", error);

	stats->n_cases++;
	stats->n_ends[expected.end]++;
	stats->n_hits += expected.n_hits;
	stats->n_outputs += expected.n_outputs;
	for (unsigned int i = 0; i < expected.n_outputs; i++)
		stats->n_packet_ins += expected.outputs[i].kind == ORACLE_TO_CONTROLLER;
	return !diff_results_equal(&expected, &actual, b->flags, why, why_size);
}

/* True if the packet of 'step' alone still differs, sent to a new switch with the rules in force.
 */
static bool still_fails(const struct diff_scenario *s, const struct backend *b,
			const struct live *live, const struct diff_step *step, char *why,
			size_t why_size)
{
	struct diff_stats ignored = { 0 };
	struct oracle *o = make_oracle(s);
	int error = b->reset(&s->config);

	for (unsigned int i = 0; i < live->n && !error; i++)
		error = add_rule(o, b, &s->rules[live->rule[i]]);
	if (!error)
		error = run_packet(o, b, s, step, &ignored, why, why_size);
	oracle_free(o);
	return error == 1;
}

struct shrink {
	struct diff_scenario *s;
	const struct backend *b;
	const struct diff_step *step;
	struct live *live;
	char *why;
	size_t why_size;
};

static bool shrink_fails(const struct shrink *k)
{
	return still_fails(k->s, k->b, k->live, k->step, k->why, k->why_size);
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

/* Leaves out every rule that can go: first many at once, then one by one. */
static void shrink_rules(const struct shrink *k)
{
	struct live *live = k->live;

	for (unsigned int n = (live->n + 1) / 2; n > 0; n /= 2) {
		for (unsigned int i = 0; i < live->n;) {
			unsigned int gone = live->n - i < n ? live->n - i : n;
			struct live all = *live;

			live->n -= gone;
			memmove(&live->rule[i], &live->rule[i + gone],
				(live->n - i) * sizeof(live->rule[0]));
			if (shrink_fails(k))
				continue;
			*live = all;
			i += gone;
		}
	}
}

static void shrink(const struct shrink *k)
{
	struct live *live = k->live;

	shrink_rules(k);
	for (unsigned int i = 0; i < live->n; i++)
		shrink_instructions(k, &k->s->rules[live->rule[i]].instructions);
	if (k->step->type == DIFF_PACKET_OUT)
		shrink_list(k, &k->s->lists[k->step->list]);
}

static void print_step(const struct diff_scenario *s, const struct diff_step *step)
{
	switch (step->type) {
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
	}
	fprintf(stderr, ", %zu bytes:\n  ", s->frames[step->frame].len);
	diff_print_frame(stderr, s->frames[step->frame].b, s->frames[step->frame].len);
}

/* Step number 'at' gave another result than expected. */
static void report(struct diff_scenario *s, const struct backend *b, struct live *live,
		   unsigned int at, char *why, size_t why_size)
{
	const struct diff_step *step = &s->steps[at];
	char first[200];
	const struct shrink k = { s, b, step, live, why, why_size };

	snprintf(first, sizeof(first), "%s", why);
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
	for (unsigned int i = 0; i < live->n; i++)
		diff_print_rule(stderr, &s->rules[live->rule[i]]);
	print_step(s, step);
	fprintf(stderr, "expected (%s):\n", oracle_end_names[expected.end]);
	diff_print_result(stderr, &expected);
	fprintf(stderr, "actual:\n");
	diff_print_result(stderr, &actual);
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
	case DIFF_RUN:
	case DIFF_PACKET_OUT:
		return run_packet(o, b, s, step, stats, why, why_size);
	}
	return -EINVAL;
}

int diff_scenario_run(struct diff_scenario *s, const struct backend *b, struct diff_stats *stats)
{
	struct oracle *o = make_oracle(s);
	struct live live = { 0 };
	char why[200] = "";
	int error;

	error = b->reset(&s->config);
	if (error)
		backend_error(b, "reset", error);
	for (unsigned int i = 0; i < s->n_steps && !error; i++) {
		error = run_step(s, b, o, &live, &s->steps[i], stats, why, sizeof(why));
		if (error == 1)
			report(s, b, &live, i, why, sizeof(why));
	}
	oracle_free(o);
	return error;
}
