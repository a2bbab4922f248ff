// SPDX-License-Identifier: Apache-2.0
/*
 * Bridges and ports.
 *
 * A port number of a bridge has a place in skep_ports from when a port or a rule first names it until the bridge goes.  The place of a
 * number without a port has ifindex 0.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/attach.h"
#include "datapath/link.h"
#include "datapath/private.h"

#define N_SLOTS (PORT_NO_MAX + 1)
#define READ(X)   __atomic_load_n(&(X), __ATOMIC_RELAXED)

static unsigned int slot_key(uint32_t ofport)
{
	return ofport == PORT_LOCAL ? 0 : ofport;
}

static bool ofport_is_valid(uint32_t ofport)
{
	return ofport == PORT_LOCAL || (ofport && ofport <= PORT_NO_MAX);
}

static int slots_make(struct dp *dp, uint32_t bridge)
{
	if (!dp->slot_of[bridge])
		dp->slot_of[bridge] = calloc(N_SLOTS, sizeof(uint32_t));
	return dp->slot_of[bridge] ? 0 : -ENOMEM;
}

int port_slot(struct dp *dp, uint32_t bridge, uint32_t ofport)
{
	struct need need = { .ports = 1 };
	struct skep_port *port;
	uint32_t idx;

	if (!ofport_is_valid(ofport))
		return -EINVAL;
	if (slots_make(dp, bridge))
		return -ENOMEM;
	idx = dp->slot_of[bridge][slot_key(ofport)];
	if (idx)
		return (int)idx;
	if (reserve(dp, &need))
		return -ENOSPC;
	idx = spans_alloc(&dp->ports, 0);
	port = PORT(dp, idx);
	memset(port, 0, sizeof(*port));
	port->ofport = ofport;
	port->bridge = bridge;
	dp->slot_of[bridge][slot_key(ofport)] = idx;
	return (int)idx;
}

uint32_t port_find(const struct dp *dp, uint32_t bridge, uint32_t ofport)
{
	uint32_t idx;

	if (bridge >= DP_BRIDGES_MAX || !dp->slot_of[bridge] || !ofport_is_valid(ofport))
		return 0;
	idx = dp->slot_of[bridge][slot_key(ofport)];
	return idx && PORT(dp, idx)->ifindex ? idx : 0;
}

static int scope_port_idx(void *aux, uint32_t ofport)
{
	struct port_scope *scope = aux;

	return port_slot(scope->dp, scope->bridge, ofport);
}

static uint32_t scope_ofport(void *aux, uint32_t port_idx)
{
	struct port_scope *scope = aux;

	return PORT(scope->dp, port_idx)->ofport;
}

static int scope_meter_idx(void *aux, uint32_t meter_id)
{
	struct port_scope *scope = aux;
	uint32_t idx = meter_id <= METER_MAX ? meter_find(scope->dp, scope->bridge, meter_id) : 0;

	return idx ? (int)idx : -ENXIO;
}

static uint32_t scope_meter_id(void *aux, uint32_t meter_idx)
{
	struct port_scope *scope = aux;

	return MAP_ELEM(&scope->dp->set, MAP_METERS, struct skep_meter, meter_idx)->meter_id;
}

static int scope_group_idx(void *aux, uint32_t group_id)
{
	struct port_scope *scope = aux;
	uint32_t idx = group_find(scope->dp, scope->bridge, group_id);

	return idx ? (int)idx : -ESRCH;
}

static uint32_t scope_group_id(void *aux, uint32_t group_idx)
{
	struct port_scope *scope = aux;
	const struct map *m = &scope->dp->set.map[MAP_GROUPS];

	return group_idx < m->n ? ((const struct skep_group *)m->base)[group_idx].group_id : 0;
}

struct cell_ports cell_ports(struct port_scope *scope)
{
	return (struct cell_ports){
		.port_idx = scope_port_idx,
		.ofport = scope_ofport,
		.aux = scope,
		.meter_idx = scope_meter_idx,
		.meter_id = scope_meter_id,
		.group_idx = scope_group_idx,
		.group_id = scope_group_id,
	};
}

int ports_recall(struct dp *dp)
{
	for (uint32_t i = 1; i < dp->set.map[MAP_PORTS].n; i++) {
		const struct skep_port *port = PORT(dp, i);

		if (!port->ofport)
			continue;
		if (port->ofport == PORT_ANY) { /* a device of port_special.c */
			dp->ports.bump = i + 1;
			continue;
		}
		if (port->bridge >= DP_BRIDGES_MAX || !ofport_is_valid(port->ofport))
			return -EPROTO;
		if (slots_make(dp, port->bridge))
			return -ENOMEM;
		dp->slot_of[port->bridge][slot_key(port->ofport)] = i;
		dp->ports.bump = i + 1;
		port_set_direct(dp, i); /* another version's may not have the member */
	}
	for (uint32_t i = 1; i < dp->ports.bump; i++) {
		if (!PORT(dp, i)->ofport)
			spans_free(&dp->ports, i, 0);
	}
	return 0;
}

