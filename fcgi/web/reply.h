/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to page requests. Security headers are put on every one: CSP without inline code,
 * frame-ancestors by reply_frame, Referrer-Policy no-referrer, nosniff, Cache-Control no-store,
 * X-Request-Id.
 */
#ifndef WEB_REPLY_H
#define WEB_REPLY_H

#include "base/buf.h"
#include "base/err.h"
#include "web/html.h"
#include "web/request.h"

struct reply {
	int status;
	const char *content_type;
	struct buf *headers;
	struct buf *body;
	const char *frame_ancestors; /* CSP value; 'none' unless reply_frame was called */
	const char *form_action; /* further CSP targets of forms and their redirects; NULL: none */
	const char *img_src;     /* a channel's logo host after 'self'; NULL: none */
};

/*
 * Pages of the embedded app: may be framed by this store's control panel only
 * (BIGCOMMERCE_ADMIN_URL with the hash put in). NULL, for pages that show nothing of any store: by
 * every store's control panel.
 */
void reply_frame(const struct request *request, struct reply *reply, const char *store_hash);

/*
 * 200 or `status` with pages/{template}.html filled from view, inside pages/layout.html. view's
 * "title" is a text (view_key). It may set "script" (the name of an asset), "refresh" (seconds; the
 * page is loaded again) and "wide" (the embedded app's layout). Set here, for every page: "lang",
 * "version", "request_id", "support_url".
 */
enum rc reply_page(const struct request *request, struct reply *reply, int status,
    const char *template, struct view *view);

/*
 * 303 (or 302 after GET). The URL must be ours, BigCommerce's or a channel's registered one: the
 * caller vouches. RC_BROKEN if it is none (NULL included).
 */
enum rc reply_redirect(const struct request *request, struct reply *reply, const char *url);

/*
 * An error page: what happened and what to do next, by two text keys ("error.{name}.title",
 * "error.{name}.text"), with the request id. Returns RC_OK (the page is the answer).
 */
enum rc
reply_error(const struct request *request, struct reply *reply, int status, const char *name);

/* Set-Cookie for the whole site: HttpOnly, SameSite=Lax, Secure unless PUBLIC_URL is http. */
void reply_cookie(const struct request *request, struct reply *reply, const char *name,
    const char *value, long max_age_s);

/* For the dispatcher ------------------------------------------------------- */

/* An answer to the request: 200 and empty, for a handler to fill. */
void reply_open(const struct request *request, struct reply *reply);

/* Turn a handler's code into its page: status, words and Retry-After come from a table. */
void reply_code(const struct request *request, struct reply *reply, enum rc code);

/* Write it out with the headers that every answer has. The request is gone afterwards. */
void reply_send(const struct request *request, const struct reply *reply);

#endif
