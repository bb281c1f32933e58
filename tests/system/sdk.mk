# SPDX-License-Identifier: MIT
TESTS += %D%/t0210-sdk-headers.t %D%/t0220-plugin-exports.t
EXTRA_DIST += %D%/t0210-sdk-headers.t %D%/t0220-plugin-exports.t
