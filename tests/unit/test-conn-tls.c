// SPDX-License-Identifier: Apache-2.0
/* TLS on connections: what is accepted, what is refused, and what the log then says.  The PKI is
 * made at run time; peers that our own code could not play (old versions, no certificate) are bare
 * OpenSSL.  It is one file of more than 800 lines since all of it stands on that PKI, which takes its first fifth. */
#include "conn_util.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ofchan/client.h"
#include "ofchan/tls.h"

#define DAY (24l * 60 * 60)

static const struct of_conn_config quick = { .min_backoff_ms = 10, .max_backoff_ms = 20 };

/* The PKI: NAME-key.pem and NAME-cert.pem in 'dir'. */

static char *file_of(const char *name, const char *what)
{
	static char buf[128][160];
	static unsigned int i;
	char *p = buf[i++ % 128];

	snprintf(p, sizeof(buf[0]), "%s/%s-%s.pem", dir, name, what);
	return p;
}

static void set_name(X509_NAME *name, const char *cn)
{
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
}

static void add_ext(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(ext);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
}

static EVP_PKEY *read_key(const char *name)
{
	FILE *f = fopen(file_of(name, "key"), "r");
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);

	fclose(f);
	return key;
}

/* Makes NAME, signed by CA (itself if they are the same), valid from and to so many seconds from
 * now. */
static void make_cert(const char *name, const char *ca, long from, long to)
{
	static long serial = 1;
	EVP_PKEY *key = EVP_EC_gen("P-256"), *ca_key;
	X509 *cert = X509_new();
	FILE *f;

	f = fopen(file_of(name, "key"), "w");
	fchmod(fileno(f), 0600);
	assert_true(PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
	fclose(f);

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), from);
	X509_gmtime_adj(X509_getm_notAfter(cert), to);
	X509_set_pubkey(cert, key);
	set_name(X509_get_subject_name(cert), name);
	set_name(X509_get_issuer_name(cert), ca);
	if (!strcmp(name, ca))
		add_ext(cert, NID_basic_constraints, "critical,CA:TRUE");
	ca_key = read_key(ca);
	assert_true(X509_sign(cert, ca_key, EVP_sha256()));
	f = fopen(file_of(name, "cert"), "w");
	assert_true(PEM_write_X509(f, cert));
	fclose(f);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	X509_free(cert);
}

static int setup(void **state)
{
	if (conn_util_setup(state))
		return -1;
	make_cert("ca", "ca", -DAY, 30 * DAY);
	make_cert("otherca", "otherca", -DAY, 30 * DAY);
	make_cert("switch", "ca", -DAY, 20 * DAY);
	make_cert("controller", "ca", -DAY, 20 * DAY);
	make_cert("stranger", "otherca", -DAY, 20 * DAY);
	make_cert("old", "ca", -400 * DAY, -35 * DAY);
	make_cert("young", "ca", 3 * DAY, 30 * DAY);
	return 0;
}

static struct tls *load(const char *name, const char *ca)
{
	struct tls *tls = tls_new();
	char err[512] = "";

	if (tls_load(tls, file_of(name, "key"), file_of(name, "cert"), file_of(ca, "cert"), err,
		     sizeof(err)))
		fail_msg("%s", err);
	return tls;
}

/* "expires 2036-01-01" of what make_cert() made. */
static const char *date_of(long offset)
{
	static char buf[32];
	time_t t = time(NULL) + offset;
	struct tm tm;

	strftime(buf, sizeof(buf), "%Y-%m-%d", gmtime_r(&t, &tm));
	return buf;
}

/* Bare OpenSSL. */

struct raw_tls {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	bool is_done, is_failed;
};

