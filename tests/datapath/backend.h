/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/datapath/diff.c compares with the oracle: one build of the pipeline.
 *
 * A backend is a switch with one bridge.  The harness drives it from one thread:
 *
 *   start  (reset  add...  { run | packet_out | add | del_strict }... )...  stop
 *
 * - All arguments belong to the harness and are valid during the call only.  'r' is the harness's
 *   memory too; the backend begins with oracle_result_init() and fills it with oracle_result_add()
 *   and oracle_result_hit().
 * - A rule is in force when add() returns, and out of force when del_strict() returns.
 * - Rules have unique cookies within one reset; that is how a flow is named in results.
 * - Rules are valid (prerequisites, canonical masks, goto upwards), and two rules of one table never
 *   have the same priority with matches that overlap.  flow_mod.command is FLOW_ADD or
 *   FLOW_DELETE_STRICT, flags 0, timeouts 0, buffer_id BUFFER_NONE, out_port PORT_ANY, out_group
 *   GROUP_ANY, cookie_mask 0.
 * - The functions return 0 or a negative errno; any error but -EOPNOTSUPP from start() fails the
 *   test.
 *
 * What is compared, after each run() and packet_out():
 *
 *   outputs  an ordered list: for each, kind; to a port: the port and all bytes; to the controller:
 *            reason, table_id, cookie, metadata, tunnel fields, in_port, total_len, max_len (not for
 *            ORACLE_INVALID_TTL), and all bytes.  VLAN tags are in the bytes (a tag in skb metadata
 *            is put back where it was).  Copies of ALL and FLOOD are in ascending order of port
 *            numbers, LOCAL last.  With BACKEND_UNORDERED, or where NORMAL sent any of them, only the order of copies to one port, and
 *            that of packet-ins, is compared.
 *   hits     per flow: how many packets and bytes this call added to its counters (order does not
 *            matter; flows with no hit are left out).  Not with BACKEND_NO_COUNTERS.
 *   tables   n_lookups and n_matches: what this call added to each table's counters.  Not with
 *            BACKEND_NO_COUNTERS or BACKEND_NO_TABLE_COUNTERS.
 *   counts   of groups, buckets, meters and bands: as the hits.  Not with BACKEND_NO_COUNTERS.
 *
 * Where a select group chooses, the result must be one of those that the specification allows, and the choice the same for the same flow.
 *
 * After the last packet of a reset, and where that differs after each, the addresses that NORMAL has learned.
 *
 * oracle_result.end is not compared and need not be set.  A backend that reaches one of oracle.h's
 * bounds says so in 'overflow' (oracle_result_add() does), which is a mismatch; where the oracle
 * itself reaches one, nothing is compared.
 */
#ifndef SKEP_TEST_BACKEND_H
#define SKEP_TEST_BACKEND_H 1

#include "model/flow.h"
#include "tests/oracle/oracle.h"

enum backend_flags {
	BACKEND_UNORDERED = 1 << 0,
	BACKEND_NO_COUNTERS = 1 << 1,
	BACKEND_NO_TABLE_COUNTERS = 1 << 2,
};

struct backend_port {
	uint32_t ofport; /* 1 to PORT_NO_MAX, or PORT_LOCAL */
	uint32_t config; /* enum oracle_port_config, OFPPC_* as on the wire */
	struct oracle_port_vlan vlan;
};

struct backend_config {
	const struct backend_port *ports; /* these exist, no others */
	unsigned int n_ports;
	bool frag_drop; /* OFPC_FRAG_DROP instead of OFPC_FRAG_NORMAL */
	bool is_standalone;
	bool no_cache; /* the tables are searched; else the flow cache is in force whatever they hold */
	bool no_pruning; /* else tables of two masks have tuple pruning */
	bool forward_bpdu;
	const struct oracle_fdb_entry *static_entries;
	unsigned int n_static;
};

struct backend {
	const char *name; /* for --backend */
	unsigned int flags;

	/* Once, first.  -EOPNOTSUPP if this machine cannot run it (no BPF, not root): the test is skipped, and
	 * the backend has printed to stderr what it lacks. */
	int (*start)(void);
	/* Once, last; also after a failed start(). */
	void (*stop)(void);
	/* No rules, all counters zero, the ports, flags and addresses of 'config', and none that were learned. */
	int (*reset)(const struct backend_config *config);
	/* OFPFC_ADD: a rule of the same table, priority and match is replaced; its counters begin at 0. */
	int (*add)(const struct flow_mod *fm);
	/* The rule with the table, priority and match of 'fm'; it exists. */
	int (*del_strict)(const struct flow_mod *fm);
	/* Adds a group or modifies it (GROUP_ADD, GROUP_MODIFY); it leads only to groups that are there. */
	int (*group_mod)(const struct group_mod *gm);
	int (*meter_mod)(const struct meter_mod *mm);
	/* OFPPC_* of a port that is there. */
	int (*set_port)(uint32_t ofport, uint32_t config);
	/* 'frame' (14 to 2048 bytes, tags in the bytes) arrives at 'in_port', which exists. */
	int (*run)(uint32_t in_port, const uint8_t *frame, size_t len, struct oracle_result *r);
	/* A packet-out.  NULL if the backend has none; 'in_port' may be PORT_CONTROLLER. */
	int (*packet_out)(uint32_t in_port, const struct action_list *list, const uint8_t *frame,
			  size_t len, struct oracle_result *r);
	/* What NORMAL knows: dp_fdb_set() with a static entry, dp_fdb_del(), dp_fdb_flush().  fdb_del() returns -ENOENT where there
	 * is no entry; fdb_dump() how many there are, of which it writes up to 'size', in any order. */
	int (*fdb_set)(const struct oracle_fdb_entry *entry);
	int (*fdb_del)(uint16_t vlan, const uint8_t mac[6]);
	void (*fdb_flush)(uint32_t ofport);
	unsigned int (*fdb_dump)(struct oracle_fdb_entry *ret, unsigned int size);
};

/* NULL-terminated; the first is the default.  In backends.c: a backend that is not built is not there. */
extern const struct backend *const backends[];

/* The host build of the pipeline, and the program in the kernel; see backend_dp.h. */
extern const struct backend backend_host;
extern const struct backend backend_kernel;

/* backend_oracle.c: the oracle itself, one that does a few rare things wrong, and one that does so in
 * its table of addresses alone, to test the harness. */
struct oracle *backend_make_oracle(const struct backend_config *config);
extern const struct backend backend_oracle;
extern const struct backend backend_broken;
extern const struct backend backend_misfiled;

#endif
