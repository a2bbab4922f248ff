// SPDX-License-Identifier: Apache-2.0
/* The action NORMAL with VLANs: modes of ports, tags, packet-outs, and what another process finds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/datapath/normal_util.h"

/* --- VLANs --- */

static void set_vlan(uint32_t port, enum dp_vlan_mode mode, uint16_t pvid, const char *trunks)
{
	struct dp_port_vlan v = { .mode = mode, .pvid = pvid, .has_trunks = trunks != NULL };

	for (char *end; trunks && *trunks; trunks = *end ? end + 1 : end) {
		unsigned long vid = strtoul(trunks, &end, 10);

		v.trunks[vid / 64] |= 1ULL << vid % 64;
	}
	assert_int_equal(dp_port_set_vlan(h.dp, h.bridge, port, &v), 0);
}

struct port_mode {
	enum dp_vlan_mode mode;
	uint16_t pvid;
	const char *trunks; /* NULL: all */
};
#define ACCESS(N)     { DP_VLAN_ACCESS, N, NULL }
#define TRUNK         { DP_VLAN_TRUNK, 0, NULL }
#define TRUNKS(T)     { DP_VLAN_TRUNK, 0, T }
#define TAGGED(N, T)  { DP_VLAN_NATIVE_TAGGED, N, T }
#define UNTAGGED(N, T) { DP_VLAN_NATIVE_UNTAGGED, N, T }

enum { NOTHING = -2, NO_TAG = -1, PCP5 = 5 << 13 };

static const struct vlan_case {
	struct port_mode in, out;
	int tci_in, tci_out;
} vlan_cases[] = {
	/* What belongs to which VLAN, and what is dropped at once. */
	{ TRUNK, TRUNK, NO_TAG, NO_TAG },
	{ TRUNK, TRUNK, 10, 10 },
	{ TRUNK, TRUNK, PCP5 | 10, PCP5 | 10 },
	{ TRUNK, TRUNK, PCP5, NO_TAG },
	{ TRUNKS("10,20"), TRUNK, 10, 10 },
	{ TRUNKS("10,20"), TRUNK, 11, NOTHING },
	{ TRUNKS("10,20"), TRUNK, NO_TAG, NOTHING },
	{ TRUNKS("0,10"), TRUNK, NO_TAG, NO_TAG },
	{ TRUNKS("4095"), TRUNK, 4095, 4095 },
	{ ACCESS(10), TRUNK, NO_TAG, 10 },
	{ ACCESS(10), TRUNK, 10, NOTHING },
	{ ACCESS(10), TRUNK, 20, NOTHING },
	{ ACCESS(10), TRUNK, 0, 10 },
	{ ACCESS(10), TRUNK, PCP5, PCP5 | 10 },
	{ ACCESS(0), TRUNK, NO_TAG, NO_TAG },
	{ TAGGED(10, NULL), TRUNK, NO_TAG, 10 },
	{ TAGGED(10, NULL), TRUNK, 10, 10 },
	{ TAGGED(10, NULL), TRUNK, PCP5, PCP5 | 10 },
	{ TAGGED(10, NULL), TRUNK, 20, 20 },
	{ TAGGED(10, "20"), TRUNK, NO_TAG, 10 },
	{ TAGGED(10, "20"), TRUNK, 10, 10 },
	{ TAGGED(10, "20"), TRUNK, 20, 20 },
	{ TAGGED(10, "20"), TRUNK, 30, NOTHING },
	{ UNTAGGED(10, NULL), TRUNK, NO_TAG, 10 },
	{ UNTAGGED(10, "20"), TRUNK, 10, 10 },
	{ UNTAGGED(10, "20"), TRUNK, 30, NOTHING },
	/* How it leaves. */
	{ ACCESS(10), ACCESS(10), NO_TAG, NO_TAG },
	{ ACCESS(10), ACCESS(20), NO_TAG, NOTHING },
	{ ACCESS(10), ACCESS(10), PCP5, NO_TAG },
	{ TRUNK, ACCESS(10), 10, NO_TAG },
	{ TRUNK, ACCESS(10), PCP5 | 10, NO_TAG },
	{ TRUNK, ACCESS(10), NO_TAG, NOTHING },
	{ TRUNK, ACCESS(0), NO_TAG, NO_TAG },
	{ TRUNK, TRUNKS("10"), 10, 10 },
	{ TRUNK, TRUNKS("10"), 20, NOTHING },
	{ TRUNK, TRUNKS("10"), NO_TAG, NOTHING },
	{ TRUNK, TAGGED(10, NULL), 10, 10 },
	{ TRUNK, TAGGED(10, NULL), NO_TAG, NO_TAG },
	{ TRUNK, TAGGED(10, "20"), 20, 20 },
	{ TRUNK, TAGGED(10, "20"), 30, NOTHING },
	{ TRUNK, UNTAGGED(10, NULL), 10, NO_TAG },
	{ TRUNK, UNTAGGED(10, NULL), 20, 20 },
	{ TRUNK, UNTAGGED(10, "20"), 10, NO_TAG },
	{ TRUNK, UNTAGGED(10, "20"), PCP5 | 20, PCP5 | 20 },
	{ UNTAGGED(10, NULL), UNTAGGED(20, NULL), NO_TAG, 10 },
	{ UNTAGGED(10, NULL), UNTAGGED(20, NULL), 20, NO_TAG },
	{ ACCESS(10), UNTAGGED(10, NULL), NO_TAG, NO_TAG },
	{ ACCESS(10), TAGGED(10, NULL), NO_TAG, 10 },
};

