// SPDX-License-Identifier: Apache-2.0
/* Random matches, actions and rule sets; see gen.h. */
#include "tests/oracle/gen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/parse.h"

/* From this many rules on, most have the fields and masks of an earlier one, and values of their
 * own. */
enum { CROWD = 80 };

/* Matches. */

bool gen_matches_overlap(const struct match *a, const struct match *b)
{
	enum field_id id;

	MATCH_FOR_EACH (a, id) {
		if (!match_has(b, id))
			continue;
		for (unsigned int i = 0; i < field_table[id].n_bytes; i++) {
			if ((a->value[id].b[i] ^ b->value[id].b[i]) & a->mask[id].b[i] &
			    b->mask[id].b[i])
				return false;
		}
	}
	return true;
}

/* A frame and what it has. */
struct parsed {
	struct oracle_packet pkt;
	struct oracle_fields f;
};

/* Where the field would be if the frame had it, as careless code would find it; 0 if nowhere. */
static size_t careless_at(const struct parsed *p, enum field_id id)
{
	static const uint8_t in_l4[N_FIELD_IDS] = {
		[FIELD_TCP_DST] = 2,	  [FIELD_UDP_DST] = 2,	    [FIELD_SCTP_DST] = 2,
		[FIELD_ICMPV4_CODE] = 1,  [FIELD_ICMPV6_CODE] = 1,  [FIELD_IPV6_ND_TARGET] = 8,
		[FIELD_IPV6_ND_SLL] = 26, [FIELD_IPV6_ND_TLL] = 26,
	};
	static const uint8_t in_l3[N_FIELD_IDS] = {
		[FIELD_IP_PROTO] = 9,  [FIELD_IPV4_SRC] = 12, [FIELD_IPV4_DST] = 16,
		[FIELD_ARP_OP] = 6,    [FIELD_ARP_SHA] = 8,   [FIELD_ARP_SPA] = 14,
		[FIELD_ARP_THA] = 18,  [FIELD_ARP_TPA] = 24,  [FIELD_IPV6_SRC] = 8,
		[FIELD_IPV6_DST] = 24,
	};
	size_t l3 = p->f.at[FIELD_ETH_TYPE] + 2;

	if (in_l3[id])
		return l3 + in_l3[id];
	if (id < FIELD_TCP_SRC || l3 >= p->pkt.len)
		return 0;
	if (p->f.l4)
		return p->f.l4 + in_l4[id];
	if (p->pkt.b[l3] >> 4 == 4)
		return l3 + (p->pkt.b[l3] & 15) * 4u + in_l4[id];
	return l3 + 40 + in_l4[id];
}

/* The frame's value of a field; if it has none, that of the bytes where one might look for it, or
 * one from the pool. */
static struct field_value frame_value(struct gen *g, const struct parsed *p, enum field_id id)
{
	size_t at = careless_at(p, id), n = field_table[id].n_bytes;
	struct field_value v = { { 0 } };

	if (oracle_fields_has(&p->f, id))
		return p->f.value[id];
	if (at == 0 || at + n > p->pkt.len || gen_chance(g, 30))
		return gen_value(g, id);
	memcpy(v.b, p->pkt.b + at, n);
	v.b[0] &= field_exact_mask(id).b[0];
	return v;
}

static uint64_t exact_number(const struct match *m, enum field_id id)
{
	return match_is_exact(m, id) ? field_value_to_u64(id, &m->value[id]) : UINT64_MAX;
}

/* Adds an exact match on field 'id' of the frame, unless it is there; true if its value is then 'a'
 * or 'b'. */
static bool need(struct gen *g, struct match *m, const struct parsed *p, enum field_id id,
		 uint64_t a, uint64_t b)
{
	uint64_t v;

	if (!match_has(m, id)) {
		struct field_value value = frame_value(g, p, id);

		v = field_value_to_u64(id, &value);
		if (v == a || v == b)
			match_set(m, id, &value, NULL);
	} else {
		v = exact_number(m, id);
	}
	return v == a || v == b;
}

static bool need_ip(struct gen *g, struct match *m, const struct parsed *p)
{
	return need(g, m, p, FIELD_ETH_TYPE, 0x0800, 0x86dd);
}

