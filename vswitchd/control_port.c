// SPDX-License-Identifier: Apache-2.0
/* The control socket's methods that add, change and open ports; see docs/control.md. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/action.h"
#include "vswitchd/bridge.h"
#include "vswitchd/conf_port.h"
#include "vswitchd/control_private.h"
#include "vswitchd/socket.h"
#include "vswitchd/switch.h"

/* Sets what 'params' has of the keys of ports, and checks the whole. */
static bool set_keys(struct call *call, struct conf_port *port)
{
	const struct conf_port *other;
	struct conf_place place;
	char why[400] = "";
	const char *key;
	json_t *value;
	int error = 0;

	json_object_foreach ((json_t *)(uintptr_t)call->params, key, value) {
		if (!strcmp(key, "bridge") || !strcmp(key, "port"))
			continue;
		error = conf_port_set(port, key, value, &place, why, sizeof(why));
		if (error)
			break;
	}
	if (!error)
		error = conf_port_check(port, &place, why, sizeof(why));
	if (error) {
		call_fail(call, "%s", why[0] ? why : strerror(-error));
		return false;
	}
	TAILQ_FOREACH (other, &call->br->ports, node)
		if (other != port && other->ofport == port->ofport) {
			call_fail(call, "ofport %u of bridge %s is taken by %s",
				  (unsigned int)port->ofport, call->br->name, other->name);
			return false;
		}
	return true;
}

/* What is not as it will have to be. */
static void put_warning(const struct call *call, const char *name, json_t *result)
{
	const struct bridge *br = sw_find_bridge(call->sw, call_str(call, "bridge"));
	const struct port *port;
	const char *what;

	if (!br)
		return;
	TAILQ_FOREACH (port, &br->ports, node) {
		if (strcmp(port->name, name))
			continue;
		if (port->type == CONF_PATCH && !port->peer) {
			what = port->conf->options[CONF_OPTION_PEER];
			json_object_set_new(result, "warning",
					    json_sprintf("no other bridge has a patch port %s with "
							 "the peer %s yet: the port waits for it",
							 what, name));
		} else if (port->type == CONF_SYSTEM && !port->is_attached) {
			json_object_set_new(
				result, "warning",
				json_sprintf("there is no interface %s yet: the port waits for it",
					     name));
		}
	}
}

json_t *call_add_port(struct call *call)
{
	char name[CONF_NAME_SIZE];
	const char *wanted = call_str(call, "port");
	const struct conf_bridge *owner;
	struct conf_port *port;
	json_int_t ofport;
	json_t *result;

	if (!conf_name_is_valid(wanted))
		return call_fail(call, "\"%s\" cannot be the name of an interface", wanted);
	snprintf(name, sizeof(name), "%s", wanted);
	if (conf_find_bridge(call->conf, name))
		return call_fail(call, "%s is a bridge", name);
	owner = conf_find_bridge_of_port(call->conf, name);
	if (owner)
		return call_fail(call, "%s is a port of bridge %s already", name, owner->name);
	port = conf_add_port(call->br, name, 0);
	if (!port)
		return call_fail(call, "bridge %s has no number left for another port",
				 call->br->name);
	if (!set_keys(call, port))
		return NULL;
	ofport = port->ofport;
	result = call_change(call);
	if (result) {
		json_object_set_new(result, "ofport", json_integer(ofport));
		put_warning(call, name, result);
	}
	return result;
}

static struct conf_port *find_port(struct call *call)
{
	const char *name = call_str(call, "port");
	struct conf_port *port = conf_find_port(call->br, name);

	if (!port)
		call_fail(call, "bridge %s has no port %s", call->br->name, name);
	return port;
}

json_t *call_set_port(struct call *call)
{
	struct conf_port *port = find_port(call);
	json_t *result;

	if (!port || !set_keys(call, port))
		return NULL;
	result = call_change(call);
	if (result)
		put_warning(call, call_str(call, "port"), result);
	return result;
}

json_t *call_del_port(struct call *call)
{
	struct conf_port *port = find_port(call);

	if (!port)
		return NULL;
	conf_del_port(call->br, port);
	return call_change(call);
}

json_t *call_open_port(struct call *call)
{
	const struct conf_port *conf = find_port(call);
	struct bridge *br = sw_find_bridge(call->sw, call_str(call, "bridge"));
	const struct port *port = br && conf ? bridge_find_port(br, conf->ofport) : NULL;
	int fd;

	if (!conf)
		return NULL;
	if (conf->type != CONF_SOCKET)
		return call_fail(call, "port %s is of type %s, not socket", conf->name,
				 conf_port_type_name(conf->type));
	if (!port)
		return call_fail(call, "port %s is not there: see \"show\"", conf->name);
	fd = socket_open(port, call->answer->err, sizeof(call->answer->err));
	if (fd < 0)
		return NULL;
	call->answer->fd = fd;
	return json_pack("{s:s}", "device", port->device);
}
