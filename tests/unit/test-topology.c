// SPDX-License-Identifier: Apache-2.0
/* Topologies: what is refused and where, and what a host's share is, before and after a change. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vswitchd/conf.h"
#include "vswitchd/conf_port.h"
#include "vswitchd/topology.h"

#define HOSTS                                                                                      \
	"{\n \"hosts\": {\n  \"alpha\": {\"address\": \"192.0.2.1\"},\n"                           \
	"  \"beta\": {\"address\": \"192.0.2.2\"},\n"                                              \
	"  \"gamma\": {\"address\": \"192.0.2.3\"}\n },\n"
#define NETWORKS " \"networks\": {\"red\": {\"key\": 100}, \"blue\": {\"kind\": \"geneve\", \"key\": 200}},\n"
#define PORT(HOST, IF, NET) "  {\"host\": \"" HOST "\", \"interface\": \"" IF "\", \"network\": \"" NET "\"}"
#define PORTS(LIST) " \"ports\": [\n" LIST "\n ]\n}\n"

/* alpha and beta have both networks, gamma blue alone. */
#define ALL_PORTS                                                                                  \
	PORT("alpha", "a1", "red")                                                                 \
	",\n" PORT("alpha", "a2", "blue") ",\n"                                                    \
		"  {\"host\": \"beta\", \"interface\": \"b1\", \"network\": \"red\", "             \
		"\"macs\": [\"02:00:00:00:00:b1\", \"02:00:00:00:00:b2\"]},\n" PORT(               \
			"beta", "b2", "blue") ",\n"                                                \
		"  {\"host\": \"gamma\", \"interface\": \"c1\", \"network\": \"blue\", "           \
		"\"netns\": \"guest\", \"macs\": [\"02:00:00:00:00:b1\"]}"
static const char whole[] = HOSTS NETWORKS PORTS(ALL_PORTS);

static struct topology *parse(const char *text)
{
	struct topology *t = NULL;
	char err[512];

	if (topology_parse(text, strlen(text), "F", &t, err, sizeof(err)))
		fail_msg("%s", err);
	return t;
}

static const struct conf_bridge *apply(struct conf *conf, const char *text, const char *host)
{
	struct topology *t = parse(text);
	char err[512];

	if (topology_compute(t, host, conf, err, sizeof(err)))
		fail_msg("%s", err);
	topology_free(t);
	return conf_find_bridge(conf, "mesh0");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{", "F:1:1: string or '}' expected near end of file" },
		{ "[]", "F:1:1: a topology must be an object" },
		{ "{\"hosts\": {}, \"networks\": {}}",
		  "F:1:1: a topology needs \"hosts\", \"networks\" and \"ports\"" },
		{ "{\n \"host\": {}}", "F:2:2: unknown key \"host\"; did you mean \"hosts\"?" },
		{ "{\n \"hosts\": {\"a\": {}, \"a\": {}}}", "F:2:23: duplicate object key near '\"a\"'" },
		{ "{\"hosts\": {\"a\": {\"address\": \"192.0.2\"}}}",
		  "F:1:18: address \"192.0.2\" is not an IPv4 or IPv6 address" },
		{ "{\"hosts\": {\"a\": {\"address\": \"ff02::1\"}}}",
		  "F:1:18: address \"ff02::1\" is a multicast address" },
		{ "{\"hosts\": {\"a\": {}}}", "F:1:12: host \"a\" needs an \"address\"" },
		{ "{\"hosts\": {\"a\": {\"address\": \"2001:db8::1\"},\n \"b\": {\"address\": \"2001:DB8:0::1\"}}}",
		  "F:2:2: host \"b\" has the address 2001:db8::1 of host \"a\"" },
		{ "{\"hosts\": {\"\": {}}}", "F:1:12: \"\" cannot be the name of a host" },
		{ "{\"networks\": {\"n\": {}}}", "F:1:15: network \"n\" needs a \"key\"" },
		{ "{\"networks\": {\"n\": {\"key\": 16777216}}}",
		  "F:1:21: key 16777216 of network \"n\" is not 1 to 16777215, as vxlan has them" },
		{ "{\"networks\": {\"n\": {\"key\": 0, \"kind\": \"gre\"}}}",
		  "F:1:21: key 0 of network \"n\" is not 1 to 4294967295, as gre has them" },
		{ "{\"networks\": {\"n\": {\"key\": 7},\n\"m\": {\"key\": 7}}}",
		  "F:2:7: network \"m\" has the key 7 of network \"n\"" },
		{ "{\"networks\": {\"n\": {\"key\": 7, \"kind\": \"ipip\"}}}",
		  "F:1:31: kind \"ipip\" is not vxlan, geneve or gre" },
		{ "{\"bridge\": \"a/b\"}", "F:1:2: \"a/b\" cannot be the name of a bridge" },
		{ HOSTS NETWORKS PORTS(PORT("alfa", "e", "red")),
		  "F:9:4: there is no host \"alfa\"; did you mean \"alpha\"?" },
		{ HOSTS NETWORKS PORTS(PORT("beta", "e", "green")),
		  "F:9:38: there is no network \"green\"" },
		{ HOSTS NETWORKS PORTS(PORT("beta", "mesh0", "red")),
		  "F:9:20: \"mesh0\" is the name of the bridge" },
		{ HOSTS NETWORKS PORTS("  {\"host\": \"beta\"}"),
		  "F:9:3: a port needs \"host\", \"interface\" and \"network\"" },
		{ HOSTS NETWORKS PORTS("  {\"macs\": [\"02:00:00:00:00:01\", 5]}"),
		  "F:9:34: this is not an Ethernet address" },
		{ HOSTS NETWORKS PORTS("  {\"netns\": \"a/b\"}"),
		  "F:9:4: netns \"a/b\" is not a name or an absolute path" },
		{ HOSTS NETWORKS PORTS(PORT("beta", "e", "red") ",\n" PORT("alpha", "e", "red") ",\n" PORT(
			  "beta", "e", "blue")),
		  "F:11:3: interface \"e\" of host \"beta\" is a port twice" },
		{ HOSTS NETWORKS PORTS(
			  "{\"host\": \"beta\", \"interface\": \"x\", \"network\": \"red\", \"macs\": [\"02:00:00:00:00:01\"]},\n"
			  "{\"host\": \"alpha\", \"interface\": \"y\", \"network\": \"red\", \"macs\": [\"02:00:00:00:00:01\"]}"),
		  "F:10:64: network \"red\" has 02:00:00:00:00:01 already: at interface \"x\" of host \"beta\"" },
	};
	struct topology *t;
	char err[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t = NULL;
		assert_int_equal(topology_parse(cases[i].text, strlen(cases[i].text), "F", &t, err,
						sizeof(err)),
				 -EINVAL);
		assert_string_equal(err, cases[i].message);
		assert_null(t);
	}
}

