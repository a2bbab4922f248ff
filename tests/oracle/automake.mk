# SPDX-License-Identifier: Apache-2.0
# tests/oracle/: what a packet should do, written from the specification; see oracle.h.
check_LIBRARIES += tests/oracle/liboracle.a
tests_oracle_liboracle_a_SOURCES = \
	tests/oracle/actions.c tests/oracle/actions.h \
	tests/oracle/csum.c tests/oracle/csum.h \
	tests/oracle/gen.c tests/oracle/gen.h \
	tests/oracle/gen_frame.c \
	tests/oracle/gen_rules.c \
	tests/oracle/oracle.c tests/oracle/oracle.h \
	tests/oracle/parse.c tests/oracle/parse.h
