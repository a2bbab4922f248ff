// SPDX-License-Identifier: Apache-2.0
/* Comparing and printing results; see diff.h. */
#include <inttypes.h>
#include <string.h>

#include "tests/datapath/diff.h"

/* Comparing. */

static bool same_bytes(const struct oracle_result *ra, const struct oracle_output *a,
		       const struct oracle_result *rb, const struct oracle_output *b)
{
	return a->len == b->len && !memcmp(ra->bytes + a->at, rb->bytes + b->at, a->len);
}

static const char *output_difference(const struct oracle_result *ra, const struct oracle_output *a,
				     const struct oracle_result *rb, const struct oracle_output *b)
{
	if (a->kind != b->kind)
		return "kind";
	if (a->kind == ORACLE_TO_PORT) {
		if (a->port != b->port)
			return "port";
	} else {
		if (a->reason != b->reason)
			return "reason";
		if (a->table_id != b->table_id)
			return "table_id";
		if (a->cookie != b->cookie)
			return "cookie";
		if (a->metadata != b->metadata)
			return "metadata";
		if (memcmp(&a->tunnel, &b->tunnel, sizeof(a->tunnel)))
			return "tunnel fields";
		if (a->in_port != b->in_port)
			return "in_port";
		if (a->total_len != b->total_len)
			return "total_len";
		if (a->reason != ORACLE_INVALID_TTL && a->max_len != b->max_len)
			return "max_len";
	}
	return same_bytes(ra, a, rb, b) ? NULL : "bytes";
}

static bool same_destination(const struct oracle_output *a, const struct oracle_output *b)
{
	return a->kind == b->kind && (a->kind == ORACLE_TO_CONTROLLER || a->port == b->port);
}

static bool outputs_equal(const struct oracle_result *a, const struct oracle_result *b,
			  bool is_unordered, char *why, size_t why_size)
{
	bool used[ORACLE_OUTPUTS_MAX] = { false };

	if (a->n_outputs != b->n_outputs) {
		snprintf(why, why_size, "%u outputs, not %u", b->n_outputs, a->n_outputs);
		return false;
	}
	for (unsigned int i = 0; i < a->n_outputs; i++) {
		const char *difference;
		unsigned int j = i;

		if (is_unordered) {
			for (j = 0; j < b->n_outputs; j++) {
				if (!used[j] && same_destination(&a->outputs[i], &b->outputs[j]))
					break;
			}
			if (j == b->n_outputs) {
				snprintf(why, why_size, "output %u is missing", i);
				return false;
			}
			used[j] = true;
		}
		difference = output_difference(a, &a->outputs[i], b, &b->outputs[j]);
		if (difference) {
			snprintf(why, why_size, "output %u differs in its %s", i, difference);
			return false;
		}
	}
	return true;
}

static const struct oracle_hit *find_hit(const struct oracle_result *r, uint64_t cookie)
{
	for (unsigned int i = 0; i < r->n_hits; i++) {
		if (r->hits[i].cookie == cookie)
			return &r->hits[i];
	}
	return NULL;
}

static bool hits_equal(const struct oracle_result *a, const struct oracle_result *b, char *why,
		       size_t why_size)
{
	for (unsigned int i = 0; i < a->n_hits; i++) {
		const struct oracle_hit *hit = find_hit(b, a->hits[i].cookie);

		if (!hit || hit->n_packets != a->hits[i].n_packets ||
		    hit->n_bytes != a->hits[i].n_bytes) {
			snprintf(why, why_size,
				 "the counters of the rule with cookie 0x%" PRIx64 " differ",
				 a->hits[i].cookie);
			return false;
		}
	}
	if (a->n_hits != b->n_hits) {
		snprintf(why, why_size, "%u rules were hit, not %u", b->n_hits, a->n_hits);
		return false;
	}
	return true;
}

static bool counts_equal(const struct oracle_result *a, const struct oracle_result *b, char *why,
			 size_t why_size)
{
	for (unsigned int i = 0; i < a->n_counts; i++) {
		const struct oracle_count *c = &a->counts[i];
		unsigned int j = 0;

		while (j < b->n_counts && (b->counts[j].counter != c->counter || b->counts[j].id != c->id ||
					   b->counts[j].part != c->part))
			j++;
		if (j < b->n_counts && b->counts[j].n_packets == c->n_packets &&
		    b->counts[j].n_bytes == c->n_bytes)
			continue;
		snprintf(why, why_size, "the counters of %s %u, part %d, differ",
			 c->counter == ORACLE_GROUP ? "group" : "meter", c->id, c->part);
		return false;
	}
	if (a->n_counts != b->n_counts) {
		snprintf(why, why_size, "%u counters of groups and meters moved, not %u", b->n_counts, a->n_counts);
		return false;
	}
	return true;
}

