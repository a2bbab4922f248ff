/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet sockets by which processes are ports of a bridge; see docs/socket.md.
 *
 * A socket is bound to the I/O device (device.h).  What leaves there for its port has a mark that its filter, which is locked, looks for; what is sent
 * by it carries the mark by which the program there knows the port.  skepd makes it, passes it on and forgets it: it works without skepd, like all of
 * the datapath.
 */
#ifndef SKEP_VSWITCHD_SOCKET_H
#define SKEP_VSWITCHD_SOCKET_H 1

#include <stddef.h>

struct port;

/* Opens a socket for an attached socket port.  Returns the descriptor, which the caller closes, or a negative errno with a message in 'err'. */
int socket_open(const struct port *port, char *err, size_t err_size);

#endif
