// SPDX-License-Identifier: Apache-2.0
/*
 * Groups: what bpf/group.h executes.
 *
 * A group has a place in skep_groups, which rules and other groups name, as long as it is there; what it does is compiled to cells, and exchanged
 * as a whole by one store.  The process keeps each group as it was sent (struct group), finds it by a sorted array per bridge, and counts who leads to it.
 *
 * What is compiled of a group depends on those that it leads to (whether they change packets) and that it watches (which ports make
 * them live): when a group changes, those that depend on it are compiled again.  Groups neither loop nor form chains of more than SKEP_GROUP_DEPTH.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"

#define GROUP(DP, I)   MAP_ELEM(&(DP)->set, MAP_GROUPS, struct skep_group, I)
#define GROUP_CTR(DP, I) MAP_ELEM(&(DP)->set, MAP_GROUP_CTRS, struct skep_group_counter, I)

#define CELLS_LIMIT  0xffff /* of a group: the head says how many in 16 bits */
#define SLOTS_LIMIT  1024
#define SLOTS_EACH   16 /* for each bucket, so that weights are kept to a few percent */

struct group {
	uint32_t idx; /* in skep_groups */
	uint32_t bridge;
	struct group_mod mod; /* as it was sent */
	uint32_t ctr;	      /* its buckets' counters, a span of spans_class(n_buckets) */
	uint32_t n_flows;     /* flows that lead to it, each counted as often as it does */
	uint32_t n_groups;    /* the same of groups, by actions and watches */
	/* While it is being adopted: the old counters, and what they were. */
	uint32_t old_ctr;
	struct skep_group_counter *then;
	uint64_t then_packets, then_bytes;
};

/* --- Numbers to groups --- */

