/* SPDX-License-Identifier: MIT
 *
 * admin.h - slow calls to an adapter, made by threads that may block: a worker
 * is started for the one call, its requests are served, its answer is taken,
 * and it is stopped. */
#ifndef TT_ENGINE_ADMIN_H
#define TT_ENGINE_ADMIN_H

#include "core/engine/engine.h"

struct admin_call {
    const char *label;       /* "doctor", "push demo/answer": log and audit */
    const char *plugin;      /* "orcheo", "orcheo@1.2.0", "sha256:..." */
    json_object *config;     /* over the operator's defaults; or NULL */
    json_object *evaluation; /* the target's; or NULL */
    json_object *nodes;      /* {"node":{parameters}}: the space; or NULL */
    const char *token;       /* put in where the plugin names a secret, instead
                                of the operator's; or NULL */
    const char *method;      /* "doctor", "draft", "read", "write" */
    json_object *params;     /* or NULL */
    int64_t timeout_ms;      /* of the call itself; 0 = 120 s */
};

/* Returns 0 with *answer (an object; the caller puts it), or what the plugin
 * said; TT_EUNSUPPORTED: it has no such method; TT_ENOENT: no such plugin
 * (lists what there is); TT_ECRASH, TT_ETIMEOUT; TT_EUNAVAILABLE while the
 * engine stops.
 * Blocks  for Orcheo. Threads [api], never [engine] */
int admin_call(struct engine *g, const struct admin_call *call,
               json_object **answer, struct err *e);

/* The same, filled in from a target document: plugin, config, evaluation and
 * space of (workflow, node). Pointers are borrowed from target and nodes;
 * nodes is {node: its parameters}, which the caller puts. */
void admin_of_target(struct admin_call *call, const char *node,
                     json_object *target, json_object **nodes);

#endif
