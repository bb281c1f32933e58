# SPDX-License-Identifier: MIT
if HAVE_CUNIT
BASE_TESTS = \
	%D%/buf_test \
	%D%/clock_test \
	%D%/err_test \
	%D%/fs_test \
	%D%/crypt_test \
	%D%/json_number_test \
	%D%/json_scan_test \
	%D%/json_test \
	%D%/schema_test \
	%D%/log_test \
	%D%/loop_test \
	%D%/wire_test
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
BASE_TEST_LIBS = $(BASE_LIBS) $(CUNIT_LIBS)
%C%_buf_test_CPPFLAGS = $(UNIT_INC)
%C%_buf_test_LDADD = $(BASE_TEST_LIBS)
%C%_clock_test_CPPFLAGS = $(UNIT_INC)
%C%_clock_test_LDADD = $(BASE_TEST_LIBS)
%C%_err_test_CPPFLAGS = $(UNIT_INC)
%C%_err_test_LDADD = $(BASE_TEST_LIBS)
%C%_fs_test_CPPFLAGS = $(UNIT_INC)
%C%_fs_test_LDADD = $(BASE_TEST_LIBS)
%C%_log_test_CPPFLAGS = $(UNIT_INC)
%C%_log_test_LDADD = $(BASE_TEST_LIBS)
%C%_loop_test_CPPFLAGS = $(UNIT_INC)
%C%_loop_test_LDADD = $(BASE_TEST_LIBS)
%C%_wire_test_CPPFLAGS = $(UNIT_INC)
%C%_wire_test_LDADD = $(BASE_TEST_LIBS)
%C%_crypt_test_CPPFLAGS = $(UNIT_INC)
%C%_crypt_test_LDADD = $(CRYPT_LIBS) $(BASE_TEST_LIBS)
%C%_json_number_test_CPPFLAGS = $(UNIT_INC)
%C%_json_number_test_LDADD = $(BASE_TEST_LIBS)
%C%_json_scan_test_CPPFLAGS = $(UNIT_INC)
%C%_json_scan_test_LDADD = $(BASE_TEST_LIBS)
%C%_json_test_CPPFLAGS = $(UNIT_INC)
%C%_json_test_LDADD = $(BASE_TEST_LIBS)
%C%_schema_test_CPPFLAGS = $(UNIT_INC)
%C%_schema_test_LDADD = $(BASE_TEST_LIBS)
endif
