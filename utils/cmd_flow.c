// SPDX-License-Identifier: Apache-2.0
/*
 * skepctl's commands about flows.
 *
 * Flow-mods are all parsed before the first is sent, so a file with a mistake changes nothing. They
 * are sent without waiting, followed by one barrier: once its reply is here, they are in force.
 * Errors come with the id of the flow-mod they are about, which leads back to its line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utils/json.h"
#include "utils/session.h"

/* How many lines' errors are printed; the rest is counted. */
enum { ERRORS_SHOWN_MAX = 20 };

/* Flow-mods on their way. */
struct flow_lines {
	const char *file; /* NULL: a single flow from the command line */
	uint32_t first_xid;
	unsigned int n;
	unsigned int cap;
	struct flow_line {
		unsigned int number;
		char *text;
	} * lines;
	unsigned int n_errors;
};

static void flow_lines_free(struct flow_lines *fl)
{
	for (unsigned int i = 0; i < fl->n; i++)
		free(fl->lines[i].text);
	free(fl->lines);
}

static int flow_lines_add(struct flow_lines *fl, unsigned int number, const char *text)
{
	if (fl->n == fl->cap) {
		unsigned int cap = fl->cap ? 2 * fl->cap : 64;
		struct flow_line *lines = realloc(fl->lines, cap * sizeof(*lines));

		if (!lines)
			return fail("out of memory");
		fl->lines = lines;
		fl->cap = cap;
	}
	fl->lines[fl->n].number = number;
	fl->lines[fl->n].text = strdup(text);
	if (!fl->lines[fl->n].text)
		return fail("out of memory");
	fl->n++;
	return EXIT_OK;
}

/* Parses 'text' and appends its flow-mod to s->out once the whole file is known to be right. */
static int encode_flow(struct session *s, struct flow_lines *fl, unsigned int number,
		       const char *text, enum flow_command command, struct buf *out)
{
	static struct flow_mod fm;
	struct text_error e;
	int status;

	if (text_parse_flow_mod(text, command, &s->port_names, &fm, &e)) {
		if (fl->file)
			return fail("%s: flow line %u, column %u: %s", fl->file, number, e.column,
				    e.message);
		return fail("flow, column %u: %s", e.column, e.message);
	}
	status = flow_lines_add(fl, number, text);
	if (!status)
		of_flow_mod_encode(out, fl->n - 1, &fm);
	return status;
}

static void print_flow_error(void *aux, const struct ofmsg *msg)
{
	struct flow_lines *fl = aux;
	uint32_t i = msg->xid - fl->first_xid;
	struct buf text = BUF_INIT;

	if (fl->n_errors++ >= ERRORS_SHOWN_MAX)
		return;
	session_format_error(msg, &text);
	if (i >= fl->n)
		fail("refused: %s", buf_cstr(&text));
	else if (fl->file)
		fail("%s: flow line %u: refused: %s: %s", fl->file, fl->lines[i].number,
		     buf_cstr(&text), fl->lines[i].text);
	else
		fail("refused: %s: %s", buf_cstr(&text), fl->lines[i].text);
	buf_uninit(&text);
}

/* Gives the messages in 'mods' their final ids, and sends them. */
static int send_flows(struct session *s, struct flow_lines *fl, struct buf *mods)
{
	int status;

	if (buf_failed(mods))
		return fail("out of memory");
	fl->first_xid = s->next_xid;
	s->next_xid += fl->n;
	for (size_t ofs = 0, i = 0; ofs < mods->len; i++) {
		uint8_t *msg = mods->data + ofs;
		uint32_t xid = fl->first_xid + (uint32_t)i;

		for (unsigned int k = 0; k < 4; k++)
			msg[4 + k] = (uint8_t)(xid >> (24 - 8 * k));
		ofs += (size_t)(msg[2] << 8 | msg[3]);
	}
	buf_put(&s->out, mods->data, mods->len);
	status = session_barrier(s, print_flow_error, fl);
	if (fl->n_errors > ERRORS_SHOWN_MAX)
		fail("... and %u more", fl->n_errors - ERRORS_SHOWN_MAX);
	return status;
}

static int do_flow(const struct skepctl *ctl, const char *bridge, const char *text,
		   enum flow_command command)
{
	struct flow_lines fl = { .file = NULL };
	struct buf mods = BUF_INIT;
	struct session s;
	int status = session_open(&s, ctl, bridge);

	if (!status)
		status = encode_flow(&s, &fl, 1, text, command, &mods);
	if (!status)
		status = send_flows(&s, &fl, &mods);
	buf_uninit(&mods);
	flow_lines_free(&fl);
	session_close(&s);
	return status;
}

int cmd_add_flow(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return do_flow(ctl, argv[0], argv[1], FLOW_ADD);
}

int cmd_mod_flows(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return do_flow(ctl, argv[0], argv[1], ctl->is_strict ? FLOW_MODIFY_STRICT : FLOW_MODIFY);
}

int cmd_del_flows(const struct skepctl *ctl, int argc, char **argv)
{
	return do_flow(ctl, argv[0], argc > 1 ? argv[1] : "",
		       ctl->is_strict ? FLOW_DELETE_STRICT : FLOW_DELETE);
}

/* Ends the line before a comment.  Returns true if something is left. */
static bool strip_line(char *line)
{
	line[strcspn(line, "#\n")] = '\0';
	return line[strspn(line, " \t\r")] != '\0';
}

static int encode_file(struct session *s, struct flow_lines *fl, FILE *f, struct buf *mods)
{
	unsigned int number = 0;
	int status = EXIT_OK;
	char *line = NULL;
	size_t size = 0;

	while (!status && getline(&line, &size, f) >= 0) {
		number++;
		if (strip_line(line))
			status = encode_flow(s, fl, number, line, FLOW_ADD, mods);
	}
	free(line);
	if (!status && ferror(f))
		return fail("%s: %s", fl->file, strerror(errno));
	return status;
}

int cmd_add_flows(const struct skepctl *ctl, int argc, char **argv)
{
	bool is_stdin = !strcmp(argv[1], "-");
	struct flow_lines fl = { .file = is_stdin ? "standard input" : argv[1] };
	FILE *f = is_stdin ? stdin : fopen(argv[1], "re");
	struct buf mods = BUF_INIT;
	struct session s;
	int status;

	(void)argc;
	if (!f)
		return fail("%s: %s", argv[1], strerror(errno));
	status = session_open(&s, ctl, argv[0]);
	if (!status)
		status = encode_file(&s, &fl, f, &mods);
	if (!status)
		status = send_flows(&s, &fl, &mods);
	buf_uninit(&mods);
	flow_lines_free(&fl);
	session_close(&s);
	if (!is_stdin)
		fclose(f);
	return status;
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
	if (!status && dump.array)
		json_print(json_incref(dump.array), JSON_INDENT(2));
	json_decref(dump.array);
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
