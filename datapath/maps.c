// SPDX-License-Identifier: Apache-2.0
/* Map sets; see maps.h. */
#include "datapath/maps.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/consts.h"
#include "bpf/skep.skel.h"
#include "datapath/datapath.h"
#include "datapath/link.h"
#include "log.h"

#define EVENTS_NAME "skep_events"
#define EVENTS_SIZE (4u << 20)

static const struct {
	const char *name;
	uint32_t value_size; /* of an element */
	bool is_data;
} map_table[N_MAPS] = {
#define X(ID, NAME, TYPE, IS_DATA) [MAP_##ID] = { NAME, sizeof(TYPE), IS_DATA },
	MAP_TABLE(X)
#undef X
};

/* The verifier follows offsets within one element up to 2^29.  Arrays that may be larger are plain maps then (maps.h in bpf/). */
#define DATA_BYTES_MAX ((size_t)1 << 29)

static bool map_is_data(enum map_id id, uint32_t n)
{
	return map_table[id].is_data && (size_t)map_table[id].value_size * n < DATA_BYTES_MAX;
}

uint32_t map_max(enum map_id id)
{
	return map_table[id].is_data && id != MAP_COUNTERS
		       ? (uint32_t)((DATA_BYTES_MAX - 1) / map_table[id].value_size)
		       : UINT32_MAX;
}

/* From one element of an array to the next, as the kernel lays them out. */
static size_t stride(uint32_t value_size)
{
	return (value_size + 7) / 8 * 8;
}

static size_t array_bytes(uint32_t value_size, uint32_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (stride(value_size) * n + page - 1) / page * page;
}

static size_t map_bytes(enum map_id id, uint32_t n)
{
	return array_bytes(map_table[id].value_size, n);
}

/* Maps the array behind 'fd' of 'n' elements. */
static int map_attach(struct map *m, enum map_id id, int fd, uint32_t n)
{
	size_t size = map_bytes(id, n);
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	*m = (struct map){ .fd = fd, .base = base, .n = n, .size = size };
	return 0;
}

/* The same array without a kernel that reads it. */
static int make_in_memory(enum map_id id, uint32_t n)
{
	int fd = memfd_create(map_table[id].name, MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)map_bytes(id, n))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int map_make(struct map *m, enum map_id id, const struct map_set_config *config)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	bool is_data = map_is_data(id, config->n[id]);
	int fd, err;

	if (config->reuse_fd[id] >= 0)
		fd = dup(config->reuse_fd[id]);
	else if (config->in_memory)
		fd = make_in_memory(id, config->n[id]);
	else
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, map_table[id].name, sizeof(uint32_t),
				    map_table[id].value_size * (is_data ? config->n[id] : 1),
				    is_data ? 1 : config->n[id], &opts);
	if (fd < 0)
		return -errno;
	err = map_attach(m, id, fd, config->n[id]);
	if (err)
		close(fd);
	return err;
}

/* --- The program --- */

/* The end of what libbpf said, for the error message of a failed load: a verifier's verdict stands at the end of its log. */
static char libbpf_said[1024];

static int keep_libbpf_words(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *words;
	int n;

	if (level > LIBBPF_WARN)
		return 0;
	n = vasprintf(&words, fmt, ap);
	if (n < 0)
		return 0;
	log_debug("%s", words);
	if ((size_t)n >= sizeof(libbpf_said) || strstr(words, "PROG LOAD LOG"))
		snprintf(libbpf_said, sizeof(libbpf_said), "%s",
			 words + ((size_t)n < sizeof(libbpf_said) ? 0 : (size_t)n - sizeof(libbpf_said) + 1));
	free(words);
	return 0;
}

/* The map that the object calls 'name', or N_MAPS.  It calls global data by its section: .data.X for skep_X. */
static enum map_id map_by_name(const char *name)
{
	static const char section[] = ".data.", prefix[] = "skep_";
	unsigned int i;

	for (i = 0; i < N_MAPS; i++) {
		const char *own = map_table[i].name;

		if (!strcmp(name, own) ||
		    (map_table[i].is_data && !strncmp(name, section, strlen(section)) &&
		     !strcmp(name + strlen(section), own + strlen(prefix))))
			break;
	}
	return (enum map_id)i;
}

