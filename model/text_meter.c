// SPDX-License-Identifier: Apache-2.0
/*
 * Meters as text; see text.h.
 *
 *     meter=1 kbps burst stats bands=
 *     type=drop rate=1000 burst_size=10
 *     type=dscp_remark rate=500 burst_size=10 prec_level=1
 *
 * What follows "bands=" belongs to bands, each of which begins with its type.
 */
#include "model/text_private.h"

#include <errno.h>
#include <string.h>

#define N_ELEMENTS(A) (sizeof(A) / sizeof((A)[0]))

static const struct {
	const char *name;
	uint16_t flag;
} flag_names[] = {
	{ "kbps", METER_KBPS },
	{ "pktps", METER_PKTPS },
	{ "burst", METER_BURST },
	{ "stats", METER_STATS },
};

static const struct {
	const char *name;
	uint32_t number;
} reserved[] = {
	{ "slowpath", METER_SLOWPATH },
	{ "controller", METER_CONTROLLER },
	{ "all", METER_ALL },
};

const char *text_band_type_name(enum band_type type)
{
	return type == BAND_DROP ? "drop" : "dscp_remark";
}

static int word_to_meter(const struct text_input *in, const struct text_word *word, bool may_be_all, uint32_t *ret)
{
	uint64_t number;
	int error;

	*ret = 0;
	for (size_t i = 0; i < N_ELEMENTS(reserved); i++) {
		if (text_span_is_nocase(word->value, reserved[i].name))
			*ret = reserved[i].number;
	}
	if (!*ret) {
		error = text_word_to_u64(in, word, METER_MAX, &number);
		if (error)
			return error;
		*ret = (uint32_t)number;
	}
	if (!*ret || (*ret == METER_ALL && !may_be_all))
		return text_fail_value(in, word, "a meter is a number from 1 to %#x, slowpath or controller", METER_MAX);
	return 0;
}

static uint16_t word_flag(const struct text_word *word)
{
	for (size_t i = 0; i < N_ELEMENTS(flag_names); i++) {
		if (!word->delimiter && text_span_is(word->key, flag_names[i].name))
			return flag_names[i].flag;
	}
	return 0;
}

/* What a band has been given. */
enum { HAS_RATE = 1 << 0, HAS_BURST = 1 << 1, HAS_PREC = 1 << 2 };

static int add_band(const struct text_input *in, const struct text_word *word, struct meter_mod *mm)
{
	struct band band = { .type = BAND_DROP };

	if (text_span_is(word->value, "dscp_remark"))
		band.type = BAND_DSCP_REMARK;
	else if (!text_span_is(word->value, "drop"))
		return text_fail_value(in, word, "a band is of type drop or dscp_remark");
	if (mm->n_bands == METER_BANDS_MAX)
		return text_fail(in, word->key.p, "more than %d bands", METER_BANDS_MAX);
	mm->bands[mm->n_bands++] = band;
	return 0;
}

static int parse_band_word(const struct text_input *in, const struct text_word *word, struct band *b, unsigned int *has)
{
	uint64_t number;
	uint64_t max = UINT32_MAX;
	unsigned int what;
	int error;

	if (text_span_is(word->key, "rate")) {
		what = HAS_RATE;
	} else if (text_span_is(word->key, "burst_size")) {
		what = HAS_BURST;
	} else if (text_span_is(word->key, "prec_level")) {
		what = HAS_PREC;
		max = UINT8_MAX;
	} else {
		return text_fail(in, word->key.p, "unknown word \"%.*s\" (a band has type, rate, burst_size and prec_level)",
				 (int)(word->key.len < 80 ? word->key.len : 80), word->key.p);
	}
	if (*has & what)
		return text_fail(in, word->key.p, "%.*s is given twice", (int)word->key.len, word->key.p);
	*has |= what;
	error = text_word_to_u64(in, word, max, &number);
	if (error)
		return error;
	if (what == HAS_RATE)
		b->rate = (uint32_t)number;
	else if (what == HAS_BURST)
		b->burst_size = (uint32_t)number;
	else
		b->prec_level = (uint8_t)number;
	return 0;
}

static int check_band(const struct text_input *in, const char *at, const struct meter_mod *mm, unsigned int has)
{
	bool is_remark = mm->bands[mm->n_bands - 1].type == BAND_DSCP_REMARK;

	if (!(has & HAS_RATE))
		return text_fail(in, at, "a band needs its rate");
	if (!(has & HAS_BURST) != !(mm->flags & METER_BURST))
		return text_fail(in, at, has & HAS_BURST ? "burst_size has a meaning only with the flag \"burst\"" :
							   "with the flag \"burst\" a band needs its burst_size");
	if (!(has & HAS_PREC) != !is_remark)
		return text_fail(in, at, is_remark ? "a band of type dscp_remark needs its prec_level" :
						     "only a band of type dscp_remark has a prec_level");
	return 0;
}

static int parse_bands(struct text_input *in, struct meter_mod *mm)
{
	const char *start = in->p;
	struct text_word word;
	unsigned int has = 0;
	int error;

	while ((error = text_next_word(in, &word)) > 0) {
		if (text_span_is(word.key, "type")) {
			error = mm->n_bands ? check_band(in, start, mm, has) : 0;
			if (!error)
				error = add_band(in, &word, mm);
			start = word.key.p;
			has = 0;
		} else if (!mm->n_bands) {
			error = text_fail(in, word.key.p, "a band begins with its type");
		} else {
			error = parse_band_word(in, &word, &mm->bands[mm->n_bands - 1], &has);
		}
		if (error)
			return error;
	}
	if (!error && mm->n_bands)
		error = check_band(in, start, mm, has);
	return error;
}

