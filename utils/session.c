// SPDX-License-Identifier: Apache-2.0
/* A command's conversation with one bridge; see session.h. */
#include "utils/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool port_by_name(void *aux, const char *name, uint32_t *ret_port);
static const char *port_by_number(void *aux, uint32_t port);

/* Without a colon it is the name of a bridge; bridges are interfaces, whose names have none. */
static char *bridge_address(const struct skepctl *ctl, const char *bridge)
{
	char *address;

	if (strchr(bridge, ':'))
		return strdup(bridge);
	return asprintf(&address, "unix:%s/%s.mgmt", ctl->rundir, bridge) < 0 ? NULL : address;
}

int session_open(struct session *s, const struct skepctl *ctl, const char *bridge)
{
	char error[512] = "";
	char *address = bridge_address(ctl, bridge);
	int status = EXIT_OK;

	*s = (struct session){ .ctl = ctl, .out = BUF_INIT, .next_xid = 2 };
	s->port_names = (struct text_ports){ port_by_name, port_by_number, s };
	s->name = strdup(bridge);
	s->msg = malloc(sizeof(*s->msg));
	if (!address || !s->name || !s->msg)
		status = fail("out of memory");
	else if (ofchan_client_open(address, NULL, ctl->timeout_ms, &s->client, error,
				    sizeof(error)))
		status = fail("%s%s", error,
			      strchr(bridge, ':')
				      ? ""
				      : " (is skepd running, and is there such a bridge?)");
	free(address);
	return status;
}

void session_close(struct session *s)
{
	ofchan_client_close(s->client);
	buf_uninit(&s->out);
	free(s->ports);
	free(s->msg);
	free(s->name);
}

uint32_t session_xid(struct session *s)
{
	return s->next_xid++;
}

static int fail_connection(struct session *s, int error)
{
	const char *what = ofchan_client_error(s->client);

	if (error == -ETIMEDOUT)
		return fail("%s: no answer for %d s", s->name, s->ctl->timeout_ms / 1000);
	return fail("%s: %s", s->name, *what ? what : strerror(-error));
}

int session_send(struct session *s)
{
	int error;

	if (buf_failed(&s->out))
		return fail("out of memory");
	error = ofchan_client_send(s->client, s->out.data, s->out.len);
	buf_reset(&s->out);
	return error ? fail_connection(s, error) : EXIT_OK;
}

int session_recv(struct session *s)
{
	const uint8_t *data;
	enum ofp_err err;
	size_t len;
	int error = ofchan_client_recv(s->client, &data, &len);

	if (error)
		return fail_connection(s, error);
	err = ofmsg_decode(s->msg, OFMSG_TO_CONTROLLER, data, len);
	if (err)
		return fail("%s: a message of type %u cannot be understood (%s)", s->name, data[1],
			    ofp_err_name(err));
	return EXIT_OK;
}

void session_format_error(const struct ofmsg *msg, struct buf *out)
{
	const char *name = ofp_err_name(msg->error.err);

	if (name)
		buf_printf(out, "%s", name);
	else
		buf_printf(out, "error type %u, code %u", msg->error.type, msg->error.code);
}

static void print_error(struct session *s, const struct ofmsg *msg)
{
	struct buf text = BUF_INIT;

	session_format_error(msg, &text);
	fail("%s: refused: %s", s->name, buf_cstr(&text));
	buf_uninit(&text);
}

int session_recv_reply(struct session *s, uint32_t xid, enum ofp_type type)
{
	for (;;) {
		int status = session_recv(s);

		if (status)
			return status;
		if (s->msg->xid != xid)
			continue;
		if (s->msg->type == type)
			return EXIT_OK;
		if (s->msg->type == OFPT_ERROR) {
			print_error(s, s->msg);
			return EXIT_ERROR;
		}
	}
}

int session_request(struct session *s, uint32_t xid, enum ofp_type type)
{
	int status = session_send(s);

	return status ? status : session_recv_reply(s, xid, type);
}

int session_barrier(struct session *s, void (*on_error)(void *aux, const struct ofmsg *msg),
		    void *aux)
{
	uint32_t xid = session_xid(s);
	int result = EXIT_OK, status;

	ofmsg_encode_empty(&s->out, OFPT_BARRIER_REQUEST, xid);
	status = session_send(s);
	while (!status) {
		status = session_recv(s);
		if (status)
			break;
		if (s->msg->type == OFPT_BARRIER_REPLY && s->msg->xid == xid)
			return result;
		if (s->msg->type != OFPT_ERROR)
			continue;
		result = EXIT_ERROR;
		if (on_error)
			on_error(aux, s->msg);
		else
			print_error(s, s->msg);
	}
	return status;
}

int session_multipart(struct session *s, uint32_t xid, int (*each)(struct session *, void *aux),
		      void *aux)
{
	int status = session_send(s);

	while (!status) {
		bool more;

		status = session_recv_reply(s, xid, OFPT_MULTIPART_REPLY);
		if (status)
			break;
		more = s->msg->mp.more;
		status = each(s, aux);
		if (!more)
			break;
	}
	return status;
}

/*
 * Names of ports.
 */
static int collect_ports(struct session *s, void *aux)
{
	struct mp_iter it;
	struct of_port port;

	(void)aux;
	mp_iter_init(&it, &s->msg->mp);
	while (of_port_desc_next(&it, &port)) {
		struct of_port *ports = realloc(s->ports, (s->n_ports + 1) * sizeof(*ports));

		if (!ports)
			return fail("out of memory");
		s->ports = ports;
		ports[s->n_ports++] = port;
	}
	return it.err ? fail("%s: a port's description cannot be understood", s->name) : EXIT_OK;
}

int session_ask(const struct skepctl *ctl, const char *bridge, uint16_t type,
		int (*each)(struct session *, void *aux))
{
	struct session s;
	uint32_t xid;
	int status = session_open(&s, ctl, bridge);

	if (!status) {
		xid = session_xid(&s);
		of_multipart_request_encode(&s.out, xid, type);
		status = session_multipart(&s, xid, each, NULL);
	}
	session_close(&s);
	return status;
}

int session_get_ports(struct session *s)
{
	uint32_t xid;

	if (s->has_ports)
		return EXIT_OK;
	s->has_ports = true;
	xid = session_xid(s);
	of_multipart_request_encode(&s->out, xid, OFPMP_PORT_DESC);
	return session_multipart(s, xid, collect_ports, NULL);
}

/* Names are asked for while lines are parsed and, in a dump, while a reply is walked; s->out is
 * empty at those times, but s->msg is in use in the second, so there session_get_ports() has been
 * called before. */
static bool port_by_name(void *aux, const char *name, uint32_t *ret_port)
{
	struct session *s = aux;

	session_get_ports(s);
	for (unsigned int i = 0; i < s->n_ports; i++) {
		if (!strcmp(s->ports[i].name, name)) {
			*ret_port = s->ports[i].port_no;
			return true;
		}
	}
	return false;
}

static const char *port_by_number(void *aux, uint32_t port)
{
	struct session *s = aux;

	for (unsigned int i = 0; i < s->n_ports; i++) {
		if (s->ports[i].port_no == port)
			return s->ports[i].name;
	}
	return NULL;
}

const struct text_ports *session_print_ports(struct session *s)
{
	if (!s->ctl->has_names)
		return NULL;
	session_get_ports(s);
	return &s->port_names;
}
