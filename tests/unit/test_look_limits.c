/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a look from sending: other currencies and totals, missing records and bags, brakes. */
#include "test.h"

#include "story.h"

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
	cancelled_for_good();
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
	assert_string_equal(s.plan.rows[0].review_reason, review_sentence(REVIEW_TWO_BAGS));
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
		assert_true(strlen(review_sentence(code)) > 40);
	}
	assert_int_equal(review_from_name("nonsense"), REVIEW_NONE);
	assert_int_equal(review_from_name(NULL), REVIEW_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
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

	return cmocka_run_group_tests_name("look at limits", tests, NULL, NULL);
}
