// SPDX-License-Identifier: Apache-2.0
/* Groups on the wire; see group.h. */
#include "ofchan/group.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ofchan/action.h"
#include "ofchan/message.h"
#include "ofchan/wire.h"

/* Takes the bucket at 'p' of a group of 'type' apart, without its actions.  Returns its length, or 0 if it is not wholly within 'len' bytes.
 *
 * Ryu's manual has a select group whose buckets watch port 0 and group 0, and many controllers are written after it: where watching is optional (§7.3.4.2),
 * that is taken for none. */
static size_t bucket_take(struct bucket *b, enum group_type type, const uint8_t *p, size_t len)
{
	const struct ofp_bucket *w = (const void *)p;
	size_t bucket_len;

	if (len < sizeof(*w))
		return 0;
	bucket_len = be16toh(w->len);
	if (bucket_len < sizeof(*w) || bucket_len % 8 || bucket_len > len)
		return 0;
	b->weight = be16toh(w->weight);
	b->watch_port = be32toh(w->watch_port);
	b->watch_group = be32toh(w->watch_group);
	if (type != GROUP_TYPE_FF && !b->watch_port && !b->watch_group) {
		b->watch_port = PORT_ANY;
		b->watch_group = GROUP_ANY;
	}
	b->n_actions = 0;
	b->actions = NULL;
	return bucket_len;
}

/* What a bucket of a group of 'type' may have (§7.3.4.2): weights are for select groups, and a group with one that its type has no use for is
 * an invalid one (§6.5).  Not so a weight of 1, which says nothing. */
static enum ofp_err bucket_check(const struct bucket *b, enum group_type type)
{
	bool has_watch = b->watch_port != PORT_ANY || b->watch_group != GROUP_ANY;

	if (b->watch_group != GROUP_ANY && b->watch_group > GROUP_MAX)
		return OFPGMFC_BAD_WATCH;
	if (b->watch_port != PORT_ANY && b->watch_port > PORT_NO_MAX && b->watch_port != PORT_LOCAL)
		return OFPGMFC_BAD_WATCH;
	switch (type) {
	case GROUP_TYPE_SELECT:
		return OFP_OK;
	case GROUP_TYPE_FF:
		if (!has_watch || (!b->watch_port && b->watch_group == GROUP_ANY))
			return OFPGMFC_BAD_WATCH;
		break;
	default:
		break;
	}
	return b->weight > 1 ? OFPGMFC_INVALID_GROUP : OFP_OK;
}

/* A group-mod has room for one that a group's description has not. */
#define BUCKETS_LEN_MAX                                                                            \
	(OFP_MAX_LENGTH - sizeof(struct ofp_multipart) - sizeof(struct ofp_group_desc))

/* Checks the buckets and counts them. */
static enum ofp_err buckets_check(struct of_group_mod *gm)
{
	static struct action_list list;
	const uint8_t *p = gm->buckets, *end = p + gm->buckets_len;
	const size_t head = sizeof(struct ofp_bucket);

	if (gm->buckets_len > BUCKETS_LEN_MAX)
		return OFPGMFC_OUT_OF_BUCKETS;
	for (gm->n_buckets = 0; p < end; gm->n_buckets++) {
		struct bucket b;
		size_t len = bucket_take(&b, gm->type, p, (size_t)(end - p));
		enum ofp_err err;

		if (!len)
			return OFPGMFC_BAD_BUCKET;
		if (gm->n_buckets == GROUP_BUCKETS_MAX)
			return OFPGMFC_OUT_OF_BUCKETS;
		err = bucket_check(&b, gm->type);
		if (!err)
			err = of_actions_decode(&list, p + head, len - head, false);
		if (err)
			return err;
		p += len;
	}
	/* §6.5: an indirect group has exactly one. */
	return gm->type == GROUP_TYPE_INDIRECT && gm->n_buckets != 1 ? OFPGMFC_INVALID_GROUP : OFP_OK;
}

enum ofp_err of_group_mod_decode(struct of_group_mod *gm, const uint8_t *msg, size_t len)
{
	const struct ofp_group_mod *w = (const void *)msg;

