/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blocking OpenFlow 1.3 client for tools: no event loop, one connection, every call with a
 * timeout. Hellos are exchanged by ofchan_client_open(); echo requests are answered inside
 * ofchan_client_recv(). unix:, tcp: and, with TLS settings, ssl: addresses.
 */
#ifndef SKEP_OFCHAN_CLIENT_H
#define SKEP_OFCHAN_CLIENT_H 1

#include <stddef.h>
#include <stdint.h>

struct ofchan_client;
struct tls;

/* Connects to 'address' and exchanges hellos, all within 'timeout_ms' (-1 waits for ever).  'tls'
 * is for ssl:, else NULL; it must outlive the client.  Returns 0 and sets '*ret', which the caller
 * closes, or a negative errno with a message in 'err' ("unix:/run/skep/br0.mgmt: connection failed
 * (No such file or directory)"). */
int ofchan_client_open(const char *address, struct tls *tls, int timeout_ms,
		       struct ofchan_client **ret, char *err, size_t err_size);
/* Accepts NULL. */
void ofchan_client_close(struct ofchan_client *client);

/* How long each ofchan_client_send() and ofchan_client_recv() may take from now on; -1 for ever. At
 * first it is what was given to ofchan_client_open(). */
void ofchan_client_set_timeout(struct ofchan_client *client, int timeout_ms);

/* Sends one or more whole messages.  While the peer does not take them, what it sends is read and
 * kept for ofchan_client_recv(), so that two full socket buffers cannot block each other.  Returns
 * 0 or a negative errno (-ETIMEDOUT, -EPIPE…). */
int ofchan_client_send(struct ofchan_client *client, const void *data, size_t len);

/* Waits for the next message other than hello and echo.  Returns 0 and sets '*ret_data' (8-byte
 * aligned; valid until the next call) and '*ret_len'; -ETIMEDOUT; -ENOTCONN at the peer's orderly
 * end; or another negative errno. */
int ofchan_client_recv(struct ofchan_client *client, const uint8_t **ret_data, size_t *ret_len);

/* What failed last, in words; "" if nothing. */
const char *ofchan_client_error(const struct ofchan_client *client);

/* The descriptor, for poll(2) beside others.  Messages may be buffered even if it is not readable:
 * call ofchan_client_recv() with timeout 0 until -ETIMEDOUT first. */
int ofchan_client_fd(const struct ofchan_client *client);

#endif
