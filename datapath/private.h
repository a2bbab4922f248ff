/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The datapath's inside, shared by the files of datapath/ only.
 *
 *   datapath.c    opening, closing
 *   grow.c        capacities, growth, the swap of one map set for another
 *   adopt.c       taking over the flows of an earlier process
 *   classifier.c  subtables, bucket regions, chains: what bpf/classify.h reads
 *   prune.c       which subtables a packet need not be looked up in
 *   cache.c       the unions of masks that bpf/cache.h goes by
 *   reclaim.c     what waits for grace periods, and for which
 *   flow_table.c  flow-mods;  flow_read.c  dumps, statistics, timeouts
 *   port.c        bridges and ports;  port_special.c  those that are not an interface of their own
 *   group.c       groups: who leads to whom, changes;  group_compile.c  what a group does, as cells;  group_adopt.c  growth and adoption of groups
 *   meter.c       meters
 *   guard.c       programs that somebody took off
 *   packet.c      packet-outs and packet-ins
 *   tlv.c         Geneve options
 *   fdb.c         what NORMAL learns;  port_vlan.c  ports as NORMAL sees them
 *
 * The writer's invariants (see also bpf/abi.h):
 *  - 'staged' is the version of the next commit: version + 1.
 *  - A rule entry is linked (in the chain of its bucket) or not.  The live flows of one subtable with the same masked key form a list by
 *    descending priority (same_next[]); only the entry of its head is linked.  The entries of the others, the hidden ones, are
 *    unlinked; when the head goes, the next flow gets a new entry, linked.  So a live entry (SKEP_LIVES(removed)) in a chain is the head of its list.
 *  - An entry's interval [added, removed) is that of the flow's having this entry, linked or hidden: at any version, the entries
 *    whose interval holds it are exactly the flows of that version.  Adoption relies on it.
 *  - Pointers into maps do not survive reserve(), which may swap the maps: functions keep indexes.
 */
#ifndef SKEP_DATAPATH_PRIVATE_H
#define SKEP_DATAPATH_PRIVATE_H 1

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "bpf/abi.h"
#include "datapath/attach.h"
#include "datapath/cells.h"
#include "datapath/datapath.h"
#include "datapath/grace.h"
#include "datapath/id_index.h"
#include "datapath/keymap.h"
#include "datapath/maps.h"
#include "datapath/spans.h"
#include "log.h"

#define N_TABLE_SLOTS  SKEP_TABLE_SLOTS
_Static_assert(DP_BRIDGES_MAX == SKEP_BRIDGES, "both say how many bridges there are");
_Static_assert(TLV_FIELDS == SKEP_TLVS, "both say how many options there are");
#define MASK_BUCKETS   1024
#define FDB_REGION_LOG2 14
#define FDB_REGION     (1u << FDB_REGION_LOG2) /* buckets for a bridge: 131,072 addresses, in 2 MB */
#define MIN_REGION_LOG2 4 /* buckets of the smallest region: one line */

struct subtable;
struct rule_words;
struct prune;

/* A descriptor in the packets' list of a table. */
struct place {
	TAILQ_ENTRY(place) by_prio; /* in table_info.places, in the order of that list */
	struct subtable *s;
	uint32_t idx; /* of the descriptor in skep_subtables; 0: in no list */
	uint16_t max_prio;
};
TAILQ_HEAD(place_list, place);

/* A mask in a table, as the writer sees it.
 *
 * A packet on its way down the list is past the place that the subtable is moved up to, and must still find it where it was: there a
 * descriptor stays for a grace period.  Priorities that rise faster than grace periods pass do not move it each time: it waits at
 * the top, and is put where it belongs when the old place goes.
 *
 *   SETTLED: here.max_prio >= top_prio, no 'former' -> RAISED [subtable_raise]
 *   RAISED: here.max_prio is the highest there is, 'former' is in the list -> SETTLED [subtable_settle, a grace period later]
 */