/* What left through port 2 must be what the case says. */
static void check_vlan_case(const struct vlan_case *c, const char *how)
{
	int tci = NOTHING;

	for (unsigned int i = 0; i < h.n_out; i++) {
		if (h.out[i].port == 2)
			tci = h.out[i].tci;
		assert_int_equal(h.out[i].len, c->tci_in < 0 ? (h.out[i].tci < 0 ? 64 : 68)
							     : (h.out[i].tci < 0 ? 60 : 64));
	}
	if (tci != c->tci_out)
		fail_msg("case %d, %s: TCI %d, not %d", (int)(c - vlan_cases), how, tci, c->tci_out);
}

static void packets_stay_in_their_vlan(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vlan_cases) / sizeof(vlan_cases[0]); i++) {
		const struct vlan_case *c = &vlan_cases[i];

		set_vlan(1, c->in.mode, c->in.pvid, c->in.trunks);
		set_vlan(2, c->out.mode, c->out.pvid, c->out.trunks);
		receive_tagged(1, broadcast, mac_a, c->tci_in);
		check_vlan_case(c, "flooded");
		for (uint16_t vid = 0; vid <= 30; vid += 10)
			assert_int_equal(dp_fdb_set(h.dp, h.bridge, vid, mac_b, 2), 0);
		assert_int_equal(dp_fdb_set(h.dp, h.bridge, 4095, mac_b, 2), 0);
		receive_tagged(1, mac_b, mac_a, c->tci_in);
		check_vlan_case(c, "to a known address");
		assert_true(h.n_out <= 1);
	}
}

static void a_packet_of_a_vlan_that_the_port_lacks_is_counted_and_teaches_nothing(void **state)
{
	uint64_t n = drops(SKEP_DROP_VLAN);

	(void)state;
	set_vlan(1, DP_VLAN_ACCESS, 10, NULL);
	receive_tagged(1, broadcast, mac_a, 20);
	assert_int_equal(h.n_out, 0);
	assert_int_equal(drops(SKEP_DROP_VLAN), n + 1);
	assert_int_equal(count_entries(), 0);
}

static void an_address_is_learned_in_each_vlan_for_itself(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive_tagged(1, broadcast, mac_a, 10);
	receive_tagged(2, broadcast, mac_a, 20);
	assert_true(find(mac_a, 10, &e) && e.ofport == 1);
	assert_true(find(mac_a, 20, &e) && e.ofport == 2);
	receive_tagged(3, mac_a, mac_b, 10);
	assert_only_to(1);
	receive_tagged(3, mac_a, mac_b, 20);
	assert_only_to(2);
	receive_tagged(3, mac_a, mac_b, 30);
	assert_flooded_from(3);
}