static bool need_icmpv6(struct gen *g, struct match *m, const struct parsed *p)
{
	return need(g, m, p, FIELD_ETH_TYPE, 0x86dd, 0x86dd) &&
	       need(g, m, p, FIELD_IP_PROTO, 58, 58);
}

static bool need_tag(struct gen *g, struct match *m, const struct parsed *p)
{
	struct field_value present = field_value_from_u64(FIELD_VLAN_VID, OFPVID_PRESENT);

	if (match_has(m, FIELD_VLAN_VID))
		return m->value[FIELD_VLAN_VID].b[0] & OFPVID_PRESENT >> 8;
	if (p->f.n_tags == 0)
		return false;
	if (gen_chance(g, 50))
		match_set(m, FIELD_VLAN_VID, &present, &present);
	else
		match_set(m, FIELD_VLAN_VID, &p->f.value[FIELD_VLAN_VID], NULL);
	return true;
}

/* Adds to 'm' what field 'id' requires, as the frame has it; false if the frame cannot have the
 * field. */
static bool need_prereq(struct gen *g, struct match *m, const struct parsed *p, enum field_id id)
{
	switch (field_table[id].prereq) {
	case PREREQ_NONE:
		return true;
	case PREREQ_VLAN:
		return need_tag(g, m, p);
	case PREREQ_IP:
		return need_ip(g, m, p);
	case PREREQ_IPV4:
		return need(g, m, p, FIELD_ETH_TYPE, 0x0800, 0x0800);
	case PREREQ_IPV6:
		return need(g, m, p, FIELD_ETH_TYPE, 0x86dd, 0x86dd);
	case PREREQ_ARP:
		return need(g, m, p, FIELD_ETH_TYPE, 0x0806, 0x0806);
	case PREREQ_TCP:
		return need_ip(g, m, p) && need(g, m, p, FIELD_IP_PROTO, 6, 6);
	case PREREQ_UDP:
		return need_ip(g, m, p) && need(g, m, p, FIELD_IP_PROTO, 17, 17);
	case PREREQ_SCTP:
		return need_ip(g, m, p) && need(g, m, p, FIELD_IP_PROTO, 132, 132);
	case PREREQ_ICMPV4:
		return need(g, m, p, FIELD_ETH_TYPE, 0x0800, 0x0800) &&
		       need(g, m, p, FIELD_IP_PROTO, 1, 1);
	case PREREQ_ICMPV6:
		return need_icmpv6(g, m, p);
	case PREREQ_ND:
		return need_icmpv6(g, m, p) && need(g, m, p, FIELD_ICMPV6_TYPE, 135, 136);
	case PREREQ_ND_SOL:
		return need_icmpv6(g, m, p) && need(g, m, p, FIELD_ICMPV6_TYPE, 135, 135);
	case PREREQ_ND_ADV:
		return need_icmpv6(g, m, p) && need(g, m, p, FIELD_ICMPV6_TYPE, 136, 136);
	case PREREQ_MPLS:
		return need(g, m, p, FIELD_ETH_TYPE, 0x8847, 0x8848);
	case PREREQ_PBB:
		return need(g, m, p, FIELD_ETH_TYPE, 0x88e7, 0x88e7);
	case PREREQ_IN_PORT:
		if (!match_has(m, FIELD_IN_PORT))
			match_set_u64(m, FIELD_IN_PORT, gen_in_port(g));
		return true;
	}
	return false;
}

static struct field_value random_mask(struct gen *g, enum field_id id)
{
	struct field_value exact = field_exact_mask(id), mask = { { 0 } };
	unsigned int n_bytes = field_table[id].n_bytes, n_bits = field_table[id].n_bits;
	uint32_t kind = gen_below(g, 4);
	uint32_t length = 1 + gen_below(g, n_bits);

	if (kind == 0) {
		gen_bytes(g, mask.b, n_bytes);
	} else {
		/* A prefix, a suffix, or one bit; bit 0 is the highest of the field. */
		for (uint32_t bit = 0; bit < n_bits; bit++) {
			uint32_t at = bit + n_bytes * 8 - n_bits;
			bool is_set = kind == 1	  ? bit < length
				      : kind == 2 ? bit >= n_bits - length
						  : bit == length - 1;

			if (is_set)
				mask.b[at / 8] |= (uint8_t)(0x80 >> at % 8);
		}
	}
	for (unsigned int i = 0; i < n_bytes; i++)
		mask.b[i] &= exact.b[i];
	return mask;
}

