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

static enum ofp_err push_mpls_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	const struct ofp_action_push *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_PUSH_MPLS;
	a->ethertype = be16toh(w->ethertype);
	return a->ethertype == 0x8847 || a->ethertype == 0x8848 ? OFP_OK : OFPBAC_BAD_ARGUMENT;
}

static enum ofp_err push_pbb_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	const struct ofp_action_push *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_PUSH_PBB;
	a->ethertype = be16toh(w->ethertype);
	return a->ethertype == 0x88e7 ? OFP_OK : OFPBAC_BAD_ARGUMENT;
}

/* Whatever the type says is beneath: a controller may know of protocols that we do not. */
static enum ofp_err pop_mpls_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	const struct ofp_action_push *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_POP_MPLS;
	a->ethertype = be16toh(w->ethertype);
	return OFP_OK;
}

static enum ofp_err set_queue_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	const struct ofp_action_set_queue *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_SET_QUEUE;
	a->queue_id = be32toh(w->queue_id);
	/* Which queues a port has is not known here, but none is called all of them. */
	return a->queue_id == OFPQ_ALL ? OFPBAC_BAD_QUEUE : OFP_OK;
}

static enum ofp_err group_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	const struct ofp_action_group *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_GROUP;
	a->group_id = be32toh(w->group_id);
	return a->group_id <= OFPG_MAX ? OFP_OK : OFPBAC_BAD_OUT_GROUP;
}

static enum ofp_err set_mpls_ttl_decode(struct action *a, const uint8_t *p, size_t len,
					bool may_table)
{
	const struct ofp_action_nw_ttl *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_SET_MPLS_TTL;
	a->ttl = w->nw_ttl;
	return OFP_OK;
}

/* Actions that are a header and nothing more. */
#define BARE_DECODE(NAME, TYPE)                                                                    \
	static enum ofp_err NAME(struct action *a, const uint8_t *p, size_t len, bool may_table)   \
	{                                                                                          \
		(void)p, (void)len, (void)may_table;                                               \
		a->type = TYPE;                                                                    \
		return OFP_OK;                                                                     \
	}

BARE_DECODE(copy_ttl_out_decode, ACTION_COPY_TTL_OUT)
BARE_DECODE(copy_ttl_in_decode, ACTION_COPY_TTL_IN)
BARE_DECODE(dec_mpls_ttl_decode, ACTION_DEC_MPLS_TTL)
BARE_DECODE(pop_pbb_decode, ACTION_POP_PBB)
BARE_DECODE(pop_vlan_decode, ACTION_POP_VLAN)
BARE_DECODE(dec_nw_ttl_decode, ACTION_DEC_NW_TTL)

static enum ofp_err set_nw_ttl_decode(struct action *a, const uint8_t *p, size_t len,
				      bool may_table)
{
	const struct ofp_action_nw_ttl *w = (const void *)p;

	(void)len, (void)may_table;
	a->type = ACTION_SET_NW_TTL;
	a->ttl = w->nw_ttl;
	return OFP_OK;
}

static enum ofp_err set_field_decode(struct action *a, const uint8_t *p, size_t len, bool may_table)
{
	const struct ofp_oxm_header *oxm = (const void *)(p + 4);
	enum ofp_err err;

	(void)may_table;
	a->type = ACTION_SET_FIELD;
	err = of_oxm_decode_set_field(p + 4, len - 4, &a->set_field.field, &a->set_field.value);
	if (err)
		return err;
	/* Header, TLV, and padding to a multiple of 8; not a byte more. */
	return len == wire_pad8(4u + sizeof(*oxm) + oxm->length) ? OFP_OK : OFPBAC_BAD_SET_LEN;
}

/* The actions of 1.3 by number.  Without a decoder there is none of the number. */
struct action_codec {
	enum ofp_err (*decode)(struct action *a, const uint8_t *p, size_t len, bool may_table);
	uint16_t len; /* 0: varies */
};

#define N_ACTION_CODECS (OFPAT_POP_PBB + 1)

