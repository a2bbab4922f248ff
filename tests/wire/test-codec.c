// SPDX-License-Identifier: Apache-2.0
/*
 * The OpenFlow codecs: golden bytes of every message (golden.txt), replies in many messages, and
 * random flow-mods there and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ofchan/action.h"
#include "ofchan/match.h"
#include "tests/wire/codec_util.h"
#include "tests/wire/reencode.h"

/* Golden bytes. */

static void assert_field(const struct match *m, enum field_id id, uint64_t value, uint64_t mask)
{
	assert_true(match_has(m, id));
	assert_int_equal(field_value_to_u64(id, &m->value[id]), value);
	assert_int_equal(field_value_to_u64(id, &m->mask[id]), mask);
}

static void test_every_type_has_a_golden_message(void **state)
{
	(void)state;
	for (unsigned int type = 0; type < OFPT_N_TYPES; type++) {
		bool is_there = false;

		for (size_t i = 0; i < n_goldens; i++)
			is_there |= goldens[i].data[1] == type;
		if (!is_there)
			fail_msg("none for %s", ofp_type_name((uint8_t)type));
	}
}

static void test_golden_messages_decode_and_encode_to_the_same_bytes(void **state)
{
	static const char *const not_kept[] = { "mp_flow_reply_more" };

	(void)state;
	for (size_t i = 0; i < n_goldens; i++) {
		const struct golden *g = &goldens[i];
		struct buf out = BUF_INIT;
		bool is_kept = true;

		for (size_t j = 0; j < sizeof(not_kept) / sizeof(not_kept[0]); j++)
			is_kept &= strcmp(g->name, not_kept[j]) != 0;
		assert_err(ofmsg_decode(&msg, g->dir, g->data, g->len), OFP_OK, g->name);
		assert_int_equal(reencode(&out, &msg), is_kept);
		if (is_kept && (out.len != g->len || memcmp(out.data, g->data, g->len)))
			fail_msg("%s changed", g->name);
		buf_uninit(&out);
	}
}

static void test_the_features_of_meters_are_as_golden(void **state)
{
	const struct golden *g = golden("mp_meter_features_reply");
	struct of_meter_features f;
	struct buf out = BUF_INIT;

	(void)state;
	of_meter_features_init(&f, 65536);
	of_meter_features_encode(&out, XID, &f);
	assert_int_equal(out.len, g->len);
	assert_memory_equal(out.data, g->data, g->len);
	buf_uninit(&out);
}

static void test_symmetric_messages_mean_what_they_say(void **state)
{
	const struct ofmsg *m;

	(void)state;
	m = decode_golden("hello");
	assert_true(m->hello.has_bitmap);
	assert_int_equal(m->hello.versions, 1 << 4);
	assert_false(decode_golden("hello_bare")->hello.has_bitmap);
	m = decode_golden("error");
	assert_int_equal(m->error.err, OFPBMC_BAD_PREREQ);
	assert_string_equal(ofp_err_name(m->error.err), "OFPBMC_BAD_PREREQ");
	assert_int_equal(m->error.data_len, strlen("offending bytes"));
	m = decode_golden("error_experimenter");
	assert_int_equal(m->error.err, OFPBIC_DUP_INST);
	assert_int_equal(m->error.experimenter, 0x4f4e4600);
	assert_string_equal(ofp_err_name(m->error.err), "OFPBIC_DUP_INST");
	m = decode_golden("echo_request");
	assert_memory_equal(m->echo.data, "ping", 4);
	m = decode_golden("role_request");
	assert_int_equal(m->role.role, OFPCR_ROLE_MASTER);
	assert_int_equal(m->role.generation_id, 7);
	m = decode_golden("set_async");
	assert_int_equal(m->async.packet_in[1], 2);
	assert_int_equal(m->async.flow_removed[0], 5);
}

