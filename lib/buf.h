/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer, written front to back: what encoders append to.
 *
 * An allocation failure is remembered in 'failed' and makes every later append a no-op, so that an
 * encoder need not check each of its fifty appends: whoever sends the buffer checks buf_failed() once.
 */
#ifndef SKEP_LIB_BUF_H
#define SKEP_LIB_BUF_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* owned; NULL until the first append */
	size_t len;    /* bytes written */
	size_t cap;
	bool failed;
};
#define BUF_INIT { .data = NULL }

void buf_uninit(struct buf *b);
/* Empties 'b' and clears 'failed'; keeps the memory. */
void buf_reset(struct buf *b);
bool buf_failed(const struct buf *b);

/* Appends 'n' zero bytes and returns a pointer to them, valid until the next append, or NULL after a
 * failure. */
void *buf_put_zeros(struct buf *b, size_t n);
/* Appends 'n' bytes of 'p'. */
void buf_put(struct buf *b, const void *p, size_t n);
/* Append one integer, given in host byte order, in network byte order. */
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_be16(struct buf *b, uint16_t v);
void buf_put_be32(struct buf *b, uint32_t v);
void buf_put_be64(struct buf *b, uint64_t v);
/* Overwrites the two bytes at 'ofs' (which must have been written) with 'v' in network byte order:
 * for lengths that are known last. */
void buf_set_be16(struct buf *b, size_t ofs, uint16_t v);
/* Pads with zeros until the length counted from 'start' is a multiple of 8. */
void buf_pad8(struct buf *b, size_t start);
/* Append text, without the terminating NUL; where much is written, faster than buf_printf(). */
void buf_puts(struct buf *b, const char *s);
void buf_put_decimal(struct buf *b, uint64_t v);
/* Appends formatted text, without the terminating NUL. */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* NUL-terminates the contents without counting the NUL, and returns them; "" after a failure. */
const char *buf_cstr(struct buf *b);

#endif
