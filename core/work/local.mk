# SPDX-License-Identifier: MIT
noinst_LIBRARIES += %D%/libwork.a
%C%_libwork_a_CPPFLAGS = $(CORE_INC)
%C%_libwork_a_SOURCES = \
	%D%/work.h %D%/work_in.h \
	%D%/bury.c %D%/chatter.c %D%/crashes.c %D%/frames.c \
	%D%/spawner.c %D%/work.c %D%/worker.c
# What a program that links libwork.a puts before $(HOST_LIBS).
WORK_LIBS = %D%/libwork.a