void ports_forget(struct dp *dp)
{
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		free(dp->slot_of[i]);
}

/* --- From interface to port --- */

static struct skep_if *if_find(const struct dp *dp, uint32_t ifindex, bool or_free)
{
	uint32_t mask = dp->set.map[MAP_IFS].n - 1;
	struct skep_if *free_slot = NULL;

	for (uint32_t i = 0; i < SKEP_IF_PROBES; i++) {
		struct skep_if *slot =
			MAP_ELEM(&dp->set, MAP_IFS, struct skep_if, (ifindex + i) & mask);

		if (slot->ifindex == ifindex)
			return slot;
		if (!slot->ifindex && !free_slot)
			free_slot = slot;
	}
	return or_free ? free_slot : NULL;
}

uint32_t if_port(const struct dp *dp, uint32_t ifindex)
{
	const struct skep_if *slot = if_find(dp, ifindex, false);

	return slot ? slot->port : 0;
}

int if_add(struct dp *dp, uint32_t ifindex, uint32_t port)
{
	struct skep_if *slot = if_find(dp, ifindex, true);

	if (!slot)
		return -ENOSPC;
	slot->port = port;
	PUBLISH(&slot->ifindex, ifindex);
	return 0;
}

void if_del(struct dp *dp, uint32_t ifindex)
{
	struct skep_if *slot = if_find(dp, ifindex, false);

	if (slot)
		PUBLISH(&slot->ifindex, 0);
}

/* --- The list of a bridge's ports, for ALL and FLOOD --- */

/* Links the existing ports in ascending order, from the last to the first: a reader meets old links or new ones, each leading on. */
static void relink(struct dp *dp, uint32_t bridge)
{
	uint32_t next = port_find(dp, bridge, PORT_LOCAL);

	if (next)
		PUBLISH(&PORT(dp, next)->next, 0);
	for (uint32_t ofport = PORT_NO_MAX; ofport > 0; ofport--) {
		uint32_t idx = port_find(dp, bridge, ofport);

		if (!idx)
			continue;
		PUBLISH(&PORT(dp, idx)->next, next);
		next = idx;
	}
	PUBLISH(&BRIDGE(dp, bridge)->first_port, next);
}

static unsigned int count_ports(const struct dp *dp, uint32_t bridge)
{
	unsigned int n = 0;

	for (uint32_t i = BRIDGE(dp, bridge)->first_port; i; i = PORT(dp, i)->next)
		n++;
	return n;
}

/* --- Ports --- */

/* Where the programs find whether the link of a port is up.  One without an interface of its own is live as long as it is there. */
static void port_learn_link(struct dp *dp, uint32_t idx, uint32_t ifindex)
{
	struct skep_port *port = PORT(dp, idx);
	bool has_link = port->kind == SKEP_PORT_PLAIN || port->kind == SKEP_PORT_LOCAL;

	port->is_live = 1;
	port->dev = has_link && dp->attach != DP_ATTACH_NONE ? link_address(ifindex) : 0;
}

void dp_port_set_live(struct dp *dp, uint32_t bridge, uint32_t ofport, bool is_live)
{
	uint32_t idx = port_find(dp, bridge, ofport);

	if (idx)
		PUBLISH(&PORT(dp, idx)->is_live, is_live);
}

