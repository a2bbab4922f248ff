/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The host home: how the pipeline reaches the packet and the maps in a process.  Included by host.c
 * alone.
 *
 * The frame is one flat buffer with room in front for tags, all tags in it, all checksums complete.
 * The maps are those of skepd, or whatever a test or fuzzer makes of them: each access is checked
 * against the number of elements.
 */
#ifndef SKEP_BPF_HOME_HOST_H
#define SKEP_BPF_HOME_HOST_H 1

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "bpf/bytes.h"
#include "bpf/host.h"
#include "bpf/state.h"

#define SKEP_SUB    static __attribute__((unused))
#define SKEP_INLINE static inline __attribute__((unused))
#define SKEP_CTX    struct host_packet

#define HOST_HEADROOM  65536 /* for 16,384 tags */
#define HOST_FRAME_MAX 65535

struct host_packet {
	const struct skep_host_ops *ops;
	uint8_t *data;
	uint32_t len;
	uint8_t *buf; /* HOST_HEADROOM + HOST_FRAME_MAX bytes, the frame somewhere in it */
};

#define HOST_LIST (1u << 31)

/* What is being executed.  The pipeline is not reentrant, except that a packet-out may have a copy
 * of its packet run the tables, and that copies of a packet work on the buckets of a group. */
static struct {
	const struct skep_host_maps *maps;
	/* The list of a packet-out: cells from HOST_LIST on. */
	const struct skep_cell *list;
	uint32_t n_list;
	unsigned int n_forks; /* copies under way that work on buckets */
} host;

/* --- The maps -----------------------------------------------------------------------------------
 */

#define SKEP_MAP(NAME, TYPE, FIELD)                                                                \
	SKEP_INLINE TYPE *home_##NAME(uint32_t idx)                                                \
	{                                                                                          \
		return idx < host.maps->n_##FIELD ? &host.maps->FIELD[idx] : NULL;                 \
	}

SKEP_MAP(port, struct skep_port, ports)
SKEP_MAP(bridge, struct skep_bridge, bridges)
SKEP_MAP(table, struct skep_table, tables)
SKEP_MAP(subtable, struct skep_subtable, subtables)
SKEP_MAP(prune, struct skep_prune, prunes)
SKEP_MAP(rule, struct skep_rule, rules)
SKEP_MAP(keyx, struct skep_keyx, keyx)
SKEP_MAP(counter, struct skep_counter, counters)
SKEP_MAP(table_counter, struct skep_table_counter, table_counters)
SKEP_MAP(port_counter, struct skep_port_counter, port_counters)
SKEP_MAP(drop_counter, struct skep_drop_counter, drops)
SKEP_MAP(tunnel, struct skep_tunnel, tunnels)
SKEP_MAP(vlan_set, struct skep_vlan_set, vlan_sets)
SKEP_MAP(fdb, struct skep_fdb_bucket, fdb)
SKEP_MAP(group, struct skep_group, groups)
SKEP_MAP(group_counter, struct skep_group_counter, group_counters)
SKEP_MAP(meter, struct skep_meter, meters)
SKEP_MAP(meter_conf, struct skep_meter_conf, meter_confs)

SKEP_INLINE __u32 *home_bucket(uint32_t bucket)
{
	uint32_t line = bucket / SKEP_LINE_HEADS;

	return line < host.maps->n_buckets ? &host.maps->buckets[line].heads[bucket % SKEP_LINE_HEADS] : NULL;
}

SKEP_INLINE const struct skep_cell *home_cell(uint32_t idx)
{
	if (idx >= HOST_LIST)
		return idx - HOST_LIST < host.n_list ? &host.list[idx - HOST_LIST] : NULL;
	return idx < host.maps->n_cells ? &host.maps->cells[idx] : NULL;
}

SKEP_INLINE const struct skep_cell *home_cell_pair(uint32_t idx)
{
	return home_cell(idx + 1) ? home_cell(idx) : NULL;
}

/* There is no limit to the packet-ins of packet-outs: the controllers ask for them. */
SKEP_INLINE struct skep_pktin *home_pktin(uint32_t idx)
{
	(void)idx;
	return NULL;
}

SKEP_INLINE struct skep_record *home_record(void)
{
	static struct skep_record record;

	return &record;
}

SKEP_INLINE struct skep_cache_set *home_cache(uint32_t idx)
{
	return host.maps->cache ? &host.maps->cache[idx % SKEP_CACHE_SETS] : NULL;
}

SKEP_INLINE uint32_t home_n_stripes(void)
{
	return host.maps->dp->n_stripes;
}

