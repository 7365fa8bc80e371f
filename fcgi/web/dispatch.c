/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to its answer: what is common to all routes is done here, once. */
#include "web/dispatch.h"

#include <string.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/cgi.h"
#include "web/metrics.h"
#include "web/route.h"

static const struct {
	const char *method, *allow, *path;
	loop_handler *handler;
} loop_routes[] = {
	{ "POST", "POST", "/webhooks", on_webhook },
	{ "POST", "POST", "/webhooks/delivery", on_webhook },
	{ "GET", "GET, HEAD", "/healthz", on_health },
};

#define LOOP_ROUTES (sizeof(loop_routes) / sizeof(loop_routes[0]))

/* The one page that waits for an answer of BigCommerce's. */
#define ASKS_BIGCOMMERCE "/install"

/* One page on its way. */
struct page {
	struct request request;
	struct reply reply;
	const struct route *route; /* NULL: none */
	struct err err;
	int64_t began_ms;
};

static void
page_open(struct page *page, struct app *app, struct cgi_request *cgi)
{
	memset(page, 0, sizeof(*page));
	page->began_ms = clock_boot_ms();
	request_open(&page->request, app, cgi);
	reply_open(&page->request, &page->reply);
}

/* Whose errors, too, have to show up inside BigCommerce's control panel. */
static bool
is_framed(const char *path)
{
	return strcmp(path, "/install") == 0 || strcmp(path, "/load") == 0 ||
	       strcmp(path, "/app") == 0 || text_has_prefix(path, "/app/");
}

static enum rc
refuse(struct page *page, int status, const char *name, const char *why)
{
	err_set(&page->err, RC_INVALID, "%s", why);
	return reply_error(&page->request, &page->reply, status, name);
}

/* The methods of a path that the loop answers, when it was asked for with another one. */
static const char *
loop_allow(const char *path)
{
	size_t i;

	for (i = 0; i < LOOP_ROUTES; i++)
		if (strcmp(path, loop_routes[i].path) == 0)
			return loop_routes[i].allow;
	return NULL;
}

static enum rc
refuse_path(struct page *page, const char *allow)
{
	if (allow == NULL)
		allow = loop_allow(page->request.path);
	if (allow == NULL)
		return refuse(page, 404, "missing", "no such path");
	buf_printf(page->reply.headers, "Allow: %s\r\n", allow);
	return refuse(page, 405, "method", "method not allowed");
}

static bool
is_too_long(const struct request *request)
{
	const char *length = cgi_param(request->cgi, "CONTENT_LENGTH");
	int64_t n;

	return length != NULL && text_int(length, LIMIT_FORM_BODY + 1, INT64_MAX, &n);
}

/* What every handler may rely on: what its route needs is there; what it reads is there once, and
 * whole. */
static enum rc
parameters_read(struct page *page)
{
	struct request *request = &page->request;
	const struct request_pairs *pairs = request->query;
	const char *fault;

	if (strcmp(page->route->method, "POST") == 0) {
		if (request_read_form(request, &page->err) != RC_OK)
			return page->err.code;
		pairs = request->form;
	}
	fault = request_pairs_fault(request->ctx, pairs, page->route->reads);
	return fault == NULL ? RC_OK : err_set(&page->err, RC_INVALID, "%s", fault);
}

static enum rc
page_answer(struct page *page)
{
	struct request *request = &page->request;
	const char *allow;
	enum rc rc;

	if (is_framed(request->path))
		reply_frame(request, &page->reply, NULL);
	page->route =
	    route_find(request->ctx, request->method, request->path, &request->slug, &allow);
	if (page->route == NULL)
		return refuse_path(page, allow);
	if (is_too_long(request))
		return refuse(page, 413, "large", "the body is longer than a form's");
	rc = parameters_read(page);
	if (rc == RC_OK)
		rc = page->route->handler(request, &page->reply, &page->err);
	if (rc == RC_OK && (page->reply.body->overflowed || page->reply.headers->overflowed))
		rc = err_set(&page->err, RC_BROKEN, "the answer is longer than allowed");
	if (rc != RC_OK && page->err.text[0] == '\0')
		err_set(&page->err, rc, "the answer cannot be written");
	return rc;
}

static enum log_level
level_of(int status)
{
	if (status == 500)
		return LOG_ERROR;
	return status > 500 ? LOG_WARNING : LOG_INFO;
}

/*
 * One line per request: the route as in the table, never the path or the query, which may hold
 * tokens.
 */
static void
page_log(const struct page *page)
{
	const struct request *request = &page->request;
	const struct route *route = page->route;
	const char *store = request->store_hash;

	metrics_page(route == NULL ? routes_count : (size_t)(route - routes), page->reply.status);
	log_line(level_of(page->reply.status),
	    "request=%s route=\"%s%s%s\" status=%d ms=%lld%s%s%s%s%s", request->id,
	    route == NULL ? "" : route->method, route == NULL ? "none" : " ",
	    route == NULL ? "" : route->path, page->reply.status,
	    (long long)(clock_boot_ms() - page->began_ms),
	    store == NULL ? "" : " store=", store == NULL ? "" : store,
	    page->err.text[0] == '\0' ? "" : " err=\"", page->err.text,
	    page->err.text[0] == '\0' ? "" : "\"");
}

void
dispatch_page(struct app *app, struct cgi_request *cgi)
{
	struct page page;
	enum rc rc;

	page_open(&page, app, cgi);
	rc = page_answer(&page);
	if (rc != RC_OK)
		reply_code(&page.request, &page.reply, rc);
	page_log(&page);
	reply_send(&page.request, &page.reply);
}

/*
 * The pool is full: answered by the loop, so that waiting longer than a browser does is not the
 * answer.
 */
static void
turn_away(struct loop *loop, struct cgi_request *cgi)
{
	struct page page;

	page_open(&page, loop->app, cgi);
	if (is_framed(page.request.path))
		reply_frame(&page.request, &page.reply, NULL);
	err_set(&page.err, RC_BUSY, "too many requests wait for a thread");
	reply_code(&page.request, &page.reply, RC_BUSY);
	metrics_add(METRIC_PAGES_TURNED_AWAY, 1);
	page_log(&page);
	reply_send(&page.request, &page.reply);
}

void
dispatch(struct cgi_request *request, void *user)
{
	struct loop *loop = user;
	const char *path = cgi_param(request, "DOCUMENT_URI");
	const char *method = cgi_param(request, "REQUEST_METHOD");
	size_t i;

	for (i = 0; path != NULL && method != NULL && i < LOOP_ROUTES; i++) {
		if (strcmp(path, loop_routes[i].path) != 0 ||
		    !route_is_method(loop_routes[i].method, method))
			continue;
		loop_routes[i].handler(loop, request);
		return;
	}
	if (!pool_add(loop->pool, request, path != NULL && strcmp(path, ASKS_BIGCOMMERCE) == 0))
		turn_away(loop, request);
}
