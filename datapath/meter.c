// SPDX-License-Identifier: Apache-2.0
/*
 * Meters: what bpf/meter.h asks.
 *
 * A meter has a place in skep_meters, which rules name, as long as it is there; what it does is in skep_meter_confs, and exchanged as a whole.
 * The places of a bridge's meters are found by a sorted array.  How many flows name a meter is counted where their cells are stored and
 * discarded (meter_cells()), so that deleting one that nothing names is cheap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/private.h"

#define METER(DP, I) MAP_ELEM(&(DP)->set, MAP_METERS, struct skep_meter, I)
#define CONF(DP, I)  MAP_ELEM(&(DP)->set, MAP_METER_CONFS, struct skep_meter_conf, I)

/* What a meter allows at once that was not told it: what its rate makes in 250 ms.  With less, TCP that lost a whole window comes back, after its
 * 200 ms, to a full bucket that has run over: it gets half of the rate with 100 ms.  With more, the burst would count in measurements. */
#define DEFAULT_BURST_PER_S 4u
/* A burst is cut to 100 days of its rate: so no sum of times overflows. */
#define BURST_MAX (1ULL << 61)

uint32_t meter_find(const struct dp *dp, uint32_t bridge, uint32_t meter_id)
{
	return id_index_find(&dp->meter_index[bridge], meter_id);
}

void meters_forget(struct dp *dp)
{
	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		free(dp->meter_index[i].ref);
	free(dp->meter_flows);
}

/* --- Flows that name a meter --- */

uint32_t cells_meter(const struct skep_cell *cells)
{
	const struct skep_head *head = cells_head(cells);

	return head->flags & SKEP_HF_METER ? cells[head->n_cells - 1].arg32 : 0;
}

void meter_cells(struct dp *dp, const struct skep_cell *cells, bool is_stored)
{
	uint32_t idx = cells_meter(cells);

	if (idx && is_stored)
		dp->meter_flows[idx]++;
	else if (idx)
		dp->meter_flows[idx]--;
}

static void delete_flows(struct dp *dp, uint32_t idx)
{
	for (uint32_t flow = 1; dp->meter_flows[idx] && flow < dp->flows.bump; flow++) {
		uint32_t rule = FLOW(dp, flow)->rule;

		if (rule && cells_meter(CELL(dp, RULE(dp, rule)->cells)) == idx)
			flow_delete(dp, flow, FLOW_REMOVED_DELETE);
	}
}

/* --- Configurations --- */

static uint64_t default_burst(uint32_t rate)
{
	return rate < DEFAULT_BURST_PER_S ? 1 : rate / DEFAULT_BURST_PER_S;
}

static void fill_band(struct skep_band *band, const struct band *from, uint16_t flags)
{
	/* What a byte or packet takes, and how many of them a unit of burst is. */
	double cost_ns = flags & METER_PKTPS ? 1e9 / from->rate : 8e6 / from->rate;
	double per_unit = flags & METER_PKTPS ? 1 : 125;
	bool has_burst = flags & METER_BURST && from->burst_size;
	double burst = (double)(has_burst ? from->burst_size : default_burst(from->rate)) * per_unit *
		       cost_ns * (1 << SKEP_TIME_SHIFT);

	*band = (struct skep_band){
		.cost = (uint64_t)(cost_ns * (1 << SKEP_METER_SHIFT) + 0.5),
		.burst = burst < (double)BURST_MAX ? (uint64_t)burst : BURST_MAX,
		.type = (uint16_t)from->type,
		.prec_level = from->prec_level,
		.rate = from->rate,
		.burst_size = from->burst_size,
	};
}

/* Puts the bands in the order in which they are asked; of the same rate, in which they came. */
static void sort_bands(struct skep_meter_conf *conf)
{
	for (uint32_t i = 1; i < conf->n_bands; i++) {
		struct skep_band band = conf->band[i];
		uint32_t k = i;

		for (; k && conf->band[k - 1].rate < band.rate; k--)
			conf->band[k] = conf->band[k - 1];
		conf->band[k] = band;
	}
}

static uint32_t conf_new(struct dp *dp, const struct meter_mod *mm)
{
	uint32_t idx = spans_alloc(&dp->meter_confs, 0);
	struct skep_meter_conf *conf = CONF(dp, idx);

	memset(conf, 0, sizeof(*conf));
	conf->flags = mm->flags & METER_PKTPS ? SKEP_MF_PKTPS : 0;
	conf->of_flags = mm->flags;
	conf->base_ns = mono_ns();
	conf->n_bands = mm->n_bands;
	for (uint32_t i = 0; i < mm->n_bands; i++) {
		fill_band(&conf->band[i], &mm->bands[i], mm->flags);
		conf->band[i].order = (uint8_t)i;
	}
	sort_bands(conf);
	return idx;
}

