// SPDX-License-Identifier: Apache-2.0
/* Multipart messages: requests, the splitting writer, the walk through replies; see multipart.h. */
#include "ofchan/multipart.h"

#include <endian.h>
#include <string.h>

#include "ofchan/message.h"
#include "ofchan/wire.h"

static enum ofp_err flow_body_decode(struct of_multipart *mp, const uint8_t *body, size_t len)
{
	return of_flow_filter_decode(&mp->flow, body, len);
}

static enum ofp_err port_body_decode(struct of_multipart *mp, const uint8_t *body, size_t len)
{
	const struct ofp_port_stats_request *w = (const void *)body;

	(void)len;
	mp->port_no = be32toh(w->port_no);
	return OFP_OK;
}

static enum ofp_err queue_body_decode(struct of_multipart *mp, const uint8_t *body, size_t len)
{
	const struct ofp_queue_stats_request *w = (const void *)body;

	(void)len;
	mp->queue.port_no = be32toh(w->port_no);
	mp->queue.queue_id = be32toh(w->queue_id);
	return OFP_OK;
}

static enum ofp_err group_body_decode(struct of_multipart *mp, const uint8_t *body, size_t len)
{
	const struct ofp_id_request *w = (const void *)body;

	(void)len;
	mp->group_id = be32toh(w->id);
	return OFP_OK;
}

static enum ofp_err meter_body_decode(struct of_multipart *mp, const uint8_t *body, size_t len)
{
	const struct ofp_id_request *w = (const void *)body;

	(void)len;
	mp->meter_id = be32toh(w->id);
	return OFP_OK;
}

/* What a request of each type carries: at least 'min_len' bytes, and no more than that if it
 * 'is_fixed'. */
struct mp_codec {
	const char *name;
	uint16_t min_len;
	bool is_fixed;
	enum ofp_err (*decode)(struct of_multipart *mp, const uint8_t *body, size_t len);
};

#define FLOW_REQUEST_MIN (sizeof(struct ofp_flow_stats_request) + 8)

static const struct mp_codec mp_codecs[] = {
	[OFPMP_DESC] = { "OFPMP_DESC", 0, true, NULL },
	[OFPMP_FLOW] = { "OFPMP_FLOW", FLOW_REQUEST_MIN, false, flow_body_decode },
	[OFPMP_AGGREGATE] = { "OFPMP_AGGREGATE", FLOW_REQUEST_MIN, false, flow_body_decode },
	[OFPMP_TABLE] = { "OFPMP_TABLE", 0, true, NULL },
	[OFPMP_PORT_STATS] = { "OFPMP_PORT_STATS", 8, true, port_body_decode },
	[OFPMP_QUEUE] = { "OFPMP_QUEUE", 8, true, queue_body_decode },
	[OFPMP_GROUP] = { "OFPMP_GROUP", 8, true, group_body_decode },
	[OFPMP_GROUP_DESC] = { "OFPMP_GROUP_DESC", 0, true, NULL },
	[OFPMP_GROUP_FEATURES] = { "OFPMP_GROUP_FEATURES", 0, true, NULL },
	[OFPMP_METER] = { "OFPMP_METER", 8, true, meter_body_decode },
	[OFPMP_METER_CONFIG] = { "OFPMP_METER_CONFIG", 8, true, meter_body_decode },
	[OFPMP_METER_FEATURES] = { "OFPMP_METER_FEATURES", 0, true, NULL },
	[OFPMP_TABLE_FEATURES] = { "OFPMP_TABLE_FEATURES", 0, false, NULL },
	[OFPMP_PORT_DESC] = { "OFPMP_PORT_DESC", 0, true, NULL },
};

#define N_MP_CODECS (sizeof(mp_codecs) / sizeof(mp_codecs[0]))

const char *of_multipart_type_name(uint16_t type)
{
	if (type == OFPMP_EXPERIMENTER)
		return "OFPMP_EXPERIMENTER";
	return type < N_MP_CODECS ? mp_codecs[type].name : NULL;
}

enum ofp_err of_multipart_request_decode(struct of_multipart *mp, const uint8_t *msg, size_t len)
{
	const struct ofp_multipart *w = (const void *)msg;
	const uint8_t *body = msg + sizeof(*w);
	size_t body_len = len - sizeof(*w);
	const struct mp_codec *codec;

	mp->type = be16toh(w->type);
	mp->more = be16toh(w->flags) & OFPMPF_MORE;
	if (mp->type == OFPMP_EXPERIMENTER)
		return body_len < 8 ? OFPBRC_BAD_LEN : OFPBRC_BAD_EXPERIMENTER;
	if (mp->type >= N_MP_CODECS)
		return OFPBRC_BAD_MULTIPART;
	codec = &mp_codecs[mp->type];
	/* §7.3.5.5: whoever sends features wants to set them, in as many messages as it takes: each has whole entries, which
	 * of_table_features_next() reads. */
	mp->body = body;
	mp->body_len = body_len;
	if (mp->type == OFPMP_TABLE_FEATURES)
		return OFP_OK;
	/* All others fit into one message, and skep keeps no buffer to join several in (§7.3.5). */
	if (mp->more)
		return OFPBRC_MULTIPART_BUFFER_OVERFLOW;
	if (body_len < codec->min_len || (codec->is_fixed && body_len != codec->min_len))
		return OFPBRC_BAD_LEN;
	return codec->decode ? codec->decode(mp, body, body_len) : OFP_OK;
}