static bool tables_equal(const struct oracle_result *a, const struct oracle_result *b, char *why,
			 size_t why_size)
{
	for (unsigned int i = 0; i < N_TABLES; i++) {
		if (a->n_lookups[i] == b->n_lookups[i] && a->n_matches[i] == b->n_matches[i])
			continue;
		snprintf(why, why_size, "table %u counted %u lookups, %u matches, not %u, %u", i,
			 b->n_lookups[i], b->n_matches[i], a->n_lookups[i], a->n_matches[i]);
		return false;
	}
	return true;
}

bool diff_results_equal(const struct oracle_result *expected, const struct oracle_result *actual,
			unsigned int flags, char *why, size_t why_size)
{
	if (actual->overflow) {
		snprintf(why, why_size, "the backend's result overflows");
		return false;
	}
	for (unsigned int i = 0; i < expected->n_outputs; i++)
		flags |= expected->outputs[i].is_normal ? BACKEND_UNORDERED : 0;
	if (!outputs_equal(expected, actual, flags & BACKEND_UNORDERED, why, why_size))
		return false;
	if (flags & BACKEND_NO_COUNTERS)
		return true;
	if (!hits_equal(expected, actual, why, why_size) ||
	    !counts_equal(expected, actual, why, why_size))
		return false;
	return flags & BACKEND_NO_TABLE_COUNTERS || tables_equal(expected, actual, why, why_size);
}

static const struct oracle_fdb_entry *find_entry(const struct diff_fdb *fdb,
						 const struct oracle_fdb_entry *e)
{
	for (unsigned int i = 0; i < fdb->n; i++) {
		if (fdb->entries[i].vlan == e->vlan && !memcmp(fdb->entries[i].mac, e->mac, 6))
			return &fdb->entries[i];
	}
	return NULL;
}

bool diff_fdbs_equal(const struct diff_fdb *expected, const struct diff_fdb *actual, char *why,
		     size_t why_size)
{
	if (expected->n > DIFF_FDB_MAX || actual->n > DIFF_FDB_MAX) {
		snprintf(why, why_size, "too many addresses to compare: %u and %u", expected->n,
			 actual->n);
		return false;
	}
	for (unsigned int i = 0; i < expected->n; i++) {
		const struct oracle_fdb_entry *a = &expected->entries[i];
		const struct oracle_fdb_entry *b = find_entry(actual, a);

		if (b && a->ofport == b->ofport && a->is_static == b->is_static)
			continue;
		snprintf(why, why_size,
			 "the learned addresses differ: %02x:%02x:%02x:%02x:%02x:%02x of VLAN %u",
			 a->mac[0], a->mac[1], a->mac[2], a->mac[3], a->mac[4], a->mac[5], a->vlan);
		return false;
	}
	/* So one that is there twice is found, too. */
	if (expected->n == actual->n)
		return true;
	snprintf(why, why_size, "the learned addresses differ: %u, not %u", actual->n, expected->n);
	return false;
}

/* Printing. */

static void print_hex(FILE *to, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(to, "%02x", b[i]);
}

static void print_port(FILE *to, uint32_t port)
{
	switch (port) {
	case PORT_IN_PORT:
		fprintf(to, "IN_PORT");
		break;
	case PORT_TABLE:
		fprintf(to, "TABLE");
		break;
	case PORT_NORMAL:
		fprintf(to, "NORMAL");
		break;
	case PORT_FLOOD:
		fprintf(to, "FLOOD");
		break;
	case PORT_ALL:
		fprintf(to, "ALL");
		break;
	case PORT_CONTROLLER:
		fprintf(to, "CONTROLLER");
		break;
	case PORT_LOCAL:
		fprintf(to, "LOCAL");
		break;
	default:
		fprintf(to, "%" PRIu32, port);
		break;
	}
}

