/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page request as handlers see it: parameters split, bounded and unique, the thread's handles
 * beside it.
 */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"

struct cgi_request;

struct request {
	void *ctx; /* freed after the answer */
	struct app *app;
	const char *id; /* request id: in the log line, on error pages, in X-Request-Id */
	const char *method;
	const char *path;
	const char *slug;     /* what {slug} in the route's path matched; NULL if it has none */
	const char *language; /* "en", "de": Accept-Language's, in the embedded app user.locale's */
	int64_t now_ms;
	const char *store_hash; /* set by handlers as soon as it is verified: for the log line */
	struct cgi_request *cgi;
	struct request_pairs *query, *form, *cookies;
};

/*
 * One value, decoded from percent-encoding (query, form), or NULL if absent. A parameter that a
 * route reads and that was given twice, or whose encoding or UTF-8 is broken, or that it needs and
 * that is absent, was answered with 400 before the handler ran: routes name what they read.
 */
const char *request_query(const struct request *request, const char *name);
const char *request_form(const struct request *request, const char *name);
const char *request_cookie(const struct request *request, const char *name);

/*
 * Sent by a page of ours: Sec-Fetch-Site says same-origin or, where a browser doesn't send that
 * (Safari before 16.4), Origin is PUBLIC_URL's or "null": that is what browsers send even to the
 * same site under Referrer-Policy no-referrer. Needed, beside a form token that is bound to a
 * cookie, for every POST from a page in the top window.
 */
bool request_is_same_origin(const struct request *request);

/* For the dispatcher, tests and the fuzzer ---------------------------------- */

/*
 * Pairs of a query string or form body, decoded; of a Cookie header, as they are. At most
 * REQUEST_PAIRS: the rest is cut off, which request_pairs_fault reports for every name. The bytes
 * need not end with a NUL.
 */
#define REQUEST_PAIRS 64
struct request_pairs *request_pairs_form(const void *ctx, const char *bytes, size_t n);
struct request_pairs *request_pairs_cookies(const void *ctx, const char *bytes, size_t n);
const char *request_pairs_get(const struct request_pairs *pairs, const char *name);

/*
 * What is wrong with the space-separated names ("code is given twice"), under ctx, or NULL. A name
 * with a '!' at its end must be there.
 */
const char *
request_pairs_fault(const void *ctx, const struct request_pairs *pairs, const char *names);

/* Fill a request from its FastCGI parameters, all but form and slug. path is a copy. */
void request_open(struct request *request, struct app *app, struct cgi_request *cgi);

/*
 * Read and split the body of a POST: RC_INVALID if it is none of a form or longer than
 * LIMIT_FORM_BODY.
 */
MUST_CHECK enum rc request_read_form(struct request *request, struct err *err);

#endif
