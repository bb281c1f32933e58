/* SPDX-License-Identifier: MIT
 *
 * plugin_run.c - see plugin_run.h. */
#include "config.h"

#include "core/plugin_run.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <trimtab/strategy.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/host/codec.h"
#include "core/plugin_drive.h"

struct run {
    const char *file, *space, *config, *enqueue, *log, *worker;
    struct drive_options drive;
    struct space *parsed;
    double best;
    json_object *best_values;
};

static const char default_space[] =
    "{\"demo\":{"
    "\"x\":{\"type\":\"float\",\"min\":-5,\"max\":5,\"default\":0},"
    "\"rate\":{\"type\":\"float\",\"min\":0.001,\"max\":1,\"log\":true,"
    "\"default\":0.1},"
    "\"k\":{\"type\":\"int\",\"min\":1,\"max\":9,\"default\":3},"
    "\"style\":{\"type\":\"categorical\",\"choices\":[\"short\",\"long\","
    "\"formal\"],\"default\":\"short\"}}}";

static const struct option options[] = {
    { "space", required_argument, NULL, 's' },
    { "config", required_argument, NULL, 'c' },
    { "enqueue", required_argument, NULL, 'e' },
    { "seed", required_argument, NULL, 'S' },
    { "iterations", required_argument, NULL, 'n' },
    { "parallel", required_argument, NULL, 'p' },
    { "cases", required_argument, NULL, 'C' },
    { "log", required_argument, NULL, 'l' },
    { "worker", optional_argument, NULL, 'w' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static int usage(FILE *to, int code)
{
    (void)fputs(
        "usage: trimtab plugin run FILE.so [options]\n\n"
        "Drives a strategy over a built-in objective (a bowl in the unit cube, "
        "to be minimised)\nand prints a JSON line for every result.\n\n"
        "  --space FILE       parameters, as in a target: "
        "{\"node\":{\"name\":{\"type\":...}}}\n"
        "  --config JSON      of the plugin; checked against its schema\n"
        "  --enqueue JSON     a person's candidate: "
        "{\"node\":{\"name\":value}}\n"
        "  --seed N           1\n"
        "  --iterations N     20: stop after so many results\n"
        "  --parallel N       1: candidates in flight\n"
        "  --cases N          8: cases of each split\n"
        "  --worker[=PATH]    in a sandboxed worker, as the daemon runs it;\n"
        "                     without it in this process, for a debugger\n"
        "  --log FILE         every request and answer, byte for byte: for\n"
        "                     trimtab plugin check --replay\n", to);
    return code;
}

static int number(const char *text, uint64_t lo, uint64_t hi, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10); /* NOLINT: getopt saw to it */
    if (errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9' &&
        *out >= lo && *out <= hi)
        return 0;
    (void)fprintf(stderr, "trimtab plugin run: %s: must be a whole number in "
                  "[%llu, %llu]\n", text, (unsigned long long)lo,
                  (unsigned long long)hi);
    return -1;
}

/* 0, or 2 where the arguments are wrong; 1 after --help. */
static int parse(struct run *r, int argc, char **argv)
{
    struct drive_options *d = &r->drive;
    int c, rc = 0;

    optind = 1;
    while (rc == 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's')
            r->space = optarg;
        else if (c == 'c')
            r->config = optarg;
        else if (c == 'e')
            r->enqueue = optarg;
        else if (c == 'l')
            r->log = optarg;
        else if (c == 'S')
            rc = number(optarg, 0, UINT64_MAX, &d->seed);
        else if (c == 'n')
            rc = number(optarg, 1, 1000000, &d->iterations);
        else if (c == 'p')
            rc = number(optarg, 1, 10000, &d->parallel);
        else if (c == 'C')
            rc = number(optarg, 1, 100000, &d->n_cases);
        else if (c == 'w')
            r->worker = optarg != NULL ? optarg : "";
        else if (c == 'h')
            return 1;
        else
            return 2;
    }
    if (rc != 0 || optind != argc - 1)
        return 2;
    r->file = argv[optind];
    return 0;
}

/* --- what the options name ------------------------------------------------ */

static int read_space(struct run *r, struct err *e)
{
    json_object *document =
        r->space != NULL
            ? json_parse_file(r->space, &json_limits_document, e)
            : json_parse(default_space, strlen(default_space),
                         &json_limits_document, e);

    if (document == NULL)
        return e->code != 0 ? e->code
                            : err_set(e, TT_EINVAL, "%s: is null", r->space);
    r->parsed = space_create(document, e);
    json_object_put(document);
    r->drive.space = r->parsed;
    return r->parsed != NULL ? 0 : e->code;
}

static int read_object(const char *text, const char *option, json_object **out,
                       struct err *e)
{
    *out = json_parse(text, strlen(text), &json_limits_request, e);
    if (*out == NULL && e->code != 0)
        return err_prefix(e, "%s", option);
    if (!json_object_is_type(*out, json_type_object))
        return err_set(e, TT_EINVAL, "%s: must be a JSON object", option);
    return 0;
}

