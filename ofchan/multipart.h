/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multipart messages (OF1.3.5 §7.3.5): requests, replies that split themselves, and the walk
 *through a reply.
 *
 * A reply is written through a struct mp_writer, entry by entry:
 *
 *	mp_start(&w, out, OFPMP_FLOW, xid);
 *	of_flow_stats_put(&w, &flow); ...
 *	mp_finish(&w);
 *
 * Whenever an entry would make the current message longer than a message can be (65535 bytes), the
 *entry is moved into a new message and the one before gets OFPMPF_REPLY_MORE.  A long dump need not
 *be held in memory as a whole: at any time the first mp_complete() bytes of the buffer are finished
 *messages, which the owner may send and then take off with mp_drop_complete().
 *
 * A reply is read with a struct mp_iter, one message at a time, with the function of the entry's
 *noun:
 *
 *	mp_iter_init(&it, &msg.mp);
 *	while (of_flow_stats_next(&it, &flow))
 *		...
 *	if (it.err) ...
 */
#ifndef SKEP_OFCHAN_MULTIPART_H
#define SKEP_OFCHAN_MULTIPART_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/flow.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

/* A decoded OFPT_MULTIPART_REQUEST or _REPLY. */
struct of_multipart {
	uint16_t type; /* enum ofp_multipart_type */
	bool more;     /* OFPMPF_*_MORE; of requests that were decoded without error only OFPMP_TABLE_FEATURES has it */
	union {	       /* the body of a request; none for the types not named */
		struct flow_filter flow; /* OFPMP_FLOW, OFPMP_AGGREGATE */
		uint32_t port_no;	 /* OFPMP_PORT_STATS; PORT_ANY: all */
		struct {
			uint32_t port_no;
			uint32_t queue_id; /* OFPQ_ALL: all */
		} queue;
		uint32_t group_id; /* OFPMP_GROUP; OFPG_ALL: all */
		uint32_t meter_id; /* OFPMP_METER, OFPMP_METER_CONFIG; OFPM_ALL: all */
	};
	const uint8_t *body; /* of a reply, and of OFPMP_TABLE_FEATURES, inside the message that was decoded */
	size_t body_len;
};

/* Decodes the bodies; called by ofmsg_decode(). */
enum ofp_err of_multipart_request_decode(struct of_multipart *mp, const uint8_t *msg, size_t len);
enum ofp_err of_multipart_reply_decode(struct of_multipart *mp, const uint8_t *msg, size_t len);
const char *of_multipart_type_name(uint16_t type); /* "OFPMP_FLOW", or NULL */

/* Appends a request without a body: OFPMP_DESC, _TABLE, _TABLE_FEATURES, _PORT_DESC, _GROUP_DESC,
 * ... */
void of_multipart_request_encode(struct buf *out, uint32_t xid, uint16_t type);

struct mp_writer {
	struct buf *out;
	uint32_t xid;
	uint16_t type;
	size_t start; /* of the current message in 'out' */
	size_t entry; /* of the current entry in 'out' */
};

/* Begins a reply at the end of 'out'.  'out' must stay, and be appended to by nobody else, until
 * mp_finish(). */
void mp_start(struct mp_writer *w, struct buf *out, uint16_t type, uint32_t xid);
/* Ends the reply; a reply without entries is one empty message. */
void mp_finish(struct mp_writer *w);
/* Around what one entry appends to w->out; for the encoders of entries. */
void mp_entry_begin(struct mp_writer *w);
void mp_entry_end(struct mp_writer *w);
/* The number of bytes at the beginning of the buffer that are whole messages. */
size_t mp_complete(const struct mp_writer *w);
/* Takes those bytes off; cheap, as what remains is less than one message. */
void mp_drop_complete(struct mp_writer *w);

struct mp_iter {
	const uint8_t *p;
	const uint8_t *end;
	enum ofp_err err; /* why the walk ended; OFP_OK: the end of the message */
};

void mp_iter_init(struct mp_iter *it, const struct of_multipart *reply);
/* Takes an entry of 'len' bytes off; NULL at the end, or with it->err set if it is cut short. After
 * an error the walk is over.  For the decoders of entries. */
const void *mp_iter_take(struct mp_iter *it, size_t len);
/* The same for an entry that has its length in 16 bits at 'len_ofs', which must be a multiple of 8 and
 * at least 'min_len'. */
const void *mp_iter_take_counted(struct mp_iter *it, size_t len_ofs, size_t min_len);

/* OFPMP_DESC; each string is truncated to what the message has room for. */
struct of_desc {
	char mfr_desc[256];
	char hw_desc[256];
	char sw_desc[256];
	char serial_num[32];
	char dp_desc[256];
};
void of_desc_reply_encode(struct buf *out, uint32_t xid, const struct of_desc *desc);
enum ofp_err of_desc_decode(struct of_desc *desc, const struct of_multipart *reply);

#endif
