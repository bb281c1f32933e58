/* SPDX-License-Identifier: MIT
 *
 * submit.c - one evaluation is one request: the host has cut a candidate's
 * cases into evaluations of at most cases_per_run. A 200 is the result, a 202
 * a job. An endpoint that is away costs time, never an evaluation; one that
 * refuses several cases at once is asked for each alone. */
#include <stdlib.h>
#include <string.h>

#include "http.h"

struct sending { /* one batch */
    struct tt_instance *self;
    const struct tt_batch *batch;
    const struct tt_outcome_sink *sink;
    bool paused;         /* the rest goes out later */
    uint64_t pause_ms;
    char pause[WHY_BYTES];
};

struct one { /* one evaluation */
    struct sending *s;
    const struct tt_evaluation *ev;
    struct filling f;
    json_object *contents; /* of its cases, with their ids; owned */
    json_object *ids;      /* owned */
    char url[URL_BYTES];
};

/* --- the request ---------------------------------------------------------- */

static const struct tt_case *case_at(const struct tt_evaluation *ev, uint64_t i)
{
    return (const struct tt_case *)(const void *)((const char *)ev->cases +
                                                  i * ev->case_size);
}

/* Its id is the author's where there is one, else the host's number. */
static bool add_case(struct one *o, const struct tt_case *c, char *why,
                     size_t n)
{
    json_object *content = js_parse(c->content);
    char number[24];

    if (!json_object_is_type(content, json_type_object)) {
        snprintf(why, n, "case %llu is no JSON object",
                 (unsigned long long)c->id);
        json_object_put(content);
        return false;
    }
    if (js_str(content, "id") == NULL || js_str(content, "id")[0] == '\0') {
        snprintf(number, sizeof number, "%llu", (unsigned long long)c->id);
        json_object_object_add(content, "id", json_object_new_string(number));
    }
    json_object_array_add(o->ids, json_object_get(js_get(content, "id")));
    json_object_array_add(o->contents, content);
    return true;
}

static void only_case(struct one *o, size_t i)
{
    o->f.one = json_object_array_get_idx(o->contents, i);
}

/* Put cases [from, from + n) into f->cases. */
static bool make_cases(struct one *o, size_t from, size_t n, char *why,
                       size_t why_n)
{
    const struct settings *s = &o->s->self->settings;
    json_object *made;
    size_t i;

    json_object_put(o->f.cases);
    o->f.cases = NULL;
    made = json_object_new_array();
    for (i = from; i < from + n; i++) {
        json_object *element = NULL;

        only_case(o, i);
        if (!template_fill(&o->f, s->one, &element, why, why_n)) {
            json_object_put(element);
            json_object_put(made);
            return false;
        }
        json_object_array_add(made, element);
    }
    o->f.cases = made;
    o->f.one = NULL;
    if (n == 1)
        only_case(o, from);
    return true;
}

static bool one_begin(struct one *o, struct sending *s,
                      const struct tt_evaluation *ev, char *why, size_t n)
{
    uint64_t i;

    memset(o, 0, sizeof *o);
    o->s = s;
    o->ev = ev;
    o->contents = json_object_new_array();
    o->ids = json_object_new_array();
    o->f.self = s->self;
    o->f.label = s->batch->label;
    o->f.evaluation = ev->id;
    o->f.repeat = ev->repeat;
    if (ev->size >= sizeof *ev) /* a host from before candidate_number */
        o->f.candidate = ev->candidate_number;
    o->f.parameters = candidate_json(s->self->setup->space, &ev->candidate);
    for (i = 0; i < ev->n_cases; i++) {
        if (!add_case(o, case_at(ev, i), why, n))
            return false;
    }
    return template_text(&o->f, s->self->settings.url, true, o->url,
                         sizeof o->url, why, n);
}

static void one_end(struct one *o)
{
    json_object_put(o->f.parameters);
    json_object_put(o->f.cases);
    json_object_put(o->contents);
    json_object_put(o->ids);
}

/* Send cases [from, from + n). False with *why: it cannot be made. */
static bool send(struct one *o, size_t from, size_t n, struct reply *r,
                 int *code, char *why, size_t why_n, struct tt_error *e)
{
    struct tt_instance *self = o->s->self;
    json_object *body = NULL;
    bool good = make_cases(o, from, n, why, why_n);

    memset(r, 0, sizeof *r);
    *code = 0;
    if (good && self->settings.body != NULL)
        good = template_fill(&o->f, self->settings.body, &body, why, why_n);
    if (good)
        *code = client_call(self, &o->f, self->settings.method, o->url, body,
                            r, e);
    json_object_put(body);
    return good;
}

