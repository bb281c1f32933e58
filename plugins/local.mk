# SPDX-License-Identifier: MIT
# One folder a plugin. A plugin sees the SDK and nothing else of this tree.
PLUGIN_LINK = -module -shared -avoid-version \
	-export-symbols-regex '^trimtab_plugin_v1$$' \
	-Wl,-z,now -Wl,-z,nodelete $(TT_LDFLAGS) $(TT_SANFLAGS)
if !SANITIZER
PLUGIN_LINK += -Wl,-z,defs
endif
include %D%/random/local.mk
include %D%/sobol/local.mk
include %D%/bayesian/local.mk
include %D%/orcheo/local.mk
include %D%/http/local.mk
