/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow cache: what a packet with the same values of all fields that any rule looks at was found
 * to hit.
 *
 * A bridge whose tables have several masks has a descriptor, skep_bridge.cache, that names the
 * words of the key which any of its masks touches, with the union of the masks.  The words of a
 * packet under that union decide what each table finds for it, as long as nothing is parsed anew
 * that the first parse did not see, and no meter remarks it: from then on the tables are searched.
 * So they are the key of a table, per CPU and of fixed size, from them to the list of rules that
 * such a packet hits.  An entry is good for one version and one descriptor.  A list may be shorter
 * than the way through the tables: what it lacks is looked up in the tables, and appended if it can
 * be.
 *
 * A packet that hits an entry executes the same rules, and counts at the same flows and tables, as
 * it would without.  Rules that only lead to the next table are gone through without a look at what
 * they say.
 *
 * Traffic cannot blow it up: a packet that is not in it costs its bounded search, and the writing
 * of an entry; where both entries of its set are taken it mostly takes no place, and never that of
 * a flow whose packets come more often than eight that want it (skep_cache_victim()).
 *
 * Nobody but the holder of the CPU's first state (skep_cpu) reads or writes the CPU's entries, so
 * they need no care for concurrency.  skepd's host build, which executes packet-outs, has no cache;
 * tests give it one.
 */
#ifndef SKEP_BPF_CACHE_H
#define SKEP_BPF_CACHE_H 1

#include "bpf/classify.h"
#include "bpf/count.h"
#include "bpf/state.h"

/* Adds words 'from' to 'to' - 1 of s->masked to a hash of two lanes, which a CPU multiplies side by
 * side. */
SKEP_INLINE void skep_cache_hash(const struct skep_state *s, __u64 h[2], const int from,
				 const int to)
{
	for (int i = from; i < to; i++)
		h[i & 1] = skep_hash_add(h[i & 1], s->masked[i]);
}

/* Fills s->masked by descriptor 'st', of up to 24 words.  Returns their hash. */
SKEP_INLINE __u64 skep_cache_key(struct skep_state *s, const struct skep_subtable *st)
{
	__u64 h[2] = { st->seed, st->seed ^ SKEP_HASH_MUL };

	skep_mask_first(s, st);
	skep_cache_hash(s, h, 0, 4);
	if (st->n_words > 4) {
		skep_mask_more(s, st, 4, 8);
		skep_cache_hash(s, h, 4, 8);
	}
	if (st->n_words > 8) {
		skep_mask_more(s, st, 8, SKEP_CACHE_WORDS);
		skep_cache_hash(s, h, 8, SKEP_CACHE_WORDS);
	}
	return skep_hash_add(h[0], h[1]);
}

/* Whether entry 'way' of the set is that of the key in s->masked, s->hash, of a descriptor with 'id' and 'n' words. */
SKEP_INLINE _Bool skep_cache_is(const struct skep_state *s, const struct skep_cache_set *set,
				const __u32 way, __u32 id, __u32 n)
{
	const struct skep_cache_tag *tag = &set->tag[way];
	const __u64 *w = set->list[way].w;
	__u64 diff = (tag->hash ^ s->hash) | (tag->version ^ s->version) | (tag->id ^ id);

	if (diff)
		return 0;
	for (int i = 0; i < 4; i++)
		diff |= w[i] ^ s->masked[i];
	if (n > 4) {
		for (int i = 4; i < 8; i++)
			diff |= w[i] ^ s->masked[i];
	}
	if (n > 8) {
		for (int i = 8; i < SKEP_CACHE_WORDS; i++)
			diff |= w[i] ^ s->masked[i];
	}
	return !diff;
}

/* Makes entry 'way' of the set that of the key in s->masked, with an empty list. */
SKEP_INLINE void skep_cache_take(struct skep_state *s, struct skep_cache_set *set, const __u32 way,
				 __u32 id, __u32 n)
{
	struct skep_cache_tag *tag = &set->tag[way];
	__u64 *w = set->list[way].w;

	tag->version = s->version;
	tag->hash = s->hash;
	tag->id = id;
	tag->n = 0;
	set->list[way].hit[0].how = SKEP_HIT_END;
	set->is_used[way] = 0;
	for (int i = 0; i < 8; i++)
		w[i] = s->masked[i];
	if (n > 8) {
		for (int i = 8; i < SKEP_CACHE_WORDS; i++)
			w[i] = s->masked[i];
	}
}

