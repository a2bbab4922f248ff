// SPDX-License-Identifier: Apache-2.0
/*
 * The writer's side of the classifier: subtables in order of priority, their bucket regions, and the chains of rules.  Readers in the
 * kernel walk all of this while it changes; bpf/abi.h says what they rely on.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "datapath/private.h"

#define LARGE_REGION_LOG2 16 /* buckets: larger ones grow twofold, since they cost memory, smaller ones fourfold, since it costs time */

/* --- Masks --- */

static unsigned int mask_bucket(uint32_t table, const union keymap_words *mask)
{
	uint64_t h = table;

	for (unsigned int i = 0; i < SKEP_KEY_WORDS; i++)
		h = skep_hash_add(h, mask->w[i]);
	return (unsigned int)(h % MASK_BUCKETS);
}

struct subtable *subtable_find(const struct dp *dp, uint32_t table, const union keymap_words *mask)
{
	struct subtable *s;

	LIST_FOREACH(s, &dp->masks[mask_bucket(table, mask)], by_mask) {
		if (s->table == table && !memcmp(&s->mask, mask, sizeof(*mask)))
			return s;
	}
	return NULL;
}

/* --- Keys --- */

void subtable_words(const struct subtable *s, const union keymap_words *key,
		    struct rule_words *ret)
{
	memset(ret, 0, (s->n_words > 4 ? SKEP_KEY_WORDS : 4) * sizeof(ret->w[0]));
	for (unsigned int i = 0; i < s->n_words; i++)
		ret->w[i] = key->w[s->words[i]] & s->mask.w[s->words[i]];
}

void rule_words(const struct dp *dp, const struct subtable *s, uint32_t rule,
		struct rule_words *ret)
{
	const struct skep_rule *r = RULE(dp, rule);

	memcpy(ret->w, r->key, sizeof(r->key));
	if (s->n_words > 4)
		memcpy(&ret->w[3], KEYX(dp, r->key[3])->w, sizeof(struct skep_keyx));
}

void rule_key(const struct dp *dp, const struct subtable *s, uint32_t rule,
	      union keymap_words *ret)
{
	struct rule_words words;

	rule_words(dp, s, rule, &words);
	memset(ret, 0, sizeof(*ret));
	for (unsigned int i = 0; i < s->n_words; i++)
		ret->w[s->words[i]] = words.w[i];
}

bool rule_agrees(const struct dp *dp, const struct subtable *s, uint32_t rule,
		 const struct masked_key *mk)
{
	const struct skep_rule *r = RULE(dp, rule);
	const __u64 *more = s->n_words > 4 ? KEYX(dp, r->key[3])->w : NULL;

	for (unsigned int i = 0; i < s->n_words; i++) {
		unsigned int at = s->words[i];
		uint64_t word = more && i >= 3 ? more[i - 3] : r->key[i];

		if ((word ^ mk->key.w[at]) & mk->mask.w[at] & s->mask.w[at])
			return false;
	}
	return true;
}

static bool words_equal(const struct dp *dp, const struct subtable *s, uint32_t rule,
			const struct rule_words *words)
{
	const struct skep_rule *r = RULE(dp, rule);

	if (s->n_words <= 4)
		return !memcmp(r->key, words->w, sizeof(r->key));
	return !memcmp(r->key, words->w, 3 * sizeof(uint64_t)) &&
	       !memcmp(KEYX(dp, r->key[3])->w, &words->w[3], sizeof(struct skep_keyx));
}

/* Hashes all words of the size class, as the readers do. */
static uint32_t bucket_of(const struct subtable *s, const struct rule_words *words,
			  uint64_t region)
{
	unsigned int n = s->n_words <= 1 ? 1 : s->n_words <= 4 ? 4 : s->n_words <= 8 ? 8 : s->n_words <= 16 ? 16 : s->n_words <= 24 ? 24 : 32;
	uint64_t h = s->seed;

	for (unsigned int i = 0; i < n; i++)
		h = skep_hash_add(h, words->w[i]);
	return skep_hash_bucket(h, region);
}

/* --- Chains --- */

