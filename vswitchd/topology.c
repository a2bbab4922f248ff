// SPDX-License-Identifier: Apache-2.0
/* A host's share of a topology; see topology.h. */
#include "vswitchd/topology.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/action.h"
#include "vswitchd/conf_port.h"
#include "vswitchd/json_text.h"

#define VLANS 4095 /* 0 and 4095 are nobody's */

/* The bridge while it is made anew, beside the one that it replaces. */
struct share {
	const struct topology *t;
	const struct conf *conf;
	unsigned int host;
	struct conf_bridge *old, *fresh; /* 'old' has no ports if it is new */
	bool *has_ofport;		 /* up to PORT_NO_MAX: in 'old' or 'fresh' */
	uint32_t next_ofport;
	uint16_t *vlans; /* by network; 0: it has no port here */
	bool *is_member; /* by host, then network */
	char *err;
	size_t err_size;
};

/* An error of the file's member or, with 'idx' not negative, of an element of it. */
static int __attribute__((format(printf, 5, 6)))
fail_at(const struct share *s, const char *member, const char *key, int idx, const char *fmt, ...)
{
	struct json_text ps = { .name = s->t->name,
				.text = s->t->text,
				.end = s->t->text + s->t->len,
				.err = s->err,
				.err_size = s->err_size };
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	json_text_push(&ps, member);
	if (key)
		json_text_push(&ps, key);
	if (idx >= 0)
		json_text_push_idx(&ps, (size_t)idx);
	return json_text_fail(&ps, "%s", why);
}

static bool is_member(const struct share *s, unsigned int host, unsigned int network)
{
	return s->is_member[(size_t)host * s->t->n_networks + network];
}

static int find_members(struct share *s)
{
	const struct topology *t = s->t;

	s->is_member = calloc((size_t)t->n_hosts * t->n_networks + 1, sizeof(*s->is_member));
	if (!s->is_member)
		return -ENOMEM;
	for (unsigned int i = 0; i < t->n_ports; i++)
		s->is_member[(size_t)t->ports[i].host * t->n_networks + t->ports[i].network] = true;
	return 0;
}

/* --- VLANs: a network keeps its own, and one that was given up is not used again in the same step. --- */

static uint16_t old_vlan(const struct conf_bridge *old, const char *network)
{
	for (unsigned int i = 0; i < old->n_networks; i++)
		if (!strcmp(old->networks[i].name, network))
			return old->networks[i].vlan;
	return 0;
}

static uint16_t free_vlan(const bool *is_used)
{
	for (uint16_t vlan = 1; vlan < VLANS; vlan++)
		if (!is_used[vlan])
			return vlan;
	return 0;
}

static int assign_vlans(struct share *s)
{
	const struct topology *t = s->t;
	bool is_used[VLANS] = { false }, was_used[VLANS] = { false };

	s->vlans = calloc(t->n_networks + 1, sizeof(*s->vlans));
	s->fresh->networks = calloc(t->n_networks + 1, sizeof(*s->fresh->networks));
	if (!s->vlans || !s->fresh->networks)
		return -ENOMEM;
	for (unsigned int i = 0; i < s->old->n_networks; i++)
		was_used[s->old->networks[i].vlan] = true;
	for (unsigned int i = 0; i < t->n_networks; i++)
		if (is_member(s, s->host, i)) {
			s->vlans[i] = old_vlan(s->old, t->networks[i].name);
			is_used[s->vlans[i]] = was_used[s->vlans[i]] = true;
		}
	for (unsigned int i = 0; i < t->n_networks; i++) {
		const struct topology_network *net = &t->networks[i];
		struct conf_network *to = &s->fresh->networks[s->fresh->n_networks];

		if (!is_member(s, s->host, i))
			continue;
		if (!s->vlans[i]) {
			s->vlans[i] = free_vlan(was_used);
			if (!s->vlans[i])
				s->vlans[i] = free_vlan(is_used);
			is_used[s->vlans[i]] = was_used[s->vlans[i]] = true;
		}
		memcpy(to->name, net->name, sizeof(to->name));
		to->kind = net->kind;
		to->key = net->key;
		to->vlan = s->vlans[i];
		s->fresh->n_networks++;
	}
	return 0;
}

