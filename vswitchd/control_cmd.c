// SPDX-License-Identifier: Apache-2.0
/*
 * The methods of the control socket (docs/control.md).
 *
 * One that changes the configuration edits a copy of it and has sw_change() apply and save that; so
 * it either is done, in force and on disk, or nothing has changed.
 */
#include "vswitchd/control_private.h"

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
#include "vswitchd/conf_port.h"
#include "vswitchd/switch.h"

#define KEYS_MAX 4

json_t *call_fail(struct call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call->answer->err, sizeof(call->answer->err), fmt, ap);
	va_end(ap);
	return NULL;
}

const char *call_str(const struct call *call, const char *key)
{
	return json_string_value(json_object_get(call->params, key));
}

json_t *call_change(struct call *call)
{
	struct conf *conf = call->conf;

	call->conf = NULL;
	if (sw_change(call->sw, conf, call->answer->err, sizeof(call->answer->err))) {
		if (!call->answer->err[0])
			return call_fail(call, "failed");
		return NULL;
	}
	return json_object();
}

static json_t *do_version(struct call *call)
{
	(void)call;
	return json_pack("{s:s, s:s}", "name", "skepd", "version", PACKAGE_VERSION);
}

json_t *call_show_port(const struct port *port)
{
	bool is_attached = port->is_attached;
	bool is_up = is_attached && !(port->config & OFPPC_PORT_DOWN) &&
		     !(port->state & OFPPS_LINK_DOWN);
	json_t *obj = json_pack("{s:s, s:I, s:i, s:s}", "name", port->name, "ofport",
				(json_int_t)port->ofport, "ifindex", (int)port->ifindex, "state",
				!is_attached ? "absent"
				: is_up	     ? "up"
					     : "down");

	if (obj && port->error[0])
		json_object_set_new(obj, "error", json_string(port->error));
	if (obj && port->conf) {
		json_t *conf = conf_port_to_json(port->conf);

		json_object_update_missing(obj, conf);
		json_decref(conf);
	}
	if (obj && port->has_peer)
		json_object_set_new(obj, "redirects_to_peer", json_true());
	if (obj && port->device[0])
		json_object_set_new(obj, "device", json_string(port->device));
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
	return json_pack("{s:I, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "flows",
			 (json_int_t)info.n_flows, "version", (json_int_t)info.version, "attach",
			 dp_attach_name(sw->dp), "capacity", (json_int_t)info.rules_capacity,
			 "memory", (json_int_t)info.memory, "grown", (json_int_t)info.n_grown,
			 "growth_failed", (json_int_t)info.n_growth_failed, "verified",
			 (json_int_t)info.n_verified, "repaired", (json_int_t)info.n_repaired,
			 "shadowed", (json_int_t)info.n_shadowed, "drops", drops);
}

static json_t *show_bridge(struct bridge *br)
{
	json_t *ports = json_array();
	const struct conf_bridge *conf = conf_find_bridge(br->sw->conf, br->name);
	const struct port *port;
	char id[20];

	json_array_append_new(ports, call_show_port(&br->local));
	TAILQ_FOREACH (port, &br->ports, node)
		json_array_append_new(ports, call_show_port(port));
	snprintf(id, sizeof(id), "%016" PRIx64, br->datapath_id);
	return json_pack(
		"{s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:I, s:o}", "name", br->name, "datapath_id",
		id, "fail_mode", conf && conf->is_standalone ? "standalone" : "secure",
		"is_standalone_now", (int)agent_is_alone(br->agent), "flow_cache",
		(int)dp_bridge_has_cache(br->sw->dp, br->number), "ports", ports, "controllers",
		agent_show_controllers(br->agent), "listeners", agent_show_listeners(br->agent),
		"packet_ins_dropped", (json_int_t)agent_n_dropped_packet_ins(br->agent), "datapath",
		show_datapath(br->sw));
}

