// SPDX-License-Identifier: Apache-2.0
/*
 * The methods of the control socket (docs/control.md).
 *
 * One that changes the configuration edits a copy of it and has sw_change() apply and save that; so
 * it either is done, in force and on disk, or nothing has changed.
 */
#include "vswitchd/control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "model/action.h"
#include "ofchan/stream.h"
#include "vswitchd/agent.h"
#include "vswitchd/bridge.h"
#include "vswitchd/switch.h"

#define KEYS_MAX 3

/* One request. */
struct call {
	struct sw *sw;
	const json_t *params;
	struct control_answer *answer;
	struct conf *conf;	/* of methods that change: the copy, owned */
	struct conf_bridge *br; /* in 'conf', or in sw->conf if there is none: the one that the key
				   "bridge" means */
};

static json_t *__attribute__((format(printf, 2, 3))) fail(struct call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call->answer->err, sizeof(call->answer->err), fmt, ap);
	va_end(ap);
	return NULL;
}

static const char *str(const struct call *call, const char *key)
{
	return json_string_value(json_object_get(call->params, key));
}

/* Applies and saves the copy; the result of a method that has no other. */
static json_t *change(struct call *call)
{
	struct conf *conf = call->conf;

	call->conf = NULL;
	if (sw_change(call->sw, conf, call->answer->err, sizeof(call->answer->err))) {
		if (!call->answer->err[0])
			return fail(call, "failed");
		return NULL;
	}
	return json_object();
}

static json_t *do_version(struct call *call)
{
	(void)call;
	return json_pack("{s:s, s:s}", "name", "skepd", "version", PACKAGE_VERSION);
}

static json_t *show_port(const struct port *port)
{
	bool is_attached = port->ifindex;
	bool is_up = is_attached && !(port->config & OFPPC_PORT_DOWN) &&
		     !(port->state & OFPPS_LINK_DOWN);
	json_t *obj = json_pack("{s:s, s:I, s:i, s:s}", "name", port->name, "ofport",
				(json_int_t)port->ofport, "ifindex", (int)port->ifindex, "state",
				!is_attached ? "absent"
				: is_up	     ? "up"
					     : "down");

	if (obj && port->error[0])
		json_object_set_new(obj, "error", json_string(port->error));
	return obj;
}

static json_t *show_datapath(const struct sw *sw)
{
	json_t *drops = json_object();
	const char *name;
	struct dp_info info;
	uint64_t n;

	dp_info(sw->dp, &info);
	for (unsigned int i = 0; (name = dp_drop(sw->dp, i, &n)); i++)
		if (n)
			json_object_set_new(drops, name, json_integer((json_int_t)n));
	return json_pack("{s:I, s:I, s:s, s:I, s:I, s:I, s:o}", "flows", (json_int_t)info.n_flows,
			 "version", (json_int_t)info.version, "attach", dp_attach_name(sw->dp),
			 "capacity", (json_int_t)info.rules_capacity, "memory",
			 (json_int_t)info.memory, "grown", (json_int_t)info.n_grown, "drops",
			 drops);
}

static json_t *show_bridge(struct bridge *br)
{
	json_t *ports = json_array();
	const struct port *port;
	char id[20];

	json_array_append_new(ports, show_port(&br->local));
	TAILQ_FOREACH (port, &br->ports, node)
		json_array_append_new(ports, show_port(port));
	snprintf(id, sizeof(id), "%016" PRIx64, br->datapath_id);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:o}", "name", br->name,
			 "datapath_id", id, "fail_mode", "secure", "ports", ports, "controllers",
			 agent_show_controllers(br->agent), "listeners",
			 agent_show_listeners(br->agent), "packet_ins_dropped",
			 (json_int_t)agent_n_dropped_packet_ins(br->agent), "datapath",
			 show_datapath(br->sw));
}

static json_t *do_show(struct call *call)
{
	const char *name = str(call, "bridge");
	json_t *list = json_array();
	struct conf_bridge *cb;

	TAILQ_FOREACH (cb, &call->sw->conf->bridges, node) {
		struct bridge *br = sw_find_bridge(call->sw, cb->name);

		if (br && (!name || !strcmp(name, br->name)))
			json_array_append_new(list, show_bridge(br));
	}
	return json_pack("{s:i, s:s, s:o}", "pid", (int)getpid(), "version", PACKAGE_VERSION,
			 "bridges", list);
}

static json_t *do_list_br(struct call *call)
{
	json_t *list = json_array();
	const struct conf_bridge *br;

	TAILQ_FOREACH (br, &call->sw->conf->bridges, node)
		json_array_append_new(list, json_string(br->name));
	return list;
}

static json_t *do_list_ports(struct call *call)
{
	json_t *list = json_array();
	const struct conf_port *port;

	TAILQ_FOREACH (port, &call->br->ports, node)
		json_array_append_new(list, json_string(port->name));
	return list;
}