static void raw_tls_init(struct raw_tls *r, int fd, bool is_server, const char *cert, int min,
			 int max)
{
	r->ctx = SSL_CTX_new(TLS_method());
	r->fd = fd;
	r->is_done = r->is_failed = false;
	/* Old versions are off by default even on this side. */
	SSL_CTX_set_security_level(r->ctx, 0);
	SSL_CTX_set_min_proto_version(r->ctx, min);
	SSL_CTX_set_max_proto_version(r->ctx, max);
	if (cert) {
		assert_int_equal(SSL_CTX_use_certificate_file(r->ctx, file_of(cert, "cert"),
							      SSL_FILETYPE_PEM),
				 1);
		assert_int_equal(
			SSL_CTX_use_PrivateKey_file(r->ctx, file_of(cert, "key"), SSL_FILETYPE_PEM),
			1);
	}
	r->ssl = SSL_new(r->ctx);
	SSL_set_fd(r->ssl, fd);
	if (is_server)
		SSL_set_accept_state(r->ssl);
	else
		SSL_set_connect_state(r->ssl);
}

static void raw_tls_uninit(struct raw_tls *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	close(r->fd);
}

static bool raw_result(struct raw_tls *r, int result)
{
	int error = SSL_get_error(r->ssl, result);

	if (result > 0)
		return true;
	r->is_failed |= error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
	return false;
}

/* One step of handshake or reading (for alerts that come late).  True once it is done or failed. */
static bool raw_shake(struct raw_tls *r)
{
	ERR_clear_error();
	if (!r->is_done && !r->is_failed)
		r->is_done = raw_result(r, SSL_do_handshake(r->ssl));
	return r->is_done || r->is_failed;
}

static bool raw_reads(struct raw_tls *r, void *buf, int n)
{
	ERR_clear_error();
	return raw_shake(r) && !r->is_failed && raw_result(r, SSL_read(r->ssl, buf, n));
}

static void raw_says_hello(struct raw_tls *r)
{
	ERR_clear_error();
	raw_result(r, SSL_write(r->ssl, HELLO, HELLO_LEN));
}

/* What works. */

static void both_sides_are_authenticated_with_tls_1_3(void **state)
{
	struct tls *ours = load("switch", "ca"), *theirs = load("controller", "ca");
	struct owner *o = owner_new();
	struct of_conn_info info;
	struct server s;

	(void)state;
	log_clear();
	server_open(&s, "pssl:0:127.0.0.1", theirs, NULL);
	o->conn = of_conn_connect(base, &s.addr, ours, &quick, &owner_cbs, o);
	RUN_UNTIL(o->n_connected && s.n_accepted);
	of_conn_get_info(o->conn, &info);
	assert_non_null(strstr(info.tls_session, "TLSv1.3, "));
	assert_non_null(strstr(info.tls_session, "peer CN=controller"));
	assert_int_equal(log_count("connected, OpenFlow 1.3 (TLSv1.3, "), 2);
	assert_logged_once("peer CN=switch)");
	owner_free(o);
	RUN_UNTIL(s.owners[0]->n_disconnected);
	assert_string_equal(s.owners[0]->reason, "closed by the peer");
	server_close(&s);
	tls_free(ours);
	tls_free(theirs);
}

static void tls_1_2_is_accepted_as_server_and_as_client(void **state)
{
	struct tls *tls = load("switch", "ca");
	struct owner *o = owner_new();
	struct stream_addr addr;
	struct raw_tls r;
	struct server s;
	char buf[64];
	int listen_fd, fd;

	(void)state;
	server_open(&s, "pssl:0:127.0.0.1", tls, NULL);
	raw_tls_init(&r, raw_connect(&s.addr), false, "controller", TLS1_2_VERSION, TLS1_2_VERSION);
	RUN_UNTIL(raw_shake(&r));
	raw_says_hello(&r);
	RUN_UNTIL(s.n_accepted);
	assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(r.ssl)), 0);
	raw_tls_uninit(&r);
	server_close(&s);

	listen_fd = raw_listen(&addr, "pssl:0:127.0.0.1");
	o->conn = of_conn_connect(base, &addr, tls, &quick, &owner_cbs, o);
	RUN_UNTIL((fd = raw_accept(listen_fd)) >= 0);
	raw_tls_init(&r, fd, true, "controller", TLS1_2_VERSION, TLS1_2_VERSION);
	RUN_UNTIL(raw_shake(&r));
	raw_says_hello(&r);
	RUN_UNTIL(o->n_connected);
	RUN_UNTIL(raw_reads(&r, buf, sizeof(buf)));
	raw_tls_uninit(&r);
	owner_free(o);
	close(listen_fd);
	tls_free(tls);
}

