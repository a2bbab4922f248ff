// SPDX-License-Identifier: Apache-2.0
/* A connection's states, timers and interface; see conn.h.  Its bytes are conn_io.c's. */
#include "ofchan/conn.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mono.h"
#include "ofchan/conn_hello.h"
#include "ofchan/conn_private.h"
#include "ofchan/tls.h"

#define DEFAULT_PROBE_INTERVAL_MS  5000
#define DEFAULT_HELLO_TIMEOUT_MS   10000
#define DEFAULT_CONNECT_TIMEOUT_MS 10000
#define DEFAULT_MIN_BACKOFF_MS	   1000
#define DEFAULT_MAX_BACKOFF_MS	   8000
#define NEVER_MS		   UINT32_MAX

static void on_io(evutil_socket_t fd, short events, void *arg);
static void on_timer(evutil_socket_t fd, short events, void *arg);
static void on_turn(evutil_socket_t fd, short events, void *arg);

const char *of_conn_state_name(enum of_conn_state state)
{
	static const char *const names[] = {
		[OF_CONN_VOID] = "VOID",
		[OF_CONN_BACKOFF] = "BACKOFF",
		[OF_CONN_CONNECTING] = "CONNECTING",
		[OF_CONN_HANDSHAKE] = "HANDSHAKE",
		[OF_CONN_ACTIVE] = "ACTIVE",
		[OF_CONN_IDLE] = "IDLE",
	};

	return names[state];
}

/* Logging each distinct cause once. */

void conn_quiet_reset(struct conn_quiet *quiet)
{
	memset(quiet->slot, 0, sizeof(quiet->slot));
}

static uint64_t hash_add(uint64_t hash, const char *s)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
	return hash;
}

void conn_quiet_warn(struct conn_quiet *quiet, const char *who, const char *name, const char *text)
{
	uint64_t hash = hash_add(hash_add(0xcbf29ce484222325, who), text) | 1;
	uint64_t now = mono_clock_ms();
	size_t oldest = 0;

	for (size_t i = 0; i < CONN_QUIET_SLOTS; i++) {
		if (quiet->slot[i].hash == hash && now - quiet->slot[i].ms < CONN_QUIET_MS)
			return;
		if (quiet->slot[i].hash == hash || quiet->slot[i].ms < quiet->slot[oldest].ms)
			oldest = i;
		if (quiet->slot[i].hash == hash)
			break;
	}
	quiet->slot[oldest].hash = hash;
	quiet->slot[oldest].ms = now;
	log_limited(&quiet->limit, LOG_LVL_WARN, "%s: %s", name, text);
}

/* States and their timers. */

static void arm_timer(struct of_conn *conn, uint64_t ms)
{
	const struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};

	evtimer_add(&conn->ev_timer, &tv);
}

uint32_t conn_wait_ms(uint32_t backoff_ms, uint32_t random)
{
	return backoff_ms - random % (backoff_ms / 4 + 1);
}

static uint32_t random_u32(void)
{
	uint32_t r;

	evutil_secure_rng_get_bytes(&r, sizeof(r));
	return r;
}

void conn_set_state(struct of_conn *conn, enum of_conn_state state)
{
	const uint32_t timeout[] = {
		[OF_CONN_VOID] = NEVER_MS,
		[OF_CONN_BACKOFF] = conn->backoff_ms,
		[OF_CONN_CONNECTING] = conn->config.connect_timeout_ms,
		[OF_CONN_HANDSHAKE] = conn->config.hello_timeout_ms,
		[OF_CONN_ACTIVE] = conn->config.probe_interval_ms,
		[OF_CONN_IDLE] = conn->config.probe_interval_ms,
	};

	conn->state = state;
	conn->state_ms = mono_clock_ms();
	if (timeout[state] == NEVER_MS)
		evtimer_del(&conn->ev_timer);
	else if (state == OF_CONN_BACKOFF)
		arm_timer(conn, conn_wait_ms(conn->backoff_ms, random_u32()));
	else
		arm_timer(conn, timeout[state]);
}

void conn_defer(struct of_conn *conn)
{
	/* A timer, since event_active() would run it within this turn of the loop. */
	static const struct timeval now;

	if (!evtimer_pending(&conn->ev_turn, NULL))
		evtimer_add(&conn->ev_turn, &now);
}

