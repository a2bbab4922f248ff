// SPDX-License-Identifier: Apache-2.0
/*
 * Groups and meters as text: lines that Open vSwitch 3.1 took and what its dump-groups, dump-group-stats, dump-meters and meter-stats made of
 * them (-O OpenFlow13), random ones there and back, and mistakes with their places.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "model/text.h"

static uint64_t seed;

static uint64_t rnd_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static void parse_group(const char *line, enum group_command command, struct group_mod *ret)
{
	struct text_error e;

	if (text_parse_group_mod(line, command, NULL, ret, &e))
		fail_msg("%s\ncolumn %u: %s", line, e.column, e.message);
}

static void a_dump_of_groups_reads_as_open_vswitchs(void **state)
{
	static const char *const pairs[][2] = {
		{ "group_id=1,type=select,bucket=weight:10,output:1,bucket=weight:20,output:2",
		  " group_id=1,type=select,bucket=weight:10,actions=output:1,bucket=weight:20,actions=output:2" },
		{ "group_id=2,type=ff,bucket=watch_port:1,output:1,bucket=watch_group:1,watch_port:2,actions=output:2,set_field:1->ip_dscp",
		  " group_id=2,type=ff,bucket=watch_port:1,actions=output:1,bucket=watch_port:2,watch_group:1,actions=output:2,set_field:1->ip_dscp" },
		{ "group_id=3,type=indirect,bucket=actions=push_mpls:0x8847,set_field:5->mpls_label,dec_mpls_ttl,set_mpls_ttl(64),group:1",
		  " group_id=3,type=indirect,bucket=actions=push_mpls:0x8847,set_field:5->mpls_label,dec_mpls_ttl,set_mpls_ttl(64),group:1" },
		{ "group_id=4,type=all", " group_id=4,type=all" },
		{ "group_id=5 type=all bucket=output:1,output:2,bucket=drop,bucket=CONTROLLER:128,bucket=set_queue:5,output:2",
		  " group_id=5,type=all,bucket=actions=output:1,output:2,bucket=actions=drop,bucket=actions=CONTROLLER:128,"
		  "bucket=actions=set_queue:5,output:2" },
		{ "group_id=7,type=all,bucket=actions=", " group_id=7,type=all,bucket=actions=drop" },
		{ "group_id=8,type=fast_failover,bucket=bucket_id:5,watch_port=1,output:1",
		  " group_id=8,type=ff,bucket=watch_port:1,actions=output:1" },
		{ "group_id=10,type=select,bucket=output:1", " group_id=10,type=select,bucket=actions=output:1" },
		{ "group_id=11,type=select,bucket=weight:0,output:1", " group_id=11,type=select,bucket=weight:0,actions=output:1" },
		{ "group_id=20,type=all,bucket=1", " group_id=20,type=all,bucket=actions=output:1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct buf out = BUF_INIT;
		struct group_mod gm;

		parse_group(pairs[i][0], GROUP_ADD, &gm);
		text_format_group_desc(&(struct group_desc){ .type = gm.type,
							     .group_id = gm.group_id,
							     .n_buckets = gm.n_buckets,
							     .buckets = gm.buckets },
				       NULL, &out);
		assert_string_equal(buf_cstr(&out), pairs[i][1]);
		buf_uninit(&out);
		group_mod_uninit(&gm);
	}
}

static void statistics_of_a_group_read_as_open_vswitchs(void **state)
{
	const struct bucket_stats stats[] = { { 1, 60 }, { UINT64_MAX, UINT64_MAX } };
	const struct group_desc group = { .group_id = 1,
					  .duration_ns = 534000000,
					  .ref_count = 3,
					  .n_packets = 5,
					  .n_bytes = 300,
					  .n_buckets = 2,
					  .bucket_stats = stats };
	struct buf out = BUF_INIT;

	(void)state;
	text_format_group_stats(&group, &out);
	assert_string_equal(buf_cstr(&out), " group_id=1,duration=0.534s,ref_count=3,packet_count=5,byte_count=300,bucket0:packet_count=1,byte_count=60,"
					    "bucket1:packet_count=?,byte_count=?");
	buf_uninit(&out);
}

static void random_bucket(enum group_type type, struct bucket *b)
{
	*b = (struct bucket){ .watch_port = PORT_ANY, .watch_group = GROUP_ANY };
	if (type == GROUP_TYPE_SELECT)
		b->weight = (uint16_t)rnd_below(rnd_below(2) ? 3 : 65536);
	if (type == GROUP_TYPE_FF) {
		b->watch_port = (uint32_t)rnd_below(100) + 1;
		if (rnd_below(2))
			b->watch_group = (uint32_t)rnd_below(GROUP_MAX);
	}
	b->n_actions = (unsigned int)rnd_below(4);
	b->actions = b->n_actions ? calloc(b->n_actions, sizeof(*b->actions)) : NULL;
	for (unsigned int i = 0; i < b->n_actions; i++) {
		static const enum action_type types[] = { ACTION_OUTPUT, ACTION_GROUP, ACTION_SET_QUEUE, ACTION_PUSH_MPLS, ACTION_POP_PBB };
		struct action *a = &b->actions[i];

		a->type = types[rnd_below(5)];
		if (a->type == ACTION_PUSH_MPLS)
			a->ethertype = 0x8848;
		else if (a->type == ACTION_OUTPUT)
			a->output.port = (uint32_t)rnd_below(1000) + 1;
		else if (a->type == ACTION_GROUP)
			a->group_id = (uint32_t)rnd_below(GROUP_MAX);
		else
			a->queue_id = (uint32_t)rnd_below(1000);
	}
}

static void random_group(struct group_mod *gm)
{
	*gm = (struct group_mod){ .command = rnd_below(2) ? GROUP_ADD : GROUP_MODIFY,
				  .type = (enum group_type)rnd_below(N_GROUP_TYPES),
				  .group_id = (uint32_t)rnd_below(GROUP_MAX + 1ull) };
	gm->n_buckets = gm->type == GROUP_TYPE_INDIRECT ? 1 : (unsigned int)rnd_below(5);
	gm->buckets = gm->n_buckets ? calloc(gm->n_buckets, sizeof(*gm->buckets)) : NULL;
	for (unsigned int i = 0; i < gm->n_buckets; i++)
		random_bucket(gm->type, &gm->buckets[i]);
}

static void assert_same_group(const struct group_mod *a, const struct group_mod *b)
{
	assert_int_equal(a->command, b->command);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->group_id, b->group_id);
	assert_int_equal(a->n_buckets, b->n_buckets);
	for (unsigned int i = 0; i < a->n_buckets; i++) {
		const struct bucket *x = &a->buckets[i], *y = &b->buckets[i];

		assert_int_equal(x->weight, y->weight);
		assert_int_equal(x->watch_port, y->watch_port);
		assert_int_equal(x->watch_group, y->watch_group);
		assert_int_equal(x->n_actions, y->n_actions);
		for (unsigned int k = 0; k < x->n_actions; k++)
			assert_true(action_equal(&x->actions[k], &y->actions[k]));
	}
}

static void a_group_that_is_printed_is_read_back(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 5000; i++) {
		struct buf out = BUF_INIT;
		struct group_mod gm, back;

		seed = 0x9e3779b97f4a7c15u * (i + 1);
		random_group(&gm);
		text_format_group_mod(&gm, NULL, &out);
		parse_group(buf_cstr(&out), gm.command, &back);
		assert_same_group(&gm, &back);
		group_mod_uninit(&gm);
		group_mod_uninit(&back);
		buf_uninit(&out);
	}
}

static void a_deleted_group_is_a_number_or_all(void **state)
{
	static const struct {
		const char *line;
		uint32_t id;
	} cases[] = { { "", GROUP_ALL },	 { "group_id=4", 4 },		{ "group_id=all", GROUP_ALL },
		      { "group_id=ANY", GROUP_ALL }, { "group_id=0xffffff00", GROUP_MAX }, { "group_id=4,type=all", 4 } };
	struct group_mod gm;
	struct text_error e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse_group(cases[i].line, GROUP_DELETE, &gm);
		assert_int_equal(gm.group_id, cases[i].id);
	}
	assert_int_not_equal(text_parse_group_mod("group_id=4,bucket=1", GROUP_DELETE, NULL, &gm, &e), 0);
	assert_non_null(strstr(e.message, "deleted by its number"));
}

static void the_group_of_a_request(void **state)
{
	struct text_error e;
	uint32_t id;

	(void)state;
	assert_int_equal(text_parse_group_id("", &id, &e), 0);
	assert_int_equal(id, GROUP_ALL);
	assert_int_equal(text_parse_group_id("group_id=7", &id, &e), 0);
	assert_int_equal(id, 7);
	assert_int_equal(text_parse_group_id("8", &id, &e), 0);
	assert_int_equal(id, 8);
	assert_int_equal(text_parse_group_id("all", &id, &e), 0);
	assert_int_equal(id, GROUP_ALL);
	assert_int_not_equal(text_parse_group_id("x", &id, &e), 0);
	assert_int_not_equal(text_parse_group_id("port=7", &id, &e), 0);
	assert_int_not_equal(text_parse_group_id("7,8", &id, &e), 0);
}

struct mistake {
	const char *line;
	unsigned int column;
	const char *message; /* its beginning */
};