static void print_action(FILE *to, const struct action *a)
{
	switch (a->type) {
	case ACTION_OUTPUT:
		fprintf(to, "output:");
		print_port(to, a->output.port);
		if (a->output.port == PORT_CONTROLLER)
			fprintf(to, "(max_len=%u)", a->output.max_len);
		break;
	case ACTION_SET_FIELD:
		fprintf(to, "set_field:0x");
		print_hex(to, a->set_field.value.b, field_table[a->set_field.field].n_bytes);
		fprintf(to, "->%s", field_table[a->set_field.field].oxm_name);
		break;
	case ACTION_PUSH_VLAN:
		fprintf(to, "push_vlan:0x%04x", a->ethertype);
		break;
	case ACTION_POP_VLAN:
		fprintf(to, "pop_vlan");
		break;
	case ACTION_SET_NW_TTL:
		fprintf(to, "set_nw_ttl:%u", a->ttl);
		break;
	case ACTION_DEC_NW_TTL:
		fprintf(to, "dec_nw_ttl");
		break;
	case ACTION_COPY_TTL_OUT:
		fprintf(to, "copy_ttl_out");
		break;
	case ACTION_COPY_TTL_IN:
		fprintf(to, "copy_ttl_in");
		break;
	case ACTION_SET_MPLS_TTL:
		fprintf(to, "set_mpls_ttl:%u", a->ttl);
		break;
	case ACTION_DEC_MPLS_TTL:
		fprintf(to, "dec_mpls_ttl");
		break;
	case ACTION_PUSH_MPLS:
		fprintf(to, "push_mpls:0x%04x", a->ethertype);
		break;
	case ACTION_POP_MPLS:
		fprintf(to, "pop_mpls:0x%04x", a->ethertype);
		break;
	case ACTION_PUSH_PBB:
		fprintf(to, "push_pbb:0x%04x", a->ethertype);
		break;
	case ACTION_POP_PBB:
		fprintf(to, "pop_pbb");
		break;
	case ACTION_SET_QUEUE:
		fprintf(to, "set_queue:%u", a->queue_id);
		break;
	case ACTION_GROUP:
		fprintf(to, "group:%u", a->group_id);
		break;
	case N_ACTION_TYPES:
		break;
	}
}

void diff_print_list(FILE *to, const struct action_list *list)
{
	fputc('(', to);
	for (unsigned int i = 0; i < list->n; i++) {
		if (i > 0)
			fputc(',', to);
		print_action(to, &list->a[i]);
	}
	fputc(')', to);
}

void diff_print_group(FILE *to, const struct group_mod *gm)
{
	static const char *const types[] = { "all", "select", "indirect", "fast failover" };

	fprintf(to, "  group %" PRIu32 ": %s\n", gm->group_id, types[gm->type]);
	for (unsigned int i = 0; i < gm->n_buckets; i++) {
		const struct bucket *b = &gm->buckets[i];
		static struct action_list list;

		fprintf(to, "    weight=%u", b->weight);
		if (b->watch_port != PORT_ANY)
			fprintf(to, " watch_port=%" PRIu32, b->watch_port);
		if (b->watch_group != GROUP_ANY)
			fprintf(to, " watch_group=%" PRIu32, b->watch_group);
		fputc(' ', to);
		list.n = b->n_actions;
		for (unsigned int j = 0; j < b->n_actions; j++)
			list.a[j] = b->actions[j];
		diff_print_list(to, &list);
		fputc('\n', to);
	}
}

void diff_print_meter(FILE *to, const struct meter_mod *mm)
{
	fprintf(to, "  meter %" PRIu32 ": flags=0x%x", mm->meter_id, mm->flags);
	for (unsigned int i = 0; i < mm->n_bands; i++) {
		const struct band *band = &mm->bands[i];

		fprintf(to, " (%s rate=%" PRIu32 " burst=%" PRIu32 " prec_level=%u)",
			band->type == BAND_DROP ? "drop" : "dscp_remark", band->rate, band->burst_size,
			band->prec_level);
	}
	fputc('\n', to);
}

static void print_port_vlan(FILE *to, const struct backend_port *port)
{
	static const char *const modes[] = { "trunk", "access", "native-tagged",
					     "native-untagged" };
	const struct oracle_port_vlan *vlan = &port->vlan;

	fprintf(to, "  port ");
	print_port(to, port->ofport);
	fprintf(to, ": %s, tag %u%s", modes[vlan->mode], vlan->tag,
		vlan->is_isolated ? ", isolated" : "");
	for (unsigned int v = 0; v < 4096 && vlan->has_trunks; v++) {
		if (vlan->trunks[v / 64] >> v % 64 & 1)
			fprintf(to, ", trunk of %u", v);
	}
	fprintf(to, "%s\n", vlan->has_trunks ? ", no others" : "");
}

