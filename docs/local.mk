# SPDX-License-Identifier: MIT
dist_doc_DATA = README.md \
	%D%/architecture.md %D%/configuration.md %D%/operations.md \
	%D%/threads.md
EXTRA_DIST += CONTRIBUTING.md
