// SPDX-License-Identifier: Apache-2.0
/*
 * skepctl pki: a small certificate authority for switches and controllers.
 *
 * DIR/cacert.pem and DIR/cakey.pem are the authority's; NAME-privkey.pem and NAME-cert.pem, beside
 * them, belong to whoever is called NAME.  Keys are P-256, signatures ECDSA with SHA-256, serial
 * numbers 127 random bits.  An authority is valid for ten years and a certificate for three, or as
 * long as the authority.  Files are never overwritten.
 *
 * A switch and a controller trust whom the same authority has signed; host names are not compared
 * (ofchan/tls.h), but NAME is in the certificate as subjectAltName for those who do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "utils/skepctl.h"

static const char default_dir[] = "/var/lib/skep/pki";

enum {
	CA_DAYS = 3650,
	CERT_DAYS = 3 * 365,
	SKEW_SECONDS =
		3600, /* a certificate is valid this much before now, for clocks that are late */
	NAME_MAX_LEN = 64, /* of a common name (RFC 5280, ub-common-name) */
};

static int fail_openssl(const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return fail("%s: %s", what, reason ? reason : "OpenSSL failed");
}

/*
 * Files.
 */
static int make_dirs(const char *dir)
{
	char *path = strdup(dir);
	int status = EXIT_OK;

	if (!path)
		return fail("out of memory");
	for (char *p = path + 1; !status; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			status = fail("%s: %s", path, strerror(errno));
		*p = c;
		if (!c)
			break;
	}
	free(path);
	return status;
}

static FILE *create(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	FILE *f;

	if (fd < 0) {
		fail("%s: %s", path,
		     errno == EEXIST ? "exists, and is not overwritten" : strerror(errno));
		return NULL;
	}
	f = fdopen(fd, "w");
	if (!f) {
		fail("%s: %s", path, strerror(errno));
		close(fd);
		unlink(path);
	}
	return f;
}

/* Closes 'f'; if that or what came before failed, removes the file. */
static int finish(FILE *f, const char *path, bool is_written)
{
	if (fclose(f) || !is_written) {
		unlink(path);
		return fail("%s: could not be written", path);
	}
	return EXIT_OK;
}

/* Writes key and certificate, both or neither. */
static int write_pair(const char *key_path, EVP_PKEY *key, const char *cert_path, X509 *cert)
{
	FILE *f = create(key_path, 0600);
	int status;

	if (!f)
		return EXIT_ERROR;
	status = finish(f, key_path, PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
	if (status)
		return status;
	f = create(cert_path, 0644);
	status = f ? finish(f, cert_path, PEM_write_X509(f, cert)) : EXIT_ERROR;
	if (status)
		unlink(key_path);
	else
		printf("%s\n%s\n", key_path, cert_path);
	return status;
}

static X509 *read_cert(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *cert = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (!f)
		fail("%s: %s", path, strerror(errno));
	else if (!cert)
		fail("%s: not a certificate in PEM", path);
	if (f)
		fclose(f);
	return cert;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;

	if (!f)
		fail("%s: %s", path, strerror(errno));
	else if (!key)
		fail("%s: not a private key in PEM", path);
	if (f)
		fclose(f);
	return key;
}

/*
 * Certificates.
 */
static bool set_serial(X509 *cert)
{
	BIGNUM *n = BN_new();
	bool ok = n && BN_rand(n, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		  BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));

	BN_free(n);
	return ok;
}

static bool set_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

static bool set_name(X509 *cert, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
					  (const unsigned char *)"skep", -1, -1, 0) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
					  -1, -1, 0);
}

static bool set_validity(X509 *cert, const X509 *ca, int days)
{
	if (!X509_gmtime_adj(X509_getm_notBefore(cert), -(long)SKEW_SECONDS) ||
	    !X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * days))
		return false;
	if (ca && ASN1_TIME_compare(X509_get0_notAfter(ca), X509_get0_notAfter(cert)) < 0)
		return X509_set1_notAfter(cert, X509_get0_notAfter(ca));
	return true;
}

