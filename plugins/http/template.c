/* SPDX-License-Identifier: MIT
 *
 * template.c - placeholders. In JSON a string that is exactly "{{name}}"
 * becomes the value, with its type: nothing is pasted into text, so no value
 * can break out of its place. In URLs and headers only what the host itself
 * made may stand: a candidate's text there could name a secret. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

/* --- candidates ----------------------------------------------------------- */

/* Choices reach a plugin as text: they are numbers when all of them are. */
static bool choices_are_numbers(const struct tt_param *p)
{
    char text[64], *end;
    uint64_t i;

    for (i = 0; i < p->n_choices; i++) {
        if (p->choices[i].n == 0 || p->choices[i].n >= sizeof text)
            return false;
        memcpy(text, p->choices[i].p, (size_t)p->choices[i].n);
        text[p->choices[i].n] = '\0';
        if (!isfinite(strtod(text, &end)) || *end != '\0' ||
            strchr("-0123456789", text[0]) == NULL ||
            strpbrk(text, "xX") != NULL)
            return false;
    }
    return p->n_choices > 0;
}

static json_object *choice_json(const struct tt_param *p, double number)
{
    uint64_t i = number >= 0 ? (uint64_t)number : 0;
    char copy[64];

    if (i >= p->n_choices)
        return NULL;
    if (!choices_are_numbers(p))
        return js_text(p->choices[i]);
    memcpy(copy, p->choices[i].p, (size_t)p->choices[i].n);
    copy[p->choices[i].n] = '\0';
    return strpbrk(copy, ".eE") == NULL
               ? json_object_new_int64(strtoll(copy, NULL, 10))
               : js_number(strtod(copy, NULL));
}

static json_object *value_json(const struct tt_param *p,
                               const struct tt_value *v)
{
    switch ((enum tt_param_kind)p->kind) {
    case TT_FLOAT:
        return js_number(v->number);
    case TT_INT:
        return json_object_new_int64((int64_t)v->number);
    case TT_BOOL:
        return json_object_new_boolean(v->number > 0.5);
    case TT_CATEGORICAL:
    case TT_ORDINAL:
        return choice_json(p, v->number);
    case TT_TEXT:
        break;
    }
    return js_text(v->text);
}

/* "node.parameter", cut in two. */
static void cut_name(struct tt_str name, char node[256], char parameter[256])
{
    const char *dot = memchr(name.p, '.', (size_t)name.n);
    size_t n = dot != NULL ? (size_t)(dot - name.p) : 0;

    snprintf(node, 256, "%.*s", (int)n, name.p);
    n = dot != NULL ? n + 1 : 0;
    snprintf(parameter, 256, "%.*s", (int)((size_t)name.n - n), name.p + n);
}

json_object *candidate_json(const struct tt_space *space,
                            const struct tt_candidate *c)
{
    json_object *nodes = json_object_new_object(), *o;
    char node[256], parameter[256];
    const struct tt_value *v;
    uint64_t i;

    for (i = 0; space != NULL && i < space->n_params && i < c->n_values; i++) {
        v = tt_candidate_value(c, i);
        if ((v->flags & TT_VALUE_INACTIVE) != 0)
            continue;
        cut_name(tt_space_param(space, i)->name, node, parameter);
        o = js_get(nodes, node);
        if (o == NULL) {
            o = json_object_new_object();
            json_object_object_add(nodes, node, o);
        }
        json_object_object_add(o, parameter,
                               value_json(tt_space_param(space, i), v));
    }
    return nodes;
}

/* --- names ---------------------------------------------------------------- */

/* The run of an evaluation "run/12.3". */
static struct tt_str run_of(struct tt_str evaluation)
{
    uint64_t n = evaluation.n;

    while (n > 0 && evaluation.p[n - 1] != '/')
        n--;
    evaluation.n = n > 0 ? n - 1 : evaluation.n;
    return evaluation;
}

static bool space_knows(const struct tt_space *space, const char *path)
{
    size_t n = strlen(path);
    uint64_t i;

    for (i = 0; space != NULL && i < space->n_params; i++) {
        struct tt_str name = tt_space_param(space, i)->name;

        if (name.n >= n && memcmp(name.p, path, n) == 0 &&
            (name.n == n || name.p[n] == '.'))
            return true;
    }
    return space == NULL;
}

