// SPDX-License-Identifier: Apache-2.0
/* Decodes messages and encodes them again, for test-osken.py: reads lines "S HEX" (to a switch) or "C HEX", and writes the new message in
 * hex, or the error's name, for each. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ofchan/message.h"
#include "tests/wire/reencode.h"

static struct ofmsg msg;

static size_t unhex(uint8_t *out, const char *hex)
{
	size_t n = 0;
	unsigned int byte;

	for (; isxdigit((unsigned char)hex[0]) && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (uint8_t)byte;
	return n;
}

static void run(enum ofmsg_direction dir, const uint8_t *data, size_t len)
{
	struct buf out = BUF_INIT;
	enum ofp_err err = ofmsg_decode(&msg, dir, data, len);

	if (err)
		fputs(ofp_err_name(err), stdout);
	else if (!reencode(&out, &msg) || buf_failed(&out))
		fputs("not encoded", stdout);
	else
		for (size_t i = 0; i < out.len; i++)
			printf("%02x", out.data[i]);
	putchar('\n');
	buf_uninit(&out);
}

int main(void)
{
	static char line[2 * OFP_MAX_LENGTH + 16];

	while (fgets(line, sizeof(line), stdin)) {
		/* Of exactly the message's size, so that a sanitizer sees a byte read too far. */
		size_t n = strlen(line) / 2;
		uint8_t *bytes = malloc(n + 1), *data;

		if (!bytes)
			return 1;
		n = unhex(bytes, line + 2);
		data = realloc(bytes, n ? n : 1);
		run(line[0] == 'S' ? OFMSG_TO_SWITCH : OFMSG_TO_CONTROLLER, data, n);
		free(data);
	}
	return 0;
}
