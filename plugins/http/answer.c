/* SPDX-License-Identifier: MIT
 *
 * answer.c - what an answer says of each case. A flaw costs the case that has
 * it; only what concerns all of them costs the evaluation. */
#include <math.h>
#include <string.h>

#include "http.h"

/* "it has: a, b, c" */
static void list_members(json_object *o, char *out, size_t n)
{
    struct tt_str text = { "null", 4 };

    out[0] = '\0';
    if (!json_object_is_type(o, json_type_object)) {
        if (o != NULL)
            js_write(&text, o);
        text.n = text.n < 60 ? text.n : 60;
        copy_text(out, n, text);
        return;
    }
    append(out, n, "an object with ");
    json_object_object_foreach(o, key, value) {
        (void)value;
        if (strlen(out) > 150)
            break;
        append(out, n, "%s%.40s", strcmp(out, "an object with ") == 0 ? ""
                                                                     : ", ",
               key);
    }
}

/* The text of a string, or of any other value but null. False for none. */
static bool words_of(json_object *o, const char *pointer, char *out, size_t n)
{
    struct tt_str text;
    json_object *v;

    if (pointer == NULL || !js_pointer(o, pointer, &v) || v == NULL ||
        (json_object_is_type(v, json_type_boolean) &&
         !json_object_get_boolean(v)))
        return false;
    if (json_object_is_type(v, json_type_string)) {
        text.p = json_object_get_string(v);
        text.n = (uint64_t)json_object_get_string_len(v);
    } else {
        js_write(&text, v);
    }
    copy_text(out, n, text);
    return out[0] != '\0';
}

static const char *sent_id(const struct result *r, size_t i)
{
    return json_object_get_string(json_object_array_get_idx(r->sent, i));
}

static bool was_sent(const struct result *r, const char *id)
{
    size_t i;

    for (i = 0; i < json_object_array_length(r->sent); i++) {
        if (strcmp(sent_id(r, i), id) == 0)
            return true;
    }
    return false;
}

/* --- one case ------------------------------------------------------------- */

/* name: for people, "case q3"; id: NULL where it is not known. */
static void read_values(const struct settings *s, json_object *element,
                        const char *name, json_object *values,
                        struct result *r, const char *id)
{
    char what[200], text[WHY_BYTES];
    bool measured = false;
    json_object *v;
    double x;

    json_object_object_foreach(s->case_metrics, metric, at) {
        const char *pointer = json_object_get_string(at);

        json_object_object_add(values, metric, NULL);
        if (!js_pointer(element, pointer, &v)) {
            list_members(element, what, sizeof what);
            snprintf(text, sizeof text, "%s: %s: \"%s\" is missing in %s",
                     name, metric, pointer, what);
        } else if (x = js_measure(v, what, sizeof what), !isfinite(x)) {
            snprintf(text, sizeof text, "%s: %s: \"%s\" is %s, not a finite "
                     "number", name, metric, pointer, what);
        } else {
            json_object_object_add(values, metric, js_number(x));
            measured = true;
            continue;
        }
        result_complain(r, "%s", text);
        if (id != NULL)
            result_remark(r, id, text);
    }
    r->scored += measured;
}

static void read_case(const struct settings *s, json_object *element,
                      const char *id, size_t position, struct result *r)
{
    json_object *values = json_object_new_object();
    char name[120], words[1000];

    if (id != NULL)
        snprintf(name, sizeof name, "case %.100s", id);
    else
        snprintf(name, sizeof name, "case number %zu", position + 1);
    if (words_of(element, s->case_error, words, sizeof words)) {
        json_object_object_foreach(s->case_metrics, metric, at) {
            (void)at;
            json_object_object_add(values, metric, NULL);
        }
        result_complain(r, "%s: the endpoint says: %s", name, words);
        if (id != NULL)
            result_remark(r, id, words);
    } else if (s->case_metrics != NULL) {
        read_values(s, element, name, values, r, id);
    }
    if (id != NULL && words_of(element, s->case_feedback, words, sizeof words))
        result_remark(r, id, words);
    if (id != NULL)
        json_object_object_add(r->by_id, id, values);
    else
        json_object_array_add(r->rows, values);
}

