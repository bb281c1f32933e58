/* SPDX-License-Identifier: MIT
 *
 * exec.c - the exec plugin of this process, its instances, and how one call
 * becomes a line and its answer. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/codec_wire.h"
#include "core/host/exec_in.h"

#define CRASH_STATUS 70 /* of a worker whose child has ended */

static const struct json_limits line_limits = { EXEC_MAX_LINE, 64, 5000000 };

/* [main] One plugin in a process, as with a .so. */
static struct {
    struct exec_manifest manifest;
    struct exec_start start;
    struct exec_child *spare; /* of no instance yet */
    bool greeting;            /* inside exec_hello() */
    uint64_t number;          /* of the last call */
} host;

void exec_configure(const struct exec_start *start)
{
    host.start = *start;
}

const struct exec_manifest *exec_plugin(void)
{
    return &host.manifest;
}

void exec_end(void)
{
    exec_child_end(host.spare);
    host.spare = NULL;
}

const struct tt_plugin *exec_load(const char *path, struct err *e)
{
    struct exec_manifest *m = &host.manifest;
    struct tt_plugin *p = &m->plugin;

    exec_end();
    exec_manifest_fini(m);
    if (exec_manifest_read(path, m, e) != 0)
        return NULL;
    if (p->kind == TT_KIND_STRATEGY)
        p->strategy = &exec_strategy;
    else
        p->adapter = m->admin ? &exec_adapter_admin : &exec_adapter;
    return p;
}

const struct tt_plugin *exec_loaded(void)
{
    return &host.manifest.plugin;
}

/* --- children -------------------------------------------------------------- */

static void name_plugin(struct err *e)
{
    (void)err_prefix(e, "plugin %s %s", host.manifest.plugin.id,
                     host.manifest.plugin.version);
}

int exec_prestart(struct err *e)
{
    if (host.spare == NULL)
        host.spare = exec_child_start(&host.manifest, &host.start, e);
    return host.spare != NULL ? 0 : e->code;
}

/* What the plugin returns to the session; in a worker the child's end is ours:
 * so it is counted as a crash, and the daemon starts the plugin anew. Who we
 * are it knows: its message has room for the cause alone. */
static int failed(struct err *why, struct tt_error *e)
{
    if (why->code == TT_ECRASH && host.start.in_worker && !host.greeting) {
        (void)fprintf(stderr, "%s\n", why->text);
        _exit(CRASH_STATUS);
    }
    name_plugin(why);
    return tt_fail(e, why->code, "%s", why->text);
}

static int exec_spare(struct exec_child **out, struct tt_error *e)
{
    struct err why = { 0 };

    if (host.spare != NULL && host.spare->broken)
        exec_end();
    if (exec_prestart(&why) != 0)
        return tt_fail(e, why.code, "%s", why.text);
    *out = host.spare;
    return 0;
}

int exec_once(const char *call, json_object *members, struct tt_error *e)
{
    struct exec_instance x = { 0 };
    int rc = exec_spare(&x.child, e);

    if (rc != 0)
        json_object_put(members);
    else
        rc = exec_do(&x, call, members, e);
    if (!host.start.in_worker)
        exec_end();
    return rc;
}

int exec_instance_create(const struct tt_host *tt_host,
                         struct exec_instance **out, struct tt_error *e)
{
    struct exec_child *child;
    int rc = exec_spare(&child, e);

    if (rc != 0)
        return rc;
    host.spare = NULL;
    *out = xcalloc(1, sizeof **out);
    (*out)->child = child;
    (*out)->host = tt_host;
    return 0;
}

void exec_instance_destroy(struct exec_instance *x)
{
    if (x == NULL)
        return;
    exec_child_end(x->child);
    free(x);
}

/* --- lines ----------------------------------------------------------------- */

static int say(struct exec_instance *x, const char *call, json_object *line,
               struct err *e)
{
    struct buf text = { 0 };
    int rc;

    json_canonical(line, &text);
    rc = exec_child_say(x->child, call, buf_str(&text), e);
    buf_fini(&text);
    return rc;
}

/* One line as an object; *line is the caller's. */
static int hear(struct exec_instance *x, const char *call, json_object **line,
                struct err *e)
{
    struct buf text = { 0 };
    struct err why = { 0 };
    int rc = exec_child_hear(x->child, call, &text, e);

    *line = NULL;
    if (rc == 0) {
        *line = json_parse(text.data != NULL ? text.data : "", text.len,
                           &line_limits, &why);
        if (*line == NULL ||
            !json_object_is_type(*line, json_type_object)) {
            json_object_put(*line);
            *line = NULL;
            rc = err_set(e, TT_EPLUGIN, "%s: the answer is no JSON object: "
                         "%.300s", call,
                         why.code != 0 ? why.text : "it is another value");
            (void)exec_child_break(x->child, e);
        }
    }
    buf_fini(&text);
    return rc;
}

