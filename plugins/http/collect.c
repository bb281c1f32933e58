/* SPDX-License-Identifier: MIT
 *
 * collect.c - jobs: ask how they are, find those of a label, give one up. All
 * that is known of a job stands in its handle, so a restart is a normal day. */
#include <string.h>

#include "http.h"

#define HANDLE_MAX 4000
#define BACKOFF_MAX 8 /* times poll_seconds */

struct job {
    json_object *handle; /* owned */
    const char *evaluation, *url;
    json_object *cases; /* ids, or NULL */
};

json_object *handle_make(struct tt_str evaluation, const char *url,
                         json_object *cases)
{
    json_object *o = json_object_new_object();
    struct tt_str text;

    json_object_object_add(o, "evaluation", js_text(evaluation));
    json_object_object_add(o, "url", json_object_new_string(url));
    if (cases != NULL) {
        json_object_object_add(o, "cases", json_object_get(cases));
        js_write(&text, o);
        if (text.n > HANDLE_MAX)
            json_object_object_del(o, "cases");
    }
    return o;
}

static bool are_ids(json_object *cases)
{
    size_t i;

    if (!json_object_is_type(cases, json_type_array))
        return false;
    for (i = 0; i < json_object_array_length(cases); i++) {
        if (!json_object_is_type(json_object_array_get_idx(cases, i),
                                 json_type_string))
            return false;
    }
    return true;
}

/* False when the handle is none of ours. */
static bool job_open(struct tt_instance *self, struct tt_str handle,
                     struct job *j)
{
    char url[URL_BYTES];

    memset(j, 0, sizeof *j);
    j->handle = js_parse(handle);
    j->evaluation = js_str(j->handle, "evaluation");
    j->url = js_str(j->handle, "url");
    j->cases = js_get(j->handle, "cases");
    if (!are_ids(j->cases))
        j->cases = NULL;
    return j->evaluation != NULL && j->url != NULL &&
           client_url(self, j->url, url, sizeof url) == NULL &&
           strcmp(url, j->url) == 0;
}

static struct filling filling_of(struct tt_instance *self, const struct job *j)
{
    struct filling f = { .self = self };

    f.evaluation = tt_str_of(j->evaluation);
    f.label = tt_str_of("");
    f.status_url = j->url;
    return f;
}

/* --- what a status says --------------------------------------------------- */

enum stage { RUNNING, DONE, FAILED, UNREADABLE };

static bool has_word(json_object *list, const char *word)
{
    size_t i;

    for (i = 0; list != NULL && i < json_object_array_length(list); i++) {
        if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)),
                   word) == 0)
            return true;
    }
    return false;
}

/* Without a state of its own a 200 is the result itself. */
static enum stage stage_of(struct tt_instance *self, json_object *body,
                           char *why, size_t n)
{
    const struct settings *s = &self->settings;
    json_object *v;
    const char *word;

    if (body == NULL) {
        snprintf(why, n, "the job's status is no JSON");
        return UNREADABLE;
    }
    if (!js_pointer(body, s->state, &v) ||
        !json_object_is_type(v, json_type_string)) {
        if (s->state_is_ours)
            return DONE;
        snprintf(why, n, "job.state: \"%s\" is no text in the job's status",
                 s->state);
        return UNREADABLE;
    }
    word = json_object_get_string(v);
    if (has_word(s->done, word))
        return DONE;
    if (has_word(s->failed, word)) {
        snprintf(why, n, "the job ended %.60s", word);
        if (s->job_error != NULL && js_pointer(body, s->job_error, &v) &&
            json_object_is_type(v, json_type_string))
            append(why, n, ": %.500s", json_object_get_string(v));
        return FAILED;
    }
    return RUNNING;
}

static int emit_result(struct tt_instance *self, json_object *body,
                       const char *evaluation, struct tt_str handle,
                       json_object *cases, const struct tt_outcome_sink *sink)
{
    const struct settings *s = &self->settings;
    json_object *answer = body;
    struct result result;
    int code;

    result_init(&result, cases);
    if (s->result != NULL && !js_pointer(body, s->result, &answer))
        result_complain(&result, "job.result: \"%s\" is missing in the "
                        "finished job", s->result);
    else
        answer_read(s, answer, NULL, &result);
    code = result_emit(&result, tt_str_of(evaluation), handle, 200, sink);
    result_fini(&result);
    return code;
}

