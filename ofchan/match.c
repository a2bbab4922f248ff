// SPDX-License-Identifier: Apache-2.0
/* Matches on the wire; see match.h. */
#include "ofchan/match.h"

#include <endian.h>
#include <string.h>

#include "ofchan/wire.h"

#define EXPERIMENTER_LEN 4

/* The fields that are not OpenFlow's own, by class and number on the wire. */
static const struct wire_field {
	enum field_id id;
	uint16_t class;
	uint8_t number;
} wire_fields[] = {
	{ FIELD_TUN_SRC, OFPXMC_NXM_1, 31 },
	{ FIELD_TUN_DST, OFPXMC_NXM_1, 32 },
	{ FIELD_TUN_FLAGS, OFPXMC_NXM_1, 104 },
	{ FIELD_TUN_IPV6_SRC, OFPXMC_NXM_1, 109 },
	{ FIELD_TUN_IPV6_DST, OFPXMC_NXM_1, 110 },
	{ FIELD_TUN_TOS, OFPXMC_EXPERIMENTER, 1 },
	{ FIELD_TUN_TTL, OFPXMC_EXPERIMENTER, 2 },
	{ FIELD_TUN_METADATA0, OFPXMC_NXM_1, 40 },
	{ FIELD_TUN_METADATA1, OFPXMC_NXM_1, 41 },
	{ FIELD_TUN_METADATA2, OFPXMC_NXM_1, 42 },
	{ FIELD_TUN_METADATA3, OFPXMC_NXM_1, 43 },
	{ FIELD_TUN_METADATA4, OFPXMC_NXM_1, 44 },
	{ FIELD_TUN_METADATA5, OFPXMC_NXM_1, 45 },
	{ FIELD_TUN_METADATA6, OFPXMC_NXM_1, 46 },
	{ FIELD_TUN_METADATA7, OFPXMC_NXM_1, 47 },
	/* Understood, not spoken. */
	{ FIELD_TUNNEL_ID, OFPXMC_NXM_1, 16 },
};

#define N_WIRE_FIELDS (sizeof(wire_fields) / sizeof(wire_fields[0]))

static struct wire_field wire_field(enum field_id id)
{
	for (size_t i = 0; i < N_WIRE_FIELDS && id != FIELD_TUNNEL_ID; i++) {
		if (wire_fields[i].id == id)
			return wire_fields[i];
	}
	return (struct wire_field){ id, OFPXMC_OPENFLOW_BASIC, (uint8_t)id };
}

/* N_FIELD_IDS: none that we know. */
static enum field_id field_by_wire(uint16_t class, uint8_t number)
{
	if (class == OFPXMC_OPENFLOW_BASIC)
		return field_is_known(number) && wire_field(number).class == class ? number
										   : N_FIELD_IDS;
	for (size_t i = 0; i < N_WIRE_FIELDS; i++) {
		if (wire_fields[i].class == class && wire_fields[i].number == number)
			return wire_fields[i].id;
	}
	return N_FIELD_IDS;
}

/* One TLV, taken apart but not looked into. */
struct oxm {
	enum field_id id; /* or N_FIELD_IDS */
	bool has_mask;
	uint8_t len; /* of the payload, without an experimenter's id */
	const uint8_t *payload;
};

bool of_oxm_decode_header(const uint8_t *p, size_t len, enum field_id *ret_id, size_t *ret_len)
{
	const struct ofp_oxm_header *h = (const void *)p;
	uint16_t class;
	__be32 experimenter;

	if (len < sizeof(*h))
		return false;
	class = be16toh(h->oxm_class);
	*ret_len = sizeof(*h);
	*ret_id = field_by_wire(class, h->field_hasmask >> 1);
	if (class != OFPXMC_EXPERIMENTER)
		return true;
	if (len < sizeof(*h) + EXPERIMENTER_LEN)
		return false;
	*ret_len += EXPERIMENTER_LEN;
	memcpy(&experimenter, h + 1, sizeof(experimenter));
	if (be32toh(experimenter) != OF_EXPERIMENTER)
		*ret_id = N_FIELD_IDS;
	return true;
}

