/* SPDX-License-Identifier: MIT
 *
 * fuzz_json.c - any bytes as JSON: what the scanner accepts must parse, and its
 * canonical form must be a fixed point. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "tests/fuzz/fuzz.h"

const char *const fuzz_name = "json";

#define SEED(text) { text, sizeof(text) - 1 }
static const struct fuzz_seed seeds[] = {
    SEED("{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\ud83d\\ude00\"],\"b\":{}}"),
    SEED("[[[[[[[[1]]]]]]]]"),
    SEED("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""),
    SEED("{\"node_ids\":[\"a\"],\"limits\":{\"iterations\":9007199254740992}}"),
};

size_t fuzz_seeds(const struct fuzz_seed **out)
{
    *out = seeds;
    return TT_ARRAY_LEN(seeds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct err e = { 0 };
    json_object *o, *again;
    char *text, *twice;

    if (json_scan((const char *)data, n, &json_limits_request, &e) != 0)
        return 0;
    o = json_parse((const char *)data, n, &json_limits_request, &e);
    TT_ASSERT(o != NULL || e.code == 0); /* null is a value */
    text = json_canonical_dup(o);
    again = json_parse(text, strlen(text), &json_limits_request, &e);
    twice = json_canonical_dup(again);
    TT_ASSERT(strcmp(text, twice) == 0);
    free(text);
    free(twice);
    json_object_put(o);
    json_object_put(again);
    return 0;
}
