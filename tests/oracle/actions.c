// SPDX-License-Identifier: Apache-2.0
/* Actions on bytes; see actions.h. */
#include "tests/oracle/actions.h"

#include <string.h>

#include "tests/oracle/csum.h"

/* Where the checksum over layer 4 is; 0 if there is none.  SCTP's is another kind. */
static size_t l4_csum_at(const struct oracle_fields *f)
{
	if (oracle_fields_has(f, FIELD_TCP_SRC))
		return f->l4 + 16;
	if (oracle_fields_has(f, FIELD_UDP_SRC))
		return f->l4 + 6;
	if (oracle_fields_has(f, FIELD_ICMPV4_TYPE) || oracle_fields_has(f, FIELD_ICMPV6_TYPE))
		return f->l4 + 2;
	return 0;
}

/* Updates the checksum at 'csum_at' for the change from 'before' to 'pkt' of the bytes at 'at'. */
static void update_csum(struct oracle_packet *pkt, const uint8_t *before, size_t at, size_t n,
			size_t csum_at)
{
	/* Headers begin at even bytes of a frame, so its words are theirs. */
	size_t from = at & ~(size_t)1;
	size_t to = (at + n + 1) & ~(size_t)1;

	oracle_put16(pkt->b + csum_at, oracle_csum_update(oracle_get16(before + csum_at),
							  before + from, pkt->b + from, to - from));
}

/* Updates the checksum of the layer 4 that 'f' says, for words of its or of the pseudo-header. */
static void update_l4_words(struct oracle_packet *pkt, const uint8_t *before, const uint8_t *after,
			    size_t n, const struct oracle_fields *f)
{
	bool is_udp = oracle_fields_has(f, FIELD_UDP_SRC);
	size_t csum_at = l4_csum_at(f);
	uint16_t csum;

	if (csum_at == 0)
		return;
	csum = oracle_get16(pkt->b + csum_at);
	if (is_udp && csum == 0)
		return;
	csum = oracle_csum_update(csum, before, after, n);
	oracle_put16(pkt->b + csum_at, is_udp && csum == 0 ? 0xffff : csum);
}

static void update_l4_csum(struct oracle_packet *pkt, const uint8_t *before, size_t at, size_t n,
			   const struct oracle_fields *f)
{
	size_t from = at & ~(size_t)1;
	size_t to = (at + n + 1) & ~(size_t)1;

	update_l4_words(pkt, before + from, pkt->b + from, to - from, f);
}

/* The pseudo-header has the protocol in the low byte of a word, of IPv4 as of IPv6. */
static void update_l4_proto(struct oracle_packet *pkt, uint8_t before, uint8_t after,
			    const struct oracle_fields *f)
{
	const uint8_t old_word[2] = { 0, before }, new_word[2] = { 0, after };

	update_l4_words(pkt, old_word, new_word, 2, f);
}

static uint32_t sctp_crc(const uint8_t *b, const struct oracle_fields *f)
{
	uint8_t copy[ORACLE_FRAME_MAX];
	size_t n = f->l4_end - f->l4;

	memcpy(copy, b + f->l4, n);
	memset(copy + 8, 0, 4);
	return oracle_crc32c(copy, n);
}

static void update_sctp(struct oracle_packet *pkt, const uint8_t *before,
			const struct oracle_fields *f)
{
	uint32_t change = sctp_crc(before, f) ^ sctp_crc(pkt->b, f);

	for (int i = 0; i < 4; i++)
		pkt->b[f->l4 + 8 + (size_t)i] ^= (uint8_t)(change >> 8 * i);
}

static bool is_address(enum field_id id)
{
	return id == FIELD_IPV4_SRC || id == FIELD_IPV4_DST || id == FIELD_IPV6_SRC ||
	       id == FIELD_IPV6_DST;
}

static bool is_l4(enum field_id id)
{
	return (id >= FIELD_TCP_SRC && id <= FIELD_UDP_DST) || id == FIELD_ICMPV4_TYPE ||
	       id == FIELD_ICMPV4_CODE || id == FIELD_ICMPV6_TYPE || id == FIELD_ICMPV6_CODE ||
	       (id >= FIELD_IPV6_ND_TARGET && id <= FIELD_IPV6_ND_TLL);
}

static bool is_in_ipv4_header(const struct oracle_fields *f, enum field_id id)
{
	return f->is_ipv4 && (id == FIELD_IP_DSCP || id == FIELD_IP_ECN || id == FIELD_IP_PROTO ||
			      id == FIELD_IPV4_SRC || id == FIELD_IPV4_DST);
}