struct subtable {
	LIST_ENTRY(subtable) by_mask; /* in dp.masks */
	struct place here, former;
	uint32_t id;       /* index in dp.by_id */
	uint32_t table;    /* bridge * 256 + table */
	uint32_t seed;
	uint16_t top_prio; /* no rule had a higher one */
	uint8_t n_words;
	uint8_t words[SKEP_KEY_WORDS]; /* numbers of the key words that the mask touches */
	union keymap_words mask;
	uint64_t region;
	uint32_t n_linked;   /* entries in chains, dead ones included */
	uint32_t n_flows;    /* live flows, hidden ones included */
	bool is_resizing;    /* the region before this one waits for its grace period */
	bool is_pruned;      /* it is in a block of its table: */
	uint8_t prune_block; /* which of table_info.prune */
	uint8_t prune_bit;
};
LIST_HEAD(mask_list, subtable);

struct table_info {
	struct place_list places;
	uint32_t n_places;
	uint32_t n_flows;
	struct prune *prune; /* see prune.c; NULL: its subtables are searched one by one */
	bool is_prune_stale;
};

/* What becomes of something removed, when its grace period is over. */
enum garbage_type {
	GARBAGE_UNLINK,   /* rule 'a' of subtable id 'b': unlink, then GARBAGE_RULE */
	GARBAGE_RULE,     /* rule 'a'; 'b': its key extension or 0 */
	GARBAGE_CELLS,    /* span 'a' of class 'b' */
	GARBAGE_FLOW,     /* flow 'a' */
	GARBAGE_REGION,   /* first line 'a', class 'b' */
	GARBAGE_RESIZED,  /* subtable id 'a': its region may be changed again */
	GARBAGE_DESC,     /* descriptor 'a' of a subtable */
	GARBAGE_PRUNE,    /* element 'a' of skep_prunes */
	GARBAGE_PLACE,    /* the former place of subtable id 'a' */
	GARBAGE_EMPTY,    /* subtable id 'a' has no flows: unlink if still so, then free */
	GARBAGE_PORT,     /* port index 'a' may be reused */
	GARBAGE_FDB,      /* the fdb region from bucket 'a' on */
	GARBAGE_FDB_PORT, /* what was learned of port index 'a', gone, of bridge 'b' */
	GARBAGE_VLAN_SET, /* element 'a' of skep_vlan_sets */
	GARBAGE_GROUP,    /* group 'a' */
	GARBAGE_GROUP_CTRS, /* counters of buckets from 'a' on, of class 'b' */
	GARBAGE_METER,    /* meter 'a' */
	GARBAGE_METER_CONF, /* its configuration 'a' */
};

struct garbage {
	enum garbage_type type;
	uint32_t a, b;
};

struct garbage_queue {
	struct garbage *item;
	uint32_t n, cap;
};

struct group;

#define MAX_GROUPS (DP_GROUPS_MAX + 1)
#define MAX_METERS (DP_METERS_MAX + 1)

/* Groups' counters as they were when they were copied; NULL: they were not. */
struct group_notes {
	struct skep_group *groups;
	struct skep_group_counter *ctrs;
};

/* Meters as they were when they were copied; NULL: they were not. */
struct meter_notes {
	struct skep_meter *meters;
	struct skep_meter_conf *confs;
};

/* What a flow of the old maps became, and what its counters were when they were read. */
struct adopted {
	uint32_t flow;
	uint64_t packets, bytes;
};

struct dp {
	struct dp_config config;
	char *pin_dir, *maps_dir, *new_dir, *old_dir, *links_dir;
	struct map_set set;
	struct map_set_config set_config;
	enum dp_attach attach;
	struct grace *grace;
	int epoll_fd;
	struct ring_buffer *ring;
	struct ring_aux *ring_aux;
	int packet_fd; /* AF_PACKET, for packet-outs */
	unsigned int n_grown;
	struct {
		uint64_t at_ns; /* mono_ns() of the last attempt, if it failed; else 0 */
		unsigned int n;
		struct log_limit log;
	} growth_failed;
	bool is_building;        /* dp->set is not in charge yet: growth swaps no programs */
	struct adopted *adopted; /* by old flow; while dp_open() adopts */
	int dir_fd;              /* of the pin directory, locked */

