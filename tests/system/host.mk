# SPDX-License-Identifier: MIT
EXEC_TESTS = %D%/t0250-plugin-run.t %D%/t0440-exec.t %D%/t0450-optuna.t
TESTS += $(EXEC_TESTS)
EXTRA_DIST += $(EXEC_TESTS)