/* Members by a dotted path. */
static json_object *walk(json_object *o, const char *path)
{
    char name[256];
    size_t n;

    while (o != NULL && *path != '\0') {
        n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        o = js_get(o, name);
        path += path[n] == '.' ? n + 1 : n;
    }
    return o;
}

static bool fill_parameters(struct filling *f, const char *path,
                            json_object **out, char *why, size_t n)
{
    if (!space_knows(f->self->setup->space, path)) {
        snprintf(why, n, "{{parameters.%.200s}}: there is no such parameter",
                 path);
        return false;
    }
    *out = js_copy(walk(f->parameters, path)); /* null where it is inactive */
    return true;
}

static bool fill_case(struct filling *f, const char *path, json_object **out,
                      char *why, size_t n)
{
    if (f->one == NULL) {
        snprintf(why, n, "{{case}}: the evaluation has several cases: put "
                 "{{cases}} into the body, or set cases_per_run to 1");
        return false;
    }
    *out = js_copy(walk(f->one, path));
    if (*out == NULL && !f->checking)
        say(f->self, WARNED_MEMBER, "http: {{case.%.100s}}: a case has no "
            "such member; null is sent", path);
    return true;
}

static bool fill_name(struct filling *f, const char *name, json_object **out,
                      char *why, size_t n)
{
    if (strcmp(name, "label") == 0)
        *out = js_text(f->label);
    else if (strcmp(name, "evaluation") == 0)
        *out = js_text(f->evaluation);
    else if (strcmp(name, "run") == 0)
        *out = js_text(run_of(f->evaluation));
    else if (strcmp(name, "candidate") == 0)
        *out = json_object_new_int64((int64_t)f->candidate);
    else if (strcmp(name, "repeat") == 0)
        *out = json_object_new_int64((int64_t)f->repeat);
    else if (strcmp(name, "parameters") == 0)
        *out = js_copy(f->parameters);
    else if (strncmp(name, "parameters.", 11) == 0)
        return fill_parameters(f, name + 11, out, why, n);
    else if (strcmp(name, "case") == 0)
        return fill_case(f, "", out, why, n);
    else if (strncmp(name, "case.", 5) == 0)
        return fill_case(f, name + 5, out, why, n);
    else if (strcmp(name, "cases") == 0 && f->cases != NULL)
        *out = js_copy(f->cases);
    else {
        snprintf(why, n, "{{%.200s}}: unknown here; there are label, "
                 "evaluation, run, candidate, repeat, parameters, "
                 "parameters.NODE.NAME, cases, case, case.MEMBER", name);
        return false;
    }
    return true;
}

/* --- JSON ----------------------------------------------------------------- */

static bool fill_string(struct filling *f, json_object *template,
                        json_object **out, char *why, size_t n)
{
    const char *text = json_object_get_string(template);
    size_t len = strlen(text);
    char name[300];

    if (strstr(text, "{{") == NULL) {
        *out = js_copy(template);
        return true;
    }
    if (len < 5 || len > 290 || strncmp(text, "{{", 2) != 0 ||
        strcmp(text + len - 2, "}}") != 0 || strstr(text + 2, "{{") != NULL) {
        snprintf(why, n, "\"%.100s\": a placeholder stands alone in its "
                 "string: values are put in whole, not pasted into text",
                 text);
        return false;
    }
    snprintf(name, sizeof name, "%.*s", (int)(len - 4), text + 2);
    return fill_name(f, name, out, why, n);
}

static bool fill_array(struct filling *f, json_object *template,
                       json_object **out, char *why, size_t n)
{
    json_object *list = json_object_new_array(), *item;
    size_t i;

    *out = list;
    for (i = 0; i < json_object_array_length(template); i++) {
        item = NULL;
        if (!template_fill(f, json_object_array_get_idx(template, i), &item,
                           why, n))
            return false;
        json_object_array_add(list, item);
    }
    return true;
}

static bool fill_object(struct filling *f, json_object *template,
                        json_object **out, char *why, size_t n)
{
    json_object *o = json_object_new_object(), *item;

    *out = o;
    json_object_object_foreach(template, key, value) {
        item = NULL;
        if (!template_fill(f, value, &item, why, n))
            return false;
        json_object_object_add(o, key, item);
    }
    return true;
}

