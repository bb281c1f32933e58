/* SPDX-License-Identifier: MIT
 *
 * engine_plugin_add_test.c - plugins that are added over the API: what is
 * refused leaves nothing behind, what is taken survives a restart, and what is
 * used is not retired. The checker is a script of ours. */
#include <sys/stat.h>

#include "core/engine/engine_release.h"
#include "core/engine/engine_runs.h"
#include "core/engine/plugin_gate.h"
#include "core/engine/plugin_record.h"
#include "tests/unit/engine_rig.h"

/* --- the gate ------------------------------------------------------------- */

static char tool[700];

/* A checker that does what we want; it gets "check FILE --level N ...". */
static void write_tool(const char *dir, const char *script)
{
    struct buf text = { 0 };
    struct err e = { 0 };

    snprintf(tool, sizeof tool, "%.600s/tool", dir);
    buf_addf(&text, "#!/bin/sh\n%s\n", script);
    CU_ASSERT_EQUAL(fs_write(tool, text.data, text.len, 0755, &e), 0);
    buf_fini(&text);
}

#define GOOD "echo '{\"pass\":true,\"level\":2,\"seed\":7,\"results\":["        \
             "{\"id\":\"S1\",\"status\":\"pass\"},"                            \
             "{\"id\":\"S2\",\"status\":\"skip\"},"                            \
             "{\"id\":\"S3\",\"status\":\"warn\"}]}'"
#define BAD "echo '{\"pass\":false,\"level\":2,\"results\":["                  \
            "{\"id\":\"S1\",\"status\":\"pass\"},"                             \
            "{\"id\":\"B7\",\"status\":\"fail\",\"title\":\"t\","              \
            "\"message\":\"it lies.\",\"mend\":\"Tell the truth.\"},"          \
            "{\"id\":\"B8\",\"status\":\"crash\",\"message\":\"boom\"}]}'"

static int gate_says(const char *script, int64_t deadline_ms,
                     const atomic_bool *hurry, json_object **report,
                     struct err *e)
{
    char dir[] = "gate.XXXXXX", *absolute;
    struct plugin_gate gate = { .worker = "/worker", .level = 2,
                                .deadline_ms = deadline_ms, .hurry = hurry };
    struct err ignored = { 0 };
    int rc;

    memset(e, 0, sizeof *e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    absolute = realpath(dir, NULL);
    write_tool(absolute, script);
    gate.tool = tool;
    rc = plugin_gate(&gate, "/some/file.so", report, e);
    (void)fs_remove_tree(absolute, &ignored);
    free(absolute);
    return rc;
}

static void the_gate_opens_for_a_report_that_says_so(void)
{
    json_object *report, *summary;
    struct err e;

    CU_ASSERT_EQUAL(gate_says("[ \"$*\" = 'check /some/file.so --level 2 "
                              "--format json' ] || exit 3\n" GOOD, 0, NULL,
                              &report, &e), 0);
    summary = plugin_gate_summary(report);
    CU_ASSERT_EQUAL(json_int(summary, "passed", 0), 2);
    CU_ASSERT_EQUAL(json_int(summary, "skipped", 0), 1);
    CU_ASSERT_EQUAL(json_int(summary, "failed", 9), 0);
    CU_ASSERT_EQUAL(json_int(summary, "level", 0), 2);
    CU_ASSERT_EQUAL(json_int(summary, "seed", 0), 7);
    json_object_put(summary);
    json_object_put(report);
    /* nothing of our environment */
    CU_ASSERT_EQUAL(setenv("TT_GATE_TEST", "x", 1), 0);
    CU_ASSERT_EQUAL(gate_says("[ \"$TRIMTAB_WORKER$TT_GATE_TEST\" = /worker ] "
                              "|| exit 3\n" GOOD, 0, NULL, &report, &e), 0);
    json_object_put(report);
}

static void what_failed_is_said_with_its_mend(void)
{
    json_object *report, *failures;
    struct err e;

    CU_ASSERT_EQUAL(gate_says(BAD "; exit 1", 0, NULL, &report, &e), TT_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "fails 2 of"));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "B7: it lies. Mend: Tell the truth."));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "B8: boom"));
    failures = plugin_gate_failures(report);
    CU_ASSERT_EQUAL(json_object_array_length(failures), 2);
    json_object_put(failures);
    json_object_put(report);
    /* an exit code alone, or a report alone, opens nothing */
    CU_ASSERT_EQUAL(gate_says(BAD, 0, NULL, &report, &e), TT_EINVAL);
    json_object_put(report);
    CU_ASSERT_EQUAL(gate_says(GOOD "; exit 1", 0, NULL, &report, &e),
                    TT_EINVAL);
    json_object_put(report);
}

