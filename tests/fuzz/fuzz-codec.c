// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzzing the OpenFlow codecs: any bytes decode cleanly or give an error, and what was decoded
 * survives encoding and decoding once more.
 *
 * For libFuzzer (clang -fsanitize=fuzzer,address,undefined -DSKEP_LIBFUZZER), or standalone on
 * files, as AFL runs it.  The first byte says which side reads; the rest is the message, whose
 * length field is made right half of the time so that the decoders behind it are reached.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofchan/message.h"
#include "tests/wire/reencode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ofmsg first, second;

/* Decoding and encoding twice must give the same bytes as doing it once. */
static void check_stable(enum ofmsg_direction dir, const uint8_t *msg, size_t len)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;

	if (ofmsg_decode(&first, dir, msg, len) || !reencode(&once, &first) || buf_failed(&once) ||
	    once.len > OFP_MAX_LENGTH)
		goto out;
	if (ofmsg_decode(&second, dir, once.data, once.len) || !reencode(&twice, &second) ||
	    once.len != twice.len || memcmp(once.data, twice.data, once.len))
		abort();
out:
	buf_uninit(&once);
	buf_uninit(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *msg;
	size_t len;

	if (size < 1 || size > OFP_MAX_LENGTH)
		return 0;
	/* A copy of exactly this size, so that a sanitizer sees a byte read too far. */
	len = size - 1;
	msg = malloc(len ? len : 1);
	if (!msg)
		return 0;
	memcpy(msg, data + 1, len);
	if (data[0] & 2 && len >= 4) {
		msg[2] = (uint8_t)(len >> 8);
		msg[3] = (uint8_t)len;
	}
	check_stable(data[0] & 1 ? OFMSG_TO_SWITCH : OFMSG_TO_CONTROLLER, msg, len);
	free(msg);
	return 0;
}

#ifndef SKEP_LIBFUZZER
static int run_file(const char *name)
{
	static uint8_t data[OFP_MAX_LENGTH + 1];
	FILE *f = fopen(name, "rb");
	size_t n;

	if (!f) {
		perror(name);
		return 1;
	}
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	return LLVMFuzzerTestOneInput(data, n);
}

int main(int argc, char *argv[])
{
	int ret = 0;

	for (int i = 1; i < argc; i++)
		ret |= run_file(argv[i]);
	return ret;
}
#endif
