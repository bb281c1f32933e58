/* SPDX-License-Identifier: MIT
 *
 * api_log.c - the log of a run for tools: its entries as they are stored, in
 * words too, and in front of them what a replay opens the strategy with. It
 * holds what the strategy saw or may ask for: no case but those of train. */
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/engine_runs.h"
#include "core/engine/resource.h"
#include "core/host/codec.h"

#define PAGE_BYTES (4u << 20) /* a page that has as many ends there */
#define MOST_WORDS 16         /* of one entry; the bytes have them all */

static void set_base64(json_object *o, const char *name, struct tt_str bytes)
{
    char *text = xcalloc(crypt_base64_bytes((size_t)bytes.n), 1);

    crypt_base64(bytes.p != NULL ? bytes.p : "", (size_t)bytes.n, text);
    json_set_str(o, name, text);
    free(text);
}

/* --- in words ------------------------------------------------------------- */

static void add_words(json_object *a, const char *word, uint64_t ref)
{
    char text[64];

    if (json_object_array_length(a) == MOST_WORDS)
        return;
    if (ref == UINT64_MAX)
        (void)snprintf(text, sizeof text, "%s", word);
    else if (ref >= TT_REF_HOST)
        (void)snprintf(text, sizeof text, "%s host %llu", word,
                       (unsigned long long)(ref - TT_REF_HOST));
    else
        (void)snprintf(text, sizeof text, "%s ref %llu", word,
                       (unsigned long long)ref);
    json_object_array_add(a, json_object_new_string(text));
}

json_object *runs_action_words(struct tt_str bytes)
{
    static const char *const words[] = { "?", "EVALUATE", "PRUNE", "LLM",
                                         "WAIT", "DONE" };
    json_object *a = json_object_new_array();
    struct codec_actions answer = { 0 };
    struct arena arena = { 0 };
    uint64_t i;

    if (codec_get_actions(bytes, &arena, &answer, NULL) != 0)
        answer.n = 0;
    for (i = 0; i < answer.n; i++) {
        const void *record = answer.actions[i];
        uint32_t kind = answer.actions[i]->kind;
        uint64_t ref = UINT64_MAX;

        if (kind == TT_EVALUATE)
            ref = ((const struct tt_evaluate *)record)->ref;
        else if (kind == TT_PRUNE)
            ref = ((const struct tt_prune *)record)->ref;
        add_words(a, words[kind < TT_ARRAY_LEN(words) ? kind : 0], ref);
    }
    arena_fini(&arena);
    return a;
}

static uint64_t ref_of(const struct tt_event *event)
{
    const void *record = event;

    switch (event->kind) {
    case TT_RESULT:
    case TT_PARTIAL:
        return ((const struct tt_result *)record)->ref;
    case TT_FAILED:
    case TT_CANCELLED:
        return ((const struct tt_failure *)record)->ref;
    case TT_ENQUEUED:
        return ((const struct tt_enqueued *)record)->ref;
    default:
        return UINT64_MAX;
    }
}

static json_object *event_words(struct tt_str bytes)
{
    static const char *const words[] = {
        [TT_RESULT] = "RESULT",       [TT_PARTIAL] = "PARTIAL",
        [TT_FAILED] = "FAILED",       [TT_CANCELLED] = "CANCELLED",
        [TT_LLM_REPLY] = "LLM_REPLY", [TT_ENQUEUED] = "ENQUEUED",
        [TT_BUDGET] = "BUDGET",       [TT_DEADLINE] = "DEADLINE",
    };
    json_object *a = json_object_new_array();
    struct codec_step step = { 0 };
    struct arena arena = { 0 };
    uint64_t i;

    if (codec_get_step(bytes, &arena, &step, NULL) != 0)
        step.n_events = 0;
    for (i = 0; i < step.n_events; i++) {
        uint32_t kind = step.events[i]->kind;
        const char *word = kind < TT_ARRAY_LEN(words) ? words[kind] : NULL;

        add_words(a, word != NULL ? word : "?", ref_of(step.events[i]));
    }
    arena_fini(&arena);
    return a;
}

/* --- entries -------------------------------------------------------------- */

struct page {
    json_object *items;
    size_t limit, bytes;
    uint64_t last;
    bool more;
    struct err *e;
};

static json_object *entry_object(uint64_t position,
                                 const struct run_entry *entry)
{
    json_object *o = json_object_new_object();
    json_object *flags = json_object_new_array();

    if ((entry->flags & RUN_ENTRY_ANSWERED) != 0)
        json_object_array_add(flags, json_object_new_string("answered"));
    if ((entry->flags & RUN_ENTRY_FRESH) != 0)
        json_object_array_add(flags, json_object_new_string("fresh"));
    json_set_int(o, "position", (int64_t)position);
    json_set_int(o, "n", entry->n);
    json_set(o, "flags", flags);
    json_set(o, "events", event_words(entry->step));
    json_set(o, "answer", runs_action_words(entry->actions));
    set_base64(o, "step", entry->step);
    set_base64(o, "actions", entry->actions);
    return o;
}

