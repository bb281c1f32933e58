/* SPDX-License-Identifier: MIT
 *
 * cmd_runs.c - `trimtab runs ...` and watching a run. */
#include "config.h"

#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int list(struct cli *c, struct args *a)
{
    static const struct column columns[] = {
        { "RUN", "run_id" },          { "WORKFLOW", "workflow_id" },
        { "OPTIMIZER", "optimizer" }, { "STATE", "state" },
        { "ITERATIONS", "progress.iterations.done" },
        { "BEST", "progress.best.score" }, { "STOPPED", "stop_reason" },
        { "CREATED", "created_at" },
    };
    const char *workflow = args_get(a, "workflow");
    const char *limit = args_get(a, "limit");
    const char *status = args_get(a, "status");
    const char *cursor = args_get(a, "cursor");
    char *path = client_path(
        "/api/runs?limit=%s&workflow=%s&status=%s&cursor=%s",
        limit ? limit : "20", workflow ? workflow : "", status ? status : "",
        cursor ? cursor : "");

    return show_answer(c, path, columns, 8);
}

static int candidates(struct cli *c, struct args *a)
{
    static const struct column columns[] = {
        { "#", "number" },         { "STATE", "state" },
        { "SCORE", "objective" },  { "ORIGIN", "origin" },
        { "PARAMETERS", "parameters" },
    };
    const char *limit = args_get(a, "limit"), *sort = args_get(a, "sort");
    const char *cursor = args_get(a, "cursor");
    char *path = client_path("/api/runs/%s/candidates?limit=%s&sort=%s"
                             "&cursor=%s", a->value[0], limit ? limit : "50",
                             sort ? sort : "", cursor ? cursor : "");

    return show_answer(c, path, columns, 5);
}

static int events(struct cli *c, const char *run)
{
    static const struct column columns[] = {
        { "#", "number" }, { "AT", "at" }, { "EVENT", "event" },
        { "TEXT", "text" },
    };
    char *path = client_path("/api/runs/%s/events", run);

    return show_answer(c, path, columns, 4);
}

static int post(struct cli *c, char *path, struct reply *r)
{
    int code = client_call(c, "POST", path, NULL, r);

    free(path);
    return code;
}

static int cancel(struct cli *c, const char *run)
{
    struct reply r;
    int code = post(c, client_path("/api/runs/%s/cancel", run), &r);

    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0)
        printf("%s: cancelling\n", run);
    reply_fini(&r);
    return code;
}

static int replay(struct cli *c, const char *run)
{
    struct reply r;
    int code = post(c, client_path("/api/runs/%s/replay", run), &r);
    json_object *same = json_at(r.body, "identical");

    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0)
        print_object(r.body, 0);
    if (code == 0 && !json_object_get_boolean(same))
        code = CLI_FAILED;
    reply_fini(&r);
    return code;
}

/* Another version of one of its plugins takes over. */
static int move(struct cli *c, const struct args *a)
{
    json_object *body = json_object_new_object(), *moves;
    char *path = client_path("/api/runs/%s/move", a->value[0]);
    const char *reason = args_get(a, "reason");
    struct reply r;
    size_t n;
    int code;

    json_object_object_add(body, "plugin",
                           json_object_new_string(a->value[1]));
    if (reason != NULL)
        json_object_object_add(body, "reason", json_object_new_string(reason));
    if (args_has(a, "history"))
        json_object_object_add(body, "history", json_object_new_boolean(1));
    code = client_call(c, "POST", path, body, &r);
    moves = json_at(r.body, "moves");
    n = moves != NULL ? json_object_array_length(moves) : 0;
    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0 && n > 0)
        print_object(json_object_array_get_idx(moves, n - 1), 0);
    reply_fini(&r);
    json_object_put(body);
    free(path);
    return code;
}

/* --- watching ------------------------------------------------------------ */

static void print_progress(json_object *run, bool tty)
{
    double done = json_number_at(run, "progress.iterations.done", 0);
    double limit = json_number_at(run, "progress.iterations.limit", 0);
    double best = json_number_at(run, "progress.best.score", (double)NAN);
    double baseline = json_number_at(run, "progress.baseline.score", (double)NAN);
    double eta = json_number_at(run, "progress.eta_s", (double)NAN);

    printf("%s%-9s %3.0f", tty ? "\r\033[K" : "",
           json_text(run, "state", "?"), done);
    if (limit > 0)
        printf("/%.0f", limit);
    printf(" iterations, %.0f in flight",
           json_number_at(run, "progress.in_flight", 0));
    if (!isnan(best))
        printf(", best %.4g", best);
    if (!isnan(baseline))
        printf(" (baseline %.4g)", baseline);
    if (!isnan(eta) && eta > 0)
        printf(", about %.0f s left", eta);
    printf("%s", tty ? "" : "\n");
    fflush(stdout);
}

