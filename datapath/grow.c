// SPDX-License-Identifier: Apache-2.0
/*
 * Capacities of the maps, and how they grow: a set with larger maps is made in maps-new, filled, put in charge by swapping the programs, and renamed
 * (datapath.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "datapath/attach.h"
#include "datapath/private.h"
#include "log.h"

#define MAX_STRIPES       16u
#define MAX_PORTS         (1u << 20)
#define MAX_SUBTABLES     (1u << 18)
#define MAX_PRUNES        (1u << 14)
#define MAX_VLAN_SETS     (1u << 16)
#define MAX_GROUP_CTRS    (1u << 22)
#define MAX_METER_CONFS   (DP_METERS_MAX + 1024) /* some wait for a grace period */
#define MAX_FDB           (DP_BRIDGES_MAX * FDB_REGION + 1)

/* --- Capacities --- */

void capacity_init(struct dp *dp)
{
	struct map_set_config *c = &dp->set_config;
	int n_cpus = libbpf_num_possible_cpus();
	uint32_t n_rules = dp->config.n_rules;

	c->n_cpus = n_cpus > 0 ? (unsigned int)n_cpus : 1;
	c->n_stripes = (c->n_cpus < MAX_STRIPES ? c->n_cpus : MAX_STRIPES) + 1;
	c->clone_last = dp->config.clone_last;
	c->in_memory = dp->config.attach == DP_ATTACH_NONE;
	c->events_fd = -1;
	for (unsigned int i = 0; i < N_MAPS; i++)
		c->reuse_fd[i] = -1;
	c->n[MAP_DP] = 1;
	c->n[MAP_IFS] = SKEP_IFS;
	c->n[MAP_PORTS] = 4096;
	c->n[MAP_BRIDGES] = DP_BRIDGES_MAX;
	c->n[MAP_TABLES] = N_TABLE_SLOTS;
	c->n[MAP_SUBTABLES] = 2048;
	c->n[MAP_PRUNES] = 32;
	/* Half of it for a subtable that all rules are in and that has just grown (subtable_wanted_log2()), the rest for its regions before,
	 * until their grace periods are over. */
	c->n[MAP_BUCKETS] = n_rules;
	c->n[MAP_RULES] = n_rules;
	c->n[MAP_KEYX] = n_rules / 2;
	c->n[MAP_CELLS] = n_rules * 4;
	c->n[MAP_FLOWS] = n_rules;
	c->n[MAP_COUNTERS] = c->n[MAP_FLOWS] * c->n_stripes;
	c->n[MAP_TABLE_COUNTERS] = N_TABLE_SLOTS * c->n_stripes;
	c->n[MAP_PORT_COUNTERS] = c->n[MAP_PORTS] * c->n_stripes;
	c->n[MAP_DROPS] = SKEP_N_DROPS * c->n_stripes;
	c->n[MAP_TUNNELS] = SKEP_TUNNELS;
	c->n[MAP_INJECTS] = SKEP_INJECTS;
	c->n[MAP_VLAN_SETS] = 64;
	c->n[MAP_GROUPS] = 256;
	c->n[MAP_GROUP_CTRS] = 1024;
	c->n[MAP_METERS] = 256;
	c->n[MAP_METER_CONFS] = 256;
	c->n[MAP_FDB] = FDB_REGION + 1;
	c->n[MAP_CPU] = c->n_cpus;
}

/* Where the growth of a map ends. */
static uint32_t max_of(const struct dp *dp, enum map_id id)
{
	uint32_t max = dp->config.max_rules;

	if (id == MAP_PORTS) {
		max = map_max(MAP_PORT_COUNTERS) / dp->set_config.n_stripes;
		max = max < MAX_PORTS ? max : MAX_PORTS;
	} else if (id == MAP_SUBTABLES)
		max = MAX_SUBTABLES;
	else if (id == MAP_PRUNES)
		max = MAX_PRUNES;
	else if (id == MAP_CELLS)
		max *= 4;
	else if (id == MAP_FDB)
		max = MAX_FDB;
	else if (id == MAP_VLAN_SETS)
		max = MAX_VLAN_SETS;
	else if (id == MAP_GROUPS)
		max = MAX_GROUPS;
	else if (id == MAP_GROUP_CTRS)
		max = MAX_GROUP_CTRS;
	else if (id == MAP_METERS)
		max = MAX_METERS;
	else if (id == MAP_METER_CONFS)
		max = MAX_METER_CONFS;
	return max < map_max(id) ? max : map_max(id);
}

