/* SPDX-License-Identifier: MIT
 *
 * work_in.h - the inside of core/work. */
#ifndef TT_WORK_IN_H
#define TT_WORK_IN_H

#include <pthread.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/work/work.h"

/* --- spawner.c: the thread that starts processes -------------------------- */

struct spawn {
    struct spawn *next;
    char **argv; /* NULL-terminated; argv[0] is the program */
    struct worker *owner;
    /* What became of it: pid 0 and error set, or all of these. */
    pid_t pid;
    int pid_fd, fd, err_fd;
    struct err error;
};
void spawn_free(struct spawn *s); /* closes no descriptor */

struct spawner;
/* done_fd: an eventfd that is written when something is done. */
struct spawner *spawner_create(int done_fd, struct err *e);
void spawner_destroy(struct spawner *s); /* joins; queued ones count as done */
void spawner_push(struct spawner *s, struct spawn *spawn);
struct spawn *spawner_take(struct spawner *s); /* a done one, or NULL */
void spawner_stop(struct spawner *s); /* what is queued is not started */

/* --- crashes.c: which hash fell how often --------------------------------- */

struct crashes {
    struct crash_record *records;
    size_t n;
    unsigned limit;
    int64_t window_ms;
};
void crashes_fini(struct crashes *c);
/* hard: counts towards quarantine. True when this one brought it about. */
bool crashes_add(struct crashes *c, const char *hash, bool hard);
int64_t crashes_backoff_ms(struct crashes *c, const char *hash);
/* Wall time since when, or 0. */
int64_t crashes_quarantined(struct crashes *c, const char *hash);
void crashes_release(struct crashes *c, const char *hash);

/* --- chatter.c: what a worker says ---------------------------------------- */

struct chatter {
    struct buf line;
    char last[160];   /* the last line, fit to be printed */
    double tokens;    /* lines that may be logged now */
    int64_t filled_ms;
    uint64_t dropped;
};
void chatter_fini(struct chatter *c);
/* Bytes of the worker's standard error. */
void chatter_bytes(struct worker *w, const char *bytes, size_t n);
void chatter_end(struct worker *w); /* what is left, and what was dropped */
/* One line that came as a LOG frame. */
void chatter_log(struct worker *w, int level, struct tt_str text);

/* --- worker.c ------------------------------------------------------------- */

struct request {
    uint32_t number;
    uint16_t type;
    int64_t due_ms, allowed_ms; /* 0: no deadline */
};

struct worker {
    struct worker *next, **prev;
    struct work *work;
    struct worker_callbacks call;
    void *ctx;
    char name[16]; /* "w7" */
    char *path, *hash, *id, *version, *label;
    uint32_t kind;

    pid_t pid;
    int pid_fd, fd, err_fd;
    enum frame_state state;
    struct buf in, out;
    bool writing; /* EPOLLOUT is watched */
    struct request *queue;
    size_t n_queue, cap_queue;
    uint32_t last_number, close_number;
    uint32_t service; /* the open request of the worker's, or 0 */
    uint16_t service_type;
    uint32_t last_service;

    uint64_t timer;
    int64_t hello_due_ms, stop_due_ms, eof_due_ms; /* 0: none */
    bool killed; /* SIGKILL is on its way, or will be as soon as it starts */
    bool timeout, protocol, expected, refused;
    char cause[1100]; /* why we killed it, or why it went */
    struct chatter chatter;
};

void worker_started(struct worker *w, const struct spawn *spawn);
void worker_free(struct worker *w);
void worker_end(struct worker *w); /* kill it; what it says counts no more */
/* Reap it (blocks until it is dead), tell, free. */
void worker_bury(struct worker *w);
void worker_arm(struct worker *w); /* the timer of the next deadline */
/* It broke the protocol: kill it, and remember how. */
void worker_violation(struct worker *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Take what the pipe and the socket hold. */
void worker_drain(struct worker *w);
void worker_frames(struct worker *w);
void worker_flush(struct worker *w);

struct work {
    struct loop *loop;
    struct work_options options;
    char *worker_path;
    struct spawner *spawner;
    int done_fd;
    struct worker *workers;
    struct crashes crashes;
    unsigned n_started;
    bool closing;
};

#endif
