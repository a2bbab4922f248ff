// SPDX-License-Identifier: Apache-2.0
/* Multipart replies of any length, which follow the peer's pace; see agent.h. */
#include "vswitchd/agent_private.h"

void agent_dump_stop(struct session *s)
{
	s->dump.is_active = false;
	buf_uninit(&s->dump.out);
}

struct dump *agent_dump_new(struct session *s)
{
	struct dump *d = &s->dump;

	/* Reading was paused with the dump before, so there is none. */
	d->cursor = (struct dp_cursor){ .next = 0 };
	d->number = d->last = 0;
	return d;
}

void agent_dump_start(struct session *s, const struct ofmsg *msg, dump_put *put)
{
	struct dump *d = &s->dump;

	d->is_active = true;
	d->put = put;
	buf_reset(&d->out);
	mp_start(&d->writer, &d->out, msg->mp.type, msg->xid);
	of_conn_pause(s->conn, true);
	agent_dump_continue(s);
}

/* Sends the messages that are whole. */
static void send_complete(struct session *s)
{
	struct dump *d = &s->dump;
	size_t len = mp_complete(&d->writer);

	if (!len)
		return;
	of_conn_send(s->conn, d->out.data, len);
	mp_drop_complete(&d->writer);
}

void agent_dump_continue(struct session *s)
{
	struct dump *d = &s->dump;
	unsigned int n = 0;

	if (!d->is_active)
		return;
	while (n++ < AGENT_DUMP_ENTRIES && of_conn_backlog(s->conn) <= AGENT_DUMP_BACKLOG) {
		if (!d->put(s)) {
			mp_finish(&d->writer);
			session_send(s, &d->out);
			agent_dump_stop(s);
			of_conn_pause(s->conn, false);
			return;
		}
		if (buf_failed(&d->out)) {
			of_conn_disconnect(s->conn, "out of memory");
			return;
		}
		send_complete(s);
	}
	of_conn_want_drained(s->conn);
}
