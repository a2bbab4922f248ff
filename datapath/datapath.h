/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The datapath as the daemon sees it: bridges, ports and flow tables that live in the kernel.
 *
 * A struct dp is a set of pinned BPF maps, the program that reads them, and its attachment to each port.  It outlives the
 * process: dp_close() lets go of it and it forwards on; dp_open() adopts what it finds pinned; dp_teardown() ends it.
 *
 * Adoption is one path with upgrade: dp_open() builds a new set of maps, takes bridges, ports, flows and counters over from the old one, and
 * then swaps the program on each live link.  At no moment is a port without a program.  Growing a full map is the same swap with the contents
 * copied as they are.
 *
 * Changes to flows are staged: dp_flow_mod() writes what packets cannot see yet, dp_commit() puts all staged changes in force with one
 * store.  When it returns, each packet that enters the datapath is treated by them; there is nothing to wait for.  Several flow-mods may share a
 * commit.  Statistics show staged changes at once.
 *
 * What was removed is reclaimed after RCU grace periods, which a thread of the datapath waits for: the only thread besides the caller's.  All functions
 * here are for one thread (the event loop's).  The caller watches dp_fd() and calls dp_run() when it is readable, and dp_expire() twice a second.
 *
 * Functions return 0 or a negative errno unless said otherwise; -ENOSPC means that a table or map cannot grow further.
 * No OpenFlow bytes here: ofchan/ translates.
 */
#ifndef SKEP_DATAPATH_DATAPATH_H
#define SKEP_DATAPATH_DATAPATH_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/flow.h"
#include "model/group.h"
#include "model/tlv.h"
#include "model/tunnel.h"

struct dp;

enum dp_attach {
	DP_ATTACH_AUTO,
	DP_ATTACH_TCX,
	DP_ATTACH_CLSACT,
	DP_ATTACH_NONE, /* no kernel at all: maps in memory, nothing pinned, packets only by dp_inject() and dp_packet_out() */
};

#define DP_BRIDGES_MAX    128
#define DP_NAME_MAX       16 /* with the NUL */
#define DP_FRAME_MAX      65535

/* A position in a dump; starts as {0}.  What comes or goes between calls is seen or not; nothing is seen twice. */
struct dp_cursor {
	uint32_t next;
};

struct dp_packet_in {
	uint32_t bridge;
	uint32_t in_port;   /* OpenFlow number */
	uint8_t reason;     /* OFPR_* */
	uint8_t table_id;
	uint16_t max_len;   /* of the output action */
	uint64_t cookie;
	uint64_t metadata;
	struct tunnel_fields tunnel;
	uint32_t total_len; /* of the frame */
	uint32_t len;       /* of 'frame' */
	const uint8_t *frame;
};

/* Called from dp_run(), dp_expire(), dp_flow_mod(), dp_meter_mod() and dp_packet_out().  They must not call back into the datapath, except
 * for statistics.  'pin' and 'desc' are valid during the call. */
struct dp_callbacks {
	void (*packet_in)(void *aux, const struct dp_packet_in *pin);
	/* Only for flows with FLOW_SEND_FLOW_REM. */
	void (*flow_removed)(void *aux, uint32_t bridge, const struct flow_desc *desc,
			     enum flow_removed_reason reason);
	/* If set, what packet-outs and dp_inject() output comes here instead of going to the interface. */
	void (*output)(void *aux, uint32_t ofport, const uint8_t *frame, size_t len);
	void *aux;
};

enum dp_cache {
	DP_CACHE_AUTO, /* for bridges with several masks */
	DP_CACHE_OFF,
	DP_CACHE_ALWAYS, /* for tests */
};

struct dp_config {
	const char *pin_dir;    /* on a bpffs, created if missing; its parent must be on a mounted bpffs */
	enum dp_attach attach;
	bool clone_last;        /* send the last copy by bpf_clone_redirect too: slower, for comparison and tests */
	uint32_t n_rules;       /* capacity at first; 0: the default, 131,072 */
	uint32_t max_rules;     /* where growth ends; 0: the default, 4,000,000 */
	enum dp_cache flow_cache;
	uint32_t prune_masks;   /* a table with as many masks has tuple pruning; 0: the default, 6 */
	struct dp_callbacks callbacks;
};

/* Opens the datapath pinned in config->pin_dir, or makes one.  '*ret_adopted' says which.  On error writes what went wrong into
 * 'err' (which capability is missing, what the verifier said, which file) and leaves an old datapath in charge. */
int dp_open(const struct dp_config *config, struct dp **ret, bool *ret_adopted, char *err,
	    size_t err_size);
/* Commits, and lets go; the datapath forwards on. */
void dp_close(struct dp *dp);
/* Ends the datapath pinned in 'pin_dir': detaches the programs, removes all pins.  -EBUSY if a process has it open. */
int dp_teardown(const char *pin_dir, char *err, size_t err_size);

/* A descriptor to poll for reading; dp_run() takes what came: packet-ins, finished grace periods.  At most 'budget' packet-ins a call. */
int dp_fd(const struct dp *dp);
void dp_run(struct dp *dp, unsigned int budget);

/* --- Bridges.  'bridge' is a number below DP_BRIDGES_MAX, kept over restarts. --- */
int dp_bridge_add(struct dp *dp, const char *name, uint32_t *ret_bridge); /* -EEXIST sets *ret_bridge too */
int dp_bridge_find(const struct dp *dp, const char *name, uint32_t *ret_bridge); /* -ENOENT */
/* Detaches its ports and deletes its flows, without flow_removed. */
void dp_bridge_del(struct dp *dp, uint32_t bridge);
const char *dp_bridge_name(const struct dp *dp, uint32_t bridge); /* NULL if there is none */
void dp_bridge_set_frag_drop(struct dp *dp, uint32_t bridge, bool drop);
/* Packet-ins per second that the kernel lets through for the bridge, and how many at once; 0: no limit. */
void dp_bridge_set_pktin_limit(struct dp *dp, uint32_t bridge, uint32_t rate, uint32_t burst);
/* All packets take the action NORMAL and no flows, while 'is_standalone'.  -ENOMEM or -ENOSPC: there is no room to learn in. */
int dp_bridge_set_standalone(struct dp *dp, uint32_t bridge, bool is_standalone);
/* How long NORMAL remembers an address that it does not hear of, in seconds; 0: it learns nothing.  300 at first. */
void dp_bridge_set_ageing(struct dp *dp, uint32_t bridge, uint32_t seconds);
/* Whether packets are looked for in the flow cache before the tables. */
bool dp_bridge_has_cache(const struct dp *dp, uint32_t bridge);
/* Whether NORMAL forwards the reserved addresses 01-80-C2-00-00-0X.  Not at first. */
void dp_bridge_set_forward_bpdu(struct dp *dp, uint32_t bridge, bool forward);

/* --- Ports --- */
enum dp_port_kind {
	DP_PORT_PLAIN, /* an interface; also LOCAL */
	DP_PORT_TUNNEL,
	DP_PORT_PATCH,
	DP_PORT_SOCKET,
};

struct dp_port {
	uint32_t ofport;
	uint32_t ifindex; /* of the device that it shares with others; DP_PORT_PATCH: 0 */
	uint32_t config; /* OFPPC_* bits: PORT_DOWN 1, NO_RECV 4, NO_FWD 32, NO_PACKET_IN 64 */
	enum dp_port_kind kind;
	uint32_t mark;   /* DP_PORT_SOCKET: see dp_port_add_socket() */
};
/* Attaches the program to the interface and makes it port 'ofport' (1 to PORT_NO_MAX, or PORT_LOCAL).  A port that has this number and
 * interface already is left as it is.  -EBUSY: the number or the interface is taken (by another bridge, too). */
int dp_port_add(struct dp *dp, uint32_t bridge, uint32_t ofport, uint32_t ifindex, char *err,
		size_t err_size);
int dp_port_del(struct dp *dp, uint32_t bridge, uint32_t ofport);
int dp_port_set_config(struct dp *dp, uint32_t bridge, uint32_t ofport, uint32_t config);
/* The interface is a veth whose other end, with address 'mac', is in another network namespace and up: packets to that address may go there without
 * passing the interface (bpf_redirect_peer).  NULL: they may not; so it is at first, and when dp_close() has been called.  While they may, and
 * the other end comes into this namespace, such packets are lost. */
int dp_port_set_peer(struct dp *dp, uint32_t bridge, uint32_t ofport, const uint8_t *mac);
/* What the programs count: of an interface, packets that went to its other end without passing it, which go on top of the device's own counters;
 * of other kinds of ports, all.  False if there is no such port. */
struct dp_port_stats {
	uint64_t rx_packets, rx_bytes;
	uint64_t tx_packets, tx_bytes;
};
bool dp_port_stats(const struct dp *dp, uint32_t bridge, uint32_t ofport,
		   struct dp_port_stats *ret);
/* The first existing port with a number >= 'ofport'.  False at the end. */
bool dp_port_next(const struct dp *dp, uint32_t bridge, uint32_t ofport, struct dp_port *ret);

/* --- Ports that are not an interface of their own (bpf/abi.h, enum skep_port_kind) --- */

/* Devices of skepd that such ports share; they belong to no bridge. */
enum dp_device {
	DP_DEVICE_TUNNEL, /* a collect-metadata VXLAN, Geneve or GRE device: the program goes to its ingress */
	DP_DEVICE_IO,     /* a dummy: the program goes to its egress; there can be one */
};
/* Attaches the program, if it is not there already. */
int dp_device_add(struct dp *dp, enum dp_device kind, uint32_t ifindex, char *err, size_t err_size);
/* Detaches it, and deletes the ports that use it. */
void dp_device_del(struct dp *dp, uint32_t ifindex);
/* The first device with an ifindex >= 'ifindex', to compare with what should be.  False at the end. */
bool dp_device_next(const struct dp *dp, uint32_t ifindex, enum dp_device *ret_kind,
		    uint32_t *ret_ifindex);

/* A tunnel port.  Addresses: IPv4 in the first 4 bytes. */
struct dp_tunnel {
	bool is_ipv6;
	bool is_remote_flow; /* any remote; sends to the packet's tun_dst or tun_ipv6_dst */
	bool is_local_flow;  /* any local address; sends from tun_src or tun_ipv6_src */
	bool is_local_any;   /* any local address; the kernel chooses */
	bool is_key_flow;    /* any key is received */
	bool is_out_key_flow; /* sends with the packet's tun_id */
	bool has_key;        /* sends with a key: GRE may be without; then 'out_key' is 0, and -EOPNOTSUPP if the kernel can't (before 6.3) */
	bool has_csum;       /* sends with an outer checksum */
	bool is_df;          /* sends with don't-fragment */
	bool has_options;    /* Geneve: sends the options that actions have set */
	bool is_tos_inherit, is_ttl_inherit; /* of the inner packet's */
	uint8_t tos, ttl;    /* ttl 0: 64.  An action that sets tun_tos, tun_ttl or tun_flags goes before */
	uint64_t key, out_key; /* of packets received and sent */
	uint8_t remote[16], local[16];
};
/* Adds, or changes, tunnel port 'ofport' that uses the device 'ifindex', which dp_device_add() knows.  -EEXIST: another port has the same
 * device, remote, local and key; -EBUSY: the number is taken by another kind of port. */
int dp_port_add_tunnel(struct dp *dp, uint32_t bridge, uint32_t ofport, uint32_t ifindex,
		       const struct dp_tunnel *tunnel, char *err, size_t err_size);
/* Adds a patch port, not joined to any yet.  One that is there is left as it is.  Copies of packets (what else goes to other ports, too) come
 * by the interface of the bridge's PORT_LOCAL, which must be there and up for them. */
int dp_port_add_patch(struct dp *dp, uint32_t bridge, uint32_t ofport, char *err, size_t err_size);
/* Joins two patch ports of different bridges, after parting them from what they were joined to. */
int dp_patch_join(struct dp *dp, uint32_t bridge_a, uint32_t ofport_a, uint32_t bridge_b,
		  uint32_t ofport_b);
/* Parts a patch port from its other end. */
void dp_patch_part(struct dp *dp, uint32_t bridge, uint32_t ofport);
/* Adds a socket port.  dp_port_next() tells its mark: packets go out of the I/O device with skb->mark = SKEP_MARK_SOCKET | mark, and those sent there
 * with SO_MARK SKEP_MARK_FROM | mark are received by the port. */
int dp_port_add_socket(struct dp *dp, uint32_t bridge, uint32_t ofport, char *err, size_t err_size);

/* --- Geneve options: which of them the fields tun_metadata0 to 7 are --- */
enum dp_tlv_error {
	DP_TLV_OK,
	DP_TLV_BAD_INDEX, /* there is no such field */
	DP_TLV_BAD_LEN,	  /* not 4 or 8 bytes */
	DP_TLV_MAPPED,	  /* add: the field is another option */
	DP_TLV_DUPLICATE, /* add: the option is another field */
	DP_TLV_IN_USE,	  /* delete, clear: a flow or group names the field */
};
void dp_tlv_table(const struct dp *dp, uint32_t bridge, struct tlv_table *ret);
/* Changes the table, or nothing at all.  Rules may name a field that is no option: no packet has it, and none is sent with it. */
enum dp_tlv_error dp_tlv_mod(struct dp *dp, uint32_t bridge, const struct tlv_mod *mod);

/* --- NORMAL: VLANs of ports, and what was learned --- */
enum dp_vlan_mode { /* as Open vSwitch's column vlan_mode */
	DP_VLAN_TRUNK,  /* at first, with all VLANs; packets without a tag are of VLAN 0 */
	DP_VLAN_ACCESS,
	DP_VLAN_NATIVE_TAGGED,
	DP_VLAN_NATIVE_UNTAGGED,
};
struct dp_port_vlan {
	enum dp_vlan_mode mode;
	uint16_t pvid;       /* of all modes but TRUNK; 1 to 4095 (ACCESS: 0 too) */
	bool has_trunks;     /* else all VLANs */
	uint64_t trunks[64]; /* bit VID % 64 of word VID / 64.  A native VLAN is carried whatever this says */
};
/* -ENOSPC: no room for the set of VLANs. */
int dp_port_set_vlan(struct dp *dp, uint32_t bridge, uint32_t ofport,
		     const struct dp_port_vlan *vlan);
/* NORMAL forwards nothing from an isolated port to another of the bridge.  Tunnel ports are isolated at first. */
int dp_port_set_isolated(struct dp *dp, uint32_t bridge, uint32_t ofport, bool is_isolated);

struct dp_fdb_entry {
	uint8_t mac[6];
	uint16_t vlan;
	bool is_static;
	uint32_t ofport;
	uint32_t age; /* seconds since it was last seen */
};
/* The next entry that has not aged out.  False at the end. */
bool dp_fdb_next(const struct dp *dp, uint32_t bridge, struct dp_cursor *cursor,
		 struct dp_fdb_entry *ret);
/* Adds or changes a static entry.  'ofport' need not exist yet.  -ENOSPC: too many static entries share a bucket; -EINVAL: a multicast address. */
int dp_fdb_set(struct dp *dp, uint32_t bridge, uint16_t vlan, const uint8_t mac[6], uint32_t ofport);
/* Deletes an entry, static or not.  -ENOENT. */
int dp_fdb_del(struct dp *dp, uint32_t bridge, uint16_t vlan, const uint8_t mac[6]);
/* Forgets what was learned (static entries stay) on port 'ofport', or on all: PORT_ANY. */
void dp_fdb_flush(struct dp *dp, uint32_t bridge, uint32_t ofport);

/* "tcx" or "clsact". */
const char *dp_attach_name(const struct dp *dp);

/* --- Flows --- */
/* Stages 'fm' (add, modify, delete; strict and not; OF1.3.5 §6.4), which must be well-formed as the codecs check it: prerequisites, known fields.
 * -EEXIST: FLOW_CHECK_OVERLAP found one; -ENOSPC: table full; -E2BIG: too many actions; -ESRCH: an action names a group that is not there; -ENXIO:
 * the meter is not there.  Nothing changed then. */
int dp_flow_mod(struct dp *dp, uint32_t bridge, const struct flow_mod *fm);
/* Puts everything staged in force. */
void dp_commit(struct dp *dp);

/* The next flow that 'filter' (NULL: all) means.  False at the end. */
bool dp_flow_next(const struct dp *dp, uint32_t bridge, const struct flow_filter *filter,
		  struct dp_cursor *cursor, struct flow_desc *ret);
void dp_flow_aggregate(const struct dp *dp, uint32_t bridge, const struct flow_filter *filter,
		       uint64_t *ret_packets, uint64_t *ret_bytes, uint32_t *ret_flows);
/* Looks at the programs of the next 'n_ports' ports, and puts back those that somebody took off.  To be called now and then. */
void dp_guard(struct dp *dp, unsigned int n_ports);
/* Removes flows whose idle or hard timeout has passed, with flow_removed, and commits. */
void dp_expire(struct dp *dp);

/* --- Groups (OF1.3.5 §6.5) --- */
/* Adds, modifies or deletes a group, at once for every packet; what is staged is committed before.  Deleting deletes the flows that name
 * the group too (with flow_removed), and takes it out of nothing else.  '*ret_error' is set with a negative result. */
enum dp_group_error {
	DP_GROUP_OK,
	DP_GROUP_EXISTS,          /* add: there is one with this number */
	DP_GROUP_UNKNOWN,         /* modify: there is none; an action or watch_group names one that is not there */
	DP_GROUP_LOOP,            /* it would lead to itself */
	DP_GROUP_CHAINED,         /* delete: another group leads to it; or a chain of more than SKEP_GROUP_DEPTH */
	DP_GROUP_OUT_OF_GROUPS,
	DP_GROUP_OUT_OF_BUCKETS,
};
int dp_group_mod(struct dp *dp, uint32_t bridge, const struct group_mod *gm,
		 enum dp_group_error *ret_error);
/* The first group with a number >= 'group_id'.  False at the end. */
bool dp_group_next(const struct dp *dp, uint32_t bridge, uint32_t group_id, struct group_desc *ret);
/* How many groups of a type there can be, of the whole datapath. */
#define DP_GROUPS_MAX 65536
/* What skepd hears of a port's link: fast failover and select groups use it where the program cannot read it itself. */
void dp_port_set_live(struct dp *dp, uint32_t bridge, uint32_t ofport, bool is_live);

/* --- Meters (OF1.3.5 §6.7) --- */
/* -EEXIST: add of one that is there; -ENOENT: modify of one that is not; -ENOSPC: no more meters.  Deleting one that is not there does nothing;
 * deleting deletes the flows that name it (with flow_removed). */
#define DP_METERS_MAX 65536
int dp_meter_mod(struct dp *dp, uint32_t bridge, const struct meter_mod *mm);
/* The first meter with a number >= 'meter_id'.  False at the end. */
bool dp_meter_next(const struct dp *dp, uint32_t bridge, uint32_t meter_id, struct meter_desc *ret);

struct dp_table_stats {
	uint32_t n_flows;
	uint64_t lookups;
	uint64_t matches;
};
void dp_table_stats(const struct dp *dp, uint32_t bridge, uint8_t table,
		    struct dp_table_stats *ret);

/* --- Packets from the control side --- */
/* Executes 'actions' on 'frame' (Ethernet header first, no FCS; up to DP_FRAME_MAX bytes) as if it came in at 'in_port' (PORT_CONTROLLER and
 * PORT_LOCAL too).  Commits first, so that PORT_TABLE sees what was staged. */
int dp_packet_out(struct dp *dp, uint32_t bridge, uint32_t in_port,
		  const struct action_list *actions, const uint8_t *frame, size_t len);
/* Executes the tables on 'frame' in this process, as if it had arrived at port 'in_port'.  Counts in the same counters. */
int dp_inject(struct dp *dp, uint32_t bridge, uint32_t in_port, const uint8_t *frame, size_t len);

/* --- For `show` --- */
struct dp_info {
	uint64_t version;
	uint32_t n_flows;       /* of all bridges */
	uint32_t rules_capacity;
	uint64_t memory;        /* bytes of all maps */
	unsigned int n_grown;   /* how often maps were swapped for larger ones */
	unsigned int n_growth_failed; /* how often that was tried in vain */
	uint32_t n_verified;    /* instructions that the kernel's verifier went through; it allows a million */
	unsigned int n_repaired; /* how often dp_guard() put a program back */
	unsigned int n_shadowed; /* ports where another program runs before ours */
};
void dp_info(const struct dp *dp, struct dp_info *ret);
/* Drop counter number 'i' and its name; NULL after the last. */
const char *dp_drop(const struct dp *dp, unsigned int i, uint64_t *ret_packets);

#endif
