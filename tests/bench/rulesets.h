/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule sets of the shapes that classifiers are compared by, made from a seed: the same seed gives
 * the same rules and packets.
 *
 *   acl, fw, ipc  one table of rules on the 5-tuple, in the manner of ClassBench's access lists,
 * firewalls and IP chains (Taylor and Turner, 2007): prefixes that nest, lengths and port classes
 * by the shares that such lists have.  OpenFlow 1.3 cannot mask a port: what is a range there is
 * any port here, or one. production    40 tables, 31 match fields, as a hypervisor of a network
 * virtualization product has them (Tu and others, SIGCOMM 2021): four hops of ten tables, of which
 * a packet passes two.
 */
#ifndef SKEP_BENCH_RULESETS_H
#define SKEP_BENCH_RULESETS_H 1

#include <stdbool.h>
#include <stdint.h>

enum { RULESET_FRAME = 64 };

struct ruleset_sink {
	/* A flow in ovs-ofctl's syntax. */
	void (*rule)(void *aux, const char *line);
	/* A packet that comes to port 1 and that the rules send to port 2. */
	void (*packet)(void *aux, const uint8_t frame[RULESET_FRAME]);
	void *aux;
};

/* Makes about 'n_rules' rules, which output to port 2 what they match, and 'n_packets' packets.
 * False: there is no such set. */
bool ruleset_make(const char *name, unsigned int n_rules, unsigned int n_packets, uint64_t seed,
		  const struct ruleset_sink *sink);

#endif