void conn_doom(struct of_conn *conn, const char *fmt, ...)
{
	va_list ap;

	if (conn->is_doomed)
		return;
	conn->is_doomed = true;
	va_start(ap, fmt);
	vsnprintf(conn->doom, sizeof(conn->doom), fmt, ap);
	va_end(ap);
	conn_defer(conn);
}

void conn_heard(struct of_conn *conn)
{
	conn->rx_ms = mono_clock_ms();
	if (conn->state == OF_CONN_IDLE)
		conn_set_state(conn, OF_CONN_ACTIVE);
}

/* Making and unmaking. */

static void set_default(uint32_t *ms, uint32_t value)
{
	if (!*ms)
		*ms = value;
}

static void init_config(struct of_conn_config *config, const struct of_conn_config *from)
{
	if (from)
		*config = *from;
	set_default(&config->probe_interval_ms, DEFAULT_PROBE_INTERVAL_MS);
	set_default(&config->hello_timeout_ms, DEFAULT_HELLO_TIMEOUT_MS);
	set_default(&config->connect_timeout_ms, DEFAULT_CONNECT_TIMEOUT_MS);
	set_default(&config->min_backoff_ms, DEFAULT_MIN_BACKOFF_MS);
	set_default(&config->max_backoff_ms, DEFAULT_MAX_BACKOFF_MS);
}

static struct of_conn *conn_new(struct event_base *base, const struct stream_addr *addr,
				const char *name, struct tls *tls,
				const struct of_conn_config *config)
{
	struct of_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->tx = evbuffer_new();
	if (!conn->tx) {
		free(conn);
		return NULL;
	}
	conn->base = base;
	conn->addr = *addr;
	conn->tls = addr->kind == STREAM_SSL ? tls : NULL;
	snprintf(conn->name, sizeof(conn->name), "%s", name);
	init_config(&conn->config, config);
	conn->connect_fd = -1;
	conn->role = "";
	conn->next_xid = 1;
	conn->state_ms = mono_clock_ms();
	conn->quiet = (struct conn_quiet)CONN_QUIET_INIT;
	conn->own_limit = (struct log_limit)LOG_LIMIT_INIT(10, 5000);
	conn->limit = &conn->own_limit;
	evtimer_assign(&conn->ev_timer, base, on_timer, conn);
	evtimer_assign(&conn->ev_turn, base, on_turn, conn);
	return conn;
}

static void conn_destroy(struct of_conn *conn)
{
	evtimer_del(&conn->ev_timer);
	evtimer_del(&conn->ev_turn);
	conn_rx_uninit(conn);
	evbuffer_free(conn->tx);
	free(conn);
}

static void del_io_events(struct of_conn *conn)
{
	if (!conn->has_io_events)
		return;
	event_del(&conn->ev_read);
	event_del(&conn->ev_write);
	conn->has_io_events = false;
}

static void add_io_events(struct of_conn *conn, int fd)
{
	event_assign(&conn->ev_read, conn->base, fd, EV_READ | EV_PERSIST, on_io, conn);
	event_assign(&conn->ev_write, conn->base, fd, EV_WRITE | EV_PERSIST, on_io, conn);
	conn->has_io_events = true;
}

/* Closes the descriptor and forgets all that belonged to it. */
static void close_stream(struct of_conn *conn)
{
	bool was_open = conn->stream || conn->connect_fd >= 0;

	del_io_events(conn);
	evtimer_del(&conn->ev_turn);
	stream_free(conn->stream);
	conn->stream = NULL;
	if (conn->connect_fd >= 0)
		close(conn->connect_fd);
	conn->connect_fd = -1;
	evbuffer_drain(conn->tx, evbuffer_get_length(conn->tx));
	conn->is_doomed = conn->is_overflowed = conn->is_paused = conn->is_blocked = false;
	conn->wants_drained = conn->is_tls_done = false;
	conn->want_handshake = conn->want_rx = conn->want_tx = 0;
	conn->version = 0;
	conn->tls_session[0] = '\0';
	if (was_open && conn->hooks)
		conn->hooks->closed(conn, conn->hook_arg);
}

void conn_unhook(struct of_conn *conn)
{
	conn->hooks = NULL;
	conn->limit = &conn->own_limit;
}

