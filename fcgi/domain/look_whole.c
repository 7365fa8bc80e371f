/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders that owe by their status alone: cancelled, or set by hand without records. A mis-click is
 * undone within the grace time; a stale list of refunds beside the status is found out by reading
 * again after it.
 */
#include "domain/look_work.h"

#include <string.h>

#include "base/mem.h"

static bool
same_refunds(const struct look_facts *f)
{
	const struct bag *bag = f->bag;

	if (bag->status_refund_count != f->refund_count)
		return false;
	for (size_t i = 0; i < f->refund_count; i++)
		if (bag->status_refund_ids[i] != f->refunds[i].id)
			return false;
	return true;
}

static void
note_refunds(struct work *work, struct bag *bag)
{
	int64_t *ids = mem_array(work->ctx, int64_t, work->f->refund_count + 1);

	for (size_t i = 0; i < work->f->refund_count; i++)
		ids[i] = work->f->refunds[i].id;
	bag->status_refund_ids = ids;
	bag->status_refund_count = work->f->refund_count;
	bag->status_seen_ms = work->f->now_ms;
}

/* Follow the status: a new one begins an episode, other refunds beside it begin the grace time
 * again. */
static void
follow(struct work *work, enum order_whole whole)
{
	struct bag *bag = &work->plan->bag;

	if (whole == WHOLE_NONE) {
		bag->status = 0;
		bag->status_seen_ms = 0;
		bag->status_refund_ids = NULL;
		bag->status_refund_count = 0;
	} else if (bag->status != work->f->order->status_id) {
		bag->status = work->f->order->status_id;
		bag->episode++;
		note_refunds(work, bag);
	} else if (!same_refunds(work->f)) {
		note_refunds(work, bag);
	}
}

static bool
is_for_status(const struct refund *row)
{
	return row->source == SOURCE_CANCEL || row->source == SOURCE_STATUS;
}

/* It waits, and did so before this look. One that has only just come to that is left for the next
 * look. */
static bool
is_waiting(const struct item *item)
{
	return item->row->state == REFUND_PENDING && item->was == REFUND_PENDING;
}

static struct item *
current_row(struct work *work, enum order_whole whole)
{
	enum refund_source source = whole == WHOLE_CANCELLED ? SOURCE_CANCEL : SOURCE_STATUS;

	for (size_t i = 0; whole != WHOLE_NONE && i < work->count; i++)
		if (work->items[i].row->source == source &&
		    work->items[i].row->source_id == work->plan->bag.episode)
			return &work->items[i];
	return NULL;
}

/* A refund of this order that a person dismissed, or whose amount nobody knows: then what is left
 * is not for us to say. */
static enum review_code
doubt_about_left(const struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		const struct item *item = &work->items[i];
		const struct refund *row = item->row;

		if (row->source != SOURCE_REFUND)
			continue;
		if (row->state == REFUND_DISMISSED && item->split.ours_minor > 0)
			return REVIEW_DISMISSED_BEFORE;
		if (row->state == REFUND_REVIEW && row->amount_minor == 0 &&
		    row->proposed_minor == 0)
			return REVIEW_INEXACT;
	}
	return REVIEW_NONE;
}

/* Why this status is for a person to decide; REVIEW_NONE: it is ours to pay. */
static enum review_code
needs_person(const struct work *work, enum order_whole whole)
{
	switch (whole) {
	case WHOLE_DECLINED:
		return REVIEW_DECLINED;
	case WHOLE_PARTLY:
		return REVIEW_PARTIAL_BY_HAND;
	case WHOLE_REFUNDED_WITH_LESS:
		return REVIEW_REFUNDED_WITH_LESS;
	case WHOLE_CANCELLED:
	case WHOLE_REFUNDED:
		if (work->f->cancel_needs_review)
			return REVIEW_CANCEL_POLICY;
		return doubt_about_left(work);
	case WHOLE_NONE:
		break;
	}
	return REVIEW_NONE;
}

