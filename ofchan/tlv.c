// SPDX-License-Identifier: Apache-2.0
/* Geneve options on the wire; see tlv.h. */
#include "ofchan/tlv.h"

#include <endian.h>

#include "ofchan/message.h"
#include "ofchan/wire.h"

static enum ofp_err maps_decode(struct tlv_map *map, unsigned int *ret_n, const uint8_t *p,
				size_t len)
{
	const struct nx_tlv_map *w = (const void *)p;

	if (len % sizeof(*w) || len / sizeof(*w) > TLV_MOD_MAX)
		return OFPBRC_BAD_LEN;
	*ret_n = (unsigned int)(len / sizeof(*w));
	for (unsigned int i = 0; i < *ret_n; i++)
		map[i] = (struct tlv_map){
			.option_class = be16toh(w[i].option_class),
			.option_type = w[i].option_type,
			.option_len = w[i].option_len,
			.index = be16toh(w[i].index),
		};
	return OFP_OK;
}

static void maps_encode(struct buf *out, const struct tlv_map *map, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct nx_tlv_map w = {
			.option_class = htobe16(map[i].option_class),
			.option_type = map[i].option_type,
			.option_len = map[i].option_len,
			.index = htobe16(map[i].index),
		};

		buf_put(out, &w, sizeof(w));
	}
}

static struct ofp_experimenter_header nx_header(enum nx_type type, size_t len, uint32_t xid)
{
	return (struct ofp_experimenter_header){
		.header = wire_header(OFPT_EXPERIMENTER, len, xid),
		.experimenter = htobe32(NX_EXPERIMENTER_ID),
		.exp_type = htobe32(type),
	};
}

enum ofp_err of_tlv_mod_decode(struct tlv_mod *mod, const uint8_t *msg, size_t len)
{
	const struct nx_tlv_table_mod *w = (const void *)msg;

	if (len < sizeof(*w))
		return OFPBRC_BAD_LEN;
	if (be16toh(w->command) > TLV_CLEAR)
		return NXTTMFC_BAD_COMMAND;
	mod->command = be16toh(w->command);
	return maps_decode(mod->map, &mod->n, msg + sizeof(*w), len - sizeof(*w));
}

void of_tlv_mod_encode(struct buf *out, uint32_t xid, const struct tlv_mod *mod)
{
	struct nx_tlv_table_mod w = {
		.header = nx_header(NXT_TLV_TABLE_MOD, sizeof(w), xid),
		.command = htobe16((uint16_t)mod->command),
	};
	size_t start = out->len;

	buf_put(out, &w, sizeof(w));
	maps_encode(out, mod->map, mod->n);
	ofmsg_end(out, start);
}

void of_tlv_request_encode(struct buf *out, uint32_t xid)
{
	struct ofp_experimenter_header w = nx_header(NXT_TLV_TABLE_REQUEST, sizeof(w), xid);

	buf_put(out, &w, sizeof(w));
}

enum ofp_err of_tlv_table_decode(struct tlv_table *table, const uint8_t *msg, size_t len)
{
	const struct nx_tlv_table_reply *w = (const void *)msg;

	if (len < sizeof(*w))
		return OFPBRC_BAD_LEN;
	table->max_option_space = be32toh(w->max_option_space);
	table->max_fields = be16toh(w->max_fields);
	return maps_decode(table->map, &table->n, msg + sizeof(*w), len - sizeof(*w));
}

void of_tlv_table_encode(struct buf *out, uint32_t xid, const struct tlv_table *table)
{
	struct nx_tlv_table_reply w = {
		.header = nx_header(NXT_TLV_TABLE_REPLY, sizeof(w), xid),
		.max_option_space = htobe32(table->max_option_space),
		.max_fields = htobe16(table->max_fields),
	};
	size_t start = out->len;

	buf_put(out, &w, sizeof(w));
	maps_encode(out, table->map, table->n);
	ofmsg_end(out, start);
}
