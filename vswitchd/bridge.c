// SPDX-License-Identifier: Apache-2.0
/* A bridge and its LOCAL interface; see bridge.h.  port.c has the ports. */
#include "vswitchd/bridge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "model/action.h"
#include "vswitchd/agent.h"
#include "vswitchd/device.h"
#include "vswitchd/port.h"
#include "vswitchd/switch.h"

static bool is_veth(const struct nl_link *link)
{
	return !strcmp(link->kind, "veth");
}

/* Sees to it that the pair of LOCAL is there.  An interface of the bridge's name that is not our
 * pair is somebody else's. */
static int make_local(struct bridge *br, const uint8_t *hwaddr, struct sw_problems *problems)
{
	const struct nl_link *host = nl_find(br->sw->nl, br->name);
	const struct nl_link *hidden = nl_find(br->sw->nl, br->hidden);
	int error;

	if (hidden && is_veth(hidden) && hidden->is_peer_elsewhere)
		goto found; /* somebody moved the host's end into another namespace */
	if (host && hidden && is_veth(host) && is_veth(hidden) &&
	    host->peer_ifindex == hidden->ifindex)
		goto found;
	if (host || hidden) {
		sw_problem(problems,
			   "bridge %s: interface %s exists already and is not that of a bridge",
			   br->name, host ? br->name : br->hidden);
		return -EEXIST;
	}
	error = nl_add_veth(br->sw->nl, br->name, hwaddr, br->hidden);
	if (error) {
		sw_problem(problems, "bridge %s: its interface cannot be made: %s%s", br->name,
			   strerror(-error), error == -EPERM ? " (CAP_NET_ADMIN is missing)" : "");
		return error;
	}
	hidden = nl_find(br->sw->nl, br->hidden);
found:
	if (!hidden)
		return -ENODEV;
	/* Without IPv6 in the kernel there is nothing to turn off. */
	(void)nl_set_no_address(br->sw->nl, hidden->ifindex);
	error = hidden->is_up ? 0 : nl_set_up(br->sw->nl, hidden->ifindex, true);
	if (error)
		sw_problem(problems, "bridge %s: %s cannot be set up: %s", br->name, br->hidden,
			   strerror(-error));
	return error;
}

static void del_local(struct bridge *br)
{
	const struct nl_link *hidden = nl_find(br->sw->nl, br->hidden);
	int error;

	if (!hidden)
		return;
	error = nl_del_link(br->sw->nl, hidden->ifindex);
	if (error)
		log_err("bridge %s: its interface cannot be deleted: %s", br->name,
			strerror(-error));
}

struct bridge *bridge_new(struct sw *sw, const struct conf_bridge *conf,
			  struct sw_problems *problems)
{
	struct bridge *br = calloc(1, sizeof(*br));
	bool is_local_new;
	int error;

	if (!br)
		return NULL;
	br->sw = sw;
	memcpy(br->name, conf->name, sizeof(br->name));
	conf_hidden_name(br->name, br->hidden);
	TAILQ_INIT(&br->ports);
	port_init(&br->local, br, br->name, PORT_LOCAL, NULL);
	is_local_new = !nl_find(sw->nl, br->hidden);
	if (make_local(br, conf->has_hwaddr ? conf->hwaddr : NULL, problems))
		goto fail_free;
	error = dp_bridge_add(sw->dp, br->name, &br->number);
	if (error && error != -EEXIST) {
		sw_problem(problems, "bridge %s: %s", br->name,
			   error == -ENOSPC ? "there are too many bridges" : strerror(-error));
		goto fail_local;
	}
	dp_bridge_set_pktin_limit(sw->dp, br->number, SW_PKTIN_RATE, SW_PKTIN_BURST);
	br->agent = agent_new(br, problems);
	if (br->agent)
		return br;
	/* One that was adopted goes on without us. */
	if (!error)
		dp_bridge_del(sw->dp, br->number);
fail_local:
	if (is_local_new)
		del_local(br);
fail_free:
	free(br);
	return NULL;
}

