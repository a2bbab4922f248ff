/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The instruction meter: what a packet loads a meter with, and what becomes of one that is too much: drop, or a higher drop
 * precedence.
 */
#ifndef SKEP_BPF_POLICE_H
#define SKEP_BPF_POLICE_H 1

#include "bpf/edit.h"
#include "bpf/meter.h"
#include "bpf/output.h"

/* The bytes of what is segmented, which are those behind the layer-4 header; 0: not known. */
SKEP_INLINE __u32 skep_gso_payload(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 headers = s->l4_ofs, len = home_len(ctx);

	if (!skep_has(s, SKEP_HAS_L4))
		return 0;
	if (s->key.ip_proto == SKEP_P_TCP) {
		if (home_load(ctx, headers + 12, &s->old, 1))
			return 0;
		headers += (__u32)(s->old.b[0] >> 4) * 4;
	} else {
		headers += 8;
	}
	return headers < len ? len - headers : 0;
}

/* A packet of segmentation offload loads a meter as what it will be on the wire: each segment has the headers. */
SKEP_SUB int skep_load_gso(SKEP_CTX *ctx, struct skep_state *s, __u32 gso_size)
{
	__u32 payload, n;

	if (!s || !gso_size || (s->stale != SKEP_FRESH && skep_parse(ctx, s)))
		return 0;
	payload = skep_gso_payload(ctx, s);
	n = (payload + gso_size - 1) / gso_size;
	if (n <= 1)
		return 0;
	if (n > SKEP_LOAD_PACKETS_MAX)
		n = SKEP_LOAD_PACKETS_MAX;
	s->load_packets = n;
	s->load_bytes += (n - 1) * (home_wire_len(ctx) - payload);
	return 0;
}

SKEP_INLINE void skep_load(SKEP_CTX *ctx, struct skep_state *s)
{
	__u32 gso_size = home_gso_size(ctx);

	s->load_packets = 1;
	s->load_bytes = home_wire_len(ctx);
	if (SKEP_UNLIKELY(gso_size))
		skep_load_gso(ctx, s, gso_size);
	if (s->load_bytes > SKEP_LOAD_BYTES_MAX)
		s->load_bytes = SKEP_LOAD_BYTES_MAX;
}

/* Raises the packet's drop precedence.  Returns 0 or negative. */
SKEP_SUB int skep_remark(SKEP_CTX *ctx, struct skep_state *s, __u32 levels)
{
	__u32 old, new;
	int plan;

	if (!s || (s->stale != SKEP_FRESH && skep_parse(ctx, s)))
		return -1;
	if (!skep_has(s, SKEP_HAS_IP))
		return 0;
	old = s->key.ip_tos >> 2;
	new = skep_raise_dscp(old, levels);
	if (new == old)
		return 0;
	s->cache = 0; /* what the packet meets now is not decided by how it came */
	skep_flush(ctx, s);
	s->value.w[0] = SKEP_AT((__u8)new, 0, 1);
	s->value.w[1] = 0;
	plan = skep_plan_field(ctx, s, SKEP_F_IP_DSCP);
	return plan > 0 ? skep_edit(ctx, s) : plan;
}

/* Asks meter 'idx', and does what it says.  Returns SKEP_GO or SKEP_ABORT. */
SKEP_INLINE int skep_police(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	int verdict;

	skep_load(ctx, s);
	verdict = skep_meter_take(s, idx);
	if (verdict == SKEP_METER_PASS)
		return SKEP_GO;
	if (verdict == SKEP_METER_DROP) {
		skep_drop(s, SKEP_DROP_METER);
		return SKEP_ABORT;
	}
	if (skep_remark(ctx, s, (__u32)verdict - SKEP_METER_REMARK)) {
		skep_drop(s, SKEP_DROP_ACTION_FAILED);
		return SKEP_ABORT;
	}
	return SKEP_GO;
}

/* The instruction meter of the rule with these cells.  Returns SKEP_GO or SKEP_ABORT. */
SKEP_SUB int skep_exec_meter(SKEP_CTX *ctx, struct skep_state *s, __u32 cells)
{
	const struct skep_head *head = (const struct skep_head *)home_cell(cells);
	const struct skep_cell *cell;

	if (!s || !head)
		return SKEP_ABORT;
	cell = home_cell(cells + head->n_cells - 1);
	if (!cell)
		return SKEP_ABORT;
	return skep_police(ctx, s, cell->arg32);
}

#endif
