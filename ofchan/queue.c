// SPDX-License-Identifier: Apache-2.0
/* Queues on the wire; see queue.h. */
#include "ofchan/queue.h"

#include <endian.h>

#include "ofchan/message.h"
#include "ofchan/wire.h"

void of_queue_config_request_encode(struct buf *out, uint32_t xid, uint32_t port_no)
{
	struct ofp_queue_get_config w = {
		.header = wire_header(OFPT_QUEUE_GET_CONFIG_REQUEST, sizeof(w), xid),
		.port = htobe32(port_no),
	};

	buf_put(out, &w, sizeof(w));
}

size_t of_queue_config_begin(struct buf *out, uint32_t xid, uint32_t port_no)
{
	size_t start = ofmsg_begin(out, OFPT_QUEUE_GET_CONFIG_REPLY, xid);

	buf_put_be32(out, port_no);
	buf_put_zeros(out, 4);
	return start;
}

static void put_rate(struct buf *out, enum ofp_queue_property type, uint16_t rate)
{
	struct ofp_queue_prop_rate w = {
		.property = htobe16(type),
		.len = htobe16(sizeof(w)),
		.rate = htobe16(rate),
	};

	if (rate != OF_QUEUE_RATE_NONE)
		buf_put(out, &w, sizeof(w));
}

bool of_queue_config_put(struct buf *out, size_t start, const struct of_queue *queue)
{
	const size_t rate_len = sizeof(struct ofp_queue_prop_rate);
	size_t len = sizeof(struct ofp_packet_queue) + (queue->min_rate != OF_QUEUE_RATE_NONE ? rate_len : 0) +
		     (queue->max_rate != OF_QUEUE_RATE_NONE ? rate_len : 0);
	struct ofp_packet_queue w = {
		.queue_id = htobe32(queue->queue_id),
		.port = htobe32(queue->port_no),
		.len = htobe16((uint16_t)len),
	};

	if (out->len - start + len > UINT16_MAX)
		return false;
	buf_put(out, &w, sizeof(w));
	put_rate(out, OFPQT_MIN_RATE, queue->min_rate);
	put_rate(out, OFPQT_MAX_RATE, queue->max_rate);
	return true;
}

enum ofp_err of_queue_config_decode(struct of_queue_config *qc, const uint8_t *msg, size_t len)
{
	const struct ofp_queue_get_config *w = (const void *)msg;

	qc->port_no = be32toh(w->port);
	qc->queues = msg + sizeof(*w);
	qc->queues_len = len - sizeof(*w);
	return OFP_OK;
}

void of_queue_config_iter_init(struct mp_iter *it, const struct of_queue_config *qc)
{
	*it = (struct mp_iter){ .p = qc->queues, .end = qc->queues + qc->queues_len };
}

/* Properties of other kinds are passed over. */
static bool rates_decode(struct of_queue *q, const uint8_t *p, size_t len)
{
	while (len) {
		const struct ofp_queue_prop_rate *w = (const void *)p;
		size_t prop_len = len < 8 ? 0 : be16toh(w->len);

		if (prop_len < 8 || prop_len > len)
			return false;
		if (prop_len == sizeof(*w) && be16toh(w->property) == OFPQT_MIN_RATE)
			q->min_rate = be16toh(w->rate);
		if (prop_len == sizeof(*w) && be16toh(w->property) == OFPQT_MAX_RATE)
			q->max_rate = be16toh(w->rate);
		p += prop_len;
		len -= prop_len;
	}
	return true;
}

bool of_queue_config_next(struct mp_iter *it, struct of_queue *ret)
{
	const struct ofp_packet_queue *w = mp_iter_take_counted(it, offsetof(struct ofp_packet_queue, len), sizeof(*w));

	if (!w)
		return false;
	*ret = (struct of_queue){
		.port_no = be32toh(w->port),
		.queue_id = be32toh(w->queue_id),
		.min_rate = OF_QUEUE_RATE_NONE,
		.max_rate = OF_QUEUE_RATE_NONE,
	};
	if (rates_decode(ret, (const uint8_t *)(w + 1), be16toh(w->len) - sizeof(*w)))
		return true;
	it->err = OFPBRC_BAD_LEN;
	return false;
}

void of_queue_stats_request_encode(struct buf *out, uint32_t xid, uint32_t port_no, uint32_t queue_id)
{
	struct {
		struct ofp_multipart mp;
		struct ofp_queue_stats_request request;
	} OFP_PACKED w = {
		.mp = wire_multipart(OFPT_MULTIPART_REQUEST, OFPMP_QUEUE, sizeof(w), xid),
		.request.port_no = htobe32(port_no),
		.request.queue_id = htobe32(queue_id),
	};

	buf_put(out, &w, sizeof(w));
}

void of_queue_stats_put(struct mp_writer *w, const struct of_queue_stats *stats)
{
	struct ofp_queue_stats s = {
		.port_no = htobe32(stats->port_no),
		.queue_id = htobe32(stats->queue_id),
		.tx_bytes = htobe64(stats->tx_bytes),
		.tx_packets = htobe64(stats->tx_packets),
		.tx_errors = htobe64(stats->tx_errors),
		.duration_sec = wire_sec(stats->duration_ns),
		.duration_nsec = wire_nsec(stats->duration_ns),
	};

	mp_entry_begin(w);
	buf_put(w->out, &s, sizeof(s));
	mp_entry_end(w);
}

bool of_queue_stats_next(struct mp_iter *it, struct of_queue_stats *ret)
{
	const struct ofp_queue_stats *s = mp_iter_take(it, sizeof(*s));

	if (!s)
		return false;
	*ret = (struct of_queue_stats){
		.port_no = be32toh(s->port_no),
		.queue_id = be32toh(s->queue_id),
		.tx_bytes = be64toh(s->tx_bytes),
		.tx_packets = be64toh(s->tx_packets),
		.tx_errors = be64toh(s->tx_errors),
		.duration_ns = wire_duration(s->duration_sec, s->duration_nsec),
	};
	return true;
}
