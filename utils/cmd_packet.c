// SPDX-License-Identifier: Apache-2.0
/* skepctl packet-out and monitor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utils/json.h"
#include "utils/packet_text.h"
#include "utils/port_text.h"
#include "utils/session.h"

/*
 * packet-out.
 */
static int send_packet(struct session *s, const struct text_packet_out *spec)
{
	static struct of_packet_out po;

	po.buffer_id = BUFFER_NONE;
	po.in_port = spec->in_port;
	po.actions = spec->actions;
	po.data = spec->packet.data;
	po.data_len = spec->packet.len;
	of_packet_out_encode(&s->out, session_xid(s), &po);
	return session_barrier(s, NULL, NULL);
}

/* "SPEC", or as ovs-ofctl once had it: IN_PORT ACTIONS PACKET. */
static char *join_spec(int argc, char **argv)
{
	char *spec;

	if (argc == 2)
		return strdup(argv[1]);
	return asprintf(&spec, "in_port=%s packet=%s actions=%s", argv[1], argv[3], argv[2]) < 0
		       ? NULL
		       : spec;
}

int cmd_packet_out(const struct skepctl *ctl, int argc, char **argv)
{
	static struct text_packet_out spec = { .packet = BUF_INIT };
	struct text_error e;
	struct session s;
	char *text;
	int status;

	if (argc == 3)
		return fail_usage(ctl,
				  "packet-out takes BRIDGE SPEC, or BRIDGE IN_PORT ACTIONS PACKET");
	text = join_spec(argc, argv);
	status = session_open(&s, ctl, argv[0]);
	if (!status && !text)
		status = fail("out of memory");
	if (!status && text_parse_packet_out(text, &s.port_names, &spec, &e))
		status = fail("packet-out, column %u: %s", e.column, e.message);
	if (!status)
		status = send_packet(&s, &spec);
	buf_uninit(&spec.packet);
	free(text);
	session_close(&s);
	return status;
}

/*
 * monitor.
 */
static const char *packet_in_reason(uint8_t reason)
{
	static const char *const names[] = { "no_match", "action", "invalid_ttl" };

	return reason < 3 ? names[reason] : "unknown reason";
}

static const char *removed_reason(unsigned int reason)
{
	static const char *const names[] = { "idle", "hard", "delete", "group_delete" };

	return reason < 4 ? names[reason] : "unknown reason";
}

static const char *port_reason(uint8_t reason)
{
	static const char *const names[] = { "ADD", "DEL", "MOD" };

	return reason < 3 ? names[reason] : "unknown reason";
}

static void print_packet_in(const struct session *s, const struct text_ports *ports,
			    struct buf *out)
{
	const struct of_packet_in *pi = &s->msg->packet_in;
	struct match match;

	match_init(&match);
	tunnel_to_match(&pi->tunnel, &match);
	buf_printf(out, "OFPT_PACKET_IN (OF1.3) (xid=0x%x):", s->msg->xid);
	if (pi->table_id)
		buf_printf(out, " table_id=%u", pi->table_id);
	if (pi->cookie != UINT64_MAX)
		buf_printf(out, " cookie=0x%llx", (unsigned long long)pi->cookie);
	buf_printf(out, " total_len=%u ", pi->total_len);
	if (match.present) {
		text_format_match(&match, 32768, ports, out);
		buf_put_u8(out, ',');
	}
	if (pi->metadata)
		buf_printf(out, "metadata=%#llx,", (unsigned long long)pi->metadata);
	buf_printf(out, "in_port=");
	text_format_port(pi->in_port, ports, out);
	buf_printf(out, " (via %s) data_len=%zu", packet_in_reason(pi->reason), pi->data_len);
	if (pi->buffer_id == BUFFER_NONE)
		buf_printf(out, " (unbuffered)");
	else
		buf_printf(out, " buffer=0x%08x", pi->buffer_id);
	buf_put_u8(out, '\n');
	packet_text_match(pi->data, pi->data_len, &match);
	text_format_match(&match, 32768, ports, out);
	buf_put_u8(out, '\n');
}

static void print_flow_removed(const struct session *s, const struct text_ports *ports,
			       struct buf *out)
{
	const struct of_flow_removed *fr = &s->msg->flow_removed;

	buf_printf(out, "OFPT_FLOW_REMOVED (OF1.3) (xid=0x%x): ", s->msg->xid);
	text_format_match(&fr->match, fr->priority, ports, out);
	buf_printf(out, " reason=%s table_id=%u", removed_reason(fr->reason), fr->table_id);
	if (fr->cookie)
		buf_printf(out, " cookie:0x%llx", (unsigned long long)fr->cookie);
	buf_printf(out, " duration");
	text_format_duration(fr->duration_ns, out);
	buf_printf(out, " idle%u", fr->idle_timeout);
	if (fr->hard_timeout)
		buf_printf(out, " hard%u", fr->hard_timeout);
	buf_printf(out, " pkts%llu bytes%llu\n", (unsigned long long)fr->n_packets,
		   (unsigned long long)fr->n_bytes);
}

