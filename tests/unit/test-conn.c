// SPDX-License-Identifier: Apache-2.0
/* Connections without TLS: addresses, framing, hello, echo, timeouts, back-off, bounds.  Their TLS is
 * test-conn-tls.c's. */
#include "conn_util.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ofchan/client.h"

enum { ERROR = 1, ECHO_REQUEST = 2, ECHO_REPLY = 3, BARRIER_REQUEST = 20, BARRIER_REPLY = 21 };

static const char *unix_address(const char *name)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "punix:%s/%s", dir, name);
	return buf;
}

/* Addresses. */

static void addresses_are_read_as_open_vswitch_spells_them(void **state)
{
	static const struct {
		const char *in, *name;
	} good[] = {
		{ "tcp:192.0.2.1", "tcp:192.0.2.1:6653" },
		{ "tcp:192.0.2.1:6633", "tcp:192.0.2.1:6633" },
		{ "ssl:192.0.2.1:65535", "ssl:192.0.2.1:65535" },
		{ "ssl:[2001:db8::1]", "ssl:[2001:db8::1]:6653" },
		{ "tcp:[::1]:1", "tcp:[::1]:1" },
		{ "tcp:[fe80::1%lo]:1", "tcp:[fe80::1%lo]:1" },
		{ "unix:/run/skep/br0.mgmt", "unix:/run/skep/br0.mgmt" },
		{ "ptcp:", "ptcp:6653:0.0.0.0" },
		{ "ptcp:6633", "ptcp:6633:0.0.0.0" },
		{ "ptcp:0:127.0.0.1", "ptcp:0:127.0.0.1" },
		{ "ptcp::127.0.0.1", "ptcp:6653:127.0.0.1" },
		{ "pssl:6653:[::]", "pssl:6653:[::]" },
		{ "pssl::[::1]", "pssl:6653:[::1]" },
		{ "punix:x", "punix:x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct stream_addr addr;
		char err[256] = "";

		if (stream_addr_parse(good[i].in, &addr, err, sizeof(err)))
			fail_msg("%s", err);
		assert_string_equal(addr.name, good[i].name);
		assert_int_equal(addr.is_passive, good[i].in[0] == 'p');
	}
}

static void wrong_addresses_say_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *in, *says;
	} bad[] = {
		{ "", "column 1: an address begins with tcp:" },
		{ "192.0.2.1", "column 1: an address begins with tcp:" },
		{ "TCP:192.0.2.1", "column 1: an address begins with" },
		{ "tcp:", "column 5: an IP address is missing" },
		{ "tcp:example.org", "column 5: \"example.org\" is not a numeric IP address" },
		{ "tcp:300.0.0.1:1", "column 5: \"300.0.0.1\" is not a numeric" },
		{ "tcp:1.2.3", "column 5: \"1.2.3\" is not a numeric" },
		{ "tcp:1.2.3.4:", "column 13: port \"\" is not a number from 1 to 65535" },
		{ "tcp:1.2.3.4:0", "column 13: port \"0\" is not" },
		{ "tcp:1.2.3.4:65536", "column 13: port \"65536\" is not" },
		{ "tcp:1.2.3.4:66x", "column 13: port \"66x\" is not" },
		{ "tcp:1.2.3.4:99999999999999999999", "column 13: port" },
		{ "tcp:::1", "column 5: an IPv6 address is written in brackets" },
		{ "tcp:[::1", "column 5: the closing bracket is missing" },
		{ "tcp:[]", "column 5: the brackets hold no IPv6 address" },
		{ "tcp:[1.2.3.4]", "column 6: \"1.2.3.4\" is not an IPv6 address" },
		{ "tcp:[::1]6653", "column 10: a colon and a port number should follow" },
		{ "tcp:[fe80::1%nosuchif]", "column 14: there is no network interface" },
		{ "unix:", "column 6: a path is missing" },
		{ "ptcp:x", "column 6: port \"x\" is not a number from 0 to 65535" },
		{ "ptcp:6653:", "column 11: an IP address is missing" },
		{ "ptcp:6653:1.2.3.4:5", "column 11: an IPv6 address is written in brackets" },
		{ "pssl:6653:[::1]:5", "column 16: nothing may follow" },
	};
	char longest[200] = "unix:", err[256];
	struct stream_addr addr;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		assert_int_equal(stream_addr_parse(bad[i].in, &addr, err, sizeof(err)), -EINVAL);
		if (!strstr(err, bad[i].says))
			fail_msg("%s: says %s", bad[i].in, err);
	}
	memset(longest + 5, 'x', 107);
	assert_int_equal(stream_addr_parse(longest, &addr, NULL, 0), 0);
	memset(longest + 5, 'x', 108);
	assert_int_equal(stream_addr_parse(longest, &addr, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "the path has 108 bytes, a unix socket's may have 107"));
}

/* Framing. */

static void messages_are_whole_wherever_the_bytes_are_split(void **state)
{
	uint8_t bytes[256], *p = bytes;
	size_t len;

	(void)state;
	memcpy(p, HELLO, HELLO_LEN);
	p += HELLO_LEN;
	p += put_msg(p, 4, BARRIER_REQUEST, 1, 0);
	p += put_msg(p, 4, ERROR, 2, 5); /* the next ones are not aligned */
	p += put_msg(p, 4, BARRIER_REQUEST, 3, 0);
	p += put_msg(p, 4, ERROR, 4, 23);
	len = (size_t)(p - bytes);
	for (size_t split = 1; split < len; split++) {
		struct server s;
		int fd;

		server_open(&s, unix_address("split"), NULL, NULL);
		fd = raw_connect(&s.addr);
		raw_send(fd, bytes, split);
		for (int i = 0; i < 3; i++)
			loop_once();
		raw_send(fd, bytes + split, len - split);
		RUN_UNTIL(s.n_accepted && s.owners[0]->n_messages == 4);
		assert_int_equal(s.owners[0]->len, len - HELLO_LEN);
		assert_memory_equal(s.owners[0]->data, bytes + HELLO_LEN, len - HELLO_LEN);
		close(fd);
		server_close(&s);
	}
}

