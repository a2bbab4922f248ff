// SPDX-License-Identifier: Apache-2.0
/* Meters: bands, bursts, counters, and the flows that name them.  On each build of the pipeline (harness.h). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/datapath/harness.h"

enum { N_PORTS = 4, FRAME = 64 };

#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)

static int setup(void **state)
{
	(void)state;
	harness_open();
	for (uint32_t port = 1; port <= N_PORTS; port++)
		harness_add_port(port);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	harness_close();
	return 0;
}

static uint64_t drops(enum skep_drop reason)
{
	uint64_t n;

	assert_non_null(dp_drop(h.dp, reason, &n));
	return n;
}

/* --- Meters and flows --- */

static int meter(enum meter_command command, uint32_t meter_id, uint16_t flags, unsigned int n_bands,
		 const struct band *bands)
{
	struct meter_mod mm = {
		.command = command,
		.flags = flags,
		.meter_id = meter_id,
		.n_bands = n_bands,
	};

	for (unsigned int i = 0; i < n_bands; i++)
		mm.bands[i] = bands[i];
	return dp_meter_mod(h.dp, h.bridge, &mm);
}

static int drop_meter(uint32_t meter_id, uint16_t flags, uint32_t rate, uint32_t burst)
{
	struct band band = { .type = BAND_DROP, .rate = rate, .burst_size = burst };

	return meter(METER_ADD, meter_id, flags | METER_BURST, 1, &band);
}

static void delete_meter(uint32_t meter_id)
{
	assert_int_equal(meter(METER_DELETE, meter_id, 0, 0, NULL), 0);
}

static struct meter_desc describe(uint32_t meter_id)
{
	struct meter_desc d;

	assert_true(dp_meter_next(h.dp, h.bridge, meter_id, &d));
	assert_int_equal(d.meter_id, meter_id);
	return d;
}

static struct flow_mod fm;

/* A flow for all packets of 'port', by the meter to port 'to'. */
static void begin_flow(uint8_t table, uint32_t port, uint32_t meter_id, uint32_t to)
{
	fm = (struct flow_mod){ .table_id = table, .out_port = PORT_ANY, .out_group = GROUP_ANY, .priority = 1 };
	instructions_init(&fm.instructions);
	match_set_u64(&fm.match, FIELD_IN_PORT, port);
	fm.instructions.has_meter = meter_id != 0;
	fm.instructions.meter_id = meter_id;
	fm.instructions.has_apply = to != 0;
	fm.instructions.apply.n = to != 0;
	fm.instructions.apply.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = to };
}

static int end_flow(void)
{
	int err = dp_flow_mod(h.dp, h.bridge, &fm);

	dp_commit(h.dp);
	return err;
}

static void delete_flows(void)
{
	fm = (struct flow_mod){ .command = FLOW_DELETE, .table_id = TABLE_NONE, .out_port = PORT_ANY, .out_group = GROUP_ANY };
	assert_int_equal(end_flow(), 0);
}

static int flow(uint32_t port, uint32_t meter_id, uint32_t to)
{
	begin_flow(0, port, meter_id, to);
	return end_flow();
}

static uint32_t count_flows(void)
{
	uint64_t packets, bytes;
	uint32_t n;

	dp_flow_aggregate(h.dp, h.bridge, NULL, &packets, &bytes, &n);
	return n;
}

/* --- Packets --- */

static size_t make_frame(uint8_t *frame, uint8_t dscp)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 50,
					0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
					0, 1, 0, 2, 0, 30, 0, 0 };

	memset(frame, 0, FRAME);
	memcpy(frame, head, sizeof(head));
	frame[15] = (uint8_t)(dscp << 2);
	return FRAME;
}

/* Where a packet of this DSCP that comes in at 'port' goes to; 0: nowhere. */
static uint32_t send_dscp(uint32_t port, uint8_t dscp)
{
	uint8_t frame[FRAME];
	size_t len = make_frame(frame, dscp);

	harness_receive(port, frame, len);
	assert_true(h.n_out <= 1);
	return h.n_out ? h.out[0].port : 0;
}

