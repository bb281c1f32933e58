/* SPDX-License-Identifier: MIT
 *
 * store_tools_test.c - stat, check, dump, load, backup, restore, and the
 * command over them. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "store/internal.h"
#include "store/key.h"
#include "store/record.h"
#include "store/store_tool.h"
#include "tests/unit/store_helper.h"
#include "tests/unit/tap.h"

static struct store *fresh(void)
{
    static int n;
    char name[32];
    TT_AUTO_FREE char *path = NULL;

    snprintf(name, sizeof name, "t%d", n++);
    path = scratch_path(name);
    return open_rocksdb(path);
}

/* A bit of everything. */
static void fill(struct store *s)
{
    struct store_key target = { .kind = STORE_TARGET, .part = { "w", "n" } };
    struct store_key of = { .kind = STORE_RUN_OF, .part = { "w", "r-1" } };
    struct store_key snapshot = { .kind = STORE_SNAPSHOT, .part = { "r-1" } };
    char name[2500];
    int i;

    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = 0;
    put_run(s, "r-1");
    put_text(s, target, "{\"text\":\"\\\"\xc3\xa9\\n\"}");
    put_text(s, of, "{}");
    put_text(s, snapshot, name);
    for (i = 0; i < 40; i++) {
        put_text(s, key_candidate("r-1", (uint64_t)i), "{\"values\":[1.5,2]}");
        put_text(s, key_log("r-1", (uint64_t)i), i % 2 ? "\1\xff" : "");
    }
    for (i = 1; i <= 3; i++) {
        add_version(s, i);
        move_to(s, i, NULL);
    }
    move_to(s, MOVE_BACK, NULL);
}

static char *dump(struct store *s, size_t *n)
{
    TT_AUTO_FREE char *path = scratch_path("dump");
    struct buf b = { 0 };
    struct err e = { 0 };
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CU_ASSERT_EQUAL(store_dump(s, fd, &e), 0);
    close(fd);
    CU_ASSERT_EQUAL(fs_read(path, 1 << 24, &b, &e), 0);
    *n = b.len;
    return buf_steal(&b);
}

static int load(struct store *s, const char *text, size_t n, struct err *e)
{
    TT_AUTO_FREE char *path = scratch_path("load");
    int fd, rc;

    CU_ASSERT_EQUAL(fs_write(path, text, n, 0600, e), 0);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    rc = store_load(s, fd, e);
    close(fd);
    return rc;
}

/* --- stat ---------------------------------------------------------------- */

static void stat_counts_by_kind(void)
{
    struct store *s = fresh();
    json_object *o = NULL, *records;

    fill(s);
    CU_ASSERT_EQUAL(store_stat(s, &o, NULL), 0);
    records = json_child(o, "records");
    CU_ASSERT_STRING_EQUAL(json_str(o, "backend"), "rocksdb");
    CU_ASSERT_EQUAL(json_int(o, "schema", 0), STORE_SCHEMA);
    CU_ASSERT_EQUAL(json_int(records, "candidate", 0), 40);
    CU_ASSERT_EQUAL(json_int(records, "version", 0), 3);
    CU_ASSERT_EQUAL(json_int(records, "move", 0), 4);
    CU_ASSERT_EQUAL(json_int(records, "audit", 0), 4);
    CU_ASSERT_EQUAL(json_int(records, "report", -1), 0);
    CU_ASSERT_EQUAL(json_int(o, "audit_sequence", 0), 4);
    CU_ASSERT_EQUAL(strlen(json_str(o, "audit_head")), 64);
    CU_ASSERT_TRUE(json_int(o, "bytes", 0) > 2500);
    CU_ASSERT_TRUE(json_int(o, "disk_bytes", 0) > 0);
    json_object_put(o);
    store_close(s);
}

/* --- dump and load ------------------------------------------------------- */

