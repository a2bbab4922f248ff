# SPDX-License-Identifier: Apache-2.0
# tests/oracle/: what a packet should do, written from the specification; see oracle.h.
check_LIBRARIES += tests/oracle/liboracle.a
tests_oracle_liboracle_a_SOURCES = \
	tests/oracle/actions.c tests/oracle/actions.h \
	tests/oracle/csum.c tests/oracle/csum.h \
	tests/oracle/gen.c tests/oracle/gen.h \
	tests/oracle/gen_frame.c \
	tests/oracle/gen_normal.c \
	tests/oracle/gen_rules.c \
	tests/oracle/group.c tests/oracle/group.h \
	tests/oracle/normal.c tests/oracle/normal.h \
	tests/oracle/oracle.c tests/oracle/private.h tests/oracle/run.c tests/oracle/oracle.h \
	tests/oracle/parse.c tests/oracle/parse.h

ORACLE_LIBS = tests/oracle/liboracle.a model/libmodel.a lib/libbase.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/oracle/test-gen tests/oracle/test-oracle tests/oracle/test-parse
TESTS += tests/oracle/test-gen tests/oracle/test-oracle tests/oracle/test-parse
tests_oracle_test_gen_SOURCES = tests/oracle/test-gen.c
tests_oracle_test_gen_LDADD = $(ORACLE_LIBS)
tests_oracle_test_oracle_SOURCES = \
	tests/oracle/test-oracle.c tests/oracle/oracle_groups.c tests/oracle/oracle_normal.c tests/oracle/oracle_tags.c \
	tests/oracle/oracle_util.c tests/oracle/oracle_util.h tests/oracle/hex.h
tests_oracle_test_oracle_LDADD = $(ORACLE_LIBS)
tests_oracle_test_parse_SOURCES = tests/oracle/test-parse.c tests/oracle/hex.h
tests_oracle_test_parse_LDADD = $(ORACLE_LIBS)