static uint64_t id_from_mac(const uint8_t mac[6])
{
	uint64_t id = 0;

	for (int i = 0; i < 6; i++)
		id = id << 8 | mac[i];
	return id;
}

static void apply_identity(struct bridge *br, const struct conf_bridge *conf)
{
	const struct nl_link *host = nl_find(br->sw->nl, br->name);
	uint64_t id = br->datapath_id;

	if (host)
		memcpy(br->hwaddr, host->mac, sizeof(br->hwaddr));
	if (conf->has_datapath_id)
		id = conf->datapath_id;
	else if (conf->has_hwaddr)
		id = id_from_mac(conf->hwaddr);
	else if (host)
		id = id_from_mac(host->mac);
	if (br->datapath_id && br->datapath_id != id)
		agent_disconnect(br->agent, "the datapath id has changed");
	br->datapath_id = id;
}

/* True if port 'dpp' of the datapath is as 'conf' wants it. */
static bool is_wanted(const struct bridge *br, const struct conf_bridge *conf,
		      const struct dp_port *dpp)
{
	static const enum dp_port_kind kinds[CONF_N_TYPES] = {
		[CONF_SYSTEM] = DP_PORT_PLAIN,	[CONF_VXLAN] = DP_PORT_TUNNEL,
		[CONF_GENEVE] = DP_PORT_TUNNEL, [CONF_GRE] = DP_PORT_TUNNEL,
		[CONF_PATCH] = DP_PORT_PATCH,	[CONF_SOCKET] = DP_PORT_SOCKET,
	};
	const struct conf_port *cp = conf_find_ofport(conf, dpp->ofport);
	const char *name = dpp->ofport == PORT_LOCAL ? br->hidden : cp ? cp->name : NULL;
	const struct nl_link *link;

	if (cp && kinds[cp->type] != dpp->kind)
		return false;
	if (cp && cp->type != CONF_SYSTEM)
		return true;
	link = name ? nl_find(br->sw->nl, name) : NULL;
	return link && link->ifindex == dpp->ifindex;
}

static void del_port(struct port *port)
{
	struct bridge *br = port->br;

	port_detach(port);
	port_give_back(port);
	TAILQ_REMOVE(&br->ports, port, node);
	free(port);
}

void bridge_prune(struct bridge *br, const struct conf_bridge *conf)
{
	struct port *port, *next;
	const struct conf_port *cp;
	struct dp_port dpp;
	uint32_t ofport = 0;

	for (port = TAILQ_FIRST(&br->ports); port; port = next) {
		next = TAILQ_NEXT(port, node);
		cp = conf_find_port(conf, port->name);
		if (!cp || cp->ofport != port->ofport || cp->type != port->type ||
		    !conf_same_text(cp->netns, port->conf->netns))
			del_port(port);
	}
	while (ofport <= PORT_LOCAL && dp_port_next(br->sw->dp, br->number, ofport, &dpp)) {
		if (!is_wanted(br, conf, &dpp))
			dp_port_del(br->sw->dp, br->number, dpp.ofport);
		ofport = dpp.ofport + 1;
	}
}

static void insert_port(struct bridge *br, struct port *port)
{
	struct port *p;

	TAILQ_FOREACH (p, &br->ports, node)
		if (p->ofport > port->ofport) {
			TAILQ_INSERT_BEFORE(p, port, node);
			return;
		}
	TAILQ_INSERT_TAIL(&br->ports, port, node);
}

static struct port *find_configured(const struct bridge *br, const char *name)
{
	struct port *port;

	TAILQ_FOREACH (port, &br->ports, node)
		if (!strcmp(port->name, name))
			return port;
	return NULL;
}

static void apply_ports(struct bridge *br, const struct conf_bridge *conf,
			struct sw_problems *problems)
{
	const struct conf_port *cp;
	struct port *port;

	TAILQ_FOREACH (cp, &conf->ports, node) {
		port = find_configured(br, cp->name);
		if (port) {
			port_set_conf(port, cp);
			continue;
		}
		port = calloc(1, sizeof(*port));
		if (!port) {
			sw_problem(problems, "port %s: %s", cp->name, strerror(ENOMEM));
			continue;
		}
		port_init(port, br, cp->name, cp->ofport, cp);
		insert_port(br, port);
	}
	port_sync(&br->local, NULL);
	TAILQ_FOREACH (port, &br->ports, node)
		port_sync(port, problems);
}