static uint32_t lower_bound(const struct group_index *x, uint32_t group_id)
{
	uint32_t low = 0, high = x->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (x->group[mid]->mod.group_id < group_id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct group *find(const struct dp *dp, uint32_t bridge, uint32_t group_id)
{
	const struct group_index *x = &dp->group_index[bridge];
	uint32_t i = lower_bound(x, group_id);

	return i < x->n && x->group[i]->mod.group_id == group_id ? x->group[i] : NULL;
}

uint32_t group_find(const struct dp *dp, uint32_t bridge, uint32_t group_id)
{
	const struct group *g = find(dp, bridge, group_id);

	return g ? g->idx : 0;
}

static int index_add(struct dp *dp, struct group *g)
{
	struct group_index *x = &dp->group_index[g->bridge];
	uint32_t i;

	if (x->n == x->cap) {
		uint32_t cap = x->cap ? x->cap * 2 : 16;
		struct group **p = realloc(x->group, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		x->group = p;
		x->cap = cap;
	}
	i = lower_bound(x, g->mod.group_id);
	memmove(&x->group[i + 1], &x->group[i], (x->n - i) * sizeof(x->group[0]));
	x->group[i] = g;
	x->n++;
	dp->groups[g->idx] = g;
	return 0;
}

static void index_del(struct dp *dp, const struct group *g)
{
	struct group_index *x = &dp->group_index[g->bridge];
	uint32_t i = lower_bound(x, g->mod.group_id);

	x->n--;
	memmove(&x->group[i], &x->group[i + 1], (x->n - i) * sizeof(x->group[0]));
	dp->groups[g->idx] = NULL;
}

static void group_free(struct group *g)
{
	group_mod_uninit(&g->mod);
	free(g->then);
	free(g);
}

void groups_forget(struct dp *dp)
{
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++) {
		for (uint32_t k = 0; k < dp->group_index[i].n; k++)
			group_free(dp->group_index[i].group[k]);
		free(dp->group_index[i].group);
	}
	free(dp->groups);
}

/* --- Who leads to whom --- */

/* Calls 'visit' for each group that bucket 'b' leads to or watches; ends early if it returns true, and returns that. */
static bool bucket_for_each(const struct dp *dp, uint32_t bridge, const struct bucket *b,
			    bool (*visit)(struct group *to, void *aux), void *aux)
{
	struct group *to;

	for (unsigned int i = 0; i < b->n_actions; i++) {
		if (b->actions[i].type != ACTION_GROUP)
			continue;
		to = find(dp, bridge, b->actions[i].group_id);
		if (to && visit(to, aux))
			return true;
	}
	to = b->watch_group == GROUP_ANY ? NULL : find(dp, bridge, b->watch_group);
	return to && visit(to, aux);
}

static bool mod_for_each(const struct dp *dp, uint32_t bridge, const struct group_mod *gm,
			 bool (*visit)(struct group *to, void *aux), void *aux)
{
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		if (bucket_for_each(dp, bridge, &gm->buckets[i], visit, aux))
			return true;
	}
	return false;
}

static bool count_one(struct group *to, void *aux)
{
	to->n_groups += *(const uint32_t *)aux; /* 1 or -1 */
	return false;
}

static void count_groups(const struct dp *dp, uint32_t bridge, const struct group_mod *gm,
			 uint32_t by)
{
	mod_for_each(dp, bridge, gm, count_one, &by);
}

/* The longest chain from here on, this one included; or if it comes by 'wanted', a number beyond all. */
struct chain {
	const struct dp *dp;
	uint32_t wanted; /* index */
	unsigned int longest, so_far;
};

static bool walk_chain(struct group *to, void *aux)
{
	struct chain *c = aux;

	if (to->idx == c->wanted || c->so_far > 2 * SKEP_GROUP_DEPTH) {
		c->longest = UINT32_MAX;
		return true;
	}
	c->so_far++;
	if (c->so_far > c->longest)
		c->longest = c->so_far;
	if (mod_for_each(c->dp, to->bridge, &to->mod, walk_chain, c))
		return true;
	c->so_far--;
	return false;
}

static unsigned int chain_length(const struct dp *dp, uint32_t bridge, const struct group_mod *gm,
				 uint32_t wanted)
{
	struct chain c = { .dp = dp, .wanted = wanted, .longest = 1, .so_far = 1 };

	mod_for_each(dp, bridge, gm, walk_chain, &c);
	return c.longest;
}

static bool is_it(struct group *to, void *aux)
{
	return to == aux;
}

/* The longest chain of groups that ends with 'g', this one included. */
static unsigned int chain_above(const struct dp *dp, const struct group *g, unsigned int so_far)
{
	const struct group_index *x = &dp->group_index[g->bridge];
	unsigned int longest = 1;

	if (!g->n_groups || so_far > SKEP_GROUP_DEPTH)
		return longest;
	for (uint32_t i = 0; i < x->n; i++) {
		struct group *from = x->group[i];
		unsigned int n;

		if (!mod_for_each(dp, g->bridge, &from->mod, is_it, (void *)g))
			continue;
		n = 1 + chain_above(dp, from, so_far + 1);
		if (n > longest)
			longest = n;
	}
	return longest;
}

/* --- Flows that lead to groups --- */

/* Calls 'visit' with each group index in 'n' cells of actions. */
static void list_for_each(const struct skep_cell *cell, uint32_t n,
			  void (*visit)(struct dp *dp, uint32_t idx, int by), struct dp *dp, int by)
{
	for (uint32_t i = 0; i < n; i++) {
		if (cell[i].op == SKEP_OP_GROUP)
			visit(dp, cell[i].arg32, by);
		else if (cell[i].op == SKEP_OP_SET_FIELD && cells_is_wide(&cell[i]))
			i++;
	}
}

static void count_flow(struct dp *dp, uint32_t idx, int by)
{
	if (idx < MAX_GROUPS && dp->groups[idx])
		dp->groups[idx]->n_flows += (uint32_t)by;
}

void group_cells(struct dp *dp, const struct skep_cell *cells, bool is_stored)
{
	const struct skep_head *head = cells_head(cells);

	list_for_each(cells + 1, (uint32_t)head->n_apply + head->n_write, count_flow, dp,
		      is_stored ? 1 : -1);
}

bool cells_lead_to(const struct skep_cell *cells, uint32_t group)
{
	const struct skep_head *head = cells_head(cells);
	uint32_t n = (uint32_t)head->n_apply + head->n_write;

	for (uint32_t i = 1; i <= n; i++) {
		if (cells[i].op == SKEP_OP_GROUP && cells[i].arg32 == group)
			return true;
		if (cells[i].op == SKEP_OP_SET_FIELD && cells_is_wide(&cells[i]))
			i++;
	}
	return false;
}

bool cells_groups_are_there(const struct dp *dp, const struct skep_cell *cells)
{
	const struct skep_head *head = cells_head(cells);
	uint32_t n = (uint32_t)head->n_apply + head->n_write;

	for (uint32_t i = 1; i <= n; i++) {
		if (cells[i].op == SKEP_OP_GROUP &&
		    (cells[i].arg32 >= MAX_GROUPS || !dp->groups[cells[i].arg32]))
			return false;
		if (cells[i].op == SKEP_OP_SET_FIELD && cells_is_wide(&cells[i]))
			i++;
	}
	return true;
}

static void delete_flows(struct dp *dp, const struct group *g)
{
	for (uint32_t flow = 1; g->n_flows && flow < dp->flows.bump; flow++) {
		uint32_t rule = FLOW(dp, flow)->rule;

		if (rule && cells_lead_to(CELL(dp, RULE(dp, rule)->cells), g->idx))
			flow_delete(dp, flow, FLOW_REMOVED_GROUP_DELETE);
	}
}

/* --- Compiling --- */

struct compiler {
	struct dp *dp;
	uint32_t bridge;
	struct cell_ports ports;
	struct skep_cell *cells; /* CELLS_LIMIT of them */
	uint32_t n;
};

static bool has_edits(const struct dp *dp, uint32_t bridge, const struct group_mod *gm,
		      unsigned int depth);

static bool bucket_has_edits(const struct dp *dp, uint32_t bridge, const struct bucket *b,
			     unsigned int depth)
{
	for (unsigned int i = 0; i < b->n_actions; i++) {
		const struct group *to;

		if (b->actions[i].type == ACTION_OUTPUT)
			continue;
		if (b->actions[i].type != ACTION_GROUP)
			return true;
		to = find(dp, bridge, b->actions[i].group_id);
		if (to && has_edits(dp, bridge, &to->mod, depth + 1))
			return true;
	}
	return false;
}

static bool has_edits(const struct dp *dp, uint32_t bridge, const struct group_mod *gm,
		      unsigned int depth)
{
	for (unsigned int i = 0; i < gm->n_buckets && depth <= SKEP_GROUP_DEPTH; i++) {
		if (bucket_has_edits(dp, bridge, &gm->buckets[i], depth))
			return true;
	}
	return false;
}

/* Appends cells; NULL if there are too many. */
static struct skep_cell *add_cells(struct compiler *c, uint32_t n)
{
	struct skep_cell *cells = &c->cells[c->n];

	if (n > CELLS_LIMIT - c->n)
		return NULL;
	memset(cells, 0, n * sizeof(*cells));
	c->n += n;
	return cells;
}

/* The ports that make a bucket live, as they are found. */
struct live_set {
	uint32_t port[SKEP_GROUP_BUCKETS];
	uint32_t n;
	bool is_always;
};

static int add_port(struct compiler *c, struct live_set *live, uint32_t ofport)
{
	int idx = c->ports.port_idx(c->ports.aux, ofport);

	if (idx < 0)
		return idx;
	for (uint32_t i = 0; i < live->n; i++) {
		if (live->port[i] == (uint32_t)idx)
			return 0;
	}
	if (live->n == SKEP_GROUP_BUCKETS)
		return -E2BIG;
	live->port[live->n++] = (uint32_t)idx;
	return 0;
}

static int add_live(struct compiler *c, enum group_type type, const struct bucket *b,
		    struct live_set *live, unsigned int depth);

static int add_live_group(struct compiler *c, uint32_t group_id, struct live_set *live,
			  unsigned int depth)
{
	const struct group *g = find(c->dp, c->bridge, group_id);

	for (unsigned int i = 0; g && i < g->mod.n_buckets && depth <= SKEP_GROUP_DEPTH; i++) {
		const struct bucket *b = &g->mod.buckets[i];
		int err;

		if (g->mod.type == GROUP_TYPE_SELECT && !b->weight)
			continue;
		err = add_live(c, g->mod.type, b, live, depth + 1);
		if (err)
			return err;
	}
	return 0;
}

/* The real port that a bucket of a select group outputs to and nothing else, or 0. */
static uint32_t only_output(const struct bucket *b)
{
	uint32_t port = 0;

	for (unsigned int i = 0; i < b->n_actions; i++) {
		if (b->actions[i].type == ACTION_GROUP)
			return 0;
		if (b->actions[i].type == ACTION_OUTPUT)
			port = b->actions[i].output.port;
	}
	return port <= PORT_NO_MAX || port == PORT_LOCAL ? port : 0;
}

/* What makes bucket 'b' of a group of 'type' live: docs/semantics.md, "Groups". */
static int add_live(struct compiler *c, enum group_type type, const struct bucket *b,
		    struct live_set *live, unsigned int depth)
{
	uint32_t port = type == GROUP_TYPE_SELECT ? only_output(b) : 0;
	int err = 0;

	if (b->watch_port != PORT_ANY)
		err = add_port(c, live, b->watch_port);
	if (!err && b->watch_group != GROUP_ANY)
		err = add_live_group(c, b->watch_group, live, depth);
	if (err || b->watch_port != PORT_ANY || b->watch_group != GROUP_ANY)
		return err;
	if (port)
		return add_port(c, live, port);
	live->is_always = true;
	return 0;
}

static int compile_live(struct compiler *c, enum group_type type, const struct bucket *b,
			struct skep_bucket *ret)
{
	static struct live_set live;
	struct skep_cell *cells;
	int err;

	live.n = 0;
	live.is_always = false;
	err = add_live(c, type, b, &live, 1);
	if (err)
		return err;
	if (live.is_always) {
		ret->flags |= SKEP_GB_LIVE;
		return 0;
	}
	ret->live_first = (uint16_t)c->n;
	ret->n_live = (uint16_t)live.n;
	cells = add_cells(c, (live.n + 3) / 4);
	if (!cells)
		return -E2BIG;
	memcpy(cells, live.port, live.n * sizeof(live.port[0]));
	return 0;
}

/* Puts the actions of the bucket, which are a set, in the order of their execution (§5.10): of each kind the last. */
static void order(const struct bucket *b, struct action_list *ret)
{
	bool has_group = false;

	ret->n = 0;
	for (unsigned int i = 0; i < b->n_actions; i++)
		has_group |= b->actions[i].type == ACTION_GROUP;
	for (unsigned int slot = 0; slot < SKEP_N_SLOTS; slot++) {
		for (unsigned int i = b->n_actions; i-- > 0;) {
			if (cells_slot(&b->actions[i]) != slot)
				continue;
			if (slot != SKEP_SLOT_OUTPUT || !has_group)
				ret->a[ret->n++] = b->actions[i];
			break;
		}
	}
}

static int compile_list(struct compiler *c, const struct action_list *list, uint16_t *ret_first,
			uint16_t *ret_n)
{
	static struct skep_cell cells[SKEP_CELLS_MAX];
	int n = cells_from_actions(list, &c->ports, cells);
	struct skep_cell *to;

	if (n < 0)
		return n;
	*ret_first = (uint16_t)c->n;
	*ret_n = (uint16_t)n;
	to = add_cells(c, (uint32_t)n);
	if (!to)
		return -E2BIG;
	memcpy(to, cells, (size_t)n * sizeof(*cells));
	return 0;
}

static bool lists_equal(const struct action_list *a, const struct action_list *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++) {
		if (!action_equal(&a->a[i], &b->a[i]))
			return false;
	}
	return true;
}

