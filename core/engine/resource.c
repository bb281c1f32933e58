/* SPDX-License-Identifier: MIT
 *
 * resource.c - identifiers, pages, records. */
#include "core/engine/resource.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/engine_impl.h"

/* --- what a request says -------------------------------------------------- */

int resource_id(const char *what, const char *id, struct err *e)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t n = 0;

    if (id != NULL && *id != '\0' && strchr(first, *id) != NULL)
        for (n = 1; id[n] != '\0' && (strchr(first, id[n]) != NULL ||
                                      strchr("._:-", id[n]) != NULL);)
            n++;
    if (n == 0 || n > 128 || id[n] != '\0')
        return err_set(e, TT_EINVAL,
                       "%s \"%.140s\": must be 1 to 128 letters, digits and "
                       ". _ : -, beginning with a letter or a digit",
                       what, id != NULL ? id : "");
    return 0;
}

int resource_path(const struct engine_request *q, struct err *e)
{
    int rc = resource_id("workflow", q->workflow, e);

    if (rc == 0 && q->node != NULL)
        rc = resource_id("node", q->node, e);
    if (rc == 0 && q->name != NULL)
        rc = resource_id("dataset", q->name, e);
    return rc;
}

const char *resource_query(const struct engine_request *q, const char *key)
{
    const char *value = json_str(q->query, key);

    return value == NULL || *value == '\0' || strncmp(value, "{{", 2) == 0
               ? NULL
               : value;
}

int resource_number(const struct engine_request *q, const char *key,
                    uint64_t otherwise, uint64_t lo, uint64_t hi,
                    uint64_t *out, struct err *e)
{
    const char *text = resource_query(q, key);
    size_t n = text != NULL ? strlen(text) : 0;

    *out = otherwise;
    if (text == NULL)
        return 0;
    *out = strtoull(text, NULL, 10);
    if (n > 18 || strspn(text, "0123456789") != n || *out < lo || *out > hi)
        return err_set(e, TT_EINVAL,
                       "query: %s: must be a number from %" PRIu64
                       " to %" PRIu64 ", is \"%.64s\"",
                       key, lo, hi, text);
    return 0;
}

int resource_limit(const struct engine_request *q, size_t *out, struct err *e)
{
    uint64_t limit;
    int rc = resource_number(q, "limit", 50, 1, 200, &limit, e);

    *out = (size_t)limit;
    return rc;
}

int resource_environment(struct engine *g, const struct engine_request *q,
                         const char **out, struct err *e)
{
    struct json_at at = { q->body, "request" };
    const char *env = resource_query(q, "env");
    int rc = 0;

    if (env == NULL)
        env = resource_query(q, "environment");
    if (env == NULL)
        env = g->options.environment != NULL ? g->options.environment
                                             : "production";
    if (q->body != NULL)
        rc = json_get_str(at, "environment", env, &env, e);
    *out = env;
    return rc < 0 ? rc : resource_id("environment", env, e);
}

/* --- what an answer says -------------------------------------------------- */

void resource_page(struct engine_answer *a, json_object *items,
                   const char *cursor)
{
    bool more = cursor != NULL && *cursor != '\0';

    a->body = json_object_new_object();
    json_set(a->body, "items", items);
    if (more)
        json_set_str(a->body, "next_cursor", cursor);
    else
        json_set(a->body, "next_cursor", NULL);
    snprintf(a->next_cursor, sizeof a->next_cursor, "%s", more ? cursor : "");
}

void resource_etag(json_object *document, char out[64])
{
    struct buf text = { 0 };
    char hex[CRYPT_HEX_BYTES];

    json_canonical(document, &text);
    crypt_sha256_hex(text.data, text.len, hex);
    snprintf(out, 64, "%.16s", hex);
    buf_fini(&text);
}

/* A list of entity tags: W/"a", "b". Weak ones compare like strong ones: the
 * tags that we give out are all strong. */
static bool tag_listed(const char *header, const char *tag)
{
    size_t n = strlen(tag);
    const char *p = header, *end;

    while ((p = strchr(p, '"')) != NULL) {
        end = strchr(p + 1, '"');
        if (end == NULL)
            return false;
        if ((size_t)(end - p - 1) == n && strncmp(p + 1, tag, n) == 0)
            return true;
        p = end + 1;
    }
    return strcmp(header, tag) == 0; /* without quotes: meant well */
}

