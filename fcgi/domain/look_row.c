/* SPDX-License-Identifier: Apache-2.0 */
/* One row in a look: moved as far as evidence and time allow. Absence of evidence counts only after
 * the settling time. */
#include "domain/look_work.h"

#include <string.h>

#include "base/mem.h"
#include "base/money.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))

void
work_due(struct work *work, int64_t when_ms)
{
	if (work->plan->next_ms == 0 || when_ms < work->plan->next_ms)
		work->plan->next_ms = when_ms;
}

int64_t
work_settled_after(const struct work *work, const struct refund *row)
{
	const struct conf *conf = work->f->conf;

	return row->send_by_ms + conf->response_ms + conf->settle_ms;
}

void
item_review(struct item *item, enum review_code code, int64_t proposed_minor, const char *how)
{
	struct refund *row = item->row;

	row->state = REFUND_REVIEW;
	row->review = code;
	row->review_reason = review_sentence(code);
	row->proposed_minor = proposed_minor > 0 ? proposed_minor : 0;
	row->proposed_how = proposed_minor > 0 ? how : NULL;
	row->wait_code = NULL;
	row->is_approved = false;
	row->is_settled = false;
	item->is_ready = false;
}

void
item_withdraw(struct item *item, enum withdrawal why)
{
	item->row->state = REFUND_DISMISSED;
	item->row->dismissed_reason = withdrawal_sentence(why);
	item->row->wait_code = NULL;
	item->is_ready = false;
}

void
item_wait(struct work *work, struct item *item, const char *wait_code, int64_t until_ms)
{
	item->row->wait_code = wait_code;
	work_due(work, until_ms);
}

void
work_poll(struct work *work, struct refund *row)
{
	int64_t now = work->f->now_ms, wait = work->f->conf->poll_ms;

	if (row->poll_ms > now) {
		work_due(work, row->poll_ms);
		return;
	}
	for (int i = 0; i < row->polls && wait < DAY_MS; i++)
		wait *= 2;
	row->polls++;
	row->poll_ms = now + (wait < DAY_MS ? wait : DAY_MS);
	work_due(work, row->poll_ms);
}

/* What Violet's word for a refund means for us; REVIEW_NONE: it is done (*done) or on its way. */
static enum review_code
judge(const struct violet_refund *answer, int64_t amount_minor, bool *done)
{
	*done = false;
	if (!match_is_live(answer))
		return REVIEW_VIOLET_FAILED;
	if (answer->error != NULL)
		return REVIEW_VIOLET_ERRORS;
	if (answer->has_amount && answer->amount_minor != amount_minor)
		return REVIEW_AMOUNT_DIFFERS;
	*done = strcmp(answer->status, "COMPLETED") == 0;
	if (*done || strcmp(answer->status, "PROCESSING") == 0 || answer->status[0] == '\0')
		return REVIEW_NONE;
	return REVIEW_VIOLET_STATUS;
}

struct refund_outcome
look_answer(const struct violet_refund *answer, int64_t amount_minor)
{
	struct refund_outcome outcome = {
		.outcome = "accepted",
		.violet_refund_id = answer->id,
		.violet_status = answer->status,
		.detail = answer->error,
	};
	bool done;

	outcome.review = judge(answer, amount_minor, &done);
	outcome.state = outcome.review != REVIEW_NONE ? REFUND_REVIEW
			: done                        ? REFUND_DONE
						      : REFUND_ACCEPTED;
	if (outcome.review != REVIEW_NONE)
		outcome.review_reason = review_sentence(outcome.review);
	return outcome;
}

static void
note_answer(struct refund *row, const struct violet_refund *answer)
{
	row->violet_refund_id = answer->id;
	row->violet_status = answer->status;
}

/* Violet has our own refund: from here on its word is followed. */
static void
accept(struct work *work, struct item *item)
{
	struct refund *row = item->row;

	note_answer(row, item->answer);
	row->amount_minor = item->answer->amount_minor;
	row->state = REFUND_ACCEPTED;
	row->wait_code = NULL;
	if (row->sent_ms == 0)
		row->sent_ms = item->answer->made_ms > 0 ? item->answer->made_ms : work->f->now_ms;
	row->polls = 0;
	row->poll_ms = 0;
	work_due(work, work->f->now_ms);
}