static int compile_bucket(struct compiler *c, enum group_type type, const struct bucket *b,
			  uint32_t at)
{
	static struct action_list sent, ordered;
	struct skep_bucket bucket = {
		.weight = b->weight,
		.watch_port = b->watch_port,
		.watch_group = b->watch_group,
		.flags = bucket_has_edits(c->dp, c->bridge, b, 1) ? SKEP_GB_EDITS : 0,
	};
	int err;

	if (b->n_actions > ACTIONS_MAX)
		return -E2BIG;
	sent.n = b->n_actions;
	if (b->n_actions)
		memcpy(sent.a, b->actions, b->n_actions * sizeof(sent.a[0]));
	order(b, &ordered);
	err = compile_list(c, &ordered, &bucket.first, &bucket.n);
	if (!err && lists_equal(&sent, &ordered)) {
		bucket.sent_first = bucket.first;
		bucket.n_sent = bucket.n;
	} else if (!err) {
		err = compile_list(c, &sent, &bucket.sent_first, &bucket.n_sent);
	}
	if (!err)
		err = compile_live(c, type, b, &bucket);
	if (!err)
		memcpy(&c->cells[at], &bucket, sizeof(bucket));
	return err;
}

static uint32_t n_slots_for(const struct group_mod *gm)
{
	uint32_t n = 8;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < gm->n_buckets; i++)
		sum += gm->buckets[i].weight;
	if (gm->type != GROUP_TYPE_SELECT || !sum)
		return 0;
	while (n < gm->n_buckets * SLOTS_EACH && n < SLOTS_LIMIT)
		n *= 2;
	while (n < gm->n_buckets)
		n *= 2;
	return n;
}

