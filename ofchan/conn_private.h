/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What conn.c (states, timers, the interface), conn_io.c (bytes in and out, framing) and listener.c
 * know of a connection.  See conn.h for what it is.
 *
 * How a failure travels.  Whatever finds that the connection must end calls conn_doom(), which only
 * remembers the reason; nothing is taken down under somebody's feet.  The turn that is running, or
 * the next one, offers what is queued to the kernel and then calls conn_fail(), the one place that
 * takes a connection down.  While a turn runs, 'busy' is above 0, and of_conn_free() only marks.
 */
#ifndef SKEP_OFCHAN_CONN_PRIVATE_H
#define SKEP_OFCHAN_CONN_PRIVATE_H 1

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "log.h"
#include "ofchan/conn.h"
#include "ofchan/stream.h"

struct evbuffer;

/* The longest is a certificate chain of long names. */
#define CONN_REASON_SIZE 1536

/* The input buffer begins small and grows while a peer fills it; it always holds a whole message.
 */
#define CONN_RX_MIN 16384u
#define CONN_RX_MAX 262144u
/* What one turn writes at most. */
#define CONN_TX_TURN (1u << 20)

/* Remembers which texts were logged, so that each distinct one is logged once: the same text again
 * only after CONN_QUIET_MS.  The oldest is forgotten when there are too many, so 'limit' bounds
 * even a peer that makes up a new failure each time. */
#define CONN_QUIET_SLOTS 16
#define CONN_QUIET_MS	 3600000u
struct conn_quiet {
	struct {
		uint64_t hash; /* 0 = free */
		uint64_t ms;
	} slot[CONN_QUIET_SLOTS];
	struct log_limit limit;
};
#define CONN_QUIET_INIT                                                                            \
	{                                                                                          \
		.limit = LOG_LIMIT_INIT(CONN_QUIET_SLOTS, 10000)                                   \
	}
void conn_quiet_reset(struct conn_quiet *quiet);
/* Logs "NAME: TEXT" as a warning unless the same was logged for 'who' already. */
void conn_quiet_warn(struct conn_quiet *quiet, const char *who, const char *name, const char *text);

/* What a listener wants to know of a connection that it accepted. */
struct conn_hooks {
	void (*up)(struct of_conn *conn, void *arg); /* in place of the owner's connected() */
	/* Before it was up: the connection is VOID, and freed by the callee. */
	void (*failed)(struct of_conn *conn, void *arg);
	/* Its descriptor was closed.  Comes once for each connection, before failed(). */
	void (*closed)(struct of_conn *conn, void *arg);
};

struct conn_rx {
	uint8_t *data; /* owned; NULL while there is nothing in it */
	size_t cap, start, end;
	bool is_full_read; /* the last read got all that it asked for: there may be more */
	bool is_over;	   /* the end or an error was read, in 'over' */
	int over;	   /* 0: the peer's end; else negative errno */
	char over_text[CONN_REASON_SIZE];
};

struct of_conn {
	struct event_base *base;
	struct tls *tls;
	struct stream_addr addr;
	char name[STREAM_NAME_SIZE + 16];
	bool is_dialer; /* active */
	struct of_conn_config config;
	const struct of_conn_cbs *cbs;
	void *cb_arg;
	const struct conn_hooks *hooks; /* NULL without a listener */
	void *hook_arg;
	LIST_ENTRY(of_conn) link; /* in the listener's list; owned by the listener */

	enum of_conn_state state;
	uint64_t state_ms; /* when it was entered, as all times here on the monotonic clock */
	uint64_t up_ms;	   /* when it came up last */
	uint64_t rx_ms;	   /* when something was received last */
	uint64_t tx_ms;	   /* when the kernel took something last, or the queue was empty */
	uint32_t backoff_ms;
	unsigned int busy; /* turns on the stack */
	bool is_freed;
	bool is_doomed;
	bool is_overflowed;
	bool is_paused;	 /* by the owner */
	bool is_blocked; /* by the backlog: OF_CONN_TX_HIGH was passed, OF_CONN_TX_LOW not yet
			    reached */
	bool wants_drained;
	bool is_tls_done;
	uint8_t version; /* 0 until negotiated */
	char doom[CONN_REASON_SIZE];

	struct stream *stream;		/* owned; NULL unless HANDSHAKE, ACTIVE, IDLE */
	int connect_fd;			/* owned; -1 unless CONNECTING */
	struct event ev_read, ev_write; /* on the stream's or connecting descriptor */
	bool has_io_events;
	struct event ev_timer;		      /* the state's */
	struct event ev_turn;		      /* another turn is due */
	int want_handshake, want_rx, want_tx; /* STREAM_WANT_*; 0: not waiting */
	struct conn_rx rx;
	struct evbuffer *tx;

	uint32_t next_xid;
	const char *role;
	char tls_session[256];
	char last_error[CONN_REASON_SIZE];
	uint64_t last_error_ms;
	uint64_t n_rx, n_tx, n_rx_bytes, n_tx_bytes;
	uint32_t n_attempts, n_up, n_overflows;
	struct conn_quiet quiet;
	struct log_limit own_limit;
	struct log_limit *limit; /* for ups and downs; the listener's, which its peers share, if
				    there is one */
};

/* conn.c */
/* Wraps an accepted, non-blocking descriptor, which the connection owns even if this fails (NULL).
 * The hooks may be called at the earliest from the loop's next turn. */
struct of_conn *conn_accept(struct event_base *base, int fd, const struct stream_addr *peer,
			    const char *name, struct tls *tls, const struct of_conn_config *config,
			    const struct conn_hooks *hooks, void *hook_arg,
			    struct log_limit *limit);
/* Cuts the ties to a listener that goes away. */
void conn_unhook(struct of_conn *conn);
void conn_doom(struct of_conn *conn, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One turn: handshake, read, deliver, write, as far as it goes.  'events' are the libevent events
 * of the descriptor that happened, 0 if another reason.  'conn' may be freed by it. */
void conn_turn(struct of_conn *conn, short events);
/* Has conn_turn() called in the loop's next turn (not in this one). */
void conn_defer(struct of_conn *conn);
void conn_set_state(struct of_conn *conn, enum of_conn_state state);
/* How long to wait with that back-off: three quarters to all of it, by a number that may be any. */
uint32_t conn_wait_ms(uint32_t backoff_ms, uint32_t random);
/* The peer's hello agreed on 'version'. */
void conn_up(struct of_conn *conn, uint8_t version);
/* Something was received. */
void conn_heard(struct of_conn *conn);

/* conn_io.c */
void conn_rx_uninit(struct of_conn *conn);
/* Reads once what fits.  An end or error that it finds is kept until what was read before is
 * delivered. */
void conn_rx_fill(struct of_conn *conn);
/* Neither the owner, nor the backlog, nor the end of the connection forbids it. */
bool conn_rx_may_deliver(const struct of_conn *conn);
/* Is a whole message, or a header that is wrong, in the input buffer? */
bool conn_rx_has_message(const struct of_conn *conn);
/* Delivers whole messages within the bounds of one turn, and then batch_end(). */
void conn_rx_deliver(struct of_conn *conn);
/* Queues bytes.  Returns 0 or -ENOBUFS, and dooms the connection then. */
int conn_tx_queue(struct of_conn *conn, const void *data, size_t len);
/* Counts and queues one message that is the connection's own. */
void conn_tx_own(struct of_conn *conn, const void *data, size_t len);
void conn_tx_echo_request(struct of_conn *conn);
/* Writes what the kernel takes, at most CONN_TX_TURN. */
void conn_tx_flush(struct of_conn *conn);

#endif
