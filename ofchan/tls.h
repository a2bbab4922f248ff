/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for the OpenFlow channel: one private key, one certificate, one file of CA certificates, as
 * `ovs-vsctl set-ssl` has them.
 *
 * TLS 1.2 and 1.3, nothing older.  Both sides are always authenticated: whoever connects and
 * whoever listens must present a certificate that our CA file signed.  As in Open vSwitch, the CA
 * *is* the trust: host names and addresses are not compared with what a certificate says, because
 * controllers are configured by address and a switch's own address changes.  So the CA must be one
 * that signs nothing but switches and controllers: never the web's.  No renegotiation, no
 * compression, no session resumption (a revoked trust must not live on in a ticket).
 *
 * The point of this module beside the settings is the diagnosis.  Most of the trouble with TLS
 * control channels is a wrong file somewhere, so each failure says what is wrong, on whose side,
 * and names the certificate: ours by its file, both by subject, issuer and expiry.
 */
#ifndef SKEP_OFCHAN_TLS_H
#define SKEP_OFCHAN_TLS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct tls;

/* Returns an object with nothing loaded, or NULL if memory ran out.  Streams over it cannot be
 * opened until tls_load() succeeded. */
struct tls *tls_new(void);
/* Connections that were made with 'tls' must be gone.  Accepts NULL. */
void tls_free(struct tls *tls);

/* Loads three PEM files: the private key, the certificate (further certificates in the file are its
 * chain) and the CA certificates that peers' certificates must be signed by.  Connections made from
 * now on use them; existing ones go on with what they have.  Returns 0, or a negative errno with a
 * message in 'err' that names the file and what is wrong with it; then what was loaded before stays
 * in force. Things that work but should not be so (a key that everybody may read, a CA that has
 * expired) are logged as warnings. */
int tls_load(struct tls *tls, const char *key_file, const char *cert_file, const char *ca_file,
	     char *err, size_t err_size);

/* Forgets what was loaded: new TLS connections fail. */
void tls_unload(struct tls *tls);

bool tls_is_loaded(const struct tls *tls);

/* The name of the certificate's file that is in force, "" if none. */
const char *tls_cert_file(const struct tls *tls);

/* When our certificate, and the first of the CA's, expire; 0 if nothing is loaded. */
time_t tls_cert_expires(const struct tls *tls);
time_t tls_ca_expires(const struct tls *tls);

/* Returns a new SSL object for connected descriptor 'fd', which the caller owns and frees with
 * SSL_free(), or NULL if nothing is loaded or memory ran out.  'void *' is 'SSL *'. */
void *tls_new_ssl(struct tls *tls, int fd, bool is_server);

/* Writes into 'buf' why the last operation on 'ssl' failed, and empties OpenSSL's error queue.
 * 'sys_error' is the negative errno beside it, 0 if none or if the peer just closed.  Returns
 * 'buf'.  E.g. peer's certificate rejected: certificate has expired (subject CN=ctl, issuer CN=ca,
 * expired 2026-01-01) peer rejected our certificate /etc/skep/cert.pem (subject CN=br0, issuer
 * CN=ca, expires 2036-01-01): alert unknown CA peer offers no TLS version that we accept (1.2
 * and 1.3) peer does not speak TLS */
const char *tls_describe_failure(void *ssl, int sys_error, char *buf, size_t size);

/* Writes "TLSv1.3, TLS_AES_256_GCM_SHA384, peer CN=ctl" of a finished handshake into 'buf'. Returns
 * 'buf'. */
const char *tls_describe_session(void *ssl, char *buf, size_t size);

#endif
