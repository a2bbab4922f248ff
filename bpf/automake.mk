# SPDX-License-Identifier: Apache-2.0
# bpf/: what runs per packet.  BPF_SKELETONS: FOLDER/NAME.skel.h is made of FOLDER/NAME.bpf.c by the rules
# in Makefile.am.  The program and its headers go into EXTRA_DIST.
BPF_SKELETONS =
EXTRA_DIST +=
