// SPDX-License-Identifier: Apache-2.0
/* Random frames of every shape: well-formed ones, and the ways in which frames go wrong; see gen.h.
 */
#include "tests/oracle/gen.h"

#include <string.h>

#include "tests/oracle/csum.h"
#include "tests/oracle/parse.h"

static void put8(struct gen_frame *f, unsigned int v)
{
	if (f->len < GEN_FRAME_MAX)
		f->b[f->len++] = (uint8_t)v;
}

static void put16(struct gen_frame *f, unsigned int v)
{
	put8(f, v >> 8);
	put8(f, v);
}

static void set16(struct gen_frame *f, size_t at, size_t v)
{
	f->b[at] = (uint8_t)(v >> 8);
	f->b[at + 1] = (uint8_t)v;
}

static void put_zeros(struct gen_frame *f, size_t n)
{
	while (n-- > 0)
		put8(f, 0);
}

static void put_random(struct gen *g, struct gen_frame *f, size_t n)
{
	while (n-- > 0)
		put8(f, (unsigned int)gen_u64(g));
}

static void put_field(struct gen *g, struct gen_frame *f, enum field_id id)
{
	struct field_value v = gen_value(g, id);

	for (unsigned int i = 0; i < field_table[id].n_bytes; i++)
		put8(f, v.b[i]);
}

static unsigned int number(struct gen *g, enum field_id id)
{
	struct field_value v = gen_value(g, id);

	return (unsigned int)field_value_to_u64(id, &v);
}

static void put_data(struct gen *g, struct gen_frame *f)
{
	uint32_t kind = gen_below(g, 100);

	if (kind < 30)
		return;
	put_random(g, f, kind < 95 ? gen_below(g, 40) : gen_below(g, 1300));
}

/* The checksum at 'at', for which 'right' would be right, is right, or wrong, or one of the zeros.
 */
static void put_csum(struct gen *g, struct gen_frame *f, size_t at, uint16_t right)
{
	uint32_t kind = gen_below(g, 100);

	if (kind < 70)
		set16(f, at, right);
	else if (kind < 80)
		set16(f, at, (size_t)gen_u64(g) & 0xffff);
	else if (kind < 92)
		set16(f, at, 0);
	else
		set16(f, at, 0xffff);
}

static void put_arp(struct gen *g, struct gen_frame *f)
{
	size_t at = f->len;

	put16(f, 1);
	put16(f, 0x0800);
	put8(f, 6);
	put8(f, 4);
	put_field(g, f, FIELD_ARP_OP);
	put_field(g, f, FIELD_ARP_SHA);
	put_field(g, f, FIELD_ARP_SPA);
	put_field(g, f, FIELD_ARP_THA);
	put_field(g, f, FIELD_ARP_TPA);
	if (gen_chance(g, 12))
		f->b[at + gen_below(g, 6)] ^= (uint8_t)(1 + gen_below(g, 8));
	if (gen_chance(g, 60))
		put_zeros(f, gen_below(g, 20));
}

static void put_tcp(struct gen *g, struct gen_frame *f)
{
	size_t options = gen_chance(g, 25) ? gen_below(g, 11) * 4 : 0;

	put_field(g, f, FIELD_TCP_SRC);
	put_field(g, f, FIELD_TCP_DST);
	put_random(g, f, 8);
	put8(f, (unsigned int)(20 + options) / 4 << 4);
	put_random(g, f, 3);
	put_zeros(f, 2);
	put_random(g, f, 2 + options);
	put_data(g, f);
}

static void put_udp(struct gen *g, struct gen_frame *f)
{
	size_t at = f->len;

	put_field(g, f, FIELD_UDP_SRC);
	put_field(g, f, FIELD_UDP_DST);
	put_zeros(f, 4);
	put_data(g, f);
	set16(f, at + 4, gen_chance(g, 95) ? f->len - at : gen_below(g, 100));
}

static void put_sctp(struct gen *g, struct gen_frame *f)
{
	put_field(g, f, FIELD_SCTP_SRC);
	put_field(g, f, FIELD_SCTP_DST);
	put_random(g, f, 4);
	put_zeros(f, 4);
	put_data(g, f);
}

