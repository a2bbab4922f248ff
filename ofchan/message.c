// SPDX-License-Identifier: Apache-2.0
/* Whole messages: the dispatch of the decoder, and the messages that belong to no noun; see
 * message.h. */
#include "ofchan/message.h"

#include <endian.h>
#include <string.h>

#include "ofchan/wire.h"

/*
 * §7.5.1: elements, each padded to a multiple of 8.  Elements of unknown types are passed over, as
 * the specification demands.
 */
static enum ofp_err hello_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	size_t ofs = sizeof(struct ofp_header);

	m->hello = (struct of_hello){ .has_bitmap = false };
	while (len - ofs >= sizeof(struct ofp_hello_elem_header)) {
		const struct ofp_hello_elem_header *h = (const void *)(msg + ofs);
		size_t elem_len = be16toh(h->length);

		if (elem_len < sizeof(*h) || elem_len > len - ofs)
			return OFPBRC_BAD_LEN;
		if (be16toh(h->type) == OFPHET_VERSIONBITMAP && elem_len >= sizeof(*h) + 4 &&
		    !m->hello.has_bitmap) {
			__be32 word;

			memcpy(&word, msg + ofs + sizeof(*h), sizeof(word));
			m->hello.has_bitmap = true;
			m->hello.versions = be32toh(word);
		}
		ofs += wire_pad8(elem_len) < len - ofs ? wire_pad8(elem_len) : len - ofs;
	}
	return OFP_OK;
}

static enum ofp_err error_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	const struct ofp_error_msg *w = (const void *)msg;
	struct of_error *e = &m->error;
	size_t ofs = sizeof(*w);

	e->type = be16toh(w->type);
	e->code = be16toh(w->code);
	e->experimenter = 0;
	if (e->type == OFPET_EXPERIMENTER) {
		const struct ofp_error_experimenter_msg *x = (const void *)msg;

		if (len < sizeof(*x))
			return OFPBRC_BAD_LEN;
		e->experimenter = be32toh(x->experimenter);
		ofs = sizeof(*x);
	}
	e->err = ofp_err_make(e->type, e->code, e->experimenter);
	e->data = msg + ofs;
	e->data_len = len - ofs;
	return OFP_OK;
}

static enum ofp_err echo_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	m->echo.data = msg + sizeof(struct ofp_header);
	m->echo.data_len = len - sizeof(struct ofp_header);
	return OFP_OK;
}

/* Of experimenters, only Open vSwitch's messages about Geneve options are known. */
static enum ofp_err experimenter_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	const struct ofp_experimenter_header *w = (const void *)msg;
	struct of_experimenter *e = &m->experimenter;

	if (be32toh(w->experimenter) != NX_EXPERIMENTER_ID)
		return OFPBRC_BAD_EXPERIMENTER;
	e->exp_type = be32toh(w->exp_type);
	switch (e->exp_type) {
	case NXT_TLV_TABLE_MOD:
		return of_tlv_mod_decode(&e->tlv_mod, msg, len);
	case NXT_TLV_TABLE_REQUEST:
		return len == sizeof(*w) ? OFP_OK : OFPBRC_BAD_LEN;
	case NXT_TLV_TABLE_REPLY:
		return of_tlv_table_decode(&e->tlv_table, msg, len);
	default:
		return OFPBRC_BAD_EXP_TYPE;
	}
}

static enum ofp_err features_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	const struct ofp_switch_features *w = (const void *)msg;

	(void)len;
	m->features = (struct of_features){
		.datapath_id = be64toh(w->datapath_id),
		.n_buffers = be32toh(w->n_buffers),
		.n_tables = w->n_tables,
		.auxiliary_id = w->auxiliary_id,
		.capabilities = be32toh(w->capabilities),
	};
	return OFP_OK;
}

static enum ofp_err config_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	const struct ofp_switch_config *w = (const void *)msg;

	(void)len;
	m->config.flags = be16toh(w->flags);
	m->config.miss_send_len = be16toh(w->miss_send_len);
	return OFP_OK;
}

/* §7.3.2.  Reassembly is optional (OFPC_IP_REASM), and skep does not have it. */
static enum ofp_err set_config_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	enum ofp_err err = config_decode(m, msg, len);

	if (err)
		return err;
	return m->config.flags & ~OFPC_FRAG_DROP ? OFPSCFC_BAD_FLAGS : OFP_OK;
}