/* The entry of the set that a packet may take which is in neither; 2: none.  An outdated one at
 * once; of two that are taken, one that no packet has found since the last one wanted it, and only
 * one packet in eight wants any.  So what comes once, however much of it, takes the places of its
 * own kind, and flows keep theirs. */
SKEP_INLINE __u32 skep_cache_victim(struct skep_state *s, struct skep_cache_set *set)
{
	if (set->tag[0].version != s->version)
		return 0;
	if (set->tag[1].version != s->version)
		return 1;
	if (++s->cache_turn & 7)
		return 2;
	if (!set->is_used[0])
		return 0;
	if (!set->is_used[1])
		return 1;
	set->is_used[0] = set->is_used[1] = 0;
	return 2;
}

/* Notes that entry 'way' was found. */
SKEP_INLINE __u32 skep_cache_found(struct skep_cache_set *set, const __u32 way)
{
	if (SKEP_UNLIKELY(!set->is_used[way]))
		set->is_used[way] = 1;
	return way;
}

/* Which entry of the set is the packet's, or becomes it; 2: none. */
SKEP_INLINE __u32 skep_cache_way(struct skep_state *s, struct skep_cache_set *set, __u32 id,
				 __u32 n)
{
	if (SKEP_LIKELY(skep_cache_is(s, set, 0, id, n)))
		return skep_cache_found(set, 0);
	if (skep_cache_is(s, set, 1, id, n))
		return skep_cache_found(set, 1);
	switch (skep_cache_victim(s, set)) {
	case 0:
		skep_cache_take(s, set, 0, id, n);
		return 0;
	case 1:
		skep_cache_take(s, set, 1, id, n);
		return 1;
	default:
		return 2;
	}
}

/* Finds the entry for a packet at its entry into the tables, or takes one for it: s->cache, and way
 * '*ret_way' of the set that is returned.  NULL: it has none. */
SKEP_INLINE const struct skep_cache_set *skep_cache_find(struct skep_state *s, __u32 *ret_way)
{
	const struct skep_subtable *st;
	const struct skep_bridge *br;
	struct skep_cache_set *set;
	__u32 idx, way;

	if (s->level)
		return NULL;
	br = home_bridge(s->bridge);
	if (!br || !br->cache || br->flags & SKEP_BF_STANDALONE)
		return NULL;
	st = home_subtable(SKEP_ONCE(br->cache));
	if (!st)
		return NULL;
	s->hash = skep_cache_key(s, st);
	s->cache_pos = 0;
	idx = (__u32)(s->hash >> (64 - SKEP_CACHE_SETS_LOG2));
	set = home_cache(idx);
	if (!set)
		return NULL;
	way = skep_cache_way(s, set, st->id, st->n_words);
	if (way >= 2)
		return NULL;
	s->cache = idx * 2 + way + 1;
	*ret_way = way;
	return set;
}

/* What a rule that is gone through without executing it may have: metadata to write, and a table to go to. */
SKEP_INLINE _Bool skep_is_plain(const struct skep_state *s, const struct skep_head *head)
{
	return !head->n_apply && !(head->flags & (SKEP_HF_CLEAR | SKEP_HF_WRITE | SKEP_HF_METER)) &&
	       head->goto_table > s->table && head->goto_table < SKEP_TABLES;
}