void of_conn_free(struct of_conn *conn)
{
	if (!conn || conn->is_freed)
		return;
	if (of_conn_is_up(conn))
		conn_tx_flush(conn);
	conn->is_freed = true;
	conn->state = OF_CONN_VOID;
	close_stream(conn);
	evtimer_del(&conn->ev_timer);
	if (!conn->busy)
		conn_destroy(conn);
}

/* Coming up. */

static void send_hello(struct of_conn *conn)
{
	uint8_t msg[CONN_HELLO_SIZE];

	conn_hello_encode(msg, conn->next_xid++);
	conn_tx_own(conn, msg, sizeof(msg));
}

/* 'fd' is connected: TLS or the hellos come next.  Takes 'fd'. */
static void start_stream(struct of_conn *conn, int fd, bool is_server)
{
	conn_set_state(conn, OF_CONN_HANDSHAKE);
	conn->rx_ms = conn->tx_ms = conn->state_ms;
	conn->stream = stream_new(fd, conn->tls, is_server);
	if (!conn->stream) {
		conn->connect_fd = fd; /* to be closed with everything else */
		conn_doom(conn, "out of memory");
		return;
	}
	add_io_events(conn, fd);
	if (!conn->tls) {
		conn->is_tls_done = true;
		send_hello(conn);
	}
}

/* 'addr' cannot be used yet: certificates may be configured later. */
static bool lacks_tls(struct of_conn *conn)
{
	if (conn->addr.kind != STREAM_SSL || (conn->tls && tls_is_loaded(conn->tls)))
		return false;
	conn_doom(conn, "no private key and certificates are configured for TLS");
	return true;
}

static void dial(struct of_conn *conn)
{
	bool is_connected;
	int fd;

	conn->n_attempts++;
	conn_set_state(conn, OF_CONN_CONNECTING);
	if (lacks_tls(conn))
		return;
	fd = stream_connect_start(&conn->addr, &is_connected);
	if (fd < 0) {
		conn_doom(conn, "connection failed: %s", strerror(-fd));
	} else if (is_connected) {
		start_stream(conn, fd, false);
	} else {
		conn->connect_fd = fd;
		add_io_events(conn, fd);
		event_add(&conn->ev_write, NULL);
	}
}

static void on_connect(struct of_conn *conn)
{
	int fd = conn->connect_fd, error = stream_connect_result(fd);

	if (error) {
		conn_doom(conn, "connection failed: %s", strerror(-error));
		return;
	}
	del_io_events(conn);
	conn->connect_fd = -1;
	start_stream(conn, fd, false);
}

struct of_conn *of_conn_connect(struct event_base *base, const struct stream_addr *addr,
				struct tls *tls, const struct of_conn_config *config,
				const struct of_conn_cbs *cbs, void *arg)
{
	struct of_conn *conn = conn_new(base, addr, addr->name, tls, config);

	assert(!addr->is_passive);
	if (!conn)
		return NULL;
	conn->is_dialer = true;
	conn->cbs = cbs;
	conn->cb_arg = arg;
	conn_set_state(conn, OF_CONN_BACKOFF);
	return conn;
}

struct of_conn *conn_accept(struct event_base *base, int fd, const struct stream_addr *peer,
			    const char *name, struct tls *tls, const struct of_conn_config *config,
			    const struct conn_hooks *hooks, void *hook_arg, struct log_limit *limit)
{
	struct of_conn *conn = conn_new(base, peer, name, tls, config);

	if (!conn) {
		close(fd);
		return NULL;
	}
	conn->hooks = hooks;
	conn->hook_arg = hook_arg;
	conn->limit = limit;
	conn->n_attempts++;
	if (lacks_tls(conn)) {
		conn_set_state(conn, OF_CONN_HANDSHAKE);
		conn->connect_fd = fd;
	} else {
		start_stream(conn, fd, true);
	}
	conn_defer(conn);
	return conn;
}

/* Tools come and go on local sockets: that is not news. */
static enum log_level up_level(const struct of_conn *conn)
{
	return conn->addr.kind == STREAM_UNIX && !conn->is_dialer ? LOG_LVL_DEBUG : LOG_LVL_INFO;
}

