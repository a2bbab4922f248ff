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
#include "vswitchd/conf_port.h"

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

/* All that a bridge and ports may have, as it is written again. */
static const char wide[] =
	"{\"bridges\": {\"br0\": {\"fail_mode\": \"standalone\", \"mac_ageing\": 0, \"forward_bpdu\": true, \"controllers\": [], "
	"\"ports\": {"
	"\"a\": {\"ofport\": 1, \"netns\": \"/proc/1/ns/net\", \"tag\": 10, \"isolated\": true}, "
	"\"b\": {\"ofport\": 2, \"vlan_mode\": \"native-untagged\", \"tag\": 3, \"trunks\": [0, 3, 4095]}, "
	"\"v\": {\"ofport\": 3, \"type\": \"vxlan\", \"options\": {\"remote_ip\": \"2001:db8::2\", \"local_ip\": \"flow\", "
	"\"key\": \"0x1f\", \"dst_port\": \"4790\", \"tos\": \"inherit\", \"ttl\": \"9\", \"df_default\": \"false\", \"csum\": \"true\"}}, "
	"\"g\": {\"ofport\": 4, \"type\": \"gre\", \"options\": {\"remote_ip\": \"192.0.2.1\"}, \"isolated\": false}, "
	"\"n\": {\"ofport\": 5, \"type\": \"geneve\", \"options\": {\"remote_ip\": \"flow\", \"key\": \"flow\"}}, "
	"\"p\": {\"ofport\": 6, \"type\": \"patch\", \"options\": {\"peer\": \"q\"}}, "
	"\"s\": {\"ofport\": 7, \"type\": \"socket\"}}, "
	"\"static_macs\": [{\"mac\": \"02:00:00:00:00:01\", \"vlan\": 10, \"port\": \"a\"}, {\"mac\": \"02:00:00:00:00:02\", \"port\": \"br0\"}]"
	"}}}";

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

