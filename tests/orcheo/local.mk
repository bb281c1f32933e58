# SPDX-License-Identifier: MIT

# The real Orcheo on loopback (orcheo-env), and what is uploaded into it.
EXTRA_DIST += \
	%D%/orcheo-env %D%/env-install.sh %D%/env-proc.sh %D%/orcheo_api.py \
	%D%/constraints.txt \
	%D%/fixtures \
	%D%/workflows/agent.py \
	%D%/workflows/evaluation.py \
	%D%/workflows/production.py \
	%D%/workflows/pull.py

# The simulator: Orcheo's contract without Orcheo.
EXTRA_DIST += %D%/workflows/noisy.py %D%/scripts.awk
noinst_PROGRAMS += %D%/orcheo-sim
%C%_orcheo_sim_CPPFLAGS = $(CORE_INC) $(MHD_CFLAGS)
# No fused multiply-add: the scores are the same to the last bit as Python's.
%C%_orcheo_sim_CFLAGS = $(AM_CFLAGS) -ffp-contract=off
%C%_orcheo_sim_SOURCES = %D%/orcheo-sim.c %D%/sim.h %D%/sim_http.h \
	%D%/sim_model.h \
	%D%/sim_api.c %D%/sim_api_dispatch.c %D%/sim_api_run.c \
	%D%/sim_check.c %D%/sim_config.c %D%/sim_control.c %D%/sim_door.c \
	%D%/sim_exec.c %D%/sim_fault.c %D%/sim_get.c %D%/sim_http.c \
	%D%/sim_model.c %D%/sim_nodes.c %D%/sim_routes.c %D%/sim_run.c \
	%D%/sim_score.c %D%/sim_script.c %D%/sim_seed.c %D%/sim_state.c \
	%D%/sim_template.c
nodist_%C%_orcheo_sim_SOURCES = %D%/sim_scripts.c
%C%_orcheo_sim_LDADD = $(BASE_LIBS) $(MHD_LIBS) -lpthread

sim_scripts = %D%/workflows/evaluation.py %D%/workflows/noisy.py \
	%D%/workflows/production.py %D%/workflows/pull.py
%D%/sim_scripts.c: $(sim_scripts) %D%/scripts.awk
	$(AM_V_GEN)$(MKDIR_P) %D% && cd $(srcdir) && \
	  $(AWK) -f %D%/scripts.awk $(sim_scripts) >$(abs_builddir)/$@.tmp && \
	  mv $(abs_builddir)/$@.tmp $(abs_builddir)/$@
BUILT_SOURCES += %D%/sim_scripts.c
CLEANFILES += %D%/sim_scripts.c

sim_tests = %D%/sim-conformance.t %D%/sim-conformance-033.t \
	%D%/sim-silences.t %D%/sim-faults.t
TESTS += $(sim_tests)
EXTRA_DIST += %D%/sim-lib.sh $(sim_tests)

if HAVE_CUNIT
check_PROGRAMS += tests/unit/orcheo_sim_score_test
TESTS += tests/unit/orcheo_sim_score_test
endif
tests_unit_orcheo_sim_score_test_SOURCES = tests/unit/orcheo_sim_score_test.c \
	%D%/sim.h %D%/sim_score.c
tests_unit_orcheo_sim_score_test_CPPFLAGS = $(UNIT_INC)
tests_unit_orcheo_sim_score_test_CFLAGS = $(AM_CFLAGS) -ffp-contract=off
tests_unit_orcheo_sim_score_test_LDADD = $(BASE_LIBS) $(CUNIT_LIBS)

# The adapter on a live Orcheo, simulated and real.
check_PROGRAMS += %D%/adapter_live
%C%_adapter_live_SOURCES = %D%/adapter_live.c %D%/live_bench.h \
	%D%/live_http.h $(orcheo_sources)
%C%_adapter_live_CPPFLAGS = $(CORE_INC)
%C%_adapter_live_LDADD = $(JSONC_LIBS) -lm
if HAVE_CUNIT
check_PROGRAMS += %D%/adapter_worker
endif
%C%_adapter_worker_SOURCES = %D%/adapter_worker.c %D%/live_http.h
%C%_adapter_worker_CPPFLAGS = $(UNIT_INC)
%C%_adapter_worker_LDADD = $(WORK_LIBS) $(HOST_LIBS) $(BASE_LIBS) $(CUNIT_LIBS)
ORCHEO_TESTS = %D%/t0500-simulated.t %D%/t0501-simulated-faults.t \
	%D%/t0502-simulated-quota.t %D%/t0503-simulated-redis.t \
	%D%/t0504-simulated-worker.t \
	%D%/t0510-inprocess.t %D%/t0520-celery.t %D%/t0530-misconfigured.t
TESTS += $(ORCHEO_TESTS)
EXTRA_DIST += %D%/live.sh %D%/live-sim.sh $(ORCHEO_TESTS)
