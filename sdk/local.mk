# SPDX-License-Identifier: MIT
sdkincludedir = $(includedir)/trimtab
sdkinclude_HEADERS = \
	%D%/include/trimtab/errors.h \
	%D%/include/trimtab/plugin.h \
	%D%/include/trimtab/strategy.h \
	%D%/include/trimtab/adapter.h \
	%D%/include/trimtab/random.h \
	%D%/include/trimtab/sobol.h \
	%D%/include/trimtab/cube.h \
	%D%/include/trimtab/asktell.h \
	%D%/include/trimtab/blocking.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/trimtab-sdk.pc
