/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of maps and the program that reads them: what one generation of a datapath consists of.
 *
 * A set is made with given capacities, filled, pinned, and put in charge by swapping the program on the links.  Growth and adoption
 * each make a new set beside the old one.
 *
 * Another version of skep may have other layouts: fields are added at the end of structures, and zero means what was meant before there were any (else SKEP_ABI
 * changes).  A pinned set tells the sizes of its elements in a map of its own, "layout".  A set whose elements have other sizes than ours is opened as a copy.
 *
 * Pins, below the datapath's pin directory: maps/NAME for the set in charge, maps-new/NAME for one being made, links/IFINDEX.
 */
#ifndef SKEP_DATAPATH_MAPS_H
#define SKEP_DATAPATH_MAPS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"
#include "bpf/state.h"

/* X(ID, map name, element type, is data): the flat arrays, shared with the programs or (flows) only kept with them.
 * Those that every packet reads are the program's global data: to the kernel, one element with the whole array. */
#define MAP_TABLE(X)                                                                                \
	X(DP, "skep_dp", struct skep_dp, 1)                                                             \
	X(IFS, "skep_ifs", struct skep_if, 1)                                                           \
	X(PORTS, "skep_ports", struct skep_port, 1)                                                     \
	X(BRIDGES, "skep_bridges", struct skep_bridge, 1)                                               \
	X(TABLES, "skep_tables", struct skep_table, 1)                                                  \
	X(SUBTABLES, "skep_subtables", struct skep_subtable, 1)                                         \
	X(PRUNES, "skep_prunes", struct skep_prune, 1)                                                  \
	X(BUCKETS, "skep_buckets", struct skep_bucket_line, 1)                                          \
	X(RULES, "skep_rules", struct skep_rule, 1)                                                     \
	X(KEYX, "skep_keyx", struct skep_keyx, 0)                                                       \
	X(CELLS, "skep_cells", struct skep_cell, 1)                                                     \
	X(FLOWS, "skep_flows", struct skep_flow, 0)                                                     \
	X(COUNTERS, "skep_counters", struct skep_counter, 1)                                            \
	X(TABLE_COUNTERS, "skep_table_ctrs", struct skep_table_counter, 1)                              \
	X(PORT_COUNTERS, "skep_port_ctrs", struct skep_port_counter, 1)                                 \
	X(DROPS, "skep_drops", struct skep_drop_counter, 0)                                             \
	X(TUNNELS, "skep_tunnels", struct skep_tunnel, 1)                                               \
	X(INJECTS, "skep_injects", struct skep_inject, 1)                                               \
	X(VLAN_SETS, "skep_vlan_sets", struct skep_vlan_set, 0)                                         \
	X(FDB, "skep_fdb", struct skep_fdb_bucket, 1)                                                   \
	X(GROUPS, "skep_groups", struct skep_group, 0)                                                   \
	X(GROUP_CTRS, "skep_group_ctrs", struct skep_group_counter, 0)                                   \
	X(METERS, "skep_meters", struct skep_meter, 0)                                                   \
	X(METER_CONFS, "skep_meter_confs", struct skep_meter_conf, 0)                                    \
	X(CPU, "skep_cpu", struct skep_cpu_state, 1)

enum map_id {
#define X(ID, NAME, TYPE, IS_DATA) MAP_##ID,
	MAP_TABLE(X)
#undef X
	N_MAPS
};

struct map {
	int fd;
	void *base;  /* the mapping */
	uint32_t n;  /* elements */
	size_t size; /* bytes mapped */
	/* Of a set opened with elements of another size, 'base' is a copy of what is here. */
	void *origin;
	size_t origin_size;
	uint32_t origin_elem; /* bytes */
};

struct map_set {
	struct map map[N_MAPS];
	int events_fd; /* the ring buffer, handed on from set to set */
	int prog_fd;
};
#define MAP_SET_INIT { .events_fd = -1, .prog_fd = -1 }

struct map_set_config {
	uint32_t n[N_MAPS];
	/* A map to take as it is instead of making one, or -1. */
	int reuse_fd[N_MAPS];
	int events_fd; /* or -1 */
	uint32_t n_stripes;
	unsigned int n_cpus;
	bool clone_last;
	bool in_memory; /* no BPF: arrays in shared memory, no program */
};

/* How many elements a map can have at most. */
uint32_t map_max(enum map_id id);
/* Makes the maps and loads the program.  On error writes what was wrong to 'err', and leaves '*ret' alone. */
int map_set_create(const struct map_set_config *config, struct map_set *ret, char *err,
		   size_t err_size);
/* Maps what is pinned in 'dir', without a program. */
int map_set_open(const char *dir, struct map_set *ret, char *err, size_t err_size);
/* Copies again what is a copy: the programs in charge go on counting. */
void map_set_refresh(const struct map_set *set);
void map_set_close(struct map_set *set);

int map_set_pin(const struct map_set *set, const char *dir);
/* Removes the pins in 'dir' and the directory.  0 if there is none. */
int map_set_unpin(const char *dir);

size_t map_set_memory(const struct map_set *set);

#define MAP_ELEM(SET, ID, TYPE, IDX) (&((TYPE *)(SET)->map[ID].base)[IDX])

#endif
