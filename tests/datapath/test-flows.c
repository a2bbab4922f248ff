// SPDX-License-Identifier: Apache-2.0
/*
 * The flow tables: what flow-mods do to them, growth, reclaiming, timeouts.  On maps in memory, with the host build as the
 * reader; the kernel as the reader is in test-kernel.c and the differential test.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "datapath/private.h"

static struct {
	struct dp *dp;
	uint32_t bridge;
	unsigned int n_out;
	uint32_t out_port; /* of the last output */
	unsigned int n_removed;
	enum flow_removed_reason reason;
	uint64_t removed_cookie;
} t;

static void on_output(void *aux, uint32_t ofport, const uint8_t *frame, size_t len)
{
	(void)aux;
	(void)frame;
	(void)len;
	t.n_out++;
	t.out_port = ofport;
}

static void on_removed(void *aux, uint32_t bridge, const struct flow_desc *desc,
		       enum flow_removed_reason reason)
{
	(void)aux;
	assert_int_equal(bridge, t.bridge);
	t.n_removed++;
	t.reason = reason;
	t.removed_cookie = desc->cookie;
}

static int setup(void **state)
{
	struct dp_config config = {
		.attach = DP_ATTACH_NONE,
		.n_rules = 1024,
		.max_rules = 300000,
		.callbacks = { .output = on_output, .flow_removed = on_removed },
	};
	char err_buf[256];
	bool adopted;

	(void)state;
	memset(&t, 0, sizeof(t));
	assert_int_equal(dp_open(&config, &t.dp, &adopted, err_buf, sizeof(err_buf)), 0);
	assert_int_equal(dp_bridge_add(t.dp, "br0", &t.bridge), 0);
	for (uint32_t port = 1; port <= 9; port++)
		assert_int_equal(dp_port_add(t.dp, t.bridge, port, port + 10, err_buf, sizeof(err_buf)), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dp_close(t.dp);
	return 0;
}

/* A flow-mod of table 0 that outputs to 'port', for UDP packets; NULL match fields are added by the caller. */
static struct flow_mod *flow_mod(enum flow_command command, uint16_t priority, uint32_t port)
{
	static struct flow_mod fm;

	fm.command = command;
	fm.cookie = port;
	fm.cookie_mask = 0;
	fm.table_id = 0;
	fm.idle_timeout = fm.hard_timeout = 0;
	fm.priority = priority;
	fm.buffer_id = BUFFER_NONE;
	fm.out_port = PORT_ANY;
	fm.out_group = GROUP_ANY;
	fm.flags = 0;
	match_init(&fm.match);
	instructions_init(&fm.instructions);
	fm.instructions.has_apply = true;
	fm.instructions.apply.n = 1;
	fm.instructions.apply.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = port };
	return &fm;
}

static struct flow_mod *flow_to(enum flow_command command, uint16_t priority, uint32_t port,
				uint32_t ip_dst)
{
	struct flow_mod *fm = flow_mod(command, priority, port);

	match_set_u64(&fm->match, FIELD_ETH_TYPE, 0x0800);
	match_set_u64(&fm->match, FIELD_IPV4_DST, ip_dst);
	return fm;
}

/* A match on the first 'n' bits of the destination. */
static struct flow_mod *prefix_flow(enum flow_command command, unsigned int n, uint32_t port)
{
	struct flow_mod *fm = flow_mod(command, (uint16_t)(1000 + n), port);
	struct field_value v = field_value_from_u64(FIELD_IPV4_DST, 0x0a0b0c0d);
	struct field_value mask =
		field_value_from_u64(FIELD_IPV4_DST, n ? 0xffffffffu << (32 - n) : 0);

	match_set_u64(&fm->match, FIELD_ETH_TYPE, 0x0800);
	match_set(&fm->match, FIELD_IPV4_DST, &v, &mask);
	return fm;
}

static int apply(const struct flow_mod *fm)
{
	int err = dp_flow_mod(t.dp, t.bridge, fm);

	dp_commit(t.dp);
	return err;
}