/* --- Ports --- */

/* The bridge that has a port or is named 'name', other than the one that is being replaced. */
static const struct conf_bridge *find_elsewhere(const struct share *s, const char *name)
{
	const struct conf_bridge *br;

	TAILQ_FOREACH (br, &s->conf->bridges, node)
		if (br != s->old && (!strcmp(br->name, name) || conf_find_port(br, name)))
			return br;
	return NULL;
}

/* A port of that name keeps its number. */
static struct conf_port *add_port(struct share *s, const char *name, uint16_t vlan)
{
	const struct conf_port *old = conf_find_port(s->old, name);
	struct conf_port *port;
	uint32_t ofport = old ? old->ofport : s->next_ofport;

	while (!old && ofport <= PORT_NO_MAX && s->has_ofport[ofport])
		ofport++;
	if (ofport > PORT_NO_MAX) {
		snprintf(s->err, s->err_size, "bridge %s has no number left for another port", s->fresh->name);
		return NULL;
	}
	port = conf_add_port(s->fresh, name, ofport);
	if (!port)
		return NULL;
	s->has_ofport[ofport] = true;
	if (!old)
		s->next_ofport = ofport + 1;
	port->has_tag = true;
	port->tag = vlan;
	return port;
}

static int add_macs(struct share *s, const struct topology_port *from, const char *port)
{
	for (unsigned int i = 0; i < from->n_macs; i++) {
		int error = conf_set_mac(s->fresh, from->macs[i], s->vlans[from->network], port);

		if (error == -E2BIG)
			snprintf(s->err, s->err_size, "%s: more than %d addresses", s->t->name,
				 CONF_MACS_MAX);
		if (error)
			return error;
	}
	return 0;
}

static int add_local_port(struct share *s, unsigned int idx)
{
	const struct topology_port *from = &s->t->ports[idx];
	const struct conf_bridge *owner = find_elsewhere(s, from->name);
	struct conf_port *port;

	if (owner && !strcmp(owner->name, from->name))
		return fail_at(s, "ports", NULL, (int)idx, "interface \"%s\" is that of a bridge", from->name);
	if (owner)
		return fail_at(s, "ports", NULL, (int)idx,
			       "interface \"%s\" is a port of bridge %s, which no port of a topology can be",
			       from->name, owner->name);
	port = add_port(s, from->name, s->vlans[from->network]);
	if (!port)
		return -ENOMEM;
	if (from->netns) {
		port->netns = strdup(from->netns);
		if (!port->netns)
			return -ENOMEM;
	}
	return add_macs(s, from, from->name);
}