/* --- Changes --- */

/* The bridge's place for the index of a meter that no rule names, or NULL. */
static uint32_t *virtual_meter(struct dp *dp, uint32_t bridge, uint32_t meter_id)
{
	if (meter_id == METER_CONTROLLER)
		return &BRIDGE(dp, bridge)->ctl_meter;
	if (meter_id == METER_SLOWPATH)
		return &BRIDGE(dp, bridge)->slow_meter;
	return NULL;
}

static int check(const struct meter_mod *mm)
{
	bool is_virtual = mm->meter_id == METER_CONTROLLER || mm->meter_id == METER_SLOWPATH;

	if (!mm->meter_id || (mm->meter_id > METER_MAX && !is_virtual) ||
	    mm->n_bands > METER_BANDS_MAX)
		return -EINVAL;
	for (unsigned int i = 0; i < mm->n_bands; i++) {
		if (!mm->bands[i].rate ||
		    (mm->bands[i].type != BAND_DROP && mm->bands[i].type != BAND_DSCP_REMARK))
			return -EINVAL;
	}
	return 0;
}

static int add(struct dp *dp, uint32_t bridge, const struct meter_mod *mm)
{
	struct need need = { .meters = 1, .meter_confs = 1 };
	struct skep_meter *meter;
	uint32_t idx, *virt;

	if (meter_find(dp, bridge, mm->meter_id))
		return -EEXIST;
	if (reserve(dp, &need))
		return -ENOSPC;
	idx = spans_alloc(&dp->meters, 0);
	if (id_index_add(&dp->meter_index[bridge], mm->meter_id, idx)) {
		spans_free(&dp->meters, idx, 0);
		return -ENOMEM;
	}
	meter = METER(dp, idx);
	*meter = (struct skep_meter){
		.meter_id = mm->meter_id,
		.bridge = bridge,
		.created_ns = boot_ns(),
	};
	dp->meter_flows[idx] = 0;
	PUBLISH(&meter->conf, conf_new(dp, mm));
	virt = virtual_meter(dp, bridge, mm->meter_id);
	if (virt)
		PUBLISH(virt, idx);
	return 0;
}

static int modify(struct dp *dp, uint32_t bridge, const struct meter_mod *mm)
{
	struct need need = { .meter_confs = 1 };
	uint32_t idx = meter_find(dp, bridge, mm->meter_id), old;

	if (!idx)
		return -ENOENT;
	if (reserve(dp, &need))
		return -ENOSPC;
	old = METER(dp, idx)->conf;
	PUBLISH(&METER(dp, idx)->conf, conf_new(dp, mm));
	garbage_put(dp, GARBAGE_METER_CONF, old, 0);
	return 0;
}

static void delete_one(struct dp *dp, uint32_t bridge, uint32_t meter_id)
{
	uint32_t idx = meter_find(dp, bridge, meter_id), old;
	uint32_t *virt = virtual_meter(dp, bridge, meter_id);

	if (!idx)
		return;
	/* First the flows: a process that is killed in between leaves a meter, and no flow that names none. */
	delete_flows(dp, idx);
	dp_commit(dp);
	if (virt)
		PUBLISH(virt, 0);
	old = METER(dp, idx)->conf;
	PUBLISH(&METER(dp, idx)->conf, 0);
	id_index_del(&dp->meter_index[bridge], meter_id);
	garbage_put(dp, GARBAGE_METER_CONF, old, 0);
	garbage_put(dp, GARBAGE_METER, idx, 0);
}

/* All but the virtual ones, which are only deleted by their numbers (§6.7). */
static void delete_all(struct dp *dp, uint32_t bridge)
{
	const struct id_index *x = &dp->meter_index[bridge];
	uint32_t i = x->n;

	while (i--) {
		if (x->ref[i].id <= METER_MAX)
			delete_one(dp, bridge, x->ref[i].id);
	}
}

void meters_bridge_gone(struct dp *dp, uint32_t bridge)
{
	delete_all(dp, bridge);
	delete_one(dp, bridge, METER_CONTROLLER);
	delete_one(dp, bridge, METER_SLOWPATH);
}