void port_set_direct(struct dp *dp, uint32_t idx)
{
	struct skep_port *port = PORT(dp, idx);
	uint32_t against =
		port->config & (SKEP_PC_PORT_DOWN | SKEP_PC_NO_FWD | SKEP_PC_SPECIAL_OUT);

	PUBLISH(&port->direct, port->ifindex && !against ? port->way : 0);
}

static void set_way(struct dp *dp, uint32_t idx, uint32_t way)
{
	PUBLISH(&PORT(dp, idx)->way, way);
	port_set_direct(dp, idx);
}

void port_publish(struct dp *dp, uint32_t idx, uint32_t ifindex)
{
	struct skep_port *port = PORT(dp, idx);

	if (ifindex)
		port_learn_link(dp, idx, ifindex);
	/* What is there goes first, so that a packet that meets the one meets the other. */
	if (ifindex)
		PUBLISH(&port->way, ifindex == NO_IFINDEX ? 0 : ifindex);
	PUBLISH(&port->ifindex, ifindex);
	port_set_direct(dp, idx);
	relink(dp, port->bridge);
	if (port->kind == SKEP_PORT_LOCAL)
		PUBLISH(&BRIDGE(dp, port->bridge)->local_ifindex, ifindex);
}

static int port_put(struct dp *dp, uint32_t idx, uint32_t ifindex)
{
	struct skep_port *port = PORT(dp, idx);
	int err = if_add(dp, ifindex, idx);

	if (err)
		return err;
	port->config = 0;
	port->kind = port->ofport == PORT_LOCAL ? SKEP_PORT_LOCAL : SKEP_PORT_PLAIN;
	port->aux = 0;
	port_reset_counters(dp, idx);
	port_vlan_reset(dp, idx);
	port_set_special(dp, idx);
	port_publish(dp, idx, ifindex);
	err = attach_set(dp->attach, ATTACH_INGRESS, dp->links_dir, ifindex, dp->set.prog_fd);
	if (err) {
		port_publish(dp, idx, 0);
		if_del(dp, ifindex);
	}
	return err;
}

int port_check_new(const struct dp *dp, uint32_t bridge, uint32_t ofport, char *err_buf,
		   size_t err_size)
{
	if (!dp_bridge_name(dp, bridge) || !ofport_is_valid(ofport)) {
		snprintf(err_buf, err_size, "no such bridge, or no legal port number: %u", ofport);
		return -EINVAL;
	}
	if (port_find(dp, bridge, ofport)) {
		snprintf(err_buf, err_size, "port number %u is taken", ofport);
		return -EBUSY;
	}
	if (count_ports(dp, bridge) >= SKEP_PORTS_MAX - 1) {
		snprintf(err_buf, err_size, "a bridge has at most %u ports", SKEP_PORTS_MAX - 1);
		return -ENOSPC;
	}
	return 0;
}

int dp_port_add(struct dp *dp, uint32_t bridge, uint32_t ofport, uint32_t ifindex, char *err_buf,
		size_t err_size)
{
	uint32_t idx = port_find(dp, bridge, ofport);
	int err;

	if (!ifindex) {
		snprintf(err_buf, err_size, "no interface");
		return -EINVAL;
	}
	if (idx && PORT(dp, idx)->ifindex == ifindex && if_port(dp, ifindex) == idx)
		return 0;
	err = port_check_new(dp, bridge, ofport, err_buf, err_size);
	if (err)
		return err;
	if (if_port(dp, ifindex)) {
		snprintf(err_buf, err_size, "interface %u is a port already", ifindex);
		return -EBUSY;
	}
	err = port_slot(dp, bridge, ofport);
	if (err > 0)
		err = port_put(dp, (uint32_t)err, ifindex);
	if (err)
		snprintf(err_buf, err_size, "cannot attach to interface %u: %s", ifindex,
			 strerror(-err));
	return err;
}

int dp_port_del(struct dp *dp, uint32_t bridge, uint32_t ofport)
{
	uint32_t idx = port_find(dp, bridge, ofport), ifindex;

	if (!idx)
		return -ENOENT;
	ifindex = PORT(dp, idx)->ifindex;
	attach_drop(dp->attach, port_hook(PORT(dp, idx)), dp->links_dir, ifindex);
	port_publish(dp, idx, 0);
	special_release(dp, idx);
	if (if_port(dp, ifindex) == idx)
		if_del(dp, ifindex);
	fdb_port_gone(dp, bridge, idx);
	return 0;
}

