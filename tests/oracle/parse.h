/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which fields a frame has, what their values are and where they are (docs/semantics.md, "The
 * header fields of a frame").
 */
#ifndef SKEP_ORACLE_PARSE_H
#define SKEP_ORACLE_PARSE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/field.h"
#include "tests/oracle/oracle.h"

struct oracle_packet {
	size_t len;
	uint8_t b[ORACLE_FRAME_MAX];
};

struct oracle_fields {
	uint64_t present; /* bit per enum field_id; in_port and metadata are the caller's to add */
	struct field_value value[N_FIELD_IDS];
	size_t at[N_FIELD_IDS]; /* the byte of the frame in which a present field begins */

	unsigned int n_tags;
	bool has_type; /* false for 802.3 without SNAP: eth_type is 0x05ff and nowhere in the frame
			*/
	bool is_ipv4;  /* a valid header at l3 */
	bool is_ipv6;
	bool is_fragment; /* first or later */
	size_t payload; /* behind the type */
	size_t l3;

	/* Layer 4, if its header is wholly there. */
	bool has_l4;
	size_t l4;
	size_t l4_end; /* first byte behind the IP packet, or behind the frame if that is shorter */
};

static inline uint16_t oracle_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void oracle_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline bool oracle_fields_has(const struct oracle_fields *f, enum field_id id)
{
	return f->present >> id & 1;
}

/* Fills 'f' from a packet of at least 14 bytes. */
void oracle_parse(const struct oracle_packet *pkt, struct oracle_fields *f);
/* The same of what is from byte 'at' on, as the IP of that version; false if there is no valid header. */
bool oracle_parse_ip(const struct oracle_packet *pkt, unsigned int version, size_t at, struct oracle_fields *f);

#endif
