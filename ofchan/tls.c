// SPDX-License-Identifier: Apache-2.0
/* TLS settings and the diagnosis of what goes wrong with them; see tls.h. */
#include "ofchan/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "log.h"

/* A certificate in words: long enough for usual names, and a bound for unusual ones. */
#define CERT_TEXT_SIZE 512
#define NAME_TEXT_MAX  160

struct tls {
	SSL_CTX *ctx; /* NULL if nothing is loaded */
	char *cert_file, *ca_file;
	BIO_METHOD *bio_method;
	int ex_idx; /* of struct session in an SSL object */
};

/* What one SSL object must remember for a diagnosis.  Freed with it. */
struct session {
	char *cert_file, *ca_file; /* as of its creation: 'tls' may be reloaded meanwhile */
	int verify_error;	   /* X509_V_OK until our side rejects the peer's chain */
	char rejected[2 * CERT_TEXT_SIZE];
};

/* A socket BIO that never raises SIGPIPE. */

static int bio_write(BIO *bio, const char *p, int n)
{
	int fd = (int)(intptr_t)BIO_get_data(bio);
	ssize_t r;

	BIO_clear_retry_flags(bio);
	r = send(fd, p, (size_t)n, MSG_NOSIGNAL);
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(bio);
	return (int)r;
}

static int bio_read(BIO *bio, char *p, int n)
{
	int fd = (int)(intptr_t)BIO_get_data(bio);
	ssize_t r;

	BIO_clear_retry_flags(bio);
	r = recv(fd, p, (size_t)n, 0);
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	else if (r == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return (int)r;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)num;
	(void)ptr;
	if (cmd == BIO_CTRL_EOF)
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

static BIO_METHOD *make_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "skep socket");

	if (m && BIO_meth_set_write(m, bio_write) && BIO_meth_set_read(m, bio_read) &&
	    BIO_meth_set_ctrl(m, bio_ctrl))
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* Certificates in words. */

static void format_x509_name(const X509_NAME *name, char *buf, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	size_t max = size - 1 < NAME_TEXT_MAX ? size - 1 : NAME_TEXT_MAX;
	int n = 0;

	/* RFC 2253 form escapes control and non-ASCII characters: what a peer sends is fit for a
	 * log. */
	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_read(bio, buf, (int)max);
	buf[n > 0 ? n : 0] = '\0';
	if (n <= 0)
		snprintf(buf, size, "(no name)");
	BIO_free(bio);
}

static void format_date(const ASN1_TIME *t, char *buf, size_t size)
{
	struct tm tm;

	if (!t || !ASN1_TIME_to_tm(t, &tm) || !strftime(buf, size, "%Y-%m-%d", &tm))
		snprintf(buf, size, "(no date)");
}

/* "subject CN=…, issuer CN=…, expires 2036-01-01" */
static void format_cert(const X509 *cert, char *buf, size_t size)
{
	char subject[NAME_TEXT_MAX + 1], issuer[NAME_TEXT_MAX + 1], date[32];
	const char *verb = "expires";
	const ASN1_TIME *t;

	if (!cert) {
		snprintf(buf, size, "no certificate");
		return;
	}
	format_x509_name(X509_get_subject_name(cert), subject, sizeof(subject));
	format_x509_name(X509_get_issuer_name(cert), issuer, sizeof(issuer));
	t = X509_get0_notAfter(cert);
	if (X509_cmp_current_time(t) < 0) {
		verb = "expired";
	} else if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0) {
		verb = "valid from";
		t = X509_get0_notBefore(cert);
	}
	format_date(t, date, sizeof(date));
	snprintf(buf, size, "subject %s, issuer %s, %s %s", subject, issuer, verb, date);
}

/* Loading. */

