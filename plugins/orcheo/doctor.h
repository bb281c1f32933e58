/* SPDX-License-Identifier: MIT
 *
 * doctor.h - what doctor.c and trial.c share. */
#ifndef TT_PLUGIN_ORCHEO_DOCTOR_H
#define TT_PLUGIN_ORCHEO_DOCTOR_H

#include "orcheo.h"

struct doctor {
    struct tt_instance *self;
    json_object *checks; /* borrowed */
    unsigned failed;
    char workspace_id[ID_BYTES];
};

/* Note one check; status is "ok", "warn" or "fail"; mend may be "". */
void doctor_check(struct doctor *d, const char *name, const char *status,
                  const char *message, const char *mend);
void doctor_fail(struct doctor *d, const char *name, const struct tt_error *e);
void doctor_trial(struct doctor *d, json_object *params);

#endif
