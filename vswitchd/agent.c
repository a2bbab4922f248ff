// SPDX-License-Identifier: Apache-2.0
/* The agent: connections and dispatch; see agent.h. */
#include "vswitchd/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofchan/stream.h"
#include "ofchan/tls.h"
#include "vswitchd/agent_private.h"

/* Reconnecting is quick: a controller that restarts has its switches back within a second, and one
 * attempt a second costs neither side anything. */
const struct of_conn_config agent_conn_config = { .min_backoff_ms = 500, .max_backoff_ms = 1000 };

void session_send(struct session *s, struct buf *out)
{
	if (buf_failed(out))
		of_conn_disconnect(s->conn, "out of memory");
	else if (out->len)
		of_conn_send(s->conn, out->data, out->len); /* failures end the connection, later */
	buf_reset(out);
}

/* --- What is done about messages --- */

struct handler {
	agent_handler *act;
	bool is_change; /* slaves may not (§6.3.4) */
};

/* The peer had something against a message of ours: nobody can do anything about it here. */
static enum ofp_err peer_error(struct session *s, const struct ofmsg *msg)
{
	const char *name = ofp_err_name(msg->error.err);

	log_limited(&s->error_limit, LOG_LVL_INFO, "bridge %s: %s reports error %s (%u, %u)",
		    s->agent->br->name, of_conn_name(s->conn), name ? name : "unknown",
		    msg->error.type, msg->error.code);
	return OFP_OK;
}

static const struct handler handlers[OFPT_N_TYPES] = {
	[OFPT_ERROR] = { peer_error, false },
	[OFPT_EXPERIMENTER] = { agent_experimenter, false },
	[OFPT_FEATURES_REQUEST] = { agent_features, false },
	[OFPT_GET_CONFIG_REQUEST] = { agent_get_config, false },
	[OFPT_SET_CONFIG] = { agent_set_config, false },
	[OFPT_PACKET_OUT] = { agent_packet_out, true },
	[OFPT_FLOW_MOD] = { agent_flow_mod, true },
	[OFPT_GROUP_MOD] = { agent_group_mod, true },
	[OFPT_PORT_MOD] = { agent_port_mod, true },
	[OFPT_TABLE_MOD] = { agent_table_mod, true },
	[OFPT_MULTIPART_REQUEST] = { agent_multipart, false },
	[OFPT_BARRIER_REQUEST] = { agent_barrier, false },
	[OFPT_QUEUE_GET_CONFIG_REQUEST] = { agent_queue_get_config, false },
	[OFPT_ROLE_REQUEST] = { agent_role, false },
	[OFPT_GET_ASYNC_REQUEST] = { agent_get_async, false },
	[OFPT_SET_ASYNC] = { agent_set_async, false },
	[OFPT_METER_MOD] = { agent_meter_mod, true },
};

static enum ofp_err execute(struct session *s, const struct ofmsg *msg)
{
	const struct handler *h = msg->type < OFPT_N_TYPES ? &handlers[msg->type] : NULL;

	if (!h || !h->act)
		return OFPBRC_BAD_TYPE;
	if (h->is_change && session_main(s)->role == OFPCR_ROLE_SLAVE)
		return OFPBRC_IS_SLAVE;
	return h->act(s, msg);
}

static void send_error(struct session *s, enum ofp_err err, const uint8_t *data, size_t len)
{
	const char *name = ofp_err_name(err), *type = ofp_type_name(data[1]);
	struct buf *out = &s->agent->sw->out;

	log_limited(&s->error_limit, LOG_LVL_INFO, "bridge %s: %s: %s answered with %s",
		    s->agent->br->name, of_conn_name(s->conn),
		    type ? type : "message of unknown type", name ? name : "an error");
	of_error_encode(out, err, data, len);
	session_send(s, out);
}

static void on_message(struct of_conn *conn, const uint8_t *data, size_t len, void *arg)
{
	struct session *s = arg;
	struct ofmsg *msg = &s->agent->sw->msg;
	enum ofp_err err = ofmsg_decode(msg, OFMSG_TO_SWITCH, data, len);

	(void)conn;
	if (!err)
		err = execute(s, msg);
	if (err)
		send_error(s, err, data, len);
}

