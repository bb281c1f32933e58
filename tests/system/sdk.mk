# SPDX-License-Identifier: MIT
TESTS += %D%/t0200-sdk-headers.t
EXTRA_DIST += %D%/t0200-sdk-headers.t