/* Adds field 'id' with a value near the frame's. */
static void add_field(struct gen *g, struct match *m, const struct parsed *p, enum field_id id)
{
	struct field_value value = frame_value(g, p, id), mask = field_exact_mask(id);

	if (id == FIELD_IN_PHY_PORT && gen_chance(g, 90))
		value = m->value[FIELD_IN_PORT];
	if (field_table[id].is_maskable && gen_chance(g, 50))
		mask = random_mask(g, id);
	if (gen_chance(g, 7)) {
		uint32_t bit = gen_below(g, field_table[id].n_bits);
		unsigned int i = field_table[id].n_bytes - 1u - bit / 8;

		mask.b[i] |= (uint8_t)(1 << bit % 8); /* a near miss; in a bit that counts */
		value.b[i] ^= (uint8_t)(1 << bit % 8);
		if (!field_table[id].is_maskable)
			mask = field_exact_mask(id);
	}
	if (id == FIELD_VLAN_VID) {
		/* Of the masks only those with OFPVID_PRESENT have a meaning (table 13). */
		mask.b[0] |= OFPVID_PRESENT >> 8;
		if (!(value.b[0] & OFPVID_PRESENT >> 8)) {
			value = field_value_from_u64(id, 0);
			mask = field_exact_mask(id);
		}
	}
	match_set(m, id, &value, &mask);
}

static bool prereqs_ok(const struct match *m)
{
	enum field_id id;

	MATCH_FOR_EACH (m, id) {
		if (!match_prereq_ok(m, id))
			return false;
	}
	return true;
}

/* A field, or N_FIELD_IDS.  Geneve options are many of one kind: together they are as likely as
 * one. */
static enum field_id any_field(struct gen *g)
{
	enum field_id id = (enum field_id)gen_below(g, N_FIELD_IDS);

	return field_is_option(id) && gen_below(g, TLV_FIELDS) ? N_FIELD_IDS : id;
}

/* A match of up to 'n' fields of the frame, and what they require. */
static void match_frame(struct gen *g, struct match *m, const struct parsed *p, unsigned int n)
{
	enum field_prereq least = PREREQ_NONE;

	if (gen_chance(g, 40))
		least = PREREQ_ARP;
	if (oracle_fields_has(&p->f, FIELD_IPV6_ND_TARGET) && gen_chance(g, 40))
		least = PREREQ_ND;

	match_init(m);
	for (unsigned int tries = 0; n > 0 && tries < 200; tries++) {
		enum field_id id = any_field(g);
		struct match with = *m;

		if (!field_is_known(id) || match_has(m, id))
			continue;
		if (!oracle_fields_has(&p->f, id) && gen_chance(g, 70))
			continue;
		/* The lower layers have many fields: be just to the upper ones. */
		if (tries < 100 && field_table[id].prereq < least)
			continue;
		if (field_table[id].prereq == PREREQ_NONE && gen_chance(g, 50))
			continue;
		if (!need_prereq(g, &with, p, id))
			continue;
		add_field(g, &with, p, id);
		if (!prereqs_ok(&with))
			continue;
		*m = with;
		n--;
	}
}

/* A match of the same fields and masks as 'old', with the values of the frame, or (crowds of rules
 * need them) random ones; false if that is no match. */
static bool match_like(struct gen *g, struct match *m, const struct match *old,
		       const struct parsed *p, bool is_crowd)
{
	enum field_id id;

	match_init(m);
	MATCH_FOR_EACH (old, id) {
		struct field_value value = frame_value(g, p, id);

		if (id == FIELD_IN_PHY_PORT && gen_chance(g, 90))
			value = m->value[FIELD_IN_PORT];
		if (is_crowd && field_table[id].n_bits >= 12 && id != FIELD_ETH_TYPE &&
		    gen_chance(g, 70)) {
			gen_bytes(g, value.b, field_table[id].n_bytes);
			value.b[0] &= field_exact_mask(id).b[0];
		}
		if (id == FIELD_VLAN_VID && !(value.b[0] & OFPVID_PRESENT >> 8))
			match_set_u64(m, id, 0);
		else
			match_set(m, id, &value, &old->mask[id]);
	}
	return prereqs_ok(m);
}

