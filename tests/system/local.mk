# SPDX-License-Identifier: MIT
# System tests: shell scripts that speak TAP, against the real binaries.
EXTRA_DIST += \
	%D%/demo %D%/demo-data/dataset.json %D%/demo-data/target.json \
	%D%/lib.sh %D%/layers.t
TESTS += %D%/layers.t
