// SPDX-License-Identifier: Apache-2.0
/* Tunnel devices and the I/O device; see device.h. */
#include "vswitchd/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "vswitchd/conf_port.h"
#include "vswitchd/netlink.h"
#include "vswitchd/switch.h"

struct spec {
	char name[IFNAMSIZ];
	const char *kind; /* NULL: the I/O device */
	uint16_t port;
};

static const struct spec io_spec = { .name = DEVICE_IO };

/* False if the port needs none. */
static bool spec_of(const struct conf_port *port, struct spec *ret)
{
	struct dp_tunnel tunnel;

	memset(ret, 0, sizeof(*ret));
	if (port->type == CONF_SOCKET) {
		*ret = io_spec;
		return true;
	}
	if (!conf_port_is_tunnel(port))
		return false;
	conf_port_tunnel(port, &tunnel, &ret->port);
	if (port->type == CONF_GRE) {
		ret->kind = tunnel.is_ipv6 ? "ip6gretap" : "gretap";
		snprintf(ret->name, sizeof(ret->name), "skep-gre%s", tunnel.is_ipv6 ? "6" : "");
		return true;
	}
	ret->kind = conf_port_type_name(port->type);
	snprintf(ret->name, sizeof(ret->name), "skep-%s-%u", port->type == CONF_VXLAN ? "vx" : "gv",
		 ret->port);
	return true;
}

bool device_name(const struct conf_port *port, char ret[IFNAMSIZ])
{
	struct spec spec;

	if (!spec_of(port, &spec))
		return false;
	memcpy(ret, spec.name, sizeof(spec.name));
	return true;
}

static bool is_ours(const struct nl_link *link, const struct spec *spec)
{
	if (strcmp(link->name, spec->name))
		return false;
	if (!spec->kind)
		return !strcmp(link->kind, "dummy") || !strcmp(link->kind, "bridge");
	return !strcmp(link->kind, spec->kind) && link->is_external &&
	       link->tunnel_port == spec->port;
}

static bool has_program(const struct sw *sw, uint32_t ifindex)
{
	enum dp_device kind;
	uint32_t found;

	return dp_device_next(sw->dp, ifindex, &kind, &found) && found == ifindex;
}

/* Devices that somebody deleted. */
static void forget_gone(struct sw *sw)
{
	enum dp_device kind;
	uint32_t ifindex = 0;

	for (; dp_device_next(sw->dp, ifindex, &kind, &ifindex); ifindex++)
		if (!nl_find_ifindex(sw->nl, ifindex))
			dp_device_del(sw->dp, ifindex);
}

static int make(struct sw *sw, const struct spec *spec, char *err, size_t err_size)
{
	int error = spec->kind ? nl_add_tunnel(sw->nl, spec->name, spec->kind, spec->port)
			       : nl_add_sink(sw->nl, spec->name);

	if (error == -EOPNOTSUPP)
		snprintf(err, err_size, "this kernel has no devices of kind %s",
			 spec->kind ? spec->kind : "dummy");
	else if (error)
		snprintf(err, err_size, "device %s cannot be made: %s", spec->name,
			 strerror(-error));
	return error;
}

/* A device without the program is new, or was left by a skepd that was killed meanwhile. */
static int set_up(struct sw *sw, const struct spec *spec, uint32_t ifindex, char *err,
		  size_t err_size)
{
	int error;

	(void)nl_set_no_address(sw->nl, ifindex);
	error = dp_device_add(sw->dp, spec->kind ? DP_DEVICE_TUNNEL : DP_DEVICE_IO, ifindex, err,
			      err_size);
	if (error)
		return error;
	error = nl_set_up(sw->nl, ifindex, true);
	if (error) {
		dp_device_del(sw->dp, ifindex);
		snprintf(err, err_size, "device %s cannot be set up: %s%s", spec->name,
			 strerror(-error),
			 error == -EADDRINUSE ? " (somebody else has its UDP port)" : "");
	}
	return error;
}

static int sync_spec(struct sw *sw, const struct spec *spec, uint32_t *ret_ifindex, char *err,
		     size_t err_size)
{
	const struct nl_link *link = nl_find(sw->nl, spec->name);
	bool is_new = !link;
	uint32_t ifindex;
	int error;

	err[0] = '\0';
	forget_gone(sw);
	error = is_new ? make(sw, spec, err, err_size) : 0;
	if (error)
		return error;
	link = nl_find(sw->nl, spec->name);
	if (!link)
		return -ENODEV;
	if (!is_ours(link, spec)) {
		snprintf(err, err_size,
			 "interface %s exists already, and is not the device that skepd makes of "
			 "that name",
			 spec->name);
		return -EEXIST;
	}
	ifindex = link->ifindex;
	if (!has_program(sw, ifindex)) {
		error = set_up(sw, spec, ifindex, err, err_size);
		if (error && is_new)
			nl_del_link(sw->nl, ifindex);
		if (error)
			return error;
		log_info("device %s %s", spec->name, is_new ? "made" : "taken over");
	}
	*ret_ifindex = ifindex;
	return 0;
}

int device_sync(struct sw *sw, const struct conf_port *port, uint32_t *ret_ifindex, char *err,
		size_t err_size)
{
	struct spec spec;

	return spec_of(port, &spec) ? sync_spec(sw, &spec, ret_ifindex, err, err_size) : -EINVAL;
}

int device_sync_io(struct sw *sw, uint32_t *ret_ifindex, char *err, size_t err_size)
{
	return sync_spec(sw, &io_spec, ret_ifindex, err, err_size);
}

/* True if a port of 'conf' uses the device 'link'.  Tunnels need the I/O device too, for packet-outs. */
static bool is_needed(const struct nl_link *link, const struct conf *conf)
{
	const struct conf_bridge *br;
	const struct conf_port *port;
	struct spec spec;

	TAILQ_FOREACH (br, &conf->bridges, node)
		TAILQ_FOREACH (port, &br->ports, node)
			if (spec_of(port, &spec) &&
			    (is_ours(link, &spec) || is_ours(link, &io_spec)))
				return true;
	return false;
}

void device_prune(struct sw *sw, const struct conf *conf)
{
	enum dp_device kind;
	uint32_t ifindex = 0;

	for (; dp_device_next(sw->dp, ifindex, &kind, &ifindex); ifindex++) {
		const struct nl_link *link = nl_find_ifindex(sw->nl, ifindex);

		if (link && conf && is_needed(link, conf))
			continue;
		dp_device_del(sw->dp, ifindex);
		if (!link)
			continue;
		log_info("device %s deleted: no port needs it", link->name);
		nl_del_link(sw->nl, ifindex);
	}
}

static void del_spec(struct nl *nl, const struct spec *spec)
{
	const struct nl_link *link = nl_find(nl, spec->name);

	if (link && is_ours(link, spec))
		nl_del_link(nl, link->ifindex);
}

void device_del_all(struct nl *nl, const struct conf *conf)
{
	const struct conf_bridge *br;
	const struct conf_port *port;
	struct spec spec;

	TAILQ_FOREACH (br, &conf->bridges, node)
		TAILQ_FOREACH (port, &br->ports, node)
			if (spec_of(port, &spec)) {
				del_spec(nl, &spec);
				del_spec(nl, &io_spec);
			}
}
