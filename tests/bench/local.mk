# SPDX-License-Identifier: MIT
# `make bench` prints one JSON line a figure. A fragment adds its programs to
# BENCH_TOOLS and a command line, quoted, to BENCH_COMMANDS.
BENCH_TOOLS =
BENCH_COMMANDS =
include %D%/strategies.mk
include %D%/store.mk
include %D%/worker.mk
include %D%/params.mk
bench: all $(BENCH_TOOLS) $(check_LTLIBRARIES)
	@export $(TEST_PLACES) OPENBLAS_NUM_THREADS=1; \
	for command in $(BENCH_COMMANDS); do \
	  sh -c "$$command" || exit 1; \
	done
.PHONY: bench