static void a_loaded_dump_dumps_the_same_bytes(void)
{
    struct store *a = fresh(), *b = fresh(), *c = open_memory();
    TT_AUTO_FREE char *first = NULL, *second = NULL, *third = NULL;
    size_t n1, n2, n3;
    struct err e = { 0 };

    fill(a);
    first = dump(a, &n1);
    CU_ASSERT_EQUAL(load(b, first, n1, &e), 0);
    second = dump(b, &n2);
    CU_ASSERT_EQUAL(load(c, second, n2, &e), 0);
    third = dump(c, &n3);
    CU_ASSERT_TRUE(n1 == n2 && memcmp(first, second, n1) == 0);
    CU_ASSERT_TRUE(n1 == n3 && memcmp(first, third, n1) == 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "{\"kind\":\"end\",\"records\":"));
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "{\"document\":{\"values\":[1.5,2]},"
                                         "\"key\":[\"r-1\"],"
                                         "\"kind\":\"candidate\","
                                         "\"number\":7,\"sha256\":\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "{\"bytes\":\"Af8=\","));
    CU_ASSERT_EQUAL(problems(b), 0);
    CU_ASSERT_EQUAL(problems(c), 0);
    /* and the store goes on where the dump ended */
    CU_ASSERT_EQUAL(add_version(b, 9), 4);
    CU_ASSERT_EQUAL(move_to(b, 4, NULL), 0);
    CU_ASSERT_EQUAL(problems(b), 0);
    store_close(a);
    store_close(b);
    store_close(c);
}

static void an_odd_document_survives_a_dump(void)
{
    struct store *a = open_memory(), *b = open_memory();
    TT_AUTO_FREE char *text = NULL;
    size_t n;

    put_text(a, key_run("r-1"), "{ \"not\" : \"canonical\" }");
    put_text(a, key_run("r-2"), "no document");
    text = dump(a, &n);
    CU_ASSERT_EQUAL(load(b, text, n, NULL), 0);
    CU_ASSERT_STRING_EQUAL(get_text(b, key_run("r-1")),
                           "{ \"not\" : \"canonical\" }");
    CU_ASSERT_STRING_EQUAL(get_text(b, key_run("r-2")), "no document");
    store_close(a);
    store_close(b);
}

static void load_wants_an_empty_store(void)
{
    struct store *a = open_memory();
    TT_AUTO_FREE char *text = NULL;
    size_t n;

    put_run(a, "r-1");
    text = dump(a, &n);
    CU_ASSERT_EQUAL(load(a, text, n, NULL), TT_EEXIST);
    store_close(a);
}

static void expect_refused(const char *text, size_t n, int code)
{
    struct store *s = open_memory();
    struct err e = { 0 };

    CU_ASSERT_EQUAL(load(s, text, n, &e), code);
    if (e.code != code)
        printf("# %d: %s\n", e.code, e.text);
    store_close(s);
}

/* text with the first `from` behind `mark` made `to`, of the same length. */
static char *changed(const char *text, size_t n, const char *mark,
                     const char *from, const char *to)
{
    char *copy = xstrndup(text, n), *at = strstr(copy, mark);

    at = at != NULL ? strstr(at, from) : NULL;
    CU_ASSERT_PTR_NOT_NULL(at);
    if (at != NULL)
        memcpy(at, to, strlen(to));
    return copy;
}

static void load_refuses_what_was_changed_or_cut(void)
{
    static const struct {
        const char *mark, *from, *to;
        int code;
    } changes[] = {
        { "\"candidate\"", "candidate", "condidate", TT_EUNSUPPORTED },
        { "\"values\"", "1.5", "2.5", TT_ECORRUPT },
        { "\"bytes\"", "Af8=", "Af9=", TT_ECORRUPT },
        { "\"bytes\"", "Af8=", "Af8*", TT_ECORRUPT },
        { "\"schema\":1", "1", "2", TT_ECORRUPT },
        { "\"key\":[\"w\"", "[\"w\",", "[ \"w\"", TT_ECORRUPT },
        { "\"records\"", ":", ":8", TT_ECORRUPT },
        { "\"document\"", "{", "\t", TT_ECORRUPT },
    };
    struct store *s = open_memory();
    TT_AUTO_FREE char *text = NULL;
    size_t n, i;

    fill(s);
    text = dump(s, &n);
    store_close(s);
    for (i = 0; i < TT_ARRAY_LEN(changes); i++) {
        TT_AUTO_FREE char *bad = changed(text, n, changes[i].mark,
                                         changes[i].from, changes[i].to);

        expect_refused(bad, n, changes[i].code);
    }
    expect_refused(text, n - 1, TT_ECORRUPT);       /* no last line feed */
    expect_refused(text, n / 2, TT_ECORRUPT);
    expect_refused("", 0, TT_ECORRUPT);
    while (text[n - 2] != '\n') /* without the last line */
        n--;
    expect_refused(text, n - 1, TT_ECORRUPT);
}

