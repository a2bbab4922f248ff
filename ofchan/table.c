// SPDX-License-Identifier: Apache-2.0
/* Flow tables on the wire; see table.h. */
#include "ofchan/table.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "ofchan/action.h"
#include "ofchan/match.h"
#include "ofchan/message.h"
#include "ofchan/wire.h"

enum ofp_err of_table_mod_decode(struct of_table_mod *tm, const uint8_t *msg, size_t len)
{
	const struct ofp_table_mod *w = (const void *)msg;

	(void)len;
	if (w->table_id > TABLE_MAX && w->table_id != TABLE_NONE)
		return OFPTMFC_BAD_TABLE;
	if (be32toh(w->config) & ~(uint32_t)OFPTC_DEPRECATED_MASK)
		return OFPTMFC_BAD_CONFIG;
	tm->table_id = w->table_id;
	tm->config = be32toh(w->config);
	return OFP_OK;
}

void of_table_mod_encode(struct buf *out, uint32_t xid, const struct of_table_mod *tm)
{
	struct ofp_table_mod w = {
		.header = wire_header(OFPT_TABLE_MOD, sizeof(w), xid),
		.table_id = tm->table_id,
		.config = htobe32(tm->config),
	};

	buf_put(out, &w, sizeof(w));
}

void of_table_stats_put(struct mp_writer *w, const struct of_table_stats *stats)
{
	struct ofp_table_stats s = {
		.table_id = stats->table_id,
		.active_count = htobe32(stats->n_active),
		.lookup_count = htobe64(stats->n_lookup),
		.matched_count = htobe64(stats->n_matched),
	};

	mp_entry_begin(w);
	buf_put(w->out, &s, sizeof(s));
	mp_entry_end(w);
}

bool of_table_stats_next(struct mp_iter *it, struct of_table_stats *ret_stats)
{
	const struct ofp_table_stats *s = mp_iter_take(it, sizeof(*s));

	if (!s)
		return false;
	*ret_stats = (struct of_table_stats){
		.table_id = s->table_id,
		.n_active = be32toh(s->active_count),
		.n_lookup = be64toh(s->lookup_count),
		.n_matched = be64toh(s->matched_count),
	};
	return true;
}

void of_table_features_init(struct of_table_features *tf, uint8_t table_id, uint32_t max_entries)
{
	memset(tf, 0, sizeof(*tf));
	tf->table_id = table_id;
	snprintf(tf->name, sizeof(tf->name), "table%u", table_id);
	tf->metadata_match = tf->metadata_write = UINT64_MAX;
	tf->max_entries = max_entries;
	tf->instructions = of_instructions_supported();
	if (table_id >= TABLE_MAX)
		tf->instructions &= ~(1u << OFPIT_GOTO_TABLE);
	tf->write_actions = tf->apply_actions = of_actions_supported();
	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		if (!field_is_known((enum field_id)id))
			continue;
		tf->match |= 1ULL << id;
		if (field_table[id].is_settable)
			tf->write_setfield |= 1ULL << id;
	}
	tf->wildcards = tf->match;
	tf->apply_setfield = tf->write_setfield;
	for (unsigned int t = table_id + 1u; t <= TABLE_MAX; t++)
		tf->next_tables[t / 64] |= 1ULL << t % 64;
}

/* A property: type and length, the list, padding.  property_end() fills in the length. */
static size_t property_begin(struct buf *out, enum ofp_table_feature_prop_type type)
{
	size_t start = out->len;

	buf_put_be16(out, (uint16_t)type);
	buf_put_be16(out, 0);
	return start;
}

static void property_end(struct buf *out, size_t start)
{
	buf_set_be16(out, start + 2, (uint16_t)(out->len - start));
	buf_pad8(out, start);
}

/* A list of instruction or action numbers, each as the first 4 bytes of one (§7.3.5.5.2). */
static void property_put_types(struct buf *out, enum ofp_table_feature_prop_type type,
			       uint32_t bits)
{
	size_t start = property_begin(out, type);

	for (uint16_t n = 0; n < 32; n++) {
		if (bits >> n & 1) {
			buf_put_be16(out, n);
			buf_put_be16(out, 4);
		}
	}
	property_end(out, start);
}

/* A list of OXM headers; 'with_masks': those of maskable fields say so. */
static void property_put_fields(struct buf *out, enum ofp_table_feature_prop_type type,
				uint64_t fields, bool with_masks)
{
	size_t start = property_begin(out, type);

	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		if (fields >> id & 1)
			of_oxm_encode_header(out, (enum field_id)id,
					     with_masks && field_table[id].is_maskable);
	}
	property_end(out, start);
}

static void property_put_tables(struct buf *out, const uint64_t tables[4])
{
	size_t start = property_begin(out, OFPTFPT_NEXT_TABLES);

	for (unsigned int t = 0; t < 256; t++) {
		if (tables[t / 64] >> t % 64 & 1)
			buf_put_u8(out, (uint8_t)t);
	}
	property_end(out, start);
}

