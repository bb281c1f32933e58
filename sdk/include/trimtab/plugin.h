/* SPDX-License-Identifier: MIT
 *
 * trimtab/plugin.h - what every Trimtab plugin shares: strings, errors, the
 * search space, candidates, the host, and the one exported entry point.
 *
 * Stability  SDK 1.0-rc. After 1.0: a vtable named "x/1" never changes; a
 *            record starts with its size and only grows at its end; an array
 *            carries the size of its elements and is walked by the accessors
 *            below; new powers come as services and extensions by string id.
 * Language   C11, and C++11 to C++20; nothing but libc headers.
 *
 * Ownership  Every pointer that a plugin is given is borrowed until the call
 *            returns (until `close` where the text says so). Every pointer
 *            that a plugin gives is copied by the host before the call ends.
 *            Nothing changes owner across this boundary.
 * Errors     0, or a negative TT_E* code with the host's tt_error filled in
 *            by tt_fail(). Nothing may exit, abort, throw or longjmp across.
 * Threads    [inst]  calls on one instance never overlap; the OS thread may
 *                    differ from call to call, so keep no thread-locals
 *            [any]   may be called at any time from any thread
 *            [load]  nothing else of the plugin runs */
#ifndef TRIMTAB_PLUGIN_H
#define TRIMTAB_PLUGIN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <trimtab/errors.h>

#define TT_ABI_MAJOR 1u          /* a host takes plugins of its own alone */
#define TT_ABI_MINOR 0u          /* the newest that this header describes */
/* The lowest minor of a host that the plugin can do with: 0, unless the author
 * defines it before the include to use what came later. */
#ifndef TT_ABI_MINOR_WANTED
#define TT_ABI_MINOR_WANTED 0u
#endif
#define TT_SDK_VERSION "1.0-rc" /* of these headers, for people */

/* Private: C linkage, for TT_DECLARE_PLUGIN. */
#ifdef __cplusplus
#define TT_EXTERN_C extern "C"
extern "C" {
#else
#define TT_EXTERN_C
#endif

/* --- strings ------------------------------------------------------------- */

/* UTF-8 of n bytes, not always NUL-terminated; p may be NULL when n is 0. */
struct tt_str {
    const char *p; /* the first byte; borrowed */
    uint64_t n;    /* bytes, without a NUL */
};

/* Borrows a NUL-terminated text; NULL gives the empty string. [any] */
static inline struct tt_str tt_str_of(const char *text)
{
    struct tt_str s;

    s.p = text;
    s.n = text != NULL ? (uint64_t)strlen(text) : 0;
    return s;
}

/* 1 when both have the same bytes, else 0. [any] */
static inline int tt_str_equal(struct tt_str a, struct tt_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, (size_t)a.n) == 0);
}

/* --- errors -------------------------------------------------------------- */

/* Owned by the host, zeroed before each call. */
struct tt_error {
    uint32_t size;           /* sizeof(struct tt_error) of the host */
    int32_t code;            /* a TT_E* code */
    uint32_t retry_after_ms; /* with TT_ETRANSIENT, TT_ELIMIT: when to retry */
    uint32_t reserved;
    char message[1008];      /* names the object and the mend; NUL-terminated */
};

/* Fill in *e (NULL is allowed) and return code: `return tt_fail(e, TT_EINVAL,
 * "parameter %s: ...", name)`. A message that is too long is cut. [any] */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4), unused))
#endif
static int tt_fail(struct tt_error *e, int code, const char *format, ...)
{
    va_list args;

    if (e != NULL) {
        e->code = code;
        va_start(args, format);
        (void)vsnprintf(e->message, sizeof e->message, format, args);
        va_end(args);
    }
    return code;
}

/* --- sinks: how a plugin hands bytes out --------------------------------- */

/* Where a plugin writes what it hands out: a snapshot, a JSON text. */
struct tt_sink {
    void *ctx; /* the host's own */
    /* Take n bytes, all or none. Returns 0 or a negative TT_E* code, which the
     * plugin returns at once. [inst] */
    int (*write)(const struct tt_sink *sink, const void *bytes, uint64_t n);
};

/* --- the search space ---------------------------------------------------- */

