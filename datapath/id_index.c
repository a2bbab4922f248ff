// SPDX-License-Identifier: Apache-2.0
/* Numbers to places; see id_index.h. */
#include "datapath/id_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint32_t id_index_at(const struct id_index *x, uint32_t id)
{
	uint32_t low = 0, high = x->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (x->ref[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t id_index_find(const struct id_index *x, uint32_t id)
{
	uint32_t i = id_index_at(x, id);

	return i < x->n && x->ref[i].id == id ? x->ref[i].idx : 0;
}

int id_index_add(struct id_index *x, uint32_t id, uint32_t idx)
{
	uint32_t i;

	if (x->n == x->cap) {
		uint32_t cap = x->cap ? x->cap * 2 : 16;
		struct id_ref *p = realloc(x->ref, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		x->ref = p;
		x->cap = cap;
	}
	i = id_index_at(x, id);
	memmove(&x->ref[i + 1], &x->ref[i], (x->n - i) * sizeof(x->ref[0]));
	x->ref[i] = (struct id_ref){ id, idx };
	x->n++;
	return 0;
}

void id_index_del(struct id_index *x, uint32_t id)
{
	uint32_t i = id_index_at(x, id);

	x->n--;
	memmove(&x->ref[i], &x->ref[i + 1], (x->n - i) * sizeof(x->ref[0]));
}
