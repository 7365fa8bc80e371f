/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /app/code: the code of a wait page, typed into the embedded app. A right one is first
 * answered with the channel's name: the browser that shows the code may be anybody's, so it is here
 * that the merchant agrees to the channel.
 */
#include "domain/link.h"
#include "web/app_page.h"
#include "web/connect_page.h"
#include "web/route.h"

static const struct app_notice notices[CODE__COUNT] = {
	[CODE_UNREADABLE] = { "warn", "connect.code.unreadable", NULL },
	[CODE_WRONG] = { "warn", "connect.code.wrong", NULL },
	[CODE_LOCKED] = { "bad", "connect.code.locked", NULL },
	[CODE_PROVEN] = { "good", "connect.code.proven", NULL },
};

static enum rc
refuse_user(
    struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	struct app_notice notice = { "warn", "connect.code.ask", NULL };
	enum rc rc =
	    link_people(request->app, request->ctx, session->store_hash, &notice.value, err);

	if (rc != RC_OK)
		return rc;
	if (*notice.value == '\0')
		notice.key = "connect.user.text";
	return app_show(request, reply, session, &notice, err);
}

static enum rc
ask_page(struct request *request, struct reply *reply, const struct session *session,
    const struct code_result *result)
{
	struct view *view = app_view(request, session, "connect.agree.title", NULL);

	view_text(view, "code", result->code);
	view_text(view, "channel", result->channel_name);
	view_text(view, "channel_host", connect_host(request->ctx, result->redirect_url));
	return reply_page(request, reply, 200, "connect_code", view);
}

static enum rc
take_code(
    struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	struct app_notice notice;
	struct code_result result;
	enum rc rc = connection_code(request->app, request->ctx, session->store_hash,
	    session->user_id, request_form(request, "code"),
	    request_form(request, "agreed") != NULL, &result, err);

	if (rc == RC_DENIED)
		return refuse_user(request, reply, session, err);
	if (rc != RC_OK)
		return rc;
	if (result.answer == CODE_KNOWN)
		return ask_page(request, reply, session, &result);
	notice = notices[result.answer];
	notice.value = result.channel_name;
	return app_show(request, reply, session, &notice, err);
}

enum rc
on_app_code(struct request *request, struct reply *reply, struct err *err)
{
	return app_enter(request, reply, take_code, err);
}