/* Violet or the channel began it: theirs to finish, ours to watch. */
static void
watch_foreign(struct work *work, struct item *item)
{
	struct refund *row = item->row;
	bool done;
	enum review_code code = judge(item->answer, item->answer->amount_minor, &done);

	note_answer(row, item->answer);
	if (item->answer->has_amount && item->answer->amount_minor > 0)
		row->amount_minor = item->answer->amount_minor;
	if (code != REVIEW_NONE) {
		item_review(item, code, 0, NULL);
	} else if (done) {
		row->state = REFUND_FOREIGN;
		row->wait_code = NULL;
	} else {
		row->wait_code = WAIT_VIOLET;
		work_poll(work, row);
	}
}

/* Forbidden by sums or by what BigCommerce shows: look again once things have settled, then ask a
 * person. */
static void
block(struct work *work, struct item *item, const char *wait_code, enum review_code code,
    int64_t proposed_minor)
{
	int64_t settle = work->f->conf->settle_ms, now = work->f->now_ms;
	int64_t since = item->was_blocked_ms > 0 ? item->was_blocked_ms : now;

	item->row->blocked_ms = since;
	if (now >= since + settle)
		item_review(item, code, proposed_minor, NULL);
	else
		item_wait(work, item, wait_code, since + settle);
}

bool
item_is_before_install(const struct work *work, const struct item *item)
{
	return item->record != NULL && item->row->attempts == 0 && !item->row->is_settled &&
	       item->record->made_ms > 0 &&
	       item->record->made_ms + CREATED_STEP_MS < work->f->bag->first_installed_ms;
}

/* They were somebody else's to pay, unless Violet shows less than they come to. */
static void
assume_answered(struct work *work, struct item *item)
{
	int64_t old = 0, free = work->paid_free;

	for (size_t i = 0; i < work->count; i++) {
		const struct item *other = &work->items[i];

		if (other->answer == NULL && item_is_before_install(work, other))
			old = work_add(old, other->nominal);
	}
	if (work->paid_is_known && item->nominal > 0 && old <= free) {
		item->row->amount_minor = item->nominal;
		item->row->state = REFUND_FOREIGN;
		item->row->wait_code = NULL;
		return;
	}
	item_review(item, REVIEW_BEFORE_INSTALL, item->nominal, NULL);
}

/* Part of an order that the bag doesn't mirror: a proposal in proportion, with its arithmetic. */
static void
propose(struct work *work, struct item *item)
{
	const struct bc_order *order = work->f->order;
	const struct violet_bag *bag = &work->f->bag->violet;
	int64_t ours = item->split.ours_minor;
	const struct refund_share share = {
		.part_minor = ours,
		.order_minor = order->total_minor,
		.order_currency = order->currency,
		.share_minor = order_pro_rata(ours, order->total_minor, bag->total_minor),
		.bag_minor = bag->total_minor,
		.bag_currency = bag->currency,
	};

	item_review(item, item->fit == FIT_CURRENCY ? REVIEW_CURRENCY : REVIEW_TOTAL,
	    share.share_minor, refund_share_write(work->ctx, &share));
}

/* The shopper may have this part already: how much, and how. */
static void
ask_about_elsewhere(const struct work *work, struct item *item)
{
	char amount[MONEY_TEXT_SIZE];

	item_review(item, REVIEW_GIVEN_ELSEWHERE, 0, NULL);
	item->row->review_reason = mem_printf(work->ctx,
	    "BigCommerce gave %s of this refund back %s. Dismiss this if the shopper has it; "
	    "approve an amount if not.",
	    money_format(item->split.elsewhere_minor, work->f->order->currency, amount),
	    item->split.elsewhere);
}

