// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands about ports, tables and what a bridge says of itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utils/json.h"
#include "utils/port_text.h"
#include "utils/session.h"

static int fail_reply(const struct session *s)
{
	return fail("%s: the reply cannot be understood", s->name);
}

/*
 * Descriptions of ports.
 */
struct port_dump {
	json_t *array; /* with --json */
	struct buf text;
	unsigned int n;
};

static int by_port_number(const void *a_, const void *b_)
{
	const struct of_port *a = a_, *b = b_;

	return a->port_no < b->port_no ? -1 : a->port_no > b->port_no;
}

static int get_port_descs(struct session *s, struct port_dump *dump)
{
	uint32_t xid = s->next_xid;
	int status = session_get_ports(s);

	*dump = (struct port_dump){ .array = s->ctl->is_json ? json_array() : NULL,
				    .text = BUF_INIT };
	if (status)
		return status;
	buf_printf(&dump->text, "OFPST_PORT_DESC reply (OF1.3) (xid=0x%x):\n", xid);
	if (s->n_ports)
		qsort(s->ports, s->n_ports, sizeof(*s->ports), by_port_number);
	for (unsigned int i = 0; i < s->n_ports; i++) {
		if (dump->array)
			json_array_append_new(dump->array, json_port_desc(&s->ports[i]));
		else
			port_text_desc(&s->ports[i], &dump->text);
	}
	return EXIT_OK;
}

int cmd_dump_ports_desc(const struct skepctl *ctl, int argc, char **argv)
{
	struct port_dump dump;
	struct session s;
	int status = session_open(&s, ctl, argv[0]);

	(void)argc;
	if (!status) {
		status = get_port_descs(&s, &dump);
		json_end_dump(dump.array, &dump.text, status);
	}
	session_close(&s);
	return status;
}

/*
 * Counters of ports.
 */
static int add_port_stats(struct session *s, void *aux)
{
	const struct text_ports *names = s->ctl->has_names ? &s->port_names : NULL;
	struct port_dump *dump = aux;
	struct of_port_stats stats;
	struct mp_iter it;

	mp_iter_init(&it, &s->msg->mp);
	while (of_port_stats_next(&it, &stats)) {
		dump->n++;
		if (dump->array)
			json_array_append_new(dump->array, json_port_stats(&stats));
		else
			port_text_stats(&stats,
					names ? names->by_number(names->aux, stats.port_no) : NULL,
					&dump->text);
	}
	return it.err ? fail_reply(s) : EXIT_OK;
}

static int dump_port_stats(struct session *s, uint32_t port)
{
	struct port_dump dump = { .array = s->ctl->is_json ? json_array() : NULL,
				  .text = BUF_INIT };
	uint32_t xid;
	int status;

	session_print_ports(s);
	xid = session_xid(s);
	of_port_stats_request_encode(&s->out, xid, port);
	status = session_multipart(s, xid, add_port_stats, &dump);
	if (!status && !dump.array)
		printf("OFPST_PORT reply (OF1.3) (xid=0x%x): %u ports\n", xid, dump.n);
	json_end_dump(dump.array, &dump.text, status);
	return status;
}

/* Finds the port that the user called 'word'. */
static int find_port(struct session *s, const char *word, uint32_t *ret_port)
{
	if (text_parse_port(word, &s->port_names, ret_port))
		return fail("%s: there is no port \"%s\"", s->name, word);
	return EXIT_OK;
}

int cmd_dump_ports(const struct skepctl *ctl, int argc, char **argv)
{
	uint32_t port = PORT_ANY;
	struct session s;
	int status = session_open(&s, ctl, argv[0]);

	if (!status && argc > 1)
		status = find_port(&s, argv[1], &port);
	if (!status)
		status = dump_port_stats(&s, port);
	session_close(&s);
	return status;
}

/*
 * mod-port.
 */
static const struct {
	const char *word;
	uint32_t bit;
	bool is_set;
} port_changes[] = {
	{ "up", OFPPC_PORT_DOWN, false },	    { "down", OFPPC_PORT_DOWN, true },
	{ "receive", OFPPC_NO_RECV, false },	    { "no-receive", OFPPC_NO_RECV, true },
	{ "forward", OFPPC_NO_FWD, false },	    { "no-forward", OFPPC_NO_FWD, true },
	{ "packet-in", OFPPC_NO_PACKET_IN, false }, { "no-packet-in", OFPPC_NO_PACKET_IN, true },
};

