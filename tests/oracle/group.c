// SPDX-License-Identifier: Apache-2.0
/* Groups and meters as they are configured; see group.h. */
#include "tests/oracle/group.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Groups. */

void oracle_groups_uninit(struct oracle_groups *groups)
{
	for (unsigned int i = 0; i < groups->n; i++)
		group_mod_uninit(&groups->groups[i]);
	free(groups->groups);
	memset(groups, 0, sizeof(*groups));
}

const struct group_mod *oracle_groups_find(const struct oracle_groups *groups, uint32_t group_id)
{
	for (unsigned int i = 0; i < groups->n; i++) {
		if (groups->groups[i].group_id == group_id)
			return &groups->groups[i];
	}
	return NULL;
}

static void remove_group(struct oracle_groups *groups, uint32_t group_id)
{
	for (unsigned int i = groups->n; i-- > 0;) {
		if (groups->groups[i].group_id != group_id)
			continue;
		group_mod_uninit(&groups->groups[i]);
		groups->groups[i] = groups->groups[--groups->n];
	}
}

void oracle_groups_mod(struct oracle_groups *groups, const struct group_mod *gm)
{
	remove_group(groups, gm->group_id);
	if (gm->command == GROUP_DELETE)
		return;
	if (groups->n == groups->size) {
		groups->size = groups->size * 2 + 16;
		groups->groups = realloc(groups->groups, groups->size * sizeof(groups->groups[0]));
		if (!groups->groups)
			abort();
	}
	if (group_mod_copy(&groups->groups[groups->n++], gm))
		abort();
}

static bool group_is_live(const struct oracle *o, const struct group_mod *gm)
{
	for (unsigned int i = 0; gm && i < gm->n_buckets; i++) {
		if (gm->type == GROUP_TYPE_SELECT && gm->buckets[i].weight == 0)
			continue;
		if (oracle_bucket_is_live(o, gm, &gm->buckets[i]))
			return true;
	}
	return false;
}

/* True if the only way out of the bucket is a port, and that is dead. */
static bool ends_at_a_dead_port(const struct oracle *o, const struct bucket *bucket)
{
	bool is_dead = false;

	for (unsigned int i = 0; i < bucket->n_actions; i++) {
		const struct action *a = &bucket->actions[i];

		if (a->type == ACTION_GROUP)
			return false;
		if (a->type == ACTION_OUTPUT &&
		    (a->output.port <= PORT_NO_MAX || a->output.port == PORT_LOCAL))
			is_dead = !oracle_port_is_live(o, a->output.port);
	}
	return is_dead;
}

bool oracle_bucket_is_live(const struct oracle *o, const struct group_mod *gm, const struct bucket *bucket)
{
	if (bucket->watch_port == PORT_ANY && bucket->watch_group == GROUP_ANY)
		return gm->type != GROUP_TYPE_SELECT || !ends_at_a_dead_port(o, bucket);
	return (bucket->watch_port != PORT_ANY && oracle_port_is_live(o, bucket->watch_port)) ||
	       (bucket->watch_group != GROUP_ANY && group_is_live(o, oracle_find_group(o, bucket->watch_group)));
}

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3; /* FNV-1a */
	return h;
}

uint64_t oracle_flow_of(const struct oracle_packet *pkt)
{
	static const enum field_id ids[] = {
		FIELD_ETH_SRC,	FIELD_ETH_DST,	FIELD_ETH_TYPE, FIELD_VLAN_VID, FIELD_IP_PROTO,
		FIELD_IPV4_SRC, FIELD_IPV4_DST, FIELD_IPV6_SRC, FIELD_IPV6_DST, FIELD_TCP_SRC,
		FIELD_TCP_DST,	FIELD_UDP_SRC,	FIELD_UDP_DST,	FIELD_SCTP_SRC, FIELD_SCTP_DST,
		FIELD_ICMPV4_TYPE, FIELD_ICMPV4_CODE, FIELD_ICMPV6_TYPE, FIELD_ICMPV6_CODE,
		FIELD_ARP_OP, FIELD_ARP_SPA, FIELD_ARP_TPA, FIELD_MPLS_LABEL, FIELD_MPLS_TC,
		FIELD_MPLS_BOS, FIELD_PBB_ISID,
	};
	uint64_t h = 0xcbf29ce484222325;
	struct oracle_fields f;

	oracle_parse(pkt, &f);
	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		bool has = oracle_fields_has(&f, ids[i]);

		h = hash_bytes(h, &has, sizeof(has));
		if (has)
			h = hash_bytes(h, f.value[ids[i]].b, field_table[ids[i]].n_bytes);
	}
	return h;
}

/* Meters.  The tests' bands are filled so slowly that none comes in the time of a test, or so fast that they are never exceeded. */

#define FAST 1000000u

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void oracle_meters_uninit(struct oracle_meters *meters)
{
	free(meters->meters);
	memset(meters, 0, sizeof(*meters));
}

struct oracle_meter *oracle_meters_find(const struct oracle_meters *meters, uint32_t meter_id)
{
	for (unsigned int i = 0; i < meters->n; i++) {
		if (meters->meters[i].meter_id == meter_id)
			return &meters->meters[i];
	}
	return NULL;
}

static void put_bands(struct oracle_meter *meter, const struct meter_mod *mm)
{
	memset(meter, 0, sizeof(*meter));
	meter->meter_id = mm->meter_id;
	meter->made_ns = now_ns();
	meter->n_bands = mm->n_bands;
	for (unsigned int i = 0; i < mm->n_bands; i++) {
		unsigned int at = i;

		for (; at > 0 && meter->bands[at - 1].band.rate < mm->bands[i].rate; at--)
			meter->bands[at] = meter->bands[at - 1];
		meter->bands[at].band = mm->bands[i];
		meter->bands[at].number = i;
		meter->bands[at].n_passed = 0;
	}
}

void oracle_meters_mod(struct oracle_meters *meters, const struct meter_mod *mm)
{
	struct oracle_meter *meter = oracle_meters_find(meters, mm->meter_id);

	if (mm->command == METER_DELETE) {
		if (meter)
			*meter = meters->meters[--meters->n];
		return;
	}
	if (!meter && meters->n == meters->size) {
		meters->size = meters->size * 2 + 16;
		meters->meters = realloc(meters->meters, meters->size * sizeof(meters->meters[0]));
		if (!meters->meters)
			abort();
	}
	if (!meter)
		meter = &meters->meters[meters->n++];
	put_bands(meter, mm);
}

int oracle_meter_act(struct oracle_meter *meter, struct band *ret_band)
{
	uint64_t age_ns = now_ns() - meter->made_ns;

	for (unsigned int i = 0; i < meter->n_bands; i++) {
		const struct band *band = &meter->bands[i].band;

		if (band->rate >= FAST || meter->bands[i].n_passed < band->burst_size) {
			meter->bands[i].n_passed++;
			continue;
		}
		/* Some may have come in the meantime. */
		if (age_ns * band->rate > 900000000)
			meter->is_unknown = true;
		*ret_band = *band;
		return (int)meter->bands[i].number;
	}
	return -1;
}
