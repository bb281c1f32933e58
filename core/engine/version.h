/* SPDX-License-Identifier: MIT
 *
 * version.h - version documents: what is stored, what is shown. Pure.
 *
 * Stored: {"version":"v3","node_id","parameters":{...},"metrics":{...},
 * "metadata":{"optimizer","run_id","created_at","parent_version","seed",
 * "plugins":{"strategy":"id@version sha256:..","adapter":..},
 * "dataset":"name@v sha256:..","objective":...},"checksum":"sha256:..."}.
 * The store puts in "version" and "checksum". Shown, the checksum stands in
 * the metadata, as the seed has it. */
#ifndef TT_ENGINE_VERSION_H
#define TT_ENGINE_VERSION_H

#include "core/base/json.h"

/* "v3" is 3. TT_EINVAL "<where>: must be a version such as \"v3\", ...". */
int version_number(const char *text, const char *where, uint64_t *out,
                   struct err *e);
void version_text(uint64_t number, char out[32]); /* "v3" */

/* {"version","node_id","parameters","metrics","metadata"}; the caller puts. */
json_object *version_shown(json_object *version_document);
/* The seed's answer {"version","parameters","metadata"}; the caller puts. */
json_object *version_active_answer(json_object *version_document);

/* A new document for store_version_add(): no run, no metrics, created now.
 * The caller sets what else it knows in "metadata", and puts it. parent 0:
 * none. parameters are copied. */
json_object *version_document(const char *node, json_object *parameters,
                              const char *optimizer, uint64_t parent);

#endif