/* --- all cases ------------------------------------------------------------ */

/* The id that an element echoes: a text or a whole number. "" for none. */
static void echoed_id(const struct settings *s, json_object *element, char *out,
                      size_t n)
{
    json_object *v;

    out[0] = '\0';
    if (s->id == NULL || !js_pointer(element, s->id, &v))
        return;
    if (json_object_is_type(v, json_type_string))
        copy_text(out, n, tt_str_of(json_object_get_string(v)));
    else if (json_object_is_type(v, json_type_int))
        snprintf(out, n, "%lld", (long long)json_object_get_int64(v));
}

static void take_named(const struct settings *s, json_object *element,
                       const char *id, struct result *r)
{
    if (r->sent != NULL && !was_sent(r, id))
        result_complain(r, "the answer names a case \"%.100s\" that was not "
                        "sent", id);
    else if (json_object_object_get_ex(r->by_id, id, NULL))
        result_complain(r, "case %.100s: answered twice; the first counts",
                        id);
    else
        read_case(s, element, id, 0, r);
}

/* One by one, each by the id that it echoes. */
static void read_by_id(const struct settings *s, json_object *list,
                       struct result *r)
{
    size_t i, n = json_object_array_length(list);
    char id[260], what[200];

    for (i = 0; i < n; i++) {
        json_object *element = json_object_array_get_idx(list, i);

        echoed_id(s, element, id, sizeof id);
        if (id[0] != '\0') {
            take_named(s, element, id, r);
            continue;
        }
        list_members(element, what, sizeof what);
        result_complain(r, "answer.cases.id: \"%s\" is missing in element %zu "
                        "of \"%s\", which is %s: let the endpoint echo the id "
                        "of each case", s->id, i, s->at, what);
    }
}

/* In the order of the cases: only where the count fits. */
static void read_in_order(const struct settings *s, json_object *list,
                          const char *only, struct result *r)
{
    size_t i, n = json_object_array_length(list);
    size_t sent = only != NULL ? 1
                  : r->sent != NULL ? json_object_array_length(r->sent) : n;

    if (n != sent) {
        r->broken = only == NULL;
        result_complain(r, "answer.cases.at: \"%s\" has %zu values for the "
                        "%zu cases that were sent", s->at, n, sent);
        return;
    }
    for (i = 0; i < n; i++)
        read_case(s, json_object_array_get_idx(list, i),
                  only != NULL ? only : r->sent != NULL ? sent_id(r, i) : NULL,
                  i, r);
}

static void note_missing(struct result *r, const char *only)
{
    size_t i;

    for (i = 0; r->sent != NULL && i < json_object_array_length(r->sent);
         i++) {
        const char *id = sent_id(r, i);

        if ((only != NULL && strcmp(only, id) != 0) ||
            json_object_object_get_ex(r->by_id, id, NULL))
            continue;
        result_complain(r, "case %.100s: the answer has no value for it", id);
        result_remark(r, id, "the answer has no value for it");
    }
}

static void read_cases(const struct settings *s, json_object *answer,
                       const char *only, struct result *r)
{
    json_object *list;
    char what[260];

    if (!js_pointer(answer, s->at, &list)) {
        r->broken = only == NULL;
        list_members(answer, what, sizeof what);
        result_complain(r, "answer.cases.at: \"%s\" is missing; the answer is "
                        "%s", s->at, what);
    } else if (json_object_is_type(list, json_type_object)) {
        json_object_object_foreach(list, id, element) {
            copy_text(what, sizeof what, tt_str_of(id));
            take_named(s, element, what, r);
        }
        note_missing(r, only);
    } else if (!json_object_is_type(list, json_type_array)) {
        r->broken = only == NULL;
        list_members(list, what, sizeof what);
        result_complain(r, "answer.cases.at: \"%s\" is %s: it must be an "
                        "array, or an object by id", s->at, what);
    } else if (s->id != NULL) {
        read_by_id(s, list, r);
        note_missing(r, only);
    } else {
        read_in_order(s, list, only, r);
    }
}

