# SPDX-License-Identifier: MIT
# Every test speaks TAP; tests/summary adds them up.
TEST_EXTENSIONS = .t
AM_TESTS_ENVIRONMENT = export \
	TT_TOP_SRCDIR='$(abs_top_srcdir)' TT_TOP_BUILDDIR='$(abs_top_builddir)' \
	$(TEST_PLACES) \
	ASAN_OPTIONS=detect_leaks=1 \
	TSAN_OPTIONS=suppressions='$(abs_top_srcdir)/tests/tsan.supp' \
	OPENBLAS_NUM_THREADS=1;
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
T_LOG_DRIVER = $(LOG_DRIVER)
T_LOG_COMPILER = $(SHELL)
UNIT_INC = $(CORE_INC) $(CUNIT_CFLAGS)
include %D%/plain.mk
include %D%/unit/local.mk
include %D%/system/local.mk
include %D%/system/sdk.mk
include %D%/system/host.mk
include %D%/system/check.mk
include %D%/zoo/local.mk
include %D%/orcheo/local.mk
include %D%/bench/local.mk
include %D%/fuzz/local.mk

# Parts of the suite: every program of units; those where threads meet.
check-unit:
	$(AM_V_at)$(MAKE) check TESTS="`echo $(TESTS) | tr ' ' '\n' | \
	  grep '_test$$' | tr '\n' ' '`"
check-threads:
	$(AM_V_at)$(MAKE) check TESTS="`echo $(TESTS) | tr ' ' '\n' | \
	  grep -E '/(http|store_memory|store_rocksdb|store_threads|broker|work|loop|engine[a-z_]*)_test$$' | \
	  tr '\n' ' '`"
.PHONY: check-unit check-threads
EXTRA_DIST += %D%/summary %D%/tsan.supp
