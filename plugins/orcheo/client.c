/* SPDX-License-Identifier: MIT
 *
 * client.c - requests to Orcheo's API through the host's http service: the
 * token by reference, the workspace, errors in all four shapes, pauses. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orcheo.h"

#define MINUTE_MS 60000

int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void say(const struct tt_instance *self, int level, const char *format, ...)
{
    char text[700];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    self->host->log(self->host, level, tt_str_of(text));
}

void url_escape(char *out, size_t n, const char *text)
{
    size_t used = 0;

    for (; *text != '\0' && used + 4 < n; text++) {
        if (isalnum((unsigned char)*text) || strchr("-_.~", *text) != NULL)
            out[used++] = *text;
        else
            used += (size_t)snprintf(out + used, n - used, "%%%02X",
                                     (unsigned char)*text);
    }
    out[used] = '\0';
}

void reply_fini(struct reply *r)
{
    json_object_put(r->body);
    r->body = NULL;
}

bool transient(int code)
{
    return code == TT_ETRANSIENT || code == TT_ETIMEOUT ||
           code == TT_ELIMIT || code == TT_EUNAVAILABLE;
}

/* --- our own rate --------------------------------------------------------- */

unsigned client_used(const struct tt_instance *self)
{
    int64_t now = mono_ms();
    size_t i, kept = self->n_sent < RING ? self->n_sent : RING;
    unsigned used = 0;

    for (i = 0; i < kept; i++) {
        if (now - self->sent_ms[i] < MINUTE_MS)
            used++;
    }
    return used;
}

uint64_t client_wait_ms(const struct tt_instance *self)
{
    int64_t now = mono_ms(), wait = self->pause_until_ms - now;
    int64_t oldest;
    uint64_t limit = self->settings.per_minute;

    if (limit > 0 && self->n_sent >= limit) {
        oldest = self->sent_ms[(self->n_sent - limit) % RING];
        if (oldest + MINUTE_MS - now > wait)
            wait = oldest + MINUTE_MS - now;
    }
    return wait > 0 ? (uint64_t)wait : 0;
}

static void count_request(struct tt_instance *self)
{
    self->sent_ms[self->n_sent++ % RING] = mono_ms();
}

/* --- errors --------------------------------------------------------------- */

/* What to do about it: by Orcheo's code, else by the status. */
static const char *mend_of(const struct tt_instance *self, unsigned status,
                           const char *code)
{
    static const struct {
        const char *code, *mend;
    } mends[] = {
        { "auth.missing_token", "give a token: config token_secret" },
        { "auth.missing_scope", "make a token with that scope" },
        { "workspace.forbidden", "set config workspace to a slug that the "
          "token belongs to" },
        { "workspace.membership_required", "use a token that belongs to a "
          "workspace" },
        { "workspace.not_found", "config workspace names no workspace" },
        { "workspace.rate_limited", "raise ORCHEO_MULTI_WORKSPACE_RATE_LIMIT "
          "or lower config requests_per_minute" },
        { "workspace.quota.concurrent_runs", "wait for runs to end, or use a "
          "workspace with a larger quota" },
        { "workflow.ingestion.disabled", "uploads are off on this Orcheo" },
    };
    size_t i;

    for (i = 0; i < sizeof mends / sizeof *mends; i++) {
        if (strcmp(code, mends[i].code) == 0)
            return mends[i].mend;
    }
    if (status == 401)
        return self->settings.secret[0] != '\0'
                   ? "the token is wrong or expired: renew the secret"
                   : "give a token: config token_secret";
    if (status == 404)
        return "check the name, and that it lies in the token's workspace";
    if (status >= 500)
        return "see Orcheo's log";
    return NULL;
}

/* Orcheo's words, from {"detail": text | {message, code} | {error: {...}} |
 * [{type, loc, msg, input}]}; input repeats what was sent and is left out. */
static void error_words(struct reply *r, char *out, size_t n)
{
    json_object *d = js_get(r->body, "detail"), *first;
    struct tt_str loc = { "", 0 };

    out[0] = '\0';
    if (json_object_is_type(js_get(d, "error"), json_type_object)) {
        d = js_get(d, "error");
        r->limit = js_int(js_get(d, "details"), "limit", -1);
        r->current = js_int(js_get(d, "details"), "current", -1);
    }
    if (json_object_is_type(d, json_type_string)) {
        copy_text(out, n, json_object_get_string(d));
    } else if (json_object_is_type(d, json_type_array)) {
        first = json_object_array_get_idx(d, 0);
        if (js_get(first, "loc") != NULL)
            js_write(&loc, js_get(first, "loc"));
        snprintf(out, n, "%s at %.100s", js_str(first, "msg"), loc.p);
    } else if (json_object_is_type(d, json_type_object)) {
        copy_text(r->code, sizeof r->code, js_str(d, "code"));
        copy_text(out, n, js_str(d, "message"));
    }
}

