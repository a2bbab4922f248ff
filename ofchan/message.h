/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenFlow 1.3 messages, decoded and encoded.
 *
 * ofmsg_decode() turns one whole message into a struct ofmsg: a tagged union of plain structures,
 *most of them from model/, the others from the header of their noun (flow.h, packet.h, port.h,
 *table.h, group.h, multipart.h).  It checks everything that can be checked without knowing the
 *state of the switch, before anything acts: who gets OFP_OK may rely on every number being in its
 *range, and only asks whether tables, ports and buffers exist.  On an error it has written nothing
 *that may be looked at but the header, and the answer to the peer is of_error_encode() with the
 *same bytes.
 *
 * Nothing is allocated.  A struct ofmsg is large (about 14 kB, with room for the longest list of
 *actions that is accepted), is meant to exist once per event loop, and needs no initialisation.
 *Pointers in it lead into the message that was decoded and live as long as those bytes.
 *
 * Encoders append one whole message to a struct buf.  They cannot fail but for want of memory,
 *which buf_failed() tells.
 *
 *	static struct ofmsg m;
 *	enum ofp_err err = ofmsg_decode(&m, OFMSG_TO_SWITCH, data, len);
 *
 *	if (!err)
 *		err = execute(&m);
 *	if (err)
 *		of_error_encode(out, err, data, len);
 */
#ifndef SKEP_OFCHAN_MESSAGE_H
#define SKEP_OFCHAN_MESSAGE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/flow.h"
#include "ofchan/flow.h"
#include "ofchan/group.h"
#include "ofchan/meter.h"
#include "ofchan/multipart.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"
#include "ofchan/packet.h"
#include "ofchan/port.h"
#include "ofchan/queue.h"
#include "ofchan/table.h"
#include "ofchan/tlv.h"

struct of_hello {
	bool has_bitmap;   /* a version bitmap element was there */
	uint32_t versions; /* its first word: bit N is wire version N */
};

struct of_error {
	enum ofp_err err; /* all numbers, if it is one that we know */
	uint16_t type;
	uint16_t code;	       /* exp_type if 'type' is OFPET_EXPERIMENTER */
	uint32_t experimenter; /* if so */
	const uint8_t
		*data; /* the beginning of the offending message; text for OFPET_HELLO_FAILED */
	size_t data_len;
};

struct of_echo {
	const uint8_t *data;
	size_t data_len;
};

struct of_features {
	uint64_t datapath_id;
	uint32_t n_buffers;
	uint8_t n_tables;
	uint8_t auxiliary_id;
	uint32_t capabilities; /* enum ofp_capabilities */
};

struct of_switch_config {
	uint16_t flags; /* enum ofp_config_flags: OFPC_FRAG_NORMAL or OFPC_FRAG_DROP; others are
			   refused */
	uint16_t miss_send_len;
};

struct of_role {
	uint32_t role; /* enum ofp_controller_role */
	uint64_t generation_id;
};

/* Index 0: while master or equal; 1: while slave.  Bit N: the reason N is wanted. */
struct of_async {
	uint32_t packet_in[2];
	uint32_t port_status[2];
	uint32_t flow_removed[2];
};

/* Of experimenter NX. */
struct of_experimenter {
	uint32_t exp_type; /* enum nx_type */
	union {
		struct tlv_mod tlv_mod;
		struct tlv_table tlv_table; /* NXT_TLV_TABLE_REPLY */
	};
};

struct ofmsg {
	uint8_t version;
	uint8_t type; /* enum ofp_type; tells which member below is meant */
	uint16_t length;
	uint32_t xid;
	union {
		struct of_hello hello;
		struct of_error error;
		struct of_echo echo; /* ECHO_REQUEST, ECHO_REPLY */
		struct of_features features;
		struct of_switch_config config; /* GET_CONFIG_REPLY, SET_CONFIG */
		struct of_packet_in packet_in;
		struct of_packet_out packet_out;
		struct of_flow_removed flow_removed;
		struct of_port_status port_status;
		struct of_port_mod port_mod;
		struct of_table_mod table_mod;
		struct of_group_mod group_mod;
		struct meter_mod meter_mod;
		struct flow_mod flow_mod;
		struct of_multipart mp;	    /* MULTIPART_REQUEST, MULTIPART_REPLY */
		struct of_role role;	    /* ROLE_REQUEST, ROLE_REPLY */
		struct of_experimenter experimenter;
		struct of_async async;	    /* GET_ASYNC_REPLY, SET_ASYNC */
		uint32_t queue_config_port; /* QUEUE_GET_CONFIG_REQUEST */
		struct of_queue_config queue_config; /* QUEUE_GET_CONFIG_REPLY */
	};
};

/* Who reads: a switch refuses what only switches send (OFPBRC_BAD_TYPE), and the other way round.
 */
enum ofmsg_direction {
	OFMSG_TO_SWITCH = 1,
	OFMSG_TO_CONTROLLER = 2,
};

/* Decodes the message of 'len' bytes at 'data' into 'm'.  OFP_OK, or what to answer.  Never reads
 * beyond 'len'. */
enum ofp_err ofmsg_decode(struct ofmsg *m, enum ofmsg_direction dir, const void *data, size_t len);

/* "OFPT_FLOW_MOD", or NULL if 1.3 has no such type. */
const char *ofp_type_name(uint8_t type);

/* Begins a message at the end of 'out', and returns its offset, with which ofmsg_end() fills in the
 * length.  A message that got longer than 65535 bytes makes 'out' failed; no encoder here lets it
 * come to that. */
size_t ofmsg_begin(struct buf *out, enum ofp_type type, uint32_t xid);
void ofmsg_end(struct buf *out, size_t start);

/* Appends a message that is a header and nothing more: FEATURES_REQUEST, GET_CONFIG_REQUEST,
 * BARRIER_REQUEST, BARRIER_REPLY, GET_ASYNC_REQUEST. */
void ofmsg_encode_empty(struct buf *out, enum ofp_type type, uint32_t xid);

/* A hello with a version bitmap that names 1.3 alone. */
void of_hello_encode(struct buf *out, uint32_t xid);
/* The error 'err' (not OFP_OK) about the message of 'len' bytes at 'request': with its xid and its
 * first 64 bytes, or all if it is shorter (§7.4.4). */
void of_error_encode(struct buf *out, enum ofp_err err, const void *request, size_t len);
/* OFPET_HELLO_FAILED, whose data is text for people. */
void of_hello_failed_encode(struct buf *out, uint32_t xid, enum ofp_err err, const char *text);
/* 'type' is OFPT_ECHO_REQUEST or OFPT_ECHO_REPLY; a reply carries the request's data. */
void of_echo_encode(struct buf *out, enum ofp_type type, uint32_t xid, const void *data,
		    size_t len);
void of_features_encode(struct buf *out, uint32_t xid, const struct of_features *f);
/* 'type' is OFPT_GET_CONFIG_REPLY or OFPT_SET_CONFIG. */
void of_config_encode(struct buf *out, enum ofp_type type, uint32_t xid,
		      const struct of_switch_config *c);
/* 'type' is OFPT_ROLE_REQUEST or OFPT_ROLE_REPLY. */
void of_role_encode(struct buf *out, enum ofp_type type, uint32_t xid, const struct of_role *r);
/* 'type' is OFPT_GET_ASYNC_REPLY or OFPT_SET_ASYNC. */
void of_async_encode(struct buf *out, enum ofp_type type, uint32_t xid, const struct of_async *a);
/* What a new connection has (§6.3.5): everything as master or equal, port status alone as slave. */
void of_async_init(struct of_async *a);

#endif