/* A dump with the line that has `mark` left out of it, and counted so. */
static char *without_line(const char *text, const char *mark)
{
    const char *start = strstr(text, mark), *end, *count;
    struct buf b = { 0 };

    while (start > text && start[-1] != '\n')
        start--;
    end = strchr(start, '\n') + 1;
    count = strstr(text, "\"records\":") + strlen("\"records\":");
    buf_add(&b, text, (size_t)(start - text));
    buf_add(&b, end, (size_t)(count - end));
    buf_addf(&b, "%ld}\n", strtol(count, NULL, 10) - 1);
    return buf_steal(&b);
}

static void load_refuses_a_broken_chain(void)
{
    struct store *s = open_memory();
    TT_AUTO_FREE char *text = NULL, *bad = NULL;
    struct err e = { 0 };
    size_t n;

    fill(s);
    text = dump(s, &n);
    store_close(s);
    bad = without_line(text, "\"kind\":\"audit\",\"number\":2,");
    s = open_memory();
    CU_ASSERT_EQUAL(load(s, bad, strlen(bad), &e), TT_ECORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "audit 2 is missing"));
    store_close(s);
}

static void a_store_with_half_a_dump_does_not_open(void)
{
    TT_AUTO_FREE char *path = scratch_path("half");
    struct store *s = open_memory();
    struct store_options options = { .backend = "rocksdb", .path = path };
    TT_AUTO_FREE char *text = NULL;
    struct err e = { 0 };
    size_t n;

    fill(s);
    text = dump(s, &n);
    store_close(s);
    s = open_rocksdb(path);
    CU_ASSERT_EQUAL(load(s, text, n / 2, &e), TT_ECORRUPT);
    store_close(s);
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "load"));
}

/* --- check --------------------------------------------------------------- */

/* Behind the store's back. */
static void plant(struct store *s, struct store_key key, const char *text,
                  bool good_checksum)
{
    struct kv_op op = { .family = kind_info(key.kind)->family,
                        .is_put = text != NULL };
    struct buf k = { 0 }, v = { 0 };

    key_encode(&key, &k, NULL);
    op.key = buf_str(&k);
    if (text != NULL)
        record_seal(op.family, op.key, tt_str_of(text), &v);
    if (!good_checksum)
        v.data[v.len - 1] ^= 1;
    op.value = buf_str(&v);
    CU_ASSERT_EQUAL(s->kv->methods->write(s->kv, &op, 1, false, NULL), 0);
    buf_fini(&k);
    buf_fini(&v);
}

static void check_one(struct store_key key, const char *text, const char *found)
{
    struct store *s = open_memory();

    fill(s);
    CU_ASSERT_EQUAL(problems(s), 0);
    plant(s, key, text, true);
    if (!has_problem(s, found)) {
        printf("# not found: %s\n", found);
        problems(s);
        CU_FAIL("a planted problem was not found");
    }
    store_close(s);
}