static int find_change(const struct skepctl *ctl, const char *word, struct of_port_mod *pm)
{
	for (size_t i = 0; i < sizeof(port_changes) / sizeof(port_changes[0]); i++) {
		if (!strcmp(word, port_changes[i].word)) {
			pm->mask = port_changes[i].bit;
			pm->config = port_changes[i].is_set ? port_changes[i].bit : 0;
			return EXIT_OK;
		}
	}
	return fail_usage(ctl,
			  "\"%s\" is not up, down, receive, forward, packet-in, or one of the last "
			  "three with no- in front",
			  word);
}

int cmd_mod_port(const struct skepctl *ctl, int argc, char **argv)
{
	struct of_port_mod pm = { .mask = 0 };
	struct session s;
	int status = find_change(ctl, argv[2], &pm);

	(void)argc;
	if (status)
		return status;
	status = session_open(&s, ctl, argv[0]);
	if (!status)
		status = find_port(&s, argv[1], &pm.port_no);
	if (!status) {
		/* The address must be the port's. */
		status = session_get_ports(&s);
		for (unsigned int i = 0; i < s.n_ports; i++) {
			if (s.ports[i].port_no == pm.port_no)
				memcpy(pm.hw_addr, s.ports[i].hw_addr, sizeof(pm.hw_addr));
		}
	}
	if (!status) {
		of_port_mod_encode(&s.out, session_xid(&s), &pm);
		status = session_barrier(&s, NULL, NULL);
	}
	session_close(&s);
	return status;
}

/*
 * features: what `ovs-ofctl show` prints.
 */
static void print_capabilities(uint32_t bits)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{ OFPC_FLOW_STATS, "FLOW_STATS" },     { OFPC_TABLE_STATS, "TABLE_STATS" },
		{ OFPC_PORT_STATS, "PORT_STATS" },     { OFPC_GROUP_STATS, "GROUP_STATS" },
		{ OFPC_IP_REASM, "IP_REASM" },	       { OFPC_QUEUE_STATS, "QUEUE_STATS" },
		{ OFPC_PORT_BLOCKED, "PORT_BLOCKED" },
	};

	printf("capabilities:");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (bits & names[i].bit)
			printf(" %s", names[i].name);
	}
	putchar('\n');
}

static int request_empty(struct session *s, enum ofp_type request, enum ofp_type reply)
{
	uint32_t xid = session_xid(s);

	ofmsg_encode_empty(&s->out, request, xid);
	return session_request(s, xid, reply);
}

static int print_features(struct session *s)
{
	struct of_switch_config config;
	struct of_features f;
	struct port_dump dump;
	uint32_t xid, config_xid;
	int status = request_empty(s, OFPT_FEATURES_REQUEST, OFPT_FEATURES_REPLY);

	if (status)
		return status;
	f = s->msg->features;
	xid = s->msg->xid;
	status = request_empty(s, OFPT_GET_CONFIG_REQUEST, OFPT_GET_CONFIG_REPLY);
	if (status)
		return status;
	config = s->msg->config;
	config_xid = s->msg->xid;
	if (!s->ctl->is_json) {
		printf("OFPT_FEATURES_REPLY (OF1.3) (xid=0x%x): dpid:%016llx\n", xid,
		       (unsigned long long)f.datapath_id);
		printf("n_tables:%u, n_buffers:%u\n", f.n_tables, f.n_buffers);
		print_capabilities(f.capabilities);
	}
	status = get_port_descs(s, &dump);
	if (!status && s->ctl->is_json) {
		json_print(json_pack("{s:o,s:i,s:I,s:I,s:s,s:i,s:O}", "datapath_id",
				     json_sprintf("%016llx", (unsigned long long)f.datapath_id),
				     "n_tables", f.n_tables, "n_buffers", (json_int_t)f.n_buffers,
				     "capabilities", (json_int_t)f.capabilities, "frags",
				     config.flags & OFPC_FRAG_DROP ? "drop" : "normal",
				     "miss_send_len", config.miss_send_len, "ports", dump.array),
			   JSON_INDENT(2));
		json_end_dump(dump.array, &dump.text, EXIT_ERROR);
		return EXIT_OK;
	}
	json_end_dump(dump.array, &dump.text, status);
	if (!status)
		printf("OFPT_GET_CONFIG_REPLY (OF1.3) (xid=0x%x): frags=%s miss_send_len=%u\n",
		       config_xid, config.flags & OFPC_FRAG_DROP ? "drop" : "normal",
		       config.miss_send_len);
	return status;
}

