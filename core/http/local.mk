# SPDX-License-Identifier: MIT
noinst_LIBRARIES += %D%/libhttp.a
%C%_libhttp_a_CPPFLAGS = $(CORE_INC) $(MHD_CFLAGS)
%C%_libhttp_a_SOURCES = \
	%D%/http.h %D%/internal.h %D%/listen.h \
	%D%/active.c %D%/answer.c %D%/auth.c %D%/handler.c %D%/listen.c \
	%D%/request.c %D%/route.c %D%/server.c %D%/system.c