/* Gives the object our maps, and the maps of its own their sizes. */
static int fit_maps(struct skep_bpf *skel, const struct map_set *set,
		    const struct map_set_config *config)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, skel->obj) {
		const char *name = bpf_map__name(map);
		enum map_id id = map_by_name(name);

		/* The counters have two: one of them stays as it is declared. */
		if (id < N_MAPS && bpf_map__is_internal(map) != map_is_data(id, config->n[id]))
			continue;
		if (id < N_MAPS)
			err = bpf_map__reuse_fd(map, set->map[id].fd);
		else if (!strcmp(name, EVENTS_NAME) && config->events_fd >= 0)
			err = bpf_map__reuse_fd(map, config->events_fd);
		else if (!strcmp(name, EVENTS_NAME))
			err = bpf_map__set_max_entries(map, EVENTS_SIZE);
		else if (!strcmp(name, "skep_pktin"))
			err = bpf_map__set_max_entries(map, DP_BRIDGES_MAX);
		else if (!strcmp(name, "skep_cache"))
			err = bpf_map__set_max_entries(map, config->n_cpus * SKEP_CACHE_SETS);
		else if (!bpf_map__is_internal(map)) /* per-CPU scratch */
			err = bpf_map__set_max_entries(map, config->n_cpus);
		if (err)
			return err;
	}
	return 0;
}

/* libbpf mapped each section of data when it opened the object, with the size that it has there, and unmaps it with the size of the map that it
 * was given instead, which is larger: before the object goes, each gets a map of the first size again. */
static void refit_sections(struct skep_bpf *skel, const size_t *declared)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		enum map_id id = map_by_name(bpf_map__name(map));
		int fd;

		if (id == N_MAPS || !bpf_map__is_internal(map) ||
		    bpf_map__value_size(map) == declared[id])
			continue;
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, sizeof(uint32_t),
				    (uint32_t)declared[id], 1, &opts);
		/* Without memory for that, rather lose what is mapped than unmap somebody else's. */
		if (fd < 0 || bpf_map__reuse_fd(map, fd))
			skel->obj = NULL;
		if (fd >= 0)
			close(fd);
		if (!skel->obj)
			return;
	}
}

static void note_sections(const struct skep_bpf *skel, size_t *ret_declared)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		enum map_id id = map_by_name(bpf_map__name(map));

		if (id < N_MAPS && bpf_map__is_internal(map))
			ret_declared[id] = bpf_map__value_size(map);
	}
}

static void set_constants(const struct map_set_config *config, uint32_t *c)
{
	c[SKEP_C_N_STRIPES] = config->n_stripes;
	c[SKEP_C_N_PORTS] = config->n[MAP_PORTS];
	c[SKEP_C_N_DIRECT] = config->n[MAP_PORTS];
	if (c[SKEP_C_N_DIRECT] > SKEP_ACT_PORT_MAX + 1)
		c[SKEP_C_N_DIRECT] = SKEP_ACT_PORT_MAX + 1;
	if (config->clone_last)
		c[SKEP_C_N_DIRECT] = 0;
	c[SKEP_C_N_SUBTABLES] = config->n[MAP_SUBTABLES];
	c[SKEP_C_N_PRUNES] = config->n[MAP_PRUNES];
	c[SKEP_C_N_HEADS] = config->n[MAP_BUCKETS] * SKEP_LINE_HEADS;
	c[SKEP_C_N_RULES] = config->n[MAP_RULES];
	c[SKEP_C_N_CELLS] = config->n[MAP_CELLS];
	c[SKEP_C_N_CELL_PAIRS] = config->n[MAP_CELLS] - 1;
	c[SKEP_C_N_TABLE_CTRS] = config->n[MAP_TABLE_COUNTERS];
	c[SKEP_C_N_PORT_CTRS] = config->n[MAP_PORT_COUNTERS];
	c[SKEP_C_N_CPU] = config->n[MAP_CPU];
	c[SKEP_C_N_FDB] = config->n[MAP_FDB];
	c[SKEP_C_N_COUNTERS] =
		map_is_data(MAP_COUNTERS, config->n[MAP_COUNTERS]) ? config->n[MAP_COUNTERS] : 0;
	c[SKEP_C_ATOMIC] = config->n_cpus > config->n_stripes - 1;
	c[SKEP_C_CLONE_LAST] = config->clone_last;
	c[SKEP_C_READ_DEV] = link_layout()->can_read;
	c[SKEP_C_DEV_FLAGS] = link_layout()->flags;
	c[SKEP_C_DEV_STATE] = link_layout()->state;
	c[SKEP_C_DEV_IFINDEX] = link_layout()->ifindex;
}

/* libbpf calls it with the whole program, as the kernel is to get it.  'cookie': the constants. */
static int put_constants(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	const uint32_t *constants = (const uint32_t *)cookie;
	size_t n = bpf_program__insn_cnt(prog);
	struct bpf_insn *insns = malloc(n * sizeof(*insns));
	int err;

	(void)opts;
	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(prog), n * sizeof(*insns));
	for (size_t i = 0; i < n; i++) {
		uint32_t which = (uint32_t)insns[i].imm - SKEP_CONST_MARK;

		if ((insns[i].code == (BPF_ALU64 | BPF_MOV | BPF_K) ||
		     insns[i].code == (BPF_ALU64 | BPF_MUL | BPF_K) ||
		     insns[i].code == (BPF_JMP | BPF_JGE | BPF_K)) &&
		    which < SKEP_N_CONSTS)
			insns[i].imm = (int32_t)constants[which];
	}
	err = bpf_program__set_insns(prog, insns, n);
	free(insns);
	return err;
}

