/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Job sync_order: a look. Read the order and its refunds from BigCommerce and the bag's refunds
 * from Violet, decide (domain/look.c), write what was decided, and send at most one refund
 * (send_refund.c).
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/money.h"
#include "domain/channel.h"
#include "domain/order.h"
#include "worker/sync_order.h"

#define DAY_MS        (24 * 3600 * INT64_C(1000))
#define MISSING_LOOKS 5 /* an order that BigCommerce doesn't know is asked for so often */

void
look_again(struct look *look, int64_t due_ms, const char *note)
{
	look->next->what = JOB_AGAIN;
	look->next->due_ms = due_ms;
	look->next->note = note;
}

static void
finished(struct look *look, const char *note)
{
	look->next->what = JOB_DONE;
	look->next->note = note;
}

/* Reading -------------------------------------------------------------------------------------- */

static enum rc
read_rows(struct look *look, struct err *err)
{
	enum rc rc =
	    bag_read(look->app, look->ctx, look->job->store_hash, look->job->ref, &look->bag, err);

	if (rc != RC_OK)
		return rc;
	look->facts.bag = &look->bag;
	rc = refund_read(look->app, look->ctx, look->job->store_hash, look->job->ref, &look->rows,
	    &look->facts.row_count, err);
	look->facts.rows = look->rows;
	return rc;
}

/* The order and its refunds. An order that BigCommerce doesn't know leaves facts.order NULL. */
static enum rc
read_order(struct look *look, struct err *err)
{
	struct bc_refund *refunds;
	enum rc rc = bc_order_read(&look->bc, look->ctx, look->job->ref, &look->order, err);

	if (rc == RC_MISSING)
		return RC_OK;
	if (rc == RC_OK)
		rc = bc_refunds_read(&look->bc, look->ctx, look->job->ref, look->order.currency,
		    &refunds, &look->facts.refund_count, err);
	if (rc != RC_OK) {
		work_store_failed(look->app, &look->store, &look->bc);
		return rc;
	}
	look->facts.order = &look->order;
	look->facts.refunds = refunds;
	return RC_OK;
}

static bool
is_listed(const struct violet_refund *refunds, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (refunds[i].id == id)
			return true;
	return false;
}

/* The bag's refunds, and singly those that Violet accepted but doesn't list yet. */
static enum rc
read_paid(struct look *look, struct err *err)
{
	struct violet_refund *listed, *paid;
	size_t count;
	enum rc rc = violet_refunds_read(&look->violet, look->ctx, look->bag.violet.order_id,
	    look->bag.violet.id, &listed, &count, err);

	if (rc != RC_OK)
		return rc;
	paid = mem_array(look->ctx, struct violet_refund, count + look->facts.row_count + 1);
	for (size_t i = 0; i < count; i++)
		paid[i] = listed[i];
	for (size_t i = 0; i < look->facts.row_count; i++) {
		int64_t id = look->rows[i].violet_refund_id;

		if (id == 0 || is_listed(paid, count, id))
			continue;
		rc = violet_refund_read(
		    &look->violet, look->ctx, look->bag.violet.order_id, id, &paid[count], err);
		if (rc == RC_OK && paid[count].id == id)
			count++;
		else if (rc != RC_OK && rc != RC_MISSING)
			return rc;
	}
	look->facts.paid = paid;
	look->facts.paid_count = count;
	return RC_OK;
}

static enum rc
read_violet(struct look *look, struct err *err)
{
	enum rc rc = channel_api(look->app, look->ctx, look->bag.channel_id, &look->violet, err);

	if (rc == RC_OK && look->facts.order != NULL && look->order.status_id == ORDER_CANCELLED)
		rc = violet_cancellation_read(&look->violet, look->ctx, look->bag.violet.order_id,
		    look->bag.violet.id, &look->facts.cancelled_by, err);
	if (rc == RC_OK)
		rc = read_paid(look, err);
	return rc;
}