/* 0: it runs; 1: it has ended and was emitted; < 0: an error. */
static int judge(struct tt_instance *self, const struct reply *r,
                 const struct job *j, struct tt_str handle,
                 const struct tt_outcome_sink *sink)
{
    char why[WHY_BYTES] = "";
    enum stage stage = stage_of(self, r->body, why, sizeof why);
    int code;

    if (stage == RUNNING)
        return 0;
    code = stage == DONE
               ? emit_result(self, r->body, j->evaluation, handle, j->cases,
                             sink)
               : emit(sink, TT_ERROR, tt_str_of(j->evaluation), handle, why, 0);
    return code != 0 ? code : 1;
}

/* --- collect -------------------------------------------------------------- */

static int ended(const struct job *j, uint32_t state, struct tt_str handle,
                 const char *why, const struct tt_outcome_sink *sink)
{
    int code = emit(sink, state, tt_str_of(j->evaluation), handle, why, 0);

    return code != 0 ? code : 1;
}

/* A 303 leads to the result: one step, in the same place. */
static int follow(struct tt_instance *self, const struct filling *f,
                  struct reply *r, struct tt_error *e)
{
    char url[URL_BYTES];

    if (r->status != 303 ||
        client_url(self, r->location, url, sizeof url) != NULL)
        return 0;
    reply_fini(r);
    return client_call(self, f, "GET", url, NULL, r, e);
}

/* As judge(); *wait_ms where the endpoint wants to be left alone. */
static int poll_job(struct tt_instance *self, const struct job *j,
                    struct tt_str handle, const struct tt_outcome_sink *sink,
                    uint64_t *wait_ms, struct tt_error *e)
{
    struct filling f = filling_of(self, j);
    char why[WHY_BYTES];
    struct reply r;
    int code = client_call(self, &f, "GET", j->url, NULL, &r, e);

    if (code == 0)
        code = follow(self, &f, &r, e);
    if (r.retry_after_ms > *wait_ms)
        *wait_ms = r.retry_after_ms;
    if (code == TT_ETOOBIG) {
        code = ended(j, TT_ERROR, handle, "the result is too large", sink);
    } else if (code == 0 && (r.status == 401 || r.status == 407)) {
        code = fail(e, TT_EAUTH, "GET %.200s: %u %s; give a key: config "
                    "headers, Authorization: Bearer ${secret:NAME}", j->url,
                    r.status, r.words);
    } else if (code == 0 && !transient(r.status) && r.status != 202) {
        snprintf(why, sizeof why, "GET %.200s: %u %.300s%s", j->url, r.status,
                 r.words, r.status == 404 || r.status == 410
                     ? "; the job is gone" : "");
        code = r.status >= 200 && r.status < 300
                   ? judge(self, &r, j, handle, sink)
                   : ended(j, TT_LOST, handle, why, sink);
    } else if (code == 0 && transient(r.status)) {
        code = fail(e, TT_ETRANSIENT, "GET %.200s: %u %s", j->url, r.status,
                    r.words);
    }
    reply_fini(&r);
    return code;
}

static bool passes(int code)
{
    return code == TT_ETRANSIENT || code == TT_ETIMEOUT || code == TT_ELIMIT ||
           code == TT_EUNAVAILABLE;
}

/* Soon after something ended, then ever later. */
static uint64_t next_poll_ms(struct tt_instance *self, bool any,
                             uint64_t wait_ms)
{
    uint64_t poll = self->settings.poll_ms;

    self->backoff_ms = any || self->backoff_ms == 0
                           ? poll : self->backoff_ms + self->backoff_ms / 2;
    if (self->backoff_ms > BACKOFF_MAX * poll)
        self->backoff_ms = BACKOFF_MAX * poll;
    return self->backoff_ms > wait_ms ? self->backoff_ms : wait_ms;
}

int collect_collect(struct tt_instance *self, const struct tt_str *handles,
                    uint64_t n, const struct tt_outcome_sink *sink,
                    uint64_t *again_ms, struct tt_error *e)
{
    uint64_t i, wait_ms = 0;
    bool any = false;
    struct job j;
    int code = 0;

    for (i = 0; code >= 0 && i < n; i++) {
        code = job_open(self, handles[i], &j)
                   ? poll_job(self, &j, handles[i], sink, &wait_ms, e)
                   : emit(sink, TT_LOST, tt_str_of(""), handles[i],
                          "the handle is not one of this endpoint", 0);
        any = any || code > 0;
        json_object_put(j.handle);
    }
    *again_ms = next_poll_ms(self, any, wait_ms);
    if (code < 0 && passes(code)) {
        say(self, 0, "http: %s", e != NULL ? e->message : "no answer");
        return 0;
    }
    return code < 0 ? code : 0;
}