static bool
is_cancelled_by_others(const struct look_facts *f, enum order_whole whole)
{
	return whole == WHOLE_CANCELLED && f->cancelled_by != NULL &&
	       (strcmp(f->cancelled_by, "CHANNEL") == 0 || strcmp(f->cancelled_by, "VIOLET") == 0);
}

/* Violet pays what Violet or a channel cancelled. It is watched until it has, and given to a person
 * if it doesn't. */
static void
watch_cancellation(struct work *work, struct item *item, int64_t left)
{
	const struct conf_times *times = &work->f->conf->recheck;
	int64_t since = item->row->made_ms, now = work->f->now_ms;

	item->row->amount_minor = left;
	for (int i = 0; i < times->count; i++) {
		if (since + times->ms[i] > now) {
			item_wait(work, item, WAIT_VIOLET, since + times->ms[i]);
			return;
		}
	}
	item_review(item, REVIEW_VIOLET_DID_NOT_PAY, left, NULL);
}

static void
close_row(struct item *item, enum refund_state state)
{
	item->row->state = state;
	item->row->wait_code = NULL;
}

static void
pay_left(struct work *work, struct item *item, int64_t left)
{
	struct refund *row = item->row;

	if (!row->is_approved && !row->is_settled && work_is_waited_for(work, row->made_ms)) {
		row->wait_code = WAIT_VIOLET;
		work_poll(work, row);
		return;
	}
	row->amount_minor = row->is_approved ? row->amount_minor : left;
	item->is_ready = true;
}

/* The row of the present status, after the grace time and with the list of refunds as it was. */
static void
decide_row(struct work *work, struct item *item, enum order_whole whole)
{
	struct refund *row = item->row;
	bool decided = row->is_approved || row->is_settled,
	     others = is_cancelled_by_others(work->f, whole);
	int64_t left = work_left(work, item);
	enum review_code code = needs_person(work, whole);

	if (item->answer != NULL)
		return; /* accepted by item_advance */
	if (work_is_in_flight(work))
		row->wait_code = WAIT_TURN; /* that asks for the next look */
	else if (left <= 0 && !row->is_approved && work_is_on_its_way(work)) {
		row->wait_code = WAIT_VIOLET;
		work_poll(work, row);
	} else if (left <= 0 && !row->is_approved)
		close_row(item, others ? REFUND_FOREIGN : REFUND_COVERED);
	else if (others && !decided) /* whatever the store's policy: nothing of it is ours to pay */
		watch_cancellation(work, item, left);
	else if (code != REVIEW_NONE && !decided)
		item_review(item, code, whole == WHOLE_PARTLY ? 0 : left, NULL);
	else if (whole == WHOLE_PARTLY && !row->is_approved)
		item_review(item, code, 0, NULL);
	else
		pay_left(work, item, left);
}

/* For a status that the order no longer has, Violet had paid this and failed it, and a person has
 * it paid again: as approved, or else the refunds that it covered. */
static void
pay_covered(struct work *work, struct item *item)
{
	int64_t left = work_left(work, item), covered = 0;

	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].row->state == REFUND_COVERED)
			covered = work_add(covered, work->items[i].row->amount_minor);
	if (work_is_in_flight(work))
		item->row->wait_code = WAIT_TURN; /* that asks for the next look */
	else if ((left > 0 && covered > 0) || item->row->is_approved)
		pay_left(work, item, left < covered ? left : covered);
	else
		item_withdraw(item, WITHDRAWN_STATUS);
}

/* Rows for a status that the order no longer has: nothing is owed, unless something was sent. */
static void
settle_others(struct work *work, const struct item *current)
{
	for (size_t i = 0; i < work->count; i++) {
		struct item *item = &work->items[i];
		bool is_asked = item->row->state == REFUND_REVIEW && !item->was_sent;

		if (!is_for_status(item->row) || item == current)
			continue;
		if (is_waiting(item) && item->row->tried_count > 0)
			pay_covered(work, item);
		else if (is_waiting(item) || is_asked)
			item_withdraw(item, WITHDRAWN_STATUS);
	}
}