/* Appends the rule found, s->best_*, in table 'table_idx' to the list, if it can be. */
SKEP_SUB int skep_cache_append(struct skep_state *s, __u32 table_idx)
{
	const struct skep_head *head;
	struct skep_cache_set *set;
	struct skep_cache_hit *hit;
	__u32 way;
	__u64 pos;

	if (!s || !s->cache)
		return 0;
	way = (s->cache - 1) & 1;
	set = home_cache((s->cache - 1) / 2);
	head = (const struct skep_head *)home_cell(s->best_cells);
	pos = s->cache_pos;
	if (!set || !head || pos != set->tag[way].n || pos >= SKEP_CACHE_HITS)
		return 0;
	hit = &set->list[way].hit[pos];
	hit->ctr = home_striped(s->best_flow, s->stripe);
	hit->table_ctr = home_striped(table_idx, s->stripe);
	hit->cells = s->best_cells;
	hit->act = (__u16)s->best_act;
	hit->how = skep_is_plain(s, head) ? SKEP_HIT_PLAIN : 0;
	hit->table = hit->how ? head->goto_table : (__u8)s->table;
	if (head->flags & SKEP_HF_METADATA)
		hit->how |= SKEP_HIT_METADATA;
	if (pos + 1 < SKEP_CACHE_HITS)
		set->list[way].hit[pos + 1].how = SKEP_HIT_END;
	set->tag[way].n = (__u32)pos + 1;
	s->cache_pos = (__u32)pos + 1;
	return 0;
}

SKEP_INLINE void skep_put_metadata(struct skep_state *s, __u32 cell)
{
	const struct skep_cell_data *md = (const struct skep_cell_data *)home_cell(cell);

	if (md)
		s->key.metadata = (s->key.metadata & ~md->words[1]) | (md->words[0] & md->words[1]);
}

/* Goes on in the packet's list: counts what it hits, up to the next rule that is to be executed,
 * which it leaves in s->best_cells, s->best_act and s->table. Returns 0 if the list has none: look
 * it up in s->table. */
SKEP_SUB int skep_replay(struct skep_state *s)
{
	const struct skep_cache_list *list;
	const struct skep_cache_set *set;
	__u32 way, n, table;
	int verdict = 0;
	__u64 now;

	if (!s)
		return 0;
	table = s->table;
	now = home_now(s);
	way = (s->cache - 1) & 1;
	set = home_cache((s->cache - 1) / 2);
	if (!set)
		return 0;
	n = set->tag[way].n;
	list = &set->list[way];
	for (int i = 0; i < SKEP_CACHE_HITS; i++) {
		/* In memory, or the verifier of kernel 6.1 would tell one place from another. */
		__u64 pos = SKEP_ONCE(s->cache_pos);
		const struct skep_cache_hit *hit;

		if (pos >= n || pos >= SKEP_CACHE_HITS)
			break;
		hit = &list->hit[pos];
		SKEP_ONCE_SET(s->cache_pos, (__u32)pos + 1);
		skep_count(hit->ctr, hit->table_ctr, s->frame_len, now);
		table = hit->table;
		if (!(hit->how & SKEP_HIT_PLAIN)) {
			s->best_cells = hit->cells;
			s->best_act = hit->act;
			verdict = 1;
			break;
		}
		if (hit->how & SKEP_HIT_METADATA)
			skep_put_metadata(s, hit->cells + 1);
	}
	s->table = table;
	return verdict;
}

/* Goes through a list from its beginning, as skep_replay() does: most packets go no further.  Of a
 * plain rule it looks at no more than what it counts. */
SKEP_INLINE int skep_replay_first(struct skep_state *s, const struct skep_cache_list *list)
{
	const struct skep_cache_hit *hit = list->hit;
	__u64 now = home_now(s), len = s->frame_len;
	__u32 i;

	for (i = 0; i < SKEP_CACHE_HITS; i++, hit++) {
		__u8 how = hit->how;

		if (SKEP_UNLIKELY(how & SKEP_HIT_END))
			break;
		skep_count(hit->ctr, hit->table_ctr, len, now);
		if (SKEP_LIKELY(how == SKEP_HIT_PLAIN))
			continue;
		if (!(how & SKEP_HIT_PLAIN)) {
			s->best_cells = hit->cells;
			s->best_act = hit->act;
			s->table = hit->table;
			s->cache_pos = i + 1;
			return 1;
		}
		skep_put_metadata(s, hit->cells + 1);
	}
	if (i)
		s->table = hit[-1].table;
	s->cache_pos = i;
	return 0;
}

/* Finds or takes the packet's entry, and begins with its list as skep_replay() does. */
SKEP_SUB int skep_cache_run(struct skep_state *s)
{
	const struct skep_cache_set *set;
	__u32 way;

	if (!s)
		return 0;
	set = skep_cache_find(s, &way);
	return set ? skep_replay_first(s, &set->list[way]) : 0;
}

#endif
