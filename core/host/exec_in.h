/* SPDX-License-Identifier: MIT
 *
 * exec_in.h - the inside of exec plugins. For core/host/exec*.c only. */
#ifndef TT_HOST_EXEC_IN_H
#define TT_HOST_EXEC_IN_H

#include <sys/types.h>

#include "core/base/arena.h"
#include "core/host/exec.h"

#define EXEC_PROTOCOL 1
#define EXEC_MAX_LINE (16u << 20) /* of what a child says */
#define EXEC_MAX_ARGS 64u
/* Numbers that every language can hold: up to 2^53. */
#define EXEC_MAX_NUMBER ((int64_t)1 << 53)

/* --- the manifest (exec_manifest.c) -------------------------------------- */

struct exec_manifest {
    struct arena arena;
    struct tt_plugin plugin; /* without its vtable */
    const char **command;    /* n_command, NULL-terminated */
    size_t n_command;
    bool admin;              /* it answers admin calls */
    char *dir;
};
int exec_manifest_read(const char *path, struct exec_manifest *m,
                       struct err *e);
void exec_manifest_fini(struct exec_manifest *m);

/* --- the child (exec_process.c) ------------------------------------------ */

struct exec_child {
    pid_t pid;
    int in, out, err;  /* our ends */
    struct buf heard;  /* of its standard output, not taken yet */
    struct buf saying; /* a line of its standard error, as far as it is */
    char last[200];    /* the last whole one */
    bool broken;       /* it is of no use any more: why says what happened */
    struct err why;
};
/* Errors: TT_EIO. */
struct exec_child *exec_child_start(const struct exec_manifest *m,
                                    const struct exec_start *start,
                                    struct err *e);
/* Closes its pipes, waits a moment for its end; kills it where we may. */
void exec_child_end(struct exec_child *c);
/* Say a line (a newline is put behind it). TT_ECRASH when it has ended,
 * TT_EPLUGIN when it said something that nobody asked for. call: for texts */
int exec_child_say(struct exec_child *c, const char *call, struct tt_str line,
                   struct err *e);
/* Hear one line into *line. TT_ECRASH; TT_EPLUGIN when it is too long. */
int exec_child_hear(struct exec_child *c, const char *call, struct buf *line,
                    struct err *e);
/* Never use it again; returns e->code. */
int exec_child_break(struct exec_child *c, const struct err *e);

/* --- calls (exec.c) ------------------------------------------------------- */

struct exec_instance {
    struct exec_child *child;
    const struct tt_host *host;   /* NULL in validate */
    const struct tt_space *space; /* NULL in validate */
};
/* The plugin of this process. */
const struct exec_manifest *exec_plugin(void);
/* An instance with a child of its own: the spare one or a new one. */
int exec_instance_create(const struct tt_host *host,
                         struct exec_instance **out, struct tt_error *e);
void exec_instance_destroy(struct exec_instance *x);
/* A call without an instance, whose result is an empty object. */
int exec_once(const char *call, json_object *members, struct tt_error *e);
/* One call: {"call":call,"id":N, and members (taken)} out, the answer's
 * "result" in (the caller puts it), services in between. */
int exec_call(struct exec_instance *x, const char *call, json_object *members,
              json_object **result, struct tt_error *e);
/* The same, for calls whose result is an empty object. */
int exec_do(struct exec_instance *x, const char *call, json_object *members,
            struct tt_error *e);
/* The child answered what cannot be; it is broken. Returns TT_EPLUGIN. */
int exec_refuse(struct exec_instance *x, const char *call, const struct err *why,
                struct tt_error *e);
/* The answer to a line in which the child asks for a service. */
json_object *exec_serve(struct exec_instance *x, json_object *line,
                        struct err *e);

extern const struct tt_strategy exec_strategy;
extern const struct tt_adapter exec_adapter, exec_adapter_admin;

/* --- records as JSON (exec_encode.c); the caller puts the result ---------- */

json_object *exec_number(double v); /* NULL, which is null, unless finite */
json_object *exec_ref(uint64_t ref);
json_object *exec_text(struct tt_str s);
json_object *exec_space(const struct tt_space *space);
json_object *exec_candidate(const struct tt_candidate *c,
                            const struct tt_space *space);
json_object *exec_problem(const struct tt_problem *p);
json_object *exec_snapshot(const struct tt_snapshot *s, struct err *e);
void exec_put_state(json_object *state, struct buf *out);
json_object *exec_event(const struct tt_event *event,
                        const struct tt_space *space); /* NULL: unknown kind */
json_object *exec_ask(const struct tt_ask *ask);
json_object *exec_setup(const struct tt_setup *s);
json_object *exec_batch(const struct tt_batch *b, const struct tt_space *space);

/* --- and back (exec_decode.c): TT_EPLUGIN names what is wrong -------------
 * Records borrow from the JSON and from the arena. */

int exec_get_action(json_object *o, size_t index, const struct tt_space *space,
                    struct arena *a, const struct tt_action **action,
                    struct err *e);
int exec_get_outcome(json_object *o, size_t index, struct arena *a,
                     struct tt_outcome *outcome, struct err *e);
/* {"code":"invalid","message":"...","retry_after_ms":0} */
int exec_get_error(json_object *o, struct tt_error *out, struct err *e);
int exec_get_http(json_object *o, struct arena *a, struct tt_http_request *r,
                  struct err *e);
int exec_get_split(json_object *o, const char *where, const char *key,
                   uint32_t *split, struct err *e);

#endif
