// SPDX-License-Identifier: Apache-2.0
/*
 * Flow-mods: add, modify, delete (OF1.3.5 §6.4), staged for the next commit.  private.h states the invariants.
 *
 * Each function that changes a flow first makes sure of all that the change takes (reserve()), and cannot fail after that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"

/* Entries kept back from insertions, so that deleting from a full table always has the one that it may need. */
#define RULES_KEPT 64
/* Chains longer than this are shortened, by reclaiming or by a larger region, before they grow on. */
#define CHAIN_LONG (SKEP_CHAIN_MAX - 16)
/* Places in a table's list kept for subtables that are being moved; new masks get no place before. */
#define PLACES_KEPT 64
/* A region is this many times fuller than it should be before anybody waits for a grace period for it. */
#define OVERFULL 16u

struct subtable *flow_subtable(const struct dp *dp, uint32_t flow)
{
	return dp->by_id[FLOW(dp, flow)->mask_id];
}

/* --- Entries ---
 *
 * All that is staged is an entry that begins or one that ends: these two functions note that there is something to commit.
 */

static uint32_t entry_new(struct dp *dp, const struct subtable *s, const struct rule_words *words,
			  uint32_t flow, uint16_t prio, uint32_t cells)
{
	uint32_t idx = spans_alloc(&dp->rules, 0);
	struct skep_rule *r = RULE(dp, idx);

	PUBLISH(&r->flow, 0); /* no entry for adoption until it is whole */
	r->next[0] = r->next[1] = 0;
	r->added_prio = dp->staged << 16 | prio;
	r->removed = SKEP_VERSION_MAX | (uint64_t)cells_act(CELL(dp, cells)) << 48;
	r->cells = cells;
	memcpy(r->key, words->w, sizeof(r->key));
	if (s->n_words > 4) {
		r->key[3] = spans_alloc(&dp->keyx, 0);
		memcpy(KEYX(dp, r->key[3])->w, &words->w[3], sizeof(struct skep_keyx));
	}
	PUBLISH(&r->flow, flow);
	dp->is_dirty = true;
	return idx;
}

/* Ends entry 'rule' with the next commit.  One that would have come with it, too, no packet ever sees: it goes from its chain at once. */
static void entry_end(struct dp *dp, struct subtable *s, uint32_t rule, bool is_linked)
{
	struct skep_rule *r = RULE(dp, rule);

	PUBLISH(&r->removed, dp->staged);
	dp->is_dirty = true;
	if (is_linked && r->added_prio >> 16 == dp->staged) {
		chain_unlink(dp, s, rule);
		is_linked = false;
	}
	if (is_linked)
		garbage_put(dp, GARBAGE_UNLINK, rule, s->id);
	else
		garbage_put(dp, GARBAGE_RULE, rule,
			    s->n_words > 4 ? (uint32_t)r->key[3] : 0);
}

/* Gives 'flow' another entry, with 'cells', linked or hidden, in the place of the one it has. */
static void entry_swap(struct dp *dp, struct subtable *s, uint32_t flow, uint32_t cells,
		       bool was_linked, bool is_linked)
{
	uint32_t old = FLOW(dp, flow)->rule, new;
	struct rule_words words;

	rule_words(dp, s, old, &words);
	new = entry_new(dp, s, &words, flow, FLOW(dp, flow)->priority, cells);
	entry_end(dp, s, old, was_linked);
	if (is_linked)
		chain_link(dp, s, &words, new);
	FLOW(dp, flow)->rule = new;
}

static uint32_t cells_store(struct dp *dp, const struct skep_cell *cells, uint32_t n)
{
	uint32_t idx = spans_alloc(&dp->cells, spans_class(n));

	memcpy(CELL(dp, idx), cells, n * sizeof(*cells));
	meter_cells(dp, cells, true);
	group_cells(dp, cells, true);
	return idx;
}

static void cells_discard(struct dp *dp, uint32_t cells)
{
	meter_cells(dp, CELL(dp, cells), false);
	group_cells(dp, CELL(dp, cells), false);
	garbage_put(dp, GARBAGE_CELLS, cells,
		    spans_class(cells_head(CELL(dp, cells))->n_cells));
}

