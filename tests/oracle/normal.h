/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the action NORMAL is made of: the VLANs of ports, and the table of addresses (docs/distributed.md, "NORMAL", and
 * what Open vSwitch's documentation says of the column vlan_mode).  Nothing is bounded here and nothing ages: tests stay below the
 * bounds and are over before a second has passed.
 */
#ifndef SKEP_ORACLE_NORMAL_H
#define SKEP_ORACLE_NORMAL_H 1

#include "tests/oracle/oracle.h"
#include "tests/oracle/parse.h"

struct oracle_fdb {
	unsigned int n, size;
	struct oracle_fdb_entry *entries;
};

void oracle_fdb_uninit(struct oracle_fdb *fdb);
/* The port behind which an address is; 0 if that is not known, as it never is of a multicast address. */
uint32_t oracle_fdb_find(const struct oracle_fdb *fdb, const uint8_t mac[6], uint16_t vlan);
/* The address was seen as the source of a packet from 'ofport'. */
void oracle_fdb_learn(struct oracle_fdb *fdb, const uint8_t mac[6], uint16_t vlan, uint32_t ofport);
/* Enters what was configured. */
void oracle_fdb_put(struct oracle_fdb *fdb, const struct oracle_fdb_entry *entry);

/* The VLAN of a packet that such a port receives; false if the port does not take it. */
bool oracle_vlan_received(const struct oracle_port_vlan *port, const struct oracle_packet *pkt,
			  uint16_t *ret_vlan);
/* True if packets of 'vlan' may leave by such a port. */
bool oracle_vlan_carried(const struct oracle_port_vlan *port, uint16_t vlan);
/* Makes of the packet, which belongs to 'vlan', what such a port sends.  False if it would be too long. */
bool oracle_vlan_send(const struct oracle_port_vlan *port, uint16_t vlan, struct oracle_packet *pkt);

bool oracle_is_multicast(const uint8_t mac[6]);
/* 01-80-C2-00-00-00 to 0F: for bridges themselves (IEEE 802.1Q, table 8-1). */
bool oracle_is_reserved(const uint8_t mac[6]);

#endif
