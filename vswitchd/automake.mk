# SPDX-License-Identifier: Apache-2.0
# vswitchd/: skepd, the daemon.  All but main() is a library, for tests.
noinst_LIBRARIES += vswitchd/libvswitchd.a
vswitchd_libvswitchd_a_SOURCES = \
	vswitchd/agent.c vswitchd/agent.h vswitchd/agent_private.h \
	vswitchd/agent_aux.c vswitchd/agent_table.c vswitchd/agent_dump.c vswitchd/agent_fail.c vswitchd/agent_group.c vswitchd/agent_flow.c vswitchd/agent_meter.c vswitchd/agent_packet.c vswitchd/agent_port.c vswitchd/agent_queue.c \
	vswitchd/agent_role.c vswitchd/agent_stats.c vswitchd/agent_tlv.c \
	vswitchd/bridge.c vswitchd/bridge.h \
	vswitchd/certs.c vswitchd/certs.h \
	vswitchd/conf.c vswitchd/conf.h vswitchd/conf_file.c vswitchd/conf_port.c vswitchd/conf_port.h \
	vswitchd/control.c vswitchd/control.h vswitchd/control_private.h \
	vswitchd/control_cmd.c vswitchd/control_fdb.c vswitchd/control_port.c vswitchd/control_topology.c \
	vswitchd/device.c vswitchd/device.h \
	vswitchd/ethtool.c vswitchd/ethtool.h \
	vswitchd/json_text.c vswitchd/json_text.h \
	vswitchd/linkmode.c vswitchd/linkmode.h \
	vswitchd/netlink.c vswitchd/netlink.h vswitchd/netlink_change.c vswitchd/netlink_private.h \
	vswitchd/netns.c vswitchd/netns.h \
	vswitchd/port.c vswitchd/port.h \
	vswitchd/queue.c vswitchd/queue.h \
	vswitchd/socket.c vswitchd/socket.h \
	vswitchd/startup.c vswitchd/startup.h \
	vswitchd/switch.c vswitchd/switch.h \
	vswitchd/topology.c vswitchd/topology.h vswitchd/topology_file.c

sbin_PROGRAMS += vswitchd/skepd
vswitchd_skepd_SOURCES = vswitchd/skepd.c
vswitchd_skepd_LDADD = vswitchd/libvswitchd.a datapath/libdatapath.a bpf/libskephost.a ofchan/libofconn.a \
	ofchan/libofp.a model/libmodel.a lib/libbase.a \
	$(BPF_LIBS) $(ELF_LIBS) $(EVENT_LIBS) $(SSL_LIBS) $(MNL_LIBS) $(JANSSON_LIBS) $(CAPNG_LIBS)
