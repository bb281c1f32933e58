# SPDX-License-Identifier: MIT
# make tests/bench/strategies && tests/bench/strategies all 30 50
EXTRA_PROGRAMS += %D%/strategies
%C%_strategies_SOURCES = %D%/strategies.c
%C%_strategies_CPPFLAGS = $(CORE_INC)
%C%_strategies_LDADD = -ldl -lm
