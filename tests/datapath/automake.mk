# SPDX-License-Identifier: Apache-2.0
# tests/datapath/: builds of the pipeline against the oracle; see diff.h.  A backend's sources go to
# tests_datapath_diff_SOURCES and its name into tests/datapath/backends.c.
check_PROGRAMS += tests/datapath/diff
tests_datapath_diff_SOURCES = \
	tests/datapath/backend.h \
	tests/datapath/backend_oracle.c \
	tests/datapath/backends.c \
	tests/datapath/diff.c tests/datapath/diff.h \
	tests/datapath/diff_report.c \
	tests/datapath/diff_scenario.c
tests_datapath_diff_LDADD = tests/oracle/liboracle.a model/libmodel.a lib/libbase.a

# The harness itself.
TESTS += tests/datapath/test-diff.sh
EXTRA_DIST += tests/datapath/test-diff.sh
