// SPDX-License-Identifier: Apache-2.0
/*
 * diff: compares a backend with the oracle on random rules and packets; see diff.h.
 *
 * Exit status: 0 no difference, 1 a difference or a backend that failed, 2 a wrong command line, 77
 * the backend cannot run here.
 */
#include "tests/datapath/diff.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct options {
	uint64_t seed;
	unsigned long n_cases;
	unsigned long n_skip; /* scenarios to leave out at the beginning */
	const struct backend *backend;
	bool stats;
};

static const char usage[] =
	"Usage: diff [OPTION]...\n"
	"Sends random packets through random rules, and compares what a backend does with the "
	"oracle.\n"
	"  --backend NAME  one of --list; default: the first of them\n"
	"  --seed N        where everything random comes from; default: a random number, printed\n"
	"  --cases N       packets to compare; default: 20000\n"
	"  --skip N        do not run the first N rule sets of this seed\n"
	"  --stats         also print what happened to the packets\n"
	"  --list          print the backends of this build\n"
	"  --help          print this\n";

static const struct backend *find_backend(const char *name)
{
	for (unsigned int i = 0; backends[i]; i++) {
		if (!strcmp(backends[i]->name, name))
			return backends[i];
	}
	return NULL;
}

static uint64_t parse_number(const char *s)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 0);
	if (errno || end == s || *end || *s == '-') {
		fprintf(stderr, "diff: %s is not a number\n", s);
		exit(2);
	}
	return v;
}

static void parse_options(int argc, char *argv[], struct options *o)
{
	static const struct option longopts[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "seed", required_argument, NULL, 's' },
		{ "cases", required_argument, NULL, 'c' },
		{ "skip", required_argument, NULL, 'k' },
		{ "stats", no_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'b':
			o->backend = find_backend(optarg);
			if (!o->backend) {
				fprintf(stderr, "diff: there is no backend %s (see --list)\n",
					optarg);
				exit(2);
			}
			break;
		case 's':
			o->seed = parse_number(optarg);
			break;
		case 'c':
			o->n_cases = parse_number(optarg);
			break;
		case 'k':
			o->n_skip = parse_number(optarg);
			break;
		case 't':
			o->stats = true;
			break;
		case 'l':
			for (unsigned int i = 0; backends[i]; i++)
				puts(backends[i]->name);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "diff: unexpected argument %s\n", argv[optind]);
		exit(2);
	}
}

static void print_stats(const struct diff_stats *st)
{
	printf("  per packet: %.2f rules hit, %.2f copies sent, %.2f of them packet-ins\n",
	       (double)st->n_hits / (double)st->n_cases,
	       (double)st->n_outputs / (double)st->n_cases,
	       (double)st->n_packet_ins / (double)st->n_cases);
	for (unsigned int i = 0; i < N_ORACLE_ENDS; i++)
		printf("  ended by %s: %lu\n", oracle_end_names[i], st->n_ends[i]);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Runs scenarios until enough packets were compared, or two differ. */
static int run_all(const struct options *o)
{
	static struct diff_scenario scenario;
	struct diff_stats st = { 0 };
	double start = now();
	unsigned long n = 0;
	struct gen seeds;
	int error = 0;

	gen_init(&seeds, o->seed);
	while (st.n_cases < o->n_cases && !error) {
		uint64_t seed = gen_u64(&seeds);

		if (n++ < o->n_skip)
			continue;
		diff_scenario_make(&scenario, seed);
		error = diff_scenario_run(&scenario, o->backend, &st);
	}
	if (error)
		fprintf(stderr,
			"diff: once more: diff --backend %s --seed 0x%" PRIx64
			" --skip %lu --cases 1\n",
			o->backend->name, o->seed, n - 1);
	printf("diff: %s: %lu cases, %lu rule sets, %lu skipped, seed 0x%" PRIx64 ", %.1f s: %s\n",
	       o->backend->name, st.n_cases, n - (n < o->n_skip ? n : o->n_skip), st.n_skipped,
	       o->seed, now() - start,
	       error == 1 ? "they differ"
	       : error	  ? "error"
			  : "no difference");
	if (o->stats && st.n_cases)
		print_stats(&st);
	return error ? 1 : 0;
}

int main(int argc, char *argv[])
{
	struct options o = { .n_cases = 20000, .backend = backends[0] };
	int error;

	if (getrandom(&o.seed, sizeof(o.seed), 0) != sizeof(o.seed))
		o.seed = (uint64_t)time(NULL);
	parse_options(argc, argv, &o);
	printf("diff: backend %s, seed 0x%" PRIx64 "\n", o.backend->name, o.seed);
	fflush(stdout);

	error = o.backend->start();
	if (error) {
		fprintf(stderr, "diff: backend %s does not start: %s\n", o.backend->name,
			strerror(-error));
		o.backend->stop();
		return error == -EOPNOTSUPP ? 77 : 1;
	}
	error = run_all(&o);
	o.backend->stop();
	return error;
}
