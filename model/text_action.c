// SPDX-License-Identifier: Apache-2.0
/*
 * Words of actions and instructions; see text.h and text_private.h.
 *
 * OpenFlow 1.0's mod_* words become set-fields, as in ovs-ofctl.  mod_vlan_vid and mod_vlan_pcp
 * push a tag first where the flow's packets have none, for in OpenFlow 1.0 they added one.
 */
#include "model/text_private.h"

#include <errno.h>
#include <string.h>

#define N_ELEMENTS(A) (sizeof(A) / sizeof((A)[0]))

struct action_parser {
	struct text_input *in;
	struct text_action_context *context;
	struct action_list *list;
};

static const struct match no_match = { .present = 0 };

static const struct match *context_match(const struct action_parser *ap)
{
	return ap->context->match ? ap->context->match : &no_match;
}

static int put(struct action_parser *ap, const struct text_word *word, const struct action *a)
{
	if (ap->list->n == ACTIONS_MAX)
		return text_fail(ap->in, word->key.p, "more than %d actions", ACTIONS_MAX);
	ap->list->a[ap->list->n++] = *a;
	return 0;
}

static int put_output(struct action_parser *ap, const struct text_word *word, uint32_t port,
		      uint16_t max_len)
{
	struct action a = { .type = ACTION_OUTPUT, .output = { port, max_len } };

	if (!port || port == PORT_ANY || (port > PORT_NO_MAX && port < PORT_IN_PORT))
		return text_fail(ap->in, word->key.p, "%.*s: nothing can be output to port %u",
				 (int)word->key.len, word->key.p, port);
	return put(ap, word, &a);
}

static bool prereq_ok(const struct action_parser *ap, enum field_id id)
{
	if (ap->context->is_lenient)
		return true;
	if (field_table[id].prereq == PREREQ_VLAN || id == FIELD_VLAN_VID)
		return ap->context->has_tag;
	return match_prereq_ok(context_match(ap), id);
}

/* Adds a set-field and notes what it makes of the context. */
static int put_set_field(struct action_parser *ap, const struct text_word *word, enum field_id id,
			 const struct field_value *value)
{
	struct action a = { .type = ACTION_SET_FIELD, .set_field = { id, *value } };

	if (!prereq_ok(ap, id))
		return text_fail(ap->in, word->key.p, "%.*s: setting %s needs %s in the match",
				 (int)word->key.len, word->key.p, field_table[id].oxm_name,
				 text_prereq(id == FIELD_VLAN_VID ? FIELD_VLAN_PCP : id));
	if (id == FIELD_ETH_TYPE || id == FIELD_IP_PROTO || id == FIELD_ICMPV6_TYPE)
		ap->context->is_lenient = true;
	return put(ap, word, &a);
}

static int put_set_number(struct action_parser *ap, const struct text_word *word, enum field_id id,
			  uint64_t number)
{
	struct field_value value = field_value_from_u64(id, number);

	return put_set_field(ap, word, id, &value);
}

static int put_push_vlan(struct action_parser *ap, const struct text_word *word, uint16_t ethertype)
{
	struct action a = { .type = ACTION_PUSH_VLAN, .ethertype = ethertype };

	ap->context->has_tag = true;
	return put(ap, word, &a);
}

/* One parser for each word.  'arg' is the table's. */
typedef int action_parse_fn(struct action_parser *, const struct text_word *, int arg);

static int parse_output_options(struct action_parser *ap, const struct text_word *word,
				uint32_t port)
{
	struct text_input options = text_sub_input(ap->in, word->value);
	uint64_t max_len = CONTROLLER_MAX_LEN_NO_BUFFER;
	struct text_word option;
	int error;

	while ((error = text_next_word(&options, &option)) > 0) {
		if (text_span_is(option.key, "max_len"))
			error = text_word_to_u64(ap->in, &option, UINT16_MAX, &max_len);
		else if (text_span_is(option.key, "port"))
			error = text_word_to_port(ap->in, &option, &port);
		else if (text_span_is(option.key, "reason") && text_span_is(option.value, "action"))
			error = 0;
		else
			error = text_fail(ap->in, option.key.p, "%.*s(): \"%.*s\" is not supported",
					  (int)word->key.len, word->key.p, (int)option.key.len,
					  option.key.p);
		if (error)
			return error;
	}
	return error ? error : put_output(ap, word, port, (uint16_t)max_len);
}

