# SPDX-License-Identifier: MIT
# A program that links libhost.a also links libbase.a and $(HOST_LIBS): ltdl
# where it loads plugins, seccomp where it sandboxes or probes.
HOST_LIBS = $(SECCOMP_LIBS) $(LTDL_LIBS)
noinst_LIBRARIES += %D%/libhost.a
%C%_libhost_a_CPPFLAGS = $(CORE_INC) $(SECCOMP_CFLAGS)
%C%_libhost_a_SOURCES = \
	%D%/catalog.h %D%/codec.h %D%/codec_wire.h %D%/frame.h %D%/host.h \
	%D%/sandbox.h \
	%D%/codec_action.c %D%/codec_adapter.c %D%/codec_config.c \
	%D%/codec_event.c %D%/codec_service.c %D%/codec_space.c \
	%D%/codec_wire.c %D%/frame.c
