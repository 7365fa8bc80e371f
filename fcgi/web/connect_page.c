/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of /connect share. */
#include "web/connect_page.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define MAC_TEXT 43 /* a MAC in base64url */
#define PATIENCE_MS                                                                               \
	(20000) /* how long Violet's merchant id is waited for before the page says that it takes \
		   long */

/*
 * "__Host-" keeps other hosts of the domain from setting it (RFC 6265bis, 4.1.3.2), but needs
 * https. The path is the whole site, since an external install comes back to /install.
 */
static const char *
cookie_name(const struct request *request)
{
	return text_has_prefix(request->app->conf->public_url, "https:") ? "__Host-violet-connect"
									 : "violet-connect";
}

const char *
connect_cookie(const struct request *request)
{
	const char *cookie = request_cookie(request, cookie_name(request));

	return connection_is_cookie(cookie) ? cookie : NULL;
}

/* "https://cdn.example:8443", from a registered address. */
static char *
origin_of(const void *ctx, const char *url)
{
	const char *host = strstr(url, "://");

	return host == NULL
		   ? NULL
		   : mem_bytes(ctx, url, (size_t)(host + 3 - url) + strcspn(host + 3, "/?#"));
}

const char *
connect_host(const void *ctx, const char *url)
{
	const char *origin = origin_of(ctx, url);

	return origin == NULL ? url : strstr(origin, "://") + 3;
}

char *
connect_url(const struct connect *c, const char *rest)
{
	return mem_printf(c->request->ctx, "%s/connect/%s%s", c->request->app->conf->public_url,
	    c->channel.slug, rest);
}

char *
connect_back_url(const struct connect *c, int64_t merchant_id, const char *error)
{
	const void *ctx = c->request->ctx;
	const char *const pairs[][2] = {
		{ "merchant_id",
		    merchant_id > 0 ? mem_printf(ctx, "%lld", (long long)merchant_id) : NULL },
		{ "error", error },
		{ "state", c->connection.state },
	};

	return http_url_with(ctx, c->channel.redirect_url, pairs, sizeof(pairs) / sizeof(pairs[0]));
}

void
connect_allow_back(struct connect *c)
{
	c->reply->form_action = mem_printf(
	    c->request->ctx, "https: %s", origin_of(c->request->ctx, c->channel.redirect_url));
}

static struct connect *
new_connect(struct request *request, struct reply *reply, const struct channel *channel)
{
	struct connect *c = mem_new(request->ctx, struct connect);
	struct view *view = view_new(request->ctx);

	*c = (struct connect){
		.request = request,
		.reply = reply,
		.view = view,
		.channel = *channel,
		.cookie = connect_cookie(request),
	};
	view_text(view, "channel", channel->name);
	view_text(view, "channel_host", connect_host(request->ctx, channel->redirect_url));
	view_text(view, "description", channel->description);
	view_text(view, "logo_url", channel->logo_url);
	view_text(view, "more_info_url", channel->more_info_url);
	view_text(view, "path", mem_printf(request->ctx, "/connect/%s", channel->slug));
	if (channel->logo_url != NULL)
		reply->img_src = origin_of(request->ctx, channel->logo_url);
	return c;
}

enum rc
connect_open(struct request *request, struct reply *reply, struct connect **out, struct err *err)
{
	struct channel channel;
	enum rc rc = channel_find(request->app, request->ctx, request->slug, &channel, err);

	*out = NULL;
	if (rc == RC_MISSING)
		return connect_message(request, reply, view_new(request->ctx), 404, "unknown");
	if (rc == RC_OK)
		*out = new_connect(request, reply, &channel);
	return rc;
}

enum rc
connect_find(struct connect *c, const char *ticket, struct err *err)
{
	enum rc rc;

	c->ticket = ticket != NULL && *ticket != '\0' ? ticket : NULL;
	rc = connection_find(c->request->app, c->request->ctx, c->cookie, c->channel.id, c->ticket,
	    &c->connection, err);
	if (rc == RC_OK && c->connection.store_hash != NULL)
		c->request->store_hash = c->connection.store_hash;
	return rc;
}

