// SPDX-License-Identifier: Apache-2.0
/* The field table and helpers on values; see field.h. */
#include "model/field.h"

const struct field_info field_table[N_FIELD_IDS] = {
#define X(ID, NUM, OVS, OXM, BITS, MASKABLE, SETTABLE, PREREQ)                                      \
	[FIELD_##ID] = { OVS, OXM, BITS, (BITS + 7) / 8, MASKABLE, SETTABLE, PREREQ_##PREREQ },
	FIELD_TABLE(X)
#undef X
};

/* Byte I of the exact mask of a field of N bits: the first byte may be used in part. */
#define MASK_BYTE(N, I) ((I) >= (N + 7) / 8 ? 0 : (I) == 0 && N % 8 ? (1 << N % 8) - 1 : 0xff)
#define MASK_4(N, I)    MASK_BYTE(N, I), MASK_BYTE(N, I + 1), MASK_BYTE(N, I + 2), MASK_BYTE(N, I + 3)

static const struct field_value exact_masks[N_FIELD_IDS] = {
#define X(ID, NUM, OVS, OXM, BITS, MASKABLE, SETTABLE, PREREQ)                                      \
	[FIELD_##ID] = { { MASK_4(BITS, 0), MASK_4(BITS, 4), MASK_4(BITS, 8), MASK_4(BITS, 12) } },
	FIELD_TABLE(X)
#undef X
};

struct field_value field_exact_mask(enum field_id id)
{
	return exact_masks[id];
}

bool field_value_fits(enum field_id id, const struct field_value *v)
{
	return !(v->b[0] & ~exact_masks[id].b[0]);
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
