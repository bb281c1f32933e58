# SPDX-License-Identifier: MIT
noinst_LIBRARIES += %D%/libstore.a
%C%_libstore_a_CPPFLAGS = $(CORE_INC) $(ROCKSDB_CFLAGS)
%C%_libstore_a_SOURCES = \
	%D%/anchor.c %D%/anchor.h \
	%D%/apply.c %D%/apply.h \
	%D%/apply_move.c %D%/apply_move.h \
	%D%/audit.c %D%/audit.h \
	%D%/batch.c %D%/batch.h \
	%D%/check.c \
	%D%/copy.c \
	%D%/dump.c %D%/dump.h \
	%D%/internal.h \
	%D%/key.c %D%/key.h \
	%D%/kv.h \
	%D%/kv_memory.c \
	%D%/kv_rocksdb.c \
	%D%/load.c \
	%D%/meta.c %D%/meta.h \
	%D%/pending.c %D%/pending.h \
	%D%/pointer.c %D%/pointer.h \
	%D%/record.c %D%/record.h \
	%D%/stat.c \
	%D%/store.c %D%/store.h \
	%D%/store_tool.c %D%/store_tool.h \
	%D%/view.c %D%/view.h \
	%D%/writer.c %D%/writer.h
# What a program that links the store puts behind its own libraries.
STORE_LIBS = %D%/libstore.a $(CRYPT_LIBS) $(BASE_LIBS) $(ROCKSDB_LIBS) -lpthread
