/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation of elements of a flat map: spans of 2^class consecutive elements, by a bump pointer and one free list per class.
 * Element 0 is never given out.  The bookkeeping is the process's own; the map is not touched.
 */
#ifndef SKEP_DATAPATH_SPANS_H
#define SKEP_DATAPATH_SPANS_H 1

#include <stdbool.h>
#include <stdint.h>

#define SPAN_CLASSES 24

struct spans {
	uint32_t bump; /* elements below it were given out at least once */
	uint32_t capacity;
	uint32_t n_free; /* elements in the free lists */
	struct {
		uint32_t *idx;
		uint32_t n, cap;
	} free[SPAN_CLASSES];
};

void spans_init(struct spans *s, uint32_t capacity);
void spans_uninit(struct spans *s);
/* The first element of a span, or 0: none left. */
uint32_t spans_alloc(struct spans *s, unsigned int class_log2);
void spans_free(struct spans *s, uint32_t idx, unsigned int class_log2);
/* True if 'n' spans of that class can be had. */
bool spans_have(const struct spans *s, unsigned int class_log2, uint32_t n);
/* Of elements below 'n', all of the smallest class, those that are not in 'is_used' are free: after adoption. */
void spans_recall(struct spans *s, const bool *is_used, uint32_t n);
/* The smallest class that holds 'n' elements. */
unsigned int spans_class(uint32_t n);
static inline uint32_t spans_used(const struct spans *s)
{
	return s->bump - 1 - s->n_free;
}

#endif