/* On failure *out may hold a part; the caller puts it all the same. */
bool template_fill(struct filling *f, json_object *template,
                   json_object **out, char *why, size_t n)
{
    *out = NULL;
    switch (json_object_get_type(template)) {
    case json_type_string:
        return fill_string(f, template, out, why, n);
    case json_type_array:
        return fill_array(f, template, out, why, n);
    case json_type_object:
        return fill_object(f, template, out, why, n);
    default:
        *out = js_copy(template);
        return true;
    }
}

/* --- text ----------------------------------------------------------------- */

static void put_escaped(char *out, size_t n, struct tt_str s, bool url)
{
    size_t used = strlen(out);
    uint64_t i;

    for (i = 0; i < s.n && used + 4 < n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (!url ? c > ' ' && c < 0x7f
                 : isalnum(c) || strchr("-_.~", c) != NULL)
            out[used++] = (char)c;
        else if (url)
            used += (size_t)snprintf(out + used, n - used, "%%%02X", c);
        else
            out[used++] = '?';
    }
    out[used] = '\0';
}

static bool put_name(const struct filling *f, const char *name, size_t len,
                     bool url, char *out, size_t n)
{
    char number[24];

#define IS(word) (len == strlen(word) && memcmp(name, word, len) == 0)
    if (IS("label"))
        put_escaped(out, n, f->label, url);
    else if (IS("evaluation"))
        put_escaped(out, n, f->evaluation, url);
    else if (IS("run"))
        put_escaped(out, n, run_of(f->evaluation), url);
    else if (IS("candidate")) {
        snprintf(number, sizeof number, "%llu",
                 (unsigned long long)f->candidate);
        put_escaped(out, n, tt_str_of(number), url);
    } else if (IS("status_url") && f->status_url != NULL && url)
        append(out, n, "%s", f->status_url); /* client_url() has seen it */
    else
        return false;
#undef IS
    return true;
}

bool template_text(const struct filling *f, const char *template, bool url,
                   char *out, size_t n, char *why, size_t why_n)
{
    const char *at, *end;

    out[0] = '\0';
    while ((at = strstr(template, "{{")) != NULL) {
        append(out, n, "%.*s", (int)(at - template), template);
        end = strstr(at, "}}");
        if (end == NULL ||
            !put_name(f, at + 2, (size_t)(end - at - 2), url, out, n)) {
            snprintf(why, why_n, "\"%.100s\": in a URL or a header may stand "
                     "{{label}}, {{evaluation}}, {{run}} and {{candidate}}",
                     template);
            return false;
        }
        template = end + 2;
    }
    append(out, n, "%s", template);
    if (strlen(out) + 5 >= n) {
        snprintf(why, why_n, "\"%.100s\": too long when it is filled in",
                 template);
        return false;
    }
    return true;
}

/* --- before anything is sent ---------------------------------------------- */

static bool check_texts(struct filling *f, const struct settings *s, char *why,
                        size_t n)
{
    char text[URL_BYTES];

    if (s->headers != NULL) {
        json_object_object_foreach(s->headers, name, value) {
            (void)name;
            if (!template_text(f, json_object_get_string(value), false, text,
                               sizeof text, why, n))
                return false;
        }
    }
    if (!template_text(f, s->url, true, text, sizeof text, why, n) ||
        (s->lookup != NULL &&
         !template_text(f, s->lookup, true, text, sizeof text, why, n)))
        return false;
    f->status_url = s->url;
    return s->abandon == NULL ||
           template_text(f, s->abandon, true, text, sizeof text, why, n);
}

int template_check(const struct settings *s, const struct tt_space *space,
                   struct tt_error *e)
{
    struct tt_setup setup = { .size = sizeof setup, .space = space };
    struct tt_instance self = { .setup = &setup };
    struct filling f = { .self = &self, .checking = true };
    json_object *empty = json_object_new_object(), *out = NULL;
    const char *where = "case";
    char why[WHY_BYTES];
    bool good;

    f.label = f.evaluation = tt_str_of("x");
    f.parameters = f.one = empty;
    good = template_fill(&f, s->one, &out, why, sizeof why);
    json_object_put(out);
    if (good && s->body != NULL) {
        where = "body";
        f.cases = json_object_new_array();
        good = template_fill(&f, s->body, &out, why, sizeof why);
        json_object_put(out);
        json_object_put(f.cases);
    }
    if (good) {
        where = "url, headers";
        good = check_texts(&f, s, why, sizeof why);
    }
    json_object_put(empty);
    return good ? 0 : tt_fail(e, TT_EINVAL, "adapter http: config: %s: %s",
                              where, why);
}