int exec_refuse(struct exec_instance *x, const char *call,
                const struct err *why, struct tt_error *e)
{
    struct err said = { 0 };

    err_set(&said, TT_EPLUGIN, "%s: %.900s", call, why->text);
    name_plugin(&said);
    if (x->child != NULL)
        (void)exec_child_break(x->child, &said);
    return tt_fail(e, TT_EPLUGIN, "%s", said.text);
}

/* The child asks for a service: {"ask":...}. Answer it. */
static int serve(struct exec_instance *x, const char *call, json_object *line,
                 struct err *e)
{
    json_object *answer = exec_serve(x, line, e);
    int rc;

    if (answer == NULL) {
        (void)err_prefix(e, "%s", call);
        return exec_child_break(x->child, e);
    }
    rc = say(x, call, answer, e);
    json_object_put(answer);
    return rc;
}

/* The answer to call number `id`, services in between. */
static int await(struct exec_instance *x, const char *call, uint64_t id,
                 json_object **line, struct err *e)
{
    static const char *const known[] = { "id", "result", "error", NULL };
    int rc;

    for (;;) {
        rc = hear(x, call, line, e);
        if (rc != 0)
            return rc;
        if (json_child(*line, "ask") == NULL)
            break;
        rc = serve(x, call, *line, e);
        json_object_put(*line);
        *line = NULL;
        if (rc != 0)
            return rc;
    }
    if (json_only((struct json_at){ *line, call }, known, e) != 0)
        rc = e->code = TT_EPLUGIN;
    else if (json_int(*line, "id", -1) != (int64_t)id)
        rc = err_set(e, TT_EPLUGIN, "%s: the answer has the id %lld, asked was "
                     "%llu", call, (long long)json_int(*line, "id", -1),
                     (unsigned long long)id);
    else if (json_object_object_length(*line) != 2)
        rc = err_set(e, TT_EPLUGIN, "%s: the answer must have \"result\" or "
                     "\"error\", not both", call);
    return rc != 0 ? exec_child_break(x->child, e) : 0;
}

static int take(struct exec_instance *x, const char *call, json_object *line,
                json_object **result, struct tt_error *e)
{
    json_object *error = json_child(line, "error");
    struct err why = { 0 };

    if (error != NULL) {
        if (exec_get_error(error, e, &why) != 0)
            return exec_refuse(x, call, &why, e);
        return e->code;
    }
    *result = json_object_get(json_child(line, "result"));
    if (json_object_is_type(*result, json_type_object))
        return 0;
    json_object_put(*result);
    *result = NULL;
    err_set(&why, TT_EPLUGIN, "result: must be an object");
    return exec_refuse(x, call, &why, e);
}

int exec_call(struct exec_instance *x, const char *call, json_object *members,
              json_object **result, struct tt_error *e)
{
    json_object *line = members != NULL ? members : json_object_new_object();
    struct tt_error own = { .size = sizeof own };
    struct err why = { 0 };
    uint64_t id = ++host.number;
    int rc;

    if (e == NULL)
        e = &own;
    *result = NULL;
    json_set_str(line, "call", call);
    json_set_int(line, "id", (int64_t)id);
    rc = say(x, call, line, &why);
    json_object_put(line);
    line = NULL;
    if (rc == 0)
        rc = await(x, call, id, &line, &why);
    if (rc == 0) {
        rc = take(x, call, line, result, e);
    } else {
        rc = failed(&why, e);
    }
    json_object_put(line);
    return rc;
}

int exec_do(struct exec_instance *x, const char *call, json_object *members,
            struct tt_error *e)
{
    json_object *result;
    int rc = exec_call(x, call, members, &result, e);

    json_object_put(result);
    return rc;
}

int exec_hello(struct err *e)
{
    struct exec_instance x = { 0 };
    struct tt_error error = { .size = sizeof error };
    json_object *members = json_object_new_object(), *result = NULL;
    int rc;

    json_set_int(members, "protocol", EXEC_PROTOCOL);
    json_set_str(members, "sdk", TT_SDK_VERSION);
    json_set_str(members, "plugin", host.manifest.plugin.id);
    json_set_str(members, "version", host.manifest.plugin.version);
    rc = exec_spare(&x.child, &error);
    if (rc != 0)
        json_object_put(members);
    else {
        /* What goes wrong before the first frame is said in one, not by our
         * end. */
        host.greeting = true;
        rc = exec_call(&x, "hello", members, &result, &error);
        host.greeting = false;
    }
    if (rc == 0 && json_int(result, "protocol", -1) != EXEC_PROTOCOL)
        rc = tt_fail(&error, TT_EPLUGIN, "plugin %s %s: hello: the answer must "
                     "have \"protocol\":%d", host.manifest.plugin.id,
                     host.manifest.plugin.version, EXEC_PROTOCOL);
    json_object_put(result);
    if (rc == 0)
        return 0;
    err_set(e, rc, "%s", error.message);
    if (strncmp(e->text, "plugin ", 7) != 0)
        name_plugin(e);
    return e->code;
}

