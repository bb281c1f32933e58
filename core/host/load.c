/* SPDX-License-Identifier: MIT
 *
 * load.c - open a plugin; the only file that knows libltdl.
 *
 * libltdl binds lazily, so that a missing symbol kills the process when it is
 * called; its error text is always "file not found"; it is not thread-safe. So
 * a plain dlopen() with RTLD_NOW comes first, says what is wrong, and leaves
 * everything bound; and one mutex is held around it all. */
#include "config.h"

#include <dlfcn.h>
#include <ltdl.h>
#include <pthread.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/host/exec.h"
#include "core/host/host.h"

#define MOST_TEXT_BYTES 4096u /* of a name, a summary, ... */

static pthread_mutex_t ltdl_lock = PTHREAD_MUTEX_INITIALIZER;

/* [ltdl_lock] The handle is never given back: a plugin stays. */
static lt_dlhandle open_resident(const char *path, struct err *e)
{
    static bool ready;
    lt_dladvise advise;
    lt_dlhandle handle = NULL;

    if (!ready && lt_dlinit() != 0) {
        err_set(e, TT_EPLUGIN, "libltdl: %s", lt_dlerror());
        return NULL;
    }
    ready = true;
    if (lt_dladvise_init(&advise) != 0) {
        err_set(e, TT_EPLUGIN, "libltdl: %s", lt_dlerror());
        return NULL;
    }
    if (lt_dladvise_local(&advise) == 0 && lt_dladvise_resident(&advise) == 0)
        handle = lt_dlopenadvise(path, advise);
    if (handle == NULL)
        err_set(e, TT_EPLUGIN, "%s: libltdl: %s", path, lt_dlerror());
    lt_dladvise_destroy(&advise);
    return handle;
}

static tt_entry_fn *entry_of(const char *path, struct err *e)
{
    void *probe = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    lt_dlhandle handle;
    tt_entry_fn *entry;

    if (probe == NULL) {
        err_set(e, TT_EPLUGIN, "%s", dlerror());
        return NULL;
    }
    handle = open_resident(path, e);
    (void)dlclose(probe); /* libltdl holds it now, if it could */
    if (handle == NULL)
        return NULL;
    entry = (tt_entry_fn *)(uintptr_t)lt_dlsym(handle, TT_ENTRY_SYMBOL);
    if (entry == NULL)
        err_set(e, TT_EPLUGIN,
                "%s: does not export " TT_ENTRY_SYMBOL ": build it with "
                "TT_DECLARE_PLUGIN", path);
    return entry;
}

/* --- is the description one that we can live with? ----------------------- */

static int bad(struct err *e, const struct host_note *note, const char *why)
{
    return err_set(e, TT_EPLUGIN, "plugin %s %s: %s", note->id, note->version,
                   why);
}

static int check_against_note(const struct tt_plugin *p,
                              const struct host_note *note, struct err *e)
{
    if (p->size < sizeof *p)
        return err_set(e, TT_EABI, "plugin %s %s: its description has %u "
                       "bytes, ABI %u.%u has %zu: set .size to sizeof(struct "
                       "tt_plugin)", note->id, note->version, p->size,
                       TT_ABI_MAJOR, TT_ABI_MINOR, sizeof *p);
    if (p->abi_major != note->abi_major || p->abi_minor != note->abi_minor)
        return err_set(e, TT_EABI, "plugin %s %s: its note says ABI %u.%u, its "
                       "description %u.%u: make them equal", note->id,
                       note->version, note->abi_major, note->abi_minor,
                       p->abi_major, p->abi_minor);
    if (p->id == NULL || strcmp(p->id, note->id) != 0 || p->version == NULL ||
        strcmp(p->version, note->version) != 0 || p->kind != note->kind)
        return bad(e, note, "its note and its description differ in id, "
                            "version or kind: make them equal");
    return 0;
}

static int check_texts(const struct tt_plugin *p, const struct host_note *note,
                       struct err *e)
{
    const char *const texts[] = { p->name, p->summary, p->vendor, p->license };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(texts); i++)
        if (texts[i] == NULL || strnlen(texts[i], MOST_TEXT_BYTES) ==
                                    MOST_TEXT_BYTES)
            return bad(e, note, "name, summary, vendor and license must be "
                                "there, and short");
    return 0;
}

static int check_vtable(const struct tt_plugin *p, const struct host_note *note,
                        struct err *e)
{
    const struct tt_strategy *s = p->strategy;
    const struct tt_adapter *a = p->adapter;

    if ((s != NULL) != (p->kind == TT_KIND_STRATEGY) ||
        (a != NULL) != (p->kind == TT_KIND_ADAPTER))
        return bad(e, note, "it must have exactly the vtable of its kind");
    if (s != NULL && (s->open == NULL || s->on_event == NULL ||
                      s->next == NULL || s->close == NULL))
        return bad(e, note, "a strategy needs open, on_event, next and close");
    if (s != NULL && (p->caps & TT_CAP_SNAPSHOT) != 0 && s->snapshot == NULL)
        return bad(e, note, "it promises TT_CAP_SNAPSHOT without a snapshot "
                            "function");
    if (a != NULL && (a->open == NULL || a->submit == NULL ||
                      a->collect == NULL || a->find == NULL ||
                      a->abandon == NULL || a->close == NULL))
        return bad(e, note, "an adapter needs open, submit, collect, find, "
                            "abandon and close");
    return 0;
}

int host_judge_schema(const struct tt_plugin *p, const struct host_note *note,
                      struct err *e)
{
    struct err local = { 0 };
    json_object *schema;
    int rc = 0;

    if (p->config_schema == NULL)
        return 0;
    schema = json_parse(p->config_schema, strlen(p->config_schema),
                        &json_limits_request, &local);
    if (schema == NULL)
        return err_set(e, TT_EPLUGIN, "plugin %s %s: config_schema: %s",
                       note->id, note->version,
                       local.code != 0 ? local.text : "must be an object");
    if (schema_check(schema, &local) != 0)
        rc = err_set(e, TT_EPLUGIN, "plugin %s %s: config_schema: %s", note->id,
                     note->version, local.text);
    json_object_put(schema);
    return rc;
}

int host_judge(const struct tt_plugin *p, const struct host_note *note,
               struct err *e)
{
    int rc = check_against_note(p, note, e);

    if (rc == 0)
        rc = check_texts(p, note, e);
    return rc != 0 ? rc : check_vtable(p, note, e);
}

const struct tt_plugin *host_open(const char *path, struct host_note *note,
                                  struct err *e)
{
    const struct tt_plugin *p = NULL;
    tt_entry_fn *entry;

    if (path[0] != '/') {
        err_set(e, TT_EINVAL, "plugin %s: the path must be absolute", path);
        return NULL;
    }
    if (host_note_read(path, note, e) != 0)
        return NULL;
    if (exec_is(path))
        return exec_load(path, e);
    pthread_mutex_lock(&ltdl_lock);
    entry = entry_of(path, e);
    if (entry != NULL) {
        p = entry();
        if (p == NULL)
            (void)bad(e, note, "its entry point returns nothing");
    }
    pthread_mutex_unlock(&ltdl_lock);
    return p;
}

const struct tt_plugin *host_load(const char *path, struct err *e)
{
    struct host_note note;
    const struct tt_plugin *p = host_open(path, &note, e);

    if (p != NULL && (host_judge(p, &note, e) != 0 ||
                      host_judge_schema(p, &note, e) != 0))
        p = NULL;
    return p;
}
