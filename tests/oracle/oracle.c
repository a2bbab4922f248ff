// SPDX-License-Identifier: Apache-2.0
/* What the switch is told: ports, rules, groups, meters, addresses; see oracle.h. */
#include "tests/oracle/private.h"

#include <stdlib.h>
#include <string.h>

/* Results. */

void oracle_result_init(struct oracle_result *r)
{
	r->end = ORACLE_END_MISS;
	r->overflow = false;
	r->n_outputs = 0;
	r->n_hits = 0;
	r->n_counts = 0;
	r->n_bytes = 0;
	memset(r->n_lookups, 0, sizeof(r->n_lookups));
	memset(r->n_matches, 0, sizeof(r->n_matches));
}

struct oracle_output *oracle_result_add(struct oracle_result *r, enum oracle_output_kind kind,
					const uint8_t *frame, size_t len)
{
	struct oracle_output *out;

	if (r->n_outputs == ORACLE_OUTPUTS_MAX || len > ORACLE_BYTES_MAX - r->n_bytes) {
		r->overflow = true;
		return NULL;
	}
	out = &r->outputs[r->n_outputs++];
	memset(out, 0, sizeof(*out));
	out->kind = kind;
	out->len = (uint32_t)len;
	out->at = r->n_bytes;
	memcpy(r->bytes + out->at, frame, len);
	r->n_bytes += (uint32_t)len;
	return out;
}

void oracle_result_hit(struct oracle_result *r, uint64_t cookie, uint64_t n_packets,
		       uint64_t n_bytes)
{
	unsigned int i = 0;

	while (i < r->n_hits && r->hits[i].cookie != cookie)
		i++;
	if (i == ORACLE_HITS_MAX) {
		r->overflow = true;
		return;
	}
	if (i == r->n_hits) {
		r->n_hits++;
		r->hits[i].cookie = cookie;
		r->hits[i].n_packets = r->hits[i].n_bytes = 0;
	}
	r->hits[i].n_packets += n_packets;
	r->hits[i].n_bytes += n_bytes;
}

void oracle_result_count(struct oracle_result *r, enum oracle_counter counter, uint32_t id, int part,
			 uint64_t n_packets, uint64_t n_bytes)
{
	struct oracle_count *c;
	unsigned int i = 0;

	while (i < r->n_counts && (r->counts[i].counter != counter || r->counts[i].id != id ||
				   r->counts[i].part != part))
		i++;
	if (i == ORACLE_COUNTS_MAX) {
		r->overflow = true;
		return;
	}
	c = &r->counts[i];
	if (i == r->n_counts) {
		r->n_counts++;
		*c = (struct oracle_count){ .counter = counter, .id = id, .part = part };
	}
	c->n_packets += n_packets;
	c->n_bytes += n_bytes;
}

/* The switch. */

void *oracle_check_memory(void *p)
{
	if (!p)
		abort();
	return p;
}

struct oracle *oracle_new(void)
{
	return oracle_check_memory(calloc(1, sizeof(struct oracle)));
}

void oracle_clear(struct oracle *o)
{
	for (unsigned int i = 0; i < o->n_rules; i++)
		free(o->rules[i]);
	o->n_rules = 0;
}

void oracle_free(struct oracle *o)
{
	if (!o)
		return;
	oracle_clear(o);
	oracle_fdb_uninit(&o->fdb);
	oracle_fdb_uninit(&o->fdb_before);
	oracle_groups_uninit(&o->groups);
	oracle_meters_uninit(&o->meters);
	oracle_meters_uninit(&o->meters_before);
	free(o->remembered);
	free(o->rules);
	free(o);
}

const struct port *oracle_find_port(const struct oracle *o, uint32_t ofport)
{
	for (unsigned int i = 0; i < o->n_ports; i++) {
		if (o->ports[i].ofport == ofport)
			return &o->ports[i];
	}
	return NULL;
}

void oracle_set_port(struct oracle *o, uint32_t ofport, uint32_t config, bool exists)
{
	unsigned int i = 0;

	o->n_remembered = 0;
	while (i < o->n_ports && o->ports[i].ofport < ofport)
		i++;
	if (i < o->n_ports && o->ports[i].ofport == ofport) {
		o->n_ports--;
		memmove(&o->ports[i], &o->ports[i + 1], (o->n_ports - i) * sizeof(o->ports[0]));
	}
	if (!exists)
		return;
	if (o->n_ports == PORTS_MAX)
		abort();
	memmove(&o->ports[i + 1], &o->ports[i], (o->n_ports - i) * sizeof(o->ports[0]));
	o->ports[i].ofport = ofport;
	o->ports[i].config = config;
	memset(&o->ports[i].vlan, 0, sizeof(o->ports[i].vlan));
	o->n_ports++;
}

void oracle_set_port_config(struct oracle *o, uint32_t ofport, uint32_t config)
{
	o->n_remembered = 0;
	for (unsigned int i = 0; i < o->n_ports; i++) {
		if (o->ports[i].ofport == ofport)
			o->ports[i].config = config;
	}
}

