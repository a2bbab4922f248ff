// SPDX-License-Identifier: Apache-2.0
/* Reading JSON text with places; see json_text.h. */
#include "vswitchd/json_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "near.h"

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n,:", *p) && *p)
		p++;
	return p;
}

static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

/* From the first character of a value to behind it. */
static const char *skip_value(const char *p, const char *end)
{
	unsigned int depth = 0;

	do {
		p = skip_space(p, end);
		if (p >= end)
			return end;
		if (*p == '"') {
			p = skip_string(p, end);
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
		} else if (*p == '}' || *p == ']') {
			depth--;
			p++;
		} else {
			while (p < end && !strchr(" \t\r\n,:{}[]\"", *p))
				p++;
		}
	} while (depth);
	return p;
}

/* Enters the object or array at 'p': the place of the member's key or of the element that 'step'
 * means.  Keys with escapes are not found; then the object itself is the place. */
static const char *enter(const char *p, const char *end, const struct json_text_step *step,
			 const char **ret_value)
{
	bool is_object = *p == '{';
	const char *start = p;
	size_t idx = 0, len;

	for (p = skip_space(p + 1, end); p < end && *p != '}' && *p != ']';
	     p = skip_space(skip_value(p, end), end), idx++) {
		const char *key = p;

		if (is_object)
			p = skip_space(skip_string(p, end), end);
		*ret_value = p;
		len = step->key ? strlen(step->key) : 0;
		if (is_object && step->key && (size_t)(end - key) > len + 1 &&
		    !strncmp(key + 1, step->key, len) && key[len + 1] == '"')
			return key;
		if (!is_object && !step->key && idx == step->idx)
			return p;
	}
	*ret_value = start;
	return start;
}

int json_text_fail(struct json_text *ps, const char *fmt, ...)
{
	const char *value = skip_space(ps->text, ps->end), *place = value;
	unsigned int line = 1, column = 1;
	va_list ap;
	int n;

	for (unsigned int i = 0; i < ps->depth && value < ps->end; i++) {
		if (*value != '{' && *value != '[')
			break;
		place = enter(value, ps->end, &ps->path[i], &value);
	}
	for (const char *p = ps->text; p < place; p++, column++)
		if (*p == '\n') {
			line++;
			column = 0;
		}
	n = snprintf(ps->err, ps->err_size, "%s:%u:%u: ", ps->name, line, column);
	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < ps->err_size)
		vsnprintf(ps->err + n, ps->err_size - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void json_text_push(struct json_text *ps, const char *key)
{
	if (ps->depth < JSON_TEXT_DEPTH_MAX)
		ps->path[ps->depth] = (struct json_text_step){ .key = key };
	ps->depth++;
}

void json_text_push_idx(struct json_text *ps, size_t idx)
{
	if (ps->depth < JSON_TEXT_DEPTH_MAX)
		ps->path[ps->depth] = (struct json_text_step){ .idx = idx };
	ps->depth++;
}

void json_text_pop(struct json_text *ps)
{
	ps->depth--;
}

static const char *type_name(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_TRUE:
		return "true or false";
	default:
		return "something else";
	}
}

#define MEMBERS_MAX 16

static int fail_unknown(struct json_text *ps, const char *key, const struct json_member *members)
{
	const char *names[MEMBERS_MAX];
	char hint[NEAR_HINT_SIZE];
	size_t n = 0;

	for (const struct json_member *m = members; m->key && n < MEMBERS_MAX; m++)
		names[n++] = m->key;
	return json_text_fail(ps, "unknown key \"%s\"%s", key, near_hint(key, names, n, hint));
}

int json_text_object(struct json_text *ps, const json_t *obj, const struct json_member *members,
			void *arg)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)obj, key, value) {
		const struct json_member *m = members;
		json_type type = json_is_false(value) ? JSON_TRUE : json_typeof(value);
		int error;

		while (m->key && strcmp(m->key, key))
			m++;
		json_text_push(ps, key);
		if (!m->key)
			return fail_unknown(ps, key, members);
		if (type != m->type)
			return json_text_fail(ps, "\"%s\" must be %s", key, type_name(m->type));
		error = m->parse(ps, value, arg);
		if (error)
			return error;
		json_text_pop(ps);
	}
	return 0;
}
