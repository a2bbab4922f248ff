// SPDX-License-Identifier: Apache-2.0
/* How the value of each field is spelled; see text.h and text_private.h. */
#include "model/text_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum value_form {
	FORM_DECIMAL,
	FORM_HEX,
	FORM_HEX16,  /* four digits: eth_type */
	FORM_FLABEL, /* five digits: ipv6_label */
	FORM_PORT,
	FORM_ETH,
	FORM_IPV4,
	FORM_IPV6,
	FORM_FLAGS, /* +df-csum, df|csum, or a number: tun_flags */
};

static enum value_form value_form(enum field_id id)
{
	switch (id) {
	case FIELD_IN_PORT:
	case FIELD_IN_PHY_PORT:
		return FORM_PORT;
	case FIELD_METADATA:
	case FIELD_TUNNEL_ID:
	case FIELD_IPV6_EXTHDR:
	case FIELD_TUN_METADATA0:
	case FIELD_TUN_METADATA1:
	case FIELD_TUN_METADATA2:
	case FIELD_TUN_METADATA3:
	case FIELD_TUN_METADATA4:
	case FIELD_TUN_METADATA5:
	case FIELD_TUN_METADATA6:
	case FIELD_TUN_METADATA7:
		return FORM_HEX;
	case FIELD_TUN_FLAGS:
		return FORM_FLAGS;
	case FIELD_ETH_TYPE:
		return FORM_HEX16;
	case FIELD_IPV6_FLABEL:
		return FORM_FLABEL;
	default:
		break;
	}
	switch (field_table[id].n_bits) {
	case 48:
		return FORM_ETH;
	case 32:
		return FORM_IPV4;
	case 128:
		return FORM_IPV6;
	default:
		return FORM_DECIMAL;
	}
}

/* Of tun_flags, in the order in which they are printed. */
static const struct {
	const char *word;
	uint8_t bit;
} flag_words[] = {
	{ "df", FIELD_TUN_FLAGS_DF },
	{ "csum", FIELD_TUN_FLAGS_CSUM },
	{ "key", FIELD_TUN_FLAGS_KEY },
	{ "oam", FIELD_TUN_FLAGS_OAM },
};

#define N_FLAGS (sizeof(flag_words) / sizeof(flag_words[0]))

static int hex_byte(struct text_span s, size_t *i)
{
	uint64_t v;
	size_t start = *i;
	char text[5] = "0x";

	while (*i < s.len && *i - start < 2 && s.p[*i] != ':')
		text[2 + *i - start] = s.p[*i], ++*i;
	if (text_span_to_u64((struct text_span){ text, 2 + *i - start }, 0xff, &v))
		return -1;
	return (int)v;
}

static bool parse_eth(struct text_span s, struct field_value *ret)
{
	size_t i = 0;

	for (unsigned int k = 0; k < 6; k++) {
		int byte;

		if (k && (i >= s.len || s.p[i++] != ':'))
			return false;
		byte = hex_byte(s, &i);
		if (byte < 0)
			return false;
		ret->b[k] = (uint8_t)byte;
	}
	return i == s.len;
}

static bool parse_ip(int family, struct text_span s, struct field_value *ret)
{
	char text[INET6_ADDRSTRLEN + 1];

	if (!s.len || s.len >= sizeof(text))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return inet_pton(family, text, ret->b) == 1;
}