/* No text that was cut short is read as another, and none is read outside of its bounds. */
static void test_cut_short(void **state)
{
	struct topology *t;
	char err[512], *copy;

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 3; len++) {
		copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, whole, len);
		assert_int_equal(topology_parse(copy, len, "F", &t, err, sizeof(err)), -EINVAL);
		free(copy);
	}
}

static const struct conf_port *port_of(const struct conf_bridge *br, const char *name)
{
	const struct conf_port *port = conf_find_port(br, name);

	if (!port)
		fail_msg("no port %s", name);
	return port;
}

static unsigned int n_ports(const struct conf_bridge *br)
{
	const struct conf_port *port;
	unsigned int n = 0;

	TAILQ_FOREACH (port, &br->ports, node)
		n++;
	return n;
}

static void assert_tunnel(const struct conf_bridge *br, const char *name, enum conf_port_type type,
			  const char *local, const char *remote, const char *key, uint16_t tag)
{
	const struct conf_port *port = port_of(br, name);
	struct conf_place place;
	char why[256];

	assert_int_equal(port->type, type);
	assert_string_equal(port->options[CONF_OPTION_LOCAL_IP], local);
	assert_string_equal(port->options[CONF_OPTION_REMOTE_IP], remote);
	assert_string_equal(port->options[CONF_OPTION_KEY], key);
	assert_true(port->has_tag && port->tag == tag && conf_port_is_isolated(port));
	assert_int_equal(conf_port_check(port, &place, why, sizeof(why)), 0);
}

static const char *port_of_mac(const struct conf_bridge *br, uint8_t last, uint16_t vlan)
{
	for (unsigned int i = 0; i < br->n_macs; i++)
		if (br->macs[i].mac[5] == last && br->macs[i].vlan == vlan)
			return br->macs[i].port;
	return "";
}

static void test_share(void **state)
{
	struct conf *conf = conf_new();
	const struct conf_bridge *br = apply(conf, whole, "alpha");

	(void)state;
	assert_true(br->is_standalone);
	assert_string_equal(br->topology_host, "alpha");
	assert_int_equal(br->n_networks, 2);
	assert_int_equal(n_ports(br), 5);
	assert_true(port_of(br, "a1")->tag == 1 && port_of(br, "a2")->tag == 2);
	assert_tunnel(br, "t1-beta", CONF_VXLAN, "192.0.2.1", "192.0.2.2", "100", 1);
	assert_tunnel(br, "t2-beta", CONF_GENEVE, "192.0.2.1", "192.0.2.2", "200", 2);
	assert_tunnel(br, "t2-gamma", CONF_GENEVE, "192.0.2.1", "192.0.2.3", "200", 2);
	assert_int_equal(br->n_macs, 3);
	assert_string_equal(port_of_mac(br, 0xb1, 1), "t1-beta");
	assert_string_equal(port_of_mac(br, 0xb2, 1), "t1-beta");
	assert_string_equal(port_of_mac(br, 0xb1, 2), "t2-gamma");
	conf_free(conf);

	/* The other side of it. */
	conf = conf_new();
	br = apply(conf, whole, "gamma");
	assert_int_equal(n_ports(br), 3);
	assert_string_equal(port_of(br, "c1")->netns, "guest");
	assert_tunnel(br, "t1-alpha", CONF_GENEVE, "192.0.2.3", "192.0.2.1", "200", 1);
	assert_int_equal(br->n_macs, 1);
	assert_string_equal(port_of_mac(br, 0xb1, 1), "c1");
	conf_free(conf);
}