SKEP_INLINE uint32_t home_striped(uint32_t idx, uint32_t stripe)
{
	return idx * home_n_stripes() + stripe;
}

SKEP_INLINE const struct skep_port *home_act_port(uint32_t act)
{
	return act <= SKEP_ACT_PORT_MAX ? home_port(act) : NULL;
}

SKEP_INLINE void home_add(__u64 *counter, __u64 n)
{
	*counter += n;
}

SKEP_INLINE void home_add2(__u64 *counter, __u64 n, __u64 *counter2, __u64 n2)
{
	*counter += n;
	*counter2 += n2;
}

SKEP_INLINE void home_add4(__u64 *counter, __u64 n, __u64 *counter2, __u64 n2, __u64 *counter3,
			   __u64 n3, __u64 *counter4, __u64 n4)
{
	home_add2(counter, n, counter2, n2);
	home_add2(counter3, n3, counter4, n4);
}

SKEP_INLINE __u64 host_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (__u64)t.tv_sec * 1000000000u + (__u64)t.tv_nsec;
}

SKEP_INLINE __u64 home_now(struct skep_state *s)
{
	(void)s;
	return host_clock(CLOCK_MONOTONIC_COARSE);
}

SKEP_INLINE __u64 home_now_exact(void)
{
	return host_clock(CLOCK_MONOTONIC);
}

/* --- Reading the packet --------------------------------------------------------------------------
 */

