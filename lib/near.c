// SPDX-License-Identifier: Apache-2.0
/* The distance between names (Levenshtein's); see near.h. */
#include "near.h"

#include <stdio.h>
#include <string.h>

/* The number of letters to insert, delete or replace to make 'b' of 'a'; both are short. */
static unsigned int distance(const char *a, const char *b)
{
	enum { MAX = 32 };
	unsigned int row[MAX + 1];
	size_t n_b = strlen(b);

	if (n_b > MAX || strlen(a) > MAX)
		return MAX;
	for (unsigned int j = 0; j <= n_b; j++)
		row[j] = j;
	for (unsigned int i = 0; a[i]; i++) {
		unsigned int diagonal = row[0];

		row[0] = i + 1;
		for (unsigned int j = 0; j < n_b; j++) {
			unsigned int best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > diagonal + 1)
				best = diagonal + 1;
			row[j + 1] = best;
		}
	}
	return row[n_b];
}

const char *near_find(const char *wrong, const char *const names[], size_t n)
{
	const char *nearest = NULL;
	size_t len = strlen(wrong);
	unsigned int best = len / 2 + 1 < NEAR_MAX ? (unsigned int)len / 2 + 1 : NEAR_MAX;

	for (size_t i = 0; i < n; i++) {
		unsigned int d = names[i] ? distance(wrong, names[i]) : best;

		if (d < best) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest;
}

const char *near_hint(const char *wrong, const char *const names[], size_t n,
		      char buf[NEAR_HINT_SIZE])
{
	const char *nearest = near_find(wrong, names, n);

	buf[0] = '\0';
	if (nearest)
		snprintf(buf, NEAR_HINT_SIZE, "; did you mean \"%s\"?", nearest);
	return buf;
}
