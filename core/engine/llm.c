/* SPDX-License-Identifier: MIT
 *
 * llm.c - a strategy's requests to a language model: an OpenAI-compatible chat
 * completion through the broker. Where the role has no model, or the plugin is
 * not granted any, it is answered UNSUPPORTED. Threads [engine]. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/engine_runs.h"

#define LLM_MS 180000 /* a long rewrite of a slow model */

struct llm_call {
    struct llm_call *next;
    struct engine *g;
    struct shell *shell; /* NULL: nobody waits any more */
    uint64_t number, id;
    double cost_in, cost_out; /* per million tokens */
};

/* --- replies -------------------------------------------------------------- */

static void reply(struct shell *s, uint64_t number, uint32_t status,
                  struct tt_str text, const struct run_reply *usage)
{
    struct run_event ev = { .kind = RUN_EV_LLM, .number = number };

    if (usage != NULL)
        ev.reply = *usage;
    ev.reply.status = status;
    ev.reply.text = text;
    shell_feed(s, &ev);
}

static json_object *first_choice(json_object *answer)
{
    json_object *choices = json_child(answer, "choices");

    if (!json_object_is_type(choices, json_type_array) ||
        json_object_array_length(choices) == 0)
        return NULL;
    return json_child(json_object_array_get_idx(choices, 0), "message");
}

static void take_usage(const struct llm_call *c, json_object *answer,
                       struct run_reply *usage)
{
    json_object *o = json_child(answer, "usage");
    int64_t in = json_int(o, "prompt_tokens", 0);
    int64_t out = json_int(o, "completion_tokens", 0);

    usage->tokens_in = in > 0 ? (uint64_t)in : 0;
    usage->tokens_out = out > 0 ? (uint64_t)out : 0;
    usage->cost = ((double)usage->tokens_in * c->cost_in +
                   (double)usage->tokens_out * c->cost_out) / 1e6;
}

static void take_body(const struct llm_call *c, struct tt_str body)
{
    json_object *answer, *message;
    struct run_reply usage = { 0 };
    struct err e = { 0 };
    const char *text;

    answer = json_parse(body.p, (size_t)body.n, &json_limits_document, &e);
    message = first_choice(answer);
    text = json_str(message, "content");
    take_usage(c, answer, &usage);
    if (text != NULL)
        reply(c->shell, c->number, TT_LLM_OK, tt_str_of(text), &usage);
    else
        reply(c->shell, c->number, TT_LLM_FAILED,
              tt_str_of(e.code != 0 ? e.text : "the model's answer has no "
                                               "message"), &usage);
    json_object_put(answer);
}

static void unlink_call(struct llm_call *c)
{
    struct llm_call **p = &c->shell->llms;

    while (*p != c)
        p = &(*p)->next;
    *p = c->next;
}

static void on_done(void *ctx, const struct broker_answer *answer)
{
    struct llm_call *c = ctx;
    char text[400];

    c->g->n_calls--;
    if (c->shell != NULL) {
        unlink_call(c);
        if (answer->code == 0 && answer->status == 200) {
            take_body(c, answer->body);
        } else {
            (void)snprintf(text, sizeof text, "the model's server: %s%u%s%.*s",
                           answer->code != 0 ? answer->text : "HTTP ",
                           answer->status, answer->body.n > 0 ? ": " : "",
                           (int)(answer->body.n < 200 ? answer->body.n : 200),
                           answer->body.n > 0 ? answer->body.p : "");
            reply(c->shell, c->number, TT_LLM_FAILED, tt_str_of(text), NULL);
        }
    }
    free(c);
}

/* --- requests ------------------------------------------------------------- */

static json_object *model_of(struct engine *g, const char *role)
{
    json_object *model = role != NULL ? json_child(g->options.models, role)
                                      : NULL;

    return model != NULL ? model : json_child(g->options.models, "default");
}

static json_object *body_of(json_object *model, json_object *request)
{
    json_object *o = json_object_new_object();
    int64_t most = json_int(model, "max_tokens", 0);
    int64_t asked = json_int(request, "max_tokens", 0);

    json_set_str(o, "model", json_str(model, "model"));
    json_set(o, "messages", json_copy(json_child(request, "messages")));
    if (asked > 0 && (most <= 0 || asked < most))
        most = asked;
    if (most > 0)
        json_set_int(o, "max_completion_tokens", most);
    if (json_child(request, "temperature") != NULL)
        json_set_num(o, "temperature", json_num(request, "temperature", 0.0));
    return o;
}

/* The configured URL is that of the API ("http://host/v1") or of the call. */
static char *url_of(const char *base)
{
    static const char path[] = "/chat/completions";
    size_t n = strlen(base), k = sizeof path - 1;

    if (n >= k && strcmp(base + n - k, path) == 0)
        return xstrdup(base);
    return xasprintf("%.*s%s", (int)(n > 0 && base[n - 1] == '/' ? n - 1 : n),
                     base, path);
}

static void fetch(struct shell *s, struct llm_call *c, json_object *model,
                  json_object *request)
{
    json_object *body = body_of(model, request);
    const char *secret = json_str(model, "secret");
    char *url = url_of(json_str(model, "url"));
    char *bearer = xasprintf("Bearer ${secret:%s}",
                             secret != NULL ? secret : "");
    struct tt_http_header headers[2] = {
        { tt_str_of("Content-Type"), tt_str_of("application/json") },
        { tt_str_of("Authorization"), tt_str_of(bearer) },
    };
    struct broker_request r = { .label = s->id, .loop = s->g->loop,
                                .done = on_done, .ctx = c };
    struct buf text = { 0 };

    json_canonical(body, &text);
    r.http.size = sizeof r.http;
    r.http.flags = TT_HTTP_IDEMPOTENT; /* asking again harms nobody */
    r.http.method = tt_str_of("POST");
    r.http.url = tt_str_of(url);
    r.http.headers = headers;
    r.http.n_headers = secret != NULL ? 2 : 1;
    r.http.body = buf_str(&text);
    r.http.timeout_ms = LLM_MS;
    c->id = broker_fetch(s->g->broker, &r);
    buf_fini(&text);
    free(bearer);
    free(url);
    json_object_put(body);
}

void llm_start(struct shell *s, uint64_t number, json_object *request)
{
    json_object *model = model_of(s->g, json_str(request, "role"));
    struct llm_call *c;

    if (!grant_has(s->strategy.plugin.permissions, "llm")) {
        reply(s, number, TT_LLM_UNSUPPORTED,
              tt_str_of("this plugin is not granted a model: see plugins.grants "
                        "and the permissions of its manifest"), NULL);
        return;
    }
    if (model == NULL || json_str(model, "url") == NULL) {
        reply(s, number, TT_LLM_UNSUPPORTED,
              tt_str_of("no model is configured for this role"), NULL);
        return;
    }
    c = xcalloc(1, sizeof *c);
    c->g = s->g;
    c->shell = s;
    c->number = number;
    c->cost_in = json_num(model, "cost_in_per_million", 0.0);
    c->cost_out = json_num(model, "cost_out_per_million", 0.0);
    c->next = s->llms;
    s->llms = c;
    s->g->n_calls++;
    fetch(s, c, model, request);
}

void llm_stop(struct shell *s)
{
    while (s->llms != NULL) {
        struct llm_call *c = s->llms;

        s->llms = c->next;
        c->shell = NULL; /* on_done() frees it */
        broker_cancel(s->g->broker, c->id);
    }
}
