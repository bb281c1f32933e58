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
