# SPDX-License-Identifier: Apache-2.0
# tests/bench/: `make bench`.  What a packet costs in the pipeline, hosts joined by tunnels, skep's way and others, changes of flows.
BPF_SKELETONS += tests/bench/bare.skel.h tests/bench/seed.skel.h tests/bench/load.skel.h tests/bench/xsk.skel.h
EXTRA_DIST += tests/bench/bare.bpf.c tests/bench/seed.bpf.c tests/bench/load.bpf.c tests/bench/xsk.bpf.c \
	tests/bench/bench-overlay tests/bench/bench-socket tests/bench/bench-changes tests/bench/bench-forward \
	tests/bench/figures.py tests/bench/plot tests/bench/ways.py
EXTRA_PROGRAMS = tests/bench/bench-testrun tests/bench/bench-rules tests/bench/bench-node tests/bench/bench-load tests/bench/bench-xsk tests/bench/bench-meter
CLEANFILES += $(EXTRA_PROGRAMS)
TESTRUN_SOURCES = tests/bench/testrun.c tests/bench/testrun.h
tests_bench_bench_testrun_SOURCES = tests/bench/bench-testrun.c $(TESTRUN_SOURCES)
tests_bench_bench_testrun_LDADD = $(DATAPATH_LIBS)
tests_bench_bench_rules_SOURCES = tests/bench/bench-rules.c tests/bench/rulesets.c tests/bench/rulesets.h $(TESTRUN_SOURCES)
tests_bench_bench_rules_LDADD = $(DATAPATH_LIBS)
tests_bench_bench_node_SOURCES = tests/bench/bench-node.c tests/bench/seed.h
tests_bench_bench_node_LDADD = $(DATAPATH_LIBS)
tests_bench_bench_load_SOURCES = tests/bench/bench-load.c
tests_bench_bench_load_LDADD = $(BPF_LIBS)
tests_bench_bench_xsk_SOURCES = tests/bench/bench-xsk.c
tests_bench_bench_xsk_LDADD = $(BPF_LIBS)

tests_bench_bench_meter_SOURCES = tests/bench/bench-meter.c
tests_bench_bench_meter_LDADD = $(DATAPATH_LIBS)

bench-programs: $(EXTRA_PROGRAMS)
# One after the other, `make bench BENCH_PARTS="forward changes"`: these; figures and plots go to tests/bench/figures.
BENCH_PARTS = testrun rules meter forward overlay socket changes
bench_out = tests/bench/figures
bench: all $(EXTRA_PROGRAMS)
	@$(MKDIR_P) $(bench_out)
	@for part in $(BENCH_PARTS); do $(MAKE) --no-print-directory run-bench-$$part || exit; done
	$(top_srcdir)/tests/bench/plot $(bench_out) $(bench_out)
run-bench-testrun:
	tests/bench/bench-testrun --json $(bench_out)/testrun.json
	tests/bench/bench-testrun --no-flow-cache --json $(bench_out)/testrun-search.json
	tests/bench/bench-testrun --no-flow-cache --prune-masks 1000000 --json $(bench_out)/testrun-unpruned.json
run-bench-rules:
	tests/bench/bench-rules --json $(bench_out)/rules.json
run-bench-meter:
	tests/bench/bench-meter
run-bench-forward:
	$(top_srcdir)/tests/bench/bench-forward --fifo --build $(abs_top_builddir) --json $(bench_out)/forward.json || [ $$? = 77 ]
run-bench-overlay:
	$(top_srcdir)/tests/bench/bench-overlay --fifo --build $(abs_top_builddir) --json $(bench_out)/overlay.json || [ $$? = 77 ]
run-bench-socket:
	$(top_srcdir)/tests/bench/bench-socket --build $(abs_top_builddir) || [ $$? = 77 ]
run-bench-changes:
	$(top_srcdir)/tests/bench/bench-changes --build $(abs_top_builddir) --json $(bench_out)/changes.json || [ $$? = 77 ]
clean-local: clean-bench
clean-bench:
	rm -rf $(bench_out)
.PHONY: bench bench-programs run-bench-testrun run-bench-rules run-bench-meter run-bench-forward run-bench-overlay run-bench-socket run-bench-changes clean-bench

tests/bench/testrun.$(OBJEXT): tests/bench/bare.skel.h
tests/bench/bench-node.$(OBJEXT): tests/bench/bare.skel.h tests/bench/seed.skel.h
tests/bench/bench-load.$(OBJEXT): tests/bench/load.skel.h
tests/bench/bench-xsk.$(OBJEXT): tests/bench/xsk.skel.h
