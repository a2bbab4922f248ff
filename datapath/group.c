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

#include "datapath/group.h"

/* --- Numbers to groups --- */

uint32_t group_find(const struct dp *dp, uint32_t bridge, uint32_t group_id)
{
	return id_index_find(&dp->group_index[bridge], group_id);
}

int group_register(struct dp *dp, struct group *g)
{
	int err = id_index_add(&dp->group_index[g->bridge], g->mod.group_id, g->idx);

	if (!err)
		dp->groups[g->idx] = g;
	return err;
}

void group_free(struct group *g)
{
	group_mod_uninit(&g->mod);
	free(g);
}

void groups_forget(struct dp *dp)
{
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++) {
		for (uint32_t k = 0; k < dp->group_index[i].n; k++)
			group_free(dp->groups[dp->group_index[i].ref[k].idx]);
		free(dp->group_index[i].ref);
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
		to = group_of(dp, bridge, b->actions[i].group_id);
		if (to && visit(to, aux))
			return true;
	}
	to = b->watch_group == GROUP_ANY ? NULL : group_of(dp, bridge, b->watch_group);
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

void group_count_refs(const struct dp *dp, uint32_t bridge, const struct group_mod *gm,
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
	const struct id_index *x = &dp->group_index[g->bridge];
	unsigned int longest = 1;

	if (!g->n_groups || so_far > SKEP_GROUP_DEPTH)
		return longest;
	for (uint32_t i = 0; i < x->n; i++) {
		struct group *from = dp->groups[x->ref[i].idx];
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

void group_cells(struct dp *dp, const struct skep_cell *cells, bool is_stored)
{
	const struct skep_cell *cell;

	CELLS_FOR_EACH (cells, SKEP_OP_GROUP, cell) {
		struct group *g = dp->groups[cell->arg32];

		if (g && is_stored)
			g->n_flows++;
		else if (g)
			g->n_flows--;
	}
}

bool cells_lead_to(const struct skep_cell *cells, uint32_t group)
{
	const struct skep_cell *cell;

	CELLS_FOR_EACH (cells, SKEP_OP_GROUP, cell) {
		if (cell->arg32 == group)
			return true;
	}
	return false;
}

bool cells_groups_are_there(const struct dp *dp, const struct skep_cell *cells)
{
	const struct skep_cell *cell;

	CELLS_FOR_EACH (cells, SKEP_OP_GROUP, cell) {
		if (cell->arg32 >= MAX_GROUPS || !dp->groups[cell->arg32])
			return false;
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

/* --- Changes --- */

/* Compiles again what depends on 'g'. */
static int compile_dependents(struct dp *dp, const struct group *g, unsigned int depth)
{
	int err = 0;

	if (!g->n_groups || depth > SKEP_GROUP_DEPTH)
		return 0;
	for (uint32_t i = 0; i < dp->group_index[g->bridge].n && !err; i++) {
		struct group *from = dp->groups[dp->group_index[g->bridge].ref[i].idx];
		struct group_code code;

		if (!mod_for_each(dp, g->bridge, &from->mod, is_it, (void *)g))
			continue;
		err = group_compile(dp, g->bridge, &from->mod, from->ctr, &code);
		if (!err)
			err = group_put_in_force(dp, from, &code);
		if (!err)
			err = compile_dependents(dp, from, depth + 1);
	}
	return err;
}

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
			if (!group_of(dp, bridge, to))
				return fail(ret_error, DP_GROUP_UNKNOWN, -ESRCH);
		}
		if (b->watch_group == gm->group_id)
			return fail(ret_error, DP_GROUP_LOOP, -ELOOP);
		if (b->watch_group != GROUP_ANY && !group_of(dp, bridge, b->watch_group))
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
uint32_t group_ctrs_new(struct dp *dp, uint32_t n)
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
	struct group_code code;
	struct group *g;
	int err;

	if (group_of(dp, bridge, gm->group_id))
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
	g->ctr = group_ctrs_new(dp, gm->n_buckets);
	*GROUP(dp, g->idx) = (struct skep_group){
		.group_id = gm->group_id,
		.bridge = bridge,
		.created_ns = boot_ns(),
	};
	err = group_compile(dp, bridge, gm, g->ctr, &code);
	if (!err)
		err = group_put_in_force(dp, g, &code);
	if (!err)
		err = group_register(dp, g);
	if (err) {
		if (GROUP(dp, g->idx)->cells)
			group_discard_cells(dp, GROUP(dp, g->idx)->cells);
		PUBLISH(&GROUP(dp, g->idx)->cells, 0);
		ctrs_discard(dp, g->ctr, gm->n_buckets);
		garbage_put(dp, GARBAGE_GROUP, g->idx, 0);
		group_free(g);
		return fail_compile(ret_error, err);
	}
	group_count_refs(dp, bridge, gm, 1);
	return 0;
}

static int modify(struct dp *dp, uint32_t bridge, const struct group_mod *gm,
		  enum dp_group_error *ret_error)
{
	struct need need = { .group_ctrs_class = spans_class(gm->n_buckets),
			     .has_group_ctrs = gm->n_buckets > 0 };
	struct group *g = group_of(dp, bridge, gm->group_id);
	struct group_mod copy;
	struct group_code code;
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
	ctr = group_ctrs_new(dp, gm->n_buckets);
	err = group_compile(dp, bridge, gm, ctr, &code);
	if (!err)
		err = group_put_in_force(dp, g, &code);
	if (err) {
		ctrs_discard(dp, ctr, gm->n_buckets);
		group_mod_uninit(&copy);
		return fail_compile(ret_error, err);
	}
	group_count_refs(dp, bridge, &g->mod, UINT32_MAX);
	ctrs_discard(dp, g->ctr, g->mod.n_buckets);
	group_mod_uninit(&g->mod);
	g->mod = copy;
	g->ctr = ctr;
	group_count_refs(dp, bridge, &g->mod, 1);
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
	group_discard_cells(dp, old);
	ctrs_discard(dp, g->ctr, g->mod.n_buckets);
	garbage_put(dp, GARBAGE_GROUP, g->idx, 0);
	id_index_del(&dp->group_index[g->bridge], g->mod.group_id);
	dp->groups[g->idx] = NULL;
	group_count_refs(dp, g->bridge, &g->mod, UINT32_MAX);
	group_free(g);
}

static void delete_all(struct dp *dp, uint32_t bridge)
{
	const struct id_index *x = &dp->group_index[bridge];

	while (x->n)
		delete_one(dp, dp->groups[x->ref[x->n - 1].idx]);
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
		g = group_of(dp, bridge, gm->group_id);
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
	const struct id_index *x;
	const struct group *g;
	uint32_t i;

	if (bridge >= DP_BRIDGES_MAX)
		return false;
	x = &dp->group_index[bridge];
	i = id_index_at(x, group_id);
	if (i >= x->n)
		return false;
	g = dp->groups[x->ref[i].idx];
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
