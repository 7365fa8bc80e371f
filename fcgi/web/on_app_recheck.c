/* SPDX-License-Identifier: Apache-2.0 */
/* POST /app/recheck: look at an order again, by its number. */
#include "base/mem.h"
#include "base/text.h"
#include "domain/refund.h"
#include "web/app_page.h"
#include "web/route.h"

/* "250", as people write it: with blanks around or a '#' before. */
static bool
read_order_id(const void *ctx, const char *typed, int64_t *order_id)
{
	const char *text;

	text = app_trim(ctx, typed);
	return text_int(*text == '#' ? text + 1 : text, 1, INT32_MAX, order_id);
}

static enum rc
recheck(
    struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	const char *typed = request_form(request, "order");
	struct app_notice notice = { "bad", "app.notice.order_unreadable", typed };
	int64_t order_id;
	enum rc rc;

	if (*app_trim(request->ctx, typed) == '\0')
		notice = (struct app_notice){ "bad", "app.notice.order_missing", "" };
	if (!read_order_id(request->ctx, typed, &order_id))
		return app_show(request, reply, session, &notice, err);
	rc = order_recheck(request->app, session->store_hash, order_id, err);
	if (rc != RC_OK)
		return rc;
	notice = (struct app_notice){ "good", "app.notice.rechecking",
		mem_printf(request->ctx, "%lld", (long long)order_id) };
	return app_show(request, reply, session, &notice, err);
}

enum rc
on_app_recheck(struct request *request, struct reply *reply, struct err *err)
{
	return app_enter(request, reply, recheck, err);
}
