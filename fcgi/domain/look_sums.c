/* SPDX-License-Identifier: Apache-2.0 */
/* The sums of a look: what is paid, what is owed, what is left, and whether more was paid than
 * owed. */
#include "domain/look_work.h"

#include <string.h>

int64_t
work_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static bool
is_for_record(const struct refund *row)
{
	return row->source == SOURCE_REFUND || row->source == SOURCE_ELSEWHERE;
}

/* What an unpaid row keeps back of the bag. Rows for a status take what is left, so they keep
 * nothing until they are sent. */
static int64_t
reserved(const struct item *item)
{
	const struct refund *row = item->row;
	int64_t amount = row->amount_minor > 0     ? row->amount_minor
			 : row->proposed_minor > 0 ? row->proposed_minor
						   : item->nominal;

	if (item->answer != NULL && match_is_live(item->answer))
		return 0;
	switch (row->state) {
	case REFUND_SENDING:
	case REFUND_UNKNOWN:
		return amount;
	case REFUND_PENDING:
		return is_for_record(row) ? amount : 0;
	case REFUND_REVIEW:
		/* no more than the sums would let a person approve */
		if (row->review == REVIEW_SUMS)
			amount = row->proposed_minor;
		return is_for_record(row) ? amount : 0;
	case REFUND_DISMISSED:
		return row->source == SOURCE_ELSEWHERE ? item->nominal : 0;
	case REFUND_ACCEPTED:
	case REFUND_DONE:
	case REFUND_COVERED:
	case REFUND_FOREIGN:
	case REFUND__COUNT:
		break;
	}
	return 0;
}

int64_t
work_left(const struct work *work, const struct item *but)
{
	int64_t taken = work->paid;

	for (size_t i = 0; i < work->count; i++)
		if (&work->items[i] != but)
			taken = work_add(taken, reserved(&work->items[i]));
	return work_add(work->f->bag->violet.total_minor, -taken);
}

static const struct item *
answered_by(const struct work *work, const struct violet_refund *refund)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].answer == refund)
			return &work->items[i];
	return NULL;
}

bool
work_is_answer(const struct work *work, const struct violet_refund *refund)
{
	return answered_by(work, refund) != NULL;
}

bool
work_is_on_its_way(const struct work *work)
{
	for (size_t i = 0; i < work->f->paid_count; i++) {
		const struct violet_refund *refund = &work->f->paid[i];
		bool is_finished =
		    strcmp(refund->status, "PROCESSING") != 0 && refund->status[0] != '\0';

		if (!is_finished && !work_is_answer(work, refund))
			return true;
	}
	return false;
}

bool
work_is_waited_for(const struct work *work, int64_t since_ms)
{
	const struct conf_times *times = &work->f->conf->recheck;

	return times->count > 0 && work_is_on_its_way(work) &&
	       work->f->now_ms < since_ms + times->ms[times->count - 1];
}

/* The amount of a live Violet refund; one without is worth what we asked for if it is ours, else
 * nobody knows. */
static int64_t
worth(struct work *work, const struct violet_refund *refund, const struct item *item)
{
	if (refund->has_amount && refund->amount_minor >= 0)
		return refund->amount_minor;
	if (item != NULL && item->row->amount_minor > 0)
		return item->row->amount_minor;
	work->paid_is_known = false;
	return 0;
}

/* Violet has said that it has a refund for this row, ours or its own. */
static bool
was_at_violet(const struct refund *row)
{
	bool is_known = row->violet_refund_id != 0;

	return row->state == REFUND_ACCEPTED || row->state == REFUND_DONE ||
	       (is_known && (row->state == REFUND_PENDING || row->state == REFUND_FOREIGN));
}

void
work_sum_paid(struct work *work)
{
	work->paid_is_known = true;
	for (size_t i = 0; i < work->f->paid_count; i++) {
		const struct violet_refund *refund = &work->f->paid[i];
		const struct item *item = answered_by(work, refund);
		int64_t amount = match_is_live(refund) ? worth(work, refund, item) : 0;

		work->paid_seen = work_add(work->paid_seen, amount);
		if (item == NULL)
			work->paid_free = work_add(work->paid_free, amount);
	}
	work->paid = work->paid_seen;
	for (size_t i = 0; i < work->count; i++) {
		const struct refund *row = work->items[i].row;

		if (work->items[i].answer == NULL && was_at_violet(row))
			work->paid = work_add(work->paid, row->amount_minor);
		/* assumed to be answered by what answers no row by name */
		if (row->state == REFUND_FOREIGN && row->violet_refund_id == 0 &&
		    is_for_record(row))
			work->paid_free = work_add(work->paid_free, -row->amount_minor);
	}
}

