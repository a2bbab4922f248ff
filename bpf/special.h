/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ports that are more than an interface: tunnels, patch ports, sockets (abi.h, enum skep_port_kind).
 *
 * They cost other packets nothing: a port of theirs has SKEP_PC_SPECIAL_IN or SKEP_PC_SPECIAL_OUT among the bits that every packet's
 * way looks at anyway, and only then these functions are called.
 */
#ifndef SKEP_BPF_SPECIAL_H
#define SKEP_BPF_SPECIAL_H 1

#include "bpf/output.h"
#include "bpf/state.h"

/* The packet itself goes to a patch port (s->pending, s->pending_if is 0): makes it one received by the port at the other end.
 * Returns SKEP_GO, or SKEP_ABORT with nothing pending. */
SKEP_SUB int skep_hop(SKEP_CTX *ctx, struct skep_state *s)
{
	asm volatile("" ::"r"(ctx)); /* used, or the compiler passes nothing */
	if (!s)
		return SKEP_ABORT;
	s->pending = 0;
	skep_drop(s, SKEP_DROP_PORT_FWD);
	return SKEP_ABORT;
}

/* The in_port may not receive, or it is a special one.  Returns 0 if the packet goes on to the tables, with the in_port that it has now;
 * nonzero: its end is decided. */
SKEP_SUB int skep_receive_special(SKEP_CTX *ctx, struct skep_state *s)
{
	asm volatile("" ::"r"(ctx)); /* used, or the compiler passes nothing */
	if (!s)
		return 1;
	if (s->in_config & (SKEP_PC_PORT_DOWN | SKEP_PC_NO_RECV)) {
		skep_drop(s, SKEP_DROP_PORT_RECV);
		return 1;
	}
	return 0;
}

#endif