static void test_keys_of_two_ways(void **state)
{
	static const struct {
		const char *type, *options;
		bool is_key_flow, is_out_key_flow, has_key;
		uint64_t key, out_key;
	} cases[] = {
		{ "vxlan", "\"in_key\": \"1\", \"out_key\": \"2\"", false, false, true, 1, 2 },
		{ "vxlan", "\"in_key\": \"flow\", \"key\": \"2\"", true, false, true, 0, 2 },
		{ "vxlan", "\"key\": \"1\", \"out_key\": \"flow\"", false, true, true, 1, 0 },
		{ "gre", "\"in_key\": \"1\"", false, false, false, 1, 0 },
		{ "gre", "\"out_key\": \"0\"", false, false, true, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[300];
		struct conf *conf;
		struct dp_tunnel t;
		uint16_t dst_port;

		snprintf(text, sizeof(text),
			 "{\"bridges\": {\"br0\": {\"ports\": {\"t\": {\"ofport\": 1, \"type\": \"%s\", \"options\": {\"remote_ip\": \"192.0.2.1\", %s}}}}}}",
			 cases[i].type, cases[i].options);
		conf = parse(text);
		conf_port_tunnel(conf_find_port(conf_find_bridge(conf, "br0"), "t"), &t, &dst_port);
		assert_true(t.is_key_flow == cases[i].is_key_flow && t.is_out_key_flow == cases[i].is_out_key_flow);
		assert_true(t.key == cases[i].key && t.out_key == cases[i].out_key && t.has_key == cases[i].has_key);
		conf_free(conf);
	}
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

static void test_wide(void **state)
{
	struct conf *conf = parse(wide), *copy = conf_clone(conf);
	const struct conf_bridge *br = conf_find_bridge(copy, "br0");
	char *text = conf_format(copy);
	json_t *written = json_loads(text, 0, NULL), *read = json_loads(wide, 0, NULL);
	struct dp_tunnel t;
	struct dp_port_vlan vlan;
	uint16_t dst_port;

	(void)state;
	assert_true(json_equal(written, read));
	assert_true(br->is_standalone && br->has_mac_ageing && !br->mac_ageing && br->forward_bpdu);
	assert_int_equal(br->n_macs, 2);
	conf_port_tunnel(conf_find_port(br, "v"), &t, &dst_port);
	assert_int_equal(dst_port, 4790);
	assert_true(t.is_ipv6 && t.is_local_flow && !t.is_local_any && !t.is_remote_flow);
	assert_true(t.has_key && !t.is_key_flow && t.key == 0x1f && !t.is_out_key_flow && t.out_key == 0x1f);
	assert_true(t.remote[0] == 0x20 && t.remote[15] == 2 && !t.local[0]);
	assert_true(t.is_tos_inherit && !t.is_ttl_inherit && t.ttl == 9 && t.has_csum && !t.is_df);
	conf_port_tunnel(conf_find_port(br, "g"), &t, &dst_port);
	assert_true(!dst_port && !t.has_key && t.is_local_any && t.is_df && !t.has_csum);
	assert_memory_equal(t.remote, "\xc0\x00\x02\x01\0\0", 6);
	conf_port_tunnel(conf_find_port(br, "n"), &t, &dst_port);
	assert_true(dst_port == 6081 && t.is_remote_flow && t.is_key_flow);
	conf_port_vlan(conf_find_port(br, "a"), &vlan);
	assert_true(vlan.mode == DP_VLAN_ACCESS && vlan.pvid == 10 && !vlan.has_trunks);
	conf_port_vlan(conf_find_port(br, "b"), &vlan);
	assert_true(vlan.mode == DP_VLAN_NATIVE_UNTAGGED && vlan.has_trunks);
	assert_true(vlan.trunks[0] == 9 && vlan.trunks[63] == 1ULL << 63);
	conf_port_vlan(conf_find_port(br, "s"), &vlan);
	assert_true(vlan.mode == DP_VLAN_TRUNK && !vlan.has_trunks);
	assert_true(conf_port_is_isolated(conf_find_port(br, "a")));
	assert_true(conf_port_is_isolated(conf_find_port(br, "n")));
	assert_false(conf_port_is_isolated(conf_find_port(br, "g")));
	assert_false(conf_port_is_isolated(conf_find_port(br, "p")));
	json_decref(written);
	json_decref(read);
	free(text);
	conf_free(copy);
	conf_free(conf);
}

/* A port that goes takes the addresses behind it along; the array of the others grows again after. */
static void test_static_macs(void **state)
{
	struct conf *conf = parse(wide), *copy;
	struct conf_bridge *br = conf_find_bridge(conf, "br0");
	uint8_t mac[6] = { 2, 0, 0, 0, 1, 0 };

	(void)state;
	conf_del_port(br, conf_find_port(br, "a"));
	assert_int_equal(br->n_macs, 1);
	for (mac[5] = 0; mac[5] < 20; mac[5]++)
		assert_int_equal(conf_set_mac(br, mac, 7, "b"), 0);
	copy = conf_clone(conf);
	br = conf_find_bridge(copy, "br0");
	for (mac[5] = 0; mac[5] < 40; mac[5]++)
		assert_int_equal(conf_set_mac(br, mac, 7, "s"), 0);
	assert_int_equal(br->n_macs, 41);
	assert_int_equal(conf_del_mac(br, mac, 7), -ENOENT);
	mac[5] = 0;
	assert_int_equal(conf_del_mac(br, mac, 7), 0);
	assert_int_equal(conf_del_mac(br, mac, 7), -ENOENT);
	assert_int_equal(br->n_macs, 40);
	conf_free(copy);
	conf_free(conf);
}

static void test_equal_ports(void **state)
{
	struct conf *a = parse(wide), *b = parse(wide);
	struct conf_bridge *br = conf_find_bridge(a, "br0"), *other = conf_find_bridge(b, "br0");
	struct conf_port *p, *q = TAILQ_FIRST(&other->ports);

	(void)state;
	TAILQ_FOREACH (p, &br->ports, node) {
		assert_true(conf_port_equal(p, q));
		assert_true(p == TAILQ_FIRST(&br->ports) ||
			    !conf_port_equal(p, TAILQ_FIRST(&other->ports)));
		q = TAILQ_NEXT(q, node);
	}
	conf_find_port(br, "b")->trunks[1] = 1;
	assert_false(conf_port_equal(conf_find_port(br, "b"), conf_find_port(other, "b")));
	conf_free(a);
	conf_free(b);
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
	{ "{\"bridges\": {\"b\": {\"fail_mode\": \"x\"}}}",
	  "F:1:20: fail_mode \"x\" is not \"secure\" or \"standalone\"" },
	{ "{\"bridges\": {\"b\": {\"failmode\": \"secure\"}}}",
	  "F:1:20: unknown key \"failmode\"; did you mean \"fail_mode\"?" },
	{ "{\"bridges\": {\"b\": {\"mac_ageing\": 86401}}}",
	  "F:1:20: mac_ageing 86401 is not 0 to 86400" },
	{ "{\"bridges\": {\"b\": {\"forward_bpdu\": 1}}}",
	  "F:1:20: \"forward_bpdu\" must be true or false" },
	{ "{\"bridges\": {\"b\": {\"static_macs\": [{\"mac\": \"03:00:00:00:00:01\"}]}}}",
	  "F:1:37: mac \"03:00:00:00:00:01\" is a multicast address" },
	{ "{\"bridges\": {\"b\": {\"static_macs\": [{\"mac\": \"02:00:00:00:00:01\"}]}}}",
	  "F:1:36: a static address needs \"mac\" and \"port\"" },
	{ "{\"bridges\": {\"b\": {\"static_macs\": [\n{\"mac\": \"02:00:00:00:00:01\", \"port\": \"p\"}]}}}",
	  "F:2:1: bridge \"b\" has no port \"p\"" },
	{ "{\"bridges\": {\"b\": {\"static_macs\": [{\"vlan\": 4096}]}}}",
	  "F:1:37: vlan 4096 is not 0 to 4095" },
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

#define PORT(TEXT) "{\"bridges\": {\"b\": {\"ports\": {\"p\": {\"ofport\": 1,\n" TEXT "}}}}}"
#define VX(TEXT)   PORT("\"type\": \"vxlan\",\n\"options\": {\"remote_ip\": \"192.0.2.1\", " TEXT "}")

/* The same for ports. */
static const struct {
	const char *text, *message;
} wrong_ports[] = {
	{ PORT("\"type\": \"vxlam\""),
	  "F:2:1: type \"vxlam\" is not system, vxlan, geneve, gre, patch or socket; did you mean \"vxlan\"?" },
	{ PORT("\"type\": 1"), "F:2:1: \"type\" must be a string" },
	{ PORT("\"tag\": null"), "F:2:1: \"tag\" must not be null" },
	{ PORT("\"colour\": 1"), "F:2:1: unknown key \"colour\"" },
	{ PORT("\"option\": {}"), "F:2:1: unknown key \"option\"; did you mean \"options\"?" },
	{ PORT("\"tag\": 4096"), "F:2:1: tag 4096 is not 0 to 4095" },
	{ PORT("\"trunks\": [1,\n 4096]"), "F:3:2: a trunk's VLAN is an integer from 0 to 4095" },
	{ PORT("\"tag\": 1, \"trunks\": [2]"),
	  "F:1:30: \"tag\" and \"trunks\" together need a \"vlan_mode\"" },
	{ PORT("\"vlan_mode\": \"native\""),
	  "F:2:1: vlan_mode \"native\" is not access, trunk, native-tagged or native-untagged" },
	{ PORT("\"vlan_mode\": \"acces\""),
	  "F:2:1: vlan_mode \"acces\" is not access, trunk, native-tagged or native-untagged; did you mean \"access\"?" },
	{ PORT("\"vlan_mode\": \"access\""),
	  "F:1:30: vlan_mode \"access\" needs a \"tag\", and has no \"trunks\"" },
	{ PORT("\"vlan_mode\": \"trunk\", \"tag\": 1"), "F:1:30: vlan_mode \"trunk\" has no \"tag\"" },
	{ PORT("\"vlan_mode\": \"native-tagged\", \"tag\": 0"),
	  "F:1:30: vlan_mode \"native-tagged\" needs a \"tag\" from 1 to 4095" },
	{ PORT("\"isolated\": 1"), "F:2:1: \"isolated\" must be true or false" },
	{ PORT("\"netns\": \"a/b\""), "F:2:1: netns \"a/b\" is not a name or an absolute path" },
	{ PORT("\"netns\": \"n\", \"type\": \"socket\""), "F:2:1: a port of type socket has no \"netns\"" },
	{ PORT("\"options\": {\"key\": \"1\"}"), "F:2:13: a port of type system has no option \"key\"" },
	{ PORT("\"type\": \"vxlan\""), "F:1:30: a port of type vxlan needs the option \"remote_ip\"" },
	{ PORT("\"type\": \"patch\""), "F:1:30: a port of type patch needs the option \"peer\"" },
	{ PORT("\"type\": \"patch\", \"options\": {\"peer\": \"p\"}"),
	  "F:1:30: a patch port cannot be its own peer" },
	{ PORT("\"type\": \"patch\", \"tag\": 1, \"options\": {\"peer\": \"q\"}"),
	  "F:1:30: a port of type patch has no \"vlan_mode\", \"tag\" and \"trunks\"" },
	{ PORT("\"type\": \"gre\", \"options\": {\"remote_ip\": \"flow\", \"dst_port\": \"1\"}"),
	  "F:2:49: a port of type gre has no option \"dst_port\"" },
	{ VX("\"remote-ip\": \"1\""), "F:3:39: unknown option \"remote-ip\"; did you mean \"remote_ip\"?" },
	{ VX("\"key\": 7"), "F:3:39: option \"key\" must be a string" },
	{ VX("\"key\": \"16777216\""),
	  "F:3:1: key 16777216 of a port of type vxlan is not below 2^24" },
	{ VX("\"key\": \"x\""), "F:3:39: key \"x\" is not a number below 2^32 or \"flow\"" },
	{ VX("\"in_key\": \"1\", \"out_key\": \"16777217\""),
	  "F:3:1: key 16777217 of a port of type vxlan is not below 2^24" },
	{ VX("\"in_key\": \"16777218\", \"key\": \"flow\""),
	  "F:3:1: key 16777218 of a port of type vxlan is not below 2^24" },
	{ VX("\"local_ip\": \"2001:db8::1\""),
	  "F:1:30: remote_ip \"192.0.2.1\" and local_ip \"2001:db8::1\" are of two kinds" },
	{ VX("\"local_ip\": \"224.0.0.1\""), "F:3:39: local_ip \"224.0.0.1\" is a multicast address" },
	{ VX("\"local_ip\": \"0.0.0.0\""), "F:3:39: local_ip \"0.0.0.0\" is nobody's address" },
	{ VX("\"local_ip\": \"host\""),
	  "F:3:39: local_ip \"host\" is not an IPv4 or IPv6 address or \"flow\"" },
	{ VX("\"tos\": \"256\""), "F:3:39: tos \"256\" is not 0 to 255 or \"inherit\"" },
	{ VX("\"dst_port\": \"0\""), "F:3:39: dst_port \"0\" is not 1 to 65535" },
	{ VX("\"csum\": \"yes\""), "F:3:39: csum \"yes\" is not \"true\" or \"false\"" },
};

static void test_wrong_ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_ports) / sizeof(wrong_ports[0]); i++) {
		struct conf *conf = NULL;
		char err[512];

		assert_int_equal(conf_parse(wrong_ports[i].text, strlen(wrong_ports[i].text), "F",
					    &conf, err, sizeof(err)),
				 -EINVAL);
		assert_string_equal(err, wrong_ports[i].message);
	}
}

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
static void check_mutated(const char *original)
{
	static const char bytes[] = {
		'"', '{', '}', '[', ']', ':', ',', '\\', '\0', 'x', '\n', '9'
	};
	size_t len = strlen(original);
	char *text = malloc(len + 1);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		for (size_t b = 0; b < sizeof(bytes); b++) {
			struct conf *conf = NULL;
			char err[512];

			memcpy(text, original, len + 1);
			text[i] = bytes[b];
			if (!conf_parse(text, len, "F", &conf, err, sizeof(err)))
				conf_free(conf);
			else
				assert_int_equal(strncmp(err, "F:", 2), 0);
		}
	free(text);
}

static void test_mutated(void **state)
{
	(void)state;
	check_mutated(whole);
	check_mutated(wide);
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
		cmocka_unit_test(test_keys_of_two_ways),
		cmocka_unit_test(test_empty),	   cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_numbers),	   cmocka_unit_test(test_file),
		cmocka_unit_test(test_save_fails), cmocka_unit_test(test_hidden_names),
		cmocka_unit_test(test_changed_file),
		cmocka_unit_test(test_wrong_ports), cmocka_unit_test(test_wide),
		cmocka_unit_test(test_static_macs), cmocka_unit_test(test_equal_ports),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