static const struct action_codec action_codecs[N_ACTION_CODECS] = {
	[OFPAT_OUTPUT] = { .decode = output_decode, .len = sizeof(struct ofp_action_output) },
	[OFPAT_PUSH_VLAN] = { .decode = push_vlan_decode, .len = sizeof(struct ofp_action_push) },
	[OFPAT_POP_VLAN] = { .decode = pop_vlan_decode, .len = sizeof(struct ofp_action_header) },
	[OFPAT_GROUP] = { .decode = group_decode, .len = sizeof(struct ofp_action_group) },
	[OFPAT_SET_NW_TTL] = { .decode = set_nw_ttl_decode,
			       .len = sizeof(struct ofp_action_nw_ttl) },
	[OFPAT_DEC_NW_TTL] = { .decode = dec_nw_ttl_decode,
			       .len = sizeof(struct ofp_action_header) },
	[OFPAT_SET_FIELD] = { .decode = set_field_decode },
	[OFPAT_COPY_TTL_OUT] = { .decode = copy_ttl_out_decode,
				 .len = sizeof(struct ofp_action_header) },
	[OFPAT_COPY_TTL_IN] = { .decode = copy_ttl_in_decode,
				.len = sizeof(struct ofp_action_header) },
	[OFPAT_SET_MPLS_TTL] = { .decode = set_mpls_ttl_decode,
				 .len = sizeof(struct ofp_action_nw_ttl) },
	[OFPAT_DEC_MPLS_TTL] = { .decode = dec_mpls_ttl_decode,
				 .len = sizeof(struct ofp_action_header) },
	[OFPAT_PUSH_MPLS] = { .decode = push_mpls_decode, .len = sizeof(struct ofp_action_push) },
	[OFPAT_POP_MPLS] = { .decode = pop_mpls_decode, .len = sizeof(struct ofp_action_push) },
	[OFPAT_SET_QUEUE] = { .decode = set_queue_decode,
			      .len = sizeof(struct ofp_action_set_queue) },
	[OFPAT_PUSH_PBB] = { .decode = push_pbb_decode, .len = sizeof(struct ofp_action_push) },
	[OFPAT_POP_PBB] = { .decode = pop_pbb_decode, .len = sizeof(struct ofp_action_header) },
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
		return OFPBAC_BAD_TYPE;
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

static void push_encode(struct buf *out, uint16_t type, uint16_t ethertype)
{
	struct ofp_action_push w = {
		.type = htobe16(type),
		.len = htobe16(sizeof(w)),
		.ethertype = htobe16(ethertype),
	};

	buf_put(out, &w, sizeof(w));
}

static void ttl_encode(struct buf *out, uint16_t type, uint8_t ttl)
{
	struct ofp_action_nw_ttl w = {
		.type = htobe16(type),
		.len = htobe16(sizeof(w)),
		.nw_ttl = ttl,
	};

	buf_put(out, &w, sizeof(w));
}

/* A number of 32 bits: set_queue, group. */
static void number_encode(struct buf *out, uint16_t type, uint32_t number)
{
	struct ofp_action_group w = {
		.type = htobe16(type),
		.len = htobe16(sizeof(w)),
		.group_id = htobe32(number),
	};

	buf_put(out, &w, sizeof(w));
}

static void output_encode(struct buf *out, const struct action *a)
{
	struct ofp_action_output w = {
		.type = htobe16(OFPAT_OUTPUT),
		.len = htobe16(sizeof(w)),
		.port = htobe32(a->output.port),
		.max_len = htobe16(a->output.max_len),
	};

	buf_put(out, &w, sizeof(w));
}

void of_action_encode(struct buf *out, const struct action *a)
{
	switch (a->type) {
	case ACTION_OUTPUT:
		output_encode(out, a);
		break;
	case ACTION_SET_FIELD:
		set_field_encode(out, a);
		break;
	case ACTION_PUSH_VLAN:
		push_encode(out, OFPAT_PUSH_VLAN, a->ethertype);
		break;
	case ACTION_PUSH_MPLS:
		push_encode(out, OFPAT_PUSH_MPLS, a->ethertype);
		break;
	case ACTION_POP_MPLS:
		push_encode(out, OFPAT_POP_MPLS, a->ethertype);
		break;
	case ACTION_PUSH_PBB:
		push_encode(out, OFPAT_PUSH_PBB, a->ethertype);
		break;
	case ACTION_SET_NW_TTL:
		ttl_encode(out, OFPAT_SET_NW_TTL, a->ttl);
		break;
	case ACTION_SET_MPLS_TTL:
		ttl_encode(out, OFPAT_SET_MPLS_TTL, a->ttl);
		break;
	case ACTION_SET_QUEUE:
		number_encode(out, OFPAT_SET_QUEUE, a->queue_id);
		break;
	case ACTION_GROUP:
		number_encode(out, OFPAT_GROUP, a->group_id);
		break;
	case ACTION_POP_VLAN:
		header_encode(out, OFPAT_POP_VLAN);
		break;
	case ACTION_DEC_NW_TTL:
		header_encode(out, OFPAT_DEC_NW_TTL);
		break;
	case ACTION_COPY_TTL_OUT:
		header_encode(out, OFPAT_COPY_TTL_OUT);
		break;
	case ACTION_COPY_TTL_IN:
		header_encode(out, OFPAT_COPY_TTL_IN);
		break;
	case ACTION_DEC_MPLS_TTL:
		header_encode(out, OFPAT_DEC_MPLS_TTL);
		break;
	case ACTION_POP_PBB:
		header_encode(out, OFPAT_POP_PBB);
		break;
	case N_ACTION_TYPES:
		break;
	}
}

void of_actions_encode(struct buf *out, const struct action_list *list)
{
	for (unsigned int i = 0; i < list->n; i++)
		of_action_encode(out, &list->a[i]);
}
