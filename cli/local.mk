# SPDX-License-Identifier: MIT
# The command sees the HTTP API and nothing else: no -I of the tree.
bin_PROGRAMS += trimtab
trimtab_CPPFLAGS = -I$(top_builddir) $(JSONC_CFLAGS) $(CURL_CFLAGS) \
	-DTT_PLUGIN_TOOL_PATH='"$(pkglibexecdir)/trimtab-plugin"'
trimtab_SOURCES = \
	%D%/cli.h %D%/main.c %D%/client.c %D%/args.c %D%/print.c \
	%D%/orcheo_profile.c %D%/cmd_optimize.c %D%/cmd_runs.c \
	%D%/cmd_params.c %D%/cmd_plugin.c %D%/cmd_target.c %D%/cmd_system.c \
	%D%/plugin_files.c %D%/plugin_tool.c %D%/run_log.c
trimtab_LDADD = $(JSONC_LIBS) $(CURL_LIBS)
