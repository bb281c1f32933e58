# SPDX-License-Identifier: MIT
EXTRA_DIST += %D%/http_fake.h
if HAVE_CUNIT
HTTP_TESTS = %D%/http_test %D%/config_test
check_PROGRAMS += $(HTTP_TESTS)
TESTS += $(HTTP_TESTS)
%C%_http_test_SOURCES = %D%/http_test.c %D%/http_fake.c
%C%_http_test_CPPFLAGS = $(UNIT_INC) $(MHD_CFLAGS)
%C%_http_test_LDADD = core/http/libhttp.a $(STORE_LIBS) \
	$(MHD_LIBS) $(CUNIT_LIBS) -lpthread
%C%_config_test_CPPFLAGS = $(UNIT_INC)
%C%_config_test_LDADD = core/libdaemon.a core/work/libwork.a $(HOST_LIBS) \
	$(CRYPT_LIBS) $(BASE_LIBS) $(CUNIT_LIBS) -lpthread
endif
