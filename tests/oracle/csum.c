// SPDX-License-Identifier: Apache-2.0
/* Checksum arithmetic; see csum.h. */
#include "tests/oracle/csum.h"

static uint16_t fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t oracle_sum(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum = fold(sum + (uint32_t)(p[i] << 8 | p[i + 1]));
	if (n % 2)
		sum += (uint32_t)p[n - 1] << 8;
	return fold(sum);
}

uint16_t oracle_csum_update(uint16_t csum, const uint8_t *before, const uint8_t *after, size_t n)
{
	uint32_t sum = (uint16_t)~csum;

	for (size_t i = 0; i < n; i += 2) {
		uint16_t m = (uint16_t)(before[i] << 8 | before[i + 1]);

		sum = fold(sum + (uint16_t)~m);
	}
	sum = oracle_sum(sum, after, n);
	/* A one's complement sum is 0x0000 only if everything in it is; it means the same as
	 * 0xffff. */
	if (sum == 0)
		sum = 0xffff;
	return (uint16_t)~sum;
}

uint32_t oracle_crc32c(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}
