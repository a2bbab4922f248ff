// SPDX-License-Identifier: Apache-2.0
/* The keys of ports, their checks and their meaning; see conf_port.h. */
#include "vswitchd/conf_port.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/action.h"
#include "near.h"

#define VXLAN_PORT  4789
#define GENEVE_PORT 6081
#define VLAN_MAX    4095
#define NETNS_MAX   512

static const char *const type_names[CONF_N_TYPES] = {
	[CONF_SYSTEM] = "system", [CONF_VXLAN] = "vxlan", [CONF_GENEVE] = "geneve",
	[CONF_GRE] = "gre",	  [CONF_PATCH] = "patch", [CONF_SOCKET] = "socket",
};

static const char *const vlan_mode_names[CONF_N_VLAN_MODES] = {
	[CONF_VLAN_TRUNK] = "trunk",
	[CONF_VLAN_ACCESS] = "access",
	[CONF_VLAN_NATIVE_TAGGED] = "native-tagged",
	[CONF_VLAN_NATIVE_UNTAGGED] = "native-untagged",
};

static const struct {
	const char *name;
	unsigned int types;
} options[CONF_N_OPTIONS] = {
#define X(ID, NAME, TYPES) [CONF_OPTION_##ID] = { NAME, TYPES },
	CONF_OPTION_TABLE(X)
#undef X
};

/* What is being set, and where the message goes. */
struct setting {
	struct conf_port *port;
	struct conf_place *place;
	char *err;
	size_t err_size;
};

static int __attribute__((format(printf, 2, 3))) fail(const struct setting *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->err, s->err_size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int find_name(const char *s, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], s))
			return (int)i;
	return -1;
}

/* --- Values of options --- */

/* Digits, with 0x hexadecimal. */
static bool parse_number(const char *s, uint64_t max, uint64_t *ret)
{
	char *end;
	uint64_t n;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	n = strtoull(s, &end, !strncmp(s, "0x", 2) ? 16 : 10);
	if (errno || *end || n > max)
		return false;
	*ret = n;
	return true;
}

static int check_address(const struct setting *s, const char *name, const char *value)
{
	const char *fault;
	uint8_t a[16];
	bool is_ipv6;

	if (!strcmp(value, "flow"))
		return 0;
	if (!conf_parse_address(value, a, &is_ipv6))
		return fail(s, "%s \"%s\" is not an IPv4 or IPv6 address or \"flow\"", name, value);
	fault = conf_address_fault(a, is_ipv6);
	return fault ? fail(s, "%s \"%s\" %s", name, value, fault) : 0;
}

static int check_option(const struct setting *s, enum conf_option id, const char *value)
{
	const char *name = options[id].name;
	uint64_t n;

	switch (id) {
	case CONF_OPTION_REMOTE_IP:
	case CONF_OPTION_LOCAL_IP:
		return check_address(s, name, value);
	case CONF_OPTION_KEY:
	case CONF_OPTION_IN_KEY:
	case CONF_OPTION_OUT_KEY:
		if (!strcmp(value, "flow") || parse_number(value, UINT32_MAX, &n))
			return 0;
		return fail(s, "%s \"%s\" is not a number below 2^32 or \"flow\"", name, value);
	case CONF_OPTION_DST_PORT:
		if (parse_number(value, 65535, &n) && n)
			return 0;
		return fail(s, "%s \"%s\" is not 1 to 65535", name, value);
	case CONF_OPTION_TOS:
	case CONF_OPTION_TTL:
		if (!strcmp(value, "inherit") || parse_number(value, 255, &n))
			return 0;
		return fail(s, "%s \"%s\" is not 0 to 255 or \"inherit\"", name, value);
	case CONF_OPTION_DF_DEFAULT:
	case CONF_OPTION_CSUM:
		if (!strcmp(value, "true") || !strcmp(value, "false"))
			return 0;
		return fail(s, "%s \"%s\" is not \"true\" or \"false\"", name, value);
	case CONF_OPTION_PEER:
		if (conf_name_is_valid(value))
			return 0;
		return fail(s, "%s \"%s\" cannot be the name of a port", name, value);
	case CONF_N_OPTIONS:
		break;
	}
	return 0;
}