static int parse_output(struct action_parser *ap, const struct text_word *word, int arg)
{
	uint32_t port;
	int error;

	(void)arg;
	if (word->delimiter == '(')
		return parse_output_options(ap, word, 0);
	error = text_word_to_port(ap->in, word, &port);
	return error ? error : put_output(ap, word, port, CONTROLLER_MAX_LEN_NO_BUFFER);
}

static int parse_controller(struct action_parser *ap, const struct text_word *word)
{
	uint64_t max_len = CONTROLLER_MAX_LEN_NO_BUFFER;
	int error = 0;

	if (word->delimiter == '(')
		return parse_output_options(ap, word, PORT_CONTROLLER);
	if (word->delimiter)
		error = text_word_to_u64(ap->in, word, UINT16_MAX, &max_len);
	return error ? error : put_output(ap, word, PORT_CONTROLLER, (uint16_t)max_len);
}

static int parse_push_vlan(struct action_parser *ap, const struct text_word *word, int arg)
{
	uint64_t type;
	int error = text_word_to_u64(ap->in, word, UINT16_MAX, &type);

	(void)arg;
	if (error)
		return error;
	if (type != 0x8100 && type != 0x88a8)
		return text_fail_value(ap->in, word, "a VLAN tag's type is 0x8100 or 0x88a8");
	return put_push_vlan(ap, word, (uint16_t)type);
}

static int no_value(struct action_parser *ap, const struct text_word *word)
{
	if (!word->delimiter)
		return 0;
	return text_fail(ap->in, word->key.p, "%.*s takes no value", (int)word->key.len,
			 word->key.p);
}

static int parse_pop_vlan(struct action_parser *ap, const struct text_word *word, int arg)
{
	struct action a = { .type = ACTION_POP_VLAN };
	int error = no_value(ap, word);

	(void)arg;
	ap->context->has_tag = false;
	return error ? error : put(ap, word, &a);
}

/* Actions that are a word and nothing more: 'arg' is an enum action_type. */
static int parse_bare(struct action_parser *ap, const struct text_word *word, int arg)
{
	struct action a = { .type = (enum action_type)arg };
	int error = no_value(ap, word);

	return error ? error : put(ap, word, &a);
}

/* pop_pbb brings out a frame of which nothing is known. */
static int parse_pop_pbb(struct action_parser *ap, const struct text_word *word, int arg)
{
	ap->context->is_lenient = true;
	return parse_bare(ap, word, arg);
}

static int parse_ethertype(struct action_parser *ap, const struct text_word *word, int type,
			   const char *wanted, uint64_t a_type, uint64_t or_type)
{
	struct action a = { .type = (enum action_type)type };
	uint64_t number;
	int error = text_word_to_u64(ap->in, word, UINT16_MAX, &number);

	if (error)
		return error;
	if (wanted && number != a_type && number != or_type)
		return text_fail_value(ap->in, word, "%s", wanted);
	a.ethertype = (uint16_t)number;
	ap->context->is_lenient = true; /* the packet is another afterwards */
	return put(ap, word, &a);
}

static int parse_push_mpls(struct action_parser *ap, const struct text_word *word, int arg)
{
	return parse_ethertype(ap, word, arg, "a label's type is 0x8847 or 0x8848", 0x8847, 0x8848);
}

static int parse_push_pbb(struct action_parser *ap, const struct text_word *word, int arg)
{
	return parse_ethertype(ap, word, arg, "an I-TAG's type is 0x88e7", 0x88e7, 0x88e7);
}

static int parse_pop_mpls(struct action_parser *ap, const struct text_word *word, int arg)
{
	return parse_ethertype(ap, word, arg, NULL, 0, 0);
}

