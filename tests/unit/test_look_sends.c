/* SPDX-License-Identifier: Apache-2.0 */
/* A look at what was sent: lost answers, and what Violet makes of a refund. */
#include "test.h"

#include "story.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("look at sends", tests, NULL, NULL);
}
