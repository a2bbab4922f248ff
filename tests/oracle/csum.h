/* SPDX-License-Identifier: Apache-2.0 */
/* Checksum arithmetic: from scratch, and RFC 1624's update. */
#ifndef SKEP_ORACLE_CSUM_H
#define SKEP_ORACLE_CSUM_H 1

#include <stddef.h>
#include <stdint.h>

/* The one's complement sum of 16-bit words of 'p' (an odd last byte is a word's high byte), added
 * to 'sum' and folded to 16 bits. */
uint16_t oracle_sum(uint32_t sum, const uint8_t *p, size_t n);

/* RFC 1624, equation 3: the checksum 'csum' over data of which the 'n' bytes (n even) 'before' have
 * become 'after'.  Never 0xffff. */
uint16_t oracle_csum_update(uint16_t csum, const uint8_t *before, const uint8_t *after, size_t n);

/* SCTP's CRC32c of 'n' bytes, as the number whose lowest byte comes first on the wire. */
uint32_t oracle_crc32c(const uint8_t *p, size_t n);

#endif