/* "set_mpls_ttl(64)", as it is printed, or "set_mpls_ttl:64". */
static int parse_set_mpls_ttl(struct action_parser *ap, const struct text_word *word, int arg)
{
	struct action a = { .type = (enum action_type)arg };
	uint64_t ttl;
	int error = text_word_to_u64(ap->in, word, UINT8_MAX, &ttl);

	if (error)
		return error;
	a.ttl = (uint8_t)ttl;
	return put(ap, word, &a);
}

static int parse_set_queue(struct action_parser *ap, const struct text_word *word, int arg)
{
	struct action a = { .type = (enum action_type)arg };
	uint64_t number;
	int error = text_word_to_u64(ap->in, word, UINT32_MAX - 1, &number);

	if (error)
		return error;
	a.queue_id = (uint32_t)number;
	return put(ap, word, &a);
}

static int parse_group(struct action_parser *ap, const struct text_word *word, int arg)
{
	struct action a = { .type = (enum action_type)arg };
	uint64_t number;
	int error = text_word_to_u64(ap->in, word, 0xffffff00u, &number);

	if (error)
		return error;
	a.group_id = (uint32_t)number;
	return put(ap, word, &a);
}

static int put_set_ttl(struct action_parser *ap, const struct text_word *word,
		       const struct text_word *value)
{
	struct action a = { .type = ACTION_SET_NW_TTL };
	uint64_t ttl;
	int error = text_word_to_u64(ap->in, value, UINT8_MAX, &ttl);

	if (error)
		return error;
	a.ttl = (uint8_t)ttl;
	return put(ap, word, &a);
}

static int parse_set_ttl(struct action_parser *ap, const struct text_word *word, int arg)
{
	(void)arg;
	return put_set_ttl(ap, word, word);
}

/* mod_dl_src and the like: a whole value of the field 'arg'. */
static int parse_mod(struct action_parser *ap, const struct text_word *word, int arg)
{
	enum field_id id = (enum field_id)arg;
	struct field_value value, mask;
	int error;

	if (!word->value.len)
		return text_fail(ap->in, word->key.p, "%.*s needs a value", (int)word->key.len,
				 word->key.p);
	if (memchr(word->value.p, '/', word->value.len))
		return text_fail_value(ap->in, word, "a value that is set cannot have a mask");
	error = text_parse_value(ap->in, word, word->value, id, &value, &mask);
	return error ? error : put_set_field(ap, word, id, &value);
}

static int parse_mod_nw_tos(struct action_parser *ap, const struct text_word *word, int arg)
{
	uint64_t tos;
	int error = text_word_to_u64(ap->in, word, UINT8_MAX, &tos);

	(void)arg;
	if (error)
		return error;
	if (tos & 3)
		return text_fail_value(ap->in, word, "its two low bits are nw_ecn's");
	return put_set_number(ap, word, FIELD_IP_DSCP, tos >> 2);
}

/* mod_tp_src and mod_tp_dst: 'arg' is an enum text_name. */
static int parse_mod_tp(struct action_parser *ap, const struct text_word *word, int arg)
{
	int id = text_resolve_name((enum text_name)arg, FIELD_IN_PORT, context_match(ap));

	if (id < 0)
		return text_fail(ap->in, word->key.p,
				 "%.*s needs \"tcp\", \"udp\" or \"sctp\" in the match",
				 (int)word->key.len, word->key.p);
	return parse_mod(ap, word, id);
}

/* mod_vlan_vid and mod_vlan_pcp (VLAN_VID, VLAN_PCP), which give a tag to packets that have none;
 * set_vlan_vid and set_vlan_pcp (the same, negated) do not. */
static int parse_mod_vlan(struct action_parser *ap, const struct text_word *word, int arg)
{
	enum field_id id = (enum field_id)(arg < 0 ? -arg : arg);
	uint64_t number;
	int error = text_word_to_u64(ap->in, word, id == FIELD_VLAN_VID ? 0xfff : 7, &number);

	if (error)
		return error;
	if (arg > 0 && !ap->context->has_tag) {
		error = put_push_vlan(ap, word, 0x8100);
		if (error)
			return error;
	}
	if (id == FIELD_VLAN_VID)
		number |= OFPVID_PRESENT;
	return put_set_number(ap, word, id, number);
}

