/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What skepd does to its surroundings before it works: folders, the lock on the run folder, the bpf
 * file system, and the privileges that it gives up.
 *
 * Privileges.  Making folders, mounting a bpf file system and changing users need root's; all of it
 * is done first.  Then everything is dropped but CAP_NET_ADMIN (interfaces, attaching), CAP_NET_RAW
 * (sending packet-outs), CAP_BPF (maps, programs) and CAP_PERFMON (what the verifier allows loops
 * and pointers to do), and only then is a datapath opened, a configuration read, a socket listened
 * on.  What else needs a privilege, entering network namespaces, is done by a helper process (netns.h) that
 * is forked before.
 *
 * Functions return 0, or a negative errno with a message in 'err'.
 */
#ifndef SKEP_VSWITCHD_STARTUP_H
#define SKEP_VSWITCHD_STARTUP_H 1

#include <stdbool.h>
#include <stddef.h>

/* Makes 'path' and what is missing above it; of folders that it makes 'mode' is the last one's. */
int startup_make_dir(const char *path, unsigned int mode, char *err, size_t err_size);
/* Locks RUNDIR/skepd.lock for as long as the process lives, or says which process has it. '*ret_fd'
 * need not be closed. */
int startup_lock(const char *rundir, int *ret_fd, char *err, size_t err_size);
/* Writes our process id into the lock file: later, because the process that locks may not be the
 * one that stays. */
int startup_write_pid(int lock_fd);
/* Sees to it that the parent of 'pin_dir' is on a bpf file system, mounting one at /sys/fs/bpf (if
 * 'pin_dir' is below) or at the parent. */
int startup_bpffs(const char *pin_dir, char *err, size_t err_size);
/* Names the capability that is missing. */
int startup_check_caps(char *err, size_t err_size);
/* Becomes user 'name' (NULL: stays) with the four capabilities; gives 'dirs' (NULL-terminated) and
 * what is in them, one level of folders deep, to that user first. */
int startup_drop_privileges(const char *name, const char *const dirs[], char *err, size_t err_size);

#endif
