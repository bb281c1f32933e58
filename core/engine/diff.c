/* SPDX-License-Identifier: MIT
 *
 * diff.c - the shortest edit script of two lists of tokens (E. Myers, "An
 * O(ND) difference algorithm and its variations", Algorithmica 1, 1986), as
 * a unified diff of lines, and as words within a changed text. */
#include "core/engine/diff.h"

#include <string.h>

#include "core/base/mem.h"

/* Edits beyond which the shortest script is given up, and all that differs is
 * shown as replaced: the trace takes MAX_EDITS^2 numbers, 8 MB. */
#define MAX_EDITS 1000
#define CONTEXT 3

struct tokens {
    struct tt_str *at;
    size_t n, cap;
};

/* One token of the result: ' ' in both, '-' in from, '+' in to. */
struct edit {
    char op;
    struct tt_str token;
};

struct script {
    struct edit *at;
    size_t n, cap;
};

/* --- tokens --------------------------------------------------------------- */

static void add_token(struct tokens *t, const char *p, size_t n)
{
    if (t->n == t->cap) {
        t->cap = t->cap == 0 ? 64 : 2 * t->cap;
        t->at = xrealloc(t->at, t->cap, sizeof *t->at);
    }
    t->at[t->n++] = (struct tt_str){ p, n };
}

/* Lines with their newline; the last one may have none. */
static void split_lines(const char *text, struct tokens *out)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        n += text[n] == '\n' ? 1 : 0;
        add_token(out, text, n);
        text += n;
    }
}

/* Words, and the spaces between them. */
static void split_words(const char *text, struct tokens *out)
{
    static const char spaces[] = " \t\r\n";

    while (*text != '\0') {
        size_t n = strcspn(text, spaces);

        if (n == 0)
            n = strspn(text, spaces);
        add_token(out, text, n);
        text += n;
    }
}

static void add_edit(struct script *s, char op, struct tt_str token)
{
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 64 : 2 * s->cap;
        s->at = xrealloc(s->at, s->cap, sizeof *s->at);
    }
    s->at[s->n++] = (struct edit){ op, token };
}

/* --- Myers ---------------------------------------------------------------- */

/* x of the furthest path on diagonal k after d edits: a row of 2d + 1. */
static int64_t *cell(int64_t *trace, int64_t d, int64_t k)
{
    return &trace[d * d + d + k]; /* rows 0..d-1 have d^2 cells */
}

/* Fill in the trace; returns the number of edits, or -1 when it is above
 * MAX_EDITS. */
static int64_t search(const struct tt_str *a, int64_t n, const struct tt_str *b,
                      int64_t m, int64_t *trace)
{
    int64_t d, k, x, y;

    for (d = 0; d <= MAX_EDITS; d++) {
        for (k = -d; k <= d; k += 2) {
            if (d == 0)
                x = 0;
            else if (k == -d ||
                     (k != d && *cell(trace, d - 1, k - 1) <
                                    *cell(trace, d - 1, k + 1)))
                x = *cell(trace, d - 1, k + 1); /* down: b's is inserted */
            else
                x = *cell(trace, d - 1, k - 1) + 1; /* a's is deleted */
            y = x - k;
            while (x < n && y < m && tt_str_equal(a[x], b[y])) {
                x++;
                y++;
            }
            *cell(trace, d, k) = x;
            if (x >= n && y >= m)
                return d;
        }
    }
    return -1;
}

/* Walk the trace back from the end; gives the edits in reverse. */
static void walk_back(const struct tt_str *a, int64_t n,
                      const struct tt_str *b, int64_t m, int64_t *trace,
                      int64_t d, struct script *reverse)
{
    int64_t x = n, y = m, k, before;

    for (; d > 0; d--) {
        bool down;

        k = x - y;
        down = k == -d || (k != d && *cell(trace, d - 1, k - 1) <
                                         *cell(trace, d - 1, k + 1));
        before = *cell(trace, d - 1, down ? k + 1 : k - 1);
        while (x > (down ? before : before + 1)) {
            add_edit(reverse, ' ', a[--x]);
            y--;
        }
        if (down)
            add_edit(reverse, '+', b[--y]);
        else
            add_edit(reverse, '-', a[--x]);
    }
    while (x > 0)
        add_edit(reverse, ' ', a[--x]);
}