/* --- find ----------------------------------------------------------------- */

static int find_one(struct tt_instance *self, json_object *item,
                    const struct tt_outcome_sink *sink)
{
    const struct settings *s = &self->settings;
    char url[URL_BYTES], why[WHY_BYTES] = "";
    const char *evaluation, *wrong = "it has none";
    struct tt_str written;
    json_object *v, *handle;
    enum stage stage;
    int code = 0;

    if (!js_pointer(item, s->found_id, &v) ||
        !json_object_is_type(v, json_type_string))
        return 0; /* somebody else's */
    evaluation = json_object_get_string(v);
    if (s->found_url == NULL) { /* the job itself is the answer */
        stage = stage_of(self, item, why, sizeof why);
        return stage == DONE ? emit_result(self, item, evaluation,
                                           tt_str_of(""), NULL, sink)
               : stage == RUNNING ? 0
               : emit(sink, TT_ERROR, tt_str_of(evaluation), tt_str_of(""),
                      why, 0);
    }
    if (js_pointer(item, s->found_url, &v) &&
        json_object_is_type(v, json_type_string))
        wrong = client_url(self, json_object_get_string(v), url, sizeof url);
    if (wrong != NULL) {
        say(self, 0, "http: lookup.status_url of %.100s: %s", evaluation,
            wrong);
        return 0;
    }
    handle = handle_make(tt_str_of(evaluation), url, NULL);
    js_write(&written, handle);
    code = emit(sink, TT_RUNNING, tt_str_of(evaluation), written, "", 0);
    json_object_put(handle);
    return code;
}

static int find_all(struct tt_instance *self, json_object *body,
                    const struct tt_outcome_sink *sink, struct tt_error *e)
{
    json_object *list;
    size_t i;
    int code = 0;

    if (!js_pointer(body, self->settings.found, &list))
        return tt_fail(e, TT_EINVAL, "http: lookup.at: \"%s\" is missing in "
                       "the answer", self->settings.found);
    if (json_object_is_type(list, json_type_object))
        return find_one(self, list, sink);
    if (!json_object_is_type(list, json_type_array))
        return tt_fail(e, TT_EINVAL, "http: lookup.at: \"%s\" is no array",
                       self->settings.found);
    for (i = 0; code == 0 && i < json_object_array_length(list); i++)
        code = find_one(self, json_object_array_get_idx(list, i), sink);
    return code;
}

int collect_find(struct tt_instance *self, struct tt_str label,
                 const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct filling f = { .self = self, .label = label };
    char url[URL_BYTES], why[WHY_BYTES];
    struct reply r;
    int code;

    if (self->settings.lookup == NULL)
        return 0; /* nothing can be found: it is sent again */
    f.evaluation = tt_str_of("");
    if (!template_text(&f, self->settings.lookup, true, url, sizeof url, why,
                       sizeof why))
        return tt_fail(e, TT_EINVAL, "http: lookup.url: %s", why);
    code = client_call(self, &f, "GET", url, NULL, &r, e);
    if (code == 0 && r.status >= 200 && r.status < 300)
        code = r.body != NULL ? find_all(self, r.body, sink, e)
                              : tt_fail(e, TT_EINVAL, "GET %.200s: the answer "
                                        "is no JSON", url);
    else if (code == 0 && r.status != 404)
        code = fail(e, transient(r.status) ? TT_ETRANSIENT
                       : r.status == 401   ? TT_EAUTH
                                           : TT_EINVAL,
                    "GET %.200s: %u %s", url, r.status, r.words);
    reply_fini(&r);
    return code;
}

/* --- abandon -------------------------------------------------------------- */

int collect_abandon(struct tt_instance *self, struct tt_str handle,
                    struct tt_error *e)
{
    char url[URL_BYTES], why[WHY_BYTES];
    struct filling f;
    struct reply r;
    struct job j;

    if (self->settings.abandon == NULL)
        return 0;
    if (job_open(self, handle, &j)) {
        f = filling_of(self, &j);
        if (template_text(&f, self->settings.abandon, true, url, sizeof url,
                          why, sizeof why)) {
            /* Best effort: it may have ended, or be gone. */
            (void)client_call(self, &f, self->settings.abandon_method, url,
                              NULL, &r, e);
            reply_fini(&r);
        }
    }
    json_object_put(j.handle);
    if (e != NULL)
        e->code = 0;
    return 0;
}
