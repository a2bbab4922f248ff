# SPDX-License-Identifier: Apache-2.0
# examples/: for authors of controllers.
EXTRA_DIST += examples/learning_switch.py examples/distributed.sh examples/mesh_check.py
