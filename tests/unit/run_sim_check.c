/* SPDX-License-Identifier: MIT
 *
 * run_sim_check.c - what must hold of all that a run has stored. */
#include <stdio.h>

#include "tests/unit/run_sim_in.h"

/* --- checks --------------------------------------------------------------- */

static void check_gap_free(struct sim *s, enum store_kind kind,
                           const char *name)
{
    uint64_t i, n = sim_count(s, kind);

    for (i = 1; i <= n; i++)
        if (sim_get(s, kind, i) == NULL)
            sim_violate(s, "%s %llu is missing", name, (unsigned long long)i);
}

/* Every EVALUATE of a candidate has an end that was told at most once: the
 * log never holds more RESULTs of a ref than it has EVALUATEs and one. */
static void check_log(struct sim *s)
{
    uint64_t position = 1, told = 0, asked = 0, i;
    const struct sim_record *r;

    while ((r = sim_get(s, STORE_LOG, position)) != NULL) {
        struct tt_str bytes = { r->bytes, r->n };
        struct codec_actions answer = { 0 };
        struct codec_step step = { 0 };
        struct arena a = { 0 };
        struct run_entry entry;

        if (run_entry_get(bytes, &entry, NULL) != 0 ||
            codec_get_step(entry.step, &a, &step, NULL) != 0)
            sim_violate(s, "log: position %llu", (unsigned long long)position);
        if ((entry.flags & RUN_ENTRY_FRESH) != 0)
            told = asked = 0;
        for (i = 0; i < step.n_events; i++) {
            if (step.events[i]->position != position + i)
                sim_violate(s, "log: positions have a gap");
            told += step.events[i]->kind == TT_RESULT ||
                    step.events[i]->kind == TT_FAILED ||
                    step.events[i]->kind == TT_CANCELLED;
        }
        if ((entry.flags & RUN_ENTRY_FRESH) != 0)
            told = 0; /* it was told the history */
        if ((entry.flags & RUN_ENTRY_ANSWERED) != 0 &&
            codec_get_actions(entry.actions, &a, &answer, NULL) == 0)
            for (i = 0; i < answer.n; i++)
                asked += answer.actions[i]->kind == TT_EVALUATE;
        if (told > asked + 1)
            sim_violate(s, "log: %llu endings for %llu EVALUATEs",
                    (unsigned long long)told, (unsigned long long)asked);
        position += entry.n;
        arena_fini(&a);
    }
    if (position > 1 && sim_count(s, STORE_LOG) > position - 1)
        sim_violate(s, "log: entries behind a gap");
}

static void check_iterations(struct sim *s)
{
    json_object *run = sim_json(s, STORE_RUN, 0);
    json_object *done = json_child(json_child(run, "progress"), "iterations");

    if (s->o.iterations > 0 &&
        json_int(done, "done", 0) > (int64_t)s->o.iterations)
        sim_violate(s, "%lld iterations of %u",
                    (long long)json_int(done, "done", 0), s->o.iterations);
    json_object_put(run);
}

bool sim_check(struct sim *s)
{
    check_gap_free(s, STORE_CANDIDATE, "candidate");
    check_gap_free(s, STORE_EVALUATION, "evaluation");
    check_gap_free(s, STORE_EVENT, "event");
    check_log(s);
    check_iterations(s);
    if (s->peak_in_flight > s->o.max_in_flight)
        sim_violate(s, "%llu in flight", (unsigned long long)s->peak_in_flight);
    return s->violations == 0;
}

bool sim_each_once(const struct sim *s)
{
    size_t i;

    for (i = 0; i < s->n_outside; i++)
        if (s->outside[i].dispatched != 1)
            return false;
    return true;
}

void sim_print(const struct sim *s)
{
    uint64_t i, n = sim_count(s, STORE_EVENT);

    for (i = 1; i <= n; i++) {
        json_object *o = sim_json(s, STORE_EVENT, i);

        printf("# %6lld %-20s %s\n", (long long)json_int(o, "time_ms", 0),
               json_str(o, "event"), json_str(o, "text"));
        json_object_put(o);
    }
}

static struct host_session *fresh_session(struct sim *s)
{
    uint64_t position = 1;

    return sim_open_session(s, s->run, &position, false);
}

bool sim_replay(struct sim *s)
{
    struct host_session *session = fresh_session(s);
    const struct sim_record *r;
    uint64_t position = 1;
    bool same = true, fed = false;

    while (same && (r = sim_get(s, STORE_LOG, position)) != NULL) {
        struct tt_str bytes = { r->bytes, r->n };
        struct run_entry entry;

        same = run_entry_get(bytes, &entry, NULL) == 0;
        position += entry.n;
        if ((entry.flags & RUN_ENTRY_ANSWERED) == 0)
            continue; /* the last one, or one that was given up */
        if (fed && (entry.flags & RUN_ENTRY_FRESH) != 0) {
            host_session_destroy(session);
            session = fresh_session(s);
        }
        fed = true;
        same = same && sim_feed_entry(session, &entry);
    }
    host_session_destroy(session);
    return same;
}
