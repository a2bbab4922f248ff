// SPDX-License-Identifier: Apache-2.0
/* Addresses and non-blocking byte streams; see stream.h.  What is TLS's own is in tls.c. */
#include "ofchan/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "ofchan/tls.h"

/* What is read and thrown away on close, so that the kernel ends the connection with FIN, not RST:
 * a RST could overtake the error message or TLS alert that was sent last. */
#define LINGER_BYTES 65536

struct stream {
	int fd;
	bool is_server;
	bool handshaken; /* always true without TLS */
	bool failed;	 /* TLS is in an error state: no close_notify */
	SSL *ssl;	 /* owned; NULL without TLS */
};

/* The address grammar. */

struct addr_parser {
	const char *start; /* the whole address, for columns */
	char *err;
	size_t err_size;
};

static int parse_fail(const struct addr_parser *p, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int parse_fail(const struct addr_parser *p, const char *at, const char *fmt, ...)
{
	char msg[256];
	va_list ap;

	if (p->err && p->err_size) {
		va_start(ap, fmt);
		vsnprintf(msg, sizeof(msg), fmt, ap);
		va_end(ap);
		snprintf(p->err, p->err_size, "\"%.128s\": column %td: %s", p->start,
			 at - p->start + 1, msg);
	}
	return -EINVAL;
}

static int parse_port(const struct addr_parser *p, const char *s, size_t n, unsigned int min,
		      uint16_t *ret)
{
	unsigned int port = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || port > 65535)
			goto bad;
		port = port * 10 + (unsigned int)(s[i] - '0');
	}
	if (!n || port < min || port > 65535)
		goto bad;
	*ret = (uint16_t)port;
	return 0;
bad:
	return parse_fail(p, s, "port \"%.*s\" is not a number from %u to 65535",
			  (int)(n < 64 ? n : 64), s, min);
}

static void set_inet4(struct stream_addr *addr, struct in_addr host)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&addr->sa;

	sin->sin_family = AF_INET;
	sin->sin_addr = host;
	addr->sa_len = sizeof(*sin);
}

/* "[IPV6]" or "[IPV6%ZONE]"; 's' is at the bracket, 'n' includes both. */
static int parse_inet6(const struct addr_parser *p, const char *s, size_t n,
		       struct stream_addr *addr)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&addr->sa;
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
	char *zone;

	if (n < 3 || n - 2 >= sizeof(host))
		return parse_fail(p, s, "the brackets hold no IPv6 address");
	memcpy(host, s + 1, n - 2);
	host[n - 2] = '\0';
	zone = strchr(host, '%');
	if (zone) {
		*zone++ = '\0';
		sin6->sin6_scope_id = if_nametoindex(zone);
		if (!sin6->sin6_scope_id)
			return parse_fail(p, s + 1 + (zone - host),
					  "there is no network interface \"%s\"", zone);
	}
	if (inet_pton(AF_INET6, host, &sin6->sin6_addr) != 1)
		return parse_fail(p, s + 1, "\"%s\" is not an IPv6 address", host);
	sin6->sin6_family = AF_INET6;
	addr->sa_len = sizeof(*sin6);
	return 0;
}

/* A whole HOST of 'n' bytes. */
static int parse_host(const struct addr_parser *p, const char *s, size_t n,
		      struct stream_addr *addr)
{
	struct in_addr in4;
	char host[64];

	if (*s == '[')
		return parse_inet6(p, s, n, addr);
	if (memchr(s, ':', n))
		return parse_fail(p, s, "an IPv6 address is written in brackets, \"[::1]\"");
	snprintf(host, sizeof(host), "%.*s", (int)(n < sizeof(host) ? n : sizeof(host)), s);
	if (n >= sizeof(host) || inet_pton(AF_INET, host, &in4) != 1)
		return parse_fail(
			p, s, "\"%s\" is not a numeric IP address (names are not looked up)", host);
	set_inet4(addr, in4);
	return 0;
}

