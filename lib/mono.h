/* SPDX-License-Identifier: Apache-2.0 */
/* The monotonic clock as a number. */
#ifndef SKEP_LIB_MONO_H
#define SKEP_LIB_MONO_H 1

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in nanoseconds, and in milliseconds. */
static inline uint64_t mono_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t mono_clock_ms(void)
{
	return mono_clock_ns() / 1000000;
}

#endif