static void on_batch_end(struct of_conn *conn, void *arg)
{
	struct session *s = arg;

	(void)conn;
	sw_commit(s->agent->sw);
}

static void on_drained(struct of_conn *conn, void *arg)
{
	(void)conn;
	agent_dump_continue(arg);
}

/* --- Sessions --- */

struct session *session_new(struct agent *agent, struct of_conn *conn, struct channel *channel,
			    bool is_service)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->agent = agent;
	s->conn = conn;
	s->channel = channel;
	s->is_service = is_service;
	s->miss_send_len = is_service ? 0 : AGENT_MISS_SEND_LEN;
	s->error_limit = (struct log_limit)LOG_LIMIT_INIT(10, 1000);
	of_async_init(&s->async);
	TAILQ_INSERT_TAIL(&agent->sessions, s, node);
	session_set_role(s, OFPCR_ROLE_EQUAL);
	agent_fail_update(agent);
	return s;
}

void session_free(struct session *s)
{
	TAILQ_REMOVE(&s->agent->sessions, s, node);
	agent_fail_update(s->agent);
	agent_dump_stop(s);
	agent_table_request_drop(s);
	if (s->channel)
		s->channel->session = NULL;
	else
		of_conn_free(s->conn);
	free(s);
}

static void on_passive_down(struct of_conn *conn, const char *reason, void *arg)
{
	(void)conn;
	(void)reason;
	session_free(arg);
}

static const struct of_conn_cbs passive_cbs = {
	.disconnected = on_passive_down,
	.message = on_message,
	.batch_end = on_batch_end,
	.drained = on_drained,
};

static void accept_conn(struct agent *agent, struct of_conn *conn, bool is_service)
{
	struct session *s = session_new(agent, conn, NULL, is_service);

	if (s)
		of_conn_set_callbacks(conn, &passive_cbs, s);
	else
		of_conn_free(conn);
}

static void on_mgmt(struct of_listener *listener, struct of_conn *conn, void *arg)
{
	(void)listener;
	accept_conn(arg, conn, true);
}

static void on_accepted(struct of_listener *listener, struct of_conn *conn, void *arg)
{
	struct controller *c = arg;

	(void)listener;
	accept_conn(c->agent, conn, false);
}

/* A channel outlives its sessions, and is what its connection's callbacks are called with. */
static void on_channel_up(struct of_conn *conn, void *arg)
{
	struct channel *c = arg;

	c->session = session_new(c->controller->agent, conn, c, false);
	if (!c->session)
		of_conn_disconnect(conn, "out of memory");
	else if (!c->auxiliary_id)
		agent_aux_start(c->controller);
}

static void on_channel_down(struct of_conn *conn, const char *reason, void *arg)
{
	struct channel *c = arg;

	(void)conn;
	(void)reason;
	if (!c->auxiliary_id)
		agent_aux_stop(c->controller);
	if (c->session)
		session_free(c->session);
}

static void on_channel_message(struct of_conn *conn, const uint8_t *data, size_t len, void *arg)
{
	struct channel *c = arg;

	if (c->session)
		on_message(conn, data, len, c->session);
}

static void on_channel_batch_end(struct of_conn *conn, void *arg)
{
	struct channel *c = arg;

	(void)conn;
	sw_commit(c->controller->agent->sw);
}

static void on_channel_drained(struct of_conn *conn, void *arg)
{
	struct channel *c = arg;

	(void)conn;
	if (c->session)
		agent_dump_continue(c->session);
}

static const struct of_conn_cbs channel_cbs = {
	.connected = on_channel_up,
	.disconnected = on_channel_down,
	.message = on_channel_message,
	.batch_end = on_channel_batch_end,
	.drained = on_channel_drained,
};

