// SPDX-License-Identifier: Apache-2.0
/* Allocation of map elements; see spans.h. */
#include "datapath/spans.h"

#include <stdlib.h>
#include <string.h>

void spans_init(struct spans *s, uint32_t capacity)
{
	memset(s, 0, sizeof(*s));
	s->bump = 1;
	s->capacity = capacity;
}

void spans_uninit(struct spans *s)
{
	for (unsigned int i = 0; i < SPAN_CLASSES; i++)
		free(s->free[i].idx);
}

uint32_t spans_alloc(struct spans *s, unsigned int class_log2)
{
	uint32_t size = 1u << class_log2, idx;

	if (s->free[class_log2].n) {
		s->n_free -= size;
		return s->free[class_log2].idx[--s->free[class_log2].n];
	}
	if (s->capacity - s->bump < size)
		return 0;
	idx = s->bump;
	s->bump += size;
	return idx;
}

void spans_free(struct spans *s, uint32_t idx, unsigned int class_log2)
{
	uint32_t n = s->free[class_log2].n, cap = s->free[class_log2].cap;

	if (n == cap) {
		uint32_t *p;

		cap = cap ? cap * 2 : 64;
		p = realloc(s->free[class_log2].idx, cap * sizeof(*p));
		if (!p)
			return; /* the span is lost until a restart: better than to fail a delete */
		s->free[class_log2].idx = p;
		s->free[class_log2].cap = cap;
	}
	s->free[class_log2].idx[s->free[class_log2].n++] = idx;
	s->n_free += 1u << class_log2;
}

bool spans_have(const struct spans *s, unsigned int class_log2, uint32_t n)
{
	uint64_t fresh = (s->capacity - s->bump) >> class_log2;

	return s->free[class_log2].n + fresh >= n;
}

unsigned int spans_class(uint32_t n)
{
	unsigned int class_log2 = 0;

	while (1u << class_log2 < n)
		class_log2++;
	return class_log2;
}

void spans_recall(struct spans *s, const bool *is_used, uint32_t n)
{
	s->bump = n;
	while (s->bump > 1 && !is_used[s->bump - 1])
		s->bump--;
	for (uint32_t i = 1; i < s->bump; i++) {
		if (!is_used[i])
			spans_free(s, i, 0);
	}
}
