# SPDX-License-Identifier: MIT
noinst_LIBRARIES += %D%/libengine.a
%C%_libengine_a_CPPFLAGS = $(CORE_INC)
%C%_libengine_a_SOURCES = \
	%D%/engine.h %D%/engine_impl.h %D%/engine_release.h \
	%D%/plugin_item.h %D%/release.h %D%/service.h \
	%D%/admin.c %D%/admin.h %D%/admin_target.c \
	%D%/api_audit.c %D%/api_backfill.c %D%/api_datasets.c \
	%D%/api_delivery.c %D%/api_doctor.c %D%/api_plugins.c \
	%D%/api_targets.c %D%/api_versions.c \
	%D%/bridge.c %D%/bridge.h %D%/bridge_internal.h \
	%D%/bridge_metric.c %D%/bridge_nodes.c %D%/bridge_pointer.c \
	%D%/budget.c %D%/budget.h \
	%D%/dataset.c %D%/dataset.h \
	%D%/delivery.c %D%/delivery.h %D%/delivery_impl.h \
	%D%/delivery_push.c %D%/delivery_settle.c \
	%D%/diff.c %D%/diff.h \
	%D%/gate.c %D%/gate.h \
	%D%/release.c %D%/release.h \
	%D%/resource.c %D%/resource.h \
	%D%/space.c %D%/space.h %D%/space_internal.h \
	%D%/space_param.c %D%/space_size.c %D%/space_value.c \
	%D%/target.c %D%/target.h %D%/target_internal.h \
	%D%/target_join.c \
	%D%/version.c %D%/version.h
# What the pure modules need; the engine itself needs more.
ENGINE_PURE_LIBS = %D%/libengine.a $(CRYPT_LIBS) $(BASE_LIBS)
include %D%/run.mk
