// SPDX-License-Identifier: Apache-2.0
/* Link modes; see linkmode.h. */
#include "vswitchd/linkmode.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <stdbool.h>
#include <stddef.h>

#include "ofchan/ofp13.h"

#define MEDIA (OFPPF_COPPER | OFPPF_FIBER)
#define RATES                                                                                        \
	(OFPPF_10MB_HD | OFPPF_10MB_FD | OFPPF_100MB_HD | OFPPF_100MB_FD | OFPPF_1GB_HD |              \
	 OFPPF_1GB_FD | OFPPF_10GB_FD | OFPPF_40GB_FD | OFPPF_100GB_FD | OFPPF_1TB_FD | OFPPF_OTHER)

static const struct {
	uint32_t mbps;
	uint32_t half, full; /* 0: OFPPF_OTHER */
} rates[] = {
	{ 10, OFPPF_10MB_HD, OFPPF_10MB_FD }, { 100, OFPPF_100MB_HD, OFPPF_100MB_FD },
	{ 1000, OFPPF_1GB_HD, OFPPF_1GB_FD }, { 10000, 0, OFPPF_10GB_FD },
	{ 40000, 0, OFPPF_40GB_FD },          { 100000, 0, OFPPF_100GB_FD },
	{ 1000000, 0, OFPPF_1TB_FD },
};

#define HALF(NAME, MBPS, MEDIUM) { ETHTOOL_LINK_MODE_##NAME##_Half_BIT, MBPS, true, MEDIUM }
#define FULL(NAME, MBPS, MEDIUM) { ETHTOOL_LINK_MODE_##NAME##_Full_BIT, MBPS, false, MEDIUM }
#define C OFPPF_COPPER
#define F OFPPF_FIBER

/* K is a backplane: neither. */
static const struct mode {
	unsigned int bit;
	uint32_t mbps;
	bool is_half;
	uint32_t medium;
} modes[] = {
	HALF(10baseT, 10, C), FULL(10baseT, 10, C), FULL(10baseT1L, 10, C), HALF(100baseT, 100, C),
	FULL(100baseT, 100, C), FULL(100baseT1, 100, C), HALF(100baseFX, 100, F), FULL(100baseFX, 100, F),
	HALF(1000baseT, 1000, C), FULL(1000baseT, 1000, C), FULL(1000baseT1, 1000, C),
	FULL(1000baseX, 1000, F), FULL(1000baseKX, 1000, 0), FULL(2500baseX, 2500, F),
	FULL(2500baseT, 2500, C), FULL(5000baseT, 5000, C), FULL(10000baseT, 10000, C),
	FULL(10000baseKX4, 10000, 0), FULL(10000baseKR, 10000, 0), FULL(10000baseCR, 10000, C),
	FULL(10000baseSR, 10000, F), FULL(10000baseLR, 10000, F), FULL(10000baseLRM, 10000, F),
	FULL(10000baseER, 10000, F), FULL(20000baseMLD2, 20000, 0), FULL(20000baseKR2, 20000, 0),
	FULL(25000baseCR, 25000, C), FULL(25000baseKR, 25000, 0), FULL(25000baseSR, 25000, F),
	FULL(40000baseKR4, 40000, 0), FULL(40000baseCR4, 40000, C), FULL(40000baseSR4, 40000, F),
	FULL(40000baseLR4, 40000, F), FULL(50000baseCR2, 50000, C), FULL(50000baseKR2, 50000, 0),
	FULL(50000baseSR2, 50000, F), FULL(50000baseKR, 50000, 0), FULL(50000baseSR, 50000, F),
	FULL(50000baseCR, 50000, C), FULL(50000baseLR_ER_FR, 50000, F), FULL(50000baseDR, 50000, F),
	FULL(56000baseKR4, 56000, 0), FULL(56000baseCR4, 56000, C), FULL(56000baseSR4, 56000, F),
	FULL(56000baseLR4, 56000, F), FULL(100000baseKR4, 100000, 0), FULL(100000baseSR4, 100000, F),
	FULL(100000baseCR4, 100000, C), FULL(100000baseLR4_ER4, 100000, F), FULL(100000baseKR2, 100000, 0),
	FULL(100000baseSR2, 100000, F), FULL(100000baseCR2, 100000, C),
	FULL(100000baseLR2_ER2_FR2, 100000, F), FULL(100000baseDR2, 100000, F),
	FULL(100000baseKR, 100000, 0), FULL(100000baseSR, 100000, F), FULL(100000baseLR_ER_FR, 100000, F),
	FULL(100000baseCR, 100000, C), FULL(100000baseDR, 100000, F), FULL(200000baseKR4, 200000, 0),
	FULL(200000baseSR4, 200000, F), FULL(200000baseLR4_ER4_FR4, 200000, F),
	FULL(200000baseDR4, 200000, F), FULL(200000baseCR4, 200000, C), FULL(200000baseKR2, 200000, 0),
	FULL(200000baseSR2, 200000, F), FULL(200000baseLR2_ER2_FR2, 200000, F),
	FULL(200000baseDR2, 200000, F), FULL(200000baseCR2, 200000, C), FULL(400000baseKR8, 400000, 0),
	FULL(400000baseSR8, 400000, F), FULL(400000baseLR8_ER8_FR8, 400000, F),
	FULL(400000baseDR8, 400000, F), FULL(400000baseCR8, 400000, C), FULL(400000baseKR4, 400000, 0),
	FULL(400000baseSR4, 400000, F), FULL(400000baseLR4_ER4_FR4, 400000, F),
	FULL(400000baseDR4, 400000, F), FULL(400000baseCR4, 400000, C),
};

