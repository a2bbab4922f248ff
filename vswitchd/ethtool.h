/* SPDX-License-Identifier: Apache-2.0 */
/* Speed and duplex of an interface by ethtool's ioctl, in OpenFlow's terms.  Used by netlink.c
 * alone. */
#ifndef SKEP_VSWITCHD_ETHTOOL_H
#define SKEP_VSWITCHD_ETHTOOL_H 1

#include "vswitchd/netlink.h"

/* Fills 'ret', which is zero, with what the driver of interface 'name' says.  'fd' is any socket.
 */
void ethtool_get_features(int fd, const char *name, struct nl_features *ret);

#endif
