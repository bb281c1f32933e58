/* SPDX-License-Identifier: MIT
 *
 * exec_decode.c - what a child says, as the SDK's records. The line was
 * scanned already: strict JSON, unique keys, finite numbers. Here members get
 * their meaning; what is unknown is refused, for a misspelt member that is
 * silently ignored costs its author an evening. */
#include "core/host/exec_in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

/* --- small parts ------------------------------------------------------------ */

static int bad(struct json_at at, const char *key, const char *want,
               struct err *e)
{
    return err_set(e, TT_EPLUGIN, "%s: %s: must be %s", at.where, key, want);
}

static int plugin_code(int rc, struct err *e)
{
    if (rc != 0 && e != NULL)
        e->code = TT_EPLUGIN;
    return rc != 0 ? TT_EPLUGIN : 0;
}

static int get_text(struct json_at at, const char *key, struct tt_str *out,
                    struct err *e)
{
    json_object *o = json_child(at.object, key);

    out->p = NULL;
    out->n = 0;
    if (o == NULL)
        return 0;
    if (!json_object_is_type(o, json_type_string))
        return bad(at, key, "a text", e);
    out->p = json_object_get_string(o);
    out->n = (uint64_t)json_object_get_string_len(o);
    return 0;
}

/* null or absent: NAN. */
static int get_number(struct json_at at, const char *key, double *out,
                      struct err *e)
{
    json_object *o = json_child(at.object, key);

    *out = (double)NAN;
    if (o == NULL)
        return 0;
    if (!json_object_is_type(o, json_type_int) &&
        !json_object_is_type(o, json_type_double))
        return bad(at, key, "a number or null", e);
    *out = json_object_get_double(o);
    return 0;
}

static int get_count(struct json_at at, const char *key, int64_t most,
                     uint64_t *out, struct err *e)
{
    const int64_t none = 0;
    int64_t v = 0;
    int rc = json_get_int(at, key, &none, 0, most, &v, e);

    *out = (uint64_t)v;
    return plugin_code(rc, e);
}

static int get_u32(struct json_at at, const char *key, uint32_t *out,
                   struct err *e)
{
    uint64_t v;
    int rc = get_count(at, key, UINT32_MAX, &v, e);

    *out = (uint32_t)v;
    return rc;
}

static int get_flag(struct json_at at, const char *key, uint32_t flag,
                    uint32_t *flags, struct err *e)
{
    const bool no = false;
    bool v = false;
    int rc = json_get_bool(at, key, &no, &v, e);

    if (rc == 0 && v)
        *flags |= flag;
    return plugin_code(rc, e);
}

/* A number of its own, or "host:N". */
static int to_ref(json_object *o, uint64_t *ref)
{
    const char *text;
    char *end;
    int64_t n;

    if (json_object_is_type(o, json_type_int)) {
        n = json_object_get_int64(o);
        *ref = (uint64_t)n;
        return n >= 0 && n <= EXEC_MAX_NUMBER ? 0 : -1;
    }
    if (!json_object_is_type(o, json_type_string))
        return -1;
    text = json_object_get_string(o);
    if (strncmp(text, "host:", 5) != 0 || text[5] < '0' || text[5] > '9' ||
        strlen(text) > 24)
        return -1;
    *ref = TT_REF_HOST + strtoull(text + 5, &end, 10);
    return *end == '\0' && *ref >= TT_REF_HOST ? 0 : -1;
}

static int get_ref(struct json_at at, const char *key, uint64_t *ref,
                   struct err *e)
{
    json_object *o = json_child(at.object, key);

    return to_ref(o, ref) == 0
               ? 0
               : bad(at, key, "a ref: a number from 0 to 2^53, or \"host:N\" "
                              "as the host has named it", e);
}

static int get_list(struct json_at at, const char *key, json_object **list,
                    struct err *e)
{
    *list = json_child(at.object, key);
    if (*list != NULL && !json_object_is_type(*list, json_type_array))
        return bad(at, key, "an array", e);
    return 0;
}

static size_t length(json_object *list)
{
    return list != NULL ? json_object_array_length(list) : 0;
}