int channel_open(struct channel *c)
{
	struct agent *agent = c->controller->agent;
	struct stream_addr addr;
	char err[256];
	int error = stream_addr_parse(c->controller->target, &addr, err, sizeof(err));

	if (error)
		return error;
	c->conn = of_conn_connect(agent->sw->base, &addr, agent->sw->tls, &agent_conn_config,
				  &channel_cbs, c);
	return c->conn ? 0 : -ENOMEM;
}

void channel_close(struct channel *c)
{
	if (c->session)
		session_free(c->session);
	of_conn_free(c->conn);
	c->conn = NULL;
}

/* --- Controllers --- */

static int controller_listen(struct controller *c)
{
	struct stream_addr addr;
	int error = stream_addr_parse(c->target, &addr, c->error, sizeof(c->error));

	if (error)
		return error;
	c->listener = of_listener_open(c->agent->sw->base, &addr, c->agent->sw->tls, &agent_conn_config,
				       on_accepted, c, &error, c->error, sizeof(c->error));
	if (!c->listener)
		return error;
	c->error[0] = '\0';
	return 0;
}

static void controller_free(struct controller *c)
{
	TAILQ_REMOVE(&c->agent->controllers, c, node);
	agent_aux_stop(c);
	channel_close(&c->main);
	of_listener_close(c->listener);
	free(c->target);
	free(c);
}

static void controller_add(struct agent *agent, const char *target, struct sw_problems *problems)
{
	struct controller *c = calloc(1, sizeof(*c));
	struct stream_addr addr;
	char err[256] = "";

	if (!c)
		return;
	c->agent = agent;
	c->target = strdup(target);
	TAILQ_INSERT_TAIL(&agent->controllers, c, node);
	if (!c->target || stream_addr_parse(target, &addr, err, sizeof(err))) {
		sw_problem(problems, "bridge %s: controller %s", agent->br->name,
			   err[0] ? err : strerror(ENOMEM));
		controller_free(c);
		return;
	}
	c->is_passive = addr.is_passive;
	if (c->is_passive) {
		if (controller_listen(c))
			sw_problem(problems, "bridge %s: %s", agent->br->name, c->error);
		return;
	}
	c->main.controller = c;
	if (channel_open(&c->main)) {
		sw_problem(problems, "bridge %s: controller %s: %s", agent->br->name, target,
			   strerror(ENOMEM));
		controller_free(c);
	}
}

static bool is_listed(const struct conf_bridge *conf, const char *target)
{
	for (unsigned int i = 0; i < conf->n_controllers; i++)
		if (!strcmp(conf->controllers[i], target))
			return true;
	return false;
}

static bool is_known(const struct agent *agent, const char *target)
{
	const struct controller *c;

	TAILQ_FOREACH (c, &agent->controllers, node)
		if (!strcmp(c->target, target))
			return true;
	return false;
}

void agent_apply(struct agent *agent, const struct conf_bridge *conf, struct sw_problems *problems)
{
	struct controller *c, *next;

	for (c = TAILQ_FIRST(&agent->controllers); c; c = next) {
		next = TAILQ_NEXT(c, node);
		if (!is_listed(conf, c->target))
			controller_free(c);
	}
	for (unsigned int i = 0; i < conf->n_controllers; i++)
		if (!is_known(agent, conf->controllers[i]))
			controller_add(agent, conf->controllers[i], problems);
	if (agent->n_aux != conf->n_aux) {
		agent->n_aux = conf->n_aux;
		TAILQ_FOREACH (c, &agent->controllers, node) {
			agent_aux_stop(c);
			agent_aux_start(c);
		}
	}
	agent_fail_apply(agent, conf);
}

bool agent_is_alone(const struct agent *agent)
{
	return agent->is_alone;
}

void agent_tick(struct agent *agent)
{
	struct controller *c;

	agent_fail_update(agent);
	if (++agent->n_ticks % AGENT_LISTEN_TICKS)
		return;
	TAILQ_FOREACH (c, &agent->controllers, node)
		if (c->is_passive && !c->listener && !controller_listen(c))
			log_info("bridge %s: listening on %s at last", agent->br->name,
				 of_listener_name(c->listener));
}

