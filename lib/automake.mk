# SPDX-License-Identifier: Apache-2.0
# lib/: base code with no knowledge of switches.
noinst_LIBRARIES += lib/libbase.a
lib_libbase_a_SOURCES = lib/buf.c lib/buf.h lib/log.c lib/log.h lib/mono.h lib/near.c lib/near.h