void diff_print_fdb_entry(FILE *to, const struct oracle_fdb_entry *entry)
{
	fprintf(to, entry->is_static ? "static entry " : "learned ");
	print_hex(to, entry->mac, 6);
	fprintf(to, " of VLAN %u: port ", entry->vlan);
	print_port(to, entry->ofport);
	fputc('\n', to);
}

void diff_print_config(FILE *to, const struct backend_config *config)
{
	static const struct oracle_port_vlan all;

	if (config->is_standalone)
		fprintf(to, "  standalone\n");
	if (config->forward_bpdu)
		fprintf(to, "  forwards BPDUs\n");
	for (unsigned int i = 0; i < config->n_ports; i++) {
		const struct oracle_port_vlan *vlan = &config->ports[i].vlan;

		if (vlan->mode != all.mode || vlan->has_trunks || vlan->is_isolated)
			print_port_vlan(to, &config->ports[i]);
	}
	for (unsigned int i = 0; i < config->n_static; i++) {
		fprintf(to, "  ");
		diff_print_fdb_entry(to, &config->static_entries[i]);
	}
}

void diff_print_rule(FILE *to, const struct flow_mod *rule)
{
	const struct instructions *in = &rule->instructions;
	enum field_id id;

	fprintf(to, "  table=%u priority=%u cookie=0x%" PRIx64 "\n    match:", rule->table_id,
		rule->priority, rule->cookie);
	MATCH_FOR_EACH (&rule->match, id) {
		fprintf(to, " %s=0x", field_table[id].oxm_name);
		print_hex(to, rule->match.value[id].b, field_table[id].n_bytes);
		if (match_is_exact(&rule->match, id))
			continue;
		fprintf(to, "/0x");
		print_hex(to, rule->match.mask[id].b, field_table[id].n_bytes);
	}
	fprintf(to, "\n    instructions:");
	if (in->has_meter)
		fprintf(to, " meter:%" PRIu32, in->meter_id);
	if (in->has_apply) {
		fprintf(to, " apply");
		diff_print_list(to, &in->apply);
	}
	if (in->has_clear)
		fprintf(to, " clear");
	if (in->has_write) {
		fprintf(to, " write");
		diff_print_list(to, &in->write);
	}
	if (in->has_metadata)
		fprintf(to, " write_metadata:0x%" PRIx64 "/0x%" PRIx64, in->metadata,
			in->metadata_mask);
	if (in->goto_table != TABLE_NONE)
		fprintf(to, " goto_table:%u", in->goto_table);
	fputc('\n', to);
}

void diff_print_frame(FILE *to, const uint8_t *b, size_t n)
{
	print_hex(to, b, n);
	fputc('\n', to);
}

void diff_print_result(FILE *to, const struct oracle_result *r)
{
	for (unsigned int i = 0; i < r->n_outputs; i++) {
		const struct oracle_output *out = &r->outputs[i];

		fprintf(to, "  output %u to ", i);
		if (out->kind == ORACLE_TO_PORT) {
			print_port(to, out->port);
		} else {
			fprintf(to,
				"CONTROLLER reason=%d table=%u cookie=0x%" PRIx64
				" metadata=0x%" PRIx64 " in_port=",
				out->reason, out->table_id, out->cookie, out->metadata);
			print_port(to, out->in_port);
			fprintf(to, " max_len=%u total_len=%u", out->max_len, out->total_len);
		}
		fprintf(to, ", %u bytes:\n    ", out->len);
		diff_print_frame(to, r->bytes + out->at, out->len);
	}
	if (r->n_outputs == 0)
		fprintf(to, "  no output\n");
	for (unsigned int i = 0; i < r->n_hits; i++)
		fprintf(to, "  hit cookie=0x%" PRIx64 " packets=%" PRIu64 " bytes=%" PRIu64 "\n",
			r->hits[i].cookie, r->hits[i].n_packets, r->hits[i].n_bytes);
	for (unsigned int i = 0; i < r->n_counts; i++)
		fprintf(to, "  %s %" PRIu32 " part %d: packets=%" PRIu64 " bytes=%" PRIu64 "\n",
			r->counts[i].counter == ORACLE_GROUP ? "group" : "meter", r->counts[i].id,
			r->counts[i].part, r->counts[i].n_packets, r->counts[i].n_bytes);
	for (unsigned int i = 0; i < N_TABLES; i++) {
		if (r->n_lookups[i] || r->n_matches[i])
			fprintf(to, "  table %u: %u lookups, %u matches\n", i, r->n_lookups[i],
				r->n_matches[i]);
	}
}
