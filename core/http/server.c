/* SPDX-License-Identifier: MIT
 *
 * server.c - requests as libmicrohttpd brings them, and the deadlines that it
 * does not have: its own timeout only sees silence, so a peer that sends a
 * byte now and then would keep a connection for ever. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/http/internal.h"
#include "core/http/listen.h"

/* One socket. While `deadline_ms` is not 0, something must have arrived by
 * then: the head of a request, or the rest of its body. */
struct connection {
    struct http_thread *thread;
    int fd;
    int64_t deadline_ms;
    bool shut;
    struct connection *next, **link;
};

/* --- deadlines ----------------------------------------------------------- */

static void connection_notify(void *cls, struct MHD_Connection *connection,
                              void **socket_ctx,
                              enum MHD_ConnectionNotificationCode code)
{
    struct http_thread *t = cls;
    const union MHD_ConnectionInfo *info;
    struct connection *c = *socket_ctx;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        info = MHD_get_connection_info(connection,
                                       MHD_CONNECTION_INFO_CONNECTION_FD);
        c = xcalloc(1, sizeof *c);
        c->thread = t;
        c->fd = info->connect_fd;
        c->deadline_ms = clock_mono_ms() + t->http->options.header_ms;
        c->next = t->connections;
        c->link = &t->connections;
        if (c->next != NULL)
            c->next->link = &c->next;
        t->connections = c;
        *socket_ctx = c;
    } else if (c != NULL) {
        *c->link = c->next;
        if (c->next != NULL)
            c->next->link = c->link;
        free(c);
        *socket_ctx = NULL;
    }
}

static struct connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

static void set_deadline(struct MHD_Connection *connection, int64_t in_ms)
{
    struct connection *c = connection_of(connection);

    if (c != NULL)
        c->deadline_ms = in_ms == 0 ? 0 : clock_mono_ms() + in_ms;
}

static void reap_late_connections(struct http_thread *t)
{
    int64_t now = clock_mono_ms();
    struct connection *c;

    for (c = t->connections; c != NULL; c = c->next) {
        if (c->shut || c->deadline_ms == 0 || now < c->deadline_ms)
            continue;
        c->shut = true; /* libmicrohttpd sees the end and cleans up */
        shutdown(c->fd, SHUT_RDWR);
        atomic_fetch_add(&t->http->timeouts, 1);
    }
}

/* --- a request ----------------------------------------------------------- */

static void answer_now(struct request *r, const struct err *e)
{
    answer_error(r, e);
    r->done = true;
}

/* The head is there: guard, parse, route, authenticate. */
static void begin(struct request *r, const char *url)
{
    const char *allow;
    struct err e = { 0 };

    if (request_guard(r, &e) != 0 || request_parse(r, url, &e) != 0) {
        answer_now(r, &e);
        return;
    }
    r->route = route_find(r, &allow);
    if (r->route == NULL) {
        if (allow != NULL) {
            r->status = MHD_HTTP_METHOD_NOT_ALLOWED;
            err_set(&e, TT_EUNSUPPORTED, "%s: not for this path; it takes %s",
                    r->method, allow);
        } else {
            err_set(&e, TT_ENOENT, "no such path: %.200s; /openapi.json lists "
                    "them", url);
        }
        answer_now(r, &e);
    } else if ((r->route->flags & ROUTE_OPEN) == 0 && auth_check(r, &e) != 0) {
        answer_now(r, &e);
    }
}

static void take_body(struct request *r, const char *bytes, size_t n)
{
    if (r->body.len + n > route_max_body(r)) {
        r->too_large = true;
        buf_reset(&r->body);
    }
    if (!r->too_large)
        buf_add(&r->body, bytes, n);
}

