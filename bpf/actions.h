/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Execution of action lists and of the action set.
 *
 * Actions are cells (abi.h).  A list is executed in order; the set is a bitmap of slots and, for each, the index of the cell that was written there
 * last.  Cells of rules stay as long as the packet is under way (RCU), so an index is enough.
 */
#ifndef SKEP_BPF_ACTIONS_H
#define SKEP_BPF_ACTIONS_H 1

#include "bpf/edit.h"
#include "bpf/output.h"
#include "bpf/state.h"

/* The action set's cookie: it belongs to no rule (OF1.3.5 §7.4.1). */
#define SKEP_NO_COOKIE (~0ULL)

SKEP_INLINE int skep_exec_set_field(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	const struct skep_cell *cell = home_cell(idx);
	const struct skep_cell_data *data;
	_Bool is_wide;

	if (!cell)
		return -1;
	is_wide = skep_is_wide_field(cell->arg);
	s->value.w[0] = cell->arg64;
	s->value.w[1] = 0;
	if (is_wide) {
		data = (const struct skep_cell_data *)home_cell(idx + 1);
		if (!data)
			return -1;
		s->value.w[0] = data->words[0];
		s->value.w[1] = data->words[1];
	}
	if (skep_set_field(ctx, s, cell->arg))
		return -1;
	return is_wide ? SKEP_SKIP : SKEP_GO;
}

SKEP_INLINE int skep_exec_dec_ttl(SKEP_CTX *ctx, struct skep_state *s)
{
	int ttl = skep_get_ttl(ctx, s);

	if (ttl < 0)
		return SKEP_GO;
	if (ttl > 1)
		return skep_set_ttl(ctx, s, (__u32)ttl - 1);
	skep_packet_in(ctx, s, SKEP_R_INVALID_TTL, 0xffff);
	skep_drop(s, SKEP_DROP_BAD_TTL);
	return SKEP_ABORT;
}

SKEP_INLINE int skep_edit_by_cell(SKEP_CTX *ctx, struct skep_state *s, __u32 idx,
				  const struct skep_cell *cell)
{
	switch (cell->op) {
	case SKEP_OP_SET_FIELD:
		return skep_exec_set_field(ctx, s, idx);
	case SKEP_OP_PUSH_VLAN:
		return skep_push_vlan(ctx, s, cell->arg);
	case SKEP_OP_POP_VLAN:
		return skep_pop_vlan(ctx, s);
	case SKEP_OP_SET_TTL:
		return skep_set_ttl(ctx, s, cell->arg & 0xff);
	case SKEP_OP_DEC_TTL:
		return skep_exec_dec_ttl(ctx, s);
	default:
		return SKEP_GO;
	}
}

/* An action that changes the packet.  Returns enum skep_verdict, or negative. */
SKEP_SUB int skep_exec_edit(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	const struct skep_cell *cell = home_cell(idx);
	int verdict;

	if (!s || !cell)
		return -1;
	skep_flush(ctx, s);
	verdict = skep_edit_by_cell(ctx, s, idx, cell);
	if (s->stale == SKEP_STALE_ALL && skep_reparse(ctx, s))
		return -1;
	return verdict;
}

/* Executes the action of cell 'idx'.  Returns enum skep_verdict. */
SKEP_SUB int skep_exec(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	const struct skep_cell *cell = home_cell(idx);
	int verdict;

	if (!s || !cell)
		return SKEP_ABORT;
	switch (cell->op) {
	case SKEP_OP_NOP:
		return SKEP_GO;
	case SKEP_OP_OUTPUT:
		skep_output(ctx, s, cell->arg32);
		return SKEP_GO;
	case SKEP_OP_IN_PORT:
		skep_send(ctx, s, s->in_port_idx);
		return SKEP_GO;
	case SKEP_OP_ALL:
	case SKEP_OP_FLOOD:
		skep_flood(ctx, s);
		return SKEP_GO;
	case SKEP_OP_CONTROLLER:
		skep_packet_in(ctx, s, s->reason, cell->arg);
		return SKEP_GO;
	case SKEP_OP_TABLE:
		return home_run_tables(ctx, s);
	default:
		verdict = skep_exec_edit(ctx, s, idx);
		if (verdict >= 0)
			return verdict;
		skep_drop(s, SKEP_DROP_ACTION_FAILED);
		return SKEP_ABORT;
	}
}

/* Executes the list of 'n' cells from 'first' on.  Returns SKEP_GO or SKEP_ABORT. */
SKEP_SUB int skep_exec_list(SKEP_CTX *ctx, struct skep_state *s, __u32 first, __u32 n)
{
	_Bool is_data = 0;

	if (!s)
		return SKEP_ABORT;
	for (__u32 i = 0; i < SKEP_CELLS_MAX && i < n; i++) {
		int verdict;

		if (is_data) {
			is_data = 0;
			continue;
		}
		verdict = skep_exec(ctx, s, first + i);
		if (verdict == SKEP_ABORT)
			return SKEP_ABORT;
		is_data = verdict == SKEP_SKIP;
	}
	return SKEP_GO;
}

/* Writes the action of cell 'idx' into the action set.  Returns SKEP_GO or SKEP_SKIP. */
SKEP_SUB int skep_write_action(struct skep_state *s, __u32 idx)
{
	const struct skep_cell *cell = home_cell(idx);
	__u32 slot;

	if (!s || !cell)
		return SKEP_GO;
	slot = cell->slot & (SKEP_N_SLOTS - 1);
	s->set_cells[slot] = idx;
	s->set_map |= 1ULL << slot;
	return cell->op == SKEP_OP_SET_FIELD && skep_is_wide_field(cell->arg) ? SKEP_SKIP : SKEP_GO;
}

/* Writes the 'n' cells from 'first' on into the action set. */
SKEP_SUB int skep_write_actions(struct skep_state *s, __u32 first, __u32 n)
{
	_Bool is_data = 0;

	if (!s)
		return 0;
	for (__u32 i = 0; i < SKEP_CELLS_MAX && i < n; i++) {
		if (is_data)
			is_data = 0;
		else
			is_data = skep_write_action(s, first + i) == SKEP_SKIP;
	}
	return 0;
}

/* Slots but the output's. */
SKEP_SUB int skep_exec_set_edits(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!s)
		return SKEP_ABORT;
	for (__u32 slot = 0; slot < SKEP_SLOT_OUTPUT; slot++) {
		if (!(s->set_map >> slot & 1))
			continue;
		if (skep_exec(ctx, s, s->set_cells[slot]) == SKEP_ABORT)
			return SKEP_ABORT;
	}
	return SKEP_GO;
}

SKEP_SUB int skep_exec_set(SKEP_CTX *ctx, struct skep_state *s)
{
	const __u64 output = 1ULL << SKEP_SLOT_OUTPUT;

	if (!s)
		return SKEP_ABORT;
	s->cookie = SKEP_NO_COOKIE;
	s->reason = SKEP_R_ACTION;
	if (s->set_map & ~output && skep_exec_set_edits(ctx, s) == SKEP_ABORT)
		return SKEP_ABORT;
	if (s->set_map & output)
		return skep_exec(ctx, s, s->set_cells[SKEP_SLOT_OUTPUT]);
	return SKEP_GO;
}

#endif
