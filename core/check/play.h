/* SPDX-License-Identifier: MIT
 *
 * play.h - a strategy on a reference problem: what it proposes is scored, and
 * told back when the check says so. */
#ifndef TT_CHECK_PLAY_H
#define TT_CHECK_PLAY_H

#include "core/check/drive.h"
#include "core/check/problem.h"

struct known { /* a candidate that was proposed or enqueued */
    uint64_t ref, number;
    uint64_t next_case;
    struct tt_value *values;
};

struct flight {
    uint64_t ref;
    struct tt_case_set cases; /* ids owned */
    uint32_t repeats, flags;
};

struct play {
    struct drive d;
    const struct reference *reference;
    uint64_t parallel; /* in flight at most */
    uint64_t position; /* of the log */
    struct known *known;
    size_t n_known;
    struct flight *flights; /* in the order in which they were asked for */
    size_t n_flights;
    struct arena events_arena;
    const struct tt_event **events; /* to be told with the next step */
    size_t n_events;
    struct arena values_arena;
    /* What has happened. */
    uint64_t n_results, n_evaluates, n_llm, n_prunes;
    double best; /* score of the best result; NAN before the first */
    bool done;
    char *reason;      /* of DONE */
    char bad[300];     /* the first thing that no strategy may propose; "" */
    uint32_t llm_status; /* what LLM requests are answered with */
    const char *llm_text;
};

/* Open it. 0, or the plugin's code with p->d.error; play_end() after failures
 * too. snapshot NULL: a fresh one. */
int play_begin(struct play *p, const struct drive_with *with,
               const struct reference *reference,
               const struct tt_snapshot *snapshot);
void play_end(struct play *p);

/* Tell what is to be told, then ask for at most max candidates. 0 and what it
 * asks for is in flight; else the plugin's code with p->d.error. */
int play_step(struct play *p, uint64_t max, uint64_t *n_actions);

/* Events for the next step. flight: an index, which is taken off. */
void play_land(struct play *p, size_t flight);
void play_fail(struct play *p, size_t flight, uint32_t kind);
/* The record must live until the step; its head is filled in but for size. */
void play_tell(struct play *p, struct tt_event *event, uint32_t kind);
void *play_alloc(struct play *p, size_t size); /* zeroed, until the step */
/* Somebody's candidate: the defaults, moved by `salt`. */
void play_enqueue(struct play *p, uint64_t ref, unsigned salt);

/* Until n more results came back, it is done, or stuck (TT_EPLUGIN with
 * p->d.error). */
int play_run(struct play *p, uint64_t n);

#endif
