/* SPDX-License-Identifier: MIT
 *
 * config.c - the settings: where the endpoint is, what it is sent, and where
 * in its answers things stand. README.md explains them with examples. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

#define TEXT "{\"type\":\"string\"}"
#define POINTER(text)                                                          \
    "{\"type\":\"string\",\"description\":\"JSON Pointer of " text "\"}"
#define POINTERS(text)                                                         \
    "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},"     \
    "\"description\":\"JSON Pointers of " text ", by metric\"}"
#define WORDS "{\"type\":\"array\",\"items\":" TEXT "}"

const char config_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"url\":{\"type\":\"string\","
    "\"default\":\"http://127.0.0.1:8080/evaluate\","
    "\"description\":\"where evaluations are sent\"},"
    "\"method\":{\"enum\":[\"POST\",\"PUT\",\"GET\"],\"default\":\"POST\"},"
    "\"headers\":{\"type\":\"object\",\"additionalProperties\":" TEXT ","
    "\"description\":\"of every request; may hold ${secret:NAME}\"},"
    "\"idempotency_header\":{\"type\":\"string\",\"default\":\"\","
    "\"description\":\"gets the evaluation's id; then the host may repeat\"},"
    "\"timeout_seconds\":{\"type\":\"number\",\"minimum\":0.1,"
    "\"maximum\":3600,\"default\":30,\"description\":\"of one request\"},"
    "\"body\":{\"description\":\"template of a request\"},"
    "\"case\":{\"description\":\"template of an element of {{cases}}\"},"
    "\"answer\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{"
    "\"metrics\":" POINTERS("the values over all cases") ","
    "\"cases\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{"
    "\"at\":" POINTER("the array of cases, or the object by id") ","
    "\"id\":" POINTER("a case's id in its element; none: in order") ","
    "\"metrics\":" POINTERS("a case's values in its element") ","
    "\"feedback\":" POINTER("why, in words, in its element") ","
    "\"error\":" POINTER("why it has no score, in its element") "}},"
    "\"feedback\":" POINTER("why, in words: a text or several") ","
    "\"error\":" POINTER("why there is no score") ","
    "\"cost\":" POINTER("what it cost") ","
    "\"tokens_in\":" POINTER("a count") ","
    "\"tokens_out\":" POINTER("a count") "}},"
    "\"job\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{"
    "\"status_url\":" POINTER("where to ask in a 202; none: Location") ","
    "\"state\":" POINTER("the job's state; none given: /status") ","
    "\"done\":" WORDS ",\"failed\":" WORDS ","
    "\"result\":" POINTER("the answer in a finished job") ","
    "\"error\":" POINTER("why a job failed") ","
    "\"poll_seconds\":{\"type\":\"number\",\"minimum\":0.05,"
    "\"maximum\":3600,\"default\":1}}},"
    "\"lookup\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"url\",\"evaluation\"],\"properties\":{"
    "\"url\":{\"type\":\"string\",\"description\":\"with {{label}}: the jobs "
    "of a label\"},"
    "\"at\":" POINTER("the array of jobs") ","
    "\"evaluation\":" POINTER("the evaluation's id in a job") ","
    "\"status_url\":" POINTER("where to ask, in a job; none: the job is "
    "the answer") "}},"
    "\"abandon\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{"
    "\"method\":{\"enum\":[\"DELETE\",\"POST\",\"PUT\"],"
    "\"default\":\"DELETE\"},"
    "\"url\":{\"type\":\"string\",\"default\":\"{{status_url}}\"}}}}}";

/* The plain protocol: what an endpoint that was made for this speaks. */
static const char plain[] =
    "{\"url\":\"http://127.0.0.1:8080/evaluate\","
    "\"body\":{\"label\":\"{{label}}\",\"evaluation\":\"{{evaluation}}\","
    "\"candidate\":\"{{candidate}}\",\"parameters\":\"{{parameters}}\","
    "\"cases\":\"{{cases}}\"},"
    "\"case\":\"{{case}}\","
    "\"answer\":{\"cases\":{\"at\":\"/cases\",\"id\":\"/id\","
    "\"metrics\":{\"score\":\"/score\"},\"feedback\":\"/feedback\","
    "\"error\":\"/error\"},\"error\":\"/error\",\"cost\":\"/cost\"},"
    "\"job\":{\"done\":[\"succeeded\",\"success\",\"completed\","
    "\"complete\",\"done\",\"finished\"],\"failed\":[\"failed\",\"failure\","
    "\"error\",\"cancelled\",\"canceled\"]}}";

static int wrong(struct tt_error *e, const char *key, const char *must)
{
    return tt_fail(e, TT_EINVAL, "adapter http: config: %s: must be %s", key,
                   must);
}

