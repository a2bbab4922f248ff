/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers that user space writes into the program's code before it loads it: how large the maps are, and what the machine is like.
 *
 * The compiler makes one instruction of each use, a move of SKEP_CONST_MARK + its number or a comparison with that; user space replaces the operand.  So a use costs no load from memory, the
 * verifier knows the value, and leaves out what is behind a condition that never holds.
 */
#ifndef SKEP_BPF_CONSTS_H
#define SKEP_BPF_CONSTS_H 1

#define SKEP_CONST_MARK 0x536b6500

/* X(ID): each at most INT32_MAX. */
#define SKEP_CONST_TABLE(X)                                                                                             \
	X(N_STRIPES)    /* of counters; the last is the host build's */                                                 \
	X(N_PORTS)      /* elements of skep_ports; the next ones the same */                                            \
	X(N_DIRECT)     /* elements of skep_ports that an act may name (SKEP_ACT_PORT_MAX); 0 with CLONE_LAST */        \
	X(N_SUBTABLES)                                                                                                  \
	X(N_PRUNES)                                                                                                     \
	X(N_HEADS)      /* of buckets */                                                                                \
	X(N_RULES)                                                                                                      \
	X(N_CELLS)                                                                                                      \
	X(N_CELL_PAIRS) /* two that follow each other */                                                                \
	X(N_TABLE_CTRS)                                                                                                 \
	X(N_PORT_CTRS)                                                                                                  \
	X(N_CPU)                                                                                                        \
	X(N_FDB)                                                                                                        \
	X(N_COUNTERS)   /* 0: they are not global data */                                                               \
	X(ATOMIC)       /* more CPUs than stripes: add atomically */                                                    \
	X(CLONE_LAST)   /* the last output is a copy too: for tests, which see all outputs so */                        \
	X(READ_DEV)     /* read from struct net_device whether a link is up; the next ones say where it has what */     \
	X(DEV_FLAGS)                                                                                                    \
	X(DEV_STATE)                                                                                                    \
	X(DEV_IFINDEX)

enum skep_const {
#define X(ID) SKEP_C_##ID,
	SKEP_CONST_TABLE(X)
#undef X
	SKEP_N_CONSTS
};

#endif
