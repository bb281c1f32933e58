/* SPDX-License-Identifier: MIT
 *
 * store_damage_test.c - files that were changed, cut, deleted or put back from
 * an old copy. The one thing that must not happen is silence: a store opens
 * with less than was acknowledged and nobody is told.
 *
 * The program runs itself: `fill PATH` writes and dies without closing, so
 * that all is in the write-ahead log; `look PATH` says by its exit code what
 * it found; `full PATH` writes until it cannot. Processes of their own,
 * because the library may abort. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "store/internal.h"
#include "store/key.h"
#include "store/record.h"
#include "tests/unit/store_helper.h"
#include "tests/unit/tap.h"

#define N_CANDIDATES 12
#define N_VERSIONS 4

extern char **environ;

static atomic_bool stop_writing;

enum found {
    FOUND_ALL = 0,      /* whatever was changed does not matter */
    FOUND_REFUSED = 10, /* does not open */
    FOUND_TOLD = 11,    /* opens; a read or the check says what is wrong */
    FOUND_SILENCE = 12,
};

/* --- in the child -------------------------------------------------------- */

static void fill(struct store *s)
{
    char text[300];
    int i;

    memset(text, 'c', sizeof text);
    text[sizeof text - 1] = 0;
    put_run(s, "r-1");
    for (i = 0; i < N_CANDIDATES; i++) {
        snprintf(text, 12, "%d", 1000 + i);
        text[4] = ' ';
        put_text(s, key_log("r-1", (uint64_t)i), text);
    }
    for (i = 1; i <= N_VERSIONS; i++) {
        add_version(s, i);
        move_to(s, i, NULL);
    }
}

static bool is_all_there(struct store *s)
{
    struct store_moved now;
    bool ok = get_code(s, key_run("r-1")) == 0;
    int i;

    for (i = 0; i < N_CANDIDATES; i++)
        ok &= strtol(get_text(s, key_log("r-1", (uint64_t)i)), NULL, 10) ==
              1000 + i;
    for (i = 1; i <= N_VERSIONS; i++)
        ok &= get_code(s, key_version((uint64_t)i)) == 0 &&
              get_code(s, key_audit((uint64_t)i)) == 0;
    return ok && store_active(s, "w", "n", "production", &now, NULL) == 0 &&
           now.active == N_VERSIONS && now.generation == N_VERSIONS;
}

static int look(const char *path)
{
    struct store_options options = { .backend = "rocksdb", .path = path };
    struct err e = { 0 };
    struct store *s = store_open(&options, &e);
    json_object *found = NULL;
    int rc = FOUND_ALL;

    if (s == NULL)
        return e.code == TT_ECORRUPT || e.code == TT_EIO ? FOUND_REFUSED
                                                         : FOUND_SILENCE;
    if (store_check(s, &found, &e) != 0 || json_object_array_length(found) != 0)
        rc = FOUND_TOLD;
    json_object_put(found);
    if (rc == FOUND_ALL && !is_all_there(s))
        rc = FOUND_SILENCE;
    store_close(s);
    return rc;
}