static void messages_that_come_together_are_one_batch(void **state)
{
	uint8_t bytes[800], *p = bytes;
	struct server s;
	int fd;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		p += put_msg(p, 4, BARRIER_REQUEST, i, 0);
	server_open(&s, unix_address("batch"), NULL, NULL);
	fd = raw_up(&s, 0);
	raw_send(fd, bytes, sizeof(bytes));
	RUN_UNTIL(s.owners[0]->n_messages == 100);
	assert_int_equal(s.owners[0]->n_batches, 1);
	assert_memory_equal(s.owners[0]->data, bytes, sizeof(bytes));
	raw_is_closed(fd); /* reads the hello, without which close() would be a reset */
	close(fd);
	RUN_UNTIL(s.owners[0]->n_disconnected);
	assert_string_equal(s.owners[0]->reason, "closed by the peer");
	server_close(&s);
}

static void the_largest_message_arrives(void **state)
{
	static uint8_t bytes[3 * 65535];
	struct server s;
	int fd;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		put_msg(bytes + i * 65535, 4, ERROR, 9, 65527);
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	fd = raw_up(&s, 0);
	raw_send(fd, bytes, sizeof(bytes));
	RUN_UNTIL(s.owners[0]->n_messages == 3);
	assert_memory_equal(s.owners[0]->data, bytes, sizeof(bytes));
	close(fd);
	server_close(&s);
}

static void what_was_sent_before_the_end_is_delivered(void **state)
{
	static uint8_t bytes[20000 * 8];
	struct server s;
	int fd;

	(void)state;
	for (size_t i = 0; i < 20000; i++)
		put_msg(bytes + 8 * i, 4, BARRIER_REQUEST, (uint32_t)i, 0);
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	fd = raw_up(&s, 0);
	raw_is_closed(fd);
	raw_send(fd, bytes, sizeof(bytes));
	close(fd);
	RUN_UNTIL(s.owners[0]->n_disconnected);
	assert_int_equal(s.owners[0]->n_messages, 20000);
	server_close(&s);
}

static void a_header_shorter_than_itself_is_answered_and_ends_the_connection(void **state)
{
	(void)state;
	for (uint16_t len = 0; len < 8; len++) {
		uint8_t bytes[8], in[256];
		struct server s;
		size_t n = 0;
		bool is_closed = false;
		char reason[64];
		int fd;

		server_open(&s, unix_address("short"), NULL, NULL);
		fd = raw_up(&s, 0);
		put_msg(bytes, 4, BARRIER_REQUEST, 7, 0);
		bytes[3] = (uint8_t)len;
		raw_send(fd, bytes, sizeof(bytes));
		RUN_UNTIL(raw_recv(fd, in, sizeof(in), &n, sizeof(in), &is_closed) || is_closed);
		/* Hello, then OFPET_BAD_REQUEST, OFPBRC_BAD_LEN with the header. */
		assert_int_equal(n, 16 + 20);
		assert_memory_equal(in + 16, "\x04\x01\x00\x14\x00\x00\x00\x07\x00\x01\x00\x06", 12);
		assert_memory_equal(in + 28, bytes, 8);
		assert_int_equal(s.owners[0]->n_disconnected, 1);
		snprintf(reason, sizeof(reason), "peer sent a header with length %u", len);
		assert_string_equal(s.owners[0]->reason, reason);
		close(fd);
		server_close(&s);
	}
}

static void a_message_of_another_version_is_refused_by_itself(void **state)
{
	uint8_t bytes[64], in[256];
	struct server s;
	size_t n = 0, len;
	int fd;

	(void)state;
	server_open(&s, unix_address("version"), NULL, NULL);
	fd = raw_up(&s, 0);
	len = put_msg(bytes, 1, BARRIER_REQUEST, 5, 0);
	len += put_msg(bytes + len, 4, BARRIER_REQUEST, 6, 0);
	raw_send(fd, bytes, len);
	RUN_UNTIL(raw_recv(fd, in, sizeof(in), &n, 16 + 20, NULL));
	assert_memory_equal(in + 16, "\x04\x01\x00\x14\x00\x00\x00\x05\x00\x01\x00\x00", 12);
	assert_int_equal(s.owners[0]->n_messages, 1);
	assert_int_equal(s.owners[0]->data[7], 6);
	close(fd);
	server_close(&s);
}

/* Hello. */

/* Sends 'len' bytes to a fresh server and returns what came back until it closed or was up. */
static size_t try_hello(const void *bytes, size_t len, uint8_t *in, size_t size, bool *ret_up)
{
	bool is_closed = false;
	struct server s;
	size_t n = 0;
	int fd;

	server_open(&s, unix_address("hello"), NULL, NULL);
	fd = raw_connect(&s.addr);
	raw_send(fd, bytes, len);
	RUN_UNTIL(raw_recv(fd, in, size, &n, size, &is_closed) || is_closed || s.n_accepted);
	*ret_up = s.n_accepted;
	RUN_UNTIL(raw_recv(fd, in, size, &n, HELLO_LEN, &is_closed) || is_closed);
	close(fd);
	server_close(&s);
	return n;
}
#define TRY_HELLO(BYTES) n = try_hello(BYTES, sizeof(BYTES) - 1, in, sizeof(in), &is_up)

static void hello_is_negotiated_by_bitmap_or_highest_version(void **state)
{
	uint8_t in[512];
	bool is_up;
	size_t n;

	(void)state;
	TRY_HELLO(HELLO);
	assert_true(is_up);
	assert_int_equal(n, HELLO_LEN);
	assert_memory_equal(in, "\x04\x00\x00\x10", 4);
	assert_memory_equal(in + 8, &HELLO[8], 8);
	/* Without a bitmap: ours is the smaller of the two. */
	TRY_HELLO("\x04\x00\x00\x08\x00\x00\x00\x01");
	assert_true(is_up);
	TRY_HELLO("\x06\x00\x00\x08\x00\x00\x00\x01");
	assert_true(is_up);
	/* 1.5 and 1.3 by bitmap. */
	TRY_HELLO("\x06\x00\x00\x10\x00\x00\x00\x01\x00\x01\x00\x08\x00\x00\x00\x50");
	assert_true(is_up);
	/* An element that nobody knows comes first, padded. */
	TRY_HELLO("\x06\x00\x00\x18\x00\x00\x00\x01\x00\x09\x00\x05\x77\x00\x00\x00"
		  "\x00\x01\x00\x08\x00\x00\x00\x10");
	assert_true(is_up);
	/* A broken element is ignored with all behind it: the version counts. */
	TRY_HELLO("\x04\x00\x00\x10\x00\x00\x00\x01\x00\x01\x00\x20\x00\x00\x00\x02");
	assert_true(is_up);
}

