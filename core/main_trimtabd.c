/* SPDX-License-Identifier: MIT
 *
 * main_trimtabd.c - the daemon: wiring only. Opens the store, takes in the
 * plugins, starts broker, engine and control plane, then waits for signals. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/broker/broker.h"
#include "core/crypt/crypt.h"
#include "core/daemon_config.h"
#include "core/daemon_options.h"
#include "core/engine/engine.h"
#include "core/host/catalog.h"
#include "core/host/sandbox.h"
#include "core/http/http.h"
#include "core/notify.h"
#include "store/store.h"
#include "store/store_tool.h"

enum { EXIT_USAGE = 2, EXIT_CONFIG = 3, EXIT_START = 4 };

static void usage(FILE *to)
{
    fputs("usage: trimtabd [--config FILE] [--check-config]\n"
          "       trimtabd --print-default-config\n"
          "       trimtabd store stat|check|dump|load|backup|restore ...\n"
          "       trimtabd --version | --help\n"
          "\n"
          "  --config FILE           JSON; FILE.d/*.json is merged over it\n"
          "                          (default /etc/trimtab/trimtab.json)\n"
          "  --check-config          say whether it is good, and exit\n"
          "  --print-default-config  every setting with its default\n", to);
}

static void print_version(void)
{
    json_object *sandbox = sandbox_probe();

    printf("trimtabd %s\nbuild:   %s\nsandbox: %s\n", PACKAGE_VERSION,
           TT_CONFIGURE_SUMMARY,
           json_object_to_json_string_ext(sandbox, JSON_C_TO_STRING_PLAIN));
    json_object_put(sandbox);
}

/* --- the parts of a running daemon --------------------------------------- */

struct daemon {
    json_object *config;
    struct daemon_options options;
    struct store *store;
    struct trust *trust;
    struct catalog *catalog;
    struct broker *broker;
    struct engine *engine;
    struct http *http;
};

static int take_in_plugins(struct daemon *d, struct err *e)
{
    size_t i;
    int code;

    d->catalog = catalog_create(d->options.plugin_state, e);
    if (d->catalog == NULL)
        return e->code;
    d->trust = trust_create(&d->options.trust);
    catalog_trust(d->catalog, d->trust);
    for (i = 0; i < d->options.n_plugin_dirs; i++) {
        code = catalog_scan(d->catalog, d->options.plugin_dirs[i], e);
        if (code == TT_ENOENT && d->options.plugin_dirs_usual)
            log_warn("plugins.absent", "directory=%s hint=\"install plugins, or "
                     "name their folders in plugins.directories\"",
                     d->options.plugin_dirs[i]);
        else if (code != 0)
            return code;
    }
    code = engine_plugins_restore(d->store, d->catalog, e);
    if (code != 0)
        return code;
    if (catalog_n(d->catalog) == 0)
        log_warn("plugins.none", "hint=\"plugins.directories names no folder "
                 "with a plugin that is trusted: no run can start\"");
    return 0;
}

/* Enough descriptors for what the config allows, else say so now and not under
 * load: libmicrohttpd spins when accept() fails. */
static void check_descriptors(const struct daemon_options *o)
{
    struct rlimit limit;
    rlim_t wanted = o->http.max_connections + o->broker.max_total + 512;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        log_warn("descriptors.few", "have=%llu want=%llu hint=\"raise "
                 "LimitNOFILE or lower http.max_connections\"",
                 (unsigned long long)limit.rlim_cur,
                 (unsigned long long)wanted);
}

static int daemon_start(struct daemon *d, struct err *e)
{
    int code = daemon_options_fill(&d->options, d->config, e);

    if (code != 0)
        return code;
    log_set_level(d->options.log_level);
    check_descriptors(&d->options);
    d->store = store_open(&d->options.store, e);
    if (d->store == NULL)
        return e->code;
    code = take_in_plugins(d, e);
    if (code != 0)
        return code;
    d->broker = broker_create(&d->options.broker, e);
    if (d->broker == NULL)
        return e->code;
    d->options.engine.store = d->store;
    d->options.engine.broker = d->broker;
    d->options.engine.catalog = d->catalog;
    d->engine = engine_create(&d->options.engine, e);
    if (d->engine == NULL)
        return e->code;
    d->http = http_start(d->engine, d->store, &d->options.http, e);
    return d->http != NULL ? 0 : e->code;
}

/* The order matters: see http_destroy(). */
static void daemon_stop(struct daemon *d)
{
    engine_hurry(d->engine);
    http_stop(d->http);
    engine_destroy(d->engine);
    http_destroy(d->http);
    broker_destroy(d->broker);
    catalog_destroy(d->catalog);
    trust_destroy(d->trust);
    store_close(d->store);
    daemon_options_fini(&d->options);
    json_object_put(d->config);
}

static void wait_for_signal(const sigset_t *signals)
{
    int sig = 0;

    while (sigwait(signals, &sig) == 0 && sig == SIGHUP)
        log_info("daemon.hup", "hint=\"restart to read the configuration "
                 "again; secrets are read at each use\"");
    log_info("daemon.stopping", "signal=%d", sig);
}

static int run(json_object *config)
{
    struct daemon d = { .config = config };
    struct err e = { 0 };
    sigset_t signals;
    int status = EXIT_SUCCESS;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread starts */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (daemon_start(&d, &e) != 0) {
        fprintf(stderr, "trimtabd: %s\n", e.text);
        status = EXIT_START;
    } else {
        log_info("daemon.ready", "version=%s port=%u pid=%d", PACKAGE_VERSION,
                 http_port(d.http), (int)getpid());
        notify_supervisor("READY=1");
        wait_for_signal(&signals);
        notify_supervisor("STOPPING=1");
    }
    daemon_stop(&d);
    return status;
}

static int print_json(json_object *o)
{
    puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
                                               JSON_C_TO_STRING_SPACED |
                                               JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "check-config", no_argument, NULL, 'k' },
        { "print-default-config", no_argument, NULL, 'p' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *path = "/etc/trimtab/trimtab.json";
    bool check = false;
    json_object *config;
    struct err e = { 0 };
    int c;

    if (crypt_init(&e) != 0) {
        fprintf(stderr, "trimtabd: %s\n", e.text);
        return EXIT_START;
    }
    if (argc > 1 && strcmp(argv[1], "store") == 0)
        return store_tool_main(argc - 1, argv + 1);
    while ((c = getopt_long(argc, argv, "c:kpVh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            check = true;
            break;
        case 'p':
            return print_json(config_default());
        case 'V':
            print_version();
            return EXIT_SUCCESS;
        case 'h':
            usage(stdout);
            return EXIT_SUCCESS;
        default:
            usage(stderr);
            return EXIT_USAGE;
        }
    }
    if (optind != argc) {
        usage(stderr);
        return EXIT_USAGE;
    }
    config = config_load(path, &e);
    if (config == NULL) {
        fprintf(stderr, "trimtabd: %s\n", e.text);
        return EXIT_CONFIG;
    }
    if (check) {
        printf("%s: good\n", path);
        json_object_put(config);
        return EXIT_SUCCESS;
    }
    return run(config);
}