int resource_if_match(const char *header, const char *tag, const char *what,
                      struct err *e)
{
    if (header == NULL)
        return 0;
    if (tag != NULL && (strcmp(header, "*") == 0 || tag_listed(header, tag)))
        return 0;
    if (tag == NULL)
        return err_set(e, TT_EPRECONDITION,
                       "%s: does not exist, so If-Match cannot hold", what);
    return err_set(e, TT_EPRECONDITION,
                   "%s: has changed: its ETag is \"%s\", If-Match says %.100s; "
                   "read it again and decide",
                   what, tag, header);
}

/* --- records -------------------------------------------------------------- */

json_object *resource_target(struct store *s, const char *workflow,
                             const char *node, struct err *e)
{
    struct store_key key = { STORE_TARGET, { workflow, node }, 0 };
    struct err why = { 0 };
    json_object *o = store_get_json(s, key, &why);

    if (o == NULL && why.code == TT_ENOENT)
        err_set(e, TT_ENOENT,
                "target %s/%s: no such target; PUT /api/workflows/%s/targets/"
                "%s makes one",
                workflow, node, workflow, node);
    else if (o == NULL)
        err_set(e, why.code, "%s", why.text);
    return o;
}

json_object *resource_version(struct store *s, const char *workflow,
                              const char *node, uint64_t number, struct err *e)
{
    struct store_key key = { STORE_VERSION, { workflow, node }, number };
    struct err why = { 0 };
    json_object *o = store_get_json(s, key, &why);

    if (o == NULL && why.code == TT_ENOENT)
        err_set(e, TT_ENOENT,
                "parameters of %s/%s: there is no version v%" PRIu64
                "; GET /api/workflows/%s/parameters/%s/versions lists them",
                workflow, node, number, workflow, node);
    else if (o == NULL)
        err_set(e, why.code, "%s", why.text);
    return o;
}

struct newest {
    uint64_t number;
    json_object *document;
};

static int take_newest(void *ctx, const struct store_key *key,
                       struct tt_str bytes)
{
    struct newest *newest = ctx;

    newest->number = key->number;
    newest->document = json_parse(bytes.p, (size_t)bytes.n,
                                  &json_limits_document, NULL);
    return 1;
}

json_object *resource_dataset(struct store *s, const char *workflow,
                              const char *name, uint64_t version,
                              uint64_t *found, struct err *e)
{
    struct store_key key = { STORE_DATASET, { workflow, name },
                             version > 0 ? version : UINT64_MAX };
    struct newest newest = { .number = version };
    struct err why = { 0 };
    int rc;

    if (version > 0) {
        newest.document = store_get_json(s, key, &why);
        rc = newest.document == NULL ? why.code : 0;
    } else {
        rc = store_scan(s, key, 2, true, take_newest, &newest, &why);
        if (rc == 0 && newest.document == NULL)
            rc = TT_ENOENT;
    }
    if (rc == TT_ENOENT && version > 0)
        err_set(e, TT_ENOENT,
                "dataset %s/%s: there is no version %" PRIu64, workflow, name,
                version);
    else if (rc == TT_ENOENT)
        err_set(e, TT_ENOENT,
                "dataset %s/%s: no such dataset; PUT /api/workflows/%s/"
                "datasets/%s makes one",
                workflow, name, workflow, name);
    else if (rc < 0)
        err_set(e, rc, "%s", why.text);
    if (found != NULL)
        *found = newest.number;
    return rc == 0 ? newest.document : NULL;
}

struct dataset *resource_dataset_open(struct store *s, const char *workflow,
                                      const char *reference, struct err *e)
{
    const char *at = strchr(reference, '@');
    char *name = xstrndup(reference, at != NULL ? (size_t)(at - reference)
                                                : strlen(reference));
    uint64_t version = at != NULL ? strtoull(at + 1, NULL, 10) : 0, found = 0;
    json_object *document = resource_dataset(s, workflow, name, version,
                                             &found, e);
    struct dataset *d = NULL;

    if (document != NULL)
        d = dataset_create(name, found, document, e);
    json_object_put(document);
    free(name);
    return d;
}