/* How many of 'n' packets pass. */
static unsigned int pass(uint32_t port, unsigned int n)
{
	unsigned int passed = 0;

	while (n--)
		passed += send_dscp(port, 0) != 0;
	return passed;
}

/* --- Bands --- */

static void a_drop_band_lets_its_burst_pass_and_no_more(void **state)
{
	uint64_t dropped = drops(SKEP_DROP_METER), nowhere = drops(SKEP_DROP_NO_OUTPUT);
	struct meter_desc d;

	(void)state;
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 5), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(pass(1, 12), 5);
	assert_int_equal(drops(SKEP_DROP_METER), dropped + 7);
	assert_int_equal(drops(SKEP_DROP_NO_OUTPUT), nowhere);
	d = describe(1);
	assert_int_equal(d.n_packets, 12);
	assert_int_equal(d.n_bytes, 12 * FRAME);
	assert_int_equal(d.band_stats[0].n_packets, 7);
	assert_int_equal(d.band_stats[0].n_bytes, 7 * FRAME);
}

static void kilobits_are_of_the_frame_on_the_wire(void **state)
{
	(void)state;
	/* 1000 bytes: 15 frames of 64, and the next takes 24 bytes more than there are, which come in 192 ms. */
	assert_int_equal(drop_meter(1, METER_KBPS, 1, 8), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(pass(1, 16), 15);
}

static void a_meter_is_one_for_all_flows_that_name_it(void **state)
{
	(void)state;
	assert_int_equal(drop_meter(7, METER_PKTPS, 1, 4), 0);
	assert_int_equal(flow(1, 7, 3), 0);
	assert_int_equal(flow(2, 7, 3), 0);
	assert_int_equal(describe(7).flow_count, 2);
	assert_int_equal(pass(1, 3) + pass(2, 3), 4);
}

static void a_packet_of_more_than_the_burst_passes_and_is_owed_for(void **state)
{
	(void)state;
	/* 125 bytes of burst, and 8 ms a byte: two of 64 bytes owe for 3, and one of 64 alone is less than the burst. */
	assert_int_equal(drop_meter(1, METER_KBPS, 1, 1), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(send_dscp(1, 0), 2);
	{
		uint8_t frame[1000] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };

		/* The bucket is not full any more. */
		harness_receive(1, frame, sizeof(frame));
		assert_int_equal(h.n_out, 0);
		delete_meter(1);
		assert_int_equal(drop_meter(1, METER_KBPS, 1, 1), 0);
		assert_int_equal(flow(1, 1, 2), 0);
		harness_receive(1, frame, sizeof(frame));
		assert_int_equal(h.n_out, 1);
	}
	assert_int_equal(pass(1, 5), 0);
}

static void without_a_burst_it_is_what_the_rate_makes_in_250_ms(void **state)
{
	struct band band = { .type = BAND_DROP, .rate = 20, .burst_size = 3 };

	(void)state;
	assert_int_equal(meter(METER_ADD, 1, METER_PKTPS, 1, &band), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	/* The next is due in 50 ms. */
	assert_int_equal(pass(1, 5), 5);
	assert_in_range(pass(1, 20), 0, 15);
	assert_int_equal(describe(1).bands[0].burst_size, 3);
	assert_int_equal(describe(1).flags, METER_PKTPS);
}

/* Sorts by DSCP in table 1: port 2 for 'a', 3 for 'b', 4 for all else. */
static void sort_by_dscp(uint64_t a, uint64_t b)
{
	static const uint16_t prio[] = { 10, 10, 1 };
	uint64_t dscp[] = { a, b };

	for (unsigned int i = 0; i < 3; i++) {
		begin_flow(1, 1, 0, 2 + i);
		fm.priority = prio[i];
		if (i < 2) {
			match_set_u64(&fm.match, FIELD_ETH_TYPE, 0x0800);
			match_set_u64(&fm.match, FIELD_IP_DSCP, dscp[i]);
		}
		assert_int_equal(end_flow(), 0);
	}
}

static int flow_to_table_1(uint32_t meter_id)
{
	begin_flow(0, 1, meter_id, 0);
	fm.instructions.goto_table = 1;
	return end_flow();
}

static void remark_raises_the_drop_precedence_and_nothing_else(void **state)
{
	static const struct {
		uint8_t dscp, level, becomes;
	} cases[] = {
		{ 10, 1, 12 }, { 10, 2, 14 }, { 10, 9, 14 }, { 12, 1, 14 }, { 14, 1, 14 }, { 18, 1, 20 },
		{ 34, 1, 36 }, { 38, 3, 38 }, { 0, 1, 0 },   { 46, 1, 46 }, { 8, 1, 8 },   { 11, 1, 11 },
		{ 42, 1, 42 }, { 48, 1, 48 }, { 2, 1, 2 },   { 10, 0, 10 }, { 26, 255, 30 },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct band band = { BAND_DSCP_REMARK, 1, 1, cases[i].level };

		assert_int_equal(meter(METER_ADD, 1, METER_PKTPS | METER_BURST, 1, &band), 0);
		assert_int_equal(flow_to_table_1(1), 0);
		sort_by_dscp(cases[i].becomes, 63);
		assert_int_equal(send_dscp(1, cases[i].dscp), cases[i].dscp == cases[i].becomes ? 2 : 4);
		assert_int_equal(send_dscp(1, cases[i].dscp), 2);
		assert_int_equal(describe(1).band_stats[0].n_packets, 1);
		delete_meter(1);
		delete_flows();
	}
}

static void remark_passes_what_is_not_ip(void **state)
{
	struct band band = { BAND_DSCP_REMARK, 1, 1, 1 };
	uint8_t frame[FRAME] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };

	(void)state;
	assert_int_equal(meter(METER_ADD, 1, METER_PKTPS | METER_BURST, 1, &band), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	for (int i = 0; i < 3; i++) {
		harness_receive(1, frame, sizeof(frame));
		assert_int_equal(h.n_out, 1);
	}
	assert_int_equal(describe(1).band_stats[0].n_packets, 2);
}

static void of_the_bands_that_are_exceeded_the_highest_acts(void **state)
{
	/* In another order than that of their rates. */
	static const struct band bands[] = {
		{ BAND_DSCP_REMARK, 1, 2, 1 },
		{ BAND_DROP, 3, 8, 0 },
		{ BAND_DSCP_REMARK, 2, 4, 2 },
	};
	unsigned int n[5] = { 0 };
	struct meter_desc d;

	(void)state;
	assert_int_equal(meter(METER_ADD, 9, METER_PKTPS | METER_BURST, 3, bands), 0);
	assert_int_equal(flow_to_table_1(9), 0);
	sort_by_dscp(10, 12);
	/* 8 pass the drop band, 4 of them the second, 2 of these the lowest. */
	for (int i = 0; i < 12; i++)
		n[send_dscp(1, 10)]++;
	assert_int_equal(n[0], 4);
	assert_int_equal(n[4], 4); /* DSCP 14 */
	assert_int_equal(n[3], 2); /* 12 */
	assert_int_equal(n[2], 2);
	d = describe(9);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(d.bands[i].type, bands[i].type);
		assert_int_equal(d.bands[i].rate, bands[i].rate);
		assert_int_equal(d.bands[i].burst_size, bands[i].burst_size);
		assert_int_equal(d.bands[i].prec_level, bands[i].prec_level);
	}
	assert_int_equal(d.band_stats[0].n_packets, 2);
	assert_int_equal(d.band_stats[1].n_packets, 4);
	assert_int_equal(d.band_stats[2].n_packets, 4);
}

static void a_meter_without_bands_only_counts(void **state)
{
	(void)state;
	assert_int_equal(meter(METER_ADD, 1, METER_KBPS, 0, NULL), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(pass(1, 9), 9);
	assert_int_equal(describe(1).n_packets, 9);
}

static void the_meter_comes_before_the_actions_and_ends_the_packet(void **state)
{
	(void)state;
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 1), 0);
	begin_flow(0, 1, 1, 2);
	fm.instructions.has_write = true;
	fm.instructions.write.n = 1;
	fm.instructions.write.a[0] = (struct action){ .type = ACTION_OUTPUT, .output.port = 3 };
	fm.instructions.goto_table = 1;
	assert_int_equal(end_flow(), 0);
	begin_flow(1, 1, 0, 4);
	assert_int_equal(end_flow(), 0);
	{
		uint8_t frame[FRAME];
		size_t len = make_frame(frame, 0);

		harness_receive(1, frame, len);
		assert_int_equal(h.n_out, 3);
		harness_receive(1, frame, len);
		assert_int_equal(h.n_out, 0);
	}
}

