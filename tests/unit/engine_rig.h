/* SPDX-License-Identifier: MIT
 *
 * engine_rig.h - a whole engine on a store in memory, with real workers: for
 * tests. Needs TT_WORKER, TT_PLUGIN_DIR and TT_ZOO_DIR; see tests/plain.mk. */
#ifndef TT_TESTS_ENGINE_RIG_H
#define TT_TESTS_ENGINE_RIG_H

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/engine.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

#define RIG_PATIENCE 6000 /* naps of 10 ms: a machine under load */

struct rig {
    char dir[600]; /* absolute: workers are told so */
    struct store *store;
    struct broker *broker;
    struct catalog *catalog;
    struct engine *engine;
    struct engine_options options;
    struct engine_answer answer; /* of the last call */
    struct err err;
    char run[64];
};

/* Judges what the next rigs take in; NULL: nobody does. */
static const struct trust *rig_judge;

static inline void rig_nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

    nanosleep(&t, NULL);
}

static inline void rig_take(struct rig *r, const char *dir, const char *name)
{
    const struct catalog_entry *entry;
    char path[600];

    snprintf(path, sizeof path, "%s/%s.so", dir, name);
    if (catalog_add(r->catalog, path, &entry, &r->err) != 0)
        printf("Bail out! %s\n", r->err.text);
}

static inline void rig_start(struct rig *r)
{
    r->engine = engine_create(&r->options, &r->err);
    if (r->engine == NULL)
        printf("Bail out! %s\n", r->err.text);
}

static inline void rig_restart(struct rig *r)
{
    engine_destroy(r->engine);
    rig_start(r);
}

static inline void rig_open(struct rig *r, const struct broker_options *broker)
{
    static const char *const nothing[] = { NULL };
    struct broker_options plain = { .allow = nothing };
    struct store_options store = { .backend = "memory" };

    memset(r, 0, sizeof *r);
    if (getcwd(r->dir, sizeof r->dir - 32) == NULL ||
        mkdtemp(strcat(r->dir, "/engine_rig.XXXXXX")) == NULL)
        printf("Bail out! no folder\n");
    r->store = store_open(&store, &r->err);
    r->broker = broker_create(broker != NULL ? broker : &plain, &r->err);
    r->catalog = catalog_create(r->dir, &r->err);
    catalog_trust(r->catalog, rig_judge);
    rig_take(r, getenv("TT_PLUGIN_DIR"), "random");
    rig_take(r, getenv("TT_ZOO_DIR"), "zoo_adapter");
    rig_take(r, getenv("TT_ZOO_DIR"), "zoo_bad");
    rig_take(r, getenv("TT_ZOO_DIR"), "zoo_cases");
    rig_take(r, getenv("TT_ZOO_DIR"), "zoo_hill");
    r->options.store = r->store;
    r->options.broker = r->broker;
    r->options.catalog = r->catalog;
    r->options.work = work_defaults;
    r->options.work.worker_path = getenv("TT_WORKER");
    r->options.step_ms = 20000;
    rig_start(r);
}

static inline int rig_call(struct rig *r, engine_call_fn *fn,
                           const struct engine_request *with,
                           const char *quoted);

/* Until each plugin has said what it is: requests are checked against it. */
static inline void rig_described(struct rig *r)
{
    bool all = false;
    int naps;
    size_t i;

    for (naps = 0; naps < RIG_PATIENCE && !all; naps++) {
        json_object *items;

        (void)rig_call(r, engine_plugins_list, NULL, NULL);
        items = json_child(r->answer.body, "items");
        all = items != NULL;
        for (i = 0; all && i < json_object_array_length(items); i++)
            all = json_child(json_object_array_get_idx(items, i),
                             "config_schema") != NULL;
        if (!all)
            rig_nap(10);
    }
    if (!all)
        printf("# the plugins are not described\n");
}

static inline void rig_close(struct rig *r)
{
    engine_destroy(r->engine);
    broker_destroy(r->broker);
    catalog_destroy(r->catalog);
    store_close(r->store);
    json_object_put(r->answer.body);
    (void)fs_remove_tree(r->dir, &r->err);
}

/* --- calls ---------------------------------------------------------------- */

/* quoted: the body, or NULL. The answer is the rig's until the next call. */
static inline int rig_call(struct rig *r, engine_call_fn *fn,
                           const struct engine_request *with,
                           const char *quoted)
{
    struct engine_request q = { 0 };
    int code;

    if (with != NULL)
        q = *with;
    if (q.actor == NULL)
        q.actor = "tester";
    if (q.workflow == NULL && q.run == NULL)
        q.workflow = "demo";
    q.body = quoted != NULL ? json_of(quoted) : NULL;
    json_object_put(r->answer.body);
    memset(&r->answer, 0, sizeof r->answer);
    memset(&r->err, 0, sizeof r->err);
    code = fn(r->engine, &q, &r->answer, &r->err);
    json_object_put(q.body);
    return code;
}

static inline int rig_of_run(struct rig *r, engine_call_fn *fn,
                             const char *quoted)
{
    struct engine_request q = { .run = r->run };

    return rig_call(r, fn, &q, quoted);
}

