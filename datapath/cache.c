/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow cache's descriptors: for each bridge whose tables have several masks, the union of them (bpf/cache.h).
 *
 * What rules of version V match is in the union that packets of version V find: a union with new masks is stored before the version that their
 * rules come with, and masks leave it when their subtable goes, which is a grace period after the last of its rules.
 */
#include <string.h>

#include "bpf/state.h"
#include "datapath/private.h"

/* With fewer masks, the search costs less than the cache. */
#define CACHE_MIN_MASKS 4

void cache_note(struct dp *dp, uint32_t table)
{
	dp->is_cache_stale[table / 256] = true;
	dp->is_any_cache_stale = true;
}

/* The union of the bridge's masks in 'u'.  Returns how many there are. */
static unsigned int unite(const struct dp *dp, uint32_t bridge, struct subtable *u)
{
	unsigned int n = 0;

	for (uint32_t table = bridge * 256; table < (bridge + 1) * 256; table++) {
		for (struct subtable *s = subtable_next(dp, table, NULL); s; s = subtable_next(dp, table, s)) {
			for (unsigned int i = 0; i < s->n_words; i++)
				u->mask.w[s->words[i]] |= s->mask.w[s->words[i]];
			n++;
		}
	}
	subtable_list_words(u);
	return n;
}

static bool is_wanted(const struct dp *dp, uint32_t bridge, const struct subtable *u, unsigned int n_masks)
{
	unsigned int least = dp->config.flow_cache == DP_CACHE_ALWAYS ? 1 : CACHE_MIN_MASKS;

	return dp->config.flow_cache != DP_CACHE_OFF && dp_bridge_name(dp, bridge) && n_masks >= least &&
	       u->n_words <= SKEP_CACHE_WORDS && spans_have(&dp->subtables, 0, 1);
}

/* Packets that came to the bridge take the way that looks for a cache while it has one. */
static void refresh_ports(struct dp *dp, uint32_t bridge)
{
	for (uint32_t i = BRIDGE(dp, bridge)->first_port; i; i = PORT(dp, i)->next)
		port_set_special(dp, i);
}

static void refresh(struct dp *dp, uint32_t bridge)
{
	uint32_t old = BRIDGE(dp, bridge)->cache, new = 0;
	struct subtable u = { 0 };
	unsigned int n_masks = unite(dp, bridge, &u);

	if (is_wanted(dp, bridge, &u, n_masks)) {
		/* Unlike that of any other descriptor that entries may be from. */
		u.id = ++dp->last_cache_id | 1u << 31;
		u.seed = subtable_seed();
		u.region = SKEP_REGION(0, MIN_REGION_LOG2, 0);
		new = descriptor_new(dp, &u, 0, 0);
	}
	PUBLISH(&BRIDGE(dp, bridge)->cache, new);
	if (!old != !new)
		refresh_ports(dp, bridge);
	if (old)
		garbage_put(dp, GARBAGE_DESC, old, 0);
}

void cache_refresh(struct dp *dp)
{
	if (!dp->is_any_cache_stale)
		return;
	dp->is_any_cache_stale = false;
	for (uint32_t i = 0; i < DP_BRIDGES_MAX; i++) {
		if (dp->is_cache_stale[i])
			refresh(dp, i);
		dp->is_cache_stale[i] = false;
	}
}

bool dp_bridge_has_cache(const struct dp *dp, uint32_t bridge)
{
	return BRIDGE(dp, bridge)->cache != 0;
}

void cache_recall(struct dp *dp)
{
	for (uint32_t i = 0; i < DP_BRIDGES_MAX; i++) {
		BRIDGE(dp, i)->cache = 0;
		refresh_ports(dp, i);
	}
}
