// SPDX-License-Identifier: Apache-2.0
/* Words, numbers and ports of flow texts; see text.h and text_private.h. */
#include "model/text_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	uint32_t port;
} reserved_ports[] = {
	{ "IN_PORT", PORT_IN_PORT }, { "TABLE", PORT_TABLE }, { "NORMAL", PORT_NORMAL },
	{ "FLOOD", PORT_FLOOD },     { "ALL", PORT_ALL },     { "CONTROLLER", PORT_CONTROLLER },
	{ "LOCAL", PORT_LOCAL },     { "ANY", PORT_ANY },     { "NONE", PORT_ANY },
};
#define N_RESERVED_PORTS (sizeof(reserved_ports) / sizeof(reserved_ports[0]))

void text_input_init(struct text_input *in, const char *line, const struct text_ports *ports,
		     struct text_error *error)
{
	*in = (struct text_input){
		.line = line, .p = line, .end = line + strlen(line), .ports = ports, .error = error
	};
}

bool text_span_is(struct text_span span, const char *s)
{
	return strlen(s) == span.len && !memcmp(span.p, s, span.len);
}

bool text_span_is_nocase(struct text_span span, const char *s)
{
	return strlen(s) == span.len && !strncasecmp(span.p, s, span.len);
}

static int fail_at(const struct text_input *in, const char *at, const struct text_word *word,
		   const char *fmt, va_list ap)
{
	struct text_error *e = in->error;
	size_t used = 0;
	int n;

	e->column = (unsigned int)(at - in->line) + 1;
	e->message[0] = '\0';
	if (word) {
		n = snprintf(e->message, sizeof(e->message),
			     "%.*s: \"%.*s\"%s: ", (int)(word->key.len < 40 ? word->key.len : 40),
			     word->key.p, (int)(word->value.len < 60 ? word->value.len : 60),
			     word->value.p, word->value.len < 60 ? "" : "...");
		used = n < 0 ? 0 : (size_t)n;
	}
	if (used < sizeof(e->message))
		vsnprintf(e->message + used, sizeof(e->message) - used, fmt, ap);
	return -EINVAL;
}