static int tci_at(uint32_t port)
{
	for (unsigned int i = 0; i < h.n_out; i++) {
		if (h.out[i].port == port)
			return h.out[i].tci;
	}
	return NOTHING;
}

/* Ports 3 and 4 with, 5 and 6 without a tag, 7 and 8 elsewhere. */
static void set_mixed_vlans(void)
{
	set_vlan(1, DP_VLAN_ACCESS, 10, NULL);
	set_vlan(4, DP_VLAN_NATIVE_TAGGED, 10, NULL);
	set_vlan(5, DP_VLAN_ACCESS, 10, NULL);
	set_vlan(6, DP_VLAN_NATIVE_UNTAGGED, 10, "20");
	set_vlan(7, DP_VLAN_ACCESS, 20, NULL);
	set_vlan(8, DP_VLAN_TRUNK, 0, "20");
	set_vlan(9, DP_VLAN_ACCESS, 99, NULL);
}

static void assert_mixed(uint32_t in_port, int tci)
{
	for (uint32_t port = 1; port <= 9; port++) {
		int want = port == in_port || port >= 7 ? NOTHING
			   : port >= 2 && port <= 4	? tci
							: NO_TAG;

		if (tci_at(port) != want)
			fail_msg("port %u: TCI %d, not %d", port, tci_at(port), want);
	}
}

static void a_flood_gives_each_port_the_tag_that_it_wants(void **state)
{
	(void)state;
	set_mixed_vlans();
	receive(1, broadcast, mac_a);
	assert_mixed(1, 10);
	assert_int_equal(h.n_out, 5);
	receive_tagged(2, broadcast, mac_a, PCP5 | 10);
	assert_mixed(2, PCP5 | 10);
	receive_tagged(1, broadcast, mac_a, PCP5);
	assert_mixed(1, PCP5 | 10);
	receive_tagged(6, broadcast, mac_a, 10);
	assert_mixed(6, 10);
}

static void what_follows_normal_finds_the_packet_as_it_was(void **state)
{
	static const uint32_t then_9[] = { PORT_NORMAL, 9 }, nine = 9;
	static const uint32_t nine_first[] = { 9, PORT_NORMAL };

	(void)state;
	set_mixed_vlans();
	for (int round = 0; round < 3; round++) {
		if (round == 0) {
			add_flow(0, then_9, 2, SKEP_NO_GOTO);
		} else if (round == 1) {
			add_flow(0, then_9, 1, 1);
			add_flow(1, &nine, 1, SKEP_NO_GOTO);
		} else {
			add_flow(0, nine_first, 2, SKEP_NO_GOTO);
		}
		receive(1, broadcast, mac_a);
		assert_int_equal(tci_at(9), NO_TAG);
		assert_int_equal(tci_at(3), 10);
		assert_int_equal(h.n_out, 6);
		receive_tagged(1, broadcast, mac_a, PCP5);
		assert_int_equal(tci_at(9), PCP5);
		assert_int_equal(tci_at(5), NO_TAG);
		assert_int_equal(tci_at(3), PCP5 | 10);
		receive_tagged(2, broadcast, mac_a, PCP5 | 10);
		assert_int_equal(tci_at(9), PCP5 | 10);
		assert_int_equal(tci_at(1), NO_TAG);
		receive_tagged(2, broadcast, mac_a, 0x1000 | 10);
		assert_int_equal(tci_at(9), 0x1000 | 10);
		assert_int_equal(tci_at(3), 0x1000 | 10);
	}
}

static void a_service_tag_comes_back_as_one(void **state)
{
	static const uint32_t then_9[] = { PORT_NORMAL, 9 };

	(void)state;
	set_mixed_vlans();
	set_vlan(2, DP_VLAN_NATIVE_UNTAGGED, 10, NULL);
	set_vlan(3, DP_VLAN_ACCESS, 10, NULL);
	add_flow(0, then_9, 2, SKEP_NO_GOTO);
	tpid_high = 0x88;
	tpid_low = 0xa8;
	receive_tagged(6, broadcast, mac_a, 10);
	tpid_high = 0x81;
	tpid_low = 0;
	assert_int_equal(tci_at(9), 10);
	assert_int_equal(h.out[h.n_out - 1].port, 9);
	assert_int_equal(h.out[h.n_out - 1].tpid, 0x88a8);
	assert_int_equal(tci_at(1), NO_TAG);
	assert_int_equal(tci_at(4), 10);
}

