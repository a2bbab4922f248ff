/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of groups share; see group.c. */
#ifndef SKEP_DATAPATH_GROUP_H
#define SKEP_DATAPATH_GROUP_H 1

#include "datapath/private.h"

#define GROUP(DP, I)   MAP_ELEM(&(DP)->set, MAP_GROUPS, struct skep_group, I)
#define GROUP_CTR(DP, I) MAP_ELEM(&(DP)->set, MAP_GROUP_CTRS, struct skep_group_counter, I)

struct group {
	uint32_t idx; /* in skep_groups */
	uint32_t bridge;
	struct group_mod mod; /* as it was sent */
	uint32_t ctr;	      /* its buckets' counters, a span of spans_class(n_buckets) */
	uint32_t n_flows;     /* flows that lead to it, each counted as often as it does */
	uint32_t n_groups;    /* the same of groups, by actions and watches */
	uint32_t old_ctr;     /* while it is being adopted: where its buckets' counters were */
};

/* --- group.c --- */
/* The bridge's group of that number, or NULL. */
static inline struct group *group_of(const struct dp *dp, uint32_t bridge, uint32_t group_id)
{
	return dp->groups[id_index_find(&dp->group_index[bridge], group_id)];
}
/* Puts it where it is found by number and place.  0 or -ENOMEM. */
int group_register(struct dp *dp, struct group *g);
void group_free(struct group *g);
/* Counts that 'gm' leads to groups (by 1), or does no more (by UINT32_MAX, which is -1). */
void group_count_refs(const struct dp *dp, uint32_t bridge, const struct group_mod *gm, uint32_t by);
/* Takes counters for 'n' buckets, all 0. */
uint32_t group_ctrs_new(struct dp *dp, uint32_t n);

/* --- group_compile.c --- */
struct group_code {
	struct skep_cell *cells; /* good until the next call that compiles */
	uint32_t n;
};
/* Compiles 'gm', with the names of groups and ports of the bridge.  -ESRCH: a group is not there; -E2BIG: it needs too many cells. */
int group_compile(struct dp *dp, uint32_t bridge, const struct group_mod *gm, uint32_t ctr,
		  struct group_code *ret);
/* Makes 'code' what the group does.  0 or -ENOSPC. */
int group_put_in_force(struct dp *dp, struct group *g, const struct group_code *code);
void group_discard_cells(struct dp *dp, uint32_t cells);

#endif