/* What a parameter is; says which member of struct tt_value counts. */
enum tt_param_kind {
    TT_FLOAT = 1,       /* number in [lo, hi] */
    TT_INT = 2,         /* whole number in [lo, hi], |x| <= 2^53 */
    TT_CATEGORICAL = 3, /* number = index into choices, no order */
    TT_ORDINAL = 4,     /* number = index into choices, ordered */
    TT_BOOL = 5,        /* number = 0 or 1 */
    TT_TEXT = 6         /* text of at most max_bytes */
};
/* The bit of a kind in tt_plugin.param_kinds. */
#define TT_KIND_BIT(kind) (1u << (kind))
/* The bits of every kind whose value is a number: all but TEXT. */
#define TT_KINDS_NUMERIC                                                       \
    (TT_KIND_BIT(TT_FLOAT) | TT_KIND_BIT(TT_INT) |                             \
     TT_KIND_BIT(TT_CATEGORICAL) | TT_KIND_BIT(TT_ORDINAL) |                   \
     TT_KIND_BIT(TT_BOOL))

/* Bits of tt_param.flags. */
enum tt_param_flag {
    TT_PARAM_LOG = 1u << 0,   /* search on a log scale; lo > 0 */
    TT_PARAM_FIXED = 1u << 1  /* keep the default: not searched in this run */
};

/* One parameter of the search space. Well formed by the time that a plugin
 * sees it: tt_space_check() holds. */
struct tt_param {
    uint32_t kind;           /* enum tt_param_kind */
    uint32_t flags;          /* TT_PARAM_* */
    struct tt_str name;      /* "node.parameter" */
    double lo, hi;           /* natural units; FLOAT and INT only */
    double step;             /* grid lo, lo+step, ... <= hi; 0 = none */
    const struct tt_str *choices; /* CATEGORICAL, ORDINAL: for people */
    uint64_t n_choices;
    double default_number;      /* every kind but TEXT */
    struct tt_str default_text; /* TEXT */
    uint64_t max_bytes;      /* TEXT */
    const struct tt_str *placeholders; /* TEXT: must stay in the text */
    uint64_t n_placeholders;
    /* Condition: active only while parameter `parent` is active and its
     * number is one of parent_values. parent < own index; -1 = always. */
    int32_t parent;
    uint32_t reserved;
    const double *parent_values; /* numbers of the parent */
    uint64_t n_parent_values;
};

/* All parameters of a run, parents before their children. */
struct tt_space {
    uint32_t size;
    uint32_t param_size; /* bytes from one element of params to the next */
    uint64_t n_params;
    const struct tt_param *params; /* by tt_space_param() alone */
};

/* Parameter i of a space, i < n_params. [any] */
static inline const struct tt_param *tt_space_param(const struct tt_space *s,
                                                    uint64_t i)
{
    return (const struct tt_param *)(const void *)((const char *)s->params +
                                                   i * s->param_size);
}

/* --- candidates ---------------------------------------------------------- */

/* Bits of tt_value.flags. */
enum tt_value_flag {
    TT_VALUE_INACTIVE = 1u << 0 /* its condition does not hold; ignore it */
};

/* One parameter's value; which member counts follows the parameter's kind. */
struct tt_value {
    double number;      /* every kind but TEXT */
    struct tt_str text; /* TEXT */
    uint32_t flags;     /* TT_VALUE_* */
    uint32_t reserved;
};

/* A set of values for all parameters, and where it came from. */
struct tt_candidate {
    uint32_t size;
    uint32_t value_size;   /* bytes from one element of values to the next */
    uint64_t n_values;            /* = n_params, in the space's order */
    const struct tt_value *values; /* read by tt_candidate_value() alone */
    const uint64_t *parents;      /* refs of the candidates it came from */
    uint64_t n_parents;
    struct tt_str origin;         /* "init", "model", "mutate", "merge", ... */
};

/* Value i of a candidate, i < n_values. [any] */
static inline const struct tt_value *
tt_candidate_value(const struct tt_candidate *c, uint64_t i)
{
    return (const struct tt_value *)(const void *)((const char *)c->values +
                                                   i * c->value_size);
}

