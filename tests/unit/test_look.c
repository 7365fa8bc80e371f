/* SPDX-License-Identifier: Apache-2.0 */
/* The heart of a look, told as stories: what is read, what is decided, what is paid in the end. */
#include "test.h"

#include "scene.h"

static struct scene s;

static int
setup(void **state)
{
	test_setup(state);
	scene_begin(&s, *state);
	return 0;
}

#define STORY(function) cmocka_unit_test_setup_teardown(function, setup, test_teardown)

/* Plain refunds -------------------------------------------------------------------------------- */

static void
a_merchants_refund_is_sent_at_once(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000 >r1");
	assert_int_equal(s.plan.owed_minor, 1000);
	assert_int_equal(s.plan.paid_minor, 0);
}

static void
an_order_without_refunds_owes_nothing(void **state)
{
	(void)state;
	scene_look(&s);
	EXPECT(&s, "");
	assert_int_equal(s.plan.next_ms, 0);
}

static void
partials_and_then_the_rest_are_sent_one_after_the_other(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_refund(&s, 1500, 7);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000 r2=pending:1500/turn >r1");
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 r2=done:1500 >r2");
	scene_refund(&s, 2500, 7);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 r2=done:1500 r3=done:2500");
	assert_int_equal(scene_paid(&s), 5000);
}

static void
doubled_looks_send_nothing_twice(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	for (int i = 0; i < 10; i++)
		scene_run(&s);
	assert_int_equal(scene_paid(&s), 1000);
	assert_int_equal(s.violet_count, 1);
}

static void
a_refund_through_the_api_waits_for_violet(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 0);
	scene_look(&s);
	EXPECT(&s, "r1=pending/settling");
	assert_int_equal(s.plan.next_ms, START + 120 * SECOND);
	scene_later(&s, 120 * SECOND - 1);
	scene_look(&s);
	EXPECT(&s, "r1=pending/settling");
	scene_later(&s, 1);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000 >r1");
}

static void
what_violet_pushed_is_foreign_once_it_is_paid(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 0);
	scene_violet(&s, 1000, "PROCESSING", "customer asked", 60 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=pending/settling");
	scene_later(&s, 60 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/violet");
	s.violet[0].status = "COMPLETED";
	scene_later(&s, 10 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=foreign:1000");
	assert_int_equal(scene_paid(&s), 1000);
}

static void
what_violet_pushed_and_failed_needs_a_person(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 0);
	scene_violet(&s, 1000, "PROCESSING", "", 0);
	scene_look(&s);
	s.violet[0].status = "FAILED";
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/violet_failed");
	scene_settle(&s, 0, 0);
	scene_later(&s, HOUR);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000");
}

static void
a_channels_refund_in_the_same_second_is_told_apart(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_refund(&s, 1000, 0);
	scene_violet(&s, 1000, "COMPLETED", "channel", 90 * SECOND);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 r2=pending/settling");
	scene_later(&s, 120 * SECOND);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 r2=foreign:1000");
	assert_int_equal(scene_paid(&s), 2000);
	assert_false(s.plan.overpaid_now);
}

static void
violets_refund_before_bigcommerces_record_blocks_until_settled(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_violet(&s, 1000, "COMPLETED", "channel", 0);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/sums");
	scene_refund(&s, 1000, 0); /* the channel's, now told to BigCommerce */
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 r2=foreign:1000");
	assert_int_equal(scene_paid(&s), 2000);
}

static void
sums_forbid_what_identity_would_send(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_violet(&s, 1000, "COMPLETED", "goodwill", 0);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/sums");
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/sums");
	/* a person knows better: beyond what is owed, within the bag */
	scene_settle(&s, 0, 1000);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000");
	assert_int_equal(scene_paid(&s), 2000);
}

static void
an_approval_never_exceeds_the_bag(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_violet(&s, 4500, "COMPLETED", "", 0);
	scene_look(&s);
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/sums");
	scene_settle(&s, 0, 600);
	scene_look(&s);
	EXPECT(&s, "r1=pending:600/sums");
	assert_null(scene_to_send(&s));
}

static void
a_channel_writing_our_marker_answers_nothing(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_violet(&s, 1, "COMPLETED", "bc:9:r1", 0);
	scene_look(&s);
	/* sums: 1 is paid that nobody owes */
	EXPECT(&s, "r1=pending:1000/sums");
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/sums?999");
}

/* Payments ------------------------------------------------------------------------------------- */

static void
store_credit_is_for_a_person_and_the_rest_is_paid(void **state)
{
	static const struct bc_refund_payment mixed[] = {
		{ .provider_id = "custom", .amount_minor = 600, .is_offline = true },
		{ .provider_id = "storecredit", .amount_minor = 400 },
	};

	(void)state;
	scene_refund(&s, 1000, 7);
	s.refunds[0].payments = mixed;
	s.refunds[0].payment_count = 2;
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:600 r1e=review/given_elsewhere");
	assert_int_equal(scene_paid(&s), 600);
	scene_settle(&s, 1, 400);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:600 r1e=done:400");
}

static void
a_cancellation_leaves_out_what_was_given_as_store_credit(void **state)
{
	(void)state;
	scene_refund(&s, 2000, 7);
	s.payments[0].provider_id = "storecredit";
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1e=review/given_elsewhere cancel=done:3000");
	assert_int_equal(scene_paid(&s), 3000);
}

static void
a_declined_payment_is_not_owed(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 0);
	scene_look(&s);
	EXPECT(&s, "r1=pending/settling");
	s.payments[0].is_declined = true;
	scene_look(&s);
	EXPECT(&s, "r1=dismissed");
	scene_later(&s, HOUR);
	scene_look(&s);
	EXPECT(&s, "r1=dismissed");
}

