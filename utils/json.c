// SPDX-License-Identifier: Apache-2.0
/* What --json prints; see json.h. */
#include "utils/json.h"

#include <stdio.h>

void json_print(json_t *value, size_t flags)
{
	json_dumpf(value, stdout, flags | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(value);
}

void json_end_dump(json_t *array, struct buf *text, int status)
{
	if (!status && array)
		json_print(json_incref(array), JSON_INDENT(2));
	else if (!status && text)
		fwrite(text->data, 1, text->len, stdout);
	json_decref(array);
	if (text)
		buf_uninit(text);
}

json_t *json_hex(uint64_t n)
{
	return json_sprintf("0x%llx", (unsigned long long)n);
}

json_t *json_counter(uint64_t n)
{
	return n == UINT64_MAX ? json_null() : json_integer((json_int_t)n);
}

/* Takes what is in 'text' as a string, and empties it. */
static json_t *json_take(struct buf *text)
{
	json_t *value = json_string(buf_cstr(text));

	buf_reset(text);
	return value;
}

json_t *json_port_number(uint32_t port)
{
	struct buf text = BUF_INIT;
	json_t *value;

	if (port < PORT_IN_PORT)
		return json_integer(port);
	text_format_port(port, NULL, &text);
	value = json_take(&text);
	buf_uninit(&text);
	return value;
}

/* Fields under the specification's names; values, and masks after a slash, as in flow texts. */
json_t *json_match(const struct match *match, const struct text_ports *ports)
{
	json_t *object = json_object();
	struct buf text = BUF_INIT;
	enum field_id id;

	MATCH_FOR_EACH (match, id) {
		if (id == FIELD_IN_PORT && !ports) {
			uint64_t port = field_value_to_u64(id, &match->value[id]);

			json_object_set_new(object, "in_port", json_port_number((uint32_t)port));
			continue;
		}
		text_format_masked_field(match, id, ports, &text);
		json_object_set_new(object, field_table[id].oxm_name, json_take(&text));
	}
	buf_uninit(&text);
	return object;
}

static json_t *json_action(const struct action *a, const struct text_ports *ports)
{
	struct buf text = BUF_INIT;
	json_t *object = NULL;

	switch (a->type) {
	case ACTION_OUTPUT:
		object = json_pack("{s:o}", "output", json_port_number(a->output.port));
		if (a->output.port == PORT_CONTROLLER)
			json_object_set_new(object, "max_len", json_integer(a->output.max_len));
		break;
	case ACTION_SET_FIELD:
		text_format_value(a->set_field.field, &a->set_field.value, ports, &text);
		object = json_pack("{s:s,s:s}", "set_field",
				   field_table[a->set_field.field].oxm_name, "value",
				   buf_cstr(&text));
		break;
	case ACTION_PUSH_VLAN:
		object = json_pack("{s:o}", "push_vlan", json_hex(a->ethertype));
		break;
	case ACTION_POP_VLAN:
		object = json_pack("{s:b}", "pop_vlan", 1);
		break;
	case ACTION_SET_NW_TTL:
		object = json_pack("{s:i}", "set_nw_ttl", a->ttl);
		break;
	case ACTION_DEC_NW_TTL:
		object = json_pack("{s:b}", "dec_nw_ttl", 1);
		break;
	case ACTION_COPY_TTL_OUT:
		object = json_pack("{s:b}", "copy_ttl_out", 1);
		break;
	case ACTION_COPY_TTL_IN:
		object = json_pack("{s:b}", "copy_ttl_in", 1);
		break;
	case ACTION_SET_MPLS_TTL:
		object = json_pack("{s:i}", "set_mpls_ttl", a->ttl);
		break;
	case ACTION_DEC_MPLS_TTL:
		object = json_pack("{s:b}", "dec_mpls_ttl", 1);
		break;
	case ACTION_PUSH_MPLS:
		object = json_pack("{s:o}", "push_mpls", json_hex(a->ethertype));
		break;
	case ACTION_POP_MPLS:
		object = json_pack("{s:o}", "pop_mpls", json_hex(a->ethertype));
		break;
	case ACTION_PUSH_PBB:
		object = json_pack("{s:o}", "push_pbb", json_hex(a->ethertype));
		break;
	case ACTION_POP_PBB:
		object = json_pack("{s:b}", "pop_pbb", 1);
		break;
	case ACTION_SET_QUEUE:
		object = json_pack("{s:I}", "set_queue", (json_int_t)a->queue_id);
		break;
	case ACTION_GROUP:
		object = json_pack("{s:I}", "group", (json_int_t)a->group_id);
		break;
	case N_ACTION_TYPES:
		break;
	}
	buf_uninit(&text);
	return object;
}

json_t *json_actions(const struct action *actions, unsigned int n, const struct text_ports *ports)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(array, json_action(&actions[i], ports));
	return array;
}

