// SPDX-License-Identifier: Apache-2.0
/*
 * What NORMAL learns: the bridges' regions of skep_fdb, and their entries as the control side sees them.
 *
 * The programs write entries at the same time (bpf/abi.h, "What NORMAL learns"), so that each change here is a compare-and-swap of the
 * key.  Only static entries are skepd's alone.
 *
 * A packet that is under way when its port goes may still learn there: what was learned of the port is forgotten at once,
 * and again a grace period later.  A region is given to another bridge only after a grace period, too.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "datapath/private.h"

#define AGEING_DEFAULT 300
/* One way of each bucket stays for what is learned. */
#define STATIC_MAX (SKEP_FDB_WAYS - 1)
/* How often to try again if the programs are faster; each time something else must have happened. */
#define TRIES 1000

static struct skep_fdb_bucket *bucket_at(const struct dp *dp, uint32_t idx)
{
	return MAP_ELEM(&dp->set, MAP_FDB, struct skep_fdb_bucket, idx);
}

static uint64_t load(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static bool swap(__u64 *p, uint64_t old, uint64_t new)
{
	__u64 expected = old;

	return __atomic_compare_exchange_n(p, &expected, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static uint32_t now_s(void)
{
	return (uint32_t)(mono_ns() / 1000000000u);
}

static int32_t age_of(uint64_t value, uint32_t now)
{
	return (int32_t)(now - (uint32_t)(value >> 32));
}

static bool has_region(const struct dp *dp, uint32_t bridge)
{
	return bridge < DP_BRIDGES_MAX && BRIDGE(dp, bridge)->fdb_mask;
}

/* --- Regions --- */

void fdb_init(struct dp *dp, uint32_t bridge)
{
	BRIDGE(dp, bridge)->fdb_ageing = AGEING_DEFAULT;
}

int fdb_make(struct dp *dp, uint32_t bridge)
{
	struct need need = { .fdb = 1 };
	struct skep_bridge *b;
	uint32_t first, seed;

	if (has_region(dp, bridge))
		return 0;
	if (reserve(dp, &need))
		return -ENOSPC;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -ENOMEM;
	first = spans_alloc(&dp->fdb, FDB_REGION_LOG2);
	memset(bucket_at(dp, first), 0, FDB_REGION * sizeof(struct skep_fdb_bucket));
	b = BRIDGE(dp, bridge);
	b->fdb_first = first;
	b->fdb_seed = seed;
	PUBLISH(&b->fdb_mask, FDB_REGION - 1);
	return 0;
}

void fdb_free(struct dp *dp, uint32_t bridge)
{
	struct skep_bridge *b = BRIDGE(dp, bridge);

	if (!b->fdb_mask)
		return;
	PUBLISH(&b->fdb_mask, 0);
	garbage_put(dp, GARBAGE_FDB, b->fdb_first, 0);
}

/* Whether the bridge's region is one of those that there are. */
static bool is_region(const struct dp *dp, const struct skep_bridge *b)
{
	return b->fdb_mask == FDB_REGION - 1 && b->fdb_first % FDB_REGION == 1 &&
	       b->fdb_first < dp->set.map[MAP_FDB].n &&
	       dp->set.map[MAP_FDB].n - b->fdb_first >= FDB_REGION;
}

void fdb_recall(struct dp *dp)
{
	bool is_used[DP_BRIDGES_MAX] = { false };
	uint32_t n = 0;

	for (uint32_t i = 0; i < DP_BRIDGES_MAX; i++) {
		struct skep_bridge *b = BRIDGE(dp, i);
		uint32_t region = b->fdb_first / FDB_REGION;

		if (!b->name[0] || !is_region(dp, b) || region >= DP_BRIDGES_MAX ||
		    is_used[region]) {
			b->fdb_mask = 0;
			continue;
		}
		is_used[region] = true;
		if (region >= n)
			n = region + 1;
	}
	dp->fdb.bump = 1 + n * FDB_REGION;
	for (uint32_t i = 0; i < n; i++) {
		if (!is_used[i])
			spans_free(&dp->fdb, 1 + i * FDB_REGION, FDB_REGION_LOG2);
	}
}

/* An entry that is being written while it is copied may be torn: it is left out, and learned again. */
void fdb_copy(const struct map *to, const struct map *from)
{
	uint32_t n = from->n < to->n ? from->n : to->n;
	const struct skep_fdb_bucket *src = from->base;
	struct skep_fdb_bucket *dst = to->base;

	for (uint32_t i = 0; i < n; i++) {
		for (unsigned int k = 0; k < SKEP_FDB_WAYS; k++) {
			uint64_t key = load(&src[i].e[k].key), value = load(&src[i].e[k].value);

			if (key & SKEP_FDB_BUSY || load(&src[i].e[k].key) != key)
				key = 0;
			dst[i].e[k] = (struct skep_fdb_entry){ key, value };
		}
	}
}

/* --- Forgetting --- */

void fdb_forget_port(struct dp *dp, uint32_t bridge, uint32_t port)
{
	const struct skep_bridge *b = BRIDGE(dp, bridge);

	if (!has_region(dp, bridge))
		return;
	for (uint32_t i = 0; i <= b->fdb_mask; i++) {
		struct skep_fdb_bucket *bucket = bucket_at(dp, b->fdb_first + i);

		for (unsigned int k = 0; k < SKEP_FDB_WAYS; k++) {
			uint64_t key = load(&bucket->e[k].key);

			if (!key || key & (SKEP_FDB_STATIC | SKEP_FDB_BUSY))
				continue;
			if (!port || (uint32_t)load(&bucket->e[k].value) == port)
				swap(&bucket->e[k].key, key, 0);
		}
	}
}

void fdb_port_gone(struct dp *dp, uint32_t bridge, uint32_t port)
{
	if (!has_region(dp, bridge))
		return;
	fdb_forget_port(dp, bridge, port);
	garbage_put(dp, GARBAGE_FDB_PORT, port, bridge);
	reclaim_kick(dp);
}

void dp_fdb_flush(struct dp *dp, uint32_t bridge, uint32_t ofport)
{
	uint32_t port = 0;

	if (ofport != PORT_ANY) {
		port = port_find(dp, bridge, ofport);
		if (!port)
			return;
	}
	fdb_forget_port(dp, bridge, port);
}

/* --- Entries --- */

static uint64_t make_key(uint16_t vlan, const uint8_t mac[6])
{
	uint64_t key = 0;

	for (unsigned int i = 0; i < 6; i++)
		key = key << 8 | mac[i];
	return key << 16 | (uint64_t)(vlan & 0xfff) << 4 | SKEP_FDB_USED;
}

static struct skep_fdb_bucket *bucket_of(const struct dp *dp, uint32_t bridge, uint64_t key)
{
	const struct skep_bridge *b = BRIDGE(dp, bridge);

	return bucket_at(dp, b->fdb_first + (skep_fdb_hash(b->fdb_seed, key) & b->fdb_mask));
}

/* The entry that a new static one takes: that of its address, a free one, or the oldest.  NULL: there are STATIC_MAX. */
static struct skep_fdb_entry *static_place(struct skep_fdb_bucket *b, uint64_t key)
{
	struct skep_fdb_entry *oldest = NULL, *free_entry = NULL;
	unsigned int n_static = 0;
	uint32_t now = now_s();

	for (unsigned int i = 0; i < SKEP_FDB_WAYS; i++) {
		struct skep_fdb_entry *e = &b->e[i];
		uint64_t k = load(&e->key);

		if ((k & ~SKEP_FDB_STATIC) == key)
			return e;
		n_static += (k & SKEP_FDB_STATIC) != 0;
		if (!k)
			free_entry = e;
		else if (!(k & (SKEP_FDB_STATIC | SKEP_FDB_BUSY)) &&
			 (!oldest || age_of(e->value, now) > age_of(oldest->value, now)))
			oldest = e;
	}
	if (n_static >= STATIC_MAX)
		return NULL;
	return free_entry ? free_entry : oldest;
}

/* A program may have learned the address while it was being made static. */
static void drop_learned(struct skep_fdb_bucket *b, uint64_t key)
{
	for (unsigned int i = 0; i < SKEP_FDB_WAYS; i++)
		swap(&b->e[i].key, key, 0);
}

int dp_fdb_set(struct dp *dp, uint32_t bridge, uint16_t vlan, const uint8_t mac[6], uint32_t ofport)
{
	struct skep_fdb_bucket *b;
	uint64_t key = make_key(vlan, mac), value;
	int port, err;

	if (!dp_bridge_name(dp, bridge) || vlan > 0xfff || mac[0] & 1)
		return -EINVAL;
	port = port_slot(dp, bridge, ofport);
	if (port < 0)
		return port;
	err = fdb_make(dp, bridge);
	if (err)
		return err;
	b = bucket_of(dp, bridge, key);
	value = (uint64_t)now_s() << 32 | (uint32_t)port;
	for (unsigned int i = 0; i < TRIES; i++) {
		struct skep_fdb_entry *e = static_place(b, key);
		uint64_t old = e ? load(&e->key) : 0;

		if (!e)
			return -ENOSPC;
		if (old == (key | SKEP_FDB_STATIC)) {
			PUBLISH(&e->value, value);
			return 0;
		}
		if (old & (SKEP_FDB_STATIC | SKEP_FDB_BUSY) || !swap(&e->key, old, SKEP_FDB_BUSY))
			continue;
		PUBLISH(&e->value, value);
		PUBLISH(&e->key, key | SKEP_FDB_STATIC);
		drop_learned(b, key);
		return 0;
	}
	return -EAGAIN;
}

int dp_fdb_del(struct dp *dp, uint32_t bridge, uint16_t vlan, const uint8_t mac[6])
{
	uint64_t key = make_key(vlan, mac);
	struct skep_fdb_bucket *b;
	int ret = -ENOENT;

	if (!has_region(dp, bridge) || vlan > 0xfff)
		return -ENOENT;
	b = bucket_of(dp, bridge, key);
	for (unsigned int i = 0; i < SKEP_FDB_WAYS; i++) {
		if (swap(&b->e[i].key, key, 0) || swap(&b->e[i].key, key | SKEP_FDB_STATIC, 0))
			ret = 0;
	}
	return ret;
}

/* Reads an entry.  False if it is free, aged out, or of a port that is gone. */
static bool read_entry(const struct dp *dp, uint32_t bridge, const struct skep_fdb_entry *e,
		       struct dp_fdb_entry *ret)
{
	uint64_t key = load(&e->key), value = load(&e->value);
	bool is_static = key & SKEP_FDB_STATIC;
	uint32_t port = (uint32_t)value;
	int32_t age;

	if (!key || key & SKEP_FDB_BUSY || port >= dp->set.map[MAP_PORTS].n ||
	    load(&e->key) != key)
		return false;
	age = age_of(value, now_s());
	if (!is_static &&
	    (age >= (int32_t)BRIDGE(dp, bridge)->fdb_ageing || !PORT(dp, port)->ifindex))
		return false;
	*ret = (struct dp_fdb_entry){
		.vlan = key >> 4 & 0xfff,
		.is_static = is_static,
		.ofport = PORT(dp, port)->ofport,
		.age = age > 0 ? (uint32_t)age : 0,
	};
	for (unsigned int i = 0; i < 6; i++)
		ret->mac[i] = (uint8_t)(key >> (56 - 8 * i));
	return true;
}

bool dp_fdb_next(const struct dp *dp, uint32_t bridge, struct dp_cursor *cursor,
		 struct dp_fdb_entry *ret)
{
	const struct skep_bridge *b = BRIDGE(dp, bridge);

	if (!has_region(dp, bridge))
		return false;
	while (cursor->next < (b->fdb_mask + 1) * SKEP_FDB_WAYS) {
		uint32_t i = cursor->next++;

		if (read_entry(dp, bridge,
			       &bucket_at(dp, b->fdb_first + i / SKEP_FDB_WAYS)->e[i % SKEP_FDB_WAYS],
			       ret))
			return true;
	}
	return false;
}

/* --- What the bridge says of NORMAL --- */

int dp_bridge_set_standalone(struct dp *dp, uint32_t bridge, bool is_standalone)
{
	int err = is_standalone ? fdb_make(dp, bridge) : 0;

	if (err)
		return err;
	bridge_set_flag(dp, bridge, SKEP_BF_STANDALONE, is_standalone);
	for (uint32_t i = BRIDGE(dp, bridge)->first_port; i; i = PORT(dp, i)->next)
		port_set_special(dp, i);
	return 0;
}

void dp_bridge_set_ageing(struct dp *dp, uint32_t bridge, uint32_t seconds)
{
	PUBLISH(&BRIDGE(dp, bridge)->fdb_ageing, seconds < INT32_MAX ? seconds : INT32_MAX);
}

void dp_bridge_set_forward_bpdu(struct dp *dp, uint32_t bridge, bool forward)
{
	bridge_set_flag(dp, bridge, SKEP_BF_FORWARD_BPDU, forward);
}