enum ofp_err of_multipart_reply_decode(struct of_multipart *mp, const uint8_t *msg, size_t len)
{
	const struct ofp_multipart *w = (const void *)msg;

	mp->type = be16toh(w->type);
	mp->more = be16toh(w->flags) & OFPMPF_MORE;
	mp->body = msg + sizeof(*w);
	mp->body_len = len - sizeof(*w);
	return of_multipart_type_name(mp->type) ? OFP_OK : OFPBRC_BAD_MULTIPART;
}

void of_multipart_request_encode(struct buf *out, uint32_t xid, uint16_t type)
{
	struct ofp_multipart w = wire_multipart(OFPT_MULTIPART_REQUEST, type, sizeof(w), xid);

	buf_put(out, &w, sizeof(w));
}

void mp_start(struct mp_writer *w, struct buf *out, uint16_t type, uint32_t xid)
{
	struct ofp_multipart h = wire_multipart(OFPT_MULTIPART_REPLY, type, sizeof(h), xid);

	w->out = out;
	w->xid = xid;
	w->type = type;
	w->start = w->entry = out->len;
	buf_put(out, &h, sizeof(h));
}

void mp_finish(struct mp_writer *w)
{
	ofmsg_end(w->out, w->start);
}

void mp_entry_begin(struct mp_writer *w)
{
	w->entry = w->out->len;
}

/* Moves the current entry into a message of its own, and ends the one before. */
static void mp_split(struct mp_writer *w)
{
	struct ofp_multipart h = wire_multipart(OFPT_MULTIPART_REPLY, w->type, sizeof(h), w->xid);
	struct buf *out = w->out;
	size_t entry_len = out->len - w->entry;

	if (!buf_put_zeros(out, sizeof(h)))
		return;
	memmove(out->data + w->entry + sizeof(h), out->data + w->entry, entry_len);
	memcpy(out->data + w->entry, &h, sizeof(h));
	buf_set_be16(out, w->start + offsetof(struct ofp_multipart, header.length),
		     (uint16_t)(w->entry - w->start));
	buf_set_be16(out, w->start + offsetof(struct ofp_multipart, flags), OFPMPF_MORE);
	w->start = w->entry;
}

void mp_entry_end(struct mp_writer *w)
{
	if (!buf_failed(w->out) && w->out->len - w->start > OFP_MAX_LENGTH)
		mp_split(w);
}

size_t mp_complete(const struct mp_writer *w)
{
	return w->start;
}

void mp_drop_complete(struct mp_writer *w)
{
	struct buf *out = w->out;

	if (!w->start || buf_failed(out))
		return;
	memmove(out->data, out->data + w->start, out->len - w->start);
	out->len -= w->start;
	w->start = 0;
}

void mp_iter_init(struct mp_iter *it, const struct of_multipart *reply)
{
	it->p = reply->body;
	it->end = reply->body + reply->body_len;
	it->err = OFP_OK;
}

const void *mp_iter_take(struct mp_iter *it, size_t len)
{
	const uint8_t *p = it->p;

	if (it->err || p == it->end)
		return NULL;
	if ((size_t)(it->end - p) < len) {
		it->err = OFPBRC_BAD_LEN;
		return NULL;
	}
	it->p += len;
	return p;
}

const void *mp_iter_take_counted(struct mp_iter *it, size_t len_ofs, size_t min_len)
{
	const uint8_t *p = it->p;
	size_t len;

	if (it->err || p == it->end)
		return NULL;
	if ((size_t)(it->end - p) < min_len)
		goto bad;
	len = (size_t)(p[len_ofs] << 8 | p[len_ofs + 1]);
	if (len < min_len || len % 8)
		goto bad;
	return mp_iter_take(it, len);
bad:
	it->err = OFPBRC_BAD_LEN;
	return NULL;
}

void of_desc_reply_encode(struct buf *out, uint32_t xid, const struct of_desc *desc)
{
	struct mp_writer w;
	struct ofp_desc s = { .mfr_desc = "" };

	memcpy(s.mfr_desc, desc->mfr_desc, strnlen(desc->mfr_desc, sizeof(s.mfr_desc) - 1));
	memcpy(s.hw_desc, desc->hw_desc, strnlen(desc->hw_desc, sizeof(s.hw_desc) - 1));
	memcpy(s.sw_desc, desc->sw_desc, strnlen(desc->sw_desc, sizeof(s.sw_desc) - 1));
	memcpy(s.serial_num, desc->serial_num, strnlen(desc->serial_num, sizeof(s.serial_num) - 1));
	memcpy(s.dp_desc, desc->dp_desc, strnlen(desc->dp_desc, sizeof(s.dp_desc) - 1));
	mp_start(&w, out, OFPMP_DESC, xid);
	buf_put(out, &s, sizeof(s));
	mp_finish(&w);
}

enum ofp_err of_desc_decode(struct of_desc *desc, const struct of_multipart *reply)
{
	static_assert(sizeof(*desc) == sizeof(struct ofp_desc), "the same layout");

	if (reply->body_len != sizeof(*desc))
		return OFPBRC_BAD_LEN;
	memcpy(desc, reply->body, sizeof(*desc));
	desc->mfr_desc[sizeof(desc->mfr_desc) - 1] = '\0';
	desc->hw_desc[sizeof(desc->hw_desc) - 1] = '\0';
	desc->sw_desc[sizeof(desc->sw_desc) - 1] = '\0';
	desc->serial_num[sizeof(desc->serial_num) - 1] = '\0';
	desc->dp_desc[sizeof(desc->dp_desc) - 1] = '\0';
	return OFP_OK;
}