/* The first of the flows that have the key of 'flow'. */
static uint32_t same_head(const struct dp *dp, const struct subtable *s, uint32_t flow)
{
	struct rule_words words;
	uint32_t length, rule;

	rule_words(dp, s, FLOW(dp, flow)->rule, &words);
	rule = chain_find(dp, s, &words, &length);
	return rule ? RULE(dp, rule)->flow : 0;
}

/* --- Room --- */

static unsigned int n_key_words(const struct masked_key *mk)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SKEP_KEY_WORDS; i++)
		n += mk->mask.w[i] != 0;
	return n;
}

static bool is_chain_long(const struct dp *dp, const struct subtable *s,
			  const struct rule_words *words)
{
	uint32_t length;

	chain_find(dp, s, words, &length);
	return length >= CHAIN_LONG;
}

/* Makes the subtable for one more rule with 'key' what it should be.  -ENOSPC only if a chain would get too long. */
static int make_region(struct dp *dp, uint32_t table, const struct masked_key *mk)
{
	struct subtable *s = subtable_find(dp, table, &mk->mask);
	struct rule_words words;
	bool is_long;
	unsigned int log2;

	if (!s)
		return 0;
	subtable_words(s, &mk->key, &words);
	is_long = is_chain_long(dp, s, &words);
	if (is_long || (s->is_resizing && s->n_linked > OVERFULL << SKEP_REGION_LOG2(s->region))) {
		reclaim_run(dp, true);
		reclaim_run(dp, true);
		s = subtable_find(dp, table, &mk->mask);
		if (!s)
			return 0;
		is_long = is_chain_long(dp, s, &words); /* a mask has the same words in any subtable */
	}
	log2 = subtable_wanted_log2(s, is_long);
	if (!log2 || s->is_resizing)
		return is_long ? -ENOSPC : 0;
	return subtable_enlarge(dp, s->id, log2) && is_long ? -ENOSPC : 0;
}

/* Room for a new flow. */
static int make_room(struct dp *dp, const struct flow_new *new)
{
	struct need need = {
		.rules = 2 + RULES_KEPT,
		.flows = 1,
		.subtables = 2,
		.has_cells = true,
		.cells_class = spans_class(new->n_cells),
	};
	struct table_info *t = &dp->tables[new->table];
	int err;

	if (n_key_words(&new->mk) > 4)
		need.keyx = need.rules;
	err = make_region(dp, new->table, &new->mk);
	if (err)
		return err;
	if (t->n_places >= SKEP_SUBTABLES_MAX - PLACES_KEPT / 2)
		reclaim_all(dp);
	if (!subtable_find(dp, new->table, &new->mk.mask)) {
		prune_reserve(dp, new->table);
		need.has_lines = true;
		if (t->n_places >= SKEP_SUBTABLES_MAX - PLACES_KEPT)
			reclaim_all(dp);
		if (t->n_places >= SKEP_SUBTABLES_MAX - PLACES_KEPT)
			return -ENOSPC;
	}
	return reserve(dp, &need);
}

/* --- Insertion --- */

void flow_set_timed(struct dp *dp, uint32_t flow)
{
	const struct skep_flow *f = FLOW(dp, flow);

	if (dp->is_timed[flow] || (!f->idle_timeout && !f->hard_timeout))
		return;
	if (dp->n_timed == dp->cap_timed) {
		uint32_t cap = dp->cap_timed ? dp->cap_timed * 2 : 1024;
		uint32_t *p = realloc(dp->timed, cap * sizeof(*p));

		if (!p)
			return; /* it will not expire; dp_expire() has nothing to say it with */
		dp->timed = p;
		dp->cap_timed = cap;
	}
	dp->timed[dp->n_timed++] = flow;
	dp->is_timed[flow] = 1;
}