static void check_finds_each_planted_problem(void)
{
    struct store_key of = { .kind = STORE_RUN_OF, .part = { "w", "r-9" } };
    struct store_key move = { .kind = STORE_MOVE, .number = 2,
                              .part = { "w", "n", "production" } };
    const char *pointer = "{\"active\":8,\"previous\":7,\"generation\":4,"
                          "\"stack\":[6]}";

    check_one(key_candidate("r-1", 7), NULL,
              "candidate r-1/8: 1 before it is missing, from 7 on");
    check_one(key_candidate("r-1", 45), "{}",
              "candidate r-1/45: 5 before it are missing, from 40 on");
    check_one(key_candidate("r-8", 1), "{}", "candidate r-8/1: its run is");
    check_one(key_run("r-1"), NULL, "log r-1/0: its run is missing");
    check_one(of, "{}", "run_of w/r-9: its run is missing");
    check_one(key_run("r-1"), "{\"a\":", "run r-1 is no JSON document");
    check_one(key_version(1), NULL, "version w/n/2: 1 before it is missing");
    check_one(key_version(2), "{\"version\":\"v2\"}",
              "version w/n/2: does not match the checksum");
    check_one(key_version(2), "{\"version\":\"v3\"}",
              "version w/n/2: calls itself v3");
    check_one(key_version(0), "{}", "version w/n/0: numbers begin at 1");
    check_one(key_pointer(), pointer, "its active version, v8, does not");
    check_one(key_pointer(), pointer, "its previous version, v7, does not");
    check_one(key_pointer(), pointer, "its predecessor, v6, does not");
    check_one(key_pointer(), "{}", "pointer w/n/production is no pointer");
    check_one(key_pointer(), NULL, "pointer w/n/production: is missing");
    check_one(move, NULL, "move w/n/production/3: 1 before it is missing");
    move.number = 5;
    check_one(move, "{\"to\":9,\"audit\":44}", "its destination, v9, does");
    check_one(move, "{\"to\":9,\"audit\":44}", "its audit event 44 is missing");
    check_one(move, "{\"to\":1,\"audit\":1}", "the last recorded move is 5");
    check_one(key_audit(2), NULL, "audit 3: 1 before it is missing");
    check_one(key_audit(4), NULL, "its audit event 4 is missing");
    check_one(key_audit(2), "{\"seq\":2}", "audit 2 has no hash");
    check_one(key_audit(2), "{\"seq\":3}", "audit 2 says another sequence");
}

static void check_finds_a_changed_event(void)
{
    struct store *s = open_memory();
    struct buf text = { 0 };
    json_object *o;

    fill(s);
    o = store_get_json(s, key_audit(2), NULL);
    json_set_str(o, "actor", "somebody else");
    json_canonical(o, &text);
    json_object_put(o);
    plant(s, key_audit(2), text.data, true);
    CU_ASSERT_TRUE(has_problem(s, "audit 2 breaks the chain"));
    CU_ASSERT_FALSE(has_problem(s, "audit 3 breaks the chain"));
    buf_fini(&text);
    store_close(s);
}

static void check_finds_a_wrong_checksum_and_reads_refuse_it(void)
{
    struct store *s = open_memory();
    struct store_batch *b = store_batch_create();
    TT_AUTO_FREE char *path = scratch_path("wrong");
    struct err e = { 0 };
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    fill(s);
    plant(s, key_candidate("r-1", 3), "{}", false);
    CU_ASSERT_EQUAL(get_code(s, key_candidate("r-1", 3)), TT_ECORRUPT);
    CU_ASSERT_TRUE(has_problem(s, "candidate r-1/3 does not match its check"));
    store_expect_present(b, key_candidate("r-1", 3));
    CU_ASSERT_EQUAL(store_commit(s, b, &e), TT_ECORRUPT);
    CU_ASSERT_EQUAL(store_dump(s, fd, &e), TT_ECORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "candidate r-1/3"));
    close(fd);
    CU_ASSERT_EQUAL(store_backup(s, path, &e), TT_EIO); /* a file is there */
    store_close(s);
}

static void check_stops_counting_at_some_point(void)
{
    struct store *s = open_memory();
    json_object *found = NULL;
    int i;

    for (i = 0; i < 1100; i++)
        plant(s, key_candidate("r-1", (uint64_t)i * 2 + 2), "{}", true);
    CU_ASSERT_EQUAL(store_check(s, &found, NULL), 0);
    CU_ASSERT_EQUAL(json_object_array_length(found), 1001);
    CU_ASSERT_TRUE(has_problem(s, "and 101 more problems"));
    json_object_put(found);
    store_close(s);
}

/* --- backup and restore -------------------------------------------------- */