/* Gives each bucket slots by its weight (largest remainder); one with a weight at least one. */
static void fill_slots(const struct group_mod *gm, uint16_t *slot, uint32_t n_slots)
{
	static uint64_t score[GROUP_BUCKETS_MAX]; /* what a bucket still has to get, in parts of the sum */
	static uint32_t wanted[GROUP_BUCKETS_MAX];
	uint64_t sum = 0;
	uint32_t given = 0, at = 0;

	for (unsigned int i = 0; i < gm->n_buckets; i++)
		sum += gm->buckets[i].weight;
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		uint64_t exact = (uint64_t)gm->buckets[i].weight * n_slots;

		wanted[i] = (uint32_t)(exact / sum);
		score[i] = exact % sum;
		if (!wanted[i] && gm->buckets[i].weight) {
			wanted[i] = 1;
			score[i] = 0;
		}
		given += wanted[i];
	}
	for (; given < n_slots; given++) {
		unsigned int best = 0;

		for (unsigned int i = 1; i < gm->n_buckets; i++) {
			if (score[i] > score[best])
				best = i;
		}
		wanted[best]++;
		score[best] = 0;
	}
	for (; given > n_slots; given--) {
		unsigned int most = 0;

		for (unsigned int i = 1; i < gm->n_buckets; i++) {
			if (wanted[i] > wanted[most])
				most = i;
		}
		wanted[most]--;
	}
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		for (uint32_t k = 0; k < wanted[i]; k++)
			slot[at++] = (uint16_t)i;
	}
}

/* Compiles the group to c->cells. */
static int compile(struct compiler *c, const struct group_mod *gm, uint32_t ctr)
{
	uint32_t n_slots = n_slots_for(gm);
	struct skep_group_head head = {
		.type = (uint8_t)gm->type,
		.n_buckets = (uint16_t)gm->n_buckets,
		.n_slots = (uint16_t)n_slots,
		.ctr = ctr,
	};
	uint32_t fixed = 1 + 2 * gm->n_buckets + n_slots / 8;

	c->n = 0;
	if (!add_cells(c, fixed))
		return -E2BIG;
	if (n_slots)
		fill_slots(gm, (uint16_t *)&c->cells[1 + 2 * gm->n_buckets], n_slots);
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		int err = compile_bucket(c, gm->type, &gm->buckets[i], 1 + 2 * i);

		if (err)
			return err;
	}
	head.n_cells = (uint16_t)c->n;
	memcpy(&c->cells[0], &head, sizeof(head));
	return 0;
}

/* Compiles 'gm', with the names of groups and ports of the bridge. */
static int compile_for(struct dp *dp, uint32_t bridge, const struct group_mod *gm, uint32_t ctr,
		       struct compiler *ret)
{
	static struct skep_cell cells[CELLS_LIMIT];
	static struct port_scope scope;

	scope = (struct port_scope){ dp, bridge };
	*ret = (struct compiler){
		.dp = dp,
		.bridge = bridge,
		.ports = cell_ports(&scope),
		.cells = cells,
	};
	return compile(ret, gm, ctr);
}

static uint32_t cells_store(struct dp *dp, const struct compiler *c)
{
	uint32_t idx = spans_alloc(&dp->cells, spans_class(c->n));

	memcpy(CELL(dp, idx), c->cells, c->n * sizeof(c->cells[0]));
	return idx;
}

static void cells_discard(struct dp *dp, uint32_t cells)
{
	const struct skep_group_head *head = (const void *)CELL(dp, cells);

	garbage_put(dp, GARBAGE_CELLS, cells, spans_class(head->n_cells));
}

