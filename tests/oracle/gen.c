// SPDX-License-Identifier: Apache-2.0
/* Random numbers and the pools that values come from; see gen.h. */
#include "tests/oracle/gen.h"

#include <string.h>

#define N_OF(A) ((uint32_t)(sizeof(A) / sizeof((A)[0])))

void gen_init(struct gen *g, uint64_t seed)
{
	g->state = seed;
	g->normal = 2;
	g->n_groups = g->n_meters = 0;
}

/* splitmix64, by Sebastiano Vigna (public domain). */
uint64_t gen_u64(struct gen *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t gen_below(struct gen *g, uint32_t n)
{
	return (uint32_t)((gen_u64(g) >> 32) * n >> 32);
}

bool gen_chance(struct gen *g, unsigned int percent)
{
	return gen_below(g, 100) < percent;
}

void gen_bytes(struct gen *g, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)gen_u64(g);
}

static const uint8_t macs[][6] = {
	{ 0x02, 0, 0, 0, 0, 0x01 },	  { 0x02, 0, 0, 0, 0, 0x02 },
	{ 0x02, 0, 0, 0, 0, 0x03 },	  { 0x52, 0x54, 0, 0x12, 0x34, 0x56 },
	{ 0x33, 0x33, 0xff, 0, 0, 0x01 }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
};

static const uint8_t ipv4_addresses[][4] = {
	{ 10, 0, 0, 1 },  { 10, 0, 0, 2 },	  { 10, 0, 1, 1 }, { 192, 168, 255, 254 },
	{ 224, 0, 0, 1 }, { 255, 255, 255, 255 }, { 0, 0, 0, 0 },
};

static const uint8_t ipv6_addresses[][16] = {
	{ 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
	{ 0x20, 0x01, 0x0d, 0xb8, [15] = 2 },
	{ 0x20, 0x01, 0x0d, 0xb8, 0, 1, [14] = 0xff, [15] = 0xff },
	{ 0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [15] = 1 },
	{ 0xff, 0x02, [11] = 1, [12] = 0xff, [15] = 1 },
	{ 0 },
};

static const uint64_t eth_types[] = { 0x0800, 0x86dd, 0x0806, 0x88b5, 0x8847, 0x8848,
				      0x88e7, 0x8100, 0x88a8, 0x0600, 0x05ff, 0x0020 };
static const uint64_t vids[] = { 0, 1, 2, 100, 0xfff };
static const uint64_t protos[] = { 6,	 17, 132, 1,  58, 47, 0, 43,
				   44, 50, 51,	59, 60, 4,  41, 255 };
static const uint64_t ports[] = { 0, 1, 22, 53, 80, 443, 0x8000, 0xffff };
static const uint64_t icmpv4_types[] = { 0, 3, 8, 11 };
static const uint64_t icmpv6_types[] = { 128, 129, 133, 134, 135, 136 };
static const uint64_t codes[] = { 0, 0, 0, 1, 3 };
static const uint64_t arp_ops[] = { 1, 2, 3, 0x0100 };
static const uint64_t labels[] = { 0, 1, 0x12345, 0xfffff };
static const uint64_t mpls_labels[] = { 0, 1, 3, 16, 0x12345, 0xfffff };
static const uint64_t isids[] = { 0, 1, 0x123456, 0xffffff };
static const uint64_t exthdrs[] = { 0, 1, 0x44, 0x08, 0x80, 0x100, 0x1ff };
static const uint64_t metadatas[] = { 0, 1, 2, 0x8000000000000001, 0xffffffff };

static uint64_t pick(struct gen *g, const uint64_t *pool, uint32_t n)
{
	return pool[gen_below(g, n)];
}

uint32_t gen_in_port(struct gen *g)
{
	static const uint64_t pool[] = { 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, PORT_LOCAL };

	return (uint32_t)pick(g, pool, N_OF(pool));
}

/* A value of up to 64 bits from the pool of 'id'; false if it has none. */
static bool pool_number(struct gen *g, enum field_id id, uint64_t *v)
{
	switch (id) {
	case FIELD_IN_PORT:
	case FIELD_IN_PHY_PORT:
		*v = gen_in_port(g);
		return true;
	case FIELD_MPLS_LABEL:
		*v = pick(g, mpls_labels, N_OF(mpls_labels));
		return true;
	case FIELD_PBB_ISID:
		*v = pick(g, isids, N_OF(isids));
		return true;
	case FIELD_IPV6_EXTHDR:
		*v = pick(g, exthdrs, N_OF(exthdrs));
		return true;
	case FIELD_METADATA:
		*v = pick(g, metadatas, N_OF(metadatas));
		return true;
	case FIELD_ETH_TYPE:
		*v = pick(g, eth_types, N_OF(eth_types));
		return true;
	case FIELD_VLAN_VID:
		*v = OFPVID_PRESENT | pick(g, vids, N_OF(vids));
		return true;
	case FIELD_IP_PROTO:
		*v = pick(g, protos, gen_chance(g, 70) ? 5 : N_OF(protos));
		return true;
	case FIELD_ICMPV4_TYPE:
		*v = pick(g, icmpv4_types, N_OF(icmpv4_types));
		return true;
	case FIELD_ICMPV6_TYPE:
		*v = pick(g, icmpv6_types, N_OF(icmpv6_types));
		return true;
	case FIELD_ICMPV4_CODE:
	case FIELD_ICMPV6_CODE:
		*v = pick(g, codes, N_OF(codes));
		return true;
	case FIELD_ARP_OP:
		*v = pick(g, arp_ops, N_OF(arp_ops));
		return true;
	case FIELD_IPV6_FLABEL:
		*v = pick(g, labels, N_OF(labels));
		return true;
	default:
		if (id < FIELD_TCP_SRC || id > FIELD_SCTP_DST)
			return false;
		*v = pick(g, ports, N_OF(ports));
		return true;
	}
}

struct field_value gen_value(struct gen *g, enum field_id id)
{
	struct field_value exact = field_exact_mask(id), v = { { 0 } };
	uint64_t number;

	gen_bytes(g, v.b, field_table[id].n_bytes);
	v.b[0] &= exact.b[0];
	if (id == FIELD_VLAN_VID)
		v.b[0] |= OFPVID_PRESENT >> 8;
	if (gen_chance(g, 10) && id != FIELD_IN_PORT && id != FIELD_IN_PHY_PORT)
		return v;
	if (pool_number(g, id, &number))
		return field_value_from_u64(id, number);
	switch (field_table[id].n_bits) {
	case 48:
		memcpy(v.b, macs[gen_below(g, N_OF(macs))], 6);
		break;
	case 32:
		memcpy(v.b, ipv4_addresses[gen_below(g, N_OF(ipv4_addresses))], 4);
		break;
	case 128:
		memcpy(v.b, ipv6_addresses[gen_below(g, N_OF(ipv6_addresses))], 16);
		break;
	default:
		break;
	}
	return v;
}
