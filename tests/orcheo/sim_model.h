/* SPDX-License-Identifier: MIT
 *
 * sim_model.h - one run of a script, between the files that execute it. */
#ifndef TT_TESTS_ORCHEO_SIM_MODEL_H
#define TT_TESTS_ORCHEO_SIM_MODEL_H

#include "tests/orcheo/sim.h"

/* What a script's nodes do. */
#define TUNED 1u        /* a parameters node `tuned`, then ... */
#define PULLS 2u        /* ... or an HTTP GET as `tuned` */
#define MODEL 4u        /* fake model `answer`, score `score` */
#define FAULTS 8u       /* reads inputs.nan, inputs.boom; reports maybe_nan */
#define FLOAT 16u       /* reports temperature_is_float */
#define REPORTS 32u     /* `answer` reports what it received, no score */
#define NOISY 64u       /* noisy model `answer`, score `score` */
#define KEEPS 128u      /* predictions stand in the final inputs */
#define STOPS 256u      /* stops at a human's node */
#define ONE_NODE 512u   /* `answer` itself takes the candidate */

struct sim_state {
    struct sim_job *job;
    struct sim_result *out;
    unsigned does;
};

/* What stands between before and the next '"'; NULL when absent. */
char *sim_quoted(const char *source, const char *before);
char *sim_field(const struct sim_state *st, const char *name,
                const char *otherwise);
json_object *sim_decode(struct sim_state *st, const char *text); /* to put */
char *sim_decode_text(struct sim_state *st, const char *text);
bool sim_truthy(json_object *v);                             /* as Python */
/* Both take their last argument. */
void sim_step(struct sim_state *st, const char *node, json_object *result);
void sim_fail(struct sim_state *st, char *error);

void sim_fake_model(struct sim_state *st, json_object *temperature,
                    json_object *prompt);
void sim_noisy_model(struct sim_state *st, json_object *values);

#endif
