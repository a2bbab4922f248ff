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

/* Reads up to a newline into 'answer'. */
static int recv_line(const struct skepctl *ctl, int fd, struct buf *answer)
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
		n = recv(fd, data, sizeof(data), 0);
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

int control_call(const struct skepctl *ctl, const char *method, json_t *params, json_t **ret_result)
{
	json_t *request =
		json_pack("{s:s,s:o}", "method", method, "params", params ? params : json_object());
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	struct buf answer = BUF_INIT;
	int status = EXIT_ERROR, error;
	int fd = -1;

	json_decref(request);
	if (!line)
		return fail("the arguments are not UTF-8");
	fd = connect_to(ctl);
	if (fd >= 0) {
		error = send_all(fd, line, strlen(line));
		if (!error)
			error = send_all(fd, "\n", 1);
		status = error ? fail("skepd: %s", strerror(-error)) : recv_line(ctl, fd, &answer);
		close(fd);
	}
	if (!status)
		status = take_result(&answer, ret_result);
	buf_uninit(&answer);
	free(line);
	return status;
}
