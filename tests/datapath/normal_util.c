// SPDX-License-Identifier: Apache-2.0
/* What the tests of NORMAL share; see normal_util.h. */
#include "tests/datapath/normal_util.h"

#include <string.h>

const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 0xa }, mac_b[6] = { 2, 0, 0, 0, 0, 0xb };
const uint8_t mac_c[6] = { 2, 0, 0, 0, 0, 0xc };
const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* A flow for all packets that outputs to 'ports'. */
void add_flow(uint8_t table, const uint32_t *ports, unsigned int n, uint8_t goto_table)
{
	static struct flow_mod fm;

	fm = (struct flow_mod){ .table_id = table, .out_port = PORT_ANY, .out_group = GROUP_ANY };
	instructions_init(&fm.instructions);
	fm.instructions.goto_table = goto_table;
	fm.instructions.has_apply = true;
	fm.instructions.apply.n = n;
	for (unsigned int i = 0; i < n; i++)
		fm.instructions.apply.a[i] =
			(struct action){ .type = ACTION_OUTPUT, .output.port = ports[i] };
	assert_int_equal(dp_flow_mod(h.dp, h.bridge, &fm), 0);
	dp_commit(h.dp);
}

/* Ports 1 to 9, and the flow `actions=NORMAL`. */
int setup(void **state)
{
	static const uint32_t normal = PORT_NORMAL;

	(void)state;
	harness_open();
	for (uint32_t port = 1; port <= N_PORTS; port++)
		harness_add_port(port);
	add_flow(0, &normal, 1, SKEP_NO_GOTO);
	/* The same in each run: which addresses share a bucket. */
	BRIDGE(h.dp, h.bridge)->fdb_seed = 1;
	return 0;
}

int teardown(void **state)
{
	(void)state;
	harness_close();
	return 0;
}

/* Of the tags that frames come with. */
uint8_t tpid_high = 0x81, tpid_low;

size_t make_frame(uint8_t *frame, const uint8_t *dst, const uint8_t *src, int tci)
{
	size_t len = 12;

	memset(frame, 0, 64);
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	if (tci >= 0) {
		frame[12] = tpid_high;
		frame[13] = tpid_low;
		frame[14] = (uint8_t)(tci >> 8);
		frame[15] = (uint8_t)tci;
		len = 16;
	}
	frame[len] = 0x88;
	frame[len + 1] = 0xb5;
	return 64;
}

/* A frame comes in at 'port'; 'tci' -1: without a tag. */
void receive_tagged(uint32_t port, const uint8_t *dst, const uint8_t *src, int tci)
{
	uint8_t frame[64];
	size_t len = make_frame(frame, dst, src, tci);

	harness_receive(port, frame, len);
}

void receive(uint32_t port, const uint8_t *dst, const uint8_t *src)
{
	receive_tagged(port, dst, src, -1);
}

bool went_to(uint32_t port)
{
	for (unsigned int i = 0; i < h.n_out; i++) {
		if (h.out[i].port == port)
			return true;
	}
	return false;
}

void assert_only_to(uint32_t port)
{
	assert_int_equal(h.n_out, 1);
	assert_int_equal(h.out[0].port, port);
}

void assert_flooded_from(uint32_t port)
{
	assert_int_equal(h.n_out, N_PORTS - 1);
	assert_false(went_to(port));
}

uint64_t drops(enum skep_drop reason)
{
	uint64_t n;

	assert_non_null(dp_drop(h.dp, reason, &n));
	return n;
}

bool find(const uint8_t mac[6], uint16_t vlan, struct dp_fdb_entry *ret)
{
	struct dp_cursor cursor = { 0 };

	while (dp_fdb_next(h.dp, h.bridge, &cursor, ret)) {
		if (!memcmp(ret->mac, mac, 6) && ret->vlan == vlan)
			return true;
	}
	return false;
}

unsigned int count_entries(void)
{
	struct dp_cursor cursor = { 0 };
	struct dp_fdb_entry e;
	unsigned int n = 0;

	while (dp_fdb_next(h.dp, h.bridge, &cursor, &e))
		n++;
	return n;
}
