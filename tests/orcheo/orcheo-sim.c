/* SPDX-License-Identifier: MIT
 *
 * orcheo-sim.c - the simulator's main: options, and life and death. Prints
 * port=N and ready on stdout; ends on SIGTERM, SIGINT, or with its parent. */
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/orcheo/sim_http.h"

struct preset {
    int fault;
    int64_t value;
};

static void usage(FILE *out)
{
    int i;

    fputs(
        "usage: orcheo-sim [OPTION]...\n"
        "  --port N              listen on 127.0.0.1:N, 0 = any (0)\n"
        "  --seed-workflows      make demo-qa-eval, demo-qa, demo-pull,\n"
        "                        demo-noisy, demo-joint\n"
        "  --pull-url URL        where demo-pull asks for its parameters\n"
        "  --generation V        0.46 or 0.33 (0.46)\n"
        "  --token T             require this service token (workspace eval)\n"
        "  --bootstrap-token T   require this or a token; owns what it makes\n"
        "  --no-workspace        no workspace eval (not with --token)\n"
        "  --quota N             runs at once per workspace, 0 = any (25)\n"
        "  --rate-limit N        calls per interval, 0 = any (0)\n"
        "  --rate-interval S     seconds (60)\n"
        "  --concurrency N       runs that execute at once (10)\n"
        "  --latency-ms N        a run executes at least this long (0)\n"
        "  --no-uploads          ingest is refused\n"
        "  --no-openapi          /openapi.json is hidden\n"
        "  --honour-config       dispatch takes runnable_config\n"
        "  --celery              a restart of the API does not end runs\n"
        "  --outlive-parent      do not end with the parent\n"
        "  --fault NAME[=VALUE]  as POST /_sim/faults {NAME: VALUE} (1):\n",
        out);
    for (i = 0; i < SIM_FAULT_N; i++)
        fprintf(out, "      %-18s %s\n", sim_fault_name(i), sim_fault_text(i));
    fputs("control, without token, limit or fault:\n"
          "  GET  /_sim/stats        what was counted; ?runs=0: no runs\n"
          "  GET  /_sim/faults       what holds; POST {NAME: VALUE} sets\n"
          "  POST /_sim/reset        forget runs, counts, faults and slots\n"
          "  POST /_sim/restart      the API ends gracefully and starts again\n"
          "  POST /_sim/kill-worker  what executes stays running for ever\n"
          "  GET  /_sim/parameters   what was POSTed there, to pull from\n",
          out);
}

static int64_t number(const char *option, const char *text)
{
    char *end;
    long long n = strtoll(text, &end, 10);

    if (end == text || *end != '\0') {
        fprintf(stderr, "orcheo-sim: --%s: %s is not a number\n", option, text);
        exit(2);
    }
    return n;
}

static struct preset preset_of(const char *text)
{
    const char *is = strchr(text, '=');
    size_t n = is != NULL ? (size_t)(is - text) : strlen(text);
    TT_AUTO_FREE char *name = xstrndup(text, n);
    struct preset p = { .fault = sim_fault_find(name), .value = 1 };

    if (p.fault < 0) {
        fprintf(stderr, "orcheo-sim: no fault is called %s; --help lists "
                "them\n", name);
        exit(2);
    }
    if (is != NULL)
        p.value = number(name, is + 1);
    return p;
}

/* Where an option goes: a flag, a number, a text, or a matter of its own. */
enum { FLAG = 256, NO_FLAG, NUMBER, TEXT, GENERATION, FAULT, LATENCY, HELP };
static const struct {
    const char *name;
    int what;
    size_t at;
} table[] = {
#define AT(member) offsetof(struct sim_options, member)
    { "port", NUMBER, AT(port) },
    { "seed-workflows", FLAG, AT(seed) },
    { "pull-url", TEXT, AT(pull_url) },
    { "generation", GENERATION, 0 },
    { "token", TEXT, AT(token) },
    { "bootstrap-token", TEXT, AT(bootstrap) },
    { "no-workspace", NO_FLAG, AT(workspace) },
    { "quota", NUMBER, AT(quota) },
    { "rate-limit", NUMBER, AT(rate_limit) },
    { "rate-interval", NUMBER, AT(rate_interval_s) },
    { "concurrency", NUMBER, AT(concurrency) },
    { "latency-ms", LATENCY, 0 },
    { "no-uploads", NO_FLAG, AT(uploads) },
    { "no-openapi", NO_FLAG, AT(openapi) },
    { "honour-config", FLAG, AT(honour_config) },
    { "celery", FLAG, AT(celery) },
    { "outlive-parent", FLAG, AT(outlive) },
    { "fault", FAULT, 0 },
    { "help", HELP, 0 },
#undef AT
};
#define OPTIONS TT_ARRAY_LEN(table)

