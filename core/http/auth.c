/* SPDX-License-Identifier: MIT
 *
 * auth.c - bearer tokens, compared as hashes in constant time, and token
 * buckets: per actor for what is limited, one for failed attempts. */
#include "config.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/http/internal.h"

/* Take one from the bucket of `name`: refilled at per_minute, as big as that.
 * 0, or how many seconds to wait. */
static unsigned take(struct http *h, const char *name, unsigned per_minute)
{
    int64_t now = clock_mono_ms();
    struct auth_bucket *b = NULL;
    unsigned wait = 0;
    size_t i;

    pthread_mutex_lock(&h->buckets_lock);
    for (i = 0; i < h->n_buckets && b == NULL; i++)
        if (strcmp(h->buckets[i].name, name) == 0)
            b = &h->buckets[i];
    if (b == NULL) { /* as many as there are tokens in the config, plus two */
        h->buckets = xrealloc(h->buckets, h->n_buckets + 1, sizeof *h->buckets);
        b = &h->buckets[h->n_buckets++];
        b->name = xstrdup(name);
        b->tokens = per_minute;
        b->at_ms = now;
    }
    b->tokens += (double)(now - b->at_ms) * per_minute / 60000.0;
    if (b->tokens > per_minute)
        b->tokens = per_minute;
    b->at_ms = now;
    if (b->tokens >= 1)
        b->tokens -= 1;
    else
        wait = 1 + (unsigned)((1 - b->tokens) * 60.0 / per_minute);
    pthread_mutex_unlock(&h->buckets_lock);
    return wait;
}

static int refuse(struct request *r, struct err *e, const char *why)
{
    atomic_fetch_add(&r->http->auth_failures, 1);
    r->retry_after_s = take(r->http, "\001failures", 600);
    if (r->retry_after_s > 0)
        return err_set(e, TT_ELIMIT, "too many failed attempts");
    return err_set(e, TT_EAUTH, "%s: send \"Authorization: Bearer <token>\" "
                   "with a token of the daemon's configuration", why);
}

int auth_check(struct request *r, struct err *e)
{
    const struct http_options *o = &r->http->options;
    const char *value, *actor = NULL;
    unsigned char hash[32];
    size_t i;

    if (!o->auth_required)
        return 0;
    value = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND,
                                        "Authorization");
    if (value == NULL)
        return refuse(r, e, "no token");
    if (strncasecmp(value, "Bearer ", 7) != 0 || strlen(value) > 512)
        return refuse(r, e, "not a bearer token");
    crypt_sha256(value + 7, strlen(value + 7), hash);
    for (i = 0; i < o->n_tokens; i++) /* all of them, whatever is found */
        if (crypt_equal(hash, o->tokens[i].sha256, sizeof hash))
            actor = o->tokens[i].name;
    if (actor == NULL)
        return refuse(r, e, "unknown token");
    r->actor = actor;
    return 0;
}

int auth_rate(struct request *r, struct err *e)
{
    unsigned per_minute = r->http->options.optimize_per_minute;

    r->retry_after_s = take(r->http, r->actor, per_minute);
    if (r->retry_after_s == 0)
        return 0;
    return err_set(e, TT_ELIMIT,
                   "%s may start %u runs a minute; try again in %u s",
                   r->actor, per_minute, r->retry_after_s);
}
