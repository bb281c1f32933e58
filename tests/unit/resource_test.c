/* SPDX-License-Identifier: MIT
 *
 * resource_test.c - targets, datasets, versions, audit and plugins, as the
 * control plane asks for them, on a store in memory. */
#include "core/engine/resource.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/version.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

/* --- not there in this test: catalog, workers, the engine's thread --------- */

static struct catalog_entry plugins[3];

size_t catalog_n(const struct catalog *c)
{
    (void)c;
    return TT_ARRAY_LEN(plugins);
}

const struct catalog_entry *catalog_at(const struct catalog *c, size_t i)
{
    (void)c;
    return &plugins[i];
}

int catalog_resolve(struct catalog *c, const char *name, uint32_t kind,
                    const struct catalog_entry **entry, struct err *e)
{
    (void)c;
    (void)kind;
    (void)e;
    *entry = strcmp(name, "sobol") == 0 ? &plugins[1] : &plugins[2];
    return 0;
}

bool work_quarantined(struct work *w, const char *hash)
{
    (void)w;
    return hash[0] == 'c';
}

int engine_task_run(struct engine *g, struct engine_task *t, struct err *e)
{
    (void)e;
    t->g = g;
    t->start(t);
    return t->code;
}

void engine_task_done(struct engine_task *t, int code, const struct err *e)
{
    (void)e;
    t->code = code;
}

/* --- helpers -------------------------------------------------------------- */

static struct engine g;

/* No plugin has a release record here. */
json_object *releases_get(struct engine *engine, const char *id)
{
    (void)engine;
    (void)id;
    return NULL;
}

static void setup(void)
{
    struct store_options options = { .backend = "memory" };
    struct err e = { 0 };

    memset(&g, 0, sizeof g);
    pthread_mutex_init(&g.catalog_lock, NULL);
    g.store = store_open(&options, &e);
    if (g.store == NULL) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
}

static void teardown(void)
{
    store_close(g.store);
    pthread_mutex_destroy(&g.catalog_lock);
}

/* One call; the query is JSON text, the body too (NULL: none). */
struct call {
    const char *workflow, *node, *name, *query, *body, *if_match;
    uint64_t number;
};

static struct engine_answer answer;
static struct err error;

static int call(engine_call_fn *fn, struct call c)
{
    struct engine_request q = {
        .actor = "tester",
        .workflow = c.workflow,
        .node = c.node,
        .name = c.name,
        .number = c.number,
        .if_match = c.if_match,
        .query = json_of(c.query != NULL ? c.query : "{}"),
        .body = c.body != NULL ? json_of(c.body) : NULL,
    };
    int rc;

    json_object_put(answer.body);
    memset(&answer, 0, sizeof answer);
    memset(&error, 0, sizeof error);
    rc = fn(&g, &q, &answer, &error);
    if (rc < 0)
        CU_ASSERT_PTR_NULL(answer.body);
    json_object_put(q.query);
    json_object_put(q.body);
    return rc;
}

static void forget(void)
{
    json_object_put(answer.body);
    memset(&answer, 0, sizeof answer);
}

static json_object *item(size_t i)
{
    return json_object_array_get_idx(json_child(answer.body, "items"), i);
}

static size_t n_items(void)
{
    return json_object_array_length(json_child(answer.body, "items"));
}

#define TARGET                                                                 \
    "{'parameters':{'t':{'type':'float','min':0,'max':1,'default':0.5}},"      \
    "'evaluation':{'workflow':'eval'},'dataset':'qa',"                         \
    "'objective':{'metric':'score'}}"

static int put_target(const char *node, const char *body)
{
    return call(engine_target_put,
                (struct call){ .workflow = "demo", .node = node,
                               .body = body });
}

/* --- requests ------------------------------------------------------------- */

static void identifiers_are_checked(void)
{
    static const char *const good[] = { "a", "A.b_c:d-9", "0" };
    static const char *const bad[] = { "", ".a", "-a", "_a", "a/b", "a b",
                                       "\xC3\xA4", "a\n", NULL };
    char text[140];
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(good); i++)
        CU_ASSERT_EQUAL(resource_id("node", good[i], NULL), 0);
    for (i = 0; i < TT_ARRAY_LEN(bad); i++)
        CU_ASSERT_EQUAL(resource_id("node", bad[i], NULL), TT_EINVAL);
    memset(text, 'a', sizeof text);
    text[128] = '\0';
    CU_ASSERT_EQUAL(resource_id("node", text, NULL), 0);
    text[128] = 'a';
    text[129] = '\0';
    CU_ASSERT_EQUAL(resource_id("node", text, &error), TT_EINVAL);
    CU_ASSERT(err_says(&error, TT_EINVAL, "node \"aaa"));
}

