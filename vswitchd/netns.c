// SPDX-License-Identifier: Apache-2.0
/* The helper that enters network namespaces; see netns.h. */
#include "vswitchd/netns.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_SIZE 600

struct netns {
	int fd;
	pid_t pid;
};

/* An answer: an error, and if it is 0 two descriptors. */
struct answer {
	int error;
	struct iovec iov;
	struct msghdr msg;
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
};

static void answer_init(struct answer *a, int error)
{
	memset(a, 0, sizeof(*a));
	a->error = error;
	a->iov = (struct iovec){ &a->error, sizeof(a->error) };
	a->msg.msg_iov = &a->iov;
	a->msg.msg_iovlen = 1;
	a->msg.msg_control = &a->control;
	a->msg.msg_controllen = sizeof(a->control);
}

/* --- In the helper --- */

/* It may enter namespaces, those of processes too, and what it opens there may change interfaces. */
static int drop_privileges(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_SYS_ADMIN,
			  CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_NET_ADMIN, -1))
		return -EPERM;
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static int open_there(int home, const char *name, int fds[2])
{
	char path[NAME_SIZE + 16];
	int error = 0;

	snprintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : "/run/netns/", name);
	fds[0] = open(path, O_RDONLY | O_CLOEXEC);
	if (fds[0] < 0)
		return -errno;
	fds[1] = -1;
	if (!setns(fds[0], CLONE_NEWNET))
		fds[1] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fds[1] < 0) {
		error = -errno;
		close(fds[0]);
	}
	/* A process in a namespace keeps it alive. */
	if (setns(home, CLONE_NEWNET))
		_exit(1);
	return error;
}

static void answer_request(int sock, int home, const char *name)
{
	struct answer a;
	int fds[2];

	answer_init(&a, open_there(home, name, fds));
	if (a.error) {
		a.msg.msg_controllen = 0;
	} else {
		a.control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(fds)),
						   .cmsg_level = SOL_SOCKET,
						   .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&a.control.head), fds, sizeof(fds));
		a.msg.msg_controllen = CMSG_SPACE(sizeof(fds));
	}
	(void)sendmsg(sock, &a.msg, MSG_NOSIGNAL);
	if (!a.error) {
		close(fds[0]);
		close(fds[1]);
	}
}

static void __attribute__((noreturn)) help(int sock)
{
	char name[NAME_SIZE];
	int home, null = open("/dev/null", O_RDWR);
	ssize_t n;

	/* Nothing of skepd's stays open here: not its lock, not whatever its output goes to. */
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    (sock != 3 && dup2(sock, 3) < 0) || close_range(4, ~0u, 0))
		_exit(1);
	sock = 3;
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	signal(SIGINT, SIG_IGN); /* of the terminal: skepd ends, then we do */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "skepd-netns");
	if (home < 0 || chdir("/") || drop_privileges())
		_exit(1);
	while ((n = recv(sock, name, sizeof(name) - 1, 0)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		name[n] = '\0';
		answer_request(sock, home, name);
	}
	_exit(0);
}

/* --- In skepd --- */

int netns_start(struct netns **ret)
{
	struct netns *netns = calloc(1, sizeof(*netns));
	int fds[2];

	if (!netns)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds)) {
		free(netns);
		return -errno;
	}
	netns->pid = fork();
	if (!netns->pid)
		help(fds[1]);
	close(fds[1]);
	netns->fd = fds[0];
	if (netns->pid < 0) {
		close(fds[0]);
		free(netns);
		return -errno;
	}
	*ret = netns;
	return 0;
}

void netns_stop(struct netns *netns)
{
	if (!netns)
		return;
	close(netns->fd);
	waitpid(netns->pid, NULL, 0);
	free(netns);
}

int netns_open(struct netns *netns, const char *name, int *ret_ns, int *ret_socket)
{
	struct answer a;
	int fds[2];
	ssize_t n;

	if (!netns)
		return -ENOSYS;
	if (send(netns->fd, name, strlen(name), MSG_NOSIGNAL) < 0)
		return -errno;
	answer_init(&a, 0);
	do
		n = recvmsg(netns->fd, &a.msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(a.error))
		return n < 0 ? -errno : -EPIPE;
	if (a.error)
		return a.error;
	if (a.msg.msg_controllen < CMSG_LEN(sizeof(fds)) ||
	    a.control.head.cmsg_len != CMSG_LEN(sizeof(fds)))
		return -EMFILE; /* there was no room for them here */
	memcpy(fds, CMSG_DATA(&a.control.head), sizeof(fds));
	*ret_ns = fds[0];
	*ret_socket = fds[1];
	return 0;
}
