/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow table modifications and flow descriptions (OF1.3.5 §6.4, §7.3.4.1, §7.3.5.2).
 */
#ifndef SKEP_MODEL_FLOW_H
#define SKEP_MODEL_FLOW_H 1

#include <stdbool.h>
#include <stdint.h>

#include "model/action.h"
#include "model/match.h"

enum flow_command { /* values as on the wire */
	FLOW_ADD = 0,
	FLOW_MODIFY = 1,
	FLOW_MODIFY_STRICT = 2,
	FLOW_DELETE = 3,
	FLOW_DELETE_STRICT = 4,
};

enum flow_flags { /* values as on the wire */
	FLOW_SEND_FLOW_REM = 1 << 0,
	FLOW_CHECK_OVERLAP = 1 << 1,
	FLOW_RESET_COUNTS = 1 << 2,
	FLOW_NO_PKT_COUNTS = 1 << 3,
	FLOW_NO_BYT_COUNTS = 1 << 4,
};

#define BUFFER_NONE 0xffffffffu

/* All integers in host byte order. */
struct flow_mod {
	uint64_t cookie;
	uint64_t cookie_mask; /* modify and delete: only flows whose cookie equals 'cookie' under it */
	enum flow_command command;
	uint8_t table_id;     /* TABLE_NONE (OFPTT_ALL): all tables, for deletes */
	uint16_t idle_timeout; /* seconds; 0: none */
	uint16_t hard_timeout;
	uint16_t priority;
	uint32_t buffer_id;
	uint32_t out_port;  /* deletes: only flows with an output to it; PORT_ANY: no filter */
	uint32_t out_group; /* the same; GROUP_ANY */
	uint16_t flags;     /* enum flow_flags */
	struct match match;
	struct instructions instructions;
};

/* A flow as statistics and dumps show it. */
struct flow_desc {
	uint8_t table_id;
	uint16_t priority;
	uint16_t idle_timeout;
	uint16_t hard_timeout;
	uint16_t flags;
	uint64_t cookie;
	uint64_t duration_ns; /* since it was added */
	uint64_t idle_ns;     /* since a packet hit it, or since it was added; skep's own, not in OF1.3 */
	uint64_t n_packets;
	uint64_t n_bytes;
	struct match match;
	struct instructions instructions;
};

/* Which flows a statistics request or a non-strict modification means (§7.3.5.2). */
struct flow_filter {
	uint8_t table_id; /* TABLE_NONE: all */
	uint32_t out_port;
	uint32_t out_group;
	uint64_t cookie;
	uint64_t cookie_mask;
	struct match match;
};

enum flow_removed_reason { /* values as on the wire, §7.4.2 */
	FLOW_REMOVED_IDLE_TIMEOUT = 0,
	FLOW_REMOVED_HARD_TIMEOUT = 1,
	FLOW_REMOVED_DELETE = 2,
	FLOW_REMOVED_GROUP_DELETE = 3,
};

#endif
