/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of text.h share: words, contexts and values.  Included by model/text_*.c alone.
 */
#ifndef SKEP_MODEL_TEXT_PRIVATE_H
#define SKEP_MODEL_TEXT_PRIVATE_H 1

#include <stdarg.h>
#include <stddef.h>

#include "model/text.h"

/* The longest value of a word that is copied: an IPv6 address and its mask need 80. */
enum { TEXT_VALUE_MAX = 128 };

/* A piece of the line; not NUL-terminated. */
struct text_span {
	const char *p;
	size_t len;
};

/* One word: "KEY", "KEY=VALUE", "KEY:VALUE" or "KEY(VALUE)". */
struct text_word {
	struct text_span key;
	struct text_span
		value;	/* without quotes or outer parentheses; 'p' is NULL if there is none */
	char delimiter; /* '=', ':', '(' or 0 */
};

/* Where in which line a parser is. */
struct text_input {
	const char *line; /* its start, for columns */
	const char *p;	  /* what is next */
	const char *end;
	const struct text_ports *ports;
	struct text_error *error;
};

void text_input_init(struct text_input *in, const char *line, const struct text_ports *ports,
		     struct text_error *error);

/* A piece of 'in' as an input of its own, with the same columns. */
static inline struct text_input text_sub_input(const struct text_input *in, struct text_span span)
{
	struct text_input sub = *in;

	sub.p = span.p;
	sub.end = span.p + span.len;
	return sub;
}

bool text_span_is(struct text_span span, const char *s);
/* The same, whatever the case of the letters: for reserved ports. */
bool text_span_is_nocase(struct text_span span, const char *s);

/* Records an error at 'at', a place in the line, and returns -EINVAL. */
int text_fail(const struct text_input *in, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for the value of 'word': KEY: "VALUE": MESSAGE. */
int text_fail_value(const struct text_input *in, const struct text_word *word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Reads the next word into '*ret'.  Returns 1, 0 at the end, or -EINVAL for unbalanced quotes or
 * parentheses. */
int text_next_word(struct text_input *in, struct text_word *ret);
/* The key "actions" takes the rest of the line as its value, whatever it holds. */
bool text_word_is_actions(const struct text_word *word);
struct text_span text_rest_after(struct text_input *in, const struct text_word *word);

/* Reads decimal or 0x digits, all of 'span', up to 'max'.  Returns 0, -EINVAL or -ERANGE. */
int text_span_to_u64(struct text_span span, uint64_t max, uint64_t *ret);
/* The value of 'word' as a number up to 'max'; the error names the word. */
int text_word_to_u64(const struct text_input *in, const struct text_word *word, uint64_t max,
		     uint64_t *ret);
/* The value "V" or "V/M" of 'word'; M may be -1.  Without M the mask is all ones. */
int text_word_to_masked_u64(const struct text_input *in, const struct text_word *word,
			    uint64_t *ret, uint64_t *ret_mask);
int text_word_to_port(const struct text_input *in, const struct text_word *word, uint32_t *ret);
/* The value of 'word' as a group's number, ALL or ANY. */
int text_word_to_group(const struct text_input *in, const struct text_word *word, uint32_t *ret);
/* Parses 'line', which names one 'noun' as NUMBER or KEY=NUMBER, by 'parse', or nothing: '*ret' stays then. */
int text_parse_one_id(const char *line, const char *noun, const char *key,
		      int (*parse)(const struct text_input *in, const struct text_word *word, uint32_t *ret),
		      uint32_t *ret, struct text_error *ret_error);
/* As text_parse_port(), for a span. */
int text_span_to_port(struct text_span span, const struct text_ports *ports, uint32_t *ret);

/* Reads the value of field 'id' and, after a slash, its mask.  '*ret_mask' is the exact mask if
 * there is none.  Whether the field may be masked is the caller's question.  Errors name 'word'. */
int text_parse_value(const struct text_input *in, const struct text_word *word,
		     struct text_span text, enum field_id id, struct field_value *ret,
		     struct field_value *ret_mask);

/*
 * Names of fields.
 *
 * An ambiguous name has no field until the protocol is known.
 */
enum text_name {
	NAME_FIELD,    /* 'field' says which */
	NAME_DL_VLAN,  /* VLAN_VID without OFPVID_PRESENT; 0xffff: no tag */
	NAME_VLAN_TCI, /* VLAN_VID and VLAN_PCP */
	NAME_NW_TOS,   /* IP_DSCP, times 4 */
	NAME_NW_SRC,   /* IPV4_SRC or ARP_SPA */
	NAME_NW_DST,
	NAME_NW_PROTO, /* IP_PROTO or ARP_OP */
	NAME_TP_SRC,   /* of TCP, UDP or SCTP */
	NAME_TP_DST,
	NAME_ICMP_TYPE, /* of ICMPv4 or ICMPv6 */
	NAME_ICMP_CODE,
	NAME_NW_TTL, /* not a field in OpenFlow 1.3, but it can be set */
};

/* Looks 'key' up among the names of fields.  Returns false if it is none. */
bool text_find_name(struct text_span key, enum text_name *ret_name, enum field_id *ret_field);
/* A word of flows that differs from 'key' by one slip of the finger, or NULL. */
const char *text_near_name(struct text_span key);
/* The field that 'name' stands for in a match with the protocols of 'match', or -1 if it
 * stands for none there. */
int text_resolve_name(enum text_name name, enum field_id field, const struct match *match);
/* What to add to a match so that 'field' is present in packets: `"tcp" (nw_proto=6)`. */
const char *text_prereq(enum field_id field);

/*
 * A match being parsed: words are gathered by text_match_add() and resolved by text_match_finish().
 */
enum { TEXT_MATCH_WORDS_MAX = 64 };

struct text_match_word {
	struct text_word word;
	enum text_name name;
	enum field_id field;
};

struct text_match {
	unsigned int n;
	struct text_match_word words[TEXT_MATCH_WORDS_MAX];
	struct match *match;
};

void text_match_init(struct text_match *tm, struct match *match);
/* Takes 'word' if it is part of a match.  Returns 1 if so, 0 if not, or -EINVAL. */
int text_match_add(struct text_match *tm, const struct text_input *in,
		   const struct text_word *word);
int text_match_finish(struct text_match *tm, const struct text_input *in);

/* Where actions stand, which decides what they may be. */
struct text_action_context {
	const struct match *match; /* of the flow, or NULL in a packet-out */
	bool has_tag;		   /* if the packet has a VLAN tag by now, as far as is known */
	bool is_lenient;	   /* if prerequisites cannot be known */
};

/* Parses all of 'in' as a list of actions, or as instructions. */
int text_parse_action_list(struct text_input *in, struct text_action_context *context,
			   struct action_list *list);
/* Appends what 'word', read from 'in', means to 'list'; "drop" is the caller's question. */
int text_parse_action_word(struct text_input *in, struct text_action_context *context,
			   struct action_list *list, const struct text_word *word);
int text_parse_instructions(struct text_input *in, const struct match *match,
			    struct instructions *ret);
/* As text_format_actions(), for an array. */
void text_put_actions(const struct action *actions, unsigned int n, const struct text_ports *ports,
		      struct buf *out);

#endif
