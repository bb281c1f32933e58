/* SPDX-License-Identifier: MIT
 *
 * store_parts_test.c - the store's small parts by themselves: keys, records,
 * pending ops, pointers, the anchor file, and a writer whose disk fails. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "store/internal.h"
#include "store/key.h"
#include "store/pending.h"
#include "store/pointer.h"
#include "store/record.h"
#include "tests/unit/store_helper.h"
#include "tests/unit/tap.h"

/* --- keys ---------------------------------------------------------------- */

static void every_kind_has_a_name_and_a_tag_of_its_own(void)
{
    int i, j;

    for (i = 0; i < STORE_N_KINDS; i++) {
        const struct kind_info *a = kind_info((enum store_kind)i);

        CU_ASSERT_TRUE(a->tag != 0 && a->n_parts <= 3);
        CU_ASSERT_TRUE(a->family < N_FAMILIES);
        CU_ASSERT_TRUE(!a->is_dense || a->has_number);
        for (j = 0; j < i; j++) {
            const struct kind_info *b = kind_info((enum store_kind)j);

            CU_ASSERT_TRUE(a->family != b->family || a->tag != b->tag);
            CU_ASSERT_TRUE(strcmp(a->name, b->name) != 0);
        }
    }
    CU_ASSERT_STRING_EQUAL(store_kind_name(STORE_RUN_OF), "run_of");
}

static void keys_come_back_from_their_bytes(void)
{
    struct store_key key = { .kind = STORE_MOVE, .number = 258,
                             .part = { "w", "", "e" } }, back;
    static const char expected[] = "mw\0\0e\0\0\0\0\0\0\0\1\2";
    struct buf b = { 0 };
    size_t n;

    CU_ASSERT_EQUAL(key_encode(&key, &b, NULL), 0);
    CU_ASSERT_EQUAL(b.len, sizeof expected - 1);
    CU_ASSERT_EQUAL(memcmp(b.data, expected, b.len), 0);
    CU_ASSERT_TRUE(key_decode(FAMILY_VERSIONS, buf_str(&b), &back));
    CU_ASSERT_EQUAL(back.kind, STORE_MOVE);
    CU_ASSERT_STRING_EQUAL(back.part[1], "");
    CU_ASSERT_STRING_EQUAL(back.part[2], "e");
    CU_ASSERT_EQUAL(back.number, 258);
    for (n = 0; n < b.len; n++) {
        struct tt_str cut = { b.data, n };

        CU_ASSERT_FALSE(key_decode(FAMILY_VERSIONS, cut, &back));
    }
    buf_add(&b, "x", 1);
    CU_ASSERT_FALSE(key_decode(FAMILY_VERSIONS, buf_str(&b), &back));
    CU_ASSERT_FALSE(key_decode(FAMILY_LOGS, buf_str(&b), &back));
    buf_fini(&b);
}

/* --- records ------------------------------------------------------------- */

static void a_record_is_bound_to_its_key_and_its_bytes(void)
{
    struct tt_str key = tt_str_of("k"), other = tt_str_of("l"), bytes;
    struct tt_str content = tt_str_of("hello");
    struct buf b = { 0 };
    struct err e = { 0 };
    size_t i;

    record_seal(1, key, content, &b);
    CU_ASSERT_EQUAL(b.len, 5 + RECORD_HEADER);
    CU_ASSERT_EQUAL(record_open(1, key, buf_str(&b), &bytes, &e), 0);
    CU_ASSERT_TRUE(tt_str_equal(bytes, content));
    CU_ASSERT_EQUAL(record_open(2, key, buf_str(&b), &bytes, &e), TT_ECORRUPT);
    CU_ASSERT_EQUAL(record_open(1, other, buf_str(&b), &bytes, &e),
                    TT_ECORRUPT);
    for (i = 0; i < b.len; i++) {
        struct tt_str cut = { b.data, i };

        b.data[i] ^= 1;
        CU_ASSERT_EQUAL(record_open(1, key, buf_str(&b), &bytes, &e),
                        TT_ECORRUPT);
        b.data[i] ^= 1;
        CU_ASSERT_EQUAL(record_open(1, key, cut, &bytes, &e), TT_ECORRUPT);
    }
    buf_fini(&b);
}

/* --- pending ops --------------------------------------------------------- */

