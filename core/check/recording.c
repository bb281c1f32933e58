/* SPDX-License-Identifier: MIT
 *
 * recording.c - see recording.h. */
#include "config.h"

#include <string.h>

#include "core/base/fs.h"
#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/check/recording.h"

#define MOST_BYTES (512u << 20)

static int corrupt(struct err *e, const char *path, const char *why)
{
    return err_set(e, TT_ECORRUPT, "%s: no recorded run: %s", path, why);
}

static void take_hello(struct recording *r, struct tt_str payload)
{
    json_object *hello = json_parse(payload.p, (size_t)payload.n,
                                    &json_limits_document, NULL);
    json_object *plugin = json_child(hello, "plugin");
    const char *id = json_str(plugin, "id");
    const char *version = json_str(plugin, "version");

    (void)snprintf(r->id, sizeof r->id, "%s", id != NULL ? id : "");
    (void)snprintf(r->version, sizeof r->version, "%s",
                   version != NULL ? version : "");
    json_object_put(hello);
}

static void add_step(struct recording *r, struct tt_str step,
                     struct tt_str actions)
{
    r->steps = xrealloc(r->steps, r->n + 1, sizeof *r->steps);
    r->steps[r->n].step = step;
    r->steps[r->n++].actions = actions;
}

/* A case that could be read. Their ids are 0, 1, 2, ... */
static int add_case(struct recording *r, struct tt_str request,
                    struct tt_str answer)
{
    struct tt_str text;
    uint32_t split;
    uint64_t id;
    int code;

    if (codec_get_data(request, &split, &id, NULL) != 0 ||
        codec_get_data_answer(answer, &code, &text, NULL) != 0 ||
        split != TT_TRAIN || id != r->n_cases || code != 0)
        return TT_ECORRUPT;
    r->cases = xrealloc(r->cases, r->n_cases + 1, sizeof *r->cases);
    r->cases[r->n_cases++] = text;
    return 0;
}

/* A request and its answer. A run that ended in an error is one up to it. */
static int take_pair(struct recording *r, const char *path,
                     const struct frame *request, const struct frame *answer,
                     struct err *e)
{
    if (answer->type != FRAME_ERROR &&
        answer->type != frame_answer(request->type))
        return corrupt(e, path, "an answer does not belong to its request");
    if (answer->type == FRAME_ERROR)
        return 0;
    if (request->type == FRAME_OPEN &&
        codec_get_problem(request->payload, &r->arena, &r->problem,
                          &r->snapshot, e) != 0)
        return err_prefix(e, "%s", path);
    if (request->type == FRAME_STEP)
        add_step(r, request->payload, answer->payload);
    if (request->type == FRAME_DATA &&
        add_case(r, request->payload, answer->payload) != 0)
        return corrupt(e, path, "a case that was not of the training split");
    return 0;
}

static int take_frames(struct recording *r, const char *path, struct err *e)
{
    struct buf rest = r->bytes;
    struct frame f, request = { 0 };
    int rc = 0;

    while (rest.len > 0 && rc == 0) {
        if (frame_take(&rest, &f, NULL) != 1)
            return corrupt(e, path, "a frame is cut short or damaged");
        rest.data += FRAME_HEADER_BYTES + f.payload.n;
        rest.len -= FRAME_HEADER_BYTES + (size_t)f.payload.n;
        if (f.type == FRAME_HELLO) {
            take_hello(r, f.payload);
        } else if (frame_answer(f.type) != 0 && request.type == 0) {
            request = f;
        } else if (request.type == 0) {
            return corrupt(e, path, "an answer without a request");
        } else {
            rc = take_pair(r, path, &request, &f, e);
            request.type = 0;
        }
    }
    return rc;
}

int recording_read(struct recording *r, const char *path, struct err *e)
{
    int rc;

    memset(r, 0, sizeof *r);
    rc = fs_read(path, MOST_BYTES, &r->bytes, e);
    if (rc == 0)
        rc = take_frames(r, path, e);
    if (rc == 0 && r->problem == NULL)
        rc = corrupt(e, path, "nothing was opened");
    return rc;
}

void recording_fini(struct recording *r)
{
    arena_fini(&r->arena);
    free(r->steps);
    free(r->cases);
    buf_fini(&r->bytes);
    memset(r, 0, sizeof *r);
}

/* --- differences --------------------------------------------------------- */

