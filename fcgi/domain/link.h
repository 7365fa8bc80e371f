/* SPDX-License-Identifier: Apache-2.0 */
/* Links of stores and channels: made by one caller only, ended through Violet, kept as history. */
#ifndef DOMAIN_LINK_H
#define DOMAIN_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"

enum link_outcome {
	LINK_LINKED,   /* done, or it was linked already */
	LINK_GONE,     /* no living connection: ended, expired or none */
	LINK_DISABLED, /* the channel is */
	LINK_CHANGED,  /* another store proved itself since the page was shown */
	LINK_TICKET,   /* spent, replaced by a newer one, or too old */
	LINK_USER,     /* may not link, or the app is no longer installed */
	LINK_ENDING,   /* the same link is being ended at Violet */
	LINK__COUNT
};

/* The outcome's word in text keys. */
const char *link_outcome_name(enum link_outcome outcome);

/*
 * Link the store to the channel by the browser's connection, spend its ticket (NULL if it was
 * proven otherwise) and have the merchant id resolved. The only caller is the POST on the confirm
 * page, which showed this store and channel to the merchant. *merchant_id is Violet's, 0 while
 * unknown. RC_OK with any outcome; all but LINK_LINKED have changed nothing.
 */
MUST_CHECK enum rc link_make(struct app *app, const void *ctx, const char *cookie,
    int64_t channel_id, const char *store_hash, const char *ticket, enum link_outcome *outcome,
    int64_t *merchant_id, struct err *err);

/*
 * Who may link the store, for those who may not: e-mail addresses of the owner and of users who
 * installed the app; may be "".
 */
MUST_CHECK enum rc link_people(
    struct app *app, const void *ctx, const char *store_hash, const char **people, struct err *err);

struct link {
	int64_t channel_id;
	int64_t merchant_id; /* Violet's, in force now; 0: not known */
	bool is_ending, is_ended;
};

/* RC_MISSING if there is none; ended ones are found. */
MUST_CHECK enum rc link_find(struct app *app, const void *ctx, const char *store_hash,
    int64_t link_id, struct link *out, struct err *err);

/*
 * The merchant asked to end it: "ending", and a job unlink that carries it out at Violet.
 * RC_MISSING if no such link lives.
 */
MUST_CHECK enum rc link_unlink(
    struct app *app, const void *ctx, const char *store_hash, int64_t link_id, struct err *err);

/* Violet has carried it out. Harmless to repeat. */
MUST_CHECK enum rc link_ended(
    struct app *app, const void *ctx, const char *store_hash, int64_t link_id, struct err *err);

#endif
