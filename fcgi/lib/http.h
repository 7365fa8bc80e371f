/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP client over libcurl: one request, no redirects, https only (http for loopback), bounded
 * times and sizes, kept connections. It tells apart what money depends on: certainly not sent,
 * answered, and nobody knows.
 */
#ifndef LIB_HTTP_H
#define LIB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct http; /* one per thread */

struct http_header {
	const char *name;
	const char *value;
};

struct http_request {
	const char *method; /* GET, POST, PUT, DELETE */
	const char *url;
	const struct http_header *headers;
	size_t header_count;
	const char *body;    /* NULL: none; sent as application/json */
	int64_t response_ms; /* from the first byte sent to the last received */
	/*
	 * 0: none. Checked on CLOCK_BOOTTIME by the read callback, our last code before the body
	 * leaves: past it the request is aborted and certainly incomplete. Needs a body.
	 */
	int64_t send_by_boot_ms;
};

struct http_reply {
	int status;
	const char *body; /* NUL-terminated; under the caller's context */
	size_t length;
	const struct http_header *headers;
	size_t header_count;
};

/*
 * A client, freed with its context. A request that isn't a GET gets a connection of its own. The
 * user agent is "violet-bigcommerce/VERSION".
 */
struct http *http_open(const void *ctx);

/*
 * RC_OK: any status was received whole; look at reply->status. RC_BUSY: certainly not carried out
 * (resolve, connect, TLS, or aborted by send_by before the body was complete). RC_UNCERTAIN: sent,
 * no whole answer (GETs too). RC_BROKEN: answer too large (whatever it was, it was carried out or
 * refused: treat as uncertain where it matters) or URL not allowed.
 */
MUST_CHECK enum rc http_send(struct http *http, const void *ctx, const struct http_request *request,
    struct http_reply *reply, struct err *err);

/* Value of a reply header, name compared without case; NULL if absent. */
const char *http_header(const struct http_reply *reply, const char *name);

/* Percent-encode for a path segment or query value. */
char *http_escape(const void *ctx, const char *s);

/*
 * The parts of a URL, by libcurl's parser: under ctx. RC_INVALID if it is none. A missing scheme is
 * taken as https if guess_scheme. host is lower case; port 0 if not given; path, query, fragment
 * and user may be "".
 */
struct http_url {
	const char *scheme, *host, *path, *query, *fragment, *user;
	int port;
};
MUST_CHECK enum rc
http_url_parse(const void *ctx, const char *text, bool guess_scheme, struct http_url *out);

/*
 * url with the pairs merged into its query: of each name there is the given value, or none if that
 * is NULL. The rest of the URL keeps its spelling. NULL if url is none.
 */
char *http_url_with(const void *ctx, const char *url, const char *const pairs[][2], size_t n);

/* Fault injection for tests: where a request with send_by stops the whole process (SIGSTOP). */
enum http_stop {
	HTTP_STOP_NEVER,
	HTTP_STOP_AT_CHECK, /* just before send_by is checked: however long, nothing late leaves */
	HTTP_STOP_AT_SEND,  /* just after it: what leaves then may be late */
};
void http_stop_before_send(enum http_stop where);

#endif
