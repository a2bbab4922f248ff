# SPDX-License-Identifier: Apache-2.0
# model/: fields, matches, actions, flows as plain data, and their text forms.
noinst_LIBRARIES += model/libmodel.a
model_libmodel_a_SOURCES = \
	model/action.c model/action.h \
	model/field.c model/field.h \
	model/flow.h \
	model/group.c model/group.h \
	model/match.c model/match.h \
	model/tlv.h \
	model/tunnel.c model/tunnel.h \
	model/text.h model/text_private.h model/text_action.c model/text_format.c \
	model/text_group.c model/text_lex.c model/text_match.c model/text_meter.c model/text_parse.c model/text_tlv.c model/text_value.c