static void queries_are_numbers_or_absent(void)
{
    struct engine_request q = { .query = NULL };
    uint64_t n;
    size_t limit;

    q.query = json_of("{'a':'7','b':'{{config.x}}','c':'x','d':'','e':'-1',"
                      "'limit':'201'}");
    CU_ASSERT_EQUAL(resource_number(&q, "a", 1, 0, 9, &n, NULL), 0);
    CU_ASSERT_EQUAL(n, 7);
    CU_ASSERT_EQUAL(resource_number(&q, "b", 1, 0, 9, &n, NULL), 0);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(resource_number(&q, "d", 2, 0, 9, &n, NULL), 0);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(resource_number(&q, "a", 1, 0, 6, &n, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(resource_number(&q, "c", 1, 0, 9, &n, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(resource_number(&q, "e", 1, 0, 9, &n, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(resource_limit(&q, &limit, NULL), TT_EINVAL);
    json_object_put(q.query);
}

static void if_match_takes_lists_and_stars(void)
{
    CU_ASSERT_EQUAL(resource_if_match(NULL, "a", "x", NULL), 0);
    CU_ASSERT_EQUAL(resource_if_match("*", "a", "x", NULL), 0);
    CU_ASSERT_EQUAL(resource_if_match("\"b\", W/\"a\"", "a", "x", NULL), 0);
    CU_ASSERT_EQUAL(resource_if_match("a", "a", "x", NULL), 0);
    CU_ASSERT_EQUAL(resource_if_match("\"ab\"", "a", "x", NULL),
                    TT_EPRECONDITION);
    CU_ASSERT_EQUAL(resource_if_match("\"a", "b", "x", NULL),
                    TT_EPRECONDITION);
    CU_ASSERT_EQUAL(resource_if_match("*", NULL, "x", NULL),
                    TT_EPRECONDITION);
}

/* --- targets -------------------------------------------------------------- */

static void a_target_is_put_got_and_deleted(void)
{
    char tag[64];

    setup();
    CU_ASSERT_EQUAL(call(engine_target_get,
                         (struct call){ .workflow = "demo", .node = "answer" }),
                    TT_ENOENT);
    CU_ASSERT_STRING_EQUAL(error.text,
                           "target demo/answer: no such target; PUT "
                           "/api/workflows/demo/targets/answer makes one");
    CU_ASSERT_EQUAL(put_target("answer", TARGET), 0);
    CU_ASSERT_EQUAL(answer.status, 201);
    snprintf(tag, sizeof tag, "%s", answer.etag);
    CU_ASSERT_EQUAL(strlen(tag), 16);
    CU_ASSERT_EQUAL(call(engine_target_get,
                         (struct call){ .workflow = "demo", .node = "answer" }),
                    0);
    CU_ASSERT_STRING_EQUAL(answer.etag, tag);
    CU_ASSERT_STRING_EQUAL(json_str(json_child(answer.body, "delivery"),
                                    "mode"),
                           "pull");
    CU_ASSERT_EQUAL(put_target("answer", TARGET), 0); /* the same again */
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_STRING_EQUAL(answer.etag, tag);
    CU_ASSERT_EQUAL(call(engine_target_delete,
                         (struct call){ .workflow = "demo", .node = "answer" }),
                    0);
    CU_ASSERT_EQUAL(answer.status, 204);
    CU_ASSERT_EQUAL(call(engine_target_delete,
                         (struct call){ .workflow = "demo", .node = "answer" }),
                    TT_ENOENT);
    /* two changes, two audit events: the same again is none */
    CU_ASSERT_EQUAL(call(engine_audit_list, (struct call){ 0 }), 0);
    CU_ASSERT_EQUAL(n_items(), 2);
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "action"), "target.put");
    CU_ASSERT_STRING_EQUAL(json_str(item(1), "action"), "target.delete");
    CU_ASSERT_STRING_EQUAL(json_str(item(1), "object"), "demo/answer");
    CU_ASSERT_STRING_EQUAL(json_str(item(1), "actor"), "tester");
    forget();
    teardown();
}

static void a_target_is_compared_and_swapped(void)
{
    struct call c = { .workflow = "demo", .node = "answer",
                      .body = TARGET, .if_match = "\"nothing\"" };
    char tag[80];

    setup();
    CU_ASSERT_EQUAL(call(engine_target_put, c), TT_EPRECONDITION);
    CU_ASSERT(err_says(&error, TT_EPRECONDITION, "does not exist"));
    CU_ASSERT_EQUAL(put_target("answer", TARGET), 0);
    snprintf(tag, sizeof tag, "\"%s\"", answer.etag);
    CU_ASSERT_EQUAL(call(engine_target_put, c), TT_EPRECONDITION);
    CU_ASSERT(err_says(&error, TT_EPRECONDITION, "has changed"));
    c.if_match = tag;
    CU_ASSERT_EQUAL(call(engine_target_put, c), 0);
    c.if_match = "\"old\"";
    CU_ASSERT_EQUAL(call(engine_target_delete, c), TT_EPRECONDITION);
    forget();
    teardown();
}

static void a_bad_target_is_not_stored(void)
{
    setup();
    CU_ASSERT_EQUAL(put_target("answer", "{'parameters':{}}"), TT_EINVAL);
    CU_ASSERT(err_says(&error, TT_EINVAL, "target demo/answer: parameters"));
    CU_ASSERT_EQUAL(put_target("an/swer", TARGET), TT_EINVAL);
    CU_ASSERT_EQUAL(call(engine_targets_list,
                         (struct call){ .workflow = "demo" }),
                    0);
    CU_ASSERT_EQUAL(n_items(), 0);
    forget();
    teardown();
}

static void targets_are_listed_by_pages(void)
{
    static const char *const nodes[] = { "c", "a", "e", "b", "d" };
    struct call c = { .workflow = "demo", .query = "{'limit':'2'}" };
    char cursor[300] = "", query[400], seen[16] = "";
    size_t i, pages = 0;

    setup();
    for (i = 0; i < TT_ARRAY_LEN(nodes); i++)
        CU_ASSERT_EQUAL(put_target(nodes[i], TARGET), 0);
    CU_ASSERT_EQUAL(call(engine_target_put,
                         (struct call){ .workflow = "other", .node = "x",
                                        .body = TARGET }),
                    0);
    do {
        CU_ASSERT_EQUAL(call(engine_targets_list, c), 0);
        CU_ASSERT(n_items() <= 2);
        for (i = 0; i < n_items(); i++)
            strcat(seen, json_str(item(i), "node_id"));
        snprintf(cursor, sizeof cursor, "%s", answer.next_cursor);
        snprintf(query, sizeof query, "{'limit':'2','cursor':'%s'}", cursor);
        c.query = query;
    } while (cursor[0] != '\0' && ++pages < 9);
    CU_ASSERT_STRING_EQUAL(seen, "abcde");
    CU_ASSERT_EQUAL(pages, 2);
    CU_ASSERT(json_is(json_child(item(0), "parameter_names"), "['t']"));
    CU_ASSERT_STRING_EQUAL(json_str(json_child(item(0), "objective"), "metric"),
                           "score");
    forget();
    teardown();
}

/* --- datasets ------------------------------------------------------------- */

static int put_dataset(const char *name, const char *body)
{
    return call(engine_dataset_put,
                (struct call){ .workflow = "demo", .name = name,
                               .body = body });
}

static void a_dataset_put_adds_a_version(void)
{
    struct call c = { .workflow = "demo", .name = "qa" };
    struct dataset *d;
    char hash[80];

    setup();
    CU_ASSERT_EQUAL(call(engine_dataset_get, c), TT_ENOENT);
    CU_ASSERT(err_says(&error, TT_ENOENT,
                       "PUT /api/workflows/demo/datasets/qa makes one"));
    CU_ASSERT_EQUAL(put_dataset("qa", "{'cases':[{'q':1},{'q':2},{'q':3}]}"),
                    0);
    CU_ASSERT_EQUAL(answer.status, 201);
    CU_ASSERT_EQUAL(json_int(answer.body, "version", 0), 1);
    CU_ASSERT(json_is(json_child(answer.body, "counts"),
                      "{'train':1,'validation':1,'holdout':1}"));
    snprintf(hash, sizeof hash, "%s", json_str(answer.body, "hash"));
    CU_ASSERT_EQUAL(strncmp(hash, "sha256:", 7), 0);
    /* the same again is the same version */
    CU_ASSERT_EQUAL(put_dataset("qa", "{'cases':[{'q':1},{'q':2},{'q':3}]}"),
                    0);
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_EQUAL(json_int(answer.body, "version", 0), 1);
    CU_ASSERT_EQUAL(put_dataset("qa", "{'cases':[{'q':1,'id':'x'}]}"), 0);
    CU_ASSERT_EQUAL(json_int(answer.body, "version", 0), 2);
    CU_ASSERT_EQUAL(call(engine_dataset_get, c), 0);
    CU_ASSERT_EQUAL(json_int(answer.body, "version", 0), 2);
    CU_ASSERT(json_is(json_child(answer.body, "cases"),
                      "[{'q':1,'id':'x','split':'validation'}]"));
    c.query = "{'version':'1'}";
    CU_ASSERT_EQUAL(call(engine_dataset_get, c), 0);
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "hash"), hash);
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "created_by"), "tester");
    c.query = "{'version':'latest'}";
    CU_ASSERT_EQUAL(call(engine_dataset_get, c), 0);
    c.query = "{'version':'9'}";
    CU_ASSERT_EQUAL(call(engine_dataset_get, c), TT_ENOENT);
    CU_ASSERT(err_says(&error, TT_ENOENT, "no version 9"));
    d = resource_dataset_open(g.store, "demo", "qa@1", NULL);
    CU_ASSERT(d != NULL && d->version == 1 && d->n[TT_VALIDATION] == 1);
    CU_ASSERT(d != NULL && strcmp(d->hash, hash + 7) == 0);
    dataset_destroy(d);
    d = resource_dataset_open(g.store, "demo", "qa", NULL);
    CU_ASSERT(d != NULL && d->version == 2);
    CU_ASSERT(d != NULL && strcmp(d->names[TT_VALIDATION][0], "x") == 0);
    dataset_destroy(d);
    CU_ASSERT_EQUAL(put_dataset("qa", "{'cases':[]}"), TT_EINVAL);
    forget();
    teardown();
}