/* What is no rate. */
static const struct {
	unsigned int bit;
	uint32_t feature;
} others[] = {
	{ ETHTOOL_LINK_MODE_Autoneg_BIT, OFPPF_AUTONEG },
	{ ETHTOOL_LINK_MODE_Pause_BIT, OFPPF_PAUSE },
	{ ETHTOOL_LINK_MODE_Asym_Pause_BIT, OFPPF_PAUSE_ASYM },
	{ ETHTOOL_LINK_MODE_TP_BIT, OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_FIBRE_BIT, OFPPF_FIBER },
};

#define N_MODES  (sizeof(modes) / sizeof(modes[0]))
#define N_OTHERS (sizeof(others) / sizeof(others[0]))

static bool has(const uint32_t *mask, unsigned int n, unsigned int bit)
{
	return bit / 32 < n && mask[bit / 32] >> bit % 32 & 1;
}

uint32_t linkmode_rate(uint32_t mbps, int is_half)
{
	uint32_t rate = 0;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (rates[i].mbps == mbps)
			rate = is_half ? rates[i].half : rates[i].full;
	return rate ? rate : OFPPF_OTHER;
}

uint32_t linkmode_features(const uint32_t *mask, unsigned int n)
{
	uint32_t features = 0;

	for (size_t i = 0; i < N_MODES; i++)
		if (has(mask, n, modes[i].bit))
			features |= linkmode_rate(modes[i].mbps, modes[i].is_half) | modes[i].medium;
	for (size_t i = 0; i < N_OTHERS; i++)
		if (has(mask, n, others[i].bit))
			features |= others[i].feature;
	return features;
}

uint32_t linkmode_max_speed(const uint32_t *mask, unsigned int n)
{
	uint32_t max = 0;

	for (size_t i = 0; i < N_MODES; i++)
		if (has(mask, n, modes[i].bit) && modes[i].mbps > max)
			max = modes[i].mbps;
	return max * 1000;
}

/* Whether a mode is one that 'features' asks for: of a rate, and of a medium if it names any. */
static bool is_wanted(const struct mode *mode, uint32_t features)
{
	if (!(linkmode_rate(mode->mbps, mode->is_half) & features))
		return false;
	return !mode->medium || !(features & MEDIA) || features & mode->medium;
}

int linkmode_choose(uint32_t features, const uint32_t *supported, unsigned int n, uint32_t *ret)
{
	if (!(features & RATES) || features & ~linkmode_features(supported, n))
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++)
		ret[i] = supported[i];
	for (size_t i = 0; i < N_MODES; i++)
		if (has(ret, n, modes[i].bit) && !is_wanted(&modes[i], features))
			ret[modes[i].bit / 32] &= ~(1u << modes[i].bit % 32);
	/* The kinds of connector are not negotiated: they stay. */
	for (size_t i = 0; i < N_OTHERS; i++)
		if (has(ret, n, others[i].bit) && !(others[i].feature & (MEDIA | features)))
			ret[others[i].bit / 32] &= ~(1u << others[i].bit % 32);
	return features & ~linkmode_features(ret, n) ? -EINVAL : 0;
}
