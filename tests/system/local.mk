# SPDX-License-Identifier: MIT
# System tests: shell scripts that speak TAP, against the real binaries.
EXTRA_DIST += \
	%D%/demo %D%/demo-data/dataset.json %D%/demo-data/target.json \
	%D%/lib.sh %D%/lib-climb.sh %D%/lib-orcheo.sh %D%/lib-zoo.sh %D%/scorer.py
SYSTEM_TESTS = %D%/layers.t %D%/t0100-demo.t %D%/t0110-cli.t %D%/t0120-no-plugins.t \
	%D%/t0200-sigkill.t %D%/t0210-push-crash.t \
	%D%/t0260-http-adapter.t %D%/t0300-bad-strategies.t %D%/t0310-hostile-zoo.t \
	%D%/t0320-sandbox-report.t %D%/t0330-zoo-killed.t %D%/t0340-hostile-exec.t %D%/t0440-canary.t %D%/t0460-move.t \
	%D%/t0900-orcheo.t %D%/t0910-orcheo-celery.t %D%/t0920-guide.t %D%/t0925-reference.t \
	%D%/t0930-docs.t
TESTS += $(SYSTEM_TESTS)
EXTRA_DIST += $(SYSTEM_TESTS)
# Reads at a steady rate beside whatever a test does.
check_PROGRAMS += %D%/reader
%C%_reader_CPPFLAGS = -D_GNU_SOURCE