/* Words up to the bands.  Returns 0, also where "bands=" was found, or -EINVAL. */
static int parse_head(struct text_input *in, struct meter_mod *mm, bool *ret_has_bands)
{
	bool is_delete = mm->command == METER_DELETE, has_id = false;
	struct text_word word;
	int error;

	*ret_has_bands = false;
	while (!*ret_has_bands && (error = text_next_word(in, &word)) > 0) {
		uint16_t flag = word_flag(&word);

		error = 0;
		if (text_span_is(word.key, "meter") && has_id) {
			error = text_fail(in, word.key.p, "meter is given twice");
		} else if (text_span_is(word.key, "meter")) {
			has_id = true;
			error = word_to_meter(in, &word, is_delete, &mm->meter_id);
		} else if (is_delete) {
			error = text_fail(in, word.key.p, "a meter is deleted by its number");
		} else if (flag) {
			mm->flags |= flag;
		} else if ((text_span_is(word.key, "bands") || text_span_is(word.key, "band")) && word.delimiter == '=') {
			in->p = word.key.p + word.key.len + 1;
			*ret_has_bands = true;
		} else {
			error = text_fail(in, word.key.p, "unknown word \"%.*s\" (meter, kbps, pktps, burst, stats and bands are known here)",
					  (int)(word.key.len < 80 ? word.key.len : 80), word.key.p);
		}
		if (error)
			return error;
	}
	if (!*ret_has_bands && error)
		return error;
	if (!has_id && !is_delete)
		return text_fail(in, in->line, "\"meter=\" is missing");
	return 0;
}

int text_parse_meter_mod(const char *line, enum meter_command command, struct meter_mod *ret, struct text_error *ret_error)
{
	const uint16_t units = METER_KBPS | METER_PKTPS;
	struct text_input in;
	bool has_bands;
	int error;

	text_input_init(&in, line, NULL, ret_error);
	*ret = (struct meter_mod){ .command = command, .meter_id = METER_ALL };
	error = parse_head(&in, ret, &has_bands);
	if (error || command == METER_DELETE)
		return error;
	if (!(ret->flags & units) || (ret->flags & units) == units)
		return text_fail(&in, in.line, "a meter counts either kbps or pktps");
	if (has_bands)
		error = parse_bands(&in, ret);
	if (!error && !ret->n_bands)
		return text_fail(&in, in.end, "\"bands=\" is missing: a meter needs at least one band");
	return error;
}

static int word_to_meter_or_all(const struct text_input *in, const struct text_word *word, uint32_t *ret)
{
	return word_to_meter(in, word, true, ret);
}

int text_parse_meter_id(const char *text, uint32_t *ret, struct text_error *ret_error)
{
	*ret = METER_ALL;
	return text_parse_one_id(text, "meter", "meter", word_to_meter_or_all, ret, ret_error);
}

void text_format_meter_id(uint32_t meter_id, struct buf *out)
{
	for (size_t i = 0; i < N_ELEMENTS(reserved); i++) {
		if (meter_id == reserved[i].number) {
			buf_puts(out, reserved[i].name);
			return;
		}
	}
	buf_put_decimal(out, meter_id);
}

void text_format_meter_flags(uint16_t flags, struct buf *out)
{
	const char *space = "";

	for (size_t i = 0; i < N_ELEMENTS(flag_names); i++) {
		if (flags & flag_names[i].flag) {
			buf_printf(out, "%s%s", space, flag_names[i].name);
			space = " ";
		}
	}
	if (!*space)
		buf_puts(out, "0");
}

static void put_band(const struct band *b, uint16_t flags, struct buf *out)
{
	buf_printf(out, "\ntype=%s rate=%u", text_band_type_name(b->type), b->rate);
	if (flags & METER_BURST)
		buf_printf(out, " burst_size=%u", b->burst_size);
	if (b->type == BAND_DSCP_REMARK)
		buf_printf(out, " prec_level=%u", b->prec_level);
}

static void put_meter(uint32_t meter_id, uint16_t flags, const struct band *bands, unsigned int n, struct buf *out)
{
	buf_puts(out, "meter=");
	text_format_meter_id(meter_id, out);
	buf_put_u8(out, ' ');
	text_format_meter_flags(flags, out);
	buf_puts(out, " bands=");
	for (unsigned int i = 0; i < n; i++)
		put_band(&bands[i], flags, out);
}

void text_format_meter_mod(const struct meter_mod *mm, struct buf *out)
{
	if (mm->command == METER_DELETE) {
		buf_puts(out, "meter=");
		text_format_meter_id(mm->meter_id, out);
		return;
	}
	put_meter(mm->meter_id, mm->flags, mm->bands, mm->n_bands, out);
}

void text_format_meter_config(const struct meter_desc *meter, struct buf *out)
{
	put_meter(meter->meter_id, meter->flags, meter->bands, meter->n_bands, out);
	buf_put_u8(out, '\n');
}

void text_format_meter_stats(const struct meter_desc *meter, struct buf *out)
{
	buf_puts(out, "meter:");
	text_format_meter_id(meter->meter_id, out);
	buf_printf(out, " flow_count:%u packet_in_count:%llu byte_in_count:%llu duration:", meter->flow_count,
		   (unsigned long long)meter->n_packets, (unsigned long long)meter->n_bytes);
	text_format_duration(meter->duration_ns, out);
	buf_puts(out, " bands:\n");
	for (unsigned int i = 0; i < meter->n_bands; i++)
		buf_printf(out, "%u: packet_count:%llu byte_count:%llu\n", i, (unsigned long long)meter->band_stats[i].n_packets,
			   (unsigned long long)meter->band_stats[i].n_bytes);
}
