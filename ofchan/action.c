// SPDX-License-Identifier: Apache-2.0
/* Actions and instructions on the wire; see action.h. */
#include "ofchan/action.h"

#include <endian.h>
#include <string.h>

#include "ofchan/match.h"
#include "ofchan/wire.h"

/* §7.2.1: the standard ports, and the reserved ones that an output may name. */
static bool output_port_ok(uint32_t port, bool may_table)
{
	switch (port) {
	case PORT_IN_PORT:
	case PORT_NORMAL:
	case PORT_FLOOD:
	case PORT_ALL:
	case PORT_CONTROLLER:
	case PORT_LOCAL:
		return true;
	case PORT_TABLE:
		return may_table;
	default:
		return port >= 1 && port <= PORT_NO_MAX;
	}
}

static enum ofp_err output_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	const struct ofp_action_output *w = (const void *)p;

	(void)len;
	a->type = ACTION_OUTPUT;
	a->output.port = be32toh(w->port);
	a->output.max_len = be16toh(w->max_len);
	return output_port_ok(a->output.port, may_table) ? OFP_OK : OFPBAC_BAD_OUT_PORT;
}

static enum ofp_err push_vlan_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	const struct ofp_action_push *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_PUSH_VLAN;
	a->ethertype = be16toh(w->ethertype);
	return a->ethertype == 0x8100 || a->ethertype == 0x88a8 ? OFP_OK : OFPBAC_BAD_ARGUMENT;
}

static enum ofp_err pop_vlan_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	(void)p, (void)len, (void)may_table;
	a->type = ACTION_POP_VLAN;
	return OFP_OK;
}

static enum ofp_err set_nw_ttl_decode(struct action *a, const uint8_t *p, size_t len,
				      bool may_table)
{
	const struct ofp_action_nw_ttl *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_SET_NW_TTL;
	a->ttl = w->nw_ttl;
	return OFP_OK;
}

static enum ofp_err dec_nw_ttl_decode(struct action *a, const uint8_t *p, size_t len,
				      bool may_table)
{
	(void)p, (void)len, (void)may_table;
	a->type = ACTION_DEC_NW_TTL;
	return OFP_OK;
}

static enum ofp_err set_field_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	enum ofp_err err;

	(void)may_table;
	a->type = ACTION_SET_FIELD;
	err = of_oxm_decode_set_field(p + 4, len - 4, &a->set_field.field, &a->set_field.value);
	if (err)
		return err;
	/* Header, TLV, and padding to a multiple of 8; not a byte more. */
	if (len !=
	    wire_pad8(4u + of_oxm_header_len(a->set_field.field) +
		      of_oxm_value_len(a->set_field.field)))
		return OFPBAC_BAD_SET_LEN;
	return OFP_OK;
}

/* The actions of 1.3 by number.  Without a decoder: refused with 'refusal'. */
struct action_codec {
	enum ofp_err (*decode)(struct action *a, const uint8_t *p, size_t len, bool may_table);
	uint16_t len; /* 0: varies */
	enum ofp_err refusal;
};

#define N_ACTION_CODECS (OFPAT_POP_PBB + 1)

static const struct action_codec action_codecs[N_ACTION_CODECS] = {
	[OFPAT_OUTPUT] = { .decode = output_decode, .len = sizeof(struct ofp_action_output) },
	[OFPAT_PUSH_VLAN] = { .decode = push_vlan_decode, .len = sizeof(struct ofp_action_push) },
	[OFPAT_POP_VLAN] = { .decode = pop_vlan_decode, .len = sizeof(struct ofp_action_header) },
	[OFPAT_GROUP] = { .refusal = OFPBAC_BAD_OUT_GROUP },
	[OFPAT_SET_NW_TTL] = { .decode = set_nw_ttl_decode,
			       .len = sizeof(struct ofp_action_nw_ttl) },
	[OFPAT_DEC_NW_TTL] = { .decode = dec_nw_ttl_decode,
			       .len = sizeof(struct ofp_action_header) },
	[OFPAT_SET_FIELD] = { .decode = set_field_decode },
};

