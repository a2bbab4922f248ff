// SPDX-License-Identifier: Apache-2.0
/*
 * What packets cost with rule sets of the shapes that classifiers are compared by (rulesets.h),
 * under BPF_PROG_TEST_RUN: with the flow cache, without it, without tuple pruning as well; beside a
 * bare bpf_redirect, in turn.
 *
 *   bench-rules [--rounds N] [--rules N] [--seed N] [--json FILE] [SET...]
 *   bench-rules --print flows|packets [--rules N] [--seed N] SET
 *
 * SET: acl, fw, ipc, production; all of them if there is none.  --print writes flows in ovs-ofctl's
 * syntax, or packets in hexadecimal, for other switches.  Each of the packets is run many times in
 * a row, so that rules are in the CPU's caches: it is the work that is measured.
 *
 * Needs root, but for --print; makes a network namespace of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"
#include "model/text.h"
#include "tests/bench/rulesets.h"
#include "tests/bench/testrun.h"

enum { MAX_ROUNDS = 101, PACKETS = 128, REPEAT = 500, WAYS = 3 };

static const char *const sets[] = { "acl", "fw", "ipc", "production" };

static struct way {
	const char *name;
	struct dp_config config;
	struct dp *dp;
	uint32_t bridge;
	double ns[MAX_ROUNDS], ratio[MAX_ROUNDS], instructions;
} ways[WAYS] = {
	{ .name = "cache" },
	{ .name = "no-cache", .config = { .flow_cache = DP_CACHE_OFF } },
	{ .name = "no-pruning",
	  .config = { .flow_cache = DP_CACHE_OFF, .prune_masks = UINT32_MAX } },
};

static struct {
	uint8_t frame[PACKETS][RULESET_FRAME];
	unsigned int n_packets, n_rules, n_refused;
} set;

/* --- Rule sets --- */

static void add_rule(void *aux, const char *line)
{
	static struct flow_mod fm;
	struct text_error error;

	(void)aux;
	if (text_parse_flow_mod(line, FLOW_ADD, NULL, &fm, &error)) {
		fprintf(stderr, "bench-rules: %s: %s\n", line, error.message);
		exit(1);
	}
	for (unsigned int i = 0; i < WAYS; i++) {
		int err = dp_flow_mod(ways[i].dp, ways[i].bridge, &fm);

		if (err == -ENOSPC)
			set.n_refused++;
		else if (err)
			testrun_die(line, err);
	}
	set.n_rules++;
}

static void add_packet(void *aux, const uint8_t frame[RULESET_FRAME])
{
	(void)aux;
	memcpy(set.frame[set.n_packets++], frame, RULESET_FRAME);
}

static void print_rule(void *aux, const char *line)
{
	if (aux)
		puts(line);
}

static void print_packet(void *aux, const uint8_t frame[RULESET_FRAME])
{
	if (aux)
		return;
	for (unsigned int i = 0; i < RULESET_FRAME; i++)
		printf("%02x", frame[i]);
	printf("\n");
}

static void empty(struct way *w)
{
	static struct flow_mod all;

	all = (struct flow_mod){ .command = FLOW_DELETE,
				 .table_id = TABLE_NONE,
				 .out_port = PORT_ANY,
				 .out_group = GROUP_ANY };
	dp_flow_mod(w->dp, w->bridge, &all);
	reclaim_all(w->dp);
}

static void load(const char *name, unsigned int n_rules, uint64_t seed)
{
	const struct ruleset_sink sink = { add_rule, add_packet, NULL };

	memset(&set, 0, sizeof(set));
	for (unsigned int i = 0; i < WAYS; i++)
		empty(&ways[i]);
	ruleset_make(name, n_rules, PACKETS, seed, &sink);
	for (unsigned int i = 0; i < WAYS; i++) {
		dp_commit(ways[i].dp);
		do {
			dp_expire(ways[i].dp); /* as skepd calls it all the time */
			reclaim_all(ways[i].dp);
		} while (ways[i].dp->has_small_regions);
	}
}

static unsigned int count_masks(const struct dp *dp, unsigned int *ret_most)
{
	unsigned int n = 0;

	*ret_most = 0;
	for (uint32_t t = 0; t < N_TABLE_SLOTS; t++) {
		n += dp->tables[t].n_places;
		if (dp->tables[t].n_places > *ret_most)
			*ret_most = dp->tables[t].n_places;
	}
	return n;
}

/* --- Measuring --- */

