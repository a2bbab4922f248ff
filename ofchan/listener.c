// SPDX-License-Identifier: Apache-2.0
/* Listening for OpenFlow connections; see listener.h. */
#include "ofchan/listener.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "ofchan/conn_private.h"

#define LISTEN_BACKLOG 128
/* Connections accepted in one turn of the event loop. */
#define ACCEPT_BATCH 16

struct of_listener {
	struct event_base *base;
	struct stream_addr addr;
	int fd;
	uint16_t port;
	struct tls *tls;
	struct of_conn_config config;
	of_listener_accepted *accepted;
	void *arg;
	struct event ev_accept, ev_retry;
	/* All that were accepted and are still open, handed over or not. */
	LIST_HEAD(, of_conn) conns;
	unsigned int n_conns;
	unsigned int next_id; /* of peers that have no address: unix sockets */
	dev_t dev;	      /* of the unix socket's file, to remove only our own */
	ino_t ino;
	struct conn_quiet quiet;
	struct log_limit limit;
};

/* Accepting. */

static void pause_accepting(struct of_listener *l)
{
	static const struct timeval retry = { .tv_usec = OF_LISTENER_RETRY_MS * 1000 };

	event_del(&l->ev_accept);
	evtimer_add(&l->ev_retry, &retry);
}

static void on_retry(evutil_socket_t fd, short events, void *arg)
{
	struct of_listener *l = arg;

	(void)fd;
	(void)events;
	if (l->n_conns < OF_LISTENER_MAX)
		event_add(&l->ev_accept, NULL);
	/* Else on_closed() does it. */
}

static void on_closed(struct of_conn *conn, void *arg)
{
	struct of_listener *l = arg;

	LIST_REMOVE(conn, link);
	if (l->n_conns-- == OF_LISTENER_MAX)
		event_add(&l->ev_accept, NULL);
}

static void on_up(struct of_conn *conn, void *arg)
{
	struct of_listener *l = arg;

	l->accepted(l, conn, l->arg);
}

/* The peer was not up yet, so nobody but us knows of it. */
static void on_failed(struct of_conn *conn, void *arg)
{
	struct of_listener *l = arg;
	char who[sizeof(conn->name)];
	char *end;

	/* One peer has many ports. */
	snprintf(who, sizeof(who), "%s", conn->name);
	end = strrchr(who, l->addr.kind == STREAM_UNIX ? '#' : ':');
	if (end)
		*end = '\0';
	conn_quiet_warn(&l->quiet, who, conn->name, conn->last_error);
	of_conn_free(conn);
}

static const struct conn_hooks hooks = { .up = on_up, .failed = on_failed, .closed = on_closed };

static void accepted(struct of_listener *l, int fd, const struct sockaddr *sa, socklen_t sa_len)
{
	char name[STREAM_NAME_SIZE + 16];
	struct stream_addr peer;
	struct of_conn *conn;
	int one = 1;

	if (l->addr.kind == STREAM_UNIX) {
		peer = l->addr;
		peer.is_passive = false;
		snprintf(name, sizeof(name), "unix:%s#%u", stream_addr_path(&l->addr),
			 l->next_id++);
	} else {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		stream_addr_from_sockaddr(l->addr.kind, sa, sa_len, &peer);
		snprintf(name, sizeof(name), "%s", peer.name);
	}
	conn = conn_accept(l->base, fd, &peer, name, l->tls, &l->config, &hooks, l, &l->limit);
	if (!conn) {
		conn_quiet_warn(&l->quiet, "", l->addr.name, "out of memory");
		return;
	}
	LIST_INSERT_HEAD(&l->conns, conn, link);
	l->n_conns++;
}

/* Accepting failed.  Returns whether to try again at once. */
static bool accept_failed(struct of_listener *l, int error)
{
	char text[128];

	switch (error) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		/* The socket stays readable: without a pause the loop would spin. */
		snprintf(text, sizeof(text), "cannot accept connections for now: %s",
			 strerror(error));
		conn_quiet_warn(&l->quiet, "", l->addr.name, text);
		pause_accepting(l);
		return false;
	default:
		/* Errors of the connection that was to be accepted (accept(2)). */
		return true;
	}
}

static void on_accept(evutil_socket_t listen_fd, short events, void *arg)
{
	struct of_listener *l = arg;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
		socklen_t sa_len = sizeof(sa);
		int fd;

		if (l->n_conns >= OF_LISTENER_MAX) {
			conn_quiet_warn(&l->quiet, "", l->addr.name,
					"too many connections: further ones must wait");
			event_del(&l->ev_accept);
			return;
		}
		fd = accept4(listen_fd, (struct sockaddr *)&sa, &sa_len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			accepted(l, fd, (struct sockaddr *)&sa, sa_len);
		else if (!accept_failed(l, errno))
			return;
	}
}

