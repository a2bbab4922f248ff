// SPDX-License-Identifier: Apache-2.0
/* The configuration as JSON text, and the file; see conf.h. */
#include "vswitchd/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/action.h"
#include "ofchan/stream.h"
#include "vswitchd/conf_port.h"
#include "vswitchd/json_text.h"

struct ssl_strings {
	const char *private_key, *certificate, *ca_cert;
};

static int ssl_private_key(struct json_text *ps, const json_t *value, void *arg)
{
	(void)ps;
	((struct ssl_strings *)arg)->private_key = json_string_value(value);
	return 0;
}

static int ssl_certificate(struct json_text *ps, const json_t *value, void *arg)
{
	(void)ps;
	((struct ssl_strings *)arg)->certificate = json_string_value(value);
	return 0;
}

static int ssl_ca_cert(struct json_text *ps, const json_t *value, void *arg)
{
	(void)ps;
	((struct ssl_strings *)arg)->ca_cert = json_string_value(value);
	return 0;
}

static int parse_ssl(struct json_text *ps, const json_t *value, void *arg)
{
	static const struct json_member members[] = {
		{ "private_key", JSON_STRING, ssl_private_key },
		{ "certificate", JSON_STRING, ssl_certificate },
		{ "ca_cert", JSON_STRING, ssl_ca_cert },
		{ NULL, JSON_NULL, NULL },
	};
	struct ssl_strings s = { NULL, NULL, NULL };
	int error = json_text_object(ps, value, members, &s);

	if (error)
		return error;
	if (!s.private_key || !s.certificate || !s.ca_cert)
		return json_text_fail(ps, "\"ssl\" needs \"private_key\", \"certificate\" and \"ca_cert\"");
	return conf_set_ssl(arg, s.private_key, s.certificate, s.ca_cert);
}

static int br_datapath_id(struct json_text *ps, const json_t *value, void *arg)
{
	struct conf_bridge *br = arg;

	if (!conf_parse_datapath_id(json_string_value(value), &br->datapath_id))
		return json_text_fail(ps, "datapath_id \"%s\" is not 1 to 16 hexadecimal digits other than 0",
			    json_string_value(value));
	br->has_datapath_id = true;
	return 0;
}

static int br_hwaddr(struct json_text *ps, const json_t *value, void *arg)
{
	const char *s = json_string_value(value);
	struct conf_bridge *br = arg;
	uint8_t mac[6];

	if (!conf_parse_mac(s, mac))
		return json_text_fail(ps, "hwaddr \"%s\" is not an Ethernet address", s);
	if (mac[0] & 1)
		return json_text_fail(ps, "hwaddr \"%s\" is a multicast address", s);
	memcpy(br->hwaddr, mac, sizeof(br->hwaddr));
	br->has_hwaddr = true;
	return 0;
}

static int br_fail_mode(struct json_text *ps, const json_t *value, void *arg)
{
	const char *s = json_string_value(value);
	struct conf_bridge *br = arg;

	if (!conf_parse_fail_mode(s, &br->is_standalone))
		return json_text_fail(ps, "fail_mode \"%s\" is not \"secure\" or \"standalone\"", s);
	return 0;
}

static int br_aux(struct json_text *ps, const json_t *value, void *arg)
{
	struct conf_bridge *br = arg;
	json_int_t n = json_integer_value(value);

	if (n < 0 || n > CONF_AUX_MAX)
		return json_text_fail(ps, "aux_connections %" JSON_INTEGER_FORMAT " is not 0 to %d", n,
				      CONF_AUX_MAX);
	br->n_aux = (unsigned int)n;
	return 0;
}

static int br_mac_ageing(struct json_text *ps, const json_t *value, void *arg)
{
	json_int_t n = json_integer_value(value);
	struct conf_bridge *br = arg;

	if (n < 0 || n > CONF_MAC_AGEING_MAX)
		return json_text_fail(ps, "mac_ageing %" JSON_INTEGER_FORMAT " is not 0 to %d", n,
			    CONF_MAC_AGEING_MAX);
	br->has_mac_ageing = true;
	br->mac_ageing = (uint32_t)n;
	return 0;
}

