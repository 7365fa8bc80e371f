/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /connect/{slug}: understand the address, remember the connection, and send the merchant to
 * BigCommerce.
 */
#include <string.h>

#include "base/limit.h"
#include "base/text.h"
#include "web/connect_page.h"
#include "web/route.h"

/* Without an address the code is the only way on, so the page that shows it comes first. */
static const char *
next_url(const struct connect *c, const struct admin_url *url, bool is_installed)
{
	const struct conf *conf = c->request->app->conf;

	if (url->store_hash == NULL)
		return connect_url(c, "/wait");
	/* BigCommerce's page of an installed app offers to uninstall it; this opens it */
	if (is_installed)
		return admin_url_app(conf, c->request->ctx, url->store_hash);
	return admin_url_app_page(conf, c->request->ctx, url->store_hash);
}

static enum rc
begin(struct connect *c, const char *state, const struct admin_url *url, struct err *err)
{
	bool is_installed;
	enum rc rc = connection_start(c->request->app, c->request->ctx, c->cookie, c->channel.id,
	    state, url->host, url->store_hash, &is_installed, err);

	if (rc == RC_CONFLICT) {
		c->channel.is_enabled = false;
		return connect_over(c);
	}
	if (rc != RC_OK)
		return rc;
	return reply_redirect(c->request, c->reply, next_url(c, url, is_installed));
}

enum rc
on_connect_start(struct request *request, struct reply *reply, struct err *err)
{
	const char *state = request_form(request, "state"),
		   *typed = request_form(request, "admin_url");
	bool without = request_form(request, "without") != NULL;
	struct admin_url url;
	struct connect *c;
	enum rc rc = connect_open(request, reply, &c, err);

	if (rc != RC_OK || c == NULL)
		return rc;
	if (state != NULL && *state == '\0')
		state = NULL;
	if (state != NULL && !text_is_plain(state, LIMIT_STATE))
		return connect_stop(c, 400, "state", 0, NULL);
	c->connection.state = state;
	if (!c->channel.is_enabled)
		return connect_over(c);
	if (!connect_is_posted(c, "start"))
		return connect_start_page(
		    c, 403, state, typed, ADMIN_URL_STORE, c->cookie == NULL ? "cookie" : "stale");
	admin_url_read(request->app->conf, request->ctx, typed, &url);
	if (url.kind == ADMIN_URL_INTERNAL || (url.kind != ADMIN_URL_STORE && !without))
		return connect_start_page(c, 422, state, typed, url.kind, NULL);
	return begin(c, state, &url, err);
}
