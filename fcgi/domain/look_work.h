/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a look share: look.c puts it together, look_sums.c adds up, look_row.c moves
 * one row, look_whole.c follows cancellations. */
#ifndef DOMAIN_LOOK_WORK_H
#define DOMAIN_LOOK_WORK_H

#include "domain/look.h"
#include "domain/match.h"
#include "domain/order.h"

/* BigCommerce's and Violet's times are whole seconds, cut off. */
#define CREATED_STEP_MS 999

/* A row with all that is known about it. */
struct item {
	struct refund *row;
	const struct bc_refund
	    *record; /* NULL: BigCommerce does not show it, or a row for a status */
	struct order_split split;
	enum order_fit fit;
	int64_t nominal; /* the amount in the bag's currency, as far as it can be said; 0: not */
	const struct violet_refund *answer; /* NULL: unanswered */
	enum match_by by;
	size_t rivals;
	const struct violet_refund *contradiction; /* ours, with another amount; NULL: none */
	enum refund_state was; /* when it was read: a row moves once in a look */
	bool was_sent; /* an attempt may have moved money: kept out of automatic withdrawal */
	bool is_ready; /* only brakes, turn and sums stand between it and sending */
	int64_t was_blocked_ms;
};

struct work {
	const void *ctx;
	const struct look_facts *f;
	struct look_plan *plan;
	struct item *items;
	size_t count;
	int64_t paid;        /* what Violet shows, and what it accepted but does not show yet */
	int64_t paid_seen;   /* what Violet shows */
	int64_t paid_free;   /* of that, what answers no row */
	bool paid_is_known;  /* false: Violet shows a refund without an amount */
	bool whole_in_force; /* the status alone makes us owe the whole bag */
};

/* Ask for a look at this moment (the earliest asked for wins). */
void work_due(struct work *work, int64_t when_ms);

/* Sum that stops at the ends of the range. */
int64_t work_add(int64_t a, int64_t b);

/* What is left of the bag for this item: total less paid less what other rows still have to be
 * paid. May be negative. */
int64_t work_left(const struct work *work, const struct item *but);

/* Sum up what Violet shows and has accepted, once evidence is found; then what is owed, once rows
 * have moved. */
void work_sum_paid(struct work *work);
void work_sum_owed(struct work *work);

/* Is a send under way, or its outcome unknown? Until evidence ties Violet's refund to it, what is
 * left seems less by that much than it is. */
bool work_is_in_flight(const struct work *work);

/* Does it answer any row? */
bool work_is_answer(const struct work *work, const struct violet_refund *refund);

/* Money of somebody else's that is on its way for no row of ours, and may still fail. */
bool work_is_on_its_way(const struct work *work);

/* Should that fail, it is ours to pay too. So who would send less on account of it, and has stood
 * ready since then, waits; but no longer than looks follow a send. */
bool work_is_waited_for(const struct work *work, int64_t since_ms);

/* Paid more than owed by our doing: marks the bag, and the plan the first time. */
void work_compare(struct work *work);

/* Put an item in review, with what a person could approve (0: nothing) and how it was worked out
 * (refund_share_write; NULL: as it stands). */
void item_review(struct item *item, enum review_code code, int64_t proposed_minor, const char *how);

/* Withdraw an item that never moved money: BigCommerce no longer asks for it. */
void item_withdraw(struct item *item, enum withdrawal why);

/* Wait, and look again then. */
void item_wait(struct work *work, struct item *item, const char *wait_code, int64_t until_ms);

/* The moment from which Violet's not having what an attempt asked for means something. */
int64_t work_settled_after(const struct work *work, const struct refund *row);

/* Look again after ten seconds, doubling, up to a day. */
void work_poll(struct work *work, struct refund *row);

/* A refund from before our time that nobody has decided about. */
bool item_is_before_install(const struct work *work, const struct item *item);

/* Move one row as far as evidence and time allow (look_row.c). */
void item_advance(struct work *work, struct item *item);

/* Follow the order's status; make, move or withdraw the row for it (look_whole.c). After the other
 * rows. */
void work_whole(struct work *work);

/* A new row at the end of the plan. */
struct item *work_new_row(struct work *work, enum refund_source source, int64_t source_id,
    int64_t user_id, int64_t made_ms);

#endif
