/* SPDX-License-Identifier: MIT
 *
 * sim_http.c - the server: a thread per connection, because a handler may be
 * told to hang. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "tests/orcheo/sim_http.h"

const char *sim_query(const struct sim_request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND,
                                       name);
}

const char *sim_header(const struct sim_request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result each(void *ctx, enum MHD_ValueKind kind,
                            const char *key, const char *value)
{
    TT_AUTO_FREE char *name = xstrdup(key);
    char *p;

    for (p = name; kind == MHD_HEADER_KIND && *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    json_set_str(ctx, name, value);
    return MHD_YES;
}

void sim_each_value(const struct sim_request *q, bool headers,
                    json_object *into)
{
    MHD_get_connection_values(q->connection,
                              headers ? MHD_HEADER_KIND : MHD_GET_ARGUMENT_KIND,
                              each, into);
}

static void split_path(struct sim_request *q, const char *path)
{
    const char *end;
    size_t i;

    while (q->part_n < SIM_PARTS && *path == '/') {
        path++;
        end = path + strcspn(path, "/");
        q->part[q->part_n++] = xstrndup(path, (size_t)(end - path));
        path = end;
    }
    for (i = q->part_n; i < SIM_PARTS; i++)
        q->part[i] = xstrdup("");
}

/* --- the answer ---------------------------------------------------------- */

/* A connected socket that is "connected" to nobody is reset at once. */
static void reset(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr nobody = { .sa_family = AF_UNSPEC };

    if (info != NULL)
        connect(info->connect_fd, &nobody, sizeof nobody);
}

static enum MHD_Result answer(struct MHD_Connection *c, struct sim_reply *a)
{
    struct buf out = { 0 };
    struct MHD_Response *r;
    enum MHD_Result rc;
    char number[32];

    if (a->delivery != SIM_SEND) {
        if (a->delivery == SIM_CUT)
            reset(c);
        return MHD_NO;
    }
    if (a->text != NULL)
        buf_adds(&out, a->text);
    else
        json_canonical(a->body, &out);
    r = MHD_create_response_from_buffer(out.len, out.data,
                                        MHD_RESPMEM_MUST_COPY);
    buf_fini(&out);
    MHD_add_response_header(r, "Content-Type",
                            a->status == 500 ? "text/plain; charset=utf-8"
                                             : "application/json");
    if (a->status == 401)
        MHD_add_response_header(r, "WWW-Authenticate", "Bearer");
    if (a->retry_after > 0) {
        snprintf(number, sizeof number, "%lld", (long long)a->retry_after);
        MHD_add_response_header(r, "Retry-After", number);
    }
    rc = MHD_queue_response(c, (unsigned)a->status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c,
                                  const char *url, const char *method,
                                  const char *version, const char *upload,
                                  size_t *upload_n, void **state)
{
    struct sim_request *q = *state;
    struct sim_reply a = { .status = 500 };
    enum MHD_Result rc;

    (void)version;
    if (q == NULL) {
        q = xcalloc(1, sizeof *q);
        q->connection = c;
        q->method = method;
        split_path(q, url);
        *state = q;
        return MHD_YES;
    }
    if (*upload_n > 0) {
        buf_add(&q->raw, upload, *upload_n);
        *upload_n = 0;
        return MHD_YES;
    }
    q->body = sim_parse(q->raw.data, q->raw.len, &q->parsed);
    sim_serve(ctx, q, &a);
    rc = answer(c, &a);
    json_object_put(a.body);
    return rc;
}

static void on_done(void *ctx, struct MHD_Connection *c, void **state,
                    enum MHD_RequestTerminationCode why)
{
    struct sim_request *q = *state;
    size_t i;

    (void)ctx;
    (void)c;
    (void)why;
    if (q == NULL)
        return;
    for (i = 0; i < SIM_PARTS; i++)
        free(q->part[i]);
    buf_fini(&q->raw);
    json_object_put(q->body);
    free(q);
    *state = NULL;
}

struct MHD_Daemon *sim_http_start(struct sim *s)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)s->options.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    return MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
            MHD_USE_POLL,
        0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &at,
        MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
        MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_LISTENING_ADDRESS_REUSE,
        1u, MHD_OPTION_THREAD_STACK_SIZE, (size_t)(1 << 20), MHD_OPTION_END);
}

unsigned sim_http_port(struct MHD_Daemon *d)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);

    return info != NULL ? info->port : 0;
}

void sim_http_stop(struct MHD_Daemon *d)
{
    if (d != NULL)
        MHD_stop_daemon(d);
}
