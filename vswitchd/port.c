// SPDX-License-Identifier: Apache-2.0
/* Ports: attaching interfaces as they come and go, and what OpenFlow sees of them; see bridge.h. */
#include "vswitchd/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "model/action.h"
#include "mono.h"
#include "vswitchd/agent.h"
#include "vswitchd/conf_port.h"
#include "vswitchd/device.h"
#include "vswitchd/netns.h"
#include "vswitchd/switch.h"

/* Nobody sends from the address of a port that is no interface; it only must be there, and stay. */
static void make_mac(const struct port *port, uint8_t ret[6])
{
	const char *parts[] = { port->br->name, "/", port->name };
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (size_t i = 0; i < 3; i++)
		for (const char *p = parts[i]; *p; p++)
			hash = (hash ^ (uint8_t)*p) * 1099511628211u;
	for (int i = 0; i < 6; i++)
		ret[i] = (uint8_t)(hash >> 8 * i);
	ret[0] = (uint8_t)((ret[0] & ~1u) | 2);
}

void port_init(struct port *port, struct bridge *br, const char *name, uint32_t ofport,
	       const struct conf_port *conf)
{
	memset(port, 0, sizeof(*port));
	port->br = br;
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->ofport = ofport;
	port->type = conf ? conf->type : CONF_SYSTEM;
	if (conf)
		port_set_conf(port, conf);
	if (port->type != CONF_SYSTEM)
		make_mac(port, port->mac);
}

void port_set_conf(struct port *port, const struct conf_port *conf)
{
	if (!port->conf || !conf_port_equal(port->conf, conf)) {
		port->is_stale = true;
		port->error[0] = '\0';
	}
	port->conf = conf;
	if (!device_name(conf, port->device))
		port->device[0] = '\0';
}

static const char *attached_name(const struct port *port)
{
	return port->ofport == PORT_LOCAL	? port->br->hidden
	       : port->type == CONF_SYSTEM ? port->name
					   : port->device;
}

/* The interface that the program is on. */
static const struct nl_link *attached_link(const struct port *port)
{
	return nl_find(port->br->sw->nl, attached_name(port));
}

/* The interface that people mean: LOCAL's host end, unless it lives in another namespace. */
static const struct nl_link *shown_link(const struct port *port)
{
	const struct nl_link *link = NULL;

	if (port->type == CONF_SYSTEM)
		link = nl_find(port->br->sw->nl, port->name);
	return link ? link : attached_link(port);
}

static void send_status(const struct port *port, enum ofp_port_reason reason)
{
	struct of_port_status ps = { .reason = (uint8_t)reason };

	port_describe(port, &ps.port);
	if (port->br->agent)
		agent_port_status(port->br->agent, &ps);
}

/* OFPPS_* of a port that stands on 'link'. */
static uint32_t link_state(const struct nl_link *link)
{
	uint32_t state = link->is_up && link->has_carrier ? 0 : OFPPS_LINK_DOWN;

	if (link->is_blocked)
		state |= OFPPS_BLOCKED;
	return state ? state : OFPPS_LIVE;
}

/* Reads address and states of the interface; true if anything differs from before. */
static bool update_plain(struct port *port)
{
	const struct nl_link *link = shown_link(port);
	uint32_t config = port->config & ~(uint32_t)OFPPC_PORT_DOWN, state = 0;
	bool is_new;

	if (!link)
		return false;
	if (!link->is_up)
		config |= OFPPC_PORT_DOWN;
	state = link_state(link);
	is_new = config != port->config || state != port->state ||
		 memcmp(port->mac, link->mac, sizeof(port->mac)) != 0;
	if (config != port->config)
		dp_port_set_config(port->br->sw->dp, port->br->number, port->ofport, config);
	dp_port_set_live(port->br->sw->dp, port->br->number, port->ofport,
			 link->is_up && link->has_carrier);
	port->config = config;
	port->state = state;
	memcpy(port->mac, link->mac, sizeof(port->mac));
	return is_new;
}

/* A patch port is live while it is joined, others while their device is up. */
static bool update(struct port *port)
{
	const struct nl_link *link;
	uint32_t state;
	bool is_live, is_new;

	if (port->type == CONF_SYSTEM)
		return update_plain(port);
	link = attached_link(port);
	is_live = port->type == CONF_PATCH ? port->peer != NULL
					   : link && link->is_up && link->has_carrier;
	state = is_live && !(port->config & OFPPC_PORT_DOWN) ? OFPPS_LIVE : OFPPS_LINK_DOWN;
	is_new = state != port->state;
	dp_port_set_live(port->br->sw->dp, port->br->number, port->ofport, is_live);
	port->state = state;
	return is_new;
}

