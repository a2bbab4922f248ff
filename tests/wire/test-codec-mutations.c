// SPDX-License-Identifier: Apache-2.0
/*
 * The OpenFlow codecs and malformed messages: each golden one cut short and with each number in it
 * wrong.  An error, or a clean decode that encodes and decodes to itself; never a crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/wire/codec_util.h"
#include "tests/wire/reencode.h"

static struct ofmsg msg2;

static void decode_any(enum ofmsg_direction dir, const uint8_t *data, size_t len)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	if (ofmsg_decode(&msg, dir, copy, len) || !reencode(&once, &msg))
		goto out;
	assert_false(buf_failed(&once));
	assert_int_equal(ofmsg_decode(&msg2, dir, once.data, once.len), OFP_OK);
	assert_true(reencode(&twice, &msg2));
	assert_int_equal(once.len, twice.len);
	assert_memory_equal(once.data, twice.data, once.len);
out:
	buf_uninit(&once);
	buf_uninit(&twice);
	free(copy);
}

static void test_truncated_messages_never_crash(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_goldens; i++) {
		const struct golden *g = &goldens[i];
		uint8_t *copy = malloc(g->len);

		assert_non_null(copy);
		memcpy(copy, g->data, g->len);
		for (size_t len = 0; len < g->len; len++) {
			/* Whose header tells the truth, and whose header does not. */
			assert_int_not_equal(ofmsg_decode(&msg, g->dir, g->data, len), OFP_OK);
			if (len >= 4) {
				copy[2] = (uint8_t)(len >> 8);
				copy[3] = (uint8_t)len;
			}
			decode_any(g->dir, copy, len);
		}
		free(copy);
	}
}

static void test_wrong_16_bit_numbers_never_crash(void **state)
{
	static const uint16_t values[] = { 0, 1,  2,  3,  4,	  7,	  8,
					   9, 12, 16, 24, 0x7fff, 0xfff8, 0xffff };
	static const int deltas[] = { -16, -8, -1, 1, 4, 8, 16 };

	(void)state;
	for (size_t i = 0; i < n_goldens; i++) {
		const struct golden *g = &goldens[i];
		uint8_t *copy = malloc(g->len);

		assert_non_null(copy);
		memcpy(copy, g->data, g->len);
		/* At each byte, as not each length is aligned. */
		for (size_t ofs = 0; ofs + 2 <= g->len; ofs++) {
			uint16_t old = (uint16_t)(copy[ofs] << 8 | copy[ofs + 1]);

			for (size_t k = 0; k < 14 + 7; k++) {
				uint16_t v = k < 14 ? values[k] : (uint16_t)(old + deltas[k - 14]);

				copy[ofs] = (uint8_t)(v >> 8);
				copy[ofs + 1] = (uint8_t)v;
				decode_any(g->dir, copy, g->len);
			}
			copy[ofs] = (uint8_t)(old >> 8);
			copy[ofs + 1] = (uint8_t)old;
		}
		free(copy);
	}
}

static void test_wrong_bytes_never_crash(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_goldens; i++) {
		const struct golden *g = &goldens[i];
		uint8_t *copy = malloc(g->len);

		assert_non_null(copy);
		memcpy(copy, g->data, g->len);
		for (size_t ofs = 0; ofs < g->len; ofs++) {
			for (unsigned int bit = 0; bit < 8; bit++) {
				copy[ofs] = g->data[ofs] ^ (uint8_t)(1u << bit);
				decode_any(g->dir, copy, g->len);
			}
			copy[ofs] = (uint8_t)rng();
			decode_any(g->dir, copy, g->len);
			copy[ofs] = g->data[ofs];
		}
		free(copy);
	}
}

static void test_messages_of_garbage_never_crash(void **state)
{
	static uint8_t bytes[512];

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		const struct golden *g = &goldens[rng() % n_goldens];
		size_t len = 8 + rng() % (sizeof(bytes) - 8), keep = rng() % g->len;

		for (size_t j = 0; j < len; j++)
			bytes[j] = rng() % 3 ? 0 : (uint8_t)rng();
		memcpy(bytes, g->data, keep < len ? keep : len);
		bytes[0] = OFP_VERSION_13;
		bytes[1] = g->data[1];
		bytes[2] = (uint8_t)(len >> 8);
		bytes[3] = (uint8_t)len;
		decode_any(g->dir, bytes, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated_messages_never_crash),
		cmocka_unit_test(test_wrong_16_bit_numbers_never_crash),
		cmocka_unit_test(test_wrong_bytes_never_crash),
		cmocka_unit_test(test_messages_of_garbage_never_crash),
	};

	return cmocka_run_group_tests_name("codec mutations", tests, load_goldens, free_goldens);
}