static unsigned int n_fields(struct gen *g)
{
	uint32_t kind = gen_below(g, 100);

	if (kind < 5)
		return 0;
	if (kind < 85)
		return 1 + gen_below(g, 3);
	return 4 + gen_below(g, kind < 97 ? 4 : 16);
}

/* Actions. */

static uint32_t output_port(struct gen *g)
{
	static const uint32_t special[] = { PORT_IN_PORT, PORT_ALL, PORT_FLOOD, PORT_LOCAL,
					    PORT_CONTROLLER };
	static const uint32_t absent[] = { 10, 300, PORT_NO_MAX };
	uint32_t kind = gen_below(g, 100);

	if (gen_chance(g, g->normal))
		return PORT_NORMAL;
	if (kind < 60)
		return 1 + gen_below(g, 5);
	if (kind < 70)
		return 6 + gen_below(g, 4);
	if (kind < 75)
		return absent[gen_below(g, 3)];
	return special[gen_below(g, 5)];
}

static uint16_t max_len(struct gen *g)
{
	static const uint16_t pool[] = {
		0, 14, 64, 128, 0xffe5, CONTROLLER_MAX_LEN_NO_BUFFER, CONTROLLER_MAX_LEN_NO_BUFFER
	};

	if (gen_chance(g, 20))
		return (uint16_t)gen_below(g, 200);
	return pool[gen_below(g, 7)];
}

static void random_output(struct gen *g, struct action *a)
{
	a->type = ACTION_OUTPUT;
	a->output.port = output_port(g);
	a->output.max_len = a->output.port == PORT_CONTROLLER ? max_len(g) : 0;
}

/* A set-field of a field whose prerequisites hold in 'm'. */
static void random_set_field(struct gen *g, const struct match *m, struct action *a)
{
	for (;;) {
		enum field_id id = any_field(g);

		if (!gen_sets_field(id) || !match_prereq_ok(m, id))
			continue;
		if (field_table[id].prereq == PREREQ_NONE && gen_chance(g, 60))
			continue;
		if ((id == FIELD_ETH_TYPE || id == FIELD_IP_PROTO) && gen_chance(g, 50))
			continue;
		a->type = ACTION_SET_FIELD;
		a->set_field.field = id;
		a->set_field.value = gen_value(g, id);
		return;
	}
}

/* What may be done to what the action before has pushed. */
static bool set_pushed(struct gen *g, const struct action *before, struct action *a)
{
	static const enum field_id mpls[] = { FIELD_MPLS_LABEL, FIELD_MPLS_TC, FIELD_MPLS_BOS };

	switch (before->type) {
	case ACTION_PUSH_MPLS:
		a->set_field.field = mpls[gen_below(g, 3)];
		break;
	case ACTION_PUSH_PBB:
		a->set_field.field = FIELD_PBB_ISID;
		break;
	case ACTION_PUSH_VLAN:
		a->set_field.field = FIELD_VLAN_PCP;
		break;
	default:
		return false;
	}
	a->type = ACTION_SET_FIELD;
	a->set_field.value = gen_value(g, a->set_field.field);
	return true;
}

/* Any type but OUTPUT and SET_FIELD; what the packet may have is likely. */
static enum action_type random_type(struct gen *g)
{
	for (;;) {
		enum action_type type = (enum action_type)gen_below(g, N_ACTION_TYPES);

		if (type == ACTION_GROUP && g->n_groups && gen_chance(g, 70))
			return type;
		if (type != ACTION_OUTPUT && type != ACTION_SET_FIELD && GEN_ACTIONS >> type & 1)
			return type;
	}
}

static void random_other(struct gen *g, struct action *a)
{
	static const uint8_t ttls[] = { 0, 1, 2, 64, 255 };
	static const uint16_t beneath[] = { 0x0800, 0x86dd, 0x8847, 0x0800, 0x86dd, 0x8848, 0x0806, 0x8100, 0x88e7, 0x88b5 };

	a->type = random_type(g);
	switch (a->type) {
	case ACTION_PUSH_VLAN:
		a->ethertype = gen_chance(g, 60) ? 0x8100 : 0x88a8;
		break;
	case ACTION_PUSH_MPLS:
		a->ethertype = gen_chance(g, 70) ? 0x8847 : 0x8848;
		break;
	case ACTION_PUSH_PBB:
		a->ethertype = 0x88e7;
		break;
	case ACTION_POP_MPLS:
		a->ethertype = beneath[gen_below(g, 10)];
		break;
	case ACTION_SET_NW_TTL:
	case ACTION_SET_MPLS_TTL:
		a->ttl = ttls[gen_below(g, sizeof(ttls))];
		break;
	case ACTION_SET_QUEUE:
		a->queue_id = gen_below(g, 8);
		break;
	case ACTION_GROUP:
		a->group_id = 1 + gen_below(g, g->n_groups);
		break;
	default:
		break;
	}
}

