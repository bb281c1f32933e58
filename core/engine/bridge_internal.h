/* SPDX-License-Identifier: MIT
 *
 * bridge_internal.h - what bridge.c (names, observations) and bridge_nodes.c
 * (the table of Orcheo's evaluation nodes) share. */
#ifndef TT_ENGINE_BRIDGE_INTERNAL_H
#define TT_ENGINE_BRIDGE_INTERNAL_H

#include "core/engine/bridge.h"

/* One metric that the outputs hold. */
struct metric {
    char *name;      /* "node.metric"; of a pointer: its own name */
    size_t node_len; /* of the node in the name; 0 for a pointer */
    char *path;      /* where it stands below node_results, "/score/mrr" */
    double value;    /* NAN when it was not measured */
    char *why;       /* why it was not measured, else NULL */
    bool absent;     /* a pointer at which nothing stands */
    char *trouble;   /* why its values per case cannot be used, else NULL */
    double *cases;   /* per case that was sent, NAN where missing; or NULL */
};

/* Something said in words about a case, or (at = -1) about all of them. */
struct reason {
    int64_t at;
    char *text;
};

/* More metrics than a workflow can mean: the rest is not read. */
#define BRIDGE_MAX_METRICS 4096

struct reading {
    const uint64_t *case_ids;
    size_t n_cases;
    json_object *index; /* {"name or number of a case": its place}; owned */
    json_object *outputs; /* borrowed */
    json_object *results; /* node_results, or the folded history; owned */
    struct metric *metrics;
    size_t n_metrics, cap_metrics;
    struct reason *reasons;
    size_t n_reasons, cap_reasons;
    uint64_t tokens_in, tokens_out;
};

/* --- bridge_metric.c ------------------------------------------------------ */

static inline bool is_object(json_object *value)
{
    return json_object_is_type(value, json_type_object);
}

static inline bool is_array(json_object *value)
{
    return json_object_is_type(value, json_type_array);
}

const char *bridge_type_name(json_object *value); /* "null", "string", ... */
/* A finite number, else NAN; booleans count as 1 and 0 where wanted. */
double bridge_number(json_object *value, bool booleans);
/* "/a/b~1c"; the caller frees it. */
char *bridge_path(const char *const *parts, size_t n);
/* A new one, not measured yet; takes name and path. Valid until the next. */
struct metric *bridge_add_metric(struct reading *r, char *name,
                                 size_t node_len, char *path);
void bridge_not_measured(struct metric *m, char *why); /* takes why */
/* Its number, or why there is none. */
void bridge_set_value(struct metric *m, json_object *value, bool booleans);
/* The sent case that an output names, -1 for none; alone: it names just
 * one. */
int64_t bridge_match_case(const struct reading *r, const char *id, bool alone);
double *bridge_no_cases(const struct reading *r); /* all NAN */
/* Values in the order of the cases; what: how messages call the list. */
void bridge_cases_in_order(const struct reading *r, struct metric *m,
                           json_object *items, const char *what);
/* {"id": {field: number}}. An empty one says that nothing was measured. */
void bridge_cases_by_id(const struct reading *r, struct metric *m,
                        json_object *by_id, const char *field,
                        const char *what);

/* --- bridge_nodes.c, bridge_pointer.c, bridge.c --------------------------- */

/* Everything that is in r->results, by the rules of the contract. */
void bridge_read_nodes(struct reading *r);
/* Add the metric that stands at a pointer, under this name. */
struct metric *bridge_read_pointer(struct reading *r, const char *name,
                                   const char *pointer);
/* Find r->results, and count tokens. */
void bridge_find_results(struct reading *r);
void bridge_reading_fini(struct reading *r);

#endif
