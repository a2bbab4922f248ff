/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle: what a switch must do with a packet, said as plainly as possible.
 *
 * It is written from the OpenFlow 1.3.5 specification, docs/semantics.md and docs/distributed.md alone, by somebody who did not
 * read bpf/ or datapath/; tests compare it with both builds of the pipeline.  It has no caches, no
 * offsets kept from action to action, no order of rules: each lookup looks at every rule, and each
 * lookup and each action parses the packet from its first byte.
 *
 *   oracle.c   ports, rules, tables, instructions, the action set
 *   actions.c  what one action does to the bytes
 *   parse.c    which fields a frame has
 *   group.c    groups and meters as they are configured
 *   normal.c   VLANs of ports and the table of addresses, for NORMAL
 *   csum.c     checksum arithmetic
 *
 * Rules must be valid (the codec refuses others); the oracle does not check them.
 */
#ifndef SKEP_ORACLE_H
#define SKEP_ORACLE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/flow.h"
#include "model/group.h"
#include "model/tunnel.h"

/* OF1.3.5 §7.2.1, ofp_port_config. */
enum oracle_port_config {
	ORACLE_PORT_DOWN = 1 << 0,
	ORACLE_NO_RECV = 1 << 2,
	ORACLE_NO_FWD = 1 << 5,
	ORACLE_NO_PACKET_IN = 1 << 6,
};

enum {
	ORACLE_FRAME_MAX = 4096,
	ORACLE_OUTPUTS_MAX = 256,
	ORACLE_HITS_MAX = 512,
	ORACLE_COUNTS_MAX = 256,
	ORACLE_CHOICES_MAX = 64,
	ORACLE_BYTES_MAX = ORACLE_OUTPUTS_MAX * 2112,
};

enum oracle_output_kind { ORACLE_TO_PORT, ORACLE_TO_CONTROLLER };

/* Why a packet-in is sent; values as on the wire (OF1.3.5 §7.4.1). */
enum oracle_reason { ORACLE_NO_MATCH = 0, ORACLE_ACTION = 1, ORACLE_INVALID_TTL = 2 };

#define ORACLE_NO_COOKIE UINT64_MAX

/* One copy of the packet that left the pipeline. */
struct oracle_output {
	enum oracle_output_kind kind;
	uint32_t len; /* bytes here: all of the frame, for the controller too: nothing is buffered */
	uint32_t at;  /* where they are in oracle_result.bytes */

	uint32_t port; /* ORACLE_TO_PORT: a real port or PORT_LOCAL */
	bool is_normal; /* NORMAL sent it; its copies have no order.  Only the oracle says so */

	/* ORACLE_TO_CONTROLLER only. */
	enum oracle_reason reason;
	uint16_t max_len;   /* of the action; CONTROLLER_MAX_LEN_NO_BUFFER for ORACLE_INVALID_TTL */
	uint8_t table_id;   /* looked up last */
	uint32_t total_len; /* of the frame */
	uint32_t in_port;
	uint64_t cookie; /* ORACLE_NO_COOKIE from the action set and from a packet-out's list */
	uint64_t metadata;
	struct tunnel_fields tunnel;
};

/* How often a rule was hit; a rule is known by its cookie, which tests make unique. */
struct oracle_hit {
	uint64_t cookie;
	uint64_t n_packets;
	uint64_t n_bytes;
};

/* What a group, a bucket, a meter or a band counted. */
enum oracle_counter { ORACLE_GROUP, ORACLE_METER };
struct oracle_count {
	enum oracle_counter counter;
	uint32_t id;
	int part; /* bucket or band, in the order of the message; -1: of the group or meter */
	uint64_t n_packets;
	uint64_t n_bytes;
};

/* What ended the (outermost) packet's way, for people; backends need not give it. */
enum oracle_end {
	ORACLE_END_RUNT,     /* shorter than an Ethernet header */
	ORACLE_END_PORT,     /* the port does not exist or receives nothing */
	ORACLE_END_FRAGMENT, /* OFPC_FRAG_DROP */
	ORACLE_END_MISS,     /* no rule matched, not even a table-miss rule */
	ORACLE_END_TTL,      /* dec_nw_ttl found nothing to take off */
	ORACLE_END_SET,      /* the action set was executed */
	ORACLE_END_LIST,     /* a packet-out's list was executed */
	ORACLE_END_NORMAL,   /* the bridge is standalone: no tables */
	ORACLE_END_METER,    /* a drop band was exceeded */
	N_ORACLE_ENDS
};

extern const char *const oracle_end_names[N_ORACLE_ENDS];

/* Only the first n_* entries are ever written. */
struct oracle_result {
	enum oracle_end end;
	bool overflow; /* a bound above was reached: the result is useless */
	unsigned int n_outputs;
	struct oracle_output outputs[ORACLE_OUTPUTS_MAX];
	unsigned int n_hits; /* one for each rule hit, in the order of first hits */
	struct oracle_hit hits[ORACLE_HITS_MAX];
	unsigned int n_counts; /* as the hits */
	struct oracle_count counts[ORACLE_COUNTS_MAX];
	uint32_t n_lookups[N_TABLES];
	uint32_t n_matches[N_TABLES];
	uint32_t n_bytes;
	uint8_t bytes[ORACLE_BYTES_MAX];
};

/* Empties 'r'.  oracle_run() and oracle_packet_out() do it themselves. */
void oracle_result_init(struct oracle_result *r);
/* Appends an output with the first 'len' bytes of 'frame' and returns it for the caller to fill the
 * rest, or sets r->overflow and returns NULL. */
