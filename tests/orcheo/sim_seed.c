/* SPDX-License-Identifier: MIT
 *
 * sim_seed.c - the workflows that are there from the start. */
#include <string.h>

#include "tests/orcheo/sim.h"

static void seed_one(struct sim *s, const char *handle, const char *script,
                     const char *config_text)
{
    struct sim_workflow *w =
        sim_workflow_create(s, s->workspaces[0], handle, handle, "seed");
    json_object *config = json_tokener_parse(config_text);
    json_object *metadata = json_object_new_object();

    sim_config_ingest(config, metadata);
    sim_version_create(s, w, script, config, metadata, "seed");
    json_object_put(config);
    json_object_put(metadata);
}

void sim_seed(struct sim *s)
{
    static const char answer[] = "{\"configurable\":{\"answer\":{"
        "\"temperature\":1.0,\"system_prompt\":\"Answer.\"}}}";
    static const char noisy[] = "{\"configurable\":{\"answer\":{"
        "\"temperature\":1.0,\"top_p\":1.0,\"top_k\":256,\"style\":\"plain\","
        "\"system_prompt\":\"Answer.\"}}}";
    static const char joint[] = "{\"configurable\":{\"answer\":{"
        "\"temperature\":1.0,\"style\":\"plain\","
        "\"system_prompt\":\"Answer.\"},"
        "\"retrieve\":{\"top_p\":1.0,\"top_k\":256}}}";
    json_object *pull = json_tokener_parse(
        "{\"configurable\":{\"trimtab\":{\"authorization\":\"\"}}}");
    TT_AUTO_FREE char *text = NULL;

    if (s->options.pull_url != NULL)
        json_set_str(json_child(json_child(pull, "configurable"), "trimtab"),
                     "url", s->options.pull_url);
    text = json_canonical_dup(pull);
    json_object_put(pull);
    seed_one(s, "demo-qa-eval", sim_script_evaluation, answer);
    seed_one(s, "demo-qa", sim_script_production, answer);
    seed_one(s, "demo-pull", sim_script_pull, text);
    seed_one(s, "demo-noisy", sim_script_noisy, noisy);
    seed_one(s, "demo-joint", sim_script_noisy, joint);
}