static void hello_without_a_common_version_is_answered_by_an_error_with_text(void **state)
{
	uint8_t in[512];
	bool is_up;
	size_t n;

	(void)state;
	log_clear();
	TRY_HELLO("\x01\x00\x00\x08\x00\x00\x00\x2a");
	assert_false(is_up);
	/* OFPET_HELLO_FAILED, OFPHFC_INCOMPATIBLE, in the peer's version, with its xid. */
	assert_true(n > 16 + 12);
	assert_memory_equal(in + 16, "\x01\x01", 2);
	assert_memory_equal(in + 20, "\x00\x00\x00\x2a\x00\x00\x00\x00", 8);
	in[n] = '\0';
	assert_string_equal((char *)in + 28,
			    "no common version: peer speaks OpenFlow 1.0 at most, skep 1.3");
	assert_logged_once("hello failed: no common version: peer speaks OpenFlow 1.0 at most");

	TRY_HELLO("\x06\x00\x00\x10\x00\x00\x00\x01\x00\x01\x00\x08\x00\x00\x00\x42");
	assert_false(is_up);
	in[n] = '\0';
	assert_string_equal((char *)in + 28,
			    "no common version: peer speaks OpenFlow 1.0, 1.5, skep 1.3");
	assert_memory_equal(in + 16, "\x04\x01", 2);
}

static void what_is_no_hello_ends_the_connection(void **state)
{
	uint8_t in[512];
	bool is_up;
	size_t n;

	(void)state;
	log_clear();
	TRY_HELLO("\x04\x0e\xff\xff\x00\x00\x00\x01");
	assert_false(is_up);
	assert_logged_once("peer sent a message of type 14 before its hello");
	TRY_HELLO("\x16\x03\x01\x02\x00\x01\x00\x01");
	assert_false(is_up);
	assert_logged_once("peer does not speak OpenFlow but TLS");
	TRY_HELLO("GET / HTTP/1.1\r\n\r\n");
	assert_false(is_up);
	assert_logged_once("peer does not speak OpenFlow but HTTP");
	TRY_HELLO("\x04\x00\x00\x04\x00\x00\x00\x01");
	assert_false(is_up);
	assert_logged_once("peer sent a header with length 4");
	TRY_HELLO("\x01\x01\x00\x10\x00\x00\x00\x01\x00\x00\x00\x00nope");
	assert_false(is_up);
	assert_logged_once("peer refused our hello: \"nope\"");
	assert_true(n >= 16);
	/* The same again is not logged again. */
	TRY_HELLO("\x16\x03\x01\x02\x00\x01\x00\x01");
}

static void random_bytes_never_get_far(void **state)
{
	uint32_t seed = 12345;

	(void)state;
	log_clear();
	for (int i = 0; i < 300; i++) {
		uint8_t bytes[64], in[512];
		bool is_closed = false;
		struct server s;
		size_t n = 0;
		int fd;

		server_open(&s, unix_address("random"), NULL, NULL);
		fd = i % 2 ? raw_up(&s, 0) : raw_connect(&s.addr);
		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
		bytes[2] = 0; /* so that there is a whole message */
		bytes[3] &= 63;
		raw_send(fd, bytes, sizeof(bytes));
		shutdown(fd, SHUT_WR);
		RUN_UNTIL(raw_recv(fd, in, sizeof(in), &n, sizeof(in), &is_closed) || is_closed);
		close(fd);
		server_close(&s);
	}
}

/* Echo, probes, timeouts. */

static void echo_requests_are_answered_with_their_data(void **state)
{
	static uint8_t bytes[65535], in[65535 + HELLO_LEN];
	struct server s;
	size_t n = 0;
	int fd;

	(void)state;
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	fd = raw_up(&s, 0);
	put_msg(bytes, 4, ECHO_REQUEST, 77, 65527);
	raw_send(fd, bytes, sizeof(bytes));
	RUN_UNTIL(raw_recv(fd, in, sizeof(in), &n, sizeof(in), NULL));
	bytes[1] = ECHO_REPLY;
	assert_memory_equal(in + HELLO_LEN, bytes, sizeof(bytes));
	assert_int_equal(s.owners[0]->n_messages, 0);
	close(fd);
	server_close(&s);
}

static void a_silent_peer_is_probed_and_then_dropped(void **state)
{
	const struct of_conn_config config = { .probe_interval_ms = 60 };
	uint8_t in[64];
	struct server s;
	size_t n = 0;
	int fd;

	(void)state;
	server_open(&s, unix_address("probe"), NULL, &config);
	fd = raw_up(&s, 0);
	/* It answers twice, and so it stays. */
	for (int i = 0; i < 2; i++) {
		n = i ? 0 : n;
		RUN_UNTIL(raw_recv(fd, in, sizeof(in), &n, i ? 8 : HELLO_LEN + 8, NULL));
		assert_int_equal(in[n - 7], ECHO_REQUEST);
		assert_int_equal(of_conn_get_state(s.owners[0]->conn), OF_CONN_IDLE);
		in[n - 7] = ECHO_REPLY;
		raw_send(fd, in + n - 8, 8);
		RUN_UNTIL(of_conn_get_state(s.owners[0]->conn) == OF_CONN_ACTIVE);
	}
	RUN_UNTIL(s.owners[0]->n_disconnected);
	assert_string_equal(s.owners[0]->reason, "no answer to an echo request for 0.0 s");
	assert_int_equal(of_conn_get_state(s.owners[0]->conn), OF_CONN_VOID);
	close(fd);
	server_close(&s);
}

