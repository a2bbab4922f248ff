// SPDX-License-Identifier: Apache-2.0
/* Which Geneve options rules can match and set: struct skep_bridge.tlv. */
#include <errno.h>
#include <string.h>

#include "datapath/private.h"

static bool flow_uses(const struct dp *dp, uint32_t flow, unsigned int index)
{
	const struct skep_cell *cells = CELL(dp, RULE(dp, FLOW(dp, flow)->rule)->cells), *cell;

	if (flow_subtable(dp, flow)->mask.w[SKEP_OPTION_WORD + index])
		return true;
	CELLS_FOR_EACH (cells, SKEP_OP_SET_FIELD, cell) {
		if (cell->arg == FIELD_TUN_METADATA0 + index)
			return true;
	}
	return false;
}

static bool group_uses(const struct group_desc *group, unsigned int index)
{
	for (unsigned int i = 0; i < group->n_buckets; i++) {
		const struct bucket *b = &group->buckets[i];

		for (unsigned int k = 0; k < b->n_actions; k++) {
			if (b->actions[k].type == ACTION_SET_FIELD &&
			    b->actions[k].set_field.field == FIELD_TUN_METADATA0 + index)
				return true;
		}
	}
	return false;
}

static bool is_used(const struct dp *dp, uint32_t bridge, unsigned int index)
{
	struct group_desc group;

	for (uint32_t flow = 1; flow < dp->flows.bump; flow++) {
		if (FLOW(dp, flow)->rule && FLOW(dp, flow)->table / 256 == bridge &&
		    flow_uses(dp, flow, index))
			return true;
	}
	for (uint32_t id = 0; dp_group_next(dp, bridge, id, &group); id = group.group_id + 1) {
		if (group_uses(&group, index))
			return true;
	}
	return false;
}

void dp_tlv_table(const struct dp *dp, uint32_t bridge, struct tlv_table *ret)
{
	*ret = (struct tlv_table){ .max_option_space = SKEP_TLVS * TLV_LEN_MAX,
				   .max_fields = SKEP_TLVS };
	for (uint16_t i = 0; i < SKEP_TLVS; i++) {
		const struct skep_tlv *tlv = &BRIDGE(dp, bridge)->tlv[i];

		if (tlv->n_words)
			ret->map[ret->n++] = (struct tlv_map){
				.option_class = be16toh(tlv->opt_class),
				.option_type = tlv->type,
				.option_len = (uint8_t)(4 * tlv->n_words),
				.index = i,
			};
	}
}

/* Puts a map into the table that is to be. */
static enum dp_tlv_error plan_add(struct skep_tlv tlv[SKEP_TLVS], const struct tlv_map *map)
{
	struct skep_tlv option = {
		.opt_class = htobe16(map->option_class),
		.type = map->option_type,
		.n_words = map->option_len / 4,
	};

	if (map->index >= SKEP_TLVS)
		return DP_TLV_BAD_INDEX;
	if (!map->option_len || map->option_len % 4 || map->option_len > TLV_LEN_MAX)
		return DP_TLV_BAD_LEN;
	if (tlv[map->index].n_words)
		return DP_TLV_MAPPED;
	for (unsigned int i = 0; i < SKEP_TLVS; i++) {
		if (tlv[i].n_words && tlv[i].opt_class == option.opt_class &&
		    tlv[i].type == option.type)
			return DP_TLV_DUPLICATE;
	}
	tlv[map->index] = option;
	return DP_TLV_OK;
}

static enum dp_tlv_error plan_delete(const struct dp *dp, uint32_t bridge,
				     struct skep_tlv tlv[SKEP_TLVS], unsigned int index)
{
	if (index >= SKEP_TLVS)
		return DP_TLV_BAD_INDEX;
	if (tlv[index].n_words && is_used(dp, bridge, index))
		return DP_TLV_IN_USE;
	tlv[index] = (struct skep_tlv){ .n_words = 0 };
	return DP_TLV_OK;
}

enum dp_tlv_error dp_tlv_mod(struct dp *dp, uint32_t bridge, const struct tlv_mod *mod)
{
	struct skep_bridge *b = BRIDGE(dp, bridge);
	struct skep_tlv tlv[SKEP_TLVS];
	enum dp_tlv_error err = DP_TLV_OK;

	memcpy(tlv, b->tlv, sizeof(tlv));
	for (unsigned int i = 0; mod->command == TLV_CLEAR && !err && i < SKEP_TLVS; i++)
		err = plan_delete(dp, bridge, tlv, i);
	for (unsigned int i = 0; mod->command != TLV_CLEAR && !err && i < mod->n; i++)
		err = mod->command == TLV_ADD ? plan_add(tlv, &mod->map[i])
					      : plan_delete(dp, bridge, tlv, mod->map[i].index);
	for (unsigned int i = 0; !err && i < SKEP_TLVS; i++) {
		uint32_t word;

		/* In one store: packets read it meanwhile. */
		memcpy(&word, &tlv[i], sizeof(word));
		PUBLISH((uint32_t *)(void *)&b->tlv[i], word);
	}
	return err;
}

void tlvs_bridge_gone(struct dp *dp, uint32_t bridge)
{
	memset(BRIDGE(dp, bridge)->tlv, 0, sizeof(BRIDGE(dp, bridge)->tlv));
}
