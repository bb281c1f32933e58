/* SPDX-License-Identifier: MIT
 *
 * run_sim_in.h - what the files of the run machine's world share. */
#ifndef TT_TESTS_RUN_SIM_IN_H
#define TT_TESTS_RUN_SIM_IN_H

#include "core/host/codec.h"
#include "tests/unit/run_sim.h"

struct sim_delivery {
    struct run_event ev;
    struct buf bytes;
    char text[200];
    uint64_t at_ms;
    bool strategy; /* whose worker it comes from: it dies with it */
    bool internal; /* of the daemon: it dies with that */
};

/* run_sim.c */
void sim_violate(struct sim *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool sim_chance(struct sim *s, unsigned percent);
uint64_t sim_jitter(struct sim *s);
struct sim_delivery *sim_deliver(struct sim *s, enum run_event_kind kind,
                                 uint64_t number, uint64_t wait_ms);
void sim_drop_queue(struct sim *s, bool all, bool strategy);
/* A strategy's session, opened; a snapshot moves *position. */
struct host_session *sim_open_session(struct sim *s, const struct run *run,
                                      uint64_t *position, bool snapshots);
/* Does it answer this entry as it is answered in the log? */
bool sim_feed_entry(struct host_session *session,
                    const struct run_entry *entry);
/* 0: caught up; 1: it diverged. */
int sim_feed_log(struct sim *s, struct host_session *session,
                 uint64_t position, uint64_t *entries);

/* run_sim_outside.c: calls of the adapter */
void sim_submit(struct sim *s, const struct run_command *c);
void sim_answer_strs(struct sim *s, const struct run_command *c);

#endif
