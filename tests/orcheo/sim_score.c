/* SPDX-License-Identifier: MIT
 *
 * sim_score.c - the numbers: the fake model, Orcheo's token F1, and the noisy
 * model, each the same to the last bit as their Python. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "tests/orcheo/sim.h"

/* --- words and tokens ---------------------------------------------------- */

struct words {
    char **word;
    size_t n;
};

static void words_add(struct words *w, const char *from, size_t n)
{
    w->word = xrealloc(w->word, w->n + 1, sizeof *w->word);
    w->word[w->n++] = xstrndup(from, n);
}

static void words_fini(struct words *w)
{
    while (w->n > 0)
        free(w->word[--w->n]);
    free(w->word);
}

/* str.split() for ASCII white space. */
static struct words split(const char *text)
{
    struct words w = { 0 };
    const char *from;

    for (;;) {
        while (isspace((unsigned char)*text))
            text++;
        if (*text == '\0')
            return w;
        from = text;
        while (*text != '\0' && !isspace((unsigned char)*text))
            text++;
        words_add(&w, from, (size_t)(text - from));
    }
}

/* re.split(r"\W+", text.lower()), without empty strings. */
static struct words tokens(const char *text)
{
    struct words w = { 0 };
    struct buf token = { 0 };
    mbstate_t in, out;
    wchar_t c;
    char bytes[16];
    size_t n, left = strlen(text);

    memset(&in, 0, sizeof in);
    memset(&out, 0, sizeof out);
    for (;; text += n, left -= n) {
        n = left > 0 ? mbrtowc(&c, text, left, &in) : 0;
        if (n == (size_t)-1 || n == (size_t)-2) {
            memset(&in, 0, sizeof in);
            n = 1;
            c = L' ';
        }
        if (n > 0 && (iswalnum((wint_t)c) || c == L'_')) {
            size_t k = wcrtomb(bytes, (wchar_t)towlower((wint_t)c), &out);

            if (k != (size_t)-1)
                buf_add(&token, bytes, k);
            continue;
        }
        if (token.len > 0)
            words_add(&w, token.data, token.len);
        buf_reset(&token);
        if (n == 0)
            break;
    }
    buf_fini(&token);
    return w;
}

/* Size of the multiset intersection; eats b's words. */
static size_t overlap(const struct words *a, struct words *b)
{
    size_t i, j, n = 0;

    for (i = 0; i < a->n; i++) {
        for (j = 0; j < b->n; j++) {
            if (b->word[j] != NULL && strcmp(a->word[i], b->word[j]) == 0) {
                free(b->word[j]);
                b->word[j] = NULL;
                n++;
                break;
            }
        }
    }
    return n;
}

double sim_token_f1(const char *prediction, const char *reference)
{
    struct words p = tokens(prediction), r = tokens(reference);
    size_t n = overlap(&p, &r);
    double precision, recall, f1 = 0;

    if (n > 0) {
        precision = (double)n / (double)p.n;
        recall = (double)n / (double)r.n;
        f1 = 2 * precision * recall / (precision + recall);
    }
    words_fini(&p);
    words_fini(&r);
    return f1;
}

/* --- the fake model ------------------------------------------------------ */

/* The nearer to 0.3, and with "brief", the more words stay. */

char *sim_keep_words(const char *expected, double temperature, bool brief)
{
    struct words w = split(expected);
    struct buf out = { 0 };
    double off = fabs(temperature - 0.3);
    double keep = rint((double)w.n * (1.0 - (off < 1.0 ? off : 1.0)));
    size_t n, i;

    n = keep > 0 ? (size_t)keep : 0;
    if (!brief)
        n = n / 2;
    for (i = 0; i < n && i < w.n; i++) {
        if (i > 0)
            buf_adds(&out, " ");
        buf_adds(&out, w.word[i]);
    }
    words_fini(&w);
    return out.len > 0 ? buf_steal(&out) : (buf_fini(&out), xstrdup(""));
}

/* --- Python's float() and str() ------------------------------------------ */

