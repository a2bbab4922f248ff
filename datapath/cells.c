// SPDX-License-Identifier: Apache-2.0
/* Actions to cells and back; see cells.h. */
#include "datapath/cells.h"

#include <errno.h>
#include <string.h>

/* What executes an action, and where in an action set (set-field: of field 0). */
static const struct {
	uint8_t op;
	uint8_t slot;
} kinds[N_ACTION_TYPES] = {
	[ACTION_OUTPUT] = { SKEP_OP_OUTPUT, SKEP_SLOT_OUTPUT },
	[ACTION_SET_FIELD] = { SKEP_OP_SET_FIELD, SKEP_SLOT_SET_FIELD },
	[ACTION_PUSH_VLAN] = { SKEP_OP_PUSH_VLAN, SKEP_SLOT_PUSH_VLAN },
	[ACTION_POP_VLAN] = { SKEP_OP_POP_VLAN, SKEP_SLOT_POP_VLAN },
	[ACTION_SET_NW_TTL] = { SKEP_OP_SET_TTL, SKEP_SLOT_SET_TTL },
	[ACTION_DEC_NW_TTL] = { SKEP_OP_DEC_TTL, SKEP_SLOT_DEC_TTL },
	[ACTION_COPY_TTL_OUT] = { SKEP_OP_COPY_TTL_OUT, SKEP_SLOT_COPY_TTL_OUT },
	[ACTION_COPY_TTL_IN] = { SKEP_OP_COPY_TTL_IN, SKEP_SLOT_COPY_TTL_IN },
	[ACTION_SET_MPLS_TTL] = { SKEP_OP_SET_MPLS_TTL, SKEP_SLOT_SET_MPLS_TTL },
	[ACTION_DEC_MPLS_TTL] = { SKEP_OP_DEC_MPLS_TTL, SKEP_SLOT_DEC_MPLS_TTL },
	[ACTION_PUSH_MPLS] = { SKEP_OP_PUSH_MPLS, SKEP_SLOT_PUSH_MPLS },
	[ACTION_POP_MPLS] = { SKEP_OP_POP_MPLS, SKEP_SLOT_POP_MPLS },
	[ACTION_PUSH_PBB] = { SKEP_OP_PUSH_PBB, SKEP_SLOT_PUSH_PBB },
	[ACTION_POP_PBB] = { SKEP_OP_POP_PBB, SKEP_SLOT_POP_PBB },
	[ACTION_SET_QUEUE] = { SKEP_OP_SET_QUEUE, SKEP_SLOT_QUEUE },
	[ACTION_GROUP] = { SKEP_OP_GROUP, SKEP_SLOT_GROUP },
};

unsigned int cells_slot(const struct action *a)
{
	return kinds[a->type].slot +
	       (a->type == ACTION_SET_FIELD ? (unsigned int)a->set_field.field : 0);
}

struct writer {
	struct skep_cell *cells;
	unsigned int n;
};

static struct skep_cell *add_cell(struct writer *w, enum skep_op op)
{
	struct skep_cell *cell;

	if (w->n >= SKEP_CELLS_MAX)
		return NULL;
	cell = &w->cells[w->n++];
	memset(cell, 0, sizeof(*cell));
	cell->op = (uint8_t)op;
	return cell;
}

static int write_output(struct writer *w, const struct action *a, const struct cell_ports *ports)
{
	static const struct {
		uint32_t port;
		enum skep_op op;
	} reserved[] = {
		{ PORT_IN_PORT, SKEP_OP_IN_PORT }, { PORT_TABLE, SKEP_OP_TABLE },
		{ PORT_ALL, SKEP_OP_ALL },         { PORT_FLOOD, SKEP_OP_FLOOD },
		{ PORT_CONTROLLER, SKEP_OP_CONTROLLER }, { PORT_NORMAL, SKEP_OP_NORMAL },
	};
	struct skep_cell *cell = add_cell(w, SKEP_OP_OUTPUT);
	int idx;

	if (!cell)
		return -E2BIG;
	cell->slot = SKEP_SLOT_OUTPUT;
	cell->arg = a->output.max_len; /* statistics give back what was asked for, for every port */
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (a->output.port == reserved[i].port) {
			cell->op = (uint8_t)reserved[i].op;
			return 0;
		}
	}
	idx = ports->port_idx(ports->aux, a->output.port);
	if (idx < 0)
		return idx;
	cell->arg32 = (uint32_t)idx;
	return 0;
}