static int br_forward_bpdu(struct json_text *ps, const json_t *value, void *arg)
{
	(void)ps;
	((struct conf_bridge *)arg)->forward_bpdu = json_is_true(value);
	return 0;
}

/* A static address while it is read. */
struct static_mac {
	bool has_mac;
	uint8_t mac[6];
	uint16_t vlan;
	const char *port;
};

static int mac_mac(struct json_text *ps, const json_t *value, void *arg)
{
	const char *s = json_string_value(value);
	struct static_mac *m = arg;

	if (!conf_parse_mac(s, m->mac))
		return json_text_fail(ps, "mac \"%s\" is not an Ethernet address", s);
	if (m->mac[0] & 1)
		return json_text_fail(ps, "mac \"%s\" is a multicast address", s);
	m->has_mac = true;
	return 0;
}

static int mac_vlan(struct json_text *ps, const json_t *value, void *arg)
{
	json_int_t n = json_integer_value(value);

	if (n < 0 || n > 4095)
		return json_text_fail(ps, "vlan %" JSON_INTEGER_FORMAT " is not 0 to 4095", n);
	((struct static_mac *)arg)->vlan = (uint16_t)n;
	return 0;
}

static int mac_port(struct json_text *ps, const json_t *value, void *arg)
{
	(void)ps;
	((struct static_mac *)arg)->port = json_string_value(value);
	return 0;
}

static int br_static_macs(struct json_text *ps, const json_t *value, void *arg)
{
	static const struct json_member members[] = {
		{ "mac", JSON_STRING, mac_mac },
		{ "vlan", JSON_INTEGER, mac_vlan },
		{ "port", JSON_STRING, mac_port },
		{ NULL, JSON_NULL, NULL },
	};
	struct conf_bridge *br = arg;
	const json_t *element;
	size_t i;
	int error;

	json_array_foreach ((json_t *)(uintptr_t)value, i, element) {
		struct static_mac m = { .has_mac = false };

		json_text_push_idx(ps, i);
		if (!json_is_object(element))
			return json_text_fail(ps, "a static address must be an object");
		error = json_text_object(ps, element, members, &m);
		if (error)
			return error;
		if (!m.has_mac || !m.port)
			return json_text_fail(ps, "a static address needs \"mac\" and \"port\"");
		if (!conf_name_is_valid(m.port))
			return json_text_fail(ps, "\"%s\" cannot be the name of a port", m.port);
		error = conf_set_mac(br, m.mac, m.vlan, m.port);
		if (error == -E2BIG)
			return json_text_fail(ps, "more than %d static addresses", CONF_MACS_MAX);
		if (error)
			return error;
		json_text_pop(ps);
	}
	return 0;
}

static int br_controllers(struct json_text *ps, const json_t *value, void *arg)
{
	struct conf_bridge *br = arg;
	struct stream_addr addr;
	const json_t *element;
	char why[256];
	size_t i;
	int error;

	json_array_foreach ((json_t *)(uintptr_t)value, i, element) {
		json_text_push_idx(ps, i);
		if (!json_is_string(element))
			return json_text_fail(ps, "a controller must be a string");
		if (stream_addr_parse(json_string_value(element), &addr, why, sizeof(why)))
			return json_text_fail(ps, "controller %s", why);
		error = conf_add_controller(br, json_string_value(element));
		if (error == -EEXIST)
			return json_text_fail(ps, "controller \"%s\" is listed twice",
				    json_string_value(element));
		if (error == -E2BIG)
			return json_text_fail(ps, "more than %d controllers", CONF_CONTROLLERS_MAX);
		if (error)
			return error;
		json_text_pop(ps);
	}
	return 0;
}

/* conf_port.c knows what is wrong, and where in the port. */
static int fail_port(struct json_text *ps, int error, const struct conf_place *place, const char *why)
{
	if (error != -EINVAL)
		return error;
	if (place->key)
		json_text_push(ps, place->key);
	if (place->option)
		json_text_push(ps, place->option);
	if (place->idx >= 0)
		json_text_push_idx(ps, (size_t)place->idx);
	return json_text_fail(ps, "%s", why);
}

