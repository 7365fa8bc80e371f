/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /connect/{slug}/finish: the merchant has read which store and which channel, and decides.
 * The only place where a link is made.
 */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "domain/link.h"
#include "web/connect_page.h"
#include "web/route.h"

/* What is said when no link could be made; all have changed nothing. */
static const struct {
	int status;
	unsigned links;
} refusals[LINK__COUNT] = {
	[LINK_GONE] = { 410, CONNECT_AGAIN },
	[LINK_DISABLED] = { 403, 0 },
	[LINK_CHANGED] = { 409, CONNECT_WAIT },
	[LINK_TICKET] = { 403, CONNECT_WAIT },
	[LINK_USER] = { 403, CONNECT_WAIT },
	[LINK_ENDING] = { 409, CONNECT_WAIT },
};

static enum rc
decline(struct connect *c, struct err *err)
{
	enum rc rc =
	    connection_decline(c->request->app, c->request->ctx, c->cookie, c->channel.id, err);

	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	return reply_redirect(c->request, c->reply, connect_back_url(c, 0, "declined"));
}

static enum rc
make_link(struct connect *c, struct err *err)
{
	enum link_outcome outcome;
	int64_t merchant_id;
	enum rc rc = link_make(c->request->app, c->request->ctx, c->cookie, c->channel.id,
	    c->connection.store_hash, c->ticket, &outcome, &merchant_id, err);

	if (rc != RC_OK)
		return rc;
	if (outcome != LINK_LINKED)
		return connect_stop(c, refusals[outcome].status, link_outcome_name(outcome),
		    refusals[outcome].links, NULL);
	/* the wait page goes on by itself as soon as Violet's merchant id is known */
	return reply_redirect(c->request, c->reply,
	    merchant_id > 0 ? connect_back_url(c, merchant_id, NULL) : connect_url(c, "/wait"));
}

/* The merchant agreed to the store that the page named: is that still the one, and the right
 * button? */
static enum rc
agree(struct connect *c, const char *store_hash, bool to_other, struct err *err)
{
	if (c->connection.status != CONNECTION_PROVEN)
		return connect_stop(c, 403, "ticket", CONNECT_WAIT, NULL);
	if (strcmp(store_hash, c->connection.store_hash) != 0)
		return connect_stop(c, 409, "changed", CONNECT_WAIT, NULL);
	/* another store than was named needs the button that says so */
	if (connect_is_other_store(c) != to_other)
		return connect_confirm_page(c, 422);
	return make_link(c, err);
}

/* The form's token covers the store, so only what the page showed can be agreed to. */
static enum rc
decide(struct connect *c, struct err *err)
{
	const char *store_hash = request_form(c->request, "store");
	const char *decision = request_form(c->request, "decision");

	if (!connect_is_posted(c, mem_printf(c->request->ctx, "finish %s", store_hash)))
		return connect_stop(c, 403, "stale", CONNECT_WAIT, NULL);
	if (strcmp(decision, "decline") == 0)
		return decline(c, err);
	if (strcmp(decision, "connect") == 0)
		return agree(c, store_hash, false, err);
	if (strcmp(decision, "connect_other") == 0)
		return agree(c, store_hash, true, err);
	return err_set(err, RC_INVALID, "no such decision");
}

enum rc
on_connect_finish(struct request *request, struct reply *reply, struct err *err)
{
	struct connect *c;
	enum rc rc = connect_enter(request, reply, request_form(request, "ticket"), &c, err);

	if (rc != RC_OK || c == NULL)
		return rc;
	/* pressed twice, or once more after the back button: it is done */
	if (c->connection.status == CONNECTION_LINKED)
		return reply_redirect(request, reply, connect_url(c, "/wait"));
	return decide(c, err);
}
