# SPDX-License-Identifier: MIT
if HAVE_CUNIT
CHECK_TESTS = %D%/check_elf_test %D%/check_manifest_test %D%/check_parts_test
check_PROGRAMS += $(CHECK_TESTS)
TESTS += $(CHECK_TESTS)
CHECK_TEST_LIBS = core/check/libcheck.a $(HOST_LIBS) $(CRYPT_LIBS) \
	$(BASE_LIBS) $(CUNIT_LIBS)
%C%_check_elf_test_CPPFLAGS = $(UNIT_INC)
%C%_check_elf_test_LDADD = $(CHECK_TEST_LIBS)
%C%_check_manifest_test_CPPFLAGS = $(UNIT_INC)
%C%_check_manifest_test_LDADD = $(CHECK_TEST_LIBS)
%C%_check_parts_test_CPPFLAGS = $(UNIT_INC)
%C%_check_parts_test_LDADD = $(CHECK_TEST_LIBS)
endif