static json_t *do_show(struct call *call)
{
	const char *name = call_str(call, "bridge");
	json_t *list = json_array();
	struct conf_bridge *cb;

	TAILQ_FOREACH (cb, &call->sw->conf->bridges, node) {
		struct bridge *br = sw_find_bridge(call->sw, cb->name);

		if (br && (!name || !strcmp(name, br->name)))
			json_array_append_new(list, show_bridge(br));
	}
	return json_pack("{s:i, s:s, s:o, s:o*}", "pid", (int)getpid(), "version", PACKAGE_VERSION,
			 "bridges", list, "ssl", certs_show(call->sw));
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
	const char *name = call_str(call, "bridge"), *id = call_str(call, "datapath_id"),
		   *mode = call_str(call, "fail_mode");
	struct conf_bridge *br;
	uint64_t datapath_id = 0;
	bool is_standalone = false;

	if (!conf_name_is_valid(name))
		return call_fail(call, "\"%s\" cannot be the name of a bridge", name);
	if (conf_find_bridge(call->conf, name))
		return call_fail(call, "there is a bridge %s already", name);
	if (conf_find_bridge_of_port(call->conf, name))
		return call_fail(call, "%s is a port of bridge %s", name,
			    conf_find_bridge_of_port(call->conf, name)->name);
	if (id && !conf_parse_datapath_id(id, &datapath_id))
		return call_fail(call,
			    "datapath_id \"%s\" is not 1 to 16 hexadecimal digits other than 0",
			    id);
	if (mode && !conf_parse_fail_mode(mode, &is_standalone))
		return call_fail(call, "fail_mode \"%s\" is not \"secure\" or \"standalone\"",
				 mode);
	br = conf_add_bridge(call->conf, name);
	if (!br)
		return call_fail(call, "out of memory");
	br->has_datapath_id = id;
	br->datapath_id = datapath_id;
	br->is_standalone = is_standalone;
	return call_change(call);
}

static json_t *do_del_br(struct call *call)
{
	conf_del_bridge(call->conf, call->br);
	return call_change(call);
}

static json_t *do_set_fail_mode(struct call *call)
{
	const char *mode = call_str(call, "fail_mode");

	if (!conf_parse_fail_mode(mode, &call->br->is_standalone))
		return call_fail(call, "fail_mode \"%s\" is not \"secure\" or \"standalone\"",
				 mode);
	return call_change(call);
}

static json_t *do_set_bridge(struct call *call)
{
	const json_t *ageing = json_object_get(call->params, "mac_ageing"),
		     *bpdu = json_object_get(call->params, "forward_bpdu"),
		     *aux = json_object_get(call->params, "aux_connections");
	json_int_t seconds = json_integer_value(ageing), n_aux = json_integer_value(aux);

	if (ageing && (seconds < 0 || seconds > CONF_MAC_AGEING_MAX))
		return call_fail(call, "mac_ageing %" JSON_INTEGER_FORMAT " is not 0 to %d",
				 seconds, CONF_MAC_AGEING_MAX);
	if (ageing) {
		call->br->has_mac_ageing = true;
		call->br->mac_ageing = (uint32_t)seconds;
	}
	if (aux && (n_aux < 0 || n_aux > CONF_AUX_MAX))
		return call_fail(call, "aux_connections %" JSON_INTEGER_FORMAT " is not 0 to %d",
				 n_aux, CONF_AUX_MAX);
	if (aux)
		call->br->n_aux = (unsigned int)n_aux;
	if (bpdu)
		call->br->forward_bpdu = json_is_true(bpdu);
	return call_change(call);
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
			return call_fail(call, "a controller must be a string");
		if (stream_addr_parse(s, &addr, why, sizeof(why)))
			return call_fail(call, "%s", why);
		error = conf_add_controller(call->br, s);
		if (error)
			return call_fail(call, "controller %s: %s", s,
				    error == -EEXIST  ? "is listed twice"
				    : error == -E2BIG ? "there are too many"
						      : "out of memory");
	}
	return call_change(call);
}

static json_t *do_del_controller(struct call *call)
{
	conf_clear_controllers(call->br);
	return call_change(call);
}

static json_t *do_set_ssl(struct call *call)
{
	static const char *const keys[] = { "private_key", "certificate", "ca_cert" };
	const char *files[3];
	struct sw_problems problems = { .n = 0 };
	const struct conf *old = call->sw->conf;

	for (int i = 0; i < 3; i++) {
		files[i] = call_str(call, keys[i]);
		if (files[i][0] != '/')
			return call_fail(call, "%s \"%s\" is not an absolute path", keys[i],
					 files[i]);
	}
	/* The same files again: what is in them may have changed. */
	if (old->has_ssl && !strcmp(old->private_key, files[0]) &&
	    !strcmp(old->certificate, files[1]) && !strcmp(old->ca_cert, files[2])) {
		sw_reload_tls(call->sw, &problems);
		if (problems.n)
			return call_fail(call, "%s", problems.first);
	}
	if (conf_set_ssl(call->conf, files[0], files[1], files[2]))
		return call_fail(call, "out of memory");
	return call_change(call);
}

static json_t *do_del_ssl(struct call *call)
{
	conf_set_ssl(call->conf, NULL, NULL, NULL);
	return call_change(call);
}