static int code_of(unsigned status)
{
    switch (status) {
    case 401:
        return TT_EAUTH;
    case 403:
        return TT_EPERM;
    case 404:
        return TT_ENOENT;
    case 409:
        return TT_ECONFLICT;
    case 413:
        return TT_ETOOBIG;
    case 429:
        return TT_ELIMIT;
    default:
        return status >= 500 ? TT_ETIMEOUT : TT_EINVAL;
    }
}

static int fail_status(struct tt_instance *self, const char *what,
                       struct reply *r, uint64_t retry_after_ms,
                       struct tt_error *e)
{
    char words[400];
    const char *mend;

    error_words(r, words, sizeof words);
    mend = mend_of(self, r->status, r->code);
    if (r->status == 429) {
        if (retry_after_ms == 0)
            retry_after_ms = strstr(r->code, "quota") != NULL ? 5000 : 60000;
        self->pause_until_ms = mono_ms() + (int64_t)retry_after_ms;
        if (e != NULL)
            e->retry_after_ms = (uint32_t)retry_after_ms;
    }
    return tt_fail(e, code_of(r->status), "Orcheo: %s: %u%s%s%s%s%s%s", what,
                   r->status, r->code[0] != '\0' ? " " : "", r->code,
                   words[0] != '\0' ? ": " : "", words,
                   mend != NULL ? "; " : "", mend != NULL ? mend : "");
}

/* --- one request ---------------------------------------------------------- */

static int fail_transport(struct tt_instance *self, const char *what, int code,
                          struct tt_error *e)
{
    char text[600];

    if (code == TT_ELIMIT && e != NULL) {
        if (e->retry_after_ms == 0)
            e->retry_after_ms = 5000;
        self->pause_until_ms = mono_ms() + (int64_t)e->retry_after_ms;
    }
    copy_text(text, sizeof text, e != NULL ? e->message : "");
    /* The answer was too large: what was asked for has been done. */
    if (code == TT_ETOOBIG || code == TT_EPROTOCOL)
        code = TT_ETIMEOUT;
    return tt_fail(e, code, "Orcheo: %s: %s", what,
                   text[0] != '\0' ? text : "no answer");
}

static int fetch(struct tt_instance *self, const char *method,
                 const char *url, json_object *body,
                 struct tt_http_response *response, struct tt_error *e)
{
    struct tt_http_header headers[3];
    struct tt_http_request q;
    char token[300];

    memset(&q, 0, sizeof q);
    q.size = sizeof q;
    q.method = tt_str_of(method);
    q.url = tt_str_of(url);
    q.headers = headers;
    q.max_body_bytes = ANSWER_MAX;
    if (self->settings.secret[0] != '\0') {
        snprintf(token, sizeof token, "Bearer ${secret:%s}",
                 self->settings.secret);
        headers[q.n_headers].name = tt_str_of("Authorization");
        headers[q.n_headers++].value = tt_str_of(token);
    }
    if (self->settings.workspace[0] != '\0') {
        headers[q.n_headers].name = tt_str_of("X-Orcheo-Workspace");
        headers[q.n_headers++].value = tt_str_of(self->settings.workspace);
    }
    if (body != NULL) {
        headers[q.n_headers].name = tt_str_of("Content-Type");
        headers[q.n_headers++].value = tt_str_of("application/json");
        js_write(&q.body, body);
    }
    count_request(self);
    return self->http->fetch(self->host, &q, response, e);
}

int client_call(struct tt_instance *self, const char *method,
                const char *path, json_object *body, struct reply *r,
                struct tt_error *e)
{
    struct tt_http_response response;
    char url[1200], what[200];
    int code;

    memset(r, 0, sizeof *r);
    r->limit = r->current = -1;
    memset(&response, 0, sizeof response);
    response.size = sizeof response;
    snprintf(url, sizeof url, "%s%s", self->settings.url, path);
    snprintf(what, sizeof what, "%s %.150s", method, path);
    code = fetch(self, method, url, body, &response, e);
    r->too_big = code == TT_ETOOBIG;
    if (code != 0)
        return fail_transport(self, what, code, e);
    r->status = response.status;
    r->body = js_parse(response.body);
    if (r->status < 200 || r->status > 299)
        return fail_status(self, what, r, response.retry_after_ms, e);
    if (r->body == NULL)
        return tt_fail(e, TT_ETIMEOUT, "Orcheo: %s: %u, but the answer is no "
                       "JSON: is %s really Orcheo?", what, r->status,
                       self->settings.url);
    return 0;
}

int client_get(struct tt_instance *self, struct reply *r, struct tt_error *e,
               const char *format, ...)
{
    char path[800];
    va_list args;

    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    return client_call(self, "GET", path, NULL, r, e);
}