static void refuse_late(struct request *r)
{
    struct err e = { 0 };

    err_set(&e, TT_EUNAVAILABLE, "the daemon is stopping; try again");
    answer_now(r, &e);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *n_data, void **ctx)
{
    struct http_thread *t = cls;
    struct request *r = *ctx;

    (void)version;
    if (r == NULL) {
        r = request_create(t, connection, method);
        *ctx = r;
        begin(r, url);
        set_deadline(connection, t->http->options.body_ms);
        if (!r->done)
            return MHD_YES;
    }
    if (*n_data > 0) {
        if (!r->done)
            take_body(r, data, *n_data);
        *n_data = 0;
        return MHD_YES;
    }
    set_deadline(connection, 0);
    if (r->done)
        return answer_queue(r);
    if ((r->route->flags & ROUTE_INLINE) != 0) {
        r->route->inline_fn(r);
        r->done = true;
        return answer_queue(r);
    }
    MHD_suspend_connection(connection);
    if (!handlers_submit(t->http->handlers, r)) {
        refuse_late(r);
        MHD_resume_connection(connection);
    }
    return MHD_YES;
}

void server_resume(struct request *r)
{
    struct http_thread *t = r->thread;
    uint64_t one = 1;

    r->done = true;
    MHD_resume_connection(r->connection); /* r may be gone after this */
    if (write(t->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        log_error("http.wake", "errno=%d", errno);
}

static void on_completed(void *cls, struct MHD_Connection *connection,
                         void **ctx, enum MHD_RequestTerminationCode code)
{
    struct http_thread *t = cls;

    (void)code;
    request_destroy(*ctx);
    *ctx = NULL;
    /* The next request on this connection may be idle for a while, but its
     * head must not drip in for ever. */
    set_deadline(connection, t->http->options.idle_ms +
                                 t->http->options.header_ms);
}

/* Decoding is ours: libmicrohttpd would turn %2f into / before we route. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection,
                           char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* --- a thread ------------------------------------------------------------ */

static void log_mhd(void *cls, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void log_mhd(void *cls, const char *format, va_list args)
{
    char text[256];

    (void)cls;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_warn("http.library", "text=\"%s\"", text);
}

static struct MHD_Daemon *start_daemon(struct http_thread *t, int listen_fd,
                                       bool tcp)
{
    const struct http_options *o = &t->http->options;
    unsigned limit = o->max_connections / t->http->n_threads + 1;

    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
        NULL, on_request, t, MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, t, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, t,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(o->idle_ms / 1000),
        MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        tcp ? o->max_per_address : 0, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)(32 * 1024), MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* How long epoll may sleep: what the library asks for, at most 500 ms so that
 * deadlines are seen. */
static int sleep_ms(struct http_thread *t)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int least = 500;
    size_t i;

    for (i = 0; i < t->http->options.n_listen; i++)
        if (MHD_get_timeout(t->daemons[i], &ms) == MHD_YES && ms < 500 &&
            (int)ms < least)
            least = (int)ms;
    return least;
}

static void *thread_main(void *arg)
{
    struct http_thread *t = arg;
    struct epoll_event events[8];
    uint64_t count;
    size_t i;

    while (!atomic_load(&t->stopping)) {
        epoll_wait(t->epoll, events, 8, sleep_ms(t));
        if (read(t->wake, &count, sizeof count) < 0 && errno != EAGAIN)
            log_error("http.wake", "errno=%d", errno);
        for (i = 0; i < t->http->options.n_listen; i++)
            MHD_run(t->daemons[i]);
        reap_late_connections(t);
    }
    for (i = 0; i < t->http->options.n_listen; i++)
        MHD_run(t->daemons[i]); /* what the handlers resumed last */
    return NULL;
}

static int watch(struct http_thread *t, int fd, struct err *e)
{
    struct epoll_event event = { .events = EPOLLIN };

    if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return err_errno(e, TT_EIO, "http: epoll");
    return 0;
}

static int thread_start(struct http_thread *t, struct err *e)
{
    const union MHD_DaemonInfo *info;
    size_t i;
    int fd, code;

    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (t->epoll < 0 || t->wake < 0)
        return err_errno(e, TT_EIO, "http: no descriptor for a thread");
    code = watch(t, t->wake, e);
    for (i = 0; code == 0 && i < t->http->options.n_listen; i++) {
        fd = listen_for_thread(t->http, i, e);
        if (fd < 0)
            return e != NULL ? e->code : TT_EIO;
        t->daemons[i] = start_daemon(t, fd,
                                     t->http->options.listen[i].tcp != NULL);
        if (t->daemons[i] == NULL) {
            close(fd);
            return err_set(e, TT_EIO, "http: the server library did not start");
        }
        info = MHD_get_daemon_info(t->daemons[i], MHD_DAEMON_INFO_EPOLL_FD);
        code = watch(t, info->epoll_fd, e);
    }
    if (code == 0 && pthread_create(&t->thread, NULL, thread_main, t) != 0)
        return err_set(e, TT_ENOMEM, "http: no thread for connections");
    t->started = code == 0;
    return code;
}

static void thread_join(struct http_thread *t)
{
    uint64_t one = 1;

    atomic_store(&t->stopping, true);
    if (t->started) {
        if (write(t->wake, &one, sizeof one) < 0)
            log_debug("http.wake", "errno=%d", errno);
        pthread_join(t->thread, NULL);
    }
}

static void thread_fini(struct http_thread *t)
{
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(t->daemons); i++)
        if (t->daemons[i] != NULL)
            MHD_stop_daemon(t->daemons[i]); /* closes its listening socket */
    if (t->epoll > 0)
        close(t->epoll);
    if (t->wake > 0)
        close(t->wake);
    active_view_fini(&t->view);
}

/* --- the whole ----------------------------------------------------------- */

static void fill_defaults(struct http_options *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (o->threads == 0)
        o->threads = cores > 2 ? 2 : 1;
    o->handlers = o->handlers != 0 ? o->handlers : 4;
    o->max_connections = o->max_connections != 0 ? o->max_connections : 1000;
    o->header_ms = o->header_ms != 0 ? o->header_ms : 10000;
    o->body_ms = o->body_ms != 0 ? o->body_ms : 30000;
    o->idle_ms = o->idle_ms != 0 ? o->idle_ms : 30000;
    o->max_body_bytes = o->max_body_bytes != 0 ? o->max_body_bytes : 1u << 20;
    o->optimize_per_minute =
        o->optimize_per_minute != 0 ? o->optimize_per_minute : 60;
    o->environment = o->environment != NULL ? o->environment : "production";
}

struct http *http_start(struct engine *engine, struct store *store,
                        const struct http_options *options, struct err *e)
{
    struct http *h = xcalloc(1, sizeof *h);
    unsigned i;

    h->engine = engine;
    h->store = store;
    h->options = *options;
    fill_defaults(&h->options);
    for (i = 0; i < TT_ARRAY_LEN(h->listen_fds); i++)
        h->listen_fds[i] = -1;
    pthread_mutex_init(&h->buckets_lock, NULL);
    if (active_init(&h->active, e) != 0 ||
        engine_watch_active(engine, active_changed, &h->active, e) != 0 ||
        listen_open(h, e) != 0)
        goto fail;
    h->handlers = handlers_create(h, h->options.handlers, e);
    if (h->handlers == NULL)
        goto fail;
    h->n_threads = h->options.threads;
    h->threads = xcalloc(h->n_threads, sizeof *h->threads);
    for (i = 0; i < h->n_threads; i++) {
        h->threads[i].http = h;
        if (thread_start(&h->threads[i], e) != 0)
            goto fail;
    }
    return h;
fail:
    http_destroy(h);
    return NULL;
}

/* First the handlers finish what they hold (each resumes its connection), then
 * the threads end: a daemon must not be stopped with suspended connections. */
void http_stop(struct http *h)
{
    unsigned i;

    if (h == NULL)
        return;
    if (h->handlers != NULL)
        handlers_stop(h->handlers);
    for (i = 0; i < h->n_threads; i++)
        thread_join(&h->threads[i]);
    for (i = 0; i < h->n_threads; i++)
        thread_fini(&h->threads[i]);
    h->n_threads = 0;
    listen_close(h);
}

void http_destroy(struct http *h)
{
    size_t i;

    if (h == NULL)
        return;
    http_stop(h);
    handlers_destroy(h->handlers);
    active_fini(&h->active);
    for (i = 0; i < h->n_buckets; i++)
        free(h->buckets[i].name);
    free(h->buckets);
    free(h->threads);
    pthread_mutex_destroy(&h->buckets_lock);
    free(h);
}

unsigned http_port(const struct http *h)
{
    return h->port;
}
