/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the oracle's switch share: oracle.c (what it is told), run.c (what it does with a packet). */
#ifndef SKEP_TESTS_ORACLE_PRIVATE_H
#define SKEP_TESTS_ORACLE_PRIVATE_H 1

#include "tests/oracle/actions.h"
#include "tests/oracle/group.h"
#include "tests/oracle/normal.h"
#include "tests/oracle/oracle.h"
#include "tests/oracle/parse.h"

enum { PORTS_MAX = 64 };

struct port {
	uint32_t ofport;
	uint32_t config;
	struct oracle_port_vlan vlan;
};

/* A select group took one of its buckets. */
struct choice {
	uint32_t group_id;
	uint64_t flow;
	unsigned int bucket;
	unsigned int pick, n_options; /* of the live ones */
};

struct oracle {
	bool frag_drop, is_standalone, forward_bpdu;
	struct oracle_fdb fdb;
	struct oracle_groups groups;
	struct oracle_meters meters;
	/* Of the packet that is run: to be made in this order, and how many were. */
	unsigned int n_choices, n_made;
	struct choice choices[ORACLE_CHOICES_MAX];
	unsigned int n_remembered, remembered_size;
	struct choice *remembered;
	/* As they were before the last packet. */
	struct oracle_fdb fdb_before;
	struct oracle_meters meters_before;
	unsigned int n_ports;
	struct port ports[PORTS_MAX]; /* ascending, so that PORT_LOCAL is last */
	unsigned int n_rules, rules_size;
	struct flow_mod **rules; /* in the order in which they were added */
};

/* Returns 'p', which is not NULL. */
void *oracle_check_memory(void *p);
/* The port of that number, or NULL. */
const struct port *oracle_find_port(const struct oracle *o, uint32_t ofport);
/* Notes how things are before a packet. */
void oracle_save(struct oracle *o);
/* The live bucket of a select group that this packet takes; NULL if there is none. */
const struct bucket *oracle_choose(struct oracle *o, const struct group_mod *gm,
				   const struct oracle_packet *pkt, struct oracle_result *r);

#endif