void conn_up(struct of_conn *conn, uint8_t version)
{
	char name[8];

	conn->version = version;
	conn->n_up++;
	conn_quiet_reset(&conn->quiet);
	conn_set_state(conn, OF_CONN_ACTIVE);
	conn->up_ms = conn->state_ms;
	log_limited(conn->limit, up_level(conn), "%s: connected, OpenFlow %s%s%s%s", conn->name,
		    conn_version_name(version, name), conn->tls_session[0] ? " (" : "",
		    conn->tls_session, conn->tls_session[0] ? ")" : "");
	if (conn->hooks)
		conn->hooks->up(conn, conn->hook_arg);
	else if (conn->cbs && conn->cbs->connected)
		conn->cbs->connected(conn, conn->cb_arg);
}

/* Going down. */

static void log_down(struct of_conn *conn, bool was_up, bool is_orderly)
{
	if (was_up)
		log_limited(conn->limit, is_orderly ? up_level(conn) : LOG_LVL_WARN, "%s: %s",
			    conn->name, conn->last_error);
	else if (conn->is_dialer)
		conn_quiet_warn(&conn->quiet, "", conn->name, conn->last_error);
	/* Else the listener logs, which knows its peers. */
}

static void next_backoff(struct of_conn *conn, bool was_up)
{
	uint32_t in_force = conn->backoff_ms ? conn->backoff_ms : conn->config.min_backoff_ms;

	if (was_up && mono_clock_ms() - conn->up_ms >= in_force)
		conn->backoff_ms = 0;
	if (!conn->backoff_ms)
		conn->backoff_ms = conn->config.min_backoff_ms;
	else if (conn->backoff_ms < conn->config.max_backoff_ms / 2)
		conn->backoff_ms *= 2;
	else
		conn->backoff_ms = conn->config.max_backoff_ms;
}

/* Takes the connection down, for the reason in 'doom'.  Only conn_turn() calls it. */
static void conn_fail(struct of_conn *conn)
{
	bool was_up = of_conn_is_up(conn);
	bool is_orderly = conn->rx.is_over && !conn->rx.over;

	memcpy(conn->last_error, conn->doom, sizeof(conn->last_error));
	conn->last_error_ms = mono_clock_ms();
	if (conn->is_tls_done)
		conn_tx_flush(conn); /* an error about the peer's hello, say */
	log_down(conn, was_up, is_orderly);
	if (conn->is_dialer)
		next_backoff(conn, was_up);
	conn_set_state(conn, conn->is_dialer ? OF_CONN_BACKOFF : OF_CONN_VOID);
	close_stream(conn);
	conn_rx_uninit(conn);
	if (!was_up && conn->hooks)
		conn->hooks->failed(conn, conn->hook_arg);
	else if (was_up && conn->cbs && conn->cbs->disconnected)
		conn->cbs->disconnected(conn, conn->last_error, conn->cb_arg);
}

/* Turns. */

/* Goes on with the TLS handshake.  Returns whether it is done. */
static bool run_handshake(struct of_conn *conn)
{
	char text[CONN_REASON_SIZE];
	int error;

	if (conn->is_tls_done)
		return true;
	error = stream_handshake(conn->stream, &conn->want_handshake);
	if (!error) {
		conn->is_tls_done = true;
		tls_describe_session(stream_ssl(conn->stream), conn->tls_session,
				     sizeof(conn->tls_session));
		send_hello(conn);
	} else if (error != -EAGAIN) {
		conn_doom(conn, "%s",
			  stream_error(conn->stream, error, "TLS handshake", text, sizeof(text)));
	}
	return conn->is_tls_done;
}

static bool is_rx_due(const struct of_conn *conn, short events)
{
	if (!conn_rx_may_deliver(conn))
		return false;
	if (conn->rx.is_full_read || !conn->want_rx)
		return true;
	return events & (conn->want_rx == STREAM_WANT_READ ? EV_READ : EV_WRITE);
}

static bool is_drained_due(const struct of_conn *conn)
{
	return conn->wants_drained && of_conn_is_up(conn) &&
	       of_conn_backlog(conn) <= OF_CONN_TX_LOW;
}