static void a_peer_is_not_blamed_for_our_own_standstill(void **state)
{
	const struct of_conn_config config = { .probe_interval_ms = 30 };
	uint8_t in[64], bytes[8];
	struct server s;
	uint64_t start;
	size_t n = 0;
	int fd;

	(void)state;
	server_open(&s, unix_address("standstill"), NULL, &config);
	fd = raw_up(&s, 0);
	RUN_UNTIL(raw_recv(fd, in, sizeof(in), &n, HELLO_LEN + 8, NULL));
	/* The answer is in the socket, but the loop stands still until all timers are overdue. */
	put_msg(bytes, 4, ECHO_REPLY, 1, 0);
	raw_send(fd, bytes, 8);
	for (start = test_now_ms(); test_now_ms() < start + 100;)
		;
	RUN_UNTIL(of_conn_get_state(s.owners[0]->conn) == OF_CONN_ACTIVE);
	assert_int_equal(s.owners[0]->n_disconnected, 0);
	close(fd);
	server_close(&s);
}

static void a_peer_without_a_hello_is_closed_and_logged_once(void **state)
{
	const struct of_conn_config config = { .hello_timeout_ms = 50 };
	struct server s;

	(void)state;
	log_clear();
	server_open(&s, unix_address("mute"), NULL, &config);
	for (int i = 0; i < 3; i++) {
		int fd = raw_connect(&s.addr);

		RUN_UNTIL(raw_is_closed(fd));
		close(fd);
	}
	assert_logged_once("no hello from the peer for 0.0 s");
	assert_int_equal(of_listener_n_conns(s.listener), 0);
	server_close(&s);
}

/* Active connections. */

static const struct of_conn_config quick = { .min_backoff_ms = 10, .max_backoff_ms = 40 };

static struct of_conn_info info_of(const struct of_conn *conn)
{
	struct of_conn_info info;

	of_conn_get_info(conn, &info);
	return info;
}

static void a_refused_connection_is_dialled_again_with_back_off(void **state)
{
	struct stream_addr addr;
	struct owner *o = owner_new();
	uint64_t start, ms;
	char line[160];
	struct server s;
	int fd;

	(void)state;
	fd = raw_listen(&addr, "ptcp:0:127.0.0.1");
	close(fd); /* nobody is there now */
	log_clear();
	start = test_now_ms();
	o->conn = of_conn_connect(base, &addr, NULL, &quick, &owner_cbs, o);
	RUN_UNTIL(info_of(o->conn).n_attempts == 6);
	/* 10 + 20 + 40 + 40 + 40 */
	ms = test_now_ms() - start;
	assert_in_range(ms, 145, 5000);
	assert_logged_once("connection failed: Connection refused");
	assert_string_equal(info_of(o->conn).last_error, "connection failed: Connection refused");
	assert_int_equal(o->n_connected + o->n_disconnected, 0);

	/* Somebody comes. */
	{
		char passive[64];

		snprintf(passive, sizeof(passive), "ptcp:%s:127.0.0.1",
			 strrchr(addr.name, ':') + 1);
		server_open(&s, passive, NULL, NULL);
	}
	RUN_UNTIL(o->n_connected);
	assert_true(of_conn_is_up(o->conn));
	assert_int_equal(of_conn_version(o->conn), 4);
	snprintf(line, sizeof(line), "%s: connected, OpenFlow 1.3", addr.name);
	assert_logged_once(line);
	owner_free(o);
	server_close(&s);
}

static void a_lost_connection_comes_back(void **state)
{
	uint8_t in[64];
	struct stream_addr addr;
	struct owner *o = owner_new();
	int listen_fd, fd = -1;

	(void)state;
	listen_fd = raw_listen(&addr, "ptcp:0:127.0.0.1");
	o->conn = of_conn_connect(base, &addr, NULL, &quick, &owner_cbs, o);
	for (unsigned int i = 1; i <= 3; i++) {
		size_t n = 0;

		RUN_UNTIL((fd = raw_accept(listen_fd)) >= 0);
		RUN_UNTIL(raw_recv(fd, in, sizeof(in), &n, HELLO_LEN, NULL));
		raw_send(fd, HELLO, HELLO_LEN);
		RUN_UNTIL(o->n_connected == i);
		close(fd);
		RUN_UNTIL(o->n_disconnected == i);
		assert_string_equal(o->reason, "closed by the peer");
		assert_int_equal(of_conn_get_state(o->conn), OF_CONN_BACKOFF);
		assert_int_equal(of_conn_send(o->conn, HELLO, HELLO_LEN), -ENOTCONN);
	}
	assert_int_equal(info_of(o->conn).n_up, 3);
	owner_free(o);
	close(listen_fd);
}

static void a_connection_that_was_up_for_a_while_forgets_the_back_off(void **state)
{
	const struct of_conn_config config = { .min_backoff_ms = 30, .max_backoff_ms = 100000 };
	struct stream_addr addr;
	struct owner *o = owner_new();
	int listen_fd, fd = -1;

	(void)state;
	listen_fd = raw_listen(&addr, "ptcp:0:127.0.0.1");
	o->conn = of_conn_connect(base, &addr, NULL, &config, &owner_cbs, o);
	/* Were the back-off doubled each time, the last round would take 15 s. */
	for (unsigned int i = 1; i <= 10; i++) {
		RUN_UNTIL((fd = raw_accept(listen_fd)) >= 0);
		raw_send(fd, HELLO, HELLO_LEN);
		RUN_UNTIL(o->n_connected == i && info_of(o->conn).state_ms >= 35);
		close(fd);
		RUN_UNTIL(o->n_disconnected == i);
	}
	owner_free(o);
	close(listen_fd);
}

static void a_connect_that_nobody_answers_times_out(void **state)
{
	const struct of_conn_config config = { .connect_timeout_ms = 50 };
	struct stream_addr addr;
	struct owner *o = owner_new();
	int listen_fd, fill[8];

	(void)state;
	/* A listener with a full queue answers no SYN. */
	listen_fd = raw_listen(&addr, "ptcp:0:127.0.0.1");
	listen(listen_fd, 0);
	for (int i = 0; i < 8; i++) {
		bool is_done;

		fill[i] = stream_connect_start(&addr, &is_done);
	}
	log_clear();
	o->conn = of_conn_connect(base, &addr, NULL, &config, &owner_cbs, o);
	RUN_UNTIL(info_of(o->conn).last_error[0]);
	assert_logged_once("connection failed: no answer for 0.0 s");
	owner_free(o);
	for (int i = 0; i < 8; i++)
		close(fill[i]);
	close(listen_fd);
}