/* --- configuration ------------------------------------------------------- */

/* The operator's JSON, checked by the host against the plugin's own schema,
 * defaults filled in, flattened: {"a":{"b":2}} has the key "a.b"; element 0 of
 * an array "c" has the key "c.0", and "c.#" is its length. */
struct tt_config_item {
    struct tt_str key;  /* "a.b" */
    double number;      /* numbers; booleans as 0 or 1; else 0 */
    struct tt_str text; /* strings; numbers as text */
};

/* The whole configuration of a plugin; read it by the functions below. */
struct tt_config {
    uint32_t size;
    uint32_t item_size; /* bytes from one element of items to the next */
    uint64_t n_items;
    const struct tt_config_item *items; /* by tt_config_find() alone */
    struct tt_str json; /* the same as canonical JSON */
};

/* The item at a key, or NULL; c may be NULL. [any] */
static inline const struct tt_config_item *
tt_config_find(const struct tt_config *c, const char *key)
{
    const struct tt_config_item *item;
    uint64_t i;

    for (i = 0; c != NULL && i < c->n_items; i++) {
        item = (const struct tt_config_item *)(const void *)(
            (const char *)c->items + i * c->item_size);
        if (tt_str_equal(item->key, tt_str_of(key)))
            return item;
    }
    return NULL;
}

/* The number at key (a boolean as 0 or 1), else `otherwise`. [any] */
static inline double tt_config_number(const struct tt_config *c,
                                      const char *key, double otherwise)
{
    const struct tt_config_item *item = tt_config_find(c, key);

    return item != NULL ? item->number : otherwise;
}

/* The text at key, borrowed until close, else `otherwise`. [any] */
static inline struct tt_str tt_config_text(const struct tt_config *c,
                                           const char *key,
                                           const char *otherwise)
{
    const struct tt_config_item *item = tt_config_find(c, key);

    return item != NULL ? item->text : tt_str_of(otherwise);
}

/* --- the host ------------------------------------------------------------ */

/* For tt_host.log; numbers as in syslog. */
enum tt_log_level {
    TT_LOG_ERROR = 3, /* something is lost */
    TT_LOG_WARN = 4,  /* something is worth mending */
    TT_LOG_INFO = 6,  /* something that operators like to see */
    TT_LOG_DEBUG = 7  /* something that its author likes to see */
};

/* What a plugin may call. The host's; valid from open until close returns. */
struct tt_host {
    uint32_t size;
    uint32_t abi_major, abi_minor; /* what this host speaks */
    uint32_t reserved;
    void *ctx; /* the host's own */
    /* Say something to the operator at one of tt_log_level; rate limited by the
     * host, never fails. [any] */
    void (*log)(const struct tt_host *host, int level, struct tt_str text);
    /* A service by id, valid until `close`, or NULL where the host does not
     * grant it. See TT_SERVICE_* in strategy.h and adapter.h. [inst] */
    const void *(*get_service)(const struct tt_host *host, const char *id);
};

/* --- the plugin ---------------------------------------------------------- */

/* What a plugin is. */
enum tt_plugin_kind {
    TT_KIND_STRATEGY = 1, /* proposes candidates: trimtab/strategy.h */
    TT_KIND_ADAPTER = 2   /* evaluates them: trimtab/adapter.h */
};

/* Capabilities. Each is a promise that the plugin checker tests. */
enum tt_cap {
    TT_CAP_DETERMINISTIC = 1u << 0, /* same log, same bytes */
    TT_CAP_SNAPSHOT = 1u << 1,      /* snapshot and open(snapshot) work */
    TT_CAP_PENDING = 1u << 2,       /* many candidates may be in flight */
    TT_CAP_NOISE = 1u << 3,         /* expects noisy scores */
    TT_CAP_CASES = 1u << 4,         /* asks for subsets of cases */
    TT_CAP_FEEDBACK = 1u << 5,      /* reads textual feedback */
    TT_CAP_LLM = 1u << 6,           /* asks for LLM replies */
    TT_CAP_PARTIAL = 1u << 7,       /* wants PARTIAL events */
    TT_CAP_MULTI_OBJECTIVE = 1u << 8, /* looks at every objective */
    TT_CAP_CONDITIONS = 1u << 9     /* understands conditional parameters */
};

