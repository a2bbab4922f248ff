// SPDX-License-Identifier: Apache-2.0
/*
 * The cost of a packet in the pipeline, beside that of a bare bpf_redirect, under
 * BPF_PROG_TEST_RUN.
 *
 * The two are measured in turn, many times in one run, and their ratios are what counts: the
 * machine is shared, and its speed changes.  Where the machine counts instructions, those of the
 * kernel per packet are told too: they do not change.  The packet is a UDP packet of 64 bytes; it
 * hits one of the rules of table 0, which counts it and sends it to a port.
 *
 *   bench-testrun [--rounds N] [--scene NUMBER] [--no-flow-cache] [--prune-masks N] [--json FILE]
 *
 * --prune-masks: from so many masks on a table has tuple pruning (0: as skepd has it).
 *
 * Needs root; makes a network namespace of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"
#include "tests/bench/testrun.h"

enum { MAX_ROUNDS = 101, PACKETS = 200000 };

static const uint8_t packet[64] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17, 0x66, 0xa8,
	10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 30, 0, 0,
};

/* A way to fill the tables. */
struct scene {
	const char *name;
	unsigned int n_rules; /* in each mask's subtable */
	unsigned int n_masks;
	unsigned int n_tables_before; /* that lead to the one with these */
	bool is_l4;
	bool is_normal;     /* one rule for all packets: NORMAL, which knows where the destination is */
	bool is_standalone; /* the same without tables */
};

static const struct scene scenes[] = {
	{ "one mask (L2), 1 rule", .n_rules = 1, .n_masks = 1 },
	{ "one mask (5-tuple), 1,000 rules", 1000, 1, .is_l4 = true },
	{ "one mask (5-tuple), 100,000 rules", 100000, 1, .is_l4 = true },
	{ "4 masks", 1000, 4, .is_l4 = true },
	{ "16 masks", 1000, 16, .is_l4 = true },
	{ "64 masks", 1000, 64, .is_l4 = true },
	{ "128 masks", 1000, 128, .is_l4 = true },
	{ "ten tables, one mask each", 1000, 1, .n_tables_before = 9, .is_l4 = true },
	{ "NORMAL, learned address", .n_rules = 1, .n_masks = 1, .is_normal = true },
	{ "standalone, learned address", .is_standalone = true },
};

static struct dp *dp;
static uint32_t bridge;

static void flow(const struct scene *s, unsigned int mask_idx, unsigned int i)
{
	static struct flow_mod fm;
	struct field_value src = field_value_from_u64(FIELD_IPV4_SRC, 0x0a000001);
	struct field_value mask;
	int err;

	fm = (struct flow_mod){ .table_id = (uint8_t)s->n_tables_before, .out_port = PORT_ANY, .out_group = GROUP_ANY,
				.priority = (uint16_t)(10 + mask_idx) };
	instructions_init(&fm.instructions);
	fm.instructions.has_apply = true;
	fm.instructions.apply.n = 1;
	fm.instructions.apply.a[0] = (struct action){
		.type = ACTION_OUTPUT,
		.output.port = s->is_normal ? PORT_NORMAL : 2,
	};
	if (s->is_normal) {
		; /* all packets */
	} else if (!s->is_l4) {
		struct field_value mac = { { 2, 0, 0, 0, 0, 2 } };

		match_set(&fm.match, FIELD_ETH_DST, &mac, NULL);
	} else {
		if (!mask_idx)
			match_set_u64(&fm.match, FIELD_IN_PORT, 1);
		match_set_u64(&fm.match, FIELD_ETH_TYPE, 0x0800);
		match_set_u64(&fm.match, FIELD_IP_PROTO, 17);
		match_set(&fm.match, FIELD_IPV4_SRC, &src, NULL);
		match_set_u64(&fm.match, FIELD_IPV4_DST, i ? 0x0b000000 + i : 0x0a000002);
		match_set_u64(&fm.match, FIELD_UDP_SRC, 1);
		match_set_u64(&fm.match, FIELD_UDP_DST, 2);
	}
	if (mask_idx) { /* another mask, which this packet misses */
		struct field_value dst = field_value_from_u64(FIELD_ETH_SRC, 0x040000000000 | mask_idx);

		mask = field_value_from_u64(FIELD_ETH_SRC, 0xff0000000000 | mask_idx);
		match_set(&fm.match, FIELD_ETH_SRC, &dst, &mask);
	}
	err = dp_flow_mod(dp, bridge, &fm);
	if (err)
		testrun_die("flow", err);
}

/* Leads from table 'table' to the next one. */
static void lead_on(uint8_t table)
{
	static struct flow_mod fm;
	int err;

	fm = (struct flow_mod){ .table_id = table, .out_port = PORT_ANY, .out_group = GROUP_ANY, .priority = 10 };
	instructions_init(&fm.instructions);
	match_set_u64(&fm.match, FIELD_IN_PORT, 1);
	fm.instructions.goto_table = table + 1;
	err = dp_flow_mod(dp, bridge, &fm);
	if (err)
		testrun_die("flow", err);
}