	/* Allocation of elements. */
	struct spans rules, keyx, cells, flows, subtables, prunes, lines, ports, fdb, vlan_sets, meters, meter_confs,
		group_spans, group_ctrs;

	/* Versions and garbage. */
	uint64_t staged;
	bool is_dirty;               /* something staged is not committed */
	struct garbage_queue fresh;  /* its grace period has not begun */
	struct garbage_queue waiting; /* its grace period runs */
	struct garbage_queue scratch;
	bool has_small_regions; /* for want of lines: reclaim_settle() */

	uint32_t n_tunnels[8];    /* by mode: SKEP_TUNNEL_MODE() */
	uint32_t next_inject;     /* element of skep_injects to use next */

	/* By bridge: from port number (PORT_LOCAL: 0) to index in skep_ports; NULL until the first. */
	uint32_t *slot_of[DP_BRIDGES_MAX];

	struct id_index group_index[DP_BRIDGES_MAX];
	struct group **groups; /* by index in skep_groups; NULL: there is none, as for index 0 */

	struct id_index meter_index[DP_BRIDGES_MAX];
	uint32_t *meter_flows;            /* by index of the meter: how many flows name it */
	/* While dp_open() adopts. */
	struct meter_notes adopted_meters;
	struct group_notes adopted_groups;

	/* The flow tables. */
	struct table_info tables[N_TABLE_SLOTS];
	struct mask_list masks[MASK_BUCKETS];
	struct subtable **by_id;
	uint32_t n_ids;
	uint32_t n_flows;
	uint32_t *same_next; /* by flow: the next of lower priority with the same key and mask */
	uint8_t *is_timed;   /* by flow: it is in 'timed' */
	uint32_t *timed;     /* flows with timeouts */
	uint32_t n_timed, cap_timed;

	/* See guard.c. */
	struct {
		uint32_t next; /* port to look at */
		unsigned int n_repaired;
		unsigned int n_shadowed, shadowed; /* so far in this round; in the one before */
	} guard;

	/* The flow cache. */
	bool is_cache_stale[DP_BRIDGES_MAX]; /* masks came or went */
	bool is_any_cache_stale;
	uint32_t last_cache_id;
	struct skep_cache_set *host_cache; /* of the host build; NULL unless DP_CACHE_ALWAYS */

	/* Tuple pruning: of the bridge, a table's blocks are to be made anew. */
	bool is_prune_stale[DP_BRIDGES_MAX];
	bool is_any_prune_stale;
};

/* Of a patch port: there is none, but the port is there. */
#define NO_IFINDEX UINT32_MAX

#define DP_HEAD(DP)          MAP_ELEM(&(DP)->set, MAP_DP, struct skep_dp, 0)
#define RULE(DP, I)          MAP_ELEM(&(DP)->set, MAP_RULES, struct skep_rule, I)
#define KEYX(DP, I)          MAP_ELEM(&(DP)->set, MAP_KEYX, struct skep_keyx, I)
#define CELL(DP, I)          MAP_ELEM(&(DP)->set, MAP_CELLS, struct skep_cell, I)
#define FLOW(DP, I)          MAP_ELEM(&(DP)->set, MAP_FLOWS, struct skep_flow, I)
#define SUBTABLE(DP, I)      MAP_ELEM(&(DP)->set, MAP_SUBTABLES, struct skep_subtable, I)
#define PRUNE(DP, I)         MAP_ELEM(&(DP)->set, MAP_PRUNES, struct skep_prune, I)
#define TABLE(DP, I)         MAP_ELEM(&(DP)->set, MAP_TABLES, struct skep_table, I)
#define PORT(DP, I)          MAP_ELEM(&(DP)->set, MAP_PORTS, struct skep_port, I)
#define TUNNEL(DP, I)        MAP_ELEM(&(DP)->set, MAP_TUNNELS, struct skep_tunnel, I)
#define BRIDGE(DP, I)        MAP_ELEM(&(DP)->set, MAP_BRIDGES, struct skep_bridge, I)
#define BUCKET(DP, B)                                                                               \
	(&MAP_ELEM(&(DP)->set, MAP_BUCKETS, struct skep_bucket_line, (B) / SKEP_LINE_HEADS)             \
		  ->heads[(B) % SKEP_LINE_HEADS])

