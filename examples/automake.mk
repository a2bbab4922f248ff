# SPDX-License-Identifier: Apache-2.0
# examples/: for authors of controllers.
EXTRA_DIST += examples/learning_switch.py examples/overlay.py examples/distributed.sh examples/mesh_check.py
# A process that is a port: docs/socket.md.
noinst_PROGRAMS += examples/socket_echo
examples_socket_echo_SOURCES = examples/socket_echo.c