/* Where a packet to 'ip_dst' goes: the port, or 0. */
static uint32_t goes_to(uint32_t ip_dst)
{
	uint8_t frame[60] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17,
			      0, 0, 10, 0, 0, 1 };

	for (int i = 0; i < 4; i++)
		frame[30 + i] = (uint8_t)(ip_dst >> (24 - 8 * i));
	t.n_out = 0;
	assert_int_equal(dp_inject(t.dp, t.bridge, 1, frame, sizeof(frame)), 0);
	return t.n_out ? t.out_port : 0;
}

static uint32_t count_flows(void)
{
	uint64_t packets, bytes;
	uint32_t n;

	dp_flow_aggregate(t.dp, t.bridge, NULL, &packets, &bytes, &n);
	return n;
}

static uint64_t count_packets(void)
{
	uint64_t packets, bytes;
	uint32_t n;

	dp_flow_aggregate(t.dp, t.bridge, NULL, &packets, &bytes, &n);
	return packets;
}

static void the_highest_priority_of_one_match_wins_as_others_come_and_go(void **state)
{
	(void)state;
	/* 30 is hidden by 50 and shown again; 40 comes between while hidden. */
	assert_int_equal(apply(flow_to(FLOW_ADD, 30, 3, 7)), 0);
	assert_int_equal(goes_to(7), 3);
	assert_int_equal(apply(flow_to(FLOW_ADD, 50, 5, 7)), 0);
	assert_int_equal(goes_to(7), 5);
	assert_int_equal(apply(flow_to(FLOW_ADD, 40, 4, 7)), 0);
	assert_int_equal(goes_to(7), 5);
	assert_int_equal(count_flows(), 3);
	assert_int_equal(apply(flow_to(FLOW_DELETE_STRICT, 50, 0, 7)), 0);
	assert_int_equal(goes_to(7), 4);
	assert_int_equal(apply(flow_to(FLOW_DELETE_STRICT, 30, 0, 7)), 0);
	assert_int_equal(goes_to(7), 4);
	assert_int_equal(apply(flow_to(FLOW_DELETE_STRICT, 40, 0, 7)), 0);
	assert_int_equal(goes_to(7), 0);
	assert_int_equal(count_flows(), 0);
}

static void staged_changes_are_seen_by_no_packet(void **state)
{
	(void)state;
	assert_int_equal(dp_flow_mod(t.dp, t.bridge, flow_to(FLOW_ADD, 1, 2, 7)), 0);
	assert_int_equal(t.dp->is_dirty, true);
	dp_commit(t.dp);
	assert_int_equal(goes_to(7), 2);
}

static void strict_delete_needs_equal_priority_and_match(void **state)
{
	(void)state;
	apply(flow_to(FLOW_ADD, 30, 3, 7));
	apply(flow_to(FLOW_DELETE_STRICT, 31, 0, 7));
	apply(flow_to(FLOW_DELETE_STRICT, 30, 0, 8));
	apply(flow_mod(FLOW_DELETE_STRICT, 30, 0));
	assert_int_equal(count_flows(), 1);
	apply(flow_to(FLOW_DELETE_STRICT, 30, 0, 7));
	assert_int_equal(count_flows(), 0);
}

static void loose_delete_takes_what_is_more_specific(void **state)
{
	struct flow_mod *fm;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		apply(flow_to(FLOW_ADD, (uint16_t)(i + 1), 2, 0x0a000000 + i));
	apply(flow_mod(FLOW_ADD, 0, 9));
	fm = flow_mod(FLOW_DELETE, 0, 0);
	match_set_u64(&fm->match, FIELD_ETH_TYPE, 0x0800);
	apply(fm);
	assert_int_equal(count_flows(), 1);
	assert_int_equal(goes_to(0x0a000000), 9);
}

