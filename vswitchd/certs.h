/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates of the OpenFlow channel while skepd runs: files that somebody renews are read again, and a certificate that is about to expire is told of.
 */
#ifndef SKEP_VSWITCHD_CERTS_H
#define SKEP_VSWITCHD_CERTS_H 1

#include <jansson.h>
#include <stdint.h>
#include <time.h>

#include "vswitchd/conf.h"

struct sw;

/* The three files as stat() tells them, zeros for one that is not there.  That a file which could not be read was given other permissions is told by its ctime. */
struct certs_stamp {
	struct {
		struct conf_stamp content;
		uint64_t ctime_ns;
	} file[3];
};

/* An end that is warned of. */
struct certs_end {
	time_t at; /* 0: nothing is loaded */
	unsigned int n_warned; /* so many warnings were given */
};

struct certs {
	struct certs_stamp loaded; /* as they were when they were read last, with success or without */
	struct certs_stamp seen;   /* as they were when they were looked at last */
	unsigned int turn;	   /* calls of certs_tick() */
	struct certs_end end, ca_end; /* of what is in force */
	unsigned int n_renewed;
	char error[512]; /* why the files that are there now could not be loaded; empty: they were */
};

/* Loads the files that 'conf' names, sw->conf or one that takes its place.  Returns 0, or a negative errno with the reason in sw->certs.error: then what was loaded before
 * stays in force. */
int certs_load(struct sw *sw, const struct conf *conf);

/* To be called every SW_EXPIRE_MS. Files that have changed, and are the same for two looks, are loaded: new connections use them, existing ones go on.  If they cannot be
 * loaded that is said once, what was loaded before stays in force, and the next change is another attempt.  Warns 30, 7 and 1 days before the certificate or a CA's
 * expires, and when it has. */
void certs_tick(struct sw *sw);

/* For "show": the files, when they expire and what is wrong with them.  NULL: there are none. */
json_t *certs_show(const struct sw *sw);

#endif