int dp_port_set_config(struct dp *dp, uint32_t bridge, uint32_t ofport, uint32_t config)
{
	uint32_t idx = port_find(dp, bridge, ofport);

	if (!idx)
		return -ENOENT;
	config &= ~PORT_OWN_BITS;
	PUBLISH(&PORT(dp, idx)->config, config | (PORT(dp, idx)->config & PORT_OWN_BITS));
	port_set_direct(dp, idx);
	return 0;
}

static enum dp_port_kind kind_of(const struct skep_port *port)
{
	switch ((enum skep_port_kind)port->kind) {
	case SKEP_PORT_TUNNEL:
		return DP_PORT_TUNNEL;
	case SKEP_PORT_PATCH:
		return DP_PORT_PATCH;
	case SKEP_PORT_SOCKET:
		return DP_PORT_SOCKET;
	default:
		return DP_PORT_PLAIN;
	}
}

bool dp_port_next(const struct dp *dp, uint32_t bridge, uint32_t ofport, struct dp_port *ret)
{
	uint32_t i;

	if (bridge >= DP_BRIDGES_MAX)
		return false;
	for (i = BRIDGE(dp, bridge)->first_port; i; i = PORT(dp, i)->next) {
		if (PORT(dp, i)->ofport >= ofport)
			break;
	}
	if (!i)
		return false;
	*ret = (struct dp_port){
		.ofport = PORT(dp, i)->ofport,
		.ifindex = PORT(dp, i)->ifindex == NO_IFINDEX ? 0 : PORT(dp, i)->ifindex,
		.config = PORT(dp, i)->config & ~PORT_OWN_BITS,
		.kind = kind_of(PORT(dp, i)),
		.mark = i,
	};
	return true;
}

static uint64_t mac_word(const uint8_t mac[6])
{
	uint64_t word = 0;

	memcpy(&word, mac, 6);
	return word;
}

int dp_port_set_peer(struct dp *dp, uint32_t bridge, uint32_t ofport, const uint8_t *mac)
{
	uint32_t idx = port_find(dp, bridge, ofport);
	struct skep_port *port;

	if (!idx)
		return -ENOENT;
	port = PORT(dp, idx);
	if (port->kind != SKEP_PORT_PLAIN && port->kind != SKEP_PORT_LOCAL)
		return mac ? -EINVAL : 0;
	/* A packet that met the bit before finds no address that it could be for. */
	if (!mac || port->peer_mac != mac_word(mac)) {
		set_way(dp, idx, port->ifindex);
		PUBLISH(&port->peer_mac, mac ? mac_word(mac) : 0);
	}
	if (mac)
		set_way(dp, idx, port->ifindex | SKEP_WAY_PEER);
	return 0;
}

void ports_leave_peers(struct dp *dp)
{
	for (uint32_t i = 1; i < dp->ports.bump; i++)
		if (PORT(dp, i)->way & SKEP_WAY_PEER)
			set_way(dp, i, PORT(dp, i)->ifindex);
}

/* --- What the programs count of ports --- */

static struct skep_port_counter *counters_of(const struct dp *dp, uint32_t idx)
{
	return MAP_ELEM(&dp->set, MAP_PORT_COUNTERS, struct skep_port_counter,
			(size_t)idx * dp->set_config.n_stripes);
}

void port_reset_counters(struct dp *dp, uint32_t idx)
{
	memset(counters_of(dp, idx), 0,
	       dp->set_config.n_stripes * sizeof(struct skep_port_counter));
}

bool dp_port_stats(const struct dp *dp, uint32_t bridge, uint32_t ofport,
		   struct dp_port_stats *ret)
{
	uint32_t idx = port_find(dp, bridge, ofport);
	const struct skep_port_counter *c;

	memset(ret, 0, sizeof(*ret));
	if (!idx)
		return false;
	c = counters_of(dp, idx);
	for (uint32_t i = 0; i < dp->set_config.n_stripes; i++) {
		ret->rx_packets += READ(c[i].rx_packets);
		ret->rx_bytes += READ(c[i].rx_bytes);
		ret->tx_packets += READ(c[i].tx_packets);
		ret->tx_bytes += READ(c[i].tx_bytes);
	}
	return true;
}

