/* SPDX-License-Identifier: MIT
 *
 * check_in.h - the inside of the checker: the table, one check's run, results.
 * For core/check only. */
#ifndef TT_CHECK_IN_H
#define TT_CHECK_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/json.h"
#include "core/host/host.h"

/* --- the table ----------------------------------------------------------- */

/* Worse ones are larger; FAIL and CRASH are findings. */
enum check_status {
    CHECK_PASS = 0,
    CHECK_SKIP = 1, /* nothing to check, or what it needs has failed */
    CHECK_NOTE = 2, /* worth knowing */
    CHECK_WARN = 3, /* worth mending */
    CHECK_FAIL = 4,
    CHECK_CRASH = 5 /* the process died, or had to be killed */
};
const char *check_status_name(enum check_status status); /* "pass" */

struct check_run;

enum check_mode { CHECK_ONE_FILE = 0, CHECK_UPGRADE = 1, CHECK_REPLAY = 2 };

struct check {
    const char *id;    /* "S1" */
    int level;         /* 1 static, 2 the gate, 3 long ones too */
    enum check_mode mode;
    uint32_t kind;     /* enum tt_plugin_kind that it is for; 0 = both */
    const char *needs; /* ids whose failure makes it pointless: "S1 S2" */
    int seconds;       /* deadline, wall time */
    const char *title; /* what holds when it passes */
    const char *why;
    const char *mend;
    void (*run)(struct check_run *c);
};
extern const struct check check_table[];
extern const size_t check_table_n;
const struct check *check_find(const char *id); /* NULL when unknown */

/* --- what is checked ----------------------------------------------------- */

struct check_options {
    const char *path;       /* of the plugin; absolute */
    const char *source;     /* its source folder, or NULL */
    const char *old;        /* CHECK_UPGRADE: the version before */
    const char *log;        /* CHECK_REPLAY: a recorded run */
    const char *config;     /* a file: the plugin's configuration, or NULL */
    const char *evaluation; /* a file: what adapters are opened with, or NULL */
    const char *revoked;    /* a file of sha256 sums, or NULL */
    const char *keys;       /* a folder of public keys, or NULL */
    uint64_t seed;
    int64_t soak_ms;        /* how long B22 goes on */
};

/* One check in its own process. */
struct check_run {
    const struct check *check;
    const struct check_options *o;
    enum check_status status;
    struct buf message; /* the findings of the worst status */
    unsigned n_findings;
    const char *const *part_environment; /* added for parts; NULL = nothing */
};

/* Say what was found. Findings of a worse status replace lesser ones, those of
 * the same status are added; after eight it is enough. */
void check_note(struct check_run *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void check_warn(struct check_run *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void check_fail(struct check_run *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Only while there is no finding. */
void check_skip(struct check_run *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Details of a pass. */
void check_say(struct check_run *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Where the child is, for the message if it dies: what it is about, and the
 * call that it is in (NULL for none). Cheap. */
void check_stage(const char *format, ...) __attribute__((format(printf, 1, 2)));
void check_calling(const char *call);

/* --- running ------------------------------------------------------------- */

struct check_result {
    const struct check *check;
    enum check_status status;
    const char *log; /* CHECK_REPLAY: the recorded run that it was; or NULL */
    char *message;
    int64_t ms; /* wall time */
};

/* Start the check as a process group of its own, wait, bury the group.
 * Returns 0 with *r filled in, TT_EIO when no process can be started. */
int check_spawn(const struct check *check, const struct check_options *o,
                struct check_result *r, struct err *e);

/* A part of a check that needs a fresh address space, or another plugin: it is
 * run in yet another process of the same group, and answers with bytes. */
struct check_part {
    const char *name; /* "@transcript" */
    /* 0 with the answer in *out, or negative with *e set. */
    int (*run)(struct check_run *c, const char *argument, struct buf *out,
               struct err *e);
};
extern const struct check_part check_parts[];
extern const size_t check_parts_n;
/* path: of the plugin; argument: for the part, or NULL. TT_EPLUGIN says how it
 * ended, or the part's own error. */
int check_part_run(const struct check_run *c, const char *name,
                   const char *path, const char *argument, struct buf *out,
                   struct err *e);

/* --- reports ------------------------------------------------------------- */

enum check_format { CHECK_TEXT, CHECK_JSON, CHECK_JUNIT };
struct check_report {
    const struct check_options *o;
    int level;
    struct host_note note; /* zeroed where there is none */
    char sha256[65];
    struct check_result *results;
    size_t n;
};
/* Findings: the number of results that are FAIL or CRASH. */
size_t check_report_findings(const struct check_report *r);
void check_report_write(const struct check_report *r, enum check_format format,
                        struct buf *out);

#endif
