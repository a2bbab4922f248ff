// SPDX-License-Identifier: Apache-2.0
/* Meters on the wire; see meter.h. */
#include "ofchan/meter.h"

#include <endian.h>
#include <string.h>

#include "ofchan/message.h"
#include "ofchan/wire.h"

/* Bands of every type of 1.3 have the same length. */
#define BAND_LEN sizeof(struct ofp_meter_band)

static enum ofp_err band_decode(struct band *band, const struct ofp_meter_band *w)
{
	if (be16toh(w->type) != BAND_DROP && be16toh(w->type) != BAND_DSCP_REMARK)
		return OFPMMFC_BAD_BAND;
	if (be16toh(w->len) != BAND_LEN)
		return OFPBRC_BAD_LEN;
	band->type = be16toh(w->type);
	band->rate = be32toh(w->rate);
	band->burst_size = be32toh(w->burst_size);
	/* What a drop band has there is padding. */
	band->prec_level = band->type == BAND_DSCP_REMARK ? w->prec_level : 0;
	if (!band->rate)
		return OFPMMFC_BAD_RATE;
	return band->prec_level > OF_METER_PREC_LEVEL_MAX ? OFPMMFC_BAD_BAND_VALUE : OFP_OK;
}

static enum ofp_err bands_decode(struct band *bands, unsigned int *ret_n, const uint8_t *p,
				 size_t len)
{
	unsigned int n = 0;

	while (len) {
		const struct ofp_meter_band *w = (const void *)p;
		size_t band_len;
		enum ofp_err err;

		if (len < BAND_LEN)
			return OFPBRC_BAD_LEN;
		band_len = be16toh(w->len);
		/* An experimenter's band may be longer than what is looked at here. */
		if (band_len < BAND_LEN || band_len > len)
			return OFPBRC_BAD_LEN;
		if (n == METER_BANDS_MAX)
			return OFPMMFC_OUT_OF_BANDS;
		err = band_decode(&bands[n], w);
		if (err)
			return err;
		n++;
		p += band_len;
		len -= band_len;
	}
	*ret_n = n;
	return OFP_OK;
}

static bool meter_id_ok(uint32_t id)
{
	return (id >= 1 && id <= METER_MAX) || id == METER_SLOWPATH || id == METER_CONTROLLER;
}

static bool flags_ok(uint16_t flags)
{
	const uint16_t units = METER_KBPS | METER_PKTPS;

	return !(flags & ~OFPMF_ALL) && (flags & units) != units;
}

enum ofp_err of_meter_mod_decode(struct meter_mod *mm, const uint8_t *msg, size_t len)
{
	const struct ofp_meter_mod *w = (const void *)msg;

	if (be16toh(w->command) > METER_DELETE)
		return OFPMMFC_BAD_COMMAND;
	mm->command = be16toh(w->command);
	mm->flags = be16toh(w->flags);
	mm->meter_id = be32toh(w->meter_id);
	mm->n_bands = 0;
	if (!meter_id_ok(mm->meter_id) &&
	    !(mm->command == METER_DELETE && mm->meter_id == METER_ALL))
		return OFPMMFC_INVALID_METER;
	if (mm->command == METER_DELETE) {
		mm->flags = 0;
		return OFP_OK;
	}
	if (!flags_ok(mm->flags))
		return OFPMMFC_BAD_FLAGS;
	return bands_decode(mm->bands, &mm->n_bands, msg + sizeof(*w), len - sizeof(*w));
}

static void bands_encode(struct buf *out, const struct band *bands, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct ofp_meter_band w = {
			.type = htobe16((uint16_t)bands[i].type),
			.len = htobe16(sizeof(w)),
			.rate = htobe32(bands[i].rate),
			.burst_size = htobe32(bands[i].burst_size),
			.prec_level = bands[i].type == BAND_DSCP_REMARK ? bands[i].prec_level : 0,
		};

		buf_put(out, &w, sizeof(w));
	}
}

void of_meter_mod_encode(struct buf *out, uint32_t xid, const struct meter_mod *mm)
{
	size_t start = ofmsg_begin(out, OFPT_METER_MOD, xid);

	buf_put_be16(out, (uint16_t)mm->command);
	buf_put_be16(out, mm->flags);
	buf_put_be32(out, mm->meter_id);
	bands_encode(out, mm->bands, mm->n_bands);
	ofmsg_end(out, start);
}

void of_meter_request_encode(struct buf *out, uint32_t xid, uint16_t type, uint32_t meter_id)
{
	const struct ofp_id_request body = { .id = htobe32(meter_id) };
	struct ofp_multipart w =
		wire_multipart(OFPT_MULTIPART_REQUEST, type, sizeof(w) + sizeof(body), xid);

	buf_put(out, &w, sizeof(w));
	buf_put(out, &body, sizeof(body));
}