static void no_session_can_be_resumed(void **state)
{
	struct tls *tls = load("switch", "ca");
	struct raw_tls r;
	struct server s;
	char buf[64];

	(void)state;
	server_open(&s, "pssl:0:127.0.0.1", tls, NULL);
	raw_tls_init(&r, raw_connect(&s.addr), false, "controller", TLS1_3_VERSION, TLS1_3_VERSION);
	RUN_UNTIL(raw_reads(&r, buf, sizeof(buf))); /* tickets would come before the hello */
	assert_int_equal(SSL_SESSION_is_resumable(SSL_get0_session(r.ssl)), 0);
	raw_tls_uninit(&r);
	server_close(&s);
	tls_free(tls);
}

static void renegotiation_is_refused(void **state)
{
	struct tls *tls = load("switch", "ca");
	struct raw_tls r;
	struct server s;
	char buf[64];

	(void)state;
	server_open(&s, "pssl:0:127.0.0.1", tls, NULL);
	raw_tls_init(&r, raw_connect(&s.addr), false, "controller", TLS1_2_VERSION, TLS1_2_VERSION);
	RUN_UNTIL(raw_shake(&r));
	raw_says_hello(&r);
	RUN_UNTIL(s.n_accepted);
	RUN_UNTIL(raw_reads(&r, buf, sizeof(buf)));
	assert_int_equal(SSL_renegotiate(r.ssl), 1);
	r.is_done = false;
	RUN_UNTIL(raw_shake(&r));
	assert_true(r.is_failed);
	raw_tls_uninit(&r);
	server_close(&s);
	tls_free(tls);
}

/* Sends everything it gets back, as another type. */
static void send_back(struct owner *o, const uint8_t *msg, size_t len)
{
	static uint8_t copy[65536];

	memcpy(copy, msg, len);
	assert_int_equal(of_conn_send(o->conn, copy, len), 0);
}

static void much_data_passes_both_ways(void **state)
{
	enum { N = 20000 };
	struct tls *ours = load("switch", "ca"), *theirs = load("controller", "ca");
	struct owner *o = owner_new();
	uint8_t msg[2048];
	struct server s;
	size_t sum = 0;

	(void)state;
	server_open(&s, "pssl:0:127.0.0.1", theirs, NULL);
	s.owners[0]->on_message = send_back;
	o->conn = of_conn_connect(base, &s.addr, ours, &quick, &owner_cbs, o);
	RUN_UNTIL(o->n_connected && s.n_accepted);
	for (unsigned int i = 0; i < N; i++) {
		size_t len = put_msg(msg, 4, 1, i, i % 1500);

		/* Two ends that only send would block each other, as conn.h has it. */
		RUN_UNTIL(of_conn_backlog(o->conn) < OF_CONN_TX_LOW);
		assert_int_equal(of_conn_send(o->conn, msg, len), 0);
		sum += len;
	}
	RUN_UNTIL(o->n_messages == N);
	assert_int_equal(o->n_disconnected, 0);
	for (size_t i = 0, ofs = 0; ofs < o->len && i < N; i++) {
		size_t len = put_msg(msg, 4, 1, (uint32_t)i, i % 1500);

		assert_memory_equal(o->data + ofs, msg, len);
		ofs += len;
	}
	assert_true(sum > 10000000);
	owner_free(o);
	server_close(&s);
	tls_free(ours);
	tls_free(theirs);
}

/* What is refused, and what the log says.  Each failure is retried a few times, and logged once. */

static void try_mismatch(const char *switch_cert, const char *switch_ca, const char *controller,
			 const char *controller_ca)
{
	struct tls *ours = load(switch_cert, switch_ca);
	struct tls *theirs = load(controller, controller_ca);
	struct owner *o = owner_new();
	struct of_conn_info info;
	struct server s;

	log_clear();
	server_open(&s, "pssl:0:127.0.0.1", theirs, NULL);
	o->conn = of_conn_connect(base, &s.addr, ours, &quick, &owner_cbs, o);
	do {
		loop_once();
		of_conn_get_info(o->conn, &info);
	} while (info.n_attempts < 5);
	assert_int_equal(o->n_connected + s.n_accepted, 0);
	owner_free(o);
	server_close(&s);
	tls_free(ours);
	tls_free(theirs);
}

