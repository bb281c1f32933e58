# SPDX-License-Identifier: MIT
TESTS += %D%/t0250-plugin-run.t
EXTRA_DIST += %D%/t0250-plugin-run.t
