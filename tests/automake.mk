# SPDX-License-Identifier: Apache-2.0
# tests/: what `make check` runs.  tests/run adds the network tests (tests/net, pytest) and sums up.
# A test that needs root, BPF or a tool that is not there exits with 77 and prints what it needs.
# Each section belongs to one area; add lines to yours.

AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	export top_srcdir top_builddir;
TEST_EXTENSIONS = .sh .py
TEST_BASE = lib/libbase.a
LDADD = $(TEST_BASE)

# The source tree itself.
TESTS += tests/check-arrows
EXTRA_DIST += tests/check-arrows tests/run tests/tally tests/driver-skep tests/net/run

# lib/ and model/: tests/unit.

# ofchan/: tests/unit/test-conn, tests/wire, tests/fuzz.

# utils/: tests/unit/test-text.

# vswitchd/: tests/unit.

# bpf/ and datapath/: tests/oracle, tests/datapath, tests/bench.
