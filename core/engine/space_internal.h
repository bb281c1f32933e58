/* SPDX-License-Identifier: MIT
 *
 * space_internal.h - what space.c (documents) and space_value.c (candidates)
 * share. */
#ifndef TT_ENGINE_SPACE_INTERNAL_H
#define TT_ENGINE_SPACE_INTERNAL_H

#include "core/engine/space.h"

#define SPACE_MAX_PARAMS 1000
#define SPACE_MAX_CHOICES 1000
#define SPACE_MAX_TEXT_BYTES (1u << 20)
#define SPACE_MAX_INT 9007199254740992.0 /* 2^53: every integer is a double */

/* A grid point may be off by the rounding of lo + k * step, relative to step:
 * far above that (1e-12), far below what anybody would call another value. */
#define SPACE_GRID_SLACK 1e-6

/* The JSON of parameter i, borrowed from the space's document. */
json_object *space_param_document(const struct space *s, uint64_t i);
/* Where `value` stands in an array of choices, or -1. */
int64_t space_choice_index(json_object *choices, json_object *value);
/* May `text` be a value? No NUL, UTF-8, and nothing that Orcheo would take
 * from its vault. TT_EINVAL "<name>: ...". */
int space_check_text(const char *name, struct tt_str text, struct err *e);
/* Is `value` one that parameter p may take? */
int space_check_value(const struct tt_param *p, const struct tt_value *value,
                      struct err *e);
/* JSON to the value of parameter i; texts are borrowed from `json`. */
int space_value_from_json(const struct space *s, uint64_t i, json_object *json,
                          struct tt_value *out, struct err *e);

/* One parameter on its way in. */
struct space_draft {
    char *name;            /* "node.parameter" */
    size_t node_len;       /* of the part in front of the last dot */
    json_object *document; /* borrowed from the space's copy */
    struct tt_param param;
    const char *parent;    /* as the condition says it; NULL = no condition */
    json_object *in;
    bool placed;
};

/* Everything that d->document says by itself; the condition only as said.
 * TT_EINVAL names the parameter. */
int space_read_param(struct space *s, struct space_draft *d, struct err *e);
/* The default of parameter i, made up where none is declared; into p and into
 * the document. */
int space_read_default(struct space *s, struct tt_param *p, uint64_t i,
                       struct space_draft *d, struct err *e);

#endif
