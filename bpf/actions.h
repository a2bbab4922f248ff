/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Execution of action lists and of the action set.
 *
 * Actions are cells (abi.h).  A list is executed in order; the set is a bitmap of slots and, for
 * each, the index of the cell that was written there last.  Cells of rules stay as long as the
 * packet is under way (RCU), so an index is enough.
 */
#ifndef SKEP_BPF_ACTIONS_H
#define SKEP_BPF_ACTIONS_H 1

#include "bpf/edit.h"
#include "bpf/group.h"
#include "bpf/labels.h"
#include "bpf/normal.h"
#include "bpf/output.h"
#include "bpf/state.h"
#include "bpf/ttl.h"

/* Long lists are walked in two loops, of chunks and of cells in a chunk: the verifier, which goes
 * through every iteration, sees the sum of both and not the product. */
#define SKEP_LIST_CHUNK 32
/* Cells and buckets that a list of actions may come to, with groups. */
#define SKEP_LIST_STEPS 16384

/* The action set's cookie: it belongs to no rule (OF1.3.5 §7.4.1). */
#define SKEP_NO_COOKIE (~0ULL)

/* Loads what set-field cell 'idx' sets into s->value.  Returns SKEP_SKIP if the next cell holds a part of it, else SKEP_GO; or negative. */
SKEP_INLINE int skep_load_value(struct skep_state *s, const struct skep_cell *cell, __u32 idx)
{
	const struct skep_cell_data *data;

	s->value.w[0] = cell->arg64;
	s->value.w[1] = 0;
	if (!skep_is_wide_field(cell->arg))
		return SKEP_GO;
	data = (const struct skep_cell_data *)home_cell(idx + 1);
	if (!data)
		return -1;
	s->value.w[0] = data->words[0];
	s->value.w[1] = data->words[1];
	return SKEP_SKIP;
}

SKEP_INLINE int skep_exec_set_field(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	const struct skep_cell *cell = home_cell(idx);
	int verdict;

	if (!cell)
		return -1;
	verdict = skep_load_value(s, cell, idx);
	if (verdict < 0 || skep_set_field(ctx, s, cell->arg))
		return -1;
	return verdict;
}

/* Sets tunnel field 'field' of the key to s->value. */
SKEP_INLINE void skep_put_tunnel_field(struct skep_state *s, __u32 field)
{
	const __u8 *value = s->value.b;

	s->dirty |= SKEP_DIRTY_TUNNEL;
	switch (field) {
	case SKEP_F_TUN_ID:
		s->key.tun_id = s->value.w[0];
		break;
	case SKEP_F_TUN_SRC:
		s->key.tun_src = skep_ld32(value);
		break;
	case SKEP_F_TUN_DST:
		s->key.tun_dst = skep_ld32(value);
		break;
	case SKEP_F_TUN_TOS:
		s->key.tun_tos = value[0];
		s->dirty |= SKEP_SET_TUN_TOS;
		break;
	case SKEP_F_TUN_TTL:
		s->key.tun_ttl = value[0];
		s->dirty |= SKEP_SET_TUN_TTL;
		break;
	case SKEP_F_TUN_FLAGS:
		s->key.tun_flags = skep_ld16(value);
		s->dirty |= SKEP_SET_TUN_FLAGS;
		break;
	case SKEP_F_TUN_IPV6_SRC:
		s->w[17] = s->value.w[0];
		s->w[18] = s->value.w[1];
		break;
	case SKEP_F_TUN_IPV6_DST:
		s->w[19] = s->value.w[0];
		s->w[20] = s->value.w[1];
		break;
	default:
		if (field - SKEP_F_TUN_METADATA < SKEP_TLVS)
			skep_put_option(s, field - SKEP_F_TUN_METADATA, s->value.w[0]);
		break;
	}
}

/* Sets a field of the tunnel that the packet goes by.  It is in the key alone, so nothing that is pending must be sent before, and
 * nothing parsed. */
