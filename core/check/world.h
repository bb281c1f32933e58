/* SPDX-License-Identifier: MIT
 *
 * world.h - what a plugin under check can reach: cases to read, and an HTTP
 * service that answers as it is told to. */
#ifndef TT_CHECK_WORLD_H
#define TT_CHECK_WORLD_H

#include "core/host/host.h"

struct world_answer { /* of the HTTP service */
    int code;         /* 0, or a TT_E* code: no answer came */
    uint32_t status;
    const char *body;
    uint64_t body_n;  /* 0: up to its NUL */
    uint64_t retry_after_ms;
};

struct world {
    struct world_answer answer; /* to every request ... */
    /* ... but from number fail_at (from 1) of a call on, this code; 0 = none */
    uint64_t fail_at;
    int fail_code;
    uint64_t n_http, n_data, n_logs; /* requests so far */
    uint64_t n_in_call;              /* of HTTP since world_call() */
    bool bad_log;                    /* a text that is no UTF-8 */
    bool refused;                    /* a split that is not for strategies */
    int data_code;                   /* what reading a case fails with, or 0 */
    const struct tt_str *cases;      /* of train; NULL: reference cases */
    size_t n_cases;
};

void world_init(struct world *w); /* 200 {} */
void world_call(struct world *w); /* a call begins */
/* Everything that this kind of plugin can be granted. */
struct host_services world_services(struct world *w);

#endif