static void a_client_of_another_ca_is_refused_and_told_so(void **state)
{
	char text[512];

	(void)state;
	try_mismatch("stranger", "ca", "controller", "ca");
	snprintf(text, sizeof(text),
		 "TLS handshake failed: peer's certificate rejected: not signed by our CA %s: "
		 "unable "
		 "to get local issuer certificate (subject CN=stranger, issuer CN=otherca, expires "
		 "%s)",
		 file_of("ca", "cert"), date_of(20 * DAY));
	assert_logged_once(text);
	snprintf(text, sizeof(text),
		 "TLS handshake failed: peer rejected our certificate %s (subject CN=stranger, "
		 "issuer "
		 "CN=otherca, expires %s): alert unknown CA",
		 file_of("stranger", "cert"), date_of(20 * DAY));
	assert_logged_once(text);
	assert_int_equal(log_count("TLS handshake failed"), 2);
}

static void a_server_of_another_ca_is_refused_and_told_so(void **state)
{
	char text[512];

	(void)state;
	try_mismatch("switch", "ca", "stranger", "ca");
	snprintf(text, sizeof(text),
		 "peer's certificate rejected: not signed by our CA %s: unable to get local issuer "
		 "certificate (subject CN=stranger, issuer CN=otherca, expires ",
		 file_of("ca", "cert"));
	assert_logged_once(text);
	snprintf(text, sizeof(text),
		 "peer rejected our certificate %s (subject CN=stranger, issuer CN=otherca, "
		 "expires ",
		 file_of("stranger", "cert"));
	assert_logged_once(text);
	assert_int_equal(log_count("TLS handshake failed"), 2);
}

/* A bare client does what it likes to a server with our settings; the server's log must say 'text'.
 */
static void try_client(const char *cert, int min, int max, const char *text)
{
	struct tls *tls = load("switch", "ca");
	struct server s;

	log_clear();
	server_open(&s, "pssl:0:127.0.0.1", tls, NULL);
	for (int i = 0; i < 3; i++) {
		struct raw_tls r;
		char buf[64];

		raw_tls_init(&r, raw_connect(&s.addr), false, cert, min, max);
		RUN_UNTIL(raw_shake(&r));
		if (r.is_done)
			raw_says_hello(&r);
		RUN_UNTIL(r.is_failed || (raw_reads(&r, buf, sizeof(buf)), false));
		raw_tls_uninit(&r);
		RUN_UNTIL(of_listener_n_conns(s.listener) == 0);
	}
	assert_int_equal(s.n_accepted, 0);
	assert_logged_once(text);
	assert_int_equal(log_count("TLS handshake failed"), 1);
	server_close(&s);
	tls_free(tls);
}

static void append_cert(const char *from, const char *to)
{
	char buf[4096];
	FILE *f = fopen(file_of(from, "cert"), "r");
	size_t n = fread(buf, 1, sizeof(buf), f);

	fclose(f);
	f = fopen(file_of(to, "cert"), "a");
	fwrite(buf, 1, n, f);
	fclose(f);
}

static void of_a_chain_both_the_peer_and_the_culprit_are_named(void **state)
{
	char text[512];

	(void)state;
	make_cert("chained", "otherca", -DAY, 20 * DAY);
	append_cert("otherca", "chained");
	try_mismatch("chained", "ca", "controller", "ca");
	snprintf(text, sizeof(text),
		 "self-signed certificate in certificate chain (subject CN=chained, issuer "
		 "CN=otherca, "
		 "expires %s; in its chain: subject CN=otherca, issuer CN=otherca, expires ",
		 date_of(20 * DAY));
	assert_logged_once(text);
}

