/* SPDX-License-Identifier: MIT
 *
 * json.h - strict JSON in, canonical JSON out, and getters that say what is
 * wrong. json-c accepts duplicate keys, NaN, bad UTF-8 and saturates big
 * integers, so every text from outside goes through json_scan() first.
 * Sources: RFC 8259, RFC 7493 (I-JSON), RFC 8785 (canonical form). */
#ifndef TT_BASE_JSON_H
#define TT_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct json_limits {
    size_t max_bytes;
    unsigned max_depth;
    size_t max_tokens;
};
extern const struct json_limits json_limits_request;  /* 1 MiB, 32, 50 000 */
extern const struct json_limits json_limits_document; /* 64 MiB, 64, 5 000 000 */

/* Is this strict I-JSON? UTF-8 without U+0000 and lone surrogates, unique
 * keys, finite doubles, integers within 2^53, nothing behind the value.
 * Errors: TT_EJSON (with line and column), TT_ETOOBIG. */
int json_scan(const char *text, size_t n, const struct json_limits *limits,
              struct err *e);

/* Scan, then parse. The caller puts (json_object_put) the result; NULL with *e
 * set on failure. The value `null` also comes back as NULL: with e->code 0. */
json_object *json_parse(const char *text, size_t n,
                        const struct json_limits *limits, struct err *e);
json_object *json_parse_file(const char *path, const struct json_limits *limits,
                             struct err *e);

/* RFC 8785: keys in UTF-16 order, shortest numbers, no spaces. */
void json_canonical(const json_object *value, struct buf *out);
char *json_canonical_dup(const json_object *value); /* caller frees */
/* ECMAScript's shortest form of a finite double, into out (25 bytes). */
void json_number(double value, char out[32]);
bool json_equal(const json_object *a, const json_object *b); /* as JSON values */
json_object *json_copy(const json_object *value);            /* deep */

/* --- getters: NULL default means "required" ---------------------------------
 * where names the object in errors ("target demo/answer"); key its member.
 * Each returns 0 or TT_EINVAL with "<where>: <key>: must be ..., is ...". */
struct json_at {
    json_object *object;
    const char *where;
};
int json_get_str(struct json_at at, const char *key, const char *otherwise,
                 const char **out, struct err *e); /* borrowed */
int json_get_num(struct json_at at, const char *key, const double *otherwise,
                 double *out, struct err *e);
int json_get_int(struct json_at at, const char *key, const int64_t *otherwise,
                 int64_t lo, int64_t hi, int64_t *out, struct err *e);
int json_get_bool(struct json_at at, const char *key, const bool *otherwise,
                  bool *out, struct err *e);
/* type: json_type_object or json_type_array; absent gives NULL when optional. */
int json_get_child(struct json_at at, const char *key, enum json_type type,
                   bool required, json_object **out, struct err *e);
/* Refuse members that are not in the NULL-terminated list. */
int json_only(struct json_at at, const char *const *known, struct err *e);

/* Unchecked conveniences for documents that we wrote ourselves. */
const char *json_str(json_object *o, const char *key); /* NULL when absent */
double json_num(json_object *o, const char *key, double otherwise);
int64_t json_int(json_object *o, const char *key, int64_t otherwise);
json_object *json_child(json_object *o, const char *key); /* borrowed, or NULL */
void json_set_str(json_object *o, const char *key, const char *value);
void json_set_strn(json_object *o, const char *key, struct tt_str value);
void json_set_num(json_object *o, const char *key, double value);
void json_set_int(json_object *o, const char *key, int64_t value);
void json_set_bool(json_object *o, const char *key, bool value);
void json_set(json_object *o, const char *key, json_object *value); /* takes */

#endif
