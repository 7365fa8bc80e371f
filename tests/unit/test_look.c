/* SPDX-License-Identifier: Apache-2.0 */
/* The heart of a look, told as stories: what is read, what is decided, what is paid in the end. */
#include "test.h"

#include "story.h"

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
	cancelled_for_good();
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
	cancelled_for_good();
	scene_look(&s);
	EXPECT(&s, "r1=pending:2000/hold r2e=review/given_elsewhere cancel=pending:2000/hold");
	scene_answer(&s, &s.rows[2], scene_violet(&s, 2000, "COMPLETED", "bc:9:cancel", 0));
	s.payments[0].is_declined = s.payments[1].is_declined = true;
	scene_look(&s);
	scene_look(&s);
	EXPECT(
	    &s, "r1=review:2000/payment_declined?2000 r2e=review/given_elsewhere cancel=done:2000");
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
	};

	return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}
