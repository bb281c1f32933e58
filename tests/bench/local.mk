# SPDX-License-Identifier: MIT
include %D%/strategies.mk
