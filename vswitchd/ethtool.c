// SPDX-License-Identifier: Apache-2.0
/* ETHTOOL_GLINKSETTINGS and ETHTOOL_SLINKSETTINGS, link modes as bitmaps (linkmode.h), and offloads; see ethtool.h. */
#include "vswitchd/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ofchan/ofp13.h"
#include "vswitchd/linkmode.h"

#define MASK_WORDS_MAX 16

/* struct ethtool_link_settings ends in a flexible array: the masks supported, advertised, peer's.
 */
union settings {
	struct ethtool_link_settings s;
	uint8_t bytes[sizeof(struct ethtool_link_settings) + 3 * MASK_WORDS_MAX * sizeof(uint32_t)];
};

static uint32_t current_features(const struct ethtool_link_settings *s)
{
	uint32_t features = linkmode_rate(s->speed, s->duplex == DUPLEX_HALF);

	if (s->port == PORT_TP || s->port == PORT_DA)
		features |= OFPPF_COPPER;
	else if (s->port == PORT_FIBRE)
		features |= OFPPF_FIBER;
	if (s->autoneg == AUTONEG_ENABLE)
		features |= OFPPF_AUTONEG;
	return features;
}

static int link_settings(int fd, const char *name, union settings *set)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	ifr.ifr_data = (char *)set;
	return ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
}

/* Reads the settings; '*ret_n' is of how many words each mask is. */
static int get_link_settings(int fd, const char *name, union settings *set, unsigned int *ret_n)
{
	int error;

	memset(set, 0, sizeof(*set));
	set->s.cmd = ETHTOOL_GLINKSETTINGS;
	/* The first call only tells, negated, how long the kernel's masks are. */
	error = link_settings(fd, name, set);
	if (error)
		return error;
	if (set->s.link_mode_masks_nwords >= 0 || -set->s.link_mode_masks_nwords > MASK_WORDS_MAX)
		return -EPROTO;
	*ret_n = (unsigned int)-set->s.link_mode_masks_nwords;
	memset(set, 0, sizeof(*set));
	set->s.cmd = ETHTOOL_GLINKSETTINGS;
	set->s.link_mode_masks_nwords = (int8_t)*ret_n;
	return link_settings(fd, name, set);
}

void ethtool_get_features(int fd, const char *name, struct nl_features *ret)
{
	union settings set;
	unsigned int n;

	if (get_link_settings(fd, name, &set, &n))
		return;
	ret->supported = linkmode_features(set.s.link_mode_masks, n);
	ret->advertised = linkmode_features(set.s.link_mode_masks + n, n);
	ret->peer = linkmode_features(set.s.link_mode_masks + 2 * n, n);
	if (set.s.speed && set.s.speed < UINT32_MAX / 1000) {
		ret->curr = current_features(&set.s);
		ret->curr_speed = set.s.speed * 1000;
	}
	ret->max_speed = linkmode_max_speed(set.s.link_mode_masks, n);
	if (ret->max_speed < ret->curr_speed)
		ret->max_speed = ret->curr_speed;
}

int ethtool_set_advertised(int fd, const char *name, uint32_t features)
{
	union settings set;
	unsigned int n;
	int error = get_link_settings(fd, name, &set, &n);

	if (!error)
		error = linkmode_choose(features, set.s.link_mode_masks, n, set.s.link_mode_masks + n);
	if (error)
		return error;
	set.s.cmd = ETHTOOL_SLINKSETTINGS;
	set.s.autoneg = features & OFPPF_AUTONEG ? AUTONEG_ENABLE : set.s.autoneg;
	return link_settings(fd, name, &set);
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