/* --- what came of it ------------------------------------------------------ */

static struct tt_str none(void)
{
    return tt_str_of("");
}

static int settle(struct one *o, uint32_t state, const char *why,
                  uint64_t after_ms)
{
    return emit(o->s->sink, state, o->ev->id, none(), why, after_ms);
}

/* "POST http://...: 422 on case q1, q2: it says; mend" */
static void explain(struct one *o, const struct reply *r, char *out, size_t n)
{
    const struct settings *s = &o->s->self->settings;
    size_t i, count = json_object_array_length(o->ids);

    snprintf(out, n, "%s %.200s: %u", s->method, o->url, r->status);
    for (i = 0; i < count && i < 3; i++)
        append(out, n, "%s%.60s", i == 0 ? " on case " : ", ",
               json_object_get_string(json_object_array_get_idx(o->ids, i)));
    if (count > 3)
        append(out, n, " and %zu more", count - 3);
    if (r->words[0] != '\0')
        append(out, n, ": %s", r->words);
    if (r->status == 404 || r->status == 405)
        append(out, n, "; check url and method");
    else if (r->status >= 300 && r->status < 400)
        append(out, n, "; redirects are not followed: set url to where it "
               "leads");
    else if (r->status == 413)
        append(out, n, "; set evaluation.cases_per_run lower");
    else if (r->status == 401 || r->status == 407)
        append(out, n, "; give a key: config headers, Authorization: Bearer "
               "${secret:NAME}");
    else if (r->status >= 400 && r->status < 500)
        append(out, n, "; mend the case, or the template in config body");
}

/* All that is left of the batch goes out later. */
static int pause_all(struct one *o, const char *why, uint64_t after_ms)
{
    struct sending *s = o->s;

    s->paused = true;
    s->pause_ms = after_ms > 0 ? after_ms : RETRY_MS;
    snprintf(s->pause, sizeof s->pause, "%s", why);
    return settle(o, TT_LATER, why, s->pause_ms);
}

/* No answer. Codes that no repeat will mend go up to the host. */
static int unanswered(struct one *o, int code, const struct reply *r,
                      struct tt_error *e)
{
    const char *why = e != NULL && e->message[0] != '\0' ? e->message
                                                         : "no answer";
    char text[WHY_BYTES];

    snprintf(text, sizeof text, "%.*s", (int)sizeof text - 1, why);
    switch (code) {
    case TT_ETRANSIENT:
    case TT_ELIMIT:
    case TT_EUNAVAILABLE:
        return pause_all(o, text, r->retry_after_ms);
    case TT_ETIMEOUT: /* it may have been carried out */
        if (o->s->self->settings.lookup != NULL)
            return code;
        return settle(o, TT_LOST, text, r->retry_after_ms > 0
                                            ? r->retry_after_ms : RETRY_MS);
    case TT_ETOOBIG:
    case TT_EPROTOCOL:
        return settle(o, TT_ERROR, text, 0);
    default:
        return code;
    }
}

static int accepted(struct one *o, const struct reply *r)
{
    const struct settings *s = &o->s->self->settings;
    char url[URL_BYTES], text[WHY_BYTES];
    const char *given = r->location, *wrong;
    json_object *handle, *v;
    struct tt_str written;
    int code;

    if (s->status_url != NULL)
        given = js_pointer(r->body, s->status_url, &v) &&
                        json_object_is_type(v, json_type_string)
                    ? json_object_get_string(v) : "";
    if (given[0] == '\0') {
        snprintf(text, sizeof text, "%s %.200s: 202 without %s%s: where should "
                 "the result be asked for?", s->method, o->url,
                 s->status_url != NULL ? "a text at " : "a Location header; "
                 "set config job.status_url",
                 s->status_url != NULL ? s->status_url : "");
        return settle(o, TT_ERROR, text, 0);
    }
    wrong = client_url(o->s->self, given, url, sizeof url);
    if (wrong != NULL) {
        snprintf(text, sizeof text, "%s %.200s: 202 with the status URL "
                 "%.200s: %s", s->method, o->url, given, wrong);
        return settle(o, TT_ERROR, text, 0);
    }
    handle = handle_make(o->ev->id, url, o->ids);
    js_write(&written, handle);
    code = emit(o->s->sink, TT_RUNNING, o->ev->id, written, "", 0);
    json_object_put(handle);
    return code;
}

/* One case of an evaluation that was refused as a whole. Returns 1 where the
 * endpoint went away: the evaluation is sent again as a whole. */
