/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows as text: the syntax of ovs-ofctl(8), in and out.
 *
 * A flow is one line of words, separated by commas or white space:
 *
 *     table=1,priority=100,tcp,in_port=1,nw_dst=10.0.0.0/24,tp_dst=80,actions=dec_ttl,output:2
 *
 * "actions=" comes last and takes the rest of the line.  A match may be written with the short
 * names that Open vSwitch prints (dl_dst, nw_src, tp_dst) or with the specification's (eth_dst,
 * ipv4_src, tcp_dst).  Names such as tp_dst or icmp_type depend on the protocol, which may stand
 * anywhere in the match, so words are gathered first and given meaning when the whole match is
 * known.
 *
 * What is printed is what `ovs-ofctl -O OpenFlow13` prints, to the byte, so that parsers written
 * for it go on working; tests/unit/text-golden holds the lines to compare with.  Whatever is
 * printed can be parsed again.
 *
 * Parsing is strict where ovs-ofctl guesses: an address with a byte of 300, a field whose
 * prerequisites are not in the match, a value that does not fit or a word given twice is an error
 * that says what and where, never a different rule from the one that was meant.
 *
 * text_lex.c splits words and reads numbers, text_value.c knows how each field's value is spelled,
 * text_match.c and text_action.c give words their meaning, text_parse.c assembles flows,
 * text_format.c writes them; text_group.c and text_meter.c do both for groups and meters.
 */
#ifndef SKEP_MODEL_TEXT_H
#define SKEP_MODEL_TEXT_H 1

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "model/flow.h"
#include "model/group.h"
#include "model/tlv.h"

/* What is wrong with a text, and at which column (from 1) of it.  Complete sentences are the
 * caller's: "flow line 3, column 14: " MESSAGE. */
struct text_error {
	unsigned int column;
	char message[256]; /* e.g. nw_dst: "10.0.0.300": not an IPv4 address */
};

/* How ports' names are resolved and printed.  Either function may be NULL, as may the whole: ports
 * are then numbers.  Reserved ports have their own names always. */
struct text_ports {
	/* Finds the port called 'name'; returns true and its number in '*ret_port'. */
	bool (*by_name)(void *aux, const char *name, uint32_t *ret_port);
	/* Returns the name of 'port', valid until the next call, or NULL. */
	const char *(*by_number)(void *aux, uint32_t port);
	void *aux;
};

/* Parses 'line' as the flow of 'command' into '*ret', all of whose members are set.  An add or
 * modify needs "actions="; a delete refuses it.  The table is 0, or for a delete all tables, if not
 * given. Returns 0, or -EINVAL with '*ret_error' set ('*ret' is then unspecified). */
int text_parse_flow_mod(const char *line, enum flow_command command, const struct text_ports *ports,
			struct flow_mod *ret, struct text_error *ret_error);

/* Parses 'line' ("" for all flows) as the filter of a dump: a match and table, cookie[/mask],
 * out_port, out_group.  Returns as above. */
int text_parse_filter(const char *line, const struct text_ports *ports, struct flow_filter *ret,
		      struct text_error *ret_error);

/* A packet to send: "in_port=CONTROLLER, packet=HEX, actions=..." */
struct text_packet_out {
	uint32_t in_port; /* PORT_CONTROLLER if not given */
	struct buf packet;
	struct action_list actions;
};

/* Parses 'line' into '*ret', whose 'packet' must be initialised (BUF_INIT) and stays the caller's
 * to free, on failure too.  Returns as above, or -ENOMEM. */
int text_parse_packet_out(const char *line, const struct text_ports *ports,
			  struct text_packet_out *ret, struct text_error *ret_error);

/* Parses a port's number, reserved name or name, as in "output:".  Returns 0 or -EINVAL. */
int text_parse_port(const char *word, const struct text_ports *ports, uint32_t *ret_port);

/* Each of these appends to 'out'. */
void text_format_port(uint32_t port, const struct text_ports *ports, struct buf *out);
/* Writes "priority=10,tcp,nw_dst=..."; the default priority 32768 is left out, so this may be "".
 */
void text_format_match(const struct match *match, uint16_t priority, const struct text_ports *ports,
		       struct buf *out);