static void an_expired_certificate_is_refused(void **state)
{
	char text[256];

	(void)state;
	snprintf(text, sizeof(text),
		 "peer's certificate rejected: certificate has expired (subject CN=old, issuer "
		 "CN=ca, "
		 "expired %s)",
		 date_of(-35 * DAY));
	try_client("old", TLS1_3_VERSION, TLS1_3_VERSION, text);
	try_client("old", TLS1_2_VERSION, TLS1_2_VERSION, text);
}

static void a_certificate_of_the_future_is_refused(void **state)
{
	char text[256];

	(void)state;
	snprintf(text, sizeof(text),
		 "peer's certificate rejected: certificate is not yet valid (subject CN=young, "
		 "issuer "
		 "CN=ca, valid from %s)",
		 date_of(3 * DAY));
	try_client("young", TLS1_2_VERSION, TLS1_3_VERSION, text);
}

static void a_client_without_a_certificate_is_refused(void **state)
{
	(void)state;
	try_client(NULL, TLS1_3_VERSION, TLS1_3_VERSION, "peer sent no certificate");
	try_client(NULL, TLS1_2_VERSION, TLS1_2_VERSION, "peer sent no certificate");
}

static void tls_1_1_is_refused(void **state)
{
	struct tls *tls = load("switch", "ca");
	struct owner *o = owner_new();
	struct stream_addr addr;
	struct of_conn_info info;
	int listen_fd;

	(void)state;
	try_client("controller", TLS1_VERSION, TLS1_1_VERSION,
		   "peer offers no TLS version that we accept (1.2 and 1.3)");
	/* And when we are the client. */
	log_clear();
	listen_fd = raw_listen(&addr, "pssl:0:127.0.0.1");
	o->conn = of_conn_connect(base, &addr, tls, &quick, &owner_cbs, o);
	for (int i = 0; i < 3; i++) {
		struct raw_tls r;
		int fd;

		RUN_UNTIL((fd = raw_accept(listen_fd)) >= 0);
		raw_tls_init(&r, fd, true, "controller", TLS1_VERSION, TLS1_1_VERSION);
		RUN_UNTIL(raw_shake(&r));
		assert_true(r.is_failed);
		raw_tls_uninit(&r);
	}
	RUN_UNTIL((of_conn_get_info(o->conn, &info), info.last_error[0]));
	assert_int_equal(log_count("TLS handshake failed"), 1);
	assert_logged_once("peer accepts no TLS version that we offer (1.2 and 1.3)");
	owner_free(o);
	close(listen_fd);
	tls_free(tls);
}

static void plain_text_on_a_tls_port_is_refused(void **state)
{
	struct tls *tls = load("switch", "ca");
	struct server s;
	int fd;

	(void)state;
	log_clear();
	server_open(&s, "pssl:0:127.0.0.1", tls, NULL);
	for (int i = 0; i < 3; i++) {
		fd = raw_connect(&s.addr);
		raw_send(fd, HELLO, HELLO_LEN);
		RUN_UNTIL(raw_is_closed(fd));
		close(fd);
	}
	assert_logged_once("TLS handshake failed: peer does not speak TLS");
	fd = raw_connect(&s.addr);
	raw_send(fd, "GET / HTTP/1.0\r\n\r\n", 18);
	RUN_UNTIL(raw_is_closed(fd));
	close(fd);
	assert_logged_once("TLS handshake failed: peer does not speak TLS but HTTP");
	server_close(&s);
	tls_free(tls);
}

static void tls_on_a_plain_port_is_recognised_on_both_sides(void **state)
{
	struct tls *tls = load("switch", "ca");
	struct owner *o = owner_new();
	struct of_conn_info info;
	struct stream_addr addr;
	char name[64];
	struct server s;

	(void)state;
	log_clear();
	server_open(&s, "ptcp:0:127.0.0.1", NULL, NULL);
	snprintf(name, sizeof(name), "ssl:127.0.0.1:%u", of_listener_port(s.listener));
	assert_int_equal(stream_addr_parse(name, &addr, NULL, 0), 0);
	o->conn = of_conn_connect(base, &addr, tls, &quick, &owner_cbs, o);
	RUN_UNTIL((of_conn_get_info(o->conn, &info), info.n_attempts == 4));
	assert_logged_once("peer does not speak OpenFlow but TLS");
	assert_logged_once("TLS handshake failed: peer does not speak TLS");
	owner_free(o);
	server_close(&s);
	tls_free(tls);
}

