// SPDX-License-Identifier: Apache-2.0
/*
 * Groups as text; see text.h.
 *
 * A bucket reaches from its "bucket=" to the next: the words of its actions stand among the group's, as ovs-ofctl has it.  So the line is cut
 * into buckets first.
 */
#include "model/text_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_ELEMENTS(A) (sizeof(A) / sizeof((A)[0]))

static const struct {
	const char *name;
	enum group_type type;
} type_names[] = { /* the first of a type is what is printed */
	{ "all", GROUP_TYPE_ALL }, { "select", GROUP_TYPE_SELECT },	{ "indirect", GROUP_TYPE_INDIRECT },
	{ "ff", GROUP_TYPE_FF },   { "fast_failover", GROUP_TYPE_FF },
};

/* Words of Open vSwitch and of OpenFlow 1.5 that ask for what 1.3 cannot say. */
static const char *const foreign[] = { "selection_method", "selection_method_param", "fields", "command_bucket_id" };

const char *text_group_type_name(enum group_type type)
{
	for (size_t i = 0; i < N_ELEMENTS(type_names); i++) {
		if (type_names[i].type == type)
			return type_names[i].name;
	}
	return "?";
}

int text_word_to_group(const struct text_input *in, const struct text_word *word, uint32_t *ret)
{
	uint64_t number;
	int error = 0;

	if (text_span_is_nocase(word->value, "ALL"))
		*ret = GROUP_ALL;
	else if (text_span_is_nocase(word->value, "ANY"))
		*ret = GROUP_ANY;
	else if (!(error = text_word_to_u64(in, word, UINT32_MAX, &number)))
		*ret = (uint32_t)number;
	return error;
}

static bool is_bucket(const struct text_word *word)
{
	return text_span_is(word->key, "bucket") || text_span_is(word->key, "buckets");
}

static int parse_type(const struct text_input *in, const struct text_word *word, enum group_type *ret)
{
	for (size_t i = 0; i < N_ELEMENTS(type_names); i++) {
		if (text_span_is(word->value, type_names[i].name)) {
			*ret = type_names[i].type;
			return 0;
		}
	}
	return text_fail_value(in, word, "a group is of type all, select, indirect or ff");
}

static int parse_weight(const struct text_input *in, const struct text_word *word, enum group_type type, struct bucket *b)
{
	uint64_t weight;
	int error;

	if (type != GROUP_TYPE_SELECT)
		return text_fail(in, word->key.p, "weight: only buckets of a select group have one");
	error = text_word_to_u64(in, word, UINT16_MAX, &weight);
	if (!error)
		b->weight = (uint16_t)weight;
	return error;
}

/* Words of a bucket that are no actions.  Returns 1 if 'word' is one, 0 if not, or -EINVAL. */
static int parse_bucket_word(const struct text_input *in, const struct text_word *word, enum group_type type, struct bucket *b)
{
	uint64_t unused;
	int error;

	if (text_span_is(word->key, "weight"))
		error = parse_weight(in, word, type, b);
	else if (text_span_is(word->key, "watch_port"))
		error = text_word_to_port(in, word, &b->watch_port);
	else if (text_span_is(word->key, "watch_group"))
		error = text_word_to_group(in, word, &b->watch_group);
	else if (text_span_is(word->key, "bucket_id")) /* OpenFlow 1.5; here a bucket is its place in the group */
		error = text_word_to_u64(in, word, 0xffffff00u, &unused);
	else
		return 0;
	return error ? error : 1;
}

static int copy_actions(const struct action_list *list, struct bucket *b)
{
	b->actions = list->n ? malloc(list->n * sizeof(*b->actions)) : NULL;
	if (list->n && !b->actions)
		return -ENOMEM;
	if (list->n)
		memcpy(b->actions, list->a, list->n * sizeof(*b->actions));
	b->n_actions = list->n;
	return 0;
}

