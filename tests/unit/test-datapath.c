// SPDX-License-Identifier: Apache-2.0
/* Unit tests of what datapath/ does without a kernel: keys, cells, allocation, unfinished checksums. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "datapath/cells.h"
#include "datapath/csum.h"
#include "datapath/keymap.h"
#include "datapath/spans.h"

/* --- Keys --- */

static void round_trip(const struct match *m)
{
	struct masked_key mk;
	struct match back;

	keymap_encode(m, &mk);
	for (unsigned int i = 0; i < SKEP_KEY_WORDS; i++)
		assert_int_equal(mk.key.w[i] & ~mk.mask.w[i], 0);
	keymap_decode(&mk, &back);
	assert_true(match_equal(m, &back));
}

/* Sets the fields that 'prereq' names. */
static void set_prereq(struct match *m, enum field_prereq prereq)
{
	static const struct {
		uint16_t eth_type;
		uint8_t proto, icmp;
	} needs[] = {
		[PREREQ_IP] = { 0x0800, 0, 0 },      [PREREQ_IPV4] = { 0x0800, 0, 0 },
		[PREREQ_IPV6] = { 0x86dd, 0, 0 },    [PREREQ_ARP] = { 0x0806, 0, 0 },
		[PREREQ_TCP] = { 0x86dd, 6, 0 },     [PREREQ_UDP] = { 0x0800, 17, 0 },
		[PREREQ_SCTP] = { 0x86dd, 132, 0 },  [PREREQ_ICMPV4] = { 0x0800, 1, 0 },
		[PREREQ_ICMPV6] = { 0x86dd, 58, 0 }, [PREREQ_ND] = { 0x86dd, 58, 135 },
		[PREREQ_ND_SOL] = { 0x86dd, 58, 135 }, [PREREQ_ND_ADV] = { 0x86dd, 58, 136 },
		[PREREQ_MPLS] = { 0x8848, 0, 0 },    [PREREQ_PBB] = { 0x88e7, 0, 0 },
	};

	if (prereq == PREREQ_IN_PORT) {
		match_set_u64(m, FIELD_IN_PORT, 7);
		return;
	}

	if (prereq == PREREQ_VLAN)
		match_set_u64(m, FIELD_VLAN_VID, OFPVID_PRESENT | 5);
	if (prereq <= PREREQ_VLAN)
		return;
	match_set_u64(m, FIELD_ETH_TYPE, needs[prereq].eth_type);
	if (needs[prereq].proto)
		match_set_u64(m, FIELD_IP_PROTO, needs[prereq].proto);
	if (needs[prereq].icmp)
		match_set_u64(m, FIELD_ICMPV6_TYPE, needs[prereq].icmp);
}

static void each_field_comes_back_from_the_key(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < N_FIELD_IDS; i++) {
		struct field_value value, mask;
		struct match m;

		if (!field_is_known(i))
			continue;
		match_init(&m);
		set_prereq(&m, field_table[i].prereq);
		if (match_has(&m, (enum field_id)i))
			continue;
		memset(&value, 0xa5, sizeof(value));
		mask = field_exact_mask((enum field_id)i);
		match_set(&m, (enum field_id)i, &value, &mask);
		round_trip(&m);
		if (!field_table[i].is_maskable)
			continue;
		mask.b[field_table[i].n_bytes - 1] &= 0xf0;
		match_set(&m, (enum field_id)i, &value, &mask);
		round_trip(&m);
	}
}

static void an_optional_field_matches_its_presence(void **state)
{
	struct masked_key mk;
	struct match m;

	(void)state;
	match_init(&m);
	set_prereq(&m, PREREQ_UDP);
	match_set_u64(&m, FIELD_UDP_DST, 0);
	keymap_encode(&m, &mk);
	assert_int_equal(mk.key.key.present, SKEP_HAS_IP | SKEP_HAS_L4);
	assert_int_equal(mk.mask.key.present, SKEP_HAS_IP | SKEP_HAS_L4);
}

/* --- The hash --- */