/* What is not said is as in the plain protocol; `answer` is taken whole. */
static void fill_in(json_object *config)
{
    json_object *defaults = js_parse(tt_str_of(plain)), *job;

    json_object_object_foreach(defaults, key, value) {
        if (!json_object_object_get_ex(config, key, NULL))
            json_object_object_add(config, key, json_object_get(value));
    }
    job = js_get(config, "job");
    json_object_object_foreach(js_get(defaults, "job"), word, list) {
        if (js_get(job, word) == NULL)
            json_object_object_add(job, word, json_object_get(list));
    }
    json_object_put(defaults);
}

/* --- pointers and maps ---------------------------------------------------- */

static int read_pointer(json_object *o, const char *where, const char *key,
                        const char **out, struct tt_error *e)
{
    char name[80];

    *out = js_str(o, key);
    if (*out == NULL || js_is_pointer(*out))
        return 0;
    snprintf(name, sizeof name, "%s.%s", where, key);
    return wrong(e, name, "a JSON Pointer such as /results/0/score");
}

/* Metrics are nodes in the outputs: "name.name". */
static bool is_name(const char *name)
{
    size_t n;

    for (n = 0; name[n] != '\0'; n++) {
        if (!isalnum((unsigned char)name[n]) && name[n] != '_' &&
            name[n] != '-')
            return false;
    }
    return n > 0 && n < 64;
}

static int read_metrics(json_object *o, const char *where, json_object **out,
                        struct tt_error *e)
{
    *out = js_get(o, "metrics");
    if (*out == NULL)
        return 0;
    if (json_object_object_length(*out) > 64)
        return wrong(e, where, "at most 64 metrics");
    json_object_object_foreach(*out, name, pointer) {
        if (!is_name(name))
            return wrong(e, where, "named with letters, digits, _ and -");
        if (!js_is_pointer(json_object_get_string(pointer)))
            return wrong(e, where, "JSON Pointers such as /score");
    }
    return 0;
}

static int read_answer(struct settings *s, struct tt_error *e)
{
    json_object *o = js_get(s->json, "answer"), *c = js_get(o, "cases");
    int code;

    if ((code = read_metrics(o, "answer.metrics", &s->metrics, e)) != 0 ||
        (code = read_metrics(c, "answer.cases.metrics", &s->case_metrics,
                             e)) != 0 ||
        (code = read_pointer(c, "answer.cases", "at", &s->at, e)) != 0 ||
        (code = read_pointer(c, "answer.cases", "id", &s->id, e)) != 0 ||
        (code = read_pointer(c, "answer.cases", "feedback",
                             &s->case_feedback, e)) != 0 ||
        (code = read_pointer(c, "answer.cases", "error", &s->case_error,
                             e)) != 0 ||
        (code = read_pointer(o, "answer", "feedback", &s->feedback, e)) != 0 ||
        (code = read_pointer(o, "answer", "error", &s->error, e)) != 0 ||
        (code = read_pointer(o, "answer", "cost", &s->cost, e)) != 0 ||
        (code = read_pointer(o, "answer", "tokens_in", &s->tokens_in, e)) !=
            0 ||
        (code = read_pointer(o, "answer", "tokens_out", &s->tokens_out, e)) !=
            0)
        return code;
    if (c != NULL && s->at == NULL)
        return wrong(e, "answer.cases.at", "given with answer.cases");
    if ((s->metrics == NULL || json_object_object_length(s->metrics) == 0) &&
        (s->case_metrics == NULL ||
         json_object_object_length(s->case_metrics) == 0))
        return wrong(e, "answer", "told where a score stands: metrics, or "
                     "cases.metrics");
    return 0;
}

/* --- URLs ----------------------------------------------------------------- */

static bool is_url(const char *url)
{
    const char *p = strstr(url, "://"), *q;

    if (p == NULL || (strncmp(url, "http://", 7) != 0 &&
                      strncmp(url, "https://", 8) != 0))
        return false;
    for (q = url; *q > ' ' && *q < 0x7f; q++)
        ;
    return *q == '\0' && strcspn(p + 3, "/?#{") > 0 &&
           strlen(url) < URL_BYTES / 2;
}

static int read_url(struct settings *s, struct tt_error *e)
{
    const char *host;

    s->url = js_str(s->json, "url");
    if (s->url == NULL || !is_url(s->url))
        return wrong(e, "url", "the endpoint's absolute URL, such as "
                     "http://127.0.0.1:8080/evaluate");
    host = strstr(s->url, "://") + 3;
    snprintf(s->origin, sizeof s->origin, "%.*s",
             (int)(host - s->url) + (int)strcspn(host, "/?#"), s->url);
    if (strstr(s->origin, "{{") != NULL || strstr(s->origin, "${") != NULL ||
        strchr(s->origin, '@') != NULL)
        return wrong(e, "url", "one whose host stands there in full, without "
                     "user and password");
    return 0;
}