/* Bounds. */

static void reading_pauses_while_the_peer_does_not_read(void **state)
{
	static uint8_t echo[65535], in[65536];
	size_t n_sent = 0, n_in = 0, most = 0;
	const size_t total = 400 * sizeof(echo);
	struct server s;
	int fd;

	(void)state;
	put_msg(echo, 4, ECHO_REQUEST, 1, sizeof(echo) - 8);
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	fd = raw_up(&s, 0);
	/* 26 MB of echo requests, and we take no reply: at some time nothing more is taken. */
	for (unsigned int n_stuck = 0; n_sent < total && n_stuck < 100;) {
		size_t ofs = n_sent % sizeof(echo);
		ssize_t r = send(fd, echo + ofs, sizeof(echo) - ofs, MSG_NOSIGNAL);

		if (r > 0)
			n_sent += (size_t)r;
		n_stuck = r > 0 ? 0 : n_stuck + 1;
		loop_once();
		most = of_conn_backlog(s.owners[0]->conn) > most
			       ? of_conn_backlog(s.owners[0]->conn)
			       : most;
	}
	assert_true(n_sent < total);
	assert_true(most > OF_CONN_TX_HIGH);
	assert_true(most <= OF_CONN_TX_HIGH + 65535);
	/* Now we read, and get every reply. */
	while (n_in < total + HELLO_LEN) {
		size_t ofs = n_sent % sizeof(echo), n = 0;
		ssize_t r = n_sent < total ? send(fd, echo + ofs, sizeof(echo) - ofs, MSG_NOSIGNAL)
					   : 0;

		n_sent += r > 0 ? (size_t)r : 0;
		raw_recv(fd, in, sizeof(in), &n, 0, NULL);
		n_in += n;
		loop_once();
	}
	assert_int_equal(s.owners[0]->n_disconnected, 0);
	close(fd);
	server_close(&s);
}

static void a_peer_that_never_reads_is_dropped_in_time(void **state)
{
	const struct of_conn_config config = { .probe_interval_ms = 50 };
	static uint8_t echo[65535];
	struct server s;
	int fd;

	(void)state;
	put_msg(echo, 4, ECHO_REQUEST, 1, sizeof(echo) - 8);
	server_open(&s, "ptcp:0:127.0.0.1", NULL, &config);
	fd = raw_up(&s, 0);
	RUN_UNTIL(s.owners[0]->n_disconnected ||
		  (send(fd, echo, sizeof(echo), MSG_NOSIGNAL), false));
	assert_non_null(strstr(s.owners[0]->reason, "peer does not read: "));
	close(fd);
	server_close(&s);
}

static void a_send_queue_that_overflows_drops_the_connection(void **state)
{
	static uint8_t msg[65535];
	struct of_conn_info info;
	struct server s;
	int fd, error = 0;

	(void)state;
	put_msg(msg, 4, ERROR, 1, sizeof(msg) - 8);
	server_open(&s, unix_address("overflow"), NULL, NULL);
	fd = raw_up(&s, 0);
	for (int i = 0; i < 1100 && !error; i++)
		error = of_conn_send(s.owners[0]->conn, msg, sizeof(msg));
	assert_int_equal(error, -ENOBUFS);
	assert_true(of_conn_backlog(s.owners[0]->conn) <= OF_CONN_TX_HARD);
	assert_int_equal(s.owners[0]->n_disconnected, 0); /* not from inside of_conn_send() */
	RUN_UNTIL(s.owners[0]->n_disconnected);
	assert_non_null(strstr(s.owners[0]->reason, "peer does not read: "));
	of_conn_get_info(s.owners[0]->conn, &info);
	assert_int_equal(info.n_overflows, 1);
	close(fd);
	server_close(&s);
}

#define N_DUMP 300
static void send_more(struct owner *o)
{
	static uint8_t msg[65535];

	put_msg(msg, 4, ERROR, 1, sizeof(msg) - 8);
	while (o->n_batches < N_DUMP && of_conn_backlog(o->conn) <= OF_CONN_TX_LOW) {
		assert_int_equal(of_conn_send(o->conn, msg, sizeof(msg)), 0);
		o->n_batches++; /* used as the count of what was sent */
	}
	if (o->n_batches < N_DUMP)
		of_conn_want_drained(o->conn);
}

static void a_long_reply_is_streamed_by_drained(void **state)
{
	static uint8_t in[65536];
	size_t n_in = 0;
	struct server s;
	int fd;

	(void)state;
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	fd = raw_up(&s, 0);
	s.owners[0]->on_drained = send_more;
	of_conn_want_drained(s.owners[0]->conn); /* comes at the next turn: nothing is queued */
	while (n_in < N_DUMP * 65535ul + HELLO_LEN) {
		size_t n = 0;

		raw_recv(fd, in, sizeof(in), &n, 0, NULL);
		n_in += n;
		assert_true(of_conn_backlog(s.owners[0]->conn) <= OF_CONN_TX_LOW + 65535);
		loop_once();
	}
	assert_true(s.owners[0]->n_drained > 3);
	close(fd);
	server_close(&s);
}

static void a_busy_peer_does_not_starve_another(void **state)
{
	enum { N = 30000 };
	static uint8_t bytes[N * 8];
	uint8_t barrier[8];
	unsigned int n_meanwhile;
	struct server s;
	int busy, other;

	(void)state;
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	busy = raw_up(&s, 0);
	other = raw_up(&s, 1);
	for (size_t i = 0; i < N; i++)
		put_msg(bytes + i * 8, 4, BARRIER_REQUEST, (uint32_t)i, 0);
	raw_send(busy, bytes, sizeof(bytes));
	put_msg(barrier, 4, BARRIER_REQUEST, 1, 0);
	raw_send(other, barrier, sizeof(barrier));
	RUN_UNTIL(s.owners[1]->n_messages);
	n_meanwhile = s.owners[0]->n_messages;
	assert_true(n_meanwhile < N);
	RUN_UNTIL(s.owners[0]->n_messages == N);
	assert_true(s.owners[0]->n_batches >= N / OF_CONN_BATCH_MAX);
	close(busy);
	close(other);
	server_close(&s);
}