static json_t *do_log_level(struct call *call)
{
	enum log_level level;

	if (log_level_parse(call_str(call, "level"), &level))
		return call_fail(call, "\"%s\" is not err, warn, info or debug",
				 call_str(call, "level"));
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
	call_fn *run;
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
	{ "set-fail-mode",
	  do_set_fail_mode,
	  true,
	  { { "bridge", JSON_STRING, false }, { "fail_mode", JSON_STRING, false } } },
	{ "set-bridge",
	  do_set_bridge,
	  true,
	  { { "bridge", JSON_STRING, false },
	    { "mac_ageing", JSON_INTEGER, true },
	    { "aux_connections", JSON_INTEGER, true },
	    { "forward_bpdu", JSON_TRUE, true } } },
	/* These two have the keys of ports, too. */
	{ "add-port",
	  call_add_port,
	  true,
	  { { "bridge", JSON_STRING, false }, { "port", JSON_STRING, false } } },
	{ "set-port",
	  call_set_port,
	  true,
	  { { "bridge", JSON_STRING, false }, { "port", JSON_STRING, false } } },
	{ "del-port",
	  call_del_port,
	  true,
	  { { "bridge", JSON_STRING, false }, { "port", JSON_STRING, false } } },
	{ "open-port",
	  call_open_port,
	  false,
	  { { "bridge", JSON_STRING, false }, { "port", JSON_STRING, false } } },
	{ "fdb", call_fdb, false, { { "bridge", JSON_STRING, false } } },
	{ "fdb-add",
	  call_fdb_add,
	  true,
	  { { "bridge", JSON_STRING, false },
	    { "mac", JSON_STRING, false },
	    { "port", JSON_STRING, false },
	    { "vlan", JSON_INTEGER, true } } },
	{ "fdb-del",
	  call_fdb_del,
	  true,
	  { { "bridge", JSON_STRING, false },
	    { "mac", JSON_STRING, false },
	    { "vlan", JSON_INTEGER, true } } },
	{ "fdb-flush",
	  call_fdb_flush,
	  false,
	  { { "bridge", JSON_STRING, false }, { "port", JSON_STRING, true } } },
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
	{ "topology-apply",
	  call_topology_apply,
	  true,
	  { { "name", JSON_STRING, false },
	    { "text", JSON_STRING, false },
	    { "host", JSON_STRING, true },
	    { "dry_run", JSON_TRUE, true } } },
	{ "topology-show", call_topology_show, false, { { "bridge", JSON_STRING, true } } },
	{ "topology-remove", call_topology_remove, true, { { "bridge", JSON_STRING, true } } },
	{ "log-level", do_log_level, false, { { "level", JSON_STRING, false } } },
	{ "shutdown", do_shutdown, false, { { NULL, JSON_NULL, false } } },
	{ "teardown", do_teardown, false, { { NULL, JSON_NULL, false } } },
};

static const char *type_name(json_type type)
{
	return type == JSON_STRING    ? "a string"
	       : type == JSON_INTEGER ? "an integer"
	       : type == JSON_TRUE    ? "true or false"
				      : "a list";
}

/* Every key that must be there is, with its type, and there is no other. */
static bool check_params(struct call *call, const struct method *m)
{
	size_t n_known = 0;

	for (int i = 0; i < KEYS_MAX && m->keys[i].name; i++) {
		const json_t *value = json_object_get(call->params, m->keys[i].name);
		json_type type = !value		      ? JSON_NULL
				 : json_is_false(value) ? JSON_TRUE
							: json_typeof(value);

		if (!value && !m->keys[i].is_optional) {
			call_fail(call, "%s: \"%s\" is missing", m->name, m->keys[i].name);
			return false;
		}
		if (value && type != m->keys[i].type) {
			call_fail(call, "%s: \"%s\" must be %s", m->name, m->keys[i].name,
			     type_name(m->keys[i].type));
			return false;
		}
		n_known += value != NULL;
	}
	if (m->run == call_add_port || m->run == call_set_port)
		return true; /* conf_port_set() knows the others */
	if (n_known != json_object_size(call->params)) {
		call_fail(call, "%s: there is an unknown key", m->name);
		return false;
	}
	return true;
}

/* A bridge that is named must exist, but for the method that makes it. */
static bool find_bridge(struct call *call, const struct method *m)
{
	const char *name = call_str(call, "bridge");
	const struct conf *conf = call->conf ? call->conf : call->sw->conf;

	if (!name || m->run == do_add_br)
		return true;
	call->br = conf_find_bridge(conf, name);
	if (!call->br)
		call_fail(call, "there is no bridge %s", name);
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
		return call_fail(&call, "unknown method \"%s\"", name);
	if (!sw->dp)
		return call_fail(&call, "skepd is ending");
	if (m->is_change) {
		call.conf = conf_clone(sw->conf);
		if (!call.conf)
			return call_fail(&call, "out of memory");
	}
	if (check_params(&call, m) && find_bridge(&call, m))
		result = m->run(&call);
	conf_free(call.conf);
	if (!result && !answer->err[0])
		call_fail(&call, "out of memory");
	return result;
}