static int load_object(struct map_set *set, const struct map_set_config *config)
{
	struct skep_bpf *skel = skep_bpf__open();
	size_t declared[N_MAPS];
	int err;

	if (!skel)
		return -errno;
	note_sections(skel, declared);
	err = fit_maps(skel, set, config);
	if (err)
		goto out;
	/* Not skep_bpf__load(), which maps the sections anew, in the larger size. */
	err = bpf_object__load(skel->obj);
	if (err)
		goto out;
	set->prog_fd = dup(bpf_program__fd(skel->progs.skep_tc));
	set->events_fd = dup(bpf_map__fd(skel->maps.skep_events));
	if (set->prog_fd < 0 || set->events_fd < 0)
		err = -errno;
out:
	refit_sections(skel, declared);
	skep_bpf__destroy(skel);
	return err;
}

static int load_program(struct map_set *set, const struct map_set_config *config)
{
	/* For good: libbpf 1.1 frees its list of handlers twice after the last one was unregistered. */
	static uint32_t constants[SKEP_N_CONSTS];
	static int handler = -1;
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .cookie = (long)constants,
		    .prog_prepare_load_fn = put_constants);

	set_constants(config, constants);
	if (handler < 0)
		handler = libbpf_register_prog_handler("tc", BPF_PROG_TYPE_SCHED_CLS, 0, &opts);
	return handler < 0 ? handler : load_object(set, config);
}

static void explain(int err, char *buf, size_t size)
{
	if (err == -EPERM)
		snprintf(buf, size,
			 "the kernel refuses to load BPF (%s): CAP_BPF, CAP_NET_ADMIN and "
			 "CAP_PERFMON are needed: %s",
			 strerror(-err), libbpf_said);
	else
		snprintf(buf, size, "%s%s%s", strerror(-err), libbpf_said[0] ? ": " : "",
			 libbpf_said);
}

int map_set_create(const struct map_set_config *config, struct map_set *ret, char *err_buf,
		   size_t err_size)
{
	struct map_set set = MAP_SET_INIT;
	libbpf_print_fn_t old_print;
	int err = 0;

	libbpf_said[0] = '\0';
	old_print = libbpf_set_print(keep_libbpf_words);
	for (unsigned int i = 0; i < N_MAPS; i++)
		set.map[i].fd = -1;
	for (unsigned int i = 0; i < N_MAPS && !err; i++) {
		err = map_make(&set.map[i], (enum map_id)i, config);
		if (err)
			snprintf(libbpf_said, sizeof(libbpf_said), "for map %s of %u elements",
				 map_table[i].name, config->n[i]);
	}
	if (!err && !config->in_memory)
		err = load_program(&set, config);
	libbpf_set_print(old_print);
	if (err) {
		explain(err, err_buf, err_size);
		map_set_close(&set);
		return err;
	}
	*ret = set;
	return 0;
}

void map_set_close(struct map_set *set)
{
	for (unsigned int i = 0; i < N_MAPS; i++) {
		if (set->map[i].base)
			munmap(set->map[i].base, set->map[i].size);
		if (set->map[i].origin)
			munmap(set->map[i].origin, set->map[i].origin_size);
		if (set->map[i].fd >= 0)
			close(set->map[i].fd);
		set->map[i] = (struct map){ .fd = -1 };
	}
	if (set->prog_fd >= 0)
		close(set->prog_fd);
	if (set->events_fd >= 0)
		close(set->events_fd);
	set->prog_fd = set->events_fd = -1;
}

static int pin(const char *dir, const char *name, int fd)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

/* --- Layouts --- */

#define LAYOUT_NAME "layout"

struct layout {
	char map[24];
	uint32_t value_size; /* of an element */
	uint32_t zero;
};

