/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --json prints.
 *
 * Each function returns a new reference.  64-bit numbers that are patterns of bits (cookies,
 * metadata, datapath ids) are strings of hexadecimal digits, for JSON readers commonly lose bits
 * above 2^53; counters are numbers, and null where the switch does not keep them.
 */
#ifndef SKEP_UTILS_JSON_H
#define SKEP_UTILS_JSON_H 1

#include <jansson.h>

#include "model/text.h"
#include "ofchan/message.h"

json_t *json_flow(const struct flow_desc *flow, const struct text_ports *ports);
json_t *json_match(const struct match *match, const struct text_ports *ports);
json_t *json_actions(const struct action *actions, unsigned int n, const struct text_ports *ports);
json_t *json_port_number(uint32_t port);
json_t *json_counter(uint64_t n);
json_t *json_hex(uint64_t n);
json_t *json_port_desc(const struct of_port *port);
json_t *json_port_stats(const struct of_port_stats *stats);

/* Prints 'value' and a newline, and releases it. */
void json_print(json_t *value, size_t flags);
/* Ends a dump: if 'status' is 0, prints what was collected, which is 'array', or 'text' if that is NULL (which may be NULL, too).  Releases both. */
void json_end_dump(json_t *array, struct buf *text, int status);

#endif
