// SPDX-License-Identifier: Apache-2.0
/* One message for each line of text; see batch.h. */
#include "utils/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many lines' errors are printed; the rest is counted. */
enum { ERRORS_SHOWN_MAX = 20 };

/* Messages on their way. */
struct batch {
	const struct batch_kind *kind;
	const char *file; /* NULL: one text from the command line */
	uint32_t first_xid;
	unsigned int n;
	unsigned int cap;
	struct batch_line {
		unsigned int number;
		char *text;
	} * lines;
	unsigned int n_errors;
};

static void lines_free(struct batch *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		free(b->lines[i].text);
	free(b->lines);
}

static int lines_add(struct batch *b, unsigned int number, const char *text)
{
	if (b->n == b->cap) {
		unsigned int cap = b->cap ? 2 * b->cap : 64;
		struct batch_line *lines = realloc(b->lines, cap * sizeof(*lines));

		if (!lines)
			return fail("out of memory");
		b->lines = lines;
		b->cap = cap;
	}
	b->lines[b->n].number = number;
	b->lines[b->n].text = strdup(text);
	if (!b->lines[b->n].text)
		return fail("out of memory");
	b->n++;
	return EXIT_OK;
}

/* Parses 'text' and appends its message to 'out'. */
static int encode_line(struct session *s, struct batch *b, int command, unsigned int number,
		       const char *text, struct buf *out)
{
	struct text_error e;

	if (b->kind->encode(s, text, command, b->n, out, &e)) {
		if (b->file)
			return fail("%s: %s line %u, column %u: %s", b->file, b->kind->noun, number, e.column,
				    e.message);
		return fail("%s, column %u: %s", b->kind->noun, e.column, e.message);
	}
	return lines_add(b, number, text);
}

static void print_line_error(void *aux, const struct ofmsg *msg)
{
	struct batch *b = aux;
	uint32_t i = msg->xid - b->first_xid;
	struct buf text = BUF_INIT;

	if (b->n_errors++ >= ERRORS_SHOWN_MAX)
		return;
	session_format_error(msg, &text);
	if (i >= b->n)
		fail("refused: %s", buf_cstr(&text));
	else if (b->file)
		fail("%s: %s line %u: refused: %s: %s", b->file, b->kind->noun, b->lines[i].number,
		     buf_cstr(&text), b->lines[i].text);
	else
		fail("refused: %s%s%s", buf_cstr(&text), *b->lines[i].text ? ": " : "", b->lines[i].text);
	buf_uninit(&text);
}

/* Gives the messages in 'mods', which are numbered from 0, their final ids, and sends them. */
static int send_lines(struct session *s, struct batch *b, struct buf *mods)
{
	int status;

	if (buf_failed(mods))
		return fail("out of memory, or a message would be too long");
	b->first_xid = s->next_xid;
	s->next_xid += b->n;
	for (size_t ofs = 0, i = 0; ofs < mods->len; i++) {
		uint8_t *msg = mods->data + ofs;
		uint32_t xid = b->first_xid + (uint32_t)i;

		for (unsigned int k = 0; k < 4; k++)
			msg[4 + k] = (uint8_t)(xid >> (24 - 8 * k));
		ofs += (size_t)(msg[2] << 8 | msg[3]);
	}
	buf_put(&s->out, mods->data, mods->len);
	status = session_barrier(s, print_line_error, b);
	if (b->n_errors > ERRORS_SHOWN_MAX)
		fail("... and %u more", b->n_errors - ERRORS_SHOWN_MAX);
	return status;
}

int batch_text(const struct skepctl *ctl, const char *bridge, const struct batch_kind *kind, int command,
	       const char *text)
{
	struct batch b = { .kind = kind };
	struct buf mods = BUF_INIT;
	struct session s;
	int status = session_open(&s, ctl, bridge);

	if (!status)
		status = encode_line(&s, &b, command, 1, text, &mods);
	if (!status)
		status = send_lines(&s, &b, &mods);
	buf_uninit(&mods);
	lines_free(&b);
	session_close(&s);
	return status;
}

/* Ends the line before a comment.  Returns true if something is left. */
static bool strip_line(char *line)
{
	line[strcspn(line, "#\n")] = '\0';
	return line[strspn(line, " \t\r")] != '\0';
}

static int encode_file(struct session *s, struct batch *b, int command, FILE *f, struct buf *mods)
{
	unsigned int number = 0;
	int status = EXIT_OK;
	char *line = NULL;
	size_t size = 0;

	while (!status && getline(&line, &size, f) >= 0) {
		number++;
		if (strip_line(line))
			status = encode_line(s, b, command, number, line, mods);
	}
	free(line);
	if (!status && ferror(f))
		return fail("%s: %s", b->file, strerror(errno));
	return status;
}

int batch_file(const struct skepctl *ctl, const char *bridge, const struct batch_kind *kind, int command,
	       const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	struct batch b = { .kind = kind, .file = is_stdin ? "standard input" : path };
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	struct buf mods = BUF_INIT;
	struct session s;
	int status;

	if (!f)
		return fail("%s: %s", path, strerror(errno));
	status = session_open(&s, ctl, bridge);
	if (!status)
		status = encode_file(&s, &b, command, f, &mods);
	if (!status)
		status = send_lines(&s, &b, &mods);
	buf_uninit(&mods);
	lines_free(&b);
	session_close(&s);
	if (!is_stdin)
		fclose(f);
	return status;
}
