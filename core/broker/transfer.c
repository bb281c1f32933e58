/* SPDX-License-Identifier: MIT
 *
 * transfer.c - one attempt: a libcurl easy handle set up so that nothing is
 * followed, proxied, decoded or repeated behind our back. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/broker/inside.h"

#define MAX_HEADER_BYTES (256u << 10)
#define MAX_RETRY_AFTER_MS (3600 * 1000)
/* An answer that has begun must bring SLOW_BYTES in each SLOW_WINDOW_MS. Not
 * libcurl's own limit: that also counts the silence before the first byte,
 * where a model may think for a minute. */
#define SLOW_WINDOW_MS 20000
#define SLOW_BYTES 200

/* --- callbacks --------------------------------------------------------------- */

static void moved(struct fetch *f, size_t n)
{
    if (f->window_ms == 0)
        f->window_ms = clock_mono_ms();
    f->window_bytes += n;
    f->received += n;
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
    struct fetch *f = ctx;

    (void)data;
    n *= size;
    moved(f, n);
    f->header_bytes += n;
    if (f->header_bytes > MAX_HEADER_BYTES) {
        f->headers_too_big = true;
        return 0;
    }
    return n;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct fetch *f = ctx;

    n *= size;
    moved(f, n);
    /* Here, because CURLOPT_MAXFILESIZE knows only announced lengths. */
    if (n > f->max_body - f->answer.len) {
        f->too_big = true;
        return 0;
    }
    buf_add(&f->answer, data, n);
    return n;
}

