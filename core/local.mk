# SPDX-License-Identifier: MIT
include %D%/base/local.mk
include %D%/crypt/local.mk
include %D%/host/local.mk
include %D%/work/local.mk
include %D%/broker/local.mk
include %D%/engine/local.mk
include %D%/http/local.mk