/* The log may not grow, as on a full disk. */
static int write_until_full(const char *path)
{
    struct rlimit limit = { 40000, 40000 };
    struct store *s = open_rocksdb(path);
    char text[2000];
    struct err e = { 0 };
    uint64_t i;

    memset(text, 'f', sizeof text);
    text[0] = text[sizeof text - 2] = '"';
    text[sizeof text - 1] = 0;
    signal(SIGXFSZ, SIG_IGN);
    if (s == NULL || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    for (i = 0; put_text(s, key_candidate("r-1", i), text) == 0; i++)
        dprintf(STDOUT_FILENO, "%d\n", (int)i);
    if (put_run(s, "r-2") != TT_EIO || store_writable(s, &e) != TT_EIO ||
        get_code(s, key_candidate("r-1", 0)) != 0)
        return 1;
    store_close(s);
    return 0;
}

static int child(const char *what, const char *path)
{
    struct store *s;

    if (strcmp(what, "look") == 0)
        return look(path);
    if (strcmp(what, "full") == 0)
        return write_until_full(path);
    s = open_rocksdb(path);
    if (s == NULL)
        return 1;
    fill(s);
    _exit(0); /* as a crash does */
}

/* --- in the parent ------------------------------------------------------- */

static int run_self(const char *what, const char *path)
{
    char self[] = "/proc/self/exe";
    char *argv[] = { self, xstrdup(what), xstrdup(path), NULL };
    TT_AUTO_FREE char *acks = scratch_path("acks");
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t pid;

    posix_spawn_file_actions_init(&actions); /* the library's last words */
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, acks,
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (posix_spawn(&pid, self, &actions, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    free(argv[1]);
    free(argv[2]);
    if (WIFSIGNALED(status))
        return FOUND_REFUSED;
    return WEXITSTATUS(status);
}

static void copy_tree(const char *from, const char *to)
{
    TT_AUTO_FREE char *command = xasprintf("cp -a '%s' '%s'", from, to);

    fs_remove_tree(to, NULL);
    CU_ASSERT_EQUAL(system(command), 0);
}

/* The n-th file of folder whose name has `part` in it; NULL behind the last.
 * Sorted, so that it is the same one each time. */
static char *find_file(const char *folder, const char *part, int n)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), i;
    char *path = NULL;

    for (i = 0; i < count; i++) {
        if (path == NULL && strstr(entries[i]->d_name, part) != NULL &&
            n-- == 0)
            path = fs_join(folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return path;
}

static off_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : 0;
}

static void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    unsigned char byte = 0;

    CU_ASSERT_EQUAL(pread(fd, &byte, 1, at), 1);
    byte ^= 0x55;
    CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static char *base_log, *base_flushed, *work, *work_db;

/* The newest log is the one with something in it. */
static char *log_of(const char *path)
{
    TT_AUTO_FREE char *db = fs_join(path, STORE_DB);
    char *found = NULL, *next;
    int i;

    for (i = 0; (next = find_file(db, ".log", i)) != NULL; i++) {
        free(found);
        found = next;
    }
    return found;
}

static void prepare(void)
{
    struct store *s;

    scratch_make();
    base_log = scratch_path("base_log");
    base_flushed = scratch_path("base_flushed");
    work = scratch_path("work");
    work_db = fs_join(work, STORE_DB);
    if (run_self("fill", base_log) != 0)
        abort();
    s = open_rocksdb(base_flushed);
    fill(s);
    store_close(s);
}

static void clean_up(void)
{
    scratch_remove();
    free(base_log);
    free(base_flushed);
    free(work);
    free(work_db);
}

/* --- nothing is wrong ---------------------------------------------------- */

static void a_store_that_died_comes_back_whole(void)
{
    TT_AUTO_FREE char *log = log_of(base_log);

    CU_ASSERT_TRUE(size_of(log) > 3000);
    copy_tree(base_log, work);
    CU_ASSERT_EQUAL(run_self("look", work), FOUND_ALL);
    CU_ASSERT_EQUAL(run_self("look", work), FOUND_ALL);
    copy_tree(base_flushed, work);
    CU_ASSERT_EQUAL(run_self("look", work), FOUND_ALL);
}

/* --- the write-ahead log ------------------------------------------------- */

static void a_flipped_byte_in_the_log_is_never_silent(void)
{
    int i, n[16] = { 0 };

    for (i = 0; i < 10; i++) {
        TT_AUTO_FREE char *log = NULL;

        copy_tree(base_log, work);
        log = log_of(work);
        flip(log, size_of(log) * (2 * i + 1) / 20);
        n[run_self("look", work)]++;
    }
    CU_ASSERT_EQUAL(n[FOUND_SILENCE], 0);
    CU_ASSERT_EQUAL(n[FOUND_REFUSED], 10);
}

static void a_log_that_was_cut_is_refused(void)
{
    int i;

    for (i = 0; i < 6; i++) {
        TT_AUTO_FREE char *log = NULL;

        copy_tree(base_log, work);
        log = log_of(work);
        CU_ASSERT_EQUAL(truncate(log, size_of(log) * i / 6), 0);
        CU_ASSERT_EQUAL(run_self("look", work), FOUND_REFUSED);
    }
}

static struct store *open_read_only(const char *path, struct err *e)
{
    struct store_options options = { .backend = "rocksdb", .path = path,
                                     .read_only = true };

    return store_open(&options, e);
}

static void a_log_that_is_gone_is_refused_but_can_be_looked_at(void)
{
    struct store_options options = { .backend = "rocksdb", .path = work };
    TT_AUTO_FREE char *log = NULL, *to = scratch_path("accepted");
    struct err e = { 0 };
    struct store *s;

    copy_tree(base_log, work);
    log = log_of(work);
    CU_ASSERT_EQUAL(unlink(log), 0);
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "acknowledged writes are lost"));
    s = open_read_only(work, &e);
    CU_ASSERT_PTR_NOT_NULL(s);
    CU_ASSERT_TRUE(has_problem(s, "is older than its anchor"));
    store_close(s);
    /* on purpose: what is left becomes a store */
    CU_ASSERT_EQUAL(store_restore(work, to, &e), 0);
    s = open_rocksdb(to);
    CU_ASSERT_PTR_NOT_NULL(s);
    CU_ASSERT_EQUAL(problems(s), 0);
    /* and its trail says so */
    CU_ASSERT_PTR_NOT_NULL(strstr(get_text(s, key_audit(1)),
                                  "\"accepted\":\"is older than its anchor"));
    store_close(s);
}

