/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /app/ticket: "Finish connecting to CHANNEL" in the embedded app, which opens a new window.
 * The ticket is made at the press, so that a page left open never holds one.
 */
#include "base/mem.h"
#include "base/text.h"
#include "domain/link.h"
#include "web/app_page.h"
#include "web/connect_page.h"
#include "web/route.h"

/* Names whom to ask. */
static enum rc
refuse_user(
    struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	struct view *view = view_new(request->ctx);
	const char *people;
	enum rc rc = link_people(request->app, request->ctx, session->store_hash, &people, err);

	if (rc != RC_OK)
		return rc;
	view_text(view, "people", people);
	return connect_message(request, reply, view, 403, *people == '\0' ? "user" : "ask");
}

static enum rc
make_ticket(
    struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	const char *ticket, *slug;
	int64_t connection_id;
	enum rc rc;

	if (!text_int(request_form(request, "connection"), 1, INT64_MAX, &connection_id))
		return err_set(err, RC_INVALID, "no connection is named");
	rc = connection_ticket(request->app, request->ctx, connection_id, session->store_hash,
	    session->user_id, &ticket, &slug, err);
	if (rc == RC_DENIED)
		return refuse_user(request, reply, session, err);
	if (rc == RC_MISSING)
		return connect_message(request, reply, view_new(request->ctx), 410, "notwaiting");
	if (rc != RC_OK)
		return rc;
	return reply_redirect(request, reply,
	    mem_printf(request->ctx, "%s/connect/%s/finish?ticket=%s",
		request->app->conf->public_url, slug, ticket));
}

enum rc
on_app_ticket(struct request *request, struct reply *reply, struct err *err)
{
	return app_enter(request, reply, make_ticket, err);
}
