// SPDX-License-Identifier: Apache-2.0
/* The backends that diff knows; see backend.h.  Add yours here. */
#include <stddef.h>

#include "tests/datapath/backend.h"

const struct backend *const backends[] = {
	&backend_host,
	&backend_kernel,
	&backend_oracle,
	&backend_broken,
	&backend_misfiled,
	NULL,
};