int cmd_features(const struct skepctl *ctl, int argc, char **argv)
{
	struct session s;
	int status = session_open(&s, ctl, argv[0]);

	(void)argc;
	if (!status)
		status = print_features(&s);
	session_close(&s);
	return status;
}

/*
 * dump-tables.  A run of tables with the same counters is written once, as in ovs-ofctl.
 */
struct table_dump {
	struct of_table_stats stats[256];
	unsigned int n;
};

static int add_tables(struct session *s, void *aux)
{
	struct table_dump *dump = aux;
	struct of_table_stats stats;
	struct mp_iter it;

	mp_iter_init(&it, &s->msg->mp);
	while (of_table_stats_next(&it, &stats)) {
		if (dump->n < 256)
			dump->stats[dump->n++] = stats;
	}
	return it.err ? fail_reply(s) : EXIT_OK;
}

static bool same_counters(const struct of_table_stats *a, const struct of_table_stats *b)
{
	return a->n_active == b->n_active && a->n_lookup == b->n_lookup &&
	       a->n_matched == b->n_matched;
}

static void print_tables(const struct table_dump *dump)
{
	unsigned int i = 0;

	while (i < dump->n) {
		const struct of_table_stats *t = &dump->stats[i];
		unsigned int end = i + 1;

		printf("%s  table %u:\n    active=%u, lookup=%llu, matched=%llu\n", i ? "\n" : "",
		       t->table_id, t->n_active, (unsigned long long)t->n_lookup,
		       (unsigned long long)t->n_matched);
		while (end < dump->n && same_counters(&dump->stats[end], t))
			end++;
		if (end == i + 2)
			printf("\n  table %u: ditto\n", dump->stats[i + 1].table_id);
		else if (end > i + 2)
			printf("\n  tables %u...%u: ditto\n", dump->stats[i + 1].table_id,
			       dump->stats[end - 1].table_id);
		i = end;
	}
}

static void print_tables_json(const struct table_dump *dump)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < dump->n; i++) {
		const struct of_table_stats *t = &dump->stats[i];

		json_array_append_new(array, json_pack("{s:i,s:I,s:o,s:o}", "table", t->table_id,
						       "n_active", (json_int_t)t->n_active,
						       "n_lookup", json_counter(t->n_lookup),
						       "n_matched", json_counter(t->n_matched)));
	}
	json_print(array, JSON_INDENT(2));
}

int cmd_dump_tables(const struct skepctl *ctl, int argc, char **argv)
{
	struct table_dump dump = { .n = 0 };
	struct session s;
	uint32_t xid;
	int status = session_open(&s, ctl, argv[0]);

	(void)argc;
	if (!status) {
		xid = session_xid(&s);
		of_multipart_request_encode(&s.out, xid, OFPMP_TABLE);
		status = session_multipart(&s, xid, add_tables, &dump);
		if (!status && ctl->is_json) {
			print_tables_json(&dump);
		} else if (!status) {
			printf("OFPST_TABLE reply (OF1.3) (xid=0x%x):\n", xid);
			print_tables(&dump);
		}
	}
	session_close(&s);
	return status;
}

/*
 * dump-desc.
 */
static int print_desc(struct session *s, void *aux)
{
	struct of_desc d;

	(void)aux;
	if (of_desc_decode(&d, &s->msg->mp))
		return fail_reply(s);
	if (s->ctl->is_json)
		json_print(json_pack("{s:s,s:s,s:s,s:s,s:s}", "manufacturer", d.mfr_desc,
				     "hardware", d.hw_desc, "software", d.sw_desc, "serial",
				     d.serial_num, "description", d.dp_desc),
			   JSON_INDENT(2));
	else
		printf("OFPST_DESC reply (OF1.3) (xid=0x%x):\nManufacturer: %s\nHardware: %s\n"
		       "Software: %s\nSerial Num: %s\nDP Description: %s\n",
		       s->msg->xid, d.mfr_desc, d.hw_desc, d.sw_desc, d.serial_num, d.dp_desc);
	return EXIT_OK;
}

int cmd_dump_desc(const struct skepctl *ctl, int argc, char **argv)
{
	(void)argc;
	return session_ask(ctl, argv[0], OFPMP_DESC, print_desc);
}
