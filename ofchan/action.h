/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions and instructions on the wire (OF1.3.5 §7.2.4, §7.2.5).
 *
 * Whether the group of an action, the meter of an instruction or the queue are there is the caller's to say.
 */
#ifndef SKEP_OFCHAN_ACTION_H
#define SKEP_OFCHAN_ACTION_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "model/action.h"
#include "model/match.h"
#include "ofchan/ofp_err.h"

/* Decodes 'len' bytes of actions at 'p'.  'may_table': OFPP_TABLE is allowed as a port (packet-out,
 * §7.3.7). */
enum ofp_err of_actions_decode(struct action_list *list, const uint8_t *p, size_t len,
			       bool may_table);
void of_actions_encode(struct buf *out, const struct action_list *list);
void of_action_encode(struct buf *out, const struct action *a);

/* Decodes 'len' bytes of instructions at 'p'.  'table_id' is the flow's table, which goto must
 * exceed; TABLE_NONE: goto is not checked against it. */
enum ofp_err of_instructions_decode(struct instructions *in, const uint8_t *p, size_t len,
				    uint8_t table_id);
void of_instructions_encode(struct buf *out, const struct instructions *in);

/* OFPBAC_MATCH_INCONSISTENT if a set-field of the apply-actions cannot rely on its field (§6.4): a
 * prerequisite that neither 'm' nor the actions before it guarantee.  Write-actions may rely on
 * earlier tables and are not checked. */
enum ofp_err of_instructions_check(const struct instructions *in, const struct match *m);

/* Which actions and instructions the decoders accept: bit N is OFPAT_* or OFPIT_* N.  For table
 * features. */
uint32_t of_actions_supported(void);
uint32_t of_instructions_supported(void);

#endif
