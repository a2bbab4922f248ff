// SPDX-License-Identifier: Apache-2.0
/* Reading a topology, and what is wrong with it; see topology.h. */
#include "vswitchd/topology.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "vswitchd/conf_port.h"
#include "vswitchd/json_text.h"

void topology_free(struct topology *t)
{
	if (!t)
		return;
	for (unsigned int i = 0; i < t->n_ports; i++) {
		free(t->ports[i].netns);
		free(t->ports[i].macs);
	}
	free(t->ports);
	free(t->networks);
	free(t->hosts);
	free(t->text);
	free(t->name);
	free(t);
}

/* The file while it is read.  Ports are left for last: they name hosts and networks, which may stand behind them. */
struct reading {
	struct topology *t;
	const json_t *ports;
};

static int read_bridge(struct json_text *ps, const json_t *value, void *arg)
{
	struct topology *t = ((struct reading *)arg)->t;
	const char *name = json_string_value(value);

	if (!conf_name_is_valid(name))
		return json_text_fail(ps, "\"%s\" cannot be the name of a bridge", name);
	snprintf(t->bridge, sizeof(t->bridge), "%s", name);
	return 0;
}

static int host_address(struct json_text *ps, const json_t *value, void *arg)
{
	const char *s = json_string_value(value);
	struct topology_host *host = arg;
	const char *fault;
	uint8_t a[16];

	if (!conf_parse_address(s, a, &host->is_ipv6))
		return json_text_fail(ps, "address \"%s\" is not an IPv4 or IPv6 address", s);
	fault = conf_address_fault(a, host->is_ipv6);
	if (fault)
		return json_text_fail(ps, "address \"%s\" %s", s, fault);
	inet_ntop(host->is_ipv6 ? AF_INET6 : AF_INET, a, host->address, sizeof(host->address));
	return 0;
}

static int read_host(struct json_text *ps, struct topology *t, const char *name, const json_t *value)
{
	static const struct json_member members[] = {
		{ "address", JSON_STRING, host_address },
		{ NULL, JSON_NULL, NULL },
	};
	struct topology_host *host = &t->hosts[t->n_hosts];
	int error;

	if (!conf_topology_name_is_valid(name))
		return json_text_fail(ps, "\"%s\" cannot be the name of a host", name);
	if (!json_is_object(value))
		return json_text_fail(ps, "host \"%s\" must be an object", name);
	snprintf(host->name, sizeof(host->name), "%s", name);
	error = json_text_object(ps, value, members, host);
	if (error)
		return error;
	if (!host->address[0])
		return json_text_fail(ps, "host \"%s\" needs an \"address\"", name);
	for (unsigned int i = 0; i < t->n_hosts; i++)
		if (!strcmp(t->hosts[i].address, host->address))
			return json_text_fail(ps, "host \"%s\" has the address %s of host \"%s\"",
					      name, host->address, t->hosts[i].name);
	t->n_hosts++;
	return 0;
}

static int read_hosts(struct json_text *ps, const json_t *value, void *arg)
{
	struct topology *t = ((struct reading *)arg)->t;
	const char *name;
	json_t *h;
	int error;

	if (json_object_size(value) > TOPOLOGY_HOSTS_MAX)
		return json_text_fail(ps, "more than %d hosts", TOPOLOGY_HOSTS_MAX);
	t->hosts = calloc(json_object_size(value) + 1, sizeof(*t->hosts));
	if (!t->hosts)
		return -ENOMEM;
	json_object_foreach ((json_t *)(uintptr_t)value, name, h) {
		json_text_push(ps, name);
		error = read_host(ps, t, name, h);
		if (error)
			return error;
		json_text_pop(ps);
	}
	return 0;
}

/* A network while it is read: which keys there can be depends on the kind, which may stand behind. */
struct reading_network {
	enum conf_port_type kind;
	const json_t *key;
};

static int network_kind(struct json_text *ps, const json_t *value, void *arg)
{
	struct reading_network *r = arg;

	if (!conf_parse_tunnel_kind(json_string_value(value), &r->kind))
		return json_text_fail(ps, "kind \"%s\" is not vxlan, geneve or gre",
				      json_string_value(value));
	return 0;
}

static int network_key(struct json_text *ps, const json_t *value, void *arg)
{
	(void)ps;
	((struct reading_network *)arg)->key = value;
	return 0;
}

