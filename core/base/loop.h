/* SPDX-License-Identifier: MIT
 *
 * loop.h - one thread's event loop: file descriptors, timers, and a mailbox
 * that other threads post to. Everything but loop_post() and loop_stop() is
 * for the loop's own thread. */
#ifndef TT_BASE_LOOP_H
#define TT_BASE_LOOP_H

#include <stdint.h>

#include "core/base/err.h"

struct loop;
typedef void loop_fn(void *ctx);
typedef void loop_fd_fn(void *ctx, uint32_t events); /* EPOLLIN | ... */

struct loop *loop_create(struct err *e);
void loop_destroy(struct loop *l); /* NULL is allowed */

/* Watch fd; a second call changes the events. */
int loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn,
               void *ctx, struct err *e);
void loop_unwatch(struct loop *l, int fd); /* before close(fd) */

/* Call fn once at mono_ms or soon after; 0 means it could not be (ENOMEM). */
uint64_t loop_at(struct loop *l, int64_t mono_ms, loop_fn *fn, void *ctx);
void loop_cancel(struct loop *l, uint64_t timer); /* 0 and fired ones are fine */

/* Run fn(ctx) on the loop's thread, in the order of posting. What was posted
 * before loop_stop() still runs; what is left at destroy does not. [any] */
void loop_post(struct loop *l, loop_fn *fn, void *ctx);

/* Called at the end of each turn, after all that was ready has been served:
 * the place to commit what the turn gathered. Each call adds one. */
void loop_on_turn_end(struct loop *l, loop_fn *fn, void *ctx);

void loop_run(struct loop *l);  /* until loop_stop() */
void loop_stop(struct loop *l); /* [any], async-signal-safe */

#endif
