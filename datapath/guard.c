/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The datapath looks after itself: another agent may take the program off an interface (`tc qdisc del`, a cleaned-up bpffs), or put its own before
 * it.  The kernel tells nobody when a tcx link goes, so the ports are looked at in turn.
 */
#include <errno.h>
#include <string.h>

#include "datapath/private.h"
#include "log.h"

/* Repairs that follow each other faster are said once, and counted. */
#define SAY_AGAIN_NS 60000000000ULL

static void say(struct dp *dp, const char *what, const struct skep_port *port, int err)
{
	uint64_t now = mono_ns();

	if (dp->guard.said_ns && now - dp->guard.said_ns < SAY_AGAIN_NS)
		return;
	dp->guard.said_ns = now;
	log_warn("%s: port %u: %s (interface %u%s%s); this is said once a minute at most", BRIDGE(dp, port->bridge)->name,
		 port->ofport, what, port->ifindex, err ? ": " : "", err ? strerror(-err) : "");
}

/* Looks at the program of port 'idx', and puts it back if it has gone. */
static void look_at(struct dp *dp, uint32_t idx, uint32_t prog_id)
{
	const struct skep_port *port = PORT(dp, idx);
	enum attach_state state =
		attach_check(dp->attach, port_hook(port), port->ifindex, prog_id);
	int err;

	if (state == ATTACH_SHADOWED) {
		dp->guard.n_shadowed++;
		say(dp, "another program comes before the switch's", port, 0);
	}
	if (state != ATTACH_GONE)
		return;
	err = attach_set(dp->attach, port_hook(port), dp->links_dir, port->ifindex, dp->set.prog_fd);
	if (err == -ENODEV)
		return; /* the interface goes; who keeps ports will hear of it */
	if (!err)
		dp->guard.n_repaired++;
	say(dp, err ? "somebody took the switch's program off, and it cannot be attached" :
		      "somebody took the switch's program off; it is attached again",
	    port, err);
}

void dp_guard(struct dp *dp, unsigned int n_ports)
{
	uint32_t prog_id;

	if (dp->attach == DP_ATTACH_NONE || attach_prog_id(dp->set.prog_fd, &prog_id))
		return;
	if (dp->guard.next >= dp->ports.bump) {
		dp->guard.next = 1;
		dp->guard.shadowed = dp->guard.n_shadowed;
		dp->guard.n_shadowed = 0;
	}
	for (; n_ports && dp->guard.next < dp->ports.bump; dp->guard.next++, n_ports--) {
		const struct skep_port *port = PORT(dp, dp->guard.next);

		if (port->ofport && port->ifindex && port_hook(port) != ATTACH_NOWHERE)
			look_at(dp, dp->guard.next, prog_id);
	}
}