static int read_network(struct json_text *ps, struct topology *t, const char *name,
			const json_t *value)
{
	static const struct json_member members[] = {
		{ "key", JSON_INTEGER, network_key },
		{ "kind", JSON_STRING, network_kind },
		{ NULL, JSON_NULL, NULL },
	};
	struct topology_network *net = &t->networks[t->n_networks];
	struct reading_network r = { .kind = CONF_VXLAN };
	json_int_t key;
	int error;

	if (!conf_topology_name_is_valid(name))
		return json_text_fail(ps, "\"%s\" cannot be the name of a network", name);
	if (!json_is_object(value))
		return json_text_fail(ps, "network \"%s\" must be an object", name);
	error = json_text_object(ps, value, members, &r);
	if (error)
		return error;
	if (!r.key)
		return json_text_fail(ps, "network \"%s\" needs a \"key\"", name);
	json_text_push(ps, "key");
	key = json_integer_value(r.key);
	if (key < 1 || key > conf_tunnel_key_max(r.kind))
		return json_text_fail(ps, "key %" JSON_INTEGER_FORMAT " of network \"%s\" is not 1 to %u, as %s has them",
				      key, name, conf_tunnel_key_max(r.kind),
				      conf_port_type_name(r.kind));
	snprintf(net->name, sizeof(net->name), "%s", name);
	net->kind = r.kind;
	net->key = (uint32_t)key;
	for (unsigned int i = 0; i < t->n_networks; i++)
		if (t->networks[i].kind == net->kind && t->networks[i].key == net->key)
			return json_text_fail(ps, "network \"%s\" has the key %u of network \"%s\"",
					      name, net->key, t->networks[i].name);
	json_text_pop(ps);
	t->n_networks++;
	return 0;
}

static int read_networks(struct json_text *ps, const json_t *value, void *arg)
{
	struct topology *t = ((struct reading *)arg)->t;
	const char *name;
	json_t *n;
	int error;

	if (json_object_size(value) > TOPOLOGY_NETWORKS_MAX)
		return json_text_fail(ps, "more than %d networks", TOPOLOGY_NETWORKS_MAX);
	t->networks = calloc(json_object_size(value) + 1, sizeof(*t->networks));
	if (!t->networks)
		return -ENOMEM;
	json_object_foreach ((json_t *)(uintptr_t)value, name, n) {
		json_text_push(ps, name);
		error = read_network(ps, t, name, n);
		if (error)
			return error;
		json_text_pop(ps);
	}
	return 0;
}

static int remember_ports(struct json_text *ps, const json_t *value, void *arg)
{
	(void)ps;
	((struct reading *)arg)->ports = value;
	return 0;
}

/* A port while it is read. */
struct reading_port {
	const struct topology *t;
	struct topology_port *port;
	bool has_host, has_network;
};

#define NAMES_MAX 64

/* The place of 'name' among 'n' elements of 'size' bytes, each of which begins with its name.  If it has none, fails; 'what' they are is said. */
static int find_named(struct json_text *ps, const char *what, const char *name, const void *elements,
		      size_t size, unsigned int n, unsigned int *ret)
{
	const char *names[NAMES_MAX];
	char hint[NEAR_HINT_SIZE];

	for (unsigned int i = 0; i < n; i++) {
		const char *other = (const char *)elements + i * size;

		if (!strcmp(other, name)) {
			*ret = i;
			return 0;
		}
		if (i < NAMES_MAX)
			names[i] = other;
	}
	return json_text_fail(ps, "there is no %s \"%s\"%s", what, name,
			      near_hint(name, names, n < NAMES_MAX ? n : NAMES_MAX, hint));
}

static int port_host(struct json_text *ps, const json_t *value, void *arg)
{
	struct reading_port *r = arg;
	int error = find_named(ps, "host", json_string_value(value), r->t->hosts, sizeof(*r->t->hosts),
			       r->t->n_hosts, &r->port->host);

	r->has_host = !error;
	return error;
}

static int port_network(struct json_text *ps, const json_t *value, void *arg)
{
	struct reading_port *r = arg;
	int error = find_named(ps, "network", json_string_value(value), r->t->networks,
			       sizeof(*r->t->networks), r->t->n_networks, &r->port->network);

	r->has_network = !error;
	return error;
}