/* Writing -------------------------------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_row(const struct refund *a, const struct refund *b)
{
	return a->state == b->state && a->amount_minor == b->amount_minor &&
	       same_text(a->currency, b->currency) && a->sent_ms == b->sent_ms &&
	       a->violet_refund_id == b->violet_refund_id &&
	       same_text(a->violet_status, b->violet_status) && a->absent_ms == b->absent_ms &&
	       a->blocked_ms == b->blocked_ms && a->poll_ms == b->poll_ms && a->polls == b->polls &&
	       a->review == b->review && a->proposed_minor == b->proposed_minor &&
	       same_text(a->wait_code, b->wait_code);
}

static enum rc
write_rows(struct look *look, struct err *err)
{
	for (size_t i = 0; i < look->plan.count; i++) {
		struct refund *row = &look->plan.rows[i];
		enum rc rc;

		if (i < look->facts.row_count && same_row(row, &look->rows[i]))
			continue;
		rc = refund_put(look->app, look->job->store_hash, look->job->ref, row,
		    row->review != REVIEW_NONE ? review_name(row->review) : row->wait_code, err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static void
alarm_overpaid(const struct look *look)
{
	char paid[MONEY_TEXT_SIZE], owed[MONEY_TEXT_SIZE];
	const char *currency = look->bag.violet.currency;

	log_line(LOG_ALARM, "overpaid store=%s order=%" PRId64 " paid=\"%s\" owed=\"%s\"",
	    look->job->store_hash, look->job->ref,
	    money_format(look->plan.paid_minor, currency, paid),
	    money_format(look->plan.owed_minor, currency, owed));
}

static enum rc
write_plan(struct look *look, struct err *err)
{
	struct bag_look kept = {
		.owed_minor = look->plan.owed_minor,
		.paid_minor = look->plan.paid_minor,
		.is_frozen = look->plan.is_frozen,
		.recheck_ms = look->plan.recheck_ms,
	};
	enum rc rc;

	if (look->plan.overpaid_now)
		alarm_overpaid(look);
	rc = write_rows(look, err);
	if (rc != RC_OK)
		return rc;
	return bag_looked(look->app, look->job, &look->plan.bag, look->facts.order, &kept, err);
}

/* Without a bag -------------------------------------------------------------------------------- */

static enum rc
review_without_bag(struct look *look, enum review_code code, struct err *err)
{
	enum rc rc = bag_keep(
	    look->app, look->job->store_hash, look->job->ref, &look->bag, &look->order, err);

	if (rc != RC_OK)
		return rc;
	look_without_bag(look->ctx, &look->facts, code, &look->plan);
	look_again(look, look->facts.now_ms + DAY_MS, review_name(code));
	return write_plan(look, err);
}

/* Not found, by a proper answer of everybody: on the schedule look again, after it decide. */
static enum rc
bag_missing(struct look *look, const struct bag_asked *asked, struct err *err)
{
	const struct conf *conf = look->app->conf;
	const char *app_id = mem_printf(look->ctx, "%" PRId64, conf->bigcommerce_app_id);
	bool is_ours = same_text(look->order.external_source, app_id);
	int64_t since = look->order.made_ms > 0 ? look->order.made_ms : look->facts.now_ms, next;

	if (look->order.made_ms <= 0 && look->bag.created_ms > 0)
		since = look->bag.created_ms;
	/* Nobody was linked yet: whoever sold the order may still be. */
	if (asked->channels == 0 && look->bag.first_installed_ms > since)
		since = look->bag.first_installed_ms;
	next = conf_times_next(&conf->bag_search, since, look->facts.now_ms);
	if (next == 0 && asked->channels > 0 && asked->merchants == 0)
		next = look->facts.now_ms + conf->retry_maximum_ms;
	if (next == 0 && is_ours)
		return review_without_bag(look, REVIEW_NO_BAG, err);
	if (next == 0) {
		look->bag.state = BAG_NOT_OURS;
		finished(look, "not a Violet order");
	} else {
		look_again(look, next,
		    asked->merchants > 0 ? "no bag found so far"
					 : "Violet's merchant id is not known yet");
	}
	return bag_keep(
	    look->app, look->job->store_hash, look->job->ref, &look->bag, &look->order, err);
}

/* Violet asked for a pause. */
static void
wait_for_violet(struct look *look, int64_t retry_after_ms)
{
	if (retry_after_ms > 0)
		look->next->due_ms = clock_now_ms() + retry_after_ms;
}

/* Sent, and not known to be done? */
static bool
is_under_way(const struct look *look)
{
	for (size_t i = 0; i < look->facts.row_count; i++)
		if (look->rows[i].state == REFUND_SENDING ||
		    look->rows[i].state == REFUND_UNKNOWN || look->rows[i].state == REFUND_ACCEPTED)
			return true;
	return false;
}

/* The bag as Violet shows it now. *found false: there is none to work with, and what that means is
 * written. */
static enum rc
find_bag(struct look *look, bool *found, struct err *err)
{
	struct bag was = look->bag;
	struct bag_asked asked = { 0 };
	enum rc rc;

	if (was.state == BAG_FOUND)
		rc = bag_refresh(look->app, look->ctx, look->job->ref, &look->bag, &asked, err);
	else
		rc = bag_search(look->app, look->ctx, look->job->store_hash, look->job->ref,
		    &look->bag, &asked, err);
	if (rc != RC_OK) {
		wait_for_violet(look, asked.retry_after_ms);
		return rc;
	}
	/* A second bag has come while a refund of the first is under way: that goes first. */
	if (was.state == BAG_FOUND && look->bag.state == BAG_AMBIGUOUS && is_under_way(look)) {
		look->bag = was;
		look->facts.only_follow = true;
	}
	*found = look->bag.state == BAG_FOUND;
	if (look->bag.state == BAG_SEARCHING)
		return bag_missing(look, &asked, err);
	if (look->bag.state == BAG_AMBIGUOUS)
		return review_without_bag(look, REVIEW_TWO_BAGS, err);
	if (was.state == BAG_FOUND && was.violet.total_minor == look->bag.violet.total_minor &&
	    same_text(was.violet.status, look->bag.violet.status))
		return RC_OK;
	return bag_keep(
	    look->app, look->job->store_hash, look->job->ref, &look->bag, &look->order, err);
}