static void what_a_damaged_log_still_has_can_be_read(void)
{
    TT_AUTO_FREE char *log = NULL;
    struct err e = { 0 };
    struct store *s;

    copy_tree(base_log, work);
    log = log_of(work);
    flip(log, size_of(log) * 3 / 4);
    s = open_read_only(work, &e);
    CU_ASSERT_PTR_NOT_NULL(s);
    CU_ASSERT_TRUE(has_problem(s, "write-ahead log is damaged"));
    CU_ASSERT_EQUAL(get_code(s, key_run("r-1")), 0);
    store_close(s);
}

/* Unanchored writes too, unless the machine itself went down. */
static void a_cut_is_noticed_without_events(void)
{
    TT_AUTO_FREE char *path = scratch_path("trials");
    TT_AUTO_FREE char *copy = scratch_path("trials_copy"), *log = NULL;
    struct store_options options = { .backend = "rocksdb", .path = copy };
    struct store *s = open_rocksdb(path);
    struct err e = { 0 };

    put_run(s, "r-1");
    put_run(s, "r-2");
    copy_tree(path, copy); /* as it is when the process dies now */
    store_close(s);
    log = log_of(copy);
    CU_ASSERT_EQUAL(truncate(log, size_of(log) / 2), 0);
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
}

/* --- tables and the manifest --------------------------------------------- */

static void a_flipped_byte_in_a_table_is_never_silent(void)
{
    int i, n[16] = { 0 };

    for (i = 0; i < 8; i++) {
        TT_AUTO_FREE char *table = NULL;

        copy_tree(base_flushed, work);
        table = find_file(work_db, ".sst", i % 4);
        flip(table, size_of(table) * (1 + i) / 20);
        n[run_self("look", work)]++;
    }
    CU_ASSERT_EQUAL(n[FOUND_SILENCE], 0);
    CU_ASSERT_TRUE(n[FOUND_REFUSED] + n[FOUND_TOLD] >= 4);
}

static void a_missing_file_is_refused(void)
{
    static const char *const parts[] = { ".sst", "MANIFEST", "CURRENT" };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(parts); i++) {
        TT_AUTO_FREE char *path = NULL;

        copy_tree(base_flushed, work);
        path = find_file(work_db, parts[i], 0);
        CU_ASSERT_EQUAL(unlink(path), 0);
        CU_ASSERT_EQUAL(run_self("look", work), FOUND_REFUSED);
    }
    fs_remove_tree(work_db, NULL);
    CU_ASSERT_EQUAL(run_self("look", work), FOUND_REFUSED);
}

