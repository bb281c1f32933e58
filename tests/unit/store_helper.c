/* SPDX-License-Identifier: MIT
 *
 * store_helper.c - what the store's tests share. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "tests/unit/store_helper.h"

struct store_key key_meta(const char *name)
{
    return (struct store_key){ .kind = STORE_META, .part = { name } };
}

struct store_key key_run(const char *run)
{
    return (struct store_key){ .kind = STORE_RUN, .part = { run } };
}

struct store_key key_candidate(const char *run, uint64_t number)
{
    return (struct store_key){ .kind = STORE_CANDIDATE, .part = { run },
                               .number = number };
}

struct store_key key_log(const char *run, uint64_t position)
{
    return (struct store_key){ .kind = STORE_LOG, .part = { run },
                               .number = position };
}

struct store_key key_version(uint64_t number)
{
    return (struct store_key){ .kind = STORE_VERSION, .part = { "w", "n" },
                               .number = number };
}

struct store_key key_pointer(void)
{
    return (struct store_key){ .kind = STORE_POINTER,
                               .part = { "w", "n", "production" } };
}

struct store_key key_audit(uint64_t sequence)
{
    return (struct store_key){ .kind = STORE_AUDIT, .number = sequence };
}

static char scratch[64];

const char *scratch_make(void)
{
    snprintf(scratch, sizeof scratch, "store_test.XXXXXX");
    if (mkdtemp(scratch) == NULL)
        abort();
    return scratch;
}

void scratch_remove(void)
{
    fs_remove_tree(scratch, NULL);
}

char *scratch_path(const char *name)
{
    return fs_join(scratch, name);
}

static struct store *opened(const struct store_options *options)
{
    struct err e = { 0 };
    struct store *s = store_open(options, &e);

    if (s == NULL)
        printf("# open: %s\n", e.text);
    return s;
}

struct store *open_memory(void)
{
    struct store_options options = { .backend = "memory" };

    return opened(&options);
}

struct store *open_rocksdb(const char *path)
{
    struct store_options options = { .backend = "rocksdb", .path = path };

    return opened(&options);
}

static int commit(struct store *s, struct store_batch *b)
{
    return store_commit(s, b, NULL);
}

int put_text(struct store *s, struct store_key key, const char *text)
{
    struct store_batch *b = store_batch_create();

    store_put(b, key, tt_str_of(text));
    return commit(s, b);
}

int put_run(struct store *s, const char *run)
{
    return put_text(s, key_run(run), "{\"status\":\"running\"}");
}

const char *get_text(struct store *s, struct store_key key)
{
    static char text[4096];
    struct buf b = { 0 };

    text[0] = 0;
    if (store_get(s, key, &b, NULL) == 0)
        snprintf(text, sizeof text, "%s", b.data != NULL ? b.data : "");
    buf_fini(&b);
    return text;
}

int get_code(struct store *s, struct store_key key)
{
    struct buf b = { 0 };
    int rc = store_get(s, key, &b, NULL);

    buf_fini(&b);
    return rc;
}

uint64_t add_version(struct store *s, int x)
{
    struct store_batch *b = store_batch_create();
    json_object *o = json_object_new_object();
    json_object *parameters = json_object_new_object();
    uint64_t number = 0;

    json_set_int(parameters, "x", x);
    json_set(o, "parameters", parameters);
    store_version_add(b, "w", "n", o, &number);
    json_object_put(o);
    return commit(s, b) == 0 ? number : 0;
}

int move_to(struct store *s, int64_t to, struct store_moved *moved)
{
    struct store_batch *b = store_batch_create();
    struct store_move move = {
        .workflow = "w", .node = "n", .environment = "production",
        .to = to == MOVE_BACK ? 0 : (uint64_t)(to < 0 ? -to : to),
        .rollback = to < 0, .actor = "tester", .reason = "a test",
    };

    store_promote(b, &move, moved);
    return commit(s, b);
}

int problems(struct store *s)
{
    json_object *found = NULL;
    struct err e = { 0 };
    int n = -1;
    size_t i;

    if (store_check(s, &found, &e) == 0) {
        n = (int)json_object_array_length(found);
        for (i = 0; i < (size_t)n; i++)
            printf("# problem: %s\n", json_object_get_string(
                                          json_object_array_get_idx(found, i)));
    }
    json_object_put(found);
    return n;
}

bool has_problem(struct store *s, const char *text)
{
    json_object *found = NULL;
    bool has = false;
    size_t i;

    if (store_check(s, &found, NULL) == 0) {
        for (i = 0; i < json_object_array_length(found); i++)
            has |= strstr(json_object_get_string(
                              json_object_array_get_idx(found, i)),
                          text) != NULL;
    }
    json_object_put(found);
    return has;
}
