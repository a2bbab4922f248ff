// SPDX-License-Identifier: Apache-2.0
/* A blocking OpenFlow client; see client.h. */
#include "ofchan/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mono.h"
#include "ofchan/conn_hello.h"
#include "ofchan/stream.h"
#include "ofchan/tls.h"

/* The input buffer grows from one to the other while the switch talks and the tool still sends. */
#define RX_MIN	131072u
#define RX_MAX	(64u << 20)
#define NO_TIME UINT64_MAX

struct ofchan_client {
	struct stream *stream;
	struct stream_addr addr;
	int timeout_ms;
	uint8_t *rx; /* owned; 'start' to 'end' is what was received and not returned yet */
	size_t cap, start, end;
	bool is_over; /* the peer's end was read */
	char error[2048];
};

static uint64_t deadline_of(const struct ofchan_client *c)
{
	return c->timeout_ms < 0 ? NO_TIME : mono_clock_ms() + (uint64_t)c->timeout_ms;
}

static int fail(struct ofchan_client *c, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct ofchan_client *c, int error, const char *fmt, ...)
{
	char msg[1600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	snprintf(c->error, sizeof(c->error), "%s: %s", c->addr.name, msg);
	return error;
}

static int fail_stream(struct ofchan_client *c, int error, const char *during)
{
	char text[1500];

	return fail(c, error, "%s", stream_error(c->stream, error, during, text, sizeof(text)));
}

/* Waits until 'fd' is ready for 'want' (STREAM_WANT_*).  Returns what it is ready for or negative
 * errno. */
static int wait_fd(struct ofchan_client *c, int fd, int want, uint64_t deadline)
{
	struct pollfd pfd = { .fd = fd };
	int r;

	pfd.events = (short)((want & STREAM_WANT_READ ? POLLIN : 0) |
			     (want & STREAM_WANT_WRITE ? POLLOUT : 0));
	do {
		uint64_t now = mono_clock_ms(), left = deadline > now ? deadline - now : 0;

		r = poll(&pfd, 1, deadline == NO_TIME ? -1 : left > 1000000 ? 1000000 : (int)left);
	} while ((r < 0 && errno == EINTR) || (!r && deadline > mono_clock_ms()));
	if (r < 0)
		return fail(c, -errno, "poll: %s", strerror(errno));
	if (!r)
		return fail(c, -ETIMEDOUT, "the switch did not answer in time");
	r = (pfd.revents & (POLLIN | POLLHUP | POLLERR) ? STREAM_WANT_READ : 0) |
	    (pfd.revents & (POLLOUT | POLLHUP | POLLERR) ? STREAM_WANT_WRITE : 0);
	return r & want ? r & want : want;
}

/* Reads what there is, without waiting.  Returns 0 (also at the peer's end: 'is_over') or negative
 * errno; -EAGAIN if there was nothing. */
static int fill(struct ofchan_client *c, int *ret_want)
{
	ssize_t r;

	if (c->start) {
		memmove(c->rx, c->rx + c->start, c->end - c->start);
		c->end -= c->start;
		c->start = 0;
	}
	if (c->end > c->cap / 2 && c->cap < RX_MAX) {
		uint8_t *rx = realloc(c->rx, c->cap * 2);

		if (!rx)
			return fail(c, -ENOMEM, "out of memory");
		c->rx = rx;
		c->cap *= 2;
	}
	if (c->end == c->cap)
		return fail(c, -ENOBUFS, "the switch sends faster than its messages are read");
	r = stream_read(c->stream, c->rx + c->end, c->cap - c->end, ret_want);
	if (r == -EAGAIN)
		return -EAGAIN;
	if (r < 0)
		return fail_stream(c, (int)r, "receive");
	c->end += (size_t)r;
	c->is_over = !r;
	return 0;
}

static int send_all(struct ofchan_client *c, const uint8_t *p, size_t len, uint64_t deadline)
{
	int want, ready, unused, error;
	ssize_t r;

	while (len) {
		const struct iovec iov = { (void *)p, len };

		r = stream_write(c->stream, &iov, 1, &want);
		if (r >= 0) {
			p += r;
			len -= (size_t)r;
			continue;
		}
		if (r != -EAGAIN)
			return fail_stream(c, (int)r, "send");
		ready = wait_fd(c, stream_fd(c->stream), want | (c->is_over ? 0 : STREAM_WANT_READ),
				deadline);
		if (ready < 0)
			return ready;
		if (ready & STREAM_WANT_READ && !c->is_over) {
			error = fill(c, &unused);
			if (error && error != -EAGAIN)
				return error;
		}
	}
	return 0;
}

/* The length of the whole message at 'start', 0 if there is none, or -EPROTO. */
static ssize_t next_len(struct ofchan_client *c)
{
	size_t n = c->end - c->start, len;

	if (n < sizeof(struct ofp_header))
		return 0;
	len = ntohs(conn_header(c->rx + c->start)->length);
	if (len < sizeof(struct ofp_header))
		return fail(c, -EPROTO, "the switch sent a header with length %zu", len);
	return n < len ? 0 : (ssize_t)len;
}

/* Waits for the next message of any type. */
static int recv_any(struct ofchan_client *c, const uint8_t **ret_data, size_t *ret_len,
		    uint64_t deadline)
{
	int want = STREAM_WANT_READ, error;
	uint8_t *p;
	ssize_t n;

	while (!(n = next_len(c))) {
		if (c->is_over)
			return fail(c, -ENOTCONN, "the switch closed the connection");
		error = fill(c, &want);
		if (error == -EAGAIN)
			error = wait_fd(c, stream_fd(c->stream), want, deadline);
		if (error < 0)
			return error;
	}
	if (n < 0)
		return (int)n;
	/* What is before it is consumed, so it can move down to be aligned. */
	p = c->rx + c->start;
	if ((uintptr_t)p % 8)
		p = memmove(p - (uintptr_t)p % 8, p, (size_t)n);
	c->start += (size_t)n;
	*ret_data = p;
	*ret_len = (size_t)n;
	return 0;
}

static int answer_echo(struct ofchan_client *c, const uint8_t *msg, size_t len, uint64_t deadline)
{
	uint8_t *reply = malloc(len);
	int error;

	if (!reply)
		return fail(c, -ENOMEM, "out of memory");
	memcpy(reply, msg, len);
	reply[1] = OFPT_ECHO_REPLY;
	error = send_all(c, reply, len, deadline);
	free(reply);
	/* A switch that has gone may have sent more before it went. */
	return error == -EPIPE || error == -ECONNRESET ? 0 : error;
}

/* Opening. */

static int connect_stream(struct ofchan_client *c, struct tls *tls, uint64_t deadline)
{
	bool is_connected;
	int fd, error;

	fd = stream_connect_start(&c->addr, &is_connected);
	if (fd < 0)
		return fail(c, fd, "connection failed (%s)", strerror(-fd));
	if (!is_connected) {
		error = wait_fd(c, fd, STREAM_WANT_WRITE, deadline);
		if (error < 0)
			goto close;
		error = stream_connect_result(fd);
		if (error) {
			fail(c, error, "connection failed (%s)", strerror(-error));
			goto close;
		}
	}
	c->stream = stream_new(fd, tls, false);
	if (c->stream)
		return 0;
	error = fail(c, -ENOMEM, "out of memory");
close:
	close(fd);
	return error;
}

static int handshake(struct ofchan_client *c, uint64_t deadline)
{
	int want, error;

	while ((error = stream_handshake(c->stream, &want))) {
		if (error != -EAGAIN)
			return fail_stream(c, error, "TLS handshake");
		error = wait_fd(c, stream_fd(c->stream), want, deadline);
		if (error < 0)
			return error;
	}
	return 0;
}

static int exchange_hello(struct ofchan_client *c, uint64_t deadline)
{
	uint8_t hello[CONN_HELLO_SIZE];
	const uint8_t *msg;
	char why[256];
	size_t len;
	int error;

	conn_hello_encode(hello, 0);
	error = send_all(c, hello, sizeof(hello), deadline);
	if (!error)
		error = recv_any(c, &msg, &len, deadline);
	if (error)
		return error;
	if (conn_header(msg)->type != OFPT_HELLO)
		return fail(c, -EPROTO, "the switch sent a message of type %u before its hello",
			    conn_header(msg)->type);
	if (!conn_hello_negotiate(msg, len, why, sizeof(why)))
		return fail(c, -EPROTO, "%s", why);
	return 0;
}

int ofchan_client_open(const char *address, struct tls *tls, int timeout_ms,
		       struct ofchan_client **ret, char *err, size_t err_size)
{
	struct ofchan_client *c = calloc(1, sizeof(*c));
	uint64_t deadline;
	int error = -ENOMEM;

	if (c)
		c->rx = malloc(RX_MIN);
	if (!c || !c->rx) {
		snprintf(err, err_size, "out of memory");
		goto out;
	}
	c->cap = RX_MIN;
	c->timeout_ms = timeout_ms;
	deadline = deadline_of(c);
	error = stream_addr_parse(address, &c->addr, c->error, sizeof(c->error));
	if (!error && c->addr.is_passive)
		error = fail(c, -EINVAL, "this address listens; a client cannot connect to it");
	if (!error && c->addr.kind == STREAM_SSL && (!tls || !tls_is_loaded(tls)))
		error = fail(c, -EINVAL, "no private key and certificates are given for TLS");
	if (!error)
		error = connect_stream(c, c->addr.kind == STREAM_SSL ? tls : NULL, deadline);
	if (!error)
		error = handshake(c, deadline);
	if (!error)
		error = exchange_hello(c, deadline);
	if (!error) {
		*ret = c;
		return 0;
	}
	snprintf(err, err_size, "%s", c->error);
out:
	ofchan_client_close(c);
	return error;
}

void ofchan_client_close(struct ofchan_client *c)
{
	if (!c)
		return;
	stream_free(c->stream);
	free(c->rx);
	free(c);
}

void ofchan_client_set_timeout(struct ofchan_client *c, int timeout_ms)
{
	c->timeout_ms = timeout_ms;
}

int ofchan_client_send(struct ofchan_client *c, const void *data, size_t len)
{
	return send_all(c, data, len, deadline_of(c));
}

int ofchan_client_recv(struct ofchan_client *c, const uint8_t **ret_data, size_t *ret_len)
{
	uint64_t deadline = deadline_of(c);
	int error;

	for (;;) {
		error = recv_any(c, ret_data, ret_len, deadline);
		if (error)
			return error;
		switch (conn_header(*ret_data)->type) {
		case OFPT_ECHO_REQUEST:
			error = answer_echo(c, *ret_data, *ret_len, deadline);
			if (error)
				return error;
			break;
		case OFPT_HELLO:
		case OFPT_ECHO_REPLY:
			break;
		default:
			return 0;
		}
	}
}

const char *ofchan_client_error(const struct ofchan_client *c)
{
	return c->error;
}

int ofchan_client_fd(const struct ofchan_client *c)
{
	return stream_fd(c->stream);
}
