/* SPDX-License-Identifier: Apache-2.0 */
/* What the actions other than output do to the bytes of a packet (docs/semantics.md, "Actions"). */
#ifndef SKEP_ORACLE_ACTIONS_H
#define SKEP_ORACLE_ACTIONS_H 1

#include "model/action.h"
#include "tests/oracle/parse.h"

void oracle_set_field(struct oracle_packet *pkt, enum field_id id, const struct field_value *value);
/* False, and nothing is done, if the packet would be longer than ORACLE_FRAME_MAX. */
bool oracle_push_vlan(struct oracle_packet *pkt, uint16_t tpid);
void oracle_pop_vlan(struct oracle_packet *pkt);
void oracle_set_ttl(struct oracle_packet *pkt, uint8_t ttl);
/* False, and nothing is done, if the TTL is 0 or 1. */
bool oracle_dec_ttl(struct oracle_packet *pkt);

#endif
