# SPDX-License-Identifier: MIT
# The machinery of `trimtab plugin check`; linked into trimtab-plugin alone.
noinst_LIBRARIES += %D%/libcheck.a
%C%_libcheck_a_CPPFLAGS = $(CORE_INC)
%C%_libcheck_a_SOURCES = \
	%D%/adapt.h %D%/check.h %D%/check_in.h %D%/checks.h %D%/child.h \
	%D%/drive.h %D%/elf.h %D%/hook.h %D%/play.h \
	%D%/problem.h %D%/process_state.h %D%/recording.h %D%/remote.h %D%/shim.h \
	%D%/skew.h %D%/subject.h %D%/world.h \
	%D%/adapt.c %D%/behave_adapter.c %D%/behave_faults.c \
	%D%/behave_memory.c %D%/behave_open.c %D%/behave_replay.c %D%/behave_same.c \
	%D%/behave_state.c %D%/behave_steps.c %D%/behave_upgrade.c %D%/config_draw.c %D%/drive.c \
	%D%/elf.c %D%/hook.c %D%/imports.c %D%/loading.c %D%/main.c \
	%D%/one.c %D%/play.c %D%/problem.c \
	%D%/process_state.c %D%/recording.c %D%/remote.c %D%/report.c %D%/run.c \
	%D%/sandboxed.c %D%/sanitized.c %D%/shim.c %D%/skew.c %D%/soak.c \
	%D%/static.c %D%/static_hash.c %D%/subject.c %D%/table.c %D%/world.c