static void compare_middle(const struct tt_str *a, int64_t n,
                           const struct tt_str *b, int64_t m,
                           struct script *out)
{
    const int64_t most = n + m < MAX_EDITS ? n + m : MAX_EDITS;
    struct script reverse = { 0 };
    int64_t *trace, d, i;

    trace = xcalloc((size_t)((most + 1) * (most + 1)), sizeof *trace);
    d = search(a, n, b, m, trace);
    if (d >= 0) {
        walk_back(a, n, b, m, trace, d, &reverse);
        while (reverse.n > 0) {
            reverse.n--;
            add_edit(out, reverse.at[reverse.n].op,
                     reverse.at[reverse.n].token);
        }
    } else {
        for (i = 0; i < n; i++)
            add_edit(out, '-', a[i]);
        for (i = 0; i < m; i++)
            add_edit(out, '+', b[i]);
    }
    free(trace);
    free(reverse.at);
}

static void compare(const struct tokens *a, const struct tokens *b,
                    struct script *out)
{
    size_t head = 0, tail = 0, i;

    while (head < a->n && head < b->n && tt_str_equal(a->at[head], b->at[head]))
        head++;
    while (tail < a->n - head && tail < b->n - head &&
           tt_str_equal(a->at[a->n - 1 - tail], b->at[b->n - 1 - tail]))
        tail++;
    for (i = 0; i < head; i++)
        add_edit(out, ' ', a->at[i]);
    compare_middle(a->at + head, (int64_t)(a->n - head - tail), b->at + head,
                   (int64_t)(b->n - head - tail), out);
    for (i = a->n - tail; i < a->n; i++)
        add_edit(out, ' ', a->at[i]);
}

/* --- unified diff --------------------------------------------------------- */

static void add_line(struct buf *out, const struct edit *edit)
{
    buf_add(out, &edit->op, 1);
    buf_add(out, edit->token.p, (size_t)edit->token.n);
    if (edit->token.n == 0 || edit->token.p[edit->token.n - 1] != '\n')
        buf_adds(out, "\n\\ No newline at end of file\n");
}

/* Edits [first, last) as one hunk; from and to count lines before it. */
static void add_hunk(struct buf *out, const struct script *s, size_t first,
                     size_t last, size_t from, size_t to)
{
    size_t i, n_from = 0, n_to = 0;

    for (i = first; i < last; i++) {
        n_from += s->at[i].op != '+' ? 1 : 0;
        n_to += s->at[i].op != '-' ? 1 : 0;
    }
    /* an empty side is named by the line in front of it, as diff(1) does */
    buf_addf(out, "@@ -%zu,%zu +%zu,%zu @@\n", n_from > 0 ? from + 1 : from,
             n_from, n_to > 0 ? to + 1 : to, n_to);
    for (i = first; i < last; i++)
        add_line(out, &s->at[i]);
}

static void add_hunks(struct buf *out, const struct script *s)
{
    size_t i = 0, from = 0, to = 0, done = 0;

    while (i < s->n) {
        size_t first, last, quiet = 0;

        while (i < s->n && s->at[i].op == ' ')
            i++;
        if (i == s->n)
            return;
        first = i - done > CONTEXT ? i - CONTEXT : done;
        for (; done < first; done++) { /* only equal lines are skipped */
            from++;
            to++;
        }
        for (last = i; last < s->n && quiet <= 2 * CONTEXT; last++)
            quiet = s->at[last].op == ' ' ? quiet + 1 : 0;
        if (quiet > CONTEXT)
            last -= quiet - CONTEXT;
        add_hunk(out, s, first, last, from, to);
        for (; done < last; done++) {
            from += s->at[done].op != '+' ? 1 : 0;
            to += s->at[done].op != '-' ? 1 : 0;
        }
        i = last;
    }
}

