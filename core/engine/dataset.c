/* SPDX-License-Identifier: MIT
 *
 * dataset.c - check dataset documents, deal cases out to splits. */
#include "core/engine/dataset.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypt/crypt.h"

#define MAX_CASES 100000

static const char *const split_words[4] = { NULL, "train", "validation",
                                            "holdout" };
static const double default_ratios[4] = { 0.0, 0.4, 0.3, 0.3 };

static int split_of(const char *word)
{
    int i;

    for (i = TT_TRAIN; i <= TT_HOLDOUT; i++)
        if (strcmp(split_words[i], word) == 0)
            return i;
    return 0;
}

/* --- dealing out ---------------------------------------------------------- */

/* A case without a split. Its place in the deck is a hash of seed and
 * content, so that adding or moving other cases does not shuffle it anew. */
struct card {
    unsigned char hash[32];
    size_t index;
};

static int by_hash(const void *a, const void *b)
{
    const struct card *x = a, *y = b;
    int c = memcmp(x->hash, y->hash, sizeof x->hash);

    return c != 0 ? c : (x->index > y->index) - (x->index < y->index);
}

/* Shares of n by the largest remainder; validation never goes empty. */
static void apportion(size_t n, const double ratios[4], bool have_validation,
                      size_t shares[4])
{
    double rest[4];
    size_t dealt = 0;
    int i, best;

    for (i = TT_TRAIN; i <= TT_HOLDOUT; i++) {
        double exact = (double)n * ratios[i];

        shares[i] = (size_t)floor(exact + 1e-9);
        rest[i] = exact - (double)shares[i];
        dealt += shares[i];
    }
    for (; dealt < n; dealt++) {
        best = TT_VALIDATION; /* wins a tie */
        for (i = TT_TRAIN; i <= TT_HOLDOUT; i++)
            if (rest[i] > rest[best] + 1e-9)
                best = i;
        shares[best]++;
        rest[best] -= 1.0;
    }
    if (shares[TT_VALIDATION] == 0 && !have_validation && n > 0) {
        best = shares[TT_HOLDOUT] > shares[TT_TRAIN] ? TT_HOLDOUT : TT_TRAIN;
        shares[best]--;
        shares[TT_VALIDATION]++;
    }
}

static void hash_card(struct card *card, json_object *one, int64_t seed)
{
    struct buf text = { 0 };

    buf_addf(&text, "%lld\n", (long long)seed);
    json_canonical(one, &text);
    crypt_sha256(text.data, text.len, card->hash);
    buf_fini(&text);
}

static void deal(json_object *cases, struct card *deck, size_t n,
                 const double ratios[4], bool have_validation)
{
    size_t shares[4] = { 0 }, i;
    int split = TT_TRAIN;

    qsort(deck, n, sizeof *deck, by_hash);
    apportion(n, ratios, have_validation, shares);
    for (i = 0; i < n; i++) {
        while (shares[split] == 0)
            split++;
        shares[split]--;
        json_set_str(json_object_array_get_idx(cases, deck[i].index), "split",
                     split_words[split]);
    }
}

/* --- checking ------------------------------------------------------------- */

static int check_ratios(json_object *document, double ratios[4], int64_t *seed,
                        struct err *e)
{
    static const char *const members[] = { "train", "validation", "holdout",
                                           "seed", NULL };
    struct json_at at = { document, "dataset" };
    const double none = 0.0;
    const int64_t one = 1;
    json_object *split;
    double sum = 0.0;
    int i, rc;

    rc = json_get_child(at, "split", json_type_object, false, &split, e);
    if (rc < 0)
        return rc;
    memcpy(ratios, default_ratios, sizeof default_ratios);
    *seed = one;
    if (split == NULL)
        return 0;
    at.object = split;
    at.where = "dataset: split";
    rc = json_only(at, members, e);
    for (i = TT_TRAIN; i <= TT_HOLDOUT && rc == 0; i++) {
        rc = json_get_num(at, split_words[i], &none, &ratios[i], e);
        if (rc == 0 && (ratios[i] < 0.0 || ratios[i] > 1.0))
            rc = err_set(e, TT_EINVAL,
                         "dataset: split: %s: a share between 0 and 1, is %g",
                         split_words[i], ratios[i]);
        sum += ratios[i];
    }
    if (rc == 0 && fabs(sum - 1.0) > 1e-6)
        rc = err_set(e, TT_EINVAL,
                     "dataset: split: train, validation and holdout must add "
                     "up to 1, are %g",
                     sum);
    if (rc == 0)
        rc = json_get_int(at, "seed", &one, 0, INT64_C(9007199254740992), seed,
                          e);
    return rc;
}

/* The split that case i says, 0 when it says none, or TT_EINVAL. */
static int check_case(json_object *one, size_t i, json_object *ids,
                      struct err *e)
{
    json_object *id = NULL, *word = NULL;
    int split = 0;

