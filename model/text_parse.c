// SPDX-License-Identifier: Apache-2.0
/* Whole flows, filters and packets to send; see text.h. */
#include "model/text_private.h"

#include <errno.h>
#include <string.h>

#define N_ELEMENTS(A) (sizeof(A) / sizeof((A)[0]))

enum { DEFAULT_PRIORITY = 32768 };

/* Which kinds of text take a word. */
enum {
	FOR_ADD = 1 << 0,
	FOR_MODIFY = 1 << 1,
	FOR_DELETE = 1 << 2,
	FOR_STRICT = 1 << 3, /* a strict modify or delete */
	FOR_DUMP = 1 << 4,
};

static const struct {
	const char *name;
	uint16_t flag;
} flag_words[] = {
	{ "send_flow_rem", FLOW_SEND_FLOW_REM },  { "check_overlap", FLOW_CHECK_OVERLAP },
	{ "reset_counts", FLOW_RESET_COUNTS },	  { "no_packet_counts", FLOW_NO_PKT_COUNTS },
	{ "no_byte_counts", FLOW_NO_BYT_COUNTS },
};

static unsigned int command_kind(enum flow_command command)
{
	switch (command) {
	case FLOW_ADD:
		return FOR_ADD;
	case FLOW_MODIFY:
		return FOR_MODIFY;
	case FLOW_MODIFY_STRICT:
		return FOR_MODIFY | FOR_STRICT;
	case FLOW_DELETE:
		return FOR_DELETE;
	case FLOW_DELETE_STRICT:
		return FOR_DELETE | FOR_STRICT;
	}
	return 0;
}

/* Fails unless one of 'allowed' is among 'kind'. */
static int check_kind(const struct text_input *in, const struct text_word *word, unsigned int kind,
		      unsigned int allowed)
{
	if (kind & allowed)
		return 0;
	if (kind & (FOR_MODIFY | FOR_DELETE) && allowed & FOR_STRICT)
		return text_fail(in, word->key.p, "%.*s needs --strict", (int)word->key.len,
				 word->key.p);
	return text_fail(in, word->key.p, "%.*s has no meaning here", (int)word->key.len,
			 word->key.p);
}

static int parse_table(const struct text_input *in, const struct text_word *word, unsigned int kind,
		       uint8_t *ret)
{
	uint64_t table;
	int error;

	if (kind & (FOR_DELETE | FOR_DUMP) &&
	    (text_span_is_nocase(word->value, "ALL") || text_span_is(word->value, "255"))) {
		*ret = TABLE_NONE;
		return 0;
	}
	error = text_word_to_u64(in, word, TABLE_MAX, &table);
	if (!error)
		*ret = (uint8_t)table;
	return error;
}

static int parse_cookie(const struct text_input *in, const struct text_word *word,
			unsigned int kind, uint64_t *ret, uint64_t *ret_mask)
{
	bool has_mask = word->value.p && memchr(word->value.p, '/', word->value.len);
	int error;

	if (has_mask && kind & FOR_ADD)
		return text_fail_value(in, word, "a new flow's cookie cannot have a mask");
	error = text_word_to_masked_u64(in, word, ret, ret_mask);
	/* Without a mask, a modification matches any cookie, and a deletion or dump that one. */
	if (!error && !has_mask && kind & (FOR_ADD | FOR_MODIFY))
		*ret_mask = 0;
	return error;
}

static int parse_u16(const struct text_input *in, const struct text_word *word, uint16_t *ret)
{
	uint64_t v;
	int error = text_word_to_u64(in, word, UINT16_MAX, &v);

	if (!error)
		*ret = (uint16_t)v;
	return error;
}

/* What 'word' sets in a flow, or NULL. */
static uint16_t *u16_member(struct flow_mod *fm, const struct text_word *word,
			    unsigned int *ret_for)
{
	if (text_span_is(word->key, "priority")) {
		*ret_for = FOR_ADD | FOR_STRICT;
		return &fm->priority;
	}
	*ret_for = FOR_ADD | FOR_MODIFY;
	if (text_span_is(word->key, "idle_timeout"))
		return &fm->idle_timeout;
	if (text_span_is(word->key, "hard_timeout"))
		return &fm->hard_timeout;
	return NULL;
}

