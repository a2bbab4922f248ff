// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands about flows. */
#include <stdio.h>
#include <stdlib.h>

#include "utils/batch.h"
#include "utils/json.h"

static int encode_flow(struct session *s, const char *text, int command, uint32_t xid, struct buf *out,
		       struct text_error *ret_error)
{
	static struct flow_mod fm;
	int error = text_parse_flow_mod(text, (enum flow_command)command, &s->port_names, &fm, ret_error);

	if (!error)
		of_flow_mod_encode(out, xid, &fm);
	return error;
}

static const struct batch_kind flows = { "flow", encode_flow };

int cmd_add_flow(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_text(ctl, argv[0], &flows, FLOW_ADD, argv[1]);
}

int cmd_add_flows(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_file(ctl, argv[0], &flows, FLOW_ADD, argv[1]);
}

int cmd_mod_flows(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return batch_text(ctl, argv[0], &flows, ctl->is_strict ? FLOW_MODIFY_STRICT : FLOW_MODIFY, argv[1]);
}

int cmd_del_flows(const struct skepctl *ctl, int argc, char **argv)
{
	return batch_text(ctl, argv[0], &flows, ctl->is_strict ? FLOW_DELETE_STRICT : FLOW_DELETE, argc > 1 ? argv[1] : "");
}

/*
 * Dumps.
 */
struct flow_dump {
	const struct text_ports *ports;
	json_t *array; /* with --json */
	bool has_header;
};

static int print_flows(struct session *s, void *aux)
{
	static struct flow_desc flow;
	struct flow_dump *dump = aux;
	struct buf out = BUF_INIT;
	struct mp_iter it;

	if (!dump->array && !dump->has_header)
		buf_printf(&out, "OFPST_FLOW reply (OF1.3) (xid=0x%x):\n", s->msg->xid);
	dump->has_header = true;
	mp_iter_init(&it, &s->msg->mp);
	while (of_flow_stats_next(&it, &flow)) {
		if (dump->array) {
			json_array_append_new(dump->array, json_flow(&flow, dump->ports));
			continue;
		}
		text_format_flow(&flow, dump->ports, &out);
		buf_put_u8(&out, '\n');
	}
	if (out.len)
		fwrite(out.data, 1, out.len, stdout);
	buf_uninit(&out);
	return it.err ? fail("%s: a flow cannot be understood (%s)", s->name, ofp_err_name(it.err))
		      : EXIT_OK;
}

/* Opens a session and puts the request 'type' with the filter in argv[1], if there is one, into its
 * buffer. */
static int begin_dump(struct session *s, const struct skepctl *ctl, int argc, char **argv,
		      uint16_t type, uint32_t *ret_xid)
{
	struct flow_filter filter;
	struct text_error e;
	int status = session_open(s, ctl, argv[0]);

	if (status)
		return status;
	if (text_parse_filter(argc > 1 ? argv[1] : "", &s->port_names, &filter, &e))
		return fail("match, column %u: %s", e.column, e.message);
	session_print_ports(s);
	*ret_xid = session_xid(s);
	of_flow_request_encode(&s->out, *ret_xid, type, &filter);
	return EXIT_OK;
}

int cmd_dump_flows(const struct skepctl *ctl, int argc, char **argv)
{
	struct flow_dump dump = { .array = ctl->is_json ? json_array() : NULL };
	struct session s;
	uint32_t xid;
	int status = begin_dump(&s, ctl, argc, argv, OFPMP_FLOW, &xid);

	if (!status) {
		dump.ports = session_print_ports(&s);
		status = session_multipart(&s, xid, print_flows, &dump);
	}
	json_end_dump(dump.array, NULL, status);
	session_close(&s);
	return status;
}

static int print_aggregate(struct session *s, void *aux)
{
	struct of_aggregate a;

	(void)aux;
	if (of_aggregate_decode(&a, &s->msg->mp))
		return fail("%s: the reply cannot be understood", s->name);
	if (s->ctl->is_json)
		json_print(json_pack("{s:o,s:o,s:I}", "n_packets", json_counter(a.n_packets),
				     "n_bytes", json_counter(a.n_bytes), "n_flows",
				     (json_int_t)a.n_flows),
			   0);
	else
		printf("OFPST_AGGREGATE reply (OF1.3) (xid=0x%x): packet_count=%llu "
		       "byte_count=%llu "
		       "flow_count=%u\n",
		       s->msg->xid, (unsigned long long)a.n_packets, (unsigned long long)a.n_bytes,
		       a.n_flows);
	return EXIT_OK;
}

int cmd_dump_aggregate(const struct skepctl *ctl, int argc, char **argv)
{
	struct session s;
	uint32_t xid;
	int status = begin_dump(&s, ctl, argc, argv, OFPMP_AGGREGATE, &xid);

	if (!status)
		status = session_multipart(&s, xid, print_aggregate, NULL);
	session_close(&s);
	return status;
}
