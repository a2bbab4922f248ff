// SPDX-License-Identifier: Apache-2.0
/* From a decoded message back to bytes; see reencode.h. */
#include "tests/wire/reencode.h"

static void put_flows(struct mp_writer *w, struct mp_iter *it)
{
	static struct flow_desc flow;

	while (of_flow_stats_next(it, &flow))
		of_flow_stats_put(w, &flow);
}

static void put_tables(struct mp_writer *w, struct mp_iter *it)
{
	struct of_table_stats stats;

	while (of_table_stats_next(it, &stats))
		of_table_stats_put(w, &stats);
}

static void put_table_features(struct mp_writer *w, struct mp_iter *it)
{
	struct of_table_features tf;

	while (of_table_features_next(it, &tf))
		of_table_features_put(w, &tf);
}

static void put_port_descs(struct mp_writer *w, struct mp_iter *it)
{
	struct of_port port;

	while (of_port_desc_next(it, &port))
		of_port_desc_put(w, &port);
}

static void put_port_stats(struct mp_writer *w, struct mp_iter *it)
{
	struct of_port_stats stats;

	while (of_port_stats_next(it, &stats))
		of_port_stats_put(w, &stats);
}

static void put_queue_stats(struct mp_writer *w, struct mp_iter *it)
{
	struct of_queue_stats stats;

	while (of_queue_stats_next(it, &stats))
		of_queue_stats_put(w, &stats);
}

static void put_group_stats(struct mp_writer *w, struct mp_iter *it)
{
	struct of_group_read r;

	while (of_group_stats_next(it, &r)) {
		of_group_stats_put(w, &r.desc);
		of_group_read_uninit(&r);
	}
}

static void put_group_descs(struct mp_writer *w, struct mp_iter *it)
{
	struct of_group_read r;

	while (of_group_desc_next(it, &r)) {
		of_group_desc_put(w, &r.desc);
		of_group_read_uninit(&r);
	}
}

static void put_meter_stats(struct mp_writer *w, struct mp_iter *it)
{
	struct meter_desc meter;

	while (of_meter_stats_next(it, &meter))
		of_meter_stats_put(w, &meter);
}

static void put_meter_configs(struct mp_writer *w, struct mp_iter *it)
{
	struct meter_desc meter;

	while (of_meter_config_next(it, &meter))
		of_meter_config_put(w, &meter);
}

static bool reencode_entries(struct buf *out, const struct ofmsg *m,
			     void (*put)(struct mp_writer *w, struct mp_iter *it))
{
	struct mp_writer w;
	struct mp_iter it;

	mp_iter_init(&it, &m->mp);
	mp_start(&w, out, m->mp.type, m->xid);
	put(&w, &it);
	mp_finish(&w);
	return !it.err && !m->mp.more;
}

static bool reencode_reply(struct buf *out, const struct ofmsg *m)
{
	struct of_aggregate aggregate;
	struct of_group_features group_features;
	struct of_meter_features meter_features;
	struct of_desc desc;

	switch (m->mp.type) {
	case OFPMP_DESC:
		if (of_desc_decode(&desc, &m->mp))
			return false;
		of_desc_reply_encode(out, m->xid, &desc);
		return true;
	case OFPMP_FLOW:
		return reencode_entries(out, m, put_flows);
	case OFPMP_GROUP:
		return reencode_entries(out, m, put_group_stats);
	case OFPMP_GROUP_DESC:
		return reencode_entries(out, m, put_group_descs);
	case OFPMP_GROUP_FEATURES:
		if (of_group_features_decode(&group_features, &m->mp))
			return false;
		of_group_features_encode(out, m->xid, &group_features);
		return true;
	case OFPMP_METER:
		return reencode_entries(out, m, put_meter_stats);
	case OFPMP_METER_CONFIG:
		return reencode_entries(out, m, put_meter_configs);
	case OFPMP_METER_FEATURES:
		if (of_meter_features_decode(&meter_features, &m->mp))
			return false;
		of_meter_features_encode(out, m->xid, &meter_features);
		return true;
	case OFPMP_AGGREGATE:
		if (of_aggregate_decode(&aggregate, &m->mp))
			return false;
		of_aggregate_reply_encode(out, m->xid, &aggregate);
		return true;
	case OFPMP_TABLE:
		return reencode_entries(out, m, put_tables);
	case OFPMP_TABLE_FEATURES:
		return reencode_entries(out, m, put_table_features);
	case OFPMP_PORT_DESC:
		return reencode_entries(out, m, put_port_descs);
	case OFPMP_PORT_STATS:
		return reencode_entries(out, m, put_port_stats);
	case OFPMP_QUEUE:
		return reencode_entries(out, m, put_queue_stats);
	default:
		return false;
	}
}

