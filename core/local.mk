# SPDX-License-Identifier: MIT
include %D%/base/local.mk
include %D%/crypt/local.mk
include %D%/host/local.mk
include %D%/work/local.mk
include %D%/broker/local.mk
include %D%/engine/local.mk
include %D%/http/local.mk
include %D%/check/local.mk

# The process in which a plugin runs. What it links is all that it can do: base
# and host, neither store nor HTTP. Never instrumented: see tests/plain.mk.
if !SANITIZER
pkglibexec_PROGRAMS += trimtab-worker
else
EXTRA_PROGRAMS += trimtab-worker
endif
trimtab_worker_SOURCES = %D%/main_worker.c
trimtab_worker_CPPFLAGS = $(CORE_INC)
trimtab_worker_LDADD = $(HOST_LIBS) $(BASE_LIBS)

# What `trimtab plugin new|run|check` execute. The plain build (tests/plain.mk)
# makes one too: memory, threads and speed of a plugin are not to be judged from
# an instrumented process.
pkglibexec_PROGRAMS += trimtab-plugin
trimtab_plugin_CPPFLAGS = $(CORE_INC) \
	-DTT_TEMPLATE_DIR='"$(sdktemplatedir)"'
trimtab_plugin_SOURCES = \
	%D%/main_plugin.c \
	%D%/plugin_channel.c %D%/plugin_channel.h \
	%D%/plugin_drive.c %D%/plugin_drive.h \
	%D%/plugin_new.c %D%/plugin_new.h \
	%D%/plugin_objective.c %D%/plugin_objective.h \
	%D%/plugin_run.c %D%/plugin_run.h
trimtab_plugin_LDADD = core/check/libcheck.a $(WORK_LIBS) $(HOST_LIBS) \
	$(CRYPT_LIBS) $(ENGINE_PURE_LIBS)

# The daemon.
sbin_PROGRAMS += trimtabd
trimtabd_CPPFLAGS = $(CORE_INC)
trimtabd_SOURCES = %D%/main_trimtabd.c
trimtabd_LDADD = %D%/libdaemon.a %D%/http/libhttp.a %D%/engine/libengine.a \
	$(BROKER_LIBS) $(WORK_LIBS) $(HOST_LIBS) $(STORE_LIBS) $(MHD_LIBS)

# What of the daemon's wiring is worth testing by itself.
noinst_LIBRARIES += %D%/libdaemon.a
%C%_libdaemon_a_CPPFLAGS = $(CORE_INC) \
	-DTT_PLUGINDIR='"$(plugindir)"' \
	-DTT_PLUGIN_TOOL_PATH='"$(pkglibexecdir)/trimtab-plugin"' \
	-DTT_WORKER_PATH='"$(pkglibexecdir)/trimtab-worker"'
%C%_libdaemon_a_SOURCES = \
	%D%/daemon_config.c %D%/daemon_config.h \
	%D%/daemon_options.c %D%/daemon_options.h \
	%D%/notify.c %D%/notify.h
nodist_%C%_libdaemon_a_SOURCES = %D%/daemon_config_schema.inc

# The schema as a C string: quotes and backslashes escaped, a line a literal.
%D%/daemon_config_schema.inc: $(top_srcdir)/core/daemon_config.schema.json
	$(AM_V_GEN)$(MKDIR_P) core && sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' \
	  -e 's/^/"/' -e 's/$$/\\n"/' $(top_srcdir)/core/daemon_config.schema.json > $@
%D%/libdaemon_a-daemon_config.$(OBJEXT): %D%/daemon_config_schema.inc
BUILT_SOURCES += %D%/daemon_config_schema.inc
CLEANFILES += %D%/daemon_config_schema.inc
EXTRA_DIST += %D%/daemon_config.schema.json