static void what_was_sent_before_a_meter_drops_stays_sent(void **state)
{
	(void)state;
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 1), 0);
	begin_flow(0, 1, 0, 2);
	fm.instructions.goto_table = 1;
	assert_int_equal(end_flow(), 0);
	begin_flow(1, 1, 1, 0);
	assert_int_equal(end_flow(), 0);
	assert_int_equal(pass(1, 4), 4);
	assert_int_equal(describe(1).band_stats[0].n_packets, 3);
}

/* --- Virtual meters --- */

static void the_controller_meter_limits_packet_ins(void **state)
{
	uint64_t dropped = drops(SKEP_DROP_METER);
	uint8_t frame[FRAME];
	size_t len = make_frame(frame, 0);

	(void)state;
	assert_int_equal(drop_meter(METER_CONTROLLER, METER_PKTPS, 1, 3), 0);
	assert_int_equal(flow(1, 0, PORT_CONTROLLER), 0);
	assert_int_equal(flow(2, METER_CONTROLLER, 3), -ENXIO);
	for (int i = 0; i < 8; i++)
		harness_receive(1, frame, len);
	assert_int_equal(drops(SKEP_DROP_METER), dropped + 5);
	assert_int_equal(describe(METER_CONTROLLER).n_packets, 8);
	assert_int_equal(describe(METER_CONTROLLER).n_bytes, 8 * FRAME);
	delete_meter(METER_ALL);
	assert_int_equal(describe(METER_CONTROLLER).n_packets, 8);
	delete_meter(METER_CONTROLLER);
	for (int i = 0; i < 8; i++)
		harness_receive(1, frame, len);
	assert_int_equal(drops(SKEP_DROP_METER), dropped + 5);
}

