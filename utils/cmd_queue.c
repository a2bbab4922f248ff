// SPDX-License-Identifier: Apache-2.0
/* skepctl's commands about queues of ports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "utils/json.h"
#include "utils/session.h"

static int parse_port(struct session *s, const char *word, uint32_t *ret)
{
	if (text_parse_port(word, &s->port_names, ret))
		return fail("%s: not a port of this bridge (a number, a name, or ANY)", word);
	if (*ret == PORT_ALL)
		*ret = PORT_ANY;
	return EXIT_OK;
}

static int parse_queue(const char *word, uint32_t *ret)
{
	unsigned long long number;
	char *end;

	if (!strcasecmp(word, "ALL")) {
		*ret = OFPQ_ALL;
		return EXIT_OK;
	}
	errno = 0;
	number = strtoull(word, &end, 0);
	if (end == word || *end || *word == '-' || errno || number > UINT32_MAX)
		return fail("%s: not a queue (a number, or ALL)", word);
	*ret = (uint32_t)number;
	return EXIT_OK;
}

/*
 * queue-stats.
 */
struct queue_dump {
	const struct text_ports *ports;
	json_t *array; /* with --json */
	struct buf text;
	unsigned int n;
};

static void put_count(const char *name, uint64_t n, struct buf *out)
{
	if (n == UINT64_MAX)
		buf_printf(out, "%s=?, ", name);
	else
		buf_printf(out, "%s=%llu, ", name, (unsigned long long)n);
}

static void print_queue_stats(struct queue_dump *dump, const struct of_queue_stats *q)
{
	bool has_duration = q->duration_ns / 1000000000 < UINT32_MAX; /* else it is not known */

	dump->n++;
	if (dump->array) {
		json_array_append_new(dump->array,
				      json_pack("{s:o,s:I,s:o,s:o,s:o,s:o}", "port", json_port_number(q->port_no), "queue",
						(json_int_t)q->queue_id, "tx_bytes", json_counter(q->tx_bytes), "tx_packets",
						json_counter(q->tx_packets), "tx_errors", json_counter(q->tx_errors), "duration_s",
						has_duration ? json_real((double)q->duration_ns / 1e9) : json_null()));
		return;
	}
	buf_printf(&dump->text, "  port ");
	text_format_port(q->port_no, dump->ports, &dump->text);
	buf_printf(&dump->text, " queue %u: ", q->queue_id);
	put_count("bytes", q->tx_bytes, &dump->text);
	put_count("pkts", q->tx_packets, &dump->text);
	put_count("errors", q->tx_errors, &dump->text);
	buf_printf(&dump->text, "duration=");
	if (has_duration)
		text_format_duration(q->duration_ns, &dump->text);
	else
		buf_put_u8(&dump->text, '?');
	buf_put_u8(&dump->text, '\n');
}

static int add_queue_stats(struct session *s, void *aux)
{
	struct queue_dump *dump = aux;
	struct of_queue_stats q;
	struct mp_iter it;

	mp_iter_init(&it, &s->msg->mp);
	while (of_queue_stats_next(&it, &q))
		print_queue_stats(dump, &q);
	return it.err ? fail("%s: a queue cannot be understood (%s)", s->name, ofp_err_name(it.err)) : EXIT_OK;
}

int cmd_queue_stats(const struct skepctl *ctl, int argc, char **argv)
{
	struct queue_dump dump = { .array = ctl->is_json ? json_array() : NULL, .text = BUF_INIT };
	uint32_t port = PORT_ANY, queue = OFPQ_ALL, xid = 0;
	struct session s;
	int status = session_open(&s, ctl, argv[0]);

	if (!status && argc > 1)
		status = parse_port(&s, argv[1], &port);
	if (!status && argc > 2)
		status = parse_queue(argv[2], &queue);
	if (!status) {
		dump.ports = session_print_ports(&s);
		xid = session_xid(&s);
		of_queue_stats_request_encode(&s.out, xid, port, queue);
		status = session_multipart(&s, xid, add_queue_stats, &dump);
	}
	if (!status && !dump.array)
		printf("OFPST_QUEUE reply (OF1.3) (xid=0x%x): %u queues\n", xid, dump.n);
	json_end_dump(dump.array, &dump.text, status);
	session_close(&s);
	return status;
}

/*
 * queue-get-config.
 */
static void put_rate(const char *name, unsigned int rate, struct buf *out)
{
	if (rate <= 1000)
		buf_printf(out, " %s:%u.%u%%", name, rate / 10, rate % 10);
	else if (rate != OF_QUEUE_RATE_NONE)
		buf_printf(out, " %s:(disabled)", name);
}

static json_t *json_rate(unsigned int rate)
{
	return rate <= 1000 ? json_real((double)rate / 10) : json_null();
}

static void print_queue(struct queue_dump *dump, const struct of_queue *q)
{
	if (dump->array) {
		json_array_append_new(dump->array, json_pack("{s:o,s:I,s:o,s:o}", "port", json_port_number(q->port_no), "queue",
							     (json_int_t)q->queue_id, "min_rate_percent", json_rate(q->min_rate),
							     "max_rate_percent", json_rate(q->max_rate)));
		return;
	}
	buf_printf(&dump->text, "queue %u:", q->queue_id);
	put_rate("min_rate", q->min_rate, &dump->text);
	put_rate("max_rate", q->max_rate, &dump->text);
	buf_put_u8(&dump->text, '\n');
}

static int print_queues(struct session *s, struct queue_dump *dump)
{
	struct of_queue queue;
	struct mp_iter it;

	buf_printf(&dump->text, "OFPT_QUEUE_GET_CONFIG_REPLY (OF1.3) (xid=0x%x):", s->msg->xid);
	if (s->msg->queue_config.queues_len) { /* ovs-ofctl names the port only of queues */
		buf_printf(&dump->text, " port=");
		text_format_port(s->msg->queue_config.port_no, dump->ports, &dump->text);
	}
	buf_put_u8(&dump->text, '\n');
	of_queue_config_iter_init(&it, &s->msg->queue_config);
	while (of_queue_config_next(&it, &queue))
		print_queue(dump, &queue);
	return it.err ? fail("%s: a queue cannot be understood (%s)", s->name, ofp_err_name(it.err)) : EXIT_OK;
}

int cmd_queue_get_config(const struct skepctl *ctl, int argc, char **argv)
{
	struct queue_dump dump = { .array = ctl->is_json ? json_array() : NULL, .text = BUF_INIT };
	uint32_t port = PORT_ANY, xid;
	struct session s;
	int status = session_open(&s, ctl, argv[0]);

	if (!status && argc > 1)
		status = parse_port(&s, argv[1], &port);
	if (!status) {
		dump.ports = session_print_ports(&s);
		xid = session_xid(&s);
		of_queue_config_request_encode(&s.out, xid, port);
		status = session_request(&s, xid, OFPT_QUEUE_GET_CONFIG_REPLY);
		if (!status)
			status = print_queues(&s, &dump);
	}
	json_end_dump(dump.array, &dump.text, status);
	session_close(&s);
	return status;
}
