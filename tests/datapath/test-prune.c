// SPDX-License-Identifier: Apache-2.0
/*
 * Tuple pruning: a table with blocks has the same answers as its list of subtables, whatever comes
 * and goes, and far fewer searches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <endian.h>

#include <cmocka.h>

#include "model/text.h"
#include "tests/datapath/harness.h"

enum { N_MASKS = 300, N_LINES = 2000 };

static int setup(void **state)
{
	(void)state;
	harness_open();
	h.dp->config.flow_cache = DP_CACHE_OFF;
	h.dp->config.prune_masks = 0;
	for (uint32_t i = 1; i <= harness_n_ports; i++)
		harness_add_port(i);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	harness_close();
	return 0;
}

static int change(enum flow_command command, const char *line)
{
	static struct flow_mod fm;
	struct text_error error;

	if (text_parse_flow_mod(line, command, NULL, &fm, &error))
		fail_msg("%s: %s", line, error.message);
	return dp_flow_mod(h.dp, h.bridge, &fm);
}

/* The same numbers in each run. */
static uint32_t below(uint32_t n)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 33) % n;
}

/* Match number 'i' of mask number 'mask': addresses from a small set under prefixes of all lengths,
 * and ports. */
static void print_match(char *line, size_t size, unsigned int mask, unsigned int i)
{
	unsigned int src = mask % 33, dst = mask / 33 * 3, port = 1 + i * 7 % 50;
	uint32_t from = src ? (0x0a000000 + i % 97 * 0x01030507) >> (32 - src) << (32 - src) : 0;
	uint32_t to = dst ? (0x0a000000 + i % 89 * 0x01070503) >> (32 - dst) << (32 - dst) : 0;
	int n = snprintf(line, size, "table=0,udp");

	if (src)
		n += snprintf(line + n, size - (size_t)n, ",nw_src=%u.%u.%u.%u/%u", from >> 24,
			      from >> 16 & 255, from >> 8 & 255, from & 255, src);
	if (dst)
		n += snprintf(line + n, size - (size_t)n, ",nw_dst=%u.%u.%u.%u/%u", to >> 24,
			      to >> 16 & 255, to >> 8 & 255, to & 255, dst);
	if (mask % 2)
		n += snprintf(line + n, size - (size_t)n, ",tp_dst=%u", port);
	if (mask % 3 == 1)
		snprintf(line + n, size - (size_t)n,
			 ",dl_src=02:00:00:00:00:01/02:00:00:00:00:%02x", 1 + i % 2);
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* A packet that rules may be about. */
static void make_packet(uint8_t frame[64])
{
	static const uint8_t udp[64] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17,
	};
	unsigned int i = below(97 * 89 * 50);

	memcpy(frame, udp, 64);
	put32(frame + 26, 0x0a000000 + i % 97 * 0x01030507);
	put32(frame + 30, 0x0a000000 + i % 89 * 0x01070503);
	put32(frame + 34, (1 + below(50)) << 24 | (1 + i * 7 % 50));
	frame[39] = 30;
}

static uint32_t receive(const uint8_t *frame)
{
	h.n_out = 0;
	harness_receive(1, frame, 64);
	assert_true(h.n_out <= 1);
	return h.n_out ? h.out[0].port : 0;
}

/* Where table 0 sends a packet by its list alone. */
static uint32_t receive_unpruned(const uint8_t *frame)
{
	struct skep_table *t = TABLE(h.dp, h.bridge * 256);
	uint32_t prune = t->prune, ret;

	t->prune = 0;
	ret = receive(frame);
	t->prune = prune;
	return ret;
}

/* Sends packets both ways.  Returns how many a rule matched. */
static unsigned int compare(unsigned int n)
{
	unsigned int n_matched = 0;
	uint8_t frame[64];

	for (unsigned int i = 0; i < n; i++) {
		uint32_t port;

		make_packet(frame);
		port = receive(frame);
		n_matched += port != 0;
		assert_int_equal(port, receive_unpruned(frame));
	}
	return n_matched;
}

/* A rule that comes and goes; no two have the same priority, or which of them matches would be
 * anybody's guess. */
static void toggle(unsigned int i, bool is_there)
{
	char line[300];
	size_t n;

	print_match(line, sizeof(line), i % N_MASKS, i);
	n = strlen(line);
	if (is_there)
		snprintf(line + n, sizeof(line) - n, ",priority=%u", 1 + i);
	else
		snprintf(line + n, sizeof(line) - n, ",priority=%u,actions=output:%u", 1 + i,
			 2 + i % 3);
	assert_int_equal(change(is_there ? FLOW_DELETE_STRICT : FLOW_ADD, line), 0);
}

