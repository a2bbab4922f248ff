// SPDX-License-Identifier: Apache-2.0
/* VLANs of ports and the table of addresses; see normal.h. */
#include "tests/oracle/normal.h"

#include <stdlib.h>
#include <string.h>

#include "tests/oracle/actions.h"

bool oracle_is_multicast(const uint8_t mac[6])
{
	return mac[0] & 1;
}

bool oracle_is_reserved(const uint8_t mac[6])
{
	static const uint8_t first[6] = { 0x01, 0x80, 0xc2, 0, 0, 0 };

	return !memcmp(mac, first, 5) && mac[5] < 16;
}

/* Addresses. */

void oracle_fdb_uninit(struct oracle_fdb *fdb)
{
	free(fdb->entries);
	memset(fdb, 0, sizeof(*fdb));
}

static struct oracle_fdb_entry *find(const struct oracle_fdb *fdb, const uint8_t mac[6],
				     uint16_t vlan)
{
	for (unsigned int i = 0; i < fdb->n; i++) {
		if (fdb->entries[i].vlan == vlan && !memcmp(fdb->entries[i].mac, mac, 6))
			return &fdb->entries[i];
	}
	return NULL;
}

uint32_t oracle_fdb_find(const struct oracle_fdb *fdb, const uint8_t mac[6], uint16_t vlan)
{
	const struct oracle_fdb_entry *e = find(fdb, mac, vlan);

	return e && !oracle_is_multicast(mac) ? e->ofport : 0;
}

void oracle_fdb_put(struct oracle_fdb *fdb, const struct oracle_fdb_entry *entry)
{
	struct oracle_fdb_entry *e = find(fdb, entry->mac, entry->vlan);

	if (!e && fdb->n == fdb->size) {
		fdb->size = 2 * fdb->size + 16;
		fdb->entries = realloc(fdb->entries, fdb->size * sizeof(*fdb->entries));
		if (!fdb->entries)
			abort();
	}
	if (!e)
		e = &fdb->entries[fdb->n++];
	*e = *entry;
}

void oracle_fdb_learn(struct oracle_fdb *fdb, const uint8_t mac[6], uint16_t vlan, uint32_t ofport)
{
	const struct oracle_fdb_entry *e = find(fdb, mac, vlan);
	struct oracle_fdb_entry entry = { .vlan = vlan, .ofport = ofport };

	if (oracle_is_multicast(mac) || (e && e->is_static))
		return;
	memcpy(entry.mac, mac, 6);
	oracle_fdb_put(fdb, &entry);
}

/* VLANs. */

static uint16_t vid_of(const struct oracle_packet *pkt)
{
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	return f.n_tags ? oracle_get16(pkt->b + 14) & 0xfff : 0;
}

static bool is_native(const struct oracle_port_vlan *port)
{
	return port->mode == ORACLE_VLAN_NATIVE_TAGGED || port->mode == ORACLE_VLAN_NATIVE_UNTAGGED;
}

bool oracle_vlan_carried(const struct oracle_port_vlan *port, uint16_t vlan)
{
	if (port->mode == ORACLE_VLAN_ACCESS)
		return vlan == port->tag;
	if (is_native(port) && vlan == port->tag)
		return true;
	return !port->has_trunks || (port->trunks[vlan / 64] >> vlan % 64 & 1);
}

bool oracle_vlan_received(const struct oracle_port_vlan *port, const struct oracle_packet *pkt,
			  uint16_t *ret_vlan)
{
	uint16_t vid = vid_of(pkt);

	/* An access port drops every tagged packet, also one of its own VLAN; VID 0 is a priority, no VLAN. */
	if (port->mode == ORACLE_VLAN_ACCESS && vid)
		return false;
	if (!vid && port->mode != ORACLE_VLAN_TRUNK)
		vid = port->tag;
	*ret_vlan = vid;
	return oracle_vlan_carried(port, vid);
}

/* A packet that leaves with a tag has it for its VLAN; VLAN 0 has none, not even for a priority (Open vSwitch's
 * other_config:priority-tags is "never" unless configured).  A tag that has the VLAN stays as it is; of a priority tag that is filled in
 * only the priority stays. */
bool oracle_vlan_send(const struct oracle_port_vlan *port, uint16_t vlan, struct oracle_packet *pkt)
{
	bool is_untagged = !vlan || port->mode == ORACLE_VLAN_ACCESS ||
			   (port->mode == ORACLE_VLAN_NATIVE_UNTAGGED && vlan == port->tag);
	struct oracle_fields f;

	if (is_untagged) {
		oracle_pop_vlan(pkt);
		return true;
	}
	oracle_parse(pkt, &f);
	if (f.n_tags && vid_of(pkt) == vlan)
		return true;
	if (!f.n_tags && !oracle_push_vlan(pkt, 0x8100))
		return false;
	oracle_put16(pkt->b + 12, 0x8100);
	oracle_put16(pkt->b + 14, (uint16_t)((oracle_get16(pkt->b + 14) & 0xe000) | vlan));
	return true;
}
