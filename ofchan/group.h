/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups on the wire (OF1.3.5 §7.3.4.2, §7.3.5.9 to §7.3.5.11).
 *
 * ofmsg_decode() checks a group-mod as a whole, and allocates nothing: the buckets stay in the message.  of_group_mod_load() makes a
 * struct group_mod of it for whoever executes it.
 */
#ifndef SKEP_OFCHAN_GROUP_H
#define SKEP_OFCHAN_GROUP_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/group.h"
#include "ofchan/multipart.h"
#include "ofchan/ofp13.h"
#include "ofchan/ofp_err.h"

struct of_group_mod {
	enum group_command command;
	enum group_type type;
	uint32_t group_id; /* GROUP_ALL only of a delete */
	unsigned int n_buckets;
	const uint8_t *buckets; /* inside the message that was decoded */
	size_t buckets_len;
};

/* Checks everything about the group that can be known without the others: its buckets' actions, weights and watches. */
enum ofp_err of_group_mod_decode(struct of_group_mod *gm, const uint8_t *msg, size_t len);
/* Makes '*ret' of 'gm', whose message must still be there.  The caller ends it with group_mod_uninit().  0 or -ENOMEM. */
int of_group_mod_load(const struct of_group_mod *gm, struct group_mod *ret);
/* Appends an OFPT_GROUP_MOD.  A group that does not fit into one message makes 'out' failed. */
void of_group_mod_encode(struct buf *out, uint32_t xid, const struct group_mod *gm);

/* Requests: OFPMP_GROUP of one group or OFPG_ALL; OFPMP_GROUP_DESC and OFPMP_GROUP_FEATURES have no body. */
void of_group_stats_request_encode(struct buf *out, uint32_t xid, uint32_t group_id);

/* Entries of OFPMP_GROUP and OFPMP_GROUP_DESC replies.  A group as it came in one message fits into one entry. */
void of_group_stats_put(struct mp_writer *w, const struct group_desc *group);
void of_group_desc_put(struct mp_writer *w, const struct group_desc *group);

/* Reads the next entry of a reply; false at the end, or with it->err set.  The arrays of '*ret' are allocated: of_group_read_uninit().
 * Of OFPMP_GROUP no types and buckets are known, of OFPMP_GROUP_DESC no counters. */
struct of_group_read {
	struct group_desc desc;
	struct group_mod mod;        /* owns desc.buckets */
	struct bucket_stats *stats;  /* is desc.bucket_stats */
};
bool of_group_stats_next(struct mp_iter *it, struct of_group_read *ret);
bool of_group_desc_next(struct mp_iter *it, struct of_group_read *ret);
void of_group_read_uninit(struct of_group_read *r);

struct of_group_features {
	uint32_t types;         /* bit N: enum group_type N */
	uint32_t capabilities;  /* enum ofp_group_capabilities */
	uint32_t max_groups[N_GROUP_TYPES];
	uint32_t actions[N_GROUP_TYPES]; /* bit N: OFPAT_* N */
};
void of_group_features_encode(struct buf *out, uint32_t xid, const struct of_group_features *f);
enum ofp_err of_group_features_decode(struct of_group_features *f, const struct of_multipart *reply);

#endif