/* Ends a load: the message is what 'fmt' says and, if OpenSSL has something to say, that. */
static int load_fail(int error, char *err, size_t err_size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int load_fail(int error, char *err, size_t err_size, const char *fmt, ...)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;
	char msg[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (err && err_size)
		snprintf(err, err_size, "%s%s%s%s", msg, reason ? " (" : "", reason ? reason : "",
			 reason ? ")" : "");
	ERR_clear_error();
	return error;
}

/* Never ask the terminal of a daemon. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(bool *)arg = true;
	return 0;
}

static int check_file(const char *what, const char *file, struct stat *st, char *err,
		      size_t err_size)
{
	FILE *f = file && *file ? fopen(file, "re") : NULL;
	int error;

	if (!file || !*file)
		return load_fail(-EINVAL, err, err_size, "the %s file is not set", what);
	if (!f || fstat(fileno(f), st)) {
		error = errno;
		if (f)
			fclose(f);
		return load_fail(-error, err, err_size, "%s: cannot read the %s: %s", file, what,
				 strerror(error));
	}
	fclose(f);
	if (!S_ISREG(st->st_mode))
		return load_fail(-EINVAL, err, err_size, "%s: the %s is not a file", file, what);
	return 0;
}

static int load_cert(SSL_CTX *ctx, const char *file, char *err, size_t err_size)
{
	char text[CERT_TEXT_SIZE];
	struct stat st;
	X509 *cert;
	int error;

	error = check_file("certificate", file, &st, err, err_size);
	if (error)
		return error;
	if (SSL_CTX_use_certificate_chain_file(ctx, file) != 1)
		return load_fail(-EINVAL, err, err_size, "%s: holds no usable PEM certificate",
				 file);
	cert = SSL_CTX_get0_certificate(ctx);
	format_cert(cert, text, sizeof(text));
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return load_fail(-EINVAL, err, err_size, "%s: the certificate has expired (%s)",
				 file, text);
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		log_warn("%s: the certificate is not valid yet (%s); is the clock right?", file,
			 text);
	return 0;
}

static EVP_PKEY *read_key(const char *file, bool *ret_encrypted)
{
	FILE *f = fopen(file, "re");
	EVP_PKEY *key;

	*ret_encrypted = false;
	if (!f)
		return NULL;
	key = PEM_read_PrivateKey(f, NULL, no_password, ret_encrypted);
	fclose(f);
	return key;
}

static int load_key(SSL_CTX *ctx, const char *file, const char *cert_file, char *err,
		    size_t err_size)
{
	bool encrypted, matches;
	struct stat st;
	EVP_PKEY *key;
	int error;

	error = check_file("private key", file, &st, err, err_size);
	if (error)
		return error;
	key = read_key(file, &encrypted);
	if (!key) {
		ERR_clear_error();
		return load_fail(-EINVAL, err, err_size,
				 encrypted ? "%s: the private key is encrypted: skep needs it plain"
					   : "%s: holds no usable PEM private key",
				 file);
	}
	matches = X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) == 1;
	ERR_clear_error();
	error = matches && SSL_CTX_use_PrivateKey(ctx, key) == 1 ? 0 : -EINVAL;
	EVP_PKEY_free(key);
	if (!matches)
		return load_fail(-EINVAL, err, err_size,
				 "%s: the private key does not belong to the certificate in %s",
				 file, cert_file);
	if (error)
		return load_fail(error, err, err_size, "%s: cannot use the private key", file);
	if (st.st_mode & S_IROTH)
		log_warn("%s: everybody on this machine may read the private key (mode %04o)", file,
			 (unsigned int)(st.st_mode & 07777));
	return 0;
}

static void warn_expired_ca(SSL_CTX *ctx, const char *file)
{
	STACK_OF(X509) *certs = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(ctx));
	char text[CERT_TEXT_SIZE];

	for (int i = 0; i < sk_X509_num(certs); i++) {
		const X509 *cert = sk_X509_value(certs, i);

		if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0) {
			format_cert(cert, text, sizeof(text));
			log_warn("%s: a CA certificate has expired (%s)", file, text);
		}
	}
	sk_X509_pop_free(certs, X509_free);
}

static int load_ca(SSL_CTX *ctx, const char *file, char *err, size_t err_size)
{
	struct stat st;
	int error;

	error = check_file("CA certificate", file, &st, err, err_size);
	if (error)
		return error;
	if (SSL_CTX_load_verify_file(ctx, file) != 1)
		return load_fail(-EINVAL, err, err_size, "%s: holds no usable PEM certificate",
				 file);
	/* A listener tells clients whose certificates it takes. */
	SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(file));
	warn_expired_ca(ctx, file);
	ERR_clear_error();
	return 0;
}

static int verify(int ok, X509_STORE_CTX *store);

