/* SPDX-License-Identifier: MIT
 *
 * main.c - the command line of `trimtab plugin check`: which checks, in which
 * order, and what the exit code is. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/check/check.h"
#include "core/check/check_in.h"
#include "core/crypt/crypt.h"
#include "core/host/exec.h"
#include "core/host/codec.h"
#include "core/host/sandbox.h"

enum { EXIT_PASS = 0, EXIT_FINDINGS = 1, EXIT_TOOL = 2 };

#define MOST_IDS 64

struct id_list {
    const char *ids[MOST_IDS];
    size_t n;
};

struct plan {
    struct check_options o;
    enum check_mode mode;
    enum check_format format;
    int level;
    struct id_list only, exclude;
    const char *logs[MOST_IDS];
    size_t n_logs;
    const char *files[2];
    size_t n_files;
    bool list;
    const char *save_state; /* a folder */
    const char *confine;    /* the one that may be written to */
};

static void usage(FILE *to)
{
    fputs("usage: trimtab plugin check FILE.so [options]\n"
          "       trimtab plugin check --upgrade OLD.so NEW.so [options]\n"
          "       trimtab plugin check FILE.so --replay RUN|LOG... [options]\n"
          "       trimtab plugin check --save-state DIR FILE.so\n"
          "       trimtab plugin check --list\n\n"
          "  --level 1|2|3      1 static; 2 (default) what a daemon asks for; "
          "3 long ones too\n"
          "  --format FORMAT    text (default), json or junit\n"
          "  --seed N           of everything that is drawn (default 1)\n"
          "  --only ID          this check alone (may be given again)\n"
          "  --exclude ID       not this one (may be given again)\n"
          "  --source DIR       the plugin's source: manifest, license, golden "
          "states,\n"
          "                     and a build under sanitizers\n"
          "  --config FILE      the plugin's configuration, JSON (or: {})\n"
          "  --evaluation FILE  what an adapter is opened with, JSON "
          "(or: {})\n"
          "  --revoked FILE     sha256 sums that are refused, one a line\n"
          "  --keys DIR         public keys of minisign, and a list `revoked`: its "
          "signature\n"
          "                     must be one of theirs\n"
          "  --soak SECONDS     how long B22 goes on (default 10)\n"
          "  --confine DIR      write files in DIR alone and open no socket, as far "
          "as the\n"
          "                     kernel can say no: for what is not trusted yet\n"
          "  --save-state DIR   write DIR/state-vN.bin, a snapshot of today's "
          "schema:\n"
          "                     keep it in golden/ of the source for B15\n\n"
          "exit: 0 pass, 1 findings, 2 the tool could not work\n", to);
}

static bool add_id(struct id_list *list, const char *id)
{
    if (check_find(id) == NULL) {
        fprintf(stderr, "trimtab plugin check: %s: there is no such check; "
                "see --list\n", id);
        return false;
    }
    if (list->n == MOST_IDS)
        return false;
    list->ids[list->n++] = id;
    return true;
}

static bool has_id(const struct id_list *list, const char *id)
{
    size_t i;

    for (i = 0; i < list->n; i++)
        if (strcmp(list->ids[i], id) == 0)
            return true;
    return false;
}

static bool read_format(const char *text, enum check_format *format)
{
    if (strcmp(text, "text") == 0)
        *format = CHECK_TEXT;
    else if (strcmp(text, "json") == 0)
        *format = CHECK_JSON;
    else if (strcmp(text, "junit") == 0)
        *format = CHECK_JUNIT;
    else
        return false;
    return true;
}

static bool read_number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    unsigned long long v;

    errno = 0;
    v = strtoull(text, &end, 10);
    *out = v;
    return errno == 0 && *end == '\0' && *text >= '0' && *text <= '9' &&
           v <= most;
}

