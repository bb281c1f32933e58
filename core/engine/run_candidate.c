/* SPDX-License-Identifier: MIT
 *
 * run_candidate.c - candidates: numbers, the strategy's refs, and which are
 * the same parameter set. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

/* --- an index of numbers by hash ------------------------------------------ */

static uint64_t mix(uint64_t x) /* of MurmurHash3 */
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

void run_index_put(struct run_index *x, uint64_t hash, uint64_t number)
{
    struct run_index old = *x;
    size_t i;

    if (2 * (x->n + 1) > x->cap) {
        x->cap = old.cap == 0 ? 64 : 2 * old.cap;
        x->slots = xcalloc(x->cap, sizeof *x->slots);
        x->hashes = xcalloc(x->cap, sizeof *x->hashes);
        x->n = 0;
        for (i = 0; i < old.cap; i++)
            if (old.slots[i] != 0)
                run_index_put(x, old.hashes[i], old.slots[i]);
        free(old.slots);
        free(old.hashes);
    }
    for (i = hash & (x->cap - 1); x->slots[i] != 0; i = (i + 1) & (x->cap - 1))
        ;
    x->slots[i] = number;
    x->hashes[i] = hash;
    x->n++;
}

static uint64_t ref_hash(uint32_t epoch, uint64_t ref)
{
    return mix(ref ^ mix(epoch + UINT64_C(1)));
}

/* The first 16 hex digits of a sha256. */
static uint64_t hex_hash(const char *hex)
{
    char head[17] = { 0 };

    memcpy(head, hex, 16);
    return strtoull(head, NULL, 16);
}

/* --- finding -------------------------------------------------------------- */

struct run_candidate *run_candidate_at(const struct run *r, uint64_t number)
{
    return number >= 1 && number <= r->n_candidates
               ? r->candidates[number - 1]
               : NULL;
}

struct run_candidate *run_candidate_of_ref(const struct run *r, uint64_t ref)
{
    const struct run_index *x = &r->by_ref;
    uint64_t hash = ref_hash(r->epoch, ref);
    size_t i;

    if (ref >= TT_REF_HOST)
        return run_candidate_at(r, ref - TT_REF_HOST);
    for (i = hash & (x->cap - 1); x->cap > 0 && x->slots[i] != 0;
         i = (i + 1) & (x->cap - 1)) {
        struct run_candidate *c = r->candidates[x->slots[i] - 1];

        if (!c->host && c->ref == ref && c->epoch == r->epoch)
            return c;
    }
    return NULL;
}

/* The oldest one with these parameters. */
struct run_candidate *run_candidate_like(const struct run *r, const char *hash)
{
    const struct run_index *x = &r->by_hash;
    uint64_t h = hex_hash(hash);
    struct run_candidate *found = NULL;
    size_t i;

    for (i = h & (x->cap - 1); x->cap > 0 && x->slots[i] != 0;
         i = (i + 1) & (x->cap - 1)) {
        struct run_candidate *c = r->candidates[x->slots[i] - 1];

        if (strcmp(c->hash, hash) == 0 &&
            (found == NULL || c->number < found->number))
            found = c;
    }
    return found;
}

uint64_t run_candidate_ref(const struct run *r, const struct run_candidate *c)
{
    return c->host || c->epoch != r->epoch ? TT_REF_HOST + c->number : c->ref;
}

/* --- adding --------------------------------------------------------------- */

void run_candidate_index(struct run *r, struct run_candidate *c)
{
    if (!c->host)
        run_index_put(&r->by_ref, ref_hash(c->epoch, c->ref), c->number);
    run_index_put(&r->by_hash, hex_hash(c->hash), c->number);
}

struct run_candidate *run_candidate_add(struct run *r,
                                        struct candidate *values)
{
    struct run_candidate *c = xcalloc(1, sizeof *c);

    r->candidates = run_grow(r->candidates, r->n_candidates, sizeof(void *));
    r->candidates[r->n_candidates++] = c;
    c->number = r->n_candidates;
    c->values = *values;
    memset(values, 0, sizeof *values);
    space_hash(r->space, &c->values.tt, c->hash);
    c->predicted_mean = c->predicted_sd = c->acquisition = (double)NAN;
    c->score = (double)NAN;
    c->created_ms = r->now_ms;
    c->dirty = true;
    return c;
}

void run_greet(struct run *r, struct run_candidate *c)
{
    r->greet = run_grow(r->greet, r->n_greet, sizeof(void *));
    r->greet[r->n_greet++] = c;
}

int run_enqueue(struct run *r, json_object *parameters, const char *origin,
                const char *actor, struct err *e)
{
    struct candidate values;
    struct run_candidate *c;
    int rc = space_from_json(r->space, parameters, &values, e);

    if (rc < 0)
        return rc;
    c = run_candidate_add(r, &values);
    c->host = true;
    c->origin = xstrdup(origin);
    c->actor = xstrdup(actor);
    c->enqueued = ++r->sequence;
    run_candidate_index(r, c);
    run_greet(r, c);
    run_touch(r, c);
    return 0;
}

void run_candidate_destroy(struct run_candidate *c)
{
    size_t i;

    if (c == NULL)
        return;
    for (i = 0; i < c->n_jobs; i++)
        run_job_destroy(c->jobs[i]);
    candidate_fini(&c->values);
    free(c->jobs);
    free(c->parents);
    free(c->origin);
    free(c->actor);
    free(c);
}