static void a_checker_that_does_not_work_refuses(void)
{
    static const char *const broken[] = {
        "exit 0",
        "echo no JSON",
        "echo '{\"pass\":true}'",
        "echo '{\"pass\":true,\"results\":{}}'",
        GOOD "; exit 2",
        GOOD "; kill -9 $$",
        "head -c 5000000 /dev/zero | tr '\\0' ' '; " GOOD,
    };
    atomic_bool hurry;
    json_object *report;
    struct plugin_gate none = { .tool = "/no/such/tool", .level = 1 };
    struct err e;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(broken); i++) {
        CU_ASSERT_EQUAL(gate_says(broken[i], 0, NULL, &report, &e),
                        TT_EUNAVAILABLE);
        json_object_put(report);
    }
    CU_ASSERT_EQUAL(gate_says("echo what is wrong >&2; exit 2", 0, NULL,
                              &report, &e), TT_EUNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "what is wrong"));
    CU_ASSERT_EQUAL(plugin_gate(&none, "x.so", &report, &e), TT_EUNAVAILABLE);
    CU_ASSERT_PTR_NULL(report);
    /* with a child that holds its pipes open */
    CU_ASSERT_EQUAL(gate_says("sleep 600 & sleep 600", 300, NULL, &report, &e),
                    TT_ETIMEOUT);
    atomic_init(&hurry, true);
    CU_ASSERT_EQUAL(gate_says("sleep 600", 0, &hurry, &report, &e),
                    TT_EUNAVAILABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "stopping"));
    /* what it leaves behind does not keep us */
    CU_ASSERT_EQUAL(gate_says("sleep 600 & " GOOD, 0, NULL, &report, &e), 0);
    json_object_put(report);
}

/* --- adding --------------------------------------------------------------- */

static void add_file(struct buf *body, const char *name, const char *path)
{
    struct buf bytes = { 0 };
    struct err e = { 0 };
    char *text;

    CU_ASSERT_EQUAL(fs_read(path, 64 << 20, &bytes, &e), 0);
    text = xcalloc(1, crypt_base64_bytes(bytes.len));
    crypt_base64(bytes.data, bytes.len, text);
    buf_addf(body, "%s'%s':'", body->len > 11 ? "," : "", name);
    buf_adds(body, text);
    buf_adds(body, "'");
    free(text);
    buf_fini(&bytes);
}

/* Add a plugin of the tree. */
static int add_of(struct rig *r, const char *dir, const char *name)
{
    struct engine_request q = { .actor = "ann" };
    struct buf body = { 0 };
    char path[700], file[80];
    int rc;

    snprintf(path, sizeof path, "%.500s/%.60s.so", dir, name);
    snprintf(file, sizeof file, "%.60s.so", name);
    buf_adds(&body, "{'files':{ ");
    add_file(&body, file, path);
    buf_adds(&body, "}}");
    rc = rig_call(r, engine_plugin_add, &q, body.data);
    buf_fini(&body);
    return rc;
}

static int add_text(struct rig *r, const char *body)
{
    return rig_call(r, engine_plugin_add, NULL, body);
}

static int named(struct rig *r, engine_call_fn *fn, const char *name)
{
    struct engine_request q = { .name = name };

    return rig_call(r, fn, &q, NULL);
}

static size_t n_audited(struct rig *r, const char *action)
{
    json_object *items;
    size_t i, n = 0;

    CU_ASSERT_EQUAL(rig_call(r, engine_audit_list, NULL, NULL), 0);
    items = json_child(r->answer.body, "items");
    for (i = 0; i < json_object_array_length(items); i++)
        n += strcmp(json_str(json_object_array_get_idx(items, i), "action"),
                    action) == 0;
    return n;
}

static bool nothing_is_staged(struct rig *r)
{
    TT_AUTO_FREE char *dir = fs_join(r->dir, "incoming");

    return !fs_exists(dir) || rmdir(dir) == 0;
}