struct bridge_mac {
	uint8_t mac[6];
	uint16_t vlan;
	uint32_t ofport;
};

static int compare_macs(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct bridge_mac, ofport));
}

static bool has_mac(const struct bridge_mac *macs, unsigned int n, const struct bridge_mac *mac)
{
	return n && bsearch(mac, macs, n, sizeof(*mac), compare_macs);
}

/* The configured static addresses in order, with the numbers of their ports.  NULL if there are none, or memory ran out. */
static struct bridge_mac *resolve_macs(const struct conf_bridge *conf)
{
	struct bridge_mac *macs = conf->n_macs ? calloc(conf->n_macs, sizeof(*macs)) : NULL;

	for (unsigned int i = 0; macs && i < conf->n_macs; i++) {
		const struct conf_port *port = conf_find_port(conf, conf->macs[i].port);

		memcpy(macs[i].mac, conf->macs[i].mac, sizeof(macs[i].mac));
		macs[i].vlan = conf->macs[i].vlan;
		macs[i].ofport = port ? port->ofport : PORT_LOCAL;
	}
	if (macs)
		qsort(macs, conf->n_macs, sizeof(*macs), compare_macs);
	return macs;
}

/* Static addresses of an earlier skepd that are not configured any more. */
static void forget_adopted_macs(struct bridge *br, const struct bridge_mac *macs, unsigned int n)
{
	struct dp_cursor cursor = { 0 };
	struct dp_fdb_entry e;
	struct bridge_mac mac;

	while (dp_fdb_next(br->sw->dp, br->number, &cursor, &e)) {
		memset(&mac, 0, sizeof(mac));
		memcpy(mac.mac, e.mac, sizeof(mac.mac));
		mac.vlan = e.vlan;
		if (e.is_static && !has_mac(macs, n, &mac))
			dp_fdb_del(br->sw->dp, br->number, e.vlan, e.mac);
	}
}

static void apply_macs(struct bridge *br, const struct conf_bridge *conf,
		       struct sw_problems *problems)
{
	struct bridge_mac *macs = resolve_macs(conf);
	unsigned int n = macs ? conf->n_macs : 0;
	int error = 0;

	if (br->has_macs && n == br->n_macs && (!n || !memcmp(macs, br->macs, n * sizeof(*macs)))) {
		free(macs);
		return;
	}
	if (!br->has_macs)
		forget_adopted_macs(br, macs, n);
	for (unsigned int i = 0; i < br->n_macs; i++)
		if (!has_mac(macs, n, &br->macs[i]))
			dp_fdb_del(br->sw->dp, br->number, br->macs[i].vlan, br->macs[i].mac);
	for (unsigned int i = 0; i < n && !error; i++)
		error = dp_fdb_set(br->sw->dp, br->number, macs[i].vlan, macs[i].mac,
				   macs[i].ofport);
	if (error)
		sw_problem(problems, "bridge %s: static addresses: %s", br->name,
			   error == -ENOSPC ? "there are too many" : strerror(-error));
	free(br->macs);
	br->macs = macs;
	br->n_macs = n;
	br->has_macs = true;
}

static void apply_normal(struct bridge *br, const struct conf_bridge *conf,
			 struct sw_problems *problems)
{
	dp_bridge_set_ageing(br->sw->dp, br->number,
			     conf->has_mac_ageing ? conf->mac_ageing : CONF_MAC_AGEING);
	dp_bridge_set_forward_bpdu(br->sw->dp, br->number, conf->forward_bpdu);
	apply_macs(br, conf, problems);
}

void bridge_apply(struct bridge *br, const struct conf_bridge *conf, struct sw_problems *problems)
{
	/* A LOCAL that somebody deleted comes back. */
	if (!nl_find(br->sw->nl, br->hidden))
		make_local(br, conf->has_hwaddr ? conf->hwaddr : NULL, problems);
	apply_identity(br, conf);
	apply_ports(br, conf, problems);
	apply_normal(br, conf, problems);
	agent_apply(br->agent, conf, problems);
}

