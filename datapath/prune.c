// SPDX-License-Identifier: Apache-2.0
/*
 * Tuple pruning: the writer's side of skep_prunes (bpf/abi.h).
 *
 * A table with several masks has blocks of up to 64 subtables each.  A block says by a few bytes of
 * the key which of its subtables a packet need not be looked up in.  Which bytes is chosen when the
 * block is made, from the rules that are there then; it is made anew when as many rules have come
 * and gone as there were, or as many masks have come.  Between that, bits are only set: a rule that
 * went leaves its own, which cost a search that finds nothing.
 *
 * Nothing here can fail: a table for which there is no room, or no memory, has no blocks, and its
 * subtables are searched one by one.
 */
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"

/* With fewer masks, the blocks cost as much as what they save. */
#define MIN_MASKS 6
/* The rest of a block is for masks that come later. */
#define FILL (SKEP_PRUNE_SUBTABLES * 3 / 4)
/* Rules that come and go before a small table's blocks are made anew. */
#define MIN_CHANGES 4096
/* Rules of a subtable that are looked at to choose bytes by. */
#define SAMPLES	       256
#define KEY_BYTES      (SKEP_KEY_WORDS * 8)
#define MAX_CANDIDATES 96
/* A byte of the key that is 0 in all packets, and that no mask touches. */
#define WILD_BYTE (KEY_BYTES - 1)

/* The blocks of a table. */
struct prune {
	unsigned int n_blocks;
	struct {
		uint32_t idx;  /* in skep_prunes */
		uint64_t used; /* bits that stand for a subtable */
	} block[SKEP_PRUNE_BLOCKS_MAX];
	uint32_t n_masks, n_made_for; /* now, and when the blocks were made */
	uint32_t n_changes;	      /* rules that have come and gone since then */
	uint32_t changes_max;
};

static uint32_t least_masks(const struct dp *dp)
{
	return dp->config.prune_masks ? dp->config.prune_masks : MIN_MASKS;
}

void prune_reserve(struct dp *dp, uint32_t table)
{
	uint32_t n = dp->tables[table].n_places;
	const struct need need = { .prunes = n / FILL + 2 };

	if (n + 1 >= least_masks(dp))
		reserve(dp, &need); /* if it cannot, there are no blocks */
}

static void note_stale(struct dp *dp, uint32_t table)
{
	dp->tables[table].is_prune_stale = true;
	dp->is_prune_stale[table / 256] = true;
	dp->is_any_prune_stale = true;
}

/* --- Bits --- */

/* Sets 'bit' for each value that a byte may have that is 'value' under 'mask'. */
static void set_values(__u64 may[256], uint8_t value, uint8_t mask, uint64_t bit)
{
	uint8_t any = (uint8_t)~mask, rest = 0;

	do {
		__u64 *word = &may[value | rest];

		if (!(*word & bit))
			__atomic_store_n(word, *word | bit, __ATOMIC_RELAXED);
		rest = (uint8_t)((rest - any) & any);
	} while (rest);
}

static uint8_t mask_byte(const struct subtable *s, unsigned int ofs)
{
	return ((const uint8_t *)s->mask.w)[ofs];
}

/* The byte of a rule's masked key at 'ofs', which the mask touches. */
static uint8_t rule_byte(const struct subtable *s, const struct rule_words *words, unsigned int ofs)
{
	unsigned int i = 0;

	while (s->words[i] != ofs / 8)
		i++;
	return ((const uint8_t *)&words->w[i])[ofs % 8];
}

static void set_rule(struct skep_prune *p, const struct subtable *s, const struct rule_words *words)
{
	for (unsigned int i = 0; i < SKEP_PRUNE_BYTES; i++) {
		uint8_t mask = mask_byte(s, p->ofs[i]);

		if (mask)
			set_values(p->may[i], rule_byte(s, words, p->ofs[i]), mask,
				   1ULL << s->prune_bit);
	}
}