/* Changes the bits 'mask' of the 16-bit word at 'at'. */
static void put_bits(struct oracle_packet *pkt, size_t at, uint16_t mask, unsigned int bits)
{
	uint16_t word = oracle_get16(pkt->b + at);

	oracle_put16(pkt->b + at, (uint16_t)((word & ~mask) | (bits & mask)));
}

/* Writes the fields that are not whole bytes; false if 'id' is none of them. */
static bool put_partial(struct oracle_packet *pkt, const struct oracle_fields *f, enum field_id id,
			unsigned int v)
{
	switch (id) {
	case FIELD_VLAN_VID:
		put_bits(pkt, 14, 0x0fff, v);
		return true;
	case FIELD_VLAN_PCP:
		put_bits(pkt, 14, 0xe000, v << 13);
		return true;
	case FIELD_IP_DSCP:
		if (f->is_ipv4)
			put_bits(pkt, f->l3, 0x00fc, v << 2);
		else
			put_bits(pkt, f->l3, 0x0fc0, v << 6);
		return true;
	case FIELD_IP_ECN:
		if (f->is_ipv4)
			put_bits(pkt, f->l3, 0x0003, v);
		else
			put_bits(pkt, f->l3, 0x0030, v << 4);
		return true;
	case FIELD_MPLS_LABEL:
		put_bits(pkt, f->payload, 0xffff, v >> 4);
		put_bits(pkt, f->payload + 2, 0xf000, v << 12);
		return true;
	case FIELD_MPLS_TC:
		put_bits(pkt, f->payload + 2, 0x0e00, v << 9);
		return true;
	case FIELD_MPLS_BOS:
		put_bits(pkt, f->payload + 2, 0x0100, v << 8);
		return true;
	case FIELD_IPV6_FLABEL:
		put_bits(pkt, f->l3, 0x000f, v >> 16);
		put_bits(pkt, f->l3 + 2, 0xffff, v);
		return true;
	default:
		return false;
	}
}

void oracle_set_field(struct oracle_packet *pkt, enum field_id id, const struct field_value *value)
{
	struct oracle_fields f;
	uint8_t before[ORACLE_FRAME_MAX];
	size_t at, n = field_table[id].n_bytes;

	oracle_parse(pkt, &f);
	if (!oracle_fields_has(&f, id))
		return;
	if (id == FIELD_VLAN_VID && f.n_tags == 0)
		return;
	if (id == FIELD_ETH_TYPE && !f.has_type)
		return;
	at = f.at[id];

	memcpy(before, pkt->b, pkt->len);
	if (!put_partial(pkt, &f, id, (unsigned int)field_value_to_u64(id, value)))
		memcpy(pkt->b + at, value->b, n);

	if (is_in_ipv4_header(&f, id))
		update_csum(pkt, before, at, n, f.l3 + 10);
	if (is_address(id) && !oracle_fields_has(&f, FIELD_ICMPV4_TYPE))
		update_l4_csum(pkt, before, at, n, &f);
	if (id == FIELD_IP_PROTO && !oracle_fields_has(&f, FIELD_ICMPV4_TYPE))
		update_l4_proto(pkt, before[at], pkt->b[at], &f);
	if (is_l4(id))
		update_l4_csum(pkt, before, at, n, &f);
	if (id == FIELD_SCTP_SRC || id == FIELD_SCTP_DST)
		update_sctp(pkt, before, &f);
}

bool oracle_push_vlan(struct oracle_packet *pkt, uint16_t tpid)
{
	struct oracle_fields f;
	uint16_t tci = 0;

	if (pkt->len + 4 > ORACLE_FRAME_MAX)
		return false;
	oracle_parse(pkt, &f);
	if (f.n_tags)
		tci = oracle_get16(pkt->b + 14);
	memmove(pkt->b + 16, pkt->b + 12, pkt->len - 12);
	pkt->len += 4;
	oracle_put16(pkt->b + 12, tpid);
	oracle_put16(pkt->b + 14, tci);
	return true;
}

void oracle_pop_vlan(struct oracle_packet *pkt)
{
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	if (f.n_tags == 0)
		return;
	memmove(pkt->b + 12, pkt->b + 16, pkt->len - 16);
	pkt->len -= 4;
}