static void a_port_whose_vlans_change_is_learned_anew(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	receive(1, broadcast, mac_a);
	receive(2, broadcast, mac_b);
	set_vlan(1, DP_VLAN_TRUNK, 0, NULL);
	assert_true(find(mac_a, 0, &e));
	set_vlan(1, DP_VLAN_ACCESS, 10, NULL);
	assert_false(find(mac_a, 0, &e));
	assert_true(find(mac_b, 0, &e));
}

static void bad_vlans_are_refused(void **state)
{
	const struct dp_port_vlan bad[] = {
		{ .mode = DP_VLAN_ACCESS, .pvid = 4096 },
		{ .mode = DP_VLAN_NATIVE_TAGGED, .pvid = 0 },
		{ .mode = DP_VLAN_NATIVE_UNTAGGED, .pvid = 4096 },
		{ .mode = (enum dp_vlan_mode)7 },
	};
	const struct dp_port_vlan good = { .mode = DP_VLAN_ACCESS, .pvid = 4095 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dp_port_set_vlan(h.dp, h.bridge, 1, &bad[i]), -EINVAL);
	assert_int_equal(dp_port_set_vlan(h.dp, h.bridge, 50, &good), -ENOENT);
	assert_int_equal(dp_port_set_isolated(h.dp, h.bridge, 50, true), -ENOENT);
	assert_int_equal(dp_port_set_vlan(h.dp, h.bridge, 1, &good), 0);
}

static void sets_of_vlans_are_used_again(void **state)
{
	uint32_t bump;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		set_vlan(1, DP_VLAN_TRUNK, 0, i % 2 ? "1,2" : "2,3");
		if (i % 10 == 0)
			reclaim_all(h.dp);
		if (i == 20)
			bump = h.dp->vlan_sets.bump;
	}
	assert_int_equal(h.dp->vlan_sets.bump, bump);
	dp_port_del(h.dp, h.bridge, 1);
	harness_add_port(1);
	receive_tagged(1, broadcast, mac_a, 77);
	assert_flooded_from(1);
}

static void more_sets_of_vlans_than_there_is_room_for_make_room(void **state)
{
	char trunks[16];

	(void)state;
	for (uint32_t port = N_PORTS + 1; port <= harness_n_ports; port++)
		harness_add_port(port);
	for (int round = 0; round < 3; round++) {
		for (uint32_t port = 1; port <= harness_n_ports; port++) {
			snprintf(trunks, sizeof(trunks), "%u", 100 + port + (uint32_t)round);
			set_vlan(port, DP_VLAN_TRUNK, 0, trunks);
		}
	}
	set_vlan(1, DP_VLAN_TRUNK, 0, NULL);
	for (uint32_t port = 2; port <= harness_n_ports; port++) {
		receive_tagged(1, broadcast, mac_a, (int)(102 + port));
		assert_only_to(port);
	}
}

/* --- Packet-outs --- */

static void packet_out(uint32_t in_port, const uint8_t *dst, const uint8_t *src, int tci)
{
	static struct action_list normal;
	uint8_t frame[64];
	size_t len = make_frame(frame, dst, src, tci);

	normal.n = 1;
	normal.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = PORT_NORMAL };
	harness_packet_out(in_port, &normal, frame, len);
}

static void a_packet_out_takes_normal_on_the_same_table(void **state)
{
	(void)state;
	receive(3, broadcast, mac_a);
	packet_out(PORT_CONTROLLER, mac_a, mac_b, -1);
	assert_only_to(3);
	assert_int_equal(count_entries(), 1);
	packet_out(5, broadcast, mac_c, -1);
	assert_flooded_from(5);
	receive(3, mac_c, mac_a);
	assert_only_to(5);
	packet_out(PORT_CONTROLLER, broadcast, mac_b, -1);
	assert_int_equal(h.n_out, N_PORTS);
}

