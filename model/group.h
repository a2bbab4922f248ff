/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups and meters (OF1.3.5 §5.6, §5.7, §6.5, §6.7, §7.3.4.2, §7.3.4.4).
 *
 * Unlike flows, groups have no fixed bound that a structure could hold, so their buckets and bands are in arrays that the owner
 * allocates: whoever fills a struct group_mod frees it with group_mod_uninit().  All integers are in host byte order.
 */
#ifndef SKEP_MODEL_GROUP_H
#define SKEP_MODEL_GROUP_H 1

#include <stdbool.h>
#include <stdint.h>

#include "model/action.h"

enum group_command { /* values as on the wire */
	GROUP_ADD = 0,
	GROUP_MODIFY = 1,
	GROUP_DELETE = 2,
};

enum group_type { /* values as on the wire */
	GROUP_TYPE_ALL = 0,
	GROUP_TYPE_SELECT = 1,
	GROUP_TYPE_INDIRECT = 2,
	GROUP_TYPE_FF = 3,
	N_GROUP_TYPES
};

#define GROUP_MAX 0xffffff00u /* the highest number of a group; OFPG_MAX */
#define GROUP_ALL 0xfffffffcu /* OFPG_ALL: of a delete or of a request for statistics */
#define GROUP_BUCKETS_MAX 1024

struct bucket {
	uint16_t weight;      /* select; 0 otherwise */
	uint32_t watch_port;  /* fast failover; PORT_ANY: none */
	uint32_t watch_group; /* fast failover; GROUP_ANY: none */
	/* An action set: one action of each type (of SET_FIELD: of each field), in any order.  Held in the order that the controller sent,
	 * which statistics give back; executed in that of §5.10. */
	unsigned int n_actions;
	struct action *actions; /* owned */
};

struct group_mod {
	enum group_command command;
	enum group_type type;
	uint32_t group_id;
	unsigned int n_buckets;
	struct bucket *buckets; /* owned */
};

void group_mod_uninit(struct group_mod *gm);
/* Makes '*to' a copy of 'from' with arrays of its own.  0 or -ENOMEM, '*to' empty then. */
int group_mod_copy(struct group_mod *to, const struct group_mod *from);

struct bucket_stats {
	uint64_t n_packets;
	uint64_t n_bytes;
};

/* A group as statistics and dumps show it. */
struct group_desc {
	enum group_type type;
	uint32_t group_id;
	uint32_t ref_count;   /* flows and groups that lead to it */
	uint64_t n_packets;
	uint64_t n_bytes;
	uint64_t duration_ns;
	unsigned int n_buckets;
	const struct bucket *buckets;             /* valid until the group is changed */
	const struct bucket_stats *bucket_stats;  /* n_buckets of them, valid until the next call that describes a group */
};

/* --- Meters --- */

enum meter_command { /* values as on the wire */
	METER_ADD = 0,
	METER_MODIFY = 1,
	METER_DELETE = 2,
};

enum meter_flags { /* values as on the wire */
	METER_KBPS = 1 << 0,
	METER_PKTPS = 1 << 1,
	METER_BURST = 1 << 2,
	METER_STATS = 1 << 3,
};

#define METER_MAX        0xffff0000u
#define METER_SLOWPATH   0xfffffffdu
#define METER_CONTROLLER 0xfffffffeu
#define METER_ALL        0xffffffffu
#define METER_BANDS_MAX  8

enum band_type { /* values as on the wire */
	BAND_DROP = 1,
	BAND_DSCP_REMARK = 2,
};

struct band {
	enum band_type type;
	uint32_t rate;       /* kb/s or packets/s */
	uint32_t burst_size; /* kb or packets; only with METER_BURST */
	uint8_t prec_level;  /* DSCP_REMARK */
};

struct meter_mod {
	enum meter_command command;
	uint16_t flags; /* enum meter_flags */
	uint32_t meter_id;
	unsigned int n_bands;
	struct band bands[METER_BANDS_MAX];
};

struct meter_desc {
	uint32_t meter_id;
	uint16_t flags;
	uint32_t flow_count;
	uint64_t n_packets; /* that came to it */
	uint64_t n_bytes;
	uint64_t duration_ns;
	unsigned int n_bands;
	struct band bands[METER_BANDS_MAX];
	struct {
		uint64_t n_packets;
		uint64_t n_bytes;
	} band_stats[METER_BANDS_MAX];
};

#endif