static void a_backup_opens_and_equals_the_store(void)
{
    TT_AUTO_FREE char *to = scratch_path("backup"), *again = NULL;
    struct store *s = fresh(), *copy;
    TT_AUTO_FREE char *first = NULL, *second = NULL;
    struct err e = { 0 };
    size_t n1, n2;

    fill(s);
    first = dump(s, &n1);
    CU_ASSERT_EQUAL(store_backup(s, to, &e), 0);
    CU_ASSERT_EQUAL(store_backup(s, to, &e), TT_EEXIST);
    put_run(s, "r-2"); /* the store goes on */
    store_close(s);
    again = fs_join(to, "../again/");
    CU_ASSERT_EQUAL(store_restore(to, again, &e), 0);
    copy = open_rocksdb(to);
    CU_ASSERT_EQUAL(problems(copy), 0);
    second = dump(copy, &n2);
    CU_ASSERT_TRUE(n1 == n2 && memcmp(first, second, n1) == 0);
    store_close(copy);
    copy = open_rocksdb(again);
    CU_ASSERT_PTR_NOT_NULL(strstr(get_text(copy, key_audit(5)),
                                  "\"action\":\"store.restore\""));
    CU_ASSERT_PTR_NULL(strstr(get_text(copy, key_audit(5)), "accepted"));
    CU_ASSERT_EQUAL(add_version(copy, 1), 4);
    CU_ASSERT_EQUAL(problems(copy), 0);
    store_close(copy);
}

static void a_memory_store_can_be_backed_up(void)
{
    TT_AUTO_FREE char *to = scratch_path("from_memory");
    struct store *s = open_memory(), *copy;
    struct err e = { 0 };

    fill(s);
    CU_ASSERT_EQUAL(store_backup(s, to, &e), 0);
    store_close(s);
    copy = open_rocksdb(to);
    CU_ASSERT_EQUAL(problems(copy), 0);
    CU_ASSERT_EQUAL(get_code(copy, key_audit(4)), 0);
    store_close(copy);
}

static void restore_refuses_a_bad_source(void)
{
    TT_AUTO_FREE char *from = scratch_path("bad_source");
    TT_AUTO_FREE char *to = scratch_path("bad_target");
    struct store *s = open_rocksdb(from);
    struct err e = { 0 };

    fill(s);
    plant(s, key_version(2), NULL, true);
    store_close(s);
    CU_ASSERT_EQUAL(store_restore(from, to, &e), TT_ECORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "v2, does not exist"));
    CU_ASSERT_FALSE(fs_exists(to));
    CU_ASSERT_EQUAL(store_restore("no/such", to, &e), TT_ENOENT);
}

/* --- the command --------------------------------------------------------- */

static struct buf said;

/* Run it with stdout in a file; what it said is in `said`. */
static int tool(const char *a, const char *b, const char *c, const char *d,
                const char *f)
{
    const char *words[] = { "store", a, b, c, d, f, NULL };
    TT_AUTO_FREE char *path = scratch_path("said");
    char *argv[8] = { NULL };
    int argc = 0, keep, fd, rc;

    while (words[argc] != NULL) {
        argv[argc] = xstrdup(words[argc]);
        argc++;
    }
    fflush(stdout);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    keep = dup(STDOUT_FILENO);
    dup2(fd, STDOUT_FILENO);
    rc = store_tool_main(argc, argv);
    fflush(stdout);
    dup2(keep, STDOUT_FILENO);
    close(keep);
    close(fd);
    buf_reset(&said);
    fs_read(path, 1 << 20, &said, NULL);
    while (argc-- > 0)
        free(argv[argc]);
    return rc;
}

static bool says(const char *text)
{
    return said.len != 0 && strstr(said.data, text) != NULL;
}

