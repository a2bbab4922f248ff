# SPDX-License-Identifier: Apache-2.0
# utils/: skepctl.
bin_PROGRAMS += utils/skepctl
utils_skepctl_SOURCES = \
	utils/batch.c utils/batch.h \
	utils/cmd_config.c utils/cmd_fdb.c utils/cmd_flow.c utils/cmd_group.c utils/cmd_meter.c utils/cmd_open_port.c utils/cmd_packet.c utils/cmd_pki.c utils/cmd_port.c utils/cmd_port_conf.c utils/cmd_queue.c utils/cmd_tlv.c \
	utils/cmd_show.c utils/cmd_topology.c \
	utils/control.c utils/control.h \
	utils/json.c utils/json.h \
	utils/packet_text.c utils/packet_text.h \
	utils/port_text.c utils/port_text.h \
	utils/session.c utils/session.h \
	utils/skepctl.c utils/skepctl.h
utils_skepctl_LDADD = ofchan/libofconn.a ofchan/libofp.a model/libmodel.a lib/libbase.a \
	$(EVENT_LIBS) $(SSL_LIBS) $(JANSSON_LIBS)

# skep as a switch of mininet.
dist_pkgdata_SCRIPTS = utils/mininet/skep_mininet.py
# Where mininet is not installed it cannot even say its version.
AM_INSTALLCHECK_STD_OPTIONS_EXEMPT = utils/mininet/skep_mininet.py