static int parse_port(struct json_text *ps, struct conf_bridge *br, const char *name, const json_t *p)
{
	const json_t *number = json_object_get(p, "ofport");
	struct conf_port *port, *other;
	struct conf_place place;
	char why[512] = "";
	const char *key;
	json_t *value;
	int error;

	/* The number that it gets here is replaced by its own. */
	port = conf_add_port(br, name, PORT_NO_MAX + 1);
	if (!port)
		return -ENOMEM;
	json_object_foreach ((json_t *)(uintptr_t)p, key, value) {
		error = conf_port_set(port, key, value, &place, why, sizeof(why));
		if (!error && json_is_null(value)) {
			snprintf(why, sizeof(why), "\"%s\" must not be null", key);
			error = -EINVAL;
		}
		if (error)
			return fail_port(ps, error, &place, why);
	}
	if (!number)
		return json_text_fail(ps, "port \"%s\" needs an \"ofport\"", name);
	other = conf_find_ofport(br, port->ofport);
	if (other != port)
		return json_text_fail(ps, "ofport %u of port \"%s\" is that of port \"%s\" too", port->ofport,
			    name, other->name);
	error = conf_port_check(port, &place, why, sizeof(why));
	return error ? fail_port(ps, error, &place, why) : 0;
}

static int br_ports(struct json_text *ps, const json_t *value, void *arg)
{
	const char *name;
	json_t *p;
	int error;

	json_object_foreach ((json_t *)(uintptr_t)value, name, p) {
		json_text_push(ps, name);
		if (!conf_name_is_valid(name))
			return json_text_fail(ps, "\"%s\" cannot be the name of an interface", name);
		if (!json_is_object(p))
			return json_text_fail(ps, "port \"%s\" must be an object", name);
		error = parse_port(ps, arg, name, p);
		if (error)
			return error;
		json_text_pop(ps);
	}
	return 0;
}

static int network_key(struct json_text *ps, const json_t *value, void *arg)
{
	json_int_t n = json_integer_value(value);

	if (n < 1 || n > UINT32_MAX)
		return json_text_fail(ps, "key %" JSON_INTEGER_FORMAT " is not that of a tunnel", n);
	((struct conf_network *)arg)->key = (uint32_t)n;
	return 0;
}

static int network_kind(struct json_text *ps, const json_t *value, void *arg)
{
	struct conf_network *net = arg;

	if (!conf_parse_tunnel_kind(json_string_value(value), &net->kind))
		return json_text_fail(ps, "kind \"%s\" is not vxlan, geneve or gre",
				      json_string_value(value));
	return 0;
}

static int network_vlan(struct json_text *ps, const json_t *value, void *arg)
{
	json_int_t n = json_integer_value(value);

	if (n < 1 || n > 4094)
		return json_text_fail(ps, "vlan %" JSON_INTEGER_FORMAT " is not 1 to 4094", n);
	((struct conf_network *)arg)->vlan = (uint16_t)n;
	return 0;
}

static int topology_host(struct json_text *ps, const json_t *value, void *arg)
{
	struct conf_bridge *br = arg;
	const char *name = json_string_value(value);

	if (!conf_topology_name_is_valid(name))
		return json_text_fail(ps, "\"%s\" cannot be the name of a host", name);
	snprintf(br->topology_host, sizeof(br->topology_host), "%s", name);
	return 0;
}

static int topology_networks(struct json_text *ps, const json_t *value, void *arg)
{
	static const struct json_member members[] = {
		{ "key", JSON_INTEGER, network_key },
		{ "kind", JSON_STRING, network_kind },
		{ "vlan", JSON_INTEGER, network_vlan },
		{ NULL, JSON_NULL, NULL },
	};
	struct conf_bridge *br = arg;
	const char *name;
	json_t *n;
	int error;

	br->networks = calloc(json_object_size(value) + 1, sizeof(*br->networks));
	if (!br->networks)
		return -ENOMEM;
	json_object_foreach ((json_t *)(uintptr_t)value, name, n) {
		struct conf_network *net = &br->networks[br->n_networks++];

		json_text_push(ps, name);
		if (!conf_topology_name_is_valid(name))
			return json_text_fail(ps, "\"%s\" cannot be the name of a network", name);
		if (!json_is_object(n))
			return json_text_fail(ps, "network \"%s\" must be an object", name);
		snprintf(net->name, sizeof(net->name), "%s", name);
		error = json_text_object(ps, n, members, net);
		if (error)
			return error;
		if (!net->key || !net->kind || !net->vlan)
			return json_text_fail(ps, "network \"%s\" needs \"key\", \"kind\" and \"vlan\"", name);
		json_text_pop(ps);
	}
	return 0;
}