static int page_one(void *ctx, const struct store_key *key, struct tt_str bytes)
{
    struct page *p = ctx;
    struct run_entry entry;

    p->more = json_object_array_length(p->items) == p->limit ||
              p->bytes >= PAGE_BYTES;
    if (p->more)
        return 1;
    if (run_entry_get(bytes, &entry, p->e) != 0)
        return p->e->code;
    json_object_array_add(p->items, entry_object(key->number, &entry));
    p->bytes += (size_t)bytes.n;
    p->last = key->number;
    return 0;
}

static int read_entries(struct engine *g, const struct engine_request *q,
                        struct engine_answer *a, uint64_t after, struct err *e)
{
    struct store_key from = { STORE_LOG, { q->run }, after + 1 };
    struct page p = { .e = e };
    char cursor[32] = "";
    int rc = resource_limit(q, &p.limit, e);

    if (rc != 0)
        return rc;
    p.items = json_object_new_array();
    rc = store_scan(g->store, from, 1, false, page_one, &p, e);
    if (rc < 0) {
        json_object_put(p.items);
        return rc;
    }
    if (p.more)
        (void)snprintf(cursor, sizeof cursor, "%llu",
                       (unsigned long long)p.last);
    resource_page(a, p.items, cursor);
    return 0;
}

/* --- what it was opened with ---------------------------------------------- */

/* The cases that it may ask for, each as the question and its answer. */
static json_object *train_cases(const struct dataset *d)
{
    json_object *list = json_object_new_array();
    struct buf text = { 0 };
    uint64_t i;

    for (i = 0; i < d->n[TT_TRAIN]; i++) {
        json_object *one = json_object_new_object();

        buf_reset(&text);
        codec_put_data(&text, TT_TRAIN, i);
        set_base64(one, "request", buf_str(&text));
        buf_reset(&text);
        codec_put_data_answer(&text, 0, tt_str_of(d->cases[TT_TRAIN][i]));
        set_base64(one, "answer", buf_str(&text));
        json_object_array_add(list, one);
    }
    buf_fini(&text);
    return list;
}

/* The configuration as the plugin got it: with its schema's defaults, where
 * the plugin is still there to say them. */
static json_object *opened_config(struct engine *g, json_object *pin)
{
    json_object *config = engine_pin_config(pin);
    struct engine_plugin plugin;
    struct err e = { 0 };
    char name[80];

    (void)snprintf(name, sizeof name, "sha256:%.64s", json_str(pin, "hash"));
    if (engine_plugin_find(g, name, TT_KIND_STRATEGY, &plugin, &e) == 0 &&
        engine_plugin_check_config(&plugin, config, &e) != 0)
        log_warn("log.config", "%s", e.text);
    engine_plugin_fini(&plugin);
    return config;
}

static int add_opening(struct engine *g, json_object *document,
                       json_object *body, struct err *e)
{
    json_object *pin = json_child(document, "optimizer"), *config;
    json_object *dataset = json_child(document, "dataset");
    struct buf problem = { 0 };
    char reference[320];
    struct run *run = NULL;
    struct dataset *d;

    (void)snprintf(reference, sizeof reference, "%.256s@%lld",
                   json_str(dataset, "name"),
                   (long long)json_int(dataset, "version", 0));
    d = resource_dataset_open(g->store, json_str(document, "workflow"),
                              reference, e);
    if (d != NULL)
        run = run_create(document, d, e);
    if (run != NULL) {
        config = opened_config(g, pin);
        run_put_problem(run, config, NULL, &problem);
        json_set(body, "config", config);
        set_base64(body, "problem", buf_str(&problem));
        json_set(body, "cases", train_cases(d));
    }
    buf_fini(&problem);
    run_destroy(run);
    dataset_destroy(d);
    return run != NULL ? 0 : e->code;
}

static void add_pin(json_object *document, json_object *body)
{
    static const char *const members[] = { "id", "version", "hash" };
    json_object *pin = json_child(document, "optimizer");
    json_object *plugin = json_object_new_object();
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(members); i++)
        json_set_str(plugin, members[i], json_str(pin, members[i]));
    json_set_str(body, "run_id", json_str(document, "run"));
    json_set_str(body, "status", json_str(document, "status"));
    json_set_int(body, "protocol", FRAME_PROTOCOL);
    json_set(body, "plugin", plugin);
    json_set_int(body, "seed", json_int(document, "seed", 0));
}

int engine_run_log(struct engine *g, const struct engine_request *q,
                   struct engine_answer *a, struct err *e)
{
    json_object *document = runs_record(g, q, e);
    uint64_t after;
    int rc;

    if (document == NULL)
        return e->code;
    rc = resource_number(q, "cursor", 0, 0, INT64_MAX / 2, &after, e);
    if (rc == 0)
        rc = read_entries(g, q, a, after, e);
    if (rc == 0) {
        add_pin(document, a->body);
        if (after == 0)
            rc = add_opening(g, document, a->body, e);
    }
    if (rc != 0) {
        json_object_put(a->body);
        a->body = NULL;
    }
    json_object_put(document);
    return rc;
}