static void a_peer_that_goes_or_is_mute_during_the_handshake_is_logged_once(void **state)
{
	const struct of_conn_config config = { .hello_timeout_ms = 60 };
	struct tls *tls = load("switch", "ca");
	struct server s;

	(void)state;
	log_clear();
	server_open(&s, "pssl:0:127.0.0.1", tls, &config);
	for (int i = 0; i < 3; i++) {
		int fd = raw_connect(&s.addr);

		RUN_UNTIL(of_listener_n_conns(s.listener) == 1);
		close(fd);
		RUN_UNTIL(of_listener_n_conns(s.listener) == 0);
	}
	assert_logged_once("peer closed the connection in the middle of the handshake");
	for (int i = 0; i < 2; i++) {
		int fd = raw_connect(&s.addr);

		RUN_UNTIL(raw_is_closed(fd));
		close(fd);
	}
	assert_logged_once("no TLS handshake from the peer for 0.0 s");
	server_close(&s);
	tls_free(tls);
}

/* Loading. */

static void copy_file(const char *from, const char *to, mode_t mode)
{
	char buf[16384];
	FILE *f = fopen(from, "r");
	size_t n = fread(buf, 1, sizeof(buf), f);

	fclose(f);
	f = fopen(to, "w");
	fchmod(fileno(f), mode);
	fwrite(buf, 1, n, f);
	fclose(f);
}

static void write_encrypted_key(const char *path)
{
	EVP_PKEY *key = read_key("switch");
	FILE *f = fopen(path, "w");

	assert_true(PEM_write_PKCS8PrivateKey(f, key, EVP_aes_128_cbc(), "pw", 2, NULL, NULL));
	fclose(f);
	EVP_PKEY_free(key);
}

static void what_is_wrong_with_a_file_is_said_with_its_name(void **state)
{
	char *garbage = strdup(file_of("garbage", "key"));
	char *locked = strdup(file_of("locked", "key"));
	const struct {
		const char *key, *cert, *ca, *says;
		int error;
	} cases[] = {
		{ "/nonexistent/key", NULL, NULL,
		  "/nonexistent/key: cannot read the private key: No such file or directory",
		  -ENOENT },
		{ NULL, "/nonexistent/cert", NULL, "/nonexistent/cert: cannot read the certificate",
		  -ENOENT },
		{ NULL, NULL, "/nonexistent/ca", "/nonexistent/ca: cannot read the CA certificate",
		  -ENOENT },
		{ "", NULL, NULL, "the private key file is not set", -EINVAL },
		{ dir, NULL, NULL, ": the private key is not a file", -EINVAL },
		{ garbage, NULL, NULL, "garbage-key.pem: holds no usable PEM private key",
		  -EINVAL },
		{ NULL, garbage, NULL, "garbage-key.pem: holds no usable PEM certificate",
		  -EINVAL },
		{ NULL, NULL, garbage, "garbage-key.pem: holds no usable PEM certificate",
		  -EINVAL },
		{ locked, NULL, NULL, "locked-key.pem: the private key is encrypted", -EINVAL },
		{ file_of("controller", "key"), NULL, NULL,
		  "controller-key.pem: the private key does not belong to the certificate in ",
		  -EINVAL },
		{ file_of("old", "key"), file_of("old", "cert"), NULL,
		  "old-cert.pem: the certificate has expired (subject CN=old, issuer CN=ca, "
		  "expired ",
		  -EINVAL },
	};
	struct tls *tls = load("switch", "ca");
	FILE *f = fopen(garbage, "w");

	(void)state;
	fputs("this is not PEM\n", f);
	fclose(f);
	write_encrypted_key(locked);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char err[512] = "";
		int error = tls_load(tls, cases[i].key ? cases[i].key : file_of("switch", "key"),
				     cases[i].cert ? cases[i].cert : file_of("switch", "cert"),
				     cases[i].ca ? cases[i].ca : file_of("ca", "cert"), err,
				     sizeof(err));

		assert_int_equal(error, cases[i].error);
		if (!strstr(err, cases[i].says))
			fail_msg("case %zu says: %s", i, err);
		/* What was there stays. */
		assert_true(tls_is_loaded(tls));
		assert_string_equal(tls_cert_file(tls), file_of("switch", "cert"));
	}
	free(garbage);
	free(locked);
	tls_free(tls);
}