static void describe_flow(struct dp *dp, uint32_t flow, const struct flow_new *new)
{
	struct skep_flow *f = FLOW(dp, flow);

	f->cookie = new->cookie;
	f->created_ns = new->created_ns;
	f->table = new->table;
	f->idle_timeout = new->idle_timeout;
	f->hard_timeout = new->hard_timeout;
	f->flags = new->flags;
	f->priority = new->priority;
	flow_set_timed(dp, flow);
}

static void reset_counts(struct dp *dp, uint32_t flow)
{
	uint64_t packets, bytes, used;

	flow_counts(dp, flow, &packets, &bytes, &used);
	FLOW(dp, flow)->base_packets -= packets;
	FLOW(dp, flow)->base_bytes -= bytes;
}

/* The flow that is there takes the new one's instructions and all else; its counters go on unless they are to be reset (§6.4). */
static void flow_replace(struct dp *dp, struct subtable *s, uint32_t flow, bool is_head,
			 const struct flow_new *new)
{
	uint32_t old_cells = RULE(dp, FLOW(dp, flow)->rule)->cells;

	entry_swap(dp, s, flow, cells_store(dp, new->cells, new->n_cells), is_head, is_head);
	cells_discard(dp, old_cells);
	describe_flow(dp, flow, new);
	if (new->reset_counts)
		reset_counts(dp, flow);
}

static uint32_t flow_alloc(struct dp *dp, struct subtable *s, const struct flow_new *new)
{
	uint32_t flow = spans_alloc(&dp->flows, 0);
	uint32_t n_stripes = dp->set_config.n_stripes;

	memset(FLOW(dp, flow), 0, sizeof(struct skep_flow));
	memset(MAP_ELEM(&dp->set, MAP_COUNTERS, struct skep_counter, (size_t)flow * n_stripes), 0,
	       n_stripes * sizeof(struct skep_counter));
	FLOW(dp, flow)->mask_id = s->id;
	describe_flow(dp, flow, new);
	s->n_flows++;
	dp->tables[new->table].n_flows++;
	dp->n_flows++;
	return flow;
}

int flow_insert(struct dp *dp, const struct flow_new *new, uint32_t *ret_flow)
{
	uint32_t head_rule, head, prev = 0, next, flow, entry, length;
	struct rule_words words;
	struct subtable *s;
	int err = make_room(dp, new);

	if (err)
		return err;
	s = subtable_find(dp, new->table, &new->mk.mask);
	if (!s)
		s = subtable_new(dp, new->table, &new->mk.mask, new->priority);
	if (!s)
		return -ENOMEM;
	subtable_raise(dp, s, new->priority);
	subtable_words(s, &new->mk.key, &words);
	head_rule = chain_find(dp, s, &words, &length);
	head = head_rule ? RULE(dp, head_rule)->flow : 0;
	for (next = head; next && FLOW(dp, next)->priority > new->priority;
	     next = dp->same_next[next])
		prev = next;
	if (next && FLOW(dp, next)->priority == new->priority) {
		flow_replace(dp, s, next, next == head, new);
		*ret_flow = next;
		return 0;
	}
	flow = flow_alloc(dp, s, new);
	entry = entry_new(dp, s, &words, flow, new->priority,
			  cells_store(dp, new->cells, new->n_cells));
	FLOW(dp, flow)->rule = entry;
	dp->same_next[flow] = next;
	if (prev) {
		dp->same_next[prev] = flow;
	} else {
		if (head)
			entry_swap(dp, s, head, RULE(dp, head_rule)->cells, true, false);
		chain_link(dp, s, &words, entry);
	}
	*ret_flow = flow;
	return 0;
}

/* --- Removal --- */

/* True if the chain that 'flow' is or would be linked in is long. */
static bool is_flow_chain_long(const struct dp *dp, uint32_t flow)
{
	const struct subtable *s = flow_subtable(dp, flow);
	struct rule_words words;

	rule_words(dp, s, FLOW(dp, flow)->rule, &words);
	return is_chain_long(dp, s, &words);
}

