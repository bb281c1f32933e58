/* SPDX-License-Identifier: MIT
 *
 * api_candidates.c - what a run tried, what it says, and its report. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/engine_runs.h"
#include "core/engine/resource.h"

/* --- the run must be there ------------------------------------------------ */

static int check_run(struct engine *g, const struct engine_request *q,
                     struct err *e)
{
    json_object *document = runs_record(g, q, e);

    if (document == NULL)
        return e->code;
    json_object_put(document);
    return 0;
}

/* --- pages ---------------------------------------------------------------- */

struct page {
    json_object *items;
    size_t limit;
    uint64_t last;
    bool more;
};

static int page_one(void *ctx, const struct store_key *key,
                    struct tt_str bytes)
{
    struct page *p = ctx;

    p->more = json_object_array_length(p->items) == p->limit;
    if (p->more)
        return 1;
    json_object_array_add(p->items,
                          json_parse(bytes.p, (size_t)bytes.n,
                                     &json_limits_document, NULL));
    p->last = key->number;
    return 0;
}

/* Records of one kind by number, from `after` + 1 on. */
static int read_page(struct engine *g, const struct engine_request *q,
                     enum store_kind kind, uint64_t after,
                     struct engine_answer *a, struct err *e)
{
    struct store_key from = { kind, { q->run }, after + 1 };
    struct page p = { 0 };
    char cursor[32] = "";
    int rc = resource_limit(q, &p.limit, e);

    if (rc != 0)
        return rc;
    p.items = json_object_new_array();
    rc = store_scan(g->store, from, 1, false, page_one, &p, e);
    if (rc != 0) {
        json_object_put(p.items);
        return rc;
    }
    if (p.more)
        (void)snprintf(cursor, sizeof cursor, "%llu",
                       (unsigned long long)p.last);
    resource_page(a, p.items, cursor);
    return 0;
}

/* --- the best first ------------------------------------------------------- */

struct ranked {
    uint64_t number;
    double score;
    bool scored, feasible;
};

struct ranking {
    struct ranked *at;
    size_t n;
    bool maximize;
};

static int rank_one(void *ctx, const struct store_key *key,
                    struct tt_str bytes)
{
    struct ranking *r = ctx;
    json_object *o = json_parse(bytes.p, (size_t)bytes.n,
                                &json_limits_document, NULL);
    struct ranked *one;

