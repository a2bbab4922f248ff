// SPDX-License-Identifier: Apache-2.0
/*
 * Opening, closing, growing: the life of map sets.
 *
 *   dp_open:  make a set in maps-new -> (adopt the old one's contents) -> swap the programs -> rename
 *   growth:   make a set with larger maps in maps-new -> copy -> swap the programs -> rename
 *
 * The rename is maps -> maps-old, maps-new -> maps, and maps-old goes.  A process killed on the way leaves one of these whole, with
 * the same flows; find_old() knows which.
 */
#include "datapath/datapath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath/attach.h"
#include "datapath/private.h"
#include "log.h"

#define DEFAULT_RULES     32768u
#define DEFAULT_MAX_RULES 4000000u
#define GROWTH            4u
#define MAX_STRIPES       16u
#define MAX_PORTS         (1u << 20)
#define MAX_SUBTABLES     (1u << 18)
#define MAX_VLAN_SETS     (1u << 16)
#define MAX_GROUP_CTRS    (1u << 22)
#define MAX_METERS        (DP_METERS_MAX + 1)
#define MAX_METER_CONFS   (DP_METERS_MAX + 1024) /* some wait for a grace period */
#define MAX_FDB           (DP_BRIDGES_MAX * FDB_REGION + 1)

/* --- Capacities --- */

static void init_config(struct dp *dp)
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

