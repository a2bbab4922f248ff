/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of Geneve options on the wire: Open vSwitch's messages NXT_TLV_TABLE_*, which OVN and
 * Antrea send.
 *
 * Refused here:
 *   a command that there is not              NXTTMFC_BAD_COMMAND
 *   maps that do not fill the message, or
 *   more than TLV_MOD_MAX                    OFPBRC_BAD_LEN
 * What the table itself refuses is enum dp_tlv_error (datapath/datapath.h).
 */
#ifndef SKEP_OFCHAN_TLV_H
#define SKEP_OFCHAN_TLV_H 1

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/tlv.h"
#include "ofchan/ofp_err.h"

enum ofp_err of_tlv_mod_decode(struct tlv_mod *mod, const uint8_t *msg, size_t len);
void of_tlv_mod_encode(struct buf *out, uint32_t xid, const struct tlv_mod *mod);
void of_tlv_request_encode(struct buf *out, uint32_t xid);
enum ofp_err of_tlv_table_decode(struct tlv_table *table, const uint8_t *msg, size_t len);
void of_tlv_table_encode(struct buf *out, uint32_t xid, const struct tlv_table *table);

#endif