uint32_t chain_find(const struct dp *dp, const struct subtable *s, const struct rule_words *words,
		    uint32_t *ret_length)
{
	unsigned int gen = SKEP_REGION_GEN(s->region);
	uint32_t found = 0, length = 0;

	for (uint32_t r = *BUCKET(dp, bucket_of(s, words, s->region)); r;
	     r = RULE(dp, r)->next[gen]) {
		length++;
		if (!found && SKEP_LIVES(RULE(dp, r)->removed) && words_equal(dp, s, r, words))
			found = r;
	}
	*ret_length = length;
	return found;
}

void chain_link(struct dp *dp, struct subtable *s, const struct rule_words *words, uint32_t rule)
{
	uint32_t *head = BUCKET(dp, bucket_of(s, words, s->region));

	prune_link(dp, s, words);
	RULE(dp, rule)->next[SKEP_REGION_GEN(s->region)] = *head;
	PUBLISH(head, rule);
	s->n_linked++;
}

void chain_unlink(struct dp *dp, struct subtable *s, uint32_t rule)
{
	unsigned int gen = SKEP_REGION_GEN(s->region);
	struct rule_words words;
	uint32_t *link;

	rule_words(dp, s, rule, &words);
	link = BUCKET(dp, bucket_of(s, &words, s->region));
	while (*link && *link != rule)
		link = &RULE(dp, *link)->next[gen];
	if (!*link)
		return;
	PUBLISH(link, RULE(dp, rule)->next[gen]);
	s->n_linked--;
	prune_unlink(dp, s);
}

/* --- Regions --- */

static uint64_t region_new(struct dp *dp, unsigned int log2, unsigned int gen)
{
	unsigned int class_log2 = log2 - MIN_REGION_LOG2;
	uint32_t line = spans_alloc(&dp->lines, class_log2);

	memset(MAP_ELEM(&dp->set, MAP_BUCKETS, struct skep_bucket_line, line), 0,
	       sizeof(struct skep_bucket_line) << class_log2);
	return SKEP_REGION(line * SKEP_LINE_HEADS, log2, gen);
}

static void region_discard(struct dp *dp, uint64_t region)
{
	garbage_put(dp, GARBAGE_REGION, SKEP_REGION_FIRST(region) / SKEP_LINE_HEADS,
		    SKEP_REGION_LOG2(region) - MIN_REGION_LOG2);
}

unsigned int subtable_wanted_log2(const struct subtable *s, bool is_chain_long)
{
	unsigned int log2 = SKEP_REGION_LOG2(s->region);

	/* A bucket costs four bytes, a second rule in a chain a cache miss and a call: a quarter full is enough. */
	if (s->n_linked <= 1u << log2 >> 2 && !is_chain_long)
		return 0;
	while (1u << log2 >> 2 < s->n_linked)
		log2 += log2 < LARGE_REGION_LOG2 ? 2 : 1;
	if (is_chain_long && log2 == SKEP_REGION_LOG2(s->region))
		log2++;
	return log2 < SPAN_CLASSES + MIN_REGION_LOG2 ? log2 : 0;
}

void subtable_resize(struct dp *dp, struct subtable *s, unsigned int log2)
{
	uint64_t old = s->region, new = region_new(dp, log2, !SKEP_REGION_GEN(old));
	unsigned int old_gen = SKEP_REGION_GEN(old), new_gen = !old_gen;
	uint32_t first = SKEP_REGION_FIRST(old), n = 1u << SKEP_REGION_LOG2(old);
	struct rule_words words;

	for (uint32_t b = first; b < first + n; b++) {
		for (uint32_t r = *BUCKET(dp, b); r; r = RULE(dp, r)->next[old_gen]) {
			uint32_t *head;

			rule_words(dp, s, r, &words);
			head = BUCKET(dp, bucket_of(s, &words, new));
			RULE(dp, r)->next[new_gen] = *head;
			*head = r;
		}
	}
	s->region = new;
	PUBLISH(&SUBTABLE(dp, s->here.idx)->region, new);
	/* The former place may be linked longer than the old region lives. */
	if (s->former.idx)
		PUBLISH(&SUBTABLE(dp, s->former.idx)->region, new);
	if (s->former.idx)
		PUBLISH(&SUBTABLE(dp, s->former.idx)->region, new);
	s->is_resizing = true;
	region_discard(dp, old);
	garbage_put(dp, GARBAGE_RESIZED, s->id, 0);
}

