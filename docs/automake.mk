# SPDX-License-Identifier: Apache-2.0
# docs/: manual pages and what explains the project.
dist_man_MANS += docs/skepctl.8 docs/skepd.8
EXTRA_DIST += $(wildcard $(top_srcdir)/docs/*.md) $(wildcard $(top_srcdir)/docs/plots/*.svg)