static void a_flipped_byte_in_the_manifest_is_never_silent(void)
{
    int i, rc;

    for (i = 0; i < 4; i++) {
        TT_AUTO_FREE char *path = NULL;

        copy_tree(base_flushed, work);
        path = find_file(work_db, "MANIFEST", 0);
        flip(path, size_of(path) * (2 * i + 1) / 8);
        rc = run_self("look", work);
        CU_ASSERT_TRUE(rc == FOUND_ALL || rc == FOUND_REFUSED);
    }
}

/* --- the anchor ---------------------------------------------------------- */

static void a_missing_or_garbled_anchor_is_refused(void)
{
    TT_AUTO_FREE char *anchor = fs_join(work, STORE_ANCHOR);

    copy_tree(base_flushed, work);
    flip(anchor, 30);
    CU_ASSERT_EQUAL(run_self("look", work), FOUND_ALL); /* has two */
    copy_tree(base_flushed, work);
    flip(anchor, 30);
    flip(anchor, 4096 + 30);
    CU_ASSERT_EQUAL(run_self("look", work), FOUND_REFUSED);
    CU_ASSERT_EQUAL(unlink(anchor), 0);
    CU_ASSERT_EQUAL(run_self("look", work), FOUND_REFUSED);
}

static void an_old_copy_put_back_by_hand_is_refused(void)
{
    TT_AUTO_FREE char *backup = scratch_path("backup");
    TT_AUTO_FREE char *backup_db = fs_join(backup, STORE_DB);
    TT_AUTO_FREE char *restored = scratch_path("restored");
    struct store_options options = { .backend = "rocksdb", .path = work };
    struct err e = { 0 };
    struct store *s;

    copy_tree(base_flushed, work);
    s = open_rocksdb(work);
    CU_ASSERT_EQUAL(store_backup(s, backup, &e), 0);
    move_to(s, 1, NULL);
    store_close(s);
    copy_tree(backup_db, work_db);
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "trimtabd store restore"));
    CU_ASSERT_EQUAL(store_restore(backup, restored, &e), 0);
    s = open_rocksdb(restored);
    CU_ASSERT_PTR_NOT_NULL(s);
    CU_ASSERT_TRUE(is_all_there(s));
    CU_ASSERT_EQUAL(problems(s), 0);
    store_close(s);
}

/* As many writes, other events: the sequence alone would not tell. */
static void another_history_is_refused(void)
{
    TT_AUTO_FREE char *other = scratch_path("other");
    TT_AUTO_FREE char *other_db = fs_join(other, STORE_DB);
    struct store_options options = { .backend = "rocksdb", .path = work };
    struct store *s = open_rocksdb(other);
    struct err e = { 0 };

    fill(s);
    put_run(s, "r-2");
    store_close(s);
    copy_tree(base_flushed, work);
    copy_tree(other_db, work_db);
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "another history"));
}

/* --- opening ------------------------------------------------------------- */

static void a_store_is_open_once(void)
{
    struct store_options options = { .backend = "rocksdb", .path = work };
    struct err e = { 0 };
    struct store *s;

    copy_tree(base_flushed, work);
    s = open_rocksdb(work);
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_EUNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "another process has it open"));
    CU_ASSERT_EQUAL(run_self("fill", work), 1);
    store_close(s);
}

static int count_files(const char *folder)
{
    int n = 0;
    char *path;

    while ((path = find_file(folder, "", n)) != NULL) {
        free(path);
        n++;
    }
    return n;
}

