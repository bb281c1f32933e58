# SPDX-License-Identifier: MIT
EXTRA_DIST += %D%/broker_server.h
if HAVE_CUNIT
BROKER_TESTS = %D%/broker_test %D%/broker_queue_test
check_PROGRAMS += $(BROKER_TESTS)
TESTS += $(BROKER_TESTS)
%C%_broker_test_CPPFLAGS = $(UNIT_INC)
%C%_broker_test_LDADD = $(BROKER_LIBS) $(BASE_LIBS) $(CUNIT_LIBS)
%C%_broker_queue_test_CPPFLAGS = $(UNIT_INC) $(CURL_CFLAGS)
%C%_broker_queue_test_LDADD = $(BROKER_LIBS) $(BASE_LIBS) $(CUNIT_LIBS)
endif
