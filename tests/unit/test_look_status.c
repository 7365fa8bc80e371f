/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at orders that owe by their status alone, told as stories: cancelled, reopened, set by
 * hand. */
#include "test.h"

#include "story.h"

/* Cancellations -------------------------------------------------------------------------------- */

static void
a_cancelled_order_is_paid_after_the_grace_time(void **state)
{
	(void)state;
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	EXPECT(&s, "");
	assert_int_equal(s.plan.next_ms, START + 600 * SECOND);
	scene_later(&s, 600 * SECOND - 1);
	scene_look(&s);
	EXPECT(&s, "");
	scene_later(&s, 1);
	scene_look(&s);
	EXPECT(&s, "cancel=pending:5000 >cancel");
	assert_int_equal(s.plan.owed_minor, 5000);
}

static void
a_short_grace_time_still_lets_violet_settle(void **state)
{
	(void)state;
	s.grace = 0;
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	EXPECT(&s, "");
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=pending:5000 >cancel");
}

static void
a_misclick_reopened_in_time_owes_nothing(void **state)
{
	(void)state;
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	s.order.status_id = 11;
	scene_later(&s, 300 * SECOND);
	scene_look(&s);
	scene_later(&s, HOUR);
	scene_look(&s);
	EXPECT(&s, "");
	assert_int_equal(s.plan.owed_minor, 0);
	assert_int_equal(s.plan.next_ms, 0);
}

static void
reopened_after_it_was_paid_is_shown_and_nothing_taken_back(void **state)
{
	(void)state;
	cancelled_for_good();
	scene_run(&s);
	s.order.status_id = 11;
	scene_later(&s, HOUR);
	scene_look(&s);
	EXPECT(&s, "cancel=done:5000");
	assert_true(s.bag.reopened_ms != 0);
	assert_false(s.plan.overpaid_now);
	assert_int_equal(s.plan.owed_minor, 0);
	s.order.status_id = ORDER_CANCELLED; /* and cancelled once more: paid already */
	scene_look(&s);
	scene_later(&s, HOUR);
	scene_look(&s);
	EXPECT(&s, "cancel=done:5000");
	assert_int_equal(s.bag.reopened_ms, 0);
	assert_int_equal(s.plan.owed_minor, 5000);
}