static int parse_flag(const struct text_input *in, const struct text_word *word, unsigned int kind,
		      uint16_t *flags)
{
	for (size_t i = 0; i < N_ELEMENTS(flag_words); i++) {
		int error;

		if (!text_span_is(word->key, flag_words[i].name))
			continue;
		if (word->delimiter)
			return text_fail(in, word->key.p, "%s takes no value", flag_words[i].name);
		error = check_kind(in, word, kind, FOR_ADD | FOR_MODIFY);
		*flags |= flag_words[i].flag;
		return error ? error : 1;
	}
	return 0;
}

/* Takes 'word' if it is one that is neither of the match nor "actions".  Returns 1 if so, 0 if not,
 * or -EINVAL. */
static int parse_flow_word(const struct text_input *in, const struct text_word *word,
			   unsigned int kind, struct flow_mod *fm)
{
	unsigned int allowed;
	uint16_t *member = u16_member(fm, word, &allowed);
	int error;

	if (member) {
		error = check_kind(in, word, kind, allowed);
		if (!error)
			error = parse_u16(in, word, member);
	} else if (text_span_is(word->key, "table") || text_span_is(word->key, "table_id")) {
		error = parse_table(in, word, kind, &fm->table_id);
	} else if (text_span_is(word->key, "cookie")) {
		error = parse_cookie(in, word, kind, &fm->cookie, &fm->cookie_mask);
	} else if (text_span_is(word->key, "out_port")) {
		error = check_kind(in, word, kind, FOR_DELETE | FOR_DUMP);
		if (!error)
			error = text_word_to_port(in, word, &fm->out_port);
	} else if (text_span_is(word->key, "out_group")) {
		error = check_kind(in, word, kind, FOR_DELETE | FOR_DUMP);
		if (!error)
			error = text_word_to_group(in, word, &fm->out_group);
	} else {
		return parse_flag(in, word, kind, &fm->flags);
	}
	return error ? error : 1;
}

static void flow_mod_init(struct flow_mod *fm, enum flow_command command, unsigned int kind)
{
	fm->cookie = fm->cookie_mask = 0;
	fm->command = command;
	fm->table_id = kind & (FOR_DELETE | FOR_DUMP) ? TABLE_NONE : 0;
	fm->idle_timeout = fm->hard_timeout = 0;
	fm->priority = DEFAULT_PRIORITY;
	fm->buffer_id = BUFFER_NONE;
	fm->out_port = PORT_ANY;
	fm->out_group = GROUP_ANY;
	fm->flags = 0;
	instructions_init(&fm->instructions);
}

static int fail_unknown(const struct text_input *in, const struct text_word *word)
{
	const char *near = text_near_name(word->key);

	return text_fail(in, word->key.p, "unknown word \"%.*s\"%s%s%s",
			 (int)(word->key.len < 80 ? word->key.len : 80), word->key.p,
			 near ? "; is it \"" : "", near ? near : "", near ? "\"?" : "");
}

static int parse_words(struct text_input *in, unsigned int kind, struct flow_mod *fm,
		       struct text_match *tm, struct text_span *ret_actions)
{
	struct text_word word;
	int error;

	while ((error = text_next_word(in, &word)) > 0) {
		if (text_word_is_actions(&word)) {
			error = check_kind(in, &word, kind, FOR_ADD | FOR_MODIFY);
			if (error)
				return error;
			*ret_actions = text_rest_after(in, &word);
			return 0;
		}
		error = parse_flow_word(in, &word, kind, fm);
		if (!error)
			error = text_match_add(tm, in, &word);
		if (!error)
			return fail_unknown(in, &word);
		if (error < 0)
			return error;
	}
	return error;
}

static int parse_flow(struct text_input *in, unsigned int kind, enum flow_command command,
		      struct flow_mod *fm)
{
	struct text_span actions = { NULL, 0 };
	struct text_input actions_in;
	struct text_match tm;
	int error;

	flow_mod_init(fm, command, kind);
	text_match_init(&tm, &fm->match);
	error = parse_words(in, kind, fm, &tm, &actions);
	if (!error)
		error = text_match_finish(&tm, in);
	if (error || !(kind & (FOR_ADD | FOR_MODIFY)))
		return error;
	if (!actions.p)
		return text_fail(in, in->end, "\"actions=\" is missing (actions=drop for none)");
	actions_in = text_sub_input(in, actions);
	error = text_parse_instructions(&actions_in, &fm->match, &fm->instructions);
	if (!error && fm->instructions.goto_table != TABLE_NONE &&
	    fm->instructions.goto_table <= fm->table_id)
		return text_fail(in, actions.p,
				 "goto_table:%u: tables only lead to later ones, and this is %u",
				 fm->instructions.goto_table, fm->table_id);
	return error;
}