/* All of 'in' is the bucket.  What of it was allocated is the caller's on failure too. */
static int parse_bucket(struct text_input *in, enum group_type type, struct bucket *b)
{
	struct text_action_context context = { .match = NULL, .has_tag = true, .is_lenient = true };
	struct action_list list = { .n = 0 };
	const char *start = in->p;
	bool has_actions = false, has_drop = false;
	struct text_word word;
	int error;

	b->watch_port = PORT_ANY;
	b->watch_group = GROUP_ANY;
	b->weight = type == GROUP_TYPE_SELECT;
	while ((error = text_next_word(in, &word)) > 0) {
		if (text_word_is_actions(&word)) {
			in->p = word.key.p + word.key.len + 1;
			has_actions = true;
			continue;
		}
		error = parse_bucket_word(in, &word, type, b);
		if (error > 0)
			continue;
		if (!error && has_drop)
			error = text_fail(in, word.key.p, "nothing stands beside \"drop\": it is the lack of actions");
		else if (!error && text_span_is(word.key, "drop") && !word.delimiter)
			has_drop = true;
		else if (!error)
			error = text_parse_action_word(in, &context, &list, &word);
		if (!error && has_drop && list.n)
			error = text_fail(in, word.key.p, "\"drop\" stands alone: it is the lack of actions");
		if (error)
			return error;
	}
	if (error)
		return error;
	if (!has_actions && !has_drop && !list.n)
		return text_fail(in, start, "a bucket without actions (bucket=drop for none)");
	if (type == GROUP_TYPE_FF && b->watch_port == PORT_ANY && b->watch_group == GROUP_ANY)
		return text_fail(in, start, "a bucket of a group of type ff needs watch_port or watch_group");
	if (type != GROUP_TYPE_FF && (b->watch_port != PORT_ANY || b->watch_group != GROUP_ANY))
		return text_fail(in, start, "only buckets of a group of type ff watch a port or group");
	return copy_actions(&list, b);
}

/* What stands before the first bucket. */
struct group_head {
	bool has_id;
	bool has_type;
	unsigned int n_buckets;
};

static int parse_group_id(const struct text_input *in, const struct text_word *word, struct group_mod *gm)
{
	bool is_delete = gm->command == GROUP_DELETE;
	int error = text_word_to_group(in, word, &gm->group_id);

	if (error)
		return error;
	if (gm->group_id > GROUP_MAX && !(is_delete && (gm->group_id == GROUP_ALL || gm->group_id == GROUP_ANY)))
		return text_fail_value(in, word, "groups are numbered from 0 to %#x", GROUP_MAX);
	if (gm->group_id == GROUP_ANY)
		gm->group_id = GROUP_ALL;
	return 0;
}

static int parse_head_word(const struct text_input *in, const struct text_word *word, struct group_mod *gm, struct group_head *head)
{
	bool *had = NULL;
	int error;

	if (text_span_is(word->key, "group_id"))
		had = &head->has_id;
	else if (text_span_is(word->key, "type"))
		had = &head->has_type;
	for (size_t i = 0; i < N_ELEMENTS(foreign); i++) {
		if (text_span_is(word->key, foreign[i]))
			return text_fail(in, word->key.p, "%s cannot be said in OpenFlow 1.3", foreign[i]);
	}
	if (!had)
		return text_fail(in, word->key.p, "unknown word \"%.*s\" (group_id, type and bucket are known here)",
				 (int)(word->key.len < 80 ? word->key.len : 80), word->key.p);
	if (*had)
		return text_fail(in, word->key.p, "%.*s is given twice", (int)word->key.len, word->key.p);
	*had = true;
	error = had == &head->has_id ? parse_group_id(in, word, gm) : parse_type(in, word, &gm->type);
	return error;
}

/* Reads up to the first bucket, and counts the buckets.  '*in' is left at the first. */
static int parse_head(struct text_input *in, struct group_mod *gm, struct group_head *head)
{
	const char *first = NULL;
	struct text_word word;
	int error;

	while ((error = text_next_word(in, &word)) > 0) {
		if (is_bucket(&word)) {
			if (word.delimiter != '=' && word.delimiter != ':')
				return text_fail(in, word.key.p, "a bucket is written bucket=ACTIONS");
			if (gm->command == GROUP_DELETE)
				return text_fail(in, word.key.p, "a group is deleted by its number");
			if (head->n_buckets++ == GROUP_BUCKETS_MAX)
				return text_fail(in, word.key.p, "more than %d buckets", GROUP_BUCKETS_MAX);
			if (!first)
				first = word.key.p;
		} else if (!first) {
			error = parse_head_word(in, &word, gm, head);
			if (error)
				return error;
		}
	}
	in->p = first ? first : in->end;
	return error;
}

static int parse_buckets(struct text_input *in, struct group_mod *gm, unsigned int n)
{
	struct text_word word, next;

	gm->buckets = n ? calloc(n, sizeof(*gm->buckets)) : NULL;
	if (n && !gm->buckets)
		return -ENOMEM;
	text_next_word(in, &word);
	while (gm->n_buckets < n) {
		const char *start = word.key.p + word.key.len + 1;
		struct text_input bucket;
		int error;

		next.key.p = in->end;
		while (text_next_word(in, &next) > 0) {
			if (is_bucket(&next))
				break;
			next.key.p = in->end;
		}
		bucket = text_sub_input(in, (struct text_span){ start, (size_t)(next.key.p - start) });
		error = parse_bucket(&bucket, gm->type, &gm->buckets[gm->n_buckets++]);
		if (error)
			return error;
		word = next;
	}
	return 0;
}