static json_t *do_add_br(struct call *call)
{
	const char *name = str(call, "bridge"), *id = str(call, "datapath_id"),
		   *mode = str(call, "fail_mode");
	struct conf_bridge *br;
	uint64_t datapath_id = 0;

	if (!conf_name_is_valid(name))
		return fail(call, "\"%s\" cannot be the name of a bridge", name);
	if (conf_find_bridge(call->conf, name))
		return fail(call, "there is a bridge %s already", name);
	if (conf_find_bridge_of_port(call->conf, name))
		return fail(call, "%s is a port of bridge %s", name,
			    conf_find_bridge_of_port(call->conf, name)->name);
	if (id && !conf_parse_datapath_id(id, &datapath_id))
		return fail(call,
			    "datapath_id \"%s\" is not 1 to 16 hexadecimal digits other than 0",
			    id);
	if (mode && !strcmp(mode, "standalone"))
		return fail(call, "fail_mode \"standalone\" is not supported yet");
	if (mode && strcmp(mode, "secure") != 0)
		return fail(call, "fail_mode \"%s\" is not \"secure\"", mode);
	br = conf_add_bridge(call->conf, name);
	if (!br)
		return fail(call, "out of memory");
	br->has_datapath_id = id;
	br->datapath_id = datapath_id;
	return change(call);
}

static json_t *do_del_br(struct call *call)
{
	conf_del_bridge(call->conf, call->br);
	return change(call);
}

static json_t *do_add_port(struct call *call)
{
	const char *name = str(call, "port");
	const json_t *wanted = json_object_get(call->params, "ofport");
	json_int_t ofport = wanted ? json_integer_value(wanted) : 0;
	const struct conf_bridge *owner;
	const struct conf_port *other;
	struct conf_port *port;
	json_t *result;

	if (!conf_name_is_valid(name))
		return fail(call, "\"%s\" cannot be the name of an interface", name);
	if (wanted && (ofport < 1 || ofport > PORT_NO_MAX))
		return fail(call, "ofport %" JSON_INTEGER_FORMAT " is not 1 to %d", ofport,
			    PORT_NO_MAX);
	if (conf_find_bridge(call->conf, name))
		return fail(call, "%s is a bridge", name);
	owner = conf_find_bridge_of_port(call->conf, name);
	if (owner)
		return fail(call, "%s is a port of bridge %s already", name, owner->name);
	other = conf_find_ofport(call->br, (uint32_t)ofport);
	if (other)
		return fail(call, "ofport %u of bridge %s is taken by %s", (unsigned int)ofport,
			    call->br->name, other->name);
	port = conf_add_port(call->br, name, (uint32_t)ofport);
	if (!port)
		return fail(call, "bridge %s has no number left for another port", call->br->name);
	ofport = port->ofport;
	result = change(call);
	if (result)
		json_object_set_new(result, "ofport", json_integer(ofport));
	if (result && !nl_find(call->sw->nl, name))
		json_object_set_new(
			result, "warning",
			json_sprintf("there is no interface %s yet: the port waits for it", name));
	return result;
}

static json_t *do_del_port(struct call *call)
{
	const char *name = str(call, "port");
	struct conf_port *port = conf_find_port(call->br, name);

	if (!port)
		return fail(call, "bridge %s has no port %s", call->br->name, name);
	conf_del_port(call->br, port);
	return change(call);
}

static json_t *do_set_controller(struct call *call)
{
	const json_t *list = json_object_get(call->params, "controllers"), *element;
	struct stream_addr addr;
	char why[256];
	size_t i;
	int error;

	conf_clear_controllers(call->br);
	json_array_foreach ((json_t *)(uintptr_t)list, i, element) {
		const char *s = json_string_value(element);

		if (!s)
			return fail(call, "a controller must be a string");
		if (stream_addr_parse(s, &addr, why, sizeof(why)))
			return fail(call, "%s", why);
		error = conf_add_controller(call->br, s);
		if (error)
			return fail(call, "controller %s: %s", s,
				    error == -EEXIST  ? "is listed twice"
				    : error == -E2BIG ? "there are too many"
						      : "out of memory");
	}
	return change(call);
}

static json_t *do_del_controller(struct call *call)
{
	conf_clear_controllers(call->br);
	return change(call);
}

static json_t *do_set_ssl(struct call *call)
{
	static const char *const keys[] = { "private_key", "certificate", "ca_cert" };
	const char *files[3];
	struct sw_problems problems = { .n = 0 };
	const struct conf *old = call->sw->conf;

	for (int i = 0; i < 3; i++) {
		files[i] = str(call, keys[i]);
		if (files[i][0] != '/')
			return fail(call, "%s \"%s\" is not an absolute path", keys[i], files[i]);
	}
	/* The same files again: what is in them may have changed. */
	if (old->has_ssl && !strcmp(old->private_key, files[0]) &&
	    !strcmp(old->certificate, files[1]) && !strcmp(old->ca_cert, files[2])) {
		sw_reload_tls(call->sw, &problems);
		if (problems.n)
			return fail(call, "%s", problems.first);
	}
	if (conf_set_ssl(call->conf, files[0], files[1], files[2]))
		return fail(call, "out of memory");
	return change(call);
}

