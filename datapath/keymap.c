// SPDX-License-Identifier: Apache-2.0
/* Matches to masked keys and back; see keymap.h. */
#include "datapath/keymap.h"

#include <stddef.h>
#include <string.h>

/* How a field is stored. */
enum place {
	PLACE_NONE,
	PLACE_BYTES,  /* the value's bytes */
	PLACE_HOST32, /* as an integer in host order */
	PLACE_HOST64,
	PLACE_BITS8,  /* shifted left within a byte */
	PLACE_BITS16, /* shifted left within two bytes in network order */
	PLACE_BITS32, /* shifted left within four bytes in network order */
	PLACE_WIDE16, /* a one-byte value as a two-byte one in network order, the mask all ones */
};

#define AT(MEMBER) offsetof(struct skep_key, MEMBER)
#define L4 (SKEP_HAS_IP | SKEP_HAS_L4)
#define ND (L4 | SKEP_HAS_ND)

static const struct {
	uint8_t ofs;
	uint8_t place;
	uint8_t shift;
	uint8_t present;
} places[N_FIELD_IDS] = {
	[FIELD_IN_PORT] = { AT(in_port), PLACE_HOST32, 0, 0 },
	[FIELD_IN_PHY_PORT] = { AT(in_phy_port), PLACE_HOST32, 0, 0 },
	[FIELD_METADATA] = { AT(metadata), PLACE_HOST64, 0, 0 },
	[FIELD_ETH_DST] = { AT(eth_dst), PLACE_BYTES, 0, 0 },
	[FIELD_ETH_SRC] = { AT(eth_src), PLACE_BYTES, 0, 0 },
	[FIELD_ETH_TYPE] = { AT(eth_type), PLACE_BYTES, 0, 0 },
	[FIELD_VLAN_VID] = { AT(vlan_tci), PLACE_BITS16, 0, 0 },
	[FIELD_VLAN_PCP] = { AT(vlan_tci), PLACE_BITS16, 13, 0 },
	[FIELD_IP_DSCP] = { AT(ip_tos), PLACE_BITS8, 2, SKEP_HAS_IP },
	[FIELD_IP_ECN] = { AT(ip_tos), PLACE_BITS8, 0, SKEP_HAS_IP },
	[FIELD_IP_PROTO] = { AT(ip_proto), PLACE_BYTES, 0, SKEP_HAS_IP },
	[FIELD_IPV4_SRC] = { AT(ipv4_src), PLACE_BYTES, 0, SKEP_HAS_IP },
	[FIELD_IPV4_DST] = { AT(ipv4_dst), PLACE_BYTES, 0, SKEP_HAS_IP },
	[FIELD_TCP_SRC] = { AT(tp_src), PLACE_BYTES, 0, L4 },
	[FIELD_TCP_DST] = { AT(tp_dst), PLACE_BYTES, 0, L4 },
	[FIELD_UDP_SRC] = { AT(tp_src), PLACE_BYTES, 0, L4 },
	[FIELD_UDP_DST] = { AT(tp_dst), PLACE_BYTES, 0, L4 },
	[FIELD_SCTP_SRC] = { AT(tp_src), PLACE_BYTES, 0, L4 },
	[FIELD_SCTP_DST] = { AT(tp_dst), PLACE_BYTES, 0, L4 },
	[FIELD_ICMPV4_TYPE] = { AT(tp_src), PLACE_WIDE16, 0, L4 },
	[FIELD_ICMPV4_CODE] = { AT(tp_dst), PLACE_WIDE16, 0, L4 },
	[FIELD_ARP_OP] = { AT(tp_src), PLACE_BYTES, 0, SKEP_HAS_ARP },
	[FIELD_ARP_SPA] = { AT(ipv4_src), PLACE_BYTES, 0, SKEP_HAS_ARP },
	[FIELD_ARP_TPA] = { AT(ipv4_dst), PLACE_BYTES, 0, SKEP_HAS_ARP },
	[FIELD_ARP_SHA] = { AT(nd_sll), PLACE_BYTES, 0, SKEP_HAS_ARP },
	[FIELD_ARP_THA] = { AT(nd_tll), PLACE_BYTES, 0, SKEP_HAS_ARP },
	[FIELD_IPV6_SRC] = { AT(ipv6_src), PLACE_BYTES, 0, SKEP_HAS_IP },
	[FIELD_IPV6_DST] = { AT(ipv6_dst), PLACE_BYTES, 0, SKEP_HAS_IP },
	/* 20 bits are three bytes on the wire and stand in the low bytes of a __be32. */
	[FIELD_IPV6_FLABEL] = { AT(ipv6_flabel) + 1, PLACE_BYTES, 0, SKEP_HAS_IP },
	[FIELD_ICMPV6_TYPE] = { AT(tp_src), PLACE_WIDE16, 0, L4 },
	[FIELD_ICMPV6_CODE] = { AT(tp_dst), PLACE_WIDE16, 0, L4 },
	[FIELD_IPV6_ND_TARGET] = { AT(nd_target), PLACE_BYTES, 0, ND },
	[FIELD_IPV6_ND_SLL] = { AT(nd_sll), PLACE_BYTES, 0, ND | SKEP_HAS_SLL },
	[FIELD_IPV6_ND_TLL] = { AT(nd_tll), PLACE_BYTES, 0, ND | SKEP_HAS_TLL },
	[FIELD_MPLS_LABEL] = { AT(mpls_lse), PLACE_BITS32, 12, SKEP_HAS_MPLS },
	[FIELD_MPLS_TC] = { AT(mpls_lse), PLACE_BITS32, 9, SKEP_HAS_MPLS },
	[FIELD_MPLS_BOS] = { AT(mpls_lse), PLACE_BITS32, 8, SKEP_HAS_MPLS },
	[FIELD_PBB_ISID] = { AT(pbb_isid), PLACE_BYTES, 0, SKEP_HAS_PBB },
	[FIELD_IPV6_EXTHDR] = { AT(ipv6_exthdr), PLACE_BYTES, 0, SKEP_HAS_IP },
	[FIELD_TUN_METADATA0] = { AT(tun_metadata[0]), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_METADATA1] = { AT(tun_metadata[1]), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_METADATA2] = { AT(tun_metadata[2]), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_METADATA3] = { AT(tun_metadata[3]), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_METADATA4] = { AT(tun_metadata[4]), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_METADATA5] = { AT(tun_metadata[5]), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_METADATA6] = { AT(tun_metadata[6]), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_METADATA7] = { AT(tun_metadata[7]), PLACE_BYTES, 0, 0 },
	[FIELD_TUNNEL_ID] = { AT(tun_id), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_SRC] = { AT(tun_src), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_DST] = { AT(tun_dst), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_IPV6_SRC] = { AT(tun_ipv6_src), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_IPV6_DST] = { AT(tun_ipv6_dst), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_TOS] = { AT(tun_tos), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_TTL] = { AT(tun_ttl), PLACE_BYTES, 0, 0 },
	[FIELD_TUN_FLAGS] = { AT(tun_flags), PLACE_BYTES, 0, 0 },
};