/* Puts 'c' in force for a group that is there. */
static int put_in_force(struct dp *dp, struct group *g, const struct compiler *c)
{
	struct need need = { .has_cells = true, .cells_class = spans_class(c->n) };
	uint32_t old;

	if (reserve(dp, &need))
		return -ENOSPC;
	old = GROUP(dp, g->idx)->cells;
	PUBLISH(&GROUP(dp, g->idx)->cells, cells_store(dp, c));
	if (old)
		cells_discard(dp, old);
	return 0;
}

/* Compiles again what depends on 'g'. */
static int compile_dependents(struct dp *dp, const struct group *g, unsigned int depth)
{
	int err = 0;

	if (!g->n_groups || depth > SKEP_GROUP_DEPTH)
		return 0;
	for (uint32_t i = 0; i < dp->group_index[g->bridge].n && !err; i++) {
		struct group *from = dp->group_index[g->bridge].group[i];
		struct compiler c;

		if (!mod_for_each(dp, g->bridge, &from->mod, is_it, (void *)g))
			continue;
		err = compile_for(dp, g->bridge, &from->mod, from->ctr, &c);
		if (!err)
			err = put_in_force(dp, from, &c);
		if (!err)
			err = compile_dependents(dp, from, depth + 1);
	}
	return err;
}

/* --- Changes --- */

static int fail(enum dp_group_error *ret_error, enum dp_group_error error, int err)
{
	*ret_error = error;
	return err;
}

static int fail_compile(enum dp_group_error *ret_error, int err)
{
	return fail(ret_error,
		    err == -ESRCH ? DP_GROUP_UNKNOWN
		    : err == -E2BIG ? DP_GROUP_OUT_OF_BUCKETS
				    : DP_GROUP_OUT_OF_GROUPS,
		    err);
}

/* Checks that the groups that 'gm' names are there, and that with it in the place of 'old' (NULL: it is new) there is no loop and no
 * chain that is too long. */
static int check(const struct dp *dp, uint32_t bridge, const struct group_mod *gm,
		 const struct group *old, enum dp_group_error *ret_error)
{
	unsigned int below;

	if (gm->n_buckets > GROUP_BUCKETS_MAX)
		return fail(ret_error, DP_GROUP_OUT_OF_BUCKETS, -E2BIG);
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		const struct bucket *b = &gm->buckets[i];

		for (unsigned int k = 0; k < b->n_actions; k++) {
			uint32_t to = b->actions[k].group_id;

			if (b->actions[k].type != ACTION_GROUP)
				continue;
			if (to == gm->group_id)
				return fail(ret_error, DP_GROUP_LOOP, -ELOOP);
			if (!find(dp, bridge, to))
				return fail(ret_error, DP_GROUP_UNKNOWN, -ESRCH);
		}
		if (b->watch_group == gm->group_id)
			return fail(ret_error, DP_GROUP_LOOP, -ELOOP);
		if (b->watch_group != GROUP_ANY && !find(dp, bridge, b->watch_group))
			return fail(ret_error, DP_GROUP_UNKNOWN, -ESRCH);
	}
	below = chain_length(dp, bridge, gm, old ? old->idx : 0);
	if (below == UINT32_MAX)
		return fail(ret_error, DP_GROUP_LOOP, -ELOOP);
	if (below + (old ? chain_above(dp, old, 1) : 1) - 1 > SKEP_GROUP_DEPTH)
		return fail(ret_error, DP_GROUP_CHAINED, -EMLINK);
	return 0;
}

/* A bucket that outputs to NORMAL needs somewhere to learn. */
static int make_room_to_learn(struct dp *dp, uint32_t bridge, const struct group_mod *gm)
{
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		for (unsigned int k = 0; k < gm->buckets[i].n_actions; k++) {
			const struct action *a = &gm->buckets[i].actions[k];

			if (a->type == ACTION_OUTPUT && a->output.port == PORT_NORMAL)
				return fdb_make(dp, bridge);
		}
	}
	return 0;
}

/* Takes counters for 'n' buckets, all 0. */
static uint32_t ctrs_new(struct dp *dp, uint32_t n)
{
	uint32_t ctr = n ? spans_alloc(&dp->group_ctrs, spans_class(n)) : 0;

	for (uint32_t i = 0; i < n; i++)
		*GROUP_CTR(dp, ctr + i) = (struct skep_group_counter){ 0, 0 };
	return ctr;
}

static void ctrs_discard(struct dp *dp, uint32_t ctr, uint32_t n)
{
	if (ctr)
		garbage_put(dp, GARBAGE_GROUP_CTRS, ctr, spans_class(n));
}

static int add(struct dp *dp, uint32_t bridge, const struct group_mod *gm,
	       enum dp_group_error *ret_error)
{
	struct need need = { .groups = 1, .group_ctrs_class = spans_class(gm->n_buckets),
			     .has_group_ctrs = gm->n_buckets > 0 };
	struct compiler c;
	struct group *g;
	int err;

