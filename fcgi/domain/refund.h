/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refunds: amounts that Violet must pay back for an order. A row per amount, moved by SQL over the
 * table of allowed moves. Commands and pages change a row and make the order's look due; only a
 * look sends (worker/sync_order.c).
 */
#ifndef DOMAIN_REFUND_H
#define DOMAIN_REFUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"
#include "domain/job.h"
#include "lib/json.h"

enum refund_source {
	SOURCE_REFUND,    /* a BigCommerce refund: what of it is ours to pay */
	SOURCE_ELSEWHERE, /* the part of a BigCommerce refund that was given back otherwise: always
			     for a person */
	SOURCE_CANCEL,    /* the order was cancelled */
	SOURCE_STATUS,    /* the order was set to a status by hand that means money back */
	SOURCE__COUNT
};

/* As violet.refund_state in SQL. */
enum refund_state {
	REFUND_PENDING,
	REFUND_SENDING,
	REFUND_UNKNOWN,
	REFUND_ACCEPTED,
	REFUND_DONE,
	REFUND_REVIEW,
	REFUND_DISMISSED,
	REFUND_COVERED,
	REFUND_FOREIGN,
	REFUND__COUNT
};

/* Why a person is needed. The code is stable (pages translate it), the sentence is the merchant's.
 */
enum review_code {
	REVIEW_NONE,
	REVIEW_CANCEL_POLICY,      /* the store wants to decide about cancelled orders itself */
	REVIEW_DECLINED,           /* the order was set to Declined */
	REVIEW_PARTIAL_BY_HAND,    /* set to Partially Refunded without a record: no amount */
	REVIEW_REFUNDED_WITH_LESS, /* set to Refunded, but the records come to less */
	REVIEW_GIVEN_ELSEWHERE, /* BigCommerce gave it back as store credit or by its own gateway */
	REVIEW_PAYMENT_DECLINED, /* BigCommerce declined it after a cancellation had left it out */
	REVIEW_INEXACT,          /* an amount that is no exact amount of the currency */
	REVIEW_CURRENCY,         /* part of an order in another currency than the bag */
	REVIEW_TOTAL,            /* part of an order whose total is not the bag's */
	REVIEW_TOO_LARGE,        /* more than Violet's refund call can carry */
	REVIEW_SUMS,             /* would pay back more than is owed, or than the bag's total */
	REVIEW_BEFORE_INSTALL, /* made before this app came; Violet shows less than was refunded */
	REVIEW_DISMISSED_BEFORE,   /* cancelled after a person dismissed one of its refunds */
	REVIEW_VIOLET_DID_NOT_PAY, /* Violet or the channel cancelled, but Violet has not paid it
				      back */
	REVIEW_RECORD_GONE,        /* BigCommerce no longer shows the refund */
	REVIEW_NO_BAG,             /* made by our app, but Violet has no bag for it */
	REVIEW_TWO_BAGS,           /* Violet has several bags for the order */
	REVIEW_UNINSTALLED,        /* the app was uninstalled before it was paid */
	/* from here on: after a send, or about what Violet holds; the bag is frozen until a person
	   settles it */
	REVIEW_VIOLET_FAILED,  /* Violet failed or cancelled it */
	REVIEW_VIOLET_STATUS,  /* a status that is neither done nor failed */
	REVIEW_VIOLET_ERRORS,  /* Violet reports errors with it */
	REVIEW_AMOUNT_DIFFERS, /* Violet has another amount than was asked */
	REVIEW_AMBIGUOUS,      /* several Violet refunds could be ours */
	REVIEW_VANISHED,       /* Violet accepted it, and no longer shows it */
	REVIEW_NO_AMOUNT,      /* Violet shows a refund of the bag without an amount */
	REVIEW_BAG_STATE,      /* Violet refuses: the bag's state (4225) */
	REVIEW_TOO_MUCH,       /* Violet refuses: more than is left of the bag (9001) */
	REVIEW_BAG_GONE,       /* Violet refuses: no such order or bag (4216, 4201) */
	REVIEW_NOT_ALLOWED,    /* Violet refuses: not connected or no permission (7118, 403) */
	REVIEW_REFUSED,        /* Violet refuses for another reason */
	REVIEW__COUNT
};