static bool set_ca_extensions(X509 *cert)
{
	return set_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       set_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       set_extension(cert, cert, NID_subject_key_identifier, "hash");
}

static bool set_leaf_extensions(X509 *cert, X509 *ca, const char *name)
{
	char alt[NAME_MAX_LEN + 8], address[16];
	bool is_address = inet_pton(AF_INET, name, address) == 1;

	snprintf(alt, sizeof(alt), "%s:%s", is_address ? "IP" : "DNS", name);
	return set_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	       set_extension(cert, ca, NID_key_usage, "critical,digitalSignature") &&
	       set_extension(cert, ca, NID_ext_key_usage, "serverAuth,clientAuth") &&
	       set_extension(cert, ca, NID_subject_alt_name, alt) &&
	       set_extension(cert, ca, NID_subject_key_identifier, "hash") &&
	       set_extension(cert, ca, NID_authority_key_identifier, "keyid:always");
}

/* Makes the certificate of 'key' for 'name', signed by 'ca' with 'ca_key'; 'ca' NULL: by itself, as
 * an authority. Returns NULL after an error message. */
static X509 *make_cert(const char *name, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	X509 *cert = X509_new();
	bool ok = cert && X509_set_version(cert, 2) && set_serial(cert) && set_name(cert, name) &&
		  X509_set_issuer_name(cert, X509_get_subject_name(ca ? ca : cert)) &&
		  set_validity(cert, ca, ca ? CERT_DAYS : CA_DAYS) && X509_set_pubkey(cert, key) &&
		  (ca ? set_leaf_extensions(cert, ca, name) : set_ca_extensions(cert)) &&
		  X509_sign(cert, ca ? ca_key : key, EVP_sha256());

	if (ok)
		return cert;
	fail_openssl(name);
	X509_free(cert);
	return NULL;
}

static EVP_PKEY *make_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (!key)
		fail_openssl("making a key");
	return key;
}

/*
 * Commands.
 */
struct ca_paths {
	char *cert;
	char *key;
};

static int ca_paths_init(struct ca_paths *paths, const char *dir)
{
	*paths = (struct ca_paths){ NULL, NULL };
	if (asprintf(&paths->cert, "%s/cacert.pem", dir) < 0 ||
	    asprintf(&paths->key, "%s/cakey.pem", dir) < 0)
		return fail("out of memory");
	return EXIT_OK;
}

static void ca_paths_uninit(struct ca_paths *paths)
{
	free(paths->cert);
	free(paths->key);
}

static int pki_init(const char *dir)
{
	char hex[2 * 4 + 1] = "", name[32];
	struct ca_paths paths;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int status = ca_paths_init(&paths, dir);
	BIGNUM *n = BN_new();
	char *digits;

	/* Two authorities are told apart by more than their keys. */
	if (n && BN_rand(n, 32, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY)) {
		digits = BN_bn2hex(n);
		snprintf(hex, sizeof(hex), "%s", digits ? digits : "");
		OPENSSL_free(digits);
	}
	BN_free(n);
	snprintf(name, sizeof(name), "skep CA %s", hex);
	if (!status)
		status = make_dirs(dir);
	if (!status && !access(paths.cert, F_OK))
		status = fail("%s: exists, and is not overwritten", paths.cert);
	if (!status) {
		key = make_key();
		cert = key ? make_cert(name, key, NULL, NULL) : NULL;
		status = cert ? write_pair(paths.key, key, paths.cert, cert) : EXIT_ERROR;
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	ca_paths_uninit(&paths);
	return status;
}

/* Letters, digits, dots, dashes and underscores: it becomes a part of a file's name. */
static bool is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n && !s[n] && n <= NAME_MAX_LEN && s[0] != '.' && s[0] != '-';
}

