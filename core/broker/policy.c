/* SPDX-License-Identifier: MIT
 *
 * policy.c - what may leave the daemon: origins, header shapes, addresses,
 * and secrets that are put in at the last moment. */
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/broker/inside.h"

#define SECRET_MAX_BYTES 65536

/* --- URLs ------------------------------------------------------------------ */

static char *url_part(CURLU *u, CURLUPart part, unsigned flags)
{
    char *text, *copy;

    if (curl_url_get(u, part, &text, flags) != CURLUE_OK)
        return NULL;
    copy = xstrdup(text);
    curl_free(text);
    return copy;
}

static void lower(char *s)
{
    for (; *s != '\0'; s++)
        *s = (char)tolower((unsigned char)*s);
}

static void bad_url(const char *url, const char *why, struct err *e)
{
    char *shown = policy_shown(url);

    err_set(e, TT_EINVAL, "URL %.80s: %s", shown, why);
    free(shown);
}

char *policy_origin(const char *url, struct err *e)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *name = NULL, *port = NULL, *origin = NULL;

    TT_ASSERT(u != NULL);
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) != CURLUE_OK) {
        bad_url(url, "not an absolute URL without user name, such as "
                     "http://host:port/path", e);
        goto done;
    }
    scheme = url_part(u, CURLUPART_SCHEME, 0);
    name = url_part(u, CURLUPART_HOST, 0);
    port = url_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (scheme == NULL || name == NULL || port == NULL || name[0] == '\0' ||
        strpbrk(name, "${}") != NULL ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
        bad_url(url, "must be http or https, with a host", e);
        goto done;
    }
    origin = xasprintf("%s://%s:%s", scheme, name, port);
    lower(origin);
done:
    free(scheme);
    free(name);
    free(port);
    curl_url_cleanup(u);
    return origin;
}

char *policy_shown(const char *url)
{
    const char *behind = strstr(url, "://");
    size_t n = strcspn(url, "?#");

    /* Refused URLs are recorded too; what stands before an @ may be a
     * password. */
    behind = behind != NULL ? behind + 3 : url;
    if (memchr(behind, '@', strcspn(behind, "/?#")) != NULL)
        return xasprintf("%.*s...", (int)(behind - url), url);
    return xstrndup(url, n < 1000 ? n : 1000);
}

bool policy_is_local(const char *origin)
{
    const char *name = strstr(origin, "://") + 3;
    size_t n = strcspn(name, ":");
    unsigned char address[4];
    char copy[64];

    if (name[0] == '[')
        return true;
    if (n == 9 && memcmp(name, "localhost", 9) == 0)
        return true;
    if (n >= sizeof copy)
        return false;
    memcpy(copy, name, n);
    copy[n] = '\0';
    return inet_pton(AF_INET, copy, address) == 1;
}

static bool v4_allowed(uint32_t a)
{
    return a >> 24 != 0 &&         /* "this host" */
           a >> 24 != 127 &&       /* loopback */
           a >> 16 != 0xA9FE &&    /* 169.254/16: link-local, cloud metadata */
           a < 0xE0000000;         /* multicast, reserved, broadcast */
}

bool policy_address_allowed(const struct host *h, const struct sockaddr *sa)
{
    const struct in6_addr *a;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    uint32_t v4;

    if (h->local) /* the operator wrote the address himself */
        return true;
    if (sa->sa_family == AF_INET) {
        memcpy(&in, sa, sizeof in);
        return v4_allowed(ntohl(in.sin_addr.s_addr));
    }
    if (sa->sa_family != AF_INET6)
        return false;
    memcpy(&in6, sa, sizeof in6);
    a = &in6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a)) {
        memcpy(&v4, a->s6_addr + 12, sizeof v4);
        return v4_allowed(ntohl(v4));
    }
    return !IN6_IS_ADDR_LOOPBACK(a) && !IN6_IS_ADDR_UNSPECIFIED(a) &&
           !IN6_IS_ADDR_LINKLOCAL(a) && !IN6_IS_ADDR_MULTICAST(a);
}

/* --- shapes ------------------------------------------------------------------ */

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH",
                                       "DELETE", "OPTIONS", NULL };
/* Ours to write: with these a plugin could reach another host behind the
 * allowed one, or smuggle a second request. */
static const char *const own_headers[] = {
    "host", "content-length", "transfer-encoding", "connection", "upgrade",
    "te", "trailer", "expect", "keep-alive", "proxy-authorization",
    "proxy-connection", NULL };

static bool is_one_of(const char *const *list, const char *word)
{
    for (; *list != NULL; list++)
        if (strcasecmp(*list, word) == 0)
            return true;
    return false;
}

static bool is_token(const char *s)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++)
        if (!isalnum((unsigned char)*s) && strchr("!#$%&'*+-.^_`|~", *s) == NULL)
            return false;
    return true;
}

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return true;
    return false;
}

