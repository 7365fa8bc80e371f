/* SPDX-License-Identifier: Apache-2.0 */
/* Which Violet merchant a store is: found among the merchants that its channels can see, by
 * identity and never by name. */
#ifndef DOMAIN_MERCHANT_H
#define DOMAIN_MERCHANT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"
#include "remote/violet.h"

enum merchant_outcome {
	MERCHANT_FOUND,     /* exactly one, and noted */
	MERCHANT_UNKNOWN,   /* no channel sees it (yet) */
	MERCHANT_AMBIGUOUS, /* more than one: nothing is noted */
	MERCHANT_BY_HAND,   /* the operator has set it: nobody is asked */
	MERCHANT_UNLINKED,  /* no channel to ask */
	MERCHANT__COUNT
};

struct merchant_answer {
	enum merchant_outcome outcome;
	int64_t merchant_id; /* found, or the one in force; 0: none */
};

/* Ask every linked channel. Fails if one of them could not be asked and none of the others found
 * it. */
MUST_CHECK enum rc merchant_resolve(struct app *app, const void *ctx, const char *store_hash,
    struct merchant_answer *out, struct err *err);

/* Ask one channel, whatever is in force; nothing is noted. MERCHANT_FOUND, _UNKNOWN or _AMBIGUOUS.
 */
MUST_CHECK enum rc merchant_ask(struct app *app, const void *ctx, const char *store_hash,
    int64_t channel_id, struct merchant_answer *out, struct err *err);

/*
 * Pure: the ids of the merchants that are this store: platform BIGCOMMERCE and external id the
 * store's hash; if there is none, store URL with the store's permanent host. How many different
 * ones; *out is one of them.
 */
size_t merchant_match(const void *ctx, const char *admin_url, const char *store_hash,
    const struct violet_merchant *merchants, size_t count, int64_t *out);

#endif
