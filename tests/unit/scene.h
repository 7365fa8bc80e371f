/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stage for looks: an order at BigCommerce, a bag at Violet with a list that may lag, our rows,
 * and a clock. Looks are decided by the real code; what they decide is applied as the database
 * would.
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "domain/look.h"
#include "domain/match.h"
#include "domain/order.h"

#define SCENE_MAX 24
#define SECOND    INT64_C(1000)
#define MINUTE    (60 * SECOND)
#define HOUR      (60 * MINUTE)
#define START     INT64_C(1790000000000)

struct scene {
	void *ctx;
	struct conf conf;
	int64_t now;
	struct bc_order order;
	bool is_installed, order_is_known, cancel_needs_review;
	int64_t grace;
	struct bc_refund refunds[SCENE_MAX];
	struct bc_refund_payment payments[SCENE_MAX];
	size_t refund_count;
	size_t refunds_hidden; /* so many of the last ones are missing from BigCommerce's list */
	struct bag bag;
	struct violet_refund violet[SCENE_MAX];
	int64_t visible[SCENE_MAX]; /* when Violet's list shows them */
	size_t violet_count;
	const char *cancelled_by;
	struct refund rows[SCENE_MAX];
	int64_t seen[SCENE_MAX][SCENE_MAX];
	int64_t tried[SCENE_MAX][SCENE_MAX];
	size_t row_count;
	struct look_plan plan;
};

/* Order 9 and its bag, 50.00 USD, Awaiting Fulfillment, one line; the settings of the manual. */
static inline void
scene_begin(struct scene *s, void *ctx)
{
	*s = (struct scene){
		.ctx = ctx,
		.now = START,
		.is_installed = true,
		.order_is_known = true,
		.grace = 600 * SECOND,
	};
	s->conf = (struct conf){
		.settle_ms = 120 * SECOND,
		.send_ms = 20 * SECOND,
		.response_ms = 30 * SECOND,
		.absence_repeat_ms = 60 * SECOND,
		.recheck = { .ms = { 600 * SECOND, 86400 * SECOND }, .count = 2 },
		.poll_ms = 10 * SECOND,
		.retry_minimum_ms = 5 * SECOND,
		.retry_maximum_ms = 3600 * SECOND,
	};
	s->order = (struct bc_order){ .id = 9,
		.status_id = 11,
		.currency = "USD",
		.total_minor = 5000,
		.is_exact = true,
		.made_ms = START - HOUR };
	s->bag = (struct bag){
		.state = BAG_FOUND,
		.channel_id = 1,
		.violet = { .id = 7,
		    .order_id = 6,
		    .merchant_id = 5,
		    .platform = "BIGCOMMERCE",
		    .status = "ACCEPTED",
		    .currency = "USD",
		    .total_minor = 5000,
		    .line_count = 1 },
		.first_installed_ms = START - 24 * HOUR,
	};
}

/* The merchant (user > 0) or the API (0) refunds an amount, offline. BigCommerce changes the status
 * by itself. */
static inline int64_t
scene_refund(struct scene *s, int64_t amount, int64_t user)
{
	size_t i = s->refund_count++;
	int64_t sum = 0;

	s->payments[i] = (struct bc_refund_payment){
		.provider_id = "custom", .amount_minor = amount, .is_offline = true
	};
	s->refunds[i] = (struct bc_refund){
		.id = (int64_t)i + 1,
		.user_id = user,
		.made_ms = s->now,
		.total_minor = amount,
		.is_exact = true,
		.payments = &s->payments[i],
		.payment_count = 1,
	};
	for (size_t k = 0; k < s->refund_count; k++)
		sum += s->refunds[k].total_minor;
	s->order.status_id = sum >= s->order.total_minor ? ORDER_REFUNDED : ORDER_PARTLY_REFUNDED;
	return s->refunds[i].id;
}

/* A refund at Violet, shown from `lag` on. */
static inline int64_t
scene_violet(struct scene *s, int64_t amount, const char *status, const char *reason, int64_t lag)
{
	size_t i = s->violet_count++;

	s->violet[i] = (struct violet_refund){
		.id = 100 + (int64_t)i,
		.bag_id = 7,
		.has_amount = true,
		.amount_minor = amount,
		.status = status,
		.reason = reason,
		.made_ms = s->now,
	};
	s->visible[i] = s->now + lag;
	return s->violet[i].id;
}

