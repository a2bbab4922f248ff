// SPDX-License-Identifier: Apache-2.0
/* The tunnel fields of a packet; see tunnel.h. */
#include "model/tunnel.h"

#include <string.h>

void tunnel_to_match(const struct tunnel_fields *t, struct match *m)
{
	static const struct field_value zero;

#define X(ID, MEMBER)                                                                           \
	if (memcmp(&t->MEMBER, &zero, sizeof(zero)) != 0)                                       \
		match_set(m, ID, &t->MEMBER, NULL);
	TUNNEL_FIELDS(X)
#undef X
}

void tunnel_set(struct tunnel_fields *t, enum field_id id, const struct field_value *value)
{
#define X(ID, MEMBER)                                                                           \
	if (id == (ID))                                                                         \
		t->MEMBER = *value;
	TUNNEL_FIELDS(X)
#undef X
}
