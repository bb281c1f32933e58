/* SPDX-License-Identifier: MIT
 *
 * doctor.c - is the whole way to Orcheo sound? Each check names the cause and
 * the mend; the last one is a real run. */
#include <string.h>

#include "doctor.h"

void doctor_check(struct doctor *d, const char *name, const char *status,
                  const char *message, const char *mend)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "name", json_object_new_string(name));
    json_object_object_add(o, "status", json_object_new_string(status));
    json_object_object_add(o, "message", json_object_new_string(message));
    if (mend[0] != '\0')
        json_object_object_add(o, "mend", json_object_new_string(mend));
    json_object_array_add(d->checks, o);
    if (strcmp(status, "fail") == 0)
        d->failed++;
}

/* An error's text ends in "; mend" where there is one. */
void doctor_fail(struct doctor *d, const char *name,
                        const struct tt_error *e)
{
    const char *mend = strstr(e->message, "; ");
    char text[1008];

    snprintf(text, sizeof text, "%.*s",
             (int)(mend != NULL ? (size_t)(mend - e->message)
                                : strlen(e->message)), e->message);
    doctor_check(d, name, "fail", text, mend != NULL ? mend + 2 : "");
}

/* --- the connection ------------------------------------------------------- */

static bool check_health(struct doctor *d)
{
    struct tt_error e;
    struct reply r;
    int code;

    memset(&e, 0, sizeof e);
    code = client_get(d->self, &r, &e, "/api/system/health");
    reply_fini(&r);
    if (code == 0) {
        doctor_check(d, "health", "ok", d->self->settings.url, "");
        return true;
    }
    doctor_check(d, "health", "fail", e.message,
          code == TT_EPERM && r.status == 0
              ? "allow this origin in trimtabd's configuration"
              : "start Orcheo, or set the adapter's url to where it listens");
    return false;
}

/* Who are we? Orcheo of 0.33 has no workspaces and answers 404. */
static bool check_token(struct doctor *d)
{
    struct tt_error e;
    struct reply r;
    char text[300];
    int code;

    memset(&e, 0, sizeof e);
    code = client_get(d->self, &r, &e, "/api/workspaces/active");
    if (code == 0) {
        copy_text(d->workspace_id, sizeof d->workspace_id,
                  js_str(r.body, "workspace_id"));
        doctor_check(d, "token", "ok", "accepted", "");
        snprintf(text, sizeof text, "%.100s, as %.50s", js_str(r.body, "slug"),
                 js_str(r.body, "role"));
        doctor_check(d, "workspace", "ok", text, "");
    } else if (code == TT_ENOENT && r.code[0] == '\0') {
        doctor_check(d, "workspace", "warn", "this Orcheo has no workspaces "
                     "(0.33 or older)", "");
        code = 0;
    } else if (code == TT_EPERM || code == TT_ENOENT) {
        doctor_check(d, "token", "ok", "accepted", "");
        doctor_fail(d, "workspace", &e);
    } else {
        doctor_fail(d, "token", &e);
    }
    reply_fini(&r);
    return code == 0;
}

static void check_version(struct doctor *d)
{
    struct tt_error e;
    struct reply r;
    char text[300];

    memset(&e, 0, sizeof e);
    if (client_get(d->self, &r, &e, "/api/system/info") != 0) {
        doctor_check(d, "version", "warn", e.message, "");
    } else {
        json_object *core = js_get(r.body, "core");

        snprintf(text, sizeof text, "orcheo %.50s, backend %.50s",
                 core != NULL ? js_str(core, "current_version") : "before 0.34",
                 js_str(js_get(r.body, "backend"), "current_version"));
        doctor_check(d, "version", "ok", text, "");
    }
    reply_fini(&r);
}

/* --- the workflow --------------------------------------------------------- */

static bool mentions_template(json_object *source, const char *path)
{
    char text[600];

    snprintf(text, sizeof text, "{{config.%.550s}}", path);
    if (js_mentions(source, text))
        return true;
    snprintf(text, sizeof text, "{{ config.%.550s }}", path);
    return js_mentions(source, text);
}

