// SPDX-License-Identifier: Apache-2.0
/* Bytes in and out of a connection: buffers, framing, hello and echo; see conn_private.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "mono.h"
#include "ofchan/conn_hello.h"
#include "ofchan/conn_private.h"

/* The clock is looked at once in so many messages. */
#define CLOCK_INTERVAL 16
#define N_IOV	       32

/* Input. */

void conn_rx_uninit(struct of_conn *conn)
{
	free(conn->rx.data);
	memset(&conn->rx, 0, sizeof(conn->rx));
}

static void rx_release_if_empty(struct conn_rx *rx)
{
	if (rx->start < rx->end)
		return;
	rx->start = rx->end = 0;
	if (rx->cap > CONN_RX_MIN && !rx->is_full_read) {
		free(rx->data);
		rx->data = NULL;
		rx->cap = 0;
	}
}

static void rx_grow(struct conn_rx *rx, size_t cap)
{
	uint8_t *data = realloc(rx->data, cap);

	if (!data)
		return;
	rx->data = data;
	rx->cap = cap;
}

/* Makes room behind 'end'.  What is there moves to the front, where it is aligned, if too little is
 * free behind it.  Returns the room, 0 if the buffer is full or memory ran out. */
static size_t rx_make_room(struct conn_rx *rx)
{
	size_t want = rx->cap ? rx->cap : CONN_RX_MIN;

	if (rx->is_full_read && want < CONN_RX_MAX)
		want *= 2;
	/* What begins with a message that is not whole must have room for the largest one. */
	if (rx->end - rx->start > want / 2 && want < CONN_RX_MAX)
		want *= 2;
	if (rx->start && (rx->cap - rx->end < rx->cap / 2 || rx->start == rx->end)) {
		memmove(rx->data, rx->data + rx->start, rx->end - rx->start);
		rx->end -= rx->start;
		rx->start = 0;
	}
	if (want > rx->cap)
		rx_grow(rx, want); /* if that fails, what there is must do */
	return rx->cap - rx->end;
}

bool conn_rx_may_deliver(const struct of_conn *conn)
{
	return !conn->is_paused && !conn->is_blocked && !conn->is_doomed && !conn->is_freed;
}

/* What was going on when an operation failed.  In TLS 1.3 a client learns only after its side of
 * the handshake is done that the server rejected its certificate. */
static const char *during(const struct of_conn *conn, const char *what)
{
	return stream_is_tls(conn->stream) && !conn->version ? "TLS handshake" : what;
}

/* Remembers how the stream ended: what is buffered is delivered first. */
static void rx_over(struct of_conn *conn, int error)
{
	struct conn_rx *rx = &conn->rx;

	rx->is_over = true;
	rx->over = error;
	if (error)
		stream_error(conn->stream, error, during(conn, "receive"), rx->over_text,
			     sizeof(rx->over_text));
	else if (conn->version)
		strcpy(rx->over_text, "closed by the peer");
	else
		strcpy(rx->over_text, "closed by the peer before its hello");
}

void conn_rx_fill(struct of_conn *conn)
{
	struct conn_rx *rx = &conn->rx;
	size_t room;
	ssize_t r;

	if (rx->is_over)
		return;
	conn->want_rx = 0;
	room = rx_make_room(rx);
	rx->is_full_read = !room;
	if (!room) {
		if (rx->end - rx->start < CONN_RX_MAX)
			conn_doom(conn, "out of memory");
		return;
	}
	/* A TLS record at a time is 16 KiB at most, so go on until the buffer is full. */
	do {
		r = stream_read(conn->stream, rx->data + rx->end, room, &conn->want_rx);
		if (r <= 0)
			break;
		conn->n_rx_bytes += (uint64_t)r;
		rx->end += (size_t)r;
		room -= (size_t)r;
		conn_heard(conn);
	} while (room && stream_is_tls(conn->stream));
	if (r == 0 || (r < 0 && r != -EAGAIN))
		rx_over(conn, (int)r);
	else if (!room)
		rx->is_full_read = true;
	else
		conn->want_rx = conn->want_rx ? conn->want_rx : STREAM_WANT_READ;
}

static size_t msg_len(const uint8_t *p)
{
	return ntohs(conn_header(p)->length);
}

bool conn_rx_has_message(const struct of_conn *conn)
{
	const struct conn_rx *rx = &conn->rx;
	size_t n = rx->end - rx->start;

	/* A length below 8 counts as whole: the turn that looks at it closes the connection. */
	return n >= sizeof(struct ofp_header) && n >= msg_len(rx->data + rx->start);
}

