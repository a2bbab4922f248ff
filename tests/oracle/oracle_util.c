// SPDX-License-Identifier: Apache-2.0
/* What the tests of the oracle share; see oracle_util.h. */
#include "tests/oracle/oracle_util.h"

#include <string.h>

#include "tests/oracle/hex.h"

struct oracle *o;
struct oracle_result r;

int setup(void **state)
{
	(void)state;
	o = oracle_new();
	for (uint32_t port = 1; port <= 5; port++)
		oracle_set_port(o, port, 0, true);
	oracle_set_port(o, PORT_LOCAL, 0, true);
	oracle_set_port(o, 6, ORACLE_PORT_DOWN, true);
	oracle_set_port(o, 7, ORACLE_NO_FWD, true);
	oracle_set_port(o, 8, ORACLE_NO_RECV, true);
	oracle_set_port(o, 9, ORACLE_NO_PACKET_IN, true);
	return 0;
}

int teardown(void **state)
{
	(void)state;
	oracle_free(o);
	return 0;
}

/* Rules; one is made at a time: rule(), then what it has, then add(). */

struct flow_mod fm;

struct flow_mod *rule(uint8_t table_id, uint16_t priority)
{
	memset(&fm, 0, sizeof(fm));
	fm.table_id = table_id;
	fm.priority = priority;
	fm.cookie = table_id * 0x10000u + priority;
	match_init(&fm.match);
	instructions_init(&fm.instructions);
	return &fm;
}

struct action *add_action(struct action_list *list, enum action_type type)
{
	struct action *a = &list->a[list->n++];

	memset(a, 0, sizeof(*a));
	a->type = type;
	return a;
}

struct action_list *apply(void)
{
	fm.instructions.has_apply = true;
	return &fm.instructions.apply;
}

struct action_list *write_set(void)
{
	fm.instructions.has_write = true;
	return &fm.instructions.write;
}

void output(struct action_list *list, uint32_t port)
{
	struct action *a = add_action(list, ACTION_OUTPUT);

	a->output.port = port;
	a->output.max_len = CONTROLLER_MAX_LEN_NO_BUFFER;
}

void set_field(struct action_list *list, enum field_id id, const char *hex)
{
	struct action *a = add_action(list, ACTION_SET_FIELD);

	a->set_field.field = id;
	assert_int_equal(hex_decode(hex, a->set_field.value.b, FIELD_MAX_BYTES),
			 field_table[id].n_bytes);
}

void add(void)
{
	oracle_add(o, &fm);
}

/* Packets. */

void run(uint32_t in_port, const char *hex)
{
	uint8_t frame[ORACLE_FRAME_MAX];
	size_t len = hex_decode(hex, frame, sizeof(frame));

	oracle_run(o, in_port, frame, len, &r);
	assert_false(r.overflow);
}

void expect_output(unsigned int i, uint32_t port, const char *hex)
{
	uint8_t frame[ORACLE_FRAME_MAX];
	size_t len = hex_decode(hex, frame, sizeof(frame));

	assert_true(i < r.n_outputs);
	assert_int_equal(r.outputs[i].kind, ORACLE_TO_PORT);
	assert_int_equal(r.outputs[i].port, port);
	assert_int_equal(r.outputs[i].len, len);
	assert_memory_equal(r.bytes + r.outputs[i].at, frame, len);
}

void expect_packet_in(unsigned int i, enum oracle_reason reason, uint8_t table_id,
			     uint64_t cookie, uint32_t len)
{
	assert_true(i < r.n_outputs);
	assert_int_equal(r.outputs[i].kind, ORACLE_TO_CONTROLLER);
	assert_int_equal(r.outputs[i].reason, reason);
	assert_int_equal(r.outputs[i].table_id, table_id);
	assert_int_equal(r.outputs[i].cookie, cookie);
	assert_int_equal(r.outputs[i].len, len);
}

void expect_only(uint32_t port, const char *hex)
{
	assert_int_equal(r.n_outputs, 1);
	expect_output(0, port, hex);
}

void check_set(enum field_id id, const char *value, const char *before, const char *after)
{
	oracle_clear(o);
	rule(0, 1);
	set_field(apply(), id, value);
	output(apply(), 2);
	add();
	run(1, before);
	expect_only(2, after);
}

static void fill_action(struct action *a, unsigned int arg)
{
	switch (a->type) {
	case ACTION_PUSH_VLAN:
	case ACTION_PUSH_MPLS:
	case ACTION_PUSH_PBB:
	case ACTION_POP_MPLS:
		a->ethertype = (uint16_t)arg;
		break;
	case ACTION_GROUP:
		a->group_id = arg;
		break;
	default:
		a->ttl = (uint8_t)arg;
		break;
	}
}

void action(struct action_list *list, enum action_type type, unsigned int arg)
{
	fill_action(add_action(list, type), arg);
}

void check_action(enum action_type type, unsigned int arg, const char *before, const char *after)
{
	oracle_clear(o);
	rule(0, 1);
	action(apply(), type, arg);
	output(apply(), 2);
	add();
	run(1, before);
	expect_only(2, after);
}
