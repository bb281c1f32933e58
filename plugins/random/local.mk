# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/random.la
%C%_random_la_SOURCES = %D%/random.c
%C%_random_la_CPPFLAGS = $(SDK_INC)
%C%_random_la_LDFLAGS = $(PLUGIN_LINK)
%C%_random_la_LIBADD = -lm
EXTRA_DIST += %D%/README.md