int dp_meter_mod(struct dp *dp, uint32_t bridge, const struct meter_mod *mm)
{
	int err = 0;

	if (!dp_bridge_name(dp, bridge))
		return -EINVAL;
	if (mm->command != METER_DELETE)
		err = check(mm);
	if (err)
		return err;
	if (mm->command == METER_ADD)
		err = add(dp, bridge, mm);
	else if (mm->command == METER_MODIFY)
		err = modify(dp, bridge, mm);
	else if (mm->meter_id == METER_ALL)
		delete_all(dp, bridge);
	else
		delete_one(dp, bridge, mm->meter_id);
	reclaim_kick(dp);
	return err;
}

/* --- Reading --- */

static void describe(const struct dp *dp, uint32_t idx, struct meter_desc *ret)
{
	const struct skep_meter *meter = METER(dp, idx);
	const struct skep_meter_conf *conf = CONF(dp, meter->conf);

	*ret = (struct meter_desc){
		.meter_id = meter->meter_id,
		.flags = (uint16_t)conf->of_flags,
		.flow_count = dp->meter_flows[idx],
		.n_packets = __atomic_load_n(&meter->packets, __ATOMIC_RELAXED),
		.n_bytes = __atomic_load_n(&meter->bytes, __ATOMIC_RELAXED),
		.duration_ns = boot_ns() - meter->created_ns,
		.n_bands = conf->n_bands,
	};
	for (uint32_t i = 0; i < conf->n_bands; i++) {
		const struct skep_band *band = &conf->band[i];
		unsigned int k = band->order; /* as the controller sent them */

		ret->bands[k] = (struct band){
			.type = (enum band_type)band->type,
			.rate = (uint32_t)band->rate,
			.burst_size = (uint32_t)band->burst_size,
			.prec_level = band->prec_level,
		};
		ret->band_stats[k].n_packets = __atomic_load_n(&band->packets, __ATOMIC_RELAXED);
		ret->band_stats[k].n_bytes = __atomic_load_n(&band->bytes, __ATOMIC_RELAXED);
	}
}

bool dp_meter_next(const struct dp *dp, uint32_t bridge, uint32_t meter_id, struct meter_desc *ret)
{
	const struct id_index *x;
	uint32_t i;

	if (bridge >= DP_BRIDGES_MAX)
		return false;
	x = &dp->meter_index[bridge];
	i = id_index_at(x, meter_id);
	if (i >= x->n)
		return false;
	describe(dp, x->ref[i].idx, ret);
	return true;
}

/* --- Packet-ins --- */