    r->at = xrealloc(r->at, r->n + 1, sizeof *r->at);
    one = &r->at[r->n++];
    one->number = key->number;
    one->scored = json_child(o, "score") != NULL;
    one->score = json_num(o, "score", 0.0);
    if (!r->maximize)
        one->score = -one->score;
    one->feasible = json_object_get_boolean(json_child(o, "feasible"));
    json_object_put(o);
    return 0;
}

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->scored != y->scored)
        return x->scored ? -1 : 1;
    if (x->feasible != y->feasible)
        return x->feasible ? -1 : 1;
    if (x->scored && x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static int read_best(struct engine *g, const struct engine_request *q,
                     json_object *document, uint64_t from,
                     struct engine_answer *a, struct err *e)
{
    struct store_key key = { STORE_CANDIDATE, { q->run }, 0 };
    const char *direction = json_str(json_child(json_child(document, "problem"),
                                                "objective"), "direction");
    struct ranking r = { .maximize = direction == NULL ||
                                     strcmp(direction, "minimize") != 0 };
    json_object *items = json_object_new_array(), *one;
    char cursor[32] = "";
    size_t limit = 0, i;
    int rc = resource_limit(q, &limit, e);

    if (rc == 0)
        rc = store_scan(g->store, key, 1, false, rank_one, &r, e);
    if (rc == 0 && r.n > 0)
        qsort(r.at, r.n, sizeof *r.at, by_rank);
    for (i = (size_t)from; i < r.n && i < from + limit && rc == 0; i++) {
        key.number = r.at[i].number;
        one = store_get_json(g->store, key, e);
        rc = one == NULL ? e->code : 0;
        json_object_array_add(items, one);
    }
    if (rc == 0 && i < r.n)
        (void)snprintf(cursor, sizeof cursor, "%zu", i);
    if (rc == 0)
        resource_page(a, items, cursor);
    else
        json_object_put(items);
    free(r.at);
    return rc;
}

int engine_run_candidates(struct engine *g, const struct engine_request *q,
                          struct engine_answer *a, struct err *e)
{
    const char *sort = resource_query(q, "sort");
    json_object *document = runs_record(g, q, e);
    uint64_t cursor;
    int rc;

    if (document == NULL)
        return e->code;
    rc = resource_number(q, "cursor", 0, 0, INT64_MAX / 2, &cursor, e);
    if (rc == 0 && sort != NULL && strcmp(sort, "best") != 0 &&
        strcmp(sort, "number") != 0)
        rc = err_set(e, TT_EINVAL, "query: sort: must be number or best, is "
                     "\"%.64s\"", sort);
    if (rc == 0)
        rc = sort != NULL && strcmp(sort, "best") == 0
                 ? read_best(g, q, document, cursor, a, e)
                 : read_page(g, q, STORE_CANDIDATE, cursor, a, e);
    json_object_put(document);
    return rc;
}

/* --- one, with what was sent for it --------------------------------------- */

static int add_evaluations(struct engine *g, const struct engine_request *q,
                           json_object *job, json_object *out, struct err *e)
{
    json_object *numbers = json_child(job, "evaluations"), *one;
    size_t i, n = numbers != NULL ? json_object_array_length(numbers) : 0;

    for (i = 0; i < n; i++) {
        struct store_key key = { STORE_EVALUATION, { q->run },
                                 (uint64_t)json_object_get_int64(
                                     json_object_array_get_idx(numbers, i)) };

        one = store_get_json(g->store, key, e);
        if (one == NULL)
            return e->code;
        json_object_array_add(out, one);
    }
    return 0;
}

int engine_run_candidate(struct engine *g, const struct engine_request *q,
                         struct engine_answer *a, struct err *e)
{
    struct store_key key = { STORE_CANDIDATE, { q->run }, q->number };
    json_object *candidate, *jobs, *evaluations;
    struct err why = { 0 };
    size_t i, n;
    int rc = check_run(g, q, e);

    if (rc != 0)
        return rc;
    candidate = store_get_json(g->store, key, &why);
    if (candidate == NULL)
        return why.code == TT_ENOENT
                   ? err_set(e, TT_ENOENT, "run %s: there is no candidate "
                             "%llu", q->run, (unsigned long long)q->number)
                   : err_set(e, why.code, "%s", why.text);
    evaluations = json_object_new_array();
    json_set(candidate, "evaluations", evaluations);
    jobs = json_child(candidate, "jobs");
    n = jobs != NULL ? json_object_array_length(jobs) : 0;
    for (i = 0; i < n && rc == 0; i++)
        rc = add_evaluations(g, q, json_object_array_get_idx(jobs, i),
                             evaluations, e);
    if (rc != 0)
        json_object_put(candidate);
    else
        a->body = candidate;
    return rc;
}

/* --- events, report ------------------------------------------------------- */

int engine_run_events(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    uint64_t after, cursor;
    int rc = check_run(g, q, e);

    if (rc == 0)
        rc = resource_number(q, "after", 0, 0, INT64_MAX / 2, &after, e);
    if (rc == 0)
        rc = resource_number(q, "cursor", after, 0, INT64_MAX / 2, &cursor, e);
    return rc != 0 ? rc : read_page(g, q, STORE_EVENT, cursor, a, e);
}

int engine_run_report(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    struct store_key key = { STORE_REPORT, { q->run }, 0 };
    json_object *document = runs_record(g, q, e);
    struct err why = { 0 };
    int rc = 0;

    if (document == NULL)
        return e->code;
    a->body = store_get_json(g->store, key, &why);
    if (a->body == NULL && why.code == TT_ENOENT)
        rc = err_set(e, TT_ECONFLICT, "run %s: there is no report yet: it is "
                     "%s", q->run, json_str(document, "state"));
    else if (a->body == NULL)
        rc = err_set(e, why.code, "%s", why.text);
    json_object_put(document);
    return rc;
}
