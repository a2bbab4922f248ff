/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pipeline: from a parsed packet through the tables to its outputs.
 *
 * Written once, for several homes.  A home includes its home_*.h first, which says how to reach the
 * packet and the maps, and how functions are compiled (SKEP_SUB, SKEP_INLINE).
 *
 * The way that most packets go (TCP or UDP, one table, one mask of up to 4 words, one output) is
 * inlined, and goes through memory as little as may be; all else is called.
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

/* The home's: ends the work on the packet, which goes to the pending port if there is one.  Returns
 * what the home returns of a packet. */
SKEP_INLINE int home_finish(SKEP_CTX *ctx, struct skep_state *s);
/* The same for a packet that nothing was done with, and goes to port 'idx' as its member 'direct'
 * said: 'way'. */
SKEP_INLINE int home_send_now(SKEP_CTX *ctx, struct skep_state *s, __u32 idx,
			      const struct skep_port *port, __u32 way);

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
	s->stale = SKEP_KEY_ONLY;
	s->hops = 0;
	s->flood_next = 0;
	s->has_set = 0;
	s->cache = 0;
}

/* The rule that a table has for a packet. */
struct skep_found {
	__u32 flow;
	__u32 cells;
	__u32 act; /* SKEP_ACT_* */
};

/* Finds the rule for the packet in table 'table_idx'.  Returns 0 if there is none.  What most
 * packets find, the first rule of a bucket of the only subtable, never goes through memory. */
SKEP_INLINE _Bool skep_lookup(struct skep_state *s, __u32 table_idx, struct skep_found *found)
{
	const struct skep_table *table = home_table(table_idx);
	struct skep_seen seen = { NULL, 0 };
	const struct skep_subtable *st;
	__u32 idx, next = 0;
	_Bool is_found;

	idx = SKEP_LIKELY(table) ? SKEP_ONCE(table->first) : 0;
	st = home_subtable(idx);
	if (SKEP_LIKELY(idx && st)) {
		seen = skep_search_inline(s, idx, st);
		next = SKEP_ONCE(st->next);
	}
	if (SKEP_LIKELY(seen.rule && !next)) {
		/* Once: the compiler would have the address in a register for both ways here. */
		found->flow = SKEP_ONCE(seen.rule->flow);
		found->cells = SKEP_ONCE(seen.rule->cells);
		found->act = SKEP_ACT_OF(seen.removed);
		return 1;
	}
	if (seen.rule)
		skep_candidate(s, &seen);
	if (next)
		skep_search_all(s, table_idx, idx, next);
	found->flow = s->best_flow;
	found->cells = s->best_cells;
	found->act = s->best_act;
	is_found = s->best_prio != 0;
	s->best_prio = 0;
	return is_found;
}

