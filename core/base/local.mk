# SPDX-License-Identifier: MIT
noinst_LIBRARIES += %D%/libbase.a
%C%_libbase_a_CPPFLAGS = $(CORE_INC)
%C%_libbase_a_SOURCES = \
	%D%/arena.c %D%/arena.h \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/err.c %D%/err.h \
	%D%/fs.c %D%/fs.h \
	%D%/json.c %D%/json.h %D%/json_canonical.c %D%/json_number.c %D%/json_scan.c \
	%D%/log.c %D%/log.h \
	%D%/loop.c %D%/loop.h \
	%D%/mem.c %D%/mem.h \
	%D%/schema.c %D%/schema.h \
	%D%/wire.c %D%/wire.h
# What a program that links libbase.a puts behind its own libraries.
BASE_LIBS = %D%/libbase.a $(JSONC_LIBS) -lm
