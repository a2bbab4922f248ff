/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Groups (OF1.3.5 §5.6), and the stack of lists that executes them.
 *
 * A BPF program neither recurses nor has frames to spare, so a group does not call its buckets: it puts the list that is being executed on a
 * stack (s->frames) and makes the bucket's list the present one.  When that has ended, skep_return() goes on with what is on top of
 * the stack: the rest of a list, or the next bucket of a group of type all.  What has nothing left is not put there, so the stack is empty
 * exactly if nothing waits.
 *
 * A bucket that changes the packet while something waits for it (the stack, or s->more: later tables, the action set) works on a copy:
 * docs/openflow.md, "fork".  The copy is sent to the egress of the I/O device, where the program runs inside the call, on
 * this CPU and on the CPU's next state, and takes from ours what it is to do.
 */
#ifndef SKEP_BPF_GROUP_H
#define SKEP_BPF_GROUP_H 1

#include "bpf/output.h"
#include "bpf/state.h"

/* A function of its own, so that the verifier does not go through it for each port of a list. */
SKEP_SUB int skep_port_is_live(struct skep_state *s, __u32 idx)
{
	const struct skep_port *port = home_port(idx);

	return s && port && port->ifindex && !(port->config & SKEP_PC_PORT_DOWN) && home_link_up(port);
}

/* The head of a group's cells. */
SKEP_INLINE const struct skep_group_head *skep_group_head(__u32 cells)
{
	return (const struct skep_group_head *)home_cell(cells);
}

SKEP_INLINE const struct skep_bucket *skep_bucket(__u32 head, __u32 bucket)
{
	return (const struct skep_bucket *)home_cell_pair(head + 1 + 2 * bucket);
}

/* True if a bucket whose ports are listed from cell 'first' on, 'n' of them, is live. */
SKEP_SUB int skep_ports_live(struct skep_state *s, __u32 first, __u32 n)
{
	if (!s)
		return 0;
	for (__u32 i = 0; i < SKEP_GROUP_BUCKETS && i < n; i++) {
		const struct skep_cell_data *ports =
			(const struct skep_cell_data *)home_cell(first + i / 4);

		if (!ports)
			return 0;
		if (skep_port_is_live(s, *(const __u32 *)(ports->bytes + i % 4 * 4)))
			return 1;
	}
	return 0;
}

/* Whether the search for a live bucket is over: at s->bucket, or with SKEP_NO_BUCKET there.  If not, s->bucket is the next one, around the group. */
SKEP_SUB int skep_try_bucket(struct skep_state *s, __u32 head_idx)
{
	const struct skep_group_head *head = skep_group_head(head_idx);
	const struct skep_bucket *b;

	if (!s || !head)
		return 1;
	b = skep_bucket(head_idx, s->bucket);
	if (b && (head->type != SKEP_GT_SELECT || b->weight) &&
	    (b->flags & SKEP_GB_LIVE ||
	     skep_ports_live(s, head_idx + b->live_first, b->n_live)))
		return 1;
	if (++s->n_tried >= head->n_buckets) {
		s->bucket = SKEP_NO_BUCKET;
		return 1;
	}
	s->bucket = s->bucket + 1 < head->n_buckets ? s->bucket + 1 : 0;
	return 0;
}

/* Looks for the first bucket from number 'bucket' on that is live.  All that the search knows is in memory: of registers the verifier would know other
 * ranges in each turn of the loop, and go through all that follows as often. */
SKEP_INLINE void skep_find_live(struct skep_state *s, __u32 head_idx, __u32 bucket)
{
	s->bucket = bucket;
	s->n_tried = 0;
	for (int i = 0; i < SKEP_GROUP_BUCKETS; i++) {
		if (skep_try_bucket(s, head_idx))
			break;
	}
}

/* What tells flows apart. */
SKEP_INLINE __u64 skep_flow_hash(const struct skep_state *s)
{
	/* Of the type of service and the bits of presence nothing. */
	const __u64 word5 = SKEP_AT(0xff, 0, 1) | SKEP_AT(0xffffffffu, 4, 4);
	/* Of the VLAN's tag the id. */
	const __u64 word3 = SKEP_FIRST6 | SKEP_AT(bpf_htons(0x1fff), 6, 2);
	__u64 h = skep_hash_add(0, s->w[2]);

	h = skep_hash_add(h, s->w[3] & word3);
	h = skep_hash_add(h, s->w[4]);
	h = skep_hash_add(h, s->w[5] & word5);
	for (int i = 6; i < 10; i++)
		h = skep_hash_add(h, s->w[i]);
	return skep_hash_add(h, s->w[21]);
}

/* The bucket of a select group that has the packet's slot; 0 if there are no slots. */
SKEP_SUB int skep_select(struct skep_state *s, __u32 head_idx)
{
	const struct skep_group_head *head = skep_group_head(head_idx);
	const struct skep_cell_data *slots;
	__u32 slot;

	if (!s || !head || !head->n_slots)
		return 0;
	slot = (__u32)(skep_flow_hash(s) >> 40) & (head->n_slots - 1u);
	slots = (const struct skep_cell_data *)home_cell(head_idx + 1 + 2 * head->n_buckets +
							 slot / 8);
	return slots ? *(const __u16 *)(slots->bytes + slot % 8 * 2) : 0;
}

/* Which bucket of a group is executed, or is the first to be: to s->bucket. */
SKEP_INLINE void skep_choose(struct skep_state *s, __u32 head_idx, const struct skep_group_head *head)
{
	__u32 first = 0;

	if (head->type == SKEP_GT_ALL || head->type == SKEP_GT_INDIRECT) {
		s->bucket = 0;
		return;
	}
	if (head->type == SKEP_GT_SELECT)
		first = (__u32)skep_select(s, head_idx);
	skep_find_live(s, head_idx, first);
}