static void doubtful_files_are_warned_of(void **state)
{
	struct tls *tls;

	(void)state;
	log_clear();
	copy_file(file_of("switch", "key"), file_of("open", "key"), 0644);
	copy_file(file_of("switch", "cert"), file_of("open", "cert"), 0644);
	tls = load("open", "ca");
	assert_logged_once(
		"open-key.pem: everybody on this machine may read the private key (mode 0644)");
	tls_free(tls);
	tls = load("young", "ca");
	assert_logged_once("young-cert.pem: the certificate is not valid yet (subject CN=young");
	tls_free(tls);
	make_cert("oldca", "oldca", -400 * DAY, -35 * DAY);
	tls = load("switch", "oldca");
	assert_logged_once("oldca-cert.pem: a CA certificate has expired (subject CN=oldca");
	tls_free(tls);
}

static void a_reload_is_for_new_connections(void **state)
{
	struct tls *ours = load("switch", "ca"), *theirs = load("controller", "ca");
	struct owner *o = owner_new(), *late = owner_new();
	struct of_conn_info info;
	char err[512] = "";
	struct server s;
	uint8_t msg[8];

	(void)state;
	server_open(&s, "pssl:0:127.0.0.1", theirs, NULL);
	o->conn = of_conn_connect(base, &s.addr, ours, &quick, &owner_cbs, o);
	RUN_UNTIL(o->n_connected && s.n_accepted == 1);
	/* The controller moves to another PKI, in the same files. */
	copy_file(file_of("stranger", "key"), file_of("controller", "key"), 0600);
	copy_file(file_of("stranger", "cert"), file_of("controller", "cert"), 0644);
	assert_int_equal(tls_load(theirs, file_of("controller", "key"), file_of("controller", "cert"),
				  file_of("ca", "cert"), err, sizeof(err)),
			 0);
	log_clear();
	late->conn = of_conn_connect(base, &s.addr, ours, &quick, &owner_cbs, late);
	RUN_UNTIL((of_conn_get_info(late->conn, &info), info.last_error[0]));
	assert_non_null(strstr(info.last_error, "subject CN=stranger"));
	/* The old connection still works. */
	put_msg(msg, 4, 20, 1, 0);
	assert_int_equal(of_conn_send(o->conn, msg, sizeof(msg)), 0);
	RUN_UNTIL(s.owners[0]->n_messages == 1);
	owner_free(o);
	owner_free(late);
	server_close(&s);
	tls_free(ours);
	tls_free(theirs);
	make_cert("controller", "ca", -DAY, 20 * DAY);
}

static void certificates_may_come_later(void **state)
{
	struct tls *ours = tls_new(), *theirs = load("controller", "ca");
	struct owner *o = owner_new();
	struct of_conn_info info;
	char err[512] = "";
	struct server s;

	(void)state;
	log_clear();
	assert_int_equal(tls_cert_expires(ours), 0);
	assert_int_equal(tls_ca_expires(ours), 0);
	server_open(&s, "pssl:0:127.0.0.1", theirs, NULL);
	o->conn = of_conn_connect(base, &s.addr, ours, &quick, &owner_cbs, o);
	RUN_UNTIL((of_conn_get_info(o->conn, &info), info.n_attempts == 3));
	assert_logged_once("no private key and certificates are configured for TLS");
	assert_int_equal(tls_load(ours, file_of("switch", "key"), file_of("switch", "cert"),
				  file_of("ca", "cert"), err, sizeof(err)),
			 0);
	of_conn_retry_now(o->conn);
	RUN_UNTIL(o->n_connected);
	owner_free(o);
	server_close(&s);
	/* The same on the other side: peers are refused until there is something. */
	tls_unload(theirs);
	server_open(&s, "pssl:0:127.0.0.1", theirs, NULL);
	{
		int fd = raw_connect(&s.addr);

		RUN_UNTIL(raw_is_closed(fd));
		close(fd);
	}
	assert_int_equal(log_count("no private key and certificates are configured for TLS"), 2);
	server_close(&s);
	tls_free(ours);
	tls_free(theirs);
}

