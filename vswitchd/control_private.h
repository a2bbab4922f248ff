/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the control socket's methods share; see control.h and control_cmd.c. */
#ifndef SKEP_VSWITCHD_CONTROL_PRIVATE_H
#define SKEP_VSWITCHD_CONTROL_PRIVATE_H 1

#include <jansson.h>

#include "vswitchd/control.h"

struct conf;
struct conf_bridge;
struct sw;

/* One request. */
struct call {
	struct sw *sw;
	const json_t *params;
	struct control_answer *answer;
	struct conf *conf;	/* of methods that change: the copy, owned */
	struct conf_bridge *br; /* in 'conf', or in sw->conf if there is none: the one that the key
				   "bridge" means */
};

/* A method.  Returns its result, or NULL after call_fail(). */
typedef json_t *call_fn(struct call *call);

/* Sets the error's text; returns NULL. */
json_t *call_fail(struct call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The parameter 'key', which is a string; NULL if it is not there. */
const char *call_str(const struct call *call, const char *key);
/* Applies and saves the copy; the result of a method that has no other. */
json_t *call_change(struct call *call);

/* control_port.c */
call_fn call_add_port, call_set_port, call_del_port, call_open_port;
/* control_fdb.c */
call_fn call_fdb, call_fdb_add, call_fdb_del, call_fdb_flush;

/* control_topology.c */
call_fn call_topology_apply, call_topology_show, call_topology_remove;

struct port;
/* A port as "show" has it.  control_cmd.c */
json_t *call_show_port(const struct port *port);

#endif
