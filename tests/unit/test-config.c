// SPDX-License-Identifier: Apache-2.0
/* The configuration file: what is read, what is refused and where, and that nothing is ever half
 * written. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vswitchd/conf.h"

static const char whole[] = "{\n"
			    "  \"ssl\": {\n"
			    "    \"private_key\": \"/k\",\n"
			    "    \"certificate\": \"/c\",\n"
			    "    \"ca_cert\": \"/a\"\n"
			    "  },\n"
			    "  \"bridges\": {\n"
			    "    \"br0\": {\n"
			    "      \"datapath_id\": \"00000000000000a1\",\n"
			    "      \"hwaddr\": \"02:00:5e:00:53:01\",\n"
			    "      \"fail_mode\": \"secure\",\n"
			    "      \"controllers\": [\n"
			    "        \"ssl:192.0.2.1:6653\",\n"
			    "        \"ptcp:6654:127.0.0.1\"\n"
			    "      ],\n"
			    "      \"ports\": {\n"
			    "        \"eth1\": {\n"
			    "          \"ofport\": 1\n"
			    "        },\n"
			    "        \"eth2\": {\n"
			    "          \"ofport\": 65279\n"
			    "        }\n"
			    "      }\n"
			    "    }\n"
			    "  }\n"
			    "}";

static struct conf *parse(const char *text)
{
	struct conf *conf = NULL;
	char err[512];

	if (conf_parse(text, strlen(text), "F", &conf, err, sizeof(err)))
		fail_msg("%s", err);
	return conf;
}

static void test_whole(void **state)
{
	struct conf *conf = parse(whole);
	struct conf_bridge *br = conf_find_bridge(conf, "br0");
	char *text = conf_format(conf);

	(void)state;
	assert_true(conf->has_ssl);
	assert_string_equal(conf->ca_cert, "/a");
	assert_non_null(br);
	assert_int_equal(br->datapath_id, 0xa1);
	assert_int_equal(br->hwaddr[4], 0x53);
	assert_int_equal(br->n_controllers, 2);
	assert_int_equal(conf_find_port(br, "eth2")->ofport, 65279);
	assert_string_equal(text, whole);
	free(text);
	conf_free(conf);
}

static void test_clone_is_equal(void **state)
{
	struct conf *conf = parse(whole), *copy = conf_clone(conf);
	char *text = conf_format(copy);

	(void)state;
	assert_string_equal(text, whole);
	free(text);
	conf_free(conf);
	conf_free(copy);
}

static void test_empty(void **state)
{
	struct conf *conf = parse("{}");

	(void)state;
	assert_true(TAILQ_EMPTY(&conf->bridges));
	assert_false(conf->has_ssl);
	conf_free(conf);
}

/* Every wrong text, and the message that it must give. */
static const struct {
	const char *text, *message;
} wrong[] = {
	{ "", "F:1:0: '[' or '{' expected near end of file" },
	{ "[]", "F:1:1: the configuration must be an object" },
	{ "{\n \"bridges\": {\n}", "F:3:1: '}' expected near end of file" },
	{ "{\"a\": 1}", "F:1:2: unknown key \"a\"" },
	{ "{\n \"bridges\": {\n  \"br0\": {\"colour\": \"red\"}}}",
	  "F:3:11: unknown key \"colour\"" },
	{ "{\"bridges\": []}", "F:1:2: \"bridges\" must be an object" },
	{ "{\"bridges\": {\"br0\": 1}}", "F:1:14: bridge \"br0\" must be an object" },
	{ "{\"bridges\": {\"a/b\": {}}}", "F:1:14: \"a/b\" cannot be the name of a bridge" },
	{ "{\"bridges\": {\"a234567890123456\": {}}}",
	  "F:1:14: \"a234567890123456\" cannot be the name of a bridge" },
	{ "{\"bridges\": {\"b\": {\"datapath_id\": \"xyz\"}}}",
	  "F:1:20: datapath_id \"xyz\" is not 1 to 16 hexadecimal digits other than 0" },
	{ "{\"bridges\": {\"b\": {\"datapath_id\": \"0\"}}}",
	  "F:1:20: datapath_id \"0\" is not 1 to 16 hexadecimal digits other than 0" },
	{ "{\"bridges\": {\"b\": {\"datapath_id\": 7}}}",
	  "F:1:20: \"datapath_id\" must be a string" },
	{ "{\"bridges\": {\"b\": {\"hwaddr\": \"01:00:00:00:00:01\"}}}",
	  "F:1:20: hwaddr \"01:00:00:00:00:01\" is a multicast address" },
	{ "{\"bridges\": {\"b\": {\"hwaddr\": \"02:00:00:00:00\"}}}",
	  "F:1:20: hwaddr \"02:00:00:00:00\" is not an Ethernet address" },
	{ "{\"bridges\": {\"b\": {\"fail_mode\": \"standalone\"}}}",
	  "F:1:20: fail_mode \"standalone\" is not supported yet" },
	{ "{\"bridges\": {\"b\": {\"fail_mode\": \"x\"}}}",
	  "F:1:20: fail_mode \"x\" is not \"secure\"" },
	{ "{\"bridges\": {\"b\": {\"controllers\": [\n\"tcp:127.0.0.1\", 7]}}}",
	  "F:2:18: a controller must be a string" },
	{ "{\"bridges\": {\"b\": {\"controllers\": [\"tcp:127.0.0.1\",\n \"tcp:127.0.0.1\"]}}}",
	  "F:2:2: controller \"tcp:127.0.0.1\" is listed twice" },
	{ "{\"bridges\": {\"b\": {\"ports\": {\"e\": {}}}}}",
	  "F:1:30: port \"e\" needs an \"ofport\"" },
	{ "{\"bridges\": {\"b\": {\"ports\": {\"e\": {\"ofport\": 0}}}}}",
	  "F:1:36: ofport 0 is not 1 to 65279" },
	{ "{\"bridges\": {\"b\": {\"ports\": {\"e\": {\"ofport\": 65280}}}}}",
	  "F:1:36: ofport 65280 is not 1 to 65279" },
	{ "{\"bridges\": {\"b\": {\"ports\": {\"e\": {\"ofport\": 1},\n\"f\": {\"ofport\": 1}}}}}",
	  "F:2:1: ofport 1 of port \"f\" is that of port \"e\" too" },
	{ "{\"bridges\": {\"b\": {\"ports\": {\"e\": {\"ofport\": 1}}},\n"
	  "\"c\": {\"ports\": {\"e\": {\"ofport\": 1}}}}}",
	  "F:2:17: port \"e\" is a port of bridge \"b\" too" },
	{ "{\"bridges\": {\"b\": {\"ports\": {\"b\": {\"ofport\": 1}}}}}",
	  "F:1:30: port \"b\" has the name of a bridge" },
	{ "{\"ssl\": {\"private_key\": \"/k\"}}",
	  "F:1:2: \"ssl\" needs \"private_key\", \"certificate\" and \"ca_cert\"" },
	{ "{\"ssl\": {\"password\": \"/k\"}}", "F:1:10: unknown key \"password\"" },
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct conf *conf = NULL;
		char err[512];

		assert_int_equal(conf_parse(wrong[i].text, strlen(wrong[i].text), "F", &conf, err,
					    sizeof(err)),
				 -EINVAL);
		assert_string_equal(err, wrong[i].message);
		assert_null(conf);
	}
}