static void the_slowpath_meter_limits_packet_outs(void **state)
{
	struct action_list actions = { .n = 1, .a[0] = { .type = ACTION_OUTPUT, .output.port = 2 } };
	unsigned int n = 0;
	uint8_t frame[FRAME];
	size_t len = make_frame(frame, 0);

	(void)state;
	assert_int_equal(drop_meter(METER_SLOWPATH, METER_PKTPS, 1, 4), 0);
	assert_int_equal(flow(1, 0, 2), 0);
	for (int i = 0; i < 9; i++) {
		harness_packet_out(1, &actions, frame, len);
		n += h.n_out;
	}
	assert_int_equal(n, 4);
	assert_int_equal(describe(METER_SLOWPATH).band_stats[0].n_packets, 5);
	assert_int_equal(describe(METER_SLOWPATH).n_bytes, 9 * FRAME);
	delete_meter(METER_SLOWPATH);
	harness_packet_out(1, &actions, frame, len);
	assert_int_equal(h.n_out, 1);
}

static unsigned int ip_csum(const uint8_t *ip)
{
	unsigned int sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (unsigned int)(ip[i] << 8 | ip[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void a_packet_in_is_remarked_as_the_programs_do(void **state)
{
	uint8_t frame[FRAME + 4], v6[60] = { [12] = 0x86, [13] = 0xdd, [14] = 0x62, [15] = 0x8b };
	unsigned int before;

	(void)state;
	make_frame(frame, 10);
	frame[15] |= 1; /* ECN stays */
	before = ip_csum(frame + 14);
	meter_remark(frame, FRAME, 1);
	assert_int_equal(frame[15], 12 << 2 | 1);
	assert_int_equal(ip_csum(frame + 14), before);
	meter_remark(frame, FRAME, 200);
	assert_int_equal(frame[15], 14 << 2 | 1);
	/* Behind two tags. */
	memmove(frame + 20, frame + 12, FRAME - 16);
	memcpy(frame + 12, "\x88\xa8\0\1\x81\0\0\2", 8);
	frame[23] = 18 << 2;
	meter_remark(frame, FRAME + 4, 1);
	assert_int_equal(frame[23], 20 << 2);
	/* 0x628b: version 6, class 0x28 (DSCP 10), flow label 0xb... */
	meter_remark(v6, sizeof(v6), 1);
	assert_int_equal(v6[14], 0x63);
	assert_int_equal(v6[15], 0x0b);
	meter_remark(v6, 30, 1); /* too short to be looked at */
	assert_int_equal(v6[14], 0x63);
}

/* --- Meters come and go --- */

static void a_flow_that_names_no_meter_is_refused(void **state)
{
	(void)state;
	assert_int_equal(flow(1, 1, 2), -ENXIO);
	assert_int_equal(count_flows(), 0);
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 1), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(flow(1, 2, 2), -ENXIO);
	assert_int_equal(describe(1).flow_count, 1);
	begin_flow(0, 1, 2, 2);
	fm.command = FLOW_MODIFY;
	assert_int_equal(end_flow(), -ENXIO);
	assert_int_equal(pass(1, 3), 1);
}

static void adding_twice_and_modifying_none_are_refused(void **state)
{
	struct band band = { BAND_DROP, 1, 1, 0 };

	(void)state;
	assert_int_equal(meter(METER_MODIFY, 1, METER_KBPS, 1, &band), -ENOENT);
	assert_int_equal(meter(METER_ADD, 1, METER_KBPS, 1, &band), 0);
	assert_int_equal(meter(METER_ADD, 1, METER_KBPS, 1, &band), -EEXIST);
	band.rate = 0;
	assert_int_equal(meter(METER_ADD, 2, METER_KBPS, 1, &band), -EINVAL);
	assert_int_equal(meter(METER_ADD, 0, METER_KBPS, 0, NULL), -EINVAL);
	assert_int_equal(meter(METER_ADD, METER_ALL, METER_KBPS, 0, NULL), -EINVAL);
	delete_meter(2);
}

static void deleting_a_meter_deletes_the_flows_that_name_it(void **state)
{
	(void)state;
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 1), 0);
	assert_int_equal(drop_meter(2, METER_PKTPS, 1, 1), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(flow(2, 2, 3), 0);
	assert_int_equal(flow(3, 0, 4), 0);
	delete_meter(1);
	assert_int_equal(count_flows(), 2);
	assert_int_equal(send_dscp(1, 0), 0);
	assert_int_equal(send_dscp(2, 0), 3);
	assert_int_equal(describe(2).flow_count, 1);
	delete_meter(METER_ALL);
	assert_int_equal(count_flows(), 1);
	assert_int_equal(send_dscp(3, 0), 4);
}

static void flows_are_counted_as_they_come_and_go(void **state)
{
	(void)state;
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 1), 0);
	assert_int_equal(drop_meter(2, METER_PKTPS, 1, 1), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(flow(1, 2, 2), 0); /* replaces it */
	assert_int_equal(describe(1).flow_count, 0);
	assert_int_equal(describe(2).flow_count, 1);
	begin_flow(0, 1, 1, 3);
	fm.command = FLOW_MODIFY_STRICT;
	assert_int_equal(end_flow(), 0);
	assert_int_equal(describe(1).flow_count, 1);
	assert_int_equal(describe(2).flow_count, 0);
	begin_flow(0, 1, 0, 0);
	fm.command = FLOW_DELETE;
	assert_int_equal(end_flow(), 0);
	assert_int_equal(describe(1).flow_count, 0);
}

