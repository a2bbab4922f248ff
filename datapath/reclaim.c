// SPDX-License-Identifier: Apache-2.0
/*
 * Reclaiming what was removed, grace period by grace period.
 *
 * Garbage is put in 'fresh' by staged changes.  Once they are committed a grace period can start: 'fresh' becomes 'waiting'.  When it is over, no
 * packet can need what is in 'waiting': entries are unlinked, and go round again, as packets may stand on them; what
 * was unlinked before is free.
 *
 * Putting garbage never fails: if there is no memory for the queue, the element is lost until a restart.
 */
#include <stdlib.h>

#include "datapath/private.h"

void garbage_put(struct dp *dp, enum garbage_type type, uint32_t a, uint32_t b)
{
	struct garbage_queue *q = &dp->fresh;

	if (q->n == q->cap) {
		uint32_t cap = q->cap ? q->cap * 2 : 256;
		struct garbage *p = realloc(q->item, cap * sizeof(*p));

		if (!p)
			return;
		q->item = p;
		q->cap = cap;
	}
	q->item[q->n++] = (struct garbage){ type, a, b };
}

static void unlink_rule(struct dp *dp, uint32_t rule, uint32_t id)
{
	struct subtable *s = dp->by_id[id];
	uint32_t keyx = 0;

	if (s) {
		chain_unlink(dp, s, rule);
		if (s->n_words > 4)
			keyx = (uint32_t)RULE(dp, rule)->key[3];
	}
	garbage_put(dp, GARBAGE_RULE, rule, keyx);
}

static void free_rule(struct dp *dp, uint32_t rule, uint32_t keyx)
{
	/* A free entry must not look alive to adoption. */
	RULE(dp, rule)->flow = 0;
	spans_free(&dp->rules, rule, 0);
	if (keyx)
		spans_free(&dp->keyx, keyx, 0);
}

static void delete_if_empty(struct dp *dp, uint32_t id)
{
	struct subtable *s = dp->by_id[id];

	if (!s || s->n_flows)
		return;
	if (s->n_linked || s->is_resizing || s->former.idx)
		garbage_put(dp, GARBAGE_EMPTY, id, 0); /* not yet */
	else
		subtable_del(dp, s);
}

/* The region may be changed again; rules that came meanwhile may make it too small.  If there are no lines for a larger one, reclaim_settle() sees to that:
 * maps cannot grow from here. */
static void resized(struct dp *dp, uint32_t id)
{
	struct subtable *s = dp->by_id[id];
	unsigned int log2;

	if (!s)
		return;
	s->is_resizing = false;
	log2 = subtable_wanted_log2(s, false);
	if (!log2)
		return;
	if (spans_have(&dp->lines, log2 - MIN_REGION_LOG2, 1))
		subtable_resize(dp, s, log2);
	else
		dp->has_small_regions = true;
}

static void take(struct dp *dp, const struct garbage *g)
{
	switch (g->type) {
	case GARBAGE_UNLINK:
		unlink_rule(dp, g->a, g->b);
		break;
	case GARBAGE_RULE:
		free_rule(dp, g->a, g->b);
		break;
	case GARBAGE_CELLS:
		spans_free(&dp->cells, g->a, g->b);
		break;
	case GARBAGE_FLOW:
		spans_free(&dp->flows, g->a, 0);
		break;
	case GARBAGE_REGION:
		spans_free(&dp->lines, g->a, g->b);
		break;
	case GARBAGE_RESIZED:
		resized(dp, g->a);
		break;
	case GARBAGE_DESC:
		spans_free(&dp->subtables, g->a, 0);
		break;
	case GARBAGE_PRUNE:
		spans_free(&dp->prunes, g->a, 0);
		break;
	case GARBAGE_PLACE:
		subtable_settle(dp, dp->by_id[g->a]);
		break;
	case GARBAGE_EMPTY:
		delete_if_empty(dp, g->a);
		break;
	case GARBAGE_PORT:
		spans_free(&dp->ports, g->a, 0);
		break;
	case GARBAGE_FDB:
		spans_free(&dp->fdb, g->a, FDB_REGION_LOG2);
		break;
	case GARBAGE_FDB_PORT:
		fdb_forget_port(dp, g->b, g->a);
		break;
	case GARBAGE_VLAN_SET:
		spans_free(&dp->vlan_sets, g->a, 0);
		break;
	case GARBAGE_GROUP:
		spans_free(&dp->group_spans, g->a, 0);
		break;
	case GARBAGE_GROUP_CTRS:
		spans_free(&dp->group_ctrs, g->a, g->b);
		break;
	case GARBAGE_METER:
		spans_free(&dp->meters, g->a, 0);
		break;
	case GARBAGE_METER_CONF:
		spans_free(&dp->meter_confs, g->a, 0);
		break;
	}
}

void reclaim_kick(struct dp *dp)
{
	struct garbage_queue empty = dp->waiting;

	if (dp->is_dirty || !dp->fresh.n || dp->waiting.n || !grace_is_idle(dp->grace))
		return;
	dp->waiting = dp->fresh;
	dp->fresh = empty;
	grace_start(dp->grace);
}

void reclaim_run(struct dp *dp, bool wait)
{
	struct garbage_queue done;

	if (wait) {
		dp_commit(dp);
		reclaim_kick(dp);
	}
	if (grace_finish(dp->grace, wait)) {
		/* Taking garbage makes garbage: it goes to 'fresh', not to the queue being read. */
		done = dp->waiting;
		dp->waiting = (struct garbage_queue){ dp->scratch.item, 0, dp->scratch.cap };
		for (uint32_t i = 0; i < done.n; i++)
			take(dp, &done.item[i]);
		dp->scratch = (struct garbage_queue){ done.item, 0, done.cap };
		cache_refresh(dp); /* masks may have gone */
		prune_refresh(dp);
	}
	reclaim_kick(dp);
}

void reclaim_settle(struct dp *dp)
{
	if (!dp->has_small_regions)
		return;
	dp->has_small_regions = false;
	for (uint32_t id = 0; id < dp->n_ids; id++) {
		const struct subtable *s = dp->by_id[id];
		unsigned int log2 = s && !s->is_resizing ? subtable_wanted_log2(s, false) : 0;

		/* Without room, what there is works, if slower, and the next rule is another attempt. */
		if (log2 && subtable_enlarge(dp, id, log2))
			return;
	}
}

void reclaim_all(struct dp *dp)
{
	while (dp->fresh.n || dp->waiting.n)
		reclaim_run(dp, true);
}
