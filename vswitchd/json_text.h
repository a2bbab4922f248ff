/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON text such that whoever wrote it is told where it is wrong: config.json (conf_file.c) and topologies (topology_file.c).
 *
 * jansson says where a syntax error is, but forgets where a value stood once it is parsed.  So what
 * is wrong with a value is found by its path ("bridges", "br0", "ports"), and the path is looked
 * for in the text again, by a small walk over JSON that is known to be well-formed.
 */
#ifndef SKEP_VSWITCHD_JSON_TEXT_H
#define SKEP_VSWITCHD_JSON_TEXT_H 1

#include <jansson.h>
#include <stddef.h>

#define JSON_TEXT_DEPTH_MAX 8

struct json_text_step {
	const char *key; /* NULL: 'idx' of an array */
	size_t idx;
};

/* A text being read.  The caller sets name, text, end, err and err_size, all borrowed. */
struct json_text {
	const char *name; /* of the file, for messages */
	const char *text;
	const char *end;
	struct json_text_step path[JSON_TEXT_DEPTH_MAX];
	unsigned int depth;
	char *err;
	size_t err_size;
};

/* Steps into a member or an element, and out again.  'key' must stay for as long. */
void json_text_push(struct json_text *ps, const char *key);
void json_text_push_idx(struct json_text *ps, size_t idx);
void json_text_pop(struct json_text *ps);
/* Writes "NAME:LINE:COLUMN: ..." for the current path, and returns -EINVAL. */
int json_text_fail(struct json_text *ps, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A table of an object's members, so that names, types and handlers stand together and all else is
 * an unknown key. */
struct json_member {
	const char *key; /* NULL: the end of the table */
	json_type type;	 /* JSON_TRUE: a boolean */
	int (*parse)(struct json_text *ps, const json_t *value, void *arg);
};

/* Has each member of 'obj' parsed, with the path at it.  Returns 0, or a negative errno: json_text_fail()'s, with the path where it is wrong, or that of
 * a member's handler. */
int json_text_object(struct json_text *ps, const json_t *obj, const struct json_member *members,
		     void *arg);

#endif