static void put_icmpv4(struct gen *g, struct gen_frame *f)
{
	put_field(g, f, FIELD_ICMPV4_TYPE);
	put_field(g, f, FIELD_ICMPV4_CODE);
	put_zeros(f, 2);
	put_random(g, f, 4);
	put_data(g, f);
}

static void put_nd_option(struct gen *g, struct gen_frame *f)
{
	uint32_t units = gen_chance(g, 85) ? 1 : gen_below(g, 4);

	put8(f, gen_chance(g, 85) ? 1 + gen_below(g, 2) : gen_below(g, 32));
	put8(f, units);
	put_field(g, f, FIELD_IPV6_ND_SLL);
	if (units > 1)
		put_random(g, f, units * 8 - 8);
}

static void put_icmpv6(struct gen *g, struct gen_frame *f)
{
	size_t at = f->len;
	uint32_t n_options = gen_chance(g, 90) ? gen_below(g, 4) : gen_below(g, 11);

	put_field(g, f, FIELD_ICMPV6_TYPE);
	put_field(g, f, FIELD_ICMPV6_CODE);
	put_zeros(f, 2);
	if (f->b[at] != 135 && f->b[at] != 136 && gen_chance(g, 80)) {
		put_data(g, f);
		return;
	}
	if (gen_chance(g, 60))
		f->b[at + 1] = 0;
	put_random(g, f, 4);
	put_field(g, f, FIELD_IPV6_ND_TARGET);
	if (gen_chance(g, 20)) {
		/* The wanted option is just within reach, or just not. */
		for (uint32_t n = 6 + gen_below(g, 3); n > 0; n--) {
			put16(f, 0x0501);
			put_random(g, f, 6);
		}
		n_options = 0;
		put16(f, (f->b[at] - 134u) << 8 | 1);
		put_field(g, f, FIELD_IPV6_ND_SLL);
	}
	while (n_options-- > 0)
		put_nd_option(g, f);
}

static void put_ipv4(struct gen *g, struct gen_frame *f);
static void put_ipv6(struct gen *g, struct gen_frame *f);

/* A layer 4 of the protocol, and its checksum; 'pseudo' is the sum of the pseudo header but for the
 * length. */
static void put_l4(struct gen *g, struct gen_frame *f, unsigned int proto, uint32_t pseudo)
{
	size_t at = f->len, csum_at = 0;

	switch (proto) {
	case 6:
		put_tcp(g, f);
		csum_at = 16;
		break;
	case 17:
		put_udp(g, f);
		csum_at = 6;
		break;
	case 132:
		put_sctp(g, f);
		if (gen_chance(g, 70)) {
			uint32_t crc = oracle_crc32c(f->b + at, f->len - at);

			for (unsigned int i = 0; i < 4; i++)
				f->b[at + 8 + i] = (uint8_t)(crc >> 8 * i);
		} else {
			gen_bytes(g, f->b + at + 8, 4);
		}
		return;
	case 1:
		put_icmpv4(g, f);
		csum_at = 2;
		pseudo = 0;
		break;
	case 58:
		put_icmpv6(g, f);
		csum_at = 2;
		break;
	case 4:
		put_ipv4(g, f);
		return;
	case 41:
		put_ipv6(g, f);
		return;
	default:
		put_random(g, f, gen_below(g, 40));
		return;
	}
	if (proto != 1)
		pseudo += (uint32_t)(f->len - at);
	put_csum(g, f, at + csum_at, (uint16_t)~oracle_sum(pseudo, f->b + at, f->len - at));
}

static unsigned int ttl(struct gen *g)
{
	static const uint8_t pool[] = { 64, 64, 64, 255, 128, 2, 1, 0 };

	return pool[gen_below(g, sizeof(pool))];
}

static unsigned int ipv4_fragment(struct gen *g)
{
	uint32_t kind = gen_below(g, 100);

	if (kind < 50)
		return 0;
	if (kind < 78)
		return 0x4000;
	if (kind < 86)
		return 0x2000;
	if (kind < 92)
		return 0x2000 | (1 + gen_below(g, 0x1fff));
	if (kind < 95)
		return 1 + gen_below(g, 0x1fff);
	if (kind < 98)
		return 1u << gen_below(g, 15);
	return (unsigned int)gen_u64(g);
}

