// SPDX-License-Identifier: Apache-2.0
/* The control socket's connections; see control.h. */
#include "vswitchd/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "vswitchd/switch.h"

#define CONTROL_END_MS	 1000 /* how long the last answer may take */
#define CONTROL_PAUSE_MS 100
#define CONTROL_OUT_HIGH 65536

struct client {
	TAILQ_ENTRY(client) node;
	struct control *control;
	struct bufferevent *bev;
	bool is_closing; /* once the answers are sent */
};

struct control {
	struct sw *sw;
	struct evconnlistener *listener;
	struct event *resume; /* accepting, after a pause */
	struct sockaddr_un sun;
	unsigned int n_clients;
	bool is_ending;
	TAILQ_HEAD(, client) clients;
};

static void client_free(struct client *c)
{
	struct control *control = c->control;

	TAILQ_REMOVE(&control->clients, c, node);
	if (control->n_clients-- == CONTROL_CLIENTS_MAX)
		evconnlistener_enable(control->listener);
	bufferevent_free(c->bev);
	free(c);
}

static void answer_json(struct client *c, json_t *obj)
{
	char *text = obj ? json_dumps(obj, JSON_COMPACT) : NULL;

	json_decref(obj);
	evbuffer_add_printf(bufferevent_get_output(c->bev), "%s\n",
			    text ? text : "{\"error\":\"out of memory\"}");
	free(text);
}

static void answer_error(struct client *c, const char *text)
{
	answer_json(c, json_pack("{s:s}", "error", text));
}

/* Sends the answer with a descriptor, which it closes.  The kernel ties that to the answer's first byte, so nothing may be queued before. */
static void answer_with_fd(struct client *c, json_t *obj, int fd)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	char *text = obj ? json_dumps(obj, JSON_COMPACT) : NULL;
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { .iov_base = text };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(sizeof(int)) };
	ssize_t n = -1;

	json_decref(obj);
	if (text && !evbuffer_get_length(out)) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		iov.iov_len = strlen(text);
		n = sendmsg(bufferevent_getfd(c->bev), &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (n > 0)
		evbuffer_add_printf(out, "%s\n", text + n);
	else
		answer_error(c, "the descriptor cannot be sent before earlier answers are read");
	free(text);
	close(fd);
}

/* The loop ends when the answer is out, and at the latest after CONTROL_END_MS. */
static void end_skepd(struct client *c)
{
	const struct timeval latest = { CONTROL_END_MS / 1000, 0 };

	c->control->is_ending = true;
	c->is_closing = true;
	event_base_loopexit(c->control->sw->base, &latest);
}

static void handle_line(struct client *c, const char *line, size_t len)
{
	struct control_answer answer = { .fd = -1 };
	const char *method = NULL;
	json_t *params = NULL, *result;
	json_error_t je;
	json_t *req = json_loadb(line, len, JSON_REJECT_DUPLICATES, &je);

	if (!req) {
		char err[256];

		snprintf(err, sizeof(err), "not JSON: column %d: %s", je.column, je.text);
		answer_error(c, err);
		c->is_closing = true;
		return;
	}
	if (json_unpack_ex(req, &je, JSON_STRICT, "{s:s, s?:o}", "method", &method, "params",
			   &params) ||
	    (params && !json_is_object(params))) {
		answer_error(c, "a request is {\"method\": \"…\", \"params\": {…}}");
	} else {
		log_debug("control: %.*s", (int)len, line);
		result = control_run(c->control->sw, method, params, &answer);
		if (result && answer.fd >= 0)
			answer_with_fd(c, json_pack("{s:o}", "result", result), answer.fd);
		else if (result)
			answer_json(c, json_pack("{s:o}", "result", result));
		else
			answer_error(c, answer.err);
		if (answer.is_end)
			end_skepd(c);
	}
	json_decref(req);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);

	while (!c->is_closing && !c->control->is_ending) {
		size_t len;
		char *line;

		if (evbuffer_get_length(bufferevent_get_output(bev)) > CONTROL_OUT_HIGH) {
			bufferevent_disable(bev, EV_READ);
			return;
		}
		line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
		if (line && len < CONTROL_LINE_MAX) {
			handle_line(c, line, len);
		} else if (line || evbuffer_get_length(in) >= CONTROL_LINE_MAX) {
			answer_error(c, "the request is too long");
			c->is_closing = true;
		} else {
			return;
		}
		free(line);
	}
}