static void test_a_flow_mod_means_what_it_says(void **state)
{
	const struct flow_mod *fm = &decode_golden("flow_mod_tcp")->flow_mod;
	const struct match *m = &fm->match;

	(void)state;
	assert_int_equal(fm->cookie, 0xabcdef);
	assert_int_equal(fm->command, FLOW_ADD);
	assert_int_equal(fm->idle_timeout, 10);
	assert_int_equal(fm->hard_timeout, 20);
	assert_int_equal(fm->priority, 100);
	assert_int_equal(fm->flags, FLOW_SEND_FLOW_REM);
	assert_int_equal(__builtin_popcountll(m->present), 7);
	assert_field(m, FIELD_IN_PORT, 1, 0xffffffff);
	assert_field(m, FIELD_ETH_TYPE, 0x0800, 0xffff);
	assert_field(m, FIELD_IPV4_SRC, 0x0a000000, 0xff000000);
	assert_field(m, FIELD_IPV4_DST, 0x0a010203, 0xffffffff);
	assert_field(m, FIELD_TCP_DST, 80, 0xffff);
	assert_true(fm->instructions.has_apply);
	assert_false(fm->instructions.has_write);
	assert_int_equal(fm->instructions.goto_table, TABLE_NONE);
	assert_int_equal(fm->instructions.apply.n, 1);
	assert_int_equal(fm->instructions.apply.a[0].type, ACTION_OUTPUT);
	assert_int_equal(fm->instructions.apply.a[0].output.port, 2);
}

static void test_every_instruction_is_decoded(void **state)
{
	const struct instructions *in =
		&decode_golden("flow_mod_all_instructions")->flow_mod.instructions;

	(void)state;
	assert_true(in->has_apply && in->has_clear && in->has_write && in->has_metadata);
	assert_int_equal(in->apply.n, 3);
	assert_int_equal(in->apply.a[0].type, ACTION_DEC_NW_TTL);
	assert_int_equal(in->apply.a[1].ttl, 64);
	assert_int_equal(in->apply.a[2].set_field.field, FIELD_IPV6_DST);
	assert_int_equal(in->write.n, 2);
	assert_int_equal(in->write.a[0].set_field.field, FIELD_ETH_DST);
	assert_int_equal(in->write.a[0].set_field.value.b[5], 9);
	assert_int_equal(in->metadata, 0x5500);
	assert_int_equal(in->metadata_mask, 0xff00);
	assert_int_equal(in->goto_table, 9);
}

static void test_requests_and_packets_mean_what_they_say(void **state)
{
	const struct ofmsg *m;

	(void)state;
	m = decode_golden("mp_flow_filter");
	assert_int_equal(m->mp.type, OFPMP_FLOW);
	assert_int_equal(m->mp.flow.table_id, 2);
	assert_int_equal(m->mp.flow.out_port, 3);
	assert_int_equal(m->mp.flow.cookie_mask, 0xf0);
	assert_true(match_has(&m->mp.flow.match, FIELD_TCP_SRC));
	assert_int_equal(decode_golden("mp_port_stats")->mp.port_no, PORT_ANY);
	assert_int_equal(decode_golden("mp_queue")->mp.queue.queue_id, OFPQ_ALL);
	assert_int_equal(decode_golden("mp_group")->mp.group_id, OFPG_ALL);
	assert_int_equal(decode_golden("mp_meter")->mp.meter_id, OFPM_ALL);
	m = decode_golden("packet_out");
	assert_int_equal(m->packet_out.in_port, PORT_CONTROLLER);
	assert_int_equal(m->packet_out.actions.n, 2);
	assert_int_equal(m->packet_out.actions.a[0].output.port, PORT_TABLE);
	assert_int_equal(m->packet_out.data_len, 21);
	m = decode_golden("packet_in");
	assert_int_equal(m->packet_in.in_port, 5);
	assert_int_equal(m->packet_in.metadata, 0x77);
	assert_int_equal(m->packet_in.total_len, 1400);
	assert_int_equal(m->packet_in.data_len, 21);
	m = decode_golden("flow_removed");
	assert_int_equal(m->flow_removed.duration_ns, 12000000500);
	assert_int_equal(m->flow_removed.reason, FLOW_REMOVED_HARD_TIMEOUT);
	m = decode_golden("port_mod");
	assert_int_equal(m->port_mod.config, OFPPC_PORT_DOWN);
	assert_int_equal(m->port_mod.mask, OFPPC_PORT_DOWN | OFPPC_NO_FWD);
}

static void test_meter_mods_mean_what_they_say(void **state)
{
	const struct meter_mod *mm = &decode_golden("meter_mod_modify")->meter_mod;

	(void)state;
	assert_int_equal(mm->command, METER_MODIFY);
	assert_int_equal(mm->flags, METER_PKTPS | METER_BURST | METER_STATS);
	assert_int_equal(mm->meter_id, METER_CONTROLLER);
	assert_int_equal(mm->n_bands, 2);
	assert_int_equal(mm->bands[0].type, BAND_DSCP_REMARK);
	assert_int_equal(mm->bands[0].rate, 100);
	assert_int_equal(mm->bands[0].burst_size, 10);
	assert_int_equal(mm->bands[0].prec_level, 2);
	assert_int_equal(mm->bands[1].type, BAND_DROP);
	assert_int_equal(mm->bands[1].rate, 200);
}

