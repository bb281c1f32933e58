# SPDX-License-Identifier: MIT
EXTRA_DIST += %D%/params.sh
BENCH_COMMANDS += '$(SHELL) $(abs_top_srcdir)/tests/bench/params.sh $(abs_top_builddir)'
