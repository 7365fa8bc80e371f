/* SPDX-License-Identifier: Apache-2.0 */
/* POST /app/discounts: the discount check: the list page by page, one code, and reading them anew.
 * Never waits for BigCommerce. */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "domain/admin_url.h"
#include "domain/job.h"
#include "web/app_page.h"
#include "web/route.h"

#define PAGE     25 /* keeps the page small: tests/http/test_app.py */
#define CODE_MAX 50 /* BigCommerce's own limit */

struct page {
	struct request *request;
	const struct session *session;
	struct view *view;
};

static const char *
join_codes(const struct page *page, const struct json *codes)
{
	struct buf *text = buf_new(page->request->ctx, 1024);

	for (size_t i = 0; i < json_count(codes); i++)
		buf_printf(text, "%s%s", i == 0 ? "" : ", ", json_text(json_at(codes, i)));
	return text->bytes;
}

static const char *
verdict_kind(const char *verdict)
{
	return strcmp(verdict, "works") == 0     ? "good"
	       : strcmp(verdict, "not_now") == 0 ? "warn"
						 : "";
}

static void
put_discount(const struct page *page, struct view *view, const struct json *discount)
{
	const char *verdict = json_get_text(discount, "verdict", "never");
	const char *reason = json_get_text(discount, "reason", "ok");
	int64_t codes = json_get_int(discount, "code_count", 0),
		shown = (int64_t)json_count(json_get(discount, "codes"));

	view_text(view, "name", json_get_text(discount, "name", ""));
	view_text(view, "codes", join_codes(page, json_get(discount, "codes")));
	if (codes > shown)
		view_int(view, "more_codes", codes - shown);
	view_text(view, "verdict_kind", verdict_kind(verdict));
	view_keyf(view, "verdict", "app.verdict.%s", verdict);
	view_keyf(view, "reason", "app.discount.%s", reason);
	view_flag(view, "automatic", strcmp(reason, "automatic") == 0);
	view_flag(view, "cut", json_get_bool(discount, "facts.cut", false));
	app_put_time(view, page->session, "begins", discount, "facts.begins_ms");
	app_put_time(view, page->session, "ends", discount, "facts.ends_ms");
}

/* "Check a code": what was typed stays in the field. */
static enum rc
check_code(const struct page *page, const char *typed, struct err *err)
{
	const struct json *discount;
	struct db_rows *rows;
	enum rc rc;

	typed = app_trim(page->request->ctx, typed);
	view_text(page->view, "code", typed);
	if (*typed == '\0' || !text_is_plain(typed, CODE_MAX)) {
		view_key(page->view, "code_error",
		    *typed == '\0' ? "app.discounts.code_missing"
				   : "app.discounts.code_unreadable");
		return RC_OK;
	}
	rc = db_read(page->request->app->db, page->request->ctx, &rows, err,
	    "select api.discount_code($1, $2) as found",
	    DB_PARAMS(db_text(page->session->store_hash), db_text(typed)));
	if (rc == RC_OK)
		rc = app_json(page->request, rows, "found", &discount, err);
	view_flag(page->view, "checked", true);
	if (rc == RC_OK && discount != NULL)
		put_discount(page, view_item(page->view, "found"), discount);
	return rc;
}

static enum rc
fill_list(const struct page *page, int64_t after, struct err *err)
{
	const struct json *list, *discounts;
	struct db_rows *rows;
	const char *error;
	int64_t total;
	enum rc rc = db_read(page->request->app->db, page->request->ctx, &rows, err,
	    "select api.discount_list($1, $2, $3) as list",
	    DB_PARAMS(db_text(page->session->store_hash), db_int(after), db_int(PAGE)));

	if (rc == RC_OK)
		rc = app_json(page->request, rows, "list", &list, err);
	if (rc != RC_OK)
		return rc;
	discounts = json_get(list, "discounts");
	error = json_get_text(list, "error", NULL);
	if (error != NULL)
		view_keyf(page->view, "discounts_error", "app.discounts.error.%s", error);
	app_put_time(page->view, page->session, "read", list, "read_ms");
	total = json_get_int(list, "total", 0);
	for (size_t i = 0; i < json_count(discounts); i++)
		put_discount(page, view_item(page->view, "discounts"), json_at(discounts, i));
	view_int(page->view, "total", total);
	if (after + PAGE < total)
		view_int(page->view, "next", after + PAGE);
	if (after > 0)
		view_int(page->view, "previous", after > PAGE ? after - PAGE : 0);
	return RC_OK;
}

static enum rc
discounts(
    struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	const struct app_notice reading = { "good", "app.notice.reading_discounts", NULL };
	const char *typed = request_form(request, "code"),
		   *after_text = request_form(request, "after");
	bool is_anew = request_form(request, "anew") != NULL;
	int64_t after = 0;
	struct page page = {
		.request = request,
		.session = session,
		.view =
		    app_view(request, session, "app.discounts.title", is_anew ? &reading : NULL),
	};
	enum rc rc = RC_OK;

	if (after_text != NULL && !text_int(after_text, 0, INT32_MAX, &after))
		return err_set(err, RC_INVALID, "after is no number");
	if (is_anew)
		rc = job_put(
		    request->app, session->store_hash, JOB_READ_DISCOUNTS, 0, request->now_ms, err);
	if (rc == RC_OK && typed != NULL)
		rc = check_code(&page, typed, err);
	if (rc == RC_OK)
		rc = fill_list(&page, after, err);
	if (rc != RC_OK)
		return rc;
	view_text(page.view, "promotions_url",
	    admin_url_promotions(request->app->conf, request->ctx, session->store_hash));
	return reply_page(request, reply, 200, "app_discounts", page.view);
}

enum rc
on_app_discounts(struct request *request, struct reply *reply, struct err *err)
{
	return app_enter(request, reply, discounts, err);
}
