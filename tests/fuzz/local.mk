# SPDX-License-Identifier: MIT
# Fuzz targets that also run as tests.
EXTRA_DIST += %D%/fuzz.h
FUZZ_TESTS = %D%/fuzz_json %D%/fuzz_codec %D%/fuzz_bridge
check_PROGRAMS += $(FUZZ_TESTS)
TESTS += $(FUZZ_TESTS)
%C%_fuzz_json_SOURCES = %D%/fuzz_json.c %D%/fuzz_main.c
%C%_fuzz_json_CPPFLAGS = $(CORE_INC)
%C%_fuzz_json_LDADD = $(BASE_LIBS)
%C%_fuzz_codec_SOURCES = %D%/fuzz_codec.c %D%/fuzz_main.c
%C%_fuzz_codec_CPPFLAGS = $(CORE_INC)
%C%_fuzz_codec_LDADD = $(HOST_LIBS) $(BASE_LIBS)
%C%_fuzz_bridge_SOURCES = %D%/fuzz_bridge.c %D%/fuzz_main.c
%C%_fuzz_bridge_CPPFLAGS = $(CORE_INC)
%C%_fuzz_bridge_LDADD = $(ENGINE_PURE_LIBS)