/* The name of the tunnel port to 'host' of the network with 'vlan': "t1-beta".  Where that is too long, or taken, digits of a hash stand in. */
static void tunnel_name(const struct share *s, const char *host, uint16_t vlan,
			char ret[CONF_NAME_SIZE])
{
	char text[CONF_TOPOLOGY_NAME_SIZE + 8];
	uint32_t hash = 2166136261u; /* FNV-1a */

	snprintf(text, sizeof(text), "t%u-%s", vlan, host);
	for (const char *p = host; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	snprintf(ret, CONF_NAME_SIZE, "%.15s", text);
	for (; strlen(text) >= CONF_NAME_SIZE || !conf_name_is_valid(ret) || find_elsewhere(s, ret) ||
	       !strcmp(ret, s->fresh->name) || conf_find_port(s->fresh, ret);
	     hash = hash * 16777619u + 1) {
		snprintf(ret, CONF_NAME_SIZE, "t%u-%08x", vlan, (unsigned int)hash);
		text[0] = '\0';
	}
}

static int set_option(struct conf_port *port, enum conf_option option, const char *value)
{
	port->options[option] = strdup(value);
	return port->options[option] ? 0 : -ENOMEM;
}

static int add_tunnel(struct share *s, unsigned int network, unsigned int host)
{
	const struct topology *t = s->t;
	const struct topology_host *me = &t->hosts[s->host], *peer = &t->hosts[host];
	char name[CONF_NAME_SIZE], key[16];
	struct conf_port *port;
	int error;

	if (me->is_ipv6 != peer->is_ipv6)
		return fail_at(s, "hosts", peer->name, -1,
			       "hosts \"%s\" and \"%s\" share network \"%s\", but one has an IPv4 address and the other an IPv6 address",
			       me->name, peer->name, t->networks[network].name);
	tunnel_name(s, peer->name, s->vlans[network], name);
	port = add_port(s, name, s->vlans[network]);
	if (!port)
		return -ENOMEM;
	snprintf(key, sizeof(key), "%u", t->networks[network].key);
	port->type = t->networks[network].kind;
	error = set_option(port, CONF_OPTION_REMOTE_IP, peer->address);
	/* Of several addresses that this host has, the others only know this one. */
	if (!error)
		error = set_option(port, CONF_OPTION_LOCAL_IP, me->address);
	if (!error)
		error = set_option(port, CONF_OPTION_KEY, key);
	for (unsigned int i = 0; i < t->n_ports && !error; i++)
		if (t->ports[i].host == host && t->ports[i].network == network)
			error = add_macs(s, &t->ports[i], name);
	return error;
}

static int add_ports(struct share *s)
{
	const struct topology *t = s->t;
	const struct conf_port *port;
	int error = 0;

	s->has_ofport = calloc(PORT_NO_MAX + 1, sizeof(*s->has_ofport));
	if (!s->has_ofport)
		return -ENOMEM;
	s->next_ofport = 1;
	TAILQ_FOREACH (port, &s->old->ports, node)
		s->has_ofport[port->ofport] = true;
	for (unsigned int i = 0; i < t->n_ports && !error; i++)
		if (t->ports[i].host == s->host)
			error = add_local_port(s, i);
	for (unsigned int n = 0; n < t->n_networks && !error; n++)
		for (unsigned int h = 0; h < t->n_hosts && !error; h++)
			if (s->vlans[n] && h != s->host && is_member(s, h, n))
				error = add_tunnel(s, n, h);
	return error;
}

/* --- The whole --- */

static int find_host(struct share *s, const char *name)
{
	for (s->host = 0; s->host < s->t->n_hosts; s->host++)
		if (!strcmp(s->t->hosts[s->host].name, name))
			return 0;
	return fail_at(s, "hosts", NULL, -1, "host \"%s\" is not in the file", name);
}

static int find_bridge(struct share *s, struct conf *conf)
{
	const char *name = s->t->bridge;
	const struct conf_bridge *owner = conf_find_bridge_of_port(conf, name);

	s->old = conf_find_bridge(conf, name);
	if (s->old && !s->old->topology_host[0])
		return fail_at(s, "bridge", NULL, -1,
			       "bridge %s exists already, and was not made by a topology", name);
	if (owner)
		return fail_at(s, "bridge", NULL, -1, "%s is a port of bridge %s", name, owner->name);
	if (!s->old)
		s->old = conf_add_bridge(conf, name);
	return s->old ? 0 : -ENOMEM;
}

/* What the topology does not speak of stays: the address, controllers, ageing. */
static void replace(struct conf_bridge *br, struct conf_bridge *fresh)
{
	struct conf_port *port;

	while ((port = TAILQ_FIRST(&br->ports)))
		conf_del_port(br, port);
	TAILQ_CONCAT(&br->ports, &fresh->ports, node);
	free(br->macs);
	br->macs = fresh->macs;
	br->n_macs = fresh->n_macs;
	fresh->macs = NULL;
	fresh->n_macs = 0;
	free(br->networks);
	br->networks = fresh->networks;
	br->n_networks = fresh->n_networks;
	fresh->networks = NULL;
	fresh->n_networks = 0;
	br->is_standalone = true;
}

int topology_compute(const struct topology *t, const char *host, struct conf *conf, char *err,
		     size_t err_size)
{
	struct share s = { .t = t, .conf = conf, .err = err, .err_size = err_size };
	struct conf *scratch = conf_new();
	int error = -ENOMEM;

	err[0] = '\0';
	s.fresh = scratch ? conf_add_bridge(scratch, t->bridge) : NULL;
	if (!s.fresh)
		goto out;
	error = find_host(&s, host);
	if (!error)
		error = find_bridge(&s, conf);
	if (!error)
		error = find_members(&s);
	if (!error)
		error = assign_vlans(&s);
	if (!error)
		error = add_ports(&s);
	if (!error) {
		replace(s.old, s.fresh);
		snprintf(s.old->topology_host, sizeof(s.old->topology_host), "%s", host);
	}
out:
	if (error && !err[0])
		snprintf(err, err_size, "%s: %s", t->name, strerror(-error));
	free(s.has_ofport);
	free(s.is_member);
	free(s.vlans);
	conf_free(scratch);
	return error;
}

/* --- Differences --- */

static void say(json_t *list, const char *sign, const char *what, const struct conf_port *port)
{
	const char *remote = port->options[CONF_OPTION_REMOTE_IP];

	if (remote)
		json_array_append_new(list, json_sprintf("%s %s: %s to %s, key %s, VLAN %u", sign, what,
							 conf_port_type_name(port->type), remote,
							 port->options[CONF_OPTION_KEY], port->tag));
	else
		json_array_append_new(list, json_sprintf("%s %s: VLAN %u%s%s", sign, what, port->tag,
							 port->netns ? ", of namespace " : "",
							 port->netns ? port->netns : ""));
}

static void diff_ports(json_t *list, const struct conf_bridge *old, const struct conf_bridge *br)
{
	const struct conf_port *port, *was;
	char what[CONF_NAME_SIZE + 8];

	if (old)
		TAILQ_FOREACH (was, &old->ports, node)
			if (!conf_find_port(br, was->name))
				json_array_append_new(list, json_sprintf("- port %s", was->name));
	TAILQ_FOREACH (port, &br->ports, node) {
		was = old ? conf_find_port(old, port->name) : NULL;
		snprintf(what, sizeof(what), "port %s", port->name);
		if (!was || was->ofport != port->ofport || !conf_port_equal(was, port))
			say(list, was ? "~" : "+", what, port);
	}
}

static int compare_macs(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct conf_mac));
}