static SSL_CTX *make_ctx(void)
{
	static const unsigned char context_id[] = "skep";
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	if (!ctx)
		return NULL;
	if (!SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) ||
	    !SSL_CTX_set_session_id_context(ctx, context_id, sizeof(context_id) - 1) ||
	    !SSL_CTX_set_num_tickets(ctx, 0)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(ctx,
			    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
	return ctx;
}

int tls_load(struct tls *tls, const char *key_file, const char *cert_file, const char *ca_file,
	     char *err, size_t err_size)
{
	char *cert = strdup(cert_file ? cert_file : ""), *ca = strdup(ca_file ? ca_file : "");
	int error = -ENOMEM;
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = make_ctx();
	if (!ctx || !cert || !ca) {
		load_fail(error, err, err_size, "cannot set up TLS");
		goto out;
	}
	error = load_cert(ctx, cert, err, err_size);
	if (!error)
		error = load_key(ctx, key_file, cert, err, err_size);
	if (!error)
		error = load_ca(ctx, ca, err, err_size);
	if (error)
		goto out;
	tls_unload(tls);
	tls->ctx = ctx;
	tls->cert_file = cert;
	tls->ca_file = ca;
	return 0;
out:
	SSL_CTX_free(ctx);
	free(cert);
	free(ca);
	return error;
}

void tls_unload(struct tls *tls)
{
	/* Connections hold references of their own to the context. */
	SSL_CTX_free(tls->ctx);
	free(tls->cert_file);
	free(tls->ca_file);
	tls->ctx = NULL;
	tls->cert_file = tls->ca_file = NULL;
}

bool tls_is_loaded(const struct tls *tls)
{
	return tls->ctx;
}

const char *tls_cert_file(const struct tls *tls)
{
	return tls->cert_file ? tls->cert_file : "";
}

static time_t expires(const X509 *cert)
{
	struct tm tm;

	return cert && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) ? timegm(&tm) : 0;
}

time_t tls_cert_expires(const struct tls *tls)
{
	return tls->ctx ? expires(SSL_CTX_get0_certificate(tls->ctx)) : 0;
}

time_t tls_ca_expires(const struct tls *tls)
{
	STACK_OF(X509) *certs = tls->ctx ? X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(tls->ctx)) : NULL;
	time_t first = 0;

	for (int i = 0; i < sk_X509_num(certs); i++) {
		time_t t = expires(sk_X509_value(certs, i));

		if (!first || t < first)
			first = t;
	}
	sk_X509_pop_free(certs, X509_free);
	return first;
}

/* Sessions. */

static void session_free(struct session *session)
{
	if (!session)
		return;
	free(session->cert_file);
	free(session->ca_file);
	free(session);
}

static void on_ssl_freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
			 void *argp)
{
	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;
	session_free(ptr);
}

/* One index for the process: OpenSSL never gives one back. */
static int session_index(void)
{
	static int idx = -1;

	if (idx < 0)
		idx = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_freed);
	return idx;
}

struct tls *tls_new(void)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->ex_idx = session_index();
	tls->bio_method = make_bio_method();
	if (tls->ex_idx < 0 || !tls->bio_method) {
		tls_free(tls);
		return NULL;
	}
	return tls;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	tls_unload(tls);
	BIO_meth_free(tls->bio_method);
	free(tls);
}

static struct session *session_new(const struct tls *tls)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->verify_error = X509_V_OK;
	session->cert_file = strdup(tls->cert_file);
	session->ca_file = strdup(tls->ca_file);
	if (session->cert_file && session->ca_file)
		return session;
	session_free(session);
	return NULL;
}

