/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which Geneve options (RFC 8926 §3.5) the fields tun_metadata0 to 7 are: a table of each bridge,
 * which controllers write with Open vSwitch's NXT_TLV_TABLE_MOD.
 */
#ifndef SKEP_MODEL_TLV_H
#define SKEP_MODEL_TLV_H 1

#include <stdbool.h>
#include <stdint.h>

#define TLV_FIELDS  8
#define TLV_LEN_MAX 8 /* bytes: what a field holds */

/* Host byte order. */
struct tlv_map {
	uint16_t option_class;
	uint8_t option_type;
	uint8_t option_len; /* bytes of the value, a multiple of 4 */
	uint16_t index;	    /* the field is tun_metadata 'index' */
};

/* Values as on the wire. */
enum tlv_command {
	TLV_ADD = 0,
	TLV_DELETE = 1, /* of the maps only the index counts; one that is not there is none */
	TLV_CLEAR = 2,	/* all; no maps */
};

#define TLV_MOD_MAX 64 /* maps in one change: as many as Open vSwitch has fields */

/* A change of the table, all of which succeeds or none. */
struct tlv_mod {
	enum tlv_command command;
	unsigned int n;
	struct tlv_map map[TLV_MOD_MAX];
};

/* The table, and what it can hold. */
struct tlv_table {
	uint32_t max_option_space; /* bytes of all values */
	uint16_t max_fields;
	unsigned int n;
	struct tlv_map map[TLV_MOD_MAX]; /* by ascending index */
};

#endif
