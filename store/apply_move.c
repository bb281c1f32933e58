/* SPDX-License-Identifier: MIT
 *
 * apply_move.c - promote and rollback: compare, then pointer, move record and
 * audit event together. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "store/apply_move.h"
#include "store/key.h"
#include "store/pointer.h"
#include "store/view.h"

void version_checksum(json_object *document, char *out)
{
    json_object *stated = NULL;
    struct buf text = { 0 };
    char hex[CRYPT_HEX_BYTES];

    if (json_object_object_get_ex(document, "checksum", &stated)) {
        json_object_get(stated);
        json_object_object_del(document, "checksum");
    }
    json_canonical(document, &text);
    crypt_sha256_hex(text.data, text.len, hex);
    snprintf(out, sizeof "sha256:" - 1 + CRYPT_HEX_BYTES, "sha256:%s", hex);
    buf_fini(&text);
    if (stated != NULL)
        json_set(document, "checksum", stated);
}

/* A move in the making. */
struct moving {
    struct group *g;
    struct store_batch *b;
    struct step *step;
    const struct store_move *move;
    struct store_key pointer_key;
    struct pointer pointer;
    uint64_t from, to;
    char *object; /* "workflow/node" */
};

static int read_pointer(struct moving *m, struct err *e)
{
    char where[KEY_TEXT_BYTES];
    struct buf bytes = { 0 };
    json_object *o;
    int rc = apply_see(m->g, m->b, &m->pointer_key, &bytes, e);

    if (rc == 0) {
        o = view_parse(&m->pointer_key, buf_str(&bytes), e);
        rc = o == NULL ? TT_ECORRUPT
                       : pointer_read(o, key_text(&m->pointer_key, where),
                                      &m->pointer, e);
        json_object_put(o);
    }
    buf_fini(&bytes);
    return rc == TT_ENOENT ? 0 : rc; /* none yet: all zeros */
}

static const char *active_text(const struct pointer *p, char out[32])
{
    if (p->active == 0)
        return "none";
    snprintf(out, 32, "v%" PRIu64, p->active);
    return out;
}

static int compare(const struct moving *m, struct err *e)
{
    const struct store_move *move = m->move;
    char is[32], expected[32];
    struct pointer p = { .active = move->expect_version };

    if (!move->expect || move->expect_version == m->pointer.active)
        return 0;
    return err_set(e, TT_ECONFLICT, "%s: the active version in %s is %s, not "
                   "%s: look again and decide", m->object, move->environment,
                   active_text(&m->pointer, is), active_text(&p, expected));
}

/* The version that a move to 0 means. */
static int resolve(struct moving *m, struct err *e)
{
    const struct store_move *move = m->move;
    size_t i;

    m->to = move->to;
    if (m->to != 0)
        return 0;
    if (move->rollback) {
        if (m->pointer.n == 0)
            return err_set(e, TT_ECONFLICT, "%s: nothing to roll back to in "
                           "%s", m->object, move->environment);
        m->to = m->pointer.stack[m->pointer.n - 1];
        return 0;
    }
    for (i = 0; i < m->b->n_steps && &m->b->steps[i] != m->step; i++) {
        const struct step *s = &m->b->steps[i];

        if (s->kind == STEP_VERSION &&
            strcmp(s->workflow, move->workflow) == 0 &&
            strcmp(s->node, move->node) == 0)
            m->to = s->number;
    }
    if (m->to == 0)
        return err_set(e, TT_EINVAL, "%s: the batch adds no version to move "
                       "to", m->object);
    return 0;
}

static int check_version(const struct moving *m, struct err *e)
{
    struct store_key key = { .kind = STORE_VERSION,
                             .part = { m->move->workflow, m->move->node },
                             .number = m->to };
    int rc = apply_has(m->g, m->b, &key, e);

    if (rc == 0)
        return err_set(e, TT_ENOENT, "%s: no version v%" PRIu64, m->object,
                       m->to);
    return rc < 0 ? rc : 0;
}

/* The event's detail: the caller's, and what happened. */
static int write_event(struct moving *m, bool unchanged, struct err *e)
{
    const struct store_move *move = m->move;
    json_object *detail = move->detail != NULL ? json_copy(move->detail)
                                               : json_object_new_object();
    struct audit_event event = { move->actor,
                                 move->rollback ? "rollback" : "promote",
                                 m->object, detail };
    int rc;

    json_set_str(detail, "environment", move->environment);
    json_set_str(detail, "reason", move->reason);
    json_set_int(detail, "from", (int64_t)m->from);
    json_set_int(detail, "to", (int64_t)m->to);
    json_set_int(detail, "generation", (int64_t)m->pointer.generation);
    if (unchanged)
        json_set_bool(detail, "unchanged", true);
    rc = audit_append(&m->g->head, m->b, &event, e);
    json_object_put(detail);
    return rc;
}

static int write_document(struct moving *m, const struct store_key *key,
                          json_object *document, struct err *e)
{
    struct buf text = { 0 };
    int rc;

    json_canonical(document, &text);
    rc = batch_add_op(m->b, key, buf_str(&text), e);
    buf_fini(&text);
    json_object_put(document);
    return rc;
}

static json_object *move_document(const struct moving *m)
{
    json_object *o = json_object_new_object();
    char at[25];

    clock_format(clock_wall_ms(), at);
    json_set_int(o, "from", (int64_t)m->from);
    json_set_int(o, "to", (int64_t)m->to);
    json_set_str(o, "actor", m->move->actor);
    json_set_str(o, "reason", m->move->reason);
    json_set_str(o, "at", at);
    json_set_bool(o, "rollback", m->move->rollback);
    json_set_int(o, "audit", (int64_t)m->g->head.sequence);
    return o;
}

static int write_move(struct moving *m, struct err *e)
{
    struct store_key key = m->pointer_key;
    int rc;

    if (m->move->rollback)
        pointer_rollback(&m->pointer, m->to);
    else
        pointer_promote(&m->pointer, m->to);
    rc = write_event(m, false, e);
    if (rc == 0)
        rc = write_document(m, &m->pointer_key, pointer_document(&m->pointer),
                            e);
    key.kind = STORE_MOVE;
    key.number = m->pointer.generation;
    if (rc == 0)
        rc = write_document(m, &key, move_document(m), e);
    m->step->has_moved = true;
    return rc;
}

int apply_move(struct group *g, struct store_batch *b, struct step *step,
               struct err *e)
{
    struct moving m = {
        .g = g, .b = b, .step = step, .move = &step->move,
        .pointer_key = { .kind = STORE_POINTER,
                         .part = { step->move.workflow, step->move.node,
                                   step->move.environment } },
    };
    int rc;

    m.object = xasprintf("%s/%s", step->move.workflow, step->move.node);
    rc = read_pointer(&m, e);
    m.from = m.pointer.active;
    if (rc == 0)
        rc = compare(&m, e);
    if (rc == 0)
        rc = resolve(&m, e);
    if (rc == 0)
        rc = check_version(&m, e);
    if (rc == 0)
        rc = m.to == m.from ? write_event(&m, true, e) : write_move(&m, e);
    step->moved = (struct store_moved){
        .active = m.pointer.active,
        .previous = m.pointer.previous,
        .generation = m.pointer.generation,
        .audit = g->head.sequence,
    };
    free(m.object);
    return rc;
}