static int get_refs(struct json_at at, const char *key, struct arena *a,
                    const uint64_t **out, uint64_t *n, struct err *e)
{
    json_object *list;
    uint64_t *v;
    size_t i;

    if (get_list(at, key, &list, e) != 0)
        return TT_EPLUGIN;
    *n = length(list);
    *out = v = arena_alloc(a, (size_t)*n, sizeof *v);
    for (i = 0; i < *n; i++)
        if (to_ref(json_object_array_get_idx(list, i), &v[i]) != 0)
            return bad(at, key, "an array of numbers from 0 to 2^53, or of "
                                "\"host:N\"", e);
    return 0;
}

static int get_word(struct json_at at, const char *key,
                    const char *const *words, size_t n, uint32_t *out,
                    struct err *e)
{
    const char *word = json_str(at.object, key);
    size_t i;

    for (i = 0; word != NULL && i < n; i++)
        if (words[i][0] != '\0' && strcmp(word, words[i]) == 0) {
            *out = (uint32_t)i;
            return 0;
        }
    return err_set(e, TT_EPLUGIN, "%s: %s: \"%.60s\" is unknown", at.where, key,
                   word != NULL ? word : "");
}

int exec_get_split(json_object *o, const char *where, const char *key,
                   uint32_t *split, struct err *e)
{
    static const char *const words[] = { "", "train", "validation",
                                         "holdout" };

    return get_word((struct json_at){ o, where }, key, words,
                    TT_ARRAY_LEN(words), split, e);
}

/* --- actions ---------------------------------------------------------------- */

static int get_value(struct json_at at, json_object *o,
                     const struct tt_param *p, size_t i, struct tt_value *v,
                     struct err *e)
{
    bool number = json_object_is_type(o, json_type_int) ||
                  json_object_is_type(o, json_type_double) ||
                  json_object_is_type(o, json_type_boolean);

    if (o == NULL) {
        v->flags = TT_VALUE_INACTIVE;
        v->number = p->kind != TT_TEXT ? p->default_number : 0;
        return 0;
    }
    if (p->kind == TT_TEXT && json_object_is_type(o, json_type_string)) {
        v->text.p = json_object_get_string(o);
        v->text.n = (uint64_t)json_object_get_string_len(o);
        return 0;
    }
    if (p->kind != TT_TEXT && number) {
        v->number = json_object_is_type(o, json_type_boolean)
                        ? json_object_get_boolean(o)
                        : json_object_get_double(o);
        return 0;
    }
    return err_set(e, TT_EPLUGIN, "%s: values[%zu], of %.*s: must be a %s, or "
                   "null where its condition does not hold", at.where, i,
                   (int)(p->name.n < 100 ? p->name.n : 100), p->name.p,
                   p->kind == TT_TEXT ? "text" : "number");
}

static int get_values(struct json_at at, const struct tt_space *space,
                      struct arena *a, struct tt_candidate *c, struct err *e)
{
    json_object *list;
    struct tt_value *v;
    size_t i, n;
    int rc = get_list(at, "values", &list, e);

    n = length(list);
    if (rc == 0 && n != 0 && n != space->n_params)
        return err_set(e, TT_EPLUGIN, "%s: %zu values, the space has %llu "
                       "parameters", at.where, n,
                       (unsigned long long)space->n_params);
    v = arena_alloc(a, n, sizeof *v);
    for (i = 0; rc == 0 && i < n; i++)
        rc = get_value(at, json_object_array_get_idx(list, i),
                       tt_space_param(space, i), i, &v[i], e);
    c->size = sizeof *c;
    c->value_size = sizeof *v;
    c->n_values = n;
    c->values = v;
    return rc;
}

/* {"split":"train"}, with "next":5 or "ids":[1,2]; absent: as the run plans. */
static int get_cases(struct json_at at, struct arena *a, struct tt_case_set *c,
                     struct err *e)
{
    static const char *const known[] = { "split", "next", "ids", NULL };
    json_object *o = json_child(at.object, "cases");
    struct json_at in = { o, at.where };
    int rc;

    if (o == NULL)
        return 0;
    if (!json_object_is_type(o, json_type_object))
        return bad(at, "cases", "an object", e);
    rc = plugin_code(json_only(in, known, e), e);
    if (rc == 0)
        rc = exec_get_split(o, at.where, "split", &c->split, e);
    c->mode = TT_CASES_SPLIT;
    if (rc == 0 && json_child(o, "next") != NULL) {
        c->mode = TT_CASES_NEXT;
        rc = get_count(in, "next", EXEC_MAX_NUMBER, &c->m, e);
    } else if (rc == 0 && json_child(o, "ids") != NULL) {
        c->mode = TT_CASES_LIST;
        rc = get_refs(in, "ids", a, &c->ids, &c->n_ids, e);
    }
    return rc;
}