/* The code's word ("bag_state"); NULL for REVIEW_NONE. REVIEW_NONE for a word that is none. */
const char *review_name(enum review_code code);
enum review_code review_from_name(const char *name);
/* What a person reads for it: refund.review_reason. */
const char *review_sentence(enum review_code code);
/* True if nothing may be sent for the bag while a refund is in review for it. */
bool review_freezes(enum review_code code);

/*
 * How an amount was proposed for part of an order that the bag does not mirror: the same share of
 * the bag. Kept as facts in refund.proposed_how, so that each reader gets it in their language.
 */
struct refund_share {
	int64_t part_minor, order_minor;
	const char *order_currency;
	int64_t share_minor, bag_minor;
	const char *bag_currency;
};

/* As refund.proposed_how has it: JSON, under ctx. */
char *refund_share_write(const void *ctx, const struct refund_share *share);
/* From the member "proposed_how" of a refund; false: none, or one of another kind. */
bool refund_share_read(const struct json *facts, struct refund_share *out);
/* In English, for operators. Under ctx. */
char *refund_share_sentence(const void *ctx, const struct refund_share *share);

/* Why a refund was withdrawn before anything was sent. */
enum withdrawal {
	WITHDRAWN_DECLINED,  /* BigCommerce declined its payment */
	WITHDRAWN_ELSEWHERE, /* BigCommerce no longer says that a part was given back otherwise */
	WITHDRAWN_STATUS,    /* the order left the status that asked for it */
	WITHDRAWN__COUNT
};

/* Its word, and the sentence that refund.dismissed_reason has of it. */
const char *withdrawal_name(enum withdrawal why);
const char *withdrawal_sentence(enum withdrawal why);
/* The word for such a sentence; NULL: a person wrote it. */
const char *withdrawal_from_sentence(const char *sentence);

/* Why a pending refund waits: words of refund.wait_code, for pages. */
#define WAIT_SETTLING "settling" /* made through the API: Violet itself may be about to pay it */
#define WAIT_GRACE    "grace"    /* the status was left and set again while its row waits */
#define WAIT_HOLD     "hold"     /* the operator stopped all sending */
#define WAIT_SHADOW   "shadow"   /* trial run: decide and record only */
#define WAIT_FUSE \
	"fuse" /* more refunds in an hour than the limit: stopped until the operator resumes */
#define WAIT_TIMELINE "timeline" /* the database has just failed over */
#define WAIT_FROZEN   "frozen"   /* another refund of the order needs a person first */
#define WAIT_TURN     "turn"     /* another refund of the order goes first */
#define WAIT_VIOLET   "violet"   /* Violet began it and is about to pay it */
#define WAIT_SUMS     "sums" /* would exceed what is owed: looked at again before a person is asked */
#define WAIT_STALE    "stale"  /* BigCommerce does not show the refund at the moment */
#define WAIT_BUSY     "busy"   /* Violet refused for the moment or could not be reached */
#define WAIT_CANCEL   "cancel" /* the cancellation's payment, which covers it, is under way */

/* A row. Zero and NULL mean "none". */
struct refund {
	enum refund_source source;
	int64_t source_id;
	enum refund_state state;
	int64_t version; /* of the row as read; 0: there is none yet */
	int64_t amount_minor;
	const char *currency;
	const char *marker;
	int64_t user_id, made_ms, created_ms;
	int64_t send_by_ms, sent_ms;
	int64_t violet_refund_id;
	const char *violet_status;
	int64_t absent_ms;  /* a look first found it absent after an attempt */
	int64_t blocked_ms; /* a look first found that the sums or BigCommerce's list forbid it */
	int64_t poll_ms;
	int polls;
	enum review_code review;
	const char *review_reason;
	int64_t proposed_minor;
	const char *proposed_how;
	const char *wait_code;
	const char *dismissed_reason; /* withdrawn by BigCommerce: moved to dismissed by a look */
	bool is_approved;             /* a person named the amount */
	bool is_settled; /* a person approved or retried it: what failed before is not held against
			    it again */
	/* attempts */
	int attempts;
	int64_t attempt_minor;   /* amount of the last one */
	const int64_t *seen_ids; /* Violet refund ids noted before it */
	size_t seen_count;
	const int64_t *tried_ids; /* Violet refund ids that its attempts came to */
	size_t tried_count;
	bool lines_refused; /* Violet did not know a line (4219): send the amount only */
};

