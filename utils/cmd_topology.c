// SPDX-License-Identifier: Apache-2.0
/* skepctl's command "topology": apply a file, show and remove what it made. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdio.h>

#include "buf.h"
#include "utils/control.h"
#include "utils/json.h"

/* skepd's CONTROL_LINE_MAX, which also has to hold what JSON adds. */
enum { FILE_MAX = 4 << 20 };

static int read_text(const char *path, struct buf *ret)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char data[65536];
	ssize_t n;

	if (fd < 0)
		return fail("%s: %s", path, strerror(errno));
	do {
		n = read(fd, data, sizeof(data));
		if (n > 0)
			buf_put(ret, data, (size_t)n);
	} while ((n > 0 && ret->len <= FILE_MAX) || (n < 0 && errno == EINTR));
	if (n < 0)
		fail("%s: %s", path, strerror(errno));
	else if (ret->len > FILE_MAX)
		fail("%s: more than %d bytes", path, FILE_MAX);
	else if (buf_failed(ret))
		fail("out of memory");
	if (!is_stdin)
		close(fd);
	return n == 0 && !buf_failed(ret) ? EXIT_OK : EXIT_ERROR;
}

static void print_changes(const struct skepctl *ctl, const json_t *result)
{
	const json_t *changes = json_object_get(result, "changes"), *change;
	const char *warning = json_string_value(json_object_get(result, "warning"));
	size_t i;

	printf("bridge %s, host %s: ", json_string_value(json_object_get(result, "bridge")),
	       json_string_value(json_object_get(result, "host")));
	if (!json_array_size(changes))
		printf("nothing %s\n", ctl->is_dry_run ? "would change" : "changed");
	else
		printf("%zu change%s%s\n", json_array_size(changes), json_array_size(changes) == 1 ? "" : "s",
		       ctl->is_dry_run ? ", not made" : "");
	json_array_foreach (changes, i, change)
		printf("  %s\n", json_string_value(change));
	if (warning)
		fprintf(stderr, "skepctl: warning: %s\n", warning);
}

static int apply(const struct skepctl *ctl, const char *path)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	struct buf text = BUF_INIT;
	json_t *params = NULL, *string, *result;
	int status = read_text(path, &text);

	if (!status) {
		string = json_stringn((const char *)text.data, text.len);
		params = string ? json_pack("{s:s, s:o, s:b}", "name", name, "text", string,
					    "dry_run", ctl->is_dry_run)
				: NULL;
		if (!params)
			status = fail("%s: not UTF-8", name);
	}
	buf_uninit(&text);
	if (status)
		return status;
	if (ctl->host)
		json_object_set_new(params, "host", json_string(ctl->host));
	status = control_call(ctl, "topology-apply", params, &result);
	if (status)
		return status;
	if (ctl->is_json) {
		json_print(result, JSON_INDENT(2));
		return EXIT_OK;
	}
	print_changes(ctl, result);
	json_decref(result);
	return EXIT_OK;
}

static void print_network(const json_t *net)
{
	const char *name, *kind, *state, *text;
	json_t *ports, *port, *options;
	json_int_t key, vlan, n_macs, ofport;
	size_t i;

	if (json_unpack((json_t *)(uintptr_t)net, "{s:s, s:s, s:I, s:I, s:I, s:o}", "name", &name, "kind", &kind,
			"key", &key, "vlan", &vlan, "static_macs", &n_macs, "ports", &ports))
		return;
	printf("  network %s: %s, key %lld, VLAN %lld here", name, kind, (long long)key, (long long)vlan);
	if (n_macs)
		printf(", %lld static addresses", (long long)n_macs);
	printf("\n");
	json_array_foreach (ports, i, port) {
		options = NULL;
		text = NULL;
		if (json_unpack(port, "{s:s, s:I, s:s, s?:o}", "name", &name, "ofport", &ofport, "state",
				&state, "options", &options))
			continue;
		printf("    %lld(%s): %s", (long long)ofport, name, state);
		text = json_string_value(json_object_get(options, "remote_ip"));
		if (text)
			printf(", tunnel to %s", text);
		text = json_string_value(json_object_get(port, "error"));
		if (text)
			printf(", error: %s", text);
		printf("\n");
	}
}

static int show(const struct skepctl *ctl, json_t *params)
{
	json_t *result, *net;
	size_t i;
	int status = control_call(ctl, "topology-show", params, &result);

	if (status)
		return status;
	if (ctl->is_json) {
		json_print(result, JSON_INDENT(2));
		return EXIT_OK;
	}
	printf("bridge %s, host %s\n", json_string_value(json_object_get(result, "bridge")),
	       json_string_value(json_object_get(result, "host")));
	json_array_foreach (json_object_get(result, "networks"), i, net)
		print_network(net);
	json_decref(result);
	return EXIT_OK;
}

int cmd_topology(const struct skepctl *ctl, int argc, char **argv)
{
	json_t *params;

	if (!strcmp(argv[0], "apply"))
		return argc == 2 ? apply(ctl, argv[1])
				 : fail_usage(ctl, "usage: skepctl topology apply FILE [--host NAME] [--dry-run]");
	if (strcmp(argv[0], "show") != 0 && strcmp(argv[0], "remove") != 0)
		return fail_usage(ctl, "\"%s\" is not apply, show or remove", argv[0]);
	params = json_object();
	if (argc > 1)
		json_object_set_new(params, "bridge", json_string(argv[1]));
	return argv[0][0] == 's' ? show(ctl, params) : control_do(ctl, "topology-remove", params);
}