/* The moves of violet.refund_move that a look may make. */
static inline bool
scene_may_move(enum refund_state from, enum refund_state to)
{
	static const unsigned char moves[REFUND__COUNT][REFUND__COUNT] = {
		[REFUND_PENDING] = { [REFUND_ACCEPTED] = 1,
		    [REFUND_COVERED] = 1,
		    [REFUND_FOREIGN] = 1,
		    [REFUND_DISMISSED] = 1,
		    [REFUND_REVIEW] = 1 },
		[REFUND_SENDING] = { [REFUND_ACCEPTED] = 1,
		    [REFUND_UNKNOWN] = 1,
		    [REFUND_REVIEW] = 1 },
		[REFUND_UNKNOWN] = { [REFUND_ACCEPTED] = 1,
		    [REFUND_PENDING] = 1,
		    [REFUND_REVIEW] = 1 },
		[REFUND_ACCEPTED] = { [REFUND_DONE] = 1, [REFUND_REVIEW] = 1 },
		[REFUND_DONE] = { [REFUND_REVIEW] = 1 },
		[REFUND_REVIEW] = { [REFUND_PENDING] = 1, [REFUND_DISMISSED] = 1 },
	};

	return from == to || moves[from][to];
}

/* Decide and write, as the worker does. */
static inline void
scene_look(struct scene *s)
{
	struct violet_refund paid[SCENE_MAX];
	struct look_facts facts = {
		.conf = &s->conf,
		.now_ms = s->now,
		.order_id = 9,
		.is_installed = s->is_installed,
		.cancel_needs_review = s->cancel_needs_review,
		.cancel_grace_ms = s->grace,
		.order = s->is_installed && s->order_is_known ? &s->order : NULL,
		.refunds = s->refunds,
		.refund_count = s->refund_count - s->refunds_hidden,
		.bag = &s->bag,
		.cancelled_by = s->cancelled_by,
		.rows = s->rows,
		.row_count = s->row_count,
	};

	for (size_t i = 0; i < s->violet_count; i++)
		if (s->visible[i] <= s->now)
			paid[facts.paid_count++] = s->violet[i];
	facts.paid = mem_array(s->ctx, struct violet_refund, SCENE_MAX);
	memcpy((void *)(uintptr_t)facts.paid, paid, facts.paid_count * sizeof(paid[0]));
	look_decide(s->ctx, &facts, &s->plan);
	for (size_t i = 0; i < s->plan.count; i++) {
		struct refund *row = &s->plan.rows[i];

		CHECK(i >= s->row_count || scene_may_move(s->rows[i].state, row->state),
		    "%s moved from %s to %s", row->marker, refund_state_name(s->rows[i].state),
		    refund_state_name(row->state));
		row->version++;
		s->rows[i] = *row;
		s->rows[i].seen_ids = s->seen[i];
		s->rows[i].tried_ids = s->tried[i];
	}
	s->row_count = s->plan.count;
	s->bag = s->plan.bag;
	s->bag.owed_minor = s->plan.owed_minor;
}

/* The row that the look wants to send, or NULL. */
static inline struct refund *
scene_to_send(struct scene *s)
{
	return s->plan.send != NULL ? &s->rows[s->plan.send - s->plan.rows] : NULL;
}

/* Commit `sending`, with the database's own checks. */
static inline struct refund *
scene_send(struct scene *s)
{
	struct refund *row;
	size_t at;

	assert_non_null(s->plan.send);
	at = (size_t)(s->plan.send - s->plan.rows);
	row = &s->rows[at];
	assert_int_equal(row->state, REFUND_PENDING);
	assert_true(row->amount_minor > 0);
	assert_true(s->plan.paid_minor + row->amount_minor <= s->bag.violet.total_minor);
	assert_true(
	    row->is_approved || s->plan.paid_minor + row->amount_minor <= s->plan.owed_minor);
	row->state = REFUND_SENDING;
	row->send_by_ms = s->now + s->conf.send_ms;
	row->sent_ms = s->now;
	row->attempts++;
	row->attempt_minor = row->amount_minor;
	row->violet_refund_id = 0;
	row->absent_ms = row->blocked_ms = row->poll_ms = 0;
	row->polls = 0;
	row->review = REVIEW_NONE;
	row->seen_count = 0;
	for (size_t i = 0; i < s->violet_count; i++)
		if (s->visible[i] <= s->now)
			s->seen[at][row->seen_count++] = s->violet[i].id;
	/* api.refund_begin: what the send rested on */
	if (s->bag.justified_minor < s->plan.owed_minor)
		s->bag.justified_minor = s->plan.owed_minor;
	if (s->bag.justified_minor < s->plan.paid_minor + row->amount_minor)
		s->bag.justified_minor = s->plan.paid_minor + row->amount_minor;
	return row;
}

