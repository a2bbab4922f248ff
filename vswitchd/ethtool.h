/* SPDX-License-Identifier: Apache-2.0 */
/* Speed, duplex and offloads of an interface by ethtool's ioctl, in OpenFlow's terms.  Used by netlink.c
 * alone. */
#ifndef SKEP_VSWITCHD_ETHTOOL_H
#define SKEP_VSWITCHD_ETHTOOL_H 1

#include "vswitchd/netlink.h"

/* Fills 'ret', which is zero, with what the driver of interface 'name' says.  'fd' is any socket.
 */
void ethtool_get_features(int fd, const char *name, struct nl_features *ret);
/* Has it offer its peer what 'features' (OFPPF_*) says.  0; -EINVAL: it has no such; or another negative errno. */
int ethtool_set_advertised(int fd, const char *name, uint32_t features);
/* Turns everything off that lets the kernel leave work to interface 'name': what leaves by it is segmented, has its checksums, and VLAN tags in their
 * places.  0 or a negative errno. */
int ethtool_set_no_offloads(int fd, const char *name);

#endif