int policy_check_shape(const struct fetch *f, struct err *e)
{
    size_t i;

    for (i = 0; methods[i] != NULL && strcmp(methods[i], f->method) != 0; i++)
        ;
    if (methods[i] == NULL)
        return err_set(e, TT_EINVAL, "method %.20s: take GET, HEAD, POST, PUT, "
                       "PATCH, DELETE or OPTIONS", f->method);
    if (f->body_bytes > 0 && i < 2)
        return err_set(e, TT_EINVAL, "a %s has no body", f->method);
    for (i = 0; i < f->n_headers; i++) {
        const char *name = f->headers[i].name;

        if (!is_token(name) || has_control(f->headers[i].value))
            return err_set(e, TT_EINVAL, "header %.60s: not a name, or a "
                           "control character in its value", name);
        if (is_one_of(own_headers, name))
            return err_set(e, TT_EINVAL, "header %.60s: is the host's to set, "
                           "leave it out", name);
    }
    return 0;
}

/* --- secrets ------------------------------------------------------------------- */

static const struct secret *find_secret(const struct broker *b,
                                        const char *name, size_t n)
{
    size_t i;

    for (i = 0; i < b->n_secrets; i++)
        if (strlen(b->secrets[i].name) == n &&
            memcmp(b->secrets[i].name, name, n) == 0)
            return &b->secrets[i];
    return NULL;
}

static int read_secret(const struct secret *s, struct buf *out, struct err *e)
{
    const char *value;

    if (s->file != NULL) {
        if (fs_read(s->file, SECRET_MAX_BYTES, out, e) != 0)
            return err_prefix(e, "secret %s", s->name);
    } else {
        value = getenv(s->environment);
        if (value == NULL)
            return err_set(e, TT_EINVAL, "secret %s: the environment variable "
                           "%s is not set", s->name, s->environment);
        buf_adds(out, value);
    }
    while (out->len > 0 && (out->data[out->len - 1] == '\n' ||
                            out->data[out->len - 1] == '\r'))
        out->data[--out->len] = '\0';
    if (out->len == 0)
        return err_set(e, TT_EINVAL, "secret %s: is empty", s->name);
    if (strlen(out->data) != out->len || has_control(out->data))
        return err_set(e, TT_EINVAL, "secret %s: holds a control character, it "
                       "must be one line", s->name);
    return 0;
}

/* So that no value can end the path or begin a query. */
static void put_encoded(struct buf *out, const char *s)
{
    for (; *s != '\0'; s++)
        if (isalnum((unsigned char)*s) || strchr("-._~", *s) != NULL)
            buf_add(out, s, 1);
        else
            buf_addf(out, "%%%02X", (unsigned char)*s);
}

static void note(struct fetch *f, const char *value)
{
    buf_add(&f->secrets, value, strlen(value) + 1);
}

static int put_secret(struct fetch *f, const char *name, size_t n, bool encode,
                      struct buf *out, struct err *e)
{
    const struct secret *s = find_secret(f->broker, name, n);
    struct buf value = { 0 };
    size_t start = out->len;
    int code;

    if (s == NULL)
        return err_set(e, TT_EINVAL, "secret %.*s: is not configured; add it to "
                       "secrets", n < 60 ? (int)n : 60, name);
    if (s->origin != NULL && strcmp(s->origin, f->host->origin) != 0)
        return err_set(e, TT_EPERM, "secret %s: is for %s only, not for %s",
                       s->name, s->origin, f->host->origin);
    code = read_secret(s, &value, e);
    if (code == 0) {
        note(f, value.data);
        if (encode) {
            put_encoded(out, value.data);
            note(f, out->data + start);
        } else {
            buf_add(out, value.data, value.len);
        }
    }
    if (value.data != NULL)
        explicit_bzero(value.data, value.cap);
    buf_fini(&value);
    return code;
}

char *policy_resolve(struct fetch *f, const char *text, bool encode,
                     struct err *e)
{
    static const char mark[] = "${secret:";
    struct buf out = { 0 };
    const char *at, *end;

    while ((at = strstr(text, mark)) != NULL) {
        buf_add(&out, text, (size_t)(at - text));
        at += sizeof mark - 1;
        end = strchr(at, '}');
        if (end == NULL) {
            err_set(e, TT_EINVAL, "a reference ${secret:NAME} without its }");
            goto fail;
        }
        if (put_secret(f, at, (size_t)(end - at), encode, &out, e) != 0)
            goto fail;
        text = end + 1;
    }
    buf_adds(&out, text);
    return buf_steal(&out);
fail:
    if (out.data != NULL)
        explicit_bzero(out.data, out.cap);
    buf_fini(&out);
    return NULL;
}

void policy_redact(const struct fetch *f, char *text)
{
    const char *s = f->secrets.data;
    const char *end = s + f->secrets.len;
    char *at;

    for (; s != NULL && s < end; s += strlen(s) + 1)
        while ((at = strstr(text, s)) != NULL)
            memset(at, '*', strlen(s));
}
