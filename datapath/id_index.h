/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From OpenFlow's numbers of things (groups, meters) to their places in a map: a sorted array.
 */
#ifndef SKEP_DATAPATH_ID_INDEX_H
#define SKEP_DATAPATH_ID_INDEX_H 1

#include <stdint.h>

struct id_index {
	struct id_ref {
		uint32_t id;
		uint32_t idx; /* of the element; not 0 */
	} *ref; /* ascending by id; owned */
	uint32_t n, cap;
};

/* Where in 'ref' the number is or would be. */
uint32_t id_index_at(const struct id_index *x, uint32_t id);
/* The place of that number, or 0. */
uint32_t id_index_find(const struct id_index *x, uint32_t id);
/* Adds a number that is not there.  0 or -ENOMEM. */
int id_index_add(struct id_index *x, uint32_t id, uint32_t idx);
/* Takes out a number that is there. */
void id_index_del(struct id_index *x, uint32_t id);

#endif
