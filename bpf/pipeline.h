/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pipeline: from a parsed packet through the tables to its outputs.
 *
 * Written once, for several homes.  A home includes its home_*.h first, which says how to reach the
 * packet and the maps, and how functions are compiled (SKEP_SUB, SKEP_INLINE).
 *
 * The way that most packets go (TCP or UDP, one table, one mask of up to 4 words, one output) is
 * inlined; all else is called.
 */
#ifndef SKEP_BPF_PIPELINE_H
#define SKEP_BPF_PIPELINE_H 1

#include "bpf/actions.h"
#include "bpf/cache.h"
#include "bpf/classify.h"
#include "bpf/count.h"
#include "bpf/parse.h"
#include "bpf/police.h"
#include "bpf/special.h"
#include "bpf/state.h"

/* Starts with a packet of OpenFlow port 'ofport' of the bridge, and clears what another packet
 * left. */
SKEP_INLINE void skep_begin(struct skep_state *s, __u64 version, __u32 bridge, __u32 ofport)
{
	if (SKEP_UNLIKELY(s->dirty)) {
		for (int i = 6; i < 22; i++)
			s->w[i] = 0;
		if (s->dirty & SKEP_DIRTY_OPTIONS)
			skep_clear_options(s);
		s->dirty = 0;
	}
	s->w[0] = SKEP_AT(ofport, 0, 4);
	s->w[22] = SKEP_AT(ofport, 0, 4);
	s->key.metadata = 0;
	s->version = version;
	s->bridge = bridge;
	s->table = 0;
	s->pending = 0;
	s->sent = 0;
	s->hops = 0;
	s->flood_next = 0;
	s->has_set = 0;
	s->cache = 0;
}

/* Finds the rule for the packet in table s->table, and leaves it in s->best_*. */
SKEP_INLINE void skep_lookup(struct skep_state *s, __u32 table_idx)
{
	const struct skep_table *table = home_table(table_idx);
	__u32 st;

	s->best_prio = 0;
	st = SKEP_LIKELY(table) ? SKEP_ONCE(table->first) : 0;
	if (SKEP_LIKELY(st))
		st = skep_search_inline(s, st, 1);
	if (SKEP_UNLIKELY(st))
		skep_search_all(s, st);
}

/* Counts a packet that no rule of the table matched. */
SKEP_SUB int skep_count_miss(struct skep_state *s, __u32 table_idx)
{
	struct skep_table_counter *ctr;

	if (!s)
		return 0;
	ctr = home_table_counter(table_idx * home_n_stripes() + s->stripe);
	if (ctr)
		home_add2(&ctr->lookups, 1, &ctr->matches, 0);
	return skep_drop(s, SKEP_DROP_MISS);
}

/* Counts the rule found, s->best_*. */
SKEP_INLINE void skep_count_hit(struct skep_state *s, __u32 table_idx)
{
	__u32 n_stripes = home_n_stripes(), stripe = s->stripe;

	skep_count(s, s->best_flow * n_stripes + stripe, table_idx * n_stripes + stripe);
}

/* The instructions but apply-actions and goto-table. */
SKEP_SUB int skep_exec_writes(struct skep_state *s, __u32 cells)
{
	const struct skep_head *head = (const struct skep_head *)home_cell(cells);
	__u32 n_apply, n_write, flags;

	if (!s || !head)
		return 0;
	n_apply = head->n_apply;
	n_write = head->n_write;
	flags = head->flags;
	if (flags & SKEP_HF_CLEAR)
		s->has_set = 0;
	if (n_write)
		skep_write_actions(s, cells + 1 + n_apply, n_write);
	if (flags & SKEP_HF_METADATA)
		skep_put_metadata(s, cells + 1 + n_apply + n_write);
	return 0;
}

/* Whether anything looks at the packet after the rule's apply-actions. */
SKEP_INLINE _Bool skep_needs_packet_after(const struct skep_state *s, const struct skep_head *head)
{
	return head->goto_table != SKEP_NO_GOTO || head->flags & SKEP_HF_WRITE || s->has_set;
}

/* The instruction apply-actions, of any list. */
SKEP_INLINE int skep_apply(SKEP_CTX *ctx, struct skep_state *s, __u32 cells)
{
	const struct skep_head *head = (const struct skep_head *)home_cell(cells);

	if (!head)
		return SKEP_ABORT;
	s->cookie = head->cookie;
	s->reason = head->flags & SKEP_HF_MISS ? SKEP_R_NO_MATCH : SKEP_R_ACTION;
	s->more = skep_needs_packet_after(s, head);
	return skep_exec_list(ctx, s, cells + 1, head->n_apply);
}

/* Executes the instructions of the rule found. */
SKEP_INLINE int skep_exec_rule(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 cells = s->best_cells;
	const struct skep_cell *cell = home_cell_pair(cells);
	const struct skep_head *head = (const struct skep_head *)cell++;
	const __u8 writes = SKEP_HF_CLEAR | SKEP_HF_WRITE | SKEP_HF_METADATA;
	_Bool is_output;

	if (SKEP_UNLIKELY(!head))
		return SKEP_ABORT;
	is_output = head->n_apply == 1 && cell->op == SKEP_OP_OUTPUT;
	if (SKEP_LIKELY(is_output) && SKEP_LIKELY(head->goto_table == SKEP_NO_GOTO &&
						  !(head->flags & (writes | SKEP_HF_METER)))) {
		skep_output(ctx, s, cell->arg32);
		return SKEP_END;
	}
	if (SKEP_UNLIKELY(head->flags & SKEP_HF_METER) &&
	    skep_exec_meter(ctx, s, cells) == SKEP_ABORT)
		return SKEP_ABORT;
	if (is_output) {
		skep_output(ctx, s, cell->arg32);
	} else if (head->n_apply == 1 && cell->op == SKEP_OP_NORMAL) {
		if (skep_normal(ctx, s, !skep_needs_packet_after(s, head)) == SKEP_ABORT)
			return SKEP_ABORT;
	} else if (head->n_apply && skep_apply(ctx, s, cells) == SKEP_ABORT) {
		return SKEP_ABORT;
	}
	if (head->flags & writes)
		skep_exec_writes(s, cells);
	if (head->goto_table <= s->table || head->goto_table >= SKEP_TABLES)
		return SKEP_END;
	s->table = head->goto_table;
	return SKEP_GO;
}

