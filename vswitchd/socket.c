// SPDX-License-Identifier: Apache-2.0
/* Packet sockets for socket ports; see socket.h. */
#include "vswitchd/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/abi.h"
#include "vswitchd/bridge.h"
#include "vswitchd/switch.h"

#define SOCKET_RCVBUF (4 << 20)

/* Only packets with this mark, for good. */
static int set_filter(int fd, uint32_t mark)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_MARK)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mark, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ||
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)))
		return -errno;
	return 0;
}

int socket_open(const struct port *port, char *err, size_t err_size)
{
	const struct sw *sw = port->br->sw;
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)port->ifindex,
	};
	const int size = SOCKET_RCVBUF;
	struct dp_port dpp;
	uint32_t mark;
	int fd, error = 0;

	if (!dp_port_next(sw->dp, port->br->number, port->ofport, &dpp) ||
	    dpp.ofport != port->ofport) {
		snprintf(err, err_size, "port %s is not in the datapath", port->name);
		return -ENOENT;
	}
	/* Without a protocol nothing is received before the filter is there. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		error = -errno;
		goto fail;
	}
	mark = SKEP_MARK_FROM | dpp.mark;
	error = set_filter(fd, SKEP_MARK_SOCKET | dpp.mark);
	if (!error && (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) ||
		       bind(fd, (struct sockaddr *)&sll, sizeof(sll))))
		error = -errno;
	if (error)
		goto fail;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
fail:
	snprintf(err, err_size, "a socket for port %s cannot be made: %s", port->name,
		 strerror(-error));
	if (fd >= 0)
		close(fd);
	return error;
}
