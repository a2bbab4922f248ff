// SPDX-License-Identifier: Apache-2.0
/* Groups; see group.h. */
#include "model/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void group_mod_uninit(struct group_mod *gm)
{
	for (unsigned int i = 0; i < gm->n_buckets; i++)
		free(gm->buckets[i].actions);
	free(gm->buckets);
	gm->buckets = NULL;
	gm->n_buckets = 0;
}

int group_mod_copy(struct group_mod *to, const struct group_mod *from)
{
	*to = *from;
	to->n_buckets = 0;
	to->buckets = from->n_buckets ? calloc(from->n_buckets, sizeof(*to->buckets)) : NULL;
	if (from->n_buckets && !to->buckets)
		return -ENOMEM;
	for (; to->n_buckets < from->n_buckets; to->n_buckets++) {
		const struct bucket *b = &from->buckets[to->n_buckets];
		struct bucket *copy = &to->buckets[to->n_buckets];
		size_t size = b->n_actions * sizeof(*b->actions);

		*copy = *b;
		copy->actions = size ? malloc(size) : NULL;
		if (size && !copy->actions) {
			group_mod_uninit(to);
			return -ENOMEM;
		}
		if (size)
			memcpy(copy->actions, b->actions, size);
	}
	return 0;
}
