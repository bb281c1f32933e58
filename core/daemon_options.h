/* SPDX-License-Identifier: MIT
 *
 * daemon_options.h - the configuration document as the options of each part. */
#ifndef TT_CORE_DAEMON_OPTIONS_H
#define TT_CORE_DAEMON_OPTIONS_H

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/broker/broker.h"
#include "core/engine/engine.h"
#include "core/host/trust.h"
#include "core/http/http.h"
#include "store/store.h"

struct daemon_options {
    struct store_options store;
    struct broker_options broker;
    struct engine_options engine; /* store, broker, catalog: by the caller */
    struct http_options http;
    const char *plugin_state;
    const char **plugin_dirs;
    size_t n_plugin_dirs;
    bool plugin_dirs_usual; /* the config names none: the installed one, which
                               may be absent */
    struct trust_options trust; /* borrows from the document and these */
    enum log_level log_level;
    struct arena arena; /* owns the lists; texts are the document's */
};

/* config: checked by config_load(); stays borrowed until daemon_options_fini().
 * Errors: TT_EINVAL for a token whose file or variable is not there. */
int daemon_options_fill(struct daemon_options *o, json_object *config,
                        struct err *e);
void daemon_options_fini(struct daemon_options *o);

#endif
