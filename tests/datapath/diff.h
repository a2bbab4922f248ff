/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The differential test: random rule sets and frames, the oracle and a backend, and no difference.
 *
 * A scenario is a switch's configuration, rules, frames, and steps: rules come and go while packets run.
 * In some of them much goes to NORMAL, or the bridge is standalone: there ports have VLANs, and what one packet teaches matters to the next.
 * It follows from one number, so that a failure can be had again.
 *
 *   diff.c           the command
 *   diff_scenario.c  making a scenario, running it, shrinking one that fails
 *   diff_report.c    comparing two results, and printing everything
 */
#ifndef SKEP_TEST_DIFF_H
#define SKEP_TEST_DIFF_H 1

#include <stdio.h>

#include "tests/datapath/backend.h"
#include "tests/oracle/gen.h"

enum {
	DIFF_RULES_MAX = 1024,
	DIFF_FRAMES_MAX = 24,
	DIFF_LISTS_MAX = 4,
	DIFF_STEPS_MAX = 2048,
	DIFF_PORTS_MAX = 10,
	DIFF_STATIC_MAX = 3,
	DIFF_FDB_MAX = 1024,
	DIFF_GROUPS_MAX = 5, /* their numbers; each is made several times */
	DIFF_GROUP_VERSIONS = 16,
	DIFF_METERS_MAX = 3,
	DIFF_METER_VERSIONS = 12,
};

enum diff_step_type {
	DIFF_ADD,
	DIFF_DEL,
	DIFF_GROUP,
	DIFF_METER,
	DIFF_PORT,
	DIFF_RUN,
	DIFF_PACKET_OUT,
	DIFF_FDB_SET,
	DIFF_FDB_DEL,
	DIFF_FDB_FLUSH,
};

struct diff_step {
	enum diff_step_type type;
	unsigned int rule;  /* ADD, DEL; GROUP, METER: which of the versions; PORT: which of the ports */
	uint32_t port_config; /* PORT */
	unsigned int frame; /* RUN, PACKET_OUT */
	unsigned int list;  /* PACKET_OUT */
	uint32_t in_port;   /* RUN, PACKET_OUT */
	struct oracle_fdb_entry entry; /* FDB_*; of FLUSH the port alone */
};

struct diff_scenario {
	uint64_t seed;
	struct backend_config config;
	struct backend_port ports[DIFF_PORTS_MAX];
	struct oracle_fdb_entry static_entries[DIFF_STATIC_MAX];
	struct gen_tables tables;
	unsigned int n_rules, n_frames, n_lists, n_steps;
	struct diff_step steps[DIFF_STEPS_MAX];
	struct gen_frame frames[DIFF_FRAMES_MAX];
	struct action_list lists[DIFF_LISTS_MAX];
	unsigned int n_groups, n_meters; /* versions */
	struct gen_group groups[DIFF_GROUP_VERSIONS];
	struct meter_mod meters[DIFF_METER_VERSIONS];
	struct flow_mod rules[DIFF_RULES_MAX];
};

struct diff_stats {
	unsigned long n_cases;   /* packets compared */
	unsigned long n_skipped; /* not compared: the oracle's bounds were reached, or a packet-out for a backend without */
	unsigned long n_outputs, n_packet_ins, n_hits;
	unsigned long n_ends[N_ORACLE_ENDS];
};

/* Fills 's', whatever it held, as 'seed' says. */
void diff_scenario_make(struct diff_scenario *s, uint64_t seed);

/* Runs 's' on the oracle and on 'b' (started), adding to 'stats'.  Returns 0; or 1 if they differ, after a
 * report on stderr, for which 's' was shrunk; or the negative errno of the backend. */
int diff_scenario_run(struct diff_scenario *s, const struct backend *b, struct diff_stats *stats);

/* True if what 'flags' (enum backend_flags) lets be compared is equal.  Else writes the first difference to 'why'. */
bool diff_results_equal(const struct oracle_result *expected, const struct oracle_result *actual,
			unsigned int flags, char *why, size_t why_size);

/* What NORMAL knows. */
struct diff_fdb {
	unsigned int n; /* not more than DIFF_FDB_MAX are here */
	struct oracle_fdb_entry entries[DIFF_FDB_MAX];
};
/* In any order.  If not, says in 'why' what differs first. */
bool diff_fdbs_equal(const struct diff_fdb *expected, const struct diff_fdb *actual, char *why,
		     size_t why_size);

/* Of a bridge with VLANs or other things of NORMAL; else nothing. */
void diff_print_config(FILE *to, const struct backend_config *config);
void diff_print_fdb_entry(FILE *to, const struct oracle_fdb_entry *entry);
void diff_print_rule(FILE *to, const struct flow_mod *rule);
void diff_print_group(FILE *to, const struct group_mod *gm);
void diff_print_meter(FILE *to, const struct meter_mod *mm);
void diff_print_list(FILE *to, const struct action_list *list);
void diff_print_frame(FILE *to, const uint8_t *b, size_t n);
void diff_print_result(FILE *to, const struct oracle_result *r);

#endif
