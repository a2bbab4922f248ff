// SPDX-License-Identifier: Apache-2.0
/* Flows on the wire; see flow.h. */
#include "ofchan/flow.h"

#include <endian.h>

#include "ofchan/action.h"
#include "ofchan/match.h"
#include "ofchan/message.h"
#include "ofchan/wire.h"

#define FLOW_FLAGS_ALL                                                                             \
	(FLOW_SEND_FLOW_REM | FLOW_CHECK_OVERLAP | FLOW_RESET_COUNTS | FLOW_NO_PKT_COUNTS |        \
	 FLOW_NO_BYT_COUNTS)

static bool is_delete(uint8_t command)
{
	return command == FLOW_DELETE || command == FLOW_DELETE_STRICT;
}

/* Checks and loads the fixed part.  What 1.3 says a command ignores (§7.3.4.1) gets the value that
 * has no effect. */
static enum ofp_err flow_mod_fixed_decode(struct flow_mod *fm, const struct ofp_flow_mod *w)
{
	uint16_t flags = be16toh(w->flags);

	if (w->command > FLOW_DELETE_STRICT)
		return OFPFMFC_BAD_COMMAND;
	if (w->table_id > TABLE_MAX && !(w->table_id == TABLE_NONE && is_delete(w->command)))
		return OFPFMFC_BAD_TABLE_ID;
	if (flags & ~FLOW_FLAGS_ALL)
		return OFPFMFC_BAD_FLAGS;
	fm->cookie = be64toh(w->cookie);
	fm->cookie_mask = w->command == FLOW_ADD ? 0 : be64toh(w->cookie_mask);
	fm->command = w->command;
	fm->table_id = w->table_id;
	fm->idle_timeout = be16toh(w->idle_timeout);
	fm->hard_timeout = be16toh(w->hard_timeout);
	fm->priority = be16toh(w->priority);
	fm->buffer_id = is_delete(w->command) ? BUFFER_NONE : be32toh(w->buffer_id);
	fm->out_port = is_delete(w->command) ? be32toh(w->out_port) : PORT_ANY;
	fm->out_group = is_delete(w->command) ? be32toh(w->out_group) : GROUP_ANY;
	fm->flags = flags;
	return OFP_OK;
}

enum ofp_err of_flow_mod_decode(struct flow_mod *fm, const uint8_t *msg, size_t len)
{
	const struct ofp_flow_mod *w = (const void *)msg;
	size_t ofs = sizeof(*w), match_size;
	enum ofp_err err;

	err = flow_mod_fixed_decode(fm, w);
	if (err)
		return err;
	err = of_match_decode(&fm->match, msg + ofs, len - ofs, &match_size);
	if (err)
		return err;
	ofs += match_size;
	/* A delete ignores its instructions; they must be well-formed, but lead nowhere. */
	err = of_instructions_decode(&fm->instructions, msg + ofs, len - ofs,
				     is_delete(w->command) ? TABLE_NONE : w->table_id);
	if (err || is_delete(w->command))
		return err;
	return of_instructions_check(&fm->instructions, &fm->match);
}

void of_flow_mod_encode(struct buf *out, uint32_t xid, const struct flow_mod *fm)
{
	size_t start = out->len;
	struct ofp_flow_mod w = {
		.header = wire_header(OFPT_FLOW_MOD, sizeof(w), xid),
		.cookie = htobe64(fm->cookie),
		.cookie_mask = htobe64(fm->cookie_mask),
		.table_id = fm->table_id,
		.command = (uint8_t)fm->command,
		.idle_timeout = htobe16(fm->idle_timeout),
		.hard_timeout = htobe16(fm->hard_timeout),
		.priority = htobe16(fm->priority),
		.buffer_id = htobe32(fm->buffer_id),
		.out_port = htobe32(fm->out_port),
		.out_group = htobe32(fm->out_group),
		.flags = htobe16(fm->flags),
	};

	buf_put(out, &w, sizeof(w));
	of_match_encode(out, &fm->match);
	of_instructions_encode(out, &fm->instructions);
	ofmsg_end(out, start);
}

enum ofp_err of_flow_removed_decode(struct of_flow_removed *fr, const uint8_t *msg, size_t len)
{
	const struct ofp_flow_removed *w = (const void *)msg;
	size_t match_size;

	fr->cookie = be64toh(w->cookie);
	fr->priority = be16toh(w->priority);
	fr->reason = w->reason;
	fr->table_id = w->table_id;
	fr->duration_ns = wire_duration(w->duration_sec, w->duration_nsec);
	fr->idle_timeout = be16toh(w->idle_timeout);
	fr->hard_timeout = be16toh(w->hard_timeout);
	fr->n_packets = be64toh(w->packet_count);
	fr->n_bytes = be64toh(w->byte_count);
	return of_match_decode(&fr->match, msg + sizeof(*w), len - sizeof(*w), &match_size);
}

void of_flow_removed_encode(struct buf *out, uint32_t xid, const struct of_flow_removed *fr)
{
	size_t start = out->len;
	struct ofp_flow_removed w = {
		.header = wire_header(OFPT_FLOW_REMOVED, sizeof(w), xid),
		.cookie = htobe64(fr->cookie),
		.priority = htobe16(fr->priority),
		.reason = (uint8_t)fr->reason,
		.table_id = fr->table_id,
		.duration_sec = wire_sec(fr->duration_ns),
		.duration_nsec = wire_nsec(fr->duration_ns),
		.idle_timeout = htobe16(fr->idle_timeout),
		.hard_timeout = htobe16(fr->hard_timeout),
		.packet_count = htobe64(fr->n_packets),
		.byte_count = htobe64(fr->n_bytes),
	};

	buf_put(out, &w, sizeof(w));
	of_match_encode(out, &fr->match);
	ofmsg_end(out, start);
}