/* In a config mode every parameter must stand in some template: itself, or
 * the object that it is in. */
static bool template_exists(struct tt_instance *self, json_object *source,
                            const char *node, const char *name, char *path,
                            size_t n)
{
    char part[600], *dot;

    parameter_path(self->evaluation.paths, node, name, path, n);
    copy_text(part, sizeof part, path);
    while ((dot = strrchr(part, '.')) != NULL) {
        if (mentions_template(source, part))
            return true;
        *dot = '\0';
    }
    return false;
}

static void check_config_templates(struct doctor *d, json_object *source)
{
    json_object *defaults = defaults_json(d->self->setup->space);
    char path[540], text[700];
    bool all = true;

    json_object_object_foreach(defaults, node, values) {
        json_object_object_foreach(values, name, value) {
            (void)value;
            if (template_exists(d->self, source, node, name, path,
                                sizeof path))
                continue;
            all = false;
            snprintf(text, sizeof text, "%.100s.%.100s: the script has no "
                     "{{config.%.200s}}", node, name, path);
            doctor_check(d, "templates", "fail", text, "put that template "
                         "into the node's field, or say in evaluation.paths "
                         "where it stands");
        }
    }
    if (all)
        doctor_check(d, "templates", "ok",
                     "every parameter stands in a template", "");
    json_object_put(defaults);
}

static void check_templates(struct doctor *d)
{
    struct tt_instance *self = d->self;
    struct tt_error e;
    struct reply r;

    memset(&e, 0, sizeof e);
    if (target_version(self, self->target.workflow, self->target.version, &r,
                       &e) != 0)
        doctor_fail(d, "templates", &e);
    else if (version_source(r.body) == NULL)
        doctor_check(d, "templates", "warn", "Orcheo does not show the script",
                     "");
    else if (self->target.mode != MODE_INPUTS)
        check_config_templates(d, version_source(r.body));
    else if (source_reads_inputs(version_source(r.body)))
        doctor_check(d, "templates", "ok", "the script reads "
                     "inputs.trimtab.parameters", "");
    else
        doctor_check(d, "templates", "fail", "the script does not read "
                     "inputs.trimtab.parameters", "add a node that takes them "
                     "over its stored config and answers source "
                     "\"candidate\"; or use mode slots");
    reply_fini(&r);
}

static bool check_workflow(struct doctor *d)
{
    static const char *const modes[] = { "auto", "inputs", "slots", "direct" };
    struct tt_instance *self = d->self;
    struct tt_error e;
    char text[300];

    memset(&e, 0, sizeof e);
    if (self->evaluation.workflow[0] == '\0') {
        doctor_check(d, "workflow", "warn", "no evaluation workflow is named, "
                     "so nothing was dispatched", "ask with a target");
        return false;
    }
    if (target_ready(self, &e) != 0) {
        doctor_fail(d, "workflow", &e);
        return false;
    }
    snprintf(text, sizeof text, "%.150s version %lld, mode %s",
             self->evaluation.workflow, (long long)self->target.version,
             modes[self->target.mode]);
    doctor_check(d, "workflow", "ok", text, "");
    check_templates(d);
    return true;
}

/* params {"case"?: {...}} -> {"checks":[{name,status,message,mend?}],"ok"} */
int doctor_run(struct tt_instance *self, json_object *params,
               json_object *answer, struct tt_error *e)
{
    struct doctor d;

    (void)e;
    memset(&d, 0, sizeof d);
    d.self = self;
    d.checks = json_object_new_array();
    json_object_object_add(answer, "checks", d.checks);
    if (check_health(&d) && check_token(&d)) {
        check_version(&d);
        if (check_workflow(&d) && d.failed == 0)
            doctor_trial(&d, params);
    }
    json_object_object_add(answer, "ok",
                           json_object_new_boolean(d.failed == 0));
    return 0;
}
