// SPDX-License-Identifier: Apache-2.0
/* ethtool's link modes in OpenFlow's terms, and what a port-mod's advertise chooses of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/ethtool.h>

#include <cmocka.h>

#include "ofchan/ofp13.h"
#include "vswitchd/linkmode.h"

enum { N = 3 };

static void set(uint32_t *mask, unsigned int bit)
{
	mask[bit / 32] |= 1u << bit % 32;
}

/* A card for copper: 10 Mb/s to 2.5 Gb/s. */
static void copper(uint32_t *mask)
{
	static const unsigned int bits[] = {
		ETHTOOL_LINK_MODE_10baseT_Half_BIT, ETHTOOL_LINK_MODE_10baseT_Full_BIT,
		ETHTOOL_LINK_MODE_100baseT_Full_BIT, ETHTOOL_LINK_MODE_1000baseT_Full_BIT,
		ETHTOOL_LINK_MODE_2500baseT_Full_BIT, ETHTOOL_LINK_MODE_Autoneg_BIT,
		ETHTOOL_LINK_MODE_TP_BIT, ETHTOOL_LINK_MODE_Pause_BIT,
	};

	memset(mask, 0, N * sizeof(*mask));
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		set(mask, bits[i]);
}

static void modes_are_features(void **state)
{
	uint32_t mask[N];

	(void)state;
	copper(mask);
	assert_int_equal(linkmode_features(mask, N),
			 OFPPF_10MB_HD | OFPPF_10MB_FD | OFPPF_100MB_FD | OFPPF_1GB_FD | OFPPF_OTHER |
				 OFPPF_AUTONEG | OFPPF_COPPER | OFPPF_PAUSE);
	assert_int_equal(linkmode_max_speed(mask, N), 2500000);
	memset(mask, 0, sizeof(mask));
	assert_int_equal(linkmode_features(mask, N), 0);
	assert_int_equal(linkmode_max_speed(mask, N), 0);
	/* FEC is no rate. */
	set(mask, ETHTOOL_LINK_MODE_FEC_RS_BIT);
	set(mask, ETHTOOL_LINK_MODE_100000baseSR_Full_BIT);
	assert_int_equal(linkmode_features(mask, N), OFPPF_100GB_FD | OFPPF_FIBER);
	/* A kernel with fewer words. */
	assert_int_equal(linkmode_features(mask, 1), 0);
}

static void rates_without_a_bit_are_others(void **state)
{
	(void)state;
	assert_int_equal(linkmode_rate(10000, 0), OFPPF_10GB_FD);
	assert_int_equal(linkmode_rate(100, 1), OFPPF_100MB_HD);
	assert_int_equal(linkmode_rate(25000, 0), OFPPF_OTHER);
	assert_int_equal(linkmode_rate(10000, 1), OFPPF_OTHER);
}

static void advertising_chooses_the_modes_that_are_named(void **state)
{
	uint32_t mask[N], chosen[N];

	(void)state;
	copper(mask);
	assert_int_equal(linkmode_choose(OFPPF_1GB_FD | OFPPF_100MB_FD | OFPPF_AUTONEG, mask, N, chosen), 0);
	assert_int_equal(linkmode_features(chosen, N),
			 OFPPF_1GB_FD | OFPPF_100MB_FD | OFPPF_AUTONEG | OFPPF_COPPER);
	assert_int_equal(linkmode_choose(OFPPF_OTHER | OFPPF_COPPER, mask, N, chosen), 0);
	assert_int_equal(linkmode_max_speed(chosen, N), 2500000);
	/* In place, as the caller does it. */
	assert_int_equal(linkmode_choose(OFPPF_10MB_HD, mask, N, mask), 0);
	assert_int_equal(linkmode_features(mask, N), OFPPF_10MB_HD | OFPPF_COPPER);
}

static void advertising_what_is_not_there_is_refused(void **state)
{
	uint32_t mask[N], chosen[N];

	(void)state;
	copper(mask);
	assert_int_equal(linkmode_choose(OFPPF_10GB_FD, mask, N, chosen), -EINVAL);
	assert_int_equal(linkmode_choose(OFPPF_1GB_FD | OFPPF_FIBER, mask, N, chosen), -EINVAL);
	assert_int_equal(linkmode_choose(OFPPF_AUTONEG | OFPPF_PAUSE, mask, N, chosen), -EINVAL);
	memset(mask, 0, sizeof(mask));
	assert_int_equal(linkmode_choose(OFPPF_1GB_FD, mask, N, chosen), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_are_features),
		cmocka_unit_test(rates_without_a_bit_are_others),
		cmocka_unit_test(advertising_chooses_the_modes_that_are_named),
		cmocka_unit_test(advertising_what_is_not_there_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