static void set_port(struct stream_addr *addr, uint16_t port)
{
	if (addr->sa.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&addr->sa)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&addr->sa)->sin_port = htons(port);
}

/* The end of the HOST that begins at 's': behind the bracket, or at the last colon, or at the end.
 */
static const char *host_end(const char *s)
{
	const char *end;

	if (*s == '[') {
		end = strchr(s, ']');
		return end ? end + 1 : NULL;
	}
	/* More than one colon is an IPv6 address without brackets: parse_host() says so. */
	end = strchr(s, ':');
	return end && !strchr(end + 1, ':') ? end : s + strlen(s);
}

/* HOST[:PORT] */
static int parse_active(const struct addr_parser *p, const char *s, struct stream_addr *addr)
{
	uint16_t port = STREAM_DEFAULT_PORT;
	const char *end = host_end(s);
	int error;

	if (!*s)
		return parse_fail(p, s, "an IP address is missing");
	if (!end)
		return parse_fail(p, s, "the closing bracket is missing");
	error = parse_host(p, s, (size_t)(end - s), addr);
	if (error)
		return error;
	if (*end == ':')
		error = parse_port(p, end + 1, strlen(end + 1), 1, &port);
	else if (*end)
		error = parse_fail(p, end, "a colon and a port number should follow");
	if (error)
		return error;
	set_port(addr, port);
	return 0;
}

/* [PORT][:HOST] */
static int parse_passive(const struct addr_parser *p, const char *s, struct stream_addr *addr)
{
	struct in_addr any = { .s_addr = htonl(INADDR_ANY) };
	uint16_t port = STREAM_DEFAULT_PORT;
	size_t n = strcspn(s, ":");
	const char *host, *end;
	int error;

	if (n) {
		error = parse_port(p, s, n, 0, &port);
		if (error)
			return error;
	}
	if (s[n] == ':') {
		host = s + n + 1;
		if (!*host)
			return parse_fail(p, host, "an IP address is missing after the colon");
		end = *host == '[' ? host_end(host) : host + strlen(host);
		if (!end)
			return parse_fail(p, host, "the closing bracket is missing");
		if (*end)
			return parse_fail(p, end, "nothing may follow the address");
		error = parse_host(p, host, (size_t)(end - host), addr);
		if (error)
			return error;
	} else {
		set_inet4(addr, any);
	}
	set_port(addr, port);
	return 0;
}

static int parse_path(const struct addr_parser *p, const char *s, struct stream_addr *addr)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)&addr->sa;
	size_t n = strlen(s);

	if (!n)
		return parse_fail(p, s, "a path is missing");
	if (n >= sizeof(sun->sun_path))
		return parse_fail(p, s, "the path has %zu bytes, a unix socket's may have %zu", n,
				  sizeof(sun->sun_path) - 1);
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, s, n + 1);
	addr->sa_len = sizeof(*sun);
	return 0;
}

static const struct {
	const char *prefix;
	enum stream_kind kind;
	bool is_passive;
	int (*parse)(const struct addr_parser *p, const char *s, struct stream_addr *addr);
} schemes[] = {
	{ "tcp:", STREAM_TCP, false, parse_active },  { "ssl:", STREAM_SSL, false, parse_active },
	{ "unix:", STREAM_UNIX, false, parse_path },  { "ptcp:", STREAM_TCP, true, parse_passive },
	{ "pssl:", STREAM_SSL, true, parse_passive }, { "punix:", STREAM_UNIX, true, parse_path },
};
#define N_SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static void format_host(const struct stream_addr *addr, char *buf, size_t size)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&addr->sa;
	char host[INET6_ADDRSTRLEN] = "?", ifname[IF_NAMESIZE];

	if (addr->sa.ss_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)&addr->sa)->sin_addr, host,
			  sizeof(host));
		snprintf(buf, size, "%s", host);
		return;
	}
	inet_ntop(AF_INET6, &sin6->sin6_addr, host, sizeof(host));
	if (sin6->sin6_scope_id && if_indextoname(sin6->sin6_scope_id, ifname))
		snprintf(buf, size, "[%s%%%s]", host, ifname);
	else
		snprintf(buf, size, "[%s]", host);
}