/* Of a request that sets features there is no encoder; it is read for the sanitizers to see. */
static bool reencode_features_request(struct buf *out, const struct ofmsg *m)
{
	struct buf scratch = BUF_INIT;

	if (m->mp.body_len) {
		reencode_entries(&scratch, m, put_table_features);
		buf_uninit(&scratch);
		return false;
	}
	of_multipart_request_encode(out, m->xid, m->mp.type);
	return !m->mp.more;
}

static bool reencode_request(struct buf *out, const struct ofmsg *m)
{
	switch (m->mp.type) {
	case OFPMP_FLOW:
	case OFPMP_AGGREGATE:
		of_flow_request_encode(out, m->xid, m->mp.type, &m->mp.flow);
		return true;
	case OFPMP_PORT_STATS:
		of_port_stats_request_encode(out, m->xid, m->mp.port_no);
		return true;
	case OFPMP_GROUP:
		of_group_stats_request_encode(out, m->xid, m->mp.group_id);
		return true;
	case OFPMP_METER:
	case OFPMP_METER_CONFIG:
		of_meter_request_encode(out, m->xid, m->mp.type, m->mp.meter_id);
		return true;
	case OFPMP_QUEUE:
		of_queue_stats_request_encode(out, m->xid, m->mp.queue.port_no, m->mp.queue.queue_id);
		return true;
	case OFPMP_TABLE_FEATURES:
		return reencode_features_request(out, m);
	default:
		of_multipart_request_encode(out, m->xid, m->mp.type);
		return true;
	}
}

static bool reencode_group_mod(struct buf *out, const struct ofmsg *m)
{
	struct group_mod gm;

	if (of_group_mod_load(&m->group_mod, &gm))
		return false;
	of_group_mod_encode(out, m->xid, &gm);
	group_mod_uninit(&gm);
	return true;
}

/* Errors are not sent on, so that there is no encoder for one that was decoded. */
static bool reencode_error(struct buf *out, const struct ofmsg *m)
{
	size_t start = ofmsg_begin(out, OFPT_ERROR, m->xid);

	buf_put_be16(out, m->error.type);
	buf_put_be16(out, m->error.code);
	if (m->error.type == OFPET_EXPERIMENTER)
		buf_put_be32(out, m->error.experimenter);
	buf_put(out, m->error.data, m->error.data_len);
	ofmsg_end(out, start);
	return m->version == OFP_VERSION_13;
}

static bool reencode_experimenter(struct buf *out, const struct ofmsg *m)
{
	switch (m->experimenter.exp_type) {
	case NXT_TLV_TABLE_MOD:
		of_tlv_mod_encode(out, m->xid, &m->experimenter.tlv_mod);
		return true;
	case NXT_TLV_TABLE_REPLY:
		of_tlv_table_encode(out, m->xid, &m->experimenter.tlv_table);
		return true;
	default:
		of_tlv_request_encode(out, m->xid);
		return true;
	}
}

