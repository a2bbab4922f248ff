/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the codecs share: golden.txt, hex, and decoding copies of exactly a message's
 * size.
 */
#ifndef SKEP_TESTS_WIRE_CODEC_UTIL_H
#define SKEP_TESTS_WIRE_CODEC_UTIL_H 1

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ofchan/message.h"

#define XID 0x12345678u /* of every golden message */

/* One line of golden.txt. */
struct golden {
	char name[40];
	enum ofmsg_direction dir;
	uint8_t *data;
	size_t len;
};

extern struct golden goldens[128];
extern size_t n_goldens;

/* Large, therefore not on the stack: what decode_golden() and decode_built() fill. */
extern struct ofmsg msg;

/* Set-up and tear-down of a group of tests. */
int load_goldens(void **state);
int free_goldens(void **state);

/* The golden message 'name', which must exist. */
const struct golden *golden(const char *name);
/* Decodes it into 'msg', which is returned. */
const struct ofmsg *decode_golden(const char *name);

/* Writes the bytes that 'hex' (with spaces anywhere between bytes) stands for, and returns their
 * number. */
size_t unhex(uint8_t *out, const char *hex);
/* Fails, with names, unless 'got' is 'want'. */
void assert_err(enum ofp_err got, enum ofp_err want, const char *title);
/* Decodes a message to a switch into 'msg', from a copy of exactly its size: sanitizers see a byte
 * read too far. */
enum ofp_err decode_built(const struct buf *b);
/* splitmix64 with a fixed seed. */
uint64_t rng(void);

#endif
