/* SPDX-License-Identifier: MIT
 *
 * fuzz_bridge.c - any JSON as what Orcheo said: an observation with finite
 * numbers, or a diagnostic. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/bridge.h"
#include "tests/fuzz/fuzz.h"

const char *const fuzz_name = "bridge";

#define SEED(text) { text, sizeof(text) - 1 }
static const struct fuzz_seed seeds[] = {
    SEED("{\"node_results\":{\"score\":{\"metric_name\":\"token_f1\","
         "\"corpus_score\":0.5,\"per_item\":[0.25,0.75]}},\"messages\":[]}"),
    SEED("{\"results\":{\"judge\":{\"approved_ratio\":0.5,\"verdicts\":[{\"id\":"
         "\"1\",\"score\":0.5,\"approved\":true,\"flags\":[\"x\"]}]}}}"),
    SEED("{\"node_results\":{\"r\":{\"metrics\":{\"mrr\":1},\"per_query\":"
         "{\"q\":{\"mrr\":1}}}}}"),
    SEED("{\"steps\":[{\"index\":1,\"payload\":{\"score\":{\"node_results\":"
         "{\"score\":{\"metric_name\":\"m\",\"corpus_score\":1,\"per_item\":"
         "[1,1]}}}}}]}"),
};

size_t fuzz_seeds(const struct fuzz_seed **out)
{
    *out = seeds;
    return TT_ARRAY_LEN(seeds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint64_t ids[] = { 0, 1 };
    static const char *const guardrails[] = { "judge.approved_ratio" };
    const struct bridge_spec spec = { .objective = "score",
                                      .guardrails = guardrails,
                                      .n_guardrails = 1 };
    struct observation o;
    struct err e = { 0 };
    json_object *outputs = json_parse((const char *)data, n,
                                      &json_limits_request, &e);

    memset(&o, 0, sizeof o);
    if (outputs != NULL && bridge_read(outputs, &spec, ids, 2, &o, &e) == 0) {
        TT_ASSERT(isfinite(o.objective) && o.n_cases == 2);
        observation_fini(&o);
    } else {
        TT_ASSERT(outputs == NULL || e.text[0] != '\0');
    }
    json_object_put(outputs);
    return 0;
}
