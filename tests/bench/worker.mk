# SPDX-License-Identifier: MIT
EXTRA_PROGRAMS += %D%/bare_child %D%/worker
BENCH_TOOLS += %D%/bare_child %D%/worker
BENCH_COMMANDS += '%D%/worker %D%/bare_child'
%C%_worker_CPPFLAGS = $(CORE_INC)
%C%_worker_LDADD = $(WORK_LIBS) $(HOST_LIBS) $(BASE_LIBS)