static void run_stream(struct of_conn *conn, short events)
{
	if (!run_handshake(conn))
		return;
	if (is_rx_due(conn, events))
		conn_rx_fill(conn);
	conn_rx_deliver(conn);
	if (conn->is_freed)
		return;
	if (conn->rx.is_over && conn_rx_may_deliver(conn) && !conn_rx_has_message(conn)) {
		conn_doom(conn, "%s", conn->rx.over_text);
		return;
	}
	if (conn->is_doomed)
		return;
	conn_tx_flush(conn);
	if (is_drained_due(conn) && !conn->is_doomed) {
		conn->wants_drained = false;
		if (conn->cbs && conn->cbs->drained)
			conn->cbs->drained(conn, conn->cb_arg);
		if (!conn->is_freed && !conn->is_doomed)
			conn_tx_flush(conn);
	}
}

static void want_event(struct event *ev, short what, bool is_wanted)
{
	if (is_wanted == !!event_pending(ev, what, NULL))
		return;
	if (is_wanted)
		event_add(ev, NULL);
	else
		event_del(ev);
}

/* Asks the loop for what has to happen before the next turn can do something. */
static void update_events(struct of_conn *conn)
{
	const struct conn_rx *rx = &conn->rx;
	bool is_turn_due = conn->is_doomed;
	int want = 0;

	if (!conn->is_tls_done) {
		want = conn->want_handshake;
	} else {
		if (conn_rx_may_deliver(conn)) {
			if (conn_rx_has_message(conn) || (rx->is_full_read && !rx->is_over))
				is_turn_due = true;
			else if (!rx->is_over)
				want |= conn->want_rx ? conn->want_rx : STREAM_WANT_READ;
		}
		if (of_conn_backlog(conn) && conn->want_tx)
			want |= conn->want_tx;
		else if (of_conn_backlog(conn) || is_drained_due(conn))
			is_turn_due = true;
	}
	want_event(&conn->ev_read, EV_READ, want & STREAM_WANT_READ);
	want_event(&conn->ev_write, EV_WRITE, want & STREAM_WANT_WRITE);
	if (is_turn_due)
		conn_defer(conn);
}

void conn_turn(struct of_conn *conn, short events)
{
	conn->busy++;
	if (conn->stream && !conn->is_doomed)
		run_stream(conn, events);
	if (!conn->is_freed && conn->is_doomed)
		conn_fail(conn);
	if (!conn->is_freed && conn->stream)
		update_events(conn);
	conn->busy--;
	if (conn->is_freed && !conn->busy)
		conn_destroy(conn);
}

static void on_io(evutil_socket_t fd, short events, void *arg)
{
	struct of_conn *conn = arg;

	(void)fd;
	if (conn->state == OF_CONN_CONNECTING)
		on_connect(conn);
	conn_turn(conn, events);
}

static void on_turn(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	conn_turn(arg, 0);
}

/* The timer of ACTIVE and IDLE. */
static void probe(struct of_conn *conn)
{
	uint32_t interval = conn->config.probe_interval_ms;
	uint64_t now = mono_clock_ms();

	if (conn->is_blocked || (conn->is_paused && of_conn_backlog(conn))) {
		/* We do not listen, so silence says nothing; that nothing is taken does. */
		if (now - conn->tx_ms >= 2ull * interval)
			conn_doom(conn, "peer does not read: %zu bytes wait to be sent",
				  of_conn_backlog(conn));
		else
			arm_timer(conn, interval);
	} else if (conn->is_paused) {
		conn->rx_ms = now;
		conn_set_state(conn, OF_CONN_ACTIVE);
	} else if (conn->state == OF_CONN_IDLE) {
		/* It may be us who did not listen: look what is there before the peer is blamed. */
		conn_rx_fill(conn);
		if (conn->state == OF_CONN_IDLE && !conn->rx.is_over)
			conn_doom(conn, "no answer to an echo request for %u.%u s", interval / 1000,
				  interval % 1000 / 100);
	} else if (now - conn->rx_ms < interval) {
		arm_timer(conn, interval - (now - conn->rx_ms));
	} else {
		conn_tx_echo_request(conn);
		conn_set_state(conn, OF_CONN_IDLE);
	}
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
	struct of_conn *conn = arg;
	uint32_t ms;

	(void)fd;
	(void)events;
	switch (conn->state) {
	case OF_CONN_VOID:
		return;
	case OF_CONN_BACKOFF:
		dial(conn);
		break;
	case OF_CONN_CONNECTING:
		ms = conn->config.connect_timeout_ms;
		conn_doom(conn, "connection failed: no answer for %u.%u s", ms / 1000,
			  ms % 1000 / 100);
		break;
	case OF_CONN_HANDSHAKE:
		ms = conn->config.hello_timeout_ms;
		conn_doom(conn, "no %s from the peer for %u.%u s",
			  conn->is_tls_done ? "hello" : "TLS handshake", ms / 1000,
			  ms % 1000 / 100);
		break;
	case OF_CONN_ACTIVE:
	case OF_CONN_IDLE:
		probe(conn);
		break;
	}
	conn_turn(conn, 0);
}