/* As after a restart of the daemon: another catalogue over the same folder. */
static void daemon_restarts(struct rig *r, bool scan)
{
    engine_destroy(r->engine);
    catalog_destroy(r->catalog);
    r->catalog = catalog_create(r->dir, &r->err);
    catalog_trust(r->catalog, rig_judge);
    if (scan) {
        rig_take(r, getenv("TT_PLUGIN_DIR"), "random");
        rig_take(r, getenv("TT_ZOO_DIR"), "zoo_hill");
    }
    CU_ASSERT_EQUAL(engine_plugins_restore(r->store, r->catalog, &r->err), 0);
    r->options.catalog = r->catalog;
    rig_start(r);
}

static void files_that_are_none_are_refused(void)
{
    static const char *const bad[] = {
        "{}", "{'files':[]}", "{'files':{}}", "{'files':{'x.so':1}}",
        "{'files':{'x.so':'a'}}", "{'files':{'x.so':'AAA=A'}}",
        "{'files':{'':'AAAA'}}", "{'files':{'../x.so':'AAAA'}}",
        "{'files':{'/x.so':'AAAA'}}", "{'files':{'a/../x.so':'AAAA'}}",
        "{'files':{'a//x.so':'AAAA'}}", "{'files':{'a/':'AAAA'}}",
        "{'files':{'.x.so':'AAAA'}}", "{'files':{'a':'AAAA','a/b':'AAAA'}}",
        "{'files':{'a/b':'AAAA','a':'AAAA'}}", "{'files':{'x.txt':'AAAA'}}",
        "{'files':{'a/x.so':'AAAA'}}", "{'files':{'x.so':'AAAA','y.so':'AAAA'}}",
        "{'files':{'x.so':'AAAA'},'more':1}",
        "{'files':{'x.so':'AAAA'}}", /* no ELF */
        "{'files':{'x.so':''}}",
        "{'files':{'plugin.json':'bm8='}}",
        "{'files':{'plugin.json':'e30='}}",
    };
    struct rig r;
    size_t i, n;

    rig_open(&r, NULL);
    n = catalog_n(r.catalog);
    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        int rc = add_text(&r, bad[i]);

        CU_ASSERT(rc == TT_EINVAL || rc == TT_EJSON);
        if (rc != TT_EINVAL && rc != TT_EJSON)
            printf("# %s: %d %s\n", bad[i], rc, r.err.text);
        CU_ASSERT_EQUAL(r.err.code, rc);
        CU_ASSERT(nothing_is_staged(&r));
    }
    CU_ASSERT_EQUAL(catalog_n(r.catalog), n);
    CU_ASSERT_EQUAL(n_audited(&r, "plugin.add"), 0);
    rig_close(&r);
}

static void what_fails_the_check_is_not_taken_in(void)
{
    char name[80];
    struct rig r;

    rig_open(&r, NULL);
    write_tool(r.dir, BAD "; exit 1");
    r.options.plugin_tool = tool;
    r.options.plugin_check = 2;
    rig_restart(&r);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), TT_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err.text, "sobol.so: it fails 2"));
    CU_ASSERT_EQUAL(json_object_array_length(json_child(r.answer.body,
                                                        "checks")), 2);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, "sobol"), TT_ENOENT);
    CU_ASSERT_EQUAL(n_audited(&r, "plugin.add"), 0);
    CU_ASSERT(nothing_is_staged(&r));
    /* and another try, with a better one */
    write_tool(r.dir, GOOD);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    CU_ASSERT_EQUAL(r.answer.status, 201);
    snprintf(name, sizeof name, "%.71s", r.answer.location +
                                          strlen("/api/plugins/"));
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, name), 0);
    CU_ASSERT_EQUAL(json_int(json_child(r.answer.body, "check"), "passed", 0),
                    2);
    CU_ASSERT_EQUAL(json_int(json_child(r.answer.body, "check_report"), "seed",
                             0), 7);
    CU_ASSERT(rig_says(r.answer.body, "actor", "ann"));
    CU_ASSERT(rig_says(r.answer.body, "origin", "upload:sobol.so"));
    rig_close(&r);
}