/* A target and a dataset to start from. more: members of the target. */
static inline void rig_target(struct rig *r, const char *more)
{
    struct engine_request target = { .workflow = "demo", .node = "answer" };
    struct engine_request dataset = { .workflow = "demo", .name = "qa" };
    struct buf text = { 0 };
    int i;

    buf_adds(&text, "{'cases':[");
    for (i = 0; i < 14; i++)
        buf_addf(&text, "%s{'id':'q%d','split':'%s','question':'%d'}",
                 i > 0 ? "," : "", i,
                 i < 3 ? "train" : i < 6 ? "validation" : "holdout", i);
    buf_adds(&text, "]}");
    if (rig_call(r, engine_dataset_put, &dataset, text.data) != 0)
        printf("# dataset: %s\n", r->err.text);
    buf_reset(&text);
    buf_addf(&text, "{'parameters':{'temperature':{'type':'float','min':0,"
             "'max':1,'default':0.1},'top':{'type':'float','min':0,'max':1,"
             "'default':0.2}},'adapter':{'plugin':'zoo-hill'},'evaluation':{},"
             "'dataset':'qa','objective':{'metric':'score','direction':"
             "'maximize'}%s}", more);
    if (rig_call(r, engine_target_put, &target, text.data) != 0)
        printf("# target: %s\n", r->err.text);
    buf_fini(&text);
}

/* Start a run; its id into r->run. */
static inline int rig_optimize(struct rig *r, const char *more)
{
    struct buf text = { 0 };
    int code;

    buf_addf(&text, "{'node_ids':['answer'],'limits':{'iterations':12,"
             "'time_seconds':600}%s}", more);
    code = rig_call(r, engine_optimize, NULL, text.data);
    if (code == 0)
        snprintf(r->run, sizeof r->run, "%s",
                 json_str(r->answer.body, "run_id"));
    buf_fini(&text);
    return code;
}

/* The run as it is shown, once `until` says so; NULL when it takes too long. */
static inline json_object *rig_wait(struct rig *r,
                                    bool (*until)(json_object *shown))
{
    int naps;

    for (naps = 0; naps < RIG_PATIENCE; naps++) {
        if (rig_of_run(r, engine_run_show, NULL) != 0) {
            printf("# show: %s\n", r->err.text);
            return NULL;
        }
        if (until(r->answer.body))
            return r->answer.body;
        rig_nap(10);
    }
    printf("# it takes too long: %s\n",
           json_object_to_json_string(r->answer.body));
    return NULL;
}

static inline bool rig_has_ended(json_object *shown)
{
    return strcmp(json_str(shown, "status"), "running") != 0;
}

static inline bool rig_is_half_way(json_object *shown)
{
    json_object *done = json_child(json_child(shown, "progress"),
                                   "iterations");

    return rig_has_ended(shown) || json_int(done, "done", 0) >= 4;
}

static inline bool rig_says(json_object *o, const char *key, const char *what)
{
    const char *text = json_str(o, key);
    bool there = text != NULL && strstr(text, what) != NULL;

    if (!there)
        printf("# %s is \"%s\", wanted \"%s\"\n", key,
               text != NULL ? text : "absent", what);
    return there;
}

/* --- workers, from outside ------------------------------------------------ */

/* Kill the worker of this run that has the plugin of this hash; false when
 * there is none. */
static inline bool rig_kill(struct rig *r, const char *hash)
{
    struct dirent *d;
    bool killed = false;
    DIR *proc = opendir("/proc");

    while (proc != NULL && (d = readdir(proc)) != NULL) {
        char path[300], line[2048], label[80];
        size_t n, i;
        FILE *f;

        snprintf(path, sizeof path, "/proc/%.200s/cmdline", d->d_name);
        f = d->d_name[0] >= '1' && d->d_name[0] <= '9' ? fopen(path, "r")
                                                       : NULL;
        if (f == NULL)
            continue;
        n = fread(line, 1, sizeof line - 1, f);
        fclose(f);
        for (i = 0; i < n; i++)
            if (line[i] == '\0')
                line[i] = ' ';
        line[n] = '\0';
        snprintf(label, sizeof label, "--label=%s ", r->run);
        if (strstr(line, label) != NULL && strstr(line, hash) != NULL)
            killed = kill((pid_t)atoi(d->d_name), SIGKILL) == 0 || killed;
    }
    if (proc != NULL)
        closedir(proc);
    return killed;
}

static inline void rig_hash(struct rig *r, const char *id, char hash[65])
{
    const struct catalog_entry *entry;

    hash[0] = '\0';
    if (catalog_resolve(r->catalog, id, 0, &entry, &r->err) == 0)
        memcpy(hash, entry->hash, 65);
}

static inline bool rig_ready(void)
{
    static const char *const needed[] = { "TT_WORKER", "TT_PLUGIN_DIR",
                                          "TT_ZOO_DIR" };
    struct err e = { 0 };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(needed); i++)
        if (getenv(needed[i]) == NULL) {
            printf("1..0 # SKIP run by make check, which sets %s\n",
                   needed[i]);
            return false;
        }
    log_set_level(getenv("TT_LOUD") != NULL ? LOG_LEVEL_INFO
                                            : LOG_LEVEL_ERROR);
    return crypt_init(&e) == 0;
}

#endif
