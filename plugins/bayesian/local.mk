# SPDX-License-Identifier: MIT
bayesian_sources = \
	%D%/bayesian.c \
	%D%/models.c %D%/models.h \
	%D%/acquisition.c %D%/acquisition.h \
	%D%/search.c \
	%D%/warp.c %D%/warp.h \
	%D%/gp.c %D%/gp.h
bayesian_libs = $(LAPACKE_LIBS) $(NLOPT_LIBS) -lm
plugin_LTLIBRARIES += %D%/bayesian.la
%C%_bayesian_la_SOURCES = $(bayesian_sources)
%C%_bayesian_la_CPPFLAGS = $(SDK_INC) $(LAPACKE_CFLAGS) $(NLOPT_CFLAGS)
%C%_bayesian_la_LDFLAGS = $(PLUGIN_LINK)
%C%_bayesian_la_LIBADD = $(bayesian_libs)
EXTRA_DIST += %D%/README.md
