// SPDX-License-Identifier: Apache-2.0
/* Which fields a flow may set: what is known of the packet as it goes through the actions (OF1.3.5 §6.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/text.h"
#include "ofchan/action.h"
#include "tests/wire/codec_util.h"

#define BAD OFPBAC_MATCH_INCONSISTENT

static const struct {
	const char *title;
	const char *match;
	const char *actions;
	enum ofp_err err;
} cases[] = {
	{ "a label's field without a label", "ip", "set_field:1->mpls_label", BAD },
	{ "a label's field of MPLS", "dl_type=0x8848", "set_field:1->mpls_label", OFP_OK },
	{ "a label's field after push_mpls", "", "push_mpls:0x8847,set_field:1->mpls_tc", OFP_OK },
	{ "a label's field after the only label is popped",
	  "dl_type=0x8847", "pop_mpls:0x0800,set_field:1->mpls_label", BAD },
	{ "an address under a label", "ip", "push_mpls:0x8847,set_field:10.0.0.1->nw_src", BAD },
	{ "an address after pop_mpls(0x0800)",
	  "dl_type=0x8847", "pop_mpls:0x0800,set_field:10.0.0.1->nw_src", OFP_OK },
	{ "an IPv6 address after pop_mpls(0x0800)",
	  "dl_type=0x8847", "pop_mpls:0x0800,set_field:fe80::1->ipv6_src", BAD },
	{ "a port after pop_mpls, of what nothing is known",
	  "dl_type=0x8847", "pop_mpls:0x0800,set_field:1->tcp_src", BAD },
	{ "a port after a label was pushed and popped",
	  "tcp", "push_mpls:0x8847,pop_mpls:0x0800,set_field:1->tcp_src", OFP_OK },
	{ "a port after a label was pushed and popped as something else",
	  "tcp", "push_mpls:0x8847,pop_mpls:0x86dd,set_field:1->tcp_src", BAD },
	{ "a port after one label too few was popped",
	  "tcp", "push_mpls:0x8847,push_mpls:0x8847,pop_mpls:0x8847,set_field:1->tcp_src",
	  BAD },
	{ "a label's field after one label of two was popped",
	  "", "push_mpls:0x8847,push_mpls:0x8848,pop_mpls:0x8847,set_field:1->mpls_label",
	  OFP_OK },
	{ "an address after popping a label that IP does not have",
	  "ip", "pop_mpls:0x86dd,set_field:10.0.0.1->nw_src", OFP_OK },
	{ "an address after popping a label that there may have been",
	  "", "pop_mpls:0x0800,set_field:10.0.0.1->nw_src", OFP_OK },
	{ "a tag's field under a label: tags stay outside",
	  "vlan_tci=0x1000/0x1000", "push_mpls:0x8847,set_field:1->vlan_pcp", OFP_OK },
	{ "pbb_isid without an I-TAG", "ip", "set_field:1->pbb_isid", BAD },
	{ "pbb_isid after push_pbb", "", "push_pbb:0x88e7,set_field:1->pbb_isid", OFP_OK },
	{ "pbb_isid of PBB", "dl_type=0x88e7", "set_field:1->pbb_isid", OFP_OK },
	{ "pbb_isid after pop_pbb", "dl_type=0x88e7", "pop_pbb,set_field:1->pbb_isid", BAD },
	{ "the customer's address under an I-TAG",
	  "ip", "push_pbb:0x88e7,set_field:10.0.0.1->nw_src", BAD },
	{ "the customer's address after the I-TAG was pushed and popped",
	  "ip", "push_pbb:0x88e7,pop_pbb,set_field:10.0.0.1->nw_src", OFP_OK },
	{ "the customer's tag is no backbone tag",
	  "vlan_tci=0x1000/0x1000", "push_pbb:0x88e7,set_field:1->vlan_pcp", BAD },
	{ "a backbone tag that was pushed",
	  "", "push_pbb:0x88e7,push_vlan:0x88a8,set_field:1->vlan_pcp", OFP_OK },
	{ "the customer's tag after the I-TAG was pushed and popped",
	  "vlan_tci=0x1000/0x1000", "push_pbb:0x88e7,pop_pbb,set_field:1->vlan_pcp", OFP_OK },
	{ "a backbone tag stays after pop_pbb",
	  "", "push_pbb:0x88e7,push_vlan:0x88a8,pop_pbb,set_field:1->vlan_pcp", OFP_OK },
	{ "a label in the backbone is not the customer's",
	  "ip", "push_pbb:0x88e7,push_mpls:0x8847,pop_pbb,set_field:1->mpls_label", OFP_OK },
	{ "a label pushed before the I-TAG is there after it",
	  "", "push_mpls:0x8847,push_pbb:0x88e7,pop_pbb,set_field:1->mpls_label", OFP_OK },
};

static void test_fields_can_be_set_where_they_are(void **state)
{
	static struct flow_filter filter;
	static struct text_packet_out out = { .packet = BUF_INIT };
	static struct instructions in;

	(void)state;
	instructions_init(&in);
	in.has_apply = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text_error error;
		char line[256];

		/* The text of a flow would be refused where it is read. */
		snprintf(line, sizeof(line), "packet=%028d,actions=%s", 0, cases[i].actions);
		if (text_parse_filter(cases[i].match, NULL, &filter, &error) ||
		    text_parse_packet_out(line, NULL, &out, &error))
			fail_msg("%s: %s", cases[i].title, error.message);
		in.apply = out.actions;
		assert_err(of_instructions_check(&in, &filter.match), cases[i].err,
			   cases[i].title);
		buf_reset(&out.packet);
	}
	buf_uninit(&out.packet);
}

static void test_as_many_headers_as_a_list_can_push_are_kept(void **state)
{
	static struct instructions in;
	static struct match m;

	(void)state;
	instructions_init(&in);
	match_init(&m);
	in.has_apply = true;
	in.apply.n = ACTIONS_MAX;
	for (unsigned int i = 0; i < ACTIONS_MAX - 1; i++)
		in.apply.a[i] =
			(struct action){ .type = ACTION_PUSH_MPLS, .ethertype = 0x8847 };
	in.apply.a[ACTIONS_MAX - 1] = (struct action){ .type = ACTION_SET_FIELD,
						       .set_field.field = FIELD_MPLS_LABEL };
	assert_err(of_instructions_check(&in, &m), OFP_OK, "255 labels");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_can_be_set_where_they_are),
		cmocka_unit_test(test_as_many_headers_as_a_list_can_push_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