static enum ofp_err role_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	const struct ofp_role_msg *w = (const void *)msg;

	(void)len;
	m->role.role = be32toh(w->role);
	m->role.generation_id = be64toh(w->generation_id);
	return m->role.role > OFPCR_ROLE_SLAVE ? OFPRRFC_BAD_ROLE : OFP_OK;
}

static enum ofp_err async_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	const struct ofp_async_config *w = (const void *)msg;

	(void)len;
	for (int i = 0; i < 2; i++) {
		m->async.packet_in[i] = be32toh(w->packet_in_mask[i]);
		m->async.port_status[i] = be32toh(w->port_status_mask[i]);
		m->async.flow_removed[i] = be32toh(w->flow_removed_mask[i]);
	}
	return OFP_OK;
}

static enum ofp_err queue_config_request_decode(struct ofmsg *m, const uint8_t *msg, size_t len)
{
	const struct ofp_queue_get_config *w = (const void *)msg;

	(void)len;
	m->queue_config_port = be32toh(w->port);
	return OFP_OK;
}

/* The nouns' decoders, with the union's member taken out. */
#define NOUN_DECODER(NAME, MEMBER)                                                                 \
	static enum ofp_err NAME##_decode(struct ofmsg *m, const uint8_t *msg, size_t len)         \
	{                                                                                          \
		return of_##NAME##_decode(&m->MEMBER, msg, len);                                   \
	}
NOUN_DECODER(packet_in, packet_in)
NOUN_DECODER(packet_out, packet_out)
NOUN_DECODER(flow_mod, flow_mod)
NOUN_DECODER(flow_removed, flow_removed)
NOUN_DECODER(group_mod, group_mod)
NOUN_DECODER(meter_mod, meter_mod)
NOUN_DECODER(port_mod, port_mod)
NOUN_DECODER(port_status, port_status)
NOUN_DECODER(queue_config, queue_config)
NOUN_DECODER(table_mod, table_mod)
NOUN_DECODER(multipart_request, mp)
NOUN_DECODER(multipart_reply, mp)
#undef NOUN_DECODER

enum {
	TO_SWITCH = OFMSG_TO_SWITCH,
	TO_CONTROLLER = OFMSG_TO_CONTROLLER,
	BOTH = OFMSG_TO_SWITCH | OFMSG_TO_CONTROLLER,
};

/* Who receives each type, how long it is at least (or exactly, if it 'is_fixed'), and what its body
 * is. */
struct type_codec {
	uint8_t directions;
	bool is_fixed;
	uint16_t min_len;
	enum ofp_err (*decode)(struct ofmsg *m, const uint8_t *msg, size_t len);
};

#define MATCH_MIN 8 /* a struct ofp_match without fields */