/* Cut anywhere, the file is an error, and one that names the file and a line. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(whole); len++) {
		struct conf *conf = NULL;
		unsigned int line, column;
		char err[512];

		assert_int_not_equal(conf_parse(whole, len, "F", &conf, err, sizeof(err)), 0);
		assert_int_equal(sscanf(err, "F:%u:%u: ", &line, &column), 2);
	}
}

/* Any byte changed: an error or a configuration, never a crash. */
static void test_mutated(void **state)
{
	static const char bytes[] = {
		'"', '{', '}', '[', ']', ':', ',', '\\', '\0', 'x', '\n', '9'
	};
	char text[sizeof(whole)];

	(void)state;
	for (size_t i = 0; i < strlen(whole); i++)
		for (size_t b = 0; b < sizeof(bytes); b++) {
			struct conf *conf = NULL;
			char err[512];

			memcpy(text, whole, sizeof(whole));
			text[i] = bytes[b];
			if (!conf_parse(text, strlen(whole), "F", &conf, err, sizeof(err)))
				conf_free(conf);
			else
				assert_int_equal(strncmp(err, "F:", 2), 0);
		}
}

static void test_numbers(void **state)
{
	struct conf *conf = conf_new();
	struct conf_bridge *br = conf_add_bridge(conf, "br0");

	(void)state;
	assert_int_equal(conf_add_port(br, "a", 0)->ofport, 1);
	assert_int_equal(conf_add_port(br, "b", 3)->ofport, 3);
	assert_int_equal(conf_add_port(br, "c", 0)->ofport, 2);
	assert_int_equal(conf_add_port(br, "d", 0)->ofport, 4);
	conf_del_port(br, conf_find_port(br, "c"));
	assert_int_equal(conf_add_port(br, "e", 0)->ofport, 2);
	conf_free(conf);
}