int text_parse_flow_mod(const char *line, enum flow_command command, const struct text_ports *ports,
			struct flow_mod *ret, struct text_error *ret_error)
{
	struct text_input in;

	text_input_init(&in, line, ports, ret_error);
	return parse_flow(&in, command_kind(command), command, ret);
}

int text_parse_filter(const char *line, const struct text_ports *ports, struct flow_filter *ret,
		      struct text_error *ret_error)
{
	struct flow_mod fm;
	struct text_input in;
	int error;

	text_input_init(&in, line, ports, ret_error);
	error = parse_flow(&in, FOR_DUMP, FLOW_DELETE, &fm);
	if (error)
		return error;
	ret->table_id = fm.table_id;
	ret->out_port = fm.out_port;
	ret->out_group = fm.out_group;
	ret->cookie = fm.cookie;
	ret->cookie_mask = fm.cookie_mask;
	ret->match = fm.match;
	return 0;
}

static int parse_hex(const struct text_input *in, const struct text_word *word, struct buf *ret)
{
	struct text_span s = word->value;

	buf_reset(ret);
	for (size_t i = 0; i < s.len; i += 2) {
		char text[5] = { '0', 'x', s.p[i], i + 1 < s.len ? s.p[i + 1] : ' ', 0 };
		uint64_t byte;

		if (text_span_to_u64((struct text_span){ text, 4 }, UINT8_MAX, &byte))
			return text_fail(in, s.p + i, "packet: not pairs of hexadecimal digits");
		buf_put_u8(ret, (uint8_t)byte);
	}
	if (ret->len < 14 || ret->len > 65000)
		return text_fail(in, word->key.p, "packet: %zu bytes; a frame has 14 to 65000",
				 ret->len);
	return buf_failed(ret) ? -ENOMEM : 0;
}

static unsigned int be16_at(const struct buf *b, size_t ofs)
{
	return (unsigned int)(b->data[ofs] << 8 | b->data[ofs + 1]);
}

/* Fills 'm' with the protocols of a packet, for words like mod_tp_src.  Returns true if there is a
 * VLAN tag. */
static bool packet_protocols(const struct buf *packet, struct match *m)
{
	size_t ofs = 12;
	unsigned int type;

	match_init(m);
	while (ofs + 6 <= packet->len &&
	       (be16_at(packet, ofs) == 0x8100 || be16_at(packet, ofs) == 0x88a8))
		ofs += 4;
	type = be16_at(packet, ofs);
	match_set_u64(m, FIELD_ETH_TYPE, type);
	if (type == 0x0800 && ofs + 12 <= packet->len)
		match_set_u64(m, FIELD_IP_PROTO, packet->data[ofs + 11]);
	if (type == 0x86dd && ofs + 9 <= packet->len)
		match_set_u64(m, FIELD_IP_PROTO, packet->data[ofs + 8]);
	return ofs > 12;
}

int text_parse_packet_out(const char *line, const struct text_ports *ports,
			  struct text_packet_out *ret, struct text_error *ret_error)
{
	struct text_action_context context = { .is_lenient = true };
	struct text_span actions = { NULL, 0 };
	struct text_input in, actions_in;
	struct text_word word;
	struct match match;
	int error;

	text_input_init(&in, line, ports, ret_error);
	ret->in_port = PORT_CONTROLLER;
	buf_reset(&ret->packet);
	while (!actions.p && (error = text_next_word(&in, &word)) > 0) {
		if (text_word_is_actions(&word))
			actions = text_rest_after(&in, &word);
		else if (text_span_is(word.key, "in_port"))
			error = text_word_to_port(&in, &word, &ret->in_port);
		else if (text_span_is(word.key, "packet"))
			error = parse_hex(&in, &word, &ret->packet);
		else
			error = text_fail(&in, word.key.p,
					  "unknown word \"%.*s\" (in_port, packet and "
					  "actions are known here)",
					  (int)(word.key.len < 80 ? word.key.len : 80), word.key.p);
		if (error < 0)
			return error;
	}
	if (!ret->packet.len)
		return text_fail(&in, in.end, "\"packet=HEX\" is missing");
	if (!actions.p)
		return text_fail(&in, in.end, "\"actions=\" is missing");
	context.has_tag = packet_protocols(&ret->packet, &match);
	context.match = &match;
	actions_in = text_sub_input(&in, actions);
	return text_parse_action_list(&actions_in, &context, &ret->actions);
}
