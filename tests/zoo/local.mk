# SPDX-License-Identifier: MIT
# The zoo: plugins that tests load. Never installed; -rpath makes libtool build
# a shared object of a check_ library.
EXTRA_DIST += %D%/zoo.h %D%/build %D%/exec/hostile.py
ZOO_INC = $(SDK_INC) -I$(top_srcdir)/tests/zoo
ZOO_LINK = $(PLUGIN_LINK) -rpath /nowhere
check_LTLIBRARIES += \
	%D%/zoo_adapter.la %D%/zoo_bad.la %D%/zoo_blas.la \
	%D%/zoo_cases.la %D%/zoo_constructor.la %D%/zoo_early.la \
	%D%/zoo_evil.la %D%/zoo_hill.la %D%/zoo_liar.la %D%/zoo_major.la \
	%D%/zoo_mismatch.la %D%/zoo_nonote.la %D%/zoo_state.la \
	%D%/zoo_unresolved.la %D%/zoo_worse.la
%C%_zoo_adapter_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_adapter_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_bad_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_bad_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_bad_la_LIBADD = -lm
%C%_zoo_blas_la_CPPFLAGS = $(ZOO_INC) $(LAPACKE_CFLAGS)
%C%_zoo_blas_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_blas_la_LIBADD = $(LAPACKE_LIBS) -lm
%C%_zoo_cases_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_cases_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_cases_la_LIBADD = -lm
%C%_zoo_constructor_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_constructor_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_evil_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_evil_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_hill_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_hill_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_hill_la_LIBADD = -lm
%C%_zoo_major_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_major_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_mismatch_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_mismatch_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_nonote_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_nonote_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_early_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_early_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_early_la_LIBADD = -lm
%C%_zoo_liar_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_liar_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_liar_la_LIBADD = -lm
%C%_zoo_state_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_state_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_state_la_LIBADD = -lm
%C%_zoo_worse_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_worse_la_LDFLAGS = $(ZOO_LINK)
%C%_zoo_worse_la_LIBADD = -lm
%C%_zoo_unresolved_la_CPPFLAGS = $(ZOO_INC)
%C%_zoo_unresolved_la_LDFLAGS = $(ZOO_LINK) -Wl,-z,undefs

# The animals for the checker: built by a script of their own, because each has
# a flaw in how it is compiled or linked. checked/NAME/NAME.so
ANIMALS = %D%/check/animals %D%/check/build %D%/check/faults.h \
	%D%/check/adapter.c %D%/check/strategy.c \
	%D%/check/b15-old/golden/state-v1.bin \
	%D%/check/l5-thread/plugin.json \
	%D%/check/s12-license/plugin.json %D%/check/s14-sum/plugin.json \
	%D%/check/s2-manifest/plugin.json %D%/check/u5-asks/plugin.json
EXTRA_DIST += $(ANIMALS)
check_DATA = %D%/checked/stamp
%D%/checked/stamp: $(ANIMALS) $(sdkinclude_HEADERS)
	$(AM_V_GEN)CC='$(CC)' CXX='$(CXX)' sh $(srcdir)/%D%/check/build \
	  %D%/checked && echo built >$@
mostlyclean-local:
	rm -rf %D%/checked
