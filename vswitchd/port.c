// SPDX-License-Identifier: Apache-2.0
/* Ports: attaching interfaces as they come and go, and what OpenFlow sees of them; see bridge.h. */
#include "vswitchd/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "model/action.h"
#include "vswitchd/agent.h"
#include "vswitchd/switch.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void port_init(struct port *port, struct bridge *br, const char *name, uint32_t ofport)
{
	memset(port, 0, sizeof(*port));
	port->br = br;
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->ofport = ofport;
}

/* The interface that the program is on. */
static const struct nl_link *attached_link(const struct port *port)
{
	const struct bridge *br = port->br;

	return nl_find(br->sw->nl, port->ofport == PORT_LOCAL ? br->hidden : port->name);
}

/* The interface that people mean: LOCAL's host end, unless it lives in another namespace. */
static const struct nl_link *shown_link(const struct port *port)
{
	const struct nl_link *link = nl_find(port->br->sw->nl, port->name);

	return link ? link : attached_link(port);
}

static void send_status(const struct port *port, enum ofp_port_reason reason)
{
	struct of_port_status ps = { .reason = (uint8_t)reason };

	port_describe(port, &ps.port);
	if (port->br->agent)
		agent_port_status(port->br->agent, &ps);
}

/* Reads address and states of the interface; true if anything differs from before. */
static bool update(struct port *port)
{
	const struct nl_link *link = shown_link(port);
	uint32_t config = port->config & ~(uint32_t)OFPPC_PORT_DOWN, state = 0;
	bool is_new;

	if (!link)
		return false;
	if (!link->is_up)
		config |= OFPPC_PORT_DOWN;
	state = link->is_up && link->has_carrier ? OFPPS_LIVE : OFPPS_LINK_DOWN;
	is_new = config != port->config || state != port->state ||
		 memcmp(port->mac, link->mac, sizeof(port->mac)) != 0;
	if (config != port->config)
		dp_port_set_config(port->br->sw->dp, port->br->number, port->ofport, config);
	port->config = config;
	port->state = state;
	memcpy(port->mac, link->mac, sizeof(port->mac));
	return is_new;
}

static void set_error(struct port *port, struct sw_problems *problems, const char *text)
{
	if (problems)
		sw_problem(problems, "bridge %s: port %s: %s", port->br->name, port->name, text);
	else if (strcmp(port->error, text) != 0)
		log_err("bridge %s: port %s: %s", port->br->name, port->name, text);
	snprintf(port->error, sizeof(port->error), "%s", text);
}

/* What the datapath has for this port already: from an earlier skepd. */
static bool find_adopted(const struct port *port, struct dp_port *ret)
{
	return dp_port_next(port->br->sw->dp, port->br->number, port->ofport, ret) &&
	       ret->ofport == port->ofport;
}

static void attach(struct port *port, const struct nl_link *link, struct sw_problems *problems)
{
	const struct bridge *br = port->br;
	struct dp_port old;
	char err[256] = "";
	int error;

	if (!link->is_ethernet) {
		set_error(port, problems, "not an Ethernet interface");
		return;
	}
	if (find_adopted(port, &old)) {
		port->config = old.config;
		if (old.ifindex != link->ifindex)
			dp_port_del(br->sw->dp, br->number, port->ofport);
	}
	error = dp_port_add(br->sw->dp, br->number, port->ofport, link->ifindex, err, sizeof(err));
	if (error) {
		set_error(port, problems, err[0] ? err : strerror(-error));
		return;
	}
	port->ifindex = link->ifindex;
	port->since_ns = now_ns();
	port->error[0] = '\0';
	dp_port_set_config(br->sw->dp, br->number, port->ofport, port->config);
	/* A network card must take frames for others' addresses, too. */
	if (port->ofport != PORT_LOCAL)
		(void)nl_set_promisc(br->sw->nl, port->ifindex, true);
	update(port);
	log_info("bridge %s: port %s (%s%.0u) attached", br->name, port->name,
		 port->ofport == PORT_LOCAL ? "LOCAL" : "number ",
		 port->ofport == PORT_LOCAL ? 0 : port->ofport);
	send_status(port, OFPPR_ADD);
}

void port_detach(struct port *port)
{
	const struct bridge *br = port->br;
	const struct nl_link *link;

	if (!port->ifindex)
		return;
	link = nl_find_ifindex(br->sw->nl, port->ifindex);
	dp_port_del(br->sw->dp, br->number, port->ofport);
	if (link && port->ofport != PORT_LOCAL)
		(void)nl_set_promisc(br->sw->nl, port->ifindex, false);
	port->ifindex = 0;
	log_info("bridge %s: port %s detached", br->name, port->name);
	send_status(port, OFPPR_DELETE);
}

void port_sync(struct port *port, struct sw_problems *problems)
{
	const struct nl_link *link = attached_link(port);

	if (port->ifindex && (!link || link->ifindex != port->ifindex)) {
		port_detach(port);
		link = attached_link(port);
	}
	if (!link) {
		if (!port->error[0])
			log_info("bridge %s: port %s waits for its interface", port->br->name,
				 port->name);
		snprintf(port->error, sizeof(port->error), "no such interface");
	} else if (!port->ifindex) {
		attach(port, link, problems);
	} else if (update(port)) {
		send_status(port, OFPPR_MODIFY);
	}
}

void port_describe(const struct port *port, struct of_port *ret)
{
	const struct nl_link *link = shown_link(port);
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

int port_set_config(struct port *port, uint32_t config, uint32_t mask)
{
	const struct bridge *br = port->br;
	const struct nl_link *link = shown_link(port);
	uint32_t wanted = (port->config & ~mask) | (config & mask);
	int error = 0;

	if (!link)
		return -ENODEV;
	if ((wanted ^ port->config) & OFPPC_PORT_DOWN)
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