static int port_interface(struct json_text *ps, const json_t *value, void *arg)
{
	struct reading_port *r = arg;
	const char *name = json_string_value(value);

	if (!conf_name_is_valid(name))
		return json_text_fail(ps, "\"%s\" cannot be the name of an interface", name);
	if (!strcmp(name, r->t->bridge))
		return json_text_fail(ps, "\"%s\" is the name of the bridge", name);
	snprintf(r->port->name, sizeof(r->port->name), "%s", name);
	return 0;
}

static int port_netns(struct json_text *ps, const json_t *value, void *arg)
{
	struct conf_port scratch = { .netns = NULL };
	struct reading_port *r = arg;
	struct conf_place place;
	char why[256];
	int error = conf_port_set(&scratch, "netns", value, &place, why, sizeof(why));

	r->port->netns = scratch.netns;
	return error == -EINVAL ? json_text_fail(ps, "%s", why) : error;
}

static int port_macs(struct json_text *ps, const json_t *value, void *arg)
{
	struct topology_port *port = ((struct reading_port *)arg)->port;
	const json_t *element;
	const char *s;
	size_t i;

	port->macs = calloc(json_array_size(value) + 1, sizeof(*port->macs));
	if (!port->macs)
		return -ENOMEM;
	json_array_foreach ((json_t *)(uintptr_t)value, i, element) {
		json_text_push_idx(ps, i);
		s = json_string_value(element);
		if (!s || !conf_parse_mac(s, port->macs[i]))
			return json_text_fail(ps, "%s%s%s is not an Ethernet address", s ? "\"" : "",
					      s ? s : "this", s ? "\"" : "");
		if (port->macs[i][0] & 1)
			return json_text_fail(ps, "\"%s\" is a multicast address", s);
		port->n_macs++;
		json_text_pop(ps);
	}
	return 0;
}

static int read_port(struct json_text *ps, struct topology *t, const json_t *value)
{
	static const struct json_member members[] = {
		{ "host", JSON_STRING, port_host },
		{ "interface", JSON_STRING, port_interface },
		{ "network", JSON_STRING, port_network },
		{ "netns", JSON_STRING, port_netns },
		{ "macs", JSON_ARRAY, port_macs },
		{ NULL, JSON_NULL, NULL },
	};
	struct reading_port r = { .t = t, .port = &t->ports[t->n_ports] };
	int error;

	if (!json_is_object(value))
		return json_text_fail(ps, "a port must be an object");
	t->n_ports++;
	error = json_text_object(ps, value, members, &r);
	if (error)
		return error;
	if (!r.has_host || !r.has_network || !r.port->name[0])
		return json_text_fail(ps, "a port needs \"host\", \"interface\" and \"network\"");
	return 0;
}

static int read_ports(struct json_text *ps, struct topology *t, const json_t *value)
{
	const json_t *element;
	size_t i;
	int error;

	json_text_push(ps, "ports");
	if (json_array_size(value) > TOPOLOGY_PORTS_MAX)
		return json_text_fail(ps, "more than %d ports", TOPOLOGY_PORTS_MAX);
	t->ports = calloc(json_array_size(value) + 1, sizeof(*t->ports));
	if (!t->ports)
		return -ENOMEM;
	json_array_foreach ((json_t *)(uintptr_t)value, i, element) {
		json_text_push_idx(ps, i);
		error = read_port(ps, t, element);
		if (error)
			return error;
		json_text_pop(ps);
	}
	json_text_pop(ps);
	return 0;
}

/* One of the things that there may be one of: found twice by sorting, since there may be many. */
struct unique {
	unsigned int group; /* a host, or a network */
	unsigned char id[CONF_NAME_SIZE]; /* an interface, or an address */
	unsigned int port, mac;
};

static int compare_unique(const void *a, const void *b)
{
	const struct unique *x = a, *y = b;
	int by_id = memcmp(x->id, y->id, sizeof(x->id));

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (by_id)
		return by_id;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->mac < y->mac ? -1 : x->mac > y->mac;
}

static bool same_unique(const struct unique *x, const struct unique *y)
{
	return x->group == y->group && !memcmp(x->id, y->id, sizeof(x->id));
}

