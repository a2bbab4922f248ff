/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket, RUNDIR/skepd.ctl: one JSON object a line, as docs/control.md has it.
 *
 * control.c has the connections, control_cmd.c the methods.  A method runs to its end before the
 * next request is read, from whomever it comes.  Mode 0600: who may open it may do everything.
 *
 * Bounds: CONTROL_CLIENTS_MAX connections, CONTROL_LINE_MAX bytes a request (a topology is the longest); nothing is read from a
 * peer that does not take its answers.
 */
#ifndef SKEP_VSWITCHD_CONTROL_H
#define SKEP_VSWITCHD_CONTROL_H 1

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct control;
struct sw;

#define CONTROL_CLIENTS_MAX 64
#define CONTROL_LINE_MAX    (5u << 20)

/* Listens on 'path', replacing a file of that name (the lock on the run folder says that nobody
 * uses it).  Returns 0, or a negative errno with a message in 'err'. */
int control_open(struct sw *sw, const char *path, struct control **ret, char *err, size_t err_size);
/* Accepts NULL. */
void control_close(struct control *control);

/* What a method gives back beside its result. */
struct control_answer {
	char err[512]; /* not "": the error */
	bool is_end;   /* skepd ends once the answer is sent */
	int fd;	       /* not -1: passed along with the answer, and closed */
};

/* Runs 'method'.  Returns the result, or NULL with answer->err set.  control_cmd.c; called by
 * control.c. */
json_t *control_run(struct sw *sw, const char *method, const json_t *params,
		    struct control_answer *answer);

#endif