/* Gives the subtable a bit of the block, without rules yet. */
static void take_bit(struct dp *dp, struct subtable *s, struct prune *t, unsigned int block)
{
	struct skep_prune *p = PRUNE(dp, t->block[block].idx);
	unsigned int bit = (unsigned int)__builtin_ctzll(~t->block[block].used);

	t->block[block].used |= 1ULL << bit;
	s->is_pruned = true;
	s->prune_block = (uint8_t)block;
	s->prune_bit = (uint8_t)bit;
	for (unsigned int i = 0; i < SKEP_PRUNE_BYTES; i++) {
		if (!mask_byte(s, p->ofs[i]))
			set_values(p->may[i], 0, 0, 1ULL << bit);
	}
	if (s->top_prio > p->max_prio)
		p->max_prio = s->top_prio;
	PUBLISH(&p->slot[skep_prune_slot(1ULL << bit)], s->here.idx);
}

static struct skep_prune *block_of(const struct dp *dp, const struct subtable *s)
{
	return PRUNE(dp, dp->tables[s->table].prune->block[s->prune_block].idx);
}

/* --- Which bytes --- */

/* The values of each byte that rules of a subtable may match, as sets of bits. */
struct values {
	uint64_t of[KEY_BYTES][4];
	unsigned int n_rules;
	const struct dp *dp;
	const struct subtable *s;
};

static void add_value(uint64_t set[4], uint8_t value, uint8_t mask)
{
	uint8_t any = (uint8_t)~mask, rest = 0;

	do {
		uint8_t v = value | rest;

		set[v / 64] |= 1ULL << v % 64;
		rest = (uint8_t)((rest - any) & any);
	} while (rest);
}

static void visit_sample(void *aux, uint32_t rule)
{
	struct values *v = aux;
	struct rule_words words;

	if (v->n_rules++ >= SAMPLES)
		return;
	rule_words(v->dp, v->s, rule, &words);
	for (unsigned int i = 0; i < v->s->n_words; i++) {
		for (unsigned int j = 0; j < 8; j++) {
			unsigned int ofs = v->s->words[i] * 8u + j;
			uint8_t mask = mask_byte(v->s, ofs);

			if (mask)
				add_value(v->of[ofs], ((const uint8_t *)&words.w[i])[j], mask);
		}
	}
}

static void sample(const struct dp *dp, const struct subtable *s, struct values *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->dp = dp;
	ret->s = s;
	for (unsigned int ofs = 0; ofs < KEY_BYTES; ofs++) {
		if (!mask_byte(s, ofs))
			memset(ret->of[ofs], 0xff, sizeof(ret->of[ofs]));
	}
	subtable_for_each_linked(dp, s, visit_sample, ret);
}

/* True if packets that no rule is about have all kinds of values there.  Most have the same
 * EtherType. */
static bool is_varied(unsigned int ofs)
{
#define IS_IN(FIELD)                                                                               \
	(ofs >= offsetof(struct skep_key, FIELD) &&                                                \
	 ofs < offsetof(struct skep_key, FIELD) + sizeof(((struct skep_key *)0)->FIELD))
	return IS_IN(eth_dst) || IS_IN(eth_src) || IS_IN(ipv4_src) || IS_IN(ipv4_dst) ||
	       IS_IN(tp_src) || IS_IN(tp_dst) || IS_IN(ipv6_src) || IS_IN(ipv6_dst) ||
	       IS_IN(nd_target) || IS_IN(nd_sll) || IS_IN(nd_tll);
#undef IS_IN
}

static unsigned int count(const uint64_t a[4], const uint64_t b[4])
{
	unsigned int n = 0;

	for (int i = 0; i < 4; i++)
		n += (unsigned int)__builtin_popcountll(a[i] & b[i]);
	return n;
}

