/* SPDX-License-Identifier: MIT
 *
 * plugin_channel.h - one plugin to talk to by frames: in this process, where a
 * debugger sees it, or in a worker, as the daemon runs it. */
#ifndef TT_CORE_PLUGIN_CHANNEL_H
#define TT_CORE_PLUGIN_CHANNEL_H

#include "core/base/json.h"
#include "core/host/frame.h"

/* Load the plugin at path. worker_path NULL: in this process. NULL with the
 * cause: TT_EPLUGIN, TT_EABI, TT_ECRASH (the worker went), ... [main] */
struct channel;
struct channel *channel_open(const char *path, const char *worker_path,
                             struct err *e);
void channel_close(struct channel *c);
json_object *channel_hello(const struct channel *c); /* borrowed */

/* The train case `id` that a plugin may read here, as JSON, to *out. */
void channel_case(uint64_t id, struct buf *out);

/* Ask and wait for the answer; an ERROR becomes *e. *answer is valid until the
 * next call. TT_ECRASH: the worker is gone, the text says why. */
int channel_ask(struct channel *c, uint16_t type, struct tt_str payload,
                struct frame *answer, struct err *e);

#endif