static const struct type_codec codecs[OFPT_N_TYPES] = {
	[OFPT_HELLO] = { BOTH, false, 8, hello_decode },
	[OFPT_ERROR] = { BOTH, false, sizeof(struct ofp_error_msg), error_decode },
	[OFPT_ECHO_REQUEST] = { BOTH, false, 8, echo_decode },
	[OFPT_ECHO_REPLY] = { BOTH, false, 8, echo_decode },
	[OFPT_EXPERIMENTER] = { BOTH, false, sizeof(struct ofp_experimenter_header),
				experimenter_decode },
	[OFPT_FEATURES_REQUEST] = { TO_SWITCH, true, 8, NULL },
	[OFPT_FEATURES_REPLY] = { TO_CONTROLLER, true, sizeof(struct ofp_switch_features),
				  features_decode },
	[OFPT_GET_CONFIG_REQUEST] = { TO_SWITCH, true, 8, NULL },
	[OFPT_GET_CONFIG_REPLY] = { TO_CONTROLLER, true, sizeof(struct ofp_switch_config),
				    config_decode },
	[OFPT_SET_CONFIG] = { TO_SWITCH, true, sizeof(struct ofp_switch_config),
			      set_config_decode },
	[OFPT_PACKET_IN] = { TO_CONTROLLER, false, sizeof(struct ofp_packet_in) + MATCH_MIN + 2,
			     packet_in_decode },
	[OFPT_FLOW_REMOVED] = { TO_CONTROLLER, false, sizeof(struct ofp_flow_removed) + MATCH_MIN,
				flow_removed_decode },
	[OFPT_PORT_STATUS] = { TO_CONTROLLER, true, sizeof(struct ofp_port_status),
			       port_status_decode },
	[OFPT_PACKET_OUT] = { TO_SWITCH, false, sizeof(struct ofp_packet_out), packet_out_decode },
	[OFPT_FLOW_MOD] = { TO_SWITCH, false, sizeof(struct ofp_flow_mod) + MATCH_MIN,
			    flow_mod_decode },
	[OFPT_GROUP_MOD] = { TO_SWITCH, false, sizeof(struct ofp_group_mod), group_mod_decode },
	[OFPT_PORT_MOD] = { TO_SWITCH, true, sizeof(struct ofp_port_mod), port_mod_decode },
	[OFPT_TABLE_MOD] = { TO_SWITCH, true, sizeof(struct ofp_table_mod), table_mod_decode },
	[OFPT_MULTIPART_REQUEST] = { TO_SWITCH, false, sizeof(struct ofp_multipart),
				     multipart_request_decode },
	[OFPT_MULTIPART_REPLY] = { TO_CONTROLLER, false, sizeof(struct ofp_multipart),
				   multipart_reply_decode },
	[OFPT_BARRIER_REQUEST] = { TO_SWITCH, true, 8, NULL },
	[OFPT_BARRIER_REPLY] = { TO_CONTROLLER, true, 8, NULL },
	[OFPT_QUEUE_GET_CONFIG_REQUEST] = { TO_SWITCH, true, sizeof(struct ofp_queue_get_config),
					    queue_config_request_decode },
	[OFPT_QUEUE_GET_CONFIG_REPLY] = { TO_CONTROLLER, false, sizeof(struct ofp_queue_get_config),
					  queue_config_decode },
	[OFPT_ROLE_REQUEST] = { TO_SWITCH, true, sizeof(struct ofp_role_msg), role_decode },
	[OFPT_ROLE_REPLY] = { TO_CONTROLLER, true, sizeof(struct ofp_role_msg), role_decode },
	[OFPT_GET_ASYNC_REQUEST] = { TO_SWITCH, true, 8, NULL },
	[OFPT_GET_ASYNC_REPLY] = { TO_CONTROLLER, true, sizeof(struct ofp_async_config),
				   async_decode },
	[OFPT_SET_ASYNC] = { TO_SWITCH, true, sizeof(struct ofp_async_config), async_decode },
	[OFPT_METER_MOD] = { TO_SWITCH, false, sizeof(struct ofp_meter_mod), meter_mod_decode },
};

/* A hello of any version is understood (§7.5.1), and so is the error that ends a failed
 * negotiation. */
static bool version_ok(const struct ofmsg *m)
{
	return m->version == OFP_VERSION_13 || m->type == OFPT_HELLO || m->type == OFPT_ERROR;
}

enum ofp_err ofmsg_decode(struct ofmsg *m, enum ofmsg_direction dir, const void *data, size_t len)
{
	const struct ofp_header *h = data;
	const struct type_codec *codec;

	m->version = m->type = 0;
	m->length = 0;
	m->xid = 0;
	if (len < sizeof(*h))
		return OFPBRC_BAD_LEN;
	m->version = h->version;
	m->type = h->type;
	m->length = be16toh(h->length);
	m->xid = be32toh(h->xid);
	if (!version_ok(m))
		return OFPBRC_BAD_VERSION;
	if (m->length != len)
		return OFPBRC_BAD_LEN;
	if (m->type >= OFPT_N_TYPES || !(codecs[m->type].directions & dir))
		return OFPBRC_BAD_TYPE;
	codec = &codecs[m->type];
	if (len < codec->min_len || (codec->is_fixed && len != codec->min_len))
		return OFPBRC_BAD_LEN;
	return codec->decode ? codec->decode(m, data, len) : OFP_OK;
}

const char *ofp_type_name(uint8_t type)
{
	static const char *const names[OFPT_N_TYPES] = {
#define X(NAME, NUM) [NUM] = "OFPT_" #NAME,
		OFP_TYPE_TABLE(X)
#undef X
	};

	return type < OFPT_N_TYPES ? names[type] : NULL;
}

size_t ofmsg_begin(struct buf *out, enum ofp_type type, uint32_t xid)
{
	struct ofp_header h = wire_header(type, sizeof(h), xid);
	size_t start = out->len;

	buf_put(out, &h, sizeof(h));
	return start;
}

void ofmsg_end(struct buf *out, size_t start)
{
	size_t len = out->len - start;

	if (len > OFP_MAX_LENGTH)
		out->failed = true;
	buf_set_be16(out, start + offsetof(struct ofp_header, length), (uint16_t)len);
}