/* Our secrets go with every request: all go to one origin. */
static int check_origin(const struct settings *s, const char *key,
                        const char *url, struct tt_error *e)
{
    size_t n = strlen(s->origin);

    if (url == NULL || strncmp(url, "{{status_url}}", 14) == 0 ||
        (is_url(url) && strncmp(url, s->origin, n) == 0 &&
         (url[n] == '/' || url[n] == '?')))
        return 0;
    return wrong(e, key, "a URL of the same scheme, host and port as url");
}

/* --- the rest ------------------------------------------------------------- */

static int read_job(struct settings *s, struct tt_error *e)
{
    json_object *o = js_get(s->json, "job"), *poll = js_get(o, "poll_seconds");
    int code;

    if ((code = read_pointer(o, "job", "status_url", &s->status_url, e)) != 0 ||
        (code = read_pointer(o, "job", "state", &s->state, e)) != 0 ||
        (code = read_pointer(o, "job", "result", &s->result, e)) != 0 ||
        (code = read_pointer(o, "job", "error", &s->job_error, e)) != 0)
        return code;
    s->state_is_ours = s->state == NULL;
    if (s->state == NULL)
        s->state = "/status";
    s->done = js_get(o, "done");
    s->failed = js_get(o, "failed");
    s->poll_ms = (uint64_t)((poll != NULL ? json_object_get_double(poll) : 1) *
                            1000.0);
    return 0;
}

static int read_lookup(struct settings *s, struct tt_error *e)
{
    json_object *o = js_get(s->json, "lookup");
    json_object *gone = js_get(s->json, "abandon");
    int code;

    s->lookup = js_str(o, "url");
    if ((code = read_pointer(o, "lookup", "at", &s->found, e)) != 0 ||
        (code = read_pointer(o, "lookup", "evaluation", &s->found_id, e)) !=
            0 ||
        (code = read_pointer(o, "lookup", "status_url", &s->found_url, e)) !=
            0 ||
        (code = check_origin(s, "lookup.url", s->lookup, e)) != 0)
        return code;
    if (s->found == NULL)
        s->found = "";
    if (gone != NULL) {
        s->abandon = js_str(gone, "url");
        if (s->abandon == NULL)
            s->abandon = "{{status_url}}";
        s->abandon_method = js_str(gone, "method");
        if (s->abandon_method == NULL)
            s->abandon_method = "DELETE";
    }
    return check_origin(s, "abandon.url", s->abandon, e);
}

static int read_headers(struct settings *s, struct tt_error *e)
{
    s->headers = js_get(s->json, "headers");
    if (s->headers == NULL)
        return 0;
    if (json_object_object_length(s->headers) > 32)
        return wrong(e, "headers", "at most 32");
    json_object_object_foreach(s->headers, name, value) {
        const char *text = json_object_get_string(value);

        if (name[0] == '\0' || strlen(name) > 100 ||
            strpbrk(name, "\r\n: ") != NULL || strpbrk(text, "\r\n") != NULL ||
            strlen(text) > 1000)
            return wrong(e, "headers", "names and values of one line");
    }
    return 0;
}

static int read_all(struct settings *s, struct tt_error *e)
{
    json_object *timeout = js_get(s->json, "timeout_seconds");
    int code;

    s->method = js_str(s->json, "method");
    if (s->method == NULL)
        s->method = "POST";
    s->idempotency = js_str(s->json, "idempotency_header");
    if (s->idempotency == NULL)
        s->idempotency = "";
    if (strlen(s->idempotency) > 100 ||
        strpbrk(s->idempotency, "\r\n: ") != NULL)
        return wrong(e, "idempotency_header", "a header's name");
    s->timeout_ms = (uint64_t)(
        (timeout != NULL ? json_object_get_double(timeout) : 30) * 1000.0);
    s->body = strcmp(s->method, "GET") == 0 ? NULL : js_get(s->json, "body");
    s->one = js_get(s->json, "case");
    if ((code = read_url(s, e)) != 0 || (code = read_headers(s, e)) != 0 ||
        (code = read_answer(s, e)) != 0 || (code = read_job(s, e)) != 0)
        return code;
    return read_lookup(s, e);
}

int settings_read(struct settings *s, const struct tt_setup *setup,
                  struct tt_error *e)
{
    struct tt_str text = { NULL, 0 };
    int code;

    memset(s, 0, sizeof *s);
    if (setup->config != NULL)
        text = setup->config->json;
    s->json = text.n > 0 ? js_parse(text) : json_object_new_object();
    if (!json_object_is_type(s->json, json_type_object))
        return tt_fail(e, TT_EINVAL, "adapter http: config: must be an object");
    fill_in(s->json);
    code = read_all(s, e);
    return code != 0 ? code : template_check(s, setup->space, e);
}

void settings_fini(struct settings *s)
{
    json_object_put(s->json);
    memset(s, 0, sizeof *s);
}
