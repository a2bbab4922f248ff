/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody meant who misspelled a name, for error messages. */
#ifndef SKEP_LIB_NEAR_H
#define SKEP_LIB_NEAR_H 1

#include <stddef.h>

/* How far apart names may be to be taken for one another. */
#define NEAR_MAX 4

/* The one of 'n' names (NULL: none there) that is nearest to 'wrong', or NULL if all are further than NEAR_MAX - 1 letters, or
 * half of 'wrong'. */
const char *near_find(const char *wrong, const char *const names[], size_t n);

#define NEAR_HINT_SIZE 96
/* The same as the end of a message: "; did you mean "NAME"?" in 'buf', or nothing.  Returns 'buf'. */
const char *near_hint(const char *wrong, const char *const names[], size_t n,
		      char buf[NEAR_HINT_SIZE]);

#endif