char *sim_python_str(json_object *value)
{
    char number[32];
    double d;

    switch (json_object_get_type(value)) {
    case json_type_null:
        return xstrdup("None");
    case json_type_boolean:
        return xstrdup(json_object_get_boolean(value) ? "True" : "False");
    case json_type_string:
        return xstrdup(json_object_get_string(value));
    case json_type_double:
        d = json_object_get_double(value);
        json_number(d, number);
        if (strpbrk(number, ".e") == NULL)
            return xasprintf("%s.0", number);
        return xstrdup(number);
    default: /* an integer; repr() of containers is not told apart from JSON */
        return xstrdup(json_object_to_json_string_ext(value,
                                                      JSON_C_TO_STRING_PLAIN));
    }
}

static const char *python_type(json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_object:
        return "dict";
    case json_type_array:
        return "list";
    default:
        return "NoneType";
    }
}

/* float(value), or float(text) when text is not NULL. */
bool sim_float(json_object *value, const char *text, double *out, char **error)
{
    char *end;

    if (text == NULL && json_object_is_type(value, json_type_string))
        text = json_object_get_string(value);
    if (text != NULL) {
        *out = strtod(text, &end);
        while (isspace((unsigned char)*end))
            end++;
        if (end != text && *end == '\0')
            return true;
        *error = xasprintf("could not convert string to float: '%s'", text);
        return false;
    }
    switch (json_object_get_type(value)) {
    case json_type_boolean:
    case json_type_int:
    case json_type_double:
        *out = json_object_get_double(value);
        return true;
    default:
        *error = xasprintf("float() argument must be a string or a real "
                           "number, not '%s'", python_type(value));
        return false;
    }
}

/* --- the noisy model, as workflows/noisy.py ------------------------------ */

/* FNV-1a over the bytes, then a finaliser, in [0, 1). */
static double hash01(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    return (double)(h >> 11) * 0x1p-53;
}

static double style_penalty(const char *style)
{
    if (strcmp(style, "steps") == 0)
        return 0.0;
    if (strcmp(style, "bullets") == 0)
        return 0.03;
    return strcmp(style, "plain") == 0 ? 0.06 : 0.1;
}

/* With d = hash01("difficulty|" case), u = hash01(of the case and everything):
 *
 *   score = 0.95 - 0.3 d
 *         - 0.8 (temperature - (0.25 + 0.3 d))^2
 *         - 0.6 (top_p - 0.85)^2
 *         - 0.02 |log2(max(1, top_k) / 32)|
 *         - {steps 0, bullets 0.03, plain 0.06, else 0.1}[style]
 *         - (0.1 unless "brief" is in the prompt)
 *         + noise (2 u - 1)                              cut to [0, 1]
 *
 * Over many cases the best is temperature 0.4, top_p 0.85, top_k 32, steps,
 * "brief", near 0.79. Equal parameters give equal scores; another seed in the
 * inputs draws another noise. */
double sim_noisy_score(const struct sim_noisy *p, const char *expected)
{
    TT_AUTO_FREE char *hard = xasprintf("difficulty|%s", expected);
    TT_AUTO_FREE char *all = xasprintf(
        "noise|%s|%.6f|%.6f|%.6f|%s|%s|%s", expected, p->temperature, p->top_p,
        p->top_k, p->style, p->prompt, p->seed);
    double d = hash01(hard), u = hash01(all);
    double t = p->temperature - (0.25 + 0.3 * d), q = p->top_p - 0.85;
    double score = 0.95 - 0.3 * d;

    score -= 0.8 * (t * t);
    score -= 0.6 * (q * q);
    score -= 0.02 * fabs(log2((p->top_k > 1 ? p->top_k : 1.0) / 32.0));
    score -= style_penalty(p->style);
    score -= strstr(p->prompt, "brief") == NULL ? 0.1 : 0.0;
    score += p->noise * (2.0 * u - 1.0);
    return score < 0 ? 0.0 : score > 1 ? 1.0 : score;
}