enum ofp_err of_flow_filter_decode(struct flow_filter *ff, const uint8_t *body, size_t len)
{
	const struct ofp_flow_stats_request *w = (const void *)body;
	size_t match_size;
	enum ofp_err err;

	if (w->table_id > TABLE_MAX && w->table_id != TABLE_NONE)
		return OFPBRC_BAD_TABLE_ID;
	ff->table_id = w->table_id;
	ff->out_port = be32toh(w->out_port);
	ff->out_group = be32toh(w->out_group);
	ff->cookie = be64toh(w->cookie);
	ff->cookie_mask = be64toh(w->cookie_mask);
	err = of_match_decode(&ff->match, body + sizeof(*w), len - sizeof(*w), &match_size);
	if (err)
		return err;
	return sizeof(*w) + match_size == len ? OFP_OK : OFPBRC_BAD_LEN;
}

void of_flow_request_encode(struct buf *out, uint32_t xid, uint16_t type,
			    const struct flow_filter *ff)
{
	size_t start = out->len;
	struct ofp_multipart mp = wire_multipart(OFPT_MULTIPART_REQUEST, type, sizeof(mp), xid);
	struct ofp_flow_stats_request w = {
		.table_id = ff->table_id,
		.out_port = htobe32(ff->out_port),
		.out_group = htobe32(ff->out_group),
		.cookie = htobe64(ff->cookie),
		.cookie_mask = htobe64(ff->cookie_mask),
	};

	buf_put(out, &mp, sizeof(mp));
	buf_put(out, &w, sizeof(w));
	of_match_encode(out, &ff->match);
	ofmsg_end(out, start);
}

void of_flow_stats_put(struct mp_writer *w, const struct flow_desc *flow)
{
	struct ofp_flow_stats s = {
		.table_id = flow->table_id,
		.duration_sec = wire_sec(flow->duration_ns),
		.duration_nsec = wire_nsec(flow->duration_ns),
		.priority = htobe16(flow->priority),
		.idle_timeout = htobe16(flow->idle_timeout),
		.hard_timeout = htobe16(flow->hard_timeout),
		.flags = htobe16(flow->flags),
		.cookie = htobe64(flow->cookie),
		.packet_count = htobe64(flow->n_packets),
		.byte_count = htobe64(flow->n_bytes),
	};

	mp_entry_begin(w);
	buf_put(w->out, &s, sizeof(s));
	of_match_encode(w->out, &flow->match);
	of_instructions_encode(w->out, &flow->instructions);
	buf_set_be16(w->out, w->entry, (uint16_t)(w->out->len - w->entry));
	mp_entry_end(w);
}

static enum ofp_err flow_stats_decode(struct flow_desc *flow, const uint8_t *p, size_t len)
{
	const struct ofp_flow_stats *s = (const void *)p;
	size_t ofs = sizeof(*s), match_size;
	enum ofp_err err;

	flow->table_id = s->table_id;
	flow->priority = be16toh(s->priority);
	flow->idle_timeout = be16toh(s->idle_timeout);
	flow->hard_timeout = be16toh(s->hard_timeout);
	flow->flags = be16toh(s->flags);
	flow->cookie = be64toh(s->cookie);
	flow->duration_ns = wire_duration(s->duration_sec, s->duration_nsec);
	flow->idle_ns = 0;
	flow->n_packets = be64toh(s->packet_count);
	flow->n_bytes = be64toh(s->byte_count);
	err = of_match_decode(&flow->match, p + ofs, len - ofs, &match_size);
	if (err)
		return err;
	ofs += match_size;
	return of_instructions_decode(&flow->instructions, p + ofs, len - ofs, s->table_id);
}

bool of_flow_stats_next(struct mp_iter *it, struct flow_desc *ret_flow)
{
	const uint8_t *p = mp_iter_take_counted(it, 0, sizeof(struct ofp_flow_stats));

	if (!p)
		return false;
	it->err = flow_stats_decode(ret_flow, p, (size_t)(it->p - p));
	return !it->err;
}

void of_aggregate_reply_encode(struct buf *out, uint32_t xid, const struct of_aggregate *a)
{
	struct mp_writer w;
	struct ofp_aggregate_stats_reply s = {
		.packet_count = htobe64(a->n_packets),
		.byte_count = htobe64(a->n_bytes),
		.flow_count = htobe32(a->n_flows),
	};

	mp_start(&w, out, OFPMP_AGGREGATE, xid);
	buf_put(out, &s, sizeof(s));
	mp_finish(&w);
}

enum ofp_err of_aggregate_decode(struct of_aggregate *a, const struct of_multipart *reply)
{
	const struct ofp_aggregate_stats_reply *s = (const void *)reply->body;

	if (reply->body_len != sizeof(*s))
		return OFPBRC_BAD_LEN;
	a->n_packets = be64toh(s->packet_count);
	a->n_bytes = be64toh(s->byte_count);
	a->n_flows = be32toh(s->flow_count);
	return OFP_OK;
}
