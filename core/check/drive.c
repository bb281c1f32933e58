/* SPDX-License-Identifier: MIT
 *
 * drive.c - see drive.h. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/check/check_in.h"
#include "core/check/drive.h"

void drive_init(struct drive *d, const struct drive_with *with)
{
    memset(d, 0, sizeof *d);
    d->with = *with;
    if (with->remote == NULL)
        d->session = host_session_create(with->plugin, with->services);
}

void drive_fini(struct drive *d)
{
    check_calling("CLOSE");
    host_session_destroy(d->session);
    check_calling(NULL);
    arena_fini(&d->arena);
    buf_fini(&d->payload);
    buf_fini(&d->out);
    memset(d, 0, sizeof *d);
}

struct hop {
    struct drive *d;
    const struct frame *request;
};

static void *handle(void *ctx)
{
    struct hop *h = ctx;

    if (h->d->with.remote != NULL)
        remote_ask(h->d->with.remote, h->request, &h->d->out);
    else
        host_session_handle(h->d->session, h->request, &h->d->out);
    return NULL;
}

static void handle_elsewhere(struct hop *h)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, handle, h) != 0 ||
        pthread_join(thread, NULL) != 0)
        TT_ASSERT(!"a thread for a call");
}

uint16_t drive_ask(struct drive *d, uint16_t type)
{
    struct frame request = { type, 1, buf_str(&d->payload) };
    struct hop hop = { d, &request };
    struct err e = { 0 };

    arena_fini(&d->arena);
    buf_reset(&d->out);
    check_calling(frame_name(type));
    if (d->with.hop)
        handle_elsewhere(&hop);
    else
        (void)handle(&hop);
    check_calling(NULL);
    TT_ASSERT(frame_take(&d->out, &d->answer, &e) == 1);
    memset(&d->error, 0, sizeof d->error);
    if (d->answer.type == FRAME_ERROR)
        (void)codec_get_error(d->answer.payload, &d->error, &e);
    if (d->with.transcript != NULL) {
        frame_put(d->with.transcript, type, 0, request.payload);
        frame_put(d->with.transcript, d->answer.type, 0, d->answer.payload);
    }
    buf_reset(&d->payload);
    return d->answer.type;
}

static int ask_ok(struct drive *d, uint16_t type)
{
    return drive_ask(d, type) == FRAME_ERROR ? d->error.code : 0;
}

int drive_validate(struct drive *d, const struct tt_problem *problem)
{
    codec_put_problem(&d->payload, problem, NULL);
    return ask_ok(d, FRAME_VALIDATE);
}

int drive_open(struct drive *d, const struct tt_problem *problem,
               const struct tt_snapshot *snapshot)
{
    codec_put_problem(&d->payload, problem, snapshot);
    return ask_ok(d, FRAME_OPEN);
}

int drive_validate_setup(struct drive *d, const struct tt_setup *setup)
{
    codec_put_setup(&d->payload, setup);
    return ask_ok(d, FRAME_VALIDATE);
}

int drive_open_setup(struct drive *d, const struct tt_setup *setup)
{
    codec_put_setup(&d->payload, setup);
    return ask_ok(d, FRAME_OPEN);
}

int drive_snapshot(struct drive *d, struct tt_snapshot *state)
{
    struct err e = { 0 };
    int rc = ask_ok(d, FRAME_SNAPSHOT);

    if (rc == 0)
        rc = codec_get_state(d->answer.payload, state, &e);
    return rc;
}

int drive_close(struct drive *d)
{
    return ask_ok(d, FRAME_CLOSE);
}
