// SPDX-License-Identifier: Apache-2.0
/* The control socket's methods about topologies; see docs/control.md and topology.h. */
#include <string.h>
#include <unistd.h>

#include "vswitchd/bridge.h"
#include "vswitchd/conf_port.h"
#include "vswitchd/control_private.h"
#include "vswitchd/switch.h"
#include "vswitchd/topology.h"

/* Who this host is: as asked, else as it is called, with or without its domain. */
static int compute(struct call *call, const struct topology *t)
{
	const char *asked = call_str(call, "host");
	char host[CONF_TOPOLOGY_NAME_SIZE] = "", *dot;

	if (!asked && gethostname(host, sizeof(host) - 1) == 0) {
		dot = strchr(host, '.');
		for (unsigned int i = 0; dot && i < t->n_hosts; i++)
			if (!strcmp(t->hosts[i].name, host))
				dot = NULL;
		if (dot)
			*dot = '\0';
	}
	return topology_compute(t, asked ? asked : host, call->conf, call->answer->err,
				sizeof(call->answer->err));
}

/* Ports whose interfaces are not there yet. */
static void put_warning(const struct call *call, const char *bridge, json_t *result)
{
	const struct bridge *br = sw_find_bridge(call->sw, bridge);
	const struct port *port, *first = NULL;
	int n = 0;

	if (!br)
		return;
	TAILQ_FOREACH (port, &br->ports, node)
		if (port->type == CONF_SYSTEM && !port->is_attached) {
			n++;
			first = first ? first : port;
		}
	if (n == 1)
		json_object_set_new(result, "warning", json_sprintf("there is no interface %s yet: the port waits for it",
								    first->name));
	if (n > 1)
		json_object_set_new(result, "warning", json_sprintf("there is no interface %s yet, nor those of %d other ports: they wait for them",
								    first->name, n - 1));
}

json_t *call_topology_apply(struct call *call)
{
	const json_t *text = json_object_get(call->params, "text");
	char bridge[CONF_NAME_SIZE], host[CONF_TOPOLOGY_NAME_SIZE];
	const struct conf_bridge *br;
	struct topology *t;
	json_t *changes, *result;

	if (topology_parse(json_string_value(text), json_string_length(text), call_str(call, "name"),
			   &t, call->answer->err, sizeof(call->answer->err)))
		return NULL;
	if (compute(call, t)) {
		topology_free(t);
		return NULL;
	}
	memcpy(bridge, t->bridge, sizeof(bridge));
	topology_free(t);
	br = conf_find_bridge(call->conf, bridge);
	memcpy(host, br->topology_host, sizeof(host));
	changes = topology_diff(conf_find_bridge(call->sw->conf, bridge), br);
	if (!changes)
		return call_fail(call, "out of memory");
	/* Also where nothing differs: something may have to be tried again. */
	if (!json_is_true(json_object_get(call->params, "dry_run"))) {
		result = call_change(call);
		if (!result) {
			json_decref(changes);
			return NULL;
		}
		json_decref(result);
	}
	result = json_pack("{s:s, s:s, s:o}", "bridge", bridge, "host", host, "changes", changes);
	if (result && !json_is_true(json_object_get(call->params, "dry_run")))
		put_warning(call, bridge, result);
	return result;
}

/* The bridge that is meant: the one named, or the only one that a topology made. */
static const struct conf_bridge *find_made(struct call *call, const struct conf *conf)
{
	const struct conf_bridge *br, *found = NULL;

	if (call->br) {
		if (!call->br->topology_host[0])
			call_fail(call, "bridge %s was not made by a topology", call->br->name);
		return call->br->topology_host[0] ? call->br : NULL;
	}
	TAILQ_FOREACH (br, &conf->bridges, node) {
		if (!br->topology_host[0])
			continue;
		if (found) {
			call_fail(call, "topologies made bridges %s and %s: say which", found->name, br->name);
			return NULL;
		}
		found = br;
	}
	if (!found)
		call_fail(call, "no topology has been applied");
	return found;
}

static json_t *show_network(struct call *call, const struct conf_bridge *br, const struct conf_network *net)
{
	const struct bridge *bridge = sw_find_bridge(call->sw, br->name);
	json_t *ports = json_array();
	const struct port *port;
	int n_macs = 0;

	if (bridge)
		TAILQ_FOREACH (port, &bridge->ports, node)
			if (port->conf && port->conf->has_tag && port->conf->tag == net->vlan)
				json_array_append_new(ports, call_show_port(port));
	for (unsigned int i = 0; i < br->n_macs; i++)
		n_macs += br->macs[i].vlan == net->vlan;
	return json_pack("{s:s, s:s, s:I, s:i, s:i, s:o}", "name", net->name, "kind",
			 conf_port_type_name(net->kind), "key", (json_int_t)net->key, "vlan",
			 (int)net->vlan, "static_macs", n_macs, "ports", ports);
}

json_t *call_topology_show(struct call *call)
{
	const struct conf_bridge *br = find_made(call, call->sw->conf);
	json_t *networks;

	if (!br)
		return NULL;
	networks = json_array();
	for (unsigned int i = 0; i < br->n_networks; i++)
		json_array_append_new(networks, show_network(call, br, &br->networks[i]));
	return json_pack("{s:s, s:s, s:o}", "bridge", br->name, "host", br->topology_host, "networks",
			 networks);
}

json_t *call_topology_remove(struct call *call)
{
	const struct conf_bridge *br = find_made(call, call->conf);

	if (!br)
		return NULL;
	conf_del_bridge(call->conf, conf_find_bridge(call->conf, br->name));
	return call_change(call);
}