static int get_evaluate(struct json_at at, const struct tt_space *space,
                        struct arena *a, const struct tt_action **out,
                        struct err *e)
{
    static const char *const known[] = {
        "kind", "ref", "values", "parents", "origin", "cases", "repeats",
        "feedback", "traces", "priority", "predicted_mean", "predicted_sd",
        "acquisition", NULL,
    };
    struct tt_evaluate *v = arena_alloc(a, 1, sizeof *v);
    const int64_t none = 0;
    int64_t priority = 0;
    int rc = plugin_code(json_only(at, known, e), e);

    v->head.size = sizeof *v;
    v->head.kind = TT_EVALUATE;
    if (rc == 0)
        rc = get_ref(at, "ref", &v->ref, e);
    if (rc == 0)
        rc = get_values(at, space, a, &v->candidate, e);
    if (rc == 0)
        rc = get_refs(at, "parents", a, &v->candidate.parents,
                      &v->candidate.n_parents, e);
    if (rc == 0)
        rc = get_text(at, "origin", &v->candidate.origin, e);
    if (rc == 0)
        rc = get_cases(at, a, &v->cases, e);
    if (rc == 0)
        rc = get_u32(at, "repeats", &v->repeats, e);
    if (rc == 0)
        rc = get_flag(at, "feedback", TT_WANT_FEEDBACK, &v->flags, e);
    if (rc == 0)
        rc = get_flag(at, "traces", TT_WANT_TRACES, &v->flags, e);
    if (rc == 0)
        rc = plugin_code(json_get_int(at, "priority", &none, INT32_MIN,
                                      INT32_MAX, &priority, e), e);
    v->priority = (int32_t)priority;
    if (rc == 0)
        rc = get_number(at, "predicted_mean", &v->predicted_mean, e);
    if (rc == 0)
        rc = get_number(at, "predicted_sd", &v->predicted_sd, e);
    if (rc == 0)
        rc = get_number(at, "acquisition", &v->acquisition, e);
    *out = &v->head;
    return rc;
}

static int get_messages(struct json_at at, struct arena *a, struct tt_llm *l,
                        struct err *e)
{
    static const char *const known[] = { "role", "text", NULL };
    struct tt_message *m;
    json_object *list;
    struct json_at in = { NULL, at.where };
    size_t i;
    int rc = get_list(at, "messages", &list, e);

    l->n_messages = length(list);
    l->messages = m = arena_alloc(a, (size_t)l->n_messages, sizeof *m);
    for (i = 0; rc == 0 && i < l->n_messages; i++) {
        in.object = json_object_array_get_idx(list, i);
        if (!json_object_is_type(in.object, json_type_object))
            return bad(at, "messages", "an array of objects with role and "
                                       "text", e);
        rc = plugin_code(json_only(in, known, e), e);
        if (rc == 0)
            rc = get_text(in, "role", &m[i].role, e);
        if (rc == 0)
            rc = get_text(in, "text", &m[i].text, e);
    }
    return rc;
}

static int get_llm(struct json_at at, struct arena *a,
                   const struct tt_action **out, struct err *e)
{
    static const char *const known[] = { "kind", "request", "messages", "role",
                                         "purpose", "max_tokens",
                                         "temperature", NULL };
    struct tt_llm *l = arena_alloc(a, 1, sizeof *l);
    int rc = plugin_code(json_only(at, known, e), e);

    l->head.size = sizeof *l;
    l->head.kind = TT_LLM;
    if (rc == 0)
        rc = get_count(at, "request", EXEC_MAX_NUMBER, &l->request, e);
    if (rc == 0)
        rc = get_messages(at, a, l, e);
    if (rc == 0)
        rc = get_text(at, "role", &l->role, e);
    if (rc == 0)
        rc = get_text(at, "purpose", &l->purpose, e);
    if (rc == 0)
        rc = get_u32(at, "max_tokens", &l->max_tokens, e);
    if (rc == 0)
        rc = get_number(at, "temperature", &l->temperature, e);
    *out = &l->head;
    return rc;
}

