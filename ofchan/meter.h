/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meters on the wire (OF1.3.5 §7.3.4.4, §7.3.5.12 to §7.3.5.14).
 *
 * Unlike groups, meters are small: a meter-mod is decoded into a struct meter_mod that owns nothing.
 *
 * What is refused, and how:
 *   a command that there is not                                       OFPMMFC_BAD_COMMAND
 *   number 0, one beyond OFPM_MAX that is no virtual meter, OFPM_ALL
 *   but in a delete                                                   OFPMMFC_INVALID_METER
 *   a flag that there is not, OFPMF_KBPS together with OFPMF_PKTPS    OFPMMFC_BAD_FLAGS
 *   a band of a type that there is not, an experimenter's             OFPMMFC_BAD_BAND
 *   a band of rate 0, as nothing could be measured against it         OFPMMFC_BAD_RATE
 *   a prec_level beyond the drop precedences that DSCP has            OFPMMFC_BAD_BAND_VALUE
 *   more than METER_BANDS_MAX bands                                   OFPMMFC_OUT_OF_BANDS
 *   bands that do not fill the message                                OFPBRC_BAD_LEN
 * Neither OFPMF_KBPS nor OFPMF_PKTPS means kb/s.  A burst is taken as it is: 0, or without OFPMF_BURST, means the default.  Of a
 * delete only the number counts.
 */
#ifndef SKEP_OFCHAN_METER_H
#define SKEP_OFCHAN_METER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/group.h"
#include "ofchan/multipart.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

#define OF_METER_PREC_LEVEL_MAX 3 /* of AFxy, y */

enum ofp_err of_meter_mod_decode(struct meter_mod *mm, const uint8_t *msg, size_t len);
void of_meter_mod_encode(struct buf *out, uint32_t xid, const struct meter_mod *mm);

/* A request for OFPMP_METER or OFPMP_METER_CONFIG of one meter or OFPM_ALL; OFPMP_METER_FEATURES has no body. */
void of_meter_request_encode(struct buf *out, uint32_t xid, uint16_t type, uint32_t meter_id);

/* Entries of OFPMP_METER and OFPMP_METER_CONFIG replies, and reading the next one; false at the end, or with it->err set.  Of OFPMP_METER
 * neither flags nor bands are known but their number, of OFPMP_METER_CONFIG no counters. */
void of_meter_stats_put(struct mp_writer *w, const struct meter_desc *meter);
void of_meter_config_put(struct mp_writer *w, const struct meter_desc *meter);
bool of_meter_stats_next(struct mp_iter *it, struct meter_desc *ret);
bool of_meter_config_next(struct mp_iter *it, struct meter_desc *ret);

struct of_meter_features {
	uint32_t max_meters;
	uint32_t band_types;   /* bit N: enum band_type N */
	uint32_t capabilities; /* enum meter_flags */
	uint8_t max_bands;
	uint8_t max_color;
};
/* What the decoder accepts, of 'max_meters' meters. */
void of_meter_features_init(struct of_meter_features *f, uint32_t max_meters);
void of_meter_features_encode(struct buf *out, uint32_t xid, const struct of_meter_features *f);
enum ofp_err of_meter_features_decode(struct of_meter_features *f, const struct of_multipart *reply);

#endif