/* Puts a list, or a group with buckets left, on the stack. */
SKEP_INLINE int skep_push(struct skep_state *s, __u32 next, __u32 left)
{
	struct skep_frame *f;

	if (s->depth >= SKEP_FRAMES)
		return -1;
	f = &s->frames[s->depth & (SKEP_FRAMES - 1)];
	f->next = next;
	f->left = left;
	f->cookie = s->cookie;
	f->reason = s->reason;
	s->depth++;
	return 0;
}

/* Makes bucket number 'bucket' what is executed next: in line, or on a copy, now. */
SKEP_INLINE void skep_enter_bucket(SKEP_CTX *ctx, struct skep_state *s, __u32 head_idx, __u32 ctr,
				   __u32 bucket)
{
	const struct skep_bucket *b = skep_bucket(head_idx, bucket);
	struct skep_group_counter *counter = home_group_counter(ctr + bucket);

	s->list_left = 0;
	if (!b)
		return;
	if (counter) {
		home_count(&counter->packets, 1);
		home_count(&counter->bytes, home_wire_len(ctx));
	}
	if (b->flags & SKEP_GB_EDITS && (s->more || s->depth)) {
		skep_flush(ctx, s);
		s->sent |= SKEP_SENT_COPY;
		s->fork_next = head_idx + b->first;
		s->fork_left = b->n;
		if (b->n && home_fork(ctx, s))
			skep_drop(s, SKEP_DROP_FORK);
		s->fork_left = 0;
		return;
	}
	s->list_next = head_idx + b->first;
	s->list_left = b->n;
	s->cookie = ~0ULL; /* it belongs to no rule: OF1.3.5 §7.4.1 */
	s->reason = SKEP_R_ACTION;
}

/* The action group.  Returns SKEP_GO if there is nothing to execute, SKEP_JUMP if s->list_* is. */
SKEP_SUB int skep_group(SKEP_CTX *ctx, struct skep_state *s, __u32 idx)
{
	struct skep_group *group = home_group(idx);
	const struct skep_group_head *head;
	__u32 cells;

	if (!s)
		return SKEP_GO;
	cells = group ? SKEP_ONCE(group->cells) : 0;
	head = cells ? skep_group_head(cells) : NULL;
	if (!head) {
		skep_drop(s, SKEP_DROP_GROUP);
		return SKEP_GO;
	}
	home_count(&group->packets, 1);
	home_count(&group->bytes, home_wire_len(ctx));
	skep_choose(s, cells, head);
	if (!head->n_buckets || s->bucket == SKEP_NO_BUCKET) {
		skep_drop(s, SKEP_DROP_GROUP);
		return SKEP_GO;
	}
	if ((s->list_left > 1 && skep_push(s, s->list_next + 1, s->list_left - 1)) ||
	    (head->type == SKEP_GT_ALL && head->n_buckets > 1 &&
	     skep_push(s, cells, SKEP_FRAME_GROUP | 1))) {
		skep_drop(s, SKEP_DROP_BUG);
		return SKEP_GO;
	}
	skep_enter_bucket(ctx, s, cells, head->ctr, s->bucket);
	return SKEP_JUMP;
}

/* The present list has ended: goes on with what is on the stack, which is not empty. */
SKEP_SUB int skep_return(SKEP_CTX *ctx, struct skep_state *s)
{
	const struct skep_group_head *head;
	struct skep_frame *f;
	__u32 cells, bucket;

	if (!s || !s->depth)
		return 0;
	f = &s->frames[(s->depth - 1) & (SKEP_FRAMES - 1)];
	if (!(f->left & SKEP_FRAME_GROUP)) {
		s->depth--;
		s->list_next = f->next;
		s->list_left = f->left;
		s->cookie = f->cookie;
		s->reason = f->reason;
		return 0;
	}
	cells = f->next;
	bucket = f->left & ~SKEP_FRAME_GROUP;
	head = skep_group_head(cells);
	f->left++;
	if (!head || bucket + 1 >= head->n_buckets)
		s->depth--;
	if (head && bucket < head->n_buckets)
		skep_enter_bucket(ctx, s, cells, head->ctr, bucket);
	return 0;
}

/* Makes this packet, a copy that another state's program has made, what it is to be.  Nonzero: there is no such program. */
SKEP_INLINE int skep_become_fork(SKEP_CTX *ctx, struct skep_state *s, __u32 level)
{
	struct skep_state *parent = home_fork_parent(level);

	if (!parent || parent == s || !parent->busy || !parent->fork_left)
		return -1;
	for (int i = 0; i < SKEP_KEY_WORDS; i++)
		s->w[i] = parent->w[i];
	home_set_mark(ctx, parent->fork_mark);
	s->version = parent->version;
	s->frame_len = parent->frame_len;
	s->bridge = parent->bridge;
	s->table = parent->table;
	s->hops = parent->hops;
	s->in_port_idx = parent->in_port_idx;
	s->in_config = parent->in_config;
	s->in_flags = parent->in_flags;
	s->dirty = parent->dirty;
	s->head_len = parent->head_len;
	s->list_next = parent->fork_next;
	s->list_left = parent->fork_left;
	s->cookie = ~0ULL;
	s->reason = SKEP_R_ACTION;
	s->more = 0;
	s->stale = SKEP_STALE_ALL;
	s->sent |= SKEP_SENT_COPY; /* a bucket may send nothing */
	return 0;
}

#endif
