/* SPDX-License-Identifier: Apache-2.0 */
/* What all pages of the embedded app share: session, frame, language, notice. */
#include "web/app_page.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "web/catalog.h"

void
app_frame(struct request *request, struct reply *reply, const char *store_hash, const char *locale)
{
	request->store_hash = store_hash;
	if (locale != NULL)
		request->language = catalog_language(locale);
	reply_frame(request, reply, store_hash);
}

char *
app_trim(const void *ctx, const char *typed)
{
	size_t n;

	typed += strspn(typed, " \t\r\n");
	for (n = strlen(typed); n > 0 && strchr(" \t\r\n", typed[n - 1]) != NULL;)
		n--;
	return mem_bytes(ctx, typed, n);
}

enum rc
app_json(const struct request *request, const struct db_rows *rows, const char *column,
    const struct json **out, struct err *err)
{
	const char *text = db_get_text(rows, 0, column);

	*out = NULL;
	return text == NULL ? RC_OK : json_parse(request->ctx, text, strlen(text), out, err);
}

void
app_put_time(struct view *view, const struct session *session, const char *name,
    const struct json *row, const char *member)
{
	int64_t time_ms = json_get_int(row, member, 0);

	if (time_ms > 0)
		view_time(view, name, time_ms, session->locale);
}

void
app_answer_json(struct reply *reply, const char *json)
{
	reply->status = 200;
	reply->content_type = "application/json";
	buf_text(reply->body, json);
}

enum rc
app_stop(
    struct request *request, struct reply *reply, int status, const char *name, const char *url)
{
	struct view *view = view_new(request->ctx);

	view_keyf(view, "title", "%s.title", name);
	view_keyf(view, "text", "%s.text", name);
	if (url != NULL) {
		view_text(view, "open_url", url);
		view_keyf(view, "open_text", "%s.open", name);
	}
	return reply_page(request, reply, status, "app_stop", view);
}

enum rc
app_claims(struct request *request, struct claims *out, struct err *err)
{
	enum rc rc = session_verify_jwt(request->app->conf, request->ctx,
	    request_query(request, "signed_payload_jwt"), request->now_ms / 1000, out, err);

	if (rc == RC_OK)
		request->store_hash = out->store_hash;
	return rc;
}

enum rc
app_enter(struct request *request, struct reply *reply, app_action *action, struct err *err)
{
	struct session session;
	enum rc rc;

	/* Until the token has named the store, any store's control panel may frame the answer: it
	 * shows nothing of a store. */
	reply_frame(request, reply, NULL);
	rc = session_check(
	    request->app, request->ctx, request_form(request, "session"), &session, err);
	if (rc == RC_DENIED)
		return app_stop(request, reply, 401, "app.error.session", NULL);
	if (rc != RC_OK)
		return rc;
	app_frame(request, reply, session.store_hash, session.locale);
	return action(request, reply, &session, err);
}

/* Notices after which the merchant tries again in a form that is folded: that stays open. */
static const char *
form_again(const char *notice_key)
{
	static const char *const forms[][2] = {
		{ "connect.code.unreadable", "code_again" },
		{ "connect.code.wrong", "code_again" },
		{ "app.notice.order_missing", "order_again" },
		{ "app.notice.order_unreadable", "order_again" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i][0], notice_key) == 0)
			return forms[i][1];
	return NULL;
}

struct view *
app_view(struct request *request, const struct session *session, const char *title,
    const struct app_notice *notice)
{
	struct view *view = view_new(request->ctx);

	view_flag(view, "wide", true);
	view_key(view, "title", title);
	view_text(view, "store_hash", session->store_hash);
	view_text(view, "session", session_token(request->app, request->ctx, session));
	if (notice != NULL) {
		view_key(view, "notice", notice->key);
		view_text(view, "notice_kind", notice->kind);
		view_text(view, "notice_value", notice->value);
		if (form_again(notice->key) != NULL)
			view_flag(view, form_again(notice->key), true);
	}
	return view;
}

/* How many of a list's rows the page leaves out before it begins; 0 without such a field. */
static enum rc
read_place(const struct request *request, const char *field, int64_t *after, struct err *err)
{
	const char *text = request_form(request, field);

	*after = 0;
	if (text == NULL || text_int(text, 0, INT32_MAX / 2, after))
		return RC_OK;
	return err_set(err, RC_INVALID, "%s is no place in a list", field);
}

enum rc
app_document(struct request *request, const struct session *session, const struct json **document,
    struct err *err)
{
	int64_t reviews, refunds;
	struct db_rows *rows;
	enum rc rc = read_place(request, "reviews", &reviews, err);

	if (rc == RC_OK)
		rc = read_place(request, "refunds", &refunds, err);
	if (rc == RC_OK)
		rc = db_read(request->app->db, request->ctx, &rows, err,
		    "select api.app_overview($1, $2, $3::int, $4::int, $5) as page",
		    DB_PARAMS(db_text(session->store_hash), db_int(session->user_id),
			db_int(reviews), db_int(refunds), db_time(request->now_ms)));
	return rc == RC_OK ? app_json(request, rows, "page", document, err) : rc;
}

enum rc
app_show_document(struct request *request, struct reply *reply, const struct session *session,
    const struct json *document, const struct app_notice *notice)
{
	struct view *view = app_view(request, session, "app.title", notice);

	app_parts_fill(view, request, session, document);
	return reply_page(request, reply, 200, "app", view);
}

enum rc
app_show(struct request *request, struct reply *reply, const struct session *session,
    const struct app_notice *notice, struct err *err)
{
	const struct json *document;
	enum rc rc = app_document(request, session, &document, err);

	return rc == RC_OK ? app_show_document(request, reply, session, document, notice) : rc;
}
