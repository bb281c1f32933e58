# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/sobol.la
%C%_sobol_la_SOURCES = %D%/sobol.c
%C%_sobol_la_CPPFLAGS = $(SDK_INC)
%C%_sobol_la_LDFLAGS = $(PLUGIN_LINK)
%C%_sobol_la_LIBADD = -lm
EXTRA_DIST += %D%/README.md
