/* SPDX-License-Identifier: MIT
 *
 * client.c - one request through the host's http service, what the endpoint
 * says of itself in an error, and the URLs that it gives. */
#include <stdarg.h>
#include <string.h>

#include "http.h"

#define MAX_HEADERS 36

void say(struct tt_instance *self, unsigned once, const char *format, ...)
{
    char text[700];
    va_list args;

    if ((self->warned & once) != 0)
        return;
    self->warned |= once;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    self->host->log(self->host, TT_LOG_WARN, tt_str_of(text));
}

int fail(struct tt_error *e, int code, const char *format, ...)
{
    char text[sizeof e->message];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (e != NULL) {
        e->code = code;
        copy_text(e->message, sizeof e->message, tt_str_of(text));
    }
    return code;
}

bool busy(unsigned status)
{
    return status == 429 || status == 503;
}

bool transient(unsigned status)
{
    return busy(status) || status == 408 || status == 425 || status >= 500;
}

void reply_fini(struct reply *r)
{
    json_object_put(r->body);
    r->body = NULL;
}

/* --- what it says --------------------------------------------------------- */

/* RFC 9457, FastAPI, and what people write by hand; else how it begins. */
static void take_words(struct reply *r, struct tt_str body)
{
    static const char *const members[] = { "/detail", "/error/message",
                                           "/message", "/error", "/title",
                                           "/detail/0/msg" };
    json_object *v;
    size_t i;

    for (i = 0; i < sizeof members / sizeof *members; i++) {
        if (js_pointer(r->body, members[i], &v) &&
            json_object_is_type(v, json_type_string)) {
            copy_text(r->words, sizeof r->words,
                      tt_str_of(json_object_get_string(v)));
            return;
        }
    }
    if (body.n > 200)
        body.n = 200;
    copy_text(r->words, sizeof r->words, body);
}

/* --- a request ------------------------------------------------------------ */

/* Texts of all headers stand one after the other in room. */
struct headers {
    struct tt_http_header list[MAX_HEADERS];
    size_t n, used;
    char room[MAX_HEADERS * 1100];
};

static bool add_header(struct headers *h, const struct filling *f,
                       const char *name, const char *value)
{
    char *text = h->room + h->used, why[WHY_BYTES];

    if (h->n == MAX_HEADERS || h->used + 1300 > sizeof h->room ||
        !template_text(f, value, false, text, 1300, why, sizeof why))
        return false;
    h->list[h->n].name = tt_str_of(name);
    h->list[h->n++].value = tt_str_of(text);
    h->used += strlen(text) + 1;
    return true;
}

static bool add_headers(struct tt_instance *self, struct headers *h,
                        const struct filling *f, bool body)
{
    const struct settings *s = &self->settings;

    h->n = h->used = 0;
    if (s->headers != NULL) {
        json_object_object_foreach(s->headers, name, value) {
            if (!add_header(h, f, name, json_object_get_string(value)))
                return false;
        }
    }
    if (body && !add_header(h, f, "Content-Type", "application/json"))
        return false;
    return !body || s->idempotency[0] == '\0' ||
           add_header(h, f, s->idempotency, "{{evaluation}}");
}

int client_call(struct tt_instance *self, const struct filling *f,
                const char *method, const char *url, json_object *body,
                struct reply *r, struct tt_error *e)
{
    struct tt_http_response response = { .size = sizeof response };
    struct tt_http_request q = { .size = sizeof q };
    struct headers h;
    char text[600];
    int code;

    memset(r, 0, sizeof *r);
    if (!add_headers(self, &h, f, body != NULL))
        return tt_fail(e, TT_EINVAL, "http: config: headers: too many, or too "
                       "long");
    q.method = tt_str_of(method);
    q.url = tt_str_of(url);
    q.headers = h.list;
    q.n_headers = h.n;
    q.timeout_ms = self->settings.timeout_ms;
    q.max_body_bytes = ANSWER_MAX;
    if (body != NULL) {
        js_write(&q.body, body);
        if (self->settings.idempotency[0] != '\0')
            q.flags = TT_HTTP_IDEMPOTENT;
    }
    code = self->http->fetch(self->host, &q, &response, e);
    if (code != 0) {
        copy_text(text, sizeof text, tt_str_of(e != NULL ? e->message : ""));
        if (e != NULL)
            r->retry_after_ms = e->retry_after_ms;
        return tt_fail(e, code, "%s %.200s: %s", method, url,
                       text[0] != '\0' ? text : "no answer");
    }
    r->status = response.status;
    r->retry_after_ms = response.retry_after_ms;
    r->body = js_parse(response.body);
    if (response.location.n < sizeof r->location)
        copy_text(r->location, sizeof r->location, response.location);
    take_words(r, response.body);
    return 0;
}

/* --- URLs that the endpoint gives ----------------------------------------- */

const char *client_url(const struct tt_instance *self, const char *given,
                       char *out, size_t n)
{
    const struct settings *s = &self->settings;
    size_t origin = strlen(s->origin), base;
    const char *p;

    out[0] = '\0';
    for (p = given; *p > ' ' && *p < 0x7f; p++)
        ;
    if (given[0] == '\0' || *p != '\0' || strlen(given) > n / 2)
        return "it is no URL";
    if (strstr(given, "${") != NULL || strstr(given, "{{") != NULL)
        return "it holds a placeholder";
    if (strncmp(given, "//", 2) == 0 || strstr(given, "://") != NULL) {
        if (strncmp(given, s->origin, origin) != 0 ||
            strchr("/?", given[origin]) == NULL)
            return "it leads to another host than url, which would be given "
                   "the headers with their secrets";
        snprintf(out, n, "%s", given);
    } else if (given[0] == '/') {
        snprintf(out, n, "%s%s", s->origin, given);
    } else { /* beside the endpoint */
        base = strcspn(s->url, "?#");
        while (base > origin && s->url[base - 1] != '/')
            base--;
        snprintf(out, n, "%.*s%s%s", (int)base, s->url,
                 base == origin ? "/" : "", given);
    }
    return NULL;
}