struct refund_key {
	const char *store_hash;
	int64_t order_id;
	const char *source; /* refund, elsewhere, cancel, status */
	int64_t source_id;
};

/* The words that SQL has for them, and what such a word names: false if it is none. */
const char *refund_source_name(enum refund_source source);
bool refund_source_find(const char *name, enum refund_source *out);
const char *refund_state_name(enum refund_state state);
bool refund_state_find(const char *name, enum refund_state *out);

/* What a person decides. RC_MISSING: no such refund; RC_CONFLICT: not in a state for it;
 * RC_INVALID: amount or reason. */

/* Pay this amount (minor units of the bag's currency). It may exceed what BigCommerce says is owed,
 * never the bag's total. */
MUST_CHECK enum rc refund_approve(struct app *app, const struct refund_key *key,
    int64_t amount_minor, const char *who, struct err *err);
/* Try again as it stands. RC_CONFLICT if Violet holds a refund for it that has not failed: approve
 * an amount or dismiss. */
MUST_CHECK enum rc
refund_retry(struct app *app, const struct refund_key *key, const char *who, struct err *err);
/* Never pay it. The reason is kept. */
MUST_CHECK enum rc refund_dismiss(struct app *app, const struct refund_key *key, const char *reason,
    const char *who, struct err *err);
/* Look at an order again; forgets that it was found not to be Violet's. */
MUST_CHECK enum rc
order_recheck(struct app *app, const char *store_hash, int64_t order_id, struct err *err);
/* Stop all sending; start it again, mend the fuse, and make what waits due. */
MUST_CHECK enum rc refunds_hold(struct app *app, const char *who, struct err *err);
MUST_CHECK enum rc refunds_resume(struct app *app, const char *who, struct err *err);

/* For the look. */

/* Every row of an order, by source and source id. */
MUST_CHECK enum rc refund_read(struct app *app, const void *ctx, const char *store_hash,
    int64_t order_id, struct refund **out, size_t *count, struct err *err);
/* Insert (version 0) or change one as read; RC_CONFLICT if somebody else changed it meanwhile.
 * Raises its version. */
MUST_CHECK enum rc refund_put(struct app *app, const char *store_hash, int64_t order_id,
    struct refund *refund, const char *why, struct err *err);

/* What a send rests on, read in this look; checked again in the transaction that commits `sending`.
 */
struct refund_sums {
	int64_t owed_minor, paid_minor, total_minor;
	const int64_t *seen_ids;
	size_t seen_count;
};
/*
 * Commit `sending` for the refund if every brake, the sums, the lease and its generation allow it;
 * *refused says which did not ("hold", "fuse", "timeline", "sums", "in_flight", "lease",
 * "changed"), NULL: begun. RC_UNCERTAIN: do not send.
 */
MUST_CHECK enum rc refund_begin(struct app *app, const void *ctx, const struct job *job,
    struct refund *refund, const struct refund_sums *sums, const char **refused, struct err *err);

struct refund_outcome {
	enum refund_state state; /* accepted, done, pending, unknown, review */
	const char *outcome; /* a word for the attempt: accepted, not_sent, refused, lines_refused,
				unknown, ... */
	int64_t violet_refund_id;
	const char *violet_status;
	enum review_code review;
	const char *review_reason;
	const char *wait_code;
	const char *detail;
};
/* Record how the last attempt ended, whoever holds the lease by now. */
MUST_CHECK enum rc refund_end(struct app *app, const char *store_hash, int64_t order_id,
    const struct refund *refund, const struct refund_outcome *outcome, struct err *err);

#endif