static void a_flow_says_its_meter(void **state)
{
	struct dp_cursor cursor = { 0 };
	struct flow_desc desc;

	(void)state;
	assert_int_equal(drop_meter(0xffff, METER_PKTPS, 1, 1), 0);
	assert_int_equal(flow(1, 0xffff, 2), 0);
	assert_true(dp_flow_next(h.dp, h.bridge, NULL, &cursor, &desc));
	assert_true(desc.instructions.has_meter);
	assert_int_equal(desc.instructions.meter_id, 0xffff);
	assert_int_equal(desc.instructions.apply.n, 1);
}

static void a_modified_meter_goes_on_with_its_flows(void **state)
{
	struct band band = { BAND_DROP, 1, 3, 0 };
	struct meter_desc d;

	(void)state;
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 1), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(pass(1, 5), 1);
	assert_int_equal(meter(METER_MODIFY, 1, METER_PKTPS | METER_BURST, 1, &band), 0);
	assert_int_equal(pass(1, 5), 3);
	d = describe(1);
	assert_int_equal(d.flow_count, 1);
	assert_int_equal(d.n_packets, 10);
	assert_int_equal(d.band_stats[0].n_packets, 2); /* of the new band */
}

static void bridges_have_meters_of_their_own(void **state)
{
	struct meter_mod mm = { .command = METER_ADD, .meter_id = 1, .flags = METER_KBPS };
	struct meter_desc d;
	uint32_t other;

	(void)state;
	assert_int_equal(dp_bridge_add(h.dp, "other", &other), 0);
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 1), 0);
	assert_int_equal(dp_meter_mod(h.dp, other, &mm), 0);
	delete_meter(METER_ALL);
	assert_false(dp_meter_next(h.dp, h.bridge, 0, &d));
	assert_true(dp_meter_next(h.dp, other, 0, &d));
	dp_bridge_del(h.dp, other);
	assert_int_equal(dp_bridge_add(h.dp, "other", &other), 0);
	assert_false(dp_meter_next(h.dp, other, 0, &d));
	dp_bridge_del(h.dp, other);
}

