#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The host build against the oracle, at length.  SKEP_DIFF_CASES, SKEP_DIFF_SEED: other than the defaults.
exec timeout 500 "${top_builddir:-.}/tests/datapath/diff" --backend host --cases "${SKEP_DIFF_CASES:-200000}" \
	${SKEP_DIFF_SEED:+--seed "$SKEP_DIFF_SEED"}