static int write_set_field(struct writer *w, const struct action *a)
{
	unsigned int n_bytes = field_table[a->set_field.field].n_bytes;
	struct skep_cell *cell = add_cell(w, SKEP_OP_SET_FIELD);

	if (!cell)
		return -E2BIG;
	cell->slot = (uint8_t)cells_slot(a);
	cell->arg = (uint16_t)a->set_field.field;
	if (n_bytes <= sizeof(cell->arg64)) {
		memcpy(&cell->arg64, a->set_field.value.b, n_bytes);
		return 0;
	}
	cell = add_cell(w, SKEP_OP_NOP);
	if (!cell)
		return -E2BIG;
	memcpy(cell, a->set_field.value.b, sizeof(*cell));
	return 0;
}

/* An action that is one cell: 'arg' and 'arg32' are what bpf/abi.h says of its op. */
static int write_one(struct writer *w, const struct action *a, uint16_t arg, uint32_t arg32)
{
	struct skep_cell *cell = add_cell(w, (enum skep_op)kinds[a->type].op);

	if (!cell)
		return -E2BIG;
	cell->slot = (uint8_t)cells_slot(a);
	cell->arg = arg;
	cell->arg32 = arg32;
	return 0;
}

static int write_group(struct writer *w, const struct action *a, const struct cell_ports *ports)
{
	int idx = ports->group_idx(ports->aux, a->group_id);

	return idx < 0 ? idx : write_one(w, a, 0, (uint32_t)idx);
}

static int write_action(struct writer *w, const struct action *a, const struct cell_ports *ports)
{
	switch (a->type) {
	case ACTION_OUTPUT:
		return write_output(w, a, ports);
	case ACTION_SET_FIELD:
		return write_set_field(w, a);
	case ACTION_GROUP:
		return write_group(w, a, ports);
	case ACTION_SET_QUEUE:
		return write_one(w, a, 0, a->queue_id);
	case ACTION_PUSH_VLAN:
	case ACTION_PUSH_MPLS:
	case ACTION_POP_MPLS:
	case ACTION_PUSH_PBB:
		return write_one(w, a, a->ethertype, 0);
	case ACTION_SET_NW_TTL:
	case ACTION_SET_MPLS_TTL:
		return write_one(w, a, a->ttl, 0);
	case ACTION_POP_VLAN:
	case ACTION_DEC_NW_TTL:
	case ACTION_COPY_TTL_OUT:
	case ACTION_COPY_TTL_IN:
	case ACTION_DEC_MPLS_TTL:
	case ACTION_POP_PBB:
		return write_one(w, a, 0, 0);
	case N_ACTION_TYPES:
		break;
	}
	return -EINVAL;
}

static int write_list(struct writer *w, const struct action_list *list,
		      const struct cell_ports *ports)
{
	unsigned int start = w->n;

	for (unsigned int i = 0; i < list->n; i++) {
		int err = write_action(w, &list->a[i], ports);

		if (err)
			return err;
	}
	return (int)(w->n - start);
}

int cells_from_actions(const struct action_list *list, const struct cell_ports *ports,
		       struct skep_cell *cells)
{
	struct writer w = { .cells = cells };

	return write_list(&w, list, ports);
}

bool cells_have_normal(const struct action_list *list)
{
	for (unsigned int i = 0; i < list->n; i++) {
		if (list->a[i].type == ACTION_OUTPUT && list->a[i].output.port == PORT_NORMAL)
			return true;
	}
	return false;
}

static int write_metadata(struct writer *w, const struct instructions *in)
{
	uint64_t data[2] = { in->metadata, in->metadata_mask };
	struct skep_cell *cell = add_cell(w, SKEP_OP_NOP);

	if (!cell)
		return -E2BIG;
	memcpy(cell, data, sizeof(*cell));
	return 0;
}

