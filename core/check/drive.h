/* SPDX-License-Identifier: MIT
 *
 * drive.h - one session with the plugin, by frames, as a daemon has it. */
#ifndef TT_CHECK_DRIVE_H
#define TT_CHECK_DRIVE_H

#include "core/base/arena.h"
#include "core/check/remote.h"
#include "core/host/codec.h"

/* Whom to drive and how; borrowed while the drive lives. */
struct drive_with {
    const struct tt_plugin *plugin;
    const struct host_services *services;
    struct remote *remote;  /* NULL: in this process */
    struct buf *transcript; /* gets each request and answer; NULL = nobody */
    bool hop;               /* each request on a thread of its own */
};

struct drive {
    struct drive_with with;
    struct host_session *session; /* NULL where it is remote */
    struct buf payload;     /* the next request: put it here */
    struct buf out;
    struct arena arena;     /* for decoding; until the next request */
    struct frame answer;    /* of the last request; borrows from out */
    struct tt_error error;  /* when answer.type is FRAME_ERROR */
};

void drive_init(struct drive *d, const struct drive_with *with);
void drive_fini(struct drive *d); /* closes what is open */

/* Send d->payload; the type of the answer. */
uint16_t drive_ask(struct drive *d, uint16_t type);

/* OPEN and VALIDATE: 0, or the plugin's error code with d->error. */
int drive_validate(struct drive *d, const struct tt_problem *problem);
int drive_open(struct drive *d, const struct tt_problem *problem,
               const struct tt_snapshot *snapshot);
int drive_open_setup(struct drive *d, const struct tt_setup *setup);
int drive_validate_setup(struct drive *d, const struct tt_setup *setup);
/* *state borrows from the answer. */
int drive_snapshot(struct drive *d, struct tt_snapshot *state);
int drive_close(struct drive *d);

#endif