static unsigned int get16(const uint8_t *p)
{
	return (unsigned int)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A header checksum over a 16-bit word that was 'old' and is 'new' (RFC 1624, equation 3). */
static unsigned int update_csum(unsigned int csum, unsigned int old, unsigned int new)
{
	unsigned int sum = (~csum & 0xffff) + (~old & 0xffff) + new;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

void meter_remark(uint8_t *frame, size_t len, unsigned int levels)
{
	unsigned int type, old, new, dscp;
	size_t ofs = 12;
	uint8_t *ip;

	while (len >= ofs + 4 && (get16(frame + ofs) == 0x8100 || get16(frame + ofs) == 0x88a8))
		ofs += 4;
	if (len < ofs + 2 + 20)
		return;
	type = get16(frame + ofs);
	ip = frame + ofs + 2;
	old = get16(ip); /* version, and what IPv4 has 4 bits further on than IPv6 */
	if (type == 0x0800 && ip[0] >> 4 == 4) {
		dscp = skep_raise_dscp(old >> 2 & 63, levels);
		new = (old & ~0xfcu) | dscp << 2;
		put16(ip + 10, update_csum(get16(ip + 10), old, new));
		put16(ip, new);
	} else if (type == 0x86dd && ip[0] >> 4 == 6) {
		dscp = skep_raise_dscp(old >> 6 & 63, levels);
		put16(ip, (old & ~0xfc0u) | dscp << 6);
	}
}

/* --- Growth and adoption ---
 *
 * Both copy the maps while the old program still counts in them.  What it counts after the copy is added when it has come to its end.
 */

static void *copy_of(const struct map *m)
{
	void *p = malloc(m->size);

	if (p)
		memcpy(p, m->base, m->size);
	return p;
}

int meters_note(const struct map_set *set, bool has_meters, bool has_confs,
		struct meter_notes *ret)
{
	*ret = (struct meter_notes){ .meters = NULL };
	if (has_meters)
		ret->meters = copy_of(&set->map[MAP_METERS]);
	if (has_confs)
		ret->confs = copy_of(&set->map[MAP_METER_CONFS]);
	if ((!has_meters || ret->meters) && (!has_confs || ret->confs))
		return 0;
	meters_unnote(ret);
	return -ENOMEM;
}

void meters_unnote(struct meter_notes *notes)
{
	free(notes->meters);
	free(notes->confs);
	*notes = (struct meter_notes){ .meters = NULL };
}

void meters_copy(const struct map_set *to, const struct map_set *from,
		 const struct meter_notes *notes)
{
	if (notes->meters)
		memcpy(to->map[MAP_METERS].base, notes->meters,
		       from->map[MAP_METERS].n * sizeof(struct skep_meter));
	if (notes->confs)
		memcpy(to->map[MAP_METER_CONFS].base, notes->confs,
		       from->map[MAP_METER_CONFS].n * sizeof(struct skep_meter_conf));
}

void meters_add_late(struct dp *dp, const struct map_set *old, const struct meter_notes *notes)
{
	for (uint32_t i = 1; notes->meters && i < old->map[MAP_METERS].n; i++) {
		const struct skep_meter *m = MAP_ELEM(old, MAP_METERS, struct skep_meter, i);

		counter_add_late(&METER(dp, i)->packets, &m->packets, notes->meters[i].packets);
		counter_add_late(&METER(dp, i)->bytes, &m->bytes, notes->meters[i].bytes);
	}
	for (uint32_t i = 1; notes->confs && i < old->map[MAP_METER_CONFS].n; i++) {
		const struct skep_meter_conf *c =
			MAP_ELEM(old, MAP_METER_CONFS, struct skep_meter_conf, i);

		for (unsigned int k = 0; k < SKEP_BANDS_MAX; k++) {
			const struct skep_band *then = &notes->confs[i].band[k];

			counter_add_late(&CONF(dp, i)->band[k].packets, &c->band[k].packets, then->packets);
			counter_add_late(&CONF(dp, i)->band[k].bytes, &c->band[k].bytes, then->bytes);
		}
	}
}

/* Whether the meter makes sense: the maps may be of a process that was killed anywhere. */
static bool is_whole(const struct dp *dp, const struct skep_meter *meter, const bool *is_used)
{
	const struct skep_meter_conf *conf;

	if (!meter->conf || meter->conf >= dp->set.map[MAP_METER_CONFS].n || is_used[meter->conf] ||
	    meter->bridge >= DP_BRIDGES_MAX || !BRIDGE(dp, meter->bridge)->name[0] ||
	    meter_find(dp, meter->bridge, meter->meter_id))
		return false;
	conf = CONF(dp, meter->conf);
	for (uint32_t i = 0; i < conf->n_bands && i < SKEP_BANDS_MAX; i++) {
		if (conf->band[i].order >= conf->n_bands)
			return false;
	}
	return conf->n_bands <= SKEP_BANDS_MAX;
}

int meters_recall(struct dp *dp)
{
	uint32_t n = dp->set.map[MAP_METERS].n, n_confs = dp->set.map[MAP_METER_CONFS].n;
	bool *is_used = calloc(n, sizeof(bool)), *is_conf_used = calloc(n_confs, sizeof(bool));
	int err = is_used && is_conf_used ? 0 : -ENOMEM;

	for (unsigned int i = 0; i < DP_BRIDGES_MAX; i++)
		BRIDGE(dp, i)->ctl_meter = BRIDGE(dp, i)->slow_meter = 0;
	for (uint32_t i = 1; i < n && !err; i++) {
		struct skep_meter *meter = METER(dp, i);
		uint32_t *virt;

		if (!is_whole(dp, meter, is_conf_used)) {
			memset(meter, 0, sizeof(*meter));
			continue;
		}
		is_used[i] = is_conf_used[meter->conf] = true;
		err = id_index_add(&dp->meter_index[meter->bridge], meter->meter_id, i);
		virt = virtual_meter(dp, meter->bridge, meter->meter_id);
		if (virt)
			*virt = i;
	}
	if (!err) {
		spans_recall(&dp->meters, is_used, n);
		spans_recall(&dp->meter_confs, is_conf_used, n_confs);
	}
	free(is_used);
	free(is_conf_used);
	return err;
}

bool meter_is_there(const struct dp *dp, uint32_t idx)
{
	return idx < dp->set.map[MAP_METERS].n && METER(dp, idx)->conf;
}
