# SPDX-License-Identifier: MIT
EXTRA_PROGRAMS += %D%/store
BENCH_TOOLS += %D%/store
BENCH_COMMANDS += %D%/store
%C%_store_SOURCES = %D%/store.c
%C%_store_CPPFLAGS = $(CORE_INC)
%C%_store_LDADD = $(STORE_LIBS)