void of_meter_stats_put(struct mp_writer *w, const struct meter_desc *meter)
{
	size_t len = sizeof(struct ofp_meter_stats) +
		     meter->n_bands * sizeof(struct ofp_meter_band_stats);
	const struct ofp_meter_stats stats = {
		.meter_id = htobe32(meter->meter_id),
		.len = htobe16((uint16_t)len),
		.flow_count = htobe32(meter->flow_count),
		.packet_in_count = htobe64(meter->n_packets),
		.byte_in_count = htobe64(meter->n_bytes),
		.duration_sec = wire_sec(meter->duration_ns),
		.duration_nsec = wire_nsec(meter->duration_ns),
	};

	mp_entry_begin(w);
	buf_put(w->out, &stats, sizeof(stats));
	for (unsigned int i = 0; i < meter->n_bands; i++) {
		buf_put_be64(w->out, meter->band_stats[i].n_packets);
		buf_put_be64(w->out, meter->band_stats[i].n_bytes);
	}
	mp_entry_end(w);
}

void of_meter_config_put(struct mp_writer *w, const struct meter_desc *meter)
{
	const struct ofp_meter_config config = {
		.length = htobe16((uint16_t)(sizeof(config) + meter->n_bands * BAND_LEN)),
		.flags = htobe16(meter->flags),
		.meter_id = htobe32(meter->meter_id),
	};

	mp_entry_begin(w);
	buf_put(w->out, &config, sizeof(config));
	bands_encode(w->out, meter->bands, meter->n_bands);
	mp_entry_end(w);
}

bool of_meter_stats_next(struct mp_iter *it, struct meter_desc *ret)
{
	const struct ofp_meter_stats *s =
		mp_iter_take_counted(it, offsetof(struct ofp_meter_stats, len), sizeof(*s));
	const struct ofp_meter_band_stats *b;
	size_t rest;

	if (!s)
		return false;
	rest = be16toh(s->len) - sizeof(*s);
	if (rest % sizeof(*b)) {
		it->err = OFPBRC_BAD_LEN;
		return false;
	}
	if (rest / sizeof(*b) > METER_BANDS_MAX) {
		it->err = OFPMMFC_OUT_OF_BANDS;
		return false;
	}
	*ret = (struct meter_desc){
		.meter_id = be32toh(s->meter_id),
		.flow_count = be32toh(s->flow_count),
		.n_packets = be64toh(s->packet_in_count),
		.n_bytes = be64toh(s->byte_in_count),
		.duration_ns = wire_duration(s->duration_sec, s->duration_nsec),
		.n_bands = (unsigned int)(rest / sizeof(*b)),
	};
	b = (const void *)(s + 1);
	for (unsigned int i = 0; i < ret->n_bands; i++) {
		ret->band_stats[i].n_packets = be64toh(b[i].packet_band_count);
		ret->band_stats[i].n_bytes = be64toh(b[i].byte_band_count);
	}
	return true;
}

bool of_meter_config_next(struct mp_iter *it, struct meter_desc *ret)
{
	const struct ofp_meter_config *c = mp_iter_take_counted(it, 0, sizeof(*c));

	if (!c)
		return false;
	*ret = (struct meter_desc){
		.meter_id = be32toh(c->meter_id),
		.flags = be16toh(c->flags),
	};
	it->err = bands_decode(ret->bands, &ret->n_bands, (const void *)(c + 1),
			       be16toh(c->length) - sizeof(*c));
	return !it->err;
}

void of_meter_features_init(struct of_meter_features *f, uint32_t max_meters)
{
	*f = (struct of_meter_features){
		.max_meters = max_meters,
		.band_types = 1u << BAND_DROP | 1u << BAND_DSCP_REMARK,
		.capabilities = OFPMF_ALL,
		.max_bands = METER_BANDS_MAX,
		.max_color = OF_METER_PREC_LEVEL_MAX,
	};
}

void of_meter_features_encode(struct buf *out, uint32_t xid, const struct of_meter_features *f)
{
	const struct ofp_meter_features body = {
		.max_meter = htobe32(f->max_meters),
		.band_types = htobe32(f->band_types),
		.capabilities = htobe32(f->capabilities),
		.max_bands = f->max_bands,
		.max_color = f->max_color,
	};
	struct mp_writer w;

	mp_start(&w, out, OFPMP_METER_FEATURES, xid);
	buf_put(out, &body, sizeof(body));
	mp_finish(&w);
}

enum ofp_err of_meter_features_decode(struct of_meter_features *f, const struct of_multipart *reply)
{
	const struct ofp_meter_features *body = (const void *)reply->body;

	if (reply->body_len != sizeof(*body))
		return OFPBRC_BAD_LEN;
	*f = (struct of_meter_features){
		.max_meters = be32toh(body->max_meter),
		.band_types = be32toh(body->band_types),
		.capabilities = be32toh(body->capabilities),
		.max_bands = body->max_bands,
		.max_color = body->max_color,
	};
	return OFP_OK;
}
