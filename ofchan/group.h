/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups and meters on the wire (OF1.3.5 §7.3.4.2, §7.3.4.4), as far as a switch needs that has
 * room for none yet: messages are checked as a whole, and of_*_refusal() says how a switch with
 * empty, full group and meter tables answers.  Controllers delete all groups and meters when they
 * connect; that succeeds.
 */
#ifndef SKEP_OFCHAN_GROUP_H
#define SKEP_OFCHAN_GROUP_H 1

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

struct of_group_mod {
	uint16_t command; /* enum ofp_group_mod_command */
	uint8_t type;	  /* enum ofp_group_type */
	uint32_t group_id;
	unsigned int n_buckets;
};

struct of_meter_mod {
	uint16_t command; /* enum ofp_meter_mod_command */
	uint16_t flags;
	uint32_t meter_id;
	unsigned int n_bands;
};

enum ofp_err of_group_mod_decode(struct of_group_mod *gm, const uint8_t *msg, size_t len);
enum ofp_err of_meter_mod_decode(struct of_meter_mod *mm, const uint8_t *msg, size_t len);

/* OFP_OK: nothing is to be done, and no reply is due. */
enum ofp_err of_group_mod_refusal(const struct of_group_mod *gm);
enum ofp_err of_meter_mod_refusal(const struct of_meter_mod *mm);

/* Append the replies to OFPMP_GROUP_FEATURES and OFPMP_METER_FEATURES that say "none". */
void of_group_features_none_encode(struct buf *out, uint32_t xid);
void of_meter_features_none_encode(struct buf *out, uint32_t xid);

#endif
