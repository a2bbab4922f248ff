/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command's conversation with one bridge over OpenFlow 1.3.
 *
 * A session sends requests and reads what comes back, one message at a time, into a struct ofmsg
 * that it owns. Its functions say what went wrong themselves, once, on standard error, so that
 * callers only pass the status on.
 */
#ifndef SKEP_UTILS_SESSION_H
#define SKEP_UTILS_SESSION_H 1

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "model/text.h"
#include "ofchan/client.h"
#include "ofchan/message.h"
#include "utils/skepctl.h"

struct session {
	const struct skepctl *ctl;
	struct ofchan_client *client;
	char *name;	   /* what the user called the bridge */
	struct buf out;	   /* for requests */
	struct ofmsg *msg; /* what was received last */
	uint32_t next_xid;

	/* What session_get_ports() found; it is called when a port's name is first asked for. */
	bool has_ports;
	unsigned int n_ports;
	struct of_port *ports;
	struct text_ports port_names; /* by name and number, through this session */
};

/* Connects to 'bridge': a name, whose socket is in the run folder, or an address ("unix:PATH",
 * "tcp:HOST:PORT"). Returns 0 or, after an error message, EXIT_ERROR.  In either case the caller
 * calls session_close(). */
int session_open(struct session *s, const struct skepctl *ctl, const char *bridge);
void session_close(struct session *s);

/* A transaction id that this session has not used. */
uint32_t session_xid(struct session *s);
/* Sends what is in s->out, and empties it.  Returns 0 or EXIT_ERROR. */
int session_send(struct session *s);
/* Waits for a message and decodes it into s->msg.  Returns 0 or EXIT_ERROR. */
int session_recv(struct session *s);
/* As session_recv(), until the message is the answer to 'xid': one of 'type'.  An error message for
 * 'xid' is printed and is a failure; messages about other things are passed over. */
int session_recv_reply(struct session *s, uint32_t xid, enum ofp_type type);
/* Sends the request in s->out, whose id is 'xid', and waits for its answer as
 * session_recv_reply(). */
int session_request(struct session *s, uint32_t xid, enum ofp_type type);
/* Sends what is in s->out and a barrier, and waits for its reply.  Each error that comes instead is
 * printed by 'on_error', or, if that is NULL, as it is.  Returns 0 if there was no error. */
int session_barrier(struct session *s, void (*on_error)(void *aux, const struct ofmsg *msg),
		    void *aux);

/* Sends the multipart request in s->out, whose id is 'xid', and calls 'each' for every part of the
 * reply, which is in s->msg.  Returns 0 or EXIT_ERROR. */
int session_multipart(struct session *s, uint32_t xid, int (*each)(struct session *, void *aux),
		      void *aux);

/* All of the above for a multipart request of 'type' that has no body. */
int session_ask(const struct skepctl *ctl, const char *bridge, uint16_t type,
		int (*each)(struct session *, void *aux));

/* Fills s->ports, if that has not been done.  Returns 0 or EXIT_ERROR. */
int session_get_ports(struct session *s);
/* How ports are printed: by name if --names was given. */
const struct text_ports *session_print_ports(struct session *s);

/* An error message in words: "OFPBMC_BAD_VALUE". */
void session_format_error(const struct ofmsg *msg, struct buf *out);

#endif
