# SPDX-License-Identifier: Apache-2.0
# model/: fields, matches, actions, flows as plain data, and their text forms.
noinst_LIBRARIES += model/libmodel.a
model_libmodel_a_SOURCES = \
	model/action.c model/action.h \
	model/field.c model/field.h \
	model/flow.h \
	model/match.c model/match.h
