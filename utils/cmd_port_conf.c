// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands that configure ports: add-port, set-port, del-port, add-patch.  Arguments are written as Open vSwitch's columns are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"
#include "near.h"
#include "utils/control.h"

#define VLAN_MAX 4095

static bool parse_vlan(const char **p, long *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	*ret = strtol(*p, &end, 10);
	*p = end;
	return *ret <= VLAN_MAX;
}

/* "1,5,10-20".  NULL if it is not that. */
static json_t *json_vlans(const char *p)
{
	json_t *list = json_array();
	long first, last;

	for (;; p++) {
		if (!parse_vlan(&p, &first))
			break;
		last = first;
		if (*p == '-' && (p++, !parse_vlan(&p, &last)))
			break;
		for (; first <= last; first++)
			json_array_append_new(list, json_integer(first));
		if (!*p)
			return list;
		if (*p != ',')
			break;
	}
	json_decref(list);
	return NULL;
}

static json_t *json_number(const char *p)
{
	char *end;
	unsigned long long n;

	if (*p < '0' || *p > '9')
		return NULL;
	errno = 0;
	n = strtoull(p, &end, 10);
	return errno || *end || n > UINT32_MAX ? NULL : json_integer((json_int_t)n);
}

static json_t *json_ofport(const char *p)
{
	json_t *number = json_number(p);
	json_int_t n = json_integer_value(number);

	if (n >= 1 && n <= PORT_NO_MAX)
		return number;
	json_decref(number);
	return NULL;
}

static json_t *json_truth(const char *p)
{
	return !strcmp(p, "true") ? json_true() : !strcmp(p, "false") ? json_false() : NULL;
}

static json_t *json_text(const char *p)
{
	return json_string(p);
}

static const struct key {
	const char *name; /* on the command line */
	const char *key;  /* on the control socket */
	json_t *(*parse)(const char *text);
	const char *what;
} keys[] = {
	{ "ofport", "ofport", json_ofport, "N from 1 to 65279" },
	{ "ofport_request", "ofport", json_ofport, "N from 1 to 65279" },
	{ "type", "type", json_text, "" },
	{ "netns", "netns", json_text, "" },
	{ "vlan_mode", "vlan_mode", json_text, "" },
	{ "tag", "tag", json_number, "a VLAN" },
	{ "trunks", "trunks", json_vlans, "VLANs like 1,5,10-20" },
	{ "isolated", "isolated", json_truth, "true or false" },
	{ "redirect_peer", "redirect_peer", json_truth, "true or false" },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static int fail_key(const struct skepctl *ctl, const char *name)
{
	const char *names[N_KEYS + 1], *nearest;

	for (size_t i = 0; i < N_KEYS; i++)
		names[i] = keys[i].name;
	names[N_KEYS] = "options:NAME";
	nearest = strncmp(name, "option", 6) ? near_find(name, names, N_KEYS) : names[N_KEYS];
	if (nearest)
		return fail_usage(ctl, "unknown \"%s\"; did you mean \"%s=...\"?", name, nearest);
	return fail_usage(ctl, "unknown \"%s\"", name);
}

/* Adds argument "NAME=VALUE" to 'params'.  An empty value takes away what is set. */
static int put_argument(const struct skepctl *ctl, json_t *params, const char *argument)
{
	const char *equals = strchr(argument, '=');
	char name[64];
	json_t *value, *options;

	if (!equals || (size_t)(equals - argument) >= sizeof(name))
		return fail_usage(ctl, "\"%s\" is not NAME=VALUE", argument);
	memcpy(name, argument, (size_t)(equals - argument));
	name[equals - argument] = '\0';
	if (!strncmp(name, "options:", 8)) {
		options = json_object_get(params, "options");
		if (!options) {
			options = json_object();
			json_object_set_new(params, "options", options);
		}
		json_object_set_new(options, name + 8,
				    equals[1] ? json_string(equals + 1) : json_null());
		return EXIT_OK;
	}
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		value = equals[1] ? keys[i].parse(equals + 1) : json_null();
		if (!value)
			return fail_usage(ctl, "\"%s\": the value must be %s", argument,
					  keys[i].what);
		json_object_set_new(params, keys[i].key, value);
		return EXIT_OK;
	}
	return fail_key(ctl, name);
}

static int configure(const struct skepctl *ctl, const char *method, int argc, char **argv)
{
	json_t *params = json_pack("{s:s,s:s}", "bridge", argv[0], "port", argv[1]);

	for (int i = 2; i < argc; i++) {
		int status = put_argument(ctl, params, argv[i]);

		if (status) {
			json_decref(params);
			return status;
		}
	}
	return control_do(ctl, method, params);
}

int cmd_add_port(const struct skepctl *ctl, int argc, char **argv)
{
	return configure(ctl, "add-port", argc, argv);
}

int cmd_set_port(const struct skepctl *ctl, int argc, char **argv)
{
	return configure(ctl, "set-port", argc, argv);
}

int cmd_del_port(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return control_do(ctl, "del-port",
			  json_pack("{s:s,s:s}", "bridge", argv[0], "port", argv[1]));
}

/* Half of a pair: the warning that the other half is missing says nothing new. */
static int add_patch_port(const struct skepctl *ctl, const char *bridge, const char *port,
			  const char *peer)
{
	json_t *result = NULL;
	int status = control_call(ctl, "add-port",
				  json_pack("{s:s,s:s,s:s,s:{s:s}}", "bridge", bridge, "port", port,
					    "type", "patch", "options", "peer", peer),
				  &result);

	json_decref(result);
	return status;
}

int cmd_add_patch(const struct skepctl *ctl, int argc, char **argv)
{
	int status = add_patch_port(ctl, argv[0], argv[1], argv[3]);

	(void)argc;
	if (status)
		return status;
	status = add_patch_port(ctl, argv[2], argv[3], argv[1]);
	if (status)
		control_do(ctl, "del-port",
			   json_pack("{s:s,s:s}", "bridge", argv[0], "port", argv[1]));
	return status;
}
