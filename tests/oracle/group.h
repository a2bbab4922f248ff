/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle's groups and meters: what is configured, what is live, and when a band is exceeded (docs/semantics.md, "Groups" and "Meters").
 * Executing buckets is oracle.c's.
 */
#ifndef SKEP_ORACLE_GROUP_H
#define SKEP_ORACLE_GROUP_H 1

#include "model/group.h"
#include "tests/oracle/oracle.h"
#include "tests/oracle/parse.h"

struct oracle_groups {
	unsigned int n, size;
	struct group_mod *groups;
};

void oracle_groups_uninit(struct oracle_groups *groups);
/* Adds, modifies or deletes, whether it is there or not: the tests see to that. */
void oracle_groups_mod(struct oracle_groups *groups, const struct group_mod *gm);
const struct group_mod *oracle_groups_find(const struct oracle_groups *groups, uint32_t group_id);
/* As 'o' has ports and groups. */
bool oracle_bucket_is_live(const struct oracle *o, const struct group_mod *gm, const struct bucket *bucket);
/* Which flow a select group takes the packet for. */
uint64_t oracle_flow_of(const struct oracle_packet *pkt);

/* Of oracle.c, for it: */
bool oracle_port_is_live(const struct oracle *o, uint32_t ofport);
const struct group_mod *oracle_find_group(const struct oracle *o, uint32_t group_id);

struct oracle_meter {
	uint32_t meter_id;
	unsigned int n_bands; /* in descending order of their rates */
	struct {
		struct band band;
		unsigned int number; /* in the order of the message */
		uint64_t n_passed;
	} bands[METER_BANDS_MAX];
	uint64_t made_ns; /* CLOCK_MONOTONIC, when it was made or modified */
	bool is_unknown;  /* too much time has passed to know */
};

struct oracle_meters {
	unsigned int n, size;
	struct oracle_meter *meters;
};

void oracle_meters_uninit(struct oracle_meters *meters);
void oracle_meters_mod(struct oracle_meters *meters, const struct meter_mod *mm);
/* The number of the band that acts on a packet now, and its description; -1: none. */
int oracle_meter_act(struct oracle_meter *meter, struct band *ret_band);
struct oracle_meter *oracle_meters_find(const struct oracle_meters *meters, uint32_t meter_id);

#endif