/* The whole bag is owed if the status says so and nobody has decided, or still has to decide,
 * otherwise. */
static bool
is_in_force(const struct work *work, const struct item *item, enum order_whole whole)
{
	if (whole != WHOLE_CANCELLED && whole != WHOLE_REFUNDED)
		return false;
	if (item == NULL)
		return needs_person(work, whole) == REVIEW_NONE;
	return item->row->state != REFUND_REVIEW && item->row->state != REFUND_DISMISSED;
}

static struct item *
make_row(struct work *work, enum order_whole whole)
{
	enum refund_source source = whole == WHOLE_CANCELLED ? SOURCE_CANCEL : SOURCE_STATUS;

	return work_new_row(
	    work, source, work->plan->bag.episode, 0, work->plan->bag.status_seen_ms);
}

/* Was it paid back as cancelled, and is open again? Nothing is taken back, but it is shown. */
static void
note_reopened(struct work *work, enum order_whole whole)
{
	struct bag *bag = &work->plan->bag;
	bool paid = false;

	for (size_t i = 0; i < work->count; i++) {
		const struct refund *row = work->items[i].row;

		if (is_for_status(row) &&
		    (row->state == REFUND_ACCEPTED || row->state == REFUND_DONE))
			paid = true;
	}
	if (!paid || whole != WHOLE_NONE || work->f->order->status_id == ORDER_REFUNDED)
		bag->reopened_ms = 0;
	else if (bag->reopened_ms == 0)
		bag->reopened_ms = work->f->now_ms;
}

/* Without the order its status can't be read again: nothing is sent for it but what a person
 * approved. What was in its grace time has no row yet. */
static void
give_up(struct work *work)
{
	enum order_whole whole = work->plan->bag.status == ORDER_CANCELLED  ? WHOLE_CANCELLED
				 : work->plan->bag.status == ORDER_REFUNDED ? WHOLE_REFUNDED
									    : WHOLE_NONE;

	if (whole != WHOLE_NONE && current_row(work, whole) == NULL && work_left(work, NULL) > 0)
		make_row(work, whole)->row->amount_minor = work_left(work, NULL);
	for (size_t i = 0; i < work->count; i++) {
		struct item *item = &work->items[i];

		if (!is_for_status(item->row) || item->row->state != REFUND_PENDING)
			continue;
		if (work->f->is_installed && item->row->is_approved)
			item->is_ready = is_waiting(item);
		else
			item_review(item,
			    work->f->is_installed ? REVIEW_RECORD_GONE : REVIEW_UNINSTALLED,
			    item->row->amount_minor, NULL);
	}
}

void
work_whole(struct work *work)
{
	const struct look_facts *f = work->f;
	enum order_whole whole;
	struct item *item;
	int64_t wait, ready_ms;

	if (f->order == NULL) {
		give_up(work);
		return;
	}
	whole = order_whole(f->order, f->refunds, f->refund_count);
	follow(work, whole);
	item = current_row(work, whole);
	settle_others(work, item);
	note_reopened(work, whole);
	if (whole == WHOLE_NONE)
		return;
	wait = f->cancel_grace_ms > f->conf->settle_ms ? f->cancel_grace_ms : f->conf->settle_ms;
	ready_ms = work->plan->bag.status_seen_ms + wait;
	if (f->now_ms < ready_ms) {
		work_due(work, ready_ms);
		if (item != NULL && item->row->state == REFUND_PENDING)
			item->row->wait_code = WAIT_GRACE;
		return;
	}
	if (item == NULL && (work_left(work, NULL) > 0 || work_is_on_its_way(work)))
		item = make_row(work, whole);
	if (item != NULL && is_waiting(item))
		decide_row(work, item, whole);
	work->whole_in_force = is_in_force(work, item, whole);
}