/* What has been wrong before is no news, and no reason to refuse a change of something else. */
static void set_error(struct port *port, struct sw_problems *problems, const char *text)
{
	if (!strcmp(port->error, text))
		return;
	if (problems)
		sw_problem(problems, "bridge %s: port %s: %s", port->br->name, port->name, text);
	else
		log_err("bridge %s: port %s: %s", port->br->name, port->name, text);
	snprintf(port->error, sizeof(port->error), "%s", text);
}

/* What the datapath has for this port already: from an earlier skepd. */
static bool find_adopted(const struct port *port, struct dp_port *ret)
{
	return dp_port_next(port->br->sw->dp, port->br->number, port->ofport, ret) &&
	       ret->ofport == port->ofport;
}

/* Makes the port in the datapath, or changes it there to what is configured now. */
static int add_to_datapath(struct port *port, uint32_t ifindex, char *err, size_t err_size)
{
	struct dp *dp = port->br->sw->dp;
	uint32_t bridge = port->br->number, ofport = port->ofport;
	struct dp_tunnel tunnel;
	uint16_t dst_port;

	switch (port->type) {
	case CONF_VXLAN:
	case CONF_GENEVE:
	case CONF_GRE:
		conf_port_tunnel(port->conf, &tunnel, &dst_port);
		return dp_port_add_tunnel(dp, bridge, ofport, ifindex, &tunnel, err, err_size);
	case CONF_PATCH:
		return dp_port_add_patch(dp, bridge, ofport, err, err_size);
	case CONF_SOCKET:
		return dp_port_add_socket(dp, bridge, ofport, err, err_size);
	default:
		return dp_port_add(dp, bridge, ofport, ifindex, err, err_size);
	}
}

/* VLANs and isolation, for NORMAL. */
static void apply_normal(struct port *port, struct sw_problems *problems)
{
	const struct bridge *br = port->br;
	struct dp_port_vlan vlan;
	int error = 0;

	if (!port->conf)
		return;
	if (port->type != CONF_PATCH) {
		conf_port_vlan(port->conf, &vlan);
		error = dp_port_set_vlan(br->sw->dp, br->number, port->ofport, &vlan);
	}
	if (!error)
		error = dp_port_set_isolated(br->sw->dp, br->number, port->ofport,
					     conf_port_is_isolated(port->conf));
	if (error)
		set_error(port, problems,
			  error == -ENOSPC ? "there are too many sets of VLANs" : strerror(-error));
}

/* What OpenFlow knows of the port from now on. */
static void attached(struct port *port)
{
	const struct bridge *br = port->br;

	port->is_attached = true;
	port->since_ns = mono_clock_ns();
	dp_port_set_config(br->sw->dp, br->number, port->ofport, port->config);
	update(port);
	log_info("bridge %s: port %s (%s%.0u) attached", br->name, port->name,
		 port->ofport == PORT_LOCAL ? "LOCAL" : "number ",
		 port->ofport == PORT_LOCAL ? 0 : port->ofport);
	send_status(port, OFPPR_ADD);
}

/* 'link': the interface or the shared device; NULL for patch ports. */
static void attach(struct port *port, uint32_t ifindex, struct sw_problems *problems)
{
	const struct bridge *br = port->br;
	struct dp_port old;
	char err[256] = "";
	int error;

	if (!port->is_attached && find_adopted(port, &old)) {
		port->config = old.config;
		if (port->type == CONF_SYSTEM && old.ifindex != ifindex)
			dp_port_del(br->sw->dp, br->number, port->ofport);
	}
	error = add_to_datapath(port, ifindex, err, sizeof(err));
	if (error) {
		set_error(port, problems, err[0] ? err : strerror(-error));
		return;
	}
	port->ifindex = ifindex;
	if (!port->is_attached) {
		/* As an earlier skepd may have left it. */
		dp_port_set_peer(br->sw->dp, br->number, port->ofport, NULL);
		port->has_peer = false;
	}
	port->is_stale = false;
	port->error[0] = '\0';
	apply_normal(port, problems);
	if (!port->is_attached)
		attached(port);
}

void port_detach(struct port *port)
{
	const struct bridge *br = port->br;

	if (!port->is_attached)
		return;
	if (port->peer)
		port_join(port, NULL);
	/* First, since the kernel holds the lock that this takes while it detaches the program, which it does on its own time. */
	if (port->type == CONF_SYSTEM && port->ofport != PORT_LOCAL &&
	    nl_find_ifindex(br->sw->nl, port->ifindex))
		(void)nl_set_promisc(br->sw->nl, port->ifindex, false);
	dp_port_del(br->sw->dp, br->number, port->ofport);
	port->ifindex = 0;
	port->is_attached = false;
	port->has_peer = false;
	log_info("bridge %s: port %s detached", br->name, port->name);
	send_status(port, OFPPR_DELETE);
}