static void meters_are_told_in_the_order_of_their_numbers(void **state)
{
	static const uint32_t ids[] = { 700, 3, METER_MAX, 1, 65536 };
	static const uint32_t sorted[] = { 1, 3, 700, 65536, METER_MAX };
	struct meter_desc d = { .meter_id = 0 };
	uint32_t next = 0;

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(drop_meter(ids[i], METER_PKTPS, 1, 1), 0);
	for (unsigned int i = 0; i < 5; i++, next = d.meter_id + 1) {
		assert_true(dp_meter_next(h.dp, h.bridge, next, &d));
		assert_int_equal(d.meter_id, sorted[i]);
	}
	assert_false(dp_meter_next(h.dp, h.bridge, next, &d));
}

/* --- Growth, restarts --- */

static void meters_keep_what_they_counted_when_more_come(void **state)
{
	struct meter_desc d;
	unsigned int n;

	(void)state;
	assert_int_equal(drop_meter(1, METER_PKTPS, 1, 2), 0);
	assert_int_equal(flow(1, 1, 2), 0);
	assert_int_equal(pass(1, 5), 2);
	n = h.dp->n_grown;
	for (uint32_t id = 2; id <= 2000; id++)
		assert_int_equal(drop_meter(id, METER_PKTPS, id, 2), 0);
	assert_true(h.dp->n_grown > n);
	d = describe(1);
	assert_int_equal(d.n_packets, 5);
	assert_int_equal(d.band_stats[0].n_packets, 3);
	assert_int_equal(flow(2, 2000, 3), 0);
	assert_int_equal(pass(2, 2), 2);
	assert_int_equal(describe(2000).n_packets, 2);
	assert_in_range(pass(1, 3), 0, 2); /* growing takes time */
	assert_int_equal(describe(1).n_packets, 8);
	delete_meter(METER_ALL);
	assert_false(dp_meter_next(h.dp, h.bridge, 0, &d));
	assert_int_equal(count_flows(), 0);
}

