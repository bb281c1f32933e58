/* SPDX-License-Identifier: MIT
 *
 * version.c - version documents. */
#include "core/engine/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"

int version_number(const char *text, const char *where, uint64_t *out,
                   struct err *e)
{
    size_t digits;

    *out = 0;
    if (text == NULL)
        return err_set(e, TT_EINVAL, "%s: must be a version such as \"v3\", is "
                                     "absent",
                       where);
    digits = *text == 'v' ? strspn(text + 1, "0123456789") : 0;
    if (digits == 0 || digits > 15 || text[1] == '0' ||
        text[1 + digits] != '\0')
        return err_set(e, TT_EINVAL, "%s: must be a version such as \"v3\", is "
                                     "\"%.64s\"",
                       where, text);
    *out = strtoull(text + 1, NULL, 10);
    return 0;
}

void version_text(uint64_t number, char out[32])
{
    snprintf(out, 32, "v%" PRIu64, number);
}

json_object *version_shown(json_object *version_document)
{
    json_object *shown = json_copy(version_document), *metadata;
    const char *checksum = json_str(version_document, "checksum");

    json_object_object_del(shown, "checksum");
    metadata = json_child(shown, "metadata");
    if (metadata == NULL) {
        metadata = json_object_new_object();
        json_set(shown, "metadata", metadata);
    }
    if (checksum != NULL)
        json_set_str(metadata, "checksum", checksum);
    return shown;
}

json_object *version_active_answer(json_object *version_document)
{
    json_object *shown = version_shown(version_document);

    json_object_object_del(shown, "node_id");
    json_object_object_del(shown, "metrics");
    return shown;
}

json_object *version_document(const char *node, json_object *parameters,
                              const char *optimizer, uint64_t parent)
{
    json_object *document = json_object_new_object();
    json_object *metadata = json_object_new_object();
    char text[32];

    json_set_str(document, "node_id", node);
    json_set(document, "parameters", json_copy(parameters));
    json_set(document, "metrics", json_object_new_object());
    json_set(document, "metadata", metadata);
    json_set_str(metadata, "optimizer", optimizer);
    json_set(metadata, "run_id", NULL);
    json_set(metadata, "seed", NULL);
    clock_format(clock_wall_ms(), text);
    json_set_str(metadata, "created_at", text);
    version_text(parent, text);
    if (parent > 0)
        json_set_str(metadata, "parent_version", text);
    else
        json_set(metadata, "parent_version", NULL);
    return document;
}