static void format_name(struct stream_addr *addr)
{
	static const char *const kinds[] = { "tcp", "ssl", "unix" };
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 4];
	const char *p = addr->is_passive ? "p" : "", *kind = kinds[addr->kind];
	unsigned int port;

	if (addr->kind == STREAM_UNIX) {
		snprintf(addr->name, sizeof(addr->name), "%sunix:%s", p, stream_addr_path(addr));
		return;
	}
	/* sin_port and sin6_port are at the same place. */
	port = ntohs(((const struct sockaddr_in *)&addr->sa)->sin_port);
	format_host(addr, host, sizeof(host));
	if (addr->is_passive)
		snprintf(addr->name, sizeof(addr->name), "p%s:%u:%s", kind, port, host);
	else
		snprintf(addr->name, sizeof(addr->name), "%s:%s:%u", kind, host, port);
}

int stream_addr_parse(const char *s, struct stream_addr *ret, char *err, size_t err_size)
{
	const struct addr_parser p = { .start = s, .err = err, .err_size = err_size };
	struct stream_addr addr = { .sa_len = 0 };
	int error;

	for (size_t i = 0; i < N_SCHEMES; i++) {
		size_t n = strlen(schemes[i].prefix);

		if (strncmp(s, schemes[i].prefix, n))
			continue;
		addr.kind = schemes[i].kind;
		addr.is_passive = schemes[i].is_passive;
		error = schemes[i].parse(&p, s + n, &addr);
		if (error)
			return error;
		format_name(&addr);
		*ret = addr;
		return 0;
	}
	return parse_fail(&p, s,
			  "an address begins with tcp:, ssl:, unix:, ptcp:, pssl: or punix:");
}

const char *stream_addr_path(const struct stream_addr *addr)
{
	return addr->kind == STREAM_UNIX ? ((const struct sockaddr_un *)&addr->sa)->sun_path : NULL;
}

void stream_addr_from_sockaddr(enum stream_kind kind, const struct sockaddr *sa, socklen_t sa_len,
			       struct stream_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->kind = kind;
	ret->sa_len = sa_len < sizeof(ret->sa) ? sa_len : (socklen_t)sizeof(ret->sa) - 1;
	memcpy(&ret->sa, sa, ret->sa_len);
	format_name(ret);
}

void stream_addr_make_passive(struct stream_addr *addr)
{
	addr->is_passive = true;
	format_name(addr);
}

/* Connecting. */

int stream_connect_start(const struct stream_addr *addr, bool *ret_done)
{
	int one = 1, fd, error;

	fd = socket(addr->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (addr->kind != STREAM_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!connect(fd, (const struct sockaddr *)&addr->sa, addr->sa_len)) {
		*ret_done = true;
		return fd;
	}
	if (errno == EINPROGRESS) {
		*ret_done = false;
		return fd;
	}
	error = -errno;
	close(fd);
	return error;
}

int stream_connect_result(int fd)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return -errno;
	return -error;
}

/* Streams. */

struct stream *stream_new(int fd, struct tls *tls, bool is_server)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fd = fd;
	s->is_server = is_server;
	s->handshaken = !tls;
	if (tls) {
		s->ssl = tls_new_ssl(tls, fd, is_server);
		if (!s->ssl) {
			free(s);
			return NULL;
		}
	}
	return s;
}

static void discard_input(int fd)
{
	char junk[4096];

	for (int i = 0; i < LINGER_BYTES / (int)sizeof(junk); i++)
		if (recv(fd, junk, sizeof(junk), MSG_DONTWAIT) <= 0)
			return;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	if (s->ssl) {
		ERR_clear_error();
		if (s->handshaken && !s->failed)
			SSL_shutdown(s->ssl);
		SSL_free(s->ssl);
		ERR_clear_error();
	}
	shutdown(s->fd, SHUT_WR);
	discard_input(s->fd);
	close(s->fd);
	free(s);
}