/* Publishes to readers in the kernel what was written before. */
#define PUBLISH(PTR, VALUE) __atomic_store_n(PTR, VALUE, __ATOMIC_RELEASE)

/* --- datapath.c --- */

/* Makes the pin directory, opens it (dp->dir_fd), and takes its lock. */
int take_pin_dir(struct dp *dp, char *err_buf, size_t err_size);

/* --- cache.c --- */

/* A mask came to the table, or went. */
void cache_note(struct dp *dp, uint32_t table);
/* Stores the unions of masks that have changed.  To be called before a version is stored, and at any time. */
void cache_refresh(struct dp *dp);
/* After bridges and ports were adopted: the unions are not. */
void cache_recall(struct dp *dp);

/* --- prune.c --- */

/* Notes a new subtable, linked and still without rules. */
void prune_add(struct dp *dp, struct subtable *s);
/* To be called before the subtable, which has no rules any more, leaves its list. */
void prune_remove(struct dp *dp, struct subtable *s);
/* Notes the subtable's descriptor, when that is another, and its highest priority. */
void prune_place(struct dp *dp, const struct subtable *s);
/* Lets packets find a rule with 'words' that is going to be linked. */
void prune_link(struct dp *dp, const struct subtable *s, const struct rule_words *words);
/* Notes that a rule was unlinked. */
void prune_unlink(struct dp *dp, const struct subtable *s);
/* Makes the blocks of tables whose rules have changed much.  To be called before a version is stored, and at any time. */
void prune_refresh(struct dp *dp);
/* Makes room for the blocks of a table that gets one more mask, if it can: maps may be exchanged, as by reserve(). */
void prune_reserve(struct dp *dp, uint32_t table);
void prune_destroy(struct dp *dp);

/* --- classifier.c --- */

/* The masked words of a key in a subtable, padded with zeros. */
struct rule_words { /* of a subtable of up to 4 words only the first 4 are set */
	uint64_t w[SKEP_KEY_WORDS];
};

struct subtable *subtable_find(const struct dp *dp, uint32_t table,
			       const union keymap_words *mask);
/* Makes one for the mask, without rules, linked where 'max_prio' puts it.  reserve() must have made room. */
struct subtable *subtable_new(struct dp *dp, uint32_t table, const union keymap_words *mask,
			      uint16_t max_prio);
/* Makes 'prio' no more than its max_prio, moving it up its table's list if need be. */
void subtable_raise(struct dp *dp, struct subtable *s, uint16_t prio);
/* A grace period after it was moved up: drops its former place, and moves it down to where it belongs. */
void subtable_settle(struct dp *dp, struct subtable *s);
/* Lists the words that s->mask touches. */
void subtable_list_words(struct subtable *s);
/* Hashes of subtables start with a number that nobody outside knows. */
uint32_t subtable_seed(void);
/* Writes a descriptor of 's' that continues with 'next'.  reserve() must have made room. */
uint32_t descriptor_new(struct dp *dp, const struct subtable *s, uint16_t max_prio, uint32_t next);
/* The next subtable of the table, the first for NULL.  NULL at the end. */
struct subtable *subtable_next(const struct dp *dp, uint32_t table, const struct subtable *s);
/* Unlinks the descriptor of a subtable without flows; frees 's'. */
void subtable_del(struct dp *dp, struct subtable *s);
void subtable_words(const struct subtable *s, const union keymap_words *key,
		    struct rule_words *ret);
/* The full masked key of rule entry 'rule'. */
void rule_key(const struct dp *dp, const struct subtable *s, uint32_t rule,
	      union keymap_words *ret);
void rule_words(const struct dp *dp, const struct subtable *s, uint32_t rule,
		struct rule_words *ret);
/* True if the entry and 'mk' have the same bits wherever both have any. */
bool rule_agrees(const struct dp *dp, const struct subtable *s, uint32_t rule,
		 const struct masked_key *mk);
/* The linked live entry with these words, or 0, and the length of the chain that it would be in. */
uint32_t chain_find(const struct dp *dp, const struct subtable *s, const struct rule_words *words,
		    uint32_t *ret_length);
