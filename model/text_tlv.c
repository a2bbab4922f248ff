// SPDX-License-Identifier: Apache-2.0
/*
 * Geneve options as text; see text.h.
 *
 *     {class=0xffff,type=0x80,len=4}->tun_metadata0,{class=0xffff,type=1,len=8}->tun_metadata1
 */
#include "model/text_private.h"

#include <errno.h>
#include <string.h>

#define FIELD_NAME "tun_metadata"

/* Reads what stands between braces. */
static int parse_option(struct text_input *in, const char *at, struct tlv_map *map)
{
	const struct {
		const char *key;
		uint64_t max;
	} parts[] = { { "class", UINT16_MAX }, { "type", UINT8_MAX }, { "len", UINT8_MAX } };
	uint64_t value[3] = { 0 };
	unsigned int has = 0;
	struct text_word word;
	int more;

	while ((more = text_next_word(in, &word)) > 0) {
		unsigned int i = 0;
		int error;

		while (i < 3 && !text_span_is(word.key, parts[i].key))
			i++;
		if (i == 3)
			return text_fail(in, word.key.p, "an option has class, type and len");
		error = text_word_to_u64(in, &word, parts[i].max, &value[i]);
		if (error)
			return error;
		has |= 1u << i;
	}
	if (more < 0)
		return more;
	if (has != 7)
		return text_fail(in, at, "an option has class, type and len");
	map->option_class = (uint16_t)value[0];
	map->option_type = (uint8_t)value[1];
	map->option_len = (uint8_t)value[2];
	return 0;
}

/* Reads "tun_metadata0". */
static int parse_field(struct text_input *in, struct tlv_map *map)
{
	size_t prefix = strlen(FIELD_NAME), len = strcspn(in->p, ", ");
	struct text_span number = { in->p + prefix, len - prefix };
	uint64_t index;

	if (len <= prefix || strncmp(in->p, FIELD_NAME, prefix) != 0 ||
	    text_span_to_u64(number, TLV_FIELDS - 1, &index))
		return text_fail(in, in->p, "\"%.*s\" is not a field from %s0 to %d", (int)len,
				 in->p, FIELD_NAME, TLV_FIELDS - 1);
	map->index = (uint16_t)index;
	in->p += len;
	return 0;
}

static int parse_map(struct text_input *in, struct tlv_map *map)
{
	const char *end = strstr(in->p, "}->"), *start = in->p;
	struct text_input inner;
	int error;

	if (*in->p != '{' || !end)
		return text_fail(in, in->p, "not {class=CLASS,type=TYPE,len=LENGTH}->FIELD");
	inner = text_sub_input(in, (struct text_span){ in->p + 1, (size_t)(end - in->p - 1) });
	error = parse_option(&inner, start, map);
	if (error)
		return error;
	in->p = end + strlen("}->");
	return parse_field(in, map);
}

int text_parse_tlv_mod(const char *line, enum tlv_command command, struct tlv_mod *ret,
		       struct text_error *ret_error)
{
	struct text_input in;

	text_input_init(&in, line, NULL, ret_error);
	*ret = (struct tlv_mod){ .command = command };
	for (;;) {
		int error;

		in.p += strspn(in.p, ", ");
		if (in.p >= in.end)
			break;
		if (ret->n == TLV_MOD_MAX)
			return text_fail(&in, in.p, "more than %d options", TLV_MOD_MAX);
		error = parse_map(&in, &ret->map[ret->n]);
		if (error)
			return error;
		ret->n++;
	}
	if (command == TLV_DELETE && !ret->n)
		ret->command = TLV_CLEAR;
	else if (!ret->n)
		return text_fail(&in, in.p, "no option: {class=CLASS,type=TYPE,len=LENGTH}->FIELD");
	return 0;
}

void text_format_tlv_table(const struct tlv_table *table, struct buf *out)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < table->n; i++)
		used += table->map[i].option_len;
	buf_printf(out, " max option space=%u max fields=%u\n allocated option space=%u\n\n",
		   table->max_option_space, table->max_fields, used);
	buf_printf(out, " mapping table:\n  class  type  length  match field\n ------  ----  "
			"------  --------------\n");
	for (unsigned int i = 0; i < table->n; i++)
		buf_printf(out, " %#6x  %#4x  %6u  %s%u\n", table->map[i].option_class,
			   table->map[i].option_type, table->map[i].option_len, FIELD_NAME,
			   table->map[i].index);
}