static int pin_layout(const char *dir)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "skep_layout", sizeof(uint32_t), sizeof(struct layout), N_MAPS, NULL);
	int err = fd < 0 ? -errno : 0;

	for (uint32_t i = 0; i < N_MAPS && !err; i++) {
		struct layout l = { .value_size = map_table[i].value_size };

		snprintf(l.map, sizeof(l.map), "%s", map_table[i].name);
		err = bpf_map_update_elem(fd, &i, &l, 0) ? -errno : 0;
	}
	if (!err)
		err = pin(dir, LAYOUT_NAME, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

/* The sizes of elements of the set pinned in 'dir'; ours, if it does not say. */
static void read_layout(const char *dir, uint32_t ret[N_MAPS])
{
	char path[PATH_MAX];
	struct layout l;
	int fd;

	for (unsigned int i = 0; i < N_MAPS; i++)
		ret[i] = map_table[i].value_size;
	snprintf(path, sizeof(path), "%s/" LAYOUT_NAME, dir);
	fd = bpf_obj_get(path);
	for (uint32_t i = 0; fd >= 0 && !bpf_map_lookup_elem(fd, &i, &l); i++) {
		enum map_id id = map_by_name(l.map);

		if (id < N_MAPS && l.value_size)
			ret[id] = l.value_size;
	}
	if (fd >= 0)
		close(fd);
}

static void copy_elements(const struct map *m, enum map_id id)
{
	size_t from = stride(m->origin_elem), to = stride(map_table[id].value_size), common = from < to ? from : to;

	for (uint32_t i = 0; i < m->n; i++)
		memcpy((char *)m->base + i * to, (const char *)m->origin + i * from, common);
}

void map_set_refresh(const struct map_set *set)
{
	for (unsigned int i = 0; i < N_MAPS; i++) {
		if (set->map[i].origin)
			copy_elements(&set->map[i], (enum map_id)i);
	}
}

/* Opens an array of 'n' elements of 'value_size' bytes, which is not ours. */
static int attach_other(struct map *m, enum map_id id, int fd, uint32_t n, uint32_t value_size)
{
	struct map new = { .fd = fd, .n = n, .size = map_bytes(id, n), .origin_elem = value_size,
			   .origin_size = array_bytes(value_size, n) };

	new.origin = mmap(NULL, new.origin_size, PROT_READ, MAP_SHARED, fd, 0);
	if (new.origin == MAP_FAILED)
		return -errno;
	new.base = mmap(NULL, new.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (new.base == MAP_FAILED) {
		munmap(new.origin, new.origin_size);
		return -ENOMEM;
	}
	copy_elements(&new, id);
	*m = new;
	return 0;
}

/* --- Pins --- */

int map_set_pin(const struct map_set *set, const char *dir)
{
	int err;

	if (mkdir(dir, 0700))
		return -errno;
	err = pin_layout(dir);
	if (!err)
		err = pin(dir, EVENTS_NAME, set->events_fd);
	for (unsigned int i = 0; i < N_MAPS && !err; i++)
		err = pin(dir, map_table[i].name, set->map[i].fd);
	if (!err)
		err = pin(dir, "program", set->prog_fd);
	if (err)
		map_set_unpin(dir);
	return err;
}

int map_set_unpin(const char *dir)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		unlink(path);
	}
	closedir(d);
	return rmdir(dir) ? -errno : 0;
}

static int open_map(const char *dir, enum map_id id, uint32_t size, struct map *ret)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	char path[PATH_MAX];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", dir, map_table[id].name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		err = -errno;
	else if (map_table[id].is_data ? info.value_size % size : info.value_size != size)
		err = -EPROTO;
	else if (size == map_table[id].value_size)
		err = map_attach(ret, id, fd, info.max_entries * (info.value_size / size));
	else
		err = attach_other(ret, id, fd, info.max_entries * (info.value_size / size), size);
	if (err)
		close(fd);
	return err;
}

int map_set_open(const char *dir, struct map_set *ret, char *err_buf, size_t err_size)
{
	struct map_set set = MAP_SET_INIT;
	uint32_t sizes[N_MAPS];
	char path[PATH_MAX];
	int err = 0;

	for (unsigned int i = 0; i < N_MAPS; i++)
		set.map[i].fd = -1;
	read_layout(dir, sizes);
	for (unsigned int i = 0; i < N_MAPS; i++) {
		/* What programs work with, and what is made anew: nothing to take over. */
		if (i == MAP_CPU || i == MAP_PRUNES)
			continue;
		err = open_map(dir, (enum map_id)i, sizes[i], &set.map[i]);
		if (err) {
			snprintf(err_buf, err_size, "%s/%s: %s", dir, map_table[i].name,
				 err == -EPROTO ? "made by another version of skep"
						: strerror(-err));
			goto fail;
		}
	}
	if (MAP_ELEM(&set, MAP_DP, struct skep_dp, 0)->abi != SKEP_ABI) {
		err = -EPROTO;
		snprintf(err_buf, err_size, "%s: datapath of ABI %u, this skep has ABI %u", dir,
			 MAP_ELEM(&set, MAP_DP, struct skep_dp, 0)->abi, SKEP_ABI);
		goto fail;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, EVENTS_NAME);
	set.events_fd = bpf_obj_get(path); /* without it packet-ins in flight are lost, no more */
	*ret = set;
	return 0;
fail:
	map_set_close(&set);
	return err;
}

size_t map_set_memory(const struct map_set *set)
{
	size_t sum = EVENTS_SIZE;

	for (unsigned int i = 0; i < N_MAPS; i++)
		sum += set->map[i].size;
	return sum;
}
