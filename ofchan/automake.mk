# SPDX-License-Identifier: Apache-2.0
# ofchan/: the OpenFlow channel.

# Codecs, by noun: bytes to the model and back.  Needs libmodel and libbase, nothing else.
noinst_LIBRARIES += ofchan/libofp.a
ofchan_libofp_a_SOURCES = \
	ofchan/action.c ofchan/action.h \
	ofchan/consistency.c \
	ofchan/flow.c ofchan/flow.h \
	ofchan/group.c ofchan/group.h ofchan/meter.c ofchan/meter.h \
	ofchan/instruction.c \
	ofchan/match.c ofchan/match.h \
	ofchan/message.c ofchan/message.h \
	ofchan/multipart.c ofchan/multipart.h \
	ofchan/ofp13.h \
	ofchan/ofp_err.c ofchan/ofp_err.h \
	ofchan/packet.c ofchan/packet.h \
	ofchan/port.c ofchan/port.h \
	ofchan/queue.c ofchan/queue.h \
	ofchan/table.c ofchan/table.h \
	ofchan/tlv.c ofchan/tlv.h \
	ofchan/wire.h

# Connections and TLS.  Needs libofp and libbase, EVENT and SSL; client.c needs SSL alone.
noinst_LIBRARIES += ofchan/libofconn.a
ofchan_libofconn_a_SOURCES = \
	ofchan/client.c ofchan/client.h \
	ofchan/conn.c ofchan/conn.h \
	ofchan/conn_hello.c ofchan/conn_hello.h \
	ofchan/conn_io.c ofchan/conn_private.h \
	ofchan/listener.c ofchan/listener.h \
	ofchan/stream.c ofchan/stream.h \
	ofchan/tls.c ofchan/tls.h