static void put_ttl(struct oracle_packet *pkt, const struct oracle_fields *f, uint8_t ttl)
{
	uint8_t before[ORACLE_FRAME_MAX];

	if (f->is_ipv6) {
		pkt->b[f->l3 + 7] = ttl;
		return;
	}
	memcpy(before, pkt->b, pkt->len);
	pkt->b[f->l3 + 8] = ttl;
	update_csum(pkt, before, f->l3 + 8, 1, f->l3 + 10);
}

void oracle_set_ttl(struct oracle_packet *pkt, uint8_t ttl)
{
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	if (f.is_ipv4 || f.is_ipv6)
		put_ttl(pkt, &f, ttl);
}

bool oracle_dec_ttl(struct oracle_packet *pkt)
{
	struct oracle_fields f;
	uint8_t ttl;

	oracle_parse(pkt, &f);
	if (!f.is_ipv4 && !f.is_ipv6)
		return true;
	ttl = pkt->b[f.l3 + (f.is_ipv4 ? 8 : 7)];
	if (ttl <= 1)
		return false;
	put_ttl(pkt, &f, (uint8_t)(ttl - 1));
	return true;
}

/* Labels. */

/* Makes room for 'n' bytes at 'at'; false if the packet would be too long. */
static bool insert(struct oracle_packet *pkt, size_t at, size_t n)
{
	if (pkt->len + n > ORACLE_FRAME_MAX)
		return false;
	memmove(pkt->b + at + n, pkt->b + at, pkt->len - at);
	pkt->len += n;
	return true;
}

static void take_out(struct oracle_packet *pkt, size_t at, size_t n)
{
	memmove(pkt->b + at, pkt->b + at + n, pkt->len - at - n);
	pkt->len -= n;
}

static bool has_label(const struct oracle_fields *f)
{
	return oracle_fields_has(f, FIELD_MPLS_LABEL);
}

/* Where the TTL of an IP header is. */
static size_t ip_ttl_at(const struct oracle_fields *f)
{
	return f->l3 + (f->is_ipv4 ? 8 : 7);
}

bool oracle_push_mpls(struct oracle_packet *pkt, uint16_t type)
{
	uint8_t entry[4] = { 0, 0, 1, 0 };
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	if (!f.has_type)
		return true;
	if (has_label(&f)) {
		memcpy(entry, pkt->b + f.payload, 4);
		entry[2] &= 0xfe;
	} else if (f.is_ipv4 || f.is_ipv6) {
		entry[3] = pkt->b[ip_ttl_at(&f)];
	}
	if (!insert(pkt, f.payload, 4))
		return false;
	memcpy(pkt->b + f.payload, entry, 4);
	oracle_put16(pkt->b + f.at[FIELD_ETH_TYPE], type);
	return true;
}

/* A frame of Ethernet's shortest length or more, as 'before' says, is not made shorter than that. */
static void pad(struct oracle_packet *pkt, size_t before)
{
	if (before < 60)
		return;
	while (pkt->len < 60)
		pkt->b[pkt->len++] = 0;
}

void oracle_pop_mpls(struct oracle_packet *pkt, uint16_t type)
{
	struct oracle_fields f;
	size_t before = pkt->len;

	oracle_parse(pkt, &f);
	if (!has_label(&f))
		return;
	take_out(pkt, f.payload, 4);
	oracle_put16(pkt->b + f.at[FIELD_ETH_TYPE], type);
	pad(pkt, before);
}

void oracle_set_mpls_ttl(struct oracle_packet *pkt, uint8_t ttl)
{
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	if (has_label(&f))
		pkt->b[f.payload + 3] = ttl;
}

bool oracle_dec_mpls_ttl(struct oracle_packet *pkt)
{
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	if (!has_label(&f))
		return true;
	if (pkt->b[f.payload + 3] <= 1)
		return false;
	pkt->b[f.payload + 3]--;
	return true;
}

/* I-TAGs. */

bool oracle_push_pbb(struct oracle_packet *pkt, uint16_t type)
{
	struct oracle_fields f;
	uint8_t *tci = pkt->b + 14;

	oracle_parse(pkt, &f);
	if (!insert(pkt, 0, 18))
		return false;
	memcpy(pkt->b, pkt->b + 18, 12);
	oracle_put16(pkt->b + 12, type);
	memset(tci, 0, 4);
	if (f.n_tags)
		tci[0] = (uint8_t)(field_value_to_u64(FIELD_VLAN_PCP, &f.value[FIELD_VLAN_PCP]) << 5);
	if (oracle_fields_has(&f, FIELD_PBB_ISID))
		memcpy(tci + 1, f.value[FIELD_PBB_ISID].b, 3);
	return true;
}