/* 'before' is the action before it in the list, or NULL. */
static void random_action(struct gen *g, const struct match *m, const struct action *before, struct action *a)
{
	uint32_t kind = gen_below(g, 100);

	memset(a, 0, sizeof(*a));
	if (before && gen_chance(g, 30) && set_pushed(g, before, a))
		return;
	if (kind < 32)
		random_output(g, a);
	else if (kind < 62)
		random_set_field(g, m, a);
	else
		random_other(g, a);
}

static void random_list(struct gen *g, const struct match *m, struct action_list *list)
{
	uint32_t kind = gen_below(g, 1000);

	list->n = kind < 20    ? 0
		  : kind < 700 ? 1 + gen_below(g, 3)
		  : kind < 997 ? 2 + gen_below(g, 7)
			       : 30;
	for (unsigned int i = 0; i < list->n; i++)
		random_action(g, m, i ? &list->a[i - 1] : NULL, &list->a[i]);
	if (list->n && gen_chance(g, 60)) {
		memset(&list->a[list->n - 1], 0, sizeof(list->a[0]));
		random_output(g, &list->a[list->n - 1]);
	}
}

/* Of a bucket: an action of each type at most.  Ends mostly in an output or a group. */
static unsigned int random_bucket(struct gen *g, struct action *actions)
{
	unsigned int n = 0, wanted = gen_chance(g, 55) ? 0 : 1 + gen_below(g, GEN_BUCKET_ACTIONS_MAX - 1);
	uint32_t types = 0;
	struct match none;

	match_init(&none);
	for (unsigned int i = 0; i < wanted; i++) {
		struct action *a = &actions[n];

		random_action(g, &none, n ? &actions[n - 1] : NULL, a);
		if (a->type == ACTION_SET_FIELD) {
			bool is_there = false;

			for (unsigned int j = 0; j < n; j++)
				is_there |= actions[j].type == ACTION_SET_FIELD &&
					    actions[j].set_field.field == a->set_field.field;
			n += !is_there;
		} else if (!(types >> a->type & 1)) {
			types |= 1u << a->type;
			n++;
		}
	}
	if (!(types >> ACTION_OUTPUT & 1) && gen_chance(g, 85)) {
		memset(&actions[n], 0, sizeof(actions[n]));
		random_output(g, &actions[n++]);
	}
	return n;
}

static void random_watch(struct gen *g, struct bucket *b)
{
	if (g->n_groups && gen_chance(g, 20))
		b->watch_group = 1 + gen_below(g, g->n_groups);
	if (b->watch_group == GROUP_ANY || gen_chance(g, 20))
		b->watch_port = gen_chance(g, 90) ? 1 + gen_below(g, 6) : gen_chance(g, 50) ? PORT_LOCAL : 300;
}

void gen_group(struct gen *g, uint32_t group_id, struct gen_group *group)
{
	unsigned int n_groups = g->n_groups;

	g->n_groups = group_id - 1;
	group->gm = (struct group_mod){ .command = GROUP_ADD,
					.type = (enum group_type)gen_below(g, N_GROUP_TYPES),
					.group_id = group_id,
					.buckets = group->buckets };
	group->gm.n_buckets = gen_chance(g, 8) ? 0 : 1 + gen_below(g, GEN_BUCKETS_MAX);
	if (group->gm.type == GROUP_TYPE_INDIRECT)
		group->gm.n_buckets = 1;
	for (unsigned int i = 0; i < group->gm.n_buckets; i++) {
		struct bucket *b = &group->buckets[i];

		*b = (struct bucket){ .watch_port = PORT_ANY,
				      .watch_group = GROUP_ANY,
				      .actions = group->actions[i] };
		if (group->gm.type == GROUP_TYPE_SELECT)
			b->weight = (uint16_t)(gen_chance(g, 10) ? 0 : 1 + gen_below(g, gen_chance(g, 80) ? 3 : 1000));
		if (group->gm.type == GROUP_TYPE_FF)
			random_watch(g, b);
		b->n_actions = random_bucket(g, group->actions[i]);
	}
	g->n_groups = n_groups;
}

