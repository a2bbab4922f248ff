/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions and instructions (OF1.3.5 §5.9, §5.12, §7.2.4, §7.2.5), and the reserved port numbers.
 *
 * Lists have a fixed bound, so that a decoder needs no allocation: a longer list is refused by the codec with
 * OFPBAC_TOO_MANY.  Like a match, a list is large and only its first 'n' entries are ever initialised.
 */
#ifndef SKEP_MODEL_ACTION_H
#define SKEP_MODEL_ACTION_H 1

#include <stdbool.h>
#include <stdint.h>

#include "model/field.h"

/* Port numbers are 32 bits, host byte order here.  Real ports are 1 to PORT_MAX. */
enum {
	PORT_NO_MAX = 0xfeff, /* what we give out; as Open vSwitch, so that OpenFlow 1.0 can name them all */
	PORT_IN_PORT = 0xfffffff8u,
	PORT_TABLE = 0xfffffff9u,
	PORT_NORMAL = 0xfffffffau,
	PORT_FLOOD = 0xfffffffbu,
	PORT_ALL = 0xfffffffcu,
	PORT_CONTROLLER = 0xfffffffdu,
	PORT_LOCAL = 0xfffffffeu,
	PORT_ANY = 0xffffffffu,
};

enum { GROUP_ANY = 0xffffffffu };
enum { CONTROLLER_MAX_LEN_NO_BUFFER = 0xffff };

enum action_type {
	ACTION_OUTPUT,
	ACTION_SET_FIELD,
	ACTION_PUSH_VLAN,
	ACTION_POP_VLAN,
	ACTION_SET_NW_TTL,
	ACTION_DEC_NW_TTL,
	ACTION_COPY_TTL_OUT,
	ACTION_COPY_TTL_IN,
	ACTION_SET_MPLS_TTL,
	ACTION_DEC_MPLS_TTL,
	ACTION_PUSH_MPLS,
	ACTION_POP_MPLS,
	ACTION_PUSH_PBB,
	ACTION_POP_PBB,
	ACTION_SET_QUEUE,
	ACTION_GROUP,
	N_ACTION_TYPES
};

struct action {
	enum action_type type;
	union {
		struct {
			uint32_t port;
			uint16_t max_len; /* bytes to send, for PORT_CONTROLLER */
		} output;
		struct {
			enum field_id field;
			struct field_value value;
		} set_field;
		uint16_t ethertype; /* PUSH_*: of the tag, POP_MPLS: of what is beneath; host byte order */
		uint8_t ttl;        /* SET_NW_TTL, SET_MPLS_TTL */
		uint32_t queue_id;
		uint32_t group_id;
	};
};

#define ACTIONS_MAX 256

struct action_list {
	unsigned int n;
	struct action a[ACTIONS_MAX];
};

#define TABLE_NONE 0xff /* no goto; also OFPTT_ALL in requests */
#define TABLE_MAX  0xfd /* tables are 0 to 0xfd: 254 of them */
#define N_TABLES   254

/* In the order in which they are executed (§5.9): meter, apply, clear, write, metadata, goto. */
struct instructions {
	bool has_meter;
	bool has_apply;
	bool has_clear;
	bool has_write;
	bool has_metadata;
	uint8_t goto_table; /* or TABLE_NONE */
	uint32_t meter_id;
	uint64_t metadata;
	uint64_t metadata_mask;
	struct action_list apply;
	struct action_list write;
};

static inline void instructions_init(struct instructions *in)
{
	in->has_meter = in->has_apply = in->has_clear = in->has_write = in->has_metadata = false;
	in->meter_id = 0;
	in->goto_table = TABLE_NONE;
	in->metadata = in->metadata_mask = 0;
	in->apply.n = in->write.n = 0;
}

bool action_equal(const struct action *a, const struct action *b);
bool action_lists_equal(const struct action_list *a, const struct action_list *b);
/* True if some output action of 'in' (apply or write) names 'port': the filter of §6.4. */
bool instructions_output_to(const struct instructions *in, uint32_t port);
/* The same for groups. */
bool instructions_lead_to_group(const struct instructions *in, uint32_t group_id);

#endif
