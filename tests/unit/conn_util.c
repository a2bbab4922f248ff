// SPDX-License-Identifier: Apache-2.0
/* Helpers for the tests of connections; see conn_util.h. */
#include "conn_util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

struct event_base *base;
char dir[64];

static struct event *tick;
static char log_text[65536];

static void on_tick(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
}

static void on_log(enum log_level level, const char *line)
{
	size_t n = strlen(log_text);

	(void)level;
	snprintf(log_text + n, sizeof(log_text) - n, "%s\n", line);
}

int conn_util_setup(void **state)
{
	const struct timeval tv = { .tv_usec = 2000 };

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-conn-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	log_set_level(LOG_LVL_DEBUG);
	log_set_sink(on_log);
	base = event_base_new();
	tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	return event_add(tick, &tv);
}

int conn_util_teardown(void **state)
{
	char cmd[128];

	(void)state;
	event_free(tick);
	event_base_free(base);
	libevent_global_shutdown();
	log_set_sink(NULL);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

void loop_once(void)
{
	event_base_loop(base, EVLOOP_ONCE);
}

uint64_t test_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void log_clear(void)
{
	log_text[0] = '\0';
}

unsigned int log_count(const char *what)
{
	unsigned int n = 0;

	for (const char *line = log_text; *line;) {
		const char *end = strchr(line, '\n');
		const char *hit = strstr(line, what);

		n += hit && hit < end;
		line = end + 1;
	}
	return n;
}

void assert_logged_once(const char *what)
{
	if (log_count(what) != 1)
		fail_msg("\"%s\" is in the log %u times, not once:\n%s", what, log_count(what),
			 log_text);
}

const char *unix_address(const char *name)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "punix:%s/%s", dir, name);
	return buf;
}

/* The owner. */

static void on_connected(struct of_conn *conn, void *arg)
{
	struct owner *o = arg;

	o->conn = conn;
	o->n_connected++;
	if (o->on_connected)
		o->on_connected(o);
}

static void on_disconnected(struct of_conn *conn, const char *reason, void *arg)
{
	struct owner *o = arg;

	assert_ptr_equal(conn, o->conn);
	o->n_disconnected++;
	snprintf(o->reason, sizeof(o->reason), "%s", reason);
	if (o->on_disconnected)
		o->on_disconnected(o);
}

static void on_message(struct of_conn *conn, const uint8_t *data, size_t len, void *arg)
{
	struct owner *o = arg;

	assert_ptr_equal(conn, o->conn);
	assert_int_equal((uintptr_t)data % 8, 0);
	o->n_messages++;
	o->is_full |= o->len + len > sizeof(o->data);
	if (!o->is_full) {
		memcpy(o->data + o->len, data, len);
		o->len += len;
	}
	if (o->on_message)
		o->on_message(o, data, len);
}

static void on_batch_end(struct of_conn *conn, void *arg)
{
	struct owner *o = arg;

	assert_ptr_equal(conn, o->conn);
	o->n_batches++;
	if (o->on_batch_end)
		o->on_batch_end(o);
}

static void on_drained(struct of_conn *conn, void *arg)
{
	struct owner *o = arg;

	assert_ptr_equal(conn, o->conn);
	o->n_drained++;
	if (o->on_drained)
		o->on_drained(o);
}

const struct of_conn_cbs owner_cbs = {
	.connected = on_connected,
	.disconnected = on_disconnected,
	.message = on_message,
	.batch_end = on_batch_end,
	.drained = on_drained,
};

struct owner *owner_new(void)
{
	return calloc(1, sizeof(struct owner));
}

void owner_free(struct owner *o)
{
	if (!o)
		return;
	of_conn_free(o->conn);
	free(o);
}

/* The server. */

static void on_accepted(struct of_listener *listener, struct of_conn *conn, void *arg)
{
	struct server *s = arg;

	assert_true(!s->listener || s->listener == listener);
	if (s->n_accepted == sizeof(s->owners) / sizeof(s->owners[0])) {
		of_conn_free(conn);
		return;
	}
	of_conn_set_callbacks(conn, &owner_cbs, s->owners[s->n_accepted]);
	s->owners[s->n_accepted++]->conn = conn;
}