static struct spans *spans_of(struct dp *dp, enum map_id id)
{
	switch (id) {
	case MAP_PORTS:
		return &dp->ports;
	case MAP_SUBTABLES:
		return &dp->subtables;
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
static uint32_t spans_capacity(enum map_id id, uint32_t n)
{
	return id == MAP_CELLS ? n - 1 : n;
}

/* The process's own arrays, as long as the map of flows. */
static int fit_flow_arrays(struct dp *dp, uint32_t old_n, uint32_t n)
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
static int swap_programs(struct dp *dp, char *err_buf, size_t err_size)
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
static int pin_new(const struct dp *dp, const struct map_set *set, char *err_buf, size_t err_size)
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
static int rename_pins(struct dp *dp)
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
static void grace_wait(struct dp *dp)
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

	if (swap_programs(dp, err_buf, sizeof(err_buf)))
		log_err("datapath: after growth: %s", err_buf);
	grace_wait(dp);
	if (then)
		add_late_counts(dp, old, then);
	meters_add_late(dp, old, notes);
	groups_add_late(dp, old, group_notes);
	err = rename_pins(dp);
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
	err = pin_new(dp, &new, err_buf, err_size);
	if (!err)
		err = meters_note(&old, grows[MAP_METERS], grows[MAP_METER_CONFS], &notes);
	if (!err)
		err = groups_note(&old, grows[MAP_GROUPS], grows[MAP_GROUP_CTRS], &group_notes);
	if (err)
		goto close_new;
	if (grows[MAP_COUNTERS]) {
		then = malloc(old.map[MAP_COUNTERS].size);
		err = then ? fit_flow_arrays(dp, old.map[MAP_FLOWS].n, config->n[MAP_FLOWS]) : -ENOMEM;
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

static int grow(struct dp *dp, bool grows[N_MAPS])
{
	struct map_set_config config = dp->set_config;
	char err_buf[1024] = "";
	bool any = false;
	int err;

	/* A growth costs much the same for one map and for all: take along what is getting full. */
	for (unsigned int i = 0; i < N_MAPS; i++) {
		const struct spans *s = spans_of(dp, (enum map_id)i);

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
		config.n[i] = n < max / GROWTH ? n * GROWTH : max;
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
	if (!any)
		return -ENOSPC;
	err = grow_to(dp, &config, grows, err_buf, sizeof(err_buf));
	if (err) {
		log_err("datapath: cannot grow: %s", err_buf);
		return -ENOSPC;
	}
	memcpy(dp->set_config.n, config.n, sizeof(config.n));
	for (unsigned int i = 0; i < N_MAPS; i++) {
		struct spans *s = spans_of(dp, (enum map_id)i);

		if (s)
			s->capacity = spans_capacity((enum map_id)i, config.n[i]);
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

/* --- Opening --- */

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Whether all of a set was pinned: the program comes last. */
static bool is_complete(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/program", dir);
	return !access(path, F_OK);
}

/* The pins of the set that was in charge, or NULL.  A first start that was killed leaves a part of a set that never was. */
static const char *find_old(const struct dp *dp)
{
	if (dp->config.attach == DP_ATTACH_NONE)
		return NULL;
	if (is_dir(dp->maps_dir))
		return dp->maps_dir;
	if (is_complete(dp->new_dir))
		return dp->new_dir;
	return is_dir(dp->old_dir) ? dp->old_dir : NULL;
}

static int make_paths(struct dp *dp, const char *pin_dir)
{
	if (asprintf(&dp->pin_dir, "%s", pin_dir) < 0 ||
	    asprintf(&dp->maps_dir, "%s/maps", pin_dir) < 0 ||
	    asprintf(&dp->new_dir, "%s/maps-new", pin_dir) < 0 ||
	    asprintf(&dp->old_dir, "%s/maps-old", pin_dir) < 0 ||
	    asprintf(&dp->links_dir, "%s/links", pin_dir) < 0)
		return -ENOMEM;
	return 0;
}

static void free_paths(struct dp *dp)
{
	free(dp->pin_dir);
	free(dp->maps_dir);
	free(dp->new_dir);
	free(dp->old_dir);
	free(dp->links_dir);
}

/* Takes the lock of the pin directory. */
static int lock_pin_dir(struct dp *dp, char *err_buf, size_t err_size)
{
	int err = 0;

	dp->dir_fd = open(dp->pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dp->dir_fd < 0 || flock(dp->dir_fd, LOCK_EX | LOCK_NB)) {
		err = -errno;
		snprintf(err_buf, err_size, "%s: %s", dp->pin_dir,
			 err == -EWOULDBLOCK ? "another process has this datapath open"
					     : strerror(-err));
	}
	return err;
}

/* Makes the pin directory, and takes its lock. */
static int take_pin_dir(struct dp *dp, char *err_buf, size_t err_size)
{
	struct statfs fs;
	int err = 0;

	if (dp->config.attach == DP_ATTACH_NONE)
		return 0;
	if (mkdir(dp->pin_dir, 0700) && errno != EEXIST)
		err = -errno;
	else if (statfs(dp->pin_dir, &fs))
		err = -errno;
	if (err) {
		snprintf(err_buf, err_size, "%s: %s", dp->pin_dir, strerror(-err));
		return err;
	}
	if (fs.f_type != (__typeof__(fs.f_type))BPF_FS_MAGIC) {
		snprintf(err_buf, err_size, "%s: not on a BPF file system (mount -t bpf bpf DIR)",
			 dp->pin_dir);
		return -EINVAL;
	}
	if (mkdir(dp->links_dir, 0700) && errno != EEXIST) {
		err = -errno;
		snprintf(err_buf, err_size, "%s: %s", dp->links_dir, strerror(-err));
		return err;
	}
	return lock_pin_dir(dp, err_buf, err_size);
}

static int init_tables(struct dp *dp)
{
	const struct map_set_config *c = &dp->set_config;
	struct skep_dp *head = DP_HEAD(dp);

	for (unsigned int i = 0; i < N_TABLE_SLOTS; i++)
		TAILQ_INIT(&dp->tables[i].places);
	for (unsigned int i = 0; i < MASK_BUCKETS; i++)
		LIST_INIT(&dp->masks[i]);
	for (unsigned int i = 0; i < N_MAPS; i++) {
		struct spans *s = spans_of(dp, (enum map_id)i);

		if (s)
			spans_init(s, spans_capacity((enum map_id)i, c->n[i]));
	}
	head->n_stripes = c->n_stripes;
	head->version = 1;
	PUBLISH(&head->abi, SKEP_ABI);
	dp->staged = 2;
	dp->meter_flows = calloc(MAX_METERS, sizeof(*dp->meter_flows));
	dp->groups = calloc(MAX_GROUPS, sizeof(*dp->groups));
	if (!dp->meter_flows || !dp->groups)
		return -ENOMEM;
	return fit_flow_arrays(dp, 0, c->n[MAP_FLOWS]);
}

/* What a set for the contents of 'old' needs at least. */
static void fit_old(struct dp *dp, const struct map_set *old)
{
	for (unsigned int i = 0; i < N_MAPS; i++) {
		if (spans_of(dp, (enum map_id)i) && old->map[i].n > dp->set_config.n[i])
			dp->set_config.n[i] = old->map[i].n;
	}
	dp->set_config.n[MAP_COUNTERS] = dp->set_config.n[MAP_FLOWS] * dp->set_config.n_stripes;
	dp->set_config.n[MAP_PORT_COUNTERS] = dp->set_config.n[MAP_PORTS] * dp->set_config.n_stripes;
	dp->set_config.events_fd = old->events_fd;
}

/* Makes the set and fills it from 'old', if that is not NULL. */
static int fill(struct dp *dp, const struct map_set *old, char *err_buf, size_t err_size)
{
	int err = map_set_create(&dp->set_config, &dp->set, err_buf, err_size);

	if (err)
		return err;
	err = init_tables(dp);
	if (err)
		return err;
	dp->attach = attach_probe(dp->config.attach, dp->set.prog_fd);
	if (!old)
		return 0;
	err = adopt(dp, old);
	if (err)
		snprintf(err_buf, err_size, "%s: cannot adopt the datapath: %s", dp->pin_dir,
			 err == -EPROTO ? "made by another version, or damaged" : strerror(-err));
	return err;
}

/* Makes the set, fills it from an old one if there is one, and puts it in charge. */
static int build(struct dp *dp, bool *ret_adopted, char *err_buf, size_t err_size)
{
	const char *old_dir = find_old(dp);
	struct map_set old = MAP_SET_INIT;
	int err = 0;

	if (old_dir) {
		err = map_set_open(old_dir, &old, err_buf, err_size);
		if (err)
			return err;
		fit_old(dp, &old);
	}
	dp->is_building = true;
	err = fill(dp, old_dir ? &old : NULL, err_buf, err_size);
	dp->is_building = false;
	if (!err && old_dir == dp->new_dir && old_dir && rename(dp->new_dir, dp->maps_dir))
		err = -errno;
	if (!err)
		err = pin_new(dp, &dp->set, err_buf, err_size);
	if (err)
		goto out;
	err = swap_programs(dp, err_buf, err_size);
	if (err) {
		map_set_unpin(dp->new_dir);
		goto out;
	}
	if (old_dir) {
		grace_wait(dp);
		adopt_late_counts(dp, &old);
	}
	err = rename_pins(dp);
	*ret_adopted = old_dir != NULL;
out:
	if (old_dir)
		map_set_close(&old);
	return err;
}

static int open_loop(struct dp *dp)
{
	struct epoll_event ev = { .events = EPOLLIN };

	dp->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (dp->epoll_fd < 0 || epoll_ctl(dp->epoll_fd, EPOLL_CTL_ADD, grace_fd(dp->grace), &ev))
		return -errno;
	return packet_init(dp);
}

static void dp_free(struct dp *dp)
{
	for (uint32_t i = 0; i < dp->n_ids; i++)
		free(dp->by_id[i]);
	for (unsigned int i = 0; i < N_MAPS; i++) {
		struct spans *s = spans_of(dp, (enum map_id)i);

		if (s)
			spans_uninit(s);
	}
	grace_free(dp->grace);
	packet_uninit(dp);
	if (dp->epoll_fd >= 0)
		close(dp->epoll_fd);
	map_set_close(&dp->set);
	if (dp->dir_fd >= 0)
		close(dp->dir_fd);
	ports_forget(dp);
	groups_forget(dp);
	meters_forget(dp);
	meters_unnote(&dp->adopted_meters);
	groups_unnote(&dp->adopted_groups);
	free(dp->fresh.item);
	free(dp->waiting.item);
	free(dp->scratch.item);
	free(dp->by_id);
	free(dp->same_next);
	free(dp->is_timed);
	free(dp->timed);
	free(dp->adopted);
	free_paths(dp);
	free(dp);
}

static struct dp *dp_alloc(const struct dp_config *config)
{
	struct dp *dp = calloc(1, sizeof(*dp));

	if (!dp)
		return NULL;
	dp->config = *config;
	if (!dp->config.n_rules)
		dp->config.n_rules = DEFAULT_RULES;
	if (dp->config.n_rules < 1024)
		dp->config.n_rules = 1024;
	if (!dp->config.max_rules)
		dp->config.max_rules = DEFAULT_MAX_RULES;
	dp->set = (struct map_set)MAP_SET_INIT;
	for (unsigned int i = 0; i < N_MAPS; i++)
		dp->set.map[i].fd = -1;
	dp->epoll_fd = dp->packet_fd = dp->dir_fd = -1;
	return dp;
}

/* libbpf warns of what is no error here: a clsact qdisc that exists, a filter that does not. */
static int libbpf_to_debug(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (level > LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("%s", line);
	return 0;
}

int dp_open(const struct dp_config *config, struct dp **ret, bool *ret_adopted, char *err_buf,
	    size_t err_size)
{
	struct dp *dp = dp_alloc(config);
	int err;

	*err_buf = '\0';
	*ret_adopted = false;
	libbpf_set_print(libbpf_to_debug);
	if (!dp || make_paths(dp, config->pin_dir ? config->pin_dir : "")) {
		snprintf(err_buf, err_size, "out of memory");
		err = -ENOMEM;
		goto fail;
	}
	init_config(dp);
	err = take_pin_dir(dp, err_buf, err_size);
	if (err)
		goto fail;
	err = grace_new(&dp->grace);
	if (!err)
		err = build(dp, ret_adopted, err_buf, err_size);
	if (!err)
		err = open_loop(dp);
	if (err) {
		if (!*err_buf)
			snprintf(err_buf, err_size, "%s", strerror(-err));
		goto fail;
	}
	*ret = dp;
	return 0;
fail:
	if (dp)
		dp_free(dp);
	return err;
}

void dp_close(struct dp *dp)
{
	if (!dp)
		return;
	dp_commit(dp);
	ports_leave_peers(dp);
	dp_free(dp);
}

/* Takes the programs off the ports of a pinned set. */
static void detach_ports(const struct map_set *set, const char *links_dir)
{
	for (uint32_t i = 1; i < set->map[MAP_PORTS].n; i++) {
		const struct skep_port *port = MAP_ELEM(set, MAP_PORTS, struct skep_port, i);

		if (port->ofport && port->ifindex)
			attach_clear(DP_ATTACH_AUTO, port_hook(port), links_dir, port->ifindex);
	}
}

int dp_teardown(const char *pin_dir, char *err_buf, size_t err_size)
{
	struct dp *dp = calloc(1, sizeof(*dp));
	struct map_set set;
	const char *old_dir;
	int err;

	libbpf_set_print(libbpf_to_debug);
	if (dp)
		dp->dir_fd = -1;
	if (!dp || make_paths(dp, pin_dir)) {
		snprintf(err_buf, err_size, "out of memory");
		err = -ENOMEM;
		goto out;
	}
	err = lock_pin_dir(dp, err_buf, err_size);
	if (err == -ENOENT)
		err = 0;
	if (err)
		goto out;
	old_dir = find_old(dp);
	if (old_dir && !map_set_open(old_dir, &set, err_buf, err_size)) {
		detach_ports(&set, dp->links_dir);
		map_set_close(&set);
	}
	err = map_set_unpin(dp->links_dir); /* what is left there detaches with its pin */
	map_set_unpin(dp->maps_dir);
	map_set_unpin(dp->new_dir);
	map_set_unpin(dp->old_dir);
	if (!err && rmdir(pin_dir) && errno != ENOENT)
		err = -errno;
	if (err)
		snprintf(err_buf, err_size, "%s: %s", pin_dir, strerror(-err));
out:
	if (dp && dp->dir_fd >= 0)
		close(dp->dir_fd);
	if (dp)
		free_paths(dp);
	free(dp);
	return err;
}

/* --- The loop, and information --- */

int dp_fd(const struct dp *dp)
{
	return dp->epoll_fd;
}

const char *dp_attach_name(const struct dp *dp)
{
	return dp->attach == DP_ATTACH_TCX ? "tcx" : dp->attach == DP_ATTACH_CLSACT ? "clsact" : "none";
}

void dp_info(const struct dp *dp, struct dp_info *ret)
{
	*ret = (struct dp_info){
		.version = DP_HEAD(dp)->version,
		.n_flows = dp->n_flows,
		.rules_capacity = dp->set_config.n[MAP_RULES],
		.memory = map_set_memory(&dp->set),
		.n_grown = dp->n_grown,
	};
}

const char *dp_drop(const struct dp *dp, unsigned int i, uint64_t *ret_packets)
{
	static const char *const names[] = {
#define X(ID, NAME) NAME,
		SKEP_DROP_TABLE(X)
#undef X
	};
	uint32_t n = dp->set_config.n_stripes;

	if (i >= SKEP_N_DROPS)
		return NULL;
	*ret_packets = 0;
	for (uint32_t k = 0; k < n; k++)
		*ret_packets +=
			MAP_ELEM(&dp->set, MAP_DROPS, struct skep_drop_counter, i * n + k)->packets;
	return names[i];
}