static void datasets_are_listed_with_their_newest_version(void)
{
    struct call c = { .workflow = "demo", .query = "{'limit':'2'}" };

    setup();
    CU_ASSERT_EQUAL(put_dataset("b", "{'cases':[{'q':1}]}"), 0);
    CU_ASSERT_EQUAL(put_dataset("b", "{'cases':[{'q':2}]}"), 0);
    CU_ASSERT_EQUAL(put_dataset("a", "{'cases':[{'q':1}]}"), 0);
    CU_ASSERT_EQUAL(put_dataset("c", "{'cases':[{'q':1},{'q':2}]}"), 0);
    CU_ASSERT_EQUAL(call(engine_datasets_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 2);
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "name"), "a");
    CU_ASSERT_STRING_EQUAL(json_str(item(1), "name"), "b");
    CU_ASSERT_EQUAL(json_int(item(1), "version", 0), 2);
    CU_ASSERT_EQUAL(json_int(item(1), "versions", 0), 2);
    CU_ASSERT_STRING_EQUAL(answer.next_cursor, "b");
    c.query = "{'limit':'2','cursor':'b'}";
    CU_ASSERT_EQUAL(call(engine_datasets_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 1);
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "name"), "c");
    CU_ASSERT_STRING_EQUAL(answer.next_cursor, "");
    forget();
    teardown();
}

