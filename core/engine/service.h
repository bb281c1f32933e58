/* SPDX-License-Identifier: MIT
 *
 * service.h - what a worker may ask of the daemon while it works: HTTP through
 * the broker (adapters; granted origins alone), the content of train cases (strategies). Everything
 * else is refused; the holdout is refused and audited. Threads [engine]. */
#ifndef TT_ENGINE_SERVICE_H
#define TT_ENGINE_SERVICE_H

#include "core/engine/dataset.h"
#include "core/engine/engine_impl.h"

struct service_call;

/* One worker's. Zero it, fill in the first part. */
struct service {
    struct engine *g;
    const char *label;             /* run id, "doctor": for log and audit */
    const struct dataset *dataset; /* NULL: no cases are to be had */
    json_object *permissions;      /* its plugin's; borrowed */
    struct service_call *calls;    /* private: broker calls under way */
};

/* Answer a request frame of w, at once or later. For the worker callback
 * `request`. */
void service_request(struct service *s, struct worker *w,
                     const struct frame *request);
/* The worker is gone (or about to be stopped): drop what is under way. For
 * the worker callback `down`; s may be freed afterwards. */
void service_stop(struct service *s);

#endif