/* Writes "dec_ttl,output:2", or "drop". */
void text_format_actions(const struct action_list *list, const struct text_ports *ports,
			 struct buf *out);
void text_format_instructions(const struct instructions *in, const struct text_ports *ports,
			      struct buf *out);
/* Writes "send_flow_rem check_overlap ", with the trailing space, or nothing. */
void text_format_flags(uint16_t flags, struct buf *out);
/* Writes "4.211s": no decimals for whole seconds, three for whole milliseconds, else nine. */
void text_format_duration(uint64_t ns, struct buf *out);
/* Writes one line of dump-flows, from " cookie=" on, without a newline. */
void text_format_flow(const struct flow_desc *flow, const struct text_ports *ports,
		      struct buf *out);
/* Writes 'mod' as a line that text_parse_flow_mod() reads back for the same command. */
void text_format_flow_mod(const struct flow_mod *mod, const struct text_ports *ports,
			  struct buf *out);

/* --- Groups: "group_id=1,type=select,bucket=weight:10,output:1,bucket=watch_port:2,actions=output:2" --- */

/* Parses 'line' as the group of 'command'; a delete takes a number, "all", or nothing, which is all.  Returns 0, and the caller ends '*ret' with
 * group_mod_uninit(); or -EINVAL or -ENOMEM with '*ret_error' set and '*ret' empty. */
int text_parse_group_mod(const char *line, enum group_command command, const struct text_ports *ports,
			 struct group_mod *ret, struct text_error *ret_error);
/* Parses "group_id=1", "1", "all" or "", which is GROUP_ALL. */
int text_parse_group_id(const char *text, uint32_t *ret, struct text_error *ret_error);
/* Writes what text_parse_group_mod() reads back for the same command. */
void text_format_group_mod(const struct group_mod *gm, const struct text_ports *ports, struct buf *out);
/* One line of dump-groups and dump-group-stats, without a newline. */
void text_format_group_desc(const struct group_desc *group, const struct text_ports *ports, struct buf *out);
void text_format_group_stats(const struct group_desc *group, struct buf *out);
const char *text_group_type_name(enum group_type type); /* "ff" */

/* --- Meters: "meter=1,kbps,burst,bands=type=drop,rate=1000,burst_size=10" --- */

/* Parses 'line' as the meter of 'command'; a delete takes a number, "all", or nothing, which is all.  Returns 0 or -EINVAL. */
int text_parse_meter_mod(const char *line, enum meter_command command, struct meter_mod *ret, struct text_error *ret_error);
/* Parses "meter=1", "1", "controller", "all" or "", which is METER_ALL. */
int text_parse_meter_id(const char *text, uint32_t *ret, struct text_error *ret_error);
void text_format_meter_mod(const struct meter_mod *mm, struct buf *out);
/* The lines of dump-meters and meter-stats, each with its newline. */
void text_format_meter_config(const struct meter_desc *meter, struct buf *out);
void text_format_meter_stats(const struct meter_desc *meter, struct buf *out);
void text_format_meter_id(uint32_t meter_id, struct buf *out); /* "1", "controller" */
void text_format_meter_flags(uint16_t flags, struct buf *out); /* "kbps burst" */
const char *text_band_type_name(enum band_type type);

/* --- Geneve options: "{class=0xffff,type=0x80,len=4}->tun_metadata0" --- */

/* Parses 'line' as the options of 'command', TLV_ADD or TLV_DELETE; a delete of none clears all.  Returns 0 or -EINVAL. */
int text_parse_tlv_mod(const char *line, enum tlv_command command, struct tlv_mod *ret, struct text_error *ret_error);
/* The lines of dump-tlv-map behind the first. */
void text_format_tlv_table(const struct tlv_table *table, struct buf *out);

/* How field 'id' of 'match' is written: VALUE or VALUE/MASK. */
void text_format_masked_field(const struct match *match, enum field_id id,
			      const struct text_ports *ports, struct buf *out);
/* How a field's value is written as text. */
void text_format_value(enum field_id id, const struct field_value *value,
		       const struct text_ports *ports, struct buf *out);

#endif