static void print_text(const struct session *s, const struct text_ports *ports)
{
	const struct ofmsg *m = s->msg;
	struct buf out = BUF_INIT;

	switch (m->type) {
	case OFPT_PACKET_IN:
		print_packet_in(s, ports, &out);
		break;
	case OFPT_FLOW_REMOVED:
		print_flow_removed(s, ports, &out);
		break;
	case OFPT_PORT_STATUS:
		buf_printf(&out, "OFPT_PORT_STATUS (OF1.3) (xid=0x%x): %s:", m->xid,
			   port_reason(m->port_status.reason));
		port_text_desc(&m->port_status.port, &out);
		break;
	default:
		buf_printf(&out, "%s (OF1.3) (xid=0x%x)\n", ofp_type_name(m->type), m->xid);
		break;
	}
	fwrite(out.data, 1, out.len, stdout);
	buf_uninit(&out);
}

static json_t *json_bytes(const uint8_t *data, size_t len)
{
	struct buf hex = BUF_INIT;
	json_t *value;

	for (size_t i = 0; i < len; i++)
		buf_printf(&hex, "%02x", data[i]);
	value = json_string(buf_cstr(&hex));
	buf_uninit(&hex);
	return value;
}

static json_t *json_packet_in(const struct of_packet_in *pi)
{
	struct match match;

	packet_text_match(pi->data, pi->data_len, &match);
	return json_pack("{s:s,s:s,s:i,s:o,s:i,s:o,s:o,s:o,s:o}", "type", "packet_in", "reason",
			 packet_in_reason(pi->reason), "table", pi->table_id, "cookie",
			 json_hex(pi->cookie), "total_len", pi->total_len, "in_port",
			 json_port_number(pi->in_port), "metadata", json_hex(pi->metadata),
			 "fields", json_match(&match, NULL), "data",
			 json_bytes(pi->data, pi->data_len));
}

static json_t *json_flow_removed(const struct of_flow_removed *fr)
{
	return json_pack("{s:s,s:s,s:i,s:i,s:o,s:f,s:i,s:i,s:o,s:o,s:o}", "type", "flow_removed",
			 "reason", removed_reason(fr->reason), "table", fr->table_id, "priority",
			 fr->priority, "cookie", json_hex(fr->cookie), "duration_s",
			 (double)fr->duration_ns / 1e9, "idle_timeout", fr->idle_timeout,
			 "hard_timeout", fr->hard_timeout, "n_packets", json_counter(fr->n_packets),
			 "n_bytes", json_counter(fr->n_bytes), "match",
			 json_match(&fr->match, NULL));
}

/* One object a line, so that a reader need not wait for the end of an array. */
static void print_json(const struct ofmsg *m)
{
	json_t *value = NULL;

	switch (m->type) {
	case OFPT_PACKET_IN:
		value = json_packet_in(&m->packet_in);
		break;
	case OFPT_FLOW_REMOVED:
		value = json_flow_removed(&m->flow_removed);
		break;
	case OFPT_PORT_STATUS:
		value = json_pack("{s:s,s:s,s:o}", "type", "port_status", "reason",
				  port_reason(m->port_status.reason), "port",
				  json_port_desc(&m->port_status.port));
		break;
	default:
		return;
	}
	json_print(value, JSON_COMPACT);
}

/* Open vSwitch sends nothing unasked over a management connection until miss_send_len is set there.
 * The flags, which are the whole switch's, are left as they are. */
static int ask_for_packets(struct session *s)
{
	uint32_t xid = session_xid(s);
	struct of_switch_config config;
	int status;

	ofmsg_encode_empty(&s->out, OFPT_GET_CONFIG_REQUEST, xid);
	status = session_request(s, xid, OFPT_GET_CONFIG_REPLY);
	if (status)
		return status;
	config = s->msg->config;
	config.miss_send_len = CONTROLLER_MAX_LEN_NO_BUFFER;
	of_config_encode(&s->out, OFPT_SET_CONFIG, session_xid(s), &config);
	return session_barrier(s, NULL, NULL);
}

int cmd_monitor(const struct skepctl *ctl, int argc, char **argv)
{
	const struct text_ports *ports = NULL;
	struct session s;
	int status = session_open(&s, ctl, argv[0]);

	(void)argc;
	if (!status) {
		ports = session_print_ports(&s);
		status = ask_for_packets(&s);
	}
	if (!status)
		ofchan_client_set_timeout(s.client, -1);
	while (!status) {
		status = session_recv(&s);
		if (status)
			break;
		if (ctl->is_json)
			print_json(s.msg);
		else
			print_text(&s, ports);
		if (fflush(stdout))
			status = EXIT_ERROR;
	}
	session_close(&s);
	return status;
}
