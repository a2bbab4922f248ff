/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The datapath looks after itself: another agent may take the program off an interface (`tc qdisc del`, a cleaned-up bpffs), or put its own before
 * it.  The kernel tells nobody when a tcx link goes, so the ports are looked at in turn.  Or somebody removes the pins, or mounts another file
 * system over them: everything is pinned again where the path leads now, or the next skepd would begin with nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datapath/private.h"
#include "log.h"

/* Between two lines of the same matter. */
#define SAY_AGAIN_MS 60000

static void say(const struct dp *dp, const char *what, const struct skep_port *port, int err)
{
	static struct log_limit limit = LOG_LIMIT_INIT(1, SAY_AGAIN_MS);

	log_limited(&limit, LOG_LVL_WARN, "%s: port %u: %s (interface %u%s%s)", BRIDGE(dp, port->bridge)->name, port->ofport,
		    what, port->ifindex, err ? ": " : "", err ? strerror(-err) : "");
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

/* --- Pins --- */

/* Whether the path leads to the directory that is open and locked. */
static bool is_same_dir(const struct dp *dp)
{
	struct stat ours, there;

	return !fstat(dp->dir_fd, &ours) && !stat(dp->pin_dir, &there) && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

static bool are_pins_there(const struct dp *dp)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/program", dp->maps_dir);
	return is_same_dir(dp) && !access(path, F_OK) && !access(dp->links_dir, F_OK);
}

/* Pins the links anew that are pinned in the directory 'old_fd'.  Those that are nowhere any more are missed and made by look_at(). */
static void move_links(const struct dp *dp, int old_fd)
{
	char old_dir[64], path[PATH_MAX];

	snprintf(old_dir, sizeof(old_dir), "/proc/self/fd/%d/links", old_fd);
	for (uint32_t i = 1; i < dp->ports.bump; i++) {
		const struct skep_port *port = PORT(dp, i);

		if (port->ofport && port->ifindex && port_hook(port) != ATTACH_NOWHERE)
			attach_move(old_dir, dp->links_dir, port->ifindex);
	}
	map_set_unpin(old_dir);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/maps", old_fd);
	map_set_unpin(path);
}

/* Another directory is where ours was: takes it, and moves what is pinned there.  -EBUSY: it has another datapath. */
static int move_pins(struct dp *dp)
{
	int old_fd = dp->dir_fd, err;
	char err_buf[256];

	dp->dir_fd = -1;
	err = take_pin_dir(dp, err_buf, sizeof(err_buf));
	if (!err && !access(dp->maps_dir, F_OK))
		err = -EBUSY;
	if (!err)
		err = map_set_pin(&dp->set, dp->maps_dir);
	if (err) {
		if (dp->dir_fd >= 0)
			close(dp->dir_fd);
		dp->dir_fd = old_fd;
		return err;
	}
	move_links(dp, old_fd);
	close(old_fd);
	return 0;
}

static int pin_again(struct dp *dp)
{
	if (!is_same_dir(dp))
		return move_pins(dp);
	if (mkdir(dp->links_dir, 0700) && errno != EEXIST)
		return -errno;
	map_set_unpin(dp->maps_dir);
	return map_set_pin(&dp->set, dp->maps_dir);
}

static void guard_pins(struct dp *dp)
{
	static struct log_limit limit = LOG_LIMIT_INIT(1, SAY_AGAIN_MS);
	int err;

	if (dp->dir_fd < 0 || are_pins_there(dp))
		return;
	err = pin_again(dp);
	if (!err)
		dp->guard.n_repaired++;
	log_limited(&limit, LOG_LVL_WARN, "%s: the pins were not there any more; %s%s", dp->pin_dir,
		    err ? "they cannot be made again: " : "they are made again", err ? strerror(-err) : "");
}

void dp_guard(struct dp *dp, unsigned int n_ports)
{
	uint32_t prog_id;

	if (dp->attach == DP_ATTACH_NONE || attach_prog_info(dp->set.prog_fd, &prog_id, NULL))
		return;
	guard_pins(dp);
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
