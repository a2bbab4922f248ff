/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts at flows and tables. */
#ifndef SKEP_BPF_COUNT_H
#define SKEP_BPF_COUNT_H 1

#include "bpf/state.h"

/* Counts the packet at element 'ctr' of the flows' counters and element 'table_ctr' of the tables', where it was found. */
SKEP_INLINE void skep_count(struct skep_state *s, __u32 ctr, __u32 table_ctr, __u64 now)
{
	struct skep_counter *flow = home_counter(ctr);
	struct skep_table_counter *table = home_table_counter(table_ctr);

	if (SKEP_UNLIKELY(!flow || !table))
		return;
	home_add2(&table->lookups, 1, &table->matches, 1);
	home_add2(&flow->packets, 1, &flow->bytes, s->frame_len);
	SKEP_ONCE_SET(flow->used_ns, now);
}

#endif
