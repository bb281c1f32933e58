# SPDX-License-Identifier: MIT
sdkincludedir = $(includedir)/trimtab
sdkinclude_HEADERS = \
	%D%/include/trimtab/errors.h \
	%D%/include/trimtab/plugin.h \
	%D%/include/trimtab/strategy.h \
	%D%/include/trimtab/mock.h \
	%D%/include/trimtab/trimtab.hpp \
	%D%/include/trimtab/adapter.h \
	%D%/include/trimtab/random.h \
	%D%/include/trimtab/sobol.h \
	%D%/include/trimtab/cube.h \
	%D%/include/trimtab/asktell.h \
	%D%/include/trimtab/blocking.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/trimtab-sdk.pc

# What `trimtab plugin new` copies.
sdktemplatedir = $(pkgdatadir)/sdk/template
dist_sdktemplate_DATA = \
	%D%/template/Makefile %D%/template/README.md %D%/template/plugin.json \
	%D%/template/LICENSE \
	%D%/template/strategy.c %D%/template/strategy.cc \
	%D%/template/test_strategy.c %D%/template/golden-strategy.log \
	%D%/template/adapter.c %D%/template/adapter.cc \
	%D%/template/test_adapter.c %D%/template/golden-adapter.log

# What makes docs/plugin-reference.md.
EXTRA_DIST += %D%/reference/reference.py %D%/reference/reference.in

# What holds the ABI: a folder, because each release adds one. docs/abi.md
EXTRA_DIST += %D%/abi