static int get_prune(struct json_at at, struct arena *a,
                     const struct tt_action **out, struct err *e)
{
    static const char *const known[] = { "kind", "ref", "reason", NULL };
    struct tt_prune *p = arena_alloc(a, 1, sizeof *p);
    int rc = plugin_code(json_only(at, known, e), e);

    p->head.size = sizeof *p;
    p->head.kind = TT_PRUNE;
    if (rc == 0)
        rc = get_ref(at, "ref", &p->ref, e);
    if (rc == 0)
        rc = get_text(at, "reason", &p->reason, e);
    *out = &p->head;
    return rc;
}

static int get_done(struct json_at at, struct arena *a,
                    const struct tt_action **out, struct err *e)
{
    static const char *const known[] = { "kind", "reason", NULL };
    struct tt_done *d = arena_alloc(a, 1, sizeof *d);
    int rc = plugin_code(json_only(at, known, e), e);

    d->head.size = sizeof *d;
    d->head.kind = TT_DONE;
    if (rc == 0)
        rc = get_text(at, "reason", &d->reason, e);
    *out = &d->head;
    return rc;
}

int exec_get_action(json_object *o, size_t index, const struct tt_space *space,
                    struct arena *a, const struct tt_action **action,
                    struct err *e)
{
    static const char *const kinds[] = { "", "evaluate", "prune", "llm",
                                         "wait", "done" };
    static const char *const only_kind[] = { "kind", NULL };
    char where[32];
    struct json_at at = { o, where };
    struct tt_wait *w;
    uint32_t kind = 0;

    (void)snprintf(where, sizeof where, "actions[%zu]", index);
    if (!json_object_is_type(o, json_type_object))
        return err_set(e, TT_EPLUGIN, "%s: must be an object", where);
    if (get_word(at, "kind", kinds, TT_ARRAY_LEN(kinds), &kind, e) != 0)
        return TT_EPLUGIN;
    switch ((enum tt_action_kind)kind) {
    case TT_EVALUATE:
        return get_evaluate(at, space, a, action, e);
    case TT_PRUNE:
        return get_prune(at, a, action, e);
    case TT_LLM:
        return get_llm(at, a, action, e);
    case TT_DONE:
        return get_done(at, a, action, e);
    case TT_WAIT:
        break;
    }
    w = arena_alloc(a, 1, sizeof *w);
    w->head.size = sizeof *w;
    w->head.kind = TT_WAIT;
    *action = &w->head;
    return plugin_code(json_only(at, only_kind, e), e);
}

/* --- outcomes --------------------------------------------------------------- */

static int get_object(struct json_at at, const char *key, struct arena *a,
                      struct tt_str *out, struct err *e)
{
    json_object *o = json_child(at.object, key);
    struct buf text = { 0 };

    out->p = NULL;
    out->n = 0;
    if (o == NULL)
        return 0;
    if (!json_object_is_type(o, json_type_object))
        return bad(at, key, "an object", e);
    json_canonical(o, &text);
    *out = arena_str(a, buf_str(&text));
    buf_fini(&text);
    return 0;
}

int exec_get_outcome(json_object *o, size_t index, struct arena *a,
                     struct tt_outcome *out, struct err *e)
{
    static const char *const states[] = { "", "running", "succeeded", "error",
                                          "lost", "refused", "later" };
    static const char *const known[] = {
        "id", "state", "handle", "outputs", "message", "evidence",
        "retry_after_ms", "tokens_in", "tokens_out", "cost", NULL,
    };
    char where[32];
    struct json_at at = { o, where };
    int rc;

    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    (void)snprintf(where, sizeof where, "outcomes[%zu]", index);
    if (!json_object_is_type(o, json_type_object))
        return err_set(e, TT_EPLUGIN, "%s: must be an object", where);
    rc = plugin_code(json_only(at, known, e), e);
    if (rc == 0)
        rc = get_word(at, "state", states, TT_ARRAY_LEN(states), &out->state,
                      e);
    if (rc == 0)
        rc = get_text(at, "id", &out->id, e);
    if (rc == 0)
        rc = get_text(at, "handle", &out->handle, e);
    if (rc == 0)
        rc = get_object(at, "outputs", a, &out->outputs, e);
    if (rc == 0)
        rc = get_text(at, "message", &out->message, e);
    if (rc == 0)
        rc = get_object(at, "evidence", a, &out->evidence, e);
    if (rc == 0)
        rc = get_count(at, "retry_after_ms", EXEC_MAX_NUMBER,
                       &out->retry_after_ms, e);
    if (rc == 0)
        rc = get_count(at, "tokens_in", EXEC_MAX_NUMBER, &out->tokens_in, e);
    if (rc == 0)
        rc = get_count(at, "tokens_out", EXEC_MAX_NUMBER, &out->tokens_out, e);
    if (rc == 0)
        rc = get_number(at, "cost", &out->cost, e);
    if (isnan(out->cost))
        out->cost = 0;
    return rc;
}

