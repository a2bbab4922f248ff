# SPDX-License-Identifier: Apache-2.0
# ofchan/: the OpenFlow channel.

# Codecs, by noun: bytes to the model and back.  Needs libmodel and libbase, nothing else.
noinst_LIBRARIES += ofchan/libofp.a
ofchan_libofp_a_SOURCES = \
	ofchan/action.c ofchan/action.h \
	ofchan/flow.c ofchan/flow.h \
	ofchan/group.c ofchan/group.h \
	ofchan/instruction.c \
	ofchan/match.c ofchan/match.h \
	ofchan/message.c ofchan/message.h \
	ofchan/multipart.c ofchan/multipart.h \
	ofchan/ofp13.h \
	ofchan/ofp_err.c ofchan/ofp_err.h \
	ofchan/packet.c ofchan/packet.h \
	ofchan/port.c ofchan/port.h \
	ofchan/table.c ofchan/table.h \
	ofchan/wire.h
