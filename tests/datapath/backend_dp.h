/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two backends that are skep's datapath share: rules through dp_flow_mod(), counters by difference.
 *
 *   backend_host.c    the host build on maps in memory; needs no privilege, runs under sanitizers
 *   backend_kernel.c  the shipped program under BPF_PROG_TEST_RUN, on maps in the kernel
 */
#ifndef SKEP_TEST_BACKEND_DP_H
#define SKEP_TEST_BACKEND_DP_H 1

#include "datapath/private.h"
#include "tests/datapath/backend.h"

enum { DP_TEST_FLOWS_MAX = 4096, DP_TEST_COUNTS_MAX = 128 };

struct dp_backend {
	struct dp *dp;
	uint32_t bridge;
	struct oracle_result *result; /* of the call that goes on */
	/* Counters before the call. */
	uint64_t packets[DP_TEST_FLOWS_MAX];
	uint64_t bytes[DP_TEST_FLOWS_MAX];
	uint64_t lookups[N_TABLES];
	uint64_t matches[N_TABLES];
	unsigned int n_counts;
	struct oracle_count counts[DP_TEST_COUNTS_MAX];
};

/* Opens the datapath with bridge "test"; config->callbacks are replaced.  Writes errors to stderr. */
int dp_backend_open(struct dp_backend *b, struct dp_config *config);
/* No rules, and the port configuration of 'config'; ports exist already. */
int dp_backend_reset(struct dp_backend *b, const struct backend_config *config);
int dp_backend_flow_mod(struct dp_backend *b, const struct flow_mod *fm);
int dp_backend_group_mod(struct dp_backend *b, const struct group_mod *gm);
int dp_backend_meter_mod(struct dp_backend *b, const struct meter_mod *mm);
int dp_backend_set_port(struct dp_backend *b, uint32_t ofport, uint32_t config);
int dp_backend_fdb_set(struct dp_backend *b, const struct oracle_fdb_entry *entry);
unsigned int dp_backend_fdb_dump(struct dp_backend *b, struct oracle_fdb_entry *ret,
				 unsigned int size);
/* Around each call: what it adds to the counters goes to 'r'. */
void dp_backend_begin(struct dp_backend *b, struct oracle_result *r);
void dp_backend_end(struct dp_backend *b, struct oracle_result *r);

#endif