/* Takes the TLV at 'p' apart; false if it is not wholly within 'len' bytes. */
static bool oxm_parse(struct oxm *o, const uint8_t *p, size_t len)
{
	const struct ofp_oxm_header *h = (const void *)p;
	size_t header_len, experimenter_len;

	if (len < sizeof(*h) || len - sizeof(*h) < h->length ||
	    !of_oxm_decode_header(p, sizeof(*h) + h->length, &o->id, &header_len))
		return false;
	experimenter_len = header_len - sizeof(*h);
	o->has_mask = h->field_hasmask & 1;
	o->len = (uint8_t)(h->length - experimenter_len);
	o->payload = p + header_len;
	return true;
}

static bool oxm_is_known(const struct oxm *o)
{
	return o->id < N_FIELD_IDS;
}

/* How many bytes of a field's value on the wire stand before those of the model.  ipv6_flabel
 * and mpls_label have 4 bytes for their 20 bits. */
static uint8_t wire_extra(enum field_id id)
{
	return id == FIELD_IPV6_FLABEL || id == FIELD_MPLS_LABEL ? 1 : 0;
}

uint8_t of_oxm_value_len(enum field_id id)
{
	return (uint8_t)(wire_extra(id) + field_table[id].n_bytes);
}

uint8_t of_oxm_header_len(enum field_id id)
{
	return sizeof(struct ofp_oxm_header) +
	       (wire_field(id).class == OFPXMC_EXPERIMENTER ? EXPERIMENTER_LEN : 0);
}

/* The bits of tun_flags that mean something (bpf/abi.h). */
static bool tun_flags_can_be(const struct field_value *v)
{
	return !v->b[0] && !(v->b[1] & ~FIELD_TUN_FLAGS_ALL);
}

/* Puts the value of 'len' bytes at 'p' right in all bytes that the field has.  A mask that is all
 * ones is one of the whole field. */
static void widen(uint8_t *to, enum field_id id, const uint8_t *p, size_t len, bool is_mask)
{
	size_t missing = of_oxm_value_len(id) - len;
	bool is_exact = is_mask;

	for (size_t i = 0; i < len && is_exact; i++)
		is_exact = p[i] == 0xff;
	memset(to, is_exact ? 0xff : 0, missing);
	memcpy(to + missing, p, len);
}

/* The value of 'o', whose field is known, and its mask behind it, each as long as the field's are: in
 * the payload, or else in 'room'.  NULL if its length cannot be.  Geneve options have the length that
 * their mapping says, and Open vSwitch leaves out zeros that a value begins with, if need be all. */
static const uint8_t *oxm_values(const struct oxm *o, uint8_t room[2 * FIELD_MAX_BYTES])
{
	size_t full = of_oxm_value_len(o->id), len = (size_t)o->len >> o->has_mask;

	if (o->len != len << o->has_mask)
		return NULL;
	if (len == full)
		return o->payload;
	if (!field_is_option(o->id) || len > full || (o->has_mask && !len))
		return NULL;
	widen(room, o->id, o->payload, len, false);
	if (o->has_mask)
		widen(room + full, o->id, o->payload + len, len, true);
	return room;
}

/* Loads a value of field 'id' from 'p'; false if it has bits beyond the field's width. */
static bool value_load(struct field_value *v, enum field_id id, const uint8_t *p)
{
	uint8_t extra = wire_extra(id);

	memset(v, 0, sizeof(*v));
	memcpy(v, p + extra, field_table[id].n_bytes);
	if (id == FIELD_TUN_FLAGS && !tun_flags_can_be(v))
		return false;
	return field_value_fits(id, v) && !(extra && p[0]);
}

static uint8_t *value_store(uint8_t *p, enum field_id id, const struct field_value *v)
{
	uint8_t extra = wire_extra(id);

	memset(p, 0, extra);
	memcpy(p + extra, v, field_table[id].n_bytes);
	return p + extra + field_table[id].n_bytes;
}

/* §7.2.3.7, table 13: without OFPVID_PRESENT, which says that there is a tag, the other bits can
 * only be 0.  (With a mask that leaves OFPVID_PRESENT out, a value that is not 0 implies a tag.) */
static bool vlan_vid_can_be(const struct field_value *value, const struct field_value *mask)
{
	if (!(mask->b[0] & OFPVID_PRESENT >> 8) || value->b[0] & OFPVID_PRESENT >> 8)
		return true;
	return !value->b[0] && !value->b[1];
}