void oracle_pop_pbb(struct oracle_packet *pkt)
{
	struct oracle_fields f;
	size_t before = pkt->len;

	oracle_parse(pkt, &f);
	if (!oracle_fields_has(&f, FIELD_PBB_ISID))
		return;
	memcpy(pkt->b, pkt->b + f.payload + 4, 12);
	take_out(pkt, f.at[FIELD_ETH_TYPE], 18);
	pad(pkt, before);
}

/* Copies of TTLs. */

struct ttl_place {
	size_t at;
	bool is_ipv4; /* with a checksum */
	size_t l3;
};

static void ip_place(const struct oracle_fields *f, struct ttl_place *place)
{
	place->at = ip_ttl_at(f);
	place->is_ipv4 = f->is_ipv4;
	place->l3 = f->l3;
}

/* The header with a TTL behind the outermost label, if there is one. */
static bool find_below_label(const struct oracle_packet *pkt, const struct oracle_fields *f,
			     struct ttl_place *place)
{
	size_t at = f->payload + 4;
	struct oracle_fields inner;

	if (!(pkt->b[f->payload + 2] & 1)) {
		*place = (struct ttl_place){ .at = at + 3 };
		return at + 4 <= pkt->len;
	}
	if (at >= pkt->len || !oracle_parse_ip(pkt, pkt->b[at] >> 4, at, &inner))
		return false;
	ip_place(&inner, place);
	return true;
}

/* The IP header in the IP packet, if there is one. */
static bool find_in_ip(const struct oracle_packet *pkt, const struct oracle_fields *f,
		       struct ttl_place *place)
{
	uint64_t proto = field_value_to_u64(FIELD_IP_PROTO, &f->value[FIELD_IP_PROTO]);
	struct oracle_packet outer = *pkt;
	struct oracle_fields inner;

	if ((proto != 4 && proto != 41) || f->l4 == 0)
		return false;
	outer.len = f->l4_end;
	if (!oracle_parse_ip(&outer, proto == 4 ? 4 : 6, f->l4, &inner))
		return false;
	ip_place(&inner, place);
	return true;
}

static bool find_ttls(const struct oracle_packet *pkt, struct ttl_place *outermost, struct ttl_place *next)
{
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	if (has_label(&f)) {
		*outermost = (struct ttl_place){ .at = f.payload + 3 };
		return find_below_label(pkt, &f, next);
	}
	if (!f.is_ipv4 && !f.is_ipv6)
		return false;
	ip_place(&f, outermost);
	return find_in_ip(pkt, &f, next);
}

static void copy_ttl(struct oracle_packet *pkt, const struct ttl_place *to, const struct ttl_place *from)
{
	uint8_t before[ORACLE_FRAME_MAX];

	memcpy(before, pkt->b, pkt->len);
	pkt->b[to->at] = before[from->at];
	if (to->is_ipv4)
		update_csum(pkt, before, to->l3 + 8, 1, to->l3 + 10);
}

void oracle_copy_ttl_out(struct oracle_packet *pkt)
{
	struct ttl_place outermost, next;

	if (find_ttls(pkt, &outermost, &next))
		copy_ttl(pkt, &outermost, &next);
}

void oracle_copy_ttl_in(struct oracle_packet *pkt)
{
	struct ttl_place outermost, next;

	if (find_ttls(pkt, &outermost, &next))
		copy_ttl(pkt, &next, &outermost);
}

/* The remark of a meter's band. */

void oracle_raise_drop_precedence(struct oracle_packet *pkt, unsigned int levels)
{
	struct field_value v;
	struct oracle_fields f;
	unsigned int dscp, class, precedence;

	oracle_parse(pkt, &f);
	if (!oracle_fields_has(&f, FIELD_IP_DSCP))
		return;
	dscp = (unsigned int)field_value_to_u64(FIELD_IP_DSCP, &f.value[FIELD_IP_DSCP]);
	class = dscp >> 3;
	precedence = dscp >> 1 & 3;
	/* A packet of the highest one stays as it is, its checksum too. */
	if (dscp & 1 || class < 1 || class > 4 || precedence == 0 || precedence == 3 || levels == 0)
		return;
	precedence = precedence + levels > 3 ? 3 : precedence + levels;
	v = field_value_from_u64(FIELD_IP_DSCP, class * 8 + precedence * 2);
	oracle_set_field(pkt, FIELD_IP_DSCP, &v);
}
