// SPDX-License-Identifier: Apache-2.0
/*
 * How exact a meter's rate is: bpf/meter.h in a home of its own, whose clock the test sets.
 *
 * The configuration is made by the datapath, on maps in memory, as for the kernel.  With real clocks and CPUs: tests/bench/bench-meter.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datapath/private.h"

/* --- The home --- */

#include "bpf/bytes.h"

#define SKEP_SUB    static
#define SKEP_INLINE static inline

static struct dp *dp;
static uint32_t bridge;
static uint64_t now_ns;

static struct skep_meter *home_meter(uint32_t idx)
{
	return MAP_ELEM(&dp->set, MAP_METERS, struct skep_meter, idx);
}

static struct skep_meter_conf *home_meter_conf(uint32_t idx)
{
	return MAP_ELEM(&dp->set, MAP_METER_CONFS, struct skep_meter_conf, idx);
}

static uint64_t home_now_exact(void)
{
	return __atomic_load_n(&now_ns, __ATOMIC_RELAXED);
}

#include "bpf/meter.h"

/* --- The room --- */

static int setup(void **state)
{
	struct dp_config config = { .attach = DP_ATTACH_NONE, .n_rules = 1024 };
	char err_buf[256];
	bool adopted;

	(void)state;
	now_ns = mono_ns();
	assert_int_equal(dp_open(&config, &dp, &adopted, err_buf, sizeof(err_buf)), 0);
	assert_int_equal(dp_bridge_add(dp, "br0", &bridge), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dp_close(dp);
	return 0;
}

/* Makes meter 1 and returns its index; 'burst' 0: the default. */
static uint32_t make_meter(uint16_t flags, uint32_t rate, uint32_t burst)
{
	struct meter_mod mm = {
		.command = METER_ADD,
		.meter_id = 1,
		.flags = flags | (burst ? METER_BURST : 0),
		.n_bands = 1,
		.bands[0] = { BAND_DROP, rate, burst, 0 },
	};

	dp_meter_mod(dp, bridge, &(struct meter_mod){ .command = METER_DELETE, .meter_id = 1 });
	assert_int_equal(dp_meter_mod(dp, bridge, &mm), 0);
	now_ns = mono_ns();
	return meter_find(dp, bridge, 1);
}

static bool passes(uint32_t meter, uint32_t packets, uint64_t bytes)
{
	static struct skep_state s;

	s.load_packets = packets;
	s.load_bytes = bytes;
	return skep_meter_take(&s, meter) == SKEP_METER_PASS;
}

/* --- Rates --- */

/* Offers packets of 'len' bytes, 'factor' times the rate, with the given gaps, and returns what passed by what should have.  The beginning is not
 * counted: it has the burst. */
static double offer(uint32_t meter, double unit_ns, uint32_t len, double factor, double jitter)
{
	double gap = unit_ns / factor, at = 0, start = 1e9, end;
	uint64_t begin = now_ns, passed = 0;
	unsigned int seed = 1;

	if (start < 20 * unit_ns)
		start = 20 * unit_ns;
	end = start + 20000 * unit_ns;
	while (at < end) {
		now_ns = begin + (uint64_t)at;
		if (passes(meter, 1, len) && at >= start)
			passed++;
		at += gap * (1 + jitter * (rand_r(&seed) / (double)RAND_MAX * 2 - 1));
	}
	return (double)passed * unit_ns / (end - start);
}

static const struct rate {
	uint16_t flags;
	uint32_t rate;
	uint32_t len;
} rates[] = {
	{ METER_KBPS, 1000, 64 },      { METER_KBPS, 1000, 1514 },    { METER_KBPS, 10000, 1514 },
	{ METER_KBPS, 100000, 64 },    { METER_KBPS, 1000000, 1514 }, { METER_KBPS, 10000000, 1514 },
	{ METER_PKTPS, 100, 64 },      { METER_PKTPS, 1000, 64 },     { METER_PKTPS, 10000, 64 },
	{ METER_PKTPS, 100000, 64 },   { METER_PKTPS, 1000000, 64 },  { METER_PKTPS, 7, 64 },
};

/* The time that a packet takes at the rate. */
static double unit_of(const struct rate *r)
{
	return r->flags & METER_PKTPS ? 1e9 / r->rate : 8e6 / r->rate * r->len;
}

static void the_rate_is_right_within_a_thousandth(void **state)
{
	static const double factors[] = { 1.3, 2, 5 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		for (unsigned int k = 0; k < 3; k++) {
			/* Of all bursts that hold some packets. */
			for (uint32_t burst = 0; burst < 2; burst++) {
				uint32_t size = rates[i].flags & METER_PKTPS ? 3 : 3 * rates[i].len / 125 + 1;
				uint32_t meter = make_meter(rates[i].flags, rates[i].rate, burst ? size : 0);
				double got = offer(meter, unit_of(&rates[i]), rates[i].len, factors[k], 0.5);

				/* What is due and not there yet, or owed, is some packets of 20,000.  7 packets/s have no more burst than one. */
				if (got < 0.999 || (got > 1.001))
					assert_true(rates[i].rate == 7 && !burst && got > 0.5 && got < 1);
			}
		}
	}
}

static void nothing_below_the_rate_is_dropped(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint32_t meter = make_meter(rates[i].flags, rates[i].rate, 0);

		offer(meter, unit_of(&rates[i]), rates[i].len, 0.99, 0);
		assert_int_equal(home_meter_conf(home_meter(meter)->conf)->band[0].packets, 0);
	}
}

