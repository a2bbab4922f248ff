// SPDX-License-Identifier: Apache-2.0
/*
 * skepctl show: bridges, ports, controllers and the datapath, in the manner of ovs-vsctl show.
 *
 * Whatever is missing from skepd's answer is left out, so that skepctl shows what an older or newer
 * skepd knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/action.h"
#include "utils/control.h"
#include "utils/json.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Prints "    KEY: VALUE" if there is such a string. */
static void show_text(const char *indent, const json_t *object, const char *key)
{
	if (*text_of(object, key))
		printf("%s%s: %s\n", indent, key, text_of(object, key));
}

/* What is configured of a port, as it is written for add-port. */
static void show_configured(const json_t *port)
{
	static const char *const keys[] = { "type",	 "device",   "netns", "vlan_mode", "tag",
					    "trunks", "isolated", "redirect_peer",
					    "redirects_to_peer" };
	json_t *options = json_object_get(port, "options"), *value;
	const char *key;
	char *text;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = json_object_get(port, keys[i]);
		if (json_is_string(value)) {
			show_text("        ", port, keys[i]);
		} else if (value) {
			text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
			printf("        %s: %s\n", keys[i], text ? text : "");
			free(text);
		}
	}
	json_object_foreach (options, key, value)
		printf("        options:%s: %s\n", key, json_string_value(value));
}

static void show_port(const json_t *port)
{
	json_int_t number = number_of(port, "ofport");

	printf("    Port %s\n", text_of(port, "name"));
	if (number == PORT_LOCAL)
		printf("        ofport: LOCAL\n");
	else if (number)
		printf("        ofport: %lld\n", (long long)number);
	show_configured(port);
	show_text("        ", port, "state");
	show_text("        ", port, "error");
}

static void show_controller(const json_t *controller)
{
	printf("    Controller \"%s\"\n", text_of(controller, "target"));
	printf("        is_connected: %s\n",
	       json_is_true(json_object_get(controller, "is_connected")) ? "true" : "false");
	printf("        state: %s, for %lld s\n", text_of(controller, "state"),
	       (long long)number_of(controller, "since_s"));
	show_text("        ", controller, "role");
	show_text("        ", controller, "last_error");
	show_text("        ", controller, "tls");
	if (json_object_get(controller, "messages_received"))
		printf("        messages: %lld received, %lld sent\n",
		       (long long)number_of(controller, "messages_received"),
		       (long long)number_of(controller, "messages_sent"));
}

static void show_listener(const json_t *listener)
{
	printf("    Listener \"%s\"\n", text_of(listener, "target"));
	show_text("        ", listener, "state");
	if (json_object_get(listener, "connections"))
		printf("        connections: %lld\n",
		       (long long)number_of(listener, "connections"));
	show_text("        ", listener, "last_error");
}

static void show_datapath(json_t *datapath)
{
	json_t *value, *drops = json_object_get(datapath, "drops");
	const char *key;

	if (!json_is_object(datapath))
		return;
	printf("    Datapath\n        flows: %lld\n        version: %lld\n",
	       (long long)number_of(datapath, "flows"), (long long)number_of(datapath, "version"));
	show_text("        ", datapath, "attach");
	if (number_of(datapath, "verified"))
		printf("        verified: %lld instructions\n", (long long)number_of(datapath, "verified"));
	if (number_of(datapath, "growth_failed"))
		printf("        could not grow: %lld times\n", (long long)number_of(datapath, "growth_failed"));
	if (number_of(datapath, "repaired"))
		printf("        repaired: %lld\n", (long long)number_of(datapath, "repaired"));
	if (number_of(datapath, "shadowed"))
		printf("        ports with another program first: %lld\n", (long long)number_of(datapath, "shadowed"));
	json_object_foreach (drops, key, value) {
		if (json_integer_value(value))
			printf("        dropped, %s: %lld\n", key,
			       (long long)json_integer_value(value));
	}
}

static void show_ssl(const json_t *ssl)
{
	if (!json_is_object(ssl))
		return;
	printf("SSL\n");
	show_text("    ", ssl, "private_key");
	show_text("    ", ssl, "certificate");
	show_text("    ", ssl, "certificate_expires");
	show_text("    ", ssl, "ca_cert");
	show_text("    ", ssl, "ca_cert_expires");
	if (number_of(ssl, "renewed"))
		printf("    renewed: %lld\n", (long long)number_of(ssl, "renewed"));
	show_text("    ", ssl, "warning");
	show_text("    ", ssl, "error");
}

static void show_bridge(json_t *bridge)
{
	json_t *item;
	size_t i;

	printf("Bridge %s\n", text_of(bridge, "name"));
	show_text("    ", bridge, "datapath_id");
	show_text("    ", bridge, "fail_mode");
	if (json_is_true(json_object_get(bridge, "is_standalone_now")))
		printf("    no controller is connected: a learning switch\n");
	if (json_is_true(json_object_get(bridge, "flow_cache")))
		printf("    flow_cache: true\n");
	json_array_foreach (json_object_get(bridge, "controllers"), i, item)
		show_controller(item);
	json_array_foreach (json_object_get(bridge, "listeners"), i, item)
		show_listener(item);
	json_array_foreach (json_object_get(bridge, "ports"), i, item)
		show_port(item);
	show_datapath(json_object_get(bridge, "datapath"));
}

int cmd_show(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *params = argc ? json_pack("{s:s}", "bridge", argv[0]) : NULL, *result, *bridge;
	size_t i;
	int status = control_call(ctl, "show", params, &result);

	if (status)
		return status;
	if (ctl->is_json) {
		json_print(result, JSON_INDENT(2));
		return EXIT_OK;
	}
	printf("skepd %s, pid %lld\n", text_of(result, "version"),
	       (long long)number_of(result, "pid"));
	show_ssl(json_object_get(result, "ssl"));
	json_array_foreach (json_object_get(result, "bridges"), i, bridge)
		show_bridge(bridge);
	json_decref(result);
	return EXIT_OK;
}