/* The look ------------------------------------------------------------------------------------- */

static bool
has_open_rows(const struct look *look)
{
	for (size_t i = 0; i < look->facts.row_count; i++)
		if (look->rows[i].state <= REFUND_ACCEPTED)
			return true;
	return false;
}

static enum rc
decide_and_act(struct look *look, struct err *err)
{
	enum rc rc = read_violet(look, err);

	if (rc != RC_OK) {
		wait_for_violet(look, look->violet.retry_after_ms);
		return rc;
	}
	look_decide(look->ctx, &look->facts, &look->plan);
	if (look->plan.next_ms > 0)
		look_again(look, look->plan.next_ms, NULL);
	rc = write_plan(look, err);
	if (rc == RC_OK && look->plan.send != NULL)
		rc = send_refund(look, err);
	return rc;
}

/* Without the order at BigCommerce, is there anything to follow or to hand to a person? A status in
 * its grace time has no row yet. */
static bool
is_anything_open(const struct look *look)
{
	return look->bag.state == BAG_FOUND && (has_open_rows(look) || look->bag.status != 0);
}

/* An uninstalled store: nothing is sent, but what is under way is followed at Violet, and what was
 * still to be paid becomes a review. */
static enum rc
look_uninstalled(struct look *look, struct err *err)
{
	if (!is_anything_open(look)) {
		finished(look, "the app is not installed");
		return RC_OK;
	}
	return decide_and_act(look, err);
}

/* BigCommerce does not know the order: what has no row yet waits in case that passes. */
static enum rc
look_missing(struct look *look, struct err *err)
{
	bool has_rows = look->bag.state == BAG_FOUND && has_open_rows(look);

	if (!has_rows && look->job->attempts < MISSING_LOOKS)
		return err_set(
		    err, RC_BUSY, "bigcommerce does not know order %" PRId64, look->job->ref);
	if (is_anything_open(look))
		return decide_and_act(look, err);
	finished(look, "BigCommerce does not know the order");
	return RC_OK;
}

static enum rc
look_at(struct look *look, struct err *err)
{
	bool found;
	enum rc rc = read_order(look, err);

	if (rc != RC_OK)
		return rc;
	if (look->facts.order == NULL)
		return look_missing(look, err);
	if (!look_matters(&look->order, look->facts.refund_count, look->facts.row_count) &&
	    look->bag.status == 0) {
		finished(look, "nothing owed");
		return RC_OK;
	}
	rc = find_bag(look, &found, err);
	if (rc != RC_OK || !found)
		return rc;
	return decide_and_act(look, err);
}

static void
set_facts(struct look *look, bool is_installed)
{
	look->facts.conf = look->app->conf;
	look->facts.now_ms =
	    clock_now_ms(); /* before anything is read: absence is counted from here */
	look->facts.order_id = look->job->ref;
	look->facts.is_installed = is_installed;
	look->facts.cancel_needs_review = same_text(look->store.cancel_policy, "review");
	look->facts.cancel_grace_ms = look->store.cancel_grace_ms;
}

/* The look failed: those who wait see why at their refunds. Best effort. */
static void
note_failure(const struct look *look)
{
	struct err unnoted;

	if (look->facts.row_count > 0 &&
	    db_call(look->app->db, look->ctx, NULL, &unnoted,
		"select api.refund_waits($1, $2, $3, $4)",
		DB_PARAMS(db_text(look->job->store_hash), db_int(look->job->ref),
		    db_text(WAIT_BUSY), db_time(clock_now_ms()))) != RC_OK)
		log_line(LOG_DEBUG, "order %" PRId64 ": %s", look->job->ref, unnoted.text);
}

enum rc
work_sync_order(struct app *app, void *ctx, struct job *job, struct job_next *next, struct err *err)
{
	struct look look = { .app = app, .ctx = ctx, .job = job, .next = next };
	bool is_installed;
	enum rc rc = work_store(app, ctx, job, &look.store, &look.bc, &is_installed, err);

	if (rc == RC_OK && look.store.hash == NULL) {
		finished(&look, "there is no such store");
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	set_facts(&look, is_installed);
	rc = read_rows(&look, err);
	if (rc != RC_OK)
		return rc;
	if (look.bag.state == BAG_NOT_OURS) {
		finished(&look, "not a Violet order");
		return RC_OK;
	}
	rc = is_installed ? look_at(&look, err) : look_uninstalled(&look, err);
	if (rc != RC_OK && rc != RC_CONFLICT)
		note_failure(&look);
	return rc;
}
