// SPDX-License-Identifier: Apache-2.0
/* What the backends that are skep's datapath share; see backend_dp.h. */
#include "tests/datapath/backend_dp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void on_packet_in(void *aux, const struct dp_packet_in *pin)
{
	struct dp_backend *b = aux;
	struct oracle_output *o;

	if (!b->result)
		return;
	o = oracle_result_add(b->result, ORACLE_TO_CONTROLLER, pin->frame, pin->len);
	if (!o)
		return;
	o->reason = (enum oracle_reason)pin->reason;
	o->max_len = pin->max_len;
	o->table_id = pin->table_id;
	o->total_len = pin->total_len;
	o->in_port = pin->in_port;
	o->cookie = pin->cookie;
	o->metadata = pin->metadata;
	o->tunnel = pin->tunnel;
}

static void on_output(void *aux, uint32_t ofport, const uint8_t *frame, size_t len)
{
	struct dp_backend *b = aux;
	struct oracle_output *o;

	if (!b->result)
		return;
	o = oracle_result_add(b->result, ORACLE_TO_PORT, frame, len);
	if (o)
		o->port = ofport;
}

int dp_backend_open(struct dp_backend *b, struct dp_config *config)
{
	char err_buf[2048];
	bool adopted;
	int err;

	config->callbacks = (struct dp_callbacks){ .packet_in = on_packet_in, .aux = b };
	if (config->attach == DP_ATTACH_NONE)
		config->callbacks.output = on_output;
	err = dp_open(config, &b->dp, &adopted, err_buf, sizeof(err_buf));
	if (!err)
		err = dp_bridge_add(b->dp, "test", &b->bridge);
	if (err)
		fprintf(stderr, "datapath: %s\n", err_buf);
	return err;
}

static int reset_port(struct dp_backend *b, const struct backend_port *port)
{
	struct dp_port_vlan vlan = { .mode = (enum dp_vlan_mode)port->vlan.mode,
				     .pvid = port->vlan.tag,
				     .has_trunks = port->vlan.has_trunks };
	int err;

	memcpy(vlan.trunks, port->vlan.trunks, sizeof(vlan.trunks));
	err = dp_port_set_vlan(b->dp, b->bridge, port->ofport, &vlan);
	if (!err)
		err = dp_port_set_isolated(b->dp, b->bridge, port->ofport, port->vlan.is_isolated);
	if (!err)
		err = dp_port_set_config(b->dp, b->bridge, port->ofport, port->config);
	return err;
}

int dp_backend_fdb_set(struct dp_backend *b, const struct oracle_fdb_entry *entry)
{
	return dp_fdb_set(b->dp, b->bridge, entry->vlan, entry->mac, entry->ofport);
}

unsigned int dp_backend_fdb_dump(struct dp_backend *b, struct oracle_fdb_entry *ret,
				 unsigned int size)
{
	struct dp_cursor cursor = { 0 };
	struct dp_fdb_entry e;
	unsigned int n = 0;

	for (; dp_fdb_next(b->dp, b->bridge, &cursor, &e); n++) {
		if (n >= size)
			continue;
		ret[n] = (struct oracle_fdb_entry){ .vlan = e.vlan,
						    .ofport = e.ofport,
						    .is_static = e.is_static };
		memcpy(ret[n].mac, e.mac, 6);
	}
	return n;
}

/* Forgets all addresses, and enters those of 'config'. */
static int reset_fdb(struct dp_backend *b, const struct backend_config *config)
{
	struct dp_cursor cursor = { 0 };
	struct dp_fdb_entry e;
	int err = 0;

	dp_fdb_flush(b->dp, b->bridge, PORT_ANY);
	while (dp_fdb_next(b->dp, b->bridge, &cursor, &e)) {
		dp_fdb_del(b->dp, b->bridge, e.vlan, e.mac);
		cursor = (struct dp_cursor){ 0 };
	}
	for (unsigned int i = 0; i < config->n_static && !err; i++)
		err = dp_backend_fdb_set(b, &config->static_entries[i]);
	return err;
}

int dp_backend_reset(struct dp_backend *b, const struct backend_config *config)
{
	static struct flow_mod all;
	int err = 0;

	all = (struct flow_mod){ .command = FLOW_DELETE,
				 .table_id = TABLE_NONE,
				 .out_port = PORT_ANY,
				 .out_group = GROUP_ANY };
	dp_run(b->dp, 1000);
	dp_bridge_set_frag_drop(b->dp, b->bridge, config->frag_drop);
	dp_bridge_set_forward_bpdu(b->dp, b->bridge, config->forward_bpdu);
	for (unsigned int i = 0; i < config->n_ports && !err; i++)
		err = reset_port(b, &config->ports[i]);
	if (!err)
		err = dp_bridge_set_standalone(b->dp, b->bridge, config->is_standalone);
	if (!err)
		err = reset_fdb(b, config);
	return err ? err : dp_backend_flow_mod(b, &all);
}

int dp_backend_flow_mod(struct dp_backend *b, const struct flow_mod *fm)
{
	int err = dp_flow_mod(b->dp, b->bridge, fm);

	dp_commit(b->dp);
	/* As a flow whose counters begin anew: what the oracle's do. */
	return err;
}

void dp_backend_begin(struct dp_backend *b, struct oracle_result *r)
{
	uint64_t used;

	oracle_result_init(r);
	b->result = r;
	for (uint32_t i = 1; i < b->dp->flows.bump && i < DP_TEST_FLOWS_MAX; i++) {
		if (FLOW(b->dp, i)->rule)
			flow_counts(b->dp, i, &b->packets[i], &b->bytes[i], &used);
	}
	for (unsigned int t = 0; t < N_TABLES; t++) {
		struct dp_table_stats st;

		dp_table_stats(b->dp, b->bridge, (uint8_t)t, &st);
		b->lookups[t] = st.lookups;
		b->matches[t] = st.matches;
	}
}

void dp_backend_end(struct dp_backend *b, struct oracle_result *r)
{
	uint64_t packets, bytes, used;

	b->result = NULL;
	for (uint32_t i = 1; i < b->dp->flows.bump && i < DP_TEST_FLOWS_MAX; i++) {
		if (!FLOW(b->dp, i)->rule)
			continue;
		flow_counts(b->dp, i, &packets, &bytes, &used);
		if (packets != b->packets[i] || bytes != b->bytes[i])
			oracle_result_hit(r, FLOW(b->dp, i)->cookie, packets - b->packets[i],
					  bytes - b->bytes[i]);
	}
	for (unsigned int t = 0; t < N_TABLES; t++) {
		struct dp_table_stats st;

		dp_table_stats(b->dp, b->bridge, (uint8_t)t, &st);
		r->n_lookups[t] = (uint32_t)(st.lookups - b->lookups[t]);
		r->n_matches[t] = (uint32_t)(st.matches - b->matches[t]);
	}
}
