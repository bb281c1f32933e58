/* SPDX-License-Identifier: MIT
 *
 * one.c - the child's side: one check, or a part of one, and its result. */
#include "config.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/check/check.h"
#include "core/check/child.h"
#include "core/crypt/crypt.h"

#define MOST_FINDINGS 8u

/* --- findings ------------------------------------------------------------ */

static const char *const names[] = { "pass", "skip", "note", "warn", "fail",
                                     "crash" };

const char *check_status_name(enum check_status status)
{
    return names[status];
}

static void found(struct check_run *c, enum check_status status,
                  const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void found(struct check_run *c, enum check_status status,
                  const char *format, va_list args)
{
    char text[1024];

    if (status < c->status)
        return;
    if (status > c->status) {
        c->status = status;
        c->n_findings = 0;
        buf_reset(&c->message);
    }
    if (++c->n_findings > MOST_FINDINGS) {
        if (c->n_findings == MOST_FINDINGS + 1)
            buf_adds(&c->message, "\n...");
        return;
    }
    (void)vsnprintf(text, sizeof text, format, args);
    if (c->message.len > 0)
        buf_adds(&c->message, "\n");
    buf_adds(&c->message, text);
}

#define FINDING(name, status)                                                  \
    void name(struct check_run *c, const char *format, ...)                    \
    {                                                                          \
        va_list args;                                                          \
                                                                               \
        va_start(args, format);                                                \
        found(c, status, format, args);                                        \
        va_end(args);                                                          \
    }
FINDING(check_say, CHECK_PASS)
FINDING(check_skip, CHECK_SKIP)
FINDING(check_note, CHECK_NOTE)
FINDING(check_warn, CHECK_WARN)
FINDING(check_fail, CHECK_FAIL)

/* --- where it is --------------------------------------------------------- */

static char *stage_page; /* NULL where nobody reads it */

void check_stage(const char *format, ...)
{
    va_list args;

    if (stage_page == NULL)
        return;
    va_start(args, format);
    (void)vsnprintf(stage_page, CHECK_STAGE_BYTES, format, args);
    va_end(args);
}

void check_calling(const char *call)
{
    if (stage_page != NULL)
        (void)snprintf(stage_page + CHECK_STAGE_BYTES, CHECK_STAGE_BYTES, "%s",
                       call != NULL ? call : "");
}

static void map_stage(void)
{
    void *page = mmap(NULL, 2 * CHECK_STAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_SHARED, CHECK_STAGE_FD, 0);

    if (page != MAP_FAILED)
        stage_page = page;
}

/* --- arguments ----------------------------------------------------------- */

static const struct option options[] = {
    { "seed", required_argument, NULL, 's' },
    { "soak", required_argument, NULL, 't' },
    { "source", required_argument, NULL, 'S' },
    { "old", required_argument, NULL, 'o' },
    { "log", required_argument, NULL, 'l' },
    { "config", required_argument, NULL, 'c' },
    { "evaluation", required_argument, NULL, 'e' },
    { "revoked", required_argument, NULL, 'r' },
    { "keys", required_argument, NULL, 'k' },
    { "argument", required_argument, NULL, 'a' },
    { NULL, 0, NULL, 0 },
};

static bool parse(int argc, char **argv, struct check_options *o,
                  const char **argument)
{
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's')
            o->seed = strtoull(optarg, NULL, 10);
        else if (c == 't')
            o->soak_ms = strtoll(optarg, NULL, 10);
        else if (c == 'S')
            o->source = optarg;
        else if (c == 'o')
            o->old = optarg;
        else if (c == 'l')
            o->log = optarg;
        else if (c == 'c')
            o->config = optarg;
        else if (c == 'e')
            o->evaluation = optarg;
        else if (c == 'r')
            o->revoked = optarg;
        else if (c == 'k')
            o->keys = optarg;
        else if (c == 'a')
            *argument = optarg;
        else
            return false;
    }
    if (optind + 1 != argc)
        return false;
    o->path = argv[optind];
    return true;
}

/* --- results ------------------------------------------------------------- */

static bool answer(const void *bytes, size_t n)
{
    const char *p = bytes;
    ssize_t done;

    while (n > 0) {
        done = write(CHECK_RESULT_FD, p, n);
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* What a plugin said may be anything: bytes that are no UTF-8 become '?'. */
static void mend_text(struct buf *b)
{
    size_t i;

    for (i = 0; i < b->len; i++)
        if ((unsigned char)b->data[i] >= 0x80 ||
            ((unsigned char)b->data[i] < 0x20 && b->data[i] != '\n'))
            b->data[i] = '?';
}

static int run_check(struct check_run *c)
{
    json_object *o = json_object_new_object();
    char *text;
    bool said;

    c->check->run(c);
    check_stage("%s", "");
    mend_text(&c->message);
    json_set_str(o, "status", check_status_name(c->status));
    json_set_str(o, "message",
                 c->message.data != NULL ? c->message.data : "");
    text = json_canonical_dup(o);
    said = answer(text, strlen(text));
    free(text);
    json_object_put(o);
    return said ? 0 : 1;
}

static int run_part(struct check_run *c, const struct check_part *part,
                    const char *argument)
{
    struct buf out = { 0 };
    struct err e = { 0 };
    int rc = part->run(c, argument, &out, &e);

    if (rc != 0)
        (void)answer(e.text, strlen(e.text));
    else if (out.len > 0 && !answer(out.data, out.len))
        rc = TT_EIO;
    buf_fini(&out);
    return rc != 0 ? 1 : 0;
}

int plugin_check_one_main(int argc, char **argv)
{
    const struct rlimit no_core = { 0, 0 };
    struct check_options o = { .seed = 1 };
    struct check_run c = { .o = &o };
    const char *argument = NULL;
    size_t i;
    int rc = 2;

    if (argc < 3 || !parse(argc - 1, argv + 1, &o, &argument) ||
        fcntl(CHECK_RESULT_FD, F_GETFD) < 0 || crypt_init(NULL) != 0) {
        fputs("trimtab-plugin check-one: started by check\n", stderr);
        return 2;
    }
    /* Neither descriptor is the plugin's business, or that of its children. */
    (void)fcntl(CHECK_RESULT_FD, F_SETFD, FD_CLOEXEC);
    (void)fcntl(CHECK_STAGE_FD, F_SETFD, FD_CLOEXEC);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    map_stage();
    c.check = check_find(argv[1]);
    if (c.check != NULL) {
        rc = run_check(&c);
    } else {
        static const struct check part = { .id = "@", .seconds = 60 };

        c.check = &part;
        for (i = 0; i < check_parts_n; i++)
            if (strcmp(check_parts[i].name, argv[1]) == 0)
                rc = run_part(&c, &check_parts[i], argument);
    }
    buf_fini(&c.message);
    return rc;
}
