# SPDX-License-Identifier: MIT
EXTRA_DIST += %D%/trimtabd.service.in %D%/trimtab.json
systemdsystemunit_DATA = %D%/trimtabd.service
exampledir = $(docdir)/examples
dist_example_DATA = %D%/trimtab.json
CLEANFILES += %D%/trimtabd.service

# Paths are known to make alone: configure's are still in terms of each other.
%D%/trimtabd.service: $(top_srcdir)/packaging/trimtabd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) packaging && sed -e 's|@sbindir[@]|$(sbindir)|g' \
	  -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	  $(top_srcdir)/packaging/trimtabd.service.in > $@