/* What is known of the subtables of a block: how likely a packet is to be looked up in each. */
struct choice {
	unsigned int n; /* subtables */
	const struct values *v;
	/* By the bytes chosen so far, a packet that a rule of subtable i is about, in j. */
	float like[FILL][FILL];
	/* A packet that no rule is about. */
	float other[FILL];
	unsigned int n_candidates;
	struct candidate {
		uint8_t ofs;
		bool is_taken;
		float like[FILL][FILL];
		float other[FILL];
	} candidate[MAX_CANDIDATES];
};

static void add_candidate(struct choice *c, unsigned int ofs)
{
	static const uint64_t all[4] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL };
	struct candidate *cand = &c->candidate[c->n_candidates++];
	bool varied = is_varied(ofs);

	cand->ofs = (uint8_t)ofs;
	for (unsigned int i = 0; i < c->n; i++) {
		const uint64_t *own = c->v[i].of[ofs];
		unsigned int n = count(own, all);

		cand->other[i] = varied ? (float)n / 256 : 1;
		for (unsigned int j = 0; j < c->n; j++)
			cand->like[i][j] = !n || (n == 256 && !varied)
						   ? 1
						   : (float)count(own, c->v[j].of[ofs]) / (float)n;
	}
}

static float cost(const struct choice *c, const struct candidate *cand)
{
	float like = 0, other = 0;

	for (unsigned int i = 0; i < c->n; i++) {
		other += c->other[i] * cand->other[i];
		for (unsigned int j = 0; j < c->n; j++)
			like += c->like[i][j] * cand->like[i][j];
	}
	return like / (float)c->n + other;
}

static void choose(struct choice *c, struct candidate *cand)
{
	cand->is_taken = true;
	for (unsigned int i = 0; i < c->n; i++) {
		c->other[i] *= cand->other[i];
		for (unsigned int j = 0; j < c->n; j++)
			c->like[i][j] *= cand->like[i][j];
	}
}

/* One after the other, the byte that leaves the fewest subtables to search. */
static void choose_bytes(struct choice *c, uint8_t ret[SKEP_PRUNE_BYTES])
{
	for (unsigned int i = 0; i < SKEP_PRUNE_BYTES; i++) {
		struct candidate *best = NULL;
		float least = 0;

		for (unsigned int j = 0; j < c->n_candidates; j++) {
			struct candidate *cand = &c->candidate[j];
			float now = cand->is_taken ? 0 : cost(c, cand);

			if (!cand->is_taken && (!best || now < least)) {
				best = cand;
				least = now;
			}
		}
		ret[i] = best ? best->ofs : WILD_BYTE;
		if (best)
			choose(c, best);
	}
}

/* False: no memory. */
static bool find_bytes(const struct dp *dp, struct subtable *const *s, unsigned int n,
		       uint8_t ret[SKEP_PRUNE_BYTES])
{
	struct choice *c = calloc(1, sizeof(*c));
	struct values *v = malloc(n * sizeof(*v));

	if (c && v) {
		c->n = n;
		c->v = v;
		for (unsigned int i = 0; i < n; i++) {
			sample(dp, s[i], &v[i]);
			c->other[i] = 1;
			for (unsigned int j = 0; j < n; j++)
				c->like[i][j] = 1;
		}
		for (unsigned int ofs = 0; ofs < KEY_BYTES && c->n_candidates < MAX_CANDIDATES;
		     ofs++) {
			bool is_touched = false;

			for (unsigned int i = 0; i < n; i++)
				is_touched = is_touched || mask_byte(s[i], ofs);
			if (is_touched)
				add_candidate(c, ofs);
		}
		choose_bytes(c, ret);
	}
	free(v);
	free(c);
	return c && v;
}

/* --- Blocks --- */

/* An empty block at the end of the table's, that looks at the bytes at 'ofs'. */
static void add_block(struct dp *dp, struct prune *t, const uint8_t ofs[SKEP_PRUNE_BYTES])
{
	uint32_t idx = spans_alloc(&dp->prunes, 0);
	struct skep_prune *p = PRUNE(dp, idx);

	memset(p, 0, sizeof(*p));
	memcpy(p->ofs, ofs, sizeof(p->ofs));
	if (t->n_blocks)
		PUBLISH(&PRUNE(dp, t->block[t->n_blocks - 1].idx)->next, idx);
	t->block[t->n_blocks].idx = idx;
	t->block[t->n_blocks++].used = 0;
}