void chain_link(struct dp *dp, struct subtable *s, const struct rule_words *words, uint32_t rule);
void chain_unlink(struct dp *dp, struct subtable *s, uint32_t rule);
/* The log2 of the number of buckets that 's' should have, if not what it has; else 0. */
unsigned int subtable_wanted_log2(const struct subtable *s, bool is_chain_long);
/* Gives 's' a region of at least 'n_buckets', and chains its rules there.  The lines must be there (reserve()). */
void subtable_resize(struct dp *dp, struct subtable *s, unsigned int log2);
/* The same for subtable 'id', which has a region that may be changed, after maps have grown as far as it takes: they may be exchanged, and what waits be reclaimed.
 * -ENOSPC: all is as it was. */
int subtable_enlarge(struct dp *dp, uint32_t id, unsigned int log2);
/* Calls 'visit' for each linked live entry of the subtable; it must not change the table.  Its flows are RULE()->flow and those that
 * dp->same_next leads to. */
void subtable_for_each_rule(const struct dp *dp, const struct subtable *s,
			    void (*visit)(void *aux, uint32_t rule), void *aux);
/* The same for each linked entry, dead ones included. */
void subtable_for_each_linked(const struct dp *dp, const struct subtable *s,
			      void (*visit)(void *aux, uint32_t rule), void *aux);

/* --- reclaim.c --- */
void garbage_put(struct dp *dp, enum garbage_type type, uint32_t a, uint32_t b);
/* Starts waiting for what is fresh, if nothing is being waited for and nothing is staged. */
void reclaim_kick(struct dp *dp);
/* Takes what a finished grace period allows; with 'wait', commits and waits for one. */
void reclaim_run(struct dp *dp, bool wait);
/* Commits and waits until nothing is left to reclaim. */
void reclaim_all(struct dp *dp);
/* Enlarges the regions of subtables that found no lines to grow when they could, and the maps for it.  Not to be called while something is being changed: the maps may be
 * exchanged. */
void reclaim_settle(struct dp *dp);

/* --- grow.c --- */
/* What one change may need. */
struct need {
	uint32_t rules, keyx, flows, subtables, prunes, ports, lines_log2;
	uint32_t fdb; /* regions */
	uint32_t vlan_sets;
	uint32_t meters, meter_confs;
	uint32_t groups;
	unsigned int group_ctrs_class;
	unsigned int cells_class;
	uint32_t n_cells; /* spans of that class; 0 with has_cells: one */
	bool has_cells, has_lines, has_group_ctrs;
};
/* Makes room: by reclaiming, else by growth.  0 or -ENOSPC; on success nothing that was needed can fail. */
int reserve(struct dp *dp, const struct need *need);
/* Adds to '*to' what '*from', which an old program counted in, has more than 'then'.  Programs add to both. */
void counter_add_late(__u64 *to, const __u64 *from, uint64_t then);
/* The capacities that a datapath starts with. */
void capacity_init(struct dp *dp);
/* What allocates the elements of a map, or NULL; and how many of 'n' elements it may give out. */
struct spans *map_spans(struct dp *dp, enum map_id id);
uint32_t map_spans_capacity(enum map_id id, uint32_t n);
/* The process's own arrays, as long as the map of flows. */
int flow_arrays_fit(struct dp *dp, uint32_t old_n, uint32_t n);
/* Gives each port the program of dp->set. */
int set_swap_programs(struct dp *dp, char *err_buf, size_t err_size);
/* Pins a set that is being made; and the new pins take the place of the old ones. */
int set_pin_new(const struct dp *dp, const struct map_set *set, char *err_buf, size_t err_size);
int set_rename_pins(struct dp *dp);
/* One grace period, now. */
void grace_wait_now(struct dp *dp);

/* --- datapath.c --- */
uint64_t boot_ns(void);
uint64_t mono_ns(void);

