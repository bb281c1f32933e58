/* SPDX-License-Identifier: MIT
 *
 * batch.c - gather changes. Calls return nothing: the first thing that is
 * wrong is kept, and store_commit() tells it. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "store/batch.h"
#include "store/key.h"
#include "store/meta.h"
#include "store/record.h"

struct store_batch *store_batch_create(void)
{
    return xcalloc(1, sizeof(struct store_batch));
}

void store_batch_destroy(struct store_batch *b)
{
    size_t i;

    if (b == NULL)
        return;
    for (i = 0; i < b->n_steps; i++)
        json_object_put(b->steps[i].document);
    free(b->steps);
    free(b->ops);
    arena_fini(&b->arena);
    free(b);
}

bool store_batch_empty(const struct store_batch *b)
{
    return b->n_steps == 0;
}

static struct step *add_step(struct store_batch *b, enum step_kind kind)
{
    struct step *step;

    if (b->n_steps == b->cap_steps) {
        b->cap_steps = b->cap_steps != 0 ? 2 * b->cap_steps : 8;
        b->steps = xrealloc(b->steps, b->cap_steps, sizeof *b->steps);
    }
    step = &b->steps[b->n_steps++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    return step;
}

/* The first error is the one that explains the others. */
static struct err *error_of(struct store_batch *b)
{
    return b->error.code == 0 ? &b->error : NULL;
}

static const char *copy(struct store_batch *b, const char *text)
{
    return text != NULL ? arena_str(&b->arena, tt_str_of(text)).p : NULL;
}

static int encode(struct store_batch *b, const struct store_key *key,
                  struct tt_str *out, struct err *e)
{
    struct buf bytes = { 0 };
    int rc = key_encode(key, &bytes, e);

    if (rc == 0)
        *out = arena_str(&b->arena, buf_str(&bytes));
    buf_fini(&bytes);
    return rc;
}

static void seal(struct store_batch *b, struct kv_op *op, struct tt_str bytes)
{
    struct buf sealed = { 0 };

    record_seal(op->family, op->key, bytes, &sealed);
    op->value = arena_str(&b->arena, buf_str(&sealed));
    buf_fini(&sealed);
}

/* --- puts and deletes ---------------------------------------------------- */

/* Who may write this key? Versions do not change, pointers move in one way
 * only, and an audit trail that anybody can write is none. */
static int check_writable(const struct store_key *key, struct err *e)
{
    char text[KEY_TEXT_BYTES];

    if (kind_info(key->kind)->is_guarded || meta_is_reserved(key))
        return err_set(e, TT_EINVAL, "store: %s is written by the store "
                       "alone", key_text(key, text));
    return 0;
}

static int prepare(struct store_batch *b, const struct store_key *key,
                   struct kv_op *op, struct err *e)
{
    int rc = encode(b, key, &op->key, e);

    if (rc == 0)
        op->family = kind_info(key->kind)->family;
    return rc;
}

static int check_size(const struct store_key *key, uint64_t n, struct err *e)
{
    char text[KEY_TEXT_BYTES];

    if (n > RECORD_MAX_BYTES)
        return err_set(e, TT_ETOOBIG, "store: %s has %llu bytes, may have %zu",
                       key_text(key, text), (unsigned long long)n,
                       RECORD_MAX_BYTES);
    return 0;
}

static void put(struct store_batch *b, struct store_key key,
                struct tt_str bytes, bool raw)
{
    struct kv_op op = { .is_put = true };

    if (prepare(b, &key, &op, error_of(b)) != 0 ||
        (!raw && check_writable(&key, error_of(b)) != 0) ||
        check_size(&key, bytes.n, error_of(b)) != 0)
        return;
    seal(b, &op, bytes);
    b->bytes += (size_t)(op.key.n + op.value.n);
    add_step(b, STEP_WRITE)->op = op;
}

void store_put(struct store_batch *b, struct store_key key, struct tt_str bytes)
{
    put(b, key, bytes, false);
}

void batch_put_raw(struct store_batch *b, struct store_key key,
                   struct tt_str bytes)
{
    b->is_raw = true;
    b->is_anchored |= key.kind == STORE_AUDIT;
    put(b, key, bytes, true);
}

void store_put_json(struct store_batch *b, struct store_key key,
                    const json_object *document)
{
    struct buf text = { 0 };

    if (document == NULL) {
        err_set(error_of(b), TT_EINVAL, "store: a document is missing");
        return;
    }
    json_canonical(document, &text);
    put(b, key, buf_str(&text), false);
    buf_fini(&text);
}

void batch_delete_raw(struct store_batch *b, struct store_key key)
{
    struct kv_op op = { .is_put = false };

    if (prepare(b, &key, &op, error_of(b)) != 0)
        return;
    b->bytes += (size_t)op.key.n;
    add_step(b, STEP_WRITE)->op = op;
}

