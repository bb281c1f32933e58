# SPDX-License-Identifier: MIT
# The SDK's header helpers and the plugins of this tree, in-process.
EXTRA_DIST += %D%/strategy_mock.h %D%/plugin_spaces.h
if HAVE_CUNIT
plugin_unit_tests = %D%/random_header_test %D%/cube_test %D%/asktell_test \
	%D%/blocking_test
check_PROGRAMS += $(plugin_unit_tests)
TESTS += $(plugin_unit_tests)
endif
%C%_random_header_test_SOURCES = %D%/random_header_test.c
%C%_random_header_test_CPPFLAGS = $(UNIT_INC)
%C%_random_header_test_LDADD = $(CUNIT_LIBS) -lm
%C%_cube_test_SOURCES = %D%/cube_test.c
%C%_cube_test_CPPFLAGS = $(UNIT_INC)
%C%_cube_test_LDADD = $(CUNIT_LIBS) -lm
%C%_asktell_test_SOURCES = %D%/asktell_test.c
%C%_asktell_test_CPPFLAGS = $(UNIT_INC)
%C%_asktell_test_LDADD = $(CUNIT_LIBS) -lm
%C%_blocking_test_SOURCES = %D%/blocking_test.c
%C%_blocking_test_CPPFLAGS = $(UNIT_INC)
%C%_blocking_test_LDADD = $(CUNIT_LIBS) -lm

if HAVE_CUNIT
plugin_tests = %D%/plugin_random_test %D%/plugin_sobol_test \
	%D%/plugin_bayesian_test
check_PROGRAMS += $(plugin_tests)
TESTS += $(plugin_tests)
endif
%C%_plugin_random_test_SOURCES = %D%/plugin_random_test.c \
	plugins/random/random.c
%C%_plugin_random_test_CPPFLAGS = $(UNIT_INC)
%C%_plugin_random_test_LDADD = $(CUNIT_LIBS) -lm
%C%_plugin_sobol_test_SOURCES = %D%/plugin_sobol_test.c plugins/sobol/sobol.c
%C%_plugin_sobol_test_CPPFLAGS = $(UNIT_INC)
%C%_plugin_sobol_test_LDADD = $(CUNIT_LIBS) -lm

# The adapter for Orcheo, on recorded answers.
EXTRA_DIST += %D%/orcheo_mock.h
if HAVE_CUNIT
orcheo_tests = %D%/plugin_orcheo_test %D%/plugin_orcheo_runs_test \
	%D%/plugin_orcheo_admin_test
check_PROGRAMS += $(orcheo_tests)
TESTS += $(orcheo_tests)
endif
%C%_plugin_orcheo_test_SOURCES = %D%/plugin_orcheo_test.c $(orcheo_sources)
%C%_plugin_orcheo_test_CPPFLAGS = $(UNIT_INC)
%C%_plugin_orcheo_test_LDADD = $(CUNIT_LIBS) $(JSONC_LIBS) -lm
%C%_plugin_orcheo_runs_test_SOURCES = %D%/plugin_orcheo_runs_test.c \
	$(orcheo_sources)
%C%_plugin_orcheo_runs_test_CPPFLAGS = $(UNIT_INC)
%C%_plugin_orcheo_runs_test_LDADD = $(CUNIT_LIBS) $(JSONC_LIBS) -lm
%C%_plugin_orcheo_admin_test_SOURCES = %D%/plugin_orcheo_admin_test.c \
	$(orcheo_sources)
%C%_plugin_orcheo_admin_test_CPPFLAGS = $(UNIT_INC)
%C%_plugin_orcheo_admin_test_LDADD = $(CUNIT_LIBS) $(JSONC_LIBS) -lm

# The adapter for any JSON endpoint.
EXTRA_DIST += %D%/http_plugin_mock.h
if HAVE_CUNIT
http_plugin_tests = %D%/plugin_http_test %D%/plugin_http_jobs_test
check_PROGRAMS += $(http_plugin_tests)
TESTS += $(http_plugin_tests)
endif
%C%_plugin_http_test_SOURCES = %D%/plugin_http_test.c $(http_sources)
%C%_plugin_http_test_CPPFLAGS = $(UNIT_INC)
%C%_plugin_http_test_LDADD = $(CUNIT_LIBS) $(JSONC_LIBS) -lm
%C%_plugin_http_jobs_test_SOURCES = %D%/plugin_http_jobs_test.c \
	$(http_sources)
%C%_plugin_http_jobs_test_CPPFLAGS = $(UNIT_INC)
%C%_plugin_http_jobs_test_LDADD = $(CUNIT_LIBS) $(JSONC_LIBS) -lm

%C%_plugin_bayesian_test_SOURCES = %D%/plugin_bayesian_test.c \
	$(bayesian_sources)
%C%_plugin_bayesian_test_CPPFLAGS = $(UNIT_INC) $(LAPACKE_CFLAGS) \
	$(NLOPT_CFLAGS)
%C%_plugin_bayesian_test_LDADD = $(CUNIT_LIBS) $(bayesian_libs)

if HAVE_CUNIT
check_PROGRAMS += %D%/zoo_cases_test
TESTS += %D%/zoo_cases_test
endif
%C%_zoo_cases_test_SOURCES = %D%/zoo_cases_test.c tests/zoo/zoo_cases.c
%C%_zoo_cases_test_CPPFLAGS = $(UNIT_INC)
%C%_zoo_cases_test_LDADD = $(CUNIT_LIBS) -lm
