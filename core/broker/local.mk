# SPDX-License-Identifier: MIT
noinst_LIBRARIES += %D%/libbroker.a
%C%_libbroker_a_CPPFLAGS = $(CORE_INC) $(CURL_CFLAGS)
%C%_libbroker_a_SOURCES = \
	%D%/broker.c %D%/broker.h \
	%D%/inside.h \
	%D%/policy.c \
	%D%/transfer.c \
	%D%/turn.c %D%/turn.h
# Stands before $(BASE_LIBS) on a link line.
BROKER_LIBS = %D%/libbroker.a $(CURL_LIBS)
