// SPDX-License-Identifier: Apache-2.0
/* Renewal and expiry of certificates; see certs.h. */
#include "vswitchd/certs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "ofchan/tls.h"
#include "vswitchd/switch.h"

#define TURNS_PER_LOOK 4
#define DAY_S	       (24 * 60 * 60)
#define NEAR_S	       (30 * DAY_S) /* an end so far off is warned of */

static struct certs_stamp stamp_files(const struct conf *conf)
{
	const char *const files[3] = { conf->private_key, conf->certificate, conf->ca_cert };
	struct certs_stamp stamp;
	struct stat st;

	memset(&stamp, 0, sizeof(stamp));
	for (unsigned int i = 0; i < 3; i++) {
		if (stat(files[i], &st))
			continue;
		stamp.file[i].content = conf_stamp_of(&st);
		stamp.file[i].ctime_ns = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
	}
	return stamp;
}

static bool is_same(const struct certs_stamp *a, const struct certs_stamp *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* The warnings begin anew for another end. */
static void set_end(struct certs_end *end, time_t at)
{
	if (end->at != at)
		*end = (struct certs_end){ .at = at };
}

int certs_load(struct sw *sw, const struct conf *conf)
{
	struct certs *c = &sw->certs;
	int error;

	/* Before they are read: a change meanwhile is seen the next time. */
	c->loaded = c->seen = stamp_files(conf);
	error = tls_load(sw->tls, conf->private_key, conf->certificate, conf->ca_cert, c->error, sizeof(c->error));
	if (!error)
		c->error[0] = '\0';
	set_end(&c->end, tls_cert_expires(sw->tls));
	set_end(&c->ca_end, tls_ca_expires(sw->tls));
	return error;
}

static void load_again(struct sw *sw)
{
	const struct conf *conf = sw->conf;

	if (certs_load(sw, conf)) {
		log_warn("%s; %s", sw->certs.error,
			 tls_is_loaded(sw->tls) ? "the files read before stay in force" : "there is no TLS until it is mended");
		return;
	}
	sw->certs.n_renewed++;
	log_info("%s, %s or %s was renewed: new connections use them", conf->private_key, conf->certificate, conf->ca_cert);
}

static void warn(const char *what, const char *file, struct certs_end *end)
{
	static const time_t before_s[] = { NEAR_S, 7 * DAY_S, DAY_S, 0 };
	const time_t left = end->at - time(NULL);
	unsigned int n = end->n_warned;

	while (n < sizeof(before_s) / sizeof(before_s[0]) && left <= before_s[n])
		n++;
	if (!end->at || n == end->n_warned)
		return;
	end->n_warned = n;
	if (left <= 0)
		log_warn("%s: %s has expired: connections fail", file, what);
	else if (left < 2 * DAY_S)
		log_warn("%s: %s expires in %lld hours", file, what, (long long)left / 3600);
	else
		log_warn("%s: %s expires in %lld days", file, what, (long long)left / DAY_S);
}

void certs_tick(struct sw *sw)
{
	const struct conf *conf = sw->conf;
	struct certs *c = &sw->certs;
	struct certs_stamp now;

	if (!conf->has_ssl || ++c->turn % TURNS_PER_LOOK)
		return;
	now = stamp_files(conf);
	if (!is_same(&now, &c->loaded) && is_same(&now, &c->seen))
		load_again(sw);
	c->seen = now;
	warn("the certificate", conf->certificate, &c->end);
	warn("a CA certificate", conf->ca_cert, &c->ca_end);
}

static void add_date(json_t *obj, const char *key, time_t t)
{
	char text[sizeof("2026-01-01T00:00:00Z")];
	struct tm tm;

	if (t && gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_object_set_new(obj, key, json_string(text));
}

json_t *certs_show(const struct sw *sw)
{
	const struct conf *conf = sw->conf;
	const time_t expires = sw->certs.end.at, left = expires - time(NULL);
	json_t *obj;

	if (!conf->has_ssl)
		return NULL;
	obj = json_pack("{s:s, s:s, s:s, s:i}", "private_key", conf->private_key, "certificate", conf->certificate, "ca_cert",
			conf->ca_cert, "renewed", (int)sw->certs.n_renewed);
	if (!obj)
		return NULL;
	add_date(obj, "certificate_expires", expires);
	add_date(obj, "ca_cert_expires", sw->certs.ca_end.at);
	if (expires)
		json_object_set_new(obj, "expires_in_s", json_integer((json_int_t)left));
	if (expires && left < NEAR_S)
		json_object_set_new(obj, "warning", json_string(left > 0 ? "the certificate is about to expire" : "the certificate has expired"));
	if (sw->certs.error[0])
		json_object_set_new(obj, "error", json_string(sw->certs.error));
	return obj;
}