void of_table_features_put(struct mp_writer *w, const struct of_table_features *tf)
{
	struct buf *out = w->out;
	struct ofp_table_features s = {
		.table_id = tf->table_id,
		.metadata_match = htobe64(tf->metadata_match),
		.metadata_write = htobe64(tf->metadata_write),
		.config = htobe32(tf->config),
		.max_entries = htobe32(tf->max_entries),
	};

	memcpy(s.name, tf->name, strnlen(tf->name, sizeof(s.name) - 1));
	mp_entry_begin(w);
	buf_put(out, &s, sizeof(s));
	property_put_types(out, OFPTFPT_INSTRUCTIONS, tf->instructions);
	property_put_tables(out, tf->next_tables);
	property_put_types(out, OFPTFPT_WRITE_ACTIONS, tf->write_actions);
	property_put_types(out, OFPTFPT_APPLY_ACTIONS, tf->apply_actions);
	property_put_fields(out, OFPTFPT_MATCH, tf->match, true);
	property_put_fields(out, OFPTFPT_WILDCARDS, tf->wildcards, false);
	property_put_fields(out, OFPTFPT_WRITE_SETFIELD, tf->write_setfield, false);
	property_put_fields(out, OFPTFPT_APPLY_SETFIELD, tf->apply_setfield, false);
	buf_set_be16(out, w->entry, (uint16_t)(out->len - w->entry));
	mp_entry_end(w);
}

/* Collects the numbers below 32; others, experimenters' included, are noted as unknown. */
static enum ofp_err types_decode(struct of_table_features *tf, uint32_t *bits, const uint8_t *p,
				 size_t len)
{
	while (len) {
		const struct ofp_instruction_header *h = (const void *)p;
		size_t n;

		if (len < sizeof(*h))
			return OFPTFFC_BAD_LEN;
		n = be16toh(h->len);
		if (n < sizeof(*h) || n > len)
			return OFPTFFC_BAD_LEN;
		if (be16toh(h->type) < 32)
			*bits |= 1u << be16toh(h->type);
		else
			tf->has_unknown_feature = true;
		p += n;
		len -= n;
	}
	return OFP_OK;
}

static enum ofp_err fields_decode(struct of_table_features *tf, uint64_t *fields, const uint8_t *p,
				  size_t len)
{
	while (len) {
		enum field_id id;
		size_t n;

		if (!of_oxm_decode_header(p, len, &id, &n))
			return OFPTFFC_BAD_LEN;
		if (id < N_FIELD_IDS && (field_table[id].is_maskable || !of_oxm_has_mask(p)))
			*fields |= 1ULL << id;
		else /* a mask on a field that has none is more than there is, too */
			tf->has_unknown_feature = true;
		p += n;
		len -= n;
	}
	return OFP_OK;
}

/* What of a table-miss flow has the odd number after that of the others. */
static enum ofp_err property_decode(struct of_table_features *tf, uint16_t type, const uint8_t *p,
				    size_t len)
{
	switch (type) {
	case OFPTFPT_INSTRUCTIONS:
	case OFPTFPT_INSTRUCTIONS_MISS:
		return types_decode(tf, &tf->instructions, p, len);
	case OFPTFPT_NEXT_TABLES:
	case OFPTFPT_NEXT_TABLES_MISS:
		for (size_t i = 0; i < len; i++)
			tf->next_tables[p[i] / 64] |= 1ULL << p[i] % 64;
		return OFP_OK;
	case OFPTFPT_WRITE_ACTIONS:
	case OFPTFPT_WRITE_ACTIONS_MISS:
		return types_decode(tf, &tf->write_actions, p, len);
	case OFPTFPT_APPLY_ACTIONS:
	case OFPTFPT_APPLY_ACTIONS_MISS:
		return types_decode(tf, &tf->apply_actions, p, len);
	case OFPTFPT_MATCH:
		return fields_decode(tf, &tf->match, p, len);
	case OFPTFPT_WILDCARDS:
		return fields_decode(tf, &tf->wildcards, p, len);
	case OFPTFPT_WRITE_SETFIELD:
	case OFPTFPT_WRITE_SETFIELD_MISS:
		return fields_decode(tf, &tf->write_setfield, p, len);
	case OFPTFPT_APPLY_SETFIELD:
	case OFPTFPT_APPLY_SETFIELD_MISS:
		return fields_decode(tf, &tf->apply_setfield, p, len);
	default:
		tf->has_unknown_property = true;
		return OFP_OK;
	}
}

static enum ofp_err properties_decode(struct of_table_features *tf, const uint8_t *p, size_t len)
{
	uint32_t seen = 0;

	while (len) {
		const struct ofp_table_feature_prop_header *h = (const void *)p;
		size_t n;
		uint16_t type;
		enum ofp_err err;

		if (len < sizeof(*h))
			return OFPTFFC_BAD_LEN;
		n = be16toh(h->length);
		type = be16toh(h->type);
		if (n < sizeof(*h) || wire_pad8(n) > len)
			return OFPTFFC_BAD_LEN;
		if (type < 32 && seen >> type & 1)
			tf->has_unknown_feature = true;
		seen |= type < 32 ? 1u << type : 0;
		err = property_decode(tf, type, p + sizeof(*h), n - sizeof(*h));
		if (err)
			return err;
		p += wire_pad8(n);
		len -= wire_pad8(n);
	}
	return OFP_OK;
}

bool of_table_features_next(struct mp_iter *it, struct of_table_features *ret_tf)
{
	const uint8_t *p = mp_iter_take_counted(it, 0, sizeof(struct ofp_table_features));
	const struct ofp_table_features *s = (const void *)p;

	if (!p)
		return false;
	memset(ret_tf, 0, sizeof(*ret_tf));
	ret_tf->table_id = s->table_id;
	memcpy(ret_tf->name, s->name, sizeof(ret_tf->name) - 1);
	ret_tf->metadata_match = be64toh(s->metadata_match);
	ret_tf->metadata_write = be64toh(s->metadata_write);
	ret_tf->config = be32toh(s->config);
	ret_tf->max_entries = be32toh(s->max_entries);
	it->err = properties_decode(ret_tf, p + sizeof(*s), (size_t)(it->p - p) - sizeof(*s));
	return !it->err;
}
