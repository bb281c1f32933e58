# SPDX-License-Identifier: MIT
if HAVE_CUNIT
BASE_TESTS = \
	%D%/buf_test \
	%D%/clock_test \
	%D%/err_test \
	%D%/fs_test \
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
endif