static const struct option options[] = {
    { "level", required_argument, NULL, 'l' },
    { "format", required_argument, NULL, 'f' },
    { "seed", required_argument, NULL, 's' },
    { "only", required_argument, NULL, 'o' },
    { "exclude", required_argument, NULL, 'x' },
    { "source", required_argument, NULL, 'S' },
    { "config", required_argument, NULL, 'c' },
    { "evaluation", required_argument, NULL, 'e' },
    { "revoked", required_argument, NULL, 'r' },
    { "keys", required_argument, NULL, 'k' },
    { "soak", required_argument, NULL, 't' },
    { "upgrade", required_argument, NULL, 'u' },
    { "replay", required_argument, NULL, 'R' },
    { "save-state", required_argument, NULL, 'w' },
    { "confine", required_argument, NULL, 'C' },
    { "list", no_argument, NULL, 'L' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* 0, 'h' for help, or 2. */
static int take_option(struct plan *p, int c)
{
    uint64_t v = 0;

    switch (c) {
    case 'l':
        if (!read_number(optarg, 3, &v) || v < 1)
            return 2;
        p->level = (int)v;
        return 0;
    case 'f':
        return read_format(optarg, &p->format) ? 0 : 2;
    case 's':
        return read_number(optarg, UINT64_MAX, &p->o.seed) ? 0 : 2;
    case 't':
        p->o.soak_ms = read_number(optarg, 86400, &v) ? (int64_t)v * 1000 : -1;
        return p->o.soak_ms >= 0 ? 0 : 2;
    case 'o':
        return add_id(&p->only, optarg) ? 0 : 2;
    case 'x':
        return add_id(&p->exclude, optarg) ? 0 : 2;
    case 'S':
        p->o.source = optarg;
        return 0;
    case 'c':
        p->o.config = optarg;
        return 0;
    case 'e':
        p->o.evaluation = optarg;
        return 0;
    case 'r':
        p->o.revoked = optarg;
        return 0;
    case 'k':
        p->o.keys = optarg;
        return 0;
    case 'u':
        p->o.old = optarg;
        p->mode = CHECK_UPGRADE;
        return 0;
    case 'R':
        p->logs[p->n_logs++] = optarg;
        p->mode = CHECK_REPLAY;
        return p->n_logs < MOST_IDS ? 0 : 2;
    case 'w':
        p->save_state = optarg;
        return 0;
    case 'C':
        p->confine = optarg;
        return 0;
    case 'L':
        p->list = true;
        return 0;
    default:
        return c == 'h' ? 'h' : 2;
    }
}

static bool is_plugin(const char *path)
{
    static const char *const ends[] = { ".so", "/plugin.json" };
    size_t n = strlen(path), i, k;

    for (i = 0; i < TT_ARRAY_LEN(ends); i++) {
        k = strlen(ends[i]);
        if (n >= k && strcmp(path + n - k, ends[i]) == 0)
            return true;
    }
    return false;
}

/* Which operand is the plugin, where the others are logs: the one that is
 * called so, else the last. */
static int plugin_among(int argc, char **argv)
{
    int i;

    for (i = optind; i < argc; i++)
        if (is_plugin(argv[i]))
            return i;
    return argc - 1;
}

/* Without an option: the plugin; where runs are replayed, more logs. */
static int take_files(struct plan *p, int argc, char **argv)
{
    int file, i;

    if (p->list)
        return optind == argc ? 0 : 2;
    if (optind == argc || (p->o.old != NULL && p->n_logs > 0))
        return 2;
    file = p->mode == CHECK_REPLAY ? plugin_among(argc, argv) : optind;
    p->o.path = argv[file];
    for (i = optind; i < argc; i++) {
        if (i == file)
            continue;
        if (p->mode != CHECK_REPLAY || p->n_logs == MOST_IDS)
            return 2;
        p->logs[p->n_logs++] = argv[i];
    }
    return 0;
}

static int parse(int argc, char **argv, struct plan *p)
{
    int c, rc = 0;

    while (rc == 0 && (c = getopt_long(argc, argv, "h", options, NULL)) != -1)
        rc = take_option(p, c);
    return rc != 0 ? rc : take_files(p, argc, argv);
}

/* --- which checks -------------------------------------------------------- */

static bool wanted(const struct plan *p, const struct check *check)
{
    if (check->mode != p->mode || has_id(&p->exclude, check->id))
        return false;
    if (p->only.n > 0)
        return has_id(&p->only, check->id);
    return check->level <= p->level;
}

static const struct check_result *result_of(const struct check_report *r,
                                            const char *id, size_t n)
{
    size_t i;

    for (i = 0; i < r->n; i++)
        if (strlen(r->results[i].check->id) == n &&
            memcmp(r->results[i].check->id, id, n) == 0)
            return &r->results[i];
    return NULL;
}

/* What it needs and has not got: a text, or NULL. A check that was skipped for
 * such a reason itself counts as failed. */
static char *unmet(const struct check_report *report, const struct check *check,
                   const bool *blocked)
{
    const char *id = check->needs;
    const struct check_result *r;
    size_t n;

    while (*id != '\0') {
        n = strcspn(id, " ");
        r = result_of(report, id, n);
        if (r != NULL && (r->status >= CHECK_FAIL ||
                          blocked[r->check - check_table]))
            return xasprintf("needs %s, which %s", r->check->id,
                             r->status >= CHECK_FAIL ? "has failed"
                                                     : "was skipped");
        id += n + strspn(id + n, " ");
    }
    return NULL;
}

static const char *kind_name(uint32_t kind)
{
    return kind == TT_KIND_STRATEGY ? "strategies" : "adapters";
}

/* What an exec plugin has not: an object file, and code of its own in this
 * process. A text, or NULL. */
static const char *no_subject(const struct plan *p, const struct check *check)
{
    static const char object[] =
        "S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 S12 L2 L4 ";
    static const char process[] = "B8 B12 B16 B17 B18 ";
    char id[8];

    if (!exec_is(p->o.path))
        return NULL;
    (void)snprintf(id, sizeof id, "%.6s ", check->id);
    if (strstr(object, id) != NULL)
        return "it is run by a command of its own: there is no shared object";
    if (strstr(process, id) != NULL)
        return "its code runs in a process of its own, which speaks lines";
    return NULL;
}

static int run_one(struct check_report *report, const struct plan *p,
                   const struct check *check, bool *blocked, struct err *e)
{
    struct check_result *r = &report->results[report->n];
    char *why;
    int rc = 0;

    memset(r, 0, sizeof *r);
    r->check = check;
    r->log = p->o.log;
    r->status = CHECK_SKIP;
    if (check->kind != 0 && report->note.kind != 0 &&
        check->kind != report->note.kind) {
        r->message = xasprintf("for %s only", kind_name(check->kind));
    } else if (no_subject(p, check) != NULL) {
        r->message = xstrdup(no_subject(p, check));
    } else if ((why = unmet(report, check, blocked)) != NULL) {
        r->message = why;
        blocked[check - check_table] = true;
    } else {
        rc = check_spawn(check, &p->o, r, e);
    }
    if (rc == 0)
        report->n++;
    return rc;
}

static int run_all(struct plan *p, struct check_report *report, struct err *e)
{
    bool *blocked = xcalloc(check_table_n, sizeof *blocked);
    size_t i, k, rounds = p->mode == CHECK_REPLAY ? p->n_logs : 1;
    int rc = 0;

    report->results = xcalloc(check_table_n * rounds, sizeof *report->results);
    for (k = 0; k < rounds && rc == 0; k++) {
        p->o.log = p->logs[k];
        for (i = 0; i < check_table_n && rc == 0; i++)
            if (wanted(p, &check_table[i]))
                rc = run_one(report, p, &check_table[i], blocked, e);
    }
    free(blocked);
    return rc;
}

/* --- all of it ----------------------------------------------------------- */

static int list_checks(void)
{
    const struct check *c;
    size_t i;

    for (i = 0; i < check_table_n; i++) {
        c = &check_table[i];
        printf("%-4s level %d  %s%s%s\n      why:  %s\n      mend: %s\n", c->id,
               c->level, c->title, c->kind != 0 ? "; for " : "",
               c->kind != 0 ? kind_name(c->kind) : "", c->why, c->mend);
    }
    return EXIT_PASS;
}

/* The files by absolute paths: checks run wherever they like. */
static int make_absolute(struct plan *p, struct err *e)
{
    const char **paths[] = { &p->o.path, &p->o.source, &p->o.old, &p->o.config,
                             &p->o.evaluation, &p->o.revoked, &p->o.keys };
    char *real;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(paths) + p->n_logs; i++) {
        const char **path = i < TT_ARRAY_LEN(paths)
                                ? paths[i]
                                : &p->logs[i - TT_ARRAY_LEN(paths)];

        if (*path == NULL)
            continue;
        if (path == &p->o.path || path == &p->o.old) {
            real = exec_realpath(*path, e);
        } else {
            real = realpath(*path, NULL);
            if (real == NULL)
                err_errno(e, TT_ENOENT, "%s", *path);
        }
        if (real == NULL)
            return e->code;
        *path = real;
    }
    return 0;
}

static void free_paths(struct plan *p)
{
    size_t i;

    free((char *)(uintptr_t)p->o.path);
    free((char *)(uintptr_t)p->o.source);
    free((char *)(uintptr_t)p->o.old);
    free((char *)(uintptr_t)p->o.config);
    free((char *)(uintptr_t)p->o.evaluation);
    free((char *)(uintptr_t)p->o.revoked);
    free((char *)(uintptr_t)p->o.keys);
    for (i = 0; i < p->n_logs; i++)
        free((char *)(uintptr_t)p->logs[i]);
}

/* A snapshot of a reference problem, for versions to come. */
static int save_state(const struct plan *p, struct err *e)
{
    static const struct check check = { .id = "@", .seconds = 60 };
    struct check_run c = { .check = &check, .o = &p->o };
    struct tt_snapshot state;
    struct buf bytes = { 0 };
    char *name, *path;
    int rc = check_part_run(&c, "@state", p->o.path, NULL, &bytes, e);

    if (rc == 0)
        rc = codec_get_state(buf_str(&bytes), &state, e);
    if (rc == 0) {
        name = xasprintf("state-v%u.bin", state.schema);
        path = fs_join(p->save_state, name);
        rc = fs_mkdirs(p->save_state, 0755, e);
        if (rc == 0)
            rc = fs_write(path, state.bytes, (size_t)state.n, 0644, e);
        if (rc == 0)
            printf("%s: %llu bytes\n", path, (unsigned long long)state.n);
        free(path);
        free(name);
    }
    buf_fini(&bytes);
    return rc;
}

static int check_all(struct plan *p, struct err *e)
{
    struct check_report report = { .o = &p->o, .level = p->level };
    struct buf out = { 0 };
    size_t i;
    int rc;

    (void)host_note_read(p->o.path, &report.note, NULL);
    rc = crypt_sha256_file(p->o.path, report.sha256, e);
    if (rc == 0)
        rc = run_all(p, &report, e);
    if (rc == 0) {
        check_report_write(&report, p->format, &out);
        if (fwrite(out.data, 1, out.len, stdout) != out.len ||
            fflush(stdout) != 0)
            rc = err_errno(e, TT_EIO, "standard output");
    }
    if (rc == 0)
        rc = check_report_findings(&report) > 0 ? EXIT_FINDINGS : EXIT_PASS;
    for (i = 0; i < report.n; i++)
        free(report.results[i].message);
    free(report.results);
    buf_fini(&out);
    return rc;
}

/* Before anything of the plugin runs, here or in a child. */
static int confine(const struct plan *p, struct err *e)
{
    if (p->confine == NULL)
        return 0;
    if (setenv("TMPDIR", p->confine, 1) != 0)
        return err_errno(e, TT_EIO, "TMPDIR");
    return sandbox_confine(p->confine, e);
}

int plugin_check_main(int argc, char **argv)
{
    struct plan p = { .level = 2, .o = { .seed = 1, .soak_ms = 10000 } };
    struct err e = { 0 };
    int rc = parse(argc, argv, &p);

    if (rc != 0) {
        usage(rc == 'h' ? stdout : stderr);
        return rc == 'h' ? EXIT_PASS : EXIT_TOOL;
    }
    if (p.list)
        return list_checks();
    rc = crypt_init(&e);
    if (rc == 0)
        rc = make_absolute(&p, &e);
    if (rc == 0)
        rc = confine(&p, &e);
    if (rc != 0) {
        fprintf(stderr, "trimtab plugin check: %s\n", e.text);
        return EXIT_TOOL;
    }
    rc = p.save_state != NULL ? save_state(&p, &e) : check_all(&p, &e);
    free_paths(&p);
    if (rc < 0) {
        fprintf(stderr, "trimtab plugin check: %s\n", e.text);
        return EXIT_TOOL;
    }
    return rc;
}
