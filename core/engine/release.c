/* SPDX-License-Identifier: MIT
 *
 * release.c - see release.h. */
#include "core/engine/release.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypt/crypt.h"

#define MAX_PREVIOUS 16 /* defaults that can be gone back to */

const char *release_why_word(enum release_why why)
{
    static const char *const words[] = { "named", "pin", "canary", "default" };

    return words[why];
}

json_object *release_create(const char *id, const char *kind)
{
    json_object *r = json_object_new_object();

    json_set_str(r, "id", id);
    json_set_str(r, "kind", kind);
    json_set(r, "previous", json_object_new_array());
    json_set(r, "pins", json_object_new_object());
    return r;
}

static bool is(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* --- choosing ------------------------------------------------------------- */

/* 0 to 99, the same each time for a run. */
static unsigned lot_of(const char *run)
{
    char hex[CRYPT_HEX_BYTES], head[9];

    crypt_sha256_hex(run, strlen(run), hex);
    (void)snprintf(head, sizeof head, "%.8s", hex);
    return (unsigned)(strtoul(head, NULL, 16) % 100);
}

const char *release_choose(json_object *release, const char *workflow,
                           const char *run, enum release_why *why)
{
    const char *pin = json_str(json_child(release, "pins"), workflow);
    json_object *canary = json_child(release, "canary");

    *why = RELEASE_PIN;
    if (pin != NULL)
        return pin;
    *why = RELEASE_CANARY;
    if (canary != NULL && lot_of(run) < json_int(canary, "percent", 0))
        return json_str(canary, "hash");
    *why = RELEASE_DEFAULT;
    return json_str(release, "default");
}

/* --- changes -------------------------------------------------------------- */

static void changed(json_object *release, int64_t now_ms)
{
    json_set_int(release, "changed_ms", now_ms);
}

/* All but hash, and but the oldest where they are too many. */
static json_object *previous_without(json_object *release, const char *hash)
{
    json_object *old = json_child(release, "previous");
    json_object *list = json_object_new_array();
    size_t n = old != NULL ? json_object_array_length(old) : 0;
    size_t i = n >= MAX_PREVIOUS ? n - MAX_PREVIOUS + 1 : 0;

    for (; i < n; i++) {
        json_object *one = json_object_array_get_idx(old, i);

        if (!is(json_object_get_string(one), hash))
            json_object_array_add(list, json_object_get(one));
    }
    return list;
}

static void move_default(json_object *release, const char *hash)
{
    json_object *list = previous_without(release, hash);
    const char *was = json_str(release, "default");

    if (was != NULL)
        json_object_array_add(list, json_object_new_string(was));
    json_set(release, "previous", list);
    json_set_str(release, "default", hash);
}

int release_set_default(json_object *release, const char *hash, int64_t now_ms,
                        struct err *e)
{
    TT_AUTO_FREE char *mine = xstrdup(hash); /* it may lie in the record */

    if (is(json_str(release, "default"), mine))
        return err_set(e, TT_EEXIST, "plugin %s: sha256:%.12s is the default "
                       "already", json_str(release, "id"), mine);
    if (is(json_str(json_child(release, "canary"), "hash"), mine))
        json_object_object_del(release, "canary");
    move_default(release, mine);
    changed(release, now_ms);
    return 0;
}

int release_start_canary(json_object *release, const struct release_canary *c,
                         int64_t now_ms, struct err *e)
{
    json_object *canary = json_child(release, "canary");
    const char *id = json_str(release, "id");

    if (canary != NULL)
        return err_set(e, TT_ECONFLICT, "plugin %s: sha256:%.12s is its canary "
                       "already; end that one first: trimtab plugin uncanary "
                       "%s", id, json_str(canary, "hash"), id);
    if (is(json_str(release, "default"), c->hash))
        return err_set(e, TT_ECONFLICT, "plugin %s: sha256:%.12s is the "
                       "default: nothing is left to try", id, c->hash);
    canary = json_object_new_object();
    json_set_str(canary, "hash", c->hash);
    json_set_str(canary, "actor", c->actor);
    json_set_int(canary, "percent", c->percent);
    json_set_int(canary, "runs", c->runs);
    json_set_int(canary, "max_failed", c->max_failed);
    json_set_int(canary, "started", 0);
    json_set_int(canary, "good", 0);
    json_set_int(canary, "failed", 0);
    json_set_int(canary, "since_ms", now_ms);
    json_set(release, "canary", canary);
    changed(release, now_ms);
    return 0;
}

int release_stop_canary(json_object *release, int64_t now_ms, struct err *e)
{
    if (json_child(release, "canary") == NULL)
        return err_set(e, TT_ENOENT, "plugin %s: has no canary",
                       json_str(release, "id"));
    json_object_object_del(release, "canary");
    changed(release, now_ms);
    return 0;
}

int release_pin(json_object *release, const char *workflow, const char *hash,
                int64_t now_ms, struct err *e)
{
    json_object *pins = json_child(release, "pins");

    if (hash == NULL && json_child(pins, workflow) == NULL)
        return err_set(e, TT_ENOENT, "plugin %s: is not pinned for workflow %s",
                       json_str(release, "id"), workflow);
    if (hash == NULL)
        json_object_object_del(pins, workflow);
    else
        json_set_str(pins, workflow, hash);
    changed(release, now_ms);
    return 0;
}

/* --- what happened -------------------------------------------------------- */

static json_object *canary_of(json_object *release, const char *hash)
{
    json_object *canary = json_child(release, "canary");

    return is(json_str(canary, "hash"), hash) ? canary : NULL;
}

static int64_t count_up(json_object *canary, const char *key)
{
    int64_t n = json_int(canary, key, 0) + 1;

    json_set_int(canary, key, n);
    return n;
}

void release_started(json_object *release, const char *hash)
{
    json_object *canary = canary_of(release, hash);

    if (canary != NULL)
        (void)count_up(canary, "started");
}

enum release_change release_ended(json_object *release, const char *hash,
                                  bool good, int64_t now_ms)
{
    json_object *canary = canary_of(release, hash);

    if (canary == NULL)
        return RELEASE_SAME;
    if (!good && count_up(canary, "failed") > json_int(canary, "max_failed", 0)) {
        json_object_object_del(release, "canary");
        changed(release, now_ms);
        return RELEASE_TAKEN_BACK;
    }
    if (!good || count_up(canary, "good") < json_int(canary, "runs", 1))
        return RELEASE_SAME;
    (void)release_set_default(release, hash, now_ms, NULL);
    return RELEASE_PROMOTED;
}

static void drop_pins(json_object *release, const char *hash)
{
    json_object *kept = json_object_new_object();

    json_object_object_foreach(json_child(release, "pins"), workflow, pin)
    {
        if (!is(json_object_get_string(pin), hash))
            json_set(kept, workflow, json_object_get(pin));
    }
    json_set(release, "pins", kept);
}

/* The newest of what was the default before; NULL: none is fit. */
static const char *fit_previous(json_object *release, const char *hash,
                                release_usable_fn *usable, void *ctx)
{
    json_object *list = json_child(release, "previous");
    size_t i = list != NULL ? json_object_array_length(list) : 0;
    const char *one;

    while (i-- > 0) {
        one = json_object_get_string(json_object_array_get_idx(list, i));
        if (one != NULL && !is(one, hash) && usable(ctx, one))
            return one;
    }
    return NULL;
}

enum release_change release_condemn(json_object *release, const char *hash,
                                    release_usable_fn *usable, void *ctx,
                                    int64_t now_ms)
{
    enum release_change change = RELEASE_SAME;
    TT_AUTO_FREE char *old = NULL;

    if (canary_of(release, hash) != NULL) {
        json_object_object_del(release, "canary");
        change = RELEASE_TAKEN_BACK;
    }
    if (is(json_str(release, "default"), hash)) {
        const char *fit = fit_previous(release, hash, usable, ctx);

        if (fit != NULL) {
            old = xstrdup(fit);
            json_set(release, "previous", previous_without(release, old));
            json_set_str(release, "default", old);
            change = RELEASE_RESTORED;
        }
    }
    drop_pins(release, hash);
    changed(release, now_ms);
    return change;
}