struct spans *map_spans(struct dp *dp, enum map_id id)
{
	switch (id) {
	case MAP_PORTS:
		return &dp->ports;
	case MAP_SUBTABLES:
		return &dp->subtables;
	case MAP_PRUNES:
		return &dp->prunes;
	case MAP_BUCKETS:
		return &dp->lines;
	case MAP_RULES:
		return &dp->rules;
	case MAP_KEYX:
		return &dp->keyx;
	case MAP_CELLS:
		return &dp->cells;
	case MAP_FLOWS:
		return &dp->flows;
	case MAP_FDB:
		return &dp->fdb;
	case MAP_VLAN_SETS:
		return &dp->vlan_sets;
	case MAP_GROUPS:
		return &dp->group_spans;
	case MAP_GROUP_CTRS:
		return &dp->group_ctrs;
	case MAP_METERS:
		return &dp->meters;
	case MAP_METER_CONFS:
		return &dp->meter_confs;
	default:
		return NULL;
	}
}

/* The programs read cells two by two: the last one is only ever the second. */
uint32_t map_spans_capacity(enum map_id id, uint32_t n)
{
	return id == MAP_CELLS ? n - 1 : n;
}

/* The process's own arrays, as long as the map of flows. */
int flow_arrays_fit(struct dp *dp, uint32_t old_n, uint32_t n)
{
	uint32_t *same_next = realloc(dp->same_next, n * sizeof(*same_next));
	uint8_t *is_timed;

	if (!same_next)
		return -ENOMEM;
	dp->same_next = same_next;
	is_timed = realloc(dp->is_timed, n);
	if (!is_timed)
		return -ENOMEM;
	dp->is_timed = is_timed;
	memset(same_next + old_n, 0, (n - old_n) * sizeof(*same_next));
	memset(is_timed + old_n, 0, n - old_n);
	return 0;
}

/* --- Swapping sets --- */

/* Gives each port the program of dp->set. */
int set_swap_programs(struct dp *dp, char *err_buf, size_t err_size)
{
	int ret = 0;

	for (uint32_t i = 1; i < dp->ports.bump; i++) {
		uint32_t ifindex = PORT(dp, i)->ifindex;
		int err;

		if (!PORT(dp, i)->ofport || !ifindex)
			continue;
		err = attach_set(dp->attach, port_hook(PORT(dp, i)), dp->links_dir, ifindex,
				 dp->set.prog_fd);
		if (err && err != -ENODEV && err != -EINVAL) {
			snprintf(err_buf, err_size, "interface %u: cannot change its program: %s",
				 ifindex, strerror(-err));
			ret = err;
		}
	}
	return ret;
}

/* Pins a set that is being made. */
int set_pin_new(const struct dp *dp, const struct map_set *set, char *err_buf, size_t err_size)
{
	int err;

	if (dp->attach == DP_ATTACH_NONE || dp->is_building)
		return 0;
	map_set_unpin(dp->new_dir);
	err = map_set_pin(set, dp->new_dir);
	if (err)
		snprintf(err_buf, err_size, "%s: cannot pin: %s", dp->new_dir, strerror(-err));
	return err;
}

/* The new pins take the place of the old ones. */
int set_rename_pins(struct dp *dp)
{
	if (dp->attach == DP_ATTACH_NONE)
		return 0;
	map_set_unpin(dp->old_dir);
	if (rename(dp->maps_dir, dp->old_dir) && errno != ENOENT)
		return -errno;
	if (rename(dp->new_dir, dp->maps_dir))
		return -errno;
	return map_set_unpin(dp->old_dir);
}

/* One grace period, now. */
void grace_wait_now(struct dp *dp)
{
	while (!grace_is_idle(dp->grace))
		reclaim_run(dp, true);
	grace_start(dp->grace);
	grace_finish(dp->grace, true);
	reclaim_kick(dp);
}

/* --- Growth --- */

static void copy_grown(struct dp *dp, const struct map_set *new, const bool grows[N_MAPS])
{
	for (unsigned int i = 0; i < N_MAPS; i++) {
		if (grows[i] && i == MAP_FDB)
			fdb_copy(&new->map[i], &dp->set.map[i]);
		else if (grows[i])
			memcpy(new->map[i].base, dp->set.map[i].base, dp->set.map[i].size);
	}
}

void counter_add_late(__u64 *to, const __u64 *from, uint64_t then)
{
	__atomic_fetch_add(to, __atomic_load_n(from, __ATOMIC_RELAXED) - then, __ATOMIC_RELAXED);
}

