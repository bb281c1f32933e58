# SPDX-License-Identifier: MIT
# The machinery of `trimtab plugin check`; linked into trimtab-plugin alone.
noinst_LIBRARIES += %D%/libcheck.a
%C%_libcheck_a_CPPFLAGS = $(CORE_INC)
%C%_libcheck_a_SOURCES = \
	%D%/check.h %D%/check_in.h %D%/checks.h %D%/child.h %D%/elf.h \
	%D%/manifest.h \
	%D%/elf.c %D%/imports.c %D%/main.c %D%/manifest.c %D%/one.c \
	%D%/report.c %D%/run.c %D%/static.c %D%/static_hash.c %D%/table.c