/* The last cell. */
static int write_meter(struct writer *w, uint32_t meter_id, const struct cell_ports *ports)
{
	int idx = ports->meter_idx(ports->aux, meter_id);
	struct skep_cell *cell;

	if (idx < 0)
		return idx;
	cell = add_cell(w, SKEP_OP_NOP);
	if (!cell)
		return -E2BIG;
	cell->arg32 = (uint32_t)idx;
	return 0;
}

int cells_from_instructions(const struct instructions *in, uint64_t cookie, bool is_miss,
			    const struct cell_ports *ports, struct skep_cell *cells)
{
	struct writer w = { .cells = cells, .n = 1 };
	struct skep_head head = { .goto_table = in->goto_table, .cookie = cookie };
	int n;

	if (in->has_apply) {
		n = write_list(&w, &in->apply, ports);
		if (n < 0)
			return n;
		head.n_apply = (uint16_t)n;
		head.flags |= SKEP_HF_APPLY;
	}
	if (in->has_write) {
		n = write_list(&w, &in->write, ports);
		if (n < 0)
			return n;
		head.n_write = (uint16_t)n;
		head.flags |= SKEP_HF_WRITE;
	}
	if (in->has_metadata) {
		n = write_metadata(&w, in);
		if (n < 0)
			return n;
		head.flags |= SKEP_HF_METADATA;
	}
	if (in->has_meter) {
		n = write_meter(&w, in->meter_id, ports);
		if (n < 0)
			return n;
		head.flags |= SKEP_HF_METER;
	}
	if (in->has_clear)
		head.flags |= SKEP_HF_CLEAR;
	if (is_miss)
		head.flags |= SKEP_HF_MISS;
	head.n_cells = (uint16_t)w.n;
	memcpy(&cells[0], &head, sizeof(head));
	return (int)w.n;
}

static uint32_t read_port(const struct skep_cell *cell, const struct cell_ports *ports)
{
	switch ((enum skep_op)cell->op) {
	case SKEP_OP_IN_PORT:
		return PORT_IN_PORT;
	case SKEP_OP_TABLE:
		return PORT_TABLE;
	case SKEP_OP_ALL:
		return PORT_ALL;
	case SKEP_OP_FLOOD:
		return PORT_FLOOD;
	case SKEP_OP_CONTROLLER:
		return PORT_CONTROLLER;
	case SKEP_OP_NORMAL:
		return PORT_NORMAL;
	default:
		return ports->ofport(ports->aux, cell->arg32);
	}
}

/* Reads the action at 'cell', and returns how many cells it takes. */
static unsigned int read_action(const struct skep_cell *cell, const struct cell_ports *ports,
				struct action *a)
{
	switch ((enum skep_op)cell->op) {
	case SKEP_OP_SET_FIELD:
		a->type = ACTION_SET_FIELD;
		a->set_field.field = (enum field_id)cell->arg;
		memset(&a->set_field.value, 0, sizeof(a->set_field.value));
		if (field_table[cell->arg].n_bytes > sizeof(cell->arg64)) {
			memcpy(a->set_field.value.b, cell + 1, sizeof(*cell));
			return 2;
		}
		memcpy(a->set_field.value.b, &cell->arg64, sizeof(cell->arg64));
		break;
	case SKEP_OP_PUSH_VLAN:
		a->type = ACTION_PUSH_VLAN;
		a->ethertype = cell->arg;
		break;
	case SKEP_OP_POP_VLAN:
		a->type = ACTION_POP_VLAN;
		break;
	case SKEP_OP_SET_TTL:
		a->type = ACTION_SET_NW_TTL;
		a->ttl = (uint8_t)cell->arg;
		break;
	case SKEP_OP_DEC_TTL:
		a->type = ACTION_DEC_NW_TTL;
		break;
	case SKEP_OP_COPY_TTL_OUT:
		a->type = ACTION_COPY_TTL_OUT;
		break;
	case SKEP_OP_COPY_TTL_IN:
		a->type = ACTION_COPY_TTL_IN;
		break;
	case SKEP_OP_SET_MPLS_TTL:
		a->type = ACTION_SET_MPLS_TTL;
		a->ttl = (uint8_t)cell->arg;
		break;
	case SKEP_OP_DEC_MPLS_TTL:
		a->type = ACTION_DEC_MPLS_TTL;
		break;
	case SKEP_OP_PUSH_MPLS:
		a->type = ACTION_PUSH_MPLS;
		a->ethertype = cell->arg;
		break;
	case SKEP_OP_POP_MPLS:
		a->type = ACTION_POP_MPLS;
		a->ethertype = cell->arg;
		break;
	case SKEP_OP_PUSH_PBB:
		a->type = ACTION_PUSH_PBB;
		a->ethertype = cell->arg;
		break;
	case SKEP_OP_POP_PBB:
		a->type = ACTION_POP_PBB;
		break;
	case SKEP_OP_SET_QUEUE:
		a->type = ACTION_SET_QUEUE;
		a->queue_id = cell->arg32;
		break;
	case SKEP_OP_GROUP:
		a->type = ACTION_GROUP;
		a->group_id = ports->group_id(ports->aux, cell->arg32);
		break;
	default:
		a->type = ACTION_OUTPUT;
		a->output.port = read_port(cell, ports);
		a->output.max_len = cell->arg;
		break;
	}
	return 1;
}