static int check_interfaces(struct json_text *ps, const struct topology *t)
{
	struct unique *all = calloc(t->n_ports + 1, sizeof(*all));
	int error = 0;

	if (!all)
		return -ENOMEM;
	for (unsigned int i = 0; i < t->n_ports; i++) {
		all[i].group = t->ports[i].host;
		memcpy(all[i].id, t->ports[i].name, sizeof(t->ports[i].name));
		all[i].port = i;
	}
	qsort(all, t->n_ports, sizeof(*all), compare_unique);
	for (unsigned int i = 1; i < t->n_ports && !error; i++)
		if (same_unique(&all[i - 1], &all[i])) {
			json_text_push(ps, "ports");
			json_text_push_idx(ps, all[i].port);
			error = json_text_fail(ps, "interface \"%s\" of host \"%s\" is a port twice",
					       t->ports[all[i].port].name,
					       t->hosts[all[i].group].name);
		}
	free(all);
	return error;
}

static int check_macs(struct json_text *ps, const struct topology *t)
{
	struct unique *all;
	size_t n = 0, n_macs = 0;
	int error = 0;

	for (unsigned int i = 0; i < t->n_ports; i++)
		n_macs += t->ports[i].n_macs;
	all = calloc(n_macs + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (unsigned int i = 0; i < t->n_ports; i++)
		for (unsigned int k = 0; k < t->ports[i].n_macs; k++, n++) {
			all[n].group = t->ports[i].network;
			memcpy(all[n].id, t->ports[i].macs[k], 6);
			all[n].port = i;
			all[n].mac = k;
		}
	qsort(all, n, sizeof(*all), compare_unique);
	for (size_t i = 1; i < n && !error; i++)
		if (same_unique(&all[i - 1], &all[i])) {
			const uint8_t *a = all[i].id;
			const struct topology_port *other = &t->ports[all[i - 1].port];

			json_text_push(ps, "ports");
			json_text_push_idx(ps, all[i].port);
			json_text_push(ps, "macs");
			json_text_push_idx(ps, all[i].mac);
			error = json_text_fail(ps, "network \"%s\" has %02x:%02x:%02x:%02x:%02x:%02x already: at interface \"%s\" of host \"%s\"",
					       t->networks[all[i].group].name, a[0], a[1], a[2],
					       a[3], a[4], a[5], other->name,
					       t->hosts[other->host].name);
		}
	free(all);
	return error;
}

static int read_all(struct json_text *ps, struct topology *t, const json_t *root)
{
	static const struct json_member members[] = {
		{ "bridge", JSON_STRING, read_bridge },
		{ "hosts", JSON_OBJECT, read_hosts },
		{ "networks", JSON_OBJECT, read_networks },
		{ "ports", JSON_ARRAY, remember_ports },
		{ NULL, JSON_NULL, NULL },
	};
	struct reading r = { .t = t };
	int error;

	if (!json_is_object(root))
		return json_text_fail(ps, "a topology must be an object");
	error = json_text_object(ps, root, members, &r);
	if (error)
		return error;
	if (!t->hosts || !t->networks || !r.ports)
		return json_text_fail(ps, "a topology needs \"hosts\", \"networks\" and \"ports\"");
	error = read_ports(ps, t, r.ports);
	if (!error)
		error = check_interfaces(ps, t);
	if (!error)
		error = check_macs(ps, t);
	return error;
}

int topology_parse(const char *text, size_t len, const char *name, struct topology **ret, char *err,
		   size_t err_size)
{
	struct json_text ps = {
		.name = name, .text = text, .end = text + len, .err = err, .err_size = err_size
	};
	struct topology *t = NULL;
	json_error_t je;
	json_t *root;
	int error = -ENOMEM;

	err[0] = '\0';
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (!root) {
		snprintf(err, err_size, "%s:%d:%d: %s", name, je.line, je.column, je.text);
		return -EINVAL;
	}
	t = calloc(1, sizeof(*t));
	if (t) {
		t->name = strdup(name);
		t->text = malloc(len + 1);
		t->len = len;
		snprintf(t->bridge, sizeof(t->bridge), "%s", TOPOLOGY_BRIDGE);
	}
	if (t && t->name && t->text) {
		memcpy(t->text, text, len);
		error = read_all(&ps, t, root);
	}
	json_decref(root);
	if (!error) {
		*ret = t;
		return 0;
	}
	if (!err[0])
		snprintf(err, err_size, "%s: %s", name, strerror(-error));
	topology_free(t);
	return error;
}
