/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a packet is, in a line: the fields that a rule could match, in the syntax of flows.
 *
 * This is for people who watch a monitor.  It knows the usual headers and stops at what it does not
 * know; how packets are matched is bpf/'s business alone.
 */
#ifndef SKEP_UTILS_PACKET_TEXT_H
#define SKEP_UTILS_PACKET_TEXT_H 1

#include <stddef.h>
#include <stdint.h>

#include "model/match.h"

/* Fills 'match' with the fields that the 'len' bytes at 'data' show. */
void packet_text_match(const uint8_t *data, size_t len, struct match *match);

#endif
