/* SPDX-License-Identifier: MIT
 *
 * store_threads_test.c - many threads, one order: group commit, the audit
 * chain, and compare-and-swap races. */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/store_helper.h"
#include "tests/unit/tap.h"

#define N_THREADS 8
#define N_ROUNDS 12

static struct store *(*backend)(void);

static struct store *fresh_rocksdb(void)
{
    static int n;
    char name[32];
    TT_AUTO_FREE char *path = NULL;

    snprintf(name, sizeof name, "c%d", n++);
    path = scratch_path(name);
    return open_rocksdb(path);
}

/* CUnit's asserts are for one thread: the others count. */
struct worker {
    struct store *s;
    int id;
    unsigned failures, won, lost;
};

static void run_all(struct store *s, struct worker *w, void *(*fn)(void *))
{
    pthread_t threads[N_THREADS];
    int i;

    for (i = 0; i < N_THREADS; i++) {
        w[i] = (struct worker){ .s = s, .id = i };
        pthread_create(&threads[i], NULL, fn, &w[i]);
    }
    for (i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    for (i = 0; i < N_THREADS; i++)
        CU_ASSERT_EQUAL(w[i].failures, 0);
}

/* --- group commit -------------------------------------------------------- */

static void *append(void *arg)
{
    struct worker *w = arg;
    char run[16];
    int i;

    snprintf(run, sizeof run, "r-%d", w->id);
    w->failures += put_run(w->s, run) != 0;
    for (i = 0; i < N_ROUNDS; i++) {
        struct store_batch *b = store_batch_create();

        store_expect_present(b, key_run(run));
        store_expect_absent(b, key_candidate(run, (uint64_t)i));
        store_put(b, key_candidate(run, (uint64_t)i), tt_str_of("{}"));
        store_put(b, key_log(run, (uint64_t)i), tt_str_of(run));
        store_audit(b, run, "candidate.add", run, NULL);
        w->failures += store_commit(w->s, b, NULL) != 0;
        /* what was acknowledged is there to be read */
        w->failures += get_code(w->s, key_log(run, (uint64_t)i)) != 0;
    }
    return NULL;
}

static void many_writers_make_one_gap_free_chain(void)
{
    struct store *s = backend();
    struct worker w[N_THREADS];
    json_object *stat = NULL;

    run_all(s, w, append);
    CU_ASSERT_EQUAL(store_stat(s, &stat, NULL), 0);
    CU_ASSERT_EQUAL(json_int(stat, "audit_sequence", 0), N_THREADS * N_ROUNDS);
    CU_ASSERT_EQUAL(json_int(json_child(stat, "records"), "candidate", 0),
                    N_THREADS * N_ROUNDS);
    json_object_put(stat);
    CU_ASSERT_EQUAL(problems(s), 0);
    store_close(s);
}

static void *add_same(void *arg)
{
    struct worker *w = arg;
    uint64_t seen = 0, n;
    int i;

    for (i = 0; i < N_ROUNDS; i++) {
        n = add_version(w->s, i);
        w->failures += n <= seen; /* ours grow */
        seen = n;
    }
    return NULL;
}

static void many_writers_number_versions_without_a_gap(void)
{
    struct store *s = backend();
    struct worker w[N_THREADS];

    run_all(s, w, add_same);
    CU_ASSERT_EQUAL(get_code(s, key_version(N_THREADS * N_ROUNDS)), 0);
    CU_ASSERT_EQUAL(get_code(s, key_version(N_THREADS * N_ROUNDS + 1)),
                    TT_ENOENT);
    CU_ASSERT_EQUAL(problems(s), 0);
    store_close(s);
}

static void *claim(void *arg)
{
    struct worker *w = arg;
    char name[16];
    int i;

    for (i = 0; i < N_ROUNDS; i++) {
        struct store_batch *b = store_batch_create();
        int rc;

        snprintf(name, sizeof name, "k-%d", i);
        store_expect_absent(b, key_meta(name));
        store_put(b, key_meta(name), tt_str_of("{}"));
        rc = store_commit(w->s, b, NULL);
        w->won += rc == 0;
        w->failures += rc != 0 && rc != TT_EEXIST;
    }
    return NULL;
}

static void only_one_of_many_finds_it_absent(void)
{
    struct store *s = backend();
    struct worker w[N_THREADS];
    unsigned won = 0;
    int i;

    run_all(s, w, claim);
    for (i = 0; i < N_THREADS; i++)
        won += w[i].won;
    CU_ASSERT_EQUAL(won, N_ROUNDS);
    store_close(s);
}

/* --- promote against rollback -------------------------------------------- */

static int swap(struct store *s, bool rollback, uint64_t to, uint64_t expected)
{
    struct store_batch *b = store_batch_create();
    struct store_move move = {
        .workflow = "w", .node = "n", .environment = "production",
        .to = to, .rollback = rollback, .actor = "racer", .reason = "race",
        .expect = true, .expect_version = expected,
    };

    store_promote(b, &move, NULL);
    return store_commit(s, b, NULL);
}

static void *race(void *arg)
{
    struct worker *w = arg;
    struct store_moved now;
    int i, rc;

    for (i = 0; i < N_ROUNDS; i++) {
        w->failures += store_active(w->s, "w", "n", "production", &now,
                                    NULL) != 0;
        if (w->id % 2 == 0)
            rc = swap(w->s, false, now.active % 4 + 1, now.active);
        else
            rc = swap(w->s, true, 0, now.active);
        w->won += rc == 0;
        w->lost += rc == TT_ECONFLICT;
        w->failures += rc != 0 && rc != TT_ECONFLICT;
    }
    return NULL;
}

struct history {
    uint64_t active, n;
    bool broken;
};

static int follow(void *ctx, const struct store_key *key, struct tt_str bytes)
{
    struct history *h = ctx;
    json_object *o = json_parse(bytes.p, (size_t)bytes.n,
                                &json_limits_document, NULL);

    h->broken |= (uint64_t)json_int(o, "from", -1) != h->active;
    h->broken |= (uint64_t)json_int(o, "audit", -1) != key->number;
    h->broken |= key->number != ++h->n;
    h->active = (uint64_t)json_int(o, "to", 0);
    json_object_put(o);
    return 0;
}

static struct history told; /* by the writer's thread */

static void note(void *ctx, const struct store_move *move,
                 const struct store_moved *moved)
{
    struct history *h = ctx;

    (void)move;
    h->broken |= moved->previous != h->active;
    h->broken |= moved->generation != ++h->n;
    h->active = moved->active;
}

static void promote_and_rollback_race_and_one_wins(void)
{
    struct store *s = backend();
    struct worker w[N_THREADS];
    struct history h = { 0 };
    struct store_key moves = { .kind = STORE_MOVE,
                               .part = { "w", "n", "production" } };
    struct store_moved now;
    unsigned won = 0;
    int i;

    memset(&told, 0, sizeof told);
    store_on_move(s, note, &told);
    for (i = 1; i <= 4; i++)
        add_version(s, i);
    move_to(s, 1, NULL);
    run_all(s, w, race);
    for (i = 0; i < N_THREADS; i++)
        won += w[i].won;
    CU_ASSERT_EQUAL(store_scan(s, moves, 3, false, follow, &h, NULL), 0);
    CU_ASSERT_FALSE(h.broken);
    CU_ASSERT_EQUAL(h.n, won + 1); /* who won is recorded, who lost is not */
    CU_ASSERT_EQUAL(store_active(s, "w", "n", "production", &now, NULL), 0);
    CU_ASSERT_EQUAL(now.active, h.active);
    CU_ASSERT_FALSE(told.broken);
    CU_ASSERT_EQUAL(told.n, h.n);
    CU_ASSERT_EQUAL(told.active, h.active);
    CU_ASSERT_EQUAL(problems(s), 0);
    store_close(s);
}

/* --- readers beside writers ---------------------------------------------- */

static atomic_bool writing;

static int sum(void *ctx, const struct store_key *key, struct tt_str bytes)
{
    int64_t *total = ctx;
    char text[32];

    (void)key;
    snprintf(text, sizeof text, "%.*s", (int)bytes.n, bytes.p);
    *total += strtol(text, NULL, 10);
    return 0;
}

static int64_t total(struct store *s)
{
    int64_t value = 0;

    store_scan(s, (struct store_key){ .kind = STORE_META }, 0, false, sum,
               &value, NULL);
    return value;
}

static int transfer(struct store *s, int a, int b)
{
    struct store_batch *batch = store_batch_create();
    char text[16];

    snprintf(text, sizeof text, "%d", a);
    store_put(batch, key_meta("a"), tt_str_of(text));
    snprintf(text, sizeof text, "%d", b);
    store_put(batch, key_meta("b"), tt_str_of(text));
    return store_commit(s, batch, NULL);
}

static void *transfer_or_watch(void *arg)
{
    struct worker *w = arg;
    int i;

    if (w->id == 0) {
        for (i = 0; i < 50; i++)
            w->failures += transfer(w->s, i, 100 - i) != 0;
        atomic_store(&writing, false);
        return NULL;
    }
    do {
        /* the schema record reads as 0 */
        int64_t value = total(w->s);

        w->failures += value != 100;
        sched_yield();
    } while (atomic_load(&writing));
    return NULL;
}

static void a_reader_never_sees_half_a_batch(void)
{
    struct store *s = backend();
    struct worker w[N_THREADS];

    transfer(s, 0, 100);
    atomic_store(&writing, true);
    run_all(s, w, transfer_or_watch);
    store_close(s);
}

/* --- on both backends ---------------------------------------------------- */

#define ON_BOTH(fn)                                                            \
    static void fn##_in_memory(void)                                           \
    {                                                                          \
        backend = open_memory;                                                 \
        fn();                                                                  \
    }                                                                          \
    static void fn##_in_rocksdb(void)                                          \
    {                                                                          \
        backend = fresh_rocksdb;                                               \
        fn();                                                                  \
    }
ON_BOTH(many_writers_make_one_gap_free_chain)
ON_BOTH(many_writers_number_versions_without_a_gap)
ON_BOTH(only_one_of_many_finds_it_absent)
ON_BOTH(promote_and_rollback_race_and_one_wins)
ON_BOTH(a_reader_never_sees_half_a_batch)

int main(void)
{
#define BOTH(text, fn)                                                         \
    { text " (memory)", fn##_in_memory }, { text " (rocksdb)", fn##_in_rocksdb }
    static CU_TestInfo tests[] = {
        BOTH("many writers make one gap-free chain",
             many_writers_make_one_gap_free_chain),
        BOTH("many writers number versions without a gap",
             many_writers_number_versions_without_a_gap),
        BOTH("only one of many finds it absent",
             only_one_of_many_finds_it_absent),
        BOTH("promote and rollback race, and one wins",
             promote_and_rollback_race_and_one_wins),
        BOTH("a reader never sees half a batch",
             a_reader_never_sees_half_a_batch),
        CU_TEST_INFO_NULL,
    };
    int rc;

    scratch_make();
    rc = tap_run("store_threads", tests);
    scratch_remove();
    return rc;
}
