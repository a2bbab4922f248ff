/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tunnel fields of a packet, as packet-ins carry them beside the packet (OF1.3.5 §7.4.1: "any … pipeline fields").
 */
#ifndef SKEP_MODEL_TUNNEL_H
#define SKEP_MODEL_TUNNEL_H 1

#include "model/match.h"
#include "model/tlv.h"

/* The first field_table[].n_bytes of each, network order; zeros: the packet is of no tunnel. */
struct tunnel_fields {
	struct field_value id, src, dst, ipv6_src, ipv6_dst, metadata[TLV_FIELDS];
};

/* X(FIELD, MEMBER) */
#define TUNNEL_FIELDS(X)                                                                        \
	X(FIELD_TUNNEL_ID, id)                                                                  \
	X(FIELD_TUN_SRC, src)                                                                   \
	X(FIELD_TUN_DST, dst)                                                                   \
	X(FIELD_TUN_IPV6_SRC, ipv6_src)                                                         \
	X(FIELD_TUN_IPV6_DST, ipv6_dst)                                                         \
	X(FIELD_TUN_METADATA0, metadata[0])                                                     \
	X(FIELD_TUN_METADATA1, metadata[1])                                                     \
	X(FIELD_TUN_METADATA2, metadata[2])                                                     \
	X(FIELD_TUN_METADATA3, metadata[3])                                                     \
	X(FIELD_TUN_METADATA4, metadata[4])                                                     \
	X(FIELD_TUN_METADATA5, metadata[5])                                                     \
	X(FIELD_TUN_METADATA6, metadata[6])                                                     \
	X(FIELD_TUN_METADATA7, metadata[7])

/* Adds those that are not zero to 'm'. */
void tunnel_to_match(const struct tunnel_fields *t, struct match *m);
/* Sets the one that is field 'id', if there is one. */
void tunnel_set(struct tunnel_fields *t, enum field_id id, const struct field_value *value);

#endif
