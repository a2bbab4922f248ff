/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One OpenFlow connection: framing, hello, echo, bounds, and for active ones the dialling again.
 *
 * A connection delivers whole OpenFlow messages to its owner and takes whole messages from it.  It
 * looks at headers only: HELLO, ECHO_REQUEST and ECHO_REPLY are dealt with here, everything else is
 * the owner's.
 *
 * Kinds.  An active connection (of_conn_connect()) lives until its owner frees it and dials again
 * whenever it is down.  A passive one comes from a listener (listener.h), which hands it over once
 * its hello is done; when it ends it stays VOID and does nothing any more: its owner frees it.
 *
 * States
 *
 *   VOID       no connection and none to come: before of_conn_connect(), and a passive one's end
 *   BACKOFF    waiting to dial again
 *   CONNECTING the socket is connecting
 *   HANDSHAKE  TLS handshake, then both hellos; all of it within 'hello_timeout_ms'
 *   ACTIVE     the channel is up: messages flow
 *   IDLE       up, but silent for 'probe_interval_ms': we sent an echo request
 *
 *   VOID       -> BACKOFF     active, of length 0 [of_conn_connect]
 *   VOID       -> HANDSHAKE   passive [conn_accept, for a listener]
 *   CONNECTING -> HANDSHAKE   [on_connect]      the socket connected
 *   CONNECTING -> BACKOFF     [conn_fail]       refused, unreachable, connect_timeout_ms
 *   HANDSHAKE  -> ACTIVE      [conn_up]         the peer's hello agreed on a version
 *   HANDSHAKE  -> BACKOFF     [conn_fail]       TLS or hello failed, hello_timeout_ms
 *   ACTIVE     -> IDLE        [probe]           nothing received for probe_interval_ms
 *   IDLE       -> ACTIVE      [conn_heard]      anything at all received
 *   IDLE       -> BACKOFF     [conn_fail]       nothing received for another probe_interval_ms
 *   ACTIVE     -> BACKOFF     [conn_fail]       closed by the peer, garbage, queue overflow
 *   BACKOFF    -> CONNECTING  [dial]
 *   (passive connections go to VOID where active ones go to BACKOFF)
 *   any        -> VOID        [of_conn_free]
 *
 * Back-off: the first retry waits min_backoff_ms, each further one twice as long up to
 * max_backoff_ms, and starts anew after a connection that was up for at least as long as the
 * back-off then in force.  From each wait a random part of up to a quarter is taken, so that many switches that
 * lost their controller at once do not come back at once.
 *
 * Bounds.  One message is at most 65535 bytes.  What waits to be sent is at most OF_CONN_TX_HARD;
 * above OF_CONN_TX_HIGH nothing more is read from the peer (so its requests cannot make the queue
 * grow) until the queue is down to OF_CONN_TX_LOW.  So a peer must read while it writes; one that
 * does neither is dropped after two probe intervals.  In one turn of the event loop at most
 * OF_CONN_BATCH_MAX messages or OF_CONN_BATCH_US microseconds' worth are delivered, so one busy
 * peer does not starve the others.
 *
 * Logging.  The connection logs its own ups and downs, under its name and rate limited: a failure
 * to come up (refused, TLS, hello) once for each distinct cause until it comes up again.
 *
 * Reentrancy.  Every function may be called from every callback; of_conn_free() too (nothing of the
 * connection is touched after the callback returns, and no further callback comes).  Callbacks come
 * from the event loop only, except that none is ever called from inside of_conn_send().
 */
#ifndef SKEP_OFCHAN_CONN_H
#define SKEP_OFCHAN_CONN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct stream_addr;
struct tls;
struct of_conn;

/* Bytes waiting to be sent: the connection is dropped above HARD, reading pauses above HIGH and
 * goes on at or below LOW. */
#define OF_CONN_TX_HARD (64u << 20)
#define OF_CONN_TX_HIGH (4u << 20)
#define OF_CONN_TX_LOW	(512u << 10)
/* Work done for one connection in one turn of the event loop. */
#define OF_CONN_BATCH_MAX 4096
#define OF_CONN_BATCH_US  1000

enum of_conn_state {
	OF_CONN_VOID,
	OF_CONN_BACKOFF,
	OF_CONN_CONNECTING,
	OF_CONN_HANDSHAKE,
	OF_CONN_ACTIVE,
	OF_CONN_IDLE,
};
/* "VOID", "BACKOFF", … as Open vSwitch prints them. */
const char *of_conn_state_name(enum of_conn_state state);

/* What the owner is told.  Each may be NULL. */
struct of_conn_cbs {
	/* The channel is up.  For an active connection only: a passive one is up when it is handed
	 * over. */
	void (*connected)(struct of_conn *conn, void *arg);
	/* The channel was up and is down.  'reason' is valid during the call.  Comes exactly once
	 * for each time the channel was up; never for attempts that failed (see
	 * of_conn_get_info()). */
	void (*disconnected)(struct of_conn *conn, const char *reason, void *arg);
	/* One whole message: 'data' is aligned to 8 bytes, 'len' is what its header says (8…65535)
	 * and its version is the negotiated one.  Valid during the call only. */
	void (*message)(struct of_conn *conn, const uint8_t *data, size_t len, void *arg);
	/* After the last message() of this turn: flush, commit.  Comes after every turn that
	 * delivered at least one message, if the channel is still up. */
	void (*batch_end)(struct of_conn *conn, void *arg);
	/* What was asked for by of_conn_want_drained(). */
	void (*drained)(struct of_conn *conn, void *arg);
};