static void test_saved_and_read(void **state)
{
	struct conf *conf = conf_new(), *copy, *read = NULL;
	char *text, *again, err[512];
	json_t *changes;

	(void)state;
	apply(conf, whole, "beta");
	copy = conf_clone(conf);
	text = conf_format(copy);
	assert_int_equal(conf_parse(text, strlen(text), "F", &read, err, sizeof(err)), 0);
	again = conf_format(read);
	assert_string_equal(text, again);
	changes = topology_diff(conf_find_bridge(conf, "mesh0"), apply(read, whole, "beta"));
	assert_int_equal(json_array_size(changes), 0);
	json_decref(changes);
	free(text);
	free(again);
	conf_free(conf);
	conf_free(copy);
	conf_free(read);
}

/* Applies 'text' after 'whole' on host alpha, and compares what changed with 'lines'. */
static struct conf *change(const char *text, const char *const *lines)
{
	struct conf *conf = conf_new(), *old;
	json_t *changes;
	size_t i;

	apply(conf, whole, "alpha");
	old = conf_clone(conf);
	changes = topology_diff(conf_find_bridge(old, "mesh0"), apply(conf, text, "alpha"));
	for (i = 0; lines[i] && i < json_array_size(changes); i++)
		assert_string_equal(json_string_value(json_array_get(changes, i)), lines[i]);
	assert_null(lines[i]);
	assert_int_equal(json_array_size(changes), i);
	json_decref(changes);
	conf_free(old);
	return conf;
}

static void test_same_again(void **state)
{
	(void)state;
	conf_free(change(whole, (const char *const[]){ NULL }));
}

static void test_a_network_goes_and_one_comes(void **state)
{
	/* red goes; green comes first in the file, yet blue keeps its VLAN and ports their numbers. */
	struct conf *conf = change(
		HOSTS " \"networks\": {\"green\": {\"key\": 300}, \"blue\": {\"kind\": \"geneve\", \"key\": 200}},\n" PORTS(
			PORT("alpha", "a9", "green") ",\n" PORT("gamma", "c9", "green") ",\n" PORT(
				"alpha", "a2", "blue") ",\n" PORT("beta", "b2", "blue")),
		(const char *const[]){ "- port a1", "- port t1-beta", "- port t2-gamma", "+ port a9: VLAN 3",
				       "+ port t3-gamma: vxlan to 192.0.2.3, key 300, VLAN 3",
				       "- 3 static addresses", NULL });
	const struct conf_bridge *br = conf_find_bridge(conf, "mesh0");

	(void)state;
	assert_int_equal(port_of(br, "a2")->ofport, 2);
	assert_int_equal(port_of(br, "t2-beta")->ofport, 4);
	assert_int_equal(port_of(br, "a9")->ofport, 6);
	conf_free(conf);
}

static void test_a_key_and_an_address_change(void **state)
{
	conf_free(change("{\n \"hosts\": {\"alpha\": {\"address\": \"192.0.2.1\"}, \"beta\": {\"address\": \"192.0.2.9\"}, "
			 "\"gamma\": {\"address\": \"192.0.2.3\"}},\n"
			 " \"networks\": {\"red\": {\"key\": 101}, \"blue\": {\"kind\": \"geneve\", \"key\": 200}},\n" PORTS(
				 ALL_PORTS),
			 (const char *const[]){ "~ port t1-beta: vxlan to 192.0.2.9, key 101, VLAN 1",
						"~ port t2-beta: geneve to 192.0.2.9, key 200, VLAN 2",
						NULL }));
	(void)state;
}

static void test_a_port_moves_to_another_network(void **state)
{
	conf_free(change(HOSTS NETWORKS PORTS(
				 PORT("alpha", "a1", "blue") ",\n" PORT("alpha", "a2", "blue") ",\n" PORT(
					 "beta", "b1", "red") ",\n" PORT("beta", "b2", "blue") ",\n" PORT("gamma", "c1", "blue")),
			 (const char *const[]){ "- port t1-beta", "~ port a1: VLAN 2", "- 3 static addresses", NULL }));
	(void)state;
}

