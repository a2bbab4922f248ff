/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as Open vSwitch spells them, and the byte streams between two of them.
 *
 *   active    tcp:HOST[:PORT]     ssl:HOST[:PORT]     unix:PATH
 *   passive   ptcp:[PORT][:HOST]  pssl:[PORT][:HOST]  punix:PATH
 *
 * PORT is 6653 if absent; a passive PORT 0 lets the kernel choose.  HOST is a numeric IPv4 address
 * or a numeric IPv6 address in brackets, which may carry a zone ("[fe80::1%eth0]"); a passive HOST
 * that is absent means all IPv4 addresses ("[::]" means all addresses of both families, as the
 * kernel has it). Names are refused: a resolver blocks, or lies when the network is down, and a
 * switch's way to its controller must depend on neither.
 *
 * A 'struct stream' is a connected socket with or without TLS on it, non-blocking, without buffers
 * and without an event loop: conn.c drives it from libevent, client.c from poll(2).  libevent's
 * bufferevents are not used for it: they read at most 4096 bytes a turn (libevent 2.1,
 * EVBUFFER_MAX_READ), which cuts a controller's burst into 40-message batches, and
 * bufferevent_openssl hides the error queue that says whose certificate was refused.
 *
 * Nothing here raises SIGPIPE.
 */
#ifndef SKEP_OFCHAN_STREAM_H
#define SKEP_OFCHAN_STREAM_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct tls;

#define STREAM_DEFAULT_PORT 6653
/* Long enough for "punix:" and sun_path, and for any numeric address with its zone. */
#define STREAM_NAME_SIZE 128

enum stream_kind { STREAM_TCP, STREAM_SSL, STREAM_UNIX };

struct stream_addr {
	enum stream_kind kind;
	bool is_passive;
	socklen_t sa_len;
	struct sockaddr_storage sa;
	/* The address in full: "ssl:192.0.2.1:6653", "ptcp:6653:0.0.0.0",
	 * "unix:/run/skep/br0.mgmt". */
	char name[STREAM_NAME_SIZE];
};

/* Parses 's' into '*ret'.  Returns 0, or -EINVAL with a message in 'err' ('err_size' bytes; it may
 * be NULL) that says what is wrong and at which column of 's', counted from 1. */
int stream_addr_parse(const char *s, struct stream_addr *ret, char *err, size_t err_size);

/* The path of a unix: or punix: address, NULL of others. */
const char *stream_addr_path(const struct stream_addr *addr);

/* Fills 'ret' with the active form of a peer's socket address: what an accepted connection is
 * called. */
void stream_addr_from_sockaddr(enum stream_kind kind, const struct sockaddr *sa, socklen_t sa_len,
			       struct stream_addr *ret);

/* Turns tcp: or ssl: into ptcp: or pssl: of the same host and port. */
void stream_addr_make_passive(struct stream_addr *addr);

/* The stream itself.  To use: stream_new(), stream_handshake() until it returns 0, then read and
 * write. */
struct stream;

/* Opens a non-blocking socket and starts to connect it to 'addr', which must be active.  Returns
 * the descriptor, which the caller owns (connected if '*ret_done', else once it is writable and
 * stream_connect_result() is 0), or a negative errno. */
int stream_connect_start(const struct stream_addr *addr, bool *ret_done);
/* 0 if the connect of 'fd' succeeded, else the negative errno that says why not. */
int stream_connect_result(int fd);

/* Wraps connected, non-blocking 'fd', which the stream owns from then on (on failure the caller
 * still does).  'tls' NULL means plain bytes; else the settings loaded in it at this moment are
 * used and it must outlive the stream.  Returns NULL if memory ran out or 'tls' has nothing loaded.
 */
struct stream *stream_new(int fd, struct tls *tls, bool is_server);
/* Closes at once; what is not sent yet is lost.  Accepts NULL. */
void stream_free(struct stream *s);

int stream_fd(const struct stream *s);
bool stream_is_tls(const struct stream *s);
/* The OpenSSL object (for tls_describe_*), NULL without TLS.  'void *' keeps OpenSSL's headers here
 * out. */
void *stream_ssl(const struct stream *s);

/* Each of these does what can be done without waiting.  -EAGAIN means: call again once the
 * descriptor is ready for '*ret_want', STREAM_WANT_READ or STREAM_WANT_WRITE (TLS may have to read
 * in order to write). Other negative errnos end the stream: -EPROTO is TLS's (see stream_error()),
 * -ECONNRESET an end of stream in the middle of TLS.  stream_read() returns 0 at the peer's orderly
 * end. */
enum { STREAM_WANT_READ = 1, STREAM_WANT_WRITE = 2 };
int stream_handshake(struct stream *s, int *ret_want);
ssize_t stream_read(struct stream *s, void *p, size_t n, int *ret_want);
ssize_t stream_write(struct stream *s, const struct iovec *iov, int n_iov, int *ret_want);

/* The text for a failed call above, whose result was 'error', in 'buf'; for TLS it says what is
 * wrong and whose certificate it is (see tls.h).  'during' is "TLS handshake", "read" or "write".
 */
const char *stream_error(struct stream *s, int error, const char *during, char *buf, size_t size);

#endif
