/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of connections share: an event loop that runs until something is so, a log that
 * can be searched, the far end of a connection as bare bytes, and an owner that remembers what it
 * was told.
 */
#ifndef SKEP_TESTS_CONN_UTIL_H
#define SKEP_TESTS_CONN_UTIL_H 1

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ofchan/conn.h"
#include "ofchan/listener.h"
#include "ofchan/stream.h"

extern struct event_base *base;
extern char dir[64]; /* of this run; removed by conn_util_teardown() */

int conn_util_setup(void **state);
int conn_util_teardown(void **state);

/* Runs the loop until EXPR, which is looked at after each turn and at least every few milliseconds;
 * a test that waits for more than 20 seconds fails. */
#define RUN_UNTIL(EXPR)                                                                            \
	do {                                                                                       \
		uint64_t run_start__ = test_now_ms();                                              \
		while (!(EXPR)) {                                                                  \
			if (test_now_ms() - run_start__ > 20000)                                   \
				fail_msg("waited in vain for %s", #EXPR);                          \
			loop_once();                                                               \
		}                                                                                  \
	} while (0)
void loop_once(void);
uint64_t test_now_ms(void);

/* "punix:" of a file in 'dir'; valid until the next call. */
const char *unix_address(const char *name);

/* The log since the last log_clear(). */
void log_clear(void);
unsigned int log_count(const char *what); /* lines that contain 'what' */
void assert_logged_once(const char *what);

/* The owner of a connection. */
struct owner {
	struct of_conn *conn;
	unsigned int n_connected, n_disconnected, n_messages, n_batches, n_drained;
	char reason[512];
	uint8_t data[262144]; /* the messages in a row, until one does not fit */
	size_t len;
	bool is_full;
	/* What to do at the next event of each kind, if set. */
	void (*on_connected)(struct owner *o);
	void (*on_disconnected)(struct owner *o);
	void (*on_message)(struct owner *o, const uint8_t *msg, size_t len);
	void (*on_batch_end)(struct owner *o);
	void (*on_drained)(struct owner *o);
};
extern const struct of_conn_cbs owner_cbs;
struct owner *owner_new(void);
/* Frees the connection too. */
void owner_free(struct owner *o);

/* A listener whose first accepted connections go to 'owners' in turn; more are refused. */
struct server {
	struct of_listener *listener;
	struct stream_addr addr; /* where to connect to */
	struct owner *owners[4];
	unsigned int n_accepted;
};
struct tls;
void server_open(struct server *s, const char *address, struct tls *tls,
		 const struct of_conn_config *config);
void server_close(struct server *s);

/* The far end of a connection: a non-blocking socket. */
int raw_connect(const struct stream_addr *addr);
int raw_listen(struct stream_addr *ret, const char *address);
int raw_accept(int listen_fd); /* -1 if nobody is there */
void raw_send(int fd, const void *p, size_t n);
/* Appends what there is to 'buf'; true once '*len' is at least 'want'.  '*is_closed' is set at the
 * end. */
bool raw_recv(int fd, void *buf, size_t size, size_t *len, size_t want, bool *is_closed);
bool raw_is_closed(int fd); /* reads and drops what comes before the end */

/* Messages. */
#define HELLO	  "\x04\x00\x00\x10\x00\x00\x00\x01\x00\x01\x00\x08\x00\x00\x00\x10"
#define HELLO_LEN 16
/* Writes a message with 'n' bytes of body that count up.  Returns its length. */
size_t put_msg(uint8_t *p, uint8_t version, uint8_t type, uint32_t xid, size_t n);

/* Connects and says hello, and waits until the server's owner 'i' has it. */
int raw_up(struct server *s, unsigned int i);

#endif
