/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: pages, redirects, errors, and the headers that all of them carry. */
#include "web/reply.h"

#include <string.h>

#include "base/limit.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/admin_url.h"
#include "lib/cgi.h"

#define RETRY_AFTER "Retry-After: 5\r\n"

/* What a code becomes: one row per code. */
static const struct {
	int status;
	const char *name;
	const char *headers;
} codes[] = {
	[RC_OK] = { 200, "broken", "" },
	[RC_INVALID] = { 400, "invalid", "" },
	[RC_DENIED] = { 401, "denied", "" },
	[RC_MISSING] = { 404, "missing", "" },
	[RC_CONFLICT] = { 409, "conflict", "" },
	[RC_BUSY] = { 503, "busy", RETRY_AFTER },
	[RC_UNCERTAIN] = { 502, "uncertain", "" },
	[RC_BROKEN] = { 500, "broken", "" },
};
_Static_assert(sizeof(codes) / sizeof(codes[0]) == RC__COUNT, "a row per code");

void
reply_open(const struct request *request, struct reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	reply->status = 200;
	reply->headers = buf_new(request->ctx, LIMIT_QUERY * 2);
	reply->body = buf_new(request->ctx, LIMIT_PAGE);
	reply->frame_ancestors = "'none'";
}

void
reply_frame(const struct request *request, struct reply *reply, const char *store_hash)
{
	reply->frame_ancestors = admin_url_origin(request->app->conf, request->ctx, store_hash);
}

enum rc
reply_page(const struct request *request, struct reply *reply, int status, const char *template,
    struct view *view)
{
	view_text(view, "lang", request->language);
	view_text(view, "version", VERSION);
	view_text(view, "request_id", request->id);
	view_text(view, "support_url", request->app->conf->support_url);
	reply->status = status;
	reply->content_type = "text/html; charset=utf-8";
	buf_clear(reply->body);
	html_page(reply->body, template, view, request->language);
	return reply->body->overflowed ? RC_BROKEN : RC_OK;
}

/* Printable ASCII, whether char has a sign or not: anything else of a URL must be encoded. */
static bool
is_encoded(const char *url)
{
	for (; *url != '\0'; url++)
		if (*url <= ' ' || *url > '~')
			return false;
	return true;
}

enum rc
reply_redirect(const struct request *request, struct reply *reply, const char *url)
{
	if (url == NULL || !is_encoded(url))
		return RC_BROKEN;
	reply->status = strcmp(request->method, "POST") == 0 ? 303 : 302;
	reply->content_type = NULL;
	buf_clear(reply->body);
	buf_printf(reply->headers, "Location: %s\r\n", url);
	return RC_OK;
}

enum rc
reply_error(const struct request *request, struct reply *reply, int status, const char *name)
{
	struct view *view = view_new(request->ctx);

	view_keyf(view, "title", "error.%s.title", name);
	view_keyf(view, "text", "error.%s.text", name);
	return reply_page(request, reply, status, "error", view);
}

void
reply_code(const struct request *request, struct reply *reply, enum rc code)
{
	buf_clear(reply->headers);
	buf_text(reply->headers, codes[code].headers);
	if (reply_error(request, reply, codes[code].status, codes[code].name) != RC_OK)
		panic("the error page is too long");
}

void
reply_cookie(const struct request *request, struct reply *reply, const char *name,
    const char *value, long max_age_s)
{
	const char *secure = "; Secure";

	if (text_has_prefix(request->app->conf->public_url, "http://"))
		secure = "";
	buf_printf(reply->headers,
	    "Set-Cookie: %s=%s; Path=/; Max-Age=%ld; HttpOnly; SameSite=Lax%s\r\n", name, value,
	    max_age_s, secure);
}

/* Sources that could end their directive would open the policy: they are left out. */
static const char *
csp_sources(const char *sources)
{
	const char *p;

	for (p = sources; p != NULL && *p != '\0'; p++)
		if (*p < ' ' || *p == ';' || *p == ',' || *p == '\x7f')
			return "";
	return sources == NULL ? "" : sources;
}

static void
headers_add(const struct request *request, const struct reply *reply, struct buf *out)
{
	buf_printf(out,
	    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; "
	    "connect-src 'self'; img-src 'self' %s; form-action 'self' %s; base-uri 'none'; "
	    "frame-ancestors %s\r\n",
	    csp_sources(reply->img_src), csp_sources(reply->form_action), reply->frame_ancestors);
	buf_printf(out,
	    "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
	    "X-Request-Id: %s\r\n",
	    request->id);
	if (strstr(reply->headers->bytes, "Cache-Control:") == NULL)
		buf_text(out, "Cache-Control: no-store\r\n");
	buf_add(out, reply->headers->bytes, reply->headers->length);
}

void
reply_send(const struct request *request, const struct reply *reply)
{
	struct buf *headers = buf_new(request->ctx, LIMIT_QUERY * 4);

	headers_add(request, reply, headers);
	cgi_reply(request->cgi, &(struct cgi_reply){
				    .status = reply->status,
				    .content_type = reply->content_type,
				    .headers = headers->bytes,
				    .body = reply->body->bytes,
				    .length = reply->body->length,
				});
}
