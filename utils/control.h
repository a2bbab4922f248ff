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
/* The same; a descriptor that comes with the answer is in '*ret_fd', else -1.  The caller closes it. */
int control_call_fd(const struct skepctl *ctl, const char *method, json_t *params,
		    json_t **ret_result, int *ret_fd);
/* The same, for the effect of 'method': prints a warning in the result, which is about something that is not as it will have to be, and with --json the
 * result. */
int control_do(const struct skepctl *ctl, const char *method, json_t *params);

#endif