/* What a topology left in the bridge that it made. */
static int br_topology(struct json_text *ps, const json_t *value, void *arg)
{
	static const struct json_member members[] = {
		{ "host", JSON_STRING, topology_host },
		{ "networks", JSON_OBJECT, topology_networks },
		{ NULL, JSON_NULL, NULL },
	};
	struct conf_bridge *br = arg;
	int error = json_text_object(ps, value, members, br);

	if (!error && !br->topology_host[0])
		return json_text_fail(ps, "\"topology\" needs a \"host\"");
	return error;
}

static int parse_bridges(struct json_text *ps, const json_t *value, void *arg)
{
	static const struct json_member members[] = {
		{ "datapath_id", JSON_STRING, br_datapath_id },
		{ "hwaddr", JSON_STRING, br_hwaddr },
		{ "fail_mode", JSON_STRING, br_fail_mode },
		{ "controllers", JSON_ARRAY, br_controllers },
		{ "aux_connections", JSON_INTEGER, br_aux },
		{ "mac_ageing", JSON_INTEGER, br_mac_ageing },
		{ "forward_bpdu", JSON_TRUE, br_forward_bpdu },
		{ "static_macs", JSON_ARRAY, br_static_macs },
		{ "ports", JSON_OBJECT, br_ports },
		{ "topology", JSON_OBJECT, br_topology },
		{ NULL, JSON_NULL, NULL },
	};
	struct conf *conf = arg;
	struct conf_bridge *br;
	const char *name;
	json_t *b;
	int error;

	json_object_foreach ((json_t *)(uintptr_t)value, name, b) {
		json_text_push(ps, name);
		if (!conf_name_is_valid(name))
			return json_text_fail(ps, "\"%s\" cannot be the name of a bridge", name);
		if (!json_is_object(b))
			return json_text_fail(ps, "bridge \"%s\" must be an object", name);
		br = conf_add_bridge(conf, name);
		if (!br)
			return -ENOMEM;
		error = json_text_object(ps, b, members, br);
		if (error)
			return error;
		json_text_pop(ps);
	}
	return 0;
}

/* An interface is a port of one bridge only. */
static int check_ports(struct json_text *ps, const struct conf *conf)
{
	struct conf_bridge *br;
	struct conf_port *port;

	TAILQ_FOREACH (br, &conf->bridges, node)
		TAILQ_FOREACH (port, &br->ports, node) {
			const struct conf_bridge *owner =
				conf_find_bridge_of_port(conf, port->name);

			ps->depth = 0;
			json_text_push(ps, "bridges");
			json_text_push(ps, br->name);
			json_text_push(ps, "ports");
			json_text_push(ps, port->name);
			if (owner != br)
				return json_text_fail(ps, "port \"%s\" is a port of bridge \"%s\" too",
					    port->name, owner->name);
			if (conf_find_bridge(conf, port->name))
				return json_text_fail(ps, "port \"%s\" has the name of a bridge", port->name);
		}
	return 0;
}

/* Static addresses are behind ports that are configured. */
static int check_macs(struct json_text *ps, const struct conf *conf)
{
	struct conf_bridge *br;

	TAILQ_FOREACH (br, &conf->bridges, node)
		for (unsigned int i = 0; i < br->n_macs; i++) {
			const char *port = br->macs[i].port;

			if (!strcmp(port, br->name) || conf_find_port(br, port))
				continue;
			ps->depth = 0;
			json_text_push(ps, "bridges");
			json_text_push(ps, br->name);
			json_text_push(ps, "static_macs");
			json_text_push_idx(ps, i);
			return json_text_fail(ps, "bridge \"%s\" has no port \"%s\"", br->name, port);
		}
	return 0;
}

