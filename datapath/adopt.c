// SPDX-License-Identifier: Apache-2.0
/*
 * Taking over what an earlier process left: bridges, ports, flows and counters go from the pinned maps to new ones.
 *
 * The old maps may be those of a process that was killed in the middle of a change.  So nothing of their structure is trusted, no chain walked:
 * the flows are those rule entries whose interval holds the old version, and each is inserted anew.  A change that was not committed is
 * thereby undone.  While this goes on the old program forwards on the old maps, and counts: what it counts after it was read is added by
 * adopt_late_counts(), after the programs were swapped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"

#define OLD(ID, TYPE, I) MAP_ELEM(old, ID, TYPE, I)

/* The masks of the old subtables by id. */
struct old_masks {
	const struct skep_subtable **by_id;
	uint32_t n;
};

static int collect_masks(const struct map_set *old, struct old_masks *ret)
{
	uint32_t n_subtables = old->map[MAP_SUBTABLES].n;

	ret->n = n_subtables;
	ret->by_id = calloc(n_subtables, sizeof(*ret->by_id));
	if (!ret->by_id)
		return -ENOMEM;
	for (uint32_t t = 0; t < old->map[MAP_TABLES].n; t++) {
		uint32_t idx = OLD(MAP_TABLES, struct skep_table, t)->first;

		/* Bounded, whatever the links say. */
		for (uint32_t i = 0; idx && idx < n_subtables && i < n_subtables; i++) {
			const struct skep_subtable *s = OLD(MAP_SUBTABLES, struct skep_subtable, idx);

			if (s->id < ret->n)
				ret->by_id[s->id] = s;
			idx = s->next;
		}
	}
	return 0;
}

/* The masked key of an old entry.  False if it makes no sense. */
static bool old_key(const struct map_set *old, const struct skep_subtable *s,
		    const struct skep_rule *r, struct masked_key *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (s->n_words > SKEP_KEY_WORDS)
		return false;
	for (unsigned int i = 0; i < s->n_words; i++) {
		unsigned int word = (unsigned int)(i < 4 ? s->ofs[i] : s->ofs_x[i - 4]) / 8;
		uint64_t value = r->key[i < 4 ? i : 0];

		if (word >= SKEP_KEY_WORDS)
			return false;
		if (s->n_words > 4 && i >= 3) {
			if (r->key[3] >= old->map[MAP_KEYX].n)
				return false;
			value = OLD(MAP_KEYX, struct skep_keyx, r->key[3])->w[i - 3];
		}
		ret->key.w[word] = value;
		ret->mask.w[word] = i < 4 ? s->mask[i] : s->mask_x[i - 4];
	}
	return true;
}

static void sum_counters(const struct dp *dp, const struct map_set *old, uint32_t old_flow,
			 uint64_t *ret_packets, uint64_t *ret_bytes)
{
	uint32_t n = dp->set_config.n_stripes;
	const struct skep_counter *c =
		OLD(MAP_COUNTERS, struct skep_counter, (size_t)old_flow * n);

	*ret_packets = *ret_bytes = 0;
	for (uint32_t i = 0; i < n; i++) {
		*ret_packets += __atomic_load_n(&c[i].packets, __ATOMIC_RELAXED);
		*ret_bytes += __atomic_load_n(&c[i].bytes, __ATOMIC_RELAXED);
	}
}

/* The counts so far become the base of the new flow's; the time of the last hit stays. */
static void copy_counts(struct dp *dp, uint32_t flow, const struct map_set *old, uint32_t old_flow)
{
	const struct skep_flow *f = OLD(MAP_FLOWS, struct skep_flow, old_flow);
	struct adopted *a = &dp->adopted[old_flow];
	uint32_t n = dp->set_config.n_stripes;

	a->flow = flow;
	sum_counters(dp, old, old_flow, &a->packets, &a->bytes);
	FLOW(dp, flow)->base_packets = f->base_packets + a->packets;
	FLOW(dp, flow)->base_bytes = f->base_bytes + a->bytes;
	for (uint32_t i = 0; i < n; i++)
		MAP_ELEM(&dp->set, MAP_COUNTERS, struct skep_counter, (size_t)flow * n + i)->used_ns =
			OLD(MAP_COUNTERS, struct skep_counter, (size_t)old_flow * n + i)->used_ns;
}

