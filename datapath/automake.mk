# SPDX-License-Identifier: Apache-2.0
# datapath/: control of what bpf/ reads: flow tables, ports, pins.  No OpenFlow bytes here.
noinst_LIBRARIES += datapath/libdatapath.a
datapath_libdatapath_a_SOURCES = \
	datapath/adopt.c \
	datapath/attach.c datapath/attach.h \
	datapath/cache.c \
	datapath/cells.c datapath/cells.h \
	datapath/classifier.c \
	datapath/csum.c datapath/csum.h \
	datapath/datapath.c datapath/datapath.h \
	datapath/fdb.c \
	datapath/flow_read.c \
	datapath/prune.c \
	datapath/flow_table.c \
	datapath/grace.c datapath/grace.h \
	datapath/guard.c \
	datapath/keymap.c datapath/keymap.h \
	datapath/maps.c datapath/maps.h \
	datapath/grow.c datapath/group.c datapath/group.h datapath/group_adopt.c datapath/group_compile.c datapath/id_index.c datapath/id_index.h datapath/link.c datapath/link.h datapath/meter.c \
	datapath/packet.c \
	datapath/port.c \
	datapath/port_special.c \
	datapath/port_vlan.c \
	datapath/private.h \
	datapath/reclaim.c \
	datapath/spans.c datapath/spans.h \
	datapath/tlv.c
