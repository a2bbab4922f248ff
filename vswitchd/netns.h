/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other network namespaces, for ports whose interfaces are taken from there.
 *
 * Entering a namespace needs CAP_SYS_ADMIN, which skepd gives up (startup.h).  So a helper process is forked before that, which does nothing but this: it
 * opens the namespace that it is asked for and an rtnetlink socket in it, and passes both back.  It has no other descriptor and ends with skepd, when
 * its socket is closed.
 */
#ifndef SKEP_VSWITCHD_NETNS_H
#define SKEP_VSWITCHD_NETNS_H 1

struct netns;

/* Starts the helper: before anything is opened that it must not keep.  Returns 0 or a negative errno. */
int netns_start(struct netns **ret);
/* Ends it.  Accepts NULL. */
void netns_stop(struct netns *netns);
/* Opens namespace 'name': one of /run/netns, or an absolute path.  'netns' may be NULL: -ENOSYS.  Returns 0, or a negative errno; the caller closes both
 * descriptors. */
int netns_open(struct netns *netns, const char *name, int *ret_ns, int *ret_socket);

#endif