SKEP_SUB int skep_set_tunnel_field(struct skep_state *s, __u32 idx)
{
	const struct skep_cell *cell = home_cell(idx);
	int verdict;

	if (!s || !cell)
		return SKEP_ABORT;
	verdict = skep_load_value(s, cell, idx);
	if (verdict < 0)
		return SKEP_ABORT;
	skep_put_tunnel_field(s, cell->arg);
	return verdict;
}

SKEP_INLINE int skep_exec_dec_ttl(SKEP_CTX *ctx, struct skep_state *s, _Bool is_mpls)
{
	int ttl = skep_get_ttl(ctx, s, is_mpls);

	if (ttl < 0)
		return SKEP_GO;
	if (ttl > 1)
		return skep_set_ttl(ctx, s, (__u32)ttl - 1, is_mpls);
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
	case SKEP_OP_SET_MPLS_TTL:
		return skep_set_ttl(ctx, s, cell->arg & 0xff, cell->op == SKEP_OP_SET_MPLS_TTL);
	case SKEP_OP_DEC_TTL:
	case SKEP_OP_DEC_MPLS_TTL:
		return skep_exec_dec_ttl(ctx, s, cell->op == SKEP_OP_DEC_MPLS_TTL);
	case SKEP_OP_COPY_TTL_OUT:
	case SKEP_OP_COPY_TTL_IN:
		return skep_copy_ttl(ctx, s, cell->op == SKEP_OP_COPY_TTL_OUT);
	case SKEP_OP_PUSH_MPLS:
		return skep_push_mpls(ctx, s, cell->arg);
	case SKEP_OP_POP_MPLS:
		return skep_pop_mpls(ctx, s, cell->arg);
	case SKEP_OP_PUSH_PBB:
		return skep_push_pbb(ctx, s, cell->arg);
	case SKEP_OP_POP_PBB:
		return skep_pop_pbb(ctx, s);
	case SKEP_OP_SET_QUEUE:
		home_set_queue(ctx, cell->arg32);
		return SKEP_GO;
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
	if (s->stale == SKEP_KEY_ONLY && skep_parse(ctx, s))
		return -1;
	verdict = skep_edit_by_cell(ctx, s, idx, cell);
	if (s->stale == SKEP_STALE_ALL && skep_parse(ctx, s))
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
	case SKEP_OP_NORMAL:
		return skep_normal(ctx, s, !s->more && !s->depth && s->list_left <= 1);
	case SKEP_OP_GROUP:
		/* A select group looks at the values of the key. */
		if (s->stale != SKEP_FRESH && skep_parse(ctx, s))
			return SKEP_ABORT;
		return skep_group(ctx, s, cell->arg32);
	case SKEP_OP_TABLE:
		return home_run_tables(ctx, s);
	case SKEP_OP_SET_FIELD:
		if (skep_is_tunnel_field(cell->arg))
			return skep_set_tunnel_field(s, idx);
		/* fall through */
	default:
		verdict = skep_exec_edit(ctx, s, idx);
		if (verdict >= 0)
			return verdict;
		skep_drop(s, SKEP_DROP_ACTION_FAILED);
		return SKEP_ABORT;
	}
}

/* Goes on with the list in s->list_*, for some cells.  Returns SKEP_GO or SKEP_ABORT. */
SKEP_SUB int skep_exec_some(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!s)
		return SKEP_ABORT;
	for (int i = 0; i < SKEP_LIST_CHUNK; i++) {
		__u32 n;
		int verdict;

		if (!s->list_left) {
			if (SKEP_LIKELY(!s->depth))
				break;
			skep_return(ctx, s);
			continue;
		}
		verdict = skep_exec(ctx, s, s->list_next);
		if (verdict == SKEP_ABORT)
			return SKEP_ABORT;
		if (verdict == SKEP_JUMP)
			continue;
		n = verdict == SKEP_SKIP ? 2 : 1;
		s->list_next += n;
		s->list_left = s->list_left > n ? s->list_left - n : 0;
	}
	return SKEP_GO;
}

