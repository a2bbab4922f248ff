/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts at flows and tables. */
#ifndef SKEP_BPF_COUNT_H
#define SKEP_BPF_COUNT_H 1

#include "bpf/state.h"

/* Counts a packet of 'len' bytes at element 'ctr' of the flows' counters and element 'table_ctr' of
 * the tables', where it was found. */
SKEP_INLINE void skep_count(__u32 ctr, __u32 table_ctr, __u64 len, __u64 now)
{
	struct skep_counter *flow = home_counter(ctr);
	struct skep_table_counter *table = home_table_counter(table_ctr);

	if (SKEP_UNLIKELY(!flow || !table))
		return;
	home_add4(&table->lookups, 1, &table->matches, 1, &flow->packets, 1, &flow->bytes, len);
	SKEP_ONCE_SET(flow->used_ns, now);
}

#endif
