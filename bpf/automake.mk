# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bpf/: what runs per packet.  BPF_SKELETONS: FOLDER/NAME.skel.h is made of FOLDER/NAME.bpf.c by the rules
# in Makefile.am.  The program and its headers go into EXTRA_DIST.
BPF_SKELETONS = bpf/skep.skel.h
EXTRA_DIST += bpf/skep.bpf.c bpf/consts.h bpf/home_tc.h bpf/maps.h

# The same pipeline for a process.
noinst_LIBRARIES += bpf/libskephost.a
bpf_libskephost_a_SOURCES = \
	bpf/abi.h bpf/actions.h bpf/bytes.h bpf/cache.h bpf/classify.h bpf/count.h bpf/crc32c.h bpf/edit.h bpf/group.h \
	bpf/home_host.h bpf/host.c bpf/host.h bpf/labels.h bpf/meter.h bpf/normal.h bpf/output.h bpf/parse.h bpf/pipeline.h bpf/police.h bpf/special.h bpf/state.h bpf/ttl.h bpf/tunnel.h
