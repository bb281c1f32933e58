# SPDX-License-Identifier: MIT
noinst_LIBRARIES += %D%/libhost.a
%C%_libhost_a_CPPFLAGS = $(CORE_INC) $(SECCOMP_CFLAGS)
%C%_libhost_a_SOURCES = \
	%D%/fault.h %D%/fault.c \
	%D%/catalog.h %D%/catalog_folder.h %D%/codec.h %D%/codec_wire.h %D%/exec.h %D%/exec_in.h %D%/frame.h %D%/grant.h \
	%D%/host.h %D%/manifest.h %D%/minisign.h %D%/sandbox.h \
	%D%/sandbox_in.h %D%/serve.h %D%/session_in.h %D%/trust.h %D%/trust_keys.h \
	%D%/codec_action.c %D%/codec_adapter.c %D%/codec_config.c \
	%D%/codec_event.c %D%/codec_service.c %D%/codec_space.c \
	%D%/catalog.c %D%/catalog_folder.c %D%/codec_wire.c %D%/describe.c \
	%D%/exec.c %D%/exec_adapter.c %D%/exec_child.c %D%/exec_decode.c \
	%D%/exec_encode.c %D%/exec_manifest.c %D%/exec_process.c \
	%D%/exec_strategy.c %D%/frame.c %D%/grant.c \
	%D%/load.c %D%/manifest.c %D%/minisign.c %D%/note.c \
	%D%/refs.c %D%/sandbox.c %D%/sandbox_landlock.c \
	%D%/sandbox_seccomp.c %D%/serve.c %D%/session.c %D%/session_adapter.c %D%/session_strategy.c \
	%D%/trust.c %D%/trust_keys.c
# What a program that links libhost.a puts before $(BASE_LIBS).
HOST_LIBS = %D%/libhost.a $(LTDL_LIBS) $(SECCOMP_LIBS)
