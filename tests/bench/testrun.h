/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What benchmarks by BPF_PROG_TEST_RUN share: a network namespace with interfaces b1 and b2,
 * datapaths with both as ports, and a bare bpf_redirect to compare with.  Errors end the process.
 */
#ifndef SKEP_BENCH_TESTRUN_H
#define SKEP_BENCH_TESTRUN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/datapath.h"

/* 'err' is an errno value, or a negative one. */
void testrun_die(const char *what, int err) __attribute__((noreturn));
/* 'bpffs' is a template for mkdtemp(). */
void testrun_begin(char *bpffs);
void testrun_end(const char *bpffs);
/* A datapath pinned as 'name', with one bridge: ports 1 and 2. */
struct dp *testrun_dp(const char *bpffs, const char *name, struct dp_config config,
		      uint32_t *ret_bridge);
/* The program that only redirects. */
int testrun_bare(void);
/* Whether the machine counts instructions. */
bool testrun_counts(void);
/* Runs a packet that came to b1 'repeat' times.  Returns nanoseconds for each. */
double testrun_packet(int prog_fd, const void *frame, size_t len, unsigned int repeat,
		      double *ret_instructions, uint32_t *ret_verdict);

#endif