static void expect_refusal(struct conf *conf, const char *text, const char *host, const char *message)
{
	struct topology *t = parse(text);
	struct conf *copy = conf_clone(conf);
	char err[512];

	assert_int_equal(topology_compute(t, host, copy, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, message);
	conf_free(copy);
	topology_free(t);
}

static void test_refused_here(void **state)
{
	static const char named[] = "{\n\"bridge\": \"br0\", \"hosts\": {\"alpha\": {\"address\": \"192.0.2.1\"}},\n" NETWORKS PORTS(
		PORT("alpha", "eth1", "red"));
	struct conf *conf = conf_new();
	struct conf_bridge *br = conf_add_bridge(conf, "br0");

	(void)state;
	conf_add_port(br, "a2", 0);
	conf_add_port(br, "mesh1", 0);
	expect_refusal(conf, whole, "delta", "F:2:2: host \"delta\" is not in the file");
	expect_refusal(conf, whole, "alpha",
		       "F:10:3: interface \"a2\" is a port of bridge br0, which no port of a topology can be");
	expect_refusal(conf, named, "alpha",
		       "F:2:1: bridge br0 exists already, and was not made by a topology");
	expect_refusal(conf,
		       "{\"bridge\": \"mesh1\", \"hosts\": {\"alpha\": {\"address\": \"192.0.2.1\"}}, \"networks\": {}, \"ports\": []}",
		       "alpha", "F:1:2: mesh1 is a port of bridge br0");
	expect_refusal(conf,
		       HOSTS NETWORKS PORTS(PORT("alpha", "br0", "red")), "alpha",
		       "F:9:3: interface \"br0\" is that of a bridge");
	expect_refusal(conf,
		       "{\"hosts\": {\"alpha\": {\"address\": \"192.0.2.1\"},\n\"beta\": {\"address\": \"2001:db8::2\"}},\n" NETWORKS PORTS(
			       PORT("alpha", "a1", "red") "," PORT("beta", "b1", "red")),
		       "alpha",
		       "F:2:1: hosts \"alpha\" and \"beta\" share network \"red\", but one has an IPv4 address and the other an IPv6 address");
	conf_free(conf);
}

/* Long names of hosts are told apart, and so is one that some interface has already. */
static void test_names_of_tunnels(void **state)
{
	static const char text[] =
		"{\"hosts\": {\"alpha\": {\"address\": \"192.0.2.1\"}, \"a-very-long-name.example.com\": {\"address\": \"192.0.2.2\"}, "
		"\"a-very-long-name.example.net\": {\"address\": \"192.0.2.3\"}, \"odd/name\": {\"address\": \"192.0.2.4\"}, "
		"\"beta\": {\"address\": \"192.0.2.5\"}}," NETWORKS PORTS(
			PORT("alpha", "t1-beta", "red") "," PORT("a-very-long-name.example.com", "x", "red") "," PORT(
				"a-very-long-name.example.net", "x", "red") "," PORT("odd/name", "x", "red") "," PORT("beta", "x", "red"));
	struct conf *conf = conf_new(), *again = conf_new();
	const struct conf_bridge *br = apply(conf, text, "alpha");
	json_t *changes = topology_diff(br, apply(again, text, "alpha"));
	const struct conf_port *port;

	(void)state;
	assert_int_equal(n_ports(br), 5);
	assert_int_equal(json_array_size(changes), 0);
	TAILQ_FOREACH (port, &br->ports, node) {
		assert_true(conf_name_is_valid(port->name));
		assert_ptr_equal(conf_find_port(br, port->name), port);
	}
	json_decref(changes);
	conf_free(conf);
	conf_free(again);
}

static void test_other_settings_stay(void **state)
{
	struct conf *conf = conf_new();
	struct conf_bridge *br;

	(void)state;
	apply(conf, whole, "alpha");
	br = conf_find_bridge(conf, "mesh0");
	assert_int_equal(conf_add_controller(br, "tcp:192.0.2.9"), 0);
	br->has_hwaddr = br->has_mac_ageing = true;
	br->mac_ageing = 9;
	assert_non_null(conf_add_port(br, "extra", 0));
	apply(conf, whole, "alpha");
	br = conf_find_bridge(conf, "mesh0");
	assert_true(br->n_controllers == 1 && br->has_hwaddr && br->mac_ageing == 9);
	assert_null(conf_find_port(br, "extra"));
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_saved_and_read),
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_a_network_goes_and_one_comes),
		cmocka_unit_test(test_a_key_and_an_address_change),
		cmocka_unit_test(test_a_port_moves_to_another_network),
		cmocka_unit_test(test_refused_here),
		cmocka_unit_test(test_names_of_tunnels),
		cmocka_unit_test(test_other_settings_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