void *tls_new_ssl(struct tls *tls, int fd, bool is_server)
{
	struct session *session;
	SSL *ssl = NULL;
	BIO *bio = NULL;

	if (!tls->ctx)
		return NULL;
	session = session_new(tls);
	if (!session)
		return NULL;
	ssl = SSL_new(tls->ctx);
	bio = BIO_new(tls->bio_method);
	if (!ssl || !bio || !SSL_set_ex_data(ssl, tls->ex_idx, session)) {
		session_free(session);
		SSL_free(ssl);
		BIO_free(bio);
		ERR_clear_error();
		return NULL;
	}
	BIO_set_data(bio, (void *)(intptr_t)fd);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	if (is_server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* "subject …" of the peer's own certificate, and of the one in its chain that is at fault if that
 * is another. */
static void format_rejected(X509_STORE_CTX *store, char *buf, size_t size)
{
	const X509 *own = X509_STORE_CTX_get0_cert(store);
	const X509 *culprit = X509_STORE_CTX_get_current_cert(store);
	size_t n;

	format_cert(own, buf, size);
	n = strlen(buf);
	if (!culprit || culprit == own || n >= size)
		return;
	n += (size_t)snprintf(buf + n, size - n, "; in its chain: ");
	if (n < size)
		format_cert(culprit, buf + n, size - n);
}

/* Called by OpenSSL for each certificate of the peer's chain: remembers which one it refused, and
 * why. */
static int verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct session *session = ssl ? SSL_get_ex_data(ssl, session_index()) : NULL;

	if (!ok && session && session->verify_error == X509_V_OK) {
		session->verify_error = X509_STORE_CTX_get_error(store);
		format_rejected(store, session->rejected, sizeof(session->rejected));
	}
	return ok;
}

/* Diagnosis. */

static void describe_rejected_peer(const struct session *session, char *buf, size_t size)
{
	const char *why = X509_verify_cert_error_string(session->verify_error);

	switch (session->verify_error) {
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		snprintf(buf, size, "peer's certificate rejected: not signed by our CA %s: %s (%s)",
			 session->ca_file, why, session->rejected);
		break;
	default:
		snprintf(buf, size, "peer's certificate rejected: %s (%s)", why, session->rejected);
	}
}

/* The peer sent 'alert' (RFC 8446 §6). */
static void describe_alert(SSL *ssl, const struct session *session, int alert, char *buf,
			   size_t size)
{
	const char *text = SSL_alert_desc_string_long(alert);
	char own[CERT_TEXT_SIZE];

	switch (alert) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_DECRYPT_ERROR:
	case TLS13_AD_CERTIFICATE_REQUIRED:
		format_cert(SSL_get_certificate(ssl), own, sizeof(own));
		snprintf(buf, size, "peer rejected our certificate %s (%s): alert %s",
			 session->cert_file, own, text);
		break;
	case SSL_AD_PROTOCOL_VERSION:
		snprintf(buf, size,
			 "peer accepts no TLS version that we offer (1.2 and 1.3): alert %s", text);
		break;
	default:
		snprintf(buf, size, "peer broke off: alert %s", text);
	}
}

static void describe_reason(SSL *ssl, unsigned long e, char *buf, size_t size)
{
	const char *text = ERR_reason_error_string(e);

	switch (ERR_GET_REASON(e)) {
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		snprintf(buf, size, "peer sent no certificate");
		break;
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
		snprintf(buf, size, "peer does not speak TLS but HTTP");
		break;
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_UNKNOWN_PROTOCOL:
	case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
	case SSL_R_UNEXPECTED_MESSAGE:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_RECORD_LENGTH_MISMATCH:
		snprintf(buf, size, "peer does not speak TLS (%s)", text ? text : "garbage");
		break;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_UNSUPPORTED_SSL_VERSION:
		snprintf(buf, size, "peer offers no TLS version that we accept (1.2 and 1.3)");
		break;
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SUITABLE_GROUPS:
		snprintf(buf, size, "no common cipher, group or signature algorithm (%s)",
			 text ? text : "?");
		break;
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		snprintf(buf, size, "peer closed the connection%s",
			 SSL_is_init_finished(ssl) ? "" : " in the middle of the handshake");
		break;
	default:
		snprintf(buf, size, "%s", text ? text : "unknown TLS error");
	}
}

const char *tls_describe_failure(void *ssl_, int sys_error, char *buf, size_t size)
{
	SSL *ssl = ssl_;
	const struct session *session = SSL_get_ex_data(ssl, session_index());
	unsigned long e = ERR_peek_error();
	int reason = ERR_GET_REASON(e);

	if (session->verify_error != X509_V_OK)
		describe_rejected_peer(session, buf, size);
	else if (e && ERR_GET_LIB(e) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
		describe_alert(ssl, session, reason - SSL_AD_REASON_OFFSET, buf, size);
	else if (e)
		describe_reason(ssl, e, buf, size);
	else if (sys_error && sys_error != -ECONNRESET)
		snprintf(buf, size, "%s", strerror(-sys_error));
	else
		snprintf(buf, size, "peer closed the connection%s",
			 SSL_is_init_finished(ssl) ? "" : " in the middle of the handshake");
	ERR_clear_error();
	return buf;
}

const char *tls_describe_session(void *ssl_, char *buf, size_t size)
{
	SSL *ssl = ssl_;
	const X509 *peer = SSL_get0_peer_certificate(ssl);
	char subject[NAME_TEXT_MAX + 1] = "(none)";

	if (peer)
		format_x509_name(X509_get_subject_name(peer), subject, sizeof(subject));
	snprintf(buf, size, "%s, %s, peer %s", SSL_get_version(ssl), SSL_get_cipher_name(ssl),
		 subject);
	return buf;
}
