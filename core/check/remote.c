/* SPDX-License-Identifier: MIT
 *
 * remote.c - see remote.h. What core/work does for the daemon, for one worker
 * and one request at a time. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/check/remote.h"
#include "core/host/catalog_folder.h"
#include "core/host/exec.h"
#include "core/host/codec.h"

#define ANSWER_MS 20000
#define PATIENCE_MS 3000 /* with an exec plugin that is to end */
#define MOST_PLUGIN_BYTES (256u << 20)

struct remote {
    pid_t pid;
    int fd;
    char *dir, *copy; /* of the plugin */
    struct buf in;
    json_object *hello;
    struct host_services services;
};

char *remote_worker(void)
{
    const char *path = getenv("TRIMTAB_WORKER");
    char *beside = path != NULL ? xstrdup(path)
                                : fs_beside_self("trimtab-worker");

    if (beside != NULL && access(beside, X_OK) == 0)
        return beside;
    free(beside);
    return NULL;
}

/* --- starting ------------------------------------------------------------ */

static int copy_folder(struct remote *r, const char *plugin, struct err *e)
{
    char *from = xstrndup(plugin, (size_t)(strrchr(plugin, '/') - plugin));
    char *to = fs_join(r->dir, "plugin");
    struct buf bytes = { 0 };
    struct manifest m = { 0 };
    int rc = fs_read(plugin, MOST_PLUGIN_BYTES, &bytes, e);

    r->copy = fs_join(to, "plugin.json");
    if (rc == 0)
        rc = manifest_parse(&m, plugin, bytes.data != NULL ? bytes.data : "",
                            bytes.len, e);
    if (rc == 0)
        rc = catalog_folder_copy(&m, &bytes, from, to, e);
    manifest_close(&m);
    buf_fini(&bytes);
    free(from);
    free(to);
    return rc;
}

static int copy_plugin(struct remote *r, const char *plugin, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    struct buf bytes = { 0 };
    int rc;

    r->dir = xasprintf("%s/trimtab-check.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(r->dir) == NULL)
        return err_errno(e, TT_EIO, "%s", r->dir);
    (void)chmod(r->dir, 0755);
    if (exec_is(plugin))
        return copy_folder(r, plugin, e);
    r->copy = fs_join(r->dir, "plugin.so");
    rc = fs_read(plugin, MOST_PLUGIN_BYTES, &bytes, e);
    if (rc == 0)
        rc = fs_write(r->copy, bytes.data, bytes.len, 0444, e);
    buf_fini(&bytes);
    return rc;
}

static int spawn(struct remote *r, const char *worker, bool threads, int fd,
                 struct err *e)
{
    char *args[12] = { NULL };
    posix_spawn_file_actions_t files;
    size_t n = 0;
    int rc;

    args[n++] = xstrdup(worker);
    args[n++] = xasprintf("--plugin=%s", r->copy);
    args[n++] = xasprintf("--memory=%u", 1u << 30);
    args[n++] = xstrdup("--cpu=60");
    args[n++] = xstrdup("--files=64");
    args[n++] = xasprintf("--parent=%ld", (long)getpid());
    if (geteuid() == 0) {
        args[n++] = xstrdup("--uid=65534");
        args[n++] = xstrdup("--gid=65534");
    }
    if (threads)
        args[n++] = xstrdup("--threads");
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, fd, 3);
    rc = posix_spawn(&r->pid, worker, &files, NULL, args,
                     (char *const *)(uintptr_t)host_environment);
    posix_spawn_file_actions_destroy(&files);
    while (n > 0)
        free(args[--n]);
    if (rc == 0)
        return 0;
    r->pid = 0;
    errno = rc;
    return err_errno(e, TT_EIO, "%s", worker);
}

/* --- what became of it --------------------------------------------------- */

static void bury(struct remote *r, bool kill_it, siginfo_t *end)
{
    memset(end, 0, sizeof *end);
    if (r->pid <= 0)
        return;
    if (kill_it)
        (void)kill(r->pid, SIGKILL);
    while (waitid(P_PID, (id_t)r->pid, end, WEXITED) != 0 && errno == EINTR)
        ;
    r->pid = 0;
}