static bool value_has_more_than(const struct field_value *value, const struct field_value *mask)
{
	for (unsigned int i = 0; i < FIELD_MAX_BYTES; i++) {
		if (value->b[i] & ~mask->b[i])
			return true;
	}
	return false;
}

static bool value_is_zero(const struct field_value *v)
{
	static const struct field_value zero;

	return !memcmp(v, &zero, sizeof(zero));
}

/* Checks the field of 'o', which is known, by itself, and loads it.  A mask may have bits beyond
 * the field's width, where the value has none either: they change nothing and are cleared. */
static enum ofp_err field_load(const struct oxm *o, struct field_value *value,
			       struct field_value *mask)
{
	enum field_id id = o->id;
	uint8_t room[2 * FIELD_MAX_BYTES];
	const uint8_t *values;

	if (o->has_mask && !field_table[id].is_maskable)
		return OFPBMC_BAD_MASK;
	values = oxm_values(o, room);
	if (!values)
		return OFPBMC_BAD_LEN;
	if (!value_load(value, id, values))
		return OFPBMC_BAD_VALUE;
	*mask = field_exact_mask(id);
	if (o->has_mask) {
		const uint8_t *p = values + of_oxm_value_len(id) + wire_extra(id);

		for (unsigned int i = 0; i < field_table[id].n_bytes; i++)
			mask->b[i] &= p[i];
		if (value_has_more_than(value, mask))
			return OFPBMC_BAD_WILDCARDS;
	}
	if (id == FIELD_VLAN_VID && !vlan_vid_can_be(value, mask))
		return OFPBMC_BAD_VALUE;
	return OFP_OK;
}

/* What is known of the match so far. */
struct progress {
	uint64_t seen;	  /* bit per enum field_id; those that match nothing are here too */
	uint32_t prereqs; /* bit per enum field_prereq that holds: for good, as fields are only
			     added */
};

static bool prereq_ok(struct progress *pr, const struct match *m, enum field_id id)
{
	uint32_t bit = 1u << field_table[id].prereq;

	if (!(pr->prereqs & bit) && match_prereq_ok(m, id))
		pr->prereqs |= bit;
	return pr->prereqs & bit;
}

/* Adds the field of 'o' to 'm'. */
static enum ofp_err field_add(struct match *m, struct progress *pr, const struct oxm *o)
{
	struct field_value value, mask;
	enum field_id id = o->id;
	enum ofp_err err;

	if (!oxm_is_known(o))
		return OFPBMC_BAD_FIELD;
	err = field_load(o, &value, &mask);
	if (err)
		return err;
	if (pr->seen >> id & 1)
		return OFPBMC_DUP_FIELD;
	pr->seen |= 1ULL << id;
	if (o->has_mask && value_is_zero(&mask))
		return OFP_OK;
	if (!prereq_ok(pr, m, id))
		return OFPBMC_BAD_PREREQ;
	/* This is match_set() for a value and a mask that are canonical already. */
	m->value[id] = value;
	m->mask[id] = mask;
	m->present |= 1ULL << id;
	return OFP_OK;
}

/* Checks the header of the match at 'p'; the TLVs are then between '*ret_tlvs' and '*ret_end'. */
static enum ofp_err match_open(const uint8_t *p, size_t len, const uint8_t **ret_tlvs,
			       const uint8_t **ret_end, size_t *ret_size)
{
	const struct ofp_match_header *h = (const void *)p;
	size_t match_len;

	if (len < sizeof(*h))
		return OFPBMC_BAD_LEN;
	if (be16toh(h->type) != OFPMT_OXM)
		return OFPBMC_BAD_TYPE;
	match_len = be16toh(h->length);
	if (match_len < sizeof(*h) || wire_pad8(match_len) > len)
		return OFPBMC_BAD_LEN;
	*ret_tlvs = p + sizeof(*h);
	*ret_end = p + match_len;
	*ret_size = wire_pad8(match_len);
	return OFP_OK;
}

enum ofp_err of_match_decode(struct match *m, const uint8_t *p, size_t len, size_t *ret_size)
{
	const uint8_t *tlv, *end;
	struct progress pr = { .prereqs = 1u << PREREQ_NONE };
	struct oxm o;
	enum ofp_err err;