void flow_remove(struct dp *dp, uint32_t flow)
{
	struct subtable *s;
	uint32_t head, next, rule;

	/* RULES_KEPT makes this rare. */
	for (int i = 0; i < 3 && (!spans_have(&dp->rules, 0, 1) || !spans_have(&dp->keyx, 0, 1)); i++)
		reclaim_run(dp, true);
	/* The next of the same match takes its place in the chain while it still stands there. */
	for (int i = 0; i < 2 && dp->same_next[flow] && is_flow_chain_long(dp, flow); i++)
		reclaim_run(dp, true);
	s = flow_subtable(dp, flow);
	rule = FLOW(dp, flow)->rule;
	next = dp->same_next[flow];
	head = same_head(dp, s, flow);
	if (head == flow) {
		entry_end(dp, s, rule, true);
		if (next)
			entry_swap(dp, s, next, RULE(dp, FLOW(dp, next)->rule)->cells, false, true);
	} else {
		while (dp->same_next[head] != flow)
			head = dp->same_next[head];
		dp->same_next[head] = next;
		entry_end(dp, s, rule, false);
	}
	cells_discard(dp, RULE(dp, rule)->cells);
	garbage_put(dp, GARBAGE_FLOW, flow, 0);
	dp->same_next[flow] = 0;
	dp->tables[FLOW(dp, flow)->table].n_flows--;
	dp->n_flows--;
	FLOW(dp, flow)->rule = 0;
	if (!--s->n_flows)
		garbage_put(dp, GARBAGE_EMPTY, s->id, 0);
}

void flow_delete(struct dp *dp, uint32_t flow, enum flow_removed_reason reason)
{
	const struct dp_callbacks *cb = &dp->config.callbacks;

	if (FLOW(dp, flow)->flags & FLOW_SEND_FLOW_REM && cb->flow_removed) {
		struct flow_desc desc;

		flow_describe(dp, flow, &desc);
		cb->flow_removed(cb->aux, FLOW(dp, flow)->table / 256, &desc, reason);
	}
	flow_remove(dp, flow);
}

/* --- Flow-mods --- */

struct overlap_search {
	const struct dp *dp;
	const struct subtable *s;
	const struct flow_new *new;
	bool found;
};

static void visit_overlap(void *aux, uint32_t rule)
{
	struct overlap_search *o = aux;

	if (o->found || !rule_agrees(o->dp, o->s, rule, &o->new->mk))
		return;
	for (uint32_t f = RULE(o->dp, rule)->flow; f; f = o->dp->same_next[f])
		o->found |= FLOW(o->dp, f)->priority == o->new->priority;
}

static bool has_overlap(const struct dp *dp, const struct flow_new *new)
{
	struct overlap_search o = { .dp = dp, .new = new };

	while ((o.s = subtable_next(dp, new->table, o.s)))
		subtable_for_each_rule(dp, o.s, visit_overlap, &o);
	return o.found;
}

/* What NORMAL learns in must be there before a packet comes to the action. */
static int make_fdb(struct dp *dp, uint32_t bridge, const struct instructions *in)
{
	if (!cells_have_normal(&in->apply) && !cells_have_normal(&in->write))
		return 0;
	return fdb_make(dp, bridge);
}

static int compile(struct dp *dp, uint32_t bridge, const struct instructions *in, uint64_t cookie,
		   bool is_miss, struct skep_cell *cells)
{
	struct port_scope scope = { dp, bridge };
	struct cell_ports ports = cell_ports(&scope);
	int err = make_fdb(dp, bridge, in);

	if (err)
		return err;
	return cells_from_instructions(in, cookie, is_miss, &ports, cells);
}

