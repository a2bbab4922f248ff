/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Words out of bytes, for both byte orders: words of the key are composed in registers and stored
 * whole, since a load of a word that was stored in pieces stalls the CPU.
 */
#ifndef SKEP_BPF_BYTES_H
#define SKEP_BPF_BYTES_H 1

#include <bpf/bpf_endian.h>
#include <linux/types.h>

/* Where most packets go: keeps their way through the program in one piece. */
#define SKEP_LIKELY(X)	 __builtin_expect(!!(X), 1)
#define SKEP_UNLIKELY(X) __builtin_expect(!!(X), 0)

#define SKEP_ONCE(X) (*(const volatile __typeof__(X) *)&(X))

#define SKEP_ONCE_SET(X, V) (*(volatile __typeof__(X) *)&(X) = (V))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* The byte, be16 or be32 V at byte I of a 64-bit word, of which it takes N bytes. */
#define SKEP_AT(V, I, N) ((__u64)(V) << (I)*8)
#define SKEP_FIRST6	 0x0000ffffffffffffULL
#define SKEP_DIFF6(A, B) (((A) ^ (B)) << 16) /* nonzero if their first 6 bytes differ */
#else
#define SKEP_AT(V, I, N) ((__u64)(V) << (8 - (I) - (N)) * 8)
#define SKEP_FIRST6	 0xffffffffffff0000ULL
#define SKEP_DIFF6(A, B) (((A) ^ (B)) >> 16)
#endif

/* A mask or value of network order, for 16-bit constants. */
#define SKEP_BE16(X) bpf_htons(X)

#endif
