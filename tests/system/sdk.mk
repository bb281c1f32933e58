# SPDX-License-Identifier: MIT
SDK_TESTS = %D%/t0210-sdk-headers.t %D%/t0215-abi-layout.t \
	%D%/t0216-abi-diff.t %D%/t0217-abi-released.t \
	%D%/t0220-plugin-exports.t
TESTS += $(SDK_TESTS)
EXTRA_DIST += $(SDK_TESTS)