static void put_ipv4(struct gen *g, struct gen_frame *f)
{
	size_t at = f->len;
	uint32_t words = gen_chance(g, 20) ? 1 + gen_below(g, 10) : 0;
	unsigned int proto = number(g, FIELD_IP_PROTO);
	uint32_t pseudo;

	put8(f, 0x45 + words);
	put8(f, gen_chance(g, 50) ? 0 : (unsigned int)gen_u64(g));
	put16(f, 0);
	put_random(g, f, 2);
	put16(f, ipv4_fragment(g));
	put8(f, ttl(g));
	put8(f, proto);
	put16(f, 0);
	put_field(g, f, FIELD_IPV4_SRC);
	put_field(g, f, FIELD_IPV4_DST);
	put_random(g, f, words * 4);
	pseudo = oracle_sum(proto, f->b + at + 12, 8);
	put_l4(g, f, proto, pseudo);

	set16(f, at + 2, f->len - at);
	if (gen_chance(g, 6))
		set16(f, at + 2,
		      gen_chance(g, 70) ? gen_below(g, 80) : (size_t)gen_u64(g) & 0xffff);
	put_csum(g, f, at + 10, (uint16_t)~oracle_sum(0, f->b + at, 20 + words * 4));
	if (gen_chance(g, 4))
		f->b[at] = (uint8_t)(gen_chance(g, 50) ? gen_u64(g) : 0x40 | gen_below(g, 16));
}

/* An extension header of 'type' whose next header is 'next'. */
static void put_extension(struct gen *g, struct gen_frame *f, unsigned int type, unsigned int next)
{
	unsigned int units = gen_chance(g, 80) ? 0 : gen_below(g, 4);

	put8(f, next);
	if (type == 44) {
		uint32_t kind = gen_below(g, 100);

		put8(f, gen_chance(g, 50) ? 0 : (unsigned int)gen_u64(g));
		if (kind < 30)
			put16(f, 0);
		else if (kind < 55)
			put16(f, 1);
		else if (kind < 75)
			put16(f, (1 + gen_below(g, 0x1fff)) << 3 | gen_below(g, 2));
		else if (kind < 90)
			put16(f, 1u << gen_below(g, 16));
		else
			put16(f, (unsigned int)gen_u64(g));
		put_random(g, f, 4);
	} else if (type == 51) {
		put8(f, units);
		put_random(g, f, (units + 2) * 4 - 2);
	} else {
		put8(f, units);
		put_random(g, f, (units + 1) * 8 - 2);
	}
}

static void put_extensions(struct gen *g, struct gen_frame *f, unsigned int proto)
{
	static const uint8_t types[] = { 0, 43, 44, 51, 60 };
	uint32_t kind = gen_below(g, 100);
	uint32_t n = kind < 60	 ? 0
		     : kind < 80 ? 1
		     : kind < 90 ? 2 + gen_below(g, 3)
				 : 5 + gen_below(g, 6);
	size_t next_at = f->len - 40 + 6;

	f->b[next_at] = (uint8_t)proto;
	while (n-- > 0) {
		unsigned int type = types[gen_below(g, sizeof(types))];

		f->b[next_at] = (uint8_t)type;
		next_at = f->len;
		put_extension(g, f, type, proto);
	}
}

static void put_ipv6(struct gen *g, struct gen_frame *f)
{
	size_t at = f->len;
	unsigned int proto = gen_chance(g, 35) ? 58 : number(g, FIELD_IP_PROTO);
	unsigned int traffic_class = gen_chance(g, 50) ? 0 : (unsigned int)gen_below(g, 256);
	unsigned int label = number(g, FIELD_IPV6_FLABEL);

	put16(f, 0x6000 | traffic_class << 4 | label >> 16);
	put16(f, label);
	put_zeros(f, 3);
	put8(f, ttl(g));
	put_field(g, f, FIELD_IPV6_SRC);
	put_field(g, f, FIELD_IPV6_DST);
	put_extensions(g, f, proto);
	put_l4(g, f, proto, oracle_sum(proto, f->b + at + 8, 32));

	set16(f, at + 4, f->len - at - 40);
	if (gen_chance(g, 8))
		set16(f, at + 4,
		      gen_chance(g, 80) ? gen_below(g, 100) : (size_t)gen_u64(g) & 0xffff);
	if (gen_chance(g, 3))
		f->b[at] ^= (uint8_t)(16 << gen_below(g, 4));
}

