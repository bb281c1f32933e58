/* SPDX-License-Identifier: MIT
 *
 * answer.c - answers: JSON, and errors as problem documents (RFC 9457). */
#include "config.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/http/internal.h"

void answer_json(struct request *r, unsigned status, const json_object *body)
{
    r->status = status;
    buf_reset(&r->out);
    if (body != NULL)
        json_canonical(body, &r->out);
}

void answer_text(struct request *r, unsigned status, const char *type,
                 const char *text)
{
    r->status = status;
    r->content_type = type;
    buf_reset(&r->out);
    buf_adds(&r->out, text);
}

/* The words of RFC 9110 for the statuses that we use. */
static const char *status_title(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
        { 404, "Not Found" }, { 405, "Method Not Allowed" },
        { 409, "Conflict" }, { 412, "Precondition Failed" },
        { 413, "Content Too Large" }, { 415, "Unsupported Media Type" },
        { 422, "Unprocessable Content" }, { 429, "Too Many Requests" },
        { 500, "Internal Server Error" }, { 502, "Bad Gateway" },
        { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
        { 507, "Insufficient Storage" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(titles); i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

void answer_error(struct request *r, const struct err *e)
{
    json_object *problem = json_object_new_object();
    char type[80];

    r->status = r->status >= 400 ? r->status
                                 : (unsigned)err_http_status(e->code);
    snprintf(type, sizeof type, "urn:trimtab:problem:%s", err_code(e->code));
    json_set_str(problem, "type", type);
    json_set_str(problem, "title", status_title(r->status));
    json_set_int(problem, "status", r->status);
    json_set_str(problem, "detail", e->text);
    json_set_str(problem, "code", err_code(e->code));
    json_set_str(problem, "request_id", r->request_id);
    if (json_child(r->answer.body, "checks") != NULL)
        json_set(problem, "checks",
                 json_object_get(json_child(r->answer.body, "checks")));
    r->content_type = "application/problem+json";
    answer_json(r, r->status, problem);
    json_object_put(problem);
}

static void add_headers(struct request *r, struct MHD_Response *response)
{
    char text[400];

    MHD_add_response_header(response, "Content-Type", r->content_type);
    MHD_add_response_header(response, "X-Request-Id", r->request_id);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (r->status == 401)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (r->status == 405 || r->status == 400)
        MHD_add_response_header(response, "Connection", "close");
    if (r->retry_after_s > 0) {
        snprintf(text, sizeof text, "%u", r->retry_after_s);
        MHD_add_response_header(response, "Retry-After", text);
    }
    if (r->answer.etag[0] != '\0') {
        snprintf(text, sizeof text, "\"%s\"", r->answer.etag);
        MHD_add_response_header(response, "ETag", text);
    }
    if (r->answer.location[0] != '\0')
        MHD_add_response_header(response, "Location", r->answer.location);
    if (r->answer.next_cursor[0] != '\0') { /* RFC 8288 */
        snprintf(text, sizeof text, "<?cursor=%s>; rel=\"next\"",
                 r->answer.next_cursor);
        MHD_add_response_header(response, "Link", text);
    }
}

enum MHD_Result answer_queue(struct request *r)
{
    struct MHD_Response *response = r->prepared;
    enum MHD_Result result;

    atomic_fetch_add(&r->http->requests[r->status / 100 % 6], 1);
    if (response != NULL)
        return MHD_queue_response(r->connection, r->status, response);
    response = MHD_create_response_from_buffer(r->out.len, r->out.data,
                                               MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        return MHD_NO;
    memset(&r->out, 0, sizeof r->out); /* the response owns the bytes now */
    add_headers(r, response);
    result = MHD_queue_response(r->connection, r->status, response);
    MHD_destroy_response(response);
    return result;
}