static void a_packet_out_with_a_tag_is_of_that_vlan(void **state)
{
	(void)state;
	set_mixed_vlans();
	packet_out(PORT_CONTROLLER, broadcast, mac_a, 10);
	assert_int_equal(tci_at(1), NO_TAG);
	assert_int_equal(tci_at(2), 10);
	assert_int_equal(tci_at(8), NOTHING);
	assert_int_equal(h.n_out, 6);
}

static void a_packet_out_needs_no_flow_to_learn(void **state)
{
	uint32_t other;

	(void)state;
	assert_int_equal(dp_bridge_add(h.dp, "br1", &other), 0);
	assert_int_equal(BRIDGE(h.dp, other)->fdb_mask, 0);
	dp_bridge_del(h.dp, h.bridge);
	h.bridge = other;
	harness_add_port(1);
	harness_add_port(2);
	packet_out(1, broadcast, mac_a, -1);
	assert_only_to(2);
	packet_out(2, mac_a, mac_b, -1);
	assert_only_to(1);
}

/* --- Another process --- */

static void another_process_finds_all_as_it_was(void **state)
{
	struct dp_fdb_entry e;

	(void)state;
	set_mixed_vlans();
	receive(1, broadcast, mac_a);
	receive_tagged(2, broadcast, mac_b, 20);
	assert_int_equal(dp_fdb_set(h.dp, h.bridge, 10, mac_c, 3), 0);
	if (!harness_restart())
		skip();
	assert_true(find(mac_a, 10, &e) && e.ofport == 1 && !e.is_static);
	assert_true(find(mac_c, 10, &e) && e.ofport == 3 && e.is_static);
	assert_int_equal(count_entries(), 3);
	receive_tagged(2, mac_a, mac_b, 10);
	assert_only_to(1);
	assert_int_equal(tci_at(1), NO_TAG);
	receive(1, broadcast, mac_a);
	assert_mixed(1, 10);
	/* Room is given out that is not in use. */
	assert_int_equal(dp_bridge_add(h.dp, "more", &(uint32_t){ 0 }), 0);
	set_vlan(5, DP_VLAN_TRUNK, 0, "30");
	set_vlan(6, DP_VLAN_TRUNK, 0, "31");
	receive_tagged(2, broadcast, mac_b, 20);
	assert_int_equal(tci_at(7), NO_TAG);
	assert_int_equal(tci_at(8), 20);
	assert_int_equal(tci_at(6), NOTHING);
}

static void a_standalone_bridge_stays_one_for_another_process(void **state)
{
	static const uint32_t other = 9;

	(void)state;
	add_flow(0, &other, 1, SKEP_NO_GOTO);
	assert_int_equal(dp_bridge_set_standalone(h.dp, h.bridge, true), 0);
	receive(1, broadcast, mac_a);
	if (!harness_restart())
		skip();
	receive(2, mac_a, mac_b);
	assert_only_to(1);
	assert_int_equal(dp_bridge_set_standalone(h.dp, h.bridge, false), 0);
	receive(2, mac_a, mac_b);
	assert_only_to(9);
}

int run_vlan_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packets_stay_in_their_vlan),
		TEST(a_packet_of_a_vlan_that_the_port_lacks_is_counted_and_teaches_nothing),
		TEST(an_address_is_learned_in_each_vlan_for_itself),
		TEST(a_flood_gives_each_port_the_tag_that_it_wants),
		TEST(what_follows_normal_finds_the_packet_as_it_was),
		TEST(a_service_tag_comes_back_as_one),
		TEST(a_port_whose_vlans_change_is_learned_anew),
		TEST(bad_vlans_are_refused),
		TEST(sets_of_vlans_are_used_again),
		TEST(more_sets_of_vlans_than_there_is_room_for_make_room),
		TEST(a_packet_out_takes_normal_on_the_same_table),
		TEST(a_packet_out_with_a_tag_is_of_that_vlan),
		TEST(a_packet_out_needs_no_flow_to_learn),
		TEST(another_process_finds_all_as_it_was),
		TEST(a_standalone_bridge_stays_one_for_another_process),
	};

	return cmocka_run_group_tests_name("VLANs", tests, NULL, NULL);
}