static int set_option(const struct setting *s, const char *name, const json_t *value)
{
	const char *names[CONF_N_OPTIONS], *text = json_string_value(value);
	char buf[NEAR_HINT_SIZE], *copy = NULL;
	int id, error;

	for (int i = 0; i < CONF_N_OPTIONS; i++)
		names[i] = options[i].name;
	s->place->option = name;
	id = find_name(name, names, CONF_N_OPTIONS);
	if (id < 0)
		return fail(s, "unknown option \"%s\"%s", name,
			    near_hint(name, names, CONF_N_OPTIONS, buf));
	if (!json_is_null(value)) {
		if (!text)
			return fail(s, "option \"%s\" must be a string", name);
		error = check_option(s, (enum conf_option)id, text);
		if (error)
			return error;
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	free(s->port->options[id]);
	s->port->options[id] = copy;
	s->place->option = NULL;
	return 0;
}

/* --- Keys.  'value' has the right type, or is null. --- */

static int set_ofport(const struct setting *s, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	if (n < 1 || n > PORT_NO_MAX)
		return fail(s, "ofport %" JSON_INTEGER_FORMAT " is not 1 to %d", n, PORT_NO_MAX);
	s->port->ofport = (uint32_t)n;
	return 0;
}

static int set_type(const struct setting *s, const json_t *value)
{
	const char *name = json_string_value(value);
	char buf[NEAR_HINT_SIZE];
	int type = name ? find_name(name, type_names, CONF_N_TYPES) : CONF_SYSTEM;

	if (type < 0)
		return fail(s,
			    "type \"%s\" is not system, vxlan, geneve, gre, patch or socket%s",
			    name, near_hint(name, type_names, CONF_N_TYPES, buf));
	s->port->type = (enum conf_port_type)type;
	return 0;
}

static int set_options(const struct setting *s, const json_t *value)
{
	const char *name;
	json_t *v;
	int error;

	if (json_is_null(value))
		for (int i = 0; i < CONF_N_OPTIONS; i++) {
			free(s->port->options[i]);
			s->port->options[i] = NULL;
		}
	json_object_foreach ((json_t *)(uintptr_t)value, name, v) {
		error = set_option(s, name, v);
		if (error)
			return error;
	}
	return 0;
}

static int set_netns(const struct setting *s, const json_t *value)
{
	const char *name = json_string_value(value);
	char *copy = NULL;

	/* A name is one of /run/netns, else it is an absolute path. */
	if (name && (!*name || strlen(name) > NETNS_MAX || !strcmp(name, ".") ||
		     !strcmp(name, "..") || (strchr(name, '/') && name[0] != '/')))
		return fail(s, "netns \"%s\" is not a name or an absolute path", name);
	if (name) {
		copy = strdup(name);
		if (!copy)
			return -ENOMEM;
	}
	free(s->port->netns);
	s->port->netns = copy;
	return 0;
}

static int set_vlan_mode(const struct setting *s, const json_t *value)
{
	const char *name = json_string_value(value);
	char buf[NEAR_HINT_SIZE];
	int mode = name ? find_name(name, vlan_mode_names, CONF_N_VLAN_MODES) : 0;

	if (mode < 0)
		return fail(
			s,
			"vlan_mode \"%s\" is not access, trunk, native-tagged or native-untagged%s",
			name, near_hint(name, vlan_mode_names, CONF_N_VLAN_MODES, buf));
	s->port->has_vlan_mode = name;
	s->port->vlan_mode = (enum conf_vlan_mode)mode;
	return 0;
}

static int set_tag(const struct setting *s, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	if (n < 0 || n > VLAN_MAX)
		return fail(s, "tag %" JSON_INTEGER_FORMAT " is not 0 to %d", n, VLAN_MAX);
	s->port->has_tag = !json_is_null(value);
	s->port->tag = (uint16_t)n;
	return 0;
}

static int set_trunks(const struct setting *s, const json_t *value)
{
	uint64_t *trunks = NULL;
	const json_t *element;
	size_t i;

	if (!json_is_null(value)) {
		trunks = calloc(CONF_TRUNK_WORDS, sizeof(*trunks));
		if (!trunks)
			return -ENOMEM;
	}
	json_array_foreach ((json_t *)(uintptr_t)value, i, element) {
		json_int_t vlan = json_integer_value(element);

		if (!json_is_integer(element) || vlan < 0 || vlan > VLAN_MAX) {
			s->place->idx = (int)i;
			free(trunks);
			return fail(s, "a trunk's VLAN is an integer from 0 to %d", VLAN_MAX);
		}
		trunks[vlan / 64] |= 1ULL << vlan % 64;
	}
	free(s->port->trunks);
	s->port->trunks = trunks;
	return 0;
}

static int set_isolated(const struct setting *s, const json_t *value)
{
	s->port->has_isolated = !json_is_null(value);
	s->port->isolated = json_is_true(value);
	return 0;
}

static int set_redirect_peer(const struct setting *s, const json_t *value)
{
	s->port->has_redirect_peer = !json_is_null(value);
	s->port->redirect_peer = json_is_true(value);
	return 0;
}

static const struct key {
	const char *name;
	json_type type; /* JSON_TRUE: a boolean */
	const char *type_name;
	int (*set)(const struct setting *s, const json_t *value);
} keys[] = {
	{ "ofport", JSON_INTEGER, "an integer", set_ofport },
	{ "type", JSON_STRING, "a string", set_type },
	{ "options", JSON_OBJECT, "an object", set_options },
	{ "netns", JSON_STRING, "a string", set_netns },
	{ "vlan_mode", JSON_STRING, "a string", set_vlan_mode },
	{ "tag", JSON_INTEGER, "an integer", set_tag },
	{ "trunks", JSON_ARRAY, "an array", set_trunks },
	{ "isolated", JSON_TRUE, "true or false", set_isolated },
	{ "redirect_peer", JSON_TRUE, "true or false", set_redirect_peer },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

int conf_port_set(struct conf_port *port, const char *key, const json_t *value,
		  struct conf_place *ret_place, char *err, size_t err_size)
{
	const struct setting s = {
		.port = port, .place = ret_place, .err = err, .err_size = err_size
	};
	const struct key *k = find_key(key);
	const char *names[N_KEYS];
	char buf[NEAR_HINT_SIZE];
	json_type type = json_typeof(value);

	*ret_place = (struct conf_place){ .key = key, .idx = -1 };
	if (!k) {
		for (size_t i = 0; i < N_KEYS; i++)
			names[i] = keys[i].name;
		return fail(&s, "unknown key \"%s\"%s", key, near_hint(key, names, N_KEYS, buf));
	}
	if (type == JSON_FALSE)
		type = JSON_TRUE;
	if (type != k->type && type != JSON_NULL)
		return fail(&s, "\"%s\" must be %s", key, k->type_name);
	return k->set(&s, value);
}

/* --- Keys together --- */

static int check_options(const struct setting *s, const struct conf_port *port)
{
	const char *names[CONF_N_OPTIONS];
	char buf[NEAR_HINT_SIZE];

	for (int i = 0; i < CONF_N_OPTIONS; i++)
		names[i] = options[i].types & 1u << port->type ? options[i].name : NULL;
	for (int i = 0; i < CONF_N_OPTIONS; i++)
		if (port->options[i] && !names[i]) {
			*s->place = (struct conf_place){ "options", options[i].name, -1 };
			return fail(s, "a port of type %s has no option \"%s\"%s",
				    type_names[port->type], options[i].name,
				    near_hint(options[i].name, names, CONF_N_OPTIONS, buf));
		}
	return 0;
}

static bool is_flow(const char *option)
{
	return option && !strcmp(option, "flow");
}

/* The key of one way, "flow", or NULL: none. */
static const char *key_option(const struct conf_port *port, enum conf_option way)
{
	return port->options[way] ? port->options[way] : port->options[CONF_OPTION_KEY];
}

static int check_keys(const struct setting *s, const struct conf_port *port)
{
	static const enum conf_option ways[] = { CONF_OPTION_IN_KEY, CONF_OPTION_OUT_KEY };

	*s->place = (struct conf_place){ "options", NULL, -1 };
	for (int i = 0; i < 2; i++) {
		const char *key = key_option(port, ways[i]);
		uint64_t n = 0;

		if (key && !is_flow(key))
			parse_number(key, UINT32_MAX, &n);
		if (n > conf_tunnel_key_max(port->type))
			return fail(s, "key %" PRIu64 " of a port of type %s is not below 2^24", n,
				    type_names[port->type]);
	}
	return 0;
}

static int check_tunnel(const struct setting *s, const struct conf_port *port)
{
	const char *remote = port->options[CONF_OPTION_REMOTE_IP],
		   *local = port->options[CONF_OPTION_LOCAL_IP];
	bool is_remote_ipv6, is_local_ipv6;
	uint8_t a[16];

	*s->place = (struct conf_place){ NULL, NULL, -1 };
	if (!remote)
		return fail(s, "a port of type %s needs the option \"remote_ip\"",
			    type_names[port->type]);
	if (local && conf_parse_address(remote, a, &is_remote_ipv6) &&
	    conf_parse_address(local, a, &is_local_ipv6) && is_remote_ipv6 != is_local_ipv6)
		return fail(s, "remote_ip \"%s\" and local_ip \"%s\" are of two kinds", remote,
			    local);
	return check_keys(s, port);
}

static int check_vlans(const struct setting *s, const struct conf_port *port)
{
	bool has_vlans = port->has_vlan_mode || port->has_tag || port->trunks;

	*s->place = (struct conf_place){ NULL, NULL, -1 };
	if (port->type == CONF_PATCH && has_vlans)
		return fail(s, "a port of type patch has no \"vlan_mode\", \"tag\" and \"trunks\"");
	if (!port->has_vlan_mode) {
		if (port->has_tag && port->trunks)
			return fail(s, "\"tag\" and \"trunks\" together need a \"vlan_mode\"");
		return 0;
	}
	switch (port->vlan_mode) {
	case CONF_VLAN_TRUNK:
		if (port->has_tag)
			return fail(s, "vlan_mode \"trunk\" has no \"tag\"");
		break;
	case CONF_VLAN_ACCESS:
		if (!port->has_tag || port->trunks)
			return fail(s,
				    "vlan_mode \"access\" needs a \"tag\", and has no \"trunks\"");
		break;
	case CONF_VLAN_NATIVE_TAGGED:
	case CONF_VLAN_NATIVE_UNTAGGED:
		if (!port->has_tag || !port->tag)
			return fail(s, "vlan_mode \"%s\" needs a \"tag\" from 1 to %d",
				    vlan_mode_names[port->vlan_mode], VLAN_MAX);
		break;
	case CONF_N_VLAN_MODES:
		break;
	}
	return 0;
}

int conf_port_check(const struct conf_port *port, struct conf_place *ret_place, char *err,
		    size_t err_size)
{
	const struct setting s = { .place = ret_place, .err = err, .err_size = err_size };
	int error = check_options(&s, port);

	if (!error && conf_port_is_tunnel(port))
		error = check_tunnel(&s, port);
	if (!error)
		error = check_vlans(&s, port);
	if (error)
		return error;
	*ret_place = (struct conf_place){ NULL, NULL, -1 };
	if (port->type == CONF_PATCH && !port->options[CONF_OPTION_PEER])
		return fail(&s, "a port of type patch needs the option \"peer\"");
	if (port->type == CONF_PATCH && !strcmp(port->options[CONF_OPTION_PEER], port->name))
		return fail(&s, "a patch port cannot be its own peer");
	if (port->has_redirect_peer && port->type != CONF_SYSTEM) {
		ret_place->key = "redirect_peer";
		return fail(&s, "a port of type %s has no \"redirect_peer\"",
			    type_names[port->type]);
	}
	if (port->netns && port->type != CONF_SYSTEM) {
		ret_place->key = "netns";
		return fail(&s, "a port of type %s has no \"netns\"", type_names[port->type]);
	}
	return 0;
}

/* --- The other way --- */

static void put_options(json_t *obj, const struct conf_port *port)
{
	json_t *list = NULL;

	for (int i = 0; i < CONF_N_OPTIONS; i++)
		if (port->options[i]) {
			list = list ? list : json_object();
			json_object_set_new(list, options[i].name, json_string(port->options[i]));
		}
	if (list)
		json_object_set_new(obj, "options", list);
}

static json_t *trunks_to_json(const uint64_t *trunks)
{
	json_t *list = json_array();

	for (int vlan = 0; vlan <= VLAN_MAX; vlan++)
		if (trunks[vlan / 64] >> vlan % 64 & 1)
			json_array_append_new(list, json_integer(vlan));
	return list;
}

json_t *conf_port_to_json(const struct conf_port *port)
{
	json_t *obj = json_pack("{s:i}", "ofport", (int)port->ofport);

	if (!obj)
		return NULL;
	if (port->type != CONF_SYSTEM)
		json_object_set_new(obj, "type", json_string(type_names[port->type]));
	put_options(obj, port);
	if (port->netns)
		json_object_set_new(obj, "netns", json_string(port->netns));
	if (port->has_vlan_mode)
		json_object_set_new(obj, "vlan_mode",
				    json_string(vlan_mode_names[port->vlan_mode]));
	if (port->has_tag)
		json_object_set_new(obj, "tag", json_integer(port->tag));
	if (port->trunks)
		json_object_set_new(obj, "trunks", trunks_to_json(port->trunks));
	if (port->has_isolated)
		json_object_set_new(obj, "isolated", json_boolean(port->isolated));
	if (port->has_redirect_peer)
		json_object_set_new(obj, "redirect_peer", json_boolean(port->redirect_peer));
	return obj;
}

bool conf_port_equal(const struct conf_port *a, const struct conf_port *b)
{
	for (int i = 0; i < CONF_N_OPTIONS; i++)
		if (!conf_same_text(a->options[i], b->options[i]))
			return false;
	if (!a->trunks != !b->trunks ||
	    (a->trunks && memcmp(a->trunks, b->trunks, CONF_TRUNK_WORDS * sizeof(*a->trunks)) != 0))
		return false;
	return a->ofport == b->ofport && a->type == b->type && conf_same_text(a->netns, b->netns) &&
	       a->has_vlan_mode == b->has_vlan_mode && a->vlan_mode == b->vlan_mode &&
	       a->has_tag == b->has_tag && a->tag == b->tag &&
	       a->has_isolated == b->has_isolated && a->isolated == b->isolated &&
	       a->has_redirect_peer == b->has_redirect_peer && a->redirect_peer == b->redirect_peer;
}

/* --- What it means --- */

const char *conf_port_type_name(enum conf_port_type type)
{
	return type_names[type];
}

bool conf_port_is_tunnel(const struct conf_port *port)
{
	return CONF_TUNNELS & 1u << port->type;
}

bool conf_parse_tunnel_kind(const char *s, enum conf_port_type *ret)
{
	int type = find_name(s, type_names, CONF_N_TYPES);

	if (type < 0 || !(CONF_TUNNELS & 1u << type))
		return false;
	*ret = (enum conf_port_type)type;
	return true;
}

uint32_t conf_tunnel_key_max(enum conf_port_type kind)
{
	return kind == CONF_GRE ? UINT32_MAX : (1u << 24) - 1;
}

static bool is_true(const char *option, bool by_default)
{
	return option ? !strcmp(option, "true") : by_default;
}

static uint64_t number_of(const char *option)
{
	uint64_t n = 0;

	if (option)
		parse_number(option, UINT32_MAX, &n);
	return n;
}

void conf_port_tunnel(const struct conf_port *port, struct dp_tunnel *ret, uint16_t *ret_dst_port)
{
	char *const *o = port->options;
	const char *remote = o[CONF_OPTION_REMOTE_IP], *local = o[CONF_OPTION_LOCAL_IP];
	const char *key = key_option(port, CONF_OPTION_IN_KEY), *out_key = key_option(port, CONF_OPTION_OUT_KEY);
	const char *tos = o[CONF_OPTION_TOS], *ttl = o[CONF_OPTION_TTL];
	bool is_ipv6 = false;

	memset(ret, 0, sizeof(*ret));
	ret->is_local_any = !local;
	ret->is_local_flow = is_flow(local);
	ret->is_remote_flow = is_flow(remote);
	/* With "flow" for both this is no more than a guess, and only GRE, with two devices, minds. */
	if (local && !ret->is_local_flow)
		conf_parse_address(local, ret->local, &is_ipv6);
	if (!ret->is_remote_flow)
		conf_parse_address(remote, ret->remote, &is_ipv6);
	ret->is_ipv6 = is_ipv6;
	ret->is_key_flow = is_flow(key);
	ret->key = ret->is_key_flow ? 0 : number_of(key);
	ret->is_out_key_flow = is_flow(out_key);
	ret->has_key = out_key || port->type != CONF_GRE;
	ret->out_key = ret->is_out_key_flow ? 0 : number_of(out_key);
	ret->has_options = port->type == CONF_GENEVE;
	ret->has_csum = is_true(o[CONF_OPTION_CSUM], false);
	ret->is_df = is_true(o[CONF_OPTION_DF_DEFAULT], true);
	ret->is_tos_inherit = tos && !strcmp(tos, "inherit");
	ret->is_ttl_inherit = ttl && !strcmp(ttl, "inherit");
	ret->tos = (uint8_t)number_of(ret->is_tos_inherit ? NULL : tos);
	ret->ttl = (uint8_t)number_of(ret->is_ttl_inherit ? NULL : ttl);
	*ret_dst_port = port->type == CONF_GRE	    ? 0
			: o[CONF_OPTION_DST_PORT]   ? (uint16_t)number_of(o[CONF_OPTION_DST_PORT])
			: port->type == CONF_GENEVE ? GENEVE_PORT
						    : VXLAN_PORT;
}

void conf_port_vlan(const struct conf_port *port, struct dp_port_vlan *ret)
{
	static const enum dp_vlan_mode modes[CONF_N_VLAN_MODES] = {
		[CONF_VLAN_TRUNK] = DP_VLAN_TRUNK,
		[CONF_VLAN_ACCESS] = DP_VLAN_ACCESS,
		[CONF_VLAN_NATIVE_TAGGED] = DP_VLAN_NATIVE_TAGGED,
		[CONF_VLAN_NATIVE_UNTAGGED] = DP_VLAN_NATIVE_UNTAGGED,
	};

	memset(ret, 0, sizeof(*ret));
	ret->mode = port->has_vlan_mode ? modes[port->vlan_mode]
		    : port->has_tag	? DP_VLAN_ACCESS
					: DP_VLAN_TRUNK;
	ret->pvid = port->tag;
	ret->has_trunks = port->trunks;
	if (port->trunks)
		memcpy(ret->trunks, port->trunks, sizeof(ret->trunks));
}

bool conf_port_redirects_peer(const struct conf_port *port)
{
	return !port->has_redirect_peer || port->redirect_peer;
}

bool conf_port_is_isolated(const struct conf_port *port)
{
	return port->has_isolated ? port->isolated : conf_port_is_tunnel(port);
}