	if (find(dp, bridge, gm->group_id))
		return fail(ret_error, DP_GROUP_EXISTS, -EEXIST);
	err = check(dp, bridge, gm, NULL, ret_error);
	if (err)
		return err;
	if (make_room_to_learn(dp, bridge, gm) || reserve(dp, &need))
		return fail(ret_error, DP_GROUP_OUT_OF_GROUPS, -ENOSPC);
	g = calloc(1, sizeof(*g));
	if (!g || group_mod_copy(&g->mod, gm)) {
		free(g);
		return fail(ret_error, DP_GROUP_OUT_OF_GROUPS, -ENOMEM);
	}
	g->bridge = bridge;
	g->idx = spans_alloc(&dp->group_spans, 0);
	g->ctr = ctrs_new(dp, gm->n_buckets);
	*GROUP(dp, g->idx) = (struct skep_group){
		.group_id = gm->group_id,
		.bridge = bridge,
		.created_ns = boot_ns(),
	};
	err = compile_for(dp, bridge, gm, g->ctr, &c);
	if (!err)
		err = put_in_force(dp, g, &c);
	if (!err)
		err = index_add(dp, g);
	if (err) {
		if (GROUP(dp, g->idx)->cells)
			cells_discard(dp, GROUP(dp, g->idx)->cells);
		PUBLISH(&GROUP(dp, g->idx)->cells, 0);
		ctrs_discard(dp, g->ctr, gm->n_buckets);
		garbage_put(dp, GARBAGE_GROUP, g->idx, 0);
		group_free(g);
		return fail_compile(ret_error, err);
	}
	count_groups(dp, bridge, gm, 1);
	return 0;
}

static int modify(struct dp *dp, uint32_t bridge, const struct group_mod *gm,
		  enum dp_group_error *ret_error)
{
	struct need need = { .group_ctrs_class = spans_class(gm->n_buckets),
			     .has_group_ctrs = gm->n_buckets > 0 };
	struct group *g = find(dp, bridge, gm->group_id);
	struct group_mod copy;
	struct compiler c;
	uint32_t ctr;
	int err;

	if (!g)
		return fail(ret_error, DP_GROUP_UNKNOWN, -ENOENT);
	err = check(dp, bridge, gm, g, ret_error);
	if (err)
		return err;
	if (make_room_to_learn(dp, bridge, gm) || reserve(dp, &need) || group_mod_copy(&copy, gm))
		return fail(ret_error, DP_GROUP_OUT_OF_BUCKETS, -ENOSPC);
	dp_commit(dp);
	ctr = ctrs_new(dp, gm->n_buckets);
	err = compile_for(dp, bridge, gm, ctr, &c);
	if (!err)
		err = put_in_force(dp, g, &c);
	if (err) {
		ctrs_discard(dp, ctr, gm->n_buckets);
		group_mod_uninit(&copy);
		return fail_compile(ret_error, err);
	}
	count_groups(dp, bridge, &g->mod, UINT32_MAX);
	ctrs_discard(dp, g->ctr, g->mod.n_buckets);
	group_mod_uninit(&g->mod);
	g->mod = copy;
	g->ctr = ctr;
	count_groups(dp, bridge, &g->mod, 1);
	err = compile_dependents(dp, g, 1);
	return err ? fail_compile(ret_error, err) : 0;
}

static void delete_one(struct dp *dp, struct group *g)
{
	uint32_t old = GROUP(dp, g->idx)->cells;

	/* First the flows: a process that is killed in between leaves a group, and no flow that leads to none. */
	delete_flows(dp, g);
	dp_commit(dp);
	PUBLISH(&GROUP(dp, g->idx)->cells, 0);
	cells_discard(dp, old);
	ctrs_discard(dp, g->ctr, g->mod.n_buckets);
	garbage_put(dp, GARBAGE_GROUP, g->idx, 0);
	index_del(dp, g);
	count_groups(dp, g->bridge, &g->mod, UINT32_MAX);
	group_free(g);
}

static void delete_all(struct dp *dp, uint32_t bridge)
{
	while (dp->group_index[bridge].n)
		delete_one(dp, dp->group_index[bridge].group[dp->group_index[bridge].n - 1]);
}

void groups_bridge_gone(struct dp *dp, uint32_t bridge)
{
	delete_all(dp, bridge);
}

int dp_group_mod(struct dp *dp, uint32_t bridge, const struct group_mod *gm,
		 enum dp_group_error *ret_error)
{
	struct group *g;
	int err = 0;

	*ret_error = DP_GROUP_OK;
	if (!dp_bridge_name(dp, bridge))
		return -EINVAL;
	if (gm->command == GROUP_ADD) {
		err = add(dp, bridge, gm, ret_error);
	} else if (gm->command == GROUP_MODIFY) {
		err = modify(dp, bridge, gm, ret_error);
	} else if (gm->group_id == GROUP_ALL) {
		delete_all(dp, bridge);
	} else {
		g = find(dp, bridge, gm->group_id);
		if (g && g->n_groups)
			return fail(ret_error, DP_GROUP_CHAINED, -EBUSY);
		if (g)
			delete_one(dp, g);
	}
	reclaim_kick(dp);
	return err;
}

/* --- Reading --- */

