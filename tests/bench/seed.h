/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What seed.bpf.c and the program that fills its maps share. */
#ifndef TESTS_BENCH_SEED_H
#define TESTS_BENCH_SEED_H 1

#include <linux/types.h>

struct seed_tunnel {
	__u32 id;
	__u32 remote_ipv4; /* in host order, as struct bpf_tunnel_key has it */
};

#endif