static void what_is_not_trusted_is_not_even_checked(void)
{
    struct trust_options options = { .policy = TRUST_DENY,
                                     .keys = "/no/such/keys",
                                     .keys_optional = true };
    struct trust *t = trust_create(&options);
    struct rig r;

    rig_open(&r, NULL);
    engine_destroy(r.engine); /* its thread asks the catalogue */
    catalog_trust(r.catalog, t);
    write_tool(r.dir, "touch \"${0%/*}/was-run\"; " GOOD);
    r.options.plugin_tool = tool;
    r.options.plugin_check = 2;
    rig_start(&r);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err.text, "not signed"));
    {
        TT_AUTO_FREE char *path = fs_join(r.dir, "was-run");

        CU_ASSERT_FALSE(fs_exists(path));
    }
    CU_ASSERT(nothing_is_staged(&r));
    rig_close(&r);
    trust_destroy(t);
}

static void what_was_added_survives_a_restart(void)
{
    char hash[80], path[900];
    struct rig r;

    rig_open(&r, NULL);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    CU_ASSERT_EQUAL(r.answer.status, 201);
    snprintf(hash, sizeof hash, "%s", json_str(r.answer.body, "hash"));
    CU_ASSERT(rig_says(r.answer.body, "state", "default"));
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    CU_ASSERT_EQUAL(r.answer.status, 200);
    CU_ASSERT_EQUAL(n_audited(&r, "plugin.add"), 1);
    daemon_restarts(&r, false);
    CU_ASSERT_EQUAL(catalog_n(r.catalog), 1);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, hash), 0);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, "sobol"), 0);
    CU_ASSERT_EQUAL(json_object_array_length(json_child(r.answer.body,
                                                        "versions")), 1);
    /* what lies there is not what was added */
    snprintf(path, sizeof path, "%s/sha256/%s/plugin.so", r.dir, hash + 7);
    CU_ASSERT_EQUAL(chmod(path, 0644), 0);
    CU_ASSERT_EQUAL(truncate(path, 4096), 0);
    daemon_restarts(&r, false);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, hash), TT_ENOENT);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    CU_ASSERT_EQUAL(r.answer.status, 200);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, hash), 0);
    /* nor is what is gone */
    CU_ASSERT_EQUAL(unlink(path), 0);
    daemon_restarts(&r, false);
    CU_ASSERT_EQUAL(catalog_n(r.catalog), 0);
    rig_close(&r);
}

static void put_file(const char *dir, const char *name)
{
    TT_AUTO_FREE char *path = fs_join(dir, name);
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_mkdirs(dir, 0711, &e), 0);
    CU_ASSERT_EQUAL(fs_write(path, "x", 1, 0444, &e), 0);
}

/* --- attacks ------------------------------------------------------------------ */

/* Code of the plugin that got out of the check puts another file in its place:
 * what is taken in is what was checked, or nothing. */
static void what_changed_while_it_was_checked_is_refused(void)
{
    const struct catalog_entry *entry;
    struct rig r;
    size_t n;

    rig_open(&r, NULL);
    write_tool(r.dir, "chmod u+w \"$2\"; printf x >>\"$2\"; " GOOD);
    r.options.plugin_tool = tool;
    r.options.plugin_check = 2;
    rig_restart(&r);
    n = catalog_n(r.catalog);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), TT_ECONFLICT);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err.text, "changed while it was checked"));
    CU_ASSERT_EQUAL(catalog_n(r.catalog), n);
    CU_ASSERT_EQUAL(catalog_resolve(r.catalog, "sobol", 0, &entry, &r.err),
                    TT_ENOENT);
    CU_ASSERT_EQUAL(n_audited(&r, "plugin.add"), 0);
    CU_ASSERT(nothing_is_staged(&r));
    rig_close(&r);
}

/* Its report cannot be kept: then no run gets it, until it is added again. */
static void what_is_half_added_is_not_used(void)
{
    TT_AUTO_FREE char *file = NULL, *report = NULL;
    const struct catalog_entry *entry;
    char hash[CRYPT_HEX_BYTES];
    struct rig r;

    rig_open(&r, NULL);
    write_tool(r.dir, GOOD);
    r.options.plugin_tool = tool;
    r.options.plugin_check = 2;
    rig_restart(&r);
    file = fs_join(getenv("TT_PLUGIN_DIR"), "sobol.so");
    CU_ASSERT_EQUAL(crypt_sha256_file(file, hash, &r.err), 0);
    report = xasprintf("%s/sha256/%s/check.json", r.dir, hash);
    put_file(report, "in-the-way");
    CU_ASSERT_NOT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    CU_ASSERT_EQUAL(catalog_resolve(r.catalog, "sobol", 0, &entry, &r.err),
                    TT_ENOENT);
    CU_ASSERT_EQUAL(fs_remove_tree(report, &r.err), 0);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    CU_ASSERT_EQUAL(catalog_resolve(r.catalog, "sobol", 0, &entry, &r.err), 0);
    rig_close(&r);
}