void oracle_set_frag_drop(struct oracle *o, bool frag_drop)
{
	o->frag_drop = frag_drop;
}

void oracle_set_vlan(struct oracle *o, uint32_t ofport, const struct oracle_port_vlan *vlan)
{
	for (unsigned int i = 0; i < o->n_ports; i++) {
		if (o->ports[i].ofport == ofport)
			o->ports[i].vlan = *vlan;
	}
}

void oracle_fdb_set(struct oracle *o, const struct oracle_fdb_entry *entry)
{
	oracle_fdb_put(&o->fdb, entry);
}

static void fdb_remove(struct oracle_fdb *fdb, unsigned int i)
{
	fdb->entries[i] = fdb->entries[--fdb->n];
}

bool oracle_fdb_del(struct oracle *o, uint16_t vlan, const uint8_t mac[6])
{
	for (unsigned int i = 0; i < o->fdb.n; i++) {
		const struct oracle_fdb_entry *e = &o->fdb.entries[i];

		if (e->vlan == vlan && !memcmp(e->mac, mac, 6)) {
			fdb_remove(&o->fdb, i);
			return true;
		}
	}
	return false;
}

void oracle_fdb_flush(struct oracle *o, uint32_t ofport)
{
	for (unsigned int i = o->fdb.n; i-- > 0;) {
		const struct oracle_fdb_entry *e = &o->fdb.entries[i];

		if (!e->is_static && (ofport == PORT_ANY || e->ofport == ofport))
			fdb_remove(&o->fdb, i);
	}
}

unsigned int oracle_fdb_dump(const struct oracle *o, struct oracle_fdb_entry *ret,
			     unsigned int size)
{
	for (unsigned int i = 0; i < o->fdb.n && i < size; i++)
		ret[i] = o->fdb.entries[i];
	return o->fdb.n;
}

void oracle_set_standalone(struct oracle *o, bool is_standalone)
{
	o->is_standalone = is_standalone;
}

void oracle_set_forward_bpdu(struct oracle *o, bool forward_bpdu)
{
	o->forward_bpdu = forward_bpdu;
}

unsigned int oracle_n_rules(const struct oracle *o)
{
	return o->n_rules;
}

bool oracle_del_strict(struct oracle *o, const struct flow_mod *fm)
{
	for (unsigned int i = 0; i < o->n_rules; i++) {
		struct flow_mod *rule = o->rules[i];

		if (rule->table_id == fm->table_id && rule->priority == fm->priority &&
		    match_equal(&rule->match, &fm->match)) {
			free(rule);
			o->n_rules--;
			memmove(&o->rules[i], &o->rules[i + 1],
				(o->n_rules - i) * sizeof(struct flow_mod *));
			return true;
		}
	}
	return false;
}

static void copy_list(struct action_list *to, const struct action_list *from)
{
	to->n = from->n;
	memcpy(to->a, from->a, from->n * sizeof(from->a[0]));
}

void oracle_add(struct oracle *o, const struct flow_mod *fm)
{
	struct flow_mod *rule = oracle_check_memory(malloc(sizeof(*rule)));

	/* Not "*rule = *fm": what a list does not use is not initialised, and large. */
	memset(rule, 0, offsetof(struct flow_mod, instructions.apply));
	rule->table_id = fm->table_id;
	rule->priority = fm->priority;
	rule->cookie = fm->cookie;
	rule->match = fm->match;
	memcpy(&rule->instructions, &fm->instructions, offsetof(struct instructions, apply));
	copy_list(&rule->instructions.apply, &fm->instructions.apply);
	copy_list(&rule->instructions.write, &fm->instructions.write);

	oracle_del_strict(o, fm);
	if (o->n_rules == o->rules_size) {
		o->rules_size = o->rules_size * 2 + 16;
		o->rules = oracle_check_memory(realloc(o->rules, o->rules_size * sizeof(o->rules[0])));
	}
	o->rules[o->n_rules++] = rule;
}

/* Groups and meters. */

bool oracle_port_is_live(const struct oracle *o, uint32_t ofport)
{
	const struct port *port = oracle_find_port(o, ofport);

	return port && !(port->config & ORACLE_PORT_DOWN);
}

const struct group_mod *oracle_find_group(const struct oracle *o, uint32_t group_id)
{
	return oracle_groups_find(&o->groups, group_id);
}

/* Deletes the rules that lead to the group, or (by its number) have the meter. */
static void delete_rules_of(struct oracle *o, uint32_t group_id, uint32_t meter_id)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < o->n_rules; i++) {
		const struct instructions *in = &o->rules[i]->instructions;

		if ((group_id && instructions_lead_to_group(in, group_id)) ||
		    (meter_id && in->has_meter && in->meter_id == meter_id))
			free(o->rules[i]);
		else
			o->rules[n++] = o->rules[i];
	}
	o->n_rules = n;
}

