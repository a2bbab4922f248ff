// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands about the addresses that NORMAL knows: fdb, fdb-add, fdb-del, fdb-flush. */
#include <stdio.h>
#include <stdlib.h>

#include "utils/control.h"
#include "utils/json.h"

static json_int_t number_of(const json_t *entry, const char *key)
{
	return json_integer_value(json_object_get(entry, key));
}

/* As `ovs-appctl fdb/show` prints them. */
static void print_entry(const json_t *entry)
{
	json_int_t ofport = number_of(entry, "ofport");

	if (ofport == PORT_LOCAL)
		printf("LOCAL");
	else
		printf("%5lld", (long long)ofport);
	printf("  %4lld  %s  ", (long long)number_of(entry, "vlan"),
	       json_string_value(json_object_get(entry, "mac")));
	if (json_is_true(json_object_get(entry, "static")))
		printf("static\n");
	else
		printf("%3lld\n", (long long)number_of(entry, "age"));
}

int cmd_fdb(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *result, *entry;
	size_t i;
	int status = control_call(ctl, "fdb", json_pack("{s:s}", "bridge", argv[0]), &result);

	(void)argc;
	if (status)
		return status;
	if (ctl->is_json) {
		json_print(result, JSON_INDENT(2));
		return EXIT_OK;
	}
	printf(" port  VLAN  MAC                Age\n");
	json_array_foreach (result, i, entry)
		print_entry(entry);
	json_decref(result);
	return EXIT_OK;
}

/* Adds "vlan" to 'params', if there is such an argument. */
static int put_vlan(const struct skepctl *ctl, json_t *params, const char *text)
{
	char *end;
	long vlan;

	if (!text)
		return EXIT_OK;
	vlan = strtol(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || vlan > 4095)
		return fail_usage(ctl, "VLAN \"%s\" is not 0 to 4095", text);
	json_object_set_new(params, "vlan", json_integer(vlan));
	return EXIT_OK;
}

static int change(const struct skepctl *ctl, const char *method, json_t *params, const char *vlan)
{
	int status = put_vlan(ctl, params, vlan);

	if (!status)
		return control_do(ctl, method, params);
	json_decref(params);
	return status;
}

int cmd_fdb_add(const struct skepctl *ctl, int argc, char **argv)
{
	return change(
		ctl, "fdb-add",
		json_pack("{s:s,s:s,s:s}", "bridge", argv[0], "mac", argv[1], "port", argv[2]),
		argc > 3 ? argv[3] : NULL);
}

int cmd_fdb_del(const struct skepctl *ctl, int argc, char **argv)
{
	return change(ctl, "fdb-del", json_pack("{s:s,s:s}", "bridge", argv[0], "mac", argv[1]),
		      argc > 2 ? argv[2] : NULL);
}

int cmd_fdb_flush(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *params = json_pack("{s:s}", "bridge", argv[0]);

	if (argc > 1)
		json_object_set_new(params, "port", json_string(argv[1]));
	return control_do(ctl, "fdb-flush", params);
}