/* A copy of sobol.so with one byte more: the same id and version. */
static void put_twin(const char *dir)
{
    TT_AUTO_FREE char *from = fs_join(getenv("TT_PLUGIN_DIR"), "sobol.so");
    TT_AUTO_FREE char *to = fs_join(dir, "sobol.so");
    struct buf bytes = { 0 };
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_read(from, 64 << 20, &bytes, &e), 0);
    buf_adds(&bytes, "x");
    CU_ASSERT_EQUAL(fs_mkdirs(dir, 0755, &e), 0);
    CU_ASSERT_EQUAL(fs_write(to, bytes.data, bytes.len, 0644, &e), 0);
    buf_fini(&bytes);
}

/* A folder whose plugin.json says that it is an adapter named sobol. */
static int add_adapter(struct rig *r, const char *dir)
{
    static const char manifest[] =
        "{\"id\":\"sobol\",\"version\":\"9.0.0\",\"kind\":\"adapter\","
        "\"license\":\"MIT\",\"vendor\":\"x\",\"exec\":{\"command\":"
        "[\"sh\"]},\"files\":{\"run\":\"2d711642b726b04401627ca9fbac32f5c8530f"
        "b1903cc4db02258717921a4881\"}}"; /* of "x" */
    TT_AUTO_FREE char *json = fs_join(dir, "plugin.json");
    TT_AUTO_FREE char *run = fs_join(dir, "run");
    struct buf body = { 0 };
    struct err e = { 0 };
    int rc;

    put_file(dir, "run");
    CU_ASSERT_EQUAL(fs_write(json, manifest, strlen(manifest), 0644, &e), 0);
    buf_adds(&body, "{'files':{ ");
    add_file(&body, "plugin.json", json);
    add_file(&body, "run", run);
    buf_adds(&body, "}}");
    rc = rig_call(r, engine_plugin_add, NULL, body.data);
    buf_fini(&body);
    return rc;
}

static void a_name_keeps_its_meaning(void)
{
    TT_AUTO_FREE char *other = NULL, *folder = NULL;
    const struct catalog_entry *entry = NULL;
    struct rig r;

    rig_open(&r, NULL);
    other = fs_join(r.dir, "other");
    folder = fs_join(r.dir, "folder");
    put_twin(other);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    CU_ASSERT_EQUAL(add_of(&r, other, "sobol"), TT_ECONFLICT);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err.text, "with other bytes"));
    CU_ASSERT_EQUAL(add_adapter(&r, folder), TT_ECONFLICT);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err.text, "already, as a strategy"));
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    CU_ASSERT_EQUAL(r.answer.status, 200);
    CU_ASSERT_EQUAL(n_audited(&r, "plugin.add"), 1);
    CU_ASSERT(nothing_is_staged(&r));
    /* one that was retired has given its version back */
    CU_ASSERT_EQUAL(catalog_resolve(r.catalog, "sobol", 0, &entry, &r.err), 0);
    catalog_mark(r.catalog, entry->hash, true, false);
    CU_ASSERT_EQUAL(add_of(&r, other, "sobol"), 0);
    CU_ASSERT_EQUAL(r.answer.status, 201);
    rig_close(&r);
}

/* --- what an interrupted one left -------------------------------------------- */

static bool has(const char *dir, const char *name)
{
    TT_AUTO_FREE char *path = fs_join(dir, name);

    return fs_exists(path);
}

/* The daemon was killed while it added: no folder stays, and nothing that lies
 * elsewhere goes with them. */