/* Of rates that give nothing in the time of a test, or more than it takes: oracle_meter_mod(). */
void gen_meter(struct gen *g, uint32_t meter_id, struct meter_mod *meter)
{
	bool is_fast = gen_chance(g, 25);

	*meter = (struct meter_mod){ .command = METER_ADD, .meter_id = meter_id };
	meter->flags = (uint16_t)(is_fast && gen_chance(g, 50) ? METER_KBPS : METER_PKTPS);
	meter->flags |= is_fast ? 0 : METER_BURST;
	meter->flags |= gen_chance(g, 50) ? METER_STATS : 0;
	meter->n_bands = gen_below(g, 4);
	for (unsigned int i = 0; i < meter->n_bands; i++) {
		struct band *band = &meter->bands[i];

		band->type = gen_chance(g, 40) ? BAND_DROP : BAND_DSCP_REMARK;
		band->rate = is_fast ? UINT32_MAX - i : 1 + i; /* no two of the same rate */
		band->burst_size = is_fast ? 0 : 1 + gen_below(g, 6);
		band->prec_level = (uint8_t)(band->type == BAND_DSCP_REMARK ? gen_below(g, 4) : 0);
	}
}

void gen_packet_out(struct gen *g, struct action_list *list)
{
	struct match none;

	match_init(&none);
	random_list(g, &none, list);
	if (list->n && gen_chance(g, 60)) {
		struct action *a = &list->a[gen_below(g, list->n)];

		memset(a, 0, sizeof(*a));
		a->type = ACTION_OUTPUT;
		a->output.port = PORT_TABLE;
	}
}

static void random_instructions(struct gen *g, const struct match *m, uint8_t table_id,
				const struct gen_tables *tables, struct instructions *in)
{
	unsigned int first = 0;

	instructions_init(in);
	in->has_meter = g->n_meters && gen_chance(g, 15);
	if (in->has_meter)
		in->meter_id = 1 + gen_below(g, g->n_meters);
	in->has_apply = gen_chance(g, 65);
	in->has_clear = gen_chance(g, 10);
	in->has_write = gen_chance(g, 40);
	in->has_metadata = gen_chance(g, 25);
	if (in->has_apply)
		random_list(g, m, &in->apply);
	if (in->has_write)
		random_list(g, m, &in->write);
	if (in->has_metadata) {
		struct field_value v = gen_value(g, FIELD_METADATA);

		in->metadata = field_value_to_u64(FIELD_METADATA, &v);
		in->metadata_mask = gen_chance(g, 60) ? UINT64_MAX : gen_u64(g);
	}
	while (first < tables->n && tables->id[first] <= table_id)
		first++;
	if (first < tables->n && gen_chance(g, 60))
		in->goto_table =
			tables->id[first + gen_below(g, gen_chance(g, 60) ? 1 : tables->n - first)];
}

/* Rules. */

void gen_tables(struct gen *g, struct gen_tables *tables)
{
	uint32_t n = 1 + gen_below(g, 8);

	tables->n = 0;
	tables->id[tables->n++] = 0;
	while (tables->n < n) {
		unsigned int last = tables->id[tables->n - 1];
		unsigned int next = last + 1 + (gen_chance(g, 70) ? 0 : gen_below(g, 120));

		if (gen_chance(g, 3))
			next = TABLE_MAX;
		if (next > TABLE_MAX)
			return;
		tables->id[tables->n++] = (uint8_t)next;
		if (next == TABLE_MAX)
			return;
	}
}

static bool conflicts(const struct flow_mod *rules, unsigned int n, const struct flow_mod *rule)
{
	for (unsigned int i = 0; i < n; i++) {
		if (rules[i].table_id == rule->table_id && rules[i].priority == rule->priority &&
		    gen_matches_overlap(&rules[i].match, &rule->match))
			return true;
	}
	return false;
}

static uint16_t random_priority(struct gen *g)
{
	static const uint16_t pool[] = { 1, 10, 100, 1000, 0x8000, 0xffff };

	return gen_chance(g, 70) ? pool[gen_below(g, 6)] : (uint16_t)gen_u64(g);
}