static size_t on_send(char *out, size_t size, size_t n, void *ctx)
{
    struct fetch *f = ctx;
    size_t left = f->body_bytes - f->body_at;

    n *= size;
    if (n > left)
        n = left;
    memcpy(out, f->body + f->body_at, n);
    f->body_at += n;
    f->sent += n;
    return n;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct fetch *f = ctx;

    if (origin != SEEK_SET || offset < 0 || (size_t)offset > f->body_bytes)
        return CURL_SEEKFUNC_FAIL;
    f->body_at = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* The address that is really used: what a name meant a moment ago when it was
 * checked does not count (DNS rebinding). */
static curl_socket_t on_open(void *ctx, curlsocktype purpose,
                             struct curl_sockaddr *address)
{
    struct fetch *f = ctx;

    (void)purpose;
    if (!policy_address_allowed(f->host, &address->addr)) {
        f->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

/* --- set-up -------------------------------------------------------------------- */

#define SET(easy, option, value)                                               \
    TT_ASSERT(curl_easy_setopt(easy, option, value) == CURLE_OK)

static void set_limits(struct fetch *f, CURL *easy, int64_t now_ms)
{
    int64_t left = f->deadline_ms - now_ms;

    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(easy, CURLOPT_PROXY, ""); /* also from the environment */
    SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(easy, CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)f->broker->connect_ms);
    SET(easy, CURLOPT_USERAGENT, f->broker->user_agent);
    SET(easy, CURLOPT_ERRORBUFFER, f->detail);
    SET(easy, CURLOPT_PRIVATE, f);
    SET(easy, CURLOPT_HEADERFUNCTION, on_header);
    SET(easy, CURLOPT_HEADERDATA, f);
    SET(easy, CURLOPT_WRITEFUNCTION, on_body);
    SET(easy, CURLOPT_WRITEDATA, f);
    SET(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(easy, CURLOPT_OPENSOCKETDATA, f);
}

/* libcurl by itself sends a request again when a reused connection turns out
 * to be dead. For what must not run twice: a body that cannot be rewound stops
 * it, and without a body a fresh connection does. */
static void set_method(struct fetch *f, CURL *easy)
{
    if (strcmp(f->method, "HEAD") == 0) {
        SET(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (f->body_bytes > 0) {
        SET(easy, CURLOPT_UPLOAD, 1L);
        SET(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)f->body_bytes);
        SET(easy, CURLOPT_READFUNCTION, on_send);
        SET(easy, CURLOPT_READDATA, f);
        if (f->safe) {
            SET(easy, CURLOPT_SEEKFUNCTION, on_seek);
            SET(easy, CURLOPT_SEEKDATA, f);
        }
    } else {
        if (strcmp(f->method, "POST") == 0 || strcmp(f->method, "PUT") == 0 ||
            strcmp(f->method, "PATCH") == 0) {
            SET(easy, CURLOPT_POSTFIELDS, "");
            SET(easy, CURLOPT_POSTFIELDSIZE, 0L);
        }
        if (!f->safe)
            SET(easy, CURLOPT_FRESH_CONNECT, 1L);
    }
    if (strcmp(f->method, "GET") != 0)
        SET(easy, CURLOPT_CUSTOMREQUEST, f->method);
}

static void add_line(struct fetch *f, const char *line)
{
    struct curl_slist *more = curl_slist_append(f->lines, line);

    TT_ASSERT(more != NULL);
    f->lines = more;
}

static int set_headers(struct fetch *f, CURL *easy, struct err *e)
{
    bool typed = false;
    size_t i;

    for (i = 0; i < f->n_headers; i++) {
        const struct header *h = &f->headers[i];
        char *value = policy_resolve(f, h->value, false, e);
        char *line;

        if (value == NULL)
            return err_prefix(e, "header %s", h->name);
        line = value[0] == '\0' ? xasprintf("%s;", h->name)
                                : xasprintf("%s: %s", h->name, value);
        add_line(f, line);
        explicit_bzero(line, strlen(line));
        explicit_bzero(value, strlen(value));
        free(line);
        free(value);
        typed = typed || strcasecmp(h->name, "content-type") == 0;
    }
    add_line(f, "Expect:"); /* no pause before the body */
    if (!typed)
        add_line(f, "Content-Type:"); /* libcurl would call it a form */
    SET(easy, CURLOPT_HTTPHEADER, f->lines);
    return 0;
}

static int set_url(struct fetch *f, CURL *easy, struct err *e)
{
    char *origin;
    int code = 0;

    f->resolved_url = policy_resolve(f, f->url, true, e);
    if (f->resolved_url == NULL)
        return e->code;
    origin = policy_origin(f->resolved_url, NULL);
    if (origin == NULL || strcmp(origin, f->host->origin) != 0)
        code = err_set(e, TT_EINVAL, "%s: a secret may not change the host",
                       f->host->origin);
    else
        SET(easy, CURLOPT_URL, f->resolved_url);
    free(origin);
    return code;
}

int transfer_start(struct fetch *f, int64_t now_ms, struct err *e)
{
    CURL *easy = curl_easy_init();
    int code;

    TT_ASSERT(easy != NULL);
    f->easy = easy;
    f->body_at = f->header_bytes = 0;
    f->too_big = f->headers_too_big = f->forbidden = false;
    f->window_ms = 0;
    f->window_bytes = 0;
    f->detail[0] = '\0';
    buf_reset(&f->answer);
    set_limits(f, easy, now_ms);
    code = set_url(f, easy, e);
    if (code == 0)
        code = set_headers(f, easy, e);
    if (code == 0) {
        set_method(f, easy);
        if (curl_multi_add_handle(f->broker->multi, easy) == CURLM_OK)
            return 0;
        code = err_set(e, TT_EINTERNAL, "%s: libcurl took no handle",
                       f->host->origin);
    }
    curl_easy_cleanup(easy);
    f->easy = NULL;
    transfer_abort(f);
    return code;
}

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
}

void transfer_abort(struct fetch *f)
{
    struct curl_slist *line;

    if (f->easy != NULL) {
        (void)curl_multi_remove_handle(f->broker->multi, f->easy);
        curl_easy_cleanup(f->easy);
        f->easy = NULL;
    }
    for (line = f->lines; line != NULL; line = line->next)
        wipe(line->data);
    curl_slist_free_all(f->lines);
    f->lines = NULL;
    wipe(f->resolved_url);
    free(f->resolved_url);
    f->resolved_url = NULL;
    if (f->secrets.data != NULL)
        explicit_bzero(f->secrets.data, f->secrets.cap);
    buf_reset(&f->secrets);
}

bool transfer_is_slow(struct fetch *f, int64_t now_ms)
{
    if (f->easy == NULL || f->window_ms == 0 ||
        now_ms - f->window_ms < SLOW_WINDOW_MS)
        return false;
    if (f->window_bytes < SLOW_BYTES)
        return true;
    f->window_ms = now_ms;
    f->window_bytes = 0;
    return false;
}

/* --- what came of it -------------------------------------------------------------- */

static const char *reason(const struct fetch *f, CURLcode result,
                          const struct outcome *out)
{
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "the name cannot be resolved";
    case CURLE_COULDNT_CONNECT:
        return "no connection; is it running, and is the port right?";
    case CURLE_OPERATION_TIMEDOUT:
        return out->unsent ? "no connection in time"
                           : "no answer in time; it may have been carried out";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_PARTIAL_FILE:
        return "the connection broke off before the whole answer";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
        return f->detail[0] != '\0' ? f->detail : curl_easy_strerror(result);
    default:
        return curl_easy_strerror(result);
    }
}

static void explain(struct fetch *f, CURLcode result, struct outcome *out)
{
    const char *origin = f->host->origin;

    out->code = out->unsent ? TT_ETRANSIENT : TT_ETIMEOUT;
    if (f->too_big) {
        out->code = TT_ETOOBIG;
        out->permanent = true;
        (void)snprintf(out->text, sizeof out->text, "%.100s: the answer is "
                       "larger than %llu bytes", origin,
                       (unsigned long long)f->max_body);
    } else if (f->headers_too_big) {
        out->permanent = true;
        (void)snprintf(out->text, sizeof out->text, "%.100s: headers of more "
                       "than %u bytes", origin, MAX_HEADER_BYTES);
    } else if (f->forbidden && out->unsent) {
        out->code = TT_EPERM;
        out->permanent = true;
        (void)snprintf(out->text, sizeof out->text, "%.100s: the name leads to "
                       "a loopback or link-local address; allow the address "
                       "itself if it is meant", origin);
    } else {
        out->permanent = result == CURLE_PEER_FAILED_VERIFICATION;
        (void)snprintf(out->text, sizeof out->text, "%.100s: %.140s", origin,
                       reason(f, result, out));
        policy_redact(f, out->text);
    }
}

/* Location, where a URL can stand in it: a redirect is an answer, and a 202
 * says so where to ask. */
static void take_location(struct fetch *f)
{
    struct curl_header *header;
    const char *p;

    f->location[0] = '\0';
    if (curl_easy_header(f->easy, "Location", 0, CURLH_HEADER, -1, &header) !=
            CURLHE_OK ||
        strlen(header->value) >= sizeof f->location)
        return;
    for (p = header->value; *p > ' ' && *p < 0x7f; p++)
        ;
    if (*p == '\0')
        (void)snprintf(f->location, sizeof f->location, "%s", header->value);
}

void transfer_end(struct fetch *f, CURLcode result, struct outcome *out)
{
    curl_off_t retry_after = 0;
    long status = 0, request_bytes = 0;

    memset(out, 0, sizeof *out);
    (void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(f->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    (void)curl_easy_getinfo(f->easy, CURLINFO_NUM_CONNECTS, &out->connects);
    (void)curl_easy_getinfo(f->easy, CURLINFO_RETRY_AFTER, &retry_after);
    f->sent += (uint64_t)request_bytes;
    out->status = status > 0 ? (unsigned)status : 0;
    if (retry_after > 0)
        out->retry_after_ms = retry_after < MAX_RETRY_AFTER_MS / 1000
                                  ? (uint64_t)retry_after * 1000
                                  : MAX_RETRY_AFTER_MS;
    take_location(f);
    out->unsent = request_bytes == 0;
    if (result != CURLE_OK)
        explain(f, result, out);
    transfer_abort(f);
}
