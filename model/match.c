// SPDX-License-Identifier: Apache-2.0
/* Matches; see match.h. */
#include "model/match.h"

#include <string.h>

void match_set(struct match *m, enum field_id id, const struct field_value *value,
	       const struct field_value *mask)
{
	struct field_value exact = field_exact_mask(id);
	unsigned int n = field_table[id].n_bytes;
	uint8_t any = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint8_t bits = mask ? mask->b[i] & exact.b[i] : exact.b[i];

		m->mask[id].b[i] = bits;
		m->value[id].b[i] = value->b[i] & bits;
		any |= bits;
	}
	memset(m->mask[id].b + n, 0, FIELD_MAX_BYTES - n);
	memset(m->value[id].b + n, 0, FIELD_MAX_BYTES - n);
	if (any)
		m->present |= 1ULL << id;
	else
		m->present &= ~(1ULL << id);
}

void match_set_u64(struct match *m, enum field_id id, uint64_t value)
{
	struct field_value v = field_value_from_u64(id, value);

	match_set(m, id, &v, NULL);
}

bool match_is_exact(const struct match *m, enum field_id id)
{
	struct field_value exact = field_exact_mask(id);

	return match_has(m, id) && !memcmp(&m->mask[id], &exact, sizeof(exact));
}

bool match_equal(const struct match *a, const struct match *b)
{
	enum field_id id;

	if (a->present != b->present)
		return false;
	MATCH_FOR_EACH(a, id) {
		if (memcmp(&a->value[id], &b->value[id], sizeof(a->value[id])) ||
		    memcmp(&a->mask[id], &b->mask[id], sizeof(a->mask[id])))
			return false;
	}
	return true;
}

static bool exact_is(const struct match *m, enum field_id id, uint64_t value)
{
	return match_is_exact(m, id) && field_value_to_u64(id, &m->value[id]) == value;
}

static bool has_tag(const struct match *m)
{
	const struct field_value *value = &m->value[FIELD_VLAN_VID];

	return match_has(m, FIELD_VLAN_VID) && value->b[0] & OFPVID_PRESENT >> 8;
}

static bool is_icmpv6(const struct match *m)
{
	return exact_is(m, FIELD_ETH_TYPE, 0x86dd) && exact_is(m, FIELD_IP_PROTO, 58);
}

bool match_prereq_ok(const struct match *m, enum field_id id)
{
	bool is_ipv4 = exact_is(m, FIELD_ETH_TYPE, 0x0800);
	bool is_ipv6 = exact_is(m, FIELD_ETH_TYPE, 0x86dd);
	bool is_ip = is_ipv4 || is_ipv6;

	switch (field_table[id].prereq) {
	case PREREQ_NONE:
		return true;
	case PREREQ_IN_PORT:
		return match_has(m, FIELD_IN_PORT);
	case PREREQ_VLAN:
		return has_tag(m);
	case PREREQ_IP:
		return is_ip;
	case PREREQ_IPV4:
		return is_ipv4;
	case PREREQ_IPV6:
		return is_ipv6;
	case PREREQ_ARP:
		return exact_is(m, FIELD_ETH_TYPE, 0x0806);
	case PREREQ_TCP:
		return is_ip && exact_is(m, FIELD_IP_PROTO, 6);
	case PREREQ_UDP:
		return is_ip && exact_is(m, FIELD_IP_PROTO, 17);
	case PREREQ_SCTP:
		return is_ip && exact_is(m, FIELD_IP_PROTO, 132);
	case PREREQ_ICMPV4:
		return is_ipv4 && exact_is(m, FIELD_IP_PROTO, 1);
	case PREREQ_ICMPV6:
		return is_icmpv6(m);
	case PREREQ_ND:
		return is_icmpv6(m) && (exact_is(m, FIELD_ICMPV6_TYPE, 135) ||
					exact_is(m, FIELD_ICMPV6_TYPE, 136));
	case PREREQ_ND_SOL:
		return is_icmpv6(m) && exact_is(m, FIELD_ICMPV6_TYPE, 135);
	case PREREQ_ND_ADV:
		return is_icmpv6(m) && exact_is(m, FIELD_ICMPV6_TYPE, 136);
	case PREREQ_MPLS:
		return exact_is(m, FIELD_ETH_TYPE, 0x8847) || exact_is(m, FIELD_ETH_TYPE, 0x8848);
	case PREREQ_PBB:
		return exact_is(m, FIELD_ETH_TYPE, 0x88e7);
	}
	return false;
}
