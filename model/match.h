/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A match: which fields a packet must have, and their values and masks (OF1.3.5 §7.2.3).
 *
 * Canonical form, which match_set() keeps and everything relies on: a field whose mask is all zeros is
 * absent (§7.2.3.4: "equivalent to omitting the OXM TLV entirely"); a value has no bit outside its
 * mask; an exact field's mask is field_exact_mask(); entries of absent fields are unspecified memory (a
 * match is large, and clearing all of it for each flow-mod would cost more than decoding it).
 *
 * So a match is initialised by match_init() alone, and two matches are compared by match_equal(), never by
 * memcmp().
 */
#ifndef SKEP_MODEL_MATCH_H
#define SKEP_MODEL_MATCH_H 1

#include <stdbool.h>
#include <stdint.h>

#include "model/field.h"

struct match {
	uint64_t present; /* bit per enum field_id */
	struct field_value value[N_FIELD_IDS];
	struct field_value mask[N_FIELD_IDS];
};

static inline void match_init(struct match *m)
{
	m->present = 0;
}

static inline bool match_has(const struct match *m, enum field_id id)
{
	return m->present >> id & 1;
}

/* Adds field 'id'.  'mask' NULL means exact.  Bits of 'value' outside 'mask' are cleared; an all-zero
 * mask leaves the field absent.  Replaces an earlier value of the same field. */
void match_set(struct match *m, enum field_id id, const struct field_value *value,
	       const struct field_value *mask);
void match_set_u64(struct match *m, enum field_id id, uint64_t value);

bool match_is_exact(const struct match *m, enum field_id id);
bool match_equal(const struct match *a, const struct match *b);

/* True if the prerequisites of field 'id' hold in 'm' (§7.2.3.6); 'id' itself need not be present.
 * Also for set-field. */
bool match_prereq_ok(const struct match *m, enum field_id id);

#define MATCH_FOR_EACH(M, ID)                                                                   \
	for (uint64_t match_bits__ = (M)->present;                                                  \
	     match_bits__ &&                                                                        \
	     ((ID) = (enum field_id)__builtin_ctzll(match_bits__), 1);                              \
	     match_bits__ &= match_bits__ - 1)

#endif