static void test_meters_are_read_from_replies(void **state)
{
	struct mp_iter it;
	struct meter_desc meter;

	(void)state;
	mp_iter_init(&it, &decode_golden("mp_meter_reply")->mp);
	assert_true(of_meter_stats_next(&it, &meter));
	assert_int_equal(meter.meter_id, 3);
	assert_int_equal(meter.flow_count, 2);
	assert_int_equal(meter.n_bytes, 3000);
	assert_int_equal(meter.duration_ns, 9000000010);
	assert_int_equal(meter.n_bands, 2);
	assert_int_equal(meter.band_stats[1].n_bytes, 2000);
	assert_true(of_meter_stats_next(&it, &meter));
	assert_int_equal(meter.n_bands, 0);
	assert_false(of_meter_stats_next(&it, &meter));
	assert_int_equal(it.err, OFP_OK);
	mp_iter_init(&it, &decode_golden("mp_meter_config_reply")->mp);
	assert_true(of_meter_config_next(&it, &meter));
	assert_int_equal(meter.flags, METER_KBPS | METER_BURST | METER_STATS);
	assert_int_equal(meter.bands[0].type, BAND_DROP);
	assert_int_equal(meter.bands[1].prec_level, 1);
	assert_true(of_meter_config_next(&it, &meter));
	assert_false(of_meter_config_next(&it, &meter));
	assert_int_equal(it.err, OFP_OK);
}

static void test_queues_are_read_from_replies(void **state)
{
	struct of_queue_stats stats;
	struct of_queue queue;
	struct mp_iter it;

	(void)state;
	decode_golden("queue_get_config_reply");
	assert_int_equal(msg.queue_config.port_no, 2);
	of_queue_config_iter_init(&it, &msg.queue_config);
	assert_true(of_queue_config_next(&it, &queue));
	assert_int_equal(queue.port_no, 2);
	assert_int_equal(queue.queue_id, 5);
	assert_int_equal(queue.min_rate, 100);
	assert_int_equal(queue.max_rate, 1000);
	assert_true(of_queue_config_next(&it, &queue));
	assert_int_equal(queue.queue_id, 6);
	assert_int_equal(queue.min_rate, OF_QUEUE_RATE_NONE);
	assert_int_equal(queue.max_rate, OF_QUEUE_RATE_NONE);
	assert_false(of_queue_config_next(&it, &queue));
	assert_int_equal(it.err, OFP_OK);
	mp_iter_init(&it, &decode_golden("mp_queue_reply")->mp);
	assert_true(of_queue_stats_next(&it, &stats));
	assert_int_equal(stats.queue_id, 5);
	assert_int_equal(stats.tx_bytes, 1000);
	assert_int_equal(stats.tx_packets, 10);
	assert_int_equal(stats.tx_errors, 1);
	assert_int_equal(stats.duration_ns, 3000000004);
	assert_false(of_queue_stats_next(&it, &stats));
	assert_int_equal(it.err, OFP_OK);
}