/* The subtable of the same mask, where one key is looked up, and those of finer ones, where all are. */
static void loose_delete_of_a_whole_match_takes_all_priorities_and_finer_ones(void **state)
{
	struct flow_mod *fm;

	(void)state;
	for (uint16_t prio = 1; prio <= 3; prio++) {
		apply(flow_to(FLOW_ADD, prio, prio, 7));
		apply(flow_to(FLOW_ADD, prio, prio, 8));
		fm = flow_to(FLOW_ADD, prio, prio, prio < 3 ? 7 : 8);
		match_set_u64(&fm->match, FIELD_IN_PORT, 1);
		apply(fm);
	}
	apply(prefix_flow(FLOW_ADD, 8, 9));
	assert_int_equal(count_flows(), 10);
	fm = flow_to(FLOW_DELETE, 0, 0, 7);
	fm->out_port = 2;
	apply(fm);
	assert_int_equal(count_flows(), 8);
	apply(flow_to(FLOW_DELETE, 0, 0, 7));
	assert_int_equal(count_flows(), 5);
	assert_int_equal(goes_to(7), 0);
	assert_int_equal(goes_to(8), 3);
	assert_int_equal(goes_to(0x0a000000), 9);
}

static void filters_of_cookie_and_out_port_hold(void **state)
{
	struct flow_mod *fm;

	(void)state;
	apply(flow_to(FLOW_ADD, 1, 2, 7)); /* cookie 2 */
	apply(flow_to(FLOW_ADD, 1, 3, 8));
	fm = flow_mod(FLOW_DELETE, 0, 0);
	fm->out_port = 4;
	apply(fm);
	assert_int_equal(count_flows(), 2);
	fm->out_port = 3;
	apply(fm);
	assert_int_equal(count_flows(), 1);
	fm->out_port = PORT_ANY;
	fm->cookie = 1;
	fm->cookie_mask = 1;
	apply(fm);
	assert_int_equal(count_flows(), 1);
	fm->cookie = 2;
	fm->cookie_mask = 3;
	apply(fm);
	assert_int_equal(count_flows(), 0);
}

static void overlap_is_refused_when_asked(void **state)
{
	struct flow_mod *fm;

	(void)state;
	apply(flow_to(FLOW_ADD, 10, 2, 7));
	fm = flow_mod(FLOW_ADD, 10, 3);
	fm->flags = FLOW_CHECK_OVERLAP;
	match_set_u64(&fm->match, FIELD_IN_PORT, 1);
	assert_int_equal(apply(fm), -EEXIST);
	fm->priority = 11;
	assert_int_equal(apply(fm), 0);
	assert_int_equal(count_flows(), 2);
}

static void modify_keeps_cookie_and_counters_and_adds_nothing(void **state)
{
	struct dp_cursor cursor = { 0 };
	static struct flow_desc desc;
	struct flow_mod *fm;

	(void)state;
	apply(flow_to(FLOW_ADD, 10, 2, 7));
	assert_int_equal(goes_to(7), 2);
	apply(flow_to(FLOW_MODIFY_STRICT, 10, 5, 7));
	assert_int_equal(goes_to(7), 5);
	apply(flow_to(FLOW_MODIFY, 10, 5, 8));
	assert_int_equal(count_flows(), 1);
	assert_true(dp_flow_next(t.dp, t.bridge, NULL, &cursor, &desc));
	assert_int_equal(desc.cookie, 2);
	assert_int_equal(desc.n_packets, 2);
	assert_int_equal(desc.n_bytes, 120);
	fm = flow_to(FLOW_MODIFY_STRICT, 10, 6, 7);
	fm->flags = FLOW_RESET_COUNTS;
	apply(fm);
	assert_int_equal(count_packets(), 0);
	assert_int_equal(goes_to(7), 6);
	assert_int_equal(count_packets(), 1);
}

static void add_of_an_equal_flow_replaces_it(void **state)
{
	struct flow_mod *fm;

	(void)state;
	apply(flow_to(FLOW_ADD, 10, 2, 7));
	goes_to(7);
	apply(flow_to(FLOW_ADD, 10, 3, 7));
	assert_int_equal(goes_to(7), 3);
	assert_int_equal(count_flows(), 1);
	assert_int_equal(count_packets(), 2);
	fm = flow_to(FLOW_ADD, 10, 4, 7);
	fm->flags = FLOW_RESET_COUNTS;
	apply(fm);
	assert_int_equal(count_packets(), 0);
}

