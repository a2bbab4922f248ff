// SPDX-License-Identifier: Apache-2.0
/* What connections, listeners and the tools' client bear: peers that do not read, busy ones,
 * callbacks that free, descriptors that run out. */
#include "conn_util.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ofchan/client.h"

enum { ERROR = 1, ECHO_REQUEST = 2, BARRIER_REQUEST = 20, BARRIER_REPLY = 21 };

static const struct of_conn_config quick = { .min_backoff_ms = 10, .max_backoff_ms = 40 };

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
		ssize_t r =
			n_sent < total ? send(fd, echo + ofs, sizeof(echo) - ofs, MSG_NOSIGNAL) : 0;

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

static void bytes_that_are_no_whole_message_are_not_sent(void **state)
{
	uint8_t msg[16];
	struct server s;
	int fd;

	(void)state;
	for (size_t len = 1; len < sizeof(msg); len++) {
		if (len == 8)
			continue;
		server_open(&s, unix_address("bug"), NULL, NULL);
		fd = raw_up(&s, 0);
		put_msg(msg, 4, BARRIER_REPLY, 1, 0);
		put_msg(msg + 8, 4, BARRIER_REPLY, 1, 0);
		assert_int_equal(of_conn_send(s.owners[0]->conn, msg, len), -EINVAL);
		RUN_UNTIL(s.owners[0]->n_disconnected);
		assert_non_null(strstr(s.owners[0]->reason, "bug: "));
		close(fd);
		server_close(&s);
	}
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
	/* Another one: valgrind, which keeps the limit for us, closes the one that it did not
	 * allow. */
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
		/* A Unix socket that is closed with echo replies unread resets its peer, which is
		 * told so after the last byte. */
		if (!run->error) {
			run->error = ofchan_client_recv(c, &msg, &len);
			if (run->error == -ENOTCONN || run->error == -ECONNRESET)
				run->error = 0;
			else if (!run->error)
				run->error = -EPROTO;
		}
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
	assert_string_equal(err,
			    "unix:/nonexistent/x: connection failed (No such file or directory)");
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
		cmocka_unit_test(reading_pauses_while_the_peer_does_not_read),
		cmocka_unit_test(a_peer_that_never_reads_is_dropped_in_time),
		cmocka_unit_test(a_send_queue_that_overflows_drops_the_connection),
		cmocka_unit_test(bytes_that_are_no_whole_message_are_not_sent),
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