void oracle_group_mod(struct oracle *o, const struct group_mod *gm)
{
	o->n_remembered = 0;
	oracle_groups_mod(&o->groups, gm);
	if (gm->command == GROUP_DELETE)
		delete_rules_of(o, gm->group_id, 0);
}

void oracle_meter_mod(struct oracle *o, const struct meter_mod *mm)
{
	oracle_meters_mod(&o->meters, mm);
	if (mm->command == METER_DELETE)
		delete_rules_of(o, 0, mm->meter_id);
}

bool oracle_has_group(const struct oracle *o, uint32_t group_id)
{
	return oracle_find_group(o, group_id);
}

bool oracle_has_meter(const struct oracle *o, uint32_t meter_id)
{
	return oracle_meters_find(&o->meters, meter_id);
}

/* Notes how things are before a packet. */
void oracle_save(struct oracle *o)
{
	struct oracle_fdb *fdb = &o->fdb_before;
	struct oracle_meters *meters = &o->meters_before;

	if (fdb->size < o->fdb.n) {
		fdb->size = o->fdb.size;
		fdb->entries = oracle_check_memory(realloc(fdb->entries, fdb->size * sizeof(fdb->entries[0])));
	}
	fdb->n = o->fdb.n;
	for (unsigned int i = 0; i < fdb->n; i++)
		fdb->entries[i] = o->fdb.entries[i];
	if (meters->size < o->meters.n) {
		meters->size = o->meters.size;
		meters->meters = oracle_check_memory(
			realloc(meters->meters, meters->size * sizeof(meters->meters[0])));
	}
	meters->n = o->meters.n;
	for (unsigned int i = 0; i < meters->n; i++)
		meters->meters[i] = o->meters.meters[i];
	o->n_made = 0;
}

/* Makes it so again: nothing is taken out of these tables by a packet. */
static void undo(struct oracle *o)
{
	o->fdb.n = o->fdb_before.n;
	for (unsigned int i = 0; i < o->fdb.n; i++)
		o->fdb.entries[i] = o->fdb_before.entries[i];
	for (unsigned int i = 0; i < o->meters.n; i++)
		o->meters.meters[i] = o->meters_before.meters[i];
}

/* The choices are the digits of a number; this is the next one. */
bool oracle_choose_again(struct oracle *o)
{
	o->n_choices = o->n_made;
	while (o->n_choices > 0) {
		struct choice *last = &o->choices[o->n_choices - 1];

		if (++last->pick < last->n_options) {
			undo(o);
			return true;
		}
		o->n_choices--;
	}
	return false;
}

void oracle_choose_anew(struct oracle *o)
{
	undo(o);
	o->n_choices = o->n_made = 0;
}

unsigned int oracle_n_choices(const struct oracle *o)
{
	return o->n_made;
}

static const struct choice *find_remembered(const struct oracle *o, uint32_t group_id, uint64_t flow)
{
	for (unsigned int i = 0; i < o->n_remembered; i++) {
		if (o->remembered[i].group_id == group_id && o->remembered[i].flow == flow)
			return &o->remembered[i];
	}
	return NULL;
}

void oracle_chosen(struct oracle *o, bool is_known)
{
	for (unsigned int i = 0; i < o->n_made && is_known; i++) {
		if (o->n_remembered == o->remembered_size) {
			o->remembered_size = 2 * o->remembered_size + 16;
			o->remembered = oracle_check_memory(realloc(
				o->remembered, o->remembered_size * sizeof(o->remembered[0])));
		}
		o->remembered[o->n_remembered++] = o->choices[i];
	}
	o->n_choices = o->n_made = 0;
}

/* The live bucket of a select group that this packet takes; NULL if there is none. */
const struct bucket *oracle_choose(struct oracle *o, const struct group_mod *gm,
				   const struct oracle_packet *pkt, struct oracle_result *r)
{
	unsigned int live[64], n = 0;
	uint64_t flow = oracle_flow_of(pkt);
	const struct choice *old = find_remembered(o, gm->group_id, flow);
	struct choice *c;

	for (unsigned int i = 0; i < gm->n_buckets && n < 64; i++) {
		if (gm->buckets[i].weight && oracle_bucket_is_live(o, gm, &gm->buckets[i]))
			live[n++] = i;
	}
	/* The same packet again, in another place of the lists, is of the same flow too. */
	for (unsigned int i = 0; i < o->n_made && !old; i++) {
		if (o->choices[i].group_id == gm->group_id && o->choices[i].flow == flow)
			old = &o->choices[i];
	}
	if (n == 0)
		return NULL;
	if (old)
		return &gm->buckets[old->bucket];
	if (o->n_made == ORACLE_CHOICES_MAX) {
		r->overflow = true;
		return NULL;
	}
	c = &o->choices[o->n_made++];
	if (o->n_made > o->n_choices)
		c->pick = 0;
	c->group_id = gm->group_id;
	c->flow = flow;
	c->n_options = n;
	c->bucket = live[c->pick];
	return &gm->buckets[c->bucket];
}