void diff_text(const char *from, const char *to, const char *from_name,
               const char *to_name, struct buf *out)
{
    struct tokens a = { 0 }, b = { 0 };
    struct script s = { 0 };

    if (strcmp(from, to) == 0)
        return;
    split_lines(from, &a);
    split_lines(to, &b);
    compare(&a, &b, &s);
    buf_addf(out, "--- %s\n+++ %s\n", from_name, to_name);
    add_hunks(out, &s);
    free(a.at);
    free(b.at);
    free(s.at);
}

/* --- words ---------------------------------------------------------------- */

/* "Be [-very-]{+quite+} brief.", as wdiff(1) writes it. */
static char *diff_words(const char *from, const char *to)
{
    struct tokens a = { 0 }, b = { 0 };
    struct script s = { 0 };
    struct buf out = { 0 };
    char open = ' ';
    size_t i;

    split_words(from, &a);
    split_words(to, &b);
    compare(&a, &b, &s);
    for (i = 0; i <= s.n; i++) {
        char op = i < s.n ? s.at[i].op : ' ';

        if (op != open && open != ' ')
            buf_adds(&out, open == '-' ? "-]" : "+}");
        if (op != open && op != ' ')
            buf_adds(&out, op == '-' ? "[-" : "{+");
        open = op;
        if (i < s.n)
            buf_add(&out, s.at[i].token.p, (size_t)s.at[i].token.n);
    }
    free(a.at);
    free(b.at);
    free(s.at);
    return buf_steal(&out);
}

/* --- parameters ----------------------------------------------------------- */

static void add_change(json_object *changes, const char *op, const char *name,
                       json_object *from, json_object *to)
{
    json_object *change = json_object_new_object();

    json_set_str(change, "op", op);
    json_set_str(change, "parameter", name);
    if (strcmp(op, "add") != 0)
        json_set(change, "from", json_copy(from));
    if (strcmp(op, "remove") != 0)
        json_set(change, "to", json_copy(to));
    if (strcmp(op, "replace") == 0 &&
        json_object_is_type(from, json_type_string) &&
        json_object_is_type(to, json_type_string)) {
        char *words = diff_words(json_object_get_string(from),
                                 json_object_get_string(to));

        json_set_str(change, "words", words);
        free(words);
    }
    json_object_array_add(changes, change);
}

/* What people read: a text as it is, anything else as a line of JSON. The
 * caller frees it; "" for what is not there. */
static char *text_of(json_object *value, bool there)
{
    struct buf line = { 0 };

    if (!there)
        return xstrdup("");
    if (json_object_is_type(value, json_type_string))
        return xstrdup(json_object_get_string(value));
    json_canonical(value, &line);
    buf_adds(&line, "\n");
    return buf_steal(&line);
}

static void add_text(struct buf *out, const char *name, json_object *from,
                     json_object *to, const char *const sides[2],
                     const bool there[2])
{
    char *a = text_of(from, there[0]), *b = text_of(to, there[1]);
    char *a_name = xasprintf("%s/%s", sides[0], name);
    char *b_name = xasprintf("%s/%s", sides[1], name);

    diff_text(a, b, there[0] ? a_name : "/dev/null",
              there[1] ? b_name : "/dev/null", out);
    free(a);
    free(b);
    free(a_name);
    free(b_name);
}

json_object *diff_parameters(json_object *from, json_object *to,
                             const char *from_name, const char *to_name)
{
    json_object *out = json_object_new_object();
    json_object *changes = json_object_new_array();
    const char *const sides[2] = { from_name, to_name };
    struct buf text = { 0 };

    json_object_object_foreach(from, name, value)
    {
        json_object *other = NULL;
        bool kept = json_object_object_get_ex(to, name, &other);
        const bool there[2] = { true, kept };

        if (kept && json_equal(value, other))
            continue;
        add_change(changes, kept ? "replace" : "remove", name, value, other);
        add_text(&text, name, value, other, sides, there);
    }
    json_object_object_foreach(to, added, fresh)
    {
        const bool there[2] = { false, true };

        if (json_object_object_get_ex(from, added, NULL))
            continue;
        add_change(changes, "add", added, NULL, fresh);
        add_text(&text, added, NULL, fresh, sides, there);
    }
    json_set(out, "changes", changes);
    json_set_str(out, "text", text.len > 0 ? text.data : "");
    buf_fini(&text);
    return out;
}
