# SPDX-License-Identifier: MIT
# Workers and the plugins in them are always the plain build: a sanitizer maps
# terabytes and opens files, which is what limits and sandbox forbid, and an
# instrumented plugin cannot be loaded by a plain worker.
#
# A build with --with-sanitizer therefore configures the same sources once more
# in plain/, without it, and makes the worker, the plugins and the zoo there.
# Plugins meet the sanitizers in-process: the .la files of the outer build are
# instrumented like everything else.
#
# Tests find them, in every kind of build, by the environment:
#   TT_WORKER      trimtab-worker
#   TT_PLUGIN_TOOL trimtab-plugin
#   TT_PLUGIN_DIR  the plugins of this tree, *.so in one folder: what a daemon
#                  of a test gets as its plugin directory
#   TT_ZOO_DIR     the zoo's *.so
TEST_PLACES = \
	TT_PLAIN_BUILDDIR='$(PLAIN_BUILDDIR)' \
	TT_WORKER='$(PLAIN_BUILDDIR)/trimtab-worker' \
	TT_PLUGIN_TOOL='$(PLAIN_BUILDDIR)/trimtab-plugin' \
	TT_PLUGIN_DIR='$(PLAIN_BUILDDIR)/plugins/built' \
	TT_ZOO_DIR='$(PLAIN_BUILDDIR)/tests/zoo/.libs'
if SANITIZER
PLAIN_BUILDDIR = $(abs_top_builddir)/plain
plain/Makefile: $(top_srcdir)/configure $(top_builddir)/config.status
	$(AM_V_GEN)$(MKDIR_P) plain && cd plain && \
	  eval "'$(abs_top_srcdir)/configure' `../config.status --config`" \
	    --without-sanitizer --quiet >configure.out 2>&1 || \
	  { tail configure.out; exit 1; }
plain-build: plain/Makefile
	$(AM_V_at)cd plain && $(MAKE) $(AM_MAKEFLAGS) plain-parts
all-local: plain-build
clean-local:
	test ! -f plain/Makefile || (cd plain && $(MAKE) clean)
distclean-local:
	rm -rf plain
else
PLAIN_BUILDDIR = $(abs_top_builddir)
all-local: plain-plugins
clean-local:
	rm -rf plugins/built
endif

# plugins/NAME/.libs/NAME.so, gathered in plugins/built.
plain-plugins: $(plugin_LTLIBRARIES)
	$(AM_V_at)$(MKDIR_P) plugins/built
	$(AM_V_at)for la in $(plugin_LTLIBRARIES); do \
	  so=`dirname $$la`/.libs/`basename $$la .la`.so; \
	  to=plugins/built/`basename $$so`; \
	  cmp -s $$so $$to || cp $$so $$to || exit 1; \
	done
plain-parts: plain-plugins $(check_LTLIBRARIES) trimtab-worker$(EXEEXT) \
  trimtab-plugin$(EXEEXT)
.PHONY: plain-build plain-plugins plain-parts