/* --- services -------------------------------------------------------------- */

static json_object *error_of(int code, const struct tt_error *error)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "code", err_code(code));
    json_set_str(o, "message", error->message);
    if (error->retry_after_ms != 0)
        json_set_int(o, "retry_after_ms", error->retry_after_ms);
    return o;
}

static int fetch(struct exec_instance *x, json_object *o, json_object **result,
                 struct tt_error *error, struct err *e)
{
    const struct tt_http_service *http =
        x->host != NULL ? x->host->get_service(x->host, TT_SERVICE_HTTP) : NULL;
    struct tt_http_response response = { .size = sizeof response };
    struct tt_http_request request;
    struct arena a = { 0 };
    int rc = exec_get_http(o, &a, &request, e);

    if (rc == 0 && http == NULL)
        rc = tt_fail(error, TT_EPERM, "%s is not granted", TT_SERVICE_HTTP);
    else if (rc == 0)
        rc = http->fetch(x->host, &request, &response, error);
    else
        (void)tt_fail(error, rc = TT_EINVAL, "%s", e->text);
    if (rc == 0 && !codec_is_text(response.body))
        rc = tt_fail(error, TT_EUNSUPPORTED, "the answer of %d bytes, with "
                     "status %u, is not UTF-8: exec plugins read text alone",
                     (int)response.body.n, response.status);
    arena_fini(&a);
    if (rc != 0)
        return rc;
    *result = json_object_new_object();
    json_set_int(*result, "status", response.status);
    json_set(*result, "body", exec_text(response.body));
    json_set(*result, "location", exec_text(response.location));
    json_set_int(*result, "retry_after_ms", (int64_t)response.retry_after_ms);
    return 0;
}

static int read_case(struct exec_instance *x, json_object *o,
                     json_object **result, struct tt_error *error)
{
    const struct tt_data_service *data =
        x->host != NULL ? x->host->get_service(x->host, TT_SERVICE_DATA) : NULL;
    struct buf text = { 0 };
    struct tt_sink sink = buf_sink(&text);
    struct err e = { 0 };
    uint32_t split = 0;
    int64_t id = 0;
    int rc;

    if (!json_object_is_type(o, json_type_object) ||
        exec_get_split(o, "data", "split", &split, &e) != 0 ||
        json_get_int((struct json_at){ o, "data" }, "case", NULL, 0,
                     EXEC_MAX_NUMBER, &id, &e) != 0)
        return tt_fail(error, TT_EINVAL, "%s", e.code != 0 ? e.text
                                                   : "data: must be an object");
    if (data == NULL)
        return tt_fail(error, TT_EPERM, "%s is not granted", TT_SERVICE_DATA);
    rc = data->read(x->host, split, (uint64_t)id, &sink, error);
    if (rc == 0) {
        *result = json_object_new_object();
        json_set(*result, "case",
                 json_parse(text.data != NULL ? text.data : "", text.len,
                            &json_limits_document, NULL));
    }
    buf_fini(&text);
    return rc;
}

json_object *exec_serve(struct exec_instance *x, json_object *line,
                        struct err *e)
{
    struct tt_error error = { .size = sizeof error };
    json_object *result = NULL, *answer, *o;
    struct err why = { 0 };
    int rc;

    if (json_object_object_length(line) != 2 ||
        !json_object_is_type(json_child(line, "ask"), json_type_int)) {
        err_set(e, TT_EPLUGIN, "a question must be {\"ask\":N,\"http\":{...}} "
                               "or {\"ask\":N,\"data\":{...}}");
        return NULL;
    }
    if ((o = json_child(line, "http")) != NULL) {
        rc = fetch(x, o, &result, &error, &why);
    } else if ((o = json_child(line, "data")) != NULL) {
        rc = read_case(x, o, &result, &error);
    } else {
        err_set(e, TT_EPLUGIN, "it asks for a service that is unknown: there "
                               "are \"http\" and \"data\"");
        return NULL;
    }
    answer = json_object_new_object();
    json_set(answer, "ask", json_object_get(json_child(line, "ask")));
    if (rc == 0)
        json_set(answer, "result", result);
    else
        json_set(answer, "error", error_of(rc, &error));
    return answer;
}