/* --- the whole ------------------------------------------------------------ */

/* A value over all cases; of one case it is that case's too. */
static void take_whole(struct result *r, const char *id, const char *metric,
                       double x, bool split)
{
    json_object *values;

    if (!split)
        json_object_object_add(r->whole, metric, js_number(x));
    if (id == NULL)
        return;
    values = js_get(r->by_id, id);
    if (values == NULL) {
        values = json_object_new_object();
        json_object_object_add(r->by_id, id, values);
    }
    if (js_get(values, metric) == NULL)
        json_object_object_add(values, metric, js_number(x));
    r->scored++;
}

static void read_whole(const struct settings *s, json_object *answer,
                       const char *only, struct result *r)
{
    const char *id = only != NULL ? only
                     : r->sent != NULL && json_object_array_length(r->sent) == 1
                         ? sent_id(r, 0) : NULL;
    char what[200];
    json_object *v;
    double x;

    json_object_object_foreach(s->metrics, metric, at) {
        const char *pointer = json_object_get_string(at);

        if (!js_pointer(answer, pointer, &v)) {
            list_members(answer, what, sizeof what);
            result_complain(r, "answer.metrics.%s: \"%s\" is missing; the "
                            "answer is %s", metric, pointer, what);
            continue;
        }
        x = js_measure(v, what, sizeof what);
        if (isfinite(x))
            take_whole(r, id, metric, x, only != NULL);
        else
            result_complain(r, "answer.metrics.%s: \"%s\" is %s, not a finite "
                            "number", metric, pointer, what);
    }
}

static double read_count(json_object *answer, const char *pointer,
                         struct result *r)
{
    char what[200];
    json_object *v;
    double x;

    if (pointer == NULL || !js_pointer(answer, pointer, &v) || v == NULL)
        return 0.0;
    x = js_measure(v, what, sizeof what);
    if (isfinite(x) && x >= 0 && x < 9e15)
        return x;
    result_complain(r, "\"%s\" is %s, not a finite number above 0", pointer,
                    isfinite(x) ? "out of range" : what);
    return 0.0;
}

static void read_feedback(const struct settings *s, json_object *answer,
                          const char *only, struct result *r)
{
    const char *id = only != NULL ? only
                     : r->sent != NULL && json_object_array_length(r->sent) == 1
                         ? sent_id(r, 0) : NULL;
    json_object *v;
    char words[2000];
    size_t i;

    if (s->feedback == NULL || !js_pointer(answer, s->feedback, &v))
        return;
    if (!json_object_is_type(v, json_type_array)) {
        if (words_of(v, "", words, sizeof words))
            result_remark(r, id, words);
        return;
    }
    for (i = 0; i < json_object_array_length(v) && i < 20; i++) {
        if (words_of(json_object_array_get_idx(v, i), "", words, sizeof words))
            result_remark(r, id, words);
    }
}

void answer_read(const struct settings *s, json_object *answer,
                 const char *only, struct result *r)
{
    char words[1000];

    r->cost += read_count(answer, s->cost, r);
    r->tokens_in += (uint64_t)read_count(answer, s->tokens_in, r);
    r->tokens_out += (uint64_t)read_count(answer, s->tokens_out, r);
    if (words_of(answer, s->error, words, sizeof words)) {
        result_complain(r, "%s%s%sthe endpoint says: %s",
                        only != NULL ? "case " : "", only != NULL ? only : "",
                        only != NULL ? ": " : "", words);
        if (only != NULL)
            result_remark(r, only, words);
        return;
    }
    if (s->at != NULL)
        read_cases(s, answer, only, r);
    if (s->metrics != NULL)
        read_whole(s, answer, only, r);
    read_feedback(s, answer, only, r);
}
