/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The classifier: the visible rule of highest priority that a table has for a key.
 *
 * abi.h describes the structures.  The first subtable is searched in line, and of its bucket the
 * first rule: that is all for most packets. Further subtables are searched by calls of
 * skep_search() and skep_walk_chain(), so that the verifier sees a search once and not once per
 * iteration of the loop over subtables.
 */
#ifndef SKEP_BPF_CLASSIFY_H
#define SKEP_BPF_CLASSIFY_H 1

#include "bpf/output.h"
#include "bpf/state.h"

#define SKEP_SEARCH_CHUNK 32

/* The word of the key at byte offset 'ofs', which comes from a subtable, a multiple of 8.  Whatever a byte says is within the state. */
SKEP_INLINE __u64 skep_key_word(const struct skep_state *s, __u8 ofs)
{
	_Static_assert(SKEP_KEY_WORDS == 32, "multiples of 8 that fit into a byte");
	const __u8 *key = (const __u8 *)s->w;

	asm("" : "+r"(key)); /* a copy made here, or the compiler keeps one from the beginning on */
	return *(const __u64 *)(key + ofs);
}

/* The byte at any offset. */
SKEP_INLINE __u8 skep_key_byte(const struct skep_state *s, __u8 ofs)
{
	const __u8 *key = (const __u8 *)s->w;

	asm("" : "+r"(key));
	return key[ofs];
}

/* The first rule of the bucket that hash 'h' is in. */
SKEP_INLINE __u32 skep_bucket_head(__u64 h, __u64 region)
{
	__u32 *head = home_bucket(skep_hash_bucket(h, region));

	return SKEP_LIKELY(head) ? SKEP_ONCE(*head) : 0;
}

/* What a rule was when it was looked at: its 'removed' is read once, since the writer may end it
 * meanwhile. */
struct skep_seen {
	const struct skep_rule *rule; /* NULL: none */
	__u64 removed;
};

/* Whether a packet of 'version' sees the rule. */
SKEP_INLINE _Bool skep_see(struct skep_seen *seen, const struct skep_rule *rule, __u64 version)
{
	if (SKEP_ONCE(rule->added_prio) >> 16 > version)
		return 0;
	seen->removed = SKEP_ONCE(rule->removed);
	if (version >= seen->removed)
		return 0;
	seen->rule = rule;
	return 1;
}

/* The rule is the best so far if none with its priority or a higher one is. */
SKEP_INLINE void skep_candidate(struct skep_state *s, const struct skep_seen *seen)
{
	__u32 prio = (__u32)(SKEP_ONCE(seen->rule->added_prio) & 0xffff) + 1;

	if (prio > s->best_prio) {
		s->best_prio = prio;
		s->best_flow = seen->rule->flow;
		s->best_cells = seen->rule->cells;
		s->best_act = SKEP_ACT_OF(seen->removed);
	}
}

/* True if the rule is what a search by the up to 4 words in s->masked looks for. */
SKEP_INLINE _Bool skep_is_match(const struct skep_state *s, struct skep_seen *seen,
				const struct skep_rule *rule)
{
	__u64 diff = (rule->key[0] ^ s->masked[0]) | (rule->key[1] ^ s->masked[1]) |
		     (rule->key[2] ^ s->masked[2]) | (rule->key[3] ^ s->masked[3]);

	return !diff && skep_see(seen, rule, s->version);
}

/* Searches a chain from rule 'idx' on. */
SKEP_SUB int skep_walk_chain(struct skep_state *s, __u32 idx, __u32 gen)
{
	struct skep_seen seen;

	if (!s)
		return 0;
	for (int i = 0; i < SKEP_CHAIN_MAX && idx; i++) {
		const struct skep_rule *rule = home_rule(idx);

		if (!rule)
			break;
		if (skep_is_match(s, &seen, rule)) {
			skep_candidate(s, &seen);
			break;
		}
		idx = SKEP_ONCE(rule->next[gen & 1]);
	}
	return 0;
}

/* Goes on behind rule 'idx', which was not it. */
SKEP_INLINE void skep_walk_on(struct skep_state *s, const struct skep_rule *rule, __u64 region)
{
	skep_walk_chain(s, SKEP_ONCE(rule->next[SKEP_REGION_GEN(region)]), SKEP_REGION_GEN(region));
}

/* Subtables of at most one word.  Returns the rule if it is the first of its bucket; else what
 * there is becomes s->best_*. */
