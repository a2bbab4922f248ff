/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenFlow agent of a bridge: controllers' connections, and what is done about each of their
 * messages.
 *
 * A message is decoded as a whole (ofmsg_decode()); if that finds nothing wrong, the handler of its
 * type acts.  Either may end in an enum ofp_err, which becomes the answer.  Handlers are split by
 * noun: agent_flow.c, agent_packet.c, agent_port.c, agent_queue.c, agent_meter.c, agent_stats.c, agent_role.c (roles,
 * asynchronous configuration, and the small requests about the switch itself).
 *
 * Who is connected.  Configured controllers, which we dial or which dial us ("primary"), and
 * whoever connects to RUNDIR/BRIDGE.mgmt
 * ("service": ovs-ofctl, skepctl).  As in Open vSwitch, a service connection gets asynchronous
 * messages only once it asked for them, with a nonzero miss_send_len or an asynchronous
 * configuration.
 *
 * Order.  Replies to one peer are in the order of its requests.  A flow dump too long to be queued
 * at once pauses the connection's reading until all of it is queued, piece by piece as the peer
 * takes it, so that this holds for it too.
 *
 * Bounds.  Beside those of conn.h: packet-ins are dropped for a connection whose backlog is above
 * AGENT_PKTIN_BACKLOG; other asynchronous messages never are (a peer that lets OF_CONN_TX_HARD of
 * them pile up is disconnected).
 */
#ifndef SKEP_VSWITCHD_AGENT_H
#define SKEP_VSWITCHD_AGENT_H 1

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "datapath/datapath.h"
#include "model/flow.h"
#include "vswitchd/conf.h"

struct agent;
struct bridge;
struct of_port_status;
struct sw_problems;

/* Makes the agent of 'br' and listens on RUNDIR/BRIDGE.mgmt.  Returns NULL after a problem. */
struct agent *agent_new(struct bridge *br, struct sw_problems *problems);
/* Ends all connections.  Accepts NULL. */
void agent_free(struct agent *agent);
/* Dials and listens to the controllers of 'conf', and no others. */
void agent_apply(struct agent *agent, const struct conf_bridge *conf, struct sw_problems *problems);
/* Called every SW_EXPIRE_MS. */
void agent_tick(struct agent *agent);
/* True while the bridge is a learning switch for want of a controller (fail mode standalone). */
bool agent_is_alone(const struct agent *agent);
/* Ends all connections of controllers; those that we dial are dialled again. */
void agent_disconnect(struct agent *agent, const char *reason);

/* Tell the controllers that are to know. */
void agent_packet_in(struct agent *agent, const struct dp_packet_in *pin);
void agent_flow_removed(struct agent *agent, const struct flow_desc *desc,
			enum flow_removed_reason reason);
void agent_port_status(struct agent *agent, const struct of_port_status *ps);

/* The controllers and listeners for `show`, as docs/control.md has them.  New references. */
json_t *agent_show_controllers(const struct agent *agent);
json_t *agent_show_listeners(const struct agent *agent);
/* Packet-ins that were not sent because a peer did not read. */
uint64_t agent_n_dropped_packet_ins(const struct agent *agent);

#endif