struct oracle_output *oracle_result_add(struct oracle_result *r, enum oracle_output_kind kind,
					const uint8_t *frame, size_t len);
/* Adds to the counts of the rule with 'cookie'. */
void oracle_result_hit(struct oracle_result *r, uint64_t cookie, uint64_t n_packets,
		       uint64_t n_bytes);

/* Adds to what a group, bucket, meter or band counted. */
void oracle_result_count(struct oracle_result *r, enum oracle_counter counter, uint32_t id, int part,
			 uint64_t n_packets, uint64_t n_bytes);

struct oracle;

/* A switch without ports and rules; oracle_free() accepts NULL.  Aborts if there is no memory. */
struct oracle *oracle_new(void);
void oracle_free(struct oracle *o);

/* Makes port 'ofport' exist with OFPPC_* bits 'config', or (not 'exists') removes it. */
void oracle_set_port(struct oracle *o, uint32_t ofport, uint32_t config, bool exists);
/* Changes the OFPPC_* bits of one that is there, and nothing else. */
void oracle_set_port_config(struct oracle *o, uint32_t ofport, uint32_t config);
/* OFPC_FRAG_DROP, or (the default) OFPC_FRAG_NORMAL. */
void oracle_set_frag_drop(struct oracle *o, bool frag_drop);

/* --- NORMAL ---------------------------------------------------------------------------------------- */

/* Open vSwitch's column vlan_mode. */
enum oracle_vlan_mode {
	ORACLE_VLAN_TRUNK, /* of all VLANs: what a port is at first */
	ORACLE_VLAN_ACCESS,
	ORACLE_VLAN_NATIVE_TAGGED,
	ORACLE_VLAN_NATIVE_UNTAGGED,
};

struct oracle_port_vlan {
	enum oracle_vlan_mode mode;
	uint16_t tag;        /* of all modes but TRUNK */
	bool has_trunks;     /* else all VLANs */
	uint64_t trunks[64]; /* bit VID % 64 of word VID / 64; not of ACCESS */
	bool is_isolated;    /* nothing goes from such a port to another */
};
/* How port 'ofport', which exists, takes part in NORMAL. */
void oracle_set_vlan(struct oracle *o, uint32_t ofport, const struct oracle_port_vlan *vlan);

struct oracle_fdb_entry {
	uint8_t mac[6];
	uint16_t vlan;
	uint32_t ofport;
	bool is_static; /* traffic does not change it */
};
void oracle_fdb_set(struct oracle *o, const struct oracle_fdb_entry *entry);
/* Forgets an address, static or not; true if it was known. */
bool oracle_fdb_del(struct oracle *o, uint16_t vlan, const uint8_t mac[6]);
/* Forgets what was learned on port 'ofport', or on all: PORT_ANY.  Static entries stay. */
void oracle_fdb_flush(struct oracle *o, uint32_t ofport);
/* Writes up to 'size' entries, in no order; returns how many there are. */
unsigned int oracle_fdb_dump(const struct oracle *o, struct oracle_fdb_entry *ret,
			     unsigned int size);

/* All received packets take NORMAL and no tables. */
void oracle_set_standalone(struct oracle *o, bool is_standalone);
/* Reserved addresses, 01-80-C2-00-00-0X, are forwarded. */
void oracle_set_forward_bpdu(struct oracle *o, bool forward_bpdu);

/* --- Groups and meters ----------------------------------------------------------------------------------- */

/* Copies what it needs.  Deleting deletes the rules that name it, too. */
void oracle_group_mod(struct oracle *o, const struct group_mod *gm);
/* Rates are to be 1 to 3 packets per second with a burst, or so high that nothing exceeds them: time is not modelled. */
void oracle_meter_mod(struct oracle *o, const struct meter_mod *mm);

bool oracle_has_group(const struct oracle *o, uint32_t group_id);
bool oracle_has_meter(const struct oracle *o, uint32_t meter_id);

/*
 * Which live bucket a select group takes is nobody's business, as long as it is the same one for the same flow.  So a result is one of several: the first
 * oracle_run() or oracle_packet_out() says one; as long as that is not what the switch under test did, and oracle_choose_again() says
 * true, the call is repeated and says another.  oracle_chosen() ends this for each packet; if the last result was it, later packets of these flows
 * have the same choices.  Changing groups or ports forgets them all.
 */
bool oracle_choose_again(struct oracle *o);
/* The next result is the first one again. */
void oracle_choose_anew(struct oracle *o);
/* How many choices the last result took. */
unsigned int oracle_n_choices(const struct oracle *o);
void oracle_chosen(struct oracle *o, bool is_known);

/* --- Rules and packets -------------------------------------------------------------------------------- */

/* OFPFC_ADD: a rule of the same table, priority and match is replaced.  Copies 'fm'. */
void oracle_add(struct oracle *o, const struct flow_mod *fm);
/* Deletes the rule with the table, priority and match of 'fm'; true if there was one. */
bool oracle_del_strict(struct oracle *o, const struct flow_mod *fm);
/* Deletes all rules. */
void oracle_clear(struct oracle *o);
unsigned int oracle_n_rules(const struct oracle *o);

/* A frame that 'in_port' receives.  NORMAL may learn from it, which changes 'o'. */
void oracle_run(struct oracle *o, uint32_t in_port, const uint8_t *frame, size_t len,
		struct oracle_result *r);
/* A packet-out: 'list' is applied to the frame; NORMAL learns from it too. */
void oracle_packet_out(struct oracle *o, uint32_t in_port, const struct action_list *list,
		       const uint8_t *frame, size_t len, struct oracle_result *r);

#endif
