// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands about meters. */
#include <stdio.h>
#include <string.h>

#include "utils/batch.h"
#include "utils/json.h"

static int encode_meter(struct session *s, const char *text, int command, uint32_t xid, struct buf *out,
			struct text_error *ret_error)
{
	struct meter_mod mm;
	int error = text_parse_meter_mod(text, (enum meter_command)command, &mm, ret_error);

	(void)s;
	if (!error)
		of_meter_mod_encode(out, xid, &mm);
	return error;
}

static const struct batch_kind meters = { "meter", encode_meter };

int cmd_add_meter(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_text(ctl, argv[0], &meters, METER_ADD, argv[1]);
}

int cmd_add_meters(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_file(ctl, argv[0], &meters, METER_ADD, argv[1]);
}

int cmd_mod_meter(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_text(ctl, argv[0], &meters, METER_MODIFY, argv[1]);
}

int cmd_del_meters(const struct skepctl *ctl, int argc, char **argv)
{
	return batch_text(ctl, argv[0], &meters, METER_DELETE, argc > 1 ? argv[1] : "");
}

/*
 * Dumps.
 */
struct meter_dump {
	uint16_t type; /* OFPMP_METER or OFPMP_METER_CONFIG */
	json_t *array; /* with --json */
	bool has_header;
};

static json_t *json_meter_id(uint32_t meter_id)
{
	struct buf text = BUF_INIT;
	json_t *value;

	if (meter_id <= METER_MAX)
		return json_integer(meter_id);
	text_format_meter_id(meter_id, &text);
	value = json_string(buf_cstr(&text));
	buf_uninit(&text);
	return value;
}

static json_t *json_meter_config(const struct meter_desc *m)
{
	json_t *bands = json_array();

	for (unsigned int i = 0; i < m->n_bands; i++) {
		const struct band *b = &m->bands[i];
		json_t *object = json_pack("{s:s,s:I}", "type", text_band_type_name(b->type), "rate", (json_int_t)b->rate);

		if (m->flags & METER_BURST)
			json_object_set_new(object, "burst_size", json_integer(b->burst_size));
		if (b->type == BAND_DSCP_REMARK)
			json_object_set_new(object, "prec_level", json_integer(b->prec_level));
		json_array_append_new(bands, object);
	}
	return json_pack("{s:o,s:b,s:b,s:b,s:b,s:o}", "meter", json_meter_id(m->meter_id), "kbps", !!(m->flags & METER_KBPS), "pktps",
			 !!(m->flags & METER_PKTPS), "burst", !!(m->flags & METER_BURST), "stats", !!(m->flags & METER_STATS), "bands",
			 bands);
}

static json_t *json_meter_stats(const struct meter_desc *m)
{
	json_t *bands = json_array();

	for (unsigned int i = 0; i < m->n_bands; i++)
		json_array_append_new(bands, json_pack("{s:o,s:o}", "n_packets", json_counter(m->band_stats[i].n_packets), "n_bytes",
						       json_counter(m->band_stats[i].n_bytes)));
	return json_pack("{s:o,s:I,s:o,s:o,s:f,s:o}", "meter", json_meter_id(m->meter_id), "flow_count", (json_int_t)m->flow_count,
			 "n_packets", json_counter(m->n_packets), "n_bytes", json_counter(m->n_bytes), "duration_s",
			 (double)m->duration_ns / 1e9, "bands", bands);
}

/* Meters of several lines are separated by empty ones, as in ovs-ofctl. */
static void print_meter(const struct meter_dump *dump, const struct meter_desc *m, bool is_first, struct buf *out)
{
	bool is_config = dump->type == OFPMP_METER_CONFIG;

	if (dump->array) {
		json_array_append_new(dump->array, is_config ? json_meter_config(m) : json_meter_stats(m));
		return;
	}
	if (!is_first)
		buf_put_u8(out, '\n');
	if (is_config)
		text_format_meter_config(m, out);
	else
		text_format_meter_stats(m, out);
}