static int send_alone(struct one *o, size_t i, struct result *result,
                      char *why, size_t n, struct tt_error *e)
{
    const char *id = json_object_get_string(
        json_object_array_get_idx(o->ids, i));
    struct reply r;
    int code;

    if (!send(o, i, 1, &r, &code, why, n, e)) {
        result_complain(result, "case %.100s: %s", id, why);
    } else if (code != 0 || transient(r.status)) {
        snprintf(why, n, "%.*s", (int)(n / 2),
                 e != NULL && code != 0 ? e->message : r.words);
        code = code == 0 || code == TT_ETRANSIENT || code == TT_ELIMIT ||
                       code == TT_ETIMEOUT ? 1 : code;
    } else if (r.status == 200 && r.body != NULL) {
        answer_read(&o->s->self->settings, r.body, id, result);
    } else {
        snprintf(why, n, "%u: %.300s%s", r.status, r.words,
                 r.status == 202 ? " (a job, for a case of an evaluation: set "
                                   "cases_per_run to 1)" : "");
        result_complain(result, "case %.100s: %s; mend the case, or the "
                        "template in config body", id, why);
        result_remark(result, id, why);
    }
    reply_fini(&r);
    return code;
}

static int send_each(struct one *o, struct tt_error *e)
{
    size_t i, n = json_object_array_length(o->ids);
    struct result result;
    char why[WHY_BYTES];
    int code = 0;

    result_init(&result, o->ids);
    for (i = 0; code == 0 && i < n; i++)
        code = send_alone(o, i, &result, why, sizeof why, e);
    if (code == 1)
        code = settle(o, TT_LOST, why, RETRY_MS);
    else if (code == 0)
        code = result_emit(&result, o->ev->id, none(), 200, o->s->sink);
    result_fini(&result);
    return code;
}

static int finished(struct one *o, const struct reply *r)
{
    char text[WHY_BYTES];
    struct result result;
    int code;

    if (r->body == NULL) {
        snprintf(text, sizeof text, "%s %.200s: %u, but the answer is no JSON: "
                 "%.200s", o->s->self->settings.method, o->url, r->status,
                 r->words);
        return settle(o, TT_ERROR, text, 0);
    }
    result_init(&result, o->ids);
    answer_read(&o->s->self->settings, r->body, NULL, &result);
    code = result_emit(&result, o->ev->id, none(), r->status, o->s->sink);
    result_fini(&result);
    return code;
}

/* May one of several cases be what it is refused for? */
static bool about_cases(unsigned status)
{
    return status == 400 || status == 413 || status == 422;
}

static int answered(struct one *o, const struct reply *r, struct tt_error *e)
{
    char text[WHY_BYTES];

    if (r->status == 202)
        return accepted(o, r);
    if (r->status >= 200 && r->status < 300)
        return finished(o, r);
    if (about_cases(r->status) && json_object_array_length(o->ids) > 1)
        return send_each(o, e);
    explain(o, r, text, sizeof text);
    if (busy(r->status))
        return pause_all(o, text, r->retry_after_ms);
    if (transient(r->status))
        return settle(o, TT_LOST, text, r->retry_after_ms > 0
                                            ? r->retry_after_ms : RETRY_MS);
    if (r->status == 401 || r->status == 407)
        return fail(e, TT_EAUTH, "%s", text);
    return settle(o, TT_ERROR, text, 0);
}

static int send_one(struct sending *s, const struct tt_evaluation *ev,
                    struct tt_error *e)
{
    char why[WHY_BYTES] = "";
    struct one o;
    struct reply r;
    int code = 0;

    if (s->paused)
        return emit(s->sink, TT_LATER, ev->id, none(), s->pause, s->pause_ms);
    if (!one_begin(&o, s, ev, why, sizeof why)) {
        code = settle(&o, TT_REFUSED, why, 0);
    } else {
        if (!send(&o, 0, (size_t)ev->n_cases, &r, &code, why, sizeof why, e))
            code = settle(&o, TT_REFUSED, why, 0);
        else if (code != 0)
            code = unanswered(&o, code, &r, e);
        else
            code = answered(&o, &r, e);
        reply_fini(&r);
    }
    one_end(&o);
    return code;
}

int submit_submit(struct tt_instance *self, const struct tt_batch *batch,
                  const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct sending s = { .self = self, .batch = batch, .sink = sink };
    uint64_t i;
    int code = 0;

    for (i = 0; code == 0 && i < batch->n_evaluations; i++)
        code = send_one(&s, (const struct tt_evaluation *)(const void *)(
                                (const char *)batch->evaluations +
                                i * batch->evaluation_size), e);
    return code;
}
