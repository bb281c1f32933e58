/* SPDX-License-Identifier: MIT
 *
 * args.c - options may stand anywhere behind the verb; getopt_long would need
 * a table per verb and says less when it refuses. */
#include "config.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* 1: a flag, 2: takes a value, 0: unknown. */
static int kind_of(const char *const *known, const char *name, size_t n)
{
    for (; *known != NULL; known++) {
        if (strncmp(*known, name, n) != 0)
            continue;
        if ((*known)[n] == '\0')
            return 1;
        if (strcmp(*known + n, "=") == 0)
            return 2;
    }
    return 0;
}

static int take_option(struct args *a, int argc, char **argv, int *i,
                       const char *const *known)
{
    const char *name = argv[*i] + 2;
    size_t n = strcspn(name, "=");
    int kind = kind_of(known, name, n);
    const char *value = name[n] == '=' ? name + n + 1 : NULL;

    if (kind == 0 || (kind == 1 && value != NULL)) {
        fprintf(stderr, "trimtab: --%.*s: %s\n", (int)n, name,
                kind == 0 ? "no such option here" : "takes no value");
        return CLI_USAGE;
    }
    if (kind == 2 && value == NULL) {
        if (*i + 1 >= argc) {
            fprintf(stderr, "trimtab: --%s: wants a value\n", name);
            return CLI_USAGE;
        }
        value = argv[++*i];
    }
    if (a->n_options == (int)(sizeof a->option / sizeof a->option[0]))
        return usage_error("too many options");
    a->option[a->n_options].name = name;
    a->option[a->n_options++].value = value;
    return 0;
}

int args_parse(struct args *a, int argc, char **argv, const char *const *known)
{
    int i, code;

    memset(a, 0, sizeof *a);
    a->value = calloc((size_t)argc + 1, sizeof *a->value);
    if (a->value == NULL)
        abort();
    for (i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            a->value[a->n++] = argv[i];
            continue;
        }
        code = take_option(a, argc, argv, &i, known);
        if (code != 0) {
            free(a->value);
            a->value = NULL;
            return code;
        }
    }
    return 0;
}

static int find(const struct args *a, const char *name)
{
    size_t n = strlen(name);
    int i;

    for (i = 0; i < a->n_options; i++)
        if (strncmp(a->option[i].name, name, n) == 0 &&
            (a->option[i].name[n] == '\0' || a->option[i].name[n] == '='))
            return i;
    return -1;
}

const char *args_get(const struct args *a, const char *name)
{
    int i = find(a, name);

    return i < 0 ? NULL : a->option[i].value;
}

bool args_has(const struct args *a, const char *name)
{
    return find(a, name) >= 0;
}