static void store(enum field_id id, const struct field_value *v, bool is_mask,
		  union keymap_words *words)
{
	uint8_t *p = (uint8_t *)words + places[id].ofs;
	unsigned int shift = places[id].shift;
	uint64_t u;

	switch ((enum place)places[id].place) {
	case PLACE_BYTES:
		memcpy(p, v->b, field_table[id].n_bytes);
		break;
	case PLACE_HOST32: {
		uint32_t host = (uint32_t)field_value_to_u64(id, v);

		memcpy(p, &host, sizeof(host));
		break;
	}
	case PLACE_HOST64:
		words->key.metadata = field_value_to_u64(id, v);
		break;
	case PLACE_BITS8:
		*p |= (uint8_t)(v->b[0] << shift);
		break;
	case PLACE_BITS16:
		u = field_value_to_u64(id, v) << shift;
		p[0] |= (uint8_t)(u >> 8);
		p[1] |= (uint8_t)u;
		break;
	case PLACE_BITS32:
		u = field_value_to_u64(id, v) << shift;
		for (int i = 0; i < 4; i++)
			p[i] |= (uint8_t)(u >> (24 - 8 * i));
		break;
	case PLACE_WIDE16:
		p[0] = is_mask ? 0xff : 0;
		p[1] = v->b[0];
		break;
	case PLACE_NONE:
		break;
	}
}

void keymap_encode(const struct match *match, struct masked_key *ret)
{
	uint8_t present = 0;
	enum field_id id;

	memset(ret, 0, sizeof(*ret));
	MATCH_FOR_EACH(match, id) {
		store(id, &match->value[id], false, &ret->key);
		store(id, &match->mask[id], true, &ret->mask);
		present |= places[id].present;
	}
	ret->key.key.present = present;
	ret->mask.key.present = present;
}

static struct field_value load(enum field_id id, const union keymap_words *words)
{
	const uint8_t *p = (const uint8_t *)words + places[id].ofs;
	unsigned int n_bits = field_table[id].n_bits, shift = places[id].shift;
	struct field_value v = { { 0 } };

	switch ((enum place)places[id].place) {
	case PLACE_BYTES:
		memcpy(v.b, p, field_table[id].n_bytes);
		break;
	case PLACE_HOST32: {
		uint32_t host;

		memcpy(&host, p, sizeof(host));
		return field_value_from_u64(id, host);
	}
	case PLACE_HOST64:
		return field_value_from_u64(id, words->key.metadata);
	case PLACE_BITS8:
		v.b[0] = (uint8_t)(*p >> shift & ((1u << n_bits) - 1));
		break;
	case PLACE_BITS16:
		return field_value_from_u64(
			id, ((unsigned int)p[0] << 8 | p[1]) >> shift & ((1u << n_bits) - 1));
	case PLACE_BITS32: {
		uint32_t bits = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];

		return field_value_from_u64(id, bits >> shift & ((1u << n_bits) - 1));
	}
	case PLACE_WIDE16:
		v.b[0] = p[1];
		break;
	case PLACE_NONE:
		break;
	}
	return v;
}

/* False if the mask has no bit where the field is, which may be another field's place, too. */
static bool is_touched(enum field_id id, const union keymap_words *mask)
{
	static const uint8_t widths[] = {
		[PLACE_HOST32] = 4, [PLACE_HOST64] = 8, [PLACE_BITS8] = 1,
		[PLACE_BITS16] = 2, [PLACE_BITS32] = 4, [PLACE_WIDE16] = 2,
	};
	const uint8_t *p = (const uint8_t *)mask + places[id].ofs;
	enum place place = (enum place)places[id].place;
	unsigned int n = place == PLACE_BYTES ? field_table[id].n_bytes : widths[place];
	uint8_t any = 0;

	for (unsigned int i = 0; i < n; i++)
		any |= p[i];
	return any;
}

void keymap_decode(const struct masked_key *mk, struct match *ret)
{
	/* In ascending order each field comes after those that its prerequisites name. */
	match_init(ret);
	for (unsigned int i = 0; i < N_FIELD_IDS; i++) {
		enum field_id id = (enum field_id)i;
		struct field_value value, mask;

		if (!field_is_known(i) || !is_touched(id, &mk->mask) || !match_prereq_ok(ret, id))
			continue;
		value = load(id, &mk->key);
		mask = load(id, &mk->mask);
		match_set(ret, id, &value, &mask);
	}
}