int stream_fd(const struct stream *s)
{
	return s->fd;
}

bool stream_is_tls(const struct stream *s)
{
	return s->ssl;
}

void *stream_ssl(const struct stream *s)
{
	return s->ssl;
}

/* Turns the result 'r' <= 0 of an operation on the SSL object into a return value. */
static int tls_result(struct stream *s, int r, int *ret_want)
{
	int sys_error = errno;

	switch (SSL_get_error(s->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		*ret_want = STREAM_WANT_READ;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		*ret_want = STREAM_WANT_WRITE;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return -ENOTCONN;
	case SSL_ERROR_SYSCALL:
		s->failed = true;
		return sys_error ? -sys_error : -ECONNRESET;
	default:
		s->failed = true;
		return -EPROTO;
	}
}

/* Writing failed since the peer has gone; if it said why before it went, in an alert that we have
 * not read yet, that is the better error. */
static int tls_look_for_alert(struct stream *s, int error)
{
	char byte;
	int r;

	if (error != -EPIPE && error != -ECONNRESET)
		return error;
	ERR_clear_error();
	r = SSL_peek(s->ssl, &byte, 1);
	if (r <= 0 && SSL_get_error(s->ssl, r) == SSL_ERROR_SSL)
		return -EPROTO;
	ERR_clear_error();
	return error;
}

int stream_handshake(struct stream *s, int *ret_want)
{
	int r;

	if (s->handshaken)
		return 0;
	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(s->ssl);
	if (r == 1) {
		s->handshaken = true;
		return 0;
	}
	r = tls_result(s, r, ret_want);
	return r == -ENOTCONN ? -ECONNRESET : r;
}

static ssize_t tls_read(struct stream *s, void *p, size_t n, int *ret_want)
{
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_read(s->ssl, p, (int)(n < INT_MAX ? n : INT_MAX));
	if (r > 0)
		return r;
	r = tls_result(s, r, ret_want);
	/* OpenFlow frames its messages: an end without close_notify, as many peers do, loses
	 * nothing. */
	if (r == -ENOTCONN || (r == -EPROTO && ERR_GET_REASON(ERR_peek_error()) ==
						       SSL_R_UNEXPECTED_EOF_WHILE_READING))
		return 0;
	return r;
}

ssize_t stream_read(struct stream *s, void *p, size_t n, int *ret_want)
{
	ssize_t r;

	if (s->ssl)
		return tls_read(s, p, n, ret_want);
	do {
		r = recv(s->fd, p, n, 0);
	} while (r < 0 && errno == EINTR);
	if (r >= 0)
		return r;
	*ret_want = STREAM_WANT_READ;
	return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static ssize_t tls_write(struct stream *s, const struct iovec *iov, int *ret_want)
{
	/* A call that is repeated after -EAGAIN must not be shorter: hence a fixed maximum. */
	int r, n = (int)(iov->iov_len < 16384 ? iov->iov_len : 16384);

	ERR_clear_error();
	errno = 0;
	r = SSL_write(s->ssl, iov->iov_base, n);
	if (r > 0)
		return r;
	r = tls_result(s, r, ret_want);
	return tls_look_for_alert(s, r == -ENOTCONN ? -EPIPE : r);
}

ssize_t stream_write(struct stream *s, const struct iovec *iov, int n_iov, int *ret_want)
{
	const struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n_iov };
	ssize_t r;

	if (s->ssl)
		return tls_write(s, iov, ret_want);
	do {
		r = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
	} while (r < 0 && errno == EINTR);
	if (r >= 0)
		return r;
	*ret_want = STREAM_WANT_WRITE;
	return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

const char *stream_error(struct stream *s, int error, const char *during, char *buf, size_t size)
{
	char why[1400];

	if (s->ssl && (error == -EPROTO || !s->handshaken))
		tls_describe_failure(s->ssl, error == -EPROTO ? 0 : error, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "%s", strerror(-error));
	snprintf(buf, size, "%s failed: %s", during, why);
	return buf;
}