static void the_command_does_what_it_is_told(void)
{
    TT_AUTO_FREE char *path = scratch_path("cli");
    TT_AUTO_FREE char *copy = scratch_path("cli_copy");
    TT_AUTO_FREE char *back = scratch_path("cli_back");
    TT_AUTO_FREE char *loaded = scratch_path("cli_loaded");
    TT_AUTO_FREE char *file = scratch_path("cli_dump");
    struct store *s = open_rocksdb(path);

    fill(s);
    /* beside the one that has it open */
    CU_ASSERT_EQUAL(tool("stat", "--path", path, NULL, NULL), 0);
    CU_ASSERT_TRUE(says("\"candidate\":40"));
    CU_ASSERT_EQUAL(tool("check", "--path", path, NULL, NULL), 0);
    CU_ASSERT_TRUE(says("no problems"));
    CU_ASSERT_EQUAL(tool("load", "--path", path, NULL, NULL), 3);
    CU_ASSERT_EQUAL(tool("backup", "--path", path, "--to", copy), 0);
    CU_ASSERT_EQUAL(tool("backup", "--path", path, "--to", copy), 1);
    plant(s, key_candidate("r-1", 3), NULL, true);
    store_close(s);
    CU_ASSERT_EQUAL(tool("check", "--path", path, NULL, NULL), 1);
    CU_ASSERT_TRUE(says("candidate r-1/4"));
    CU_ASSERT_EQUAL(tool("restore", "--from", copy, "--path", back), 0);
    CU_ASSERT_EQUAL(tool("restore", "--from", copy, "--path", back), 1);
    CU_ASSERT_EQUAL(tool("restore", "--from", file, "--path", back), 3);
    CU_ASSERT_EQUAL(tool("dump", "--path", back, "--file", file), 0);
    CU_ASSERT_EQUAL(tool("dump", "--path", back, "--file", file), 1);
    CU_ASSERT_EQUAL(tool("load", "--path", loaded, "--file", file), 0);
    CU_ASSERT_EQUAL(tool("load", "--backend", "memory", "--file", file), 0);
    CU_ASSERT_EQUAL(tool("dump", "--path", loaded, NULL, NULL), 0);
    CU_ASSERT_TRUE(says("{\"kind\":\"end\",\"records\":"));
    CU_ASSERT_EQUAL(tool("check", "--path", loaded, NULL, NULL), 0);
}

static void the_command_says_how_it_is_used(void)
{
    CU_ASSERT_EQUAL(tool("--help", NULL, NULL, NULL, NULL), 0);
    CU_ASSERT_TRUE(says("usage: trimtabd store"));
    CU_ASSERT_EQUAL(tool(NULL, NULL, NULL, NULL, NULL), 2);
    CU_ASSERT_EQUAL(tool("frobnicate", NULL, NULL, NULL, NULL), 2);
    CU_ASSERT_EQUAL(tool("stat", "--frob", NULL, NULL, NULL), 2);
    CU_ASSERT_EQUAL(tool("stat", "extra", NULL, NULL, NULL), 2);
    CU_ASSERT_EQUAL(tool("backup", "--path", "x", NULL, NULL), 2);
    CU_ASSERT_EQUAL(tool("restore", "--path", "x", NULL, NULL), 2);
    CU_ASSERT_EQUAL(tool("stat", "--backend", "none", NULL, NULL), 3);
    CU_ASSERT_EQUAL(tool("stat", "--path", "no/such", NULL, NULL), 3);
    buf_fini(&said);
}

int main(void)
{
    static CU_TestInfo tests[] = {
        { "stat counts by kind", stat_counts_by_kind },
        { "a loaded dump dumps the same bytes",
          a_loaded_dump_dumps_the_same_bytes },
        { "an odd document survives a dump", an_odd_document_survives_a_dump },
        { "load wants an empty store", load_wants_an_empty_store },
        { "load refuses what was changed or cut",
          load_refuses_what_was_changed_or_cut },
        { "load refuses a broken chain", load_refuses_a_broken_chain },
        { "a store with half a dump does not open",
          a_store_with_half_a_dump_does_not_open },
        { "check finds each planted problem",
          check_finds_each_planted_problem },
        { "check finds a changed event", check_finds_a_changed_event },
        { "check finds a wrong checksum and reads refuse it",
          check_finds_a_wrong_checksum_and_reads_refuse_it },
        { "check stops counting at some point",
          check_stops_counting_at_some_point },
        { "a backup opens and equals the store",
          a_backup_opens_and_equals_the_store },
        { "a memory store can be backed up", a_memory_store_can_be_backed_up },
        { "restore refuses a bad source", restore_refuses_a_bad_source },
        { "the command does what it is told",
          the_command_does_what_it_is_told },
        { "the command says how it is used", the_command_says_how_it_is_used },
        CU_TEST_INFO_NULL,
    };
    int rc;

    scratch_make();
    rc = tap_run("store_tools", tests);
    scratch_remove();
    return rc;
}