/* BigCommerce's own provider declined it after the refund was made, so a person has it paid. */
static void
what_was_given_otherwise_and_declined_can_be_approved(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	s.payments[0].is_offline = false;
	scene_look(&s);
	EXPECT(&s, "r1e=review/given_elsewhere");
	s.payments[0].is_declined = true;
	scene_settle(&s, 0, 1000);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1e=done:1000");
}

static void
declined_after_a_cancellation_left_it_out_is_for_a_person(void **state)
{
	(void)state;
	s.bag.brake = BRAKE_HOLD;
	scene_refund(&s, 2000, 7);
	scene_refund(&s, 1000, 7);
	s.payments[1].is_offline = false;
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=pending:2000/hold r2e=review/given_elsewhere cancel=pending:2000/hold");
	scene_answer(&s, &s.rows[2], scene_violet(&s, 2000, "COMPLETED", "bc:9:cancel", 0));
	s.payments[0].is_declined = s.payments[1].is_declined = true;
	scene_look(&s);
	scene_look(&s);
	EXPECT(&s, "r1=review:2000/inexact?2000 r2e=review/given_elsewhere cancel=done:2000");
}

static void
declined_after_it_was_paid_is_no_alarm(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_run(&s);
	scene_run(&s);
	s.payments[0].is_declined = true;
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=done:1000");
	assert_false(s.plan.overpaid_now);
}

static void
an_inexact_amount_needs_a_person(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	s.refunds[0].is_exact = false;
	scene_look(&s);
	EXPECT(&s, "r1=review/inexact");
	scene_settle(&s, 0, 1000);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000");
}

/* What is missing of a refund is approved beside what Violet has of it: both are owed. */
static void
approving_what_is_missing_leaves_the_next_refund_owed(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 3000, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_answer(&s, row, scene_violet(&s, 2000, "COMPLETED", "bc:9:r1", 0));
	scene_look(&s);
	EXPECT(&s, "r1=review:3000/amount_differs");
	scene_settle(&s, 0, 1000);
	scene_run(&s);
	scene_run(&s);
	assert_int_equal(s.plan.owed_minor, 3000);
	scene_refund(&s, 1500, 7);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 r2=done:1500");
	assert_int_equal(scene_paid(&s), 4500);
	/* Whether Violet fails what was missing, or a person then leaves it so. */
	s.violet[1].status = "FAILED";
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/violet_failed r2=done:1500");
	assert_int_equal(s.plan.owed_minor, 4500);
	s.rows[0].state = REFUND_DISMISSED;
	scene_look(&s);
	assert_int_equal(s.plan.owed_minor, 4500);
}

/* Unknown outcomes ----------------------------------------------------------------------------- */