int subtable_enlarge(struct dp *dp, uint32_t id, unsigned int log2)
{
	const struct need need = { .has_lines = true, .lines_log2 = log2 - MIN_REGION_LOG2 };
	int err = reserve(dp, &need);
	struct subtable *s;

	if (err)
		return err;
	/* To reserve may have reclaimed, the subtable itself or its former region. */
	s = dp->by_id[id];
	if (s && !s->is_resizing)
		subtable_resize(dp, s, log2);
	return 0;
}

static void for_each_entry(const struct dp *dp, const struct subtable *s, bool dead_too,
			   void (*visit)(void *aux, uint32_t rule), void *aux)
{
	unsigned int gen = SKEP_REGION_GEN(s->region);
	uint32_t first = SKEP_REGION_FIRST(s->region), n = 1u << SKEP_REGION_LOG2(s->region);

	for (uint32_t b = first; b < first + n; b++) {
		for (uint32_t r = *BUCKET(dp, b); r; r = RULE(dp, r)->next[gen]) {
			if (dead_too || SKEP_LIVES(RULE(dp, r)->removed))
				visit(aux, r);
		}
	}
}

void subtable_for_each_rule(const struct dp *dp, const struct subtable *s,
			    void (*visit)(void *aux, uint32_t rule), void *aux)
{
	for_each_entry(dp, s, false, visit, aux);
}

void subtable_for_each_linked(const struct dp *dp, const struct subtable *s,
			      void (*visit)(void *aux, uint32_t rule), void *aux)
{
	for_each_entry(dp, s, true, visit, aux);
}

/* --- The list of subtables --- */

uint32_t descriptor_new(struct dp *dp, const struct subtable *s, uint16_t max_prio, uint32_t next)
{
	uint32_t idx = spans_alloc(&dp->subtables, 0);
	struct skep_subtable *d = SUBTABLE(dp, idx);

	memset(d, 0, sizeof(*d));
	d->region = s->region;
	d->next = next;
	d->seed = s->seed;
	d->max_prio = max_prio;
	d->n_words = s->n_words;
	d->id = s->id;
	for (unsigned int i = 0; i < s->n_words; i++) {
		uint8_t ofs = (uint8_t)(s->words[i] * 8);

		if (i < 4) {
			d->ofs[i] = ofs;
			d->mask[i] = s->mask.w[s->words[i]];
		} else {
			d->ofs_x[i - 4] = ofs;
			d->mask_x[i - 4] = s->mask.w[s->words[i]];
		}
	}
	return idx;
}

static uint32_t *link_to(struct dp *dp, const struct place *p)
{
	struct place *prev = TAILQ_PREV(p, place_list, by_prio);

	return prev ? &SUBTABLE(dp, prev->idx)->next : &TABLE(dp, p->s->table)->first;
}

/* Links place 'p' of 's', which is in no list, with a new descriptor where 'max_prio' puts it. */
static void place_insert(struct dp *dp, struct subtable *s, struct place *p, uint16_t max_prio)
{
	struct table_info *t = &dp->tables[s->table];
	struct place *after;

	TAILQ_FOREACH(after, &t->places, by_prio) {
		if (after->max_prio < max_prio)
			break;
	}
	p->s = s;
	p->max_prio = max_prio;
	p->idx = descriptor_new(dp, s, max_prio, after ? after->idx : 0);
	if (after)
		TAILQ_INSERT_BEFORE(after, p, by_prio);
	else
		TAILQ_INSERT_TAIL(&t->places, p, by_prio);
	t->n_places++;
	prune_place(dp, s);
	PUBLISH(link_to(dp, p), p->idx);
}

static void place_remove(struct dp *dp, struct place *p)
{
	struct table_info *t = &dp->tables[p->s->table];

	PUBLISH(link_to(dp, p), SUBTABLE(dp, p->idx)->next);
	TAILQ_REMOVE(&t->places, p, by_prio);
	t->n_places--;
	garbage_put(dp, GARBAGE_DESC, p->idx, 0);
	p->idx = 0;
}

