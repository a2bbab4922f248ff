/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the fields of a match stand in the datapath's key (bpf/abi.h), and back.
 *
 * A mask and a key are arrays of 64-bit words.  Fields that cannot both be matched share places (ipv4_src and arp_spa); which one it
 * is follows from the prerequisites, which every rule matches exactly.  A rule on a field that a packet may lack matches the
 * presence bit too.
 */
#ifndef SKEP_DATAPATH_KEYMAP_H
#define SKEP_DATAPATH_KEYMAP_H 1

#include <stdint.h>

#include "bpf/abi.h"
#include "model/match.h"

union keymap_words {
	struct skep_key key;
	uint64_t w[SKEP_KEY_WORDS];
};

struct masked_key {
	union keymap_words key; /* has no bit outside 'mask' */
	union keymap_words mask;
};

void keymap_encode(const struct match *match, struct masked_key *ret);
void keymap_decode(const struct masked_key *mk, struct match *ret);

#endif
