// SPDX-License-Identifier: Apache-2.0
/*
 * What is generated is valid, varied and the same for the same seed; and on generated frames every
 * action keeps each checksum as right or wrong as it was, computed from scratch before and after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/oracle/actions.h"
#include "tests/oracle/csum.h"
#include "tests/oracle/gen.h"
#include "tests/oracle/parse.h"

enum { N_POOL = 16, N_RULES = 48 };

/* How far checksums are from right: one's complement differences, a CRC's exclusive or. */
struct wrongness {
	uint32_t ipv4, l4, sctp;
};

/* 'stored' minus 'right' in one's complement; 0 is 0xffff. */
static uint32_t difference(uint16_t stored, uint16_t right)
{
	return (stored + 0xffffu - right) % 0xffff;
}

static uint16_t right_csum(const struct oracle_packet *pkt, size_t at, size_t end, size_t csum_at,
			   uint32_t pseudo)
{
	static struct oracle_packet copy;

	copy = *pkt;
	oracle_put16(copy.b + csum_at, 0);
	return (uint16_t)~oracle_sum(pseudo, copy.b + at, end - at);
}

static uint32_t l4_wrongness(const struct oracle_packet *pkt, const struct oracle_fields *f)
{
	size_t n = f->l4_end - f->l4, csum_at = f->l4 + 2;
	uint32_t pseudo = 0;

	if (oracle_fields_has(f, FIELD_TCP_SRC))
		csum_at = f->l4 + 16;
	else if (oracle_fields_has(f, FIELD_UDP_SRC))
		csum_at = f->l4 + 6;
	/* The length and the protocol do not change; without them it is as wrong, by a constant. */
	if (f->is_ipv4 && !oracle_fields_has(f, FIELD_ICMPV4_TYPE))
		pseudo = oracle_sum((uint32_t)n, pkt->b + f->l3 + 12, 8);
	else if (f->is_ipv6)
		pseudo = oracle_sum((uint32_t)n, pkt->b + f->l3 + 8, 32);
	if (oracle_fields_has(f, FIELD_UDP_SRC) && oracle_get16(pkt->b + csum_at) == 0)
		return UINT32_MAX; /* none */
	return difference(oracle_get16(pkt->b + csum_at),
			  right_csum(pkt, f->l4, f->l4_end, csum_at, pseudo));
}

static struct wrongness measure(const struct oracle_packet *pkt)
{
	static struct oracle_packet copy;
	struct wrongness w = { 0 };
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	if (f.is_ipv4) {
		size_t header_len = (pkt->b[f.l3] & 15) * 4u;

		w.ipv4 = difference(oracle_get16(pkt->b + f.l3 + 10),
				    right_csum(pkt, f.l3, f.l3 + header_len, f.l3 + 10, 0));
	}
	if (oracle_fields_has(&f, FIELD_SCTP_SRC)) {
		copy = *pkt;
		memset(copy.b + f.l4 + 8, 0, 4);
		w.sctp = oracle_crc32c(copy.b + f.l4, f.l4_end - f.l4);
		for (unsigned int i = 0; i < 4; i++)
			w.sctp ^= (uint32_t)pkt->b[f.l4 + 8 + i] << 8 * i;
	} else if (f.has_l4) {
		w.l4 = l4_wrongness(pkt, &f);
	}
	return w;
}

/* Does something that changes no layer's protocol. */
static void act(struct gen *g, struct oracle_packet *pkt)
{
	uint32_t id = gen_below(g, N_FIELD_IDS + 4);

	if (id == N_FIELD_IDS) {
		oracle_set_ttl(pkt, (uint8_t)gen_u64(g));
	} else if (id == N_FIELD_IDS + 1) {
		oracle_dec_ttl(pkt);
	} else if (id < N_FIELD_IDS && field_is_known(id) && field_table[id].is_settable &&
		   id != FIELD_ETH_TYPE && id != FIELD_IP_PROTO) {
		struct field_value v = gen_value(g, (enum field_id)id);

		oracle_set_field(pkt, (enum field_id)id, &v);
	}
}

static void test_checksums_stay_as_right_or_wrong(void **state)
{
	static struct oracle_packet pkt;
	static struct gen_frame frame;
	unsigned long n_changed = 0;
	struct gen g;

	(void)state;
	gen_init(&g, 1);
	for (unsigned int i = 0; i < 20000; i++) {
		struct wrongness before, after;

		gen_frame(&g, &frame);
		pkt.len = frame.len;
		memcpy(pkt.b, frame.b, frame.len);
		before = measure(&pkt);
		for (unsigned int j = 0; j < 10; j++) {
			act(&g, &pkt);
			after = measure(&pkt);
			assert_int_equal(before.ipv4, after.ipv4);
			assert_int_equal(before.l4, after.l4);
			assert_int_equal(before.sctp, after.sctp);
		}
		assert_int_equal(pkt.len, frame.len);
		n_changed += memcmp(pkt.b, frame.b, frame.len) != 0;
	}
	assert_true(n_changed > 10000);
}

static bool pushes(const struct action *a)
{
	return a->type == ACTION_PUSH_VLAN || a->type == ACTION_PUSH_MPLS || a->type == ACTION_PUSH_PBB;
}

