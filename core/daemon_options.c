/* SPDX-License-Identifier: MIT
 *
 * daemon_options.c - see daemon_options.h. */
#include "config.h"

#include "core/daemon_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"

static int64_t as_ms(json_object *o, const char *key)
{
    return (int64_t)(json_num(o, key, 0) * 1000.0);
}

static const char **string_list(struct arena *a, json_object *list, size_t *n)
{
    size_t len = list != NULL ? json_object_array_length(list) : 0, i;
    const char **out = arena_alloc(a, len + 1, sizeof *out);

    for (i = 0; i < len; i++)
        out[i] = json_object_get_string(json_object_array_get_idx(list, i));
    if (n != NULL)
        *n = len;
    return out;
}

static void fill_store(struct store_options *o, json_object *c)
{
    o->backend = json_str(c, "backend");
    o->path = json_str(c, "path");
    o->min_free_bytes = json_int(c, "min_free_mb", 0) << 20;
}

static void fill_broker(struct daemon_options *o, json_object *config)
{
    json_object *c = json_child(config, "outbound");
    json_object *secrets = json_child(config, "secrets");
    struct broker_secret *s;
    struct broker_options *b = &o->broker;

    b->allow = string_list(&o->arena, json_child(c, "allow"), NULL);
    b->timeout_ms = (uint64_t)as_ms(c, "timeout_seconds");
    b->connect_ms = (uint64_t)as_ms(c, "connect_seconds");
    b->max_per_host = (unsigned)json_int(c, "max_per_host", 8);
    b->max_total = (unsigned)json_int(c, "max_total", 64);
    b->max_body_bytes = (uint64_t)json_int(c, "max_body_mb", 16) << 20;
    b->user_agent = PACKAGE_NAME "/" PACKAGE_VERSION;
    s = arena_alloc(&o->arena, (size_t)json_object_object_length(secrets) + 1,
                    sizeof *s);
    b->secrets = s;
    json_object_object_foreach(secrets, name, where) {
        s[b->n_secrets].name = name;
        s[b->n_secrets].file = json_str(where, "file");
        s[b->n_secrets].origin = json_str(where, "origin");
        s[b->n_secrets++].environment = json_str(where, "env");
    }
}

static void fill_engine(struct engine_options *o, json_object *config)
{
    json_object *runs = json_child(config, "runs");
    json_object *workers = json_child(config, "workers");

    o->environment = json_str(config, "environment");
    o->max_runs = (unsigned)json_int(runs, "max_running", 0);
    o->max_in_flight = (unsigned)json_int(runs, "max_in_flight", 0);
    o->max_in_flight_run =
        (unsigned)json_int(runs, "max_in_flight_per_run", 0);
    o->cap_iterations = (uint64_t)json_int(runs, "cap_iterations", 0);
    o->cap_seconds = (uint64_t)json_int(runs, "cap_time_seconds", 0);
    o->cap_evaluations = (uint64_t)json_int(runs, "cap_evaluations", 0);
    o->step_ms = as_ms(runs, "step_seconds");
    o->call_ms = as_ms(runs, "call_seconds");
    o->adapters = json_child(config, "adapters");
    o->strategies = json_child(config, "strategies");
    o->models = json_child(config, "models");
    o->work = work_defaults;
    o->work.worker_path = json_str(workers, "path");
    o->work.memory_bytes = (uint64_t)json_int(workers, "memory_mb", 1024) << 20;
    o->work.cpu_seconds = (uint64_t)json_int(workers, "cpu_seconds", 600);
    o->work.uid = (uint32_t)json_int(workers, "uid", 65534);
    o->work.gid = (uint32_t)json_int(workers, "gid", 65534);
}

/* --- tokens: only their hashes are kept ---------------------------------- */

static int token_text(json_object *c, struct buf *out, struct err *e)
{
    const char *file = json_str(c, "file"), *env = json_str(c, "env");
    const char *value;
    int code;

    if (file != NULL) {
        code = fs_read(file, 4096, out, e);
        if (code != 0)
            return err_prefix(e, "auth.tokens: %s", json_str(c, "name"));
    } else {
        value = getenv(env);
        if (value == NULL)
            return err_set(e, TT_EINVAL, "auth.tokens: %s: the environment "
                           "variable %s is not set", json_str(c, "name"), env);
        buf_adds(out, value);
    }
    while (out->len > 0 && strchr("\r\n", out->data[out->len - 1]) != NULL)
        out->data[--out->len] = '\0';
    if (out->len < 16)
        return err_set(e, TT_EINVAL, "auth.tokens: %s: a token needs at least "
                       "16 characters; `openssl rand -hex 32` makes a good one",
                       json_str(c, "name"));
    return 0;
}

static int fill_tokens(struct daemon_options *o, json_object *list,
                       struct err *e)
{
    size_t n = json_object_array_length(list), i;
    struct http_token *tokens = arena_alloc(&o->arena, n + 1, sizeof *tokens);
    struct buf text = { 0 };
    json_object *c;
    int code = 0;

