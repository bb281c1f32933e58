/* SPDX-License-Identifier: MIT
 *
 * session_in.h - the inside of a session. For core/host/session*.c only. */
#ifndef TT_HOST_SESSION_IN_H
#define TT_HOST_SESSION_IN_H

#include "core/base/arena.h"
#include "core/host/codec.h"
#include "core/host/host.h"

/* Room that an answer leaves for what stands around it. */
#define SESSION_MAX_ANSWER (FRAME_MAX_BYTES - 4096u)

/* The refs that a strategy may name: an open hash table of numbers. */
struct refs {
    uint64_t *keys;
    unsigned char *used;
    size_t n, cap; /* cap: 0 or a power of two */
};
bool refs_has(const struct refs *r, uint64_t ref);
void refs_add(struct refs *r, uint64_t ref);
void refs_fini(struct refs *r);

struct host_session {
    const struct tt_plugin *plugin;
    struct host_services services;
    struct tt_host host; /* what the plugin sees; ctx is this session */
    enum frame_state state;
    struct tt_instance *instance;
    /* What the instance was opened with; valid until close. */
    struct arena open_arena;
    struct buf open_bytes;
    uint64_t n_params;
    bool restored; /* from a snapshot: older refs are unknown to us */
    struct refs refs;
    /* One request. */
    struct arena arena;
    struct buf answer;     /* its payload, as far as it is */
    struct tt_error error; /* what the plugin wrote, or what goes out */
    struct err fault;      /* what we found wrong with the plugin's doing */
    bool busy;             /* inside a call that may use services */
};

/* Note the first thing that a plugin did wrong; returns TT_EPLUGIN. */
int session_fault(struct host_session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What became of a call: 0, or the code with s->error complete. A fault goes
 * before what the plugin returned. call: "next" */
int session_result(struct host_session *s, const char *call, int rc);
/* An error of our own with s->error complete. */
int session_error(struct host_session *s, const struct err *e);
/* Is this a text that may go out? Else a fault that names it. */
int session_text(struct host_session *s, const char *name, struct tt_str text);
int session_room(struct host_session *s);
/* A sink that appends to out, within limits. */
struct session_sink {
    struct tt_sink sink;
    struct host_session *s;
    struct buf *out;
};
void session_sink_init(struct session_sink *k, struct host_session *s,
                       struct buf *out);

/* One request each: 0 with the payload in s->answer, else s->error. */
int session_step(struct host_session *s, struct tt_str payload);
int session_snapshot(struct host_session *s);
int session_explain(struct host_session *s, struct tt_str payload);
int session_submit(struct host_session *s, struct tt_str payload);
int session_collect(struct host_session *s, struct tt_str payload);
int session_find(struct host_session *s, struct tt_str payload);
int session_abandon(struct host_session *s, struct tt_str payload);
int session_admin(struct host_session *s, struct tt_str payload);

#endif
