/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pipeline in a process: executes packet-outs, and lets tests, fuzzers and sanitizers run the
 * very code that the kernel runs.
 *
 * The maps are those that the kernel's programs read, mapped, or arrays that a test has filled.
 * Whatever they hold, no access goes beyond the numbers of elements given, and no call runs for
 * ever.  Counters go to the last stripe, which is ours alone; flows are seen in the version that
 * maps->dp->version says.
 *
 * Frames have their VLAN tags in place and their checksums complete.  A call is synchronous: the
 * operations are called before it returns.  Not thread safe, and the operations must not call back
 * in.
 *
 * What goes to a patch port is received by its other end, after the packet that it is a copy of has gone its way.  A call makes at most
 * SKEP_HOST_COPIES_MAX such copies; the others are lost, and counted.
 */
#ifndef SKEP_BPF_HOST_H
#define SKEP_BPF_HOST_H 1

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

#define SKEP_HOST_COPIES_MAX 1024

struct skep_cache_set;

/* Pointers are the caller's; n_x counts the elements of x. */
struct skep_host_maps {
	struct skep_dp *dp;
	struct skep_cache_set *cache; /* SKEP_CACHE_SETS of them, these maps' alone; NULL: the tables are searched */
	struct skep_port *ports;
	uint32_t n_ports;
	struct skep_bridge *bridges;
	uint32_t n_bridges;
	struct skep_table *tables;
	uint32_t n_tables;
	struct skep_subtable *subtables;
	uint32_t n_subtables;
	struct skep_prune *prunes;
	uint32_t n_prunes;
	struct skep_bucket_line *buckets;
	uint32_t n_buckets;
	struct skep_rule *rules;
	uint32_t n_rules;
	struct skep_keyx *keyx;
	uint32_t n_keyx;
	struct skep_cell *cells;
	uint32_t n_cells;
	struct skep_counter *counters;
	uint32_t n_counters;
	struct skep_table_counter *table_counters;
	uint32_t n_table_counters;
	struct skep_port_counter *port_counters;
	uint32_t n_port_counters;
	struct skep_drop_counter *drops;
	uint32_t n_drops;
	struct skep_tunnel *tunnels;
	uint32_t n_tunnels;
	struct skep_vlan_set *vlan_sets;
	uint32_t n_vlan_sets;
	struct skep_fdb_bucket *fdb;
	uint32_t n_fdb;
	struct skep_group *groups;
	uint32_t n_groups;
	struct skep_group_counter *group_counters;
	uint32_t n_group_counters;
	struct skep_meter *meters;
	uint32_t n_meters;
	struct skep_meter_conf *meter_confs;
	uint32_t n_meter_confs;
};

struct skep_host_ops {
	/* Sends 'frame' to the port of index 'port_idx', whose configuration allows it. */
	void (*output)(void *aux, uint32_t port_idx, const uint8_t *frame, size_t len);
	/* Sends the first ev->len bytes of 'frame' to the controllers.  ev->max_len is 0xffff with
	 * SKEP_R_INVALID_TTL. */
	void (*controller)(void *aux, const struct skep_event *ev, const uint8_t *frame);
	void *aux;
	/* Sends 'frame' to tunnel port how->port, with the tunnel fields that 'how' has.  If NULL, output() is called. */
	void (*output_tunnel)(void *aux, const struct skep_inject *how, const uint8_t *frame,
			      size_t len);
};

/* Takes 'frame' through the tables as if received on 'in_port' (an OpenFlow port number; a port
 * that the bridge does not have drops it).  Returns 0, -EINVAL if there is no such bridge or no
 * datapath, or -EMSGSIZE if 'len' > 65535. */
int skep_host_run(const struct skep_host_maps *maps, const struct skep_host_ops *ops,
		  uint32_t bridge, uint32_t in_port, const uint8_t *frame, size_t len);

/* Executes cells[0..n_cells-1], a list of actions without a head, on 'frame'.  'in_port' is an
 * OpenFlow port number and need not exist (OFPP_CONTROLLER).  SKEP_OP_TABLE takes a copy through
 * the tables.  Returns as skep_host_run(). */
int skep_host_packet_out(const struct skep_host_maps *maps, const struct skep_host_ops *ops,
			 uint32_t bridge, uint32_t in_port, const struct skep_cell *cells,
			 uint32_t n_cells, const uint8_t *frame, size_t len);

#endif
