// SPDX-License-Identifier: Apache-2.0
/* What both harnesses share; see harness.h. */
#include "tests/datapath/harness.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct harness h;

void harness_add_out(uint32_t port, const uint8_t *frame, size_t len)
{
	struct harness_out *o = &h.out[h.n_out];
	uint16_t type = (uint16_t)(frame[12] << 8 | frame[13]);
	bool is_tagged = type == 0x8100 || type == 0x88a8;

	assert_true(h.n_out < HARNESS_OUT_MAX);
	h.n_out++;
	*o = (struct harness_out){
		.port = port,
		.tci = is_tagged ? frame[14] << 8 | frame[15] : -1,
		.tpid = is_tagged ? type : 0,
		.len = len,
	};
}