static int add(struct dp *dp, uint32_t bridge, const struct flow_mod *fm)
{
	struct skep_cell cells[SKEP_CELLS_MAX];
	struct flow_new new = {
		.table = bridge * 256 + fm->table_id,
		.priority = fm->priority,
		.idle_timeout = fm->idle_timeout,
		.hard_timeout = fm->hard_timeout,
		.flags = fm->flags & (uint16_t)~FLOW_RESET_COUNTS,
		.cookie = fm->cookie,
		.created_ns = boot_ns(),
		.cells = cells,
		.reset_counts = fm->flags & FLOW_RESET_COUNTS,
	};
	uint32_t flow;
	int n;

	keymap_encode(&fm->match, &new.mk);
	if (fm->flags & FLOW_CHECK_OVERLAP && has_overlap(dp, &new))
		return -EEXIST;
	n = compile(dp, bridge, &fm->instructions, fm->cookie,
		    !fm->priority && !fm->match.present, cells);
	if (n < 0)
		return n;
	new.n_cells = (uint32_t)n;
	return flow_insert(dp, &new, &flow);
}

struct flow_vector {
	uint32_t *flow;
	uint32_t n, cap;
	bool failed;
};

struct selection {
	const struct dp *dp;
	const struct subtable *s;
	const struct flow_test *test;
	struct flow_vector *ret;
};

static void vector_add(struct flow_vector *v, uint32_t flow)
{
	if (v->n == v->cap) {
		uint32_t cap = v->cap ? v->cap * 2 : 64;
		uint32_t *p = realloc(v->flow, cap * sizeof(*p));

		if (!p) {
			v->failed = true;
			return;
		}
		v->flow = p;
		v->cap = cap;
	}
	v->flow[v->n++] = flow;
}

static void visit_selected(void *aux, uint32_t rule)
{
	struct selection *sel = aux;

	if (!rule_agrees(sel->dp, sel->s, rule, &sel->test->mk))
		return;
	for (uint32_t f = RULE(sel->dp, rule)->flow; f; f = sel->dp->same_next[f]) {
		if (flow_test_rest(sel->dp, sel->test, f))
			vector_add(sel->ret, f);
	}
}

/* Of a subtable with the test's own mask: those of one key, or, with 'priority', the one flow of this priority and key. */
static void select_key(const struct dp *dp, const struct subtable *s, const struct flow_test *test,
		       const uint16_t *priority, struct flow_vector *ret)
{
	struct rule_words words;
	uint32_t length, rule;

	subtable_words(s, &test->mk.key, &words);
	rule = chain_find(dp, s, &words, &length);
	for (uint32_t f = rule ? RULE(dp, rule)->flow : 0; f; f = dp->same_next[f]) {
		if ((!priority || FLOW(dp, f)->priority == *priority) && flow_test_rest(dp, test, f))
			vector_add(ret, f);
	}
}

/* A deletion that names a flow's whole match is common, and costs what a strict one does, however many flows there are. */
static void select_loose(const struct dp *dp, uint32_t table, const struct flow_test *test,
			 struct flow_vector *ret)
{
	struct selection sel = { .dp = dp, .test = test, .ret = ret };

	while ((sel.s = subtable_next(dp, table, sel.s))) {
		if (!flow_test_subtable(test, sel.s))
			continue;
		if (memcmp(&sel.s->mask, &test->mk.mask, sizeof(sel.s->mask)))
			subtable_for_each_rule(dp, sel.s, visit_selected, &sel);
		else
			select_key(dp, sel.s, test, NULL, ret);
	}
}

static void select_strict(const struct dp *dp, uint32_t table, const struct flow_test *test,
			  uint16_t priority, struct flow_vector *ret)
{
	struct subtable *s = subtable_find(dp, table, &test->mk.mask);

	if (s)
		select_key(dp, s, test, &priority, ret);
}

/* The flows that a modification or deletion means. */
static int select_flows(const struct dp *dp, uint32_t bridge, const struct flow_mod *fm,
			struct flow_vector *ret)
{
	bool is_delete = fm->command == FLOW_DELETE || fm->command == FLOW_DELETE_STRICT;
	bool is_strict = fm->command == FLOW_MODIFY_STRICT || fm->command == FLOW_DELETE_STRICT;
	struct flow_filter filter = {
		.table_id = TABLE_NONE,
		.out_port = is_delete ? fm->out_port : PORT_ANY,
		.out_group = is_delete ? fm->out_group : GROUP_ANY,
		.cookie = fm->cookie,
		.cookie_mask = fm->cookie_mask,
	};
	unsigned int first = fm->table_id, last = fm->table_id;
	struct flow_test test = { .filter = &filter };

