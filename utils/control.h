/* SPDX-License-Identifier: Apache-2.0 */
/* One request on skepd's control socket; see docs/control.md. */
#ifndef SKEP_UTILS_CONTROL_H
#define SKEP_UTILS_CONTROL_H 1

#include <jansson.h>

#include "utils/skepctl.h"

/* Sends 'method' with 'params' (a reference that is taken; NULL for none) to skepd and waits for
 * the answer.  Returns EXIT_OK with the result in '*ret_result', which the caller releases, or
 * EXIT_ERROR after printing why. */
int control_call(const struct skepctl *ctl, const char *method, json_t *params,
		 json_t **ret_result);

#endif