static int read_objects(struct run *r, struct channel *c, struct err *e)
{
    json_object *plugin = json_child(channel_hello(c), "plugin");
    json_object *schema = json_child(plugin, "config_schema");
    int rc;

    if (strcmp(json_str(plugin, "kind"), "strategy") != 0)
        return err_set(e, TT_EUNSUPPORTED, "%s: is an adapter: only strategies "
                       "can be run without an outside system", r->file);
    rc = read_object(r->config != NULL ? r->config : "{}", "--config",
                     &r->drive.config, e);
    if (rc == 0 && schema != NULL)
        rc = schema_apply(schema, r->drive.config, "--config", e);
    if (rc == 0 && r->enqueue != NULL)
        rc = read_object(r->enqueue, "--enqueue", &r->drive.enqueue, e);
    return rc;
}

/* --- what is printed ------------------------------------------------------ */

static void print_line(json_object *line)
{
    char *text = json_canonical_dup(line);

    (void)puts(text);
    free(text);
    json_object_put(line);
}

static void print_result(void *ctx, uint64_t n, uint64_t ref, double score,
                         struct tt_str origin, json_object *values)
{
    struct run *r = ctx;
    json_object *line = json_object_new_object();

    if (r->best_values == NULL || score < r->best) {
        json_object_put(r->best_values);
        r->best_values = json_object_get(values);
        r->best = score;
    }
    json_set_int(line, "number", (int64_t)n);
    if (ref < TT_REF_HOST)
        json_set_int(line, "ref", (int64_t)(ref & INT64_MAX));
    else
        json_set_bool(line, "enqueued", true);
    json_set_strn(line, "origin", origin);
    json_set_num(line, "score", score);
    json_set(line, "values", json_object_get(values));
    print_line(line);
}

static void print_end(const struct run *r, const char *reason)
{
    json_object *line = json_object_new_object();

    json_set_str(line, "reason", reason);
    if (r->best_values != NULL) {
        json_set_num(line, "best", r->best);
        json_set(line, "values", json_object_get(r->best_values));
    }
    print_line(line);
}

/* Who was recorded, in front of what was said. */
static void log_hello(const struct channel *c, struct buf *log)
{
    json_object *plugin = json_child(channel_hello(c), "plugin");
    json_object *hello = json_object_new_object();
    json_object *who = json_object_new_object();
    char *text;

    json_set_str(who, "id", json_str(plugin, "id"));
    json_set_str(who, "version", json_str(plugin, "version"));
    json_set(hello, "plugin", who);
    text = json_canonical_dup(hello);
    frame_put(log, FRAME_HELLO, 0, tt_str_of(text));
    free(text);
    json_object_put(hello);
}

/* The cases that it may read, as channel_case() gives them. */
static void log_cases(uint64_t n, struct buf *log)
{
    struct buf request = { 0 }, answer = { 0 }, text = { 0 };
    uint64_t i;

    for (i = 0; i < n; i++) {
        buf_reset(&request);
        buf_reset(&answer);
        buf_reset(&text);
        channel_case(i, &text);
        codec_put_data(&request, TT_TRAIN, i);
        codec_put_data_answer(&answer, 0, buf_str(&text));
        frame_put(log, FRAME_DATA, 0, buf_str(&request));
        frame_put(log, FRAME_DATA_ANSWER, 0, buf_str(&answer));
    }
    buf_fini(&request);
    buf_fini(&answer);
    buf_fini(&text);
}

static int run(struct run *r, const char *worker, struct err *e)
{
    const struct drive_report report = { r, print_result };
    struct channel *c = NULL;
    struct buf log = { 0 };
    struct err log_error = { 0 };
    char *reason = NULL;
    int rc;

    rc = read_space(r, e);
    if (rc == 0)
        c = channel_open(r->file, worker, e);
    if (rc == 0)
        rc = c != NULL ? read_objects(r, c, e) : e->code;
    if (rc == 0) {
        log_hello(c, &log);
        log_cases(r->drive.n_cases, &log);
    }
    if (rc == 0)
        rc = drive_strategy(c, &r->drive, &report, &log, &reason, e);
    if (rc == 0)
        print_end(r, reason);
    if (r->log != NULL && log.len > 0 &&
        fs_write(r->log, log.data, log.len, 0644, &log_error) != 0 && rc == 0)
        rc = err_set(e, log_error.code, "%s", log_error.text);
    free(reason);
    buf_fini(&log);
    channel_close(c);
    return rc;
}

int plugin_run_main(int argc, char **argv)
{
    struct run r = { .drive = { .seed = 1, .iterations = 20, .parallel = 1,
                                .n_cases = 8 } };
    struct err e = { 0 };
    char *beside = NULL;
    int rc = parse(&r, argc, argv);

    if (rc != 0)
        return rc == 1 ? usage(stdout, 0) : usage(stderr, 2);
    if (r.worker != NULL && *r.worker == '\0')
        beside = fs_beside_self("trimtab-worker");
    rc = run(&r, beside != NULL ? beside : r.worker, &e);
    if (rc != 0)
        (void)fprintf(stderr, "trimtab plugin run: %s\n", e.text);
    free(beside);
    json_object_put(r.drive.config);
    json_object_put(r.drive.enqueue);
    json_object_put(r.best_values);
    space_destroy(r.parsed);
    return rc == 0 ? 0 : 1;
}