static void pending_finds_the_newest_of_many(void)
{
    struct pending p = { 0 };
    char keys[1000][8];
    size_t i;

    for (i = 0; i < 2000; i++) {
        struct kv_op op = { .family = (int)i % 3, .is_put = i >= 1000 };

        snprintf(keys[i % 1000], sizeof keys[0], "%zu", i % 1000);
        op.key = tt_str_of(keys[i % 1000]);
        op.family = (int)(i % 1000) % 3;
        pending_add(&p, &op);
    }
    for (i = 0; i < 1000; i++) {
        const struct kv_op *op = pending_find(&p, (int)i % 3,
                                              tt_str_of(keys[i]));

        CU_ASSERT_TRUE(op != NULL && op->is_put);
        CU_ASSERT_PTR_NULL(pending_find(&p, 3, tt_str_of(keys[i])));
    }
    pending_reset(&p);
    CU_ASSERT_PTR_NULL(pending_find(&p, 0, tt_str_of("0")));
    pending_fini(&p);
}

/* --- pointers ------------------------------------------------------------ */

static int read_text(const char *text, struct pointer *p)
{
    json_object *o = json_tokener_parse(text);
    int rc = pointer_read(o, "it", p, NULL);

    json_object_put(o);
    return rc;
}

static void a_pointer_document_is_checked(void)
{
    static const char *const bad[] = {
        "{}",
        "{\"active\":0,\"previous\":0,\"generation\":1,\"stack\":[]}",
        "{\"active\":1,\"previous\":-1,\"generation\":1,\"stack\":[]}",
        "{\"active\":1,\"previous\":0,\"generation\":0,\"stack\":[]}",
        "{\"active\":1,\"previous\":0,\"generation\":1,\"stack\":{}}",
        "{\"active\":1,\"previous\":0,\"generation\":1,\"stack\":[0]}",
        "{\"active\":1,\"previous\":0,\"generation\":1,\"stack\":[\"x\"]}",
    };
    struct pointer p, q;
    json_object *o;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++)
        CU_ASSERT_EQUAL(read_text(bad[i], &p), TT_ECORRUPT);
    memset(&p, 0, sizeof p);
    for (i = 1; i <= POINTER_MAX_STACK + 5; i++)
        pointer_promote(&p, i);
    CU_ASSERT_EQUAL(p.n, POINTER_MAX_STACK);
    CU_ASSERT_EQUAL(p.stack[0], 5);
    o = pointer_document(&p);
    CU_ASSERT_EQUAL(pointer_read(o, "it", &q, NULL), 0);
    CU_ASSERT_EQUAL(memcmp(&p, &q, sizeof p), 0);
    json_object_put(o);
    pointer_rollback(&p, 50);
    CU_ASSERT_EQUAL(p.active, 50);
    CU_ASSERT_EQUAL(p.stack[p.n - 1], 49);
}

/* --- the anchor ---------------------------------------------------------- */

static struct anchor_state state_of(uint64_t sequence)
{
    struct anchor_state state = { .sequence = sequence };

    state.head.sequence = sequence / 2;
    memset(state.head.hash, (int)sequence, sizeof state.head.hash);
    return state;
}

static uint64_t read_anchor(const char *path)
{
    struct anchor *a = anchor_open(path, true, NULL);
    struct anchor_state state = { 0 }, expected;

    if (a != NULL) {
        state = anchor_state(a);
        expected = state_of(state.sequence);
        CU_ASSERT_EQUAL(memcmp(&state, &expected, sizeof state), 0);
    }
    anchor_close(a);
    return state.sequence;
}

static void garble(const char *path, off_t at)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    CU_ASSERT_EQUAL(pwrite(fd, "!", 1, at), 1);
    close(fd);
}