static void pause_at_second(struct owner *o, const uint8_t *msg, size_t len)
{
	(void)msg;
	(void)len;
	if (o->n_messages == 2)
		of_conn_pause(o->conn, true);
}

static void a_paused_connection_delivers_nothing_until_it_goes_on(void **state)
{
	const struct of_conn_config config = { .probe_interval_ms = 40 };
	uint8_t bytes[5 * 8];
	struct server s;
	uint64_t start;
	int fd;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		put_msg(bytes + 8 * i, 4, BARRIER_REQUEST, i, 0);
	server_open(&s, unix_address("pause"), NULL, &config);
	fd = raw_up(&s, 0);
	s.owners[0]->on_message = pause_at_second;
	raw_send(fd, bytes, sizeof(bytes));
	RUN_UNTIL(s.owners[0]->n_batches == 1);
	/* Neither more messages nor a probe, for longer than two of its intervals. */
	start = test_now_ms();
	RUN_UNTIL(test_now_ms() > start + 120);
	assert_int_equal(s.owners[0]->n_messages, 2);
	assert_int_equal(s.owners[0]->n_disconnected, 0);
	of_conn_pause(s.owners[0]->conn, false);
	RUN_UNTIL(s.owners[0]->n_messages == 5);
	close(fd);
	server_close(&s);
}

/* The owner streams a reply to a connection that it paused, as skepd does. */
static void start_dump(struct owner *o, const uint8_t *msg, size_t len)
{
	(void)msg;
	(void)len;
	of_conn_pause(o->conn, true);
	o->n_batches = 0;
	o->on_drained = send_more;
	of_conn_want_drained(o->conn);
}

static void a_peer_that_goes_or_stops_reading_in_a_long_reply_is_dropped(void **state)
{
	const struct of_conn_config config = { .probe_interval_ms = 50 };
	uint8_t bytes[8];
	struct server s;
	int fd;

	(void)state;
	put_msg(bytes, 4, BARRIER_REQUEST, 1, 0);
	server_open(&s, unix_address("dump"), NULL, &config);
	s.owners[0]->on_message = s.owners[1]->on_message = start_dump;
	fd = raw_up(&s, 0);
	raw_send(fd, bytes, sizeof(bytes));
	RUN_UNTIL(s.owners[0]->n_drained);
	close(fd);
	RUN_UNTIL(s.owners[0]->n_disconnected);
	assert_string_equal(s.owners[0]->reason, "send failed: Broken pipe");
	fd = raw_up(&s, 1);
	raw_send(fd, bytes, sizeof(bytes));
	RUN_UNTIL(s.owners[1]->n_disconnected);
	assert_non_null(strstr(s.owners[1]->reason, "peer does not read: "));
	close(fd);
	server_close(&s);
}

/* Lifetime. */

static void free_conn(struct owner *o)
{
	of_conn_free(o->conn);
	o->conn = NULL;
}

static void free_on_message(struct owner *o, const uint8_t *msg, size_t len)
{
	free_conn(o);
	/* Still valid during the call. */
	assert_int_equal(msg[2] << 8 | msg[3], len);
}

static void free_on_drained(struct owner *o)
{
	static uint8_t msg[8];

	put_msg(msg, 4, BARRIER_REPLY, 1, 0);
	of_conn_send(o->conn, msg, sizeof(msg));
	free_conn(o);
}

static void a_connection_may_be_freed_in_each_callback(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct owner *o = owner_new();
		uint8_t bytes[24];
		struct server s;

		put_msg(bytes, 4, BARRIER_REQUEST, 1, 0);
		put_msg(bytes + 8, 4, BARRIER_REQUEST, 2, 0);
		put_msg(bytes + 16, 4, BARRIER_REQUEST, 3, 0);
		server_open(&s, unix_address("free"), NULL, NULL);
		o->on_connected = i == 0 ? free_conn : NULL;
		o->on_message = i == 1 ? free_on_message : NULL;
		o->on_batch_end = i == 2 ? free_conn : NULL;
		o->on_drained = i == 3 ? free_on_drained : NULL;
		o->on_disconnected = i == 4 ? free_conn : NULL;
		o->conn = of_conn_connect(base, &s.addr, NULL, &quick, &owner_cbs, o);
		RUN_UNTIL(s.n_accepted);
		of_conn_send(s.owners[0]->conn, bytes, sizeof(bytes));
		if (i == 3) {
			RUN_UNTIL(o->n_connected);
			of_conn_want_drained(o->conn);
		}
		if (i == 4) {
			RUN_UNTIL(o->n_messages == 3);
			of_conn_disconnect(o->conn, "enough");
			assert_int_equal(o->n_disconnected, 0);
		}
		RUN_UNTIL(!o->conn);
		assert_int_equal(o->n_messages, i == 1 ? 1 : i == 0 ? 0 : o->n_messages);
		RUN_UNTIL(s.owners[0]->n_disconnected);
		assert_true(i != 4 || !strcmp(o->reason, "enough"));
		owner_free(o);
		server_close(&s);
	}
}

static void what_was_sent_last_arrives_although_the_connection_is_freed(void **state)
{
	uint8_t bytes[8], in[64];
	bool is_closed = false;
	struct server s;
	size_t n = 0;
	int fd;

	(void)state;
	put_msg(bytes, 4, BARRIER_REPLY, 1, 0);
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	fd = raw_up(&s, 0);
	raw_send(fd, bytes, 8); /* unread when the socket is closed */
	of_conn_send(s.owners[0]->conn, bytes, sizeof(bytes));
	free_conn(s.owners[0]);
	RUN_UNTIL(raw_recv(fd, in, sizeof(in), &n, sizeof(in), &is_closed) || is_closed);
	assert_int_equal(n, HELLO_LEN + 8);
	close(fd);
	server_close(&s);
}