uint32_t of_actions_supported(void)
{
	uint32_t bits = 0;

	for (unsigned int type = 0; type < N_ACTION_CODECS; type++) {
		if (action_codecs[type].decode)
			bits |= 1u << type;
	}
	return bits;
}

static enum ofp_err action_decode(struct action *a, const uint8_t *p, size_t len, uint16_t type,
				  bool may_table)
{
	const struct action_codec *codec;

	if (type == OFPAT_EXPERIMENTER)
		return OFPBAC_BAD_EXPERIMENTER;
	if (type >= N_ACTION_CODECS)
		return OFPBAC_BAD_TYPE;
	codec = &action_codecs[type];
	if (!codec->decode)
		return codec->refusal ? codec->refusal : OFPBAC_BAD_TYPE;
	if (codec->len && codec->len != len)
		return OFPBAC_BAD_LEN;
	return codec->decode(a, p, len, may_table);
}

enum ofp_err of_actions_decode(struct action_list *list, const uint8_t *p, size_t len,
			       bool may_table)
{
	const uint8_t *end = p + len;

	list->n = 0;
	while (p < end) {
		const struct ofp_action_header *h = (const void *)p;
		size_t action_len, left = (size_t)(end - p);
		enum ofp_err err;

		if (left < sizeof(*h))
			return OFPBAC_BAD_LEN;
		action_len = be16toh(h->len);
		if (action_len < sizeof(*h) || action_len % 8 || action_len > left)
			return OFPBAC_BAD_LEN;
		if (list->n == ACTIONS_MAX)
			return OFPBAC_TOO_MANY;
		err = action_decode(&list->a[list->n], p, action_len, be16toh(h->type), may_table);
		if (err)
			return err;
		list->n++;
		p += action_len;
	}
	return OFP_OK;
}

static void header_encode(struct buf *out, uint16_t type)
{
	struct ofp_action_header w = { .type = htobe16(type), .len = htobe16(sizeof(w)) };

	buf_put(out, &w, sizeof(w));
}

static void set_field_encode(struct buf *out, const struct action *a)
{
	size_t start = out->len;

	buf_put_be16(out, OFPAT_SET_FIELD);
	buf_put_be16(out, 0);
	of_oxm_encode(out, a->set_field.field, &a->set_field.value, NULL);
	buf_pad8(out, start);
	buf_set_be16(out, start + 2, (uint16_t)(out->len - start));
}

static void action_encode(struct buf *out, const struct action *a)
{
	switch (a->type) {
	case ACTION_OUTPUT: {
		struct ofp_action_output w = {
			.type = htobe16(OFPAT_OUTPUT),
			.len = htobe16(sizeof(w)),
			.port = htobe32(a->output.port),
			.max_len = htobe16(a->output.max_len),
		};

		buf_put(out, &w, sizeof(w));
		break;
	}
	case ACTION_SET_FIELD:
		set_field_encode(out, a);
		break;
	case ACTION_PUSH_VLAN: {
		struct ofp_action_push w = {
			.type = htobe16(OFPAT_PUSH_VLAN),
			.len = htobe16(sizeof(w)),
			.ethertype = htobe16(a->ethertype),
		};

		buf_put(out, &w, sizeof(w));
		break;
	}
	case ACTION_SET_NW_TTL: {
		struct ofp_action_nw_ttl w = {
			.type = htobe16(OFPAT_SET_NW_TTL),
			.len = htobe16(sizeof(w)),
			.nw_ttl = a->ttl,
		};

		buf_put(out, &w, sizeof(w));
		break;
	}
	case ACTION_POP_VLAN:
		header_encode(out, OFPAT_POP_VLAN);
		break;
	case ACTION_DEC_NW_TTL:
		header_encode(out, OFPAT_DEC_NW_TTL);
		break;
	case N_ACTION_TYPES:
		break;
	}
}

void of_actions_encode(struct buf *out, const struct action_list *list)
{
	for (unsigned int i = 0; i < list->n; i++)
		action_encode(out, &list->a[i]);
}