static void generation(struct sim_options *o, const char *text)
{
    if (strcmp(text, "0.46") != 0 && strcmp(text, "0.33") != 0) {
        fprintf(stderr, "orcheo-sim: --generation: 0.46 or 0.33, not %s\n",
                text);
        exit(2);
    }
    o->old = strcmp(text, "0.33") == 0;
}

/* row: of the table; out of it when the option is not known. */
static void take(struct sim_options *o, int row, const char *arg)
{
    void *at = (char *)o + (row >= 0 ? table[row].at : 0);

    switch (row >= 0 ? table[row].what : 0) {
    case FLAG:
    case NO_FLAG:
        *(bool *)at = table[row].what == FLAG;
        break;
    case NUMBER:
        *(int64_t *)at = number(table[row].name, arg);
        break;
    case TEXT:
        *(const char **)at = arg;
        break;
    case GENERATION:
        generation(o, arg);
        break;
    case HELP:
        usage(stdout);
        exit(0);
    default:
        usage(stderr);
        exit(2);
    }
}

/* The options into *o, the faults into presets, which has room for argc. */
static size_t parse(int argc, char **argv, struct sim_options *o,
                    struct preset *presets)
{
    struct option options[OPTIONS + 1] = { { 0 } };
    size_t i, n = 0;
    int c, row = -1;

    for (i = 0; i < OPTIONS; i++)
        options[i] = (struct option){
            table[i].name, table[i].what == FLAG || table[i].what == NO_FLAG ||
                table[i].what == HELP ? no_argument : required_argument,
            NULL, table[i].what,
        };
    *o = (struct sim_options){ .uploads = true, .openapi = true,
                               .workspace = true, .quota = 25,
                               .rate_interval_s = 60, .concurrency = 10 };
    while ((c = getopt_long(argc, argv, "", options, &row)) != -1) {
        if (c == FAULT)
            presets[n++] = preset_of(optarg);
        else if (c == LATENCY)
            presets[n++] = (struct preset){ SIM_FAULT_latency_ms,
                                            number("latency-ms", optarg) };
        else
            take(o, c == '?' ? -1 : row, optarg);
    }
    o->auth = o->token != NULL || o->bootstrap != NULL;
    if (optind < argc || o->concurrency < 1 || o->concurrency > 256 ||
        (!o->workspace && (o->token != NULL || o->seed || o->old))) {
        usage(stderr);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    struct preset *presets = xcalloc((size_t)argc, sizeof *presets);
    struct sim_options o;
    struct MHD_Daemon *http;
    struct sim s;
    sigset_t signals;
    pid_t parent = getppid();
    size_t n, i;
    int got;

    setlocale(LC_CTYPE, "C.UTF-8");
    n = parse(argc, argv, &o, presets);
    if (!o.outlive) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* threads inherit it */
    sim_init(&s, &o);
    for (i = 0; i < n; i++)
        s.fault[presets[i].fault] = presets[i].value;
    free(presets);
    http = sim_http_start(&s);
    if (http == NULL || sim_workers_start(&s) != 0) {
        fprintf(stderr, "orcheo-sim: cannot listen on 127.0.0.1:%lld, or not "
                "start %lld threads\n", (long long)o.port,
                (long long)o.concurrency);
        return 1;
    }
    printf("port=%u\nready\n", sim_http_port(http));
    fflush(stdout);
    sigwait(&signals, &got);
    pthread_mutex_lock(&s.lock);
    s.stop = true;
    pthread_cond_broadcast(&s.changed);
    pthread_mutex_unlock(&s.lock);
    sim_http_stop(http);
    sim_workers_join(&s);
    sim_fini(&s);
    return 0;
}
