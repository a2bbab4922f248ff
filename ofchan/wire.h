/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the codecs share among themselves: headers and lengths.  Not for anybody outside this
 * folder.
 */
#ifndef SKEP_OFCHAN_WIRE_H
#define SKEP_OFCHAN_WIRE_H 1

#include <endian.h>
#include <stddef.h>
#include <stdint.h>

#include "ofchan/ofp13.h"

#define NSEC_PER_SEC 1000000000ull

/* The header of a message of 'len' bytes; ofmsg_end() corrects the length of one that goes on. */
static inline struct ofp_header wire_header(enum ofp_type type, size_t len, uint32_t xid)
{
	return (struct ofp_header){
		.version = OFP_VERSION_13,
		.type = (uint8_t)type,
		.length = htobe16((uint16_t)len),
		.xid = htobe32(xid),
	};
}

static inline struct ofp_multipart wire_multipart(enum ofp_type type, uint16_t mp_type, size_t len,
						  uint32_t xid)
{
	return (struct ofp_multipart){
		.header = wire_header(type, len, xid),
		.type = htobe16(mp_type),
	};
}

/* 'n' rounded up to a multiple of 8. */
static inline size_t wire_pad8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* A duration on the wire is seconds and nanoseconds. */
static inline __be32 wire_sec(uint64_t ns)
{
	return htobe32((uint32_t)(ns / NSEC_PER_SEC));
}

static inline __be32 wire_nsec(uint64_t ns)
{
	return htobe32((uint32_t)(ns % NSEC_PER_SEC));
}

static inline uint64_t wire_duration(__be32 sec, __be32 nsec)
{
	return be32toh(sec) * NSEC_PER_SEC + be32toh(nsec);
}

#endif