void agent_disconnect(struct agent *agent, const char *reason)
{
	struct session *s;

	TAILQ_FOREACH (s, &agent->sessions, node)
		of_conn_disconnect(s->conn, reason);
}

/* --- The agent --- */

struct agent *agent_new(struct bridge *br, struct sw_problems *problems)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	struct stream_addr addr;
	char path[256], err[256] = "";
	int error;

	if (!agent)
		return NULL;
	agent->br = br;
	agent->sw = br->sw;
	agent_tables_init(&agent->tables);
	agent->pktin_limit = (struct log_limit)LOG_LIMIT_INIT(1, 10000);
	TAILQ_INIT(&agent->controllers);
	TAILQ_INIT(&agent->sessions);
	snprintf(path, sizeof(path), "punix:%s/%s.mgmt", br->sw->paths.rundir, br->name);
	error = stream_addr_parse(path, &addr, err, sizeof(err));
	if (!error)
		agent->mgmt = of_listener_open(br->sw->base, &addr, NULL, &agent_conn_config, on_mgmt,
					       agent, &error, err, sizeof(err));
	if (!agent->mgmt) {
		sw_problem(problems, "bridge %s: %s", br->name, err);
		free(agent);
		return NULL;
	}
	dp_bridge_set_frag_drop(br->sw->dp, br->number, false);
	return agent;
}

void agent_free(struct agent *agent)
{
	struct controller *c;
	struct session *s;

	if (!agent)
		return;
	/* The bridge goes, or skepd: then the datapath goes on as it is. */
	agent->is_ending = true;
	while ((c = TAILQ_FIRST(&agent->controllers)))
		controller_free(c);
	while ((s = TAILQ_FIRST(&agent->sessions)))
		session_free(s);
	of_listener_close(agent->mgmt);
	free(agent);
}

/* --- For `show` --- */

uint64_t agent_n_dropped_packet_ins(const struct agent *agent)
{
	return agent->n_pktin_dropped;
}

json_t *agent_show_controllers(const struct agent *agent)
{
	const struct controller *c;
	json_t *list = json_array(), *obj;
	struct of_conn_info info;

	TAILQ_FOREACH (c, &agent->controllers, node) {
		if (c->is_passive)
			continue;
		of_conn_get_info(c->main.conn, &info);
		obj = json_pack("{s:s, s:s, s:I, s:s, s:b, s:I, s:I}", "target", c->target, "state",
				of_conn_state_name(info.state), "since_s",
				(json_int_t)(info.state_ms / 1000), "role", info.role,
				"is_connected", of_conn_is_up(c->main.conn), "messages_received",
				(json_int_t)info.n_rx, "messages_sent", (json_int_t)info.n_tx);
		if (obj && info.last_error[0])
			json_object_set_new(obj, "last_error", json_string(info.last_error));
		if (obj && agent->n_aux)
			json_object_set_new(obj, "auxiliary_up", json_integer(agent_aux_n_up(c)));
		if (obj && info.tls_session[0])
			json_object_set_new(obj, "tls", json_string(info.tls_session));
		json_array_append_new(list, obj);
	}
	return list;
}

json_t *agent_show_listeners(const struct agent *agent)
{
	const struct controller *c;
	json_t *list = json_array(), *obj;

	obj = json_pack("{s:s, s:s, s:i}", "target", of_listener_name(agent->mgmt), "state",
			"LISTENING", "connections", (int)of_listener_n_conns(agent->mgmt));
	json_array_append_new(list, obj);
	TAILQ_FOREACH (c, &agent->controllers, node) {
		if (!c->is_passive)
			continue;
		obj = json_pack("{s:s, s:s}", "target", c->target, "state",
				c->listener ? "LISTENING" : "FAILED");
		if (obj && c->listener)
			json_object_set_new(obj, "connections",
					    json_integer(of_listener_n_conns(c->listener)));
		else if (obj)
			json_object_set_new(obj, "last_error", json_string(c->error));
		json_array_append_new(list, obj);
	}
	return list;
}