static void timeouts_remove_flows_and_say_so(void **state)
{
	struct flow_mod *fm = flow_to(FLOW_ADD, 10, 2, 7);

	(void)state;
	fm->hard_timeout = 5;
	fm->flags = FLOW_SEND_FLOW_REM;
	apply(fm);
	fm = flow_to(FLOW_ADD, 10, 3, 8);
	fm->idle_timeout = 5;
	fm->flags = FLOW_SEND_FLOW_REM;
	apply(fm);
	dp_expire(t.dp);
	assert_int_equal(count_flows(), 2);
	/* The clock cannot be moved; the flow's birth can. */
	FLOW(t.dp, 1)->created_ns -= 5000000000ULL;
	dp_expire(t.dp);
	assert_int_equal(t.n_removed, 1);
	assert_int_equal(t.reason, FLOW_REMOVED_HARD_TIMEOUT);
	assert_int_equal(t.removed_cookie, 2);
	/* A packet keeps an idle flow. */
	FLOW(t.dp, 2)->created_ns -= 50000000000ULL;
	goes_to(8);
	dp_expire(t.dp);
	assert_int_equal(t.n_removed, 1);
	for (uint32_t i = 0; i < t.dp->set_config.n_stripes; i++) {
		struct skep_counter *c = MAP_ELEM(&t.dp->set, MAP_COUNTERS, struct skep_counter,
						  2 * t.dp->set_config.n_stripes + i);

		if (c->used_ns)
			c->used_ns -= 5000000000ULL;
	}
	dp_expire(t.dp);
	assert_int_equal(t.n_removed, 2);
	assert_int_equal(t.reason, FLOW_REMOVED_IDLE_TIMEOUT);
	assert_int_equal(count_flows(), 0);
}

static void tables_grow_and_every_flow_still_matches(void **state)
{
	const uint32_t n = 50000;
	struct dp_info info;

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(dp_flow_mod(t.dp, t.bridge,
					     flow_to(FLOW_ADD, (uint16_t)(i % 50), 1 + i % 8 + 1, i)), 0);
	dp_commit(t.dp);
	dp_info(t.dp, &info);
	assert_true(info.n_grown >= 2);
	assert_int_equal(info.n_flows, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(goes_to(i), 1 + i % 8 + 1);
	assert_int_equal(count_packets(), n);
}

static void a_full_table_is_refused_and_loses_nothing(void **state)
{
	uint32_t n = 0;

	(void)state;
	t.dp->config.max_rules = 2000;
	while (!dp_flow_mod(t.dp, t.bridge, flow_to(FLOW_ADD, 1, 2, n)))
		n++;
	dp_commit(t.dp);
	assert_true(n > 1500 && n < 2001);
	assert_int_equal(dp_flow_mod(t.dp, t.bridge, flow_to(FLOW_ADD, 1, 2, n)), -ENOSPC);
	assert_int_equal(count_flows(), n);
	assert_int_equal(goes_to(n - 1), 2);
	assert_int_equal(goes_to(n), 0);
	apply(flow_to(FLOW_DELETE, 1, 0, 0));
	assert_int_equal(dp_flow_mod(t.dp, t.bridge, flow_to(FLOW_ADD, 1, 2, n)), 0);
	dp_commit(t.dp);
	assert_int_equal(goes_to(n), 2);
}

static void churn_reclaims_everything(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 900; i++)
			apply(flow_to(FLOW_ADD, (uint16_t)(round + 1), 2, i));
		for (uint32_t i = 0; i < 900; i++)
			apply(flow_to(FLOW_MODIFY, 1, 3, i));
		apply(flow_mod(FLOW_DELETE, 0, 0));
	}
	reclaim_all(t.dp);
	assert_int_equal(spans_used(&t.dp->rules), 0);
	assert_int_equal(spans_used(&t.dp->flows), 0);
	assert_int_equal(spans_used(&t.dp->cells), 0);
	assert_int_equal(spans_used(&t.dp->lines), 0);
	assert_int_equal(spans_used(&t.dp->subtables), 0);
	assert_int_equal(TABLE(t.dp, t.bridge * 256)->first, 0);
}

