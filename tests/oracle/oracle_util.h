/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the oracle share: one switch with ports 1 to 9, a rule in the making, and the result of the last packet. */
#ifndef SKEP_TEST_ORACLE_UTIL_H
#define SKEP_TEST_ORACLE_UTIL_H 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/oracle/oracle.h"

extern struct oracle *o;
extern struct oracle_result r;
extern struct flow_mod fm;

#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)

/* Before and after each test: the switch.  Port 6 is down, 7 may not send, 8 not receive, 9 sends no packet-ins. */
int setup(void **state);
int teardown(void **state);

/* Rules; one is made at a time: rule(), then what it has, then add(). */
struct flow_mod *rule(uint8_t table_id, uint16_t priority);
struct action *add_action(struct action_list *list, enum action_type type);
struct action_list *apply(void);
struct action_list *write_set(void);
void output(struct action_list *list, uint32_t port);
void set_field(struct action_list *list, enum field_id id, const char *hex);
/* Any other action with its one argument. */
void action(struct action_list *list, enum action_type type, unsigned int arg);
void add(void);

/* Frames are hexadecimal. */
void run(uint32_t in_port, const char *hex);
void expect_output(unsigned int i, uint32_t port, const char *hex);
void expect_only(uint32_t port, const char *hex);
void expect_packet_in(unsigned int i, enum oracle_reason reason, uint8_t table_id, uint64_t cookie,
		      uint32_t len);

/* A new switch whose one rule sets a field, or has another action with its argument, and outputs to port 2 makes 'after' of 'before'. */
void check_set(enum field_id id, const char *value, const char *before, const char *after);
void check_action(enum action_type type, unsigned int arg, const char *before, const char *after);

/* oracle_tags.c: labels, I-TAGs and copied TTLs.  oracle_groups.c: groups and meters. */
int run_tags_tests(void);
int run_groups_tests(void);
/* oracle_normal.c: the tests of NORMAL.  Returns how many fail. */
int run_normal_tests(void);

#endif