SKEP_INLINE struct skep_seen skep_search_1(struct skep_state *s, const struct skep_subtable *st)
{
	__u64 region = SKEP_ONCE(st->region), w = skep_key_word(s, st->ofs[0]) & st->mask[0];
	__u32 idx = skep_bucket_head(skep_hash_add(st->seed, w), region);
	struct skep_seen seen = { NULL, 0 };
	const struct skep_rule *rule;

	if (SKEP_UNLIKELY(!idx))
		return seen;
	rule = home_rule(idx);
	if (SKEP_UNLIKELY(!rule))
		return seen;
	if (SKEP_LIKELY(rule->key[0] == w && skep_see(&seen, rule, s->version)))
		return seen;
	s->masked[0] = w;
	for (int i = 1; i < 4; i++)
		s->masked[i] = 0;
	skep_walk_on(s, rule, region);
	return seen;
}

/* The same for subtables of 2 to 4 words. */
SKEP_INLINE struct skep_seen skep_search_4(struct skep_state *s, const struct skep_subtable *st)
{
	__u64 region = SKEP_ONCE(st->region), h = st->seed;
	struct skep_seen seen = { NULL, 0 };
	const struct skep_rule *rule;
	__u32 idx;

	for (int i = 0; i < 4; i++) {
		__u64 w = skep_key_word(s, st->ofs[i]) & st->mask[i];

		s->masked[i] = w;
		h = skep_hash_add(h, w);
	}
	idx = skep_bucket_head(h, region);
	if (SKEP_UNLIKELY(!idx))
		return seen;
	rule = home_rule(idx);
	if (SKEP_UNLIKELY(!rule))
		return seen;
	if (SKEP_UNLIKELY(!skep_is_match(s, &seen, rule)))
		skep_walk_on(s, rule, region);
	return seen;
}

/* If the rule's key is s->masked, of which the first 'n' words count, and the packet sees it, it
 * becomes a candidate.  Returns whether it did. */
SKEP_SUB int skep_try_wide(struct skep_state *s, __u32 idx, __u32 n)
{
	const struct skep_rule *rule = home_rule(idx);
	const struct skep_keyx *x;
	struct skep_seen seen;
	__u64 diff;

	if (!s || !rule)
		return 0;
	diff = (rule->key[0] ^ s->masked[0]) | (rule->key[1] ^ s->masked[1]) |
	       (rule->key[2] ^ s->masked[2]);
	if (diff || !skep_see(&seen, rule, s->version))
		return 0;
	x = home_keyx((__u32)rule->key[3]);
	if (!x)
		return 0;
	for (int i = 0; i < 5; i++)
		diff |= x->w[i] ^ s->masked[3 + i];
	if (n > 8) {
		for (int i = 5; i < 13; i++)
			diff |= x->w[i] ^ s->masked[3 + i];
	}
	if (n > 16) {
		for (int i = 13; i < 21; i++)
			diff |= x->w[i] ^ s->masked[3 + i];
	}
	if (n > 24) {
		for (int i = 21; i < 29; i++)
			diff |= x->w[i] ^ s->masked[3 + i];
	}
	if (diff)
		return 0;
	skep_candidate(s, &seen);
	return 1;
}

/* Fills words 'from' to 'to' - 1 of s->masked, from 4 on, by descriptor 'st'. */
SKEP_INLINE void skep_mask_more(struct skep_state *s, const struct skep_subtable *st,
				const int from, const int to)
{
	for (int i = from; i < to; i++)
		s->masked[i] = skep_key_word(s, st->ofs_x[i - 4]) & st->mask_x[i - 4];
}

/* The same for the first 4. */
SKEP_INLINE void skep_mask_first(struct skep_state *s, const struct skep_subtable *st)
{
	for (int i = 0; i < 4; i++)
		s->masked[i] = skep_key_word(s, st->ofs[i]) & st->mask[i];
}

SKEP_INLINE __u64 skep_hash_masked(const struct skep_state *s, __u64 h, const int from,
				   const int to)
{
	for (int i = from; i < to; i++)
		h = skep_hash_add(h, s->masked[i]);
	return h;
}

/* Fills s->masked by descriptor 'st', of up to 32 words.  Returns the words' hash, those of the
 * class. */
SKEP_INLINE __u64 skep_mask_words(struct skep_state *s, const struct skep_subtable *st)
{
	__u64 h;

	skep_mask_first(s, st);
	skep_mask_more(s, st, 4, 8);
	h = skep_hash_masked(s, st->seed, 0, 8);
	if (st->n_words > 8) {
		skep_mask_more(s, st, 8, 16);
		h = skep_hash_masked(s, h, 8, 16);
	}
	if (st->n_words > 16) {
		skep_mask_more(s, st, 16, 24);
		h = skep_hash_masked(s, h, 16, 24);
	}
	if (st->n_words > 24) {
		skep_mask_more(s, st, 24, 32);
		h = skep_hash_masked(s, h, 24, 32);
	}
	return h;
}

