# SPDX-License-Identifier: MIT
TESTS += %D%/t0400-plugin-check.t %D%/t0410-plugin-new.t %D%/t0420-plugin-replay.t %D%/t0430-plugin-add.t %D%/t0430-plugin-signing.t
EXTRA_DIST += %D%/t0400-plugin-check.t %D%/t0410-plugin-new.t %D%/t0420-plugin-replay.t %D%/t0430-plugin-add.t %D%/t0430-plugin-signing.t