/* The subtable's present place becomes its former one; it has none until place_insert(). */
static void place_leave(struct dp *dp, struct subtable *s)
{
	s->former = s->here;
	TAILQ_INSERT_BEFORE(&s->here, &s->former, by_prio);
	TAILQ_REMOVE(&dp->tables[s->table].places, &s->here, by_prio);
}

void subtable_raise(struct dp *dp, struct subtable *s, uint16_t prio)
{
	struct place *prev = TAILQ_PREV(&s->here, place_list, by_prio);

	if (prio > s->top_prio) {
		s->top_prio = prio;
		prune_place(dp, s);
	}
	if (prio <= s->here.max_prio)
		return;
	if (!prev || prev->max_prio >= prio) {
		s->here.max_prio = prio;
		PUBLISH(&SUBTABLE(dp, s->here.idx)->max_prio, prio);
		return;
	}
	place_leave(dp, s);
	place_insert(dp, s, &s->here, UINT16_MAX);
	garbage_put(dp, GARBAGE_PLACE, s->id, 0);
}

/* Down is simple: the lower place is linked first, and who is past the upper one has searched it there. */
void subtable_settle(struct dp *dp, struct subtable *s)
{
	struct place upper = s->here;

	place_remove(dp, &s->former);
	if (s->top_prio == upper.max_prio || !spans_have(&dp->subtables, 0, 1))
		return;
	TAILQ_INSERT_BEFORE(&s->here, &upper, by_prio);
	TAILQ_REMOVE(&dp->tables[s->table].places, &s->here, by_prio);
	place_insert(dp, s, &s->here, s->top_prio);
	place_remove(dp, &upper);
}

struct subtable *subtable_next(const struct dp *dp, uint32_t table, const struct subtable *s)
{
	struct place *p = s ? TAILQ_NEXT(&s->here, by_prio) : TAILQ_FIRST(&dp->tables[table].places);

	while (p && p == &p->s->former)
		p = TAILQ_NEXT(p, by_prio);
	return p ? p->s : NULL;
}

static uint32_t id_new(struct dp *dp, struct subtable *s)
{
	struct subtable **p;

	for (uint32_t i = 0; i < dp->n_ids; i++) {
		if (!dp->by_id[i]) {
			dp->by_id[i] = s;
			return i;
		}
	}
	p = realloc(dp->by_id, (dp->n_ids * 2 + 16) * sizeof(*p));
	if (!p)
		return UINT32_MAX;
	memset(p + dp->n_ids, 0, (dp->n_ids + 16) * sizeof(*p));
	dp->by_id = p;
	dp->n_ids = dp->n_ids * 2 + 16;
	return id_new(dp, s);
}

void subtable_list_words(struct subtable *s)
{
	s->n_words = 0;
	for (unsigned int i = 0; i < SKEP_KEY_WORDS; i++) {
		if (s->mask.w[i])
			s->words[s->n_words++] = (uint8_t)i;
	}
}

uint32_t subtable_seed(void)
{
	uint32_t seed;

	return getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed) ? seed : (uint32_t)mono_ns();
}

struct subtable *subtable_new(struct dp *dp, uint32_t table, const union keymap_words *mask,
			      uint16_t max_prio)
{
	struct subtable *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->table = table;
	s->top_prio = max_prio;
	s->mask = *mask;
	subtable_list_words(s);
	s->seed = subtable_seed();
	s->id = id_new(dp, s);
	if (s->id == UINT32_MAX) {
		free(s);
		return NULL;
	}
	s->region = region_new(dp, MIN_REGION_LOG2, 0);
	place_insert(dp, s, &s->here, max_prio);
	prune_add(dp, s);
	LIST_INSERT_HEAD(&dp->masks[mask_bucket(table, mask)], s, by_mask);
	cache_note(dp, table);
	return s;
}

void subtable_del(struct dp *dp, struct subtable *s)
{
	prune_remove(dp, s);
	place_remove(dp, &s->here);
	LIST_REMOVE(s, by_mask);
	cache_note(dp, s->table);
	region_discard(dp, s->region);
	dp->by_id[s->id] = NULL;
	free(s);
}