static void put_tags(struct gen *g, struct gen_frame *f)
{
	uint32_t kind = gen_below(g, 100);
	uint32_t n = kind < 55	 ? 0
		     : kind < 80 ? 1
		     : kind < 90 ? 2
		     : kind < 95 ? 3
				 : 4 + gen_below(g, 7);

	while (n-- > 0) {
		put16(f, gen_chance(g, 70) ? 0x8100 : 0x88a8);
		put16(f, (number(g, FIELD_VLAN_VID) & 0xfff) | gen_below(g, 16) << 12);
	}
}

/* The type, plain or in a SNAP header; returns where a length must be written, or 0. */
static size_t put_type(struct gen *g, struct gen_frame *f, unsigned int type)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00 };
	size_t at = f->len;

	if (gen_chance(g, 90)) {
		put16(f, type);
		return 0;
	}
	put16(f, 0);
	for (unsigned int i = 0; i < sizeof(snap); i++)
		put8(f, snap[i]);
	if (gen_chance(g, 20))
		f->b[at + 2 + gen_below(g, 6)] ^= (uint8_t)(1 << gen_below(g, 8));
	put16(f, type);
	return at;
}

static void put_payload(struct gen *g, struct gen_frame *f, unsigned int type);

/* A stack of labels, mostly one that ends, and something beneath. */
static void put_mpls(struct gen *g, struct gen_frame *f)
{
	static const uint16_t types[] = { 0x0800, 0x86dd, 0x0806, 0x88b5 };
	uint32_t n = gen_chance(g, 60) ? 1 : 1 + gen_below(g, 4);

	while (n-- > 0) {
		unsigned int label = number(g, FIELD_MPLS_LABEL);
		bool is_last = gen_chance(g, 95) ? n == 0 : gen_chance(g, 50);

		put16(f, label >> 4);
		put8(f, (label & 15) << 4 | gen_below(g, 8) << 1 | is_last);
		put8(f, ttl(g));
	}
	put_payload(g, f, types[gen_below(g, gen_chance(g, 85) ? 2 : 4)]);
}

/* An I-TAG, and the customer's frame from its tags on. */
static void put_pbb(struct gen *g, struct gen_frame *f)
{
	static const uint16_t types[] = { 0x0800, 0x86dd, 0x0806, 0x88b5, 0x8847, 0x88e7 };
	unsigned int type = types[gen_below(g, 6)];

	put8(f, gen_chance(g, 60) ? 0 : (unsigned int)gen_u64(g));
	put_field(g, f, FIELD_PBB_ISID);
	put_field(g, f, FIELD_ETH_DST);
	put_field(g, f, FIELD_ETH_SRC);
	put_tags(g, f);
	put16(f, type);
	put_payload(g, f, type);
}

static void put_payload(struct gen *g, struct gen_frame *f, unsigned int type)
{
	switch (type) {
	case 0x0800:
		put_ipv4(g, f);
		break;
	case 0x86dd:
		put_ipv6(g, f);
		break;
	case 0x0806:
		put_arp(g, f);
		break;
	case 0x8847:
	case 0x8848:
		put_mpls(g, f);
		break;
	case 0x88e7:
		put_pbb(g, f);
		break;
	default:
		put_random(g, f, gen_below(g, 60));
		break;
	}
}