/* Adds to the flows what their old counters counted after they were copied as 'then'.  The new counters belong to the program by now. */
static void add_late_counts(struct dp *dp, const struct map_set *old,
			    const struct skep_counter *then)
{
	for (uint32_t i = 0; i < old->map[MAP_COUNTERS].n; i++) {
		const struct skep_counter *from = MAP_ELEM(old, MAP_COUNTERS, struct skep_counter, i);
		struct skep_flow *f = FLOW(dp, i / dp->set_config.n_stripes);

		f->base_packets += from->packets - then[i].packets;
		f->base_bytes += from->bytes - then[i].bytes;
	}
}

/* The set that dp->set is now takes over from 'old', whose counters were copied as 'then' (NULL: the map is the same). */
static void put_in_charge(struct dp *dp, const struct map_set *old, const struct skep_counter *then,
			  const struct meter_notes *notes, const struct group_notes *group_notes)
{
	char err_buf[256];
	int err;

	if (set_swap_programs(dp, err_buf, sizeof(err_buf)))
		log_err("datapath: after growth: %s", err_buf);
	grace_wait_now(dp);
	if (then)
		add_late_counts(dp, old, then);
	meters_add_late(dp, old, notes);
	groups_add_late(dp, old, group_notes);
	err = set_rename_pins(dp);
	if (err)
		log_err("%s: cannot rename pins: %s", dp->new_dir, strerror(-err));
}

static int grow_to(struct dp *dp, const struct map_set_config *config, const bool grows[N_MAPS],
		   char *err_buf, size_t err_size)
{
	struct map_set new = MAP_SET_INIT, old = dp->set;
	struct meter_notes notes = { .meters = NULL };
	struct group_notes group_notes = { .groups = NULL };
	struct skep_counter *then = NULL;
	int err = map_set_create(config, &new, err_buf, err_size);

	if (err)
		return err;
	err = set_pin_new(dp, &new, err_buf, err_size);
	if (!err)
		err = meters_note(&old, grows[MAP_METERS], grows[MAP_METER_CONFS], &notes);
	if (!err)
		err = groups_note(&old, grows[MAP_GROUPS], grows[MAP_GROUP_CTRS], &group_notes);
	if (err)
		goto close_new;
	if (grows[MAP_COUNTERS]) {
		then = malloc(old.map[MAP_COUNTERS].size);
		err = then ? flow_arrays_fit(dp, old.map[MAP_FLOWS].n, config->n[MAP_FLOWS]) : -ENOMEM;
		if (err)
			goto close_new;
		memcpy(then, old.map[MAP_COUNTERS].base, old.map[MAP_COUNTERS].size);
	}
	copy_grown(dp, &new, grows);
	meters_copy(&new, &old, &notes);
	groups_copy(&new, &old, &group_notes);
	if (then)
		memcpy(new.map[MAP_COUNTERS].base, then, old.map[MAP_COUNTERS].size);
	dp->set = new;
	if (!dp->is_building)
		put_in_charge(dp, &old, then, &notes, &group_notes);
	groups_unnote(&group_notes);
	meters_unnote(&notes);
	free(then);
	map_set_close(&old);
	return 0;

close_new:
	groups_unnote(&group_notes);
	meters_unnote(&notes);
	free(then);
	map_set_unpin(dp->new_dir);
	map_set_close(&new);
	return err;
}

/* Fourfold while the map is small, since each growth has the kernel verify the program again; twofold when memory is what counts. */
static uint32_t grown_size(uint32_t n, uint32_t max)
{
	uint32_t factor = n < max / 8 ? 4 : 2;

	return n < max / factor ? n * factor : max;
}

/* After an attempt that failed there is none for so long: each takes the verifier's time, and what
 * is lacking, memory mostly, is not there at once. */
#define GROW_AGAIN_NS 5000000000ULL

static bool has_just_failed(const struct dp *dp)
{
	return dp->growth_failed.at_ns && mono_ns() - dp->growth_failed.at_ns < GROW_AGAIN_NS;
}