/*
 * The cookie is a secret that no other site knows: a MAC with it proves that the form was ours and
 * shown in this browser.
 */
static char *
token_mac(const struct connect *c, const char *purpose, const char *end_ms)
{
	const void *ctx = c->request->ctx;
	const char *text = mem_printf(ctx, "form %s %s %s", c->channel.slug, purpose, end_ms);
	unsigned char mac[CRYPT_MAC_SIZE];

	crypt_hmac_sha256(c->cookie, strlen(c->cookie), text, strlen(text), mac);
	return crypt_base64url(ctx, mac, sizeof(mac));
}

char *
connect_token(const struct connect *c, const char *purpose)
{
	const void *ctx = c->request->ctx;
	const char *end_ms = mem_printf(
	    ctx, "%lld", (long long)(c->request->now_ms + c->request->app->conf->form_ms));

	return mem_printf(ctx, "%s.%s", end_ms, token_mac(c, purpose, end_ms));
}

bool
connect_is_posted(const struct connect *c, const char *purpose)
{
	const char *token = request_form(c->request, "form");
	size_t n = token == NULL ? 0 : strcspn(token, ".");
	const char *end_ms;
	int64_t end;

	if (c->cookie == NULL || token == NULL || strlen(token) != n + 1 + MAC_TEXT ||
	    !request_is_same_origin(c->request))
		return false;
	end_ms = mem_bytes(c->request->ctx, token, n);
	return crypt_equal(token + n + 1, token_mac(c, purpose, end_ms), MAC_TEXT) &&
	       text_int(end_ms, 1, INT64_MAX, &end) && end > c->request->now_ms;
}

/* Give the browser its cookie, or let the one it has live on. */
static void
keep_cookie(struct connect *c)
{
	if (c->cookie == NULL)
		c->cookie = connection_cookie_new(c->request->ctx);
	reply_cookie(c->request, c->reply, cookie_name(c->request), c->cookie,
	    (long)(c->request->app->conf->connection_ms / 1000));
}

static bool
is_living(const struct connect *c)
{
	enum connection_status status = c->connection.status;

	return status == CONNECTION_WAITING || status == CONNECTION_PROVEN ||
	       status == CONNECTION_TICKET;
}

enum rc
connect_start_page(struct connect *c, int status, const char *state, const char *typed,
    enum admin_url_kind kind, const char *problem)
{
	const struct conf *conf = c->request->app->conf;
	struct view *view = c->view;
	struct err err;

	/* "Continue where you were" is a kindness: without it the page is as good. */
	if (connect_find(c, NULL, &err) == RC_OK) {
		view_flag(view, "is_begun", is_living(c));
		view_flag(view, "is_linked", c->connection.status == CONNECTION_LINKED);
	}
	keep_cookie(c);
	view_key(view, "title", "connect.start.title");
	view_text(view, "form", connect_token(c, "start"));
	view_text(view, "state", state);
	view_text(view, "typed", typed);
	view_text(view, "other_url", conf->violet_connect_url);
	if (kind != ADMIN_URL_STORE) {
		view_keyf(view, "fault", "connect.url.%s", admin_url_kind_name(kind));
		view_flag(view, "offer_without", kind != ADMIN_URL_INTERNAL);
	}
	if (problem != NULL)
		view_keyf(view, "problem", "connect.problem.%s", problem);
	c->reply->form_action = admin_url_origins(conf, c->request->ctx);
	return reply_page(c->request, c->reply, status, "connect_start", view);
}

bool
connect_is_other_store(const struct connect *c)
{
	const char *typed = c->connection.typed_hash;

	return typed != NULL && strcmp(typed, c->connection.store_hash) != 0;
}