/* The tools' client. */

struct client_run {
	const char *address;
	struct tls *tls;
	char err[1024];
	int error;
	volatile bool is_done;
};

static void *run_client(void *arg)
{
	struct client_run *run = arg;
	struct ofchan_client *c = NULL;
	const uint8_t *msg = NULL;
	uint8_t request[8];
	size_t len = 0;

	put_msg(request, 4, 20, 99, 0);
	run->error =
		ofchan_client_open(run->address, run->tls, 10000, &c, run->err, sizeof(run->err));
	if (!run->error)
		run->error = ofchan_client_send(c, request, sizeof(request));
	if (!run->error)
		run->error = ofchan_client_recv(c, &msg, &len);
	if (!run->error && (len != 8 || memcmp(msg, request, 8)))
		run->error = -EPROTO;
	ofchan_client_close(c);
	run->is_done = true;
	return NULL;
}

static void the_client_speaks_tls_too(void **state)
{
	struct tls *ours = load("switch", "ca"), *theirs = load("controller", "ca");
	struct tls *wrong = load("stranger", "ca");
	struct client_run run = { .tls = ours };
	pthread_t thread;
	struct server s;

	(void)state;
	server_open(&s, "pssl:0:127.0.0.1", theirs, NULL);
	s.owners[0]->on_message = send_back;
	run.address = s.addr.name;
	assert_int_equal(pthread_create(&thread, NULL, run_client, &run), 0);
	RUN_UNTIL(run.is_done);
	pthread_join(thread, NULL);
	if (run.error)
		fail_msg("%d %s", run.error, run.err);
	run = (struct client_run){ .tls = wrong, .address = s.addr.name };
	assert_int_equal(pthread_create(&thread, NULL, run_client, &run), 0);
	RUN_UNTIL(run.is_done);
	pthread_join(thread, NULL);
	assert_int_not_equal(run.error, 0);
	if (!strstr(run.err, "peer rejected our certificate"))
		fail_msg("%s", run.err);
	server_close(&s);
	tls_free(ours);
	tls_free(theirs);
	tls_free(wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_are_authenticated_with_tls_1_3),
		cmocka_unit_test(tls_1_2_is_accepted_as_server_and_as_client),
		cmocka_unit_test(no_session_can_be_resumed),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(much_data_passes_both_ways),
		cmocka_unit_test(a_client_of_another_ca_is_refused_and_told_so),
		cmocka_unit_test(a_server_of_another_ca_is_refused_and_told_so),
		cmocka_unit_test(of_a_chain_both_the_peer_and_the_culprit_are_named),
		cmocka_unit_test(an_expired_certificate_is_refused),
		cmocka_unit_test(a_certificate_of_the_future_is_refused),
		cmocka_unit_test(a_client_without_a_certificate_is_refused),
		cmocka_unit_test(tls_1_1_is_refused),
		cmocka_unit_test(plain_text_on_a_tls_port_is_refused),
		cmocka_unit_test(tls_on_a_plain_port_is_recognised_on_both_sides),
		cmocka_unit_test(a_peer_that_goes_or_is_mute_during_the_handshake_is_logged_once),
		cmocka_unit_test(what_is_wrong_with_a_file_is_said_with_its_name),
		cmocka_unit_test(doubtful_files_are_warned_of),
		cmocka_unit_test(a_reload_is_for_new_connections),
		cmocka_unit_test(certificates_may_come_later),
		cmocka_unit_test(the_client_speaks_tls_too),
	};

	return cmocka_run_group_tests(tests, setup, conn_util_teardown);
}
