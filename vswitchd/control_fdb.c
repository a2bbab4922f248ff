// SPDX-License-Identifier: Apache-2.0
/* The control socket's methods about the addresses that NORMAL knows; see docs/control.md. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/action.h"
#include "vswitchd/bridge.h"
#include "vswitchd/conf.h"
#include "vswitchd/control_private.h"
#include "vswitchd/switch.h"

static json_t *entry_to_json(const struct conf_bridge *conf, const struct dp_fdb_entry *e)
{
	const struct conf_port *port = conf_find_ofport(conf, e->ofport);
	const char *name = e->ofport == PORT_LOCAL ? conf->name : port ? port->name : "";
	char mac[24];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", e->mac[0], e->mac[1], e->mac[2],
		 e->mac[3], e->mac[4], e->mac[5]);
	return json_pack("{s:s, s:I, s:i, s:s, s:I, s:b}", "port", name, "ofport",
			 (json_int_t)e->ofport, "vlan", (int)e->vlan, "mac", mac, "age",
			 (json_int_t)e->age, "static", (int)e->is_static);
}

json_t *call_fdb(struct call *call)
{
	const struct bridge *br = sw_find_bridge(call->sw, call->br->name);
	json_t *list = json_array();
	struct dp_cursor cursor = { 0 };
	struct dp_fdb_entry e;

	while (br && dp_fdb_next(call->sw->dp, br->number, &cursor, &e))
		json_array_append_new(list, entry_to_json(call->br, &e));
	return list;
}

/* The address and VLAN that a request names. */
static bool take_mac(struct call *call, uint8_t mac[6], uint16_t *ret_vlan)
{
	const char *text = call_str(call, "mac");
	json_int_t vlan = json_integer_value(json_object_get(call->params, "vlan"));

	if (!conf_parse_mac(text, mac))
		call_fail(call, "\"%s\" is not an Ethernet address", text);
	else if (mac[0] & 1)
		call_fail(call, "%s is a multicast address", text);
	else if (vlan < 0 || vlan > 4095)
		call_fail(call, "vlan %" JSON_INTEGER_FORMAT " is not 0 to 4095", vlan);
	*ret_vlan = (uint16_t)vlan;
	return !call->answer->err[0];
}

json_t *call_fdb_add(struct call *call)
{
	const char *port = call_str(call, "port");
	uint8_t mac[6];
	uint16_t vlan;
	int error;

	if (!take_mac(call, mac, &vlan))
		return NULL;
	if (strcmp(port, call->br->name) != 0 && !conf_find_port(call->br, port))
		return call_fail(call, "bridge %s has no port %s", call->br->name, port);
	error = conf_set_mac(call->br, mac, vlan, port);
	if (error)
		return call_fail(call, "%s",
				 error == -E2BIG ? "there are too many static addresses"
						 : strerror(-error));
	return call_change(call);
}

json_t *call_fdb_del(struct call *call)
{
	const struct bridge *br = sw_find_bridge(call->sw, call->br->name);
	uint8_t mac[6];
	uint16_t vlan;

	if (!take_mac(call, mac, &vlan))
		return NULL;
	if (!conf_del_mac(call->br, mac, vlan))
		return call_change(call);
	if (!br || dp_fdb_del(call->sw->dp, br->number, vlan, mac))
		return call_fail(call, "bridge %s does not know %s in VLAN %u", call->br->name,
				 call_str(call, "mac"), vlan);
	return json_object();
}

json_t *call_fdb_flush(struct call *call)
{
	const struct bridge *br = sw_find_bridge(call->sw, call->br->name);
	const char *name = call_str(call, "port");
	const struct conf_port *port = name ? conf_find_port(call->br, name) : NULL;
	uint32_t ofport = port ? port->ofport : PORT_ANY;

	if (name && !port && strcmp(name, call->br->name) != 0)
		return call_fail(call, "bridge %s has no port %s", call->br->name, name);
	if (name && !port)
		ofport = PORT_LOCAL;
	if (br)
		dp_fdb_flush(call->sw->dp, br->number, ofport);
	return json_object();
}
