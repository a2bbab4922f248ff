/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RCU grace periods, waited for off the event loop.
 *
 * After a grace period every BPF program that ran when it began has ended, so that none can hold what was unlinked before.
 * membarrier(MEMBARRIER_CMD_GLOBAL) is that wait; where the kernel refuses it (nohz_full), an update of a
 * map of maps waits for the same.  It takes 10 to 20 ms, so a thread does it: the one thread besides the event loop's, which shares
 * nothing with it but this object.
 *
 *   IDLE -> RUNNING [grace_start]    RUNNING -> DONE [the thread]    DONE -> IDLE [grace_finish]
 */
#ifndef SKEP_DATAPATH_GRACE_H
#define SKEP_DATAPATH_GRACE_H 1

#include <stdbool.h>

struct grace;

/* Returns 0 or a negative errno. */
int grace_new(struct grace **ret);
void grace_free(struct grace *g);
/* Readable when a grace period is done. */
int grace_fd(const struct grace *g);
/* Starts a grace period.  Only when idle. */
void grace_start(struct grace *g);
bool grace_is_idle(const struct grace *g);
/* True, once, if the one that was started is over.  With 'wait', blocks until it is. */
bool grace_finish(struct grace *g, bool wait);

#endif