static json_t *do_del_ssl(struct call *call)
{
	conf_set_ssl(call->conf, NULL, NULL, NULL);
	return change(call);
}

static json_t *do_log_level(struct call *call)
{
	enum log_level level;

	if (log_level_parse(str(call, "level"), &level))
		return fail(call, "\"%s\" is not err, warn, info or debug", str(call, "level"));
	log_set_level(level);
	return json_object();
}

static json_t *do_shutdown(struct call *call)
{
	call->answer->is_end = true;
	return json_object();
}

static json_t *do_teardown(struct call *call)
{
	call->answer->is_end = true;
	if (sw_teardown(call->sw, call->answer->err, sizeof(call->answer->err)))
		return NULL;
	log_info("the datapath was removed, as the control socket asked");
	return json_object();
}

static const struct method {
	const char *name;
	json_t *(*run)(struct call *call);
	bool is_change;
	struct {
		const char *name;
		json_type type;
		bool is_optional;
	} keys[KEYS_MAX + 1];
} methods[] = {
	{ "version", do_version, false, { { NULL, JSON_NULL, false } } },
	{ "show", do_show, false, { { "bridge", JSON_STRING, true } } },
	{ "list-br", do_list_br, false, { { NULL, JSON_NULL, false } } },
	{ "list-ports", do_list_ports, false, { { "bridge", JSON_STRING, false } } },
	{ "add-br",
	  do_add_br,
	  true,
	  { { "bridge", JSON_STRING, false },
	    { "datapath_id", JSON_STRING, true },
	    { "fail_mode", JSON_STRING, true } } },
	{ "del-br", do_del_br, true, { { "bridge", JSON_STRING, false } } },
	{ "add-port",
	  do_add_port,
	  true,
	  { { "bridge", JSON_STRING, false },
	    { "port", JSON_STRING, false },
	    { "ofport", JSON_INTEGER, true } } },
	{ "del-port",
	  do_del_port,
	  true,
	  { { "bridge", JSON_STRING, false }, { "port", JSON_STRING, false } } },
	{ "set-controller",
	  do_set_controller,
	  true,
	  { { "bridge", JSON_STRING, false }, { "controllers", JSON_ARRAY, false } } },
	{ "del-controller", do_del_controller, true, { { "bridge", JSON_STRING, false } } },
	{ "set-ssl",
	  do_set_ssl,
	  true,
	  { { "private_key", JSON_STRING, false },
	    { "certificate", JSON_STRING, false },
	    { "ca_cert", JSON_STRING, false } } },
	{ "del-ssl", do_del_ssl, true, { { NULL, JSON_NULL, false } } },
	{ "log-level", do_log_level, false, { { "level", JSON_STRING, false } } },
	{ "shutdown", do_shutdown, false, { { NULL, JSON_NULL, false } } },
	{ "teardown", do_teardown, false, { { NULL, JSON_NULL, false } } },
};

static const char *type_name(json_type type)
{
	return type == JSON_STRING ? "a string" : type == JSON_INTEGER ? "an integer" : "a list";
}

/* Every key that must be there is, with its type, and there is no other. */
static bool check_params(struct call *call, const struct method *m)
{
	size_t n_known = 0;

	for (int i = 0; i < KEYS_MAX && m->keys[i].name; i++) {
		const json_t *value = json_object_get(call->params, m->keys[i].name);

		if (!value && !m->keys[i].is_optional) {
			fail(call, "%s: \"%s\" is missing", m->name, m->keys[i].name);
			return false;
		}
		if (value && json_typeof(value) != m->keys[i].type) {
			fail(call, "%s: \"%s\" must be %s", m->name, m->keys[i].name,
			     type_name(m->keys[i].type));
			return false;
		}
		n_known += value != NULL;
	}
	if (n_known != json_object_size(call->params)) {
		fail(call, "%s: there is an unknown key", m->name);
		return false;
	}
	return true;
}

/* A bridge that is named must exist, but for the method that makes it. */
static bool find_bridge(struct call *call, const struct method *m)
{
	const char *name = str(call, "bridge");
	const struct conf *conf = call->conf ? call->conf : call->sw->conf;

	if (!name || m->run == do_add_br)
		return true;
	call->br = conf_find_bridge(conf, name);
	if (!call->br)
		fail(call, "there is no bridge %s", name);
	return call->br;
}

json_t *control_run(struct sw *sw, const char *name, const json_t *params,
		    struct control_answer *answer)
{
	struct call call = { .sw = sw, .params = params, .answer = answer };
	const struct method *m = NULL;
	json_t *result = NULL;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name))
			m = &methods[i];
	answer->err[0] = '\0';
	if (!m)
		return fail(&call, "unknown method \"%s\"", name);
	if (!sw->dp)
		return fail(&call, "skepd is ending");
	if (m->is_change) {
		call.conf = conf_clone(sw->conf);
		if (!call.conf)
			return fail(&call, "out of memory");
	}
	if (check_params(&call, m) && find_bridge(&call, m))
		result = m->run(&call);
	conf_free(call.conf);
	if (!result && !answer->err[0])
		fail(&call, "out of memory");
	return result;
}
