/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a change of two bytes changes SCTP's CRC32c.
 *
 * The CRC is linear: that of the changed message is the old one XOR that of the difference, which
 * is two bytes followed by zeros up to the message's end.  n zero bytes multiply a CRC by x^(8n)
 * modulo the polynomial: as many multiplications as n has bits set, whatever the length of the
 * packet.  Bits are reflected, as in the CRC itself: bit 31 is x^0.
 */
#ifndef SKEP_BPF_CRC32C_H
#define SKEP_BPF_CRC32C_H 1

#include <linux/types.h>

#define SKEP_CRC32C_POLY 0x82f63b78u
#define SKEP_CRC32C_BITS 20

/* x^(8 * 2^i) */
static const __u32 skep_crc32c_zeros[SKEP_CRC32C_BITS] = {
	0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18, 0x510ac59a, 0xb82be955,
	0xb8fdb1e7, 0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a, 0x35d73a62, 0x28461564,
	0xbf455269, 0xe2ea32dc, 0xfe7740e6, 0xf946610b, 0x3c204f8f, 0x538586e3,
};

/* a * x.  By a multiplication where a mask would do: at -(a & 1) newer verifiers try both values,
 * to the power of the number of steps. */
SKEP_INLINE __u32 skep_crc32c_step(__u32 a)
{
	return a >> 1 ^ SKEP_CRC32C_POLY * (a & 1);
}

SKEP_SUB __u32 skep_crc32c_mul(__u32 a, __u32 b)
{
	__u32 p = 0;

	for (int i = 0; i < 32; i++) {
		p ^= b * (a >> 31);
		a <<= 1;
		b = skep_crc32c_step(b);
	}
	return p;
}

/* The CRC, without its inversions, of the two bytes first, second and 'n_zeros' zeros. */
SKEP_INLINE __u32 skep_crc32c_delta(__u32 first, __u32 second, __u32 n_zeros)
{
	__u32 crc = first & 0xff;

	for (int i = 0; i < 8; i++)
		crc = skep_crc32c_step(crc);
	crc ^= second & 0xff;
	for (int i = 0; i < 8; i++)
		crc = skep_crc32c_step(crc);
	for (int i = 0; i < SKEP_CRC32C_BITS; i++) {
		if (n_zeros >> i & 1)
			crc = skep_crc32c_mul(crc, skep_crc32c_zeros[i]);
	}
	return crc;
}

#endif
