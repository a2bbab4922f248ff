# SPDX-License-Identifier: Apache-2.0
# tests/datapath/: builds of the pipeline against the oracle; see diff.h.  A backend's sources go to
# tests_datapath_diff_SOURCES and its name into tests/datapath/backends.c.
DATAPATH_LIBS = datapath/libdatapath.a bpf/libskephost.a model/libmodel.a lib/libbase.a \
	$(BPF_LIBS) $(ELF_LIBS)

BPF_SKELETONS += tests/datapath/capture.skel.h
CAPTURE_SOURCES = tests/datapath/capture.h tests/datapath/capture_room.c tests/datapath/capture_room.h
EXTRA_DIST += tests/datapath/capture.bpf.c
check_PROGRAMS += tests/datapath/diff
tests_datapath_diff_SOURCES = \
	tests/datapath/backend.h \
	tests/datapath/backend_dp.c tests/datapath/backend_dp.h \
	tests/datapath/backend_host.c \
	tests/datapath/backend_kernel.c \
	tests/datapath/backend_oracle.c \
	$(CAPTURE_SOURCES) \
	tests/datapath/backends.c \
	tests/datapath/diff.c tests/datapath/diff.h \
	tests/datapath/diff_report.c \
	tests/datapath/diff_scenario.c
tests_datapath_diff_LDADD = tests/oracle/liboracle.a $(DATAPATH_LIBS)

# The harness itself.
TESTS += tests/datapath/test-diff.sh tests/datapath/test-mutants.sh
EXTRA_DIST += tests/datapath/test-diff.sh tests/datapath/test-mutants.sh

# The builds of the pipeline, 200,000 cases each.
TESTS += tests/datapath/diff-host.sh tests/datapath/diff-kernel.sh
EXTRA_DIST += tests/datapath/diff-host.sh tests/datapath/diff-kernel.sh

# The host build of the pipeline, on maps filled by hand.
check_PROGRAMS += tests/datapath/test-host
TESTS += tests/datapath/test-host
tests_datapath_test_host_SOURCES = tests/datapath/test-host.c
tests_datapath_test_host_LDADD = bpf/libskephost.a $(CMOCKA_LIBS)

# The flow tables, on maps in memory.
check_PROGRAMS += tests/datapath/test-flows
TESTS += tests/datapath/test-flows
tests_datapath_test_flows_SOURCES = tests/datapath/test-flows.c
tests_datapath_test_flows_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)

# The action NORMAL, in this process and in the kernel.
check_PROGRAMS += tests/datapath/test-normal tests/datapath/test-normal-kernel
TESTS += tests/datapath/test-normal tests/datapath/test-normal-kernel
NORMAL_SOURCES = \
	tests/datapath/test-normal.c tests/datapath/normal_vlan.c \
	tests/datapath/normal_util.c tests/datapath/normal_util.h \
	tests/datapath/harness.c tests/datapath/harness.h
tests_datapath_test_normal_SOURCES = tests/datapath/harness_host.c $(NORMAL_SOURCES)
tests_datapath_test_normal_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)
tests_datapath_test_normal_kernel_SOURCES = tests/datapath/harness_kernel.c $(CAPTURE_SOURCES) $(NORMAL_SOURCES)
tests_datapath_test_normal_kernel_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)

# Meters, the same.
check_PROGRAMS += tests/datapath/test-meters tests/datapath/test-meters-kernel
TESTS += tests/datapath/test-meters tests/datapath/test-meters-kernel
METER_SOURCES = tests/datapath/test-meters.c tests/datapath/harness.c tests/datapath/harness.h
tests_datapath_test_meters_SOURCES = tests/datapath/harness_host.c $(METER_SOURCES)
tests_datapath_test_meters_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)
tests_datapath_test_meters_kernel_SOURCES = tests/datapath/harness_kernel.c $(CAPTURE_SOURCES) $(METER_SOURCES)
tests_datapath_test_meters_kernel_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)

# The flow cache, the same.
check_PROGRAMS += tests/datapath/test-cache tests/datapath/test-cache-kernel
TESTS += tests/datapath/test-cache tests/datapath/test-cache-kernel
CACHE_SOURCES = tests/datapath/test-cache.c tests/datapath/harness.c tests/datapath/harness.h
tests_datapath_test_cache_SOURCES = tests/datapath/harness_host.c $(CACHE_SOURCES)
tests_datapath_test_cache_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)
tests_datapath_test_cache_kernel_SOURCES = tests/datapath/harness_kernel.c $(CAPTURE_SOURCES) $(CACHE_SOURCES)
tests_datapath_test_cache_kernel_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)

# Tuple pruning.
check_PROGRAMS += tests/datapath/test-prune
TESTS += tests/datapath/test-prune
tests_datapath_test_prune_SOURCES = tests/datapath/harness_host.c tests/datapath/test-prune.c tests/datapath/harness.c tests/datapath/harness.h
tests_datapath_test_prune_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/datapath/test-meter-rate
TESTS += tests/datapath/test-meter-rate
tests_datapath_test_meter_rate_SOURCES = tests/datapath/test-meter-rate.c
tests_datapath_test_meter_rate_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-datapath
TESTS += tests/unit/test-datapath
tests_unit_test_datapath_SOURCES = tests/unit/test-datapath.c
tests_unit_test_datapath_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)

# Ports that are not an interface of their own, on maps in memory.
check_PROGRAMS += tests/datapath/test-ports
TESTS += tests/datapath/test-ports
tests_datapath_test_ports_SOURCES = tests/datapath/test-ports.c
tests_datapath_test_ports_LDADD = $(DATAPATH_LIBS) $(CMOCKA_LIBS)

# The datapath on real networks: driven by tests/net/test_tunnels.py.
check_PROGRAMS += tests/datapath/dpdrive
tests_datapath_dpdrive_SOURCES = tests/datapath/dpdrive.c
tests_datapath_dpdrive_LDADD = $(DATAPATH_LIBS)
