/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a port, for bridge.c: see bridge.h, which also declares what others may call. */
#ifndef SKEP_VSWITCHD_PORT_H
#define SKEP_VSWITCHD_PORT_H 1

#include "vswitchd/bridge.h"

/* Fills 'port', which waits then.  'conf' NULL: LOCAL. */
void port_init(struct port *port, struct bridge *br, const char *name, uint32_t ofport,
	       const struct conf_port *conf);
/* From now on the port is as 'conf' says, from the next port_sync() on in force. */
void port_set_conf(struct port *port, const struct conf_port *conf);
/* Attaches, detaches and updates the port as its interface is now.  An interface that cannot be
 * attached is a problem (logged, if 'problems' is NULL too, once for each cause); one that does not
 * exist is waited for. */
void port_sync(struct port *port, struct sw_problems *problems);
/* For a port that is a veth whose peer is in another network namespace: lets packets to the peer's address go there without passing the veth
 * (dp_port_set_peer()) where nothing would be passed by: no queueing discipline at the veth, no XDP program of the peer's driver.  Of most changes netlink tells;
 * of the address of the peer nobody does, so that this must be called now and then. */
void port_watch_peer(struct port *port);
/* Joins the patch port to 'peer' (NULL: parts it). */
void port_join(struct port *port, struct port *peer);
/* Puts the interface back into the namespace that it was taken from, if it was: the port is not configured any more.  After port_detach(). */
void port_give_back(struct port *port);
/* Takes the program off; controllers are told. */
void port_detach(struct port *port);

#endif
