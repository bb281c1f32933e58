/* SPDX-License-Identifier: MIT
 *
 * orcheo-sim.c - the simulator's main: options, and life and death. Prints
 * port=N and ready on stdout; ends on SIGTERM, SIGINT, or with its parent. */
#include <getopt.h>
#include <locale.h>
#include <signal.h>
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
        "  --seed-workflows      make demo-qa-eval, demo-qa, demo-pull, demo-noisy\n"
        "  --pull-url URL        where demo-pull asks for its parameters\n"
        "  --generation V        0.46 or 0.33 (0.46)\n"
        "  --token T             require this service token (workspace eval)\n"
        "  --bootstrap-token T   require this or a token; it owns what it makes\n"
        "  --no-workspace        without the workspace eval (not with --token)\n"
        "  --quota N             runs at once per workspace, 0 = no limit (25)\n"
        "  --rate-limit N        calls per interval and workspace, 0 = none (0)\n"
        "  --rate-interval S     seconds (60)\n"
        "  --concurrency N       runs that execute at once (10)\n"
        "  --latency MS          a run executes at least this long (0)\n"
        "  --no-uploads          ingest is refused\n"
        "  --no-openapi          /openapi.json is hidden\n"
        "  --honour-config       dispatch takes runnable_config\n"
        "  --celery              a restart of the API does not end runs\n"
        "  --outlive-parent      do not end with the parent\n"
        "  --fault NAME[=VALUE]  as POST /_sim/faults {NAME: VALUE} (1):\n", out);
    for (i = 0; i < SIM_FAULT_N; i++)
        fprintf(out, "      %-18s %s\n", sim_fault_name(i), sim_fault_text(i));
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

enum { PORT = 256, SEED, PULL, GENERATION, TOKEN, BOOTSTRAP, NO_WORKSPACE,
       QUOTA, RATE, INTERVAL, CONCURRENCY, LATENCY, NO_UPLOADS, NO_OPENAPI,
       HONOUR, CELERY, OUTLIVE, FAULT, HELP };
static const struct option options[] = {
    { "port", required_argument, NULL, PORT },
    { "seed-workflows", no_argument, NULL, SEED },
    { "pull-url", required_argument, NULL, PULL },
    { "generation", required_argument, NULL, GENERATION },
    { "token", required_argument, NULL, TOKEN },
    { "bootstrap-token", required_argument, NULL, BOOTSTRAP },
    { "no-workspace", no_argument, NULL, NO_WORKSPACE },
    { "quota", required_argument, NULL, QUOTA },
    { "rate-limit", required_argument, NULL, RATE },
    { "rate-interval", required_argument, NULL, INTERVAL },
    { "concurrency", required_argument, NULL, CONCURRENCY },
    { "latency", required_argument, NULL, LATENCY },
    { "no-uploads", no_argument, NULL, NO_UPLOADS },
    { "no-openapi", no_argument, NULL, NO_OPENAPI },
    { "honour-config", no_argument, NULL, HONOUR },
    { "celery", no_argument, NULL, CELERY },
    { "outlive-parent", no_argument, NULL, OUTLIVE },
    { "fault", required_argument, NULL, FAULT },
    { "help", no_argument, NULL, HELP },
    { NULL, 0, NULL, 0 },
};

static void generation(struct sim_options *o, const char *text)
{
    if (strcmp(text, "0.46") != 0 && strcmp(text, "0.33") != 0) {
        fprintf(stderr, "orcheo-sim: --generation: 0.46 or 0.33, not %s\n",
                text);
        exit(2);
    }
    o->old = strcmp(text, "0.33") == 0;
}

static void take(struct sim_options *o, int option, int at, const char *arg)
{
    const char *name = at >= 0 ? options[at].name : "?";

    switch (option) {
    case PORT: o->port = number(name, arg); break;
    case SEED: o->seed = true; break;
    case PULL: o->pull_url = arg; break;
    case GENERATION: generation(o, arg); break;
    case TOKEN: o->token = arg; o->auth = true; break;
    case BOOTSTRAP: o->bootstrap = arg; o->auth = true; break;
    case NO_WORKSPACE: o->workspace = false; break;
    case QUOTA: o->quota = number(name, arg); break;
    case RATE: o->rate_limit = number(name, arg); break;
    case INTERVAL: o->rate_interval_s = number(name, arg); break;
    case CONCURRENCY: o->concurrency = number(name, arg); break;
    case NO_UPLOADS: o->uploads = false; break;
    case NO_OPENAPI: o->openapi = false; break;
    case HONOUR: o->honour_config = true; break;
    case CELERY: o->celery = true; break;
    case OUTLIVE: o->outlive = true; break;
    case HELP: usage(stdout); exit(0);
    default: usage(stderr); exit(2);
    }
}

/* Only the options; faults go into presets (room for n of them). */
static size_t parse(int argc, char **argv, struct sim_options *o,
                    struct preset *presets)
{
    size_t n = 0;
    int c, at = -1;

    *o = (struct sim_options){ .uploads = true, .openapi = true,
                               .workspace = true, .quota = 25,
                               .rate_interval_s = 60, .concurrency = 10 };
    while ((c = getopt_long(argc, argv, "", options, &at)) != -1) {
        if (c == FAULT)
            presets[n++] = preset_of(optarg);
        else if (c == LATENCY)
            presets[n++] = (struct preset){ SIM_FAULT_latency_ms,
                                            number("latency", optarg) };
        else
            take(o, c, at, optarg);
    }
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
