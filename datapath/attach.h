/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program on an interface's tc ingress (of one device, its egress): a pinned tcx link where the kernel has it (6.6), a clsact filter where not.
 * Both outlive the process, and both are swapped in place: no packet passes without a program.
 */
#ifndef SKEP_DATAPATH_ATTACH_H
#define SKEP_DATAPATH_ATTACH_H 1

#include <stdbool.h>
#include <stdint.h>

#include "datapath/datapath.h"

enum attach_hook {
	ATTACH_NOWHERE, /* for a port that is no interface: the functions do nothing */
	ATTACH_INGRESS,
	ATTACH_EGRESS,
};

/* Which way this kernel and 'wanted' allow; probes.  DP_ATTACH_TCX or DP_ATTACH_CLSACT. */
enum dp_attach attach_probe(enum dp_attach wanted, int prog_fd);

/* Puts 'prog_fd' on the interface, in the place of an earlier program of ours if there is one.  Links are pinned as LINKS_DIR/IFINDEX.  Returns 0 or
 * a negative errno. */
int attach_set(enum dp_attach mode, enum attach_hook hook, const char *links_dir, uint32_t ifindex,
	       int prog_fd);
/* The kernel's number of a program, and how many instructions its verifier went through (0: it does not say).  Either may be NULL.  Returns 0
 * or a negative errno. */
int attach_prog_info(int prog_fd, uint32_t *ret_id, uint32_t *ret_verified);

enum attach_state {
	ATTACH_THERE,    /* or it cannot be told */
	ATTACH_GONE,
	ATTACH_SHADOWED, /* another program runs before it */
};

/* What became of program 'prog_id' on the interface. */
enum attach_state attach_check(enum dp_attach mode, enum attach_hook hook, uint32_t ifindex,
			       uint32_t prog_id);
/* The link of the interface, pinned in OLD_DIR, is pinned in LINKS_DIR instead. */
void attach_move(const char *old_dir, const char *links_dir, uint32_t ifindex);
/* Takes the program off without waiting for it: the kernel detaches a pinned link some milliseconds after the pin has gone, where detaching it
 * ourselves would take one or two grace periods.  Until then the program passes on what comes from an interface that is no port. */
void attach_drop(enum dp_attach mode, enum attach_hook hook, const char *links_dir,
		 uint32_t ifindex);
/* Takes our program off the interface, whichever way it was attached (unless 'mode' is DP_ATTACH_NONE). */
void attach_clear(enum dp_attach mode, enum attach_hook hook, const char *links_dir,
		  uint32_t ifindex);

#endif