static int print_meters(struct session *s, void *aux)
{
	struct meter_dump *dump = aux;
	bool is_config = dump->type == OFPMP_METER_CONFIG, is_first = !dump->has_header;
	struct meter_desc meter;
	struct buf out = BUF_INIT;
	struct mp_iter it;

	if (!dump->array && !dump->has_header)
		buf_printf(&out, "%s reply (OF1.3) (xid=0x%x):\n", is_config ? "OFPST_METER_CONFIG" : "OFPST_METER", s->msg->xid);
	dump->has_header = true;
	mp_iter_init(&it, &s->msg->mp);
	while (is_config ? of_meter_config_next(&it, &meter) : of_meter_stats_next(&it, &meter)) {
		print_meter(dump, &meter, is_first, &out);
		is_first = false;
	}
	if (out.len)
		fwrite(out.data, 1, out.len, stdout);
	buf_uninit(&out);
	return it.err ? fail("%s: a meter cannot be understood (%s)", s->name, ofp_err_name(it.err)) : EXIT_OK;
}

static int dump_meters(const struct skepctl *ctl, int argc, char **argv, uint16_t type)
{
	struct meter_dump dump = { .type = type, .array = ctl->is_json ? json_array() : NULL };
	struct text_error e;
	struct session s;
	uint32_t meter_id, xid;
	int status = session_open(&s, ctl, argv[0]);

	if (!status && text_parse_meter_id(argc > 1 ? argv[1] : "", &meter_id, &e))
		status = fail("meter, column %u: %s", e.column, e.message);
	if (!status) {
		xid = session_xid(&s);
		of_meter_request_encode(&s.out, xid, type, meter_id);
		status = session_multipart(&s, xid, print_meters, &dump);
	}
	json_end_dump(dump.array, NULL, status);
	session_close(&s);
	return status;
}

int cmd_dump_meters(const struct skepctl *ctl, int argc, char **argv)
{
	return dump_meters(ctl, argc, argv, OFPMP_METER_CONFIG);
}

int cmd_meter_stats(const struct skepctl *ctl, int argc, char **argv)
{
	return dump_meters(ctl, argc, argv, OFPMP_METER);
}

/*
 * Features.
 */
static void put_band_types(uint32_t types, struct buf *out)
{
	const char *space = "";

	for (unsigned int i = BAND_DROP; i <= BAND_DSCP_REMARK; i++) {
		if (types & 1u << i) {
			buf_printf(out, "%s%s", space, text_band_type_name((enum band_type)i));
			space = " ";
		}
	}
	if (!*space)
		buf_put_u8(out, '0');
}

/* Names with spaces between, as an array. */
static json_t *json_names(struct buf *text, uint32_t bits)
{
	const char *p = buf_cstr(text);
	json_t *array = json_array();

	while (bits && *p) {
		size_t len = strcspn(p, " ");

		json_array_append_new(array, json_stringn(p, len));
		p += len + strspn(p + len, " ");
	}
	return array;
}

static int print_features(struct session *s, void *aux)
{
	struct buf types = BUF_INIT, flags = BUF_INIT;
	struct of_meter_features f;

	(void)aux;
	if (of_meter_features_decode(&f, &s->msg->mp))
		return fail("%s: the reply cannot be understood", s->name);
	put_band_types(f.band_types, &types);
	text_format_meter_flags((uint16_t)f.capabilities, &flags);
	if (s->ctl->is_json)
		json_print(json_pack("{s:I,s:i,s:i,s:o,s:o}", "max_meter", (json_int_t)f.max_meters, "max_bands", f.max_bands,
				     "max_color", f.max_color, "band_types", json_names(&types, f.band_types), "capabilities",
				     json_names(&flags, f.capabilities)),
			   JSON_INDENT(2));
	else
		printf("OFPST_METER_FEATURES reply (OF1.3) (xid=0x%x):\nmax_meter:%u max_bands:%u max_color:%u\nband_types: %s\n"
		       "capabilities: %s\n",
		       s->msg->xid, f.max_meters, f.max_bands, f.max_color, buf_cstr(&types), buf_cstr(&flags));
	buf_uninit(&types);
	buf_uninit(&flags);
	return EXIT_OK;
}

int cmd_meter_features(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return session_ask(ctl, argv[0], OFPMP_METER_FEATURES, print_features);
}
