// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands about Geneve options. */
#include <stdio.h>

#include "utils/batch.h"
#include "utils/json.h"

static int encode_map(struct session *s, const char *text, int command, uint32_t xid,
		      struct buf *out, struct text_error *ret_error)
{
	struct tlv_mod mod;
	int error = text_parse_tlv_mod(text, (enum tlv_command)command, &mod, ret_error);

	(void)s;
	if (!error)
		of_tlv_mod_encode(out, xid, &mod);
	return error;
}

static const struct batch_kind maps = { "option", encode_map };

int cmd_add_tlv_map(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_text(ctl, argv[0], &maps, TLV_ADD, argv[1]);
}

int cmd_del_tlv_map(const struct skepctl *ctl, int argc, char **argv)
{
	return batch_text(ctl, argv[0], &maps, TLV_DELETE, argc > 1 ? argv[1] : "");
}

static json_t *json_table(const struct tlv_table *table)
{
	json_t *options = json_array();

	for (unsigned int i = 0; i < table->n; i++)
		json_array_append_new(options, json_pack("{s:i,s:i,s:i,s:i}", "class",
							 table->map[i].option_class, "type",
							 table->map[i].option_type, "length",
							 table->map[i].option_len, "tun_metadata",
							 table->map[i].index));
	return json_pack("{s:I,s:i,s:o}", "max_option_space", (json_int_t)table->max_option_space,
			 "max_fields", table->max_fields, "options", options);
}

static int print_table(const struct session *s)
{
	const struct tlv_table *table = &s->msg->experimenter.tlv_table;
	struct buf out = BUF_INIT;

	if (s->msg->experimenter.exp_type != NXT_TLV_TABLE_REPLY)
		return fail("%s: the reply is not one", s->name);
	if (s->ctl->is_json) {
		json_print(json_table(table), JSON_INDENT(2));
		return EXIT_OK;
	}
	buf_printf(&out, "NXT_TLV_TABLE_REPLY (OF1.3) (xid=0x%x):\n", s->msg->xid);
	text_format_tlv_table(table, &out);
	fwrite(out.data, 1, out.len, stdout);
	buf_uninit(&out);
	return EXIT_OK;
}

int cmd_dump_tlv_map(const struct skepctl *ctl, int argc, char **argv)
{
	struct session s;
	uint32_t xid;
	int status = session_open(&s, ctl, argv[0]);

	(void)argc;
	if (!status) {
		xid = session_xid(&s);
		of_tlv_request_encode(&s.out, xid);
		status = session_request(&s, xid, OFPT_EXPERIMENTER);
		if (!status)
			status = print_table(&s);
	}
	session_close(&s);
	return status;
}