static void answers_are_those_of_the_list(void **state)
{
	unsigned int n_matched = 0, n_there = 0, most = 0, n_pruned = 0;
	static bool is_there[N_LINES];

	(void)state;
	memset(is_there, 0, sizeof(is_there));
	for (unsigned int round = 0; round < 12; round++) {
		/* In some rounds more come than go, in others the other way round. */
		for (unsigned int step = 0; step < 1500; step++) {
			unsigned int i = below(N_LINES);

			if (is_there[i] != (round % 4 == 3) && below(4))
				continue;
			toggle(i, is_there[i]);
			is_there[i] = !is_there[i];
			n_there += is_there[i] ? 1u : -1u;
			most = n_there > most ? n_there : most;
			if (!below(20))
				dp_commit(h.dp);
			if (!below(100))
				dp_run(h.dp, 0);
			if (!below(50)) {
				dp_commit(h.dp);
				n_matched += compare(20);
				n_pruned += TABLE(h.dp, h.bridge * 256)->prune != 0;
			}
		}
		reclaim_all(h.dp);
		n_matched += compare(500);
	}
	assert_true(n_matched > 3000);
	assert_true(most > N_LINES / 2);
	assert_true(n_pruned > 50);
}

/* Subtables that the blocks of table 0 leave to be searched for a packet with these addresses and
 * ports. */
static unsigned int n_left(const uint8_t frame[64])
{
	union {
		struct skep_key key;
		uint8_t byte[sizeof(struct skep_key)];
	} k = { .key = { .in_port = 1,
			 .eth_type = htobe16(0x0800),
			 .ip_proto = 17,
			 .present = SKEP_HAS_IP | SKEP_HAS_L4 } };
	unsigned int n = 0;

	memcpy(k.key.eth_dst, frame, 6);
	memcpy(k.key.eth_src, frame + 6, 6);
	memcpy(&k.key.ipv4_src, frame + 26, 8);
	memcpy(&k.key.tp_src, frame + 34, 4);
	for (uint32_t i = TABLE(h.dp, h.bridge * 256)->prune; i; i = PRUNE(h.dp, i)->next) {
		const struct skep_prune *p = PRUNE(h.dp, i);
		uint64_t may = ~0ULL;

		for (int b = 0; b < SKEP_PRUNE_BYTES; b++)
			may &= p->may[b][k.byte[p->ofs[b]]];
		n += (unsigned int)__builtin_popcountll(may);
	}
	return n;
}

static void few_are_searched(void **state)
{
	unsigned int sum = 0;
	uint8_t frame[64];

	(void)state;
	for (unsigned int i = 0; i < N_MASKS * 4; i++)
		toggle(i, false);
	dp_commit(h.dp);
	reclaim_all(h.dp);
	for (unsigned int i = 0; i < 1000; i++) {
		make_packet(frame);
		sum += n_left(frame);
	}
	/* Of 300: these rules' masks often are short prefixes, which packets do match. */
	assert_in_range(sum, 1000, 1000 * N_MASKS / 6);
}

/* What says nothing about which mask it is, like the one EtherType, is not what a block looks at.
 */
static void bytes_are_chosen_that_tell_masks_apart(void **state)
{
	const struct skep_prune *p;
	char line[200];

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		snprintf(line, sizeof(line),
			 "table=0,priority=%u,ip,dl_src=04:00:00:00:00:%02x/"
			 "ff:00:00:00:00:%02x,actions=output:2",
			 i + 1, i, i);
		assert_int_equal(change(FLOW_ADD, line), 0);
	}
	dp_commit(h.dp);
	assert_int_not_equal(TABLE(h.dp, h.bridge * 256)->prune, 0);
	p = PRUNE(h.dp, TABLE(h.dp, h.bridge * 256)->prune);
	assert_in_range(p->ofs[0], offsetof(struct skep_key, eth_src),
			offsetof(struct skep_key, eth_src) + 5);
	assert_in_range(p->ofs[1], offsetof(struct skep_key, eth_src),
			offsetof(struct skep_key, eth_src) + 5);
}

/* Blocks are made anew as rules come, and go with the masks. */
static void blocks_are_given_back(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < N_LINES; i++)
			toggle(i, false);
		dp_commit(h.dp);
		reclaim_all(h.dp);
		assert_in_range(spans_used(&h.dp->prunes), N_MASKS / SKEP_PRUNE_SUBTABLES,
				2 * N_MASKS / SKEP_PRUNE_SUBTABLES);
		for (unsigned int i = 0; i < N_LINES; i++)
			toggle(i, true);
		dp_commit(h.dp);
		reclaim_all(h.dp);
		assert_int_equal(spans_used(&h.dp->prunes), 0);
		assert_int_equal(TABLE(h.dp, h.bridge * 256)->prune, 0);
	}
}

/* Without room for blocks, rules are added as ever. */
static void they_can_do_without(void **state)
{
	(void)state;
	h.dp->prunes.capacity = 1;
	h.dp->growth_failed.at_ns = mono_ns();
	for (unsigned int i = 0; i < N_MASKS; i++)
		toggle(i, false);
	dp_commit(h.dp);
	assert_int_equal(TABLE(h.dp, h.bridge * 256)->prune, 0);
	assert_true(compare(1000) > 100);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_are_those_of_the_list),
		TEST(few_are_searched),
		TEST(bytes_are_chosen_that_tell_masks_apart),
		TEST(blocks_are_given_back),
		TEST(they_can_do_without),
	};

	if (!harness_start())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