/* Fills s->masked and s->region by subtable 'st_idx' of 5 to 32 words, and returns the first rule
 * of its bucket. */
SKEP_SUB __u32 skep_hash_wide(struct skep_state *s, __u32 st_idx)
{
	const struct skep_subtable *st = home_subtable(st_idx);
	__u64 h;

	if (!s || !st)
		return 0;
	h = skep_mask_words(s, st);
	s->region = SKEP_ONCE(st->region);
	return skep_bucket_head(h, s->region);
}

SKEP_SUB int skep_search_wide(struct skep_state *s, __u32 st_idx)
{
	const struct skep_subtable *st = home_subtable(st_idx);
	__u32 gen, n, idx;

	if (!s || !st)
		return 0;
	n = st->n_words;
	idx = skep_hash_wide(s, st_idx);
	gen = SKEP_REGION_GEN(s->region);
	for (int i = 0; i < SKEP_CHAIN_MAX && idx; i++) {
		const struct skep_rule *rule = home_rule(idx);

		if (!rule)
			break;
		if (skep_try_wide(s, idx, n))
			break;
		idx = SKEP_ONCE(rule->next[gen & 1]);
	}
	return 0;
}

/* Searches subtable 'idx', which is 'st'.  Returns the rule if it is the first of its bucket; else
 * what there is becomes s->best_*. */
SKEP_INLINE struct skep_seen skep_search_inline(struct skep_state *s, __u32 idx,
						const struct skep_subtable *st)
{
	struct skep_seen none = { NULL, 0 };

	if (st->n_words <= 1)
		return skep_search_1(s, st);
	if (SKEP_LIKELY(st->n_words <= 4))
		return skep_search_4(s, st);
	skep_search_wide(s, idx);
	return none;
}

/* Searches subtable 'idx'; a better rule than the best so far replaces it.  Returns the subtable to
 * search next, or 0.  In a function of its own: in line, the verifier of kernel 6.1 went through a
 * million instructions for the loop below. */
SKEP_SUB __u32 skep_search_one(struct skep_state *s, __u32 idx)
{
	const struct skep_subtable *st = home_subtable(idx);
	struct skep_seen seen;

	if (!s || !st || s->best_prio > st->max_prio)
		return 0;
	seen = skep_search_inline(s, idx, st);
	if (seen.rule)
		skep_candidate(s, &seen);
	return SKEP_ONCE(st->next);
}

/* The same, for up to SKEP_SEARCH_CHUNK subtables from 'idx' on. */
SKEP_SUB __u32 skep_search(struct skep_state *s, __u32 idx)
{
	if (!s)
		return 0;
	for (int i = 0; i < SKEP_SEARCH_CHUNK && idx; i++)
		idx = skep_search_one(s, idx);
	return idx;
}

/* Searches those subtables of block 'idx' that may have a rule for the packet, but 'done'.  Returns
 * the next block, or 0. */
SKEP_SUB __u32 skep_search_pruned(struct skep_state *s, __u32 idx, __u32 done)
{
	const struct skep_prune *p = home_prune(idx);
	__u64 may = ~0ULL;

	if (!s || !p)
		return 0;
	if (s->best_prio > p->max_prio)
		return SKEP_ONCE(p->next);
	for (int i = 0; i < SKEP_PRUNE_BYTES; i++)
		may &= SKEP_ONCE(p->may[i][skep_key_byte(s, p->ofs[i])]);
	/* In memory, or the verifier of kernel 6.1 would tell one set from another. */
	SKEP_ONCE_SET(s->may, may);
	for (int i = 0; i < SKEP_PRUNE_SUBTABLES; i++) {
		__u32 st;

		may = SKEP_ONCE(s->may);
		if (!may)
			break;
		SKEP_ONCE_SET(s->may, may & (may - 1));
		st = SKEP_ONCE(p->slot[skep_prune_slot(may & -may)]);
		if (st && st != done)
			skep_search_one(s, st);
	}
	return SKEP_ONCE(p->next);
}

/* Searches all subtables of table 'table_idx' but 'done', the first one, behind which 'next' is in
 * the list. */
SKEP_SUB int skep_search_all(struct skep_state *s, __u32 table_idx, __u32 done, __u32 next)
{
	const struct skep_table *table = home_table(table_idx);
	__u32 block = table ? SKEP_ONCE(table->prune) : 0;

	if (block)
		next = 0;
	for (int i = 0; i < SKEP_PRUNE_BLOCKS_MAX && block; i++)
		block = skep_search_pruned(s, block, done);
	for (int i = 0; i < SKEP_SUBTABLES_MAX / SKEP_SEARCH_CHUNK && next; i++)
		next = skep_search(s, next);
	if (block | next)
		skep_drop(s, SKEP_DROP_BUG);
	return 0;
}

#endif