/* The owner's calls. */

void of_conn_set_callbacks(struct of_conn *conn, const struct of_conn_cbs *cbs, void *arg)
{
	conn->cbs = cbs;
	conn->cb_arg = arg;
}

/* Returns how many whole messages there are, 0 if they are not. */
static unsigned int count_messages(const uint8_t *p, size_t len)
{
	unsigned int n = 0;

	while (len) {
		size_t msg_len = len >= 4 ? (size_t)(p[2] << 8 | p[3]) : 0;

		if (msg_len < sizeof(struct ofp_header) || msg_len > len)
			return 0;
		p += msg_len;
		len -= msg_len;
		n++;
	}
	return n;
}

int of_conn_send(struct of_conn *conn, const void *data, size_t len)
{
	unsigned int n = count_messages(data, len);
	int error;

	if (!of_conn_is_up(conn) || conn->is_doomed)
		return conn->is_overflowed ? -ENOBUFS : -ENOTCONN;
	if (!n) {
		/* After this the peer could not tell where a message begins. */
		conn_doom(conn, "bug: %zu bytes that are no whole messages were to be sent", len);
		return -EINVAL;
	}
	error = conn_tx_queue(conn, data, len);
	if (error)
		return error;
	conn->n_tx += n;
	if (!conn->busy)
		conn_defer(conn);
	return 0;
}

size_t of_conn_backlog(const struct of_conn *conn)
{
	return evbuffer_get_length(conn->tx);
}

void of_conn_want_drained(struct of_conn *conn)
{
	conn->wants_drained = true;
	if (!conn->busy)
		conn_defer(conn);
}

void of_conn_pause(struct of_conn *conn, bool paused)
{
	if (conn->is_paused == paused || !of_conn_is_up(conn))
		return;
	conn->is_paused = paused;
	conn->rx_ms = mono_clock_ms();
	if (!conn->busy)
		conn_defer(conn);
}

void of_conn_disconnect(struct of_conn *conn, const char *reason)
{
	if (of_conn_is_up(conn))
		conn_doom(conn, "%s", reason);
}

void of_conn_retry_now(struct of_conn *conn)
{
	if (conn->state != OF_CONN_BACKOFF)
		return;
	conn->backoff_ms = 0;
	arm_timer(conn, 0);
}

const char *of_conn_name(const struct of_conn *conn)
{
	return conn->name;
}

bool of_conn_is_up(const struct of_conn *conn)
{
	return conn->state == OF_CONN_ACTIVE || conn->state == OF_CONN_IDLE;
}

bool of_conn_is_active_kind(const struct of_conn *conn)
{
	return conn->is_dialer;
}

enum of_conn_state of_conn_get_state(const struct of_conn *conn)
{
	return conn->state;
}

uint8_t of_conn_version(const struct of_conn *conn)
{
	return conn->version;
}

void of_conn_set_role(struct of_conn *conn, const char *role)
{
	conn->role = role;
}

void of_conn_get_info(const struct of_conn *conn, struct of_conn_info *ret)
{
	uint64_t now = mono_clock_ms();

	*ret = (struct of_conn_info){
		.state = conn->state,
		.state_ms = now - (of_conn_is_up(conn) ? conn->up_ms : conn->state_ms),
		.name = conn->name,
		.role = conn->role,
		.last_error = conn->last_error,
		.last_error_ms = conn->last_error[0] ? now - conn->last_error_ms : 0,
		.tls_session = conn->tls_session,
		.n_rx = conn->n_rx,
		.n_tx = conn->n_tx,
		.n_rx_bytes = conn->n_rx_bytes,
		.n_tx_bytes = conn->n_tx_bytes,
		.n_attempts = conn->n_attempts,
		.n_up = conn->n_up,
		.n_overflows = conn->n_overflows,
		.backlog = of_conn_backlog(conn),
	};
}