	err = match_open(p, len, &tlv, &end, ret_size);
	if (err)
		return err;
	match_init(m);
	for (; tlv < end; tlv = o.payload + o.len) {
		if (!oxm_parse(&o, tlv, (size_t)(end - tlv)))
			return OFPBMC_BAD_LEN;
		err = field_add(m, &pr, &o);
		if (err)
			return err;
	}
	return OFP_OK;
}

enum ofp_err of_match_decode_packet_in(const uint8_t *p, size_t len, uint32_t *ret_in_port,
				       uint64_t *ret_metadata, struct tunnel_fields *ret_tunnel,
				       size_t *ret_size)
{
	const uint8_t *tlv, *end;
	uint32_t in_port = 0;
	uint64_t metadata = 0;
	struct tunnel_fields tunnel = { .id = { { 0 } } };
	struct field_value value, mask;
	struct oxm o;
	enum ofp_err err;

	err = match_open(p, len, &tlv, &end, ret_size);
	if (err)
		return err;
	for (; tlv < end; tlv = o.payload + o.len) {
		if (!oxm_parse(&o, tlv, (size_t)(end - tlv)))
			return OFPBMC_BAD_LEN;
		if (!oxm_is_known(&o))
			continue;
		err = field_load(&o, &value, &mask);
		if (err)
			return err;
		if (o.id == FIELD_IN_PORT)
			in_port = (uint32_t)field_value_to_u64(FIELD_IN_PORT, &value);
		else if (o.id == FIELD_METADATA)
			metadata = field_value_to_u64(FIELD_METADATA, &value);
		tunnel_set(&tunnel, o.id, &value);
	}
	*ret_in_port = in_port;
	*ret_metadata = metadata;
	*ret_tunnel = tunnel;
	return OFP_OK;
}

void of_oxm_encode_header(struct buf *out, enum field_id id, bool has_mask)
{
	struct wire_field field = wire_field(id);
	size_t more = of_oxm_header_len(id) - sizeof(struct ofp_oxm_header);
	struct ofp_oxm_header h = {
		.oxm_class = htobe16(field.class),
		.field_hasmask = (uint8_t)(field.number << 1 | has_mask),
		.length = (uint8_t)(more + (size_t)(of_oxm_value_len(id) << has_mask)),
	};

	buf_put(out, &h, sizeof(h));
	if (more)
		buf_put_be32(out, OF_EXPERIMENTER);
}

void of_oxm_encode(struct buf *out, enum field_id id, const struct field_value *value,
		   const struct field_value *mask)
{
	uint8_t values[2 * FIELD_MAX_BYTES];
	uint8_t *p = value_store(values, id, value);

	if (mask)
		p = value_store(p, id, mask);
	of_oxm_encode_header(out, id, mask);
	buf_put(out, values, (size_t)(p - values));
}

void of_match_encode(struct buf *out, const struct match *m)
{
	struct ofp_match_header h = { .type = htobe16(OFPMT_OXM) };
	size_t start = out->len;
	enum field_id id;

	buf_put(out, &h, sizeof(h));
	MATCH_FOR_EACH (m, id) {
		struct field_value exact = field_exact_mask(id);
		bool is_exact = !memcmp(&m->mask[id], &exact, sizeof(exact));

		of_oxm_encode(out, id, &m->value[id], is_exact ? NULL : &m->mask[id]);
	}
	buf_set_be16(out, start + offsetof(struct ofp_match_header, length),
		     (uint16_t)(out->len - start));
	buf_pad8(out, start);
}

enum ofp_err of_oxm_decode_set_field(const uint8_t *p, size_t len, enum field_id *ret_id,
				     struct field_value *ret_value)
{
	uint8_t room[2 * FIELD_MAX_BYTES];
	struct field_value value;
	const uint8_t *payload;
	struct oxm o;

	if (!oxm_parse(&o, p, len))
		return OFPBAC_BAD_SET_LEN;
	/* 1.3 has no set-field with a mask: such a TLV is of another type. */
	if (!oxm_is_known(&o) || !field_table[o.id].is_settable || o.has_mask)
		return OFPBAC_BAD_SET_TYPE;
	payload = oxm_values(&o, room);
	if (!payload)
		return OFPBAC_BAD_SET_LEN;
	if (!value_load(&value, o.id, payload))
		return OFPBAC_BAD_SET_ARGUMENT;
	*ret_id = o.id;
	*ret_value = value;
	return OFP_OK;
}