struct tt_strategy; /* trimtab/strategy.h */
struct tt_adapter;  /* trimtab/adapter.h */

/* The static description of a plugin; lives as long as the process. */
struct tt_plugin {
    uint32_t size; /* sizeof(struct tt_plugin) */
    uint32_t abi_major, abi_minor; /* TT_ABI_MAJOR, TT_ABI_MINOR_WANTED */
    uint32_t kind;            /* enum tt_plugin_kind */
    const char *id;           /* [a-z][a-z0-9-]{0,62}; the note says the same */
    const char *version;      /* semantic version, < 32 bytes */
    const char *name;         /* for people */
    const char *summary;      /* one sentence */
    const char *vendor;       /* whom to ask */
    const char *license;      /* SPDX expression */
    const char *url;          /* where its paper or manual is; may be NULL */
    const char *config_schema; /* JSON Schema (the subset in docs/plugin-guide) */
    const char *const *services; /* required service ids, NULL-terminated */
    uint32_t caps;            /* TT_CAP_* */
    uint32_t param_kinds;     /* TT_KIND_BIT()s that it can search */
    uint64_t budget_min, budget_max; /* iterations where it makes sense; 0 = any */
    uint32_t state_schema;     /* of the snapshots that it writes */
    uint32_t state_schema_min; /* the oldest that it reads */
    const struct tt_strategy *strategy; /* exactly one of these two ... */
    const struct tt_adapter *adapter;   /* ... the other one is NULL */
};

#define TT_NOTE_NAME "trimtab" /* owner of the ELF note */
#define TT_NOTE_TYPE 1u        /* its type */
/* The ELF note, read by the host before any code of the plugin runs;
 * TT_DECLARE_PLUGIN writes it. */
struct tt_note {
    uint32_t namesz, descsz, type; /* the header of every ELF note */
    char name[8]; /* "trimtab" and its NUL */
    uint32_t abi_major, abi_minor; /* as in struct tt_plugin */
    uint32_t pointer_size;         /* sizeof(void *) */
    uint32_t kind;                 /* enum tt_plugin_kind */
    char id[64];      /* as in struct tt_plugin, with its NUL */
    char version[32]; /* likewise */
};
/* Bytes of the note behind its name. */
#define TT_NOTE_DESC_SIZE (4u * 4u + 64u + 32u)

/* The only symbol that a plugin exports. [load] */
#define TT_ENTRY_SYMBOL "trimtab_plugin_v1"
/* Its type: gives the description, always the same one. [load] */
typedef const struct tt_plugin *tt_entry_fn(void);

/* Private: for TT_DECLARE_PLUGIN. */
#if defined(__GNUC__)
#define TT_EXPORT __attribute__((visibility("default")))
/* Private: likewise. */
#define TT_NOTE_SECTION                                                        \
    __attribute__((section(".note.trimtab"), used, aligned(4)))
#else
#define TT_EXPORT
#define TT_NOTE_SECTION
#endif

/* Put this once at the end of a plugin: the entry point and its note.
 * kind, id and version are literals equal to those in the description. */
#define TT_DECLARE_PLUGIN(description, kind_, id_, version_)                   \
    TT_EXTERN_C TT_EXPORT const struct tt_plugin *trimtab_plugin_v1(void);     \
    TT_NOTE_SECTION static const struct tt_note tt_plugin_note = {             \
        8, TT_NOTE_DESC_SIZE, TT_NOTE_TYPE, TT_NOTE_NAME, TT_ABI_MAJOR,        \
        TT_ABI_MINOR_WANTED, (uint32_t)sizeof(void *), kind_, id_, version_    \
    };                                                                         \
    TT_EXTERN_C const struct tt_plugin *trimtab_plugin_v1(void)                \
    {                                                                          \
        return &(description);                                                 \
    }                                                                          \
    TT_EXTERN_C_END_SEMICOLON
/* Private: eats the semicolon. */
#define TT_EXTERN_C_END_SEMICOLON struct tt_plugin

#ifdef __cplusplus
}
#endif
#endif
