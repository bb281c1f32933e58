# SPDX-License-Identifier: MIT
noinst_LIBRARIES += %D%/libttcrypt.a
%C%_libttcrypt_a_CPPFLAGS = $(CORE_INC) $(SODIUM_CFLAGS)
%C%_libttcrypt_a_SOURCES = %D%/crypt.c %D%/crypt.h
CRYPT_LIBS = %D%/libttcrypt.a $(SODIUM_LIBS)
