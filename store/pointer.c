/* SPDX-License-Identifier: MIT
 *
 * pointer.c - where a pointer stands and where it came from. */
#include "config.h"

#include <string.h>

#include "store/pointer.h"

int pointer_read(json_object *document, const char *where, struct pointer *out,
                 struct err *e)
{
    json_object *stack = json_child(document, "stack");
    int64_t active = json_int(document, "active", -1);
    int64_t previous = json_int(document, "previous", -1);
    int64_t generation = json_int(document, "generation", -1);
    size_t i, n;

    memset(out, 0, sizeof *out);
    if (active < 1 || previous < 0 || generation < 1 ||
        !json_object_is_type(stack, json_type_array) ||
        json_object_array_length(stack) > POINTER_MAX_STACK)
        return err_set(e, TT_ECORRUPT, "store: %s is no pointer", where);
    out->active = (uint64_t)active;
    out->previous = (uint64_t)previous;
    out->generation = (uint64_t)generation;
    n = json_object_array_length(stack);
    for (i = 0; i < n; i++) {
        int64_t v = json_object_get_int64(json_object_array_get_idx(stack, i));

        if (v < 1)
            return err_set(e, TT_ECORRUPT, "store: %s has no version at place "
                           "%zu of its stack", where, i);
        out->stack[out->n++] = (uint64_t)v;
    }
    return 0;
}

json_object *pointer_document(const struct pointer *p)
{
    json_object *o = json_object_new_object();
    json_object *stack = json_object_new_array();
    int i;

    for (i = 0; i < p->n; i++)
        json_object_array_add(stack,
                              json_object_new_int64((int64_t)p->stack[i]));
    json_set_int(o, "active", (int64_t)p->active);
    json_set_int(o, "previous", (int64_t)p->previous);
    json_set_int(o, "generation", (int64_t)p->generation);
    json_set(o, "stack", stack);
    return o;
}

static void go(struct pointer *p, uint64_t to)
{
    p->previous = p->active;
    p->active = to;
    p->generation++;
}

void pointer_promote(struct pointer *p, uint64_t to)
{
    if (p->active != 0) {
        if (p->n == POINTER_MAX_STACK) {
            memmove(p->stack, p->stack + 1,
                    (POINTER_MAX_STACK - 1) * sizeof *p->stack);
            p->n--;
        }
        p->stack[p->n++] = p->active;
    }
    go(p, to);
}

void pointer_rollback(struct pointer *p, uint64_t to)
{
    int i = p->n;

    while (i > 0 && p->stack[i - 1] != to)
        i--;
    if (i == 0) {
        pointer_promote(p, to);
        return;
    }
    p->n = i - 1;
    go(p, to);
}
