// SPDX-License-Identifier: Apache-2.0
/* Actions and instructions; see action.h. */
#include "model/action.h"

#include <string.h>

bool action_equal(const struct action *a, const struct action *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case ACTION_OUTPUT:
		return a->output.port == b->output.port &&
		       (a->output.port != PORT_CONTROLLER || a->output.max_len == b->output.max_len);
	case ACTION_SET_FIELD:
		return a->set_field.field == b->set_field.field &&
		       !memcmp(a->set_field.value.b, b->set_field.value.b,
			       field_table[a->set_field.field].n_bytes);
	case ACTION_PUSH_VLAN:
	case ACTION_PUSH_MPLS:
	case ACTION_POP_MPLS:
	case ACTION_PUSH_PBB:
		return a->ethertype == b->ethertype;
	case ACTION_SET_NW_TTL:
	case ACTION_SET_MPLS_TTL:
		return a->ttl == b->ttl;
	case ACTION_SET_QUEUE:
		return a->queue_id == b->queue_id;
	case ACTION_GROUP:
		return a->group_id == b->group_id;
	case ACTION_POP_VLAN:
	case ACTION_DEC_NW_TTL:
	case ACTION_COPY_TTL_OUT:
	case ACTION_COPY_TTL_IN:
	case ACTION_DEC_MPLS_TTL:
	case ACTION_POP_PBB:
	case N_ACTION_TYPES:
		return true;
	}
	return false;
}

bool action_lists_equal(const struct action_list *a, const struct action_list *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned int i = 0; i < a->n; i++) {
		if (!action_equal(&a->a[i], &b->a[i]))
			return false;
	}
	return true;
}

static bool list_outputs_to(const struct action_list *list, uint32_t port)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (list->a[i].type == ACTION_OUTPUT && list->a[i].output.port == port)
			return true;
	}
	return false;
}

bool instructions_output_to(const struct instructions *in, uint32_t port)
{
	return (in->has_apply && list_outputs_to(&in->apply, port)) ||
	       (in->has_write && list_outputs_to(&in->write, port));
}

static bool list_leads_to_group(const struct action_list *list, uint32_t group_id)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (list->a[i].type == ACTION_GROUP && list->a[i].group_id == group_id)
			return true;
	}
	return false;
}

bool instructions_lead_to_group(const struct instructions *in, uint32_t group_id)
{
	return (in->has_apply && list_leads_to_group(&in->apply, group_id)) ||
	       (in->has_write && list_leads_to_group(&in->write, group_id));
}
