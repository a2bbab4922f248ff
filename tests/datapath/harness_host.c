// SPDX-License-Identifier: Apache-2.0
/* The host build of the pipeline on maps in memory; see harness.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/datapath/harness.h"

static void on_output(void *aux, uint32_t ofport, const uint8_t *frame, size_t len)
{
	(void)aux;
	harness_add_out(ofport, frame, len);
}

const uint32_t harness_n_ports = 100;

bool harness_start(void)
{
	return true;
}

void harness_stop(void)
{
}

void harness_open(void)
{
	struct dp_config config = {
		.attach = DP_ATTACH_NONE,
		.n_rules = 1024,
		.flow_cache = DP_CACHE_ALWAYS,
		.prune_masks = 2,
		.callbacks = { .output = on_output },
	};
	char err_buf[256];
	bool adopted;

	memset(&h, 0, sizeof(h));
	assert_int_equal(dp_open(&config, &h.dp, &adopted, err_buf, sizeof(err_buf)), 0);
	assert_int_equal(dp_bridge_add(h.dp, "br0", &h.bridge), 0);
}

void harness_close(void)
{
	dp_close(h.dp);
}

bool harness_restart(void)
{
	return false;
}

void harness_add_port(uint32_t ofport)
{
	char err_buf[256];

	assert_int_equal(dp_port_add(h.dp, h.bridge, ofport, ofport + 10, err_buf, sizeof(err_buf)),
			 0);
}

void harness_receive(uint32_t ofport, const uint8_t *frame, size_t len)
{
	h.n_out = 0;
	assert_int_equal(dp_inject(h.dp, h.bridge, ofport, frame, len), 0);
}

bool harness_storm(unsigned int n, const uint8_t dst[6], void (*meanwhile)(void))
{
	(void)n;
	(void)dst;
	(void)meanwhile;
	return false;
}

bool harness_race(unsigned int n, const uint8_t src[6], const uint8_t dst[6], void (*check)(void))
{
	(void)n;
	(void)src;
	(void)dst;
	(void)check;
	return false;
}

void harness_packet_out(uint32_t in_port, const struct action_list *actions, const uint8_t *frame,
			size_t len)
{
	h.n_out = 0;
	assert_int_equal(dp_packet_out(h.dp, h.bridge, in_port, actions, frame, len), 0);
}