/* --- Bridges --- */

int dp_bridge_find(const struct dp *dp, const char *name, uint32_t *ret_bridge)
{
	for (uint32_t i = 0; i < DP_BRIDGES_MAX; i++) {
		if (!strcmp(BRIDGE(dp, i)->name, name) && *name) {
			*ret_bridge = i;
			return 0;
		}
	}
	return -ENOENT;
}

int dp_bridge_add(struct dp *dp, const char *name, uint32_t *ret_bridge)
{
	if (!*name || strlen(name) >= DP_NAME_MAX)
		return -EINVAL;
	if (!dp_bridge_find(dp, name, ret_bridge))
		return -EEXIST;
	for (uint32_t i = 0; i < DP_BRIDGES_MAX; i++) {
		struct skep_bridge *b = BRIDGE(dp, i);

		if (b->name[0])
			continue;
		memset(b, 0, sizeof(*b));
		/* An earlier bridge of this number has counted. */
		memset(MAP_ELEM(&dp->set, MAP_TABLE_COUNTERS, struct skep_table_counter,
				(size_t)i * 256 * dp->set_config.n_stripes),
		       0, 256 * dp->set_config.n_stripes * sizeof(struct skep_table_counter));
		fdb_init(dp, i);
		cache_note(dp, i * 256); /* subtables of an earlier bridge may be there still, and get used */
		strcpy(b->name, name); /* NOLINT: the length was checked */
		*ret_bridge = i;
		return 0;
	}
	return -ENOSPC;
}

static void delete_flows(struct dp *dp, uint32_t bridge)
{
	for (uint32_t flow = 1; flow < dp->flows.bump; flow++) {
		if (FLOW(dp, flow)->rule && FLOW(dp, flow)->table / 256 == bridge)
			flow_remove(dp, flow);
	}
	dp_commit(dp);
}

void dp_bridge_del(struct dp *dp, uint32_t bridge)
{
	struct dp_port port;

	if (!dp_bridge_name(dp, bridge))
		return;
	while (dp_port_next(dp, bridge, 0, &port))
		dp_port_del(dp, bridge, port.ofport);
	delete_flows(dp, bridge);
	groups_bridge_gone(dp, bridge);
	meters_bridge_gone(dp, bridge);
	fdb_free(dp, bridge);
	tlvs_bridge_gone(dp, bridge);
	for (uint32_t i = 0; dp->slot_of[bridge] && i < N_SLOTS; i++) {
		uint32_t idx = dp->slot_of[bridge][i];

		if (!idx)
			continue;
		port_vlan_reset(dp, idx);
		PORT(dp, idx)->ofport = 0;
		garbage_put(dp, GARBAGE_PORT, idx, 0);
	}
	free(dp->slot_of[bridge]);
	dp->slot_of[bridge] = NULL;
	memset(BRIDGE(dp, bridge)->name, 0, DP_NAME_MAX);
	cache_note(dp, bridge * 256);
	cache_refresh(dp);
	reclaim_kick(dp);
}

const char *dp_bridge_name(const struct dp *dp, uint32_t bridge)
{
	if (bridge >= DP_BRIDGES_MAX || !BRIDGE(dp, bridge)->name[0])
		return NULL;
	return BRIDGE(dp, bridge)->name;
}

void bridge_set_flag(struct dp *dp, uint32_t bridge, uint32_t flag, bool is_set)
{
	struct skep_bridge *b = BRIDGE(dp, bridge);

	PUBLISH(&b->flags, is_set ? b->flags | flag : b->flags & ~flag);
}

void dp_bridge_set_frag_drop(struct dp *dp, uint32_t bridge, bool drop)
{
	bridge_set_flag(dp, bridge, SKEP_BF_FRAG_DROP, drop);
}

void dp_bridge_set_pktin_limit(struct dp *dp, uint32_t bridge, uint32_t rate, uint32_t burst)
{
	BRIDGE(dp, bridge)->pktin_burst = burst;
	PUBLISH(&BRIDGE(dp, bridge)->pktin_rate, rate);
}
