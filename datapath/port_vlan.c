// SPDX-License-Identifier: Apache-2.0
/*
 * Ports as NORMAL sees them: VLANs, and the split horizon.
 *
 * A port that carries some VLANs has a set of its own in skep_vlan_sets.  A change writes another set and frees the old one a grace
 * period later, for the packets that are looking at it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"

#define VLAN_FLAGS ((uint32_t)(SKEP_PF_ACCESS | SKEP_PF_NATIVE | SKEP_PF_TAGGED))

static struct skep_vlan_set *vlan_set(const struct dp *dp, uint32_t idx)
{
	return MAP_ELEM(&dp->set, MAP_VLAN_SETS, struct skep_vlan_set, idx);
}

static uint32_t mode_flags(enum dp_vlan_mode mode)
{
	switch (mode) {
	case DP_VLAN_TRUNK:
		break;
	case DP_VLAN_ACCESS:
		return SKEP_PF_ACCESS;
	case DP_VLAN_NATIVE_TAGGED:
		return SKEP_PF_NATIVE | SKEP_PF_TAGGED;
	case DP_VLAN_NATIVE_UNTAGGED:
		return SKEP_PF_NATIVE;
	}
	return 0;
}

static bool is_valid(const struct dp_port_vlan *vlan)
{
	switch (vlan->mode) {
	case DP_VLAN_TRUNK:
		return true;
	case DP_VLAN_ACCESS:
		return vlan->pvid <= 4095;
	case DP_VLAN_NATIVE_TAGGED:
	case DP_VLAN_NATIVE_UNTAGGED:
		return vlan->pvid && vlan->pvid <= 4095;
	}
	return false;
}

/* Puts VLANs in force, and lets go of the set before. */
static void put(struct dp *dp, uint32_t idx, uint32_t flags, uint16_t pvid, uint32_t set)
{
	struct skep_port *port = PORT(dp, idx);
	uint32_t old = port->vlans;

	PUBLISH(&port->vlans, set);
	PUBLISH(&port->pvid, pvid);
	PUBLISH(&port->flags, (port->flags & ~VLAN_FLAGS) | flags);
	if (old)
		garbage_put(dp, GARBAGE_VLAN_SET, old, 0);
	reclaim_kick(dp);
}

int dp_port_set_vlan(struct dp *dp, uint32_t bridge, uint32_t ofport,
		     const struct dp_port_vlan *vlan)
{
	uint32_t idx = port_find(dp, bridge, ofport), set = 0;
	struct need need = { .vlan_sets = 1 };
	const struct skep_port *port;
	uint32_t flags;
	uint16_t pvid;
	bool is_same;

	if (!idx)
		return -ENOENT;
	if (!is_valid(vlan))
		return -EINVAL;
	flags = mode_flags(vlan->mode);
	pvid = flags ? vlan->pvid : 0;
	port = PORT(dp, idx);
	is_same = (port->flags & VLAN_FLAGS) == flags && port->pvid == pvid;
	if (vlan->has_trunks && vlan->mode != DP_VLAN_ACCESS) {
		if (is_same && port->vlans &&
		    !memcmp(vlan_set(dp, port->vlans)->w, vlan->trunks, sizeof(vlan->trunks)))
			return 0;
		if (reserve(dp, &need))
			return -ENOSPC;
		set = spans_alloc(&dp->vlan_sets, 0);
		memcpy(vlan_set(dp, set)->w, vlan->trunks, sizeof(vlan->trunks));
	} else if (is_same && !port->vlans) {
		return 0;
	}
	put(dp, idx, flags, pvid, set);
	/* What was learned there may be of VLANs that it does not carry any more. */
	fdb_forget_port(dp, bridge, idx);
	return 0;
}

int dp_port_set_isolated(struct dp *dp, uint32_t bridge, uint32_t ofport, bool is_isolated)
{
	uint32_t idx = port_find(dp, bridge, ofport), flags;

	if (!idx)
		return -ENOENT;
	flags = PORT(dp, idx)->flags & ~(uint32_t)SKEP_PF_ISOLATED;
	PUBLISH(&PORT(dp, idx)->flags, is_isolated ? flags | SKEP_PF_ISOLATED : flags);
	return 0;
}

void port_vlan_reset(struct dp *dp, uint32_t idx)
{
	put(dp, idx, 0, 0, 0);
	PORT(dp, idx)->flags = 0;
}

void port_vlan_recall(struct dp *dp)
{
	uint32_t n = dp->set.map[MAP_VLAN_SETS].n;
	bool *is_used = calloc(n, sizeof(*is_used));

	for (uint32_t i = 1; i < dp->ports.bump; i++) {
		uint32_t set = PORT(dp, i)->vlans;

		if (!set)
			continue;
		if (set >= n) {
			PORT(dp, i)->vlans = 0;
			continue;
		}
		if (is_used)
			is_used[set] = true;
		if (set >= dp->vlan_sets.bump)
			dp->vlan_sets.bump = set + 1;
	}
	for (uint32_t i = 1; is_used && i < dp->vlan_sets.bump; i++) {
		if (!is_used[i])
			spans_free(&dp->vlan_sets, i, 0);
	}
	free(is_used);
}
