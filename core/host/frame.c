/* SPDX-License-Identifier: MIT
 *
 * frame.c - the table of frames, and frames as bytes. */
#include "core/host/frame.h"

#include "core/base/mem.h"

struct row {
    uint16_t type;
    uint16_t answer;
    unsigned states;
    bool from_worker;
    const char *name;
};

static const struct row rows[] = {
#define FRAME_ROW(type_, number, from_worker_, states_, answer_)               \
    { .type = (type_), .answer = (answer_), .states = (states_),               \
      .from_worker = (from_worker_), .name = &#type_[sizeof "FRAME_" - 1] },
    FRAME_TABLE(FRAME_ROW)
#undef FRAME_ROW
};

static const struct row *row_of(uint16_t type)
{
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(rows); i++)
        if (rows[i].type == type)
            return &rows[i];
    return NULL;
}

static const char *state_name(enum frame_state state)
{
    switch (state) {
    case FRAME_NEW:
        return "before hello";
    case FRAME_LOADED:
        return "without an open instance";
    case FRAME_STRATEGY:
        return "with an open strategy";
    case FRAME_ADAPTER:
        return "with an open adapter";
    case FRAME_CLOSED:
        return "after close";
    }
    return "in an unknown state";
}

const char *frame_name(uint16_t type)
{
    const struct row *row = row_of(type);

    return row != NULL ? row->name : "?";
}

uint16_t frame_answer(uint16_t type)
{
    const struct row *row = row_of(type);

    return row != NULL ? row->answer : 0;
}

int frame_allowed(uint16_t type, bool from_worker, enum frame_state state,
                  struct err *e)
{
    const struct row *row = row_of(type);

    if (row == NULL)
        return err_set(e, TT_EPROTOCOL, "frame of the unknown type %u",
                       (unsigned)type);
    if (row->from_worker != from_worker)
        return err_set(e, TT_EPROTOCOL, "frame %s comes from the %s side",
                       row->name, from_worker ? "worker's" : "daemon's");
    if ((row->states & (unsigned)state) == 0)
        return err_set(e, TT_EPROTOCOL, "frame %s is not allowed %s", row->name,
                       state_name(state));
    return 0;
}

static void put_le(unsigned char *at, uint32_t v, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        at[i] = (unsigned char)(v >> (8 * i));
}

static uint32_t get_le(const unsigned char *at, size_t n)
{
    uint32_t v = 0;

    while (n-- > 0)
        v = v << 8 | at[n];
    return v;
}

void frame_put(struct buf *out, uint16_t type, uint32_t number,
               struct tt_str payload)
{
    unsigned char head[FRAME_HEADER_BYTES];

    TT_ASSERT(payload.n <= FRAME_MAX_BYTES);
    put_le(head, (uint32_t)payload.n, 4);
    put_le(head + 4, type, 2);
    put_le(head + 6, FRAME_PROTOCOL, 2);
    put_le(head + 8, number, 4);
    buf_reserve(out, sizeof head + (size_t)payload.n);
    buf_add(out, head, sizeof head);
    if (payload.n > 0)
        buf_add(out, payload.p, (size_t)payload.n);
}

int frame_take(const struct buf *in, struct frame *f, struct err *e)
{
    const unsigned char *head = (const unsigned char *)in->data;
    uint32_t n, version;

    if (in->len < FRAME_HEADER_BYTES)
        return 0;
    n = get_le(head, 4);
    version = get_le(head + 6, 2);
    if (version != FRAME_PROTOCOL)
        return err_set(e, TT_EPROTOCOL,
                       "frame of protocol %u, this side speaks %u: install "
                       "trimtabd and trimtab-worker of one build",
                       version, (unsigned)FRAME_PROTOCOL);
    if (n > FRAME_MAX_BYTES)
        return err_set(e, TT_EPROTOCOL,
                       "frame of %u bytes, at most %u are allowed", n,
                       (unsigned)FRAME_MAX_BYTES);
    if (in->len - FRAME_HEADER_BYTES < n)
        return 0;
    f->type = (uint16_t)get_le(head + 4, 2);
    f->number = get_le(head + 8, 4);
    f->payload.p = in->data + FRAME_HEADER_BYTES;
    f->payload.n = n;
    return 1;
}
