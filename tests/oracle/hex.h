/* SPDX-License-Identifier: Apache-2.0 */
/* Frames written as hex digits, for the tests of the oracle. */
#ifndef SKEP_ORACLE_HEX_H
#define SKEP_ORACLE_HEX_H 1

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The destination and source addresses of the tests' frames. */
#define MACS "020000000002020000000001"

static inline unsigned int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = strchr(digits, c);

	assert(c && p);
	return (unsigned int)(p - digits);
}

/* Decodes lower-case hex digits, with spaces between bytes ignored; returns how many bytes. */
static inline size_t hex_decode(const char *hex, uint8_t *b, size_t size)
{
	size_t n = 0;

	while (*hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		assert(n < size);
		b[n++] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
		hex += 2;
	}
	return n;
}

#endif