/* Splits "VALUE->FIELD". */
static bool split_arrow(struct text_span s, struct text_span *value, struct text_span *field)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.p[i] == '-' && s.p[i + 1] == '>') {
			*value = (struct text_span){ s.p, i };
			*field = (struct text_span){ s.p + i + 2, s.len - i - 2 };
			return value->len && field->len;
		}
	}
	return false;
}

static int parse_set_field(struct action_parser *ap, const struct text_word *word, int arg)
{
	struct text_word part = { .delimiter = '=' };
	enum text_name name;
	enum field_id field;
	int id;

	(void)arg;
	if (!word->value.len || !split_arrow(word->value, &part.value, &part.key))
		return text_fail(ap->in, word->key.p,
				 "set_field is written set_field:VALUE->FIELD");
	if (!text_find_name(part.key, &name, &field))
		return text_fail(ap->in, part.key.p, "set_field: \"%.*s\" is not a field",
				 (int)part.key.len, part.key.p);
	if (name == NAME_NW_TTL)
		return put_set_ttl(ap, word, &part);
	if (name == NAME_NW_TOS)
		return parse_mod_nw_tos(ap, &part, 0);
	if (name == NAME_DL_VLAN)
		return parse_mod_vlan(ap, &part, -FIELD_VLAN_VID);
	id = text_resolve_name(name, field, context_match(ap));
	if (id < 0 || name == NAME_VLAN_TCI)
		return text_fail(ap->in, part.key.p,
				 "set_field: %.*s: name the field by its protocol",
				 (int)part.key.len, part.key.p);
	if (!field_table[id].is_settable)
		return text_fail(ap->in, part.key.p, "set_field: %.*s cannot be set",
				 (int)part.key.len, part.key.p);
	if (id == FIELD_VLAN_VID) {
		uint64_t vid;

		if (!text_span_to_u64(part.value, UINT64_MAX, &vid) && vid < OFPVID_PRESENT)
			return text_fail_value(
				ap->in, &part,
				"lacks 0x1000, which says that there is a tag: write %llu",
				(unsigned long long)vid | OFPVID_PRESENT);
	}
	return parse_mod(ap, &part, id);
}

static int parse_foreign(struct action_parser *ap, const struct text_word *word, int arg)
{
	(void)arg;
	return text_fail(ap->in, word->key.p, "the action \"%.*s\" is not supported by skep",
			 (int)word->key.len, word->key.p);
}