static void what_was_interrupted_is_swept(void)
{
    TT_AUTO_FREE char *incoming = NULL, *one = NULL, *link = NULL;
    TT_AUTO_FREE char *outside = NULL, *half = NULL;
    struct rig r;

    rig_open(&r, NULL);
    CU_ASSERT_EQUAL(add_of(&r, getenv("TT_PLUGIN_DIR"), "sobol"), 0);
    incoming = fs_join(r.dir, "incoming");
    outside = fs_join(r.dir, "outside");
    one = fs_join(incoming, "a1b2c3/lib");
    link = fs_join(incoming, "a1b2c3/link");
    half = fs_join(r.dir, "sha256/half.new");
    put_file(outside, "kept");
    put_file(incoming, "file");
    put_file(one, "x.py");
    put_file(half, "x.py");
    CU_ASSERT_EQUAL(symlink(outside, link), 0);
    free(link);
    link = fs_join(incoming, "link");
    CU_ASSERT_EQUAL(symlink("../outside", link), 0);
    daemon_restarts(&r, true);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, "sobol"), 0);
    CU_ASSERT(nothing_is_staged(&r));
    CU_ASSERT_FALSE(fs_exists(half));
    CU_ASSERT(has(outside, "kept"));
    /* when all of it is a link, it is left alone */
    CU_ASSERT_EQUAL(symlink("outside", incoming), 0);
    daemon_restarts(&r, true);
    CU_ASSERT(has(outside, "kept"));
    CU_ASSERT_EQUAL(unlink(incoming), 0);
    rig_close(&r);
}

/* --- retiring ------------------------------------------------------------- */

/* Say in the store that another version is the default. */
static void put_release(struct rig *r, const char *id, const char *document)
{
    struct store_batch *b = store_batch_create();
    json_object *o = json_of(document);

    store_put_json(b, (struct store_key){ STORE_PLUGIN_ID, { id }, 0 }, o);
    CU_ASSERT_EQUAL(store_commit(r->store, b, &r->err), 0);
    json_object_put(o);
    rig_restart(r); /* it is read then */
}

static void retire_says(struct rig *r, const char *name, int code,
                        const char *text)
{
    CU_ASSERT_EQUAL(named(r, engine_plugin_retire, name), code);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->err.text, text));
    if (strstr(r->err.text, text) == NULL)
        printf("# said \"%s\", wanted \"%s\"\n", r->err.text, text);
}

static void what_is_used_is_not_retired(void)
{
    char hash[65], name[80], release[400];
    struct rig r;

    rig_open(&r, NULL);
    rig_hash(&r, "zoo-hill", hash);
    snprintf(name, sizeof name, "sha256:%s", hash);
    retire_says(&r, "zoo-hill", TT_EINVAL, "name one version");
    retire_says(&r, "zoo-hill@77.0.0", TT_ENOENT, "is not here");
    retire_says(&r, name, TT_ECONFLICT, "is the default");
    snprintf(release, sizeof release, "{'default':'x','canary':{'hash':'%s'}}",
             hash);
    put_release(&r, "zoo-hill", release);
    retire_says(&r, name, TT_ECONFLICT, "end the canary");
    snprintf(release, sizeof release, "{'default':'x','pins':{'w7':'%s'}}",
             hash);
    put_release(&r, "zoo-hill", release);
    retire_says(&r, name, TT_ECONFLICT, "workflow w7 is pinned");
    put_release(&r, "zoo-hill", "{'default':'x','pins':{'w7':'y'}}");
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random'"), 0);
    retire_says(&r, name, TT_ECONFLICT, r.run);
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_cancel, NULL), 0);
    (void)rig_wait(&r, rig_has_ended);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_retire, name), 0);
    CU_ASSERT(rig_says(r.answer.body, "state", "retired"));
    CU_ASSERT(rig_says(json_object_array_get_idx(json_child(r.answer.body,
                                                            "runs"), 0),
                       "run_id", r.run));
    CU_ASSERT_EQUAL(named(&r, engine_plugin_retire, name), 0);
    CU_ASSERT_EQUAL(n_audited(&r, "plugin.retire"), 1);
    /* a plain id does not reach it, now and after a restart */
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random'"), TT_ENOENT);
    daemon_restarts(&r, true);
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random'"), TT_ENOENT);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, name), 0);
    CU_ASSERT(rig_says(r.answer.body, "state", "retired"));
    rig_close(&r);
}

/* --- records of what came from a plugin directory ----------------------------- */

static const char *condemned;

static void condemn(struct engine_task *t)
{
    releases_quarantine(t->g, condemned, "it lies");
    turn_task(t->g, t);
}