/* Adopts the flow of old entry 'r'.  An entry that makes no sense is left out: -EPROTO. */
static int adopt_rule(struct dp *dp, const struct map_set *old, const struct old_masks *masks,
		      const struct skep_rule *r)
{
	uint32_t flow;
	const struct skep_flow *f;
	struct flow_new new;
	int err;

	if (r->flow >= old->map[MAP_FLOWS].n || r->cells >= old->map[MAP_CELLS].n)
		return -EPROTO;
	f = OLD(MAP_FLOWS, struct skep_flow, r->flow);
	if (f->table >= N_TABLE_SLOTS || f->mask_id >= masks->n || !masks->by_id[f->mask_id])
		return -EPROTO;
	new = (struct flow_new){
		.table = f->table,
		.priority = (uint16_t)r->added_prio,
		.idle_timeout = f->idle_timeout,
		.hard_timeout = f->hard_timeout,
		.flags = f->flags,
		.cookie = f->cookie,
		.created_ns = f->created_ns,
		.cells = OLD(MAP_CELLS, struct skep_cell, r->cells),
	};
	new.n_cells = cells_head(new.cells)->n_cells;
	if (!new.n_cells || new.n_cells > SKEP_CELLS_MAX ||
	    old->map[MAP_CELLS].n - r->cells < new.n_cells ||
	    !old_key(old, masks->by_id[f->mask_id], r, &new.mk) ||
	    (cells_head(new.cells)->flags & SKEP_HF_METER &&
	     !meter_is_there(dp, cells_meter(new.cells))) ||
	    !cells_groups_are_there(dp, new.cells))
		return -EPROTO;
	err = flow_insert(dp, &new, &flow);
	if (!err)
		copy_counts(dp, flow, old, r->flow);
	return err;
}

static int adopt_flows(struct dp *dp, const struct map_set *old)
{
	uint64_t version = OLD(MAP_DP, struct skep_dp, 0)->version;
	struct old_masks masks = { .n = 0 };
	int err = collect_masks(old, &masks);

	for (uint32_t i = 1; i < old->map[MAP_RULES].n && !err; i++) {
		const struct skep_rule *r = OLD(MAP_RULES, struct skep_rule, i);

		if (!r->flow || r->added_prio >> 16 > version || version >= r->removed)
			continue;
		err = adopt_rule(dp, old, &masks, r);
		if (err == -EPROTO)
			err = 0;
	}
	free(masks.by_id);
	return err;
}

static void copy_map(struct dp *dp, const struct map_set *old, enum map_id id)
{
	size_t size = old->map[id].size;

	if (size > dp->set.map[id].size)
		size = dp->set.map[id].size;
	memcpy(dp->set.map[id].base, old->map[id].base, size);
}

int adopt(struct dp *dp, const struct map_set *old)
{
	int err;

	if (OLD(MAP_DP, struct skep_dp, 0)->n_stripes != dp->set_config.n_stripes)
		return -EPROTO;
	copy_map(dp, old, MAP_IFS);
	copy_map(dp, old, MAP_PORTS);
	copy_map(dp, old, MAP_BRIDGES);
	copy_map(dp, old, MAP_TUNNELS);
	copy_map(dp, old, MAP_VLAN_SETS);
	fdb_copy(&dp->set.map[MAP_FDB], &old->map[MAP_FDB]);
	copy_map(dp, old, MAP_TABLE_COUNTERS);
	copy_map(dp, old, MAP_PORT_COUNTERS);
	copy_map(dp, old, MAP_DROPS);
	err = ports_recall(dp);
	if (!err)
		err = meters_note(old, true, true, &dp->adopted_meters);
	if (err)
		return err;
	meters_copy(&dp->set, old, &dp->adopted_meters);
	err = meters_recall(dp);
	if (err)
		return err;
	err = groups_adopt(dp, old);
	if (err)
		return err;
	special_recall(dp);
	cache_recall(dp);
	port_vlan_recall(dp);
	fdb_recall(dp);
	dp->adopted = calloc(old->map[MAP_FLOWS].n, sizeof(*dp->adopted));
	if (!dp->adopted)
		return -ENOMEM;
	err = adopt_flows(dp, old);
	dp_commit(dp);
	return err;
}

/* Adds what the old program counted since copy_counts() read it.  'old' must not be in charge any more. */
void adopt_late_counts(struct dp *dp, const struct map_set *old)
{
	for (uint32_t i = 1; dp->adopted && i < old->map[MAP_FLOWS].n; i++) {
		const struct adopted *a = &dp->adopted[i];
		uint64_t packets, bytes;

		if (!a->flow)
			continue;
		sum_counters(dp, old, i, &packets, &bytes);
		FLOW(dp, a->flow)->base_packets += packets - a->packets;
		FLOW(dp, a->flow)->base_bytes += bytes - a->bytes;
	}
	free(dp->adopted);
	dp->adopted = NULL;
	groups_adopt_late(dp, old);
	meters_add_late(dp, old, &dp->adopted_meters);
	meters_unnote(&dp->adopted_meters);
}