void bridge_free(struct bridge *br)
{
	struct port *port;

	if (!br)
		return;
	agent_free(br->agent);
	while ((port = TAILQ_FIRST(&br->ports))) {
		TAILQ_REMOVE(&br->ports, port, node);
		free(port);
	}
	free(br->macs);
	free(br);
}

void bridge_del(struct bridge *br)
{
	struct port *port;

	if (!br)
		return;
	agent_free(br->agent);
	br->agent = NULL;
	while ((port = TAILQ_FIRST(&br->ports)))
		del_port(port);
	port_detach(&br->local);
	dp_bridge_del(br->sw->dp, br->number);
	del_local(br);
	br->sw->bridges[br->number] = NULL;
	bridge_free(br);
}

/* The port that the patch port's configuration names, if that names it in return. */
static struct port *find_peer(const struct port *port)
{
	const struct sw *sw = port->br->sw;

	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++) {
		struct port *p = sw->bridges[i] && sw->bridges[i] != port->br
					 ? find_configured(sw->bridges[i],
							   port->conf->options[CONF_OPTION_PEER])
					 : NULL;

		if (p && p->type == CONF_PATCH && p->is_attached &&
		    !strcmp(p->conf->options[CONF_OPTION_PEER], port->name))
			return p;
	}
	return NULL;
}

void bridge_join_patches(struct bridge *br)
{
	struct port *port;

	TAILQ_FOREACH (port, &br->ports, node)
		if (port->type == CONF_PATCH && port->is_attached)
			port_join(port, find_peer(port));
}

/* The port after the one that was looked at last. */
static void watch_next_peer(struct bridge *br)
{
	struct port *port;

	TAILQ_FOREACH (port, &br->ports, node)
		if (port->ofport > br->watched && port->is_attached && port->type == CONF_SYSTEM)
			break;
	br->watched = port ? port->ofport : 0;
	port_watch_peer(port ? port : &br->local);
}

void bridge_tick(struct bridge *br)
{
	struct port *port;

	TAILQ_FOREACH (port, &br->ports, node)
		if (port->conf->netns && !port->is_attached)
			port_sync(port, NULL);
	watch_next_peer(br);
}

/* The peer of the port's veth came into this namespace; the veth itself may not yet say so. */
static bool is_peer_here(const struct port *port, const struct nl_link *link)
{
	return port->has_peer && link->peer_ifindex == port->ifindex && !link->is_peer_elsewhere;
}

static bool is_about(const struct port *port, const struct nl_link *link)
{
	if (port->type == CONF_PATCH)
		return false;
	if (port->type != CONF_SYSTEM)
		return !strcmp(port->device, link->name) || !strcmp(DEVICE_IO, link->name);
	return port->ifindex == link->ifindex || !strcmp(port->name, link->name) ||
	       is_peer_here(port, link);
}

void bridge_link_changed(struct bridge *br, const struct nl_link *link)
{
	struct port *port;

	if (!strcmp(link->name, br->name) || !strcmp(link->name, br->hidden) ||
	    is_peer_here(&br->local, link))
		port_sync(&br->local, NULL);
	TAILQ_FOREACH (port, &br->ports, node)
		if (is_about(port, link))
			port_sync(port, NULL);
}

struct port *bridge_next_port(struct bridge *br, const struct port *port)
{
	struct port *p;

	if (port == &br->local)
		return NULL;
	for (p = port ? TAILQ_NEXT(port, node) : TAILQ_FIRST(&br->ports); p;
	     p = TAILQ_NEXT(p, node))
		if (p->is_attached)
			return p;
	return br->local.is_attached ? &br->local : NULL;
}

struct port *bridge_find_port(struct bridge *br, uint32_t ofport)
{
	struct port *p = NULL;

	while ((p = bridge_next_port(br, p)))
		if (p->ofport == ofport)
			return p;
	return NULL;
}