	gm->command = be16toh(w->command);
	gm->type = w->type;
	gm->group_id = be32toh(w->group_id);
	gm->n_buckets = 0;
	gm->buckets = msg + sizeof(*w);
	gm->buckets_len = len - sizeof(*w);
	if (be16toh(w->command) > OFPGC_DELETE)
		return OFPGMFC_BAD_COMMAND;
	if (gm->command == GROUP_DELETE) {
		/* The type and the buckets of a delete mean nothing; OFPG_ANY is no group. */
		gm->buckets_len = 0;
		return gm->group_id <= GROUP_MAX || gm->group_id == GROUP_ALL ? OFP_OK
									       : OFPGMFC_INVALID_GROUP;
	}
	if (w->type > OFPGT_FF)
		return OFPGMFC_BAD_TYPE;
	if (gm->group_id > GROUP_MAX)
		return OFPGMFC_INVALID_GROUP;
	return buckets_check(gm);
}

/* Makes buckets of the 'n' that were checked at 'p'. */
static int buckets_load(const uint8_t *p, size_t len, unsigned int n, struct group_mod *ret)
{
	static struct action_list list;
	const size_t head = sizeof(struct ofp_bucket);

	ret->n_buckets = 0;
	ret->buckets = n ? calloc(n, sizeof(*ret->buckets)) : NULL;
	if (n && !ret->buckets)
		return -ENOMEM;
	for (; ret->n_buckets < n; ret->n_buckets++) {
		struct bucket *b = &ret->buckets[ret->n_buckets];
		size_t bucket_len = bucket_take(b, ret->type, p, len);

		if (!bucket_len ||
		    of_actions_decode(&list, p + head, bucket_len - head, false)) {
			group_mod_uninit(ret);
			return -EINVAL;
		}
		b->actions = list.n ? malloc(list.n * sizeof(*b->actions)) : NULL;
		if (list.n && !b->actions) {
			group_mod_uninit(ret);
			return -ENOMEM;
		}
		b->n_actions = list.n;
		if (list.n)
			memcpy(b->actions, list.a, list.n * sizeof(*b->actions));
		p += bucket_len;
		len -= bucket_len;
	}
	return 0;
}

int of_group_mod_load(const struct of_group_mod *gm, struct group_mod *ret)
{
	*ret = (struct group_mod){
		.command = gm->command,
		.type = gm->type,
		.group_id = gm->group_id,
	};
	return buckets_load(gm->buckets, gm->buckets_len, gm->n_buckets, ret);
}

static void bucket_encode(struct buf *out, const struct bucket *b)
{
	struct ofp_bucket w = {
		.weight = htobe16(b->weight),
		.watch_port = htobe32(b->watch_port),
		.watch_group = htobe32(b->watch_group),
	};
	size_t start = out->len;

	buf_put(out, &w, sizeof(w));
	for (unsigned int i = 0; i < b->n_actions; i++)
		of_action_encode(out, &b->actions[i]);
	buf_set_be16(out, start, (uint16_t)(out->len - start));
}

void of_group_mod_encode(struct buf *out, uint32_t xid, const struct group_mod *gm)
{
	size_t start = ofmsg_begin(out, OFPT_GROUP_MOD, xid);

	buf_put_be16(out, (uint16_t)gm->command);
	buf_put_u8(out, (uint8_t)gm->type);
	buf_put_u8(out, 0);
	buf_put_be32(out, gm->group_id);
	for (unsigned int i = 0; i < gm->n_buckets; i++)
		bucket_encode(out, &gm->buckets[i]);
	ofmsg_end(out, start);
}

void of_group_stats_request_encode(struct buf *out, uint32_t xid, uint32_t group_id)
{
	const struct ofp_id_request body = { .id = htobe32(group_id) };
	struct ofp_multipart w = wire_multipart(OFPT_MULTIPART_REQUEST, OFPMP_GROUP,
						sizeof(w) + sizeof(body), xid);

	buf_put(out, &w, sizeof(w));
	buf_put(out, &body, sizeof(body));
}

void of_group_stats_put(struct mp_writer *w, const struct group_desc *group)
{
	size_t len = sizeof(struct ofp_group_stats) +
		     group->n_buckets * sizeof(struct ofp_bucket_counter);
	const struct ofp_group_stats stats = {
		.length = htobe16((uint16_t)len),
		.group_id = htobe32(group->group_id),
		.ref_count = htobe32(group->ref_count),
		.packet_count = htobe64(group->n_packets),
		.byte_count = htobe64(group->n_bytes),
		.duration_sec = htobe32((uint32_t)(group->duration_ns / 1000000000)),
		.duration_nsec = htobe32((uint32_t)(group->duration_ns % 1000000000)),
	};

	mp_entry_begin(w);
	buf_put(w->out, &stats, sizeof(stats));
	for (unsigned int i = 0; i < group->n_buckets; i++) {
		buf_put_be64(w->out, group->bucket_stats[i].n_packets);
		buf_put_be64(w->out, group->bucket_stats[i].n_bytes);
	}
	mp_entry_end(w);
}

