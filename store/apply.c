/* SPDX-License-Identifier: MIT
 *
 * apply.c - expectations, version numbers and events of a batch. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "store/apply.h"
#include "store/apply_move.h"
#include "store/key.h"
#include "store/record.h"
#include "store/view.h"

/* --- the state that a batch sees ----------------------------------------- */

/* The newest op for the key among the batch's own and the group's. */
static const struct kv_op *find_op(const struct group *g,
                                   const struct store_batch *b, int family,
                                   struct tt_str key)
{
    size_t i;

    for (i = b->n_ops; i-- > 0;) {
        if (b->ops[i].family == family && tt_str_equal(b->ops[i].key, key))
            return &b->ops[i];
    }
    return pending_find(&g->pending, family, key);
}

static int see_bytes(struct group *g, const struct store_batch *b, int family,
                     struct tt_str key, struct buf *out, struct err *e)
{
    const struct kv_op *op = find_op(g, b, family, key);

    if (op == NULL)
        return view_get_bytes(g->kv, NULL, family, key, out, e);
    if (!op->is_put)
        return TT_ENOENT;
    buf_add(out, op->value.p + RECORD_HEADER,
            (size_t)op->value.n - RECORD_HEADER);
    return 0;
}

int apply_see(struct group *g, const struct store_batch *b,
              const struct store_key *key, struct buf *out, struct err *e)
{
    struct buf bytes = { 0 };
    int rc = key_encode(key, &bytes, e);

    if (rc == 0)
        rc = see_bytes(g, b, kind_info(key->kind)->family, buf_str(&bytes),
                       out, e);
    buf_fini(&bytes);
    return rc;
}

int apply_has(struct group *g, const struct store_batch *b,
              const struct store_key *key, struct err *e)
{
    struct buf bytes = { 0 };
    int rc = apply_see(g, b, key, &bytes, e);

    buf_fini(&bytes);
    return rc == TT_ENOENT ? 0 : rc == 0 ? 1 : rc;
}

/* --- steps --------------------------------------------------------------- */

static int check_expectation(struct group *g, const struct store_batch *b,
                             const struct step *step, struct err *e)
{
    struct buf bytes = { 0 };
    char text[KEY_TEXT_BYTES];
    struct store_key key;
    int rc = see_bytes(g, b, step->op.family, step->op.key, &bytes, e);

    buf_fini(&bytes);
    if (rc != 0 && rc != TT_ENOENT)
        return rc;
    if ((rc == 0) == (step->kind == STEP_EXPECT_PRESENT))
        return 0;
    TT_ASSERT(key_decode(step->op.family, step->op.key, &key));
    if (rc == 0)
        return err_set(e, TT_EEXIST, "store: %s exists already",
                       key_text(&key, text));
    return err_set(e, TT_ENOENT, "store: no %s", key_text(&key, text));
}

/* Put "version" and "checksum" into the document and write it. */
static int write_version(struct store_batch *b, struct step *step,
                         const struct store_key *key, struct err *e)
{
    char text[sizeof "sha256:" + CRYPT_HEX_BYTES];
    struct buf bytes = { 0 };
    int rc;

    snprintf(text, sizeof text, "v%" PRIu64, key->number);
    json_set_str(step->document, "version", text);
    version_checksum(step->document, text);
    json_set_str(step->document, "checksum", text);
    json_canonical(step->document, &bytes);
    rc = batch_add_op(b, key, buf_str(&bytes), e);
    buf_fini(&bytes);
    step->number = key->number;
    return rc;
}

static int apply_version(struct group *g, struct store_batch *b,
                         struct step *step, struct err *e)
{
    struct store_key key = { .kind = STORE_VERSION,
                             .part = { step->workflow, step->node } };
    uint64_t last;
    int rc = view_last(g->kv, NULL, &key, &last, e);

    /* what is in the database, then what is on its way there */
    for (key.number = last + 1; rc == 0; key.number++) {
        rc = apply_has(g, b, &key, e);
        if (rc == 0)
            return write_version(b, step, &key, e);
        if (rc > 0)
            rc = 0;
    }
    return rc;
}

static int apply_audit(struct group *g, struct store_batch *b,
                       const struct step *step, struct err *e)
{
    struct audit_event event = { step->actor, step->action, step->object,
                                 step->document };

    return audit_append(&g->head, b, &event, e);
}

/* A loaded event must be the next link of the chain. */
static int apply_write(struct group *g, struct store_batch *b,
                       const struct step *step, struct err *e)
{
    struct store_key key;
    int rc = 0;

    if (b->is_raw && step->op.family == FAMILY_AUDIT) {
        struct tt_str bytes = { step->op.value.p + RECORD_HEADER,
                                step->op.value.n - RECORD_HEADER };

        TT_ASSERT(key_decode(FAMILY_AUDIT, step->op.key, &key));
        rc = audit_follow(&g->head, key.number, bytes, e);
    }
    if (rc == 0)
        batch_push_op(b, &step->op);
    return rc;
}

static int apply_step(struct group *g, struct store_batch *b,
                      struct step *step, struct err *e)
{
    switch (step->kind) {
    case STEP_EXPECT_ABSENT:
    case STEP_EXPECT_PRESENT:
        return 0; /* done before all others */
    case STEP_WRITE:
        return apply_write(g, b, step, e);
    case STEP_AUDIT:
        return apply_audit(g, b, step, e);
    case STEP_VERSION:
        return apply_version(g, b, step, e);
    case STEP_MOVE:
        return apply_move(g, b, step, e);
    }
    return err_set(e, TT_EINTERNAL, "store: step %d", (int)step->kind);
}

static bool is_expectation(const struct step *step)
{
    return step->kind == STEP_EXPECT_ABSENT ||
           step->kind == STEP_EXPECT_PRESENT;
}

int apply_batch(struct group *g, struct store_batch *b, struct err *e)
{
    struct audit_head head = g->head;
    size_t i;
    int rc = 0;

    /* An expectation is about what was there before the batch, wherever in
     * the batch it was said. */
    for (i = 0; i < b->n_steps && rc == 0; i++) {
        if (is_expectation(&b->steps[i]))
            rc = check_expectation(g, b, &b->steps[i], e);
    }
    for (i = 0; i < b->n_steps && rc == 0; i++)
        rc = apply_step(g, b, &b->steps[i], e);
    if (rc != 0) {
        g->head = head;
        return rc;
    }
    for (i = 0; i < b->n_ops; i++)
        pending_add(&g->pending, &b->ops[i]);
    return 0;
}