/* Listeners. */

static struct of_listener *try_listen(const char *address, int *ret_error, char *err, size_t size)
{
	struct stream_addr addr;

	assert_int_equal(stream_addr_parse(address, &addr, NULL, 0), 0);
	return of_listener_open(base, &addr, NULL, NULL, NULL, NULL, ret_error, err, size);
}

static void a_stale_unix_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	char path[128], err[256];
	struct of_listener *l;
	struct stream_addr addr;
	struct stat st;
	int error = 0, fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/stale", dir);
	fd = raw_listen(&addr, unix_address("stale"));
	assert_null(try_listen(unix_address("stale"), &error, err, sizeof(err)));
	assert_int_equal(error, -EADDRINUSE);
	assert_non_null(strstr(err, "stale: cannot listen: Address already in use"));
	close(fd);
	l = try_listen(unix_address("stale"), &error, err, sizeof(err));
	assert_non_null(l);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	of_listener_close(l);
	assert_int_equal(stat(path, &st), -1);
	/* What is no socket is left alone; what is not ours any more too. */
	fclose(fopen(path, "w"));
	assert_null(try_listen(unix_address("stale"), &error, err, sizeof(err)));
	assert_int_equal(error, -EEXIST);
	unlink(path);
	l = try_listen(unix_address("stale"), &error, err, sizeof(err));
	unlink(path);
	fd = raw_listen(&addr, unix_address("stale"));
	of_listener_close(l);
	assert_int_equal(stat(path, &st), 0);
	close(fd);
}

static void a_port_that_is_taken_is_an_error_with_its_address(void **state)
{
	char err[256], address[64];
	struct server s;
	int error = 0;

	(void)state;
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	snprintf(address, sizeof(address), "ptcp:%u:127.0.0.1", of_listener_port(s.listener));
	assert_string_equal(of_listener_name(s.listener), address);
	assert_null(try_listen(address, &error, err, sizeof(err)));
	assert_int_equal(error, -EADDRINUSE);
	assert_non_null(strstr(err, "cannot listen: Address already in use"));
	server_close(&s);
}

static void connections_outlive_their_listener(void **state)
{
	uint8_t bytes[8];
	struct server s;
	int fd, half;

	(void)state;
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	fd = raw_up(&s, 0);
	half = raw_connect(&s.addr);
	RUN_UNTIL(of_listener_n_conns(s.listener) == 2);
	of_listener_close(s.listener);
	s.listener = NULL;
	RUN_UNTIL(raw_is_closed(half));
	put_msg(bytes, 4, BARRIER_REQUEST, 1, 0);
	raw_send(fd, bytes, sizeof(bytes));
	RUN_UNTIL(s.owners[0]->n_messages == 1);
	close(fd);
	RUN_UNTIL(s.owners[0]->n_disconnected);
	close(half);
	server_close(&s);
}