static void discard(struct dp *dp, struct prune *t)
{
	for (unsigned int i = 0; t && i < t->n_blocks; i++)
		garbage_put(dp, GARBAGE_PRUNE, t->block[i].idx, 0);
	free(t);
}

static void drop(struct dp *dp, uint32_t table)
{
	struct table_info *t = &dp->tables[table];
	struct prune *old = t->prune;

	PUBLISH(&TABLE(dp, table)->prune, 0);
	t->prune = NULL;
	for (struct subtable *s = subtable_next(dp, table, NULL); s;
	     s = subtable_next(dp, table, s))
		s->is_pruned = false;
	discard(dp, old);
}

struct filling {
	struct dp *dp;
	const struct subtable *s;
	struct skep_prune *p;
	uint32_t n_rules;
};

static void visit_fill(void *aux, uint32_t rule)
{
	struct filling *f = aux;
	struct rule_words words;

	rule_words(f->dp, f->s, rule, &words);
	set_rule(f->p, f->s, &words);
	f->n_rules++;
}

/* Puts 'n' subtables into a block of their own.  Returns how many rules they have. */
static uint32_t fill(struct dp *dp, struct prune *new, struct subtable *const *s, unsigned int n,
		     const uint8_t ofs[SKEP_PRUNE_BYTES])
{
	struct filling f = { .dp = dp };

	add_block(dp, new, ofs);
	f.p = PRUNE(dp, new->block[new->n_blocks - 1].idx);
	for (unsigned int i = 0; i < n; i++) {
		take_bit(dp, s[i], new, new->n_blocks - 1);
		f.s = s[i];
		subtable_for_each_linked(dp, s[i], visit_fill, &f);
	}
	return f.n_rules;
}

/* The table's subtables, in the order of the list: the first ones have the highest priorities. */
static unsigned int collect(const struct dp *dp, uint32_t table,
			    struct subtable *ret[SKEP_SUBTABLES_MAX])
{
	unsigned int n = 0;

	for (struct subtable *s = subtable_next(dp, table, NULL); s && n < SKEP_SUBTABLES_MAX;
	     s = subtable_next(dp, table, s))
		ret[n++] = s;
	return n;
}

/* Makes the blocks of a table with the 'n' subtables 's'.  The old ones stay if it cannot. */
static void make(struct dp *dp, uint32_t table, struct subtable *const *s, unsigned int n)
{
	struct table_info *t = &dp->tables[table];
	uint8_t ofs[SKEP_PRUNE_BLOCKS_MAX][SKEP_PRUNE_BYTES];
	unsigned int n_blocks = (n + FILL - 1) / FILL;
	struct prune *new, *old = t->prune;
	uint32_t n_rules = 0;

	if (!spans_have(&dp->prunes, 0, n_blocks))
		return;
	for (unsigned int i = 0; i < n_blocks; i++) {
		if (!find_bytes(dp, s + i * FILL, n - i * FILL < FILL ? n - i * FILL : FILL,
				ofs[i]))
			return;
	}
	new = calloc(1, sizeof(*new));
	if (!new)
		return;
	for (unsigned int i = 0; i < n_blocks; i++)
		n_rules += fill(dp, new, s + i * FILL, n - i * FILL < FILL ? n - i * FILL : FILL,
				ofs[i]);
	new->n_masks = new->n_made_for = n;
	new->changes_max = n_rules > MIN_CHANGES ? n_rules : MIN_CHANGES;
	t->prune = new;
	PUBLISH(&TABLE(dp, table)->prune, new->block[0].idx);
	discard(dp, old);
}

