/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /app/review: a person decides about a refund: pay an amount, try again as it stands, or
 * leave it unpaid with a reason. This only changes the row; the order's look sends.
 */
#include <string.h>

#include "base/mem.h"
#include "base/money.h"
#include "base/text.h"
#include "domain/refund.h"
#include "web/app_page.h"
#include "web/locale.h"
#include "web/route.h"

#define REASON_MAX 500
#define GROUP      3 /* digits of a group of thousands */

struct decision {
	struct request *request;
	const struct session *session;
	const struct json *review;
	struct refund_key key;
	const char *who;
};

/* What the top of the page says afterwards. A NULL key: an error page. */
typedef enum rc
review_answer(const struct decision *decision, struct app_notice *notice, struct err *err);

/*
 * An amount as people write it in either language, "10", "10.00" or "10,00". Groups of thousands
 * are refused, and so are more decimals than the currency has: "1.000" must not become 1. Three
 * digits may be decimals or a group where the currency has three decimals: there the mark before
 * them must be the locale's.
 */
static bool
read_amount(
    const void *ctx, const char *typed, const char *currency, const char *locale, int64_t *minor)
{
	int exponent = money_exponent(currency);
	char mark, *text, *comma;
	const char *point;

	if (exponent < 0)
		return false;
	text = app_trim(ctx, typed);
	mark = text[strcspn(text, ".,")];
	comma = strchr(text, ',');
	if (comma != NULL)
		*comma = '.';
	point = strchr(text, '.');
	if (point != NULL && strlen(point + 1) > (size_t)exponent)
		return false;
	if (point != NULL && exponent == GROUP && strlen(point + 1) == GROUP &&
	    mark != locale_amount(ctx, 0, currency, locale)[1])
		return false;
	return money_parse(text, exponent, minor) && *minor >= 0;
}

/* What is wrong with the amount, as a key of the catalogue; NULL if nothing is. */
static const char *
amount_fault(
    const void *ctx, const char *typed, const char *currency, const char *locale, int64_t *minor)
{
	if (typed == NULL || *app_trim(ctx, typed) == '\0')
		return "app.notice.amount_missing";
	if (!read_amount(ctx, typed, currency, locale, minor))
		return "app.notice.amount_unreadable";
	return *minor == 0 ? "app.notice.amount_zero" : NULL;
}

static enum rc
approve(const struct decision *decision, struct app_notice *notice, struct err *err)
{
	struct request *request = decision->request;
	const char *typed = request_form(request, "amount");
	const char *currency = json_get_text(decision->review, "pay_currency", "");
	int64_t minor;
	const char *fault =
	    amount_fault(request->ctx, typed, currency, decision->session->locale, &minor);
	enum rc rc;

	*notice = (struct app_notice){ "bad", fault, typed };
	if (fault != NULL)
		return RC_OK;
	rc = refund_approve(request->app, &decision->key, minor, decision->who, err);
	if (rc == RC_OK)
		*notice = (struct app_notice){ "good", "app.notice.approved", NULL };
	else if (rc == RC_INVALID)
		*notice = (struct app_notice){ "bad", "app.notice.amount_refused", typed };
	return rc == RC_INVALID ? RC_OK : rc;
}

static enum rc
retry(const struct decision *decision, struct app_notice *notice, struct err *err)
{
	enum rc rc = refund_retry(decision->request->app, &decision->key, decision->who, err);

	*notice = (struct app_notice){ "good", "app.notice.retrying", NULL };
	if (rc == RC_CONFLICT || rc == RC_INVALID)
		*notice = (struct app_notice){ "warn", "app.notice.retry_refused", NULL };
	return rc == RC_CONFLICT || rc == RC_INVALID ? RC_OK : rc;
}

static enum rc
dismiss(const struct decision *decision, struct app_notice *notice, struct err *err)
{
	const char *reason = request_form(decision->request, "reason");
	enum rc rc;

	*notice = (struct app_notice){ "bad", "app.notice.reason_missing", NULL };
	if (reason == NULL || reason[strspn(reason, " ")] == '\0' ||
	    !text_is_plain(reason, REASON_MAX))
		return RC_OK;
	rc = refund_dismiss(decision->request->app, &decision->key, reason, decision->who, err);
	if (rc == RC_OK)
		*notice = (struct app_notice){ "good", "app.notice.dismissed", NULL };
	return rc;
}

static const struct {
	const char *name;
	review_answer *answer;
} answers[] = {
	{ "approve", approve },
	{ "retry", retry },
	{ "dismiss", dismiss },
};

static review_answer *
find_answer(const char *name)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(answers[i].name, name) == 0)
			return answers[i].answer;
	}
	return NULL;
}

/* The refund that the form names, with what the page shows of it; RC_MISSING if none of that name
 * is in review. */
static enum rc
find_review(const struct session *session, struct decision *out, struct err *err)
{
	const char *source = request_form(out->request, "source");
	const char *order = request_form(out->request, "order");
	const char *number = request_form(out->request, "source_id");
	struct refund_key key = { .store_hash = session->store_hash, .source = source };
	struct db_rows *rows;
	enum rc rc;

	if (!text_int(order, 1, INT64_MAX, &key.order_id) ||
	    !text_int(number, 0, INT64_MAX, &key.source_id))
		return RC_MISSING;
	rc = db_read(out->request->app->db, out->request->ctx, &rows, err,
	    "select api.app_review($1, $2, $3, $4) as review",
	    DB_PARAMS(db_text(key.store_hash), db_int(key.order_id), db_text(key.source),
		db_int(key.source_id)));
	if (rc == RC_OK)
		rc = app_json(out->request, rows, "review", &out->review, err);
	out->key = key;
	return rc == RC_OK && out->review == NULL ? RC_MISSING : rc;
}

static enum rc
review(struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	struct app_notice notice = { "warn", "app.notice.not_allowed", NULL };
	review_answer *answer = find_answer(request_form(request, "answer"));
	struct decision decision = {
		.request = request,
		.session = session,
		.who =
		    mem_printf(request->ctx, "merchant (user %lld)", (long long)session->user_id),
	};
	enum rc rc;

	if (!session->may_link)
		return app_show(request, reply, session, &notice, err);
	if (answer == NULL)
		return err_set(err, RC_INVALID, "unknown answer to a review");
	rc = find_review(session, &decision, err);
	if (rc == RC_OK)
		rc = answer(&decision, &notice, err);
	if (rc == RC_CONFLICT || rc == RC_MISSING)
		notice = (struct app_notice){ "warn", "app.notice.settled", NULL };
	else if (rc != RC_OK)
		return rc;
	return app_show(request, reply, session, &notice, err);
}

enum rc
on_app_review(struct request *request, struct reply *reply, struct err *err)
{
	return app_enter(request, reply, review, err);
}
