// SPDX-License-Identifier: Apache-2.0
/* What NORMAL looks at: addresses, VLANs, ports' modes; see gen.h. */
#include <string.h>

#include "tests/oracle/gen.h"
#include "tests/oracle/parse.h"

enum { N_STATIONS = 5 };

static const uint16_t vlans[] = { 1, 2, 0xfff };

static uint16_t some_vlan(struct gen *g)
{
	return vlans[gen_below(g, gen_chance(g, 90) ? 2 : 3)];
}

static void put_station(struct gen *g, uint8_t mac[6])
{
	const uint8_t station[6] = { 0x02, 0, 0, 0, 1, (uint8_t)gen_below(g, N_STATIONS) };

	memcpy(mac, station, 6);
}

/* A destination that is no station: a group, all, one that is reserved, or one just outside of those. */
static void put_other(struct gen *g, uint8_t mac[6])
{
	static const uint8_t others[][6] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, { 0x33, 0x33, 0, 0, 0, 1 },
		{ 0x01, 0x80, 0xc2, 0, 0, 0 },		{ 0x01, 0x80, 0xc2, 0, 0, 0x0f },
		{ 0x01, 0x80, 0xc2, 0, 0, 0x10 },	{ 0x01, 0x80, 0xc2, 0, 1, 0 },
		{ 0, 0, 0, 0, 0, 0 },
	};

	memcpy(mac, others[gen_below(g, sizeof(others) / sizeof(others[0]))], 6);
}

void gen_bridged_frame(struct gen *g, struct gen_frame *frame)
{
	struct oracle_fields f;
	struct oracle_packet pkt;

	if (gen_chance(g, 75))
		put_station(g, frame->b);
	else
		put_other(g, frame->b);
	if (gen_chance(g, 94))
		put_station(g, frame->b + 6);
	else
		put_other(g, frame->b + 6);

	pkt.len = frame->len;
	memcpy(pkt.b, frame->b, frame->len);
	oracle_parse(&pkt, &f);
	if (f.n_tags && gen_chance(g, 85))
		oracle_put16(frame->b + 14, (uint16_t)((oracle_get16(frame->b + 14) & 0xf000) |
						       (gen_chance(g, 25) ? 0 : some_vlan(g))));
}

void gen_port_vlan(struct gen *g, struct oracle_port_vlan *vlan)
{
	memset(vlan, 0, sizeof(*vlan));
	vlan->is_isolated = gen_chance(g, 25);
	vlan->mode = (enum oracle_vlan_mode)gen_below(g, 4);
	if (gen_chance(g, 30))
		vlan->mode = ORACLE_VLAN_TRUNK;
	if (vlan->mode != ORACLE_VLAN_TRUNK)
		vlan->tag = some_vlan(g);
	if (vlan->mode == ORACLE_VLAN_ACCESS && gen_chance(g, 20))
		vlan->tag = 0;
	if (vlan->mode == ORACLE_VLAN_ACCESS || gen_chance(g, 50))
		return;
	vlan->has_trunks = true;
	for (uint32_t n = gen_below(g, 4); n > 0; n--) {
		uint16_t v = gen_chance(g, 25) ? 0 : some_vlan(g);

		vlan->trunks[v / 64] |= 1ULL << v % 64;
	}
}

void gen_fdb_entry(struct gen *g, struct oracle_fdb_entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	put_station(g, entry->mac);
	entry->vlan = gen_chance(g, 40) ? 0 : some_vlan(g);
	/* Now and then there is no such port. */
	entry->ofport = gen_chance(g, 8) ? 77 : gen_in_port(g);
	entry->is_static = true;
}