static void test_file(void **state)
{
	char dir[] = "/tmp/skep-test-config-XXXXXX", path[64], err[512];
	struct conf *conf, *again;
	struct stat before, after;
	char *text;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config.json", dir);
	assert_int_equal(conf_load(path, &conf, err, sizeof(err)), 0); /* none: empty */
	conf_free(conf);
	conf = parse(whole);
	assert_int_equal(conf_save(conf, path, err, sizeof(err)), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(conf_load(path, &again, err, sizeof(err)), 0);
	text = conf_format(again);
	assert_string_equal(text, whole);
	free(text);
	conf_free(again);
	/* Saving makes another file, and leaves nothing else behind. */
	assert_int_equal(conf_save(conf, path, err, sizeof(err)), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	conf_free(conf);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

/* What somebody writes into the file is not overwritten unread. */
static void test_changed_file(void **state)
{
	char dir[] = "/tmp/test-config.XXXXXX", path[64], err[512];
	struct conf *conf, *copy;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config.json", dir);
	assert_int_equal(conf_load(path, &conf, err, sizeof(err)), 0);
	assert_int_equal(conf_check_stamp(conf, path, err, sizeof(err)), 0);
	assert_int_equal(conf_save(conf, path, err, sizeof(err)), 0);
	copy = conf_clone(conf);
	assert_int_equal(conf_check_stamp(copy, path, err, sizeof(err)), 0);
	f = fopen(path, "a");
	assert_true(f && fputs("{", f) >= 0 && !fclose(f));
	assert_int_equal(conf_check_stamp(copy, path, err, sizeof(err)), -EBUSY);
	assert_non_null(strstr(err, path));
	unlink(path);
	assert_int_equal(conf_check_stamp(copy, path, err, sizeof(err)), 0);
	conf_free(copy);
	conf_free(conf);
	assert_int_equal(rmdir(dir), 0);
}

static void test_save_fails(void **state)
{
	char err[512];
	struct conf *conf = parse(whole);

	(void)state;
	assert_int_equal(conf_save(conf, "/nonexistent/config.json", err, sizeof(err)), -ENOENT);
	assert_string_equal(
		err, "/nonexistent/config.json: cannot be written: No such file or directory");
	assert_int_equal(conf_load("/tmp", &conf, err, sizeof(err)), -EISDIR);
	assert_string_equal(err, "/tmp: Is a directory");
	conf_free(conf);
}

static void test_hidden_names(void **state)
{
	char a[CONF_NAME_SIZE], b[CONF_NAME_SIZE];

	(void)state;
	conf_hidden_name("br0", a);
	assert_string_equal(a, "br0-dp");
	conf_hidden_name("bridge789012", a);
	assert_string_equal(a, "bridge789012-dp");
	conf_hidden_name("bridge789012345", a);
	conf_hidden_name("bridge789012346", b);
	assert_true(strlen(a) < CONF_NAME_SIZE && strcmp(a, b) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	   cmocka_unit_test(test_clone_is_equal),
		cmocka_unit_test(test_empty),	   cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_numbers),	   cmocka_unit_test(test_file),
		cmocka_unit_test(test_save_fails), cmocka_unit_test(test_hidden_names),
		cmocka_unit_test(test_changed_file),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