static void assert_error(const struct mistake *m, int error, const struct text_error *e)
{
	if (!error)
		fail_msg("%s: accepted", m->line);
	if (e->column != m->column || strncmp(e->message, m->message, strlen(m->message)))
		fail_msg("%s: column %u: %s", m->line, e->column, e->message);
}

static void a_wrong_group_is_refused_with_place_and_reason(void **state)
{
	static const struct mistake mistakes[] = {
		{ "", 1, "\"group_id=\" is missing" },
		{ "type=all", 1, "\"group_id=\" is missing" },
		{ "group_id=1", 1, "\"type=\" is missing" },
		{ "group_id=1,type=foo", 17, "type: \"foo\": a group is of type all, select" },
		{ "group_id=,type=all", 1, "group_id needs a value" },
		{ "group_id=x,type=all", 10, "group_id: \"x\": not a number" },
		{ "group_id=all,type=all", 10, "group_id: \"all\": groups are numbered from 0 to 0xffffff00" },
		{ "group_id=0xffffff01,type=all", 10, "group_id: \"0xffffff01\": groups are numbered" },
		{ "group_id=0x100000000,type=all", 10, "group_id: \"0x100000000\": more than" },
		{ "group_id=1,group_id=1,type=all", 12, "group_id is given twice" },
		{ "group_id=1,type=all,foo=1", 21, "unknown word \"foo\"" },
		{ "group_id=1,type=select,selection_method=hash,bucket=1", 24, "selection_method cannot be said in OpenFlow 1.3" },
		{ "group_id=1,type=all,bucket=", 28, "a bucket without actions" },
		{ "group_id=1,type=all,bucket=,bucket=1", 28, "a bucket without actions" },
		{ "group_id=1,type=all,bucket", 21, "a bucket is written bucket=ACTIONS" },
		{ "group_id=1,type=all,bucket=weight:5,output:1", 28, "weight: only buckets of a select group" },
		{ "group_id=1,type=select,bucket=weight:65536,output:1", 38, "weight: \"65536\": more than 65535" },
		{ "group_id=1,type=select,bucket=watch_port:1,output:1", 31, "only buckets of a group of type ff watch" },
		{ "group_id=1,type=ff,bucket=output:1", 27, "a bucket of a group of type ff needs watch_port" },
		{ "group_id=1,type=ff,bucket=watch_port:1,output:1,bucket=output:1", 56, "a bucket of a group of type ff needs" },
		{ "group_id=1,type=ff,bucket=watch_port:eth7,output:1", 38, "watch_port: \"eth7\": not a port" },
		{ "group_id=1,type=indirect", 25, "a group of type indirect has one bucket, not 0" },
		{ "group_id=1,type=indirect,bucket=1,bucket=2", 26, "a group of type indirect has one bucket, not 2" },
		{ "group_id=1,type=all,bucket=1,drop", 30, "\"drop\" stands alone" },
		{ "group_id=1,type=all,bucket=drop,1", 33, "nothing stands beside \"drop\"" },
		{ "group_id=1,type=all,bucket=1,type=all", 30, "\"type\" is neither an action nor a port" },
		{ "group_id=1,type=all,bucket=resubmit(1)", 28, "the action \"resubmit\" is not supported" },
		{ "group_id=1,type=all,bucket=write_actions(output:1", 41, "a parenthesis is not closed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct text_error e;
		struct group_mod gm;

		assert_error(&mistakes[i], text_parse_group_mod(mistakes[i].line, GROUP_ADD, NULL, &gm, &e), &e);
		assert_int_equal(gm.n_buckets, 0);
	}
}

static void a_group_with_many_buckets(void **state)
{
	struct buf line = BUF_INIT;
	struct group_mod gm;
	struct text_error e;

	(void)state;
	buf_printf(&line, "group_id=1,type=all");
	for (unsigned int i = 0; i < GROUP_BUCKETS_MAX; i++)
		buf_printf(&line, ",bucket=%u", i + 1);
	parse_group(buf_cstr(&line), GROUP_ADD, &gm);
	assert_int_equal(gm.n_buckets, GROUP_BUCKETS_MAX);
	assert_int_equal(gm.buckets[1023].actions[0].output.port, 1024);
	group_mod_uninit(&gm);
	buf_printf(&line, ",bucket=1");
	assert_int_not_equal(text_parse_group_mod(buf_cstr(&line), GROUP_ADD, NULL, &gm, &e), 0);
	assert_non_null(strstr(e.message, "more than 1024 buckets"));
	buf_uninit(&line);
}

static void parse_meter(const char *line, enum meter_command command, struct meter_mod *ret)
{
	struct text_error e;

	if (text_parse_meter_mod(line, command, ret, &e))
		fail_msg("%s\ncolumn %u: %s", line, e.column, e.message);
}

static void a_dump_of_meters_reads_as_open_vswitchs(void **state)
{
	static const char *const pairs[][2] = {
		{ "meter=1,kbps,burst,stats,bands=type=drop,rate=1000,burst_size=10",
		  "meter=1 kbps burst stats bands=\ntype=drop rate=1000 burst_size=10\n" },
		{ "meter=2,pktps,band=type=drop,rate=1000", "meter=2 pktps bands=\ntype=drop rate=1000\n" },
		{ "meter=3 pktps bands=type=drop rate=1000 type=dscp_remark rate=500 prec_level=1",
		  "meter=3 pktps bands=\ntype=drop rate=1000\ntype=dscp_remark rate=500 prec_level=1\n" },
		{ "meter=slowpath,kbps,bands=type=drop,rate=7", "meter=slowpath kbps bands=\ntype=drop rate=7\n" },
		{ "meter=controller,kbps,bands=type=drop,rate=7", "meter=controller kbps bands=\ntype=drop rate=7\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct buf out = BUF_INIT;
		struct meter_desc desc;
		struct meter_mod mm;

		parse_meter(pairs[i][0], METER_ADD, &mm);
		desc = (struct meter_desc){ .meter_id = mm.meter_id, .flags = mm.flags, .n_bands = mm.n_bands };
		memcpy(desc.bands, mm.bands, sizeof(desc.bands));
		text_format_meter_config(&desc, &out);
		assert_string_equal(buf_cstr(&out), pairs[i][1]);
		buf_uninit(&out);
	}
}

static void statistics_of_a_meter_read_as_open_vswitchs(void **state)
{
	const struct meter_desc meter = { .meter_id = 1,
					  .flow_count = 2,
					  .n_packets = 9,
					  .n_bytes = 900,
					  .duration_ns = 121000000,
					  .n_bands = 2,
					  .band_stats = { { 1, 100 }, { 0, 0 } } };
	struct buf out = BUF_INIT;

	(void)state;
	text_format_meter_stats(&meter, &out);
	assert_string_equal(buf_cstr(&out), "meter:1 flow_count:2 packet_in_count:9 byte_in_count:900 duration:0.121s bands:\n"
					    "0: packet_count:1 byte_count:100\n1: packet_count:0 byte_count:0\n");
	buf_uninit(&out);
}

static void a_meter_that_is_printed_is_read_back(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 5000; i++) {
		struct meter_mod mm = { .command = METER_MODIFY }, back;
		struct buf out = BUF_INIT;

		seed = 0x9e3779b97f4a7c15u * (i + 1);
		mm.meter_id = rnd_below(8) ? (uint32_t)rnd_below(METER_MAX) + 1 : METER_CONTROLLER;
		mm.flags = (uint16_t)((rnd_below(2) ? METER_KBPS : METER_PKTPS) | rnd_below(4) << 2);
		mm.n_bands = (unsigned int)rnd_below(METER_BANDS_MAX) + 1;
		for (unsigned int k = 0; k < mm.n_bands; k++) {
			struct band *b = &mm.bands[k];

			b->type = rnd_below(2) ? BAND_DROP : BAND_DSCP_REMARK;
			b->rate = (uint32_t)rnd_below(1ull << 32);
			b->burst_size = mm.flags & METER_BURST ? (uint32_t)rnd_below(1ull << 32) : 0;
			b->prec_level = b->type == BAND_DSCP_REMARK ? (uint8_t)rnd_below(256) : 0;
		}
		text_format_meter_mod(&mm, &out);
		parse_meter(buf_cstr(&out), METER_MODIFY, &back);
		assert_memory_equal(&mm, &back, sizeof(mm));
		buf_uninit(&out);
	}
}

static void a_deleted_meter_is_a_number_or_all(void **state)
{
	struct text_error e;
	struct meter_mod mm;
	uint32_t id;

	(void)state;
	parse_meter("", METER_DELETE, &mm);
	assert_int_equal(mm.meter_id, METER_ALL);
	parse_meter("meter=all", METER_DELETE, &mm);
	assert_int_equal(mm.meter_id, METER_ALL);
	parse_meter("meter=3", METER_DELETE, &mm);
	assert_int_equal(mm.meter_id, 3);
	assert_int_not_equal(text_parse_meter_mod("meter=3,kbps", METER_DELETE, &mm, &e), 0);
	assert_int_equal(text_parse_meter_id("", &id, &e), 0);
	assert_int_equal(id, METER_ALL);
	assert_int_equal(text_parse_meter_id("meter=slowpath", &id, &e), 0);
	assert_int_equal(id, METER_SLOWPATH);
	assert_int_equal(text_parse_meter_id("5", &id, &e), 0);
	assert_int_equal(id, 5);
	assert_int_not_equal(text_parse_meter_id("meter=0", &id, &e), 0);
	assert_int_not_equal(text_parse_meter_id("meter=1,meter=2", &id, &e), 0);
}

static void a_wrong_meter_is_refused_with_place_and_reason(void **state)
{
	static const struct mistake mistakes[] = {
		{ "kbps,bands=type=drop,rate=1", 1, "\"meter=\" is missing" },
		{ "meter=0,kbps,bands=type=drop,rate=1", 7, "meter: \"0\": a meter is a number from 1" },
		{ "meter=all,kbps,bands=type=drop,rate=1", 7, "meter: \"all\": a meter is a number from 1" },
		{ "meter=0xffff0001,kbps,bands=type=drop,rate=1", 7, "meter: \"0xffff0001\": more than" },
		{ "meter=1,meter=2,kbps,bands=type=drop,rate=1", 9, "meter is given twice" },
		{ "meter=1,bands=type=drop,rate=1", 1, "a meter counts either kbps or pktps" },
		{ "meter=1,kbps,pktps,bands=type=drop,rate=1", 1, "a meter counts either kbps or pktps" },
		{ "meter=1,kbps", 13, "\"bands=\" is missing" },
		{ "meter=1,kbps,bands=", 20, "\"bands=\" is missing" },
		{ "meter=1,kbps=1,bands=type=drop,rate=1", 9, "unknown word \"kbps\"" },
		{ "meter=1,kbps,bands=rate=1", 20, "a band begins with its type" },
		{ "meter=1,kbps,bands=type=foo,rate=1", 25, "type: \"foo\": a band is of type drop or" },
		{ "meter=1,kbps,bands=type=drop", 20, "a band needs its rate" },
		{ "meter=1,kbps,bands=type=drop,rate=1,rate=2", 37, "rate is given twice" },
		{ "meter=1,kbps,bands=type=drop,rate=4294967296", 35, "rate: \"4294967296\": more than" },
		{ "meter=1,kbps,bands=type=drop,rate=1,burst_size=1", 20, "burst_size has a meaning only with" },
		{ "meter=1,kbps,burst,bands=type=drop,rate=1", 26, "with the flag \"burst\" a band needs" },
		{ "meter=1,kbps,bands=type=drop,rate=1,prec_level=1", 20, "only a band of type dscp_remark" },
		{ "meter=1,kbps,bands=type=drop,rate=1,type=dscp_remark,rate=1", 37, "a band of type dscp_remark needs" },
		{ "meter=1,kbps,bands=type=drop,rate=1,foo=2", 37, "unknown word \"foo\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct text_error e;
		struct meter_mod mm;

		assert_error(&mistakes[i], text_parse_meter_mod(mistakes[i].line, METER_ADD, &mm, &e), &e);
	}
}

/* Whatever is done to a line, the answer is a group, a meter or an error, and the column is in the line. */
static void a_damaged_line_never_crashes(void **state)
{
	static const char *const lines[] = {
		"group_id=2,type=ff,bucket=watch_port:1,output:1,bucket=watch_group:1,actions=output:2,set_field:1->ip_dscp",
		"group_id=5 type=select bucket=weight:5,output:1,bucket=drop,bucket=CONTROLLER:128,bucket=set_queue:5,output:2",
		"meter=3 pktps burst bands=type=drop rate=1000 burst_size=1 type=dscp_remark rate=500 burst_size=2 prec_level=1",
	};
	static const char alphabet[] = ",=:()\"/->. \tbucketdrop0x19f";

	(void)state;
	for (unsigned int i = 0; i < 30000; i++) {
		char *copy = strdup(lines[i % 3]); /* its end is guarded under ASan */
		struct text_error e = { .column = 1 };
		struct group_mod gm;
		struct meter_mod mm;
		size_t len;

		assert_non_null(copy);
		len = strlen(copy);
		seed = 0x9e3779b97f4a7c15u * (i + 1);
		for (uint64_t n = 1 + rnd_below(4); n; n--)
			copy[rnd_below(len)] = alphabet[rnd_below(sizeof(alphabet) - 1)];
		if (rnd_below(4) == 0)
			copy[rnd_below(len)] = '\0';
		if (text_parse_group_mod(copy, GROUP_ADD, NULL, &gm, &e))
			assert_true(e.column >= 1 && e.column <= strlen(copy) + 1);
		group_mod_uninit(&gm);
		if (text_parse_meter_mod(copy, METER_ADD, &mm, &e))
			assert_true(e.column >= 1 && e.column <= strlen(copy) + 1);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_of_groups_reads_as_open_vswitchs),
		cmocka_unit_test(statistics_of_a_group_read_as_open_vswitchs),
		cmocka_unit_test(a_group_that_is_printed_is_read_back),
		cmocka_unit_test(a_deleted_group_is_a_number_or_all),
		cmocka_unit_test(the_group_of_a_request),
		cmocka_unit_test(a_wrong_group_is_refused_with_place_and_reason),
		cmocka_unit_test(a_group_with_many_buckets),
		cmocka_unit_test(a_group_with_many_buckets),
		cmocka_unit_test(a_dump_of_meters_reads_as_open_vswitchs),
		cmocka_unit_test(statistics_of_a_meter_read_as_open_vswitchs),
		cmocka_unit_test(a_meter_that_is_printed_is_read_back),
		cmocka_unit_test(a_deleted_meter_is_a_number_or_all),
		cmocka_unit_test(a_wrong_meter_is_refused_with_place_and_reason),
		cmocka_unit_test(a_damaged_line_never_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