int conf_parse(const char *text, size_t len, const char *name, struct conf **ret, char *err,
	       size_t err_size)
{
	static const struct json_member members[] = {
		{ "ssl", JSON_OBJECT, parse_ssl },
		{ "bridges", JSON_OBJECT, parse_bridges },
		{ NULL, JSON_NULL, NULL },
	};
	struct json_text ps = {
		.name = name, .text = text, .end = text + len, .err = err, .err_size = err_size
	};
	struct conf *conf = NULL;
	json_error_t je;
	json_t *root;
	int error = -EINVAL;

	err[0] = '\0';
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (!root) {
		snprintf(err, err_size, "%s:%d:%d: %s", name, je.line, je.column, je.text);
		return -EINVAL;
	}
	if (!json_is_object(root)) {
		json_text_fail(&ps, "the configuration must be an object");
		goto out;
	}
	conf = conf_new();
	error = conf ? json_text_object(&ps, root, members, conf) : -ENOMEM;
	if (!error)
		error = check_ports(&ps, conf);
	if (!error)
		error = check_macs(&ps, conf);
	if (!error) {
		*ret = conf;
		conf = NULL;
	} else if (!err[0]) {
		snprintf(err, err_size, "%s: %s", name, strerror(-error));
	}
out:
	conf_free(conf);
	json_decref(root);
	return error;
}

struct conf_stamp conf_stamp_of(const struct stat *st)
{
	return (struct conf_stamp){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = (uint64_t)st->st_mtim.tv_sec * 1000000000u +
			    (uint64_t)st->st_mtim.tv_nsec,
	};
}

