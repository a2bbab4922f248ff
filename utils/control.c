// SPDX-License-Identifier: Apache-2.0
/* One request on skepd's control socket; see control.h. */
#include "utils/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "buf.h"
#include "utils/json.h"

/* An answer is a line; "show" of many bridges with thousands of ports is some megabytes. */
enum { ANSWER_MAX = 64 << 20 };

static int connect_to(const struct skepctl *ctl)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/skepd.ctl", ctl->rundir) >=
	    (int)sizeof(sun.sun_path)) {
		fail("%s/skepd.ctl: the path is too long for a socket", ctl->rundir);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		return fd;
	fail("%s: %s%s", sun.sun_path, strerror(errno),
	     errno == ENOENT || errno == ECONNREFUSED ? " (is skepd running?)" : "");
	if (fd >= 0)
		close(fd);
	return -1;
}

static int send_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		/* A peer that ended the connection may have said why: the answer is read all the same. */
		if (n < 0 && errno == EPIPE)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Reads what is there.  A descriptor that comes with it goes to '*fd', unless there is one already. */
static ssize_t recv_some(int sock, char *data, size_t size, int *fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	int received;

	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(&received, CMSG_DATA(head), sizeof(received));
		if (*fd < 0)
			*fd = received;
		else
			close(received);
	}
	return n;
}

/* Reads up to a newline into 'answer'. */
static int recv_line(const struct skepctl *ctl, int fd, struct buf *answer, int *ret_fd)
{
	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		char data[65536];
		ssize_t n;
		int ready = poll(&pfd, 1, ctl->timeout_ms);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return fail("skepd: %s", strerror(errno));
		if (!ready)
			return fail("skepd: no answer for %d s", ctl->timeout_ms / 1000);
		n = recv_some(fd, data, sizeof(data), ret_fd);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("skepd: %s", strerror(errno));
		if (!n)
			return fail("skepd ended the connection without an answer");
		buf_put(answer, data, (size_t)n);
		if (memchr(data, '\n', (size_t)n))
			return EXIT_OK;
		if (buf_failed(answer) || answer->len > ANSWER_MAX)
			return fail("skepd: the answer is too long");
	}
}

static int take_result(const struct buf *answer, json_t **ret_result)
{
	json_error_t e;
	json_t *object = json_loadb((const char *)answer->data, answer->len, 0, &e), *error;

	if (!object)
		return fail("skepd: the answer is not JSON (%s)", e.text);
	error = json_object_get(object, "error");
	*ret_result = json_incref(json_object_get(object, "result"));
	if (error || !*ret_result) {
		fail("%s", json_is_string(error) ? json_string_value(error)
						 : "skepd: an answer without a result");
		json_decref(*ret_result);
		json_decref(object);
		return EXIT_ERROR;
	}
	json_decref(object);
	return EXIT_OK;
}

int control_call_fd(const struct skepctl *ctl, const char *method, json_t *params,
		    json_t **ret_result, int *ret_fd)
{
	json_t *request =
		json_pack("{s:s,s:o}", "method", method, "params", params ? params : json_object());
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	struct buf answer = BUF_INIT;
	int status = EXIT_ERROR, error;
	int fd = -1;

	*ret_fd = -1;
	json_decref(request);
	if (!line)
		return fail("the arguments are not UTF-8");
	fd = connect_to(ctl);
	if (fd >= 0) {
		error = send_all(fd, line, strlen(line));
		if (!error)
			error = send_all(fd, "\n", 1);
		status = error ? fail("skepd: %s", strerror(-error))
			       : recv_line(ctl, fd, &answer, ret_fd);
		close(fd);
	}
	if (!status)
		status = take_result(&answer, ret_result);
	if (status && *ret_fd >= 0) {
		close(*ret_fd);
		*ret_fd = -1;
	}
	buf_uninit(&answer);
	free(line);
	return status;
}

int control_call(const struct skepctl *ctl, const char *method, json_t *params, json_t **ret_result)
{
	int fd, status = control_call_fd(ctl, method, params, ret_result, &fd);

	if (fd >= 0)
		close(fd);
	return status;
}

int control_do(const struct skepctl *ctl, const char *method, json_t *params)
{
	json_t *result;
	const char *warning;
	int status = control_call(ctl, method, params, &result);

	if (status)
		return status;
	warning = json_string_value(json_object_get(result, "warning"));
	if (ctl->is_json)
		json_print(json_incref(result), JSON_COMPACT);
	else if (warning)
		fprintf(stderr, "skepctl: warning: %s\n", warning);
	json_decref(result);
	return EXIT_OK;
}