static int issue_signed(const char *name, const char *dir, X509 *ca, EVP_PKEY *ca_key)
{
	char *key_path = NULL, *cert_path = NULL;
	EVP_PKEY *key = make_key();
	X509 *cert = key ? make_cert(name, key, ca, ca_key) : NULL;
	int status = EXIT_ERROR;

	if (asprintf(&key_path, "%s/%s-privkey.pem", dir, name) < 0 ||
	    asprintf(&cert_path, "%s/%s-cert.pem", dir, name) < 0)
		fail("out of memory");
	else if (cert && !access(cert_path, F_OK))
		fail("%s: exists, and is not overwritten", cert_path);
	else if (cert)
		status = write_pair(key_path, key, cert_path, cert);
	X509_free(cert);
	EVP_PKEY_free(key);
	free(key_path);
	free(cert_path);
	return status;
}

static int pki_issue(const struct skepctl *ctl, const char *name, const char *dir)
{
	EVP_PKEY *ca_key = NULL;
	struct ca_paths paths;
	X509 *ca = NULL;
	int status;

	if (!is_name(name))
		return fail_usage(
			ctl, "\"%s\": a name has letters, digits, '.', '-' and '_', at most %d",
			name, NAME_MAX_LEN);
	status = ca_paths_init(&paths, dir);
	if (!status) {
		ca = read_cert(paths.cert);
		ca_key = ca ? read_key(paths.key) : NULL;
		status = ca_key ? EXIT_OK : EXIT_ERROR;
	}
	if (!status && !X509_check_private_key(ca, ca_key))
		status = fail("%s is not the key of %s", paths.key, paths.cert);
	if (!status)
		status = issue_signed(name, dir, ca, ca_key);
	EVP_PKEY_free(ca_key);
	X509_free(ca);
	ca_paths_uninit(&paths);
	return status;
}

static void print_name(BIO *out, const char *title, const X509_NAME *name)
{
	BIO_printf(out, "%s: ", title);
	X509_NAME_print_ex(out, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
	BIO_printf(out, "\n");
}

static void print_time(BIO *out, const char *title, const ASN1_TIME *t)
{
	BIO_printf(out, "%s: ", title);
	ASN1_TIME_print(out, t);
	BIO_printf(out, "\n");
}

static int pki_show(const char *path)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	X509 *cert = read_cert(path);
	BIO *out = cert ? BIO_new_fp(stdout, BIO_NOCLOSE) : NULL;

	if (!out) {
		X509_free(cert);
		return EXIT_ERROR;
	}
	print_name(out, "subject", X509_get_subject_name(cert));
	print_name(out, "issuer", X509_get_issuer_name(cert));
	BIO_printf(out, "serial: ");
	i2a_ASN1_INTEGER(out, X509_get0_serialNumber(cert));
	BIO_printf(out, "\n");
	print_time(out, "valid from", X509_get0_notBefore(cert));
	print_time(out, "valid until", X509_get0_notAfter(cert));
	BIO_printf(out, "authority: %s\nSHA-256:", X509_check_ca(cert) ? "yes" : "no");
	X509_digest(cert, EVP_sha256(), digest, &n);
	for (unsigned int i = 0; i < n; i++)
		BIO_printf(out, "%c%02x", i ? ':' : ' ', digest[i]);
	BIO_printf(out, "\n");
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		BIO_printf(out, "THIS CERTIFICATE HAS EXPIRED\n");
	BIO_free(out);
	X509_free(cert);
	return EXIT_OK;
}

int cmd_pki(const struct skepctl *ctl, int argc, char **argv)
{
	if (!strcmp(argv[0], "init") && argc <= 2)
		return pki_init(argc > 1 ? argv[1] : default_dir);
	if (!strcmp(argv[0], "issue") && argc >= 2 && argc <= 3)
		return pki_issue(ctl, argv[1], argc > 2 ? argv[2] : default_dir);
	if (!strcmp(argv[0], "show") && argc == 2)
		return pki_show(argv[1]);
	return fail_usage(ctl, "pki takes init [DIR], issue NAME [DIR] or show FILE");
}