/* Called when all answers are out. */
static void on_write(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;

	/* libevent also calls once when a connection is made, and that call may come after the
	 * first request was answered. */
	if (evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (c->is_closing && c->control->is_ending)
		event_base_loopbreak(c->control->sw->base);
	else if (c->is_closing)
		client_free(c);
	else if (!(bufferevent_get_enabled(bev) & EV_READ)) {
		bufferevent_enable(bev, EV_READ);
		on_read(bev, c);
	}
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;

	/* The peer has sent all that it will, perhaps together with its last request: what it asked
	 * is still answered. */
	if ((what & BEV_EVENT_EOF) && evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
		c->is_closing = true;
		return;
	}
	if (c->control->is_ending && c->is_closing)
		event_base_loopbreak(c->control->sw->base);
	else
		client_free(c);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa,
		      int sa_len, void *arg)
{
	struct control *control = arg;
	struct client *c = calloc(1, sizeof(*c));

	(void)sa;
	(void)sa_len;
	if (!c) {
		close(fd);
		return;
	}
	c->control = control;
	c->bev = bufferevent_socket_new(control->sw->base, fd,
					BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!c->bev) {
		free(c);
		close(fd);
		return;
	}
	TAILQ_INSERT_TAIL(&control->clients, c, node);
	if (++control->n_clients == CONTROL_CLIENTS_MAX)
		evconnlistener_disable(listener);
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, 2 * CONTROL_LINE_MAX);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* Without descriptors, accepting again at once would only spin: a pause, then again. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	static struct log_limit limit = LOG_LIMIT_INIT(1, 10000);
	const struct timeval pause = { CONTROL_PAUSE_MS / 1000, CONTROL_PAUSE_MS % 1000 * 1000 };
	struct control *control = arg;

	log_limited(&limit, LOG_LVL_ERR, "control socket: %s", strerror(errno));
	if (!event_add(control->resume, &pause))
		evconnlistener_disable(listener);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;

	(void)fd;
	(void)what;
	if (control->n_clients < CONTROL_CLIENTS_MAX)
		evconnlistener_enable(control->listener);
}

int control_open(struct sw *sw, const char *path, struct control **ret, char *err, size_t err_size)
{
	struct control *control = calloc(1, sizeof(*control));
	mode_t mask;
	int error = ENOMEM;

	if (!control)
		goto fail;
	control->sw = sw;
	TAILQ_INIT(&control->clients);
	control->resume = evtimer_new(sw->base, on_resume, control);
	if (!control->resume)
		goto fail;
	control->sun.sun_family = AF_UNIX;
	error = ENAMETOOLONG;
	if (strlen(path) >= sizeof(control->sun.sun_path))
		goto fail;
	strcpy(control->sun.sun_path, path);
	unlink(path);
	mask = umask(0177);
	control->listener = evconnlistener_new_bind(
		sw->base, on_accept, control, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16,
		(struct sockaddr *)&control->sun, sizeof(control->sun));
	error = errno;
	umask(mask);
	if (!control->listener)
		goto fail;
	evconnlistener_set_error_cb(control->listener, on_accept_error);
	*ret = control;
	return 0;
fail:
	snprintf(err, err_size, "%s: %s", path, strerror(error));
	if (control && control->resume)
		event_free(control->resume);
	free(control);
	return -error;
}

void control_close(struct control *control)
{
	struct client *c;

	if (!control)
		return;
	while ((c = TAILQ_FIRST(&control->clients)))
		client_free(c);
	evconnlistener_free(control->listener);
	event_free(control->resume);
	unlink(control->sun.sun_path);
	free(control);
}
