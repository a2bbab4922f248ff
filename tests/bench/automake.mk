# SPDX-License-Identifier: Apache-2.0
# tests/bench/: `make bench`.  What a packet costs in the pipeline, hosts joined by tunnels, skep's way and others, changes of flows.
BPF_SKELETONS += tests/bench/bare.skel.h tests/bench/seed.skel.h tests/bench/load.skel.h tests/bench/xsk.skel.h
EXTRA_DIST += tests/bench/bare.bpf.c tests/bench/seed.bpf.c tests/bench/load.bpf.c tests/bench/xsk.bpf.c \
	tests/bench/bench-overlay tests/bench/bench-socket tests/bench/bench-changes tests/bench/bench-forward \
	tests/bench/figures.py tests/bench/ways.py
EXTRA_PROGRAMS = tests/bench/bench-testrun tests/bench/bench-node tests/bench/bench-load tests/bench/bench-xsk tests/bench/bench-meter
CLEANFILES += $(EXTRA_PROGRAMS)
tests_bench_bench_testrun_SOURCES = tests/bench/bench-testrun.c
tests_bench_bench_testrun_LDADD = $(DATAPATH_LIBS)
tests_bench_bench_node_SOURCES = tests/bench/bench-node.c tests/bench/seed.h
tests_bench_bench_node_LDADD = $(DATAPATH_LIBS)
tests_bench_bench_load_SOURCES = tests/bench/bench-load.c
tests_bench_bench_load_LDADD = $(BPF_LIBS)
tests_bench_bench_xsk_SOURCES = tests/bench/bench-xsk.c
tests_bench_bench_xsk_LDADD = $(BPF_LIBS)

tests_bench_bench_meter_SOURCES = tests/bench/bench-meter.c
tests_bench_bench_meter_LDADD = $(DATAPATH_LIBS)

bench-programs: $(EXTRA_PROGRAMS)
bench: all $(EXTRA_PROGRAMS)
	tests/bench/bench-testrun
	tests/bench/bench-meter
	$(top_srcdir)/tests/bench/bench-forward --fifo --build $(abs_top_builddir)
	$(top_srcdir)/tests/bench/bench-overlay --fifo --build $(abs_top_builddir)
	$(top_srcdir)/tests/bench/bench-socket --build $(abs_top_builddir)
	$(top_srcdir)/tests/bench/bench-changes --build $(abs_top_builddir)
.PHONY: bench bench-programs

tests/bench/bench-testrun.$(OBJEXT): tests/bench/bare.skel.h
tests/bench/bench-node.$(OBJEXT): tests/bench/bare.skel.h tests/bench/seed.skel.h
tests/bench/bench-load.$(OBJEXT): tests/bench/load.skel.h
tests/bench/bench-xsk.$(OBJEXT): tests/bench/xsk.skel.h
