/* SPDX-License-Identifier: MIT
 *
 * run_llm.c - what the strategy asks of a model. The request stands in the
 * log (it is an action), the reply in the run's record until it is told, and
 * then in the log. Requests are numbered by their order in the log. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

static json_object *request_document(const struct tt_llm *l)
{
    json_object *o = json_object_new_object();
    json_object *messages = json_object_new_array(), *one;
    uint64_t i;

    for (i = 0; i < l->n_messages; i++) {
        one = json_object_new_object();
        json_set_strn(one, "role", l->messages[i].role);
        json_set_strn(one, "content", l->messages[i].text);
        json_object_array_add(messages, one);
    }
    json_set(o, "messages", messages);
    json_set_strn(o, "role", l->role);
    json_set_strn(o, "purpose", l->purpose);
    if (l->max_tokens > 0)
        json_set_int(o, "max_tokens", l->max_tokens);
    run_set_finite(o, "temperature", l->temperature);
    return o;
}

static void send(struct run *r, struct run_llm *l)
{
    struct run_command *c = run_out_command(r, RUN_DO_LLM, l->serial);

    c->document = json_object_get(l->document);
    l->sent = true;
}

void run_llm_add(struct run *r, const struct tt_llm *l)
{
    struct run_llm *one = xcalloc(1, sizeof *one);

    one->serial = ++r->llm_serial;
    one->request = l->request;
    one->document = request_document(l);
    r->llms = run_grow(r->llms, r->n_llms, sizeof(void *));
    r->llms[r->n_llms++] = one;
    if (r->out != NULL) /* not while the log is loaded */
        send(r, one);
}

void run_llm_forget(struct run *r, size_t i)
{
    struct run_llm *l = r->llms[i];

    r->n_llms--;
    memmove(&r->llms[i], &r->llms[i + 1], (r->n_llms - i) * sizeof(void *));
    json_object_put(l->document);
    free(l->text);
    free(l);
}

void run_llm_send(struct run *r)
{
    size_t i;

    for (i = 0; i < r->n_llms; i++)
        if (!r->llms[i]->replied)
            send(r, r->llms[i]);
}

void run_llm_reply(struct run *r, const struct run_event *ev)
{
    struct run_llm *l = NULL;
    size_t i;

    for (i = 0; i < r->n_llms; i++)
        if (r->llms[i]->serial == ev->number)
            l = r->llms[i];
    if (l == NULL || l->replied)
        return;
    l->replied = true;
    l->order = ++r->sequence;
    l->status = ev->reply.status <= TT_LLM_BUDGET ? ev->reply.status
                                                  : TT_LLM_FAILED;
    l->text = xstr(ev->reply.text);
    l->tokens_in = ev->reply.tokens_in;
    l->tokens_out = ev->reply.tokens_out;
    l->cost = isfinite(ev->reply.cost) ? ev->reply.cost : 0.0;
    r->tokens_in += l->tokens_in;
    r->tokens_out += l->tokens_out;
    r->cost += l->cost;
    r->llm_cost += l->cost;
    r->llm_tokens_in += l->tokens_in;
    r->llm_tokens_out += l->tokens_out;
    run_llm_document(r);
}

void run_llm_document(struct run *r)
{
    json_object *list = json_object_new_array(), *spent, *one;
    size_t i;

    for (i = 0; i < r->n_llms; i++) {
        const struct run_llm *l = r->llms[i];

        if (!l->replied)
            continue;
        one = json_object_new_object();
        json_set_int(one, "serial", (int64_t)l->serial);
        json_set_int(one, "order", (int64_t)l->order);
        json_set_int(one, "status", l->status);
        json_set_str(one, "text", l->text);
        json_set_int(one, "tokens_in", (int64_t)l->tokens_in);
        json_set_int(one, "tokens_out", (int64_t)l->tokens_out);
        json_set_num(one, "cost", l->cost);
        json_object_array_add(list, one);
    }
    spent = json_object_new_object();
    json_set_num(spent, "cost", r->llm_cost);
    json_set_int(spent, "tokens_in", (int64_t)r->llm_tokens_in);
    json_set_int(spent, "tokens_out", (int64_t)r->llm_tokens_out);
    json_set(r->document, "llm_replies", list);
    json_set(r->document, "llm_spent", spent);
    r->dirty = true;
}

static void load_reply(struct run *r, json_object *one)
{
    uint64_t order = (uint64_t)json_int(one, "order", 0);
    const char *text = json_str(one, "text");
    size_t i;

    if (order > r->sequence)
        r->sequence = order;
    for (i = 0; i < r->n_llms; i++) {
        struct run_llm *l = r->llms[i];

        if (l->serial != (uint64_t)json_int(one, "serial", 0) || l->replied)
            continue;
        l->replied = true;
        l->order = order;
        l->status = (uint32_t)json_int(one, "status", TT_LLM_FAILED);
        l->text = xstrdup(text != NULL ? text : "");
        l->tokens_in = (uint64_t)json_int(one, "tokens_in", 0);
        l->tokens_out = (uint64_t)json_int(one, "tokens_out", 0);
        l->cost = json_num(one, "cost", 0.0);
    }
}

void run_llm_load(struct run *r)
{
    json_object *list = json_child(r->document, "llm_replies");
    json_object *spent = json_child(r->document, "llm_spent");
    size_t i, n = list != NULL ? json_object_array_length(list) : 0;

    for (i = 0; i < n; i++)
        load_reply(r, json_object_array_get_idx(list, i));
    r->llm_cost = json_num(spent, "cost", 0.0);
    r->llm_tokens_in = (uint64_t)json_int(spent, "tokens_in", 0);
    r->llm_tokens_out = (uint64_t)json_int(spent, "tokens_out", 0);
    r->cost += r->llm_cost;
    r->tokens_in += r->llm_tokens_in;
    r->tokens_out += r->llm_tokens_out;
}