enum rc
connect_confirm_page(struct connect *c, int status)
{
	const void *ctx = c->request->ctx;
	const struct conf *conf = c->request->app->conf;
	const struct connection *connection = &c->connection;
	const char *panel = connect_host(ctx, admin_url_store(conf, ctx, connection->store_hash));
	bool is_named = *connection->store_name != '\0';
	struct view *view = c->view;

	view_key(view, "title", "connect.confirm.title");
	view_flag(view, "is_named", is_named);
	view_text(view, "store", is_named ? connection->store_name : panel);
	view_text(view, "store_domain", connection->store_domain);
	view_text(view, "store_panel", panel);
	view_text(view, "store_hash", connection->store_hash);
	view_text(view, "ticket", c->ticket);
	view_text(
	    view, "form", connect_token(c, mem_printf(ctx, "finish %s", connection->store_hash)));
	if (connect_is_other_store(c))
		view_text(view, "typed_panel",
		    connect_host(ctx, admin_url_store(conf, ctx, connection->typed_hash)));
	connect_allow_back(c);
	return reply_page(c->request, c->reply, status, "connect_confirm", view);
}

enum rc
connect_message(const struct request *request, struct reply *reply, struct view *view, int status,
    const char *name)
{
	view_keyf(view, "title", "connect.%s.title", name);
	view_keyf(view, "text", "connect.%s.text", name);
	return reply_page(request, reply, status, "connect_message", view);
}

enum rc
connect_stop(struct connect *c, int status, const char *name, unsigned links, const char *error)
{
	const void *ctx = c->request->ctx;
	const char *const state[][2] = { { "state", c->connection.state } };

	if ((links & CONNECT_AGAIN) != 0)
		view_text(c->view, "again_url", http_url_with(ctx, connect_url(c, ""), state, 1));
	if ((links & CONNECT_WAIT) != 0)
		view_text(c->view, "wait_url", connect_url(c, "/wait"));
	if (error != NULL)
		view_text(c->view, "back_url", connect_back_url(c, 0, error));
	return connect_message(c->request, c->reply, c->view, status, name);
}

bool
connect_is_over(const struct connect *c)
{
	return c->connection.status != CONNECTION_LINKED &&
	       !(is_living(c) && c->channel.is_enabled);
}

enum rc
connect_over(struct connect *c)
{
	static const struct {
		const char *name;
		int status;
		const char *error; /* what the channel is told */
	} ends[CONNECTION__COUNT] = {
		[CONNECTION_EXPIRED] = { "expired", 410, "expired" },
		[CONNECTION_UNLINKED] = { "unlinked", 410, NULL },
		[CONNECTION_DECLINED] = { "declined", 200, "declined" },
		[CONNECTION_LOCKED] = { "locked", 410, "failed" },
		[CONNECTION_REPLACED] = { "expired", 410, "expired" },
	};
	enum connection_status status = c->connection.status;

	if (!c->channel.is_enabled)
		return connect_stop(c, 403, "disabled", 0, "unavailable");
	return connect_stop(
	    c, ends[status].status, ends[status].name, CONNECT_AGAIN, ends[status].error);
}

enum rc
connect_enter(struct request *request, struct reply *reply, const char *ticket,
    struct connect **out, struct err *err)
{
	struct connect *c;
	enum rc rc = connect_open(request, reply, &c, err);

	*out = NULL;
	if (rc != RC_OK || c == NULL)
		return rc;
	rc = connect_find(c, ticket, err);
	if (rc == RC_MISSING)
		return connect_stop(c, 404, "none", CONNECT_AGAIN, NULL);
	if (rc != RC_OK)
		return rc;
	if (connect_is_over(c))
		return connect_over(c);
	*out = c;
	return RC_OK;
}

const char *
connect_step(const struct connect *c)
{
	const struct connection *connection = &c->connection;

	if (connect_is_over(c))
		return "over";
	if (connection->status == CONNECTION_PROVEN)
		return "proven";
	if (connection->status != CONNECTION_LINKED)
		return connection->code == NULL ? "codeless" : "waiting";
	if (connection->merchant_id > 0)
		return "done";
	return c->request->now_ms - connection->ended_ms > PATIENCE_MS ? "slow" : "linked";
}
