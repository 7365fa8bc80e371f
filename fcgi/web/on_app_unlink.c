/* SPDX-License-Identifier: Apache-2.0 */
/* POST /app/unlink: a page that asks, then the end of a link, which a job carries out at Violet. */
#include "base/text.h"
#include "domain/link.h"
#include "web/app_page.h"
#include "web/route.h"

/* The living link of the page's document that the form names. */
static const struct json *
find_link(const struct request *request, const struct json *document, int64_t *link_id)
{
	const struct json *links = json_get(document, "links");
	const char *wanted = request_form(request, "link");

	if (!text_int(wanted, 1, INT64_MAX, link_id))
		return NULL;
	for (size_t i = 0; i < json_count(links); i++) {
		const struct json *link = json_at(links, i);

		if (json_get_int(link, "link_id", 0) == *link_id &&
		    !json_get_bool(link, "ending", false))
			return link;
	}
	return NULL;
}

static enum rc
ask(struct request *request, struct reply *reply, const struct session *session,
    const struct json *link, int64_t link_id)
{
	struct view *view = app_view(request, session, "app.unlink.title", NULL);

	view_int(view, "link_id", link_id);
	view_text(view, "channel", json_get_text(link, "channel", ""));
	return reply_page(request, reply, 200, "app_unlink", view);
}

static enum rc
unlink_channel(
    struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	struct app_notice notice = { "warn", "app.notice.link_gone", NULL };
	const struct json *document, *link;
	int64_t link_id;
	enum rc rc;

	if (!session->may_link)
		return app_show(request, reply, session,
		    &(struct app_notice){ "warn", "app.notice.not_allowed", NULL }, err);
	rc = app_document(request, session, &document, err);
	if (rc != RC_OK)
		return rc;
	link = find_link(request, document, &link_id);
	if (link == NULL)
		return app_show_document(request, reply, session, document, &notice);
	if (request_form(request, "confirm") == NULL)
		return ask(request, reply, session, link, link_id);
	rc = link_unlink(request->app, request->ctx, session->store_hash, link_id, err);
	if (rc == RC_OK)
		notice = (struct app_notice){ "good", "app.notice.unlinking",
			json_get_text(link, "channel", "") };
	else if (rc != RC_MISSING)
		return rc;
	return app_show(request, reply, session, &notice, err);
}

enum rc
on_app_unlink(struct request *request, struct reply *reply, struct err *err)
{
	return app_enter(request, reply, unlink_channel, err);
}