static void
a_lost_answer_is_found_by_the_marker(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_carry_out(&s, row, "PROCESSING", 90 * SECOND);
	row->state = REFUND_UNKNOWN;
	scene_later(&s, 10 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=unknown:1000");
	scene_later(&s, 80 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=accepted:1000");
	s.violet[0].status = "COMPLETED";
	scene_look(&s);
	EXPECT(&s, "r1=done:1000");
}

static void
a_lost_send_is_repeated_only_when_absence_is_proved(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	row = scene_send(&s);
	row->state = REFUND_UNKNOWN;
	scene_later(&s, 170 * SECOND - 1); /* send_by + response + settle */
	scene_look(&s);
	EXPECT(&s, "r1=unknown:1000");
	assert_int_equal(s.rows[0].absent_ms, 0);
	assert_int_equal(s.plan.next_ms, START + 170 * SECOND);
	scene_later(&s, 1);
	scene_look(&s);
	assert_true(s.rows[0].absent_ms != 0);
	scene_later(&s, 60 * SECOND - 1);
	scene_look(&s);
	EXPECT(&s, "r1=unknown:1000");
	scene_later(&s, 1);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000");
	assert_null(scene_to_send(&s)); /* not before the next look reads all anew */
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000 >r1");
}

/* Were Violet's list to lag for long, each repeat would be a payment. */
static void
lost_sends_are_repeated_ever_more_seldom(void **state)
{
	int64_t sent = 0, last = 0;
	int sends = 0;

	(void)state;
	scene_refund(&s, 1000, 7);
	for (int i = 0; i < 24 * 60; i++) {
		scene_look(&s);
		if (scene_to_send(&s) != NULL) {
			scene_send(&s);
			CHECK(s.now - sent > last || s.now - sent > HOUR, "after %d ms again",
			    (int)(s.now - sent));
			last = sends++ > 0 ? s.now - sent : 0;
			sent = s.now;
		}
		scene_later(&s, MINUTE);
	}
	CHECK(sends > 20 && sends < 40, "%d sends in a day", sends);
}

static void
a_row_found_sending_is_taken_over_late(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	scene_send(&s);
	scene_later(&s, 170 * SECOND - 1);
	scene_look(&s);
	EXPECT(&s, "r1=sending:1000 r2=pending:1000/turn");
	scene_later(&s, 1);
	scene_look(&s);
	EXPECT(&s, "r1=unknown:1000 r2=pending:1000/turn");
}

static void
an_emptied_reason_is_ours_if_exactly_one_is_new(void **state)
{
	struct refund *row;

	(void)state;
	scene_violet(&s, 1000, "COMPLETED", "", 0);
	scene_refund(&s, 1000, 0);
	scene_look(&s);
	EXPECT(&s, "r1=foreign:1000");
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_violet(&s, 1000, "COMPLETED", "", 0);
	row->state = REFUND_UNKNOWN;
	scene_look(&s);
	EXPECT(&s,
	    "r1=foreign:1000 r2=unknown:1000"); /* weak evidence only once things have settled */
	scene_later(&s, 170 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=foreign:1000 r2=accepted:1000");
	assert_int_equal(s.rows[1].violet_refund_id, 101);
}

static void
two_that_could_be_ours_need_a_person(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 1000, 7);
	scene_refund(&s, 500, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_violet(&s, 1000, "COMPLETED", "", 0);
	scene_violet(&s, 1000, "COMPLETED", "", 0);
	row->state = REFUND_UNKNOWN;
	scene_later(&s, 170 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/ambiguous r2=pending:500/frozen");
	assert_true(s.plan.is_frozen);
}

static void
another_amount_under_our_marker_needs_a_person(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_violet(&s, 900, "COMPLETED", "bc:9:r1 BigCommerce refund 1 on order 9", 0);
	row->state = REFUND_UNKNOWN;
	scene_later(&s, 170 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/amount_differs");
	/* Violet has it, so it is not tried again: a person approves what is missing. */
	assert_int_equal(s.rows[0].violet_refund_id, s.violet[0].id);
	scene_settle(&s, 0, 100);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:100");
	assert_int_equal(scene_paid(&s), 1000);
}

static void
violets_list_lagging_behind_our_own_refund_is_counted(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 3000, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_answer(&s, row, scene_carry_out(&s, row, "PROCESSING", 90 * SECOND));
	scene_refund(&s, 3000, 7); /* more than is left: BigCommerce would not, but a bug might */
	scene_look(&s);
	assert_int_equal(s.plan.paid_minor, 3000);
	EXPECT(&s, "r1=accepted:3000 r2=pending:3000/sums");
}

/* Violet's words ------------------------------------------------------------------------------- */

static void
violets_words_for_a_refund(void **state)
{
	static const struct {
		const char *status, *error;
		bool has_amount;
		int64_t amount;
		enum refund_state after;
		enum review_code review;
	} cases[] = {
		{ "COMPLETED", NULL, true, 1000, REFUND_DONE, REVIEW_NONE },
		{ "COMPLETED", NULL, false, 0, REFUND_DONE, REVIEW_NONE },
		{ "PROCESSING", NULL, true, 1000, REFUND_ACCEPTED, REVIEW_NONE },
		{ "", NULL, true, 1000, REFUND_ACCEPTED, REVIEW_NONE },
		{ "FAILED", NULL, true, 1000, REFUND_REVIEW, REVIEW_VIOLET_FAILED },
		{ "FAILED", "card dispute", true, 1000, REFUND_REVIEW, REVIEW_VIOLET_FAILED },
		{ "CANCELED", NULL, true, 1000, REFUND_REVIEW, REVIEW_VIOLET_FAILED },
		{ "PARTIALLY_COMPLETED", NULL, true, 1000, REFUND_REVIEW, REVIEW_VIOLET_STATUS },
		{ "EXTERNAL", NULL, true, 1000, REFUND_REVIEW, REVIEW_VIOLET_STATUS },
		{ "SPLENDID", NULL, true, 1000, REFUND_REVIEW, REVIEW_VIOLET_STATUS },
		{ "COMPLETED", "something", true, 1000, REFUND_REVIEW, REVIEW_VIOLET_ERRORS },
		{ "COMPLETED", NULL, true, 999, REFUND_REVIEW, REVIEW_AMOUNT_DIFFERS },
		{ "PROCESSING", NULL, true, 5000, REFUND_REVIEW, REVIEW_AMOUNT_DIFFERS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct violet_refund refund = { .id = 1,
			.status = cases[i].status,
			.error = cases[i].error,
			.has_amount = cases[i].has_amount,
			.amount_minor = cases[i].amount,
			.reason = "" };
		struct refund_outcome outcome = look_answer(&refund, 1000);

		CHECK(outcome.state == cases[i].after, "case %zu", i);
		CHECK(outcome.review == cases[i].review, "case %zu", i);
		CHECK(outcome.violet_refund_id == 1, "case %zu", i);
		CHECK((outcome.review_reason != NULL) == (outcome.review != REVIEW_NONE),
		    "case %zu", i);
	}
}

static void
processing_that_fails_later_needs_a_person_and_freezes(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 1000, 7);
	scene_refund(&s, 1500, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_answer(&s, row, scene_carry_out(&s, row, "PROCESSING", 0));
	s.violet[0].status = "FAILED";
	scene_later(&s, 10 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/violet_failed r2=pending:1500/frozen");
	for (int i = 0; i < 5; i++) {
		scene_later(&s, HOUR);
		scene_run(&s);
	}
	assert_int_equal(scene_paid(&s), 0);
	scene_settle(&s, 0, 0); /* retry */
	for (int i = 0; i < 5; i++)
		scene_run(&s);
	EXPECT(&s, "r1=done:1000 r2=done:1500");
	assert_int_equal(scene_paid(&s), 2500);
}

/* What failed before a person tried it again is not held against it, but what that send came to is.
 */
static void
a_lost_send_that_failed_is_not_repeated_after_a_retry_either(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	scene_answer(&s, scene_send(&s), scene_violet(&s, 1000, "FAILED", "bc:9:r1", 0));
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/violet_failed");
	scene_settle(&s, 0, 0);
	scene_look(&s);
	scene_carry_out(&s, scene_send(&s), "FAILED", 0);
	for (int i = 0; i < 6; i++) {
		scene_later(&s, 60 * SECOND);
		scene_look(&s);
	}
	EXPECT(&s, "r1=review:1000/violet_failed");
}

static void
failed_after_it_was_completed_is_not_lost(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_run(&s);
	scene_run(&s);
	s.violet[0].status = "FAILED";
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/violet_failed");
}

static void
taken_back_in_part_after_it_was_completed_is_not_lost(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000");
	s.violet[0].amount_minor = 400;
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/amount_differs");
	scene_settle(&s, 0, 600);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:600");
	assert_int_equal(scene_paid(&s), 1000);
}

static void
an_accepted_refund_is_polled_ever_more_seldom(void **state)
{
	struct refund *row;
	int64_t last = 0;

	(void)state;
	s.conf.recheck.count = 0;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_answer(&s, row, scene_carry_out(&s, row, "PROCESSING", 0));
	for (int i = 0; i < 30; i++) {
		scene_look(&s);
		assert_true(s.plan.next_ms - s.now >= last);
		last = s.plan.next_ms - s.now;
		s.now = s.plan.next_ms;
	}
	assert_int_equal(last, 24 * HOUR);
	EXPECT(&s, "r1=accepted:1000");
}

static void
an_accepted_refund_that_vanishes_needs_a_person(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_answer(&s, row, scene_carry_out(&s, row, "PROCESSING", 0));
	s.violet_count = 0;
	scene_later(&s, HOUR);
	scene_look(&s);
	EXPECT(&s, "r1=accepted:1000");
	assert_int_equal(s.plan.paid_minor, 1000);
	scene_later(&s, 24 * HOUR);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/vanished");
}

static void
a_refund_without_amount_at_violet_stops_sending(void **state)
{
	(void)state;
	scene_violet(&s, 0, "COMPLETED", "", 0);
	s.violet[0].has_amount = false;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/sums");
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/no_amount");
}

/* Currencies and totals ------------------------------------------------------------------------ */

static void
a_full_refund_crosses_currencies(void **state)
{
	(void)state;
	s.bag.violet.currency = "EUR";
	s.bag.violet.total_minor = 4600;
	scene_refund(&s, 5000, 7);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:4600");
}

/* The arithmetic is kept as facts, which operators read in English. */
static void
explains_the_share(const char *how)
{
	const struct json *facts;
	struct refund_share share;
	struct err err;

	assert_int_equal(json_parse(s.ctx, how, strlen(how), &facts, &err), RC_OK);
	assert_true(refund_share_read(facts, &share));
	assert_string_equal(refund_share_sentence(s.ctx, &share),
	    "10.00 USD of 50.00 USD in BigCommerce; 9.20 EUR is the same share of Violet's 46.00 "
	    "EUR");
}

static void
a_full_refund_waits_for_what_the_channel_has_under_way(void **state)
{
	(void)state;
	scene_violet(&s, 1000, "PROCESSING", "goodwill", 0);
	scene_refund(&s, 5000, 7);
	scene_look(&s);
	EXPECT(&s, "r1=pending:4000/violet");
	assert_true(s.plan.next_ms > s.now);
	s.violet[0].status = "FAILED";
	scene_run(&s);
	scene_look(&s);
	EXPECT(&s, "r1=done:5000");
}

static void
a_full_refund_waits_no_longer_than_a_day(void **state)
{
	(void)state;
	scene_violet(&s, 1000, "PROCESSING", "goodwill", 0);
	scene_refund(&s, 5000, 7);
	scene_look(&s);
	scene_later(&s, 24 * HOUR);
	scene_run(&s);
	scene_look(&s);
	EXPECT(&s, "r1=done:4000");
}

static void
a_partial_one_across_currencies_needs_a_person(void **state)
{
	(void)state;
	s.bag.violet.currency = "EUR";
	s.bag.violet.total_minor = 4600;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	EXPECT(&s, "r1=review/currency?920");
	explains_the_share(s.rows[0].proposed_how);
	scene_settle(&s, 0, 920);
	scene_run(&s);
	s.order.status_id = ORDER_CANCELLED;
	scene_look(&s);
	scene_later(&s, 600 * SECOND);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:920 cancel=done:3680");
}

static void
another_total_needs_a_person(void **state)
{
	(void)state;
	s.bag.violet.total_minor = 5500;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	EXPECT(&s, "r1=review/total?1100");
}

static void
cents_between_order_and_bag_go_with_the_last_refund(void **state)
{
	static const int64_t totals[] = { 4999, 5000, 5001 };

	for (size_t i = 0; i < COUNT(totals); i++) {
		scene_begin(&s, *state);
		s.bag.violet.total_minor = totals[i];
		scene_refund(&s, 1000, 7);
		scene_run(&s);
		scene_refund(&s, 4000, 7);
		for (int k = 0; k < 4; k++)
			scene_run(&s);
		CHECK(scene_paid(&s) == totals[i], "total %d: paid %d", (int)totals[i],
		    (int)scene_paid(&s));
	}
}

static void
more_than_violets_integers_needs_a_person(void **state)
{
	(void)state;
	s.order.total_minor = s.bag.violet.total_minor = INT64_C(9000000000);
	scene_refund(&s, INT64_C(3000000000), 7);
	scene_look(&s);
	assert_int_equal(s.rows[0].review, REVIEW_TOO_LARGE);
}

/* Before our time, and after ------------------------------------------------------------------- */

static void
refunds_from_before_the_install_are_assumed_answered_if_the_sums_agree(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	s.refunds[0].made_ms = s.bag.first_installed_ms - HOUR;
	scene_violet(&s, 1000, "COMPLETED", "somebody else's", 0);
	scene_look(&s);
	EXPECT(&s, "r1=foreign:1000");
	scene_refund(&s, 500, 7);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=foreign:1000 r2=done:500");
}

static void
what_paid_an_old_refund_answers_no_new_one(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	s.refunds[0].made_ms = s.bag.first_installed_ms - HOUR;
	scene_violet(&s, 1000, "COMPLETED", "somebody else's", 0);
	scene_look(&s);
	scene_refund(&s, 1000, 0);
	scene_look(&s);
	scene_later(&s, 121 * SECOND);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=foreign:1000 r2=done:1000");
	assert_int_equal(scene_paid(&s), 2000);
}

static void
and_need_a_person_if_they_do_not(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_refund(&s, 700, 7);
	s.refunds[0].made_ms = s.refunds[1].made_ms = s.bag.first_installed_ms - HOUR;
	scene_violet(&s, 1000, "COMPLETED", "somebody else's", 0);
	scene_look(&s);
	EXPECT(&s, "r1=foreign:1000 r2=review/before_install?700");
}

static void
uninstalled_with_money_owed(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 1000, 7);
	scene_refund(&s, 500, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_answer(&s, row, scene_carry_out(&s, row, "PROCESSING", 0));
	s.is_installed = false;
	scene_look(&s);
	EXPECT(&s, "r1=accepted:1000 r2=review:500/uninstalled?500");
	assert_int_equal(s.plan.owed_minor, 1500);
	s.violet[0].status = "COMPLETED";
	scene_look(&s);
	EXPECT(&s, "r1=done:1000 r2=review:500/uninstalled?500");
	s.is_installed = true;
	scene_run(&s);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000 r2=done:500");
}

static void
an_uninstall_between_two_tries_is_over_with_the_next_install(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	scene_send(&s)->state = REFUND_PENDING; /* certainly not sent */
	s.is_installed = false;
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/uninstalled?1000");
	s.is_installed = true;
	scene_look(&s);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000");
}

static void
a_record_that_is_not_shown_can_be_approved(void **state)
{
	(void)state;
	s.bag.brake = BRAKE_HOLD;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	s.bag.brake = BRAKE_NONE;
	s.refunds_hidden = 1;
	scene_look(&s);
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/record_gone?1000");
	scene_settle(&s, 0, 1000);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000");
	assert_int_equal(s.bag.overpaid_ms, 0);
}

static void
what_violet_began_is_not_paid_again_while_it_is_not_shown(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 0);
	scene_violet(&s, 1000, "PROCESSING", "channel", 0);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/violet");
	s.visible[0] = s.now + 24 * HOUR;
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/violet");
	assert_int_equal(s.plan.paid_minor, 1000);
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/vanished");
}

static void
a_dismissed_refund_takes_no_later_ones_answer(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 0);
	scene_look(&s);
	s.rows[0].state = REFUND_DISMISSED;
	scene_later(&s, 24 * HOUR);
	scene_refund(&s, 1000, 0);
	scene_violet(&s, 1000, "COMPLETED", "channel", 0);
	scene_look(&s);
	scene_later(&s, 121 * SECOND);
	scene_run(&s);
	EXPECT(&s, "r1=dismissed r2=foreign:1000");
	assert_int_equal(scene_paid(&s), 1000);
}

static void
a_refund_that_waited_for_its_bag_takes_the_bags_currency(void **state)
{
	(void)state;
	s.bag.brake = BRAKE_HOLD;
	scene_refund(&s, 5000, 7);
	scene_look(&s);
	s.rows[0].currency = s.order.currency = "EUR";
	scene_look(&s);
	assert_string_equal(s.rows[0].currency, "USD");
}

static void
nothing_is_ever_less_than_nothing(void **state)
{
	(void)state;
	s.bag.violet.total_minor = 4998;
	s.bag.violet.line_count = 2;
	scene_refund(&s, 4999, 7);
	scene_look(&s);
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	scene_refund(&s, 1, 7);
	scene_look(&s);
	EXPECT(&s, "r1=review:4999/sums?4998 r2=pending/sums");
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:4999/sums?4998 r2=review/sums?1");
}

static void
a_record_that_is_not_shown_waits_and_then_asks(void **state)
{
	(void)state;
	s.bag.brake = BRAKE_HOLD;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	s.bag.brake = BRAKE_NONE;
	s.refunds_hidden = 1;
	scene_look(&s);
	EXPECT(&s, "r1=pending:1000/stale");
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	EXPECT(&s, "r1=review:1000/record_gone?1000");
	s.refunds_hidden = 0;
	scene_look(&s);
	scene_run(&s);
	scene_run(&s);
	EXPECT(&s, "r1=done:1000");
}

/* Brakes --------------------------------------------------------------------------------------- */

static void
brakes_stop_sending_and_nothing_else(void **state)
{
	static const struct {
		enum brake brake;
		const char *text;
		int64_t wait;
	} cases[] = {
		{ BRAKE_HOLD, "r1=pending:1000/hold", HOUR },
		{ BRAKE_SHADOW, "r1=pending:1000/shadow", HOUR },
		{ BRAKE_FUSE, "r1=pending:1000/fuse", HOUR },
		{ BRAKE_TIMELINE, "r1=pending:1000/timeline", 120 * SECOND },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scene_begin(&s, *state);
		s.bag.brake = cases[i].brake;
		scene_refund(&s, 1000, 7);
		scene_look(&s);
		EXPECT(&s, cases[i].text);
		assert_int_equal(s.plan.owed_minor, 1000);
		assert_int_equal(s.plan.next_ms, s.now + cases[i].wait);
		s.bag.brake = BRAKE_NONE;
		scene_look(&s);
		EXPECT(&s, "r1=pending:1000 >r1");
	}
}

static void
paid_twice_by_our_doing_is_an_alarm_at_once(void **state)
{
	struct refund *row;

	(void)state;
	scene_refund(&s, 1000, 7);
	scene_look(&s);
	row = scene_send(&s);
	scene_carry_out(&s, row, "COMPLETED", 0);
	scene_answer(&s, row, scene_carry_out(&s, row, "COMPLETED", 0));
	scene_look(&s);
	assert_true(s.plan.overpaid_now);
	assert_true(s.bag.overpaid_ms == s.now);
	scene_later(&s, SECOND);
	scene_look(&s);
	assert_false(s.plan.overpaid_now); /* once */
}

/* A channel's refund that reaches us before Violet shows it, and settles longer than we waited. */
static void
losing_the_race_against_violet_is_an_alarm(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 0);
	scene_look(&s);
	scene_later(&s, 120 * SECOND);
	scene_run(&s);
	scene_violet(&s, 1000, "COMPLETED", "channel", 0);
	scene_look(&s);
	assert_false(s.plan.overpaid_now); /* BigCommerce's record of it may be on its way */
	assert_true(s.plan.next_ms <= s.now + 120 * SECOND);
	scene_later(&s, 120 * SECOND);
	scene_look(&s);
	assert_true(s.plan.overpaid_now);
}

/* Its record at BigCommerce can't be seen any more. */
static void
what_violet_pays_after_an_uninstall_is_no_alarm(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 0);
	scene_look(&s);
	scene_later(&s, 120 * SECOND);
	scene_run(&s);
	s.is_installed = false;
	scene_refund(&s, 500, 0);
	scene_violet(&s, 500, "COMPLETED", "channel", 0);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	assert_int_equal(s.bag.overpaid_ms, 0);
	s.is_installed = true;
	scene_look(&s);
	EXPECT(&s, "r1=done:1000 r2=foreign:500");
	assert_int_equal(s.bag.overpaid_ms, 0);
}

static void
a_channels_goodwill_is_no_alarm(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_run(&s);
	scene_violet(&s, 1000, "COMPLETED", "goodwill", 0);
	scene_later(&s, HOUR);
	scene_look(&s);
	assert_false(s.plan.overpaid_now);
}

static void
looks_follow_a_send_at_ten_minutes_and_a_day(void **state)
{
	(void)state;
	scene_refund(&s, 1000, 7);
	scene_run(&s);
	scene_look(&s);
	assert_int_equal(s.plan.next_ms, START + 600 * SECOND);
	scene_later(&s, 600 * SECOND);
	scene_look(&s);
	assert_int_equal(s.plan.next_ms, START + 86400 * SECOND);
	scene_later(&s, 86400 * SECOND);
	scene_look(&s);
	assert_int_equal(s.plan.next_ms, 0);
}

static void
without_a_bag_a_person_sees_each_amount(void **state)
{
	struct look_facts facts = { .conf = &s.conf,
		.now_ms = START,
		.order_id = 9,
		.is_installed = true,
		.order = &s.order,
		.refunds = s.refunds,
		.bag = &s.bag };

	(void)state;
	s.bag = (struct bag){ .state = BAG_SEARCHING };
	scene_refund(&s, 1000, 7);
	facts.refund_count = s.refund_count;
	look_without_bag(s.ctx, &facts, REVIEW_NO_BAG, &s.plan);
	assert_int_equal(s.plan.count, 1);
	assert_int_equal(s.plan.rows[0].state, REFUND_REVIEW);
	assert_int_equal(s.plan.rows[0].proposed_minor, 1000);
	assert_string_equal(s.plan.rows[0].currency, "USD");
	facts.refund_count = 0;
	s.order.status_id = ORDER_CANCELLED;
	look_without_bag(s.ctx, &facts, REVIEW_TWO_BAGS, &s.plan);
	assert_int_equal(s.plan.count, 1);
	assert_string_equal(s.plan.rows[0].marker, "bc:9:cancel");
	assert_string_equal(s.plan.rows[0].review_reason, look_sentence(REVIEW_TWO_BAGS));
}

/* A refund that waits already does not hide a cancellation, which is about the rest. */
static void
without_a_bag_a_person_sees_a_cancellation_beside_a_refund(void **state)
{
	struct look_facts facts = { .conf = &s.conf,
		.now_ms = START,
		.order_id = 9,
		.is_installed = true,
		.order = &s.order,
		.refunds = s.refunds,
		.bag = &s.bag };

	(void)state;
	s.bag = (struct bag){ .state = BAG_SEARCHING };
	scene_refund(&s, 1000, 7);
	facts.refund_count = s.refund_count;
	s.order.status_id = ORDER_CANCELLED;
	look_without_bag(s.ctx, &facts, REVIEW_NO_BAG, &s.plan);
	assert_int_equal(s.plan.count, 2);
	assert_string_equal(s.plan.rows[1].marker, "bc:9:cancel");
	assert_int_equal(s.plan.rows[1].state, REFUND_REVIEW);
	facts.rows = s.plan.rows;
	facts.row_count = s.plan.count;
	s.bag = s.plan.bag;
	look_without_bag(s.ctx, &facts, REVIEW_NO_BAG, &s.plan);
	assert_int_equal(s.plan.count, 2);
	/* refunded whole: nothing is left for the cancellation */
	facts.row_count = 0;
	facts.refund_count = (scene_refund(&s, 4000, 7), s.refund_count);
	s.order.status_id = ORDER_CANCELLED;
	look_without_bag(s.ctx, &facts, REVIEW_NO_BAG, &s.plan);
	assert_int_equal(s.plan.count, 2);
	assert_string_equal(s.plan.rows[1].marker, "bc:9:r2");
}

static void
every_code_has_its_words(void **state)
{
	(void)state;
	for (int i = REVIEW_NONE + 1; i < REVIEW__COUNT; i++) {
		enum review_code code = (enum review_code)i;

		assert_non_null(review_name(code));
		assert_int_equal(review_from_name(review_name(code)), code);
		assert_true(strlen(look_sentence(code)) > 40);
	}
	assert_int_equal(review_from_name("nonsense"), REVIEW_NONE);
	assert_int_equal(review_from_name(NULL), REVIEW_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_merchants_refund_is_sent_at_once),
		STORY(an_order_without_refunds_owes_nothing),
		STORY(partials_and_then_the_rest_are_sent_one_after_the_other),
		STORY(doubled_looks_send_nothing_twice),
		STORY(a_refund_through_the_api_waits_for_violet),
		STORY(what_violet_pushed_is_foreign_once_it_is_paid),
		STORY(what_violet_pushed_and_failed_needs_a_person),
		STORY(a_channels_refund_in_the_same_second_is_told_apart),
		STORY(violets_refund_before_bigcommerces_record_blocks_until_settled),
		STORY(sums_forbid_what_identity_would_send),
		STORY(an_approval_never_exceeds_the_bag),
		STORY(a_channel_writing_our_marker_answers_nothing),
		STORY(store_credit_is_for_a_person_and_the_rest_is_paid),
		STORY(a_cancellation_leaves_out_what_was_given_as_store_credit),
		STORY(a_declined_payment_is_not_owed),
		STORY(what_was_given_otherwise_and_declined_can_be_approved),
		STORY(declined_after_a_cancellation_left_it_out_is_for_a_person),
		STORY(declined_after_it_was_paid_is_no_alarm),
		STORY(an_inexact_amount_needs_a_person),
		STORY(approving_what_is_missing_leaves_the_next_refund_owed),
		STORY(a_lost_answer_is_found_by_the_marker),
		STORY(a_lost_send_is_repeated_only_when_absence_is_proved),
		STORY(lost_sends_are_repeated_ever_more_seldom),
		STORY(a_row_found_sending_is_taken_over_late),
		STORY(an_emptied_reason_is_ours_if_exactly_one_is_new),
		STORY(two_that_could_be_ours_need_a_person),
		STORY(another_amount_under_our_marker_needs_a_person),
		STORY(violets_list_lagging_behind_our_own_refund_is_counted),
		STORY(violets_words_for_a_refund),
		STORY(processing_that_fails_later_needs_a_person_and_freezes),
		STORY(a_lost_send_that_failed_is_not_repeated_after_a_retry_either),
		STORY(failed_after_it_was_completed_is_not_lost),
		STORY(taken_back_in_part_after_it_was_completed_is_not_lost),
		STORY(an_accepted_refund_is_polled_ever_more_seldom),
		STORY(an_accepted_refund_that_vanishes_needs_a_person),
		STORY(a_refund_without_amount_at_violet_stops_sending),
		STORY(a_full_refund_crosses_currencies),
		STORY(a_full_refund_waits_for_what_the_channel_has_under_way),
		STORY(a_full_refund_waits_no_longer_than_a_day),
		STORY(a_partial_one_across_currencies_needs_a_person),
		STORY(another_total_needs_a_person),
		STORY(cents_between_order_and_bag_go_with_the_last_refund),
		STORY(more_than_violets_integers_needs_a_person),
		STORY(refunds_from_before_the_install_are_assumed_answered_if_the_sums_agree),
		STORY(what_paid_an_old_refund_answers_no_new_one),
		STORY(and_need_a_person_if_they_do_not),
		STORY(uninstalled_with_money_owed),
		STORY(an_uninstall_between_two_tries_is_over_with_the_next_install),
		STORY(a_record_that_is_not_shown_can_be_approved),
		STORY(what_violet_began_is_not_paid_again_while_it_is_not_shown),
		STORY(a_dismissed_refund_takes_no_later_ones_answer),
		STORY(a_refund_that_waited_for_its_bag_takes_the_bags_currency),
		STORY(nothing_is_ever_less_than_nothing),
		STORY(a_record_that_is_not_shown_waits_and_then_asks),
		STORY(brakes_stop_sending_and_nothing_else),
		STORY(paid_twice_by_our_doing_is_an_alarm_at_once),
		STORY(losing_the_race_against_violet_is_an_alarm),
		STORY(what_violet_pays_after_an_uninstall_is_no_alarm),
		STORY(a_channels_goodwill_is_no_alarm),
		STORY(looks_follow_a_send_at_ten_minutes_and_a_day),
		STORY(without_a_bag_a_person_sees_each_amount),
		STORY(without_a_bag_a_person_sees_a_cancellation_beside_a_refund),
		STORY(every_code_has_its_words),
	};

	return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}
