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

/* As push_vlan. */
bool oracle_push_mpls(struct oracle_packet *pkt, uint16_t type);
void oracle_pop_mpls(struct oracle_packet *pkt, uint16_t type);
void oracle_set_mpls_ttl(struct oracle_packet *pkt, uint8_t ttl);
/* As dec_ttl. */
bool oracle_dec_mpls_ttl(struct oracle_packet *pkt);
bool oracle_push_pbb(struct oracle_packet *pkt, uint16_t type);
void oracle_pop_pbb(struct oracle_packet *pkt);
void oracle_copy_ttl_out(struct oracle_packet *pkt);
void oracle_copy_ttl_in(struct oracle_packet *pkt);
/* What a band of type dscp_remark does. */
void oracle_raise_drop_precedence(struct oracle_packet *pkt, unsigned int levels);

#endif