static json_t *json_instructions(const struct instructions *in, const struct text_ports *ports)
{
	json_t *object = json_object();

	if (in->has_meter)
		json_object_set_new(object, "meter", json_integer(in->meter_id));
	if (in->has_apply)
		json_object_set_new(object, "apply_actions", json_actions(in->apply.a, in->apply.n, ports));
	if (in->has_clear)
		json_object_set_new(object, "clear_actions", json_true());
	if (in->has_write)
		json_object_set_new(object, "write_actions", json_actions(in->write.a, in->write.n, ports));
	if (in->has_metadata) {
		json_object_set_new(object, "write_metadata", json_hex(in->metadata));
		json_object_set_new(object, "write_metadata_mask", json_hex(in->metadata_mask));
	}
	if (in->goto_table != TABLE_NONE)
		json_object_set_new(object, "goto_table", json_integer(in->goto_table));
	return object;
}

static json_t *json_flags(uint16_t flags)
{
	static const char *const names[] = { "send_flow_rem", "check_overlap", "reset_counts",
					     "no_packet_counts", "no_byte_counts" };
	json_t *array = json_array();

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (flags & 1u << i)
			json_array_append_new(array, json_string(names[i]));
	}
	return array;
}

json_t *json_flow(const struct flow_desc *flow, const struct text_ports *ports)
{
	return json_pack("{s:i,s:i,s:o,s:f,s:o,s:o,s:i,s:i,s:o,s:o,s:o}", "table", flow->table_id,
			 "priority", flow->priority, "cookie", json_hex(flow->cookie), "duration_s",
			 (double)flow->duration_ns / 1e9, "n_packets",
			 json_counter(flow->n_packets), "n_bytes", json_counter(flow->n_bytes),
			 "idle_timeout", flow->idle_timeout, "hard_timeout", flow->hard_timeout,
			 "flags", json_flags(flow->flags), "match", json_match(&flow->match, ports),
			 "instructions", json_instructions(&flow->instructions, ports));
}

json_t *json_port_desc(const struct of_port *port)
{
	const uint8_t *a = port->hw_addr;
	json_t *addr =
		json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);

	return json_pack(
		"{s:o,s:s,s:o,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:I,s:I}", "port",
		json_port_number(port->port_no), "name", port->name, "hw_addr", addr, "port_down",
		!!(port->config & OFPPC_PORT_DOWN), "no_recv", !!(port->config & OFPPC_NO_RECV),
		"no_fwd", !!(port->config & OFPPC_NO_FWD), "no_packet_in",
		!!(port->config & OFPPC_NO_PACKET_IN), "link_down",
		!!(port->state & OFPPS_LINK_DOWN), "blocked", !!(port->state & OFPPS_BLOCKED),
		"live", !!(port->state & OFPPS_LIVE), "curr_speed_kbps",
		(json_int_t)port->curr_speed, "max_speed_kbps", (json_int_t)port->max_speed);
}

json_t *json_port_stats(const struct of_port_stats *s)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:f}", "port",
			 json_port_number(s->port_no), "rx_packets", json_counter(s->rx_packets),
			 "tx_packets", json_counter(s->tx_packets), "rx_bytes",
			 json_counter(s->rx_bytes), "tx_bytes", json_counter(s->tx_bytes),
			 "rx_dropped", json_counter(s->rx_dropped), "tx_dropped",
			 json_counter(s->tx_dropped), "rx_errors", json_counter(s->rx_errors),
			 "tx_errors", json_counter(s->tx_errors), "rx_frame_err",
			 json_counter(s->rx_frame_err), "rx_over_err", json_counter(s->rx_over_err),
			 "rx_crc_err", json_counter(s->rx_crc_err), "collisions",
			 json_counter(s->collisions), "duration_s", (double)s->duration_ns / 1e9);
}
