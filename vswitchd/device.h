/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that skepd makes and that ports of all bridges share: one collect-metadata device for each kind (and UDP port) of tunnel, and
 * the I/O device for sockets and for packet-outs to tunnels; see docs/distributed.md.
 *
 * Their names say what they are, so there is no state here: a device exists while some configured port needs it and something tries to make it.
 * They stay when skepd ends, since the datapath forwards on through them.  One that somebody deletes is made again by the next device_sync(), which
 * the notification of its end leads to (bridge_link_changed()).
 */
#ifndef SKEP_VSWITCHD_DEVICE_H
#define SKEP_VSWITCHD_DEVICE_H 1

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct conf_port;
struct nl;
struct sw;

#define DEVICE_IO "skep-io"

/* Fills 'ret' with the name of the device that packets of the port leave by.  False if it needs none. */
bool device_name(const struct conf_port *port, char ret[IFNAMSIZ]);
/* Sees to it that the device exists, is what it must be and has the program.  Returns 0 and its ifindex, or a negative errno with a message in 'err'. */
int device_sync(struct sw *sw, const struct conf_port *port, uint32_t *ret_ifindex, char *err,
		size_t err_size);
/* The same for the I/O device. */
int device_sync_io(struct sw *sw, uint32_t *ret_ifindex, char *err, size_t err_size);
/* Takes the program off devices that no port of 'conf' (NULL: none) needs, and deletes them. */
void device_prune(struct sw *sw, const struct conf *conf);
/* Deletes those that the ports of 'conf' need: when there is no datapath any more. */
void device_del_all(struct nl *nl, const struct conf *conf);

#endif
