// SPDX-License-Identifier: Apache-2.0
/*
 * Two backends that prove the harness: the oracle compared with itself never differs, and a broken
 * oracle is found out.
 */
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

static int self_run(uint32_t in_port, const uint8_t *frame, size_t len, struct oracle_result *r)
{
	oracle_run(oracle, in_port, frame, len, r);
	return 0;
}

static int self_packet_out(uint32_t in_port, const struct action_list *list, const uint8_t *frame,
			   size_t len, struct oracle_result *r)
{
	oracle_packet_out(oracle, in_port, list, frame, len, r);
	return 0;
}

/* Wrong for a later IPv4 fragment with a decremented TTL only: its checksum is off by one. */
static int broken_run(uint32_t in_port, const uint8_t *frame, size_t len, struct oracle_result *r)
{
	oracle_run(oracle, in_port, frame, len, r);
	for (unsigned int i = 0; i < r->n_outputs; i++) {
		uint8_t *b = r->bytes + r->outputs[i].at;

		if (r->outputs[i].len >= 34 && len >= 34 && b[12] == 8 && b[13] == 0 &&
		    b[21] & 0x1f && b[22] + 1 == frame[22])
			b[25] ^= 1;
	}
	return 0;
}

const struct backend backend_oracle = {
	.name = "oracle",
	.start = self_start,
	.stop = self_stop,
	.reset = self_reset,
	.add = self_add,
	.del_strict = self_del_strict,
	.run = self_run,
	.packet_out = self_packet_out,
};

const struct backend backend_broken = {
	.name = "broken",
	.start = self_start,
	.stop = self_stop,
	.reset = self_reset,
	.add = self_add,
	.del_strict = self_del_strict,
	.run = broken_run,
	.packet_out = self_packet_out,
};