static void a_reader_beside_a_writer_sees_its_moment(void)
{
    struct err e = { 0 };
    struct store *s, *reader;
    struct store_batch *b = store_batch_create();
    int n;

    copy_tree(base_flushed, work);
    s = open_rocksdb(work);
    put_run(s, "r-2");
    n = count_files(work_db);
    reader = open_read_only(work, &e);
    CU_ASSERT_PTR_NOT_NULL(reader);
    CU_ASSERT_EQUAL(count_files(work_db), n); /* leaves no trace */
    put_run(s, "r-3");
    CU_ASSERT_EQUAL(get_code(reader, key_run("r-2")), 0);
    CU_ASSERT_EQUAL(get_code(reader, key_run("r-3")), TT_ENOENT);
    CU_ASSERT_EQUAL(problems(reader), 0);
    CU_ASSERT_EQUAL(store_writable(reader, &e), TT_EUNAVAILABLE);
    store_put(b, key_run("r-4"), tt_str_of("{}"));
    CU_ASSERT_EQUAL(store_commit(reader, b, &e), TT_EUNAVAILABLE);
    store_close(reader);
    CU_ASSERT_EQUAL(put_run(s, "r-4"), 0);
    store_close(s);
    CU_ASSERT_PTR_NULL(open_read_only("no/such", &e));
    CU_ASSERT_EQUAL(e.code, TT_ENOENT);
}

/* Fast enough for the database to switch logs and write tables all the time. */
static void *write_a_lot(void *arg)
{
    struct store *s = arg;
    struct store_key key = { .kind = STORE_SNAPSHOT, .part = { "r-1" } };
    char *text = xcalloc(1, 1 << 18);

    memset(text, 'x', (1 << 18) - 1);
    while (!atomic_load(&stop_writing)) {
        struct store_batch *b = store_batch_create();

        store_put(b, key, tt_str_of(text));
        store_audit(b, "writer", "write", "r-1", NULL);
        store_commit(s, b, NULL);
    }
    free(text);
    return NULL;
}

static void a_reader_beside_a_busy_writer_is_not_alarmed(void)
{
    struct err e = { 0 };
    struct store *s, *reader;
    pthread_t thread;
    int i;

    copy_tree(base_flushed, work);
    s = open_rocksdb(work);
    atomic_store(&stop_writing, false);
    pthread_create(&thread, NULL, write_a_lot, s);
    for (i = 0; i < 8; i++) {
        reader = open_read_only(work, &e);
        CU_ASSERT_PTR_NOT_NULL(reader);
        if (reader == NULL)
            printf("# %s\n", e.text);
        else
            CU_ASSERT_EQUAL(problems(reader), 0);
        store_close(reader);
    }
    atomic_store(&stop_writing, true);
    pthread_join(thread, NULL);
    store_close(s);
}

static void below_the_fence_nothing_is_written(void)
{
    struct store_options options = { .backend = "rocksdb", .path = work,
                                     .min_free_bytes = INT64_MAX };
    struct err e = { 0 };
    struct store_batch *b = store_batch_create();
    struct store *s;

    copy_tree(base_flushed, work);
    s = store_open(&options, &e);
    CU_ASSERT_PTR_NOT_NULL(s);
    store_put(b, key_run("r-2"), tt_str_of("{}"));
    CU_ASSERT_EQUAL(store_commit(s, b, &e), TT_ENOSPC);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "make room"));
    CU_ASSERT_EQUAL(store_writable(s, &e), TT_ENOSPC);
    CU_ASSERT_EQUAL(get_code(s, key_run("r-2")), TT_ENOENT);
    CU_ASSERT_TRUE(is_all_there(s)); /* reads go on */
    store_close(s);
    options.min_free_bytes = 1;
    s = store_open(&options, &e);
    CU_ASSERT_EQUAL(put_run(s, "r-2"), 0);
    store_close(s);
}

static void a_disk_that_is_full_costs_no_acknowledged_write(void)
{
    TT_AUTO_FREE char *acks = scratch_path("acks");
    struct buf said = { 0 };
    struct store *s;
    char *last;
    uint64_t n;

    copy_tree(base_flushed, work);
    CU_ASSERT_EQUAL(run_self("full", work), 0);
    CU_ASSERT_EQUAL(fs_read(acks, 1 << 16, &said, NULL), 0);
    CU_ASSERT_TRUE(said.len > 0);
    said.data[said.len > 0 ? said.len - 1 : 0] = 0;
    last = strrchr(said.data, '\n');
    n = strtoul(last != NULL ? last : said.data, NULL, 10);
    CU_ASSERT_TRUE(n >= 10);
    s = open_rocksdb(work);
    CU_ASSERT_PTR_NOT_NULL(s);
    CU_ASSERT_EQUAL(get_code(s, key_candidate("r-1", n)), 0);
    CU_ASSERT_TRUE(is_all_there(s));
    CU_ASSERT_EQUAL(problems(s), 0);
    CU_ASSERT_EQUAL(put_run(s, "r-2"), 0);
    store_close(s);
    buf_fini(&said);
}

