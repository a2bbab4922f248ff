// SPDX-License-Identifier: Apache-2.0
/* Instructions on the wire (OF1.3.5 §5.9, §7.2.4), and their consistency with the match; see
 * action.h. */
#include <endian.h>

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

/* By number.  'len' is at least 8 and within the message. */
static enum ofp_err (*const decoders[])(struct instructions *in, const uint8_t *p, size_t len,
					uint8_t table_id) = {
	[OFPIT_GOTO_TABLE] = goto_table_decode,
	[OFPIT_WRITE_METADATA] = write_metadata_decode,
	[OFPIT_WRITE_ACTIONS] = write_actions_decode,
	[OFPIT_APPLY_ACTIONS] = apply_actions_decode,
	[OFPIT_CLEAR_ACTIONS] = clear_actions_decode,
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

static enum ofp_err unsupported(uint16_t type)
{
	if (type == OFPIT_EXPERIMENTER)
		return OFPBIC_BAD_EXPERIMENTER;
	return type == OFPIT_METER ? OFPBIC_UNSUP_INST : OFPBIC_UNKNOWN_INST;
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
			return unsupported(type);
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

/*
 * What is known of the packet while a list of actions is gone through: the fields that are
 * prerequisites of others.  Of tags only the outermost is in a match; those that the list itself
 * pushes are counted.
 */
struct known {
	struct match m;
	unsigned int n_tags;
};

static void known_init(struct known *k, const struct match *m)
{
	static const enum field_id prereqs[] = { FIELD_ETH_TYPE, FIELD_VLAN_VID, FIELD_IP_PROTO,
						 FIELD_ICMPV6_TYPE };

	match_init(&k->m);
	for (size_t i = 0; i < sizeof(prereqs) / sizeof(prereqs[0]); i++) {
		enum field_id id = prereqs[i];

		if (match_has(m, id))
			match_set(&k->m, id, &m->value[id], &m->mask[id]);
	}
	k->n_tags = match_prereq_ok(&k->m, FIELD_VLAN_PCP) ? 1 : 0;
}

static void known_set_tags(struct known *k, unsigned int n)
{
	static const struct field_value zero;

	k->n_tags = n;
	if (n)
		match_set_u64(&k->m, FIELD_VLAN_VID, OFPVID_PRESENT);
	else
		match_set(&k->m, FIELD_VLAN_VID, &zero, &zero);
}

static bool known_allows(const struct known *k, enum field_id id)
{
	/* As a match vlan_vid needs nothing; to be set it needs a tag (§7.2.5). */
	return match_prereq_ok(&k->m, id == FIELD_VLAN_VID ? FIELD_VLAN_PCP : id);
}

static bool has_set_field(const struct action_list *list)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (list->a[i].type == ACTION_SET_FIELD)
			return true;
	}
	return false;
}

enum ofp_err of_instructions_check(const struct instructions *in, const struct match *m)
{
	struct known k;

	if (!in->has_apply || !has_set_field(&in->apply))
		return OFP_OK;
	known_init(&k, m);
	for (unsigned int i = 0; i < in->apply.n; i++) {
		const struct action *a = &in->apply.a[i];

		switch (a->type) {
		case ACTION_SET_FIELD:
			if (!known_allows(&k, a->set_field.field))
				return OFPBAC_MATCH_INCONSISTENT;
			if (a->set_field.field != FIELD_VLAN_VID)
				match_set(&k.m, a->set_field.field, &a->set_field.value, NULL);
			break;
		case ACTION_PUSH_VLAN:
			known_set_tags(&k, k.n_tags + 1);
			break;
		case ACTION_POP_VLAN:
			known_set_tags(&k, k.n_tags ? k.n_tags - 1 : 0);
			break;
		default:
			break;
		}
	}
	return OFP_OK;
}
