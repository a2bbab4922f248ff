// SPDX-License-Identifier: Apache-2.0
/*
 * ETHTOOL_GLINKSETTINGS: link modes as bitmaps, mapped to OFPPF_*; see ethtool.h.  Modes that
 * OpenFlow 1.3 has no bit for (2.5, 25, 50 Gb/s and so on) are OFPPF_OTHER; curr_speed says their
 * speed.
 */
#include "vswitchd/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ofchan/ofp13.h"

#define MASK_WORDS_MAX 16

/* struct ethtool_link_settings ends in a flexible array: the masks supported, advertised, peer's.
 */
union settings {
	struct ethtool_link_settings s;
	uint8_t bytes[sizeof(struct ethtool_link_settings) + 3 * MASK_WORDS_MAX * sizeof(uint32_t)];
};

static const struct {
	unsigned int mode;
	uint32_t feature;
} modes[] = {
	{ ETHTOOL_LINK_MODE_10baseT_Half_BIT, OFPPF_10MB_HD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_10baseT_Full_BIT, OFPPF_10MB_FD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_100baseT_Half_BIT, OFPPF_100MB_HD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_100baseT_Full_BIT, OFPPF_100MB_FD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_1000baseT_Half_BIT, OFPPF_1GB_HD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_1000baseT_Full_BIT, OFPPF_1GB_FD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_1000baseX_Full_BIT, OFPPF_1GB_FD | OFPPF_FIBER },
	{ ETHTOOL_LINK_MODE_1000baseKX_Full_BIT, OFPPF_1GB_FD },
	{ ETHTOOL_LINK_MODE_10000baseT_Full_BIT, OFPPF_10GB_FD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_10000baseKX4_Full_BIT, OFPPF_10GB_FD },
	{ ETHTOOL_LINK_MODE_10000baseKR_Full_BIT, OFPPF_10GB_FD },
	{ ETHTOOL_LINK_MODE_10000baseCR_Full_BIT, OFPPF_10GB_FD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_10000baseSR_Full_BIT, OFPPF_10GB_FD | OFPPF_FIBER },
	{ ETHTOOL_LINK_MODE_10000baseLR_Full_BIT, OFPPF_10GB_FD | OFPPF_FIBER },
	{ ETHTOOL_LINK_MODE_40000baseKR4_Full_BIT, OFPPF_40GB_FD },
	{ ETHTOOL_LINK_MODE_40000baseCR4_Full_BIT, OFPPF_40GB_FD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_40000baseSR4_Full_BIT, OFPPF_40GB_FD | OFPPF_FIBER },
	{ ETHTOOL_LINK_MODE_40000baseLR4_Full_BIT, OFPPF_40GB_FD | OFPPF_FIBER },
	{ ETHTOOL_LINK_MODE_100000baseKR4_Full_BIT, OFPPF_100GB_FD },
	{ ETHTOOL_LINK_MODE_100000baseCR4_Full_BIT, OFPPF_100GB_FD | OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_100000baseSR4_Full_BIT, OFPPF_100GB_FD | OFPPF_FIBER },
	{ ETHTOOL_LINK_MODE_100000baseLR4_ER4_Full_BIT, OFPPF_100GB_FD | OFPPF_FIBER },
	{ ETHTOOL_LINK_MODE_Autoneg_BIT, OFPPF_AUTONEG },
	{ ETHTOOL_LINK_MODE_Pause_BIT, OFPPF_PAUSE },
	{ ETHTOOL_LINK_MODE_Asym_Pause_BIT, OFPPF_PAUSE_ASYM },
	{ ETHTOOL_LINK_MODE_TP_BIT, OFPPF_COPPER },
	{ ETHTOOL_LINK_MODE_FIBRE_BIT, OFPPF_FIBER },
};

static const struct {
	uint32_t mbps;
	uint32_t half, full; /* 0: OFPPF_OTHER */
} speeds[] = {
	{ 10, OFPPF_10MB_HD, OFPPF_10MB_FD }, { 100, OFPPF_100MB_HD, OFPPF_100MB_FD },
	{ 1000, OFPPF_1GB_HD, OFPPF_1GB_FD }, { 10000, 0, OFPPF_10GB_FD },
	{ 40000, 0, OFPPF_40GB_FD },	      { 100000, 0, OFPPF_100GB_FD },
	{ 1000000, 0, OFPPF_1TB_FD },
};