    if (!json_object_is_type(one, json_type_object))
        return err_set(e, TT_EINVAL, "dataset: case %zu: must be an object", i);
    if (json_object_object_get_ex(one, "id", &id)) {
        if (!json_object_is_type(id, json_type_string) ||
            json_object_get_string_len(id) == 0 ||
            json_object_get_string_len(id) > 256)
            return err_set(e, TT_EINVAL,
                           "dataset: case %zu: id: must be a string of 1 to "
                           "256 bytes",
                           i);
        if (json_object_object_get_ex(ids, json_object_get_string(id), NULL))
            return err_set(e, TT_EINVAL,
                           "dataset: case %zu: id: \"%s\" is there already", i,
                           json_object_get_string(id));
        json_set_bool(ids, json_object_get_string(id), true);
    }
    if (json_object_object_get_ex(one, "split", &word)) {
        if (json_object_is_type(word, json_type_string))
            split = split_of(json_object_get_string(word));
        if (split == 0)
            return err_set(e, TT_EINVAL,
                           "dataset: case %zu: split: must be train, "
                           "validation or holdout",
                           i);
    }
    if (json_object_object_length(one) == (id != NULL) + (word != NULL))
        return err_set(e, TT_EINVAL,
                       "dataset: case %zu: has nothing for the workflow to "
                       "read",
                       i);
    return split;
}

static int check_cases(json_object *cases, const double ratios[4],
                       int64_t seed, struct err *e)
{
    size_t i, n = json_object_array_length(cases), undealt = 0;
    struct card *deck = xcalloc(n, sizeof *deck);
    json_object *ids = json_object_new_object();
    bool have_validation = false;
    int rc = 0;

    for (i = 0; i < n && rc >= 0; i++) {
        json_object *one = json_object_array_get_idx(cases, i);

        rc = check_case(one, i, ids, e);
        have_validation = have_validation || rc == TT_VALIDATION;
        if (rc == 0) {
            deck[undealt].index = i;
            hash_card(&deck[undealt++], one, seed);
        }
    }
    if (rc >= 0 && !have_validation && undealt == 0)
        rc = err_set(e, TT_EINVAL,
                     "dataset: no case is in the validation split; candidates "
                     "are scored on it, so it wants at least one");
    if (rc >= 0)
        deal(cases, deck, undealt, ratios, have_validation);
    json_object_put(ids);
    free(deck);
    return rc < 0 ? rc : 0;
}

int dataset_check(json_object *document, struct err *e)
{
    static const char *const members[] = { "cases", "split", "description",
                                           NULL };
    struct json_at at = { document, "dataset" };
    const char *description;
    double ratios[4];
    json_object *cases;
    int64_t seed;
    size_t n;
    int rc;

    if (!json_object_is_type(document, json_type_object))
        return err_set(e, TT_EINVAL, "dataset: must be an object");
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = json_get_str(at, "description", "", &description, e);
    if (rc == 0)
        rc = json_get_child(at, "cases", json_type_array, true, &cases, e);
    if (rc == 0)
        rc = check_ratios(document, ratios, &seed, e);
    if (rc < 0)
        return rc;
    n = json_object_array_length(cases);
    if (n == 0 || n > MAX_CASES)
        return err_set(e, TT_EINVAL, "dataset: cases: wants 1 to %d, has %zu",
                       MAX_CASES, n);
    return check_cases(cases, ratios, seed, e);
}

/* --- the runtime form ----------------------------------------------------- */

static int add_case(struct dataset *d, json_object *one, size_t i,
                    struct err *e)
{
    const char *word = json_str(one, "split");
    int split = word != NULL ? split_of(word) : 0;
    json_object *content;

    if (split == 0)
        return err_set(e, TT_EINVAL,
                       "dataset %s: case %zu has no split: dataset_check() "
                       "deals it out",
                       d->name, i);
    content = json_copy(one);
    json_object_object_del(content, "split");
    d->names[split][d->n[split]] = xstrdup(json_str(one, "id"));
    d->cases[split][d->n[split]++] = json_canonical_dup(content);
    json_object_put(content);
    return 0;
}

/* Of what the author said; who stored it and when is no part of it. */
static void hash_content(json_object *document, char hash[65])
{
    static const char *const content[] = { "cases", "split", "description" };
    json_object *said = json_object_new_object();
    struct buf text = { 0 };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(content); i++)
        if (json_child(document, content[i]) != NULL)
            json_set(said, content[i],
                     json_object_get(json_child(document, content[i])));
    json_canonical(said, &text);
    crypt_sha256_hex(text.data, text.len, hash);
    buf_fini(&text);
    json_object_put(said);
}

struct dataset *dataset_create(const char *name, uint64_t version,
                               json_object *document, struct err *e)
{
    json_object *cases = json_child(document, "cases");
    struct dataset *d;
    size_t i, n;
    int split;

    if (!json_object_is_type(cases, json_type_array)) {
        err_set(e, TT_EINVAL, "dataset %s: cases: must be an array", name);
        return NULL;
    }
    d = xcalloc(1, sizeof *d);
    d->name = xstrdup(name);
    d->version = version;
    hash_content(document, d->hash);
    n = json_object_array_length(cases);
    for (split = TT_TRAIN; split <= TT_HOLDOUT; split++) {
        d->cases[split] = xcalloc(n, sizeof *d->cases[split]);
        d->names[split] = xcalloc(n, sizeof *d->names[split]);
    }
    for (i = 0; i < n; i++)
        if (add_case(d, json_object_array_get_idx(cases, i), i, e) < 0)
            goto fail;
    return d;
fail:
    dataset_destroy(d);
    return NULL;
}

void dataset_destroy(struct dataset *d)
{
    uint64_t i;
    int split;

    if (d == NULL)
        return;
    for (split = TT_TRAIN; split <= TT_HOLDOUT; split++) {
        for (i = 0; i < d->n[split]; i++) {
            free(d->cases[split][i]);
            free(d->names[split][i]);
        }
        free(d->cases[split]);
        free(d->names[split]);
    }
    free(d->name);
    free(d);
}
