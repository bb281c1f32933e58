/* SPDX-License-Identifier: MIT
 *
 * dataset.h - versioned cases with splits.
 *
 * The document: {"cases":[{"split":"train|validation|holdout", "id":"q1",
 * ...whatever the workflow reads...}], "split":{"train":0.4,"validation":0.3,
 * "holdout":0.3,"seed":1}}. Cases without a split are dealt out by the ratios,
 * as a pure function of seed and content. */
#ifndef TT_ENGINE_DATASET_H
#define TT_ENGINE_DATASET_H

#include <trimtab/strategy.h>

#include "core/base/json.h"

struct dataset {
    char *name;
    uint64_t version;
    char hash[65];          /* sha256 of cases, split and description */
    /* Per split (index enum tt_split), ids 0..n-1: the cases' JSON texts
     * without "split", and their own "id" (NULL where a case has none), by
     * which evaluation nodes name them. */
    char **cases[4];
    char **names[4];
    uint64_t n[4];
};

/* Check, deal out, and write every case's split into the document. TT_EINVAL
 * names the case; at least one validation case is wanted. */
int dataset_check(json_object *document, struct err *e);
struct dataset *dataset_create(const char *name, uint64_t version,
                               json_object *document, struct err *e);
void dataset_destroy(struct dataset *d);

#endif
