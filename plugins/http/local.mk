# SPDX-License-Identifier: MIT
http_sources = %D%/http.h %D%/plugin.c %D%/answer.c %D%/client.c \
	%D%/collect.c %D%/config.c %D%/doctor.c %D%/json.c %D%/result.c \
	%D%/submit.c %D%/template.c
plugin_LTLIBRARIES += %D%/http.la
%C%_http_la_SOURCES = $(http_sources)
%C%_http_la_CPPFLAGS = $(SDK_INC) $(JSONC_CFLAGS)
%C%_http_la_LDFLAGS = $(PLUGIN_LINK)
%C%_http_la_LIBADD = $(JSONC_LIBS) -lm
EXTRA_DIST += %D%/README.md %D%/example.json
