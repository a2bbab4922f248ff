// SPDX-License-Identifier: Apache-2.0
/*
 * Geneve options: Open vSwitch's NXT_TLV_TABLE_* (ofchan/tlv.h), and whether what flows, groups and
 * packet-outs name is an option.
 *
 * The table is the bridge's, in the datapath: it stays when skepd ends, and goes with the bridge.
 */
#include "vswitchd/agent_private.h"

static enum ofp_err tlv_mod(struct session *s, const struct tlv_mod *mod)
{
	sw_commit(s->agent->sw); /* what was deleted before does not use an option any more */
	switch (dp_tlv_mod(s->agent->sw->dp, s->agent->br->number, mod)) {
	case DP_TLV_OK:
		return OFP_OK;
	case DP_TLV_BAD_INDEX:
		return NXTTMFC_BAD_FIELD_IDX;
	case DP_TLV_BAD_LEN:
		return NXTTMFC_BAD_OPT_LEN;
	case DP_TLV_MAPPED:
		return NXTTMFC_ALREADY_MAPPED;
	case DP_TLV_DUPLICATE:
		return NXTTMFC_DUP_ENTRY;
	case DP_TLV_IN_USE:
		return NXTTMFC_INVALID_TLV_DEL;
	}
	return NXTTMFC_BAD_COMMAND;
}

enum ofp_err agent_experimenter(struct session *s, const struct ofmsg *msg)
{
	const struct of_experimenter *e = &msg->experimenter;
	struct buf *out = &s->agent->sw->out;
	struct tlv_table table;

	switch (e->exp_type) {
	case NXT_TLV_TABLE_MOD:
		return session_main(s)->role == OFPCR_ROLE_SLAVE ? OFPBRC_IS_SLAVE
								 : tlv_mod(s, &e->tlv_mod);
	case NXT_TLV_TABLE_REQUEST:
		dp_tlv_table(s->agent->sw->dp, s->agent->br->number, &table);
		of_tlv_table_encode(out, msg->xid, &table);
		session_send(s, out);
		return OFP_OK;
	default:
		return OFPBRC_BAD_EXP_TYPE; /* only switches send it */
	}
}

/* Whether field 'id', one of tun_metadata, is an option that can have 'value'. */
static enum ofp_err check_field(const struct session *s, enum field_id id,
				const struct field_value *value, enum ofp_err bad_value)
{
	struct tlv_table table;

	dp_tlv_table(s->agent->sw->dp, s->agent->br->number, &table);
	for (unsigned int i = 0; i < table.n; i++) {
		if (table.map[i].index != id - FIELD_TUN_METADATA0)
			continue;
		return field_value_to_u64(id, value) >> (8 * table.map[i].option_len - 1) >> 1
			       ? bad_value
			       : OFP_OK;
	}
	return NXFMFC_INVALID_TLV_FIELD;
}

enum ofp_err agent_check_match(const struct session *s, const struct match *m)
{
	enum ofp_err err = OFP_OK;

	for (enum field_id id = FIELD_TUN_METADATA0; m->present >> id && !err; id++) {
		if (field_is_option(id) && match_has(m, id))
			err = check_field(s, id, &m->value[id], OFPBMC_BAD_VALUE);
	}
	return err;
}

enum ofp_err agent_check_actions(const struct session *s, const struct action *actions,
				 unsigned int n)
{
	enum ofp_err err = OFP_OK;

	for (unsigned int i = 0; i < n && !err; i++) {
		const struct action *a = &actions[i];

		if (a->type == ACTION_SET_FIELD && field_is_option(a->set_field.field))
			err = check_field(s, a->set_field.field, &a->set_field.value,
					  OFPBAC_BAD_SET_ARGUMENT);
	}
	return err;
}
