/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow tables on the wire: statistics, features, table-mod (OF1.3.5 §7.3.5.4, §7.3.5.5, §7.3.3).
 */
#ifndef SKEP_OFCHAN_TABLE_H
#define SKEP_OFCHAN_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ofchan/multipart.h"
#include "ofchan/ofp_err.h"

struct of_table_mod {
	uint8_t table_id; /* TABLE_NONE: all */
	uint32_t config;  /* only bits of OFPTC_DEPRECATED_MASK, which mean nothing in 1.3 */
};

struct of_table_stats {
	uint8_t table_id;
	uint32_t n_active;
	uint64_t n_lookup;
	uint64_t n_matched;
};

/* What a table can do.  The same holds for its table-miss flow, so the _MISS properties are left
 * out (§7.3.5.5.2); those of a peer are taken together with the others. Bits of 'instructions' and of the actions are OFPIT_* and OFPAT_* numbers, of
 * the fields enum field_id. */
struct of_table_features {
	uint8_t table_id;
	char name[32]; /* always ends with NUL */
	uint64_t metadata_match;
	uint64_t metadata_write;
	uint32_t config;
	uint32_t max_entries;
	uint32_t instructions;
	uint32_t write_actions;
	uint32_t apply_actions;
	uint64_t match;
	uint64_t wildcards; /* fields that may be left out */
	uint64_t write_setfield;
	uint64_t apply_setfield;
	uint64_t next_tables[4]; /* bit N % 64 of word N / 64 is table N */
	/* Only read, never written: the peer named what is not known here, and so is not in the bits above. */
	bool has_unknown_property;
	bool has_unknown_feature; /* an instruction, action or field; or a property that is there twice */
};

/* Fills 'tf' with what the decoders of this folder accept for flows of table 'table_id': every
 * table is alike but for its name ("tableN") and the tables it can go to. */
void of_table_features_init(struct of_table_features *tf, uint8_t table_id, uint32_t max_entries);

/* Decode and append a whole message. */
enum ofp_err of_table_mod_decode(struct of_table_mod *tm, const uint8_t *msg, size_t len);
void of_table_mod_encode(struct buf *out, uint32_t xid, const struct of_table_mod *tm);

/* Append an entry to an OFPMP_TABLE or OFPMP_TABLE_FEATURES reply, and read the next one. */
void of_table_stats_put(struct mp_writer *w, const struct of_table_stats *stats);
bool of_table_stats_next(struct mp_iter *it, struct of_table_stats *ret_stats);
void of_table_features_put(struct mp_writer *w, const struct of_table_features *tf);
bool of_table_features_next(struct mp_iter *it, struct of_table_features *ret_tf);

#endif
