// SPDX-License-Identifier: Apache-2.0
/*
 * Growth and adoption of groups.
 *
 * Both copy counters while the old program still counts in them.  What it counts after the copy is added when it has come to its end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/group.h"

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

void groups_add_late(struct dp *dp, const struct map_set *old, const struct group_notes *notes)
{
	for (uint32_t i = 1; notes->groups && i < old->map[MAP_GROUPS].n; i++) {
		const struct skep_group *g = MAP_ELEM(old, MAP_GROUPS, struct skep_group, i);

		counter_add_late(&GROUP(dp, i)->packets, &g->packets, notes->groups[i].packets);
		counter_add_late(&GROUP(dp, i)->bytes, &g->bytes, notes->groups[i].bytes);
	}
	for (uint32_t i = 1; notes->ctrs && i < old->map[MAP_GROUP_CTRS].n; i++) {
		const struct skep_group_counter *c =
			MAP_ELEM(old, MAP_GROUP_CTRS, struct skep_group_counter, i);

		counter_add_late(&GROUP_CTR(dp, i)->packets, &c->packets, notes->ctrs[i].packets);
		counter_add_late(&GROUP_CTR(dp, i)->bytes, &c->bytes, notes->ctrs[i].bytes);
	}
}

/* Reads the buckets of an old group back from its cells.  -EPROTO: they make no sense. */
static int read_buckets(const struct map_set *old, const struct skep_group *from,
			const struct cell_ports *ports, struct group *g)
{
	static struct action_list list;
	uint32_t n_cells = old->map[MAP_CELLS].n, n_ctrs = old->map[MAP_GROUP_CTRS].n;
	const struct skep_group_head *head;
	const struct skep_cell *cells;

	if (from->cells >= n_cells)
		return -EPROTO;
	cells = MAP_ELEM(old, MAP_CELLS, struct skep_cell, from->cells);
	head = (const void *)cells;
	if (head->type >= N_GROUP_TYPES || head->n_buckets > GROUP_BUCKETS_MAX ||
	    head->ctr > n_ctrs || head->n_buckets > n_ctrs - head->ctr ||
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
	    !BRIDGE(dp, from->bridge)->name[0] || group_of(dp, from->bridge, from->group_id))
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
		err = group_register(dp, g);
	if (err)
		group_free(g);
	return err;
}

static int adopt_cells(struct dp *dp, struct group *g)
{
	const struct group_notes *notes = &dp->adopted_groups;
	uint32_t n = g->mod.n_buckets;
	struct need need = { .group_ctrs_class = spans_class(n), .has_group_ctrs = n > 0 };
	struct group_code code;
	int err;

	if (reserve(dp, &need))
		return -ENOSPC;
	g->ctr = group_ctrs_new(dp, n);
	if (n)
		memcpy(GROUP_CTR(dp, g->ctr), &notes->ctrs[g->old_ctr], n * sizeof(notes->ctrs[0]));
	*GROUP(dp, g->idx) = notes->groups[g->idx];
	GROUP(dp, g->idx)->cells = 0; /* those were the old map's */
	err = group_compile(dp, g->bridge, &g->mod, g->ctr, &code);
	if (err)
		return err;
	group_count_refs(dp, g->bridge, &g->mod, 1);
	return group_put_in_force(dp, g, &code);
}

int groups_adopt(struct dp *dp, const struct map_set *old)
{
	uint32_t n = old->map[MAP_GROUPS].n;
	bool *is_used = calloc(n, sizeof(*is_used));
	int err = is_used ? groups_note(old, true, true, &dp->adopted_groups) : -ENOMEM;

	if (!err && n > dp->set.map[MAP_GROUPS].n)
		err = -ENOSPC;
	/* First all places, since groups name each other by them: the names of those in cells are read from the new map. */
	for (uint32_t i = 1; i < n && !err; i++)
		GROUP(dp, i)->group_id = dp->adopted_groups.groups[i].group_id;
	for (uint32_t i = 1; i < n && !err; i++) {
		err = adopt_group(dp, old, i);
		if (err == -EPROTO) {
			GROUP(dp, i)->group_id = 0;
			err = 0;
		}
		is_used[i] = dp->groups[i];
	}
	if (!err)
		spans_recall(&dp->group_spans, is_used, n);
	for (uint32_t i = 1; i < n && !err; i++) {
		if (dp->groups[i])
			err = adopt_cells(dp, dp->groups[i]);
	}
	free(is_used);
	return err;
}

void groups_adopt_late(struct dp *dp, const struct map_set *old)
{
	struct group_notes *notes = &dp->adopted_groups;

	for (uint32_t i = 1; notes->groups && i < old->map[MAP_GROUPS].n; i++) {
		const struct skep_group *from = MAP_ELEM(old, MAP_GROUPS, struct skep_group, i);
		struct group *g = dp->groups[i];

		if (!g || from->group_id != g->mod.group_id)
			continue;
		counter_add_late(&GROUP(dp, i)->packets, &from->packets, notes->groups[i].packets);
		counter_add_late(&GROUP(dp, i)->bytes, &from->bytes, notes->groups[i].bytes);
		for (uint32_t k = 0; k < g->mod.n_buckets; k++) {
			const struct skep_group_counter *c = MAP_ELEM(
				old, MAP_GROUP_CTRS, struct skep_group_counter, g->old_ctr + k);
			const struct skep_group_counter *then = &notes->ctrs[g->old_ctr + k];

			counter_add_late(&GROUP_CTR(dp, g->ctr + k)->packets, &c->packets,
					 then->packets);
			counter_add_late(&GROUP_CTR(dp, g->ctr + k)->bytes, &c->bytes, then->bytes);
		}
	}
	groups_unnote(notes);
}
