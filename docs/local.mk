# SPDX-License-Identifier: MIT
dist_doc_DATA = README.md \
	%D%/abi.md \
	%D%/architecture.md %D%/configuration.md %D%/exec-plugins.md \
	%D%/http-api.md %D%/operations.md \
	%D%/plugin-check.md %D%/plugin-guide.md %D%/plugin-reference.md %D%/upgrades.md \
	%D%/plugin-signing.md %D%/targets.md %D%/threads.md
EXTRA_DIST += CONTRIBUTING.md
dist_man_MANS += %D%/man/trimtab.1 %D%/man/trimtabd.8
