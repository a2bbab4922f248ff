// SPDX-License-Identifier: Apache-2.0
/* What the tests of the codecs share; see codec_util.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/wire/codec_util.h"

struct golden goldens[128];
size_t n_goldens;
struct ofmsg msg;

size_t unhex(uint8_t *out, const char *hex)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		unsigned int byte;

		if (*hex == ' ') {
			hex--;
			continue;
		}
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

int load_goldens(void **state)
{
	const char *srcdir = getenv("top_srcdir");
	static char path[4096], line[70000], hex[65536];
	char side;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/wire/golden.txt", srcdir ? srcdir : ".");
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof(line), f)) {
		struct golden *g = &goldens[n_goldens];

		if (*line == '#')
			continue;
		if (sscanf(line, "%39s %c %65535s", g->name, &side, hex) != 3)
			return -1;
		g->dir = side == 'S' ? OFMSG_TO_SWITCH : OFMSG_TO_CONTROLLER;
		g->data = malloc(strlen(hex) / 2);
		assert_non_null(g->data);
		g->len = unhex(g->data, hex);
		n_goldens++;
	}
	fclose(f);
	return n_goldens ? 0 : -1;
}

int free_goldens(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_goldens; i++)
		free(goldens[i].data);
	return 0;
}

const struct golden *golden(const char *name)
{
	for (size_t i = 0; i < n_goldens; i++) {
		if (!strcmp(goldens[i].name, name))
			return &goldens[i];
	}
	fail_msg("no golden message %s", name);
	return NULL;
}

const struct ofmsg *decode_golden(const char *name)
{
	const struct golden *g = golden(name);

	assert_int_equal(ofmsg_decode(&msg, g->dir, g->data, g->len), OFP_OK);
	assert_int_equal(msg.xid, XID);
	return &msg;
}

void assert_err(enum ofp_err got, enum ofp_err want, const char *title)
{
	const char *name = ofp_err_name(got);

	if (got != want)
		fail_msg("%s: %s (%#x), not %s", title, name ? name : "?", (unsigned int)got,
			 ofp_err_name(want));
}

enum ofp_err decode_built(const struct buf *b)
{
	/* A copy of exactly this size, for the sanitizers. */
	uint8_t *copy = malloc(b->len);
	enum ofp_err err;

	assert_non_null(copy);
	memcpy(copy, b->data, b->len);
	err = ofmsg_decode(&msg, OFMSG_TO_SWITCH, copy, b->len);
	free(copy);
	return err;
}

static uint64_t rng_state = 0x5ee0;

uint64_t rng(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}