static void set_prefix(struct field_value *mask, unsigned int n_bits)
{
	for (unsigned int i = 0; i < n_bits; i++)
		mask->b[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

/* Reads one value (or mask) of field 'id'.  Returns 0, -EINVAL or -ERANGE. */
static int parse_one(const struct text_input *in, struct text_span s, enum field_id id,
		     struct field_value *ret)
{
	unsigned int bits = field_table[id].n_bits;
	uint64_t max = bits < 64 ? (1ULL << bits) - 1 : UINT64_MAX, number;
	uint32_t port;
	int error;

	memset(ret, 0, sizeof(*ret));
	switch (value_form(id)) {
	case FORM_ETH:
		return parse_eth(s, ret) ? 0 : -EINVAL;
	case FORM_IPV4:
		return parse_ip(AF_INET, s, ret) ? 0 : -EINVAL;
	case FORM_IPV6:
		return parse_ip(AF_INET6, s, ret) ? 0 : -EINVAL;
	case FORM_PORT:
		error = text_span_to_port(s, in->ports, &port);
		if (!error)
			*ret = field_value_from_u64(id, port);
		return error;
	case FORM_FLAGS:
		max = FIELD_TUN_FLAGS_ALL;
		/* fall through */
	case FORM_DECIMAL:
	case FORM_HEX:
	case FORM_HEX16:
	case FORM_FLABEL:
		error = text_span_to_u64(s, max, &number);
		if (!error)
			*ret = field_value_from_u64(id, number);
		return error;
	}
	return -EINVAL;
}

static int parse_mask(const struct text_input *in, struct text_span s, enum field_id id,
		      struct field_value *ret)
{
	enum value_form form = value_form(id);
	uint64_t length;

	if (form == FORM_IPV4 || form == FORM_IPV6) {
		if (!text_span_to_u64(s, field_table[id].n_bits, &length)) {
			memset(ret, 0, sizeof(*ret));
			set_prefix(ret, (unsigned int)length);
			return 0;
		}
	} else if (text_span_is(s, "-1")) {
		*ret = field_exact_mask(id);
		return 0;
	}
	return parse_one(in, s, id, ret);
}

static const char *expected(const struct text_input *in, enum field_id id, bool is_mask)
{
	switch (value_form(id)) {
	case FORM_ETH:
		return is_mask ? "the mask is not an Ethernet address" : "not an Ethernet address";
	case FORM_IPV4:
		return is_mask ? "the mask is neither a prefix length up to 32 nor an IPv4 address"
			       : "not an IPv4 address";
	case FORM_IPV6:
		return is_mask ? "the mask is neither a prefix length up to 128 nor an IPv6 address"
			       : "not an IPv6 address";
	case FORM_PORT:
		return in->ports ? "not a port (a number, a reserved port or the name of a port of "
				   "this bridge)"
				 : "not a port (a number or a reserved port)";
	case FORM_FLAGS:
		return is_mask ? "the mask is not a number"
			       : "neither a number nor flags: +df-csum, or df|csum; there are df, csum, key and oam";
	case FORM_DECIMAL:
	case FORM_HEX:
	case FORM_HEX16:
	case FORM_FLABEL:
		break;
	}
	return is_mask ? "the mask is not a number" : "not a number";
}

/* "+df-csum": what is there, what is not; other flags may be either way. */
static bool parse_flags(struct text_span s, struct field_value *ret, struct field_value *ret_mask)
{
	size_t i = 0;

	memset(ret, 0, sizeof(*ret));
	memset(ret_mask, 0, sizeof(*ret_mask));
	while (i < s.len) {
		bool is_set = s.p[i] == '+';
		struct text_span word;
		uint8_t bit = 0;

		if (!is_set && s.p[i] != '-')
			return false;
		word.p = s.p + ++i;
		while (i < s.len && s.p[i] != '+' && s.p[i] != '-')
			i++;
		word.len = (size_t)(s.p + i - word.p);
		for (size_t k = 0; k < N_FLAGS; k++)
			bit |= text_span_is(word, flag_words[k].word) ? flag_words[k].bit : 0;
		if (!bit || ret_mask->b[1] & bit)
			return false;
		ret_mask->b[1] |= bit;
		if (is_set)
			ret->b[1] |= bit;
	}
	return s.len;
}

/* "df|csum", as Open vSwitch writes a value without a mask: these and no others. */
static bool parse_flag_names(struct text_span s, struct field_value *ret, struct field_value *ret_mask)
{
	struct text_span word = { s.p, 0 };

	memset(ret, 0, sizeof(*ret));
	*ret_mask = field_exact_mask(FIELD_TUN_FLAGS);
	for (size_t i = 0; i <= s.len; i++) {
		uint8_t bit = 0;

		if (i < s.len && s.p[i] != '|') {
			word.len++;
			continue;
		}
		for (size_t k = 0; k < N_FLAGS; k++)
			bit |= text_span_is(word, flag_words[k].word) ? flag_words[k].bit : 0;
		if (!bit || ret->b[1] & bit)
			return false;
		ret->b[1] |= bit;
		word = (struct text_span){ s.p + i + 1, 0 };
	}
	return true;
}

static int fail_value(const struct text_input *in, const struct text_word *word, int error,
		      enum field_id id, bool is_mask)
{
	unsigned int bits = field_table[id].n_bits;

	if (error != -ERANGE)
		return text_fail_value(in, word, "%s", expected(in, id, is_mask));
	if (bits >= 64)
		return text_fail_value(in, word, "does not fit into 64 bits");
	return text_fail_value(in, word, "does not fit into %u bits (at most %llu)", bits,
			       (1ULL << bits) - 1);
}

int text_parse_value(const struct text_input *in, const struct text_word *word,
		     struct text_span text, enum field_id id, struct field_value *ret,
		     struct field_value *ret_mask)
{
	const char *slash = memchr(text.p, '/', text.len);
	struct text_span mask = { NULL, 0 };
	int error;

	if (value_form(id) == FORM_FLAGS && text.len && *text.p >= 'a' && *text.p <= 'z')
		return parse_flag_names(text, ret, ret_mask)
			       ? 0
			       : fail_value(in, word, -EINVAL, id, false);
	if (value_form(id) == FORM_FLAGS && text.len && (*text.p == '+' || *text.p == '-'))
		return parse_flags(text, ret, ret_mask)
			       ? 0
			       : fail_value(in, word, -EINVAL, id, false);
	if (slash) {
		mask = (struct text_span){ slash + 1, text.len - (size_t)(slash + 1 - text.p) };
		text.len = (size_t)(slash - text.p);
	}
	error = parse_one(in, text, id, ret);
	if (error)
		return fail_value(in, word, error, id, false);
	*ret_mask = field_exact_mask(id);
	if (slash) {
		error = parse_mask(in, mask, id, ret_mask);
		if (error)
			return fail_value(in, word, error, id, true);
	}
	return 0;
}

static void format_eth(const uint8_t *b, struct buf *out)
{
	buf_printf(out, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

static void format_ip(int family, const uint8_t *b, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];

	buf_puts(out, inet_ntop(family, b, text, sizeof(text)));
}

void text_format_value(enum field_id id, const struct field_value *value,
		       const struct text_ports *ports, struct buf *out)
{
	unsigned long long number = 0;

	if (field_table[id].n_bytes <= 8)
		number = field_value_to_u64(id, value);
	switch (value_form(id)) {
	case FORM_DECIMAL:
		buf_put_decimal(out, number);
		break;
	case FORM_HEX:
	case FORM_FLAGS:
		buf_printf(out, "%#llx", number);
		break;
	case FORM_HEX16:
		buf_printf(out, "0x%04llx", number);
		break;
	case FORM_FLABEL:
		buf_printf(out, "0x%05llx", number);
		break;
	case FORM_PORT:
		text_format_port((uint32_t)number, ports, out);
		break;
	case FORM_ETH:
		format_eth(value->b, out);
		break;
	case FORM_IPV4:
		format_ip(AF_INET, value->b, out);
		break;
	case FORM_IPV6:
		format_ip(AF_INET6, value->b, out);
		break;
	}
}

/* The length of the prefix that 'mask' is, or -1 if it is none. */
static int prefix_length(const struct field_value *mask, unsigned int n_bits)
{
	struct field_value prefix = { { 0 } };
	unsigned int n = 0;

	while (n < n_bits && mask->b[n / 8] & 0x80 >> n % 8)
		n++;
	set_prefix(&prefix, n);
	return memcmp(&prefix, mask, sizeof(prefix)) ? -1 : (int)n;
}

static void format_flags(uint8_t value, uint8_t mask, struct buf *out)
{
	for (size_t i = 0; i < N_FLAGS; i++) {
		if (mask & flag_words[i].bit)
			buf_printf(out, "%c%s", value & flag_words[i].bit ? '+' : '-',
				   flag_words[i].word);
	}
}

void text_format_masked_field(const struct match *match, enum field_id id,
			      const struct text_ports *ports, struct buf *out)
{
	const struct field_value *value = &match->value[id], *mask = &match->mask[id];
	enum value_form form = value_form(id);
	int length;

	if (match_is_exact(match, id)) {
		text_format_value(id, value, ports, out);
		return;
	}
	if (form == FORM_FLAGS && !mask->b[0] && !(mask->b[1] & ~FIELD_TUN_FLAGS_ALL)) {
		format_flags(value->b[1], mask->b[1], out);
		return;
	}
	if (form == FORM_DECIMAL) {
		buf_printf(out, "%#llx/%#llx", (unsigned long long)field_value_to_u64(id, value),
			   (unsigned long long)field_value_to_u64(id, mask));
		return;
	}
	text_format_value(id, value, ports, out);
	buf_put_u8(out, '/');
	length = form == FORM_IPV4 || form == FORM_IPV6
			 ? prefix_length(mask, field_table[id].n_bits)
			 : -1;
	if (length >= 0)
		buf_printf(out, "%d", length);
	else
		text_format_value(id, mask, ports, out);
}