	if (fm->table_id == TABLE_NONE) {
		first = 0;
		last = TABLE_MAX;
	}
	keymap_encode(&fm->match, &test.mk);
	for (unsigned int t = first; t <= last; t++) {
		if (is_strict)
			select_strict(dp, bridge * 256 + t, &test, fm->priority, ret);
		else
			select_loose(dp, bridge * 256 + t, &test, ret);
	}
	return ret->failed ? -ENOMEM : 0;
}

static void modify_one(struct dp *dp, uint32_t flow, struct skep_cell *cells, uint32_t n_cells)
{
	struct subtable *s = flow_subtable(dp, flow);
	uint32_t old_cells = RULE(dp, FLOW(dp, flow)->rule)->cells;
	bool is_head = same_head(dp, s, flow) == flow;
	struct skep_head head = *cells_head(cells);

	/* The cookie, and being a table-miss rule, are the flow's own. */
	head.cookie = FLOW(dp, flow)->cookie;
	head.flags &= (uint8_t)~SKEP_HF_MISS;
	head.flags |= cells_head(CELL(dp, old_cells))->flags & SKEP_HF_MISS;
	memcpy(cells, &head, sizeof(head));
	entry_swap(dp, s, flow, cells_store(dp, cells, n_cells), is_head, is_head);
	cells_discard(dp, old_cells);
}

static int modify(struct dp *dp, uint32_t bridge, const struct flow_mod *fm)
{
	struct skep_cell cells[SKEP_CELLS_MAX];
	struct flow_vector v = { .n = 0 };
	struct need need = { .subtables = 2, .has_cells = true };
	int err = select_flows(dp, bridge, fm, &v), n;

	if (err || !v.n)
		goto out;
	n = compile(dp, bridge, &fm->instructions, 0, false, cells);
	if (n < 0) {
		err = n;
		goto out;
	}
	need.cells_class = spans_class((uint32_t)n);
	need.n_cells = need.rules = need.keyx = v.n;
	err = reserve(dp, &need);
	if (err)
		goto out;
	for (uint32_t i = 0; i < v.n; i++) {
		if (is_flow_chain_long(dp, v.flow[i]))
			reclaim_all(dp);
		modify_one(dp, v.flow[i], cells, (uint32_t)n);
		if (fm->flags & FLOW_RESET_COUNTS)
			reset_counts(dp, v.flow[i]);
	}
out:
	free(v.flow);
	return err;
}

static int delete(struct dp *dp, uint32_t bridge, const struct flow_mod *fm)
{
	struct flow_vector v = { .n = 0 };
	int err = select_flows(dp, bridge, fm, &v);

	for (uint32_t i = 0; i < v.n && !err; i++)
		flow_delete(dp, v.flow[i], FLOW_REMOVED_DELETE);
	free(v.flow);
	return err;
}

int dp_flow_mod(struct dp *dp, uint32_t bridge, const struct flow_mod *fm)
{
	if (bridge >= DP_BRIDGES_MAX ||
	    (fm->table_id > TABLE_MAX && fm->command != FLOW_DELETE &&
	     fm->command != FLOW_DELETE_STRICT))
		return -EINVAL;
	switch (fm->command) {
	case FLOW_ADD:
		return add(dp, bridge, fm);
	case FLOW_MODIFY:
	case FLOW_MODIFY_STRICT:
		return modify(dp, bridge, fm);
	case FLOW_DELETE:
	case FLOW_DELETE_STRICT:
		return delete(dp, bridge, fm);
	}
	return -EINVAL;
}

void dp_commit(struct dp *dp)
{
	if (!dp->is_dirty)
		return;
	cache_refresh(dp);
	prune_refresh(dp);
	PUBLISH(&DP_HEAD(dp)->version, dp->staged);
	/* Whatever is sent after this (a barrier reply) is sent after the store is visible on every CPU. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dp->staged++;
	dp->is_dirty = false;
	reclaim_kick(dp);
}