static void a_torn_slot_leaves_the_other(void)
{
    TT_AUTO_FREE char *path = scratch_path("anchor");
    struct anchor_state state = state_of(1);
    struct err e = { 0 };
    struct anchor *a;
    uint64_t i;

    CU_ASSERT_PTR_NULL(anchor_open(path, false, &e));
    CU_ASSERT_EQUAL(e.code, TT_ENOENT);
    CU_ASSERT_EQUAL(anchor_create(path, &state, &e), 0);
    CU_ASSERT_EQUAL(read_anchor(path), 1);
    a = anchor_open(path, false, &e);
    for (i = 2; i <= 7; i++) {
        state = state_of(i);
        CU_ASSERT_EQUAL(anchor_move(a, &state, i % 2 == 0, &e), 0);
        CU_ASSERT_EQUAL(read_anchor(path), i);
    }
    anchor_close(a);
    garble(path, 4096 + 40); /* the newer */
    CU_ASSERT_EQUAL(read_anchor(path), 6);
    a = anchor_open(path, false, &e);
    state = state_of(8);
    CU_ASSERT_EQUAL(anchor_move(a, &state, true, &e), 0);
    anchor_close(a);
    CU_ASSERT_EQUAL(read_anchor(path), 8); /* the torn one is mended */
    garble(path, 40);
    garble(path, 4096 + 40);
    CU_ASSERT_PTR_NULL(anchor_open(path, false, &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
    CU_ASSERT_EQUAL(truncate(path, 0), 0);
    CU_ASSERT_PTR_NULL(anchor_open(path, false, &e));
}

/* --- a disk that fails --------------------------------------------------- */

static struct kv_methods failing_methods;
static int (*good_write)(struct kv *kv, const struct kv_op *ops, size_t n,
                         bool sync, struct err *e);
static atomic_int fail_in; /* 0: never; n: the n-th write from now on */
static atomic_size_t most_ops;

static int maybe_write(struct kv *kv, const struct kv_op *ops, size_t n,
                       bool sync, struct err *e)
{
    if (n > atomic_load(&most_ops))
        atomic_store(&most_ops, n);
    if (atomic_load(&fail_in) > 0 && atomic_fetch_sub(&fail_in, 1) == 1)
        return err_set(e, TT_EIO, "the disk said no");
    if (sync)
        usleep(2000); /* an fsync: long enough for a queue to form */
    return good_write(kv, ops, n, sync, e);
}

static struct store *open_failing(void)
{
    struct store_options options = { .backend = "memory" };
    struct kv *kv = kv_memory_open();

    good_write = kv->methods->write;
    failing_methods = *kv->methods;
    failing_methods.write = maybe_write;
    kv->methods = &failing_methods;
    atomic_store(&fail_in, 0);
    atomic_store(&most_ops, 0);
    return store_over(kv, &options, NULL);
}

static void after_a_failed_write_nothing_is_written(void)
{
    struct store *s = open_failing();
    struct store_batch *b = store_batch_create();
    struct err e = { 0 };

    CU_ASSERT_EQUAL(put_run(s, "r-1"), 0);
    atomic_store(&fail_in, 1);
    store_put(b, key_run("r-2"), tt_str_of("{}"));
    CU_ASSERT_EQUAL(store_commit(s, b, &e), TT_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "the disk said no"));
    CU_ASSERT_EQUAL(store_writable(s, &e), TT_EIO);
    CU_ASSERT_EQUAL(put_run(s, "r-3"), TT_EIO); /* the disk would say yes */
    CU_ASSERT_EQUAL(get_code(s, key_run("r-3")), TT_ENOENT);
    CU_ASSERT_EQUAL(get_code(s, key_run("r-1")), 0); /* reading goes on */
    CU_ASSERT_EQUAL(add_version(s, 1), 0);
    store_close(s);
}

static struct store *shared;
static atomic_int n_failed, n_done;

static void *put_some(void *arg)
{
    const char *run = arg;
    int i;

    for (i = 0; i < 10; i++) {
        int rc = put_text(shared, key_candidate(run, (uint64_t)i), "{}");

        atomic_fetch_add(rc == TT_EIO ? &n_failed : &n_done, 1);
    }
    return NULL;
}

static void run_put_some(void)
{
    static char names[8][16];
    pthread_t threads[8];
    int i;

    atomic_store(&n_failed, 0);
    atomic_store(&n_done, 0);
    for (i = 0; i < 8; i++) {
        snprintf(names[i], sizeof names[i], "r-%d", i);
        pthread_create(&threads[i], NULL, put_some, names[i]);
    }
    for (i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}

static void waiting_batches_share_a_write(void)
{
    shared = open_failing();
    run_put_some();
    CU_ASSERT_EQUAL(atomic_load(&n_done), 80);
    CU_ASSERT_TRUE(atomic_load(&most_ops) > 1);
    CU_ASSERT_TRUE(atomic_load(&most_ops) <= 8);
    store_close(shared);
}

static void all_of_a_failed_group_are_told(void)
{
    shared = open_failing();
    atomic_store(&fail_in, 5);
    run_put_some();
    CU_ASSERT_TRUE(atomic_load(&n_failed) > 0);
    CU_ASSERT_EQUAL(atomic_load(&n_failed) + atomic_load(&n_done), 80);
    store_close(shared);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        { "every kind has a name and a tag of its own",
          every_kind_has_a_name_and_a_tag_of_its_own },
        { "keys come back from their bytes", keys_come_back_from_their_bytes },
        { "a record is bound to its key and its bytes",
          a_record_is_bound_to_its_key_and_its_bytes },
        { "pending finds the newest of many",
          pending_finds_the_newest_of_many },
        { "a pointer document is checked", a_pointer_document_is_checked },
        { "a torn slot leaves the other", a_torn_slot_leaves_the_other },
        { "after a failed write nothing is written",
          after_a_failed_write_nothing_is_written },
        { "waiting batches share a write", waiting_batches_share_a_write },
        { "all of a failed group are told", all_of_a_failed_group_are_told },
        CU_TEST_INFO_NULL,
    };
    int rc;

    scratch_make();
    rc = tap_run("store_parts", tests);
    scratch_remove();
    return rc;
}
