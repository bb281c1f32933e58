# SPDX-License-Identifier: MIT
orcheo_sources = %D%/orcheo.h %D%/doctor.h %D%/plugin.c %D%/admin.c \
	%D%/client.c %D%/collect.c %D%/config.c %D%/dispatch.c %D%/doctor.c \
	%D%/draft.c %D%/find.c %D%/item.c %D%/json.c %D%/params.c %D%/quota.c \
	%D%/run.c %D%/slots.c %D%/target.c %D%/trial.c
plugin_LTLIBRARIES += %D%/orcheo.la
%C%_orcheo_la_SOURCES = $(orcheo_sources)
%C%_orcheo_la_CPPFLAGS = $(SDK_INC) $(JSONC_CFLAGS)
%C%_orcheo_la_LDFLAGS = $(PLUGIN_LINK)
%C%_orcheo_la_LIBADD = $(JSONC_LIBS) -lm
EXTRA_DIST += %D%/README.md
