/* SPDX-License-Identifier: Apache-2.0 */
/* Sending the refund that a look decided on: the only place that sends money. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/order.h"
#include "worker/sync_order.h"

#define REASON_MAX 255 /* bytes; Violet's limit */

static const struct bc_refund *
record_of(const struct look *look, const struct refund *row)
{
	for (size_t i = 0; row->source == SOURCE_REFUND && i < look->facts.refund_count; i++)
		if (look->facts.refunds[i].id == row->source_id)
			return &look->facts.refunds[i];
	return NULL;
}

/* Lines, if they can be told for certain. Without products there are none: the amount alone is
 * right as well. */
static enum rc
find_lines(struct look *look, const struct refund *row, struct order_lines *out, struct err *err)
{
	const struct bc_refund *record = record_of(look, row);
	struct bc_product *products = NULL;
	size_t count = 0;
	enum rc rc = RC_OK;

	*out = (struct order_lines){ 0 };
	if (record == NULL || record->item_count == 0 || row->lines_refused || row->is_approved)
		return RC_OK;
	rc = bc_products_read(
	    &look->bc, look->ctx, look->job->ref, look->order.currency, &products, &count, err);
	if (rc == RC_BUSY || rc == RC_UNCERTAIN || rc == RC_DENIED) {
		work_store_failed(look->app, &look->store, &look->bc);
		return rc;
	}
	if (rc == RC_OK)
		(void)order_lines(
		    look->ctx, record, products, count, &look->bag.violet, row->amount_minor, out);
	return RC_OK;
}

static const char *
reason_of(const struct look *look, const struct refund *row)
{
	const char *text;

	if (row->source == SOURCE_REFUND || row->source == SOURCE_ELSEWHERE)
		text = mem_printf(look->ctx, "%s BigCommerce refund %" PRId64 " on order %" PRId64,
		    row->marker, row->source_id, look->job->ref);
	else if (row->source == SOURCE_CANCEL)
		text = mem_printf(look->ctx, "%s BigCommerce order %" PRId64 " cancelled",
		    row->marker, look->job->ref);
	else
		text = mem_printf(look->ctx, "%s BigCommerce order %" PRId64 " refunded",
		    row->marker, look->job->ref);
	ASSERT(strlen(text) <= REASON_MAX);
	return text;
}

/* Violet's error codes that say why a refund is refused. "Refund Bag". */
static const struct {
	int code;
	enum review_code review;
} refusals[] = {
	{ 4225, REVIEW_BAG_STATE },
	{ 9001, REVIEW_TOO_MUCH },
	{ 4216, REVIEW_BAG_GONE },
	{ 4201, REVIEW_BAG_GONE },
	{ 7118, REVIEW_NOT_ALLOWED },
	{ 9403, REVIEW_NOT_ALLOWED },
	{ 9901, REVIEW_NOT_ALLOWED },
};

static struct refund_outcome
refused(const struct look *look, const struct err *err)
{
	struct refund_outcome outcome = {
		.state = REFUND_REVIEW,
		.outcome = "refused",
		.review = look->violet.status == 403 ? REVIEW_NOT_ALLOWED : REVIEW_REFUSED,
		.detail = err->text,
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].code == look->violet.code)
			outcome.review = refusals[i].review;
	outcome.review_reason = review_sentence(outcome.review);
	return outcome;
}

/* What the call's result means. Not sent or refused for now: pending. Nobody knows: unknown. */
static struct refund_outcome
outcome_of(const struct look *look, enum rc rc, const struct violet_refund *answer,
    int64_t amount_minor, bool has_lines, const struct err *err)
{
	struct refund_outcome pending = {
		.state = REFUND_PENDING,
		.outcome = "not_sent",
		.wait_code = WAIT_BUSY,
		.detail = err->text,
	};
	struct refund_outcome unknown = {
		.state = REFUND_UNKNOWN, .outcome = "unknown", .detail = err->text
	};

	switch (rc) {
	case RC_OK:
		return look_answer(answer, amount_minor);
	case RC_BUSY:
		return pending;
	case RC_DENIED:
		/* Expired credentials: the next look logs in anew. What else is denied needs a
		 * person. */
		if (look->violet.status == 401 && look->violet.code != 7118)
			return pending;
		return refused(look, err);
	case RC_MISSING:
	case RC_INVALID:
		/* a line that Violet doesn't know: once more without lines */
		if (look->violet.code == 4219 && has_lines) {
			pending.outcome = "lines_refused";
			return pending;
		}
		return refused(look, err);
	case RC_CONFLICT:
	case RC_UNCERTAIN:
	case RC_BROKEN:
	case RC__COUNT:
		break;
	}
	return unknown;
}

