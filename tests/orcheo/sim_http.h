/* SPDX-License-Identifier: MIT
 *
 * sim_http.h - requests, replies and the routes between them. */
#ifndef TT_TESTS_ORCHEO_SIM_HTTP_H
#define TT_TESTS_ORCHEO_SIM_HTTP_H

#include "tests/orcheo/sim.h"

#define SIM_PARTS 8

struct MHD_Connection;
struct sim_request {
    const char *method;
    char *part[SIM_PARTS]; /* of the path, "" behind the last */
    size_t part_n;
    struct buf raw;
    json_object *body;     /* NULL when absent, null or not JSON */
    bool parsed;           /* raw was JSON */
    const char *subject;   /* for audit logs */
    struct sim_token *token;
    struct sim_workspace *workspace; /* NULL on routes that need none */
    struct MHD_Connection *connection;
};

enum sim_delivery { SIM_SEND, SIM_CLOSE, SIM_CUT };
struct sim_reply {
    int status;
    json_object *body;   /* owned */
    const char *text;    /* plain text in place of a body */
    int64_t retry_after; /* 0 = no such header */
    int64_t delay_ms;
    enum sim_delivery delivery;
};

typedef void sim_handler(struct sim *s, const struct sim_request *q,
                         struct sim_reply *a);
struct sim_route {
    const char *method, *path; /* {} matches one part */
    unsigned flags;
    sim_handler *run;
};
#define SIM_PUBLIC 1u       /* no token */
#define SIM_NO_WORKSPACE 2u /* a token, but no workspace */
#define SIM_NEW 4u          /* not in 0.33 */
#define SIM_OLD 8u          /* only in 0.33 */
#define SIM_CONTROL 16u     /* ours: no fault, no limit, no token */
extern const struct sim_route sim_routes[];

const char *sim_query(const struct sim_request *q, const char *name);
const char *sim_header(const struct sim_request *q, const char *name);
void sim_each_value(const struct sim_request *q, bool headers,
                    json_object *into);

void sim_serve(struct sim *s, struct sim_request *q, struct sim_reply *a);

struct MHD_Daemon *sim_http_start(struct sim *s);
unsigned sim_http_port(struct MHD_Daemon *d);
void sim_http_stop(struct MHD_Daemon *d);

/* --- the four shapes of an error ----------------------------------------- */
void sim_detail(struct sim_reply *a, int status, const char *text);
void sim_coded(struct sim_reply *a, int status, const char *message,
               const char *code);
void sim_nested(struct sim_reply *a, int status, const char *code,
                const char *message, json_object *details); /* takes; NULL */
void sim_invalid(struct sim_reply *a, json_object *errors); /* takes */
void sim_crash(struct sim_reply *a); /* 500, plain text */
/* 429 because of the quota. */
void sim_full(struct sim_reply *a, const struct sim_workspace *w);

/* --- sim_check.c: validation as FastAPI words it ----------------------------
 * A context holds the errors and the place ("loc") that is being looked at. */
struct sim_check {
    json_object *errors;
    json_object *at; /* array of keys and indexes */
    size_t first;    /* 0.33 counts the characters of a UUID from 1 */
};
void sim_check_init(struct sim_check *c, const struct sim *s);
bool sim_check_fini(struct sim_check *c, struct sim_reply *a); /* true: fine */
void sim_check_push(struct sim_check *c, const char *key);
void sim_check_push_index(struct sim_check *c, size_t i);
void sim_check_pop(struct sim_check *c);
void sim_check_fail(struct sim_check *c, const char *type, const char *message,
                    json_object *input,
                    json_object *context); /* takes context */
/* Is the request's body an object? Else all errors are noted. */
bool sim_check_body(struct sim_check *c, const struct sim_request *q);
enum sim_want { SIM_STRING, SIM_OBJECT, SIM_ARRAY, SIM_INTEGER, SIM_UUID_TEXT };
/* The member, or NULL when absent, null (if optional) or wrong. */
json_object *sim_check_get(struct sim_check *c, json_object *o, const char *key,
                           enum sim_want want, bool required);
void sim_check_only(struct sim_check *c, json_object *o,
                    const char *const *known);
/* o[key] as a runnable config. */
void sim_check_config(struct sim_check *c, json_object *o, const char *key);
/* A path part that must be a UUID, an integer. */
bool sim_check_path_uuid(const struct sim *s, const char *text,
                         const char *name, struct sim_reply *a);

/* Holds a string that PostgreSQL cannot store? */
bool sim_unstorable(json_object *value);
/* JSON as Python's reader takes it: NaN is null; a lone surrogate becomes a
 * NUL, because both end in the same 500. */
json_object *sim_parse(const char *text, size_t n, bool *ok);

/* --- handlers ------------------------------------------------------------ */
sim_handler sim_health, sim_info, sim_openapi, sim_workspace_active,
    sim_workspace_mine, sim_workspace_new, sim_token_new, sim_workflow_new,
    sim_workflow_list, sim_workflow_get, sim_workflow_archive,
    sim_workflow_page, sim_version_list, sim_version_get, sim_version_ingest,
    sim_version_config, sim_dispatch, sim_run_list, sim_run_get,
    sim_run_cancel, sim_run_mark, sim_run_post, sim_run_history, sim_webhook,
    sim_hook, sim_control_faults, sim_control_stats,
    sim_control_parameters, sim_control_reset,
    sim_control_restart, sim_control_kill;

#endif
