/* SPDX-License-Identifier: MIT
 *
 * client.c - requests to the daemon over libcurl. */
#include "config.h"

#include "cli.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct text {
    char *data;
    size_t n;
};

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct text *t = ctx;
    char *grown = realloc(t->data, t->n + size * n + 1);

    if (grown == NULL)
        return 0;
    t->data = grown;
    memcpy(t->data + t->n, bytes, size * n);
    t->n += size * n;
    t->data[t->n] = '\0';
    return size * n;
}

/* Link: <...?cursor=X>; rel="next" is the only header that we look at. */
static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct reply *r = ctx;
    const char *start, *end;
    char line[1024];
    size_t len = size * n < sizeof line - 1 ? size * n : sizeof line - 1;

    memcpy(line, bytes, len);
    line[len] = '\0';
    if (strncasecmp(line, "link:", 5) == 0 &&
        (start = strstr(line, "cursor=")) != NULL) {
        start += 7;
        end = start + strcspn(start, "&>");
        snprintf(r->cursor, sizeof r->cursor, "%.*s", (int)(end - start),
                 start);
    }
    return size * n;
}

static int exit_of(unsigned status)
{
    switch (status) {
    case 401:
    case 403:
        return CLI_AUTH;
    case 404:
        return CLI_NOT_FOUND;
    case 409:
    case 412:
        return CLI_CONFLICT;
    case 400:
    case 413:
    case 422:
        return CLI_INVALID;
    case 429:
        return CLI_LIMITED;
    default:
        return status >= 500 || status == 0 ? CLI_UNAVAILABLE : CLI_FAILED;
    }
}

static CURL *easy(struct cli *c)
{
    if (c->curl == NULL)
        c->curl = curl_easy_init();
    else
        curl_easy_reset(c->curl);
    return c->curl;
}

static struct curl_slist *headers(struct cli *c, bool has_body)
{
    struct curl_slist *list = NULL;
    char line[600];

    list = curl_slist_append(list, "Accept: application/json");
    if (has_body)
        list = curl_slist_append(list, "Content-Type: application/json");
    if (c->token != NULL) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", c->token);
        list = curl_slist_append(list, line);
    }
    return list;
}

static CURLcode perform(struct cli *c, const char *method, const char *path,
                        const char *body, struct text *text, struct reply *r)
{
    CURL *h = easy(c);
    struct curl_slist *list = headers(c, body != NULL);
    bool local = strncmp(c->url, "unix:", 5) == 0;
    char url[2048];
    long status = 0;
    CURLcode code;

    snprintf(url, sizeof url, "%s%s", local ? "http://trimtab" : c->url, path);
    curl_easy_setopt(h, CURLOPT_URL, url);
    if (local)
        curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, c->url + 5);
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, text);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(h, CURLOPT_TIMEOUT, 300L); /* a replay takes its time */
    curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    if (body != NULL || strcmp(method, "POST") == 0)
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, body != NULL ? body : "");
    code = curl_easy_perform(h);
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    r->status = (unsigned)status;
    curl_slist_free_all(list);
    return code;
}

static int call(struct cli *c, const char *method, const char *path,
                json_object *body, struct reply *r, bool loud)
{
    struct text text = { NULL, 0 };
    const char *sent = body == NULL ? NULL
                                    : json_object_to_json_string_ext(
                                          body, JSON_C_TO_STRING_PLAIN);
    CURLcode code;

    memset(r, 0, sizeof *r);
    code = perform(c, method, path, sent, &text, r);
    if (code != CURLE_OK) {
        if (loud)
            fprintf(stderr, "trimtab: %s: %s; is trimtabd running? (--url, "
                    "TRIMTAB_URL)\n", c->url, curl_easy_strerror(code));
        free(text.data);
        return CLI_UNAVAILABLE;
    }
    if (text.n > 0)
        r->body = json_tokener_parse(text.data);
    free(text.data);
    if (r->status < 400)
        return 0;
    if (loud && c->json)
        print_json(r->body);
    if (loud)
        fprintf(stderr, "trimtab: %s\n",
                json_text(r->body, "detail", "the daemon said no"));
    return exit_of(r->status);
}

int client_call(struct cli *c, const char *method, const char *path,
                json_object *body, struct reply *r)
{
    return call(c, method, path, body, r, true);
}

int client_try(struct cli *c, const char *method, const char *path,
               json_object *body, struct reply *r)
{
    return call(c, method, path, body, r, false);
}

void reply_fini(struct reply *r)
{
    json_object_put(r->body);
    r->body = NULL;
}

void client_close(struct cli *c)
{
    if (c->curl != NULL)
        curl_easy_cleanup(c->curl);
    c->curl = NULL;
}

static void add_escaped(char *out, size_t size, const char *s)
{
    static const char plain[] = "-._~";
    size_t n = strlen(out);

    for (; *s != '\0' && n + 4 < size; s++) {
        unsigned char ch = (unsigned char)*s;

        if ((ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') ||
            (ch >= 'a' && ch <= 'z') || strchr(plain, ch) != NULL)
            out[n++] = (char)ch;
        else
            n += (size_t)snprintf(out + n, size - n, "%%%02X", ch);
    }
    out[n] = '\0';
}

char *client_path(const char *format, ...)
{
    size_t size = 4096, n;
    char *out = calloc(1, size);
    const char *p = format;
    va_list args;

    if (out == NULL)
        abort();
    va_start(args, format);
    while (*p != '\0') {
        if (p[0] == '%' && p[1] == 's') {
            add_escaped(out, size, va_arg(args, const char *));
            p += 2;
        } else {
            n = strlen(out);
            if (n + 1 < size)
                out[n] = *p;
            p++;
        }
    }
    va_end(args);
    return out;
}