static void refresh(struct dp *dp, uint32_t table)
{
	struct subtable *s[SKEP_SUBTABLES_MAX];
	unsigned int n = collect(dp, table, s);

	dp->tables[table].is_prune_stale = false;
	if (n >= least_masks(dp))
		make(dp, table, s, n);
	else if (dp->tables[table].prune && n < least_masks(dp) / 2 + 1)
		drop(dp, table);
}

void prune_refresh(struct dp *dp)
{
	if (!dp->is_any_prune_stale)
		return;
	dp->is_any_prune_stale = false;
	for (uint32_t bridge = 0; bridge < DP_BRIDGES_MAX; bridge++) {
		for (uint32_t i = 0; dp->is_prune_stale[bridge] && i < 256; i++) {
			if (dp->tables[bridge * 256 + i].is_prune_stale)
				refresh(dp, bridge * 256 + i);
		}
		dp->is_prune_stale[bridge] = false;
	}
}

/* --- Changes --- */

/* A block with a free bit; 'n_blocks' if there is none. */
static unsigned int block_with_room(const struct prune *t)
{
	unsigned int i = 0;

	while (i < t->n_blocks && !~t->block[i].used)
		i++;
	return i;
}

void prune_add(struct dp *dp, struct subtable *s)
{
	struct prune *t = dp->tables[s->table].prune;
	unsigned int block;

	if (!t) {
		if (dp->tables[s->table].n_places >= least_masks(dp))
			note_stale(dp, s->table);
		return;
	}
	block = block_with_room(t);
	if (block == t->n_blocks) {
		if (block == SKEP_PRUNE_BLOCKS_MAX || !spans_have(&dp->prunes, 0, 1)) {
			drop(dp, s->table);
			note_stale(dp, s->table);
			return;
		}
		add_block(dp, t, PRUNE(dp, t->block[0].idx)->ofs);
	}
	take_bit(dp, s, t, block);
	if (++t->n_masks > t->n_made_for * 2)
		note_stale(dp, s->table);
}

void prune_remove(struct dp *dp, struct subtable *s)
{
	struct prune *t = dp->tables[s->table].prune;
	uint64_t bit = 1ULL << s->prune_bit;
	struct skep_prune *p;

	if (!s->is_pruned)
		return;
	p = block_of(dp, s);
	PUBLISH(&p->slot[skep_prune_slot(bit)], 0);
	for (unsigned int i = 0; i < SKEP_PRUNE_BYTES; i++) {
		for (unsigned int v = 0; v < 256; v++)
			__atomic_store_n(&p->may[i][v], p->may[i][v] & ~bit, __ATOMIC_RELAXED);
	}
	t->block[s->prune_block].used &= ~bit;
	t->n_masks--;
	s->is_pruned = false;
	if (t->n_masks < least_masks(dp))
		note_stale(dp, s->table);
}

void prune_place(struct dp *dp, const struct subtable *s)
{
	struct skep_prune *p;

	if (!s->is_pruned)
		return;
	p = block_of(dp, s);
	if (s->top_prio > p->max_prio)
		PUBLISH(&p->max_prio, s->top_prio);
	PUBLISH(&p->slot[skep_prune_slot(1ULL << s->prune_bit)], s->here.idx);
}

static void note_change(struct dp *dp, uint32_t table)
{
	struct prune *t = dp->tables[table].prune;

	if (++t->n_changes == t->changes_max)
		note_stale(dp, table);
}

void prune_link(struct dp *dp, const struct subtable *s, const struct rule_words *words)
{
	if (!s->is_pruned)
		return;
	set_rule(block_of(dp, s), s, words);
	note_change(dp, s->table);
}

void prune_unlink(struct dp *dp, const struct subtable *s)
{
	if (s->is_pruned)
		note_change(dp, s->table);
}

void prune_destroy(struct dp *dp)
{
	for (uint32_t i = 0; i < N_TABLE_SLOTS; i++)
		free(dp->tables[i].prune);
}