static void one_flow_modified_often_keeps_its_chain_short(void **state)
{
	(void)state;
	apply(flow_to(FLOW_ADD, 1, 2, 7));
	for (uint32_t i = 0; i < 2000; i++) {
		assert_int_equal(apply(flow_to(FLOW_MODIFY_STRICT, 1, 2 + i % 7, 7)), 0);
		assert_int_equal(goes_to(7), 2 + i % 7);
	}
}

static void many_priorities_of_one_match_work(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 3000; i++)
		assert_int_equal(apply(flow_to(FLOW_ADD, (uint16_t)i, 2 + i % 7, 7)), 0);
	for (uint32_t i = 3000; i > 0; i--) {
		assert_int_equal(goes_to(7), 2 + i % 7);
		apply(flow_to(FLOW_DELETE_STRICT, (uint16_t)i, 0, 7));
	}
	assert_int_equal(goes_to(7), 0);
}

/* Makes rules for destinations 100 and up, and returns another destination that would share a bucket with one of them. */
static uint32_t make_neighbours(void)
{
	const struct subtable *s;
	uint32_t ip_dst, length = 0;
	struct flow_mod *fm;

	for (ip_dst = 100; ip_dst < 200; ip_dst++)
		assert_int_equal(apply(flow_to(FLOW_ADD, 1, 9, ip_dst)), 0);
	/* So many buckets that there is no need for more later. */
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_equal(dp_flow_mod(t.dp, t.bridge, flow_to(FLOW_ADD, 1, 8, 0xff000000 + i)), 0);
	fm = flow_mod(FLOW_DELETE, 0, 0);
	fm->out_port = 8;
	apply(fm);
	reclaim_all(t.dp);
	s = subtable_next(t.dp, t.bridge * 256, NULL);
	for (; !length; ip_dst++) {
		struct rule_words words;
		struct masked_key mk;

		keymap_encode(&flow_to(FLOW_ADD, 1, 9, ip_dst)->match, &mk);
		subtable_words(s, &mk.key, &words);
		chain_find(t.dp, s, &words, &length);
	}
	return ip_dst - 1;
}

static void assert_neighbours_are_found(void)
{
	for (uint32_t i = 100; i < 200; i++)
		assert_int_equal(goes_to(i), 9);
}

static void deleting_many_priorities_of_one_match_at_once_hides_no_other_rule(void **state)
{
	uint32_t ip_dst = make_neighbours();
	struct flow_mod *fm;

	(void)state;
	for (uint32_t i = 1; i <= 500; i++)
		assert_int_equal(apply(flow_to(FLOW_ADD, (uint16_t)i, i == 1 ? 3 : 2, ip_dst)), 0);
	reclaim_all(t.dp);
	fm = flow_mod(FLOW_DELETE, 0, 0);
	fm->out_port = 2;
	apply(fm);
	assert_int_equal(count_flows(), 101);
	assert_int_equal(goes_to(ip_dst), 3);
	assert_neighbours_are_found();
}

static void deleting_many_priorities_of_one_match_in_turn_hides_no_other_rule(void **state)
{
	uint32_t ip_dst = make_neighbours();

	(void)state;
	for (uint32_t i = 1; i <= 500; i++)
		assert_int_equal(apply(flow_to(FLOW_ADD, (uint16_t)i, 2, ip_dst)), 0);
	reclaim_all(t.dp);
	for (uint32_t i = 500; i > 1; i--)
		apply(flow_to(FLOW_DELETE_STRICT, (uint16_t)i, 0, ip_dst));
	assert_neighbours_are_found();
}

static void subtables_move_when_priorities_rise(void **state)
{
	(void)state;
	for (unsigned int n = 1; n <= 32; n++) {
		assert_int_equal(apply(prefix_flow(FLOW_ADD, n, 2 + n % 7)), 0);
		assert_int_equal(goes_to(0x0a0b0c0d), 2 + n % 7);
	}
	for (unsigned int n = 32; n > 0; n--) {
		assert_int_equal(goes_to(0x0a0b0c0d), 2 + n % 7);
		apply(prefix_flow(FLOW_DELETE_STRICT, n, 0));
	}
	assert_int_equal(goes_to(0x0a0b0c0d), 0);
}

