/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FastCGI over libfcgi, driven by one epoll loop: kept connections pin nothing, and a request may
 * wait for its commit without holding a thread. The loop hands each complete request to `handler`;
 * the handler, or whoever it passes the request on to, answers it exactly once with cgi_reply from
 * any thread. Measured design: nginx buffers requests, so a readable connection holds the whole
 * request and FCGX_Accept_r does not block.
 */
#ifndef LIB_CGI_H
#define LIB_CGI_H

#include <stddef.h>

#include "base/err.h"

struct cgi;
struct cgi_request;

typedef void cgi_handler(struct cgi_request *request, void *user);

/*
 * Listen on a Unix socket path (made with mode 0660, backlog 4096, a stale one replaced), or on
 * descriptor 0 if path is "-". RC_INVALID with the reason otherwise.
 */
MUST_CHECK enum rc cgi_open(const void *ctx, const char *path, struct cgi **out, struct err *err);

/*
 * Serve until cgi_stop; then stop accepting, let requests under way be answered (at most 25 s), and
 * return.
 */
void cgi_run(struct cgi *cgi, cgi_handler *handler, void *user);

/* Async-signal-safe: ask cgi_run to end. */
void cgi_stop(struct cgi *cgi);

/*
 * A FastCGI parameter (REQUEST_METHOD, DOCUMENT_URI, QUERY_STRING, HTTP_*); NULL if absent. Valid
 * until the reply.
 */
const char *cgi_param(const struct cgi_request *request, const char *name);

/*
 * Read the body: RC_INVALID if CONTENT_LENGTH is missing, unreadable or above maximum, or the body
 * is shorter. Under ctx.
 */
MUST_CHECK enum rc cgi_body(struct cgi_request *request, const void *ctx, size_t maximum,
    char **out, size_t *n, struct err *err);

/* The request's own context: freed after the reply. */
void *cgi_context(struct cgi_request *request);

struct cgi_reply {
	int status;
	const char *content_type; /* NULL: no body */
	const char *headers;      /* further lines, each ending in \r\n; may be NULL or "" */
	const void *body;
	size_t length;
};

/* Answer and finish. Thread-safe; the request must not be touched afterwards. */
void cgi_reply(struct cgi_request *request, const struct cgi_reply *reply);

#endif