/* Did a send of it come to another refund of Violet's before, which was taken back? */
static bool
was_paid_again(const struct refund *row)
{
	for (size_t i = 0; i < row->tried_count; i++)
		if (row->tried_ids[i] != row->violet_refund_id)
			return true;
	return false;
}

/*
 * Was the refund paid with this cancellation? It paid all that was left but for the refunds that
 * waited at that time: so one that we have known only since then, whatever is left by now, and one
 * that waited only if nothing is left. What others paid, a person chose, or was paid once more
 * after Violet had failed it, may be any part: then too it was so only if nothing is left. What
 * others of its kind still wait for counts as left: it may be covered itself.
 */
static bool
is_paid_with(const struct work *work, const struct item *item, const struct refund *whole)
{
	bool paid_all_left = whole->sent_ms != 0 && !whole->is_approved && !was_paid_again(whole);
	int64_t left = work_add(work->f->bag->violet.total_minor, -work->paid);

	if (paid_all_left && item->row->created_ms > whole->sent_ms && !item->row->is_approved)
		return true;
	return left <= 0 && left < item->nominal;
}

/* Has a cancellation paid it, or is one that may have done so under way? */
static bool
is_covered(const struct work *work, const struct item *item, bool *under_way)
{
	bool covered = false;

	*under_way = false;
	if (item->row->source != SOURCE_REFUND)
		return false;
	for (size_t i = 0; i < work->count; i++) {
		const struct refund *row = work->items[i].row;

		if (row->source != SOURCE_CANCEL && row->source != SOURCE_STATUS)
			continue;
		if (row->state == REFUND_DONE || row->state == REFUND_FOREIGN)
			covered = covered || is_paid_with(work, item, row);
		if (row->state == REFUND_SENDING || row->state == REFUND_UNKNOWN ||
		    row->state == REFUND_ACCEPTED)
			*under_way = *under_way || is_paid_with(work, item, row);
	}
	return covered && !*under_way && !work_is_in_flight(work);
}

/* The amount to send now, 0 if nothing is left. A full refund sends what is left; so does the one
 * that completes the order, but for cents. */
static int64_t
amount_now(const struct work *work, const struct item *item)
{
	const struct look_facts *f = work->f;
	int64_t left = work_left(work, item), gap = left - item->nominal;
	int64_t slack = order_slack(&f->bag->violet), rest = left > 0 ? left : 0;

	if (item->fit == FIT_FULL)
		return rest;
	if (item->record == &f->refunds[f->refund_count - 1] && gap <= slack && -gap <= slack &&
	    order_is_complete(f->order, f->refunds, f->refund_count))
		return rest;
	return item->nominal;
}

/* The newest moment at which it can have been made: BigCommerce's time, and not after we saw it. */
static int64_t
newest_made(const struct refund *row)
{
	int64_t made_ms = row->made_ms + CREATED_STEP_MS;

	return row->made_ms > 0 && made_ms < row->created_ms ? made_ms : row->created_ms;
}

/* True if a row for a BigCommerce refund may be sent as far as it alone is concerned; otherwise it
 * has been dealt with. */
static bool
is_payable(struct work *work, struct item *item)
{
	struct refund *row = item->row;
	int64_t settled = newest_made(row) + work->f->conf->settle_ms;
	bool under_way;

	if (is_covered(work, item, &under_way)) {
		row->amount_minor = item->nominal;
		row->state = REFUND_COVERED;
		row->wait_code = NULL;
		return false;
	}
	if (under_way) {
		item_wait(work, item, WAIT_CANCEL, work->f->now_ms + work->f->conf->poll_ms);
		return false;
	}
	if (row->user_id <= 0 && !row->is_approved && work->f->now_ms < settled) {
		item_wait(work, item, WAIT_SETTLING, settled);
		return false;
	}
	return true;
}

/* BigCommerce shows the refund, but no longer this part of it. */
static bool
is_void(const struct item *item)
{
	int64_t part = item->row->source == SOURCE_REFUND ? item->split.ours_minor
							  : item->split.elsewhere_minor;

	return item->record != NULL && item->split.is_exact && part == 0;
}

