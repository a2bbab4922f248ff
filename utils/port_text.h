/* SPDX-License-Identifier: Apache-2.0 */
/* Ports as text, as ovs-ofctl prints them. */
#ifndef SKEP_UTILS_PORT_TEXT_H
#define SKEP_UTILS_PORT_TEXT_H 1

#include "buf.h"
#include "ofchan/port.h"

/* Appends " 1(eth0): addr:..." and the lines that follow, each with a newline. */
void port_text_desc(const struct of_port *port, struct buf *out);
/* Appends the three lines of a port's counters. */
void port_text_stats(const struct of_port_stats *stats, const char *name, struct buf *out);

#endif