/* The longest chain of 4096 keys in 4096 buckets that differ in 'n_bytes' bytes at byte 'at' of the four words. */
static unsigned int longest_chain(unsigned int at, unsigned int n_bytes)
{
	static unsigned int buckets[4096];
	unsigned int longest = 0;

	memset(buckets, 0, sizeof(buckets));
	for (unsigned int i = 0; i < 4096; i++) {
		uint64_t w[4] = { 1, 0x0008000000000000, 0x0200000a0100000a, 0x0200010000070011 };
		uint64_t h = 12345;
		uint32_t b;

		for (unsigned int k = 0; k < n_bytes; k++)
			((uint8_t *)w)[at + k] ^= (uint8_t)(i >> 8 * (n_bytes - 1 - k));
		for (unsigned int k = 0; k < 4; k++)
			h = skep_hash_add(h, w[k]);
		b = skep_hash_bucket(h, SKEP_REGION(16, 12, 0)) - 16;
		assert_true(b < 4096);
		if (++buckets[b] > longest)
			longest = buckets[b];
	}
	return longest;
}

static void keys_that_differ_anywhere_are_spread(void **state)
{
	(void)state;
	for (unsigned int at = 0; at + 2 <= 32; at += 2)
		assert_true(longest_chain(at, 2) <= 16);
}

/* --- Cells --- */

static int port_idx(void *aux, uint32_t ofport)
{
	(void)aux;
	return (int)ofport + 100;
}

static uint32_t ofport(void *aux, uint32_t idx)
{
	(void)aux;
	return idx - 100;
}

static int meter_idx(void *aux, uint32_t meter_id)
{
	(void)aux;
	return meter_id == 0x10000 ? 6 : -ENXIO;
}

static uint32_t meter_id(void *aux, uint32_t idx)
{
	(void)aux;
	return idx == 6 ? 0x10000 : 0;
}

static const struct cell_ports ports = {
	.port_idx = port_idx,
	.ofport = ofport,
	.meter_idx = meter_idx,
	.meter_id = meter_id,
};

static void add_action(struct action_list *l, struct action a)
{
	l->a[l->n++] = a;
}

static void instructions_come_back_from_cells(void **state)
{
	static struct instructions in, back;
	struct skep_cell cells[SKEP_CELLS_MAX];
	struct action set6 = { .type = ACTION_SET_FIELD, .set_field.field = FIELD_IPV6_SRC };

	(void)state;
	memset(set6.set_field.value.b, 0x77, 16);
	instructions_init(&in);
	in.has_apply = in.has_write = in.has_clear = in.has_metadata = true;
	in.metadata = 0x1122;
	in.metadata_mask = 0xffff;
	in.goto_table = 9;
	in.has_meter = true;
	in.meter_id = 0x10000;
	add_action(&in.apply, (struct action){ .type = ACTION_PUSH_VLAN, .ethertype = 0x88a8 });
	add_action(&in.apply, set6);
	add_action(&in.apply, (struct action){ .type = ACTION_OUTPUT,
					       .output = { PORT_CONTROLLER, 77 } });
	add_action(&in.apply, (struct action){ .type = ACTION_OUTPUT, .output = { 3, 0 } });
	add_action(&in.write, (struct action){ .type = ACTION_DEC_NW_TTL });
	add_action(&in.write, (struct action){ .type = ACTION_OUTPUT, .output = { PORT_FLOOD, 0 } });
	assert_int_equal(cells_from_instructions(&in, 42, false, &ports, cells), 1 + 5 + 2 + 1 + 1);
	cells_to_instructions(cells, &ports, &back);
	assert_true(back.has_apply && back.has_write && back.has_clear && back.has_metadata);
	assert_true(back.has_meter);
	assert_int_equal(back.meter_id, 0x10000);
	assert_int_equal(cells[9].arg32, 6);
	assert_int_equal(back.goto_table, 9);
	assert_int_equal(back.metadata, in.metadata);
	assert_int_equal(back.metadata_mask, in.metadata_mask);
	assert_int_equal(back.apply.n, in.apply.n);
	assert_int_equal(back.write.n, in.write.n);
	for (unsigned int i = 0; i < in.apply.n; i++)
		assert_true(action_equal(&in.apply.a[i], &back.apply.a[i]));
	for (unsigned int i = 0; i < in.write.n; i++)
		assert_true(action_equal(&in.write.a[i], &back.write.a[i]));
}

static void a_meter_that_is_not_there_is_refused(void **state)
{
	static struct instructions in;
	struct skep_cell cells[SKEP_CELLS_MAX];

	(void)state;
	instructions_init(&in);
	in.has_meter = true;
	in.meter_id = 1;
	assert_int_equal(cells_from_instructions(&in, 0, false, &ports, cells), -ENXIO);
}