/* --- versions ------------------------------------------------------------- */

static void add_version(const char *parameters, bool promote)
{
    json_object *values = json_of(parameters);
    json_object *document = version_document("answer", values, "bayesian", 0);
    struct store_batch *b = store_batch_create();
    struct store_move move = { .workflow = "demo", .node = "answer",
                               .environment = "production",
                               .actor = "tester", .reason = "because" };
    struct err e = { 0 };

    store_version_add(b, "demo", "answer", document, NULL);
    if (promote)
        store_promote(b, &move, NULL);
    CU_ASSERT_EQUAL(store_commit(g.store, b, &e), 0);
    json_object_put(document);
    json_object_put(values);
}

static void versions_are_listed_shown_and_compared(void)
{
    struct call c = { .workflow = "demo", .node = "answer" };

    setup();
    CU_ASSERT_EQUAL(call(engine_versions_list, c), TT_ENOENT);
    CU_ASSERT_EQUAL(put_target("answer", TARGET), 0);
    CU_ASSERT_EQUAL(call(engine_versions_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 0);
    CU_ASSERT_EQUAL(call(engine_versions_diff, c), TT_ENOENT);
    add_version("{'t':0.5,'p':'a'}", true);
    add_version("{'t':0.25,'p':'a'}", true);
    add_version("{'t':0.25,'p':'b'}", false);
    CU_ASSERT_EQUAL(call(engine_versions_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 3);
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "version"), "v3");
    CU_ASSERT(json_is(json_child(item(0), "active"), "false"));
    CU_ASSERT(json_is(json_child(item(1), "active"), "true"));
    CU_ASSERT_STRING_EQUAL(json_str(json_child(item(2), "metadata"),
                                    "optimizer"),
                           "bayesian");
    c.query = "{'limit':'2'}";
    CU_ASSERT_EQUAL(call(engine_versions_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 2);
    CU_ASSERT_STRING_EQUAL(answer.next_cursor, "2");
    c.query = "{'limit':'2','cursor':'2'}";
    CU_ASSERT_EQUAL(call(engine_versions_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 1);
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "version"), "v1");
    CU_ASSERT_STRING_EQUAL(answer.next_cursor, "");
    c.number = 2;
    CU_ASSERT_EQUAL(call(engine_version_get, c), 0);
    CU_ASSERT(json_is(json_child(answer.body, "parameters"),
                      "{'t':0.25,'p':'a'}"));
    CU_ASSERT_EQUAL(strlen(answer.etag), 16);
    CU_ASSERT(strstr(json_str(json_child(answer.body, "metadata"), "checksum"),
                     answer.etag) != NULL);
    CU_ASSERT_PTR_NULL(json_child(answer.body, "checksum"));
    c.number = 7;
    CU_ASSERT_EQUAL(call(engine_version_get, c), TT_ENOENT);
    CU_ASSERT(err_says(&error, TT_ENOENT, "demo/answer: there is no version "
                                          "v7"));
    c.query = "{}";
    CU_ASSERT_EQUAL(call(engine_versions_diff, c), 0); /* active to newest */
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "from"), "v2");
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "to"), "v3");
    CU_ASSERT_EQUAL(json_object_array_length(json_child(answer.body,
                                                        "changes")),
                    1);
    c.query = "{'from':'v1','to':'v2'}";
    CU_ASSERT_EQUAL(call(engine_versions_diff, c), 0);
    CU_ASSERT(json_is(json_child(answer.body, "changes"),
                      "[{'op':'replace','parameter':'t','from':0.5,"
                      "'to':0.25}]"));
    c.query = "{'from':'one'}";
    CU_ASSERT_EQUAL(call(engine_versions_diff, c), TT_EINVAL);
    c.query = "{'from':'v1','to':'v8'}";
    CU_ASSERT_EQUAL(call(engine_versions_diff, c), TT_ENOENT);
    forget();
    teardown();
}

