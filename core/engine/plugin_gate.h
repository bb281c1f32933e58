/* SPDX-License-Identifier: MIT
 *
 * plugin_gate.h - `trimtab-plugin check` before a plugin is taken in: a child
 * with a deadline, whose findings are the answer. */
#ifndef TT_ENGINE_PLUGIN_GATE_H
#define TT_ENGINE_PLUGIN_GATE_H

#include <stdatomic.h>

#include "core/base/err.h"
#include "core/base/json.h"

struct plugin_gate {
    const char *tool, *worker; /* trimtab-plugin, trimtab-worker */
    const char *scratch;       /* the only folder that it may write to, absolute;
                                  NULL: it is not confined */
    unsigned level;            /* 1..3 */
    int64_t deadline_ms;       /* 0 = 240 s */
    const atomic_bool *hurry;  /* becomes true: give up; may be NULL */
};

/* Check a plugin's file. *report is the checker's own (the caller puts it), or
 * NULL. 0: it passes; TT_EINVAL: it does not: *e names the first checks that
 * failed, with what and the mend. TT_EUNAVAILABLE the checker does not work, or
 * there is a hurry; TT_ETIMEOUT. Blocks for minutes. [api] */
int plugin_gate(const struct plugin_gate *gate, const char *file,
                json_object **report, struct err *e);
/* {"level","passed","failed","skipped","seed"} of a report. */
json_object *plugin_gate_summary(json_object *report);
/* Its results that failed, as [{"id","status","title","message","mend"}]. */
json_object *plugin_gate_failures(json_object *report);

#endif
