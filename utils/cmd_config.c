// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands that configure skepd over its control socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utils/control.h"
#include "utils/json.h"

/* The value of argument "NAME=VALUE", or NULL if it is another one. */
static const char *option_value(const char *argument, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(argument, name, n) && argument[n] == '=' ? argument + n + 1 : NULL;
}

int cmd_add_br(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *params = json_pack("{s:s}", "bridge", argv[0]);

	for (int i = 1; i < argc; i++) {
		const char *id = option_value(argv[i], "datapath-id");
		const char *mode = option_value(argv[i], "fail-mode");

		if (!id && !mode) {
			json_decref(params);
			return fail_usage(
				ctl,
				"\"%s\" is not datapath-id=HEX16 or fail-mode=secure|standalone",
				argv[i]);
		}
		json_object_set_new(params, id ? "datapath_id" : "fail_mode",
				    json_string(id ? id : mode));
	}
	return control_do(ctl, "add-br", params);
}

int cmd_del_br(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return control_do(ctl, "del-br", json_pack("{s:s}", "bridge", argv[0]));
}

int cmd_set_fail_mode(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return control_do(ctl, "set-fail-mode",
			  json_pack("{s:s,s:s}", "bridge", argv[0], "fail_mode", argv[1]));
}

/* "NAME=VALUE" as the key of set-bridge that it is, into 'params'. */
static bool put_bridge_option(json_t *params, const char *arg)
{
	static const struct {
		const char *name, *key;
		bool is_number;
	} options[] = {
		{ "mac-ageing", "mac_ageing", true },
		{ "aux-connections", "aux_connections", true },
		{ "forward-bpdu", "forward_bpdu", false },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *value = option_value(arg, options[i].name);
		char *end;
		long n;

		if (!value)
			continue;
		if (!options[i].is_number) {
			json_object_set_new(params, options[i].key,
					    json_boolean(!strcmp(value, "true")));
			return !strcmp(value, "true") || !strcmp(value, "false");
		}
		n = strtol(value, &end, 10);
		json_object_set_new(params, options[i].key, json_integer(n));
		return *value >= '0' && *value <= '9' && !*end;
	}
	return false;
}

int cmd_set_bridge(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *params = json_pack("{s:s}", "bridge", argv[0]);

	for (int i = 1; i < argc; i++) {
		if (put_bridge_option(params, argv[i]))
			continue;
		json_decref(params);
		return fail_usage(ctl,
				  "\"%s\" is not mac-ageing=SECONDS, aux-connections=N or "
				  "forward-bpdu=true|false",
				  argv[i]);
	}
	return control_do(ctl, "set-bridge", params);
}

int cmd_set_controller(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *controllers = json_array();

	for (int i = 1; i < argc; i++)
		json_array_append_new(controllers, json_string(argv[i]));
	return control_do(ctl, "set-controller",
		    json_pack("{s:s,s:o}", "bridge", argv[0], "controllers", controllers));
}

int cmd_del_controller(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return control_do(ctl, "del-controller", json_pack("{s:s}", "bridge", argv[0]));
}

/* skepd has another working folder, so it is told absolute paths. */
static json_t *json_path(const char *path)
{
	char *absolute = realpath(path, NULL);
	json_t *value = json_string(absolute ? absolute : path);

	free(absolute);
	return value;
}

int cmd_set_ssl(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return control_do(ctl, "set-ssl",
		    json_pack("{s:o,s:o,s:o}", "private_key", json_path(argv[0]), "certificate",
			      json_path(argv[1]), "ca_cert", json_path(argv[2])));
}

int cmd_del_ssl(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return control_do(ctl, "del-ssl", NULL);
}

int cmd_log_level(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return control_do(ctl, "log-level", json_pack("{s:s}", "level", argv[0]));
}

int cmd_shutdown(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return control_do(ctl, "shutdown", NULL);
}

int cmd_teardown(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return control_do(ctl, "teardown", NULL);
}

/* Prints a list of strings, one a line. */
static int call_list(const struct skepctl *ctl, const char *method, json_t *params)
{
	json_t *result, *name;
	size_t i;
	int status = control_call(ctl, method, params, &result);

	if (status)
		return status;
	if (ctl->is_json) {
		json_print(json_incref(result), JSON_INDENT(2));
	} else {
		json_array_foreach (result, i, name)
			printf("%s\n", json_string_value(name));
	}
	json_decref(result);
	return EXIT_OK;
}

int cmd_list_br(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return call_list(ctl, "list-br", NULL);
}

int cmd_list_ports(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return call_list(ctl, "list-ports", json_pack("{s:s}", "bridge", argv[0]));
}

int cmd_version(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *result;
	int status = control_call(ctl, "version", NULL, &result);

	(void)argc;
	(void)argv;
	if (status)
		return status;
	if (ctl->is_json)
		json_print(json_incref(result), JSON_COMPACT);
	else
		printf("%s %s\n", json_string_value(json_object_get(result, "name")),
		       json_string_value(json_object_get(result, "version")));
	json_decref(result);
	return EXIT_OK;
}