static void check_list(const struct match *m, const struct action_list *list)
{
	assert_true(list->n <= ACTIONS_MAX);
	for (unsigned int i = 0; i < list->n; i++) {
		const struct action *a = &list->a[i];

		assert_true(a->type < N_ACTION_TYPES);
		if (a->type != ACTION_SET_FIELD)
			continue;
		assert_true(gen_sets_field(a->set_field.field));
		assert_true(field_value_fits(a->set_field.field, &a->set_field.value));
		assert_true(match_prereq_ok(m, a->set_field.field) || (i > 0 && pushes(&list->a[i - 1])));
	}
}

static void check_match(const struct match *m)
{
	enum field_id id;

	MATCH_FOR_EACH (m, id) {
		struct field_value exact = field_exact_mask(id);
		bool is_exact = match_is_exact(m, id);

		assert_true(field_is_known(id));
		assert_true(match_prereq_ok(m, id));
		assert_true(is_exact || field_table[id].is_maskable);
		for (unsigned int i = 0; i < FIELD_MAX_BYTES; i++) {
			assert_int_equal(m->value[id].b[i] & ~m->mask[id].b[i], 0);
			assert_int_equal(m->mask[id].b[i] & ~exact.b[i], 0);
		}
	}
}

static void check_rules(const struct flow_mod *rules, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct flow_mod *a = &rules[i];
		const struct instructions *in = &a->instructions;

		check_match(&a->match);
		if (in->has_apply)
			check_list(&a->match, &in->apply);
		if (in->has_write)
			check_list(&a->match, &in->write);
		assert_true(in->goto_table == TABLE_NONE ||
			    (in->goto_table > a->table_id && in->goto_table <= TABLE_MAX));
		for (unsigned int j = 0; j < i; j++) {
			assert_true(a->cookie != rules[j].cookie);
			assert_false(a->table_id == rules[j].table_id &&
				     a->priority == rules[j].priority &&
				     gen_matches_overlap(&a->match, &rules[j].match));
		}
	}
}

static struct gen_frame pool[N_POOL];
static struct flow_mod rules[N_RULES];

static unsigned int make(uint64_t seed, struct gen *g)
{
	struct gen_tables tables;
	unsigned int n;

	gen_init(g, seed);
	for (unsigned int i = 0; i < N_POOL; i++) {
		gen_frame(g, &pool[i]);
		assert_true(pool[i].len >= 14 && pool[i].len <= GEN_FRAME_MAX);
	}
	gen_tables(g, &tables);
	n = gen_rules(g, &tables, pool, N_POOL, rules, 0, N_RULES / 2);
	return n + gen_rules(g, &tables, pool, N_POOL, rules, n, N_RULES / 2);
}

static void test_rules_are_valid_and_match_each_field(void **state)
{
	uint64_t exact = 0, masked = 0, expected_masked = 0, expected = 0;
	struct gen g;

	(void)state;
	for (uint64_t seed = 0; seed < 500; seed++) {
		unsigned int n = make(seed, &g);

		check_rules(rules, n);
		for (unsigned int i = 0; i < n; i++) {
			enum field_id id;

			MATCH_FOR_EACH (&rules[i].match, id) {
				if (match_is_exact(&rules[i].match, id))
					exact |= 1ULL << id;
				else
					masked |= 1ULL << id;
			}
		}
	}
	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		if (!field_is_known(id))
			continue;
		expected |= 1ULL << id;
		if (field_table[id].is_maskable)
			expected_masked |= 1ULL << id;
	}
	assert_true(exact == expected);
	assert_true(masked == expected_masked);
}

static void test_each_action_is_there(void **state)
{
	uint64_t set_fields = 0, expected = 0;
	unsigned int types = 0;
	struct gen g;

	(void)state;
	for (uint64_t seed = 0; seed < 500; seed++) {
		unsigned int n = make(seed, &g);

		for (unsigned int i = 0; i < n; i++) {
			const struct action_list *list = &rules[i].instructions.apply;

			for (unsigned int j = 0; j < list->n; j++) {
				types |= 1u << list->a[j].type;
				if (list->a[j].type == ACTION_SET_FIELD)
					set_fields |= 1ULL << list->a[j].set_field.field;
			}
		}
	}
	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		if (gen_sets_field(id))
			expected |= 1ULL << id;
	}
	assert_int_equal(types, GEN_ACTIONS);
	assert_true(set_fields == expected);
}

static void test_same_seed_same_case(void **state)
{
	static struct gen_frame first_pool[N_POOL];
	static struct flow_mod first[N_RULES];
	struct gen g;
	uint64_t next;
	unsigned int n;

	(void)state;
	n = make(7, &g);
	next = gen_u64(&g);
	for (unsigned int i = 0; i < N_POOL; i++) {
		first_pool[i].len = pool[i].len;
		memcpy(first_pool[i].b, pool[i].b, pool[i].len);
	}
	for (unsigned int i = 0; i < n; i++) {
		first[i].cookie = rules[i].cookie;
		first[i].match = rules[i].match;
	}
	make(8, &g);
	assert_int_equal(make(7, &g), n);
	assert_true(gen_u64(&g) == next);
	for (unsigned int i = 0; i < N_POOL; i++) {
		assert_int_equal(first_pool[i].len, pool[i].len);
		assert_memory_equal(first_pool[i].b, pool[i].b, pool[i].len);
	}
	for (unsigned int i = 0; i < n; i++) {
		assert_true(first[i].cookie == rules[i].cookie);
		assert_true(match_equal(&first[i].match, &rules[i].match));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums_stay_as_right_or_wrong),
		cmocka_unit_test(test_rules_are_valid_and_match_each_field),
		cmocka_unit_test(test_each_action_is_there),
		cmocka_unit_test(test_same_seed_same_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