/* Violet carries the send out; it is shown after `lag`. */
static inline int64_t
scene_carry_out(struct scene *s, const struct refund *row, const char *status, int64_t lag)
{
	return scene_violet(s, row->amount_minor, status,
	    mem_printf(s->ctx, "%s BigCommerce refund", row->marker), lag);
}

/* Its answer arrives and is written. */
static inline void
scene_answer(struct scene *s, struct refund *row, int64_t violet_id)
{
	for (size_t i = 0; i < s->violet_count; i++) {
		struct refund_outcome outcome;

		if (s->violet[i].id != violet_id)
			continue;
		outcome = look_answer(&s->violet[i], row->amount_minor);
		row->state = outcome.state;
		row->violet_refund_id = violet_id;
		row->violet_status = outcome.violet_status;
		row->review = outcome.review;
		s->tried[row - s->rows][row->tried_count++] = violet_id;
	}
}

/* Look, and if it wants to send, have it sent and answered. */
static inline void
scene_run(struct scene *s)
{
	scene_look(s);
	if (scene_to_send(s) != NULL) {
		struct refund *row = scene_send(s);

		scene_answer(s, row, scene_carry_out(s, row, "COMPLETED", 0));
	}
}

static inline void
scene_later(struct scene *s, int64_t ms)
{
	s->now += ms;
}

/* What a person decides, as the SQL does it. */
static inline void
scene_settle(struct scene *s, size_t at, int64_t approved_minor)
{
	struct refund *row = &s->rows[at];

	assert_int_equal(row->state, REFUND_REVIEW);
	if (row->violet_refund_id != 0)
		s->tried[at][row->tried_count++] = row->violet_refund_id;
	row->state = REFUND_PENDING;
	row->violet_refund_id = 0;
	row->blocked_ms = row->absent_ms = 0;
	row->is_settled = true;
	if (approved_minor > 0) {
		row->is_approved = true;
		row->amount_minor = approved_minor;
	}
}

static inline int64_t
scene_paid(const struct scene *s)
{
	int64_t sum = 0;

	for (size_t i = 0; i < s->violet_count; i++)
		if (match_is_live(&s->violet[i]))
			sum += s->violet[i].amount_minor;
	return sum;
}

/* "r1=pending:1000/settling r2=review:500/sums >r1": rows with amounts and reasons, and what is to
 * be sent. */
static inline const char *
scene_text(struct scene *s)
{
	char *text = mem_text(s->ctx, "");

	for (size_t i = 0; i < s->row_count; i++) {
		const struct refund *row = &s->rows[i];
		const char *why = row->state == REFUND_REVIEW    ? review_name(row->review)
				  : row->state == REFUND_PENDING ? row->wait_code
								 : NULL;

		text = mem_printf(s->ctx, "%s%s%s=%s", text, i > 0 ? " " : "",
		    row->marker + strlen("bc:9:"), refund_state_name(row->state));
		if (row->amount_minor > 0)
			text = mem_printf(s->ctx, "%s:%d", text, (int)row->amount_minor);
		if (why != NULL)
			text = mem_printf(s->ctx, "%s/%s", text, why);
		if (row->state == REFUND_REVIEW && row->proposed_minor > 0)
			text = mem_printf(s->ctx, "%s?%d", text, (int)row->proposed_minor);
	}
	if (scene_to_send(s) != NULL)
		text =
		    mem_printf(s->ctx, "%s >%s", text, scene_to_send(s)->marker + strlen("bc:9:"));
	return text;
}

#define EXPECT(s, expected)                                                                  \
	do {                                                                                 \
		const char *shown_ = scene_text(s);                                          \
		CHECK(strcmp(shown_, expected) == 0, "%s:%d: expected \"%s\", found \"%s\"", \
		    __FILE__, __LINE__, expected, shown_);                                   \
	} while (0)

#endif