/* Opening. */

/* Removes the file of a unix socket that nobody listens on.  Returns 0 if there is none any more.
 */
static int remove_stale(const struct stream_addr *addr)
{
	const char *path = stream_addr_path(addr);
	struct stat st;
	int fd, error;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = connect(fd, (const struct sockaddr *)&addr->sa, addr->sa_len) ? errno : 0;
	close(fd);
	if (error != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(path) ? -errno : 0;
}

static int open_socket(struct of_listener *l)
{
	struct sockaddr_storage sa;
	socklen_t sa_len = sizeof(sa);
	int one = 1, error;

	if (l->addr.kind == STREAM_UNIX) {
		error = remove_stale(&l->addr);
		if (error)
			return error;
	}
	l->fd = socket(l->addr.sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -errno;
	if (l->addr.kind == STREAM_UNIX) {
		/* The mode that bind() will give the file. */
		if (fchmod(l->fd, 0600))
			return -errno;
	} else if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))) {
		return -errno;
	}
	if (bind(l->fd, (const struct sockaddr *)&l->addr.sa, l->addr.sa_len) ||
	    listen(l->fd, LISTEN_BACKLOG) || getsockname(l->fd, (struct sockaddr *)&sa, &sa_len))
		return -errno;
	if (l->addr.kind != STREAM_UNIX) {
		stream_addr_from_sockaddr(l->addr.kind, (struct sockaddr *)&sa, sa_len, &l->addr);
		stream_addr_make_passive(&l->addr);
		l->port = ntohs(((const struct sockaddr_in *)&sa)->sin_port);
	}
	return 0;
}

static void remember_file(struct of_listener *l)
{
	struct stat st;

	if (l->addr.kind == STREAM_UNIX && !lstat(stream_addr_path(&l->addr), &st)) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
}

static void remove_file(struct of_listener *l)
{
	const char *path = stream_addr_path(&l->addr);
	struct stat st;

	if (path && l->ino && !lstat(path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(path);
}

struct of_listener *of_listener_open(struct event_base *base, const struct stream_addr *addr,
				     struct tls *tls, const struct of_conn_config *config,
				     of_listener_accepted *accepted_cb, void *arg, int *ret_error,
				     char *err, size_t err_size)
{
	struct of_listener *l = calloc(1, sizeof(*l));
	int error = -ENOMEM;

	assert(addr->is_passive);
	if (!l)
		goto fail;
	l->base = base;
	l->addr = *addr;
	l->fd = -1;
	l->tls = tls;
	if (config)
		l->config = *config;
	l->accepted = accepted_cb;
	l->arg = arg;
	l->quiet = (struct conn_quiet)CONN_QUIET_INIT;
	l->limit = (struct log_limit)LOG_LIMIT_INIT(20, 5000);
	LIST_INIT(&l->conns);
	error = open_socket(l);
	if (error)
		goto fail;
	remember_file(l);
	event_assign(&l->ev_accept, base, l->fd, EV_READ | EV_PERSIST, on_accept, l);
	evtimer_assign(&l->ev_retry, base, on_retry, l);
	event_add(&l->ev_accept, NULL);
	return l;
fail:
	if (err && err_size)
		snprintf(err, err_size, "%s: cannot listen: %s", addr->name,
			 error == -EEXIST ? "the file is not a socket" : strerror(-error));
	if (l && l->fd >= 0)
		close(l->fd);
	free(l);
	*ret_error = error;
	return NULL;
}

void of_listener_close(struct of_listener *l)
{
	struct of_conn *conn;

	if (!l)
		return;
	while ((conn = LIST_FIRST(&l->conns))) {
		LIST_REMOVE(conn, link);
		conn_unhook(conn);
		if (!of_conn_is_up(conn))
			of_conn_free(conn);
	}
	event_del(&l->ev_accept);
	evtimer_del(&l->ev_retry);
	remove_file(l);
	close(l->fd);
	free(l);
}

const char *of_listener_name(const struct of_listener *l)
{
	return l->addr.name;
}

uint16_t of_listener_port(const struct of_listener *l)
{
	return l->port;
}

unsigned int of_listener_n_conns(const struct of_listener *l)
{
	return l->n_conns;
}