static bool reencode_queue_config(struct buf *out, const struct ofmsg *m)
{
	size_t start = of_queue_config_begin(out, m->xid, m->queue_config.port_no);
	struct of_queue queue;
	struct mp_iter it;
	bool fits = true;

	of_queue_config_iter_init(&it, &m->queue_config);
	while (fits && of_queue_config_next(&it, &queue))
		fits = of_queue_config_put(out, start, &queue);
	ofmsg_end(out, start);
	return fits && !it.err;
}

static bool reencode_hello(struct buf *out, const struct ofmsg *m)
{
	if (!m->hello.has_bitmap)
		ofmsg_encode_empty(out, OFPT_HELLO, m->xid);
	else
		of_hello_encode(out, m->xid);
	return m->version == OFP_VERSION_13 &&
	       (!m->hello.has_bitmap || m->hello.versions == 1u << OFP_VERSION_13);
}

bool reencode(struct buf *out, const struct ofmsg *m)
{
	switch ((enum ofp_type)m->type) {
	case OFPT_HELLO:
		return reencode_hello(out, m);
	case OFPT_ERROR:
		return reencode_error(out, m);
	case OFPT_ECHO_REQUEST:
	case OFPT_ECHO_REPLY:
		of_echo_encode(out, m->type, m->xid, m->echo.data, m->echo.data_len);
		return true;
	case OFPT_FEATURES_REQUEST:
	case OFPT_GET_CONFIG_REQUEST:
	case OFPT_BARRIER_REQUEST:
	case OFPT_BARRIER_REPLY:
	case OFPT_GET_ASYNC_REQUEST:
		ofmsg_encode_empty(out, m->type, m->xid);
		return true;
	case OFPT_FEATURES_REPLY:
		of_features_encode(out, m->xid, &m->features);
		return true;
	case OFPT_GET_CONFIG_REPLY:
	case OFPT_SET_CONFIG:
		of_config_encode(out, m->type, m->xid, &m->config);
		return true;
	case OFPT_PACKET_IN:
		of_packet_in_encode(out, m->xid, &m->packet_in);
		return true;
	case OFPT_FLOW_REMOVED:
		of_flow_removed_encode(out, m->xid, &m->flow_removed);
		return true;
	case OFPT_PORT_STATUS:
		of_port_status_encode(out, m->xid, &m->port_status);
		return true;
	case OFPT_PACKET_OUT:
		of_packet_out_encode(out, m->xid, &m->packet_out);
		return true;
	case OFPT_FLOW_MOD:
		of_flow_mod_encode(out, m->xid, &m->flow_mod);
		return true;
	case OFPT_GROUP_MOD:
		return reencode_group_mod(out, m);
	case OFPT_PORT_MOD:
		of_port_mod_encode(out, m->xid, &m->port_mod);
		return true;
	case OFPT_TABLE_MOD:
		of_table_mod_encode(out, m->xid, &m->table_mod);
		return true;
	case OFPT_MULTIPART_REQUEST:
		return reencode_request(out, m);
	case OFPT_MULTIPART_REPLY:
		return reencode_reply(out, m);
	case OFPT_QUEUE_GET_CONFIG_REQUEST:
		of_queue_config_request_encode(out, m->xid, m->queue_config_port);
		return true;
	case OFPT_QUEUE_GET_CONFIG_REPLY:
		return reencode_queue_config(out, m);
	case OFPT_ROLE_REQUEST:
	case OFPT_ROLE_REPLY:
		of_role_encode(out, m->type, m->xid, &m->role);
		return true;
	case OFPT_GET_ASYNC_REPLY:
	case OFPT_SET_ASYNC:
		of_async_encode(out, m->type, m->xid, &m->async);
		return true;
	case OFPT_METER_MOD:
		of_meter_mod_encode(out, m->xid, &m->meter_mod);
		return true;
	case OFPT_EXPERIMENTER:
		return reencode_experimenter(out, m);
	case OFPT_N_TYPES:
		return false;
	}
	return false;
}
