/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of NORMAL share: a bridge with ports 1 to 9 and the flow `actions=NORMAL`, on whichever build (harness.h). */
#ifndef SKEP_TEST_NORMAL_UTIL_H
#define SKEP_TEST_NORMAL_UTIL_H 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/datapath/harness.h"

enum { N_PORTS = 9 };

extern const uint8_t mac_a[6], mac_b[6], mac_c[6], broadcast[6];

#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)

/* Before and after each test. */
int setup(void **state);
int teardown(void **state);
/* A flow for all packets that outputs to 'ports'. */
void add_flow(uint8_t table, const uint32_t *ports, unsigned int n, uint8_t goto_table);

/* The TPID of the tags that frames come with. */
extern uint8_t tpid_high, tpid_low;
/* Makes a frame of 64 bytes and returns that number; 'tci' -1: without a tag. */
size_t make_frame(uint8_t *frame, const uint8_t *dst, const uint8_t *src, int tci);
/* One comes in at 'port'. */
void receive_tagged(uint32_t port, const uint8_t *dst, const uint8_t *src, int tci);
void receive(uint32_t port, const uint8_t *dst, const uint8_t *src);

/* Where the last frame went. */
bool went_to(uint32_t port);
void assert_only_to(uint32_t port);
void assert_flooded_from(uint32_t port);
/* How many packets were dropped for that reason. */
uint64_t drops(enum skep_drop reason);
/* The table of addresses. */
bool find(const uint8_t mac[6], uint16_t vlan, struct dp_fdb_entry *ret);
unsigned int count_entries(void);

/* normal_vlan.c: the tests with VLANs.  Returns how many fail. */
int run_vlan_tests(void);

#endif