static void a_restart_keeps_meters_their_levels_and_counters(void **state)
{
	struct meter_desc d;

	(void)state;
	assert_int_equal(drop_meter(5, METER_PKTPS, 1, 50), 0);
	assert_int_equal(drop_meter(6, METER_PKTPS, 1, 1), 0);
	assert_int_equal(drop_meter(7, METER_PKTPS, 1, 7), 0);
	assert_int_equal(drop_meter(METER_CONTROLLER, METER_PKTPS, 1, 1), 0);
	delete_meter(6);
	assert_int_equal(flow(1, 5, 2), 0);
	assert_int_equal(pass(1, 55), 50);
	if (!harness_restart())
		return; /* in this process nothing stays */
	d = describe(5);
	assert_int_equal(d.n_packets, 55);
	assert_int_equal(d.band_stats[0].n_packets, 5);
	assert_int_equal(d.flow_count, 1);
	assert_int_equal(d.bands[0].burst_size, 50);
	/* The burst is spent; the rate has made some in the time that the restart took. */
	assert_in_range(pass(1, 60), 0, 20);
	assert_int_equal(describe(7).bands[0].burst_size, 7);
	assert_int_equal(describe(METER_CONTROLLER).n_bands, 1);
	assert_int_equal(BRIDGE(h.dp, h.bridge)->ctl_meter,
			 meter_find(h.dp, h.bridge, METER_CONTROLLER));
	/* The places that were free are, and the others not. */
	assert_int_equal(drop_meter(6, METER_PKTPS, 1, 1), 0);
	assert_int_equal(describe(7).bands[0].burst_size, 7);
	assert_int_equal(describe(5).bands[0].burst_size, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_drop_band_lets_its_burst_pass_and_no_more),
		TEST(kilobits_are_of_the_frame_on_the_wire),
		TEST(a_meter_is_one_for_all_flows_that_name_it),
		TEST(a_packet_of_more_than_the_burst_passes_and_is_owed_for),
		TEST(without_a_burst_it_is_what_the_rate_makes_in_250_ms),
		TEST(remark_raises_the_drop_precedence_and_nothing_else),
		TEST(remark_passes_what_is_not_ip),
		TEST(of_the_bands_that_are_exceeded_the_highest_acts),
		TEST(a_meter_without_bands_only_counts),
		TEST(the_meter_comes_before_the_actions_and_ends_the_packet),
		TEST(what_was_sent_before_a_meter_drops_stays_sent),
		TEST(the_controller_meter_limits_packet_ins),
		TEST(the_slowpath_meter_limits_packet_outs),
		TEST(a_packet_in_is_remarked_as_the_programs_do),
		TEST(a_flow_that_names_no_meter_is_refused),
		TEST(adding_twice_and_modifying_none_are_refused),
		TEST(deleting_a_meter_deletes_the_flows_that_name_it),
		TEST(flows_are_counted_as_they_come_and_go),
		TEST(a_flow_says_its_meter),
		TEST(a_modified_meter_goes_on_with_its_flows),
		TEST(bridges_have_meters_of_their_own),
		TEST(meters_are_told_in_the_order_of_their_numbers),
		TEST(meters_keep_what_they_counted_when_more_come),
		TEST(a_restart_keeps_meters_their_levels_and_counters),
	};
	int ret;

	if (!harness_start())
		return 77;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	harness_stop();
	return ret;
}
