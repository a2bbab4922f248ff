// SPDX-License-Identifier: Apache-2.0
/* Connections without TLS: addresses, framing, hello, echo, timeouts, back-off.  See
 * test-conn-bounds.c and test-conn-tls.c for the rest. */
#include "conn_util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ofchan/conn_private.h"

enum { ERROR = 1, ECHO_REQUEST = 2, ECHO_REPLY = 3, BARRIER_REQUEST = 20 };

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
	/* One, unless the machine stood still for longer than a turn may take, which is looked at
	 * after every 16 messages. */
	assert_in_range(s.owners[0]->n_batches, 1, 7);
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
		assert_memory_equal(in + 16, "\x04\x01\x00\x14\x00\x00\x00\x07\x00\x01\x00\x06",
				    12);
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
	const struct of_conn_config config = { .probe_interval_ms = 300 };
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
	assert_string_equal(s.owners[0]->reason, "no answer to an echo request for 0.3 s");
	assert_int_equal(of_conn_get_state(s.owners[0]->conn), OF_CONN_VOID);
	close(fd);
	server_close(&s);
}

static void a_peer_is_not_blamed_for_our_own_standstill(void **state)
{
	const struct of_conn_config config = { .probe_interval_ms = 300 };
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
	for (start = test_now_ms(); test_now_ms() < start + 700;)
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
	/* 10 + 20 + 40 + 40 + 40, each up to a quarter shorter */
	ms = test_now_ms() - start;
	assert_in_range(ms, 110, 5000);
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

static void a_wait_is_up_to_a_quarter_shorter_than_the_back_off(void **state)
{
	bool was_shortest = false, was_longest = false;

	(void)state;
	for (uint32_t r = 0; r < 1000; r++) {
		uint32_t ms = conn_wait_ms(1000, r * 2654435761u);

		assert_in_range(ms, 750, 1000);
		was_shortest |= ms < 760;
		was_longest |= ms > 990;
	}
	assert_true(was_shortest && was_longest);
	assert_int_equal(conn_wait_ms(0, 7), 0);
	assert_in_range(conn_wait_ms(UINT32_MAX, UINT32_MAX), UINT32_MAX / 4 * 3, UINT32_MAX);
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
		cmocka_unit_test(a_wait_is_up_to_a_quarter_shorter_than_the_back_off),
		cmocka_unit_test(a_connect_that_nobody_answers_times_out),
	};

	return cmocka_run_group_tests(tests, conn_util_setup, conn_util_teardown);
}
