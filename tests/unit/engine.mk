# SPDX-License-Identifier: MIT
EXTRA_DIST += %D%/json_of.h
if HAVE_CUNIT
ENGINE_TESTS = \
	%D%/admin_test \
	%D%/bridge_test \
	%D%/budget_test \
	%D%/dataset_test \
	%D%/delivery_test \
	%D%/diff_test \
	%D%/doctor_test \
	%D%/gate_test \
	%D%/release_test \
	%D%/resource_test \
	%D%/space_test \
	%D%/target_test
check_PROGRAMS += $(ENGINE_TESTS)
TESTS += $(ENGINE_TESTS)
ENGINE_TEST_LIBS = $(ENGINE_PURE_LIBS) $(CUNIT_LIBS)
%C%_bridge_test_CPPFLAGS = $(UNIT_INC)
%C%_bridge_test_LDADD = $(ENGINE_TEST_LIBS)
%C%_budget_test_CPPFLAGS = $(UNIT_INC)
%C%_budget_test_LDADD = $(ENGINE_TEST_LIBS)
%C%_dataset_test_CPPFLAGS = $(UNIT_INC)
%C%_dataset_test_LDADD = $(ENGINE_TEST_LIBS)
%C%_diff_test_CPPFLAGS = $(UNIT_INC)
%C%_diff_test_LDADD = $(ENGINE_TEST_LIBS)
%C%_gate_test_CPPFLAGS = $(UNIT_INC)
%C%_gate_test_LDADD = $(ENGINE_TEST_LIBS)
%C%_release_test_CPPFLAGS = $(UNIT_INC)
%C%_release_test_LDADD = $(ENGINE_TEST_LIBS)
%C%_space_test_CPPFLAGS = $(UNIT_INC)
%C%_space_test_LDADD = $(ENGINE_TEST_LIBS)
%C%_target_test_CPPFLAGS = $(UNIT_INC)
%C%_target_test_LDADD = $(ENGINE_TEST_LIBS)
# On a store in memory; what the tests define themselves (admin_call, the
# catalog, the engine's thread) is not taken from the library.
ENGINE_STORE_LIBS = core/engine/libengine.a $(HOST_LIBS) $(STORE_LIBS) $(CUNIT_LIBS)
%C%_admin_test_CPPFLAGS = $(UNIT_INC)
%C%_admin_test_LDADD = core/engine/libengine.a $(HOST_LIBS) \
	$(CRYPT_LIBS) $(BASE_LIBS) $(CUNIT_LIBS)
%C%_delivery_test_CPPFLAGS = $(UNIT_INC)
%C%_delivery_test_LDADD = $(ENGINE_STORE_LIBS)
%C%_doctor_test_CPPFLAGS = $(UNIT_INC)
%C%_doctor_test_LDADD = $(ENGINE_STORE_LIBS)
%C%_resource_test_CPPFLAGS = $(UNIT_INC)
%C%_resource_test_LDADD = $(ENGINE_STORE_LIBS)
endif
include %D%/engine_run.mk