void server_open(struct server *s, const char *address, struct tls *tls,
		 const struct of_conn_config *config)
{
	struct stream_addr addr;
	char err[256] = "", active[160];
	int error = 0;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < sizeof(s->owners) / sizeof(s->owners[0]); i++)
		s->owners[i] = owner_new();
	if (stream_addr_parse(address, &addr, err, sizeof(err)))
		fail_msg("%s", err);
	s->listener = of_listener_open(base, &addr, tls, config, on_accepted, s, &error, err,
				       sizeof(err));
	if (!s->listener)
		fail_msg("%s", err);
	if (addr.kind == STREAM_UNIX)
		snprintf(active, sizeof(active), "%s", address + 1);
	else
		snprintf(active, sizeof(active), "%.3s:127.0.0.1:%u", address + 1,
			 of_listener_port(s->listener));
	assert_int_equal(stream_addr_parse(active, &s->addr, err, sizeof(err)), 0);
}

void server_close(struct server *s)
{
	of_listener_close(s->listener);
	for (size_t i = 0; i < sizeof(s->owners) / sizeof(s->owners[0]); i++)
		owner_free(s->owners[i]);
}

/* Bare bytes. */

int raw_connect(const struct stream_addr *addr)
{
	int fd = socket(addr->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&addr->sa, addr->sa_len), 0);
	evutil_make_socket_nonblocking(fd);
	return fd;
}

int raw_listen(struct stream_addr *ret, const char *address)
{
	struct stream_addr addr;
	socklen_t len = sizeof(addr.sa);
	int fd;

	assert_int_equal(stream_addr_parse(address, &addr, NULL, 0), 0);
	fd = socket(addr.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr.sa, addr.sa_len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr.sa, &len), 0);
	stream_addr_from_sockaddr(addr.kind, (struct sockaddr *)&addr.sa,
				  addr.kind == STREAM_UNIX ? addr.sa_len : len, ret);
	return fd;
}

int raw_accept(int listen_fd)
{
	return accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void raw_send(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n) {
		ssize_t r = send(fd, at, n, MSG_NOSIGNAL);

		if (r < 0) {
			assert_int_equal(errno, EAGAIN);
			loop_once();
			continue;
		}
		at += r;
		n -= (size_t)r;
	}
}

bool raw_recv(int fd, void *buf, size_t size, size_t *len, size_t want, bool *is_closed)
{
	ssize_t r;

	while (*len < size && (r = recv(fd, (uint8_t *)buf + *len, size - *len, 0)) >= 0) {
		if (!r) {
			if (is_closed)
				*is_closed = true;
			break;
		}
		*len += (size_t)r;
	}
	return *len >= want;
}

bool raw_is_closed(int fd)
{
	char junk[65536];
	ssize_t r;

	while ((r = recv(fd, junk, sizeof(junk), 0)) > 0)
		;
	return !r || (errno != EAGAIN);
}

size_t put_msg(uint8_t *p, uint8_t version, uint8_t type, uint32_t xid, size_t n)
{
	size_t len = n + 8;
	const uint8_t header[8] = { version,
				    type,
				    (uint8_t)(len >> 8),
				    (uint8_t)len,
				    (uint8_t)(xid >> 24),
				    (uint8_t)(xid >> 16),
				    (uint8_t)(xid >> 8),
				    (uint8_t)xid };

	memcpy(p, header, sizeof(header));
	for (size_t i = 0; i < n; i++)
		p[8 + i] = (uint8_t)i;
	return len;
}

int raw_up(struct server *s, unsigned int i)
{
	int fd = raw_connect(&s->addr);

	raw_send(fd, HELLO, HELLO_LEN);
	RUN_UNTIL(s->n_accepted > i);
	return fd;
}
