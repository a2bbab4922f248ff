# SPDX-License-Identifier: Apache-2.0
# tests/: what `make check` runs.  tests/run adds the network tests (tests/net, pytest) and sums up.
# A test that needs root, BPF or a tool that is not there exits with 77 and prints what it needs.
# Each section belongs to one area; add lines to yours.

AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	export top_srcdir top_builddir;
TEST_EXTENSIONS = .sh .py

# The source tree itself.
TESTS += tests/check-arrows
EXTRA_DIST += tests/check-arrows tests/run tests/tally tests/driver-ovs tests/driver-skep tests/conformance tests/conformance-wrong tests/other-kernel tests/upgrade tests/net/run \
	$(wildcard $(top_srcdir)/tests/net/*.py)

# What is worth a second run in a build with --enable-asan: all but the long comparisons of the datapath.
check-sanitized:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(filter tests/unit/% tests/wire/% tests/oracle/% tests/datapath/test-flows tests/datapath/diff-host.sh,$(TESTS))'

# lib/ and model/: tests/unit.
check_PROGRAMS += tests/unit/test-text tests/unit/test-text-group
TESTS += tests/unit/test-text tests/unit/test-text-group
tests_unit_test_text_group_SOURCES = tests/unit/test-text-group.c
tests_unit_test_text_group_LDADD = model/libmodel.a lib/libbase.a $(CMOCKA_LIBS)
tests_unit_test_text_SOURCES = tests/unit/test-text.c
tests_unit_test_text_LDADD = model/libmodel.a lib/libbase.a $(CMOCKA_LIBS)
EXTRA_DIST += tests/unit/text-golden.py tests/unit/text-golden.txt

# ofchan/: tests/unit/test-conn, tests/wire, tests/fuzz.
wire_common = tests/wire/codec_util.c tests/wire/codec_util.h tests/wire/reencode.c tests/wire/reencode.h
wire_libs = ofchan/libofp.a model/libmodel.a lib/libbase.a
check_PROGRAMS += tests/wire/test-codec tests/wire/test-codec-errors tests/wire/test-codec-mutations \
	tests/wire/test-consistency tests/wire/reencode-lines \
	tests/fuzz/fuzz-codec
TESTS += tests/wire/test-codec tests/wire/test-codec-errors tests/wire/test-codec-mutations \
	tests/wire/test-consistency tests/wire/test-osken.py
tests_wire_reencode_lines_SOURCES = tests/wire/reencode-lines.c tests/wire/reencode.c tests/wire/reencode.h
tests_wire_reencode_lines_LDADD = $(wire_libs)
EXTRA_DIST += tests/wire/test-osken.py
tests_wire_test_consistency_SOURCES = tests/wire/test-consistency.c $(wire_common)
tests_wire_test_consistency_LDADD = $(wire_libs) $(CMOCKA_LIBS)
tests_wire_test_codec_SOURCES = tests/wire/test-codec.c $(wire_common)
tests_wire_test_codec_LDADD = $(wire_libs) $(CMOCKA_LIBS)
tests_wire_test_codec_errors_SOURCES = tests/wire/test-codec-errors.c $(wire_common)
tests_wire_test_codec_errors_LDADD = $(wire_libs) $(CMOCKA_LIBS)
tests_wire_test_codec_mutations_SOURCES = tests/wire/test-codec-mutations.c $(wire_common)
tests_wire_test_codec_mutations_LDADD = $(wire_libs) $(CMOCKA_LIBS)
tests_fuzz_fuzz_codec_SOURCES = tests/fuzz/fuzz-codec.c tests/wire/reencode.c tests/wire/reencode.h
tests_fuzz_fuzz_codec_LDADD = $(wire_libs)
EXTRA_DIST += tests/wire/golden.py tests/wire/golden.txt
check_PROGRAMS += tests/unit/test-conn
TESTS += tests/unit/test-conn
tests_unit_test_conn_SOURCES = tests/unit/test-conn.c tests/unit/conn_util.c tests/unit/conn_util.h
tests_unit_test_conn_LDADD = ofchan/libofconn.a ofchan/libofp.a lib/libbase.a \
	$(CMOCKA_LIBS) $(EVENT_LIBS) $(SSL_LIBS)
check_PROGRAMS += tests/unit/test-conn-bounds
TESTS += tests/unit/test-conn-bounds
tests_unit_test_conn_bounds_SOURCES = \
	tests/unit/test-conn-bounds.c tests/unit/conn_util.c tests/unit/conn_util.h
tests_unit_test_conn_bounds_LDADD = $(tests_unit_test_conn_LDADD)
check_PROGRAMS += tests/unit/test-conn-tls
TESTS += tests/unit/test-conn-tls
tests_unit_test_conn_tls_SOURCES = \
	tests/unit/test-conn-tls.c tests/unit/conn_util.c tests/unit/conn_util.h
tests_unit_test_conn_tls_LDADD = $(tests_unit_test_conn_LDADD)

# utils/: skepctl against a skepd that the test plays.
TESTS += tests/unit/test-skepctl.py
EXTRA_DIST += tests/unit/test-skepctl.py

# vswitchd/: tests/unit.
check_PROGRAMS += tests/unit/test-linkmode
TESTS += tests/unit/test-linkmode
tests_unit_test_linkmode_SOURCES = tests/unit/test-linkmode.c
tests_unit_test_linkmode_LDADD = vswitchd/libvswitchd.a $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-config
TESTS += tests/unit/test-config
tests_unit_test_config_SOURCES = tests/unit/test-config.c
tests_unit_test_config_LDADD = vswitchd/libvswitchd.a ofchan/libofconn.a model/libmodel.a lib/libbase.a \
	$(CMOCKA_LIBS) $(JANSSON_LIBS) $(SSL_LIBS)

check_PROGRAMS += tests/unit/test-topology
TESTS += tests/unit/test-topology
tests_unit_test_topology_SOURCES = tests/unit/test-topology.c
tests_unit_test_topology_LDADD = $(tests_unit_test_config_LDADD)

# bpf/ and datapath/: tests/oracle, tests/datapath, tests/bench.
include tests/oracle/automake.mk
include tests/datapath/automake.mk
include tests/bench/automake.mk