/* Did a payment for a status leave out what waited? Then nobody else pays that. */
static bool
is_left_out(const struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		const struct refund *row = work->items[i].row;
		bool is_waiting = row->state == REFUND_PENDING || row->state == REFUND_REVIEW ||
				  row->state == REFUND_DISMISSED;

		if ((row->source == SOURCE_CANCEL || row->source == SOURCE_STATUS) && !is_waiting)
			return true;
	}
	return false;
}

static void
withdraw(struct item *item)
{
	item_withdraw(
	    item, item->row->source == SOURCE_REFUND ? WITHDRAWN_DECLINED : WITHDRAWN_ELSEWHERE);
}

static void
advance_record(struct work *work, struct item *item)
{
	struct refund *row = item->row;
	bool approved = row->is_approved;

	if (!work->f->is_installed) {
		item_review(item, REVIEW_UNINSTALLED, row->amount_minor, NULL);
	} else if (item->record == NULL && !approved) {
		block(work, item, WAIT_STALE, REVIEW_RECORD_GONE, row->amount_minor);
	} else if (!item->split.is_exact && !approved) {
		item_review(item, REVIEW_INEXACT, 0, NULL);
	} else if (!approved && is_void(item) && is_left_out(work)) {
		item_review(item, REVIEW_PAYMENT_DECLINED, row->amount_minor, NULL);
	} else if (!approved && is_void(item)) {
		withdraw(item);
	} else if (row->source == SOURCE_ELSEWHERE && !approved) {
		ask_about_elsewhere(work, item);
	} else if (!approved && item_is_before_install(work, item)) {
		assume_answered(work, item);
	} else if (!approved && (item->fit == FIT_CURRENCY || item->fit == FIT_TOTAL)) {
		propose(work, item);
	} else if (is_payable(work, item)) {
		row->amount_minor = approved ? row->amount_minor : amount_now(work, item);
		if (row->amount_minor < item->nominal && !approved && !row->is_settled &&
		    work_is_waited_for(work, row->created_ms)) {
			row->wait_code = WAIT_VIOLET;
			work_poll(work, row);
		} else
			item->is_ready = true;
	}
}

static void
advance_pending(struct work *work, struct item *item)
{
	struct refund *row = item->row;

	row->wait_code = NULL;
	if (item->by == MATCH_MARKER || item->by == MATCH_NEW)
		accept(work, item);
	else if (item->answer != NULL)
		watch_foreign(work, item);
	else if (row->violet_refund_id != 0) /* Violet's own, and not shown at the moment */
		block(work, item, WAIT_VIOLET, REVIEW_VANISHED, 0);
	else if (row->source == SOURCE_REFUND || row->source == SOURCE_ELSEWHERE)
		advance_record(work, item);
	/* rows for a status: look_whole.c */
}

/* Found at Violet, or found in contradiction: true if that settles it. */
static bool
resolve(struct work *work, struct item *item)
{
	if (item->answer != NULL) {
		accept(work, item);
	} else if (item->contradiction != NULL) {
		item->answer = item->contradiction; /* not to be tried again beside it */
		note_answer(item->row, item->answer);
		item_review(item, REVIEW_AMOUNT_DIFFERS, 0, NULL);
	} else {
		return false;
	}
	return true;
}

static void
advance_sending(struct work *work, struct item *item)
{
	struct refund *row = item->row;

	if (resolve(work, item))
		return;
	if (work->f->now_ms < work_settled_after(work, row)) {
		work_due(work, work_settled_after(work, row));
		return;
	}
	/* Its sender is dead, or stopped for so long that the send was given up. */
	row->state = REFUND_UNKNOWN;
	work_due(work, work->f->now_ms);
}

/* How long after it was first found absent it must be so still: twice as long with each attempt, as
 * retries back off. */