static bool
others_wait(const struct look *look)
{
	for (size_t i = 0; i < look->plan.count; i++)
		if (look->plan.rows[i].wait_code != NULL &&
		    strcmp(look->plan.rows[i].wait_code, WAIT_TURN) == 0)
			return true;
	return false;
}

static void
after_send(struct look *look, const struct refund_outcome *outcome)
{
	int64_t now = clock_now_ms();

	if (outcome->state == REFUND_PENDING) {
		look->next->what = JOB_LATER;
		look->next->due_ms = now + look->violet.retry_after_ms;
		look->next->note = mem_text(look->ctx, outcome->detail);
		return;
	}
	look_again(
	    look, others_wait(look) ? now : now + look->app->conf->poll_ms, outcome->outcome);
}

/* `sending` is committed: from here on the call is made once, and whatever comes of it is written
 * down. */
static enum rc
send_committed(struct look *look, struct refund *row, const struct order_lines *lines,
    int64_t send_by_boot_ms, struct err *err)
{
	struct violet_refund_request request = {
		.order_id = look->bag.violet.order_id,
		.bag_id = look->bag.violet.id,
		.amount_minor = row->amount_minor,
		.shipping_minor = lines->shipping_minor,
		.lines = lines->lines,
		.line_count = lines->count,
		.reason = reason_of(look, row),
		.send_by_boot_ms = send_by_boot_ms,
	};
	struct violet_refund answer = { 0 };
	struct err sent = { 0 };
	enum rc rc = violet_refund_send(&look->violet, look->ctx, &request, &answer, &sent);
	struct refund_outcome outcome =
	    outcome_of(look, rc, &answer, row->amount_minor, lines->count > 0, &sent);

	rc = refund_end(look->app, look->job->store_hash, look->job->ref, row, &outcome, err);
	if (rc != RC_OK)
		return err_prefix(
		    err, "refund %s, outcome %s not written: ", row->marker, outcome.outcome);
	after_send(look, &outcome);
	return RC_OK;
}

static const int64_t *
ids_of(const struct look *look)
{
	int64_t *ids = mem_array(look->ctx, int64_t, look->facts.paid_count + 1);

	for (size_t i = 0; i < look->facts.paid_count; i++)
		ids[i] = look->facts.paid[i].id;
	return ids;
}

enum rc
send_refund(struct look *look, struct err *err)
{
	struct refund *row = look->plan.send;
	struct refund_sums sums = {
		.owed_minor = look->plan.owed_minor,
		.paid_minor = look->plan.paid_minor,
		.total_minor = look->bag.violet.total_minor,
		.seen_ids = ids_of(look),
		.seen_count = look->facts.paid_count,
	};
	struct order_lines lines;
	const char *stopped;
	int64_t send_by_boot_ms;
	enum rc rc = find_lines(look, row, &lines, err);

	if (rc == RC_OK)
		rc = job_extend(look->app, look->job, err);
	if (rc != RC_OK)
		return rc;
	/* The deadline counts from before the commit, on a clock that runs on while the machine
	 * sleeps. */
	send_by_boot_ms = clock_boot_ms() + look->app->conf->send_ms;
	rc = refund_begin(look->app, look->ctx, look->job, row, &sums, &stopped, err);
	if (rc != RC_OK)
		return err_prefix(err, "refund %s not sent: ", row->marker);
	if (stopped != NULL) {
		look_again(look, look->facts.now_ms + look->app->conf->retry_minimum_ms, stopped);
		return RC_OK;
	}
	return send_committed(look, row, &lines, send_by_boot_ms, err);
}
