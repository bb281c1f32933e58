/* SPDX-License-Identifier: MIT
 *
 * work.h - worker processes: spawn, watch, talk to, restart, bury.
 *
 * Everything runs on the loop that work_create() was given, but for the
 * spawning itself: that is done on one thread that lives as long as the
 * daemon, because PDEATHSIG follows the thread. */
#ifndef TT_WORK_H
#define TT_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/json.h"
#include "core/base/loop.h"
#include "core/host/frame.h"

struct work;
struct worker;

struct work_options {
    const char *worker_path; /* absolute path of trimtab-worker */
    uint64_t memory_bytes, cpu_seconds, n_files;
    uint32_t uid, gid;       /* for workers, where the daemon is root */
    int64_t hello_ms;        /* deadline of the first frame */
    unsigned crash_limit;    /* quarantine a hash after so many crashes ... */
    int64_t crash_window_ms; /* ... within this time */
};
extern const struct work_options work_defaults; /* 1 GiB, 600 s, 64, 65534,
                                                   10 s, 3 in 10 min */

struct work *work_create(struct loop *loop, const struct work_options *options,
                         struct err *e);
/* Kills and reaps every worker; each down() is called, as expected. Not from a
 * callback. NULL is allowed. */
void work_destroy(struct work *w);

struct worker_down {
    int signal;         /* that killed it, or 0 */
    int exit_status;    /* when signal is 0 */
    bool timeout;       /* we killed it: a deadline passed */
    bool protocol;      /* we killed it: it broke the protocol */
    bool expected;      /* we asked for it */
    char text[512];     /* "strategy bayesian 1.0.0 (sha256 ab12...): killed by
                           SIGSEGV while it worked on STEP" */
};

/* All called on the loop's thread; the worker may be stopped inside them. */
struct worker_callbacks {
    void (*hello)(void *ctx, json_object *hello);           /* borrowed */
    /* The answer to request `number`, ERROR among them; payload borrowed. */
    void (*answer)(void *ctx, uint32_t number, const struct frame *answer);
    /* The worker asks for a service (HTTP, DATA): answer it later, with the
     * same number, by worker_reply(). */
    void (*request)(void *ctx, const struct frame *request);
    /* It is gone; the handle dies after this call. Called exactly once. */
    void (*down)(void *ctx, const struct worker_down *down);
};

struct worker_spec {
    const char *path;   /* of plugin.so in the catalog; absolute */
    const char *hash;   /* 64 hex digits */
    const char *id, *version; /* for diagnostics */
    uint32_t kind;      /* enum tt_plugin_kind */
    const char *label;  /* run id, or what it is for; in logs */
    bool threads;       /* granted */
    const char *const *read; /* folders that an exec plugin may read: granted */
    size_t n_read;
};

/* Start one. TT_EPLUGIN when the hash is in quarantine (says since when and
 * how to lift it). hello() or down() follows. */
struct worker *work_spawn(struct work *w, const struct worker_spec *spec,
                          const struct worker_callbacks *callbacks, void *ctx,
                          struct err *e);

/* Send a request; returns its number (never 0). When no answer has come after
 * deadline_ms the worker is killed and down() says so. */
uint32_t worker_send(struct worker *w, uint16_t type, struct tt_str payload,
                     int64_t deadline_ms);
void worker_reply(struct worker *w, uint32_t number, uint16_t type,
                  struct tt_str payload);
void worker_stop(struct worker *w); /* CLOSE, then SIGKILL after 2 s */
void worker_kill(struct worker *w); /* now; down() follows with expected */
int worker_pid(const struct worker *w);

/* How long to wait before the next start of this hash: 0, then doubling from
 * 100 ms to 30 s with each crash of the window. */
int64_t work_backoff_ms(struct work *w, const char *hash);
bool work_quarantined(struct work *w, const char *hash);
void work_release(struct work *w, const char *hash); /* lift the quarantine */

#endif