static int64_t
absence_repeat_ms(const struct work *work, const struct refund *row)
{
	const struct conf *conf = work->f->conf;
	int64_t wait = conf->absence_repeat_ms;

	for (int i = 1; i < row->attempts && wait < conf->retry_maximum_ms; i++)
		wait *= 2;
	if (wait > conf->retry_maximum_ms && conf->absence_repeat_ms < conf->retry_maximum_ms)
		wait = conf->retry_maximum_ms;
	return wait;
}

static void
advance_unknown(struct work *work, struct item *item)
{
	struct refund *row = item->row;
	int64_t now = work->f->now_ms, repeat = absence_repeat_ms(work, row);

	if (resolve(work, item))
		return;
	if (now < work_settled_after(work, row)) {
		work_due(work, work_settled_after(work, row));
	} else if (item->rivals > 0) {
		item_review(item, REVIEW_AMBIGUOUS, 0, NULL);
	} else if (!work->paid_is_known) {
		item_review(item, REVIEW_NO_AMOUNT, 0, NULL);
	} else if (row->absent_ms == 0) {
		row->absent_ms = now;
		work_due(work, now + repeat);
	} else if (now < row->absent_ms + repeat) {
		work_due(work, row->absent_ms + repeat);
	} else {
		row->state = REFUND_PENDING;
		row->absent_ms = 0;
		row->blocked_ms = 0;
		work_due(work, now);
	}
}

static void
advance_accepted(struct work *work, struct item *item)
{
	const struct conf_times *recheck = &work->f->conf->recheck;
	struct refund *row = item->row;
	int64_t patience = recheck->count > 0 ? recheck->ms[recheck->count - 1] : DAY_MS;
	enum review_code code;
	bool done;

	if (item->answer == NULL) {
		if (work->f->now_ms >= row->sent_ms + patience + work->f->conf->settle_ms)
			item_review(item, REVIEW_VANISHED, 0, NULL);
		else
			work_poll(work, row);
		return;
	}
	row->violet_status = item->answer->status;
	code = judge(item->answer, row->amount_minor, &done);
	if (code != REVIEW_NONE)
		item_review(item, code, 0, NULL);
	else if (done)
		row->state = REFUND_DONE;
	else
		work_poll(work, row);
}

/* Violet may take back what it has completed, or a part of it. */
static void
advance_done(struct item *item)
{
	enum review_code code = REVIEW_NONE;
	bool done;

	if (item->answer != NULL)
		code = judge(item->answer, item->row->amount_minor, &done);
	if (code == REVIEW_NONE)
		return;
	item->row->violet_status = item->answer->status;
	item_review(item, code, 0, NULL);
}

/* Reviews whose cause has gone by itself; everything else waits for a person. */
static void
advance_review(struct work *work, struct item *item)
{
	struct refund *row = item->row;
	bool can_go = !item->was_sent && is_void(item);
	/* Only what was waiting to be sent gets these. */
	bool gone = row->review == REVIEW_NO_BAG || row->review == REVIEW_TWO_BAGS ||
		    row->review == REVIEW_UNINSTALLED ||
		    (row->review == REVIEW_RECORD_GONE && item->record != NULL);

	if (work->f->order == NULL)
		return;
	if (can_go && !is_left_out(work)) {
		withdraw(item);
	} else if (gone) {
		row->state = REFUND_PENDING;
		row->blocked_ms = 0;
		work_due(work, work->f->now_ms);
	}
}

void
item_advance(struct work *work, struct item *item)
{
	switch (item->row->state) {
	case REFUND_PENDING:
		advance_pending(work, item);
		break;
	case REFUND_SENDING:
		advance_sending(work, item);
		break;
	case REFUND_UNKNOWN:
		advance_unknown(work, item);
		break;
	case REFUND_ACCEPTED:
		advance_accepted(work, item);
		break;
	case REFUND_DONE:
		advance_done(item);
		break;
	case REFUND_REVIEW:
		advance_review(work, item);
		break;
	case REFUND_DISMISSED:
	case REFUND_COVERED:
	case REFUND_FOREIGN:
	case REFUND__COUNT:
		break;
	}
}
