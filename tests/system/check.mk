# SPDX-License-Identifier: MIT
TESTS += %D%/t0400-plugin-check.t %D%/t0410-plugin-new.t %D%/t0420-plugin-replay.t
EXTRA_DIST += %D%/t0400-plugin-check.t %D%/t0410-plugin-new.t %D%/t0420-plugin-replay.t