int text_fail(const struct text_input *in, const char *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_at(in, at, NULL, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int text_fail_value(const struct text_input *in, const struct text_word *word, const char *fmt, ...)
{
	struct text_word shown = *word;
	va_list ap;

	if (!shown.value.p)
		shown.value = (struct text_span){ word->key.p + word->key.len, 0 };
	va_start(ap, fmt);
	fail_at(in, shown.value.p, &shown, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Returns the end of the quoted piece that starts at 'p' (past its closing quote), or NULL. */
static const char *skip_quoted(const char *p, const char *end)
{
	const char *close = p + 1 < end ? memchr(p + 1, '"', (size_t)(end - p - 1)) : NULL;

	return close ? close + 1 : NULL;
}

/* Moves '*p' past a value: up to a separator outside of parentheses and quotes, or, if 'depth' is
 * 1, up to the parenthesis that closes. */
static int skip_value(const struct text_input *in, const char **p, unsigned int depth)
{
	const char *open = *p - 1; /* the outermost parenthesis */
	bool in_parens = depth > 0;

	while (*p < in->end) {
		char c = **p;

		if (c == '"') {
			const char *next = skip_quoted(*p, in->end);

			if (!next)
				return text_fail(in, *p, "a quote without its closing quote");
			*p = next;
			continue;
		}
		if (!depth && is_separator(c))
			return 0;
		if (c == '(') {
			if (!depth++)
				open = *p;
		} else if (c == ')') {
			if (!depth)
				return text_fail(in, *p,
						 "a closing parenthesis without an opening one");
			if (!--depth && in_parens)
				return 0;
		}
		++*p;
	}
	if (depth)
		return text_fail(in, open, "a parenthesis is not closed");
	return 0;
}

static struct text_span strip_quotes(struct text_span span)
{
	if (span.len >= 2 && span.p[0] == '"' && span.p[span.len - 1] == '"')
		return (struct text_span){ span.p + 1, span.len - 2 };
	return span;
}

int text_next_word(struct text_input *in, struct text_word *ret)
{
	const char *start, *p;
	int error;

	while (in->p < in->end && is_separator(*in->p))
		in->p++;
	if (in->p == in->end)
		return 0;
	start = p = in->p;
	if (*p == '"') {
		error = skip_value(in, &p, 0);
		if (error)
			return error;
	} else {
		while (p < in->end && !is_separator(*p) && !strchr("=:()", *p))
			p++;
	}
	ret->key = strip_quotes((struct text_span){ start, (size_t)(p - start) });
	ret->value = (struct text_span){ NULL, 0 };
	ret->delimiter = 0;
	if (p < in->end && !is_separator(*p)) {
		if (p == start || *p == ')')
			return text_fail(in, p, "\"%c\" where a word should begin or end", *p);
		ret->delimiter = *p++;
		start = p;
		error = skip_value(in, &p, ret->delimiter == '(');
		if (error)
			return error;
		ret->value = strip_quotes((struct text_span){ start, (size_t)(p - start) });
		if (ret->delimiter == '(') {
			p++;
			if (p < in->end && !is_separator(*p))
				return text_fail(in, p,
						 "something follows the closing parenthesis");
		}
	}
	in->p = p;
	return 1;
}

bool text_word_is_actions(const struct text_word *word)
{
	return word->delimiter == '=' &&
	       (text_span_is(word->key, "actions") || text_span_is(word->key, "action"));
}

struct text_span text_rest_after(struct text_input *in, const struct text_word *word)
{
	const char *p = word->key.p + word->key.len + 1;

	in->p = in->end;
	return (struct text_span){ p, (size_t)(in->end - p) };
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int text_span_to_u64(struct text_span span, uint64_t max, uint64_t *ret)
{
	unsigned int base = 10;
	bool overflow = false;
	uint64_t v = 0;
	size_t i = 0;

	if (span.len > 2 && span.p[0] == '0' && (span.p[1] | 0x20) == 'x') {
		base = 16;
		i = 2;
	}
	if (i == span.len)
		return -EINVAL;
	for (; i < span.len; i++) {
		int d = hex_digit(span.p[i]);

		if (d < 0 || (unsigned int)d >= base)
			return -EINVAL;
		if (v > (UINT64_MAX - (unsigned int)d) / base)
			overflow = true;
		v = v * base + (unsigned int)d;
	}
	if (overflow || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

static int fail_number(const struct text_input *in, const struct text_word *word, int error,
		       uint64_t max)
{
	if (error == -ERANGE)
		return text_fail_value(in, word, "more than %llu (0x%llx)", (unsigned long long)max,
				       (unsigned long long)max);
	return text_fail_value(in, word, "not a number");
}

static int need_value(const struct text_input *in, const struct text_word *word)
{
	if (word->value.len)
		return 0;
	return text_fail(in, word->key.p, "%.*s needs a value", (int)word->key.len, word->key.p);
}

int text_word_to_u64(const struct text_input *in, const struct text_word *word, uint64_t max,
		     uint64_t *ret)
{
	int error = need_value(in, word);

	if (error)
		return error;
	error = text_span_to_u64(word->value, max, ret);
	return error ? fail_number(in, word, error, max) : 0;
}

int text_word_to_masked_u64(const struct text_input *in, const struct text_word *word,
			    uint64_t *ret, uint64_t *ret_mask)
{
	struct text_span value = word->value, mask;
	const char *slash;
	int error = need_value(in, word);

	if (error)
		return error;
	*ret_mask = UINT64_MAX;
	slash = memchr(value.p, '/', value.len);
	if (slash) {
		mask = (struct text_span){ slash + 1, value.len - (size_t)(slash + 1 - value.p) };
		value.len = (size_t)(slash - value.p);
		if (!text_span_is(mask, "-1")) {
			error = text_span_to_u64(mask, UINT64_MAX, ret_mask);
			if (error)
				return fail_number(in, word, error, UINT64_MAX);
		}
	}
	if (text_span_is(value, "-1")) {
		*ret = UINT64_MAX;
		return 0;
	}
	error = text_span_to_u64(value, UINT64_MAX, ret);
	return error ? fail_number(in, word, error, UINT64_MAX) : 0;
}

int text_span_to_port(struct text_span span, const struct text_ports *ports, uint32_t *ret)
{
	char name[TEXT_VALUE_MAX];
	uint64_t number;

	span = strip_quotes(span);
	if (!text_span_to_u64(span, UINT32_MAX, &number)) {
		*ret = (uint32_t)number;
		/* OpenFlow 1.0 wrote reserved ports as 16-bit numbers, and scripts still do. */
		if (number >= 0xfff8 && number <= 0xffff)
			*ret = (uint32_t)number | 0xffff0000u;
		return 0;
	}
	for (size_t i = 0; i < N_RESERVED_PORTS; i++) {
		if (text_span_is_nocase(span, reserved_ports[i].name)) {
			*ret = reserved_ports[i].port;
			return 0;
		}
	}
	if (!ports || !ports->by_name || !span.len || span.len >= sizeof(name))
		return -EINVAL;
	memcpy(name, span.p, span.len);
	name[span.len] = '\0';
	return ports->by_name(ports->aux, name, ret) ? 0 : -EINVAL;
}

int text_parse_port(const char *word, const struct text_ports *ports, uint32_t *ret_port)
{
	return text_span_to_port((struct text_span){ word, strlen(word) }, ports, ret_port);
}

int text_word_to_port(const struct text_input *in, const struct text_word *word, uint32_t *ret)
{
	int error = need_value(in, word);

	if (error)
		return error;
	if (text_span_to_port(word->value, in->ports, ret))
		return text_fail_value(in, word, "not a port (a number, a reserved port%s)",
				       in->ports ? " or the name of a port of this bridge" : "");
	return 0;
}

void text_format_port(uint32_t port, const struct text_ports *ports, struct buf *out)
{
	const char *name = NULL;

	for (size_t i = 0; i < N_RESERVED_PORTS; i++) {
		if (port == reserved_ports[i].port) {
			buf_puts(out, reserved_ports[i].name);
			return;
		}
	}
	if (ports && ports->by_number)
		name = ports->by_number(ports->aux, port);
	if (name)
		buf_puts(out, name);
	else
		buf_put_decimal(out, port);
}

int text_parse_one_id(const char *line, const char *noun, const char *key,
		      int (*parse)(const struct text_input *in, const struct text_word *word, uint32_t *ret),
		      uint32_t *ret, struct text_error *ret_error)
{
	struct text_input in;
	struct text_word word;
	int error;

	text_input_init(&in, line, NULL, ret_error);
	error = text_next_word(&in, &word);
	if (error <= 0)
		return error;
	if (!word.delimiter)
		word.value = word.key;
	else if (!text_span_is(word.key, key))
		return text_fail(&in, word.key.p, "a %s is named by %s=NUMBER", noun, key);
	error = parse(&in, &word, ret);
	if (!error && text_next_word(&in, &word))
		return text_fail(&in, word.key.p, "one %s, or all", noun);
	return error;
}