/* The host behind port 2 says something. */
static void learn(void)
{
	uint8_t reply[sizeof(packet)];
	int err;

	memcpy(reply, packet, sizeof(packet));
	memcpy(reply, packet + 6, 6);
	memcpy(reply + 6, packet, 6);
	err = dp_inject(dp, bridge, 2, reply, sizeof(reply));
	if (err)
		testrun_die("inject", err);
}

static void fill(const struct scene *s)
{
	static struct flow_mod all;

	all = (struct flow_mod){ .command = FLOW_DELETE, .table_id = TABLE_NONE, .out_port = PORT_ANY, .out_group = GROUP_ANY };
	dp_flow_mod(dp, bridge, &all);
	reclaim_all(dp);
	for (unsigned int i = 0; i < s->n_tables_before; i++)
		lead_on((uint8_t)i);
	for (unsigned int m = 0; m < s->n_masks; m++)
		for (unsigned int i = 0; i < s->n_rules; i++)
			flow(s, m, i);
	dp_commit(dp);
	reclaim_all(dp);
	while (dp->has_small_regions) {
		dp_expire(dp); /* as skepd calls it all the time */
		reclaim_all(dp);
	}
	if (dp_bridge_set_standalone(dp, bridge, s->is_standalone))
		testrun_die("standalone", ENOMEM);
	if (s->is_normal || s->is_standalone)
		learn();
}

static double ns_per_packet(int prog_fd, double *ret_instructions)
{
	uint32_t verdict;
	double ns = testrun_packet(prog_fd, packet, sizeof(packet), PACKETS, ret_instructions, &verdict);

	if (verdict != 7 /* TC_ACT_REDIRECT */) {
		fprintf(stderr, "bench-testrun: the packet was not redirected: %u\n", verdict);
		exit(1);
	}
	return ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Appends a line of JSON; 'json' may be NULL. */
static void put_json(FILE *json, const struct scene *s, double ours, double base,
		     const double *ratio, int rounds, double insns, double base_insns)
{
	if (!json)
		return;
	fprintf(json,
		"%s{\"scene\": \"%s\", \"ns\": %.1f, \"bare_ns\": %.1f, \"ratio\": %.3f, "
		"\"range\": [%.3f, %.3f]",
		ftell(json) > 2 ? ",\n " : "", s->name, ours, base, ratio[rounds / 2], ratio[0],
		ratio[rounds - 1]);
	if (testrun_counts())
		fprintf(json, ", \"instructions\": %.0f, \"bare_instructions\": %.0f", insns,
			base_insns);
	fprintf(json, "}");
}

static void measure(const struct scene *s, int rounds, FILE *json)
{
	double base[MAX_ROUNDS], ours[MAX_ROUNDS], ratio[MAX_ROUNDS];
	double base_insns = 0, insns = 0;

	fill(s);
	for (int i = 0; i < rounds; i++) {
		base[i] = ns_per_packet(testrun_bare(), &base_insns);
		ours[i] = ns_per_packet(dp->set.prog_fd, &insns);
		ratio[i] = ours[i] / base[i];
	}
	qsort(base, (size_t)rounds, sizeof(base[0]), compare);
	qsort(ours, (size_t)rounds, sizeof(ours[0]), compare);
	qsort(ratio, (size_t)rounds, sizeof(ratio[0]), compare);
	printf("%-36s %6.0f ns  bare %4.0f ns  ratio %.2f (%.2f to %.2f)", s->name, ours[rounds / 2],
	       base[rounds / 2], ratio[rounds / 2], ratio[0], ratio[rounds - 1]);
	if (testrun_counts())
		printf("  instructions %.0f, bare %.0f", insns, base_insns);
	printf("\n");
	put_json(json, s, ours[rounds / 2], base[rounds / 2], ratio, rounds, insns, base_insns);
}

int main(int argc, char *argv[])
{
	static const struct option longopts[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "scene", required_argument, NULL, 's' },
		{ "no-flow-cache", no_argument, NULL, 'n' },
		{ "prune-masks", required_argument, NULL, 'p' },
		{ "json", required_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	char bpffs[] = "/tmp/skep-bench.XXXXXX";
	int rounds = 21, scene = -1, c;
	struct dp_config config = { .flow_cache = DP_CACHE_AUTO };
	FILE *json = NULL;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (c == 'r')
			rounds = atoi(optarg);
		else if (c == 's')
			scene = atoi(optarg);
		else if (c == 'n')
			config.flow_cache = DP_CACHE_OFF;
		else if (c == 'p')
			config.prune_masks = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c != 'j')
			return 2;
		else if (!(json = fopen(optarg, "w")))
			testrun_die(optarg, errno);
	}
	if (rounds < 1 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	testrun_begin(bpffs);
	dp = testrun_dp(bpffs, "dp", config, &bridge);
	printf("%d rounds of %d packets each, in turn; median, and range of the ratio\n", rounds,
	       PACKETS);
	if (json)
		fprintf(json, "[\n");
	for (int i = 0; i < (int)(sizeof(scenes) / sizeof(scenes[0])); i++)
		if (scene < 0 || scene == i)
			measure(&scenes[i], rounds, json);
	if (json && (fprintf(json, "]\n") < 0 || fclose(json)))
		testrun_die("--json", errno);
	dp_close(dp);
	testrun_end(bpffs);
	return 0;
}