static void rule_init(struct flow_mod *rule)
{
	memset(rule, 0, offsetof(struct flow_mod, match));
	match_init(&rule->match);
	instructions_init(&rule->instructions);
	rule->command = FLOW_ADD;
	rule->buffer_id = BUFFER_NONE;
	rule->out_port = PORT_ANY;
	rule->out_group = GROUP_ANY;
}

static void set_cookie(struct gen *g, struct flow_mod *rule, unsigned int n)
{
	rule->cookie = (gen_u64(g) & 0x7fffffffffff0000) | n;
}

static void parse_frame(const struct gen_frame *frame, struct parsed *p)
{
	p->pkt.len = frame->len;
	memcpy(p->pkt.b, frame->b, frame->len);
	oracle_parse(&p->pkt, &p->f);
}

/* Fills table, priority and match of a rule that conflicts with none of the 'n' before it; false if
 * it did not find one. */
static bool place_rule(struct gen *g, const struct gen_tables *tables,
		       const struct gen_frame *frame, const struct flow_mod *rules, unsigned int n,
		       struct flow_mod *rule)
{
	uint32_t a = gen_below(g, tables->n), b = gen_below(g, tables->n);
	static struct parsed p;

	parse_frame(frame, &p);
	rule->table_id = tables->id[a < b ? a : b];
	rule->priority = random_priority(g);
	if (n > 0 && gen_chance(g, n < CROWD ? 40 : 90)) {
		const struct flow_mod *old = &rules[gen_below(g, n)];

		rule->table_id = old->table_id;
		rule->priority = old->priority;
		if (!match_like(g, &rule->match, &old->match, &p, n >= CROWD))
			return false;
	} else {
		match_frame(g, &rule->match, &p, n_fields(g));
	}
	assert(prereqs_ok(&rule->match));
	for (unsigned int tries = 0; conflicts(rules, n, rule); tries++) {
		if (tries == 5)
			return false;
		rule->priority = random_priority(g);
	}
	return true;
}

/* Most tables have a table-miss rule; the packet-in is its usual work.  Returns how many rules
 * there are. */
static unsigned int add_table_misses(struct gen *g, const struct gen_tables *tables,
				     struct flow_mod *rules, unsigned int n, unsigned int max)
{
	for (unsigned int i = 0; i < tables->n && n < max; i++) {
		struct flow_mod *rule = &rules[n];

		if (gen_chance(g, 35))
			continue;
		rule_init(rule);
		rule->table_id = tables->id[i];
		set_cookie(g, rule, n);
		random_instructions(g, &rule->match, rule->table_id, tables, &rule->instructions);
		if (gen_chance(g, 40)) {
			struct instructions *in = &rule->instructions;

			in->has_apply = true;
			in->apply.n = 1;
			memset(&in->apply.a[0], 0, sizeof(in->apply.a[0]));
			in->apply.a[0].type = ACTION_OUTPUT;
			in->apply.a[0].output.port = PORT_CONTROLLER;
			in->apply.a[0].output.max_len = max_len(g);
		}
		n++;
	}
	return n;
}

unsigned int gen_rules(struct gen *g, const struct gen_tables *tables, const struct gen_frame *pool,
		       unsigned int n_pool, struct flow_mod *rules, unsigned int n_before,
		       unsigned int max)
{
	unsigned int n = n_before;

	if (n == 0)
		n = add_table_misses(g, tables, rules, 0, max / 2);
	for (unsigned int i = n - n_before; i < max; i++) {
		struct flow_mod *rule = &rules[n];

		rule_init(rule);
		if (!place_rule(g, tables, &pool[gen_below(g, n_pool)], rules, n, rule))
			continue;
		set_cookie(g, rule, n);
		random_instructions(g, &rule->match, rule->table_id, tables, &rule->instructions);
		n++;
	}
	return n - n_before;
}

void gen_replacement(struct gen *g, const struct gen_tables *tables, const struct flow_mod *old,
		     struct flow_mod *rule)
{
	rule_init(rule);
	rule->table_id = old->table_id;
	rule->priority = old->priority;
	rule->match = old->match;
	rule->cookie = gen_u64(g) | 0x8000000000000000;
	if (rule->cookie == ORACLE_NO_COOKIE)
		rule->cookie--;
	random_instructions(g, &rule->match, rule->table_id, tables, &rule->instructions);
}
