/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /connect/{slug}/wait and /wait/status: where the merchant is, the code, and the way on as
 * soon as there is one. The script asks for the status; without it the page is loaded anew every
 * few seconds.
 */
#include <string.h>

#include "base/mem.h"
#include "web/connect_page.h"
#include "web/route.h"

#define REFRESH_S 10

/* "ABCD EFGH" is easier to carry over than eight letters in a row. */
static char *
spaced(const void *ctx, const char *code)
{
	return mem_printf(ctx, "%.4s %s", code, code + 4);
}

static const char *
bigcommerce_url(const struct connect *c)
{
	const struct conf *conf = c->request->app->conf;
	const char *hash = c->connection.typed_hash;

	return c->connection.is_installed ? admin_url_app(conf, c->request->ctx, hash)
					  : admin_url_app_page(conf, c->request->ctx, hash);
}

static enum rc
waiting_page(struct connect *c)
{
	const struct connection *connection = &c->connection;
	struct view *view = c->view;

	view_key(view, "title", "connect.wait.title");
	view_text(view, "step", connect_step(c));
	view_text(view, "bigcommerce_url", bigcommerce_url(c));
	view_flag(view, "is_installed", connection->is_installed);
	view_flag(view, "by_code", connection->typed_hash == NULL);
	if (connection->code != NULL)
		view_text(view, "code", spaced(c->request->ctx, connection->code));
	view_text(view, "form", connect_token(c, "wait"));
	view_text(view, "script", "wait.js");
	view_int(view, "refresh", REFRESH_S);
	connect_allow_back(c);
	return reply_page(c->request, c->reply, 200, "connect_wait", view);
}

static enum rc
linked_page(struct connect *c)
{
	const char *step = connect_step(c);
	struct view *view = c->view;

	if (strcmp(step, "done") == 0)
		return reply_redirect(
		    c->request, c->reply, connect_back_url(c, c->connection.merchant_id, NULL));
	view_key(view, "title", "connect.linked.title");
	view_text(view, "step", step);
	if (strcmp(step, "slow") == 0)
		view_text(view, "back_url", connect_back_url(c, 0, NULL));
	view_text(view, "script", "wait.js");
	view_int(view, "refresh", REFRESH_S);
	return reply_page(c->request, c->reply, 200, "connect_linked", view);
}

enum rc
on_connect_wait(struct request *request, struct reply *reply, struct err *err)
{
	struct connect *c;
	enum rc rc = connect_enter(request, reply, NULL, &c, err);

	if (rc != RC_OK || c == NULL)
		return rc;
	if (c->connection.status == CONNECTION_LINKED)
		return linked_page(c);
	if (c->connection.status == CONNECTION_PROVEN)
		return reply_redirect(request, reply, connect_url(c, "/finish"));
	return waiting_page(c);
}

enum rc
on_connect_status(struct request *request, struct reply *reply, struct err *err)
{
	const char *step = "over";
	struct connect *c;
	enum rc rc = connect_open(request, reply, &c, err);

	if (rc == RC_OK && c != NULL) {
		rc = connect_find(c, NULL, err);
		if (rc == RC_OK)
			step = connect_step(c);
	}
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	reply->status = 200;
	reply->content_type = "application/json";
	buf_clear(reply->body);
	buf_printf(reply->body, "{\"step\":\"%s\"}", step);
	return RC_OK;
}