/* --- flow_table.c --- */
/* What a flow is, for insertion: used by flow-mods and by adoption. */
struct flow_new {
	uint32_t table;
	struct masked_key mk;
	uint16_t priority;
	uint16_t idle_timeout, hard_timeout, flags;
	uint64_t cookie;
	uint64_t created_ns;
	const struct skep_cell *cells; /* with the head */
	uint32_t n_cells;
	bool reset_counts;
};
/* Adds, or replaces the flow with this priority and match.  '*ret_flow' is its index. */
int flow_insert(struct dp *dp, const struct flow_new *new, uint32_t *ret_flow);
void flow_remove(struct dp *dp, uint32_t flow);
/* The same, and says so to who wants to know. */
void flow_delete(struct dp *dp, uint32_t flow, enum flow_removed_reason reason);
void flow_set_timed(struct dp *dp, uint32_t flow);
struct subtable *flow_subtable(const struct dp *dp, uint32_t flow);
/* For cells.h: 'aux' of bridge's ports. */
struct port_scope {
	struct dp *dp;
	uint32_t bridge;
};
struct cell_ports cell_ports(struct port_scope *scope);

/* --- flow_read.c --- */
void flow_describe(const struct dp *dp, uint32_t flow, struct flow_desc *ret);
void flow_counts(const struct dp *dp, uint32_t flow, uint64_t *ret_packets, uint64_t *ret_bytes,
		 uint64_t *ret_used_ns);
/* A filter made ready for many comparisons. */
struct flow_test {
	struct masked_key mk;
	const struct flow_filter *filter;
};
void flow_test_init(struct flow_test *t, const struct flow_filter *filter);
bool flow_test_subtable(const struct flow_test *t, const struct subtable *s);
bool flow_test(const struct dp *dp, const struct flow_test *t, uint32_t flow);
/* The part of it that is not about the match. */
bool flow_test_rest(const struct dp *dp, const struct flow_test *t, uint32_t flow);

/* --- port.c --- */
/* The index of the port, or of the number that rules name; -ENOSPC if there is no place. */
int port_slot(struct dp *dp, uint32_t bridge, uint32_t ofport);
/* Knows again the ports that stand in the maps: after adoption. */
int ports_recall(struct dp *dp);
void ports_forget(struct dp *dp);
/* Sets or clears one of enum skep_bridge_flags. */
void bridge_set_flag(struct dp *dp, uint32_t bridge, uint32_t flag, bool is_set);
/* The index of an existing port, or 0. */
uint32_t port_find(const struct dp *dp, uint32_t bridge, uint32_t ofport);
/* Checks that port 'ofport' of 'bridge' can be made. */
int port_check_new(const struct dp *dp, uint32_t bridge, uint32_t ofport, char *err_buf,
		   size_t err_size);
/* Puts port index 'idx', whose other members are set, in force or out of it (ifindex 0). */
void port_publish(struct dp *dp, uint32_t idx, uint32_t ifindex);
/* Has skep_port.direct follow the members that it is made of. */
void port_set_direct(struct dp *dp, uint32_t idx);
/* What an earlier port of this index has counted is not a new one's. */
void port_reset_counters(struct dp *dp, uint32_t idx);
/* Sends no packet to a peer any more: nobody watches over the peers from now on. */
void ports_leave_peers(struct dp *dp);
/* The map from interface to port. */
uint32_t if_port(const struct dp *dp, uint32_t ifindex); /* 0: none */
int if_add(struct dp *dp, uint32_t ifindex, uint32_t port);
void if_del(struct dp *dp, uint32_t ifindex);

/* --- port_special.c --- */
/* Where the program stands for the port. */
enum attach_hook port_hook(const struct skep_port *port);
/* Bits of skep_port.config that nobody outside sees. */
#define PORT_OWN_BITS ((uint32_t)(SKEP_PC_SPECIAL_IN | SKEP_PC_SPECIAL_OUT | SKEP_PC_CACHED))
/* Gives the port those of them that its kind and its bridge ask for. */
void port_set_special(struct dp *dp, uint32_t idx);
/* What only ports of its kind have goes, before the port itself does. */
void special_release(struct dp *dp, uint32_t idx);
/* Knows again, after adoption, what stands in the maps. */
void special_recall(struct dp *dp);