/* Takes the next whole message, of length 'len', out of the buffer, and aligns it. */
static const uint8_t *rx_next(struct conn_rx *rx, size_t len)
{
	uint8_t *p = rx->data + rx->start;
	size_t shift = (uintptr_t)p % 8;

	/* What is before 'p' is consumed, and the buffer itself is aligned: so the message can move
	 * down. */
	if (shift)
		memmove(p - shift, p, len);
	rx->start += len;
	return p - shift;
}

/* What a peer that speaks something else on our port probably speaks, from its first bytes. */
static const char *guess_protocol(const uint8_t *p)
{
	if (p[0] == 0x16 && p[1] == 0x03)
		return "TLS (is one side configured for tcp: and the other for ssl:?)";
	if (!memcmp(p, "GET ", 4) || !memcmp(p, "POST", 4) || !memcmp(p, "HEAD", 4))
		return "HTTP";
	return NULL;
}

static void send_error(struct of_conn *conn, uint8_t version, uint32_t xid, enum ofp_err err,
		       const void *data, size_t len)
{
	uint8_t buf[CONN_ERROR_SIZE];

	conn_tx_own(conn, buf, conn_error_encode(buf, version, xid, err, data, len));
}

/* The peer's first message. */
static void handle_hello(struct of_conn *conn, const uint8_t *msg, size_t len)
{
	char why[CONN_REASON_SIZE / 2];
	const struct ofp_header *h = conn_header(msg);
	uint8_t version;

	version = conn_hello_negotiate(msg, len, why, sizeof(why));
	if (version) {
		conn_up(conn, version);
		return;
	}
	send_error(conn, h->version && h->version < CONN_VERSION ? h->version : CONN_VERSION,
		   ntohl(h->xid), OFPHFC_INCOMPATIBLE, why, strlen(why));
	conn_doom(conn, "hello failed: %s", why);
}

/* An error before the hello: the peer refuses ours. */
static void handle_early_error(struct of_conn *conn, const uint8_t *msg, size_t len)
{
	char text[CONN_ERROR_DATA + 1] = "";
	size_t n = 0;

	for (size_t i = sizeof(struct ofp_error_msg); i < len && n < sizeof(text) - 1; i++)
		text[n++] = (char)(msg[i] >= ' ' && msg[i] < 0x7f ? msg[i] : '.');
	text[n] = '\0';
	if (len >= sizeof(struct ofp_error_msg) && !msg[8] && !msg[9])
		conn_doom(conn, "peer refused our hello: \"%s\"", text);
	else
		conn_doom(conn, "peer sent an error in place of its hello");
}

static void reply_echo(struct of_conn *conn, const uint8_t *msg, size_t len)
{
	uint8_t header[sizeof(struct ofp_header)];

	conn_header_encode(header, conn->version, OFPT_ECHO_REPLY, len,
			   ntohl(conn_header(msg)->xid));
	conn_tx_own(conn, header, sizeof(header));
	conn_tx_queue(conn, msg + sizeof(header), len - sizeof(header));
}

/* One message of a channel that is up.  Returns whether the owner was called. */
static bool handle_message(struct of_conn *conn, const uint8_t *msg, size_t len)
{
	const struct ofp_header *h = conn_header(msg);

	if (h->type == OFPT_HELLO)
		return false;
	if (h->version != conn->version) {
		send_error(conn, conn->version, ntohl(h->xid), OFPBRC_BAD_VERSION, msg,
			   len < 64 ? len : 64);
		return false;
	}
	if (h->type == OFPT_ECHO_REQUEST) {
		reply_echo(conn, msg, len);
		return false;
	}
	if (h->type == OFPT_ECHO_REPLY)
		return false;
	if (conn->cbs && conn->cbs->message)
		conn->cbs->message(conn, msg, len, conn->cb_arg);
	return true;
}

static void doom_length(struct of_conn *conn, const uint8_t *msg)
{
	if (conn->version)
		send_error(conn, conn->version, ntohl(conn_header(msg)->xid), OFPBRC_BAD_LEN, msg,
			   sizeof(struct ofp_header));
	conn_doom(conn, "peer sent a header with length %zu", msg_len(msg));
}

/* Something forbids to deliver more in this turn. */
static bool must_stop(struct of_conn *conn, unsigned int n, uint64_t deadline_us)
{
	if (evbuffer_get_length(conn->tx) > OF_CONN_TX_HIGH)
		conn->is_blocked = true;
	if (!conn_rx_may_deliver(conn) || n >= OF_CONN_BATCH_MAX)
		return true;
	return n && n % CLOCK_INTERVAL == 0 && mono_clock_ns() / 1000 >= deadline_us;
}

/* The first bytes of a peer are looked at before they are taken for a length.  Dooms the connection
 * if they are not the beginning of a hello (or of an error about ours). */