static void not_for_new_runs(struct rig *r, const char *name)
{
    const struct {
        engine_call_fn *fn;
        const char *body;
    } verbs[] = { { engine_plugin_default, NULL },
                  { engine_plugin_canary, "{}" },
                  { engine_plugin_pin, "{'workflow':'w1'}" } };
    struct engine_request q = { .name = name, .actor = "ann" };
    json_object *release = releases_get(r->engine, "zoo-hill"), *after;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(verbs); i++) {
        CU_ASSERT_EQUAL(rig_call(r, verbs[i].fn, &q, verbs[i].body),
                        TT_ECONFLICT);
        CU_ASSERT_PTR_NOT_NULL(strstr(r->err.text, "in quarantine"));
    }
    after = releases_get(r->engine, "zoo-hill");
    CU_ASSERT(json_equal(release, after));
    json_object_put(release);
    json_object_put(after);
}

/* Its record tells as much as that of one that was added or retired. */
static void what_is_condemned_has_a_whole_record(void)
{
    static const char *const same[] = { "kind", "version", "origin",
                                        "signature", "permissions" };
    struct engine_task task = { .start = condemn };
    json_object *record, *retired;
    char hash[65], other[65], name[80];
    struct rig r;
    size_t i;

    rig_open(&r, NULL);
    rig_hash(&r, "zoo-hill", hash);
    CU_ASSERT_PTR_NULL(plugin_record_get(r.store, hash, NULL));
    condemned = hash;
    CU_ASSERT_EQUAL(engine_task_run(r.engine, &task, &r.err), 0);
    record = plugin_record_get(r.store, hash, &r.err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(record);
    CU_ASSERT(rig_says(record, "state", "quarantined"));
    CU_ASSERT(rig_says(record, "reason", "it lies"));
    CU_ASSERT(rig_says(record, "id", "zoo-hill"));
    CU_ASSERT(rig_says(record, "hash", hash));
    CU_ASSERT(rig_says(record, "actor", "trimtabd"));
    CU_ASSERT_PTR_NOT_NULL(strstr(json_str(record, "origin"), "zoo_hill.so"));
    CU_ASSERT(json_int(record, "added_ms", 0) > 0);
    CU_ASSERT_PTR_NOT_NULL(json_str(json_child(record, "signature"), "state"));
    CU_ASSERT_PTR_NOT_NULL(json_child(record, "permissions"));
    snprintf(name, sizeof name, "sha256:%s", hash);
    CU_ASSERT_EQUAL(named(&r, engine_plugin_show, name), 0);
    CU_ASSERT(rig_says(r.answer.body, "origin", json_str(record, "origin")));
    CU_ASSERT(rig_says(r.answer.body, "reason", "it lies"));
    not_for_new_runs(&r, name);
    /* as retire says it of another, and of this one */
    CU_ASSERT_EQUAL(named(&r, engine_plugin_retire, name), 0);
    retired = plugin_record_get(r.store, hash, &r.err);
    for (i = 0; i < TT_ARRAY_LEN(same); i++)
        CU_ASSERT(json_equal(json_child(record, same[i]),
                             json_child(retired, same[i])));
    json_object_put(record);
    json_object_put(retired);
    memset(other, '0', 64);
    other[64] = '\0';
    CU_ASSERT_PTR_NULL(plugin_record_of(r.engine, other, "ann", &r.err));
    CU_ASSERT_EQUAL(r.err.code, TT_ENOENT);
    rig_close(&r);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "the gate opens for a report that says so",
          the_gate_opens_for_a_report_that_says_so },
        { "what failed is said with its mend",
          what_failed_is_said_with_its_mend },
        { "a checker that does not work refuses",
          a_checker_that_does_not_work_refuses },
        { "files that are none are refused", files_that_are_none_are_refused },
        { "what fails the check is not taken in",
          what_fails_the_check_is_not_taken_in },
        { "what is not trusted is not even checked",
          what_is_not_trusted_is_not_even_checked },
        { "what was added survives a restart",
          what_was_added_survives_a_restart },
        { "what changed while it was checked is refused",
          what_changed_while_it_was_checked_is_refused },
        { "what is half added is not used", what_is_half_added_is_not_used },
        { "a name keeps its meaning", a_name_keeps_its_meaning },
        { "what was interrupted is swept", what_was_interrupted_is_swept },
        { "what is used is not retired", what_is_used_is_not_retired },
        { "what is condemned has a whole record",
          what_is_condemned_has_a_whole_record },
        CU_TEST_INFO_NULL,
    };

    return rig_ready() ? tap_run("plugin add", tests) : EXIT_SUCCESS;
}
