/* SPDX-License-Identifier: MIT
 *
 * request.c - one request: the guard in front of libmicrohttpd's loose
 * parser, the path in decoded segments, query and headers. */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/http/internal.h"

struct request *request_create(struct http_thread *t,
                               struct MHD_Connection *connection,
                               const char *method)
{
    struct request *r = xcalloc(1, sizeof *r);

    r->http = t->http;
    r->thread = t;
    r->connection = connection;
    snprintf(r->method, sizeof r->method, "%s", method);
    crypt_id("req-", r->request_id);
    r->actor = "anonymous";
    r->content_type = "application/json";
    r->started_ns = clock_mono_ns();
    return r;
}

void request_destroy(struct request *r)
{
    if (r == NULL)
        return;
    free(r->path);
    free(r->idempotency_key);
    free(r->if_match);
    free(r->if_none_match);
    json_object_put(r->query);
    json_object_put(r->answer.body);
    buf_fini(&r->body);
    buf_fini(&r->out);
    free(r);
}

/* --- the guard ----------------------------------------------------------- */

struct header_count {
    unsigned length, encoding, host;
    bool bad;
    const char *why;
};

static enum MHD_Result count_header(void *ctx, enum MHD_ValueKind kind,
                                    const char *name, const char *value)
{
    struct header_count *c = ctx;
    const char *p;

    (void)kind;
    for (p = name; *p != '\0'; p++)
        if (!isalnum((unsigned char)*p) && strchr("!#$%&'*+-.^_`|~", *p) == NULL) {
            c->bad = true;
            c->why = "a header's name has a character that is not allowed";
        }
    for (p = value != NULL ? value : ""; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 && *p != '\t') {
            c->bad = true;
            c->why = "a header's value has a control character";
        }
    if (strcasecmp(name, "Content-Length") == 0) {
        c->length++;
        for (p = value != NULL ? value : "x"; *p != '\0'; p++)
            if (!isdigit((unsigned char)*p)) {
                c->bad = true;
                c->why = "Content-Length is not a number";
            }
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        c->encoding++;
        if (value == NULL || strcasecmp(value, "chunked") != 0) {
            c->bad = true;
            c->why = "Transfer-Encoding is not chunked";
        }
    } else if (strcasecmp(name, "Host") == 0) {
        c->host++;
    }
    return MHD_YES;
}

int request_guard(struct request *r, struct err *e)
{
    struct header_count c = { 0 };

    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, count_header, &c);
    if (c.bad)
        return err_set(e, TT_EJSON, "request: %s", c.why);
    if (c.length > 1 || c.encoding > 1 || (c.length > 0 && c.encoding > 0))
        return err_set(e, TT_EJSON,
                       "request: Content-Length and Transfer-Encoding must "
                       "stand once, and not together");
    if (c.host > 1)
        return err_set(e, TT_EJSON, "request: more than one Host header");
    return 0;
}

/* --- path, query, headers ------------------------------------------------ */

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = tolower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode %XX of one segment in place. */
static int decode_segment(char *s, struct err *e)
{
    char *out = s;
    int hi, lo;

    for (; *s != '\0'; s++) {
        if (*s == '%') {
            hi = hex_digit((unsigned char)s[1]);
            lo = hi < 0 ? -1 : hex_digit((unsigned char)s[2]);
            if (lo < 0 || hi * 16 + lo == 0)
                return err_set(e, TT_EJSON,
                               "request: the path has a bad %%-escape");
            *out++ = (char)(hi * 16 + lo);
            s += 2;
        } else {
            *out++ = *s;
        }
    }
    *out = '\0';
    return 0;
}

static int split_path(struct request *r, const char *url, struct err *e)
{
    char *p;
    int code;

    if (url[0] != '/')
        return err_set(e, TT_EJSON, "request: the path must start with /");
    r->path = xstrdup(url + 1);
    if (r->path[0] == '\0')
        return 0;
    for (p = r->path; p != NULL;) {
        if (r->n_segments == REQUEST_MAX_SEGMENTS)
            return err_set(e, TT_ENOENT, "no such path: %.200s", url);
        r->segment[r->n_segments++] = p;
        p = strchr(p, '/');
        if (p != NULL)
            *p++ = '\0';
    }
    for (size_t i = 0; i < r->n_segments; i++) {
        code = decode_segment(r->segment[i], e);
        if (code != 0)
            return code;
        if (r->segment[i][0] == '\0' || strcmp(r->segment[i], ".") == 0 ||
            strcmp(r->segment[i], "..") == 0)
            return err_set(e, TT_ENOENT, "no such path: %.200s", url);
    }
    return 0;
}

/* "{{...": a template of Orcheo's that did not resolve. It counts as absent. */
static enum MHD_Result take_query(void *ctx, enum MHD_ValueKind kind,
                                  const char *name, const char *value)
{
    json_object *query = ctx;

    (void)kind;
    if (value != NULL && strncmp(value, "{{", 2) != 0)
        json_set_str(query, name, value);
    return MHD_YES;
}

static char *take_header(struct request *r, const char *name)
{
    return xstrdup(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND,
                                               name));
}

int request_parse(struct request *r, const char *url, struct err *e)
{
    int code = split_path(r, url, e);

    if (code != 0)
        return code;
    r->query = json_object_new_object();
    MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, take_query,
                              r->query);
    r->idempotency_key = take_header(r, "Idempotency-Key");
    r->if_match = take_header(r, "If-Match");
    r->if_none_match = take_header(r, "If-None-Match");
    if (r->idempotency_key != NULL &&
        (r->idempotency_key[0] == '\0' || strlen(r->idempotency_key) > 200))
        return err_set(e, TT_EINVAL,
                       "Idempotency-Key: must have 1 to 200 characters");
    return 0;
}
