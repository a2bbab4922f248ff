/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions and actions to the cells that the datapath executes (bpf/abi.h), and back.  The translation is one to one, so that a
 * dump shows what the controller sent, also after a restart.
 *
 * Ports are named by their index in skep_ports.  A rule may name a port number that does not exist yet: 'port_idx' gives such a
 * number a place, which a port takes over when it comes.
 */
#ifndef SKEP_DATAPATH_CELLS_H
#define SKEP_DATAPATH_CELLS_H 1

#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi.h"
#include "model/action.h"

struct cell_ports {
	/* Index of port number 'ofport' of the bridge, or a negative errno. */
	int (*port_idx)(void *aux, uint32_t ofport);
	/* And back. */
	uint32_t (*ofport)(void *aux, uint32_t port_idx);
	void *aux;
	/* The same for meters, which must be there: -ENXIO.  For rules alone. */
	int (*meter_idx)(void *aux, uint32_t meter_id);
	uint32_t (*meter_id)(void *aux, uint32_t meter_idx);
	/* The same for groups: -ESRCH. */
	int (*group_idx)(void *aux, uint32_t group_id);
	uint32_t (*group_id)(void *aux, uint32_t group_idx);
};

/* Compile 'in' into cells[0..n-1], the head included, or 'list' without a head.  Return n <= SKEP_CELLS_MAX, or -E2BIG, or
 * what port_idx() returned. */
int cells_from_instructions(const struct instructions *in, uint64_t cookie, bool is_miss,
			    const struct cell_ports *ports, struct skep_cell *cells);
int cells_from_actions(const struct action_list *list, const struct cell_ports *ports,
		       struct skep_cell *cells);

/* Reads 'n' cells of actions back. */
void cells_to_actions(const struct skep_cell *cells, unsigned int n, const struct cell_ports *ports,
		      struct action_list *ret);
/* Whether the cell is of an action that takes two. */
bool cells_is_wide(const struct skep_cell *cell);
/* The next action with 'op' of a rule's from cell number '*at' on, which goes behind it; or NULL. */
const struct skep_cell *cells_next(const struct skep_cell *cells, enum skep_op op, uint32_t *at);
/* For each of them, apply-actions first. */
#define CELLS_FOR_EACH(CELLS, OP, CELL_PTR)                                                        \
	for (uint32_t cell_at__ = 1; ((CELL_PTR) = cells_next(CELLS, OP, &cell_at__));)
/* The place of an action in an action set. */
unsigned int cells_slot(const struct action *a);

void cells_to_instructions(const struct skep_cell *cells, const struct cell_ports *ports,
			   struct instructions *ret);

/* The act (SKEP_ACT_*) of a rule with these. */
uint16_t cells_act(const struct skep_cell *cells);

/* Whether the list outputs to NORMAL. */
bool cells_have_normal(const struct action_list *list);

static inline const struct skep_head *cells_head(const struct skep_cell *cells)
{
	return (const struct skep_head *)cells;
}

#endif