/* A queue whose length is wrong ends the walk, and nothing beyond the message is read. */
static void test_a_damaged_queue_is_an_error(void **state)
{
	static const struct {
		const char *what;
		uint8_t queue[32];
		size_t len;
	} cases[] = {
		{ "cut short", { 0, 0, 0, 5, 0, 0, 0, 2, 0, 16 }, 8 },
		{ "too short a length", { 0, 0, 0, 5, 0, 0, 0, 2, 0, 8 }, 16 },
		{ "a length beyond the message", { 0, 0, 0, 5, 0, 0, 0, 2, 0, 32 }, 16 },
		{ "an odd length", { 0, 0, 0, 5, 0, 0, 0, 2, 0, 17 }, 24 },
		{ "a property of no length", { 0, 0, 0, 5, 0, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0 }, 32 },
		{ "a property beyond the queue", { 0, 0, 0, 5, 0, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 1, 0, 24 }, 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct of_queue_config qc = { .queues = cases[i].queue, .queues_len = cases[i].len };
		struct of_queue queue;
		struct mp_iter it;

		of_queue_config_iter_init(&it, &qc);
		if (of_queue_config_next(&it, &queue))
			fail_msg("%s: accepted", cases[i].what);
		assert_int_equal(it.err, OFPBRC_BAD_LEN);
	}
}

static void test_a_full_queue_reply_takes_no_more(void **state)
{
	const struct of_queue queue = { .port_no = 1, .queue_id = 1, .min_rate = 10, .max_rate = 20 };
	struct buf b = BUF_INIT;
	size_t start = of_queue_config_begin(&b, XID, PORT_ANY);
	unsigned int n = 0;

	(void)state;
	while (of_queue_config_put(&b, start, &queue))
		n++;
	assert_int_equal(n, (65535 - 16) / 48);
	ofmsg_end(&b, start);
	assert_false(buf_failed(&b));
	assert_int_equal(b.data[2] << 8 | b.data[3], 16 + 48 * n);
	buf_uninit(&b);
}

/* Replies in many messages. */

static void fill_flow(struct flow_desc *flow, unsigned int i)
{
	*flow = (struct flow_desc){ .table_id = (uint8_t)(i % 254),
				    .priority = (uint16_t)i,
				    .cookie = i };
	match_init(&flow->match);
	match_set_u64(&flow->match, FIELD_IN_PORT, i + 1);
	instructions_init(&flow->instructions);
	flow->instructions.has_apply = true;
	/* Of various sizes, so that messages end at various places. */
	flow->instructions.apply.n = i % 7;
	for (unsigned int j = 0; j < i % 7; j++) {
		flow->instructions.apply.a[j].type = ACTION_OUTPUT;
		flow->instructions.apply.a[j].output.port = j + 1;
		flow->instructions.apply.a[j].output.max_len = 0;
	}
}

/* Reads messages of flows from 'p', of which the first is flow number '*n'; returns whether the
 * last has more to come. */
static bool read_flows(const uint8_t *p, size_t len, unsigned int *n)
{
	static struct flow_desc flow;
	bool more = true;

	while (len) {
		size_t msg_len = (size_t)(p[2] << 8 | p[3]);
		struct mp_iter it;

		assert_true(more);
		assert_true(msg_len <= len);
		assert_int_equal(ofmsg_decode(&msg, OFMSG_TO_CONTROLLER, p, msg_len), OFP_OK);
		assert_int_equal(msg.xid, XID);
		mp_iter_init(&it, &msg.mp);
		while (of_flow_stats_next(&it, &flow)) {
			assert_int_equal(flow.cookie, *n);
			assert_int_equal(flow.instructions.apply.n, *n % 7);
			++*n;
		}
		assert_int_equal(it.err, OFP_OK);
		more = msg.mp.more;
		p += msg_len;
		len -= msg_len;
	}
	return more;
}

static void test_a_long_reply_splits_itself(void **state)
{
	static struct flow_desc flow;
	struct buf b = BUF_INIT;
	struct mp_writer w;
	unsigned int n = 0;

	(void)state;
	mp_start(&w, &b, OFPMP_FLOW, XID);
	for (unsigned int i = 0; i < 5000; i++) {
		fill_flow(&flow, i);
		of_flow_stats_put(&w, &flow);
	}
	mp_finish(&w);
	assert_true(b.len > 3 * OFP_MAX_LENGTH);
	assert_false(read_flows(b.data, b.len, &n));
	assert_int_equal(n, 5000);
	buf_uninit(&b);
}

static void test_a_long_reply_can_be_sent_while_it_is_written(void **state)
{
	static struct flow_desc flow;
	struct buf b = BUF_INIT;
	struct mp_writer w;
	unsigned int n = 0;

	(void)state;
	mp_start(&w, &b, OFPMP_FLOW, XID);
	for (unsigned int i = 0; i < 5000; i++) {
		fill_flow(&flow, i);
		of_flow_stats_put(&w, &flow);
		if (mp_complete(&w)) {
			assert_true(read_flows(b.data, mp_complete(&w), &n));
			mp_drop_complete(&w);
			assert_int_equal(mp_complete(&w), 0);
		}
	}
	mp_finish(&w);
	assert_true(b.len <= OFP_MAX_LENGTH);
	assert_false(read_flows(b.data, b.len, &n));
	assert_int_equal(n, 5000);
	buf_uninit(&b);
}

static void test_an_empty_reply_is_one_message(void **state)
{
	struct buf b = BUF_INIT;
	struct mp_writer w;
	unsigned int n = 0;

	(void)state;
	mp_start(&w, &b, OFPMP_FLOW, XID);
	mp_finish(&w);
	assert_int_equal(b.len, 16);
	assert_false(read_flows(b.data, b.len, &n));
	assert_int_equal(n, 0);
	buf_uninit(&b);
}

static void test_table_features_say_what_the_decoder_takes(void **state)
{
	struct of_table_features tf, got;
	struct buf b = BUF_INIT;
	struct mp_writer w;
	struct mp_iter it;

	(void)state;
	for (unsigned int t = 0; t < N_TABLES; t++) {
		of_table_features_init(&tf, (uint8_t)t, 1000);
		buf_reset(&b);
		mp_start(&w, &b, OFPMP_TABLE_FEATURES, XID);
		of_table_features_put(&w, &tf);
		mp_finish(&w);
		assert_int_equal(ofmsg_decode(&msg, OFMSG_TO_CONTROLLER, b.data, b.len), OFP_OK);
		mp_iter_init(&it, &msg.mp);
		assert_true(of_table_features_next(&it, &got));
		assert_memory_equal(&tf, &got, sizeof(tf));
		assert_false(of_table_features_next(&it, &got));
		assert_int_equal(it.err, OFP_OK);
	}
	assert_false(tf.instructions & 1 << OFPIT_GOTO_TABLE);
	assert_true(tf.instructions & 1 << OFPIT_APPLY_ACTIONS);
	assert_true(tf.apply_actions & 1 << OFPAT_SET_FIELD);
	assert_true(tf.apply_actions & 1 << OFPAT_GROUP);
	buf_uninit(&b);
}

static void test_a_short_option_is_the_low_end_of_its_field(void **state)
{
	/* Values of 2 bytes: without a mask, with one that is all ones, and with another. */
	static const struct {
		uint8_t oxms[8];
		uint8_t len;
		uint64_t mask;
	} cases[] = {
		{ { 0, 1, 0x50, 2, 0x12, 0x00 }, 6, UINT64_MAX },
		{ { 0, 1, 0x51, 4, 0x12, 0x00, 0xff, 0xff }, 8, UINT64_MAX },
		{ { 0, 1, 0x51, 4, 0x12, 0x00, 0xff, 0x00 }, 8, 0xff00 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t match[16] = { 0, 1, 0, (uint8_t)(4 + cases[i].len) };
		struct match m;
		size_t size;

		memcpy(match + 4, cases[i].oxms, cases[i].len);
		assert_int_equal(of_match_decode(&m, match, sizeof(match), &size), OFP_OK);
		assert_field(&m, FIELD_TUN_METADATA0, 0x1200, cases[i].mask);
	}
}

static void test_tables_of_options_mean_what_they_say(void **state)
{
	const struct of_experimenter *e = &decode_golden("nx_tlv_table_mod")->experimenter;

	(void)state;
	assert_int_equal(e->exp_type, NXT_TLV_TABLE_MOD);
	assert_int_equal(e->tlv_mod.command, TLV_ADD);
	assert_int_equal(e->tlv_mod.n, 2);
	assert_int_equal(e->tlv_mod.map[0].option_class, 0xffff);
	assert_int_equal(e->tlv_mod.map[1].option_type, 0x80);
	assert_int_equal(e->tlv_mod.map[1].option_len, 8);
	assert_int_equal(e->tlv_mod.map[1].index, 7);
	e = &decode_golden("nx_tlv_table_reply")->experimenter;
	assert_int_equal(e->exp_type, NXT_TLV_TABLE_REPLY);
	assert_int_equal(e->tlv_table.max_option_space, 64);
	assert_int_equal(e->tlv_table.max_fields, 8);
	assert_int_equal(e->tlv_table.n, 1);
	assert_int_equal(e->tlv_table.map[0].option_class, 0x102);
}

static void test_tunnel_fields_are_spoken_as_open_vswitch_does(void **state)
{
	static const struct {
		enum field_id id;
		uint64_t value;
		const char *hex;
	} cases[] = {
		{ FIELD_TUNNEL_ID, 0x64, "80004c080000000000000064" },
		{ FIELD_TUN_SRC, 0xc0000201, "00013e04c0000201" },
		{ FIELD_TUN_DST, 0xc0000202, "00014004c0000202" },
		{ FIELD_TUN_FLAGS, FIELD_TUN_FLAGS_OAM, "0001d0020001" },
		{ FIELD_TUN_TOS, 0x10, "ffff0205736b657010" },
		{ FIELD_TUN_TTL, 64, "ffff0405736b657040" },
		{ FIELD_TUN_METADATA7, 64, "00015e080000000000000040" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct field_value v = field_value_from_u64(cases[i].id, cases[i].value);
		struct buf b = BUF_INIT;
		char hex[64] = "";

		of_oxm_encode(&b, cases[i].id, &v, NULL);
		for (size_t k = 0; k < b.len; k++)
			snprintf(hex + 2 * k, sizeof(hex) - 2 * k, "%02x", b.data[k]);
		assert_string_equal(hex, cases[i].hex);
		buf_uninit(&b);
	}
}

/* Random flow-mods. */

static struct field_value random_value(enum field_id id)
{
	struct field_value v = { { 0 } }, width = field_exact_mask(id);

	for (unsigned int i = 0; i < field_table[id].n_bytes; i++)
		v.b[i] = (uint8_t)rng() & width.b[i];
	if (id == FIELD_TUN_FLAGS)
		v = field_value_from_u64(id, v.b[1] & FIELD_TUN_FLAGS_ALL);
	return v;
}

/* A match that the specification allows: prerequisites chosen first, then fields that they admit.
 */
static void random_match(struct match *m)
{
	static const uint16_t eth_types[] = { 0x0800, 0x86dd, 0x0806, 0x1234 };
	static const uint8_t protos[] = { 6, 17, 132, 1, 58, 99 };

	match_init(m);
	if (rng() % 4)
		match_set_u64(m, FIELD_ETH_TYPE, eth_types[rng() % 4]);
	if (rng() % 2)
		match_set_u64(m, FIELD_VLAN_VID, OFPVID_PRESENT | rng() % 4096);
	if (match_prereq_ok(m, FIELD_IP_PROTO) && rng() % 4)
		match_set_u64(m, FIELD_IP_PROTO, protos[rng() % 6]);
	if (match_prereq_ok(m, FIELD_ICMPV6_TYPE) && rng() % 4)
		match_set_u64(m, FIELD_ICMPV6_TYPE, 134 + rng() % 3);
	for (unsigned int id = 0; id < N_FIELD_IDS; id++) {
		struct field_value value, mask;

		if (!field_is_known(id) || match_has(m, id) || id == FIELD_VLAN_VID ||
		    !match_prereq_ok(m, id) || rng() % 2)
			continue;
		value = random_value(id);
		mask = random_value(id);
		match_set(m, id, &value, field_table[id].is_maskable && rng() % 2 ? &mask : NULL);
	}
}

static void random_actions(struct action_list *list, const struct match *m)
{
	unsigned int n = (unsigned int)(rng() % 10);

	for (list->n = 0; list->n < n; list->n++) {
		struct action *a = &list->a[list->n];

		*a = (struct action){ .type = (enum action_type)(rng() % ACTION_COPY_TTL_OUT) };
		if (a->type == ACTION_SET_FIELD) {
			do
				a->set_field.field = (enum field_id)(rng() % N_FIELD_IDS);
			while (!field_is_known(a->set_field.field) ||
			       !field_table[a->set_field.field].is_settable ||
			       a->set_field.field == FIELD_ETH_TYPE ||
			       a->set_field.field == FIELD_IP_PROTO ||
			       a->set_field.field == FIELD_ICMPV6_TYPE ||
			       a->set_field.field == FIELD_VLAN_VID ||
			       a->set_field.field == FIELD_VLAN_PCP ||
			       !match_prereq_ok(m, a->set_field.field));
			a->set_field.value = random_value(a->set_field.field);
		} else if (a->type == ACTION_OUTPUT) {
			a->output.port =
				rng() % 2 ? PORT_CONTROLLER : 1 + (uint32_t)(rng() % PORT_NO_MAX);
			a->output.max_len = (uint16_t)rng();
		} else if (a->type == ACTION_PUSH_VLAN) {
			a->ethertype = rng() % 2 ? 0x8100 : 0x88a8;
		} else if (a->type == ACTION_SET_NW_TTL) {
			a->ttl = (uint8_t)rng();
		}
	}
}

static void random_flow_mod(struct flow_mod *fm)
{
	struct instructions *in = &fm->instructions;

	*fm = (struct flow_mod){
		.command = FLOW_ADD,
		.cookie = rng(),
		.table_id = (uint8_t)(rng() % 200),
		.idle_timeout = (uint16_t)rng(),
		.hard_timeout = (uint16_t)rng(),
		.priority = (uint16_t)rng(),
		.buffer_id = (uint32_t)rng(),
		.out_port = PORT_ANY,
		.out_group = GROUP_ANY,
		.flags = rng() % 32,
	};
	random_match(&fm->match);
	instructions_init(in);
	in->has_apply = rng() % 2;
	in->has_clear = rng() % 2;
	in->has_write = rng() % 2;
	if (in->has_apply)
		random_actions(&in->apply, &fm->match);
	if (in->has_write)
		random_actions(&in->write, &fm->match);
	if (rng() % 2) {
		in->has_metadata = true;
		in->metadata_mask = rng();
		in->metadata = rng() & in->metadata_mask;
	}
	if (rng() % 2)
		in->goto_table = (uint8_t)(fm->table_id + 1 + rng() % 50);
}

static void assert_lists_equal(const struct action_list *a, const struct action_list *b)
{
	assert_int_equal(a->n, b->n);
	for (unsigned int i = 0; i < a->n; i++)
		assert_true(action_equal(&a->a[i], &b->a[i]));
}

static void assert_flow_mods_equal(const struct flow_mod *a, const struct flow_mod *b)
{
	const struct instructions *x = &a->instructions, *y = &b->instructions;

	assert_int_equal(a->cookie, b->cookie);
	assert_int_equal(a->command, b->command);
	assert_int_equal(a->table_id, b->table_id);
	assert_int_equal(a->idle_timeout, b->idle_timeout);
	assert_int_equal(a->hard_timeout, b->hard_timeout);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->buffer_id, b->buffer_id);
	assert_int_equal(a->flags, b->flags);
	assert_true(match_equal(&a->match, &b->match));
	assert_int_equal(x->has_apply, y->has_apply);
	assert_int_equal(x->has_clear, y->has_clear);
	assert_int_equal(x->has_write, y->has_write);
	assert_int_equal(x->has_metadata, y->has_metadata);
	assert_int_equal(x->goto_table, y->goto_table);
	assert_int_equal(x->metadata, y->metadata);
	assert_int_equal(x->metadata_mask, y->metadata_mask);
	assert_lists_equal(&x->apply, &y->apply);
	assert_lists_equal(&x->write, &y->write);
}

static void test_random_flow_mods_survive_the_wire(void **state)
{
	static struct flow_mod fm;
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		random_flow_mod(&fm);
		buf_reset(&b);
		of_flow_mod_encode(&b, XID, &fm);
		assert_err(decode_built(&b), OFP_OK, "random flow-mod");
		assert_flow_mods_equal(&fm, &msg.flow_mod);
	}
	buf_uninit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_has_a_golden_message),
		cmocka_unit_test(test_golden_messages_decode_and_encode_to_the_same_bytes),
		cmocka_unit_test(test_the_features_of_meters_are_as_golden),
		cmocka_unit_test(test_symmetric_messages_mean_what_they_say),
		cmocka_unit_test(test_a_flow_mod_means_what_it_says),
		cmocka_unit_test(test_every_instruction_is_decoded),
		cmocka_unit_test(test_requests_and_packets_mean_what_they_say),
		cmocka_unit_test(test_meter_mods_mean_what_they_say),
		cmocka_unit_test(test_meters_are_read_from_replies),
		cmocka_unit_test(test_queues_are_read_from_replies),
		cmocka_unit_test(test_a_damaged_queue_is_an_error),
		cmocka_unit_test(test_a_full_queue_reply_takes_no_more),
		cmocka_unit_test(test_a_long_reply_splits_itself),
		cmocka_unit_test(test_a_long_reply_can_be_sent_while_it_is_written),
		cmocka_unit_test(test_an_empty_reply_is_one_message),
		cmocka_unit_test(test_table_features_say_what_the_decoder_takes),
		cmocka_unit_test(test_tunnel_fields_are_spoken_as_open_vswitch_does),
		cmocka_unit_test(test_a_short_option_is_the_low_end_of_its_field),
		cmocka_unit_test(test_tables_of_options_mean_what_they_say),
		cmocka_unit_test(test_random_flow_mods_survive_the_wire),
	};

	return cmocka_run_group_tests_name("codec", tests, load_goldens, free_goldens);
}
