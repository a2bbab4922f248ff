/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random frames and rules for tests, the same for the same seed on every machine.
 *
 * Addresses, ports and the like come from small pools, and matches are derived from the frames that
 * will be sent, so that rules are hit often, and missed narrowly.
 *
 *   gen.c         numbers, pools
 *   gen_frame.c   frames
 *   gen_normal.c  what NORMAL looks at
 *   gen_rules.c   matches, actions, rule sets, groups, meters
 */
#ifndef SKEP_ORACLE_GEN_H
#define SKEP_ORACLE_GEN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/flow.h"
#include "tests/oracle/oracle.h"

enum { GEN_FRAME_MAX = 2048 };

struct gen {
	uint64_t state;
	unsigned int normal; /* of 100 output actions so many are to NORMAL */
	/* Groups and meters 1 to so many are there for rules (and groups of higher numbers) to name. */
	unsigned int n_groups, n_meters;
};

struct gen_frame {
	size_t len; /* 14 to GEN_FRAME_MAX */
	uint8_t b[GEN_FRAME_MAX + 512]; /* of these GEN_FRAME_MAX are used; headers behind the end of what fits are lost in the rest */
};

/* The tables that a rule set uses, ascending, the first is 0; some may stay empty. */
struct gen_tables {
	unsigned int n;
	uint8_t id[8];
};

void gen_init(struct gen *g, uint64_t seed);
uint64_t gen_u64(struct gen *g);
/* A number from 0 to n - 1; n is not 0. */
uint32_t gen_below(struct gen *g, uint32_t n);
/* True in 'percent' of 100 calls. */
bool gen_chance(struct gen *g, unsigned int percent);
void gen_bytes(struct gen *g, uint8_t *p, size_t n);

/* A value for field 'id', mostly from its pool; without bits beyond its width. */
struct field_value gen_value(struct gen *g, enum field_id id);
/* One of the in_ports of the tests: 1 to 9 or LOCAL. */
uint32_t gen_in_port(struct gen *g);

void gen_frame(struct gen *g, struct gen_frame *frame);
/* Gives the frame one of a few addresses each for source and destination, and if it has a tag mostly one of a few VLANs: what bridges
 * learn is met again. */
void gen_bridged_frame(struct gen *g, struct gen_frame *frame);

/* For NORMAL, of the same few: a port's VLANs, and an entry of the table of addresses. */
void gen_port_vlan(struct gen *g, struct oracle_port_vlan *vlan);
void gen_fdb_entry(struct gen *g, struct oracle_fdb_entry *entry);

void gen_tables(struct gen *g, struct gen_tables *tables);
/* Makes up to 'max' rules for frames of the pool and returns how many.  They are valid by the
 * specification; within one table no two of equal priority overlap; cookies are unique.  'rules'
 * may hold rules already
 * ('n_before' of them): the new ones, behind them, do not conflict with those either. */
unsigned int gen_rules(struct gen *g, const struct gen_tables *tables, const struct gen_frame *pool,
		       unsigned int n_pool, struct flow_mod *rules, unsigned int n_before,
		       unsigned int max);
/* Makes a rule that replaces 'old': its table, priority and match with other instructions and
 * cookie. */
void gen_replacement(struct gen *g, const struct gen_tables *tables, const struct flow_mod *old,
		     struct flow_mod *rule);
/* The list of a packet-out: any action that needs no prerequisite, and TABLE. */
void gen_packet_out(struct gen *g, struct action_list *list);

/* Those that set-field may name. */
static inline bool gen_sets_field(unsigned int id)
{
	return field_is_known(id) && field_table[id].is_settable;
}
/* The actions but GROUP, for which there must be groups. */
#define GEN_ACTIONS ((1u << ACTION_GROUP) - 1)

enum { GEN_BUCKETS_MAX = 5, GEN_BUCKET_ACTIONS_MAX = 7 };

/* A group that owns what it points to. */
struct gen_group {
	struct group_mod gm;
	struct bucket buckets[GEN_BUCKETS_MAX];
	struct action actions[GEN_BUCKETS_MAX][GEN_BUCKET_ACTIONS_MAX];
};
/* Makes a group, to add, that leads only to groups of lower numbers.  Not to be copied. */
void gen_group(struct gen *g, uint32_t group_id, struct gen_group *group);
void gen_meter(struct gen *g, uint32_t meter_id, struct meter_mod *meter);

/* True if some packet could match both. */
bool gen_matches_overlap(const struct match *a, const struct match *b);

#endif
