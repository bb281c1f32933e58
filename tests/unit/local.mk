# SPDX-License-Identifier: MIT
# One fragment per area, so that areas do not edit each other's lines.
EXTRA_DIST += %D%/tap.h
include %D%/base.mk
include %D%/store.mk
include %D%/host.mk
include %D%/work.mk
include %D%/broker.mk
include %D%/engine.mk
include %D%/http.mk
include %D%/plugins.mk
include %D%/check.mk
