/* SPDX-License-Identifier: MIT
 *
 * check.c - is everything there, and does it agree? One walk over all
 * records of one snapshot. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "store/apply_move.h"
#include "store/internal.h"
#include "store/key.h"
#include "store/pointer.h"
#include "store/record.h"
#include "store/view.h"

#define MAX_PROBLEMS 1000 /* more say nothing more */

struct checking {
    struct kv *kv;
    struct kv_snapshot *at;
    int family;
    json_object *problems;
    uint64_t n_problems;
    struct buf before;   /* key of the record before, as bytes */
    struct buf run;      /* the run that was looked for last */
    struct buf pointer;  /* the same for moves */
    struct audit_head head;
};

static void problem(struct checking *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void problem(struct checking *c, const char *format, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (c->n_problems++ >= MAX_PROBLEMS)
        return;
    json_object_array_add(c->problems, json_object_new_string(text));
}

/* Errors of a look-up: a problem like any, said by its text. */
static bool has(struct checking *c, const struct store_key *key)
{
    struct err e = { 0 };
    int rc = view_has(c->kv, c->at, key, &e);

    if (rc < 0)
        problem(c, "%s", e.text);
    return rc != 0;
}

static void need_version(struct checking *c, const struct store_key *who,
                         const char *what, uint64_t number)
{
    struct store_key key = { .kind = STORE_VERSION, .number = number,
                             .part = { who->part[0], who->part[1] } };
    char text[KEY_TEXT_BYTES];

    if (!has(c, &key))
        problem(c, "%s: its %s, v%" PRIu64 ", does not exist",
                key_text(who, text), what, number);
}

/* --- numbers ------------------------------------------------------------- */

static bool same_parts(const struct store_key *a, const struct store_key *b)
{
    int i;

    if (a->kind != b->kind)
        return false;
    for (i = 0; i < kind_info(a->kind)->n_parts; i++) {
        if (strcmp(a->part[i], b->part[i]) != 0)
            return false;
    }
    return true;
}

/* The store's own numbers begin at 1; others may begin at 0. A log's entry
 * stands under the first of the positions that it takes: what lies between
 * two entries is theirs to say. */
static void check_gap(struct checking *c, const struct store_key *key)
{
    const struct kind_info *info = kind_info(key->kind);
    struct store_key before;
    char text[KEY_TEXT_BYTES];
    uint64_t expected = 1;

    if (key->kind == STORE_LOG)
        return;
    if (key_decode(c->family, buf_str(&c->before), &before) &&
        same_parts(key, &before))
        expected = before.number + 1;
    else if (key->number == 0 && !info->is_guarded)
        expected = 0;
    if (key->number == expected)
        return;
    if (key->number < expected)
        problem(c, "%s: numbers begin at 1", key_text(key, text));
    else
        problem(c, "%s: %" PRIu64 " before it %s missing, from %" PRIu64
                " on", key_text(key, text), key->number - expected,
                key->number - expected == 1 ? "is" : "are", expected);
}

/* --- what a kind promises ------------------------------------------------ */

static void check_run(struct checking *c, const struct store_key *key,
                      const char *run)
{
    struct store_key of = { .kind = STORE_RUN, .part = { run } };
    char text[KEY_TEXT_BYTES];

    if (c->run.len != 0 && strcmp(c->run.data, run) == 0)
        return;
    buf_reset(&c->run);
    buf_adds(&c->run, run);
    if (!has(c, &of))
        problem(c, "%s: its run is missing", key_text(key, text));
}

static void check_version(struct checking *c, const struct store_key *key,
                          json_object *o)
{
    char text[KEY_TEXT_BYTES], name[32], sum[CRYPT_HEX_BYTES + 8];
    const char *version = json_str(o, "version");
    const char *stated = json_str(o, "checksum");

    snprintf(name, sizeof name, "v%" PRIu64, key->number);
    if (version == NULL || strcmp(version, name) != 0)
        problem(c, "%s: calls itself %s", key_text(key, text),
                version != NULL ? version : "nothing");
    version_checksum(o, sum);
    if (stated == NULL || strcmp(stated, sum) != 0)
        problem(c, "%s: does not match the checksum it states",
                key_text(key, text));
}

static void check_pointer(struct checking *c, const struct store_key *key,
                          json_object *o)
{
    struct store_key moves = *key;
    char text[KEY_TEXT_BYTES];
    struct err e = { 0 };
    struct pointer p;
    uint64_t last;
    int i;

    if (pointer_read(o, key_text(key, text), &p, &e) != 0) {
        problem(c, "%s", e.text);
        return;
    }
    need_version(c, key, "active version", p.active);
    if (p.previous != 0)
        need_version(c, key, "previous version", p.previous);
    for (i = 0; i < p.n; i++)
        need_version(c, key, "predecessor", p.stack[i]);
    moves.kind = STORE_MOVE;
    if (view_last(c->kv, c->at, &moves, &last, &e) != 0)
        problem(c, "%s", e.text);
    else if (last != p.generation)
        problem(c, "%s: is of generation %" PRIu64 ", the last recorded move "
                "is %" PRIu64, text, p.generation, last);
}

static void check_move(struct checking *c, const struct store_key *key,
                       json_object *o)
{
    struct store_key event = { .kind = STORE_AUDIT };
    struct store_key pointer = *key;
    char text[KEY_TEXT_BYTES];

    event.number = (uint64_t)json_int(o, "audit", 0);
    if (!has(c, &event))
        problem(c, "%s: its audit event %" PRIu64 " is missing",
                key_text(key, text), event.number);
    need_version(c, key, "destination", (uint64_t)json_int(o, "to", 0));
    pointer.kind = STORE_POINTER;
    key_text(&pointer, text);
    if (c->pointer.len != 0 && strcmp(c->pointer.data, text) == 0)
        return;
    buf_reset(&c->pointer);
    buf_adds(&c->pointer, text);
    if (!has(c, &pointer))
        problem(c, "%s: is missing, its moves are there", text);
}

static void check_audit(struct checking *c, const struct store_key *key,
                        struct tt_str bytes)
{
    struct err e = { 0 };

    /* a gap has been reported; the chain is taken up again behind it */
    if (key->number != c->head.sequence + 1)
        audit_read(c->kv, c->at, key->number, &c->head, NULL);
    else if (audit_follow(&c->head, key->number, bytes, &e) != 0) {
        problem(c, "%s", e.text);
        audit_read(c->kv, c->at, key->number, &c->head, NULL);
    }
    c->head.sequence = key->number;
}

static void check_document(struct checking *c, const struct store_key *key,
                           struct tt_str bytes)
{
    struct err e = { 0 };
    json_object *o = view_parse(key, bytes, &e);

    if (o == NULL) {
        problem(c, "%s", e.text);
        return;
    }
    if (key->kind == STORE_VERSION)
        check_version(c, key, o);
    else if (key->kind == STORE_POINTER)
        check_pointer(c, key, o);
    else if (key->kind == STORE_MOVE)
        check_move(c, key, o);
    json_object_put(o);
}

/* --- the walk ------------------------------------------------------------ */

static int check_record(void *ctx, struct tt_str key, struct tt_str value)
{
    struct checking *c = ctx;
    const struct kind_info *info;
    struct err e = { 0 };
    struct store_key k;
    struct tt_str bytes;

    if (!key_decode(c->family, key, &k)) {
        problem(c, "family %s: has a key that is none", family_name(c->family));
        return 0;
    }
    info = kind_info(k.kind);
    if (info->is_dense)
        check_gap(c, &k);
    buf_reset(&c->before);
    buf_add(&c->before, key.p, (size_t)key.n);
    if (record_open(c->family, key, value, &bytes, &e) != 0) {
        problem(c, "%s", e.text);
        return 0;
    }
    if (!info->is_bytes)
        check_document(c, &k, bytes);
    if (info->is_of_run)
        check_run(c, &k, k.part[0]);
    else if (k.kind == STORE_RUN_OF)
        check_run(c, &k, k.part[1]);
    else if (k.kind == STORE_AUDIT)
        check_audit(c, &k, bytes);
    return 0;
}

int check_records(struct kv *kv, json_object *problems, struct err *e)
{
    struct checking c = { .kv = kv, .problems = problems };

    (void)e;
    c.at = kv->methods->snapshot(kv);
    for (c.family = 0; c.family < N_FAMILIES; c.family++) {
        struct kv_range range = { .family = c.family };
        struct err why = { 0 };

        buf_reset(&c.before);
        buf_reset(&c.run);
        if (kv->methods->scan(kv, c.at, &range, check_record, &c, &why) != 0)
            problem(&c, "family %s: cannot be read to its end: %s",
                    family_name(c.family), why.text);
    }
    kv->methods->release(kv, c.at);
    buf_fini(&c.before);
    buf_fini(&c.run);
    buf_fini(&c.pointer);
    if (c.n_problems > MAX_PROBLEMS) {
        char text[64];

        snprintf(text, sizeof text, "and %" PRIu64 " more problems",
                 c.n_problems - MAX_PROBLEMS);
        json_object_array_add(problems, json_object_new_string(text));
    }
    return 0;
}

/* --- the whole store ----------------------------------------------------- */

static void add_problem(json_object *problems, const char *text)
{
    json_object_array_add(problems, json_object_new_string(text));
}

/* Beside a daemon that writes, the anchor is only read when the store is
 * opened, before the database is: it cannot be ahead by honest means. */
static void check_files(struct store *s, json_object *problems)
{
    struct err e = { 0 };

    if (s->kv->damage != NULL)
        add_problem(problems, s->kv->damage);
    if (s->path == NULL)
        return;
    if (s->anchor == NULL)
        add_problem(problems, "the anchor is missing or damaged");
    else if (s->read_only && anchor_check(s->anchor, s->kv, &e) != 0)
        add_problem(problems, e.text);
}

int store_check(struct store *s, json_object **problems, struct err *e)
{
    int rc;

    *problems = json_object_new_array();
    check_files(s, *problems);
    rc = check_records(s->kv, *problems, e);
    if (rc != 0) {
        json_object_put(*problems);
        *problems = NULL;
    }
    return rc;
}