/* What BigCommerce's refund makes us owe, as far as it is certain. */
static int64_t
certain_for(const struct item *item)
{
	bool certain = item->split.is_exact && (item->fit == FIT_SAME || item->fit == FIT_FULL);

	if (item->row->source == SOURCE_REFUND && item->record != NULL &&
	    item->split.ours_minor > 0 && certain)
		return item->nominal;
	return 0;
}

/* What a row for BigCommerce's refund makes us owe. A person may approve more than that refund
 * says, or only what is missing of it: then the rest is owed as well, and paid. */
static int64_t
owed_for(const struct item *item)
{
	const struct refund *row = item->row;
	int64_t certain = certain_for(item);

	if (!is_for_record(row))
		return 0;
	if (row->is_approved && row->state != REFUND_DISMISSED)
		return row->amount_minor > certain ? row->amount_minor : certain;
	/* A person may be asked about a part only, which was approved before. */
	if ((row->state == REFUND_REVIEW || row->state == REFUND_DISMISSED) &&
	    certain > row->amount_minor)
		return certain;
	if (item->record != NULL && (row->violet_refund_id != 0 || row->state == REFUND_SENDING ||
					row->state == REFUND_UNKNOWN))
		return row->amount_minor;
	return certain;
}

void
work_sum_owed(struct work *work)
{
	int64_t total = work->f->bag->violet.total_minor, owed = 0, elsewhere = 0;
	int64_t slack = order_slack(&work->f->bag->violet);

	for (size_t i = 0; i < work->count; i++) {
		owed = work_add(owed, owed_for(&work->items[i]));
		if (work->items[i].row->source == SOURCE_ELSEWHERE &&
		    !work->items[i].row->is_approved)
			elsewhere = work_add(elsewhere, reserved(&work->items[i]));
	}
	/* Cents of rounding between order and bag. */
	if (work->f->order != NULL && owed - total <= slack && total - owed <= slack &&
	    order_is_complete(work->f->order, work->f->refunds, work->f->refund_count))
		owed = total;
	if (work->whole_in_force && total - elsewhere > owed)
		owed = total - elsewhere;
	if (work->f->order == NULL)
		owed = work->f->bag->owed_minor;
	work->plan->owed_minor = owed;
	work->plan->paid_minor = work->paid;
}

/* Is this Violet refund of our making? */
static bool
is_ours(const struct work *work, const struct violet_refund *refund)
{
	const struct item *item = answered_by(work, refund);

	if (item != NULL && item->row->state != REFUND_FOREIGN && item->was_sent)
		return true;
	for (size_t i = 0; i < work->count; i++) {
		const struct refund *row = work->items[i].row;

		if (row->attempts > 0 && match_has_marker(refund->reason, row->marker))
			return true;
	}
	return false;
}

/* Did we send anything that Violet itself might have been paying as well? */
static bool
risked_race(const struct work *work)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].row->attempts > 0 && work->items[i].row->user_id <= 0)
			return true;
	return false;
}

/*
 * The most that may be paid without alarm: what is owed, or was when we last sent. A status that
 * makes the whole bag owed counts from its first moment: Violet need not wait for our grace time.
 */
static int64_t
most_justified(const struct work *work)
{
	const struct bag *bag = &work->plan->bag;
	int64_t most = work->plan->owed_minor;

	if (bag->status == ORDER_CANCELLED || bag->status == ORDER_REFUNDED)
		return bag->violet.total_minor;
	return most > bag->justified_minor ? most : bag->justified_minor;
}

/* BigCommerce is not asked, or its list lacks a refund that it has shown before: what is owed can't
 * be told from it. */
static bool
is_stale(const struct work *work)
{
	if (work->f->order == NULL)
		return true;
	for (size_t i = 0; i < work->count; i++)
		if (is_for_record(work->items[i].row) && work->items[i].record == NULL)
			return true;
	return false;
}

/*
 * Paid more than owed, by our doing. What Violet or a channel pays may be with us before
 * BigCommerce's record of it, so theirs counts only once it is older than the settling time, and
 * only if we could have paid the same thing.
 */
void
work_compare(struct work *work)
{
	struct bag *bag = &work->plan->bag;
	int64_t most = most_justified(work);
	int64_t ours = 0, theirs = 0, settle = work->f->conf->settle_ms;

	for (size_t i = 0; i < work->f->paid_count; i++) {
		const struct violet_refund *refund = &work->f->paid[i];

		if (!match_is_live(refund) || !refund->has_amount)
			continue;
		if (is_ours(work, refund))
			ours = work_add(ours, refund->amount_minor);
		else if (refund->made_ms + settle <= work->f->now_ms)
			theirs = work_add(theirs, refund->amount_minor);
		else
			work_due(work, refund->made_ms + settle);
	}
	if (ours == 0 || bag->overpaid_ms != 0)
		return;
	theirs = risked_race(work) && !is_stale(work) ? theirs : 0;
	if (work_add(ours, theirs) > most) {
		bag->overpaid_ms = work->f->now_ms;
		work->plan->overpaid_now = true;
	}
}