static void print_report(json_object *report)
{
    const char *verdict = json_text(report, "gate.text", NULL);

    printf("\n");
    if (verdict != NULL)
        printf("verdict   %s\n", verdict);
    printf("baseline  %.6g\nwinner    %.6g\n",
           json_number_at(report, "gate.baseline_mean",
                          json_number_at(report, "baseline.score", (double)NAN)),
           json_number_at(report, "gate.finalist_mean",
                          json_number_at(report, "winner.score", (double)NAN)));
    if (json_at(report, "winner.parameters") != NULL) {
        printf("parameters\n");
        print_object(json_at(report, "winner.parameters"), 2);
    }
    if (json_at(report, "versions") != NULL) {
        printf("versions\n");
        print_object(json_at(report, "versions"), 2);
    }
}

static int finish(struct cli *c, json_object *run, const char *id)
{
    const char *status = json_text(run, "status", "");
    const char *diagnostic = json_text(run, "diagnostic", NULL);
    char *path = client_path("/api/runs/%s/report", id);
    struct reply r;
    int code = CLI_FAILED;

    if (c->json)
        print_json(run);
    else
        printf("%s: %s, stopped by %s\n", id, json_text(run, "state", "?"),
               json_text(run, "stop_reason", "?"));
    if (strcmp(status, "completed") == 0) {
        code = client_try(c, "GET", path, NULL, &r);
        if (code == 0 && !c->json)
            print_report(r.body);
        reply_fini(&r);
    } else if (diagnostic != NULL) {
        fprintf(stderr, "trimtab: %s: %s\n", id, diagnostic);
    }
    free(path);
    return code;
}

int watch_run(struct cli *c, const char *run)
{
    struct timespec pause = { 0, 300 * 1000 * 1000 };
    char *path = client_path("/api/runs/%s", run), last[256] = "";
    bool tty = isatty(STDOUT_FILENO) == 1;
    int code, misses = 0;
    struct reply r;
    const char *now;

    for (;;) {
        code = client_try(c, "GET", path, NULL, &r);
        /* A daemon that restarts is gone for a moment; the run is not. */
        if (code == CLI_UNAVAILABLE && ++misses < 100) {
            reply_fini(&r);
            nanosleep(&pause, NULL);
            continue;
        }
        if (code != 0) {
            reply_fini(&r);
            code = client_call(c, "GET", path, NULL, &r); /* says why */
            break;
        }
        misses = 0;
        if (strcmp(json_text(r.body, "status", "running"), "running") != 0) {
            if (tty && !c->json)
                printf("\r\033[K");
            code = finish(c, r.body, run);
            break;
        }
        now = json_object_to_json_string_ext(json_at(r.body, "progress"),
                                             JSON_C_TO_STRING_PLAIN);
        if (!c->json && (tty || strncmp(now, last, sizeof last - 1) != 0))
            print_progress(r.body, tty);
        snprintf(last, sizeof last, "%s", now);
        reply_fini(&r);
        nanosleep(&pause, NULL);
    }
    reply_fini(&r);
    free(path);
    return code;
}

int cmd_runs(struct cli *c, int argc, char **argv)
{
    static const char *const known[] = { "workflow=", "limit=", "status=",
                                         "cursor=", "sort=", "output=",
                                         "reason=", "history", NULL };
    const char *verb = argv[0];
    struct args a;
    int code = args_parse(&a, argc, argv, known);

    if (code != 0)
        return code;
    if (strcmp(verb, "list") == 0)
        code = list(c, &a);
    else if (strcmp(verb, "move") == 0 && a.n == 2)
        code = move(c, &a);
    else if (a.n != 1 || strcmp(verb, "move") == 0)
        code = usage_error("runs list | show|watch|report|candidates|events|"
                           "log|cancel|replay RUN | move RUN ID@VERSION");
    else if (strcmp(verb, "show") == 0)
        code = show_answer(c, client_path("/api/runs/%s", a.value[0]), NULL, 0);
    else if (strcmp(verb, "report") == 0)
        code = show_answer(c, client_path("/api/runs/%s/report", a.value[0]),
                           NULL, 0);
    else if (strcmp(verb, "watch") == 0)
        code = watch_run(c, a.value[0]);
    else if (strcmp(verb, "candidates") == 0)
        code = candidates(c, &a);
    else if (strcmp(verb, "events") == 0)
        code = events(c, a.value[0]);
    else if (strcmp(verb, "log") == 0)
        code = args_get(&a, "output") != NULL
                   ? run_log_save(c, a.value[0], args_get(&a, "output"))
                   : run_log_show(c, a.value[0], args_get(&a, "limit"),
                                  args_get(&a, "cursor"));
    else if (strcmp(verb, "cancel") == 0)
        code = cancel(c, a.value[0]);
    else if (strcmp(verb, "replay") == 0)
        code = replay(c, a.value[0]);
    else
        code = usage_error("runs: no such verb");
    free(a.value);
    return code;
}
