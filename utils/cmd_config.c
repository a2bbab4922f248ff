// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands that configure skepd over its control socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"
#include "utils/control.h"
#include "utils/json.h"

/* Calls 'method' for its effect.  A warning in the result is about something that is not as it will
 * have to be. */
static int call(const struct skepctl *ctl, const char *method, json_t *params)
{
	json_t *result;
	const char *warning;
	int status = control_call(ctl, method, params, &result);

	if (status)
		return status;
	warning = json_string_value(json_object_get(result, "warning"));
	if (ctl->is_json)
		json_print(json_incref(result), JSON_COMPACT);
	else if (warning)
		fprintf(stderr, "skepctl: warning: %s\n", warning);
	json_decref(result);
	return EXIT_OK;
}

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
			return fail_usage(ctl,
					  "\"%s\" is not datapath-id=HEX16 or fail-mode=secure",
					  argv[i]);
		}
		json_object_set_new(params, id ? "datapath_id" : "fail_mode",
				    json_string(id ? id : mode));
	}
	return call(ctl, "add-br", params);
}

int cmd_del_br(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return call(ctl, "del-br", json_pack("{s:s}", "bridge", argv[0]));
}

int cmd_add_port(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *params = json_pack("{s:s,s:s}", "bridge", argv[0], "port", argv[1]);

	if (argc > 2) {
		const char *number = option_value(argv[2], "ofport");
		uint32_t port;

		if (!number || text_parse_port(number, NULL, &port) || !port ||
		    port > PORT_NO_MAX) {
			json_decref(params);
			return fail_usage(ctl, "\"%s\" is not ofport=N with N from 1 to %d",
					  argv[2], PORT_NO_MAX);
		}
		json_object_set_new(params, "ofport", json_integer(port));
	}
	return call(ctl, "add-port", params);
}

int cmd_del_port(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return call(ctl, "del-port", json_pack("{s:s,s:s}", "bridge", argv[0], "port", argv[1]));
}

int cmd_set_controller(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *controllers = json_array();

	for (int i = 1; i < argc; i++)
		json_array_append_new(controllers, json_string(argv[i]));
	return call(ctl, "set-controller",
		    json_pack("{s:s,s:o}", "bridge", argv[0], "controllers", controllers));
}

int cmd_del_controller(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return call(ctl, "del-controller", json_pack("{s:s}", "bridge", argv[0]));
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
	return call(ctl, "set-ssl",
		    json_pack("{s:o,s:o,s:o}", "private_key", json_path(argv[0]), "certificate",
			      json_path(argv[1]), "ca_cert", json_path(argv[2])));
}

int cmd_del_ssl(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return call(ctl, "del-ssl", NULL);
}

int cmd_log_level(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return call(ctl, "log-level", json_pack("{s:s}", "level", argv[0]));
}

int cmd_shutdown(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return call(ctl, "shutdown", NULL);
}

int cmd_teardown(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return call(ctl, "teardown", NULL);
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
