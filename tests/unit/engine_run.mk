# SPDX-License-Identifier: MIT
# The runs: the pure machine in a world of its own, then the whole engine.
EXTRA_DIST += %D%/run_sim.h %D%/run_sim_in.h %D%/engine_rig.h
if HAVE_CUNIT
RUN_SIM = %D%/run_sim.c %D%/run_sim_check.c %D%/run_sim_outside.c \
	%D%/run_sim_strategy.c
RUN_SIM_LIBS = core/engine/libengine.a $(HOST_LIBS) $(CRYPT_LIBS) \
	$(BASE_LIBS) $(CUNIT_LIBS)
RUN_TESTS = \
	%D%/engine_share_test \
	%D%/engine_services_test \
	%D%/engine_live_test \
	%D%/engine_plugin_add_test \
	%D%/engine_log_test \
	%D%/engine_run_test \
	%D%/engine_run_crash_test \
	%D%/engine_run_move_test \
	%D%/engine_run_random_test
check_PROGRAMS += $(RUN_TESTS)
TESTS += $(RUN_TESTS)
%C%_engine_run_random_test_SOURCES = %D%/engine_run_random_test.c \
	$(RUN_SIM) tests/zoo/zoo_cases.c
%C%_engine_run_random_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_run_random_test_LDADD = $(RUN_SIM_LIBS)
%C%_engine_run_crash_test_SOURCES = %D%/engine_run_crash_test.c \
	$(RUN_SIM) tests/zoo/zoo_cases.c
%C%_engine_run_crash_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_run_crash_test_LDADD = $(RUN_SIM_LIBS)
%C%_engine_run_move_test_SOURCES = %D%/engine_run_move_test.c \
	$(RUN_SIM) tests/zoo/zoo_cases.c
%C%_engine_run_move_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_run_move_test_LDADD = $(RUN_SIM_LIBS)
%C%_engine_run_test_SOURCES = %D%/engine_run_test.c $(RUN_SIM)
%C%_engine_run_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_run_test_LDADD = $(RUN_SIM_LIBS)
ENGINE_LIVE_LIBS = core/engine/libengine.a $(WORK_LIBS) $(HOST_LIBS) \
	$(BROKER_LIBS) $(STORE_LIBS) $(CUNIT_LIBS) -lpthread
%C%_engine_share_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_share_test_LDADD = $(RUN_SIM_LIBS)
%C%_engine_live_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_live_test_LDADD = $(ENGINE_LIVE_LIBS)
%C%_engine_plugin_add_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_plugin_add_test_LDADD = $(ENGINE_LIVE_LIBS)
%C%_engine_log_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_log_test_LDADD = $(ENGINE_LIVE_LIBS)
%C%_engine_services_test_CPPFLAGS = $(UNIT_INC)
%C%_engine_services_test_LDADD = $(ENGINE_LIVE_LIBS)
endif
