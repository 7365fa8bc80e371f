/* SPDX-License-Identifier: Apache-2.0 */
/* Bags: what a BigCommerce order is at Violet, how it is found, and what looks remember about the
 * order. */
#ifndef DOMAIN_BAG_H
#define DOMAIN_BAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"
#include "domain/job.h"
#include "remote/bigcommerce.h"
#include "remote/violet.h"

enum bag_state {
	BAG_NONE,      /* no row yet */
	BAG_SEARCHING, /* not found so far */
	BAG_FOUND,
	BAG_NOT_OURS,  /* proved not to be Violet's */
	BAG_AMBIGUOUS, /* several bags, or one that is not quite ours */
	BAG__COUNT
};

/* Why nothing may be sent at the moment. */
enum brake { BRAKE_NONE, BRAKE_SHADOW, BRAKE_HOLD, BRAKE_FUSE, BRAKE_TIMELINE, BRAKE__COUNT };

struct bag {
	enum bag_state state;
	int64_t channel_id;
	struct violet_bag violet; /* as last read; lines only after a search in this look */
	/* the status that alone means money back, followed over looks */
	int status;             /* 0: the order has none */
	int episode;            /* running number of the times that it had one */
	int64_t status_seen_ms; /* since when status and refunds stand as they do */
	const int64_t *status_refund_ids;
	size_t status_refund_count;
	int64_t justified_minor; /* the most that any send of ours rested on */
	int64_t reopened_ms, overpaid_ms;
	int64_t owed_minor; /* as worked out by the last look */
	int64_t created_ms;
	/* the same for every order of the store */
	int64_t first_installed_ms;
	enum brake brake;
};

/* The row, or state BAG_NONE; the store's facts and the brakes in any case. Notes a change of the
 * database's timeline. */
MUST_CHECK enum rc bag_read(struct app *app, const void *ctx, const char *store_hash,
    int64_t order_id, struct bag *out, struct err *err);

/*
 * Ask Violet, with every merchant id that the store ever had and the credentials of every channel
 * ever linked. Fails unless each of them gave a proper answer, or one of them has exactly our bag
 * and the others refuse our credentials. Sets state (BAG_FOUND, BAG_SEARCHING, BAG_AMBIGUOUS),
 * channel and the bag itself; *asked in any case.
 */
struct bag_asked {
	size_t channels, merchants; /* 0: there was nobody to ask, or nothing to ask for */
	int64_t retry_after_ms;     /* after a failure: the pause that Violet asks for; 0: none */
};
MUST_CHECK enum rc bag_search(struct app *app, const void *ctx, const char *store_hash,
    int64_t order_id, struct bag *bag, struct bag_asked *asked, struct err *err);

/* Read a found bag anew: BAG_AMBIGUOUS if Violet now has another one, or several. */
MUST_CHECK enum rc bag_refresh(struct app *app, const void *ctx, int64_t order_id, struct bag *bag,
    struct bag_asked *asked, struct err *err);

/* Keep what was found or not, with the order as read (NULL: not read). */
MUST_CHECK enum rc bag_keep(struct app *app, const char *store_hash, int64_t order_id,
    const struct bag *bag, const struct bc_order *order, struct err *err);

/* Keep what the look that holds JOB worked out. RC_CONFLICT if the lease was lost: nothing was
 * changed. */
struct bag_look {
	int64_t owed_minor, paid_minor;
	bool is_frozen;
	int64_t recheck_ms; /* next look that compares paid with owed; 0: none */
};
MUST_CHECK enum rc bag_looked(struct app *app, const struct job *job, const struct bag *bag,
    const struct bc_order *order, const struct bag_look *look, struct err *err);

#endif