/* Where what layer 4 must have, or one of its fields, ends. */
static size_t l4_boundary(struct gen *g, const struct oracle_fields *f)
{
	static const enum field_id nd[] = { FIELD_IPV6_ND_SLL, FIELD_IPV6_ND_TLL,
					    FIELD_IPV6_ND_TARGET };

	for (unsigned int i = 0; i < 3; i++) {
		if (oracle_fields_has(f, nd[i]) && gen_chance(g, 70))
			return f->at[nd[i]] + field_table[nd[i]].n_bytes;
	}
	if (oracle_fields_has(f, FIELD_TCP_SRC))
		return f->l4 + 20;
	if (oracle_fields_has(f, FIELD_SCTP_SRC))
		return f->l4 + 12;
	return f->l4 + (oracle_fields_has(f, FIELD_ICMPV6_TYPE) ? 4 : 8);
}

/* A place in the frame at which some header or the fields of one end, or next to it. */
static size_t near_boundary(struct gen *g, const struct gen_frame *frame)
{
	static struct oracle_packet pkt;
	struct oracle_fields f;
	size_t at;

	pkt.len = frame->len;
	memcpy(pkt.b, frame->b, frame->len);
	oracle_parse(&pkt, &f);
	at = f.at[FIELD_ETH_TYPE] + 2;
	if (f.is_ipv4 || f.is_ipv6) {
		if (f.has_l4 && gen_chance(g, 65))
			at = l4_boundary(g, &f);
		else
			at = f.l3 + (f.is_ipv4 ? 20 : 40) +
			     (gen_chance(g, 50) ? 0 : gen_below(g, 5) * 4);
	} else if (oracle_fields_has(&f, FIELD_ARP_OP)) {
		at += 28;
	} else {
		/* A label, a SNAP header, an I-TAG, IPv4 or IPv6 beneath a label. */
		static const uint8_t ends[] = { 0, 4, 8, 18, 24, 44 };

		at += ends[gen_below(g, sizeof(ends))];
	}
	return at + gen_below(g, 3) - 1;
}

/* Ends the IP packet, by its length, or the frame there, or one there and the other near it. */
static void cut(struct gen *g, struct gen_frame *frame)
{
	static struct oracle_packet pkt;
	size_t at = near_boundary(g, frame);
	bool is_both = gen_chance(g, 30);
	struct oracle_fields f;

	pkt.len = frame->len;
	memcpy(pkt.b, frame->b, frame->len);
	oracle_parse(&pkt, &f);
	if (f.is_ipv4 && at > f.l3 && (is_both || gen_chance(g, 40)))
		set16(frame, f.l3 + 2, at - f.l3);
	else if (f.is_ipv6 && at > f.l3 + 40 && (is_both || gen_chance(g, 40)))
		set16(frame, f.l3 + 4, at - f.l3 - 40);
	else
		is_both = true;
	if (is_both && gen_chance(g, 60))
		at += gen_below(g, 3) - 1u;
	if (is_both && at >= 14 && at < frame->len)
		frame->len = at;
}

static void damage(struct gen *g, struct gen_frame *f)
{
	if (gen_chance(g, 20))
		cut(g, f);
	if (gen_chance(g, 10))
		put_zeros(f, gen_below(g, 50));
	if (gen_chance(g, 6))
		f->len = 14 + gen_below(g, (uint32_t)(f->len - 13));
	if (gen_chance(g, 8)) {
		uint32_t n = 1 + gen_below(g, 3);

		while (n-- > 0)
			f->b[gen_below(g, (uint32_t)f->len)] ^= (uint8_t)(1 << gen_below(g, 8));
	}
}

void gen_frame(struct gen *g, struct gen_frame *f)
{
	uint32_t kind = gen_below(g, 100);
	unsigned int type = kind < 35	? 0x0800
			    : kind < 65 ? 0x86dd
			    : kind < 73 ? 0x0806
			    : kind < 83 ? 0x8847 + gen_below(g, 2)
			    : kind < 92 ? 0x88e7
					: number(g, FIELD_ETH_TYPE);
	size_t length_at;

	f->len = 0;
	put_field(g, f, FIELD_ETH_DST);
	put_field(g, f, FIELD_ETH_SRC);
	put_tags(g, f);
	length_at = put_type(g, f, type);
	put_payload(g, f, type);
	if (length_at)
		set16(f, length_at,
		      gen_chance(g, 95) && f->len - length_at - 2 < 0x600 ? f->len - length_at - 2
									  : gen_below(g, 0x600));
	damage(g, f);
}