/* Whether a packet that goes on at descriptor 'idx' of a list comes by subtable 'id'.  Checks the list's order. */
static bool comes_by(uint32_t idx, uint32_t id, uint16_t prio)
{
	bool found = false;

	for (uint16_t last = UINT16_MAX; idx; idx = SUBTABLE(t.dp, idx)->next) {
		const struct skep_subtable *d = SUBTABLE(t.dp, idx);

		assert_true(d->max_prio <= last);
		last = d->max_prio;
		found = found || (d->id == id && d->max_prio >= prio);
	}
	return found;
}

static void a_packet_on_its_way_down_does_not_miss_a_subtable_that_moves_up(void **state)
{
	struct flow_mod *fm = flow_mod(FLOW_ADD, 100, 2);
	uint32_t first, id;

	(void)state;
	match_set_u64(&fm->match, FIELD_IN_PORT, 5);
	apply(fm);
	first = TABLE(t.dp, t.bridge * 256)->first;
	apply(flow_to(FLOW_ADD, 50, 3, 0));
	id = SUBTABLE(t.dp, SUBTABLE(t.dp, first)->next)->id;
	/* The packet is at the other subtable all the time; no grace period ends. */
	for (uint16_t i = 1; i < 100; i++) {
		apply(flow_to(FLOW_ADD, (uint16_t)(100 + i), 4, i));
		assert_true(comes_by(first, id, 50));
		assert_true(comes_by(TABLE(t.dp, t.bridge * 256)->first, id, (uint16_t)(100 + i)));
	}
	reclaim_all(t.dp);
	assert_int_equal(spans_used(&t.dp->subtables), 2);
	assert_int_equal(SUBTABLE(t.dp, TABLE(t.dp, t.bridge * 256)->first)->max_prio, 199);
	assert_int_equal(goes_to(99), 4);
}

static void a_moving_subtable_may_grow_and_may_end(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		for (uint16_t i = 0; i < 500; i++) {
			apply(prefix_flow(FLOW_ADD, 1 + i % 32, 2));
			apply(flow_to(FLOW_ADD, (uint16_t)(900 + i), 3, 0xff000000 + i));
			assert_int_equal(goes_to(0xff000000 + i), 3);
		}
		apply(flow_mod(FLOW_DELETE, 0, 0));
	}
	reclaim_all(t.dp);
	assert_int_equal(spans_used(&t.dp->subtables), 0);
	assert_int_equal(spans_used(&t.dp->lines), 0);
	assert_int_equal(t.dp->tables[t.bridge * 256].n_places, 0);
}

static void both_places_of_a_moving_subtable_follow_its_region(void **state)
{
	struct masked_key mk;
	struct subtable *s;
	struct flow_mod *fm;

	(void)state;
	apply(flow_to(FLOW_ADD, 5, 2, 7));
	fm = flow_mod(FLOW_ADD, 10, 3);
	match_set_u64(&fm->match, FIELD_METADATA, 1);
	apply(fm);
	fm = flow_to(FLOW_ADD, 20, 4, 8); /* moves the first subtable up */
	keymap_encode(&fm->match, &mk);
	assert_int_equal(dp_flow_mod(t.dp, t.bridge, fm), 0);
	s = subtable_find(t.dp, t.bridge * 256, &mk.mask);
	assert_non_null(s);
	assert_int_not_equal(s->former.idx, 0);
	/* A packet may come to either place, the former one too, after the old region is gone. */
	subtable_resize(t.dp, s, SKEP_REGION_LOG2(s->region) + 2);
	assert_true(SUBTABLE(t.dp, s->former.idx)->region == s->region);
	assert_true(SUBTABLE(t.dp, s->here.idx)->region == s->region);
	dp_commit(t.dp);
	assert_int_equal(goes_to(7), 2);
	assert_int_equal(goes_to(8), 4);
}

static bool is_a_region_small(void)
{
	for (uint32_t id = 0; id < t.dp->n_ids; id++) {
		const struct subtable *s = t.dp->by_id[id];

		if (s && subtable_wanted_log2(s, false))
			return true;
	}
	return false;
}