static void update_and_tell(struct port *port)
{
	if (update(port))
		send_status(port, OFPPR_MODIFY);
}

/* What the kernel's errors mean where an interface is taken from another namespace. */
static const char *why_not_taken(int error)
{
	switch (error) {
	case -ENODEV:
		return "no such interface in its namespace";
	case -ENOENT:
		return "there is no such namespace";
	case -EEXIST:
		return "an interface of this name is here already";
	case -ENOSYS:
	case -EPIPE:
	case -ECONNRESET:
		return "no namespace can be entered: the process skepd-netns has ended, or skepd was "
		       "started without CAP_SYS_ADMIN";
	default:
		return strerror(-error);
	}
}

static int take_link(const struct port *port)
{
	struct sw *sw = port->br->sw;
	int ns, socket, error = netns_open(sw->paths.netns, port->conf->netns, &ns, &socket);

	if (error)
		return error;
	close(ns);
	return nl_take_link(sw->nl, socket, port->name);
}

/* For a port whose interface comes from another namespace: true if the interface is here.  One that is here by itself is not meant. */
static bool fetch(struct port *port, struct sw_problems *problems)
{
	const struct nl_link *link = attached_link(port);
	bool is_waiting;
	char text[sizeof(port->error)];
	int error = 0;

	if (link)
		error = link->is_taken ? 0 : -EEXIST;
	else
		error = take_link(port);
	if (!error)
		return true;
	snprintf(text, sizeof(text), "%s (netns %s)", why_not_taken(error), port->conf->netns);
	/* Namespaces and interfaces in them may come later, as those here may. */
	is_waiting = error == -ENODEV || error == -ENOENT;
	if (!is_waiting)
		set_error(port, problems, text);
	else if (strcmp(port->error, text) != 0)
		log_info("bridge %s: port %s waits: %s", port->br->name, port->name, text);
	if (is_waiting)
		snprintf(port->error, sizeof(port->error), "%s", text);
	return false;
}

void port_give_back(struct port *port)
{
	struct sw *sw = port->br->sw;
	const struct nl_link *link = attached_link(port);
	int ns, socket, error;

	if (!port->conf->netns || !link || !link->is_taken)
		return;
	error = netns_open(sw->paths.netns, port->conf->netns, &ns, &socket);
	if (!error) {
		error = nl_give_link(sw->nl, link->ifindex, ns);
		close(ns);
		close(socket);
	}
	if (error)
		log_warn("bridge %s: port %s cannot go back to namespace %s: %s", port->br->name,
			 port->name, port->conf->netns, strerror(-error));
}

/* Whether the port's veth lets its packets go by the peer, as far as it can be seen from this end. */
static bool may_pass_veth(const struct port *port, const struct nl_link *link)
{
	return link && !strcmp(link->kind, "veth") && link->is_peer_elsewhere &&
	       !strcmp(link->qdisc, "noqueue") &&
	       (!port->conf || conf_port_redirects_peer(port->conf));
}

void port_watch_peer(struct port *port)
{
	const struct bridge *br = port->br;
	const struct nl_link *link = attached_link(port);
	struct nl_peer peer = { .has_driver_xdp = false };
	bool has_peer;

	if (port->type != CONF_SYSTEM || !port->is_attached)
		return;
	has_peer = may_pass_veth(port, link) && !nl_get_peer(br->sw->nl, link, &peer) &&
		   !peer.has_driver_xdp;
	if (has_peer == port->has_peer &&
	    (!has_peer || !memcmp(peer.mac, port->peer_mac, sizeof(peer.mac))))
		return;
	dp_port_set_peer(br->sw->dp, br->number, port->ofport, has_peer ? peer.mac : NULL);
	port->has_peer = has_peer;
	memcpy(port->peer_mac, peer.mac, sizeof(port->peer_mac));
}

