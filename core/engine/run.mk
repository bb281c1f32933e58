# SPDX-License-Identifier: MIT
# The runs: the pure machine (run*), and what moves it.
%C%_libengine_a_SOURCES += \
	%D%/run.c %D%/run.h %D%/run_impl.h \
	%D%/run_actions.c %D%/run_call.c %D%/run_candidate.c %D%/run_doc.c \
	%D%/run_gate.c %D%/run_inert.c %D%/run_job.c %D%/run_llm.c \
	%D%/run_load.c %D%/run_log.c %D%/run_open.c %D%/run_out.c \
	%D%/run_outcome.c %D%/run_report.c %D%/run_result.c %D%/run_stop.c