/* Reads all of 'path' into '*ret', which the caller frees. */
static int read_file(const char *path, char **ret, size_t *ret_len, struct conf_stamp *ret_stamp)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0, cap = 4096;
	char *text = NULL, *bigger;
	struct stat st;
	ssize_t n;
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		error = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
		goto out;
	}
	do {
		bigger = len + 1 >= cap || !text ? realloc(text, cap *= 2) : text;
		if (!bigger || len > CONF_FILE_MAX) {
			error = bigger ? -EFBIG : -ENOMEM;
			text = bigger ? bigger : text;
			goto out;
		}
		text = bigger;
		n = read(fd, text + len, cap - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		error = -errno;
out:
	close(fd);
	if (error) {
		free(text);
		return error;
	}
	*ret = text;
	*ret_len = len;
	*ret_stamp = conf_stamp_of(&st);
	return 0;
}

int conf_load(const char *path, struct conf **ret, char *err, size_t err_size)
{
	char *text = NULL;
	size_t len = 0;
	struct conf_stamp stamp;
	int error = read_file(path, &text, &len, &stamp);

	if (error == -ENOENT) {
		*ret = conf_new();
		if (*ret)
			return 0;
		error = -ENOMEM;
	}
	if (error) {
		snprintf(err, err_size, "%s: %s", path, strerror(-error));
		return error;
	}
	error = conf_parse(text, len, path, ret, err, err_size);
	if (!error)
		(*ret)->stamp = stamp;
	free(text);
	return error;
}

static void mac_to_text(const uint8_t a[6], char ret[24])
{
	snprintf(ret, 24, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
}

static json_t *macs_to_json(const struct conf_bridge *br)
{
	json_t *list = json_array(), *obj;
	char s[24];

	for (unsigned int i = 0; i < br->n_macs; i++) {
		const struct conf_mac *m = &br->macs[i];

		mac_to_text(m->mac, s);
		obj = json_pack("{s:s}", "mac", s);
		if (m->vlan)
			json_object_set_new(obj, "vlan", json_integer(m->vlan));
		json_object_set_new(obj, "port", json_string(m->port));
		json_array_append_new(list, obj);
	}
	return list;
}

static json_t *topology_to_json(const struct conf_bridge *br)
{
	json_t *networks = json_object();

	for (unsigned int i = 0; i < br->n_networks; i++) {
		const struct conf_network *net = &br->networks[i];

		json_object_set_new(networks, net->name,
				    json_pack("{s:I, s:s, s:i}", "key", (json_int_t)net->key, "kind",
					      conf_port_type_name(net->kind), "vlan",
					      (int)net->vlan));
	}
	return json_pack("{s:s, s:o}", "host", br->topology_host, "networks", networks);
}

static json_t *bridge_to_json(const struct conf_bridge *br)
{
	json_t *obj = json_object(), *list;
	struct conf_port *port;
	char s[24];

	if (br->has_datapath_id) {
		snprintf(s, sizeof(s), "%016llx", (unsigned long long)br->datapath_id);
		json_object_set_new(obj, "datapath_id", json_string(s));
	}
	if (br->has_hwaddr) {
		mac_to_text(br->hwaddr, s);
		json_object_set_new(obj, "hwaddr", json_string(s));
	}
	json_object_set_new(obj, "fail_mode",
			    json_string(br->is_standalone ? "standalone" : "secure"));
	if (br->n_aux)
		json_object_set_new(obj, "aux_connections", json_integer(br->n_aux));
	if (br->has_mac_ageing)
		json_object_set_new(obj, "mac_ageing", json_integer(br->mac_ageing));
	if (br->forward_bpdu)
		json_object_set_new(obj, "forward_bpdu", json_true());
	list = json_array();
	for (unsigned int i = 0; i < br->n_controllers; i++)
		json_array_append_new(list, json_string(br->controllers[i]));
	json_object_set_new(obj, "controllers", list);
	list = json_object();
	TAILQ_FOREACH (port, &br->ports, node)
		json_object_set_new(list, port->name, conf_port_to_json(port));
	json_object_set_new(obj, "ports", list);
	if (br->n_macs)
		json_object_set_new(obj, "static_macs", macs_to_json(br));
	if (br->topology_host[0])
		json_object_set_new(obj, "topology", topology_to_json(br));
	return obj;
}

char *conf_format(const struct conf *conf)
{
	json_t *root = json_object(), *bridges = json_object();
	struct conf_bridge *br;
	char *text;

	if (conf->has_ssl)
		json_object_set_new(root, "ssl",
				    json_pack("{s:s, s:s, s:s}", "private_key", conf->private_key,
					      "certificate", conf->certificate, "ca_cert",
					      conf->ca_cert));
	TAILQ_FOREACH (br, &conf->bridges, node)
		json_object_set_new(bridges, br->name, bridge_to_json(br));
	json_object_set_new(root, "bridges", bridges);
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return text;
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Makes the rename last, too. */
static int sync_dir_of(const char *path)
{
	char *copy = strdup(path);
	int fd, error = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return -errno;
	if (fsync(fd))
		error = -errno;
	close(fd);
	return error;
}

int conf_save(struct conf *conf, const char *path, char *err, size_t err_size)
{
	char *text = conf_format(conf), *tmp = NULL;
	int fd = -1, error = -ENOMEM;
	struct stat st;

	if (!text || asprintf(&tmp, "%s.tmp", path) < 0) {
		tmp = NULL;
		goto out;
	}
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0) {
		error = -errno;
		goto out;
	}
	error = write_all(fd, text, strlen(text));
	if (!error)
		error = write_all(fd, "\n", 1);
	if (!error && (fsync(fd) || fstat(fd, &st)))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(tmp, path))
		error = -errno;
	if (error) {
		unlink(tmp);
	} else {
		conf->stamp = conf_stamp_of(&st);
		error = sync_dir_of(path);
	}
out:
	if (error)
		snprintf(err, err_size, "%s: cannot be written: %s", path, strerror(-error));
	free(tmp);
	free(text);
	return error;
}

int conf_check_stamp(const struct conf *conf, const char *path, char *err, size_t err_size)
{
	struct conf_stamp stamp;
	struct stat st;

	if (stat(path, &st))
		return 0;
	stamp = conf_stamp_of(&st);
	if (!memcmp(&stamp, &conf->stamp, sizeof(stamp)))
		return 0;
	snprintf(err, err_size,
		 "%s: has been changed since skepd read it: nothing is done, so that the change is "
		 "not lost (SIGHUP makes skepd read it)",
		 path);
	return -EBUSY;
}