static uint64_t load(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

bool dp_group_next(const struct dp *dp, uint32_t bridge, uint32_t group_id, struct group_desc *ret)
{
	static struct bucket_stats stats[GROUP_BUCKETS_MAX];
	const struct group_index *x;
	const struct group *g;
	uint32_t i;

	if (bridge >= DP_BRIDGES_MAX)
		return false;
	x = &dp->group_index[bridge];
	i = lower_bound(x, group_id);
	if (i >= x->n)
		return false;
	g = x->group[i];
	*ret = (struct group_desc){
		.type = g->mod.type,
		.group_id = g->mod.group_id,
		.ref_count = g->n_flows + g->n_groups,
		.n_packets = load(&GROUP(dp, g->idx)->packets),
		.n_bytes = load(&GROUP(dp, g->idx)->bytes),
		.duration_ns = boot_ns() - GROUP(dp, g->idx)->created_ns,
		.n_buckets = g->mod.n_buckets,
		.buckets = g->mod.buckets,
		.bucket_stats = stats,
	};
	for (unsigned int k = 0; k < g->mod.n_buckets; k++) {
		stats[k].n_packets = load(&GROUP_CTR(dp, g->ctr + k)->packets);
		stats[k].n_bytes = load(&GROUP_CTR(dp, g->ctr + k)->bytes);
	}
	return true;
}

/* --- Growth and adoption ---
 *
 * Both copy counters while the old program still counts in them.  What it counts after the copy is added when it has come to its end.
 */

int groups_note(const struct map_set *set, bool has_groups, bool has_ctrs, struct group_notes *ret)
{
	*ret = (struct group_notes){ .groups = NULL };
	if (has_groups) {
		ret->groups = malloc(set->map[MAP_GROUPS].size);
		if (!ret->groups)
			return -ENOMEM;
		memcpy(ret->groups, set->map[MAP_GROUPS].base, set->map[MAP_GROUPS].size);
	}
	if (has_ctrs) {
		ret->ctrs = malloc(set->map[MAP_GROUP_CTRS].size);
		if (!ret->ctrs) {
			groups_unnote(ret);
			return -ENOMEM;
		}
		memcpy(ret->ctrs, set->map[MAP_GROUP_CTRS].base, set->map[MAP_GROUP_CTRS].size);
	}
	return 0;
}

void groups_unnote(struct group_notes *notes)
{
	free(notes->groups);
	free(notes->ctrs);
	*notes = (struct group_notes){ .groups = NULL };
}

void groups_copy(const struct map_set *to, const struct map_set *from,
		 const struct group_notes *notes)
{
	if (notes->groups)
		memcpy(to->map[MAP_GROUPS].base, notes->groups,
		       from->map[MAP_GROUPS].n * sizeof(struct skep_group));
	if (notes->ctrs)
		memcpy(to->map[MAP_GROUP_CTRS].base, notes->ctrs,
		       from->map[MAP_GROUP_CTRS].n * sizeof(struct skep_group_counter));
}

static void add_late(__u64 *to, const __u64 *from, uint64_t then)
{
	__atomic_fetch_add(to, load(from) - then, __ATOMIC_RELAXED);
}

void groups_add_late(struct dp *dp, const struct map_set *old, const struct group_notes *notes)
{
	for (uint32_t i = 1; notes->groups && i < old->map[MAP_GROUPS].n; i++) {
		const struct skep_group *g = MAP_ELEM(old, MAP_GROUPS, struct skep_group, i);

		add_late(&GROUP(dp, i)->packets, &g->packets, notes->groups[i].packets);
		add_late(&GROUP(dp, i)->bytes, &g->bytes, notes->groups[i].bytes);
	}
	for (uint32_t i = 1; notes->ctrs && i < old->map[MAP_GROUP_CTRS].n; i++) {
		const struct skep_group_counter *c =
			MAP_ELEM(old, MAP_GROUP_CTRS, struct skep_group_counter, i);

		add_late(&GROUP_CTR(dp, i)->packets, &c->packets, notes->ctrs[i].packets);
		add_late(&GROUP_CTR(dp, i)->bytes, &c->bytes, notes->ctrs[i].bytes);
	}
}

/* Reads the buckets of an old group back from its cells.  -EPROTO: they make no sense. */
static int read_buckets(const struct map_set *old, const struct skep_group *from,
			const struct cell_ports *ports, struct group *g)
{
	static struct action_list list;
	uint32_t n_cells = old->map[MAP_CELLS].n;
	const struct skep_group_head *head;
	const struct skep_cell *cells;

	if (from->cells >= n_cells)
		return -EPROTO;
	cells = MAP_ELEM(old, MAP_CELLS, struct skep_cell, from->cells);
	head = (const void *)cells;
	if (head->type >= N_GROUP_TYPES || head->n_buckets > GROUP_BUCKETS_MAX ||
	    head->n_cells > n_cells - from->cells || 1 + 2u * head->n_buckets > head->n_cells)
		return -EPROTO;
	g->mod.type = head->type;
	g->old_ctr = head->ctr;
	g->mod.buckets = head->n_buckets ? calloc(head->n_buckets, sizeof(struct bucket)) : NULL;
	if (head->n_buckets && !g->mod.buckets)
		return -ENOMEM;
	for (unsigned int i = 0; i < head->n_buckets; i++) {
		const struct skep_bucket *b = (const void *)(cells + 1 + 2 * i);
		struct bucket *to = &g->mod.buckets[g->mod.n_buckets++];

		if ((uint32_t)b->sent_first + b->n_sent > head->n_cells)
			return -EPROTO;
		to->weight = b->weight;
		to->watch_port = b->watch_port;
		to->watch_group = b->watch_group;
		cells_to_actions(cells + b->sent_first, b->n_sent, ports, &list);
		to->actions = list.n ? malloc(list.n * sizeof(list.a[0])) : NULL;
		if (list.n && !to->actions)
			return -ENOMEM;
		to->n_actions = list.n;
		if (list.n)
			memcpy(to->actions, list.a, list.n * sizeof(list.a[0]));
	}
	return 0;
}

/* Makes the group of old element 'i', not compiled yet. */
static int adopt_group(struct dp *dp, const struct map_set *old, uint32_t i)
{
	const struct skep_group *from = MAP_ELEM(old, MAP_GROUPS, struct skep_group, i);
	struct port_scope scope = { dp, from->bridge };
	struct cell_ports ports = cell_ports(&scope);
	struct group *g;
	int err;

	if (!from->cells || from->bridge >= DP_BRIDGES_MAX ||
	    !BRIDGE(dp, from->bridge)->name[0] || find(dp, from->bridge, from->group_id))
		return -EPROTO;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->idx = i;
	g->bridge = from->bridge;
	g->mod.command = GROUP_ADD;
	g->mod.group_id = from->group_id;
	err = read_buckets(old, from, &ports, g);
	if (!err)
		err = index_add(dp, g);
	if (err)
		group_free(g);
	return err;
}

/* Copies the old counters of the group's buckets, and notes what they were. */
static int adopt_ctrs(struct dp *dp, const struct map_set *old, struct group *g)
{
	uint32_t n = g->mod.n_buckets, n_old = old->map[MAP_GROUP_CTRS].n;

	g->ctr = ctrs_new(dp, n);
	if (!n || g->old_ctr >= n_old || n > n_old - g->old_ctr)
		return 0;
	g->then = malloc(n * sizeof(*g->then));
	if (!g->then)
		return -ENOMEM;
	memcpy(g->then, MAP_ELEM(old, MAP_GROUP_CTRS, struct skep_group_counter, g->old_ctr),
	       n * sizeof(*g->then));
	memcpy(GROUP_CTR(dp, g->ctr), g->then, n * sizeof(*g->then));
	return 0;
}

static int adopt_cells(struct dp *dp, const struct map_set *old, struct group *g)
{
	const struct skep_group *from = MAP_ELEM(old, MAP_GROUPS, struct skep_group, g->idx);
	struct need need = { .group_ctrs_class = spans_class(g->mod.n_buckets),
			     .has_group_ctrs = g->mod.n_buckets > 0 };
	struct compiler c;
	int err;

	if (reserve(dp, &need))
		return -ENOSPC;
	err = adopt_ctrs(dp, old, g);
	if (!err)
		err = compile_for(dp, g->bridge, &g->mod, g->ctr, &c);
	if (err)
		return err;
	g->then_packets = load(&from->packets);
	g->then_bytes = load(&from->bytes);
	*GROUP(dp, g->idx) = (struct skep_group){
		.group_id = from->group_id,
		.bridge = from->bridge,
		.created_ns = from->created_ns,
		.packets = g->then_packets,
		.bytes = g->then_bytes,
	};
	count_groups(dp, g->bridge, &g->mod, 1);
	return put_in_force(dp, g, &c);
}

int groups_adopt(struct dp *dp, const struct map_set *old)
{
	uint32_t n = old->map[MAP_GROUPS].n;
	int err = 0;

	if (n > dp->set.map[MAP_GROUPS].n)
		return -ENOSPC;
	/* First all places, since groups name each other by them: the names of those in cells are read from the new map. */
	for (uint32_t i = 1; i < n; i++) {
		const struct skep_group *from = MAP_ELEM(old, MAP_GROUPS, struct skep_group, i);

		GROUP(dp, i)->group_id = from->group_id;
	}
	for (uint32_t i = 1; i < n && !err; i++) {
		err = adopt_group(dp, old, i);
		if (err == -EPROTO)
			err = 0;
	}
	dp->group_spans.bump = n;
	while (dp->group_spans.bump > 1 && !dp->groups[dp->group_spans.bump - 1])
		dp->group_spans.bump--;
	for (uint32_t i = 1; i < n; i++) {
		if (dp->groups[i])
			continue;
		GROUP(dp, i)->group_id = 0;
		if (i < dp->group_spans.bump)
			spans_free(&dp->group_spans, i, 0);
	}
	for (uint32_t i = 1; i < n && !err; i++) {
		if (dp->groups[i])
			err = adopt_cells(dp, old, dp->groups[i]);
	}
	return err;
}

void groups_adopt_late(struct dp *dp, const struct map_set *old)
{
	for (uint32_t i = 1; i < old->map[MAP_GROUPS].n; i++) {
		const struct skep_group *from = MAP_ELEM(old, MAP_GROUPS, struct skep_group, i);
		struct group *g = dp->groups[i];

		if (!g || from->group_id != g->mod.group_id)
			continue;
		add_late(&GROUP(dp, i)->packets, &from->packets, g->then_packets);
		add_late(&GROUP(dp, i)->bytes, &from->bytes, g->then_bytes);
		for (uint32_t k = 0; g->then && k < g->mod.n_buckets; k++) {
			const struct skep_group_counter *c = MAP_ELEM(
				old, MAP_GROUP_CTRS, struct skep_group_counter, g->old_ctr + k);

			add_late(&GROUP_CTR(dp, g->ctr + k)->packets, &c->packets,
				 g->then[k].packets);
			add_late(&GROUP_CTR(dp, g->ctr + k)->bytes, &c->bytes, g->then[k].bytes);
		}
		free(g->then);
		g->then = NULL;
	}
}