static const struct {
	const char *key;
	action_parse_fn *parse;
	int arg;
} action_words[] = {
	{ "output", parse_output, 0 },
	{ "set_field", parse_set_field, 0 },
	{ "push_vlan", parse_push_vlan, 0 },
	{ "pop_vlan", parse_pop_vlan, 0 },
	{ "strip_vlan", parse_pop_vlan, 0 },
	{ "dec_ttl", parse_bare, ACTION_DEC_NW_TTL },
	{ "dec_nw_ttl", parse_bare, ACTION_DEC_NW_TTL },
	{ "copy_ttl_out", parse_bare, ACTION_COPY_TTL_OUT },
	{ "copy_ttl_in", parse_bare, ACTION_COPY_TTL_IN },
	{ "dec_mpls_ttl", parse_bare, ACTION_DEC_MPLS_TTL },
	{ "set_mpls_ttl", parse_set_mpls_ttl, ACTION_SET_MPLS_TTL },
	{ "push_mpls", parse_push_mpls, ACTION_PUSH_MPLS },
	{ "pop_mpls", parse_pop_mpls, ACTION_POP_MPLS },
	{ "push_pbb", parse_push_pbb, ACTION_PUSH_PBB },
	{ "pop_pbb", parse_pop_pbb, ACTION_POP_PBB },
	{ "set_queue", parse_set_queue, ACTION_SET_QUEUE },
	{ "group", parse_group, ACTION_GROUP },
	{ "mod_nw_ttl", parse_set_ttl, 0 },
	{ "set_nw_ttl", parse_set_ttl, 0 },
	{ "mod_vlan_vid", parse_mod_vlan, FIELD_VLAN_VID },
	{ "mod_vlan_pcp", parse_mod_vlan, FIELD_VLAN_PCP },
	{ "set_vlan_vid", parse_mod_vlan, -FIELD_VLAN_VID },
	{ "set_vlan_pcp", parse_mod_vlan, -FIELD_VLAN_PCP },
	{ "mod_dl_src", parse_mod, FIELD_ETH_SRC },
	{ "mod_dl_dst", parse_mod, FIELD_ETH_DST },
	{ "set_tunnel", parse_mod, FIELD_TUNNEL_ID },
	{ "set_tunnel64", parse_mod, FIELD_TUNNEL_ID },
	{ "mod_nw_src", parse_mod, FIELD_IPV4_SRC },
	{ "mod_nw_dst", parse_mod, FIELD_IPV4_DST },
	{ "mod_nw_tos", parse_mod_nw_tos, 0 },
	{ "mod_nw_ecn", parse_mod, FIELD_IP_ECN },
	{ "mod_tp_src", parse_mod_tp, NAME_TP_SRC },
	{ "mod_tp_dst", parse_mod_tp, NAME_TP_DST },
	{ "enqueue", parse_foreign, 0 },
	{ "pop_queue", parse_foreign, 0 },
	{ "resubmit", parse_foreign, 0 },
	{ "load", parse_foreign, 0 },
	{ "move", parse_foreign, 0 },
	{ "learn", parse_foreign, 0 },
	{ "ct", parse_foreign, 0 },
	{ "conjunction", parse_foreign, 0 },
	{ "note", parse_foreign, 0 },
};

/* A word that is no action's name may be a port: "2", "LOCAL", "eth0". */
static int parse_port_word(struct action_parser *ap, const struct text_word *word)
{
	uint32_t port;

	if (text_span_to_port(word->key, ap->in->ports, &port))
		return text_fail(ap->in, word->key.p, "\"%.*s\" is neither an action nor a port",
				 (int)word->key.len, word->key.p);
	if (port == PORT_CONTROLLER)
		return parse_controller(ap, word);
	if (word->delimiter)
		return text_fail(ap->in, word->key.p, "%.*s takes no value", (int)word->key.len,
				 word->key.p);
	return put_output(ap, word, port, CONTROLLER_MAX_LEN_NO_BUFFER);
}

static int parse_action(struct action_parser *ap, const struct text_word *word)
{
	for (size_t i = 0; i < N_ELEMENTS(action_words); i++) {
		if (text_span_is(word->key, action_words[i].key))
			return action_words[i].parse(ap, word, action_words[i].arg);
	}
	return parse_port_word(ap, word);
}

/* "drop" stands alone, or not at all. */
static int parse_drop(const struct text_input *in, const struct text_word *word, bool is_alone)
{
	struct text_input rest = *in;
	struct text_word other;

	if (!is_alone || text_next_word(&rest, &other))
		return text_fail(in, word->key.p,
				 "\"drop\" stands alone: it is the lack of actions");
	return 0;
}

int text_parse_action_word(struct text_input *in, struct text_action_context *context,
			   struct action_list *list, const struct text_word *word)
{
	struct action_parser ap = { in, context, list };

	return parse_action(&ap, word);
}

int text_parse_action_list(struct text_input *in, struct text_action_context *context,
			   struct action_list *list)
{
	struct action_parser ap = { in, context, list };
	struct text_word word;
	int error;

	list->n = 0;
	while ((error = text_next_word(in, &word)) > 0) {
		if (text_span_is(word.key, "drop"))
			return parse_drop(in, &word, !list->n);
		error = parse_action(&ap, &word);
		if (error)
			return error;
	}
	return error;
}

static int parse_write_metadata(const struct text_input *in, const struct text_word *word,
				struct instructions *ret)
{
	int error = text_word_to_masked_u64(in, word, &ret->metadata, &ret->metadata_mask);

