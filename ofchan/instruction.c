// SPDX-License-Identifier: Apache-2.0
/* Instructions on the wire (OF1.3.5 §5.9, §7.2.4), and their consistency with the match; see
 * action.h. */
#include <endian.h>

#include "model/group.h"
#include "ofchan/action.h"
#include "ofchan/wire.h"

static enum ofp_err goto_table_decode(struct instructions *in, const uint8_t *p, size_t len,
				      uint8_t table_id)
{
	const struct ofp_instruction_goto_table *w = (const void *)p;

	if (len != sizeof(*w))
		return OFPBIC_BAD_LEN;
	/* §5.9: only forward. */
	if (w->table_id > TABLE_MAX || (table_id != TABLE_NONE && w->table_id <= table_id))
		return OFPBIC_BAD_TABLE_ID;
	in->goto_table = w->table_id;
	return OFP_OK;
}

static enum ofp_err write_metadata_decode(struct instructions *in, const uint8_t *p, size_t len,
					  uint8_t table_id)
{
	const struct ofp_instruction_write_metadata *w = (const void *)p;

	(void)table_id;
	if (len != sizeof(*w))
		return OFPBIC_BAD_LEN;
	in->has_metadata = true;
	in->metadata_mask = be64toh(w->metadata_mask);
	in->metadata = be64toh(w->metadata) & in->metadata_mask;
	return OFP_OK;
}

static enum ofp_err write_actions_decode(struct instructions *in, const uint8_t *p, size_t len,
					 uint8_t table_id)
{
	const size_t head = sizeof(struct ofp_instruction_actions);

	(void)table_id;
	in->has_write = true;
	return of_actions_decode(&in->write, p + head, len - head, false);
}

static enum ofp_err apply_actions_decode(struct instructions *in, const uint8_t *p, size_t len,
					 uint8_t table_id)
{
	const size_t head = sizeof(struct ofp_instruction_actions);

	(void)table_id;
	in->has_apply = true;
	return of_actions_decode(&in->apply, p + head, len - head, false);
}

static enum ofp_err clear_actions_decode(struct instructions *in, const uint8_t *p, size_t len,
					 uint8_t table_id)
{
	(void)p, (void)table_id;
	if (len != sizeof(struct ofp_instruction_actions))
		return OFPBIC_BAD_LEN;
	in->has_clear = true;
	return OFP_OK;
}

/* Whether the meter is there is the caller's to say; virtual meters are for no flow (§7.3.4.4). */
static enum ofp_err meter_decode(struct instructions *in, const uint8_t *p, size_t len,
				 uint8_t table_id)
{
	const struct ofp_instruction_meter *w = (const void *)p;

	(void)table_id;
	if (len != sizeof(*w))
		return OFPBIC_BAD_LEN;
	in->has_meter = true;
	in->meter_id = be32toh(w->meter_id);
	return in->meter_id >= 1 && in->meter_id <= METER_MAX ? OFP_OK : OFPMMFC_INVALID_METER;
}

/* By number.  'len' is at least 8 and within the message. */
static enum ofp_err (*const decoders[])(struct instructions *in, const uint8_t *p, size_t len,
					uint8_t table_id) = {
	[OFPIT_GOTO_TABLE] = goto_table_decode,
	[OFPIT_WRITE_METADATA] = write_metadata_decode,
	[OFPIT_WRITE_ACTIONS] = write_actions_decode,
	[OFPIT_APPLY_ACTIONS] = apply_actions_decode,
	[OFPIT_CLEAR_ACTIONS] = clear_actions_decode,
	[OFPIT_METER] = meter_decode,
};

#define N_DECODERS (sizeof(decoders) / sizeof(decoders[0]))

uint32_t of_instructions_supported(void)
{
	uint32_t bits = 0;

	for (unsigned int type = 0; type < N_DECODERS; type++) {
		if (decoders[type])
			bits |= 1u << type;
	}
	return bits;
}

enum ofp_err of_instructions_decode(struct instructions *in, const uint8_t *p, size_t len,
				    uint8_t table_id)
{
	const uint8_t *end = p + len;
	uint32_t seen = 0;

	instructions_init(in);
	while (p < end) {
		const struct ofp_instruction_header *h = (const void *)p;
		size_t inst_len, left = (size_t)(end - p);
		uint16_t type;
		enum ofp_err err;

		if (left < sizeof(struct ofp_instruction_actions))
			return OFPBIC_BAD_LEN;
		type = be16toh(h->type);
		inst_len = be16toh(h->len);
		if (inst_len < sizeof(struct ofp_instruction_actions) || inst_len % 8 ||
		    inst_len > left)
			return OFPBIC_BAD_LEN;
		if (type >= N_DECODERS || !decoders[type])
			return type == OFPIT_EXPERIMENTER ? OFPBIC_BAD_EXPERIMENTER
							  : OFPBIC_UNKNOWN_INST;
		if (seen >> type & 1)
			return OFPBIC_DUP_INST;
		seen |= 1u << type;
		err = decoders[type](in, p, inst_len, table_id);
		if (err)
			return err;
		p += inst_len;
	}
	return OFP_OK;
}

static void actions_instruction_encode(struct buf *out, uint16_t type,
				       const struct action_list *list)
{
	size_t start = out->len;
	struct ofp_instruction_actions w = { .type = htobe16(type) };

	buf_put(out, &w, sizeof(w));
	if (list)
		of_actions_encode(out, list);
	buf_set_be16(out, start + 2, (uint16_t)(out->len - start));
}

void of_instructions_encode(struct buf *out, const struct instructions *in)
{
	if (in->has_meter) {
		struct ofp_instruction_meter w = {
			.type = htobe16(OFPIT_METER),
			.len = htobe16(sizeof(w)),
			.meter_id = htobe32(in->meter_id),
		};

		buf_put(out, &w, sizeof(w));
	}
	if (in->has_apply)
		actions_instruction_encode(out, OFPIT_APPLY_ACTIONS, &in->apply);
	if (in->has_clear)
		actions_instruction_encode(out, OFPIT_CLEAR_ACTIONS, NULL);
	if (in->has_write)
		actions_instruction_encode(out, OFPIT_WRITE_ACTIONS, &in->write);
	if (in->has_metadata) {
		struct ofp_instruction_write_metadata w = {
			.type = htobe16(OFPIT_WRITE_METADATA),
			.len = htobe16(sizeof(w)),
			.metadata = htobe64(in->metadata),
			.metadata_mask = htobe64(in->metadata_mask),
		};

		buf_put(out, &w, sizeof(w));
	}
	if (in->goto_table != TABLE_NONE) {
		struct ofp_instruction_goto_table w = {
			.type = htobe16(OFPIT_GOTO_TABLE),
			.len = htobe16(sizeof(w)),
			.table_id = in->goto_table,
		};

		buf_put(out, &w, sizeof(w));
	}
}
