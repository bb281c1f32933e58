# SPDX-License-Identifier: MIT
if HAVE_CUNIT
STORE_TESTS = \
	%D%/store_memory_test \
	%D%/store_rocksdb_test \
	%D%/store_threads_test \
	%D%/store_parts_test \
	%D%/store_tools_test \
	%D%/store_damage_test \
	%D%/store_crash_test
check_PROGRAMS += $(STORE_TESTS)
TESTS += $(STORE_TESTS)
STORE_TEST_LIBS = $(STORE_LIBS) $(CUNIT_LIBS)
STORE_HELPER = %D%/store_helper.c %D%/store_helper.h
%C%_store_memory_test_SOURCES = %D%/store_memory_test.c \
	%D%/store_contract.c %D%/store_contract.h \
	%D%/store_contract_domain.c $(STORE_HELPER)
%C%_store_memory_test_CPPFLAGS = $(UNIT_INC)
%C%_store_memory_test_LDADD = $(STORE_TEST_LIBS)
%C%_store_rocksdb_test_SOURCES = %D%/store_rocksdb_test.c \
	%D%/store_contract.c %D%/store_contract.h \
	%D%/store_contract_domain.c $(STORE_HELPER)
%C%_store_rocksdb_test_CPPFLAGS = $(UNIT_INC)
%C%_store_rocksdb_test_LDADD = $(STORE_TEST_LIBS)
%C%_store_threads_test_SOURCES = %D%/store_threads_test.c $(STORE_HELPER)
%C%_store_threads_test_CPPFLAGS = $(UNIT_INC)
%C%_store_threads_test_LDADD = $(STORE_TEST_LIBS)
%C%_store_parts_test_SOURCES = %D%/store_parts_test.c $(STORE_HELPER)
%C%_store_parts_test_CPPFLAGS = $(UNIT_INC)
%C%_store_parts_test_LDADD = $(STORE_TEST_LIBS)
%C%_store_tools_test_SOURCES = %D%/store_tools_test.c $(STORE_HELPER)
%C%_store_tools_test_CPPFLAGS = $(UNIT_INC)
%C%_store_tools_test_LDADD = $(STORE_TEST_LIBS)
%C%_store_damage_test_SOURCES = %D%/store_damage_test.c $(STORE_HELPER)
%C%_store_damage_test_CPPFLAGS = $(UNIT_INC)
%C%_store_damage_test_LDADD = $(STORE_TEST_LIBS)
%C%_store_crash_test_SOURCES = %D%/store_crash_test.c $(STORE_HELPER)
%C%_store_crash_test_CPPFLAGS = $(UNIT_INC)
%C%_store_crash_test_LDADD = $(STORE_TEST_LIBS)
# Preloaded by the test; -rpath makes libtool build a shared object.
check_LTLIBRARIES += %D%/store_powercut.la
%C%_store_powercut_la_SOURCES = %D%/store_powercut.c
%C%_store_powercut_la_CFLAGS = $(TT_CFLAGS)
%C%_store_powercut_la_LDFLAGS = -module -shared -avoid-version -rpath /nowhere
%C%_store_powercut_la_LIBADD = -ldl
endif
