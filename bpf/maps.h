/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps, as the kernel's programs see them.
 *
 * User space sets max_entries before it loads the program (1 below is a placeholder):
 *
 *   skep_bridges, skep_pktin bridges; skep_counters flows * n_stripes; skep_table_ctrs bridges * 256 * n_stripes; skep_drops
 * SKEP_N_DROPS * n_stripes; skep_cpu, skep_records possible CPUs; skep_cache
 * possible CPUs * SKEP_CACHE_SETS; skep_events bytes, a power of
 * two; others as many as wanted.
 */
#ifndef SKEP_BPF_MAPS_H
#define SKEP_BPF_MAPS_H 1

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"
#include "bpf/state.h"

#define SKEP_ARRAY(NAME, TYPE)                                                                     \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, 1);                                                            \
		__uint(map_flags, BPF_F_MMAPABLE);                                                 \
		__type(key, __u32);                                                                \
		__type(value, TYPE);                                                               \
	} NAME SEC(".maps")

/* Arrays that every packet reads are global data, maps of one element each: they are reached without a lookup, at half of its
 * instructions and without a key that goes through memory.  User space gives the program its own maps for them; it knows section
 * .data.X as map skep_X.  Those that grow are declared with one element; how many there are is a constant (consts.h). */
struct skep_dp skep_dp SEC(".data.dp");
struct skep_if skep_ifs[SKEP_IFS] SEC(".data.ifs");
struct skep_table skep_tables[SKEP_TABLE_SLOTS] SEC(".data.tables");
struct skep_tunnel skep_tunnels[SKEP_TUNNELS] SEC(".data.tunnels");
struct skep_inject skep_injects[SKEP_INJECTS] SEC(".data.injects");
struct skep_bridge skep_bridges[SKEP_BRIDGES] SEC(".data.bridges");
struct skep_port skep_ports[1] SEC(".data.ports");
struct skep_subtable skep_subtables[1] SEC(".data.subtables");
struct skep_prune skep_prunes[1] SEC(".data.prunes");
struct skep_bucket_line skep_buckets[1] SEC(".data.buckets");
struct skep_rule skep_rules[1] SEC(".data.rules");
struct skep_cell skep_cells[1] SEC(".data.cells");
struct skep_table_counter skep_table_ctrs[1] SEC(".data.table_ctrs");
struct skep_port_counter skep_port_ctrs[1] SEC(".data.port_ctrs");
struct skep_cpu_state skep_cpu[1] SEC(".data.cpu");
struct skep_fdb_bucket skep_fdb[1] SEC(".data.fdb");
/* The counters are the largest array, and may be too large for global data: then they are map skep_counters. */
struct skep_counter skep_counters_data[1] SEC(".data.counters");

SKEP_ARRAY(skep_keyx, struct skep_keyx);
SKEP_ARRAY(skep_counters, struct skep_counter);
SKEP_ARRAY(skep_drops, struct skep_drop_counter);
SKEP_ARRAY(skep_vlan_sets, struct skep_vlan_set);
SKEP_ARRAY(skep_groups, struct skep_group);
SKEP_ARRAY(skep_group_ctrs, struct skep_group_counter);
SKEP_ARRAY(skep_meters, struct skep_meter);
SKEP_ARRAY(skep_meter_confs, struct skep_meter_conf);

/* The program's own. */
SKEP_ARRAY(skep_cache, struct skep_cache_set);
SKEP_ARRAY(skep_records, struct skep_record);
SKEP_ARRAY(skep_pktin, struct skep_pktin);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} skep_events SEC(".maps");

#endif
