/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heart of a look, pure: from everything that was read to what shall be written, what may be
 * sent, and when to look again. It touches neither database, network nor clock, so tables of cases
 * can prove it.
 */
#ifndef DOMAIN_LOOK_H
#define DOMAIN_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "domain/bag.h"
#include "domain/refund.h"
#include "remote/bigcommerce.h"
#include "remote/violet.h"

struct look_facts {
	const struct conf *conf;
	int64_t now_ms;
	int64_t order_id;
	bool cancel_needs_review; /* the store's policy for cancelled orders */
	int64_t cancel_grace_ms;
	bool is_installed;
	bool only_follow; /* nothing new may be sent: first what is under way */
	const struct bc_order
	    *order; /* NULL: the app is not installed, or BigCommerce does not know the order */
	const struct bc_refund *refunds;
	size_t refund_count;
	const struct bag *bag;            /* found, as Violet shows it now */
	const struct violet_refund *paid; /* the bag's refunds at Violet */
	size_t paid_count;
	const char *cancelled_by; /* CHANNEL, MERCHANT, VIOLET; NULL: nobody */
	const struct refund *rows;
	size_t row_count;
};

struct look_plan {
	struct refund
	    *rows; /* as they shall be: those read, in their order, then new ones (version 0) */
	size_t count;
	struct refund *send; /* the one to send now; NULL: none */
	struct bag bag;      /* with the status as followed, reopened and overpaid */
	int64_t owed_minor, paid_minor;
	bool is_frozen;
	bool overpaid_now;  /* first seen by this look: alarm */
	int64_t recheck_ms; /* 0: none */
	int64_t next_ms;    /* when to look again; 0: all is settled */
};

/* Decide. The plan and its texts live in ctx. */
void look_decide(const void *ctx, const struct look_facts *facts, struct look_plan *plan);

/*
 * The order is not at Violet as far as we know, but ours by its external_source, or there are
 * several bags: a review for each thing it owes, so that a person sees it.
 */
void look_without_bag(
    const void *ctx, const struct look_facts *facts, enum review_code code, struct look_plan *plan);

/* True if the order could concern us at all: it has refunds, a status that means money back, or
 * rows of ours. */
bool look_matters(const struct bc_order *order, size_t refund_count, size_t row_count);

/* What to do with Violet's answer to a send: its status, errors and amount. */
struct refund_outcome look_answer(const struct violet_refund *answer, int64_t amount_minor);

#endif