static int grow(struct dp *dp, bool grows[N_MAPS])
{
	struct map_set_config config = dp->set_config;
	char err_buf[1024] = "";
	bool any = false;
	int err;

	/* A growth costs much the same for one map and for all: take along what is getting full. */
	for (unsigned int i = 0; i < N_MAPS; i++) {
		const struct spans *s = map_spans(dp, (enum map_id)i);

		if (s && i != MAP_PORTS && i != MAP_FDB && i != MAP_VLAN_SETS && s->bump > s->capacity / 3 &&
		    s->capacity < max_of(dp, (enum map_id)i))
			grows[i] = true;
	}
	grows[MAP_COUNTERS] = grows[MAP_FLOWS];
	grows[MAP_PORT_COUNTERS] = grows[MAP_PORTS];
	config.events_fd = dp->set.events_fd;
	for (unsigned int i = 0; i < N_MAPS; i++) {
		uint32_t n = config.n[i], max = max_of(dp, (enum map_id)i);

		config.reuse_fd[i] = dp->set.map[i].fd;
		if (!grows[i] || i == MAP_COUNTERS || i == MAP_PORT_COUNTERS)
			continue;
		config.n[i] = grown_size(n, max);
		if (config.n[i] <= n)
			return -ENOSPC;
		config.reuse_fd[i] = -1;
		any = true;
	}
	if (grows[MAP_COUNTERS]) {
		config.n[MAP_COUNTERS] = config.n[MAP_FLOWS] * config.n_stripes;
		config.reuse_fd[MAP_COUNTERS] = -1;
	}
	if (grows[MAP_PORT_COUNTERS]) {
		config.n[MAP_PORT_COUNTERS] = config.n[MAP_PORTS] * config.n_stripes;
		config.reuse_fd[MAP_PORT_COUNTERS] = -1;
	}
	if (!any || has_just_failed(dp))
		return -ENOSPC;
	err = grow_to(dp, &config, grows, err_buf, sizeof(err_buf));
	dp->growth_failed.at_ns = err ? mono_ns() : 0;
	if (err) {
		dp->growth_failed.n++;
		log_limited(&dp->growth_failed.log, LOG_LVL_ERR, "datapath: cannot grow: %s",
			    err_buf[0] ? err_buf : strerror(-err));
		return -ENOSPC;
	}
	memcpy(dp->set_config.n, config.n, sizeof(config.n));
	for (unsigned int i = 0; i < N_MAPS; i++) {
		struct spans *s = map_spans(dp, (enum map_id)i);

		if (s)
			s->capacity = map_spans_capacity((enum map_id)i, config.n[i]);
	}
	dp->n_grown++;
	return 0;
}

/* Which maps have too little for 'need'.  True if any. */
static bool lacks(const struct dp *dp, const struct need *need, bool ret[N_MAPS])
{
	uint32_t n_cells = need->n_cells ? need->n_cells : 1;
	bool any = false;

	memset(ret, 0, N_MAPS * sizeof(ret[0]));
	ret[MAP_RULES] = !spans_have(&dp->rules, 0, need->rules);
	ret[MAP_KEYX] = !spans_have(&dp->keyx, 0, need->keyx);
	ret[MAP_FLOWS] = !spans_have(&dp->flows, 0, need->flows);
	ret[MAP_SUBTABLES] = !spans_have(&dp->subtables, 0, need->subtables);
	ret[MAP_PRUNES] = !spans_have(&dp->prunes, 0, need->prunes);
	ret[MAP_PORTS] = !spans_have(&dp->ports, 0, need->ports);
	ret[MAP_FDB] = !spans_have(&dp->fdb, FDB_REGION_LOG2, need->fdb);
	ret[MAP_VLAN_SETS] = !spans_have(&dp->vlan_sets, 0, need->vlan_sets);
	ret[MAP_GROUPS] = !spans_have(&dp->group_spans, 0, need->groups);
	ret[MAP_GROUP_CTRS] = need->has_group_ctrs && !spans_have(&dp->group_ctrs, need->group_ctrs_class, 1);
	ret[MAP_METERS] = !spans_have(&dp->meters, 0, need->meters);
	ret[MAP_METER_CONFS] = !spans_have(&dp->meter_confs, 0, need->meter_confs);
	ret[MAP_CELLS] = need->has_cells && !spans_have(&dp->cells, need->cells_class, n_cells);
	ret[MAP_BUCKETS] = need->has_lines && !spans_have(&dp->lines, need->lines_log2, 1);
	for (unsigned int i = 0; i < N_MAPS; i++)
		any = any || ret[i];
	return any;
}

int reserve(struct dp *dp, const struct need *need)
{
	bool lacking[N_MAPS];
	uint32_t n_garbage = dp->fresh.n + dp->waiting.n;

	/* Where much was removed, taking it back is cheaper than to grow. */
	if (lacks(dp, need, lacking) && n_garbage > dp->set_config.n[MAP_RULES] / 4)
		reclaim_all(dp);
	for (int i = 0; lacks(dp, need, lacking); i++) {
		if (i < 8 && !grow(dp, lacking))
			continue;
		reclaim_all(dp);
		return lacks(dp, need, lacking) ? -ENOSPC : 0;
	}
	return 0;
}
