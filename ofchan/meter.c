// SPDX-License-Identifier: Apache-2.0
/* Meters on the wire; see meter.h. */
#include "ofchan/meter.h"

#include <endian.h>

#include "ofchan/message.h"
#include "ofchan/wire.h"

static enum ofp_err bands_count(const uint8_t *p, size_t len, unsigned int *ret_n)
{
	unsigned int n = 0;

	for (; len; n++) {
		const struct ofp_meter_band_header *b = (const void *)p;

		/* Bands of every type of 1.3 are 16 bytes. */
		if (len < 16 || be16toh(b->len) != 16)
			return OFPBRC_BAD_LEN;
		if (be16toh(b->type) != 1 && be16toh(b->type) != 2)
			return OFPMMFC_BAD_BAND;
		p += 16;
		len -= 16;
	}
	*ret_n = n;
	return OFP_OK;
}

static bool meter_id_ok(uint32_t id)
{
	return (id >= 1 && id <= OFPM_MAX) || id == OFPM_SLOWPATH || id == OFPM_CONTROLLER;
}

enum ofp_err of_meter_mod_decode(struct of_meter_mod *mm, const uint8_t *msg, size_t len)
{
	const struct ofp_meter_mod *w = (const void *)msg;

	mm->command = be16toh(w->command);
	mm->flags = be16toh(w->flags);
	mm->meter_id = be32toh(w->meter_id);
	if (mm->command > OFPMC_DELETE)
		return OFPMMFC_BAD_COMMAND;
	if (mm->command != OFPMC_DELETE && !meter_id_ok(mm->meter_id))
		return OFPMMFC_INVALID_METER;
	if (mm->flags & ~OFPMF_ALL)
		return OFPMMFC_BAD_FLAGS;
	return bands_count(msg + sizeof(*w), len - sizeof(*w), &mm->n_bands);
}

enum ofp_err of_meter_mod_refusal(const struct of_meter_mod *mm)
{
	switch (mm->command) {
	case OFPMC_ADD:
		return OFPMMFC_OUT_OF_METERS;
	case OFPMC_MODIFY:
		return OFPMMFC_UNKNOWN_METER;
	default: /* §6.7: as with groups. */
		return OFP_OK;
	}
}

void of_meter_features_none_encode(struct buf *out, uint32_t xid)
{
	struct mp_writer w;

	mp_start(&w, out, OFPMP_METER_FEATURES, xid);
	buf_put_zeros(out, sizeof(struct ofp_meter_features));
	mp_finish(&w);
}