    o->http.tokens = tokens;
    o->http.n_tokens = n;
    for (i = 0; code == 0 && i < n; i++) {
        c = json_object_array_get_idx(list, i);
        tokens[i].name = json_str(c, "name");
        if (json_str(c, "sha256") != NULL) {
            crypt_unhex(json_str(c, "sha256"), tokens[i].sha256, 32);
            continue;
        }
        buf_reset(&text);
        code = token_text(c, &text, e);
        if (code == 0)
            crypt_sha256(text.data, text.len, tokens[i].sha256);
    }
    buf_fini(&text);
    return code;
}

static int fill_http(struct daemon_options *o, json_object *config,
                     struct err *e)
{
    json_object *c = json_child(config, "http"), *item;
    json_object *auth = json_child(config, "auth");
    json_object *list = json_child(config, "listen");
    size_t n = json_object_array_length(list), i;
    struct http_listen *l = arena_alloc(&o->arena, n, sizeof *l);

    for (i = 0; i < n; i++) {
        item = json_object_array_get_idx(list, i);
        l[i].tcp = json_str(item, "tcp");
        l[i].unix_path = json_str(item, "unix");
        l[i].unix_mode = json_str(item, "mode") != NULL
                             ? (unsigned)strtoul(json_str(item, "mode"), NULL, 8)
                             : 0660;
    }
    o->http.listen = l;
    o->http.n_listen = n;
    o->http.auth_required = strcmp(json_str(auth, "mode"), "required") == 0;
    o->http.environment = json_str(config, "environment");
    o->http.threads = (unsigned)json_int(c, "threads", 0);
    o->http.handlers = (unsigned)json_int(c, "handlers", 4);
    o->http.max_connections = (unsigned)json_int(c, "max_connections", 1000);
    o->http.max_per_address = (unsigned)json_int(c, "max_per_address", 0);
    o->http.header_ms = as_ms(c, "header_seconds");
    o->http.body_ms = as_ms(c, "body_seconds");
    o->http.idle_ms = as_ms(c, "idle_seconds");
    o->http.max_body_bytes = (size_t)json_int(c, "max_body_kb", 1024) << 10;
    o->http.optimize_per_minute = (unsigned)json_int(
        json_child(config, "runs"), "optimize_per_minute", 60);
    o->http.version = PACKAGE_VERSION;
    return fill_tokens(o, json_child(auth, "tokens"), e);
}

static void fill_trust(struct trust_options *o, const struct daemon_options *d,
                       json_object *c)
{
    static const char usual[] = "/etc/trimtab/keys"; /* as in the schema */

    o->policy = trust_policy_of(json_str(c, "signatures"));
    o->keys = json_str(c, "keys");
    o->keys_optional = strcmp(o->keys, usual) == 0;
    o->shipped = TT_PLUGINDIR;
    o->plugin_dirs = d->plugin_dirs;
    o->n_plugin_dirs = d->n_plugin_dirs;
    o->plugin_state = d->plugin_state;
    o->grants = json_child(c, "grants");
}

static void fill_plugins(struct daemon_options *o, json_object *c)
{
    json_object *dirs = json_child(c, "directories");
    const char **one;

    o->plugin_dirs_usual = dirs == NULL;
    o->plugin_state = json_str(c, "state");
    o->engine.plugin_check = (unsigned)json_int(c, "check", 2);
    o->engine.plugin_tool = json_str(c, "checker");
    if (o->engine.plugin_tool == NULL)
        o->engine.plugin_tool = TT_PLUGIN_TOOL_PATH;
    if (dirs != NULL) {
        o->plugin_dirs = string_list(&o->arena, dirs, &o->n_plugin_dirs);
    } else {
        one = arena_alloc(&o->arena, 1, sizeof *one);
        one[0] = TT_PLUGINDIR;
        o->plugin_dirs = one;
        o->n_plugin_dirs = 1;
    }
    fill_trust(&o->trust, o, c);
}

int daemon_options_fill(struct daemon_options *o, json_object *config,
                        struct err *e)
{
    static const struct {
        const char *word;
        enum log_level level;
    } levels[] = { { "error", LOG_LEVEL_ERROR }, { "warn", LOG_LEVEL_WARN },
                   { "info", LOG_LEVEL_INFO }, { "debug", LOG_LEVEL_DEBUG } };
    const char *word = json_str(json_child(config, "log"), "level");
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(levels); i++)
        if (strcmp(levels[i].word, word) == 0)
            o->log_level = levels[i].level;
    fill_store(&o->store, json_child(config, "store"));
    fill_broker(o, config);
    fill_engine(&o->engine, config);
    if (o->engine.work.worker_path == NULL)
        o->engine.work.worker_path = TT_WORKER_PATH;
    fill_plugins(o, json_child(config, "plugins"));
    return fill_http(o, config, e);
}

void daemon_options_fini(struct daemon_options *o)
{
    arena_fini(&o->arena);
}
