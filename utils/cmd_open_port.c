// SPDX-License-Identifier: Apache-2.0
/*
 * skepctl open-port: runs a command that is a port of a bridge, by a packet socket.
 *
 * The socket is passed as systemd passes them: descriptor 3, LISTEN_FDS=1, LISTEN_PID (sd_listen_fds(3)).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "utils/control.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

int cmd_open_port(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *result;
	char pid[16];
	int fd, status;

	(void)argc;
	status = control_call_fd(ctl, "open-port",
				 json_pack("{s:s,s:s}", "bridge", argv[0], "port", argv[1]),
				 &result, &fd);
	if (status)
		return status;
	json_decref(result);
	if (fd < 0)
		return fail("skepd: an answer without a socket");
	/* dup2() leaves close-on-exec off; the same descriptor needs it taken off. */
	if (fd == FIRST_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, FIRST_FD) < 0 || close(fd))
		return fail("the socket: %s", strerror(errno));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (setenv("LISTEN_FDS", "1", 1) || setenv("LISTEN_PID", pid, 1) ||
	    unsetenv("LISTEN_FDNAMES"))
		return fail("%s", strerror(errno));
	execvp(argv[2], argv + 2);
	return fail("%s: %s", argv[2], strerror(errno));
}