/* A sorted copy with nothing behind the names' ends. */
static struct conf_mac *sorted_macs(const struct conf_bridge *br)
{
	unsigned int n = br ? br->n_macs : 0;
	struct conf_mac *macs = calloc(n + 1, sizeof(*macs));

	for (unsigned int i = 0; macs && i < n; i++) {
		memcpy(macs[i].mac, br->macs[i].mac, sizeof(macs[i].mac));
		macs[i].vlan = br->macs[i].vlan;
		snprintf(macs[i].port, sizeof(macs[i].port), "%s", br->macs[i].port);
	}
	if (macs)
		qsort(macs, n, sizeof(*macs), compare_macs);
	return macs;
}

static bool diff_macs(json_t *list, const struct conf_bridge *old, const struct conf_bridge *br)
{
	struct conf_mac *before = sorted_macs(old), *after = sorted_macs(br);
	unsigned int i = 0, k = 0, n_before = old ? old->n_macs : 0, n_gone = 0, n_new = 0;
	bool ok = before && after;

	while (ok && (i < n_before || k < br->n_macs)) {
		int order = i == n_before    ? 1
			    : k == br->n_macs ? -1
					      : compare_macs(&before[i], &after[k]);

		n_gone += order < 0;
		n_new += order > 0;
		i += order <= 0;
		k += order >= 0;
	}
	if (n_gone)
		json_array_append_new(list, json_sprintf("- %u static addresses", n_gone));
	if (n_new)
		json_array_append_new(list, json_sprintf("+ %u static addresses", n_new));
	free(before);
	free(after);
	return ok;
}

json_t *topology_diff(const struct conf_bridge *old, const struct conf_bridge *br)
{
	json_t *list = json_array();

	if (!list)
		return NULL;
	if (!old)
		json_array_append_new(list, json_sprintf("+ bridge %s", br->name));
	else if (!old->is_standalone)
		json_array_append_new(list, json_sprintf("~ bridge %s: fail mode standalone", br->name));
	if (old && strcmp(old->topology_host, br->topology_host) != 0)
		json_array_append_new(list, json_sprintf("~ bridge %s: this host is \"%s\", not \"%s\"",
							 br->name, br->topology_host, old->topology_host));
	diff_ports(list, old, br);
	if (!diff_macs(list, old, br)) {
		json_decref(list);
		return NULL;
	}
	return list;
}