static void check_first_bytes(struct of_conn *conn)
{
	const uint8_t *p = conn->rx.data + conn->rx.start;
	size_t n = conn->rx.end - conn->rx.start;
	const char *protocol;

	if (n < 4)
		return;
	protocol = guess_protocol(p);
	if (protocol)
		conn_doom(conn, "peer does not speak OpenFlow but %s", protocol);
	else if (p[1] != OFPT_HELLO && p[1] != OFPT_ERROR)
		conn_doom(conn, "peer sent a message of type %u before its hello", p[1]);
}

/* Delivers the next message.  Returns whether the owner was called. */
static bool deliver_one(struct of_conn *conn)
{
	struct conn_rx *rx = &conn->rx;
	size_t len = msg_len(rx->data + rx->start);
	const uint8_t *msg;

	if (len < sizeof(struct ofp_header)) {
		doom_length(conn, rx->data + rx->start);
		return false;
	}
	msg = rx_next(rx, len);
	conn->n_rx++;
	if (conn->version)
		return handle_message(conn, msg, len);
	if (conn_header(msg)->type == OFPT_ERROR)
		handle_early_error(conn, msg, len);
	else
		handle_hello(conn, msg, len);
	return false;
}

void conn_rx_deliver(struct of_conn *conn)
{
	uint64_t deadline_us = mono_clock_ns() / 1000 + OF_CONN_BATCH_US;
	bool is_owner_called = false;
	unsigned int n = 0;

	if (!conn->version)
		check_first_bytes(conn);
	while (!must_stop(conn, n++, deadline_us) && conn_rx_has_message(conn))
		is_owner_called |= deliver_one(conn);
	if (is_owner_called && !conn->is_freed && conn->cbs && conn->cbs->batch_end)
		conn->cbs->batch_end(conn, conn->cb_arg);
	if (!conn->is_freed)
		rx_release_if_empty(&conn->rx);
}

/* Output. */

int conn_tx_queue(struct of_conn *conn, const void *data, size_t len)
{
	if (conn->is_overflowed)
		return -ENOBUFS;
	if (!evbuffer_get_length(conn->tx))
		conn->tx_ms = mono_clock_ms();
	if (evbuffer_get_length(conn->tx) + len > OF_CONN_TX_HARD ||
	    evbuffer_add(conn->tx, data, len)) {
		conn->is_overflowed = true;
		conn->n_overflows++;
		conn_doom(conn, "peer does not read: %zu bytes wait to be sent",
			  evbuffer_get_length(conn->tx));
		return -ENOBUFS;
	}
	return 0;
}

void conn_tx_own(struct of_conn *conn, const void *data, size_t len)
{
	if (!conn_tx_queue(conn, data, len))
		conn->n_tx++;
}

void conn_tx_echo_request(struct of_conn *conn)
{
	uint8_t msg[sizeof(struct ofp_header)];

	conn_header_encode(msg, conn->version, OFPT_ECHO_REQUEST, sizeof(msg), conn->next_xid++);
	conn_tx_own(conn, msg, sizeof(msg));
}

static void tx_failed(struct of_conn *conn, int error)
{
	char text[CONN_REASON_SIZE];

	evbuffer_drain(conn->tx, evbuffer_get_length(conn->tx));
	/* If the peer is gone, then what it sent before it went is still worth reading (an error
	 * about our hello, say), and behind that the read side finds the end. */
	if ((error == -EPIPE || error == -ECONNRESET) && !conn->rx.is_over && !conn->is_paused)
		return;
	conn_doom(conn, "%s",
		  stream_error(conn->stream, error, during(conn, "send"), text, sizeof(text)));
}

void conn_tx_flush(struct of_conn *conn)
{
	struct evbuffer_iovec ev_iov[N_IOV];
	struct iovec iov[N_IOV];
	size_t n_written = 0;

	conn->want_tx = 0;
	while (evbuffer_get_length(conn->tx) && n_written < CONN_TX_TURN) {
		int n = evbuffer_peek(conn->tx, -1, NULL, ev_iov, N_IOV);
		ssize_t r;

		n = n < N_IOV ? n : N_IOV;
		for (int i = 0; i < n; i++)
			iov[i] = (struct iovec){ ev_iov[i].iov_base, ev_iov[i].iov_len };
		r = stream_write(conn->stream, iov, n, &conn->want_tx);
		if (r == -EAGAIN)
			break;
		if (r < 0) {
			tx_failed(conn, (int)r);
			break;
		}
		evbuffer_drain(conn->tx, (size_t)r);
		n_written += (size_t)r;
		conn->n_tx_bytes += (uint64_t)r;
		conn->tx_ms = mono_clock_ms();
	}
	if (evbuffer_get_length(conn->tx) <= OF_CONN_TX_LOW)
		conn->is_blocked = false;
}
