# SPDX-License-Identifier: MIT
# The runs: the pure machine (run*), and what moves it.
%C%_libengine_a_SOURCES += \
	%D%/run.c %D%/run.h %D%/run_impl.h \
	%D%/run_actions.c %D%/run_call.c %D%/run_events.c \
	%D%/run_load_log.c %D%/run_candidate.c %D%/run_doc.c \
	%D%/run_gate.c %D%/run_inert.c %D%/run_job.c %D%/run_llm.c \
	%D%/run_load.c %D%/run_log.c %D%/run_move.c %D%/run_open.c %D%/run_out.c \
	%D%/run_outcome.c %D%/run_replay.c %D%/run_report.c %D%/run_result.c %D%/run_stop.c \
	%D%/api_candidates.c %D%/api_log.c %D%/api_optimize.c \
	%D%/api_replay.c %D%/api_runs.c \
	%D%/engine.c %D%/engine_describe.c %D%/engine_finish.c \
	%D%/engine_move.c %D%/engine_plugin.c %D%/api_plugin_add.c %D%/api_plugin_show.c \
	%D%/plugin_gate.c %D%/plugin_gate.h \
	%D%/plugin_record.c %D%/plugin_record.h %D%/engine_push.c %D%/engine_recover.c \
	%D%/engine_release.c %D%/engine_release.h %D%/api_releases.c \
	%D%/engine_runs.h %D%/engine_session.c %D%/engine_shell.c \
	%D%/engine_task.c %D%/engine_turn.c %D%/engine_watch.c \
	%D%/llm.c %D%/optimize.h %D%/optimize_gather.c %D%/service.c %D%/share.c %D%/share.h
