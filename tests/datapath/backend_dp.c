// SPDX-License-Identifier: Apache-2.0
/* What the backends that are skep's datapath share; see backend_dp.h. */
#include "tests/datapath/backend_dp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"

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

	config->flow_cache = DP_CACHE_ALWAYS;
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

/* Of groups first those that no other leads to. */
static int delete_groups_and_meters(struct dp_backend *b)
{
	struct meter_mod mm = { .command = METER_DELETE, .meter_id = METER_ALL };
	struct group_mod gm = { .command = GROUP_DELETE, .group_id = GROUP_ALL };
	enum dp_group_error why;
	int err = dp_group_mod(b->dp, b->bridge, &gm, &why);

	return err ? err : dp_meter_mod(b->dp, b->bridge, &mm);
}

int dp_backend_group_mod(struct dp_backend *b, const struct group_mod *gm)
{
	enum dp_group_error why;

	return dp_group_mod(b->dp, b->bridge, gm, &why);
}

int dp_backend_meter_mod(struct dp_backend *b, const struct meter_mod *mm)
{
	return dp_meter_mod(b->dp, b->bridge, mm);
}

int dp_backend_set_port(struct dp_backend *b, uint32_t ofport, uint32_t config)
{
	return dp_port_set_config(b->dp, b->bridge, ofport, config);
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
	b->dp->config.flow_cache = config->no_cache ? DP_CACHE_OFF : DP_CACHE_ALWAYS;
	cache_note(b->dp, b->bridge * 256);
	b->dp->config.prune_masks = config->no_pruning ? UINT32_MAX : 2;
	dp_bridge_set_frag_drop(b->dp, b->bridge, config->frag_drop);
	dp_bridge_set_forward_bpdu(b->dp, b->bridge, config->forward_bpdu);
	for (unsigned int i = 0; i < config->n_ports && !err; i++)
		err = reset_port(b, &config->ports[i]);
	if (!err)
		err = dp_bridge_set_standalone(b->dp, b->bridge, config->is_standalone);
	if (!err)
		err = reset_fdb(b, config);
	if (!err)
		err = dp_backend_flow_mod(b, &all);
	return err ? err : delete_groups_and_meters(b);
}

int dp_backend_flow_mod(struct dp_backend *b, const struct flow_mod *fm)
{
	int err = dp_flow_mod(b->dp, b->bridge, fm);

	dp_commit(b->dp);
	/* As a flow whose counters begin anew: what the oracle's do. */
	return err;
}

static void add_count(struct dp_backend *b, enum oracle_counter counter, uint32_t id, int part,
		      uint64_t n_packets, uint64_t n_bytes)
{
	if (b->n_counts == DP_TEST_COUNTS_MAX)
		abort();
	b->counts[b->n_counts++] = (struct oracle_count){ counter, id, part, n_packets, n_bytes };
}

/* Reads the counters of groups and meters to b->counts, always in the same order. */
static void read_counts(struct dp_backend *b)
{
	struct meter_desc m;
	struct group_desc d;

	b->n_counts = 0;
	for (uint32_t id = 0; dp_meter_next(b->dp, b->bridge, id, &m); id = m.meter_id + 1) {
		add_count(b, ORACLE_METER, m.meter_id, -1, m.n_packets, m.n_bytes);
		for (unsigned int i = 0; i < m.n_bands; i++)
			add_count(b, ORACLE_METER, m.meter_id, (int)i, m.band_stats[i].n_packets,
				  m.band_stats[i].n_bytes);
	}
	for (uint32_t id = 0; dp_group_next(b->dp, b->bridge, id, &d); id = d.group_id + 1) {
		add_count(b, ORACLE_GROUP, d.group_id, -1, d.n_packets, d.n_bytes);
		for (unsigned int i = 0; i < d.n_buckets; i++)
			add_count(b, ORACLE_GROUP, d.group_id, (int)i, d.bucket_stats[i].n_packets,
				  d.bucket_stats[i].n_bytes);
	}
}

/* What the packet added to them. */
static void subtract_counts(struct dp_backend *b, struct oracle_result *r)
{
	static struct oracle_count before[DP_TEST_COUNTS_MAX];

	memcpy(before, b->counts, sizeof(before));
	read_counts(b);
	for (unsigned int i = 0; i < b->n_counts; i++) {
		const struct oracle_count *c = &b->counts[i];

		if (c->n_packets != before[i].n_packets || c->n_bytes != before[i].n_bytes)
			oracle_result_count(r, c->counter, c->id, c->part, c->n_packets - before[i].n_packets,
					    c->n_bytes - before[i].n_bytes);
	}
}

void dp_backend_begin(struct dp_backend *b, struct oracle_result *r)
{
	uint64_t used;

	oracle_result_init(r);
	b->result = r;
	read_counts(b);
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
	subtract_counts(b, r);
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
