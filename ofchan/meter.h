/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meters on the wire (OF1.3.5 §7.3.4.4), as far as a switch needs that has room for none yet: messages are checked as a whole, and
 * of_meter_mod_refusal() says how a switch with an empty, full meter table answers.
 */
#ifndef SKEP_OFCHAN_METER_H
#define SKEP_OFCHAN_METER_H 1

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

struct of_meter_mod {
	uint16_t command; /* enum ofp_meter_mod_command */
	uint16_t flags;
	uint32_t meter_id;
	unsigned int n_bands;
};

enum ofp_err of_meter_mod_decode(struct of_meter_mod *mm, const uint8_t *msg, size_t len);
/* OFP_OK: nothing is to be done, and no reply is due. */
enum ofp_err of_meter_mod_refusal(const struct of_meter_mod *mm);
/* Appends the reply to OFPMP_METER_FEATURES that says "none". */
void of_meter_features_none_encode(struct buf *out, uint32_t xid);

#endif