/* Of all packets, on average. */
static double run_all(int prog_fd, double *ret_instructions)
{
	double sum = 0, sum_insns = 0;

	for (unsigned int i = 0; i < set.n_packets; i++) {
		uint32_t verdict;
		double insns;

		sum += testrun_packet(prog_fd, set.frame[i], RULESET_FRAME, REPEAT, &insns,
				      &verdict);
		sum_insns += insns;
		if (verdict != 7 /* TC_ACT_REDIRECT */) {
			fprintf(stderr, "bench-rules: packet %u was not redirected: %u\n", i,
				verdict);
			exit(1);
		}
	}
	*ret_instructions = sum_insns / set.n_packets;
	return sum / set.n_packets;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print_way(struct way *w, int rounds, const char *name, FILE *json)
{
	qsort(w->ns, (size_t)rounds, sizeof(w->ns[0]), compare);
	qsort(w->ratio, (size_t)rounds, sizeof(w->ratio[0]), compare);
	printf("  %-12s %6.0f ns  ratio %.2f (%.2f to %.2f)", w->name, w->ns[rounds / 2],
	       w->ratio[rounds / 2], w->ratio[0], w->ratio[rounds - 1]);
	if (testrun_counts())
		printf("  instructions %.0f", w->instructions);
	printf("\n");
	if (json)
		fprintf(json,
			"%s{\"set\": \"%s\", \"way\": \"%s\", \"rules\": %u, \"ns\": %.1f, "
			"\"ratio\": %.3f, \"range\": [%.3f, %.3f]}",
			ftell(json) > 2 ? ",\n " : "", name, w->name, set.n_rules,
			w->ns[rounds / 2], w->ratio[rounds / 2], w->ratio[0], w->ratio[rounds - 1]);
}

static void measure(const char *name, int rounds, FILE *json)
{
	unsigned int most, n_masks = count_masks(ways[0].dp, &most);
	double base_insns;

	printf("%s: %u rules, %u masks, at most %u in a table", name, set.n_rules, n_masks, most);
	if (set.n_refused)
		printf("; %u refused, the tables being full", set.n_refused / WAYS);
	printf("\n");
	for (int i = 0; i < rounds; i++) {
		double base = run_all(testrun_bare(), &base_insns);

		for (unsigned int j = 0; j < WAYS; j++) {
			ways[j].ns[i] = run_all(ways[j].dp->set.prog_fd, &ways[j].instructions);
			ways[j].ratio[i] = ways[j].ns[i] / base;
		}
	}
	for (unsigned int j = 0; j < WAYS; j++)
		print_way(&ways[j], rounds, name, json);
}

/* As many as such a set has where it comes from. */
static unsigned int usual_rules(const char *name)
{
	return strcmp(name, "production") ? 10000 : 100000;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-rules [--rounds N] [--rules N] [--seed N] [--json FILE] "
			"[--print flows|packets] [acl|fw|ipc|production]...\n");
	return 2;
}

static bool is_set(const char *name)
{
	for (unsigned int i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (!strcmp(sets[i], name))
			return true;
	}
	return false;
}

/* True if set 'name' is among the arguments, or there are none. */
static bool is_wanted(const char *name, char *const *args)
{
	if (!*args)
		return true;
	while (*args && strcmp(*args, name))
		args++;
	return *args != NULL;
}

int main(int argc, char *argv[])
{
	static const struct option longopts[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "rules", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "print", required_argument, NULL, 'p' },
		{ "json", required_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct ruleset_sink printer = { print_rule, print_packet, NULL };
	char bpffs[] = "/tmp/skep-bench.XXXXXX";
	const char *print = NULL, *json_name = NULL;
	unsigned int n_rules = 0;
	uint64_t seed = 1;
	FILE *json = NULL;
	int rounds = 9, c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (c == 'r')
			rounds = atoi(optarg);
		else if (c == 'n')
			n_rules = (unsigned int)strtoul(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'p')
			print = optarg;
		else if (c == 'j')
			json_name = optarg;
		else
			return usage();
	}
	for (int i = optind; i < argc; i++) {
		if (!is_set(argv[i]))
			return usage();
	}
	if (print && (argc - optind != 1 || (strcmp(print, "flows") && strcmp(print, "packets"))))
		return usage();
	if (rounds < 1 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	if (print) {
		printer.aux = strcmp(print, "flows") ? NULL : stdout;
		ruleset_make(argv[optind], n_rules ? n_rules : usual_rules(argv[optind]), PACKETS, seed, &printer);
		return 0;
	}
	if (json_name && !(json = fopen(json_name, "w")))
		testrun_die(json_name, errno);
	testrun_begin(bpffs);
	for (unsigned int i = 0; i < WAYS; i++)
		ways[i].dp = testrun_dp(bpffs, ways[i].name, ways[i].config, &ways[i].bridge);
	printf("%d rounds of %d packets, each %d times in a row; medians, and ranges of ratios to "
	       "a bare redirect\n",
	       rounds, PACKETS, REPEAT);
	if (json)
		fprintf(json, "[\n");
	for (unsigned int i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (!is_wanted(sets[i], argv + optind))
			continue;
		load(sets[i], n_rules ? n_rules : usual_rules(sets[i]), seed);
		measure(sets[i], rounds, json);
	}
	if (json && (fprintf(json, "]\n") < 0 || fclose(json)))
		testrun_die("--json", errno);
	for (unsigned int i = 0; i < WAYS; i++)
		dp_close(ways[i].dp);
	testrun_end(bpffs);
	return 0;
}