static int gone(struct remote *r, bool timeout, struct err *e)
{
    siginfo_t end;
    const char *name;

    bury(r, timeout, &end);
    name = sigabbrev_np(end.si_status);
    if (timeout)
        return err_set(e, TT_ECRASH, "the worker did not answer within %d s",
                       ANSWER_MS / 1000);
    if (end.si_code == CLD_EXITED)
        return err_set(e, TT_ECRASH, "the worker exited with status %d",
                       end.si_status);
    return err_set(e, TT_ECRASH, "the worker was killed by SIG%s%s",
                   name != NULL ? name : "?",
                   end.si_status == SIGSYS
                       ? " (a system call that the sandbox forbids)"
                       : "");
}

/* --- frames -------------------------------------------------------------- */

static int send_all(struct remote *r, const struct buf *out, struct err *e)
{
    size_t done = 0;
    ssize_t n;

    while (done < out->len) {
        n = send(r->fd, out->data + done, out->len - done, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return gone(r, false, e);
        done += (size_t)n;
    }
    return 0;
}

static int read_more(struct remote *r, int64_t end_ms, struct err *e)
{
    struct pollfd fd = { .fd = r->fd, .events = POLLIN };
    int64_t left = end_ms - clock_mono_ms();
    ssize_t n;

    if (left <= 0 || poll(&fd, 1, (int)left) == 0)
        return gone(r, true, e);
    buf_reserve(&r->in, 65536);
    n = read(r->fd, r->in.data + r->in.len, 65536);
    if (n <= 0)
        return gone(r, false, e);
    r->in.len += (size_t)n;
    return 0;
}

/* The next frame, moved into *frame as bytes. */
static int take(struct remote *r, struct buf *frame, int64_t end_ms,
                struct err *e)
{
    struct frame f;
    int rc;

    while ((rc = frame_take(&r->in, &f, e)) == 0) {
        rc = read_more(r, end_ms, e);
        if (rc != 0)
            return rc;
    }
    if (rc < 0)
        return rc;
    buf_add(frame, r->in.data, FRAME_HEADER_BYTES + (size_t)f.payload.n);
    buf_drop(&r->in, FRAME_HEADER_BYTES + (size_t)f.payload.n);
    return 0;
}

static int serve_http(struct remote *r, const struct frame *f,
                      struct buf *payload, struct err *e)
{
    const struct tt_http_request *request;
    struct tt_http_response response = { .size = sizeof response };
    struct tt_error error = { .size = sizeof error };
    struct arena arena = { 0 };
    int code, rc = codec_get_http(f->payload, &arena, &request, e);

    if (rc == 0) {
        code = r->services.http(r->services.ctx, request, &response, &error);
        codec_put_http_answer(payload, code, &response, error.message);
    }
    arena_fini(&arena);
    return rc;
}

static int serve_data(struct remote *r, const struct frame *f,
                      struct buf *payload, struct err *e)
{
    struct tt_error error = { .size = sizeof error };
    struct buf text = { 0 };
    uint32_t split;
    uint64_t id;
    int code, rc = codec_get_data(f->payload, &split, &id, e);

    if (rc == 0) {
        code = r->services.data(r->services.ctx, split, id, &text, &error);
        codec_put_data_answer(payload, code,
                              code == 0 ? buf_str(&text)
                                        : tt_str_of(error.message));
    }
    buf_fini(&text);
    return rc;
}

static int serve(struct remote *r, const struct frame *f, struct err *e)
{
    struct buf payload = { 0 }, out = { 0 };
    int rc = 0;

    if (f->type == FRAME_LOG)
        return 0;
    if (f->type == FRAME_HTTP)
        rc = serve_http(r, f, &payload, e);
    else if (f->type == FRAME_DATA)
        rc = serve_data(r, f, &payload, e);
    else
        rc = err_set(e, TT_EPROTOCOL, "it sent the frame %s unasked",
                     frame_name(f->type));
    if (rc == 0) {
        frame_put(&out, frame_answer(f->type), f->number, buf_str(&payload));
        rc = send_all(r, &out, e);
    }
    buf_fini(&payload);
    buf_fini(&out);
    return rc;
}

/* Frames until one is no request of a service. */
static int await(struct remote *r, struct buf *out, struct err *e)
{
    int64_t end_ms = clock_mono_ms() + ANSWER_MS;
    size_t start = out->len;
    struct frame f;
    struct buf seen;
    int rc;

    for (;;) {
        rc = take(r, out, end_ms, e);
        if (rc != 0)
            return rc;
        seen.data = out->data + start;
        seen.len = seen.cap = out->len - start;
        (void)frame_take(&seen, &f, NULL);
        if (f.type != FRAME_LOG && f.type != FRAME_HTTP && f.type != FRAME_DATA)
            return 0;
        rc = serve(r, &f, e);
        out->len = start;
        if (rc != 0)
            return rc;
    }
}

void remote_ask(struct remote *r, const struct frame *request, struct buf *out)
{
    struct tt_error error = { .size = sizeof error };
    struct buf bytes = { 0 };
    struct err e = { 0 };
    size_t start = out->len;
    int rc = TT_ECRASH;

    if (r->pid > 0) {
        frame_put(&bytes, request->type, request->number, request->payload);
        rc = send_all(r, &bytes, &e);
        if (rc == 0)
            rc = await(r, out, &e);
    } else {
        err_set(&e, TT_ECRASH, "the worker is gone");
    }
    if (rc != 0) {
        out->len = start;
        buf_reset(&bytes);
        (void)tt_fail(&error, e.code, "%s", e.text);
        codec_put_error(&bytes, &error);
        frame_put(out, FRAME_ERROR, request->number, buf_str(&bytes));
    }
    buf_fini(&bytes);
}

/* --- life ---------------------------------------------------------------- */

static int say_hello(struct remote *r, struct err *e)
{
    struct buf bytes = { 0 };
    struct tt_error error = { 0 };
    struct frame f;
    int rc = await(r, &bytes, e);

    if (rc == 0)
        (void)frame_take(&bytes, &f, NULL);
    if (rc == 0 && f.type == FRAME_ERROR) {
        (void)codec_get_error(f.payload, &error, e);
        rc = err_set(e, TT_EPLUGIN, "%s", error.message);
    } else if (rc == 0) {
        r->hello = json_parse(f.payload.p, (size_t)f.payload.n,
                              &json_limits_document, e);
        rc = f.type == FRAME_HELLO && r->hello != NULL
                 ? 0
                 : err_set(e, TT_EPROTOCOL, "it did not say HELLO");
    }
    buf_fini(&bytes);
    return rc;
}

struct remote *remote_open(const char *worker, const char *plugin, bool threads,
                           const struct host_services *services, struct err *e)
{
    struct remote *r = xcalloc(1, sizeof *r);
    int ends[2];

    r->fd = -1;
    r->services = *services;
    if (copy_plugin(r, plugin, e) != 0)
        goto fail;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        err_errno(e, TT_EIO, "socketpair");
        goto fail;
    }
    r->fd = ends[0];
    if (spawn(r, worker, threads, ends[1], e) != 0) {
        close(ends[1]);
        goto fail;
    }
    close(ends[1]);
    if (say_hello(r, e) == 0)
        return r;
fail:
    remote_close(r);
    return NULL;
}

/* Killed, it would leave its command to be reaped by somebody else, some time:
 * told that nobody is there any more, it ends that first. */
static void let_end(struct remote *r)
{
    int64_t end = clock_mono_ms() + PATIENCE_MS;
    siginfo_t info = { 0 };

    while (r->pid > 0 && info.si_pid == 0 && clock_mono_ms() < end) {
        if (waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) !=
            0)
            return;
        if (info.si_pid == 0)
            (void)poll(NULL, 0, 5);
    }
}

void remote_close(struct remote *r)
{
    siginfo_t end;

    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    if (r->copy != NULL && exec_is(r->copy))
        let_end(r);
    bury(r, true, &end);
    if (r->dir != NULL)
        (void)fs_remove_tree(r->dir, NULL);
    free(r->copy);
    free(r->dir);
    json_object_put(r->hello);
    buf_fini(&r->in);
    free(r);
}

json_object *remote_hello(const struct remote *r)
{
    return r->hello;
}
