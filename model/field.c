// SPDX-License-Identifier: Apache-2.0
/* The field table and helpers on values; see field.h. */
#include "model/field.h"

#include <string.h>

const struct field_info field_table[N_FIELD_IDS] = {
#define X(ID, NUM, OVS, OXM, BITS, MASKABLE, SETTABLE, PREREQ)                                      \
	[FIELD_##ID] = { OVS, OXM, BITS, (BITS + 7) / 8, MASKABLE, SETTABLE, PREREQ_##PREREQ },
	FIELD_TABLE(X)
#undef X
};

struct field_value field_exact_mask(enum field_id id)
{
	const struct field_info *f = &field_table[id];
	struct field_value m = { { 0 } };

	memset(m.b, 0xff, f->n_bytes);
	if (f->n_bits % 8)
		m.b[0] = (uint8_t)((1u << f->n_bits % 8) - 1);
	return m;
}

bool field_value_fits(enum field_id id, const struct field_value *v)
{
	return !(v->b[0] & ~field_exact_mask(id).b[0]);
}

uint64_t field_value_to_u64(enum field_id id, const struct field_value *v)
{
	uint64_t u = 0;

	for (unsigned int i = 0; i < field_table[id].n_bytes; i++)
		u = u << 8 | v->b[i];
	return u;
}

struct field_value field_value_from_u64(enum field_id id, uint64_t u)
{
	struct field_value v = { { 0 } };

	for (unsigned int i = field_table[id].n_bytes; i-- > 0; u >>= 8)
		v.b[i] = (uint8_t)u;
	return v;
}
