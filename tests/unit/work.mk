# SPDX-License-Identifier: MIT
EXTRA_DIST += %D%/worker_rig.h
if HAVE_CUNIT
WORK_TESTS = %D%/work_test %D%/work_zoo_test %D%/sandbox_report_test %D%/exec_test
check_PROGRAMS += $(WORK_TESTS)
TESTS += $(WORK_TESTS)
WORK_TEST_LIBS = $(WORK_LIBS) $(HOST_LIBS) $(BASE_LIBS) $(CUNIT_LIBS)
%C%_work_test_CPPFLAGS = $(UNIT_INC)
%C%_work_test_LDADD = $(WORK_TEST_LIBS)
%C%_exec_test_CPPFLAGS = $(UNIT_INC)
%C%_exec_test_LDADD = $(WORK_TEST_LIBS)
%C%_sandbox_report_test_CPPFLAGS = $(UNIT_INC)
%C%_sandbox_report_test_LDADD = $(WORK_TEST_LIBS)
%C%_work_zoo_test_CPPFLAGS = $(UNIT_INC)
%C%_work_zoo_test_LDADD = $(WORK_TEST_LIBS)
endif