/* Write the schema record behind the store's back; NULL deletes it. */
static void plant_schema(const char *text)
{
    struct kv *kv = kv_rocksdb_open(work_db, false, NULL);
    struct kv_op op = { .family = FAMILY_BASE, .is_put = text != NULL };
    struct store_key key = key_meta("schema");
    struct buf k = { 0 }, v = { 0 };

    key_encode(&key, &k, NULL);
    op.key = buf_str(&k);
    if (text != NULL)
        record_seal(op.family, op.key, tt_str_of(text), &v);
    op.value = buf_str(&v);
    CU_ASSERT_EQUAL(kv->methods->write(kv, &op, 1, true, NULL), 0);
    kv->methods->close(kv);
    buf_fini(&k);
    buf_fini(&v);
}

static void another_schema_is_refused_by_name(void)
{
    struct store_options options = { .backend = "rocksdb", .path = work };
    struct err e = { 0 };

    copy_tree(base_flushed, work);
    plant_schema("{\"schema\":7}");
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_EUNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "has schema 7, this trimtabd has"));
    options.read_only = true;
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_EUNSUPPORTED);
    plant_schema(NULL);
    options.read_only = false;
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
}

static void a_folder_that_cannot_be_made_is_said(void)
{
    struct store_options options = { .backend = "rocksdb",
                                     .path = "/proc/none/store" };
    struct err e = { 0 };

    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "/proc/none"));
    options.path = "";
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_EINVAL);
    options.backend = NULL;
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_EUNSUPPORTED);
}

int main(int argc, char **argv)
{
    static CU_TestInfo tests[] = {
        { "a store that died comes back whole",
          a_store_that_died_comes_back_whole },
        { "a flipped byte in the log is never silent",
          a_flipped_byte_in_the_log_is_never_silent },
        { "a log that was cut is refused", a_log_that_was_cut_is_refused },
        { "a log that is gone is refused, but can be looked at",
          a_log_that_is_gone_is_refused_but_can_be_looked_at },
        { "what a damaged log still has can be read",
          what_a_damaged_log_still_has_can_be_read },
        { "a cut is noticed without events", a_cut_is_noticed_without_events },
        { "a flipped byte in a table is never silent",
          a_flipped_byte_in_a_table_is_never_silent },
        { "a missing file is refused", a_missing_file_is_refused },
        { "a flipped byte in the manifest is never silent",
          a_flipped_byte_in_the_manifest_is_never_silent },
        { "a missing or garbled anchor is refused",
          a_missing_or_garbled_anchor_is_refused },
        { "an old copy put back by hand is refused",
          an_old_copy_put_back_by_hand_is_refused },
        { "another history is refused", another_history_is_refused },
        { "a store is open once", a_store_is_open_once },
        { "a reader beside a writer sees its moment",
          a_reader_beside_a_writer_sees_its_moment },
        { "a reader beside a busy writer is not alarmed",
          a_reader_beside_a_busy_writer_is_not_alarmed },
        { "below the fence nothing is written",
          below_the_fence_nothing_is_written },
        { "a disk that is full costs no acknowledged write",
          a_disk_that_is_full_costs_no_acknowledged_write },
        { "another schema is refused by name",
          another_schema_is_refused_by_name },
        { "a folder that cannot be made is said",
          a_folder_that_cannot_be_made_is_said },
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (argc == 3)
        return child(argv[1], argv[2]);
    prepare();
    rc = tap_run("store_damage", tests);
    clean_up();
    return rc;
}
