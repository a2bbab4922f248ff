/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ethtool's link modes in OpenFlow's terms (OFPPF_*, OF1.3.5 §7.2.1), and back.
 *
 * Of the rates that OpenFlow 1.3 has no bit for (2.5, 5, 20, 25, 50, 56, 200, 400 Gb/s) all are OFPPF_OTHER; curr_speed and max_speed say which.
 */
#ifndef SKEP_VSWITCHD_LINKMODE_H
#define SKEP_VSWITCHD_LINKMODE_H 1

#include <stdint.h>

/* The rate, duplex included, of a link of 'mbps'. */
uint32_t linkmode_rate(uint32_t mbps, int is_half);
/* What the modes in 'mask', of 'n' words, are; and the highest of their rates in kb/s, 0 if there is none. */
uint32_t linkmode_features(const uint32_t *mask, unsigned int n);
uint32_t linkmode_max_speed(const uint32_t *mask, unsigned int n);
/* The modes of 'supported' that 'features' asks for.  0, or -EINVAL if it asks for one that is not there, or for no rate at all. */
int linkmode_choose(uint32_t features, const uint32_t *supported, unsigned int n, uint32_t *ret);

#endif