static void running_out_of_descriptors_is_logged_once_and_survived(void **state)
{
	struct rlimit limit, low;
	int fds[64], n = 0, fd;
	struct server s;
	uint64_t start;

	(void)state;
	server_open(&s, unix_address("emfile"), NULL, NULL);
	fd = raw_connect(&s.addr); /* waits to be accepted */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = (rlim_t)fd + 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (n < 64 && (fds[n] = dup(0)) >= 0)
		n++;
	log_clear();
	start = test_now_ms();
	RUN_UNTIL(log_count("cannot accept connections for now: Too many open files") &&
		  test_now_ms() > start + OF_LISTENER_RETRY_MS + 100);
	while (n)
		close(fds[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* Another one: valgrind, which keeps the limit for us, closes the one that it did not allow. */
	close(fd);
	fd = raw_up(&s, 0);
	assert_logged_once("cannot accept connections for now: Too many open files");
	close(fd);
	server_close(&s);
}

static void a_listener_takes_so_many_connections_and_no_more(void **state)
{
	static int fds[OF_LISTENER_MAX + 1];
	struct rlimit limit, high;
	struct server s;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	high = limit;
	high.rlim_cur = 2 * OF_LISTENER_MAX + 100;
	if (high.rlim_cur > high.rlim_max || setrlimit(RLIMIT_NOFILE, &high)) {
		print_message("needs RLIMIT_NOFILE of %lu\n", (unsigned long)high.rlim_cur);
		skip();
	}
	log_clear();
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	for (int i = 0; i < OF_LISTENER_MAX; i++) {
		fds[i] = raw_connect(&s.addr);
		RUN_UNTIL(of_listener_n_conns(s.listener) == (unsigned int)i + 1);
	}
	fds[OF_LISTENER_MAX] = raw_connect(&s.addr);
	raw_send(fds[OF_LISTENER_MAX], HELLO, HELLO_LEN);
	RUN_UNTIL(log_count("too many connections"));
	assert_int_equal(of_listener_n_conns(s.listener), OF_LISTENER_MAX);
	close(fds[0]);
	RUN_UNTIL(s.n_accepted == 1);
	assert_logged_once("too many connections: further ones must wait");
	for (int i = 1; i <= OF_LISTENER_MAX; i++)
		close(fds[i]);
	RUN_UNTIL(of_listener_n_conns(s.listener) == 0);
	server_close(&s);
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The tools' client, in a thread of its own because it blocks. */

struct client_run {
	char address[160], err[256];
	int timeout_ms;
	int error;
	unsigned int n_got;
	volatile bool is_done;
};

enum { N_CLIENT = 200000 };

static void *run_client(void *arg)
{
	static uint8_t bytes[N_CLIENT * 8];
	struct client_run *run = arg;
	struct ofchan_client *c = NULL;
	const uint8_t *msg;
	size_t len;

	run->error = ofchan_client_open(run->address, NULL, run->timeout_ms, &c, run->err,
					sizeof(run->err));
	if (!run->error) {
		for (size_t i = 0; i < N_CLIENT; i++)
			put_msg(bytes + 8 * i, 4, BARRIER_REQUEST, (uint32_t)i, 0);
		run->error = ofchan_client_send(c, bytes, sizeof(bytes));
		while (!run->error && run->n_got < N_CLIENT) {
			run->error = ofchan_client_recv(c, &msg, &len);
			run->n_got += !run->error && len == 24 && msg[1] == ERROR &&
				      (uint32_t)(msg[4] << 24 | msg[5] << 16 | msg[6] << 8 |
						 msg[7]) == run->n_got;
		}
		if (!run->error && ofchan_client_recv(c, &msg, &len) != -ENOTCONN)
			run->error = -EPROTO;
		snprintf(run->err, sizeof(run->err), "%s", ofchan_client_error(c));
		ofchan_client_close(c);
	}
	run->is_done = true;
	return NULL;
}

static void answer_big(struct owner *o, const uint8_t *msg, size_t len)
{
	uint8_t reply[32];

	(void)len;
	/* In between, the switch probes the tool. */
	if (msg[7] == 0) {
		put_msg(reply, 4, ECHO_REQUEST, 1, 0);
		assert_int_equal(of_conn_send(o->conn, reply, 8), 0);
	}
	put_msg(reply, 4, ERROR, 0, 16);
	memcpy(reply + 4, msg + 4, 4);
	assert_int_equal(of_conn_send(o->conn, reply, 24), 0);
}

static void the_client_sends_and_receives_much_at_once(void **state)
{
	struct client_run run = { .timeout_ms = 20000 };
	pthread_t thread;
	struct server s;

	(void)state;
	server_open(&s, unix_address("client"), NULL, NULL);
	for (int i = 0; i < 4; i++)
		s.owners[i]->on_message = answer_big;
	snprintf(run.address, sizeof(run.address), "%s", s.addr.name);
	assert_int_equal(pthread_create(&thread, NULL, run_client, &run), 0);
	RUN_UNTIL(run.is_done || s.owners[0]->n_messages == N_CLIENT);
	RUN_UNTIL(run.is_done || !of_conn_backlog(s.owners[0]->conn));
	free_conn(s.owners[0]); /* while the client has much to read, and echo requests to answer */
	RUN_UNTIL(run.is_done);
	pthread_join(thread, NULL);
	if (run.error)
		fail_msg("%s (%u)", run.err, run.n_got);
	assert_int_equal(run.n_got, N_CLIENT);
	server_close(&s);
}

static void the_client_says_why_it_cannot_connect(void **state)
{
	struct ofchan_client *c;
	struct stream_addr addr;
	char err[256];
	int fd;

	(void)state;
	assert_int_equal(ofchan_client_open("unix:/nonexistent/x", NULL, 100, &c, err, sizeof(err)),
			 -ENOENT);
	assert_string_equal(
		err, "unix:/nonexistent/x: connection failed (No such file or directory)");
	assert_int_equal(ofchan_client_open("tcp:nope", NULL, 100, &c, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "column 5"));
	fd = raw_listen(&addr, unix_address("mute2")); /* takes the connection and says nothing */
	assert_int_equal(ofchan_client_open(addr.name, NULL, 50, &c, err, sizeof(err)), -ETIMEDOUT);
	assert_non_null(strstr(err, "did not answer in time"));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_as_open_vswitch_spells_them),
		cmocka_unit_test(wrong_addresses_say_what_is_wrong_and_where),
		cmocka_unit_test(messages_are_whole_wherever_the_bytes_are_split),
		cmocka_unit_test(messages_that_come_together_are_one_batch),
		cmocka_unit_test(the_largest_message_arrives),
		cmocka_unit_test(what_was_sent_before_the_end_is_delivered),
		cmocka_unit_test(a_header_shorter_than_itself_is_answered_and_ends_the_connection),
		cmocka_unit_test(a_message_of_another_version_is_refused_by_itself),
		cmocka_unit_test(hello_is_negotiated_by_bitmap_or_highest_version),
		cmocka_unit_test(hello_without_a_common_version_is_answered_by_an_error_with_text),
		cmocka_unit_test(what_is_no_hello_ends_the_connection),
		cmocka_unit_test(random_bytes_never_get_far),
		cmocka_unit_test(echo_requests_are_answered_with_their_data),
		cmocka_unit_test(a_silent_peer_is_probed_and_then_dropped),
		cmocka_unit_test(a_peer_is_not_blamed_for_our_own_standstill),
		cmocka_unit_test(a_peer_without_a_hello_is_closed_and_logged_once),
		cmocka_unit_test(a_refused_connection_is_dialled_again_with_back_off),
		cmocka_unit_test(a_lost_connection_comes_back),
		cmocka_unit_test(a_connection_that_was_up_for_a_while_forgets_the_back_off),
		cmocka_unit_test(a_connect_that_nobody_answers_times_out),
		cmocka_unit_test(reading_pauses_while_the_peer_does_not_read),
		cmocka_unit_test(a_peer_that_never_reads_is_dropped_in_time),
		cmocka_unit_test(a_send_queue_that_overflows_drops_the_connection),
		cmocka_unit_test(a_long_reply_is_streamed_by_drained),
		cmocka_unit_test(a_busy_peer_does_not_starve_another),
		cmocka_unit_test(a_paused_connection_delivers_nothing_until_it_goes_on),
		cmocka_unit_test(a_peer_that_goes_or_stops_reading_in_a_long_reply_is_dropped),
		cmocka_unit_test(a_connection_may_be_freed_in_each_callback),
		cmocka_unit_test(what_was_sent_last_arrives_although_the_connection_is_freed),
		cmocka_unit_test(a_stale_unix_socket_is_replaced_and_a_live_one_is_not),
		cmocka_unit_test(a_port_that_is_taken_is_an_error_with_its_address),
		cmocka_unit_test(connections_outlive_their_listener),
		cmocka_unit_test(running_out_of_descriptors_is_logged_once_and_survived),
		cmocka_unit_test(a_listener_takes_so_many_connections_and_no_more),
		cmocka_unit_test(the_client_sends_and_receives_much_at_once),
		cmocka_unit_test(the_client_says_why_it_cannot_connect),
	};

	return cmocka_run_group_tests(tests, conn_util_setup, conn_util_teardown);
}