static void a_packet_larger_than_the_burst_does_not_change_the_rate(void **state)
{
	uint32_t meter = make_meter(METER_KBPS, 100000, 8);
	double unit = 8e6 / 100000 * 65000, got;

	(void)state;
	/* Packets come far more often than one may pass, as those of a window of TCP do. */
	got = offer(meter, unit, 65000, 500, 0.5);
	assert_true(got > 0.99 && got <= 1.001);
}

static void segments_count_one_by_one(void **state)
{
	uint32_t meter = make_meter(METER_PKTPS, 1000, 44);

	(void)state;
	assert_true(passes(meter, 44, 65000));
	assert_false(passes(meter, 1, 64));
	now_ns += 1000000;
	assert_true(passes(meter, 1, 64));
	assert_int_equal(home_meter(meter)->packets, 46);
	assert_int_equal(home_meter(meter)->bytes, 65128);
}

static void the_slowest_and_the_fastest_rate_do_not_overflow(void **state)
{
	uint32_t meter = make_meter(METER_KBPS, 1, UINT32_MAX);

	(void)state;
	assert_true(passes(meter, 1, SKEP_LOAD_BYTES_MAX));
	meter = make_meter(METER_KBPS, 1, 1);
	assert_true(passes(meter, 1, SKEP_LOAD_BYTES_MAX));
	now_ns += (uint64_t)8e6 * (SKEP_LOAD_BYTES_MAX - 126);
	assert_false(passes(meter, 1, 1));
	now_ns += (uint64_t)8e6 * 128;
	assert_true(passes(meter, 1, 1));
	meter = make_meter(METER_PKTPS, 1, 1);
	assert_true(passes(meter, SKEP_LOAD_PACKETS_MAX, 64));
	now_ns += (SKEP_LOAD_PACKETS_MAX - 1) * 1000000000ULL;
	assert_false(passes(meter, 1, 64));
	now_ns += 1000000001;
	assert_true(passes(meter, 1, 64));
	meter = make_meter(METER_KBPS, UINT32_MAX, 0);
	assert_true(passes(meter, 1, 1514));
	meter = make_meter(METER_PKTPS, UINT32_MAX, 0);
	assert_true(passes(meter, 1, 1514));
}

static void a_meter_that_slept_for_years_has_its_burst_and_no_more(void **state)
{
	static const uint64_t days[] = { 1, 400, 418, 800, 835, 900, 2000 };
	uint32_t meter = make_meter(METER_PKTPS, 1, 5);

	(void)state;
	for (unsigned int i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		unsigned int n = 0;

		now_ns += days[i] * 86400 * 1000000000;
		for (int k = 0; k < 20; k++)
			n += passes(meter, 1, 64);
		assert_int_equal(n, 5);
	}
}

/* --- Many CPUs --- */

enum { N_THREADS = 4, N_TRIES = 200000 };

struct taker {
	pthread_t thread;
	uint32_t meter;
	struct skep_state s;
	unsigned int n;
};

static void *take(void *arg)
{
	struct taker *t = arg;

	t->s.load_packets = 1;
	t->s.load_bytes = 64;
	for (int i = 0; i < N_TRIES; i++)
		t->n += skep_meter_take(&t->s, t->meter) == SKEP_METER_PASS;
	return NULL;
}

static void cpus_together_take_what_there_is_and_no_more(void **state)
{
	static const uint32_t bursts[] = { 1, 2, 100, 10000, 500000 };
	struct taker *takers = calloc(N_THREADS, sizeof(*takers));

	(void)state;
	assert_non_null(takers);
	for (unsigned int b = 0; b < sizeof(bursts) / sizeof(bursts[0]); b++) {
		/* The clock stands still. */
		uint32_t meter = make_meter(METER_PKTPS, 1000, bursts[b]);
		unsigned int n = 0;

		for (int i = 0; i < N_THREADS; i++) {
			takers[i] = (struct taker){ .meter = meter };
			assert_int_equal(pthread_create(&takers[i].thread, NULL, take, &takers[i]), 0);
		}
		for (int i = 0; i < N_THREADS; i++) {
			pthread_join(takers[i].thread, NULL);
			n += takers[i].n;
		}
		assert_int_equal(n, bursts[b]);
		assert_int_equal(home_meter(meter)->packets, N_THREADS * N_TRIES);
	}
	free(takers);
}

#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_rate_is_right_within_a_thousandth),
		TEST(nothing_below_the_rate_is_dropped),
		TEST(a_packet_larger_than_the_burst_does_not_change_the_rate),
		TEST(segments_count_one_by_one),
		TEST(the_slowest_and_the_fastest_rate_do_not_overflow),
		TEST(a_meter_that_slept_for_years_has_its_burst_and_no_more),
		TEST(cpus_together_take_what_there_is_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