/* --- errors and requests ---------------------------------------------------- */

static int code_of(const char *word)
{
#define CODE_OF(name, number, status, text)                                    \
    if (strcmp(word, text) == 0)                                               \
        return number;
    TT_ERROR_TABLE(CODE_OF)
#undef CODE_OF
    return 0;
}

int exec_get_error(json_object *o, struct tt_error *out, struct err *e)
{
    static const char *const known[] = { "code", "message", "retry_after_ms",
                                         NULL };
    struct json_at at = { o, "error" };
    struct tt_str message;
    const char *word;
    int rc, code;

    if (!json_object_is_type(o, json_type_object))
        return err_set(e, TT_EPLUGIN, "error: must be an object");
    word = json_str(o, "code");
    rc = plugin_code(json_only(at, known, e), e);
    code = word != NULL ? code_of(word) : 0;
    if (rc == 0 && code == 0)
        return err_set(e, TT_EPLUGIN, "error: code: \"%.40s\" is no code of "
                       "trimtab/errors.h, such as \"invalid\"",
                       word != NULL ? word : "");
    if (rc == 0)
        rc = get_text(at, "message", &message, e);
    if (rc == 0)
        rc = get_u32(at, "retry_after_ms", &out->retry_after_ms, e);
    if (rc != 0)
        return rc;
    (void)tt_fail(out, code, "%.*s",
                  (int)(message.n < sizeof out->message ? message.n
                                                        : sizeof out->message),
                  message.p != NULL ? message.p : "it did not say why");
    return 0;
}

static int get_headers(struct json_at at, struct arena *a,
                       struct tt_http_request *r, struct err *e)
{
    json_object *o = json_child(at.object, "headers");
    struct tt_http_header *h;
    size_t i = 0;

    if (o == NULL)
        return 0;
    if (!json_object_is_type(o, json_type_object))
        return bad(at, "headers", "an object of texts", e);
    h = arena_alloc(a, (size_t)json_object_object_length(o), sizeof *h);
    json_object_object_foreach(o, name, value)
    {
        if (!json_object_is_type(value, json_type_string))
            return bad(at, "headers", "an object of texts", e);
        h[i].name = tt_str_of(name);
        h[i++].value = tt_str_of(json_object_get_string(value));
    }
    r->headers = h;
    r->n_headers = i;
    return 0;
}

int exec_get_http(json_object *o, struct arena *a, struct tt_http_request *r,
                  struct err *e)
{
    static const char *const known[] = { "method", "url", "headers", "body",
                                         "timeout_ms", "max_body_bytes",
                                         "idempotent", NULL };
    struct json_at at = { o, "http" };
    int rc;

    memset(r, 0, sizeof *r);
    r->size = sizeof *r;
    if (!json_object_is_type(o, json_type_object))
        return err_set(e, TT_EPLUGIN, "http: must be an object");
    rc = plugin_code(json_only(at, known, e), e);
    if (rc == 0)
        rc = get_text(at, "method", &r->method, e);
    if (rc == 0)
        rc = get_text(at, "url", &r->url, e);
    if (rc == 0)
        rc = get_headers(at, a, r, e);
    if (rc == 0)
        rc = get_text(at, "body", &r->body, e);
    if (rc == 0)
        rc = get_count(at, "timeout_ms", EXEC_MAX_NUMBER, &r->timeout_ms, e);
    if (rc == 0)
        rc = get_count(at, "max_body_bytes", EXEC_MAX_NUMBER,
                       &r->max_body_bytes, e);
    if (rc == 0)
        rc = get_flag(at, "idempotent", TT_HTTP_IDEMPOTENT, &r->flags, e);
    if (r->method.n == 0)
        r->method = tt_str_of("GET");
    return rc;
}
