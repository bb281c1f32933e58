# SPDX-License-Identifier: MIT
include %D%/sdk.mk
