/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bridge: its LOCAL interface, its ports, its OpenFlow agent.
 *
 * LOCAL is a veth pair.  One end has the bridge's name and belongs to the host, which gives it
 * addresses and sets it up.  The other
 * ("NAME-dp") is hidden: it has no address, is always up, and is the datapath's port LOCAL.  The
 * pair outlives skepd, like all of the datapath, and is adopted when found.
 *
 * Ports.  A port is configured by its name and, but for interfaces, its type.  It is attached while what it stands on exists: the interface of its name, the
 * tunnel device or I/O device (device.h), nothing for a patch port.  Only then controllers see it.  port_sync() looks at what is and does what is missing,
 * whatever happened before:
 *
 *   WAITING  -> ATTACHED  [port_sync]   the interface appeared; controllers get port-status ADD
 *   ATTACHED -> WAITING   [port_sync]   it vanished or was renamed; DELETE
 *   ATTACHED -> ATTACHED  [port_sync]   address, administrative state or carrier changed; MODIFY
 *
 * The device of a tunnel or socket port that vanished is made again at once, and the port goes on with it.
 *
 * OFPPC_PORT_DOWN is the interface's administrative state and nothing else: "ip link set … down"
 * and a port-mod are the same; ports of other types have just the bit.  The other bits of a port's configuration live in the datapath, so
 * they outlive skepd.
 */
#ifndef SKEP_VSWITCHD_BRIDGE_H
#define SKEP_VSWITCHD_BRIDGE_H 1

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ofchan/port.h"
#include "vswitchd/conf.h"

struct agent;
struct bridge_mac;
struct nl_link;
struct sw;
struct sw_problems;

struct port {
	TAILQ_ENTRY(port) node;
	struct bridge *br;
	char name[CONF_NAME_SIZE];
	uint32_t ofport;
	const struct conf_port *conf; /* in the configuration in force; NULL: LOCAL */
	enum conf_port_type type;
	bool is_attached;
	bool is_stale;	  /* attached, but not yet as the configuration has it now */
	uint32_t ifindex; /* attached: of the interface that has the program (LOCAL: the hidden
			     end; tunnels, sockets: the shared device; patch ports: 0) */
	char device[IFNAMSIZ]; /* tunnels, sockets: the shared device's name; else "" */
	struct port *peer;     /* of a patch port: the port that it is joined to; NULL */
	uint32_t config;  /* OFPPC_*, as the datapath has it */
	uint32_t state;	  /* OFPPS_* */
	uint8_t mac[6];
	bool has_peer;	     /* packets go to the peer at once, see port_watch_peer() */
	uint8_t peer_mac[6]; /* then */
	uint64_t since_ns; /* attached */
	char error[256];   /* why it is not attached; "" if it is, or nothing was wrong yet */
};

TAILQ_HEAD(port_list, port);

struct bridge {
	struct sw *sw;
	char name[CONF_NAME_SIZE];
	char hidden[CONF_NAME_SIZE]; /* the other end of LOCAL */
	uint32_t number;	     /* the datapath's */
	uint64_t datapath_id;
	uint8_t hwaddr[6]; /* LOCAL's, if it could be seen; else zeros */
	struct port local;
	struct port_list ports; /* ascending by ofport; without 'local' */
	uint32_t watched; /* the port whose peer was looked at last */
	struct agent *agent;	/* owned */
	bool has_macs;		/* 'macs' are in force */
	unsigned int n_macs;	/* static addresses in force, in order */
	struct bridge_mac *macs; /* owned */
};

/* Makes the bridge in the datapath, LOCAL and the agent, or adopts them.  Ports and controllers
 * follow with bridge_apply().  Returns NULL after a problem. */
struct bridge *bridge_new(struct sw *sw, const struct conf_bridge *conf,
			  struct sw_problems *problems);
/* Detaches the ports that 'conf' does not have, or not so: those of an adopted datapath too. */
void bridge_prune(struct bridge *br, const struct conf_bridge *conf);
/* After bridge_prune() of all bridges: makes identity, ports and controllers as 'conf' says. */
void bridge_apply(struct bridge *br, const struct conf_bridge *conf, struct sw_problems *problems);
/* Ends connections; leaves the datapath as it is.  Accepts NULL. */
void bridge_free(struct bridge *br);
/* Removes its ports, flows and LOCAL, and frees it. */
void bridge_del(struct bridge *br);

/* Joins patch ports whose configurations name each other, and parts others: after bridge_apply() of all bridges. */
void bridge_join_patches(struct bridge *br);
/* Called every SW_EXPIRE_MS: nobody tells us when an interface appears in another namespace. */
void bridge_tick(struct bridge *br);
/* Called for every interface that changed, came or went. */
void bridge_link_changed(struct bridge *br, const struct nl_link *link);

/* Attached ports by number, LOCAL too.  NULL if there is none. */
struct port *bridge_find_port(struct bridge *br, uint32_t ofport);
/* The attached port after 'port' (NULL: the first), LOCAL last.  NULL at the end. */
struct port *bridge_next_port(struct bridge *br, const struct port *port);

/* What OpenFlow says of the port. */
void port_describe(const struct port *port, struct of_port *ret);
/* Has the interface offer its peer OFPPF_* 'features'.  0 or a negative errno: it cannot. */
int port_set_advertised(struct port *port, uint32_t features);
/* Sets the bits of 'config' that are in 'mask' (OFPPC_*).  0 or a negative errno. */
int port_set_config(struct port *port, uint32_t config, uint32_t mask);

#endif
