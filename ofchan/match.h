/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matches on the wire: struct ofp_match, a list of OXM TLVs (OF1.3.5 §7.2.3).
 *
 * What is refused, and how (§6.4, §7.2.3):
 *   a type other than OFPMT_OXM                                       OFPBMC_BAD_TYPE
 *   an unknown class or field, an unknown experimenter's included     OFPBMC_BAD_FIELD
 *   a length that is not the field's, or does not fit the match       OFPBMC_BAD_LEN
 *   a mask on a field that has none                                   OFPBMC_BAD_MASK
 *   bits of the value that the mask leaves out                        OFPBMC_BAD_WILDCARDS
 *   a value beyond the field's width, or one that cannot be           OFPBMC_BAD_VALUE
 *   the same field twice                                              OFPBMC_DUP_FIELD
 *   a prerequisite that does not stand *before* the field             OFPBMC_BAD_PREREQ
 * A field whose mask is all zeros is as good as omitted (§7.2.3.4): it needs no prerequisite.
 *
 * Tunnel fields beyond tunnel_id are not OpenFlow's.  Those that Open vSwitch has are spoken in its class and numbers (NXM_1); tun_tos
 * and tun_ttl, which it has not, are experimenter fields under OF_EXPERIMENTER.  NXM_NX_TUN_ID is understood as tunnel_id.
 */
#ifndef SKEP_OFCHAN_MATCH_H
#define SKEP_OFCHAN_MATCH_H 1

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/match.h"
#include "model/tunnel.h"
#include "ofchan/ofp_err.h"

/* Decodes the struct ofp_match at 'p', with its padding, into 'm'.  'len' bytes may be read;
 * '*ret_size' is how many the match took, a multiple of 8. */
enum ofp_err of_match_decode(struct match *m, const uint8_t *p, size_t len, size_t *ret_size);
/* Finds the fields 'in_port', 'metadata' and those of tunnels of a packet-in's match and passes over all others; 0
 * where absent. */
enum ofp_err of_match_decode_packet_in(const uint8_t *p, size_t len, uint32_t *ret_in_port,
				       uint64_t *ret_metadata, struct tunnel_fields *ret_tunnel,
				       size_t *ret_size);
/* Appends 'm' as a struct ofp_match with its padding; fields in ascending order, so prerequisites
 * come first. */
void of_match_encode(struct buf *out, const struct match *m);

/* Experimenter id of skep's own fields: "skep" in ASCII.  It is not registered with the ONF. */
#define OF_EXPERIMENTER 0x736b6570u

/* The length of a value of field 'id' in a TLV. */
uint8_t of_oxm_value_len(enum field_id id);
/* The length of what stands before it: the header, and an experimenter's id. */
uint8_t of_oxm_header_len(enum field_id id);
/* Appends the header alone, as lists of fields have it (§7.3.5.5.2). */
void of_oxm_encode_header(struct buf *out, enum field_id id, bool has_mask);
/* Whether the header at 'p', of which 4 bytes are there, says that a mask follows. */
static inline bool of_oxm_has_mask(const uint8_t *p)
{
	return p[2] & 1;
}
/* The field that the header at 'p' names, or N_FIELD_IDS if it is none of ours; '*ret_len' is its length.  False: it is not within 'len' bytes. */
bool of_oxm_decode_header(const uint8_t *p, size_t len, enum field_id *ret_id, size_t *ret_len);
/* Appends one OXM TLV; 'mask' NULL: without a mask. */
void of_oxm_encode(struct buf *out, enum field_id id, const struct field_value *value,
		   const struct field_value *mask);
/* Decodes the TLV of a set-field action, which fills 'len' bytes at 'p' with its padding (§7.2.5).
 * The errors are OFPBAC_BAD_SET_TYPE, OFPBAC_BAD_SET_LEN and OFPBAC_BAD_SET_ARGUMENT. */
enum ofp_err of_oxm_decode_set_field(const uint8_t *p, size_t len, enum field_id *ret_id,
				     struct field_value *ret_value);

#endif