/* --- port_vlan.c --- */
/* Makes the port index what a new port is: a trunk of all VLANs, not isolated. */
void port_vlan_reset(struct dp *dp, uint32_t idx);
/* Knows again, after adoption, which sets are in use. */
void port_vlan_recall(struct dp *dp);

/* --- fdb.c --- */
/* What a new bridge has. */
void fdb_init(struct dp *dp, uint32_t bridge);
/* Gives the bridge a region to learn in, if it has none.  0, -ENOSPC or -ENOMEM. */
int fdb_make(struct dp *dp, uint32_t bridge);
/* Takes it away. */
void fdb_free(struct dp *dp, uint32_t bridge);
/* Forgets what was learned of a port index (0: of all); for one that is gone, again when no packet can learn there any more. */
void fdb_forget_port(struct dp *dp, uint32_t bridge, uint32_t port);
void fdb_port_gone(struct dp *dp, uint32_t bridge, uint32_t port);
/* Copies the entries to a larger map, or one of a new process. */
void fdb_copy(const struct map *to, const struct map *from);
/* Knows again, after adoption, which regions are in use. */
void fdb_recall(struct dp *dp);

/* --- group.c --- */
/* The index of the bridge's group of that number, or 0. */
uint32_t group_find(const struct dp *dp, uint32_t bridge, uint32_t group_id);
/* Counts that a rule with these cells is stored, or gone. */
void group_cells(struct dp *dp, const struct skep_cell *cells, bool is_stored);
/* Whether a rule with these cells leads to the group of that index. */
bool cells_lead_to(const struct skep_cell *cells, uint32_t group);
/* Whether all groups that it leads to are there. */
bool cells_groups_are_there(const struct dp *dp, const struct skep_cell *cells);
void groups_bridge_gone(struct dp *dp, uint32_t bridge);
void groups_forget(struct dp *dp);
/* Copying counters that are in use, for growth: as with meters, below. */
int groups_note(const struct map_set *set, bool has_groups, bool has_ctrs, struct group_notes *ret);
void groups_unnote(struct group_notes *notes);
void groups_copy(const struct map_set *to, const struct map_set *from,
		 const struct group_notes *notes);
void groups_add_late(struct dp *dp, const struct map_set *old, const struct group_notes *notes);
/* Takes over the groups of an earlier process, and what its program counted since then. */
int groups_adopt(struct dp *dp, const struct map_set *old);
void groups_adopt_late(struct dp *dp, const struct map_set *old);

/* --- meter.c --- */
/* The index of the bridge's meter of that number, or 0. */
uint32_t meter_find(const struct dp *dp, uint32_t bridge, uint32_t meter_id);
bool meter_is_there(const struct dp *dp, uint32_t idx);
/* The meter that a rule with these cells names, or 0. */
uint32_t cells_meter(const struct skep_cell *cells);
/* Counts that a rule with these cells is stored, or gone. */
void meter_cells(struct dp *dp, const struct skep_cell *cells, bool is_stored);
/* Raises the drop precedence of a whole frame, as the programs do. */
void meter_remark(uint8_t *frame, size_t len, unsigned int levels);
void meters_bridge_gone(struct dp *dp, uint32_t bridge);
/* Knows again, after adoption, the meters that stand in the maps. */
int meters_recall(struct dp *dp);
void meters_forget(struct dp *dp);
/* Copying meters that are in use: note, fill the new maps from the notes, and, when the old program has ended, add what it
 * counted meanwhile. */
int meters_note(const struct map_set *set, bool has_meters, bool has_confs,
		struct meter_notes *ret);
void meters_unnote(struct meter_notes *notes);
void meters_copy(const struct map_set *to, const struct map_set *from,
		 const struct meter_notes *notes);
void meters_add_late(struct dp *dp, const struct map_set *old, const struct meter_notes *notes);

/* --- tlv.c --- */
void tlvs_bridge_gone(struct dp *dp, uint32_t bridge);

/* --- adopt.c --- */
int adopt(struct dp *dp, const struct map_set *old);
void adopt_late_counts(struct dp *dp, const struct map_set *old);

/* --- packet.c --- */
int packet_init(struct dp *dp);
void packet_uninit(struct dp *dp);

#endif