static int parse_group(struct text_input *in, struct group_mod *gm)
{
	struct group_head head = { .n_buckets = 0 };
	int error = parse_head(in, gm, &head);

	if (error)
		return error;
	if (gm->command == GROUP_DELETE)
		return 0;
	if (!head.has_id)
		return text_fail(in, in->line, "\"group_id=\" is missing");
	if (!head.has_type)
		return text_fail(in, in->line, "\"type=\" is missing (all, select, indirect or ff)");
	if (gm->type == GROUP_TYPE_INDIRECT && head.n_buckets != 1)
		return text_fail(in, in->p, "a group of type indirect has one bucket, not %u", head.n_buckets);
	return parse_buckets(in, gm, head.n_buckets);
}

int text_parse_group_mod(const char *line, enum group_command command, const struct text_ports *ports,
			 struct group_mod *ret, struct text_error *ret_error)
{
	struct text_input in;
	int error;

	text_input_init(&in, line, ports, ret_error);
	*ret = (struct group_mod){ .command = command, .type = GROUP_TYPE_ALL, .group_id = GROUP_ALL };
	error = parse_group(&in, ret);
	if (error)
		group_mod_uninit(ret);
	if (error == -ENOMEM)
		text_fail(&in, in.line, "out of memory");
	return error;
}

int text_parse_group_id(const char *text, uint32_t *ret, struct text_error *ret_error)
{
	int error;

	*ret = GROUP_ALL;
	error = text_parse_one_id(text, "group", "group_id", text_word_to_group, ret, ret_error);
	if (!error && *ret == GROUP_ANY)
		*ret = GROUP_ALL;
	return error;
}

static void put_bucket(const struct bucket *b, enum group_type type, const struct text_ports *ports, struct buf *out)
{
	buf_puts(out, ",bucket=");
	if (b->weight != (type == GROUP_TYPE_SELECT))
		buf_printf(out, "weight:%u,", b->weight);
	if (b->watch_port != PORT_ANY) {
		buf_puts(out, "watch_port:");
		text_format_port(b->watch_port, ports, out);
		buf_put_u8(out, ',');
	}
	if (b->watch_group != GROUP_ANY)
		buf_printf(out, "watch_group:%u,", b->watch_group);
	buf_puts(out, "actions=");
	text_put_actions(b->actions, b->n_actions, ports, out);
}

static void put_group(uint32_t group_id, enum group_type type, const struct bucket *buckets, unsigned int n,
		      const struct text_ports *ports, struct buf *out)
{
	buf_printf(out, "group_id=%u,type=%s", group_id, text_group_type_name(type));
	for (unsigned int i = 0; i < n; i++)
		put_bucket(&buckets[i], type, ports, out);
}

void text_format_group_mod(const struct group_mod *gm, const struct text_ports *ports, struct buf *out)
{
	if (gm->command == GROUP_DELETE) {
		if (gm->group_id != GROUP_ALL)
			buf_printf(out, "group_id=%u", gm->group_id);
		return;
	}
	put_group(gm->group_id, gm->type, gm->buckets, gm->n_buckets, ports, out);
}

void text_format_group_desc(const struct group_desc *group, const struct text_ports *ports, struct buf *out)
{
	buf_put_u8(out, ' ');
	put_group(group->group_id, group->type, group->buckets, group->n_buckets, ports, out);
}

/* A counter that the switch does not keep is all ones. */
static void put_count(const char *name, uint64_t n, struct buf *out)
{
	if (n == UINT64_MAX)
		buf_printf(out, ",%s=?", name);
	else
		buf_printf(out, ",%s=%llu", name, (unsigned long long)n);
}

void text_format_group_stats(const struct group_desc *group, struct buf *out)
{
	buf_printf(out, " group_id=%u,duration=", group->group_id);
	text_format_duration(group->duration_ns, out);
	buf_printf(out, ",ref_count=%u", group->ref_count);
	put_count("packet_count", group->n_packets, out);
	put_count("byte_count", group->n_bytes, out);
	for (unsigned int i = 0; i < group->n_buckets; i++) {
		char name[32];

		snprintf(name, sizeof(name), "bucket%u:packet_count", i);
		put_count(name, group->bucket_stats[i].n_packets, out);
		put_count("byte_count", group->bucket_stats[i].n_bytes, out);
	}
}