static uint32_t features_of(const uint32_t *mask, unsigned int n_words)
{
	uint32_t features = 0;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (modes[i].mode / 32 < n_words &&
		    mask[modes[i].mode / 32] >> modes[i].mode % 32 & 1)
			features |= modes[i].feature;
	return features;
}

static uint32_t current_features(const struct ethtool_link_settings *s)
{
	uint32_t features = OFPPF_OTHER;

	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].mbps == s->speed) {
			uint32_t f = s->duplex == DUPLEX_HALF ? speeds[i].half : speeds[i].full;

			features = f ? f : OFPPF_OTHER;
		}
	if (s->port == PORT_TP || s->port == PORT_DA)
		features |= OFPPF_COPPER;
	else if (s->port == PORT_FIBRE)
		features |= OFPPF_FIBER;
	if (s->autoneg == AUTONEG_ENABLE)
		features |= OFPPF_AUTONEG;
	return features;
}

static uint32_t max_speed_of(uint32_t features)
{
	uint32_t max = 0;

	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (features & (speeds[i].half | speeds[i].full))
			max = speeds[i].mbps * 1000;
	return max;
}

void ethtool_get_features(int fd, const char *name, struct nl_features *ret)
{
	union settings set;
	struct ifreq ifr;
	unsigned int n;

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	memset(&set, 0, sizeof(set));
	set.s.cmd = ETHTOOL_GLINKSETTINGS;
	ifr.ifr_data = (char *)&set;
	/* The first call only tells, negated, how long the kernel's masks are. */
	if (ioctl(fd, SIOCETHTOOL, &ifr) || set.s.link_mode_masks_nwords >= 0 ||
	    -set.s.link_mode_masks_nwords > MASK_WORDS_MAX)
		return;
	n = (unsigned int)-set.s.link_mode_masks_nwords;
	memset(&set, 0, sizeof(set));
	set.s.cmd = ETHTOOL_GLINKSETTINGS;
	set.s.link_mode_masks_nwords = (int8_t)n;
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		return;
	ret->supported = features_of(set.s.link_mode_masks, n);
	ret->advertised = features_of(set.s.link_mode_masks + n, n);
	ret->peer = features_of(set.s.link_mode_masks + 2 * n, n);
	if (set.s.speed && set.s.speed < UINT32_MAX / 1000) {
		ret->curr = current_features(&set.s);
		ret->curr_speed = set.s.speed * 1000;
	}
	ret->max_speed = max_speed_of(ret->supported);
	if (ret->max_speed < ret->curr_speed)
		ret->max_speed = ret->curr_speed;
}

#define FEATURE_WORDS 4 /* the kernel has 2 or 3 words of features, and leaves out what there is no room for */

int ethtool_set_no_offloads(int fd, const char *name)
{
	/* With room for the words of features behind. */
	union {
		struct ethtool_gfeatures head;
		uint8_t room[sizeof(struct ethtool_gfeatures) +
			     FEATURE_WORDS * sizeof(struct ethtool_get_features_block)];
	} get;
	union {
		struct ethtool_sfeatures head;
		uint8_t room[sizeof(struct ethtool_sfeatures) +
			     FEATURE_WORDS * sizeof(struct ethtool_set_features_block)];
	} set;
	struct ifreq ifr;

	memset(&get, 0, sizeof(get));
	memset(&set, 0, sizeof(set));
	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	get.head.cmd = ETHTOOL_GFEATURES;
	get.head.size = FEATURE_WORDS;
	ifr.ifr_data = (char *)&get;
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		return -errno;
	/* 'size' is now what the kernel has, and setting wants just that. */
	set.head.cmd = ETHTOOL_SFEATURES;
	set.head.size = get.head.size < FEATURE_WORDS ? get.head.size : FEATURE_WORDS;
	for (unsigned int i = 0; i < set.head.size; i++)
		/* A dummy names as available what never changes; to ask for that is -EINVAL. */
		set.head.features[i].valid =
			get.head.features[i].available & ~get.head.features[i].never_changed;
	ifr.ifr_data = (char *)&set;
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}