static const struct skep_cell *read_list(const struct skep_cell *cell, unsigned int n_cells,
					 const struct cell_ports *ports, struct action_list *list)
{
	const struct skep_cell *end = cell + n_cells;

	while (cell < end && list->n < ACTIONS_MAX)
		cell += read_action(cell, ports, &list->a[list->n++]);
	return end;
}

void cells_to_actions(const struct skep_cell *cells, unsigned int n, const struct cell_ports *ports,
		      struct action_list *ret)
{
	ret->n = 0;
	read_list(cells, n, ports, ret);
}

bool cells_is_wide(const struct skep_cell *cell)
{
	return cell->op == SKEP_OP_SET_FIELD && cell->arg < N_FIELD_IDS &&
	       field_table[cell->arg].n_bytes > sizeof(cell->arg64);
}

uint16_t cells_act(const struct skep_cell *cells)
{
	const struct skep_head *head = cells_head(cells);

	if (head->n_write ||
	    head->flags & (SKEP_HF_CLEAR | SKEP_HF_WRITE | SKEP_HF_METADATA | SKEP_HF_METER))
		return 0;
	if (!head->n_apply && head->goto_table < SKEP_TABLES)
		return SKEP_ACT_GOTO | head->goto_table;
	if (head->n_apply == 1 && head->goto_table == SKEP_NO_GOTO &&
	    cells[1].op == SKEP_OP_OUTPUT && cells[1].arg32 <= SKEP_ACT_PORT_MAX)
		return (uint16_t)cells[1].arg32;
	return 0;
}

const struct skep_cell *cells_next(const struct skep_cell *cells, enum skep_op op, uint32_t *at)
{
	const struct skep_head *head = cells_head(cells);

	while (*at <= (uint32_t)head->n_apply + head->n_write) {
		const struct skep_cell *cell = &cells[*at];

		*at += cells_is_wide(cell) ? 2 : 1;
		if (cell->op == op)
			return cell;
	}
	return NULL;
}

void cells_to_instructions(const struct skep_cell *cells, const struct cell_ports *ports,
			   struct instructions *ret)
{
	const struct skep_head *head = cells_head(cells);
	const struct skep_cell *cell = cells + 1;

	instructions_init(ret);
	ret->goto_table = head->goto_table;
	ret->has_apply = head->flags & SKEP_HF_APPLY;
	ret->has_write = head->flags & SKEP_HF_WRITE;
	ret->has_clear = head->flags & SKEP_HF_CLEAR;
	cell = read_list(cell, head->n_apply, ports, &ret->apply);
	cell = read_list(cell, head->n_write, ports, &ret->write);
	if (head->flags & SKEP_HF_METADATA) {
		uint64_t data[2];

		memcpy(data, cell, sizeof(data));
		ret->has_metadata = true;
		ret->metadata = data[0];
		ret->metadata_mask = data[1];
	}
	if (head->flags & SKEP_HF_METER) {
		ret->has_meter = true;
		ret->meter_id = ports->meter_id(ports->aux, cells[head->n_cells - 1].arg32);
	}
}