/* Counts a packet that no rule of the table matched. */
SKEP_SUB int skep_count_miss(struct skep_state *s, __u32 table_idx)
{
	struct skep_table_counter *ctr;

	if (!s)
		return 0;
	ctr = home_table_counter(home_striped(table_idx, s->stripe));
	if (ctr)
		home_add2(&ctr->lookups, 1, &ctr->matches, 0);
	return skep_drop(s, SKEP_DROP_MISS);
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

/* The instruction goto-table. */
SKEP_INLINE int skep_goto(struct skep_state *s, __u32 table)
{
	if (table <= s->table || table >= SKEP_TABLES)
		return SKEP_END;
	s->table = table;
	return SKEP_GO;
}

/* Executes the instructions of a rule. */
SKEP_INLINE int skep_exec_rule(SKEP_CTX *ctx, struct skep_state *s, __u32 cells, __u32 act)
{
	const __u8 writes = SKEP_HF_CLEAR | SKEP_HF_WRITE | SKEP_HF_METADATA;
	const struct skep_cell *cell;
	const struct skep_head *head;
	_Bool is_output;

	if (act & SKEP_ACT_GOTO)
		return skep_goto(s, act & 0xff);
	if (act) {
		skep_output(ctx, s, act);
		return SKEP_END;
	}
	cell = home_cell_pair(cells);
	head = (const struct skep_head *)cell++;
	if (SKEP_UNLIKELY(!head))
		return SKEP_ABORT;
	is_output = head->n_apply == 1 && cell->op == SKEP_OP_OUTPUT;
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
	return skep_goto(s, head->goto_table);
}

/* Finds the rule for the packet, whose key is fresh, in table 'table_idx', and counts it.  Returns
 * 0 if there is none. */
SKEP_INLINE _Bool skep_find_rule(struct skep_state *s, __u32 table_idx, struct skep_found *found)
{
	if (SKEP_UNLIKELY(!skep_lookup(s, table_idx, found))) {
		skep_count_miss(s, table_idx);
		return 0;
	}
	skep_count(home_striped(found->flow, s->stripe), home_striped(table_idx, s->stripe),
		   s->frame_len, home_now(s));
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
	struct skep_found found;
	__u32 table_idx;

	if (!s)
		return SKEP_ABORT;
	if (s->stale > SKEP_FRESH && skep_parse(ctx, s))
		return SKEP_ABORT;
	if (!s->table && skep_is_standalone(s)) {
		skep_normal(ctx, s, 1);
		return SKEP_END;
	}
	if (s->cache && skep_replay(s))
		return skep_exec_rule(ctx, s, s->best_cells, s->best_act);
	table_idx = s->bridge * 256 + (s->table & 0xff);
	if (!skep_find_rule(s, table_idx, &found))
		return SKEP_ABORT;
	if (s->cache) {
		s->best_flow = found.flow;
		s->best_cells = found.cells;
		s->best_act = found.act;
		skep_cache_append(s, table_idx);
	}
	return skep_exec_rule(ctx, s, found.cells, found.act);
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

/* What is known at the end of a table: the verdict; or that the packet is sent, and what the home
 * returns of it. */
struct skep_outcome {
	_Bool is_sent;
	int verdict;
};

/* Sends a packet that no rule has done anything with yet, if all that this one does is to output it
 * to a port (its act says so) that packets may just be sent to. */
SKEP_INLINE struct skep_outcome skep_send_act(SKEP_CTX *ctx, struct skep_state *s, __u32 act)
{
	struct skep_outcome out = { .is_sent = 0 };
	const struct skep_port *port = home_act_port(act);
	__u32 way;

	if (SKEP_LIKELY(port && act != s->in_port_idx)) {
		way = SKEP_ONCE(port->direct);
		if (SKEP_LIKELY(way)) {
			out.is_sent = 1;
			out.verdict = home_send_now(ctx, s, act, port, way);
		}
	}
	return out;
}

/* Takes the packet, which is parsed, through table 0. */
SKEP_INLINE struct skep_outcome skep_run_first(SKEP_CTX *ctx, struct skep_state *s)
{
	struct skep_outcome out = { .is_sent = 0, .verdict = SKEP_ABORT };
	struct skep_found found;

	if (SKEP_UNLIKELY(!skep_find_rule(s, s->bridge * 256, &found)))
		return out;
	out = skep_send_act(ctx, s, found.act);
	if (SKEP_UNLIKELY(!out.is_sent))
		out.verdict = skep_exec_rule(ctx, s, found.cells, found.act);
	return out;
}

/* Executes the rule in s->best_*. */
SKEP_SUB int skep_exec_best(SKEP_CTX *ctx, struct skep_state *s)
{
	return s ? skep_exec_rule(ctx, s, s->best_cells, s->best_act) : SKEP_ABORT;
}

/* The same in a bridge with a flow cache: to where the packet's entry leads. */
SKEP_INLINE struct skep_outcome skep_run_cached(SKEP_CTX *ctx, struct skep_state *s)
{
	struct skep_outcome out = { .is_sent = 0, .verdict = SKEP_GO };

	if (!skep_cache_run(s))
		return out;
	out = skep_send_act(ctx, s, s->best_act);
	if (!out.is_sent)
		out.verdict = skep_exec_best(ctx, s);
	return out;
}

/* What a port received that is not just one to receive from. */
SKEP_INLINE int skep_receive_otherwise(SKEP_CTX *ctx, struct skep_state *s)
{
	int how = skep_receive_special(ctx, s);

	if (how == SKEP_FORKED)
		return skep_exec_fork(ctx, s);
	if (how || !skep_admit_special(ctx, s))
		return SKEP_ABORT;
	return skep_cache_run(s) ? skep_exec_best(ctx, s) : SKEP_GO;
}

/* What a port received, at its entry.  s->in_port_idx and s->in_config are set.  Returns what the
 * home returns of the packet. */
SKEP_INLINE int skep_receive(SKEP_CTX *ctx, struct skep_state *s)
{
	const __u32 special = SKEP_PC_PORT_DOWN | SKEP_PC_NO_RECV | SKEP_PC_SPECIAL_IN;
	struct skep_outcome out = { .is_sent = 0, .verdict = SKEP_ABORT };

	if (SKEP_LIKELY(!(s->in_config & (special | SKEP_PC_CACHED)))) {
		if (SKEP_LIKELY(skep_parse_common(ctx, s)) || skep_admit(ctx, s))
			out = skep_run_first(ctx, s);
	} else if (s->in_config & special) {
		out.verdict = skep_receive_otherwise(ctx, s);
	} else if (SKEP_LIKELY(skep_parse_common(ctx, s)) || skep_admit(ctx, s)) {
		out = skep_run_cached(ctx, s);
	}
	if (SKEP_LIKELY(out.is_sent))
		return out.verdict;
	skep_go_on(ctx, s, out.verdict);
	return home_finish(ctx, s);
}

#endif
