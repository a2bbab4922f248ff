// SPDX-License-Identifier: Apache-2.0
/* What a group does, as the cells that bpf/group.h executes (bpf/abi.h, "Groups"). */
#include <errno.h>
#include <string.h>

#include "datapath/group.h"

#define CELLS_LIMIT  0xffff /* of a group: the head says how many in 16 bits */
#define SLOTS_LIMIT  1024
#define SLOTS_EACH   16 /* for each bucket, so that weights are kept to a few percent */

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
		to = group_of(dp, bridge, b->actions[i].group_id);
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
	const struct group *g = group_of(c->dp, c->bridge, group_id);

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
	if (!err && action_lists_equal(&sent, &ordered)) {
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

int group_compile(struct dp *dp, uint32_t bridge, const struct group_mod *gm, uint32_t ctr,
		  struct group_code *ret)
{
	static struct skep_cell cells[CELLS_LIMIT];
	struct port_scope scope = { dp, bridge };
	struct compiler c = {
		.dp = dp,
		.bridge = bridge,
		.ports = cell_ports(&scope),
		.cells = cells,
	};
	int err = compile(&c, gm, ctr);

	*ret = (struct group_code){ cells, c.n };
	return err;
}

void group_discard_cells(struct dp *dp, uint32_t cells)
{
	const struct skep_group_head *head = (const void *)CELL(dp, cells);

	garbage_put(dp, GARBAGE_CELLS, cells, spans_class(head->n_cells));
}

int group_put_in_force(struct dp *dp, struct group *g, const struct group_code *code)
{
	struct need need = { .has_cells = true, .cells_class = spans_class(code->n) };
	uint32_t old, idx;

	if (reserve(dp, &need))
		return -ENOSPC;
	old = GROUP(dp, g->idx)->cells;
	idx = spans_alloc(&dp->cells, need.cells_class);
	memcpy(CELL(dp, idx), code->cells, code->n * sizeof(code->cells[0]));
	PUBLISH(&GROUP(dp, g->idx)->cells, idx);
	if (old)
		group_discard_cells(dp, old);
	return 0;
}
