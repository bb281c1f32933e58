# SPDX-License-Identifier: MIT
TESTS += %D%/t0400-plugin-check.t
EXTRA_DIST += %D%/t0400-plugin-check.t
