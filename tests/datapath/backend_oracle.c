// SPDX-License-Identifier: Apache-2.0
/*
 * Backends that prove the harness: the oracle compared with itself never differs, and
 * broken oracles are found out.
 */
#include <errno.h>
#include <string.h>

#include "tests/datapath/backend.h"

static struct oracle *oracle;

static int self_start(void)
{
	oracle = oracle_new();
	return 0;
}

static void self_stop(void)
{
	oracle_free(oracle);
	oracle = NULL;
}

struct oracle *backend_make_oracle(const struct backend_config *config)
{
	struct oracle *o = oracle_new();

	for (unsigned int i = 0; i < config->n_ports; i++) {
		oracle_set_port(o, config->ports[i].ofport, config->ports[i].config, true);
		oracle_set_vlan(o, config->ports[i].ofport, &config->ports[i].vlan);
	}
	for (unsigned int i = 0; i < config->n_static; i++)
		oracle_fdb_set(o, &config->static_entries[i]);
	oracle_set_frag_drop(o, config->frag_drop);
	oracle_set_standalone(o, config->is_standalone);
	oracle_set_forward_bpdu(o, config->forward_bpdu);
	return o;
}

static int self_reset(const struct backend_config *config)
{
	oracle_free(oracle);
	oracle = backend_make_oracle(config);
	return 0;
}

static int self_add(const struct flow_mod *fm)
{
	oracle_add(oracle, fm);
	return 0;
}

static int self_del_strict(const struct flow_mod *fm)
{
	oracle_del_strict(oracle, fm);
	return 0;
}

static int self_group_mod(const struct group_mod *gm)
{
	oracle_group_mod(oracle, gm);
	return 0;
}

static int self_meter_mod(const struct meter_mod *mm)
{
	oracle_meter_mod(oracle, mm);
	return 0;
}

static int self_set_port(uint32_t ofport, uint32_t config)
{
	oracle_set_port_config(oracle, ofport, config);
	return 0;
}

static int self_run(uint32_t in_port, const uint8_t *frame, size_t len, struct oracle_result *r)
{
	oracle_run(oracle, in_port, frame, len, r);
	oracle_chosen(oracle, true);
	return 0;
}

static int self_packet_out(uint32_t in_port, const struct action_list *list, const uint8_t *frame,
			   size_t len, struct oracle_result *r)
{
	oracle_packet_out(oracle, in_port, list, frame, len, r);
	oracle_chosen(oracle, true);
	return 0;
}

static int self_fdb_set(const struct oracle_fdb_entry *entry)
{
	oracle_fdb_set(oracle, entry);
	return 0;
}

static int self_fdb_del(uint16_t vlan, const uint8_t mac[6])
{
	return oracle_fdb_del(oracle, vlan, mac) ? 0 : -ENOENT;
}

static void self_fdb_flush(uint32_t ofport)
{
	oracle_fdb_flush(oracle, ofport);
}

static unsigned int self_fdb_dump(struct oracle_fdb_entry *ret, unsigned int size)
{
	return oracle_fdb_dump(oracle, ret, size);
}

/* Wrong for one learned address: it says that it is static. */
static unsigned int misfiled_fdb_dump(struct oracle_fdb_entry *ret, unsigned int size)
{
	unsigned int n = oracle_fdb_dump(oracle, ret, size);

	for (unsigned int i = 0; i < n && i < size; i++) {
		if (ret[i].vlan == 2 && ret[i].mac[5] == 3 && ret[i].ofport == 4)
			ret[i].is_static = true;
	}
	return n;
}

/* Wrong for a later IPv4 fragment with a decremented TTL only: its checksum is off by one. */
static int broken_run(uint32_t in_port, const uint8_t *frame, size_t len, struct oracle_result *r)
{
	self_run(in_port, frame, len, r);
	for (unsigned int i = 0; i < r->n_outputs; i++) {
		uint8_t *b = r->bytes + r->outputs[i].at;

		if (r->outputs[i].len >= 34 && len >= 34 && b[12] == 8 && b[13] == 0 &&
		    b[21] & 0x1f && b[22] + 1 == frame[22])
			b[25] ^= 1;
	}
	return 0;
}

/* What the three have in common. */
#define SELF                                                                                    \
	.start = self_start, .stop = self_stop, .reset = self_reset, .add = self_add,           \
	.group_mod = self_group_mod, .meter_mod = self_meter_mod, .set_port = self_set_port,    \
	.del_strict = self_del_strict, .packet_out = self_packet_out, .fdb_set = self_fdb_set,  \
	.fdb_del = self_fdb_del, .fdb_flush = self_fdb_flush

const struct backend backend_oracle = {
	SELF,
	.name = "oracle",
	.run = self_run,
	.fdb_dump = self_fdb_dump,
};

const struct backend backend_broken = {
	SELF,
	.name = "broken",
	.run = broken_run,
	.fdb_dump = self_fdb_dump,
};

const struct backend backend_misfiled = {
	SELF,
	.name = "misfiled",
	.run = self_run,
	.fdb_dump = misfiled_fdb_dump,
};