void store_delete(struct store_batch *b, struct store_key key)
{
    if ((unsigned)key.kind >= STORE_N_KINDS ||
        check_writable(&key, error_of(b)) == 0)
        batch_delete_raw(b, key); /* which refuses a kind that is none */
}

/* --- expectations -------------------------------------------------------- */

static void expect(struct store_batch *b, enum step_kind kind,
                   const struct store_key *key)
{
    struct kv_op op = { .is_put = false };

    if (prepare(b, key, &op, error_of(b)) == 0)
        add_step(b, kind)->op = op;
}

void store_expect_absent(struct store_batch *b, struct store_key key)
{
    expect(b, STEP_EXPECT_ABSENT, &key);
}

void store_expect_present(struct store_batch *b, struct store_key key)
{
    expect(b, STEP_EXPECT_PRESENT, &key);
}

/* --- the store's own records --------------------------------------------- */

static int need(struct store_batch *b, const char *what, const char *text)
{
    if (text != NULL && text[0] != 0)
        return 0;
    return err_set(error_of(b), TT_EINVAL, "store: %s is missing", what);
}

static int need_object(struct store_batch *b, const char *what,
                       const json_object *value)
{
    if (value == NULL || json_object_is_type(value, json_type_object))
        return 0;
    return err_set(error_of(b), TT_EINVAL, "store: %s must be an object", what);
}

void store_audit(struct store_batch *b, const char *actor, const char *action,
                 const char *object, const json_object *detail)
{
    struct step *step;

    if (need(b, "an audit event's actor", actor) != 0 ||
        need(b, "an audit event's action", action) != 0 ||
        need(b, "an audit event's object", object) != 0 ||
        need_object(b, "an audit event's detail", detail) != 0)
        return;
    step = add_step(b, STEP_AUDIT);
    step->actor = copy(b, actor);
    step->action = copy(b, action);
    step->object = copy(b, object);
    step->document = detail != NULL ? json_copy(detail) : NULL;
    b->is_anchored = true;
}

void store_version_add(struct store_batch *b, const char *workflow,
                       const char *node, const json_object *document,
                       uint64_t *number)
{
    struct step *step;

    if (need(b, "a version's workflow", workflow) != 0 ||
        need(b, "a version's node", node) != 0 ||
        need_object(b, "a version's document", document) != 0)
        return;
    if (document == NULL ||
        json_object_object_get_ex(document, "version", NULL) ||
        json_object_object_get_ex(document, "checksum", NULL)) {
        err_set(error_of(b), TT_EINVAL, "store: a version of %s/%s needs a "
                "document without \"version\" and \"checksum\"", workflow,
                node);
        return;
    }
    step = add_step(b, STEP_VERSION);
    step->workflow = copy(b, workflow);
    step->node = copy(b, node);
    step->document = json_copy(document);
    step->number_out = number;
}

void store_promote(struct store_batch *b, const struct store_move *move,
                   struct store_moved *out)
{
    struct step *step;

    if (need(b, "a move's workflow", move->workflow) != 0 ||
        need(b, "a move's node", move->node) != 0 ||
        need(b, "a move's environment", move->environment) != 0 ||
        need(b, "a move's actor", move->actor) != 0 ||
        need(b, "a move's reason", move->reason) != 0 ||
        need_object(b, "a move's detail", move->detail) != 0)
        return;
    step = add_step(b, STEP_MOVE);
    step->move = *move;
    step->move.workflow = copy(b, move->workflow);
    step->move.node = copy(b, move->node);
    step->move.environment = copy(b, move->environment);
    step->move.actor = copy(b, move->actor);
    step->move.reason = copy(b, move->reason);
    step->document = move->detail != NULL ? json_copy(move->detail) : NULL;
    step->move.detail = step->document;
    step->moved_out = out;
    b->is_anchored = true;
}

/* --- for the writer ------------------------------------------------------ */

void batch_push_op(struct store_batch *b, const struct kv_op *op)
{
    if (b->n_ops == b->cap_ops) {
        b->cap_ops = b->cap_ops != 0 ? 2 * b->cap_ops : 8;
        b->ops = xrealloc(b->ops, b->cap_ops, sizeof *b->ops);
    }
    b->ops[b->n_ops++] = *op;
}

int batch_add_op(struct store_batch *b, const struct store_key *key,
                 struct tt_str bytes, struct err *e)
{
    struct kv_op op = { .is_put = true };
    int rc = prepare(b, key, &op, e);

    if (rc == 0)
        rc = check_size(key, bytes.n, e);
    if (rc != 0)
        return rc;
    seal(b, &op, bytes);
    batch_push_op(b, &op);
    return 0;
}