static void
cancelled_after_partials_pays_what_is_left(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_run(&s);
	cancelled_for_good();
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 cancel=done:4000");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
a_partial_still_to_be_paid_is_left_out_of_the_cancellation(void **state)
{
	(void)state;
	s.bag.brake = BRAKE_HOLD;
	scene_refund(&s, 1000, 7);
	cancelled_for_good();
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/hold cancel=pending:4000/hold");
	s.bag.brake = BRAKE_NONE;
	scene_run(&s);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 cancel=done:4000");
}

/* BigCommerce's guide to refund a cancelled order: reopen, refund, cancel again. */
static void
cancelled_paid_reopened_refunded_cancelled_pays_once(void **state)
{
	(void)state;
	cancelled_for_good();
	scene_run(&s);
	s.order.status_id = 11;
	scene_look(&s);
	scene_refund(&s, 5000, 7);
	scene_look(&s);
	EXPECT(&s, "cancel=done:5000 r1=covered:5000");
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	scene_later(&s, HOUR);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000 r1=covered:5000");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
the_same_within_the_grace_time_pays_the_record(void **state)
{
	static const int path[] = { ORDER_CANCELLED, 11 };

	(void)state;
	for (size_t i = 0; i < COUNT(path); i++) {
		s.order.status_id = path[i];
		scene_look(&s);
		scene_later(&s, 10 * SECOND);
	}
	scene_refund(&s, 5000, 7);
	scene_run(&s);
	s.order.status_id = ORDER_CANCELLED;
	for (int i = 0; i < 5; i++) {
		scene_run(&s);
		scene_later(&s, 600 * SECOND);
	}
	EXPECT(&s, "r1=done:5000");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
a_cancellation_begun_by_the_channel_is_violets_to_pay(void **state)
{
	(void)state;
	s.order.status_id = ORDER_CANCELLED;
	s.cancelled_by = "CHANNEL";
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=pending:5000/violet");
	scene_violet(&s, 5000, "COMPLETED", "cancelled", 0);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=foreign:5000");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
the_stores_policy_does_not_ask_about_what_violet_pays(void **state)
{
	(void)state;
	s.cancel_needs_review = true;
	s.order.status_id = ORDER_CANCELLED;
	s.cancelled_by = "CHANNEL";
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=pending:5000/violet");
	scene_violet(&s, 5000, "COMPLETED", "cancelled", 0);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=foreign:5000");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
a_cancellation_that_violet_never_pays_needs_a_person(void **state)
{
	(void)state;
	s.order.status_id = ORDER_CANCELLED;
	s.cancelled_by = "VIOLET";
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	scene_later(&s, 24 * HOUR);
	scene_look(&s);
	EXPECT(&s, "cancel=review:5000/violet_did_not_pay?5000");
	scene_settle(&s, 0, 5000);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000");
}

static void
a_cancellation_by_the_merchant_seen_at_violet_is_ours(void **state)
{
	(void)state;
	s.order.status_id = ORDER_CANCELLED;
	s.cancelled_by = "MERCHANT";
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=pending:5000 >cancel");
}

static void
violet_paying_a_cancellation_in_the_grace_time_leaves_nothing(void **state)
{
	(void)state;
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	scene_violet(&s, 5000, "PROCESSING", "", 0);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=pending/violet");
	assert_true(s.plan.next_ms > s.now);
	s.violet[0].status = "COMPLETED";
	scene_look(&s);
	EXPECT(&s, "cancel=covered");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
violet_failing_to_pay_a_cancellation_leaves_it_to_us(void **state)
{
	(void)state;
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	scene_violet(&s, 5000, "PROCESSING", "", 0);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	s.violet[0].status = "FAILED";
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
uninstalled_in_the_grace_time_is_for_a_person_to_see(void **state)
{
	(void)state;
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	s.is_installed = false;
	scene_look(&s);
	EXPECT(&s, "cancel=review:5000/uninstalled?5000");
	s.is_installed = true;
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000");
}

static void
a_cancellation_whose_order_is_gone_can_be_approved(void **state)
{
	(void)state;
	s.bag.brake = BRAKE_HOLD;
	cancelled_for_good();
	scene_look(&s);
	s.bag.brake = BRAKE_NONE;
	s.order_is_known = false;
	scene_look(&s);
	EXPECT(&s, "cancel=review:5000/record_gone?5000");
	scene_settle(&s, 0, 4000);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:4000");
	assert_int_equal(s.bag.overpaid_ms, 0);
}

static void
the_stores_policy_asks_a_person(void **state)
{
	(void)state;
	s.cancel_needs_review = true;
	cancelled_for_good();
	scene_look(&s);
	EXPECT(&s, "cancel=review/cancel_policy?5000");
	assert_int_equal(s.plan.owed_minor, 0);
	scene_settle(&s, 0, 5000);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000");
}

static void
a_review_is_withdrawn_when_the_order_is_reopened(void **state)
{
	(void)state;
	s.cancel_needs_review = true;
	cancelled_for_good();
	scene_look(&s);
	s.order.status_id = 11;
	scene_look(&s);
	EXPECT(&s, "cancel=dismissed");
	cancelled_for_good();
	scene_look(&s);
	EXPECT(&s, "cancel=dismissed cancel2=review/cancel_policy?5000");
}

static void
a_held_cancellation_is_withdrawn_when_the_order_is_reopened(void **state)
{
	(void)state;
	s.bag.brake = BRAKE_HOLD;
	cancelled_for_good();
	scene_look(&s);
	EXPECT(&s, "cancel=pending:5000/hold");
	s.order.status_id = 11;
	scene_look(&s);
	EXPECT(&s, "cancel=dismissed:5000");
}

/* A row moves once in a look: what was only just proved absent is withdrawn, or covered, by the
 * next one. */
static void
reopened_while_its_send_was_lost(void **state)
{
	struct refund *row;

	(void)state;
	cancelled_for_good();
	scene_look(&s);
	row = scene_send(&s);
	row->state = REFUND_UNKNOWN;
	s.order.status_id = 11;
	scene_later(&s, 170 * SECOND);
	scene_look(&s);
	scene_later(&s, 60 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=pending:5000");
	assert_int_equal(s.plan.next_ms, s.now);
	scene_look(&s);
	EXPECT(&s, "cancel=dismissed:5000");
}

static void
paid_by_the_channel_while_its_send_was_lost(void **state)
{
	struct refund *row;

	(void)state;
	cancelled_for_good();
	scene_look(&s);
	row = scene_send(&s);
	row->state = REFUND_UNKNOWN;
	scene_later(&s, 170 * SECOND);
	scene_look(&s);
	scene_violet(&s, 2000, "COMPLETED", "shopper called", 0);
	scene_violet(&s, 3000, "COMPLETED", "shopper called", 0);
	scene_later(&s, 60 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=pending:5000");
	scene_look(&s);
	EXPECT(&s, "cancel=covered:5000");
}

/* Without its reason a lost send is nobody's at first: it must not be taken out of the bag twice.
 */
static void
a_cancellation_waits_for_a_partial_whose_send_was_lost(void **state)
{
	(void)state;
	s.bag.brake = BRAKE_HOLD;
	scene_refund(&s, 3000, 7);
	cancelled_for_good();
	scene_look(&s);
	EXPECT(&s, "r1=pending:3000/hold cancel=pending:2000/hold");
	s.bag.brake = BRAKE_NONE;
	scene_look(&s);
	(void)scene_send(&s);
	scene_violet(&s, 3000, "COMPLETED", "", 0);
	scene_later(&s, 10 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=sending:3000 cancel=pending:2000/turn");
	for (int i = 0; i < 6; i++) {
		scene_later(&s, 60 * SECOND);
		scene_run(&s);
	}
	EXPECT(&s, "r1=done:3000 cancel=done:2000");
}

static void
nor_is_one_that_violet_books_with_another_amount(void **state)
{
	struct refund *row;

	(void)state;
	s.bag.brake = BRAKE_HOLD;
	scene_refund(&s, 4900, 7);
	cancelled_for_good();
	scene_look(&s);
	s.bag.brake = BRAKE_NONE;
	scene_look(&s);
	row = scene_send(&s);
	scene_violet(&s, 300, "COMPLETED", row->marker, 0);
	row->state = REFUND_UNKNOWN;
	scene_later(&s, 170 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:4900/amount_differs cancel=pending:4700/frozen");
	scene_settle(&s, 0, 4600);
	for (int i = 0; i < 3; i++)
		scene_run(&s);
	EXPECT(&s, "r1=done:4600 cancel=done:100");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
a_cancellation_waits_for_what_the_channel_has_under_way(void **state)
{
	(void)state;
	scene_violet(&s, 1000, "PROCESSING", "goodwill", 0);
	cancelled_for_good();
	scene_look(&s);
	EXPECT(&s, "cancel=pending/violet");
	assert_true(s.plan.next_ms > s.now);
	s.violet[0].status = "FAILED";
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000");
}

/* Not for ever: the shopper's money does not hang on a word of Violet's that never comes. */
static void
but_a_day_at_most(void **state)
{
	(void)state;
	scene_violet(&s, 1000, "PROCESSING", "goodwill", 0);
	cancelled_for_good();
	scene_look(&s);
	scene_later(&s, 24 * HOUR);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:4000");
}

/* The cancellation left the first refund to a person, who closed it; the second was paid with the
 * cancellation. */
static void
a_refund_after_a_paid_cancellation_is_covered_whatever_is_left(void **state)
{
	(void)state;
	scene_refund(&s, 3000, 7);
	s.refunds[0].made_ms = s.bag.first_installed_ms - HOUR;
	cancelled_for_good();
	scene_run(&s);
	scene_look(&s);
	EXPECT(&s, "r1=review/before_install?3000 cancel=done:2000");
	s.rows[0].state = REFUND_DISMISSED;
	s.order.status_id = 11;
	scene_later(&s, HOUR);
	scene_look(&s);
	scene_refund(&s, 2000, 7);
	scene_run(&s);
	EXPECT(&s, "r1=dismissed cancel=done:2000 r2=covered:2000");
	assert_int_equal(scene_paid(&s), 2000);
}

/* A cancellation leaves out what waits for a person, so it has not paid that. */
static void
a_refund_from_before_a_paid_cancellation_is_not_covered(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	s.refunds[0].made_ms = s.bag.first_installed_ms - HOUR;
	cancelled_for_good();
	scene_run(&s);
	scene_violet(&s, 400, "COMPLETED", "goodwill", 0);
	scene_later(&s, HOUR);
	scene_look(&s);
	EXPECT(&s, "r1=review/before_install?1000 cancel=done:4000");
	scene_settle(&s, 0, 0);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/sums cancel=done:4000");
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/sums?600 cancel=done:4000");
}

/* What was left out of a cancellation is still owed beside a record of what that paid. */
static void
a_refund_left_out_is_not_covered_beside_one_that_is(void **state)
{
	(void)state;
	scene_refund(&s, 2000, 7);
	s.refunds[0].made_ms = s.bag.first_installed_ms - HOUR;
	cancelled_for_good();
	scene_run(&s);
	scene_look(&s);
	EXPECT(&s, "r1=review/before_install?2000 cancel=done:3000");
	s.bag.brake = BRAKE_HOLD;
	scene_settle(&s, 0, 2000);
	scene_later(&s, HOUR);
	scene_refund(&s, 3000, 7);
	scene_look(&s);
	EXPECT(&s, "r1=pending:2000/hold cancel=done:3000 r2=covered:3000");
	s.bag.brake = BRAKE_NONE;
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:2000 cancel=done:3000 r2=covered:3000");
	assert_int_equal(scene_paid(&s), 5000);
}

/* The payment that covered a refund fails, and a person has it tried again. */
static void
tried_again_it_pays_what_it_covered(void **state)
{
	(void)state;
	cancelled_for_good();
	scene_run(&s);
	s.order.status_id = 11;
	scene_look(&s);
	scene_refund(&s, 5000, 7);
	scene_look(&s);
	EXPECT(&s, "cancel=done:5000 r1=covered:5000");
	s.violet[0].status = "FAILED";
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=review:5000/violet_failed r1=covered:5000");
	scene_settle(&s, 0, 0);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000 r1=covered:5000");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
tried_again_it_pays_no_more_than_that(void **state)
{
	(void)state;
	cancelled_for_good();
	scene_run(&s);
	scene_later(&s, SECOND);
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	s.violet[0].status = "FAILED";
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	scene_settle(&s, 0, 0);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:1000 r1=covered:1000");
	/* And covers nothing of what comes later. */
	scene_refund(&s, 2000, 7);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:1000 r1=covered:1000 r2=done:2000");
	assert_int_equal(scene_paid(&s), 3000);
}

/* Of an order that is open again nothing is owed, but what a person approves. */
static void
of_a_reopened_order_it_pays_what_is_approved(void **state)
{
	(void)state;
	cancelled_for_good();
	scene_run(&s);
	s.order.status_id = 11;
	s.violet[0].status = "FAILED";
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	scene_settle(&s, 0, 5000);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000");
}

/* A goodwill refund is in the way of the merchant's: it is proposed without that part. */
static void
a_cancellation_leaves_out_what_is_proposed_and_no_more(void **state)
{
	(void)state;
	scene_refund(&s, 3000, 7);
	scene_violet(&s, 800, "COMPLETED", "goodwill", 0);
	scene_look(&s);
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:3000/sums?2200");
	cancelled_for_good();
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=review:3000/sums?2200 cancel=done:2000");
	scene_settle(&s, 0, 2200);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:2200 cancel=done:2000");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
cancelled_after_a_dismissal_needs_a_person(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_violet(&s, 1000, "COMPLETED", "", 0);
	scene_look(&s);
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	s.rows[0].state = REFUND_DISMISSED;
	cancelled_for_good();
	scene_look(&s);
	EXPECT(&s, "r1=dismissed:1000 cancel=review/dismissed_before?4000");
}

/* Set by hand ---------------------------------------------------------------------------------- */

static void
set_to_refunded_by_hand_owes_the_bag(void **state)
{
	(void)state;
	s.order.status_id = ORDER_REFUNDED;
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "cancel=done:5000");
	assert_int_equal(s.rows[0].source, SOURCE_STATUS);
}

static void
a_stale_empty_list_beside_refunded_pays_the_record_only(void **state)
{
	(void)state;
	scene_refund(&s, 4500, 7);
	s.order.status_id = ORDER_REFUNDED;
	s.refunds_hidden = 1;
	scene_look(&s);
	EXPECT(&s, "");
	s.refunds_hidden = 0;
	scene_later(&s, 600 * SECOND);
	scene_run(&s);
	EXPECT(&s, "r1=done:4500 >r1");
	scene_later(&s, 600 * SECOND);
	scene_run(&s);
	/* Refunded with less than the total: the rest is for a person. */
	EXPECT(&s, "r1=done:4500 cancel=review/refunded_with_less?500");
	assert_int_equal(scene_paid(&s), 4500);
}

static void
a_list_that_grows_beside_the_status_begins_the_grace_time_again(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	s.refunds_hidden = 1;
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	scene_later(&s, 599 * SECOND);
	s.refunds_hidden = 0;
	scene_run(&s);
	scene_later(&s, SECOND);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000");
	scene_later(&s, 600 * SECOND);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 cancel=done:4000 >cancel");
}

static void
other_statuses_need_a_person(void **state)
{
	static const struct {
		int status;
		const char *text;
	} cases[] = {
		{ ORDER_PARTLY_REFUNDED, "cancel=review/partial_by_hand" },
		{ ORDER_DECLINED, "cancel=review/declined?5000" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scene_begin(&s, *state);
		s.order.status_id = cases[i].status;
		scene_look(&s);
		EXPECT(&s, "");
		scene_later(&s, 600 * SECOND);
		scene_look(&s);
		EXPECT(&s, cases[i].text);
		scene_settle(&s, 0, 1200);
		scene_run(&s);
		scene_run(&s);
		EXPECT(&s, "cancel=done:1200");
	}
}

/* A person named an amount for the status; the merchant refunds more of the order later. */
static void
a_refund_after_an_approved_part_pays_what_is_left(void **state)
{
	static const int statuses[] = { ORDER_PARTLY_REFUNDED, ORDER_DECLINED, ORDER_CANCELLED };

	for (size_t i = 0; i < COUNT(statuses); i++) {
		scene_begin(&s, *state);
		s.cancel_needs_review = true;
		s.order.status_id = statuses[i];
		scene_look(&s);
		scene_later(&s, 600 * SECOND);
		scene_look(&s);
		scene_settle(&s, 0, 1200);
		scene_run(&s);
		scene_run(&s);
		scene_later(&s, 24 * HOUR);
		scene_refund(&s, 5000, 7);
		scene_run(&s);
		scene_run(&s);
		EXPECT(&s, "cancel=done:1200 r1=done:3800");
		assert_int_equal(scene_paid(&s), 5000);
	}
}

static void
and_more_than_is_left_is_for_a_person(void **state)
{
	(void)state;
	s.order.status_id = ORDER_PARTLY_REFUNDED;
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	scene_settle(&s, 0, 1200);
	scene_run(&s);
	scene_run(&s);
	scene_refund(&s, 4000, 7);
	scene_look(&s);
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "cancel=done:1200 r1=review:4000/sums?2800");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_cancelled_order_is_paid_after_the_grace_time),
		STORY(a_short_grace_time_still_lets_violet_settle),
		STORY(a_misclick_reopened_in_time_owes_nothing),
		STORY(reopened_after_it_was_paid_is_shown_and_nothing_taken_back),
		STORY(cancelled_after_partials_pays_what_is_left),
		STORY(a_partial_still_to_be_paid_is_left_out_of_the_cancellation),
		STORY(cancelled_paid_reopened_refunded_cancelled_pays_once),
		STORY(the_same_within_the_grace_time_pays_the_record),
		STORY(a_cancellation_begun_by_the_channel_is_violets_to_pay),
		STORY(the_stores_policy_does_not_ask_about_what_violet_pays),
		STORY(a_cancellation_that_violet_never_pays_needs_a_person),
		STORY(a_cancellation_by_the_merchant_seen_at_violet_is_ours),
		STORY(violet_paying_a_cancellation_in_the_grace_time_leaves_nothing),
		STORY(violet_failing_to_pay_a_cancellation_leaves_it_to_us),
		STORY(uninstalled_in_the_grace_time_is_for_a_person_to_see),
		STORY(a_cancellation_whose_order_is_gone_can_be_approved),
		STORY(the_stores_policy_asks_a_person),
		STORY(a_review_is_withdrawn_when_the_order_is_reopened),
		STORY(a_held_cancellation_is_withdrawn_when_the_order_is_reopened),
		STORY(reopened_while_its_send_was_lost),
		STORY(paid_by_the_channel_while_its_send_was_lost),
		STORY(a_cancellation_waits_for_a_partial_whose_send_was_lost),
		STORY(nor_is_one_that_violet_books_with_another_amount),
		STORY(a_cancellation_waits_for_what_the_channel_has_under_way),
		STORY(but_a_day_at_most),
		STORY(a_refund_after_a_paid_cancellation_is_covered_whatever_is_left),
		STORY(a_refund_from_before_a_paid_cancellation_is_not_covered),
		STORY(a_refund_left_out_is_not_covered_beside_one_that_is),
		STORY(tried_again_it_pays_what_it_covered),
		STORY(tried_again_it_pays_no_more_than_that),
		STORY(of_a_reopened_order_it_pays_what_is_approved),
		STORY(a_cancellation_leaves_out_what_is_proposed_and_no_more),
		STORY(cancelled_after_a_dismissal_needs_a_person),
		STORY(set_to_refunded_by_hand_owes_the_bag),
		STORY(a_stale_empty_list_beside_refunded_pays_the_record_only),
		STORY(a_list_that_grows_beside_the_status_begins_the_grace_time_again),
		STORY(other_statuses_need_a_person),
		STORY(a_refund_after_an_approved_part_pays_what_is_left),
		STORY(and_more_than_is_left_is_for_a_person),
	};

	return cmocka_run_group_tests_name("look at a status", tests, NULL, NULL);
}
