/* SPDX-License-Identifier: MIT
 *
 * resource.h - what the resource calls of engine.h share: identifiers, pages,
 * and records fetched with errors that say how to make what is missing.
 * Threads [api]; everything blocks on the store at most. */
#ifndef TT_ENGINE_RESOURCE_H
#define TT_ENGINE_RESOURCE_H

#include "core/engine/dataset.h"
#include "core/engine/engine.h"

/* [A-Za-z0-9][A-Za-z0-9._:-]{0,127}, else TT_EINVAL naming what it is of. */
int resource_id(const char *what, const char *id, struct err *e);
/* workflow and (unless it is NULL in q) node or name of a request. */
int resource_path(const struct engine_request *q, struct err *e);

/* A query value; NULL when absent, empty, or a template that Orcheo did not
 * resolve ("{{..."). */
const char *resource_query(const struct engine_request *q, const char *key);
/* A number of the query within [lo, hi]. */
int resource_number(const struct engine_request *q, const char *key,
                    uint64_t otherwise, uint64_t lo, uint64_t hi,
                    uint64_t *out, struct err *e);
/* "limit", 1..200, 50 when absent. */
int resource_limit(const struct engine_request *q, size_t *out, struct err *e);
/* What the body or the query says, else the daemon's own. */
int resource_environment(struct engine *g, const struct engine_request *q,
                         const char **out, struct err *e);

/* {"items":[],"next_cursor":...}: finish a page. items is taken; cursor NULL
 * or empty = the last page. */
void resource_page(struct engine_answer *a, json_object *items,
                   const char *cursor);
/* The entity tag of a document: the start of its sha256. */
void resource_etag(json_object *document, char out[64]);
/* Does an If-Match header allow a change of what has this tag? tag NULL: it
 * does not exist. TT_EPRECONDITION says which it has. */
int resource_if_match(const char *header, const char *tag, const char *what,
                      struct err *e);

/* --- records; the caller puts them ---------------------------------------- */

/* TT_ENOENT "target demo/answer: no such target; PUT ... makes one". */
json_object *resource_target(struct store *s, const char *workflow,
                             const char *node, struct err *e);
json_object *resource_version(struct store *s, const char *workflow,
                              const char *node, uint64_t number,
                              struct err *e);
/* Version 0 is the newest; *found says which it is (may be NULL). */
json_object *resource_dataset(struct store *s, const char *workflow,
                              const char *name, uint64_t version,
                              uint64_t *found, struct err *e);
/* "name" or "name@version", as targets and requests say it. */
struct dataset *resource_dataset_open(struct store *s, const char *workflow,
                                      const char *reference, struct err *e);

#endif