static void the_history_tells_every_move(void)
{
    struct call c = { .workflow = "demo", .node = "answer" };

    setup();
    CU_ASSERT_EQUAL(call(engine_history, c), TT_ENOENT);
    add_version("{'t':0.5}", true);
    add_version("{'t':0.25}", true);
    CU_ASSERT_EQUAL(call(engine_history, c), 0);
    CU_ASSERT_EQUAL(n_items(), 2);
    CU_ASSERT_EQUAL(json_int(item(0), "generation", 0), 2);
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "from"), "v1");
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "to"), "v2");
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "reason"), "because");
    CU_ASSERT_PTR_NULL(json_child(item(1), "from"));
    CU_ASSERT(json_is(json_child(item(1), "rollback"), "false"));
    CU_ASSERT_EQUAL(strlen(json_str(item(1), "at")), 24);
    c.query = "{'env':'staging'}";
    CU_ASSERT_EQUAL(call(engine_history, c), TT_ENOENT);
    forget();
    teardown();
}

static void version_documents_are_shown_as_the_seed_has_them(void)
{
    json_object *stored = json_of(
        "{'version':'v3','node_id':'n','parameters':{'t':1},'metrics':{'m':2},"
        "'metadata':{'optimizer':'x'},'checksum':'sha256:ab'}");
    json_object *shown = version_active_answer(stored);
    uint64_t n;

    CU_ASSERT(json_is(shown, "{'version':'v3','parameters':{'t':1},"
                             "'metadata':{'optimizer':'x',"
                             "'checksum':'sha256:ab'}}"));
    json_object_put(shown);
    json_object_put(stored);
    CU_ASSERT_EQUAL(version_number("v12", "x", &n, NULL), 0);
    CU_ASSERT_EQUAL(n, 12);
    CU_ASSERT_EQUAL(version_number("12", "x", &n, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(version_number("v0", "x", &n, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(version_number("v", "x", &n, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(version_number("v1x", "x", &n, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(version_number(NULL, "x", &n, NULL), TT_EINVAL);
}

/* --- the rest ------------------------------------------------------------- */

static void the_audit_chain_is_paged(void)
{
    struct call c = { .query = "{'limit':'2'}" };

    setup();
    add_version("{'t':1}", true);
    add_version("{'t':2}", true);
    add_version("{'t':3}", true);
    CU_ASSERT_EQUAL(call(engine_audit_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 2);
    CU_ASSERT_EQUAL(json_int(item(0), "seq", 0), 1);
    CU_ASSERT_STRING_EQUAL(answer.next_cursor, "2");
    c.query = "{'after':'2','limit':'2'}";
    CU_ASSERT_EQUAL(call(engine_audit_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 1);
    CU_ASSERT_EQUAL(json_int(item(0), "seq", 0), 3);
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "action"), "promote");
    c.query = "{'cursor':'3'}";
    CU_ASSERT_EQUAL(call(engine_audit_list, c), 0);
    CU_ASSERT_EQUAL(n_items(), 0);
    forget();
    teardown();
}

static void fill_plugin(size_t i, const char *id, const char *version,
                        uint32_t kind)
{
    memset(&plugins[i], 0, sizeof plugins[i]);
    memset(plugins[i].hash, 'a' + (int)i, 64);
    snprintf(plugins[i].note.id, sizeof plugins[i].note.id, "%s", id);
    snprintf(plugins[i].note.version, sizeof plugins[i].note.version, "%s",
             version);
    plugins[i].note.kind = kind;
    plugins[i].note.abi_major = 1;
}

static void plugins_are_listed_with_their_state(void)
{
    setup();
    fill_plugin(0, "sobol", "1.0.0", TT_KIND_STRATEGY);
    fill_plugin(1, "sobol", "1.1.0", TT_KIND_STRATEGY);
    fill_plugin(2, "orcheo", "1.0.0", TT_KIND_ADAPTER);
    plugins[1].describe = json_of("{'plugin':{'summary':'points','caps':[]},"
                                  "'sandbox':{}}");
    CU_ASSERT_EQUAL(call(engine_plugins_list, (struct call){ 0 }), 0);
    CU_ASSERT_EQUAL(n_items(), 3);
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "state"), "available");
    CU_ASSERT_STRING_EQUAL(json_str(item(1), "state"), "default");
    CU_ASSERT_STRING_EQUAL(json_str(item(1), "summary"), "points");
    CU_ASSERT_STRING_EQUAL(json_str(item(1), "kind"), "strategy");
    CU_ASSERT_STRING_EQUAL(json_str(item(2), "state"), "quarantined");
    CU_ASSERT_STRING_EQUAL(json_str(item(2), "kind"), "adapter");
    CU_ASSERT_STRING_EQUAL(json_str(item(0), "abi"), "1.0");
    json_object_put(plugins[1].describe);
    forget();
    teardown();
}

static CU_TestInfo tests[] = {
    { "identifiers are checked", identifiers_are_checked },
    { "queries are numbers or absent", queries_are_numbers_or_absent },
    { "If-Match takes lists and stars", if_match_takes_lists_and_stars },
    { "a target is put, got and deleted", a_target_is_put_got_and_deleted },
    { "a target is compared and swapped", a_target_is_compared_and_swapped },
    { "a bad target is not stored", a_bad_target_is_not_stored },
    { "targets are listed by pages", targets_are_listed_by_pages },
    { "a dataset put adds a version", a_dataset_put_adds_a_version },
    { "datasets are listed with their newest version",
      datasets_are_listed_with_their_newest_version },
    { "versions are listed, shown and compared",
      versions_are_listed_shown_and_compared },
    { "the history tells every move", the_history_tells_every_move },
    { "version documents are shown as the seed has them",
      version_documents_are_shown_as_the_seed_has_them },
    { "the audit chain is paged", the_audit_chain_is_paged },
    { "plugins are listed with their state",
      plugins_are_listed_with_their_state },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("resource", tests);
}