void of_group_desc_put(struct mp_writer *w, const struct group_desc *group)
{
	const struct ofp_group_desc desc = {
		.type = (uint8_t)group->type,
		.group_id = htobe32(group->group_id),
	};
	size_t start;

	mp_entry_begin(w);
	start = w->out->len;
	buf_put(w->out, &desc, sizeof(desc));
	for (unsigned int i = 0; i < group->n_buckets; i++)
		bucket_encode(w->out, &group->buckets[i]);
	buf_set_be16(w->out, start, (uint16_t)(w->out->len - start));
	mp_entry_end(w);
}

bool of_group_stats_next(struct mp_iter *it, struct of_group_read *ret)
{
	const struct ofp_group_stats *s = mp_iter_take_counted(it, 0, sizeof(*s));
	const struct ofp_bucket_counter *c;
	size_t rest;

	memset(ret, 0, sizeof(*ret));
	if (!s)
		return false;
	rest = be16toh(s->length) - sizeof(*s);
	if (rest % sizeof(*c)) {
		it->err = OFPBRC_BAD_LEN;
		return false;
	}
	c = (const void *)(s + 1);
	ret->desc = (struct group_desc){
		.group_id = be32toh(s->group_id),
		.ref_count = be32toh(s->ref_count),
		.n_packets = be64toh(s->packet_count),
		.n_bytes = be64toh(s->byte_count),
		.duration_ns = be32toh(s->duration_sec) * 1000000000ULL + be32toh(s->duration_nsec),
		.n_buckets = (unsigned int)(rest / sizeof(*c)),
	};
	ret->stats = calloc(ret->desc.n_buckets + 1u, sizeof(*ret->stats));
	if (!ret->stats) {
		it->err = OFPBRC_BAD_LEN;
		return false;
	}
	for (unsigned int i = 0; i < ret->desc.n_buckets; i++) {
		ret->stats[i].n_packets = be64toh(c[i].packet_count);
		ret->stats[i].n_bytes = be64toh(c[i].byte_count);
	}
	ret->desc.bucket_stats = ret->stats;
	return true;
}

bool of_group_desc_next(struct mp_iter *it, struct of_group_read *ret)
{
	const struct ofp_group_desc *d = mp_iter_take_counted(it, 0, sizeof(*d));
	struct of_group_mod gm = { .command = GROUP_ADD };

	memset(ret, 0, sizeof(*ret));
	if (!d)
		return false;
	gm.type = d->type;
	gm.group_id = be32toh(d->group_id);
	gm.buckets = (const void *)(d + 1);
	gm.buckets_len = be16toh(d->length) - sizeof(*d);
	if (d->type > OFPGT_FF)
		it->err = OFPGMFC_BAD_TYPE;
	else
		it->err = buckets_check(&gm);
	if (it->err)
		return false;
	if (of_group_mod_load(&gm, &ret->mod)) {
		it->err = OFPBRC_BAD_LEN;
		return false;
	}
	ret->desc = (struct group_desc){
		.type = gm.type,
		.group_id = gm.group_id,
		.n_buckets = ret->mod.n_buckets,
		.buckets = ret->mod.buckets,
	};
	return true;
}

void of_group_read_uninit(struct of_group_read *r)
{
	group_mod_uninit(&r->mod);
	free(r->stats);
	r->stats = NULL;
}

void of_group_features_encode(struct buf *out, uint32_t xid, const struct of_group_features *f)
{
	struct ofp_group_features body = {
		.types = htobe32(f->types),
		.capabilities = htobe32(f->capabilities),
	};
	struct mp_writer w;

	for (unsigned int i = 0; i < N_GROUP_TYPES; i++) {
		body.max_groups[i] = htobe32(f->max_groups[i]);
		body.actions[i] = htobe32(f->actions[i]);
	}
	mp_start(&w, out, OFPMP_GROUP_FEATURES, xid);
	buf_put(out, &body, sizeof(body));
	mp_finish(&w);
}

enum ofp_err of_group_features_decode(struct of_group_features *f, const struct of_multipart *reply)
{
	const struct ofp_group_features *body = (const void *)reply->body;

	if (reply->body_len != sizeof(*body))
		return OFPBRC_BAD_LEN;
	f->types = be32toh(body->types);
	f->capabilities = be32toh(body->capabilities);
	for (unsigned int i = 0; i < N_GROUP_TYPES; i++) {
		f->max_groups[i] = be32toh(body->max_groups[i]);
		f->actions[i] = be32toh(body->actions[i]);
	}
	return OFP_OK;
}