/* Times in milliseconds.  0 in any field means its default; probe_interval_ms UINT32_MAX means
 * never. */
struct of_conn_config {
	uint32_t probe_interval_ms;  /* 5000 */
	uint32_t hello_timeout_ms;   /* 10000: TLS handshake and hello together */
	uint32_t connect_timeout_ms; /* 10000 */
	uint32_t min_backoff_ms;     /* 1000 */
	uint32_t max_backoff_ms;     /* 8000 */
};

/* Dials 'addr' (active; copied) at the loop's next turn, and again for ever.  'tls' is for ssl:
 * addresses; NULL or not loaded makes attempts fail with a text that says so.  'config' may be
 * NULL; it is copied. 'cbs' and 'tls' must outlive the connection.  Returns NULL if memory ran out.
 * The caller frees it. */
struct of_conn *of_conn_connect(struct event_base *base, const struct stream_addr *addr,
				struct tls *tls, const struct of_conn_config *config,
				const struct of_conn_cbs *cbs, void *arg);

/* Ends the connection without any callback, after one attempt to write what is queued, and frees
 * it. Accepts NULL. */
void of_conn_free(struct of_conn *conn);

/* Replaces the callbacks: the owner of a connection that a listener handed over does this first. */
void of_conn_set_callbacks(struct of_conn *conn, const struct of_conn_cbs *cbs, void *arg);

/* Queues one or more whole messages, 'len' bytes at 'data', which are copied; they are written at
 * the end of the batch or in the loop's next turn.  Returns 0; -ENOTCONN if the channel is not up;
 * -ENOBUFS if the queue would exceed OF_CONN_TX_HARD or memory ran out; -EINVAL if the bytes are
 * not whole messages.  After the last two the connection is dropped in the loop's next turn, since
 * a channel that lost a message is of no use. */
int of_conn_send(struct of_conn *conn, const void *data, size_t len);

/* Bytes queued and not yet taken by the kernel.  Owners drop packet-ins above a bound of their own.
 */
size_t of_conn_backlog(const struct of_conn *conn);

/* Has 'drained' called once, from the loop, when the backlog is at or below OF_CONN_TX_LOW: at the
 * next turn if it is so already.  For replies that are too large to be queued at once; it works
 * while the connection is paused.  Whoever streams goes on until the backlog is above
 * OF_CONN_TX_LOW and then asks again: one that stops below it is called each turn for nothing. */
void of_conn_want_drained(struct of_conn *conn);

/* While 'paused', no message is delivered and nothing is read: the owner waits for something.  What
 * is in the buffers waits too.  The peer's silence is not held against it meanwhile.  A message
 * callback may pause: the next message then waits. */
void of_conn_pause(struct of_conn *conn, bool paused);

/* Closes the channel, if it is up, as if it had failed with 'reason': what is queued is offered to
 * the kernel once, then disconnected() comes at the loop's next turn, and an active connection
 * backs off. */
void of_conn_disconnect(struct of_conn *conn, const char *reason);

/* Dials at once if in BACKOFF, and forgets the back-off. */
void of_conn_retry_now(struct of_conn *conn);

/* "ssl:192.0.2.1:6653"; an accepted one's is its peer's address ("tcp:192.0.2.9:40312",
 * "unix:PATH#3"). */
const char *of_conn_name(const struct of_conn *conn);
bool of_conn_is_up(const struct of_conn *conn);
bool of_conn_is_active_kind(const struct of_conn *conn);
enum of_conn_state of_conn_get_state(const struct of_conn *conn);
/* The negotiated version, 4 for OpenFlow 1.3; 0 while there is none. */
uint8_t of_conn_version(const struct of_conn *conn);

/* A word that the owner wants shown: the controller role.  Must be a constant. */
void of_conn_set_role(struct of_conn *conn, const char *role);

struct of_conn_info {
	enum of_conn_state state;
	uint64_t
		state_ms; /* how long it has been so; of ACTIVE and IDLE: how long it has been up */
	const char *name; /* valid as long as the connection */
	const char *role; /* "" if none was set */
	const char *last_error; /* "" if none yet; valid until the loop runs */
	uint64_t last_error_ms; /* how long ago, if there was one */
	const char
		*tls_session; /* "TLSv1.3, …", "" if plain or not up; valid until the loop runs */
	uint64_t n_rx, n_tx;  /* messages, over all times it was up, echo and hello included */
	uint64_t n_rx_bytes, n_tx_bytes;
	uint32_t n_attempts;  /* to come up */
	uint32_t n_up;	      /* how often it came up */
	uint32_t n_overflows; /* how often it was dropped because the queue overflowed */
	size_t backlog;
};
void of_conn_get_info(const struct of_conn *conn, struct of_conn_info *ret);

#endif