static void sync_plain(struct port *port, struct sw_problems *problems)
{
	const struct nl_link *link = attached_link(port);
	bool was_attached = port->is_attached;

	if (was_attached && (!link || link->ifindex != port->ifindex)) {
		port_detach(port);
		link = attached_link(port);
		was_attached = false;
	}
	if (port->conf && port->conf->netns && !port->is_attached) {
		if (!fetch(port, problems))
			return;
		link = attached_link(port);
	}
	if (!link) {
		if (!port->error[0])
			log_info("bridge %s: port %s waits for its interface", port->br->name,
				 port->name);
		snprintf(port->error, sizeof(port->error), "no such interface");
		return;
	}
	if (!link->is_ethernet) {
		set_error(port, problems, "not an Ethernet interface");
		return;
	}
	if (!was_attached || port->is_stale) {
		attach(port, link->ifindex, problems);
		/* A network card must take frames for others' addresses, too. */
		if (!was_attached && port->is_attached && port->ofport != PORT_LOCAL)
			(void)nl_set_promisc(port->br->sw->nl, port->ifindex, true);
	}
	if (was_attached)
		update_and_tell(port);
	port_watch_peer(port);
}

/* A tunnel or a socket.  A kernel that has no such devices, or a device of that name that is somebody else's, is this port's problem alone. */
static void sync_on_device(struct port *port, struct sw_problems *problems)
{
	struct sw *sw = port->br->sw;
	uint32_t ifindex = 0, io_ifindex;
	char err[256] = "";
	int error = device_sync(sw, port->conf, &ifindex, err, sizeof(err));

	if (!error && port->type != CONF_SOCKET)
		error = device_sync_io(sw, &io_ifindex, err, sizeof(err));
	if (error) {
		port_detach(port);
		set_error(port, problems, err[0] ? err : strerror(-error));
	} else if (!port->is_attached || port->is_stale || port->ifindex != ifindex) {
		attach(port, ifindex, problems);
	}
	if (port->is_attached)
		update_and_tell(port);
}

void port_sync(struct port *port, struct sw_problems *problems)
{
	if (port->type == CONF_SYSTEM)
		sync_plain(port, problems);
	else if (port->type != CONF_PATCH)
		sync_on_device(port, problems);
	else if (!port->is_attached || port->is_stale)
		attach(port, 0, problems);
}

void port_join(struct port *port, struct port *peer)
{
	const struct bridge *br = port->br;
	struct port *old = port->peer;

	if (old == peer)
		return;
	if (old) {
		dp_patch_part(br->sw->dp, br->number, port->ofport);
		port->peer = old->peer = NULL;
		update_and_tell(old);
	}
	if (peer && peer->peer)
		port_join(peer, NULL);
	if (peer && !dp_patch_join(br->sw->dp, br->number, port->ofport, peer->br->number,
				   peer->ofport)) {
		port->peer = peer;
		peer->peer = port;
		update_and_tell(peer);
	}
	update_and_tell(port);
}

void port_describe(const struct port *port, struct of_port *ret)
{
	const struct nl_link *link = port->type == CONF_SYSTEM ? shown_link(port) : NULL;
	struct nl_features features;

	memset(&features, 0, sizeof(features));
	memset(ret, 0, sizeof(*ret));
	if (link)
		nl_get_features(port->br->sw->nl, link->name, &features);
	ret->port_no = port->ofport;
	memcpy(ret->hw_addr, port->mac, sizeof(ret->hw_addr));
	memcpy(ret->name, port->name, sizeof(ret->name));
	ret->config = port->config;
	ret->state = port->state;
	ret->curr = features.curr;
	ret->advertised = features.advertised;
	ret->supported = features.supported;
	ret->peer = features.peer;
	ret->curr_speed = features.curr_speed;
	ret->max_speed = features.max_speed;
}

int port_set_advertised(struct port *port, uint32_t features)
{
	const struct nl_link *link = port->type == CONF_SYSTEM ? shown_link(port) : NULL;

	return link ? nl_set_advertised(port->br->sw->nl, link->name, features) : -EOPNOTSUPP;
}

int port_set_config(struct port *port, uint32_t config, uint32_t mask)
{
	const struct bridge *br = port->br;
	const struct nl_link *link = port->type == CONF_SYSTEM ? shown_link(port) : NULL;
	uint32_t wanted = (port->config & ~mask) | (config & mask);
	int error = 0;

	if (!link && port->type == CONF_SYSTEM)
		return -ENODEV;
	if (link && (wanted ^ port->config) & OFPPC_PORT_DOWN)
		error = nl_set_up(br->sw->nl, link->ifindex, !(wanted & OFPPC_PORT_DOWN));
	if (error)
		return error;
	if (wanted == port->config)
		return 0;
	error = dp_port_set_config(br->sw->dp, br->number, port->ofport, wanted);
	if (error)
		return error;
	port->config = wanted;
	update(port);
	send_status(port, OFPPR_MODIFY);
	return 0;
}