static void too_many_cells_are_refused(void **state)
{
	static struct instructions in;
	struct skep_cell cells[SKEP_CELLS_MAX];
	struct action set6 = { .type = ACTION_SET_FIELD, .set_field.field = FIELD_IPV6_SRC };

	(void)state;
	instructions_init(&in);
	in.has_apply = true;
	while (in.apply.n < ACTIONS_MAX)
		add_action(&in.apply, set6);
	assert_int_equal(cells_from_instructions(&in, 0, false, &ports, cells), -E2BIG);
}

/* --- Spans --- */

static void spans_are_distinct_and_come_back(void **state)
{
	struct spans s;
	uint32_t a, b;

	(void)state;
	spans_init(&s, 16);
	a = spans_alloc(&s, 2);
	b = spans_alloc(&s, 2);
	assert_int_equal(a, 1);
	assert_int_equal(b, 5);
	assert_true(spans_have(&s, 2, 1));
	assert_false(spans_have(&s, 3, 1));
	assert_int_equal(spans_alloc(&s, 3), 0);
	spans_free(&s, a, 2);
	assert_int_equal(spans_used(&s), 4);
	assert_int_equal(spans_alloc(&s, 2), a);
	assert_int_equal(spans_class(1), 0);
	assert_int_equal(spans_class(5), 3);
	spans_uninit(&s);
}

/* --- Checksums --- */

/* A UDP packet 10.0.0.1:1 > 10.0.0.2:2 with 2 bytes of payload. */
static const uint8_t udp[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
			       0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
			       0, 1, 0, 2, 0, 10, 0, 0, 0xab, 0xcd };

static void an_unfinished_checksum_is_finished(void **state)
{
	/* Pseudo-header: 0a00 + 0001 + 0a00 + 0002 + 0011 + 000a = 141e; data: 0001 + 0002 + 000a + abcd = abda. */
	uint8_t frame[sizeof(udp)];

	(void)state;
	memcpy(frame, udp, sizeof(udp));
	frame[40] = 0x14;
	frame[41] = 0x1e;
	csum_finish(frame, sizeof(frame));
	/* 141e + abda = bff8, its complement is 4007 */
	assert_int_equal(frame[40], 0x40);
	assert_int_equal(frame[41], 0x07);
	csum_finish(frame, sizeof(frame));
	assert_int_equal(frame[40], 0x40);
}

static void an_unfinished_checksum_is_found_beneath_tags_and_labels(void **state)
{
	static const struct {
		uint8_t b[32];
		size_t len;
	} tags[] = {
		{ { 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0 }, 10 },
		{ { 0x88, 0x47, 0, 1, 0x20, 64, 0, 1, 0x31, 64 }, 10 },
		{ { 0x81, 0, 0, 6, 0x88, 0x48, 0, 1, 0x31, 64 }, 10 },
		{ { 0x88, 0xe7, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 }, 20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		uint8_t frame[sizeof(udp) + 32];
		size_t len = 12 + tags[i].len + sizeof(udp) - 14;
		uint8_t *field = frame + len - 4;

		memcpy(frame, udp, 12);
		memcpy(frame + 12, tags[i].b, tags[i].len);
		memcpy(frame + 12 + tags[i].len, udp + 14, sizeof(udp) - 14);
		field[0] = 0x14;
		field[1] = 0x1e;
		for (size_t cut = 0; cut < len; cut++)
			csum_finish(frame, cut);
		assert_int_equal(field[0], 0x14);
		csum_finish(frame, len);
		assert_int_equal(field[0], 0x40);
		assert_int_equal(field[1], 0x07);
	}
}

static void a_wrong_checksum_stays_wrong(void **state)
{
	uint8_t frame[sizeof(udp)];

	(void)state;
	memcpy(frame, udp, sizeof(udp));
	frame[41] = 0x55;
	for (size_t len = 0; len <= sizeof(frame); len++)
		csum_finish(frame, len);
	assert_int_equal(frame[40], 0);
	assert_int_equal(frame[41], 0x55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_comes_back_from_the_key),
		cmocka_unit_test(an_optional_field_matches_its_presence),
		cmocka_unit_test(keys_that_differ_anywhere_are_spread),
		cmocka_unit_test(instructions_come_back_from_cells),
		cmocka_unit_test(a_meter_that_is_not_there_is_refused),
		cmocka_unit_test(too_many_cells_are_refused),
		cmocka_unit_test(spans_are_distinct_and_come_back),
		cmocka_unit_test(an_unfinished_checksum_is_finished),
		cmocka_unit_test(an_unfinished_checksum_is_found_beneath_tags_and_labels),
		cmocka_unit_test(a_wrong_checksum_stays_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