void ofmsg_encode_empty(struct buf *out, enum ofp_type type, uint32_t xid)
{
	ofmsg_begin(out, type, xid);
}

void of_hello_encode(struct buf *out, uint32_t xid)
{
	size_t start = ofmsg_begin(out, OFPT_HELLO, xid);

	buf_put_be16(out, OFPHET_VERSIONBITMAP);
	buf_put_be16(out, sizeof(struct ofp_hello_elem_header) + 4);
	buf_put_be32(out, 1u << OFP_VERSION_13);
	ofmsg_end(out, start);
}

/* Appends the beginning of an error message and returns its offset. */
static size_t error_begin(struct buf *out, uint32_t xid, enum ofp_err err)
{
	size_t start = ofmsg_begin(out, OFPT_ERROR, xid);

	buf_put_be16(out, ofp_err_type(err));
	buf_put_be16(out, ofp_err_code(err));
	if (ofp_err_type(err) == OFPET_EXPERIMENTER)
		buf_put_be32(out, ofp_err_experimenter(err));
	return start;
}

void of_error_encode(struct buf *out, enum ofp_err err, const void *request, size_t len)
{
	const struct ofp_header *h = request;
	size_t start = error_begin(out, len < sizeof(*h) ? 0 : be32toh(h->xid), err);

	buf_put(out, request, len < 64 ? len : 64);
	ofmsg_end(out, start);
}

void of_hello_failed_encode(struct buf *out, uint32_t xid, enum ofp_err err, const char *text)
{
	size_t start = error_begin(out, xid, err);

	buf_put(out, text, strnlen(text, 1024));
	ofmsg_end(out, start);
}

void of_echo_encode(struct buf *out, enum ofp_type type, uint32_t xid, const void *data, size_t len)
{
	size_t start = ofmsg_begin(out, type, xid);
	size_t room = OFP_MAX_LENGTH - sizeof(struct ofp_header);

	buf_put(out, data, len < room ? len : room);
	ofmsg_end(out, start);
}

void of_features_encode(struct buf *out, uint32_t xid, const struct of_features *f)
{
	struct ofp_switch_features w = {
		.header = wire_header(OFPT_FEATURES_REPLY, sizeof(w), xid),
		.datapath_id = htobe64(f->datapath_id),
		.n_buffers = htobe32(f->n_buffers),
		.n_tables = f->n_tables,
		.auxiliary_id = f->auxiliary_id,
		.capabilities = htobe32(f->capabilities),
	};

	buf_put(out, &w, sizeof(w));
}

void of_config_encode(struct buf *out, enum ofp_type type, uint32_t xid,
		      const struct of_switch_config *c)
{
	struct ofp_switch_config w = {
		.header = wire_header(type, sizeof(w), xid),
		.flags = htobe16(c->flags),
		.miss_send_len = htobe16(c->miss_send_len),
	};

	buf_put(out, &w, sizeof(w));
}

void of_role_encode(struct buf *out, enum ofp_type type, uint32_t xid, const struct of_role *r)
{
	struct ofp_role_msg w = {
		.header = wire_header(type, sizeof(w), xid),
		.role = htobe32(r->role),
		.generation_id = htobe64(r->generation_id),
	};

	buf_put(out, &w, sizeof(w));
}

void of_async_encode(struct buf *out, enum ofp_type type, uint32_t xid, const struct of_async *a)
{
	struct ofp_async_config w = { .header = wire_header(type, sizeof(w), xid) };

	for (int i = 0; i < 2; i++) {
		w.packet_in_mask[i] = htobe32(a->packet_in[i]);
		w.port_status_mask[i] = htobe32(a->port_status[i]);
		w.flow_removed_mask[i] = htobe32(a->flow_removed[i]);
	}
	buf_put(out, &w, sizeof(w));
}

void of_async_init(struct of_async *a)
{
	*a = (struct of_async){
		.packet_in = { 1 << OFPR_NO_MATCH | 1 << OFPR_ACTION | 1 << OFPR_INVALID_TTL, 0 },
		.port_status = { 1 << OFPPR_ADD | 1 << OFPPR_DELETE | 1 << OFPPR_MODIFY,
				 1 << OFPPR_ADD | 1 << OFPPR_DELETE | 1 << OFPPR_MODIFY },
		/* idle timeout, hard timeout, delete, and a group's delete */
		.flow_removed = { 0xf, 0 },
	};
}
