/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Meters: how much may pass (OF1.3.5 §5.7).  What becomes of the rest is in police.h.
 *
 * A band is a bucket of time (GCRA, the leaky bucket of ITU-T I.371): 'spent' is the moment until which its rate is used up.  A packet moves that on by
 * what it takes at the band's rate, and exceeds the band if it would get more than 'burst' ahead of now.  All CPUs share the one
 * number, so the rate is the switch's; no timer fills anything, and nothing is lost by rounding.
 *
 * A packet that alone is more than the burst (one of TSO is 64 kB) passes when the bucket is full, and is owed for: it would never pass
 * otherwise, and the rate stays what it is.
 *
 * Bands are asked in descending order of their rates, and the first that is exceeded acts.  What it acts on does not use up the
 * lower ones: of what passes a drop band, the next band sees all and nothing else.
 */
#ifndef SKEP_BPF_METER_H
#define SKEP_BPF_METER_H 1

#include "bpf/state.h"

/* What a meter says of a packet; above: remark, by that many levels more. */
enum skep_meter_verdict { SKEP_METER_PASS, SKEP_METER_DROP, SKEP_METER_REMARK };

/* Packets that a meter can take at once, and bytes: more would overflow at 1 packet or 1 kb per second. */
#define SKEP_LOAD_PACKETS_MAX 16383u
#define SKEP_LOAD_BYTES_MAX   ((1u << 20) - 1)

/* Further ahead of the burst than this (10 hours) no packet has moved a band: the clock has gone round since it was used (that takes 834 days). */
#define SKEP_OWED_MAX (1LL << 53)

/* True if 'charge' is too much for the band now; if not, it is taken. */
SKEP_INLINE _Bool skep_band_is_exceeded(struct skep_band *band, __u64 charge, __u64 now)
{
	__s64 burst = (__s64)band->burst, need = (__s64)charge < burst ? (__s64)charge : burst;
	__u64 old = SKEP_ONCE(band->spent);
	__s64 ahead = (__s64)(old - now);

	if (ahead < 0 || ahead > burst + SKEP_OWED_MAX)
		ahead = 0;
	if (ahead + need > burst)
		return 1;
	if (__sync_val_compare_and_swap(&band->spent, old, now + (__u64)ahead + charge) == old)
		return 0;
	/* Another CPU has just taken of it.  Take without looking, and give back what was too much: nobody waits, and no
	 * decision depends on how many CPUs there are. */
	old = __sync_fetch_and_add(&band->spent, charge);
	if ((__s64)(old - now) + need <= burst)
		return 0;
	__sync_fetch_and_add(&band->spent, -charge);
	return 1;
}

/* Takes s->load_* from meter 'idx', and counts.  Returns enum skep_meter_verdict. */
SKEP_SUB int skep_meter_take(struct skep_state *s, __u32 idx)
{
	struct skep_meter *meter = home_meter(idx);
	struct skep_meter_conf *conf;
	__u64 now, load;

	if (!s || !meter)
		return SKEP_METER_PASS;
	conf = home_meter_conf(SKEP_ONCE(meter->conf));
	if (!conf || !meter->conf)
		return SKEP_METER_PASS;
	__sync_fetch_and_add(&meter->packets, s->load_packets);
	__sync_fetch_and_add(&meter->bytes, s->load_bytes);
	load = conf->flags & SKEP_MF_PKTPS ? s->load_packets : s->load_bytes;
	now = (home_now_exact() - conf->base_ns) << SKEP_TIME_SHIFT;
	for (__u32 i = 0; i < SKEP_BANDS_MAX && i < conf->n_bands; i++) {
		struct skep_band *band = &conf->band[i];

		if (!skep_band_is_exceeded(
			    band, load * band->cost >> (SKEP_METER_SHIFT - SKEP_TIME_SHIFT), now))
			continue;
		__sync_fetch_and_add(&band->packets, s->load_packets);
		__sync_fetch_and_add(&band->bytes, s->load_bytes);
		return band->type == SKEP_BAND_DROP ? SKEP_METER_DROP
						    : SKEP_METER_REMARK + band->prec_level;
	}
	return SKEP_METER_PASS;
}

#endif
