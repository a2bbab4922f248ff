// SPDX-License-Identifier: Apache-2.0
/*
 * Whether the fields that a flow sets can be there (OF1.3.5 §6.4); see action.h.
 *
 * The list of actions is gone through with what the match says of the packet.  Pushed headers hide what is beneath them, and what was
 * known of that is known again when they are popped.  What a packet does not have, an action does not touch (docs/semantics.md): so a
 * pop of a header that the packet cannot have changes nothing here either.
 */
#include "model/match.h"
#include "ofchan/action.h"

/* The fields that tell what is behind the tags: prerequisites of others. */
static const enum field_id content_fields[] = { FIELD_ETH_TYPE, FIELD_IP_PROTO,
						FIELD_ICMPV6_TYPE };

#define N_CONTENT_FIELDS (sizeof(content_fields) / sizeof(content_fields[0]))

/* What a pushed header hides: the values of content_fields, or -1, and the tags. */
struct hidden {
	enum action_type pushed_by;
	int32_t content[N_CONTENT_FIELDS];
	unsigned int n_tags;
};

/* What is known of the packet.  Of tags only the outermost is in a match; those that the list itself pushes are counted. */
struct known {
	struct match m;
	unsigned int n_tags;
	unsigned int n_hidden;
	struct hidden hidden[ACTIONS_MAX];
};

static void known_set_tags(struct known *k, unsigned int n)
{
	static const struct field_value zero;

	k->n_tags = n;
	if (n)
		match_set_u64(&k->m, FIELD_VLAN_VID, OFPVID_PRESENT);
	else
		match_set(&k->m, FIELD_VLAN_VID, &zero, &zero);
}

static void known_init(struct known *k, const struct match *m)
{
	match_init(&k->m);
	for (size_t i = 0; i < N_CONTENT_FIELDS; i++) {
		enum field_id id = content_fields[i];

		if (match_has(m, id))
			match_set(&k->m, id, &m->value[id], &m->mask[id]);
	}
	known_set_tags(k, match_prereq_ok(m, FIELD_VLAN_PCP) ? 1 : 0);
	k->n_hidden = 0;
}

/* The value of a field, or -1 if it is not known. */
static int32_t known_value(const struct known *k, enum field_id id)
{
	return match_has(&k->m, id) ? (int32_t)field_value_to_u64(id, &k->m.value[id]) : -1;
}

/* 'value' -1: nothing is known of the field any more. */
static void known_set(struct known *k, enum field_id id, int32_t value)
{
	static const struct field_value zero;

	if (value < 0)
		match_set(&k->m, id, &zero, &zero);
	else
		match_set_u64(&k->m, id, (uint64_t)value);
}

static void known_forget_content(struct known *k)
{
	for (size_t i = 0; i < N_CONTENT_FIELDS; i++)
		known_set(k, content_fields[i], -1);
}

static bool known_allows(const struct known *k, enum field_id id)
{
	/* As a match vlan_vid needs nothing; to be set it needs a tag (§7.2.5). */
	return match_prereq_ok(&k->m, id == FIELD_VLAN_VID ? FIELD_VLAN_PCP : id);
}

static void known_push(struct known *k, enum action_type type, uint16_t ethertype)
{
	struct hidden *h = &k->hidden[k->n_hidden++];

	h->pushed_by = type;
	h->n_tags = k->n_tags;
	for (size_t i = 0; i < N_CONTENT_FIELDS; i++)
		h->content[i] = known_value(k, content_fields[i]);
	known_forget_content(k);
	known_set(k, FIELD_ETH_TYPE, ethertype);
}

/* What comes to light when a header is popped that an action of 'type' has pushed; NULL if the list has not pushed one. */
static const struct hidden *known_pop(struct known *k, enum action_type type)
{
	const struct hidden *h;

	known_forget_content(k);
	if (!k->n_hidden || k->hidden[k->n_hidden - 1].pushed_by != type)
		return NULL;
	h = &k->hidden[--k->n_hidden];
	for (size_t i = 0; i < N_CONTENT_FIELDS; i++)
		known_set(k, content_fields[i], h->content[i]);
	return h;
}

static void known_pop_mpls(struct known *k, uint16_t ethertype)
{
	int32_t type = known_value(k, FIELD_ETH_TYPE);

	if (type >= 0 && type != 0x8847 && type != 0x8848)
		return;
	known_pop(k, ACTION_PUSH_MPLS);
	/* Under another type than it had, it is something else. */
	if (known_value(k, FIELD_ETH_TYPE) != ethertype)
		known_forget_content(k);
	known_set(k, FIELD_ETH_TYPE, ethertype);
}

static void known_pop_pbb(struct known *k)
{
	int32_t type = known_value(k, FIELD_ETH_TYPE);
	const struct hidden *h;

	if (type >= 0 && type != 0x88e7)
		return;
	h = known_pop(k, ACTION_PUSH_PBB);
	/* Tags of the backbone stay, in front of the customer's. */
	if (h)
		known_set_tags(k, k->n_tags + h->n_tags);
}

static void known_set_field(struct known *k, const struct action *a)
{
	enum field_id id = a->set_field.field;

	for (size_t i = 0; i < N_CONTENT_FIELDS; i++) {
		if (content_fields[i] == id)
			match_set(&k->m, id, &a->set_field.value, NULL);
	}
}

/* What is known after action 'a'. */
static void known_act(struct known *k, const struct action *a)
{
	switch (a->type) {
	case ACTION_SET_FIELD:
		known_set_field(k, a);
		break;
	case ACTION_PUSH_VLAN:
		known_set_tags(k, k->n_tags + 1);
		break;
	case ACTION_POP_VLAN:
		known_set_tags(k, k->n_tags ? k->n_tags - 1 : 0);
		break;
	case ACTION_PUSH_MPLS:
		known_push(k, a->type, a->ethertype);
		break;
	case ACTION_POP_MPLS:
		known_pop_mpls(k, a->ethertype);
		break;
	case ACTION_PUSH_PBB:
		known_push(k, a->type, a->ethertype);
		known_set_tags(k, 0);
		break;
	case ACTION_POP_PBB:
		known_pop_pbb(k);
		break;
	default:
		break;
	}
}

static bool has_set_field(const struct action_list *list)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (list->a[i].type == ACTION_SET_FIELD)
			return true;
	}
	return false;
}

enum ofp_err of_instructions_check(const struct instructions *in, const struct match *m)
{
	struct known k;

	if (!in->has_apply || !has_set_field(&in->apply))
		return OFP_OK;
	known_init(&k, m);
	for (unsigned int i = 0; i < in->apply.n; i++) {
		const struct action *a = &in->apply.a[i];

		if (a->type == ACTION_SET_FIELD && !known_allows(&k, a->set_field.field))
			return OFPBAC_MATCH_INCONSISTENT;
		known_act(&k, a);
	}
	return OFP_OK;
}