SKEP_INLINE __u16 skep_ld16(const void *p)
{
	__u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

SKEP_INLINE __u32 skep_ld32(const void *p)
{
	__u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

SKEP_INLINE __u64 skep_ld64(const void *p)
{
	__u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

SKEP_INLINE __u32 home_len(SKEP_CTX *ctx)
{
	return ctx->len;
}

SKEP_INLINE __u32 home_wire_len(SKEP_CTX *ctx)
{
	return ctx->len;
}

SKEP_INLINE __u32 home_gso_size(SKEP_CTX *ctx)
{
	(void)ctx;
	return 0;
}

struct skep_win {
	const uint8_t *data;
};

SKEP_INLINE struct skep_win home_win(SKEP_CTX *ctx)
{
	return (struct skep_win){ .data = ctx->data };
}

SKEP_INLINE bool home_is_linear(SKEP_CTX *ctx, const struct skep_win *w, uint32_t len)
{
	(void)w;
	return len <= ctx->len;
}

SKEP_INLINE const uint8_t *home_hdr(SKEP_CTX *ctx, const struct skep_win *w, uint32_t ofs,
				    uint32_t len, void *buf)
{
	(void)buf;
	return ofs <= ctx->len && len <= ctx->len - ofs ? w->data + ofs : NULL;
}

SKEP_INLINE int home_load(SKEP_CTX *ctx, uint32_t ofs, struct skep_bytes16 *buf, uint32_t len)
{
	if (len > sizeof(*buf) || ofs > ctx->len || len > ctx->len - ofs)
		return -1;
	memcpy(buf->b, ctx->data + ofs, len);
	return 0;
}

/* No tag is in metadata. */
SKEP_INLINE bool home_tag(SKEP_CTX *ctx, __u16 *tci)
{
	(void)ctx;
	(void)tci;
	return false;
}

SKEP_INLINE int home_load_tag(SKEP_CTX *ctx, __u16 *ret_tpid, __u16 *ret_tci)
{
	if (ctx->len < 16)
		return -1;
	*ret_tpid = bpf_ntohs(skep_ld16(ctx->data + 12));
	*ret_tci = bpf_ntohs(skep_ld16(ctx->data + 14));
	return 0;
}

/* --- Writing the packet
 * ---------------------------------------------------------------------------- */

SKEP_INLINE int home_store(SKEP_CTX *ctx, uint32_t ofs, struct skep_bytes16 *buf, uint32_t len,
			   bool recompute)
{
	(void)recompute;
	if (len > sizeof(*buf) || ofs > ctx->len || len > ctx->len - ofs)
		return -1;
	memcpy(ctx->data + ofs, buf->b, len);
	return 0;
}

/* RFC 1624, equation 3, as the kernel has it: the result is never 0xffff. */
SKEP_INLINE __u16 host_csum_add(__u16 csum, uint32_t diff)
{
	uint64_t sum = (uint64_t)(uint32_t) ~(uint32_t)csum + diff;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

SKEP_INLINE int home_l3_csum(SKEP_CTX *ctx, uint32_t ofs, uint32_t diff)
{
	struct skep_bytes16 sum = { .w = { 0 } };
	__u16 v;

	if (home_load(ctx, ofs, &sum, 2))
		return -1;
	v = host_csum_add(skep_ld16(sum.b), diff);
	memcpy(sum.b, &v, sizeof(v));
	return home_store(ctx, ofs, &sum, 2, false);
}

SKEP_INLINE int home_l4_csum(SKEP_CTX *ctx, uint32_t ofs, uint32_t diff, bool pseudo,
			     bool zero_is_none)
{
	struct skep_bytes16 sum = { .w = { 0 } };
	__u16 v;

	(void)pseudo;
	if (home_load(ctx, ofs, &sum, 2))
		return -1;
	v = skep_ld16(sum.b);
	if (zero_is_none && !v)
		return 0;
	v = host_csum_add(v, diff);
	if (zero_is_none && !v)
		v = 0xffff;
	memcpy(sum.b, &v, sizeof(v));
	return home_store(ctx, ofs, &sum, 2, false);
}

SKEP_INLINE int home_push_vlan(SKEP_CTX *ctx, struct skep_state *s, __u16 tpid, __u16 tci)
{
	__be16 tag[2] = { (__be16)bpf_htons(tpid), (__be16)bpf_htons(tci) };

	(void)s;
	if (ctx->data - ctx->buf < 4)
		return -1;
	memmove(ctx->data - 4, ctx->data, 12);
	ctx->data -= 4;
	ctx->len += 4;
	memcpy(ctx->data + 12, tag, 4);
	return 0;
}

/* Takes out 4 * 'n' bytes behind the addresses. */
SKEP_INLINE int home_cut_tags(SKEP_CTX *ctx, struct skep_state *s, uint32_t n)
{
	(void)s;
	if (ctx->len < 12 + 4 * n)
		return -1;
	memmove(ctx->data + 4 * n, ctx->data, 12);
	ctx->data += 4 * n;
	ctx->len -= 4 * n;
	return 0;
}

SKEP_INLINE int home_pop_vlan(SKEP_CTX *ctx, struct skep_state *s)
{
	return home_cut_tags(ctx, s, 1);
}

SKEP_INLINE int home_set_tag(SKEP_CTX *ctx, struct skep_state *s, __u16 tci)
{
	(void)ctx;
	(void)s;
	(void)tci;
	return -1;
}

SKEP_INLINE int home_sync_type(SKEP_CTX *ctx, struct skep_state *s)
{
	(void)ctx;
	(void)s;
	return 0;
}

/* Adds 'n' zero bytes at the end, in the room that as many cut off in front have left. */
SKEP_INLINE int home_pad(SKEP_CTX *ctx, uint32_t n)
{
	if ((size_t)(ctx->data - ctx->buf) < n)
		return -1;
	memmove(ctx->data - n, ctx->data, ctx->len);
	ctx->data -= n;
	memset(ctx->data + ctx->len, 0, n);
	ctx->len += n;
	return 0;
}

/* Makes 'n' bytes of room in front of the frame. */
SKEP_INLINE int home_grow(SKEP_CTX *ctx, struct skep_state *s, uint32_t n)
{
	(void)s;
	if (ctx->data - ctx->buf < (ptrdiff_t)n)
		return -1;
	ctx->data -= n;
	ctx->len += n;
	return 0;
}

/* Loads 1 to 'max' bytes into 'buf'. */
SKEP_INLINE int home_load_n(SKEP_CTX *ctx, uint32_t ofs, void *buf, uint32_t len, uint32_t max)
{
	if (!len || len > max || ofs > ctx->len || len > ctx->len - ofs)
		return -1;
	memcpy(buf, ctx->data + ofs, len);
	return 0;
}

/* Writes the first 'n' bytes of s->head to the beginning of the frame. */
SKEP_INLINE int home_put_head(SKEP_CTX *ctx, struct skep_state *s, uint32_t n)
{
	if (n > SKEP_HEAD_MAX || n > ctx->len)
		return -1;
	memcpy(ctx->data, s->head, n);
	return 0;
}

/* What the kernel keeps of a frame beside its bytes; here there is nothing. */
SKEP_INLINE uint32_t home_head_len(const struct skep_state *s)
{
	(void)s;
	return 14;
}

SKEP_INLINE __be16 home_inner_type(SKEP_CTX *ctx)
{
	(void)ctx;
	return 0;
}

SKEP_INLINE int skep_keep_type(SKEP_CTX *ctx, struct skep_state *s, uint32_t inner)
{
	(void)ctx;
	(void)s;
	(void)inner;
	return 0;
}

SKEP_INLINE int home_tag_to_frame(SKEP_CTX *ctx, struct skep_state *s)
{
	(void)ctx;
	(void)s;
	return 0;
}

SKEP_INLINE int home_end_head(SKEP_CTX *ctx, struct skep_state *s, bool had_tag, __be16 inner)
{
	(void)ctx;
	(void)s;
	(void)had_tag;
	(void)inner;
	return 0;
}

SKEP_INLINE void home_set_queue(SKEP_CTX *ctx, uint32_t queue)
{
	(void)ctx;
	(void)queue;
}

/* --- Sending the packet
 * ---------------------------------------------------------------------------- */

/* Copies cost nothing that counts here, and in the order of the actions they are easier to
 * understand. */
#define home_is_lazy 0

/* The programs add to the same counters. */
SKEP_INLINE void home_count(__u64 *counter, __u64 n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

SKEP_INLINE bool home_link_up(const struct skep_port *port)
{
	return port->is_live;
}

/* Has a copy of the packet execute the list in s->fork_*.  Nonzero: there is none. */
static int home_fork(SKEP_CTX *ctx, struct skep_state *s);

SKEP_INLINE struct skep_state *home_fork_parent(__u32 level)
{
	(void)level;
	return NULL;
}

/* Has a copy wait until it is its turn to be received by the other end of patch port 'idx'. */
static int host_copy_patch(SKEP_CTX *ctx, const struct skep_state *s, uint32_t idx);

SKEP_INLINE void host_output_tunnel(SKEP_CTX *ctx, const struct skep_state *s, uint32_t idx)
{
	struct skep_inject how = {
		.port = idx,
		.tun_flags = s->key.tun_flags,
		.tun_tos = s->key.tun_tos,
		.tun_ttl = s->key.tun_ttl,
		.set = s->dirty & SKEP_SET_TUN,
	};

	memcpy(how.tun, &s->w[15], sizeof(how.tun));
	how.tun_opts = s->key.tun_opts;
	memcpy(how.tun_metadata, s->key.tun_metadata, sizeof(how.tun_metadata));
	ctx->ops->output_tunnel(ctx->ops->aux, &how, ctx->data, ctx->len);
}

SKEP_INLINE int home_copy(SKEP_CTX *ctx, const struct skep_state *s, uint32_t idx, uint32_t ifindex)
{
	const struct skep_port *port = home_port(idx);

	if (!ifindex)
		return host_copy_patch(ctx, s, idx);
	if (port && port->kind == SKEP_PORT_TUNNEL && ctx->ops->output_tunnel)
		host_output_tunnel(ctx, s, idx);
	else
		ctx->ops->output(ctx->ops->aux, idx, ctx->data, ctx->len);
	return 0;
}

/* Marks are for the kernel's ways of a packet, which none goes here. */
SKEP_INLINE __u32 home_mark(SKEP_CTX *ctx)
{
	(void)ctx;
	return 0;
}

SKEP_INLINE void home_set_mark(SKEP_CTX *ctx, __u32 mark)
{
	(void)ctx;
	(void)mark;
}

SKEP_INLINE __u32 home_copy_hops(SKEP_CTX *ctx)
{
	(void)ctx;
	return 0;
}

SKEP_INLINE const struct skep_inject *home_inject(__u32 idx)
{
	(void)idx;
	return NULL;
}

/* Outer headers are the kernel's to put on and take off; the fields, and options, go there with the frame (host_output_tunnel()). */
SKEP_INLINE __u32 home_tunnel_modes(void)
{
	return host.maps->dp->tunnel_modes;
}

SKEP_INLINE int home_get_outer(SKEP_CTX *ctx, struct skep_outer *o)
{
	(void)ctx;
	(void)o;
	return -1;
}

SKEP_INLINE int home_set_outer(SKEP_CTX *ctx, const struct skep_outer *o)
{
	(void)ctx;
	(void)o;
	return 0;
}

SKEP_INLINE __u32 home_get_options(SKEP_CTX *ctx, __u32 *option)
{
	(void)ctx;
	(void)option;
	return 0;
}

SKEP_INLINE int home_set_options(SKEP_CTX *ctx, __u32 *option, __u32 n)
{
	(void)ctx;
	(void)option;
	(void)n;
	return 0;
}

SKEP_INLINE int home_event(SKEP_CTX *ctx, struct skep_record *rec)
{
	ctx->ops->controller(ctx->ops->aux, &rec->ev, ctx->data);
	return 0;
}

/* SKEP_OP_TABLE: a copy runs the tables. */
static int home_run_tables(SKEP_CTX *ctx, struct skep_state *s);

#endif