/* Finds the rule for the packet, whose key is fresh, in table s->table, which is element 'table_idx', and counts it.  Returns 0 if there is none. */
SKEP_INLINE int skep_find_rule(struct skep_state *s, __u32 table_idx)
{
	skep_lookup(s, table_idx);
	if (SKEP_UNLIKELY(!s->best_prio)) {
		skep_count_miss(s, table_idx);
		return 0;
	}
	skep_count_hit(s, table_idx);
	return 1;
}

SKEP_INLINE _Bool skep_is_standalone(const struct skep_state *s)
{
	const struct skep_bridge *br = home_bridge(s->bridge);

	return br && br->flags & SKEP_BF_STANDALONE;
}

/* Takes the packet through tables after the first, and through a first one that it came to by a special port or with the flow cache: through one table, or through those
 * that its entry of the cache takes it through at once. */
SKEP_SUB int skep_run_table(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 table_idx;

	if (!s)
		return SKEP_ABORT;
	if (s->stale != SKEP_KEY_ONLY && s->stale && skep_parse(ctx, s))
		return SKEP_ABORT;
	if (!s->table && skep_is_standalone(s)) {
		skep_normal(ctx, s, 1);
		return SKEP_END;
	}
	if (!s->cache || !skep_replay(s)) {
		table_idx = s->bridge * 256 + (s->table & 0xff);
		if (!skep_find_rule(s, table_idx))
			return SKEP_ABORT;
		if (s->cache)
			skep_cache_append(s, table_idx);
	}
	return skep_exec_rule(ctx, s);
}

/* Tables that a packet may pass, in all the bridges that patch ports take it to. */
#define SKEP_STEPS_MAX (2 * SKEP_TABLES)

/* Goes on after table 0, which ended with 'verdict': through further tables, the action set, and, if the packet itself goes to a
 * patch port, the bridge behind that. */
SKEP_INLINE void skep_go_on(SKEP_CTX *ctx, struct skep_state *s, int verdict)
{
	for (int i = 0; i < SKEP_STEPS_MAX; i++) {
		if (SKEP_UNLIKELY(verdict == SKEP_GO)) {
			verdict = skep_run_table(ctx, s);
			continue;
		}
		if (verdict == SKEP_END && SKEP_UNLIKELY(s->has_set))
			skep_exec_set(ctx, s);
		if (SKEP_LIKELY(!s->pending || s->pending_if))
			return;
		verdict = skep_hop(ctx, s);
	}
	s->pending = 0;
	skep_drop(s, SKEP_DROP_HOPS);
}

/* Takes the packet, which is parsed, through the tables from table 0 on.  s->frame_len is set. */
SKEP_INLINE void skep_run_tables(SKEP_CTX *ctx, struct skep_state *s)
{
	skep_go_on(ctx, s, skep_find_rule(s, s->bridge * 256) ? skep_exec_rule(ctx, s) : SKEP_ABORT);
}

/* Parses what is not a common packet, and decides whether it may enter the tables. */
SKEP_SUB int skep_admit(SKEP_CTX *ctx, struct skep_state *s)
{
	const struct skep_bridge *br;

	if (!s)
		return 0;
	s->frame_len = home_wire_len(ctx);
	if (skep_parse(ctx, s)) {
		skep_drop(s, SKEP_DROP_SHORT);
		return 0;
	}
	if (!s->is_fragment)
		return 1;
	br = home_bridge(s->bridge);
	if (!br || !(br->flags & SKEP_BF_FRAG_DROP))
		return 1;
	skep_drop(s, SKEP_DROP_FRAGMENT);
	return 0;
}

SKEP_SUB int skep_admit_special(SKEP_CTX *ctx, struct skep_state *s)
{
	return s && (skep_parse_common(ctx, s) || skep_admit(ctx, s));
}

/* What a port received that is not just one to receive from, or whose bridge has a flow cache. */
SKEP_INLINE void skep_receive_otherwise(SKEP_CTX *ctx, struct skep_state *s)
{
	if (s->in_config & (SKEP_PC_PORT_DOWN | SKEP_PC_NO_RECV | SKEP_PC_SPECIAL_IN)) {
		int how = skep_receive_special(ctx, s);

		if (how == SKEP_FORKED)
			skep_go_on(ctx, s, skep_exec_fork(ctx, s));
		if (how)
			return;
	}
	if (!skep_admit_special(ctx, s))
		return;
	skep_cache_find(s);
	skep_go_on(ctx, s, SKEP_GO);
}

/* What a port received, at its entry.  s->in_port_idx and s->in_config are set. */
SKEP_INLINE void skep_receive(SKEP_CTX *ctx, struct skep_state *s)
{
	if (SKEP_UNLIKELY(s->in_config & (SKEP_PC_PORT_DOWN | SKEP_PC_NO_RECV | SKEP_PC_SPECIAL_IN |
					  SKEP_PC_CACHED))) {
		skep_receive_otherwise(ctx, s);
		return;
	}
	if (SKEP_UNLIKELY(!skep_parse_common(ctx, s)) && !skep_admit(ctx, s))
		return;
	skep_run_tables(ctx, s);
}

#endif
