// SPDX-License-Identifier: Apache-2.0
/*
 * Opening and closing: the life of map sets.  grow.c has growth.
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

#define DEFAULT_RULES	  131072u
#define DEFAULT_MAX_RULES 4000000u

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

int take_pin_dir(struct dp *dp, char *err_buf, size_t err_size)
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
		struct spans *s = map_spans(dp, (enum map_id)i);

		if (s)
			spans_init(s, map_spans_capacity((enum map_id)i, c->n[i]));
	}
	head->n_stripes = c->n_stripes;
	head->version = 1;
	PUBLISH(&head->abi, SKEP_ABI);
	dp->staged = 2;
	if (dp->config.flow_cache == DP_CACHE_ALWAYS) {
		dp->host_cache = calloc(SKEP_CACHE_SETS, sizeof(*dp->host_cache));
		if (!dp->host_cache)
			return -ENOMEM;
	}
	dp->meter_flows = calloc(MAX_METERS, sizeof(*dp->meter_flows));
	dp->groups = calloc(MAX_GROUPS, sizeof(*dp->groups));
	if (!dp->meter_flows || !dp->groups)
		return -ENOMEM;
	return flow_arrays_fit(dp, 0, c->n[MAP_FLOWS]);
}

/* What a set for the contents of 'old' needs at least. */
static void fit_old(struct dp *dp, const struct map_set *old)
{
	for (unsigned int i = 0; i < N_MAPS; i++) {
		if (map_spans(dp, (enum map_id)i) && old->map[i].n > dp->set_config.n[i])
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
		err = set_pin_new(dp, &dp->set, err_buf, err_size);
	if (err)
		goto out;
	err = set_swap_programs(dp, err_buf, err_size);
	if (err) {
		map_set_unpin(dp->new_dir);
		goto out;
	}
	if (old_dir) {
		grace_wait_now(dp);
		map_set_refresh(&old);
		adopt_late_counts(dp, &old);
	}
	err = set_rename_pins(dp);
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
		struct spans *s = map_spans(dp, (enum map_id)i);

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
	prune_destroy(dp);
	free(dp->host_cache);
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
	if (dp->config.n_rules > dp->config.max_rules)
		dp->config.n_rules = dp->config.max_rules;
	dp->set = (struct map_set)MAP_SET_INIT;
	for (unsigned int i = 0; i < N_MAPS; i++)
		dp->set.map[i].fd = -1;
	dp->epoll_fd = dp->packet_fd = dp->dir_fd = -1;
	dp->growth_failed.log = (struct log_limit)LOG_LIMIT_INIT(1, 60000);
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
	capacity_init(dp);
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
		.n_growth_failed = dp->growth_failed.n,
		.n_repaired = dp->guard.n_repaired,
		.n_shadowed = dp->guard.shadowed,
	};
	if (dp->set.prog_fd >= 0)
		attach_prog_info(dp->set.prog_fd, NULL, &ret->n_verified);
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
