/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datapath with one bridge for tests that run on each build of the pipeline: in this process on maps in memory (harness_host.c),
 * and in the kernel with real interfaces (harness_kernel.c).
 */
#ifndef SKEP_TEST_HARNESS_H
#define SKEP_TEST_HARNESS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/private.h"

enum { HARNESS_OUT_MAX = 256 };

/* What left through a port. */
struct harness_out {
	uint32_t port;
	int tci; /* of the outermost tag; -1: none */
	uint16_t tpid;
	size_t len;
};

extern struct harness {
	struct dp *dp;
	uint32_t bridge;
	unsigned int n_out; /* since harness_begin() */
	struct harness_out out[HARNESS_OUT_MAX];
} h;

/* Ports have numbers 1 to so many. */
extern const uint32_t harness_n_ports;

/* Before and after all tests.  harness_start() says why it returns false: the tests cannot run here. */
bool harness_start(void);
void harness_stop(void);
/* Before and after each: a datapath without ports. */
void harness_open(void);
void harness_close(void);
/* Closes the datapath, and adopts what was left as another process does.  False: there is nothing that would stay. */
bool harness_restart(void);
void harness_add_port(uint32_t ofport);
/* A frame comes in; returns when all that becomes of it is in h.out. */
void harness_receive(uint32_t ofport, const uint8_t *frame, size_t len);
/* The same for a packet-out with these actions. */
void harness_packet_out(uint32_t in_port, const struct action_list *actions, const uint8_t *frame,
			size_t len);
/* Several CPUs run packets at once, each 'n' of its own port (1, 2): from addresses of a few, to 'dst'.  Meanwhile 'meanwhile' is called, again and again.
 * False: this build runs on one. */
bool harness_storm(unsigned int n, const uint8_t dst[6], void (*meanwhile)(void));
/* Two CPUs run a packet of the same address at the same moment, each of its own port (1, 2), 'n' times; after each, 'check' is called. */
bool harness_race(unsigned int n, const uint8_t src[6], const uint8_t dst[6], void (*check)(void));
/* For the two: adds to h.out. */
void harness_add_out(uint32_t port, const uint8_t *frame, size_t len);

#endif