static const char *kind_name(uint32_t kind)
{
    static const char *const names[] = { "?", "EVALUATE", "PRUNE", "LLM",
                                         "WAIT", "DONE" };

    return kind < TT_ARRAY_LEN(names) ? names[kind] : "?";
}

/* The first parameter that differs, and how many more. */
static bool values_differ(const struct tt_space *space,
                          const struct tt_evaluate *a,
                          const struct tt_evaluate *b, struct buf *what)
{
    uint64_t i, n = a->candidate.n_values, more = 0;
    bool differs = false;

    if (n != b->candidate.n_values || n > space->n_params)
        return false;
    for (i = 0; i < n; i++) {
        const struct tt_param *p = tt_space_param(space, i);
        const struct tt_value *u = tt_candidate_value(&a->candidate, i);
        const struct tt_value *v = tt_candidate_value(&b->candidate, i);

        if (u->number == v->number && tt_str_equal(u->text, v->text))
            continue;
        more += differs;
        if (differs)
            continue;
        differs = true;
        if (p->kind == TT_TEXT)
            buf_addf(what, "candidate %llu has another text for %.*s",
                     (unsigned long long)a->ref, (int)p->name.n, p->name.p);
        else
            buf_addf(what, "candidate %llu has %.*s %.9g, recorded is %.9g",
                     (unsigned long long)a->ref, (int)p->name.n, p->name.p,
                     v->number, u->number);
    }
    if (more > 0)
        buf_addf(what, ", and %llu more differ", (unsigned long long)more);
    return differs;
}

static bool evaluates_differ(const struct tt_space *space,
                             const struct tt_evaluate *a,
                             const struct tt_evaluate *b, struct buf *what)
{
    if (a->ref != b->ref) {
        buf_addf(what, "it asks for candidate %llu, recorded is %llu",
                 (unsigned long long)b->ref, (unsigned long long)a->ref);
        return true;
    }
    if (values_differ(space, a, b, what))
        return true;
    if (!tt_str_equal(a->candidate.origin, b->candidate.origin))
        buf_addf(what, "candidate %llu has the origin \"%.*s\", recorded is "
                 "\"%.*s\"", (unsigned long long)a->ref,
                 (int)b->candidate.origin.n, b->candidate.origin.p,
                 (int)a->candidate.origin.n, a->candidate.origin.p);
    else
        buf_addf(what, "candidate %llu differs in what it asks for or expects",
                 (unsigned long long)a->ref);
    return true;
}

static bool actions_differ(const struct tt_space *space,
                           const struct codec_actions *a,
                           const struct codec_actions *b, struct buf *what)
{
    struct buf one = { 0 }, two = { 0 };
    bool differs = false;
    uint64_t i;

    for (i = 0; i < a->n && i < b->n && !differs; i++) {
        const void *x = a->actions[i], *y = b->actions[i];

        buf_reset(&one);
        buf_reset(&two);
        codec_put_action(&one, x);
        codec_put_action(&two, y);
        if (one.len == two.len && memcmp(one.data, two.data, one.len) == 0)
            continue;
        differs = true;
        if (a->actions[i]->kind != b->actions[i]->kind)
            buf_addf(what, "it answers %s, recorded is %s",
                     kind_name(b->actions[i]->kind),
                     kind_name(a->actions[i]->kind));
        else if (a->actions[i]->kind == TT_EVALUATE)
            (void)evaluates_differ(space, x, y, what);
        else
            buf_addf(what, "another %s", kind_name(a->actions[i]->kind));
    }
    if (!differs && a->n != b->n)
        buf_addf(what, "it answers %llu actions, recorded are %llu",
                 (unsigned long long)b->n, (unsigned long long)a->n);
    buf_fini(&one);
    buf_fini(&two);
    return true;
}

bool recording_differs(const struct tt_space *space, struct tt_str recorded,
                       struct tt_str now, struct buf *what)
{
    struct codec_actions a = { 0 }, b = { 0 };
    struct arena arena = { 0 };

    if (tt_str_equal(recorded, now))
        return false;
    if (codec_get_actions(recorded, &arena, &a, NULL) != 0 ||
        codec_get_actions(now, &arena, &b, NULL) != 0)
        buf_adds(what, "the answer cannot be read");
    else
        (void)actions_differ(space, &a, &b, what);
    arena_fini(&arena);
    return true;
}
