/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch: everything that runs under one configuration.  Bridges (bridge.h), each with an
 * OpenFlow agent (agent.h), over one datapath (datapath/datapath.h), one table of interfaces
 * (netlink.h) and one set of TLS files.
 *
 * There is one way in for every change of configuration, at the start, on SIGHUP and from the
 * control socket: sw_apply() compares the new struct conf with what is, item by item, and makes
 * what differs so.  Applying the same configuration twice does nothing the second time; applying it
 * to a datapath that was adopted from an earlier skepd finds most of it there already.  An item
 * that cannot be made so (a port whose interface is missing is no such thing, it is waited for) is
 * a problem: it is logged, and the rest goes on.
 *
 * Flow-mods are staged in the datapath and committed by sw_commit(): at the end of each batch of
 * messages, and before each answer from which a controller may conclude that they are in force.
 */
#ifndef SKEP_VSWITCHD_SWITCH_H
#define SKEP_VSWITCHD_SWITCH_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "datapath/datapath.h"
#include "ofchan/message.h"
#include "vswitchd/certs.h"
#include "vswitchd/conf.h"
#include "vswitchd/netlink.h"

struct bridge;
struct event;
struct event_base;
struct netns;
struct tls;

#define SW_EXPIRE_MS	   500 /* how often timeouts are looked for */
#define SW_PKTINS_PER_TURN 256
/* Packet-ins per second that a bridge's controllers are sent, and how many at once; the kernel
 * drops and counts the rest. */
#define SW_PKTIN_RATE  200000
#define SW_PKTIN_BURST 20000

/* Flows of all bridges: between which numbers people may set the limits. */
#define SW_MAX_FLOWS_MIN 1024
#define SW_MAX_FLOWS_MAX 4000000

/* Ports whose program is looked at each time that timeouts are: a system call each. */
#define SW_GUARDED_AT_ONCE 64

struct sw_paths {
	const char *rundir;
	const char *conf_path;
	const char *pin_dir;
	uint32_t max_flows;  /* of all bridges; 0: as many as the datapath has room for */
	uint32_t min_flows;  /* so many have room from the start in a datapath that is made; 0: the datapath's default */
	bool no_flow_cache;
	struct netns *netns; /* stays the caller's; NULL: no interface can be taken from another namespace */
};

struct sw {
	struct event_base *base;
	struct sw_paths paths;
	struct dp *dp;
	struct tls *tls;
	struct nl *nl;
	struct conf *conf;			/* in force */
	struct bridge *bridges[DP_BRIDGES_MAX]; /* by the datapath's number */
	struct event *dp_ev, *expire_ev;
	struct certs certs;
	bool is_dirty; /* something is staged */
	/* One of each for the event loop's thread: they are large, and nobody needs two at a time.
	 */
	struct ofmsg msg;
	struct flow_desc desc;
	struct buf out;
};

/* What went wrong while a configuration was applied: each problem is logged, the first is kept for
 * who asked. */
struct sw_problems {
	unsigned int n;
	char first[512];
};
void sw_problem(struct sw_problems *problems, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Opens the datapath (adopting what is pinned) and the sockets to the kernel.  No bridge is touched
 * before sw_apply().  'paths' is copied, its strings must stay.  Returns 0, or a negative errno
 * with a message in 'err'. */
int sw_open(struct event_base *base, const struct sw_paths *paths, struct sw **ret, char *err,
	    size_t err_size);
/* Ends all connections and lets go of the datapath, which forwards on.  Accepts NULL. */
void sw_close(struct sw *sw);
/* Ends the datapath, the connections and the LOCAL interfaces.  Nothing but sw_close() may follow.
 * Returns 0, or a negative errno with a message in 'err'. */
int sw_teardown(struct sw *sw, char *err, size_t err_size);

/* Makes the switch as 'conf' says and takes 'conf' over.  Problems are logged and counted in
 * 'problems'; Bridges and ports of an adopted datapath that are not in 'conf' are removed. */
void sw_apply(struct sw *sw, struct conf *conf, struct sw_problems *problems);
/* Applies 'conf' and saves it; or, if there is any problem, goes back to what was, and frees
 * 'conf'.  Returns 0, or a negative errno with a message in 'err'. */
int sw_change(struct sw *sw, struct conf *conf, char *err, size_t err_size);

/* Reads the TLS files again, if there are any, without waiting for them to change; new connections use what is in them. */
void sw_reload_tls(struct sw *sw, struct sw_problems *problems);

void sw_commit(struct sw *sw);

/* NULL if there is none. */
struct bridge *sw_find_bridge(const struct sw *sw, const char *name);

#endif
