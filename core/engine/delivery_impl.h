/* SPDX-License-Identifier: MIT
 *
 * delivery_impl.h - one pushed node: what is to stand in Orcheo, what stood
 * there, and the calls that find out. Shared by delivery*.c. */
#ifndef TT_ENGINE_DELIVERY_IMPL_H
#define TT_ENGINE_DELIVERY_IMPL_H

#include "core/engine/delivery.h"

/* What Orcheo has, compared with what it should have. */
enum push_state {
    PUSH_OLD,     /* the pre-image: the write did not happen */
    PUSH_NEW,     /* what was to be written */
    PUSH_FOREIGN, /* something else: somebody edited it */
    PUSH_UNKNOWN  /* Orcheo could not be asked */
};

/* As it stands in the intent record. Everything is owned. */
struct push {
    char *workflow, *node, *environment, *actor, *reason, *group;
    uint64_t from, to;
    bool rollback;
    json_object *target;     /* the whole document, as it was */
    json_object *parameters; /* to be written */
    json_object *pre_image;  /* what stood in Orcheo; absent values left out */
};

void push_fini(struct push *p);
struct store_key push_key(const struct push *p);
json_object *push_document(const struct push *p);
/* TT_ECORRUPT when it is no intent. */
int push_read_document(const struct store_key *key, json_object *document,
                       struct push *out, struct err *e);

/* What Orcheo has for the parameters that p writes; the caller puts it. */
int push_stored(struct engine *g, const struct push *p, json_object **stored,
                struct err *e);
enum push_state push_compare(const struct push *p, json_object *stored);
enum push_state push_look(struct engine *g, const struct push *p,
                          struct err *e);
/* Write the new parameters over the pre-image; or the pre-image back. */
int push_write(struct engine *g, const struct push *p, struct err *e);
int push_take_back(struct engine *g, const struct push *p, struct err *e);
/* Is a value in `stored` neither p's nor the active version's? TT_ECONFLICT
 * names it and the mend. */
int push_check_foreign(const struct push *p, json_object *active,
                       json_object *stored, struct err *e);

/* --- delivery_settle.c: the pushed nodes of one delivery ------------------ */

struct push_group {
    struct push *at;
    size_t n;
};

void push_group_fini(struct push_group *group);
/* Takes p; the place is valid until the next one is added. */
struct push *push_group_add(struct push_group *group, struct push p);

void delivery_add_move(struct store_batch *b, const struct delivery_move *m,
                       struct store_moved *moved);
/* The move that a push is for; it borrows from p. */
struct delivery_move delivery_move_of(const struct push *p);
/* Step 2: TT_EEXIST when one is open already. */
int delivery_store_intents(struct engine *g, const struct push_group *group,
                           struct err *e);
/* Step 4: commit b with the intents gone. When the pointer was moved
 * meanwhile, everything is taken back. Consumes b. */
int delivery_finish(struct engine *g, const struct push_group *group,
                    struct store_batch *b, struct err *e);
/* Write the pre-images of the first n and drop the intents. What cannot be
 * taken back keeps all intents open. */
int delivery_take_back(struct engine *g, const struct push_group *group,
                       size_t n, const char *why, struct err *e);
/* The interrupted delivery of this group: finish it, take it back, or leave it
 * open (TT_EUNAVAILABLE). One at a time. */
int delivery_settle(struct engine *g, const char *group, struct err *e);

/* --- delivery.c: one delivery at a time for each pointer ------------------ */

bool delivery_enter(const char *workflow, const char *node,
                    const char *environment);
void delivery_leave(const char *workflow, const char *node,
                    const char *environment);

#endif
