/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change something of a bridge, one message for each line of text: flows, groups, meters.
 *
 * All lines are parsed before the first message is sent, so a file with a mistake changes nothing. The messages are sent without waiting,
 * followed by one barrier: once its reply is here, they are in force. Errors come with the id of the message they are about, which leads back
 * to its line.
 */
#ifndef SKEP_UTILS_BATCH_H
#define SKEP_UTILS_BATCH_H 1

#include "utils/session.h"

struct batch_kind {
	const char *noun; /* "flow" */
	/* Appends the message that 'text' means to 'out'; 'command' is the kind's own.  Returns 0, or negative errno with '*ret_error' set. */
	int (*encode)(struct session *s, const char *text, int command, uint32_t xid, struct buf *out,
		      struct text_error *ret_error);
};

/* Each opens a session with 'bridge' and returns the exit status, after messages about what went wrong. */
int batch_text(const struct skepctl *ctl, const char *bridge, const struct batch_kind *kind, int command,
	       const char *text);
/* A line may be empty, and what follows a '#' is a comment.  "-" is standard input. */
int batch_file(const struct skepctl *ctl, const char *bridge, const struct batch_kind *kind, int command,
	       const char *path);

#endif
