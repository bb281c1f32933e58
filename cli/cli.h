/* SPDX-License-Identifier: MIT
 *
 * cli.h - `trimtab`: a thin user of the HTTP API. What the parts share. */
#ifndef TT_CLI_H
#define TT_CLI_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit codes; stable, documented in trimtab(1). */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1, /* a run that failed, a check that found something */
    CLI_USAGE = 2,
    CLI_AUTH = 3,
    CLI_NOT_FOUND = 4,
    CLI_CONFLICT = 5,
    CLI_INVALID = 6,
    CLI_LIMITED = 7,
    CLI_UNAVAILABLE = 8
};

struct cli {
    const char *url;   /* http://127.0.0.1:8787 or unix:/path */
    const char *token; /* or NULL */
    bool json;         /* print what the API said */
    bool yes;          /* do not ask */
    const char *profile; /* Orcheo profile, for doctor and target draft */
    void *curl;        /* one connection, reused */
};

/* --- client.c: one request ----------------------------------------------- */

struct reply {
    unsigned status; /* 0: no answer */
    json_object *body; /* NULL when there was none; put by reply_fini */
    char cursor[320];
};
/* Make a request; prints a problem to stderr and returns its exit code, or 0.
 * body may be NULL; it is borrowed. */
int client_call(struct cli *c, const char *method, const char *path,
                json_object *body, struct reply *r);
/* Like client_call, but silent: for polls that will be repeated. */
int client_try(struct cli *c, const char *method, const char *path,
               json_object *body, struct reply *r);
void reply_fini(struct reply *r);
void client_close(struct cli *c);
/* "/api/workflows/%s/..." with each %s percent-encoded; caller frees. */
char *client_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- args.c: options behind a verb --------------------------------------- */

struct args {
    int n;        /* positional ones */
    char **value;
    int n_options;
    struct {
        const char *name, *value; /* "--name value", "--name=value", "--flag" */
    } option[32];
};
/* known: "name=" takes a value, "name" is a flag; NULL-ended. 0 or CLI_USAGE
 * (said on stderr). */
int args_parse(struct args *a, int argc, char **argv, const char *const *known);
const char *args_get(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name);

/* --- print.c ------------------------------------------------------------- */

/* A member by path "a.b.c"; NULL when absent. */
json_object *json_at(json_object *o, const char *path);
const char *json_text(json_object *o, const char *path, const char *otherwise);
double json_number_at(json_object *o, const char *path, double otherwise);

struct column {
    const char *title, *path;
};
void print_json(json_object *o);
/* items: an array of objects. Numbers to the right, texts cut at 48. */
void print_table(json_object *items, const struct column *columns, size_t n);
/* "key: value" lines of an object's scalars, nested ones indented. */
void print_object(json_object *o, int indent);
/* GET path (taken: it is freed) and show the answer: as JSON where that was
 * asked for, a list as a table of columns, without columns an object. */
int show_answer(struct cli *c, char *path, const struct column *columns,
                size_t n);
/* The array of a list answer, or the answer itself when it is one. */
json_object *list_items(json_object *body);

/* --- orcheo_profile.c ---------------------------------------------------- */

/* Orcheo's own connection settings: ORCHEO_API_URL, ORCHEO_SERVICE_TOKEN,
 * ORCHEO_WORKSPACE, else [profiles.NAME] of ~/.config/orcheo/cli.toml. An
 * object {"url","token","workspace"}, or NULL with *why set when a profile was
 * asked for by name and is not there. */
json_object *orcheo_connection(const char *profile, char *why, size_t n);

/* --- commands: argv[0] is the verb --------------------------------------- */

int cmd_optimize(struct cli *c, int argc, char **argv);
int cmd_runs(struct cli *c, int argc, char **argv);
int cmd_params(struct cli *c, int argc, char **argv);
int cmd_target(struct cli *c, int argc, char **argv);
int cmd_dataset(struct cli *c, int argc, char **argv);
int cmd_plugin(struct cli *c, int argc, char **argv);
int cmd_audit(struct cli *c, int argc, char **argv);
int cmd_doctor(struct cli *c, int argc, char **argv);

/* A run's log into a file ("-": standard output) that plugin check --replay
 * reads; and as a table. */
int run_log_save(struct cli *c, const char *run, const char *path);
int run_log_show(struct cli *c, const char *run, const char *limit,
                 const char *cursor);
/* Become trimtab-plugin; returns only when it cannot be started. */
/* plugin_files.c: {"files": {name: base 64}} of a plugin's file with its
 * manifest and signature, or of a folder. NULL is said on stderr. */
json_object *plugin_files(const char *path);
int plugin_tool(int argc, char **argv);
int plugin_check(struct cli *c, int argc, char **argv);
/* Watch a run until it ends; the last word is its report when it completed. */
int watch_run(struct cli *c, const char *run);
/* A file ("-": standard input) as a JSON object; NULL is said on stderr. */
json_object *read_json_file(const char *path);
int usage_error(const char *text);

#endif