static void regions_that_found_no_lines_grow_when_all_is_quiet(void **state)
{
	uint32_t before;

	(void)state;
	/* So many rules in one go that no grace period ends, in so many masks that the lines of all are more than there are. */
	for (uint32_t i = 0; i < 400 * 48; i++) {
		struct flow_mod *fm = flow_mod(FLOW_ADD, 10, 2);
		struct field_value v = field_value_from_u64(FIELD_METADATA, i / 48);
		struct field_value mask = field_value_from_u64(FIELD_METADATA, 0xffff | 0x10000ULL << i % 48);

		match_set(&fm->match, FIELD_METADATA, &v, &mask);
		assert_int_equal(dp_flow_mod(t.dp, t.bridge, fm), 0);
	}
	dp_commit(t.dp);
	reclaim_all(t.dp);
	assert_true(is_a_region_small());
	before = t.dp->n_flows;
	dp_expire(t.dp);
	reclaim_all(t.dp);
	assert_false(is_a_region_small());
	assert_false(t.dp->has_small_regions);
	assert_int_equal(t.dp->n_flows, before);
}

static void a_rule_may_name_a_port_that_comes_later(void **state)
{
	char err_buf[128];

	(void)state;
	apply(flow_to(FLOW_ADD, 1, 77, 7));
	assert_int_equal(goes_to(7), 0);
	assert_int_equal(dp_port_add(t.dp, t.bridge, 77, 177, err_buf, sizeof(err_buf)), 0);
	assert_int_equal(goes_to(7), 77);
	assert_int_equal(dp_port_add(t.dp, t.bridge, 78, 177, err_buf, sizeof(err_buf)), -EBUSY);
	assert_int_equal(dp_port_del(t.dp, t.bridge, 77), 0);
	assert_int_equal(goes_to(7), 0);
}

static void a_bridge_leaves_nothing_behind(void **state)
{
	uint32_t again;

	(void)state;
	apply(flow_to(FLOW_ADD, 1, 2, 7));
	dp_bridge_del(t.dp, t.bridge);
	assert_int_equal(t.dp->n_flows, 0);
	reclaim_all(t.dp);
	assert_int_equal(spans_used(&t.dp->ports), 0);
	assert_int_equal(dp_bridge_add(t.dp, "br0", &again), 0);
	assert_int_equal(again, t.bridge);
	assert_int_equal(count_flows(), 0);
}

#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_highest_priority_of_one_match_wins_as_others_come_and_go),
		TEST(staged_changes_are_seen_by_no_packet),
		TEST(strict_delete_needs_equal_priority_and_match),
		TEST(loose_delete_takes_what_is_more_specific),
		TEST(loose_delete_of_a_whole_match_takes_all_priorities_and_finer_ones),
		TEST(filters_of_cookie_and_out_port_hold),
		TEST(overlap_is_refused_when_asked),
		TEST(modify_keeps_cookie_and_counters_and_adds_nothing),
		TEST(add_of_an_equal_flow_replaces_it),
		TEST(timeouts_remove_flows_and_say_so),
		TEST(tables_grow_and_every_flow_still_matches),
		TEST(a_full_table_is_refused_and_loses_nothing),
		TEST(churn_reclaims_everything),
		TEST(one_flow_modified_often_keeps_its_chain_short),
		TEST(many_priorities_of_one_match_work),
		TEST(deleting_many_priorities_of_one_match_at_once_hides_no_other_rule),
		TEST(deleting_many_priorities_of_one_match_in_turn_hides_no_other_rule),
		TEST(subtables_move_when_priorities_rise),
		TEST(a_packet_on_its_way_down_does_not_miss_a_subtable_that_moves_up),
		TEST(a_moving_subtable_may_grow_and_may_end),
		TEST(both_places_of_a_moving_subtable_follow_its_region),
		TEST(regions_that_found_no_lines_grow_when_all_is_quiet),
		TEST(a_rule_may_name_a_port_that_comes_later),
		TEST(a_bridge_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