/* Executes the list in s->list_*, and those that it leads to.  Returns SKEP_GO or SKEP_ABORT. */
SKEP_INLINE int skep_exec_present(SKEP_CTX *ctx, struct skep_state *s)
{
	s->depth = 0;
	for (int i = 0; i < SKEP_LIST_STEPS / SKEP_LIST_CHUNK && (s->list_left || s->depth); i++) {
		if (skep_exec_some(ctx, s) == SKEP_ABORT)
			return SKEP_ABORT;
	}
	if (SKEP_UNLIKELY(s->list_left || s->depth))
		skep_drop(s, SKEP_DROP_BUG);
	return SKEP_GO;
}

/* Executes the list of 'n' cells from 'first' on.  Returns SKEP_GO or SKEP_ABORT. */
SKEP_INLINE int skep_exec_list(SKEP_CTX *ctx, struct skep_state *s, __u32 first, __u32 n)
{
	s->list_next = first;
	s->list_left = n;
	return skep_exec_present(ctx, s);
}

/* The same for a copy that works on a bucket. */
SKEP_SUB int skep_exec_fork(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!s || skep_parse(ctx, s))
		return SKEP_ABORT;
	skep_exec_present(ctx, s);
	return SKEP_END;
}

/* Writes the action of cell 'idx' into the action set.  Returns how many cells it has. */
SKEP_INLINE __u32 skep_write_action(struct skep_state *s, __u32 idx)
{
	const struct skep_cell *cell = home_cell(idx);
	__u32 slot;

	if (!cell)
		return 1;
	slot = cell->slot & (SKEP_N_SLOTS - 1);
	s->set_cells[slot] = idx;
	s->set_map[slot / 64] |= 1ULL << slot % 64;
	return cell->op == SKEP_OP_SET_FIELD && skep_is_wide_field(cell->arg) ? 2 : 1;
}

/* Goes on writing the list in s->list_* into the action set, for some cells. */
SKEP_SUB int skep_write_some(struct skep_state *s)
{
	if (!s)
		return 0;
	for (int i = 0; i < SKEP_LIST_CHUNK && s->list_left; i++) {
		__u32 n = skep_write_action(s, s->list_next);

		s->list_next += n;
		s->list_left = s->list_left > n ? s->list_left - n : 0;
	}
	return 0;
}

/* Writes the 'n' cells from 'first' on into the action set. */
SKEP_INLINE void skep_write_actions(struct skep_state *s, __u32 first, __u32 n)
{
	if (!s->has_set) {
		s->has_set = 1;
		for (int i = 0; i < SKEP_N_SLOTS / 64; i++)
			s->set_map[i] = 0;
	}
	s->list_next = first;
	s->list_left = n;
	for (int i = 0; i < SKEP_CELLS_MAX / SKEP_LIST_CHUNK && s->list_left; i++)
		skep_write_some(s);
}

/* Slots but the output's. */
SKEP_SUB int skep_exec_set_edits(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!s)
		return SKEP_ABORT;
	for (__u32 slot = 0; slot < SKEP_SLOT_GROUP; slot++) {
		if (!(s->set_map[slot / 64] >> slot % 64 & 1))
			continue;
		if (skep_exec(ctx, s, s->set_cells[slot]) == SKEP_ABORT)
			return SKEP_ABORT;
	}
	return SKEP_GO;
}

SKEP_SUB int skep_exec_set(SKEP_CTX *ctx, struct skep_state *s)
{
	if (!s)
		return SKEP_ABORT;
	s->cookie = SKEP_NO_COOKIE;
	s->reason = SKEP_R_ACTION;
	s->more = 0;
	s->depth = 0;
	s->list_left = 0;
	if (skep_exec_set_edits(ctx, s) == SKEP_ABORT)
		return SKEP_ABORT;
	if (s->set_map[SKEP_SLOT_GROUP / 64] >> SKEP_SLOT_GROUP % 64 & 1)
		return skep_exec_list(ctx, s, s->set_cells[SKEP_SLOT_GROUP], 1);
	if (s->set_map[SKEP_SLOT_OUTPUT / 64] >> SKEP_SLOT_OUTPUT % 64 & 1)
		return skep_exec(ctx, s, s->set_cells[SKEP_SLOT_OUTPUT]);
	return SKEP_GO;
}

#endif
