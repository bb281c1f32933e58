# SPDX-License-Identifier: MIT
EXTRA_DIST += %D%/codec_samples.h %D%/signer.h
if HAVE_CUNIT
HOST_TESTS = \
	%D%/arena_test \
	%D%/catalog_test \
	%D%/codec_test \
	%D%/exec_codec_test \
	%D%/frame_test \
	%D%/grant_test \
	%D%/note_test \
	%D%/session_adapter_test \
	%D%/session_test \
	%D%/trust_test
check_PROGRAMS += $(HOST_TESTS)
TESTS += $(HOST_TESTS)
HOST_TEST_LIBS = $(HOST_LIBS) $(BASE_LIBS) $(CUNIT_LIBS)
%C%_arena_test_CPPFLAGS = $(UNIT_INC)
%C%_arena_test_LDADD = $(HOST_TEST_LIBS)
%C%_catalog_test_CPPFLAGS = $(UNIT_INC)
%C%_catalog_test_LDADD = $(HOST_LIBS) $(CRYPT_LIBS) $(BASE_LIBS) $(CUNIT_LIBS)
%C%_codec_test_CPPFLAGS = $(UNIT_INC)
%C%_codec_test_LDADD = $(HOST_TEST_LIBS)
%C%_exec_codec_test_CPPFLAGS = $(UNIT_INC)
%C%_exec_codec_test_LDADD = $(HOST_TEST_LIBS)
%C%_frame_test_CPPFLAGS = $(UNIT_INC)
%C%_frame_test_LDADD = $(HOST_TEST_LIBS)
%C%_note_test_CPPFLAGS = $(UNIT_INC)
%C%_note_test_LDADD = $(HOST_TEST_LIBS)
%C%_session_adapter_test_CPPFLAGS = $(UNIT_INC)
%C%_session_adapter_test_LDADD = $(HOST_TEST_LIBS)
%C%_session_test_CPPFLAGS = $(UNIT_INC)
%C%_session_test_LDADD = $(HOST_TEST_LIBS)
%C%_trust_test_CPPFLAGS = $(UNIT_INC)
%C%_trust_test_LDADD = $(HOST_LIBS) $(CRYPT_LIBS) $(BASE_LIBS) $(CUNIT_LIBS)
%C%_grant_test_CPPFLAGS = $(UNIT_INC)
%C%_grant_test_LDADD = $(HOST_TEST_LIBS)
endif