	if (error)
		return error;
	ret->has_metadata = true;
	ret->metadata &= ret->metadata_mask;
	return 0;
}

static int parse_goto(const struct text_input *in, const struct text_word *word,
		      struct instructions *ret)
{
	uint64_t table;
	int error = text_word_to_u64(in, word, TABLE_MAX, &table);

	if (!error)
		ret->goto_table = (uint8_t)table;
	return error;
}

static int parse_meter(const struct text_input *in, const struct text_word *word,
		       struct instructions *ret)
{
	uint64_t number;
	int error = text_word_to_u64(in, word, 0xffff0000u, &number);

	if (error)
		return error;
	if (!number)
		return text_fail_value(in, word, "meters are numbered from 1");
	ret->has_meter = true;
	ret->meter_id = (uint32_t)number;
	return 0;
}

static int parse_write_actions(const struct text_input *in, const struct text_word *word,
			       struct instructions *ret)
{
	struct text_action_context context = { .match = NULL, .has_tag = true, .is_lenient = true };
	struct text_input actions;

	if (word->delimiter != '(')
		return text_fail(in, word->key.p,
				 "write_actions is written write_actions(ACTIONS)");
	ret->has_write = true;
	actions = text_sub_input(in, word->value);
	return text_parse_action_list(&actions, &context, &ret->write);
}

/* The order in which instructions are executed and must be written (OF1.3.5 §5.9). */
enum stage { STAGE_METER, STAGE_APPLY, STAGE_CLEAR, STAGE_WRITE, STAGE_METADATA, STAGE_GOTO, STAGE_DROP };

static enum stage word_stage(const struct text_word *word)
{
	static const char *const names[] = {
		[STAGE_METER] = "meter",
		[STAGE_CLEAR] = "clear_actions",
		[STAGE_WRITE] = "write_actions",
		[STAGE_METADATA] = "write_metadata",
		[STAGE_GOTO] = "goto_table",
		[STAGE_DROP] = "drop",
	};

	for (unsigned int i = 0; i < N_ELEMENTS(names); i++) {
		if (names[i] && text_span_is(word->key, names[i]))
			return (enum stage)i;
	}
	return STAGE_APPLY;
}

static int parse_instruction(struct action_parser *ap, const struct text_word *word,
			     enum stage stage, struct instructions *ret)
{
	switch (stage) {
	case STAGE_METER:
		return parse_meter(ap->in, word, ret);
	case STAGE_APPLY:
		ret->has_apply = true;
		return parse_action(ap, word);
	case STAGE_CLEAR:
		ret->has_clear = true;
		return no_value(ap, word);
	case STAGE_WRITE:
		return parse_write_actions(ap->in, word, ret);
	case STAGE_METADATA:
		return parse_write_metadata(ap->in, word, ret);
	case STAGE_GOTO:
		return parse_goto(ap->in, word, ret);
	case STAGE_DROP:
		break;
	}
	return 0;
}

/* True if packets of 'm' have a tag for certain. */
static bool match_has_tag(const struct match *m)
{
	return match_prereq_ok(m, FIELD_VLAN_PCP);
}

int text_parse_instructions(struct text_input *in, const struct match *match,
			    struct instructions *ret)
{
	struct text_action_context context = { .match = match, .has_tag = match_has_tag(match) };
	struct action_parser ap = { in, &context, &ret->apply };
	enum stage last = STAGE_METER, stage;
	struct text_word word;
	bool is_first = true;
	int error;

	instructions_init(ret);
	while ((error = text_next_word(in, &word)) > 0) {
		stage = word_stage(&word);
		if (stage == STAGE_DROP)
			return parse_drop(in, &word, is_first);
		if (stage < last || (stage == last && stage != STAGE_APPLY && !is_first))
			return text_fail(
				in, word.key.p,
				"%.*s: the order is meter, actions, clear_actions, write_actions(), "
				"write_metadata, goto_table, each once",
				(int)word.key.len, word.key.p);
		last = stage;
		is_first = false;
		error = parse_instruction(&ap, &word, stage, ret);
		if (error)
			return error;
	}
	return error;
}
