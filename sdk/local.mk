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

# Plugins in Python, ready to be copied: docs/exec-plugins.md
sdkexamplesdir = $(pkgdatadir)/sdk/examples
dist_sdkexamples_DATA = %D%/examples/trimtab_exec.py
sdkclimbdir = $(sdkexamplesdir)/climb
dist_sdkclimb_DATA = %D%/examples/climb/plugin.json \
	%D%/examples/climb/sampler.py %D%/examples/climb/trimtab_exec.py
sdkoptunadir = $(sdkexamplesdir)/optuna
dist_sdkoptuna_DATA = %D%/examples/optuna/plugin.json \
	%D%/examples/optuna/sampler.py %D%/examples/optuna/trimtab_exec.py
sdkfunctiondir = $(sdkexamplesdir)/function
dist_sdkfunction_DATA = %D%/examples/function/plugin.json \
	%D%/examples/function/evaluate.py %D%/examples/function/trimtab_exec.py

# What holds the ABI: a folder, because each release adds one. docs/abi.md
EXTRA_DIST += %D%/abi
